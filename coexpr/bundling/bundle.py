"""Make a bundle: a folder of static files that a web browser queries without a server program."""

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from coexpr.bundling.description import announce, describe, title_of
from coexpr.bundling.duckdb_wasm import PROGRAM, VERSION, WORKER, find_duckdb_wasm
from coexpr.bundling.extract import select, write_database
from coexpr.bundling.folder import DESCRIPTION, check_folder, new_folder
from coexpr.database.categories import GeneFilterUse
from coexpr.options import GeneFilter, GeneFilterLike, as_options
from coexpr.progress import BYTES, SILENT, Progress
from coexpr.resources import database_path, package_folder
from coexpr.result import Provenance, Result

DATABASE = "atlas.duckdb"
_COLUMNS = ("file", "bytes", "sha256")
_BLOCK = 1 << 20
# The size of the compressed program, as a part of its size.
_COMPRESSED = 0.225


@dataclass(frozen=True, kw_only=True)
class BundleProvenance(Provenance):
    """What a bundle contains.

    Parameters
    ----------
    folder, title : str
    gene_filter : GeneFilterUse
    genes, probes, samples : int
        Genes with expression data and their probes in the bundle, and all samples of the database.
    donors : list of str
    all_probes : bool
        Whether each gene has all of its probes; otherwise it has its representative probe.
    duckdb_wasm : str
        The release of DuckDB-Wasm.
    dry_run : bool
        Whether nothing was written; `bytes` are then expected ones.
    bytes : int
    """

    folder: str
    title: str
    gene_filter: GeneFilterUse
    genes: int
    probes: int
    samples: int
    donors: list[str]
    all_probes: bool
    duckdb_wasm: str
    dry_run: bool
    bytes: int


def bundle(
    folder: Path | str,
    gene_filter: GeneFilterLike,
    *,
    database: Path | str | None = None,
    all_probes: bool = False,
    title: str | None = None,
    duckdb_wasm: Path | str | None = None,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> Result[BundleProvenance]:
    """Write a folder of static files in which a browser queries the genes of a category.

    The folder has a database of these genes, DuckDB-Wasm to query it, and pages. Any web server can serve it. r is the
    same as in the whole database: expression is copied as it is, over all samples.

    Parameters
    ----------
    folder : path
        A new or empty folder, or a bundle that is replaced with `force`.
    gene_filter : GeneFilter, str or sequence of str
        The genes, or the categories alone.
    database : path, optional
        By default COEXPR_DB, or else a file in the user's data folder.
    all_probes : bool
        Include all probes of each gene, not only its representative probe by the rule max-mean.
    title : str, optional
        The heading of the pages. By default the names of the categories.
    duckdb_wasm : path, optional
        The folder of an unpacked npm package @duckdb/duckdb-wasm of the one release that is used. By default what
        `coexpr fetch duckdb-wasm` has put next to the database.
    force : bool
        Replace a bundle.
    dry_run : bool
        Only find out what the bundle would contain, and how large it would be.
    progress : Progress, optional
        Receives the size before anything is written.

    Returns
    -------
    Result
        One row per file: file, bytes, sha256. No rows with `dry_run`.

    Raises
    ------
    OptionError
        If the filter keeps all genes.
    NotFoundError, AmbiguousNameError
        If a name means nothing or several things, or no gene has expression data.
    OutputError
        If DuckDB-Wasm is not here or of another release, or the folder cannot be written. Nothing is left behind.

    Examples
    --------
    >>> bundle("site", "nervous system development")  # doctest: +SKIP
    """
    folder, source = Path(folder), database_path(database)
    gene_filter = as_options(GeneFilter, gene_filter)
    check_folder(folder, force=force)
    engine = find_duckdb_wasm(duckdb_wasm, database)
    selection = select(source, gene_filter, all_probes=all_probes)
    title = title or title_of(selection.gene_filter)
    program_bytes = engine[PROGRAM].stat().st_size
    engine_bytes = round(_COMPRESSED * program_bytes) + engine[WORKER].stat().st_size
    expected = selection.expected_bytes + engine_bytes
    progress.say(announce(selection, engine_bytes))
    rows: list[tuple[str, int, str]] = []
    if not dry_run:
        with new_folder(folder, expected) as work:
            write_database(selection, work / DATABASE, progress)
            _compress(engine[PROGRAM], work / f"{PROGRAM}.gz", progress)
            shutil.copyfile(engine[WORKER], work / WORKER)
            for page in _pages():
                (work / page.name).write_bytes(page.read_bytes())
            files = [_row_of(path) for path in sorted(work.iterdir())]
            description = describe(
                selection, gene_filter, title=title, all_probes=all_probes, program_bytes=program_bytes, files=files
            )
            text = json.dumps(description, indent=1, ensure_ascii=False)
            (work / DESCRIPTION).write_text(text, encoding="utf-8")
            rows = [*files, _row_of(work / DESCRIPTION)]
    provenance = BundleProvenance(
        database=str(source),
        folder=str(folder),
        title=title,
        gene_filter=selection.gene_filter,
        genes=selection.genes,
        probes=len(selection.probe_ids),
        samples=selection.samples,
        donors=selection.donors,
        all_probes=all_probes,
        duckdb_wasm=VERSION,
        dry_run=dry_run,
        bytes=sum(size for _, size, _ in rows) if rows else expected,
    )
    return Result(_COLUMNS, rows, provenance)


def _pages() -> Iterator[Traversable]:
    """Return the pages, with their scripts and styles; those of the pages of `coexpr serve` are used too."""
    for name in ("style.css", "icon.svg"):
        yield package_folder("web") / "static" / name
    yield from (package_folder("bundling") / "static").iterdir()


def _compress(program: Path, path: Path, progress: Progress) -> None:
    """Compress the program, so that a web server that does not compress sends a quarter of it."""
    with (
        progress.task("Compressing DuckDB-Wasm", program.stat().st_size, BYTES) as advance,
        program.open("rb") as stream,
        path.open("wb") as output,
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=output, mtime=0) as compressed,
    ):
        while block := stream.read(_BLOCK):
            compressed.write(block)
            advance(len(block))


def _row_of(path: Path) -> tuple[str, int, str]:
    with path.open("rb") as stream:
        return path.name, path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()
