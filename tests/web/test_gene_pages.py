"""The page of a gene: its probes, the rules that select them, and why it may be missing."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2 as httpx
import pytest
from helpers.web import serving

from coexpr.atlas import Atlas
from coexpr.options import RULES, ProbeSelection
from coexpr.sentences.probes import describe_probes, recommend_probe

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def client(synthetic_database: Path) -> Iterator[httpx.Client]:
    with serving(synthetic_database) as opened:
        yield opened


def text_of(page: str) -> str:
    """Return the text of a page, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


def test_all_probes_are_shown_with_their_statistics_and_rules(client: httpx.Client, atlas: Atlas) -> None:
    page = client.get("/gene/NTRK2").text
    probes = atlas.probes("NTRK2")
    assert len(probes) > 1
    rows = re.findall(r"<tr>\n<th scope=\"row\"><a.*?</tr>", page.partition('id="rules"')[0], flags=re.DOTALL)
    for row, probe in zip(rows, probes.to_pandas().itertuples(), strict=True):
        shown = text_of(row)
        assert shown.startswith(f"{probe.probe_name} use this probe {', '.join(probe.selected_by)}".strip())
        for number in (f"{probe.mean_log2:.2f}", f"{probe.variance_log2:.2f}", f"{probe.mean_r:.3f}"):
            assert number in shown
        assert f'href="/correlates?seed={probe.probe_name}"' in row
        assert f'href="/correlates?seed=NTRK2&amp;probe={probe.probe_name}"' in row


def test_the_recommendation_and_the_notes_are_sentences_of_the_result(client: httpx.Client, atlas: Atlas) -> None:
    shown = text_of(client.get("/gene/NTRK2").text)
    probes = atlas.probes("NTRK2")
    for line in [*recommend_probe(probes.provenance), *describe_probes(probes)]:
        assert line.replace("`", "") in shown


def test_the_links_of_a_probe_work(client: httpx.Client, atlas: Atlas) -> None:
    name = atlas.probes("NTRK2").column("probe_name")[-1]
    answer = client.get(f"/correlates?seed=NTRK2&probe={name}")
    assert answer.status_code == 200
    assert f"represented by probe {name}, as requested" in answer.text


def test_every_rule_is_listed_with_its_probe_or_why_it_is_skipped(client: httpx.Client, atlas: Atlas) -> None:
    page = client.get("/gene/NTRK2").text.partition('id="rules"')[2].partition("</section>")[0]
    probes = atlas.probes("NTRK2")
    rows = [[text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in page.split("<tr>")[2:]]
    assert [rule for rule, *_ in rows] == list(RULES)
    for rule, names, does in rows:
        selected = [row.probe_name for row in probes.to_pandas().itertuples() if rule in row.selected_by]
        assert names == (", ".join(selected) or "–")  # noqa: RUF001
        if rule in probes.provenance.rules_skipped:
            assert probes.provenance.rules_skipped[rule].replace("`", "") in does


def test_the_funnel_has_a_row_per_step_and_a_bar_of_what_is_left(client: httpx.Client, atlas: Atlas) -> None:
    page = client.get("/gene/NTRK2?min_present=0.9").text.partition('id="why"')[2]
    found = atlas.why("NTRK2", probe_selection=ProbeSelection(min_present=0.9))
    most = found.steps.column("probes")[0]
    rows = re.findall(r"<th scope=\"row\">([^<]*).*?</tr>", page.partition("</table>")[0], flags=re.DOTALL)
    assert [row.strip() for row in rows] == found.steps.column("step")
    widths = [float(width) for width in re.findall(r'<rect x="0" y="0" width="([\d.]+)"', page)]
    left = [probes for probes in found.steps.column("probes") if probes is not None]
    assert widths == pytest.approx([probes / most for probes in left], abs=1e-4)
    for line in found.provenance.conclusions:
        assert line in text_of(page)


def test_the_commands_give_the_same_answer(client: httpx.Client) -> None:
    page = client.get("/gene/NTRK2?min_present=0.9").text
    assert "<code>coexpr probes NTRK2 --min-present 0.9\ncoexpr why NTRK2 --min-present 0.9</code>" in page


@pytest.mark.long
def test_files_and_figures_have_the_options_of_the_page(client: httpx.Client) -> None:
    page = client.get("/gene/NTRK2?min_present=0.5&structure=Cx").text
    links = re.findall(r'(?:href|src)="(/(?:api|figure)/[^"]*NTRK2[^"]*)"', page)
    assert {link.partition("?")[0] for link in links} == {"/api/probes/NTRK2", "/figure/probes.png"}
    for link in links:
        assert "min_present=0.5" in link
        assert client.get(html.unescape(link)).status_code == 200


def test_an_alias_and_a_probe_lead_to_their_gene(client: httpx.Client, atlas: Atlas) -> None:
    probe = atlas.probes("NTRK2").column("probe_name")[0]
    (alias_note, *_) = recommend_probe(atlas.probes("TrkB").provenance)
    for name, note in (("TrkB", alias_note), (probe, f"{probe} is one of its probes")):
        page = client.get(f"/gene/{name}").text
        assert "<h1>NTRK2</h1>" in page
        assert note in text_of(page)
        assert "Neurotrophic receptor tyrosine kinase 2" in page


def test_a_gene_without_a_probe_here_has_a_page_that_says_so(client: httpx.Client, atlas: Atlas) -> None:
    answer = client.get("/gene/GABRQ?structure=Cx")
    (conclusion,) = atlas.why("GABRQ").provenance.conclusions
    assert answer.status_code == 200
    assert conclusion in text_of(answer.text)
    assert "/figure/" not in answer.text
    assert client.get("/api/why?gene=GABRQ").status_code == 200
    assert 'href="/api/why?gene=GABRQ"' in answer.text


def test_a_threshold_that_no_probe_reaches_removes_the_gene(client: httpx.Client) -> None:
    rarely_present = "SELECT gene_symbol FROM probe_summary GROUP BY ALL HAVING max(present_fraction) < 0.9 LIMIT 1"
    gene = client.get("/api/sql", params={"statement": rarely_present, "format": "csv"}).text.splitlines()[-1]
    answer = client.get(f"/gene/{gene}?min_present=0.9")
    assert answer.status_code == 200
    assert f"{gene} is missing" in text_of(answer.text)
    assert "The default rule (max-mean) selects none of the probes." in text_of(answer.text)


@pytest.mark.parametrize("name", [SCRIPT, "💥", "x" * 10_000, "", "NTRK", "a/b"])
def test_an_unknown_name_is_not_found(client: httpx.Client, name: str) -> None:
    answer = client.get(f"/gene/{quote(name, safe='')}")
    assert answer.status_code == 404
    assert SCRIPT not in answer.text


def test_similar_names_are_offered(client: httpx.Client) -> None:
    assert "NTRK2" in client.get("/gene/NTRK22").text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("min_present=2", "min_present"),
        ("min_present=x", "expected a number"),
        ("annotation=x", "annotation"),
        ("top=3", "there is no such parameter"),
        (f"rule={SCRIPT}", "rule"),
    ],
)
def test_a_wrong_parameter_is_refused(client: httpx.Client, query: str, expected: str) -> None:
    answer = client.get(f"/gene/NTRK2?{query}")
    assert answer.status_code == 400
    assert expected in text_of(answer.text)
    assert SCRIPT not in answer.text


def test_data_that_are_not_loaded_are_named(client: httpx.Client) -> None:
    answer = client.get("/gene/NTRK2?annotation=reannotated")
    assert answer.status_code == 404
    assert "no re-annotation is loaded" in answer.text


def test_a_page_has_neither_scripts_nor_styles_in_it(client: httpx.Client) -> None:
    page = client.get("/gene/NTRK2").text
    assert " style=" not in page
    assert "<style" not in page
    assert re.findall(r"<script(?! src=)", page) == []


def test_a_gene_with_many_probes_warns_of_conflicts(gabra4: Path) -> None:
    with serving(gabra4) as client, Atlas(gabra4) as atlas:
        page = client.get("/gene/GABRA4").text
        probes = atlas.probes("GABRA4")
        assert 'class="message warning"' in page
        for line in [*recommend_probe(probes.provenance), *describe_probes(probes)]:
            assert line.replace("`", "") in text_of(page)
