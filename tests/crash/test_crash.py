"""A short run of `python -m crash`: commands that are killed, whose disk fails, and whose power is cut."""

from pathlib import Path

import pytest
from crash.attempts import attempting
from crash.scenarios import SCENARIOS
from crash.tries import tries
from helpers.preloaded import can_preload

pytestmark = pytest.mark.long


@pytest.mark.skipif(can_preload() is not None, reason=can_preload() or "")
@pytest.mark.parametrize("command", ["ingest", "network-csv", "fetch"])
def test_a_disturbed_command_is_completed_by_the_next(command: str, tmp_path: Path) -> None:
    with attempting(SCENARIOS[command]) as attempts:
        undisturbed = files_in(attempts.folder)
        for by, points in (("kills", 3), ("errors", 2), ("power", 1)):
            for what, attempt in tries(attempts, by, points):
                try:
                    attempt()
                except AssertionError as failure:
                    raise AssertionError(f"{command}, {what}: {failure}") from None
        attempts.disk.write_all(tmp_path)
        assert files_in(tmp_path) == undisturbed  # every change of a file was recorded


def files_in(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
