"""The samples of a pair: both profiles side by side, as a table, a scatter plot and a spreadsheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.sample_labels import SampleLabels, shortest
from coexpr.errors import OptionError
from coexpr.output.figures.drawable import Drawable
from coexpr.output.figures.palette import DonorR
from coexpr.output.spreadsheet import Formula, Sheet
from coexpr.result import LazyRows, Result, number_or_none
from coexpr.stats.correlate import correlate_seed

if TYPE_CHECKING:
    from coexpr.analysis.pair import PairProvenance
    from coexpr.output.figures.scatter import Scatter

Color = Literal["donor", "structure"]
Facet = Literal["donor"]
# The labels of a sample in the table, by their place among `LABELS` of coexpr.analysis.sample_labels.
_LABELS = {"sample_id": 0, "donor": 1, "structure_id": 2, "acronym": 3, "structure_name": 4}
_LOG2 = "0.0000"


@dataclass(frozen=True, repr=False, eq=False)
class PairSamples(Result["PairProvenance"], Drawable):
    """Both profiles of a pair, sample by sample.

    Parameters
    ----------
    x, y : (S,) float
        log2 expression.
    labels : SampleLabels
    by_donor : sequence of DonorR
    """

    x: NDArray[np.floating]
    y: NDArray[np.floating]
    labels: SampleLabels
    by_donor: Sequence[DonorR]

    def drawing(self, *, color: Color = "donor", facet: Facet | None = None) -> "Scatter":
        """Return a scatter plot of the samples, with a fitted line per donor.

        Parameters
        ----------
        color : "donor" or "structure"
            What the color of a point says; structures have Allen's colors.
        facet : "donor", optional
            Draw a panel per donor.
        """
        from coexpr.output.figures.scatter import Scatter

        if color not in get_args(Color):
            raise OptionError(f"`color` {color!r}: expected donor or structure.")
        if facet not in (None, *get_args(Facet)):
            raise OptionError(f"`facet` {facet!r}: expected donor.")
        provenance = self.provenance
        r = "r undefined" if provenance.r is None else f"r = {provenance.r:.3f}"
        adjust = provenance.method.adjust
        adjusted = f", adjusted for {adjust} (the points are not)" if adjust else ""
        return Scatter(
            self.x,
            self.y,
            _names(provenance),
            self.labels.donors[1],
            self.by_donor,
            f"{r}, n = {provenance.data.n_samples:,}{adjusted}",
            self.labels.top_level if color == "structure" else None,
            by_facet=facet is not None,
            with_lines=adjust is None,
        )

    def sheets(self) -> list[Sheet]:
        """Return a sheet with r next to a formula that computes it, and a sheet of the samples.

        The formula computes Pearson's r; with another method, that r has a column too.
        """
        donors, members = self.labels.donors
        parts = {"all": slice(0, len(self.x))}
        parts |= {donor: _range_of(members, place) for place, donor in enumerate(donors)}
        r_of = {"all": self.provenance.r} | {of_donor.donor: of_donor.r for of_donor in self.by_donor}
        is_pearson = self.provenance.method.name == "pearson" and self.provenance.method.adjust is None
        rows = []
        for row, (name, part) in enumerate(parts.items(), start=2):
            r, n = (column[0] for column in correlate_seed(self.x[part], self.y[part][None]))
            first, last = part.start + 2, part.stop + 1
            formula = f'=IFERROR(CORREL(samples!F{first}:F{last},samples!G{first}:G{last}),"")'
            difference = f'=IF(OR(C{row}="",D{row}=""),"",C{row}-D{row})'
            cells = [name, int(n), number_or_none(r), Formula(formula), Formula(difference)]
            rows.append(cells if is_pearson else [*cells, r_of.get(name)])
        columns = ["donor", "samples", "r_coexpr", "r_spreadsheet", "difference"]
        formats = {name: "0.000000000" for name in ("r_coexpr", "r_spreadsheet")} | {"difference": "0.0E+00"}
        if not is_pearson:
            columns.append(f"r_{self.provenance.method.description}")
        both = zip(self.x.tolist(), self.y.tolist(), strict=True)  # exactly as they are stored
        samples = [(*_labels_of(labels), *values) for labels, values in zip(self.labels.rows, both, strict=True)]
        return [
            Sheet("r", columns, rows, formats),
            Sheet("samples", self.columns, samples, {name: _LOG2 for name in self.columns[len(_LABELS) :]}),
        ]


def pair_samples(
    provenance: "PairProvenance",
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    labels: SampleLabels,
    donors: Sequence[tuple[str, float | None, int]],
) -> PairSamples:
    """Return both profiles of a pair, sample by sample."""

    def rows() -> list[tuple[Any, ...]]:
        values = zip(labels.rows, shortest(x), shortest(y), strict=True)
        return [(*_labels_of(of_sample), a, b) for of_sample, a, b in values]

    columns = [*_LABELS, *_names(provenance)]
    return PairSamples(columns, LazyRows(len(x), rows), provenance, x, y, labels, [DonorR(*donor) for donor in donors])


def _labels_of(labels: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(labels[place] for place in _LABELS.values())


def _names(provenance: "PairProvenance") -> tuple[str, str]:
    """Return the names of both profiles, made different: "NTRK2, A_23_P216779" for the probe of a gene."""
    a, b = (
        profile if profile.split(",")[0] == name else f"{name}, {profile}"
        for name, profile in zip(provenance.names, provenance.profiles, strict=True)
    )
    return (a, b) if a != b else (f"{a} (1)", f"{b} (2)")


def _range_of(members: NDArray[np.intp], place: int) -> slice:
    """Return the samples of a donor, which are neighbors."""
    of_donor = np.flatnonzero(members == place)
    return slice(int(of_donor[0]), int(of_donor[-1]) + 1)
