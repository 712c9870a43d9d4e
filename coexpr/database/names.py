"""What names of probes and genes mean in a database, and the one probe or gene that a seed means.

The definition is the macro `meanings_of` in `sql/schema/02_names.sql`; these functions ask it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import duckdb
import numpy as np

from coexpr.database.queries import query, registered, run, single
from coexpr.errors import AmbiguousNameError, NotFoundError
from coexpr.options import Annotation, Level

# Characters that separate the names of a list; a seed is one name.
_SEPARATORS = ",;|\t\n"


@dataclass(frozen=True)
class Meaning:
    """One probe or gene that a name can mean.

    Parameters
    ----------
    level : "probe" or "gene"
    probe_id, probe_name : optional
        The probe, where the name is that of a probe.
    gene_id, gene_symbol, gene_name : optional
        The gene, or the gene of the probe. `gene_id` is None for a human gene that is not in the database.
    entrez_id : int, optional
        The gene's current Entrez id.
    current_symbol : str, optional
        The gene's symbol in NCBI Gene.
    matched_by : str
        Probe name, probe id, Entrez id, atlas symbol, current symbol or alias.
    written : str
        The name as its source spells it.
    """

    level: Level
    probe_id: int | None
    probe_name: str | None
    gene_id: int | None
    gene_symbol: str | None
    gene_name: str | None
    entrez_id: int | None
    current_symbol: str | None
    matched_by: str
    written: str

    def __str__(self) -> str:
        if self.level == "probe":
            return f"probe {self.probe_name}"
        details = [f"Entrez {self.entrez_id}"] * (self.entrez_id is not None) + [self.gene_name] * bool(self.gene_name)
        details += ["not in this database"] * (self.gene_id is None)
        symbol = str(self.gene_symbol or self.current_symbol)
        return f"{symbol} ({', '.join(map(str, details))})" if details else symbol


@dataclass(frozen=True)
class Seed:
    """The probe or gene that a query starts from.

    Parameters
    ----------
    level : "probe" or "gene"
    probe_id, probe_name : optional
        The probe, where the seed is one.
    gene_id, gene_symbol : optional
        The gene, or the gene of the probe.
    other_name : str, optional
        The current symbol or alias that was given, where the atlas uses another symbol.
    """

    level: Level
    probe_id: int | None
    probe_name: str | None
    gene_id: int | None
    gene_symbol: str | None
    other_name: str | None = None

    @property
    def gene_ids(self) -> list[int]:
        """The gene, or the gene of the probe; empty for a probe without a known gene."""
        return [] if self.gene_id is None else [self.gene_id]

    @property
    def name(self) -> str:
        """The atlas's name of the probe or gene."""
        return str(self.gene_symbol if self.level == "gene" else self.probe_name)


def meanings_of(
    connection: duckdb.DuckDBPyConnection, names: Iterable[str], annotation: Annotation = "allen"
) -> dict[str, list[Meaning]]:
    """Return everything that each name can mean: nothing if it is unknown, several if it is ambiguous."""
    meanings: dict[str, list[Meaning]] = {name: [] for name in names}
    if not meanings:
        return {}
    with registered(connection, given_names={"name": np.array(list(meanings), dtype=object)}):
        for row in run(connection, "meanings_of_names", {"annotation": annotation}):
            meanings[row.pop("name")].append(Meaning(**row))
    return meanings


def find_seed(connection: duckdb.DuckDBPyConnection, name: str, annotation: Annotation = "allen") -> Seed:
    """Return the probe or gene that a name means.

    Raises
    ------
    NotFoundError, AmbiguousNameError
        If it means nothing in this database, or several probes or genes.
    """
    return find_seeds(connection, [name], annotation)[0]


def find_seeds(connection: duckdb.DuckDBPyConnection, names: Sequence[str], annotation: Annotation) -> list[Seed]:
    """Return the probe or gene that each name means; all are looked up in one query."""
    meanings = meanings_of(connection, names, annotation)
    return [_only_meaning(connection, name, meanings[name]) for name in names]


def find_probe(connection: duckdb.DuckDBPyConnection, name: str, annotation: Annotation = "allen") -> Seed | None:
    """Return the probe with a name or id; None if there is none."""
    probes = [meaning for meaning in meanings_of(connection, [name], annotation)[name] if meaning.level == "probe"]
    return _as_seed(probes[0]) if probes else None


def similar_names(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Return the known names most similar to an unknown one, best first; an alias with the symbol of its gene."""
    return [similar for (similar,) in connection.execute(query("names_near"), {"name": name}).fetchall()]


def listed(meanings: Sequence[Meaning], limit: int = 10) -> str:
    """Return the meanings of an ambiguous name, for a message."""
    shown = "; ".join(map(str, meanings[:limit]))
    return f"{shown}; and {len(meanings) - limit} more" if len(meanings) > limit else shown


def as_name_and_number(name: str) -> dict[str, str | int | None]:
    """Return a name as parameters of a query: as text and, where it is one, as a 32-bit whole number."""
    text = name.strip()
    is_id = text.isascii() and text.isdecimal() and len(text) < 10
    return {"name": text, "number": int(text) if is_id else None}


def _only_meaning(connection: duckdb.DuckDBPyConnection, name: str, meanings: list[Meaning]) -> Seed:
    if not meanings:
        _raise_not_found(connection, name)
    if all(meaning.level == "gene" and meaning.gene_id is None for meaning in meanings):
        which = f"a human gene (Entrez {meanings[0].entrez_id})" if len(meanings) == 1 else f"one of {listed(meanings)}"
        raise NotFoundError(f"{name} is {which}, but this database has no probe of it. Load a download that holds it.")
    if len(meanings) > 1:
        other = "symbol" if as_name_and_number(name)["number"] is not None else "Entrez id"
        raise AmbiguousNameError(
            f"{name} has {len(meanings)} meanings: {listed(meanings)}. Use the {other} of a gene or the name of a "
            "probe."
        )
    return _as_seed(meanings[0])


def _as_seed(meaning: Meaning) -> Seed:
    is_other_name = meaning.matched_by in ("current symbol", "alias") and meaning.written != meaning.gene_symbol
    return Seed(
        meaning.level,
        meaning.probe_id,
        meaning.probe_name,
        meaning.gene_id,
        meaning.gene_symbol,
        meaning.written if is_other_name else None,
    )


def _raise_not_found(connection: duckdb.DuckDBPyConnection, name: str) -> NoReturn:
    if single(connection, "count_downloads") == 0:
        raise NotFoundError("this database holds no download. Load one with: coexpr ingest PATH")
    from coexpr.readers.spreadsheet import is_date  # only names that are not found are examined

    hint, similar = "", list[str]()
    if is_date(name.strip()):
        hint = (
            " It is a date: spreadsheets change gene symbols such as SEPT2, MARCH1 and DEC1 into dates. Use the symbol."
        )
    elif any(mark in name.strip() for mark in _SEPARATORS):
        hint = " A seed is one gene or probe; to use several, see: coexpr matrix --help"
    elif similar := similar_names(connection, name):
        hint = f" Similar names: {', '.join(similar)}."
    names = [text.partition(" (")[0] for text in similar]  # without the symbol that follows an alias
    raise NotFoundError(f"no probe or gene is named {name!r:.80} in this database.{hint}", name=name, similar=names)
