"""Run the tutorial notebook as a reader would: all cells in order, in a new kernel and an empty folder."""

import ast
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from helpers.folders import TOP

pytestmark = pytest.mark.long

NOTEBOOK = TOP / "docs" / "notebook.ipynb"
# The packages that run the notebook, and the optional ones that it uses.
MISSING = [
    name
    for name in ("nbclient", "nbformat", "ipykernel", "matplotlib", "polars", "anndata", "xlsxwriter")
    if find_spec(name) is None
]
# Runs in a process of its own, because warnings of Jupyter are errors in that of the tests.
RUN = """
import sys, nbformat, nbclient
read, write = sys.argv[1:]
notebook = nbformat.read(read, as_version=4)
client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True)
client.execute()
nbformat.write(notebook, write)
"""

Cell = dict[str, Any]


def cells_of(path: Path) -> list[Cell]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source_of(cell: Cell) -> str:
    return "".join(cell["source"])


def expected_of(cell: Cell) -> set[str]:
    """Return the media types that the code of a cell must show: those of figures, of text, and of its last value."""
    source = source_of(cell)
    expected = {"image/png"} if ".plot(" in source else set()
    if "Markdown(" in source:
        expected.add("text/markdown")
    last = ast.parse(source).body[-1]
    is_shown = isinstance(last, ast.Expr) and not source.rstrip().endswith((";", ".close()"))
    if is_shown and not ast.unparse(last.value).startswith("Markdown("):
        expected.add("text/html")
    return expected


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Cell]]:
    """The folder in which the notebook was run, and its code cells with their outputs."""
    if MISSING:
        pytest.skip(f"the notebook needs packages that are not installed: {', '.join(MISSING)}")
    own, folder = tmp_path_factory.mktemp("jupyter"), tmp_path_factory.mktemp("notebook")
    kernel = own / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": command, "display_name": "Python 3", "language": "python"}), encoding="utf-8"
    )
    # Nothing of the machine or of the tests has an effect: no other kernel, database, settings or kind of figure.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COEXPR", "MPL", "JUPYTER"))}
    settings = dict.fromkeys(("JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"), str(own))
    # In a folder of its own: the files of the kernel's connection are not among those of the notebook.
    settings["JUPYTER_RUNTIME_DIR"] = str(own / "runtime")
    written = own / "executed.ipynb"
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(NOTEBOOK), str(written)],
        cwd=folder, env=kept | settings, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, [cell for cell in cells_of(written) if cell["cell_type"] == "code"]


def test_the_stored_notebook_has_no_outputs() -> None:
    stored = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (stored["nbformat"], stored["nbformat_minor"]) == (4, 5)
    assert stored["metadata"]["kernelspec"]["name"] == "python3"
    code = [cell for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert len(code) > 20
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    ids = [cell["id"] for cell in stored["cells"]]
    assert len(set(ids)) == len(ids)


def test_the_stored_notebook_is_valid() -> None:
    if find_spec("nbformat") is None:
        pytest.skip("nbformat is not installed")
    check = "import sys, nbformat; nbformat.validate(nbformat.read(sys.argv[1], as_version=nbformat.NO_CONVERT))"
    done = subprocess.run([sys.executable, "-c", check, str(NOTEBOOK)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_cell_runs(executed: tuple[Path, list[Cell]]) -> None:
    _, cells = executed
    for number, cell in enumerate(cells, start=1):
        assert cell["execution_count"] == number
        for output in cell["outputs"]:
            assert output["output_type"] != "error", "\n".join([source_of(cell), *output["traceback"]])
            assert "Warning" not in "".join(output.get("text", "")), source_of(cell)


def test_every_cell_shows_its_tables_and_figures(executed: tuple[Path, list[Cell]]) -> None:
    _, cells = executed
    expected = [expected_of(cell) for cell in cells]
    for cell, kinds in zip(cells, expected, strict=True):
        shown = {kind for output in cell["outputs"] for kind in output.get("data", {})}
        assert kinds <= shown, f"{source_of(cell)}\nshows {sorted(shown)}"
    counts = {kind: sum(kind in kinds for kinds in expected) for kind in ("text/html", "image/png", "text/markdown")}
    assert counts["text/html"] >= 10
    assert counts["image/png"] >= 6
    assert counts["text/markdown"] >= 3


def test_the_numbers_are_those_that_the_text_states(executed: tuple[Path, list[Cell]]) -> None:
    _, cells = executed
    text = " ".join(source_of(cell) for cell in cells_of(NOTEBOOK) if cell["cell_type"] == "markdown")
    shown = {cell["id"]: json.dumps([output.get("data") for output in cell["outputs"]]) for cell in cells}
    assert "Here it is 0.594, while coexpr computes 0.452" in text
    assert "0.594 is r of log2 intensity, averaged by coarse structure" in shown["pair-scales"]
    assert "0.451870" in shown["pair-scales"]
    assert "NTRK2 has seven probes" in text
    assert shown["probes-table"].count("<tr>") == 1 + 7
    assert "6 donors, 360 samples" in shown["open"]


def test_the_files_are_written(executed: tuple[Path, list[Cell]]) -> None:
    folder, _ = executed
    files = {path.name for path in folder.iterdir()}
    assert files == {
        "coexpr-demo", "correlates.csv", "correlates.parquet", "correlates.pdf", "pair.png", "pair.xlsx"
    }  # fmt: skip
    assert all(path.stat().st_size > 1000 for path in folder.iterdir() if path.is_file())
