"""Expression over structures: the spread of samples in each top-level structure, and the mean of each donor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import FigureError
from coexpr.output.figures.columns import font_of
from coexpr.output.figures.drawing import Size
from coexpr.output.figures.page import FONT_SIZE, add_legend
from coexpr.output.figures.palette import Groups, color_of, marker_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_PANELS = 12
_PANEL, _GAP = 34.0, 8.0
_FEW = 5  # fewer samples are drawn as points


@dataclass(frozen=True)
class ExpressionByStructure:
    """Box plots of expression by structure, a panel per profile.

    Parameters
    ----------
    names : sequence of str
        Of the profiles.
    log2 : (K, S) float
        NaN where missing.
    groups : Groups
        The top-level structure of each sample.
    donors : (S,) intp
        The place of each sample's donor in `donor_names`.
    donor_names : sequence of str
    """

    names: Sequence[str]
    log2: NDArray[np.floating]
    groups: Groups
    donors: NDArray[np.intp]
    donor_names: Sequence[str]

    def __post_init__(self) -> None:
        if not self.log2.size or np.isnan(self.log2).all():
            raise FigureError("there is nothing to draw: no sample has a value.")
        if len(self.names) > _MAX_PANELS:
            raise FigureError(
                f"a figure has at most {_MAX_PANELS} panels of expression, and there are {len(self.names):,} profiles. "
                "Choose fewer probes or genes."
            )

    @property
    def _shown(self) -> list[int]:
        """The groups with a value."""
        has_value = ~np.isnan(self.log2).all(axis=0)
        shown: list[int] = np.unique(self.groups.members[has_value]).tolist()
        return shown

    @property
    def width(self) -> float:
        """The usual width in mm."""
        return float(np.clip(len(self._shown) * 5.5 + 30, 89, 180))

    def _labels(self) -> list[str]:
        return [self.groups.names[group] for group in self._shown]

    def height(self, width: float, page: float) -> float:
        """Return the height in mm."""
        return len(self.names) * (_PANEL + _GAP) - _GAP

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw a panel per profile, one below the other."""
        from matplotlib.lines import Line2D

        panels = len(self.names)
        share = size.height / (panels * (_PANEL + _GAP) - _GAP) / size.height
        for place, name in enumerate(self.names):
            bottom = (panels - 1 - place) * (_PANEL + _GAP) * share
            panel = ax if panels == 1 else ax.inset_axes((0, bottom, 1, _PANEL * share))
            self._draw_panel(panel, self.log2[place], size)
            panel.set_title(name, loc="left", pad=2)
            panel.set_ylabel("log2 expression")
            panel.tick_params(labelbottom=place == panels - 1)
        if panels > 1:
            ax.set_axis_off()
        handles = [
            Line2D([], [], color=color_of(donor), marker=marker_of(donor), markersize=3.5, linestyle="", label=name)
            for donor, name in enumerate(self.donor_names)
        ]
        add_legend(ax, handles, "Mean of donor", size, len(handles))
        return []

    def _draw_panel(self, ax: "Axes", log2: NDArray[np.floating], size: Size) -> None:
        groups = self._shown
        boxes: list[dict[str, Any]] = []
        for place, group in enumerate(groups):
            is_here = (self.groups.members == group) & ~np.isnan(log2)
            values = log2[is_here].astype(np.float64)
            if len(values) >= _FEW:
                boxes.append(_box(values, place))
            else:
                ax.scatter(np.full(len(values), place), values, s=5, color="0.6", linewidths=0, gid="sample")
            self._draw_donors(ax, place, values, self.donors[is_here])
        if boxes:
            drawn = ax.bxp(
                boxes, positions=[box["place"] for box in boxes], widths=0.7, showfliers=False, patch_artist=True,
                medianprops={"color": "0.2"},
                whiskerprops={"color": "0.4", "linewidth": 0.6},
                capprops={"color": "0.4", "linewidth": 0.6}, manage_ticks=False,
            )  # fmt: skip
            for patch, box in zip(drawn["boxes"], boxes, strict=True):
                patch.set_facecolor(self.groups.colors[groups[box["place"]]])
                patch.set_edgecolor("0.4")
                patch.set_alpha(0.5)  # so that donors can be seen on it
        font = font_of(size.width / len(groups), FONT_SIZE - 1)
        ax.set_xticks(range(len(groups)), self._labels(), rotation=90, fontsize=font)
        ax.set_xlim(-0.7, len(groups) - 0.3)
        ax.tick_params(axis="x", length=0)

    def _draw_donors(self, ax: "Axes", place: int, values: NDArray[np.float64], donors: NDArray[np.intp]) -> None:
        """Draw the mean of each donor; the points of donors are next to each other."""
        for donor in np.unique(donors).tolist():
            offset = 0.5 * ((donor + 0.5) / len(self.donor_names) - 0.5)
            ax.scatter(
                place + offset, values[donors == donor].mean(), s=7, color=color_of(donor), marker=marker_of(donor),
                linewidths=0.2, edgecolors="white", zorder=4, gid="donor-mean",
            )  # fmt: skip


def _box(values: NDArray[np.float64], place: int) -> dict[str, Any]:
    """Return a box: quartiles, and whiskers to the last value within 1.5 times their distance (Tukey 1977)."""
    low, median, high = np.percentile(values, [25, 50, 75])
    reach = 1.5 * (high - low)
    return {
        "place": place,
        "q1": low,
        "med": median,
        "q3": high,
        "whislo": values[values >= low - reach].min(),
        "whishi": values[values <= high + reach].max(),
        "fliers": [],
    }
