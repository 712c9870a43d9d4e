"""Readers of downloads: zips, folders, matrices, tables and workbooks, and the modules that they share."""

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from fuzz.mutation import change_bytes, change_cells, change_file, change_zip
from fuzz.names import lookup, refuse_unprintable
from fuzz.targets import Target
from helpers.allen import full_donor, heatmap
from helpers.folders import CASES

from coexpr.errors import CoexprError
from coexpr.readers import characters, find_correlates, matrices, site_category, spreadsheet
from coexpr.readers.cells import split_rows
from coexpr.readers.donors import donor_of_option
from coexpr.readers.download import Download
from coexpr.readers.place import Folder
from coexpr.readers.published_table import PublishedTable
from coexpr.readers.recognise import find_downloads
from coexpr.readers.text import as_text, read_bytes

_DONOR = "normalized_microarray_donor9861"
_CELLS = change_cells()


# --- a download in a folder: the input is one of its files, and replaces the valid one ---


def _correlates() -> dict[str, str]:
    """Return the files of a Find Correlates download."""
    files = heatmap()
    rows = files["Probes.csv"].splitlines()
    numbers = ["r", "1.0", "0.9", "0.8", "-0.1"]
    files["Probes.csv"] = "\n".join(f"{row},{r}" for row, r in zip(rows, numbers, strict=True)) + "\n"
    files["Contents.txt"] += "http://human.brain-map.org/microarray/search/show?seed=103\n"
    return files


def _as_inputs(files: Mapping[str, str]) -> list[bytes]:
    return [f"{name}\n{text}".encode() for name, text in files.items()]


def _folder_target(name: str, make: Callable[[], dict[str, str]], read: Callable[[Path], object]) -> Target:
    """Return the target of a download in a folder."""
    made = cache(make)

    def read_folder(content: bytes, scratch: Path) -> object:
        folder = scratch / _DONOR
        files = made()
        if not folder.exists():
            folder.mkdir()
            for file, text in files.items():
                (folder / file).write_text(text)
        wanted, _, rest = content.partition(b"\n")
        file = next((file for file in files if file.encode() == wanted), sorted(files)[len(wanted) % len(files)])
        (folder / file).write_bytes(rest)
        try:
            return read(folder)
        finally:
            (folder / file).write_text(files[file])

    return Target(name, lambda: _as_inputs(made()), read_folder, change_file(_CELLS, _CELLS, change_bytes))


def _read_downloads(path: Path) -> None:
    """Read all downloads under a path, as ingest does."""
    found, _ = find_downloads([path])
    refusals = []
    for download in found:
        try:
            download.digests()
            _refuse_unprintable_names(download.read())
        except CoexprError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


def _refuse_unprintable_names(read: Download | PublishedTable) -> None:
    if isinstance(read, PublishedTable):
        tables = [read.rows]
    else:
        tables = [read.donors, read.structures, read.genes, read.probes, read.samples]
        refuse_unprintable((read.title, *read.notes))
    texts = [column for table in tables for column in table.columns if pa.types.is_string(column.type)]
    assert texts or isinstance(read, PublishedTable)
    for column in texts:
        refuse_unprintable(column.to_pylist())


def _read_category(path: Path) -> None:
    found = site_category.read(site_category.places(path), "a category")
    for category in found.categories:
        refuse_unprintable((category.name, *category.members))


def _read_correlates(path: Path) -> None:
    found = find_correlates.read(path)
    refuse_unprintable((found.title, *found.names))


# --- zips ---


def _zipped(files: Mapping[str, str | bytes], folder: str = "") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{folder}{name}", content)
    return written.getvalue()


def _zips() -> list[bytes]:
    both = {f"{_DONOR}/{name}": text for name, text in full_donor().items()}
    both |= {f"page/{name}": text for name, text in heatmap().items()}
    tables = {"reannotated.csv.gz": _tables()[1], "corrected.csv": _tables()[2]}
    return [_zipped(full_donor(), f"{_DONOR}/"), _zipped(heatmap()), _zipped(both), _zipped(tables)]


def _read_as(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """Return a function that reads an input as a file with this name."""

    def read_file(content: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(content)
        return read(path)

    return read_file


# --- published tables ---


def _tables() -> list[bytes]:
    reannotation = (
        b"probe_name,gene_symbol,entrez_id,allen_entrez_id,compare\nA_23_P216779,NTRK2,4915,4915,1\n"
        b"A_32_P7316,BDNF,627,627,1\nCUST_1359_PI416573500,NTRK2,4915,NA,2\n"
    )
    coordinates = (
        b"well_id,mni_x,mni_y,mni_z,mni_nlin_x,corrected_mni_x,corrected_mni_y,corrected_mni_z\n"
        b"594,5.9,-27.7,49.7,1,5.5,-27.0,49.5\n2985,2,3,4,1,-5.5,-27.0,4\n"
    )
    return [reannotation, gzip.compress(reannotation, mtime=0), coordinates, gzip.compress(coordinates, mtime=0)]


def _workbooks() -> list[bytes]:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Additional file 8"])
    book.active.append([None, None, "m", "b", "R", "P-value", "Q-value", "Pass?"])
    book.active.append(["A_23_P216779", "NTRK2", 0.9, 1.0, 0.8, 0.001, 0.002, True])
    book.active.append(["A_32_P7316", "BDNF", 0.1, 2.0, -0.2, 0.5, 0.6, "FALSE"])
    written = io.BytesIO()
    book.save(written)
    return [written.getvalue()]


# --- single modules ---

_IDS = np.array([101, 102, 103, 104], dtype=np.int64)


def _read_matrix(content: bytes, folder: Path) -> None:
    """Read a file as log2 intensities and as calls; both must also agree with the reading of single cells."""
    (folder / "matrix.csv").write_bytes(content)
    place = Folder(folder)
    refusals = []
    for read in (matrices.read_log2, matrices.read_calls):
        try:
            read(place, "matrix.csv", _IDS, 6)
        except CoexprError as error:
            refusals.append(error)
    if len(refusals) == 2:
        raise refusals[0]


def _read_characters(content: bytes, folder: Path) -> None:
    """Read lines as characters, and compare the numbers with those of Python."""
    if found := characters.decimals_of_lines(content, 6):
        cells = [line.split(b",") for line in content.splitlines()]
        assert found[0].tolist() == [int(row[0]) for row in cells]
        with np.errstate(over="ignore"):  # the largest numbers are infinite in single precision
            expected = np.array([[float(cell) for cell in row[1:]] for row in cells], np.float32)
        assert (found[1] == expected).all()
    if calls := characters.calls_of_equal_lines(content, 6):
        cells = [line.split(b",") for line in content.splitlines()]
        assert calls[0].tolist() == [int(row[0]) for row in cells]
        assert calls[1].tolist() == [[cell == b"1" for cell in row[1:]] for row in cells]


def _matrices() -> list[bytes]:
    files = full_donor()
    return [files["MicroarrayExpression.csv"].encode(), files["PACall.csv"].encode()]


def _read_cells(content: bytes, folder: Path) -> object:
    path = folder / "list.csv"
    path.write_bytes(content)
    return split_rows(as_text(read_bytes(path), path), lookup)


def _lists() -> list[bytes]:
    made = [b"gene,logFC\nNTRK2,1.5\nBDNF,-0.3\n", b'"","p"\n"NTRK2",0.5\n', b"sep=;\ngene;n\nNTRK2;1\n", b"APP # x\n"]
    found = [path.read_bytes() for path in sorted(CASES.rglob("*")) if path.suffix in (".csv", ".tsv", ".txt")]
    return made + [text for text in found if len(text) < 4000 and not text.startswith((b"\xff\xfe", b"\xfe\xff"))]


def _read_words(content: bytes, folder: Path) -> object:
    """Read each line as a gene symbol that may be a date, and as the option of a donor."""
    for word in content.decode("utf-8", errors="surrogateescape").split("\n"):
        spreadsheet.symbols_of_date(word)
    return donor_of_option(word)


_WORDS = [b"2-Sep\n1-Mar\nMARCH1\n43345\n2020-09-02\nsept. 2\n9861", b"H0351.2001", b"15496"]


TARGETS: Sequence[Target] = (
    _folder_target("full-donor", full_donor, _read_downloads),
    _folder_target("heatmap", heatmap, _read_downloads),
    _folder_target("find-correlates", _correlates, _read_correlates),
    _folder_target("site-category", heatmap, _read_category),
    Target("zip", _zips, _read_as(f"{_DONOR}.zip", _read_downloads), change_zip(_CELLS, change_bytes)),
    Target(
        "zip-of-correlates",
        lambda: [_zipped(_correlates())],
        _read_as("correlates.zip", _read_correlates),
        change_zip(_CELLS, change_bytes),
    ),
    Target("table", _tables, _read_as("table.csv", _read_downloads), _CELLS),
    Target("workbook", _workbooks, _read_as("file8.xlsx", _read_downloads), change_zip(change_bytes)),
    Target("matrix", _matrices, _read_matrix, _CELLS),
    Target("characters", _matrices, _read_characters, _CELLS),
    Target("cells", _lists, _read_cells, _CELLS),
    Target("words", lambda: _WORDS, _read_words, change_bytes),
)
