"""What is fuzzed: a reader, valid files to begin with, and how they are changed; and the verdict on each input."""

import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzz.mutation import change_bytes

from coexpr.errors import CoexprError

SLOWEST = 10.0
MOST_MEMORY = 1_000_000_000


@dataclass(frozen=True)
class Target:
    """A reader.

    Parameters
    ----------
    name : str
    corpus : callable
        Returns small valid inputs.
    read : callable
        Reads an input; the folder is empty at first, is the same in every call, and the reader may write to it.
    mutate : callable, optional
        Changes an input where it matters for its format.
    """

    name: str
    corpus: Callable[[], Sequence[bytes]]
    read: Callable[[bytes, Path], object]
    mutate: Callable[[bytes, Random], bytes] = change_bytes


def verdict(target: Target, content: bytes, folder: Path) -> tuple[str, str]:
    """Read an input; return "read", "refused" or "failed", and what failed and where.

    An input must be read, or be refused by a `CoexprError`, within ten seconds of processor time and without a warning.
    """
    start = time.process_time()
    outcome, what = "read", ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            target.read(content, folder)
        except CoexprError:
            outcome = "refused"
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a parser's panic is not an Exception
            outcome, what = "failed", _described(error)
    if (seconds := time.process_time() - start) > SLOWEST:
        return "failed", f"took more than {SLOWEST:.0f} s ({seconds:.0f} s)"
    return outcome, what


def _described(error: BaseException) -> str:
    """Return the type of an error and the last line of ours that it passed."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "coexpr/" in frame.filename]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {where}"
