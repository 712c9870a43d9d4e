"""The genes that an answer is limited to."""

from dataclasses import dataclass
from typing import Any

import duckdb

from coexpr.choice import Annotation
from coexpr.database.categories import Match, choose_genes
from coexpr.database.queries import query
from coexpr.errors import OptionError

# Edges past which a network must be asked for in earnest.
MOST_EDGES = 100_000_000
# Rows past which a matrix must be asked for in earnest: 25 million values.
MOST_ROWS = 5000


@dataclass(frozen=True)
class Limits:
    """The categories and the list that an answer is limited to; see `Atlas.correlates`."""

    categories: tuple[str, ...] = ()
    genes: tuple[str, ...] = ()
    match: Match = "any"
    include_regulates: bool = False
    evidence_not: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.evidence_not and not self.categories:
            raise OptionError("--evidence-not is about members of categories, and none is given.")

    def choose(self, connection: duckdb.DuckDBPyConnection, annotation: Annotation) -> dict[str, Any]:
        """Fill chosen_genes; return what the route says of it, which is nothing where nothing is limited."""
        if not (self.categories or self.genes):
            return {}
        connection.execute(query("create_chosen_genes"))
        return choose_genes(
            connection,
            self.categories,
            self.genes,
            self.match,
            self.include_regulates,
            annotation,
            self.evidence_not,
        )

    def gene_ids(self, connection: duckdb.DuckDBPyConnection) -> list[int]:
        """Return the genes that were chosen, ascending."""
        return [gene_id for (gene_id,) in connection.execute(query("chosen_gene_ids")).fetchall()]
