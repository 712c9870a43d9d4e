"""Expression as AnnData, the annotated matrix of scanpy and the programs around it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.labels import Label
from coexpr.analysis.sample_labels import LABELS, SampleLabels
from coexpr.extras import require
from coexpr.result import Provenance, json_text

if TYPE_CHECKING:
    from anndata import AnnData

_COORDINATES = ("mni_x", "mni_y", "mni_z")


def as_anndata(
    log2: NDArray[np.floating],
    names: Sequence[str],
    profiles: Sequence[Label],
    labels: SampleLabels,
    provenance: Provenance,
) -> "AnnData":
    """Return expression as AnnData; see `Atlas.to_anndata`.

    Parameters
    ----------
    log2 : (K, S) float
    names : sequence of str
        Of the K probes and genes.
    profiles : sequence of Label
    labels : SampleLabels
    provenance : Provenance
    """
    require("anndata")
    import pandas as pd
    from anndata import AnnData

    obs = pd.DataFrame(labels.rows, columns=list(LABELS))
    obs["top_level_structure"] = [structure.top_level_acronym for structure in labels.structures]
    obs.index = obs.pop("sample_id").astype(str)
    for name in ("donor", "acronym", "structure_name", "hemisphere", "top_level_structure"):
        obs[name] = obs[name].astype("category")
    var = pd.DataFrame(profiles, columns=list(Label._fields), index=pd.Index(list(names), name="name"))
    for name in ("probe_id", "entrez_id"):
        var[name] = var[name].astype("Int64")
    for name in _COORDINATES:
        obs[name] = obs[name].astype(np.float64)  # NaN where missing, even if all are
    coordinates = obs[list(_COORDINATES)].to_numpy()
    return AnnData(
        np.ascontiguousarray(log2.T, dtype=np.float32),
        obs=obs,
        var=var,
        obsm={"spatial": coordinates},
        uns={"provenance": json_text(provenance)},
    )
