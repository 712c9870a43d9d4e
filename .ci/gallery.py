"""Write docs/gallery.md and docs/img: every kind of figure, with the command and the Python call that draw it.

Run it after a change of what is drawn: python .ci/gallery.py. A test fails while the page differs.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "gallery.md"
IMAGES = DOCS / "img"
DATABASE = "coexpr-demo/demo.duckdb"
# Images of the page have half the resolution of the figures, so that they are small.
_REDUCTION = 2
_HEAD = f"""# Gallery

`query`, `pair`, `curve`, `enrich`, `probes`, `expression`, `matrix`, `network` and `structures` draw their result with
`--plot FILE`. In Python, the same results have the methods `plot()`, which returns matplotlib Axes, and
`save_figure(path)`. Figures need matplotlib, which the extra `plot` installs: `pip install "coexpr[plot]"`.

- **Format**: the ending of the file says which: `.png` (300 dpi), `.svg` or `.pdf` (with embedded fonts).
- **Size**: `--width` is the width in mm; 89 (one column) and 180 (two columns) are usual for journals. The height
  depends on what is drawn.
- **Provenance**: a caption below the figure says what it was computed from, and the metadata of the file hold the whole
  provenance as JSON.
- **Limits**: a figure with nothing to draw is refused. So is one that cannot be read: more than 400 rows of `query` or
  `probes`, 500 structures, 12 probes or genes of `expression`, or 2,000 rows of `matrix`, a limit that `--force`
  lifts. So is a width that is too narrow. The message says what to do. Where names of a matrix cannot be read, they are
  left out, and the caption says so.
- **Colors**: those of donors and categories (Okabe and Ito 2008) can be distinguished with red-green color blindness;
  donors differ by marker, too. Structures have the colors of the Allen atlas.

The figures on this page show the demo's synthetic atlas. Its numbers are invented, not measured. `.ci/gallery.py`
writes this page and draws its figures, here at half their resolution:

```sh
coexpr demo
export COEXPR_DB={DATABASE}
```

In Python:

```python
import coexpr

atlas = coexpr.Atlas("{DATABASE}")
```
"""


class Example(NamedTuple):
    """A figure of the page: its heading, what it shows, and the command and the Python call that draw it."""

    heading: str
    text: str
    command: str
    call: str

    @property
    def image(self) -> str:
        """Name of the file that the command writes."""
        words = shlex.split(self.command)
        return words[words.index("--plot") + 1]


EXAMPLES = (
    Example(
        "A pair by donor",
        "Each point is a sample: the expression of one gene against that of the other, with a fitted line, r and n for "
        "each donor. Use it to see whether an r comes from all samples and all donors, or from a few.",
        "coexpr pair NTRK2 BDNF --plot pair.png",
        'atlas.pair("NTRK2", "BDNF").plot()',
    ),
    Example(
        "A pair by structure",
        "The same samples in the colors of their top-level structures; markers and dashes of lines distinguish donors. "
        "Use it to see whether an r comes from differences between structures.",
        "coexpr pair NTRK2 BDNF --color structure --plot pair-structure.png",
        'atlas.pair("NTRK2", "BDNF").plot(color="structure")',
    ),
    Example(
        "A pair with a panel per donor",
        "The same samples again, donor by donor, with the same limits in all panels. Use it if donors hide each other.",
        "coexpr pair NTRK2 BDNF --facet donor --plot pair-facet.png",
        'atlas.pair("NTRK2", "BDNF").plot(facet="donor")',
    ),
    Example(
        "Correlates",
        "One row per correlate, the highest r first. The dot is r over all samples; the line is the range of r in "
        "single donors. Use it to report the correlates of a gene, here within one category.",
        'coexpr query NTRK2 --category "nervous system development" --top 25 --plot query.png',
        'atlas.correlates("NTRK2", gene_filter="nervous system development", top=25, by_donor=True).plot()',
    ),
    Example(
        "Correlates with a marked category",
        "With `--mark`, members of a category have another color, and no row is left out. Several categories are drawn "
        "as strips to the right. Use it to see which correlates are in a category.",
        'coexpr query NTRK2 --top 25 --mark "central nervous system development" --plot query-mark.png',
        'atlas.correlates("NTRK2", top=25, mark="central nervous system development", by_donor=True).plot()',
    ),
    Example(
        "A specification curve of a pair",
        "r of a pair in every sensible analysis, in ascending order; below, the levels of each choice: the darker, "
        "the more of these analyses have it. The default analysis is marked. Use it to see whether an r depends on "
        "choices, and on which (docs/curve.md).",
        "coexpr curve NTRK2 BDNF --plot curve.png",
        'atlas.curve("NTRK2", "BDNF").plot()',
    ),
    Example(
        "Correlates over all analyses",
        "One row per correlate of the default analysis: its r there, and the median, the middle half and the range of "
        "r over every sensible analysis. Use it to see which correlates hold whatever the choices.",
        "coexpr query NTRK2 --curve --top 25 --plot query-curve.png",
        'atlas.curve_of_correlates("NTRK2", top=25).plot()',
    ),
    Example(
        "Categories of a gene",
        "One row per category, that with the smallest p first. The dot is the mean r of the gene with the genes of the "
        "category, the grey bar what random maps with the same spatial autocorrelation give. Use it to report an "
        "enrichment.",
        "coexpr enrich ARX --structure Cx --top 20 --plot enrich.png",
        'atlas.enrich("ARX", sample_filter="Cx").plot()',
    ),
    Example(
        "A matrix of genes",
        "r of every gene with every other. Rows and columns are clustered by average linkage of 1 - r, and the "
        "dendrogram on the left shows how. Use it for a list of genes of your own.",
        "coexpr matrix NTRK2 BDNF NOTCH1 WNT10A ASPA MAG PENK NUMB GABRA2 MAP1A LY6H PCSK9 -o r.csv --plot matrix.png",
        'atlas.correlation_matrix(\n    ["NTRK2", "BDNF", "NOTCH1", "WNT10A", "ASPA", "MAG", "PENK", "NUMB", '
        '"GABRA2", "MAP1A", "LY6H", "PCSK9"]\n).plot()',
    ),
    Example(
        "A matrix of categories",
        "The genes of two categories, with a strip of color per category on the left. Use it to see whether the genes "
        "of a category are in one cluster.",
        "coexpr matrix --category learning --category myelination -o r.csv --plot matrix-categories.png",
        'atlas.correlation_matrix(gene_filter=["learning", "myelination"]).plot()',
    ),
    Example(
        "Probes of a gene",
        "One row per probe, one column per structure, in the colors of the z-score; above, the colors and names of "
        "top-level structures. The name of the probe that represents the gene by default is bold. Use it to see "
        "whether the probes of a gene agree.",
        "coexpr probes NTRK2 --plot probes.png",
        'atlas.probes("NTRK2").plot()',
    ),
    Example(
        "Expression by structure",
        "Box plots of the samples of each top-level structure (median, quartiles, and whiskers to the last sample "
        "within 1.5 times their distance), and the mean of each donor. Use it to see where a gene is expressed, and "
        "whether donors agree.",
        "coexpr expression NTRK2 BDNF -o values.csv --plot expression.png",
        'atlas.expression(["NTRK2", "BDNF"]).plot()',
    ),
    Example(
        "A small network",
        "A network of up to 60 genes is drawn as a circle, in the order of the clustering. The color of an edge is r; "
        "stronger edges are wider. Use it for the genes of a category or a list.",
        "coexpr network --category learning --top 3 --undirected -o small.csv --plot network.png --width 89",
        'atlas.network("small.csv", gene_filter="learning", top=3, undirected=True).plot(width=89)',
    ),
    Example(
        "A large network",
        "A network of more genes is drawn as two distributions: r of its edges, and the number of edges of its genes. "
        "Use it to choose `--top` or `--min-abs-r`.",
        "coexpr network --top 20 -o large.parquet --plot network-distributions.png",
        'atlas.network("large.parquet", top=20).plot()',
    ),
    Example(
        "Structures",
        "The tree of structures with the number of samples in each, those of its substructures included. Use it to see "
        "which structures have enough samples for an r.",
        "coexpr structures --plot structures.png",
        "atlas.structures(min_samples=10).plot()",
    ),
)


def page() -> str:
    """Return the page."""
    sections = [
        f"## {example.heading}\n\n{_wrapped(example.text)}\n\n```sh\n{example.command}\n```\n\n"
        f"```python\n{example.call}\n```\n\n![{example.heading}](img/{example.image})\n"
        for example in EXAMPLES
    ]
    return "\n".join([_HEAD, *sections])


def _wrapped(text: str) -> str:
    """Return lines of at most 120 characters."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= 120:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()
    return "\n".join(lines)


def draw_all(program: str, folder: Path) -> None:
    """Run every command in a folder that holds the demo."""
    for example in EXAMPLES:
        words = [program, *shlex.split(example.command)[1:]]
        done = subprocess.run(
            words, cwd=folder, env=os.environ | {"COEXPR_DB": DATABASE}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{example.command}: exit code {done.returncode}\n{done.stderr}")


def reduce_image(source: Path, target: Path) -> None:
    """Write a smaller copy of a figure."""
    from PIL import Image

    with Image.open(source) as image:
        size = (image.width // _REDUCTION, image.height // _REDUCTION)
        small = image.convert("RGB").resize(size, Image.Resampling.BOX)
    small.save(target, optimize=True, dpi=(150, 150))


def main() -> None:
    program = str(Path(sys.executable).parent / "coexpr")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "demo"], cwd=folder, check=True, capture_output=True)
        draw_all(program, Path(folder))
        for example in EXAMPLES:
            reduce_image(Path(folder) / example.image, IMAGES / example.image)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
