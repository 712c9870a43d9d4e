"""Comparisons of coexpr.stats with 60 digits; each yields the name of a statistic, what was found and what is right."""

from collections.abc import Iterator

import numpy as np
from mpmath import mp, mpf
from numerics import exact
from numerics.profiles import matrix

from coexpr.stats.centroids import mean_r_within
from coexpr.stats.correlate import correlate_all, correlate_seed
from coexpr.stats.gene_sets import camera
from coexpr.stats.gram import moments_of, unit_part
from coexpr.stats.measures import Estimator, degrees_of_freedom, measure_all, measure_seed, measure_seeds, unit_rows
from coexpr.stats.meta_analysis import combine_donors, mean_of_donors, naive_test
from coexpr.stats.rules import build_profiles, score_rows
from coexpr.stats.scan import Scan, is_scannable, scan_rows
from coexpr.stats.several_methods import SeveralMethods
from coexpr.stats.site_scale import average_by, z_scores
from coexpr.stats.spatial import morans_i, spatial_basis, surrogates_of

# Of r and of what is limited like it; relative for other numbers.
TOLERANCE = 1e-9
# Of r from unit rows in single precision, as in networks.
OF_SINGLE = 2e-6
Comparison = tuple[str, float, float, float]


def comparisons(rng: np.random.Generator) -> Iterator[Comparison]:
    """Yield name, number, right number and tolerance of every statistic of random profiles."""
    x, _ = matrix(rng)
    yield from _pearson(x)
    yield from _others(x)
    yield from _adjusted(x, rng)
    yield from _scales(x, rng)
    yield from _rules(x)
    yield from _meta_analysis(rng)
    if rng.random() < 0.1:
        yield from _spatial(rng)
        yield from _gene_sets(rng)


def differs(found: float, right: float, tolerance: float) -> bool:
    """Return whether a number is wrong: off by more than the tolerance, relative where it is larger than 1."""
    if np.isnan(found) or np.isnan(right):
        return bool(np.isnan(found) != np.isnan(right))
    if np.isinf(found) or np.isinf(right):
        return found != right
    return abs(found - right) > tolerance * max(1, abs(right))


def _r(name: str, found: np.ndarray, right: list[float], tolerance: float = TOLERANCE) -> Iterator[Comparison]:
    assert (np.isnan(found) | (np.abs(found) <= 1)).all(), (name, found)
    yield from ((name, float(r), expected, tolerance) for r, expected in zip(found, right, strict=True))


def _pearson(x: np.ndarray) -> Iterator[Comparison]:
    wide = x.astype(np.float64)
    right = [exact.pearson(wide[0], row) for row in wide]
    yield from _r("Pearson, one with many", correlate_seed(x[0], x)[0], right)
    for factor in (2.0**-700, 2.0**700):  # changes no digit
        yield from _r(f"Pearson, times {factor:.0e}", correlate_seed(factor * wide[0], factor * wide)[0], right)
        yield from _r(f"Pearson, all times {factor:.0e}", correlate_all(factor * wide)[0][0], right)
    yield from _r("Pearson, of all pairs", correlate_all(x)[0][0], right)
    yield from _r("Pearson, several seeds", measure_seeds(x[:1], x, Estimator())[0][0], right)
    yield from _r("Pearson, several methods", SeveralMethods(x[:1], [Estimator()]).measure(x)[0, 0], right)
    complete = np.flatnonzero(~np.isnan(wide).any(axis=1))
    if 0 in complete and x.shape[1] > 1:
        some, of_some = x[complete], [right[row] for row in complete]
        means = some.mean(axis=1, dtype=np.float64)
        squares = ((some - means[:, None]) ** 2).sum(axis=1)
        if is_scannable(some[0]):
            deviations = some[0] - some[0].mean(dtype=np.float64)
            approximate = scan_rows(deviations, some, x.shape[1], means, squares)
            scan = Scan(*approximate, np.zeros(len(some), np.int32), lambda rows: correlate_seed(some[0], some[rows]))
            order = scan.first(np.arange(len(some)), None, ascending=False, tie_order=np.arange(len(some)))
            yield from _r("Pearson, scan and refine", scan.r[order], [of_some[row] for row in order])
        moments = moments_of(some, np.zeros(x.shape[1], np.intp), 1)
        unit = unit_part(some, np.zeros(x.shape[1], np.intp), moments.means, moments.lengths(2.0**-24))
        yield from _r("Pearson, shards of a network", np.clip(unit @ unit[0], -1, 1), of_some, OF_SINGLE)
        unit = unit_rows(some, Estimator()).astype(np.float32)
        yield from _r("Pearson, tiles of a network", np.clip(unit @ unit[0], -1, 1), of_some, OF_SINGLE)


def _others(x: np.ndarray) -> Iterator[Comparison]:
    wide = x.astype(np.float64)
    for method, right_r in (("spearman", exact.spearman), ("bicor", exact.bicor)):
        estimator = Estimator(method)
        right = [right_r(wide[0], row) for row in wide]
        yield from _r(f"{method}, one with many", measure_seed(x[0], x, estimator)[0], right)
        yield from _r(f"{method}, of all pairs", measure_all(x, estimator)[0][0], right)
        yield from _r(f"{method}, several seeds", measure_seeds(x[:1], x, estimator)[0][0], right)
        if method == "spearman":
            yield from _r("spearman, several methods", SeveralMethods(x[:1], [estimator]).measure(x)[0, 0], right)


def _adjusted(x: np.ndarray, rng: np.random.Generator) -> Iterator[Comparison]:
    """Compare r of residuals, where they are clearly more than the rounding of float32, or exactly 0."""
    samples = x.shape[1]
    factors = [rng.integers(0, 3, samples) for _ in range(rng.integers(1, 3))]
    estimator = Estimator(factors=tuple(factors), error=2.0**-24)
    found = measure_seed(x[0], x, estimator)[0], measure_all(x, estimator)[0][0]
    wide = x.astype(np.float64)
    for row, other in enumerate(wide):
        both = exact.shared(wide[0], other)
        of_both = [factor[both] for factor in factors]
        if len(both) < 2 or degrees_of_freedom(of_both) < 1:
            right = np.nan
        else:
            pair = [exact.numbers(values[both]) for values in (wide[0], other)]
            rest = [exact.residuals(values, of_both) for values in pair]
            sizes = [exact.product(a, a) / (exact.product(b, b) or 1) for a, b in zip(rest, pair, strict=True)]
            if any(mpf(10) ** -40 < size < mpf(10) ** -11 for size in sizes):
                continue  # near the size of rounding errors, which are treated as 0
            right = exact.cosine(*rest) if min(sizes) > mpf(10) ** -40 else np.nan
        for name, r in zip(("one with many", "of all pairs"), found, strict=True):
            yield f"adjusted, {name}", float(r[row]), right, TOLERANCE


def _scales(x: np.ndarray, rng: np.random.Generator) -> Iterator[Comparison]:
    groups = rng.integers(0, 3, x.shape[1])
    averages, found = average_by(x[:1], groups)
    for average, group in zip(averages[0], found, strict=True):
        values = x[0, (groups == group) & ~np.isnan(x[0])]
        right = np.nan
        if len(values):
            right = float(mp.log(exact.mean([mpf(2) ** value for value in exact.numbers(values)]), 2))
        yield "average of the site", float(average), right, TOLERANCE
    z = z_scores(x[:1], groups)[0]
    for group in np.unique(groups):
        here = np.flatnonzero((groups == group) & ~np.isnan(x[0]))
        deviations = exact.centred(exact.numbers(x[0, here])) if len(here) else []
        if not deviations or np.ptp(x[0, here]) == 0:
            yield from (("z-score", float(value), np.nan, TOLERANCE) for value in z[here])
            continue
        spread = mp.sqrt(exact.product(deviations, deviations) / len(here))
        yield from (
            ("z-score", float(value), float(deviation / spread), TOLERANCE)
            for value, deviation in zip(z[here], deviations, strict=True)
        )


def _rules(x: np.ndarray) -> Iterator[Comparison]:
    one = np.zeros(len(x), dtype=np.intp)
    variances = score_rows(x, one, "max-variance")
    means = score_rows(x, one, "corr-intensity")
    wide = x.astype(np.float64)
    average = build_profiles(wide[:2], one[:2], "average")[0]
    for row, values in enumerate(wide):
        known = exact.numbers(values[~np.isnan(values)])
        deviations = exact.centred(known) if known else []
        right = float(exact.product(deviations, deviations) / (len(known) - 1)) if len(known) > 1 else np.nan
        yield "variance", float(variances[row]), right, TOLERANCE
        of_row = [1.0 if row == place else exact.pearson(values, other) for place, other in enumerate(wide)]
        if not np.isnan(exact.pearson(values, values)):
            yield "mean r of probes", float(means[row]), float(np.nanmean(of_row)), TOLERANCE
    for place, value in enumerate(average):
        pair = exact.numbers(wide[:2, place])
        right = float(exact.mean(pair)) if not np.isnan(wide[:2, place]).any() else np.nan
        magnitude = float(np.nanmax(np.abs(wide[:2]), initial=0))
        yield "average of probes", float(value), right, TOLERANCE * max(1, magnitude)


def _meta_analysis(rng: np.random.Generator) -> Iterator[Comparison]:
    donors = int(rng.integers(1, 7))
    sign = rng.choice([-1, 1], donors)
    r = sign * rng.choice([0, 0.3, 0.9, 1 - 1e-6, 1 - 1e-10], donors) * rng.choice([1, rng.random()])
    n = rng.integers(4, 1000, donors)
    combined, averaged = combine_donors(r[:, None], n[:, None]), mean_of_donors(r[:, None], n[:, None])
    z, w = [exact.fisher_z(value) for value in r], [mpf(int(count) - 3) for count in n]
    total = mp.fsum(w)
    fixed = exact.product(w, z) / total
    q = mp.fsum(weight * (value - fixed) ** 2 for weight, value in zip(w, z, strict=True))
    df = donors - 1
    scale = total - exact.product(w, w) / total
    tau2 = max(mpf(0), (q - df) / scale) if df else mpf(0)
    random_w = [1 / (1 / weight + tau2) for weight in w]
    random = exact.product(random_w, z) / mp.fsum(random_w)
    half = mp.sqrt(2) * mp.erfinv(mpf("0.95")) / mp.sqrt(mp.fsum(random_w))
    right = {
        "q": q,
        "tau2": tau2,
        "i2": (q - df) / q if df and q > df else mpf(0),
        "r": mp.tanh(random),
        "low": mp.tanh(random - half),
        "high": mp.tanh(random + half),
        "fixed_r": mp.tanh(fixed),
    }
    yield from (
        (f"meta-analysis, {name}", float(getattr(combined, name)[0]), float(value), TOLERANCE)
        for name, value in right.items()
    )
    if donors > 1 and max(abs(value - exact.mean(z)) for value in z) > 1e-6:
        deviations = exact.centred(z)
        error = mp.sqrt(exact.product(deviations, deviations) / df / donors)
        yield "mean of donors, r", float(averaged.r[0]), float(mp.tanh(exact.mean(z))), TOLERANCE
        yield "mean of donors, p", float(averaged.p[0]), exact.two_sided_p(exact.mean(z) / error, mpf(df)), TOLERANCE
    naive = naive_test(r, n)
    for place, (one, count) in enumerate(zip(r, n, strict=True)):
        exact_r, freedom = mpf(float(one)), mpf(int(count) - 2)
        t = exact_r * mp.sqrt(freedom / (1 - exact_r**2))
        yield "naive t", float(naive.t[place]), float(t), TOLERANCE
        yield "naive p", float(naive.p[place]), exact.two_sided_p(t, freedom), TOLERANCE


def _spatial(rng: np.random.Generator) -> Iterator[Comparison]:
    samples = 9
    weights = rng.random((samples, samples))
    weights += weights.T
    np.fill_diagonal(weights, 0)
    profile = rng.normal(size=samples)
    profile -= profile.mean()
    values, rows = exact.numbers(profile), [exact.numbers(row) for row in weights]
    around = [exact.product(row, values) for row in rows]
    right = exact.product(values, around) / exact.product(values, values) * samples / mp.fsum(map(mp.fsum, rows))
    yield "Moran's I", float(morans_i(profile, weights)), float(right), TOLERANCE
    basis = spatial_basis(weights, np.zeros(samples, dtype=np.intp))
    for surrogate in next(surrogates_of(profile, basis, 5, rng)):
        yield "Moran's I of a surrogate", float(morans_i(surrogate, weights)), float(right), TOLERANCE
        yield "mean of a surrogate", float(surrogate.mean()), 0.0, TOLERANCE
        variance = exact.product(values, values) / samples
        yield "variance of a surrogate", float(surrogate.var()), float(variance), TOLERANCE


def _gene_sets(rng: np.random.Generator) -> Iterator[Comparison]:
    from coexpr.stats.centroids import Sets

    statistic = rng.normal(size=30) + rng.choice([0, 1e3])
    members = rng.choice(30, 7, replace=False)
    found = camera(statistic, Sets(np.array([0, 7]), members), np.array([0.1]))
    values, own = exact.numbers(statistic), exact.numbers(statistic[members])
    overall, m, genes = exact.mean(values), mpf(7), mpf(30)
    delta = genes / (genes - m) * (exact.mean(own) - overall)
    spread = exact.centred(values)
    pooled = (exact.product(spread, spread) - delta**2 * m * (genes - m) / genes) / (genes - 2)
    t = delta / mp.sqrt(pooled * ((1 + (m - 1) * mpf(0.1)) / m + 1 / (genes - m)))
    yield "CAMERA, t", float(found.t[0]), float(t), TOLERANCE
    yield "CAMERA, p", float(found.p[0]), exact.two_sided_p(t, genes - 2), TOLERANCE
    unit = unit_rows(rng.normal(size=(5, 8)), Estimator())
    pairs = [exact.product(exact.numbers(unit[a]), exact.numbers(unit[b])) for a in range(5) for b in range(a)]
    within = mean_r_within(unit.mean(axis=0)[None], np.array([5]))[0]
    yield "mean r within a set", float(within), float(exact.mean(pairs)), TOLERANCE
