"""Expression values of probes and genes, sample by sample, with the labels of samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.items import find_items, profiles_of_items
from coexpr.analysis.labels import Label, find_labels, unique_names
from coexpr.analysis.provenance import DataUse, describe_data
from coexpr.analysis.sample_labels import LABELS, SampleLabels, shortest
from coexpr.analysis.sample_matrix import as_anndata
from coexpr.database.categories import GeneFilterUse
from coexpr.database.expression import Expression
from coexpr.database.samples import Region, find_samples
from coexpr.options import GeneFilter, Level, ProbeSelection, SampleFilter
from coexpr.output.figures.drawable import Drawable
from coexpr.result import LazyRows, Provenance, Result, json_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from anndata import AnnData

    from coexpr.output.figures.expression import ExpressionByStructure


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

    @property
    def caption(self) -> str:
        """What the values are, in sentences for a figure."""
        genes = f" Each gene {self.probe_selection.description}." if self.probe_selection else ""
        return f"log2 expression of {self.data.description}.{genes} Data: {self.data.origin}. {super().caption}"


@dataclass(frozen=True, repr=False, eq=False)
class ExpressionResult(Result[ExpressionProvenance], Drawable):
    """Expression values: one row per sample, one column per probe or gene after the labels of the sample.

    Parameters
    ----------
    names : list of str
        Of the probes and genes.
    profiles : list of Label
        Their probes and genes.
    log2 : (K, S) float
        NaN where missing.
    labels : SampleLabels
    """

    names: list[str]
    profiles: list[Label]
    log2: NDArray[np.floating]
    labels: SampleLabels

    def to_arrow(self) -> "pa.Table":
        """Return the rows as an Arrow table, with values as they are stored; its metadata hold the provenance."""
        import pyarrow as pa

        of_samples = [pa.array(list(column)) for column in zip(*self.labels.rows, strict=True)]
        values = [pa.array(profile, from_pandas=True) for profile in self.log2]
        table = pa.table([*of_samples, *values], names=list(self.columns))
        return table.replace_schema_metadata({"provenance": json_text(self.provenance)})

    def to_pandas(self) -> "pd.DataFrame":
        """Return the rows as a DataFrame; `attrs["provenance"]` holds the provenance as a dict."""
        frame = self.to_arrow().to_pandas()
        frame.attrs["provenance"] = self.provenance.as_dict()
        return frame

    def to_anndata(self) -> "AnnData":
        """Return samples by probes and genes as AnnData; see `Atlas.to_anndata`."""
        return as_anndata(self.log2, self.names, self.profiles, self.labels, self.provenance)

    def drawing(self) -> "ExpressionByStructure":
        """Return box plots by top-level structure with the mean of each donor, one panel per probe or gene."""
        from coexpr.output.figures.expression import ExpressionByStructure

        donors, members = self.labels.donors
        return ExpressionByStructure(self.names, self.log2, self.labels.top_level, members, donors)


def expression_values(
    expression: Expression,
    names: Sequence[str],
    gene_filter: GeneFilter,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    *,
    level: Level | None,
) -> ExpressionResult:
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
    sample_labels = SampleLabels(expression, samples)

    def rows() -> list[tuple[Any, ...]]:
        values = [shortest(profile) for profile in log2]
        return [(*sample, *row) for sample, row in zip(sample_labels.rows, zip(*values, strict=True), strict=True)]

    return ExpressionResult(
        [*LABELS, *columns], LazyRows(len(samples), rows), provenance, columns, labels, log2, sample_labels
    )
