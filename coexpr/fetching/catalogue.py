"""The files that can be fetched: names, addresses, and what is expected in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from coexpr.bundling import duckdb_wasm
from coexpr.errors import OptionError
from coexpr.readers.donors import DONORS, donor_of_option

Group = Literal["donors", "rnaseq", "additional-file-8", "genes", "duckdb-wasm"]
Kind = Literal["zip", "gzip", "obo", "wasm", "javascript"]
GROUPS: tuple[Group, ...] = get_args(Group)
# The groups with data; DuckDB-Wasm is a program.
DATA_GROUPS: tuple[Group, ...] = tuple(group for group in GROUPS if group != "duckdb-wasm")

# The numbers of the files that the Allen Institute serves, by donor; abagen's fetchers use the same.
_MICROARRAY = {
    9861: 178238387,
    10021: 178238373,
    12876: 178238359,
    14380: 178238316,
    15496: 178238266,
    15697: 178236545,
}
_RNASEQ = {9861: 278447594, 10021: 278448166}
_ALLEN = "https://human.brain-map.org/api/v2/well_known_file_download"


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be fetched.

    Parameters
    ----------
    name : str
        The name that it gets in the folder, and has on a mirror.
    url : str
    kind : "zip", "gzip", "obo", "wasm" or "javascript"
        What it must be. A spreadsheet (.xlsx) is a zip. Files of the last two kinds are those of DuckDB-Wasm.
    what : str
        A description for messages.
    """

    name: str
    url: str
    kind: Kind
    what: str


ONTOLOGY = RemoteFile(
    "go-basic.obo", "https://purl.obolibrary.org/obo/go/go-basic.obo", "obo", "terms of the Gene Ontology"
)
GENE2GO = RemoteFile(
    "gene2go.gz", "https://ftp.ncbi.nlm.nih.gov/gene/DATA/gene2go.gz", "gzip", "genes of the terms, from NCBI"
)
GENE_INFO = RemoteFile(
    "Homo_sapiens.gene_info.gz",
    "https://ftp.ncbi.nlm.nih.gov/gene/DATA/GENE_INFO/Mammalia/Homo_sapiens.gene_info.gz",
    "gzip",
    "names of human genes, from NCBI",
)
_ADDITIONAL_FILE_8 = RemoteFile(
    "12864_2013_7016_MOESM8_ESM.xlsx",
    "https://static-content.springer.com/esm/art%3A10.1186%2F1471-2164-15-154/MediaObjects/"
    "12864_2013_7016_MOESM8_ESM.xlsx",
    "zip",
    "Additional file 8 of Miller et al. 2014: agreement of probes with RNA-seq",
)
_KINDS: dict[str, Kind] = {duckdb_wasm.PROGRAM: "wasm", duckdb_wasm.WORKER: "javascript"}
_DUCKDB_WASM = [
    RemoteFile(name, f"{duckdb_wasm.URL}/{name}", kind, f"DuckDB-Wasm {duckdb_wasm.VERSION}, for coexpr bundle")
    for name, kind in _KINDS.items()
]


def files_of(groups: Sequence[Group], donors: Sequence[str] = (), base_url: str | None = None) -> list[RemoteFile]:
    """Return the files of some groups.

    Parameters
    ----------
    groups : sequence of str
        Of `GROUPS`.
    donors : sequence of str
        Ids or names: only files of these donors, in the groups that have files of donors.
    base_url : str, optional
        A mirror: an address of a folder that holds the files by their names.

    Raises
    ------
    OptionError
        For a group or donor that does not exist, or a donor without such files.
    """
    if unknown := [group for group in groups if group not in GROUPS]:
        raise OptionError(f"`what` {unknown[0]!r:.60}: expected one of {', '.join(GROUPS)}.")
    chosen = {donor_of_option(donor) for donor in donors}
    files = [file for group in dict.fromkeys(groups) for file in _files_of(group, chosen)]
    if without := [donor for donor in chosen if not any(file.name.endswith(f"donor{donor}.zip") for file in files)]:
        raise OptionError(f"`donor` {without[0]}: {' and '.join(groups)} have no file of this donor.")
    if base_url is None:
        return files
    if not base_url.lower().startswith(("http://", "https://")):
        raise OptionError(f"`base_url` {base_url!r:.80}: expected an address that starts with https:// or http://.")
    return [RemoteFile(file.name, f"{base_url.rstrip('/')}/{file.name}", file.kind, file.what) for file in files]


def _files_of(group: Group, donors: set[int]) -> list[RemoteFile]:
    if group == "additional-file-8":
        return [_ADDITIONAL_FILE_8]
    if group == "genes":
        return [ONTOLOGY, GENE2GO, GENE_INFO]
    if group == "duckdb-wasm":
        return _DUCKDB_WASM
    numbers, prefix, what = (
        (_MICROARRAY, "normalized_microarray_donor", "microarray")
        if group == "donors"
        else (_RNASEQ, "rnaseq_donor", "RNA-seq")
    )
    names = {donor.donor_id: donor.donor_name for donor in DONORS}
    return [
        RemoteFile(f"{prefix}{donor}.zip", f"{_ALLEN}/{number}", "zip", f"{what} of {names[donor]}")
        for donor, number in numbers.items()
        if not donors or donor in donors
    ]
