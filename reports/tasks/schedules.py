"""Reports that come again and again."""

from celery import shared_task
from django.utils import timezone

from reports.services import schedules


@shared_task(name="reports.run_schedules")
def run_schedules() -> None:
    """Ask for those that are due."""
    schedules.run_due_schedules(now=timezone.now())


@shared_task(name="reports.mail")
def mail_reports() -> None:
    """Tell owners of those that are done."""
    schedules.mail_reports(now=timezone.now())
