"""The commands that are killed: what is there before, and what is run."""

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from crash.faults import Runner
from fetching.archive import zip_of
from helpers.gene_ontology import GENE2GO, OBO
from helpers.http_server import ServedFile, Server

from coexpr.demo.downloads import write_downloads

_DONORS, _PROBES, _SAMPLES = 4, 60, 72
_GENE_INFO = "\n".join(
    [
        "#tax_id GeneID Symbol LocusTag Synonyms dbXrefs chromosome map_location description type_of_gene "
        "Symbol_from_nomenclature_authority Full_name_from_nomenclature_authority Nomenclature_status "
        "Other_designations Modification_date Feature_type".replace(" ", "\t"),
        *(
            f"9606\t{entrez_id}\t{symbol}\t-\t-\t-\t1\t-\tname\tx\t-\t-\tO\t-\t20260518\t-"
            for entrez_id, symbol in ((4915, "NTRK2"), (627, "BDNF"), (5179, "PENK"), (8650, "NUMB"))
        ),
    ]
)


@dataclass
class Place:
    """Where a command runs.

    Parameters
    ----------
    folder : path
        Holds what the command changes.
    inputs : path
        Holds what it reads.
    server : Server
        Of the files that are fetched.
    runner : Runner
    """

    folder: Path
    inputs: Path
    server: Server
    runner: Runner
    downloads: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        every = write_downloads(self.inputs / "downloads", probes=_PROBES, samples=_SAMPLES)
        for path in every[_DONORS:]:
            path.unlink()
        self.downloads = every[:_DONORS]

    @property
    def database(self) -> Path:
        return self.folder / "atlas.duckdb"

    def run(self, *arguments: object) -> None:
        """Run a command without faults."""
        done = self.runner.run(arguments)
        assert done.code == 0, done.stderr

    def load(self) -> None:
        """Write the database with all downloads, without a cache."""
        ready = self.inputs / "ready.duckdb"
        if not ready.exists():
            self.run("ingest", *self.downloads, "--db", ready)
        shutil.copy(ready, self.database)


@dataclass(frozen=True)
class Scenario:
    """A command.

    Parameters
    ----------
    tried : str
        What it does, for the table of the page.
    prepare : callable
        Writes what is there before.
    command : callable
        Returns the arguments.
    is_older : bool
        Whether the database has an older schema before, which other commands refuse.
    """

    tried: str
    prepare: Callable[[Place], None]
    command: Callable[[Place], list[object]]
    is_older: bool = False


def _nothing(place: Place) -> None:
    """A new database."""


def _half(place: Place) -> None:
    half = place.inputs / "half.duckdb"
    if not half.exists():
        place.run("ingest", *place.downloads[: _DONORS // 2], "--db", half)
    shutil.copy(half, place.database)


def _older(place: Place) -> None:
    """A database without the newest migration, with other definitions."""
    place.load()
    with duckdb.connect(place.database) as connection:
        connection.execute("drop table stored_names")
        connection.execute("drop table chip_genes")
        connection.execute("delete from schema_migrations where version = 3")
        connection.execute("update schema_definitions set sha256 = 'of another version'")


def _with_categories(place: Place) -> None:
    place.load()
    place.run(*_add(place))


def _lists(place: Place) -> Path:
    path = place.inputs / "lists.gmt"
    path.write_text("mine\t\tNTRK2\tBDNF\tMAG\nother\t\tPENK\tNUMB\n")
    return path


def _add(place: Place) -> list[object]:
    return ["categories", "add", _lists(place), "--source", "mine", "--db", place.database]


def _gene_files(place: Place) -> Path:
    folder = place.inputs / "genes"
    folder.mkdir(exist_ok=True)
    (folder / "go-basic.obo").write_text(OBO)
    (folder / "gene2go").write_text(GENE2GO)
    (folder / "gene_info").write_text(_GENE_INFO)
    return folder


def _parts(place: Place) -> None:
    place.load()
    for number in (1, 2):
        place.run(*_network("--min-abs-r", "0.3", "-o", "n.parquet", "--part", f"{number}/2")(place))


def _serve(place: Place) -> None:
    place.server.files = {
        "normalized_microarray_donor9861.zip": ServedFile(zip_of(150_000, 1)),
        "normalized_microarray_donor10021.zip": ServedFile(zip_of(150_000, 2)),
        "go-basic.obo": ServedFile(OBO.encode() + b"\n" * 100_000),
        "gene2go.gz": ServedFile(gzip.compress(GENE2GO.encode(), mtime=0)),
        "Homo_sapiens.gene_info.gz": ServedFile(gzip.compress(_GENE_INFO.encode(), mtime=0)),
    }


def _network(*options: str) -> Callable[[Place], list[object]]:
    return lambda place: ["network", "--level", "probe", *options, "--db", place.database]


def _fetch(*options: str) -> Callable[[Place], list[object]]:
    return lambda place: ["fetch", *options, "--folder", place.folder / "new", "--base-url", place.server.url]


SCENARIOS = {
    "ingest": Scenario(
        "`coexpr ingest` of four downloads into a new database",
        _nothing,
        lambda place: ["ingest", *place.downloads, "--db", place.database],
    ),
    "second-ingest": Scenario(
        "`coexpr ingest` of two more downloads",
        _half,
        lambda place: ["ingest", *place.downloads, "--db", place.database],
    ),
    "network-csv": Scenario(
        "`coexpr network` of all strong edges, with its checkpoint, into a CSV file",
        Place.load,
        _network("--min-abs-r", "0.3", "-o", "n.csv"),
    ),
    "network-parquet": Scenario(
        "`coexpr network` of the strongest edges, with its checkpoint, into a Parquet file",
        Place.load,
        _network("--top", "5", "-o", "n.parquet"),
    ),
    "network-duckdb": Scenario(
        "`coexpr network` into a DuckDB file",
        Place.load,
        _network("--top", "5", "-o", "n.duckdb"),
    ),
    "network-part": Scenario(
        "`coexpr network --part`",
        Place.load,
        _network("--min-abs-r", "0.3", "-o", "n.parquet", "--part", "1/2"),
    ),
    "network-merge": Scenario(
        "`coexpr network merge` of two parts",
        _parts,
        lambda place: [
            *("network", "merge", "n.parquet.part-1-of-2", "n.parquet.part-2-of-2", "-o", "n.parquet"),
            *("--db", place.database),
        ],
    ),
    "categories-add": Scenario(
        "`coexpr categories add`",
        Place.load,
        _add,
    ),
    "categories-remove": Scenario(
        "`coexpr categories remove`",
        _with_categories,
        lambda place: ["categories", "remove", "--source", "mine", "--db", place.database],
    ),
    "update-genes": Scenario(
        "`coexpr update-genes`",
        _with_categories,
        lambda place: ["update-genes", _gene_files(place), "--db", place.database],
    ),
    "upgrade": Scenario(
        "the upgrade of a database of the schema before",
        _older,
        lambda place: ["ingest", *place.downloads, "--db", place.database],
        is_older=True,
    ),
    "fetch": Scenario(
        "`coexpr fetch` of two archives",
        _serve,
        _fetch("--donor", "9861", "--donor", "10021", "--no-ingest"),
    ),
    "fetch-genes": Scenario("`coexpr fetch genes`", _serve, _fetch("genes")),
    "query": Scenario(
        "`coexpr query`, which writes the cache of the matrix, into a CSV file",
        Place.load,
        lambda place: ["query", "NTRK2", "--top", "5", "-o", "r.csv", "--db", place.database],
    ),
    "enrich": Scenario(
        "`coexpr enrich`, which writes a cache of centroids",
        Place.load,
        lambda place: ["enrich", "NTRK2", "-o", "e.csv", "--db", place.database],
    ),
}
