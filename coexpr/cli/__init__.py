"""The `coexpr` command: parse, one call, print.

Only the modules of this room import typer, print, or exit. Each command imports what it needs when
it runs, so that `coexpr --help` loads neither DuckDB nor numpy.
"""

import sys
from io import TextIOWrapper
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import coexpr
from coexpr.cli import (
    categories,
    demo,
    info,
    ingest,
    matrix,
    network,
    pair,
    probes,
    query,
    shell,
    sql,
    structures,
    verify,
)
from coexpr.errors import CoexprError
from coexpr.resources import INTERRUPTED

_FAILED = 1


class _Group(TyperGroup):
    """Turns what can go wrong outside the code into one line on stderr and an exit code.

    An error of another kind is a bug, and keeps its traceback.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except CoexprError as error:
            _fail(str(error))
        except BrokenPipeError:
            raise  # the reader of a pipe has seen enough; typer ends quietly
        except OSError as error:
            _fail(f"{error.filename or 'the output'}: {error.strerror or error}.")
        except UnicodeError as error:
            _fail(f"an argument, a file name or the input is not UTF-8 text ({error}).")
        except KeyboardInterrupt:
            _interrupted()
        except RuntimeError as error:
            # DuckDB's way to say that Ctrl-C was pressed while it was at work.
            if "interrupt" not in str(error).lower():
                raise
            _interrupted()


def _fail(message: str) -> NoReturn:
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(_FAILED) from None


def _interrupted() -> NoReturn:
    typer.echo("Interrupted. No file was written, and what was being loaded is not in the database.", err=True)
    raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=_Group,
    name="coexpr",
    help="Which genes are expressed like this one, in the human brain?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # half the time of --help; and plain text goes through pipes as it is
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coexpr {coexpr.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    # Data that is redirected is UTF-8 on every system, whatever the screen speaks.
    if isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")


app.command("ingest")(ingest.ingest)
app.command("query")(query.query)
app.command("probes")(probes.probes)
app.command("pair")(pair.pair)
app.command("matrix")(matrix.matrix)
app.command("network")(network.network)
app.command("structures")(structures.structures)
app.add_typer(categories.app, name="categories")
app.command("info")(info.info)
app.command("verify")(verify.verify)
app.command("sql")(sql.sql)
app.command("shell")(shell.shell)
app.command("demo")(demo.demo)
