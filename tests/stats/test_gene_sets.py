"""Tests of sets of genes against limma, and against counting."""

import csv
import itertools

import numpy as np
import pytest
from helpers.folders import DATA

from coexpr.stats.centroids import Sets
from coexpr.stats.gene_sets import camera, empirical_p, means_of_random_sets
from coexpr.stats.measures import Estimator, measure_seed


def sets_of(*members: list[int]) -> Sets:
    starts = np.cumsum([0, *map(len, members)]).astype(np.intp)
    return Sets(starts, np.array([row for rows in members for row in rows], dtype=np.intp))


def test_camera_equals_limma() -> None:
    with (DATA / "camera" / "input.csv").open() as stream:
        genes = list(csv.DictReader(stream))
    with (DATA / "camera" / "expected.csv").open() as stream:
        expected = list(csv.DictReader(stream))
    statistic = np.array([float(gene["statistic"]) for gene in genes])
    sets = sets_of(*([row for row, gene in enumerate(genes) if gene[one["set"]] == "1"] for one in expected))
    found = camera(statistic, sets, np.array([float(one["correlation"]) for one in expected]))
    assert sets.sizes.tolist() == [int(one["genes"]) for one in expected]
    np.testing.assert_allclose(found.p, [float(one["p"]) for one in expected], rtol=1e-9)
    np.testing.assert_allclose(found.t, [float(one["t"]) for one in expected], atol=1e-9, rtol=1e-9)


def test_camera_of_no_gene_and_of_all_genes_is_undefined() -> None:
    found = camera(np.arange(5.0), sets_of([], [0, 1, 2, 3, 4], [1]), np.zeros(3))
    assert np.isnan(found.t).tolist() == np.isnan(found.p).tolist() == [True, True, False]


def test_the_definition_of_gcea_by_hand() -> None:
    """Spearman's r of a map with four genes, the mean of two of them, and the right tail of four null values.

    The ranks of the map are 1 to 5. The squared differences of ranks are 4, 40, 2 and 18 in all, so that r = 1 - 6 d /
    120 is 0.8, -1, 0.9 and 0.1.
    """
    seed = np.array([10.0, 20, 30, 40, 50])
    genes = np.array([[2.0, 1, 4, 3, 5], [5, 4, 3, 2, 1], [1, 2, 3, 5, 4], [3, 1, 5, 4, 2]])
    r, n = measure_seed(seed, genes, Estimator("spearman"))
    np.testing.assert_allclose(r, [0.8, -1, 0.9, 0.1], atol=1e-12)
    assert n.tolist() == [5, 5, 5, 5]
    means = sets_of([0, 2], [1, 3]).means(r)
    np.testing.assert_allclose(means, [0.85, -0.45], atol=1e-12)
    null = np.array([[0.9, 0.2, 0.86, -0.3], [-0.6, 0.1, 0.4, -0.2]])
    assert empirical_p(means, null, "greater").tolist() == [(1 + 2) / 5, (1 + 3) / 5]
    assert empirical_p(means, null, "less").tolist() == [(1 + 2) / 5, (1 + 1) / 5]
    assert empirical_p(means, null, "two-sided").tolist() == [(1 + 2) / 5, (1 + 1) / 5]


def test_random_sets_are_drawn_without_replacement() -> None:
    """The means of all sets of two of five genes, in equal shares."""
    statistic = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    means = means_of_random_sets(statistic, 5, 4000, np.random.default_rng(5))
    possible = sorted(sum(pair) / 2 for pair in itertools.combinations(statistic, 2))
    found, counts = np.unique(means[1], return_counts=True)
    assert found.tolist() == possible
    assert (np.abs(counts - 400) < 5 * np.sqrt(400)).all()
    np.testing.assert_allclose(means[4], statistic.mean())
    assert means[0].mean() == pytest.approx(statistic.mean(), abs=5 * statistic.std() / np.sqrt(4000))
