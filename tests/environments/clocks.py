"""Systems whose clock is wrong: not set, as on small computers; far ahead; or set back while a command runs."""

from pathlib import Path

from environments.systems import System
from helpers.preloaded import build

_DAY = 24 * 3600
_SOURCE = Path(__file__).with_name("clock.c")
# Name, seconds since 1970, and by how many seconds the clock goes back each time it is read.
_CLOCKS = (
    ("a clock in 1969", -_DAY, 0),
    ("a clock in 1970", 0, 0),
    ("a clock in 1979, before the first year of zips", 3651 * _DAY, 0),
    ("a clock in 2040, after the last date of 32 bits", 25568 * _DAY, 0),
    ("a clock in 2110, after the last year of zips", 51135 * _DAY, 0),
    ("a clock that goes back by an hour each time", 20000 * _DAY, 3600),
)


def clocks(folder: Path) -> list[System]:
    """Return the systems; the library that replaces the clock is compiled into a folder."""
    library = build(_SOURCE, folder)
    return [
        System(name, {"LD_PRELOAD": str(library), "CLOCK_SECONDS": str(seconds), "CLOCK_STEP": str(step)})
        for name, seconds, step in _CLOCKS
    ]
