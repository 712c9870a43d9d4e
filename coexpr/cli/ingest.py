"""coexpr ingest: load downloads into the database."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from coexpr.cli.groups import OUTPUT
from coexpr.cli.options import Database, Threads
from coexpr.cli.terminal import print_lines

if TYPE_CHECKING:
    from coexpr.loading.downloads import IngestProvenance
    from coexpr.result import Result


def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="A zip, a published table (.xlsx, .csv, .csv.gz), or a folder with downloads.",
            show_default=False,
        ),
    ],
    donor: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Id or name of the donor, where a full-donor download does not say.",
            show_default=False,
        ),
    ] = None,
    output_format: Annotated[
        Literal["table", "json"],
        typer.Option("--format", help="Output format of the report.", rich_help_panel=OUTPUT),
    ] = "table",
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Load downloads of the Allen Human Brain Atlas.

    Full-donor downloads, heatmap downloads and published tables are recognised by their contents. Files are read inside
    their zips. Each download is loaded completely or not at all; loading one again changes nothing.

    \b
    Example:
      coexpr ingest ~/Downloads
    """
    from coexpr.cli.progress import progress_of_command
    from coexpr.loading.downloads import ingest as load  # loads DuckDB and numpy, which --help does not need
    from coexpr.output.text import write_json

    report = load(paths, db, donor=donor, threads=threads, progress=progress_of_command())
    if output_format == "json":
        write_json(report, sys.stdout)
    else:
        print_lines(_lines(report))


def _lines(report: "Result[IngestProvenance]") -> list[str]:
    from coexpr.cli.screen import counts

    totals = ("donors", "samples", "probes", "genes")
    lines = []
    for row in report:
        download = dict(zip(report.columns, row, strict=True))
        numbers = {name: download[name] for name in totals[1:]} | {"donors": len(download["donors"])}
        content = f"{counts(numbers, *totals)} ({', '.join(download['donors'])})"
        if not download["donors"]:
            content = counts(numbers, "probes")
        lines.append(f"{download['status']}: {download['kind']} {download['location']}: {content}")
        lines += [f"  Note: {note}" for note in download["notes"]]
    provenance = report.provenance
    lines += [f"skipped: {reason}" for reason in provenance.skipped]
    seconds = sum(report.column("seconds"))
    return [*lines, f"{provenance.database} now contains {counts(provenance.contents, *totals)} ({seconds:.1f} s)."]
