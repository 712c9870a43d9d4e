"""Expression profiles read directly from the tables."""

import numpy as np

from coexpr.atlas import Atlas


def profile(atlas: Atlas, probe: str) -> np.ndarray:
    """Return the log2 intensity of a probe over all samples, by donor and position, read directly from the table."""
    rows = atlas.sql(
        "select unnest(log2::double[]) from (select log2 from expression join probes using (probe_id) "
        "where probe_name = $probe order by donor_id)",
        {"probe": probe},
    ).fetchall()
    return np.array([value for (value,) in rows], dtype=np.float64)
