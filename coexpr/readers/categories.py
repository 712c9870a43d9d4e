"""Read category files and gene lists in any format."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain, count
from pathlib import Path
from typing import Literal, get_args

from coexpr.errors import DownloadError, OptionError
from coexpr.readers import annotations, gene_info, gene_list, gene_table, gmt, site_category
from coexpr.readers.category_file import (
    AmbiguousFormatError,
    Category,
    CategoryFile,
    Lookup,
    WrongFormatError,
    remembering,
)
from coexpr.readers.obo import Ontology, read_ontology
from coexpr.readers.printable import first_with_control
from coexpr.readers.text import lines_of, split_lines, whole_text
from coexpr.readers.text_file import STDIN, open_text

CategoryFormat = Literal["gaf", "gene2go", "gmt", "long", "table", "list"]
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class ReadingOptions:
    """How to read a category file, if its contents do not determine it.

    Parameters
    ----------
    format : str, optional
        One of `CategoryFormat`. By default, recognised by the contents.
    gene_column, set_column : str, optional
        Header, or number counted from 1, of the column of genes and of the column of gene sets.
    ontology : path, optional
        The OBO file of a GAF or gene2go file.
    """

    format: CategoryFormat | None = None
    gene_column: str | None = None
    set_column: str | None = None
    ontology: Path | None = None

    def __post_init__(self) -> None:
        if self.format not in (None, *get_args(CategoryFormat)):
            raise OptionError(f"`format` {self.format!r}: expected one of {', '.join(get_args(CategoryFormat))}.")
        if self.set_column is not None and self.format not in (None, "long"):
            raise OptionError(f"`set_column` applies to the format long only; the format is {self.format}.")


def read_categories(
    paths: Sequence[Path], lookup: Lookup, *, name: str | None = None, options: ReadingOptions | None = None
) -> CategoryFile:
    """Read the categories of one file, or of the pages of one category of the atlas's site.

    Parameters
    ----------
    paths : sequence of path
        A GMT, GAF or gene2go file, a long table, or a table or list of genes, gzipped or not; or downloads of the
        atlas's site. "-" is stdin.
    lookup : Lookup
        Gives the names that mean a gene. Formats and columns are recognised with it.
    name : str, optional
        Name of the category, for formats with one category and no name.
    options : ReadingOptions, optional

    Raises
    ------
    DownloadError
        If a file is damaged, or has no known format; the message gives a reason for each format.
    AmbiguousFormatError
        If a file may have one of several formats.
    OptionError
        If there are several files, or `name` is given for several categories.
    """
    options = options or ReadingOptions()
    pages = [place for path in paths if _is_of_the_site(path) for place in site_category.places(path)]
    if pages:
        return site_category.read(pages, name or paths[0].stem)
    if len(paths) != 1:
        raise OptionError(
            f"expected one file, or several pages of one category of the atlas's site, found {len(paths)} files. "
            "Add one file at a time."
        )
    (path,) = paths
    tree = read_ontology(options.ontology) if options.ontology else None
    found = _with_unique_names(_read(path, remembering(lookup), options, tree))
    _refuse_control(found, path)
    if name is None:
        return found
    if len(found.categories) != 1:
        raise OptionError(f"`name` names one category, but {path} holds {len(found.categories):,}. Leave `name` out.")
    return replace(found, categories=[replace(found.categories[0], name=name)])


def read_names(path: Path, lookup: Lookup, gene_column: str | None = None) -> CategoryFile:
    """Read the names of one list of genes from a file in any format.

    Raises
    ------
    DownloadError
        As for `read_categories`, and if the file has several gene sets.
    """
    try:
        found = read_categories([path], lookup, options=ReadingOptions(gene_column=gene_column))
    except AmbiguousFormatError as error:
        raise DownloadError(
            f"{error} Only `coexpr categories add` takes this `format`. Add the file first, or name the column of "
            "genes with `gene_column`."
        ) from None
    if len(found.categories) != 1:
        raise DownloadError(
            f"{path}: expected one list of genes, found a {found.what} of {len(found.categories):,} gene sets. Add it "
            "with `coexpr categories add`, and name one of its categories with `categories`."
        )
    return found


def _is_of_the_site(path: Path) -> bool:
    """Return whether a path is a folder or a zip.

    Raises
    ------
    DownloadError
        If it is a spreadsheet, or cannot be read.
    """
    try:
        if path == STDIN:
            return False
        if path.is_dir():
            return True
        if not path.is_file():  # a pipe can be read only once
            return False
        with path.open("rb") as stream:
            is_zip = stream.read(4) == _ZIP
    except OSError as error:
        raise DownloadError(f"{str(path)[:80]} cannot be read: {error.strerror or error}.") from None
    if is_zip and zipfile.is_zipfile(path) and "[Content_Types].xml" in zipfile.ZipFile(path).namelist():
        raise DownloadError(
            f'{path} is a spreadsheet. Save the sheet with the genes as "CSV UTF-8", and use that file.'
        )
    return is_zip


def _read(path: Path, lookup: Lookup, options: ReadingOptions, ontology: Ontology | None) -> CategoryFile:
    """Read a file in any format; the large ones, of annotations, line by line."""
    with open_text(path) as file:
        kind = annotations.format_of(file.start(annotations.LONGEST_START))
        if kind == "gaf" and options.format in (None, kind):
            return annotations.read_gaf(lines_of(file, path), path, ontology)
        if kind == "gene2go" and options.format in (None, kind):
            return annotations.read_gene2go(gene_info.human_lines_of(file), path, ontology)
        text = whole_text(file, path)
    return _read_text(path, text, lookup, options, ontology)


def _refuse_control(file: CategoryFile, path: Path) -> None:
    """Raise DownloadError for names that would control a terminal, or look like other names."""
    members = {member for category in file.categories for member in category.members}
    names = (name for category in file.categories for name in (category.name, category.accession))
    if (strange := first_with_control(chain(names, members))) is not None:
        raise DownloadError(
            f"{path}: the name {strange!r:.80} has characters that are not printed. Remove them from the file."
        )


def _read_text(
    path: Path, text: str, lookup: Lookup, options: ReadingOptions, ontology: Ontology | None
) -> CategoryFile:
    is_forced = options.format is not None
    columns = {"gene_column": options.gene_column}
    lines = split_lines(text)
    read_table = cache(partial(gene_table.read_table, text, lookup))  # for several formats
    readers: dict[str, tuple[str, Callable[[], CategoryFile]]] = {
        "gaf": ("GAF", partial(annotations.read_gaf, lines, path, ontology)),
        "gene2go": ("gene2go", partial(annotations.read_gene2go, lines, path, ontology)),
        "gmt": ("GMT", partial(gmt.read, text, path, lookup, is_forced=is_forced)),
        "long": (
            "long table",
            partial(
                gene_list.read_long,
                read_table,
                path,
                lookup,
                set_column=options.set_column,
                is_forced=is_forced,
                **columns,
            ),
        ),
        "list": ("list or table of genes", partial(_read_list, read_table, text, path, lookup, options)),
    }
    if options.format is not None:
        wanted = [readers["list" if options.format == "table" else options.format]]
    elif options.set_column is not None:
        wanted = [readers["long"]]
    elif options.gene_column is not None:
        wanted = [readers["long"], readers["list"]]
    else:
        wanted = list(readers.values())
    if ".gmt" in (suffix.lower() for suffix in path.suffixes) and len(wanted) > 1 and not options.gene_column:
        wanted = [readers["gmt"]]
    reasons = []
    is_ambiguous = False
    for what, read in wanted:
        try:
            return read()
        except WrongFormatError as reason:
            reasons.append(f"not a {what}, because {reason}")
            is_ambiguous |= reason.is_ambiguous
    error = AmbiguousFormatError if is_ambiguous else DownloadError
    raise error(f"{path} has no known format: {'; '.join(reasons)}.")


def _read_list(
    read_table: gene_list.ReadTable, text: str, path: Path, lookup: Lookup, options: ReadingOptions
) -> CategoryFile:
    if options.format is None and options.gene_column is None:
        gene_list.refuse_headerless_sets(read_table, lookup)
    layout = options.format if options.format in ("list", "table") else None
    return gene_list.read_list(read_table, text, path, lookup, gene_column=options.gene_column, layout=layout)


def _with_unique_names(file: CategoryFile) -> CategoryFile:
    """Merge categories with the same name and genes, and number those with the same name and different genes."""
    members: dict[str, list[frozenset[str]]] = {}
    categories: list[Category] = []
    taken = {category.name for category in file.categories}
    merged = numbered = 0
    if file.edges:  # edges are positions in this list, and the terms of an ontology have unique names
        return file
    for category in file.categories:
        known = members.setdefault(category.name, [])
        if frozenset(category.members) in known:
            merged += 1
            continue
        known.append(frozenset(category.members))
        if len(known) == 1:
            categories.append(category)
            continue
        numbered += 1
        number = next(number for number in count(len(known)) if f"{category.name} ({number})" not in taken)
        taken.add(f"{category.name} ({number})")
        categories.append(replace(category, name=f"{category.name} ({number})"))
    notes = list(file.notes)
    if merged:
        notes.append(f"sets with the same name and genes, added once: {merged:,}.")
    if numbered:
        notes.append(f"sets with the same name and different genes, numbered as in NAME (2): {numbered:,}.")
    return replace(file, categories=categories, notes=tuple(notes))
