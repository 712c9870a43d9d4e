"""A server on the synthetic atlas, as the command starts it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from helpers.web import command_serving, serving, with_hostile_names


@pytest.fixture(scope="session")
def served(synthetic_database: Path) -> Iterator[httpx.Client]:
    """A client of the command in a process of its own; tests only read."""
    with command_serving(synthetic_database) as (client, _):
        yield client


@pytest.fixture(scope="session")
def hostile_database(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic atlas with names that are HTML, SQL or commands of a shell."""
    return with_hostile_names(synthetic_database, tmp_path_factory.mktemp("hostile") / "hostile.duckdb")


@pytest.fixture(scope="session")
def hostile(hostile_database: Path) -> Iterator[httpx.Client]:
    with serving(hostile_database) as client:
        yield client
