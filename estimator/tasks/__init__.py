"""The thin Celery doorway: each task makes one call. Celery finds the tasks that are imported here."""

from estimator.tasks.estimates import release, rescue, run_estimate

__all__ = ["release", "rescue", "run_estimate"]
