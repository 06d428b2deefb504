"""Stored runs."""

from typing import Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from estimator.core.footprint import Footprint
from estimator.core.inputs import Workload
from estimator.models.job import Job, JobQuerySet, JobStatus
from estimator.models.owned import OwnedRows

#: What says who may see a row; a queryset with `only` names these, so that nothing is read twice.
WHO_MAY_SEE: Final = ("owner_id", "sharing", "withdrawn_at")


class Sharing(models.TextChoices):
    """Who may see a run that is not withdrawn."""

    PRIVATE = "private", _("Only I")
    LINK = "link", _("Whoever has the link")
    PUBLIC = "public", _("Everybody: it is listed in the gallery")


class EstimateQuerySet(OwnedRows, JobQuerySet["Estimate"]):
    """Stored runs."""

    def in_gallery(self) -> Self:
        """Those that are listed for everybody."""
        return self.filter(sharing=Sharing.PUBLIC, withdrawn_at=None, status=JobStatus.DONE)


class Estimate(Job):
    """One stored run: its inputs as given, and its footprint once a worker has computed it."""

    #: Nobody, until it is made by, or claimed for, an account.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="estimates")
    #: An owner's to change: what is nobody's is found by its link.
    sharing = models.CharField(max_length=8, choices=Sharing.choices, default=Sharing.LINK)
    #: Since when its pages say that it is gone; whoever withdrew it can show it again.
    withdrawn_at = models.DateTimeField(null=True)
    #: The later footprint of the same measurement: reports over all runs count no electricity twice.
    replaced_by = models.ForeignKey("self", null=True, editable=False, on_delete=models.SET_NULL, related_name="+")
    #: Whom the gallery names.
    shown_as = models.CharField(max_length=120, blank=True, default="")
    title = models.CharField(max_length=200, blank=True)
    inputs = models.JSONField()
    input_digest = models.CharField(max_length=64, db_index=True)
    idempotency_key = models.CharField(max_length=64, null=True, unique=True, editable=False)
    footprint = models.JSONField(null=True)
    method = models.CharField(max_length=24, blank=True)
    facility_energy_kwh = models.FloatField(null=True)
    total_kgco2e = models.FloatField(null=True)
    engine_version = models.CharField(max_length=20, blank=True)
    dataset_version = models.CharField(max_length=40, blank=True)

    objects = EstimateQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["status", "queued_at"], name="estimate_status_queued"),
            models.Index(fields=["owner", "-created_at", "-id"], name="estimate_owner_newest"),
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(sharing="public", withdrawn_at__isnull=True),
                name="estimate_gallery_newest",
            ),
        ]
        constraints = [
            models.CheckConstraint(name="estimate_sharing_known", condition=Q(sharing__in=Sharing.values)),
            models.CheckConstraint(
                name="estimate_shared_by_owner", condition=Q(sharing="link") | Q(owner__isnull=False)
            ),
            models.CheckConstraint(name="estimate_status_known", condition=Q(status__in=JobStatus.values)),
            models.CheckConstraint(name="estimate_progress_share", condition=Q(progress__gte=0, progress__lte=1)),
            models.CheckConstraint(
                name="estimate_done_has_footprint",
                condition=~Q(status=JobStatus.DONE)
                | Q(footprint__isnull=False, facility_energy_kwh__isnull=False, total_kgco2e__isnull=False),
            ),
            models.CheckConstraint(
                name="estimate_failed_has_reason", condition=~Q(status=JobStatus.FAILED) | ~Q(error_code="")
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.id)

    def workload(self) -> Workload:
        """The inputs as the core takes them."""
        return Workload.model_validate(self.inputs)

    def result(self) -> Footprint | None:
        """The footprint, once there is one."""
        return None if self.footprint is None else Footprint.model_validate(self.footprint)
