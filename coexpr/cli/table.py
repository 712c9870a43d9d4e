"""Tables that fit the width of a terminal without truncating numbers.

If a table is too wide, text columns are shortened first, and then columns are omitted in a defined order. The remaining
columns are divided into blocks, drawn one below the other, which all start with the same key columns.
"""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from coexpr.wording import one_line

_GAP = "  "
_SHORTEST_TEXT = 12
_NUMBER = re.compile(r"-?[\d.,]+(e[-+]?\d+)?")


@dataclass(frozen=True)
class Layout:
    """How the columns of a table are fitted to the width of a terminal.

    Parameters
    ----------
    keys : sequence of str
        Columns that identify a row; every block starts with them.
    drop : sequence of str
        Columns that are omitted if the table is too wide, in the order in which they are omitted.
    shorten : sequence of str
        Text columns that may be shortened with "…".
    wrap : sequence of str
        Text columns that may take several lines.
    comfortable : int
        Width to which text is shortened before columns are omitted.
    """

    keys: Sequence[str] = ()
    drop: Sequence[str] = ()
    shorten: Sequence[str] = ()
    wrap: Sequence[str] = ()
    comfortable: int = 24


@dataclass
class Fitted:
    """The blocks in which a table is drawn, and the columns that are omitted.

    Parameters
    ----------
    blocks : list of dict of str to int
        The columns of each block with their widths.
    left_out : list of str
    """

    blocks: list[dict[str, int]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def fit_columns(widths: Mapping[str, int], layout: Layout, available: int | None) -> Fitted:
    """Return which columns are drawn, in which blocks, and their widths.

    Parameters
    ----------
    widths : mapping of str to int
        The columns in order, with the width that each needs.
    layout : Layout
    available : int or None
        Width of the terminal; None for no limit.
    """
    if available is None or _total(widths.values()) <= available:
        return Fitted([dict(widths)])
    flexible = [name for name in (*layout.shorten, *layout.wrap) if name in widths]
    fitted = Fitted()
    kept = _shortened(widths, flexible, layout.comfortable)
    for name in layout.drop:
        if _total(kept.values()) <= available:
            break
        if name in kept:
            del kept[name]
            fitted.left_out.append(name)
    if _total(kept.values()) > available:
        kept = _shortened({name: widths[name] for name in kept}, flexible, _SHORTEST_TEXT)
    keys = [name for name in layout.keys if name in kept]
    fitted.blocks = _split(kept, keys, available)
    for block in fitted.blocks:
        _widen(block, [name for name in flexible if name in block], widths, available)
    return fitted


def _shortened(widths: Mapping[str, int], flexible: Sequence[str], most: int) -> dict[str, int]:
    """Return widths in which flexible columns are limited to `most`, but not below the width of their headers."""
    return {name: min(width, max(most, len(name))) if name in flexible else width for name, width in widths.items()}


def _split(kept: Mapping[str, int], keys: Sequence[str], available: int) -> list[dict[str, int]]:
    """Return columns in blocks that fit; a column wider than the terminal gets a block with only the keys."""
    blocks: list[dict[str, int]] = []
    of_keys = {name: kept[name] for name in keys}
    for name, width in kept.items():
        if name in of_keys:
            continue
        if not blocks or _total([*blocks[-1].values(), width]) > available:
            blocks.append(dict(of_keys))
        blocks[-1][name] = width
    if not blocks:
        blocks.append(dict(of_keys))
    return [{name: block[name] for name in kept if name in block} for block in blocks]


def _widen(block: dict[str, int], flexible: Sequence[str], widths: Mapping[str, int], available: int) -> None:
    """Widen the flexible columns of a block, up to the widths they need, if the block is narrower than available."""
    for name in flexible:
        spare = available - _total(block.values())
        if spare > 0:
            block[name] = min(widths[name], block[name] + spare)


def _total(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + len(_GAP) * max(0, len(each) - 1)


def draw_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], layout: Layout, available: int | None, stream: IO[str]
) -> list[str]:
    """Draw cells as a table; return the columns that are omitted. Line feeds in cells are escaped.

    Parameters
    ----------
    columns : sequence of str
    rows : sequence of sequence of str
        Text of each cell.
    layout : Layout
    available : int or None
        Width to fit; None for no limit.
    stream : text stream
    """
    titles = {name: one_line(name) for name in columns}
    rows = [[one_line(cell) for cell in row] for row in rows]
    place = {name: number for number, name in enumerate(columns)}
    widths = {
        name: max([display_width(titles[name]), *(display_width(row[number]) for row in rows)])
        for number, name in enumerate(columns)
    }
    is_number = {
        name: any(_NUMBER.fullmatch(row[number]) for row in rows)
        and all(not row[number] or _NUMBER.fullmatch(row[number]) for row in rows)
        for name, number in place.items()
    }
    fitted = fit_columns(widths, layout, available)
    for number, block in enumerate(fitted.blocks):
        stream.write("\n" if number else "")
        _write_line(stream, [_pad(titles[name], width, is_number[name]) for name, width in block.items()])
        stream.write("─" * _total(block.values()) + "\n")
        for row in rows:
            cells = {name: _lines_of(row[place[name]], width, name in layout.wrap) for name, width in block.items()}
            for line in range(max(map(len, cells.values()))):
                shown = {name: of_cell[line] if line < len(of_cell) else "" for name, of_cell in cells.items()}
                _write_line(stream, [_pad(shown[name], width, is_number[name]) for name, width in block.items()])
    return fitted.left_out


def _lines_of(text: str, width: int, may_wrap: bool) -> list[str]:
    """Return the lines of a cell, which is wrapped or shortened to the width."""
    if display_width(text) <= width:
        return [text]
    if may_wrap:
        return textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    while display_width(text) > width - 1:
        text = text[:-1]
    return [text + "…"]


def _write_line(stream: IO[str], cells: Sequence[str]) -> None:
    stream.write(_GAP.join(cells).rstrip() + "\n")


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - display_width(text))
    return space + text if right else text + space


def display_width(text: str) -> int:
    """Return the number of terminal columns of a text: wide characters count two, combining characters none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
