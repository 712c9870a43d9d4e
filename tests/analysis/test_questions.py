"""Probes of a gene, pairs and matrices."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.command import run
from helpers.profiles import profile

from coexpr.atlas import Atlas
from coexpr.errors import LimitError, OptionError
from coexpr.options import BUILDS, RULES, GeneFilter, ProbeSelection


def test_the_probes_of_a_gene(atlas: Atlas) -> None:
    result = atlas.probes("TRKB")
    frame = result.to_pandas().set_index("probe_name")
    assert (result.provenance.gene, result.provenance.other_name, len(frame)) == ("NTRK2", "TRKB", 7)
    assert frame["mean_log2"].is_monotonic_decreasing
    for name, row in frame.iterrows():
        x = profile(atlas, name)
        others = {other: np.corrcoef(x, profile(atlas, other))[0, 1] for other in frame.index if other != name}
        assert row["mean_log2"] == pytest.approx(x.mean(), abs=1e-9)
        assert row["variance_log2"] == pytest.approx(x.var(ddof=1), abs=1e-9)
        assert row["mean_r"] == pytest.approx(np.mean(list(others.values())), abs=1e-9)
        assert row["lowest_r_with"] == min(others, key=others.get)
        assert row["lowest_r"] == pytest.approx(min(others.values()), abs=1e-9)
    rules_that_select = [rule for rules in frame["selected_by"] for rule in rules]
    assert sorted(rules_that_select) == sorted(set(RULES) - set(BUILDS) - {"rnaseq"})
    assert "max-mean" in frame["selected_by"].iloc[0]
    assert "min-mean" in frame["selected_by"].iloc[-1]
    assert set(result.provenance.rules_skipped) == {"rnaseq"}


def test_the_probes_of_a_gene_named_by_one_of_them(atlas: Atlas) -> None:
    assert atlas.probes("A_23_P216779").rows == atlas.probes("NTRK2").rows


def test_probes_with_opposite_profiles_are_reported(gabra4: Path) -> None:
    with Atlas(gabra4) as atlas:
        conflicts = atlas.probes("GABRA4").provenance.sign_conflicts
        assert conflicts
        for conflict in conflicts[:5]:
            x, y = (profile(atlas, probe) for probe in conflict.probes)
            assert conflict.r == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
            assert conflict.r < -0.1
    stderr = run("probes", "GABRA4", "--db", gabra4).stderr
    assert "pairs of probes have opposite profiles" in stderr
    # The default probe disagrees with the others of its gene: the first lines recommend another one.
    assert "(max-mean) selects CUST_542_PI417557136" in stderr.splitlines()[0]
    assert "with the other 111 probes is -0.09: it disagrees" in stderr.splitlines()[1]
    assert stderr.splitlines()[2].startswith("Consider CUST_")


def test_a_pair_of_genes(atlas: Atlas) -> None:
    pair = atlas.pair("NTRK2", "BDNF")
    rows = pair.combined().rows
    cells = [row for row in rows if row[0] == "probes" and row[3] is None]
    assert len(cells) == 7 * 2
    for _, a, b, _, r, n in cells:
        assert r == pytest.approx(np.corrcoef(profile(atlas, a), profile(atlas, b))[0, 1], abs=1e-9)
        assert n == 90
    by_rule = {row[0]: row for row in rows if row[0] != "probes" and row[3] is None}
    assert len(by_rule) == 12
    for rule in ("max-mean", "connectivity", "pc-loading", "diff-stability", "average", "eigengene"):
        correlate = atlas.correlates(
            "NTRK2", gene_filter=GeneFilter(genes=["BDNF"]), probe_selection=ProbeSelection(rule)
        ).rows[0]
        assert by_rule[rule][4] == pytest.approx(correlate[-2], abs=1e-12)
    assert pair.provenance.spread.lowest == min(row[4] for row in cells)
    assert pair.provenance.spread.pairs == 14


def test_a_pair_of_probes(atlas: Atlas) -> None:
    row, *donors = atlas.pair("A_23_P216779", "CUST_1359_PI416573500").combined()
    assert len(donors) == 6
    x, y = profile(atlas, "A_23_P216779"), profile(atlas, "CUST_1359_PI416573500")
    assert row[:3] == ("probes", "A_23_P216779", "CUST_1359_PI416573500")
    assert row[4] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    with pytest.raises(OptionError, match="both are probes"):
        atlas.pair("A_23_P216779", "CUST_1359_PI416573500", probe_selection=ProbeSelection("min-mean"))


def test_a_probe_and_a_gene(atlas: Atlas) -> None:
    rows = atlas.pair("A_23_P216779", "BDNF").combined().rows
    assert [row[1] for row in rows] == ["A_23_P216779"] * len(rows)
    assert rows[0][0] == "probes"
    assert [row[0] for row in rows if row[3] is None][-1] == "corr-variance"
    assert [row[3] for row in rows][-1] == "H0351.1016"


def test_the_matrix_of_a_category_agrees_with_numpy(atlas: Atlas) -> None:
    result = atlas.correlation_matrix(gene_filter=["nervous system development"])
    frame = result.to_pandas()
    assert list(frame.index) == list(frame.columns) == list(result.names)
    assert len(frame) > 10
    representatives = dict(
        atlas.sql(
            "select gene_symbol, probe_name from representative_probes join genes using (gene_id) "
            "join probes on probes.probe_id = representative_probes.probe_id"
        ).fetchall()
    )
    x = np.stack([profile(atlas, representatives[symbol]) for symbol in frame.index])
    np.testing.assert_allclose(frame.to_numpy(), np.corrcoef(x), atol=1e-12)
    assert frame.attrs["provenance"]["gene_filter"]["categories"][0]["name"] == "nervous system development"
    assert result.provenance.gene_filter.categories[0].name == "nervous system development"


def test_genes_without_a_usable_probe_are_counted(atlas: Atlas) -> None:
    whole = atlas.correlation_matrix(gene_filter=["nervous system development"])
    some = atlas.correlation_matrix(
        gene_filter=["nervous system development"], probe_selection=ProbeSelection(min_present=0.9)
    )
    assert 0 < len(some) < len(whole)
    assert some.provenance.genes_without_profile == len(whole) - len(some)
    result = atlas.correlates("NTRK2", probe_selection=ProbeSelection(min_present=0.9), top=None)
    everything = atlas.correlates("NTRK2", top=None)
    assert result.provenance.genes_without_profile == len(everything) - len(result)


def test_a_matrix_of_probes_and_genes(atlas: Atlas) -> None:
    frame = atlas.correlation_matrix(["BDNF", "A_23_P216779", "NTRK2", "BDNF"]).to_pandas()
    assert list(frame.columns) == ["A_23_P216779", "BDNF", "NTRK2"]
    assert len(atlas.correlation_matrix(["BDNF", "NTRK2"], level="probe")) == 9
    assert list(atlas.correlation_matrix(["A_23_P216779", "BDNF"], level="gene").names) == ["NTRK2", "BDNF"]
    (correlate,) = atlas.correlates("NTRK2", gene_filter=GeneFilter(genes=["BDNF"]), probe_selection="average")
    matrix = atlas.correlation_matrix(["NTRK2", "BDNF"], probe_selection="average")
    assert matrix.r[0, 1] == pytest.approx(correlate[-2], abs=1e-12)


def test_an_invalid_matrix_is_refused(atlas: Atlas) -> None:
    with pytest.raises(LimitError, match=r"300 x 300: 90,000 values of r.*limit is 299 rows"):
        atlas.correlation_matrix([str(1000001 + row) for row in range(300)], max_rows=299)
    with pytest.raises(OptionError, match="one of the two"):
        atlas.correlation_matrix()
    with pytest.raises(OptionError, match="rows are probes"):
        atlas.correlation_matrix(["A_23_P216779"], probe_selection=ProbeSelection("average"))
    with pytest.raises(OptionError, match="apply to categories, and none is given"):
        atlas.correlation_matrix(["NTRK2"], gene_filter=GeneFilter(include_regulates=True))
    with pytest.raises(OptionError, match="expected probe or gene"):
        atlas.correlation_matrix(["NTRK2"], level="foo")


@pytest.mark.long
@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "npz"])
def test_a_matrix_is_written(ending: str, synthetic_database: Path, tmp_path: Path) -> None:
    path = tmp_path / f"r.{ending}"
    done = run("matrix", "NTRK2", "BDNF", "--db", synthetic_database, "-o", path)
    assert done.stderr.startswith("2 x 2: 4 values of r")
    with Atlas(synthetic_database) as atlas:
        expected = atlas.correlation_matrix(["NTRK2", "BDNF"]).to_pandas()
    if ending == "npz":
        with np.load(path) as archive:
            actual = pd.DataFrame(archive["r"], index=archive["names"], columns=archive["names"])
            assert json.loads(str(archive["provenance"]))["probe_selection"]["rule"] == "max-mean"
    elif ending == "parquet":
        actual = pd.read_parquet(path).set_index("name")
    else:
        actual = pd.read_csv(path, index_col=0, sep="," if ending == "csv" else "\t")
    # pandas before version 3 rounds the last digit incorrectly.
    np.testing.assert_allclose(actual.to_numpy(), expected.to_numpy(), rtol=1e-15 if ending == "npz" else 1e-14)
    assert list(actual.columns) == list(expected.columns)


def test_an_archive_of_a_matrix_can_go_to_a_pipe(synthetic_database: Path) -> None:
    done = run("matrix", "NTRK2", "BDNF", "--format", "npz", "--db", synthetic_database)
    with np.load(io.BytesIO(done.stdout_bytes)) as archive:
        assert archive["names"].tolist() == ["NTRK2", "BDNF"]


def test_pair_prints_a_grid_and_a_line_for_every_rule(synthetic_database: Path) -> None:
    done = run("pair", "NTRK2", "BDNF", "--db", synthetic_database)
    lines = done.stdout.splitlines()
    assert set(lines[0].split()) == {"r", "A_23_P127891", "A_32_P7316"}
    assert any(line.startswith("max-mean ") for line in lines)
    assert "14 pairs of probes: r from" in done.stderr
    assert "Do not average r over pairs of probes" in done.stderr
    tidy = pd.read_csv(io.StringIO(run("pair", "NTRK2", "BDNF", "--db", synthetic_database, "--format", "csv").stdout))
    assert list(tidy.columns) == ["by", "probe_a", "probe_b", "donor", "r", "n"]


def test_query_reports_the_rule(synthetic_database: Path) -> None:
    stderr = run("query", "NTRK2", "--rule", "connectivity", "--power", 6, "--db", synthetic_database).stderr
    assert "with the highest connectivity of its 7 probes (power 6)" in stderr
    assert "each gene by its probe with the highest connectivity (power 6)" in stderr
    stderr = run("query", "NTRK2", "--rule", "average", "--db", synthetic_database).stderr
    assert "Seed NTRK2, represented by the mean of 7 probes." in stderr
    refused = run("query", "A_23_P216779", "--rule", "average", "--db", synthetic_database, code=1).stderr
    assert "is a probe and so are its correlates" in refused
