"""Files of other energy trackers that somebody brought."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from estimator.models.estimate import Estimate
from estimator.models.measurement import Measurement
from estimator.models.owned import OwnedQuerySet


class ImportedFileQuerySet(OwnedQuerySet["ImportedFile"]):
    """Imported files."""


class ImportedFile(models.Model):
    """One file: held with its bytes while its owner looks at the preview, kept as what was measured afterwards."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=200, blank=True)
    #: Packed; gone once it is kept.
    content = models.BinaryField(null=True)
    #: What a reader made of it; None while it waits for an answer.
    found = models.JSONField(null=True)
    tool = models.CharField(max_length=24, blank=True)
    energy_kwh = models.FloatField(null=True)
    #: The run whose estimate this measures.
    estimate = models.ForeignKey(Estimate, null=True, on_delete=models.SET_NULL, related_name="imports")
    #: As what it is listed among the measurements, once it is kept.
    measurement = models.OneToOneField(Measurement, null=True, on_delete=models.SET_NULL, related_name="imported_file")
    created_at = models.DateTimeField()
    kept_at = models.DateTimeField(null=True)

    objects = ImportedFileQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["kept_at", "created_at"], name="imported_kept_created"),
            models.Index(fields=["owner", "-created_at", "-id"], name="imported_owner_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                name="imported_kept_has_energy",
                condition=Q(kept_at__isnull=True) | Q(found__isnull=False, energy_kwh__gt=0),
            ),
            models.CheckConstraint(
                name="imported_held_has_content", condition=Q(kept_at__isnull=False) | Q(content__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.file_name or str(self.id)
