"""What a catalogue of hostile files lists: a function that writes one, and the command that reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Writes files into an empty folder, and returns the arguments of `coexpr` that read them. The database is
# `atlas.duckdb` in the folder, and is added where the command needs one.
Write = Callable[[Path], Sequence[str | Path]]


@dataclass(frozen=True)
class Hostile:
    """A file that is damaged, too large, or made to do harm.

    Parameters
    ----------
    name : str
    write : callable
        Writes it into an empty folder, and returns the arguments of the command that reads it.
    may_be_read : bool
        Whether it may be read without an error, because all that is needed of it is intact.
    """

    name: str
    write: Write
    may_be_read: bool = False


class Catalogue(list[Hostile]):
    """A list of hostile files, to which functions are added by a decorator."""

    def file(self, name: str, *, may_be_read: bool = False) -> Callable[[Write], Write]:
        """Add the function that writes a file."""

        def add(write: Write) -> Write:
            self.append(Hostile(name, write, may_be_read))
            return write

        return add
