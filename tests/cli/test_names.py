"""Names that are SQL, options, paths, or no text at all, in every place of the command line that takes a name."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.command import invoke

from coexpr.cli.commands import Commands

pytestmark = pytest.mark.long

NAMES = (
    "'",
    '"',
    "'; drop table genes; --",
    "NTRK2' or '1'='1",
    "%",
    "_",
    "$1",
    "{0}",
    "\\",
    "*",
    "NULL",
    "\uff2e\uff34\uff32\uff2b\uff12",
    "NTRK\u0405",
    "a\nb",
    "\x1b[31m",
    "\x00",
    "x" * 10_000,
    "\udcff",
    "",
    "  ",
    "../../etc/passwd",
)
# For options, which are many.
_FEW = ("'; drop table genes; --", "\x1b[31m", "\x00", "x" * 10_000)
# These run until they are interrupted, start another program, or fetch.
_NOT_RUN = frozenset({"serve", "shell", "fetch", "demo", "bundle"})
# Values of positional arguments with which the options of a command are tried.
_GIVEN = {"query": ["NTRK2"], "pair": ["NTRK2", "BDNF"], "curve": ["NTRK2", "BDNF"], "sql": ["from donors"]}
_GIVEN |= {"probes": ["NTRK2"], "expression": ["NTRK2"], "matrix": ["NTRK2", "BDNF"], "genes": ["NTRK2"]}
_GIVEN |= {"enrich": ["NTRK2"], "categories show": ["synapse organization"]}


@cache
def _leaves() -> dict[str, Any]:
    """Return every command, those of groups by both words."""
    found: dict[str, Any] = {}
    for name, command in Commands().items():
        inside = getattr(command, "commands", None)
        found |= {f"{name} {word}": one for word, one in inside.items()} if inside else {name: command}
    return found


def _is_text(parameter: Any) -> bool:
    if not hasattr(parameter, "type_descriptor"):  # of older versions of typer
        return "str" in re.findall(r"\w+", parameter.type.name)
    return "str" in re.findall(r"\w+", str(parameter.type_descriptor.annotation).replace("<class", ""))


def _places() -> list[tuple[str, str]]:
    """Return each command with each of its parameters that takes a text: "" for positional ones."""
    places = []
    for name, command in _leaves().items():
        texts = [parameter for parameter in command.params if _is_text(parameter)]
        if name.split()[0] in _NOT_RUN:
            continue
        if any(parameter.param_type_name == "argument" for parameter in texts):
            places.append((name, ""))
        if name in _GIVEN:
            places += [(name, one.opts[0]) for one in texts if one.param_type_name == "option"]
    return places


def _line(command: str, option: str, name: str) -> list[str]:
    if option:
        return [*command.split(), *_GIVEN[command], f"{option}={name}"]
    parameters = [one for one in _leaves()[command].params if one.param_type_name == "argument"]
    needed = max(1, sum(parameter.nargs for parameter in parameters if parameter.required and parameter.nargs > 0))
    return [*command.split(), "--", *[name] * needed]


@pytest.fixture(scope="module")
def untouched(synthetic_database: Path) -> str:
    return hashlib.sha256(synthetic_database.read_bytes()).hexdigest()


def test_every_command_with_a_name_is_tried() -> None:
    assert {"query", "probes", "why", "genes", "pair", "curve", "expression", "matrix", "enrich"} <= {
        command for command, option in _places() if not option
    }
    assert ("query", "--category") in _places()


@pytest.mark.parametrize(("command", "option"), _places())
def test_a_strange_name_is_refused_in_one_line(
    synthetic_database: Path, untouched: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COEXPR_DB", str(synthetic_database))
    for name in _FEW if option else NAMES:
        done = invoke(*_line(command, option, name))
        place = (command, option, name[:40])
        assert done.exit_code in (0, 1, 2), (place, done.output, done.exception)
        assert done.exception is None or isinstance(done.exception, SystemExit), (place, done.exception)
        if done.exit_code:
            errors = done.stderr.splitlines()
            is_statement = command == "sql" and not option
            assert errors[0 if is_statement else -1].startswith(("Error: ", "Usage: ")) or done.stdout, (place, errors)
            assert len(done.stderr) < 2000 or is_statement, (place, done.stderr[:3000])
    assert hashlib.sha256(synthetic_database.read_bytes()).hexdigest() == untouched


def _error_of(connection: duckdb.DuckDBPyConnection, statement: str, name: str) -> str:
    try:
        connection.execute(statement, {"name": name}).fetchall()
    except duckdb.Error as error:
        return str(error)
    return ""


def test_every_macro_takes_a_strange_name(synthetic_database: Path) -> None:
    with duckdb.connect(synthetic_database, read_only=True) as connection:
        macros = connection.execute(
            "select distinct function_name, function_type, parameters from duckdb_functions() where not internal"
        ).fetchall()
        assert len(macros) > 10
        before = connection.execute("select count(*) from genes").fetchall()
        for macro, kind, parameters in macros:
            call = f"{macro}({', '.join('$name' for _ in parameters)})"
            statement = f"from {call}" if kind == "table_macro" else f"select {call}"
            for name in NAMES:
                if name != "\udcff" and parameters:
                    message = _error_of(connection, statement, name)
                    assert "INTERNAL" not in message, (statement, name[:40], message)
        assert connection.execute("select count(*) from genes").fetchall() == before
