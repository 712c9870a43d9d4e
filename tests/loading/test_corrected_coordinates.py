"""The table of corrected MNI coordinates, from the file to the coordinates of samples."""

import csv
import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

from coexpr.database.connection import open_readonly
from coexpr.database.coordinates import find_coordinates
from coexpr.database.queries import query
from coexpr.errors import ConflictError, DownloadError, NotFoundError, OptionError
from coexpr.loading.downloads import ingest
from coexpr.readers import corrected_coordinates
from tests.helpers.allen import WELLS, donor_folder, full_donor

# Tests load into it: creating another one takes longer than most of them.
pytestmark = pytest.mark.usefixtures("prepared_database")

HEADER = "well_id,corrected_mni_x,corrected_mni_y,corrected_mni_z"
# Of one donor, one sample is without corrected coordinates; 999 is of no donor.
ROWS = {well: (well / 100, -1.5, -2.0) for well in (*WELLS[9861][1:], 999)}


def text_of(rows: dict[int, tuple[float, ...]]) -> str:
    return "\n".join([HEADER, *(f"{well},{x},{y},{z}" for well, (x, y, z) in rows.items()), ""])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "corrected_mni_coordinates.csv.gz"
    path.write_bytes(gzip.compress(text_of(ROWS).encode()))
    return path


@pytest.fixture
def donor(tmp_path: Path) -> Path:
    return donor_folder(tmp_path)


def coordinates(database: Path, space: str | None = None) -> tuple[str, np.ndarray, list[int]]:
    with open_readonly(database) as connection:
        samples = connection.execute(query("coordinates_of_samples")).fetchnumpy()["sample_id"].tolist()
        return *find_coordinates(connection, space), samples


@pytest.mark.long
@pytest.mark.parametrize("order", [("donor", "table"), ("table", "donor")])
def test_samples_have_their_corrected_coordinates_in_any_order_of_loading(
    order: tuple[str, str], donor: Path, table: Path, tmp_path: Path
) -> None:
    database = tmp_path / "atlas.duckdb"
    for what in order:
        report = ingest([{"donor": donor, "table": table}[what]], database)
    if order[1] == "table":
        assert report.column("notes") == [["1 of its 6 samples are not in this database."]]
        assert (report.column("kind"), report.column("samples")) == ([corrected_coordinates.KIND], [6])
    space, found, samples = coordinates(database)
    assert space == "corrected"
    assert samples == sorted(WELLS[9861])  # the order of positions in this database
    for well, row in zip(samples, found, strict=True):
        np.testing.assert_array_equal(row, ROWS.get(well, (np.nan,) * 3))
    space, found, _ = coordinates(database, "allen")
    np.testing.assert_array_equal(found, np.tile([5.9, -27.7, 49.7], (6, 1)))
    assert space == "allen"


def test_without_the_table_the_coordinates_are_those_of_allen(donor: Path, tmp_path: Path) -> None:
    database = tmp_path / "atlas.duckdb"
    ingest([donor], database)
    assert coordinates(database)[0] == "allen"
    with pytest.raises(NotFoundError, match=r"no sample .* corrected MNI coordinates\. .* coexpr ingest corrected_mni"):
        coordinates(database, "corrected")
    with pytest.raises(OptionError, match="`space` 'talairach': expected one of corrected, allen"):
        coordinates(database, "talairach")


@pytest.mark.long
@pytest.mark.parametrize("blank", ["-1,-1,-1", "0,0,0"])
def test_blank_coordinates_of_allen_are_missing(blank: str, tmp_path: Path) -> None:
    files = full_donor()
    header, first, *others = files["SampleAnnot.csv"].splitlines()
    files["SampleAnnot.csv"] = "\n".join([header, first.replace("5.9,-27.7,49.7", blank), *others, ""])
    database = tmp_path / "atlas.duckdb"
    ingest([donor_folder(tmp_path, files=files)], database)
    _, found, samples = coordinates(database)
    assert [well for well, row in zip(samples, found, strict=True) if np.isnan(row).all()] == [WELLS[9861][0]]


def test_the_same_table_in_a_zip_is_the_same_download(table: Path, tmp_path: Path) -> None:
    database = tmp_path / "atlas.duckdb"
    with zipfile.ZipFile(tmp_path / "files.zip", "w") as archive:
        archive.write(table, "folder/coordinates.csv.gz")
        archive.writestr("notes.csv", "a,b\n1,2\n")
    assert ingest([tmp_path / "files.zip"], database).column("status") == ["loaded"]
    assert ingest([table], database).column("status") == ["already loaded"]
    assert coordinates_of(database) == len(ROWS)


def coordinates_of(database: Path) -> int:
    with open_readonly(database) as connection:
        ((count,),) = connection.execute(query("count_corrected_coordinates")).fetchall()
    return count


def test_another_version_of_the_table_is_refused(table: Path, tmp_path: Path) -> None:
    ingest([table], tmp_path / "atlas.duckdb")
    other = tmp_path / "other.csv"
    other.write_text(text_of({1: (0.5, 0.5, 0.5)}))
    with pytest.raises(ConflictError, match="another version of the corrected MNI coordinates"):
        ingest([other], tmp_path / "atlas.duckdb")


def test_a_table_of_other_samples_is_refused(donor: Path, tmp_path: Path) -> None:
    ingest([donor], tmp_path / "atlas.duckdb")
    other = tmp_path / "other.csv"
    other.write_text(text_of({999: (0.5, 0.5, 0.5)}))
    with pytest.raises(ConflictError, match=r"none of the 1 samples of .* is in this database, such as 999"):
        ingest([other], tmp_path / "atlas.duckdb")
    assert coordinates_of(tmp_path / "atlas.duckdb") == 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["12,1,2,3", "7,1,2,3", "12,4,5,6"], "row 4, column well_id: 12 is already in row 2"),
        (["12,1,2,x"], "row 2, column corrected_mni_z: expected a number, found 'x'"),
        (["12,1,nan,3"], "row 2, column corrected_mni_y: expected a number, found 'nan'"),
        (["12,1,2,3", "7,-100.5,2,3"], "row 3, column corrected_mni_x: expected an MNI coordinate from -100 to 100 mm"),
        (["12,1,2,111"], "row 2, column corrected_mni_z: expected an MNI coordinate from -80 to 110 mm, found '111'"),
        (["0,1,2,3"], "row 2, column well_id: expected the id of a sample, found '0'"),
        (["12,1,2"], "row 2: expected 4 cells as in the header, found 3"),
        ([], "has a header but no rows"),
    ],
)
def test_a_damaged_table_is_refused(rows: list[str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "corrected.csv"
    path.write_text("\n".join([HEADER, *rows, ""]))
    with pytest.raises(DownloadError, match=message) as caught:
        ingest([path], tmp_path / "none.duckdb")
    assert str(path) in str(caught.value)
    assert not (tmp_path / "none.duckdb").exists()


def test_the_real_table_with_real_samples(shared_data: Path, gabra4: Path, tmp_path: Path) -> None:
    path = shared_data / "probes" / "corrected_mni_coordinates.csv.gz"
    database = tmp_path / "gabra4.duckdb"
    database.write_bytes(gabra4.read_bytes())
    assert ingest([path], database).column("notes") == [[]]
    with gzip.open(path, "rt") as stream:
        expected = {int(well): tuple(map(float, row)) for well, *row in list(csv.reader(stream))[1:]}
    space, found, samples = coordinates(database)
    assert (space, len(samples)) == ("corrected", len(expected))
    assert dict(zip(samples, map(tuple, found.tolist()), strict=True)) == expected
