"""coexpr bundle: a folder of static files in which a web browser queries the genes of a category."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from coexpr.cli.groups import OUTPUT, PROBES, option
from coexpr.cli.options import Database, GeneOptions
from coexpr.wording import bytes_of

if TYPE_CHECKING:
    from coexpr.bundling.bundle import BundleProvenance
    from coexpr.result import Result


def bundle(
    *,
    gene_options: GeneOptions,
    output: Annotated[
        Path, option(OUTPUT, "--output -o", "The folder: new, empty, or a bundle that --force replaces.", "FOLDER")
    ],
    title: Annotated[
        str | None,
        option(OUTPUT, "--title", "The heading of the pages. Default: the names of the categories.", "TEXT"),
    ] = None,
    all_probes: Annotated[
        bool,
        option(PROBES, "--all-probes", "Include all probes of each gene. Default: the probe with the highest mean."),
    ] = False,
    duckdb_wasm: Annotated[
        Path | None,
        option(
            None,
            "--duckdb-wasm",
            "The unpacked npm package @duckdb/duckdb-wasm. Default: what coexpr fetch duckdb-wasm has fetched.",
            "FOLDER",
        ),
    ] = None,
    force: Annotated[bool, option(None, "--force", "Replace a bundle.")] = False,
    dry_run: Annotated[
        bool, option(None, "--dry-run", "Only say what it would contain, and how large it would be.")
    ] = False,
    db: Database = None,
) -> None:
    """Write web pages that query a category in the browser.

    They are a folder that any web server can serve. DuckDB runs inside the browser of the reader, so nothing else is
    needed.

    \b
    Examples:
      coexpr fetch duckdb-wasm
      coexpr bundle --category "nervous system development" -o site
      python3 -m http.server --directory site
    """
    from coexpr.bundling.bundle import bundle as write_bundle  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas
    from coexpr.cli.progress import progress_of_command

    with open_atlas(db) as atlas:
        gene_filter = gene_options.gene_filter(atlas)  # a file of genes is recognised by the names in the database
    result = write_bundle(
        output,
        gene_filter,
        database=db,
        all_probes=all_probes,
        title=title,
        duckdb_wasm=duckdb_wasm,
        force=force,
        dry_run=dry_run,
        progress=progress_of_command(),
    )
    for line in _describe(result):
        say(line)


def _describe(result: "Result[BundleProvenance]") -> list[str]:
    provenance = result.provenance
    notes = provenance.gene_filter.gene_list.notes if provenance.gene_filter.gene_list else []
    lines = [f"Left out: {note}." for note in notes]
    if provenance.dry_run:
        return [*lines, f"Nothing was written. {provenance.folder} would have about {bytes_of(provenance.bytes)}."]
    return [
        *lines,
        f"Wrote {len(result)} files, {bytes_of(provenance.bytes)}, into {provenance.folder}.",
        f'Try it with: python3 -m http.server --directory "{provenance.folder}"',
    ]
