"""DuckDB-Wasm: the two files of its package that a bundle needs, their addresses, and where they are on this computer.

Exactly one release is accepted. Pages send messages to its worker, whose form is internal to a release.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from coexpr.errors import OutputError
from coexpr.resources import database_path

VERSION = "1.32.0"
DUCKDB_VERSION = "1.4.3"
PACKAGE = "@duckdb/duckdb-wasm"
URL = f"https://cdn.jsdelivr.net/npm/{PACKAGE}@{VERSION}/dist"
PROGRAM = "duckdb-eh.wasm"
WORKER = "duckdb-browser-eh.worker.js"
# The SHA-256 of each file.
FILES: Mapping[str, str] = {
    PROGRAM: "4c221bfa59c11f24dbd750e70c90b9252eca6eec5633936e6a2ec766e55fd879",
    WORKER: "f8ab72b6b90b3ad83077d47426d4a99d5d9a4c7e07cba1a2be37d655adc7c1ab",
}


def find_duckdb_wasm(folder: Path | str | None, database: Path | str | None = None) -> dict[str, Path]:
    """Return the path of each file of `FILES`.

    Parameters
    ----------
    folder : path, optional
        An unpacked package, or a folder of its files. By default the folders in which `coexpr fetch` puts them: next to
        the database, and next to the default database.
    database : path, optional

    Raises
    ------
    OutputError
        If they are not there, or are not those of this release.
    """
    if folder is not None:
        return _files_in(Path(folder))
    # The folder is that of `coexpr.fetching.fetch.default_folder`, whose package needs an extra.
    for candidate in (database_path(path).parent / "downloads" for path in (database, None)):
        if all((candidate / name).is_file() for name in FILES):
            return _files_in(candidate)
    raise OutputError(
        f"DuckDB-Wasm {VERSION}, which the pages need, is not here. Fetch it with: coexpr fetch duckdb-wasm. Or give "
        f"the folder of an unpacked npm package {PACKAGE} as `duckdb_wasm`."
    )


def _files_in(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise OutputError(f"`duckdb_wasm` {folder}: there is no such folder.")
    _refuse_other_package(folder)
    inside = folder / "dist" if (folder / "dist").is_dir() else folder
    files = {name: inside / name for name in FILES}
    if missing := [name for name, path in files.items() if not path.is_file()]:
        raise OutputError(
            f"`duckdb_wasm` {folder} has no file {missing[0]}. Expected the unpacked npm package {PACKAGE} "
            f"{VERSION}, or its files."
        )
    for name, path in files.items():
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != FILES[name]:
                raise OutputError(
                    f"{path} is not that of DuckDB-Wasm {VERSION}: its SHA-256 is another one. Use this release, or "
                    "fetch it with: coexpr fetch duckdb-wasm"
                )
    return files


def _refuse_other_package(folder: Path) -> None:
    """Raise OutputError if a folder is a package of another name or version; a folder may have no package.json."""
    try:
        package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except ValueError:
        package = None
    found = (package.get("name"), package.get("version")) if isinstance(package, dict) else ("an unreadable one", "")
    if found != (PACKAGE, VERSION):
        raise OutputError(
            f"`duckdb_wasm` {folder} is the npm package {found[0]} {found[1]}; expected {PACKAGE} {VERSION}, which is "
            f"DuckDB {DUCKDB_VERSION}."
        )
