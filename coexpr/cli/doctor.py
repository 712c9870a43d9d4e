"""coexpr doctor: whether everything is in order, and what to do where it is not."""

import typer

from coexpr.cli.options import Database
from coexpr.cli.output_options import OutputOptions
from coexpr.cli.table import Layout

_PROBLEM = 1
_LAYOUT = Layout(keys=("part", "status"), wrap=("found", "advice"))


def doctor(*, result_options: OutputOptions, db: Database = None) -> None:
    """Examine programs, database, cache, disk and memory.

    It says what is missing for which rule, and what to run. Exit code 1: there is a problem.
    """
    from coexpr.analysis.doctor import examine  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.options import with_options
    from coexpr.cli.screen import deliver, tell
    from coexpr.result import Result
    from coexpr.sentences.checks import describe_examination

    found = examine(db)
    result = Result(found.columns, [tuple(map(with_options, row)) for row in found.rows], found.provenance)
    deliver(result, result_options, _LAYOUT)
    tell(describe_examination(result))
    if "problem" in result.column("status"):
        raise typer.Exit(_PROBLEM)
