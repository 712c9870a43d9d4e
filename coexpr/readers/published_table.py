"""What readers of published tables about probes return."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class PublishedTable:
    """A published table with one row per probe.

    Parameters
    ----------
    name : str
        The table of the database with these columns.
    rows : pyarrow.Table
        probe_name, and columns about the probe.
    """

    name: str
    rows: pa.Table
