"""Find the downloads under the paths that a user gives, and recognise them by their contents."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from coexpr.errors import (
    CoexprError,
    DownloadError,
    NoDownloadError,
    OptionError,
    UnsupportedDownloadError,
)
from coexpr.readers import corrected_coordinates, full_donor, heatmap, reannotation, rnaseq_agreement, workbook
from coexpr.readers.digests import FileDigest
from coexpr.readers.donors import donor_of_option, donor_of_place
from coexpr.readers.download import SYNTHETIC_MARK, SYNTHETIC_TITLE, Download
from coexpr.readers.place import File, Folder, Place, SingleFile
from coexpr.readers.published_table import PublishedTable
from coexpr.readers.regular_file import exists, is_regular, read_start
from coexpr.readers.zips import ZippedFile, folders_in_zip

# Levels of subfolders that are searched for downloads.
_DEEPEST = 3

_OTHER_DOWNLOADS = {
    "an RNA-seq donor download": ("RNAseqTPM.csv", "RNAseqCounts.csv"),
    "a BrainSpan download": ("expression_matrix.csv", "rows_metadata.csv"),
    "a download with Rows.csv, from another atlas of the Allen Institute": ("Rows.csv",),
}
_LOOKED_FOR = (
    f"a full-donor download ({', '.join(full_donor.FILES)}) or a heatmap download ({', '.join(heatmap.FILES)}), "
    "each as a zip or a folder; Additional file 8 of Miller et al. 2014 (.xlsx); the re-annotation of probes or the "
    "corrected MNI coordinates of samples (.csv)"
)
_CSV_ENDINGS = (".csv", ".csv.gz")
_TABLE_ENDINGS = (".xlsx", *_CSV_ENDINGS)
_CSV_TABLES = (reannotation, corrected_coordinates)


@dataclass(frozen=True)
class Recognised:
    """A download that was found and not read yet."""

    kind: str
    place: Place
    files: tuple[str, ...]
    donor_id: int | None
    read: Callable[[], Download | PublishedTable]

    @property
    def size(self) -> int:
        """Size of its files in bytes, decompressed."""
        return sum(self.place.size(name) for name in self.files)

    def digests(self) -> list[FileDigest]:
        """Return size and SHA-256 of its files on disk."""
        return self.place.digests(self.files)


@dataclass(frozen=True)
class Skipped:
    """Something that was found and is not loaded, with the reason."""

    location: str
    reason: str


def find_downloads(paths: Sequence[Path], donor: str | None = None) -> tuple[list[Recognised], list[Skipped]]:
    """Find the downloads under each path.

    Parameters
    ----------
    paths : sequence of path
        Each a zip, a folder that contains a download, or a folder of several.
    donor : str, optional
        Id or name of the donor, for a full-donor download that is not named after it.

    Returns
    -------
    downloads : list of Recognised
    skipped : list of Skipped
        Other kinds of downloads and other zips, which are not loaded.

    Raises
    ------
    NoDownloadError
        If a path does not exist or contains no download.
    DownloadError
        If a download is damaged or incomplete, or a path contains only downloads that are not loaded.
    OptionError
        If `donor` is given for more than one full-donor download, or for none.
    """
    donor_id = None if donor is None else donor_of_option(donor)
    downloads: list[Recognised] = []
    skipped: list[Skipped] = []
    for path in paths:
        found, refused = _find_in(path, donor_id)
        if refused and not found:
            raise refused[0][1]
        if not found:
            raise _nothing_in(path)
        downloads += found
        skipped += [Skipped(str(container), str(reason)) for container, reason in refused]
    full_donors = [download for download in downloads if download.kind == full_donor.KIND]
    if donor is not None and len(full_donors) != 1:
        raise OptionError(
            f"`donor` {donor} names the donor of one full-donor download, but {len(full_donors)} were found. "
            "Load them one at a time."
        )
    return downloads, skipped


def _find_in(path: Path, donor_id: int | None) -> tuple[list[Recognised], list[tuple[Path, CoexprError]]]:
    """Return the downloads under a path, and what is not loaded with the reason."""
    found: list[Recognised] = []
    refused: list[tuple[Path, CoexprError]] = []
    for container, places in _containers(path, refused):
        before = len(found) + len(refused)
        for place in places:
            try:
                recognised = recognise(place, donor_id)
            except UnsupportedDownloadError as reason:
                refused.append((container, reason))
            else:
                if recognised:
                    found.append(recognised)
        if len(found) + len(refused) == before and not container.is_dir():
            refused.append((container, _nothing_in(container)))
    return found, refused


def _nothing_in(path: Path) -> NoDownloadError:
    return NoDownloadError(f"{path} holds no download. Looked for {_LOOKED_FOR}.")


def recognise(place: Place, donor_id: int | None = None) -> Recognised | None:
    """Recognise the download in a folder; return None if there is none.

    Raises
    ------
    UnsupportedDownloadError
        If it is a download that coexpr does not load.
    DownloadError
        If files are missing, or the donor cannot be determined.
    """
    if isinstance(place, SingleFile):
        return _recognise_table(place)
    for what, marks in _OTHER_DOWNLOADS.items():
        if any(place.has(mark) for mark in marks):
            raise UnsupportedDownloadError(f"{place.location} is {what}, which coexpr does not load.")
    for kind, files in ((full_donor.KIND, full_donor.FILES), (heatmap.KIND, heatmap.FILES)):
        # Probes.csv and Contents.txt are in both kinds, so they do not identify the kind.
        marks = tuple(name for name in files if name not in (full_donor.PROBES, heatmap.CONTENTS))
        if len(place.missing(marks)) == len(marks):
            continue
        if missing := place.missing(files):
            # With only one of the files, the folder is probably not meant to be loaded.
            is_stray = len(place.missing(marks)) == len(marks) - 1
            raise (UnsupportedDownloadError if is_stray else DownloadError)(
                f"{place.location} is a {kind} without {', '.join(missing)}. Expected {', '.join(files)}.",
                remedy="Use the complete original download.",
            )
        if kind == heatmap.KIND:
            heatmap.refuse_wrong_view(place)
            return Recognised(kind, place, files, None, partial(heatmap.read, place))
        donor_id = donor_of_place(place) if donor_id is None else donor_id
        return Recognised(kind, place, files, donor_id, partial(full_donor.read, place, donor_id))
    return None


def _recognise_table(file: SingleFile) -> Recognised | None:
    """Recognise a published table about probes or samples; return None for any other file."""
    if isinstance(file, File) and workbook.is_workbook(file.location):
        reader: Any = rnaseq_agreement
    else:
        reader = _reader_of_csv(file)
    return reader and Recognised(reader.KIND, file, (file.name,), None, partial(reader.read, file))


def _reader_of_csv(file: SingleFile) -> Any:
    """Return the module that reads a published table in a CSV file; None for any other file."""
    return next((reader for reader in _CSV_TABLES if reader.recognises(file)), None)


def _is_known_table(file: File) -> bool:
    """Return whether a file in a folder is a table to load; other workbooks in the folder are ignored."""
    if workbook.is_workbook(file.location):
        try:
            return rnaseq_agreement.recognises(file)
        except DownloadError:
            return False
    return _reader_of_csv(file) is not None


def _places_in_zip(path: Path) -> Sequence[Place]:
    """Return the folders in a zip, and the published tables in it."""
    folders = folders_in_zip(path)
    files = (
        ZippedFile(folder, member)
        for folder in folders
        for member in folder.members
        if member.filename.lower().endswith(_CSV_ENDINGS)
    )
    return [*folders, *(file for file in files if _reader_of_csv(file))]


def _places_in_found_zip(path: Path) -> Sequence[Place]:
    """Return what is in a zip in a folder; damage is an error only if the zip is named like a download."""
    try:
        return _places_in_zip(path)
    except DownloadError:
        if "donor" in path.name.lower() or "microarray" in path.name.lower():
            raise
        return []


def _refuse_unreadable(error: OSError) -> None:
    raise DownloadError(f"{error.filename} cannot be read: {error.strerror}.")


def _is_demo(folder: Path) -> bool:
    """Return whether the demo wrote a folder."""
    mark = folder / SYNTHETIC_MARK
    try:
        return is_regular(mark) and SYNTHETIC_TITLE.encode() in read_start(mark)
    except (OSError, DownloadError):
        return False


def _leave_out_demos(folder: Path, names: list[str], refused: list[tuple[Path, CoexprError]]) -> list[str]:
    """Return the names of subfolders without those of demos, which are not loaded with real downloads."""
    demos = [name for name in names if _is_demo(folder / name)]
    for name in demos:
        reason = f"{folder / name} holds the synthetic atlas of `coexpr demo`. To load it, name that folder."
        refused.append((folder / name, UnsupportedDownloadError(reason)))
    return [name for name in names if name not in demos]


def _containers(path: Path, refused: list[tuple[Path, CoexprError]]) -> Iterator[tuple[Path, Sequence[Place]]]:
    """Yield every folder, zip and published table at or under a path, with the places of its files."""
    if not exists(path):
        raise NoDownloadError(f"{path} does not exist.")
    if not path.is_dir():
        yield path, [File(path)] if _recognise_table(File(path)) else _places_in_zip(path)
        return
    for name, subfolders, file_names in os.walk(path, onerror=_refuse_unreadable):
        folder = Path(name)
        deeper = len(folder.relative_to(path).parts) < _DEEPEST
        subfolders[:] = sorted(name for name in subfolders if deeper and not name.startswith("."))
        subfolders[:] = _leave_out_demos(folder, subfolders, refused)
        yield folder, [Folder(folder)]
        files = [folder / name for name in sorted(file_names) if name.lower().endswith((".zip", *_TABLE_ENDINGS))]
        for file in files:
            if not is_regular(file):
                reason = f"{file} is not a regular file, but a pipe, a device, a socket or a link to nothing."
                refused.append((file, UnsupportedDownloadError(reason)))
        regular = [file for file in files if is_regular(file)]
        for archive in (file for file in regular if file.name.lower().endswith(".zip")):
            yield archive, _places_in_found_zip(archive)
        for table in (file for file in regular if file.name.lower().endswith(_TABLE_ENDINGS)):
            if _is_known_table(File(table)):
                yield table, [File(table)]
