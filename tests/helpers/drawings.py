"""Synthetic drawings of every kind, small, medium and large. The numbers come from a seeded generator."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from coexpr.output.figures.dots import Dots
from coexpr.output.figures.drawing import Drawing
from coexpr.output.figures.expression import ExpressionByStructure
from coexpr.output.figures.graph import Circle, Distributions
from coexpr.output.figures.heatmap import Heatmap
from coexpr.output.figures.palette import DonorR, Groups
from coexpr.output.figures.profiles import ProfileHeatmap
from coexpr.output.figures.scatter import Scatter
from coexpr.output.figures.tree import Tree
from coexpr.stats.clustering import cluster

# A name that would be drawn as a formula if "$" had a meaning.
ODD_NAME = "A_1$B_2$C"
ACRONYMS = (
    "FL", "Ins", "CgG", "HiF", "PHG", "OL", "PL", "TL", "Amg", "GP", "Str", "Cl", "ET", "Hy", "SbT", "DT", "VT",
    "MES", "CbCx", "CbN", "Bpons", "PTg", "MY", "WM", "Sulci & Spaces",
)  # fmt: skip
DONORS = ("H0351.2001", "H0351.2002", "H0351.1009", "H0351.1012", "H0351.1015", "H0351.1016")
SIZES = ("small", "medium", "large")


def of_size(size: str, small: int, medium: int, large: int) -> int:
    return {"small": small, "medium": medium, "large": large}[size]


def gene_names(count: int) -> list[str]:
    """Return names of several lengths; the second one has "$" and "_"."""
    names = [f"GENE{place}" if place % 7 else f"LOC10013{place:04}" for place in range(count)]
    return [*names[:1], ODD_NAME, *names[2:]] if count > 1 else names


def probe_names(count: int) -> list[str]:
    return [f"CUST_{16457 + place}_PI416261804" if place % 2 else f"A_23_P{21677 + place}" for place in range(count)]


def groups_of(members: NDArray[np.intp], count: int) -> Groups:
    """Return top-level structures with different colors."""
    colors = [f"#{(place + 1) * 0x091F31 % 0xFFFFFF:06X}" for place in range(count)]
    names = [ACRONYMS[place % len(ACRONYMS)] for place in range(count)]
    return Groups(names, [f"structure {place} of the brain" for place in range(count)], colors, members)


def related(rng: np.random.Generator, rows: int, samples: int) -> NDArray[np.float64]:
    """Return profiles of log2 expression that are correlated, positively and negatively."""
    shared = rng.normal(size=(3, samples))
    return 7 + rng.normal(size=(rows, 3)) @ shared + rng.normal(size=(rows, samples))


def scatter(size: str, *, by_structure: bool = False, by_facet: bool = False) -> Scatter:
    """Return a scatter plot; one sample in twenty lacks a value on either side."""
    rng = np.random.default_rng(1)
    samples, count = of_size(size, 12, 360, 3702), of_size(size, 1, 3, 6)
    x, y = related(rng, 2, samples)
    y += 0.5 * x
    x[5::20] = np.nan
    y[9::20] = np.nan
    donors = np.sort(np.arange(samples) % count)
    by_donor = []
    for place in range(count):
        known = (donors == place) & ~np.isnan(x) & ~np.isnan(y)
        by_donor.append(DonorR(DONORS[place], float(np.corrcoef(x[known], y[known])[0, 1]), int(known.sum())))
    structures = of_size(size, 2, 12, 25)
    groups = groups_of(rng.integers(structures, size=samples), structures) if by_structure else None
    return Scatter(x, y, ("NTRK2", ODD_NAME), donors, by_donor, "r = 0.500, n = 1,000", groups, by_facet=by_facet)


def dots(size: str, categories: int = 0, *, with_probes: bool = False) -> Dots:
    """Return a dot plot; the range of the third row is missing."""
    rng = np.random.default_rng(2)
    rows = of_size(size, 3, 25, 45)
    r = np.sort(rng.uniform(-0.4, 0.95, rows))[::-1]
    low, high = r - rng.uniform(0, 0.2, rows), r + rng.uniform(0, 0.05, rows)
    low[2] = high[2] = np.nan
    marks = {f"category {place} of genes": rng.random(rows) < 0.5 for place in range(categories)}
    names = gene_names(rows)
    if with_probes:
        names = [f"{probe}  {gene}" for probe, gene in zip(probe_names(rows), names, strict=True)]
    return Dots(names, r, low, high, "Correlates of NTRK2", "r; lines: its range over donors", marks)


def heatmap(size: str, categories: int = 0) -> Heatmap:
    rng = np.random.default_rng(3)
    rows = of_size(size, 3, 25, 50)
    r = np.corrcoef(related(rng, rows, 50))
    clusters = cluster(r)
    marks = {f"category {place} of genes": rng.random(rows) < 0.5 for place in range(categories)}
    return Heatmap(gene_names(rows), r, clusters.tree, clusters.order, f"{rows} rows", marks)


def profiles(size: str) -> ProfileHeatmap:
    rng = np.random.default_rng(4)
    rows, columns = of_size(size, 2, 7, 60), of_size(size, 5, 60, 414)
    z = rng.normal(size=(rows, columns))
    z[0, 1] = np.nan
    structures = of_size(size, 2, 15, 25)
    members = np.sort(np.arange(columns) % structures)
    colors = [f"#{(place + 3) * 0x0513A7 % 0xFFFFFF:06X}" for place in range(columns)]
    return ProfileHeatmap(
        probe_names(rows), z, groups_of(members, structures), colors, f"{rows} probes of {ODD_NAME}", 1
    )


def expression(size: str) -> ExpressionByStructure:
    """Return box plots; the first structure has few samples, which are drawn as points."""
    rng = np.random.default_rng(5)
    samples, structures, donors = of_size(size, 14, 120, 500), of_size(size, 2, 8, 25), of_size(size, 1, 3, 6)
    members = np.concatenate([[0, 0], 1 + np.arange(samples - 2) % (structures - 1)])
    rows = of_size(size, 1, 3, 2)
    log2 = related(rng, rows, samples)
    log2[0, 3] = np.nan
    return ExpressionByStructure(
        gene_names(rows), log2, groups_of(members, structures), np.arange(samples) % donors, DONORS[:donors]
    )


def tree(size: str) -> Tree:
    rng = np.random.default_rng(6)
    rows = of_size(size, 2, 25, 50)
    names = [
        f"{ACRONYMS[row % len(ACRONYMS)]}  structure {row} {'of the brain, left ' * (row % 4)}" for row in range(rows)
    ]
    samples = np.sort(rng.integers(10, 3702, rows))[::-1].tolist()
    colors = [f"#{(row + 1) * 0x091F31 % 0xFFFFFF:06X}" for row in range(rows)]
    return Tree(names, [2 + row % 8 for row in range(rows)], samples, colors, "Samples in structures and below")


def circle(size: str) -> Circle:
    rng = np.random.default_rng(7)
    nodes = of_size(size, 3, 20, 60)
    source, target = np.triu_indices(nodes, 1)
    kept = np.arange(len(source)) % 3 == 0
    r = rng.uniform(-1, 1, int(kept.sum()))
    return Circle(gene_names(nodes), rng.permutation(nodes), source[kept], target[kept], r, f"{nodes} genes")


def distributions(size: str) -> Distributions:
    rng = np.random.default_rng(8)
    nodes = of_size(size, 61, 900, 20_000)
    r = np.clip(rng.normal(0.5, 0.15, nodes * 5), -1, 1)
    counts, _ = np.histogram(r, bins=200, range=(-1, 1))
    degrees = rng.geometric(1 / of_size(size, 3, 30, 300), nodes)
    return Distributions(degrees, counts, f"{nodes:,} genes")


KINDS: dict[str, Callable[[str], Drawing]] = {
    "scatter": scatter,
    "scatter by structure": lambda size: scatter(size, by_structure=True),
    "scatter by facet": lambda size: scatter(size, by_facet=True),
    "scatter by structure and facet": lambda size: scatter(size, by_structure=True, by_facet=True),
    "dots": dots,
    "dots of probes": lambda size: dots(size, with_probes=True),
    "dots with a category": lambda size: dots(size, 1),
    "dots with categories": lambda size: dots(size, 3),
    "heatmap": heatmap,
    "heatmap with categories": lambda size: heatmap(size, 2),
    "profiles": profiles,
    "expression": expression,
    "tree": tree,
    "circle": circle,
    "distributions": distributions,
}
# Kinds that are drawn much like another one.
VARIANTS = ("scatter", "scatter by structure and facet", "dots", "dots of probes", "dots with a category", "heatmap")
