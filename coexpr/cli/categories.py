"""coexpr categories: list, show, add and remove categories."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coexpr.cli.options import (
    ColumnsOption,
    Database,
    EvidenceNotOption,
    OutputFile,
    OutputFormat,
    WideOption,
)
from coexpr.cli.table import Layout
from coexpr.cli.words import describe_category, number_of

if TYPE_CHECKING:
    from coexpr.loading.categories import Added
    from coexpr.readers.categories import CategoryFormat
else:  # typer reads this at import, and the readers are slow to load
    from typing import Literal

    CategoryFormat = Literal["gaf", "gene2go", "gmt", "long", "table", "list"]

app = typer.Typer(help="List, show, add and remove categories: named sets of genes.", no_args_is_help=True)

# Characters that a screen shows of a long list of names; the table category_names has them all.
_MOST_CHARACTERS = 300
_MOST_NAMES = 5
_LIST = Layout(
    keys=("id",), drop=("accession", "direct", "release", "source", "on_chip"), shorten=("name",), comfortable=45
)
_MEMBERS = Layout(keys=("gene_symbol",), drop=("direct", "current_symbol"), wrap=("evidence",))


@app.command("list")
def list_categories(
    search: Annotated[str | None, typer.Argument(help="Part of a name, or an accession.", show_default=False)] = None,
    columns: ColumnsOption = None,
    wide: WideOption = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """List categories with their numbers of genes, of genes on the chip, and of genes with expression data.

    The first column is an id that --category takes. Names that equal SEARCH come first, then short ones.
    """
    from coexpr.atlas import Atlas  # loads DuckDB, which --help need not wait for
    from coexpr.cli.screen import Screen, deliver, say

    with Atlas(db) as atlas:
        answer = atlas.categories(search)
    deliver(answer, output, output_format, Screen(columns, wide), _LIST)
    say(f"{len(answer.rows):,} {'category' if len(answer.rows) == 1 else 'categories'}.")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A name, an accession, source:name, or id:number.", show_default=False)],
    include_regulates: Annotated[
        bool, typer.Option("--include-regulates", help="With the genes of what regulates it.")
    ] = False,
    evidence_not: EvidenceNotOption = None,
    columns: ColumnsOption = None,
    wide: WideOption = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """Show the genes of a category: with expression data, on the chip, or not found in this database."""
    from coexpr.atlas import Atlas
    from coexpr.cli.screen import Screen, deliver, say

    with Atlas(db) as atlas:
        answer = atlas.members(name, include_regulates=include_regulates, evidence_not=evidence_not or [])
    deliver(answer, output, output_format, Screen(columns, wide), _MEMBERS)
    route = answer.route
    say(describe_category(route))
    if route["names"]:
        ways = ", ".join(f"{count:,} by {way}" for way, count in sorted(route["names"].items()))
        say(f"Its file has {sum(route['names'].values()):,} names: {ways}.")
    for way, names in route["problems"].items():
        say(f"  {way}: {_short(', '.join(names))}")


@app.command()
def add(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="GMT, GAF, gene2go, a long table (one row per set and gene), a table or list of genes, - for stdin, "
            "or downloads of a category of the atlas's site.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the category, for a file of one.", show_default=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Name of the source, instead of what the file says.", show_default=False)
    ] = None,
    release: Annotated[
        str | None, typer.Option(help="Release of the source, instead of what the file says.", show_default=False)
    ] = None,
    ontology: Annotated[Path | None, typer.Option(help="The OBO file of a GAF or gene2go.", show_default=False)] = None,
    file_format: Annotated[
        CategoryFormat | None,
        typer.Option(
            "--format", help="Format of the file. Without it: recognised by its contents.", show_default=False
        ),
    ] = None,
    gene_column: Annotated[
        str | None,
        typer.Option(
            "--gene-column",
            "--column",
            metavar="NAME",
            help="Header or number of the column of genes.",
            show_default=False,
        ),
    ] = None,
    set_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Header or number of the column of sets, in a long table.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be added.")] = False,
    db: Database = None,
) -> None:
    """Add the categories of a file; those of the same source and name are replaced."""
    from coexpr.loading.categories import add_categories
    from coexpr.readers.categories import ReadingOptions

    added = add_categories(
        files,
        db,
        name=name,
        source=source,
        release=release,
        options=ReadingOptions(file_format, gene_column, set_column, ontology),
        dry_run=dry_run,
    )
    typer.echo("\n".join(_describe(added, "would be added" if dry_run else "added")))


def _describe(added: "Added", what: str) -> list[str]:
    """Say what a file was recognised as, and what became of its categories and names."""
    shown = ", ".join(added.names_of_categories[:_MOST_NAMES])
    more = added.categories - _MOST_NAMES
    ways = ", ".join(f"{count:,} by {way}" for way, count in sorted(added.matched.items()))
    origin = f"{added.source}{f' {added.release}' if added.release else ''}"
    lines = [
        f"{what}: {added.categories:,} {'category' if added.categories == 1 else 'categories'} of a {added.what}, "
        f"source {origin}: {shown}{f', and {more:,} more' if more > 0 else ''}.",
        f"{number_of(added.names, 'name')} of genes: {ways or 'none matched'}. {number_of(added.genes, 'gene')}: "
        f"{added.genes_on_chip:,} on the chip, {added.genes_with_expression_data:,} with expression data here.",
    ]
    if added.replaced:
        lines.append(f"  Note: {added.replaced:,} replaced a category of the same source and name.")
    return [*lines, *(f"  Note: {_short(line.rstrip('.'))}." for line in [*added.notes, *added.problems])]


@app.command()
def remove(
    name: Annotated[
        str | None, typer.Argument(help="A name, an accession, source:name, or id:number.", show_default=False)
    ] = None,
    source: Annotated[str | None, typer.Option(help="Every added category of this source.", show_default=False)] = None,
    db: Database = None,
) -> None:
    """Remove an added category, or every one of a source."""
    from coexpr.loading.categories import remove_categories

    if (name is None) == (source is None):
        raise typer.BadParameter("give the name of a category, or --source for all of one source")
    removed = remove_categories(db, name=name, source=source)
    typer.echo(f"removed: {removed[0] if len(removed) == 1 else f'{len(removed):,} categories of source {source}'}.")


def _short(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f'{text[:_MOST_CHARACTERS]} … (all: coexpr sql "FROM name_matches WHERE entrez_id IS NULL")'
