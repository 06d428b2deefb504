"""The page that says whether the figures of a report are those that are stored."""

import hashlib
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from estimator import services
from estimator.core.inputs import Workload
from estimator.models import Estimate
from reports import services as report_services
from reports.models import Report
from reports.views import fingerprint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def estimate() -> Estimate:
    workload = Workload.model_validate(
        {"title": "A secret", "hardware": {"accelerator": "H100", "accelerator_count": 8}, "duration_h": 10}
    )
    row = services.submit_estimate(workload=workload)
    services.run_estimate(estimate_id=row.id, worker="a@host")
    return Estimate.objects.get(pk=row.id)


def test_figures_are_found_by_the_digest_and_computed_anew(client: Client, estimate: Estimate) -> None:
    page = client.get(f"/verify/{estimate.input_digest}")
    assert page.status_code == 200
    told = page.content.decode()
    assert "These figures are stored here" in told
    assert estimate.dataset_version in told
    # Whoever holds a report knows its figures; whose it is stays out of it.
    assert "A secret" not in told
    assert str(estimate.id) not in told
    anew = client.get(f"/verify/{estimate.input_digest}", {"with": "then"}).content.decode()
    assert "the same to the last digit" in anew


def test_a_figure_that_was_changed_in_the_database_is_seen(client: Client, estimate: Estimate) -> None:
    stored = estimate.footprint
    assert stored is not None
    stored["result"]["total_kgco2e"]["central"] *= 1.5
    estimate.save()
    anew = client.get(f"/verify/{estimate.input_digest}", {"with": "then"}).content.decode()
    assert "What differs when it is computed anew" in anew
    assert "Total emissions" in anew


def test_equal_versions_are_shown_once(client: Client, estimate: Estimate) -> None:
    again = services.submit_estimate(workload=estimate.workload())
    services.run_estimate(estimate_id=again.id, worker="a@host")
    told = client.get(f"/verify/{estimate.input_digest}").content.decode()
    assert told.count(f"dataset {estimate.dataset_version}") == 1


def test_unknown_and_mistyped_digests(client: Client) -> None:
    unknown = client.get(f"/verify/{'0' * 64}")
    assert unknown.status_code == 404
    assert "Nothing is stored under this digest" in unknown.content.decode()
    assert client.get("/verify/hello").status_code == 404
    assert client.get("/verify/", {"digest": "hello"}).status_code == 422
    spaced = client.get("/verify/", {"digest": f" {'A' * 32} {'A' * 32} "})
    assert (spaced.status_code, spaced.headers["Location"]) == (302, f"/verify/{'a' * 64}")
    assert client.get("/verify/").status_code == 200


# --- withdrawn --------------------------------------------------------------------------------------------------------


def test_figures_of_what_is_withdrawn_are_gone_unless_somebody_else_shows_them(
    client: Client, estimate: Estimate
) -> None:
    Estimate.objects.filter(pk=estimate.pk).update(withdrawn_at=timezone.now())
    gone = client.get(f"/verify/{estimate.input_digest}")
    assert gone.status_code == 410 and "was withdrawn" in gone.content.decode()
    again = services.submit_estimate(workload=estimate.workload())
    services.run_estimate(estimate_id=again.id, worker="a@host")
    assert client.get(f"/verify/{estimate.input_digest}").status_code == 200


# --- files ------------------------------------------------------------------------------------------------------------


def report_of(*estimates: Estimate) -> Report:
    """A finished report; what is in the file does not matter here."""
    pdf = f"%PDF-1.7 over {len(estimates)} {estimates[0].pk}".encode()
    one = estimates[0] if len(estimates) == 1 else None
    return Report.objects.create(
        estimate=one,
        estimate_ids=[] if one else [str(row.pk) for row in estimates],
        language="en",
        engine_version="x",
        status="done",
        created_at=timezone.now(),
        pdf=pdf,
        pdf_sha256=hashlib.sha256(pdf).hexdigest(),
    )


def checked(client: Client, content: bytes) -> Any:
    return client.post("/verify/file/", {"file": SimpleUploadedFile("report.pdf", content, "application/pdf")})


def test_the_file_of_a_report_is_known_by_its_bytes(client: Client, estimate: Estimate) -> None:
    row = report_services.request_report(estimate_id=estimate.pk, language="en")
    assert report_services.run_report(report_id=row.pk, worker="a@host")
    row.refresh_from_db()
    pdf = bytes(row.pdf or b"")
    known = checked(client, pdf)
    told = known.content.decode()
    assert known.status_code == 200 and "This very file was made here and is unchanged" in told
    assert "Total emissions" in told and f"/verify/{estimate.input_digest}" in told
    assert "A secret" not in told and str(estimate.id) not in told and str(row.pk) not in told
    changed = checked(client, pdf[:-1] + b"!").content.decode()
    assert "No file with these bytes was made here" in changed


def test_a_file_over_several_leads_to_each(client: Client, estimate: Estimate) -> None:
    other = services.submit_estimate(workload=services.EXAMPLE)
    services.run_estimate(estimate_id=other.id, worker="a@host")
    row = report_of(estimate, other)
    told = checked(client, bytes(row.pdf or b"")).content.decode()
    assert "It is over 2 runs" in told
    assert f"/verify/{estimate.input_digest}" in told and f"/verify/{other.input_digest}" in told
    Estimate.objects.update(withdrawn_at=timezone.now())
    told = checked(client, bytes(row.pdf or b"")).content.decode()
    assert "is unchanged" in told and "withdrawn or deleted since" in told and estimate.input_digest not in told


def test_a_withdrawn_run_is_not_shown_by_its_file(client: Client, estimate: Estimate) -> None:
    row = report_of(estimate)
    Estimate.objects.update(withdrawn_at=timezone.now())
    told = checked(client, bytes(row.pdf or b"")).content.decode()
    assert "is unchanged" in told and "Total emissions" not in told


def test_reports_of_before_are_not_taken_for_an_empty_file(client: Client, estimate: Estimate) -> None:
    Report.objects.filter(pk=report_of(estimate).pk).update(pdf_sha256="")
    empty = checked(client, b"")
    assert empty.status_code == 422 and "Choose the PDF file" in empty.content.decode()
    assert client.post("/verify/file/").status_code == 422


def test_what_is_too_large_is_not_read_to_its_end(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "LARGEST_BYTES", 100_000)
    sent = {"file": SimpleUploadedFile("report.pdf", b"x" * 150_000)}
    # Within what surrounds a file it is found while it is read; beyond, before.
    assert client.post("/verify/file/", sent).status_code == 413
    sent = {"file": SimpleUploadedFile("report.pdf", b"x" * 300_000)}
    assert client.post("/verify/file/", sent).status_code == 413
    assert checked(client, b"x" * 90_000).status_code == 200


def test_the_form_keeps_its_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get("/verify/").content.decode())
    assert token is not None
    assert checked(strict, b"%PDF").status_code == 403
    sent = {"csrfmiddlewaretoken": token[1], "file": SimpleUploadedFile("report.pdf", b"%PDF")}
    assert strict.post("/verify/file/", sent).status_code == 200
