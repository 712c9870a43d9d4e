"""Profiles that are hard to correlate: nearly constant, far from 0, very small or large, tied, equal, incomplete."""

import numpy as np

_SPACING = float(np.spacing(np.float32(8)))
KINDS = (
    "plain",
    "far",
    "near",
    "spacing",
    "one",
    "ties",
    "tiny",
    "huge",
    "zero",
    "constant",
    "copy",
    "line",
    "opposite",
)


def matrix(rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Return profiles (P, S) in float32, the first ones over the same common component, and the kind of each."""
    samples = int(rng.choice([1, 2, 3, 4, 5, 8, 13, 40]))
    kinds = ["plain", *rng.choice(KINDS, 7).tolist()]
    common = rng.normal(size=samples)
    rows: list[np.ndarray] = []
    for kind in kinds:
        varied = rng.choice([0, 0.3, 3]) * common + rng.normal(size=samples)
        first = rows[0] if rows else varied
        rows.append(
            {
                "plain": 8 + varied,
                "far": 1e6 + varied,
                "near": 8 + 1e-6 * varied,
                "spacing": 8 + _SPACING * np.round(varied),
                "one": 8 + _SPACING * (np.arange(samples) == rng.integers(samples)),
                "ties": np.round(varied),
                "tiny": 1e-44 * varied,
                "huge": 1e38 * np.clip(varied, -3, 3),
                "zero": np.zeros(samples),
                "constant": np.full(samples, rng.choice([7.3, 0.1, 1e6])),
                "copy": first,
                "line": 2 * first,
                "opposite": -first,
            }[kind].astype(np.float32)
        )
    x = np.stack(rows)
    if rng.random() < 0.5:
        missing = rng.random(x.shape) < rng.choice([0.1, 0.5])
        missing[0] &= rng.random() < 0.5
        if rng.random() < 0.3:
            missing[rng.integers(1, len(x))] = np.arange(samples) > rng.integers(-1, 2)  # nothing, or one or two values
        x[missing] = np.nan
    return x, kinds
