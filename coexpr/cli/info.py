"""coexpr info: what is loaded, and from which files."""

from typing import Annotated, Any, Literal

import typer

from coexpr.cli.options import Database
from coexpr.resources import database_path


def info(
    path: Annotated[bool, typer.Option("--path", help="Print only where the database is, or would be.")] = False,
    output_format: Annotated[
        Literal["table", "json"], typer.Option("--format", help="How to write the answer.")
    ] = "table",
    db: Database = None,
) -> None:
    """Show what the database holds: donors, samples, probes, and the files they came from."""
    if path:
        typer.echo(database_path(db))
        return
    from coexpr.atlas import Atlas  # loads DuckDB, which --path and --help need not wait for
    from coexpr.output.export import json_text

    with Atlas(db) as atlas:
        contents = atlas.contents()
    if output_format == "json":
        typer.echo(json_text(contents))
    else:
        typer.echo("\n".join(_lines(contents)))


def _gene_ids(numbers: dict[str, int]) -> str:
    """Say how many Entrez ids were retired since the atlas was made, and what became of them."""
    return (
        f"{numbers['with_entrez_id']:,} (retired, followed to the current one: {numbers['followed']:,}; "
        f"not in NCBI Gene, so in no category: {numbers['without_current_id']:,})"
    )


def _lines(contents: dict[str, Any]) -> list[str]:
    from coexpr.cli.screen import counts

    lines = [
        f"Database    {contents['path']} (schema {contents['schema_version']})",
        f"Holds       {counts(contents, 'donors', 'samples', 'probes', 'genes')}",
        f"Entrez ids  {_gene_ids(contents['gene_ids'])}",
        "",
        "Donors",
    ]
    for donor in contents["donor_list"]:
        details = ", ".join(part for part in (donor["age"], donor["sex"]) if part)
        lines.append(
            f"  {donor['donor_id']:<6} {donor['donor_name'] or '':<11} {details:<12} "
            f"{donor['samples']:>5,} samples {donor['probes']:>7,} probes"
        )
    lines += ["", "Downloads"]
    for download in contents["downloads"]:
        lines += [
            f"  {download['kind']}"
            + (f" of {download['title'] or 'an atlas it does not name'}" if download["donor_ids"] else ""),
            f"    {download['location']}, loaded {download['loaded_at']:%Y-%m-%d %H:%M} UTC "
            f"by coexpr {download['coexpr_version']}",
        ]
        lines += [f"    SHA-256 {file['sha256']}  {file['name']}" for file in download["files"]]
    return lines
