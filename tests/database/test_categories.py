import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from helpers.allen import donor_folder, full_donor
from helpers.gene_ontology import GAF, OBO, write
from typer.testing import CliRunner, Result

from coexpr.atlas import Atlas
from coexpr.cli import app
from coexpr.database.categories import match_names
from coexpr.errors import DatabaseError, DownloadError, NotFoundError
from coexpr.loading.categories import add_categories, remove_categories
from coexpr.loading.downloads import ingest
from coexpr.options import GeneFilter
from coexpr.readers.categories import ReadingOptions
from coexpr.resources import package_folder

NERVOUS = "nervous system development"


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    """A copy of the synthetic atlas that a test may add to."""
    return Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))


@pytest.fixture
def own_atlas(database: Path) -> Iterator[Atlas]:
    with Atlas(database) as opened:
        yield opened


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def shipped(name: str) -> list[dict]:
    with (package_folder("data") / f"{name}.parquet").open("rb") as stream:
        return pq.read_table(stream).to_pylist()


def genes_below(accession: str, relations: set[str]) -> set[int]:
    """The genes of a term and of all below it, by walking the shipped tables in plain Python."""
    children: dict[str, list[str]] = {}
    for edge in shipped("edges"):
        if edge["relation"] in relations:
            children.setdefault(edge["parent_id"], []).append(edge["child_id"])
    found, waiting = {accession}, [accession]
    while waiting:
        new = [child for child in children.get(waiting.pop(), []) if child not in found]
        found.update(new)
        waiting += new
    return {row["entrez_id"] for row in shipped("annotations") if row["go_id"] in found}


def test_nervous_system_development_has_2164_genes_368_of_them_direct(atlas: Atlas) -> None:
    answer = atlas.members("GO:0007399")
    members = {row[1]: row[3] for row in answer.rows}
    assert (len(members), sum(members.values())) == (2164, 368)
    assert set(members) == genes_below("GO:0007399", {"is_a", "part_of"})
    assert answer.provenance["release"] == "2022-07-01"


def test_with_regulates_it_has_2495(atlas: Atlas) -> None:
    relations = {"is_a", "part_of", "regulates", "positively_regulates", "negatively_regulates"}
    members = {row[1] for row in atlas.members("GO:0007399", include_regulates=True).rows}
    assert len(members) == 2495
    assert members == genes_below("GO:0007399", relations)


def test_sql_sees_the_same_by_recursion_over_the_tables(atlas: Atlas) -> None:
    rows = atlas.sql(
        "with recursive below(id) as (select category_id from categories where accession = 'GO:0007420' union "
        "select child_id from below join category_edges on parent_id = id where relation in ('is_a', 'part_of')) "
        "select distinct entrez_id from below join category_genes on category_id = id where direct"
    ).fetchall()
    members = {row[1] for row in atlas.members("brain development").rows}
    assert members == {entrez_id for (entrez_id,) in rows}
    assert len(members) > 500


@pytest.mark.parametrize(
    "name", [NERVOUS, "Nervous_System_DEVELOPMENT", "GOBP_NERVOUS_SYSTEM_DEVELOPMENT", "go:0007399", f"GO:{NERVOUS}"]
)
def test_a_category_is_found_in_any_spelling(atlas: Atlas, name: str) -> None:
    assert atlas.members(name).provenance["accession"] == "GO:0007399"


def test_a_category_that_is_not_there_offers_near_ones(atlas: Atlas) -> None:
    with pytest.raises(NotFoundError, match=f"no category is named .* Did you mean '{NERVOUS}' or"):
        atlas.members("nervus system development")


@pytest.mark.parametrize("rank_overall", [True, False])
@pytest.mark.parametrize(("seed", "level"), [("NTRK2", "gene"), ("A_23_P216779", "probe")])
def test_a_category_gives_what_filtering_the_whole_list_gives(
    atlas: Atlas, seed: str, level: str, rank_overall: bool
) -> None:
    members = {row[1] for row in atlas.members(NERVOUS).rows}
    recipe = [row for row in atlas.correlates(seed, top=None).rows if row[5] in members]
    answer = atlas.correlates(seed, top=None, gene_filter=[NERVOUS], rank_overall=rank_overall)
    assert len(recipe) > 20
    start = 2 if rank_overall else 1
    assert [row[start:] for row in answer.rows] == [row[1:] for row in recipe]
    assert [row[0] for row in answer.rows] == list(range(1, len(recipe) + 1))
    if rank_overall:
        assert list(answer.columns[:2]) == ["rank", "rank_overall"]
        assert [row[1] for row in answer.rows] == [row[0] for row in recipe]
    assert answer.provenance.level == level
    (told,) = answer.provenance.gene_filter.categories
    assert (told["source"], told["release"], told["accession"]) == ("GO", "2022-07-01", "GO:0007399")
    assert told["genes"] == 2164
    assert told["on_chip"] == told["loaded"] > 20


def test_categories_unite_or_intersect(atlas: Atlas) -> None:
    def genes(*categories: str, match: str = "any") -> set[int]:
        rows = atlas.correlates(
            "NTRK2", top=None, gene_filter=GeneFilter(categories=categories, match=match), include_self=True
        ).rows
        return {row[6] for row in rows}

    one, other = genes("neurogenesis"), genes("synapse organization")
    assert genes("neurogenesis", "synapse organization") == one | other
    assert genes("neurogenesis", "synapse organization", match="all") == one & other
    assert 0 < len(one & other) < len(one | other)


def test_a_list_on_the_spot_by_symbol_alias_entrez_id_and_probe(atlas: Atlas) -> None:
    with_self = atlas.correlates(
        "BDNF", gene_filter=GeneFilter(genes=["trk-B", "627", "2-Sep", "nonsense"]), include_self=True
    )
    assert {row[4] for row in with_self.rows} == {"NTRK2", "BDNF"}
    (told,) = with_self.provenance.gene_filter.categories
    assert told["matched"] == {"alias": 1, "Entrez id": 1}
    problems = " ".join(told["problems"])
    assert "dates that a spreadsheet made of gene symbols (1): 2-Sep (SEPT2?)" in problems
    assert "unknown names (1): nonsense" in problems
    by_probe = atlas.correlates("BDNF", gene_filter=GeneFilter(genes=["A_24_P343559"]))
    assert [row[4] for row in by_probe.rows] == ["NTRK2"]


def test_a_list_without_a_gene_of_the_atlas(atlas: Atlas) -> None:
    with pytest.raises(NotFoundError, match="none of the 2 genes of the list is in this database"):
        atlas.correlates("BDNF", gene_filter=GeneFilter(genes=["nonsense", "Mar-01"]))


def test_a_category_without_a_loaded_gene_says_how_many_it_has(atlas: Atlas) -> None:
    with pytest.raises(
        NotFoundError,
        match=r"none of the \d+ genes of olfactory receptor activity has expression data .* \(0 are on the chip",
    ):
        atlas.correlates("BDNF", gene_filter=["olfactory receptor activity"])


def test_a_seed_is_found_by_alias_and_the_route_says_so(atlas: Atlas) -> None:
    provenance = atlas.correlates("trk-B").provenance
    assert (provenance.seed.gene, provenance.seed.other_name) == ("NTRK2", "trk-B")
    assert atlas.correlates("ntrk2").provenance.seed.other_name is None


def test_a_gene_that_no_probe_here_measures_is_said_to_be_one(atlas: Atlas) -> None:
    with pytest.raises(
        NotFoundError, match=r"OR51E2 is a human gene \(Entrez 81285\), but this database has no probe of it"
    ):
        atlas.correlates("OR51E2")


def test_the_sentence_of_the_mission(synthetic_database: Path) -> None:
    done = run("query", "NTRK2", "--category", NERVOUS, "--all", "--format", "csv", "--db", synthetic_database)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    with Atlas(synthetic_database) as atlas:
        members = {str(row[1]) for row in atlas.members(NERVOUS).rows}
    assert {row["entrez_id"] for row in rows} <= members
    assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
    assert all(int(row["rank_overall"]) >= int(row["rank"]) for row in rows)
    assert "2,164 genes" in done.stderr
    assert "2022-07-01" in done.stderr


def test_genes_from_a_file_and_from_stdin(synthetic_database: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "mine.txt", "BDNF\nNTRK2\n")
    for given, stdin in ((path, None), ("-", "BDNF\n"), ("BDNF,NTRK2", None)):
        done = run("query", "NTRK2", "--genes", given, "--format", "csv", "--db", synthetic_database, stdin=stdin)
        assert [row["gene_symbol"] for row in csv.DictReader(done.stdout.splitlines())] == ["BDNF"]


def test_adding_a_gmt_and_asking_for_it(database: Path, tmp_path: Path) -> None:
    gmt = write(tmp_path, "mine.gmt", "My Set (GO:0007399)\t\tNTRK2,1.0\ttrk-B\tBDNF\tnonsense\t2-Sep\t\n")
    added = add_categories([gmt], database, source="mine", release="1")
    assert (added.categories, added.replaced, added.names) == (1, 0, 5)
    assert added.matched == {"atlas symbol": 2, "alias": 1}
    with Atlas(database) as atlas:
        answer = atlas.correlates("BDNF", gene_filter=["my_set"])
        assert [row[4] for row in answer.rows] == ["NTRK2"]
        assert answer.provenance.gene_filter.categories[0].genes == 2
        assert atlas.members("GO:0007399").provenance.data.source == "GO"  # shipped before added
        assert atlas.members("mine:GO:0007399").provenance["name"] == "My Set"
        assert atlas.members("mine:My Set").provenance["problems"] == {"unmatched": ["2-Sep", "nonsense"]}


def test_the_same_source_and_name_replace(database: Path, tmp_path: Path) -> None:
    add_categories([write(tmp_path, "a.gmt", "One\t\tNTRK2\tMAG\nTwo\t\tNTRK2\tMAG\n")], database, source="mine")
    again = add_categories([write(tmp_path, "b.gmt", "One\t\tBDNF\tMAG\n")], database, source="Mine")
    assert again.replaced == 1
    with Atlas(database) as atlas:
        assert {row[0] for row in atlas.members("one").rows} >= {"BDNF"}
        assert "NTRK2" not in {row[0] for row in atlas.members("one").rows}
        assert "NTRK2" in {row[0] for row in atlas.members("two").rows}
        counts = atlas.sql("select count(*) from category_names").fetchall()
    assert counts == [(4,)]


def test_a_gaf_over_its_ontology_passes_members_up_over_is_a_and_part_of(database: Path, tmp_path: Path) -> None:
    obo = write(tmp_path, "go.obo", OBO)
    added = add_categories(
        [write(tmp_path, "a.gaf", GAF)], database, options=ReadingOptions(ontology=obo), source="new"
    )
    assert (added.source, added.release) == ("new", "2026-01-01")
    with Atlas(database) as atlas:

        def members(name: str, **options: bool) -> dict[str, bool]:
            return {row[2]: row[3] for row in atlas.members(f"new:{name}", **options).rows}

        assert members("cortex development") == {"BDNF": True, "NUMB": True}
        assert members("brain development") == {"NTRK2": True, "BDNF": False, "NUMB": False}
        assert members(NERVOUS) == {"PENK": True, "NTRK2": False, "BDNF": False, "NUMB": False}
        assert "ASPA" in members(NERVOUS, include_regulates=True)


def test_nothing_is_added_when_anything_fails(database: Path, tmp_path: Path) -> None:
    before = database.read_bytes()
    with pytest.raises(DownloadError, match="none of the 2 names of the GMT file is that of a human gene or a probe"):
        add_categories([write(tmp_path, "a.gmt", "Set\t\tnonsense\trubbish\n")], database)
    with pytest.raises(DownloadError):
        add_categories([write(tmp_path, "b.txt", "x" * 50)], database)
    assert database.read_bytes() == before
    with pytest.raises(DownloadError, match="none of the 2 names"):
        add_categories([tmp_path / "a.gmt"], tmp_path / "none.duckdb")
    assert not (tmp_path / "none.duckdb").exists()
    with pytest.raises(DatabaseError, match="no database"):
        add_categories([tmp_path / "a.gmt"], tmp_path / "none.duckdb", dry_run=True)


def test_removing_one_and_all_of_a_source(database: Path, tmp_path: Path) -> None:
    add_categories([write(tmp_path, "a.gmt", "One\t\tNTRK2\tMAG\nTwo\t\tNTRK2\tMAG\n")], database, source="mine")
    assert remove_categories(database, name="mine:one") == ["One"]
    assert remove_categories(database, source="MINE") == ["Two"]
    with pytest.raises(NotFoundError, match="no category was added from source 'mine'"):
        remove_categories(database, source="mine")
    with duckdb.connect(database, read_only=True) as connection:
        assert connection.execute("select count(*) from category_names").fetchall() == [(0,)]
        assert connection.execute("select count(*) from categories where source = 'GO'").fetchall()[0][0] > 40_000


def test_the_commands(database: Path, tmp_path: Path) -> None:
    listed = run("categories", "list", "nervous system dev", "--format", "csv", "--db", database)
    assert f"GO:0007399,GO,GO:0007399,{NERVOUS},2164,368," in listed.stdout
    shown = run("categories", "show", NERVOUS, "--db", database)
    assert "2,164 genes" in shown.stderr
    gmt = write(tmp_path, "a.gmt", "One\t\tNTRK2\tnonsense\n")
    added = run("categories", "add", gmt, "--source", "mine", "--db", database)
    assert "added: 1 category of a GMT file, source mine: One." in added.stdout
    assert "2 names of genes: 1 by atlas symbol. 1 gene: 1 on the chip, 1 with expression data here." in added.stdout
    assert "unknown names (1): nonsense" in added.stdout
    assert "unmatched: nonsense" in run("categories", "show", "One", "--db", database).stderr
    assert run("categories", "remove", "One", "--db", database).stdout == "removed: One.\n"
    assert run("categories", "remove", "--db", database).exit_code == 2
    failed = run("categories", "show", "One", "--db", database)
    assert (failed.exit_code, failed.stdout) == (1, "")


def test_names_match_in_the_case_given_before_any_other(own_atlas: Atlas) -> None:
    matches = match_names(own_atlas._connection, ["NTRK2", "ntrk2", "4915", "TRKB", "no such", "4.915E3"])
    assert {name: meaning.matched_by for name, meaning in matches.genes.items()} == {
        "NTRK2": "atlas symbol",
        "ntrk2": "atlas symbol",
        "4915": "Entrez id",
        "TRKB": "alias",
    }
    assert {meaning.entrez_id for meaning in matches.genes.values()} == {4915}
    assert matches.unmatched == ["no such", "4.915E3"]


def test_the_real_gmt_and_the_real_category_of_the_site(shared_data: Path, database: Path) -> None:
    gmt = shared_data / "gene-ontology" / "Enrichr_GO_Biological_Process_2023.gmt"
    added = add_categories([gmt], database, source="enrichr")
    assert added.categories == 5407
    page = shared_data / "heatmap-site-zips" / "transcription-factor-brain.zip"
    factors = add_categories([page], database, name="transcription factors")
    assert factors.notes[0] == "2,000 probes."
    assert "the list goes on" in factors.notes[1]
    with Atlas(database) as atlas:
        names = atlas.members(f"enrichr:{NERVOUS}").provenance["names"]
    assert sum(names.values()) == 433


def test_the_real_ontology(shared_data: Path, database: Path, tmp_path: Path) -> None:
    obo = shared_data / "gene-ontology" / "go-basic_2026-05-19.obo.gz"
    gaf = GAF
    for old, new in (("1", "GO:0007399"), ("2", "GO:0007420"), ("3", "GO:0021987"), ("4", "GO:0050767")):
        gaf = gaf.replace(f"GO:000000{old}", new)
    gaf = "\n".join(line for line in gaf.splitlines() if "GO:00000" not in line)
    added = add_categories([write(tmp_path, "a.gaf", gaf)], database, options=ReadingOptions(ontology=obo))
    assert added.source == "GO-2026-05-19"
    with Atlas(database) as atlas:
        members = {row[2]: row[3] for row in atlas.members(f"GO-2026-05-19:{NERVOUS}").rows}
    assert members == {"NTRK2": False, "BDNF": False}


def test_a_gene_keeps_the_symbol_of_the_atlas_and_is_found_by_its_current_one(tmp_path: Path) -> None:
    files = full_donor()
    files["Probes.csv"] = files["Probes.csv"].replace("NTRK2", "TRKB-OLD")
    ingest([donor_folder(tmp_path, files=files)], tmp_path / "atlas.duckdb")
    with Atlas(tmp_path / "atlas.duckdb") as atlas:
        provenance = atlas.correlates("NTRK2").provenance
        assert (provenance.seed.gene, provenance.seed.other_name) == ("TRKB-OLD", "NTRK2")
        assert atlas.correlates("trkb-old").provenance.seed.other_name is None
        assert [row[4] for row in atlas.correlates("BDNF", gene_filter=["GO:0007399"]).rows] == ["TRKB-OLD"]
        assert [row[4] for row in atlas.correlates("BDNF", gene_filter=GeneFilter(genes=["ntrk2"])).rows] == [
            "TRKB-OLD"
        ]
        assert [row[4] for row in atlas.correlates("BDNF", gene_filter=GeneFilter(genes=["TRKB-OLD"])).rows] == [
            "TRKB-OLD"
        ]


def test_nothing_left_of_a_choice_is_said(synthetic_database: Path) -> None:
    done = run("query", "BDNF", "--genes", "BDNF", "--db", synthetic_database)
    assert done.exit_code == 0
    assert "No gene of these has expression data here, besides the seed." in done.stderr


def test_a_list_from_stdin(database: Path) -> None:
    done = run("categories", "add", "-", "--name", "mine", "--db", database, stdin="NTRK2\nBDNF\n")
    assert "2 names of genes: 2 by atlas symbol" in done.stdout
    with Atlas(database) as atlas:
        assert {row[0] for row in atlas.members("list:mine").rows} == {"NTRK2", "BDNF"}


@pytest.mark.parametrize(("given", "stdin"), [("", None), (" , ", None), ("-", ""), ("-", "\n\n")])
def test_an_empty_list_is_refused_and_does_not_mean_every_gene(
    synthetic_database: Path, given: str, stdin: str | None
) -> None:
    done = run("query", "BDNF", "--genes", given, "--db", synthetic_database, stdin=stdin)
    assert (done.exit_code, done.stdout) == (1, "")
    assert ("stdin is empty" if given == "-" else "there is no name in this list") in done.stderr


def test_a_category_and_a_list_intersect(atlas: Atlas) -> None:
    both = {"categories": ["nervous system development"], "genes": ["NTRK2", "BDNF"], "match": "all"}
    assert [row[4] for row in atlas.correlates("BDNF", **both).rows] == ["NTRK2"]
