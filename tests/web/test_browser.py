"""The pages in a real browser: numbers, completion, the keyboard, no scripts, and that nothing else is requested."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2 as httpx
import pytest
from helpers.browser import browser, console_errors, leave, one, press, requested_addresses, until
from helpers.command import run
from helpers.web import ENDLESS, SCRIPT

from coexpr.atlas import Atlas

pytestmark = pytest.mark.long

CATEGORY = "nervous system development"
CORRELATES = "/correlates?seed=NTRK2"
PAIR = "/pair?a=NTRK2&b=BDNF"
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
PAGES = (
    "/", "/correlates", f"{CORRELATES}&category={quote(CATEGORY)}", f"{CORRELATES}&level=probe",
    f"{CORRELATES}&by_donor=true", "/pair", f"{PAIR}&observed_r=0.9676", "/gene/NTRK2", "/categories",
    "/categories?search=nervous", f"/category/{quote(CATEGORY)}", "/sql", "/sql?statement=from+probe_summary", "/learn",
)  # fmt: skip


@pytest.fixture(scope="module")
def address(served: httpx.Client) -> str:
    return str(served.base_url)


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    """A browser for all tests that need nothing special; it requests nothing of others and reports no error."""
    with browser() as driver:
        yield driver
        assert {urlsplit(url).netloc for url in requested_addresses(driver)} == {urlsplit(address).netloc}
        assert console_errors(driver) == []


@pytest.fixture(scope="module")
def phone(address: str) -> Iterator[Any]:
    with browser(PHONE["width"], PHONE["height"]) as driver:
        yield driver
        assert {urlsplit(url).netloc for url in requested_addresses(driver)} == {urlsplit(address).netloc}
        assert console_errors(driver) == []


def end(element: Any) -> float:
    """Return where an element ends at its right."""
    return float(element.rect["x"] + element.rect["width"])


def choices(driver: Any, box: str) -> list[str]:
    """Return the names that are offered for a box, without what is said about them."""
    return list(
        driver.execute_script(
            "return [...document.querySelectorAll(`#${arguments[0]}-choices li`)].map(c => c.firstChild.textContent)",
            box,
        )
    )


def rows(driver: Any) -> list[dict[str, str]]:
    """Return the shown rows by column, and r with all its digits."""
    headers, cells = driver.execute_script(
        "const table = document.querySelector('table.correlates');"
        "return [[...table.querySelectorAll('thead th a')].map(a => a.firstChild.textContent.trim()),"
        " [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => [cell.innerText.trim(), cell.dataset.r]))]"
    )
    found = []
    for row in cells:
        by_column = {name: text for name, (text, _) in zip(headers, row, strict=False)}
        (exact,) = [r for _, r in row if r is not None]
        found.append(by_column | {"exact r": exact})
    return found


def all_rows(driver: Any) -> list[dict[str, str]]:
    """Return the rows of this page and of all that follow."""
    found = rows(driver)
    while driver.find_elements("css selector", "a[rel=next]"):
        press(driver, "Next")
        found += rows(driver)
    return found


def of_command(*arguments: object) -> Any:
    """Return what a command answers as JSON."""
    return json.loads(run(*arguments, "--format", "json").stdout)


def check(shown: Sequence[dict[str, str]], expected: Sequence[dict[str, Any]]) -> None:
    """Compare rows of a page with those of a command: r exactly, and with the decimals that are shown."""
    assert len(shown) == len(expected)
    for row, one_expected in zip(shown, expected, strict=True):
        assert float(row["exact r"]) == one_expected["r"]
        assert row["r"] == f"{one_expected['r']:.3f}"
        for name in ("rank", "rank_overall", "gene_symbol", "probe_name", "n"):
            assert row.get(name, "") == str(one_expected.get(name, "")), name


def test_from_the_first_page_to_the_correlates(page: Any, address: str, synthetic_database: Path) -> None:
    from selenium.webdriver import Keys

    page.get(address)
    box = one(page, "#q")
    box.send_keys("trkb")
    until(lambda: "TRKB" in choices(page, "q"))
    place = choices(page, "q").index("TRKB")
    box.send_keys(Keys.ARROW_DOWN * (place + 1))
    assert box.get_attribute("aria-activedescendant") == f"q-choices-{place}"
    box.send_keys(Keys.ENTER)
    assert box.get_attribute("value") == "TRKB"
    box = one(page, "#category")
    box.send_keys("nervous system dev")
    until(lambda: CATEGORY in choices(page, "category"))
    page.find_elements("css selector", "#category-choices li")[choices(page, "category").index(CATEGORY)].click()
    assert box.get_attribute("value") == CATEGORY
    press(page, "Search")
    state = parse_qs(urlsplit(page.current_url).query)
    assert state == {"seed": ["TRKB"], "category": [CATEGORY]}
    expected = of_command("query", "NTRK2", "--category", CATEGORY, "--all", "--db", synthetic_database)["rows"]
    assert len(expected) > 30
    reached = page.current_url
    check(all_rows(page), expected)
    with browser() as fresh:
        fresh.get(reached)
        check(all_rows(fresh), expected)


def test_rows_are_sorted_turned_and_filtered(page: Any, address: str, synthetic_database: Path) -> None:
    expected = of_command("query", "NTRK2", "--all", "--db", synthetic_database)["rows"]
    page.get(address + CORRELATES)
    check(all_rows(page), expected)
    press(page, "gene_symbol")
    assert one(page, "th[aria-sort]").get_attribute("aria-sort") == "ascending"
    check(rows(page), sorted(expected, key=lambda row: row["gene_symbol"].casefold())[:100])
    press(page, "Next")
    assert "page=2" in page.current_url
    assert "sort=gene_symbol" in page.current_url
    check(rows(page), sorted(expected, key=lambda row: row["gene_symbol"].casefold())[100:200])
    one(page, "#contains").send_keys("receptor")
    press(page, "Filter")
    containing = [row for row in expected if "receptor" in row["gene_name"]]
    assert 1 < len(containing) < 100
    check(rows(page), sorted(containing, key=lambda row: row["gene_symbol"].casefold()))
    assert one(page, "#rows").text.startswith(f"{len(containing)} rows")
    page.refresh()
    assert len(rows(page)) == len(containing)


def test_a_pair_is_opened_from_the_table(page: Any, address: str, synthetic_database: Path) -> None:
    page.get(address + CORRELATES)
    first = rows(page)[0]
    press(page, "pair")
    other = first["gene_symbol"]
    assert one(page, "h1").text == f"NTRK2 and {other}"
    assert one(page, ".answer strong").get_attribute("data-r") == first["exact r"]


def test_a_sample_is_named_under_the_pointer_and_by_the_keyboard(
    page: Any, address: str, synthetic_database: Path
) -> None:
    from selenium.webdriver import ActionChains, Keys

    with Atlas(synthetic_database) as atlas:
        table = atlas.expression(["NTRK2"])
        names = ("structure_name", "acronym", "donor", "sample_id")
        expected = {
            "{} ({}), {}, sample {}".format(*texts)
            for texts in zip(*(table.column(name) for name in names), strict=True)
        }
    page.get(address + PAIR)
    points = page.find_elements("css selector", ".points circle")
    assert {point.find_element("css selector", "title").get_attribute("textContent") for point in points} == expected
    status = one(page, "#sample")
    hint = status.text
    ActionChains(page).move_to_element(points[-1]).perform()  # drawn last, so nothing is above it
    assert status.text == points[-1].find_element("css selector", "title").get_attribute("textContent")
    ActionChains(page).move_to_element(one(page, "h1")).perform()
    assert status.text == hint
    plot = one(page, ".scatter > svg")
    plot.send_keys(Keys.END)
    last = status.text
    assert last in expected
    plot.send_keys(Keys.ARROW_LEFT)
    assert status.text in expected - {last}


def test_the_legend_dims_other_samples(page: Any, address: str, synthetic_database: Path) -> None:
    page.get(address + PAIR)
    press(page, "donor")
    assert "color=donor" in page.current_url
    with Atlas(synthetic_database) as atlas:
        donors = atlas.contents().donors
        expected = dict(zip(donors.column("donor_name"), donors.column("samples"), strict=True))
    counts = page.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('.points')]"
        ".map(group => [group.dataset.group, group.querySelectorAll('circle').length]))"
    )
    assert counts == expected
    assert len({group.get_attribute("fill") for group in page.find_elements("css selector", ".points")}) == len(
        expected
    )
    chosen = one(page, ".legend button")
    chosen.click()
    assert chosen.get_attribute("aria-pressed") == "true"
    opacities = "return [...document.querySelectorAll('.points')].map(group => Number(getComputedStyle(group).opacity))"
    until(lambda: max(page.execute_script(opacities)[1:]) < 0.1)  # after a transition
    assert page.execute_script(opacities)[0] == 1
    chosen.click()
    until(lambda: min(page.execute_script(opacities)) == 1)


def test_an_r_from_elsewhere_is_explained(page: Any, address: str, synthetic_database: Path) -> None:
    with Atlas(synthetic_database) as atlas:
        in_scales = [r for r in atlas.pair("NTRK2", "BDNF").scales.column("r") if r is not None]
    page.get(address + PAIR)
    for r in ("0.9676", repr(in_scales[-1])):
        box = one(page, "#observed_r")
        box.clear()
        box.send_keys(r)
        press(page, "Compare")
        answer = of_command("pair", "NTRK2", "BDNF", "--observed-r", r, "--db", synthetic_database)
        assert one(page, "#explanation").text == answer["provenance"]["observed_r"]["sentence"]
    assert answer["provenance"]["observed_r"]["fits"]


def test_the_button_saves_what_the_command_writes(page: Any, address: str, synthetic_database: Path) -> None:
    page.get(f"{address}{CORRELATES}&category={quote(CATEGORY)}")
    page.find_element("link text", "CSV of all rows").click()
    path = until(lambda: next(page.downloads.glob("*.csv"), None))
    command = run("query", "NTRK2", "--category", CATEGORY, "--all", "--db", synthetic_database, "--format", "csv")
    assert path.read_bytes() == command.stdout.encode()


def test_sql(page: Any, address: str, synthetic_database: Path) -> None:
    page.get(f"{address}/sql")
    statement = "select donor_name, samples from donor_summary order by donor_name"
    one(page, "#statement").send_keys(statement)
    press(page, "Run")
    with Atlas(synthetic_database) as atlas:
        expected = [[str(value) for value in row] for row in atlas.sql(statement).fetchall()]
    cells = (
        "return [...document.querySelectorAll('table')[0].tBodies[0].rows].map(r => [...r.cells].map(c => c.innerText))"
    )
    assert page.execute_script(cells) == expected
    before = set(page.downloads.iterdir())
    page.find_element("link text", "CSV").click()
    (path,) = until(lambda: {path for path in page.downloads.glob("*.csv") if path not in before})
    assert path.read_text(encoding="utf-8").splitlines()[1:] == [",".join(row) for row in expected]


def test_a_statement_is_cancelled_and_the_next_one_runs(address: str) -> None:
    with browser(wait_for_load=False) as driver:
        driver.get(f"{address}/sql")
        until(lambda: driver.find_elements("css selector", "form.sql .cancel"))
        until(lambda: driver.execute_script("return document.readyState") == "complete")
        statement, cancel = one(driver, "#statement"), one(driver, ".cancel")
        assert not cancel.is_displayed()
        driver.execute_script("arguments[0].hidden = false", cancel)
        place = {"x": cancel.rect["x"] + 10, "y": cancel.rect["y"] + 10, "button": "left", "clickCount": 1}
        driver.execute_script("arguments[0].hidden = true", cancel)
        statement.send_keys(ENDLESS)
        one(driver, "form.sql [type=submit]").click()
        # While the next page is awaited, the driver answers nothing about this one, but the mouse works.
        for event in ("mousePressed", "mouseReleased"):
            driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": event, **place})
        assert statement.get_attribute("value") == ENDLESS  # the page is still there
        until(lambda: not cancel.is_displayed())
        statement.clear()
        statement.send_keys("select 6 * 7 as answer")
        press(driver, "Run")
        assert one(driver, "tbody td").text == "42"


def test_no_page_scrolls_sideways(phone: Any, address: str) -> None:
    for path in PAGES:
        phone.get(address + path)
        for width in (390, 1280):
            phone.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**PHONE, "width": width})
            assert phone.execute_script("return document.documentElement.scrollWidth") <= width, path


def test_a_phone_shows_rank_name_and_r_at_once(phone: Any, address: str) -> None:
    phone.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    for path, name in ((CORRELATES, "gene_symbol"), (f"{CORRELATES}&level=probe", "probe_name")):
        phone.get(address + path)
        headers = phone.find_elements("css selector", ".correlates thead th")
        bar = one(phone, ".correlates tbody .bar")
        ends = {header.text: end(header) for header in headers if header.is_displayed()}
        assert max(ends["rank"], ends[name], end(bar)) <= 390
        assert bar.size["width"] > 30


def test_search_and_tables_work_without_scripts(address: str, synthetic_database: Path) -> None:
    expected = of_command("query", "NTRK2", "--all", "--db", synthetic_database)["rows"]
    with browser() as driver:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        driver.get(address)
        one(driver, "#q").send_keys("NTRK2")
        press(driver, "Search")
        assert one(driver, "h1").text == "Correlates of NTRK2"
        assert driver.find_elements("css selector", "[role=combobox]") == []
        check(all_rows(driver), expected)
        press(driver, "gene_symbol")
        symbols = [row["gene_symbol"].casefold() for row in rows(driver)]
        assert all(first <= second for first, second in pairwise(symbols))
        one(driver, "#seed").clear()
        one(driver, "#seed").send_keys("BDNF")
        press(driver, "Show correlates")
        assert one(driver, "h1").text == "Correlates of BDNF"
        driver.get(address + PAIR)
        one(driver, "#observed_r").send_keys("0.55")
        press(driver, "Compare")
        assert "0.55" in one(driver, "#explanation").text


def test_the_keyboard_is_enough(page: Any, address: str) -> None:
    from selenium.webdriver import ActionChains, Keys

    def type_in(*keys: str) -> None:
        ActionChains(page).send_keys(*keys).perform()

    page.get(address)
    type_in(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the content"
    assert page.switch_to.active_element.is_displayed()
    type_in(Keys.ENTER, Keys.TAB)
    assert page.switch_to.active_element.get_attribute("id") == "q"
    type_in("ntr")
    until(lambda: "NTRK2" in choices(page, "q"))
    box = one(page, "#q")
    assert box.get_attribute("aria-expanded") == "true"
    type_in(Keys.ESCAPE)
    assert box.get_attribute("aria-expanded") == "false"
    assert not one(page, "#q-choices").is_displayed()
    assert box.get_attribute("value") == "ntr"
    type_in(Keys.ARROW_DOWN)
    until(lambda: "NTRK2" in choices(page, "q"))
    place = choices(page, "q").index("NTRK2")
    type_in(*[Keys.ARROW_DOWN] * (place + 2), Keys.ARROW_UP)
    assert one(page, "#q-choices [aria-selected=true]").text.startswith("NTRK2")
    type_in(Keys.ENTER)
    assert box.get_attribute("value") == "NTRK2"
    leave(page, lambda: type_in(Keys.ENTER))
    assert one(page, "h1").text == "Correlates of NTRK2"
    sorted_by = one(page, "th.gene_symbol a")
    page.execute_script("document.getElementById('contains').focus()")
    for _ in range(10):
        type_in(Keys.TAB)
        if page.switch_to.active_element == sorted_by:
            break
    leave(page, lambda: type_in(Keys.ENTER))
    assert one(page, "th[aria-sort]").get_attribute("class") == "gene_symbol"


def test_a_name_that_looks_like_html_is_text(hostile: httpx.Client) -> None:
    """An alert would end the test: the driver refuses everything while one is open."""
    with browser() as driver:
        from selenium.webdriver import Keys  # the browser skips the test where selenium is missing

        driver.get(f"{hostile.base_url}/")
        one(driver, "#q").send_keys("<scr")
        until(lambda: SCRIPT in choices(driver, "q"))
        one(driver, "#q").send_keys(Keys.ARROW_DOWN, Keys.ENTER)
        leave(driver, lambda: one(driver, "#q").send_keys(Keys.ENTER))
        assert SCRIPT in one(driver, "h1").text
        for path in (CORRELATES, f"/pair?a=NTRK2&b={quote(SCRIPT)}", f"/gene/{quote(SCRIPT, safe='')}", "/learn"):
            driver.get(f"{hostile.base_url}{path}")
            assert SCRIPT in one(driver, "body").text, path
            assert driver.execute_script("return document.querySelectorAll('script:not([src])').length") == 0
            assert driver.execute_script("return document.querySelectorAll('body script').length") == 0
        assert console_errors(driver) == []
