import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from helpers.folders import PACKAGE

from coexpr.bundling.extract import _TABLES
from coexpr.database.arrow import to_lists
from coexpr.database.engine import attach
from coexpr.database.name_index import Kind
from coexpr.database.queries import queries, query, read_queries, run
from coexpr.database.schema import migrate
from coexpr.loading.categories import _PARTS, _tables
from coexpr.readers import download
from coexpr.readers.category_file import CategoryFile

# Statements of kinds that DuckDB cannot prepare. Opening a database runs the first five, any query the last.
NOT_PREPARABLE = {
    "attach_atlas",
    "attach_source",
    "use_atlas",
    "checkpoint_atlas",
    "checkpoint_only_when_asked",
    "keep_log_when_closed",
    "forbid_other_files",
    "set_threads",
    "forbid_temporary_files",
    "limit_memory",
    "lock_settings",
    "print_no_progress",
    "attach_network",
    "use_network",
    "leave_network",
    "detach_network",
    "create_edges",
    "create_nodes",
    "create_node_categories",
    "create_provenance",
    "create_chosen_genes",
    "create_requested_categories",
    "create_schema_migrations",
    "create_chosen_probes",
    "create_chosen_structures",
    "create_direct_members_of_added_categories",
    "create_direct_members_of_shipped_categories",
    "create_categories_below",
    "create_kept_ids",
    "drop_categories_below",
    "drop_direct_members",
    "drop_kept_ids",
    "keep_ids_of_shipped_categories",
    "keep_stored_names",
    "start_names_again",
    "keep_chip_genes",
    "start_chip_genes_again",
}

LISTS = to_lists(np.zeros((0, 2), np.float32))
NO_PROBES = pa.array([], pa.int32())
REGISTERED = {
    "incoming_donors": download.DONORS.empty_table(),
    "incoming_structures": download.STRUCTURES.empty_table(),
    "incoming_genes": download.GENES.empty_table(),
    "incoming_probes": download.PROBES.empty_table(),
    "incoming_samples": download.SAMPLES.empty_table(),
    "incoming_expression": pa.table(
        {
            "probe_id": NO_PROBES,
            "log2": LISTS,
            "n": NO_PROBES,
            "mean_log2": pa.array([], pa.float64()),
            "squared_deviations": pa.array([], pa.float64()),
        }
    ),
    "incoming_present_calls": pa.table({"probe_id": NO_PROBES, "present": to_lists(np.zeros((0, 2), np.int8))}),
    "rewritten_probes": pa.table({"probe_id": NO_PROBES}),
    **_tables(CategoryFile("empty", []), 1),
    "matched_genes": pa.table({"entrez_id": NO_PROBES}),
    "requested_genes": pa.table({"gene_id": NO_PROBES}),
    "removed_categories": pa.table({"category_id": NO_PROBES}),
    "profiled_genes": pa.table({"gene_id": pa.array([], pa.int32()), "row": pa.array([], pa.int64())}),
    "found_sets": pa.table({"category_id": pa.array([], pa.int32())}),
    "given_names": pa.table({"name": pa.array([], pa.string())}),
    "listed_genes": pa.table({"gene_id": NO_PROBES}),
    "requested_donors": pa.table({"donor_id": NO_PROBES}),
    "requested_structures": pa.table({"structure_id": NO_PROBES}),
    "given_probes": pa.table({"probe_id": NO_PROBES}),
    "reported_profiles": pa.table({"place": NO_PROBES, "probe_id": NO_PROBES, "gene_id": NO_PROBES}),
    "incoming_stability": pa.table({"probe_id": NO_PROBES, "diff_stability": pa.array([], pa.float64())}),
    "bundled_genes": pa.table({"gene_id": NO_PROBES}),
    "bundled_probes": pa.table({"probe_id": NO_PROBES}),
    "bundled_categories": pa.table({"category_id": NO_PROBES}),
    "incoming_edges": pa.table({"r": pa.array([], pa.float32())}),
    "incoming_table_of_probes": pa.table({"probe_name": pa.array([], pa.string())}),
    "incoming_table_of_samples": pa.table({"sample_id": pa.array([], pa.int32())}),
    # of demo.sql
    "shipped_terms": pa.table({name: pa.array([], pa.string()) for name in ("go_id", "name", "aspect")}),
    "shipped_aliases": pa.table({"entrez_id": pa.array([], pa.int64()), "alias": pa.array([], pa.string())}),
    "shipped_edges": pa.table({name: pa.array([], pa.string()) for name in ("child_id", "parent_id", "relation")}),
    "shipped_annotations": pa.table(
        {
            "go_id": pa.array([], pa.string()),
            "entrez_id": pa.array([], pa.int64()),
            "evidence": pa.array([], pa.list_(pa.string())),
        }
    ),
    "shipped_genes": pa.table(
        {"entrez_id": pa.array([], pa.int64())} | {name: pa.array([], pa.string()) for name in ("symbol", "gene_name")}
    ),
}


@pytest.fixture(scope="module")
def empty_database(
    shipped_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A migrated database without rows, with the temporary and registered tables that queries read."""
    # As in the making of a bundle: other files cannot be attached later.
    path = tmp_path_factory.mktemp("empty") / "empty.duckdb"
    with duckdb.connect() as connection:
        attach(connection, query("attach_atlas"), path)
        connection.execute(query("use_atlas"))
        migrate(connection, path)
        attach(connection, query("attach_source"), shipped_database)
        for table in ("chosen_probes", "chosen_genes", "chosen_structures", "requested_categories", "edges"):
            connection.execute(query(f"create_{table}"))
        connection.execute(query("create_direct_members_of_added_categories"))
        connection.execute(query("create_kept_ids"))
        connection.execute(query("keep_stored_names"))
        connection.execute(query("keep_chip_genes"))
        connection.execute(query("create_categories_below"), {"is_shipped": False})
        for table, rows in REGISTERED.items():
            connection.register(table, rows)
        yield connection


@pytest.mark.parametrize("name", sorted(set(queries()) - NOT_PREPARABLE))
def test_every_query_prepares_against_an_empty_database(name: str, empty_database: duckdb.DuckDBPyConnection) -> None:
    empty_database.execute(f"prepare query as {query(name)}")
    prepared = empty_database.sql("select name from duckdb_prepared_statements()").fetchall()
    assert prepared == [("query",)]
    empty_database.execute("deallocate query")


def test_every_query_is_used() -> None:
    code = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    # Some names are composed of a verb and a table: f"merge_{table}".
    composed = {
        pattern.replace("{table}", table)
        .replace("{kind.table}", table)
        .replace("{what}", table)
        .replace("{part}", table)
        .replace("{name}", table)
        .replace("{kind}", table)
        .replace("{table.name}", table)
        .replace("{table.about}", table)
        for pattern in re.findall(r'f"([a-z_{}.]+)"', code)
        for table in (
            "donors",
            "structures",
            "genes",
            "probes",
            "samples",
            "expression",
            "present_calls",
            "rnaseq_agreement",
            "reannotations",
            "corrected_coordinates",
            *_TABLES,
            *_PARTS,
            *get_args(Kind),
        )
    }
    unused = {name for name in queries() if f'"{name}"' not in code and name not in composed}
    assert unused == set()


def test_every_query_is_described_in_a_sentence() -> None:
    without_description = [name for name, text in queries().items() if not re.match(r"-- [A-Z][^\n]*", text)]
    assert without_description == []


def test_no_sql_in_python() -> None:
    statement = re.compile(
        r"\s*(select|insert into|update|delete from|create|copy|attach|with)\b.*\b(from|set|table|as)\b", re.S | re.I
    )
    found = []
    for path in PACKAGE.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        texts = [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        found += [
            (path.name, text.lineno) for text in texts if id(text) not in docstrings and statement.match(text.value)
        ]
    assert found == []


def test_run_returns_rows_by_column(empty_database: duckdb.DuckDBPyConnection) -> None:
    assert run(empty_database, "contents") == [{"donors": 0, "samples": 0, "structures": 0, "probes": 0, "genes": 0}]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.sql": "-- name: one\nselect 1;\n-- name: one\nselect 2;"}, "a.sql: the name one is taken"),
        ({"a.sql": "-- name: one\nselect 1;", "b.sql": "-- name: one\nselect 2;"}, "b.sql: the name one is taken"),
        ({"a.sql": "-- name: one\n-- Nothing.\n"}, "a.sql: the query one has no statement"),
        ({"a.sql": "select 1;\n-- name: one\nselect 2;"}, "a.sql: a statement stands before"),
    ],
)
def test_an_invalid_sql_file_is_an_error_with_its_name(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        read_queries(tmp_path)
