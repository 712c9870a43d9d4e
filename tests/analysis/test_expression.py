"""Expression values by sample."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from helpers.command import run
from helpers.profiles import profile

from coexpr.analysis.expression import LABELS
from coexpr.atlas import Atlas
from coexpr.errors import NotFoundError, OptionError, TooFewSamplesError
from coexpr.options import GeneFilter, SampleFilter


def test_values_are_those_of_the_tables_with_the_labels_of_their_samples(atlas: Atlas) -> None:
    result = atlas.expression(["A_23_P216779", "BDNF"])
    assert list(result.columns) == [*LABELS, "A_23_P216779", "BDNF"]
    representative = result.provenance.profiles["BDNF"]
    for column, probe in (("A_23_P216779", "A_23_P216779"), ("BDNF", representative)):
        assert np.float32(result.column(column)).tolist() == np.float32(profile(atlas, probe)).tolist()
    details = atlas.sql(
        "select sample_id, donor_name, structure_id, acronym, structure_name, hemisphere, mni_x, mni_y, mni_z "
        "from sample_details order by donor_id, position"
    ).fetchall()
    assert [row[: len(LABELS)] for row in result] == details


def test_values_of_some_samples(atlas: Atlas) -> None:
    everywhere = {row[0]: row[-1] for row in atlas.expression("NTRK2")}
    result = atlas.expression("NTRK2", sample_filter=SampleFilter(structures="Cx", donors="H0351.2001"))
    assert 0 < len(result) < len(everywhere)
    assert set(result.column("donor")) == {"H0351.2001"}
    assert {row[0]: row[-1] for row in result}.items() <= everywhere.items()
    below = {structure for (structure,) in atlas.sql("select structure_id from descendants('Cx')").fetchall()}
    assert set(result.column("structure_id")) <= below


def test_values_of_fewer_samples_than_r_needs(atlas: Atlas) -> None:
    few = SampleFilter(structures="HiF", donors="H0351.1009")
    assert 0 < len(atlas.expression("NTRK2", sample_filter=few)) < 10
    with pytest.raises(TooFewSamplesError, match="r needs at least 10"):
        atlas.correlates("NTRK2", sample_filter=few)
    with pytest.raises(TooFewSamplesError, match=r"no sample is left \(structure HiF, hemisphere R, donor H0351.1009"):
        atlas.expression("NTRK2", sample_filter=SampleFilter(structures="HiF", hemisphere="R", donors="H0351.1009"))


def test_values_of_a_gene_filter_and_of_a_built_profile(atlas: Atlas) -> None:
    listed = atlas.expression(gene_filter=GeneFilter(genes=["BDNF", "NTRK2"]), probe_selection="average")
    assert set(list(listed.columns)[len(LABELS) :]) == {"BDNF", "NTRK2"}
    assert listed.provenance.profiles["NTRK2"] == "mean of 7 probes"
    probes = atlas.probes("NTRK2").column("probe_name")
    mean = np.mean([profile(atlas, probe) for probe in probes], axis=0)
    np.testing.assert_allclose(listed.column("NTRK2"), mean, atol=1e-6)
    assert len(atlas.expression("NTRK2", level="probe").columns) == len(LABELS) + 7


def test_values_cannot_be_of_nothing_or_of_two_things(atlas: Atlas) -> None:
    with pytest.raises(OptionError, match="one of the two"):
        atlas.expression()
    with pytest.raises(OptionError, match="one of the two"):
        atlas.expression("NTRK2", gene_filter="synapse organization")
    with pytest.raises(NotFoundError, match="no probe or gene is named 'nothing'"):
        atlas.expression("nothing")


def test_the_command_writes_what_python_returns(synthetic_database: Path, atlas: Atlas, tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    done = run("expression", "NTRK2", "BDNF", "--structure", "Cx", "-o", path, "--db", synthetic_database)
    result = atlas.expression(["NTRK2", "BDNF"], sample_filter="Cx")
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [float(row["BDNF"]) for row in rows] == result.column("BDNF")
    assert f"Wrote {len(rows)} rows to {path}." in done.stderr
    assert "structures: cerebral cortex (Cx)" in done.stderr
