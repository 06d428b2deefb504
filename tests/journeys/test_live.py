"""A machine enrols, is measured from the page, and its chart moves: a worker in its own network, a real browser."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config.launch.certificate import read
from estimator.measure.trust import read_authority
from estimator.worker.credentials import read_credentials
from tests.harness.browser import Pages
from tests.harness.certificates import Pair, certified
from tests.harness.namespace import Namespace, network_namespace
from tests.harness.not_run import ran_in_part
from tests.harness.servers import wait_until
from tests.worker.people import Machine, Person, pause
from tests.worker.site import SmallSite, small_site

expect.set_options(timeout=20_000)
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Namespace | None]:
    """Another network, where we may make one; else the worker is only a process of its own."""
    with network_namespace() as made:
        if made is None:
            ran_in_part("no network of its own for the worker (root and iproute2 make one): it was never cut off")
        yield made


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Who signs the site's certificate; no system trusts it."""
    return certified(tmp_path_factory.mktemp("live-ca") / "ca", "The authority of a test", is_authority=True)


@pytest.fixture(scope="module")
def site(authority: Pair, elsewhere: Namespace | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    """A site that the worker reaches over the wire, pages and queue by TLS."""
    folder = tmp_path_factory.mktemp("live")
    pair = certified(folder / "tls", "127.0.0.1", *([elsewhere.host] if elsewhere else []), by=authority)
    with small_site(folder / "site", host="0.0.0.0", certificate=read(pair.certificate, pair.key)) as made:
        yield made


@pytest.fixture(scope="module")
def ann(site: SmallSite, authority: Pair) -> Person:
    """Its account."""
    return Person(site.url, "ann@example.org", authority=authority.certificate)


@pytest.fixture
def signed_in(new_page: Pages, ann: Person) -> Any:
    """A page of hers; that Chromium asks an authority is not what is tested here."""
    made = new_page(ignore_https_errors=True)
    made.context.add_cookies(ann.cookies)
    return made


def points_of(page: Page) -> int:
    """How many stretches the chart shows."""
    return int(page.locator("[data-drawing] > svg").get_attribute("data-points") or 0)


def test_a_machine_enrols_is_measured_from_the_page_and_its_chart_moves(
    signed_in: Page,
    new_page: Pages,
    ann: Person,
    site: SmallSite,
    authority: Pair,
    elsewhere: Namespace | None,
    tmp_path: Any,
) -> None:
    page = signed_in
    page.goto(f"{site.url}/workers/")
    page.get_by_role("button", name="Make a token").click()
    command = page.locator(".new-token code.breakable").inner_text()
    token = command.split("--token ")[1]
    assert f"--server {site.url} " in command
    server = f"https://{elsewhere.host}:{site.port}" if elsewhere else site.url
    machine = Machine(
        tmp_path / "w",
        server=server,
        token=token,
        name="desk",
        before=elsewhere.before if elsewhere else (),
        authority=authority.certificate,
    )
    machine.start()
    try:
        # It comes up by itself.
        expect(page.locator("#workers-list")).to_contain_text("online")
        page.get_by_role("link", name="desk").click()
        expect(page.locator("h1")).to_contain_text("desk")
        page.get_by_role("link", name="New measurement").click()
        page.fill("#id_title", "A live one")
        page.fill("#id_place", "France")
        page.select_option("#id_interval_s", "0.1")
        page.get_by_role("button", name="Start").click()
        page.wait_for_url(re.compile(r"/measurements/[0-9a-f-]{36}/$"))
        key = page.url.rstrip("/").rsplit("/", 1)[-1]
        expect(page.locator("#measurement-state")).to_contain_text("running")
        wait_until(lambda: points_of(page) > 5, what="the chart has points")
        before = points_of(page)
        wait_until(lambda: points_of(page) >= before + 15, what="the chart moves")
        expect(page.locator("#measurement-state")).to_contain_text("counter")
        expect(page.locator("#measurement-state")).to_contain_text("110 W")

        # The newest sample on the page is at most two seconds old.
        row = ann.measurement(key)
        lag_s = float(page.evaluate("Date.now() / 1000")) - (row["started_at_s"] + 0.1 * points_of(page))
        assert lag_s < 2.0

        # It survives a reload, and without script the drawing and the numbers are there.
        page.reload()
        wait_until(lambda: points_of(page) > before, what="after a reload")
        plain = new_page(javascript=False, viewport=PHONE, ignore_https_errors=True)
        plain.context.add_cookies(ann.cookies)
        plain.goto(page.url)
        expect(plain.locator("[data-drawing] > svg path").first).to_be_attached()
        expect(plain.get_by_role("link", name="Look again")).to_be_visible()
        assert plain.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

        if elsewhere:  # the wire is cut: what is measured meanwhile comes when it is back
            elsewhere.cut()
            pause(1.5)
            elsewhere.mend()
        before = points_of(page)
        wait_until(lambda: points_of(page) >= before + 5, timeout_s=40, what="the chart moves again")

        # Its orders came by TLS too, and it is still the same worker when it is started without the file.
        known = read_credentials(machine.folder)
        assert known.broker_address.startswith("rediss://")
        assert known.authority == read_authority(authority.certificate)

        page.get_by_role("button", name="Stop").click()
        # What follows the end comes by itself.
        expect(page.locator("#footprint-link")).to_be_visible()
        expect(page.locator("#footprint-button")).to_be_visible()
        told = ann.measurement(key)
        assert told["samples_count"] == len(machine.taken(key))
        assert told["energy_kwh"] * 3.6e6 == pytest.approx(110.0 * told["covered_s"], rel=2e-3)
        page.locator("#footprint-link").click()
        expect(page.locator("h1")).to_contain_text("A live one")
    finally:
        machine.stop()
