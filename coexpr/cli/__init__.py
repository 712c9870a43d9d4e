"""The `coexpr` command: parse, one call, print.

One module per command; `coexpr.cli.commands` lists them. Only this package imports typer, prints, or exits. Each
command imports what it needs when it runs, so that `coexpr --help` loads neither DuckDB nor numpy.
"""

import time
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import coexpr
from coexpr.cli.commands import Commands
from coexpr.cli.messages import detail, memory_used, set_verbosity
from coexpr.cli.terminal import escaped_streams, print_lines
from coexpr.errors import CoexprError, QueryError
from coexpr.resources import INTERRUPTED
from coexpr.wording import abridged, one_line

_FAILED = 1
# The base of typer's usage errors, which typer does not export.
_UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]


class _Group(TyperGroup):
    """Turns expected errors into one line on stderr and an exit code; other errors keep their traceback."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = Commands()  # type: ignore[assignment]  # typer adds no command to it

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run a command line; what it prints cannot control a terminal."""
        with escaped_streams():
            return super().main(*args, **settings)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, in the order of --help."""
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the arguments name, which may have two words; `help COMMAND` is COMMAND --help."""
        if args[0] == "help" and len(args) > 1:
            args = [*args[1:], "--help"]
        if (two_words := " ".join(args[:2])) in self.commands:
            args = [two_words, *args[2:]]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse what comes before the command; `help` alone is --help.

        Only names of files may be other bytes than UTF-8 text.
        """
        if strange := next((arg for arg in args if not _is_text(arg) and not Path(arg).exists()), None):
            raise typer.BadParameter(f"{strange!r} is not UTF-8 text")
        try:
            return super().parse_args(ctx, ["--help"] if args == ["help"] else args)
        except _UsageError as error:
            error.message = one_line(abridged(error.message))
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        set_verbosity()
        start = time.perf_counter()
        try:
            result = super().invoke(ctx)
            detail(f"{time.perf_counter() - start:.2f} s{memory_used()}.")
            return result
        except _UsageError as error:
            from coexpr.cli.hints import hint_for

            end = "" if error.message.endswith("?") else "."
            error.message = one_line(abridged(f"{error.message.rstrip('.')}{end}{hint_for(error.message)}"))
            raise
        except CoexprError as error:
            from coexpr.cli.options import with_options

            message = with_options(str(error))
            # DuckDB shows the place in a statement below the message.
            _fail(message if isinstance(error, QueryError) else one_line(abridged(message)))
        except BrokenPipeError:
            raise  # the reader of a pipe has closed it; typer ends quietly
        except OSError as error:
            from coexpr.output.files import remedy_of

            what = f"{error.filename or 'the output'}: {error.strerror or error}. {remedy_of(error)}."
            _fail(one_line(abridged(what)))
        except UnicodeError as error:
            _fail(f"an argument, a file name or the input is not UTF-8 text ({error}).")
        except KeyboardInterrupt:
            _interrupted()
        except MemoryError:
            _fail("there is not enough memory. Close other programs, or ask for less.")
        except RuntimeError as error:
            if "can't start new thread" in str(error):
                _fail("the system starts no further thread. Add --threads 1, or close other programs.")
            # DuckDB raises this when Ctrl-C is pressed while it runs.
            if "interrupt" not in str(error).lower():
                raise
            _interrupted()


def _is_text(argument: str) -> bool:
    return argument.isascii() or not any("\ud800" <= character <= "\udfff" for character in argument)


def _fail(message: str) -> NoReturn:
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(_FAILED) from None


def _interrupted() -> NoReturn:
    typer.echo("Interrupted. What was being written or loaded is not kept.", err=True)
    raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=_Group,
    name="coexpr",
    help="Gene co-expression in the Allen Human Brain Atlas.",
    invoke_without_command=True,
    add_completion=False,  # coexpr.cli.completion has its own scripts
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would double the time of --help
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coexpr {coexpr.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        from coexpr.cli.welcome import welcome

        print_lines(welcome())
