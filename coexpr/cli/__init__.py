"""The `coexpr` command: parse, one call, print.

Only the modules of this room import typer, print, or exit. Each command imports what it needs when
it runs, so that `coexpr --help` loads neither DuckDB nor numpy.
"""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import coexpr
from coexpr.cli import demo, info, ingest, query, sql
from coexpr.errors import CoexprError

_FAILED = 1
_INTERRUPTED = 130


class _Group(TyperGroup):
    """Turns a `CoexprError` of any command into one line on stderr and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except CoexprError as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(_FAILED) from None
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise typer.Exit(_INTERRUPTED) from None


app = typer.Typer(
    cls=_Group,
    name="coexpr",
    help="Which genes are expressed like this one, in the human brain?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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
    pass


app.command("ingest")(ingest.ingest)
app.command("query")(query.query)
app.command("info")(info.info)
app.command("sql")(sql.sql)
app.command("demo")(demo.demo)
