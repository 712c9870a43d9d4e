"""coexpr categories: which there are, what they hold, adding and removing them."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import Database, OutputFile, OutputFormat

app = typer.Typer(help="List, show, add and remove categories: named sets of genes.", no_args_is_help=True)

# Names that a screen shows of a long list; the table category_names has them all.
_MOST_CHARACTERS = 300


@app.command("list")
def list_categories(
    search: Annotated[str | None, typer.Argument(help="Part of a name, or an accession.", show_default=False)] = None,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """List categories with their numbers of genes, of those known to be on the chip, and of those loaded."""
    from coexpr.atlas import Atlas  # loads DuckDB, which --help need not wait for
    from coexpr.cli.screen import deliver, say

    with Atlas(db) as atlas:
        answer = atlas.categories(search)
    deliver(answer, output, output_format)
    say(f"{len(answer.rows):,} {'category' if len(answer.rows) == 1 else 'categories'}.")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A name, an accession, or source:name.", show_default=False)],
    include_regulates: Annotated[
        bool, typer.Option("--include-regulates", help="With the genes of what regulates it.")
    ] = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """Show the genes of a category: loaded, only known to be on the chip, or not found in this database."""
    from coexpr.atlas import Atlas
    from coexpr.cli.screen import deliver, say

    with Atlas(db) as atlas:
        answer = atlas.members(name, include_regulates=include_regulates)
    deliver(answer, output, output_format)
    route = answer.route
    origin = " ".join(route[key] for key in ("source", "accession", "release") if route[key])
    say(
        f"{route['name']} ({origin}): {route['genes']:,} genes, {route['on_chip']:,} known to be on the chip, "
        f"{route['loaded']:,} loaded."
    )
    if route["names"]:
        ways = ", ".join(f"{count:,} {way}" for way, count in sorted(route["names"].items()))
        say(f"Its file has {sum(route['names'].values()):,} names: {ways}.")
    for way, names in route["problems"].items():
        say(f"  {way}: {_short(', '.join(names))}")


@app.command()
def add(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="GMT, GAF, gene2go, a list of genes (- is stdin), or downloads of a category of the atlas's site.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the category, for a file of one.", show_default=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Where it is from, instead of what the file tells.", show_default=False)
    ] = None,
    release: Annotated[
        str | None, typer.Option(help="Of which release, instead of what the file tells.", show_default=False)
    ] = None,
    ontology: Annotated[Path | None, typer.Option(help="The OBO file of a GAF or gene2go.", show_default=False)] = None,
    db: Database = None,
) -> None:
    """Add the categories of a file; those of the same source and name are replaced."""
    from coexpr.categories_ingest import add_categories

    added = add_categories(files, db, name=name, source=source, release=release, ontology=ontology)
    ways = ", ".join(f"{count:,} by {way}" for way, count in sorted(added.matched.items()))
    typer.echo(
        f"added: {added.categories:,} {'category' if added.categories == 1 else 'categories'} of a {added.what}, from "
        f"{added.source}{f' {added.release}' if added.release else ''}; {added.replaced:,} of them replaced others."
    )
    typer.echo(f"{added.names:,} names: {ways or 'none'}; {added.genes_on_chip:,} genes are known to be on the chip.")
    for line in [*added.problems, *added.notes]:
        typer.echo(f"  Note: {_short(line)}")


@app.command()
def remove(
    name: Annotated[
        str | None, typer.Argument(help="A name, an accession, or source:name.", show_default=False)
    ] = None,
    source: Annotated[str | None, typer.Option(help="Every category of this source.", show_default=False)] = None,
    db: Database = None,
) -> None:
    """Remove a category, or every one of a source."""
    from coexpr.categories_ingest import remove_categories

    if (name is None) == (source is None):
        raise typer.BadParameter("give the name of a category, or --source for all of one source")
    removed = remove_categories(db, name=name, source=source)
    typer.echo(f"removed: {removed[0] if len(removed) == 1 else f'{len(removed):,} categories of source {source}'}.")


def _short(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f'{text[:_MOST_CHARACTERS]} … (all: coexpr sql "FROM category_names WHERE entrez_id IS NULL")'
