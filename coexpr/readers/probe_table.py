"""Probes.csv, which both kinds of download have, with different headers."""

from typing import Any

import pyarrow as pa

from coexpr.errors import DownloadError
from coexpr.readers import download, tables
from coexpr.readers.place import Place
from coexpr.readers.spreadsheet import is_date

FILE = "Probes.csv"

FULL_DONOR_HEADER = {
    "probe_id": "probe_id",
    "probe_name": "probe_name",
    "gene_id": "gene_id",
    "gene_symbol": "gene_symbol",
    "gene_name": "gene_name",
    "entrez_id": "entrez_id",
    "chromosome": "chromosome",
}
# The columns start-position and end-position are not read, because they are always "n/a" in this atlas.
HEATMAP_HEADER = {
    "probe_id": "id",
    "probe_name": "name",
    "gene_id": "gene-id",
    "gene_symbol": "gene-symbol",
    "gene_name": "gene-name",
    "entrez_id": "entrez-id",
    "chromosome": "chromosome",
}

_PARSERS: dict[str, tables.ParseCell] = {
    "probe_id": tables.whole_number,
    "probe_name": tables.text,
    "gene_id": tables.optional_id,
    "gene_symbol": tables.optional_text,
    "gene_name": tables.optional_text,
    "entrez_id": tables.optional_id,
    "chromosome": tables.optional_text,
}


def read_probes(place: Place, header: dict[str, str]) -> tuple[pa.Table, pa.Table, list[int]]:
    """Read Probes.csv.

    Parameters
    ----------
    place : Place
        The folder of the file.
    header : dict of str to str
        The header in the file for each of our names: `FULL_DONOR_HEADER` or `HEATMAP_HEADER`.

    Returns
    -------
    probes : pyarrow.Table
        Ascending by probe_id.
    genes : pyarrow.Table
        The genes that the probes measure.
    file_order : list of int
        The probe ids in the order of the file.
    """
    columns = tables.read_table(place, FILE, {name: (header[name], parse) for name, parse in _PARSERS.items()})
    for name in ("probe_id", "probe_name"):
        tables.refuse_duplicates(place, FILE, header[name], columns[name])
    where = place.locate(FILE)
    gene_rows: list[dict[str, Any]] = []
    for row, cells in enumerate(zip(*columns.values(), strict=True), start=2):
        probe = dict(zip(columns, cells, strict=True))
        _check_gene(probe, f"{where}, row {row}")
        if probe["gene_id"] is not None:
            gene_rows.append(probe)
    genes = {name: [row[name] for row in gene_rows] for name in download.GENES.names}
    file_order = columns["probe_id"]
    probes = download.table(download.PROBES, columns).sort_by("probe_id")
    return probes, download.distinct(download.GENES, genes, where), file_order


def _check_gene(probe: dict[str, Any], where: str) -> None:
    """Raise DownloadError for a gene without id or symbol, or a symbol that a spreadsheet changed."""
    symbol = probe["gene_symbol"]
    if probe["gene_id"] is None and symbol in ("nan", "null", "None"):  # a missing symbol as written by some programs
        symbol = None
    if (probe["gene_id"] is None) != (symbol is None):
        raise DownloadError(f"{where}: gene id {probe['gene_id']} with gene symbol {symbol}; expected both or neither.")
    if symbol and (is_date(symbol) or symbol.isdecimal()):
        what = "a date" if is_date(symbol) else "a number"
        raise DownloadError(
            f"{where}: the gene symbol {symbol} is {what}. A spreadsheet program saved the file and changed "
            "symbols such as SEPT2 and MARCH1.",
            remedy="Use the original download.",
        )
