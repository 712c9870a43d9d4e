"""What the library reports of long work."""

from pathlib import Path

import pytest
from helpers.recorded import Recorded

from coexpr.atlas import Atlas
from coexpr.progress import SILENT, Messages


def test_nothing_is_shown_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    SILENT.say("a message")
    with SILENT.task("Reading", 10, "probes") as advance:
        advance(3)
    assert capfd.readouterr() == ("", "")


def test_messages_go_to_a_function_and_tasks_nowhere() -> None:
    said: list[str] = []
    progress = Messages(said.append)
    progress.say("a message")
    with progress.task("Reading", 0, "bytes", done=5) as advance:
        advance(3)
    assert said == ["a message"]


def test_an_error_in_a_task_is_not_hidden() -> None:
    with pytest.raises(KeyError, match="wrong"), SILENT.task("Reading", 1, "probes"):
        raise KeyError("wrong")


def test_a_question_reports_as_much_as_it_announces(
    synthetic_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COEXPR_CACHE", "off")
    progress = Recorded()
    with Atlas(synthetic_database, progress=progress) as atlas:
        atlas.correlates("NTRK2", top=1)
    ((total, done),) = progress.tasks.values()
    assert total == done == 300 * 90
