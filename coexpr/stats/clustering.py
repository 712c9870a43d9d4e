"""Hierarchical clustering of a matrix of r."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# The order of leaves with the least distance between neighbors takes time that grows with the cube of their number.
_MOST_FOR_OPTIMAL = 500


class Clusters(NamedTuple):
    """A hierarchical clustering.

    Parameters
    ----------
    tree : (M, 4) float
        Linkage in the form of scipy; its leaves are the clustered rows, ascending. Empty for fewer than two rows.
    order : (N,) intp
        The clustered rows in the order of the leaves, then the rows without r.
    """

    tree: NDArray[np.float64]
    order: NDArray[np.intp]


def cluster(r: NDArray[np.float64]) -> Clusters:
    """Cluster rows by average linkage with the distance 1 - r.

    Parameters
    ----------
    r : (N, N) float
        Symmetric; a row whose r with itself is NaN is not clustered. Any other NaN counts as r = 0.

    Returns
    -------
    Clusters

    Examples
    --------
    >>> import numpy as np
    >>> cluster(np.array([[1, 0.1, 0.9], [0.1, 1, 0.2], [0.9, 0.2, 1]])).order.tolist()
    [1, 0, 2]
    """
    has_r = ~np.isnan(np.diagonal(r))
    rows = np.flatnonzero(has_r)
    if len(rows) < 2:
        return Clusters(np.empty((0, 4)), np.concatenate([rows, np.flatnonzero(~has_r)]))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = np.clip(1 - np.nan_to_num(r[np.ix_(rows, rows)]), 0, 2)
    np.fill_diagonal(distance, 0)
    condensed = squareform(distance, checks=False)
    tree = linkage(condensed, "average", optimal_ordering=len(rows) <= _MOST_FOR_OPTIMAL)
    return Clusters(tree, np.concatenate([rows[leaves_list(tree)], np.flatnonzero(~has_r)]))
