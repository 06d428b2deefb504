"""From a finished estimate to its levers: switch two on, see the waterfall, keep three scenarios, compare them."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Pages
from tests.harness.servers import LiveSite

# The first computation of a web process reads the catalogue, and the machine may be busy.
expect.set_options(timeout=20_000)

PHONE = {"width": 390, "height": 844}
RUN = {
    "title": "Served by us",
    "activity": "inference",
    "model": {"parameters_count": 70_000_000_000},
    "hardware": {"accelerator": "h100"},
    "location": {"country": "US"},
    "inference": {"requests_count": 1_000_000, "input_tokens": 200, "output_tokens": 400, "batch_size": 8},
    "uncertainty": {"draws_count": 1000, "seed": 1},
}


def finished(site: LiveSite) -> str:
    """The address of a finished estimate."""
    status, made = site.post_json("/api/v1/estimates", RUN, Prefer="wait=10")
    assert status == 201, made
    return f"{site.url}/estimates/{made['id']}/"


def no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_two_levers_a_waterfall_three_scenarios_side_by_side(page: Page, live_site: LiveSite) -> None:
    page.goto(finished(live_site))
    page.get_by_role("link", name="What would change it?").click()
    status = page.locator("#scenario-status")
    expect(status).to_contain_text("No lever")
    expect(page.get_by_role("switch", name="Reuse a trained model")).to_be_disabled()

    switch = page.get_by_role("switch", name="Quantise")
    switch.check()
    expect(status).to_contain_text("the range includes a loss")
    expect(switch).to_be_focused()
    page.get_by_label("Bits", exact=True).select_option("4")
    page.get_by_role("switch", name="Run elsewhere").check()
    chart = page.locator('figure[data-chart="waterfall"]')
    expect(chart).to_have_attribute("data-alt", re.compile(r"Quantise −.*Run elsewhere −"))
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".fp-live .point").first).to_be_attached()
    page.locator("#id_region-location").fill("Nowhere at all")
    page.keyboard.press("Tab")
    expect(page.locator("#msg-region-location .field-error")).to_be_visible()
    page.locator("#id_region-location").fill("France")
    page.keyboard.press("Tab")
    expect(page.locator("#msg-region-location .field-error")).to_have_count(0)

    for name in ("Lean", "Leaner"):
        page.locator("#id_name").fill(name)
        page.get_by_role("button", name=re.compile("Save as")).click()
        expect(page.locator(".page-message")).to_contain_text(name)
    # A slider moves its number, and the number the result.
    page.get_by_role("switch", name="Cap the power").check()
    page.get_by_role("slider", name="Of the board’s limit").fill("60")
    expect(page.locator("#id_power_cap-power_cap_share")).to_have_value("60")
    expect(page.locator('figure[data-chart="waterfall"]')).to_have_attribute("data-alt", re.compile("Cap the power"))
    page.locator("#id_name").fill("Capped")
    page.get_by_role("button", name="Save as another one").click()

    page.get_by_role("link", name="Compare side by side").click()
    expect(page.locator("article")).to_have_count(3)
    expect(page.locator(".lead")).to_contain_text("The least is caused by")
    page.get_by_label("Compared with").select_option("Lean")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("article").first).to_contain_text("more than Lean")
    page.set_viewport_size({"width": 390, "height": 844})
    assert no_sideways_scroll(page)


def test_it_works_without_script_and_on_a_phone(new_page: Pages, live_site: LiveSite) -> None:
    address = f"{finished(live_site)}scenarios/"
    page = new_page(javascript=False, viewport=PHONE)
    page.goto(address)
    page.get_by_role("switch", name="Quantise").check()
    page.get_by_role("button", name="Show what it would change").last.click()
    expect(page.locator(".fp-still svg")).to_be_visible()
    expect(page.locator("#scenario-status")).to_contain_text("Not saved yet")
    page.locator("#id_name").fill("By hand")
    page.get_by_role("button", name="Save as a scenario").click()
    expect(page.get_by_role("link", name="By hand")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_on_a_phone(new_page: Pages, live_site: LiveSite, scheme: Any) -> None:
    page = new_page(viewport=PHONE, color_scheme=scheme)
    page.goto(f"{finished(live_site)}scenarios/")
    for name in ("Prune", "Use other hardware", "Buy renewable electricity"):
        page.get_by_role("switch", name=name).check()
    expect(page.locator('figure[data-chart="waterfall"]')).to_be_attached()
    for summary in page.locator("details > summary").all():
        summary.click()
    assert no_sideways_scroll(page)
