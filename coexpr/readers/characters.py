"""Numbers of well-formed lines, read as arrays of characters.

This takes a fraction of the time of parsing cells one by one. Each function returns None for text that is not exactly
as expected, which is then parsed cell by cell (see `coexpr.readers.matrices`).
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# Most digits of a probe id.
_MOST_DIGITS = 18
# Cells are read in windows of this many characters, the last of which is that before the separator.
_WINDOW = 16
# Decimals of a cell: at least those of the second half of the window. With at most 12, and 1 or 2 digits before the
# point, a cell fits in the window, its digits are an integer below 2**53, and the quotient of that and a power of ten
# is the nearest double, as in `float`. Because 5**12 is less than 2**29, the double is not half-way between two floats
# unless the number is, so the float nearest to the double is that nearest to the number. The few cells with other
# numbers of decimals are parsed one by one.
_FEWEST_DECIMALS, _MOST_DECIMALS = 8, 12
# If more cells than this fraction of a block have an unusual number of digits, the block is parsed cell by cell.
_MOST_UNUSUAL = 0.05
_POINT, _COMMA, _LINE_END, _ZERO, _NINE = (ord(character) for character in ".,\n09")


def _digits(count: int) -> int:
    """Return the mask of the last `count` characters of a word of 8, which keeps the values of digits."""
    return sum(0x0F << (8 * place) for place in range(8 - count, 8))


_ALL_DIGITS = np.uint64(_digits(8))
# By the number of decimals: those in the first half of the window; and the power of ten.
_DECIMALS = np.array([_digits(max(0, count - 8)) for count in range(_WINDOW + 1)], dtype=np.uint64)
_POWERS = 10.0 ** np.arange(_WINDOW + 1)
# By the number of characters of a cell: its digits in the first half of the window, without the point.
_CELLS = np.array([_digits(max(0, count - 9)) for count in range(_WINDOW + 1)], dtype=np.uint64)


def decimals_of_lines(text: bytes, n_samples: int) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
    """Return the ids and values of lines of an id and positive decimal numbers, such as 3.61579168071.

    Parameters
    ----------
    text : bytes
        Whole lines.
    n_samples : int
        Numbers of a line, S.

    Returns
    -------
    ids : (n,) int64
    values : (n, S) float32
        Each is the float nearest to the decimal number.
    """
    characters = np.frombuffer(text, np.uint8)
    found = np.flatnonzero(characters < _ZERO)
    if not len(found) or len(found) % (2 * n_samples + 1) or characters.max() > _NINE or len(text) < _WINDOW:
        return None
    marks = found.reshape(-1, 2 * n_samples + 1)  # of a line: a comma, then a point and a comma or line end per number
    points, ends = marks[:, 1::2], marks[:, 2::2]
    ids = _ids_before(text, marks[:, 0], ends[:, -1])
    if (
        ids is None
        or ends[-1, -1] != len(text) - 1
        or (characters[points] != _POINT).any()
        or (characters[ends[:, -1]] != _LINE_END).any()
        or np.count_nonzero(characters == _COMMA) != ends.size  # all other marks
        or np.count_nonzero(characters == _POINT) != ends.size
    ):
        return None
    decimals = ends - points
    decimals -= 1
    lengths = np.diff(marks[:, ::2])
    lengths -= 1
    unusual = (decimals < _FEWEST_DECIMALS) | (decimals > _MOST_DECIMALS)
    unusual |= (lengths < decimals + 2) | (lengths > decimals + 3) | (ends < _WINDOW)
    if np.count_nonzero(unusual) > _MOST_UNUSUAL * unusual.size:
        return None
    numbers = _integers(text, ends, decimals, lengths).astype(np.float64)
    numbers /= _POWERS.take(decimals, mode="clip")
    values = numbers.astype(np.float32)
    if unusual.any():
        rows, columns = np.nonzero(unusual)
        starts = marks[rows, 2 * columns] + 1
        cells = [text[start:end].decode() for start, end in np.stack([starts, ends[rows, columns]], axis=1).tolist()]
        try:
            values[rows, columns] = pa.array(cells).cast(pa.float32()).to_numpy()
        except pa.ArrowInvalid:
            return None
    return ids, values


def _integers(
    text: bytes, ends: NDArray[np.intp], decimals: NDArray[np.intp], lengths: NDArray[np.intp]
) -> NDArray[np.uint64]:
    """Return the digits of cells as integers, without the point: 361579168071 for 3.61579168071."""
    windows = np.ndarray((len(text) - _WINDOW + 1,), dtype=f"V{_WINDOW}", buffer=text, strides=(1,))
    halves = windows[ends - _WINDOW].view("<u8")
    first, second = halves[:, ::2], halves[:, 1::2] & _ALL_DIGITS
    after = _DECIMALS.take(decimals, mode="clip")
    before = _CELLS.take(lengths, mode="clip")
    before ^= after
    before &= first << np.uint64(8)  # over the point
    after &= first
    before |= after
    integers = _number_of(before)
    integers *= np.uint64(10**8)
    integers += _number_of(second)
    return integers


def _number_of(digits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the numbers of words of 8 digits, the first in the lowest byte; `digits` is overwritten.

    Neighbours are combined to pairs, pairs to fours, and fours to eights.
    """
    every_fourth = np.uint64(0x000000FF000000FF)
    following = digits >> np.uint64(8)
    digits *= np.uint64(10)
    digits += following
    following = digits >> np.uint64(16)
    following &= every_fourth
    following *= np.uint64(1 + (10_000 << 32))
    digits &= every_fourth
    digits *= np.uint64(100 + (1_000_000 << 32))
    digits += following
    digits >>= np.uint64(32)
    return digits


def _ids_before(text: bytes, commas: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.int64] | None:
    """Return the number that each line begins with; None if it is missing or too long."""
    starts = [0, *(ends[:-1] + 1).tolist()]
    cells = [text[start:comma] for start, comma in zip(starts, commas.tolist(), strict=True)]
    if not all(cell.isdigit() and len(cell) <= _MOST_DIGITS for cell in cells):
        return None
    return np.array([int(cell) for cell in cells], dtype=np.int64)


def calls_of_equal_lines(text: bytes, n_samples: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]] | None:
    """Return the ids and present calls of lines of equal length: a number, then commas and digits 0 and 1.

    Returns
    -------
    ids : (n,) int64
    present : (n, S) bool
    """
    width = text.find(b"\n") + 1
    digits = width - 1 - 2 * n_samples
    if digits < 1 or digits > _MOST_DIGITS or len(text) % width:
        return None
    lines = np.frombuffer(text, np.uint8).reshape(-1, width)
    number = lines[:, :digits] - np.uint8(_ZERO)
    cells = np.ascontiguousarray(lines[:, digits:-1]).view("<u2")  # a comma and a digit
    present, absent = (cells == _COMMA + (ord(call) << 8) for call in "10")
    if (number > 9).any() or not (present ^ absent).all() or (lines[:, -1] != _LINE_END).any():
        return None
    return number @ 10 ** np.arange(digits - 1, -1, -1, dtype=np.int64), present
