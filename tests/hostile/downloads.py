"""Hostile downloads: zips, folders, matrices, tables and workbooks."""

import gzip
import io
import os
import socket
import struct
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from helpers.allen import full_donor, heatmap, replace_cell, write_folder
from hostile.catalogue import Catalogue, Hostile

FILES = Catalogue()
DONOR = "normalized_microarray_donor9861"
Arguments = Sequence[str | Path]
_MB = 1_000_000


def _add(name: str, write: Callable[[Path], Path], *, may_be_read: bool = False) -> None:
    FILES.append(Hostile(name, lambda folder: ["ingest", write(folder)], may_be_read))


# --- cells of the tables of a full-donor download ---

_CELLS = {
    "a null character": "a\0b",
    "an escape sequence": "\x1b[2J\x1b[31mx",
    "a line end": "a\nb",
    "a change of direction": "\u202eabc",
    "a lone surrogate": "\udcff",
    "1e999": "1e999",
    "a hexadecimal number": "0x10",
    "an underscore in a number": "1_000",
    "Arabic digits": "\u0661\u0662",
    "full-width digits": "\uff11\uff12",
    "a superscript": "\u00b2",
    "5,000 digits": "9" * 5000,
    "a cell of 200 kB": "x" * 200_000,
    "infinity": "inf",
    "not a number": "nan",
}
_COLUMNS = {"Probes.csv": (1, 2), "SampleAnnot.csv": (11,)}
_TEXT_COLUMNS = {("Probes.csv", 2)}
_PLAIN = {"1e999", "a hexadecimal number", "an underscore in a number", "Arabic digits", "full-width digits",
          "a superscript", "5,000 digits", "infinity", "not a number"}  # fmt: skip


def _with_cell(file: str, column: int, cell: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        files = replace_cell(full_donor(), file, 3, column, cell)
        target = folder / DONOR
        target.mkdir()
        for name, text in files.items():
            (target / name).write_bytes(text.encode(errors="surrogateescape"))
        return target

    return write


for _what, _cell in _CELLS.items():
    for _file, _numbers in _COLUMNS.items():
        for _column in _numbers:
            _is_text = (_file, _column) in _TEXT_COLUMNS
            _add(
                f"{_file} with {_what} in column {_column}",
                _with_cell(_file, _column, _cell),
                may_be_read=_is_text and _what in _PLAIN,
            )
    _add(f"MicroarrayExpression.csv with {_what}", _with_cell("MicroarrayExpression.csv", 3, _cell))


# --- whole files of a folder ---


def _with_file(name: str, content: bytes | Iterable[bytes]) -> Callable[[Path], Path]:
    """Return a function that writes a full-donor download in which one file has other contents."""

    def write(folder: Path) -> Path:
        target = write_folder(folder / DONOR, full_donor())
        with (target / name).open("wb") as stream:
            stream.writelines([content] if isinstance(content, bytes) else content)
        return target

    return write


def _sparse(name: str, size: int) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        target = write_folder(folder / DONOR, full_donor())
        os.truncate(target / name, size)
        return target

    return write


_PROBES_HEADER = b"probe_id,probe_name,gene_id,gene_symbol,gene_name,entrez_id,chromosome\n"
_WHOLE = {
    "empty": b"",
    "a byte order mark alone": b"\xef\xbb\xbf",
    "blank lines": b"\n" * 1000,
    "null characters": b"\0" * 1000,
    "UTF-16": "\ufeffid,name\n1,a\n".encode("utf-16"),
    "a quote that is never closed": b'"' + b"a,b\n" * 200_000,
    "a line of 24 MB": b"x" * 24 * _MB,
    "a line of 100 MB": b"x" * 100 * _MB,
    "a million columns": b"a," * 10**6,
    "ten million columns": b"," * 10**7,
    "24 MB of quotes": b'"' * 24 * _MB,
    "24 MB of line ends": b"\n" * 24 * _MB,
    "24 MB of carriage returns": b"\r" * 24 * _MB,
    "Windows-1252 after UTF-8": "\u00e9".encode() + b"\xe9" + full_donor()["Probes.csv"].encode(),
    "a zip": b"PK\x03\x04" + b"\0" * 100,
    "gzip": gzip.compress(b"probe_id\n"),
}
for _what, _content in _WHOLE.items():
    for _file in ("Probes.csv", "Ontology.csv", "MicroarrayExpression.csv"):
        _add(f"{_file} that is {_what}", _with_file(_file, _content))
for _file in ("Probes.csv", "SampleAnnot.csv", "MicroarrayExpression.csv", "PACall.csv"):
    _add(f"{_file} of a terabyte", _sparse(_file, 10**12))
_add("Readme.txt of a terabyte", _sparse("Readme.txt", 10**12), may_be_read=True)
_add(
    "Probes.csv of 400,000 rows",
    _with_file("Probes.csv", [_PROBES_HEADER, *(b"%d,p%d,,,,,\n" % (n, n) for n in range(400_000))]),
)
_add(
    "Probes.csv of 240,000 rows",
    _with_file("Probes.csv", [_PROBES_HEADER, *(b"%d,p%d,,,,,\n" % (n, n) for n in range(240_000))]),
)
_add(
    "SampleAnnot.csv of 240,000 rows",
    _with_file(
        "SampleAnnot.csv",
        [
            full_donor()["SampleAnnot.csv"].splitlines(keepends=True)[0].encode(),
            *(b'40091,22,%d,CX,FL,"frontal lobe, left",1,1,1,1,1,1,1\n' % n for n in range(240_000)),
        ],
    ),
)


def _ontology(rows: Iterable[tuple[int, object]]) -> bytes:
    """Return an Ontology.csv with these ids and parents."""
    text = "id,acronym,name,parent_structure_id,hemisphere,graph_order,structure_id_path,color_hex_triplet\n"
    lines = (
        f"{node},S{node},name {node},{parent},,{node},{f'/{parent}' if parent else ''}/{node}/,E8CD59\n"
        for node, parent in rows
    )
    return (text + "".join(lines)).encode()


_KEPT = [(4005, ""), (4009, 4005), (40091, 4009), (40092, 4009), (4697, 4005)]
_add("Ontology.csv that is a circle", _with_file("Ontology.csv", _ontology([*_KEPT, (1, 2), (2, 3), (3, 1)])))
_add("Ontology.csv with a structure in itself", _with_file("Ontology.csv", _ontology([*_KEPT, (1, 1)])))
_add(
    "Ontology.csv of 200,000 levels",
    _with_file(
        "Ontology.csv", _ontology([*_KEPT, (10**6, ""), *((10**6 + n, 10**6 + n - 1) for n in range(1, 200_000))])
    ),
)
_add(
    "Ontology.csv that ends in a circle of 200,000",
    _with_file("Ontology.csv", _ontology([*_KEPT, *((10**6 + n, 10**6 + (n + 1) % 200_000) for n in range(200_000))])),
)


@FILES.file("one folder with Probes.csv and PROBES.CSV")
def _two_spellings(folder: Path) -> Arguments:
    target = write_folder(folder / DONOR, full_donor())
    (target / "PROBES.CSV").write_text(full_donor()["Probes.csv"])
    return ["ingest", target]


# --- what is not a regular file ---


def _as_pipe(path: Path) -> None:
    os.mkfifo(path)


def _as_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path.name)
    os.chdir(here)


_OTHER_FILES: dict[str, Callable[[Path], None]] = {
    "a pipe": _as_pipe,
    "a socket": _as_socket,
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to /dev/random": lambda path: path.symlink_to("/dev/urandom"),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a folder": lambda path: path.mkdir(),
}


def _next_to_download(name: str, make: Callable[[Path], None]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        target = write_folder(folder / DONOR, full_donor())
        (target / name).unlink(missing_ok=True)
        make(target / name)
        return target

    return write


def _alone(name: str, make: Callable[[Path], None]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        make(folder / name)
        return folder / name

    return write


for _what, _make in _OTHER_FILES.items():
    _add(f"Probes.csv that is {_what}", _next_to_download("Probes.csv", _make))
    for _name in ("other.zip", "table.csv", "table.xlsx", "table.csv.gz", "README.txt"):
        _add(f"{_name} in a folder that is {_what}", _next_to_download(_name, _make), may_be_read=True)
    _add(f"{_what} in place of a zip", _alone("donor9861.zip", _make))


@FILES.file("a folder that links to itself", may_be_read=True)
def _linked_folder(folder: Path) -> Arguments:
    target = write_folder(folder / DONOR, full_donor())
    (target / "again").symlink_to(target)
    return ["ingest", target]


@FILES.file("a folder of 50,000 files", may_be_read=True)
def _many_files(folder: Path) -> Arguments:
    target = write_folder(folder / DONOR, full_donor())
    for number in range(50_000):
        (target / f"{number}.txt").touch()
    return ["ingest", target]


_add("a path of 5,000 characters", lambda folder: folder / ("x" * 5000))
_add("a path of 300 folders", lambda folder: folder.joinpath(*["x" * 20] * 300))


# --- zips ---


def _zip(files: Iterable[tuple[str, str | bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in files:
            info = zipfile.ZipInfo("x")
            info.filename = name  # as it is
            info.compress_type = method
            archive.writestr(info, content)
    return written.getvalue()


def _as_zip(content: bytes, name: str = f"{DONOR}.zip") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def _renamed(old: str, new: str) -> list[tuple[str, str]]:
    return [(new if name == old else name, text) for name, text in full_donor().items()]


_GOOD = list(full_donor().items())
_SIGNATURES = {"header": b"PK\x03\x04", "directory": b"PK\x01\x02", "end": b"PK\x05\x06"}


def _with_field(where: str, offset: int, form: str, value: int) -> bytes:
    """Return a good zip with another value in the first header of a kind."""
    content = bytearray(_zip(_GOOD))
    struct.pack_into(form, content, content.index(_SIGNATURES[where]) + offset, value)
    return bytes(content)


_NAMES = {
    "empty": "", "a slash": "/", "two slashes": "//", "out of the zip": "../Probes.csv", "absolute": "/etc/Probes.csv",
    "with a null character": "Probes.csv\0.txt", "of 60,000 characters": "x" * 60_000,
    "of 20,000 folders": "a/" * 20_000 + "Probes.csv", "with an escape sequence": "\x1b[2J.csv", "a dot": ".",
    "with 5,000 digits": f"donor{'9' * 5000}/Probes.csv", "on a Windows disk": "C:\\Probes.csv",
}  # fmt: skip
for _what, _name in _NAMES.items():
    _add(f"a zip with a file whose name is {_what}", _as_zip(_zip(_renamed("Probes.csv", _name))))
    _add(
        f"a zip with another file whose name is {_what}",
        _as_zip(_zip([*_GOOD, (_name, "x")])),
        may_be_read=_what not in ("out of the zip", "absolute", "with a null character"),
    )
_add("a zip with PROBES.CSV next to Probes.csv", _as_zip(_zip([*_GOOD, ("PROBES.CSV", full_donor()["Probes.csv"])])))
_add(
    "a zip with ./Probes.csv next to Probes.csv", _as_zip(_zip([*_GOOD, ("./Probes.csv", full_donor()["Probes.csv"])]))
)
_FIELDS = {
    "version 9.9": ("directory", 6, "<H", 99),
    "encryption": ("directory", 8, "<H", 1),
    "strong encryption": ("directory", 8, "<H", 0x41),
    "patched data": ("directory", 8, "<H", 0x20),
    "an unknown compression": ("directory", 10, "<H", 12345),
    "Deflate64": ("directory", 10, "<H", 9),
    "data that are said to be stored": ("directory", 10, "<H", 0),
    "data that are said to be LZMA": ("directory", 10, "<H", 14),
    "data that are said to be bzip2": ("directory", 10, "<H", 12),
    "a wrong checksum": ("directory", 16, "<I", 1),
    "a compressed size of 0": ("directory", 20, "<I", 0),
    "a compressed size of 2 GB": ("directory", 20, "<I", 0x7FFFFFFF),
    "a size of 0": ("directory", 24, "<I", 0),
    "a size of 10": ("directory", 24, "<I", 10),
    "a size of 4 GB": ("directory", 24, "<I", 0xFFFFFFFE),
    "a size in a field that is missing": ("directory", 24, "<I", 0xFFFFFFFF),
    "a name of 60,000 characters": ("directory", 28, "<H", 60_000),
    "an offset of 2 GB": ("directory", 42, "<I", 0x7FFFFFFF),
    "an offset of another file": ("directory", 42, "<I", 1),
    "a header with another signature": ("header", 0, "<I", 0),
    "a header with another length of the name": ("header", 26, "<H", 3),
    "a header with an extra field of 60,000 bytes": ("header", 28, "<H", 60_000),
    "a directory of 4 GB": ("end", 12, "<I", 0xFFFFFFFE),
    "a directory at 4 GB": ("end", 16, "<I", 0xFFFFFFFE),
    "a comment of 60,000 bytes": ("end", 20, "<H", 60_000),
    "65,535 disks": ("end", 4, "<H", 0xFFFF),
}
for _what, _field in _FIELDS.items():
    _add(
        f"a zip with {_what}",
        _as_zip(_with_field(*_field)),
        may_be_read=_what in ("65,535 disks", "a comment of 60,000 bytes"),
    )
_add("a zip compressed with LZMA", _as_zip(_zip(_GOOD, zipfile.ZIP_LZMA)))
_add("a zip compressed with bzip2", _as_zip(_zip(_GOOD, zipfile.ZIP_BZIP2)))
_add("a zip in a zip", _as_zip(_zip([(f"{DONOR}.zip", _zip(_GOOD))])))
_add("a zip cut short", _as_zip(_zip(_GOOD)[:-100]))
_add("a zip with 1 MB of text before it", _as_zip(b"x" * _MB + _zip(_GOOD)), may_be_read=True)
_add("a zip of 100,000 files", lambda folder: _many(folder, 100_000, "x.txt"))
_add("a zip of 9,000 tables", lambda folder: _many(folder, 9_000, ".csv"))
_add("a zip of 100,000 folders", lambda folder: _many(folder, 100_000, "/"))


def _many(folder: Path, count: int, ending: str) -> Path:
    path = folder / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}{ending}", b"" if ending.endswith("/") else b"a,b\n")
    return path


@FILES.file("a zip of 50 heatmap downloads", may_be_read=True)
def _many_heatmaps(folder: Path) -> Arguments:
    files = heatmap()
    members = []
    for page in range(50):
        changed = files | {"Contents.txt": files["Contents.txt"] + f"page {page}\n"}
        members += [(f"page{page}/{name}", text) for name, text in changed.items()]
    (folder / "heatmaps.zip").write_bytes(_zip(members))
    return ["ingest", folder / "heatmaps.zip"]


def _bomb(name: str, pattern: bytes, size: int) -> Callable[[Path], Path]:
    """Return a function that writes a full-donor zip in which one file is a repeated pattern."""

    def write(folder: Path) -> Path:
        path = folder / f"{DONOR}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, text in full_donor().items():
                if file != name:
                    archive.writestr(file, text)
            with archive.open(name, "w", force_zip64=True) as stream:
                block = pattern * (_MB // len(pattern))
                for _ in range(size // len(block)):
                    stream.write(block)
        return path

    return write


for _file in ("Probes.csv", "MicroarrayExpression.csv", "Readme.txt"):
    for _what, _pattern in (("zeros", b"\0"), ("line ends", b"\n"), ("commas", b",")):
        _add(
            f"a zip bomb: {_file} of 500 MB of {_what}",
            _bomb(_file, _pattern, 500 * _MB),
            may_be_read=_file == "Readme.txt",
        )
    _add(
        f"a zip bomb: {_file} of 90 MB of rows",
        _bomb(_file, b"103,8,8,8,8,8,8\n", 90 * _MB),
        may_be_read=_file == "Readme.txt",
    )


# --- published tables ---

_REANNOTATION = b"probe_name,gene_symbol,entrez_id,allen_entrez_id,compare\n"


def _as_gzip(parts: Iterable[bytes], name: str = "reannotated.csv.gz") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with gzip.open(folder / name, "wb", compresslevel=1) as stream:
            stream.writelines(parts)
        return folder / name

    return write


_add("a gzip bomb: reannotated.csv.gz of 1 GB of line ends", _as_gzip([_REANNOTATION, *[b"\n" * _MB] * 1000]))
_add("a gzip bomb: one line of 1 GB", _as_gzip([b"x" * _MB] * 1000))
_add("a gzip bomb: reannotated.csv.gz of 1 GB in one cell", _as_gzip([_REANNOTATION, *[b"x" * _MB] * 1000]))
_add("reannotated.csv.gz cut short", _as_zip(gzip.compress(_REANNOTATION + b"A,B,1,1,1\n")[:-6], "reannotated.csv.gz"))


@FILES.file("reannotated.csv.gz in a zip, as a bomb")
def _gzip_in_zip(folder: Path) -> Arguments:
    bomb = gzip.compress(_REANNOTATION + b"\n" * 300 * _MB, compresslevel=1)
    return ["ingest", _as_zip(_zip([("reannotated.csv.gz", bomb)]), "tables.zip")(folder)]


for _what, _cell in _CELLS.items():
    _row = f"A_23_P216779,NTRK2,{_cell},4915,1\n".encode(errors="surrogateescape")
    _add(
        f"reannotated.csv with {_what}",
        _as_zip(_REANNOTATION + _row, "reannotated.csv"),
        may_be_read=_what == "not a number",
    )


# --- workbooks ---

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEADER_CELLS = ("", "", "R", "P-value", "Q-value", "Pass?")
_HEAD = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in _HEADER_CELLS)
_ROW = '<row><c t="inlineStr"><is><t>A_23_P216779</t></is></c><c/><c><v>0.5</v></c><c><v>0</v></c><c><v>0</v></c></row>'


def workbook_parts(rows: str = f"<row>{_HEAD}</row>{_ROW}", before: str = "") -> dict[str, str | bytes]:
    """Return the parts of a small Additional file 8."""
    relations = f'<Relationships><Relationship Id="rId1" Type="{_LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
    relations += f'<Relationship Id="rId2" Type="{_LINKS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    sheet, data = '<sheet name="a" r:id="rId1"/>', f"<sheetData>{rows}</sheetData>"
    return {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"/>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{sheet}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations,
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"><si><t>a</t></si></sst>',
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{_MAIN}">{data}</worksheet>',
    }


def _workbook(
    changes: dict[str, str | bytes] | None = None, rows: str | None = None, **more: str
) -> Callable[[Path], Path]:
    parts = workbook_parts(f"<row>{_HEAD}</row>{_ROW}" if rows is None else f"<row>{_HEAD}</row>{rows}", **more)
    return _as_zip(_zip((parts | (changes or {})).items()), "8.xlsx")


_LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
_LAUGHS = f'<!DOCTYPE x [<!ENTITY a0 "ha">{_LAUGHS}]>'
_SHEET, _STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
_add("an ordinary workbook", _workbook(), may_be_read=True)
_add(
    "a workbook of a billion laughs",
    _workbook(rows='<row><c t="inlineStr"><is><t>&a9;</t></is></c></row>', before=_LAUGHS),
)
_add("a workbook with an external entity", _workbook(
    rows='<row><c t="inlineStr"><is><t>&e;</t></is></c></row>',
    before='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'))  # fmt: skip
_add(
    "a workbook with a billion laughs in its texts", _workbook({_STRINGS: f"{_LAUGHS}<sst><si><t>&a9;</t></si></sst>"})
)
_add("a workbook with a row 1,048,576", _workbook(rows='<row r="1048576"><c><v>1</v></c></row>'))
_add("a workbook with a row 999,999,999,999", _workbook(rows='<row r="999999999999"><c><v>1</v></c></row>'))
_add("a workbook with a column XFD", _workbook(rows='<row r="2"><c r="XFD2"><v>1</v></c></row>'))
_add("a workbook with columns in the wrong order", _workbook(rows='<row r="2"><c r="C2"/><c r="A2"/></row>'))
_add("a workbook of a million rows", _workbook(rows="<row/>" * 1_000_000))
_add("a workbook of six million cells", _workbook(rows=f"<row>{'<c/>' * 1000}</row>" * 6000))
_FAR = "".join(f'<row><c r="ALK{row}"/></row>' for row in range(2, 200_002))
_add("a workbook whose cells are far to the right", _workbook(rows=_FAR))
_add("a workbook with a sheet of 30 MB", _workbook(rows="<row/>" * 5_000_000))
_add("a workbook with a sheet of 1 GB", lambda folder: _large_part(folder, _SHEET, 1000 * _MB))
_add("a workbook with texts of 1 GB", lambda folder: _large_part(folder, _STRINGS, 1000 * _MB))
_add(
    "a workbook with styles of 1 GB", lambda folder: _large_part(folder, "xl/styles.xml", 1000 * _MB), may_be_read=True
)
_add("a workbook with 24 MB of texts", _workbook({_STRINGS: f"<sst>{'<si/>' * 4_800_000}</sst>"}))
_add("a workbook nested five million deep", _workbook(rows="<a>" * 5_000_000))
_add("a workbook with a text number 99", _workbook(rows='<row><c t="s"><v>99</v></c></row>'))
_add("a workbook with a text number -1", _workbook(rows='<row><c t="s"><v>-1</v></c></row>'))
_add("a workbook without sheets", _workbook({"xl/workbook.xml": f'<workbook xmlns="{_MAIN}"><sheets/></workbook>'}))
_add("a workbook without relations", _workbook({"xl/_rels/workbook.xml.rels": "<Relationships/>"}))
_add("a workbook in UTF-16", _workbook({_SHEET: "<worksheet/>".encode("utf-16")}))
_add("a workbook in an unknown encoding", _workbook({_SHEET: b'<?xml version="1.0" encoding="nonsense"?><worksheet/>'}))
_add("a workbook that is not XML", _workbook({_SHEET: b"\xff\xfe\0\0"}))
_OUTSIDE = '<Relationships><Relationship Id="rId1" Type="x" Target="../../../etc/passwd"/></Relationships>'
_add("a workbook with a sheet outside of it", _workbook({"xl/_rels/workbook.xml.rels": _OUTSIDE}))
_add("a workbook with macros", _workbook({"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}), may_be_read=True)
_add(
    "a workbook with external links",
    _workbook({"xl/externalLinks/externalLink1.xml": "<externalLink/>"}),
    may_be_read=True,
)
_add("a workbook with a cell of 24 MB", _workbook(rows=f"<row><c><v>{'9' * 24 * _MB}</v></c></row>"))


def _large_part(folder: Path, name: str, size: int) -> Path:
    path = folder / "8.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in workbook_parts().items():
            if part != name:
                archive.writestr(part, text)
        with archive.open(name, "w", force_zip64=True) as stream:
            for _ in range(size // _MB):
                stream.write(b" " * _MB)
    return path
