"""The verbs: ask for a report, make it, take up what was left."""

import logging
import uuid
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone, translation
from django.utils.text import slugify

from estimator import broker
from estimator.core import ENGINE_VERSION
from estimator.models import Estimate, JobStatus
from reports import wording
from reports.models import Report
from reports.pdf import render_pdf, report_html

logger = logging.getLogger(__name__)

QUEUE: Final = "reports"
RESCUED_AT_ONCE: Final = 100


class EstimateNotDone(Exception):
    """There is nothing to report yet."""


def request_report(*, estimate_id: uuid.UUID, language: str) -> Report:
    """
    The report of an estimate in a language: the one that is there, or a new one in the queue.

    A failed one is queued again.

    Raises
    ------
    Estimate.DoesNotExist
        If there is no such estimate.
    EstimateNotDone
        If the estimate has no footprint yet, or failed.
    """
    with transaction.atomic():
        estimate = Estimate.objects.only("id", "status").get(pk=estimate_id)
        if estimate.status != JobStatus.DONE:
            raise EstimateNotDone
        now = timezone.now()
        row, created = Report.objects.defer("pdf").get_or_create(
            estimate=estimate, language=language, engine_version=ENGINE_VERSION, defaults={"created_at": now}
        )
        if created or Report.objects.retry(pk=row.id, now=now):
            transaction.on_commit(lambda: _queue(report_id=row.id, now=now))
            row.refresh_from_db(fields=["status", "progress", "error_code"])
    return row


def _queue(*, report_id: uuid.UUID, now: datetime) -> None:
    """Send the message of a queued row; where the broker is away, the rescue round sends it later."""
    if broker.enqueue(task="reports.run_report", args=[str(report_id)], queue=QUEUE):
        Report.objects.filter(pk=report_id, status=JobStatus.QUEUED).update(queued_at=now)


def run_report(*, report_id: uuid.UUID, worker: str) -> bool:
    """
    Make one report; False when somebody else has it, or had it before.

    Its content is that of the stored footprint, and its date that of the estimate: made again, it is the same file.
    """
    token = Report.objects.claim(pk=report_id, worker=worker, now=timezone.now())
    if token is None:
        return False
    try:
        with translation.override(Report.objects.values_list("language", flat=True).get(pk=report_id)):
            pdf = _made(report_id=report_id, token=token)
    except Exception:
        # Whatever went wrong, the person who waits is told; the log has the details, the page never.
        logger.exception("Report %s failed", report_id)
        return Report.objects.fail(pk=report_id, token=token, now=timezone.now(), error_code="internal")
    return Report.objects.finish(pk=report_id, token=token, now=timezone.now(), pdf=pdf)


def _made(*, report_id: uuid.UUID, token: uuid.UUID) -> bytes:
    def advance(progress: float) -> None:
        Report.objects.advance(pk=report_id, token=token, progress=progress, now=timezone.now())

    row = Report.objects.select_related("estimate").defer("pdf").get(pk=report_id)
    footprint = row.estimate.result()
    if footprint is None:
        raise EstimateNotDone
    advance(0.1)
    summary = wording.summary_of(footprint)
    advance(0.4)
    html = report_html(
        summary=summary,
        charts=wording.charts_in_words(summary),
        made_at=row.estimate.finished_at or row.estimate.created_at,
    )
    advance(0.6)
    return render_pdf(html, identifier=f"{footprint.input_digest}-{footprint.dataset_version}-{row.language}")


def release_reports(*, worker: str, started: datetime) -> int:
    """Free what was held under this worker's name before it started, and queue it at once."""
    freed = Report.objects.release(worker=worker, started=started)
    if freed:
        rescue_reports(now=timezone.now())
    return freed


def rescue_reports(*, now: datetime) -> int:
    """Queue again what lost its message or its worker; fail what was tried too often."""
    queue_length = broker.queue_length(queue=QUEUE)
    if queue_length is None:
        return 0
    Report.objects.give_up(now=now)
    lost = Report.objects.waiting_for_a_message(now=now, queue_is_empty=queue_length == 0)
    waiting = list(lost.order_by("created_at").values_list("id", flat=True)[:RESCUED_AT_ONCE])
    for report_id in waiting:
        _queue(report_id=report_id, now=now)
    return len(waiting)


def file_name(*, title: str) -> str:
    """A name for the download that every file system takes: letters, digits and hyphens of the title."""
    return f"wattprint-{slugify(title)[:60].strip('-') or 'report'}.pdf"
