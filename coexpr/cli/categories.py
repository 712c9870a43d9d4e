"""coexpr categories: list, show, add and remove categories."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coexpr.cli.completion import complete_categories
from coexpr.cli.groups import GroupedCommand, option, with_groups
from coexpr.cli.options import Database, EvidenceNot, GeneColumn, IncludeRegulates
from coexpr.cli.output_options import OutputOptions
from coexpr.cli.table import Layout
from coexpr.cli.terminal import print_lines

if TYPE_CHECKING:
    from coexpr.readers.categories import CategoryFormat
else:  # typer reads this at import, and the readers are slow to load
    from typing import Literal

    CategoryFormat = Literal["gaf", "gene2go", "gmt", "long", "table", "list"]

app = typer.Typer(
    help="List, show, add and remove categories: named sets of genes.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_LIST = Layout(
    keys=("id",), drop=("accession", "direct", "release", "source", "on_chip"), shorten=("name",), comfortable=45
)
_MEMBERS = Layout(keys=("gene_symbol",), drop=("direct", "current_symbol"), wrap=("evidence",))


@app.command("list", cls=GroupedCommand)
@with_groups
def list_categories(
    search: Annotated[
        str | None,
        typer.Argument(help="Part of a name, or an accession.", show_default=False, autocompletion=complete_categories),
    ] = None,
    *,
    result_options: OutputOptions,
    db: Database = None,
) -> None:
    """List categories with their numbers of genes.

    The first column is an id that --category takes. Names that equal SEARCH come first, then short ones.
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB, which --help does not need
    from coexpr.cli.screen import deliver, tell
    from coexpr.sentences.categories import describe_categories

    with open_atlas(db) as atlas:
        result = atlas.categories(search)
    deliver(result, result_options, _LIST)
    tell(describe_categories(result))


@app.command(cls=GroupedCommand)
@with_groups
def show(
    name: Annotated[
        str,
        typer.Argument(
            help="A name, an accession, source:name, or id:number.",
            show_default=False,
            autocompletion=complete_categories,
        ),
    ],
    *,
    include_regulates: IncludeRegulates = False,
    evidence_not: EvidenceNot = None,
    result_options: OutputOptions,
    db: Database = None,
) -> None:
    """Show the genes of a category, and which have expression data."""
    from coexpr.cli.opened import open_atlas
    from coexpr.cli.screen import deliver, tell
    from coexpr.sentences.categories import describe_members

    with open_atlas(db) as atlas:
        result = atlas.members(name, include_regulates=include_regulates, evidence_not=evidence_not or [])
    deliver(result, result_options, _MEMBERS)
    tell(describe_members(result))


@app.command(cls=GroupedCommand)
@with_groups
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
    name: Annotated[str | None, option(None, "--name", "Name of the category, for a file of one.", "TEXT")] = None,
    source: Annotated[
        str | None, option(None, "--source", "Name of the source, instead of what the file says.", "TEXT")
    ] = None,
    release: Annotated[
        str | None, option(None, "--release", "Release of the source, instead of what the file says.", "TEXT")
    ] = None,
    ontology: Annotated[Path | None, option(None, "--ontology", "The OBO file of a GAF or gene2go.", "PATH")] = None,
    file_format: Annotated[
        CategoryFormat | None, option(None, "--format", "Format of the file. Default: recognised by its contents.")
    ] = None,
    gene_column: GeneColumn = None,
    set_column: Annotated[
        str | None, option(None, "--set-column", "Header or number of the column of sets, in a long table.", "NAME")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be added.")] = False,
    db: Database = None,
) -> None:
    """Add the categories of a file.

    Categories of the same source and name are replaced.
    """
    from coexpr.loading.categories import add_categories
    from coexpr.readers.categories import ReadingOptions
    from coexpr.sentences.categories import describe_category_file

    report = add_categories(
        files,
        db,
        name=name,
        source=source,
        release=release,
        options=ReadingOptions(file_format, gene_column, set_column, ontology),
        dry_run=dry_run,
    )
    print_lines(describe_category_file(report, dry_run=dry_run))


@app.command(cls=GroupedCommand)
@with_groups
def remove(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A name, an accession, source:name, or id:number.",
            show_default=False,
            autocompletion=complete_categories,
        ),
    ] = None,
    source: Annotated[str | None, typer.Option(help="All added categories of this source.", show_default=False)] = None,
    db: Database = None,
) -> None:
    """Remove an added category, or all of a source."""
    from coexpr.loading.categories import remove_categories

    if (name is None) == (source is None):
        raise typer.BadParameter("give the name of a category, or --source for all of one source")
    removed = remove_categories(db, name=name, source=source)
    print_lines([f"removed: {removed[0] if len(removed) == 1 else f'{len(removed):,} categories of source {source}'}."])
