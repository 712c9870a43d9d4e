"""Gene co-expression in the Allen Human Brain Atlas.

`ingest` loads downloads of the atlas into a database; `Atlas` opens a database and answers questions, each with a
`Result` and its `Provenance`. Questions take a `ProbeSelection`, a `SampleFilter`, a `GeneFilter` and a
`CorrelationMethod`. `fetch` gets the files of the atlas, `update_genes` renews gene names and categories,
`describe_methods` writes a methods paragraph for a result, `bundle` writes web pages that query a category, and
`examine` looks for problems. Long work reports to a `Progress`. `CoexprError` is the base class of all errors that
coexpr raises deliberately.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"

from coexpr.errors import CoexprError
from coexpr.options import CorrelationMethod, GeneFilter, ProbeSelection, SampleFilter

if TYPE_CHECKING:
    from coexpr.analysis.doctor import examine
    from coexpr.analysis.methods import describe_methods
    from coexpr.atlas import Atlas
    from coexpr.bundling.bundle import bundle
    from coexpr.fetching.fetch import fetch
    from coexpr.loading.downloads import ingest
    from coexpr.loading.gene_names import update_genes
    from coexpr.progress import Progress
    from coexpr.result import Provenance, Result
    from coexpr.stats.collapse import collapse_rows

__all__ = [
    "Atlas",
    "CoexprError",
    "CorrelationMethod",
    "GeneFilter",
    "ProbeSelection",
    "Progress",
    "Provenance",
    "Result",
    "SampleFilter",
    "__version__",
    "bundle",
    "collapse_rows",
    "describe_methods",
    "examine",
    "fetch",
    "ingest",
    "update_genes",
]


# Imported when they are first used: `coexpr --help` needs neither DuckDB nor numpy, which take longest to import.
_LAZY = {
    "Atlas": "coexpr.atlas",
    "Progress": "coexpr.progress",
    "Provenance": "coexpr.result",
    "Result": "coexpr.result",
    "bundle": "coexpr.bundling.bundle",
    "collapse_rows": "coexpr.stats.collapse",
    "describe_methods": "coexpr.analysis.methods",
    "examine": "coexpr.analysis.doctor",
    "fetch": "coexpr.fetching.fetch",
    "ingest": "coexpr.loading.downloads",
    "update_genes": "coexpr.loading.gene_names",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
