"""The verbs: ask for a report, make it, take up what was left."""

import logging
import uuid
from typing import Final

from django.db import transaction
from django.utils import timezone, translation
from django.utils.text import slugify

from estimator.core import ENGINE_VERSION
from estimator.jobs import JobQueue
from estimator.models import Estimate, JobStatus
from reports import wording
from reports.models import Report
from reports.pdf import render_pdf, report_html

logger = logging.getLogger(__name__)

JOBS: Final = JobQueue(model=Report, task="reports.run_report", name="reports")


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
            transaction.on_commit(lambda: JOBS.send(pk=row.id, now=now))
            row.refresh_from_db(fields=["status", "progress", "error_code"])
    return row


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


def file_name(*, title: str) -> str:
    """A name for the download that every file system takes: letters, digits and hyphens of the title."""
    return f"wattprint-{slugify(title)[:60].strip('-') or 'report'}.pdf"
