"""Write docs/img/serve-*.png: pages of `coexpr serve` on the demo, light and dark, on a screen and on a phone.

Run it after a change of the pages: python .ci/screenshots.py. It needs Chromium, and its driver.
"""

import base64
import io
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "img"
DATABASE = "coexpr-demo/demo.duckdb"
# A page has few colors, except in a figure; with a palette, its image is a third as large.
_COLORS = 256


class Shot(NamedTuple):
    """A page, and how much of it is shown: width and height in pixels."""

    name: str
    path: str
    width: int
    height: int


_CORRELATES = "/correlates?seed=NTRK2&category=nervous+system+development"
_PAIR = "/pair?a=NTRK2&b=BDNF&observed_r=0.9676"
SHOTS = (
    Shot("search", "/", 1280, 820),
    Shot("correlates", _CORRELATES, 1280, 980),
    Shot("pair", _PAIR, 1280, 1550),
    Shot("gene", "/gene/NTRK2", 1280, 920),
    Shot("correlates", _CORRELATES, 390, 1180),
    Shot("pair", _PAIR, 390, 1690),
)


def name_of(shot: Shot, *, dark: bool) -> str:
    """Return the name of the file of a page."""
    ending = "" if shot.width > 500 else f"-{shot.width}"
    return f"serve-{shot.name}-{'dark' if dark else 'light'}{ending}.png"


@contextmanager
def serving(program: str, folder: Path) -> Iterator[str]:
    """Run the server on the demo of a folder, and yield its address."""
    command = [program, "serve", "--port", "0", "--no-open", "--db", DATABASE]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://\S+?(?=/? )", line)
            if found is None:
                raise RuntimeError(line + process.stderr.read())
            yield found[0]
        finally:
            process.terminate()


def shoot(driver: Any, url: str, shot: Shot) -> bytes:
    """Return the upper part of a page as a PNG."""
    driver.get(url)
    if shot.name == "search":
        complete(driver)
    clip = {"x": 0, "y": 0, "width": shot.width, "height": shot.height, "scale": 1}
    answer = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    return base64.b64decode(answer["data"])


def complete(driver: Any) -> None:
    """Type the beginning of a name, and wait for the names that are offered."""
    driver.find_element("id", "q").send_keys("trkb")
    end = time.monotonic() + 30
    while not driver.find_elements("css selector", "#q-choices li"):
        if time.monotonic() > end:
            raise RuntimeError("No name was offered for trkb.")
        time.sleep(0.05)


def reduce(content: bytes, target: Path) -> None:
    """Write a PNG with a palette of the most frequent colors; Pillow's own palettes change even white."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=np.int32)
    colors, places, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    palette = colors[np.argsort(-counts, kind="stable")[:_COLORS]]
    nearest = np.argmin(((colors[:, None] - palette) ** 2).sum(axis=2), axis=1).astype(np.uint8)
    small = Image.fromarray(nearest[places].reshape(pixels.shape[:2]), "P")
    small.putpalette(palette.astype(np.uint8).tobytes())
    small.save(target, optimize=True)


def main() -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    from helpers.browser import browser

    program = str(Path(sys.executable).parent / "coexpr")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "demo"], cwd=folder, check=True, capture_output=True)
        with serving(program, Path(folder)) as address:
            for dark in (False, True):
                for width in sorted({shot.width for shot in SHOTS}):
                    with browser(width, 900, dark=dark) as driver:
                        for shot in SHOTS:
                            if shot.width == width:
                                content = shoot(driver, address + shot.path, shot)
                                reduce(content, IMAGES / name_of(shot, dark=dark))


if __name__ == "__main__":
    main()
