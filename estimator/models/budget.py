"""Mail about a budget of a measurement, prepared when the budget is given."""

from django.db import models
from django.db.models import Q

from estimator.models.mailed import Mailed, MailState
from estimator.models.measurement import Measurement


class BudgetMail(Mailed):
    """One budget of one measurement: in which language its owner is told, and by which address of the site."""

    measurement = models.ForeignKey(Measurement, on_delete=models.CASCADE, related_name="budget_mails")
    budget = models.CharField(max_length=16)
    site = models.CharField(max_length=200)
    language = models.CharField(max_length=16)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["mail_next_at"], condition=Q(mail="waiting"), name="budget_mail_waits"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["measurement", "budget"], name="budget_mail_once"),
            models.CheckConstraint(name="budget_mail_state", condition=Q(mail__in=MailState.values)),
            models.CheckConstraint(name="budget_mail_of", condition=Q(budget__in=["budget_kwh", "budget_kgco2e"])),
        ]

    def __str__(self) -> str:
        return f"{self.measurement_id} {self.budget}"
