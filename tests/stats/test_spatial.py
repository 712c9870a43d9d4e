"""Surrogates keep what they must keep, and a test with them has the level it states."""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coexpr.stats.spatial import (
    SpatialBasis,
    centre,
    distances_between,
    inverse_distance_weights,
    measured_weights,
    morans_i,
    spatial_basis,
    surrogates_of,
)

KINDS = ("measured", "distance")


def weights_of(kind: str, profiles: np.ndarray, distances: np.ndarray, donors: np.ndarray) -> np.ndarray:
    """Return the weights of one kind, for profiles that are centred within donors."""
    if kind == "distance":
        return inverse_distance_weights(distances)
    return measured_weights(profiles.T @ profiles, distances, donors, donors)


def centred(profiles: np.ndarray, donors: np.ndarray) -> np.ndarray:
    profiles = profiles.astype(np.float64)
    for donor in np.unique(donors):
        profiles[:, donors == donor] -= profiles[:, donors == donor].mean(axis=1, keepdims=True)
    return profiles


def to_unit_length(profiles: np.ndarray) -> np.ndarray:
    return profiles / np.linalg.norm(profiles, axis=1, keepdims=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("donors", [np.repeat([7, 3, 5], [40, 25, 1]), np.zeros(66, dtype=int)])
def test_surrogates_keep_mean_variance_morans_i_and_components(kind: str, donors: np.ndarray) -> None:
    random = np.random.default_rng(1)
    coordinates = random.uniform(-60, 60, (66, 3))
    coordinates[10] = coordinates[11]  # two samples of one place
    distances = distances_between(coordinates)
    profiles = centred(random.normal(0, 1, (30, 66)) @ np.exp(-distances / 20), donors)
    weights = weights_of(kind, profiles, distances, donors)
    basis = spatial_basis(weights, donors)
    assert basis.vectors.shape == (66, 66 - len(np.unique(donors)))
    np.testing.assert_allclose(basis.vectors.T @ basis.vectors, np.eye(basis.vectors.shape[1]), atol=1e-12)
    profile = profiles[0] * 7
    (surrogates,) = surrogates_of(profile, basis, 50, random)
    for donor in np.unique(donors):
        np.testing.assert_allclose(surrogates[:, donors == donor].mean(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(surrogates.var(axis=1), profile.var(), rtol=1e-9)
    np.testing.assert_allclose(morans_i(surrogates, weights), morans_i(profile, weights), rtol=1e-9)
    components = np.abs(profile @ basis.vectors)
    np.testing.assert_allclose(np.abs(surrogates @ basis.vectors), np.tile(components, (50, 1)), atol=1e-9)
    assert len(np.unique(surrogates.round(6), axis=0)) == 50


def test_surrogates_do_not_depend_on_blocks_and_types() -> None:
    random = np.random.default_rng(2)
    basis = SpatialBasis(np.linalg.qr(random.normal(0, 1, (20, 12)))[0], np.arange(12.0))
    profile = basis.vectors @ random.normal(0, 1, 12)
    double = np.concatenate(list(surrogates_of(profile, basis, 2500, np.random.default_rng(3))))
    single = np.concatenate(list(surrogates_of(profile, basis, 2500, np.random.default_rng(3), np.float32)))
    assert (double.shape, single.dtype) == ((2500, 20), np.float32)
    np.testing.assert_allclose(single, double, atol=1e-5)
    # Signs are independent: the mean of surrogates is 0, their covariance that of independent components.
    assert np.abs((double @ basis.vectors).mean(axis=0) / np.abs(profile @ basis.vectors)).max() < 5 / np.sqrt(2500)


@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(1, 4))
def test_centring_and_distances(seed: int, count: int, groups: int) -> None:
    random = np.random.default_rng(seed)
    coordinates = random.uniform(-90, 90, (count, 3)).round(0)
    distances = distances_between(coordinates)
    expected = np.sqrt(((coordinates[:, None] - coordinates) ** 2).sum(axis=-1))
    np.testing.assert_allclose(distances, expected, atol=1e-5)
    weights = inverse_distance_weights(distances)
    assert (np.diagonal(weights) == 0).all()
    assert weights.max() <= 1 / 3
    donors = random.integers(0, groups, count)
    means = np.array([[donor == other for other in np.unique(donors)] for donor in donors], dtype=float)
    projection = np.eye(count) - means @ np.linalg.pinv(means)
    np.testing.assert_allclose(centre(weights, donors), projection @ weights @ projection, atol=1e-9)


def test_morans_i_is_that_of_the_definition() -> None:
    random = np.random.default_rng(4)
    weights = inverse_distance_weights(distances_between(random.uniform(-9, 9, (12, 3))))
    x = random.normal(0, 1, 12)
    x -= x.mean()
    sums = [weights[i, j] * x[i] * x[j] for i in range(12) for j in range(12)]
    assert morans_i(x, weights) == pytest.approx(12 / weights.sum() * sum(sums) / (x @ x), rel=1e-12)


def test_measured_weights_are_the_covariance_of_fields() -> None:
    """Known fields: their covariance is found again, although the means of donors were removed."""
    random = np.random.default_rng(6)
    donors = np.repeat([0, 1, 2, 3], 75)
    distances = distances_between(random.uniform(-50, 50, (300, 3)))
    is_within = donors[:, None] == donors
    covariance = np.exp(-distances / 25) * np.where(is_within, 1, 0.4)
    products = centre(covariance, donors)  # what genes with that covariance have, once centred
    found = measured_weights(products, distances, donors, donors)
    # Centring removes constants within a block of two donors, so covariances are compared after it; on the diagonal,
    # which is 0, a constant remains, and changes no eigenvector.
    others = ~np.eye(300, dtype=bool)
    differences = np.abs(centre(found - covariance * others, donors)[others])
    assert differences.mean() < 0.002
    assert differences[distances[others] > 10].max() < 0.02


# --- the level of the test, on the real coordinates ---


def read_samples(shared_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the donor and the corrected MNI coordinates of 150 samples of each of the six donors."""
    with gzip.open(shared_data / "probes" / "corrected_mni_coordinates.csv.gz", "rt") as stream:
        places = {
            row["well_id"]: [float(row[f"corrected_mni_{axis}"]) for axis in "xyz"] for row in csv.DictReader(stream)
        }
    with (shared_data / "heatmap-gabra4" / "samples_log2intensities" / "Columns.csv").open() as stream:
        columns = list(csv.DictReader(stream))
    donors = np.array([int(column["donor_id"]) for column in columns])
    coordinates = np.array([places[column["sample_well"]] for column in columns])
    random = np.random.default_rng(150)
    chosen = [random.choice(np.flatnonzero(donors == donor), 150, replace=False) for donor in np.unique(donors)]
    return donors[np.concatenate(chosen)], coordinates[np.concatenate(chosen)]


class World:
    """Simulated expression: smooth fields, a share of whose variance all donors have in common.

    Genes of a category share half of their variance, beyond which every gene has a field of its own and noise.
    """

    def __init__(self, donors: np.ndarray, coordinates: np.ndarray, shared: float, seed: int) -> None:
        self.donors, self.shared = donors, shared
        self.random = np.random.default_rng(seed)
        self.distances = distances_between(coordinates)
        covariance = np.exp(-self.distances / 30) + 1e-6 * np.eye(len(donors))
        self._common = np.linalg.cholesky(covariance)
        self._own = np.linalg.cholesky(covariance * (donors[:, None] == donors))
        self.themes = self.fields(self.categories)
        genes = np.sqrt(0.5) * np.repeat(self.themes, self.members, axis=0) + np.sqrt(0.3) * self.fields(
            self.categories * self.members
        )
        others = np.sqrt(0.8) * self.fields(1600)
        self.genes = self.profiles(np.concatenate([genes, others]))
        self.centroids = self.genes[: len(genes)].reshape(self.categories, self.members, -1).mean(axis=1)

    categories, members = 60, 40

    def fields(self, count: int) -> np.ndarray:
        noise = self.random.normal(0, 1, (2, count, len(self.donors)))
        return np.sqrt(self.shared) * noise[0] @ self._common.T + np.sqrt(1 - self.shared) * noise[1] @ self._own.T

    def profiles(self, fields: np.ndarray) -> np.ndarray:
        """Return unit profiles of fields with noise, centred within donors."""
        noisy = fields + np.sqrt(0.2) * self.random.normal(0, 1, fields.shape)
        return to_unit_length(centred(noisy, self.donors))


def spatial_p(seeds: np.ndarray, centroids: np.ndarray, basis: SpatialBasis, random: np.random.Generator) -> np.ndarray:
    """Return the two-sided p of each seed and category, (seeds, categories)."""
    found = []
    for seed in seeds:
        null = np.concatenate([block @ centroids.T for block in surrogates_of(seed, basis, 500, random)])
        found.append((1 + np.count_nonzero(np.abs(null) >= np.abs(centroids @ seed), axis=0)) / (1 + len(null)))
    return np.array(found)


@pytest.mark.parametrize("shared", [1, 0.5], ids=["shared field", "half the variance of each donor's own"])
def test_the_test_has_its_level_and_random_genes_do_not(
    shared: float, shared_data: Path, record_property: Callable[[str, float], None]
) -> None:
    world = World(*read_samples(shared_data), shared, seed=18)
    seeds = world.profiles(np.sqrt(0.8) * world.fields(200))
    weights = measured_weights(world.genes.T @ world.genes, world.distances, world.donors, world.donors)
    basis = spatial_basis(weights, world.donors)
    p = spatial_p(seeds, world.centroids, basis, world.random)
    assert 0.03 <= np.mean(p <= 0.05) <= 0.07
    # Random genes as the null: most seeds would be found to be enriched in something.
    random_sets = np.stack(
        [world.genes[world.random.choice(len(world.genes), world.members)].mean(axis=0) for _ in range(1000)]
    )
    null = seeds @ random_sets.T
    middle = null.mean(axis=1, keepdims=True)
    observed = np.abs(seeds @ world.centroids.T - middle)
    naive = [
        np.mean(np.abs(means - m) >= o[:, None], axis=1) for means, m, o in zip(null, middle, observed, strict=True)
    ]
    assert np.mean(naive <= 0.05) > 0.2
    # Seeds with a fifth of the theme of one category find it.
    related = world.profiles(np.sqrt(0.2) * world.themes + np.sqrt(0.6) * world.fields(world.categories))
    power = np.diagonal(spatial_p(related, world.centroids, basis, world.random)) <= 0.05
    record_property("power", float(power.mean()))
    assert power.mean() > 0.5


def test_inverse_distance_does_not_have_its_level_where_fields_are_smooth(shared_data: Path) -> None:
    """Why the weights are measured. Should this fail, the documentation of the two weights is wrong."""
    world = World(*read_samples(shared_data), 0.5, seed=19)
    seeds = world.profiles(np.sqrt(0.8) * world.fields(200))
    basis = spatial_basis(inverse_distance_weights(world.distances), world.donors)
    assert np.mean(spatial_p(seeds, world.centroids, basis, world.random) <= 0.05) > 0.07
