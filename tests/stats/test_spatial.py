"""Surrogates keep what they must keep, and a test with them has the level it states."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.fields import World, centred, read_places
from hypothesis import given
from hypothesis import strategies as st

from coexpr.stats.spatial import (
    Places,
    SpatialBasis,
    centre,
    distances_between,
    inverse_distance_weights,
    measured_weights,
    morans_i,
    products_of_surrogates,
    spatial_basis,
    squared_sums_of_surrogates,
    surrogates_of,
)

pytestmark = pytest.mark.long

KINDS = ("measured", "distance")


def places_of(random: np.random.Generator, donors: np.ndarray, structures: int = 1) -> Places:
    """Return random places of some donors, in structures of a region each."""
    numbers = np.arange(len(donors)) % structures
    return Places(random.uniform(-60, 60, (len(donors), 3)), donors, numbers, numbers)


def weights_of(kind: str, profiles: np.ndarray, places: Places) -> np.ndarray:
    """Return the weights of one kind, for profiles that are centred within donors."""
    if kind == "distance":
        return inverse_distance_weights(distances_between(places.coordinates))
    return measured_weights(profiles.T @ profiles, places, places.donors)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("donors", [np.repeat([7, 3, 5], [40, 25, 1]), np.zeros(66, dtype=int)])
def test_surrogates_keep_mean_variance_morans_i_and_components(kind: str, donors: np.ndarray) -> None:
    random = np.random.default_rng(1)
    places = places_of(random, donors, 5)
    places.coordinates[10] = places.coordinates[11]  # two samples of one place
    distances = distances_between(places.coordinates)
    profiles = centred(random.normal(0, 1, (30, 66)) @ np.exp(-distances / 20), donors)
    weights = weights_of(kind, profiles, places)
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
    donors = np.repeat([0, 1, 2, 3], 75)
    places = places_of(np.random.default_rng(6), donors, 6)
    distances = distances_between(places.coordinates)
    is_within, one_region = donors[:, None] == donors, places.regions[:, None] == places.regions
    covariance = np.exp(-distances / 25) * np.where(is_within, 1, 0.4) + 0.3 * one_region
    products = centre(covariance, donors)  # what genes with that covariance have, once centred
    found = measured_weights(products, places, donors)
    # Centring removes constants within a block of two donors, so covariances are compared after it; on the diagonal,
    # which is 0, a constant remains, and changes no eigenvector.
    others = ~np.eye(300, dtype=bool)
    differences = np.abs(centre(found - covariance * others, donors)[others])
    assert differences.mean() < 0.005
    assert np.quantile(differences, 0.999) < 0.05


def test_a_part_of_a_basis_is_that_of_a_part_of_the_weights() -> None:
    donors = np.repeat([4, 2, 9], [30, 25, 20])
    weights = inverse_distance_weights(distances_between(places_of(np.random.default_rng(8), donors).coordinates))
    part = np.flatnonzero(np.arange(75) % 3 < 2)
    found = spatial_basis(weights, donors).over(part, donors[part])
    expected = spatial_basis(weights[np.ix_(part, part)], donors[part])
    np.testing.assert_allclose(found.eigenvalues, expected.eigenvalues, atol=1e-9)
    alike = np.abs(np.einsum("ij,ij->j", found.vectors, expected.vectors))
    np.testing.assert_allclose(alike, 1, atol=1e-6)


def test_sums_and_products_of_surrogates_are_those_of_surrogates() -> None:
    random = np.random.default_rng(9)
    donors = np.repeat([1, 2], 20)
    basis = spatial_basis(inverse_distance_weights(distances_between(places_of(random, donors).coordinates)), donors)
    profiles = centred(random.normal(0, 1, (6, 40)), donors)
    squares = squared_sums_of_surrogates(profiles, basis, 4000, random, lambda count: None)
    assert squares.mean() == pytest.approx((profiles**2).sum(), rel=0.1)  # signs are independent
    one = squared_sums_of_surrogates(profiles[:1], basis, 3, random, lambda count: None)
    np.testing.assert_allclose(one, profiles[0] @ profiles[0], rtol=1e-6)
    products = products_of_surrogates(profiles[0], profiles[1], basis, 4000, np.random.default_rng(3))
    blocks = surrogates_of(profiles[0], basis, 4000, np.random.default_rng(3))
    np.testing.assert_allclose(products, np.concatenate(list(blocks)) @ profiles[1], atol=1e-9)


# --- the level of the test, on the real coordinates ---


WORLDS: dict[str, dict[str, float]] = {
    "a field that donors share": {},
    "half of its variance of each donor": {"shared": 0.5},
    "half of its variance by region and structure": {"patches": 0.5},
}


@pytest.mark.parametrize("world", WORLDS)
def test_the_test_has_its_level_and_random_genes_do_not(
    world: str, shared_data: Path, record_property: Callable[[str, float], None]
) -> None:
    simulated = World(read_places(shared_data), 18, **WORLDS[world])
    seeds, basis = simulated.null_seeds(150), simulated.basis("measured")
    assert 0.03 <= np.mean(simulated.spatial_p(seeds, basis, 400) <= 0.05) <= 0.07
    # With random genes as the null, most seeds would be found to be enriched in something.
    assert np.mean(simulated.naive_p(seeds) <= 0.05) > 0.2
    found = np.diagonal(simulated.spatial_p(simulated.related_seeds(0.2), basis, 400)) <= 0.05
    record_property("power", float(found.mean()))
    assert found.mean() > 0.5


@pytest.mark.parametrize("world", [{"shared": 0.5}, {"patches": 0.5}])
def test_inverse_distance_does_not_have_its_level(world: dict[str, float], shared_data: Path) -> None:
    """Why the weights are measured. Should this fail, what the documentation says of the two is wrong."""
    simulated = World(read_places(shared_data), 19, **world)
    p = simulated.spatial_p(simulated.null_seeds(100), simulated.basis("distance"), 400)
    assert np.mean(p <= 0.05) > 0.07
