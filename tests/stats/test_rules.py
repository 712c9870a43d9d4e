import csv
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import scipy.stats
from helpers.selection import DONORS, FOLDER, OURS, open_signs, read_selection, rows_of

from coexpr.stats.rules import SCORES, best_rows, score_rows
from coexpr.stats.stability import differential_stability


def select(x: np.ndarray, symbols: list[str], rule: str, stability: np.ndarray) -> dict[str, int]:
    genes = sorted(set(symbols))
    groups = np.array([genes.index(symbol) for symbol in symbols])
    scores = stability if rule == "diff-stability" else score_rows(x, groups, rule)
    return {gene: int(row) for gene, row in zip(genes, best_rows(groups, scores), strict=True)}


@pytest.mark.long
@pytest.mark.parametrize("probe_order", ["file", "probe_id"])
@pytest.mark.parametrize("threshold", ["none", "0.2", "0.5", "0.9"])
@pytest.mark.parametrize("method", OURS)
def test_selection_is_that_of_abagen(method: str, threshold: str, probe_order: str) -> None:
    data = read_selection()
    x = np.hstack([data.values[donor] for donor in DONORS])
    kept = np.arange(len(data.probe_ids))
    if threshold != "none":
        calls = np.hstack([data.calls[donor] for donor in DONORS])
        kept = kept[calls.mean(axis=1) >= float(threshold)]
    if probe_order == "probe_id":
        kept = kept[np.argsort(data.probe_ids[kept])]
    stability = differential_stability([data.values[donor] for donor in DONORS], list(data.structures.values()))
    selected = select(x[kept], [data.symbols[row] for row in kept], OURS[method], stability[kept])
    ours = {gene: int(data.probe_ids[kept[row]]) for gene, row in selected.items()}
    expected = {
        row["gene_symbol"]: int(row["probe_id"])
        for row in rows_of(FOLDER / "selected.csv")
        if (row["ibf_threshold"], row["probe_order"], row["method"]) == (threshold, probe_order, method)
    }
    assert len(expected) > 20
    if method == "pc_loading":
        for open_threshold, gene in open_signs():
            if open_threshold == threshold:
                ours.pop(gene)
                expected.pop(gene)
    if method == "diff_stability":  # abagen leaves out a gene without any value; coexpr selects its first probe
        without_value = set(ours) - set(expected)
        assert all(np.isnan(stability[[symbol == gene for symbol in data.symbols]]).all() for gene in without_value)
        ours = {gene: probe for gene, probe in ours.items() if gene in expected}
    assert ours == expected


@pytest.mark.long
@pytest.mark.parametrize("method", [method for method in OURS if method != "diff_stability"])
def test_selection_in_each_donor_is_that_of_abagen(method: str) -> None:
    data = read_selection()
    calls = np.hstack([data.calls[donor] for donor in DONORS])
    kept = np.flatnonzero(calls.mean(axis=1) >= 0.5)
    symbols = [data.symbols[row] for row in kept]
    for donor in DONORS:
        x = data.values[donor][kept]
        selected = select(x, symbols, OURS[method], np.zeros(len(kept)))
        for row in rows_of(FOLDER / "selected_per_donor_ibf0.5.csv"):
            if (row["method"], row["donor"]) != (method, str(donor)):
                continue
            gene = row["gene_symbol"]
            if method.startswith("corr") and constant_probes(x, symbols, gene):
                # In abagen every mean is then NaN, and the first probe of the gene is selected.
                assert selected[gene] not in constant_probes(x, symbols, gene)
            elif (gene not in {name for _, name in open_signs()}) or method != "pc_loading":
                assert data.probe_ids[kept[selected[gene]]] == int(row["probe_id"]), gene


def constant_probes(x: np.ndarray, symbols: list[str], gene: str) -> set[int]:
    return {row for row, symbol in enumerate(symbols) if symbol == gene and np.ptp(x[row]) == 0}


def exact_stability(probe: int) -> float:
    """Return the differential stability of one probe, computed with rational numbers."""
    regional = []
    for donor in DONORS:
        folder = FOLDER / f"normalized_microarray_donor{donor}"
        with (folder / "MicroarrayExpression.csv").open(newline="") as stream:
            (row,) = [row for row in csv.reader(stream) if int(row[0]) == probe]
        by_structure: dict[str, list[Fraction]] = {}
        for sample, cell in zip(rows_of(folder / "SampleAnnot.csv"), row[1:], strict=True):
            by_structure.setdefault(sample["structure_id"], []).append(Fraction(cell))
        regional.append({structure: sum(values) / len(values) for structure, values in by_structure.items()})
    r = []
    for one, other in combinations(regional, 2):
        shared = sorted(one.keys() & other.keys())
        ranks = [
            scipy.stats.rankdata([sorted(set(means.values())).index(means[structure]) for structure in shared])
            for means in (one, other)
        ]
        if len(shared) >= 2:
            r.append(np.corrcoef(*ranks)[0, 1])
    return float(np.mean(r))


@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_differential_stability_is_that_of_abagen(precision: type) -> None:
    data = read_selection()
    values = [data.values[donor].astype(precision) for donor in DONORS]
    stability = differential_stability(values, list(data.structures.values()))
    known = dict(zip(data.probe_ids.tolist(), stability, strict=True))
    rows = rows_of(FOLDER / "diff_stability.csv")
    assert len(rows) == len(known)
    assert any(not row["diff_stability"] for row in rows)
    others = []
    for row in rows:
        expected = float(row["diff_stability"] or "nan")
        if known[int(row["probe_id"])] != pytest.approx(expected, abs=1e-9, nan_ok=True):
            others.append(int(row["probe_id"]))
    # abagen ranks equal means by rounding errors of float64, so its result is inexact where two structures tie.
    assert len(others) == 1
    assert known[others[0]] == pytest.approx(exact_stability(others[0]), abs=1e-12)


def test_scores_are_those_of_abagen() -> None:
    data = read_selection()
    x = np.hstack([data.values[donor] for donor in DONORS])
    symbols = np.array(data.symbols)
    genes = {symbol: number for number, symbol in enumerate(sorted(set(data.symbols)))}
    groups = np.array([genes[symbol] for symbol in data.symbols])
    ours = {rule: score_rows(x, groups, rule) for rule in ("max-mean", "max-variance", "pc-loading")}
    ours["max-mean"] /= x.shape[1]
    ours["max-variance"] = np.sqrt(ours["max-variance"])
    for row in rows_of(FOLDER / "scores_independent.csv"):
        rule = OURS[row["method"]]
        if row["ibf_threshold"] != "none" or rule not in ours or not row["score"]:
            continue
        at = int(np.flatnonzero(data.probe_ids == int(row["probe_id"]))[0])
        if rule == "pc-loading" and ("none", symbols[at]) in open_signs():
            continue
        assert ours[rule][at] == pytest.approx(float(row["score"]), rel=1e-9, abs=1e-9), row


def test_a_later_score_decides_among_equals_and_nan_is_worst() -> None:
    groups = np.array([0, 0, 0, 1, 1, -1, 3])
    first = np.array([1.0, 2, 2, np.nan, -5, 9, np.nan])
    second = np.array([9.0, 1, 2, 9, np.nan, 9, np.nan])
    assert best_rows(groups, first, second).tolist() == [2, 4, -1, 6]


def test_almost_equal_scores_are_distinguished() -> None:
    assert best_rows(np.array([0, 0]), np.array([0.5, 0.5 + 1e-9])).tolist() == [1]


@pytest.mark.parametrize("rule", SCORES)
def test_float32_is_scored_in_double_precision(rule: str) -> None:
    x = np.random.default_rng(3).normal(9, 1, (6, 500)).astype(np.float32)
    groups = np.array([0, 0, 0, 1, 1, 2])
    np.testing.assert_array_equal(score_rows(x, groups, rule), score_rows(x.astype(np.float64), groups, rule))
