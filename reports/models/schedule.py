"""Reports that come again and again: when, how, and what became of each period."""

import uuid
from datetime import date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from estimator.models import Mailed, MailState, OwnedQuerySet
from reports.models.report import Report
from reports.options import ReportOptions
from reports.periods import months_after

LONGEST_NAME: Final = 80


class Cadence(models.TextChoices):
    """How often."""

    MONTHLY = "monthly", _("every month")
    QUARTERLY = "quarterly", _("every quarter")

    @property
    def months(self) -> int:
        """How many months lie between two reports."""
        return 1 if self == Cadence.MONTHLY else 3


class Schedule(models.Model):
    """An account's own runs of each period, as one report."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="schedules")
    name = models.CharField(max_length=LONGEST_NAME)
    cadence = models.CharField(max_length=9, choices=Cadence.choices)
    language = models.CharField(max_length=12)
    options = models.JSONField(default=dict)
    #: When the first one was due: all others are counted from it.
    first_at = models.DateTimeField()
    #: How many periods are over, made or left out: that of `first_at` is the first.
    periods_count = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = OwnedQuerySet["Schedule"].as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [models.Index(fields=["next_at"], condition=Q(paused_at__isnull=True), name="schedule_due")]
        constraints = [models.CheckConstraint(name="schedule_cadence", condition=Q(cadence__in=Cadence.values))]

    def __str__(self) -> str:
        return self.name

    def due_at(self, periods_count: int) -> datetime:
        """When the report after so many is due; it is over what was finished since the one before was."""
        return months_after(self.first_at, periods_count * Cadence(self.cadence).months)

    def choices(self) -> ReportOptions:
        """How its reports are made."""
        return ReportOptions.model_validate(self.options)


class Outcome(models.TextChoices):
    """What became of a period."""

    MADE = "made", _("Report")
    EMPTY = "empty", _("No run was finished in this time, so there is no report.")
    TOO_MANY = "too_many", _("More runs were finished in this time than a report takes.")


class ScheduledRun(Mailed):
    """One period of a schedule, from `starts_at` on and before `ends_at`."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="runs")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    runs_count = models.PositiveIntegerField(default=0)
    report = models.ForeignKey(Report, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-ends_at", "-pk"]
        indexes = [
            models.Index(fields=["mail_next_at"], condition=Q(mail="waiting"), name="scheduled_mail_waits"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "ends_at"], name="scheduled_once"),
            models.CheckConstraint(name="scheduled_outcome", condition=Q(outcome__in=Outcome.values)),
            models.CheckConstraint(name="scheduled_mail", condition=Q(mail__in=MailState.values)),
        ]

    @property
    def last_day(self) -> date:
        """The last day that belongs to it: it ends at midnight."""
        return (self.ends_at - timedelta(microseconds=1)).date()
