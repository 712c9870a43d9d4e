"""Correlates of several seeds, against those of each seed alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers.missing_values import remove_values

from coexpr.analysis.seed_set_result import SetCorrelates
from coexpr.atlas import Atlas
from coexpr.database.writing import open_for_writing
from coexpr.errors import AmbiguousNameError, LimitError, NotFoundError, OptionError, TooFewSamplesError
from coexpr.options import CorrelationMethod, ProbeSelection, SampleFilter
from coexpr.sentences.seeds import describe_set_correlates

SEEDS = ["NTRK2", "BDNF", "CHRD"]
PROBES = ["A_23_P216779", "A_24_P343559", "A_32_P7316"]  # two of NTRK2, and one of BDNF
CATEGORY = "nervous system development"


@pytest.fixture(scope="module")
def incomplete(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atlas]:
    """The synthetic atlas with missing values, equal profiles and constant ones."""
    path = Path(shutil.copy(synthetic_database, tmp_path_factory.mktemp("incomplete") / "atlas.duckdb"))
    with open_for_writing(path) as connection:
        remove_values(connection)
    with Atlas(path) as atlas:
        yield atlas


def table(tables: SetCorrelates, key: str = "probe_id") -> pd.DataFrame:
    return tables.correlates.to_pandas().set_index(key)


def alone(
    atlas: Atlas, seeds: list[str], rows: pd.Index, key: str = "probe_id", **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """r and n of each seed with these rows, (k, N)."""
    results = [atlas.correlates(seed, top=None, **options).to_pandas().dropna(subset=key) for seed in seeds]
    found = [result.set_index(key).reindex(rows) for result in results]
    return np.array([one["r"] for one in found], dtype=float), np.array([one["n"] for one in found], dtype=float)


@pytest.mark.long
@pytest.mark.parametrize(
    ("seeds", "options"),
    [
        (SEEDS, {}),
        (SEEDS, {"level": "probe"}),
        (SEEDS, {"method": "spearman"}),
        (SEEDS, {"method": CorrelationMethod("bicor", 0.05, "donor")}),
        (SEEDS, {"method": CorrelationMethod(adjust="donor+structure")}),
        (SEEDS, {"probe_selection": "average", "sample_filter": SampleFilter(donors=("9861", "10021"))}),
        (SEEDS, {"sample_filter": "Cx"}),
        (SEEDS, {"probe_selection": ProbeSelection("max-variance", scope="per-donor")}),
        (PROBES, {}),
        (PROBES, {"level": "gene"}),
        (["BDNF", "A_24_P343559"], {}),
    ],
)
@pytest.mark.parametrize("kind", ["complete", "incomplete"])
def test_mean_r_is_the_mean_over_the_seeds(
    atlas: Atlas, incomplete: Atlas, kind: str, seeds: list[str], options: dict[str, Any]
) -> None:
    asked = atlas if kind == "complete" else incomplete
    tables = asked.correlates_of_set(seeds, top=None, **options)
    key = "gene_symbol" if options.get("probe_selection") == "average" else "probe_id"  # a built profile has none
    found = table(tables, key)[lambda rows: rows.index.notna()]
    level = options.get("level", "probe" if seeds == PROBES else "gene")
    r, n = alone(asked, seeds, found.index, key, **{**options, "level": level})
    np.testing.assert_allclose(found["mean_r"].astype(float), r.mean(axis=0), atol=1e-12, rtol=0)
    np.testing.assert_array_equal(found["n"], n.min(axis=0))
    assert len(found) > 50


@pytest.mark.parametrize("kind", ["complete", "incomplete"])
def test_order_and_ties(atlas: Atlas, incomplete: Atlas, kind: str) -> None:
    asked = atlas if kind == "complete" else incomplete
    for ascending in (False, True):
        rows = asked.correlates_of_set(SEEDS, top=None, ascending=ascending, level="probe").correlates.to_pandas()
        sign = 1 if ascending else -1
        keys = [
            (np.isnan(r), 0 if np.isnan(r) else sign * r, probe)
            for r, probe in zip(rows["mean_r"].astype(float), rows["probe_id"], strict=True)
        ]
        assert keys == sorted(keys)
        ranked = rows["mean_r"].notna()
        assert rows["rank"][ranked].tolist() == list(range(1, ranked.sum() + 1))
        assert rows["rank"][~ranked].isna().all()
        first = asked.correlates_of_set(SEEDS, top=7, ascending=ascending, level="probe").correlates
        pd.testing.assert_frame_equal(first.to_pandas(), rows[:7], check_dtype=False)
    if kind == "incomplete":
        assert (~ranked).any()
        assert rows["mean_r"].dropna().duplicated().any()  # equal profiles


WAYS: list[dict[str, Any]] = [
    {},
    {"hub_correction": True},
    {"donor_weights": True},
    {"hub_correction": True, "donor_weights": True, "method": "spearman"},
    {"level": "probe", "donor_weights": True},
]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["complete", "incomplete"])
@pytest.mark.parametrize("options", WAYS)
def test_a_seed_that_is_left_out_has_the_rank_it_has_for_the_others(
    atlas: Atlas, incomplete: Atlas, kind: str, options: dict[str, Any]
) -> None:
    asked = atlas if kind == "complete" else incomplete
    of_set = asked.correlates_of_set(SEEDS, **options).seeds.to_pandas()
    assert of_set["seed"].tolist() == SEEDS
    for row in of_set.itertuples():
        others = [seed for seed in SEEDS if seed != row.seed]
        among = table(asked.correlates_of_set(others, top=None, **options)).loc[row.probe_id]
        assert among["rank"] == row.rank
        assert among["mean_r"] == pytest.approx(row.mean_r, abs=1e-12)
        assert among["n"] == row.n


def test_seeds_are_left_out_of_the_rows_unless_they_are_included(atlas: Atlas) -> None:
    without = table(atlas.correlates_of_set(SEEDS, top=None), "gene_symbol")
    tables = atlas.correlates_of_set(SEEDS, top=None, include_seeds=True)
    rows = table(tables, "gene_symbol")
    assert set(rows.index) - set(without.index) == set(SEEDS)
    for seed, mean_r in zip(SEEDS, tables.seeds.column("mean_r"), strict=True):
        assert rows.loc[seed, "mean_r"] == pytest.approx(mean_r, abs=1e-12)
    pd.testing.assert_series_equal(without["mean_r"], rows["mean_r"].reindex(without.index))
    of_probes = atlas.correlates_of_set(PROBES, top=None).correlates
    assert not set(PROBES) & set(of_probes.column("probe_name"))
    assert "NTRK2" in of_probes.column("gene_symbol")  # other probes of the gene
    assert "NTRK2" not in atlas.correlates_of_set(PROBES, top=None, level="gene").correlates.column("gene_symbol")


def test_a_probe_among_genes_is_its_own_profile(atlas: Atlas) -> None:
    tables = atlas.correlates_of_set(["BDNF", "A_24_P343559"], top=None, include_seeds=True)
    assert tables.provenance.level == "gene"
    assert table(tables, "gene_symbol").loc["NTRK2", "probe_name"] == "A_24_P343559"
    assert tables.seeds.column("probe_name")[1] == "A_24_P343559"


def test_limits_of_mean_r(atlas: Atlas) -> None:
    rows = table(atlas.correlates_of_set(SEEDS, top=None))
    some = atlas.correlates_of_set(SEEDS, top=None, min_r=0, max_r=0.4)
    assert table(some).index.tolist() == rows.index[(rows["mean_r"] >= 0) & (rows["mean_r"] <= 0.4)].tolist()
    assert table(some)["rank"].tolist() == rows["rank"][table(some).index].tolist()
    assert some.provenance.matching == len(some.correlates) < some.provenance.compared == len(rows)


@pytest.mark.long
@pytest.mark.parametrize("options", WAYS)
def test_a_filter_keeps_ranks_and_numbers(atlas: Atlas, options: dict[str, Any]) -> None:
    rows = table(atlas.correlates_of_set(SEEDS, top=None, **options))
    tables = atlas.correlates_of_set(SEEDS, top=None, gene_filter=CATEGORY, **options)
    some = table(tables)
    assert 1 < len(some) < len(rows)
    assert some["rank"].tolist() == list(range(1, len(some) + 1))
    assert some["rank_overall"].tolist() == rows["rank"][some.index].tolist()
    pd.testing.assert_series_equal(some["mean_r"], rows["mean_r"].reindex(some.index))
    assert tables.seeds.rows == atlas.correlates_of_set(SEEDS, **options).seeds.rows
    without = atlas.correlates_of_set(SEEDS, gene_filter=CATEGORY, rank_overall=False, **options).correlates
    assert "rank_overall" not in without.columns


def test_hub_correction_is_the_mean_of_a_row_of_the_matrix(atlas: Atlas) -> None:
    rows = table(atlas.correlates_of_set(SEEDS, top=None, hub_correction=True, include_seeds=True), "gene_symbol")
    everything = atlas.correlation_matrix(
        list(dict.fromkeys(atlas.correlates("NTRK2", top=None, include_self=True).column("gene_symbol")))
    )
    others = everything.r.sum(axis=1) - 1
    hub_r = pd.Series(others / (len(others) - 1), list(everything.names)).reindex(rows.index)
    np.testing.assert_allclose(rows["hub_r"].astype(float), hub_r, atol=1e-12, rtol=0)
    np.testing.assert_allclose(rows["corrected_r"], rows["mean_r"] - rows["hub_r"], atol=1e-15, rtol=0)
    assert rows["corrected_r"].is_monotonic_decreasing
    assert not rows["mean_r"].is_monotonic_decreasing


def test_rows_with_missing_values_have_no_hub_correction(incomplete: Atlas) -> None:
    tables = incomplete.correlates_of_set(SEEDS, top=None, hub_correction=True)
    rows = table(tables)
    without = rows["hub_r"].isna() & rows["mean_r"].notna()
    assert tables.provenance.without_hub_r == without.sum() > 0
    assert rows["rank"][without].isna().all()
    assert f"Without hub_r and rank: {without.sum()} genes with missing values." in describe_set_correlates(tables)


@pytest.mark.long
def test_weights_of_donors_by_definition(atlas: Atlas) -> None:
    tables = atlas.correlates_of_set(SEEDS, top=None, donor_weights=True)
    scores, means = [], []
    rows = table(tables)
    for donor in tables.provenance.data.donors:
        in_donor = SampleFilter(donors=(donor,))
        if tables.provenance.data.samples_by_donor[donor] < 10:  # a query refuses as few samples
            continue
        score = 0.0
        for seed in SEEDS:
            by_gene = atlas.correlates(seed, top=None, sample_filter=in_donor).to_pandas().set_index("gene_symbol")
            score += sum(0.01 * 0.99 ** (by_gene.loc[other, "rank"] - 1) for other in SEEDS if other != seed) / 3
        scores.append(score)
        means.append(alone(atlas, SEEDS, rows.index, sample_filter=in_donor)[0].mean(axis=0))
    found = [one for one in tables.provenance.weights if tables.provenance.data.samples_by_donor[one.donor] >= 10]
    np.testing.assert_allclose([one.score for one in found], scores, rtol=1e-12)
    total = sum(one.score for one in tables.provenance.weights)
    np.testing.assert_allclose([one.weight for one in found], np.array(scores) / total, rtol=1e-12)
    assert sum(one.weight for one in tables.provenance.weights) == pytest.approx(1)
    names = [one.donor for one in found]
    only = table(
        atlas.correlates_of_set(SEEDS, top=None, donor_weights=True, sample_filter=SampleFilter(donors=tuple(names)))
    )
    expected = np.average(means, axis=0, weights=scores)
    np.testing.assert_allclose(only["mean_r"].reindex(rows.index).astype(float), expected, atol=1e-12, rtol=0)


def test_a_donor_in_which_a_seed_is_missing_does_not_count(incomplete: Atlas) -> None:
    missing = next(
        row.probe_name
        for row in incomplete.correlates("NTRK2", level="probe", top=None).to_pandas().itertuples()
        if row.probe_id % 7 == 0 and row.probe_id % 31
    )
    tables = incomplete.correlates_of_set([missing, *PROBES[1:]], donor_weights=True, level="gene")
    without = [one for one in tables.provenance.weights if one.score is None]
    assert [one.donor for one in without] == ["H0351.2001", "H0351.1016"]  # 9861 and 15697
    assert {one.weight for one in without} == {0}
    assert "Without weight, because a seed has no r there: H0351.2001, H0351.1016." in describe_set_correlates(tables)


def test_names_of_one_profile_count_once(atlas: Atlas) -> None:
    tables = atlas.correlates_of_set(["NTRK2", "TRKB", "BDNF", "4915", "A_23_P216779"])
    assert tables.seeds.column("seed") == ["NTRK2", "BDNF"]
    assert tables.provenance.duplicates == {"TRKB": "NTRK2", "4915": "NTRK2", "A_23_P216779": "NTRK2"}
    assert tables.correlates.rows == atlas.correlates_of_set(["NTRK2", "BDNF"]).correlates.rows
    assert "TRKB is the same profile as NTRK2; it counts once." in describe_set_correlates(tables)


def test_seeds_without_expression_data_are_left_out(atlas: Atlas) -> None:
    tables = atlas.correlates_of_set(["NTRK2", "GABRA4", "BDNF"])
    assert tables.provenance.left_out == {"GABRA4": "this database has no probe of it"}
    assert tables.correlates.rows == atlas.correlates_of_set(["NTRK2", "BDNF"]).correlates.rows
    assert "Left out: seed GABRA4, because this database has no probe of it." in describe_set_correlates(tables)
    strict = ProbeSelection(min_present=1.0)
    every, present = (
        set(atlas.correlates("CHRD", top=None, probe_selection=selection).column("gene_symbol"))
        for selection in (ProbeSelection(), strict)
    )
    absent = min(every - present - {"NTRK2", "BDNF"})
    tables = atlas.correlates_of_set(["NTRK2", absent, "BDNF"], probe_selection=strict)
    assert list(tables.provenance.left_out) == [absent]
    with pytest.raises(
        OptionError, match=rf"only one seed, NTRK2, is left \({absent} was left out: {absent} has no usable"
    ):
        atlas.correlates_of_set(["NTRK2", absent], probe_selection=strict)


def test_constant_seeds_are_left_out(incomplete: Atlas) -> None:
    constant = [row[0] for row in incomplete.sql("select probe_name from probes where probe_id % 31 = 0").fetchall()]
    tables = incomplete.correlates_of_set([*PROBES, constant[0]])
    assert tables.provenance.left_out == {constant[0]: "its profile is constant over these samples"}
    assert tables.correlates.rows == incomplete.correlates_of_set(PROBES).correlates.rows
    with pytest.raises(OptionError, match=rf"only one seed, A_23_P216779, is left \({constant[0]} was left out: its"):
        incomplete.correlates_of_set([PROBES[0], constant[0]])


@pytest.mark.long
@pytest.mark.parametrize(
    ("seeds", "options", "error", "message"),
    [
        ([], {}, OptionError, "^`seeds`: no seed is left. Give at least two"),
        (["NTRK2"], {}, OptionError, "^`seeds`: only one seed, NTRK2, is left. Give at least two"),
        (["NTRK2", "TRKB"], {}, OptionError, r"is left \(TRKB is the same profile as NTRK2\)"),
        (["NTRK2", "NTRK2"], {}, OptionError, "only one seed, NTRK2, is left"),
        (["NTRK2", "NTKR2"], {}, NotFoundError, "^no probe or gene is named 'NTKR2' in this database.* NTRK2"),
        (["NTRK2", "x", "y"], {}, NotFoundError, r"^2 of 3 seeds mean nothing, or .*: unknown names \(2\): x, y"),
        (["SEPT2", "bar", "BDNF"], {}, AmbiguousNameError, r"^2 of 3 seeds mean nothing, or .*ambiguous names \(2\): "),
        (["SEPT2", "BDNF"], {}, NotFoundError, "SEPT2 is one of"),
        (PROBES, {"probe_selection": "average"}, OptionError, "all seeds are probes and so are their correlates"),
        (SEEDS, {"rank_overall": False}, OptionError, "`rank_overall` applies to categories"),
        (SEEDS, {"top": 0}, OptionError, "`top` 0"),
        (SEEDS, {"min_r": 2}, OptionError, "`min_r` 2"),
        (SEEDS, {"level": "genes"}, OptionError, "`level`"),
        (SEEDS, {"sample_filter": SampleFilter(donors=("12876",))}, TooFewSamplesError, "needs at least 10"),
        ([str(number) for number in range(501)], {}, LimitError, "there are 501 names; the limit is 500"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(
    atlas: Atlas, seeds: list[str], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        atlas.correlates_of_set(seeds, **options)


def test_weights_need_a_donor_in_which_all_seeds_have_r(incomplete: Atlas) -> None:
    few = SampleFilter(donors=("9861", "15697"))
    gone = [row[0] for row in incomplete.sql("select probe_name from probes where probe_id % 7 = 0").fetchall()]
    with pytest.raises(OptionError, match=f"{gone[0]} was left out: it has no expression in these samples"):
        incomplete.correlates_of_set([PROBES[0], gone[0]], donor_weights=True, sample_filter=few)


def test_weights_that_are_noise_are_said_to_be(atlas: Atlas) -> None:
    everything = atlas.correlates("NTRK2", top=None).column("gene_symbol")
    tables = atlas.correlates_of_set(["NTRK2", everything[-1]], donor_weights=True)  # the one that is most unlike it
    scores = [one.score for one in tables.provenance.weights]
    warned = any("by chance" in sentence for sentence in describe_set_correlates(tables))
    assert warned == (max(scores) <= tables.provenance.chance_score)
    assert not any("by chance" in line for line in describe_set_correlates(atlas.correlates_of_set(SEEDS)))


@pytest.mark.long
def test_marks_and_figure(atlas: Atlas, tmp_path: Path) -> None:
    marked = atlas.correlates_of_set(SEEDS, mark=CATEGORY, top=5).correlates
    members = {row[0] for row in atlas.members(CATEGORY)}
    assert marked.column(CATEGORY) == [symbol in members for symbol in marked.column("gene_symbol")]
    for options in ({}, {"hub_correction": True}):
        path = tmp_path / f"{len(options)}.svg"
        found = atlas.correlates_of_set(SEEDS, mark=CATEGORY, top=5, **options).correlates
        found.save_figure(path)
        text = path.read_text()
        assert found.column("gene_symbol")[0] in text
        assert "Mean r with NTRK2, BDNF, CHRD" in " ".join(text.split())
