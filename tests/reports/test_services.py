"""The job of a report: asked for, made once, kept."""

import io
import uuid
from datetime import timedelta

import pikepdf
import pytest
from django.utils import timezone

from estimator import services as estimates
from estimator.core.scenarios import levers_of
from estimator.models import Estimate, JobStatus
from estimator.services.scenarios import save_scenario
from reports import services
from reports.models import Report
from reports.options import ReportOptions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def estimate() -> Estimate:
    """A finished estimate."""
    row = estimates.submit_estimate(workload=estimates.EXAMPLE)
    estimates.run_estimate(estimate_id=row.id, worker="test")
    row.refresh_from_db()
    return row


def test_asking_twice_gives_the_same_report(estimate: Estimate) -> None:
    first = services.request_report(estimate_id=estimate.id, language="en")
    assert services.request_report(estimate_id=estimate.id, language="en").id == first.id
    assert services.request_report(estimate_id=estimate.id, language="es").id != first.id
    assert Report.objects.count() == 2


def test_what_is_not_done_has_no_report() -> None:
    row = estimates.submit_estimate(workload=estimates.EXAMPLE)
    with pytest.raises(services.EstimateNotDone):
        services.request_report(estimate_id=row.id, language="en")
    with pytest.raises(Estimate.DoesNotExist):
        services.request_report(estimate_id=uuid.uuid4(), language="en")
    assert not Report.objects.exists()


def test_it_is_made_once_and_made_again_it_is_the_same_file(estimate: Estimate) -> None:
    row = services.request_report(estimate_id=estimate.id, language="en")
    assert services.run_report(report_id=row.id, worker="a")
    assert not services.run_report(report_id=row.id, worker="b")
    row.refresh_from_db()
    assert (row.status, row.progress) == (JobStatus.DONE, 1.0)
    made = bytes(row.pdf or b"")
    assert made.startswith(b"%PDF-")
    row.delete()
    again = services.request_report(estimate_id=estimate.id, language="en")
    services.run_report(report_id=again.id, worker="a")
    again.refresh_from_db()
    assert bytes(again.pdf or b"") == made


def test_scenarios_that_were_kept_are_in_it_and_make_it_another_report(estimate: Estimate) -> None:
    plain = services.request_report(estimate_id=estimate.id, language="en")
    levers = levers_of([{"lever": "region", "country": "SE"}, {"lever": "quantisation", "bits": 8}])
    save_scenario(estimate=estimate, name="=Sweden", levers=levers)
    row = services.request_report(estimate_id=estimate.id, language="en")
    assert row.id != plain.id and services.request_report(estimate_id=estimate.id, language="en").id == row.id
    assert services.run_report(report_id=row.id, worker="a")
    row.refresh_from_db()
    with pikepdf.open(io.BytesIO(bytes(row.pdf or b""))) as document, document.open_outline() as outline:
        scenarios = next(item for item in outline.root if item.title == "Scenarios")
        assert [item.title.partition(":")[0] for item in scenarios.children] == ["=Sweden"]
    without = ReportOptions(sections=("steps",))
    digest = services.request_report(estimate_id=estimate.id, language="en", options=without).options_digest
    assert digest == without.digest()


def test_advice_is_a_section_of_it(estimate: Estimate) -> None:
    row = services.request_report(
        estimate_id=estimate.id, language="en", options=ReportOptions(sections=("advice", "steps"))
    )
    assert services.run_report(report_id=row.id, worker="a")
    row.refresh_from_db()
    with pikepdf.open(io.BytesIO(bytes(row.pdf or b""))) as document, document.open_outline() as outline:
        titles = [item.title for item in outline.root]
    assert titles[:2] == ["What would save most", "How this number was made"]


def test_a_failure_is_told_without_details_and_can_be_tried_again(
    estimate: Estimate, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = services.request_report(estimate_id=estimate.id, language="en")
    # A footprint that no engine of ours wrote stands for anything unforeseen.
    Estimate.objects.filter(pk=estimate.id).update(footprint={"title": "broken"})
    assert services.run_report(report_id=row.id, worker="a")
    row.refresh_from_db()
    assert (row.status, row.error_code) == (JobStatus.FAILED, "internal")
    again = services.request_report(estimate_id=estimate.id, language="en")
    assert (again.id, again.status) == (row.id, JobStatus.QUEUED)


def test_a_lost_message_and_a_dead_worker_are_put_right(estimate: Estimate) -> None:
    row = services.request_report(estimate_id=estimate.id, language="en")
    started = timezone.now()
    assert Report.objects.claim(pk=row.id, worker="a@host", now=started - timedelta(seconds=5))
    assert services.JOBS.release(worker="a@host", started=started, now=timezone.now()) == 1
    row.refresh_from_db()
    assert row.status == JobStatus.QUEUED and row.queued_at is not None


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("BERT base", "wattprint-bert-base.pdf"),
        ('"; rm -rf / \r\nX: y', "wattprint-rm-rf-x-y.pdf"),
        ("../../etc/passwd", "wattprint-etcpasswd.pdf"),
        ("训练", "wattprint-report.pdf"),
        ("", "wattprint-report.pdf"),
        ("x" * 200, f"wattprint-{'x' * 60}.pdf"),
    ],
)
def test_the_file_name_is_safe(title: str, name: str) -> None:
    assert services.file_name(title=title) == name
