"""What the database contains: donors, downloads, and totals."""

from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from coexpr.database.queries import run
from coexpr.result import Provenance, Result

_DONORS = ("donor_id", "donor_name", "age", "sex", "samples", "probes")
_DOWNLOADS = (
    "kind",
    "location",
    "title",
    "donor_ids",
    "samples",
    "probes",
    "genes",
    "sha256",
    "files",
    "loaded_at",
    "coexpr_version",
)


@dataclass(frozen=True, kw_only=True)
class ContentsProvenance(Provenance):
    """Totals of a database.

    Parameters
    ----------
    schema_version : int
    donors, samples, structures, probes, genes : int
    genes_with_entrez_id : int
    retired_ids_followed : int
        Entrez ids that NCBI retired, and that are followed to the current one.
    ids_not_in_ncbi : int
        Entrez ids that are not in NCBI Gene: their genes are in no category.
    """

    schema_version: int
    donors: int
    samples: int
    structures: int
    probes: int
    genes: int
    genes_with_entrez_id: int
    retired_ids_followed: int
    ids_not_in_ncbi: int


class Contents(NamedTuple):
    """The tables of what a database contains; both have the same provenance, with the totals."""

    donors: Result[ContentsProvenance]
    downloads: Result[ContentsProvenance]

    @property
    def provenance(self) -> ContentsProvenance:
        """The totals."""
        return self.donors.provenance


def contents(connection: duckdb.DuckDBPyConnection, database: str) -> Contents:
    """Return what the database contains; see `Atlas.contents`."""
    (totals,) = run(connection, "contents")
    (ids,) = run(connection, "count_retired_ids")
    provenance = ContentsProvenance(
        database=database,
        schema_version=run(connection, "applied_migrations")[-1]["version"],
        **totals,
        genes_with_entrez_id=ids["with_entrez_id"],
        retired_ids_followed=ids["followed"],
        ids_not_in_ncbi=ids["without_current_id"],
    )
    tables = {"donor_contents": _DONORS, "all_downloads": _DOWNLOADS}
    donors, downloads = (
        Result(columns, [tuple(row[name] for name in columns) for row in run(connection, name_of_query)], provenance)
        for name_of_query, columns in tables.items()
    )
    return Contents(donors, downloads)
