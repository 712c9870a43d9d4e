"""Packages that only some features need, which are installed with an extra of coexpr."""

from importlib.util import find_spec

from coexpr.errors import MissingPackageError

# The extra that installs each package, and what needs it.
PACKAGES = {
    "anndata": ("anndata", "AnnData"),
    "distributed": ("dask", "a scheduler"),
    "jinja2": ("web", "a page in the browser"),
    "matplotlib": ("plot", "a figure"),
    "pooch": ("fetch", "fetching files"),
    "polars": ("polars", "a polars DataFrame"),
    "starlette": ("web", "a page in the browser"),
    "uvicorn": ("web", "a page in the browser"),
    "xlsxwriter": ("xlsx", "an .xlsx file"),
}


def require(package: str) -> None:
    """Check that a package of an extra is installed, without importing it.

    Raises
    ------
    MissingPackageError
        If it is not; the message says how to install it.
    """
    if find_spec(package) is None:
        extra, purpose = PACKAGES[package]
        raise MissingPackageError(f"{purpose} needs the package {package}. Install it: pip install 'coexpr[{extra}]'")
