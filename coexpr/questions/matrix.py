"""The r of every probe or gene with every other."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coexpr.basis import find_basis
from coexpr.choice import Annotation, Choice
from coexpr.errors import LimitError, NotFoundError, OptionError
from coexpr.expression import Expression
from coexpr.gene_profiles import Profiles, profiles_of_genes, profiles_of_probes, why_no_profile
from coexpr.method import Method
from coexpr.questions.limits import Limits
from coexpr.representatives import probes_of_genes
from coexpr.restriction import Restriction
from coexpr.route import describe_choice, describe_data, labels_of
from coexpr.samples import Samples
from coexpr.seeds import Level, Seed, find_seed

if TYPE_CHECKING:
    import pandas as pd

# r in double precision, and how many samples each is of.
_BYTES_PER_CELL = 12


@dataclass(frozen=True)
class _Rows:
    """What the rows of a matrix are: probes by themselves, and genes by their one profile."""

    probe_ids: list[int]
    gene_ids: list[int]

    def __len__(self) -> int:
        return len(self.probe_ids) + len(self.gene_ids)


def correlation_matrix(
    expression: Expression,
    items: Sequence[str],
    limits: Limits,
    choice: Choice | None,
    restriction: Restriction,
    method: Method | None,
    *,
    level: Level | None,
    most_rows: int | None,
    progress: Callable[[str], None],
) -> "pd.DataFrame":
    """Answer `Atlas.correlation_matrix`."""
    connection = expression.connection
    if items and (limits.match != "any" or limits.include_regulates):
        raise OptionError("--match and --include-regulates say which genes of categories count, and there is none.")
    if bool(items) == bool(limits.categories or limits.genes):
        raise OptionError("name probes or genes, or give a category or a list of genes: one of the two.")
    annotation = choice.annotation if choice else "allen"
    limited: dict[str, Any] = {}
    if items:
        wanted = _rows_of_items(
            expression, [find_seed(connection, item, annotation) for item in items], level, annotation
        )
    else:
        limited = limits.choose(connection, annotation)
        wanted = _rows_of_genes(expression, limits.gene_ids(connection), level, choice or Choice())
    if choice is not None and choice.is_of_profiles and (level == "probe" or (items and not wanted.gene_ids)):
        raise OptionError(
            "--rule, --min-present and --scope say which profile a gene gets, but the rows are probes. Leave them out."
        )
    choice = choice or Choice(annotation=annotation)
    _announce(len(wanted), most_rows, progress)
    basis = find_basis(expression, restriction, method)
    profiles = _profiles(expression, wanted, choice, basis.samples)
    if items and (missing := sorted(set(wanted.gene_ids) - set(profiles.gene_ids.tolist()))):
        raise NotFoundError(why_no_profile(expression, missing[0], choice))
    if not len(profiles):
        raise NotFoundError("none of these genes has a probe with expression that may stand for it.")
    labels = labels_of(connection, profiles, np.arange(len(profiles)))
    values = np.asarray(profiles.values)
    r, n = basis.all_with_all(values)
    route = {
        **(describe_choice(choice) if wanted.gene_ids else {"rule": None}),
        **describe_data(expression, basis, ~np.isnan(values).all(axis=0)),
        **limited,
        "rows": len(profiles),
        "fewest_samples": int(n.min()),
        "genes_without_profile": profiles.lost,
        "without_r": int(np.count_nonzero(np.isnan(np.diagonal(r)))),
    }
    import pandas as pd  # slow to import, and this is the one question whose answer is a matrix

    names = _unique_names(labels, profiles, len(wanted.probe_ids))
    frame = pd.DataFrame(r, index=names, columns=names, copy=False)
    frame.attrs["route"] = route
    return frame


def _rows_of_items(expression: Expression, seeds: list[Seed], level: Level | None, annotation: Annotation) -> _Rows:
    """Return the rows that named probes and genes are at a level, each once, as they are where none is given."""
    if level == "gene" and (without := [seed.name for seed in seeds if seed.gene_id is None]):
        raise OptionError(f"probe {without[0]} measures no known gene, so it has no row among genes.")
    genes = [seed.gene_id for seed in seeds if level == "gene" or seed.level == "gene"]
    probes = [seed.probe_id for seed in seeds if level != "gene" and seed.level == "probe"]
    gene_ids = list(dict.fromkeys(gene_id for gene_id in genes if gene_id is not None))
    if level == "probe" and gene_ids:
        of_genes = probes_of_genes(expression, annotation, gene_ids).probe_ids
        probes, gene_ids = [*probes, *of_genes.tolist()], []
    return _Rows(list(dict.fromkeys(probe_id for probe_id in probes if probe_id is not None)), gene_ids)


def _rows_of_genes(expression: Expression, gene_ids: list[int], level: Level | None, choice: Choice) -> _Rows:
    """Return the rows that the genes of a category are: those that have probes, or all of these."""
    probes = probes_of_genes(expression, choice.annotation, gene_ids)
    return _Rows(probes.probe_ids.tolist(), []) if level == "probe" else _Rows([], probes.gene_ids.tolist())


def _announce(rows: int, most_rows: int | None, progress: Callable[[str], None]) -> None:
    """Say how large a matrix becomes at most, and refuse one past the limit."""
    size = f"{rows:,} x {rows:,}: {rows * rows:,} values of r, {rows * rows * _BYTES_PER_CELL / 1e6:,.1f} MB of memory"
    if most_rows is not None and rows > most_rows:
        raise LimitError(f"{size}, and the limit is {most_rows:,} rows. --force lifts it.")
    progress(f"{size}.")


def _profiles(expression: Expression, wanted: _Rows, choice: Choice, samples: Samples) -> Profiles:
    """Return the profiles of the rows in their order, probes before genes.

    A gene without a profile is left out.
    """
    parts = []
    if wanted.probe_ids:
        of_probes = profiles_of_probes(expression, choice.annotation, samples, _ids(wanted.probe_ids))
        parts.append(of_probes.at(np.searchsorted(of_probes.probe_ids, wanted.probe_ids)))
    if wanted.gene_ids:
        of_genes = profiles_of_genes(expression, choice, samples, wanted.gene_ids)
        order = np.argsort(of_genes.gene_ids)
        found = of_genes.gene_ids[order]
        there = np.array(wanted.gene_ids, dtype=np.int32)
        there = there[np.isin(there, found)]
        parts.append(of_genes.at(order[np.searchsorted(found, there)]))
    if not parts:
        raise NotFoundError("none of these genes has a probe with expression that may stand for it.")
    return parts[0] if len(parts) == 1 else parts[0].followed_by(parts[1])


def _ids(probe_ids: Sequence[int]) -> NDArray[np.int32]:
    return np.sort(np.array(probe_ids, dtype=np.int32))


def _unique_names(labels: Sequence[tuple[Any, ...]], profiles: Profiles, probes: int) -> list[str]:
    """Return the name of each row; what two rows share is followed by the Entrez id or gene_id."""
    names = [str(label[1] if row < probes else label[2]) for row, label in enumerate(labels)]
    times = Counter(names)
    return [
        name if times[name] == 1 else f"{name} ({label[4] or f'gene {gene_id}'})"
        for name, label, gene_id in zip(names, labels, profiles.gene_ids.tolist(), strict=True)
    ]
