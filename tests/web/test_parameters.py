"""Addresses, commands and SQL that ask the same question."""

import csv
import dataclasses
import io
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import pytest
from helpers.command import run
from helpers.web import QUOTES, SCRIPT
from hypothesis import given
from hypothesis import strategies as st

from coexpr.atlas import Atlas
from coexpr.options import OPTIONS, CorrelationMethod, GeneFilter, ProbeSelection, SampleFilter
from coexpr.question import Question
from coexpr.web.equivalents import command_of, sql_of
from coexpr.web.parameters import MAX_INTEGER, Parameter, arguments_of, parameters_of

CATEGORY = "nervous system development"
METHODS = (
    "correlates",
    "probes",
    "why",
    "pair",
    "expression",
    "correlation_matrix",
    "structures",
    "members",
    "resolve",
)


def address_of(question: Question) -> str:
    """Return the query string of an address that asks a question again, without the arguments that have no default."""
    given: list[tuple[str, str]] = []
    for parameter in parameters_of(question.method):
        value: Any = question.arguments
        for step in parameter.place:
            value = value.get(step, dataclasses.MISSING) if isinstance(value, dict) else dataclasses.MISSING
        if value is dataclasses.MISSING:
            continue
        texts = value if isinstance(value, list) else [value]
        given += [(parameter.name, _as_text(text)) for text in texts]
    return urlencode(given)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "all" if value is None else str(value)


def question_of(method: str, arguments: Mapping[str, Any]) -> Question:
    """Return the question that a result records: options as the fields that differ from their defaults."""
    plain = {
        name: {
            field.name: list(found) if isinstance(found, tuple) else found
            for field in dataclasses.fields(value)
            if (found := getattr(value, field.name)) != field.default
        }
        if name in OPTIONS
        else (list(value) if isinstance(value, tuple) else value)
        for name, value in arguments.items()
    }
    return Question(method, plain)


# Texts without white space at their ends, which an address does not keep.
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).map(str.strip).filter(bool)
LIST = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
FRACTIONS = st.floats(0, 1, exclude_min=True)


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Return the values that a parameter may have."""
    if parameter.name == "genes":  # a list has its own separators, and may be quoted
        names = st.text(st.characters(categories=["L", "N"], include_characters="-_.@"), min_size=1, max_size=9)
        return st.lists(names, min_size=1, max_size=3).map(tuple)
    if parameter.several:
        return LIST
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "text": st.sampled_from(parameter.choices) if parameter.choices else NAMES,
        "flag": st.booleans(),
        "number": FRACTIONS,
        "integer": st.integers(1, MAX_INTEGER) | (st.none() if parameter.has_all else st.nothing()),
    }
    return kinds[parameter.kind]


@st.composite
def arguments(draw: st.DrawFn, method: str) -> dict[str, Any]:
    """Return arguments of a method with a default that it does not have, in a combination that is allowed."""
    found: dict[str, Any] = {}
    for parameter in parameters_of(method):
        if not draw(st.booleans()):
            continue
        value = draw(values_of(parameter))
        if value == parameter.default:
            continue
        if len(parameter.place) == 1:
            found[parameter.place[0]] = value
        else:
            found.setdefault(parameter.place[0], {})[parameter.place[1]] = value
    if "gene_filter" in found:
        found["gene_filter"]["categories"] = draw(LIST)
    if "power" in found.get("probe_selection", {}):
        found["probe_selection"]["rule"] = "connectivity"
    if found.get("probe_selection", {}).get("rule") in ("diff-stability", "rnaseq", "average", "eigengene"):
        found["probe_selection"].pop("scope", None)
    if found.get("method", {}).get("max_p_outliers", 1) != 1:
        found["method"]["name"] = "bicor"
    return {name: OPTIONS[name](**value) if name in OPTIONS else value for name, value in found.items()}


@given(st.sampled_from(METHODS).flatmap(lambda method: st.tuples(st.just(method), arguments(method))))
def test_an_address_asks_the_question_again(case: tuple[str, dict[str, Any]]) -> None:
    method, asked = case
    address = address_of(question_of(method, asked))
    assert address.isascii()
    assert " " not in address
    assert arguments_of(method, parse_qs(address, keep_blank_values=True, strict_parsing=bool(address))) == asked


def test_parameters_are_those_of_the_methods_of_atlas() -> None:
    names = {method: [parameter.name for parameter in parameters_of(method)] for method in METHODS}
    assert names["members"] == ["include_regulates", "evidence_not"]
    assert names["structures"] == ["search", "min_samples"]
    assert names["resolve"] == ["annotation"]
    assert {"category", "genes", "structure", "donor", "method", "adjust", "rule", "top"} < set(names["correlates"])
    for found in names.values():
        assert len(set(found)) == len(found)
        assert not {"output", "format", "memory", "max_rows", "path", "gene_filter", "sample_filter"} & set(found)


def test_empty_boxes_of_a_form_are_not_given() -> None:
    given = {"level": [""], "category": ["", "  "], "min_r": [" "], "by_donor": [""], "genes": ["", "BDNF , DDX6 "]}
    assert arguments_of("correlates", given) == {"gene_filter": GeneFilter(genes=("BDNF", "DDX6"))}


# --- the same rows from the command line and from SQL ---

QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("correlates", {"seed": "NTRK2"}),
    ("correlates", {"seed": "NTRK2", "top": None, "ascending": True, "min_r": -0.5, "max_r": 0.5}),
    ("correlates", {"seed": "NTRK2", "top": 7, "gene_filter": GeneFilter((CATEGORY,))}),
    ("correlates", {"seed": "DEMO_P300", "top": 7}),
    ("correlates", {"seed": "NTRK2", "top": None, "gene_filter": CATEGORY, "sample_filter": "Cx"}),
    ("correlates", {"seed": "NTRK2", "sample_filter": SampleFilter(("Cx",), None, ("H0351.2001",))}),
    ("correlates", {"seed": "NTRK2", "sample_filter": SampleFilter(donors=("9861", "10021"), hemisphere="L")}),
    ("correlates", {"seed": "NTRK2", "gene_filter": GeneFilter(genes=("BDNF",)), "rank_overall": False}),
    ("correlates", {"seed": "NTRK2", "gene_filter": GeneFilter((CATEGORY, "axon"), (), "all", True, ("IEA",))}),
    ("correlates", {"seed": "NTRK2", "level": "probe", "include_self": True, "top": 3}),
    ("correlates", {"seed": "NTRK2", "by_donor": True, "stats": True, "naive_p": True, "mark": [CATEGORY], "top": 3}),
    ("correlates", {"seed": "NTRK2", "probe_selection": ProbeSelection("connectivity", 2.0, 0.1, "per-donor")}),
    ("correlates", {"seed": "NTRK2", "method": CorrelationMethod("bicor", 0.05, "donor")}),
    ("pair", {"a": "NTRK2", "b": "BDNF"}),
    ("pair", {"a": "NTRK2", "b": "BDNF", "observed_r": "0.9676", "sample_filter": "Cx"}),
    ("probes", {"gene": "NTRK2", "sample_filter": SampleFilter(hemisphere="L")}),
    ("why", {"gene": "NTRK2", "with_entrez_id": True}),
    ("members", {"category": CATEGORY}),
    ("correlation_matrix", {"items": ["NTRK2", "BDNF"]}),
    ("correlation_matrix", {"gene_filter": CATEGORY}),
]
HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("correlates", {"seed": SCRIPT, "top": 3}),
    ("correlates", {"seed": SCRIPT, "top": 3, "gene_filter": f"{QUOTES} {SCRIPT}"}),
    ("correlates", {"seed": "NTRK2", "gene_filter": GeneFilter(genes=(SCRIPT,))}),
    ("correlates", {"seed": "NTRK2", "sample_filter": SampleFilter((f"{SCRIPT}brain",), donors=(SCRIPT,))}),
    ("pair", {"a": SCRIPT, "b": "NTRK2"}),
    ("members", {"category": f"{QUOTES} {SCRIPT}"}),
    ("correlation_matrix", {"items": [SCRIPT, "NTRK2"]}),
    ("correlation_matrix", {"gene_filter": f"{QUOTES} {SCRIPT}"}),
]


def ask(atlas: Atlas, method: str, given: Mapping[str, Any]) -> tuple[Question, Any]:
    """Ask a question, and return it as it is recorded, with its main table."""
    result = getattr(atlas, method)(**given)
    if method == "pair":
        result = result.combined()
    elif method == "why":
        result = result.steps
    question = result.provenance.question
    assert isinstance(question, Question)
    return question, result


def words_of(command: str) -> list[str]:
    """Return the arguments of a command, as a shell parses it."""
    program, rest = command.split(" ", 1)
    assert program == "coexpr"
    shown = subprocess.run(["sh", "-c", f"printf '%s\\0' {rest}"], capture_output=True, text=True, check=True)
    return shown.stdout.split("\0")[:-1]


def rows_of(database: Path, command: list[str]) -> list[list[str]]:
    text = run(*command[:1], *_before_names(command[1:], "--format", "csv", "--db", str(database))).stdout
    return list(csv.reader(io.StringIO(text)))[1:]


def _before_names(words: list[str], *options: str) -> list[str]:
    """Return words with options before the names that follow --."""
    place = words.index("--") if "--" in words else len(words)
    return [*words[:place], *options, *words[place:]]


def check(database: Path, method: str, given: Mapping[str, Any]) -> str | None:
    """Compare the rows of a question with those of its command and its SQL; return the SQL."""
    with Atlas(database) as atlas:
        question, result = ask(atlas, method, given)
        sql = sql_of(question)
        found = atlas.sql(sql) if sql else None
        of_sql = (found.columns, found.fetchall()) if found else None
    rows = rows_of(database, words_of(command_of(question)))
    assert [len(row) for row in rows] == [len(row) for row in _as_texts(result)]
    assert rows == _as_texts(result)
    if of_sql:
        _compare_r(method, result, *of_sql)
    return sql


def _as_texts(result: Any) -> list[list[str]]:
    from coexpr.web.endpoints import write

    return list(csv.reader(io.StringIO(write(result, "csv").decode())))[1:]


def _compare_r(method: str, result: Any, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    if method == "pair":
        assert rows[0][0] == pytest.approx(result.provenance.r, abs=1e-9)
    elif method == "correlates":
        place, symbol = columns.index("r"), columns.index("gene_symbol")
        assert [row[symbol] for row in rows] == result.column("gene_symbol")
        assert [row[place] for row in rows] == pytest.approx(result.column("r"), abs=1e-9)
    elif method == "members":
        symbols = [row[columns.index("gene_symbol")] for row in rows]
        assert sorted(map(str, symbols)) == sorted(map(str, result.column("gene_symbol")))
    else:
        found = {(row[0], row[1]): row[2] for row in rows}
        names = result.columns[1:]
        assert names
        for name, *values in result.rows:
            for other, r in zip(names, values, strict=True):
                if name != other and (name, other) in found:
                    assert found[name, other] == pytest.approx(r, abs=1e-9)


@pytest.mark.long
@pytest.mark.parametrize(
    ("method", "given"), QUESTIONS, ids=[f"{method} {list(given.values())}" for method, given in QUESTIONS]
)
def test_the_command_and_the_sql_give_the_same_rows(
    synthetic_database: Path, method: str, given: dict[str, Any]
) -> None:
    check(synthetic_database, method, given)


@pytest.mark.long
@pytest.mark.parametrize(("method", "given"), HOSTILE)
def test_names_are_quoted(hostile_database: Path, method: str, given: dict[str, Any]) -> None:
    before = hostile_database.read_bytes()
    check(hostile_database, method, given)
    assert hostile_database.read_bytes() == before


@pytest.mark.parametrize(
    ("method", "given", "sql"),
    [
        ("correlates", {"seed": "O'x"}, "FROM correlates('O''x', top := 20)"),
        ("correlates", {"seed": "x", "top": None}, "FROM correlates('x', top := NULL)"),
        ("correlates", {"seed": "x", "level": "probe"}, None),
        ("correlates", {"seed": "x", "gene_filter": GeneFilter(("a", "b"))}, None),
        ("correlates", {"seed": "x", "gene_filter": GeneFilter(("a",), ("b",))}, None),
        ("correlates", {"seed": "x", "sample_filter": SampleFilter(donors=("1", "2"))}, None),
        ("correlates", {"seed": "x", "method": CorrelationMethod("spearman")}, None),
        ("pair", {"a": "x", "b": "'; drop table probes"}, "SELECT r('x', '''; drop table probes')"),
        ("pair", {"a": "x", "b": "y", "sample_filter": SampleFilter(("Cx",))}, None),
        ("members", {"category": "a", "include_regulates": True}, None),
        ("probes", {"gene": "x"}, None),
    ],
)
def test_there_is_sql_only_for_what_the_macros_have(method: str, given: dict[str, Any], sql: str | None) -> None:
    assert sql_of(question_of(method, given)) == sql


@pytest.mark.parametrize(
    "name", ["-1", "--all", "$(rm -r .)", "`rm`", "a b", "a;b", "'", '"', "\\", "*", "~", "!x", "\n"]
)
def test_a_name_is_one_word_of_the_command(name: str) -> None:
    words = words_of(command_of(question_of("correlates", {"seed": name, "gene_filter": GeneFilter((name,))})))
    assert words.count(name) == 2
    assert words[0] == "query"
    assert name not in words[1:2] or not name.startswith("-")


@pytest.mark.parametrize("name", ["genes.txt", "folder/genes", "-"])
def test_a_single_gene_is_no_file(name: str) -> None:
    command = command_of(question_of("correlates", {"seed": "NTRK2", "gene_filter": GeneFilter(genes=(name,))}))
    assert words_of(command)[-1] == f"{name},"


def test_addresses_are_read_as_forms_write_them() -> None:
    given = parse_qsl("category=synapse+organization&adjust=donor%2Bstructure&top=ALL&stats=ON")
    read = arguments_of("correlates", {name: [text] for name, text in given})
    assert read == {
        "gene_filter": GeneFilter(("synapse organization",)),
        "method": CorrelationMethod(adjust="donor+structure"),
        "top": None,
        "stats": True,
    }
