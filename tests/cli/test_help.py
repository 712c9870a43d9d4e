"""--help, as a stranger reads it."""

import re

import pytest
from helpers.command import run

from coexpr.cli.commands import Commands
from coexpr.cli.groups import GENES, METHOD, OUTPUT, PROBES, SAMPLES, STATISTICS
from coexpr.cli.options import OPTION_OF, with_options

COMMANDS = list(Commands())


def test_every_summary_fits_the_list_of_commands() -> None:
    text = run("--help").stdout
    assert "..." not in text.split("Commands:")[1]
    assert all(re.search(rf"^  {command} ", text, re.MULTILINE) for command in COMMANDS)


def test_options_are_grouped_after_the_examples() -> None:
    text = run("query", "--help").stdout
    places = [text.index(heading) for heading in ("Examples:", "Arguments:", *map("{}:".format, (PROBES, SAMPLES)))]
    places += [text.index(f"\n{heading}:") for heading in (GENES, METHOD, STATISTICS, OUTPUT)]
    assert places == sorted(places)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    text = run(*command.split(), "--help").stdout
    assert text.startswith(f"Usage: coexpr {command}")


def test_messages_of_the_library_name_options() -> None:
    assert with_options("`min_present` 2: expected") == "--min-present 2: expected"
    assert with_options("`coexpr ingest PATH` and `unknown` stay") == "`coexpr ingest PATH` and `unknown` stay"


def test_every_translated_option_exists() -> None:
    text = "".join(run(*command.split(), "--help").stdout for command in COMMANDS)
    text += run("categories", "add", "--help").stdout + run("categories", "list", "--help").stdout
    words = set(re.findall(r"--[a-z-]+", text))
    assert set(OPTION_OF.values()) <= words
