"""What every reader of category files returns.

Members are given as the file names them: Entrez ids, symbols or probes. Which gene a name means is for the database to
say. Some formats can only be told apart by which cells name genes; for that a reader is given a `Lookup`.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from coexpr.errors import DownloadError

# Returns a key for every name that means a gene or a probe: the same key for the same gene. Unknown names are left out.
Lookup = Callable[[Collection[str]], Mapping[str, Hashable]]


class WrongFormatError(DownloadError):
    """A file does not have the format that a reader reads; the message says why."""


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
        The evidence codes of members, where the format has them.
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
        The format, in words.
    categories : sequence of Category
    edges : sequence of (int, int, str)
        Child, parent (as positions in `categories`) and relation, where the file has a hierarchy.
    source, release : str or None
        As the file gives them.
    notes : tuple of str
        How the file was read, and what is doubtful in it.
    """

    what: str
    categories: Sequence[Category]
    edges: Sequence[tuple[int, int, str]] = field(default_factory=list)
    source: str | None = None
    release: str | None = None
    notes: tuple[str, ...] = ()
