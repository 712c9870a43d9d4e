"""Surrogates of a profile that keep its spatial autocorrelation: Moran spectral randomisation.

Wagner and Dray 2015, doi 10.1111/2041-210X.12407. Two samples have a weight, which is larger the nearer they are. The
eigenvectors of the centred matrix of weights are maps, from smooth to rough, and a profile is a sum of them. A
surrogate has the same size of every component and random signs. So it keeps mean, variance and Moran's I, and with them
how much of the profile varies smoothly; where it is high and low is random.

The test with such surrogates is exact if the components of profiles are uncorrelated, that is, if the weights are the
covariance of the profiles. 1 / distance is far from it where expression is smooth over several centimetres. The
measured weights are the covariance of the genes themselves, as a function of distance, within and between groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# Distances below this, in mm, count as this: samples are pieces of tissue of a few mm, and some coordinates are equal.
DISTANCE_FLOOR = 3.0
# Each class of distances is wider than the one before by this factor.
_CLASS_GROWTH = 1.15
# Classes with fewer pairs of samples are part of the next one.
_FEWEST_PAIRS = 50
# Rounds in which the weights are corrected for the means of groups; more change nothing.
_ROUNDS = 8
# Surrogates that are made at a time: 15 MB in single precision for all samples of the atlas.
_SURROGATES = 1000


@dataclass(frozen=True)
class SpatialBasis:
    """Moran's eigenvector maps.

    Parameters
    ----------
    vectors : (S, K) float64
        Orthonormal, each with mean 0 within every group.
    eigenvalues : (K,) float64
        Ascending; Moran's I of each vector, up to a factor.
    """

    vectors: Matrix
    eigenvalues: NDArray[np.float64]


def distances_between(coordinates: Matrix) -> Matrix:
    """Return the distance of each pair of samples (S, S), given coordinates (S, 3) in mm."""
    squares = np.einsum("ij,ij->i", coordinates, coordinates)
    distances = squares[:, None] + squares - 2 * (coordinates @ coordinates.T)
    result: Matrix = np.sqrt(np.maximum(distances, 0, out=distances), out=distances)
    np.fill_diagonal(result, 0)
    return result


def inverse_distance_weights(distances: Matrix, floor: float = DISTANCE_FLOOR) -> Matrix:
    """Return 1 / distance of each pair of samples (S, S), with a zero diagonal; shorter distances count as `floor`."""
    weights: Matrix = 1 / np.maximum(distances, floor)
    np.fill_diagonal(weights, 0)
    return weights


def measured_weights(
    products: Matrix, distances: Matrix, groups: NDArray[np.integer], centred: NDArray[np.integer]
) -> Matrix:
    """Return the covariance of expression as a function of distance, within and between groups, with a zero diagonal.

    Parameters
    ----------
    products : (S, S) float64
        Products of the samples, summed over genes with centred profiles: their covariance, up to a factor.
    distances : (S, S) float64
        In mm.
    groups : (S,) int
        The donor of each sample: pairs of one donor and pairs of two have a function each.
    centred : (S,) int
        The groups whose means were removed from the profiles.

    Returns
    -------
    (S, S) float64
        Functions that are linear between classes of distances. Removing means of groups lowers and distorts
        covariances; the functions are those that give `products` after the same centring (least squares, by rounds).
    """
    pairs = _Pairs(distances, groups)
    weights = pairs.smooth(products)
    for _ in range(_ROUNDS):
        removed = weights - centre(weights, centred)
        weights = pairs.smooth(np.add(products, removed, out=removed))
    np.fill_diagonal(weights, 0)
    return weights


def centre(matrix: Matrix, groups: NDArray[np.integer]) -> Matrix:
    """Return a symmetric matrix (S, S) whose rows and columns have mean 0 within every group."""
    indicators = _indicators(groups)
    rows = matrix - indicators @ (indicators.T @ matrix)
    return np.asarray(rows - (rows @ indicators) @ indicators.T)


def spatial_basis(weights: Matrix, groups: NDArray[np.integer]) -> SpatialBasis:
    """Return the eigenvectors of a matrix of weights after centring within groups.

    Parameters
    ----------
    weights : (S, S) float64
        Symmetric.
    groups : (S,) int
        Samples whose means are removed: the donors, or equal numbers for one group of all samples.

    Returns
    -------
    SpatialBasis
        K is the number of samples minus the number of groups: the indicators of groups are left out.
    """
    centred = centre(weights, groups)
    indicators = _indicators(groups)
    # A shift beyond all eigenvalues separates the indicators from vectors with eigenvalues near 0.
    shift = 2 * float(np.abs(centred).sum(axis=1).max(initial=0)) + 1
    centred -= shift * (indicators @ indicators.T)
    eigenvalues, vectors = np.linalg.eigh((centred + centred.T) / 2)
    left_out = indicators.shape[1]
    return SpatialBasis(np.ascontiguousarray(vectors[:, left_out:]), eigenvalues[left_out:])


def surrogates_of(
    profile: NDArray[np.float64],
    basis: SpatialBasis,
    count: int,
    random: np.random.Generator,
    dtype: type[np.floating] = np.float64,
) -> Iterator[NDArray[np.floating]]:
    """Yield surrogates of a profile in blocks (b, S), together `count`.

    Parameters
    ----------
    profile : (S,) float64
        With mean 0 within the groups of the basis.
    basis : SpatialBasis
    count : int
    random : Generator
        The source of the signs.
    dtype : float32 or float64
        Of the surrogates, and of the product that makes them.
    """
    maps = np.ascontiguousarray((basis.vectors * (profile @ basis.vectors)).T, dtype=dtype)
    for start in range(0, count, _SURROGATES):
        yield _random_signs(random, min(_SURROGATES, count - start), len(maps)).astype(dtype, copy=False) @ maps


def morans_i(profiles: NDArray[np.float64], weights: Matrix) -> NDArray[np.float64]:
    """Return Moran's I of profiles (..., S) of mean 0, given the weights of all pairs (S, S)."""
    products = np.einsum("...i,...i->...", profiles @ weights, profiles)
    squares = np.einsum("...i,...i->...", profiles, profiles)
    result: NDArray[np.float64] = products / squares * (len(weights) / weights.sum())
    return result


class _Pairs:
    """The pairs of samples, in classes of distance within and between groups.

    Parameters
    ----------
    distances : (S, S) float64
    groups : (S,) int
    """

    def __init__(self, distances: Matrix, groups: NDArray[np.integer]) -> None:
        edges = [DISTANCE_FLOOR]
        while edges[-1] < distances.max(initial=0):
            edges.append(edges[-1] * _CLASS_GROWTH)
        self._distances = distances
        self._classes = np.digitize(distances, edges).astype(np.int8)
        self._is_within = groups[:, None] == groups
        self._is_other = ~np.eye(len(groups), dtype=np.bool_)

    def smooth(self, values: Matrix) -> Matrix:
        """Return values (S, S) as a function of distance: linear between the means of classes."""
        smoothed = np.zeros_like(values)
        for kind in (self._is_within, ~self._is_within):
            pairs = kind & self._is_other
            classes = self._classes[pairs]
            sums = np.stack(
                [
                    np.bincount(classes).astype(np.float64),
                    np.bincount(classes, weights=self._distances[pairs]),
                    np.bincount(classes, weights=values[pairs]),
                ],
                axis=1,
            )
            if (knots := _knots(sums)) is not None:
                smoothed[kind] = np.interp(self._distances[kind], *knots)
        return smoothed


def _knots(sums: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the mean distance and value of classes; one with few pairs is part of the next one.

    Parameters
    ----------
    sums : (N, 3) float64
        Of each class, nearest first: the number of pairs, and the sums of their distances and values.
    """
    knots: list[NDArray[np.float64]] = []
    current = np.zeros(3)
    for of_class in sums:
        current = current + of_class
        if current[0] >= _FEWEST_PAIRS:
            knots.append(current)
            current = np.zeros(3)
    if current[0]:
        knots.append(current)
    if not knots:
        return None
    n, distances, values = np.array(knots).T
    return distances / n, values / n


def _indicators(groups: NDArray[np.integer]) -> Matrix:
    """Return a vector of unit length for each group (S, groups), constant in it and 0 elsewhere."""
    codes = np.unique(groups, return_inverse=True)[1].ravel()
    indicators = np.zeros((len(codes), int(codes.max(initial=-1)) + 1))
    indicators[np.arange(len(codes)), codes] = 1 / np.sqrt(np.bincount(codes))[codes]
    return indicators


def _random_signs(random: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """Return a matrix of 1 and -1."""
    width = -(-columns // 8)
    bits = np.frombuffer(random.bytes(rows * width), dtype=np.uint8).reshape(rows, width)
    signs = np.unpackbits(bits, axis=1, count=columns).astype(np.float32)
    signs *= 2
    signs -= 1
    return signs
