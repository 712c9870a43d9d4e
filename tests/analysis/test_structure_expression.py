"""Expression by structure, compared with pandas."""

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from helpers.missing_values import remove_values

from coexpr.atlas import Atlas
from coexpr.options import SampleFilter

LABELS = ["structure_id", "acronym", "structure_name", "hemisphere", "donor", "n"]


@pytest.fixture(scope="module")
def with_missing_values(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = Path(shutil.copy(synthetic_database, tmp_path_factory.mktemp("missing") / "atlas.duckdb"))
    with duckdb.connect(database) as connection:
        remove_values(connection)
    return database


def refuse_other_means(database: Path, names: list[str], **options: object) -> None:
    """Compare every mean and standard deviation with those of pandas."""
    with Atlas(database) as atlas:
        found = atlas.expression_by_structure(names, **options)
        by_sample = atlas.expression(names, **options)
    values = by_sample.to_pandas().astype(dict.fromkeys(by_sample.names, "float64"))
    grouped = pd.concat([values, values.assign(donor="all")]).groupby(["structure_id", "donor"])
    assert list(found.columns) == [*LABELS, *(f"{name}_{what}" for name in by_sample.names for what in ("mean", "sd"))]
    rows = found.to_pandas().set_index(["structure_id", "donor"])
    assert rows["n"].to_dict() == grouped.size().to_dict()
    for name in by_sample.names:
        for what, expected in (("mean", grouped[name].mean()), ("sd", grouped[name].std())):
            column = rows[f"{name}_{what}"].astype("float64").to_dict()
            assert column == pytest.approx(expected.to_dict(), rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("options", [{}, {"sample_filter": SampleFilter(["Cx"], "L")}])
def test_means_of_each_donor_and_of_all(synthetic_database: Path, options: dict) -> None:
    refuse_other_means(synthetic_database, ["NTRK2", "A_32_P7316"], **options)


def test_missing_values_are_left_out(with_missing_values: Path) -> None:
    with Atlas(with_missing_values) as atlas:
        probes = atlas.sql("select probe_id::varchar from expression group by all having sum(n) < 90").fetchall()
    assert len(probes) > 30
    refuse_other_means(with_missing_values, [probe for (probe,) in probes])


def test_one_sample_has_no_standard_deviation(atlas: Atlas) -> None:
    found = atlas.expression_by_structure("NTRK2")
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    assert any(row["n"] == 1 for row in rows)
    assert all((row["NTRK2_sd"] is None) == (row["n"] == 1) for row in rows)


def test_structures_are_in_the_order_of_the_tree_with_all_donors_last(atlas: Atlas) -> None:
    found = atlas.expression_by_structure("NTRK2")
    tree = [row[0] for row in atlas.structures().rows]
    order = list(dict.fromkeys(found.column("structure_id")))
    assert order == [structure for structure in tree if structure in set(order)]
    last = dict(zip(found.column("structure_id"), found.column("donor"), strict=True))
    assert set(last.values()) == {"all"}
    assert found.provenance.question.method == "expression_by_structure"
