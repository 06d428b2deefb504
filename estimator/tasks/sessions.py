"""Sessions."""

from celery import shared_task

from estimator.services.accounts import forget_sessions as forget


@shared_task(name="estimator.forget_sessions")
def forget_sessions() -> None:
    """Delete the sessions that have run out."""
    forget()
