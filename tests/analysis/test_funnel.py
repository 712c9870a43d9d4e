"""The funnel: how many probes and genes each step leaves, compared with what a query compares."""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis.strategies as st
import pytest
from helpers.allen import donor_folder, full_donor, heatmap, replace_cell, write_folder
from hypothesis import given, settings

from coexpr.analysis.funnel import Funnel
from coexpr.atlas import Atlas
from coexpr.errors import AmbiguousNameError, NotFoundError
from coexpr.loading.downloads import ingest
from coexpr.options import RULES, ProbeSelection

# Tests load into it: creating another one takes longer than most of them.
pytestmark = pytest.mark.usefixtures("prepared_database")

POOLED = ("average", "eigengene", "diff-stability", "rnaseq")
HEADER = "probe_name,gene_symbol,entrez_id,allen_entrez_id,compare\n"


def selections(annotations: list[str]) -> st.SearchStrategy[ProbeSelection]:
    rules = [rule for rule in RULES if rule != "rnaseq"]
    return st.sampled_from(rules).flatmap(
        lambda rule: st.builds(
            ProbeSelection,
            rule=st.just(rule),
            min_present=st.none() | st.floats(0, 1) | st.sampled_from([0.5, 0.9]),
            scope=st.just("pooled") if rule in POOLED else st.sampled_from(["pooled", "per-donor", "common"]),
            annotation=st.sampled_from(annotations),
        )
    )


def reannotate(database: Path, rows: list[tuple[str, str, object]]) -> None:
    """Load a re-annotation: the name of a probe, the symbol and the Entrez id of a gene."""
    text = HEADER + "".join(f"{probe},{symbol},{entrez_id},0,1\n" for probe, symbol, entrez_id in rows)
    path = database.with_name("reannotated.csv.gz")
    path.write_bytes(gzip.compress(text.encode()))
    ingest([path], database)


@pytest.fixture(scope="module")
def reannotated(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atlas]:
    """The synthetic atlas with a re-annotation: probes are kept, moved to another gene, left out, or without an id."""
    database = Path(shutil.copy(synthetic_database, tmp_path_factory.mktemp("reannotated") / "atlas.duckdb"))
    with Atlas(database) as atlas:
        probes = atlas.sql(
            "select probe_name, gene_symbol, entrez_id from probes join genes using (gene_id) order by probe_id"
        ).fetchall()
    known = [probe for probe in probes if probe[2]]
    rows: list[tuple[str, str, object]] = []
    for number, (name, symbol, entrez_id) in enumerate(probes):
        _, other, other_id = known[(number * 7) % len(known)]
        if number % 5 == 0:
            rows.append((name, other, other_id))
        elif number % 5 < 3 and entrez_id:
            rows.append((name, symbol, entrez_id))
        elif number % 5 == 3:
            rows.append((name, "ONLYHERE", 900_000_000 + number % 2))
    rows.append(("A_99_P1", "ABSENT", 5))
    reannotate(database, rows)
    with Atlas(database) as atlas:
        yield atlas


def final(found: Funnel) -> tuple[int, int]:
    return found.steps.column("probes")[-1], found.steps.column("genes")[-1]


def compared_by(atlas: Atlas, selection: ProbeSelection) -> int:
    """Return how many genes a query compares with a probe."""
    return atlas.correlates(
        "A_23_P216779", level="gene", top=1, include_self=True, probe_selection=selection
    ).provenance.compared


def check_sums(found: Funnel) -> None:
    """Check that what each applied step removes adds up, and that a step that is not applied changes nothing."""
    rows = found.steps.to_pandas().to_dict("records")
    probes, genes = rows[0]["probes"], rows[0]["genes"]
    for row in rows:
        if row["probes"] is None or row["probes"] != row["probes"]:
            assert not row["applied"]
            assert row["note"].startswith("not loaded")
            continue
        assert (row["probes"] + row["probes_removed"], row["genes"] + row["genes_removed"]) == (probes, genes)
        assert row["probes_removed"] >= 0
        if row["applied"]:
            probes, genes = row["probes"], row["genes"]


@pytest.mark.long
@settings(max_examples=30)
@given(selection=selections(["allen", "reannotated"]))
def test_the_last_number_is_that_of_the_genes_that_a_query_compares(
    reannotated: Atlas, selection: ProbeSelection
) -> None:
    found = reannotated.why(probe_selection=selection)
    query = compared_by(reannotated, selection)
    assert final(found)[1] == query
    assert found.provenance.conclusions[0].startswith(f"{query:,} gene")
    check_sums(found)


@pytest.mark.long
@settings(max_examples=25)
@given(
    selection=selections(["allen", "reannotated"]),
    with_entrez_id=st.booleans(),
    number=st.integers(0, 200),
)
def test_a_gene_has_probes_left_if_a_query_can_start_from_it(
    reannotated: Atlas, selection: ProbeSelection, with_entrez_id: bool, number: int
) -> None:
    genes = reannotated.sql("select gene_symbol from genes where entrez_id is not null order by gene_id").fetchall()
    (symbol,) = genes[number % len(genes)]
    found = reannotated.why(symbol, probe_selection=selection, with_entrez_id=with_entrez_id)
    try:
        seed = reannotated.correlates(symbol, top=1, probe_selection=selection).provenance.seed
    except NotFoundError:
        seed = None
    check_sums(found)
    selected = [row[1] for row in found.probes.rows if row[-1]]
    if seed is None:
        assert (final(found), selected) == ((0, 0), [])
        assert "is missing" in found.provenance.conclusions[0]
    else:
        assert final(found) == (len(selected), 1)
        assert seed.probe_id is None or selected == [seed.probe]
        assert f"{symbol} is represented by" in found.provenance.conclusions[0]
        assert all(name in found.provenance.conclusions[0] for name in selected)
    removed = [row[6] for row in found.probes.rows]
    assert [by is None for by in removed] == [row[-1] for row in found.probes.rows]
    for step, applied, probes_removed in zip(
        *(found.steps.column(name) for name in ("step", "applied", "probes_removed")), strict=True
    ):
        name = "selection" if step == "selected" else step
        assert removed.count(name) == (probes_removed if applied else 0)


@settings(max_examples=6)
@given(selection=selections(["allen"]))
def test_a_step_that_is_not_applied_shows_what_it_would_leave(reannotated: Atlas, selection: ProbeSelection) -> None:
    for step, other, with_entrez_id in (
        ("with an Entrez id", selection, True),
        ("re-annotated", ProbeSelection(selection.rule, None, None, selection.scope, "reannotated"), False),
        ("present", ProbeSelection(selection.rule, None, 0.5, selection.scope), False),
    ):
        rows = {row[0]: row for row in reannotated.why(probe_selection=selection).steps.rows}
        applied = {
            row[0]: row for row in reannotated.why(probe_selection=other, with_entrez_id=with_entrez_id).steps.rows
        }
        if not rows[step][1]:
            assert rows[step][2:] == applied[step][2:]


def test_the_three_steps_of_abagen_answer_why_only_so_many_genes(reannotated: Atlas) -> None:
    selection = ProbeSelection(annotation="reannotated", min_present=0.5)
    found = reannotated.why(probe_selection=selection, with_entrez_id=True)
    compared = compared_by(reannotated, selection)
    chip = reannotated.contents().provenance.genes
    can_be_used, removed = found.provenance.conclusions
    assert can_be_used == f"{compared} genes can be used, of {chip} on the chip."
    numbers = [int(part.split()[0]) for part in removed.removeprefix("Removed: ").split("; ")]
    assert chip - sum(numbers) == compared
    assert "by the step 're-annotated'" in removed
    assert all(found.steps.column("applied"))


# --- one gene ---


def test_every_name_of_a_gene_finds_it(atlas: Atlas) -> None:
    expected = atlas.why("NTRK2")
    for name in ("ntrk2", "TRKB", "trk-b", "4915", " NTRK2 ", "A_23_P216779", "a_23_p216779"):
        found = atlas.why(name)
        assert (found.steps.rows, found.probes.rows) == (expected.steps.rows, expected.probes.rows), name
        assert found.provenance.gene == "NTRK2"


@pytest.mark.parametrize("name", ["NOSUCHGENE", "", " ", "2-Sep-2020", "NTRK2,BDNF", "NTRK2\0"])
def test_a_name_that_means_nothing_is_refused(atlas: Atlas, name: str) -> None:
    with pytest.raises(NotFoundError, match="no probe or gene is named"):
        atlas.why(name)


def test_an_ambiguous_name_is_refused_with_its_meanings(tmp_path: Path) -> None:
    files = full_donor()
    for row, (symbol, entrez_id) in {4: ("SMN1", "6606"), 5: ("SMN2", "6607")}.items():
        files = replace_cell(replace_cell(files, "Probes.csv", row, 4, symbol), "Probes.csv", row, 6, entrez_id)
    ingest([donor_folder(tmp_path, files=files)], tmp_path / "atlas.duckdb")
    with Atlas(tmp_path / "atlas.duckdb") as atlas, pytest.raises(AmbiguousNameError, match=r"2 meanings: SMN1.*SMN2"):
        atlas.why("BCD541")


def test_a_human_gene_without_probes_is_named_as_such(atlas: Atlas) -> None:
    found = atlas.why("GABRQ", probe_selection=ProbeSelection(min_present=0.5))
    assert found.provenance.conclusions == [
        "GABRQ: not in this database; human gene GABRQ. No loaded download has a probe of it."
    ]
    assert found.provenance.gene == "GABRQ"
    assert not found.probes.rows
    assert set(found.steps.column("probes")) <= {0, None}


def test_a_gene_whose_probes_all_fail_min_present(tmp_path: Path) -> None:
    files = full_donor()
    for row in (1, 2):
        for column in range(2, 8):
            files = replace_cell(files, "PACall.csv", row, column, "0")
    ingest([donor_folder(tmp_path, files=files)], tmp_path / "atlas.duckdb")
    with Atlas(tmp_path / "atlas.duckdb") as atlas:
        found = atlas.why("NTRK2", probe_selection=ProbeSelection(min_present=0.1))
        assert found.provenance.conclusions == [
            "NTRK2 is missing: all of its 2 probes are removed.",
            "Removed: 2 probes by the step 'present'.",
        ]
        assert found.probes.column("removed_by") == ["present", "present"]
        assert atlas.why("BDNF", probe_selection=ProbeSelection(min_present=1)).provenance.conclusions[0] in (
            "BDNF is missing: its only probe is removed.",
            "BDNF is represented by A_32_P7316.",
        )


@pytest.mark.long
def test_a_gene_whose_probes_the_re_annotation_assigns_to_another(tmp_path: Path) -> None:
    database = tmp_path / "atlas.duckdb"
    ingest([donor_folder(tmp_path)], database)
    reannotate(database, [("A_32_P7316", "NTRK2", 4915), ("A_32_P9207", "NEWGENE", 123), ("A_23_P216779", "X", "NaN")])
    selection = ProbeSelection(annotation="reannotated")
    with Atlas(database) as atlas:
        bdnf = atlas.why("BDNF", probe_selection=selection)
        assert bdnf.provenance.conclusions == [
            "BDNF is missing: its only probe is removed.",
            "Removed: 1 probe by the step 're-annotated'.",
            "The re-annotation assigns its probes to other genes: NTRK2.",
        ]
        # The probe that the re-annotation assigns to the gene is among its probes.
        ntrk2 = atlas.why("NTRK2", probe_selection=selection)
        assert ntrk2.provenance.conclusions[0] == "NTRK2 is represented by A_32_P7316."
        assert len(ntrk2.probes) == 3
        # Neither Allen's symbol nor Allen's lack of an Entrez id counts for a gene that only the re-annotation names.
        new = atlas.why("NEWGENE", probe_selection=selection, with_entrez_id=True)
        assert new.provenance.conclusions == ["NEWGENE is represented by A_32_P9207."]
        # By Allen's annotation, the step shows what it would leave.
        (step,) = (row for row in atlas.why("BDNF").steps.rows if row[0] == "re-annotated")
        assert step[1:4] == (False, 0, 0)


def test_a_gene_without_an_entrez_id(atlas: Atlas) -> None:
    ((symbol,),) = atlas.sql("select min(gene_symbol) from genes where entrez_id is null").fetchall()
    assert f"{symbol} has no Entrez id, so it is in no category." in atlas.why(symbol).provenance.conclusions
    assert "is missing" in atlas.why(symbol, with_entrez_id=True).provenance.conclusions[0]


def test_probes_without_expression_data_are_removed_by_that_step_whatever_else_is_missing(tmp_path: Path) -> None:
    database = tmp_path / "atlas.duckdb"
    ingest([write_folder(tmp_path / "heatmap", heatmap(probes=(2,)))], database)
    with Atlas(database) as atlas:
        found = atlas.why()
        assert final(found) == (1, 1)
        assert [row[2] for row in found.steps.rows if row[0] in ("re-annotated", "present")] == [None, None]
        with pytest.raises(NotFoundError, match="no present calls are loaded"):
            atlas.why(probe_selection=ProbeSelection(min_present=0.5))
        with pytest.raises(NotFoundError, match="no re-annotation is loaded"):
            atlas.why("BDNF", probe_selection=ProbeSelection(annotation="reannotated"))
        with pytest.raises(NotFoundError, match="the rule rnaseq needs"):
            atlas.why(probe_selection="rnaseq")


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (ProbeSelection("average"), "is represented by the mean of 7 probes: "),
        (ProbeSelection("eigengene"), "is represented by the first component of 7 probes: "),
        (ProbeSelection(scope="common"), "is represented by "),
    ],
)
def test_the_conclusion_says_how_a_gene_is_represented(atlas: Atlas, selection: ProbeSelection, words: str) -> None:
    (first,) = atlas.why("NTRK2", probe_selection=selection).provenance.conclusions
    assert words in first
