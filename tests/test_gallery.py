"""The page of figures: it is what its script writes, and its commands and Python calls draw the same."""

import shlex
from pathlib import Path

import gallery
import pytest
import screenshots
import tutorial
from gallery import EXAMPLES, Example
from helpers.command import invoke, run

from coexpr.atlas import Atlas

pytestmark = pytest.mark.long

Image = pytest.importorskip("PIL.Image", reason="matplotlib, with which Pillow comes, is not installed")
IDS = [Path(example.image).stem for example in EXAMPLES]
_LARGEST, _LARGEST_IN_ALL = 150_000, 2_200_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `coexpr demo` and the commands are run."""
    path = tmp_path_factory.mktemp("gallery")
    run("demo", path / "coexpr-demo")
    return path


def test_the_page_is_what_its_script_writes() -> None:
    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.page()


def test_every_image_exists_and_no_other() -> None:
    expected = {example.image for example in EXAMPLES} | {image.name for image in tutorial.figures().values()}
    expected |= {screenshots.name_of(shot, dark=dark) for shot in screenshots.SHOTS for dark in (False, True)}
    assert {path.name for path in gallery.IMAGES.iterdir()} == expected


def test_images_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in gallery.IMAGES.iterdir()}
    assert max(sizes.values()) <= _LARGEST, sizes
    assert sum(sizes.values()) <= _LARGEST_IN_ALL, sizes


@pytest.mark.parametrize("example", EXAMPLES, ids=IDS)
def test_the_command_and_the_call_draw_the_same(
    example: Example, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    first, *words = shlex.split(example.command)
    assert first == "coexpr"
    done = invoke(*words, COEXPR_DB=gallery.DATABASE)
    assert done.exit_code == 0, done.output
    assert f"Wrote the figure to {example.image}." in done.output
    before, plot, after = example.call.rpartition(".plot(")
    assert plot
    with Atlas(gallery.DATABASE) as atlas:
        eval(f"{before}.save_figure('of-python.png', {after}", {"atlas": atlas})  # instead of into Axes
    with Image.open(example.image) as by_command, Image.open("of-python.png") as by_python:
        assert by_command.text == by_python.text
        assert by_command.tobytes() == by_python.tobytes()
        with Image.open(gallery.IMAGES / example.image) as shown:
            assert shown.width == by_command.width // 2


def test_the_page_explains_every_command_that_draws() -> None:
    commands = {shlex.split(example.command)[1] for example in EXAMPLES}
    (list_of_commands,) = [line for line in gallery.page().splitlines() if "draw their result" in line]
    for command in commands:
        assert f"`{command}`" in list_of_commands
