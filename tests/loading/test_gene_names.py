"""Renewal of gene names and of the Gene Ontology: what is kept, what changes, and everything or nothing."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.allen import donor_folder, full_donor, replace_cell
from helpers.command import run
from helpers.gene_ontology import GAF, GENE2GO, OBO, gaf_line, write
from helpers.recorded import Recorded
from helpers.shells import SHELLS

from coexpr.atlas import Atlas
from coexpr.database.connection import open_readonly
from coexpr.errors import CoexprError
from coexpr.loading.categories import add_categories
from coexpr.loading.downloads import ingest
from coexpr.loading.gene_names import update_genes

pytestmark = pytest.mark.long

HEADER = (
    "#tax_id GeneID Symbol LocusTag Synonyms dbXrefs chromosome map_location description type_of_gene "
    "Symbol_from_nomenclature_authority Full_name_from_nomenclature_authority Nomenclature_status "
    "Other_designations Modification_date Feature_type"
).replace(" ", "\t")
GENES = [
    (4915, "NTRK2", "TRKB|NEWALIAS"),
    (777627, "BDNFNEW", "BDNF"),  # 627 is retired: its symbol is an alias of another record
    (5179, "PENK", "-"),
    (8650, "NUMB", "-"),
    (624, "BDKRB2", "-"),
]
GENE_INFO = "\n".join(
    [
        HEADER,
        *(
            f"9606\t{entrez_id}\t{symbol}\t-\t{aliases}\t-\t1\t-\tname\tx\t-\t-\tO\t-\t20260518\t-"
            for entrez_id, symbol, aliases in GENES
        ),
    ]
)
LATER = OBO.replace("releases/2026-01-01", "releases/2026-06-01").replace("GO:0000004", "GO:9000004")
TABLES = (
    *("gene_aliases", "categories", "category_genes", "category_edges", "category_names", "name_matches", "releases"),
    *("genes", "probes", "expression", "downloads"),
)
INTERRUPTED = """
import os, signal, sys, threading
from coexpr.loading.gene_names import update_genes
sys.path.insert(0, sys.argv[3])
from helpers.recorded import Recorded
steps = []
def interrupt():
    steps.append(1)
    if len(steps) == 2:
        threading.Timer(float(sys.argv[4]), os.kill, (os.getpid(), signal.SIGINT)).start()
update_genes([sys.argv[1]], sys.argv[2], progress=Recorded(interrupt))
"""


@pytest.fixture(scope="module")
def loaded(shipped_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped database with one small donor and an added category; tests copy it."""
    folder = tmp_path_factory.mktemp("loaded")
    database = Path(shutil.copy(shipped_database, folder / "atlas.duckdb"))
    files = replace_cell(full_donor(), "Probes.csv", 5, 6, "624")
    ingest([donor_folder(folder, files=files)], database)
    gmt = folder / "mine.gmt"
    gmt.write_text("mine\t\tNTRK2\tBDNF\tNEWALIAS\nother\t\tNEWALIAS\tPENK\n")
    add_categories([gmt], database)
    return database


@pytest.fixture
def database(loaded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(loaded, tmp_path / "atlas.duckdb"))


def contents(database: Path) -> dict[str, Any]:
    with open_readonly(database) as connection:
        return {
            table: connection.execute(
                f"select count(*), sum(hash(t)::hugeint) from (from {table}) as t"  # whatever the order of rows
            ).fetchall()
            for table in TABLES
        }


def ids(database: Path) -> dict[str, int]:
    with open_readonly(database) as connection:
        return dict(connection.execute("select accession, category_id from categories where is_shipped").fetchall())


def members(atlas: Atlas, category: str) -> dict[int, list[str]]:
    rows = atlas.sql(
        "select entrez_id, evidence from category_genes join categories using (category_id) "
        f"where accession = '{category}' or name = '{category}'"
    ).fetchall()
    return dict(rows)


def files(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        write(folder, name.replace("_gz", ".gz"), text)
    return folder


def test_terms_keep_their_ids_and_members_are_renewed(database: Path, tmp_path: Path) -> None:
    shipped = ids(database)
    first = update_genes(files(tmp_path / "a", obo=OBO, gene2go=GENE2GO), database)
    assert ids(database) == {
        accession: shipped.get(accession, category_id) for accession, category_id in ids(database).items()
    }
    assert ids(database).keys() == {f"GO:000000{number}" for number in (1, 2, 3, 4)}
    kept = ids(database)
    progress = Recorded()
    later = update_genes(
        [files(tmp_path / "b", obo=LATER, goa_gz=GAF.replace("GO:0000004", "GO:9000004"))],
        str(database),
        progress=progress,
    )
    renewed = ids(database)
    assert renewed.keys() == {*kept.keys(), "GO:9000004"} - {"GO:0000004"}
    assert all(renewed[accession] == kept[accession] for accession in kept.keys() & renewed.keys())
    assert renewed["GO:9000004"] not in kept.values()
    assert len(set(renewed.values())) == len(renewed)
    assert progress.tasks == {"Renewing gene names and categories": (3, 3)}
    assert [row[:3] for row in later.rows if row[0] == "Gene Ontology"] == [
        ("Gene Ontology", "2026-01-01", "2026-06-01")
    ]
    assert [row[1] for row in first.rows if row[0] == "Gene Ontology"] == ["2022-07-01"]
    with Atlas(database) as atlas:
        # Members of a term include those of the terms below; NOT and ND annotations and other species are left out.
        assert members(atlas, "GO:0000001") == {4915: ["IDA", "IEA"], 627: ["IDA"], 5179: ["IDA"], 8650: ["IDA"]}
        assert members(atlas, "GO:0000003") == {627: ["IDA"], 8650: ["IDA"]}
        assert atlas.sources.releases["Gene Ontology"] == "2026-06-01"
        found = atlas.sql("select distinct relation from category_edges order by relation").fetchall()
        assert [relation for (relation,) in found] == ["is_a", "part_of", "regulates"]


def test_names_are_matched_again_and_retired_ids_are_followed(database: Path, tmp_path: Path) -> None:
    with Atlas(database) as atlas:
        assert members(atlas, "other").keys() == {5179}
        assert members(atlas, "mine").keys() == {4915, 627}
        with pytest.raises(CoexprError, match="NEWALIAS"):
            atlas.correlates("NEWALIAS")
    done = update_genes(files(tmp_path / "a", gene_info_gz=GENE_INFO), database)
    assert {row[0]: row[2] for row in done.rows}["NCBI gene names"] == "2026-05-18"
    assert done.provenance.files == [str(tmp_path / "a" / "gene_info.gz")]
    with Atlas(database) as atlas:
        assert members(atlas, "other").keys() == {4915, 5179}
        assert members(atlas, "mine").keys() == {4915, 777627}
        (bdnf,) = atlas.sql("select entrez_id, current_entrez_id from genes where gene_symbol = 'BDNF'").fetchall()
        assert bdnf == (627, 777627)
        assert atlas.resolve(["NEWALIAS"]).column("gene_symbol") == ["NTRK2"]
        assert atlas.sources.releases["NCBI gene names"] == "2026-05-18"
        assert atlas.sources.releases["Gene Ontology"] == "2022-07-01"
    # Older names, with the id in use again, undo it.
    back = GENE_INFO.replace("777627\tBDNFNEW\t-\tBDNF", "627\tBDNF\t-\t-").replace("TRKB|NEWALIAS", "TRKB")
    update_genes(files(tmp_path / "b", gene_info=back), database)
    with Atlas(database) as atlas:
        assert members(atlas, "mine").keys() == {4915, 627}
        assert members(atlas, "other").keys() == {5179}


def test_a_gaf_uses_the_new_names_that_are_given_with_it(database: Path, tmp_path: Path) -> None:
    gaf = f"{GAF}\n{gaf_line('BDNFNEW', 'GO:0000003')}"
    done = update_genes(files(tmp_path / "a", obo=OBO, gaf=gaf, gene_info=GENE_INFO), database)
    with Atlas(database) as atlas:
        assert members(atlas, "GO:0000003").keys() == {777627, 8650}
    assert any("not the symbol of one gene" in note and "BDNF" in note for note in done.provenance.notes)


def test_macros_and_results_have_the_new_members(database: Path, tmp_path: Path) -> None:
    update_genes(files(tmp_path / "a", obo=OBO, gene2go=GENE2GO), database)
    sql = "select string_agg(gene_symbol, ' ' order by gene_symbol) as found from members('nervous system development')"
    for shell in SHELLS:
        command = [shell, "-readonly", "-csv", "-noheader", str(database), sql]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ['"BDNF', 'NTRK2"'] or done.stdout.split() == ["BDNF", "NTRK2"]
    with Atlas(database) as atlas:
        assert atlas.sql(sql).fetchall() == [("BDNF NTRK2",)]
        found = atlas.correlates("NTRK2", gene_filter="nervous system development").provenance
        assert found.sources.releases["Gene Ontology"] == "2026-01-01"


@pytest.mark.parametrize(
    "texts",
    [
        {"obo": OBO},
        {"gene2go": GENE2GO},
        {"obo": OBO, "gene2go": GENE2GO, "goa": GAF},
        {"obo": OBO, "gene2go": GENE2GO.replace("GO:0000003", "GO:0009999")},
        {"obo": OBO, "gene2go": GENE2GO.replace("\t627\t", "\tx\t")},
        {"obo": OBO, "gene2go": GENE2GO, "gene_info": GENE_INFO.replace("20260518", "today")},
        {"obo": OBO + "\nis_a: \n[Term", "gene2go": GENE2GO, "gene_info": GENE_INFO},
        {"obo": OBO.replace("is_a: GO:0000001", "is_a: GO:0000003"), "goa": GAF, "gene_info": GENE_INFO},
        {"gene_info": HEADER},
        {},
    ],
)
def test_an_error_changes_nothing(database: Path, tmp_path: Path, texts: dict[str, str]) -> None:
    before = contents(database)
    with pytest.raises(CoexprError):
        update_genes(files(tmp_path / "a", **texts), database)
    assert contents(database) == before


@pytest.mark.parametrize("delay", [0, 0.1, 0.3])
def test_ctrl_c_changes_nothing(database: Path, tmp_path: Path, delay: float) -> None:
    before = contents(database)
    folder = files(tmp_path / "a", obo=OBO, gene2go=GENE2GO, gene_info=GENE_INFO)
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", INTERRUPTED, str(folder), str(database), tests, str(delay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    interrupted = contents(database)
    update_genes(folder, database)
    # Ctrl-C after the renewal is complete does not undo it.
    assert interrupted in (before, contents(database)), done.stderr
    with Atlas(database) as atlas:
        assert members(atlas, "other").keys() == {4915, 5179}


def test_the_command(database: Path, tmp_path: Path) -> None:
    folder = files(tmp_path / "a", obo=OBO, goa=GAF, gene_info=GENE_INFO)
    done = run("update-genes", folder, "--db", database)
    assert done.stdout.splitlines()[0].split() == ["name", "release_before", "release", "rows_before", "rows"]
    assert "Note: annotations to obsolete terms without a replacement, left out: 1." in done.stderr
    assert done.stderr.splitlines()[-1] == f"Database: {database}."
    before = contents(database)
    refused = run("update-genes", tmp_path / "none", "--db", database, code=1)
    assert refused.stderr == f"Error: {tmp_path / 'none'} does not exist. Get them with: coexpr fetch genes\n"
    assert contents(database) == before
    run("update-genes", folder, "--db", tmp_path / "none.duckdb", code=1)
    assert not (tmp_path / "none.duckdb").exists()


def test_the_real_ontology(database: Path, tmp_path: Path, shared_data: Path) -> None:
    kept = ids(database)
    folder = files(
        tmp_path / "a", gene2go=GENE2GO.replace("GO:0000002", "GO:0007399").replace("GO:0000003", "GO:0007417")
    )
    shutil.copy(shared_data / "gene-ontology" / "go-basic_2026-05-19.obo.gz", folder)
    update_genes(folder, database)
    renewed = ids(database)
    assert len(renewed) > 35_000
    assert all(kept[accession] == category_id for accession, category_id in renewed.items() if accession in kept)
    assert len(set(renewed.values())) == len(renewed)
    with Atlas(database) as atlas:
        assert members(atlas, "GO:0007399").keys() == {4915, 627}
        assert atlas.sources.releases["Gene Ontology"] == "2026-05-19"


def test_a_database_in_use_is_refused(database: Path, tmp_path: Path) -> None:
    folder = files(tmp_path / "a", gene_info=GENE_INFO)
    with duckdb.connect(database, read_only=True), pytest.raises(CoexprError, match="open in this process already"):
        update_genes(folder, database)
