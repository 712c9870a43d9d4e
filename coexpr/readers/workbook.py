"""The cells of the first sheet of a workbook (.xlsx), as text.

Only the four parts that this needs are read, as streams of limited length: macros, links, styles and other sheets are
never opened. A part that declares a document type, and with it entities that grow when they are replaced, is refused.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.parsers import expat

from coexpr.errors import DownloadError
from coexpr.readers.zip_members import open_member
from coexpr.readers.zips import members_of

WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
# The sheet of Additional file 8 has 3 MB, and its texts fewer.
_MOST_BYTES = 25_000_000
_MOST_ROWS, _MOST_COLUMNS = 250_000, 1000
# Cells of all rows, with the empty cells to the left of others. Additional file 8 has half a million.
_MOST_CELLS = 1_500_000
# Elements of XML of a part; those of the sheet of Additional file 8 are about a million.
_MOST_ELEMENTS = 2_500_000
_BLOCK_BYTES = 1 << 16
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_DAMAGED = "Download it again."

_Attributes = Mapping[str, str]
_Begin = Callable[[str, _Attributes], None]
_End = Callable[[str, str], None]


def is_workbook(path: Path) -> bool:
    """Return whether a file is a workbook in the format of Excel 2007 and later."""
    try:
        return any(info.filename == WORKBOOK for info in members_of(path))
    except DownloadError:
        return False


def first_sheet(path: Path, most: int | None = None) -> list[list[str]]:
    """Return the rows of the first sheet of a workbook, or the first rows; a blank cell is "".

    Rows are as long as their last cell that is stored.

    Raises
    ------
    DownloadError
        If it is damaged, too large, or not a workbook.
    """
    parts = _Parts(path)
    relations: dict[str, tuple[str, str]] = {}
    sheets: list[str] = []

    def relation(tag: str, attributes: _Attributes) -> None:
        if tag == "Relationship":
            target = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))[1:]
            relations[attributes.get("Id", "")] = (posixpath.basename(attributes.get("Type", "")), target)

    def sheet(tag: str, attributes: _Attributes) -> None:
        if tag == "sheet":
            sheets.append(next((value for name, value in attributes.items() if name.endswith("}id")), ""))

    parts.parse(_RELATIONS, relation)
    parts.parse(WORKBOOK, sheet)
    if not sheets or sheets[0] not in relations:
        raise DownloadError(f"{path} is a workbook without a sheet.", remedy=_DAMAGED)
    strings = _Strings()
    if texts := [target for kind, target in relations.values() if kind == "sharedStrings"]:
        parts.parse(texts[0], strings.begin, strings.end)
    cells = _Cells(path, strings.texts, most)
    parts.parse(relations[sheets[0]][1], cells.begin, cells.end, cells.is_complete)
    return cells.rows[:most]


class _Parts:
    """The parts of a workbook, which are XML files in a zip."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members = {info.filename: info for info in members_of(path)}

    def parse(
        self,
        name: str,
        begin: _Begin,
        end: _End = lambda tag, text: None,
        is_complete: Callable[[], bool] = lambda: False,
    ) -> None:
        """Call `begin` and `end` for each element of a part, with its attributes, and with its text so far."""
        where = f"{name} in {self.path}"
        if name not in self.members:
            raise DownloadError(f"{self.path} is a workbook without {name}.", remedy=_DAMAGED)
        if self.members[name].file_size > _MOST_BYTES:
            raise DownloadError(f"{where} is too large: expected at most {_MOST_BYTES:,} bytes.")
        parser = _parser(begin, end, where)
        try:
            with open_member(self.path, self.members[name]) as stream:
                while not is_complete() and (block := stream.read(_BLOCK_BYTES)):
                    parser.Parse(block, False)
            if not is_complete():
                parser.Parse(b"", True)
        except (zipfile.BadZipFile, zlib.error, expat.ExpatError) as error:
            raise DownloadError(f"{where} is damaged ({error}).", remedy=_DAMAGED) from None
        except OSError as error:
            raise DownloadError(f"{where} cannot be read: {error.strerror or error}.") from None


def _parser(begin: _Begin, end: _End, where: str) -> expat.XMLParserType:
    """Return a parser that calls `begin` and `end` with tags without namespaces."""
    parser = expat.ParserCreate("utf-8", "}")  # an encoding that the part declares could be unknown to Python
    parser.buffer_text = True
    text: list[str] = []
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > _MOST_ELEMENTS:
            raise DownloadError(f"{where} is too large: expected at most {_MOST_ELEMENTS:,} elements.")
        text.clear()
        begin(tag.rpartition("}")[2], attributes)

    def finish(tag: str) -> None:
        end(tag.rpartition("}")[2], "".join(text))
        text.clear()

    def refuse(*declared: object) -> None:
        raise DownloadError(f"{where} declares a document type, which no workbook does.", remedy=_DAMAGED)

    parser.StartElementHandler = start
    parser.EndElementHandler = finish
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = refuse
    return parser


class _Strings:
    """Collects the texts that cells refer to. A text may be in several runs; phonetic hints are left out."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._runs: list[str] = []
        self._is_hint = False

    def begin(self, tag: str, attributes: _Attributes) -> None:
        """Begin a text, a run or a hint."""
        if tag == "si":
            self._runs = []
        elif tag == "rPh":
            self._is_hint = True

    def end(self, tag: str, text: str) -> None:
        """End a run, a hint or a text."""
        if tag == "t" and not self._is_hint:
            self._runs.append(text)
        elif tag == "rPh":
            self._is_hint = False
        elif tag == "si":
            self.texts.append("".join(self._runs))


class _Cells:
    """Collects the cells of a sheet."""

    def __init__(self, path: Path, texts: list[str], most: int | None) -> None:
        self.rows: list[list[str]] = []
        self._path, self._texts, self._most = path, texts, most
        self._type = ""
        self._column = self._cells = 0
        self._content: list[str] = []

    def is_complete(self) -> bool:
        """Return whether the rows that are needed have been read."""
        return self._most is not None and len(self.rows) > self._most

    def begin(self, tag: str, attributes: _Attributes) -> None:
        """Begin a row or a cell, whose places may be stated."""
        if tag == "row":
            number = attributes.get("r", str(len(self.rows) + 1))
            self._begin_row(int(number) if re.fullmatch("[0-9]{1,7}", number) else 0)
        elif tag == "c":
            self._type = attributes.get("t", "n")
            self._content = []
            if not self.rows:
                self._begin_row(1)
            self._column = len(self.rows[-1]) + 1
            if "r" in attributes:
                place = _REFERENCE.fullmatch(attributes["r"])
                self._column = _column_of(place[1]) if place and int(place[2]) == len(self.rows) else 0
            if not len(self.rows[-1]) < self._column <= _MOST_COLUMNS:
                raise self._misplaced(f"cell {attributes.get('r', '')!r:.20}")
            self._cells += self._column - len(self.rows[-1])
            if self._cells > _MOST_CELLS:
                raise DownloadError(f"{self._path} is too large: expected at most {_MOST_CELLS:,} cells.")

    def _begin_row(self, number: int) -> None:
        if not len(self.rows) < number <= _MOST_ROWS:
            raise self._misplaced(f"row {number}")
        self.rows += [[] for _ in range(number - len(self.rows))]

    def end(self, tag: str, text: str) -> None:
        """End the value of a cell, or the cell."""
        if tag == "v" or (tag == "t" and self._type == "inlineStr"):
            self._content.append(text)
        elif tag == "c" and self._column:
            row = self.rows[-1]
            row += [""] * (self._column - len(row) - 1)
            row.append(self._value("".join(self._content)))

    def _value(self, content: str) -> str:
        if self._type != "s":
            return content
        if not re.fullmatch("[0-9]{1,7}", content) or int(content) >= len(self._texts):
            raise DownloadError(
                f"{self._path}, row {len(self.rows)}: expected the number of one of {len(self._texts):,} texts, found "
                f"{content!r:.20}.",
                remedy=_DAMAGED,
            )
        return self._texts[int(content)]

    def _misplaced(self, what: str) -> DownloadError:
        return DownloadError(
            f"{self._path}: {what} after row {len(self.rows)} is out of order, or beyond {_MOST_ROWS:,} rows and "
            f"{_MOST_COLUMNS:,} columns.",
            remedy=_DAMAGED,
        )


def _column_of(letters: str) -> int:
    """Return the number of a column: 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
