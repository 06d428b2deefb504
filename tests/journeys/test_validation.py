"""How right the figures are, and a run in other tools, as a person looks at them."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Pages
from tests.harness.servers import LiveSite

PHONE = {"width": 390, "height": 844}
CHARTS = 9
RUN = {
    "title": "Seen by others",
    "hardware": {"accelerator": "nvidia-v100-sxm2-16gb", "accelerator_count": 8},
    "duration_h": 100,
    "location": {"country": "FR"},
}


def scroll_through(page: Page) -> None:
    """Bring every chart near the view, so that it is drawn."""
    for chart in page.locator("figure[data-chart]").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".fp-live")).to_have_class(re.compile("js-plotly-plot"))
        expect(chart.locator(".fp-live .point").first).to_be_attached()


def no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_the_charts_are_drawn_and_the_policy_holds(page: Page, live_site: LiveSite) -> None:
    page.goto(live_site.url)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Validation").click()
    expect(page.locator("figure[data-chart]")).to_have_count(CHARTS)
    scroll_through(page)
    first = page.locator('figure[data-chart="energy"] .fp-live')
    expect(first).to_have_attribute("aria-label", re.compile("published against computed"))
    expect(first.locator(".scatterlayer .point").first).to_be_visible()


def test_filters_are_a_plain_form(page: Page, live_site: LiveSite) -> None:
    page.goto(f"{live_site.url}/validation/")
    every = page.locator("#arithmetic ~ table tbody tr")
    expect(every).to_have_count(66)
    page.get_by_label("Source").select_option("strubell-2019")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile(r"source=strubell-2019"))
    expect(every).to_have_count(7)
    expect(every.first).to_contain_text("Transformer base")
    page.get_by_label("What the energy rests on").select_option("disclosure")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No case fits these filters.")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(every).to_have_count(66)


def test_all_of_it_is_there_without_script(new_page: Pages, live_site: LiveSite) -> None:
    page = new_page(javascript=False)
    page.goto(f"{live_site.url}/validation/")
    expect(page.locator(".fp-still svg")).to_have_count(CHARTS)
    expect(page.locator("#arithmetic ~ table")).to_contain_text("1,503 kWh")
    page.locator("#predicted-training ~ details > summary").click()
    expect(page.locator("#predicted-training ~ details")).to_contain_text("BLOOM 176B")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_on_a_phone(new_page: Pages, live_site: LiveSite, scheme: Any) -> None:
    page = new_page(viewport=PHONE, color_scheme=scheme)
    page.goto(f"{live_site.url}/validation/?all=1")
    scroll_through(page)
    for summary in page.locator("details > summary").all():
        summary.click()
    assert no_sideways_scroll(page)


def test_from_an_estimate_to_other_tools(page: Page, live_site: LiveSite) -> None:
    status, made = live_site.post_json("/api/v1/estimates", RUN)
    assert status in (201, 202)
    page.goto(f"{live_site.url}/estimates/{made['id']}/")
    expect(page.locator(".footprint")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Other tools").click()
    table = page.get_by_role("table", name="The same run in other tools")
    # 800 hours of 300 W, and nothing else.
    expect(table.locator("#lacoste")).to_contain_text("240 kWh")
    expect(table.locator("#ecologits")).to_contain_text("not for training")
    page.set_viewport_size({"width": 390, "height": 844})
    assert no_sideways_scroll(page)
