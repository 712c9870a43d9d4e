"""The real downloads of ../shared/data, compared with numbers that R and other programs computed from them."""

import csv
import hashlib
import json
import os
from pathlib import Path

import duckdb
import numpy as np
import pytest
from helpers.allen import as_csv, write_folder
from typer.testing import CliRunner

from coexpr.atlas import Atlas
from coexpr.cli import app
from coexpr.errors import DownloadError, NoDownloadError, UnsupportedDownloadError, WrongViewError
from coexpr.loading.downloads import ingest
from coexpr.options import ProbeSelection

pytestmark = pytest.mark.long


def test_the_gabra4_download_is_loaded_completely(shared_data: Path, tmp_path: Path) -> None:
    report = ingest([shared_data / "heatmap-gabra4" / "samples_log2intensities"], tmp_path / "atlas.duckdb")
    assert [report.provenance.contents[what] for what in ("donors", "samples", "probes", "genes")] == [6, 3702, 112, 1]


def test_r_agrees_with_the_known_pairs(shared_data: Path, gabra4: Path) -> None:
    with (shared_data / "known_r.csv").open() as stream:
        pairs = [row for row in csv.DictReader(stream) if row["source"] == "gabra4_samples"]
    assert len(pairs) == 20
    with Atlas(gabra4) as atlas:
        for pair in pairs:
            result = atlas.correlates(pair["probe_a"], top=None)
            (row,) = [row for row in result.rows if str(row[1]) == pair["probe_b"]]
            assert row[6] == pytest.approx(float(pair["r_pooled_log2"]), abs=1e-6)
            assert row[7] == int(pair["n"])


def test_a_known_pair_on_the_command_line(gabra4: Path) -> None:
    done = CliRunner().invoke(app, ["query", "A_23_P56883", "--all", "--format", "csv", "--db", str(gabra4)])
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert len(rows) == 111
    (known,) = [row for row in rows if row["probe_name"] == "A_32_P204137"]
    assert float(known["r"]) == pytest.approx(0.9109950, abs=1e-6)
    assert known["n"] == "3702"


def test_the_representative_of_gabra4(gabra4: Path) -> None:
    with duckdb.connect(gabra4, read_only=True) as connection:
        found = connection.execute(
            "select probe_name, mean_log2 from representative_probes join probes using (probe_id) "
            "join probe_statistics using (probe_id)"
        ).fetchall()
    assert found == [("CUST_542_PI417557136", pytest.approx(9.828432, abs=1e-6))]


@pytest.mark.parametrize(
    ("selection", "probe"),
    [
        (ProbeSelection(), "CUST_542_PI417557136"),
        (ProbeSelection("max-variance"), "CUST_206_PI417557136"),
        (ProbeSelection("min-mean"), "CUST_147_PI417557136"),
        (ProbeSelection("connectivity"), "CUST_200_PI417557136"),
        (ProbeSelection("connectivity", power=6), "CUST_154_PI417557136"),
        (ProbeSelection("diff-stability"), "CUST_142_PI417557136"),
        (ProbeSelection("pc-loading"), "CUST_542_PI417557136"),
    ],
)
def test_every_rule_selects_the_known_probe_of_gabra4(gabra4: Path, selection: ProbeSelection, probe: str) -> None:
    with Atlas(gabra4) as atlas:
        provenance = atlas.correlates("GABRA4", probe_selection=selection, level="probe", top=1).provenance
    assert (provenance.seed.probe, provenance.probe_selection.rule) == (probe, selection.rule)


def test_the_probes_selected_by_collapse_rows_are_selected_after_ingest(shared_data: Path, gabra4: Path) -> None:
    with (shared_data / "collapse-rows-real" / "gabra4_samples_log2_selectedRow.csv").open() as stream:
        (selected,) = csv.DictReader(stream)
    ours = {
        "MaxMean": ProbeSelection("max-mean"),
        "MinMean": ProbeSelection("min-mean"),
        "maxRowVariance": ProbeSelection("max-variance"),
        "absMaxMean": ProbeSelection("abs-max-mean"),
        "absMinMean": ProbeSelection("abs-min-mean"),
        "MaxMean_conn": ProbeSelection("connectivity"),
    }
    with Atlas(gabra4) as atlas:
        for name, selection in ours.items():
            provenance = atlas.correlates("GABRA4", probe_selection=selection, level="probe", top=1).provenance
            assert provenance.seed.probe_id == int(selected[name])


def test_the_differential_stability_of_gabra4_is_stored(gabra4: Path) -> None:
    with Atlas(gabra4) as atlas:
        ((stability,),) = atlas.sql(
            "select diff_stability from probe_statistics join probes using (probe_id) "
            "where probe_name = 'CUST_142_PI417557136'"
        ).fetchall()
    assert stability == pytest.approx(0.8598, abs=5e-5)


def test_the_statistics_of_every_probe_agree_with_numpy(gabra4: Path) -> None:
    with duckdb.connect(gabra4, read_only=True) as connection:
        rows = connection.execute(
            "select probe_id, probe_statistics.n, probe_statistics.mean_log2, variance_log2, flatten(list(log2)) "
            "from probe_statistics join expression using (probe_id) group by all"
        ).fetchall()
    assert len(rows) == 112
    for _, n, mean, variance, values in rows:
        assert n == len(values)
        assert mean == pytest.approx(np.mean(values), abs=1e-12)
        assert variance == pytest.approx(np.var(values, ddof=1), abs=1e-12)


@pytest.mark.parametrize(
    ("folder", "error", "message"),
    [
        (
            "heatmap-gabra4/samples_zscore",
            WrongViewError,
            "zscore values at samples .*Filter Heatmap on.*Samples.*log2",
        ),
        ("heatmap-gabra4/structures_log2intensities", WrongViewError, "log2 values at structure .*Filter Heatmap on"),
        ("heatmap-site-zips/alzheimer-brain.zip", WrongViewError, "zscore values at coarse resolution"),
        ("heatmap-cyp/structures_log2", DownloadError, r"heatmap download without Contents\.txt"),
        ("find-correlates-brainspan", UnsupportedDownloadError, "another atlas of the Allen Institute"),
        (
            "donor-h0351.2001-first100",
            DownloadError,
            r"without MicroarrayExpression\.csv, PACall\.csv, Probes\.csv, Onto",
        ),
        ("edited-files/sampleannot", DownloadError, r"without MicroarrayExpression\.csv"),
        ("edited-files/edited-popamolly", DownloadError, r"heatmap download without Contents\.txt, Probes\.csv"),
        ("ontology", NoDownloadError, "holds no download"),
    ],
)
def test_other_downloads_are_refused_and_change_nothing(
    shared_data: Path, tmp_path: Path, folder: str, error: type[Exception], message: str
) -> None:
    database = tmp_path / "atlas.duckdb"
    ingest([shared_data / "heatmap-gabra4" / "samples_log2intensities"], database)
    files = sorted(os.listdir(tmp_path))
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    with pytest.raises(error, match=message):
        ingest([shared_data / folder], database)
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    assert sorted(os.listdir(tmp_path)) == files


@pytest.fixture
def completed_donor(shared_data: Path, tmp_path: Path) -> Path:
    """The first 100 rows of a real full-donor download, completed to a download of 100 probes."""
    real = shared_data / "donor-h0351.2001-first100"
    expression = (real / "MicroarrayExpression_100lines.csv").read_text()
    with (real / "probe_names_derived.csv").open() as stream:
        names = list(csv.reader(stream))[1:]
    genes = {symbol: number for number, symbol in enumerate(sorted({row[2] or row[1] for row in names}), start=1)}
    probes = [(probe, name, genes[gene or name], gene or name, "", "", "") for probe, name, gene in names]
    tree = json.loads((shared_data / "ontology" / "human_structures_graph10.json").read_text())
    structures = []
    for node in tree:
        path = [str(step) for step in node["structure_id_path"]]
        side = "L" if ", left" in node["name"].lower() else "R" if ", right" in node["name"].lower() else ""
        color = "".join(f"{part:02X}" for part in node["rgb_triplet"])
        parent = path[-2] if len(path) > 1 else ""
        cells = (node["id"], node["acronym"], node["name"], parent, side, node["graph_order"], f"/{'/'.join(path)}/")
        structures.append((*cells, color))
    calls = [[line.split(",")[0]] + ["1"] * 946 for line in expression.splitlines()]
    ontology = "id,acronym,name,parent_structure_id,hemisphere,graph_order,structure_id_path,color_hex_triplet"
    files = {
        "MicroarrayExpression.csv": expression,
        "PACall.csv": as_csv(calls),
        "Probes.csv": as_csv(probes, "probe_id,probe_name,gene_id,gene_symbol,gene_name,entrez_id,chromosome"),
        "SampleAnnot.csv": (real / "SampleAnnot.csv").read_text(),
        "Ontology.csv": as_csv(structures, ontology),
        "Readme.txt": (real / "Readme.txt").read_text(),
    }
    return write_folder(tmp_path / "H0351.2001", files)


@pytest.mark.parametrize("donor_first", [True, False])
def test_a_full_donor_download_has_the_samples_of_the_heatmap(
    shared_data: Path, completed_donor: Path, tmp_path: Path, donor_first: bool
) -> None:
    database = tmp_path / "atlas.duckdb"
    heatmap = shared_data / "heatmap-gabra4" / "samples_log2intensities"
    ingest([completed_donor, heatmap] if donor_first else [heatmap, completed_donor], database)
    with (heatmap / "Columns.csv").open() as stream:
        wells = {int(row["sample_well"]) for row in csv.DictReader(stream) if row["donor_id"] == "9861"}
    with duckdb.connect(database, read_only=True) as connection:
        stored = connection.execute("select sample_id, mni_x, slab_num from samples where donor_id = 9861").fetchall()
        value = connection.execute(
            "select log2[position] from expression join samples using (donor_id) "
            "where probe_id = 1058685 and sample_id = 594"
        ).fetchall()
        lengths = connection.execute("select distinct len(log2) from expression where donor_id = 9861").fetchall()
    assert {sample_id for sample_id, _, _ in stored} == wells
    assert len(wells) == 946
    assert all(x is not None and slab is not None for _, x, slab in stored)
    assert value == [
        (pytest.approx(3.61579168071, abs=1e-6),)
    ]  # the first cell of the file; the first row of SampleAnnot.csv is well 594
    assert lengths == [(946,)]


def test_the_tree_gives_the_top_level_structures_of_the_heatmap(
    shared_data: Path, gabra4: Path, empty_database: duckdb.DuckDBPyConnection
) -> None:
    with duckdb.connect(gabra4, read_only=True) as heatmap:
        stated = dict(heatmap.execute("select structure_id, top_level_structure_id from structures").fetchall())
    nodes = json.loads((shared_data / "ontology" / "human_structures_graph10.json").read_text())
    rows = [
        (node["id"], node["acronym"], node["name"], "/".join(map(str, node["structure_id_path"]))) for node in nodes
    ]
    empty_database.executemany(
        "insert into structures (structure_id, acronym, name, structure_id_path) values (?, ?, ?, ?)", rows
    )
    of_tree = dict(
        empty_database.execute("select structure_id, top_level_structure_id from top_level_structures").fetchall()
    )
    assert {structure_id: of_tree[structure_id] for structure_id in stated} == stated
    assert len(set(stated.values())) == 27
