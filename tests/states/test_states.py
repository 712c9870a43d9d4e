"""A short run of the state machine; `python -m states` has the long one."""

from pathlib import Path

import pytest
from helpers.preloaded import can_preload
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from states.machine import Database

pytestmark = pytest.mark.long


@pytest.mark.skipif(can_preload() is not None, reason=can_preload() or "")
def test_any_sequence_leaves_the_database_as_the_model(shipped_database: Path) -> None:
    Database.prepared = shipped_database
    run_state_machine_as_test(
        Database,
        settings=settings(
            max_examples=3,
            stateful_step_count=8,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
