"""What a category means and which genes it has; lists of genes given with a query."""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import duckdb
import numpy as np

from coexpr.choice import Annotation
from coexpr.database.names import Meaning, listed, meanings_of
from coexpr.database.queries import query, run
from coexpr.errors import AmbiguousNameError, NotFoundError, OptionError
from coexpr.readers.gene_cells import is_probe_name
from coexpr.readers.spreadsheet import is_date, symbols_of_date

Match = Literal["any", "all"]

LIST = "list"
# Marks genes chosen by a list, where others are marked by the name of their category: no category has this name.
_CHOSEN_BY_LIST = "--genes"


@dataclass(frozen=True)
class Matches:
    """The gene that each of many names means, or why it means none.

    Parameters
    ----------
    genes : dict of str to Meaning
        Every name that means one gene, or a probe.
    ambiguous : dict of str to list of Meaning
        Names that mean several.
    unmatched : list of str
        Names that mean nothing.
    """

    genes: dict[str, Meaning]
    ambiguous: dict[str, list[Meaning]]
    unmatched: list[str]

    def __len__(self) -> int:
        return len(self.genes) + len(self.ambiguous) + len(self.unmatched)

    @property
    def ways(self) -> dict[str, int]:
        """How many names were matched in each way."""
        return dict(Counter(meaning.matched_by for meaning in self.genes.values()))

    def problems(self) -> list[str]:
        """Return sentences about the names that mean no gene, several, or one without an Entrez id."""
        dates = [name for name in self.unmatched if is_date(name) or symbols_of_date(name)]
        shown = [f"{name} ({' or '.join(symbols_of_date(name)) or 'a date'}?)" for name in dates]
        several = [f"{name}: {listed(meanings)}" for name, meanings in self.ambiguous.items()]
        without_id = [name for name, meaning in self.genes.items() if meaning.entrez_id is None]
        unknown = [name for name in self.unmatched if name not in dates]
        problems = (
            ("ambiguous names, left out", several, "; "),
            ("dates that a spreadsheet made of gene symbols", shown, ", "),
            ("unknown names", unknown, ", "),
            ("genes without Entrez id, left out", without_id, ", "),
        )
        return [problem_of(what, names, between) for what, names, between in problems if names]


def problem_of(what: str, names: Sequence[str], between: str = ", ") -> str:
    """Return "unknown names (2): a, b"."""
    return f"{what} ({len(names):,}): {between.join(names)}"


def match_names(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], annotation: Annotation = "allen"
) -> Matches:
    """Return the gene that each name means; the definition is that of seeds (see `coexpr.database.names`)."""
    matches = Matches({}, {}, [])
    for name, meanings in meanings_of(connection, names, annotation).items():
        if not meanings:
            matches.unmatched.append(name)
        elif len(meanings) > 1:
            matches.ambiguous[name] = meanings
        else:
            (matches.genes[name],) = meanings
    return matches


def look_up(connection: duckdb.DuckDBPyConnection, names: Collection[str]) -> Mapping[str, Hashable]:
    """Return a key of the gene for every name that means one; see `coexpr.readers.category_file.Lookup`.

    Names that have the form of a probe name of the atlas count, although the download with the probe may not be loaded
    yet.
    """
    keys: dict[str, Hashable] = {}
    for name, meanings in meanings_of(connection, names).items():
        if meanings:
            first = meanings[0]
            keys[name] = first.entrez_id or (first.gene_id, first.probe_id) if len(meanings) == 1 else name
        elif is_probe_name(name):
            keys[name] = name.upper()
    return keys


def find_category(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    """Return the category that a name means; the definition is the macro `categories_called` in sql/schema/.

    Raises
    ------
    NotFoundError
        If there is none; the message offers similar names.
    AmbiguousNameError
        If several added sources have it; the message lists their ids.
    """
    found = run(connection, "categories_called", {"name": name})
    if not found:
        _not_found(connection, name)
    if len(found) > 1:
        several = ", ".join(
            f"id:{category['category_id']} ({category['source']}:{category['name']})" for category in found
        )
        raise AmbiguousNameError(f"{name} is the name of {len(found)} categories. Use one of: {several}.")
    return found[0]


def choose_genes(
    connection: duckdb.DuckDBPyConnection,
    categories: Sequence[str],
    genes: Sequence[str],
    match: Match,
    include_regulates: bool,
    annotation: Annotation = "allen",
    evidence_not: Sequence[str] = (),
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
        Which annotation says what genes have probes, for the numbers of genes.
    evidence_not : sequence of str
        Evidence codes that do not count: genes that are members by these alone are left out.

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
    evidence = {"evidence_not": checked_evidence(connection, evidence_not)}
    connection.execute(query("choose_genes_of_wanted_categories"), {"annotation": annotation} | evidence)
    counts = {row["wanted_as"]: row for row in run(connection, "wanted_counts", {"annotation": annotation} | evidence)}
    told: list[dict[str, Any]] = []
    for name, category in wanted.items():
        numbers = {key: counts[name][key] for key in ("genes", "on_chip", "loaded")}
        if not numbers["genes"]:
            raise NotFoundError(f"the category {category['name']} has no genes.")
        if not numbers["loaded"]:
            raise NotFoundError(
                f"none of the {numbers['genes']:,} genes of {category['name']} has expression data in this database "
                f"({numbers['on_chip']:,} are on the chip). Load downloads that hold them."
            )
        told.append({key: category[key] for key in ("source", "release", "accession", "name")} | numbers)
    if genes:
        told.append(_choose_list(connection, genes, annotation))
    if match == "all":
        connection.execute(query("keep_genes_chosen_by_all"), {"choices": len(told)})
    return {
        "categories": told,
        "match": match,
        "include_regulates": include_regulates,
        "evidence_not": list(evidence["evidence_not"]),
    }


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


def checked_evidence(connection: duckdb.DuckDBPyConnection, codes: Sequence[str]) -> list[str]:
    """Return evidence codes in upper case, after wanted_categories is filled.

    Raises
    ------
    OptionError
        If a code is unknown, or a wanted category has no evidence codes.
    """
    if not codes:
        return []
    wanted = [code.strip().upper() for code in codes]
    known = [code for (code,) in connection.execute(query("known_evidence_codes")).fetchall()]
    if unknown := [code for code in wanted if code not in known]:
        raise OptionError(f"--evidence-not {unknown[0]}: expected an evidence code: {', '.join(known)}.")
    if without := [name for (name,) in connection.execute(query("categories_without_evidence")).fetchall()]:
        raise OptionError(f"--evidence-not: the category {without[0]} has no evidence codes. Leave the option out.")
    return wanted


def _choose_list(connection: duckdb.DuckDBPyConnection, names: Sequence[str], annotation: Annotation) -> dict[str, Any]:
    matches = match_names(connection, names, annotation)
    gene_ids = sorted({meaning.gene_id for meaning in matches.genes.values() if meaning.gene_id is not None})
    absent = [name for name, meaning in matches.genes.items() if meaning.gene_id is None]
    problems = [problem for problem in matches.problems() if not problem.startswith("genes without Entrez id")]
    if absent:
        problems.append(problem_of("genes that are not in this database", absent))
    if of_probes := [name for name, meaning in matches.genes.items() if meaning.level == "probe"]:
        problems.append(problem_of("names of probes, each read as its gene", of_probes))
    if not gene_ids:
        raise NotFoundError(f"none of the {len(names):,} genes of the list is in this database. {'; '.join(problems)}.")
    connection.register("listed_genes", {"gene_id": np.array(gene_ids, dtype=np.int32)})
    connection.execute(query("choose_listed_genes"), {"chosen_by": _CHOSEN_BY_LIST})
    connection.unregister("listed_genes")
    return {
        "source": LIST,
        "release": None,
        "accession": None,
        "name": "list of genes",
        "genes": len(set(names)),
        "on_chip": len(gene_ids),
        "loaded": len(gene_ids),
        "resolved": [
            {
                "name": name,
                "gene_symbol": meaning.gene_symbol,
                "entrez_id": meaning.entrez_id,
                "gene_id": meaning.gene_id,
            }
            for name, meaning in matches.genes.items()
        ],
        "matched": matches.ways,
        "problems": problems,
    }


def _not_found(connection: duckdb.DuckDBPyConnection, name: str) -> NoReturn:
    near = [category["name"] for category in run(connection, "categories_near", {"name": name})]
    hint = f" Did you mean {' or '.join(repr(similar) for similar in near)}?" if near else ""
    raise NotFoundError(f"no category is named {name!r:.80}.{hint} List categories with: coexpr categories list")
