"""The thin Celery doorway: each task makes one call. Celery finds the tasks that are imported here."""

from reports.tasks.reports import release, rescue, run_report
from reports.tasks.schedules import mail_reports, run_schedules

__all__ = ["mail_reports", "release", "rescue", "run_report", "run_schedules"]
