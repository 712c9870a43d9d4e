"""Tables of a pair for people: r of probes, and of scales, with one of both in rows and the other in columns."""

from coexpr.analysis.pair import Pair, PairProvenance
from coexpr.result import Result

# Short words for how donors are combined.
_DONORS = {"pooled": "pooled", "mean over donors": "mean"}


def probes_crossed(pair: Pair) -> Result[PairProvenance]:
    """Return r with the probes of one side in rows and those of the other in columns; the longer side in rows."""
    down, across = (list(dict.fromkeys(pair.probes.column(name))) for name in ("probe_a", "probe_b"))
    r_of = {(a, b): _three_decimals(r) for a, b, r, _ in pair.probes}
    if len(across) > len(down):
        down, across = across, down
        r_of = {(b, a): r for (a, b), r in r_of.items()}
    rows = [[one, *(r_of[one, other] for other in across)] for one in down]
    return Result(["r", *across], rows, pair.provenance)


def scales_crossed(pair: Pair) -> Result[PairProvenance]:
    """Return r with resolutions and ways of combining donors in rows, and scales in columns."""
    scales = list(dict.fromkeys(pair.scales.column("scale")))
    r_of = {(resolution, donors, scale): r for scale, resolution, donors, r, _ in pair.scales}
    combinations = list(dict.fromkeys((resolution, donors) for resolution, donors, _ in r_of))
    rows = [
        [resolution, _DONORS[donors], *(_three_decimals(r_of[resolution, donors, scale]) for scale in scales)]
        for resolution, donors in combinations
    ]
    return Result(["resolution", "donors", *scales], rows, pair.provenance)


def _three_decimals(r: float | None) -> str | None:
    return None if r is None else f"{r:.3f}"
