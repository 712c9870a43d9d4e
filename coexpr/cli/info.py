"""coexpr info: what the database contains."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from coexpr.cli.groups import OUTPUT
from coexpr.cli.options import Database
from coexpr.cli.terminal import print_lines
from coexpr.resources import database_path

if TYPE_CHECKING:
    from coexpr.analysis.contents import Contents, ContentsProvenance


def info(
    path: Annotated[bool, typer.Option("--path", help="Print only the path of the database.")] = False,
    output_format: Annotated[
        Literal["table", "json"], typer.Option("--format", help="Output format.", rich_help_panel=OUTPUT)
    ] = "table",
    db: Database = None,
) -> None:
    """Show what the database contains."""
    if path:
        typer.echo(database_path(db))
        return
    from coexpr.cli.opened import open_atlas  # loads DuckDB, which --path and --help do not need
    from coexpr.output.text import write_tables

    with open_atlas(db) as atlas:
        contents = atlas.contents()
    if output_format == "json":
        write_tables(contents, sys.stdout)
    else:
        print_lines(_lines(contents))


def _lines(contents: "Contents") -> list[str]:
    totals = contents.provenance
    lines = [
        f"Database    {totals.database} (schema {totals.schema_version})",
        f"Contains    {_totals(totals)}",
        f"Entrez ids  {_entrez_ids(totals)}",
        "",
        "Donors",
    ]
    for donor_id, donor_name, age, sex, samples, probes in contents.donors:
        details = ", ".join(part for part in (age, sex) if part)
        lines.append(f"  {donor_id:<6} {donor_name or '':<11} {details:<12} {samples:>5,} samples {probes:>7,} probes")
    lines += ["", "Downloads"]
    for row in contents.downloads:
        download = dict(zip(contents.downloads.columns, row, strict=True))
        of_atlas = f" of {download['title'] or 'an unnamed atlas'}" if download["donor_ids"] else ""
        lines += [
            f"  {download['kind']}{of_atlas}",
            f"    {download['location']}, loaded {download['loaded_at']:%Y-%m-%d %H:%M} UTC "
            f"by coexpr {download['coexpr_version']}",
        ]
        lines += [f"    SHA-256 {file['sha256']}  {file['name']}" for file in download["files"]]
    return lines


def _totals(totals: "ContentsProvenance") -> str:
    from coexpr.cli.screen import counts

    return counts(vars(totals), "donors", "samples", "probes", "genes")


def _entrez_ids(totals: "ContentsProvenance") -> str:
    """Return the numbers of Entrez ids: all, retired and replaced, and not in NCBI Gene."""
    return (
        f"{totals.genes_with_entrez_id:,} (retired and replaced by the current one: {totals.retired_ids_followed:,}; "
        f"not in NCBI Gene, and therefore in no category: {totals.ids_not_in_ncbi:,})"
    )
