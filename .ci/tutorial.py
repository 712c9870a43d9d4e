"""Draw the figures of docs/tutorial.md, by running its commands.

Run it after a change of what is drawn: python .ci/tutorial.py DOWNLOAD, where DOWNLOAD is the folder of the unpacked
heatmap download of GABRA4 that the page describes.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from gallery import DOCS, IMAGES, reduce_image

PAGE = DOCS / "tutorial.md"
_COMMAND = re.compile(r"^\$ coexpr (.+)$", re.M)


def commands() -> list[list[str]]:
    """Return the arguments of each command of the page."""
    return [shlex.split(line) for line in _COMMAND.findall(PAGE.read_text(encoding="utf-8"))]


def figures() -> dict[str, Path]:
    """Return the file that each figure is written to, and its image on the page."""
    files = [words[words.index("--plot") + 1] for words in commands() if "--plot" in words]
    return {file: IMAGES / f"tutorial-{file}" for file in files}


def put_download(download: Path, folder: Path) -> None:
    """Write a download as a zip to where the page has it."""
    (target,) = [Path(words[1]) for words in commands() if words[0] == "ingest"]
    (folder / target).parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(download.iterdir()):
            archive.write(path, path.name)


def reduce_colors(path: Path) -> None:
    """Write an image again with 256 colors: a heatmap of thousands of cells is then a fourth of its size."""
    from PIL import Image

    with Image.open(path) as image:
        small = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True, dpi=(150, 150))


def main() -> None:
    program = str(Path(sys.executable).parent / "coexpr")
    environment = {name: value for name, value in os.environ.items() if name != "COEXPR_DB"}
    with tempfile.TemporaryDirectory() as folder:
        put_download(Path(sys.argv[1]), Path(folder))
        for words in commands():
            subprocess.run([program, *words], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        for file, image in figures().items():
            reduce_image(Path(folder) / file, image)
            reduce_colors(image)


if __name__ == "__main__":
    main()
