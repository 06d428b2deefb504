"""From a finished estimate to its advice, the page of a lever, and the ledger of the model's life."""

import re

from playwright.sync_api import Page, expect

from tests.harness.browser import Pages
from tests.harness.servers import LiveSite

# The first computation of a web process reads the catalogue, and the machine may be busy.
expect.set_options(timeout=20_000)

PHONE = {"width": 390, "height": 844}
SERVED = {
    "title": "Served by us",
    "activity": "inference",
    "model": {"parameters_count": 70_000_000_000},
    "hardware": {"accelerator": "h100"},
    "location": {"country": "US"},
    "inference": {"requests_count": 1_000_000, "input_tokens": 200, "output_tokens": 400, "batch_size": 8},
    "uncertainty": {"draws_count": 1000, "seed": 1},
}
TRAINED = {
    "title": "Trained by us",
    "hardware": {"accelerator": "h100", "accelerator_count": 64},
    "duration_h": 200,
    "location": {"country": "US"},
    "uncertainty": {"draws_count": 1000, "seed": 1},
}


def finished(site: LiveSite, body: object) -> str:
    """The id of a finished estimate."""
    status, made = site.post_json("/api/v1/estimates", body, Prefer="wait=10")
    assert status == 201, made
    return str(made["id"])


def no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_advice_comes_by_itself_and_leads_to_its_scenario_and_its_lever(page: Page, live_site: LiveSite) -> None:
    page.goto(f"{live_site.url}/estimates/{finished(live_site, SERVED)}/")
    advice = page.get_by_role("region", name="What would save most")
    expect(advice.locator("li")).to_have_count(3)
    advice.get_by_role("link", name=re.compile("Look at it as a scenario · Serve 32 requests at once")).click()
    expect(page.get_by_role("switch", name="Serve in larger batches")).to_be_checked()
    expect(page.locator("#scenario-status")).to_contain_text("Saves")
    page.get_by_role("link", name="More · Quantise").click()
    expect(page.get_by_role("heading", name="Quantise", level=1)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Ranges around 1")).first).to_be_visible()


def test_a_life_is_added_up_on_a_phone_too(new_page: Pages, live_site: LiveSite) -> None:
    entries = [
        {"role": "training", "estimate": finished(live_site, TRAINED), "times_before": 1},
        {"role": "inference", "estimate": finished(live_site, SERVED), "requests_per_month": 1_000_000},
    ]
    status, made = live_site.post_json("/api/v1/ledgers", {"entries": entries, "service_life_months": 24})
    assert status == 201, made
    for scheme in ("light", "dark"):
        page = new_page(viewport=PHONE, color_scheme=scheme)
        page.goto(f"{live_site.url}/ledgers/{made['id']}/")
        expect(page.get_by_text("use has caused more than all training")).to_be_visible()
        chart = page.locator('figure[data-chart="life"]')
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".fp-live .scatterlayer .trace").first).to_be_attached()
        assert no_sideways_scroll(page)
    plain = new_page(javascript=False)
    plain.goto(f"{live_site.url}/ledgers/{made['id']}/")
    expect(plain.locator(".fp-still svg polygon").first).to_be_visible()
