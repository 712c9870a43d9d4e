"""Completion in real shells, in a pseudo-terminal."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pexpect")

from helpers.shell_sessions import Session  # imports pexpect

SHELLS = ("bash", "zsh", "fish")
CATEGORY = "nervous system development"


@pytest.fixture(scope="module", params=SHELLS)
def session(
    request: pytest.FixtureRequest, synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    opened = Session(request.param, tmp_path_factory.mktemp("home"), {"COEXPR_DB": str(synthetic_database)})
    yield opened
    opened.close()


@pytest.mark.long
@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("coexpr prob", ["probes"]),
        ("coexpr categories sh", ["categories", "show"]),
        ("coexpr query NTRK2 --categ", ["query", "NTRK2", "--category"]),
        ("coexpr query X --rule max-v", ["query", "X", "--rule", "max-variance"]),
        ("coexpr probes BDN", ["probes", "BDNF"]),
        ("coexpr probes bdn", ["probes", "BDNF"]),
        ("coexpr pair NTRK2 BDN", ["pair", "NTRK2", "BDNF"]),
        ("coexpr query A_23_P21677", ["query", "A_23_P216779"]),
        ("coexpr query X --donor 98", ["query", "X", "--donor", "9861"]),
        ("coexpr query X --structure HiF", ["query", "X", "--structure", "HiF"]),
        ('coexpr query X --category "nervous system dev', ["query", "X", "--category", CATEGORY]),
        ("coexpr query X --category nervous\\ system\\ dev", ["query", "X", "--category", CATEGORY]),
        ("coexpr query X --category Nervous\\ System\\ Dev", ["query", "X", "--category", CATEGORY]),
        ("coexpr query X --category GO:000739", ["query", "X", "--category", "GO:000739"]),
        ("coexpr query X --category GO:0007399", ["query", "X", "--category", "GO:0007399"]),
        ("coexpr query nothing-like-this", ["query", "nothing-like-this"]),
    ],
)
def test_a_shell_reads_the_completed_words(session: Session, typed: str, read: list[str]) -> None:
    assert session.complete(typed) == ["coexpr", *read]


def proposals(line: str, database: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "coexpr"],
        env={**os.environ, "_COEXPR_COMPLETE_LINE": line, "COEXPR_DB": str(database), **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_proposals_have_descriptions(synthetic_database: Path) -> None:
    lines = proposals("coexpr query ntrk", synthetic_database).stdout.splitlines()
    assert "NTRK2\tneurotrophic receptor tyrosine kinase 2" in lines
    assert all(line.upper().startswith("NTRK") for line in lines)


def test_aliases_are_proposed(synthetic_database: Path) -> None:
    assert "TRKB\tanother name of NTRK2" in proposals("coexpr query TRK", synthetic_database).stdout.splitlines()


def test_the_option_db_selects_the_database(synthetic_database: Path, tmp_path: Path) -> None:
    done = proposals(f"coexpr query --db {synthetic_database} NTRK2 --donor H0351.2", tmp_path / "none.duckdb")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["H0351.2001", "H0351.2002"]


def test_without_a_database_one_line_says_what_to_do(tmp_path: Path) -> None:
    done = proposals("coexpr query NTR", tmp_path / "none.duckdb")
    assert done.stdout.strip() == ""
    assert done.stderr.strip().count("\n") == 0
    assert "coexpr demo" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "coexpr", "completion", shell], capture_output=True, text=True, check=True
    )
    assert "_COEXPR_COMPLETE_LINE" in done.stdout
    assert done.stderr == ""
