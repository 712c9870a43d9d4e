"""Atlas: an open database that answers questions.

It resolves names, chooses probes with SQL, hands their matrix to numpy, and puts the labels back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NoReturn, Self

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import coexpr
from coexpr.answer import Answer
from coexpr.correlate import correlate_seed
from coexpr.database import database_path, open_readonly
from coexpr.errors import AmbiguousNameError, NotFoundError, OptionError, QueryError
from coexpr.lists import stream
from coexpr.queries import query

Level = Literal["probe", "gene"]

RULE = "max-mean"
METHOD = "pearson"


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
    """

    level: Level
    probe_id: int
    probe_name: str
    gene_id: int | None
    gene_symbol: str | None
    chosen_by: str
    candidates: int


class Atlas:
    """A database opened for reading.

    Parameters
    ----------
    path : path, optional
        The database; COEXPR_DB or the user's own where none is named.

    Raises
    ------
    DatabaseError
        If there is no database at the path, or it cannot be read.

    Examples
    --------
    >>> with Atlas("atlas.duckdb") as atlas:  # doctest: +SKIP
    ...     atlas.correlates("NTRK2", top=5).to_pandas()
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = database_path(path)
        self._connection = open_readonly(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def correlates(
        self,
        seed: str,
        *,
        level: Level | None = None,
        probe: str | None = None,
        top: int | None = 20,
        ascending: bool = False,
        min_r: float | None = None,
        include_self: bool = False,
    ) -> Answer:
        """Return the probes or genes whose expression goes with that of the seed.

        Parameters
        ----------
        seed : str
            Name or id of a probe, or symbol or Entrez id of a gene.
        level : "probe" or "gene", optional
            What answers: every probe, or every gene by its representative probe. The seed's own
            level unless said.
        probe : str, optional
            Name or id of the probe that stands for a seed gene, instead of its representative.
        top : int or None
            Number of rows; None for all.
        ascending : bool
            Lowest r first: the anticorrelates.
        min_r : float, optional
            Leave out rows with a lower r, or without one.
        include_self : bool
            Keep the seed itself and, at gene level, its own gene.

        Returns
        -------
        Answer
            Columns rank, probe_id, probe_name, gene_symbol, gene_name, entrez_id, r and n, ordered by
            r, ties by probe_id. Where r is undefined it is None, and the row comes last.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If the name means nothing here, or several things.
        OptionError
            If `probe` is not a probe of the seed gene.
        """
        found = self.find_seed(seed, probe)
        level = level or found.level
        self._choose(level, found)
        chosen = self._connection.execute(query("chosen_probe_ids")).fetchnumpy()
        probe_ids = np.asarray(chosen["probe_id"])
        profiles = self._profiles(query("expression_of_chosen_probes"), {}, probe_ids)
        profile = self._profiles(
            query("expression_of_probe"), {"probe_id": found.probe_id}, np.array([found.probe_id])
        )[0]
        r, n = correlate_seed(profile, profiles)
        order = np.lexsort((probe_ids, r if ascending else -r))
        if not include_self:
            own = probe_ids == found.probe_id
            if level == "gene":
                own |= np.ma.filled(np.ma.asarray(chosen["gene_id"]) == found.gene_id, False)
            order = order[~own[order]]
        if min_r is not None:
            order = order[r[order] >= min_r]
        order = order[:top]
        route = self._route(found, level) | {
            "n_samples": int(np.count_nonzero(~np.isnan(profile))),
            "compared": len(probe_ids),
        }
        return self._labelled(probe_ids[order], r[order], n[order], route)

    def find_seed(self, name: str, probe: str | None = None) -> Seed:
        """Return the probe that a name stands for; see `correlates` for parameters and errors."""
        named = self._find_probe(name)
        gene = None if named and not name.strip().isdecimal() else self._find_gene(name)
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
            self._not_found(name)
        candidates = self._rows("probes_of_gene", {"gene_id": gene["gene_id"]})
        if not candidates:
            raise NotFoundError(f"gene {gene['gene_symbol']} has no probe with expression in {self.path}.")
        chosen, chosen_by = candidates[0], RULE
        if probe is not None:
            wanted = self._find_probe(probe) or self._not_found(probe)
            chosen_by = "name"
            chosen = next((row for row in candidates if row["probe_id"] == wanted["probe_id"]), None)
            if chosen is None:
                names = ", ".join(row["probe_name"] for row in candidates[:10])
                raise OptionError(f"{wanted['probe_name']} is no probe of {gene['gene_symbol']}; its probes are {names}.")
        return Seed(
            "gene",
            chosen["probe_id"],
            chosen["probe_name"],
            gene["gene_id"],
            gene["gene_symbol"],
            chosen_by,
            len(candidates),
        )

    def sql(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Run statements of SQL against the database, which is open for reading only.

        Parameters
        ----------
        statement : str
            One or more statements; the rows of the last one are returned.
        parameters : mapping, optional
            Values for its $parameters.

        Raises
        ------
        QueryError
            If DuckDB cannot run it.
        """
        try:
            self._connection.execute(statement, parameters)
            columns = [column[0] for column in self._connection.description or []]
            rows = self._connection.fetchall() if columns else []
        except duckdb.Error as error:
            message = str(error).strip()
            if "read-only" in message:
                message = f"the database is open for reading only, and this would write to it. ({message.splitlines()[0]})"
            raise QueryError(message) from None
        return Answer(columns, rows)

    def contents(self) -> dict[str, Any]:
        """Return what the database holds: numbers, donors, and the downloads it came from."""
        return {
            "path": str(self.path),
            "schema_version": self._rows("applied_migrations")[-1]["version"],
            **self._rows("contents")[0],
            "donor_list": self._rows("donor_contents"),
            "downloads": self._rows("all_downloads"),
        }

    def _find_probe(self, name: str) -> dict[str, Any] | None:
        found = self._rows("probes_called", _as_name_and_number(name))
        return found[0] if found else None

    def _find_gene(self, name: str) -> dict[str, Any] | None:
        """Return the gene of a symbol or Entrez id; the symbol in the very case asked for is preferred."""
        found = self._rows("genes_called", _as_name_and_number(name))
        in_this_case = [gene for gene in found if gene["same_case"]]
        found = in_this_case or found
        if len(found) > 1:
            several = "; ".join(f"Entrez {gene['entrez_id']}, {gene['gene_name']}" for gene in found[:10])
            raise AmbiguousNameError(
                f"{name} is the symbol of {len(found)} genes: {several}. Use an Entrez id or the name of a probe."
            )
        return found[0] if found else None

    def _not_found(self, name: str) -> NoReturn:
        near = [name for (name,) in self._connection.execute(query("names_near"), {"name": name}).fetchall()]
        hint = f" Near it: {', '.join(near)}." if near else ""
        raise NotFoundError(
            f"no probe, gene symbol or Entrez id {name!r} in {self.path}.{hint}"
        )

    def _choose(self, level: Level, seed: Seed) -> None:
        """Fill chosen_probes with the probes that a question is about."""
        self._connection.execute(query("create_chosen_probes"))
        if level == "probe":
            self._connection.execute(query("choose_all_probes"))
        else:
            stand_in = {"gene_id": seed.gene_id, "probe_id": seed.probe_id}
            self._connection.execute(query("choose_representative_probes"), stand_in)

    def _profiles(
        self, statement: str, parameters: Mapping[str, Any], probe_ids: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the log2 intensities that a statement selects as (P, S) float32.

        Rows are in the order of `probe_ids`, ascending; columns are the samples by donor_id and
        position. NaN where unknown.
        """
        counts = self._connection.execute(query("sample_counts")).fetchall()
        ends = np.cumsum([count for _, count in counts])
        columns = {
            donor_id: slice(end - count, end) for (donor_id, count), end in zip(counts, ends, strict=True)
        }
        profiles = np.full((len(probe_ids), ends[-1]), np.nan, dtype=np.float32)
        for donor_ids, ids, values in stream(self._connection, statement, parameters):
            rows = np.searchsorted(probe_ids, ids)
            for donor_id in np.unique(donor_ids):
                of_donor = donor_ids == donor_id
                profiles[rows[of_donor], columns[donor_id]] = values[of_donor]
        return profiles

    def _labelled(
        self, probe_ids: NDArray[np.int32], r: NDArray[np.float64], n: NDArray[np.int32], route: dict[str, Any]
    ) -> Answer:
        """Put names beside the numbers; rows come ranked."""
        self._connection.register("reported_probes", pa.table({"probe_id": probe_ids}))
        labels = {row["probe_id"]: row for row in self._rows("labels_of_reported_probes")}
        self._connection.unregister("reported_probes")
        columns = ["rank", "probe_id", "probe_name", "gene_symbol", "gene_name", "entrez_id", "r", "n"]
        rows = []
        for rank, (probe_id, value, count) in enumerate(
            zip(probe_ids.tolist(), r.tolist(), n.tolist(), strict=True), start=1
        ):
            label = labels[probe_id]
            defined = value == value
            rows.append(
                (
                    rank if defined else None,
                    *(label[name] for name in columns[1:6]),
                    value if defined else None,
                    count,
                )
            )
        return Answer(columns, rows, route)

    def _route(self, seed: Seed, level: Level) -> dict[str, Any]:
        """Return everything that decides an r, but for the numbers counted on the way."""
        donors = self._rows("donor_contents")
        return {
            "seed": seed.gene_symbol if seed.level == "gene" else seed.probe_name,
            "seed_probe": seed.probe_name,
            "seed_probe_id": seed.probe_id,
            "seed_gene": seed.gene_symbol,
            "seed_probe_chosen_by": seed.chosen_by,
            "seed_probe_candidates": seed.candidates,
            "level": level,
            "rule": RULE if level == "gene" else None,
            "method": METHOD,
            "scale": "log2",
            "resolution": "samples",
            "structures": "all",
            "donors": [donor["donor_name"] or str(donor["donor_id"]) for donor in donors],
            "source": [title for (title,) in self._connection.execute(query("titles")).fetchall()],
            "database": str(self.path),
            "coexpr_version": coexpr.__version__,
        }

    def _rows(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run a named query and return its rows by column."""
        self._connection.execute(query(name), parameters)
        columns = [column[0] for column in self._connection.description or []]
        return [dict(zip(columns, row, strict=True)) for row in self._connection.fetchall()]


def _as_name_and_number(name: str) -> dict[str, str | int | None]:
    """Return a name as the queries take it: as text and, where it is one, as a 32-bit whole number."""
    text = name.strip()
    is_id = text.isascii() and text.isdecimal() and len(text) < 10
    return {"name": text, "number": int(text) if is_id else None}
