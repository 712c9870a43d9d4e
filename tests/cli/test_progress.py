"""What is shown of long work: bars on a real terminal, lines elsewhere, nothing of short work."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import screens

pytestmark = pytest.mark.long

pexpect = pytest.importorskip("pexpect")

ESCAPE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")
COLOR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m|\x1b\[[0-9;]*9[0-9][0-9;]*m")
# Each script gets `progress`, `say` and `time`.
START = """
import sys, threading, time
from coexpr.cli import messages, progress as module
from coexpr.cli.messages import say, set_verbosity
{before}
progress = module.progress_of_command()
{work}
"""
LONG = """
with progress.task("Renewing gene names and categories", 58692, "probes") as advance:
    for step in range(16):
        advance(3000)
        time.sleep(0.1)
        if step == 13:
            progress.say("Note: " + "a message with 12,345 numbers, [brackets] and a path folder/x; " * 3)
"""


def script(work: str, before: str = "") -> list[str]:
    return [sys.executable, "-c", START.format(before=before, work=work)]


def on_terminal(work: str, before: str = "", columns: int = 80, **environment: str) -> tuple[str, int]:
    return screens.run_in_terminal(
        script(work, before), columns, {**screens.environment_for(""), "TERM": "xterm", **environment}
    )


def in_pipe(work: str, before: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(script(work, before), capture_output=True, text=True, check=False)


def screen_after(printed: str) -> list[str]:
    """Return the lines that a terminal shows in the end."""
    lines, row, column = [""], 0, 0
    place = 0
    while place < len(printed):
        if found := ESCAPE.match(printed, place):
            place = found.end()
            if found[2] == "A":
                row -= int(found[1] or 1)
            elif found[2] == "K":
                lines[row] = ""
            continue
        character = printed[place]
        place += 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        else:
            lines[row] = lines[row].ljust(column)[:column] + character + lines[row][column + 1 :]
            column += 1
    return [line for line in lines if line]


def bars_of(printed: str) -> list[str]:
    """Return every line that was drawn."""
    return [line for line in re.split(r"[\r\n]+", ESCAPE.sub("", printed)) if "━" in line]


def test_bars_fit_in_a_line_and_are_removed_while_messages_stay() -> None:
    printed, code = on_terminal(LONG)
    bars = bars_of(printed)
    assert code == 0
    assert len(bars) >= 2
    assert all(line.startswith("Renewing gene names and categories ") and len(line) <= 80 for line in bars)
    assert all(re.search(r" \d+,000 of 58,692 probes", line) for line in bars)
    assert " s left" in bars[-1]
    message = "Note: " + "a message with 12,345 numbers, [brackets] and a path folder/x; " * 3
    assert "".join(screen_after(printed)) == message
    assert printed.count("\x1b[?25l") == printed.count("\x1b[?25h") == 1


def test_a_wide_terminal_has_rate_and_memory_too() -> None:
    printed, _ = on_terminal(LONG, columns=140)
    assert re.search(r"s left, [\d,]+/s, [\d.]+ [MG]B memory$", bars_of(printed)[-1].rstrip())


def test_several_tasks_and_threads_at_once() -> None:
    work = """
with progress.task("First", 4000, "pairs") as one, progress.task("Second", 4e9, "bytes") as other:
    def work():
        for _ in range(1000):
            one(1); other(1e6); time.sleep(0.001)
    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]; [thread.join() for thread in threads]
    numbers = [task.numbers(20) for task in progress._tasks]
print(numbers)
"""
    printed, code = on_terminal(work)
    assert code == 0
    assert screen_after(printed) == ["['4,000 of 4,000 pairs', '4.00 GB of 4.00 GB']"]
    assert {line.split()[0] for line in bars_of(printed)} == {"First", "Second"}
    assert all(len(line) <= 80 for line in bars_of(printed))


def test_nothing_is_shown_of_short_work() -> None:
    work = """
for _ in range(12):
    with progress.task("Reading", 10, "probes") as advance:
        time.sleep(0.1); advance(10)
time.sleep(0.2)
print("rich" in sys.modules, threading.active_count())
"""
    printed, _ = on_terminal(work)
    assert printed == "False 1\n"


def test_work_without_a_total() -> None:
    work = """
with progress.task("Fetching", 0, "bytes") as advance:
    for _ in range(12):
        advance(1e6); time.sleep(0.1)
"""
    printed, code = on_terminal(work)
    assert code == 0
    assert re.search(r"Fetching ━+ +[\d.]+ MB, [\d.]+ MB/s", bars_of(printed)[-1])
    assert "0 bytes" not in printed
    assert "left" not in printed


def test_no_color_and_terminals_without_a_cursor() -> None:
    printed, _ = on_terminal(LONG, NO_COLOR="1")
    assert bars_of(printed)
    assert not COLOR.search(printed)
    for terminal in ("dumb", "unknown"):
        printed, _ = on_terminal(LONG, TERM=terminal)
        assert "\x1b" not in printed
        assert printed.startswith("Note: a message")


@pytest.mark.parametrize("how", ["raise ValueError('wrong')", "time.sleep(30)"])
def test_an_error_or_ctrl_c_restores_the_terminal(how: str) -> None:
    work = f"""
with progress.task("Reading", 10, "probes") as advance:
    advance(1); time.sleep(1.2)
    {how}
"""
    process = pexpect.spawn(
        sys.executable, script(work)[1:], env={**os.environ, "TERM": "xterm"}, encoding="utf-8", timeout=20
    )
    process.expect("━")
    if "sleep" in how:
        time.sleep(0.5)
        process.kill(signal.SIGINT)
    process.expect("ValueError: wrong" if "raise" in how else "KeyboardInterrupt")
    printed = process.before
    process.expect(pexpect.EOF)
    assert printed.rfind("\x1b[?25h") > printed.rfind("\x1b[?25l")
    assert screen_after("━" + printed)[0].startswith("Traceback")


def test_a_result_in_a_file_is_complete_while_bars_are_shown(tmp_path: Path) -> None:
    work = """
with progress.task("Reading", 10, "probes") as advance:
    for row in range(15):
        print("row", row); advance(1); time.sleep(0.1)
"""
    (tmp_path / "work.py").write_text(script(work)[2])
    shell = ["/bin/sh", "-c", f"{sys.executable} {tmp_path}/work.py > {tmp_path}/rows"]
    printed, code = screens.run_in_terminal(shell, 80, screens.environment_for(""))
    assert code == 0
    assert (tmp_path / "rows").read_text().splitlines() == [f"row {row}" for row in range(15)]
    assert "row" not in printed
    assert bars_of(printed)


# --- not on a terminal ---


def test_a_line_a_minute_elsewhere() -> None:
    work = """
with progress.task("Reading", 58692, "probes", done=8692) as advance, progress.task("Fetching", 0, "bytes") as fetched:
    advance(25000); fetched(12e6); time.sleep(1.3)
"""
    done = in_pipe(work, "module._SECONDS_BETWEEN_LINES = 0.6")
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Reading", "Fetching"] * 2
    assert re.fullmatch(
        r"Reading: 57 %, 33,692 of 58,692 probes, \d+ s left, [\d,]+/s, [\d.]+ [MG]B memory\.", lines[0]
    ), lines[0]
    assert re.fullmatch(r"Fetching: 12\.0 MB, [\d.]+ MB/s, [\d.]+ [MG]B memory\.", lines[1]), lines[1]
    assert in_pipe(work).stderr == ""  # within the first minute
    assert in_pipe("import sys; print(module._SECONDS_BETWEEN_LINES)").stdout == "60\n"


def test_quiet_prints_neither_messages_nor_progress() -> None:
    before = "set_verbosity(quiet=True)"
    printed, code = on_terminal(LONG + "\nprint('result')", before)
    assert (printed, code) == ("result\n", 0)
    assert in_pipe(LONG, before).stderr == ""


# --- commands ---


def program(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "coexpr", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_quiet_and_verbose_commands(synthetic_database: Path) -> None:
    quiet = program("query", "NTRK2", "--top", 3, "-q", "--db", synthetic_database)
    assert quiet.stderr == ""
    assert len(quiet.stdout.splitlines()) == 5
    wrong = program("query", "NOSUCHGENE", "-q", "--db", synthetic_database)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("Error: no probe or gene is named 'NOSUCHGENE'")
    verbose = program("query", "NTRK2", "--top", 3, "-v", "--db", synthetic_database)
    assert re.search(r"^\d+\.\d\d s, peak memory [\d.]+ [MG]B\.$", verbose.stderr, re.M)
    assert verbose.stdout == quiet.stdout


@pytest.mark.parametrize("arguments", [["info"], ["why", "NTRK2"], ["doctor"], ["query", "NTRK2"], []])
def test_a_fast_command_does_not_import_rich(synthetic_database: Path, arguments: list[str]) -> None:
    code = """
import json, sys
from coexpr.cli import app
try:
    app(prog_name="coexpr")
except SystemExit:
    pass
print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] == "rich")), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COEXPR_DB": str(synthetic_database)},
    )
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_a_long_command_on_a_terminal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "coexpr", "demo", str(tmp_path / "demo"), "--probes", "6000"]
    printed, code = screens.run_in_terminal(command, 80, screens.environment_for(""))
    assert code == 0
    bars = bars_of(printed.partition("$ ")[0])
    assert bars
    assert all(len(line) <= 80 for line in bars)
    assert not any("s left" in line or "━" in line for line in screen_after(printed)[:3])
