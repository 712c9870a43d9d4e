"""What a query of correlates returns: the rows, their provenance, and a figure."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from coexpr.analysis.disagreements import Disagreement
from coexpr.analysis.provenance import CorrelationProvenance, SeedUse
from coexpr.analysis.significance import columns_of_donors
from coexpr.errors import OptionError
from coexpr.options import Level
from coexpr.output.figures.drawable import Drawable
from coexpr.result import Result

if TYPE_CHECKING:
    from coexpr.output.figures.dots import Dots


@dataclass(frozen=True)
class RankOptions:
    """Which correlates are returned; see `Atlas.correlates`."""

    top: int | None = 20
    ascending: bool = False
    min_r: float | None = None
    max_r: float | None = None
    include_self: bool = False
    rank_overall: bool = True

    def __post_init__(self) -> None:
        if self.top is not None and (isinstance(self.top, bool) or not isinstance(self.top, int) or self.top < 1):
            raise OptionError(f"`top` {self.top!r}: expected a whole number of at least 1, or None for all.")
        for name, limit in (("min_r", self.min_r), ("max_r", self.max_r)):
            if limit is not None and not (isinstance(limit, int | float) and -1 <= limit <= 1):
                raise OptionError(f"`{name}` {limit!r}: expected a number from -1 to 1.")
        if self.min_r is not None and self.max_r is not None and self.min_r > self.max_r:
            raise OptionError(f"`min_r` {self.min_r} is higher than `max_r` {self.max_r}: no r is between them.")


@dataclass(frozen=True, kw_only=True)
class CorrelatesProvenance(CorrelationProvenance):
    """The provenance of correlates.

    Parameters
    ----------
    seed : SeedUse
    level : "probe" or "gene"
    disagreements : dict of str to Disagreement
        Representative probes that disagree with the other probes of their gene.
    compared : int
        How many probes or genes the seed was compared with, after the gene filter.
    matching : int
        How many of these remain after min_r and max_r; all of them without limits.
    without_r : int
        How many have no r, because a profile is constant or missing.
    genes_without_profile : int
        How many genes have no usable probe.
    ranks : RankOptions
    """

    seed: SeedUse
    level: Level
    disagreements: dict[str, Disagreement] = field(default_factory=dict)
    compared: int
    matching: int
    without_r: int
    genes_without_profile: int
    ranks: RankOptions


@dataclass(frozen=True, repr=False)
class CorrelatesResult(Result[CorrelatesProvenance], Drawable):
    """Correlates.

    Parameters
    ----------
    marks : tuple of str
        Columns that say whether a row is in a category.
    """

    marks: tuple[str, ...] = ()

    def without_donors(self) -> "CorrelatesResult":
        """Return the rows without the columns that `by_donor` adds."""
        left_out = columns_of_donors(self.provenance.data.donors)
        places = [place for place, name in enumerate(self.columns) if name not in left_out]
        rows = [[row[place] for place in places] for row in self.rows]
        return CorrelatesResult([self.columns[place] for place in places], rows, self.provenance, self.marks)

    def drawing(self) -> "Dots":
        """Return a dot plot of r, with its range over donors where the columns of `by_donor` are there."""
        from coexpr.output.figures.dots import Dots

        provenance = self.provenance
        names = [str(name) for name in self.column("gene_symbol" if provenance.level == "gene" else "probe_name")]
        if provenance.level == "probe":
            names = [
                f"{name}  {gene or ''}".rstrip() for name, gene in zip(names, self.column("gene_symbol"), strict=True)
            ]
        of_donors = [f"r_{donor}" for donor in provenance.data.donors if f"r_{donor}" in self.columns]
        by_donor = np.array([self.column(name) for name in of_donors], dtype=np.float64).reshape(
            len(of_donors), len(self)
        )
        low = np.fmin.reduce(by_donor, axis=0, initial=np.nan)
        high = np.fmax.reduce(by_donor, axis=0, initial=np.nan)
        about = "r; lines: its range over donors" if of_donors else "r"
        marks = {name: np.array(self.column(name), dtype=np.bool_) for name in self.marks}
        seed = provenance.seed
        title = f"Correlates of {seed.gene or seed.probe if seed.level == 'gene' else seed.probe}"
        if provenance.gene_filter and len(provenance.gene_filter.categories) == 1:
            title += f" in {provenance.gene_filter.categories[0].name}"
        return Dots(names, np.array(self.column("r"), dtype=np.float64), low, high, title, about, marks)
