"""What a name means: a probe, a gene, several things, or nothing."""

from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import duckdb

from coexpr.errors import AmbiguousNameError, NotFoundError, OptionError
from coexpr.queries import query, run, single

Level = Literal["probe", "gene"]

RULE = "max-mean"


@dataclass(frozen=True)
class Seed:
    """The probe or gene asked about, and the probe whose profile is correlated.

    Parameters
    ----------
    level : "probe" or "gene"
        What the name that was asked for means, and so what answers it.
    chosen_by : str
        "name" where the probe itself was named, else the rule that chose it among `candidates`
        probes of the gene.
    found_as : str, optional
        The name that was asked for, where the atlas calls the gene otherwise: its current symbol or
        an alias.
    """

    level: Level
    probe_id: int
    probe_name: str
    gene_id: int | None
    gene_symbol: str | None
    chosen_by: str
    candidates: int
    found_as: str | None = None


def find_seed(connection: duckdb.DuckDBPyConnection, name: str, probe: str | None = None) -> Seed:
    """Return the probe that a name stands for; see `correlates` for parameters and errors."""
    named = _find_probe(connection, name)
    gene = None if named and not name.strip().isdecimal() else _find_gene(connection, name)
    if named and gene:
        raise AmbiguousNameError(
            f"{name} is the id of probe {named['probe_name']} and the Entrez id of gene {gene['gene_symbol']}. "
            "Use the probe's name or the gene's symbol."
        )
    if named:
        if probe is not None:
            raise OptionError(f"--probe chooses among the probes of a gene, but {name} is a probe itself.")
        return Seed("probe", **named, chosen_by="name", candidates=1)
    if not gene:
        _not_found(connection, name)
    candidates = run(connection, "probes_of_gene", {"gene_id": gene["gene_id"]})
    if not candidates:
        raise NotFoundError(f"gene {gene['gene_symbol']} has no probe with expression.")
    chosen, chosen_by = candidates[0], RULE
    if probe is not None:
        chosen, chosen_by = _candidate(connection, probe, candidates, gene["gene_symbol"]), "name"
    return Seed(
        "gene",
        chosen["probe_id"],
        chosen["probe_name"],
        gene["gene_id"],
        gene["gene_symbol"],
        chosen_by,
        len(candidates),
        gene.get("found_as"),
    )


def _find_probe(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any] | None:
    found = run(connection, "probes_called", _as_name_and_number(name))
    return found[0] if found else None


def _find_gene(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any] | None:
    """Return the gene of a symbol or Entrez id; the symbol in the very case asked for is preferred."""
    found = run(connection, "genes_called", _as_name_and_number(name))
    in_this_case = [gene for gene in found if gene["same_case"]]
    found = in_this_case or found
    if len(found) > 1:
        several = "; ".join(
            f"{gene['gene_symbol']}, Entrez {gene['entrez_id']}, {gene['gene_name']}" for gene in found[:10]
        )
        raise AmbiguousNameError(f"{name} means {len(found)} genes: {several}. Use the name of one of their probes.")
    return found[0] if found else _find_gene_also_called(connection, name)


def _find_gene_also_called(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any] | None:
    """Return the gene whose current symbol or alias is a name; a current symbol is preferred."""
    found = run(connection, "genes_also_called", {"name": name.strip()})
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


def _candidate(
    connection: duckdb.DuckDBPyConnection, probe: str, candidates: list[dict[str, Any]], gene_symbol: str
) -> dict[str, Any]:
    """Return the one of a gene's probes that was asked for."""
    wanted = _find_probe(connection, probe)
    for candidate in candidates:
        if wanted and candidate["probe_id"] == wanted["probe_id"]:
            return candidate
    names = ", ".join(candidate["probe_name"] for candidate in candidates[:10])
    more = f" and {len(candidates) - 10} more" if len(candidates) > 10 else ""
    raise OptionError(f"{probe} is no probe of {gene_symbol}; its probes are {names}{more}.")


def _not_found(connection: duckdb.DuckDBPyConnection, name: str) -> NoReturn:
    if single(connection, "count_downloads") == 0:
        raise NotFoundError("nothing is loaded in this database. Load a download with `coexpr ingest PATH`.")
    near = [name for (name,) in connection.execute(query("names_near"), {"name": name}).fetchall()]
    hint = f" Near it: {', '.join(near)}." if near else ""
    raise NotFoundError(f"{name!r:.80} is no probe, gene symbol or Entrez id of this database.{hint}")


def _as_name_and_number(name: str) -> dict[str, str | int | None]:
    """Return a name as the queries take it: as text and, where it is one, as a 32-bit whole number."""
    text = name.strip()
    is_id = text.isascii() and text.isdecimal() and len(text) < 10
    return {"name": text, "number": int(text) if is_id else None}
