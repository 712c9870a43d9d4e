"""coexpr fetch: get the files of the atlas, of the gene names and categories, and of DuckDB-Wasm."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coexpr.cli.groups import SAMPLES, option
from coexpr.cli.options import Database
from coexpr.cli.output_options import OutputOptions
from coexpr.cli.table import Layout
from coexpr.resources import INTERRUPTED

if TYPE_CHECKING:
    from coexpr.fetching.fetch import FetchProvenance
    from coexpr.result import Result

_LAYOUT = Layout(keys=("file",), drop=("sha256", "seconds", "url"), shorten=("url",), comfortable=70)


class What(StrEnum):
    """The groups of files."""

    DONORS = "donors"
    RNASEQ = "rnaseq"
    ADDITIONAL_FILE_8 = "additional-file-8"
    GENES = "genes"
    DUCKDB_WASM = "duckdb-wasm"
    ALL = "all"


def fetch(
    what: Annotated[
        list[What] | None,
        typer.Argument(
            metavar="[WHAT]...",
            help="donors: the microarray archives of the six donors. additional-file-8: agreement of probes with "
            "RNA-seq, for the rule rnaseq. genes: the Gene Ontology and NCBI's names of genes, for coexpr "
            "update-genes. rnaseq: the RNA-seq archives of two donors, which coexpr does not load. all: all of these. "
            "duckdb-wasm: the program that the pages of coexpr bundle run. Default: donors.",
            show_default=False,
        ),
    ] = None,
    *,
    donor: Annotated[
        list[str] | None, option(SAMPLES, "--donor", "Only archives of this donor: an id or name. Repeatable.", "ID")
    ] = None,
    folder: Annotated[
        Path | None, option(None, "--folder", "Where the files go. Default: downloads, next to the database.", "FOLDER")
    ] = None,
    base_url: Annotated[
        str | None,
        option(None, "--base-url", "A mirror: the address of a folder that has the files by their names.", "URL"),
    ] = None,
    load: Annotated[
        bool | None,
        option(None, "--ingest/--no-ingest", "Load the archives afterwards, or not. Default: ask on a terminal."),
    ] = None,
    timeout: Annotated[
        float,
        option(None, "--timeout", "Seconds without a byte before connecting again.", "S", min=0.1, show_default=True),
    ] = 60,
    retries: Annotated[
        int,
        option(
            None, "--retries", "Attempts in a row that bring nothing, after the first.", "N", min=0, show_default=True
        ),
    ] = 5,
    dry_run: Annotated[bool, option(None, "--dry-run", "Only list the files and their sizes.")] = False,
    result_options: OutputOptions,
    db: Database = None,
) -> None:
    """Fetch the files of the atlas from the Allen Institute.

    The archives of the six donors have about 58,692 probes and 3,702 samples altogether. A transfer that breaks
    continues with the same command. Every file is tested, and its SHA-256 is recorded in SHA256SUMS. Proxies are those
    of HTTPS_PROXY and HTTP_PROXY.

    \b
    Examples:
      coexpr fetch
      coexpr fetch --donor 9861 --ingest
      coexpr fetch genes && coexpr update-genes
    """
    from coexpr.cli.progress import progress_of_command
    from coexpr.cli.screen import deliver
    from coexpr.fetching.catalogue import DATA_GROUPS  # loads requests, which --help does not need
    from coexpr.fetching.fetch import default_folder
    from coexpr.fetching.fetch import fetch as fetch_files
    from coexpr.fetching.transfer import Patience

    groups = [group.value for group in what or [What.DONORS]]
    if What.ALL.value in groups:
        groups = [*DATA_GROUPS, *(group for group in groups if group != What.ALL.value)]
    try:
        result = fetch_files(
            groups,  # type: ignore[arg-type]  # What has the same values
            folder or default_folder(db),
            donors=donor or [],
            base_url=base_url,
            patience=Patience(timeout, retries),
            dry_run=dry_run,
            progress=progress_of_command(),
        )
    except KeyboardInterrupt:
        typer.echo("Interrupted. What has arrived is kept; the same command continues.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    deliver(result, result_options, _LAYOUT)
    if not dry_run:
        _offer_ingest(result, load, db)


def _offer_ingest(result: "Result[FetchProvenance]", load: bool | None, db: Path | None) -> None:
    """Load what was fetched if the user wants it, or say how."""
    from coexpr.cli.ingest import ingest
    from coexpr.cli.messages import is_quiet, program_name, say

    folder, what = result.provenance.folder, result.provenance.what
    program = program_name()
    if "duckdb-wasm" in what:
        say(f"Make pages of a category with: {program} bundle --category NAME -o FOLDER")
    if "genes" in what:
        say(f'Renew gene names and categories with: {program} update-genes "{folder}"')
    if not {"donors", "additional-file-8"} & set(what):
        return
    command = f'{program} ingest "{folder}"'
    is_asked = load is None and sys.stdin.isatty() and sys.stderr.isatty() and not is_quiet()
    if load or (is_asked and typer.confirm(f"Load them now ({command})?", default=True, err=True)):
        ingest([Path(folder)], db=db)
    else:
        say(f"Load them with: {command}")
