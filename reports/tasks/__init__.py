"""The thin Celery doorway: each task makes one call. Celery finds the tasks that are imported here."""

from reports.tasks.reports import release, rescue, run_report

__all__ = ["release", "rescue", "run_report"]
