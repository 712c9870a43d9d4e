"""Write docs/screens.md: what the main commands print on terminals 80 and 120 columns wide.

Run it after a change of what is printed: python .ci/screens.py. A test fails while the page differs.
"""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "screens.md"
WIDTHS = (80, 120)
COMMANDS = (
    'coexpr query NTRK2 --category "nervous system development" --top 5',
    "coexpr query NTRK2 --top 3 --by-donor --stats",
    "coexpr query A_23_P216779 --top 3",
    "coexpr probes NTRK2",
    "coexpr pair NTRK2 BDNF",
    "coexpr expression NTRK2 BDNF --structure HiF --donor H0351.2001",
    "coexpr genes TRKB trk-B 2-Sep FSIP2 4915 A_23_P216779 nonsense",
    "coexpr why NTRK2 --min-present 0.9",
    "coexpr structures cortex",
    "coexpr categories list nervous",
    "coexpr glossary mean_r",
)
_HEAD = """# Screens

What the main commands print on a terminal, over the demo's synthetic atlas (`coexpr demo`). `.ci/screens.py` writes
this page by running them in pseudo-terminals. Where a table is too wide, ids and other columns are left out in a
stated order, and a line says which; numbers are never cut.
"""


def run_in_terminal(command: list[str], columns: int, environment: dict[str, str]) -> tuple[str, int]:
    """Return what a command prints on a terminal of a given width, and its exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    printed = b""
    while block := _read(ours):
        printed += block
    os.close(ours)
    return printed.decode().replace("\r\n", "\n"), process.wait()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


def environment_for(database: str) -> dict[str, str]:
    """Return an environment in which only the terminal determines the width."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return kept | {"COEXPR_DB": database, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}


def page(program: str, folder: Path) -> str:
    """Return the page, made by running the program in a folder that holds the demo."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        parts = [_HEAD]
        for command in COMMANDS:
            parts.append(f"## `{command}`\n")
            for width in WIDTHS:
                words = ["/bin/sh", "-c", command.replace("coexpr", f"exec {program}", 1)]
                printed, code = run_in_terminal(words, width, environment_for("coexpr-demo/demo.duckdb"))
                if code:
                    raise RuntimeError(f"{command}: exit code {code}\n{printed}")
                lines = "\n".join(line.rstrip() for line in printed.rstrip().splitlines())
                parts.append(f"{width} columns:\n\n```text\n{lines}\n```\n")
    finally:
        os.chdir(before)
    return "\n".join(parts)


def main() -> None:
    program = str(Path(sys.executable).parent / "coexpr")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "demo"], cwd=folder, check=True, capture_output=True)
        PAGE.write_text(page(program, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
