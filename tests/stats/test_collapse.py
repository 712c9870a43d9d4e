import csv
import json
from pathlib import Path

import numpy as np
import pytest
from helpers.folders import REFERENCE
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coexpr.stats.collapse import collapse_rows
from coexpr.stats.rules import BUILDS, SCORES

CASES = REFERENCE / "collapse_rows"
OURS = {
    "MaxMean": "max-mean",
    "MinMean": "min-mean",
    "maxRowVariance": "max-variance",
    "absMaxMean": "abs-max-mean",
    "absMinMean": "abs-min-mean",
    "Average": "average",
    "ME": "eigengene",
}

matrices = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 9), st.integers(3, 10)),
    elements=st.floats(0, 16, allow_subnormal=False).map(lambda value: round(value, 3)),
)


def table(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, rows


def read_case(case: str) -> tuple[dict, list[str], np.ndarray, list[str], np.ndarray]:
    """Return parameters, gene names, gene of each row, probe names and values; rows are sorted by probe as in R."""
    params = json.loads((CASES / case / "params.json").read_text())
    _, rows = table(CASES / case / "input.csv")
    rows.sort(key=lambda row: row[0])
    genes = sorted({row[1] for row in rows} - {""})
    groups = np.array([genes.index(row[1]) if row[1] else -1 for row in rows])
    x = np.array([[float(cell or "nan") for cell in row[2:]] for row in rows])
    return params, genes, groups, [row[0] for row in rows], x


def collapse_as(params: dict, x: np.ndarray, groups: np.ndarray):
    rule = OURS[params["method"]]
    return collapse_rows(
        x,
        groups,
        "connectivity" if params["connectivityBasedCollapsing"] else rule,
        of_two=rule,
        power=params["connectivityPower"],
        select_fewest_missing=params["selectFewestMissing"],
        threshold_combine=params["thresholdCombine"],
    )


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_agrees_with_collapse_rows_of_wgcna(case: str) -> None:
    params, genes, groups, probes, x = read_case(case)
    done = collapse_as(params, x, groups)
    selected_probes = {genes[group]: probes[row] for group, row in zip(done.groups, done.rows, strict=True) if row >= 0}
    if "r_error" in params:  # R fails with a single row
        assert selected_probes == {genes[0]: probes[0]}
        np.testing.assert_array_equal(done.profiles, x)
        return
    _, selected = table(CASES / case / "expected_selected.csv")
    header, collapsed = table(CASES / case / "expected_collapsed.csv")
    if header[0] == "probe_id":  # threshold combining keeps several rows of a gene
        assert {probes[row] for row in done.rows} == {row[0] for row in collapsed}
        expected_rows = {row[0]: row[1:] for row in collapsed}
        actual_rows = {probes[row]: profile for row, profile in zip(done.rows, done.profiles, strict=True)}
    else:
        misnamed = {gene: reported["row_used"] for gene, reported in params.get("r_misnames", {}).items()}
        if params["method"] not in ("Average", "ME"):
            assert selected_probes == dict(selected) | misnamed
        expected_rows = {row[0]: row[1:] for row in collapsed}
        actual_rows = {genes[group]: profile for group, profile in zip(done.groups, done.profiles, strict=True)}
    assert set(actual_rows) == set(expected_rows)
    for name, cells in expected_rows.items():
        expected = np.array([float(cell or "nan") for cell in cells])
        # R returns absolute values of the selected row, coexpr the row itself.
        ours = actual_rows[name]
        if params["method"].startswith("abs"):
            ours, expected = np.abs(ours), np.abs(expected)
        np.testing.assert_allclose(ours, expected, atol=1e-9, rtol=0)


def read_real(folder: Path, columns: list[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return genes, gene of each row, probe ids and values of a heatmap download, sorted by probe id as text."""
    header, rows = table(folder / "Probes.csv")
    gene_of = {row[0]: row[header.index("gene-symbol")] for row in rows}
    _, *values = [row for row in csv.reader(["", *(folder / "Expression.csv").read_text().splitlines()])]
    values.sort(key=lambda row: row[0])
    genes = sorted(set(gene_of.values()))
    groups = np.array([genes.index(gene_of[row[0]]) for row in values])
    x = np.array([[float(row[int(column[1:])] or "nan") for column in columns] for row in values])
    return genes, groups, [row[0] for row in values], x


@pytest.mark.long
@pytest.mark.parametrize(
    ("download", "result"),
    [
        ("heatmap-cyp/structures_log2", "cyp_structures_log2"),
        ("heatmap-gabra4/samples_log2intensities", "gabra4_samples_log2"),
    ],
)
def test_agrees_with_collapse_rows_on_real_downloads(shared_data: Path, download: str, result: str) -> None:
    results = shared_data / "collapse-rows-real"
    header, selected = table(results / f"{result}_selectedRow.csv")
    for build, file_name in (("average", "Average"), ("connectivity", "MaxMean_conn")):
        columns, collapsed = table(results / f"{result}_{file_name}_datETcollapsed.csv")
        genes, groups, probes, x = read_real(shared_data / download, columns[1:])
        assert not np.isnan(x).any()
        profiles = collapse_rows(x, groups, build).profiles
        # These files have six decimals.
        np.testing.assert_allclose(profiles, np.array([row[1:] for row in collapsed], dtype=float), atol=5.1e-7, rtol=0)
        assert genes == [row[0] for row in collapsed]
    for name in header[1:]:
        if name.startswith("Average"):
            continue
        method, _, connectivity = name.partition("_")
        done = collapse_rows(x, groups, "connectivity" if connectivity else OURS[method], of_two=OURS[method])
        expected = {row[0]: row[header.index(name)] for row in selected}
        assert {genes[group]: probes[row] for group, row in zip(done.groups, done.rows, strict=True)} == expected


def naive_selection(x: np.ndarray, rule: str) -> int:
    """Return the first of the rows with the best score of a rule, by its definition."""
    scores = {
        "max-mean": lambda row: row.mean(),
        "min-mean": lambda row: -row.mean(),
        "max-variance": lambda row: row.var(ddof=1),
        "abs-max-mean": lambda row: np.abs(row).mean(),
        "abs-min-mean": lambda row: -np.abs(row).mean(),
    }
    values = [scores[rule](row) for row in x]
    return next(row for row, value in enumerate(values) if value >= max(values) - 1e-9)


@pytest.mark.long
@given(matrices, st.data())
def test_each_group_is_collapsed_independently(x: np.ndarray, data: st.DataObject) -> None:
    groups = np.array(data.draw(st.lists(st.integers(-1, 3), min_size=len(x), max_size=len(x))))
    for rule in (*SCORES, *BUILDS):
        together = collapse_rows(x, groups, rule)
        assert together.groups.tolist() == sorted(set(groups.tolist()) - {-1})
        for group, row, profile in zip(together.groups, together.rows, together.profiles, strict=True):
            members = np.flatnonzero(groups == group)
            alone = collapse_rows(x[members], np.zeros(len(members), dtype=int), rule)
            np.testing.assert_array_equal(alone.profiles[0], profile)
            assert row == (members[alone.rows[0]] if rule in SCORES else -1)
            if rule in ("max-mean", "min-mean", "max-variance", "abs-max-mean", "abs-min-mean"):
                assert row == members[naive_selection(x[members], rule)]


@pytest.mark.parametrize("rule", SCORES)
def test_the_first_of_equal_rows_is_selected(rule: str) -> None:
    equal_rows = np.random.default_rng(4).normal(8, 1, (1, 40)).repeat(5, axis=0)
    assert collapse_rows(equal_rows, np.zeros(5, dtype=int), rule).rows.tolist() == [0]


@pytest.mark.parametrize("rule", [*SCORES, *BUILDS])
def test_a_constant_row_does_not_affect_its_group(rule: str) -> None:
    x = np.random.default_rng(5).normal(8, 1, (4, 30))
    x[2] = 5
    with_constant = collapse_rows(x, np.zeros(4, dtype=int), rule)
    assert np.isfinite(with_constant.profiles).all()
    if rule in ("connectivity", "corr-intensity", "corr-variance"):
        without = collapse_rows(np.delete(x, 2, axis=0), np.zeros(3, dtype=int), rule)
        np.testing.assert_array_equal(with_constant.profiles, without.profiles)
    if rule == "eigengene":
        assert np.linalg.norm(with_constant.profiles) == pytest.approx(1)


def test_a_group_of_constant_rows_has_no_eigengene() -> None:
    x = np.full((2, 10), 5.0)
    assert np.isnan(collapse_rows(x, np.array([0, 0]), "eigengene").profiles).all()


def test_threshold_combining_ends_where_means_are_equal() -> None:
    x = np.random.default_rng(6).normal(8, 1, (1, 30)).repeat(4, axis=0)
    assert collapse_rows(x, np.zeros(4, dtype=int), threshold_combine=0.9).rows.tolist() == [0]
    assert collapse_rows(x[:2], np.zeros(2, dtype=int), threshold_combine=0.9).rows.tolist() == [0]


def test_a_matrix_without_a_usable_row() -> None:
    x = np.full((2, 20), np.nan)
    assert collapse_rows(x, np.array([0, 1])).profiles.shape == (0, 20)
    assert collapse_rows(x[:0], np.zeros(0, dtype=int), "average").profiles.shape == (0, 20)


@pytest.mark.parametrize(
    "wrong", [{"rule": "maxmean"}, {"rule": "connectivity", "power": 0}, {"threshold_combine": 1.5}]
)
def test_invalid_parameters_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="expected"):
        collapse_rows(np.ones((2, 4)), np.zeros(2, dtype=int), **wrong)
