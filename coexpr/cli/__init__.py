"""The `coexpr` command: parse, one call, print.

One module per command. Only this package imports typer, prints, or exits. Each command imports what it needs when it
runs, so that `coexpr --help` loads neither DuckDB nor numpy.
"""

import sys
import time
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import coexpr
from coexpr.cli import (
    bundle,
    categories,
    completion,
    curve,
    demo,
    doctor,
    enrich,
    expression,
    fetch,
    genes,
    glossary,
    info,
    ingest,
    map,
    matrix,
    methods,
    network,
    pair,
    probes,
    query,
    replay,
    serve,
    shell,
    sql,
    structures,
    update_genes,
    verify,
    why,
)
from coexpr.cli.glossary import explain
from coexpr.cli.groups import GroupedCommand, with_groups
from coexpr.cli.hints import hint_for
from coexpr.cli.messages import detail, memory_used, set_verbosity
from coexpr.cli.options import with_options
from coexpr.cli.welcome import welcome
from coexpr.errors import CoexprError
from coexpr.resources import INTERRUPTED

_FAILED = 1
# The base of typer's usage errors, which typer does not export.
_UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]


class _Group(TyperGroup):
    """Turns expected errors into one line on stderr and an exit code; other errors keep their traceback."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the arguments name; `help COMMAND` is COMMAND --help."""
        if args[0] == "help" and len(args) > 1:
            args = [*args[1:], "--help"]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse what comes before the command; `help` alone is --help.

        Only names of files may be other bytes than UTF-8 text.
        """
        if strange := next((arg for arg in args if not _is_text(arg) and not Path(arg).exists()), None):
            raise typer.BadParameter(f"{strange!r} is not UTF-8 text")
        return super().parse_args(ctx, ["--help"] if args == ["help"] else args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        set_verbosity()
        start = time.perf_counter()
        try:
            result = super().invoke(ctx)
            detail(f"{time.perf_counter() - start:.2f} s{memory_used()}.")
            return result
        except _UsageError as error:
            error.message = f"{error.message.rstrip('.')}.{hint_for(error.message)}"
            raise
        except CoexprError as error:
            _fail(with_options(str(error)))
        except BrokenPipeError:
            raise  # the reader of a pipe has closed it; typer ends quietly
        except OSError as error:
            _fail(f"{error.filename or 'the output'}: {error.strerror or error}.")
        except UnicodeError as error:
            _fail(f"an argument, a file name or the input is not UTF-8 text ({error}).")
        except KeyboardInterrupt:
            _interrupted()
        except RuntimeError as error:
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
    # Redirected output is UTF-8 on every system, whatever the encoding of the terminal.
    if isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")
    if context.invoked_subcommand is None:
        typer.echo("\n".join(welcome()))


_CORRELATES = ("rank", "rank_overall", "gene_symbol", "probe_name", "r", "n")
_OVER_DONORS = (
    "random_r",
    "cochran_q",
    "I2",
    "tau2",
    "same_sign",
    "lowest_without_one",
    "donor_mean_r",
    "ci95_low",
    "p",
    "q",
)
_PROBES = ("mean_log2", "variance_log2", "present_fraction", "diff_stability", "rnaseq_r", "rnaseq_q")
# The commands in the order of --help, each with the columns that the end of its help explains.
_COMMANDS: tuple[tuple[Callable[..., None], tuple[str, ...]], ...] = (
    (fetch.fetch, ()),
    (ingest.ingest, ()),
    (query.query, (*_CORRELATES, *_OVER_DONORS)),
    (map.map, _CORRELATES),
    (enrich.enrich, ("mean_r", "p_spatial", "q_spatial", "percentile", "t_camera", "p_camera")),
    (probes.probes, (*_PROBES, "mean_r", "lowest_r", "lowest_r_with", "selected_by")),
    (why.why, ()),
    (genes.genes, ("status", "gene_symbol", "matched_by", "current_symbol", "explanation")),
    (pair.pair, ("by", "rule", "r", "n", "resolution", "donors")),
    (curve.curve, ("choice", "range_of_mean_r", "same_sign_share")),
    (expression.expression, ("expression", "sample_id", "donor", "acronym")),
    (matrix.matrix, ("r",)),
    (network.network, ("r", "rank")),
    (structures.structures, ("structure_id", "acronym", "hemisphere", "samples")),
    (serve.serve, ()),
    (update_genes.update_genes, ()),
    (info.info, ()),
    (doctor.doctor, ()),
    (verify.verify, ()),
    (replay.replay, ()),
    (bundle.bundle, ()),
    (methods.methods, ()),
    (sql.sql, ()),
    (shell.shell, ()),
    (glossary.glossary, ()),
    (demo.demo, ()),
    (completion.completion, ()),
)
for _command, _columns in _COMMANDS:
    app.command(
        _command.__name__.replace("_", "-"), cls=GroupedCommand, epilog=explain(*_columns) if _columns else None
    )(with_groups(_command))
app.add_typer(categories.app, name="categories")
