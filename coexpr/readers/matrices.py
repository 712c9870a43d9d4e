"""Large CSV files of numbers without a header: a probe id, then one value per sample.

Files are read in blocks of whole lines. One thread decompresses the next block while others parse the previous blocks
as characters or, if they are not of the usual form, with pyarrow, one block per thread, because pyarrow's own threads
do not speed up tables this wide. If a block cannot be parsed, that block alone is searched for the bad cell, so that
the message can name row and column.
"""

import codecs
import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from coexpr.errors import DownloadError
from coexpr.readers.characters import calls_of_equal_lines, decimals_of_lines
from coexpr.readers.place import Place
from coexpr.readers.tables import decimal_number

_AGAIN = "Download it again."
_BLOCK_BYTES = 1_000_000
_PARSERS = 2
# The longest line of any file, and the most characters of a value in a longer line.
_LONGEST_LINE = 2_000_000
_LONGEST_VALUE = 40
# A donor of the whole atlas has 55.5 million, in 946 columns.
_MOST_VALUES = 120_000_000
_MOST_SAMPLES = 20_000
_LINE_FEED = ord("\n")
_PROBE_ID = re.compile(r" *[0-9]{1,18} *")
_LINE_END = re.compile(rb"\r\n|\n|\r")
# Larger than any log2 intensity, and much smaller than intensities without a logarithm.
_LARGEST_LOG2 = 64


def read_log2(
    place: Place, file_name: str, probe_ids: NDArray[np.int64], n_samples: int, notes: list[str] | None = None
) -> NDArray[np.float32]:
    """Read log2 intensities.

    Parameters
    ----------
    place, file_name
        The folder of the file, and its name.
    probe_ids : (P,) int64, ascending
        The probes that the file must contain, each once, in any order.
    n_samples : int
        Values per row, S.
    notes : list of str, optional
        A note is appended if the last number may be incomplete.

    Returns
    -------
    (P, S) float32
        Rows in the order of `probe_ids`, columns as in the file, NaN where a cell is blank.

    Raises
    ------
    DownloadError
        If the file is not as expected; the message names file, row and column.
    """
    _check_size(place, file_name, len(probe_ids), n_samples)
    values = np.empty((len(probe_ids), n_samples), dtype=np.float32)
    notes = [] if notes is None else notes
    for rows, block in _placed_blocks(place, file_name, probe_ids, n_samples, pa.float32(), notes):
        values[rows] = block
    return values


def read_calls(place: Place, file_name: str, probe_ids: NDArray[np.int64], n_samples: int) -> NDArray[np.bool_]:
    """Read present calls, 0 or 1; see `read_log2` for parameters and errors.

    Returns
    -------
    (P, S) bool
        Rows in the order of `probe_ids`, columns as in the file.
    """
    _check_size(place, file_name, len(probe_ids), n_samples)
    present = np.empty((len(probe_ids), n_samples), dtype=np.bool_)
    for rows, block in _placed_blocks(place, file_name, probe_ids, n_samples, pa.uint8(), []):
        present[rows] = block
    return present


def _check_size(place: Place, file_name: str, n_probes: int, n_samples: int) -> None:
    """Raise DownloadError if a file cannot contain the values of so many probes and samples."""
    where, size = place.locate(file_name), place.size(file_name)
    expected = f"the values of {n_probes:,} probes and {n_samples:,} samples"
    if n_probes * n_samples > _MOST_VALUES or n_samples > _MOST_SAMPLES:
        raise DownloadError(
            f"{where}: {expected} are too many. Expected at most {_MOST_SAMPLES:,} samples and {_MOST_VALUES:,} values."
        )
    if size < n_probes * n_samples:
        raise DownloadError(f"{where} is too short: {size:,} bytes cannot contain {expected}.", remedy=_AGAIN)
    if size > _LONGEST_LINE + n_probes * (n_samples + 1) * _LONGEST_VALUE:
        raise DownloadError(f"{where} is too long: {size:,} bytes for {expected}.", remedy=_AGAIN)


def _placed_blocks(
    place: Place,
    file_name: str,
    probe_ids: NDArray[np.int64],
    n_samples: int,
    value_type: pa.DataType,
    notes: list[str],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.generic]]]:
    """Yield blocks of values with their rows in `probe_ids`; check that each probe occurs once."""
    where = place.locate(file_name)
    seen = np.zeros(len(probe_ids), dtype=np.bool_)
    with place.open(file_name) as stream:
        blocks = _blocks_of_lines(_until(stream, place.size(file_name), where), n_samples, where, notes)
        for ids, values in _parsed_blocks(blocks, n_samples, value_type, where):
            rows = np.minimum(np.searchsorted(probe_ids, ids), len(probe_ids) - 1)
            absent = probe_ids[rows] != ids
            if absent.any():
                raise DownloadError(
                    f"{where}: probe {ids[absent][0]} is not in Probes.csv. The files belong to different downloads."
                )
            if seen[rows].any() or len(np.unique(rows)) < len(rows):
                repeated = ids[seen[rows]] if seen[rows].any() else _repeated(ids)
                raise DownloadError(f"{where}: probe {repeated[0]} has two rows.")
            seen[rows] = True
            yield rows, values
            place.when_read(len(rows) / len(probe_ids) * place.size(file_name))
            if place.is_given_up:
                raise DownloadError(f"{where}: reading was cancelled.")
    if not seen.all():
        raise DownloadError(
            f"{where} ends too early: {int(seen.sum()):,} rows for the {len(probe_ids):,} probes of Probes.csv; "
            f"probe {probe_ids[~seen][0]} is the first without a row.",
            remedy="Download it again.",
        )


def _until(stream: IO[bytes], size: int, where: str) -> Callable[[int], bytes]:
    """Return the function that reads the next bytes of a file, which must not become longer."""
    left = size

    def read(most: int) -> bytes:
        nonlocal left
        block = stream.read(most)
        left -= len(block)
        if left < 0:
            raise DownloadError(f"{where} became longer than {size:,} bytes while it was read.")
        return block

    return read


def _parsed_blocks(
    blocks: Iterable[tuple[int, bytes]], n_samples: int, value_type: pa.DataType, where: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.generic]]]:
    """Yield the ids and values of blocks of lines in order, parsing several blocks at a time."""
    with ThreadPoolExecutor(max_workers=_PARSERS) as parsers:
        waiting: deque[Future[tuple[NDArray[np.int64], NDArray[np.generic]]]] = deque()
        for first_row, text in blocks:
            waiting.append(parsers.submit(_parse, text, first_row, n_samples, value_type, where))
            if len(waiting) > _PARSERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _repeated(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    unique, counts = np.unique(ids, return_counts=True)
    return unique[counts > 1]


def _blocks_of_lines(
    read: Callable[[int], bytes], n_samples: int, where: str, notes: list[str]
) -> Iterator[tuple[int, bytes]]:
    """Yield whole lines with the number of the first, prefetching one block; note a last number that may be cut."""
    row = 1
    rest = b""
    longest = max(_LONGEST_LINE, (n_samples + 1) * _LONGEST_VALUE)
    with ThreadPoolExecutor(max_workers=1) as reader:
        prefetched = reader.submit(read, _BLOCK_BYTES)
        while block := prefetched.result():
            prefetched = reader.submit(read, _BLOCK_BYTES)
            if row == 1 and not rest:
                block = block.removeprefix(codecs.BOM_UTF8)
            end = block.rfind(b"\n") + 1
            if not end and len(rest) + len(block) > longest:
                raise DownloadError(
                    f"{where}, row {row}: no end of line in {longest:,} bytes. Expected a probe id and {n_samples:,} "
                    "values."
                )
            if end:
                lines = b"".join((rest, memoryview(block)[:end]))
                yield row, lines
                row += int(np.count_nonzero(np.frombuffer(lines, np.uint8) == _LINE_FEED))
                rest = block[end:]
            else:
                rest += block
    if rest.strip():
        notes += _about_last_number(rest, where)
        yield row, rest


def _about_last_number(line: bytes, where: str) -> list[str]:
    """Return a note if the last line has no line end and its last number has fewer decimals than its other numbers.

    There is no other sign of a file that is cut within its last number.
    """
    cells = _LINE_END.split(line.rstrip(b"\r\n"))[-1].split(b",")[1:]
    decimals = [len(cell.partition(b".")[2]) for cell in cells]
    if line.endswith((b"\r", b"\n")) or not cells or not cells[-1] or decimals[-1] >= max(decimals):
        return []
    return [
        f"{where} does not end with an end of line, and its last number, {cells[-1].decode(errors='replace'):.20}, has "
        "fewer digits than others: it may be cut. Compare the size of the file with that of the download."
    ]


def _parse(
    text: bytes, first_row: int, n_samples: int, value_type: pa.DataType, where: str
) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
    """Return the ids (n,) and the values (n, S) of a block of lines."""
    from_characters = decimals_of_lines if value_type == pa.float32() else calls_of_equal_lines
    if (numbers := from_characters(text, n_samples)) and _are_usable(numbers[1], 0):
        return numbers
    names = [str(number) for number in range(n_samples + 1)]
    if b"x" in text or b"X" in text:  # pyarrow reads 0x10 as 16
        raise _explained(text, first_row, n_samples, value_type, where, "a number such as 0x10")
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=len(text) + 1, use_threads=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: value_type for name in names} | {"0": pa.int64()}, null_values=[""]
            ),
        ).combine_chunks()
    except pa.ArrowInvalid as error:
        raise _explained(text, first_row, n_samples, value_type, where, str(error)) from None
    if not table.num_rows:
        return np.empty(0, np.int64), np.empty((0, n_samples), value_type.to_pandas_dtype())
    ids, *columns = table.to_batches()[0].columns
    blanks = sum(column.null_count for column in columns)
    if ids.null_count or (blanks and value_type != pa.float32()):
        raise _explained(text, first_row, n_samples, value_type, where, "a blank cell")
    batch = pa.record_batch(columns, names=names[1:])
    values = batch.to_tensor(null_to_nan=bool(blanks), row_major=True).to_numpy()
    if not _are_usable(values, blanks):
        raise _explained(text, first_row, n_samples, value_type, where, "a value out of range")
    return ids.to_numpy(), values


def _are_usable(values: NDArray[np.generic], blanks: int) -> bool:
    """Return whether calls are 0 or 1, or log2 values other than blank cells are in range."""
    if values.dtype == np.bool_:
        return True
    if values.dtype == np.uint8:
        return not values.size or bool(values.max() <= 1)
    return int(np.count_nonzero(np.abs(values) <= _LARGEST_LOG2)) == values.size - blanks


def _explained(
    text: bytes, first_row: int, n_samples: int, value_type: pa.DataType, where: str, reason: str
) -> DownloadError:
    """Return the error for the first bad cell of a block that could not be parsed; `reason` if none is found."""
    is_good, expected = (_is_log2, "a log2 intensity") if value_type == pa.float32() else (_is_call, "0 or 1")
    lines = [line.decode("utf-8", errors="replace") for line in _LINE_END.split(text)]
    for row, line in enumerate(lines, start=first_row):
        try:
            cells = next(csv.reader([line]), [])
        except csv.Error as error:
            return DownloadError(f"{where}, row {row}: not text with commas ({error}).")
        if not cells:
            continue
        if len(cells) != n_samples + 1:
            return DownloadError(
                f"{where}, row {row}: expected {n_samples + 1:,} cells (a probe id and {n_samples:,} samples), "
                f"found {len(cells):,}."
            )
        if not _PROBE_ID.fullmatch(cells[0]):
            return DownloadError(f"{where}, row {row}, column 1: expected a probe id, found {cells[0]!r:.60}.")
        for column, cell in enumerate(cells[1:], start=2):
            if not is_good(cell):
                return DownloadError(f"{where}, row {row}, column {column}: expected {expected}, found {cell!r:.60}.")
    return DownloadError(f"{where}, rows {first_row} to {first_row + len(lines)}: {reason}.")


def _is_log2(cell: str) -> bool:
    try:
        return not cell or abs(decimal_number(cell)) <= _LARGEST_LOG2
    except ValueError:
        return False


def _is_call(cell: str) -> bool:
    return cell.strip() in ("0", "1")
