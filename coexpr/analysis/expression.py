"""Expression values of probes and genes, sample by sample, with the labels of samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.items import find_items, profiles_of_items
from coexpr.analysis.labels import find_labels, unique_names
from coexpr.analysis.provenance import DataUse, describe_data
from coexpr.database.categories import GeneFilterUse
from coexpr.database.expression import Expression
from coexpr.database.queries import query
from coexpr.database.samples import Region, Samples, find_samples
from coexpr.options import GeneFilter, Level, ProbeSelection, SampleFilter
from coexpr.result import Provenance, Result, number_or_none

LABELS = (
    "sample_id",
    "donor",
    "structure_id",
    "acronym",
    "structure_name",
    "hemisphere",
    "mni_x",
    "mni_y",
    "mni_z",
)


@dataclass(frozen=True, kw_only=True)
class ExpressionProvenance(Provenance):
    """The provenance of expression values.

    Parameters
    ----------
    data : DataUse
    probe_selection : ProbeSelection, optional
        None where no gene is represented.
    gene_filter : GeneFilterUse, optional
    profiles : dict of str to str
        For each gene, the probe that represents it or what its profile is built from.
    genes_without_profile : int
        How many genes were left out because they have no usable probe.
    """

    data: DataUse
    probe_selection: ProbeSelection | None
    gene_filter: GeneFilterUse | None
    profiles: dict[str, str]
    genes_without_profile: int


def expression_values(
    expression: Expression,
    names: Sequence[str],
    gene_filter: GeneFilter,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    *,
    level: Level | None,
) -> Result[ExpressionProvenance]:
    """Return expression values by sample; see `Atlas.expression`."""
    items = find_items(expression, names, gene_filter, level, selection)
    samples, region = expression.all_samples, Region()
    if sample_filter:  # as few as there are: no r is computed
        samples, region = find_samples(expression.connection, sample_filter)
    profiles = profiles_of_items(expression, items, selection, samples)
    labels = find_labels(expression.connection, profiles)
    columns = unique_names(labels, profiles, len(items.probe_ids))
    log2 = np.asarray(profiles.expression)
    of_genes = zip(columns[len(items.probe_ids) :], labels[len(items.probe_ids) :], strict=True)
    provenance = ExpressionProvenance(
        database=str(expression.path),
        data=describe_data(expression, samples, region, ~np.isnan(log2).all(axis=0)),
        probe_selection=selection if items.gene_ids else None,
        gene_filter=items.gene_filter,
        profiles={name: str(label.probe_name) for name, label in of_genes},
        genes_without_profile=profiles.genes_without_profile,
    )
    sample_labels = _sample_labels(expression, samples)
    values = [_shortest(profile) for profile in log2]
    rows = [(*sample, *row) for sample, row in zip(sample_labels, zip(*values, strict=True), strict=True)]
    return Result([*LABELS, *columns], rows, provenance)


def _sample_labels(expression: Expression, samples: Samples) -> list[tuple[Any, ...]]:
    """Return `LABELS` of each sample."""
    found = expression.connection.execute(query("labels_of_samples")).fetchall()
    return [found[column] for column in samples.columns_in(expression.all_samples).tolist()]


def _shortest(profile: NDArray[np.floating]) -> list[float | None]:
    """Return values as the shortest decimal numbers that are stored as they are: 6.5945, not 6.594500064849854."""
    numbers = profile.tolist() if profile.dtype == np.float64 else [float(str(value)) for value in profile]
    return [number_or_none(number) for number in numbers]
