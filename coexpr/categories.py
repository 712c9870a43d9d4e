"""What a category means and which genes it chooses; lists of genes given on the spot."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import duckdb

from coexpr.choice import Annotation
from coexpr.errors import AmbiguousNameError, NotFoundError
from coexpr.queries import query, run
from coexpr.readers.spreadsheet import is_date

Match = Literal["any", "all"]

LIST = "list"
# What chose the genes of a list, beside the words that categories were asked for by: none is called so.
_CHOSEN_BY_LIST = "--genes"


@dataclass(frozen=True)
class Matches:
    """What became of names: the gene of each, or why it has none.

    Parameters
    ----------
    genes : dict of str to (int or None, int or None)
        Entrez id and gene_id of every name that means one gene.
    way_of : dict of str to str
        As what each of them was matched: Entrez id, symbol, alias and so on.
    ambiguous, unmatched : list of str
        Names that mean several genes, or none.
    """

    genes: dict[str, tuple[int | None, int | None]]
    way_of: dict[str, str]
    ambiguous: list[str]
    unmatched: list[str]

    def __len__(self) -> int:
        return len(self.genes) + len(self.ambiguous) + len(self.unmatched)

    @property
    def ways(self) -> dict[str, int]:
        """How many names were matched in each way."""
        return dict(Counter(self.way_of.values()))

    def problems(self) -> list[str]:
        """Say in words which names have no gene, and why."""
        dates = [name for name in self.unmatched if is_date(name)]
        unknown = [name for name in self.unmatched if not is_date(name)]
        told = (
            ("mean several genes", self.ambiguous),
            ("are dates that a spreadsheet made of gene symbols such as SEPT2 or MARCH1", dates),
            ("are no gene that is known", unknown),
        )
        return [f"{len(names):,} names {why}: {', '.join(names)}" for why, names in told if names]


def match_names(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], annotation: Annotation = "allen"
) -> Matches:
    """Return the gene that each name means: as Entrez id, current symbol, symbol of the atlas, alias or probe."""
    import pyarrow as pa

    connection.register("given_names", pa.table({"name": pa.array(dict.fromkeys(names), pa.string())}))
    rows = run(connection, "match_names", {"annotation": annotation})
    connection.unregister("given_names")
    candidates: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        candidates.setdefault(row["name"], []).append(row)
    matches = Matches({}, {}, [], [])
    for name, found in candidates.items():
        if found[0]["matched_by"] is None:
            matches.unmatched.append(name)
        elif len({row["entrez_id"] or -row["gene_id"] for row in found}) > 1:
            matches.ambiguous.append(name)
        else:
            matches.genes[name] = (found[0]["entrez_id"], found[0]["gene_id"])
            matches.way_of[name] = found[0]["matched_by"]
    return matches


def find_category(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    """Return the category that a name means: its accession, its name in any spelling, or source:name.

    Raises
    ------
    NotFoundError
        If there is none; the message offers near names.
    AmbiguousNameError
        If several sources have it; the message lists them as source:name.
    """
    found = run(connection, "categories_called", {"name": name})
    if not found:
        _not_found(connection, name)
    if len(found) > 1:
        several = ", ".join(f"{category['source']}:{category['name']}" for category in found)
        raise AmbiguousNameError(f"{name} is a category of several sources. Say which: {several}.")
    return found[0]


def choose_genes(
    connection: duckdb.DuckDBPyConnection,
    categories: Sequence[str],
    genes: Sequence[str],
    match: Match,
    include_regulates: bool,
    annotation: Annotation = "allen",
) -> dict[str, Any]:
    """Fill chosen_genes, which is there and empty, with the members of categories and of a list.

    Parameters
    ----------
    connection : DuckDBPyConnection
    categories : sequence of str
        Their names.
    genes : sequence of str
        Names of genes or probes, as one more category.
    match : "any" or "all"
        Genes of any of them, or only those in all.
    include_regulates : bool
        With the genes of what regulates a category, not only of what is part of it.
    annotation : "allen" or "reannotated"
        What says which genes have probes, for the numbers that are told.

    Returns
    -------
    dict
        What the route says: each category with its source, release and numbers of genes.

    Raises
    ------
    NotFoundError
        If a category is not there, or none of its genes is loaded.
    """
    wanted = want_categories(connection, categories, include_regulates)
    connection.execute(query("choose_genes_of_wanted_categories"), {"annotation": annotation})
    counts = {row["wanted_as"]: row for row in run(connection, "wanted_counts", {"annotation": annotation})}
    told: list[dict[str, Any]] = []
    for name, category in wanted.items():
        numbers = {key: counts[name][key] for key in ("genes", "on_chip", "loaded")}
        if not numbers["loaded"]:
            raise NotFoundError(
                f"none of the {numbers['genes']:,} genes of {category['name']} is loaded "
                f"({numbers['on_chip']:,} are known to be on the chip). Load downloads that hold them."
            )
        told.append({key: category[key] for key in ("source", "release", "accession", "name")} | numbers)
    if genes:
        told.append(_choose_list(connection, genes, annotation))
    if match == "all":
        connection.execute(query("keep_genes_chosen_by_all"), {"choices": len(told)})
    return {"categories": told, "match": match, "include_regulates": include_regulates}


def want_categories(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], include_regulates: bool
) -> dict[str, dict[str, Any]]:
    """Fill wanted_categories; return each category under the name that was asked for."""
    connection.execute(query("create_wanted_categories"))
    wanted = {name: find_category(connection, name) for name in names}
    for name, category in wanted.items():
        connection.execute(query("want_category"), {"category_id": category["category_id"], "wanted_as": name})
    if include_regulates:
        connection.execute(query("want_regulators"))
    return wanted


def _choose_list(connection: duckdb.DuckDBPyConnection, names: Sequence[str], annotation: Annotation) -> dict[str, Any]:
    import numpy as np

    matches = match_names(connection, names, annotation)
    gene_ids = sorted({gene_id for _, gene_id in matches.genes.values() if gene_id is not None})
    if not gene_ids:
        raise NotFoundError(
            f"none of the {len(names):,} genes of the list is in this database. {'; '.join(matches.problems())}"
        )
    connection.register("listed_genes", {"gene_id": np.array(gene_ids, dtype=np.int32)})
    connection.execute(query("choose_listed_genes"), {"chosen_by": _CHOSEN_BY_LIST})
    connection.unregister("listed_genes")
    absent = [name for name, (_, gene_id) in matches.genes.items() if gene_id is None]
    return {
        "source": LIST,
        "release": None,
        "accession": None,
        "name": "genes given on the spot",
        "genes": len(set(names)),
        "on_chip": len(gene_ids),
        "loaded": len(gene_ids),
        "matched": matches.ways,
        "problems": matches.problems()
        + ([f"{len(absent):,} are not in this database: {', '.join(absent)}"] if absent else []),
    }


def _not_found(connection: duckdb.DuckDBPyConnection, name: str) -> NoReturn:
    near = [category["name"] for category in run(connection, "categories_near", {"name": name})]
    hint = f" Near it: {'; '.join(near)}." if near else ""
    raise NotFoundError(f"{name!r:.80} is no category of this database.{hint} `coexpr categories list` lists them.")
