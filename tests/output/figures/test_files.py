"""Files of figures: size, metadata, fonts, reproducibility, and what is refused."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.command import run
from helpers.drawings import KINDS, dots, profiles, scatter
from PIL import Image

import coexpr
from coexpr.atlas import Atlas
from coexpr.errors import FigureError, OptionError, OutputError
from coexpr.output.figures.page import save
from coexpr.result import Provenance

ENDINGS = (".png", ".svg", ".pdf")
PROVENANCE = Provenance(database="folder (1)/atlas of the brain τ².duckdb")
WHOLE = {"database": PROVENANCE.database, "coexpr_version": coexpr.__version__}
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"


@pytest.mark.long
@pytest.mark.parametrize("width", [60, 89, 120, 180])
def test_a_png_is_as_wide_as_requested_at_300_dpi(tmp_path: Path, width: int) -> None:
    save(dots("small"), tmp_path / "figure.png", width, PROVENANCE)
    with Image.open(tmp_path / "figure.png") as image:
        assert abs(image.width - width / 25.4 * 300) <= 1
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.05)


@pytest.mark.long
@pytest.mark.parametrize("width", [60, 180])
def test_svg_and_pdf_are_as_wide_as_requested(tmp_path: Path, width: int) -> None:
    points = pytest.approx(width / 25.4 * 72, abs=0.1)
    save(dots("small"), tmp_path / "figure.svg", width, PROVENANCE)
    size = ElementTree.parse(tmp_path / "figure.svg").getroot().get("width")
    assert size is not None
    assert float(size.removesuffix("pt")) == points
    save(dots("small"), tmp_path / "figure.pdf", width, PROVENANCE)
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) [\d.]+ \]", (tmp_path / "figure.pdf").read_bytes())
    assert float(box) == points


def test_a_png_holds_the_provenance(tmp_path: Path) -> None:
    save(dots("small"), tmp_path / "figure.png", None, PROVENANCE)
    with Image.open(tmp_path / "figure.png") as image:
        assert json.loads(image.text["Description"]) == WHOLE
        assert image.text["Title"] == PROVENANCE.caption
        assert image.text["Software"] == f"coexpr {coexpr.__version__}"


def test_an_svg_holds_the_provenance(tmp_path: Path) -> None:
    save(dots("small"), tmp_path / "figure.svg", None, PROVENANCE)
    root = ElementTree.parse(tmp_path / "figure.svg").getroot()
    assert [json.loads(element.text or "") for element in root.iter(f"{DUBLIN_CORE}description")] == [WHOLE]
    assert PROVENANCE.caption in [element.text for element in root.iter(f"{DUBLIN_CORE}title")]
    assert list(root.iter(f"{DUBLIN_CORE}date")) == []


def test_a_pdf_holds_the_provenance(tmp_path: Path) -> None:
    save(dots("small"), tmp_path / "figure.pdf", None, PROVENANCE)
    assert json.loads(subject_of((tmp_path / "figure.pdf").read_bytes())) == WHOLE
    assert b"/CreationDate" not in (tmp_path / "figure.pdf").read_bytes()


def subject_of(pdf: bytes) -> str:
    """Return the subject of a PDF, a literal string in parentheses with backslashes before special characters."""
    (literal,) = re.findall(rb"/Subject \(((?:[^\\)]|\\.)*)\)", pdf, re.S)
    raw = re.sub(rb"\\(.)", lambda found: {b"n": b"\n", b"r": b"\r"}.get(found[1], found[1]), literal, flags=re.S)
    return str(raw, "utf-16" if raw.startswith((b"\xfe\xff", b"\xff\xfe")) else "latin-1")


@pytest.mark.long
def test_fonts_of_a_pdf_are_embedded_as_truetype(tmp_path: Path) -> None:
    save(profiles("small"), tmp_path / "figure.pdf", None, PROVENANCE)
    pdf = (tmp_path / "figure.pdf").read_bytes()
    fonts = re.findall(rb"/FontFile2 (\d+) 0 R", pdf)
    assert fonts
    assert b"/Type3" not in pdf
    for number in fonts:
        stream = re.search(rb"\n" + number + rb" 0 obj\n.*?stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
        assert stream is not None
        assert zlib.decompress(stream[1])[:4] in (b"\0\1\0\0", b"true")


@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="pdffonts is not installed")
def test_pdffonts_finds_every_font_embedded(tmp_path: Path) -> None:
    save(profiles("small"), tmp_path / "figure.pdf", None, PROVENANCE)
    printed = subprocess.run(["pdffonts", tmp_path / "figure.pdf"], capture_output=True, text=True, check=True).stdout
    fonts = printed.splitlines()[2:]
    assert fonts
    for font in fonts:
        assert "TrueType" in font
        embedded, subset, *_ = font.split()[-5:]
        assert (embedded, subset) == ("yes", "yes")


def test_an_svg_has_text_as_paths(tmp_path: Path) -> None:
    save(dots("small"), tmp_path / "figure.svg", None, PROVENANCE)
    assert list(ElementTree.parse(tmp_path / "figure.svg").getroot().iter("{http://www.w3.org/2000/svg}text")) == []


@pytest.mark.long
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", ["dots with categories", "circle"])
def test_the_same_figure_gives_the_same_file(tmp_path: Path, kind: str, ending: str) -> None:
    for name in ("first", "second"):
        save(KINDS[kind]("small"), tmp_path / f"{name}{ending}", 120, PROVENANCE)
    assert (tmp_path / f"first{ending}").read_bytes() == (tmp_path / f"second{ending}").read_bytes()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["scatter by structure", "expression", "tree", "distributions"])
def test_every_kind_is_written_as_pdf_without_warnings(tmp_path: Path, kind: str) -> None:
    save(KINDS[kind]("small"), tmp_path / "figure.PDF", 120, PROVENANCE)
    assert (tmp_path / "figure.PDF").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("name", ["figure.gif", "figure", "figure.png.txt"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"unknown file name ending of a figure; use one of \.png, \.svg, \.pdf\."):
        save(dots("small"), tmp_path / name, None, PROVENANCE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("width", [29.9, 1000.1, 0, -5, float("nan"), float("inf")])
def test_a_width_that_is_no_width_of_a_figure_is_refused(tmp_path: Path, width: float) -> None:
    with pytest.raises(OptionError, match=r"`width` .*: expected a width in mm, from 30 to 1000\."):
        save(dots("small"), tmp_path / "figure.png", width, PROVENANCE)
    assert list(tmp_path.iterdir()) == []


def test_a_width_that_is_too_narrow_for_the_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"`width` 40 is too narrow for this figure: .* Use at least \d+\."):
        save(profiles("small"), tmp_path / "figure.png", 40, PROVENANCE)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        save(dots("small"), tmp_path / "nowhere" / "figure.png", None, PROVENANCE)
    assert list(tmp_path.iterdir()) == []


def test_a_figure_replaces_a_file_completely_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    path.write_text("before")
    with pytest.raises(OptionError):
        save(scatter("small"), path, 30, PROVENANCE)
    assert path.read_text() == "before"
    save(scatter("small"), path, None, PROVENANCE)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.long
def test_a_figure_of_the_atlas_has_its_provenance(atlas: Atlas, tmp_path: Path) -> None:
    pair = atlas.pair("NTRK2", "BDNF")
    assert pair.save_figure(tmp_path / "pair.png", color="structure", width=120) == []
    with Image.open(tmp_path / "pair.png") as image:
        provenance = json.loads(image.text["Description"])
    assert provenance["profiles"] == list(pair.provenance.profiles)
    assert provenance["data"]["n_samples"] == 90


def test_names_left_out_of_a_heatmap_are_reported(atlas: Atlas, tmp_path: Path) -> None:
    matrix = atlas.correlation_matrix(gene_filter="nervous system development")
    (sentence,) = matrix.save_figure(tmp_path / "matrix.png", width=60)
    assert sentence.startswith("Names are left out")


def test_a_matrix_that_is_too_large_is_refused_before_it_is_clustered(atlas: Atlas, tmp_path: Path) -> None:
    matrix = atlas.correlation_matrix(gene_filter="nervous system development")
    with pytest.raises(FigureError, match="the limit is 5 rows"):
        matrix.save_figure(tmp_path / "matrix.png", max_rows=5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_the_command_line_draws_what_python_draws(
    atlas: Atlas, synthetic_database: Path, tmp_path: Path, ending: str
) -> None:
    by_command, by_python = tmp_path / f"command{ending}", tmp_path / f"python{ending}"
    done = run(
        "pair", "NTRK2", "BDNF", "--color", "structure", "--plot", by_command, "--width", 89, "--db", synthetic_database
    )  # fmt: skip
    assert f"Wrote the figure to {by_command}." in done.output
    atlas.pair("NTRK2", "BDNF").save_figure(by_python, color="structure", width=89)
    assert by_command.read_bytes() == by_python.read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--plot", "figure.gif"), "unknown file name ending of a figure"),
        (("--plot", "nowhere/figure.png"), "there is no folder"),
        (("--plot", "figure.png", "--width", "20"), "--width 20: expected a width in mm, from 30 to 1000."),
        (("--width", "89"), "--width is the width of a figure, and there is none. Add --plot FILE."),
    ],
)
def test_the_command_line_refuses_before_it_computes(
    synthetic_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("query", "NTRK2", *options, "--db", synthetic_database, code=1)
    assert message in " ".join(done.output.split())
    assert "rank" not in done.output
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_a_figure_has_are_refused(synthetic_database: Path, tmp_path: Path) -> None:
    figure = tmp_path / "figure.png"
    done = run("structures", "nonsense", "--plot", figure, "--db", synthetic_database, code=1)
    assert "there is nothing to draw: no structure has enough samples." in " ".join(done.output.split())
    category = ("--category", "nervous system development")
    done = run("expression", *category, "--plot", figure, "--db", synthetic_database, code=1)
    assert "a figure has at most 12 panels of expression" in " ".join(done.output.split())
    assert not figure.exists()


def test_characters_that_the_font_lacks_are_reported_once(tmp_path: Path) -> None:
    drawing = replace(scatter("small"), title="日本語 r")
    assert save(drawing, tmp_path / "f.png", None, PROVENANCE) == [
        "Boxes are drawn for characters that the font does not have: 日本語."
    ]
