"""The provenance of results with r: data, seed, method, probe selection and gene filter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.labels import find_labels
from coexpr.analysis.profiles import Profiles
from coexpr.database.categories import GeneFilterUse
from coexpr.database.expression import Expression
from coexpr.database.names import Seed
from coexpr.database.samples import Region, Samples
from coexpr.options import CorrelationMethod, Hemisphere, Level, ProbeSelection
from coexpr.result import Provenance
from coexpr.wording import count_of


@dataclass(frozen=True)
class DataUse:
    """The data that an r is computed from.

    Parameters
    ----------
    source : list of str
        Titles of the atlas, as its downloads give them.
    donors : list of str
    samples_by_donor : dict of str to int
    n_samples : int
    structures : list of str
        Empty for all structures.
    structure_ids : list of int
        Empty for all structures.
    hemisphere : "L" or "R", optional
    scale, resolution : str
    """

    source: list[str]
    donors: list[str]
    samples_by_donor: dict[str, int]
    n_samples: int
    structures: list[str]
    structure_ids: list[int]
    hemisphere: Hemisphere | None
    scale: str = "log2"
    resolution: str = "samples"

    @property
    def description(self) -> str:
        """The samples in words, such as "946 samples of 1 donor (H0351.2001), all structures"."""
        where = f"structures: {'; '.join(self.structures)}" if self.structures else "all structures"
        if self.hemisphere:
            where += f", {'left' if self.hemisphere == 'L' else 'right'} hemisphere"
        donors = f"{count_of(len(self.donors), 'donor')} ({', '.join(self.donors)})"
        return f"{count_of(self.n_samples, 'sample')} of {donors}, {where}"

    @property
    def origin(self) -> str:
        """The title of the atlas."""
        return "; ".join(self.source) or "unnamed"


@dataclass(frozen=True)
class SeedUse:
    """The seed of a query, and the profile that represents it.

    Parameters
    ----------
    name : str
    level : "probe" or "gene"
    gene : str, optional
    other_name : str, optional
        The name that was given, where the atlas uses another symbol.
    probe_id : int, optional
        None for a profile that is built from several probes.
    probe : str
        The name of the probe, or what the profile is built from.
    selected_by : str
        The rule, or "name" where the probe was given.
    candidates, probes : int
        How many of the gene's probes could be selected, and how many it has.
    """

    name: str
    level: Level
    gene: str | None
    other_name: str | None
    probe_id: int | None
    probe: str | None
    selected_by: str
    candidates: int
    probes: int


@dataclass(frozen=True, kw_only=True)
class CorrelationProvenance(Provenance):
    """The provenance of a result with r.

    Parameters
    ----------
    data : DataUse
    method : CorrelationMethod
    probe_selection : ProbeSelection, optional
        None where no gene is represented.
    gene_filter : GeneFilterUse, optional
        None where no filter was given.
    cache_problem : str, optional
        Why the cache of the matrix could not be written.
    """

    data: DataUse
    method: CorrelationMethod
    probe_selection: ProbeSelection | None = None
    gene_filter: GeneFilterUse | None = None
    cache_problem: str | None = None

    @property
    def caption(self) -> str:
        """What r is computed from, in sentences for a figure."""
        genes = f" Each gene {self.probe_selection.description}." if self.probe_selection else ""
        r = f"{self.method.description} over {self.data.description}."
        if self.gene_filter and self.gene_filter.categories:
            categories = "; ".join(category.reference for category in self.gene_filter.categories)
            genes = f" Genes of {categories}.{genes}"
        return f"{r}{genes} Data: {self.data.origin}. {super().caption}"


def describe_data(expression: Expression, samples: Samples, region: Region, known: NDArray[np.bool_]) -> DataUse:
    """Return the data of a query.

    Parameters
    ----------
    expression : Expression
    samples : Samples
    region : Region
    known : (S,) bool
        Samples in which the seed is known.
    """
    names = expression.donor_names
    samples_by_donor = {
        names[donor_id]: int(np.count_nonzero(known[columns]))
        for donor_id, columns in samples.columns.items()
        if known[columns].any()
    }
    return DataUse(
        source=expression.titles,
        donors=list(samples_by_donor),
        samples_by_donor=samples_by_donor,
        n_samples=int(np.count_nonzero(known)),
        structures=region.structures,
        structure_ids=region.structure_ids,
        hemisphere=region.hemisphere,
    )


def describe_seed(
    expression: Expression, seed: Seed, profile: Profiles, selection: ProbeSelection, probe: str | None
) -> SeedUse:
    """Return the seed of a query and the profile that represents it; `probe` is the one that was requested."""
    probe_id, probe_name, gene = seed.probe_id, seed.probe_name, seed.gene_symbol
    if seed.level == "gene":
        (label,) = find_labels(expression.connection, profile)
        probe_id, probe_name, gene = label.probe_id, label.probe_name, label.gene_symbol
    return SeedUse(
        name=seed.name,
        level=seed.level,
        gene=gene,
        other_name=seed.other_name,
        probe_id=probe_id,
        probe=probe_name,
        selected_by=selection.rule if seed.level == "gene" and probe is None else "name",
        candidates=int(profile.candidates[0]),
        probes=int(profile.totals[0]),
    )
