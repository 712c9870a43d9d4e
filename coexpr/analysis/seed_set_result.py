"""What a query with several seeds returns: the correlates of the set, its seeds, and their provenance."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coexpr.analysis.correlates_result import RankOptions
from coexpr.analysis.disagreements import Disagreement
from coexpr.analysis.provenance import CorrelationProvenance, SeedUse
from coexpr.options import Level
from coexpr.output.figures.drawable import Drawable
from coexpr.result import Result
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.output.figures.dots import Dots


# Seeds that the caption of a figure lists.
_LISTED = 12


@dataclass(frozen=True)
class SeedInSet:
    """A seed of a set, and how it ranks when it is left out.

    Parameters
    ----------
    seed : SeedUse
    rank : int, optional
        Its rank among all probes or genes by the mean r with the other seeds; None without r.
    mean_r : float, optional
        Its mean r with the other seeds.
    n : int
        The smallest number of samples of these r.
    """

    seed: SeedUse
    rank: int | None
    mean_r: float | None
    n: int


@dataclass(frozen=True)
class DonorWeight:
    """The weight of a donor.

    Parameters
    ----------
    donor : str
    score : float, optional
        How well the seeds find each other: the mean over seeds of the rank-biased precision of the others. None where
        a seed has no r, so that the donor does not count.
    weight : float
        The share of the donor in the mean r.
    """

    donor: str
    score: float | None
    weight: float


@dataclass(frozen=True, kw_only=True)
class SeedSetProvenance(CorrelationProvenance):
    """The provenance of the correlates of several seeds.

    Parameters
    ----------
    seeds : list of SeedInSet
    level : "probe" or "gene"
    left_out : dict of str to str
        Seeds without a usable profile, and why.
    duplicates : dict of str to str
        Names that mean a seed that is counted already, with its name.
    ranked : int
        Among how many probes or genes a seed is ranked when it is left out, itself included.
    hub_correction : bool
    without_hub_r : int
        With hub correction: how many rows have no mean r with all, because values are missing.
    weights : list of DonorWeight
        Empty for r over all samples.
    chance_score : float, optional
        With weights: the score that is expected of seeds whose ranks are random.
    disagreements : dict of str to Disagreement
        Representative probes of seeds that disagree with the other probes of their gene.
    fewest_samples : int
        The smallest number of samples of the reported rows.
    compared, matching, without_r, genes_without_profile : int
        As for `CorrelatesProvenance`.
    ranks : RankOptions
    """

    seeds: list[SeedInSet]
    level: Level
    left_out: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)
    ranked: int
    hub_correction: bool
    without_hub_r: int
    weights: list[DonorWeight] = field(default_factory=list)
    chance_score: float | None = None
    disagreements: dict[str, Disagreement] = field(default_factory=dict)
    fewest_samples: int
    compared: int
    matching: int
    without_r: int
    genes_without_profile: int
    ranks: RankOptions

    @property
    def caption(self) -> str:
        """What r is computed from, in sentences for a figure."""
        names = ", ".join(one.seed.name for one in self.seeds[:_LISTED])
        if len(self.seeds) > _LISTED:
            names += f" and {len(self.seeds) - _LISTED} more seeds"
        how = " minus the mean r with all" if self.hub_correction else ""
        return f"Mean r with {names}{how}{', donors weighted' if self.weights else ''}. {super().caption}"


@dataclass(frozen=True, repr=False)
class SetCorrelatesResult(Result[SeedSetProvenance], Drawable):
    """Correlates of a set of seeds.

    Parameters
    ----------
    marks : tuple of str
        Columns that say whether a row is in a category.
    """

    marks: tuple[str, ...] = ()

    def drawing(self) -> "Dots":
        """Return a dot plot of the mean r, or of the corrected one."""
        from coexpr.output.figures.dots import Dots

        provenance = self.provenance
        names = [str(name) for name in self.column("gene_symbol" if provenance.level == "gene" else "probe_name")]
        r = np.array(self.column("corrected_r" if provenance.hub_correction else "mean_r"), dtype=np.float64)
        none = np.full(len(r), np.nan)
        title = f"Correlates of {count_of(len(provenance.seeds), 'seed')}"
        label = "mean r with the seeds, minus that with all" if provenance.hub_correction else "mean r with the seeds"
        marks = {name: np.array(self.column(name), dtype=np.bool_) for name in self.marks}
        return Dots(names, r, none, none, title, label, marks)


class SetCorrelates(NamedTuple):
    """The correlates of several seeds, and the seeds; both tables have the same provenance.

    Parameters
    ----------
    correlates : SetCorrelatesResult
        One row per probe or gene: rank, probe_id, probe_name, gene_symbol, gene_name, entrez_id, mean_r, n.
    seeds : Result
        One row per seed: seed, probe_id, probe_name, gene_symbol, rank, mean_r, n.
    """

    correlates: SetCorrelatesResult
    seeds: Result[SeedSetProvenance]

    @property
    def provenance(self) -> SeedSetProvenance:
        """The provenance of both tables."""
        return self.correlates.provenance
