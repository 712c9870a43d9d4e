"""The pages of a bundle in a real browser: numbers, links, errors, and that nothing else is requested."""

import csv
import io
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from bundling.extracting import CATEGORY
from helpers.browser import browser, console_errors, requested_addresses, serving_folder

from coexpr.atlas import Atlas
from coexpr.bundling.bundle import bundle
from coexpr.database.writing import open_for_writing
from coexpr.options import SampleFilter

pytestmark = pytest.mark.long

TOLERANCE = 1e-9
# A page is loaded in seconds; a slow computer may take longer.
PATIENCE = 120
SHOWN = "section:not([hidden])"
READY = """
return document.querySelector("#loading .error") !== null
    || document.getElementById("main").dataset.shown === location.hash;
"""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with serving_folder(site) as url:
        yield url


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    """The page of the bundle, opened once: it loads DuckDB, and then answers many questions."""
    with browser() as driver:
        driver.get(f"{address}/index.html")
        wait(driver)
        yield driver


def wait(driver: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not driver.execute_script(READY):
        assert time.monotonic() < end, driver.find_element("css selector", "body").text
        time.sleep(0.05)


def go(driver: Any, state: str) -> None:
    """Go to a state of the page, as a link does."""
    driver.execute_script("location.hash = arguments[0]", state)
    wait(driver)


def text_of(driver: Any, selector: str) -> str:
    return str(driver.find_element("css selector", f"{SHOWN} {selector}").text)


def cells(driver: Any) -> list[list[str]]:
    """Return the exact values of the table that is shown."""
    return driver.execute_script(
        "return [...document.querySelectorAll('section:not([hidden]) .result tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.dataset.value))"
    )


def headers(driver: Any) -> list[str]:
    return driver.execute_script(
        "return [...document.querySelectorAll('section:not([hidden]) .result thead th')].map(cell => cell.textContent)"
    )


def column(driver: Any, name: str) -> list[str]:
    place = headers(driver).index(name)
    return [row[place] for row in cells(driver)]


def press(driver: Any, label: str) -> None:
    driver.find_element("xpath", f"//section[not(@hidden)]//button[.='{label}']").click()


@pytest.mark.parametrize(
    ("state", "sample_filter"),
    [
        ("gene=NTRK2", SampleFilter()),
        ("gene=ntrk2&structure=Cx", SampleFilter(["Cx"])),
        ("gene=BDNF&donor=H0351.2001", SampleFilter(donors=["H0351.2001"])),
    ],
)
def test_correlates_are_those_of_the_whole_database(
    page: Any, synthetic_database: Path, state: str, sample_filter: SampleFilter
) -> None:
    go(page, f"#correlates?{state}")
    with Atlas(synthetic_database) as atlas:
        gene = state.split("&", maxsplit=1)[0].removeprefix("gene=")
        expected = atlas.correlates(
            gene, top=None, gene_filter=CATEGORY, rank_overall=False, sample_filter=sample_filter
        )
    assert column(page, "gene_symbol") == expected.column("gene_symbol")
    assert [float(r) for r in column(page, "r")] == pytest.approx(expected.column("r"), rel=0, abs=TOLERANCE)
    assert [int(n) for n in column(page, "n")] == expected.column("n")


def test_a_form_makes_the_address(page: Any, address: str) -> None:
    go(page, "#correlates")
    assert "Choose a gene" in text_of(page, ".result")
    assert page.execute_script("return document.querySelectorAll('#genes option').length") > 30
    field = page.find_element("css selector", "#correlates [name=gene]")
    field.send_keys("NTRK2")
    press(page, "Show correlates")
    wait(page)
    assert page.current_url == f"{address}/index.html#correlates?gene=NTRK2"
    assert len(cells(page)) > 30


def test_rows_are_sorted_and_filtered_and_the_address_says_so(page: Any) -> None:
    go(page, "#correlates?gene=NTRK2")
    ranked = column(page, "rank")
    press(page, "r")
    press(page, "r")
    assert column(page, "rank") == ranked[::-1]
    assert page.find_element("css selector", f"{SHOWN} th[aria-sort]").get_attribute("aria-sort") == "ascending"
    symbol = column(page, "gene_symbol")[3]
    page.find_element("css selector", f"{SHOWN} input[type=search]").send_keys(symbol)
    assert symbol in column(page, "gene_symbol")
    shown = cells(page)
    assert len(shown) < len(ranked)
    assert f"filter={symbol}" in page.current_url
    page.refresh()
    wait(page)
    assert cells(page) == shown


def test_the_table_is_saved_as_csv_with_all_digits(page: Any, synthetic_database: Path) -> None:
    go(page, "#correlates?gene=BDNF")
    press(page, "Save as CSV")
    path = page.downloads / "BDNF-correlates.csv"
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    with Atlas(synthetic_database) as atlas:
        expected = atlas.correlates("BDNF", top=None, gene_filter=CATEGORY, rank_overall=False)
    assert list(rows[0]) == list(expected.columns)
    assert [row["gene_symbol"] for row in rows] == expected.column("gene_symbol")
    assert [float(row["r"]) for row in rows] == pytest.approx(expected.column("r"), rel=0, abs=TOLERANCE)


def test_the_same_in_sql_and_on_the_command_line(page: Any) -> None:
    go(page, "#correlates?gene=NTRK2&structure=Cx")
    codes = [
        code.get_attribute("textContent")
        for code in page.find_elements("css selector", f"{SHOWN} .equivalents pre code")
    ]
    expected = f"FROM correlates('NTRK2', category := '{CATEGORY}', structure := 'Cx', top := NULL)"
    assert codes == [f'coexpr query NTRK2 --category "{CATEGORY}" --all --structure Cx', expected]
    rows = column(page, "r")
    go(page, f"#sql?query={quote(expected)}")
    assert column(page, "r") == rows


def test_a_pair_is_that_of_the_whole_database(page: Any, synthetic_database: Path) -> None:
    go(page, "#pair?a=NTRK2&b=BDNF")
    with Atlas(synthetic_database) as atlas:
        ((r,),) = atlas.sql("select r('NTRK2', 'BDNF')").fetchall()
        by_donor = atlas.sql("select donor, r, n from r_by_donor('NTRK2', 'BDNF')").fetchall()
        ((samples,),) = atlas.sql("select count(*) from samples").fetchall()
        colors = {
            f"#{color}"
            for (color,) in atlas.sql("select distinct color_hex_triplet from structures").fetchall()
            if color
        }
    shown = float(page.find_element("css selector", f"{SHOWN} .answer").get_attribute("data-r"))
    assert shown == pytest.approx(r, rel=0, abs=TOLERANCE)
    assert column(page, "donor") == [donor for donor, _, _ in by_donor]
    assert [float(r) for r in column(page, "r")] == pytest.approx([r for _, r, _ in by_donor], rel=0, abs=TOLERANCE)
    points = page.find_elements("css selector", f"{SHOWN} .scatter .points path")
    assert len(points) == samples
    assert {point.get_attribute("fill") for point in points} <= colors | {"#D9D9D9"}
    go(page, "#pair?a=NTRK2&b=BDNF&color=donor")
    points = page.find_elements("css selector", f"{SHOWN} .scatter .points path")
    assert len({point.get_attribute("fill") for point in points}) == len(by_donor)


def test_a_sample_is_described_under_the_mouse_and_by_the_keyboard(page: Any, synthetic_database: Path) -> None:
    from selenium.webdriver import ActionChains, Keys

    go(page, "#pair?a=NTRK2&b=BDNF")
    plot = page.find_element("css selector", f"{SHOWN} .scatter svg")
    plot.send_keys(Keys.END)
    described = text_of(page, ".tip")
    sample, structure, donor = re.fullmatch(r"Sample (\d+): (.+); donor (\S+); NTRK2 .+, BDNF .+", described).groups()
    with Atlas(synthetic_database) as atlas:
        expected = atlas.sql(
            f"select structure_name, donor_name from sample_details where sample_id = {sample}"
        ).fetchall()
    assert [(structure, donor)] == expected
    plot.send_keys(Keys.ARROW_LEFT)
    assert text_of(page, ".tip") != described
    point = page.find_element("css selector", f"{SHOWN} .scatter .points path[data-sample='{sample}']")
    ActionChains(page).move_to_element(point).perform()
    assert text_of(page, ".tip") == described


def test_sql(page: Any, synthetic_database: Path) -> None:
    go(page, "#sql?query=" + quote("select donor_name, samples from donor_summary order by all -- all\n;"))
    with Atlas(synthetic_database) as atlas:
        expected = atlas.sql("select donor_name, samples::varchar from donor_summary order by all").fetchall()
    assert [tuple(row) for row in cells(page)] == expected
    values = "select null as a, '' as b, 'x,\"y\"\n' as c, 0.1::double + 0.2 as d, [1, 2] as e, true as f"
    go(page, f"#sql?query={quote(values)}")
    assert headers(page) == list("abcdef")
    assert cells(page) == [["", "", 'x,"y"\n', "0.30000000000000004", "[1, 2]", "true"]]
    go(page, "#sql?query=" + quote("from range(10001)"))
    assert "the first 10,000 rows of a longer result" in text_of(page, ".rows")
    listed = page.find_element("id", "catalog").get_attribute("textContent")
    assert all(
        name in listed for name in ("correlates(seed, category, structure, donor, top)", "expression_values", "donors")
    )


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("correlates?gene=nonsense", "no probe or gene is named nonsense in this database."),
        ("correlates?gene=NTRK2&structure=nowhere", "no structure is named nowhere in this database."),
        ("correlates?gene=" + quote("O'Neill"), "no probe or gene is named O'Neill in this database."),
        ("pair?a=NTRK2&b=nonsense", "no probe or gene is named nonsense in this database."),
        ("sql?query=" + quote("from nowhere"), "Catalog Error: Table with name nowhere does not exist!"),
        ("sql?query=" + quote("from read_json('x')"), "json"),
    ],
)
def test_an_error_is_the_sentence_of_the_macro(page: Any, state: str, sentence: str) -> None:
    go(page, f"#{state}")
    error = text_of(page, ".error")
    assert sentence in error
    assert not error.startswith("Invalid Input Error")
    go(page, "#correlates?gene=NTRK2")  # the page goes on
    assert len(cells(page)) > 30


def test_the_page_says_what_it_contains_and_from_where(page: Any, site: Path) -> None:
    text = page.find_element("css selector", "body").text
    assert page.title == f"Gene co-expression: {CATEGORY}"
    assert f"{CATEGORY} (GO:0007399, release 2022-07-01)" in text
    assert "90 samples of 6 donors" in text
    assert "no number in it was measured" in page.find_element("id", "synthetic").text
    assert "Gene Ontology 2022-07-01" in text
    assert "DuckDB-Wasm 1.32.0 (MIT)" in text
    assert not page.find_element("id", "atlas").is_displayed()


def test_nothing_is_requested_from_another_host(address: str, site: Path) -> None:
    with browser() as driver:
        driver.get(f"{address}/index.html#correlates?gene=NTRK2")
        wait(driver)
        go(driver, "#sql?query=" + quote("from 'https://example.com/genes.csv'"))
        assert "NetworkError" in text_of(driver, ".error")
        go(driver, "#sql?query=" + quote("select strftime(loaded_at, '%A') from downloads"))
        requested = requested_addresses(driver)
        refused = console_errors(driver)
    # The policy of the page refuses the address before it is requested.
    assert any("Content Security Policy" in error for error in refused)
    assert len(requested) > 10
    assert {urlsplit(url).netloc for url in requested} <= {urlsplit(address).netloc, "example.com"}
    fetched = {Path(urlsplit(url).path).name for url in requested if urlsplit(url).netloc != "example.com"}
    assert fetched <= {path.name for path in site.iterdir()}


def test_a_name_that_looks_like_html_is_text(synthetic_database: Path, duckdb_wasm: Path, tmp_path: Path) -> None:
    database = Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))
    symbol, name = "<script>alert(1)</script>", "<img src=x onerror=alert(2)>"
    with open_for_writing(database) as connection:
        connection.execute("update genes set gene_symbol = ?, gene_name = ? where gene_symbol = 'BDNF'", [symbol, name])
        connection.execute("update structures set name = '<b>' || name || '</b>'")
    site = tmp_path / "site"
    bundle(site, CATEGORY, database=database, title="<h1>Title", duckdb_wasm=duckdb_wasm)
    with serving_folder(site) as url, browser() as driver:
        driver.get(f"{url}/index.html#correlates?gene=NTRK2")
        wait(driver)
        assert driver.find_element("id", "title").text == "<h1>Title"
        assert symbol in column(driver, "gene_symbol")
        assert name in text_of(driver, "tbody")
        driver.find_element("link text", symbol).click()
        wait(driver)
        assert symbol in text_of(driver, ".answer")
        driver.find_element("css selector", f"{SHOWN} .scatter svg").send_keys("\ue010")
        assert "<b>" in text_of(driver, ".tip")
        assert driver.execute_script("return document.querySelectorAll('main script, main img, main b').length") == 0


def test_a_file_that_is_opened_says_that_a_server_is_needed(site: Path) -> None:
    with browser() as driver:
        driver.get((site / "index.html").as_uri())
        assert "This page needs a web server" in driver.find_element("id", "loading").text


def test_a_narrow_page_does_not_scroll_sideways(address: str) -> None:
    with browser(390, 844) as driver:
        driver.get(f"{address}/index.html")
        wait(driver)
        for state in ("correlates?gene=NTRK2", "pair?a=NTRK2&b=BDNF", "sql?query=from+donor_summary"):
            go(driver, f"#{state}")
            assert driver.execute_script("return document.documentElement.scrollWidth") <= 390


def test_an_incomplete_file_is_reported(site: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(site, tmp_path / "site")
    database = copy / "atlas.duckdb"
    database.write_bytes(database.read_bytes()[:-1000])
    with serving_folder(copy) as url, browser() as driver:
        driver.get(f"{url}/index.html")
        wait(driver)
        assert "atlas.duckdb is incomplete" in driver.find_element("id", "loading").text
