"""Reports: one row for what it is over, a language, the reader's choices and the version of the engine."""

from django.db import models
from django.db.models import Q

from estimator.models import Estimate, Job, JobQuerySet, JobStatus
from reports.options import ReportOptions


class Report(Job):
    """The PDF of one estimate, or of several, in one language; asked for twice with the same choices, it is one row."""

    #: None for a report over several estimates.
    estimate = models.ForeignKey(Estimate, on_delete=models.CASCADE, related_name="reports", null=True)
    #: The estimates of a report over several, in order; one that is deleted before the report is made is left out.
    estimate_ids = models.JSONField(default=list, blank=True)
    title = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=12)
    options = models.JSONField(default=dict, blank=True)
    options_digest = models.CharField(max_length=64, blank=True, default="")
    logo = models.BinaryField(null=True)
    engine_version = models.CharField(max_length=20)
    pdf = models.BinaryField(null=True)
    #: By which a file is known again; empty for reports of before it was kept.
    pdf_sha256 = models.CharField(max_length=64, blank=True, default="", db_index=True)

    objects = JobQuerySet["Report"].as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "queued_at"], name="report_status_queued")]
        constraints = [
            models.UniqueConstraint(
                fields=["estimate", "language", "engine_version", "options_digest"], name="report_once"
            ),
            models.UniqueConstraint(
                fields=["language", "engine_version", "options_digest"],
                condition=Q(estimate__isnull=True),
                name="report_over_several_once",
            ),
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
        return f"{self.estimate_id or self.title} ({self.language})"

    def choices(self) -> ReportOptions:
        """What the reader chose."""
        return ReportOptions.model_validate(self.options)

    @property
    def name(self) -> str:
        """The title of what it is over."""
        return self.estimate.title if self.estimate is not None else self.title
