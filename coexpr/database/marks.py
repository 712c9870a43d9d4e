"""The categories that mark rows of a result."""

from collections.abc import Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.categories import GeneFilterUse, choose_genes
from coexpr.database.queries import query
from coexpr.options import Annotation, GeneFilter

_LIST = "list of genes"

# The genes of each category or list, under its name.
Marks = dict[str, NDArray[np.int32]]


def find_marks(connection: duckdb.DuckDBPyConnection, names: Sequence[str], annotation: Annotation) -> Marks:
    """Return the genes of some categories; replaces the temporary table chosen_genes.

    Raises
    ------
    NotFoundError, AmbiguousNameError
        As for `choose_genes`.
    """
    categories = tuple(dict.fromkeys(names))
    use = choose_genes(connection, GeneFilter(categories=categories), annotation)
    return _genes_by_choice(connection, use, categories) if use else {}


def marks_of_filter(connection: duckdb.DuckDBPyConnection, use: GeneFilterUse, categories: Sequence[str]) -> Marks:
    """Return the genes of each category and list of a filter, after `choose_genes`; none if there is only one."""
    several = len(use.categories) + (use.gene_list is not None) > 1
    return _genes_by_choice(connection, use, tuple(dict.fromkeys(categories))) if several else {}


def _genes_by_choice(connection: duckdb.DuckDBPyConnection, use: GeneFilterUse, categories: Sequence[str]) -> Marks:
    found = connection.execute(query("genes_by_choice")).fetchnumpy()
    chosen_by = np.asarray(found["chosen_by"], dtype=object)
    names = dict(zip(categories, (category.name for category in use.categories), strict=True))
    return {
        names.get(choice, _LIST): found["gene_id"][chosen_by == choice].astype(np.int32)
        for choice in dict.fromkeys((*categories, *chosen_by.tolist()))
    }
