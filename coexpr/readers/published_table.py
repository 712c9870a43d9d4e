"""A published table about probes or samples, as returned by its reader."""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa


@dataclass(frozen=True)
class PublishedTable:
    """A published table with one row per probe or sample.

    Parameters
    ----------
    name : str
        Name of the database table with these columns.
    rows : pyarrow.Table
        The column `key`, and columns about the probe or sample.
    key : "probe_name" or "sample_id"
        The column that says which probe or sample a row is about.
    """

    name: str
    rows: pa.Table
    key: Literal["probe_name", "sample_id"] = "probe_name"

    @property
    def about(self) -> Literal["probes", "samples"]:
        """What its rows are about."""
        return "probes" if self.key == "probe_name" else "samples"
