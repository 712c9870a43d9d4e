"""The funnel from the probes on the chip to the genes of a result: how many remain after each step, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.names import COLUMNS, resolve_names
from coexpr.analysis.probe_selection import NO_PROBE, find_candidates, select_probes
from coexpr.database.expression import NO_GENE, Expression
from coexpr.database.names import find_seed, meanings_of
from coexpr.database.queries import query, single
from coexpr.options import BUILDS, SELECTS, ProbeSelection
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
class _Probes:
    """What the steps decide by: the facts of the probes that are examined, as arrays of equal length.

    Parameters
    ----------
    ids, names : (P,)
    genes, reannotated : (P,)
        The gene of each probe by Allen's annotation and by the re-annotation; `NO_GENE` where there is none.
    reannotated_symbols : (P,)
        The symbol in the table of the re-annotation; None where there is none.
    has_entrez_id : (P,)
        Whether the gene of Allen's annotation has an Entrez id.
    n, mean_log2, present : (P,) float64
        The statistics; NaN where missing.
    """

    ids: NDArray[np.int32]
    names: NDArray[np.object_]
    genes: NDArray[np.int32]
    reannotated: NDArray[np.int32]
    reannotated_symbols: NDArray[np.object_]
    has_entrez_id: Mask
    n: NDArray[np.float64]
    mean_log2: NDArray[np.float64]
    present: NDArray[np.float64]

    def of_gene(self, gene_id: int | None, selection: ProbeSelection) -> "_Probes":
        """Return the probes that an annotation in use assigns to a gene; no probe for None."""
        is_of_gene = self.genes == gene_id
        if selection.annotation == "reannotated":
            is_of_gene |= self.reannotated == gene_id
        return _Probes(**{name: column[is_of_gene] for name, column in vars(self).items()})


@dataclass(frozen=True)
class _Step:
    """A condition on probes; `kept` is None if the data for it are not loaded.

    Parameters
    ----------
    genes : array
        The gene of each probe by which genes are counted.
    """

    name: str
    is_applied: bool
    kept: Mask | None
    genes: NDArray[np.int32]
    note: str = ""


def funnel(expression: Expression, gene: str | None, selection: ProbeSelection, *, with_entrez_id: bool) -> Funnel:
    """Return the funnel of a gene, or of all genes; see `Atlas.why`."""
    symbol, gene_id, missing = (None, None, None) if gene is None else _resolve(expression, gene, selection)
    probes = _read_probes(expression)
    if gene is not None:
        probes = probes.of_gene(gene_id, selection)
    selected = np.empty(0, dtype=np.int32) if missing else _select(expression, selection, gene_id)
    steps = _steps(expression, probes, selection, gene_id, selected, with_entrez_id=with_entrez_id)
    rows, removed_by = _count(steps)
    of_probes = [] if gene is None else _probe_rows(probes, removed_by)
    conclusions = [missing] if missing else _conclude(symbol, selection, rows, of_probes)
    provenance = FunnelProvenance(
        database=str(expression.path),
        gene=symbol,
        probe_selection=selection,
        with_entrez_id=with_entrez_id,
        conclusions=conclusions,
    )
    return Funnel(Result(_STEPS, rows, provenance), Result(_PROBES, of_probes, provenance))


def _resolve(expression: Expression, gene: str, selection: ProbeSelection) -> tuple[str, int | None, str | None]:
    """Return the symbol and id of a gene; or, for a name without a gene here, the name and a sentence that says why.

    Raises
    ------
    NotFoundError, AmbiguousNameError
        If the name means nothing, or several genes.
    """
    connection = expression.connection
    meanings = meanings_of(connection, [gene], selection.annotation)[gene]
    if not meanings or any(meaning.gene_id is not None for meaning in meanings):
        seed = find_seed(connection, gene, selection.annotation)
        return str(seed.gene_symbol), seed.gene_ids[0], None
    if any(meaning.level == "probe" for meaning in meanings):
        return gene, None, f"{gene} is a probe of no gene, so no gene is missing because of it."
    (row,) = resolve_names(connection, str(expression.path), [gene], selection.annotation).rows
    found = dict(zip(COLUMNS, row, strict=True))
    return gene, None, f"{gene}: {found['status']}; {found['explanation']}. No loaded download has a probe of it."


def _read_probes(expression: Expression) -> _Probes:
    facts = expression.connection.execute(query("facts_of_probes")).fetchnumpy()

    def numbers(name: str) -> NDArray[np.float64]:
        return np.ma.filled(np.ma.asarray(facts[name], dtype=np.float64), np.nan)

    return _Probes(
        ids=np.ma.getdata(facts["probe_id"]),
        names=np.ma.getdata(facts["probe_name"]),
        genes=np.ma.getdata(facts["gene_id"]),
        reannotated=np.ma.getdata(facts["reannotated_gene_id"]),
        reannotated_symbols=np.array(facts["reannotated_symbol"].tolist(), dtype=np.object_),
        has_entrez_id=~np.isnan(numbers("entrez_id")),
        n=numbers("n"),
        mean_log2=numbers("mean_log2"),
        present=numbers("present_fraction"),
    )


def _select(expression: Expression, selection: ProbeSelection, gene_id: int | None) -> NDArray[np.int32]:
    """Return the probes that the rule selects, or all candidates if it builds a profile of them."""
    candidates = find_candidates(expression, selection, None if gene_id is None else [gene_id])
    read = expression.mapped_rows if gene_id is None else expression.log2
    selected = select_probes(expression, selection, candidates, read)
    if selected is None:
        return candidates.probe_ids
    return np.asarray(np.unique(selected[selected != NO_PROBE]), dtype=np.int32)


def _steps(
    expression: Expression,
    probes: _Probes,
    selection: ProbeSelection,
    gene_id: int | None,
    selected: NDArray[np.int32],
    *,
    with_entrez_id: bool,
) -> list[_Step]:
    threshold = _USUAL_PRESENT if selection.min_present is None else selection.min_present
    has_calls = single(expression.connection, "count_present_calls") > 0
    has_reannotations = single(expression.connection, "count_reannotations") > 0
    is_reannotated = selection.annotation == "reannotated"
    if gene_id is None:
        allen, reannotated, kept = probes.genes, probes.reannotated, probes.reannotated != NO_GENE
    else:
        allen = reannotated = np.full(len(probes.ids), gene_id)
        kept = probes.reannotated == gene_id
    genes = reannotated if is_reannotated else allen
    # The re-annotation assigns probes only to genes with an Entrez id, whatever their gene by Allen's annotation.
    has_entrez_id = probes.has_entrez_id | kept if is_reannotated else probes.has_entrez_id
    by = "Allen's annotation" if gene_id is None or not is_reannotated else "either annotation"
    rule = f"the probe {SELECTS[selection.rule]}" if selection.rule in SELECTS else f"their {BUILDS[selection.rule]}"
    no_reannotation = "not loaded: the table of Arnatkeviciute et al. 2019"
    present = f"in at least {threshold * 100:g} % of samples"
    return [
        _Step(_CHIP, True, np.ones(len(allen), dtype=np.bool_), allen, f"measures a gene by {by}"),
        _Step(_ENTREZ, with_entrez_id, has_entrez_id, allen, "genes without one are in no category"),
        _Step(
            _REANNOTATED,
            is_reannotated,
            kept if has_reannotations else None,
            reannotated,
            "" if has_reannotations else no_reannotation,
        ),
        _Step(_EXPRESSION, True, probes.n > 0, genes),
        _Step(
            _PRESENT,
            selection.min_present is not None,
            probes.present >= threshold if has_calls else None,
            genes,
            present if has_calls else "not loaded: full-donor downloads",
        ),
        _Step(_SELECTED, True, np.isin(probes.ids, selected), genes, rule),
    ]


def _count(steps: Sequence[_Step]) -> tuple[list[tuple[Any, ...]], NDArray[np.object_]]:
    """Return a row per step, and for each probe the step that removes it."""
    remaining = np.ones(len(steps[0].genes), dtype=np.bool_)
    removed_by = np.full(len(remaining), None, dtype=object)
    probes, genes = len(remaining), len(np.unique(steps[0].genes))
    rows: list[tuple[Any, ...]] = []
    for step in steps:
        if step.kept is None:
            rows.append((step.name, step.is_applied, None, None, None, None, step.note))
            continue
        kept = remaining & step.kept
        left, genes_left = int(np.count_nonzero(kept)), len(np.unique(step.genes[kept]))
        rows.append((step.name, step.is_applied, left, genes_left, probes - left, genes - genes_left, step.note))
        if step.is_applied:
            removed_by[remaining & ~kept] = "selection" if step.name == _SELECTED else step.name
            remaining, probes, genes = kept, left, genes_left
    return rows, removed_by


def _probe_rows(probes: _Probes, removed_by: NDArray[np.object_]) -> list[tuple[Any, ...]]:
    columns = [probes.ids, probes.names, probes.mean_log2, probes.present, probes.n, probes.reannotated_symbols]
    return [
        (probe_id, name, *map(number_or_none, (mean, present)), None if np.isnan(n) else int(n), symbol, by, by is None)
        for probe_id, name, mean, present, n, symbol, by in zip(
            *(column.tolist() for column in columns), removed_by.tolist(), strict=True
        )
    ]


def _conclude(
    symbol: str | None,
    selection: ProbeSelection,
    rows: list[tuple[Any, ...]],
    probes: list[tuple[Any, ...]],
) -> list[str]:
    """Say what remains, and which steps removed the rest."""
    first, entrez, last = (dict(zip(_STEPS, row, strict=True)) for row in (rows[0], rows[1], rows[-1]))
    facts = [dict(zip(_PROBES, probe, strict=True)) for probe in probes]
    if symbol is None:
        lines = [f"{count_of(last['genes'], 'gene')} can be used, of {first['genes']:,} on the chip."]
        removing = [(count_of(row[5], "gene"), row[0]) for row in rows if row[1] and row[5] > 0]
    else:
        lines = [_outcome(symbol, selection, facts)]
        removing = [(count_of(row[4], "probe"), row[0]) for row in rows[:-1] if row[1] and row[4]]
    if removing:
        lines.append(f"Removed: {'; '.join(f'{count} by the step {step!r}' for count, step in removing)}.")
    if symbol is None:
        return lines
    moved = {fact["reannotated"] for fact in facts if fact["removed_by"] == _REANNOTATED}
    if others := sorted(moved - {None}):
        lines.append(f"The re-annotation assigns its probes to other genes: {', '.join(others)}.")
    if not entrez["probes"]:
        lines.append(f"{symbol} has no Entrez id, so it is in no category.")
    return lines


def _outcome(symbol: str, selection: ProbeSelection, facts: list[dict[str, Any]]) -> str:
    """Say which of the probes of a gene represent it."""
    left = [fact["probe_name"] for fact in facts if fact["selected"]]
    names = ", ".join(left)
    if not left:
        removed = "its only probe is" if len(facts) == 1 else f"all of its {len(facts)} probes are"
        return f"{symbol} is missing: {removed} removed."
    if selection.builds_profile:
        return f"{symbol} is represented by the {BUILDS[selection.rule]} of {count_of(len(left), 'probe')}: {names}."
    if len(left) > 1:
        return f"{symbol} is represented by {count_of(len(left), 'probe')}, one in each donor: {names}."
    return f"{symbol} is represented by {names}."
