"""The page that explains r on the data of the database."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from helpers.web import serving

from coexpr.atlas import Atlas
from coexpr.sentences.probes import recommend_probe
from coexpr.web.pages.search import find_examples

CATEGORY = "nervous system development"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def client(synthetic_database: Path) -> Iterator[httpx.Client]:
    with serving(synthetic_database) as opened:
        yield opened


def text_of(page: str) -> str:
    """Return the text of a page, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


def section(page: str, name: str) -> str:
    return page.partition(f'<section aria-labelledby="{name}">')[2].partition("</section>")[0]


def numbers_in(part: str) -> list[str]:
    """Return the numbers that a section emphasises."""
    return re.findall(r"<li><strong>([^<]*)</strong>", part)


def test_the_pair_is_that_of_the_first_page(client: httpx.Client, atlas: Atlas) -> None:
    examples = find_examples(atlas)
    page = client.get("/learn").text
    assert examples.partner
    assert f"for the pair {examples.gene} and {examples.partner}." in text_of(page)


def test_every_scale_and_resolution_is_shown(client: httpx.Client, atlas: Atlas) -> None:
    part = section(client.get("/learn?a=NTRK2&b=BDNF").text, "scales")
    scales = atlas.pair("NTRK2", "BDNF").scales
    r_of = {tuple(row[:3]): row[3] for row in scales}
    table = text_of(part.partition("<tbody>")[2])
    for r in r_of.values():
        assert r is None or f"{r:.3f}" in table
    first, *others = numbers_in(part)
    assert first == f"{r_of['log2', 'samples', 'pooled']:.3f}"
    averaged = [r_of["z within donor", resolution, "pooled"] for resolution in ("structures", "coarse structures")]
    assert others == [f"{r:.3f}" for r in averaged if r is not None][:1]


def test_my_r_is_explained_on_the_page_of_the_pair(client: httpx.Client) -> None:
    part = section(client.get("/learn?a=NTRK2&b=BDNF").text, "scales")
    assert '<form action="/pair"' in part
    assert re.findall(r'name="([a-z_]+)"', part) == ["a", "b", "observed_r"]
    r = numbers_in(part)[0]
    answer = client.get("/pair", params={"a": "NTRK2", "b": "BDNF", "observed_r": r})
    assert answer.status_code == 200
    assert 'id="explanation"' in answer.text


def test_probes_of_both_genes_are_recommended_and_their_range_shown(client: httpx.Client, atlas: Atlas) -> None:
    part = text_of(section(client.get("/learn?a=NTRK2&b=BDNF").text, "which-probe"))
    for gene in ("NTRK2", "BDNF"):
        probes = atlas.probes(gene)
        assert f"{gene}: {len(probes)} probes" in part
        for line in recommend_probe(probes.provenance):
            assert line.replace("`", "") in part
    spread = atlas.pair("NTRK2", "BDNF").provenance.spread
    assert spread is not None
    assert f"There are {spread.pairs} ways" in part
    assert f"{spread.lowest:.3f} ({' and '.join(spread.lowest_probes)})" in part
    assert f"{spread.highest:.3f} ({' and '.join(spread.highest_probes)})" in part


def test_the_three_numbers_about_averages(client: httpx.Client, atlas: Atlas) -> None:
    part = section(client.get("/learn?a=NTRK2&b=BDNF").text, "averages")
    pair = atlas.pair("NTRK2", "BDNF")
    of_pairs = np.mean(pair.probes.column("r"))
    of_averages = dict(zip(pair.rules.column("rule"), pair.rules.column("r"), strict=True))["average"]
    donors = pair.provenance.donors
    expected = [
        f"{of_pairs:.3f}",
        f"{pair.provenance.r:.3f}",
        f"{of_averages:.3f}",
        f"{donors.lowest_r:.3f} to {donors.highest_r:.3f}",
        f"{donors.r:.3f}",
        f"{pair.provenance.r:.3f}",
    ]
    assert numbers_in(part) == expected


def test_correlates_within_the_category_are_linked_and_counted(client: httpx.Client, atlas: Atlas) -> None:
    part = section(client.get("/learn?a=NTRK2&b=BDNF").text, "category")
    found = atlas.correlates("NTRK2", gene_filter=CATEGORY, top=1)
    categories = atlas.categories(CATEGORY)
    row = dict(zip(categories.columns, categories.rows[0], strict=True))
    (link,) = re.findall(r'class="button" href="([^"]*)"', part)
    assert f"{found.provenance.matching:,} rows" in text_of(client.get(html.unescape(link)).text)
    assert f"{found.provenance.matching:,} of these are compared with NTRK2" in text_of(part)
    assert numbers_in(part) == [f"{row[name]:,}" for name in ("direct", "genes", "with_expression")]
    assert f"{found.column('gene_symbol')[0]} ({found.column('r')[0]:.3f})" in text_of(part)


@pytest.mark.long
@pytest.mark.parametrize("query", ["a=NTRK2", "b=NTRK2", "a=BDNF", "a=NTRK2&b=NTRK2", "a=TrkB&b=BDNF", "a=4915&b=627"])
def test_other_pairs_can_be_chosen(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/learn?{query}")
    assert answer.status_code == 200
    assert "undefined" not in text_of(section(answer.text, "averages"))


def test_two_probes_can_be_chosen(client: httpx.Client, atlas: Atlas) -> None:
    first, second = atlas.probes("NTRK2").column("probe_name")[:2]
    page = client.get(f"/learn?a={first}&b={second}").text
    assert f"for the pair {first} and {second}." in text_of(page)
    assert "To see the difference in numbers, compare two genes" in text_of(page)
    (link,) = re.findall(r'class="button" href="([^"]*)"', section(page, "category"))
    assert client.get(html.unescape(link)).status_code == 200


@pytest.mark.long
@pytest.mark.parametrize("name", [SCRIPT, "💥", "x" * 10_000, "GABRQ"])
def test_an_unknown_name_is_not_found(client: httpx.Client, name: str) -> None:
    answer = client.get("/learn", params={"a": name, "b": "NTRK2"})
    assert answer.status_code == 404
    assert client.get("/learn", params={"a": name}).status_code == 404
    assert SCRIPT not in answer.text


def test_another_parameter_is_refused(client: httpx.Client) -> None:
    assert client.get("/learn?method=spearman").status_code == 400


@pytest.mark.long
def test_a_database_of_one_gene_compares_two_of_its_probes(gabra4: Path) -> None:
    with serving(gabra4) as client, Atlas(gabra4) as atlas:
        page = client.get("/learn").text
        ((a, b),) = re.findall(r"for the pair (\S+) and (\S+)\.", text_of(page))
        assert {a, b} <= set(atlas.probes("GABRA4").column("probe_name"))
        pair = atlas.pair(a, b)
        assert numbers_in(section(page, "scales"))[0] == f"{pair.provenance.r:.3f}"
        assert "GABRA4: 112 probes" in text_of(page)
        assert "expression data of none of the" in text_of(section(page, "category"))
        links = re.findall(r'href="(/(?:gene|category)/[^"]*)"', page)
        assert links
        assert all(client.get(html.unescape(link)).status_code == 200 for link in links)


@pytest.mark.long
def test_a_database_without_expression_data_says_what_to_load(shipped_database: Path) -> None:
    with serving(shipped_database) as client:
        answer = client.get("/learn")
        assert answer.status_code == 200
        assert "coexpr ingest PATH" in answer.text
        assert client.get("/categories").status_code == 200
        assert client.get(f"/category/{CATEGORY}").status_code == 200
        assert "No heatmap" in client.get(f"/category/{CATEGORY}").text
        assert "No loaded download has a probe of it" in client.get("/gene/NTRK2").text
