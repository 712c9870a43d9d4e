"""Write the COMMENT ON statements of sql/schema/ from the sentences of docs/data-model.md.

Run it after a change of the page or the schema: python .ci/comments.py
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from coexpr.database.writing import open_for_writing

PAGE = Path(__file__).parents[1] / "docs" / "data-model.md"
FILE = Path(__file__).parents[1] / "sql" / "schema" / "07_comments.sql"
_HEADING = (
    "-- What every table, view, column and macro is: the sentences of docs/data-model.md, written by .ci/comments.py."
)
_ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$")
_KINDS = ("table", "view", "column", "macro")


def sentences(page: str) -> dict[str, dict[str, str]]:
    """Return the sentences about each table, view, column and macro."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    kind = None
    for line in page.splitlines():
        if heading := re.match(r"^\| (\w+) \| what it (?:holds|says|gives) \|$", line):
            kind = heading[1]
        elif not line.startswith("|"):
            kind = None
        elif kind and (row := _ROW.match(line)):
            found[kind][row[1].split("(")[0]] = row[2]
    return found


def objects(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str, str, str | None]]:
    """Yield the kind of every object of the database, its name on the page and in SQL, and its comment."""
    for kind in ("table", "view"):
        for name, comment in connection.execute(
            f"select {kind}_name, comment from duckdb_{kind}s() where not internal order by all"
        ).fetchall():
            yield kind, name, f"{kind} {name}", comment
    for table, column, comment in connection.execute(
        "select table_name, column_name, comment from duckdb_columns() where not internal "
        "order by table_name, column_index"
    ).fetchall():
        yield "column", f"{table}.{column}", f"column {table}.{column}", comment
    for name, of_what, comment in connection.execute(
        "select distinct function_name, function_type, comment from duckdb_functions() where not internal order by all"
    ).fetchall():
        yield "macro", name, f"macro {'table ' if of_what == 'table_macro' else ''}{name}", comment


def statements(page: str, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the COMMENT ON statements for the sentences of the page.

    Raises
    ------
    KeyError
        If the page has no sentence about an object.
    LookupError
        If the page describes an object that does not exist.
    """
    described = sentences(page)
    used = {kind: set[str]() for kind in _KINDS}
    for kind, name, target, _ in objects(connection):
        key = name if name in described[kind] else name.split(".")[-1]
        used[kind].add(key)
        quoted = described[kind][key].replace("`", "").replace("'", "''")
        yield f"comment on {target} is '{quoted}';"
    left = {kind: sorted(described[kind].keys() - used[kind]) for kind in _KINDS}
    if any(left.values()):
        raise LookupError(f"{PAGE.name} describes what does not exist: {left}")


def definitions(page: str) -> str:
    """Return the contents of the file of comments: all statements, for an empty database."""
    with tempfile.TemporaryDirectory() as folder, open_for_writing(Path(folder) / "empty.duckdb") as connection:
        lines = list(statements(page, connection))
    return "\n".join([_HEADING, *lines, ""])


def main() -> None:
    FILE.write_text(definitions(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
