"""The verbs: ask for a report, make it, take up what was left."""

import hashlib
import json
import logging
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone, translation
from django.utils.text import slugify

from estimator.core import ENGINE_VERSION
from estimator.core.inputs import InputProblems
from estimator.core.levers.advice import Advice
from estimator.core.scenarios import MOST_SCENARIOS, Comparison
from estimator.jobs import JobQueue
from estimator.models import Estimate, JobStatus
from estimator.reference.catalogue import dataset_version
from estimator.services.advice import advise_on
from estimator.services.scenarios import Named, compare_scenarios, run_of
from reports.attachments import RunFiles
from reports.collection import RunRow, run_row
from reports.document import write_collection, write_report
from reports.exports import StoredRun
from reports.models import Report
from reports.options import ReportOptions
from reports.services.power import power_curve

logger = logging.getLogger(__name__)

JOBS: Final = JobQueue(model=Report, task="reports.run_report", name="reports")
#: More runs than these are for several reports, or for the table.
MOST_RUNS: Final = 500
#: Footprints that are in memory at once while the rows of a long report are read.
READ_AT_ONCE: Final = 25


class EstimateNotDone(Exception):
    """There is nothing to report yet."""


class TooManyRuns(Exception):
    """More runs than a report takes."""


def request_report(
    *, estimate_id: uuid.UUID, language: str, options: ReportOptions | None = None, logo: bytes | None = None
) -> Report:
    """
    The report of an estimate in a language: the one that is there, or a new one in the queue.

    A failed one is queued again.

    Parameters
    ----------
    estimate_id : UUID
        What to report.
    language : str
        In which language.
    options : ReportOptions, optional
        What the reader chose.
    logo : bytes, optional
        A PNG that `reports.logos` has written.

    Raises
    ------
    Estimate.DoesNotExist
        If there is no such estimate.
    EstimateNotDone
        If the estimate has no footprint yet, or failed.
    """
    options = options or ReportOptions()
    with transaction.atomic():
        estimate = Estimate.objects.only("id", "status").get(pk=estimate_id)
        if estimate.status != JobStatus.DONE:
            raise EstimateNotDone
        digest = options.digest(logo=logo, over=_levers_key(estimate, options))
        return _queued(
            {"estimate": estimate, "language": language, "options_digest": digest},
            {"options": options.model_dump(mode="json"), "logo": logo},
        )


def request_collection(
    *,
    estimate_ids: Sequence[uuid.UUID],
    language: str,
    title: str = "",
    options: ReportOptions | None = None,
    logo: bytes | None = None,
) -> Report:
    """
    The report over several estimates: the one that is there, or a new one in the queue.

    Parameters
    ----------
    estimate_ids : sequence of UUID
        What to report, in this order; those that are not done are left out.
    language : str
        In which language.
    title : str
        What they are together.
    options : ReportOptions, optional
        What the reader chose.
    logo : bytes, optional
        A PNG that `reports.logos` has written.

    Raises
    ------
    EstimateNotDone
        If none of them is done.
    TooManyRuns
        If there are more than `MOST_RUNS`.
    """
    options = options or ReportOptions()
    asked = list(dict.fromkeys(estimate_ids))
    if len(asked) > MOST_RUNS:
        raise TooManyRuns
    with transaction.atomic():
        rows = Estimate.objects.filter(pk__in=asked, status=JobStatus.DONE)
        done = set(rows.values_list("pk", flat=True))
        chosen = [str(pk) for pk in asked if pk in done]
        if not chosen:
            raise EstimateNotDone
        digest = options.digest(logo=logo, over=f"{title}\n{','.join(chosen)}")
        return _queued(
            {"estimate": None, "language": language, "options_digest": digest},
            {
                "options": options.model_dump(mode="json"),
                "logo": logo,
                "estimate_ids": chosen,
                "title": title,
            },
        )


def _levers_key(estimate: Estimate, options: ReportOptions) -> str:
    """Changes when scenarios are kept, changed or forgotten, or the tables that they and the advice come from."""
    kept = []
    if "scenarios" in options.sections:
        kept = list(estimate.scenarios.values_list("name", "levers")[:MOST_SCENARIOS])
    return json.dumps([kept, dataset_version()]) if kept or "advice" in options.sections else ""


def _advice(estimate: Estimate) -> Advice | None:
    """What would save most, by the tables of now; None where the run cannot be computed with them."""
    try:
        return advise_on(estimate=estimate)
    except InputProblems:
        logger.warning("There is no advice on estimate %s with the tables of now", estimate.pk)
        return None


def _scenarios(estimate: Estimate) -> Comparison | None:
    """The first few scenarios that are kept, computed; None where there are none, or the run cannot be computed now."""
    kept = [Named(one.name, one.stack()) for one in estimate.scenarios.all()[:MOST_SCENARIOS]]
    if not kept:
        return None
    try:
        return compare_scenarios(workload=run_of(estimate=estimate), scenarios=kept)
    except InputProblems:
        logger.warning("Scenarios of estimate %s cannot be computed with the tables of now", estimate.pk)
        return None


def _queued(key: dict[str, Any], values: dict[str, Any]) -> Report:
    """The row of this key; a new or a failed one is sent."""
    now = timezone.now()
    row, created = Report.objects.defer("pdf").get_or_create(
        **key, engine_version=ENGINE_VERSION, defaults={**values, "created_at": now}
    )
    if created or Report.objects.retry(pk=row.id, now=now):
        transaction.on_commit(lambda: JOBS.send(pk=row.id, now=now))
        row.refresh_from_db(fields=["status", "progress", "error_code"])
    return row


def retry_report(*, report_id: uuid.UUID) -> bool:
    """Queue a failed report again; False if it has not failed."""
    with transaction.atomic():
        now = timezone.now()
        changed = Report.objects.retry(pk=report_id, now=now)
        if changed:
            transaction.on_commit(lambda: JOBS.send(pk=report_id, now=now))
    return changed


def run_report(*, report_id: uuid.UUID, worker: str) -> bool:
    """
    Make one report; False when somebody else has it, or had it before.

    Its content is that of the stored footprints, and its date that of the estimate: made again, it is the same file.
    """
    token = Report.objects.claim(pk=report_id, worker=worker, now=timezone.now())
    if token is None:
        return False

    def advance(progress: float) -> None:
        Report.objects.advance(pk=report_id, token=token, progress=progress, now=timezone.now())

    try:
        row = Report.objects.select_related("estimate").defer("pdf").get(pk=report_id)
        with translation.override(row.language):
            pdf = _made(row, advance) if row.estimate is not None else _made_of_several(row, advance)
    except Exception:
        # Whatever went wrong, the person who waits is told; the log has the details, the page never.
        logger.exception("Report %s failed", report_id)
        return Report.objects.fail(pk=report_id, token=token, now=timezone.now(), error_code="internal")
    return Report.objects.finish(
        pk=report_id, token=token, now=timezone.now(), pdf=pdf, pdf_sha256=hashlib.sha256(pdf).hexdigest()
    )


def _made(row: Report, advance: Callable[[float], None]) -> bytes:
    estimate = row.estimate
    footprint = estimate.result() if estimate is not None else None
    if estimate is None or footprint is None:
        raise EstimateNotDone
    options, workload = row.choices(), estimate.workload()
    return write_report(
        footprint,
        options=options,
        scenarios=_scenarios(estimate) if "scenarios" in options.sections else None,
        advice=_advice(estimate) if "advice" in options.sections else None,
        power=power_curve(estimate_id=estimate.pk) if "power" in options.sections else None,
        made_at=estimate.finished_at or estimate.created_at,
        location=workload.location,
        is_only_measured=workload.is_only_measured(footprint.method),
        logo=_bytes(row.logo),
        advance=advance,
    )


def _made_of_several(row: Report, advance: Callable[[float], None]) -> bytes:
    """Footprints are read a few at a time, and only their rows are kept."""
    asked = [uuid.UUID(pk) for pk in row.estimate_ids]
    runs: list[RunRow] = []
    files = RunFiles(translation.gettext)
    newest = None
    for start in range(0, len(asked), READ_AT_ONCE):
        found = Estimate.objects.in_bulk(asked[start : start + READ_AT_ONCE])
        for pk in asked[start : start + READ_AT_ONCE]:
            estimate = found.get(pk)
            footprint = estimate.result() if estimate is not None else None
            if estimate is None or footprint is None:
                continue
            made_at = estimate.finished_at or estimate.created_at
            newest = max(newest, made_at) if newest else made_at
            runs.append(
                run_row(footprint, number=len(runs) + 1, estimate_id=str(pk), made_on=estimate.created_at.date())
            )
            files.add(StoredRun(id=str(pk), made_at=made_at, footprint=footprint))
        advance(0.05 + 0.2 * len(runs) / len(asked))
    if not runs or newest is None:
        raise EstimateNotDone
    return write_collection(
        runs,
        files=files,
        title=row.title,
        options=row.choices(),
        made_at=newest,
        logo=_bytes(row.logo),
        advance=advance,
    )


def _bytes(stored: bytes | memoryview | None) -> bytes | None:
    """PostgreSQL gives a memoryview."""
    return None if stored is None else bytes(stored)


def file_name(*, title: str) -> str:
    """A name for the download that every file system takes: letters, digits and hyphens of the title."""
    return f"wattprint-{slugify(title)[:60].strip('-') or 'report'}.pdf"
