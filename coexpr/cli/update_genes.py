"""coexpr update-genes: renew the gene names and the Gene Ontology of a database."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import Database


def update_genes(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files, or folders with them: go-basic.obo with gene2go.gz or a GAF, and Homo_sapiens.gene_info.gz. "
            "Without a path, they are fetched.",
            show_default=False,
        ),
    ] = None,
    *,
    db: Database = None,
) -> None:
    """Renew gene names and the Gene Ontology.

    The database ships with releases of 2022. Later ones have other genes in a category: the release is part of every
    result's provenance. Added categories are matched again.

    \b
    Examples:
      coexpr update-genes
      coexpr update-genes ~/Downloads/go-basic.obo ~/Downloads/gene2go.gz
    """
    from coexpr.cli.messages import say
    from coexpr.cli.progress import progress_of_command
    from coexpr.cli.screen import deliver
    from coexpr.database.connection import refuse_missing  # loads DuckDB, which --help does not need
    from coexpr.loading.gene_names import update_genes as update
    from coexpr.resources import database_path

    refuse_missing(database_path(db))
    progress = progress_of_command()
    if not paths:
        from coexpr.fetching.fetch import default_folder, fetch

        fetched = fetch(["genes"], default_folder(db), progress=progress)
        paths = [Path(fetched.provenance.folder) / name for name in fetched.column("file")]
    result = update(paths, db, progress=progress)
    deliver(result)
    for note in result.provenance.notes:
        say(f"Note: {note}")
    say(f"Database: {result.provenance.database}.")
