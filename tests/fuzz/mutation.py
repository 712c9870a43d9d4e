"""Seeded changes of inputs: of any bytes, of tables, of files in a folder, and of zips."""

import contextlib
import io
import re
import struct
import warnings
import zipfile
from collections.abc import Callable
from random import Random

Change = Callable[[bytes, Random], bytes]

INTERESTING = (
    b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\n", b"\r\n", b'"', b'""', b"'", b",", b";", b"\t",
    b"=", b"\x1a", b"\x85", b"\xe2\x80\xa8", b"\x1f\x8b", b"PK\x03\x04", b"-", b".", b"#", b"!", b"\\", b"%s",
    b"\x1b[31m",
)  # fmt: skip
# Cells that are numbers to some programs and not to others, missing values, and text that is hard to print or compare.
CELLS = (
    b"", b" ", b"0", b"-0", b"+1", b"-1", b"00", b"1.0", b"1.", b".5", b"1e5", b"1e999", b"-1e999", b"1e-999", b"1e39",
    b"nan", b"NaN", b"inf", b"-Infinity", b"n/a", b"NA", b"NULL", b"None", b"true", b"0x10", b"1_000", b"1,000",
    b"2147483647", b"2147483648", b"-2147483648", b"9223372036854775807", b"9223372036854775808", b"9" * 19, b"9" * 400,
    b"9" * 5000, b"1" + b"0" * 70_000, "\u0661\u0662".encode(), "\u00b2".encode(), "\uff11".encode(), "\u2460".encode(),
    b"a\0b", b"\0", b"\x1b[2J", "\u202eabc".encode(), "\u00e9".encode(), "e\u0301".encode(), b"\xe9", b"\xed\xa0\x80",
    b"\xff", b'"', b'""', b'"a,b"', b'"a\nb"', b'"open', b"a\rb", b"=1+1", b"@SUM(A1)", b"-", b"../x", b"x" * 3000,
    b"2-Sep", b"1-Mar", b"MARCH1", b"4915", b"NTRK2", b"BDNF", b"\xef\xbb\xbf", b"\\N", b"/4005/", b"//",
)  # fmt: skip


def change_bytes(content: bytes, random: Random) -> bytes:
    """Change, remove, insert, repeat or move some bytes."""
    found = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(len(found) + 1)
        to = min(len(found), at + random.choice((1, 1, 2, 4, 8, 64, 512)))
        kind = random.randrange(7)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            del found[at:to]
        elif kind == 2:
            found[at:at] = random.choice(INTERESTING)
        elif kind == 3:
            found[at:to] = random.randbytes(to - at)
        elif kind == 4:
            found[at:at] = found[at:to] * random.choice((1, 2, 100))
        elif kind == 5:
            del found[at:]
        else:
            found[at:to] = random.choice(INTERESTING)
    return bytes(found)


def change_cells(separator: bytes = b",") -> Change:
    """Return a change of tables with this separator: of cells, rows, columns, line ends and quotes."""

    def change(content: bytes, random: Random) -> bytes:
        lines = content.split(b"\n")
        for _ in range(random.choice((1, 1, 1, 2, 5))):
            at = random.randrange(len(lines))
            cells = lines[at].split(separator)
            column = random.randrange(len(cells))
            kind = random.randrange(10)
            if kind < 5:
                cells[column] = random.choice(CELLS)
            elif kind == 5:
                cells.insert(column, random.choice(CELLS))
            elif kind == 6:
                del cells[column]
            elif kind == 7:
                cells[column] = random.choice(random.choice(lines).split(separator))
            elif kind == 8:
                cells = random.choice(lines).split(separator)
            else:
                cells[column] = b'"' + cells[column] + b'"'
            lines[at] = separator.join(cells)
            if random.randrange(12) == 0:
                lines.insert(at, random.choice(lines))
            elif random.randrange(12) == 0:
                del lines[at]
                lines = lines or [b""]
        end = b"\n" if random.randrange(8) else random.choice((b"\r\n", b"\r", b"\n\n"))
        return end.join(lines)

    return change


def one_of(*changes: Change) -> Change:
    """Return a change that is one of several, at random."""
    return lambda content, random: random.choice(changes)(content, random)


# A file of a folder and its contents are one input: the name, a line end, and the contents.


def change_file(*changes: Change) -> Change:
    """Return a change of the contents of a file that begins with its name."""
    change_contents = one_of(*changes)

    def change(content: bytes, random: Random) -> bytes:
        name, _, rest = content.partition(b"\n")
        return name + b"\n" + change_contents(rest, random)

    return change


# --- zips ---

_NAMES = (
    "", "/", "//", ".", "..", "../Probes.csv", "/etc/passwd", "C:\\x.csv", "a\\b.csv", "PROBES.CSV", "Probes.csv/",
    "Probes.csv\0.txt", "\u202e.csv", "x" * 5000, "a/" * 500 + "b", "con", "__MACOSX/._Probes.csv", "donor9861/x.csv",
    "normalized_microarray_donor10021/Probes.csv", "Contents.txt", "Columns.csv", "Rows.csv", "reannotated.csv.gz",
)  # fmt: skip
# Fields of the header before the data of a member, and of its entry in the directory: offset and format.
_LOCAL = ((4, "<H"), (6, "<H"), (8, "<H"), (14, "<I"), (18, "<I"), (22, "<I"), (26, "<H"), (28, "<H"))
_CENTRAL = (
    (4, "<H"), (6, "<H"), (8, "<H"), (10, "<H"), (16, "<I"), (20, "<I"), (24, "<I"), (28, "<H"), (30, "<H"), (32, "<H"),
    (34, "<H"), (36, "<H"), (38, "<I"), (42, "<I"),
)  # fmt: skip
_END = ((4, "<H"), (6, "<H"), (8, "<H"), (10, "<H"), (12, "<I"), (16, "<I"), (20, "<H"))
_HEADERS = ((b"PK\x03\x04", _LOCAL), (b"PK\x01\x02", _CENTRAL), (b"PK\x05\x06", _END))
_VALUES = (0, 1, 2, 8, 9, 12, 14, 20, 51, 93, 95, 98, 99, 0x800, 0x801, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def change_zip(*changes: Change) -> Change:
    """Return a change of zips: of the contents of a member, of names, of headers, or of any bytes."""
    change_contents = one_of(*changes)

    def change(content: bytes, random: Random) -> bytes:
        kind = random.randrange(8)
        if kind < 4:
            content = _with_changed_members(content, random, change_contents)
        elif kind < 7:
            content = _with_changed_header(content, random)
        if kind >= 7 or random.randrange(6) == 0:
            content = change_bytes(content, random)
        return content

    return change


def _with_changed_members(content: bytes, random: Random, change: Change) -> bytes:
    """Return a zip with a changed, renamed, repeated, removed or added member, compressed by any method."""
    members: list[tuple[str, bytes]] = []
    with contextlib.suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as archive:  # it may be damaged already
        for info in archive.infolist()[:50]:
            if info.file_size < 1_000_000:
                members.append((info.filename, archive.read(info)))
    if not members:
        return change_bytes(content, random)
    at = random.randrange(len(members))
    name, data = members[at]
    kind = random.randrange(8)
    if kind < 4:
        members[at] = name, change(data, random)
    elif kind == 4:
        members[at] = random.choice(_NAMES), data
    elif kind == 5:
        members.append((random.choice((name, name.upper(), f"deeper/{name}")), random.choice(members)[1]))
    elif kind == 6:
        del members[at]
    else:
        members.insert(at, (random.choice(_NAMES), content[:4000]))
    written = io.BytesIO()
    with warnings.catch_warnings(action="ignore", category=UserWarning), zipfile.ZipFile(written, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo("x")
            info.filename = name  # also twice; as it is, also if it has a null character
            info.compress_type = random.choice(_METHODS) if random.randrange(3) == 0 else zipfile.ZIP_DEFLATED
            if random.randrange(20) == 0:
                info.external_attr = 0o120777 << 16  # a symbolic link
            archive.writestr(info, data)
    return written.getvalue()


def _with_changed_header(content: bytes, random: Random) -> bytes:
    """Return a zip with a changed field in one or two of its headers."""
    found = bytearray(content)
    for _ in range(random.choice((1, 1, 2))):
        mark, fields = random.choice(_HEADERS)
        places = [found_at.start() for found_at in re.finditer(re.escape(mark), found)]
        if not places:
            return change_bytes(content, random)
        offset, form = random.choice(fields)
        at = random.choice(places) + offset
        value = random.choice(_VALUES) & (0xFFFF if form == "<H" else 0xFFFFFFFF)
        if at + struct.calcsize(form) <= len(found):
            struct.pack_into(form, found, at, value)
    return bytes(found)
