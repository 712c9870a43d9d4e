"""Changed files are read or refused, by every reader; `python -m fuzz` tries many more of them."""

from pathlib import Path
from random import Random

import pytest
from fuzz import plain
from fuzz.registry import TARGETS

pytestmark = pytest.mark.long

# Executions of a second or two; the other readers have as many as the slowest of these.
_EXECUTIONS = {"characters": 2000, "words": 2000, "table": 800, "cells": 600}
_FEWEST = 150


@pytest.mark.parametrize("name", TARGETS)
def test_valid_inputs_are_read(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    for content in target.corpus():
        target.read(content, tmp_path)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_are_read_or_refused(name: str, tmp_path: Path) -> None:
    outcomes, failures = plain.run(TARGETS[name], _EXECUTIONS.get(name, _FEWEST), tmp_path)
    assert failures == {}
    assert outcomes["read"]


@pytest.mark.parametrize("name", TARGETS)
def test_the_same_seed_gives_the_same_inputs(name: str) -> None:
    target = TARGETS[name]
    content = target.corpus()[0]
    assert [target.mutate(content, Random(seed)) for seed in range(20)] == [
        target.mutate(content, Random(seed)) for seed in range(20)
    ]
