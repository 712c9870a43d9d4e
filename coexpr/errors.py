"""Every error that coexpr raises on purpose: one base, one subclass per cause.

A message says what was found where, what was expected, and what to do next. The command line
prints it as one `Error:` line and exits with 1; anything that is not a `CoexprError` is a bug and
keeps its traceback.
"""


class CoexprError(Exception):
    """Base of every error that coexpr raises on purpose."""


class NoDownloadError(CoexprError):
    """A path holds nothing that looks like a download."""


class DownloadError(CoexprError):
    """A download is incomplete, damaged, or not what it says it is."""


class UnsupportedDownloadError(DownloadError):
    """A whole and healthy download of a kind that coexpr does not load."""


class WrongViewError(UnsupportedDownloadError):
    """A heatmap download shows something other than log2 intensity, sample by sample."""


class ConflictError(CoexprError):
    """A download contradicts what the database already holds."""


class DatabaseError(CoexprError):
    """The database is missing, locked, damaged, or of another schema version."""


class NotFoundError(CoexprError):
    """A name that was asked for is not in the database."""


class AmbiguousNameError(CoexprError):
    """A name that was asked for means several things in the database."""


class QueryError(CoexprError):
    """A statement of SQL that the user wrote failed."""


class ShellError(CoexprError):
    """The duckdb program cannot be started."""


class OptionError(CoexprError):
    """Two choices that cannot go together, or a value that an option cannot take."""


class TooFewSamplesError(CoexprError):
    """So few samples are left that an r of them says nothing."""


class LimitError(CoexprError):
    """Something so large was asked for that it must be asked for in earnest."""


class OutputError(CoexprError):
    """An answer cannot be written where it was asked to go."""
