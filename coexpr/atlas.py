"""Atlas: a database opened for reading, and the questions that it answers.

Each question is imported when it is first asked: a command asks one, and imports are part of its time.
"""

import inspect
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from coexpr.database.connection import open_readonly, read_errors
from coexpr.database.expression import Expression
from coexpr.database.interruption import close_unless_running
from coexpr.database.queries import query, single
from coexpr.database.sources import find_sources
from coexpr.database.threads import Threads
from coexpr.errors import OptionError, ResultFileError
from coexpr.options import (
    MAX_ANALYSES,
    MAX_MATRIX_ROWS,
    MAX_NETWORK_EDGES,
    Alternative,
    Annotation,
    CorrelationMethod,
    CorrelationMethodLike,
    GeneFilter,
    GeneFilterLike,
    Level,
    ProbeSelection,
    ProbeSelectionLike,
    SampleFilter,
    SampleFilterLike,
    Space,
    SpatialWeights,
    as_names,
    as_options,
)
from coexpr.progress import SILENT, Progress
from coexpr.question import Sources, is_question, question
from coexpr.resources import MEMORY, database_path
from coexpr.result import Provenance, Result
from coexpr.wording import count_of

if TYPE_CHECKING:
    import duckdb
    from anndata import AnnData

    from coexpr.analysis.brain_map import MapLike
    from coexpr.analysis.categories import MembersProvenance
    from coexpr.analysis.coexpression_result import CoexpressionResult
    from coexpr.analysis.contents import Contents
    from coexpr.analysis.correlates_result import CorrelatesResult
    from coexpr.analysis.curve_result import CorrelatesCurve, PairCurve
    from coexpr.analysis.enrichment_result import EnrichmentResult
    from coexpr.analysis.expression import ExpressionProvenance, ExpressionResult
    from coexpr.analysis.funnel import Funnel
    from coexpr.analysis.gene_probes import GeneProbes
    from coexpr.analysis.map_correlates import MapProvenance
    from coexpr.analysis.matrix import CorrelationMatrix
    from coexpr.analysis.names import NamesProvenance
    from coexpr.analysis.network_parts import NetworkPart
    from coexpr.analysis.network_result import NetworkResult
    from coexpr.analysis.pair import Pair
    from coexpr.analysis.replay import ReplayProvenance
    from coexpr.analysis.seed_set_result import SetCorrelates
    from coexpr.analysis.structures import StructureTree
    from coexpr.analysis.verify import DatabaseChecks, DownloadChecks
    from coexpr.database.adhoc_sql import ArrowStream, SqlProvenance, Stream
    from coexpr.readers.category_file import CategoryFile


class Atlas:
    """A database opened for reading.

    Parameters
    ----------
    path : path, optional
        The database. By default COEXPR_DB, or else a file in the user's data folder.
    threads : int, optional
        Number of threads for matrix products and queries. By default COEXPR_THREADS, or else one per processor.
    progress : Progress, optional
        Receives messages and tasks of questions that take long; `coexpr.progress.Messages(print)` prints the messages.

    Raises
    ------
    DatabaseError
        If there is no database at the path, or it cannot be read.

    Notes
    -----
    One `Atlas` is for one thread at a time: use one per thread, which may open the same file. A given number of
    threads limits numpy's matrix products in the whole process until the Atlas is closed.

    Examples
    --------
    >>> with Atlas("atlas.duckdb") as atlas:  # doctest: +SKIP
    ...     atlas.correlates("NTRK2", top=5).to_pandas()
    """

    def __init__(
        self, path: Path | str | None = None, *, threads: int | None = None, progress: Progress = SILENT
    ) -> None:
        self.path = database_path(path)
        self._connection = open_readonly(self.path, say=progress.say)
        try:
            self._threads = Threads(self._connection, threads)
        except BaseException:
            self._connection.close()
            raise
        self._expression = Expression(self._connection, self.path, self._threads, progress)
        # Weak, because a stream that is closed gives up its connection.
        self._cursors: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Atlas({str(self.path)!r})"

    def _repr_html_(self) -> str:
        """Return what the database contains as HTML, for notebooks."""
        import html

        contents = self.contents()
        totals = contents.provenance
        counts = {"donor": totals.donors, "sample": totals.samples, "probe": totals.probes, "gene": totals.genes}
        summary = ", ".join(count_of(count, thing) for thing, count in counts.items())
        return f"<p>{html.escape(repr(self))}: {summary}</p>{contents.donors._repr_html_()}"

    @cached_property
    def sources(self) -> Sources:
        """The downloads in the database, and the releases of gene names, terms and annotations."""
        return find_sources(self._connection)

    @property
    def example_gene(self) -> str | None:
        """A gene with expression data: NTRK2, or else the one with the most probes; None if there is none."""
        found = self._connection.execute(query("example_gene")).fetchall()
        return found[0][0] if found else None

    def close(self) -> None:
        """Close the database."""
        close_unless_running(*self._cursors, self._connection)
        self._threads.close()

    @question
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
        rank_overall: bool = True,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
        by_donor: bool = False,
        stats: bool = False,
        naive_p: bool = False,
        mark: Sequence[str] | str = (),
    ) -> "CorrelatesResult":
        """Return the correlates of a probe or gene: those with the most similar expression.

        Parameters
        ----------
        seed : str
            Name or id of a probe, or symbol or Entrez id of a gene.
        level : "probe" or "gene", optional
            Return probes, or genes by their representative probes. By default the level of the seed.
        probe : str, optional
            Name or id of the probe that represents a seed gene, whatever the rule.
        top : int or None
            Number of rows; None for all.
        ascending : bool
            Lowest r first.
        min_r, max_r : float, optional
            Exclude rows with a lower or a higher r, before `top` is applied.
        include_self : bool
            Include the seed itself and, at gene level, its own gene.
        rank_overall : bool
            With a gene filter, add the rank among all probes or genes. Without it, only the rows of the filter are
            read.
        probe_selection : ProbeSelection or str, optional
            How genes are represented, or the rule alone. By default the probe with the highest mean.
        sample_filter : SampleFilter, str or sequence of str, optional
            Which samples are used, or the structures alone. By default all.
        gene_filter : GeneFilter, str or sequence of str, optional
            Which genes are returned, or the categories alone. By default all.
        method : CorrelationMethod or str, optional
            How r is computed. By default Pearson's r.
        by_donor : bool
            Add r and n in each donor; random_r, random_low and random_high: the random-effects mean of Fisher's z and
            its 95 % interval, as r; cochran_q, I2, tau2; donors and same_sign: how many are used, and how many agree in
            sign with the mean; lowest_without_one and highest_without_one: the range of the pooled r when one donor is
            left out.
        stats : bool
            Add donor_mean_r, ci95_low, ci95_high: the mean of Fisher's z over donors and its interval by Student's t,
            as r; p; and q, and q_category within a gene filter: false discovery rates over all rows that were compared.
            Donors are the unit: samples of one donor are not independent.
        naive_p : bool
            Add naive_t, naive_p, naive_ci95_low, naive_ci95_high: R's cor.test, which assumes independent samples.
        mark : sequence of str
            Categories that mark rows, without leaving others out: each adds a column of its name, whether the gene is
            a member.

        Returns
        -------
        CorrelatesResult
            Columns rank, probe_id, probe_name, gene_symbol, gene_name, entrez_id, r and n, ordered by r, ties by
            probe_id; with a gene filter, rank_overall follows rank. Undefined r is None and comes last. A profile of
            several probes has no probe_id; its probe_name says what it is.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If a name means nothing in this database, or several things.
        TooFewSamplesError
            If a filter leaves fewer than ten samples, or factors leave no degree of freedom.
        OptionError
            For an invalid or unused option.
        """
        _check_level(level)
        from coexpr.analysis.correlates import correlates
        from coexpr.analysis.correlates_result import RankOptions
        from coexpr.analysis.significance import SignificanceOptions

        return correlates(
            self._expression,
            str(seed),
            level=level,
            probe=probe,
            selection=as_options(ProbeSelection, probe_selection),
            sample_filter=as_options(SampleFilter, sample_filter),
            gene_filter=as_options(GeneFilter, gene_filter),
            method=as_options(CorrelationMethod, method),
            ranks=RankOptions(top, ascending, min_r, max_r, include_self, rank_overall),
            significance=SignificanceOptions(by_donor, stats, naive_p),
            mark=as_names(mark),
        )

    @question
    def correlates_of_set(
        self,
        seeds: Sequence[str] | str,
        *,
        level: Level | None = None,
        top: int | None = 20,
        ascending: bool = False,
        min_r: float | None = None,
        max_r: float | None = None,
        include_seeds: bool = False,
        rank_overall: bool = True,
        hub_correction: bool = False,
        donor_weights: bool = False,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
        mark: Sequence[str] | str = (),
    ) -> "SetCorrelates":
        """Return the correlates of several probes or genes: those with the highest mean r with them.

        Parameters
        ----------
        seeds : sequence of str
            At least two probes or genes. A profile counts once; seeds without expression data are left out.
        level : "probe" or "gene", optional
            Return probes, or genes by their representative probes. By default probes if all seeds are, or else genes.
        top, ascending, rank_overall
            As for `correlates`.
        min_r, max_r : float, optional
            Exclude rows with a lower or a higher mean r, before `top` is applied.
        include_seeds : bool
            Include the seeds' own rows, each with its mean r with the other seeds.
        hub_correction : bool
            Rank by the mean r with the seeds minus the mean r with all probes or genes (SEEK).
        donor_weights : bool
            Compute r within each donor, and weigh donors by how well the seeds find each other in them (SEEK).
        probe_selection, sample_filter, gene_filter, method, mark
            As for `correlates`.

        Returns
        -------
        SetCorrelates
            A named tuple of results. `correlates`: rank, probe_id, probe_name, gene_symbol, gene_name, entrez_id,
            mean_r, and n, the smallest number of samples of the r; with hub correction also hub_r, the mean r with all
            others, and corrected_r, which is mean_r - hub_r. `seeds`: seed, probe_id, probe_name, gene_symbol, and by
            the mean r with the other seeds the rank of the seed among all, its mean_r and n. The provenance has the
            weights of donors.

        Raises
        ------
        NotFoundError, AmbiguousNameError, TooFewSamplesError
            As for `correlates`.
        OptionError
            For an invalid or unused option, or if fewer than two different seeds have expression data.
        LimitError
            For more than 500 seeds.

        Notes
        -----
        Mean r is over the seeds, pairwise complete: a row without r with one of the seeds has none. In a donor, a seed
        is the query for the others: they have the ranks k among all genes by r with it, and the score is
        (1 - p) sum p^(k - 1) with p = 0.99, averaged over seeds (rank-biased precision). Weights are scores divided by
        their sum. Hub correction and weights are those of Zhu et al. 2015, doi 10.1038/nmeth.3249.
        """
        _check_level(level)
        from coexpr.analysis.correlates_of_set import correlates_of_set
        from coexpr.analysis.correlates_result import RankOptions
        from coexpr.analysis.seed_set_measures import SetOptions

        return correlates_of_set(
            self._expression,
            as_names(seeds),
            level=level,
            selection=as_options(ProbeSelection, probe_selection),
            sample_filter=as_options(SampleFilter, sample_filter),
            gene_filter=as_options(GeneFilter, gene_filter),
            method=as_options(CorrelationMethod, method),
            ranks=RankOptions(top, ascending, min_r, max_r, include_seeds, rank_overall),
            options=SetOptions(hub_correction, donor_weights),
            mark=as_names(mark),
        )

    @question
    def enrich(
        self,
        seeds: Sequence[str] | str,
        *,
        top: int | None = 20,
        source: Sequence[str] | str = (),
        min_size: int = 10,
        max_size: int = 200,
        pooled: bool = False,
        alternative: Alternative = "two-sided",
        naive_p: bool = False,
        surrogates: int = 10_000,
        seed_random: int = 1,
        weights: SpatialWeights = "measured",
        space: Space | None = None,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
    ) -> "EnrichmentResult":
        """Return the categories that a seed is correlated with, tested against maps that are as smooth.

        Parameters
        ----------
        seeds : str or sequence of str
            A gene or a probe, or several: mean r is then the mean over seeds too.
        top : int or None
            Number of rows; None for all.
        source : sequence of str
            Only categories from these sources, such as GO:BP. By default all.
        min_size, max_size : int
            Only categories with this number of genes with expression data.
        pooled : bool
            Do not remove the means of donors. Differences between donors then count as correlation.
        alternative : "two-sided", "greater" or "less"
            Which mean r are as extreme as the observed one, for p_spatial and naive_p.
        naive_p : bool
            Add naive_p: p against sets of random genes, which is wrong for genes that are expressed together.
        surrogates : int
            How many surrogates of the seed are compared; the smallest p is one divided by this number plus one.
        seed_random : int
            Seed of the random signs of surrogates.
        weights : "measured" or "distance"
            What near means in the null model: the covariance of genes by distance, or 1 / distance.
        space : "corrected" or "allen", optional
            The MNI coordinates of samples. By default the corrected ones, if they are loaded.
        probe_selection : ProbeSelection or str, optional
            How genes are represented, or the rule alone.
        sample_filter : SampleFilter, str or sequence of str, optional
            Which samples are used, or the structures alone.
        method : CorrelationMethod or str, optional
            Pearson, Spearman or bicor. `adjust` cannot be given.

        Returns
        -------
        EnrichmentResult
            By p_spatial: rank, source, accession, name, n_genes, mean_r (the mean r of the seed with the genes of the
            category, its own gene excluded), null_low and null_high (95 % of surrogates), p_spatial, q_spatial,
            percentile (of mean_r among all genes as seeds; None for several seeds), t_camera and p_camera.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If a name means nothing, or several things; if no category has such a size, or samples have no coordinates.
        TooFewSamplesError
            If there are too few samples.
        OptionError
            For an invalid option, or a seed that is constant.
        """
        from coexpr.analysis.enrichment import enrich
        from coexpr.analysis.enrichment_result import EnrichmentOptions
        from coexpr.analysis.spatial_null import NullOptions

        return enrich(
            self._expression,
            as_names(seeds),
            selection=as_options(ProbeSelection, probe_selection),
            sample_filter=as_options(SampleFilter, sample_filter),
            method=as_options(CorrelationMethod, method),
            options=EnrichmentOptions(top, as_names(source), min_size, max_size, pooled, alternative, naive_p),
            null_options=NullOptions(surrogates, seed_random, weights, space),
        )

    @question
    def map(
        self,
        map: "MapLike",
        *,
        column: str | int | None = None,
        radius: float = 5.0,
        space: Space | None = None,
        level: Level = "gene",
        top: int | None = 20,
        ascending: bool = False,
        min_r: float | None = None,
        max_r: float | None = None,
        rank_overall: bool = True,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
    ) -> "Result[MapProvenance]":
        """Return the genes whose expression follows a map of the brain: those with the highest r with it.

        Parameters
        ----------
        map : path, or mapping of str or int to float
            A text file with a row per structure, MNI coordinate or sample, which docs/maps.md describes; or a number by
            structure or by sample_id. A structure gives its value to all samples in it and below it, except those in a
            lower structure of the map. A point gives its value to the nearest sample; a sample that is nearest to
            several has their mean. Samples without a value are left out.
        column : str or int, optional
            Header or number, from 1, of the column of values in the file. By default the only one that can be it.
        radius : float
            For coordinates: a point that is further from every sample, in mm, is left out.
        space : "corrected" or "allen", optional
            For coordinates: whose coordinates of samples. By default the corrected ones if they are loaded.
        level : "probe" or "gene"
            Return probes, or genes by their representative probes.
        top, ascending, min_r, max_r, rank_overall, probe_selection, sample_filter, gene_filter, method
            As for `correlates`.

        Returns
        -------
        Result
            Columns and order are those of `correlates`. The provenance says how many rows of the map have samples, and
            names the first of those that have none.

        Raises
        ------
        MapError
            If the map cannot be read, is in another space, matches too few structures, or is constant.
        NotFoundError, AmbiguousNameError, TooFewSamplesError, OptionError
            As for `correlates`.
        """
        _check_level(level)
        from coexpr.analysis.correlates_result import RankOptions
        from coexpr.analysis.map_correlates import correlates_of_map

        return correlates_of_map(
            self._expression,
            map,
            column=column,
            radius=radius,
            space=space,
            level=level or "gene",
            selection=as_options(ProbeSelection, probe_selection),
            sample_filter=as_options(SampleFilter, sample_filter),
            gene_filter=as_options(GeneFilter, gene_filter),
            method=as_options(CorrelationMethod, method),
            ranks=RankOptions(top, ascending, min_r, max_r, rank_overall=rank_overall),
        )

    @question
    def enrich_map(
        self,
        map: "MapLike",
        *,
        column: str | int | None = None,
        radius: float = 5.0,
        top: int | None = 20,
        source: Sequence[str] | str = (),
        min_size: int = 10,
        max_size: int = 200,
        pooled: bool = False,
        alternative: Alternative = "two-sided",
        naive_p: bool = False,
        surrogates: int = 10_000,
        seed_random: int = 1,
        weights: SpatialWeights = "measured",
        space: Space | None = None,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
    ) -> "EnrichmentResult":
        """Return the categories whose expression follows a map of the brain, tested against maps that are as smooth.

        Parameters
        ----------
        map, column, radius
            As for `map`.
        top, source, min_size, max_size, pooled, alternative, naive_p, surrogates, seed_random, weights, space
            As for `enrich`. `space` is also that of a map of coordinates.
        probe_selection, sample_filter, method
            As for `enrich`.

        Returns
        -------
        EnrichmentResult
            As for `enrich`.

        Raises
        ------
        MapError
            As for `map`.
        NotFoundError, TooFewSamplesError, OptionError
            As for `enrich`.
        """
        from coexpr.analysis.enrichment import enrich_map
        from coexpr.analysis.enrichment_result import EnrichmentOptions
        from coexpr.analysis.spatial_null import NullOptions

        return enrich_map(
            self._expression,
            map,
            column=column,
            radius=radius,
            selection=as_options(ProbeSelection, probe_selection),
            sample_filter=as_options(SampleFilter, sample_filter),
            method=as_options(CorrelationMethod, method),
            options=EnrichmentOptions(top, as_names(source), min_size, max_size, pooled, alternative, naive_p),
            null_options=NullOptions(surrogates, seed_random, weights, space),
        )

    @question
    def coexpression(
        self,
        category: str,
        other: str | None = None,
        *,
        pooled: bool = False,
        surrogates: int = 1000,
        seed_random: int = 1,
        weights: SpatialWeights = "measured",
        space: Space | None = None,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
    ) -> "CoexpressionResult":
        """Return mean r within a category, or between two: in all samples, every donor, and every large structure.

        Parameters
        ----------
        category : str
        other : str, optional
            Another category: mean r is that of the genes of one with those of the other; genes of both are left out.
        pooled : bool
            Do not remove the means of donors.
        surrogates, seed_random, weights, space
            As for `enrich`. Within a category, every gene is replaced by a surrogate of its own; between two, the mean
            profile of the first.
        probe_selection, sample_filter, method
            As for `enrich`.

        Returns
        -------
        CoexpressionResult
            scope (all, donor or structure), name, n_samples, n_genes, mean_r, null_low and null_high (95 % of
            surrogates) and p_spatial: within a category the fraction of surrogates with at least this mean r, between
            two with one as far from 0.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If a name means nothing, or several categories; or if nothing of a category is left.
        TooFewSamplesError, OptionError
            As for `enrich`.
        """
        from coexpr.analysis.coexpression import coexpression
        from coexpr.analysis.spatial_null import NullOptions

        return coexpression(
            self._expression,
            (str(category), *([] if other is None else [str(other)])),
            selection=as_options(ProbeSelection, probe_selection),
            sample_filter=as_options(SampleFilter, sample_filter),
            method=as_options(CorrelationMethod, method),
            pooled=pooled,
            null_options=NullOptions(surrogates, seed_random, weights, space),
        )

    @question
    def probes(
        self,
        gene: str,
        *,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
    ) -> "GeneProbes":
        """Return the probes of a gene with their statistics and the rules that select them.

        Parameters
        ----------
        gene : str
            Symbol, alias or Entrez id; or a probe, for the probes of its gene.
        probe_selection : ProbeSelection, optional
            Which probes can be selected, and the power of the rule connectivity. Every rule is applied.
        sample_filter : SampleFilter, str or sequence of str, optional
            The samples of r between probes. Statistics and selection use all samples.

        Returns
        -------
        Result
            By mean log2 intensity: probe_id, probe_name, mean_log2, variance_log2, present_fraction, diff_stability,
            rnaseq_r and rnaseq_q (where loaded), the mean and the lowest r with the gene's other probes, and the rules
            that select the probe. The provenance has a recommendation and pairs of probes with opposite profiles.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            As for `correlates`.
        OptionError
            For a probe without a known gene.
        """
        from coexpr.analysis.gene_probes import gene_probes

        selection = as_options(ProbeSelection, probe_selection)
        return gene_probes(self._expression, str(gene), selection, as_options(SampleFilter, sample_filter))

    @question
    def why(
        self,
        gene: str | None = None,
        *,
        probe_selection: ProbeSelectionLike | None = None,
        with_entrez_id: bool = False,
    ) -> "Funnel":
        """Return the steps from the probes on the chip to the gene, or to all genes, of a result.

        Parameters
        ----------
        gene : str, optional
            Symbol, alias or Entrez id. All genes by default.
        probe_selection : ProbeSelection or str, optional
            The selection of the result: its annotation, threshold of presence, and rule.
        with_entrez_id : bool
            Only genes with an Entrez id, which all categories consist of.

        Returns
        -------
        Funnel
            A named tuple of results. `steps`: step, applied (whether the selection has it), probes and genes that are
            left, probes_removed, genes_removed, note; a step that is not applied shows what it would leave. `probes`:
            for one gene, each probe with the step that removed it. The provenance has the conclusions in sentences.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If the name means nothing, or several genes; or if the selection needs data that are not loaded.
        """
        from coexpr.analysis.funnel import funnel

        selection = as_options(ProbeSelection, probe_selection)
        return funnel(self._expression, None if gene is None else str(gene), selection, with_entrez_id=with_entrez_id)

    @question
    def pair(
        self,
        a: str,
        b: str,
        *,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
        observed_r: str | None = None,
    ) -> "Pair":
        """Return r of two genes or probes: by probe, by selection rule, by donor, and by scale and resolution.

        Parameters
        ----------
        a, b : str
            Each a probe or a gene.
        probe_selection : ProbeSelection or str, optional
            Which probes can represent a gene, and the rule for the comparison of donors and scales.
        sample_filter, method
            As for `correlates`.
        observed_r : str, optional
            An r from elsewhere, with its decimals: the provenance says which scale and resolution give it.

        Returns
        -------
        Pair
            A named tuple of results: probes, rules, donors, scales. The provenance has the spread over probes, skipped
            rules, and the meta-analysis over donors.

        Raises
        ------
        NotFoundError, AmbiguousNameError, OptionError
            As for `correlates`.
        """
        from coexpr.analysis.pair import pair

        return pair(
            self._expression,
            (str(a), str(b)),
            as_options(ProbeSelection, probe_selection),
            as_options(SampleFilter, sample_filter),
            as_options(CorrelationMethod, method),
            observed_r,
        )

    @question
    def curve(
        self,
        a: str,
        b: str,
        *,
        vary: Sequence[str] | str = (),
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
        max_analyses: int | None = MAX_ANALYSES,
    ) -> "PairCurve":
        """Return r of two genes or probes in every sensible analysis: a specification curve.

        Parameters
        ----------
        a, b : str
            Each a probe or a gene.
        vary : sequence of str
            The choices that vary: rule, min_present (no threshold and 0.5), annotation, method, adjust, without_donor
            (no donor and each left out). By default all that have an effect. The others stay as given.
        probe_selection, sample_filter, method
            The default analysis; see `correlates`.
        max_analyses : int or None
            More analyses are refused; None for no limit.

        Returns
        -------
        PairCurve
            A named tuple of results. `analyses`: the levels of each choice, r, n and the probes. `summary`: the
            distribution of r, and the choice that moves it most: that with the largest range of mean r over its levels.
            `choices`: this range for each choice. `not_run`: why analyses could not be run, and how many. There is no p
            for all of them, because they use the same samples and are not independent.

        Raises
        ------
        LimitError
            If there are too many analyses.
        OptionError
            If a choice does not exist or has no effect.
        NotFoundError, AmbiguousNameError, TooFewSamplesError
            As for `correlates`, for the default analysis.
        """
        from coexpr.analysis.curve import curve

        return curve(
            self._expression,
            (str(a), str(b)),
            as_options(ProbeSelection, probe_selection),
            as_options(SampleFilter, sample_filter),
            as_options(CorrelationMethod, method),
            as_names(vary),
            max_analyses,
        )

    @question
    def curve_of_correlates(
        self,
        seed: str,
        *,
        level: Level | None = None,
        top: int = 20,
        ascending: bool = False,
        vary: Sequence[str] | str = (),
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
        max_analyses: int | None = MAX_ANALYSES,
    ) -> "CorrelatesCurve":
        """Return r and rank of the correlates of a seed in every sensible analysis: a specification curve.

        Parameters
        ----------
        seed, level, top, ascending
            As for `correlates`; the hits are the `top` correlates of the default analysis, at most 400.
        vary, max_analyses
            As for `curve`.
        probe_selection, sample_filter, method
            The default analysis; see `correlates`.
        gene_filter : GeneFilter, str or sequence of str, optional
            Which genes can be hits. Ranks are among all genes or probes of an analysis.

        Returns
        -------
        CorrelatesCurve
            A named tuple of results. `hits`: r and rank of each hit in the default analysis, and their distribution
            over all; the fraction of analyses with the same sign; and the choice that moves r most. `choices`: how far
            each choice moves the mean r of each hit. `not_run`: why analyses could not be run, and how many.

        Raises
        ------
        LimitError
            If there are too many analyses.
        NotFoundError, AmbiguousNameError, TooFewSamplesError, OptionError
            As for `curve`.
        """
        _check_level(level)
        from coexpr.analysis.curve_of_correlates import HitOptions, curve_of_correlates

        return curve_of_correlates(
            self._expression,
            str(seed),
            HitOptions(level, top, ascending),
            as_options(ProbeSelection, probe_selection),
            as_options(SampleFilter, sample_filter),
            as_options(GeneFilter, gene_filter),
            as_options(CorrelationMethod, method),
            as_names(vary),
            max_analyses,
        )

    @question
    def expression(
        self,
        items: Sequence[str] | str = (),
        *,
        level: Level | None = None,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
    ) -> "ExpressionResult":
        """Return expression values, sample by sample.

        Parameters
        ----------
        items : sequence of str, or str
            Probes and genes. Not together with a gene filter.
        level : "probe" or "gene", optional
            Return all probes, or genes by their representative probes. By default items as they are, and genes for a
            gene filter.
        probe_selection, sample_filter, gene_filter
            As for `correlates`.

        Returns
        -------
        Result
            One row per sample: sample_id, donor, structure_id, acronym, structure_name, hemisphere, mni_x, mni_y,
            mni_z, then log2 intensity in one column per probe or gene, None where missing.

        Raises
        ------
        NotFoundError, AmbiguousNameError, TooFewSamplesError, OptionError
            As for `correlates`.
        """
        _check_level(level)
        from coexpr.analysis.expression import expression_values

        return expression_values(
            self._expression,
            as_names(items),
            as_options(GeneFilter, gene_filter),
            as_options(ProbeSelection, probe_selection),
            as_options(SampleFilter, sample_filter),
            level=level,
        )

    @question
    def expression_by_structure(
        self,
        items: Sequence[str] | str = (),
        *,
        level: Level | None = None,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
    ) -> "Result[ExpressionProvenance]":
        """Return the mean and standard deviation of expression in each structure, by donor and over donors.

        Parameters
        ----------
        items, level, probe_selection, sample_filter, gene_filter
            As for `expression`.

        Returns
        -------
        Result
            One row per structure with samples and donor, and one with donor "all" over the samples of all donors:
            structure_id, acronym, structure_name, hemisphere, donor, n (samples), then for each probe or gene the mean
            of log2 intensity and its standard deviation (divisor n - 1, None for one sample), as NTRK2_mean and
            NTRK2_sd. Samples count at their own structure only. Missing values are left out of mean and standard
            deviation. Structures are in the order of the tree.

        Raises
        ------
        NotFoundError, AmbiguousNameError, TooFewSamplesError, OptionError
            As for `correlates`.
        """
        _check_level(level)
        from coexpr.analysis.structure_expression import expression_by_structure

        return expression_by_structure(
            self._expression,
            as_names(items),
            as_options(GeneFilter, gene_filter),
            as_options(ProbeSelection, probe_selection),
            as_options(SampleFilter, sample_filter),
            level=level,
        )

    def to_anndata(
        self,
        items: Sequence[str] | str = (),
        *,
        level: Level | None = None,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
    ) -> "AnnData":
        """Return expression values as AnnData, for scanpy.

        Parameters
        ----------
        items, level, probe_selection, sample_filter, gene_filter
            As for `expression`.

        Returns
        -------
        AnnData
            `X`: log2 intensity, samples by probes or genes, NaN where missing. `obs`: donor, structure_id, acronym,
            structure_name, hemisphere, MNI coordinates and top_level_structure, by sample_id. `var`: probe_id,
            probe_name, gene_symbol, gene_name and entrez_id. `obsm["spatial"]`: MNI coordinates in mm.
            `uns["provenance"]`: the provenance as JSON.

        Raises
        ------
        MissingPackageError
            If anndata is not installed.
        NotFoundError, AmbiguousNameError, TooFewSamplesError, OptionError
            As for `expression`.
        """
        return self.expression(
            items,
            level=level,
            probe_selection=probe_selection,
            sample_filter=sample_filter,
            gene_filter=gene_filter,
        ).to_anndata()

    @question
    def correlation_matrix(
        self,
        items: Sequence[str] | str = (),
        *,
        level: Level | None = None,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
        mark: Sequence[str] | str = (),
        max_rows: int | None = MAX_MATRIX_ROWS,
    ) -> "CorrelationMatrix":
        """Return r of every item with every other.

        Parameters
        ----------
        items : sequence of str
            Probes and genes, in the order of the rows, except that probes come first. Not together with a gene
            filter.
        level : "probe" or "gene", optional
            As for `expression`.
        probe_selection, sample_filter, gene_filter, method
            As for `correlates`.
        mark : sequence of str
            Categories that mark rows in a figure; those of a gene filter with several do so anyway.
        max_rows : int or None
            A larger matrix is refused; None for no limit.

        Returns
        -------
        CorrelationMatrix
            Labelled with symbols of genes and names of probes; the Entrez id follows a symbol that two genes share.
            NaN where a profile is constant.

        Raises
        ------
        LimitError
            If there are more rows than `max_rows`.
        NotFoundError, AmbiguousNameError, OptionError
            As for `correlates`.
        """
        _check_level(level)
        from coexpr.analysis.matrix import correlation_matrix

        return correlation_matrix(
            self._expression,
            as_names(items),
            as_options(GeneFilter, gene_filter),
            as_options(ProbeSelection, probe_selection),
            as_options(SampleFilter, sample_filter),
            as_options(CorrelationMethod, method),
            level=level,
            mark=as_names(mark),
            max_rows=max_rows,
        )

    @question
    def network(
        self,
        output: Path | str,
        items: Sequence[str] | str = (),
        *,
        top: int | None = None,
        min_abs_r: float | None = None,
        mutual_rank: bool = False,
        undirected: bool = False,
        level: Level | None = None,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
        mark: Sequence[str] | str = (),
        method: CorrelationMethodLike | None = None,
        format: str | None = None,
        memory: int = MEMORY,
        max_edges: int | None = MAX_NETWORK_EDGES,
        scheduler: str | None = None,
    ) -> "NetworkResult":
        """Write the network of all pairs: the strongest edges of every gene or probe.

        Products are computed in single precision: r is within 2e-6 of that in double precision, and ties within that
        are broken arbitrarily. A row with a missing value in one of the samples, or a constant profile, has no edge.

        Parameters
        ----------
        output : path
            .parquet, .arrow, .csv, .tsv: a table of edges. .graphml: nodes and edges. .duckdb: the tables edges,
            nodes, node_categories and provenance. An edge has source, target, r and rank: the place of the target
            among all others by r with the source.
        items : sequence of str
            Probes and genes. Every gene if neither items nor a gene filter are given.
        top : int, optional
            This many edges of each row: those with the highest r.
        min_abs_r : float, optional
            Only edges of at least this absolute r. The strongest edges are then those with the highest absolute r, and
            ranks are by it.
        mutual_rank : bool
            Add the geometric mean of the ranks that both ends have for each other; missing where the source is not
            among the `top` of the target.
        undirected : bool
            Write each pair once, with the source before the target in the order of rows. Its rank is the better
            (smaller) rank of its two directions, or the rank of the only one.
        level : "probe" or "gene", optional
            As for `expression`.
        probe_selection, sample_filter, gene_filter, method
            As for `correlates`.
        mark : sequence of str
            Categories whose members are marked among the nodes of a .graphml or .duckdb file, without leaving others
            out. The categories of a gene filter are marked too, if it has several.
        format : "parquet", "arrow", "csv", "tsv", "graphml" or "duckdb", optional
            The format, where the ending of the file name does not say it.
        memory : int
            Bytes to use beyond the mapped matrix.
        max_edges : int or None
            A network with more edges is refused; None for no limit.
        scheduler : str, optional
            The address of a Dask scheduler, such as "tcp://10.0.0.1:8786", whose workers compute the network; "local"
            starts a process per thread of this Atlas for it. The result is the same. Requires the extra
            `coexpr[dask]`; every worker must be able to read the cache next to the database under the same path.

        Returns
        -------
        NetworkResult
            One row: output, rows, edges. Its `summary` has the degree of each row, the distribution of r, and the edges
            of a small network.

        Raises
        ------
        LimitError
            If there are too many edges for the limit, the memory or the disk.
        OutputError
            If the file cannot be written, or is a database.
        SchedulerError
            If the scheduler or its workers cannot be reached, or cannot compute.
        NotFoundError, AmbiguousNameError, OptionError
            As for `correlates`.

        Notes
        -----
        Checkpoints are kept next to the output, in a folder that ends in .partial: after an interruption, the same
        call continues from there.
        """
        _check_level(level)
        from coexpr.analysis.network import NetworkRequest, NetworkSettings, network
        from coexpr.network.plan import EdgeSelection

        request = NetworkRequest(
            as_names(items),
            as_options(GeneFilter, gene_filter),
            as_options(ProbeSelection, probe_selection),
            as_options(SampleFilter, sample_filter),
            as_options(CorrelationMethod, method),
            EdgeSelection(top, min_abs_r, mutual_rank, undirected),
            level,
            as_names(mark),
        )
        settings = NetworkSettings(Path(output), format, memory, max_edges, scheduler)
        return network(self._expression, request, settings)

    @question
    def network_part(
        self,
        part: str,
        output: Path | str,
        items: Sequence[str] | str = (),
        *,
        top: int | None = None,
        min_abs_r: float | None = None,
        level: Level | None = None,
        probe_selection: ProbeSelectionLike | None = None,
        sample_filter: SampleFilterLike | None = None,
        gene_filter: GeneFilterLike | None = None,
        method: CorrelationMethodLike | None = None,
        memory: int = MEMORY,
        max_edges: int | None = MAX_NETWORK_EDGES,
        scheduler: str | None = None,
    ) -> "NetworkPart":
        """Compute a part of a network, on this or another machine; `merge_network` writes the file of all parts.

        Parameters
        ----------
        part : str
            "3/16" for part 3 of 16. All parts must be given the same arguments.
        output : path
            The file of the network. The part is computed into a folder next to it, such as
            genes.parquet.part-3-of-16, which is also its checkpoint.
        items, top, min_abs_r, level, probe_selection, sample_filter, gene_filter, method, memory, max_edges, scheduler
            As for `network`.

        Returns
        -------
        NetworkPart
            One row: folder, rows, pairs of rows that were compared.

        Raises
        ------
        LimitError, OutputError, SchedulerError, NotFoundError, AmbiguousNameError, OptionError
            As for `network`.
        """
        _check_level(level)
        from coexpr.analysis.network import NetworkRequest, NetworkSettings
        from coexpr.analysis.network_parts import network_part
        from coexpr.network.plan import EdgeSelection, Part

        request = NetworkRequest(
            as_names(items),
            as_options(GeneFilter, gene_filter),
            as_options(ProbeSelection, probe_selection),
            as_options(SampleFilter, sample_filter),
            as_options(CorrelationMethod, method),
            EdgeSelection(top, min_abs_r),
            level,
            (),
        )
        settings = NetworkSettings(Path(output), None, memory, max_edges, scheduler)
        return network_part(self._expression, request, settings, Part.of(part))

    def merge_network(
        self,
        parts: Sequence[Path | str],
        output: Path | str,
        *,
        mutual_rank: bool = False,
        undirected: bool = False,
        mark: Sequence[str] | str = (),
        format: str | None = None,
        memory: int = MEMORY,
    ) -> "NetworkResult":
        """Write the network of all parts that `network_part` has computed: the file that `network` writes.

        Parameters
        ----------
        parts : sequence of paths
            The folders of all parts, in any order. They remain.
        output, mutual_rank, undirected, mark, format, memory
            As for `network`.

        Returns
        -------
        NetworkResult
            As of `network`. The question of its provenance is that of the network as a whole.

        Raises
        ------
        ResultFileError
            If a part is missing, there twice, not finished or damaged, or of another network, of another database or of
            another version of coexpr.
        LimitError, OutputError, NotFoundError, OptionError
            As for `network`.
        """
        from coexpr.analysis.network import NetworkSettings
        from coexpr.analysis.network_parts import merge_network

        return merge_network(
            self._expression,
            [Path(path) for path in parts],
            NetworkSettings(Path(output), format, memory, None),
            mutual_rank=mutual_rank,
            undirected=undirected,
            mark=as_names(mark),
        )

    @question
    def structures(self, search: str | None = None, *, min_samples: int = 1) -> "StructureTree":
        """Return the structures that have samples, in the order of the tree.

        Parameters
        ----------
        search : str, optional
            An acronym or id, or part of a name.
        min_samples : int
            Leave out structures with fewer samples.

        Returns
        -------
        Result
            Columns structure_id, acronym, name, hemisphere, depth (in the tree), samples, and the number of samples of
            each donor, in the structure and everything below it.
        """
        from coexpr.analysis.structures import structure_tree

        return structure_tree(self._expression, search, min_samples)

    @question
    def categories(self, search: str | None = None) -> Result[Provenance]:
        """Return the categories whose name or accession contains `search`, with their numbers of genes."""
        from coexpr.analysis.categories import list_categories

        return list_categories(self._connection, str(self.path), search)

    @question
    def members(
        self, category: str, *, include_regulates: bool = False, evidence_not: Sequence[str] | str = ()
    ) -> "Result[MembersProvenance]":
        """Return the genes of a category.

        Parameters
        ----------
        category : str
            Its name, accession, source:name, or id:number.
        include_regulates : bool
            Include the genes of the terms that regulate it, not only those that are part of it.
        evidence_not : sequence of str
            Exclude genes whose only annotations have these evidence codes, such as IEA.

        Returns
        -------
        Result
            Columns gene_symbol, entrez_id, current_symbol, direct, evidence and status: "with expression data", "on
            the chip" or "not in this database".

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If there is no such category, or several.
        """
        from coexpr.analysis.categories import list_members

        return list_members(self._connection, str(self.path), category, include_regulates, as_names(evidence_not))

    @question
    def resolve(self, names: Sequence[str] | str, *, annotation: Annotation = "allen") -> "Result[NamesProvenance]":
        """Return what names mean in this database.

        Parameters
        ----------
        names : sequence of str
            Symbols, aliases, Entrez ids, probe names or probe ids.
        annotation : "allen" or "reannotated"
            The annotation that assigns probes to genes.

        Returns
        -------
        Result
            One row per name: its status (with expression data, on the chip, not in this database, ambiguous, unknown),
            the gene, what it was matched by, its current symbol, its numbers of probes, and an explanation, which
            lists similar names for an unknown one.
        """
        from coexpr.analysis.names import resolve_names

        return resolve_names(self._connection, str(self.path), as_names(names), annotation)

    def read_genes(self, path: Path | str, *, gene_column: str | None = None) -> "CategoryFile":
        """Return the names of genes in a file, for the `genes` of a `GeneFilter`.

        Parameters
        ----------
        path : path
            A list, or a table with a column of genes: CSV, TSV, GMT of one set, gzipped or not. "-" is stdin.
        gene_column : str, optional
            The header of the column, or its number from 1. By default it is found by its header and contents.

        Returns
        -------
        CategoryFile
            Its only category has the names as members; its notes say which column was read.

        Raises
        ------
        DownloadError
            If the file cannot be read, or it is uncertain which column contains genes.
        """
        from coexpr.analysis.names import read_list

        return read_list(self._connection, Path(path), gene_column)

    @question
    def contents(self) -> "Contents":
        """Return what the database contains.

        Returns
        -------
        Contents
            A named tuple of results: donors, and downloads with their files. The provenance has the totals.
        """
        from coexpr.analysis.contents import contents

        return contents(self._connection, str(self.path))

    @question
    def verify(self) -> "Result[DatabaseChecks]":
        """Check that the database is consistent, and how much of the atlas it contains.

        Returns
        -------
        Result
            Columns check, holds, found, expected; the provenance says whether all checks hold.
        """
        from coexpr.analysis.verify import verify_database

        return verify_database(self._expression)

    @question
    def verify_deep(self) -> "Result[DatabaseChecks]":
        """Check as `verify` does, and compare with the downloads that were loaded, as far as they are still there.

        Each is read again: checksums, samples, values, present calls, statistics, and r of some pairs of probes.

        Returns
        -------
        Result
            As that of `verify`; the provenance names the downloads that could not be compared.
        """
        from coexpr.analysis.verify_deep import verify_deep

        return verify_deep(self._expression)

    @question
    def verify_download(self, path: Path | str) -> "Result[DownloadChecks]":
        """Compare the r of a Find Correlates download with r computed from its values and from this database.

        Parameters
        ----------
        path : path
            The zip or folder of the download.

        Returns
        -------
        Result
            Columns r_from, rows_compared, largest_difference, and rows_off: rows that differ by more than the
            rounding of the site's three decimals. Probes that are not in the database are not compared.

        Raises
        ------
        NoDownloadError, DownloadError
            If there is no such download, or it is damaged.
        """
        from coexpr.analysis.verify import verify_download

        return verify_download(self._expression, Path(path))

    def replay(self, path: Path | str) -> "Result[ReplayProvenance]":
        """Ask the question of a result again, and compare.

        Parameters
        ----------
        path : path
            A result as JSON, Parquet or Arrow, written by this version of coexpr or an older one. SQL in it cannot
            read or write other files.

        Returns
        -------
        Result
            What has changed, before and now: downloads and releases, samples and options, and examples of rows. The
            provenance says how many rows changed, and by how much.

        Raises
        ------
        ResultFileError
            If the file is not a result, or of a newer version.
        CoexprError
            If the question has no answer any more.
        """
        from coexpr.analysis.replay import replay

        def ask(name: str, arguments: dict[str, Any]) -> Any:
            method = getattr(type(self), name, None)
            if method is None or not is_question(method):
                raise ResultFileError(f"{path}: this version of coexpr has no question {name!r:.60}.")
            try:
                inspect.signature(method).bind(self, **arguments)
            except TypeError as error:
                raise ResultFileError(f"{path}: this version of coexpr cannot ask {name} so: {error}.") from None
            return getattr(self, name)(**arguments)

        return replay(Path(path), ask, str(self.path))

    def sql(
        self,
        statement: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        tables: Mapping[str, Any] | None = None,
    ) -> "duckdb.DuckDBPyRelation":
        """Run SQL and return its result as a DuckDB relation; the database is open for reading only.

        Parameters
        ----------
        statement : str
            One or more statements; the last one is returned. docs/data-model.md describes tables, views and macros.
            Statements cannot read other files: read them in Python, and give them as `tables`.
        parameters : mapping, optional
            Values for the $parameters of the last statement.
        tables : mapping of str to DataFrame or Arrow table, optional
            Tables that statements can name, this one and later ones.

        Returns
        -------
        DuckDBPyRelation
            Evaluated when it is used: `.df()`, `.to_arrow_table()`, `.fetchall()`, `.filter(...)`. Valid until the
            Atlas is closed.

        Raises
        ------
        QueryError
            If the statement is invalid, or returns no rows. Errors during evaluation are raised by DuckDB itself.
        """
        from coexpr.database.adhoc_sql import relation_of

        for name, table in (tables or {}).items():
            self._relations.register(name, table)
        return relation_of(self._relations, statement, parameters)

    @question
    def stream_sql(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> "Stream":
        """Run SQL and return a stream of rows; the result may be larger than memory.

        Parameters
        ----------
        statement : str
        parameters : mapping, optional
        timeout : float, optional
            Seconds after which it is stopped, with a LimitError. By default, it is not.
        """
        from coexpr.database.adhoc_sql import stream_rows

        return stream_rows(self._user_connection(), statement, parameters, self._sql_provenance(statement), timeout)

    @question
    def stream_sql_as_arrow(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> "ArrowStream":
        """Run SQL and return a stream of Arrow batches. Close it before the Atlas. See `stream_sql`."""
        from coexpr.database.adhoc_sql import stream_arrow

        return stream_arrow(self._user_connection(), statement, parameters, self._sql_provenance(statement), timeout)

    def read_errors(self) -> AbstractContextManager[None]:
        """Raise DatabaseError instead of errors of DuckDB within the block."""
        return read_errors(self.path)

    def confine_sql(self, memory: int) -> None:
        """Confine SQL of others: limited memory, no temporary files, no change of settings.

        This applies to every connection of this process to the file, and cannot be undone.

        Parameters
        ----------
        memory : int
            Bytes that DuckDB may use.
        """
        if single(self._connection, "settings_are_locked"):
            return  # by another Atlas of this process
        self._connection.execute(query("forbid_temporary_files"))
        self._connection.execute(query("limit_memory").replace("$bytes", str(memory)))  # SET takes no parameters
        self._connection.execute(query("lock_settings"))

    def interrupt(self) -> None:
        """Interrupt what DuckDB runs for this Atlas in another thread, which then raises KeyboardInterrupt."""
        for connection in [*self._cursors, self._connection]:
            connection.interrupt()

    def _sql_provenance(self, statement: str) -> "SqlProvenance":
        from coexpr.database.adhoc_sql import SqlProvenance

        return SqlProvenance(database=str(self.path), statement=statement)

    @cached_property
    def _relations(self) -> "duckdb.DuckDBPyConnection":
        """The connection of all relations: a temporary table of one statement is visible to the next."""
        return self._user_connection()

    def _user_connection(self) -> "duckdb.DuckDBPyConnection":
        """Return a new connection for SQL of the user, separate from temporary tables and results of coexpr."""
        connection = self._connection.cursor()
        if not single(connection, "settings_are_locked"):
            connection.execute(query("lock_settings"))
        self._cursors.add(connection)
        return connection


def _check_level(level: str | None) -> None:
    if level not in (None, "probe", "gene"):
        raise OptionError(f"`level` {level!r}: expected probe or gene.")
