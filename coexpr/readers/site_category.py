"""A category as listed by the atlas's site: Probes.csv of a heatmap download.

The download may have any resolution and scale. The site ends a download after 2,000 rows; further pages are separate
downloads.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from coexpr.errors import DownloadError
from coexpr.readers import heatmap
from coexpr.readers.category_file import Category, CategoryFile
from coexpr.readers.place import Folder, Place
from coexpr.readers.probe_table import HEATMAP_HEADER, read_probes
from coexpr.readers.zips import folders_in_zip

_NEEDED = (heatmap.CONTENTS, heatmap.PROBES)


def places(path: Path) -> list[Place]:
    """Return the folders, on disk or in a zip, that contain such a download."""
    found: Sequence[Place] = [Folder(path)] if path.is_dir() else folders_in_zip(path)
    return [place for place in found if not place.missing(_NEEDED)]


def read(pages: Sequence[Place], name: str) -> CategoryFile:
    """Read the pages of one category; members are Entrez ids, or probe names if there is no Entrez id.

    Raises
    ------
    DownloadError
        If a page is damaged, or does not have the number of probes that it states.
    """
    members: dict[str, None] = {}
    probes = 0
    ends: set[int] = set()
    starts: set[int] = set()
    for page in pages:
        contents = heatmap.read_contents(page)
        table, genes, _ = read_probes(page, HEATMAP_HEADER)
        expected = contents.last_row - contents.first_row + 1
        if len(table) != expected:
            raise DownloadError(
                f"{page.locate(heatmap.PROBES)} has {len(table):,} probes; expected {expected:,}, as stated in "
                f"{heatmap.CONTENTS}.",
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
            "Download the next page, and add both files together."
        )
    return CategoryFile(
        "download of the atlas's site", [Category(name, list(members))], source="allen", notes=tuple(notes)
    )


def _members(probes: pa.Table, genes: pa.Table) -> list[str]:
    entrez = {gene["gene_id"]: gene["entrez_id"] for gene in genes.to_pylist()}
    return [str(entrez.get(probe["gene_id"]) or probe["probe_name"]) for probe in probes.to_pylist()]
