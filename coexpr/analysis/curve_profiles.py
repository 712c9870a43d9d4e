"""The distinct profiles of all selections of a specification curve, each of which is measured once.

Selections share most of their probes. Rules that select a probe only say which probe's r counts; rules that build a
profile build one for each distinct set of candidates. So thresholds and annotations cost only what they change.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.probe_selection import NO_PROBE, Candidates, find_candidates, select_probes
from coexpr.database.expression import Expression
from coexpr.options import ProbeSelection, Rule, Scope
from coexpr.stats.rules import build_profiles

_UNKNOWN = -2
# The profiles of probes, as opposed to those that a rule builds.
PROBES = "probes"


class Row(NamedTuple):
    """A profile.

    Parameters
    ----------
    kind : str
        `PROBES`, or the rule that builds it.
    number : int
        A probe_id, or the set of candidates that it is built from.
    """

    kind: str
    number: int


@dataclass(frozen=True)
class Represented:
    """How one selection represents genes.

    Parameters
    ----------
    kind : str
        `PROBES`, or the rule that builds the profiles.
    ids : (G,) int32, ascending
        The genes; or the probes, where probes are compared.
    numbers : (G,) intp
        For each of them, the number of its profile; see `Row`.
    """

    kind: str
    ids: NDArray[np.int32]
    numbers: NDArray[np.intp]

    @property
    def tie_order(self) -> NDArray[np.integer]:
        """What orders equal r, as in `Profiles`: the probe_id, or the gene_id of a built profile."""
        return self.numbers if self.kind == PROBES else self.ids

    def places_of(self, ids: NDArray[np.int32]) -> NDArray[np.intp]:
        """Return the place of each of some ids; -1 for one without a profile."""
        places = np.minimum(np.searchsorted(self.ids, ids), max(0, len(self.ids) - 1))
        return np.where(np.isin(ids, self.ids), places, -1)

    def row_of(self, gene_id: int) -> Row | None:
        """Return the profile of a gene, if it has one."""
        (place,) = self.places_of(np.array([gene_id], dtype=np.int32)).tolist()
        return None if place < 0 else Row(self.kind, int(self.numbers[place]))


@dataclass
class _Sets:
    """The distinct sets of candidates in one scope, and the probe that each rule selects among each.

    Parameters
    ----------
    numbers : dict of bytes to int
        The number of each set, by its probe_ids.
    members : list of (K,) int32
        The probes of each set.
    selected : dict of str to (sets,) int32
        The probe of each set by each rule, `_UNKNOWN` where the rule was not applied yet.
    """

    numbers: dict[bytes, int] = field(default_factory=dict)
    members: list[NDArray[np.int32]] = field(default_factory=list)
    selected: dict[Rule, NDArray[np.int32]] = field(default_factory=dict)

    def number(self, probe_ids: NDArray[np.int32]) -> int:
        """Return the number of a set."""
        number = self.numbers.setdefault(probe_ids.tobytes(), len(self.members))
        if number == len(self.members):
            self.members.append(probe_ids)
        return number


class CurveProfiles:
    """The profiles of genes in every selection.

    Parameters
    ----------
    expression : Expression
    gene_ids : list of int or None
        Only these genes; None for all.
    """

    def __init__(self, expression: Expression, gene_ids: list[int] | None) -> None:
        self._expression, self._gene_ids = expression, gene_ids
        self._sets: dict[Scope, _Sets] = {}
        self._candidates: dict[tuple[object, ...], tuple[Candidates, NDArray[np.intp]]] = {}

    def represent(self, selection: ProbeSelection) -> Represented:
        """Return how a selection represents genes; genes without a usable probe are left out.

        Raises
        ------
        NotFoundError
            If what the selection needs is not loaded.
        """
        sets = self._sets.setdefault(selection.scope, _Sets())
        candidates, numbers = self._number_sets(selection, sets)
        if selection.builds_profile:
            return Represented(selection.rule, candidates.gene_ids, numbers)
        probes = self._select(selection, sets)
        some = np.flatnonzero(probes != NO_PROBE)
        return Represented(PROBES, candidates.gene_ids[some], probes[some].astype(np.intp))

    def read(self, kind: str, numbers: NDArray[np.intp]) -> NDArray[np.floating]:
        """Return some profiles over all samples; this may be called from several threads."""
        expression = self._expression
        if kind == PROBES:
            return expression.mapped_rows(numbers.astype(np.int32), expression.all_samples)[:]
        members = [self._sets["pooled"].members[number] for number in numbers.tolist()]
        log2 = expression.mapped_rows(np.concatenate(members), expression.all_samples)[:]
        return build_profiles(log2, np.repeat(np.arange(len(members)), list(map(len, members))), kind)

    def _number_sets(self, selection: ProbeSelection, sets: _Sets) -> tuple[Candidates, NDArray[np.intp]]:
        """Return the candidates of a selection, and the number of the set of each gene."""
        key = (selection.scope, selection.min_present, selection.annotation)
        if key not in self._candidates:
            candidates = find_candidates(self._expression, selection, self._gene_ids)
            order = np.argsort(candidates.groups, kind="stable")
            members = np.split(candidates.probe_ids[order], np.cumsum(candidates.counts)[:-1])
            numbers = [sets.number(probe_ids) for probe_ids in members if len(probe_ids)]
            self._candidates[key] = candidates, np.array(numbers, dtype=np.intp)
        return self._candidates[key]

    def _select(self, selection: ProbeSelection, sets: _Sets) -> NDArray[np.int32]:
        """Return the probe of each gene, by applying the rule to sets to which it was not applied yet."""
        candidates, numbers = self._number_sets(selection, sets)
        known = sets.selected.get(selection.rule, np.empty(0, dtype=np.int32))
        selected = np.append(known, np.full(len(sets.members) - len(known), _UNKNOWN, dtype=np.int32))
        new = selected[numbers] == _UNKNOWN
        some = candidates.keep(new[candidates.groups], {})
        found = select_probes(self._expression, selection, some, self._expression.mapped_rows)
        if found is not None and new.any():
            selected[numbers[new]] = found[0]  # the same in all donors, unless the scope is per-donor
        sets.selected[selection.rule] = selected
        probes: NDArray[np.int32] = selected[numbers]
        return probes
