from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coexpr.database.name_index import _read_names, _search, find_names, index_path
from coexpr.errors import DatabaseError


class _Lines(bytes):
    """Bytes with the methods of a mapped file."""


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\t"), min_size=1)), st.text(max_size=3))
def test_a_search_finds_the_lines_that_begin_so(names: list[str], prefix: str) -> None:
    sections = sorted(f"{name}\tx" for name in names)
    encoded = sorted(line.encode() for line in sections)
    text = b"head\n" + b"".join(line + b"\n" for line in encoded) + b"next section\n"
    start, stop = len(b"head\n"), len(text) - len(b"next section\n")
    found = list(_search(_Lines(text), start, stop, prefix.encode()))  # type: ignore[arg-type]
    assert found == [line.decode() for line in encoded if line.startswith(prefix.encode())]


@pytest.mark.long
@pytest.mark.parametrize("prefix", ["", "n", "NTRK", "a_23", "go:00", "hip", "98", "no such name"])
def test_the_index_gives_what_the_database_has(synthetic_database: Path, prefix: str) -> None:
    for kind, lines in _read_names(synthetic_database).items():
        of_database = [tuple(line.split("\t")[1:]) for line in lines if line.startswith(prefix.upper())]
        for _ in range(2):  # without the index, then with it
            assert find_names(synthetic_database, kind, prefix, 10**6) == of_database
    assert index_path(synthetic_database).exists()


def test_an_index_of_another_database_is_replaced(prepared_database: Path) -> None:
    find_names(prepared_database, "donors", "", 10)
    index = index_path(prepared_database)
    content = index.read_bytes()
    index.write_bytes(content.replace(b'"key": "', b'"key": "0'))
    assert find_names(prepared_database, "categories", "nervous system dev", 1)[0][0] == "nervous system development"
    assert index.read_bytes() == content


@pytest.mark.long
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 5000, b'{"key": 1}\n'])
def test_a_damaged_index_is_replaced(prepared_database: Path, content: bytes) -> None:
    index_path(prepared_database).write_bytes(content)
    assert find_names(prepared_database, "categories", "nervous system dev", 1)[0][0] == "nervous system development"
    assert index_path(prepared_database).stat().st_size > len(content)


def test_without_caches_none_is_written(prepared_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COEXPR_CACHE", "off")
    assert find_names(prepared_database, "categories", "nervous system dev", 1)
    assert not index_path(prepared_database).exists()


def test_without_a_database_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="there is no database"):
        find_names(tmp_path / "none.duckdb", "donors", "", 1)
    assert not list(tmp_path.iterdir())
