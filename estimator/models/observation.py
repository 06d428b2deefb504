"""What a kind of hardware drew in one finished measurement: calibrations are made of these when one is asked for."""

from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.models import Q

from estimator.models.measurement import Measurement


class ObservationQuerySet(models.QuerySet["Observation"]):
    """Observations. They go with their measurement, and are its owner's."""

    def owned_by(self, user: User | AnonymousUser) -> "ObservationQuerySet":
        """Those of one account; none for somebody who is not signed in."""
        return self.filter(measurement__owner=user) if user.is_authenticated else self.none()


class Observation(models.Model):
    """One kind of device in one measurement."""

    class Kind(models.TextChoices):
        """What it is."""

        ACCELERATOR = "accelerator"
        CPU = "cpu"

    class LeftOut(models.TextChoices):
        """Why it does not count; empty where it does."""

        COUNTED = ""
        SHORT = "short"
        MODELLED = "modelled"
        GAPS = "gaps"
        IDLE = "idle"

    measurement = models.ForeignKey(Measurement, on_delete=models.CASCADE, related_name="observations")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    #: As its driver calls it.
    device = models.CharField(max_length=120)
    devices_count = models.PositiveIntegerField()
    #: Of one device.
    mean_power_w = models.FloatField()
    duration_s = models.FloatField()
    left_out = models.CharField(max_length=8, choices=LeftOut.choices, blank=True, default="")

    objects = ObservationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["measurement", "kind", "device"], name="observation_once"),
            models.CheckConstraint(
                name="observation_positive", condition=Q(mean_power_w__gte=0, duration_s__gt=0, devices_count__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measurement_id} {self.device}"
