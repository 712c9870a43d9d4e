"""What a name means: a probe, a gene, several things, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import duckdb
import numpy as np

from coexpr.choice import Annotation
from coexpr.errors import AmbiguousNameError, NotFoundError
from coexpr.queries import query, run, single

Level = Literal["probe", "gene"]


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
        The name that was asked for, where the atlas calls the gene otherwise: its current symbol or
        an alias.
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
        """What the atlas calls it."""
        return str(self.gene_symbol if self.level == "gene" else self.probe_name)


def find_seed(connection: duckdb.DuckDBPyConnection, name: str, annotation: Annotation = "allen") -> Seed:
    """Return the probe or gene that a name stands for.

    Raises
    ------
    NotFoundError, AmbiguousNameError
        If it means nothing here, or several things.
    """
    named = find_probe(connection, name, annotation)
    gene = None if named and not name.strip().isdecimal() else _find_gene(connection, name, annotation)
    if named and gene:
        raise AmbiguousNameError(
            f"{name} is the id of probe {named.probe_name} and the Entrez id of gene {gene['gene_symbol']}. "
            "Use the probe's name or the gene's symbol."
        )
    if named:
        return named
    if not gene:
        _not_found(connection, name)
    return Seed("gene", None, None, gene["gene_id"], gene["gene_symbol"], gene.get("found_as"))


def find_seeds(connection: duckdb.DuckDBPyConnection, names: Sequence[str], annotation: Annotation) -> list[Seed]:
    """Return what each of many names stands for; names of probes are looked up all at once."""
    asked = [name.strip() for name in names]
    connection.register("asked_names", {"name": np.array(asked, dtype=object)})
    named = {
        row.pop("name"): Seed("probe", **row) for row in run(connection, "probes_named", {"annotation": annotation})
    }
    connection.unregister("asked_names")
    return [named.get(name) or find_seed(connection, name, annotation) for name in asked]


def find_probe(connection: duckdb.DuckDBPyConnection, name: str, annotation: Annotation = "allen") -> Seed | None:
    """Return the probe of a name or id, None if there is none."""
    found = run(connection, "probes_called", as_name_and_number(name) | {"annotation": annotation})
    return Seed("probe", **found[0]) if found else None


def _find_gene(connection: duckdb.DuckDBPyConnection, name: str, annotation: Annotation) -> dict[str, Any] | None:
    """Return the gene of a symbol or Entrez id; the symbol in the very case asked for is preferred."""
    found = run(connection, "genes_called", as_name_and_number(name) | {"annotation": annotation})
    in_this_case = [gene for gene in found if gene["same_case"]]
    found = in_this_case or found
    if len(found) > 1:
        several = "; ".join(
            f"{gene['gene_symbol']}, Entrez {gene['entrez_id']}, {gene['gene_name']}" for gene in found[:10]
        )
        raise AmbiguousNameError(f"{name} means {len(found)} genes: {several}. Use the name of one of their probes.")
    return found[0] if found else _find_gene_also_called(connection, name, annotation)


def _find_gene_also_called(
    connection: duckdb.DuckDBPyConnection, name: str, annotation: Annotation
) -> dict[str, Any] | None:
    """Return the gene whose current symbol or alias is a name; a current symbol is preferred."""
    found = run(connection, "genes_also_called", {"name": name.strip(), "annotation": annotation})
    found = [gene for gene in found if gene["is_current"]] or found
    here = [gene for gene in found if gene["gene_id"] is not None]
    if len(here) > 1:
        several = "; ".join(f"{gene['gene_symbol']} (Entrez {gene['entrez_id']})" for gene in here[:10])
        raise AmbiguousNameError(f"{name} is an alias of {len(here)} genes: {several}. Use one of their symbols.")
    if found and not here:
        raise NotFoundError(
            f"{name} is a human gene (Entrez {found[0]['entrez_id']}), but no probe of it is in this database. "
            "Load a download that holds it."
        )
    return here[0] | {"found_as": here[0]["alias"]} if here else None


def _not_found(connection: duckdb.DuckDBPyConnection, name: str) -> NoReturn:
    if single(connection, "count_downloads") == 0:
        raise NotFoundError("nothing is loaded in this database. Load a download with `coexpr ingest PATH`.")
    near = [name for (name,) in connection.execute(query("names_near"), {"name": name}).fetchall()]
    hint = f" Near it: {', '.join(near)}." if near else ""
    raise NotFoundError(f"{name!r:.80} is no probe, gene symbol or Entrez id of this database.{hint}")


def as_name_and_number(name: str) -> dict[str, str | int | None]:
    """Return a name as the queries take it: as text and, where it is one, as a 32-bit whole number."""
    text = name.strip()
    is_id = text.isascii() and text.isdecimal() and len(text) < 10
    return {"name": text, "number": int(text) if is_id else None}
