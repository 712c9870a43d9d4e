"""How often each p of an enrichment is at most 0.05 for seeds that have nothing in common with any category.

    python -m benchmarks.enrichment_calibration FOLDER [--seeds 300]

FOLDER holds the corrected coordinates and the GABRA4 heatmap, as tests find them in ../shared/data. The expression is
simulated over 900 real places of samples: see `helpers.fields`. The last column is the power of p_spatial: how often a
seed is found that has a fifth of its variance in common with a category.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
from helpers.fields import World, read_places


def main() -> None:
    """Print a table of all worlds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=300)
    given = parser.parse_args()
    places = read_places(given.folder)
    print("scale  shared  patches  measured  1/distance  CAMERA  random genes  power")
    for scale, shared, patches in itertools.product((15, 30, 60), (1, 0.5), (0, 0.5, 1)):
        world = World(places, scale, shared=shared, scale=scale, patches=patches)
        seeds, basis = world.null_seeds(given.seeds), world.basis("measured")
        found = {
            "measured": world.spatial_p(seeds, basis),
            "distance": world.spatial_p(seeds, world.basis("distance")),
            "camera": world.camera_p(seeds),
            "naive": world.naive_p(seeds),
            "power": np.diagonal(world.spatial_p(world.related_seeds(0.2), basis)),
        }
        shares = "  ".join(f"{100 * np.mean(p <= 0.05):8.1f}" for p in found.values())
        print(f"{scale:5}  {shared:6}  {patches:7}  {shares}", flush=True)


if __name__ == "__main__":
    main()
