"""A category as the atlas's own site lists it: a heatmap download, of which only Probes.csv counts.

Any resolution and scale will do. The site ends a download after 2,000 rows; further pages are
further downloads.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from coexpr.errors import DownloadError
from coexpr.readers import heatmap
from coexpr.readers.category_file import Category, CategoryFile
from coexpr.readers.place import Folder, Place, folders_in_zip
from coexpr.readers.probe_table import HEATMAP_HEADER, read_probes

_NEEDED = (heatmap.CONTENTS, heatmap.PROBES)


def places(path: Path) -> list[Place]:
    """Return the folders, on disk or in a zip, that hold such a download."""
    found: Sequence[Place] = [Folder(path)] if path.is_dir() else folders_in_zip(path)
    return [place for place in found if not place.missing(_NEEDED)]


def read(pages: Sequence[Place], name: str) -> CategoryFile:
    """Read the pages of one category; members are Entrez ids where there are, else names of probes.

    Raises
    ------
    DownloadError
        If a page is damaged, or holds another number of probes than it promises.
    """
    members: dict[str, None] = {}
    probes = 0
    ends: set[int] = set()
    starts: set[int] = set()
    for page in pages:
        contents = heatmap.read_contents(page)
        table, genes, _ = read_probes(page, HEATMAP_HEADER)
        promised = contents.last_row - contents.first_row + 1
        if len(table) != promised:
            raise DownloadError(
                f"{page.locate(heatmap.PROBES)} has {len(table):,} probes; {heatmap.CONTENTS} promises {promised:,}.",
                remedy="Download it again.",
            )
        probes += len(table)
        starts.add(contents.first_row)
        ends.add(contents.last_row)
        members |= dict.fromkeys(_members(table, genes))
    notes = [f"{probes:,} probes."]
    if open_ends := [end for end in sorted(ends) if end % heatmap.PAGE_ROWS == 0 and end + 1 not in starts]:
        notes.append(
            f"it ends at row {open_ends[0]:,}, where the site ends a page: the list goes on. "
            "Download the next page and give both files together."
        )
    return CategoryFile(
        "download of the atlas's site", [Category(name, list(members))], source="allen", notes=tuple(notes)
    )


def _members(probes: pa.Table, genes: pa.Table) -> list[str]:
    entrez = {gene["gene_id"]: gene["entrez_id"] for gene in genes.to_pylist()}
    return [str(entrez.get(probe["gene_id"]) or probe["probe_name"]) for probe in probes.to_pylist()]
