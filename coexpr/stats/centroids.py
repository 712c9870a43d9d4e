"""Mean r of sets of genes, from one vector per set: its centroid.

r of two genes is the product of their unit rows (`coexpr.stats.measures.unit_rows`). The mean of the unit rows of a set
is its centroid, and the mean r of any profile with the set is the product of its unit row with the centroid. So mean r
with thousands of sets is one product of a matrix, for a seed as for any number of surrogates.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Samples that are summed at a time: 65 MB in double precision for all genes of the atlas.
_COLUMNS = 512


@dataclass(frozen=True)
class Sets:
    """Sets of rows of a matrix.

    Parameters
    ----------
    starts : (C + 1,) intp
        Where the members of each set begin in `members`, and the length of `members`.
    members : (M,) intp
        Rows of the matrix, each at most once per set.
    """

    starts: NDArray[np.intp]
    members: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> NDArray[np.intp]:
        return self.members[self.starts[number] : self.starts[number + 1]]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """The number of members of each set, (C,)."""
        return np.diff(self.starts)

    @property
    def owners(self) -> NDArray[np.intp]:
        """The set of each entry of `members`, (M,)."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def take(self, numbers: NDArray[np.intp]) -> "Sets":
        """Return some of the sets, in the order of `numbers`."""
        parts = [self[number] for number in numbers.tolist()]
        starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.intp)
        return Sets(starts, np.concatenate([np.empty(0, dtype=np.intp), *parts]))

    def without(self, rows: NDArray[np.intp]) -> "Sets":
        """Return the sets without some rows."""
        kept = ~np.isin(self.members, rows)
        sizes = np.bincount(self.owners[kept], minlength=len(self))
        return Sets(np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp), self.members[kept])

    def means(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the mean of some values (P,) over the members of each set, (C,); NaN for an empty set."""
        sums = np.bincount(self.owners, weights=values[self.members], minlength=len(self))
        with np.errstate(invalid="ignore"):
            return np.asarray(sums / self.sizes)


def centroids_of(unit: NDArray[np.floating], sets: Sets, workers: int = 1) -> NDArray[np.float64]:
    """Return the mean of the unit rows (P, S) of each set, (C, S), summed in double precision.

    Parameters
    ----------
    unit : (P, S) float
        Rows of unit length whose products are r.
    sets : Sets
        None is empty.
    workers : int
        Number of threads.
    """
    from scipy.sparse import csr_array

    shares = csr_array((np.repeat(1 / sets.sizes, sets.sizes), sets.members, sets.starts), shape=(len(sets), len(unit)))
    centroids = np.empty((len(sets), unit.shape[1]))

    def fill(start: int) -> None:
        columns = slice(start, start + _COLUMNS)
        centroids[:, columns] = shares @ unit[:, columns].astype(np.float64)

    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(fill, range(0, unit.shape[1], _COLUMNS)))
    return centroids


def mean_r_with(centroids: NDArray[np.floating], profiles: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the mean r of unit profiles (..., S) with each set, (C, ...), the profile itself included if a member."""
    result: NDArray[np.floating] = centroids @ profiles.T
    return result


def without_itself(mean_r: NDArray[np.floating], sizes: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the mean r of a member with the other members of its set, from that with all: (m s - 1) / (m - 1)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((sizes * mean_r - 1) / (sizes - 1), dtype=np.float64)


def without_members(
    centroids: NDArray[np.floating], sizes: NDArray[np.integer], sums: NDArray[np.floating], counts: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return centroids (C, S) of sets of m genes without some members, given the sums (C, S) and counts (C,) of these.

    A set of which nothing is left has a centroid of NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((sizes[:, None] * centroids - sums) / (sizes - counts)[:, None], dtype=np.float64)


def mean_r_within(centroids: NDArray[np.floating], sizes: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the mean r of all pairs within each set: (|m c|^2 - m) / (m (m - 1)); NaN for a set of one gene."""
    squares = np.einsum("ij,ij->i", centroids, centroids, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((sizes * squares - 1) / (sizes - 1))


def mean_r_between(
    a: NDArray[np.floating], size_of_a: int, b: NDArray[np.floating], size_of_b: int, shared: int
) -> float:
    """Return the mean r of the pairs of a gene of one set and another gene of a second set.

    Parameters
    ----------
    a, b : (S,) float
        Centroids.
    size_of_a, size_of_b, shared : int
        Numbers of genes of each set, and of both; the r of a gene with itself does not count.
    """
    pairs = size_of_a * size_of_b
    return float((pairs * (a @ b) - shared) / (pairs - shared)) if pairs > shared else float("nan")
