"""Files of results: what is read, and what is refused."""

import json
import random
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from helpers.command import invoke, run
from hypothesis import HealthCheck, given, settings

import coexpr
from coexpr.analysis.methods import describe_methods
from coexpr.atlas import Atlas
from coexpr.errors import CoexprError, ResultFileError
from coexpr.readers.result_file import printable, read_result

pytestmark = pytest.mark.long

COMMANDS = [
    ("query", "NTRK2", "--top", "3", "--stats", "--category", "nervous system development"),
    ("pair", "NTRK2", "BDNF"),
    ("expression", "NTRK2", "--donor", "H0351.1009"),
    ("sql", "SELECT 1 AS n, 'a' AS name"),
]
STRANGE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**500), st.floats(), st.text(max_size=5),
    st.just([]), st.just({}), st.just([None]), st.just({"name": {}}), st.just("\x1b[2J\ud800"), st.just("GO:0007399"),
)  # fmt: skip


@pytest.fixture(scope="module")
def results(synthetic_database: Path) -> list[dict[str, Any]]:
    done = [run(*words, "--format", "json", "--db", synthetic_database).stdout for words in COMMANDS]
    return [json.loads(text) for text in done]


@pytest.fixture(scope="module")
def binary_files(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("files")
    paths = [folder / f"{number}.{ending}" for ending in ("parquet", "arrow") for number in range(len(COMMANDS))]
    for path in paths:
        run(*COMMANDS[int(path.stem)], "-o", path, "--db", synthetic_database)
    return paths


def test_each_format_has_the_same_provenance(results: list[dict[str, Any]], binary_files: list[Path]) -> None:
    for path in binary_files:
        file = read_result(path)
        expected = results[int(path.stem)]
        assert file.format == path.suffix.removeprefix(".")
        assert len(file.rows) == len(expected["rows"])
        method = file.provenance.pop("question")["method"]
        assert method.removesuffix("_as_arrow") == expected["provenance"]["question"]["method"]
        assert file.provenance == {key: part for key, part in expected["provenance"].items() if key != "question"}


@pytest.mark.parametrize("version", [coexpr.__version__, "0.0.1", "0.1", "0.1.0+local"])
def test_versions_that_are_not_newer_are_read(tmp_path: Path, version: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"provenance": {"coexpr_version": version}, "rows": []}))
    assert read_result(path).rows == []


def test_several_tables_are_one(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"provenance": {"coexpr_version": "0.0.1"}, "a": [{"n": 1}], "b": [{"n": 2}, {"m": 3}]}))
    assert read_result(path).rows == [{"table": "a", "n": 1}, {"table": "b", "n": 2}, {"table": "b", "m": 3}]


def test_printable() -> None:
    assert printable("é 中 \x1b[0m\r\n\u202e\ud800") == "é 中 \\x1b[0m\\r\\n\\u202e\\ud800"


def places_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in an object."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inside for place in places_of(item, (*path, key)))]


def mutated(result: dict[str, Any], choose: random.Random, replacements: list[Any]) -> Any:
    """Return a copy of a result in which some values are replaced, or taken away."""
    copy = json.loads(json.dumps(result))
    for replacement in replacements:
        *path, last = choose.choice([place for place in places_of(copy) if place])
        parent = copy
        for key in path:
            parent = parent[key]
        if choose.random() < 0.3:
            del parent[last]
        else:
            parent[last] = replacement
        if not copy:
            break
    return copy


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("network", {"scheduler": "tcp://127.0.0.1:1", "top": 2}),
        ("network", {"output": "elsewhere.csv", "top": 2}),
        ("network", {"memory": 10**15, "top": 2}),
        ("network_part", {"part": "1/2", "output": "elsewhere", "top": 2}),
        ("network_part", {"part": "1/2", "top": 2}),
    ],
)
def test_a_file_does_not_choose_where_results_are_written_or_computed(
    atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, arguments: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "r.json"
    provenance = {"coexpr_version": coexpr.__version__, "question": {"method": method, "arguments": arguments}}
    path.write_text(json.dumps({"provenance": provenance, "rows": []}))
    with pytest.raises(ResultFileError, match=r"which no result contains|cannot ask network_part so"):
        atlas.replay(path)
    assert [file.name for file in tmp_path.iterdir()] == ["r.json"]


def check_outcome(path: Path, atlas: Atlas) -> None:
    """Check that a file is replayed and described, or refused with an error that fits on a line."""
    with suppress(CoexprError):
        assert all(text.isprintable() for row in atlas.replay(path).rows for text in row)
    with suppress(ResultFileError):
        assert describe_methods(path).text.isprintable()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(COMMANDS) - 1), st.randoms(use_true_random=False), st.lists(STRANGE, min_size=1, max_size=3))
def test_a_mutated_result_is_replayed_or_refused(
    atlas: Atlas, results: list[dict[str, Any]], tmp_path: Path, which: int, choose: random.Random, values: list[Any]
) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(mutated(results[which], choose, values)), encoding="utf-8")
    check_outcome(path, atlas)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, len(COMMANDS) - 1),
    st.randoms(use_true_random=False),
    st.sampled_from(["question", "argument"]),
    STRANGE,
)
def test_mutated_arguments_are_asked_or_refused(
    atlas: Atlas,
    results: list[dict[str, Any]],
    tmp_path: Path,
    which: int,
    choose: random.Random,
    what: str,
    value: Any,
) -> None:
    path = tmp_path / "r.json"
    result = json.loads(json.dumps(results[which]))
    question = result["provenance"]["question"]
    if what == "argument":
        result["provenance"]["question"] = mutated(question, choose, [value])
    names = ["top", "level", "probe", "mark", "min_r", "by_donor", "probe_selection", "sample_filter", "gene_filter",
             "method", "items", "parameters", "observed_r", "stats", "include_self"]  # fmt: skip
    question["arguments"][choose.choice(names)] = choose.choice(
        [value, {"rule": value}, {"donors": value}, {"name": value}]
    )
    path.write_text(json.dumps(result), encoding="utf-8")
    check_outcome(path, atlas)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2 * len(COMMANDS) - 1), st.randoms(use_true_random=False), st.integers(1, 8), st.booleans())
def test_damaged_bytes_are_read_or_refused(
    binary_files: list[Path], tmp_path: Path, which: int, choose: random.Random, times: int, cut: bool
) -> None:
    content = bytearray(binary_files[which].read_bytes())
    for _ in range(times):
        content[choose.randrange(len(content))] = choose.randrange(256)
    path = tmp_path / "damaged"
    path.write_bytes(content[: choose.randrange(len(content))] if cut else content)
    try:
        file = read_result(path)
    except ResultFileError:
        return
    assert isinstance(file.rows, list)


def test_a_table_of_another_program_with_a_provenance(tmp_path: Path) -> None:
    for provenance in (b"\xff", b"[1]", b"{", b"{}", b'{"a":' * 5000, b'{"coexpr_version": 1}'):
        table = pa.table({"a": [1]}).replace_schema_metadata({b"provenance": provenance})
        path = tmp_path / "r.arrow"
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
        done = invoke("methods", path)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert re.search("no provenance of coexpr|is damaged|nested too deeply", done.stderr)
