"""Output on a terminal: every command in pseudo-terminals of several widths."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import screens

from coexpr.cli.commands import Commands
from coexpr.cli.glossary import GLOSSARY
from coexpr.cli.table import Layout, fit_columns

pytestmark = pytest.mark.long

PROGRAM = str(Path(sys.executable).parent / "coexpr")
WIDTHS = (60, 80, 100, 120, 200)
CATEGORY = ["--category", "nervous system development"]
# Commands that print a table, with columns that are shown at every width.
COMMANDS = {
    "query": (["query", "NTRK2", "--top", "3"], ("rank", "gene_symbol", "r", "n")),
    "category": (["query", "NTRK2", *CATEGORY, "--top", "3"], ("rank", "gene_symbol", "r", "n")),
    "probe": (["query", "A_23_P216779", "--top", "3"], ("rank", "probe_name", "r", "n")),
    "statistics": (
        ["query", "NTRK2", "--top", "3", "--by-donor", "--stats", "--naive-p"],
        ("r_H0351.1016", "random_r", "tau2", "donor_mean_r", "q", "naive_p"),
    ),
    "probes": (["probes", "NTRK2"], ("probe_name", "mean_log2", "mean_r", "selected_by")),
    "pair": (["pair", "NTRK2", "BDNF"], ("log2", "z within donor", "z pooled", "r", "n")),
    "genes": (["genes", "TRKB", "2-Sep", "nonsense"], ("name", "status", "explanation")),
    "structures": (["structures", "cortex"], ("structure_id", "samples", "H0351.1016")),
    "list": (["categories", "list", "nervous"], ("id", "name", "genes", "with_expression")),
    "show": (["categories", "show", "synapse organization"], ("gene_symbol", "status")),
    "sql": (["sql", "FROM correlates('NTRK2', top := 3)"], ("rank",)),
    "verify": (["verify"], ("check", "holds")),
}


# What erases a progress bar, which a slow machine draws.
ERASED = re.compile(r"\x1b\[[0-9]*[A-Za-z]")


def printed(database: Path, arguments: list[str], width: int) -> str:
    text, code = screens.run_in_terminal([PROGRAM, *arguments], width, screens.environment_for(str(database)))
    assert code == 0, text
    return ERASED.sub("", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_important_columns_are_shown_at_every_width(synthetic_database: Path, name: str, width: int) -> None:
    arguments, columns = COMMANDS[name]
    text = printed(synthetic_database, arguments, width)
    rules = [line for line in text.splitlines() if set(line) == {"─"}]
    assert rules
    assert max(map(len, rules)) <= width
    headers = " ".join(
        line for line, below in zip(text.splitlines(), text.splitlines()[1:], strict=False) if set(below) == {"─"}
    )
    for column in columns:
        assert re.search(rf"(^|\s){re.escape(column)}(\s|$)", headers), (column, headers)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_number_is_shortened(synthetic_database: Path, width: int) -> None:
    def rows(text: str) -> dict[str, str]:
        """Return rank and the last two cells, r and n, of each row."""
        found = [line.split() for line in text.splitlines() if re.match(r" *\d+  ", line)]
        return {cells[0]: " ".join(cells[-2:]) for cells in found}

    wide = rows(printed(synthetic_database, ["query", "NTRK2", "--top", "9", "--wide"], width))
    fitted = rows(printed(synthetic_database, ["query", "NTRK2", "--top", "9"], width))
    assert len(fitted) == 9
    assert fitted == wide
    assert all(re.fullmatch(r"-?\d\.\d{3} 90", cells) for cells in fitted.values())


def test_columns_that_are_left_out_are_reported(synthetic_database: Path) -> None:
    text = printed(synthetic_database, ["query", "NTRK2", *CATEGORY, "--top", "2"], 80)
    assert (
        "Columns left out at this width: probe_id, entrez_id. To see them: --wide, --columns NAME,… or -o FILE." in text
    )
    assert "left out at this width" not in printed(synthetic_database, ["query", "NTRK2", "--wide"], 80)
    some = printed(synthetic_database, ["query", "NTRK2", "--columns", "entrez_id,r", "--top", "2"], 80)
    assert some.splitlines()[0].split() == ["entrez_id", "r"]


def test_columns_are_left_out_in_order_and_numbers_continue_below() -> None:
    layout = Layout(keys=("rank",), drop=("id", "other"), shorten=("name",), comfortable=10)
    widths = {"rank": 4, "id": 8, "other": 8, "name": 30, "r": 5, "more": 9}
    assert fit_columns(widths, layout, None).blocks == [widths]
    assert fit_columns(widths, layout, 74).blocks == [widths]
    some = fit_columns(widths, layout, 60)
    assert (some.left_out, len(some.blocks)) == ([], 1)
    assert some.blocks[0]["name"] == 60 - (4 + 8 + 8 + 5 + 9 + 5 * 2)
    few = fit_columns(widths, layout, 45)
    assert (few.left_out, few.blocks[0]["name"]) == (["id"], 45 - (4 + 8 + 5 + 9 + 4 * 2))
    narrow = fit_columns(widths, layout, 25)
    assert narrow.left_out == ["id", "other"]
    assert [list(block) for block in narrow.blocks] == [["rank", "name", "r"], ["rank", "more"]]
    assert all(block["rank"] == 4 for block in narrow.blocks)


def test_the_page_of_screens(tmp_path: Path) -> None:
    printed(tmp_path / "none", ["demo", str(tmp_path / "coexpr-demo")], 100)
    assert screens.page(PROGRAM, tmp_path) == screens.PAGE.read_text(encoding="utf-8")


def test_every_column_is_in_the_glossary(synthetic_database: Path) -> None:
    for name, (arguments, _) in COMMANDS.items():
        if name in ("sql", "verify"):
            continue
        command = [PROGRAM, *arguments, "--format", "csv", "--db", str(synthetic_database)]
        header = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
        for column in header.split(","):
            assert column in GLOSSARY or "H0351" in column, (name, column)


def test_every_command_has_help_that_fits_and_explains_its_columns() -> None:
    for name, command in Commands().items():
        assert command.help
        if name in ("query", "probes", "pair", "genes", "structures"):
            assert "coexpr glossary has more" in command.epilog
