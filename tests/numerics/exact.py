"""Statistics with 60 digits, by their definitions: what the functions of coexpr.stats are compared with."""

from collections.abc import Sequence

import numpy as np
from mpmath import mp, mpf

mp.dps = 60
Number = mpf
Numbers = list[mpf]
# Digits that this arithmetic may lose where values of very different size are subtracted.
_NOTHING = mpf(10) ** -45


def numbers(values: np.ndarray) -> Numbers:
    return [mpf(float(value)) for value in values]


def mean(values: Sequence[mpf]) -> mpf:
    return mp.fsum(values) / len(values)


def centred(values: Numbers) -> Numbers:
    middle = mean(values)
    return [value - middle for value in values]


def product(x: Numbers, y: Numbers) -> mpf:
    return mp.fsum(a * b for a, b in zip(x, y, strict=True))


def cosine(x: Numbers, y: Numbers) -> float:
    """Return the cosine of two vectors; NaN if one of them is 0."""
    squares = product(x, x) * product(y, y)
    return float(product(x, y) / mp.sqrt(squares)) if squares > 0 else np.nan


def shared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.flatnonzero(~np.isnan(x) & ~np.isnan(y))


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Return r over the samples in which both have values."""
    both = shared(x, y)
    if len(both) < 2 or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return np.nan
    return cosine(centred(numbers(x[both])), centred(numbers(y[both])))


def ranks(values: np.ndarray) -> np.ndarray:
    """Return the number of smaller values plus half of the number of equal ones; differences are those of ranks."""
    return np.array([(values < value).sum() + (values == value).sum() / 2 for value in values])


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    both = shared(x, y)
    return pearson(ranks(x[both]), ranks(y[both]))


def median(values: Numbers) -> mpf:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def biweighted(values: Numbers) -> Numbers:
    """Return the weighted deviations of bicor (Langfelder and Horvath 2012); those from the mean if the MAD is 0."""
    middle = median(values)
    deviations = [value - middle for value in values]
    mad = median([abs(deviation) for deviation in deviations])
    if mad == 0:
        return centred(values)
    weights = [max(1 - (deviation / (9 * mad)) ** 2, mpf(0)) ** 2 for deviation in deviations]
    return [deviation * weight for deviation, weight in zip(deviations, weights, strict=True)]


def bicor(x: np.ndarray, y: np.ndarray) -> float:
    both = shared(x, y)
    if len(both) < 2 or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return np.nan
    return cosine(biweighted(numbers(x[both])), biweighted(numbers(y[both])))


def residuals(values: Numbers, factors: Sequence[np.ndarray]) -> Numbers:
    """Return what is left of values after a fit of factors: the projections on their indicators are subtracted."""
    basis: list[Numbers] = []
    for factor in factors:
        for level in np.unique(factor):
            vector = [mpf(int(code == level)) for code in factor]
            vector = _without(_without(vector, basis), basis)
            length = mp.sqrt(product(vector, vector))
            if length > mpf(10) ** -30:
                basis.append([element / length for element in vector])
    return _without(_without(values, basis), basis)


def _without(vector: Numbers, basis: list[Numbers]) -> Numbers:
    for direction in basis:
        along = product(vector, direction)
        vector = [element - along * other for element, other in zip(vector, direction, strict=True)]
    return vector


def fisher_z(r: float) -> mpf:
    return mp.atanh(mpf(r))


def two_sided_p(t: mpf, df: mpf) -> float:
    """Return p of Student's t."""
    return float(mp.betainc(df / 2, mpf(1) / 2, 0, df / (df + t**2), regularized=True))
