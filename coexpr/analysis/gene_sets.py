"""The categories that are tested, as sets of profiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.queries import query, registered, run
from coexpr.errors import NotFoundError
from coexpr.options import Annotation
from coexpr.stats.centroids import Sets


@dataclass(frozen=True)
class GeneSets:
    """Categories and their members among some profiles.

    Parameters
    ----------
    categories : list of dict
        category_id, source, release, accession and name of each.
    sets : Sets
        Rows of the profiles.
    """

    categories: list[dict[str, Any]]
    sets: Sets

    def take(self, numbers: NDArray[np.intp]) -> "GeneSets":
        """Return some of the categories."""
        return GeneSets([self.categories[number] for number in numbers.tolist()], self.sets.take(numbers))

    def of_sources(self, sources: Sequence[str]) -> NDArray[np.bool_]:
        """Return which categories are from some sources, whatever their case; all without sources.

        Raises
        ------
        NotFoundError
            If there is no category of a source.
        """
        if not sources:
            return np.ones(len(self.categories), dtype=np.bool_)
        own = np.array([category["source"].lower() for category in self.categories], dtype=object)
        for source in sources:
            if source.lower() not in own:
                known = ", ".join(sorted({category["source"] for category in self.categories})) or "none"
                raise NotFoundError(
                    f"`source` {source!r:.60}: no category of these sizes is from it. There are: {known}."
                )
        return np.isin(own, [source.lower() for source in sources])


def find_gene_sets(
    connection: duckdb.DuckDBPyConnection,
    gene_ids: NDArray[np.int32],
    annotation: Annotation,
    smallest: int,
    largest: int,
) -> GeneSets:
    """Return the categories with a number of members among the genes of some profiles.

    Parameters
    ----------
    connection : DuckDBPyConnection
    gene_ids : (P,) int32
        The gene of each profile.
    annotation : "allen" or "reannotated"
    smallest, largest : int
        Sizes of categories.
    """
    profiled = {"gene_id": gene_ids, "row": np.arange(len(gene_ids))}
    sizes = {"annotation": annotation, "smallest": smallest, "largest": largest}
    with registered(connection, profiled_genes=profiled):
        found = connection.execute(query("gene_sets"), sizes).fetchnumpy()
    ids, starts = np.unique(found["category_id"], return_index=True)
    with registered(connection, found_sets={"category_id": ids.astype(np.int32)}):
        categories = run(connection, "categories_of_gene_sets")
    return GeneSets(categories, Sets(np.append(starts, len(found["row"])), np.asarray(found["row"], dtype=np.intp)))
