"""The command doctor as a program: in a terminal, with packages missing, and as a user who may not write."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import screens

# A finder of modules in place of Python's own, which finds all but some packages.
HIDE = """
import sys
from importlib.machinery import PathFinder

class Finder:
    find_distributions = PathFinder.find_distributions

    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in {hidden!r} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Finder
from coexpr.__main__ import main
sys.argv = ["coexpr", *sys.argv[1:]]
main()
"""

# The user root may write everywhere, so the examination is made as another user.
AS_ANOTHER_USER = """
import json, os, sys
from coexpr.analysis.doctor import examine
examine(sys.argv[1])  # loads what another user may not read
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print(json.dumps([dict(zip(("part", "status", "found", "advice"), row)) for row in examine(sys.argv[1]).rows]))
"""


def doctor(*arguments: object, hidden: tuple[str, ...] = (), **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", HIDE.format(hidden=hidden), "doctor", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_missing_extras_are_notes(synthetic_database: Path) -> None:
    hidden = ("anndata", "matplotlib", "openpyxl", "xlsxwriter", "pooch", "polars")
    done = doctor("--format", "json", "--db", synthetic_database, hidden=hidden)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    rows = {row["part"]: row for row in json.loads(done.stdout)["rows"]}
    assert rows["extra xlsx"]["found"] == "missing: an .xlsx file"
    for extra in ("anndata", "plot", "xlsx", "fetch", "polars"):
        assert rows[f"extra {extra}"]["status"] == "note"
        assert rows[f"extra {extra}"]["advice"] == f"pip install 'coexpr[{extra}]'"


def test_a_missing_package_is_a_problem(synthetic_database: Path) -> None:
    done = doctor("--format", "json", "--db", synthetic_database, hidden=("fastobo",))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    (row,) = (row for row in json.loads(done.stdout)["rows"] if row["part"] == "packages")
    assert (row["status"], row["advice"]) == ("problem", "install them: pip install fastobo")
    assert "fastobo missing" in row["found"]


def test_it_fits_a_terminal_of_80_columns(synthetic_database: Path) -> None:
    command = [sys.executable, "-m", "coexpr", "doctor"]
    printed, code = screens.run_in_terminal(command, 80, screens.environment_for(str(synthetic_database)))
    assert code == 0
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["part", "status", "found", "advice"]
    assert "…" not in printed
    assert lines[-1].startswith("Problems: 0. Notes: ")


def test_messages_name_options(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("not a database, but long enough to have a header of twelve bytes")
    done = doctor("--db", tmp_path / "text.duckdb")
    assert done.returncode == 1
    assert "is not a DuckDB database. Choose another --db, or set COEXPR_DB." in " ".join(done.stdout.split())
    assert "`" not in done.stdout
    assert done.stderr == f"Problems: 1. Notes: {done.stdout.count(' note ')}.\n"


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users are those of Unix")
@pytest.mark.parametrize("has_database", [True, False])
def test_a_folder_that_may_not_be_written(synthetic_database: Path, has_database: bool) -> None:
    folder = Path(tempfile.gettempdir()) / f"coexpr-doctor-{os.getpid()}-{has_database}"
    folder.mkdir()
    try:
        if has_database:
            (folder / "atlas.duckdb").write_bytes(synthetic_database.read_bytes())
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", AS_ANOTHER_USER, str(folder / "atlas.duckdb")],
            capture_output=True,
            text=True,
            check=True,
        )
        rows = {row["part"]: row for row in json.loads(done.stdout)}
        if rows["packages"]["status"] == "problem":
            pytest.skip("another user cannot read this environment")
        problems = [part for part, row in rows.items() if row["status"] == "problem"]
        assert rows["folder"]["status"] == ("note" if has_database else "problem")
        assert "cannot be written" in rows["folder"]["found"]
        assert problems == ([] if has_database else ["folder"])
        assert rows["database"]["status"] == ("ok" if has_database else "note")
    finally:
        folder.chmod(0o755)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
