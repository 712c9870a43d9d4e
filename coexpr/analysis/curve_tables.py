"""r of a seed with every profile of a specification curve, each measured once by all methods and designs."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.curve_profiles import CurveProfiles, Row
from coexpr.analysis.curve_selections import Selected
from coexpr.analysis.design import Design
from coexpr.analysis.specification import Specifications, estimators_of
from coexpr.database.expression import Expression
from coexpr.errors import LimitError
from coexpr.options import MIN_SAMPLES_FOR_R
from coexpr.progress import Advance
from coexpr.resources import MEMORY
from coexpr.stats.several_methods import SeveralMethods
from coexpr.wording import bytes_of

# Profiles that are read or built, and measured, at a time: 1 MB in double precision, which stays in the cache.
_BLOCK = 32


@dataclass(frozen=True)
class Table:
    """r of the profiles of one kind.

    Parameters
    ----------
    numbers : (P,) intp, ascending
        The profiles; see `Row`.
    seeds : list of Row
    r : (designs, methods, k, P) float64
        NaN for a design that does not exist.
    """

    numbers: NDArray[np.intp]
    seeds: list[Row]
    r: NDArray[np.float64]

    def of(self, selected: Selected) -> NDArray[np.float64]:
        """Return r of the seed of a selection with what it is compared with: (designs, methods, G)."""
        rows = np.searchsorted(self.numbers, selected.compared.numbers)
        return self.r[:, :, self.seeds.index(selected.seed)][:, :, rows]


def measure_tables(
    expression: Expression,
    profiles: CurveProfiles,
    selections: list[Selected | str],
    plans: dict[str, list[Design | str]],
    specifications: Specifications,
    *,
    force: bool,
) -> dict[str, Table]:
    """Return r of the seeds with every profile that a selection compares, by kind of profile."""
    made = [selected for selected in selections if isinstance(selected, Selected)]
    methods = len(specifications.levels["method"])
    tables: dict[str, Table] = {}
    for kind in dict.fromkeys(selected.compared.kind for selected in made):
        of_kind = [selected for selected in made if selected.compared.kind == kind]
        numbers = np.unique(np.concatenate([selected.compared.numbers for selected in of_kind]))
        seeds = list(dict.fromkeys(selected.seed for selected in of_kind))
        tables[kind] = Table(numbers, seeds, np.empty((0, methods, len(seeds), len(numbers))))
    size = sum(8 * len(plans[kind]) * methods * len(table.seeds) * len(table.numbers) for kind, table in tables.items())
    if size > MEMORY and not force:
        raise LimitError(
            f"r of {max(len(table.seeds) for table in tables.values())} profiles of the seed takes {bytes_of(size)}, "
            f"and the limit is {bytes_of(MEMORY)}. Name fewer choices in `vary`; `max_analyses` lifts it."
        )
    total = sum(len(table.numbers) for table in tables.values())
    with expression.progress.task("Measuring", total, "profiles") as advance:
        for kind, table in tables.items():
            r = np.full((len(plans[kind]), *table.r.shape[1:]), np.nan)
            _fill(expression, profiles, kind, table, plans[kind], specifications, r, advance)
            tables[kind] = Table(table.numbers, table.seeds, r)
    return tables


def _fill(
    expression: Expression,
    profiles: CurveProfiles,
    kind: str,
    table: Table,
    designs: list[Design | str],
    specifications: Specifications,
    r: NDArray[np.float64],
    advance: Advance,
) -> None:
    """Fill r of one kind of profile, block by block; each block is measured by all designs while it is in the cache."""
    seeds = np.stack([profiles.read(row.kind, np.array([row.number]))[0] for row in table.seeds])
    measures = []
    for place, design in enumerate(designs):
        if isinstance(design, Design):
            columns = design.samples.columns_in(expression.all_samples)
            estimators = estimators_of(design, specifications)
            measures.append((place, columns, SeveralMethods(seeds[:, columns], estimators)))

    def fill(start: int) -> None:
        rows = slice(start, start + _BLOCK)
        block = profiles.read(kind, table.numbers[rows])
        for place, columns, several in measures:
            r[place, :, :, rows] = several.measure(block[:, columns], MIN_SAMPLES_FOR_R)
        advance(len(block))

    with ThreadPoolExecutor(max_workers=expression.threads.workers) as threads:
        list(threads.map(fill, range(0, len(table.numbers), _BLOCK)))
