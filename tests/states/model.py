"""What a database must contain after some downloads: a model of arrays, without SQL and without the code of coexpr."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from helpers.allen import PROBES, WELLS, donor_folder, full_donor, heatmap, values, write_folder, write_zip

NAMES = [name for _, name, *_ in PROBES]
_GENES: list[list[int]] = [[0, 1], [2]]
SYMBOLS = ("NTRK2", "BDNF")


@dataclass(frozen=True)
class Pool:
    """Downloads that overlap: two donors, and parts of both as heatmaps with four decimals."""

    folder: Path

    def __post_init__(self) -> None:
        donor_folder(self.folder)
        write_zip(self.folder / "normalized_microarray_donor15496.zip", full_donor(15496))
        write_folder(self.folder / "both", heatmap())
        write_zip(self.folder / "rows.zip", heatmap(probes=(0, 3), donors=(9861,)))
        write_folder(self.folder / "columns", heatmap(columns=(4, 0, 2), donors=(15496,)))

    def paths(self) -> dict[str, Path]:
        return {name: self.folder / name for name in EXPRESSION}


# The probes, donors and columns of each download, and its number of decimals.
EXPRESSION: dict[str, tuple[Sequence[int], Sequence[int], Sequence[int], int]] = {
    "normalized_microarray_donor9861": ((0, 1, 2, 3), (9861,), range(6), 11),
    "normalized_microarray_donor15496.zip": ((0, 1, 2, 3), (15496,), range(6), 11),
    "both": ((0, 1, 2, 3), (9861, 15496), range(6), 4),
    "rows.zip": ((0, 3), (9861,), range(6), 4),
    "columns": ((0, 1, 2, 3), (15496,), (0, 2, 4), 4),
}


@dataclass
class Model:
    """The downloads and categories of a database.

    Parameters
    ----------
    loaded : list of str
        Downloads, in the order of loading.
    categories : mapping of str to sequence of str
        The symbols of the genes of each added category.
    """

    loaded: list[str] = field(default_factory=list)
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def expression(self) -> np.ndarray:
        """Return the four probes in the samples that were loaded, donor by donor; NaN where missing."""
        donors = {donor: np.full((len(PROBES), len(wells)), np.nan) for donor, wells in WELLS.items()}
        decimals = {donor: np.zeros((len(PROBES), len(wells))) for donor, wells in WELLS.items()}
        sampled = {donor: np.zeros(len(wells), dtype=bool) for donor, wells in WELLS.items()}
        for name in self.loaded:
            probes, of_donors, columns, digits = EXPRESSION[name]
            where = np.ix_(probes, columns)
            for donor in of_donors:
                sampled[donor][list(columns)] = True
                better = digits > decimals[donor][where]
                copy = np.round(values(donor)[where], digits).astype(np.float32)
                donors[donor][where] = np.where(better, copy, donors[donor][where])
                decimals[donor][where] = np.maximum(digits, decimals[donor][where])
        return np.concatenate([donors[donor][:, sampled[donor]] for donor in sorted(donors)], axis=1)

    def r(self, a: int, b: int) -> tuple[float, int]:
        """Return r of two probes over the samples where both have a value, and their number."""
        x, y = self.expression()[[a, b]]
        both = ~np.isnan(x) & ~np.isnan(y)
        with np.errstate(all="ignore"):
            return (float(np.corrcoef(x[both], y[both])[0, 1]) if both.sum() > 1 else np.nan), int(both.sum())

    def probes_with_expression(self) -> list[int]:
        """Return the probes that have a value."""
        expression = self.expression()
        return [probe for probe in range(len(PROBES)) if not np.isnan(expression[probe]).all()]

    def representative(self, symbol: str) -> int | None:
        """Return the probe of a gene with the highest mean; None without expression."""
        known = [probe for probe in _GENES[SYMBOLS.index(symbol)] if probe in self.probes_with_expression()]
        return max(known, key=lambda probe: float(np.nanmean(self.expression()[probe])), default=None)
