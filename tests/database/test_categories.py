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
    """Return a copy of the synthetic atlas that a test may change."""
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
    """Return the genes of a term and of all terms below it, from the shipped tables."""
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


@pytest.mark.long
def test_nervous_system_development_has_2164_genes_368_of_them_direct(atlas: Atlas) -> None:
    result = atlas.members("GO:0007399")
    members = {row[1]: row[3] for row in result}
    assert (len(members), sum(members.values())) == (2164, 368)
    assert set(members) == genes_below("GO:0007399", {"is_a", "part_of"})
    assert result.provenance.category.release == "2022-07-01"


@pytest.mark.long
def test_nervous_system_development_has_2495_genes_with_regulates(atlas: Atlas) -> None:
    relations = {"is_a", "part_of", "regulates", "positively_regulates", "negatively_regulates"}
    members = {row[1] for row in atlas.members("GO:0007399", include_regulates=True).rows}
    assert len(members) == 2495
    assert members == genes_below("GO:0007399", relations)


def test_a_recursive_query_over_the_tables_returns_the_same_genes(atlas: Atlas) -> None:
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
    assert atlas.members(name).provenance.category.accession == "GO:0007399"


def test_an_unknown_category_is_reported_with_similar_ones(atlas: Atlas) -> None:
    with pytest.raises(NotFoundError, match=f"no category is named .* Did you mean '{NERVOUS}' or"):
        atlas.members("nervus system development")


@pytest.mark.parametrize("rank_overall", [True, False])
@pytest.mark.parametrize(("seed", "level"), [("NTRK2", "gene"), ("A_23_P216779", "probe")])
def test_a_category_filters_the_correlates(atlas: Atlas, seed: str, level: str, rank_overall: bool) -> None:
    members = {row[1] for row in atlas.members(NERVOUS).rows}
    filtered = [row for row in atlas.correlates(seed, top=None).rows if row[5] in members]
    result = atlas.correlates(seed, top=None, gene_filter=[NERVOUS], rank_overall=rank_overall)
    assert len(filtered) > 20
    start = 2 if rank_overall else 1
    assert [row[start:] for row in result] == [row[1:] for row in filtered]
    assert [row[0] for row in result] == list(range(1, len(filtered) + 1))
    if rank_overall:
        assert list(result.columns[:2]) == ["rank", "rank_overall"]
        assert [row[1] for row in result] == [row[0] for row in filtered]
    assert result.provenance.level == level
    (use,) = result.provenance.gene_filter.categories
    assert (use.source, use.release, use.accession) == ("GO", "2022-07-01", "GO:0007399")
    assert use.genes == 2164
    assert use.on_chip == use.with_expression > 20


def test_any_of_two_categories_and_all_of_them(atlas: Atlas) -> None:
    def genes(*categories: str, match: str = "any") -> set[int]:
        rows = atlas.correlates(
            "NTRK2", top=None, gene_filter=GeneFilter(categories=categories, match=match), include_self=True
        ).rows
        return {row[6] for row in rows}

    one, other = genes("neurogenesis"), genes("synapse organization")
    assert genes("neurogenesis", "synapse organization") == one | other
    assert genes("neurogenesis", "synapse organization", match="all") == one & other
    assert 0 < len(one & other) < len(one | other)


def test_a_list_by_symbol_alias_entrez_id_and_probe(atlas: Atlas) -> None:
    with_self = atlas.correlates(
        "BDNF", gene_filter=GeneFilter(genes=["trk-B", "627", "2-Sep", "nonsense"]), include_self=True
    )
    assert {row[4] for row in with_self.rows} == {"NTRK2", "BDNF"}
    assert with_self.provenance.gene_filter.categories == []
    gene_list = with_self.provenance.gene_filter.gene_list
    assert gene_list.matched == {"alias": 1, "Entrez id": 1}
    notes = " ".join(gene_list.notes)
    assert "dates that a spreadsheet made of gene symbols (1): 2-Sep (SEPT2?)" in notes
    assert "unknown names (1): nonsense" in notes
    by_probe = atlas.correlates("BDNF", gene_filter=GeneFilter(genes=["A_24_P343559"]))
    assert [row[4] for row in by_probe.rows] == ["NTRK2"]


def test_a_list_without_a_gene_of_the_atlas(atlas: Atlas) -> None:
    with pytest.raises(NotFoundError, match="none of the 2 genes of the list is in this database"):
        atlas.correlates("BDNF", gene_filter=GeneFilter(genes=["nonsense", "Mar-01"]))


def test_a_category_without_expression_data_is_reported_with_its_number_of_genes(atlas: Atlas) -> None:
    with pytest.raises(
        NotFoundError,
        match=r"none of the \d+ genes of olfactory receptor activity has expression data .* \(0 are on the chip",
    ):
        atlas.correlates("BDNF", gene_filter=["olfactory receptor activity"])


def test_a_seed_is_found_by_alias_and_the_provenance_has_the_alias(atlas: Atlas) -> None:
    provenance = atlas.correlates("trk-B").provenance
    assert (provenance.seed.gene, provenance.seed.other_name) == ("NTRK2", "trk-B")
    assert atlas.correlates("ntrk2").provenance.seed.other_name is None


def test_a_human_gene_without_a_probe_is_reported(atlas: Atlas) -> None:
    with pytest.raises(
        NotFoundError, match=r"OR51E2 is a human gene \(Entrez 81285\), but this database has no probe of it"
    ):
        atlas.correlates("OR51E2")


def test_correlates_within_a_category_on_the_command_line(synthetic_database: Path) -> None:
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


def test_an_added_gmt_can_be_used_as_a_filter(database: Path, tmp_path: Path) -> None:
    gmt = write(tmp_path, "mine.gmt", "My Set (GO:0007399)\t\tNTRK2,1.0\ttrk-B\tBDNF\tnonsense\t2-Sep\t\n")
    added = add_categories([gmt], database, source="mine", release="1")
    assert (len(added), added.provenance.replaced, added.provenance.names) == (1, 0, 5)
    assert added.provenance.matched == {"atlas symbol": 2, "alias": 1}
    with Atlas(database) as atlas:
        result = atlas.correlates("BDNF", gene_filter=["my_set"])
        assert [row[4] for row in result] == ["NTRK2"]
        assert result.provenance.gene_filter.categories[0].genes == 2
        assert atlas.members("GO:0007399").provenance.category.source == "GO"  # shipped ones first
        assert atlas.members("mine:GO:0007399").provenance.category.name == "My Set"
        assert atlas.members("mine:My Set").provenance.without_gene == {"unmatched": ["2-Sep", "nonsense"]}


@pytest.mark.long
def test_a_category_with_the_same_source_and_name_is_replaced(database: Path, tmp_path: Path) -> None:
    add_categories([write(tmp_path, "a.gmt", "One\t\tNTRK2\tMAG\nTwo\t\tNTRK2\tMAG\n")], database, source="mine")
    again = add_categories([write(tmp_path, "b.gmt", "One\t\tBDNF\tMAG\n")], database, source="Mine")
    assert again.provenance.replaced == 1
    with Atlas(database) as atlas:
        assert {row[0] for row in atlas.members("one").rows} >= {"BDNF"}
        assert "NTRK2" not in {row[0] for row in atlas.members("one").rows}
        assert "NTRK2" in {row[0] for row in atlas.members("two").rows}
        counts = atlas.sql("select count(*) from category_names").fetchall()
    assert counts == [(4,)]


def test_members_of_a_gaf_include_those_below_by_is_a_and_part_of(database: Path, tmp_path: Path) -> None:
    obo = write(tmp_path, "go.obo", OBO)
    added = add_categories(
        [write(tmp_path, "a.gaf", GAF)], database, options=ReadingOptions(ontology=obo), source="new"
    )
    assert (added.provenance.source, added.provenance.release) == ("new", "2026-01-01")
    with Atlas(database) as atlas:

        def members(name: str, **options: bool) -> dict[str, bool]:
            return {row[2]: row[3] for row in atlas.members(f"new:{name}", **options).rows}

        assert members("cortex development") == {"BDNF": True, "NUMB": True}
        assert members("brain development") == {"NTRK2": True, "BDNF": False, "NUMB": False}
        assert members(NERVOUS) == {"PENK": True, "NTRK2": False, "BDNF": False, "NUMB": False}
        assert "ASPA" in members(NERVOUS, include_regulates=True)


@pytest.mark.long
def test_nothing_is_added_after_an_error(database: Path, tmp_path: Path) -> None:
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


@pytest.mark.long
def test_removing_one_and_all_of_a_source(database: Path, tmp_path: Path) -> None:
    add_categories([write(tmp_path, "a.gmt", "One\t\tNTRK2\tMAG\nTwo\t\tNTRK2\tMAG\n")], database, source="mine")
    assert remove_categories(database, name="mine:one") == ["One"]
    assert remove_categories(database, source="MINE") == ["Two"]
    with pytest.raises(NotFoundError, match="no category was added from source 'mine'"):
        remove_categories(database, source="mine")
    with duckdb.connect(database, read_only=True) as connection:
        assert connection.execute("select count(*) from category_names").fetchall() == [(0,)]
        assert connection.execute("select count(*) from categories where source = 'GO'").fetchall()[0][0] > 40_000


@pytest.mark.long
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


def test_names_match_in_their_given_case_first(own_atlas: Atlas) -> None:
    matches = match_names(own_atlas._connection, ["NTRK2", "ntrk2", "4915", "TRKB", "no such", "4.915E3"])
    assert {name: meaning.matched_by for name, meaning in matches.genes.items()} == {
        "NTRK2": "atlas symbol",
        "ntrk2": "atlas symbol",
        "4915": "Entrez id",
        "TRKB": "alias",
    }
    assert {meaning.entrez_id for meaning in matches.genes.values()} == {4915}
    assert matches.unmatched == ["no such", "4.915E3"]


@pytest.mark.long
def test_the_real_gmt_and_the_real_category_of_the_site(shared_data: Path, database: Path) -> None:
    gmt = shared_data / "gene-ontology" / "Enrichr_GO_Biological_Process_2023.gmt"
    added = add_categories([gmt], database, source="enrichr")
    assert len(added) == 5407
    page = shared_data / "heatmap-site-zips" / "transcription-factor-brain.zip"
    factors = add_categories([page], database, name="transcription factors")
    assert factors.provenance.notes[0] == "2,000 probes."
    assert "the list goes on" in factors.provenance.notes[1]
    with Atlas(database) as atlas:
        names = atlas.members(f"enrichr:{NERVOUS}").provenance.matched
    assert sum(names.values()) == 433


@pytest.mark.long
def test_the_real_ontology(shared_data: Path, database: Path, tmp_path: Path) -> None:
    obo = shared_data / "gene-ontology" / "go-basic_2026-05-19.obo.gz"
    gaf = GAF
    for old, new in (("1", "GO:0007399"), ("2", "GO:0007420"), ("3", "GO:0021987"), ("4", "GO:0050767")):
        gaf = gaf.replace(f"GO:000000{old}", new)
    gaf = "\n".join(line for line in gaf.splitlines() if "GO:00000" not in line)
    added = add_categories([write(tmp_path, "a.gaf", gaf)], database, options=ReadingOptions(ontology=obo))
    assert added.provenance.source == "GO-2026-05-19"
    with Atlas(database) as atlas:
        members = {row[2]: row[3] for row in atlas.members(f"GO-2026-05-19:{NERVOUS}").rows}
    assert members == {"NTRK2": False, "BDNF": False}


@pytest.mark.long
def test_a_gene_has_the_symbol_of_the_atlas_and_is_found_by_its_current_one(tmp_path: Path) -> None:
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


def test_a_gene_filter_that_keeps_only_the_seed_is_reported(synthetic_database: Path) -> None:
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
    both = GeneFilter(categories=["nervous system development"], genes=["NTRK2", "BDNF"], match="all")
    assert [row[4] for row in atlas.correlates("BDNF", gene_filter=both)] == ["NTRK2"]
