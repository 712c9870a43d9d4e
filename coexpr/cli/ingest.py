"""coexpr ingest: downloads into the database."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from coexpr.cli.options import Database, ThreadsOption

if TYPE_CHECKING:
    from coexpr.loading.downloads import Report


def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="A zip, a folder that holds a download, or a folder of many.",
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
        Literal["table", "json"], typer.Option("--format", help="How to write the report.")
    ] = "table",
    threads: ThreadsOption = None,
    db: Database = None,
) -> None:
    """Load downloads of the Allen Human Brain Atlas: full-donor zips and heatmap downloads.

    Downloads are recognised by what is in them. Files are read inside their zips; each download is
    loaded whole or not at all, and the same one again changes nothing.
    """
    from coexpr.cli.screen import say  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.loading.downloads import ingest as load
    from coexpr.output.export import json_text

    progress = say if sys.stderr.isatty() else lambda message: None
    report = load(paths, db, donor=donor, threads=threads, progress=progress)
    if output_format == "json":
        typer.echo(json_text(asdict(report)))
    else:
        typer.echo("\n".join(_lines(report)))


def _lines(report: "Report") -> list[str]:
    from coexpr.cli.screen import counts

    things = ("donors", "samples", "probes", "genes")
    lines = []
    for download in report.downloads:
        numbers = {name: getattr(download, name) for name in things[1:]} | {"donors": len(download.donors)}
        held = (
            f"{counts(numbers, *things)} ({', '.join(download.donors)})"
            if download.donors
            else counts(numbers, "probes")
        )
        lines.append(f"{download.status}: {download.kind} {download.location}: {held}")
        lines += [f"  Note: {note}" for note in download.notes]
    lines += [f"skipped: {skipped.reason}" for skipped in report.skipped]
    seconds = sum(download.seconds for download in report.downloads)
    return [*lines, f"{report.database} now holds {counts(report.contents, *things)} ({seconds:.1f} s)."]
