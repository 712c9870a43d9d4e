"""Completion in bash, zsh and fish: of commands and options by typer, of names by the index of the database.

The scripts pass the line up to the cursor in `LINE_VARIABLE`, and read one proposal per line: the word, a tab, and a
description. Quoting is their task, because each shell quotes differently.
"""

import os
import shlex
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from coexpr.resources import database_path, package_folder

LINE_VARIABLE = "_COEXPR_COMPLETE_LINE"
# More are of no use on a screen.
_LIMIT = 100

Completer = Callable[[Any, str], list[str]]


class Shell(StrEnum):
    """The shells that have a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_HOW = {
    Shell.BASH: 'add to ~/.bashrc:  eval "$(coexpr completion bash)"',
    Shell.ZSH: 'add to ~/.zshrc, after compinit:  eval "$(coexpr completion zsh)"',
    Shell.FISH: "run:  coexpr completion fish > ~/.config/fish/completions/coexpr.fish",
}


def completion(shell: Annotated[Shell, typer.Argument(help="The shell.", show_default=False)]) -> None:
    """Print the script for completion in a shell.

    It completes commands, options and names: genes, probes, categories, structures and donors of the database that
    COEXPR_DB or --db names.

    \b
    Examples:
      eval "$(coexpr completion bash)"
      coexpr completion fish > ~/.config/fish/completions/coexpr.fish
    """
    from coexpr.cli.messages import say

    folder = package_folder("data") / "completion"
    typer.echo((folder / f"coexpr.{shell.value}").read_text(encoding="utf-8"), nl=False)
    if sys.stdout.isatty():
        say(f"To use it, {_HOW[shell]}")


def prepare() -> None:
    """Let typer complete the line in `LINE_VARIABLE`: it takes words, and the number of the last."""
    import typer.completion  # its classes are otherwise made known only for typer's own scripts

    typer.completion.completion_init()  # type: ignore[attr-defined]  # it has no other name
    words = _words(os.environ[LINE_VARIABLE])
    os.environ |= {
        "_COEXPR_COMPLETE": "complete_bash",
        "COMP_WORDS": shlex.join(words),
        "COMP_CWORD": str(len(words) - 1),
    }


def _words(line: str) -> list[str]:
    """Split a line as a shell does; the last word may be incomplete, in quotation marks, or empty."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:  # an open quotation mark, or a backslash at the end
        words.append(lexer.token)
        return words
    if not line or line[-1].isspace():
        words.append("")
    return words


class _Proposal(str):
    """A name in its own spelling. typer drops what does not begin as what was typed, but names match in any case."""

    __slots__ = ()

    def startswith(self, *_: Any) -> bool:
        """Return True: the index has compared the beginning."""
        return True


def _completer(kind: Any) -> Completer:
    """Return a function that proposes the names of a kind, for the `autocompletion` of a parameter."""

    def complete(ctx: Any, incomplete: str) -> list[str]:
        from coexpr.database.name_index import find_names
        from coexpr.errors import CoexprError

        try:
            found = find_names(database_path(ctx.params.get("db")), kind, incomplete, _LIMIT)
        except CoexprError as error:
            sys.stderr.write(f"\n{str(error).replace('`database`', '--db')}\n")
            return []
        return [_Proposal(f"{name}\t{description}") for name, description in found]

    return complete


complete_genes_and_probes = _completer("genes_and_probes")
complete_categories = _completer("categories")
complete_structures = _completer("structures")
complete_donors = _completer("donors")
