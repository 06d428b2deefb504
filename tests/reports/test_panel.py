"""The panel on a page, rendered whole."""

import re
from html.parser import HTMLParser

import pytest
from django.template import Context, Template
from django.utils import translation

from estimator.core.footprint import Footprint
from tests.reports.conftest import make_footprint


def rendered(footprint: Footprint, language: str = "en") -> str:
    with translation.override(language):
        return Template("{% load footprints %}{% footprint_panel footprint %}").render(
            Context({"footprint": footprint})
        )


class Outline(HTMLParser):
    """Headings, ids, links and forbidden attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.targets: set[str] = set()
        self.references: set[str] = set()
        self.styles: list[str] = []
        self.scripts: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if known.get("id"):
            self.ids.append(str(known["id"]))
        if tag == "a" and str(known.get("href")).startswith("#"):
            self.targets.add(str(known["href"])[1:])
        if known.get("aria-labelledby"):
            self.references.add(str(known["aria-labelledby"]))
        if tag == "style" or "style" in known or any(name.startswith("on") for name in known):
            self.styles.append(tag)
        if tag == "script":
            self.scripts.append(known.get("type"))


def test_the_outline_is_sound_and_the_policy_is_kept(footprint: Footprint) -> None:
    outline = Outline(rendered(footprint))
    assert outline.headings[0] == 2
    assert set(outline.headings[1:]) == {3}
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.targets | outline.references <= set(outline.ids)
    assert outline.styles == []
    assert set(outline.scripts) == {"application/json"}


def test_the_headline_has_range_tier_and_the_whole_number_for_programs(footprint: Footprint) -> None:
    html = rendered(footprint).replace("\u00a0", " ")
    assert "1,503 kWh" in html and "1,320–1,680 kWh" in html and "672 kg CO₂e" in html
    assert 'value="1503.0212782"' in html
    assert "Sampled" in html
    assert "The grid factor is of 2018" in html


def test_each_step_shows_formula_numbers_result_and_sources(footprint: Footprint) -> None:
    html = rendered(footprint).replace("\u00a0", " ")
    assert "Energy of the servers × Power usage effectiveness (PUE)" in html
    assert "951.279 × 1.58" in html and "= 1,503.02 kWh" in html
    assert html.count('class="fp-cite"') >= 8


def test_in_spanish_numbers_have_a_decimal_comma(footprint: Footprint) -> None:
    html = rendered(footprint, "es").replace("\u00a0", " ")
    assert "951,279 × 1,58" in html and "1503,02 kWh" in html
    assert 'value="1503.0212782"' in html


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}"])
def test_a_hostile_title_is_text(title: str) -> None:
    html = rendered(make_footprint(title=title))
    outline = Outline(html)
    assert outline.styles == [] and set(outline.scripts) == {"application/json"}
    assert "<img" not in html and "14" not in re.findall(r"<h2.*?</h2>", html, re.S)[0].replace(title, "")


def test_without_title_range_and_warnings_it_still_reads_well() -> None:
    bare = make_footprint(title="", warnings=(), contributions=(), equivalents=(), steps=(), assumptions=())
    html = rendered(bare)
    assert "The footprint of this run" in html and "fp-warnings" not in html


def test_the_comparison_is_for_training_only() -> None:
    assert "published" in rendered(make_footprint())
    assert 'data-chart="published"' not in rendered(make_footprint(activity="inference"))
