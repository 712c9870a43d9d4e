"""Whether the representative probe of a gene disagrees with the gene's other probes."""

from dataclasses import dataclass

import numpy as np

from coexpr.analysis.probe_selection import NO_PROBE
from coexpr.analysis.profiles import Profiles
from coexpr.database.names import Seed
from coexpr.options import MIN_SAMPLES_FOR_R
from coexpr.stats.correlate import correlate_seed

# A probe with a lower mean r with the gene's other probes hardly measures what they measure.
LOW_MEAN_R = 0.2


@dataclass(frozen=True)
class Disagreement:
    """A representative probe that disagrees with the other probes of its gene.

    Parameters
    ----------
    mean_r : float
        Its mean r with them.
    others : int
        How many they are.
    """

    mean_r: float
    others: int


def find_disagreements(seed: Seed, profile: Profiles, probes: Profiles) -> dict[str, Disagreement]:
    """Return whether a representative probe disagrees with the gene's other probes, under the name of the seed.

    Parameters
    ----------
    seed : Seed
    profile : Profiles
        The one profile of the gene.
    probes : Profiles
        All probes of the gene over all samples, ascending by probe_id.
    """
    selected = int(profile.probe_ids[0])
    if seed.level == "probe" or selected == NO_PROBE or len(probes) < 3:  # of two, neither can be called wrong
        return {}
    row = int(np.searchsorted(probes.probe_ids, selected))
    log2 = np.asarray(probes.expression)
    r, n = correlate_seed(log2[row], np.delete(log2, row, axis=0))
    r[n < MIN_SAMPLES_FOR_R] = np.nan
    mean = float(np.nanmean(r)) if not np.isnan(r).all() else np.nan
    return {seed.name: Disagreement(mean, len(r))} if mean < LOW_MEAN_R else {}
