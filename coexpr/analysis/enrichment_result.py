"""What an enrichment returns: categories with their tests, the provenance, and a figure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from coexpr.analysis.brain_map import MapUse
from coexpr.analysis.provenance import CorrelationProvenance, SeedUse
from coexpr.analysis.spatial_null import NullOptions, SpatialNull
from coexpr.errors import OptionError
from coexpr.options import ALTERNATIVES, Alternative, Space, SpatialWeights
from coexpr.output.figures.drawable import Drawable
from coexpr.result import Result
from coexpr.stats.spatial import DISTANCE_FLOOR

if TYPE_CHECKING:
    from coexpr.output.figures.intervals import Intervals


@dataclass(frozen=True)
class EnrichmentOptions:
    """Which categories are tested and how; see `Atlas.enrich`."""

    top: int | None = 20
    source: tuple[str, ...] = ()
    min_size: int = 10
    max_size: int = 200
    pooled: bool = False
    alternative: Alternative = "two-sided"
    naive_p: bool = False

    def __post_init__(self) -> None:
        for name in ("min_size", "max_size", "top"):
            value = getattr(self, name)
            if (name, value) != ("top", None) and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise OptionError(f"`{name}` {value!r}: expected a whole number of at least 1.")
        if self.min_size > self.max_size:
            raise OptionError(f"`min_size` {self.min_size} is larger than `max_size` {self.max_size}.")
        if self.alternative not in ALTERNATIVES:
            raise OptionError(f"`alternative` {self.alternative!r:.60}: expected one of {', '.join(ALTERNATIVES)}.")


@dataclass(frozen=True)
class NullUse:
    """The null model of p_spatial.

    Parameters
    ----------
    surrogates, seed_random : int
        How many surrogates, and the seed of their signs.
    weights : "measured" or "distance"
    space : "corrected" or "allen"
        Whose MNI coordinates of samples were used.
    components : int
        Moran's eigenvectors: samples minus groups.
    distance_floor : float
        In mm.
    """

    surrogates: int
    seed_random: int
    weights: SpatialWeights
    space: Space
    components: int
    distance_floor: float = DISTANCE_FLOOR

    @classmethod
    def of(cls, options: NullOptions, null: SpatialNull) -> Self:
        """Return the null model that was found for some options."""
        return cls(options.surrogates, options.seed_random, options.weights, null.space, len(null.basis.eigenvalues))


@dataclass(frozen=True, kw_only=True)
class EnrichmentProvenance(CorrelationProvenance):
    """The provenance of an enrichment.

    Parameters
    ----------
    seeds : list of SeedUse
        Empty for a map.
    map : MapUse, optional
        The map that is the seed.
    left_out : dict of str to str
        Seeds without a usable profile, and why.
    genes : int
        How many genes have r with the seed, its own gene excluded.
    genes_without_r : int
        How many have none, because their profile is constant or misses values; categories are tested without them.
    genes_without_profile : int
        How many genes have no usable probe.
    categories : int
        How many were tested.
    options : EnrichmentOptions
    null : NullUse
    """

    seeds: list[SeedUse]
    map: MapUse | None = None
    left_out: dict[str, str]
    genes: int
    genes_without_r: int
    genes_without_profile: int
    categories: int
    options: EnrichmentOptions
    null: NullUse

    @property
    def seed_name(self) -> str:
        """The seeds, or the map, in a few words."""
        if self.map is not None:
            return self.map.name or "a map"
        names = [use.gene or use.name for use in self.seeds]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

    @property
    def caption(self) -> str:
        """What is tested, in sentences for a figure."""
        return (
            f"Mean r with categories of {self.options.min_size} to {self.options.max_size} genes; p against "
            f"{self.null.surrogates:,} surrogates with the same spatial autocorrelation. {super().caption}"
        )


@dataclass(frozen=True, repr=False)
class EnrichmentResult(Result[EnrichmentProvenance], Drawable):
    """Categories that a seed is correlated with."""

    def drawing(self) -> "Intervals":
        """Return a plot of mean r of each category, with the interval of 95 % of surrogates."""
        from coexpr.output.figures.intervals import Intervals

        names = [f"{name} ({count})" for name, count in zip(self.column("name"), self.column("n_genes"), strict=True)]
        mean_r, low, high = (
            np.array(self.column(name), dtype=np.float64) for name in ("mean_r", "null_low", "null_high")
        )
        significant = np.array(self.column("q_spatial"), dtype=np.float64) <= 0.05
        title = f"Categories correlated with {self.provenance.seed_name}"
        return Intervals(names, mean_r, low, high, significant, title)
