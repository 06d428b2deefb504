"""From a finished estimate to a better plan: with script, without it, and on a phone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Pages
from tests.harness.servers import LiveSite
from tests.journeys.test_estimate import PHONE, no_sideways_scroll

BODY: dict[str, Any] = {
    "title": "Ours",
    "model": {"parameters_count": 7_000_000_000, "training_tokens": 100_000_000_000},
    "hardware": {"accelerator": "nvidia-a100-sxm4-80gb", "accelerator_count": 64},
    "location": {"country": "US"},
}


@pytest.fixture(scope="module")
def address(live_site: LiveSite) -> str:
    """Address of a finished estimate."""
    status, answer = live_site.post_json("/api/v1/estimates", BODY, Prefer="wait=10")
    assert (status, answer["status"]) == (201, "done")
    return str(answer["url"])


def test_from_an_estimate_to_its_best_plan_as_a_scenario(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Find a better plan").click()
    # More than a hundred thousand combinations: a worker takes them, and the page follows.
    page.get_by_role("button", name="Search").click()
    page.wait_for_url(re.compile(r"/plans/[0-9a-f-]{36}/$"))
    best = page.locator(".plan-list > li")
    expect(best).to_have_count(10, timeout=60_000)
    expect(best.first).to_contain_text("Least emissions")
    figure = page.locator("figure[data-chart=pareto-cost]")
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".fp-live .main-svg").first).to_be_visible()
    best.first.get_by_role("link", name="Open as a scenario").click()
    page.wait_for_url(re.compile(r"/scenarios/\?levers="))
    expect(page.locator("h1")).to_be_visible()


def test_what_cannot_be_kept_says_what_could(page: Page, address: str) -> None:
    page.goto(f"{address}plan/")
    page.fill("[name=deadline_h]", "0.1")
    page.fill("[name=countries]", "SE")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No combination keeps to every constraint")).to_be_visible(timeout=60_000)
    # The search can be changed from where it was.
    page.get_by_text("Change and search again").click()
    expect(page.locator("[name=deadline_h]")).to_have_value("0.1")
    page.fill("[name=deadline_h]", "")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".plan-list > li").first).to_be_visible(timeout=60_000)


def test_without_script_and_on_a_phone(new_page: Pages, address: str) -> None:
    page = new_page(javascript=False)
    page.goto(f"{address}plan/")
    page.fill("[name=countries]", "SE, France")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".plan-list > li").first).to_be_visible(timeout=60_000)
    expect(page.locator(".fp-still svg").first).to_be_visible()
    phone = new_page(viewport=PHONE)
    phone.goto(f"{address}plan/")
    assert no_sideways_scroll(phone)
    phone.goto(page.url)
    expect(phone.locator(".plan-list > li").first).to_be_visible()
    assert no_sideways_scroll(phone)
