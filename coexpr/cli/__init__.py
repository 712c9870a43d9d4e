"""The `coexpr` command: parse, one call, print.

Only the modules of this room import typer, print, or exit. Each command imports what it needs when
it runs, so that `coexpr --help` loads neither DuckDB nor numpy.
"""

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import coexpr
from coexpr.cli import (
    categories,
    demo,
    genes,
    glossary,
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
from coexpr.cli.glossary import explain
from coexpr.cli.hints import hint_for
from coexpr.errors import CoexprError
from coexpr.resources import INTERRUPTED

_FAILED = 1
# The base of typer's usage errors, which typer does not export.
_UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]


class _Group(TyperGroup):
    """Turns what can go wrong outside the code into one line on stderr and an exit code.

    An error of another kind is a bug, and keeps its traceback.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the arguments name; `help COMMAND` is COMMAND --help."""
        if args[0] == "help" and len(args) > 1:
            args = [*args[1:], "--help"]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse what comes before the command; `help` alone is --help.

        Names of files may be other bytes than text, but nothing else is.
        """
        if strange := next((arg for arg in args if not _is_text(arg) and not Path(arg).exists()), None):
            raise typer.BadParameter(f"{strange!r} is not UTF-8 text")
        return super().parse_args(ctx, ["--help"] if args == ["help"] else args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            error.message = f"{error.message.rstrip('.')}.{hint_for(error.message)}"
            raise
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


def _is_text(argument: str) -> bool:
    return argument.isascii() or not any("\ud800" <= character <= "\udfff" for character in argument)


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


_ROWS = ("rank", "rank_overall", "gene_symbol", "probe_name", "r", "n")
_DONORS = ("random_r", "Q", "I2", "tau2", "same_sign", "lowest_without_one", "donor_mean_r", "ci95_low", "p", "q")

app.command("ingest")(ingest.ingest)
app.command("query", epilog=explain(*_ROWS, *_DONORS))(query.query)
app.command(
    "probes",
    epilog=explain(
        *("mean_log2", "variance_log2", "present_fraction", "diff_stability", "rnaseq_r", "rnaseq_q"),
        *("mean_r", "lowest_r", "lowest_r_with", "chosen_by"),
    ),
)(probes.probes)
app.command("genes", epilog=explain("status", "gene_symbol", "matched_by", "current_symbol", "explanation"))(
    genes.genes
)
app.command("pair", epilog=explain("by", "rule", "r", "n", "resolution", "donors"))(pair.pair)
app.command("matrix", epilog=explain("r"))(matrix.matrix)
app.command("network", epilog=explain("r", "rank"))(network.network)
app.command("structures", epilog=explain("structure_id", "acronym", "hemisphere", "samples"))(structures.structures)
app.add_typer(categories.app, name="categories")
app.command("info")(info.info)
app.command("verify")(verify.verify)
app.command("sql")(sql.sql)
app.command("shell")(shell.shell)
app.command("glossary")(glossary.glossary)
app.command("demo")(demo.demo)
