"""Enrichment of categories, against r one by one, surrogates made one by one, and limma's formula."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from helpers.web import copy_with
from scipy import stats

from coexpr.atlas import Atlas
from coexpr.database.derived_cache import derived_files
from coexpr.demo.downloads import write_downloads
from coexpr.errors import CoexprError, MapError, NotFoundError, OptionError, TooFewSamplesError
from coexpr.loading.downloads import ingest
from coexpr.options import CorrelationMethod, SampleFilter
from coexpr.result import rows_by_column
from coexpr.stats.spatial import (
    Places,
    distances_between,
    inverse_distance_weights,
    measured_weights,
    spatial_basis,
)

SEED = "NTRK2"
FEW = {"top": None, "surrogates": 199, "min_size": 10, "max_size": 40}
WITHIN_DONORS = CorrelationMethod(adjust="donor")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas with enough samples for the null models of donors; tests read it, and share its caches."""
    folder = tmp_path_factory.mktemp("enrichment")
    ingest(write_downloads(folder / "zips", probes=300, samples=360), folder / "atlas.duckdb")
    return folder / "atlas.duckdb"


@pytest.fixture(scope="module")
def opened(database: Path) -> Iterator[Atlas]:
    with Atlas(database) as atlas:
        yield atlas


@pytest.fixture(scope="module")
def found(opened: Atlas) -> list[dict[str, Any]]:
    return rows_by_column(opened.enrich(SEED, **FEW))


class Plain:
    """The genes of a database as unit rows within donors, and its samples, read in the plainest way."""

    def __init__(self, atlas: Atlas) -> None:
        genes = rows_by_column(atlas.correlates(SEED, top=None, include_self=True))
        self.symbols = [gene["gene_symbol"] for gene in genes]
        self.entrez_ids = [gene["entrez_id"] for gene in genes]
        samples = rows_by_column(atlas.expression([gene["probe_name"] for gene in genes]))
        self.donors = np.array([sample["donor"] for sample in samples])
        regions = {row["structure_id"]: row["top_level_id"] for row in atlas._expression.sample_structures}
        structures = np.array([sample["structure_id"] for sample in samples])
        self.places = Places(
            np.array([[sample[f"mni_{axis}"] for axis in "xyz"] for sample in samples]),
            np.unique(self.donors, return_inverse=True)[1],
            structures,
            np.array([regions[structure] for structure in structures.tolist()]),
        )
        values = [[sample[gene["probe_name"]] for sample in samples] for gene in genes]
        self.values = np.array(values, dtype=np.float32).astype(np.float64)  # written with as few digits as suffice
        self.unit = self.to_unit(self.values)
        self.seed = self.symbols.index(SEED)

    def to_unit(self, values: np.ndarray) -> np.ndarray:
        rows = values.astype(np.float64)
        for donor in np.unique(self.donors):
            rows[:, self.donors == donor] -= rows[:, self.donors == donor].mean(axis=1, keepdims=True)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def members(self, atlas: Atlas, accession: str) -> list[int]:
        """Return the rows of a category, the seed included."""
        ids = {row["entrez_id"] for row in rows_by_column(atlas.members(accession))}
        return [row for row, entrez_id in enumerate(self.entrez_ids) if entrez_id in ids]


@pytest.fixture(scope="module")
def plain(opened: Atlas) -> Plain:
    return Plain(opened)


def test_every_category_of_a_size_is_tested(
    found: list[dict[str, Any]], opened: Atlas, plain: Plain, database: Path
) -> None:
    with duckdb.connect(database, read_only=True) as connection:
        members = connection.execute(
            "select accession, list(entrez_id) from categories join category_genes using (category_id) group by all"
        ).fetchall()
    known = set(plain.entrez_ids) - {None}
    expected = {accession for accession, ids in members if 10 <= len(known & set(ids)) <= 40}
    assert {row["accession"] for row in found} == expected
    assert opened.enrich(SEED, **FEW).provenance.categories == len(expected) > 100
    assert [row["rank"] for row in found] == list(range(1, len(found) + 1))
    p = [row["p_spatial"] for row in found]
    assert p == sorted(p)


@pytest.mark.long
def test_mean_r_is_the_mean_of_r_within_donors(found: list[dict[str, Any]], opened: Atlas, plain: Plain) -> None:
    for row in [*found[:10], *found[-10:]]:
        correlates = opened.correlates(SEED, top=None, method=WITHIN_DONORS, gene_filter=row["accession"])
        assert row["n_genes"] == len(correlates)  # the seed is no correlate
        assert row["mean_r"] == pytest.approx(np.mean(correlates.column("r")), abs=1e-9)
    assert any(plain.seed in plain.members(opened, row["accession"]) for row in found)


def test_percentiles_are_among_all_genes(found: list[dict[str, Any]], opened: Atlas, plain: Plain) -> None:
    r = plain.unit @ plain.unit.T
    np.fill_diagonal(r, 0)
    for row in found[::40]:
        members = plain.members(opened, row["accession"])
        others = np.full(len(r), len(members)) - np.isin(np.arange(len(r)), members)
        mean_r = r[:, members].sum(axis=1) / others
        lower = 100 * np.mean(mean_r < row["mean_r"])
        assert row["percentile"] == pytest.approx(lower, abs=100 / len(r) + 0.11)


def test_camera_is_that_of_limma(found: list[dict[str, Any]], opened: Atlas, plain: Plain) -> None:
    """The formula of cameraPR, written out for one category at a time."""
    z = np.arctanh(np.delete(plain.unit @ plain.unit[plain.seed], plain.seed))
    genes = len(z)
    for row in found[::40]:
        members = [member for member in plain.members(opened, row["accession"]) if member != plain.seed]
        inside = np.array([member - (member > plain.seed) for member in members])
        m = len(members)
        r = plain.unit[members] @ plain.unit[members].T
        correlation = max(0, (r.sum() - m) / (m * (m - 1)))
        delta = genes / (genes - m) * (z[inside].mean() - z.mean())
        variance = ((genes - 1) * z.var(ddof=1) - delta**2 * m * (genes - m) / genes) / (genes - 2)
        t = delta / np.sqrt(variance * ((1 + (m - 1) * correlation) / m + 1 / (genes - m)))
        assert row["t_camera"] == pytest.approx(t, rel=1e-5)  # the kept centroids are in single precision
        assert row["p_camera"] == pytest.approx(2 * stats.t.sf(abs(t), genes - 2), rel=1e-4)


def null_of(plain: Plain, weights: str, count: int) -> np.ndarray:
    """Return surrogates of the seed, made with other random signs than the library's."""
    codes = plain.places.donors
    if weights == "distance":
        of_pairs = inverse_distance_weights(distances_between(plain.places.coordinates))
    else:
        of_pairs = measured_weights(plain.unit.T @ plain.unit, plain.places, codes)
    vectors = spatial_basis(of_pairs, codes).vectors
    signs = np.random.default_rng(77).choice([-1, 1], (count, vectors.shape[1]))
    return (signs * (plain.unit[plain.seed] @ vectors)) @ vectors.T


@pytest.mark.long
@pytest.mark.parametrize("weights", ["measured", "distance"])
def test_p_is_that_of_surrogates(opened: Atlas, plain: Plain, weights: str) -> None:
    rows = rows_by_column(opened.enrich(SEED, **{**FEW, "surrogates": 2000, "weights": weights}))
    null = null_of(plain, weights, 2000)
    for row in rows[::30]:
        members = [member for member in plain.members(opened, row["accession"]) if member != plain.seed]
        means = null @ plain.unit[members].mean(axis=0)
        p = np.mean(np.abs(means) >= abs(row["mean_r"]))
        assert row["p_spatial"] == pytest.approx(p, abs=5 * np.sqrt(max(p, 0.001) * 2 / 2000) + 0.001)
        low, high = np.quantile(means, [0.025, 0.975])
        assert (row["null_low"], row["null_high"]) == pytest.approx((low, high), abs=0.15 * (high - low))


def test_one_sided_p_are_parts_of_the_two_sided(opened: Atlas) -> None:
    both, greater, less = (
        {row["accession"]: row for row in rows_by_column(opened.enrich(SEED, **FEW, alternative=alternative))}
        for alternative in ("two-sided", "greater", "less")
    )
    assert len({row["p_spatial"] for row in both.values()}) > 5
    for accession, row in both.items():
        tail = greater[accession] if row["mean_r"] > 0 else less[accession]
        assert tail["p_spatial"] <= row["p_spatial"]
        assert greater[accession]["p_spatial"] + less[accession]["p_spatial"] == pytest.approx(201 / 200, abs=1e-9)


def test_false_discovery_rates_are_over_all_tested_categories(found: list[dict[str, Any]]) -> None:
    p = np.array([row["p_spatial"] for row in found])
    expected = stats.false_discovery_control(p)
    np.testing.assert_allclose([row["q_spatial"] for row in found], expected, rtol=1e-12)


@pytest.mark.long
def test_the_definition_of_gcea(opened: Atlas, plain: Plain) -> None:
    """Spearman's r of map and gene, their mean over a category, and the right tail (Fulcher et al. 2021)."""
    options = {**FEW, "pooled": True, "method": "spearman", "alternative": "greater", "surrogates": 999}
    rows = rows_by_column(opened.enrich(SEED, **options))
    together = np.zeros_like(plain.places.donors)
    ranks = stats.rankdata(plain.values, axis=1)
    unit = ranks - ranks.mean(axis=1, keepdims=True)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    weights = measured_weights(unit.T @ unit, plain.places, together)
    vectors = spatial_basis(weights, together).vectors
    seed = plain.values[plain.seed]
    signs = np.random.default_rng(78).choice([-1, 1], (999, vectors.shape[1]))
    surrogates = stats.rankdata((signs * (seed @ vectors)) @ vectors.T, axis=1)
    for row in rows[::60]:
        members = [member for member in plain.members(opened, row["accession"]) if member != plain.seed]
        mean_r = np.mean([stats.spearmanr(seed, plain.values[member]).statistic for member in members])
        assert row["mean_r"] == pytest.approx(mean_r, abs=1e-9)
        null = np.mean([np.corrcoef(surrogates, ranks[member])[-1, :-1] for member in members], axis=0)
        p = (1 + np.count_nonzero(null >= mean_r)) / 1000
        assert row["p_spatial"] == pytest.approx(p, abs=5 * np.sqrt(max(p, 0.001) * 2 / 999) + 0.002)


def test_naive_p_is_against_random_genes(opened: Atlas, plain: Plain) -> None:
    rows = rows_by_column(opened.enrich(SEED, **FEW, naive_p=True))
    r = np.delete(plain.unit @ plain.unit[plain.seed], plain.seed)
    for row in rows[::60]:
        # The mean of a random set is nearly normal.
        m = row["n_genes"]
        error = r.std(ddof=1) * np.sqrt(1 / m - 1 / len(r))
        p = 2 * stats.norm.sf(abs(row["mean_r"] - r.mean()) / error)
        assert row["naive_p"] == pytest.approx(p, abs=5 * np.sqrt(max(p, 0.01) / 199) + 0.03)


# --- seeds ---


@pytest.mark.long
def test_several_seeds_have_the_mean_r_of_each(opened: Atlas, plain: Plain) -> None:
    seeds = ["NTRK2", "BDNF"]
    rows = rows_by_column(opened.enrich(seeds, **FEW))
    own = [plain.symbols.index(seed) for seed in seeds]
    r = (plain.unit @ plain.unit[own].T).mean(axis=1)
    for row in rows[::20]:
        members = [member for member in plain.members(opened, row["accession"]) if member not in own]
        assert row["n_genes"] == len(members)
        assert row["mean_r"] == pytest.approx(r[members].mean(), abs=1e-9)
        assert row["percentile"] is None  # it is among single genes


@pytest.mark.long
def test_a_map_that_is_the_profile_of_a_gene(opened: Atlas, plain: Plain) -> None:
    """As a map, its own gene counts too."""
    samples = rows_by_column(opened.expression([SEED]))
    profile = {sample["sample_id"]: sample[SEED] for sample in samples}
    as_gene = {row["accession"]: row for row in rows_by_column(opened.enrich(SEED, **FEW))}
    for row in rows_by_column(opened.enrich_map(profile, **FEW))[::20]:
        members = plain.members(opened, row["accession"])
        gene = as_gene[row["accession"]]
        if plain.seed in members:
            expected = (gene["mean_r"] * gene["n_genes"] + 1) / (gene["n_genes"] + 1)
            assert (row["n_genes"], row["mean_r"]) == (gene["n_genes"] + 1, pytest.approx(expected, abs=1e-6))
        else:
            assert (row["n_genes"], row["mean_r"]) == (gene["n_genes"], pytest.approx(gene["mean_r"], abs=1e-6))
            assert row["p_spatial"] == pytest.approx(gene["p_spatial"], abs=0.011)


def test_the_space_is_that_of_the_null_model_too(opened: Atlas) -> None:
    """A map of samples needs no coordinates, and its null model does."""
    profile = {row[0]: row[-1] for row in opened.expression([SEED]).rows}
    assert opened.enrich_map(profile, **FEW, space="allen").provenance.null.space == "allen"


def test_a_map_of_some_samples_uses_these(opened: Atlas) -> None:
    samples = rows_by_column(opened.expression([SEED]))
    half = {sample["sample_id"]: sample[SEED] for sample in samples[::2]}
    result = opened.enrich_map(half, **FEW)
    assert result.provenance.data.n_samples == len(half)
    assert result.provenance.null.components == len(half) - len(result.provenance.data.donors)


def test_a_sample_filter_has_a_null_model_of_its_own(opened: Atlas) -> None:
    result = opened.enrich(SEED, **FEW, sample_filter="Cx")
    correlates = opened.correlates(
        SEED, top=None, method=WITHIN_DONORS, sample_filter="Cx", gene_filter=result.column("accession")[0]
    )
    assert result.column("mean_r")[0] == pytest.approx(np.mean(correlates.column("r")), abs=1e-9)
    assert result.provenance.null.components == result.provenance.data.n_samples - 6


def test_sources_and_order_of_the_same_seed_do_not_change_numbers(opened: Atlas, found: list[dict[str, Any]]) -> None:
    """Except the last digits of single precision: how a product is divided depends on its size, and the processor."""
    of_source = rows_by_column(opened.enrich(SEED, **FEW, source=["go"]))
    assert [row["p_spatial"] for row in of_source] == [row["p_spatial"] for row in found]
    fewer = rows_by_column(opened.enrich(SEED, **{**FEW, "max_size": 12}))
    by_accession = {row["accession"]: row for row in found}
    assert 0 < len(fewer) < len(found)
    for row in fewer:
        same = by_accession[row["accession"]]
        assert {**row, "rank": 0, "q_spatial": 0} == pytest.approx({**same, "rank": 0, "q_spatial": 0}, abs=1e-6)


# --- caches ---


@pytest.mark.long
def test_caches_are_used_and_may_be_deleted(
    synthetic_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = copy_with(synthetic_database, tmp_path / "a[*].duckdb")
    with Atlas(database) as atlas:
        first = atlas.enrich(SEED, **FEW)
        files = {path.name for path in derived_files(database)}
        assert {name.rsplit("-")[0] for name in files} == {"a[*].duckdb.centroids", "a[*].duckdb.moran"}
        again = atlas.enrich(SEED, **FEW)
        assert {path.name for path in derived_files(database)} == files
    for path in derived_files(database):
        path.write_bytes(path.read_bytes()[:-1])  # damaged
    with Atlas(database) as atlas:
        repaired = atlas.enrich(SEED, **FEW)
    for path in derived_files(database):
        path.unlink()
    monkeypatch.setenv("COEXPR_CACHE", "off")
    with Atlas(database) as atlas:
        without = atlas.enrich(SEED, **FEW)
    assert derived_files(database) == []
    for other in (again, repaired, without):
        assert other.rows == first.rows


@pytest.mark.long
def test_old_caches_are_removed(synthetic_database: Path, tmp_path: Path) -> None:
    database = copy_with(synthetic_database, tmp_path / "atlas.duckdb")
    with Atlas(database) as atlas:
        for options in ({}, {"method": "spearman"}, {"method": "bicor"}, {"pooled": True}):
            atlas.enrich(SEED, **FEW, **options)
    assert len(derived_files(database, "moran")) == len(derived_files(database, "centroids")) == 3


# --- categories ---


def test_mean_r_within_a_category(opened: Atlas, plain: Plain, found: list[dict[str, Any]]) -> None:
    accession = found[0]["accession"]
    members = plain.members(opened, accession)
    rows = rows_by_column(opened.coexpression(accession, surrogates=99))
    r = plain.unit[members] @ plain.unit[members].T
    assert rows[0]["mean_r"] == pytest.approx((r.sum() - len(r)) / (len(r) * (len(r) - 1)), abs=1e-9)
    assert (rows[0]["scope"], rows[0]["n_genes"]) == ("all", len(members))
    for row in rows[1:]:
        if row["scope"] == "donor":
            there = plain.donors == row["name"]
            matrix = np.corrcoef(plain.values[members][:, there])
            assert row["mean_r"] == pytest.approx(matrix[~np.eye(len(matrix), dtype=bool)].mean(), abs=1e-6)
            assert row["n_samples"] == np.count_nonzero(there)
    assert {row["scope"] for row in rows} >= {"all", "donor"}


def test_mean_r_between_categories_leaves_out_genes_of_both(opened: Atlas, plain: Plain) -> None:
    one, other = "nervous system development", "synapse organization"
    a, b = plain.members(opened, one), plain.members(opened, other)
    result = opened.coexpression(one, other, surrogates=99)
    only_a, only_b = sorted(set(a) - set(b)), sorted(set(b) - set(a))
    assert result.provenance.genes_in_both == len(set(a) & set(b)) > 0
    row = rows_by_column(result)[0]
    assert row["n_genes"] == len(only_a) + len(only_b)
    assert row["mean_r"] == pytest.approx((plain.unit[only_a] @ plain.unit[only_b].T).mean(), abs=1e-9)


@pytest.mark.long
def test_independent_genes_are_not_found_to_be_expressed_together(synthetic_database: Path, tmp_path: Path) -> None:
    """A category whose genes have noise as expression: p within it is not small."""
    database = copy_with(
        synthetic_database,
        tmp_path / "noise.duckdb",
        "select setseed(0.5)",
        "update expression set log2 = list_transform(log2, lambda x: (8 + random())::float)",
    )
    with Atlas(database) as atlas:
        row = rows_by_column(atlas.coexpression("synapse organization", surrogates=199))[0]
    assert row["null_low"] < row["mean_r"] < row["null_high"]
    assert row["p_spatial"] > 0.025


# --- bad input ---


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"surrogates": 0}, OptionError, r"`surrogates` 0: expected a whole number from 99 to 100,000"),
        ({"surrogates": 10**7}, OptionError, r"`surrogates` 10000000: expected"),
        ({"min_size": 0}, OptionError, r"`min_size` 0: expected a whole number of at least 1"),
        ({"min_size": 50, "max_size": 20}, OptionError, r"`min_size` 50 is larger than `max_size` 20"),
        ({"alternative": "both"}, OptionError, r"`alternative` 'both': expected one of two-sided, greater, less"),
        ({"weights": "near"}, OptionError, r"`weights` 'near': expected one of measured, distance"),
        ({"seed_random": -1}, OptionError, r"`seed_random` -1: expected a whole number of at least 0"),
        ({"source": "KEGG"}, NotFoundError, r"`source` 'KEGG': no category of these sizes is from it. There are: GO"),
        ({"min_size": 1500, "max_size": 1600}, NotFoundError, r"no category has 1,500 to 1,600 genes"),
        ({"method": WITHIN_DONORS}, OptionError, r"`adjust`: r is computed within donors here"),
        ({"space": "corrected"}, NotFoundError, r"no sample of this database has corrected MNI coordinates"),
    ],
)
def test_bad_options(opened: Atlas, options: dict[str, Any], error: type[CoexprError], message: str) -> None:
    with pytest.raises(error, match=message):
        opened.enrich(SEED, **{**FEW, **options})


def test_bad_seeds(opened: Atlas) -> None:
    with pytest.raises(OptionError, match="`seeds` is missing"):
        opened.enrich([], **FEW)
    with pytest.raises(NotFoundError, match="NTKR2"):
        opened.enrich("NTKR2", **FEW)
    structures = rows_by_column(opened.structures())[:3]
    with pytest.raises(MapError):
        opened.enrich_map({str(row["structure_id"]): number for number, row in enumerate(structures)}, **FEW)


def test_a_constant_seed(synthetic_database: Path, tmp_path: Path) -> None:
    """Constant within donors: nothing is left when their means are removed."""
    database = copy_with(
        synthetic_database,
        tmp_path / "constant.duckdb",
        "update expression set log2 = list_transform(log2, lambda x: donor_id::float / 1000) where probe_id in "
        "(select probe_id from probes join genes using (gene_id) where gene_symbol = 'NTRK2')",
    )
    with Atlas(database) as atlas, pytest.raises(OptionError, match="the profile of NTRK2 is constant within each"):
        atlas.enrich(SEED, **FEW)


def test_samples_without_coordinates(synthetic_database: Path, tmp_path: Path) -> None:
    database = copy_with(
        synthetic_database, tmp_path / "some.duckdb", "update samples set mni_x = null where position <= 2"
    )
    with (
        Atlas(database) as atlas,
        pytest.raises(NotFoundError, match="12 of 90 samples have no MNI coordinates of Allen"),
    ):
        atlas.enrich(SEED, **FEW)


def test_too_few_samples(opened: Atlas) -> None:
    with pytest.raises(TooFewSamplesError, match=r"12 samples of 2 groups are too few for surrogates"):
        opened.enrich(SEED, **FEW, sample_filter=SampleFilter(("Amg",), None, ("9861", "10021")))


def test_bad_categories(opened: Atlas) -> None:
    name = "synapse organization"
    with pytest.raises(NotFoundError, match=f"nothing is left of {name}: its .* are in both categories"):
        opened.coexpression(name, name)
    with pytest.raises(NotFoundError, match="no category is named 'synaps organisation'"):
        opened.coexpression("synaps organisation")


def test_heatmaps_without_coordinates_say_what_to_load(gabra4: Path) -> None:
    with Atlas(gabra4) as atlas, pytest.raises(NotFoundError, match=r"has MNI coordinates.*corrected_mni_coordinates"):
        atlas.enrich("GABRA4", min_size=1)


@pytest.mark.long
def test_a_database_of_one_gene(gabra4: Path, shared_data: Path, tmp_path: Path) -> None:
    """With coordinates, but no category of ten genes, or of any gene besides the seed."""
    database = copy_with(gabra4, tmp_path / "one.duckdb")
    ingest([shared_data / "probes" / "corrected_mni_coordinates.csv.gz"], database)
    for smallest in (1, 10):
        with Atlas(database) as atlas, pytest.raises(NotFoundError, match=f"no category has {smallest} to 200 genes"):
            atlas.enrich("GABRA4", min_size=smallest)
