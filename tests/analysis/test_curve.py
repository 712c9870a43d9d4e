"""Specification curves against every analysis asked one by one, and what is said of analyses that cannot be run."""

import gzip
import json
import random
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
import pytest
from helpers.command import run
from helpers.missing_values import remove_values

from coexpr.analysis import curve_selections
from coexpr.analysis.specification import CHOICES, find_specifications
from coexpr.atlas import Atlas
from coexpr.errors import LimitError, NotFoundError, OptionError
from coexpr.loading.downloads import ingest
from coexpr.options import RULES, CorrelationMethod, ProbeSelection, SampleFilter
from coexpr.progress import Messages

pytestmark = pytest.mark.long

DONORS = ["H0351.2001", "H0351.2002", "H0351.1009", "H0351.1012", "H0351.1015", "H0351.1016"]


@pytest.fixture(scope="module")
def database(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic atlas with agreement with RNA-seq, a re-annotation of most probes, and missing values."""
    folder = tmp_path_factory.mktemp("database")
    path = Path(shutil.copy(synthetic_database, folder / "atlas.duckdb"))
    with Atlas(path) as atlas:
        probes = atlas.sql(
            "select probe_name, gene_symbol, entrez_id from probes join genes using (gene_id) "
            "where entrez_id is not null order by probe_id"
        ).fetchall()
    book = openpyxl.Workbook()
    book.active.append([None, None, "m", "b", "R", "P-value", "Q-value", "Pass?", "Average Intensity"])
    lines = ["probe_name,gene_symbol,entrez_id,allen_entrez_id,compare"]
    for number, (probe, symbol, entrez_id) in enumerate(probes):
        if number % 3:
            book.active.append([probe, symbol, 0.5, 1.25, number % 7 / 10, 1e-9, number % 5 / 100, True, 10.1])
        _, other, other_id = probes[number - (number % 5 == 0)]
        if number % 13:
            lines.append(f"{probe},{other},{other_id},{entrez_id},1")
    book.save(folder / "8.xlsx")
    (folder / "reannotated.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    ingest([folder / "8.xlsx", folder / "reannotated.csv.gz"], path)
    with duckdb.connect(str(path)) as connection:
        remove_values(connection)
    return path


@pytest.fixture
def full(database: Path) -> Iterator[Atlas]:
    with Atlas(database) as opened:
        yield opened


def asked(levels: dict[str, str], donors: list[str]) -> dict[str, Any]:
    """Return the arguments by which an Atlas is asked one analysis."""
    value = {name: None if level == "none" else level for name, level in levels.items()}
    min_present = value["min_present"] and float(value["min_present"])
    others = [donor for donor in donors if donor != value["without_donor"]]
    return {
        "probe_selection": ProbeSelection(value["rule"], min_present=min_present, annotation=value["annotation"]),
        "method": CorrelationMethod(value["method"], adjust=value["adjust"]),
        "sample_filter": SampleFilter(donors=others if value["without_donor"] else ()),
    }


def levels_of(provenance: Any) -> Iterator[dict[str, str]]:
    """Yield the levels of every analysis, in the order that is documented."""
    shape = [len(provenance.choices[choice]) for choice in CHOICES]
    for places in np.ndindex(*shape):
        yield {choice: provenance.choices[choice][place] for choice, place in zip(CHOICES, places, strict=True)}


# --- which analyses ---


def test_every_combination_is_an_analysis_and_the_default_is_the_first() -> None:
    selection = ProbeSelection("connectivity", power=2, min_present=0.3, scope="common")
    method = CorrelationMethod("bicor", max_p_outliers=0.05, adjust="donor")
    found = find_specifications((), selection, method, DONORS, has_genes=True)
    assert len(found) == 13 * 3 * 2 * 3 * 4 * 7
    first = next(iter(found))
    assert (first.selection, first.method, first.without_donor) == (selection, method, None)
    assert len(set(found)) == len(found)
    assert [specification.without_donor for specification in islice(found, 8)] == [None, *DONORS, None]
    for specification in found:
        assert (specification.selection.power == 2) == (specification.selection.rule == "connectivity")
        assert (specification.method.max_p_outliers == 0.05) == (specification.method.name == "bicor")
    assert {specification.levels[:3] for specification in found} >= {("average", "none", "allen")}


def test_only_named_choices_vary() -> None:
    found = find_specifications(["rule"], ProbeSelection(), CorrelationMethod(), DONORS, has_genes=True)
    assert [specification.selection.rule for specification in found] == list(RULES)
    assert found.varied == ("rule",)
    with pytest.raises(OptionError, match="`vary` 'donor': expected some of rule, min_present"):
        find_specifications(["donor"], ProbeSelection(), CorrelationMethod(), DONORS, has_genes=True)


def test_the_number_of_analyses_is_said_and_limited(synthetic_database: Path) -> None:
    said: list[str] = []
    with Atlas(synthetic_database, progress=Messages(said.append)) as atlas:
        with pytest.raises(LimitError, match=r"4,368 analyses \(13 rules x 2 .*the limit is 4,367\."):
            atlas.curve("NTRK2", "BDNF", max_analyses=4367)
        with pytest.raises(LimitError, match="4,368 analyses"):
            atlas.curve_of_correlates("NTRK2", max_analyses=4367)
        assert said == []
        atlas.curve("NTRK2", "BDNF", vary="method")
        assert said == ["3 analyses (3 methods)."]


# --- pairs ---


@pytest.mark.parametrize(("a", "b"), [("NTRK2", "BDNF"), ("A_23_P216779", "SMN1")])
def test_each_r_of_a_pair_is_that_of_the_analysis_alone(full: Atlas, a: str, b: str) -> None:
    curve = full.curve(a, b)
    donors = curve.provenance.data.donors
    found = {tuple(row[: len(CHOICES)]): row for row in curve.analyses}
    assert len(found) == len(curve.analyses) == curve.provenance.run
    every = list(levels_of(curve.provenance))
    assert len(every) == curve.provenance.analyses == 4368
    reasons: set[str] = set()
    for levels in random.Random(5).sample(every, 15):
        row = found.get(tuple(levels.values()))
        try:
            alone = full.pair(a, b, **asked(levels, donors)).provenance
        except NotFoundError as error:
            reasons.add(str(error))
            assert row is None
            continue
        if alone.r is None:
            assert row is None
            continue
        assert row is not None
        r, n, *probes = row[len(CHOICES) :]
        assert r == pytest.approx(alone.r, abs=1e-12)
        assert n == alone.data.n_samples
        assert probes == [
            profile.removeprefix(f"{name}, ") for profile, name in zip(alone.profiles, (a, b), strict=True)
        ]
    assert reasons <= set(curve.not_run.column("reason"))


def test_the_summary_of_a_pair(full: Atlas) -> None:
    curve = full.curve("NTRK2", "BDNF", vary=["method", "adjust", "without_donor"])
    r = np.array(curve.analyses.column("r"))
    (summary,) = (dict(zip(curve.summary.columns, row, strict=True)) for row in curve.summary)
    assert summary["default_r"] == pytest.approx(full.pair("NTRK2", "BDNF").provenance.r, abs=1e-12)
    assert [summary[name] for name in ("q25_r", "median_r", "q75_r")] == np.quantile(r, [0.25, 0.5, 0.75]).tolist()
    assert (summary["min_r"], summary["max_r"]) == (r.min(), r.max())
    assert summary["same_sign_share"] == np.mean(np.sign(r) == np.sign(summary["default_r"]))
    frame = curve.analyses.to_pandas()
    means = {choice: frame.groupby(choice)["r"].mean() for choice in ("method", "adjust", "without_donor")}
    ranges = {choice: float(mean.max() - mean.min()) for choice, mean in means.items()}
    expected = sorted(ranges.items(), key=lambda item: -item[1])
    assert [tuple(row[:2]) for row in curve.choices] == [(name, pytest.approx(value)) for name, value in expected]
    best = expected[0][0]
    assert (summary["moved_most_by"], summary["lowest_level"], summary["highest_level"]) == (
        best, means[best].idxmin(), means[best].idxmax(),
    )  # fmt: skip


def test_two_probes_have_no_choice_of_probes(atlas: Atlas) -> None:
    curve = atlas.curve("A_23_P216779", "A_32_P7316")
    assert (curve.provenance.analyses, curve.provenance.run, len(curve.not_run)) == (84, 84, 0)
    with pytest.raises(OptionError, match="`vary` rule: it selects the probe of a gene"):
        atlas.curve("A_23_P216779", "A_32_P7316", vary="rule")
    with pytest.raises(OptionError, match="here are only probes"):
        atlas.curve("A_23_P216779", "A_32_P7316", probe_selection="average")


# --- analyses that cannot be run ---


def test_reasons_are_counted(atlas: Atlas) -> None:
    """Half of the analyses lack a re-annotation, and one of thirteen rules of the others its table."""
    curve = atlas.curve("NTRK2", "BDNF")
    assert [(reason.partition(".")[0].partition(" needs")[0], count) for reason, count in curve.not_run] == [
        ("no re-annotation is loaded", 2184),
        ("the rule rnaseq", 168),
    ]
    assert curve.provenance.run == 4368 - 2184 - 168
    hits = atlas.curve_of_correlates("NTRK2", top=3)
    assert [count for hit, _, count in hits.not_run if hit is None] == [2184, 168]
    assert hits.provenance.run == curve.provenance.run


@pytest.mark.parametrize("name", ["pair", "correlates"])
def test_every_analysis_is_run_or_has_a_reason(full: Atlas, name: str) -> None:
    structure = SampleFilter(structures=["Cx"])
    if name == "pair":
        curve = full.curve("NTRK2", "BDNF", sample_filter=structure)
        assert curve.provenance.run + sum(curve.not_run.column("analyses")) == curve.provenance.analyses
        return
    found = full.curve_of_correlates("NTRK2", sample_filter=structure, top=4)
    of_all = sum(count for hit, _, count in found.not_run if hit is None)
    assert of_all + found.provenance.run == found.provenance.analyses
    for hit, run_with_r in zip(found.hits.column("gene_symbol"), found.hits.column("analyses"), strict=True):
        assert run_with_r + sum(count for whose, _, count in found.not_run if whose == hit) == found.provenance.run


def test_one_donor_cannot_be_left_out(atlas: Atlas) -> None:
    curve = atlas.curve("NTRK2", "BDNF", sample_filter=SampleFilter(donors=["9861"]), vary=["method", "without_donor"])
    assert curve.not_run.rows == [("H0351.2001 is the only donor, so it cannot be left out.", 3)]
    assert len(curve.analyses) == 3


def test_factors_that_leave_no_degree_of_freedom_are_a_reason(atlas: Atlas) -> None:
    chosen = SampleFilter(donors=["9861", "10021"])
    curve = atlas.curve("NTRK2", "BDNF", sample_filter=chosen, vary=["adjust", "without_donor"])
    for reason, count in curve.not_run:
        assert "leaves no degree of freedom" in reason or "are left" in reason
        assert count >= 1
    assert len(curve.analyses) + sum(curve.not_run.column("analyses")) == 12


def test_the_default_analysis_must_be_possible(atlas: Atlas) -> None:
    reannotated = ProbeSelection(annotation="reannotated")
    with pytest.raises(NotFoundError, match="no re-annotation is loaded"):
        atlas.curve("NTRK2", "BDNF", probe_selection=reannotated)
    with pytest.raises(NotFoundError, match="no re-annotation is loaded"):
        atlas.curve_of_correlates("NTRK2", probe_selection=reannotated)
    with pytest.raises(NotFoundError, match="no probe or gene is named"):
        atlas.curve("NTRK2", "NOSUCHGENE")
    with pytest.raises(OptionError, match="`top` 0: expected a whole number from 1 to 400"):
        atlas.curve_of_correlates("NTRK2", top=0)
    with pytest.raises(OptionError, match="`scope` per-donor"):
        atlas.curve_of_correlates("NTRK2", probe_selection=ProbeSelection(scope="per-donor"))


def test_a_real_heatmap_download(gabra4: Path) -> None:
    """112 probes of one gene, without present calls."""
    with Atlas(gabra4) as atlas:
        other = atlas.probes("GABRA4").column("probe_name")[-1]
        curve = atlas.curve("GABRA4", other)
        assert any("no present calls are loaded" in reason for reason in curve.not_run.column("reason"))
        assert curve.provenance.run + sum(curve.not_run.column("analyses")) == curve.provenance.analyses
        for row in random.Random(2).sample(curve.analyses.rows, 6):
            levels = dict(zip(CHOICES, row, strict=False))
            arguments = asked(levels, curve.provenance.data.donors)
            alone = atlas.correlates("GABRA4", level="probe", top=None, include_self=True, **arguments)
            (r,) = (r for name, r in zip(alone.column("probe_name"), alone.column("r"), strict=True) if name == other)
            assert row[len(CHOICES)] == pytest.approx(r, abs=1e-12)


# --- correlates ---


def test_many_built_profiles_are_left_out_unless_forced(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without each donor only: 2 rules, 2 thresholds, 3 methods, 4 adjustments and 6 donors."""
    whole = atlas.curve_of_correlates("NTRK2", top=3)
    monkeypatch.setattr(curve_selections, "MOST_BUILT_VALUES", 0)
    some = atlas.curve_of_correlates("NTRK2", top=3)
    (left_out,) = [count for _, reason, count in some.not_run if "without each donor" in reason]
    assert left_out == 2 * 2 * 3 * 4 * 6 == whole.provenance.run - some.provenance.run
    assert some.hits.column("analyses") == [some.provenance.run] * 3
    assert atlas.curve_of_correlates("NTRK2", top=3, max_analyses=None).hits.rows == whole.hits.rows


CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("NTRK2", {}, ["rule", "min_present", "annotation"]),
    ("NTRK2", {}, ["method", "adjust"]),
    ("NTRK2", {}, ["adjust", "without_donor"]),
    ("NTRK2", {"ascending": True, "probe_selection": "average"}, ["rule", "method"]),
    ("NTRK2", {"level": "probe"}, ["rule", "annotation"]),
    ("A_23_P216779", {}, ["method", "without_donor"]),
    ("A_23_P216779", {"level": "gene"}, ["rule", "annotation"]),
    ("BDNF", {"gene_filter": "nervous system development", "top": 3}, ["rule", "adjust"]),
    ("BDNF", {"probe_selection": ProbeSelection(scope="common")}, ["rule"]),
]


@pytest.mark.parametrize(("seed", "options", "vary"), CASES)
def test_r_and_ranks_of_hits_are_those_of_each_analysis(
    full: Atlas, seed: str, options: dict[str, Any], vary: list[str]
) -> None:
    curve = full.curve_of_correlates(seed, vary=vary, **{"top": 5, **options})
    level = curve.provenance.level
    by = "gene_symbol" if level == "gene" else "probe_id"
    order = {"ascending": options.get("ascending", False)}
    default = full.correlates(seed, **{"top": 5, **options})
    assert curve.hits.column(by) == default.column(by)
    np.testing.assert_allclose(curve.hits.column("r"), default.column("r"), rtol=0, atol=1e-12)
    r: dict[Any, list[float]] = {hit: [] for hit in curve.hits.column(by)}
    ranks: dict[Any, list[int]] = {hit: [] for hit in r}
    reasons: set[str] = set()
    for levels in levels_of(curve.provenance):
        arguments = asked(levels, curve.provenance.data.donors)
        if level == "probe" and seed.startswith("A_"):
            del arguments["probe_selection"]
        if isinstance(options.get("probe_selection"), ProbeSelection):
            arguments["probe_selection"] = options["probe_selection"].with_rule(levels["rule"])
        try:
            alone = full.correlates(seed, top=None, level=options.get("level"), **order, **arguments)
        except NotFoundError as error:
            reasons.add(str(error))
            continue
        for rank, hit, value in zip(alone.column("rank"), alone.column(by), alone.column("r"), strict=True):
            if hit in r and value is not None:
                r[hit].append(value)
                ranks[hit].append(rank)
    assert reasons <= set(curve.not_run.column("reason"))
    for row in curve.hits:
        hit = dict(zip(curve.hits.columns, row, strict=True))
        values, places = r[hit[by]], ranks[hit[by]]
        assert hit["analyses"] == len(values)
        expected = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
        found = [hit[f"{name}_r"] for name in ("min", "q25", "median", "q75", "max")]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
        found = [hit[f"{name}_rank"] for name in ("best", "q25", "median", "q75", "worst")]
        assert found == np.quantile(places, [0, 0.25, 0.5, 0.75, 1]).tolist()


# --- the command ---


def test_the_commands_write_every_table(synthetic_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "curve.json"
    run("curve", "NTRK2", "BDNF", "--vary", "rule,adjust", "-o", path, "--db", synthetic_database)
    written = json.loads(path.read_text())
    assert list(written) == ["provenance", "analyses", "summary", "choices", "not_run"]
    assert len(written["analyses"]) == 12 * 4
    done = run(
        "query", "NTRK2", "--curve", "--top", 2, "--vary", "rule", "--format", "json", "--db", synthetic_database
    )
    assert [len(json.loads(done.stdout)[name]) for name in ("hits", "choices", "not_run")] == [2, 2, 1]
    assert "There is no p for all analyses together" in done.stderr


@pytest.mark.parametrize("ending", ["json", "parquet"])
@pytest.mark.parametrize("command", [["curve", "NTRK2", "BDNF"], ["query", "NTRK2", "--curve"]], ids=" ".join)
def test_a_curve_is_replayed(synthetic_database: Path, tmp_path: Path, command: list[str], ending: str) -> None:
    path = tmp_path / f"curve.{ending}"
    run(*command, "--vary", "rule,method", "-o", path, "--db", synthetic_database)
    assert "Identical: " in run("replay", path, "--db", synthetic_database).stderr


def test_options_without_a_meaning_are_refused(synthetic_database: Path) -> None:
    for options, message in {
        ("--stats", "--probe", "X"): "--curve cannot be combined with --probe, --stats.",
        ("--min-r", "0.5"): "--curve cannot be combined with --min-r.",
        ("--all",): "--curve follows some hits, and --all names all.",
    }.items():
        done = run("query", "NTRK2", "--curve", *options, "--db", synthetic_database, code=1)
        assert message in done.stderr
    assert "Add --curve." in run("query", "NTRK2", "--vary", "rule", "--db", synthetic_database, code=1).stderr
