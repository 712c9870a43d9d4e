"""The funnel from the probes on the chip to the genes of a result: how many remain after each step, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.names import resolve_names
from coexpr.analysis.probe_selection import NO_PROBE, find_candidates, select_probes
from coexpr.analysis.profiles import profiles_of_probes, reader_of
from coexpr.database.expression import NO_GENE, Expression
from coexpr.database.names import meanings_of
from coexpr.database.queries import query, single
from coexpr.errors import OptionError
from coexpr.options import SELECTS, ProbeSelection
from coexpr.result import Provenance, Result, number_or_none
from coexpr.wording import count_of

_STEPS = ("step", "applied", "probes", "genes", "probes_removed", "genes_removed", "note")
_PROBES = ("probe_id", "probe_name", "mean_log2", "present_fraction", "n", "reannotated", "removed_by", "selected")
# abagen's default, and what the step shows if no threshold is requested.
_USUAL_PRESENT = 0.5
_CHIP, _ENTREZ, _REANNOTATED, _PRESENT, _EXPRESSION, _SELECTED = (
    "on the chip",
    "with an Entrez id",
    "re-annotated",
    "present",
    "with expression data",
    "selected",
)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class FunnelProvenance(Provenance):
    """The provenance of a funnel.

    Parameters
    ----------
    gene : str, optional
        The gene; None for all.
    probe_selection : ProbeSelection
    with_entrez_id : bool
    conclusions : list of str
        What the steps mean, in sentences.
    """

    gene: str | None
    probe_selection: ProbeSelection
    with_entrez_id: bool
    conclusions: list[str]


class Funnel(NamedTuple):
    """The steps, and for one gene its probes."""

    steps: Result[FunnelProvenance]
    probes: Result[FunnelProvenance]

    @property
    def provenance(self) -> FunnelProvenance:
        """The provenance of both tables."""
        return self.steps.provenance


@dataclass(frozen=True)
class _Step:
    """A condition on probes; `kept` is None if the data for it are not loaded."""

    name: str
    is_applied: bool
    kept: Mask | None
    note: str = ""


def funnel(expression: Expression, gene: str | None, selection: ProbeSelection, *, with_entrez_id: bool) -> Funnel:
    """Return the funnel of a gene, or of all genes; see `Atlas.why`."""
    symbol, gene_id, missing = _resolve(expression, gene, selection) if gene else (None, None, None)
    facts = expression.connection.execute(query("facts_of_probes"), {"gene_id": gene_id}).fetchnumpy()
    if missing:
        facts = {name: column[:0] for name, column in facts.items()}
    genes = np.ma.filled(facts["gene_id"], NO_GENE)
    steps = _steps(expression, facts, selection, with_entrez_id=with_entrez_id)
    selected = _selected(expression, selection, gene_id, steps)
    rows, removed_by = _count(steps, genes, facts, selection, selected)
    probes = _probe_rows(facts, removed_by, selected) if gene else []
    conclusions = [missing] if missing else _conclude(symbol, steps, rows, probes)
    provenance = FunnelProvenance(
        database=str(expression.path),
        gene=symbol,
        probe_selection=selection,
        with_entrez_id=with_entrez_id,
        conclusions=conclusions,
    )
    return Funnel(Result(_STEPS, rows, provenance), Result(_PROBES, probes, provenance))


def _resolve(expression: Expression, gene: str, selection: ProbeSelection) -> tuple[str | None, int | None, str | None]:
    """Return the symbol and id of a gene; or, for a name without probes here, a sentence that says why.

    Raises
    ------
    OptionError
        If the name means several genes.
    """
    resolved = resolve_names(expression.connection, str(expression.path), [gene], "allen")
    row = dict(zip(resolved.columns, resolved.rows[0], strict=True))
    meanings = meanings_of(expression.connection, [gene], "allen")[gene]
    if len(meanings) > 1:
        raise OptionError(f"{gene} has several meanings: {row['explanation']}. Use one of them.")
    if not meanings or meanings[0].gene_id is None:
        what = row["explanation"] or "a probe of no gene"
        return None, None, f"{gene}: {row['status']}; {what}. No loaded download has a probe of it."
    return meanings[0].gene_symbol, meanings[0].gene_id, None


def _steps(
    expression: Expression, facts: dict[str, Any], selection: ProbeSelection, *, with_entrez_id: bool
) -> list[_Step]:
    present = np.ma.filled(np.ma.asarray(facts["present_fraction"], dtype=np.float64), np.nan)
    threshold = _USUAL_PRESENT if selection.min_present is None else selection.min_present
    n = np.ma.filled(np.ma.asarray(facts["n"], dtype=np.float64), 0)
    has_calls = single(expression.connection, "count_present_calls") > 0
    is_reannotated = np.ma.filled(facts["reannotated_gene_id"], 0) != NO_GENE
    has_reannotations = single(expression.connection, "count_reannotations") > 0
    return [
        _Step(_CHIP, True, np.ones(len(n), dtype=np.bool_), "measures a gene by Allen's annotation"),
        _Step(
            _ENTREZ,
            with_entrez_id,
            ~np.ma.getmaskarray(np.ma.asarray(facts["entrez_id"])),
            "genes without one are in no category",
        ),
        _Step(
            _REANNOTATED,
            selection.annotation == "reannotated",
            is_reannotated if has_reannotations else None,
            "" if has_reannotations else "not loaded: the table of Arnatkeviciute et al. 2019",
        ),
        _Step(
            _PRESENT,
            selection.min_present is not None,
            present >= threshold if has_calls else None,
            f"in at least {threshold * 100:g} % of samples" if has_calls else "not loaded: full-donor downloads",
        ),
        _Step(_EXPRESSION, True, n > 0),
    ]


def _selected(
    expression: Expression, selection: ProbeSelection, gene_id: int | None, steps: Sequence[_Step]
) -> NDArray[np.int32]:
    """Return the probes that the rule selects, or all candidates if it builds a profile of them."""
    if steps[0].kept is None or not len(steps[0].kept):
        return np.empty(0, dtype=np.int32)
    gene_ids = None if gene_id is None else [gene_id]
    candidates = find_candidates(expression, selection, gene_ids)
    probes = profiles_of_probes(expression, selection.annotation, expression.all_samples, candidates.probe_ids)
    chosen = select_probes(expression, selection, candidates, reader_of(probes, expression.all_samples))
    if chosen is None:
        return candidates.probe_ids
    return np.asarray(np.unique(chosen[chosen != NO_PROBE]), dtype=np.int32)


def _count(
    steps: Sequence[_Step],
    genes: NDArray[np.int32],
    facts: dict[str, Any],
    selection: ProbeSelection,
    selected: NDArray[np.int32],
) -> tuple[list[tuple[Any, ...]], NDArray[np.object_]]:
    """Return a row per step, and for each probe the step that removes it."""
    remaining = np.ones(len(genes), dtype=np.bool_)
    removed_by = np.full(len(genes), None, dtype=object)
    is_selected = np.isin(facts["probe_id"], selected)
    rule = f"the probe {SELECTS[selection.rule]}" if selection.rule in SELECTS else f"built by {selection.rule}"
    rows: list[tuple[Any, ...]] = []
    for step in [*steps, _Step(_SELECTED, True, is_selected, rule)]:
        of_genes = genes
        if selection.annotation == "reannotated" and step.name in (_REANNOTATED, _PRESENT, _EXPRESSION, _SELECTED):
            of_genes = np.ma.filled(facts["reannotated_gene_id"], NO_GENE)
        if step.kept is None:
            rows.append((step.name, step.is_applied, None, None, None, None, step.note))
            continue
        kept = remaining & step.kept
        before = len(np.unique(of_genes[remaining]))
        after = len(np.unique(of_genes[kept]))
        removed = int(np.count_nonzero(remaining)) - int(np.count_nonzero(kept))
        rows.append(
            (step.name, step.is_applied, int(np.count_nonzero(kept)), after, removed, before - after, step.note)
        )
        if step.is_applied:
            removed_by[remaining & ~step.kept] = "selection" if step.name == _SELECTED else step.name
            remaining = kept
    return rows, removed_by


def _probe_rows(
    facts: dict[str, Any], removed_by: NDArray[np.object_], selected: NDArray[np.int32]
) -> list[tuple[Any, ...]]:
    rows = []
    for place, probe_id in enumerate(facts["probe_id"].tolist()):
        values = [facts[name][place] for name in ("mean_log2", "present_fraction", "n")]
        mean, present, n = (None if value is np.ma.masked else number_or_none(value) for value in values)
        symbol = facts["reannotated_symbol"][place]
        rows.append(
            (
                probe_id,
                facts["probe_name"][place],
                mean,
                present,
                n,
                None if symbol is np.ma.masked else symbol,
                removed_by[place],
                probe_id in selected,
            )
        )
    return rows


def _conclude(
    symbol: str | None, steps: Sequence[_Step], rows: list[tuple[Any, ...]], probes: list[tuple[Any, ...]]
) -> list[str]:
    """Say what remains, and which step removed the rest."""
    final = dict(zip(_STEPS, rows[-1], strict=True))
    removing = [f"{count_of(row[4], 'probe')} by the step {row[0]!r}" for row in rows[1:-1] if row[1] and row[4]]
    lines = []
    if symbol is None:
        lines.append(f"{count_of(final['genes'], 'gene')} can be used, of {rows[0][3]:,} on the chip.")
    elif final["genes"]:
        names = ", ".join(str(probe[1]) for probe in probes if probe[-1])
        lines.append(f"{symbol} is represented by {names}.")
    else:
        lines.append(f"{symbol} is missing: none of its {count_of(rows[0][2], 'probe')} is left.")
    if removing:
        lines.append(f"Removed: {'; '.join(removing)}.")
    if any(step.name == _ENTREZ and step.kept is not None and not step.kept.all() for step in steps) and symbol:
        lines.append(f"{symbol} has no Entrez id, so it is in no category.")
    return lines
