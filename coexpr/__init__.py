"""Gene co-expression in the Allen Human Brain Atlas.

`ingest` loads downloads of the atlas into a database; `Atlas` opens a database and answers questions, each with a
`Result` and its `Provenance`. Questions take a `ProbeSelection`, a `SampleFilter`, a `GeneFilter` and a
`CorrelationMethod`. `CoexprError` is the base class of all errors that coexpr raises deliberately.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"

from coexpr.errors import CoexprError
from coexpr.options import CorrelationMethod, GeneFilter, ProbeSelection, SampleFilter

if TYPE_CHECKING:
    from coexpr.atlas import Atlas
    from coexpr.loading.downloads import ingest
    from coexpr.result import Provenance, Result
    from coexpr.stats.collapse import collapse_rows

__all__ = [
    "Atlas",
    "CoexprError",
    "CorrelationMethod",
    "GeneFilter",
    "ProbeSelection",
    "Provenance",
    "Result",
    "SampleFilter",
    "__version__",
    "collapse_rows",
    "ingest",
]


# Imported when they are first used: `coexpr --help` needs neither DuckDB nor numpy, which take longest to import.
_LAZY = {
    "Atlas": "coexpr.atlas",
    "Provenance": "coexpr.result",
    "Result": "coexpr.result",
    "collapse_rows": "coexpr.stats.collapse",
    "ingest": "coexpr.loading.downloads",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
