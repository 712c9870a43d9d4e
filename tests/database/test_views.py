"""Views for the DuckDB shell, compared with their definitions."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from coexpr.atlas import Atlas


@pytest.fixture(scope="module")
def shell(synthetic_database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(synthetic_database, read_only=True) as connection:
        yield connection


def rows(shell: duckdb.DuckDBPyConnection, statement: str) -> list[tuple]:
    return shell.execute(statement).fetchall()


def test_every_value_is_returned_once(shell: duckdb.DuckDBPyConnection, atlas: Atlas) -> None:
    assert rows(shell, "select count(*), count(log2), count(present) from expression_values") == [(27000,) * 3]
    (values,) = rows(
        shell, "select list(log2 order by donor_id, sample_id) from expression_values where probe_name = 'A_23_P216779'"
    )
    (by_position,) = rows(
        shell,
        "select list(log2[position] order by donor_id, sample_id) from expression join samples using (donor_id) "
        "join probes using (probe_id) where probe_name = 'A_23_P216779'",
    )
    assert values == by_position
    fractions = dict(rows(shell, "select probe_id, avg(present::integer) from expression_values group by probe_id"))
    assert fractions == pytest.approx(dict(rows(shell, "select probe_id, present_fraction from probe_statistics")))
    structures = rows(shell, "select distinct sample_id, structure_id from expression_values")
    assert sorted(structures) == sorted(rows(shell, "select sample_id, structure_id from samples"))


def test_values_without_calls_have_none(gabra4: Path) -> None:
    with duckdb.connect(gabra4, read_only=True) as shell:
        ((count, calls, structures),) = rows(
            shell,
            "select count(*), count(present), count(distinct structure_id) from expression_values "
            "where gene_symbol = 'GABRA4'",
        )
        ((known,),) = rows(
            shell,
            "select sum(len(log2)) from expression join probes using (probe_id) join genes using (gene_id) "
            "where gene_symbol = 'GABRA4'",
        )
    assert (count, calls) == (known, 0)
    assert structures > 100


def test_a_condition_on_the_probe_is_applied_before_lists_are_unnested(shell: duckdb.DuckDBPyConnection) -> None:
    """Otherwise one probe would take as long as all probes."""
    for condition in ("probe_name = 'A_23_P216779'", "probe_id = 1000300", "gene_symbol = 'BDNF'"):
        (plan,) = rows(shell, f"explain analyze select * from expression_values where {condition}")
        assert "27,000 rows" not in plan[1]
        assert "27000 rows" not in plan[1]


def test_probes_and_genes(shell: duckdb.DuckDBPyConnection, atlas: Atlas) -> None:
    statistics = ("mean_log2", "variance_log2", "present_fraction", "diff_stability")
    summary = {
        name: (is_representative, known)
        for name, is_representative, *known in rows(
            shell,
            f"select probe_name, is_representative, {', '.join(statistics)} from probe_summary "
            "where gene_symbol = 'NTRK2'",
        )
    }
    result = atlas.probes("NTRK2")
    assert len(summary) == len(result)
    for row in result:
        probe = dict(zip(result.columns, row, strict=True))
        is_representative, known = summary[probe["probe_name"]]
        assert known == pytest.approx([probe[name] for name in statistics])
        assert is_representative == ("max-mean" in probe["selected_by"])
    assert rows(shell, "select count(*) from probe_summary") == rows(shell, "select count(*) from probes")
    ((*counts, name),) = rows(
        shell,
        "select probes, probes_with_expression, representative_probe from gene_summary where gene_symbol = 'NTRK2'",
    )
    assert counts == [len(summary)] * 2
    assert summary[name][0] is True
    assert rows(shell, "select count(*) from gene_summary") == rows(shell, "select count(*) from genes")


def test_categories(shell: duckdb.DuckDBPyConnection, atlas: Atlas) -> None:
    name = "nervous system development"
    ((genes, on_chip, with_expression),) = rows(
        shell, f"select genes, on_chip, with_expression from category_coverage where name = '{name}'"
    )
    category = atlas.members(name).provenance.category
    assert (genes, on_chip, with_expression) == (category.genes, category.on_chip, category.with_expression)
    probes = atlas.correlates("A_23_P216779", gene_filter=[name], top=None, include_self=True).rows
    found = {probe_id for (probe_id,) in rows(shell, f"select probe_id from category_probes where name = '{name}'")}
    assert found == {row[2] for row in probes}


def test_structures_samples_donors_and_files(shell: duckdb.DuckDBPyConnection, atlas: Atlas) -> None:
    result = atlas.structures()
    statement = "select structure_id, hemisphere, depth, samples_in_and_below, samples from structure_tree"
    tree = {structure_id: row for structure_id, *row in rows(shell, statement)}
    for row in result:
        structure = dict(zip(result.columns, row, strict=True))
        expected = [structure["hemisphere"], structure["depth"], structure["samples"]]
        assert tree[structure["structure_id"]][:3] == expected
    assert sum(samples for *_, samples in tree.values()) == 90
    assert rows(shell, "select count(*), count(distinct sample_id), count(structure_name) from sample_details") == [
        (90,) * 3
    ]
    by_donor = rows(shell, "select donor_id, samples, probes, known_values from donor_summary order by donor_id")
    assert [row[2:] for row in by_donor] == [(300, 300 * samples) for _, samples, *_ in by_donor]
    assert np.sum([row[1] for row in by_donor]) == 90
    files = rows(shell, "select sha256, bytes from ingested_files")
    assert sorted(files) == sorted(
        (file["sha256"], file["bytes"]) for files in atlas.contents().downloads.column("files") for file in files
    )
