"""The pages of a report and its API, as a browser and a program see them."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from estimator import services as estimates
from estimator.models import Estimate
from reports import services
from reports.api import reports as api
from reports.models import Report
from reports.options import SECTIONS
from tests.reports.test_logos import picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def estimate() -> Estimate:
    """A finished estimate."""
    row = estimates.submit_estimate(workload=estimates.EXAMPLE)
    estimates.run_estimate(estimate_id=row.id, worker="test")
    row.refresh_from_db()
    return row


def logo() -> SimpleUploadedFile:
    return SimpleUploadedFile("logo.png", picture(), content_type="image/png")


def made_by_a_worker() -> Report:
    row = Report.objects.get()
    services.run_report(report_id=row.id, worker="test")
    row.refresh_from_db()
    return row


def test_from_the_button_to_the_file(client: Client, estimate: Estimate) -> None:
    asked = client.post(f"/estimates/{estimate.id}/report/")
    row = Report.objects.get()
    assert (asked.status_code, asked["Location"]) == (302, f"/reports/{row.id}/")
    page = client.get(asked["Location"])
    assert b"http-equiv" in page.content and b"hx-get" in page.content
    early = client.get(f"/reports/{row.id}/report.pdf")
    assert (early.status_code, early["Location"]) == (302, f"/reports/{row.id}/")

    made_by_a_worker()
    fragment = client.get(f"/reports/{row.id}/status/")
    assert b"hx-get" not in fragment.content and f"/reports/{row.id}/report.pdf".encode() in fragment.content
    file = client.get(f"/reports/{row.id}/report.pdf")
    assert file["Content-Type"] == "application/pdf" and file.content.startswith(b"%PDF-")
    assert file["Content-Disposition"] == 'attachment; filename="wattprint-bert-base.pdf"'
    assert file["X-Content-Type-Options"] == "nosniff"


def test_unknown_ones_are_not_found(client: Client) -> None:
    nobody = uuid.uuid4()
    for path in (f"/reports/{nobody}/", f"/reports/{nobody}/status/", f"/reports/{nobody}/report.pdf"):
        assert client.get(path).status_code == 404
    assert client.post(f"/estimates/{nobody}/report/").status_code == 404
    assert client.get(f"/estimates/{nobody}/report/").status_code == 404
    assert client.post(f"/reports/{nobody}/retry/").status_code == 404
    assert client.get(f"/api/v1/reports/{nobody}.pdf").status_code == 404


def test_an_estimate_that_is_not_done_leads_back_to_its_page(client: Client) -> None:
    row = estimates.submit_estimate(workload=estimates.EXAMPLE)
    assert client.post(f"/estimates/{row.id}/report/")["Location"] == f"/estimates/{row.id}/"


def test_a_failed_report_offers_another_try(client: Client, estimate: Estimate) -> None:
    client.post(f"/estimates/{estimate.id}/report/")
    Report.objects.update(status="failed", error_code="internal")
    row = Report.objects.get()
    page = client.get(f"/reports/{row.id}/").content
    assert f"/reports/{row.id}/retry/".encode() in page and b"internal" not in page
    assert client.post(f"/reports/{row.id}/retry/")["Location"] == f"/reports/{row.id}/"
    row.refresh_from_db()
    assert row.status == "queued"


CHOSEN = {
    "language": "es",
    "paper": "letter",
    "variant": "pdf-ua-1",
    "organisation": "Ministry",
    "notes": "**bold**",
    "sections": ["steps", "breakdown"],
}


def test_the_choices_are_kept_and_asked_for_again_give_the_same_report(client: Client, estimate: Estimate) -> None:
    page = client.get(f"/estimates/{estimate.id}/report/").content.decode()
    assert 'enctype="multipart/form-data"' in page and page.count('name="sections"') == len(SECTIONS)
    first = client.post(f"/estimates/{estimate.id}/report/", {**CHOSEN, "logo": logo()})
    row = Report.objects.get()
    assert first["Location"] == f"/reports/{row.id}/" and row.language == "es" and row.logo
    choices = row.choices()
    assert (choices.paper, choices.variant, choices.sections) == ("letter", "pdf-ua-1", ("breakdown", "steps"))
    assert (choices.organisation, choices.notes, choices.site) == ("Ministry", "**bold**", "http://testserver")
    again = client.post(f"/estimates/{estimate.id}/report/", {**CHOSEN, "logo": logo()})
    assert again["Location"] == first["Location"]
    assert client.post(f"/estimates/{estimate.id}/report/", CHOSEN)["Location"] != first["Location"]


def test_what_cannot_be_used_is_marked(client: Client, estimate: Estimate) -> None:
    bad = {**CHOSEN, "notes": "x" * 4001, "logo": SimpleUploadedFile("x.svg", b"<svg/>")}
    answer = client.post(f"/estimates/{estimate.id}/report/", bad)
    assert answer.status_code == 422 and not Report.objects.exists()
    page = answer.content.decode()
    assert "no PNG or JPEG" in page and "problem-notes" in page and 'aria-invalid="true"' in page


def test_the_api_makes_waits_and_gives(client: Client, estimate: Estimate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WAIT_S", 0.0)
    path = f"/api/v1/estimates/{estimate.id}/report.pdf"
    first = client.get(path)
    assert first.status_code == 202 and int(first["Retry-After"]) > 0
    assert first.json()["status"] == "queued"
    made_by_a_worker()
    file = client.get(path)
    assert file.status_code == 200 and file.content.startswith(b"%PDF-")
    assert Report.objects.count() == 1


def test_the_api_takes_the_choices(client: Client, estimate: Estimate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WAIT_S", 0.0)
    path = f"/api/v1/estimates/{estimate.id}/report.pdf"
    asked = {"language": "fr", "paper": "letter", "variant": "pdf-ua-1", "sections": "steps, breakdown"}
    assert client.get(path, asked).status_code == 202
    row = Report.objects.get()
    assert (row.language, row.choices().paper, row.choices().sections) == ("fr", "letter", ("breakdown", "steps"))
    for wrong in ({"paper": "a5"}, {"variant": "pdf-x"}, {"sections": "steps,gossip"}, {"language": "tlh"}):
        answer = client.get(path, wrong)
        assert answer.status_code == 422 and answer.json()["error"]["code"] == "invalid_input"
    assert "gossip" in client.get(path, {"sections": "gossip"}).content.decode()
    assert Report.objects.count() == 1


def test_the_api_answers_in_the_one_error_shape(client: Client) -> None:
    waiting = estimates.submit_estimate(workload=estimates.EXAMPLE)
    for kind in ("pdf", "json"):
        for path, status in (
            (f"/api/v1/estimates/{uuid.uuid4()}/report.{kind}", 404),
            (f"/api/v1/estimates/{waiting.id}/report.{kind}", 409),
        ):
            answer = client.get(path)
            assert answer.status_code == status
            assert set(answer.json()) == {"error"}


def test_the_json_has_the_footprint_and_its_summary(client: Client, estimate: Estimate) -> None:
    path = f"/api/v1/estimates/{estimate.id}/report.json"
    body: dict[str, Any] = client.get(path).json()
    total = body["footprint"]["result"]["total_kgco2e"]["central"]
    assert total == pytest.approx(estimate.total_kgco2e, rel=1e-12)
    assert sum(part["kgco2e"] for part in body["summary"]["parts"]) == pytest.approx(total, rel=1e-9)
    assert body["summary"]["place"]["nearest"]["id"] == "bert-base"
    assert [source["number"] for source in body["summary"]["sources"]] == list(
        range(1, len(body["summary"]["sources"]) + 1)
    )
    assert client.get(path, {"language": "es"}).status_code == 200
    assert client.get(path, {"language": "tlh"}).status_code == 422
