"""Whether the tables, views and macros of a database are those of this version of coexpr.

A database may be from someone else. A view in place of a table could never end or, without the settings of
`coexpr.database.connection`, read other files.
"""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

import duckdb

from coexpr.database.engine import attach, connect
from coexpr.database.queries import query
from coexpr.database.schema_files import definitions, migrations
from coexpr.errors import DatabaseError
from coexpr.resources import DATABASE_VARIABLE, package_folder

# Kind and name of a table, view or macro.
Named = tuple[str, str]

# Versions of DuckDB print definitions with other blanks, quotes and parentheses, and store some words in two ways. If
# a later version has a third, the database is as if it were of another version of coexpr.
_NOT_COMPARED = str.maketrans("", "", '()" \n')
_STORED_IN_TWO_WAYS = (("CAST't'ASBOOLEAN", "true"), ("CAST'f'ASBOOLEAN", "false"), ("main.", ""))
# What must be known before the version of a database can be read.
_OF_VERSION = ("schema_migrations", "schema_definitions")


def tables_and_views(connection: duckdb.DuckDBPyConnection) -> dict[Named, str]:
    """Return the digest of each table and view of a database."""
    return digests(connection, "definitions_of_tables_and_views")


def refuse_foreign(found: Mapping[Named, str], path: Path) -> None:
    """Raise DatabaseError if, by its tables and views, a file is not a database of any version of coexpr.

    After this, its version can be read.
    """
    tables = [name for kind, name in shipped_digests() if kind == "table"]
    if not any(("table", name) in found for name in tables):
        raise DatabaseError(
            f"{path} is a DuckDB file, but not a database of coexpr. Choose another `database`, or set "
            f"{DATABASE_VARIABLE}."
        )
    altered = [("table", name) for name in tables if ("view", name) in found]
    altered += [(kind, name) for kind, name in differences(found, ("table",)) if name in _OF_VERSION]
    if altered:
        raise _altered(path, found, altered)


def refuse_altered(found: Mapping[Named, str], path: Path, *kinds: str) -> None:
    """Raise DatabaseError if a definition of these kinds is not that of this version of coexpr.

    Tables, views and macros that users have added are not looked at.
    """
    if altered := differences(found, kinds):
        raise _altered(path, found, altered)


def differences(found: Mapping[Named, str], kinds: Sequence[str]) -> list[Named]:
    """Return those of some kinds that a database lacks, or defines otherwise than this version of coexpr."""
    differing = _differing(found, shipped_digests(), kinds)
    if differing:  # perhaps a version of DuckDB that prints definitions in yet another way
        differing = _differing(found, digests_of_new_database(), kinds)
    return differing


def digests(connection: duckdb.DuckDBPyConnection, *names: str) -> dict[Named, str]:
    """Return the digest of each definition that queries of these names return."""
    texts: dict[Named, list[str]] = {}
    for name in names:
        for kind, defined, text in connection.execute(query(name)).fetchall():
            plain = text.translate(_NOT_COMPARED)
            for one, other in _STORED_IN_TWO_WAYS:
                plain = plain.replace(one, other)
            texts.setdefault((kind, defined), []).append(plain)
    return {
        key: hashlib.sha256("\n".join(sorted(parts)).encode(errors="surrogatepass")).hexdigest()
        for key, parts in texts.items()
    }


@cache
def shipped_digests() -> dict[Named, str]:
    """Return the digest of each table, view and macro of this version, as .ci/schema.py has computed it."""
    text = (package_folder("data") / "schema.csv").read_text(encoding="utf-8")
    rows = (line.split(",") for line in text.splitlines()[1:])
    return {(kind, name): digest for kind, name, digest in rows}


@cache
def digests_of_new_database() -> dict[Named, str]:
    """Return the digests in a new database, which takes longer than most queries.

    They are read from a file, because DuckDB prints what was stored otherwise than what was just defined.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.duckdb"
        with closing(connect()) as connection:
            attach(connection, query("attach_atlas"), file)
            connection.execute(query("use_atlas"))
            connection.execute(query("create_schema_migrations"))
            for migration in migrations():
                connection.execute(migration.read_text(encoding="utf-8"))
            connection.execute(definitions())
        with closing(connect(file, read_only=True)) as connection:
            return digests(connection, "definitions_of_tables_and_views", "definitions_of_macros")


def _differing(found: Mapping[Named, str], expected: Mapping[Named, str], kinds: Sequence[str]) -> list[Named]:
    return [key for key, digest in expected.items() if key[0] in kinds and found.get(key) != digest]


def _altered(path: Path, found: Mapping[Named, str], altered: list[Named]) -> DatabaseError:
    kind, name = altered[0]
    if (kind, name) in found:
        problem = f"its {kind} {name} is not that of coexpr"
    elif ("view", name) in found:
        problem = f"{name} is a view and not a table"
    else:
        problem = f"it has no {kind} {name}"
    others = f", and {len(altered) - 1} others differ" if len(altered) > 1 else ""
    remedy = "Load the downloads into a new database."
    if all(kind != "table" for kind, _ in altered):
        remedy = "Load any download again to restore them: coexpr ingest PATH"
    return DatabaseError(f"{path} is not as coexpr wrote it: {problem}{others}. {remedy}")
