"""Whether the probe that stands for a gene agrees with the other probes of the gene."""

from typing import Any

import duckdb
import numpy as np

from coexpr.choice import Choice
from coexpr.correlate import correlate_seed
from coexpr.gene_profiles import Profiles
from coexpr.profiles import profiles_of
from coexpr.representatives import NO_PROBE, probes_of_genes
from coexpr.restriction import FEWEST_FOR_R
from coexpr.samples import every_sample
from coexpr.seeds import Seed

# A probe whose mean r with its siblings is below this hardly measures what they do.
_LITTLE = 0.2


def disagreement(
    connection: duckdb.DuckDBPyConnection, seed: Seed, profile: Profiles, choice: Choice
) -> dict[str, Any]:
    """Return what the route says of a probe that goes little with the gene's other probes: nothing if it does.

    r is over every sample, as is the choice.
    """
    chosen = int(profile.probe_ids[0])
    if seed.level == "probe" or chosen == NO_PROBE:
        return {}
    probe_ids = probes_of_genes(connection, choice.annotation, seed.gene_ids).probe_ids
    if len(probe_ids) < 3:  # of two nobody can say which is the odd one out
        return {}
    values = profiles_of(connection, probe_ids, every_sample(connection))
    at = int(np.searchsorted(probe_ids, chosen))
    r, n = correlate_seed(values[at], np.delete(values, at, axis=0))
    r[n < FEWEST_FOR_R] = np.nan
    mean = float(np.nanmean(r)) if not np.isnan(r).all() else np.nan
    return {seed.name: {"mean_r": mean, "others": len(r)}} if mean < _LITTLE else {}
