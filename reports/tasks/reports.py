"""Reports."""

import uuid
from datetime import UTC, datetime

from celery import Task, shared_task
from django.utils import timezone

from reports import services


@shared_task(name="reports.run_report", bind=True)
def run_report(self: "Task[[str], None]", report_id: str) -> None:
    """Make one report."""
    services.run_report(report_id=uuid.UUID(report_id), worker=self.request.hostname or "")


@shared_task(name="reports.release")
def release(worker: str, started_s: float) -> None:
    """Free what a dead worker of this name held."""
    services.JOBS.release(worker=worker, started=datetime.fromtimestamp(started_s, tz=UTC), now=timezone.now())


@shared_task(name="reports.rescue")
def rescue() -> None:
    """Queue again what was lost."""
    services.JOBS.rescue(now=timezone.now())
