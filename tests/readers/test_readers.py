"""Bad input of every kind: the error names the file, and nothing is loaded."""

import re
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from helpers.allen import (
    Files,
    as_csv,
    contents,
    donor_folder,
    full_donor,
    heatmap,
    replace_cell,
    values,
    write_folder,
    write_zip,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coexpr.errors import (
    CoexprError,
    DownloadError,
    NoDownloadError,
    OptionError,
    UnsupportedDownloadError,
    WrongViewError,
)
from coexpr.loading.downloads import ingest
from coexpr.readers import full_donor as full_donor_reader
from coexpr.readers.characters import calls_of_equal_lines
from coexpr.readers.download import Download
from coexpr.readers.matrices import read_calls, read_log2
from coexpr.readers.place import Folder
from coexpr.readers.recognise import find_downloads
from coexpr.readers.zips import folders_in_zip


def read(path: Path, donor: str | None = None) -> Download:
    ((found,), _) = find_downloads([path], donor)
    return found.read()


def assert_refused(path: Path, error: type[Exception], message: str, donor: str | None = None) -> None:
    """Check that ingest raises this error and creates no database."""
    database = path.parent / "atlas.duckdb"
    with pytest.raises(error, match=message):
        ingest([path], database, donor=donor)
    assert not database.exists()


FULL = [
    # file, row, column, cell, message
    (
        "MicroarrayExpression.csv",
        2,
        3,
        "six",
        r"MicroarrayExpression\.csv, row 2, column 3: expected a log2 intensity, found 'six'",
    ),
    ("MicroarrayExpression.csv", 2, 3, "nan", r"row 2, column 3: expected a log2 intensity, found 'nan'"),
    ("MicroarrayExpression.csv", 4, 7, "inf", r"row 4, column 7: expected a log2 intensity, found 'inf'"),
    ("MicroarrayExpression.csv", 4, 7, "1e99", r"row 4, column 7: expected a log2 intensity, found '1e99'"),
    ("MicroarrayExpression.csv", 4, 7, "20817", r"row 4, column 7: expected a log2 intensity, found '20817'"),
    ("MicroarrayExpression.csv", 4, 7, "", r"probe 102, column 7: expected a number, found a blank cell"),
    ("MicroarrayExpression.csv", 1, 1, "A_23_P216779", r"row 1, column 1: expected a probe id, found 'A_23_P216779'"),
    ("MicroarrayExpression.csv", 1, 1, "", r"row 1, column 1: expected a probe id, found ''"),
    ("MicroarrayExpression.csv", 1, 1, "101", r"probe 101 has two rows"),
    ("MicroarrayExpression.csv", 1, 1, "999", r"probe 999 is not in Probes\.csv"),
    ("PACall.csv", 3, 2, "2", r"PACall\.csv, row 3, column 2: expected 0 or 1, found '2'"),
    ("PACall.csv", 3, 2, "", r"PACall\.csv, row 3, column 2: expected 0 or 1, found ''"),
    ("PACall.csv", 3, 2, "0.5", r"PACall\.csv, row 3, column 2: expected 0 or 1, found '0\.5'"),
    ("Probes.csv", 3, 1, "103", r"Probes\.csv, row 3, column probe_id: 103 is already in row 2"),
    ("Probes.csv", 3, 2, "A_23_P216779", r"Probes\.csv, row 3, column probe_name: A_23_P216779 is already in row 2"),
    ("Probes.csv", 3, 1, "1E5", r"Probes\.csv, row 3, column probe_id: expected a whole number up to \d+, found '1E5'"),
    ("Probes.csv", 3, 1, "99999999999", r"expected a whole number up to 2147483647, found '99999999999'"),
    (
        "MicroarrayExpression.csv",
        2,
        3,
        "\u0665.\u0665",
        r"row 2, column 3: expected a log2 intensity, found '\u0665.\u0665'",
    ),
    ("MicroarrayExpression.csv", 2, 3, "9" * 200_000, r"MicroarrayExpression\.csv, row 2: not text with commas"),
    ("MicroarrayExpression.csv", 2, 3, "0" * 90 + "x", r"expected a log2 intensity, found '0{50}.* again\.$"),
    ("Probes.csv", 3, 4, "TRKB", r"gene_id 4884 has gene_symbol 'NTRK2' in one row and 'TRKB' in another"),
    ("Probes.csv", 4, 4, "2-Sep", r"Probes\.csv, row 4: the gene symbol 2-Sep is a date\. A spreadsheet"),
    ("Probes.csv", 4, 3, "", r"Probes\.csv, row 4: gene id None with gene symbol BDNF"),
    ("SampleAnnot.csv", 4, 3, "594", r"SampleAnnot\.csv, row 4, column well_id: 594 is already in row 2"),
    ("SampleAnnot.csv", 4, 1, "77", r"SampleAnnot\.csv, row 4: structure 77 .* is not in Ontology\.csv"),
    (
        "SampleAnnot.csv",
        4,
        5,
        "PL",
        r"row 4: structure 40091 is 'PL frontal lobe, left' here and 'FL frontal lobe, left'",
    ),
    ("SampleAnnot.csv", 4, 11, "n/a", r"SampleAnnot\.csv, row 4, column mni_x: expected a number, found 'n/a'"),
    ("SampleAnnot.csv", 1, 3, "well", r"SampleAnnot\.csv: the header lacks well_id\. Expected structure_id,slab_num"),
    (
        "Ontology.csv",
        4,
        4,
        "5",
        r"Ontology\.csv, row 4, column parent_structure_id: expected the id of a structure in the file, found 5\.",
    ),
    ("Ontology.csv", 4, 5, "left", r"Ontology\.csv, row 4, column hemisphere: expected L, R or nothing, found 'left'"),
    ("Ontology.csv", 4, 7, "/4005/40091/", r"column structure_id_path: expected a path that ends in 4009/40091"),
    ("Ontology.csv", 4, 1, "4009", r"Ontology\.csv, row 4, column id: 4009 is already in row 3"),
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "row", "column", "cell", "message"), FULL)
def test_a_bad_cell_of_a_full_donor_download(
    tmp_path: Path, name: str, row: int, column: int, cell: str, message: str
) -> None:
    assert_refused(
        donor_folder(tmp_path, files=replace_cell(full_donor(), name, row, column, cell)), DownloadError, message
    )


HEATMAP = [
    ("Expression.csv", 2, 3, "x", r"Expression\.csv, row 2, column 3: expected a log2 intensity, found 'x'"),
    ("Expression.csv", 2, 3, "-inf", r"Expression\.csv, row 2, column 3: expected a log2 intensity, found '-inf'"),
    ("Columns.csv", 3, 5, "31", r"Columns\.csv, column sample_well: 31 occurs twice"),
    ("Columns.csv", 3, 2, "H0351.1012", r"donor 9861 is named H0351\.1012; expected H0351\.2001"),
    ("Columns.csv", 3, 3, "25 years", r"donor_id 9861 has age '24 years' in one row and '25 years' in another"),
    ("Columns.csv", 3, 11, "FL, left", r"structure_id 4697 has name 'cerebellar cortex' in one row and 'FL, left'"),
    ("Columns.csv", 1, 5, "well", r"Columns\.csv: the header lacks sample_well"),
    ("Columns.csv", 3, 5, "-1", r"Expression\.csv has values in a column that has no sample"),
    ("Probes.csv", 1, 6, "entrez", r"Probes\.csv: the header lacks entrez-id"),
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "row", "column", "cell", "message"), HEATMAP)
def test_a_bad_cell_of_a_heatmap_download(
    tmp_path: Path, name: str, row: int, column: int, cell: str, message: str
) -> None:
    files = replace_cell(heatmap(), name, row, column, cell)
    assert_refused(write_folder(tmp_path / "page", files), DownloadError, message)


def changed(files: Files, name: str, old: str, new: str, count: int = 1) -> Files:
    assert old in files[name]
    return files | {name: files[name].replace(old, new, count)}


WHOLE_FILES = [
    (lambda files: files | {"PACall.csv": ""}, r"PACall\.csv is too short: 0 bytes"),
    (lambda files: files | {"Probes.csv": ""}, r"Probes\.csv is empty\. Download it again"),
    (
        lambda files: files | {"Probes.csv": files["Probes.csv"].splitlines()[0]},
        r"Probes\.csv has a header but no rows",
    ),
    (
        lambda files: changed(files, "SampleAnnot.csv", ",-27.7", ""),
        r"SampleAnnot\.csv, row 2: expected 13 cells .* found 12",
    ),
    (
        lambda files: changed(files, "SampleAnnot.csv", ",-27.7", ",1,2"),
        r"SampleAnnot\.csv, row 2: expected 13 cells .* found 14",
    ),
    (
        lambda files: changed(files, "MicroarrayExpression.csv", ",", ",1,"),
        r"MicroarrayExpression\.csv, row 1: expected 7 cells .* found 8",
    ),
    (lambda files: changed(files, "PACall.csv", "102,", "102;"), r"PACall\.csv, row 4: expected 7 cells .* found 6"),
    (
        lambda files: files | {"SampleAnnot.csv": "".join(files["SampleAnnot.csv"].splitlines(keepends=True)[:-1])},
        r"MicroarrayExpression\.csv, row 1: expected 6 cells \(a probe id and 5 samples\), found 7",
    ),
    (
        lambda files: (
            files
            | {"MicroarrayExpression.csv": "".join(files["MicroarrayExpression.csv"].splitlines(keepends=True)[:-1])}
        ),
        r"MicroarrayExpression\.csv ends too early: 3 rows for the 4 probes of Probes\.csv; probe 102 is the first",
    ),
    (lambda files: changed(files, "Probes.csv", "probe_id,", "probe_id,probe_id,"), r"the header has probe_id twice"),
    (lambda files: changed(files, "Probes.csv", '"neuro', 'neuro"'), r"Probes\.csv, row 2:"),
]


@pytest.mark.long
@pytest.mark.parametrize(("damage", "message"), WHOLE_FILES)
def test_a_damaged_file_of_a_full_donor_download(tmp_path: Path, damage: object, message: str) -> None:
    assert_refused(donor_folder(tmp_path, files=damage(full_donor())), DownloadError, message)


@pytest.mark.parametrize(
    "name", ["MicroarrayExpression.csv", "PACall.csv", "Probes.csv", "SampleAnnot.csv", "Ontology.csv"]
)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    files = full_donor()
    del files[name]
    assert_refused(
        donor_folder(tmp_path, files=files), DownloadError, rf"is a full-donor download without {re.escape(name)}\."
    )


@pytest.mark.parametrize("name", ["Contents.txt", "Columns.csv", "Probes.csv", "Expression.csv"])
def test_a_missing_file_of_a_heatmap_is_named(tmp_path: Path, name: str) -> None:
    files = heatmap()
    del files[name]
    path = write_folder(tmp_path / "page", files)
    assert_refused(path, DownloadError, rf"is a heatmap download without {re.escape(name)}\.")


@pytest.mark.parametrize(
    ("resolution", "scale", "found"),
    [
        ("Structure", "log2", "log2 values at structure resolution"),
        ("SAMPLES", "zscore", "zscore values at samples resolution"),
        ("Coarse", "zscore", "zscore values at coarse resolution"),
    ],
)
def test_a_heatmap_of_another_view_is_refused_with_the_steps(
    tmp_path: Path, resolution: str, scale: str, found: str
) -> None:
    files = heatmap() | {"Contents.txt": contents(4, resolution, scale)}
    steps = r".*Filter Heatmap on.*Resolution to Samples.*Color Map to log2 intensity.*Download this data"
    assert_refused(write_folder(tmp_path / "page", files), WrongViewError, found + steps)


def test_a_heatmap_with_fewer_rows_than_stated(tmp_path: Path) -> None:
    files = heatmap() | {"Contents.txt": contents(5)}
    assert_refused(
        write_folder(tmp_path / "page", files),
        DownloadError,
        r"has 4 probes; expected 5, because Contents\.txt states rows 1 through 5",
    )


def test_a_heatmap_with_incomplete_contents(tmp_path: Path) -> None:
    files = heatmap() | {"Contents.txt": "my data\n"}
    assert_refused(
        write_folder(tmp_path / "page", files), DownloadError, "does not state the rows, resolution and scale"
    )


def test_a_full_page_is_noted(tmp_path: Path) -> None:
    files = heatmap() | {"Contents.txt": contents(4, first=1997)}
    assert "the list may continue" in read(write_folder(tmp_path / "page", files)).notes[0]


def test_a_column_without_a_sample_is_left_out(tmp_path: Path) -> None:
    files = replace_cell(heatmap(), "Columns.csv", 3, 5, "-1")
    for row in range(1, 5):
        files = replace_cell(files, "Expression.csv", row, 3, "")
    download = read(write_folder(tmp_path / "page", files))
    assert download.samples.num_rows == 11
    assert download.log2.shape == (4, 11)
    assert not np.isnan(download.log2).any()


def test_a_blank_cell_of_a_heatmap_is_a_missing_value(tmp_path: Path) -> None:
    download = read(write_folder(tmp_path / "page", replace_cell(heatmap(), "Expression.csv", 2, 3, "")))
    assert np.argwhere(np.isnan(download.log2)).tolist() == [[0, 1]]  # row 2 of the file is probe 101, the first


def test_resaved_files_with_bom_crlf_and_a_last_line_without_end_are_accepted(tmp_path: Path) -> None:
    files = {
        name: "\ufeff" + text.replace("\n", "\r\n").removesuffix("\r\n") if name.endswith(".csv") else text
        for name, text in full_donor().items()
    }
    plain = read(donor_folder(tmp_path / "plain"))
    resaved = read(donor_folder(tmp_path / "resaved", files=files))
    np.testing.assert_array_equal(resaved.log2, plain.log2)
    np.testing.assert_array_equal(resaved.present, plain.present)
    assert resaved.samples.equals(plain.samples)
    assert resaved.probes.equals(plain.probes)


def test_additional_columns_and_another_order_are_accepted(tmp_path: Path) -> None:
    files = full_donor()
    rows = [
        line.split(",") for line in files["SampleAnnot.csv"].replace('"', "").replace("lobe, ", "lobe ").splitlines()
    ]
    files["SampleAnnot.csv"] = as_csv([(number, *row[::-1]) for number, row in enumerate(rows)])
    files["Ontology.csv"] = files["Ontology.csv"].replace('"', "").replace("lobe, ", "lobe ")
    assert read(donor_folder(tmp_path, files=files)).samples["sample_id"].to_pylist() == [594, 2985, 12, 7, 880, 31]


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    folder = donor_folder(tmp_path)
    (folder / "Probes.csv").write_bytes(full_donor()["Probes.csv"].replace("brain-d", "brän").encode("latin-1"))
    assert_refused(folder, DownloadError, r"Probes\.csv, row 4: not UTF-8 text")


def test_a_zip_cut_short(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "normalized_microarray_donor9861.zip", full_donor())
    path.write_bytes(path.read_bytes()[:-200])
    assert_refused(path, DownloadError, "is a zip that was cut short")


@given(data=st.binary(max_size=200_000), level=st.integers(0, 9), sizes=st.lists(st.integers(0, 90_000), min_size=1))
def test_a_member_of_a_zip_is_read_in_parts_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, level: int, sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("zip") / "m.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        archive.writestr("folder/m.csv", data)
    (place,) = folders_in_zip(path)
    with place.open("m.csv") as stream:
        parts = [stream.read(size) for size in sizes]
        assert [len(part) for part in parts] == np.diff(np.minimum(np.cumsum([0, *sizes]), len(data))).tolist()
        assert b"".join(parts) + stream.read() + stream.read(5) == data


@pytest.mark.parametrize("size", [-1, 1, 1 << 20])
def test_a_member_without_its_end_is_damaged(tmp_path: Path, size: int) -> None:
    """Its first block is marked as not the last one, so that decompression does not end where the file does."""
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m.csv", "1,2.5\n" * 100)
    damaged = bytearray(path.read_bytes())
    damaged[30 + len("m.csv")] ^= 1
    path.write_bytes(damaged)
    (place,) = folders_in_zip(path)
    with pytest.raises(DownloadError, match=r"m\.csv in .* is damaged"), place.open("m.csv") as stream:
        list(iter(partial(stream.read, size), b""))


def test_a_zip_with_a_damaged_member(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "normalized_microarray_donor9861.zip", full_donor())
    content = bytearray(path.read_bytes())
    content[100:140] = bytes(40)
    path.write_bytes(content)
    assert_refused(path, DownloadError, r"MicroarrayExpression\.csv in .*\.zip is damaged")


def test_not_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "download.zip"
    path.write_text("<html>Please log in</html>")
    assert_refused(path, DownloadError, "is not a zip")
    path.write_text("")
    assert_refused(path, DownloadError, "is empty")


def test_a_zip_without_a_download(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "photos.zip", {"a.txt": "x"})
    assert_refused(
        path, NoDownloadError, r"photos\.zip holds no download\. Looked for a full-donor download \(MicroarrayExp"
    )


def test_macos_metadata_in_a_zip_is_ignored(tmp_path: Path) -> None:
    files = full_donor() | {"__MACOSX/._Probes.csv": "x", "._PACall.csv": "x"}
    assert read(write_zip(tmp_path / "donor9861.zip", files)).log2.shape == (4, 6)


@pytest.mark.parametrize(
    ("mark", "what"),
    [("RNAseqTPM.csv", "an RNA-seq donor download"), ("Rows.csv", "another atlas of the Allen Institute")],
)
def test_other_downloads_are_refused_by_name(tmp_path: Path, mark: str, what: str) -> None:
    assert_refused(write_folder(tmp_path / "other", {mark: "x", "Ontology.csv": "x"}), UnsupportedDownloadError, what)


def test_an_empty_folder_and_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_refused(tmp_path / "empty", NoDownloadError, "holds no download")
    assert_refused(tmp_path / "nowhere", NoDownloadError, "does not exist")


def test_skipped_downloads_of_a_folder_are_reported(tmp_path: Path) -> None:
    donor_folder(tmp_path / "many")
    write_zip(tmp_path / "many" / "deep" / "normalized_microarray_donor15496.zip", full_donor(15496))
    write_folder(tmp_path / "many" / "z", heatmap() | {"Contents.txt": contents(4, scale="zscore")})
    write_zip(tmp_path / "many" / "photos.zip", {"a.txt": "x"})
    found, skipped = find_downloads([tmp_path / "many"])
    assert sorted(download.donor_id for download in found) == [9861, 15496]
    reasons = " ".join(skip.reason for skip in skipped)
    assert len(skipped) == 2
    assert "photos.zip holds no download" in reasons
    assert "zscore values" in reasons


@pytest.mark.parametrize(
    "name",
    ["normalized_microarray_donor9861", "H0351.2001", "allen-h0351.2001-copy", "donor9861", "Donor_9861", "donor 9861"],
)
def test_the_donor_is_in_the_name_of_the_folder_or_zip(tmp_path: Path, name: str) -> None:
    for path in (write_folder(tmp_path / name, full_donor()), write_zip(tmp_path / f"{name}.zip", full_donor())):
        ((found,), _) = find_downloads([path])
        assert found.donor_id == 9861
    inside = write_zip(tmp_path / "brain.zip", full_donor(), folder=f"{name}/")
    assert find_downloads([inside])[0][0].donor_id == 9861


def test_a_download_that_is_not_named_after_its_donor(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "brain", full_donor())
    assert_refused(path, DownloadError, r"does not name its donor.*`donor`, for example 9861")
    assert find_downloads([path], "H0351.1009")[0][0].donor_id == 12876
    assert read(path, "77").donors.to_pylist()[0]["donor_id"] == 77
    numbered = write_folder(tmp_path / "donor1", full_donor())
    assert_refused(numbered, DownloadError, "does not name its donor")
    assert_refused(path, OptionError, "expected a donor id or name", donor="99999999999")
    assert_refused(path, OptionError, "`donor` Bob: expected a donor id or name", donor="Bob")


def test_names_of_two_donors(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "donor9861.zip", full_donor(), folder="H0351.1009/")
    assert_refused(path, DownloadError, r"named after two donors: H0351\.1009 \(12876\) and donor9861\.zip \(9861\)")


def test_a_donor_cannot_be_given_for_two_downloads(tmp_path: Path) -> None:
    donor_folder(tmp_path / "many")
    donor_folder(tmp_path / "many", 15496)
    assert_refused(tmp_path / "many", OptionError, "but 2 were found", donor="9861")


matrices = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.floats(0, 16, width=32)
)


@given(x=matrices, order=st.randoms(), separator=st.sampled_from(["\n", "\r\n"]), bom=st.booleans())
def test_a_matrix_is_read_in_the_order_of_its_probe_ids(
    tmp_path_factory: pytest.TempPathFactory, x: np.ndarray, order: object, separator: str, bom: bool
) -> None:
    ids = np.arange(10, 10 + len(x))
    lines = [",".join([str(key), *map(repr, row)]) for key, row in zip(ids, x.tolist(), strict=True)]
    order.shuffle(lines)
    text = ("\ufeff" if bom else "") + separator.join(lines)
    place = Folder(write_folder(tmp_path_factory.mktemp("matrix"), {"m.csv": text}))
    np.testing.assert_array_equal(read_log2(place, "m.csv", ids, x.shape[1]), x.astype(np.float32))


def test_the_size_of_blocks_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coexpr.readers.matrices._BLOCK_BYTES", 7)
    place = Folder(donor_folder(tmp_path))
    ids = np.array([101, 102, 103, 104])
    log2 = read_log2(place, "MicroarrayExpression.csv", ids, 6)
    np.testing.assert_array_equal(log2, values()[[1, 3, 0, 2]].astype(np.float32))
    np.testing.assert_array_equal(read_calls(place, "PACall.csv", ids, 6), values()[[1, 3, 0, 2]] > 6)


def test_a_zip_is_read_without_extraction(tmp_path: Path) -> None:
    path = tmp_path / "donor9861.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, text in full_donor().items():
            archive.writestr(name.upper(), text)
    np.testing.assert_array_equal(read(path).log2, values()[[1, 3, 0, 2]].astype(np.float32))


@pytest.mark.parametrize(
    "text",
    [
        b"1058685,0,1,1\n1058686,1,1,0\n",
        b"1058685,0,1,1\n1058686,1,1,0",
        b"7,0,1,1\n10,1,1,0\n",
        b"1058685,0,1,1\r\n1058686,1,1,0\r\n",
        b"1058685,0, 1,1\n",
        b"1058685,0,2,1\n1058686,1,1,0\n",
        b"105868x,0,1,1\n1058686,1,1,0\n",
        b"1058685;0,1,1\n1058686,1,1,0\n",
        b"1058685,0,1,1\n1058686,1,1\n\n",
        b"1058685,0,11\n1058686,1,1,0\n",
        b"\xb9,0,1,1\n",
        b"9" * 30 + b",0,1,1\n",
        b",0,1,1\n",
    ],
)
def test_calls_read_as_characters_are_those_of_parsed_cells(text: bytes) -> None:
    found = calls_of_equal_lines(text, 3)
    try:
        rows = [[int(cell) for cell in line.split(",")] for line in text.decode().splitlines()]
        plain = text == "".join(",".join(map(str, row)) + "\n" for row in rows).encode()
        plain &= all(len(row) == 4 and max(row[1:]) <= 1 for row in rows) and len(set(map(len, text.splitlines()))) == 1
        plain &= rows[0][0] < 10**18
    except ValueError:
        plain = False
    assert (found is not None) == plain
    if found is not None:
        assert np.column_stack([found[0], found[1]]).tolist() == rows


def test_a_read_can_be_cancelled(tmp_path: Path) -> None:
    (place,) = folders_in_zip(write_zip(tmp_path / "donor.zip", full_donor(9861)))
    place.give_up()
    with pytest.raises(DownloadError, match="reading was cancelled"):
        full_donor_reader.read(place, 9861)


@pytest.mark.long
def test_a_zip_that_contains_a_file_twice(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "normalized_microarray_donor9861.zip", full_donor())
    other = replace_cell(full_donor(), "Probes.csv", 2, 4, "TRKB")["Probes.csv"]
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("Probes.csv", other)
    assert_refused(path, DownloadError, r"9861\.zip holds Probes\.csv twice")
    folder = donor_folder(tmp_path)
    (folder / "probes.CSV").write_text(other)
    if len(list(folder.glob("[Pp]robes*"))) == 2:  # not on every system
        assert_refused(folder, DownloadError, r"holds Probes\.csv twice")


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_zip_is_read_or_raises_a_coexpr_error(tmp_path: Path, seed: int) -> None:
    path = write_zip(tmp_path / "normalized_microarray_donor9861.zip", full_donor())
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    directory = content.rfind(b"PK\x01\x02")
    for place in (*rng.integers(0, len(content), 3), directory + rng.integers(4, 46)):
        content[place] = rng.integers(0, 256)
    path.write_bytes(content)
    try:
        read(path)
    except CoexprError as error:
        assert str(error).count("\n") == 0  # noqa: PT017  (most damage is found, some is in bytes that are not read)


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_every_line_end(tmp_path: Path, ending: str) -> None:
    expected = read(donor_folder(tmp_path / "original"))
    files = {name: text.replace("\n", ending) for name, text in full_donor().items()}
    got = read(donor_folder(tmp_path / "changed", files=files))
    assert got.probes.equals(expected.probes)
    assert got.genes.equals(expected.genes)
    np.testing.assert_array_equal(got.log2, expected.log2)
    np.testing.assert_array_equal(got.present, expected.present)
    bad = replace_cell(full_donor(), "MicroarrayExpression.csv", 3, 4, "six")["MicroarrayExpression.csv"]
    files["MicroarrayExpression.csv"] = bad.replace("\n", ending)
    with pytest.raises(DownloadError, match="row 3, column 4: expected a log2 intensity, found 'six'"):
        read(donor_folder(tmp_path / "bad", files=files))


@pytest.mark.parametrize("missing", ["", "NA", "NaN", "NULL", "0", "0.0", "n/a"])
def test_a_missing_entrez_id_in_every_spelling(tmp_path: Path, missing: str) -> None:
    files = replace_cell(full_donor(), "Probes.csv", 4, 6, missing)
    files = replace_cell(files, "Probes.csv", 2, 6, "4915.0")
    files = replace_cell(files, "Probes.csv", 3, 6, "4915.00")
    genes = {
        row["gene_symbol"]: row["entrez_id"] for row in read(donor_folder(tmp_path, files=files)).genes.to_pylist()
    }
    assert genes == {"NTRK2": 4915, "BDNF": None, "A_32_P9207": None}
    for wrong in ("4915.5", "4.9e3", "-"):
        with pytest.raises(DownloadError, match=r"row 4, column entrez_id: expected a whole number"):
            read(donor_folder(tmp_path / wrong, files=replace_cell(files, "Probes.csv", 4, 6, wrong)))


def test_headers_that_r_changed(tmp_path: Path) -> None:
    files = heatmap()
    files["Probes.csv"] = files["Probes.csv"].replace("gene-id,gene-symbol,gene-name", "gene.id,Gene Symbol,gene_name")
    assert read(write_folder(tmp_path / "changed", files)).genes.equals(
        read(write_folder(tmp_path / "original", heatmap())).genes
    )


def test_a_last_number_that_may_be_cut_is_noted(tmp_path: Path) -> None:
    files = heatmap()
    whole = files["Expression.csv"]
    for cut, is_noted in ((1, False), (2, True), (4, True)):  # the end of line; a digit; the decimals
        folder = write_folder(tmp_path / str(cut), files | {"Expression.csv": whole[:-cut]})
        notes = read(folder).notes
        assert [note for note in notes if "it may be cut" in note] == (list(notes) if is_noted else [])
        assert bool(notes) == is_noted
    full = full_donor()
    expression = full["MicroarrayExpression.csv"]
    folder = donor_folder(tmp_path, files=full | {"MicroarrayExpression.csv": expression[:-6]})
    assert "MicroarrayExpression.csv does not end with an end of line" in read(folder).notes[0]
