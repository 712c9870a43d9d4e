"""Atlas: an open database that answers questions.

It resolves names, chooses probes with SQL, hands their matrix to numpy, and puts the labels back.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

import coexpr
from coexpr.answer import Answer
from coexpr.categories import Match, choose_genes, want_categories
from coexpr.correlate import correlate_seed
from coexpr.database import open_readonly
from coexpr.errors import NotFoundError, OptionError, QueryError
from coexpr.lists import stream
from coexpr.queries import query, run
from coexpr.resources import database_path
from coexpr.seeds import RULE, Level, Seed, find_seed

METHOD = "pearson"


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
        categories: Sequence[str] = (),
        genes: Sequence[str] = (),
        match: Match = "any",
        include_regulates: bool = False,
        rank_overall: bool = True,
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
        categories : sequence of str
            Answer only with genes of these categories, or with their probes: names, accessions such as
            GO:0007399, or source:name.
        genes : sequence of str
            A category given on the spot: symbols, aliases, Entrez ids, or names of probes.
        match : "any" or "all"
            Genes of any of the categories, or only those in all of them.
        include_regulates : bool
            Count what regulates a category as its members too, not only what is part of it.
        rank_overall : bool
            Tell each row's rank among all probes or genes beside that within the categories. Without
            it only the rows of the categories are read.

        Returns
        -------
        Answer
            Columns rank, probe_id, probe_name, gene_symbol, gene_name, entrez_id, r and n, ordered by
            r, ties by probe_id; with categories rank_overall after rank, if that is asked for. Where r
            is undefined it is None, and the row comes last.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If the name means nothing here, or several things.
        OptionError
            If `probe` is not a probe of the seed gene.
        """
        connection = self._connection
        if level not in (None, "probe", "gene") or match not in ("any", "all") or (top is not None and top < 1):
            raise OptionError(
                f"level {level!r}, match {match!r}, top {top!r}: expected probe or gene, any or all, 1 or more."
            )
        found = find_seed(connection, str(seed), probe)
        level = level or found.level
        limited = bool(categories or genes)
        connection.execute(query("create_chosen_genes"))
        limits = choose_genes(connection, categories, genes, match, include_regulates) if limited else {}
        self._choose(level, found)
        if limited and not rank_overall:
            connection.execute(query("keep_probes_of_chosen_genes"))
        chosen = self._connection.execute(query("chosen_probe_ids")).fetchnumpy()
        probe_ids = np.asarray(chosen["probe_id"])
        profiles = self._profiles(query("expression_of_chosen_probes"), {}, probe_ids)
        profile = self._profiles(
            query("expression_of_probe"), {"probe_id": found.probe_id}, np.array([found.probe_id])
        )[0]
        if np.isnan(profile).all():
            raise NotFoundError(f"probe {found.probe_name} has no expression in this database.")
        r, n = correlate_seed(profile, profiles)
        order = np.lexsort((probe_ids, r if ascending else -r))
        if not include_self:
            own = probe_ids == found.probe_id
            if level == "gene":
                own |= np.ma.filled(np.ma.asarray(chosen["gene_id"]) == found.gene_id, False)
            order = order[~own[order]]
        overall = np.full(len(probe_ids), 0)
        overall[order] = np.arange(1, len(order) + 1)
        if limited:
            order = order[np.asarray(chosen["is_member"])[order]]
        route = (
            self._route(found, level)
            | limits
            | {
                "n_samples": int(np.count_nonzero(~np.isnan(profile))),
                "answers": len(order),
                "without_r": int(np.count_nonzero(np.isnan(r[order]))),
            }
        )
        if min_r is not None:
            order = order[r[order] >= min_r]
        order = order[:top]
        answer = self._labelled(probe_ids[order], r[order], n[order], route)
        return _with_overall(answer, overall[order]) if limited and rank_overall else answer

    def categories(self, search: str | None = None) -> Answer:
        """Return the categories whose name holds `search`, with their numbers of genes."""
        return self._table("list_categories", {"search": search})

    def members(self, category: str, *, include_regulates: bool = False) -> Answer:
        """Return the genes of a category: loaded, only known to be on the chip, or not found here.

        Parameters
        ----------
        category : str
            Its name, accession, or source:name.
        include_regulates : bool
            With the genes of what regulates it, not only of what is part of it.
        """
        (found,) = want_categories(self._connection, [category], include_regulates).values()
        members = self._table("wanted_members", {})
        counts = run(self._connection, "wanted_counts")[0]
        route = {key: found[key] for key in ("source", "release", "accession", "name")}
        route |= {key: counts[key] for key in ("genes", "on_chip", "loaded")}
        route |= {"names": {}, "problems": {}}
        for row in run(self._connection, "names_by_way", {"category_id": found["category_id"]}):
            route["names"][row["matched_by"]] = row["names"]
            if row["without_gene"]:
                route["problems"][row["matched_by"]] = row["without_gene"]
        return Answer(members.columns[1:], [row[1:] for row in members.rows], route)

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
            columns = _distinct([column[0] for column in self._connection.description or []])
            rows = self._connection.fetchall() if columns else []
        except duckdb.Error as error:
            message = str(error).strip()
            if "disabled by configuration" in message:
                message = (
                    "only the database itself can be read here, no other file. "
                    f"Use the duckdb shell for that. ({message.splitlines()[0]})"
                )
            if "attached in read-only mode" in message:
                message = (
                    f"the database is open for reading only, and this would write to it. ({message.splitlines()[0]})"
                )
            raise QueryError(message) from None
        if not columns:
            raise QueryError("there is no statement to run that returns rows.")
        route = {"statement": statement, "database": str(self.path), "coexpr_version": coexpr.__version__}
        return Answer(columns, rows, route)

    def forbid_other_files(self) -> None:
        """Let statements read this database and nothing else: no COPY to a file, no ATTACH.

        This holds for every connection of this process to the file, and cannot be undone.
        """
        self._connection.execute(query("forbid_other_files"))

    def contents(self) -> dict[str, Any]:
        """Return what the database holds: numbers, donors, and the downloads it came from."""
        return {
            "path": str(self.path),
            "schema_version": run(self._connection, "applied_migrations")[-1]["version"],
            **run(self._connection, "contents")[0],
            "donor_list": run(self._connection, "donor_contents"),
            "downloads": run(self._connection, "all_downloads"),
        }

    def _table(self, name: str, parameters: Mapping[str, Any]) -> Answer:
        """Run a named query as an answer of its own."""
        rows = run(self._connection, name, parameters)
        columns = [column[0] for column in self._connection.description or []]
        return Answer(columns, [tuple(row.values()) for row in rows], {"database": str(self.path)})

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
        columns = {donor_id: slice(end - count, end) for (donor_id, count), end in zip(counts, ends, strict=True)}
        profiles = np.full((len(probe_ids), ends[-1]), np.nan, dtype=np.float32)
        for donor_ids, ids, values in stream(self._connection, statement, parameters):
            rows = np.searchsorted(probe_ids, ids)
            if donor_ids[0] == donor_ids[-1]:  # rows are stored donor by donor
                profiles[rows, columns[donor_ids[0]]] = values
                continue
            for donor_id in np.unique(donor_ids):
                of_donor = donor_ids == donor_id
                profiles[rows[of_donor], columns[donor_id]] = values[of_donor]
        return profiles

    def _labelled(
        self,
        probe_ids: NDArray[np.int32],
        r: NDArray[np.float64],
        n: NDArray[np.int32],
        route: dict[str, Any],
    ) -> Answer:
        """Put names beside the numbers; rows come ranked."""
        self._connection.register("reported_probes", {"probe_id": probe_ids})
        labels = {row["probe_id"]: row for row in run(self._connection, "labels_of_reported_probes")}
        self._connection.unregister("reported_probes")
        columns = ["rank", "probe_id", "probe_name", "gene_symbol", "gene_name", "entrez_id", "r", "n"]
        rows = []
        for rank, (probe_id, value, count) in enumerate(
            zip(probe_ids.tolist(), r.tolist(), n.tolist(), strict=True), start=1
        ):
            label = labels[probe_id]
            defined = not math.isnan(value)
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
        donors = run(self._connection, "donors_of_probe", {"probe_id": seed.probe_id})
        return {
            "seed": seed.gene_symbol if seed.level == "gene" else seed.probe_name,
            "seed_probe": seed.probe_name,
            "seed_probe_id": seed.probe_id,
            "seed_gene": seed.gene_symbol,
            "seed_found_as": seed.found_as,
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


def _with_overall(answer: Answer, overall: NDArray[np.int_]) -> Answer:
    """Put the rank among all beside the rank among the members."""
    columns = [answer.columns[0], "rank_overall", *answer.columns[1:]]
    rows = [
        (row[0], None if row[0] is None else rank, *row[1:])
        for row, rank in zip(answer.rows, overall.tolist(), strict=True)
    ]
    return Answer(columns, rows, answer.route)


def _distinct(names: list[str]) -> list[str]:
    """Return column names with a number behind those that came before."""
    counted = dict.fromkeys(names, 0)
    found = []
    for name in names:
        counted[name] += 1
        found.append(name if counted[name] == 1 else f"{name}_{counted[name]}")
    return found
