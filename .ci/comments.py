"""Print the COMMENT ON statements that the database lacks to say what docs/data-model.md says.

Nothing is printed when they agree. After a change of the page or the schema:

    python .ci/comments.py > migrations/NNNN_comment_on_....sql
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from coexpr.database import open_for_writing

PAGE = Path(__file__).parents[1] / "docs" / "data-model.md"
_ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$")
_KINDS = ("table", "view", "column", "macro")


def sentences(page: str) -> dict[str, dict[str, str]]:
    """Return what the page says of each table, view, column and macro."""
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
    """Yield of every object of the database its kind, how the page and how SQL name it, and its comment."""
    for kind in ("table", "view"):
        for name, comment in connection.execute(
            f"select {kind}_name, comment from duckdb_{kind}s() where not internal order by all"  # noqa: S608
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
    """Yield the statements that make the comments what the page says.

    Raises
    ------
    KeyError
        If the page does not say what an object is.
    LookupError
        If the page speaks of an object that is not there.
    """
    said = sentences(page)
    spoken_of = {kind: set[str]() for kind in _KINDS}
    for kind, name, target, comment in objects(connection):
        key = name if name in said[kind] else name.split(".")[-1]
        spoken_of[kind].add(key)
        sentence = said[kind][key].replace("`", "")
        if comment != sentence:
            quoted = sentence.replace("'", "''")
            yield f"comment on {target} is '{quoted}';"
    left = {kind: sorted(said[kind].keys() - spoken_of[kind]) for kind in _KINDS}
    if any(left.values()):
        raise LookupError(f"{PAGE.name} speaks of what is not there: {left}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, open_for_writing(Path(folder) / "empty.duckdb") as connection:
        lines = list(statements(PAGE.read_text(encoding="utf-8"), connection))
    if lines:
        print(
            "-- What every table, view, column and macro is, in the sentences of docs/data-model.md (.ci/comments.py)."
        )
        print("\n".join(lines))


if __name__ == "__main__":
    main()
