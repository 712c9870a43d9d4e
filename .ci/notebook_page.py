"""Show a notebook as a page of the documentation site: its text and code, without running it."""

import json
from pathlib import Path
from typing import Any

from myst_parser.parsers.sphinx_ import MystParser


def page(notebook: str, name: str) -> str:
    """Return a notebook as Markdown, with a link to the file under its heading."""
    cells = json.loads(notebook)["cells"]
    parts = [_text_of(cell) for cell in cells]
    heading, _, rest = parts[0].partition("\n")
    link = f"{{download}}`Download the notebook <{name}>` to run it; outputs are not shown here."
    return "\n\n".join([heading, link, rest.strip(), *parts[1:]]) + "\n"


def _text_of(cell: dict[str, Any]) -> str:
    source = "".join(cell["source"])
    return f"```python\n{source}\n```" if cell["cell_type"] == "code" else source


class NotebookParser(MystParser):
    """Parses the Markdown that a notebook is shown as."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: Any) -> None:
        """Parse a notebook and fill the document."""
        super().parse(page(inputstring, Path(document["source"]).name), document)
