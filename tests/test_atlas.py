from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest
from helpers.allen import WELLS, donor_folder, full_donor, heatmap, replace_cell, values, write_folder

from coexpr.atlas import Atlas
from coexpr.database.names import find_seed
from coexpr.errors import AmbiguousNameError, NotFoundError, OptionError, QueryError
from coexpr.loading.downloads import ingest
from coexpr.options import GeneFilter

COLUMNS = ["rank", "probe_id", "probe_name", "gene_symbol", "gene_name", "entrez_id", "r", "n"]


def matrix(database: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return probe ids (P,) and log2 (P, S), read with SQL."""
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute(
            "select probe_id, flatten(list(log2 order by donor_id)) from expression group by 1 order by 1"
        ).fetchall()
    return np.array([key for key, _ in rows]), np.array([row for _, row in rows])


def test_a_probe_seed_returns_every_other_probe(atlas: Atlas, synthetic_database: Path) -> None:
    ids, x = matrix(synthetic_database)
    result = atlas.correlates("A_23_P216779", top=None)
    assert list(result.columns) == COLUMNS
    seed = result.provenance.seed.probe_id
    expected = np.corrcoef(x)[np.flatnonzero(ids == seed)[0]]
    assert {row[1] for row in result.rows} == set(ids.tolist()) - {seed}
    for _, probe_id, *_, r, n in result.rows:
        assert r == pytest.approx(expected[ids == probe_id][0], abs=1e-12)
        assert n == 90
    assert [row[0] for row in result.rows] == list(range(1, 300))
    assert [row[6] for row in result.rows] == sorted((row[6] for row in result.rows), reverse=True)


def test_a_gene_seed_returns_genes_by_their_probe_of_highest_mean(atlas: Atlas, synthetic_database: Path) -> None:
    ids, x = matrix(synthetic_database)
    with duckdb.connect(synthetic_database, read_only=True) as connection:
        gene_of = dict(connection.execute("select probe_id, gene_id from probes").fetchall())
    best: dict[int, tuple[float, int]] = {}
    for probe_id, mean in zip(ids.tolist(), x.mean(axis=1), strict=True):
        best[gene_of[probe_id]] = max(best.get(gene_of[probe_id], (0, 0)), (mean, probe_id))
    result = atlas.correlates("ntrk2", top=None)
    seed = result.provenance.seed.probe_id
    assert seed == best[gene_of[seed]][1]
    assert {row[1] for row in result.rows} == {probe_id for _, probe_id in best.values()} - {seed}
    assert result.provenance.probe_selection.rule == "max-mean"
    assert result.provenance.seed.candidates == 7


def test_the_level_can_be_given(atlas: Atlas) -> None:
    by_probe = atlas.correlates("NTRK2", level="probe", top=None)
    assert len(by_probe.rows) == 299
    assert sum(row[3] == "NTRK2" for row in by_probe.rows) == 6
    by_gene = atlas.correlates("A_23_P216779", level="gene", top=None)
    assert by_gene.provenance.seed.probe == "A_23_P216779"
    assert "NTRK2" not in {row[3] for row in by_gene.rows}


def test_the_probe_of_a_seed_gene_can_be_given(atlas: Atlas) -> None:
    result = atlas.correlates("NTRK2", probe="A_24_P343559", include_self=True, top=1)
    assert (result.provenance.seed.probe, result.provenance.seed.selected_by) == ("A_24_P343559", "name")
    assert [(row[0], row[2], row[6]) for row in result.rows] == [(1, "A_24_P343559", pytest.approx(1, abs=1e-12))]
    with pytest.raises(
        OptionError, match=r"A_32_P7316 is not a probe of NTRK2\. List its probes with: coexpr probes NTRK2"
    ):
        atlas.correlates("NTRK2", probe="A_32_P7316")
    with pytest.raises(OptionError, match="is a probe itself"):
        atlas.correlates("A_32_P7316", probe="A_32_P7316")


def test_include_self_returns_the_seed(atlas: Atlas) -> None:
    with_self = atlas.correlates("NTRK2", top=1, include_self=True)
    assert with_self.rows[0][3] == "NTRK2"
    assert with_self.rows[0][6] == pytest.approx(1, abs=1e-12)


def test_ascending_min_r_and_top(atlas: Atlas) -> None:
    everything = [row[6] for row in atlas.correlates("BDNF", top=None).rows]
    assert [row[6] for row in atlas.correlates("BDNF", top=4, ascending=True).rows] == everything[::-1][:4]
    above = [row[6] for row in atlas.correlates("BDNF", top=None, min_r=0.2).rows]
    assert above == [r for r in everything if r >= 0.2]
    assert 0 < len(above) < len(everything)


def test_ties_are_ordered_by_probe_id_and_constants_come_last_without_r(
    tmp_path: Path, prepared_database: Path
) -> None:
    files = full_donor()
    rows = [line.split(",") for line in files["MicroarrayExpression.csv"].splitlines()]
    rows[1][1:] = rows[2][1:]  # 101 as 104
    rows[3][1:] = ["5.5"] * 6  # 102 constant
    files["MicroarrayExpression.csv"] = "\n".join(",".join(row) for row in rows)
    ingest([donor_folder(tmp_path, files=files)], prepared_database)
    with Atlas(prepared_database) as atlas:
        for ascending in (False, True):
            result = atlas.correlates("103", top=None, ascending=ascending)
            assert [(row[0], row[1]) for row in result.rows] == [(1, 101), (2, 104), (None, 102)]
            assert result.rows[2][6] is None
        assert [row[1] for row in atlas.correlates("103", min_r=-1).rows] == [101, 104]


def test_r_is_pairwise_complete_and_n_is_reported(tmp_path: Path, prepared_database: Path) -> None:
    files = replace_cell(heatmap(donors=(9861,)), "Expression.csv", 2, 4, "")
    database = prepared_database
    ingest([write_folder(tmp_path / "page", files)], database)
    x = np.round(values(), 4)
    kept = [column for column in range(6) if WELLS[9861][column] != WELLS[9861][1]]  # the third heatmap column
    with Atlas(database) as atlas:
        rows = {row[1]: row for row in atlas.correlates("103", top=None).rows}
    assert rows[101][7] == 5
    assert rows[101][6] == pytest.approx(np.corrcoef(x[0, kept], x[1, kept])[0, 1], abs=1e-6)
    assert rows[104][7] == 6
    assert rows[104][6] == pytest.approx(np.corrcoef(x[0], x[2])[0, 1], abs=1e-6)


def test_the_provenance_has_everything_that_determines_r(atlas: Atlas, synthetic_database: Path) -> None:
    provenance = atlas.correlates("NTRK2").provenance
    assert provenance.method.name == "pearson"
    assert (provenance.data.scale, provenance.data.resolution, provenance.data.structures) == ("log2", "samples", [])
    assert provenance.data.donors == [
        "H0351.2001",
        "H0351.2002",
        "H0351.1009",
        "H0351.1012",
        "H0351.1015",
        "H0351.1016",
    ]
    assert provenance.data.n_samples == 90
    assert provenance.database == str(synthetic_database)
    assert "no number in it was measured" in provenance.data.source[0]


@pytest.mark.parametrize("name", ["NTRK2", "ntrk2", " NtRk2 ", "4915"])
def test_a_gene_is_found_by_symbol_in_any_case_or_entrez_id(atlas: Atlas, name: str) -> None:
    seed = find_seed(atlas._connection, name)
    assert (seed.level, seed.gene_symbol) == ("gene", "NTRK2")


def test_a_probe_is_found_by_name_in_any_case_or_id(atlas: Atlas) -> None:
    by_name = find_seed(atlas._connection, "a_23_p216779")
    assert by_name.level == "probe"
    assert find_seed(atlas._connection, str(by_name.probe_id)) == by_name


def test_a_placeholder_gene_is_its_probe(tmp_path: Path, prepared_database: Path) -> None:
    ingest([donor_folder(tmp_path)], prepared_database)
    with Atlas(prepared_database) as atlas:
        assert find_seed(atlas._connection, "A_32_P9207").level == "probe"


@pytest.mark.parametrize(("name", "similar"), [("NTRK22", "NTRK2"), ("BDNV", "BDNF"), ("A_23_P21677", "A_23_P216779")])
def test_an_unknown_name_is_reported_with_up_to_three_similar_ones(atlas: Atlas, name: str, similar: str) -> None:
    with pytest.raises(
        NotFoundError, match=rf"no probe or gene is named '{name}' in this database. Similar names: .*{similar}"
    ) as raised:
        atlas.correlates(name)
    assert str(raised.value).count(",") <= 3


@pytest.mark.parametrize(
    "ask",
    [
        lambda atlas, name: atlas.correlates(name),
        lambda atlas, name: atlas.correlates("NTRK2", gene_filter=GeneFilter(categories=(name,))),
        lambda atlas, name: atlas.correlates_of_set([name, "NTRK2"]),
        lambda atlas, name: atlas.pair("NTRK2", name),
        lambda atlas, name: atlas.structures(name),
        lambda atlas, name: atlas.map({name: 1.0, "HiF": 2.0}),
    ],
)
def test_half_of_a_pair_of_surrogates_is_no_name(atlas: Atlas, ask: Callable[[Atlas, str], object]) -> None:
    with pytest.raises(OptionError, match=r"a name is not UTF-8 text: .+ at position 4") as caught:
        ask(atlas, "NTRK\udc80")
    assert "damaged" not in str(caught.value)
    with pytest.raises(QueryError, match="not UTF-8 text"):
        atlas.sql("select '\udc80'")


def test_a_name_without_similar_ones(atlas: Atlas) -> None:
    with pytest.raises(NotFoundError, match=r"in this database\.$"):
        atlas.correlates("???")


def two_genes(first: str, second: str) -> dict[str, str]:
    """Return a download in which the gene BDNF and the placeholder gene have these symbols."""
    return replace_cell(replace_cell(full_donor(), "Probes.csv", 4, 4, first), "Probes.csv", 5, 4, second)


def test_a_symbol_of_two_genes_is_ambiguous(tmp_path: Path, prepared_database: Path) -> None:
    ingest([donor_folder(tmp_path, files=two_genes("na", "na"))], prepared_database)
    with (
        Atlas(prepared_database) as atlas,
        pytest.raises(AmbiguousNameError, match=r"na has 2 meanings: na .Entrez"),
    ):
        atlas.correlates("na")


def test_the_symbol_in_the_given_case_is_preferred(tmp_path: Path, prepared_database: Path) -> None:
    ingest([donor_folder(tmp_path, files=two_genes("C1orf1", "C1ORF1"))], prepared_database)
    with Atlas(prepared_database) as atlas:
        assert find_seed(atlas._connection, "C1orf1").gene_symbol == "C1orf1"
        assert find_seed(atlas._connection, "C1ORF1").gene_symbol == "C1ORF1"
        with pytest.raises(AmbiguousNameError):
            find_seed(atlas._connection, "c1orf1")


def test_a_number_that_is_a_probe_and_a_gene_is_ambiguous(tmp_path: Path, prepared_database: Path) -> None:
    files = replace_cell(full_donor(), "Probes.csv", 4, 6, "103")
    ingest([donor_folder(tmp_path, files=files)], prepared_database)
    with (
        Atlas(prepared_database) as atlas,
        pytest.raises(AmbiguousNameError, match=r"103 has 2 meanings: BDNF .* Use the symbol of a gene"),
    ):
        atlas.correlates("103")


def test_a_result_converts_to_a_data_frame(atlas: Atlas) -> None:
    result = atlas.correlates("NTRK2", top=3)
    frame = result.to_pandas()
    assert frame.columns.tolist() == COLUMNS
    assert frame.r.tolist() == [row[6] for row in result.rows]
    assert frame.attrs["provenance"] == result.provenance.as_dict()


def test_contents(atlas: Atlas) -> None:
    contents = atlas.contents()
    totals = contents.provenance
    assert (totals.donors, totals.samples, totals.probes) == (6, 90, 300)
    assert sum(contents.donors.column("samples")) == 90
    assert set(contents.donors.column("probes")) == {300}
    assert len(contents.downloads) == 6
    assert all(len(file["sha256"]) == 64 for files in contents.downloads.column("files") for file in files)


def test_the_provenance_has_only_donors_that_are_used(tmp_path: Path, prepared_database: Path) -> None:
    database = prepared_database
    ingest([donor_folder(tmp_path), write_folder(tmp_path / "page", heatmap(donors=(15496,), probes=(2,)))], database)
    with Atlas(database) as atlas:
        assert atlas.correlates("103").provenance.data.donors == ["H0351.2001"]
        assert atlas.correlates("104").provenance.data.donors == ["H0351.2001", "H0351.1015"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": "genes"}, "`level` 'genes': expected probe or gene"),
        ({"top": 0}, "`top` 0: expected a whole number of at least 1"),
        ({"top": -1}, "`top` -1: expected a whole number of at least 1"),
    ],
)
def test_invalid_options_are_refused(atlas: Atlas, options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        atlas.correlates("NTRK2", **options)


def test_an_invalid_match_is_refused() -> None:
    with pytest.raises(OptionError, match="`match` 'some': expected one of any, all"):
        GeneFilter(genes=["NTRK2"], match="some")
