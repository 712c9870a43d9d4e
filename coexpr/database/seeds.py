"""The seed of a query: the one probe or gene that a name means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import duckdb

from coexpr.choice import Annotation
from coexpr.database.names import Level, Meaning, listed, meanings_of, names_near
from coexpr.database.queries import single
from coexpr.errors import AmbiguousNameError, NotFoundError
from coexpr.readers.spreadsheet import is_date

# Characters that separate the names of a list: a seed is one name.
_SEPARATORS = ",;|\t\n"


@dataclass(frozen=True)
class Seed:
    """The probe or gene that a name means.

    Parameters
    ----------
    level : "probe" or "gene"
    probe_id, probe_name : optional
        The probe, where the name is one.
    gene_id, gene_symbol : optional
        The gene, or that of the probe if it has one.
    found_as : str, optional
        The current symbol or alias that was given, where the atlas has another symbol.
    """

    level: Level
    probe_id: int | None
    probe_name: str | None
    gene_id: int | None
    gene_symbol: str | None
    found_as: str | None = None

    @property
    def gene_ids(self) -> list[int]:
        """Its gene, or that of the probe; none for a probe of no known gene."""
        return [] if self.gene_id is None else [self.gene_id]

    @property
    def name(self) -> str:
        """Its name in the atlas."""
        return str(self.gene_symbol if self.level == "gene" else self.probe_name)


def find_seed(connection: duckdb.DuckDBPyConnection, name: str, annotation: Annotation = "allen") -> Seed:
    """Return the probe or gene that a name means.

    Raises
    ------
    NotFoundError, AmbiguousNameError
        If it means nothing here, or several things.
    """
    return find_seeds(connection, [name], annotation)[0]


def find_seeds(connection: duckdb.DuckDBPyConnection, names: Sequence[str], annotation: Annotation) -> list[Seed]:
    """Return the probe or gene that each of many names means; they are looked up together."""
    meanings = meanings_of(connection, names, annotation)
    return [_one(connection, name, meanings[name]) for name in names]


def find_probe(connection: duckdb.DuckDBPyConnection, name: str, annotation: Annotation = "allen") -> Seed | None:
    """Return the probe with a name or id, None if there is none."""
    probes = [meaning for meaning in meanings_of(connection, [name], annotation)[name] if meaning.level == "probe"]
    return _as_seed(probes[0]) if probes else None


def _one(connection: duckdb.DuckDBPyConnection, name: str, meanings: list[Meaning]) -> Seed:
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
    hint = ""
    if is_date(name.strip()):
        hint = (
            " It is a date: spreadsheets change gene symbols such as SEPT2, MARCH1 and DEC1 into dates. Use the symbol."
        )
    elif any(mark in name.strip() for mark in _SEPARATORS):
        hint = " A seed is one gene or probe; to use several, see: coexpr matrix --help"
    elif near := names_near(connection, name):
        hint = f" Similar names: {', '.join(near)}."
    raise NotFoundError(f"no probe or gene is named {name!r:.80} in this database.{hint}")


def as_name_and_number(name: str) -> dict[str, str | int | None]:
    """Return a name as the queries take it: as text and, where it is one, as a 32-bit whole number."""
    text = name.strip()
    is_id = text.isascii() and text.isdecimal() and len(text) < 10
    return {"name": text, "number": int(text) if is_id else None}
