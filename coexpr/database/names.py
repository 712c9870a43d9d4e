"""What names of probes and genes mean in a database. The definition is the macro `meanings_of` in sql/schema/."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb
import numpy as np

from coexpr.choice import Annotation
from coexpr.database.queries import query, run

Level = Literal["probe", "gene"]


@dataclass(frozen=True)
class Meaning:
    """One probe or gene that a name can mean.

    Parameters
    ----------
    level : "probe" or "gene"
    probe_id, probe_name : optional
        The probe, where the name is one.
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


def meanings_of(
    connection: duckdb.DuckDBPyConnection, names: Iterable[str], annotation: Annotation = "allen"
) -> dict[str, list[Meaning]]:
    """Return everything that each name can mean: nothing if it is unknown, several if it is ambiguous."""
    meanings: dict[str, list[Meaning]] = {name: [] for name in names}
    connection.register("given_names", {"name": np.array(list(meanings), dtype=object)})
    try:
        rows = run(connection, "meanings_of_names", {"annotation": annotation}) if meanings else []
    finally:
        connection.unregister("given_names")
    for row in rows:
        meanings[row.pop("name")].append(Meaning(**row))
    return meanings


def names_near(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Return the names most similar to an unknown one, best first; an alias with the symbol of its gene."""
    return [near for (near,) in connection.execute(query("names_near"), {"name": name}).fetchall()]


def listed(meanings: Sequence[Meaning], most: int = 10) -> str:
    """Return the things that an ambiguous name can mean, for a message."""
    shown = "; ".join(map(str, meanings[:most]))
    return f"{shown}; and {len(meanings) - most} more" if len(meanings) > most else shown
