"""Queries that use some of the samples, by structure, hemisphere or donor, and other correlation methods."""

import json
import re
from pathlib import Path

import duckdb
import numpy as np
import pytest
from helpers.command import run
from helpers.profiles import profile

from coexpr.analysis.between_donors import compare_donors
from coexpr.analysis.design import find_design
from coexpr.atlas import Atlas
from coexpr.database.samples import find_samples
from coexpr.errors import AmbiguousNameError, CoexprError, NotFoundError, OptionError, TooFewSamplesError
from coexpr.loading.downloads import ingest
from coexpr.options import CorrelationMethod, GeneFilter, ProbeSelection, SampleFilter
from coexpr.stats.measures import Estimator, measure_all, measure_seed
from coexpr.stats.meta_analysis import benjamini_hochberg, combine_donors, mean_of_donors

SEED = "A_23_P216779"


def labels(atlas: Atlas) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return donor, structure and hemisphere of every sample, in the order of the columns of a matrix."""
    rows = atlas.sql(
        "select donor_id, structure_id, hemisphere from samples join structures using (structure_id) "
        "order by donor_id, position"
    ).fetchall()
    donors, structures, hemispheres = zip(*rows, strict=True)
    return np.array(donors), np.array(structures), np.array(hemispheres)


def below(atlas: Atlas, acronym: str) -> np.ndarray:
    """Return the structures of an acronym and those below, found by following the tree upwards."""
    nodes = {
        row[0]: row[1:]
        for row in atlas.sql("select structure_id, parent_structure_id, acronym from structures").fetchall()
    }
    found = []
    for node in nodes:
        step: int | None = node
        while step is not None:
            if nodes[step][1] == acronym:
                found.append(node)
                break
            step = nodes[step][0]
    return np.array(found)


def kept_by(atlas: Atlas, sample_filter: SampleFilter) -> np.ndarray:
    """Return which samples a filter by acronyms, hemisphere and donors keeps, by its definition."""
    donors, structures, hemispheres = labels(atlas)
    kept = np.ones(len(donors), dtype=bool)
    if sample_filter.structures:
        kept &= np.isin(structures, np.concatenate([below(atlas, acronym) for acronym in sample_filter.structures]))
    if sample_filter.hemisphere:
        kept &= hemispheres == sample_filter.hemisphere
    if sample_filter.donors:
        kept &= np.isin(donors, [{"9861": 9861, "h0351.2002": 10021}[name] for name in sample_filter.donors])
    return kept


@pytest.mark.long
@pytest.mark.parametrize(
    "sample_filter",
    [
        SampleFilter(structures=("Cx",)),
        SampleFilter(structures=("Cx", "DiE"), hemisphere="L"),
        SampleFilter(donors=("9861", "h0351.2002")),
        SampleFilter(hemisphere="R"),
    ],
)
def test_only_samples_of_the_filter_are_used(atlas: Atlas, sample_filter: SampleFilter) -> None:
    kept = kept_by(atlas, sample_filter)
    assert 10 <= kept.sum() < len(kept)
    result = atlas.correlates(SEED, sample_filter=sample_filter, top=30)
    x = profile(atlas, SEED)[kept]
    for row in result:
        assert row[-1] == kept.sum()
        assert row[-2] == pytest.approx(np.corrcoef(x, profile(atlas, row[2])[kept])[0, 1], abs=1e-12)
    matrix = atlas.correlation_matrix([SEED, "CUST_1359_PI416573500"], sample_filter=sample_filter)
    pair = atlas.pair(SEED, "CUST_1359_PI416573500", sample_filter=sample_filter)
    assert matrix.r[0, 1] == pytest.approx(pair.probes.column("r")[0], abs=1e-12)
    donors = labels(atlas)[0]
    assert pair.donors.column("n") == [int((kept & (donors == donor)).sum()) for donor in np.unique(donors[kept])]


def test_probe_selection_does_not_depend_on_the_samples(atlas: Atlas) -> None:
    cortex = SampleFilter(structures=("Cx",))
    for rule in ("max-mean", "connectivity", "pc-loading", "eigengene"):
        whole = atlas.correlates("NTRK2", probe_selection=ProbeSelection(rule), top=None)
        part = atlas.correlates("NTRK2", probe_selection=ProbeSelection(rule), top=None, sample_filter=cortex)
        assert {row[3]: row[1:3] for row in whole.rows} == {row[3]: row[1:3] for row in part.rows}


def test_a_name_without_a_side_means_both_hemispheres(atlas: Atlas) -> None:
    with duckdb.connect(atlas.path, read_only=True) as connection:
        both, region = find_samples(connection, SampleFilter(structures=("cerebral cortex",)))
        by_acronym, _ = find_samples(connection, SampleFilter(structures=("Cx",)))
        left, _ = find_samples(connection, SampleFilter(structures=("frontal lobe, left", "parietal lobe, left")))
        lobe, _ = find_samples(connection, SampleFilter(structures=("Frontal Lobe", "parietal lobe")))
    np.testing.assert_array_equal(both.positions, by_acronym.positions)
    assert region.structures == ["cerebral cortex (Cx)"]
    assert 0 < len(left) < len(lobe)


@pytest.mark.parametrize("name", ["Cx", "Frontal Lobe", "frontal lobe, left", "4391", "Br"])
def test_sql_returns_the_same_samples(atlas: Atlas, name: str) -> None:
    statement = "select count(*) from samples semi join descendants($name) using (structure_id)"
    ((count,),) = atlas.sql(statement, {"name": name}).fetchall()
    with duckdb.connect(atlas.path, read_only=True) as connection:
        samples, _ = find_samples(connection, SampleFilter(structures=(name,)))
    assert len(samples) == count > 0


def test_hemispheres_are_found_by_names_where_no_tree_is_loaded(gabra4: Path) -> None:
    with duckdb.connect(gabra4, read_only=True) as connection:
        left, right = (len(find_samples(connection, SampleFilter(hemisphere=side))[0]) for side in ("L", "R"))
        frontal, _ = find_samples(connection, SampleFilter(structures=("FL",)))
    assert (left, right) == (2656, 908)
    assert len(frontal) == 537


@pytest.mark.parametrize(
    ("sample_filter", "error", "message"),
    [
        (
            SampleFilter(structures=("frontal",)),
            NotFoundError,
            r"no structure is named 'frontal'.*Similar: frontal lobe \(FL\)",
        ),
        (SampleFilter(donors=("1234",)), NotFoundError, "this database has no donor 1234. Its donors are: H0351.2001"),
        (
            SampleFilter(structures=("WM",), donors=("9861",)),
            TooFewSamplesError,
            r"\d samples? (is|are) left.*needs at least 10",
        ),
    ],
)
def test_filters_that_leave_too_few_samples_are_refused(
    atlas: Atlas, sample_filter: SampleFilter, error: type[CoexprError], message: str
) -> None:
    for query in (
        lambda: atlas.correlates(SEED, sample_filter=sample_filter),
        lambda: atlas.pair(SEED, "BDNF", sample_filter=sample_filter),
        lambda: atlas.correlation_matrix([SEED, "BDNF"], sample_filter=sample_filter),
        lambda: atlas.probes("NTRK2", sample_filter=sample_filter),
    ):
        with pytest.raises(error, match=message):
            query()


def test_acronyms_that_differ_by_case(tmp_path: Path, synthetic_database: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    path.write_bytes(synthetic_database.read_bytes())
    with duckdb.connect(path) as connection:
        connection.execute(
            "insert into structures (structure_id, acronym, name) values (1, 'mtg', 'a'), (2, 'MTG', 'b')"
        )
        connection.execute("update structures set acronym = 'MTg' where structure_id = 4008")
        with pytest.raises(AmbiguousNameError, match="mTg can mean MTG, MTg, mtg"):
            find_samples(connection, SampleFilter(structures=("mTg",)))
        assert len(find_samples(connection, SampleFilter(structures=("MTg",)))[0]) > 0
        with pytest.raises(TooFewSamplesError, match="no sample is left"):
            find_samples(connection, SampleFilter(structures=("mtg",)))


@pytest.mark.long
@pytest.mark.parametrize(
    "method",
    [
        CorrelationMethod("spearman"),
        CorrelationMethod("bicor"),
        CorrelationMethod("bicor", 0.05),
        CorrelationMethod(adjust="donor"),
    ],
)
def test_methods_apply_to_every_query(atlas: Atlas, method: CorrelationMethod) -> None:
    other = "CUST_1359_PI416573500"
    factors = (labels(atlas)[0],) if method.adjust else ()
    estimator = Estimator(method.name, method.max_p_outliers, factors)
    (expected,), _ = measure_seed(profile(atlas, SEED), profile(atlas, other)[None], estimator)
    rows = {row[2]: row[-2] for row in atlas.correlates(SEED, method=method, top=None).rows}
    assert rows[other] == pytest.approx(expected, abs=1e-12)
    assert atlas.pair(SEED, other, method=method).probes.column("r")[0] == pytest.approx(expected, abs=1e-12)
    assert atlas.correlation_matrix([SEED, other], method=method).r[0, 1] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "kendall"}, "`method` 'kendall': expected one of pearson"),
        ({"max_p_outliers": 0.05}, "`max_p_outliers` applies to bicor only"),
        ({"name": "bicor", "max_p_outliers": 0}, "a fraction above 0"),
        ({"adjust": "age"}, "`adjust` 'age': expected one of donor, structure, donor"),
    ],
)
def test_an_invalid_method_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        CorrelationMethod(**wrong)


def test_factors_without_degrees_of_freedom_are_refused(tmp_path: Path, synthetic_database: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    path.write_bytes(synthetic_database.read_bytes())
    with duckdb.connect(path) as connection:
        connection.execute("update samples set structure_id = 1000000 + sample_id")
    with (
        Atlas(path) as atlas,
        pytest.raises(TooFewSamplesError, match=r"leaves no degree of freedom: 90 samples of 90"),
    ):
        atlas.correlates(SEED, method=CorrelationMethod(adjust="structure"))


def test_columns_by_donor_and_their_statistics(atlas: Atlas) -> None:
    result = atlas.correlates("NTRK2", by_donor=True, stats=True, naive_p=True, top=None, gene_filter=["GO:0007399"])
    frame = result.to_pandas()
    donors = labels(atlas)[0]
    seed = profile(atlas, result.provenance.seed.probe)
    everything = atlas.correlates("NTRK2", stats=True, top=None).to_pandas().set_index("gene_symbol")
    p = []
    for _, row in frame.iterrows():
        x = profile(atlas, row["probe_name"])
        r = np.array([[np.corrcoef(seed[donors == donor], x[donors == donor])[0, 1]] for donor in np.unique(donors)])
        n = np.array([[np.sum(donors == donor)] for donor in np.unique(donors)])
        over, mean = combine_donors(r, n), mean_of_donors(r, n)
        np.testing.assert_allclose(row.filter(like="r_H0351").to_numpy(float), r[:, 0], atol=1e-12)
        assert row["random_r"] == pytest.approx(over.r[0], abs=1e-12)
        assert row["donor_mean_r"] == pytest.approx(mean.r[0], abs=1e-12)
        assert row["same_sign"] == over.same_sign[0]
        without = [np.corrcoef(seed[donors != donor], x[donors != donor])[0, 1] for donor in np.unique(donors)]
        assert row["lowest_without_one"] == pytest.approx(min(without), abs=1e-12)
        assert row["highest_without_one"] == pytest.approx(max(without), abs=1e-12)
        assert row["q"] == pytest.approx(everything.loc[row["gene_symbol"], "q"], abs=1e-12)
        p.append(mean.p[0])
    np.testing.assert_allclose(frame["q_category"].to_numpy(float), benjamini_hochberg(np.array(p)), atol=1e-12)
    assert (frame["naive_p"].to_numpy(float) <= 1).all()


def test_p_is_reported_only_on_request(atlas: Atlas) -> None:
    columns = atlas.correlates("NTRK2", top=1).columns
    assert not [name for name in columns if name in ("p", "q") or "naive" in name or "ci95" in name]
    with pytest.raises(OptionError, match="`stats` compares donors"):
        atlas.correlates("NTRK2", stats=True, sample_filter=SampleFilter(donors=("9861",)))
    with pytest.raises(OptionError, match="`naive_p` applies to Pearson's r only"):
        atlas.correlates("NTRK2", naive_p=True, method=CorrelationMethod("spearman"))


@pytest.mark.long
def test_a_constant_profile_has_no_r_by_any_method(tmp_path: Path, synthetic_database: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    path.write_bytes(synthetic_database.read_bytes())
    with duckdb.connect(path) as connection:
        connection.execute(
            "update expression set log2 = list_transform(log2, lambda x: 7::float) "
            "where probe_id = (select probe_id from probes where probe_name = 'A_24_P343559')"
        )
    with Atlas(path) as atlas:
        for method in (
            None,
            CorrelationMethod("spearman"),
            CorrelationMethod("bicor"),
            CorrelationMethod(adjust="structure"),
        ):
            rows = {row[2]: row for row in atlas.correlates(SEED, top=None, method=method, by_donor=True).rows}
            constant = rows["A_24_P343559"]
            assert (constant[0], constant[6], constant[8]) == (None, None, None)


@pytest.mark.long
def test_known_numbers_of_gabra4(gabra4: Path) -> None:
    a, b = "A_23_P56883", "A_32_P204137"
    with Atlas(gabra4) as atlas:
        pair = atlas.pair(a, b, observed_r="0.9381")
        pooled, *donors = pair.combined().column("r")
        scales = {(row.scale, row.resolution, row.donors): row for row in pair.scales}
        by_method = {
            method: atlas.pair(a, b, method=method).provenance.r
            for method in (CorrelationMethod("spearman"), CorrelationMethod("bicor"), CorrelationMethod(adjust="donor"))
        }
    assert pooled == pytest.approx(0.910995, abs=5e-7)
    assert donors == pytest.approx([0.890187, 0.912032, 0.898909, 0.949821, 0.946787, 0.947352], abs=5e-7)
    assert list(by_method.values()) == pytest.approx([0.852406, 0.903952, 0.920721], abs=5e-7)
    assert scales["z within donor", "samples", "pooled"].r == pytest.approx(0.919755, abs=5e-7)
    assert scales["log2", "structures", "pooled"].r == pytest.approx(0.938109, abs=5e-7)
    assert scales["log2", "structures", "pooled"].n == 841
    assert pair.provenance.donors.q == pytest.approx(106.1, abs=0.05)
    assert pair.provenance.donors.fixed_r == pytest.approx(0.923587, abs=5e-7)
    assert pair.provenance.observed_r.fits == [scales["log2", "structures", "pooled"]]
    assert "averaged by structure" in pair.provenance.observed_r.sentence


@pytest.mark.parametrize(("observed", "fits"), [("0.911", True), ("0.50", False)])
def test_an_r_from_elsewhere_is_explained(gabra4: Path, observed: str, fits: bool) -> None:
    done = run("pair", "A_23_P56883", "A_32_P204137", "--observed-r", observed, "--db", gabra4, "--format", "json")
    explanation = json.loads(done.stdout)["provenance"]["observed_r"]
    assert bool(explanation["fits"]) == fits
    assert explanation["sentence"] in done.stderr
    assert ("what the atlas's Find Correlates and coexpr compute" in explanation["sentence"]) == fits


@pytest.mark.long
def test_an_r_that_fits_several_scales_or_another_method(gabra4: Path) -> None:
    a, b = "A_23_P56883", "A_32_P204137"
    with Atlas(gabra4) as atlas:
        several = atlas.pair(a, b, observed_r="0.92").provenance.observed_r
        assert len(several.fits) == 2
        assert "Give more decimals" in several.sentence
        bicor = atlas.pair(a, b, observed_r="0.904", method=CorrelationMethod("bicor")).provenance.observed_r
        assert bicor.sentence.startswith("0.904 is bicor of log2 intensity, of single samples, all donors pooled")
        adjusted = atlas.pair(a, b, observed_r="0.529", method=CorrelationMethod(adjust="donor+structure"))
        assert "is the r computed here" in adjusted.provenance.observed_r.sentence
        # Each donor loses one degree of freedom less than it has structures; counted from the samples.
        counted = "select donor_id, count(*), count(distinct structure_id) from samples group by all order by 1"
        weights = np.array([n - 3 - (structures - 1) for _, n, structures in atlas.sql(counted).fetchall()])
        z = np.arctanh(adjusted.donors.column("r"))
        q = np.sum(weights * (z - np.sum(weights * z) / weights.sum()) ** 2)
        assert adjusted.provenance.donors.q == pytest.approx(q, rel=1e-9)
        for observed in ("0.9", "1", "x", "1.01"):
            with pytest.raises(OptionError, match="expected an r, from -1 to 1, with all decimals"):
                atlas.pair(a, b, observed_r=observed)


def test_r_of_fewer_than_four_samples_is_missing(atlas: Atlas) -> None:
    few = SampleFilter(structures=("FL", "PL"))
    donors = atlas.pair(SEED, "CUST_1359_PI416573500", sample_filter=few).donors
    assert any(n < 4 for n in donors.column("n"))
    for _, r, n in donors:
        assert (r is None) == (n < 4)


def test_a_probe_that_disagrees_with_its_gene_is_reported(gabra4: Path, atlas: Atlas) -> None:
    with Atlas(gabra4) as real:
        disagreements = real.correlates("GABRA4", level="probe", top=1).provenance.disagreements
        assert disagreements["GABRA4"].others == 111
        in_probes = next(row[8] for row in real.probes("GABRA4").rows if row[1] == "CUST_542_PI417557136")
        assert disagreements["GABRA4"].mean_r == pytest.approx(in_probes, abs=1e-9)
        assert not real.correlates(
            "GABRA4", level="probe", top=1, probe_selection=ProbeSelection("diff-stability")
        ).provenance.disagreements
    stderr = run("query", "GABRA4", "--level", "probe", "--db", gabra4).stderr
    assert "Warning: this probe disagrees with GABRA4's other 111 probes (mean r -0.09)" in stderr
    assert not atlas.correlates("NTRK2", top=1).provenance.disagreements


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank_overall": False}, "applies to categories, and none is given"),
        ({"probe": "A_24_P343559", "level": "probe", "probe_selection": "min-mean"}, "have no effect here"),
    ],
)
def test_options_without_effect_are_refused(atlas: Atlas, options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        atlas.correlates("NTRK2", **options)


@pytest.mark.parametrize("options", [{"match": "all"}, {"include_regulates": True}])
def test_options_of_categories_without_a_category_are_refused(options: dict) -> None:
    with pytest.raises(OptionError, match="apply to categories, and none is given"):
        GeneFilter(**options)


def test_one_name_needs_no_list(atlas: Atlas) -> None:
    assert SampleFilter(structures="Cx", donors=9861) == SampleFilter(structures=("Cx",), donors=("9861",))
    assert list(atlas.correlation_matrix("NTRK2").names) == ["NTRK2"]
    assert atlas.correlates("NTRK2", gene_filter=GeneFilter(genes="BDNF")).rows[0][4] == "BDNF"


@pytest.fixture
def incomplete(tmp_path: Path, synthetic_database: Path) -> Path:
    """Return a copy in which one probe lacks three donors, one lacks values of a donor, and one has two values."""
    path = tmp_path / "incomplete.duckdb"
    path.write_bytes(synthetic_database.read_bytes())
    with duckdb.connect(path) as connection:
        probe = "probe_id = (select probe_id from probes where probe_name = '{}')"
        connection.execute(f"delete from expression where donor_id > 12876 and {probe.format('A_32_P7316')}")
        for name, kept in (
            (SEED, "place % 3 > 0 or donor_id <> 9861"),
            ("A_24_P343559", "place < 3 and donor_id = 9861"),
        ):
            log2 = f"list_transform(log2, lambda value, place: if({kept}, value, null))"
            connection.execute(f"update expression set log2 = {log2} where {probe.format(name)}")
            connection.execute(f"delete from expression where list_count(log2) = 0 and {probe.format(name)}")
        connection.execute("update expression set n = list_count(log2), mean_log2 = list_avg(log2::double[])")
        connection.execute("update expression set squared_deviations = n * list_var_pop(log2::double[])")
    return path


def incomplete_profiles(path: Path) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return every profile, NaN where missing, and the donor and structure of each sample."""
    with duckdb.connect(path, read_only=True) as connection:
        samples = connection.execute(
            "select donor_id, structure_id from samples order by donor_id, position"
        ).fetchall()
        donors, structures = (np.array(column) for column in zip(*samples, strict=True))
        rows = connection.execute("select probe_name, donor_id, log2 from expression join probes using (probe_id)")
        profiles: dict[str, np.ndarray] = {}
        for name, donor, log2 in rows.fetchall():
            values = profiles.setdefault(name, np.full(len(donors), np.nan))
            values[donors == donor] = [np.nan if value is None else value for value in log2]
    return profiles, donors, structures


def test_degrees_of_freedom_are_those_of_the_shared_samples(incomplete: Path) -> None:
    profiles, donors, structures = incomplete_profiles(incomplete)
    with Atlas(incomplete) as atlas:
        adjusted = CorrelationMethod(adjust="donor")
        frame = (
            atlas.correlates("A_32_P7316", method=adjusted, naive_p=True, top=None).to_pandas().set_index("probe_name")
        )
        x, y = profiles["A_32_P7316"], profiles[SEED]
        both = ~np.isnan(x) & ~np.isnan(y)
        r, n = frame.loc[SEED, "r"], frame.loc[SEED, "n"]
        assert n == both.sum()
        df = n - 2 - (len(set(donors[both].tolist())) - 1)
        assert frame.loc[SEED, "naive_t"] == pytest.approx(r * np.sqrt(df / (1 - r**2)), rel=1e-9)
        pair = atlas.pair(SEED, "CUST_1359_PI416573500", method=CorrelationMethod(adjust="structure"))
        q_of = []
        for r, donor in zip(pair.donors.column("r"), np.unique(donors), strict=True):
            here = ~np.isnan(y) & (donors == donor)
            weight = here.sum() - 3 - (len(set(structures[here].tolist())) - 1)
            if r is not None and weight > 0:
                q_of.append((weight, np.arctanh(r)))
        weights, z = (np.array(values) for values in zip(*q_of, strict=True))
        q = np.sum(weights * (z - np.sum(weights * z) / weights.sum()) ** 2)
        assert pair.provenance.donors.k == len(q_of)
        assert pair.provenance.donors.q == pytest.approx(q, rel=1e-9)


def test_missing_values_are_treated_alike_in_every_query(incomplete: Path) -> None:
    profiles, _, _ = incomplete_profiles(incomplete)
    names = ["A_32_P7316", SEED, "CUST_1359_PI416573500", "A_24_P343559"]
    with Atlas(incomplete) as atlas:
        for method in (CorrelationMethod(), CorrelationMethod("spearman"), CorrelationMethod("bicor", 0.1)):
            matrix = atlas.correlation_matrix(names, method=method)
            frame = matrix.to_pandas()
            x = np.stack([profiles[name] for name in matrix.names])
            expected, n = measure_all(x, Estimator(method.name, method.max_p_outliers))
            expected[n < 4] = np.nan
            np.testing.assert_allclose(matrix.r, expected, atol=1e-6)
            for name in names[1:]:
                rows = {row[2]: row for row in atlas.correlates(name, method=method, top=None, include_self=True).rows}
                for other in names:
                    r = np.nan if rows[other][6] is None else rows[other][6]
                    assert r == pytest.approx(frame.loc[name, other], abs=1e-9, nan_ok=True)
        assert rows["A_24_P343559"][7] == 2
        assert rows["A_24_P343559"][6] is None
        assert not atlas.probes("NTRK2").provenance.sign_conflicts


@pytest.mark.long
def test_rules_agree_in_every_query_where_values_are_missing(incomplete: Path) -> None:
    with Atlas(incomplete) as atlas:
        for scope in ("pooled", "per-donor", "common"):
            pair = atlas.pair("NTRK2", "BDNF", probe_selection=ProbeSelection(scope=scope))
            by_rule = {rule: r for rule, _, _, r, _ in pair.rules}
            for rule in ("average", "eigengene", "max-mean", "connectivity"):
                selection = ProbeSelection(scope=scope).with_rule(rule)
                (row,) = atlas.correlates("NTRK2", gene_filter=GeneFilter(genes=["BDNF"]), probe_selection=selection)
                assert by_rule[rule] == pytest.approx(row[7], abs=1e-12), (scope, rule)


def test_r_of_a_profile_with_itself_is_not_used(atlas: Atlas) -> None:
    frame = atlas.correlates("NTRK2", include_self=True, stats=True, by_donor=True, top=3).to_pandas()
    assert frame["gene_symbol"].iloc[0] == "NTRK2"
    assert frame["donors_used"].iloc[0] == 0
    assert np.isnan(float(frame["q"].iloc[0] or np.nan)) or frame["q"].isna().iloc[0]
    spread = atlas.pair("NTRK2", SEED).provenance.spread
    assert spread.pairs == 6
    assert spread.highest < 0.999
    assert atlas.pair("BDNF", "BDNF").provenance.spread.pairs == 1
    assert atlas.pair("BDNF", "BDNF").provenance.same_profile
    assert atlas.pair("TRKB", "NTRK2").provenance.spread.pairs == 7 * 6 // 2


def test_structures_are_listed_with_their_samples(atlas: Atlas) -> None:
    frame = atlas.structures().to_pandas().set_index("structure_id")
    donors, structures, _ = labels(atlas)
    assert frame.loc[4005, "samples"] == 90
    assert frame.loc[4008, "samples"] == np.isin(structures, below(atlas, "Cx")).sum()
    assert frame.loc[4008, "H0351.2001"] == (np.isin(structures, below(atlas, "Cx")) & (donors == 9861)).sum()
    assert {row[1] for row in atlas.structures("frontal").rows} == {"FL"}
    assert len(atlas.structures("HiF").rows) == 3
    printed = run("structures", "--db", atlas.path).stdout
    assert re.search(r"\n +4006 +GM +gray matter", printed)


def test_comparison_of_donors(atlas: Atlas) -> None:
    design = find_design(atlas._expression, SampleFilter(), CorrelationMethod())
    x = np.stack([profile(atlas, name) for name in (SEED, "CUST_1359_PI416573500")])
    compared = compare_donors(x[0], x, np.arange(2), design)
    assert compared.donor_ids == sorted(set(labels(atlas)[0].tolist()))
    assert compared.n.sum(axis=0).tolist() == [90, 90]
    only = find_design(atlas._expression, SampleFilter(donors=("9861",)), CorrelationMethod())
    alone = compare_donors(x[0][: len(only.samples)], x[:, : len(only.samples)], np.arange(2), only)
    assert np.isnan(alone.lowest).all()


@pytest.mark.long
def test_one_donor_in_the_database(prepared_database: Path, synthetic_zips: list[Path]) -> None:
    ingest([synthetic_zips[0]], prepared_database)
    with Atlas(prepared_database) as atlas:
        pair = atlas.pair("NTRK2", "BDNF")
        assert pair.provenance.donors.k == 1
        assert pair.provenance.donors.lowest_without_one is None
        assert atlas.correlates("NTRK2", by_donor=True, top=2).rows
    run("pair", "NTRK2", "BDNF", "--db", prepared_database)
