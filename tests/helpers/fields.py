"""Simulated expression over the real places of samples, with categories whose genes are expressed together."""

import csv
import gzip
from pathlib import Path

import numpy as np

from coexpr.stats.centroids import Sets, mean_r_within
from coexpr.stats.gene_sets import camera
from coexpr.stats.spatial import (
    Places,
    SpatialBasis,
    distances_between,
    inverse_distance_weights,
    measured_weights,
    spatial_basis,
    surrogates_of,
)


def centred(profiles: np.ndarray, donors: np.ndarray) -> np.ndarray:
    profiles = profiles.astype(np.float64)
    for donor in np.unique(donors):
        profiles[:, donors == donor] -= profiles[:, donors == donor].mean(axis=1, keepdims=True)
    return profiles


def read_places(shared_data: Path) -> Places:
    """Return the donor, corrected MNI coordinates and structures of 150 samples of each of the six donors."""
    with gzip.open(shared_data / "probes" / "corrected_mni_coordinates.csv.gz", "rt") as stream:
        corrected = {
            row["well_id"]: [float(row[f"corrected_mni_{axis}"]) for axis in "xyz"] for row in csv.DictReader(stream)
        }
    with (shared_data / "heatmap-gabra4" / "samples_log2intensities" / "Columns.csv").open() as stream:
        columns = list(csv.DictReader(stream))
    coordinates = np.array([corrected[column["sample_well"]] for column in columns])
    names = ("donor_id", "structure_id", "top_level_structure_id")
    donors, structures, regions = (np.array([int(column[name]) for column in columns]) for name in names)
    random = np.random.default_rng(150)
    chosen = np.concatenate(
        [random.choice(np.flatnonzero(donors == donor), 150, replace=False) for donor in np.unique(donors)]
    )
    return Places(coordinates[chosen], donors[chosen], structures[chosen], regions[chosen])


class World:
    """Simulated expression.

    Half of the variance of the genes of a category is a map of the category. Every gene has a map of its own, and a
    fifth of the variance is noise. A map is a smooth field; or partly one number per region, and one per structure.

    Parameters
    ----------
    places : Places
    seed : int
    shared : float
        The share of the variance of a field that is the same in all donors.
    scale : float
        Distance in mm at which the covariance of a field has fallen to 1 / e.
    patches : float
        The share of the variance of maps that is one number per region or structure, half each.
    """

    categories, members = 60, 40

    def __init__(self, places: Places, seed: int, *, shared: float = 1, scale: float = 30, patches: float = 0) -> None:
        self.places, self.donors, self.shared, self.patches = places, places.donors, shared, patches
        self.random = np.random.default_rng(seed)
        self.distances = distances_between(places.coordinates)
        covariance = np.exp(-self.distances / scale) + 1e-6 * np.eye(len(self.donors))
        self._common = np.linalg.cholesky(covariance)
        self._own = np.linalg.cholesky(covariance * (self.donors[:, None] == self.donors))
        self.themes = self._maps(self.categories)
        count = self.categories * self.members
        of_categories = np.sqrt(0.5) * np.repeat(self.themes, self.members, axis=0) + np.sqrt(0.3) * self._maps(count)
        self.genes = self._profiles(np.concatenate([of_categories, np.sqrt(0.8) * self._maps(1600)]))
        self.centroids = self.genes[:count].reshape(self.categories, self.members, -1).mean(axis=1)

    def null_seeds(self, count: int) -> np.ndarray:
        """Return profiles that have nothing in common with any category."""
        return self._profiles(np.sqrt(0.8) * self._maps(count))

    def related_seeds(self, share: float) -> np.ndarray:
        """Return a profile for each category, a share of whose variance is that of the category."""
        own = self._maps(self.categories)
        return self._profiles(np.sqrt(share) * self.themes + np.sqrt(0.8 - share) * own)

    def basis(self, weights: str) -> SpatialBasis:
        """Return the basis of surrogates with one of the weights of the library."""
        if weights == "distance":
            return spatial_basis(inverse_distance_weights(self.distances), self.donors)
        products = self.genes.T @ self.genes
        return spatial_basis(measured_weights(products, self.places, self.donors), self.donors)

    def spatial_p(self, seeds: np.ndarray, basis: SpatialBasis, surrogates: int = 500) -> np.ndarray:
        """Return the two-sided p of each seed and category, (seeds, categories)."""
        found = []
        for seed in seeds:
            blocks = surrogates_of(seed, basis, surrogates, self.random)
            null = np.abs(np.concatenate([block @ self.centroids.T for block in blocks]))
            extreme = np.count_nonzero(null >= np.abs(self.centroids @ seed), axis=0)
            found.append((1 + extreme) / (1 + surrogates))
        return np.array(found)

    def naive_p(self, seeds: np.ndarray, sets: int = 1000) -> np.ndarray:
        """Return the two-sided p against sets of random genes."""
        drawn = [self.random.choice(len(self.genes), self.members, replace=False) for _ in range(sets)]
        null = seeds @ np.stack([self.genes[rows].mean(axis=0) for rows in drawn]).T
        middle = null.mean(axis=1, keepdims=True)
        observed = np.abs(seeds @ self.centroids.T - middle)
        extreme = [np.abs(null[seed] - middle[seed]) >= observed[seed][:, None] for seed in range(len(seeds))]
        return np.mean(extreme, axis=2)

    def camera_p(self, seeds: np.ndarray) -> np.ndarray:
        """Return p of CAMERA."""
        count = self.categories * self.members
        sets = Sets(np.arange(0, count + 1, self.members), np.arange(count))
        within = mean_r_within(self.centroids, sets.sizes)
        return np.array([camera(np.arctanh(self.genes @ seed), sets, within).p for seed in seeds])

    def _maps(self, count: int) -> np.ndarray:
        noise = self.random.normal(0, 1, (2, count, len(self.donors)))
        field = np.sqrt(self.shared) * noise[0] @ self._common.T + np.sqrt(1 - self.shared) * noise[1] @ self._own.T
        numbers = [
            self.random.normal(0, 1, (count, 2000))[:, np.unique(of_samples, return_inverse=True)[1]]
            for of_samples in (self.places.regions, self.places.structures)
        ]
        return np.sqrt(1 - self.patches) * field + np.sqrt(self.patches / 2) * (numbers[0] + numbers[1])

    def _profiles(self, maps: np.ndarray) -> np.ndarray:
        """Return unit profiles of maps with noise, centred within donors."""
        noisy = centred(maps + np.sqrt(0.2) * self.random.normal(0, 1, maps.shape), self.donors)
        return noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
