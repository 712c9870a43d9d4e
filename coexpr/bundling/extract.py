"""The database of a bundle: some genes of another one, with all samples."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.categories import GeneFilterUse, choose_genes
from coexpr.database.connection import forbid_other_files, open_readonly
from coexpr.database.engine import attach, connect, reason_of
from coexpr.database.queries import query, registered, run, single
from coexpr.database.schema import migrate
from coexpr.database.sources import find_sources
from coexpr.database.stored_tables import store_genes_of_atlas, store_names_of_ncbi
from coexpr.errors import NotFoundError, OptionError, OutputError
from coexpr.options import GeneFilter
from coexpr.progress import Progress
from coexpr.question import Sources

# Tables in the order in which they are filled: later ones are restricted by earlier ones.
_TABLES = (
    "donors", "structures", "samples", "releases", "downloads", "genes", "probes", "probe_stability",
    "rnaseq_agreement", "reannotations", "corrected_coordinates", "categories", "category_genes", "category_edges",
    "category_names", "name_matches", "gene_aliases", "expression", "present_calls",
)  # fmt: skip
_BYTES_PER_VALUE = 4
# Tables other than expression, indexes, views and macros: what they take at full size.
_OTHER_BYTES = 8_000_000


@dataclass(frozen=True)
class Selection:
    """What is copied from a database.

    Parameters
    ----------
    database : path
    gene_filter : GeneFilterUse
    probe_ids, gene_ids, category_ids : (N,) int
        What is copied. gene_ids also has members of the categories without expression data.
    genes : int
        The number of genes with expression data.
    samples : int
    donors : list of str
    titles : list of str
        The titles of the atlas that the downloads name.
    sources : Sources
    """

    database: Path
    gene_filter: GeneFilterUse
    probe_ids: NDArray[np.int32]
    gene_ids: NDArray[np.int32]
    category_ids: NDArray[np.int32]
    genes: int
    samples: int
    donors: list[str]
    titles: list[str]
    sources: Sources

    @property
    def expected_bytes(self) -> int:
        """About how large the new database will be; it is seldom larger."""
        return _BYTES_PER_VALUE * len(self.probe_ids) * self.samples + _OTHER_BYTES


def select(database: Path, gene_filter: GeneFilter, *, all_probes: bool) -> Selection:
    """Find the genes of a bundle, and their probes.

    Raises
    ------
    OptionError
        If the filter keeps all genes.
    NotFoundError, AmbiguousNameError
        If a category does not exist or its name is ambiguous, or no gene has expression data.
    """
    if not gene_filter:
        raise OptionError("a bundle has the genes of a category or a list. Give `categories`, or `genes`.")
    connection = open_readonly(database)
    try:
        use = choose_genes(connection, gene_filter)
        assert use is not None  # noqa: S101  # the filter is not empty
        probe_ids = _ids(connection, "probes_of_chosen_genes" if all_probes else "representatives_of_chosen_genes")
        if not len(probe_ids):
            raise NotFoundError(
                "none of these genes has expression data in this database. Load downloads that have them."
            )
        with registered(connection, given_probes={"probe_id": probe_ids}):
            genes = single(connection, "count_genes_of_probes")
        (contents,) = run(connection, "contents")
        return Selection(
            database,
            use,
            probe_ids,
            _ids(connection, "bundled_gene_ids"),
            _ids(connection, "bundled_category_ids"),
            genes,
            contents["samples"],
            list(dict(connection.execute(query("donor_names")).fetchall()).values()),
            [title for (title,) in connection.execute(query("titles")).fetchall()],
            find_sources(connection),
        )
    finally:
        connection.close()


def write_database(selection: Selection, path: Path, progress: Progress) -> None:
    """Write the database of a bundle.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    ids = {
        "bundled_genes": {"gene_id": selection.gene_ids},
        "bundled_probes": {"probe_id": selection.probe_ids},
        "bundled_categories": {"category_id": selection.category_ids},
    }
    with _new_database(path) as connection:
        attach(connection, query("attach_source"), selection.database)
        forbid_other_files(connection)
        with registered(connection, **ids), progress.task("Copying", len(_TABLES), "tables") as advance:
            for table in _TABLES:
                connection.execute(query(f"copy_{table}"))
                advance(1)
        store_names_of_ncbi(connection)
        store_genes_of_atlas(connection)
        connection.execute(query("checkpoint_atlas"))


@contextmanager
def _new_database(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Create a database with the current schema."""
    connection = connect(config={"temp_directory": f"{path}.tmp"})
    try:
        attach(connection, query("attach_atlas"), path)
        connection.execute(query("use_atlas"))
        migrate(connection, path)
        yield connection
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
        raise OutputError(
            f"the database of the bundle could not be written: {reason_of(error)}. Nothing is kept. If the disk is "
            "full, free some space and run the same command again."
        ) from None
    finally:
        connection.close()


def _ids(connection: duckdb.DuckDBPyConnection, name: str) -> NDArray[np.int32]:
    (ids,) = connection.execute(query(name)).fetchnumpy().values()
    return np.asarray(ids, dtype=np.int32)
