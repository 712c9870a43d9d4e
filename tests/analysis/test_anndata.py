"""Expression as AnnData: the values of the tables, labelled, for scanpy."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.missing_values import remove_values
from helpers.profiles import profile

from coexpr.analysis.labels import Label
from coexpr.atlas import Atlas
from coexpr.database.writing import open_for_writing
from coexpr.errors import OptionError, TooFewSamplesError
from coexpr.options import GeneFilter, ProbeSelection, SampleFilter

anndata = pytest.importorskip("anndata", reason="anndata is not installed")
pandas = pytest.importorskip("pandas")

CATEGORY = "nervous system development"
ABOUT_SAMPLES = ["donor", "structure_id", "acronym", "structure_name", "hemisphere", "mni_x", "mni_y", "mni_z"]
AS_CATEGORIES = ["donor", "acronym", "structure_name", "hemisphere", "top_level_structure"]
COORDINATES = ["mni_x", "mni_y", "mni_z"]


@pytest.fixture(scope="module")
def database_with_missing_values(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("missing") / "missing.duckdb"
    shutil.copyfile(synthetic_database, path)
    with open_for_writing(path) as connection:
        remove_values(connection)
    return path


@pytest.fixture
def missing(database_with_missing_values: Path) -> Iterator[Atlas]:
    with Atlas(database_with_missing_values) as opened:
        yield opened


def stored(atlas: Atlas, probe_ids: list[int], sample_ids: list[int]) -> np.ndarray:
    """Return the expression of probes (columns) in samples (rows), read directly from the tables; NaN where missing."""
    values = {
        (sample_id, probe_id): np.nan if log2 is None else log2
        for sample_id, probe_id, log2 in atlas.sql(
            "select sample_id, probe_id, log2[position] from expression join samples using (donor_id) "
            "where probe_id in (select unnest($probe_ids))",
            {"probe_ids": probe_ids},
        ).fetchall()
    }
    # A donor without the probe has no row.
    rows = [[values.get((sample, probe), np.nan) for probe in probe_ids] for sample in sample_ids]
    return np.array(rows, dtype=np.float32)


def without_nan(column: "pandas.Series") -> list[object]:
    return [None if pandas.isna(value) else value for value in column]


def check(data: "anndata.AnnData", atlas: Atlas) -> None:
    """Check that values and labels are those of the tables; every profile is that of one probe."""
    assert data.X.dtype == np.float32
    assert data.X.flags.c_contiguous
    sample_ids = [int(name) for name in data.obs_names]
    np.testing.assert_array_equal(data.X, stored(atlas, data.var["probe_id"].tolist(), sample_ids))

    details = atlas.sql(
        "select sample_id, donor_name as donor, structure_id, acronym, structure_name, hemisphere, mni_x, mni_y, mni_z "
        "from sample_details order by donor_id, position"
    ).df()
    expected = details.set_index("sample_id").loc[[name for name in details["sample_id"] if name in set(sample_ids)]]
    assert expected.index.tolist() == sample_ids  # by donor and position
    for name in ABOUT_SAMPLES:
        assert without_nan(data.obs[name]) == without_nan(expected[name])
    assert data.obs["structure_id"].dtype == np.int64

    labels = atlas.sql(
        "select probe_id, probe_name, gene_symbol, gene_name, entrez_id from probes join genes using (gene_id)"
    ).fetchall()
    by_probe = {row[0]: row for row in labels}
    for row in data.var.itertuples(index=False):
        assert tuple(None if value is pandas.NA else value for value in row) == by_probe[row.probe_id]


def test_values_are_those_of_the_tables(atlas: Atlas) -> None:
    data = atlas.to_anndata(["A_23_P216779", "BDNF", "NTRK2"])
    check(data, atlas)
    assert data.shape == (90, 3)
    assert data.var_names.tolist() == ["A_23_P216779", "BDNF", "NTRK2"]
    np.testing.assert_array_equal(data.X[:, 0], profile(atlas, "A_23_P216779").astype(np.float32))
    assert data.var["gene_symbol"].tolist() == ["NTRK2", "BDNF", "NTRK2"]
    assert data.var.loc["BDNF", "probe_name"] == atlas.probes("BDNF").provenance.recommendation.probe


def test_it_is_documented(atlas: Atlas) -> None:
    data = atlas.to_anndata("NTRK2")
    assert list(data.obs.columns) == [*ABOUT_SAMPLES, "top_level_structure"]
    assert [name for name in data.obs if data.obs[name].dtype == "category"] == AS_CATEGORIES
    assert data.obs.index.name == "sample_id"
    assert data.obs_names.is_unique
    assert list(data.var.columns) == list(Label._fields)
    assert [str(data.var[name].dtype) for name in ("probe_id", "entrez_id")] == ["Int64", "Int64"]
    assert list(data.obsm) == ["spatial"]
    assert list(data.uns) == ["provenance"]
    np.testing.assert_array_equal(data.obsm["spatial"], data.obs[COORDINATES])
    assert data.obsm["spatial"].dtype == np.float64
    assert np.isfinite(data.obsm["spatial"]).all()

    top_level = dict(
        atlas.sql(
            "select sample_id::varchar, top.acronym from samples "
            "left join top_level_structures as top using (structure_id)"
        ).fetchall()
    )
    assert data.obs["top_level_structure"].tolist() == [top_level[name] for name in data.obs_names]

    expression = atlas.expression("NTRK2")
    provenance = json.loads(data.uns["provenance"])
    assert provenance["data"]["n_samples"] == 90
    assert provenance["profiles"] == expression.provenance.profiles
    assert provenance["coexpr_version"] == expression.provenance.coexpr_version
    assert data.uns["provenance"] == expression.to_anndata().uns["provenance"]


def test_the_result_of_expression_gives_the_same(atlas: Atlas) -> None:
    options = {"gene_filter": CATEGORY, "sample_filter": "Cx"}
    ours, theirs = atlas.to_anndata(**options), atlas.expression(**options).to_anndata()
    assert_equal(ours, theirs)
    frame = atlas.expression(**options).to_pandas()
    np.testing.assert_array_equal(ours.X, frame[ours.var_names.tolist()].to_numpy(dtype=np.float32))
    assert ours.obs_names.tolist() == frame["sample_id"].astype(str).tolist()


def test_genes_of_a_category_in_some_samples(atlas: Atlas) -> None:
    cortex = SampleFilter(structures="Cx", hemisphere="L", donors=["H0351.2001", "H0351.1009"])
    data = atlas.to_anndata(gene_filter=CATEGORY, sample_filter=cortex)
    check(data, atlas)
    members = {row[0] for row in atlas.members(CATEGORY) if row[-1] == "with expression data"}
    assert set(data.var["gene_symbol"]) == members
    assert data.n_vars == len(members) > 10
    assert set(data.obs["donor"]) == {"H0351.2001", "H0351.1009"}
    assert set(data.obs["hemisphere"]) == {"L"}
    below = {structure for (structure,) in atlas.sql("select structure_id from descendants('Cx')").fetchall()}
    assert set(data.obs["structure_id"]) <= below
    # scanpy draws a legend entry for each.
    for name in AS_CATEGORIES:
        assert set(data.obs[name].cat.categories) == set(data.obs[name])
    provenance = json.loads(data.uns["provenance"])
    assert provenance["data"]["n_samples"] == data.n_obs
    assert provenance["gene_filter"]["categories"][0]["name"] == CATEGORY


def test_all_probes_of_genes(atlas: Atlas) -> None:
    data = atlas.to_anndata(["NTRK2", "BDNF"], level="probe")
    check(data, atlas)
    assert data.shape == (90, 7 + 2)
    assert sorted(data.var["gene_symbol"]) == ["BDNF"] * 2 + ["NTRK2"] * 7
    assert data.var_names.tolist() == data.var["probe_name"].tolist()
    listed = atlas.to_anndata(gene_filter=GeneFilter(genes=["NTRK2", "BDNF"]), level="probe")
    assert set(listed.var_names) == set(data.var_names)


def test_a_profile_of_several_probes_has_no_probe(atlas: Atlas) -> None:
    data = atlas.to_anndata(["A_32_P7316", "NTRK2"], probe_selection="average")
    assert data.var["probe_id"].isna().tolist() == [False, True]
    assert data.var["probe_name"].tolist() == ["A_32_P7316", "mean of 7 probes"]
    assert data.var["entrez_id"].tolist() == [627, 4915]
    mean = np.mean([profile(atlas, probe) for probe in atlas.probes("NTRK2").column("probe_name")], axis=0)
    np.testing.assert_allclose(data.X[:, 1], mean, atol=1e-6)
    of_donors = atlas.to_anndata("NTRK2", probe_selection=ProbeSelection("max-mean", scope="per-donor"))
    assert of_donors.X.shape == (90, 1)


def test_r_of_its_columns_is_r_of_the_pair(atlas: Atlas) -> None:
    data = atlas.to_anndata(["NTRK2", "BDNF"])
    r = np.corrcoef(data.X.T.astype(np.float64))[0, 1]
    assert r == pytest.approx(atlas.pair("NTRK2", "BDNF").provenance.r, abs=1e-6, rel=0)
    category = atlas.to_anndata(gene_filter=CATEGORY, sample_filter="Cx")
    matrix = atlas.correlation_matrix(gene_filter=CATEGORY, sample_filter="Cx")
    assert category.var_names.tolist() == list(matrix.names)
    np.testing.assert_allclose(np.corrcoef(category.X.T.astype(np.float64)), matrix.r, atol=1e-6, rtol=0)


def test_missing_values_are_nan(missing: Atlas) -> None:
    # Every seventh probe lacks two donors, and every eleventh lacks one sample of each donor: see `remove_values`.
    probes = missing.sql("select probe_id::varchar from probes order by probe_id").fetchall()
    data = missing.to_anndata([name for (name,) in probes])
    check(data, missing)
    is_missing = np.isnan(data.X)
    ids = data.var["probe_id"].to_numpy(dtype=np.int64)
    donors = data.obs["donor"].isin(["H0351.2001", "H0351.1016"]).to_numpy()
    assert is_missing[np.ix_(donors, ids % 7 == 0)].all()
    assert not is_missing[:, (ids % 7 != 0) & (ids % 11 != 0) & (ids % 13 != 0)].any()
    eleventh = (ids % 11 == 0) & (ids % 7 != 0) & (ids % 13 != 0) & (ids % 31 != 0)
    assert (is_missing[:, eleventh].sum(axis=0) == 6).all()
    assert eleventh.sum() > 5
    some = missing.to_anndata(data.var_names[is_missing.any(axis=0)][:1].tolist(), sample_filter="Cx")
    check(some, missing)
    assert some.n_obs < data.n_obs


def test_names_are_unique_where_two_genes_share_a_symbol(synthetic_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "shared.duckdb"
    shutil.copyfile(synthetic_database, path)
    with open_for_writing(path) as connection:
        connection.execute("update genes set gene_symbol = 'NTRK2' where gene_symbol = 'BDNF'")
    with Atlas(path) as atlas:
        data = atlas.to_anndata(["4915", "627"])
    assert data.var_names.tolist() == ["NTRK2 (4915)", "NTRK2 (627)"]
    assert data.var["gene_symbol"].tolist() == ["NTRK2", "NTRK2"]


def assert_equal(read: "anndata.AnnData", data: "anndata.AnnData") -> None:
    np.testing.assert_array_equal(read.X, data.X)
    assert read.X.dtype == data.X.dtype
    pandas.testing.assert_frame_equal(read.obs, data.obs)
    pandas.testing.assert_frame_equal(read.var.fillna(np.nan), data.var.fillna(np.nan), check_dtype=False)
    np.testing.assert_array_equal(read.obsm["spatial"], data.obsm["spatial"])
    assert read.uns["provenance"] == data.uns["provenance"]


@pytest.mark.parametrize(
    "options",
    [
        {"items": ["A_23_P216779", "BDNF"]},
        {"gene_filter": CATEGORY, "sample_filter": "Cx"},
        {"items": ["NTRK2"], "level": "probe"},
        {"items": ["NTRK2", "BDNF"], "probe_selection": "average"},
        {"items": ["NTRK2"], "sample_filter": SampleFilter(hemisphere="R")},
    ],
    ids=["items", "category", "probes", "average", "right"],
)
def test_a_file_holds_the_same(atlas: Atlas, tmp_path: Path, options: dict) -> None:
    data = atlas.to_anndata(**options)
    data.write_h5ad(tmp_path / "values.h5ad")
    read = anndata.read_h5ad(tmp_path / "values.h5ad")
    assert_equal(read, data)
    assert read.obs.index.name == "sample_id"
    assert json.loads(read.uns["provenance"])["data"]["n_samples"] == data.n_obs


def test_a_file_of_all_genes_and_of_missing_values(missing: Atlas, tmp_path: Path) -> None:
    # Many genes have no Entrez id; each is its own placeholder.
    symbols = [name for (name,) in missing.sql("select distinct gene_symbol from gene_summary").fetchall()]
    data = missing.to_anndata(gene_filter=GeneFilter(genes=symbols))
    assert data.var["entrez_id"].isna().any()
    data.write_h5ad(tmp_path / "values.h5ad")
    assert_equal(anndata.read_h5ad(tmp_path / "values.h5ad"), data)


def test_errors_are_those_of_expression(atlas: Atlas) -> None:
    with pytest.raises(OptionError, match="one of the two"):
        atlas.to_anndata()
    with pytest.raises(OptionError, match="expected probe or gene"):
        atlas.to_anndata("NTRK2", level="sample")
    with pytest.raises(TooFewSamplesError, match="no sample is left"):
        atlas.to_anndata("NTRK2", sample_filter=SampleFilter("HiF", hemisphere="R", donors=["H0351.1009"]))


@pytest.mark.long
def test_the_real_heatmap_download(gabra4: Path, tmp_path: Path) -> None:
    with Atlas(gabra4) as atlas:
        data = atlas.to_anndata("GABRA4", level="probe")
        assert data.shape == (3702, 112)
        check(data, atlas)
        a, b = data.var_names[:2]
        pair = atlas.pair(a, b)
    r = np.corrcoef(data.X[:, :2].T.astype(np.float64))[0, 1]
    assert r == pytest.approx(pair.provenance.r, abs=1e-6, rel=0)
    # A heatmap download has no MNI coordinates.
    assert np.isnan(data.obsm["spatial"]).all()
    assert data.obsm["spatial"].shape == (3702, 3)
    assert data.obs["top_level_structure"].notna().all()
    data.write_h5ad(tmp_path / "gabra4.h5ad")
    assert_equal(anndata.read_h5ad(tmp_path / "gabra4.h5ad"), data)


# scanpy 1.11 calls a function that matplotlib 3.11 deprecates.
@pytest.mark.filterwarnings("ignore:The set_bad function:PendingDeprecationWarning")
def test_scanpy_computes_and_draws(atlas: Atlas, tmp_path: Path) -> None:
    scanpy = pytest.importorskip("scanpy", reason="scanpy is not installed")
    data = atlas.to_anndata(gene_filter=CATEGORY)
    scanpy.pp.pca(data, n_comps=5, svd_solver="full")
    # The same components from numpy: scores of the centered values.
    centered = data.X.astype(np.float64) - data.X.mean(axis=0, dtype=np.float64)
    left, singular, _ = np.linalg.svd(centered, full_matrices=False)
    np.testing.assert_allclose(np.abs(data.obsm["X_pca"]), np.abs(left * singular)[:, :5], atol=1e-3)

    from matplotlib import pyplot

    genes = data.var_names[:10].tolist()
    axes = scanpy.pl.heatmap(data, genes, groupby="top_level_structure", show=False)
    assert {"heatmap_ax", "groupby_ax"} <= set(axes)
    axes["heatmap_ax"].figure.savefig(tmp_path / "heatmap.png")
    scanpy.pl.pca(data, color="donor", show=False)
    scanpy.pl.embedding(data, basis="spatial", color="BDNF", show=False)
    pyplot.close("all")
    assert (tmp_path / "heatmap.png").stat().st_size > 5000
