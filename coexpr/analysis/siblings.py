"""Whether the probe that stands for a gene agrees with the other probes of the gene."""

from typing import Any

import numpy as np

from coexpr.analysis.probe_selection import NO_PROBE
from coexpr.analysis.profiles import Profiles
from coexpr.database.seeds import Seed
from coexpr.restriction import FEWEST_FOR_R
from coexpr.stats.correlate import correlate_seed

# A probe whose mean r with the gene's other probes is lower hardly measures what they measure.
LOW_MEAN_R = 0.2


def disagreement(seed: Seed, profile: Profiles, probes: Profiles) -> dict[str, Any]:
    """Return what the route says of a probe that goes little with the gene's other probes: nothing if it does.

    Parameters
    ----------
    seed : Seed
    profile : Profiles
        The one profile of the gene.
    probes : Profiles
        All probes of the gene over every sample, as is the choice, ascending by probe_id.
    """
    chosen = int(profile.probe_ids[0])
    if seed.level == "probe" or chosen == NO_PROBE or len(probes) < 3:  # of two nobody can say which is odd
        return {}
    at = int(np.searchsorted(probes.probe_ids, chosen))
    values = np.asarray(probes.values)
    r, n = correlate_seed(values[at], np.delete(values, at, axis=0))
    r[n < FEWEST_FOR_R] = np.nan
    mean = float(np.nanmean(r)) if not np.isnan(r).all() else np.nan
    return {seed.name: {"mean_r": mean, "others": len(r)}} if mean < LOW_MEAN_R else {}
