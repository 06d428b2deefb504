"""Estimates."""

import uuid
from datetime import UTC, datetime

from celery import Task, shared_task
from django.utils import timezone

from estimator import services


@shared_task(name="estimator.run_estimate", bind=True)
def run_estimate(self: "Task[[str], None]", estimate_id: str) -> None:
    """Compute one stored estimate."""
    services.run_estimate(estimate_id=uuid.UUID(estimate_id), worker=self.request.hostname or "")


@shared_task(name="estimator.release")
def release(worker: str, started_s: float) -> None:
    """Free what a dead worker of this name held."""
    services.JOBS.release(worker=worker, started=datetime.fromtimestamp(started_s, tz=UTC), now=timezone.now())


@shared_task(name="estimator.rescue")
def rescue() -> None:
    """Queue again what was lost."""
    services.JOBS.rescue(now=timezone.now())
