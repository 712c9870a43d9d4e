"""Numbers in sentences have three digits, and are never smaller for a larger number; control characters are escaped."""

import re
import unicodedata

import hypothesis.strategies as st
import pytest
from hypothesis import given

from coexpr.wording import amount_of, bytes_of, count_of, duration_of, escaped, one_line

REORDERING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
UNITS = {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "million": 1e6, "billion": 1e9}
SECONDS = {"s": 1, "min": 60, "h": 3600}
SIZES = (
    st.integers(0, 10**16) | st.integers(0, 15).flatmap(lambda power: st.integers(0, 10**power)) | st.floats(0, 1e16)
)


def parse(text: str, units: dict[str, float]) -> tuple[float, str]:
    number, _, unit = text.partition(" ")
    return float(number.replace(",", "")) * units.get(unit, 1), number


@given(SIZES, SIZES)
def test_a_larger_size_is_never_shown_as_a_smaller_one(one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert parse(bytes_of(small), UNITS)[0] <= parse(bytes_of(large), UNITS)[0]
    assert parse(amount_of(small), UNITS)[0] <= parse(amount_of(large), UNITS)[0]


@given(st.integers(0, 999_400_000_000_000))
def test_sizes_and_amounts_have_at_most_three_digits_and_are_off_by_half_a_percent_at_most(size: int) -> None:
    value, number = parse(bytes_of(size), UNITS)
    assert re.fullmatch(r"\d{1,3}|\d\.\d\d|\d\d\.\d", number)
    assert value == pytest.approx(size, rel=0.005)
    assert parse(amount_of(size), UNITS)[0] == pytest.approx(size, rel=0.005)
    if 999_500 <= size < 999_400_000_000:
        assert re.fullmatch(r"\d{1,3}|\d\.\d\d|\d\d\.\d", parse(amount_of(size), UNITS)[1])


@given(st.floats(-10, 1e7), st.floats(-10, 1e7))
def test_a_longer_duration_is_never_shown_as_a_shorter_one(one: float, other: float) -> None:
    short, long = sorted((one, other))
    assert 0 <= parse(duration_of(short), SECONDS)[0] <= parse(duration_of(long), SECONDS)[0]


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999.4, "999 bytes"),
        (999.6, "1.00 kB"),
        (9_996, "10.0 kB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (1_000_000_000, "1.00 GB"),
        (5e15, "5,000 TB"),
    ],
)
def test_sizes_next_to_a_unit(size: float, text: str) -> None:
    assert bytes_of(size) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (58_692, "58,692"),
        (999_499, "999,499"),
        (999_500, "1 million"),
        (9_996_000, "10.0 million"),
        (999_999_999, "1 billion"),
        (1_722_346_086, "1.72 billion"),
        (10**13, "10,000 billion"),
    ],
)
def test_amounts_next_to_a_unit(count: float, text: str) -> None:
    assert amount_of(count) == text


def test_one_thing_and_several() -> None:
    assert [count_of(count, "gene") for count in (0, 1, 2164)] == ["0 genes", "1 gene", "2,164 genes"]
    assert [duration_of(seconds) for seconds in (-1, 0.4, 89.4, 89.9, 90, 5399, 5400)] == [
        *("0 s", "0 s", "89 s", "90 s", "2 min", "90 min", "1.5 h"),
    ]


@pytest.mark.parametrize("name", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\u202e", "\u2066", "\udcff", "\r"])
def test_a_control_character_is_escaped(name: str) -> None:
    assert escaped(f"a{name}b") == one_line(f"a{name}b") == f"a{name.encode('unicode_escape').decode()}b"


def test_all_other_text_is_kept() -> None:
    for number in range(0x11000):
        character = chr(number)
        is_control = unicodedata.category(character) in ("Cc", "Cs") or character in "\u2028\u2029"
        is_control |= unicodedata.bidirectional(character) in REORDERING
        is_control |= character in "\u061c\u200e\u200f"
        assert (one_line(character) != character) == is_control, hex(number)
        assert escaped(character) == (character if character in "\t\n" else one_line(character))
