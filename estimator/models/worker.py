"""Machines that measure, and the tokens by which they enrol."""

import uuid
from datetime import datetime, timedelta
from typing import Final, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from estimator.models.owned import OwnedQuerySet

#: A worker gives a sign of life every few seconds; after this long without one it counts as offline.
OFFLINE_AFTER: Final = timedelta(seconds=15)


class WorkerQuerySet(OwnedQuerySet["Worker"]):
    """Machines that measure."""

    def online(self, now: datetime) -> Self:
        """Those that gave a sign of life lately."""
        return self.filter(last_seen_at__gt=now - OFFLINE_AFTER, disabled_at=None)


class Worker(models.Model):
    """One machine: what it is, how it shows who it is, and when it was last heard of."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="workers")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=40, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    #: SHA-256 of its password at the broker: enough to let it in, not enough to be it.
    broker_digest = models.CharField(max_length=64, editable=False)
    version = models.CharField(max_length=40, blank=True)
    inventory = models.JSONField(default=dict)
    #: Names only: what they run stands in the worker's own file.
    workloads = models.JSONField(default=list)
    clock_offset_s = models.FloatField(null=True)
    #: Half of it is how wrong the offset can be.
    round_trip_s = models.FloatField(null=True)
    #: Which process speaks for the worker: a copy of its credentials elsewhere has another one.
    session = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True, editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    #: Why it was switched off without its owner's word; empty where the owner did it.
    disabled_reason = models.CharField(max_length=40, blank=True, default="", editable=False)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["name", "created_at"]
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="worker_owner_newest")]

    def __str__(self) -> str:
        return self.name

    def is_online(self, now: datetime) -> bool:
        """Whether it was heard of lately."""
        return self.last_seen_at is not None and now - self.last_seen_at < OFFLINE_AFTER


class Enrolment(models.Model):
    """A token that lets one machine enrol, once."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments")
    prefix = models.CharField(max_length=40, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    #: Made up by the machine before it asks: if the answer is lost, it may ask again.
    installation = models.CharField(max_length=64, blank=True, editable=False)
    worker = models.ForeignKey(Worker, null=True, on_delete=models.SET_NULL, related_name="enrolments")

    objects = OwnedQuerySet["Enrolment"].as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="enrolment_expires_after_it_was_made", condition=Q(expires_at__gt=F("created_at"))
            )
        ]

    def __str__(self) -> str:
        return self.prefix

    def works_at(self, now: datetime) -> bool:
        """Whether a machine may still enrol by it."""
        return self.revoked_at is None and self.used_at is None and now < self.expires_at
