"""Numbers that are read as characters are right to the last bit, and other text is left to the parser."""

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coexpr.errors import DownloadError
from coexpr.readers import matrices
from coexpr.readers.characters import decimals_of_lines

# Twelve significant digits are usual; short and long numbers occur.
numbers = st.builds(
    lambda whole, decimals: f"{whole}.{decimals}",
    st.integers(0, 63),
    st.one_of(*(st.text("0123456789", min_size=n, max_size=n) for n in (8, 9, 10, 11, 11, 12))),
)
unusual = st.sampled_from(["5.25", "0.1", "7.", "12.123456789012345", "63.99999999999999999999", "007.12345678901"])


def nearest_float(text: str) -> np.float32:
    """Return the float32 nearest to a decimal number, by exact arithmetic; the even one of two."""
    exact = Fraction(text)
    first = np.float32(float(text))
    candidates = [np.nextafter(first, np.float32(-1)), first, np.nextafter(first, np.float32(100))]
    return min(candidates, key=lambda one: (abs(Fraction(float(one)) - exact), one.view(np.uint32) & 1))


def lines_of(rows: list[list[str]]) -> bytes:
    return "".join(",".join([str(1_000_000 + number), *cells]) + "\n" for number, cells in enumerate(rows)).encode()


@pytest.mark.long
@given(
    st.integers(1, 40).flatmap(lambda width: st.lists(st.lists(numbers, min_size=width, max_size=width), min_size=1))
)
def test_a_number_is_the_nearest_float(rows: list[list[str]]) -> None:
    found = decimals_of_lines(lines_of(rows), len(rows[0]))
    assert found is not None
    ids, values = found
    assert values.dtype == np.float32
    np.testing.assert_array_equal(ids, 1_000_000 + np.arange(len(rows)))
    np.testing.assert_array_equal(values, [[nearest_float(cell) for cell in row] for row in rows])


@pytest.mark.long
@given(st.lists(numbers, min_size=60, max_size=80), st.lists(unusual, max_size=3), st.randoms())
def test_a_few_numbers_with_other_digits_are_among_them(cells: list[str], others: list[str], order: object) -> None:
    cells += others
    order.shuffle(cells)
    found = decimals_of_lines(lines_of([cells]), len(cells))
    assert found is not None
    np.testing.assert_array_equal(found[1], [[nearest_float(cell) for cell in cells]])


@pytest.mark.long
@pytest.mark.parametrize("exponent", [-3, 0, 3, 5])
@pytest.mark.parametrize("decimals", [11, 12, 13])
def test_a_number_next_to_the_middle_of_two_floats_is_rounded_once(exponent: int, decimals: int) -> None:
    middles = [2.0**exponent * (1 + (2 * number + 1) / 2**24) for number in range(5_000)]
    cells = [f"{middle:.{decimals}f}" for middle in middles]
    found = decimals_of_lines(lines_of([cells]), len(cells))
    assert (found is None) == (decimals == 13)
    if found:
        np.testing.assert_array_equal(found[1], [[nearest_float(cell) for cell in cells]])


GOOD = b"1058685,3.61579168071,12.1380736794\n1058686,2.48054150236,0.96497183239\n"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        GOOD[:-1],
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"\n", b"\n\n", 1),
        GOOD.replace(b"3.615", b"-3.61"),
        GOOD.replace(b"3.61579168071", b"3.61579168e01"),
        GOOD.replace(b"3.61579168071", b"3.615.9168071"),
        GOOD.replace(b"3.61579168071", b"361579168071"),
        GOOD.replace(b"3.61579168071", b".361579168071"),
        GOOD.replace(b"3.61579168071", b""),
        GOOD.replace(b"3.61579168071", b"3,61579168071"),
        GOOD.replace(b"3.61579168071", b" 3.6157916807"),
        GOOD.replace(b"3.61579168071", b"3.615791680\xb2"),
        GOOD.replace(b",12.1", b";12.1"),
        GOOD.replace(b"1058686", b""),
        GOOD.replace(b"1058686", b"105868x"),
        GOOD.replace(b"1058686", b"1" * 19),
        GOOD.replace(b"2.48054150236,", b""),
        GOOD.replace(b"2.48054150236,", b"2.48054150236\n"),
    ],
)
def test_other_text_is_left_to_the_parser(text: bytes) -> None:
    assert decimals_of_lines(GOOD, 2) is not None
    assert decimals_of_lines(text, 2) is None


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(b'0123456789.,\n\r+-eE "\0x\xff'), st.booleans())
def test_a_changed_character_is_read_or_refused_as_by_the_parser(place: int, character: int, inserted: bool) -> None:
    text = GOOD[:place] + bytes([character]) + GOOD[place + (not inserted) :]
    outcomes = []
    for reader in (decimals_of_lines, lambda text, n_samples: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(matrices, "decimals_of_lines", reader)
            try:
                ids, values = matrices._parse(text, 1, 2, pa.float32(), "MicroarrayExpression.csv")
                outcomes.append((ids.tolist(), values.tobytes()))
            except DownloadError as error:
                outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
