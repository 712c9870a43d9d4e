"""What the name of a category means, which genes it has, and lists of genes that are given with a query."""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import duckdb
import numpy as np

from coexpr.database.names import Meaning, listed, meanings_of
from coexpr.database.queries import query, registered, run
from coexpr.errors import AmbiguousNameError, NotFoundError, OptionError
from coexpr.options import Annotation, GeneFilter, Match

# Marks genes chosen by a list; other genes are marked with the name of their category, which is never this.
_CHOSEN_BY_LIST = "--genes"


@dataclass(frozen=True)
class CategoryUse:
    """A category that a query is limited to.

    Parameters
    ----------
    name, source : str
    release, accession : str, optional
    genes, on_chip, with_expression : int
        Its number of genes: all, with probes on the chip, and with expression data in this database.
    """

    name: str
    source: str
    release: str | None
    accession: str | None
    genes: int
    on_chip: int
    with_expression: int

    @property
    def reference(self) -> str:
        """Its name with its accession, or else its source, and its release."""
        release = f", release {self.release}" if self.release else ""
        return f"{self.name} ({self.accession or f'source {self.source}'}{release})"


@dataclass(frozen=True)
class ListUse:
    """A list of genes that a query is limited to.

    Parameters
    ----------
    names, genes : int
        Different names in the list, and different genes of this database that they mean.
    resolved : list of dict
        For each name that means one gene: name, gene_symbol, entrez_id, gene_id.
    matched : dict of str to int
        How many names were matched by what.
    notes : list of str
        Names that mean no gene, or several.
    """

    names: int
    genes: int
    resolved: list[dict[str, Any]]
    matched: dict[str, int]
    notes: list[str]


@dataclass(frozen=True)
class GeneFilterUse:
    """What a gene filter means in a database.

    Parameters
    ----------
    categories : list of CategoryUse
    gene_list : ListUse, optional
    match : "any" or "all"
    include_regulates : bool
    evidence_not : list of str
    """

    categories: list[CategoryUse] = field(default_factory=list)
    gene_list: ListUse | None = None
    match: Match = "any"
    include_regulates: bool = False
    evidence_not: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Matches:
    """The gene that each of many names means.

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

    @property
    def matched_by(self) -> dict[str, int]:
        """How many names were matched by what."""
        return dict(Counter(meaning.matched_by for meaning in self.genes.values()))

    def without_entrez_id(self) -> list[str]:
        """Return the names of genes without an Entrez id, which cannot be members of a category."""
        return [name for name, meaning in self.genes.items() if meaning.entrez_id is None]

    def notes(self) -> list[str]:
        """Return a note for each reason why names mean no gene."""
        from coexpr.readers.spreadsheet import is_date, symbols_of_date  # only lists need it, not categories

        dates = [name for name in self.unmatched if is_date(name) or symbols_of_date(name)]
        shown = [f"{name} ({' or '.join(symbols_of_date(name)) or 'a date'}?)" for name in dates]
        ambiguous = [f"{name}: {listed(meanings)}" for name, meanings in self.ambiguous.items()]
        unknown = [name for name in self.unmatched if name not in dates]
        reasons = (
            ("ambiguous names, left out", ambiguous, "; "),
            ("dates that a spreadsheet made of gene symbols", shown, ", "),
            ("unknown names", unknown, ", "),
        )
        return [note_on(reason, names, separator) for reason, names, separator in reasons if names]


def note_on(reason: str, names: Sequence[str], separator: str = ", ") -> str:
    """Return "unknown names (2): a, b"."""
    return f"{reason} ({len(names):,}): {separator.join(names)}"


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
    from coexpr.readers.gene_cells import is_probe_name  # only files need it, not queries

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
    connection: duckdb.DuckDBPyConnection, gene_filter: GeneFilter, annotation: Annotation = "allen"
) -> GeneFilterUse | None:
    """Fill the temporary table chosen_genes with the genes that a filter keeps.

    Parameters
    ----------
    connection : DuckDBPyConnection
    gene_filter : GeneFilter
    annotation : "allen" or "reannotated"
        The annotation that says which genes have probes.

    Returns
    -------
    GeneFilterUse or None
        What the filter means here; None for a filter that keeps all genes.

    Raises
    ------
    NotFoundError
        If a category does not exist, or none of its genes has expression data.
    """
    if not gene_filter:
        return None
    connection.execute(query("create_chosen_genes"))
    requested = request_categories(connection, gene_filter.categories, gene_filter.include_regulates)
    evidence_not = check_evidence(connection, gene_filter.evidence_not)
    parameters = {"annotation": annotation, "evidence_not": evidence_not}
    connection.execute(query("choose_genes_of_requested_categories"), parameters)
    counts = {
        row.pop("requested_as"): row for row in run(connection, "count_members_of_requested_categories", parameters)
    }
    uses = [_use_of(category, counts[name]) for name, category in requested.items()]
    gene_list = _choose_list(connection, gene_filter.genes, annotation) if gene_filter.genes else None
    if gene_filter.match == "all":
        connection.execute(query("keep_genes_chosen_by_all"), {"choices": len(uses) + (gene_list is not None)})
    return GeneFilterUse(uses, gene_list, gene_filter.match, gene_filter.include_regulates, evidence_not)


def chosen_gene_ids(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Return the genes in chosen_genes, ascending."""
    return [gene_id for (gene_id,) in connection.execute(query("chosen_gene_ids")).fetchall()]


def request_categories(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], include_regulates: bool
) -> dict[str, dict[str, Any]]:
    """Fill the temporary table requested_categories; return each category under the name that was given."""
    connection.execute(query("create_requested_categories"))
    requested = {name: find_category(connection, name) for name in names}
    for name, category in requested.items():
        connection.execute(query("request_category"), {"category_id": category["category_id"], "requested_as": name})
    if include_regulates:
        connection.execute(query("request_regulators"))
    return requested


def check_evidence(connection: duckdb.DuckDBPyConnection, codes: Sequence[str]) -> list[str]:
    """Return evidence codes in upper case, after requested_categories is filled.

    Raises
    ------
    OptionError
        If a code is unknown, or a requested category has no evidence codes.
    """
    if not codes:
        return []
    given = [code.strip().upper() for code in codes]
    known = [code for (code,) in connection.execute(query("known_evidence_codes")).fetchall()]
    if unknown := [code for code in given if code not in known]:
        raise OptionError(f"`evidence_not` {unknown[0]}: expected an evidence code: {', '.join(known)}.")
    if without := [name for (name,) in connection.execute(query("categories_without_evidence")).fetchall()]:
        raise OptionError(f"`evidence_not`: the category {without[0]} has no evidence codes. Leave the option out.")
    return given


def describe_category(category: Mapping[str, Any], counts: Mapping[str, int]) -> CategoryUse:
    """Return a category with its numbers of genes, from rows of the queries about both."""
    return CategoryUse(
        name=category["name"],
        source=category["source"],
        release=category["release"],
        accession=category["accession"],
        genes=counts["genes"],
        on_chip=counts["on_chip"],
        with_expression=counts["with_expression"],
    )


def _use_of(category: Mapping[str, Any], counts: Mapping[str, int]) -> CategoryUse:
    use = describe_category(category, counts)
    if not use.genes:
        raise NotFoundError(f"the category {use.name} has no genes.")
    if not use.with_expression:
        raise NotFoundError(
            f"none of the {use.genes:,} genes of {use.name} has expression data in this database ({use.on_chip:,} are "
            "on the chip). Load downloads that hold them."
        )
    return use


def _choose_list(connection: duckdb.DuckDBPyConnection, names: Sequence[str], annotation: Annotation) -> ListUse:
    matches = match_names(connection, names, annotation)
    gene_ids = sorted({meaning.gene_id for meaning in matches.genes.values() if meaning.gene_id is not None})
    notes = matches.notes()
    if absent := [name for name, meaning in matches.genes.items() if meaning.gene_id is None]:
        notes.append(note_on("genes that are not in this database", absent))
    if probes := [name for name, meaning in matches.genes.items() if meaning.level == "probe"]:
        notes.append(note_on("names of probes, each read as its gene", probes))
    if not gene_ids:
        raise NotFoundError(f"none of the {len(names):,} genes of the list is in this database. {'; '.join(notes)}.")
    with registered(connection, listed_genes={"gene_id": np.array(gene_ids, dtype=np.int32)}):
        connection.execute(query("choose_listed_genes"), {"chosen_by": _CHOSEN_BY_LIST})
    resolved = [
        {"name": name, **{key: getattr(meaning, key) for key in ("gene_symbol", "entrez_id", "gene_id")}}
        for name, meaning in matches.genes.items()
    ]
    return ListUse(len(set(names)), len(gene_ids), resolved, matches.matched_by, notes)


def _not_found(connection: duckdb.DuckDBPyConnection, name: str) -> NoReturn:
    near = [category["name"] for category in run(connection, "categories_near", {"name": name})]
    hint = f" Did you mean {' or '.join(repr(similar) for similar in near)}?" if near else ""
    message = f"no category is named {name!r:.80}.{hint} List categories with: coexpr categories list"
    raise NotFoundError(message, name=name, similar=near)
