"""What each selection of a specification curve compares with a seed, and over which samples."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.curve_profiles import PROBES, CurveProfiles, Represented, Row
from coexpr.analysis.design import Design
from coexpr.analysis.profiles import why_no_profile
from coexpr.analysis.specification import OF_SELECTION, Specifications
from coexpr.database.expression import Expression
from coexpr.database.names import Seed, find_seed
from coexpr.errors import AmbiguousNameError, NotFoundError
from coexpr.options import Annotation, Level, ProbeSelection

# Values of built profiles with donors left out, over all designs, that are computed without being forced.
MOST_BUILT_VALUES = 3e9
_LEFT_OUT = (
    "average and eigengene build a profile for every gene, and without each donor these take as long as all other "
    "analyses. `max_analyses` lifts this limit."
)


@dataclass(frozen=True)
class Selected:
    """What is compared in one selection.

    Parameters
    ----------
    seed : Row
    compared : Represented
    others : (G,) bool
        Without the seed's own gene or probe.
    """

    seed: Row
    compared: Represented
    others: NDArray[np.bool_]


def select(
    expression: Expression, name: str, level: Level, specifications: Specifications, profiles: CurveProfiles
) -> tuple[Selected, list[Selected | str]]:
    """Return what the default analysis compares, and what each selection compares or why it cannot be made.

    Raises
    ------
    NotFoundError
        If the selection of the default analysis cannot be made.
    """
    seeds: dict[Annotation, Seed | str] = {}
    found: list[Selected | str] = []
    total = int(np.prod(specifications.shape[:OF_SELECTION]))
    with expression.progress.task("Selecting probes", total, "selections") as advance:
        for selection in specifications.selections():
            if selection.annotation not in seeds:
                try:
                    seeds[selection.annotation] = find_seed(expression.connection, name, selection.annotation)
                except (NotFoundError, AmbiguousNameError) as reason:
                    seeds[selection.annotation] = str(reason)
            seed = seeds[selection.annotation]
            try:
                found.append(seed if isinstance(seed, str) else _compare(expression, seed, level, selection, profiles))
            except NotFoundError as reason:
                found.append(str(reason))
            advance(1)
    default = found[0]
    if isinstance(default, str):
        raise NotFoundError(default)
    return default, found


def _compare(
    expression: Expression, seed: Seed, level: Level, selection: ProbeSelection, profiles: CurveProfiles
) -> Selected:
    genes = profiles.represent(selection) if "gene" in (level, seed.level) else None
    row = None if seed.probe_id is None else Row(PROBES, seed.probe_id)
    if row is None and genes is not None:
        row = genes.row_of(seed.gene_ids[0])
    if row is None:
        raise NotFoundError(why_no_profile(expression, seed.gene_ids[0], selection))
    if level == "gene" and genes is not None:
        return Selected(row, genes, ~np.isin(genes.ids, seed.gene_ids))
    probe_ids = expression.matrix.probe_ids
    compared = Represented(PROBES, probe_ids, probe_ids.astype(np.intp))
    return Selected(row, compared, probe_ids != row.number if row.kind == PROBES else np.ones(len(probe_ids), bool))


def plan_designs(
    selections: list[Selected | str], designs: list[Design | str], specifications: Specifications, *, force: bool
) -> dict[str, list[Design | str]]:
    """Return the designs of each kind of profile; a design that is left out has a reason in its place.

    Built profiles are as many as probes, and take as much time, for two rules of thirteen. If there are too many, no
    donor is left out for them.
    """
    numbers: dict[str, list[NDArray[np.intp]]] = {}
    for selected in selections:
        if isinstance(selected, Selected):
            numbers.setdefault(selected.compared.kind, []).append(selected.compared.numbers)
    built = sum(len(np.unique(np.concatenate(parts))) for kind, parts in numbers.items() if kind != PROBES)
    donors = len(specifications.levels["without_donor"])
    without = [number % donors > 0 and isinstance(design, Design) for number, design in enumerate(designs)]
    samples = sum(
        len(design.samples)
        for design, is_one in zip(designs, without, strict=True)
        if isinstance(design, Design) and is_one
    )
    if force or built * samples <= MOST_BUILT_VALUES:
        return dict.fromkeys(numbers, designs)
    fewer = [_LEFT_OUT if is_one else design for design, is_one in zip(designs, without, strict=True)]
    return {kind: designs if kind == PROBES else fewer for kind in numbers}
