"""coexpr categories: list, show, add and remove categories."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coexpr.cli.completion import complete_categories
from coexpr.cli.groups import GroupedCommand, option, with_groups
from coexpr.cli.options import Database, EvidenceNot, GeneColumn, IncludeRegulates
from coexpr.cli.output_options import OutputOptions
from coexpr.cli.summary import describe_category
from coexpr.cli.table import Layout
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.loading.categories import CategoryFileProvenance
    from coexpr.readers.categories import CategoryFormat
    from coexpr.result import Result
else:  # typer reads this at import, and the readers are slow to load
    from typing import Literal

    CategoryFormat = Literal["gaf", "gene2go", "gmt", "long", "table", "list"]

app = typer.Typer(help="List, show, add and remove categories: named sets of genes.", no_args_is_help=True)

# Characters that are shown of a long list of names; the table category_names has all of them.
_MAX_CHARACTERS = 300
_MAX_NAMES = 5
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
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas  # loads DuckDB, which --help does not need
    from coexpr.cli.screen import deliver

    with open_atlas(db) as atlas:
        result = atlas.categories(search)
    deliver(result, result_options, _LIST)
    say(f"{len(result):,} {'category' if len(result) == 1 else 'categories'}.")


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
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas
    from coexpr.cli.screen import deliver

    with open_atlas(db) as atlas:
        result = atlas.members(name, include_regulates=include_regulates, evidence_not=evidence_not or [])
    deliver(result, result_options, _MEMBERS)
    provenance = result.provenance
    say(describe_category(provenance.category))
    if provenance.matched:
        matched = ", ".join(f"{count:,} by {what}" for what, count in sorted(provenance.matched.items()))
        say(f"Its file has {sum(provenance.matched.values()):,} names: {matched}.")
    for reason, names in provenance.without_gene.items():
        say(f"  {reason}: {_short(', '.join(names))}")


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

    report = add_categories(
        files,
        db,
        name=name,
        source=source,
        release=release,
        options=ReadingOptions(file_format, gene_column, set_column, ontology),
        dry_run=dry_run,
    )
    typer.echo("\n".join(_describe(report, "would be added" if dry_run else "added")))


def _describe(report: "Result[CategoryFileProvenance]", what: str) -> list[str]:
    """Say what a file was recognised as, and what became of its categories and names."""
    provenance, count = report.provenance, len(report)
    shown = ", ".join(report.column("name")[:_MAX_NAMES])
    more = count - _MAX_NAMES
    matched = ", ".join(f"{number:,} by {way}" for way, number in sorted(provenance.matched.items()))
    origin = f"{provenance.source}{f' {provenance.release}' if provenance.release else ''}"
    lines = [
        f"{what}: {count:,} {'category' if count == 1 else 'categories'} of a {provenance.format}, "
        f"source {origin}: {shown}{f', and {more:,} more' if more > 0 else ''}.",
        f"{count_of(provenance.names, 'name')} of genes: {matched or 'none matched'}. "
        f"{count_of(provenance.genes, 'gene')}: {provenance.on_chip:,} on the chip, "
        f"{provenance.with_expression:,} with expression data here.",
    ]
    if provenance.replaced:
        lines.append(f"  Note: {provenance.replaced:,} replaced a category of the same source and name.")
    return [*lines, *(f"  Note: {_short(line.rstrip('.'))}." for line in provenance.notes)]


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
    typer.echo(f"removed: {removed[0] if len(removed) == 1 else f'{len(removed):,} categories of source {source}'}.")


def _short(text: str) -> str:
    if len(text) <= _MAX_CHARACTERS:
        return text
    return f'{text[:_MAX_CHARACTERS]} … (all: coexpr sql "FROM name_matches WHERE entrez_id IS NULL")'
