"""Categories: which the database has, and the genes of one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from coexpr.database.categories import CategoryUse, check_evidence, describe_category, request_categories
from coexpr.database.queries import run
from coexpr.result import Provenance, Result


@dataclass(frozen=True, kw_only=True)
class MembersProvenance(Provenance):
    """The provenance of the genes of a category.

    Parameters
    ----------
    category : CategoryUse
    include_regulates : bool
    evidence_not : list of str
    matched : dict of str to int
        For an added category, how many names in its file were matched by what.
    without_gene : dict of str to list of str
        For an added category, the names in its file that mean no gene, by reason.
    """

    category: CategoryUse
    include_regulates: bool
    evidence_not: list[str]
    matched: dict[str, int] = field(default_factory=dict)
    without_gene: dict[str, list[str]] = field(default_factory=dict)


def list_categories(connection: duckdb.DuckDBPyConnection, database: str, search: str | None) -> Result[Provenance]:
    """Return categories with their numbers of genes; see `Atlas.categories`."""
    found = run(connection, "list_categories", {"search": search})
    columns = ("id", "source", "accession", "name", "genes", "direct", "on_chip", "with_expression", "release")
    return Result(columns, [tuple(row[name] for name in columns) for row in found], Provenance(database=database))


def list_members(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    name: str,
    include_regulates: bool,
    evidence_not: Sequence[str],
) -> Result[MembersProvenance]:
    """Return the genes of a category; see `Atlas.members`."""
    (category,) = request_categories(connection, [name], include_regulates).values()
    codes = check_evidence(connection, evidence_not)
    parameters = {"evidence_not": codes}
    members = run(connection, "members_of_requested_categories", parameters)
    (counts,) = run(connection, "count_members_of_requested_categories", parameters | {"annotation": "allen"})
    names = run(connection, "names_by_match", {"category_id": category["category_id"]})
    provenance = MembersProvenance(
        database=database,
        category=describe_category(category, counts),
        include_regulates=include_regulates,
        evidence_not=codes,
        matched={row["matched_by"]: row["names"] for row in names},
        without_gene={row["matched_by"]: row["without_gene"] for row in names if row["without_gene"]},
    )
    columns = ("gene_symbol", "entrez_id", "current_symbol", "direct", "evidence", "status")
    return Result(columns, [tuple(member[column] for column in columns) for member in members], provenance)
