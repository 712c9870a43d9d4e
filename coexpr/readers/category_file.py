"""What readers of category files return.

Members are names as in the file: Entrez ids, symbols or probe names. The database determines which gene a name means.
Some formats can be distinguished only by which cells name genes; their readers take a `Lookup`.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from coexpr.errors import DownloadError

# Returns a key for every name that means a gene or a probe, the same key for the same gene; other names are left out.
Lookup = Callable[[Collection[str]], Mapping[str, Hashable]]


def remembering(lookup: Lookup) -> Lookup:
    """Return a lookup that looks up each name once: the readers of several formats ask for the same names."""
    asked: set[str] = set()
    known: dict[str, Hashable] = {}

    def look_up(names: Collection[str]) -> Mapping[str, Hashable]:
        new = set(names) - asked
        if new:
            asked.update(new)
            known.update(lookup(new))
        return {name: known[name] for name in names if name in known}

    return look_up


class WrongFormatError(DownloadError):
    """A file does not have the format that a reader reads; the message gives the reason.

    Parameters
    ----------
    message : str
    remedy : str, optional
    is_ambiguous : bool
        Whether the file may have one of several formats, so that `format` can decide.
    """

    def __init__(self, message: str, *, remedy: str | None = None, is_ambiguous: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.is_ambiguous = is_ambiguous


class AmbiguousFormatError(DownloadError):
    """A file may have one of several formats; `format` decides."""


@dataclass(frozen=True)
class Category:
    """A named set of genes.

    Parameters
    ----------
    name : str
    members : sequence of str
        Names of genes, each once.
    accession, aspect : str, optional
    evidence : mapping of str to set of str
        The evidence codes of members, if the format has them.
    """

    name: str
    members: Sequence[str]
    accession: str | None = None
    aspect: str | None = None
    evidence: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class CategoryFile:
    """The categories of one file, or of several pages of one list.

    Parameters
    ----------
    what : str
        Name of the format, for messages.
    categories : sequence of Category
    edges : sequence of (int, int, str)
        Child and parent, as positions in `categories`, and their relation; for a file with a hierarchy.
    source, release : str or None
        As given in the file.
    notes : tuple of str
        How the file was read, and what in it is ambiguous or left out.
    """

    what: str
    categories: Sequence[Category]
    edges: Sequence[tuple[int, int, str]] = field(default_factory=list)
    source: str | None = None
    release: str | None = None
    notes: tuple[str, ...] = ()
