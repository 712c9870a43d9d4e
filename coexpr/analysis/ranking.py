"""The ranking of genes or probes by r with one profile, whatever it is the profile of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.correlates_result import RankOptions
from coexpr.analysis.labels import Label
from coexpr.analysis.profiles import Profiles, profiles_at_level
from coexpr.analysis.significance import Columns
from coexpr.database.categories import GeneFilterUse, chosen_gene_ids
from coexpr.database.expression import Expression
from coexpr.database.samples import Samples
from coexpr.errors import OptionError
from coexpr.options import GeneFilter, Level, ProbeSelection
from coexpr.result import number_or_none
from coexpr.stats.scan import Scan


@dataclass(frozen=True)
class Compared:
    """What a profile is compared with.

    Parameters
    ----------
    profiles : Profiles
    others : (K,) intp
        The rows that it is compared with.
    kept : (N,) intp
        Those of them that the gene filter keeps.
    """

    profiles: Profiles
    others: NDArray[np.intp]
    kept: NDArray[np.intp]


@dataclass(frozen=True)
class Ranked:
    """The rows that are reported.

    Parameters
    ----------
    order : (K,) intp
        Rows of the profiles, best first.
    ranks : dict of str to (K,) array
        The rank of each and, with a gene filter, its rank among all.
    matching : int
        How many rows match the limits of r.
    """

    order: NDArray[np.intp]
    ranks: Columns
    matching: int


def read_profiles(
    expression: Expression,
    level: Level,
    selection: ProbeSelection,
    samples: Samples,
    use: GeneFilterUse | None,
    ranks: RankOptions,
) -> tuple[Profiles, list[int] | None]:
    """Return the profiles of a level, and the genes that the filter keeps, which are None without a filter.

    Without an overall rank, only the profiles that the filter keeps are read.
    """
    genes = chosen_gene_ids(expression.connection) if use else None
    read = None if ranks.rank_overall else genes
    return profiles_at_level(expression, level, selection, samples, read), genes


def compare_with(profiles: Profiles, others: NDArray[np.intp], genes: Sequence[int] | None) -> Compared:
    """Return what a profile is compared with: some rows, of which a filter keeps those of some genes."""
    kept = others if genes is None else others[np.isin(profiles.gene_ids[others], genes)]
    return Compared(profiles, others, kept)


def rank(scan: Scan, compared: Compared, use: GeneFilterUse | None, options: RankOptions) -> Ranked:
    """Return the rows that are reported, with the rank of each, and its rank among all where a filter is used."""
    tie_order, ascending = compared.profiles.tie_order, options.ascending
    matching = scan.between(compared.kept, options.min_r, options.max_r)
    order = scan.first(matching, options.top, ascending=ascending, tie_order=tie_order)
    columns: Columns = {"rank": np.arange(1, len(order) + 1)}
    if options.min_r is not None or options.max_r is not None:
        columns["rank"] = scan.places(order, compared.kept, ascending=ascending, tie_order=tie_order)
    if use and options.rank_overall:
        columns["rank_overall"] = scan.places(order, compared.others, ascending=ascending, tie_order=tie_order)
    return Ranked(order, columns, len(matching))


def table_of(
    ranked: Ranked,
    labels: Sequence[Label],
    scan: Scan,
    members: Mapping[str, NDArray[np.bool_]],
    extra: Columns,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the columns and the reported rows; a row without r has no rank."""
    columns = [*ranked.ranks, *Label._fields, "r", "n", *members, *extra]
    rows: list[tuple[Any, ...]] = []
    for place, (row, label) in enumerate(zip(ranked.order.tolist(), labels, strict=True)):
        r = number_or_none(scan.r[row])
        of_ranks = [None if r is None else int(ranked.ranks[name][place]) for name in ranked.ranks]
        numbers = [number_or_none(extra[name][place]) for name in extra]
        is_member = [bool(members[name][place]) for name in members]
        rows.append((*of_ranks, *label, r, int(scan.n[row]), *is_member, *numbers))
    return columns, rows


def refuse_unused_rank(gene_filter: GeneFilter, options: RankOptions) -> None:
    """Raise OptionError if an overall rank is left out where there is none."""
    if not options.rank_overall and not gene_filter:
        raise OptionError("`rank_overall` applies to categories, and none is given. Add `categories` or `genes`.")
