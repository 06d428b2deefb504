"""Measurements: what is measured, how far it is, and its samples, packed as they came and summed in buckets of time."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from estimator.models.estimate import Estimate
from estimator.models.owned import OwnedQuerySet
from estimator.models.worker import Worker

#: Without a sample for this long, beside its interval, a measurement counts as lost.
LOST_AFTER: Final = timedelta(seconds=30)

#: More names than this no list offers.
MOST_PROJECTS: Final = 200


class MeasurementStatus(models.TextChoices):
    """Where a measurement stands."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    STOPPING = "stopping", _("stopping")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    LOST = "lost", _("lost")


class MeasurementKind(models.TextChoices):
    """How it came here."""

    LIVE = "live", _("live")
    COMMAND = "command", _("command line")
    IMPORTED = "imported", _("imported")


class Target(models.TextChoices):
    """What is measured."""

    MACHINE = "machine", _("the whole machine")
    PROCESS = "process", _("one process with its children")
    WORKLOAD = "workload", _("a workload that the worker knows by name")


class FootprintOf(models.TextChoices):
    """What a footprint is made of."""

    MACHINE = "machine", _("the whole machine")
    PROCESS = "process", _("the share that is attributed to the command or process")


S: Final = MeasurementStatus
#: Those that a worker may still send samples to.
OPEN: Final = (S.QUEUED, S.RUNNING, S.STOPPING, S.LOST)


class MeasurementQuerySet(OwnedQuerySet["Measurement"]):
    """Measurements. The moves are conditional UPDATEs that tell by their row count whether they took place."""

    def ask_to_stop(self, *, pk: uuid.UUID, now: datetime) -> bool:
        """Stop what runs."""
        running = self.filter(pk=pk, status__in=[S.RUNNING, S.LOST])
        return running.update(status=S.STOPPING, stop_asked_at=now) == 1

    def withdraw(self, *, pk: uuid.UUID, now: datetime) -> bool:
        """Give up what no worker has begun."""
        return (
            self.filter(pk=pk, status=S.QUEUED).update(
                status=S.FAILED, error_code="withdrawn", finished_at=now, stop_asked_at=now
            )
            == 1
        )

    def fail(self, *, pk: uuid.UUID, now: datetime, error_code: str) -> bool:
        """Give up with a safe reason."""
        return self.filter(pk=pk, status__in=OPEN).update(status=S.FAILED, error_code=error_code, finished_at=now) == 1

    def mark_lost(self, *, now: datetime) -> int:
        """Those that no sample came from for a while; one that comes after all brings them back."""
        silent = Q(heard_at__lt=now - LOST_AFTER, interval_s__lte=10.0) | Q(heard_at__lt=now - 4 * LOST_AFTER)
        return self.filter(silent, kind=MeasurementKind.LIVE, status__in=[S.RUNNING, S.STOPPING]).update(status=S.LOST)

    def of_project(self, project: str) -> Self:
        """Those of one project; all of them without one."""
        if "\x00" in project:  # no database keeps one in a text, and some refuse to be asked
            return self.none()
        return self.filter(project=project) if project else self

    def projects(self) -> list[str]:
        """Names of the projects, each once."""
        named = self.exclude(project="").order_by("project").values_list("project", flat=True)
        return list(named.distinct()[:MOST_PROJECTS])

    def sum_energy_j(self) -> float:
        """All energy that they measured."""
        return float(self.aggregate(all_j=Sum("energy_j"))["all_j"] or 0.0)

    def without_message(self, *, now: datetime, patience: timedelta) -> Self:
        """Queued ones whose message was not sent, or was sent a while ago and not taken."""
        return self.filter(Q(queued_at=None) | Q(queued_at__lt=now - patience), status=S.QUEUED, worker__isnull=False)


class Measurement(models.Model):
    """One measurement."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="measurements"
    )
    worker = models.ForeignKey(Worker, null=True, on_delete=models.SET_NULL, related_name="measurements")
    worker_name = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=8, choices=MeasurementKind.choices, default=MeasurementKind.LIVE)
    title = models.CharField(max_length=200, blank=True)
    project = models.CharField(max_length=120, blank=True)

    # What is asked for.
    target = models.CharField(max_length=8, choices=Target.choices, default=Target.MACHINE)
    pid = models.PositiveIntegerField(null=True)
    workload_name = models.CharField(max_length=80, blank=True)
    interval_s = models.FloatField(default=1.0)
    #: None until somebody stops it.
    duration_limit_s = models.FloatField(null=True)
    baseline_s = models.FloatField(default=0.0)
    #: Hours of the whole run that this is a part of.
    planned_h = models.FloatField(null=True)
    place = models.CharField(max_length=120, blank=True)
    location = models.JSONField(default=dict)
    grid_intensity_gco2e_per_kwh = models.FloatField(null=True)
    pue = models.FloatField(null=True)
    budget_kwh = models.FloatField(null=True)
    budget_kgco2e = models.FloatField(null=True)

    # How far it is.
    status = models.CharField(max_length=8, choices=MeasurementStatus.choices, default=MeasurementStatus.QUEUED)
    error_code = models.CharField(max_length=40, blank=True, default="")
    #: The process that measures; another one with the same credentials has another one.
    run = models.UUIDField(null=True, editable=False)
    components = models.JSONField(default=list)
    inventory = models.JSONField(default=dict)
    baseline_power_w = models.JSONField(default=dict)
    started_at_s = models.FloatField(null=True)
    last_time_s = models.FloatField(null=True)
    next_sequence = models.PositiveBigIntegerField(default=1)
    #: What its samples and their sums take, about.
    stored_gb = models.FloatField(default=0.0, editable=False)
    covered_s = models.FloatField(default=0.0)
    #: Part of it in which nothing was read.
    gap_s = models.FloatField(default=0.0)
    #: Of the components that count together.
    energy_j = models.FloatField(default=0.0)
    energies_j = models.JSONField(default=dict)
    #: Whether that energy is after PUE, as some files tell it; all others are before.
    includes_pue = models.BooleanField(default=False)
    flags = models.JSONField(default=list)
    exit_code = models.IntegerField(null=True)
    #: Emissions of one kilowatt-hour of its machine, once, with their range and where they come from.
    grid = models.JSONField(default=dict)
    client_id = models.UUIDField(null=True, editable=False)
    #: The run whose estimate this is set against.
    estimate = models.ForeignKey(Estimate, null=True, on_delete=models.SET_NULL, related_name="measurements")
    #: What its footprint is of, where that is not what was measured.
    footprint_of = models.CharField(max_length=8, choices=FootprintOf.choices, blank=True, default="")
    #: The footprint that was made of it.
    result = models.ForeignKey(Estimate, null=True, on_delete=models.SET_NULL, related_name="measured_by")

    created_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True)
    #: When anything last came from its worker.
    heard_at = models.DateTimeField(null=True, editable=False)
    stop_asked_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True)

    objects = MeasurementQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="measurement_owner_newest"),
            models.Index(fields=["status", "heard_at"], name="measurement_status_heard"),
            models.Index(fields=["worker", "status"], name="measurement_worker_status"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["owner", "client_id"], name="measurement_sent_once"),
            models.CheckConstraint(name="measurement_status_known", condition=Q(status__in=MeasurementStatus.values)),
            models.CheckConstraint(
                name="measurement_interval_sane", condition=Q(interval_s__gte=0.01, interval_s__lte=1e9)
            ),
            models.CheckConstraint(
                name="measurement_failed_has_reason", condition=~Q(status="failed") | ~Q(error_code="")
            ),
            models.CheckConstraint(
                name="measurement_process_has_pid", condition=~Q(target="process") | Q(pid__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.id)

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more by itself."""
        return self.status in {S.DONE, S.FAILED}

    @property
    def is_of_process(self) -> bool:
        """Whether its footprint is of a process's share, and not of the whole machine."""
        return self.footprint_of == FootprintOf.PROCESS or (not self.footprint_of and self.target != Target.MACHINE)

    @property
    def samples_count(self) -> int:
        """How many were taken in."""
        return self.next_sequence - 1

    @property
    def is_stopped(self) -> bool:
        """Whether its worker is to stop."""
        return self.status in {S.STOPPING, S.DONE, S.FAILED} or self.stop_asked_at is not None

    def component(self, name: str) -> dict[str, Any]:
        """What is known of one component."""
        return next((part for part in self.components if part["name"] == name), {"name": name})


class SampleChunk(models.Model):
    """Consecutive samples as they came: rows of little-endian doubles, packed."""

    measurement = models.ForeignKey(Measurement, on_delete=models.CASCADE, related_name="chunks")
    first_sequence = models.PositiveBigIntegerField()
    samples_count = models.PositiveIntegerField()
    #: Names of the components, in the order of the columns after time and duration.
    names = models.JSONField()
    content = models.BinaryField()

    class Meta:
        ordering = ["first_sequence"]
        constraints = [
            models.UniqueConstraint(fields=["measurement", "first_sequence"], name="chunk_once"),
            models.CheckConstraint(name="chunk_not_empty", condition=Q(samples_count__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.measurement_id} {self.first_sequence}"


class SampleSum(models.Model):
    """All samples whose end lies within one bucket of time: the chart of a long measurement reads these."""

    measurement = models.ForeignKey(Measurement, on_delete=models.CASCADE, related_name="sums")
    step_s = models.PositiveIntegerField()
    #: Steps since the measurement started.
    bucket = models.PositiveBigIntegerField()
    covered_s = models.FloatField()
    #: Joules by component, and the greatest mean power of one sample.
    energies_j = models.JSONField()
    peaks_w = models.JSONField()

    class Meta:
        ordering = ["bucket"]
        constraints = [models.UniqueConstraint(fields=["measurement", "step_s", "bucket"], name="sum_once")]

    def __str__(self) -> str:
        return f"{self.measurement_id} {self.step_s} s {self.bucket}"
