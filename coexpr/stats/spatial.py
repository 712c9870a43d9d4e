"""Surrogates of a profile that keep its spatial autocorrelation: Moran spectral randomisation.

Wagner and Dray 2015, doi 10.1111/2041-210X.12407. Two samples have a weight, which is larger the nearer they are. The
eigenvectors of the centred matrix of weights are maps, from smooth to rough, and a profile is a sum of them. A
surrogate has the same size of every component and random signs. So it keeps mean, variance and Moran's I, and with them
how much of the profile varies smoothly; where it is high and low is random.

The test with such surrogates is exact if the components of profiles are uncorrelated, that is, if the weights are the
covariance of the profiles. 1 / distance is far from it: expression is smooth over several centimetres, and it changes
at the borders of structures. The measured weights are the covariance of the genes themselves: of every two regions, and
as a function of distance, within and between donors and structures.
"""

from collections.abc import Callable, Iterator
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
# Rounds in which weights are fitted; more change nothing.
_ROUNDS = 8
# Surrogates that are made at a time: 15 MB in single precision for all samples of the atlas.
_SURROGATES = 1000


@dataclass(frozen=True)
class Places:
    """Where samples are from.

    Parameters
    ----------
    coordinates : (S, 3) float64
        In mm, in one space that all donors share.
    donors : (S,) int
    structures, regions : (S,) int
        The structure of each sample, and the large structure that it is in.
    """

    coordinates: Matrix
    donors: NDArray[np.integer]
    structures: NDArray[np.integer]
    regions: NDArray[np.integer]


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

    def over(self, samples: NDArray[np.intp], groups: NDArray[np.integer]) -> "SpatialBasis":
        """Return the basis over some of the samples, whose groups (S,) are parts of groups of this one.

        Centring what was centred in larger groups is the same as centring the weights themselves.
        """
        vectors = self.vectors[samples]
        return spatial_basis((vectors * self.eigenvalues) @ vectors.T, groups)


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


def measured_weights(products: Matrix, places: Places, centred: NDArray[np.integer]) -> Matrix:
    """Return the covariance of expression between places, with a zero diagonal.

    Parameters
    ----------
    products : (S, S) float64
        Products of the samples, summed over genes with centred profiles: their covariance, up to a factor.
    places : Places
    centred : (S,) int
        The groups whose means were removed from the profiles.

    Returns
    -------
    (S, S) float64
        The sum of a number for every two regions, and of a function of distance, which is linear between classes of
        distances; there is one function each for pairs within and between donors and structures. Removing means of
        groups lowers and distorts covariances; the sum is the one that gives `products` after the same centring. It is
        fitted by rounds, part by part, to the rest that the other part leaves (backfitting).
    """
    regions = _Regions(places.regions)
    pairs = _Pairs(places)
    rest, of_regions = products, np.zeros_like(products)
    for _ in range(_ROUNDS):
        by_distance = pairs.smooth(rest - of_regions)
        of_regions = regions.average(rest - by_distance)
        weights = by_distance + of_regions
        rest = products + weights - centre(weights, centred)
    np.fill_diagonal(weights, 0)
    return weights


def centre(matrix: Matrix, groups: NDArray[np.integer]) -> Matrix:
    """Return a symmetric matrix (S, S) whose rows and columns have mean 0 within every group."""
    indicators = _indicators(groups)
    rows = matrix - indicators @ (indicators.T @ matrix)
    return np.asarray(rows - (rows @ indicators) @ indicators.T)


def without_means_of(profile: NDArray[np.float64], groups: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return a profile (S,) minus the mean of each group."""
    codes = np.unique(groups, return_inverse=True)[1].ravel()
    return np.asarray(profile - (np.bincount(codes, weights=profile) / np.bincount(codes))[codes])


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


def squared_sums_of_surrogates(
    profiles: Matrix, basis: SpatialBasis, count: int, random: np.random.Generator, advance: Callable[[float], None]
) -> NDArray[np.float64]:
    """Return the squared length of the sum of surrogates of several profiles, each with signs of its own.

    Parameters
    ----------
    profiles : (m, S) float64
    basis : SpatialBasis
    count : int
        How often.
    random : Generator
    advance : callable
        Called with the number of sums that were made.

    Returns
    -------
    (count,) float64
    """
    components = np.asarray(profiles @ basis.vectors, dtype=np.float32)
    squares = np.empty(count)
    for number in range(count):
        sums = np.einsum("ij,ij->j", components, _random_signs(random, *components.shape), dtype=np.float64)
        squares[number] = sums @ sums
        advance(1)
    return squares


def products_of_surrogates(
    a: NDArray[np.float64], b: NDArray[np.float64], basis: SpatialBasis, count: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return the products of surrogates of one profile (S,) with another (S,), (count,)."""
    products = (a @ basis.vectors) * (b @ basis.vectors)
    return np.concatenate(
        [
            _random_signs(random, min(_SURROGATES, count - start), len(products)).astype(np.float64) @ products
            for start in range(0, count, _SURROGATES)
        ]
    )


def morans_i(profiles: NDArray[np.float64], weights: Matrix) -> NDArray[np.float64]:
    """Return Moran's I of profiles (..., S) of mean 0, given the weights of all pairs (S, S)."""
    products = np.einsum("...i,...i->...", profiles @ weights, profiles)
    squares = np.einsum("...i,...i->...", profiles, profiles)
    result: NDArray[np.float64] = products / squares * (len(weights) / weights.sum())
    return result


class _Regions:
    """The pairs of regions, without the pairs of a sample with itself."""

    def __init__(self, regions: NDArray[np.integer]) -> None:
        codes = np.unique(regions, return_inverse=True)[1].ravel()
        self._members = np.eye(int(codes.max(initial=-1)) + 1)[codes]
        counts = self._members.sum(axis=0)
        self._counts = np.maximum(np.outer(counts, counts) - np.diag(counts), 1)

    def average(self, values: Matrix) -> Matrix:
        """Return values (S, S) averaged over every two regions."""
        sums = self._members.T @ values @ self._members
        sums -= np.diag(self._members.T @ np.diagonal(values))
        return np.asarray(self._members @ (sums / self._counts) @ self._members.T)


class _Pairs:
    """The pairs of samples, in classes of distance within and between donors and structures."""

    def __init__(self, places: Places) -> None:
        self._distances = distances_between(places.coordinates)
        edges = [DISTANCE_FLOOR]
        while edges[-1] < self._distances.max(initial=0):
            edges.append(edges[-1] * _CLASS_GROWTH)
        self._classes = np.digitize(self._distances, edges).astype(np.int8)
        one_donor = places.donors[:, None] == places.donors
        one_structure = places.structures[:, None] == places.structures
        of_donors, of_structures = ((one_donor, ~one_donor), (one_structure, ~one_structure))
        self._kinds = [donors & structures for donors in of_donors for structures in of_structures]
        self._is_other = ~np.eye(len(places.donors), dtype=np.bool_)

    def smooth(self, values: Matrix) -> Matrix:
        """Return values (S, S) as a function of distance: linear between the means of classes."""
        smoothed = np.zeros_like(values)
        for kind in self._kinds:
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
