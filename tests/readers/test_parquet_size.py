"""The numbers of values in the footer of a Parquet file are those of other programs, and damage is refused."""

import io
from collections.abc import Callable
from pathlib import Path

import duckdb
import hypothesis.strategies as st
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from coexpr.errors import ResultFileError
from coexpr.readers.parquet_size import size_of_parquet
from coexpr.readers.result_file import read_result

TABLE = pa.table(
    {
        "n": pa.array([1, 2, None, 4], pa.int16()),
        "name": pa.array(["NTRK2", "BDNF", None, "é"]).dictionary_encode(),
        "values": [[1.0, 2.0, 3.0], [], None, [4.0]],
        "pair": [{"a": True, "b": [b"x", b"yy"]}, None, {"a": None, "b": []}, {"a": False, "b": None}],
        "map": pa.array([[("a", 1.5)], [], None, [("b", None), ("c", 2.0)]], pa.map_(pa.string(), pa.float64())),
    },
    metadata={"provenance": "{}" * 200},
)


def counts_of_pyarrow(path: Path) -> tuple[int, int]:
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        values = sum(group.column(column).num_values for group in groups for column in range(group.num_columns))
        return max(values, file.metadata.num_rows), sum(group.total_byte_size for group in groups)


@pytest.mark.parametrize("rows", [1, 2, 100])
@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
@pytest.mark.parametrize("with_page_index", [True, False])
def test_numbers_are_those_of_pyarrow(tmp_path: Path, rows: int, compression: str, with_page_index: bool) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(TABLE, path, row_group_size=rows, compression=compression, write_page_index=with_page_index)
    assert size_of_parquet(path) == counts_of_pyarrow(path)
    assert size_of_parquet(path)[0] > TABLE.num_rows * TABLE.num_columns


def test_a_file_of_duckdb_and_a_file_without_rows_or_columns(tmp_path: Path) -> None:
    path = tmp_path / "duckdb.parquet"
    duckdb.sql("SELECT n, [n, n] AS pair, n::varchar AS text FROM range(300_000) AS t (n)").write_parquet(str(path))
    assert size_of_parquet(path) == counts_of_pyarrow(path)
    assert size_of_parquet(path)[0] == 1_200_000
    for table in (TABLE.slice(0, 0), TABLE.select([])):
        pq.write_table(table, path)
        assert size_of_parquet(path) == counts_of_pyarrow(path)


def test_damage_that_ends_the_process_in_pyarrow_is_refused(tmp_path: Path) -> None:
    """A column that is required, with statistics of one that may be null: pyarrow 26 aborts if asked for its values."""
    path, written = tmp_path / "r.parquet", io.BytesIO()
    pq.write_table(TABLE.select(["n"]), written)
    changed = written.getvalue().replace(b"\x25\x02\x18\x01n", b"\x25\x00\x18\x01n")
    assert changed != written.getvalue()
    path.write_bytes(changed)
    with pytest.raises(ResultFileError, match=r"r\.parquet is damaged .*Use another copy"):
        read_result(path)


def write_changed(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Write a file of 1,000 rows whose footer is changed; the pages stay where they are."""
    written = io.BytesIO()
    pq.write_table(pa.table({"n": range(1000)}), written, compression="none", use_dictionary=False, store_schema=False)
    content = written.getvalue()
    size = int.from_bytes(content[-8:-4], "little")
    footer = change(content[-8 - size : -8])
    path.write_bytes(content[: -8 - size] + footer + len(footer).to_bytes(4, "little") + b"PAR1")


def number(value: int) -> bytes:
    """Return a number as Thrift writes it."""
    value, written = value << 1, b""
    while value > 127:
        written += bytes([value & 127 | 128])
        value >>= 7
    return written + bytes([value])


@pytest.mark.parametrize(
    "fields",
    [
        b"\x0a\x08\x0c\x05\x06\x00",  # field 4 again, as a set without elements, and field 3, as 0
        b"\x06\x8a\x80\x08\x00",  # field 65541, which is 5 in 16 bits
        b"\x06\x09\x00",  # field -5
    ],
)
def test_a_field_that_is_repeated_or_has_no_valid_number_is_refused(tmp_path: Path, fields: bytes) -> None:
    path = tmp_path / "r.parquet"
    write_changed(path, lambda footer: footer)
    assert size_of_parquet(path) == counts_of_pyarrow(path)
    write_changed(path, lambda footer: footer[:-1] + fields + b"\0")
    with pytest.raises(ValueError, match=r"the field -?\d+ in its description"):
        size_of_parquet(path)


def test_pages_with_more_than_the_footer_says(tmp_path: Path) -> None:
    path, honest = tmp_path / "r.parquet", tmp_path / "honest.parquet"
    write_changed(honest, lambda footer: footer)
    for true in counts_of_pyarrow(honest):  # which are fields of eight bytes
        written, lie = b"\x16" + number(true), b"\x16" + number(1)
        write_changed(path, lambda footer, written=written, lie=lie: footer.replace(written, lie))  # type: ignore[misc]
        assert path.read_bytes() != honest.read_bytes()
        values, size = size_of_parquet(path)
        assert values == 1000
        assert size >= 8000


@pytest.mark.parametrize(
    "footer",
    [
        b"\x36\x02\x19\x19\x00\x00",  # row groups that are lists
        b"\x36\x02\x19\x18\x00\x00",  # row groups that are text
        b"\x36\x02\x19\xfc" + b"\xff" * 9 + b"\x7f" + b"\0" * 100,  # as many row groups as a number can say
        b"\x19" * 100_000,  # lists of lists
        b"\x1c" * 100_000,  # structures in structures
        b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",  # a text that is longer than any file
        b"\x1d",
        b"",
    ],
)
def test_hostile_footers_are_refused(tmp_path: Path, footer: bytes) -> None:
    path = tmp_path / "r.parquet"
    write_changed(path, lambda _: footer)
    with pytest.raises(ResultFileError, match=r"r\.parquet is damaged"):
        read_result(path)


@pytest.mark.parametrize(
    "end", [b"", b"PAR1", b"\0\0\0\0PAR1", b"\xff\xff\xff\x7fPAR1", b"\x03\0\0\0PAR2", b"\1\0\0\0PAR1"]
)
def test_files_without_a_footer_are_refused(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "r.parquet"
    path.write_bytes(b"PAR1\0" + end)
    with pytest.raises(ValueError, match=r"its end is not that of a Parquet file|in its description"):
        size_of_parquet(path)
    with pytest.raises(ResultFileError, match=r"r\.parquet is damaged"):
        read_result(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_footer_has_numbers_or_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    path, written = tmp_path / "r.parquet", io.BytesIO()
    pq.write_table(TABLE, written)
    content = bytearray(written.getvalue())
    size = int.from_bytes(content[-8:-4], "little")
    for place in data.draw(st.lists(st.integers(len(content) - 8 - size, len(content) - 9), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        values, size = size_of_parquet(path)
    except ValueError:
        return
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, ValueError, pa.ArrowException):
        return
    leaves = sum(len(pc.list_flatten(table[name])) for name in ("values",) if name in table.column_names)
    assert values >= max(leaves, table.num_rows)
    assert size > 0 or not values
