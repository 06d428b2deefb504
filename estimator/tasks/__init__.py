"""The thin Celery doorway: each task makes one call. Celery finds the tasks that are imported here."""

from estimator.tasks.estimates import release, rescue, run_estimate
from estimator.tasks.measurements import mail_budgets, rescue_measurements
from estimator.tasks.plans import release_plans, rescue_plans, run_plan
from estimator.tasks.sessions import forget_sessions

__all__ = [
    "forget_sessions",
    "mail_budgets",
    "release",
    "release_plans",
    "rescue",
    "rescue_measurements",
    "rescue_plans",
    "run_estimate",
    "run_plan",
]
