"""The specification curve of a pair: r in every combination of sensible choices."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.curve_result import (
    MOVED,
    OF_CHOICES,
    SUMMARY,
    Analyses,
    PairCurve,
    PairCurveProvenance,
    choices_of,
    count_reasons,
    summary_of,
)
from coexpr.analysis.design import Design, find_design
from coexpr.analysis.labels import find_labels
from coexpr.analysis.probe_selection import Candidates, find_candidates
from coexpr.analysis.profiles import Profiles, all_probes_of, reader_of, represent_genes, why_no_profile
from coexpr.analysis.provenance import describe_data
from coexpr.analysis.specification import (
    CHOICES,
    OF_SELECTION,
    Specifications,
    estimators_of,
    find_designs,
    find_specifications,
    level_name,
    refuse_too_many,
)
from coexpr.database.expression import Expression
from coexpr.database.names import Seed, find_seed
from coexpr.errors import AmbiguousNameError, NotFoundError
from coexpr.options import MIN_SAMPLES, MIN_SAMPLES_FOR_R, Annotation, CorrelationMethod, ProbeSelection, SampleFilter
from coexpr.result import Result
from coexpr.stats.several_methods import SeveralMethods

_COLUMNS = (*CHOICES, "r", "n", "probe_a", "probe_b")
_NO_R = "r is undefined: a profile is constant, or constant within the factors, or its values are missing."
_TOO_FEW = f"fewer than {MIN_SAMPLES} samples are left in which both have a value."


@dataclass
class _Side:
    """The profiles that represent one side in the selections of a curve.

    Parameters
    ----------
    seed : Seed
        By the annotation of the default analysis.
    rows : list of (S,) float
        Its distinct profiles over all samples of the database.
    places : list of int
        For each selection, its row; -1 for none.
    reasons : list of str or None
        Why there is none.
    names : list of str
        For each row, the name of its probe, or what it is built from.
    """

    seed: Seed
    rows: list[NDArray[np.floating]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def add(self, found: tuple[NDArray[np.floating], str] | str, known: dict[tuple[str, bytes], int]) -> None:
        """Add the profile of the next selection and its name, or the reason why there is none."""
        if isinstance(found, str):
            self.places.append(-1)
            self.reasons.append(found)
            return
        row, name = found
        place = known.setdefault((name, row.tobytes()), len(self.rows))
        if place == len(self.rows):
            self.rows.append(row)
            self.names.append(name)
        self.places.append(place)
        self.reasons.append(None)


def curve(
    expression: Expression,
    names: tuple[str, str],
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    method: CorrelationMethod,
    vary: tuple[str, ...],
    max_analyses: int | None,
) -> PairCurve:
    """Return r of two genes or probes in every analysis; see `Atlas.curve`."""
    seeds = [find_seed(expression.connection, name, selection.annotation) for name in names]
    design = find_design(expression, sample_filter, method)
    donors = [expression.donor_names[donor_id] for donor_id in design.samples.columns]
    has_genes = any(seed.level == "gene" for seed in seeds)
    specifications = find_specifications(vary, selection, method, donors, has_genes=has_genes)
    refuse_too_many(specifications, max_analyses, "", expression.progress)
    a, b = (_find_side(expression, name, seed, specifications) for name, seed in zip(names, seeds, strict=True))
    for side in (a, b):
        if side.reasons[0] is not None:
            raise NotFoundError(side.reasons[0])
    r, n, reasons = _measure(expression, a, b, sample_filter, specifications, design)
    run = ~np.isnan(r)
    columns = design.samples.columns_in(expression.all_samples)
    known = ~np.isnan(a.rows[a.places[0]][columns]) & ~np.isnan(b.rows[b.places[0]][columns])
    provenance = PairCurveProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, known),
        method=method,
        probe_selection=selection if has_genes else None,
        cache_problem=expression.cache_problem,
        choices={choice: list(map(level_name, specifications.levels[choice])) for choice in CHOICES},
        analyses=len(specifications),
        run=int(np.count_nonzero(run)),
        names=(a.seed.name, b.seed.name),
        levels=(a.seed.level, b.seed.level),
        profiles=(a.names[a.places[0]], b.names[b.places[0]]),
        other_names={seed.name: seed.other_name for seed in seeds if seed.other_name},
    )
    choices = choices_of(r, specifications)
    summary = (*summary_of(r), *(choices[0] if choices else [None] * len(MOVED)))
    return PairCurve(
        Analyses(_COLUMNS, list(_rows(a, b, r, n, specifications)), provenance),
        Result((*SUMMARY, *MOVED), [summary], provenance),
        Result(OF_CHOICES, choices, provenance),
        Result(("reason", "analyses"), count_reasons(reasons), provenance),
    )


def _find_side(expression: Expression, name: str, seed: Seed, specifications: Specifications) -> _Side:
    """Return the profiles of one side in every selection."""
    side = _Side(seed)
    known: dict[tuple[str, bytes], int] = {}
    finders: dict[Annotation, _Finder | str] = {}
    for selection in specifications.selections():
        annotation = selection.annotation
        if annotation not in finders:
            try:
                finders[annotation] = _Finder(
                    expression, find_seed(expression.connection, name, annotation), annotation
                )
            except (NotFoundError, AmbiguousNameError) as reason:
                finders[annotation] = str(reason)
        finder = finders[annotation]
        side.add(finder if isinstance(finder, str) else finder.find(selection), known)
    return side


class _Finder:
    """Finds the profile of a probe or gene by any selection of one annotation."""

    def __init__(self, expression: Expression, seed: Seed, annotation: Annotation) -> None:
        self._expression, self._seed = expression, seed
        self._probes = all_probes_of(expression, seed, annotation)
        labels = find_labels(expression.connection, self._probes)
        self._names = {label.probe_id: str(label.probe_name) for label in labels}
        self._read = reader_of(self._probes, expression.all_samples)
        self._candidates: dict[tuple[Any, ...], Candidates | str] = {}

    def find(self, selection: ProbeSelection) -> tuple[NDArray[np.floating], str] | str:
        """Return the profile over all samples and its name; or why there is none."""
        if self._seed.level == "probe":
            return self._named(self._probes)
        key = (selection.min_present, selection.scope)
        if key not in self._candidates:
            try:
                self._candidates[key] = find_candidates(self._expression, selection, self._seed.gene_ids)
            except NotFoundError as reason:
                self._candidates[key] = str(reason)
        candidates = self._candidates[key]
        if isinstance(candidates, str):
            return candidates
        try:
            samples = self._expression.all_samples
            profile = represent_genes(self._expression, selection, samples, candidates, self._read)
        except NotFoundError as reason:
            return str(reason)
        if not len(profile):
            return why_no_profile(self._expression, self._seed.gene_ids[0], selection)
        return self._named(profile)

    def _named(self, profile: Profiles) -> tuple[NDArray[np.floating], str]:
        composition = profile.compositions[0]
        return np.asarray(profile.expression[0]), composition or self._names[int(profile.probe_ids[0])]


def _measure(
    expression: Expression,
    a: _Side,
    b: _Side,
    sample_filter: SampleFilter,
    specifications: Specifications,
    default: Design,
) -> tuple[NDArray[np.float64], NDArray[np.int32], Counter[str]]:
    """Return r and n of every analysis, with an axis per choice, and why analyses have no r."""
    shape = specifications.shape
    methods = shape[OF_SELECTION]
    selections = len(a.places)
    r = np.full((selections, *shape[OF_SELECTION:]), np.nan)
    n = np.zeros(r.shape, dtype=np.int32)
    reasons: Counter[str] = Counter()
    for one, other in zip(a.reasons, b.reasons, strict=True):
        if reason := one or other:
            reasons[reason] += r[0].size
    rows = [place for place, both in enumerate(zip(a.reasons, b.reasons, strict=True)) if both == (None, None)]
    of_a, of_b = (np.array([side.places[row] for row in rows], dtype=np.intp) for side in (a, b))
    x, y = (np.stack(side.rows) for side in (a, b))
    designs = find_designs(expression, sample_filter, specifications, default.samples)
    places = product(range(shape[OF_SELECTION + 1]), range(shape[OF_SELECTION + 2]))
    for (adjust, without), design in zip(places, designs.values(), strict=True):
        if isinstance(design, str):
            reasons[design] += methods * len(rows)
            continue
        columns = design.samples.columns_in(expression.all_samples)
        of_x, of_y = x[:, columns], y[:, columns]
        counts = (~np.isnan(of_x)).astype(np.int32) @ (~np.isnan(of_y)).T.astype(np.int32)
        found = SeveralMethods(of_x, estimators_of(design, specifications)).measure(of_y)[:, of_a, of_b].T
        shared = counts[of_a, of_b]
        least = MIN_SAMPLES if sample_filter or without else MIN_SAMPLES_FOR_R
        found[shared < least] = np.nan
        reasons[_TOO_FEW] += methods * int(np.count_nonzero(shared < least))
        reasons[_NO_R] += int(np.count_nonzero(np.isnan(found[shared >= least])))
        r[rows, :, adjust, without] = found
        n[rows, :, adjust, without] = shared[:, None]
    return r.reshape(shape), n.reshape(shape), reasons


def _rows(
    a: _Side, b: _Side, r: NDArray[np.float64], n: NDArray[np.int32], specifications: Specifications
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the analyses with r."""
    of_selection = r[0, 0, 0].size
    for place, (specification, value, count) in enumerate(
        zip(specifications, r.ravel().tolist(), n.ravel().tolist(), strict=True)
    ):
        if not math.isnan(value):
            row = place // of_selection
            yield (*specification.levels, value, count, a.names[a.places[row]], b.names[b.places[row]])
