"""Names with control characters: no terminal obeys them, and no line of a message or a table is broken by them."""

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from helpers.command import invoke

from coexpr.cli.progress import _Bars
from coexpr.cli.table import Layout, draw_table
from coexpr.cli.terminal import EscapingStream
from coexpr.database.stored_tables import store_genes_of_atlas, store_names_of_ncbi

# The title of a window, a color, a color in one byte, a mark that reorders text, a deletion, and ends of lines.
HOSTILE = "\x1b]0;title\x07\x1b[31m\x9b32m\u202eX\x7f\r\n\t\u2066"
_RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture(scope="module")
def hostile_database(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic atlas, in which every name ends in control characters."""
    path = Path(shutil.copy(synthetic_database, tmp_path_factory.mktemp("hostile") / "atlas.duckdb"))
    columns = {
        "donors": ("donor_name", "age", "sex"),
        "structures": ("name", "acronym"),
        "genes": ("gene_symbol", "gene_name"),
        "probes": ("probe_name",),
        "categories": ("name", "source", "release"),
        "downloads": ("title", "location", "coexpr_version", "kind"),
        "gene_aliases": ("alias",),
    }
    with duckdb.connect(path) as connection:
        for table, names in columns.items():
            for name in names:
                connection.execute(f"update {table} set {name} = coalesce({name}, '') || $text", {"text": HOSTILE})
        store_genes_of_atlas(connection)
        store_names_of_ncbi(connection)
    return path


def test_a_stream_escapes_and_cannot_fail() -> None:
    for encoding in ("utf-8", "ascii", "latin-1"):
        written = io.BytesIO()
        stream = EscapingStream(io.TextIOWrapper(written, encoding))
        print("\x1b[31m", "\u2500", "\udc80", file=stream)
        stream.writelines(["\x07\n"])
        stream.flush()
        line = "\\u2500" if encoding == "latin-1" else "\u2500"
        assert written.getvalue().decode() == f"\\x1b[31m {line} \\udc80\n\\x07\n"


def test_a_cell_of_a_table_is_one_line() -> None:
    drawn = io.StringIO()
    draw_table(["a\n", "b"], [["x\ny\x1b", "1"], ["z", "2"]], Layout(), None, drawn)
    assert drawn.getvalue().splitlines() == ["a\\n       b", "───────────", "x\\ny\\x1b  1", "z         2"]


@pytest.mark.long
def test_no_command_prints_a_control_character(hostile_database: Path, tmp_path: Path) -> None:
    """Messages of all commands, and tables in pipes; a terminal is tested below."""
    genes = tmp_path / "genes\x1b[31m.txt"
    genes.write_text("NTRK2\nBDNF\n")
    result = tmp_path / "result\x1b.json"
    seed, other = f"NTRK2{HOSTILE}", f"BDNF{HOSTILE}"
    lines: list[list[str]] = [
        ["query", seed, "--top", "3"],
        ["query", seed, "-o", str(result)],
        ["methods", str(result)],
        ["replay", str(result)],
        ["probes", seed],
        ["pair", seed, other],
        ["why", seed],
        ["genes", str(genes)],
        ["expression", seed],
        ["structures"],
        ["categories", "list", "synapse"],
        ["categories", "show", f"synapse organization{HOSTILE}"],
        ["categories", "add", str(genes), "--dry-run"],
        ["categories", "remove", HOSTILE],
        ["info"],
        ["doctor"],
        ["sql", "FROM donors"],
        ["sql", f'SELECT 1 AS "a{HOSTILE}"'],
        ["sql", f"SELECT error('{HOSTILE}')"],
        ["query", HOSTILE],
        ["query", seed, "--columns", HOSTILE],
        ["query", seed, "--structure", HOSTILE],
        ["query", seed, "--genes", f"./{HOSTILE}"],
        ["query", seed, "--rule", HOSTILE],
        ["query", seed, f"--no{HOSTILE}"],
        ["query", seed, "-o", str(tmp_path / HOSTILE / "x.csv")],
        ["glossary", HOSTILE],
        ["ingest", str(tmp_path / "no\x1b[31m")],
        ["replay", str(tmp_path / "no\x1b[31m")],
        ["fetch", "--donor", HOSTILE, "--dry-run"],
        ["serve", "--host", HOSTILE],
        [HOSTILE],
    ]
    for line in lines:
        done = invoke(*line, COEXPR_DB=str(hostile_database))
        assert done.exit_code in (0, 1, 2), (line, done.output, done.exception)
        assert done.exception is None or isinstance(done.exception, SystemExit), (line, done.exception)
        assert not (found := _RAW.search(done.stderr)), (line, done.stderr[found.start() - 40 :])
        if done.exit_code and line[0] not in ("sql", "doctor", "replay"):
            errors = done.stderr.splitlines()
            assert sum(text.startswith("Error: ") for text in errors) == 1, (line, done.stderr)
            assert errors[-1].startswith("Error: "), (line, done.stderr)
        if "--format" not in line and "error" not in line:
            assert not (found := _RAW.search(done.stdout)), (line, done.stdout[found.start() - 40 :])


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("line", [["sql", "FROM donors", "--format", "csv"], ["info"]])
def test_a_terminal_receives_no_control_character(hostile_database: Path, line: list[str]) -> None:
    import pty

    def read_all(descriptor: int) -> bytes:
        found = b""
        while True:
            try:
                part = os.read(descriptor, 65_536)
            except OSError:  # how Linux says that the other end is closed
                return found
            if not part:
                return found
            found += part

    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "coexpr", *line, "--db", str(hostile_database)]
    variables = os.environ | {"TERM": "xterm"}
    with subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, env=variables) as started:
        os.close(inner)
        shown = read_all(outer).decode().replace("\r\n", "\n")
        os.close(outer)
    assert started.returncode == 0
    assert "\\x1b]0;title\\x07" in shown
    assert not (found := _RAW.search(shown)), shown[found.start() - 40 :]


def test_redirected_rows_are_exact(hostile_database: Path) -> None:
    done = invoke("sql", "SELECT sex FROM donors LIMIT 1", "--format", "csv", "--db", hostile_database)
    assert done.stdout_bytes.decode() == f'sex\n"M{HOSTILE}"\n'


def test_progress_escapes_names_and_shows_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    from coexpr.cli.progress import _Task

    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("FORCE_COLOR", "1")
    bars = _Bars()
    bars.show([_Task("Reading [/red]\x1b]0;title\x07\n.zip", 10, "probes", 0)])
    bars.say("a\x1b[31m[b]\n")
    bars.stop()
    assert "Reading [/red]\\x1b]0;title\\x07\\n.zip" in shown.getvalue()
    assert "a\\x1b[31m[b]\\n" in shown.getvalue()
