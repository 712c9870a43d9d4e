"""A published table about probes, as returned by its reader."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class PublishedTable:
    """A published table with one row per probe.

    Parameters
    ----------
    name : str
        Name of the database table with these columns.
    rows : pyarrow.Table
        A column probe_name, and columns about the probe.
    """

    name: str
    rows: pa.Table
