"""Replay: ask the question of a result again, and say what has changed and why."""

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from coexpr.errors import CoexprError, QueryError, ResultFileError
from coexpr.options import OPTIONS
from coexpr.question import NOT_ASKED
from coexpr.readers.result_file import ResultFile, printable, read_result
from coexpr.result import Provenance, Result, json_text

_COLUMNS = ("what", "before", "now")
# Larger differences are changes; smaller ones are rounding, which depends on processors and libraries.
_ROUNDING = 1e-12
# Networks are computed, and expression values stored, in single precision.
_ROUNDING_OF = {"network": 2e-6, "expression": 1e-7}
# Parts of a provenance that are compared by parts, or say nothing about the numbers.
_APART = ("question", "sources", "cache_problem", "database")
# The questions of SQL: for rows of JSON, and for Arrow.
_SQL, _SQL_AS_ARROW = "stream_sql", "stream_sql_as_arrow"
# What arguments of a wrong type or size raise, in Python and in DuckDB.
_OF_WRONG_ARGUMENTS = (
    ArithmeticError, AttributeError, LookupError, TypeError, ValueError, duckdb.DataError, duckdb.ProgrammingError
)  # fmt: skip
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class ReplayProvenance(Provenance):
    """Whether a result was replayed, and how its rows compare.

    Parameters
    ----------
    file : str
    asked : str
        The question that was asked again.
    rows, rows_changed, rows_gone, rows_new : int
        Rows of the file; how many of them changed, and how many are gone; rows that the file does not have.
    largest_difference : float
        The largest difference of a number in a row of both results.
    """

    file: str
    asked: str
    rows: int
    rows_changed: int
    rows_gone: int
    rows_new: int
    largest_difference: float

    @property
    def is_identical(self) -> bool:
        """Whether all rows are the same, apart from rounding."""
        return not (self.rows_changed or self.rows_gone or self.rows_new)


def replay(path: Path, ask: Callable[[str, dict[str, Any]], Any], database: str) -> Result[ReplayProvenance]:
    """Ask the question of a result again; see `Atlas.replay`.

    Parameters
    ----------
    path : path
    ask : callable
        Takes the name of a question and its arguments, and returns its result.
    database : str
    """
    file = read_result(path)
    name, arguments = _question_of(file)
    with tempfile.TemporaryDirectory() as folder:
        now = _ask_again(file, ask, name, arguments, Path(folder) / f"now.{file.format}")
    compared = _compare_rows(file.rows, now.rows, _ROUNDING_OF.get(name, _ROUNDING))
    changes = [*_changes_of_sources(file.provenance, now.provenance), *_changes(file.provenance, now.provenance)]
    given = file.provenance["question"]["arguments"]
    provenance = ReplayProvenance(
        database=database,
        file=str(path),
        asked=f"{name}({', '.join(f'{printable(key)}={_shortened(repr(value))}' for key, value in given.items())})",
        rows=len(file.rows),
        rows_changed=compared.changed,
        rows_gone=compared.gone,
        rows_new=compared.new,
        largest_difference=compared.largest,
    )
    return Result(_COLUMNS, [*changes, *compared.examples], provenance)


def _ask_again(
    file: ResultFile,
    ask: Callable[[str, dict[str, Any]], Any],
    name: str,
    arguments: dict[str, Any],
    output: Path,
) -> ResultFile:
    """Return the result of today, after it was written to a file of the same format and read again."""
    try:
        if name == "network":
            ask(name, {**arguments, "output": output, "format": file.format})
        elif name == _SQL:
            _write(ask(_SQL if file.format == "json" else _SQL_AS_ARROW, arguments), output)
        else:
            _write(ask(name, arguments), output)
    except QueryError as error:
        message = printable(str(error).partition("\n")[0])
        raise ResultFileError(f"{file.path}: its SQL statement failed ({message:.200}).") from error
    except CoexprError:
        raise
    except _OF_WRONG_ARGUMENTS as error:
        explanation = printable(str(error).partition("\n")[0])
        raise ResultFileError(
            f"{file.path}: its question cannot be asked ({type(error).__name__}: {explanation:.200}). "
            "The file was changed, or written by a version of coexpr that this one does not understand."
        ) from error
    return read_result(output)


def _write(result: Any, path: Path) -> None:
    """Write a result as its command does."""
    from coexpr.output import binary, text

    result = result.combined() if hasattr(result, "combined") else getattr(result, "steps", result)
    if path.suffix != ".json":
        result = getattr(result, "correlates", result)
    if path.suffix == ".json":
        with path.open("w", encoding="utf-8") as stream:
            if isinstance(result, tuple):  # a named tuple of tables
                text.write_tables(result, stream)
            else:
                text.write_json(result, stream)
        return
    if isinstance(result, tuple):
        result = result[0]  # the table that is written to a file of one
    is_parquet = path.suffix == ".parquet"
    with path.open("wb") as file:
        if hasattr(result, "batches"):
            with closing(result):
                (binary.write_batches_as_parquet if is_parquet else binary.write_batches_as_arrow)(result, file)
        else:
            (binary.write_parquet if is_parquet else binary.write_arrow)(result, file)


def _question_of(file: ResultFile) -> tuple[str, dict[str, Any]]:
    asked = file.provenance.get("question")
    if not isinstance(asked, dict) or not isinstance(asked.get("arguments"), dict):
        raise ResultFileError(
            f"{file.path} does not contain a question that can be asked again. Results of query, probes, pair, "
            "expression, matrix, network, structures, categories, genes, sql and verify do, as JSON, Parquet or Arrow."
        )
    # A file from someone else must not choose where files are written, or connect to another computer.
    if added := [name for name in NOT_ASKED if name in asked["arguments"]]:
        raise ResultFileError(
            f"{file.path}: its question has {' and '.join(added)}, which no result contains. The file was changed."
        )
    arguments = {}
    for name, value in asked["arguments"].items():
        try:
            arguments[name] = OPTIONS[name](**value) if name in OPTIONS and isinstance(value, dict) else value
        except TypeError:
            raise ResultFileError(
                f"{file.path}: this version of coexpr does not know the options {_text(value):.200} of {name}."
            ) from None
    return str(asked.get("method")), arguments


@dataclass(frozen=True)
class _Comparison:
    changed: int = 0
    gone: int = 0
    new: int = 0
    largest: float = 0.0
    examples: Sequence[tuple[str, str, str]] = ()


def _compare_rows(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]], tolerance: float) -> _Comparison:
    """Compare rows with the same names, over the columns of the earlier ones."""
    if before == now:
        return _Comparison()
    names = _names_of_rows(before, now)
    old, new = (_by_name(rows, names) for rows in (before, now))
    gone, added = [key for key in old if key not in new], [key for key in new if key not in old]
    examples = [("rows gone", _labels(gone, old), "")] if gone else []
    examples += [("rows new", "", _labels(added, new))] if added else []
    changed, largest = 0, 0.0
    first: dict[str, tuple[str, str, str]] = {}
    for key, row in old.items():
        if key not in new:
            continue
        differing = {
            name: off for name, cell in row.items() if (off := _difference(cell, new[key].get(name))) > tolerance
        }
        changed += bool(differing)
        label = _label(key, row) if differing.keys() - first.keys() else ""
        for name, difference in differing.items():
            if name not in first:
                what = _shortened(f"{name} of {label}")
                first[name] = (what, _shortened(_text(row[name])), _shortened(_text(new[key].get(name))))
            if isinstance(row[name], float) and math.isfinite(difference):
                largest = max(largest, abs(row[name] - new[key][name]))
    return _Comparison(changed, len(gone), len(added), largest, [*examples, *first.values()])


def _difference(before: Any, now: Any) -> float:
    """Return how far apart two cells are, large numbers by proportion; infinity for what are not two numbers."""
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return max(map(_difference, before, now), default=0.0)
    if before == now or (before != before and now != now):  # noqa: PLR0124  # NaN, which is a missing number
        return 0.0
    if not all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in (before, now)):
        return math.inf
    try:
        difference = abs(before - now) / max(1.0, abs(before))
    except OverflowError:
        return math.inf
    return math.inf if math.isnan(difference) else difference


def _names_of_rows(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> list[str]:
    """Return the columns by which rows are matched.

    These are names and ids: the column that names each row alone and has most in common, or else all together.
    """
    both = [*before, *now]
    names = [
        name
        for name in both[0]
        if (name in both[-1]) and (name.endswith("_id") or all(isinstance(row.get(name), str | None) for row in both))
    ]
    common: dict[str, int] = {}
    for name in names:
        old, new = ({_key(row.get(name)) for row in rows} for rows in (before, now))
        if len(old) == len(before) and len(new) == len(now) and None not in old | new:
            common[name] = len(old & new)
    return [max(common, key=lambda name: common[name])] if common else names


def _by_name(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return rows by their names; rows with equal names are numbered."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        key = tuple(_key(row.get(name)) for name in names)
        seen[key] += 1
        found[(*key, seen[key])] = row
    return found


def _key(cell: Any) -> Any:
    return cell if isinstance(cell, str | int | None) else json_text(cell)


def _label(key: Sequence[Any], row: Mapping[str, Any]) -> str:
    """Return the names in a row, or else its number among rows without names."""
    return " ".join(cell for cell in row.values() if isinstance(cell, str)) or f"row {key[-1]}"


def _labels(keys: Sequence[Sequence[Any]], rows: Mapping[Any, Mapping[str, Any]]) -> str:
    return _shortened("; ".join(_label(key, rows[key]) for key in keys[:_LONGEST]))


def _changes_of_sources(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the downloads that were added or removed, and the releases that differ."""
    old, new = before.get("sources"), now.get("sources")
    if old is None or new is None:  # of a version that did not record them
        return []
    names = [{one["sha256"]: one["name"] for one in sources["downloads"]} for sources in (old, new)]
    changes = [("download added", "", _shortened(names[1][digest])) for digest in names[1].keys() - names[0].keys()]
    changes += [("download removed", _shortened(names[0][digest]), "") for digest in names[0].keys() - names[1].keys()]
    for name in sorted(old["releases"].keys() | new["releases"].keys()):
        a, b = (_shortened(str(of["releases"].get(name, ""))) for of in (old, new))
        if a != b:
            changes.append((_shortened(f"release of {name}"), a, b))
    return sorted(changes)


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str, str]]:
    """Return what differs between two provenances, by part: "data.n_samples"."""
    changes: list[tuple[str, str, str]] = []
    for name in dict.fromkeys([*before, *now]):
        a, b = before.get(name), now.get(name)
        if a == b or (not prefix and name in _APART):
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            changes += _changes(a, b, f"{prefix}{name}.")
        elif isinstance(a, list) and isinstance(b, list) and _are_like(a, b):
            for number, (one, other) in enumerate(zip(a, b, strict=True)):
                changes += _changes(one, other, f"{prefix}{name}[{number}].")
        else:
            changes.append((_shortened(f"{prefix}{name}"), _shortened(_text(a)), _shortened(_text(b))))
    return changes


def _are_like(before: Sequence[Any], now: Sequence[Any]) -> bool:
    """Return whether two lists have as many objects."""
    return len(before) == len(now) and all(isinstance(item, dict) for item in [*before, *now])


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json_text(value)


def _shortened(text: str) -> str:
    return printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
