"""Networks in parts: all parts together are the network, and what is not all of its parts is refused."""

import inspect
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from helpers.recorded import Recorded
from hypothesis import given
from hypothesis import strategies as st

import coexpr
from coexpr.analysis.network_parts import ASKED
from coexpr.atlas import Atlas
from coexpr.errors import CoexprError, LimitError, OptionError, OutputError, ResultFileError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.driver import Network
from coexpr.network.parts import MergedNetwork, find_parts
from coexpr.network.plan import EdgeSelection, Part, Plan
from coexpr.options import CorrelationMethod
from coexpr.stats.measures import Estimator

pytestmark = pytest.mark.long

SAMPLES, VERSION = 40, "1"
# Bytes with which the 300 probes of the synthetic atlas are several blocks.
LITTLE = 600_000
STRENGTHS: list[dict[str, Any]] = [{"top": 5}, {"min_abs_r": 0.6}, {"top": 4, "min_abs_r": 0.2}]


def profiles() -> np.ndarray:
    """Return profiles of five modules; one is constant, one has a missing value, and some are equal."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(61, SAMPLES)) + rng.normal(size=(5, SAMPLES))[np.arange(61) % 5] + 6
    x[7], x[11, 3] = 4, np.nan
    x[[20, 33, 47]] = x[2]  # ties, of which the smaller row counts
    return x.astype(np.float32)


def write_parts(selection: EdgeSelection, plan: Plan, count: int, folder: Path) -> list[Path]:
    paths = []
    for number in range(1, count + 1):
        paths.append(folder / f"{number}-of-{count}")
        settings = {"part": f"{number}/{count}", "coexpr_version": VERSION, "arguments": "{}"}
        with Checkpoint(paths[-1], settings) as checkpoint:
            network = Network(profiles(), Estimator(), selection, plan, checkpoint, part=Part(number, count))
            network.find()
            network.save()
    return paths


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 60])
@pytest.mark.parametrize(
    "selection",
    [
        EdgeSelection(3),
        EdgeSelection(min_abs_r=0.4),
        EdgeSelection(3, 0.4),
        EdgeSelection(200),
        EdgeSelection(3, mutual_rank=True),
        EdgeSelection(3, 0.3, mutual_rank=True, undirected=True),
        EdgeSelection(min_abs_r=0.4, undirected=True),
    ],
    ids=str,
)
def test_all_parts_have_the_edges_of_the_network(tmp_path: Path, selection: EdgeSelection, count: int) -> None:
    plan = Plan(61, 7, 2)
    with Checkpoint(tmp_path / "whole", {}) as checkpoint:
        whole = Network(profiles(), Estimator(), selection, plan, checkpoint)
        whole.find()
    directed = EdgeSelection(selection.top, selection.min_abs_r)
    folders = find_parts(write_parts(directed, plan, count, tmp_path)[::-1], VERSION)
    merged = MergedNetwork(folders, selection, plan)
    assert merged.left_out == whole.left_out == {"with_missing_values": 1, "constant": 1}
    parts, expected = list(merged.edges()), list(whole.edges())
    assert sum(len(part["r"]) for part in expected) > 61
    for part, of_whole in zip(parts, expected, strict=True):
        assert part.keys() == of_whole.keys()
        for name, values in of_whole.items():
            np.testing.assert_array_equal(part[name], values)


@given(st.integers(2, 60), st.integers(1, 9), st.integers(1, 4), st.integers(1, 70))
def test_every_step_is_in_one_part_and_parts_are_balanced(rows: int, block_rows: int, held: int, count: int) -> None:
    plan = Plan(rows, block_rows, held)
    pairs = [plan.pairs_of(*step) for step in plan.steps()]
    shares = [plan.share(Part(number, count)) for number in range(1, count + 1)]
    assert [step for share in shares for step in share] == list(range(len(pairs)))
    assert sum(pairs) == rows * (rows - 1) // 2
    for share in shares:
        assert abs(sum(pairs[step] for step in share) - sum(pairs) / count) <= max(pairs)


@pytest.mark.parametrize("text", ["0/4", "5/4", "x", "1/0", "", "1", "1/2/3", "-1/2", "1.0/2", "1/x", "²/3"])
def test_what_is_no_part_is_refused(atlas: Atlas, tmp_path: Path, text: str) -> None:
    with pytest.raises(OptionError, match="expected K/N, such as 3/16: part K of N, with K from 1 to N"):
        atlas.network_part(text, tmp_path / "n.parquet", top=3)
    assert not list(tmp_path.iterdir())


def compute_parts(atlas: Atlas, output: Path, count: int, **given: Any) -> list[Path]:
    """Compute every part of a network and return the folders."""
    folders = []
    for number in range(1, count + 1):
        part = atlas.network_part(f"{number}/{count}", output, **given)
        ((folder, _, _),) = part
        assert folder == str(output.with_name(f"{output.name}.part-{number}-of-{count}"))
        folders.append(Path(folder))
    return folders


@pytest.mark.parametrize("count", [3, 16])
@pytest.mark.parametrize("strength", STRENGTHS, ids=str)
@pytest.mark.parametrize(
    "rows",
    [
        {"level": "probe"},
        {"probe_selection": "average", "sample_filter": "Cx"},
        {"gene_filter": ["nervous system development", "synapse organization"]},
        {"method": CorrelationMethod("spearman", 1, "donor"), "max_edges": None},
        {"items": ["NTRK2", "BDNF"], "level": "probe"},
    ],
    ids=str,
)
def test_the_merged_file_is_that_of_the_network(
    atlas: Atlas, tmp_path: Path, rows: dict[str, Any], strength: dict[str, Any], count: int
) -> None:
    given = rows | strength | {"memory": LITTLE}
    folders = compute_parts(atlas, tmp_path / "genes.parquet", count, **given)
    directions: list[dict[str, Any]] = [{}, {"undirected": True}]
    if "top" in strength:
        directions += [{"mutual_rank": True}, {"mutual_rank": True, "undirected": True}]
    for direction in directions:
        for name in ("n.parquet", "n.arrow", "n.csv"):
            expected = atlas.network(tmp_path / name, **given, **direction)
            contents = (tmp_path / name).read_bytes()
            merged = atlas.merge_network(folders, tmp_path / name, **direction)
            assert (tmp_path / name).read_bytes() == contents
            assert merged.rows == expected.rows
            assert merged.provenance == expected.provenance
            np.testing.assert_array_equal(merged.summary.degrees, expected.summary.degrees)


def test_marks_are_decided_when_parts_are_merged(atlas: Atlas, tmp_path: Path) -> None:
    folders = compute_parts(atlas, tmp_path / "genes.graphml", 3, top=3, memory=LITTLE)
    marks = ["nervous system development", "synapse organization"]
    for mark in ([], marks[:1], marks):
        atlas.network(tmp_path / "one.graphml", top=3, mark=mark, memory=LITTLE, undirected=True)
        atlas.merge_network(folders, tmp_path / "merged.graphml", mark=mark, undirected=True)
        assert (tmp_path / "merged.graphml").read_bytes() == (tmp_path / "one.graphml").read_bytes()
    atlas.network(tmp_path / "one.duckdb", top=3, mark=marks, memory=LITTLE)
    atlas.merge_network(folders, tmp_path / "merged.duckdb", mark=marks)
    for table in ("edges", "nodes", "node_categories", "provenance"):
        rows = []
        for name in ("one", "merged"):
            with duckdb.connect(tmp_path / f"{name}.duckdb", read_only=True) as connection:
                rows.append(connection.execute(f"from {table}").fetchall())
        assert rows[0] == rows[1]
        assert rows[0]


def test_a_killed_part_continues(synthetic_database: Path, tmp_path: Path) -> None:
    script = f"""
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
import coexpr.network.driver
from coexpr.atlas import Atlas
from coexpr.progress import Progress

class Killing(Progress):
    @contextmanager
    def task(self, what, total, unit, *, done=0):
        left = 3
        def advance(amount):
            nonlocal left
            left -= what == "Correlating"
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        yield advance

coexpr.network.driver._CHECKPOINT_SECONDS = 0
with Atlas(sys.argv[1], progress=Killing()) as atlas:
    atlas.network_part("2/2", sys.argv[2], level="probe", memory={LITTLE}, **eval(sys.argv[3]))
"""
    for name, strength in zip("abc", STRENGTHS, strict=True):
        output = tmp_path / name / "n.parquet"
        output.parent.mkdir()
        given = {"level": "probe", "memory": LITTLE} | strength
        command = [sys.executable, "-c", script, synthetic_database, output, repr(strength)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        second = output.with_name("n.parquet.part-2-of-2")
        progress = Recorded()
        with Atlas(synthetic_database, progress=progress) as atlas:
            expected = atlas.network(output, **given)
            contents = output.read_bytes()
            atlas.network_part("1/2", output, **given)
            folders = [output.with_name("n.parquet.part-1-of-2"), second]
            with pytest.raises(ResultFileError, match=r"part-2-of-2 is not finished: 3 of \d+ steps are stored"):
                atlas.merge_network(folders, output)
            assert output.read_bytes() == contents
            atlas.network_part("2/2", output, **given)
            assert progress.messages[-1] == "3 of 4 steps were done before"
            advances = progress.advances
            atlas.network_part("2/2", output, **given)  # nothing is left to do
            assert progress.advances == advances
            assert atlas.merge_network(folders, output).rows == expected.rows
            assert output.read_bytes() == contents


@pytest.fixture
def parts(atlas: Atlas, tmp_path: Path) -> list[Path]:
    """The three parts of a network."""
    return compute_parts(atlas, tmp_path / "n.parquet", 3, top=5, level="probe", memory=LITTLE)


def refuse(atlas: Atlas, folders: list[Path], message: str, error: type[CoexprError] = ResultFileError) -> None:
    """Assert that parts are refused in one sentence, and that nothing is written."""
    output = folders[0].parent / "merged.parquet" if folders else Path("merged.parquet")
    with pytest.raises(error, match=message):
        atlas.merge_network(folders, output)
    assert not list(output.parent.glob("*merged*"))


def test_parts_that_are_missing_or_there_twice_are_refused(atlas: Atlas, parts: list[Path], tmp_path: Path) -> None:
    refuse(atlas, parts[:2], "1 part of 3 missing: 3")
    refuse(atlas, parts[1:2], "2 parts of 3 missing: 1, 3")
    refuse(atlas, [], "give the folders of all parts", OptionError)
    refuse(atlas, [*parts, parts[0]], "part 1/3 is there twice")
    shutil.copytree(parts[0], tmp_path / "copy")
    refuse(atlas, [*parts, tmp_path / "copy"], r"part 1/3 is there twice: .*part-1-of-3 and .*copy")
    (tmp_path / "link").symlink_to(parts[2])
    refuse(atlas, [*parts, tmp_path / "link"], "part 3/3 is there twice")
    moved = parts[0].rename(tmp_path / "any name")
    atlas.merge_network([moved, *parts[1:]], tmp_path / "n.parquet")


def test_what_is_not_a_part_is_refused(atlas: Atlas, parts: list[Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("something")
    with Checkpoint(tmp_path / "run", {"rows": []}):
        pass
    for name in ("empty", "file", "none", "run"):
        refuse(atlas, [*parts, tmp_path / name], f"{name} is not a part of a network")


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"top": 6}, "`top`"),
        ({"min_abs_r": 0.1}, "`min_abs_r`"),
        ({"sample_filter": "Cx"}, "`sample_filter`"),
        ({"method": "spearman"}, "`method`"),
        ({"memory": LITTLE * 2}, "`memory`"),
        ({"max_edges": None}, "`max_edges`"),
        ({"level": "gene"}, "`level`"),
    ],
)
def test_parts_of_other_options_are_refused(
    atlas: Atlas, parts: list[Path], tmp_path: Path, other: dict[str, Any], difference: str
) -> None:
    given = {"top": 5, "level": "probe", "memory": LITTLE} | other
    (tmp_path / "other").mkdir()
    atlas.network_part("3/3", tmp_path / "other" / "n.parquet", **given)
    folder = tmp_path / "other" / parts[2].name
    refuse(atlas, [*parts[:2], folder], f"are parts of different networks. They differ in: {difference}\\.")


def test_parts_of_another_number_of_parts_are_refused(atlas: Atlas, parts: list[Path], tmp_path: Path) -> None:
    atlas.network_part("4/4", tmp_path / "n.parquet", top=5, level="probe", memory=LITTLE)
    refuse(atlas, [*parts, tmp_path / "n.parquet.part-4-of-4"], r"the number of parts \(3 and 4\)")


def test_parts_of_another_version_are_refused(atlas: Atlas, parts: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    computed = coexpr.__version__
    monkeypatch.setattr(coexpr, "__version__", "99.1")
    refuse(atlas, parts, f"was computed by coexpr {computed}, and this is 99.1")


def test_a_copy_of_the_database_is_the_same_and_another_value_is_not(
    parts: list[Path], synthetic_database: Path, tmp_path: Path
) -> None:
    shutil.copyfile(synthetic_database, tmp_path / "copy.duckdb")
    with Atlas(tmp_path / "copy.duckdb") as copy:
        copy.merge_network(parts, tmp_path / "copy.parquet")
    with duckdb.connect(tmp_path / "copy.duckdb") as connection:
        connection.execute(
            "update expression set mean_log2 = mean_log2 + 1e-9 where probe_id = (select max(probe_id) from probes)"
        )
    with Atlas(tmp_path / "copy.duckdb") as other:
        refuse(other, parts, "was computed from another database than .*copy.duckdb")


@pytest.mark.parametrize("strength", STRENGTHS[:2], ids=str)
@pytest.mark.parametrize("fraction", [0, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_damaged_parts_are_refused(
    atlas: Atlas, tmp_path: Path, strength: dict[str, Any], fraction: float, damage: str
) -> None:
    folders = compute_parts(atlas, tmp_path / "n.parquet", 3, level="probe", memory=LITTLE, **strength)
    for file in sorted(folders[1].glob("*.npz")):
        contents = file.read_bytes()
        place = int(fraction * len(contents))
        if damage == "cut":
            file.write_bytes(contents[:place])
        else:
            file.write_bytes(contents[:place] + bytes([contents[place] ^ 255]) + contents[place + 1 :])
        try:
            atlas.merge_network(folders, tmp_path / "merged.parquet")
        except ResultFileError as error:
            assert "part-2-of-3 is damaged" in str(error)  # noqa: PT017  # bytes that mean nothing can be changed
            assert not list(tmp_path.glob("*merged*"))
        else:
            atlas.network(tmp_path / "n.parquet", level="probe", memory=LITTLE, **strength)
            assert (tmp_path / "merged.parquet").read_bytes() == (tmp_path / "n.parquet").read_bytes()
            (tmp_path / "merged.parquet").unlink()
        file.write_bytes(contents)
    settings = folders[1] / "run.json"
    text = settings.read_text()
    for changed in (text[:-3], "{}", "[]", text.replace('"2/3"', '"4/3"'), text.replace('"arguments"', '"other"')):
        settings.write_text(changed)
        refuse(atlas, folders, "part-2-of-3 is damaged: its settings cannot be read")
    settings.write_text(text.replace('"top": 5', '"top": 7').replace('"min_abs_r": 0.6', '"min_abs_r": 0.7'))
    refuse(atlas, folders, "are parts of different networks")


def test_a_part_without_a_file_is_refused(atlas: Atlas, parts: list[Path], tmp_path: Path) -> None:
    (parts[0] / "strongest.npz").unlink()
    refuse(atlas, parts, r"part-1-of-3 is not finished: 0 of \d+ steps are stored")
    folders = compute_parts(atlas, tmp_path / "all.parquet", 3, level="probe", memory=LITTLE, min_abs_r=0.6)
    next(folders[0].glob("edges-*.npz")).unlink()
    refuse(atlas, folders, r"part-1-of-3 is damaged: edges-\d+ cannot be read. Remove the folder, and compute part 1/3")


def test_parts_have_the_limits_of_a_network(atlas: Atlas, parts: list[Path], tmp_path: Path) -> None:
    with pytest.raises(LimitError, match="the limit is 10 edges"):
        atlas.network_part("1/2", tmp_path / "few.parquet", top=1, max_edges=10)
    with pytest.raises(OutputError, match="no folder"):
        atlas.network_part("1/2", tmp_path / "none" / "n.parquet", top=1)
    with pytest.raises(OptionError, match="choose edges with `top`, `min_abs_r`, or both"):
        atlas.network_part("1/2", tmp_path / "few.parquet")
    with pytest.raises(LimitError, match="0 MB are allowed"):
        atlas.merge_network(parts, tmp_path / "merged.parquet", undirected=True, memory=100_000)
    with pytest.raises(OptionError, match="ending"):
        atlas.merge_network(parts, tmp_path / "merged.xls")
    with pytest.raises(OptionError, match="`mark` has no effect on a parquet file"):
        atlas.merge_network(parts, tmp_path / "merged.parquet", mark=["synapse organization"])
    assert not list(tmp_path.glob("*merged*"))
    assert not list(tmp_path.glob("*few*"))


def test_more_parts_than_pairs_of_blocks_leave_some_without_work(atlas: Atlas, tmp_path: Path) -> None:
    given = {"top": 5, "level": "probe"}
    results = [atlas.network_part(f"{number}/4", tmp_path / "n.parquet", **given) for number in range(1, 5)]
    steps = [(result.provenance.steps, result.provenance.steps_of_network) for result in results]
    assert sorted(steps) == [(0, 1), (0, 1), (0, 1), (1, 1)]
    atlas.network(tmp_path / "n.parquet", **given)
    atlas.merge_network(sorted(tmp_path.glob("n.parquet.part-*-of-4")), tmp_path / "merged.parquet")
    assert (tmp_path / "merged.parquet").read_bytes() == (tmp_path / "n.parquet").read_bytes()


def test_the_question_of_a_network_has_every_argument_of_a_part() -> None:
    parameters = arguments_of(Atlas.network)
    assert [name for name in parameters if name in ASKED] == list(ASKED)
    assert set(parameters) - set(ASKED) <= {"self", "output", "format", "memory", "scheduler"}
    of_parts, of_merging = (set(arguments_of(method)) for method in (Atlas.network_part, Atlas.merge_network))
    assert of_parts | of_merging == {*parameters, "part", "parts"}


def arguments_of(method: Callable[..., Any]) -> list[str]:

    return list(inspect.signature(method).parameters)


def test_settings_of_a_part_are_readable(parts: list[Path]) -> None:
    settings = json.loads((parts[2] / "run.json").read_text())
    assert settings["part"] == "3/3"
    assert json.loads(settings["arguments"]) == {"top": 5, "level": "probe"}


def test_an_error_before_anything_is_stored_leaves_no_folder(atlas: Atlas, tmp_path: Path) -> None:
    with pytest.raises(CoexprError):
        atlas.network(tmp_path / "n.parquet", top=3, scheduler="no address")
    with pytest.raises(CoexprError):
        atlas.network_part("1/2", tmp_path / "n.parquet", top=3, scheduler="no address")
    assert not list(tmp_path.iterdir())


def test_settings_of_another_run_in_any_encoding_are_replaced(atlas: Atlas, tmp_path: Path) -> None:
    folder = tmp_path / "n.parquet.partial"
    folder.mkdir()
    (folder / "run.json").write_bytes(b"\xff\xfe{")
    atlas.network(tmp_path / "n.parquet", top=3)
    assert [file.name for file in tmp_path.iterdir()] == ["n.parquet"]
