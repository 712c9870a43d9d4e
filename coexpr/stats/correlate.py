"""Pearson's r of one profile with many, and of all profiles with each other."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.precision import in_double

# Values per block: 8 MB as float64, so that a block stays in the cache between operations.
_BLOCK_VALUES = 1 << 20

# Relative variance below which deviations may be only the rounding error of the mean.
_ROUNDING = 1e-28
# The same for sums of squares that are computed as a difference of two sums.
_ROUNDING_OF_DIFFERENCES = 1e-4
# Products of sums of squares below this have lost digits.
_VANISHING = 1e-280


class RowReader(Protocol):
    """Profiles (P, S) that are read on demand: indexing by rows returns them as an array."""

    shape: tuple[int, int]

    def __len__(self) -> int: ...
    def __getitem__(self, rows: int | slice | NDArray[np.intp]) -> NDArray[np.floating]: ...


Rows = NDArray[np.floating] | RowReader


def correlate_seed(seed: NDArray[np.floating], profiles: Rows) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return Pearson's r of one profile with each of many, pairwise complete.

    Parameters
    ----------
    seed : (S,) float32 or float64
        A profile: log2 intensity over S samples, NaN where missing.
    profiles : (P, S) float32 or float64
        Profiles over the same samples. They are read block by block and never copied as a whole.

    Returns
    -------
    r : (P,) float64
        Sum of (x - mean x)(y - mean y) divided by the root of the product of the two sums of squares, in double
        precision; means and sums are over the samples in which both profiles have values. NaN if fewer than two
        samples are shared or either profile is constant over them.
    n : (P,) int32
        Number of samples shared with each profile.

    Raises
    ------
    ValueError
        If the seed and the profiles differ in their number of samples.
    """
    n_profiles, n_samples = profiles.shape
    if seed.shape != (n_samples,):
        raise ValueError(f"the seed has shape {seed.shape}; expected ({n_samples},), a row of the profiles")
    observed = ~np.isnan(seed)
    samples = slice(None) if observed.all() else np.flatnonzero(observed)
    x = in_double(seed[samples])
    r = np.full(n_profiles, np.nan)
    n = np.full(n_profiles, len(x), dtype=np.int32)
    step = max(1, _BLOCK_VALUES // max(1, n_samples))
    for start in range(0, n_profiles, step):
        rows = slice(start, start + step)
        # C order, so that the order of summation within a row does not depend on the other rows.
        y = np.ascontiguousarray(in_double(profiles[rows][:, samples]))
        shared = ~np.isnan(y)
        complete = shared.all(axis=1)
        if complete.all():
            r[rows] = _complete(x, y)
        else:
            r[rows][complete] = _complete(x, y[complete])
            r[rows][~complete], n[rows][~complete] = _pairwise_complete(x, y[~complete], shared[~complete])
    return r, n


def correlate_all(profiles: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return Pearson's r of every profile with every other, pairwise complete.

    Parameters
    ----------
    profiles : (..., P, S) float32 or float64
        Profiles over the same samples, NaN where missing, or a stack of such matrices. They are copied once in
        double precision, and three more times if values are missing.

    Returns
    -------
    r : (..., P, P) float64
        Symmetric, with 1 on the diagonal; NaN, also on the diagonal, if fewer than two samples are shared or either
        profile is constant over them.
    n : (..., P, P) int32
        Number of samples shared by each pair.
    """
    x = in_double(profiles)
    if not np.isnan(x.sum()):
        first = x[..., 0].copy()
        means = x.mean(axis=-1)
        x -= means[..., None]
        squares = np.einsum("...ij,...ij->...i", x, x)
        # Only these rows can be constant. Their remaining deviations are rounding errors.
        suspect = squares <= _ROUNDING * x.shape[-1] * means**2
        squares[suspect] = np.where((profiles[suspect] == first[suspect, None]).all(axis=-1), np.nan, squares[suspect])
        with np.errstate(invalid="ignore", divide="ignore"):
            x /= np.sqrt(squares)[..., None]
        r = x @ x.swapaxes(-1, -2)
        n = np.full(r.shape, x.shape[-1], dtype=np.int32)
    else:
        r, n = _all_pairwise_complete(x, ~np.isnan(x))
    np.clip(r, -1, 1, out=r)
    diagonal = np.einsum("...ii->...i", r)
    diagonal[~np.isnan(diagonal)] = 1
    return r, n


def _all_pairwise_complete(
    x: NDArray[np.float64], observed: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return r and n of every pair of rows of x (..., P, S) over the samples in which both have values."""
    if x.ndim > 2:
        pairs = [_all_pairwise_complete(matrix, mask) for matrix, mask in zip(x, observed, strict=True)]
        r, n = (np.stack(parts) for parts in zip(*pairs, strict=True))
        return r, n
    counts = np.maximum(observed.sum(axis=1, keepdims=True), 1)
    dx = np.where(observed, x - np.sum(x, axis=1, keepdims=True, where=observed) / counts, 0)
    squared = dx**2
    mask = observed.astype(np.float64)
    r = np.empty((len(x), len(x)))
    n = np.empty((len(x), len(x)), dtype=np.int32)
    step = max(1, _BLOCK_VALUES // max(1, len(x)))
    for start in range(0, len(x), step):
        rows, others = slice(start, start + step), slice(start, None)
        shared = mask[rows] @ mask[others].T
        # Means over shared samples differ from those of whole rows. The sums of the deviations correct for that.
        sums, sums_of_other = dx[rows] @ mask[others].T, mask[rows] @ dx[others].T
        raw, raw_of_other = squared[rows] @ mask[others].T, mask[rows] @ squared[others].T
        divisor = np.maximum(shared, 1)
        squares, squares_of_other = raw - sums**2 / divisor, raw_of_other - sums_of_other**2 / divisor
        with np.errstate(divide="ignore", invalid="ignore"):
            block = (dx[rows] @ dx[others].T - sums * sums_of_other / divisor) / np.sqrt(squares * squares_of_other)
        suspect = (squares <= _ROUNDING_OF_DIFFERENCES * raw) | (
            squares_of_other <= _ROUNDING_OF_DIFFERENCES * raw_of_other
        )
        for row, other in np.argwhere(suspect & (shared >= 2)):
            one, another = x[start + row], x[start + other]
            both = observed[start + row] & observed[start + other]
            block[row, other] = _complete(in_double(one[both]), in_double(another[None, both]))[0]
        block[shared < 2] = np.nan
        square = block[:, : len(block)]  # both directions of the same pairs, whose products may differ by rounding
        lower = np.tril_indices(len(block), -1)
        square[lower] = square.T[lower]
        r[rows, others], r[others, rows] = block, block.T
        n[rows, others], n[others, rows] = shared, shared.T
    return r, n


def _complete(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return r of x (S,) with each row of y (b, S), both without NaN."""
    if len(x) < 2 or (x == x[0]).all():
        return np.full(len(y), np.nan)
    dx = x - x.mean()
    means = y.mean(axis=1)
    dy = y - means[:, None]
    squares = np.einsum("ij,ij->i", dy, dy)
    suspect = np.flatnonzero(squares <= _ROUNDING * len(x) * means**2)
    squares[suspect[(y[suspect] == y[suspect, :1]).all(axis=1)]] = np.nan
    # einsum sums every row in the same order, a BLAS product does not: equal profiles must get equal r, whatever the
    # processor and the number of threads, and r of a profile with an equal one must be 1.
    own = np.einsum("ij,ij->i", dx[None], dx[None])
    products = np.einsum("ij,j->i", dy, dx)
    r: NDArray[np.float64] = np.clip(products / np.sqrt(squares * own), -1, 1)
    return r


def _pairwise_complete(
    x: NDArray[np.float64], y: NDArray[np.float64], shared: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return r and n of x (S,) with each row of y (b, S) over the samples that are shared (b, S)."""
    n = shared.sum(axis=1, dtype=np.int32)
    divisor = np.maximum(n, 1)
    x = np.broadcast_to(x, y.shape)
    dx = np.where(shared, x - (np.sum(x, axis=1, where=shared) / divisor)[:, None], 0)
    dy = np.where(shared, y - (np.sum(y, axis=1, where=shared) / divisor)[:, None], 0)
    squares = np.einsum("ij,ij->i", dx, dx) * np.einsum("ij,ij->i", dy, dy)
    without_r = (n < 2) | _is_constant(x, shared) | _is_constant(y, shared)
    vanished = np.flatnonzero((squares < _VANISHING) & ~without_r)
    squares[without_r] = np.nan
    squares[vanished] = 1
    r: NDArray[np.float64] = np.clip(np.einsum("ij,ij->i", dx, dy) / np.sqrt(squares), -1, 1)
    for row in vanished.tolist():  # much larger values are among those that are not shared
        some = shared[row]
        r[row] = _complete(in_double(x[row, some]), in_double(y[row : row + 1, some]))[0]
    return r, n


def _is_constant(values: NDArray[np.float64], shared: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each row whether its shared values are all equal."""
    low = np.min(values, axis=1, where=shared, initial=np.inf)
    high = np.max(values, axis=1, where=shared, initial=-np.inf)
    constant: NDArray[np.bool_] = low >= high
    return constant
