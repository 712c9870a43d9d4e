"""Atlas: an open database that answers questions.

It resolves names, chooses probes with SQL, hands their matrix to numpy, and puts the labels back. Each
question is imported when it is first asked: a command asks one, and its imports are part of its time.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import coexpr
from coexpr.analysis.limits import MOST_EDGES, MOST_ROWS, Limits
from coexpr.choice import Annotation, Choice, ChoiceLike, as_choice
from coexpr.database.adhoc_sql import ArrowStream, Stream, relation_of, stream_arrow, stream_rows
from coexpr.database.categories import Match, checked_evidence, want_categories
from coexpr.database.connection import open_readonly
from coexpr.database.expression import Expression
from coexpr.database.names import Level
from coexpr.database.queries import query, run
from coexpr.database.threads import use_threads, wanted_threads
from coexpr.errors import OptionError
from coexpr.method import MethodLike, as_method
from coexpr.resources import MEMORY, database_path
from coexpr.restriction import RestrictionLike, as_names, as_restriction
from coexpr.result import Answer

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from coexpr.readers.category_file import CategoryFile


class Atlas:
    """A database opened for reading.

    Parameters
    ----------
    path : path, optional
        The database; COEXPR_DB or the user's own where none is named.
    threads : int, optional
        How many threads work on matrix products, for the whole process, and on queries; COEXPR_THREADS
        where none is named, else as many as there are processors.

    Raises
    ------
    DatabaseError
        If there is no database at the path, or it cannot be read.

    Examples
    --------
    >>> with Atlas("atlas.duckdb") as atlas:  # doctest: +SKIP
    ...     atlas.correlates("NTRK2", top=5).to_pandas()
    """

    def __init__(self, path: Path | str | None = None, *, threads: int | None = None) -> None:
        threads = wanted_threads(threads)
        self.path = database_path(path)
        self._connection = open_readonly(self.path)
        if threads is not None:
            use_threads(self._connection, threads)
        self._expression = Expression(self._connection, self.path)
        self._cursors: list[duckdb.DuckDBPyConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        for connection in [*self._cursors, self._connection]:
            connection.close()

    def correlates(
        self,
        seed: str,
        *,
        level: Level | None = None,
        probe: str | None = None,
        top: int | None = 20,
        ascending: bool = False,
        min_r: float | None = None,
        max_r: float | None = None,
        include_self: bool = False,
        categories: Sequence[str] = (),
        genes: Sequence[str] = (),
        match: Match = "any",
        include_regulates: bool = False,
        evidence_not: Sequence[str] = (),
        rank_overall: bool = True,
        choice: ChoiceLike | None = None,
        restriction: RestrictionLike | None = None,
        method: MethodLike | None = None,
        by_donor: bool = False,
        stats: bool = False,
        naive_p: bool = False,
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
        min_r, max_r : float, optional
            Leave out rows with a lower or a higher r, or without one, before the first rows are taken.
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
        evidence_not : sequence of str
            Leave out genes that are members of the categories only by annotations with these evidence codes, such
            as IEA.
        rank_overall : bool
            Tell each row's rank among all probes or genes beside that within the categories. Without
            it only the rows of the categories are read.
        choice : Choice or str, optional
            How genes get their profiles: the rule, and which probes may represent a gene; or the rule alone, as a
            word. Highest mean unless given.
        restriction : Restriction, str or sequence of str, optional
            Only samples of some structures, one hemisphere, some donors; or the structures alone, by name.
        method : Method or str, optional
            How r is measured, or the method alone, as a word. Pearson over all values unless given.
        by_donor : bool
            Columns of r and n in each donor; random_r, random_low and random_high: their random-effects mean
            of Fisher's z with its 95 % interval; Q, I2, tau2; donors and same_sign: how many are used, and
            how many agree in sign with that mean; lowest_without_one and highest_without_one: the pooled
            r that remain when one donor is left out.
        stats : bool
            Columns donor_mean_r, ci95_low, ci95_high: mean of Fisher's z over donors and its interval by Student's
            t, as r; q, and q_category within categories: false discovery rates over all that was read, from
            the same test. Donors are the unit: samples of one brain are not independent.
        naive_p : bool
            Columns naive_t, naive_p, naive_ci95_low, naive_ci95_high: R's cor.test, as if samples were
            independent, which they are not.

        Returns
        -------
        Answer
            Columns rank, probe_id, probe_name, gene_symbol, gene_name, entrez_id, r and n, ordered by
            r, ties by probe_id; with categories rank_overall after rank, if that is asked for. Where r
            is undefined it is None, and the row comes last. A profile of several probes has no probe_id,
            and says in probe_name what it is.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If the name means nothing here, or several things.
        TooFewSamplesError
            If a restriction leaves fewer than ten samples, or factors leave no degree of freedom.
        OptionError
            If `probe` is not a probe of the seed gene, or a choice is given where nothing is a gene.
        """
        _refuse_unknown(level, match)
        _refuse_unusable(top, min_r, max_r)
        from coexpr.analysis.correlates import correlates
        from coexpr.analysis.significance import Wanted

        return correlates(
            self._expression,
            str(seed),
            as_choice(choice),
            Limits(as_names(categories), as_names(genes), match, include_regulates, as_names(evidence_not)),
            level=level,
            probe=probe,
            top=top,
            ascending=ascending,
            min_r=min_r,
            max_r=max_r,
            include_self=include_self,
            rank_overall=rank_overall,
            restriction=as_restriction(restriction),
            method=as_method(method),
            wanted=Wanted(by_donor, stats, naive_p),
        )

    def probes(
        self, gene: str, *, choice: ChoiceLike | None = None, restriction: RestrictionLike | None = None
    ) -> Answer:
        """Return the probes of a gene, what is known of each, and which rules choose it.

        Parameters
        ----------
        gene : str
            Symbol, alias or Entrez id; or a probe, for the probes of its gene.
        choice : Choice, optional
            Which probes may stand for the gene, and the power of the rule connectivity. Its rule does
            not matter: all of them are told.
        restriction : Restriction, optional
            The samples of the r between probes. What is known of each probe, and the choice, are of
            every sample.

        Returns
        -------
        Answer
            By mean log2 intensity: probe_id, probe_name, mean_log2, variance_log2, present_fraction,
            diff_stability, rnaseq_r and rnaseq_q (where loaded), the mean and the lowest r with the
            gene's other probes, and the rules that choose the probe. The route tells sign conflicts:
            pairs of probes that clearly go against each other.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            As for `correlates`.
        OptionError
            For a probe of no known gene.
        """
        from coexpr.analysis.gene_probes import gene_probes

        return gene_probes(self._expression, str(gene), as_choice(choice) or Choice(), as_restriction(restriction))

    def pair(
        self,
        a: str,
        b: str,
        *,
        choice: ChoiceLike | None = None,
        restriction: RestrictionLike | None = None,
        method: MethodLike | None = None,
        got: str | None = None,
    ) -> Answer:
        """Return how two genes or probes go together: by single probes, by every rule, in every donor.

        Parameters
        ----------
        a, b : str
            Each a probe or a gene.
        choice : Choice, optional
            Which probes may stand for a gene, and the rule by which donors are compared.
        restriction, method
            As for `correlates`.
        got : str, optional
            An r that was got elsewhere, with its decimals: the route then says which way leads to it.

        Returns
        -------
        Answer
            Columns by, probe_a, probe_b, donor, r and n: first a row for every pair of probes, with
            "probes" in the column by; then, unless both are probes, a row for every rule; then a row for
            every donor. The route tells the spread of the pairs, why a rule could not be applied, what the
            donors say together, and the grid: Pearson's r of the same two profiles by every scale and
            resolution that the site displays.

        Raises
        ------
        NotFoundError, AmbiguousNameError, OptionError
            As for `correlates`.
        """
        from coexpr.analysis.pair import pair

        return pair(
            self._expression, str(a), str(b), as_choice(choice), as_restriction(restriction), as_method(method), got
        )

    def correlation_matrix(
        self,
        items: Sequence[str] = (),
        *,
        categories: Sequence[str] = (),
        genes: Sequence[str] = (),
        match: Match = "any",
        include_regulates: bool = False,
        evidence_not: Sequence[str] = (),
        level: Level | None = None,
        choice: ChoiceLike | None = None,
        restriction: RestrictionLike | None = None,
        method: MethodLike | None = None,
        most_rows: int | None = MOST_ROWS,
        progress: Callable[[str], None] = lambda message: None,
    ) -> "pd.DataFrame":
        """Return the r of every profile with every other.

        Parameters
        ----------
        items : sequence of str
            Probes and genes, in the order of the rows but for probes, which come first. Not together
            with categories or genes.
        categories, genes, match, include_regulates, evidence_not
            As for `correlates`: rows are the genes of categories or of a list.
        level : "probe" or "gene", optional
            Rows are all probes of what was named, or all genes. Without it items are what they are, and
            categories give genes.
        choice : Choice, optional
            How genes get their profiles.
        restriction, method
            As for `correlates`.
        most_rows : int or None
            A larger matrix is refused; None for no limit.
        progress : callable, optional
            Is called with the size, before anything is computed.

        Returns
        -------
        DataFrame
            Labelled with symbols of genes and names of probes, over the array that was computed; `attrs`
            hold the route. Where two genes share a symbol, their Entrez id follows it. NaN where a
            profile is constant.

        Raises
        ------
        LimitError
            If there are more rows than `most_rows`.
        NotFoundError, AmbiguousNameError, OptionError
            As for `correlates`.
        """
        _refuse_unknown(level, match)
        limits = Limits(as_names(categories), as_names(genes), match, include_regulates, as_names(evidence_not))
        from coexpr.analysis.matrix import correlation_matrix

        return correlation_matrix(
            self._expression,
            as_names(items),
            limits,
            as_choice(choice),
            as_restriction(restriction),
            as_method(method),
            level=level,
            most_rows=most_rows,
            progress=progress,
        )

    def network(
        self,
        output: Path | str,
        items: Sequence[str] = (),
        *,
        top: int | None = None,
        min_abs_r: float | None = None,
        mutual_rank: bool = False,
        categories: Sequence[str] = (),
        genes: Sequence[str] = (),
        match: Match = "any",
        include_regulates: bool = False,
        evidence_not: Sequence[str] = (),
        level: Level | None = None,
        choice: ChoiceLike | None = None,
        restriction: RestrictionLike | None = None,
        method: MethodLike | None = None,
        form: str | None = None,
        memory: int = MEMORY,
        most_edges: int | None = MOST_EDGES,
        progress: Callable[[str], None] = lambda message: None,
    ) -> dict[str, Any]:
        """Write the network of all against all: the strongest edges of every gene or probe.

        Products are formed in single precision: r is within 2e-6 of that of double precision, and where r
        ties within that, the choice is open. A row that lacks a value in one of the samples, or whose
        profile is constant, has no edge.

        Parameters
        ----------
        output : path
            .parquet, .csv, .tsv: a table of edges. .graphml: nodes and edges. .duckdb: the tables edges,
            nodes and route. An edge is its source, target, r and rank: the place of the target among all
            others by their r with the source.
        items : sequence of str
            Probes and genes; every gene of the atlas where neither they nor categories are given.
        top : int, optional
            So many edges of each row: those with the highest r.
        min_abs_r : float, optional
            Only edges of at least this |r|. With it the strongest are those of the highest |r|, and ranks are
            of |r|.
        mutual_rank : bool
            A column of the geometric mean of the ranks that both ends have for one another; none where the
            source is not among the `top` of the target.
        categories, genes, match, include_regulates, evidence_not
            As for `correlates`: rows are the genes of categories or of a list.
        level : "probe" or "gene", optional
            As for `correlation_matrix`.
        choice, restriction, method
            As for `correlates`.
        form : str, optional
            The format, where the ending of the file does not say it.
        memory : int
            Bytes to use beyond the mapped matrix.
        most_edges : int or None
            A network of more edges is refused; None for no limit.
        progress : callable, optional
            Is called with the size before anything is computed, then with how much is left.

        Returns
        -------
        dict
            The route, with the numbers of rows and edges, and of rows that were left out.

        Raises
        ------
        LimitError
            If there are too many edges for the limit, the memory or the disk.
        OutputError
            If the file cannot be written, or is a database.
        NotFoundError, AmbiguousNameError, OptionError
            As for `correlates`.

        Notes
        -----
        What was found is kept beside the output, in a folder that ends in .partial: the same call after an
        interruption continues there.
        """
        from coexpr.analysis.network import network
        from coexpr.network.plan import Wanted

        _refuse_unknown(level, match)
        return network(
            self._expression,
            Path(output),
            as_names(items),
            Limits(as_names(categories), as_names(genes), match, include_regulates, as_names(evidence_not)),
            as_choice(choice),
            as_restriction(restriction),
            as_method(method),
            Wanted(top, min_abs_r, mutual_rank),
            level=level,
            form=form,
            memory=memory,
            most_edges=most_edges,
            progress=progress,
        )

    def structures(self, search: str | None = None) -> Answer:
        """Return the structures that have samples, in the order of the tree, with numbers of samples.

        Parameters
        ----------
        search : str, optional
            An acronym or id, or part of a name.

        Returns
        -------
        Answer
            Columns structure_id, acronym, name, hemisphere, depth (in the tree), samples, and the samples
            of each donor, there or below.
        """
        from coexpr.analysis.structures import structure_tree

        return structure_tree(self._expression, search)

    def verify(self) -> Answer:
        """Check that the database holds together, and how much of the atlas it is.

        Returns
        -------
        Answer
            Columns check, holds, found, expected; the route says whether all of them hold.
        """
        from coexpr.analysis.verify import verify_database

        return verify_database(self._expression)

    def categories(self, search: str | None = None) -> Answer:
        """Return the categories whose name holds `search`, with their numbers of genes."""
        return self._table("list_categories", {"search": search})

    def resolve(self, names: Sequence[str], *, annotation: Annotation = "allen") -> Answer:
        """Return what each of many names means here.

        Parameters
        ----------
        names : sequence of str
            Names of genes and probes: symbols, aliases, Entrez ids, probe names or probe ids.
        annotation : "allen" or "reannotated"
            Which annotation says what gene a probe measures.

        Returns
        -------
        Answer
            One row per name: its status (with expression data, on the chip, not in this database, ambiguous, or
            unknown), the gene, by what it was matched, its current symbol, its numbers of probes, and an explanation,
            which for an unknown name lists similar ones.
        """
        from coexpr.analysis.names import resolve_names

        return resolve_names(self._connection, as_names(names), annotation)

    def read_genes(self, path: Path | str, *, gene_column: str | None = None) -> "CategoryFile":
        """Return the names of genes in a file, which `correlates` and others take as `genes`.

        Parameters
        ----------
        path : path
            A list, or a table with a column of genes: CSV, TSV, GMT of one set, gzipped or not. "-" is stdin.
        gene_column : str, optional
            The header of the column, or its number from 1. Found by its header and contents unless given.

        Returns
        -------
        CategoryFile
            Its only category has the names as members; its notes say which column was read.

        Raises
        ------
        DownloadError
            If the file cannot be read, or it is doubtful which column holds genes.
        """
        from coexpr.analysis.names import read_list

        return read_list(self._connection, Path(path), gene_column)

    def members(self, category: str, *, include_regulates: bool = False, evidence_not: Sequence[str] = ()) -> Answer:
        """Return the genes of a category, with expression data or without.

        Parameters
        ----------
        category : str
            Its name, accession, source:name, or id:number.
        include_regulates : bool
            With the genes of what regulates it, not only of what is part of it.
        evidence_not : sequence of str
            Leave out genes that are members only by annotations with these evidence codes, such as IEA.
        """
        (found,) = want_categories(self._connection, [category], include_regulates).values()
        evidence = {"evidence_not": checked_evidence(self._connection, as_names(evidence_not))}
        members = self._table("wanted_members", evidence)
        counts = run(self._connection, "wanted_counts", {"annotation": "allen"} | evidence)[0]
        route = {key: found[key] for key in ("source", "release", "accession", "name")}
        route |= {key: counts[key] for key in ("genes", "on_chip", "loaded")}
        route |= {"names": {}, "problems": {}}
        for row in run(self._connection, "names_by_way", {"category_id": found["category_id"]}):
            route["names"][row["matched_by"]] = row["names"]
            if row["without_gene"]:
                route["problems"][row["matched_by"]] = row["without_gene"]
        return Answer(members.columns[1:], [row[1:] for row in members.rows], route)

    def sql(self, statement: str, parameters: Mapping[str, Any] | None = None) -> "duckdb.DuckDBPyRelation":
        """Return what SQL gives, as a relation of DuckDB; the database is open for reading only.

        Parameters
        ----------
        statement : str
            One or more statements; the last one is returned. Tables, views and macros are those of
            docs/data-model.md; a DataFrame or Arrow table of the caller can be named too.
        parameters : mapping, optional
            Values for the $parameters of the last statement.

        Returns
        -------
        DuckDBPyRelation
            Runs when it is asked: `.df()`, `.to_arrow_table()`, `.fetchall()`, `.filter(...)`. It can be used
            until the Atlas is closed.

        Raises
        ------
        QueryError
            If DuckDB cannot make sense of it, or it returns no rows. What fails when the relation is
            asked is raised by DuckDB itself.
        """
        return relation_of(self._relations, statement, parameters)

    def stream_sql(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Stream:
        """Run SQL as `sql` does, and return its rows as they are found: a result may be larger than memory."""
        return stream_rows(self._users_connection(), statement, parameters, self._route_of(statement))

    def stream_sql_as_arrow(self, statement: str, parameters: Mapping[str, Any] | None = None) -> ArrowStream:
        """Run SQL as `sql` does, and return Arrow batches of its rows as they are found. Close it before the Atlas."""
        return stream_arrow(self._users_connection(), statement, parameters, self._route_of(statement))

    def _route_of(self, statement: str) -> dict[str, Any]:
        return {"statement": statement, "database": str(self.path), "coexpr_version": coexpr.__version__}

    @cached_property
    def _relations(self) -> "duckdb.DuckDBPyConnection":
        """The connection of all relations: what one statement makes, such as a temporary table, the next one finds."""
        return self._users_connection()

    def _users_connection(self) -> "duckdb.DuckDBPyConnection":
        """Return a new connection for SQL of the user: its results and temporary tables meet no others."""
        connection = self._connection.cursor()
        connection.execute(query("find_tables_of_the_caller"))
        self._cursors.append(connection)
        return connection

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
            "gene_ids": run(self._connection, "count_retired_ids")[0],
            "donor_list": run(self._connection, "donor_contents"),
            "downloads": run(self._connection, "all_downloads"),
        }

    def _table(self, name: str, parameters: Mapping[str, Any]) -> Answer:
        """Run a named query as an answer of its own."""
        rows = run(self._connection, name, parameters)
        columns = [column[0] for column in self._connection.description or []]
        return Answer(columns, [tuple(row.values()) for row in rows], {"database": str(self.path)})


def verify_find_correlates(path: Path | str, database: Path | str | None = None) -> Answer:
    """Compare the r of a Find Correlates download of Allen's sites with r computed from values.

    Parameters
    ----------
    path : path
        Its zip or folder.
    database : path, optional
        Also compare with the database, where there is one and its probes are loaded.

    Returns
    -------
    Answer
        Columns r_from, rows_compared, largest_difference, and rows_off by more than the rounding of the
        site's three decimals.

    Raises
    ------
    NoDownloadError, DownloadError
        If there is no such download, or it is damaged.
    """
    from coexpr.analysis.verify import verify_download  # loads readers, which other questions need not
    from coexpr.readers import find_correlates

    download = find_correlates.read(Path(path))
    if not database_path(database).exists():
        return verify_download(None, download)
    with Atlas(database) as atlas:
        return verify_download(atlas._expression, download)


def _refuse_unknown(level: str | None, match: str) -> None:
    """Raise OptionError for words that mean nothing; the command line knows its own."""
    if level not in (None, "probe", "gene") or match not in ("any", "all"):
        raise OptionError(f"level {level!r}, match {match!r}: expected probe or gene, any or all.")


def _refuse_unusable(top: int | None, min_r: float | None, max_r: float | None) -> None:
    """Raise OptionError for a number of rows below 1, and for limits that no r can meet."""
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
        raise OptionError(f"top {top!r}: expected a whole number from 1, or None for all.")
    for name, limit in (("min_r", min_r), ("max_r", max_r)):
        if limit is not None and not (isinstance(limit, int | float) and -1 <= limit <= 1):
            raise OptionError(f"{name} {limit!r}: expected a number from -1 to 1.")
    if min_r is not None and max_r is not None and min_r > max_r:
        raise OptionError(f"min_r {min_r} is higher than max_r {max_r}: no r can be between them.")
