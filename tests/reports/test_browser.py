"""The result in a real browser, under the policy that the site sends: charts, schemes, no script, downloads."""

from pathlib import Path
from typing import Any

import pytest

from tests.harness.browser import Pages
from tests.harness.servers import LiveSite

pytestmark = pytest.mark.timeout(180)


def bar_colour(page: Any) -> str:
    colour: str = page.evaluate("getComputedStyle(document.querySelector('.fp-chart-parts .points path')).fill")
    return colour


def test_charts_answer_once_they_are_in_view_and_follow_the_scheme(live_site: LiveSite, page: Any) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(live_site.url)
    assert page.locator(".fp-chart").count() == 4
    for name in ("parts", "published", "range", "tornado"):
        page.locator(f".fp-chart-{name}").scroll_into_view_if_needed()
        page.locator(f".fp-chart-{name} .js-plotly-plot .main-svg").first.wait_for()
        assert not page.locator(f".fp-chart-{name} .fp-still").is_visible()
    assert page.locator(".fp-chart-published .fp-live").get_attribute("aria-label")
    light = bar_colour(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "was => getComputedStyle(document.querySelector('.fp-chart-parts .points path')).fill !== was", arg=light
    )


def test_without_script_the_still_charts_and_the_tables_are_there(live_site: LiveSite, new_page: Pages) -> None:
    page = new_page(javascript=False)
    page.goto(live_site.url)
    assert page.locator(".fp-still svg[role=img]").count() == 4
    assert page.locator(".fp-still svg").first.is_visible()
    page.locator(".fp-chart-published summary").click()
    assert page.locator(".fp-chart-published table").is_visible()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_sticks_out_at_any_width(live_site: LiveSite, new_page: Pages, width: int) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    page.goto(live_site.url)
    page.locator(".fp-chart-published").scroll_into_view_if_needed()
    page.locator(".fp-chart-published .js-plotly-plot .main-svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_from_the_result_to_the_file(live_site: LiveSite, page: Any, tmp_path: Path) -> None:
    status, answer = live_site.post_json(
        "/api/v1/estimates",
        {
            "title": "A run",
            "hardware": {"mean_system_power_w": 12041.51},
            "duration_h": 79,
            "location": {"country": "US"},
        },
        Prefer="wait=10",
    )
    assert status in {201, 202}
    page.goto(f"{live_site.url}/estimates/{answer['id']}/")
    page.locator("form[action$='/report/'] button").click()
    with page.expect_download(timeout=60_000) as waiting:
        page.locator("a[href$='/report.pdf']").click(timeout=60_000)
    assert waiting.value.suggested_filename == "wattprint-a-run.pdf"
    file = tmp_path / "report.pdf"
    waiting.value.save_as(file)
    assert file.read_bytes().startswith(b"%PDF-")
