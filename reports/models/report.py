"""Reports: one row a stored estimate, language and version of the engine."""

from django.db import models
from django.db.models import Q

from estimator.models import Estimate, Job, JobQuerySet, JobStatus


class Report(Job):
    """The PDF of one estimate in one language; asked for twice, it is the same row."""

    estimate = models.ForeignKey(Estimate, on_delete=models.CASCADE, related_name="reports")
    language = models.CharField(max_length=12)
    engine_version = models.CharField(max_length=20)
    pdf = models.BinaryField(null=True)

    objects = JobQuerySet["Report"].as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "queued_at"], name="report_status_queued")]
        constraints = [
            models.UniqueConstraint(fields=["estimate", "language", "engine_version"], name="report_once"),
            models.CheckConstraint(name="report_status_known", condition=Q(status__in=JobStatus.values)),
            models.CheckConstraint(name="report_progress_share", condition=Q(progress__gte=0, progress__lte=1)),
            models.CheckConstraint(
                name="report_done_has_pdf", condition=~Q(status=JobStatus.DONE) | Q(pdf__isnull=False)
            ),
            models.CheckConstraint(
                name="report_failed_has_reason", condition=~Q(status=JobStatus.FAILED) | ~Q(error_code="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.estimate_id} ({self.language})"
