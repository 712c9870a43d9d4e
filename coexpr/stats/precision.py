"""numpy only: what the precision of stored values resolves.

Values that a download gives with four decimals are stored as float32, each off by up to half the spacing of float32 at
its magnitude. Averages and residuals of such values differ by that much where they should be equal. Such differences
are rounding, not signal: they must neither be ranked nor standardised.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Largest relative error of a value that was rounded to float32, which is how expression is stored.
OF_STORED_VALUES = 2.0**-24
# The same for float64.
OF_FLOAT64 = 2.0**-53


def relative_error(x: NDArray[np.floating]) -> float:
    """Return the largest relative error of the values of an array, by its type."""
    return OF_STORED_VALUES if x.dtype == np.float32 else OF_FLOAT64


def resolution(error: float, width: int) -> float:
    """Return how far a mean or fit over `width` values may be off, as a share of their length.

    The error of the values, and that of arithmetic in double precision, which grows with the number of terms.
    """
    return error + width * OF_FLOAT64


def is_rounding(squares: Array, size: Array, error: float, width: int) -> NDArray[np.bool_]:
    """Say of each row whether its deviations can be nothing but rounding.

    Parameters
    ----------
    squares : (P,) float64
        Sums of squared deviations, of values from a mean or from a fit.
    size : (P,) float64
        Sums of the squared values themselves.
    error : float
        Largest relative error of a value. Taking off a mean or a fit is a projection, which makes no vector of errors
        longer, so the deviations that rounding leaves have at most the length of the errors.
    width : int
        Values in a row.
    """
    rounding: NDArray[np.bool_] = squares <= (1.01 * resolution(error, width)) ** 2 * size
    return rounding


def merge_close(values: Array, tolerance: Array) -> Array:
    """Return rows in which values that differ by less than rounding are equal: each run of them becomes its mean.

    Parameters
    ----------
    values : (P, S) float64
        NaN where missing.
    tolerance : (P,) float64
        Neighbours in the order of a row that differ by no more are in one run.
    """
    order = np.argsort(values, axis=1)  # NaN comes last
    ordered = np.take_along_axis(values, order, axis=1)
    starts = np.ones(values.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        starts[:, 1:] = ~(ordered[:, 1:] - ordered[:, :-1] <= tolerance[:, None])
    first = np.flatnonzero(starts)
    lengths = np.diff(np.append(first, values.size))
    if not len(first) or len(first) == values.size:
        return values
    flat = ordered.reshape(-1)
    means = np.where(lengths > 1, np.add.reduceat(flat, first) / lengths, flat[first])
    merged = np.empty_like(values)
    np.put_along_axis(merged, order, np.repeat(means, lengths).reshape(values.shape), axis=1)
    return merged
