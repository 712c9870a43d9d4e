"""The pages of categories: the list to search, and the genes of one."""

import html
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2 as httpx
import pytest
from helpers.web import serving

from coexpr.atlas import Atlas
from coexpr.loading.categories import add_categories
from coexpr.sentences.categories import describe_members
from coexpr.web.pages.category import MAX_CATEGORIES, MAX_HEATMAP, MAX_MEMBERS, STATUSES

CATEGORY = "nervous system development"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def client(synthetic_database: Path) -> Iterator[httpx.Client]:
    with serving(synthetic_database) as opened:
        yield opened


@pytest.fixture(scope="module")
def with_added(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server of a database with three added categories, two of the same name."""
    folder = tmp_path_factory.mktemp("added")
    database = Path(shutil.copy(synthetic_database, folder / "added.duckdb"))
    for source, name, genes in (
        ("one", "my genes", "NTRK2\nBDNF\nNOSUCHGENE\n"),
        ("two", "my genes", "NTRK2\nTP53\n"),
        ("one", SCRIPT, "BDNF\nNTRK2\n"),
    ):
        file = folder / "genes.txt"
        file.write_text(genes)
        add_categories([file], database, name=name, source=source)
    with serving(database) as opened:
        yield opened


def page_of(client: httpx.Client, name: str, query: str = "") -> str:
    answer = client.get(f"/category/{quote(name, safe='')}{query}")
    assert answer.status_code == 200
    return str(answer.text)


def text_of(page: str) -> str:
    """Return the text of a page, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


def genes_in(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/gene/[^"]*">([^<]*)</a>', page)


# The list


def test_a_search_shows_what_atlas_finds_in_its_order(client: httpx.Client, atlas: Atlas) -> None:
    page = client.get("/categories", params={"search": CATEGORY}).text
    found = atlas.categories(CATEGORY)
    rows = re.findall(r'<tr><th scope="row"><a href="/category/([^"]*)">(.*?)</a>(.*?)</tr>', page, flags=re.DOTALL)
    assert [html.unescape(name) for _, name, _ in rows] == found.column("name")
    assert [link.replace("%3A", ":") for link, *_ in rows] == found.column("id")
    for (_, _, rest), genes, on_chip, with_data in zip(
        rows, *(found.column(name) for name in ("genes", "on_chip", "with_expression")), strict=True
    ):
        assert re.findall(r'number">([\d,]+)<', rest) == [f"{count:,}" for count in (genes, on_chip, with_data)]


def test_a_long_list_is_cut_and_counted(client: httpx.Client, atlas: Atlas) -> None:
    page = client.get("/categories?search=regulation").text
    count = len(atlas.categories("regulation"))
    assert count > MAX_CATEGORIES
    assert f"{count:,} categories" in page
    assert page.count('<tr><th scope="row">') == MAX_CATEGORIES
    assert "/api/categories?format=csv&amp;search=regulation" in page


@pytest.mark.long
def test_without_a_search_there_is_a_count_and_examples_that_find_something(client: httpx.Client, atlas: Atlas) -> None:
    page = client.get("/categories").text
    assert f"{len(atlas.categories()):,}" in page
    assert "<table" not in page
    examples = re.findall(r'<a href="(/categories\?search=[^"]*)"', page)
    assert examples
    assert all("<table" in client.get(html.unescape(example)).text for example in examples)


@pytest.mark.long
def test_added_categories_are_listed_without_a_search(with_added: httpx.Client) -> None:
    page = with_added.get("/categories").text
    assert "Added categories" in page
    assert page.count(">my genes</a>") == 2
    assert SCRIPT not in page
    assert html.escape(SCRIPT) in page


def test_an_accession_is_found(client: httpx.Client) -> None:
    assert CATEGORY in client.get("/categories?search=GO:0007399").text


def test_similar_names_are_offered(client: httpx.Client) -> None:
    page = client.get("/categories?search=nervous+sistem+development").text
    assert f'<a href="/category/nervous%20system%20development">{CATEGORY}</a>' in page


@pytest.mark.parametrize("search", [SCRIPT, "💥", "x" * 10_000, "'; drop table genes", "%"])
def test_a_search_that_finds_nothing_says_so(client: httpx.Client, search: str) -> None:
    answer = client.get("/categories", params={"search": search})
    assert answer.status_code == 200
    assert "No name of a category contains" in answer.text
    assert SCRIPT not in answer.text


def test_an_unknown_parameter_of_the_list_is_refused(client: httpx.Client) -> None:
    assert client.get("/categories?q=x").status_code == 400


# The genes of one


def test_all_members_are_shown_those_with_data_first(client: httpx.Client, atlas: Atlas) -> None:
    page = page_of(client, CATEGORY)
    members = atlas.members(CATEGORY)
    assert len(members) <= MAX_MEMBERS
    by_status = [[row[0] for row in members if row[-1] == status] for status in STATUSES]
    assert genes_in(page) == [symbol for symbols in by_status for symbol in symbols]


@pytest.mark.parametrize("status", STATUSES)
def test_members_are_filtered_by_status(client: httpx.Client, atlas: Atlas, status: str) -> None:
    page = page_of(client, CATEGORY, f"?status={quote(status)}")
    members = atlas.members(CATEGORY)
    expected = [row[0] for row in members if row[-1] == status]
    assert genes_in(page) == expected
    assert f"Genes {status}" in page


def test_the_bar_and_the_legend_have_the_counts(client: httpx.Client, atlas: Atlas) -> None:
    page = page_of(client, CATEGORY)
    counts = Counter(atlas.members(CATEGORY).column("status"))
    widths = [
        float(width) for width in re.findall(r'class="part\d" x="[\d.]+" y="0" width="([\d.]+)" height="1"', page)
    ]
    assert widths == pytest.approx([counts[status] / counts.total() for status in STATUSES], abs=1e-5)
    for status in STATUSES:
        assert f"{status} ({counts[status]:,})" in text_of(page)


def test_a_large_category_is_cut_and_has_no_heatmap(client: httpx.Client, atlas: Atlas) -> None:
    page = page_of(client, "cellular_component")
    assert len(genes_in(page)) == MAX_MEMBERS
    assert f"{len(atlas.members('cellular_component')):,} genes; the first" in page


@pytest.mark.long
def test_a_heatmap_is_shown_if_it_can_be_read(client: httpx.Client, atlas: Atlas) -> None:
    category = atlas.members(CATEGORY).provenance.category
    assert 1 < category.with_expression <= MAX_HEATMAP
    (source,) = re.findall(r'<img loading="lazy" src="([^"]*)"', page_of(client, CATEGORY))
    assert client.get(html.unescape(source)).headers["content-type"] == "image/png"
    assert "<img" not in page_of(client, "GO:0000007")


def test_what_it_says_is_that_of_the_command(client: httpx.Client, atlas: Atlas) -> None:
    page = text_of(page_of(client, CATEGORY))
    members = atlas.members(CATEGORY)
    for line in describe_members(members):
        assert line in page
    assert f"{members.provenance.category.accession} · Source: GO, release" in page
    assert f"coexpr categories show '{CATEGORY}'" in page
    assert f"FROM members('{CATEGORY}')" in page


@pytest.mark.long
def test_options_are_part_of_every_link(client: httpx.Client, atlas: Atlas) -> None:
    page = page_of(client, CATEGORY, "?include_regulates=true&evidence_not=IEA")
    members = atlas.members(CATEGORY, include_regulates=True, evidence_not=["IEA"])
    assert len(genes_in(page)) == min(len(members), MAX_MEMBERS)
    for link in re.findall(r'(?:href|src)="(/(?:api/members|figure|category)/?[^"]*\?[^"]*)"', page):
        assert "include_regulates=true&amp;evidence_not=IEA" in link
        assert client.get(html.unescape(link)).status_code == 200


def test_its_form_asks_for_correlates_in_the_category(client: httpx.Client) -> None:
    page = page_of(client, "GO:0007399")
    form = page.partition('<form action="/correlates"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="category" value="GO:0007399">' in form
    answer = client.get("/correlates", params={"seed": "NTRK2", "category": "GO:0007399"})
    assert answer.status_code == 200


def test_a_category_without_genes_says_so(client: httpx.Client, atlas: Atlas) -> None:
    assert len(atlas.members("GO:0000007")) == 0
    page = page_of(client, "GO:0000007")
    assert "This category has no genes." in page
    assert '<form action="/correlates"' not in page


def test_an_ambiguous_name_leads_to_each_meaning(with_added: httpx.Client) -> None:
    answer = with_added.get("/category/my%20genes")
    assert answer.status_code == 422
    links = re.findall(r'<a href="(/category/id%3A\d+)">my genes</a>', answer.text)
    assert len(links) == 2
    genes = [genes_in(with_added.get(link).text) for link in links]
    assert genes == [["BDNF", "NTRK2"], ["NTRK2", "TP53"]]


def test_names_of_a_file_that_mean_no_gene_are_listed(with_added: httpx.Client) -> None:
    assert "NOSUCHGENE" in with_added.get("/category/one%3Amy%20genes").text


def test_a_name_with_markup_is_escaped(with_added: httpx.Client) -> None:
    answer = with_added.get(f"/category/{quote(SCRIPT, safe='')}")
    assert answer.status_code == 200
    assert SCRIPT not in answer.text
    assert f"<h1>{html.escape(SCRIPT)}</h1>" in answer.text
    assert with_added.get("/figure/matrix.png", params={"category": SCRIPT}).status_code == 200


@pytest.mark.parametrize("name", [SCRIPT, "💥", "x" * 10_000, "", "nervous sistem development"])
def test_an_unknown_name_is_not_found(client: httpx.Client, name: str) -> None:
    answer = client.get(f"/category/{quote(name, safe='')}")
    assert answer.status_code == 404
    assert SCRIPT not in answer.text


@pytest.mark.parametrize("query", ["status=x", f"status={SCRIPT}", "seed=NTRK2", "evidence_not=XYZ"])
def test_a_wrong_parameter_is_refused(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/category/{CATEGORY}?{query}")
    assert answer.status_code == 400
    assert SCRIPT not in answer.text
