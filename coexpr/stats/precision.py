"""Differences that are only rounding error, given the precision of stored values.

Values of downloads, which have four decimals, are stored as float32 with an error of up to half the spacing of float32
at their magnitude. Averages and residuals that should be equal differ by as much. Such differences are not signal and
must be neither ranked nor standardised.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Largest relative error of a value rounded to float32, the type in which expression is stored.
OF_STORED_VALUES = 2.0**-24
# The same for float64.
OF_FLOAT64 = 2.0**-53


def relative_error(x: NDArray[np.floating]) -> float:
    """Return the largest relative error of the values of an array, given its type."""
    return OF_STORED_VALUES if x.dtype == np.float32 else OF_FLOAT64


def in_double(x: NDArray[np.floating]) -> Array:
    """Return rows (..., S) as float64 whose squares neither overflow nor vanish.

    Squares of float32 do neither. Rows of other types are multiplied by a power of two, which changes no digit, so that
    the largest magnitude of each is near 1.
    """
    if x.dtype == np.float32:
        return x.astype(np.float64)
    largest = np.nanmax(np.abs(x), axis=-1, initial=0, keepdims=True)
    return np.asarray(np.ldexp(x, -np.frexp(largest)[1]), dtype=np.float64)


def resolution(error: float, width: int) -> float:
    """Return the largest error of a mean or fit over `width` values, relative to the length of their vector.

    It is the sum of the error of the values and that of arithmetic in double precision, which grows with the number of
    terms.
    """
    return error + width * OF_FLOAT64


def is_rounding(squares: Array, size: Array, error: float, width: int) -> NDArray[np.bool_]:
    """Return for each row whether its deviations may be only rounding error.

    Parameters
    ----------
    squares : (P,) float64
        Sums of squared deviations of values from a mean or a fit.
    size : (P,) float64
        Sums of the squared values themselves.
    error : float
        Largest relative error of a value. Subtracting a mean or a fit is a projection, which does not lengthen the
        vector of errors, so deviations that are only rounding error are at most as long as that vector.
    width : int
        Number of values in a row.
    """
    rounding: NDArray[np.bool_] = squares <= (1.01 * resolution(error, width)) ** 2 * size
    return rounding


def merge_close(values: Array, tolerance: Array) -> Array:
    """Return rows in which values that differ by no more than rounding error are replaced by their mean.

    Parameters
    ----------
    values : (P, S) float64
        NaN where missing.
    tolerance : (P,) float64
        Values that are adjacent in the sorted row and differ by no more belong to the same run, which is averaged.
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
