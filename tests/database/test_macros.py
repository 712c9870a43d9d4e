"""Macros of the DuckDB shell: they return what the command line returns, and raise errors."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from helpers.folders import TOP
from helpers.missing_values import NEARLY_CONSTANT, make_nearly_constant, remove_values
from helpers.shells import SHELLS

from coexpr.atlas import Atlas
from coexpr.database.stored_tables import store_genes_of_atlas, store_names_of_ncbi
from coexpr.errors import TooFewSamplesError
from coexpr.options import MAX_MATRIX_ROWS, SampleFilter

CATEGORY = "nervous system development"
PROBE = "A_23_P216779"


@pytest.fixture(scope="module")
def incomplete(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with missing values, missing donors, duplicate profiles and constant profiles."""
    path = tmp_path_factory.mktemp("incomplete") / "incomplete.duckdb"
    shutil.copyfile(synthetic_database, path)
    with duckdb.connect(path) as connection:
        remove_values(connection)
    return path


@pytest.fixture(params=["whole", "incomplete"])
def database(request: pytest.FixtureRequest, synthetic_database: Path) -> Path:
    return synthetic_database if request.param == "whole" else request.getfixturevalue("incomplete")


@pytest.fixture(scope="module", params=["complete", "with missing values"])
def nearly_constant(
    request: pytest.FixtureRequest, synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a database in which some profiles vary by little more than the spacing of float32, or are constant."""
    path = tmp_path_factory.mktemp("nearly_constant") / "nearly_constant.duckdb"
    shutil.copyfile(synthetic_database, path)
    with duckdb.connect(path) as connection:
        make_nearly_constant(connection)
        if request.param != "complete":
            remove_values(connection)
    return path


def fetch(database: Path, statement: str, *parameters: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the columns and rows of a statement from DuckDB, without coexpr."""
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute(statement, list(parameters))
        return [column[0] for column in connection.description], connection.fetchall()


def assert_same(
    found: tuple[list[str], list[tuple[Any, ...]]], columns: list[str], rows: list[tuple[Any, ...]]
) -> None:
    assert found[0] == list(columns)
    assert len(found[1]) == len(rows)
    for actual, expected in zip(found[1], rows, strict=True):
        for cell, value in zip(actual, expected, strict=True):
            assert cell == (pytest.approx(value, abs=1e-9) if isinstance(value, float) else value), (actual, expected)


@pytest.mark.long
@pytest.mark.parametrize("seed", ["NTRK2", " trkb\t", "04915", PROBE, "1000300", "CUST_486_PI416408490", "BDNF"])
@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("top := 20", {}),
        ("top := null", {"top": None}),
        ("category := $1, top := null", {"gene_filter": CATEGORY, "rank_overall": False, "top": None}),
        ("structure := 'Cx', top := null", {"sample_filter": SampleFilter("Cx"), "top": None}),
        ("structure := 'DiE', donor := 9861", {"sample_filter": SampleFilter("DiE", donors="9861"), "top": 50}),
        ("donor := 'h0351.1012', top := 7", {"sample_filter": SampleFilter(donors="H0351.1012"), "top": 7}),
    ],
)
def test_correlates_are_those_of_the_command_line(
    database: Path, seed: str, arguments: str, options: dict[str, Any]
) -> None:
    with Atlas(database) as atlas:
        try:
            expected = atlas.correlates(seed, **options)
        except TooFewSamplesError:
            with pytest.raises(duckdb.InvalidInputException, match="samples are left, and r needs at least 10"):
                fetch(database, f"from correlates('{seed}', {arguments})")
            return
    found = fetch(database, f"from correlates('{seed}', {arguments})", *([CATEGORY] if "$1" in arguments else []))
    assert_same(found, expected.columns, expected.rows)


@pytest.mark.long
@pytest.mark.parametrize("seed", ["NTRK2", PROBE, *NEARLY_CONSTANT])
@pytest.mark.parametrize("structure", [None, "Cx"])
def test_nearly_constant_profiles_have_the_r_of_the_command_line(
    nearly_constant: Path, seed: str, structure: str | None
) -> None:
    with Atlas(nearly_constant) as atlas:
        expected = atlas.correlates(seed, sample_filter=SampleFilter(structure or ()), top=None)
    names = [expected.columns.index(name) for name in ("probe_id", "r", "n")]
    right = {row[names[0]]: (row[names[1]], row[names[2]]) for row in expected}
    statement = "select probe_id, r, n from correlates($1, structure := $2, top := null)"
    _, found = fetch(nearly_constant, statement, seed, structure)
    assert {probe for probe, _, _ in found} == right.keys()
    for probe, r, n in found:
        assert n == right[probe][1]
        assert r == (None if right[probe][0] is None else pytest.approx(right[probe][0], abs=1e-12)), probe


@pytest.mark.long
def test_r_and_r_by_donor_of_nearly_constant_profiles(nearly_constant: Path) -> None:
    a, b = NEARLY_CONSTANT
    with Atlas(nearly_constant) as atlas:
        pair = atlas.pair(a, b)
    assert fetch(nearly_constant, f"select r('{a}', '{b}')")[1] == [(pytest.approx(pair.provenance.r, abs=1e-12),)]
    _, rows = fetch(nearly_constant, f"select r, n from r_by_donor('{a}', '{b}')")
    assert rows == [(pytest.approx(row[1], abs=1e-12), row[2]) for row in pair.donors]


def test_fifty_rows_are_returned_by_default(synthetic_database: Path) -> None:
    assert len(fetch(synthetic_database, f"from correlates('{PROBE}')")[1]) == 50


@pytest.mark.long
@pytest.mark.parametrize(("a", "b"), [("NTRK2", "BDNF"), (PROBE, "NTRK2"), ("1000300", "1000299"), ("NTRK2", "NTRK2")])
def test_r_and_r_by_donor(database: Path, a: str, b: str) -> None:
    with Atlas(database) as atlas:
        pair = atlas.pair(a, b)
    _, [(r,)] = fetch(database, f"select r('{a}', '{b}')")
    assert r == pytest.approx(pair.provenance.r, abs=1e-9)
    _, rows = fetch(database, f"from r_by_donor('{a}', '{b}')")
    assert [row[2:] for row in rows] == [pytest.approx(row, abs=1e-9) for row in pair.donors]
    names = {seed: fetch(database, f"select probe_name from find_seed('{seed}')")[1][0][0] for seed in (a, b)}
    assert {row[:2] for row in rows} == {(names[a], names[b])}


def test_r_of_many_names_at_once(database: Path) -> None:
    """A query per name would take minutes, and a join of all pairs hours."""
    statement = (
        "select gene_symbol, r(gene_symbol, 'BDNF') from gene_summary where representative_probe is not null "
        "and gene_symbol <> 'BDNF' order by all"
    )
    _, found = fetch(database, statement)
    _, expected = fetch(database, "select gene_symbol, r from correlates('BDNF', top := null) order by all")
    assert [name for name, _ in found] == [name for name, _ in expected]
    assert [r for _, r in found] == [pytest.approx(r, abs=1e-9) for _, r in expected]


def test_the_matrix_in_long_form(database: Path) -> None:
    with Atlas(database) as atlas:
        matrix = atlas.correlation_matrix(gene_filter=CATEGORY)
    columns, rows = fetch(database, "from correlation_matrix($1)", CATEGORY)
    assert columns == ["gene_a", "gene_b", "r", "n"]
    names = matrix.names
    assert [row[:2] for row in rows] == [(a, b) for a in names for b in names]
    expected = matrix.r.ravel()
    assert [float("nan") if row[2] is None else row[2] for row in rows] == pytest.approx(
        expected, abs=1e-9, nan_ok=True
    )
    _, [(n,)] = fetch(database, "select min(n) from correlation_matrix($1)", CATEGORY)
    assert n == matrix.provenance.fewest_samples


def test_a_matrix_past_the_limit_reports_its_size(synthetic_database: Path) -> None:
    with pytest.raises(duckdb.InvalidInputException, match=r"genes have \d+ values of r, and the limit is 3 genes"):
        fetch(synthetic_database, "from correlation_matrix($1, max_rows := 3)", CATEGORY)
    text = (TOP / "sql" / "schema" / "06_correlations.sql").read_text()
    assert f"max_rows := {MAX_MATRIX_ROWS})" in text


@pytest.mark.long
@pytest.mark.parametrize("category", [CATEGORY, "GO:0007399", "go:Nervous_System_Development", "synapse organization"])
def test_members_are_those_of_the_command_line(synthetic_database: Path, category: str) -> None:
    with Atlas(synthetic_database) as atlas:
        result = atlas.members(category)
    found = fetch(synthetic_database, "from members($1)", category)
    assert_same(found, result.columns, result.rows)
    assert len(found[1]) > 100


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "symbols", "matched_by"),
    [
        ("NTRK2", ["NTRK2"], "atlas symbol"),
        ("trkB", ["NTRK2"], "alias"),
        ("4915", ["NTRK2"], "Entrez id"),
        ("NTRK", ["NTRK2"], "beginning of the symbol"),
        ("brain-derived", ["BDNF"], "words of the full name"),
        ("neurotrophic brain", ["BDNF"], "words of the full name"),
        ("trk B", ["NTRK2"], "other punctuation"),
        ("NTKR2", ["NTRK2"], "similar symbol"),
        ("zzzz", [], None),
    ],
)
def test_find_gene(synthetic_database: Path, text: str, symbols: list[str], matched_by: str | None) -> None:
    columns, rows = fetch(synthetic_database, "from find_gene($1)", text)
    assert columns[0] == "gene_symbol"
    assert [row[0] for row in rows][:1] == symbols
    assert {row[columns.index("matched_by")] for row in rows} <= {matched_by}


@pytest.mark.long
@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("from correlates('NTRK9')", "no probe or gene is named NTRK9 in this database"),
        ("select r(name, 'BDNF') from (values ('NTRK2'), ('NTRK9')) as names(name)", "no probe or gene is named NTRK9"),
        ("select r('NTRK2', 'NTRK9')", "no probe or gene is named NTRK9 in this database"),
        ("from r_by_donor('NTRK9', 'NTRK2')", "no probe or gene is named NTRK9 in this database"),
        ("from correlates('TP53')", "TP53 is a human gene, but this database has no probe of it"),
        ("from correlates('NTRK2', category := 'nervous')", "no category is named nervous"),
        ("from correlates('NTRK2', category := 'GO:GO:1')", "no category is named GO:GO:1"),
        ("from members('nervous')", "no category is named nervous"),
        ("from correlation_matrix('nervous')", "no category is named nervous"),
        ("from correlates('NTRK2', structure := 'nowhere')", "no structure is named nowhere in this database"),
        ("from descendants('nowhere')", "no structure is named nowhere in this database"),
        ("from correlates('NTRK2', donor := 7)", "donor 7 is not loaded"),
        ("from correlates('NTRK2', structure := 'HiF', donor := 9861)", "samples are left, and r needs at least 10"),
    ],
)
def test_unknown_names_are_errors(synthetic_database: Path, statement: str, message: str) -> None:
    with pytest.raises(duckdb.InvalidInputException, match=message):
        fetch(synthetic_database, statement)


@pytest.mark.long
@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("from correlates('NTRK2', top := 0)", "top is 0: expected 1 or more, or NULL"),
        ("from correlates(null)", "no probe or gene is named"),
        ("from members(null)", "no category is named"),
        ("from descendants(null)", "no structure is named"),
        ("from correlation_matrix(null)", "no category is named"),
        ("from find_gene('')", "find_gene needs a text"),
        ("from find_gene(null)", "find_gene needs a text"),
        ("from correlates('O''Brien')", r"FROM find_gene\('O''Brien'\)"),
    ],
)
def test_missing_arguments_are_errors(synthetic_database: Path, statement: str, message: str) -> None:
    with pytest.raises(duckdb.InvalidInputException, match=message):
        fetch(synthetic_database, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "from (select 'BDNF' as name) as t, lateral (from find_gene(name))",
        "from (select 'brain development' as name) as t, lateral (from categories_called(name))",
        "from (select 3 as n) as t, lateral (from correlates('NTRK2', top := n))",
        "from (select * from donors) as t, lateral (from correlates('NTRK2', donor := donor_name))",
    ],
)
def test_a_column_of_the_caller_is_never_confused_with_one_of_a_macro(synthetic_database: Path, statement: str) -> None:
    with pytest.raises(duckdb.Error, match=r"LIMIT|Unsupported join type|GROUP BY|not found in FROM clause"):
        fetch(synthetic_database, statement)


@pytest.mark.long
def test_structures_called_accepts_columns_named_like_its_own(synthetic_database: Path) -> None:
    for column in ("acronym", "name", "called", "structure_id", "way"):
        _, rows = fetch(
            synthetic_database,
            f"select t.{column}, structures.structure_id "
            f"from (values ('FL'), ('frontal lobe'), ('Xyz')) as t({column}), "
            f"structures_called({column}) as structures",
        )
        expected = [
            (name, row[0])
            for name in ("FL", "frontal lobe", "Xyz")
            for row in fetch(synthetic_database, "select structure_id from structures_called($1)", name)[1]
        ]
        assert sorted(rows) == sorted(expected)
        assert len(expected) > 2


@pytest.mark.long
def test_r_accepts_columns_named_like_its_own(synthetic_database: Path) -> None:
    for column in ("name", "written", "seed", "level", "gene_symbol", "a"):
        _, rows = fetch(
            synthetic_database, f"select {column}, r({column}, 'BDNF') from (values ('NTRK2'), ('BDNF')) as t({column})"
        )
        # Threads do not sum in the same order in every version of DuckDB.
        of_name = fetch(synthetic_database, "select r('NTRK2', 'BDNF')")[1][0][0]
        assert dict(rows) == pytest.approx({"NTRK2": of_name, "BDNF": 1}, rel=1e-12)


@pytest.mark.long
def test_a_seed_without_expression_and_rows_without_shared_samples(incomplete: Path, tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    shutil.copyfile(incomplete, path)
    with duckdb.connect(path) as connection:
        connection.execute("delete from expression where probe_id = 1000010")
        connection.execute("delete from expression where probe_id = 1000012 and donor_id <> 10021")
        connection.execute("delete from expression where probe_id = 1000015 and donor_id = 10021")
    for statement in (
        "from correlates('1000010')",
        "select r('1000010', 'NTRK2')",
        "from r_by_donor('NTRK2', '1000010')",
    ):
        with pytest.raises(duckdb.InvalidInputException, match=r"no probe of .* has expression data in this database"):
            fetch(path, statement)
    for seed, donor in (("1000012", None), ("1000015", None), ("1000015", "9861")):
        with Atlas(path) as atlas:
            expected = atlas.correlates(seed, top=None, sample_filter=SampleFilter(donors=(donor,) if donor else ()))
        found = fetch(path, "from correlates($1, donor := $2, top := null)", seed, donor)
        assert_same(found, expected.columns, expected.rows)
        assert 0 in [row[-1] for row in found[1]]


@pytest.mark.long
def test_a_category_of_several_sources_and_a_name_of_several_genes(incomplete: Path, tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    shutil.copyfile(incomplete, path)
    with duckdb.connect(path) as connection:
        connection.execute(
            "insert into categories select max(category_id) + 1, 'mine', null, null, $1, null, false from categories",
            [CATEGORY],
        )
        connection.execute(
            "insert into gene_aliases select entrez_id, 'TWICE', false from genes where entrez_id is not null limit 2"
        )
        connection.execute("insert into genes values (999001, 'Ntrk2', 'of another case', null, null, null)")
        connection.execute("insert into categories values (90001, 'b', null, null, 'pair', null, false)")
        connection.execute("insert into categories values (90002, 'a', null, null, 'PAIR', null, false)")
        store_names_of_ncbi(connection)
        store_genes_of_atlas(connection)
    assert len(fetch(path, "from members($1)", CATEGORY)[1]) > 100  # shipped categories take precedence over added ones
    assert len(fetch(path, "from members($1)", f"go:{CATEGORY}")[1]) > 100
    with pytest.raises(
        duckdb.InvalidInputException,
        match=r"Pair is the name of several categories. Use one of: id:90001 \(b:pair\), id:\d+ \(a:P",
    ):
        fetch(path, "from members('Pair')")
    for name in ("pair", "PAIR", "b:Pair", "a:pair", "id:90001"):  # the same spelling, a source, an id
        assert fetch(path, "from members($1)", name)[1] == []
    with pytest.raises(duckdb.InvalidInputException, match="none of the genes of mine:"):
        fetch(path, "from correlates('NTRK2', category := $1)", f"mine:{CATEGORY}")
    with pytest.raises(duckdb.InvalidInputException, match="TWICE is ambiguous: gene "):
        fetch(path, "from correlates('TWICE')")
    assert fetch(path, "select gene_symbol from find_seed('NTRK2')")[1] == [("NTRK2",)]
    with pytest.raises(duckdb.InvalidInputException, match="ntrk2 is ambiguous: gene "):
        fetch(path, "from find_seed('ntrk2')")
    with pytest.raises(duckdb.InvalidInputException, match="no probe of Ntrk2 has expression data"):
        fetch(path, "from correlates('Ntrk2')")


# Databases written by other versions of DuckDB; .ci/run creates them and sets the variable.
WRITTEN_BY_OTHERS = [Path(path) for path in os.environ.get("COEXPR_TEST_DATABASES", "").split(os.pathsep) if path]
STATEMENTS = (
    "select gene_symbol, round(r, 9) as r, n from correlates('NTRK2')",
    f"select gene_symbol, round(r, 9) as r from correlates('NTRK2', category := '{CATEGORY}', structure := 'Cx')",
    f"select probe_name, round(r, 9) as r from correlates('{PROBE}', donor := 9861, top := 3)",
    "select round(r('NTRK2', 'BDNF'), 9) as r",
    "select donor, round(r, 9) as r, n from r_by_donor('NTRK2', 'BDNF')",
    f"select count(*) as pairs, round(sum(r), 6) as r from correlation_matrix('{CATEGORY}')",
    f"select gene_symbol, status from members('{CATEGORY}')",
    "select structure_id from descendants('Cx') order by all",
    "select gene_symbol, matched_by from find_gene('NTR')",
)


@pytest.mark.long
@pytest.mark.skipif(not SHELLS, reason="no duckdb shell is installed")
@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_shell_reads_databases_of_every_version(synthetic_database: Path, statement: str) -> None:
    for database in [synthetic_database, *WRITTEN_BY_OTHERS]:
        with duckdb.connect(database, read_only=True) as connection:
            rows = connection.execute(statement).fetchall()
        assert rows
        expected = [",".join(str(cell) for cell in row) for row in rows]
        for shell in SHELLS:
            # With several threads, DuckDB 1.4 reports an internal error in some runs (docs/sql.md).
            options = ["-readonly", "-csv", "-noheader", "-cmd", "set threads = 1"]
            command = [shell, *options, str(database), "-c", statement]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout.split() == [cell for line in expected for cell in line.split()]
