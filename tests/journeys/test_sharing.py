"""A run that is made, listed for everybody, withdrawn, shown again, verified and computed anew."""

import re
import uuid
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.harness.browser import Faults, Pages
from tests.harness.servers import LiveSite
from tests.journeys.test_estimate import PHONE, no_sideways_scroll


def signed_up(page: Page, site: LiveSite) -> None:
    page.goto(f"{site.url}/account/signup/")
    page.fill("[name=email]", f"{uuid.uuid4().hex[:12]}@example.org")
    page.fill("[name=password1]", "a-rather-long-phrase-9")
    page.locator("main form button").first.click()
    page.wait_for_url(re.compile(r"/estimates/$"))


def test_shared_withdrawn_verified(new_page: Pages, faults: Faults, live_site: LiveSite, tmp_path: Path) -> None:
    title = f"Shared {uuid.uuid4().hex[:8]}"
    owner, reader = new_page(), new_page(javascript=False, viewport=PHONE)
    signed_up(owner, live_site)
    owner.goto(live_site.url)
    owner.fill("#id_title", title)
    owner.click("#estimate-button")
    owner.wait_for_url(re.compile(r"/estimates/[0-9a-f-]{36}/$"))
    address = owner.url

    # Listed, under a name that its owner chose.
    owner.get_by_label("Everybody: it is listed in the gallery").check()
    owner.get_by_label("Name or organisation in the gallery").fill("Our group")
    owner.get_by_role("button", name="Save who may see it").click()
    expect(owner.locator(".page-message")).to_contain_text("listed in the gallery now")
    reader.goto(f"{live_site.url}/gallery/?title={title}")
    expect(reader.locator(".gallery-list li")).to_have_count(1)
    expect(reader.locator(".gallery-list")).to_contain_text("Our group")
    assert no_sideways_scroll(reader)
    reader.get_by_role("link", name=title).click()
    assert reader.url == address
    expect(reader.locator("#sharing")).to_contain_text("listed in the gallery")
    assert no_sideways_scroll(reader)

    # Withdrawn: gone for others, with its badge; the owner shows it again.
    faults.forgive(r"\b410\b")
    owner.get_by_role("link", name="Withdraw it").click()
    owner.get_by_role("button", name="Withdraw it").click()
    expect(owner.locator(".withdrawn")).to_contain_text("only you see this page")
    gone = reader.goto(address)
    assert gone is not None and gone.status == 410
    expect(reader.locator("h1")).to_have_text("This estimate was withdrawn")
    assert no_sideways_scroll(reader)
    assert reader.request.get(f"{address.replace('/estimates/', '/api/v1/estimates/')}disclosures/badge").status == 410
    owner.get_by_role("button", name="Show it again").click()
    expect(owner.locator(".withdrawn")).to_have_count(0)

    # Its file is known to the last byte, and its figures are computed anew.
    owner.get_by_role("button", name="PDF report").click()
    expect(owner.get_by_role("link", name="Download the PDF")).to_be_visible(timeout=60_000)
    with owner.expect_download() as downloading:
        owner.get_by_role("link", name="Download the PDF").click()
    pdf = tmp_path / "report.pdf"
    downloading.value.save_as(pdf)
    reader.goto(f"{live_site.url}/verify/")
    assert no_sideways_scroll(reader)
    reader.set_input_files("#file", pdf)
    reader.get_by_role("button", name="Check the file").click()
    expect(reader.locator("h1")).to_have_text("This very file was made here and is unchanged")
    assert no_sideways_scroll(reader)
    reader.get_by_role("link", name="Compute them anew").click()
    reader.get_by_role("link", name="Compute anew with the tables of then").first.click()
    expect(reader.locator("main")).to_contain_text("every number is the same to the last digit")
