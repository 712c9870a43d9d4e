"""What assistive technology needs of every page: labels, headings, landmarks, tables, contrast."""

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import httpx2 as httpx
import pytest
from helpers.web import Page

import coexpr.web

CATEGORY = quote("nervous system development")
PAGES = (
    "/", "/correlates", "/correlates?seed=NTRK2&by_donor=true", "/correlates?seed=NTRK2&contains=nothing",
    f"/correlates?seed=BDNF&category={CATEGORY}&category=learning", "/pair", "/pair?a=NTRK2&b=BDNF&observed_r=0.9676",
    "/gene/NTRK2", "/gene/GABRQ", "/categories", "/categories?search=nervous", f"/category/{CATEGORY}",
    "/category/learning", "/sql", "/sql?statement=from+donors", "/sql?statement=selec", "/learn", "/search?q=neuro",
    "/nothing",
)  # fmt: skip
STYLE = (Path(coexpr.web.__file__).parent / "static" / "style.css").read_text(encoding="utf-8")
# The least contrast of text by WCAG 2.2, level AA.
CONTRAST = 4.5
TEXT = (
    *((text, paper) for text in ("ink", "quiet", "link", "warning", "error") for paper in ("paper", "panel")),
    ("warning", "warning-paper"), ("error", "error-paper"), ("on-accent", "accent"),
)  # fmt: skip


@pytest.fixture(scope="module", params=PAGES)
def source(request: pytest.FixtureRequest, served: httpx.Client) -> str:
    return served.get(request.param, follow_redirects=True).text


@cache
def parsed(source: str) -> Page:
    return Page(source)


def elements(source: str, *tags: str) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in parsed(source).elements if tag in tags]


def test_the_language_and_the_width_are_declared(source: str) -> None:
    (root,) = elements(source, "html")
    assert root["lang"] == "en"
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in elements(source, "meta")


def test_every_control_has_a_label(source: str) -> None:
    labelled = {label["for"] for label in elements(source, "label")}
    controls = [one for one in elements(source, "input", "select", "textarea") if one.get("type") != "hidden"]
    assert {one["id"] for one in controls} == labelled
    assert len(controls) == len(labelled)


def test_ids_are_unique_and_references_lead_to_them(source: str) -> None:
    all_attributes = [attributes for _, attributes in parsed(source).elements]
    ids = Counter(attributes["id"] for attributes in all_attributes if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    for attribute in ("aria-labelledby", "aria-controls", "for"):
        assert {one[attribute] for one in all_attributes if attribute in one} <= set(ids)


def test_headings_have_one_beginning_and_leave_out_no_level(source: str) -> None:
    levels = [int(tag[1]) for tag, _ in parsed(source).elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(following <= before + 1 for before, following in pairwise(levels))


def test_landmarks_have_different_names(source: str) -> None:
    texts = dict(re.findall(r'<(?:h2|caption)[^>]* id="([^"]+)"[^>]*>(.*?)</', source, flags=re.DOTALL))
    landmarks = [
        one
        for tag, one in parsed(source).elements
        if tag in ("nav", "section") or one.get("role") in ("region", "search")
    ]
    names = [one.get("aria-label") or texts.get(one.get("aria-labelledby") or "") for one in landmarks]
    without_name = [one for one, name in zip(landmarks, names, strict=True) if not name]
    assert [one.get("role") for one in without_name] in ([], ["search"])  # the only search of a page needs none
    assert [name for name, count in Counter(filter(None, names)).items() if count > 1] == []
    assert len(elements(source, "main")) == len(elements(source, "header")) == len(elements(source, "footer")) == 1


def test_cells_of_headers_say_of_what(source: str) -> None:
    assert {header.get("scope") for header in elements(source, "th")} <= {"col", "row"}


def test_wide_tables_can_be_scrolled_by_the_keyboard(source: str) -> None:
    scrolled = [one for one in elements(source, "div") if one.get("class") == "scroll"]
    assert len(scrolled) == len(elements(source, "table"))
    for one in scrolled:
        assert (one["tabindex"], one["role"]) == ("0", "region")


def test_pictures_have_a_text_or_are_hidden(source: str) -> None:
    assert all(image["alt"] for image in elements(source, "img"))
    for drawing in elements(source, "svg"):
        assert drawing.get("aria-hidden") == "true" or (drawing["role"] == "img" and drawing["aria-label"])


def test_the_first_link_skips_the_navigation(source: str) -> None:
    assert elements(source, "a")[0]["href"] == "#main"


@pytest.mark.long
def test_titles_differ(served: httpx.Client) -> None:
    titles: Counter[str] = Counter()
    for path in PAGES:
        if not re.search("statement|by_donor|contains", path):  # another view of the same page
            head = served.get(path, follow_redirects=True).text.partition("</head>")[0]
            titles.update(re.findall("<title>(.+)</title>", head))
    assert [title for title, count in titles.items() if count > 1] == []
    assert len(titles) > 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(scheme: str) -> None:
    light, dark = re.findall(r":root \{([^}]*)\}", STYLE)[:2]
    colors = {}
    for part in (light, dark)[: 1 + (scheme == "dark")]:
        colors |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part))
    too_low = {pair: contrast(colors[pair[0]], colors[pair[1]]) for pair in TEXT}
    assert {pair: ratio for pair, ratio in too_low.items() if ratio < CONTRAST} == {}


def contrast(first: str, second: str) -> float:
    """Return the ratio of WCAG 2.2 for two colors."""
    darker, lighter = sorted(map(luminance, (first, second)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_what_is_hidden_is_hidden() -> None:
    """A rule with a `display` of its own would show it."""
    assert "[hidden] { display: none !important; }" in STYLE
