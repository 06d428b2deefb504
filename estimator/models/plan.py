"""Searches for the best plans of a run."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from estimator.core.inputs import Workload
from estimator.core.planner.request import PlanRequest
from estimator.core.planner.result import PlanResult
from estimator.models.estimate import Estimate
from estimator.models.job import Job, JobQuerySet, JobStatus


class PlanQuerySet(JobQuerySet["Plan"]):
    """Searches."""


class Plan(Job):
    """One search: the run, what may vary and within which constraints, and what was found."""

    #: None where a program asked about a run that is not stored.
    estimate = models.ForeignKey(Estimate, null=True, on_delete=models.CASCADE, related_name="plans")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="plans")
    title = models.CharField(max_length=200, blank=True)
    inputs = models.JSONField()
    request = models.JSONField()
    combinations_count = models.PositiveIntegerField()
    result = models.JSONField(null=True)
    #: What is wrong with the inputs, where that shows only in the search.
    problems = models.JSONField(default=list)

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["status", "queued_at"], name="plan_status_queued"),
            models.Index(fields=["estimate", "-created_at"], name="plan_estimate_newest"),
        ]
        constraints = [
            models.CheckConstraint(name="plan_status_known", condition=Q(status__in=JobStatus.values)),
            models.CheckConstraint(name="plan_progress_share", condition=Q(progress__gte=0, progress__lte=1)),
            models.CheckConstraint(
                name="plan_done_has_result", condition=~Q(status=JobStatus.DONE) | Q(result__isnull=False)
            ),
            models.CheckConstraint(
                name="plan_failed_has_reason", condition=~Q(status=JobStatus.FAILED) | ~Q(error_code="")
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.id)

    def workload(self) -> Workload:
        """The run as the core takes it."""
        return Workload.model_validate(self.inputs)

    def asked(self) -> PlanRequest:
        """What was asked, as the core takes it."""
        return PlanRequest.model_validate(self.request)

    def found(self) -> PlanResult | None:
        """What was found, once there is something."""
        return None if self.result is None else PlanResult.model_validate(self.result)
