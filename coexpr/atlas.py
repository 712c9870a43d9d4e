"""Atlas: an open database that answers questions.

It resolves names, chooses probes with SQL, hands their matrix to numpy, and puts the labels back.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import coexpr
from coexpr.adhoc_sql import run_statement
from coexpr.answer import Answer
from coexpr.categories import Match, choose_genes, want_categories
from coexpr.correlate import correlate_seed
from coexpr.database import open_readonly
from coexpr.errors import NotFoundError, OptionError
from coexpr.profiles import read_profiles
from coexpr.queries import query, run
from coexpr.resources import database_path
from coexpr.seeds import RULE, Level, Seed, find_seed

METHOD = "pearson"
_LABELS = ("probe_id", "probe_name", "gene_symbol", "gene_name", "entrez_id")


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
        if level not in (None, "probe", "gene") or match not in ("any", "all") or (top is not None and top < 1):
            raise OptionError(
                f"level {level!r}, match {match!r}, top {top!r}: expected probe or gene, any or all, 1 or more."
            )
        found = find_seed(self._connection, str(seed), probe)
        level = level or found.level
        limits = self._limit(categories, genes, match, include_regulates)
        chosen = self._choose(level, found, only_members=bool(limits) and not rank_overall)
        probe_ids = np.asarray(chosen["probe_id"])
        r, n, n_samples = self._correlate(found, probe_ids)
        order = np.lexsort((probe_ids, r if ascending else -r))
        if not include_self:
            order = order[~_is_own(chosen, found, level)[order]]
        overall = np.empty(len(probe_ids), dtype=np.intp)
        overall[order] = np.arange(1, len(order) + 1)
        if limits:
            order = order[np.asarray(chosen["is_member"])[order]]
        numbers = {
            "n_samples": n_samples,
            "answers": len(order),
            "without_r": int(np.count_nonzero(np.isnan(r[order]))),
        }
        if min_r is not None:
            order = order[r[order] >= min_r]
        order = order[:top]
        route = self._route(found, level) | limits | numbers
        ranks = overall[order] if limits and rank_overall else None
        return self._labelled(probe_ids[order], r[order], n[order], ranks, route)

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
        columns, rows = run_statement(self._connection, statement, parameters)
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

    def _limit(
        self, categories: Sequence[str], genes: Sequence[str], match: Match, include_regulates: bool
    ) -> dict[str, Any]:
        """Fill chosen_genes; return what the route says of it, which is nothing where nothing is limited."""
        self._connection.execute(query("create_chosen_genes"))
        if not (categories or genes):
            return {}
        return choose_genes(self._connection, categories, genes, match, include_regulates)

    def _choose(self, level: Level, seed: Seed, *, only_members: bool) -> dict[str, NDArray[Any]]:
        """Fill chosen_probes with the probes that a question is about; return probe_id, gene_id and is_member."""
        self._connection.execute(query("create_chosen_probes"))
        if level == "probe":
            self._connection.execute(query("choose_all_probes"))
        else:
            stand_in = {"gene_id": seed.gene_id, "probe_id": seed.probe_id}
            self._connection.execute(query("choose_representative_probes"), stand_in)
        if only_members:
            self._connection.execute(query("keep_probes_of_chosen_genes"))
        return self._connection.execute(query("chosen_probe_ids")).fetchnumpy()

    def _correlate(
        self, seed: Seed, probe_ids: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32], int]:
        """Return r and n of the seed with each chosen probe, and in how many samples the seed is known."""
        only_seed = {"probe_id": seed.probe_id}
        profile = read_profiles(
            self._connection, query("expression_of_probe"), only_seed, np.array([seed.probe_id], dtype=np.int32)
        )[0]
        if np.isnan(profile).all():
            raise NotFoundError(f"probe {seed.probe_name} has no expression in this database.")
        profiles = read_profiles(self._connection, query("expression_of_chosen_probes"), {}, probe_ids)
        r, n = correlate_seed(profile, profiles)
        return r, n, int(np.count_nonzero(~np.isnan(profile)))

    def _labelled(
        self,
        probe_ids: NDArray[np.int32],
        r: NDArray[np.float64],
        n: NDArray[np.int32],
        overall: NDArray[np.intp] | None,
        route: dict[str, Any],
    ) -> Answer:
        """Put names and ranks beside the numbers, which come in the order of the answer."""
        self._connection.register("reported_probes", {"probe_id": probe_ids})
        labels = {row["probe_id"]: row for row in run(self._connection, "labels_of_reported_probes")}
        self._connection.unregister("reported_probes")
        rows = []
        for rank, (probe_id, value, count) in enumerate(
            zip(probe_ids.tolist(), r.tolist(), n.tolist(), strict=True), start=1
        ):
            defined = not math.isnan(value)
            ranks = [rank] if overall is None else [rank, int(overall[rank - 1])]
            rows.append(
                (
                    *(ranks if defined else [None] * len(ranks)),
                    *(labels[probe_id][name] for name in _LABELS),
                    value if defined else None,
                    count,
                )
            )
        ranks_told = ["rank"] if overall is None else ["rank", "rank_overall"]
        return Answer([*ranks_told, *_LABELS, "r", "n"], rows, route)

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


def _is_own(chosen: dict[str, NDArray[Any]], seed: Seed, level: Level) -> NDArray[np.bool_]:
    """Say of each chosen probe whether it is the seed or, among genes, of the seed's gene."""
    own: NDArray[np.bool_] = np.asarray(chosen["probe_id"]) == seed.probe_id
    if level == "gene":
        own = own | np.ma.filled(np.ma.asarray(chosen["gene_id"]) == seed.gene_id, False)
    return own
