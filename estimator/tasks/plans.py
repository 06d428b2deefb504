"""Searches for the best."""

import uuid
from datetime import UTC, datetime

from celery import Task, shared_task
from django.utils import timezone

from estimator.services import plans


@shared_task(name="estimator.run_plan", bind=True)
def run_plan(self: "Task[[str], None]", plan_id: str) -> None:
    """Do one stored search."""
    plans.run_plan(plan_id=uuid.UUID(plan_id), worker=self.request.hostname or "")


@shared_task(name="estimator.plans.release")
def release_plans(worker: str, started_s: float) -> None:
    """Free what a dead worker of this name held."""
    plans.JOBS.release(worker=worker, started=datetime.fromtimestamp(started_s, tz=UTC), now=timezone.now())


@shared_task(name="estimator.plans.rescue")
def rescue_plans() -> None:
    """Queue again what was lost."""
    plans.JOBS.rescue(now=timezone.now())
