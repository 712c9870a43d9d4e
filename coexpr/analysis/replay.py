"""Replay: ask the question of a result again, and say what has changed and why."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coexpr.errors import ResultFileError
from coexpr.options import OPTIONS
from coexpr.readers.result_file import ResultFile, read_result, rows_of_tables
from coexpr.result import Provenance, Result, json_text

_COLUMNS = ("what", "before", "now")
# Larger differences are changes; smaller ones are rounding, which depends on processors and libraries.
_ROUNDING = 1e-12
# Networks are computed in single precision.
_ROUNDING_OF_NETWORKS = 2e-6
# Parts of a provenance that are compared by parts, or say nothing about the numbers.
_APART = ("question", "sources", "cache_problem", "database")
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class ReplayProvenance(Provenance):
    """Whether a result was replayed, and how its rows compare.

    Parameters
    ----------
    file : str
    asked : str
        The question that was asked again.
    rows, rows_changed : int
        Rows of the file; rows that changed, vanished or are new.
    largest_difference : float
        The largest difference of a number in a row of both results.
    """

    file: str
    asked: str
    rows: int
    rows_changed: int
    largest_difference: float

    @property
    def is_identical(self) -> bool:
        """Whether all rows are the same, apart from rounding."""
        return self.rows_changed == 0


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
        if name == "network":
            arguments["output"] = Path(folder) / f"network{path.suffix}"
        result = ask(name, arguments)
        if name == "network":
            now = read_result(arguments["output"])
        else:
            now = ResultFile(path, json.loads(json_text(result.provenance)), _rows_of(result, path))
    compared = _compare_rows(file.rows, now.rows, _ROUNDING_OF_NETWORKS if name == "network" else _ROUNDING)
    changes = [*_changes_of_sources(file.provenance, now.provenance), *_changes(file.provenance, now.provenance)]
    given = ", ".join(f"{key}={value!r}" for key, value in file.provenance["question"]["arguments"].items())
    provenance = ReplayProvenance(
        database=database,
        file=str(path),
        asked=f"{name}({given})",
        rows=len(file.rows),
        rows_changed=compared.changed,
        largest_difference=compared.largest,
    )
    return Result(_COLUMNS, [*changes, *compared.examples], provenance)


def _question_of(file: ResultFile) -> tuple[str, dict[str, Any]]:
    asked = file.provenance.get("question")
    if not isinstance(asked, dict) or not isinstance(asked.get("arguments"), dict):
        raise ResultFileError(
            f"{file.path} does not contain a question that can be asked again. Results of query, probes, pair, "
            "expression, matrix, network, structures, categories, genes, sql and verify do, as JSON, Parquet or Arrow."
        )
    arguments = {}
    for name, value in asked["arguments"].items():
        try:
            arguments[name] = OPTIONS[name](**value) if name in OPTIONS and isinstance(value, dict) else value
        except TypeError:
            raise ResultFileError(
                f"{file.path}: this version of coexpr does not know the options {', '.join(value)} of `{name}`."
            ) from None
    return str(asked.get("method")), arguments


def _rows_of(result: Any, path: Path) -> list[dict[str, Any]]:
    """Return the rows of a result as a file of its kind has them."""
    if hasattr(result, "combined"):
        result = result.combined()
    if isinstance(result, tuple):  # a named tuple of results
        tables = zip(result._fields, result, strict=True)  # type: ignore[attr-defined]
        return rows_of_tables({name: _rows_of(table, path) for name, table in tables})
    if path.suffix.lower() != ".json" and hasattr(result, "to_arrow"):
        rows: list[dict[str, Any]] = result.to_arrow().to_pylist()
        return rows
    return [json.loads(json_text(dict(zip(result.columns, row, strict=True)))) for row in result.rows]


@dataclass(frozen=True)
class _Comparison:
    changed: int
    largest: float
    examples: list[tuple[str, str, str]]


def _compare_rows(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]], tolerance: float) -> _Comparison:
    """Compare rows by the names in them, over the columns that both results have."""
    if before == now:
        return _Comparison(0, 0.0, [])
    columns = [name for name in (before or now)[0] if not now or name in now[0]]
    names = [name for name in columns if _names_rows(name, [*before, *now])]
    old, new = (_by_name(rows, names) for rows in (before, now))
    changed, largest = len(old.keys() ^ new.keys()), 0.0
    examples = [
        (f"rows {what}", text if what == "gone" else "", "" if what == "gone" else text)
        for what, keys in (("gone", old.keys() - new.keys()), ("new", new.keys() - old.keys()))
        if (text := _shortened("; ".join(" ".join(map(str, key)) for key in keys)))
    ]
    first: dict[str, tuple[str, str, str]] = {}
    for key in old.keys() & new.keys():
        differs = False
        for name in columns:
            a, b = old[key].get(name), new[key].get(name)
            difference = abs(a - b) if isinstance(a, float) and isinstance(b, float | int) else float(a != b)
            if difference > tolerance:
                differs = True
                first.setdefault(name, (f"{name} of {' '.join(map(str, key))}", str(a), str(b)))
                if isinstance(a, float):
                    largest = max(largest, difference)
        changed += differs
    return _Comparison(changed, largest, [*examples, *first.values()])


def _names_rows(column: str, rows: Sequence[dict[str, Any]]) -> bool:
    """Return whether a column has names or ids, by which rows are matched."""
    return column.endswith("_id") or all(isinstance(row.get(column), str | None) for row in rows)


def _by_name(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return rows by their names; rows with equal names are numbered."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(json.dumps(row[name]) if isinstance(row[name], list | dict) else row[name] for name in names)
        number = 2
        unique = key
        while unique in found:
            unique, number = (*key, number), number + 1
        found[unique] = row
    return found


def _changes_of_sources(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the downloads that were added or removed, and the releases that differ."""
    old, new = (provenance.get("sources") or {"downloads": [], "releases": {}} for provenance in (before, now))
    names = [{one["sha256"]: one["name"] for one in sources["downloads"]} for sources in (old, new)]
    changes = [("download added", "", names[1][digest]) for digest in names[1].keys() - names[0].keys()]
    changes += [("download removed", names[0][digest], "") for digest in names[0].keys() - names[1].keys()]
    for name in sorted(old["releases"].keys() | new["releases"].keys()):
        releases = str(old["releases"].get(name, "")), str(new["releases"].get(name, ""))
        if releases[0] != releases[1]:
            changes.append((f"release of {name}", *releases))
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
            changes.append((f"{prefix}{name}", _shortened(_text(a)), _shortened(_text(b))))
    return changes


def _are_like(before: Sequence[Any], now: Sequence[Any]) -> bool:
    """Return whether two lists have as many objects."""
    return len(before) == len(now) and all(isinstance(item, dict) for item in [*before, *now])


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json_text(value)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
