"""What specification curves return: tables of analyses, hits and choices, and their figures."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.provenance import CorrelationProvenance, SeedUse
from coexpr.analysis.specification import CHOICES, ChoiceName, Specifications, level_name
from coexpr.options import Level
from coexpr.output.figures.drawable import Drawable
from coexpr.result import Result, number_or_none
from coexpr.stats.curves import describe, movements, same_sign

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from coexpr.output.figures.curve import HitRanges, SpecificationCurve

Float = NDArray[np.float64]

SUMMARY = ("default_r", "median_r", "q25_r", "q75_r", "min_r", "max_r", "same_sign_share")
MOVED = ("moved_most_by", "range_of_mean_r", "lowest_level", "lowest_mean_r", "highest_level", "highest_mean_r")
OF_CHOICES = ("choice", *MOVED[1:])
RANKS = ("median_rank", "q25_rank", "q75_rank", "best_rank", "worst_rank")


@dataclass(frozen=True, kw_only=True)
class CurveProvenance(CorrelationProvenance):
    """The provenance of a specification curve; method, probe selection and data are those of the default analysis.

    Parameters
    ----------
    choices : dict of str to list of str
        The levels of each choice, that of the default first.
    analyses : int
        How many combinations of levels there are.
    run : int
        How many of them were computed.
    """

    choices: dict[ChoiceName, list[str]]
    analyses: int
    run: int

    @property
    def varied(self) -> tuple[ChoiceName, ...]:
        """The choices with several levels."""
        return tuple(choice for choice in CHOICES if len(self.choices[choice]) > 1)

    @property
    def caption(self) -> str:
        """What r is computed from, in sentences for a figure."""
        return f"{self.run:,} of {self.analyses:,} analyses. Default: {super().caption}"


@dataclass(frozen=True, kw_only=True)
class PairCurveProvenance(CurveProvenance):
    """The provenance of the curve of a pair.

    Parameters
    ----------
    names, levels, profiles : tuple of str
        For each side: the probe or gene, its level, and the profile that represents it in the default analysis.
    other_names : dict of str to str
        Names that were given, where the atlas uses another symbol.
    """

    names: tuple[str, str]
    levels: tuple[Level, Level]
    profiles: tuple[str, str]
    other_names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CorrelatesCurveProvenance(CurveProvenance):
    """The provenance of the curve of correlates.

    Parameters
    ----------
    seed : SeedUse
    level : "probe" or "gene"
    top : int
    ascending : bool
    compared : int
        Among how many genes or probes the default analysis ranks.
    """

    seed: SeedUse
    level: Level
    top: int
    ascending: bool
    compared: int


@dataclass(frozen=True, repr=False)
class Analyses(Result[PairCurveProvenance], Drawable):
    """The analyses of a pair, one per row."""

    def drawing(self) -> "SpecificationCurve":
        """Return the specification curve: r in ascending order above the levels of each analysis."""
        from coexpr.output.figures.curve import Panel, SpecificationCurve

        provenance = self.provenance
        panels = []
        for choice in provenance.varied:
            names = provenance.choices[choice]
            place = {name: number for number, name in enumerate(names)}
            panels.append(Panel(choice, names, np.array([place[name] for name in self.column(choice)], dtype=np.intp)))
        is_default = [
            all(cell == provenance.choices[choice][0] for choice, cell in zip(CHOICES, row, strict=False))
            for row in self.rows
        ]
        default = int(np.argmax(is_default)) if any(is_default) else None
        title = f"r of {' and '.join(provenance.names)} in {len(self):,} analyses"
        return SpecificationCurve(np.array(self.column("r"), dtype=np.float64), panels, default, title)


@dataclass(frozen=True, repr=False)
class Hits(Result[CorrelatesCurveProvenance], Drawable):
    """The hits of a seed, one per row, over all analyses."""

    def drawing(self) -> "HitRanges":
        """Return a figure with a row per hit: r of the default analysis, and median, quartiles and range over all."""
        from coexpr.output.figures.curve import HitRanges

        provenance = self.provenance
        names = self.column("gene_symbol" if provenance.level == "gene" else "probe_name")
        columns = ("r", "median_r", "q25_r", "q75_r", "min_r", "max_r")
        r, median, *limits = (np.array(self.column(name), dtype=np.float64) for name in columns)
        seed = provenance.seed
        title = f"Correlates of {seed.gene or seed.probe if seed.level == 'gene' else seed.probe}"
        title += f" in {provenance.run:,} analyses"
        return HitRanges([str(name) for name in names], r, median, np.stack(limits), title)


class PairCurve(NamedTuple):
    """The specification curve of a pair; all tables have the same provenance.

    Parameters
    ----------
    analyses : Analyses
        One row per analysis: the level of each choice, r, n, and the probes of both sides.
    summary : Result
        One row: the distribution of r over the analyses, and the choice that moves it most.
    choices : Result
        One row per choice: how far it moves the mean r.
    not_run : Result
        Why analyses could not be run, and how many.
    """

    analyses: Analyses
    summary: Result[PairCurveProvenance]
    choices: Result[PairCurveProvenance]
    not_run: Result[PairCurveProvenance]

    @property
    def provenance(self) -> PairCurveProvenance:
        """The provenance of all tables."""
        return self.analyses.provenance

    def plot(self, ax: "Axes | None" = None, *, width: float | None = None) -> "Axes":
        """Draw the specification curve; see `Analyses.drawing`."""
        return self.analyses.plot(ax, width=width)

    def save_figure(self, path: Path | str, *, width: float | None = None) -> list[str]:
        """Draw the specification curve into a file; see `Drawable.save_figure`."""
        return self.analyses.save_figure(path, width=width)


class CorrelatesCurve(NamedTuple):
    """The specification curve of the correlates of a seed; all tables have the same provenance.

    Parameters
    ----------
    hits : Hits
        One row per hit of the default analysis: its r and rank there, and their distribution over all analyses.
    choices : Result
        One row per hit and choice: how far the choice moves the mean r.
    not_run : Result
        Why analyses could not be run, and how many: for all hits where gene_symbol is None, or for one.
    """

    hits: Hits
    choices: Result[CorrelatesCurveProvenance]
    not_run: Result[CorrelatesCurveProvenance]

    @property
    def provenance(self) -> CorrelatesCurveProvenance:
        """The provenance of all tables."""
        return self.hits.provenance

    def plot(self, ax: "Axes | None" = None, *, width: float | None = None) -> "Axes":
        """Draw the hits; see `Hits.drawing`."""
        return self.hits.plot(ax, width=width)

    def save_figure(self, path: Path | str, *, width: float | None = None) -> list[str]:
        """Draw the hits into a file; see `Drawable.save_figure`."""
        return self.hits.save_figure(path, width=width)


def summary_of(r: Float) -> list[Any]:
    """Return `SUMMARY` for r with an axis per choice; the first is that of the default analysis."""
    default = float(r.flat[0])
    spread = describe(r)
    numbers = (default, spread.median, spread.q25, spread.q75, spread.least, spread.most, same_sign(r, default))
    return list(map(number_or_none, numbers))


def choices_of(r: Float, specifications: Specifications) -> list[tuple[Any, ...]]:
    """Return `OF_CHOICES` for each choice that moves r, the farthest first."""
    rows = []
    for moved in movements(r):
        choice = CHOICES[moved.axis]
        low, high = (level_name(specifications.levels[choice][level]) for level in (moved.lowest, moved.highest))
        rows.append((choice, moved.range, low, moved.lowest_mean, high, moved.highest_mean))
    return rows


def count_reasons(reasons: Counter[Any]) -> list[tuple[Any, ...]]:
    """Return reasons with their numbers of analyses, the largest first."""
    return [
        (*(reason if isinstance(reason, tuple) else (reason,)), count)
        for reason, count in reasons.most_common()
        if count
    ]
