"""Ledgers: what a model causes over its life."""

import uuid

from django.conf import settings
from django.db import models

from estimator.core.ledger import LedgerAsked
from estimator.models.owned import OwnedQuerySet


class Ledger(models.Model):
    """Stored runs with how often they take place. What they come to is computed when somebody asks."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: Nobody, where it was made without an account.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="ledgers")
    name = models.CharField(max_length=120, blank=True)
    #: Each with the id of an estimate, which may be deleted meanwhile.
    entries = models.JSONField()
    service_life_months = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    objects = OwnedQuerySet["Ledger"].as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="ledger_owner_newest")]

    def __str__(self) -> str:
        return self.name or str(self.id)

    def asked(self) -> LedgerAsked:
        """What it adds up, as the core takes it."""
        return LedgerAsked.model_validate(
            {"name": self.name, "entries": self.entries, "service_life_months": self.service_life_months}
        )
