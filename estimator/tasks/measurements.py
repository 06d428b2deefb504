"""Measurements. What measures is no task of the site's: it runs on the worker's own queue."""

from celery import shared_task
from django.utils import timezone

from estimator.services import budgets, measurements


@shared_task(name="estimator.measurements.rescue")
def rescue_measurements() -> None:
    """Send again what was lost, and note who fell silent."""
    measurements.rescue(now=timezone.now())


@shared_task(name="estimator.measurements.mail")
def mail_budgets() -> None:
    """Tell owners of budgets that are about to be passed."""
    budgets.mail_budgets(now=timezone.now())
