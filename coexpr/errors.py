"""Every error that coexpr raises deliberately: one base class, and a subclass per cause.

A message says what was found and where, what was expected, and what to do. The command line prints it as one `Error:`
line and exits with 1. Any other exception is a bug and keeps its traceback. Each class also derives from the built-in
error that it is, so callers may catch either.
"""

from collections.abc import Sequence


class CoexprError(Exception):
    """Base class of the errors that coexpr raises deliberately."""


class NoDownloadError(CoexprError, FileNotFoundError):
    """A path does not exist, or contains no download."""


class DownloadError(CoexprError, ValueError):
    """A file is incomplete, damaged, or not in the format that was expected.

    Parameters
    ----------
    message : str
        What was found, and what was expected.
    remedy : str, optional
        What to do. If it is missing, ingest adds a general remedy.
    """

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(f"{message} {remedy}" if remedy else message)
        self.remedy = remedy


class UnsupportedDownloadError(DownloadError):
    """An intact download of a kind that coexpr does not load."""


class WrongViewError(UnsupportedDownloadError):
    """A heatmap download that shows something other than log2 intensity of single samples."""


class ConflictError(CoexprError, ValueError):
    """A download contradicts the contents of the database."""


class DatabaseError(CoexprError, OSError):
    """The database is missing, locked, damaged, or of another schema version."""


class NoDatabaseError(DatabaseError, FileNotFoundError):
    """There is no database at a path."""


class DatabaseInUseError(DatabaseError):
    """Another process writes to the database, or this one has it open already."""


class NotFoundError(CoexprError, LookupError):
    """A name is not in the database, or has no data there.

    Parameters
    ----------
    message : str
    name : str
        The name, where it is not known at all.
    similar : sequence of str
        Names that may have been meant.
    """

    def __init__(self, message: str, *, name: str = "", similar: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.name = name
        self.similar = similar


class AmbiguousNameError(CoexprError, LookupError):
    """A name has several meanings in the database."""


class QueryError(CoexprError, ValueError):
    """An SQL statement of the user failed."""


class ShellError(CoexprError, OSError):
    """The duckdb program cannot be started."""


class OptionError(CoexprError, ValueError):
    """An option has an invalid value, or cannot be combined with another."""


class TooFewSamplesError(CoexprError, ValueError):
    """Too few samples remain for r to be meaningful."""


class LimitError(CoexprError, ValueError):
    """A result would exceed a size limit, which can be lifted explicitly."""


class OutputError(CoexprError, OSError):
    """A result cannot be written to the requested file."""


class FetchError(CoexprError, OSError):
    """A file cannot be fetched, or is not what was expected."""


class ResultFileError(CoexprError, ValueError):
    """A file is not a result that this version of coexpr can read."""


class MapError(CoexprError, ValueError):
    """A map of the brain cannot be read, or does not fit the samples of the database."""


class ServerError(CoexprError, OSError):
    """The server cannot be started, or cannot answer now."""


class MissingPackageError(CoexprError, ImportError):
    """A feature needs a package that is not installed."""


class FigureError(CoexprError, ValueError):
    """There is nothing to draw, or too much for a figure."""


class SchedulerError(CoexprError, OSError):
    """A scheduler or its workers cannot be reached, or cannot compute."""
