"""DuckDB-Wasm: two files of one release, which are compared with their pinned SHA-256."""

import pytest
from bundling.extracting import unpacked_duckdb_wasm
from fetching.archive import Fetching
from helpers.http_server import ServedFile, cut, stall

from coexpr.bundling.duckdb_wasm import FILES, PROGRAM, URL, WORKER, find_duckdb_wasm
from coexpr.fetching.catalogue import DATA_GROUPS, GROUPS, files_of

GROUP = "duckdb-wasm"
PROBLEM = "its SHA-256 is not that of DuckDB-Wasm 1.32.0"


def test_the_group_is_not_part_of_all_data() -> None:
    assert {*GROUPS} - {*DATA_GROUPS} == {GROUP}
    files = files_of([GROUP])
    assert {file.name for file in files} == set(FILES)
    assert all(file.url == f"{URL}/{file.name}" for file in files)


def test_the_release_is_fetched_and_found(fetching: Fetching) -> None:
    found = find_duckdb_wasm(unpacked_duckdb_wasm())
    for name, path in found.items():
        fetching.server.files[name] = ServedFile(path.read_bytes())
    fetching.server.faults[PROGRAM] = [cut(1_000_000)]  # the transfer continues
    result = fetching(GROUP)
    assert dict(zip(result.column("file"), result.column("sha256"), strict=True)) == dict(FILES)
    assert find_duckdb_wasm(fetching.folder) == {name: fetching.folder / name for name in FILES}
    assert fetching(GROUP).column("status") == ["already there"] * 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "body", "problem"),
    [
        (PROGRAM, b"\0asm\1\0\0\0", f"{PROGRAM} is damaged ({PROBLEM})"),
        (WORKER, b'"use strict";alert(1)', f"{WORKER} is damaged ({PROBLEM})"),
        (PROGRAM, b"<html><title>Log in</title>", "a web page (Log in), not a WebAssembly file"),
        (WORKER, b"Not found", "a message (Not found), not a JavaScript file"),
    ],
)
def test_another_file_is_refused(fetching: Fetching, name: str, body: bytes, problem: str) -> None:
    # Both files are wrong: which of the two is reported depends on which arrives first.
    for file in FILES:
        fetching.server.files[file] = ServedFile(body if file == name else b"")
        fetching.server.faults[file] = [] if file == name else [stall(0)] * 99
    assert problem in fetching.error(GROUP)
    assert not set(FILES) & fetching.names
