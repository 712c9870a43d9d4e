"""Inputs that once failed; tests/data/cases has the files, each folder with a README."""

import csv
import dataclasses
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from helpers.folders import CASES
from helpers.gene_ontology import OBO, gaf_line
from typer.testing import CliRunner, Result

from coexpr.atlas import Atlas
from coexpr.cli import app
from coexpr.database.queries import query
from coexpr.database.queries import run as rows_of
from coexpr.errors import AmbiguousNameError, CoexprError, DownloadError
from coexpr.loading.categories import add_categories
from coexpr.loading.downloads import ingest
from coexpr.options import CorrelationMethod, GeneFilter, ProbeSelection
from coexpr.readers.categories import ReadingOptions

TRK, NTF3, MYC, GRIN = [4915, 627], 4908, 4609, [2902, 2903]


def run(*arguments: object, code: int = 0, stdin: bytes | None = None) -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "atlas.duckdb"
    shutil.copyfile(synthetic_database, path)
    return path


def added_categories(database: Path, file: Path, **options: object) -> dict[str, list[int]]:
    """Add a file, and return the sorted Entrez ids of each of its categories."""
    add_categories([file], database, source="case", **options)
    with Atlas(database) as atlas:
        rows = atlas.sql(
            "select name, coalesce(list_sort(list(entrez_id) filter (direct)), []) from categories left join "
            "category_genes using (category_id) where source = 'case' group by category_id, name order by name"
        ).fetchall()
    return dict(rows)


@pytest.mark.long
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("01-r-rownames/de_r.tsv", {"de_r": [*TRK, NTF3]}),
        ("02-rank-column/ranked.csv", {"ranked": [*TRK, NTF3, MYC]}),
        ("02-rank-column/pandas_index.csv", {"pandas_index": TRK}),
        ("03-float-entrez/ids.txt", {"ids": [*TRK, NTF3]}),
        ("04-gmt-empty-set/tf_targets.gmt", {"MYC": [*TRK, NTF3], "STAT1": GRIN, "STAT3": []}),
        ("04-gmt-empty-set/plain_names.gmt", {"Trk signalling": [*TRK, NTF3], "Glutamate": GRIN, "Nothing left": []}),
        ("05-gmt-cp1252-nel/desc.gmt", {"Trk signalling": [*TRK, NTF3], "Glutamate": GRIN}),
        ("05-gmt-cp1252-nel/ls.gmt", {"Trk signalling": [*TRK, NTF3], "Glutamate": GRIN}),
        ("05-gmt-cp1252-nel/vt.gmt", {"Trk signalling": [*TRK, NTF3], "Glutamate": GRIN}),
        (
            "05-gmt-cp1252-nel/silent.gmt",
            {"Trk signalling": [*TRK, MYC, 6772, 6774]},
        ),  # and NTF3 followed by a byte, which is unknown
        ("06-gmt-dup-names/dup.gmt", {"TRK": TRK, "TRK (2)": [NTF3, MYC], "Glu": GRIN}),
        ("08-gmt-no-description/nodesc.gmt", {"Trk ligands": [*TRK, NTF3], "Glutamate": [*GRIN, 1742]}),
        ("09-tsv-as-gmt/biomart.tsv", {"biomart": TRK}),
        ("09-tsv-as-gmt/deseq.tsv", {"deseq": [*TRK, NTF3]}),
        ("09-tsv-as-gmt/hits.tsv", {"hits": TRK}),
        ("12-genes-encoding/comment.txt", {"comment": TRK}),
        ("12-genes-encoding/l.txt.gz", {"l": TRK}),
        ("12-genes-encoding/latin1.txt", {"latin1": TRK}),
        ("12-genes-encoding/pasted.txt", {"pasted": [*TRK, 3105]}),
        ("13-long-table/panglao.tsv", {"Interneurons": [2571], "Neurons": [6855]}),
        ("13-long-table/cellmarker.tsv", {"Interneuron": [2571, 6855], "Neuron": [*GRIN, 1742]}),
        ("13-long-table/term2gene.tsv", {"TRK": TRK, "GLU": GRIN}),
        (
            "52-same-plain-name/msigdb.gmt",
            {
                "KEGG_APOPTOSIS": TRK,
                "REACTOME_APOPTOSIS": [NTF3, MYC],
                "HALLMARK_APOPTOSIS": [6772],
                "KEGG_MEDICUS_REFERENCE_APOPTOSIS": [6774],
            },
        ),
    ],
)
def test_genes_of_a_file_are_added(database: Path, file: str, expected: dict[str, list[int]]) -> None:
    assert added_categories(database, CASES / file) == {name: sorted(ids) for name, ids in expected.items()}


@pytest.mark.long
@pytest.mark.parametrize(
    "file",
    ["01-r-rownames/de_r.tsv", "02-rank-column/ranked.csv", "09-tsv-as-gmt/deseq.tsv", "12-genes-encoding/l.txt.gz"],
)
def test_the_same_file_is_a_list_of_genes_as_option_and_from_stdin(database: Path, file: str) -> None:
    path = CASES / file
    for given, stdin in ((path, None), ("-", path.read_bytes())):
        options = ("--genes", given, "--include-self", "--format", "csv", "--db", database)
        done = run("query", "NTRK2", *options, stdin=stdin)
        assert {row["gene_symbol"] for row in csv.DictReader(done.stdout.splitlines())} == {"NTRK2", "BDNF"}


@pytest.mark.long
def test_output_of_query_is_a_list_of_genes(database: Path, tmp_path: Path) -> None:
    for level, ending in (("gene", "csv"), ("gene", "tsv"), ("probe", "csv")):
        path = tmp_path / f"{level}.{ending}"
        run("query", "NTRK2", "--all", "--level", level, "-o", path, "--db", database)
        with path.open(newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t" if ending == "tsv" else ","))
        expected = {int(row["entrez_id"]) for row in rows if row["entrez_id"]}
        with Atlas(database) as atlas:
            names = atlas.read_genes(path).categories[0].members
            found = {row[3] for row in atlas.resolve(names).rows}
        assert found - {None} >= expected - {4915}
        assert found - {None} <= expected | {4915}


@pytest.mark.long
def test_dates_are_explained_in_lists_and_refused_in_downloads(database: Path, tmp_path: Path) -> None:
    add_categories([CASES / "14-excel-dates" / "genes.csv"], database)
    with Atlas(database) as atlas:
        members = atlas.members("list:genes")
        assert [row[1] for row in members.rows] == [4915]
        names = members.provenance.without_gene["unmatched"]
        rows = {row[0]: row[-1] for row in atlas.resolve(names).rows}
    assert len(names) == 12
    assert all(
        "SEPT2" in explanation or "MARCH1" in explanation or "OCT4" in explanation for explanation in rows.values()
    )
    atlas_folder = CASES / "atlases" / "small"
    for name in names:
        folder = tmp_path / name.replace("/", "_").replace(":", "_")
        shutil.copytree(atlas_folder, folder)
        text = (folder / "Probes.csv").read_text()
        (folder / "Probes.csv").write_text(text.replace('"A1BG"', f'"{name}"'))
        with pytest.raises(DownloadError, match=r"gene symbol .* is a (date|number)\. A spreadsheet"):
            ingest([folder], tmp_path / "none.duckdb")
    assert not (tmp_path / "none.duckdb").exists()


def test_utf_16_is_refused_with_a_remedy(database: Path) -> None:
    for file in ("07-gmt-utf16/u16.gmt", "12-genes-encoding/u16.txt"):
        with pytest.raises(DownloadError, match=r'is UTF-16 text\. Save it as UTF-8: in Excel as "CSV UTF-8"'):
            add_categories([CASES / file], database)
        assert "UTF-16" in run("query", "BDNF", "--genes", CASES / file, "--db", database, code=1).stderr


def test_a_long_list_of_names_is_no_path(database: Path) -> None:
    names = ",".join(["NTRK2", "BDNF"] * 60)
    done = run("query", "NTRK2", "--genes", names, "--format", "csv", "--db", database)
    assert [row["gene_symbol"] for row in csv.DictReader(done.stdout.splitlines())] == ["BDNF"]
    assert "there is no such file" in run("query", "NTRK2", "--genes", "none.txt", "--db", database, code=1).stderr
    assert run("query", "NTRK2", "--genes", "x" * 5000, "--db", database, code=1).stderr.count("\n") == 1


def test_nel_does_not_end_a_line_of_a_gaf(database: Path) -> None:
    folder = CASES / "05-gmt-cp1252-nel"
    options = ReadingOptions(ontology=folder / "mini.obo")
    assert added_categories(database, folder / "nel.gaf", options=options) == {"a thing": [4915]}


@pytest.mark.long
@pytest.mark.parametrize("name", ["header", "before_first", "inside", "end"])
def test_comments_of_an_ontology(database: Path, name: str) -> None:
    folder = CASES / "54-obo-comment"
    options = ReadingOptions(ontology=folder / f"{name}.obo")
    assert added_categories(database, folder / "mini.gaf", options=options) == {"a thing": [4915]}


@pytest.mark.long
def test_categories_that_differ_by_case_or_underscore_are_distinguished(database: Path) -> None:
    add_categories([CASES / "52-same-plain-name" / "case.gmt"], database)
    add_categories([CASES / "52-same-plain-name" / "msigdb.gmt"], database)
    expected = {"Neurons": TRK, "NEURONS": [NTF3, MYC], "MCF7 up": [6772], "MCF7_up": [6774], "KEGG_APOPTOSIS": TRK}
    with Atlas(database) as atlas:
        for name, ids in expected.items():
            assert sorted(row[1] for row in atlas.members(name).rows) == sorted(ids)
            source = "msigdb" if name.startswith("KEGG") else "case"
            assert sorted(row[1] for row in atlas.members(f"{source}:{name}").rows) == sorted(ids)
        with pytest.raises(
            AmbiguousNameError, match=r"neurons is the name of 2 categories. Use one of: id:\d+ \(case:NEURONS"
        ):
            atlas.members("neurons")
        for row in atlas.categories("neurons").rows:
            if row[1] == "case":
                assert atlas.members(row[0]).provenance.category.name == row[3]


@pytest.mark.long
def test_a_symbol_of_two_genes_is_ambiguous_everywhere(prepared_database: Path) -> None:
    path = prepared_database
    ingest([CASES / "atlases" / "dup"], path)
    with Atlas(path) as atlas:
        with pytest.raises(AmbiguousNameError, match=r"FSIP2 has 2 meanings: FSIP2 \(Entrez 401024, one\); FSIP2"):
            atlas.correlates("FSIP2")
        gene_list = atlas.correlates(
            "NTRK2", gene_filter=GeneFilter(genes=["FSIP2", "NTRK2"]), include_self=True
        ).provenance.gene_filter.gene_list
        assert [row["name"] for row in gene_list.resolved] == ["NTRK2"]
        assert "ambiguous names, left out (1): FSIP2: " in gene_list.notes[0]
        # Two genes of the atlas, one with a retired Entrez id, are distinguished by the ids of the atlas.
        assert atlas.correlates("285135", level="probe").provenance.seed.probe == "A_96_P0"
        assert atlas.correlates("401024", level="probe").provenance.seed.probe == "A_96_P1"
        assert atlas.resolve(["ntrk2"]).rows[0][2] == "ntrk2"
        assert atlas.resolve(["Ntrk2"]).rows[0][1] == "ambiguous"
    run("categories", "add", "-", "--db", path, stdin=b"FSIP2\n")
    with Atlas(path) as atlas:
        assert atlas.members("list:stdin").provenance.matched == {"ambiguous": 1}
        assert atlas.members("list:stdin").rows == []


@pytest.mark.long
def test_retired_entrez_ids_are_followed(shared_data: Path, tmp_path: Path, prepared_database: Path) -> None:
    """The ids are those of 30,000 real probes; MRC1L1 (414308) is now MRC1 (4360)."""
    path = prepared_database
    ingest([CASES / "atlases" / "small"], path)
    probes = shared_data / "probes" / "ABA_AllProbesNoEmptyRow.csv"

    with duckdb.connect(path) as connection:
        connection.execute("delete from genes")
        connection.execute(
            'insert into genes select "gene.id"::int, any_value("gene.symbol"), null, any_value("entrez.id")::int, '
            'null, any_value("entrez.id")::int from read_csv($1, all_varchar = true) '
            "where \"entrez.id\" <> '0' group by 1",
            [str(probes)],
        )
        connection.execute(query("follow_retired_ids"))
        (counts,) = rows_of(connection, "count_retired_ids")
        assert counts == {"with_entrez_id": 14075, "followed": 51, "without_current_id": 440 - 51}
        found = connection.execute("select current_entrez_id from genes where entrez_id = 414308").fetchall()
        assert found == [(4360,)]


@pytest.mark.long
def test_order_of_loading_does_not_matter(tmp_path: Path) -> None:
    lists = tmp_path / "mine.txt"
    lists.write_text("A_99_P1\nA1BG\nA2M\nnonsense\n")
    members = []
    for first in ("categories", "download"):
        path = tmp_path / f"{first}.duckdb"
        if first == "download":
            ingest([CASES / "atlases" / "small"], path)
        add_categories([lists], path)
        if first == "categories":
            ingest([CASES / "atlases" / "small"], path)
        with Atlas(path) as atlas:
            result = atlas.members("mine")
            members.append((result.rows, dataclasses.replace(result.provenance, database="")))
    assert members[0] == members[1]
    assert {row[1] for row in members[0][0]} == {1, 2}
    assert members[0][1].matched == {"atlas symbol": 2, "probe name": 1, "unmatched": 1}


@pytest.mark.long
@pytest.mark.parametrize(
    ("probe", "method", "expected"),
    [
        ("DONSTRUCT", CorrelationMethod(adjust="donor+structure"), None),
        ("DONSTRUCT", CorrelationMethod("spearman", adjust="donor+structure"), None),
        ("DONSTRUCT", CorrelationMethod("bicor", adjust="donor+structure"), None),
        ("TIES", CorrelationMethod("spearman", adjust="structure"), 0.422307),
        ("MAD0", CorrelationMethod("spearman", adjust="donor+structure"), 0.389097),
    ],
)
def test_rounding_errors_are_no_variance(
    prepared_database: Path, probe: str, method: CorrelationMethod, expected: float | None
) -> None:
    path = prepared_database
    ingest([CASES / "atlases" / "blank"], path)
    with Atlas(path) as atlas:
        rows = {row[3]: row[6] for row in atlas.correlates("SEEDG", method=method, top=None).rows}
    assert rows[probe] == (None if expected is None else pytest.approx(expected, abs=5e-7))


def test_two_levels_that_differ_in_the_last_decimal_are_variance(prepared_database: Path) -> None:
    path = prepared_database
    ingest([CASES / "atlases" / "tiny"], path)
    with Atlas(path) as atlas:
        rows = [row[6] for row in atlas.correlates("TINY", top=None).rows]
    assert rows == pytest.approx([-0.4366957, -1], abs=5e-8)


def test_a_false_discovery_rate_over_undefined_p(prepared_database: Path) -> None:
    path = prepared_database
    ingest([CASES / "atlases" / "blank"], path)
    with Atlas(path) as atlas:
        result = atlas.correlates("SEEDG", top=None, stats=True)
    defined = [(p, q) for p, q in zip(result.column("p"), result.column("q"), strict=True) if p is not None]
    assert len(defined) == 11
    assert any(q == pytest.approx(0.0206142, abs=5e-7) for _, q in defined)


def test_the_rule_average_of_opposite_probes_has_no_r(tmp_path: Path, prepared_database: Path) -> None:
    """The sum of two probes is the same in every sample, so that their average varies by rounding errors only."""
    folder = tmp_path / "small"
    shutil.copytree(CASES / "atlases" / "small", folder)
    rows = list(csv.reader((folder / "Expression.csv").read_text().splitlines()))
    probes = list(csv.reader((folder / "Probes.csv").read_text().splitlines()))
    first = [float(cell) for cell in rows[0][1:]]
    rows[1] = [rows[1][0], *(f"{16.4242 - value:.4f}" for value in first)]
    probes[2][2:7] = probes[1][2:7]
    (folder / "Expression.csv").write_text("\n".join(",".join(row) for row in rows) + "\n")
    with (folder / "Probes.csv").open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(probes)
    path = prepared_database
    ingest([folder], path)
    symbol = probes[1][3]
    other = probes[3][3]
    with Atlas(path) as atlas:
        for method in ("pearson", "spearman", "bicor"):
            result = atlas.correlates(other, probe_selection=ProbeSelection("average"), method=method, top=None)
            assert next(row[6] for row in result if row[3] == symbol) is None


def test_min_r_and_max_r_filter_before_top(synthetic_database: Path) -> None:
    with Atlas(synthetic_database) as atlas:
        every = atlas.correlates("NTRK2", top=None).rows
        for options in ({"min_r": -0.5}, {"max_r": 0.2}, {"min_r": -0.3, "max_r": 0.3}):
            for ascending in (False, True):
                result = atlas.correlates("NTRK2", top=5, ascending=ascending, **options)
                low, high = options.get("min_r", -1), options.get("max_r", 1)
                expected = [row for row in every if low <= row[6] <= high]
                expected = (expected[::-1] if ascending else expected)[:5]
                assert [row[1:] for row in result] == [row[1:] for row in expected]
                ranks = {row[1]: len(every) + 1 - row[0] if ascending else row[0] for row in every}
                assert [row[0] for row in result] == [ranks[row[1]] for row in result]
                assert result.provenance.matching == sum(low <= row[6] <= high for row in every)
                assert result.provenance.ranks.min_r == options.get("min_r")
    options = ("--ascending", "--min-r", "-0.5", "--top", 5, "--format", "csv", "--db", synthetic_database)
    done = run("query", "NTRK2", *options)
    assert len(done.stdout.splitlines()) == 6


@pytest.mark.long
def test_evidence_codes_can_be_excluded(database: Path, tmp_path: Path) -> None:
    obo, gaf = tmp_path / "go.obo", tmp_path / "a.gaf"
    obo.write_text(OBO)
    lines = [
        gaf_line("NTRK2", "GO:0000002", evidence="IEA"),
        gaf_line("NTRK2", "GO:0000003", evidence="IDA"),
        gaf_line("BDNF", "GO:0000002", evidence="IEA"),
        gaf_line("MAG", "GO:0000002", evidence="TAS", taxon="9606|taxon:1280"),
        gaf_line("PENK", "GO:0000002", evidence="TAS", taxon="1280|taxon:9606"),
    ]
    gaf.write_text("\n".join(["!gaf-version: 2.2", "!date-generated: 2026-01-02", *lines]))
    added = add_categories([gaf], database, source="new", options=ReadingOptions(ontology=obo))
    assert added.provenance.notes[0] == "annotations generated on 2026-01-02."
    with Atlas(database) as atlas:
        rows = {row[2]: row[4] for row in atlas.members("new:brain development").rows}
        assert rows == {"NTRK2": ["IDA", "IEA"], "BDNF": ["IEA"], "MAG": ["TAS"]}
        kept = {row[2] for row in atlas.members("new:brain development", evidence_not=["iea"]).rows}
        assert kept == {"NTRK2", "MAG"}
        assert atlas.sql("select evidence from members('new:cortex development')").fetchall() == [(["IDA"],)]
        with pytest.raises(CoexprError, match="`evidence_not` XXX: expected an evidence code: "):
            atlas.members("new:brain development", evidence_not=["XXX"])
        # The bundled Gene Ontology has evidence codes, too.
        every = atlas.correlates("NTRK2", gene_filter="GO:0007399", top=None)
        curated = atlas.correlates(
            "NTRK2", gene_filter=GeneFilter(categories="GO:0007399", evidence_not="IEA"), top=None
        )
        assert 0 < len(curated.rows) < len(every.rows)
        assert curated.provenance.gene_filter.categories[0].genes < 2164
        assert curated.provenance.gene_filter.evidence_not == ["IEA"]
    listed = run("query", "NTRK2", "--genes", "BDNF", "--evidence-not", "IEA", "--db", database, code=1)
    assert "--evidence-not excludes members of categories, and no category is given" in listed.stderr
    add_categories([CASES / "06-gmt-dup-names" / "dup.gmt"], database)
    without = run("query", "NTRK2", "--category", "TRK", "--evidence-not", "IEA", "--db", database, code=1)
    assert "the category TRK has no evidence codes" in without.stderr


@pytest.mark.long
def test_qualifiers_and_escapes_of_an_ontology(database: Path, tmp_path: Path) -> None:
    gaf = tmp_path / "a.gaf"
    for name, expected in (
        ("mini", {"root process": {4915, 627}, "child with qualifiers": {4915}, "part with qualifiers": {627}}),
        ("odd", {"root process": {4915}, "N(4)-{acetyl} thing": {4915}}),
    ):
        terms = {"NTRK2": "GO:0000002"} | ({"BDNF": "GO:0000003"} if name == "mini" else {})
        gaf.write_text("\n".join(["!gaf-version: 2.2", *(gaf_line(gene, term) for gene, term in terms.items())]))
        options = ReadingOptions(ontology=CASES / "51-obo-qualifiers" / f"{name}.obo")
        add_categories([gaf], database, source=name, options=options)
        with Atlas(database) as atlas:
            for category, ids in expected.items():
                assert {row[1] for row in atlas.members(f"{name}:{category}").rows} == ids


@pytest.mark.long
def test_the_ids_in_the_message_about_an_ambiguous_category_are_unambiguous(database: Path, tmp_path: Path) -> None:
    """A category called "s:t" must not be confused with category t of source s."""
    (tmp_path / "p.gmt").write_text("s:t\td\tNTRK2\tMYC\n")
    (tmp_path / "m.txt").write_text("NTF3\n")
    add_categories([tmp_path / "p.gmt"], database)
    for source in ("s", "u"):
        add_categories([tmp_path / "m.txt"], database, name="t", source=source)
    refused = run("categories", "show", "t", "--db", database, code=1)
    ids = re.findall(r"id:\d+", refused.stderr)
    assert len(ids) == 2
    with Atlas(database) as atlas:
        assert [[row[0] for row in atlas.members(category).rows] for category in ids] == [["NTF3"], ["NTF3"]]


@pytest.mark.long
def test_a_source_is_removed_by_its_exact_spelling(database: Path, tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("NTF3\n")
    for name, source in (("k", "Src"), ("k2", "src")):
        add_categories([tmp_path / "m.txt"], database, name=name, source=source)
    refused = run("categories", "remove", "--source", "SRC", "--db", database, code=1)
    assert "Src, src" in refused.stderr
    assert run("categories", "remove", "--source", "src", "--db", database).stdout == "removed: k2.\n"
    with Atlas(database) as atlas:
        assert len(atlas.members("k").rows) == 1


@pytest.mark.parametrize("name", ["", "  ", "two\nlines"])
def test_a_name_without_text_or_of_several_lines_is_refused(database: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "m.txt").write_text("NTF3\n")
    refused = run("categories", "add", tmp_path / "m.txt", "--name", name, "--db", database, code=1)
    assert f"--name {name!r}: expected text on one line" in refused.stderr


@pytest.mark.parametrize("columns", ["", ","])
def test_an_empty_list_of_columns_is_refused(database: Path, columns: str) -> None:
    refused = run("query", "NTRK2", "--columns", columns, "--db", database, code=1)
    assert "There are rank" in refused.stderr


def test_an_argument_that_is_not_utf_8_is_refused(database: Path) -> None:
    for arguments in (["genes", "\udca0NTRK2"], ["query", "NTRK2", "--category", "\udcff"]):
        refused = run(*arguments, "--db", database, code=2)
        assert "not UTF-8 text" in refused.stderr


def test_probes_and_alternatives_in_a_list_are_reported(database: Path, tmp_path: Path) -> None:
    with Atlas(database) as atlas:
        probe = str(atlas.probes("NTRK2").rows[0][1])
    assert "names of probes, each read as its gene" in run("query", "BDNF", "--genes", probe, "--db", database).stderr
    (tmp_path / "m.csv").write_text("gene,x\nNTRK2;MYC,1\nNTF3|NTRK2,2\n")
    stderr = run("genes", tmp_path / "m.csv", "--db", database).stderr
    assert "reduced to the first: 1" in stderr


def test_the_combination_of_categories_is_reported(database: Path) -> None:
    arguments = [
        "query",
        "NTRK2",
        "--category",
        "nervous system development",
        "--genes",
        "BDNF,NTRK2",
        "--db",
        database,
    ]
    assert "Genes in any of these" in run(*arguments).stderr
    assert "Genes in all of these" in run(*arguments, "--match", "all").stderr
