"""Names that are SQL, paths or no text at all, at every address of the JSON interface, from its own description."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2 as httpx
import pytest

NAMES = (
    "'; drop table genes; --",
    '"',
    "%",
    "$1",
    "_",
    "\\",
    "a\nb",
    "\x1b[31m\u202e",
    "\x00",
    "x" * 10_000,
    "\uff2e\uff34\uff32\uff2b\uff12",
    " ",
    "../../etc/passwd",
)
_FEW = (NAMES[0], "\x00", "\uff2e\uff34\uff32\uff2b\uff12")
_GIVEN = {"seed": "NTRK2", "gene": "NTRK2", "a": "NTRK2", "b": "BDNF", "category": "synapse organization"}


def _is_text(parameter: dict[str, Any]) -> bool:
    schema = parameter["schema"]
    return schema.get("items", schema).get("type") == "string" and "enum" not in schema.get("items", schema)


def _answer_to(client: httpx.Client, path: str, parameters: list[dict[str, Any]], name: str, text: str) -> Any:
    """Ask at an address, with a text for one parameter, and usual names for the others that are required."""
    given = {one["name"]: text if one["name"] == name else _GIVEN.get(one["name"], "NTRK2") for one in parameters}
    required = {one["name"] for one in parameters if one["required"] or one["name"] == name}
    for one in parameters:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", quote(given[one["name"]], safe=""))
    query = {one["name"]: given[one["name"]] for one in parameters if one["in"] == "query" and one["name"] in required}
    return client.get(path, params=query)


@pytest.mark.long
def test_a_strange_name_is_refused(served: httpx.Client, synthetic_database: Path) -> None:
    before = hashlib.sha256(synthetic_database.read_bytes()).hexdigest()
    asked = 0
    for path, item in served.get("/api/openapi.json").json()["paths"].items():
        parameters = [{"required": False, **one} for one in item["get"]["parameters"]]
        for parameter in filter(_is_text, parameters):
            for text in NAMES if parameter["required"] else _FEW:
                answer = _answer_to(served, path, parameters, parameter["name"], text)
                asked += 1
                place = (path, parameter["name"], text[:40], answer.status_code, answer.text[:300])
                assert answer.status_code in (200, 400, 404, 414, 422), place
                if answer.status_code != 200 and answer.status_code != 414:
                    problem = answer.json()["error"]
                    assert problem["kind"] != "Failure", place
                    assert len(problem["message"]) < 2000 or path == "/api/sql", place
    assert asked > 100
    assert hashlib.sha256(synthetic_database.read_bytes()).hexdigest() == before


def test_statements_that_could_do_more_are_refused(served: httpx.Client) -> None:
    for statement in (
        "CALL enable_logging(storage := 'file', storage_path := '/tmp')",
        "FROM enable_logging(storage := 'file', storage_path := '/tmp')",
        "FROM query('FROM enable_logging(storage_path := ''/tmp'')')",
        "SET threads = 100000",
        "PRAGMA enable_profiling",
        "COPY genes TO '/dev/stdout'",
        "UPDATE EXTENSIONS",
        "CHECKPOINT",
    ):
        answer = served.get("/api/sql", params={"statement": statement})
        assert answer.status_code == 400, (statement, answer.text)
    assert served.get("/api/sql", params={"statement": "select 1 as one"}).status_code == 200
