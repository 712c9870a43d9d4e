"""Files of categories in, checked categories out, whichever format they have."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from coexpr.errors import DownloadError, OptionError
from coexpr.readers import annotations, gene_list, gmt, site_category
from coexpr.readers.category_file import STDIN, Category, CategoryFile, WrongFormatError, as_text, read_bytes
from coexpr.readers.obo import Ontology, read_ontology

_ZIP = b"PK\x03\x04"


def read_categories(paths: Sequence[Path], *, name: str | None = None, ontology: Path | None = None) -> CategoryFile:
    """Read the categories of one file, or of the pages of one category of the site.

    Parameters
    ----------
    paths : sequence of path
        GMT, GAF, gene2go (gzipped or not), a list of genes, or downloads of the atlas's site; "-" is stdin.
    name : str, optional
        The name of the category, for formats that hold one without a name.
    ontology : path, optional
        The OBO file that a GAF or gene2go goes with.

    Raises
    ------
    DownloadError
        If a file is damaged, or of no known format: each is named with the reason why it is not that.
    """
    pages = [place for path in paths if _is_of_the_site(path) for place in site_category.places(path)]
    if pages:
        return site_category.read(pages, name or paths[0].stem)
    if len(paths) != 1:
        raise OptionError("give one file at a time, or several pages of one category of the atlas's site.")
    (path,) = paths
    tree = read_ontology(ontology) if ontology else None
    found = _read_text(path, as_text(read_bytes(path), path), tree)
    if name is None:
        return found
    if len(found.categories) != 1:
        raise OptionError(f"--name names one category, but {path} holds {len(found.categories):,}.")
    (only,) = found.categories
    renamed = Category(name, only.members, only.accession, only.aspect)
    return CategoryFile(found.what, [renamed], found.edges, found.source, found.release, found.notes)


def _is_of_the_site(path: Path) -> bool:
    if path == STDIN or not path.exists():
        return False
    if path.is_dir():
        return True
    with path.open("rb") as stream:
        return stream.read(4) == _ZIP


def _read_text(path: Path, text: str, ontology: Ontology | None) -> CategoryFile:
    readers: dict[str, Callable[[], CategoryFile]] = {
        "GAF": partial(annotations.read_gaf, text, path, ontology),
        "gene2go": partial(annotations.read_gene2go, text, path, ontology),
        "GMT": partial(gmt.read, text, path),
        "list of genes": partial(gene_list.read, text, path),
    }
    reasons = []
    for what, read in readers.items():
        try:
            return read()
        except WrongFormatError as reason:
            reasons.append(f"no {what}, because {reason}")
    raise DownloadError(f"{path} is of no known format: {'; '.join(reasons)}.")
