"""What readers of published tables about probes hand to ingest."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class ProbeFacts:
    """A table with a row per probe, told by its name.

    Parameters
    ----------
    table : str
        The table of the database that has these columns.
    rows : pyarrow.Table
        probe_name, and what is told of it.
    """

    table: str
    rows: pa.Table
