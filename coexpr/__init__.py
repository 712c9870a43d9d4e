"""Gene co-expression in the Allen Human Brain Atlas: which genes are expressed like this one.

The public names are `Atlas`, an open database that answers questions; `Choice`, `Restriction` and
`Method`, which say how genes get their profiles, which samples count, and how r is measured; and
`CoexprError`, the base of every error that coexpr raises on purpose. `coexpr.loading.downloads.ingest` loads
downloads of the Allen Human Brain Atlas into a database.
"""

from typing import TYPE_CHECKING, Any

from coexpr.choice import Choice
from coexpr.errors import CoexprError
from coexpr.method import Method
from coexpr.restriction import Restriction

if TYPE_CHECKING:
    from coexpr.atlas import Atlas

__all__ = ["Atlas", "Choice", "CoexprError", "Method", "Restriction", "__version__"]

__version__ = "0.1.0.dev0"


def __getattr__(name: str) -> Any:
    # Deferred: `coexpr --help` needs this package but neither DuckDB nor numpy, which cost more
    # than everything else it imports.
    if name == "Atlas":
        from coexpr.atlas import Atlas

        return Atlas
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
