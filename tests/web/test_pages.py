"""The pages Search, Correlates, Pair and SQL: the rows of the library, in any order, on every page, as text."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import openpyxl
import pandas as pd
import pytest
from helpers.web import QUOTES, SCRIPT, Page, copy_with, serving

from coexpr.atlas import Atlas
from coexpr.output.columns import shown
from coexpr.result import Result
from coexpr.web.pages.correlates import ROWS

CATEGORY = "nervous system development"
HOSTILE_CATEGORY = f"{QUOTES} {SCRIPT}"
ODD_TEXTS = [
    "x" * 10_000,
    "'; drop table probes",
    "😀",
    "\0",
    "<b>",
    "\x1b[31m",
    "%",
    "_",
    "{{ 7 * 7 }}",
    "${7*7}",
    "..",
    "a\nb",
]


def table_of(page: Page) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and the rows of the first table, without arrows and the links to pairs."""
    header, *rows = page.rows
    columns = [cell.strip(" ↑↓") for cell in header if cell != "Pair"]
    return columns, [dict(zip(columns, row, strict=False)) for row in rows]


def expected(result: Result[Any], columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a result as a page shows them."""
    frame = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    return [{name: " ".join(shown(name, row[name]).split()) for name in columns} for row in frame]


def sorted_rows(result: Result[Any], column: str, *, ascending: bool) -> Result[Any]:
    """Return rows in another order: missing values last, equal ones by r."""
    place = list(result.columns).index(column)
    present = [row for row in result.rows if row[place] is not None]

    def key(row: Sequence[Any]) -> Any:
        return row[place].casefold() if isinstance(row[place], str) else row[place]

    rows = sorted(present, key=key, reverse=not ascending)
    return Result(list(result.columns), [*rows, *(row for row in result.rows if row[place] is None)], result.provenance)


# --- correlates ---


def test_every_page_has_the_rows_of_the_library(served: httpx.Client, atlas: Atlas) -> None:
    result = atlas.correlates("NTRK2", level="probe", top=None)
    pages = -(-len(result.rows) // ROWS)
    assert pages == 3
    found: list[dict[str, str]] = []
    for number in range(1, pages + 1):
        page = Page(served.get(f"/correlates?seed=NTRK2&level=probe&page={number}").text)
        columns, rows = table_of(page)
        assert len(rows) == min(ROWS, len(result.rows) - ROWS * (number - 1))
        assert f"{len(result.rows)} rows, page {number} of {pages}." in page.text
        links = [address for address in page.addresses("a") if "page=" in address]
        assert any(f"page={number + 1}" in address for address in links) is (number < pages)
        found += rows
    assert found == expected(result, columns)


@pytest.mark.long
@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize(
    ("option", "columns"),
    [
        ({"mark": [CATEGORY]}, None),
        ({"by_donor": True, "stats": True}, ["random_r", "same_sign", "lowest_without_one", "q"]),
    ],
)
def test_rows_are_sorted_by_every_column(
    served: httpx.Client, atlas: Atlas, option: dict[str, Any], columns: list[str] | None, order: str
) -> None:
    result = atlas.correlates("NTRK2", top=None, **option)
    lowest_first = atlas.correlates("NTRK2", top=None, ascending=True, **option)
    for column in columns or result.columns:
        page = Page(served.get("/correlates", params={"seed": "NTRK2", **option, "sort": column, "order": order}).text)
        names, rows = table_of(page)
        if column in ("r", "rank"):  # rank 1 has the highest r
            other = lowest_first if (order == "ascending") is (column == "r") else result
        else:
            other = sorted_rows(result, column, ascending=order == "ascending")
        assert rows == expected(other, names)[:ROWS], column


def test_the_links_of_the_columns_sort(served: httpx.Client) -> None:
    address = "/correlates?seed=NTRK2&contains=a"
    for _ in range(2):
        page = Page(served.get(address).text)
        links = [link for link in page.addresses("a") if "sort=gene_symbol" in link and "page=" not in link]
        assert len(set(links)) == 1
        address = links[0]
        given = parse_qs(urlsplit(address).query)
        assert (given["seed"], given["contains"], "page" in given) == (["NTRK2"], ["a"], False)
        _, rows = table_of(Page(served.get(address).text))
        symbols = [row["gene_symbol"].casefold() for row in rows]
        assert symbols == sorted(symbols, reverse=given["order"] == ["descending"])
    assert given["order"] == ["descending"]


@pytest.mark.parametrize("text", ["demo_p1", "KINASE", "gaba", "627", "  ddx6 ", "zzz", "%", "<b>", "'", "x" * 500])
def test_only_rows_that_contain_a_text(served: httpx.Client, atlas: Atlas, text: str) -> None:
    result = atlas.correlates("NTRK2", top=None)
    page = Page(served.get("/correlates", params={"seed": "NTRK2", "contains": text}).text)
    wanted = text.strip().casefold()
    matching = [
        row
        for row in result.rows
        if any(wanted in str(dict(zip(result.columns, row, strict=True))[name] or "").casefold() for name in SEARCHED)
    ]
    count = f"{len(matching)} row{'' if len(matching) == 1 else 's'}"
    assert count in page.text
    if matching:
        columns, rows = table_of(page)
        assert rows == expected(Result(list(result.columns), matching, result.provenance), columns)[:ROWS]
    else:
        assert "No rows. Show all rows" in page.text


SEARCHED = ("gene_symbol", "gene_name", "probe_name", "entrez_id")


def test_a_page_beyond_the_end_is_empty(served: httpx.Client) -> None:
    for number in ("99", "9999999"):
        page = served.get(f"/correlates?seed=NTRK2&page={number}")
        assert (page.status_code, "No rows." in page.text) == (200, True)
    for number in ("0", "-1", "1.5", "x", "99999999", "٣", "1e3", "+1"):
        page = served.get("/correlates", params={"seed": "NTRK2", "page": number})
        assert (page.status_code, "expected a whole number from 1." in page.text) == (400, True)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("seed=NTRK2&sort=colour", "sort 'colour': expected a column: rank,"),
        ("seed=NTRK2&order=up", "order 'up': expected ascending or descending."),
        ("seed=NTRK2&top=5", "top: this page shows all rows."),
        ("seed=NTRK2&ascending=true", "ascending: this page shows all rows."),
        ("seed=NTRK2&colour=red", "colour: there is no such parameter."),
        ("seed=NTRK2&seed=BDNF", "seed is given 2 times, and may be given once."),
        ("seed=NTRK2&page=1&page=2", "page is given 2 times, and may be given once."),
    ],
)
def test_wrong_parameters_are_named(served: httpx.Client, query: str, sentence: str) -> None:
    page = served.get(f"/correlates?{query}")
    assert (page.status_code, sentence in Page(page.text).text) == (400, True)


def test_files_have_all_rows(served: httpx.Client, atlas: Atlas) -> None:
    result = atlas.correlates("NTRK2", top=None, gene_filter=[CATEGORY])
    query = {"seed": "NTRK2", "category": CATEGORY}
    answer = served.get("/correlates.csv", params=query)
    assert answer.headers["content-disposition"] == 'attachment; filename="correlates-NTRK2.csv"'
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert (rows[0], len(rows) - 1) == (list(result.columns), len(result.rows))
    assert [float(row[rows[0].index("r")]) for row in rows[1:]] == pytest.approx(result.column("r"), abs=1e-9)
    answer = served.get("/correlates.xlsx", params=query)
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    frame = pd.read_excel(io.BytesIO(answer.content))
    assert frame["gene_symbol"].tolist() == result.column("gene_symbol")
    assert frame["r"].tolist() == pytest.approx(result.column("r"), abs=1e-9)
    for wrong in ("/correlates.csv", "/correlates.md?seed=NTRK2", "/correlates.csv?seed=NTRK2&top=5"):
        assert served.get(wrong).status_code == 400, wrong


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("/figure/correlates.svg?seed=NTRK2&top=3&by_donor=false", b"<?xml"),
        ("/figure/pair.png?a=NTRK2&b=BDNF&color=structure", b"\x89PNG"),
        ("/figure/probes.pdf?gene=NTRK2", b"%PDF"),
    ],
)
def test_figures(served: httpx.Client, path: str, start: bytes) -> None:
    answer = served.get(path)
    assert (answer.status_code, answer.content[: len(start)]) == (200, start)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/figure/x.png", 400), ("/figure/pair.gif?a=NTRK2&b=BDNF", 400), ("/figure/pair.png?a=NTRK2", 400),
        ("/figure/pair.png?a=NTRK2&b=BDNF&color=red", 400), ("/figure/pair.png?a=x&b=x&color=donor&color=donor", 400),
        ("/figure/correlates.png?seed=NTRK2&min_r=0.9999", 422), ("/figure/matrix.png", 400),
        ("/figure/probes.png?gene=x", 404),
    ],
)  # fmt: skip
def test_figures_that_cannot_be_drawn(served: httpx.Client, path: str, status: int) -> None:
    assert served.get(path).status_code == status


@pytest.mark.long
def test_the_addresses_on_a_page_work(served: httpx.Client) -> None:
    """All but those to other sites, each kind once."""
    seen: set[str] = set()
    for path in ("/", "/correlates?seed=NTRK2&category=nervous+system+development&by_donor=true&contains=a", "/sql",
                 "/pair?a=NTRK2&b=BDNF&observed_r=0.97&donor=9861", "/correlates?seed=nonsense"):  # fmt: skip
        for address in Page(served.get(path).text).addresses("a", "link", "script"):
            kind = re.sub(r"=[^&]*", "=", address.split("#")[0]) if "/sql" not in address else address
            if not address.startswith("/") or kind in seen:
                continue
            seen.add(kind)
            assert served.get(address).status_code == 200, address
    assert len(seen) > 25


# --- search ---


@pytest.mark.long
@pytest.mark.parametrize(
    ("typed", "location"),
    [
        ("NTRK2", "/correlates?seed=NTRK2"),
        (" ntrk2 ", "/correlates?seed=ntrk2"),
        ("4915", "/correlates?seed=4915"),
        (CATEGORY, "/category/nervous%20system%20development"),
        ("GO:0007399", "/category/GO%3A0007399"),
        ("", "/"),
    ],
)
def test_search_goes_to_the_page_of_a_name(served: httpx.Client, typed: str, location: str) -> None:
    answer = served.get("/search", params={"q": typed})
    assert (answer.status_code, answer.headers["location"]) == (303, location)
    assert served.get(location).status_code == 200


def test_search_within_a_category(served: httpx.Client) -> None:
    answer = served.get("/search", params={"q": "NTRK2", "category": CATEGORY})
    assert answer.headers["location"] == "/correlates?seed=NTRK2&category=nervous+system+development"
    answer = served.get("/search", params={"category": CATEGORY})
    assert answer.headers["location"] == "/category/nervous%20system%20development"


@pytest.mark.long
@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_are_shown_as_they_are(served: httpx.Client, text: str) -> None:
    for path, parameter in (("/search", "q"), ("/correlates", "seed"), ("/gene/NTRK2", "structure")):
        answer = served.get(path, params={parameter: text})
        assert answer.status_code in (400, 404), (path, text)
        assert "<b>" not in answer.text
        assert "49" not in re.sub(r"\d{3,}", "", Page(answer.text).text) or "7" not in text
    if len(text) < 100:
        answer = served.get("/search", params={"q": text})
        assert f"Nothing is named “{' '.join(text.split())}”" in Page(answer.text).text


def test_bytes_that_are_no_text(served: httpx.Client) -> None:
    for path in ("/search?q=%ff", "/correlates?seed=%ff%fe", "/gene/%ff", "/category/%ff", "/pair?a=%ff&b=%00", "/%ff"):
        assert served.get(path).status_code == 404, path
    assert served.get("/sql?statement=%ff").status_code == 400
    assert served.get("/sql?statement=select+'%ff'").status_code == 200


def test_what_is_loaded(served: httpx.Client, atlas: Atlas) -> None:
    totals = atlas.contents().provenance
    text = Page(served.get("/").text).text
    for count, thing in (
        (totals.donors, "donor"),
        (totals.samples, "sample"),
        (totals.probes, "probe"),
        (totals.genes, "gene"),
    ):
        assert f"{count:,} {thing}s" in text


# --- a pair ---


def test_a_pair_is_that_of_the_library(served: httpx.Client, atlas: Atlas) -> None:
    pair = atlas.pair("NTRK2", "BDNF", observed_r="0.97", sample_filter="Cx")
    page = served.get("/pair?a=NTRK2&b=BDNF&observed_r=0.97&structure=Cx")
    text = Page(page.text).text
    (r,) = re.findall(r'<strong data-r="([^"]+)">', page.text)
    assert float(r) == pair.provenance.r
    assert pair.provenance.observed_r is not None
    assert pair.provenance.observed_r.sentence.replace("`", "") in text
    rows = [row for row in Page(page.text).rows if row and row[0] in pair.donors.column("donor")]
    assert [row[:3] for row in rows] == [[donor, shown("r", r), str(n)] for donor, r, n in pair.donors.rows]
    assert page.text.count("<circle") == pair.provenance.data.n_samples + page.text.count('class="legend"') * len(
        re.findall(r'<button type="button" data-group', page.text)
    )


def test_the_colors_of_samples(served: httpx.Client, atlas: Atlas) -> None:
    page = served.get("/pair?a=NTRK2&b=BDNF&color=donor").text
    groups = re.findall(r'<g class="points" data-group="([^"]+)"', page)
    assert groups == list(atlas.pair("NTRK2", "BDNF").donors.column("donor"))
    for wrong in ("color=red", "color=donor&color=structure", "observed_r=high", "observed_r=nan", "observed_r=5"):
        assert served.get(f"/pair?a=NTRK2&b=BDNF&{wrong}").status_code == 400, wrong
    for alone in ("", "?a=NTRK2", "?b=BDNF&a=%20"):
        assert "r = " not in Page(served.get(f"/pair{alone}").text).text


def test_a_gene_and_itself(served: httpx.Client) -> None:
    page = served.get("/pair?a=NTRK2&b=NTRK2")
    assert page.status_code == 200
    assert re.findall(r'<strong data-r="([^"]+)">', page.text) == ["1.0"]


# --- SQL ---


def test_the_rows_of_a_statement(served: httpx.Client) -> None:
    statement = "select i, i / 8 as x, null as nothing, i % 2 = 0 as even, [i] as l, '<b>' as t from range(600) r(i)"
    page = Page(served.get("/sql", params={"statement": statement}).text)
    assert "600 rows; the first 500 are shown, and the CSV has all." in page.text
    header, *rows = page.rows
    assert header == ["i", "x", "nothing", "even", "l", "t"]
    assert [row[0] for row in rows[:500]] == list(map(str, range(500)))
    assert rows[3] == ["3", "0.375", "NULL", "False", "[3]", "<b>"] or rows[3][2:] == ["NULL", rows[3][3], "[3]", "<b>"]
    answer = served.get("/sql", params={"statement": statement, "format": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="sql.csv"'
    assert len(answer.text.splitlines()) == 601


def test_the_examples_of_the_page_run(served: httpx.Client) -> None:
    page = Page(served.get("/sql").text)
    links = [address for address in page.addresses("a") if address.startswith("/sql?statement=")]
    assert len(links) == 4
    for link in links:
        answer = served.get(link)
        assert (answer.status_code, " rows" in Page(answer.text).text) == (200, True), link
    names = [row[0] for row in page.rows if row]
    assert {"correlates", "probe_summary", "structure_tree", "donors", "r_by_donor"} <= set(names)


def test_the_sql_on_pages_runs_on_the_page_of_sql(served: httpx.Client) -> None:
    for path in (
        "/correlates?seed=NTRK2",
        "/correlates?seed=NTRK2&category=nervous+system+development",
        "/pair?a=NTRK2&b=BDNF",
    ):
        (link,) = {address for address in Page(served.get(path).text).addresses("a") if "/sql?statement=" in address}
        assert served.get(link).status_code == 200


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("selec", "syntax error"),
        ("from nothing", "Table with name nothing does not exist"),
        ("delete from probes", "open for reading only"),
        ("; ;", "there is no statement to run that returns rows"),
        ("x" * 20_001, "20,001 characters; the limit is 20,000."),
        ("select error('<b>')", "<b>"),
    ],
)
def test_a_statement_that_fails_is_explained(served: httpx.Client, statement: str, sentence: str) -> None:
    answer = served.get("/sql", params={"statement": statement})
    assert (answer.status_code, sentence in Page(answer.text).text) == (400, True)
    assert f">{statement}</textarea>" in unescape(answer.text)
    assert "<b>" not in answer.text


# --- other databases ---

HOSTILE_PAGES = (
    "/", f"/search?q={SCRIPT}", "/correlates?seed=NTRK2&level=probe&by_donor=true", f"/correlates?seed={SCRIPT}",
    "/correlates?seed=NTRK2&contains=script", "/correlates?seed=627&sort=gene_symbol", "/pair?a=627&b=NTRK2",
    "/pair?a=NTRK2&b=627&color=donor", "/gene/627", "/gene/NTRK2", "/categories?search=script", "/learn", "/sql",
    "/category/GO%3A0007399", "/sql?statement=from+donors", "/sql?statement=from+genes",
    "/correlates?seed=NTRK2&mark=GO%3A0007399", "/correlates?seed=NTRK2&category=GO%3A0007399",
    "/correlates?seed=NTRK2&structure=Cx&donor=9861",
    "/correlates?seed=NTRK2&category=nothing", "/category/script",
)  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("path", HOSTILE_PAGES)
def test_names_are_text_on_every_page(hostile: httpx.Client, path: str) -> None:
    answer = hostile.get(path, follow_redirects=True)
    assert answer.status_code in (200, 404)
    assert "<script>alert" not in answer.text
    page = Page(answer.text)
    assert {str(attributes.get("src")) for tag, attributes in page.elements if tag == "script"} <= {"/static/page.js"}
    assert not [
        name for _, attributes in page.elements for name in attributes if name.startswith(("on", '"', "'", "<"))
    ]
    assert "&lt;script" not in page.text  # not escaped twice


@pytest.mark.long
def test_hostile_names_are_found_and_followed(hostile: httpx.Client, hostile_database: Path) -> None:
    with Atlas(hostile_database) as atlas:
        result = atlas.correlates(SCRIPT, top=None)
    columns, rows = table_of(Page(hostile.get("/correlates", params={"seed": SCRIPT}).text))
    assert rows == expected(result, columns)[:ROWS]
    page = Page(hostile.get("/correlates", params={"seed": "NTRK2", "contains": SCRIPT}).text)
    assert [row[1] for row in page.rows[1:]] == [SCRIPT]
    for address in page.addresses("a"):
        if address.startswith("/") and "script" in address.lower():
            assert hostile.get(address).status_code == 200, address
    answer = hostile.get("/search", params={"q": HOSTILE_CATEGORY})
    assert answer.status_code == 303
    assert HOSTILE_CATEGORY in Page(hostile.get(answer.headers["location"]).text).text
    answer = hostile.get("/correlates.csv", params={"seed": SCRIPT})
    assert re.fullmatch(r'attachment; filename="[\w-]+\.csv"', answer.headers["content-disposition"])
    book = openpyxl.load_workbook(io.BytesIO(hostile.get("/correlates.xlsx", params={"seed": "NTRK2"}).content))
    values = [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert SCRIPT in values
    for path in (f"/figure/pair.svg?a={SCRIPT}&b=NTRK2", "/figure/correlates.svg?seed=627"):
        assert "<script" not in hostile.get(path).text


@pytest.fixture(scope="module")
def small(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One donor, three genes of which one has constant expression, and a category without members."""
    database = copy_with(
        synthetic_database,
        tmp_path_factory.mktemp("small") / "small.duckdb",
        "delete from donors where donor_id <> 9861",
        "delete from samples where donor_id <> 9861",
        "delete from expression where donor_id <> 9861",
        "delete from present_calls where donor_id <> 9861",
        "create temp table kept as select probe_id from probes join genes using (gene_id) "
        "where gene_symbol in ('NTRK2', 'BDNF', 'DDX6')",
        "delete from expression where probe_id not in (from kept)",
        "update expression set log2 = list_transform(log2, lambda x: 5::float), mean_log2 = 5, squared_deviations = 0 "
        "where probe_id in (select probe_id from probes join genes using (gene_id) where gene_symbol = 'DDX6')",
        "insert into categories select max(category_id) + 1, 'mine', null, null, 'empty', null, false from categories",
    )
    with serving(database) as client:
        yield client


@pytest.mark.long
def test_a_small_database(small: httpx.Client) -> None:
    for path in (
        *("/", "/correlates?seed=NTRK2", "/correlates?seed=NTRK2&by_donor=true", "/gene/NTRK2", "/gene/DDX6", "/learn"),
        *("/correlates?seed=NTRK2&sort=r&order=ascending", "/pair?a=NTRK2&b=DDX6", "/categories", "/category/empty"),
        *("/sql", "/pair?a=NTRK2&b=BDNF&color=donor", "/pair?a=DDX6&b=DDX6"),
    ):
        assert small.get(path).status_code == 200, path
    _, rows = table_of(Page(small.get("/correlates?seed=NTRK2").text))
    assert [row["gene_symbol"] for row in rows] == ["BDNF", "DDX6"]
    assert rows[1]["r"] == ""
    assert "r is undefined" in Page(small.get("/pair?a=NTRK2&b=DDX6").text).text
    empty = small.get("/correlates?seed=NTRK2&category=empty")
    assert empty.status_code in (200, 404)
    assert "empty" in Page(empty.text).text
    assert small.get("/figure/correlates.png?seed=NTRK2").status_code == 200
    assert small.get("/figure/pair.png?a=NTRK2&b=DDX6").status_code == 200


@pytest.mark.long
def test_a_database_of_one_gene(gabra4: Path) -> None:
    with serving(gabra4) as client:
        for path in ("/", "/correlates?seed=GABRA4&level=probe", "/gene/GABRA4", "/learn", "/categories", "/sql"):
            assert client.get(path).status_code == 200, path
        nothing = client.get("/correlates?seed=GABRA4")
        assert (nothing.status_code, "No rows." in nothing.text) == (200, True)
        with Atlas(gabra4) as atlas:
            result = atlas.correlates("GABRA4", level="probe", top=None)
        columns, rows = table_of(Page(client.get("/correlates?seed=GABRA4&level=probe").text))
        assert rows == expected(result, columns)[:ROWS]
        assert client.get("/figure/correlates.png?seed=GABRA4").status_code == 422
