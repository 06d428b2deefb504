"""What every row shares that a worker works on. The row is the state of the job: Celery only brings the message."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

#: A claim is good for this long; a job that works longer renews it with its progress.
LEASE: Final = timedelta(seconds=60)
#: A row that was queued this long ago and is still not claimed is queued again: its message may be lost.
QUEUE_PATIENCE: Final = timedelta(seconds=20)
MAX_ATTEMPTS: Final = 3


class JobStatus(models.TextChoices):
    """Where a job stands."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


JobT = TypeVar("JobT", bound="Job")


class JobQuerySet(models.QuerySet[JobT]):
    """
    The moves of a job, each one conditional UPDATE that tells by its row count whether it took place.

    So a message that is delivered twice, or a worker that comes back from the dead, changes nothing.
    """

    def claim(self, *, pk: uuid.UUID, worker: str, now: datetime) -> uuid.UUID | None:
        """Take one job that waits, or whose claim has run out: the token of the claim, or None where it is taken."""
        token = uuid.uuid4()
        claimable = Q(status=JobStatus.QUEUED) | Q(status=JobStatus.RUNNING, lease_until__lt=now)
        changed = self.filter(claimable, pk=pk, attempts__lt=MAX_ATTEMPTS).update(
            status=JobStatus.RUNNING,
            claim_token=token,
            claimed_by=worker,
            lease_until=now + LEASE,
            attempts=F("attempts") + 1,
            progress=0.05,
            error_code="",
        )
        return token if changed == 1 else None

    def advance(self, *, pk: uuid.UUID, token: uuid.UUID, progress: float, now: datetime) -> bool:
        """Note progress and renew the claim; False if the claim was lost meanwhile."""
        held = self.filter(pk=pk, status=JobStatus.RUNNING, claim_token=token)
        return held.update(progress=progress, lease_until=now + LEASE) == 1

    def finish(self, *, pk: uuid.UUID, token: uuid.UUID, now: datetime, **values: Any) -> bool:
        """Store what came out; False if the claim was lost meanwhile, and then nothing is stored."""
        held = self.filter(pk=pk, status=JobStatus.RUNNING, claim_token=token)
        return (
            held.update(
                status=JobStatus.DONE, progress=1.0, finished_at=now, claim_token=None, lease_until=None, **values
            )
            == 1
        )

    def fail(self, *, pk: uuid.UUID, token: uuid.UUID, now: datetime, error_code: str) -> bool:
        """Give up with a safe reason; False if the claim was lost meanwhile."""
        held = self.filter(pk=pk, status=JobStatus.RUNNING, claim_token=token)
        return (
            held.update(
                status=JobStatus.FAILED, finished_at=now, claim_token=None, lease_until=None, error_code=error_code
            )
            == 1
        )

    def retry(self, *, pk: uuid.UUID, now: datetime) -> bool:
        """Put a failed job back into the queue, with all its attempts."""
        failed = self.filter(pk=pk, status=JobStatus.FAILED)
        return (
            failed.update(
                status=JobStatus.QUEUED, progress=0.0, attempts=0, error_code="", finished_at=None, queued_at=now
            )
            == 1
        )

    def release(self, *, worker: str, started: datetime) -> int:
        """Free what was claimed under this worker's name before it started: whoever held it is dead."""
        held = self.filter(status=JobStatus.RUNNING, claimed_by=worker, lease_until__lt=started + LEASE)
        return held.update(status=JobStatus.QUEUED, claim_token=None, lease_until=None, progress=0.0, queued_at=None)

    def give_up(self, *, now: datetime) -> int:
        """Fail what was tried too often: something in it brings workers down."""
        worn_out = Q(status=JobStatus.QUEUED) | Q(status=JobStatus.RUNNING, lease_until__lt=now)
        return self.filter(worn_out, attempts__gte=MAX_ATTEMPTS).update(
            status=JobStatus.FAILED, error_code="gave_up", finished_at=now, claim_token=None, lease_until=None
        )

    def waiting_for_a_message(self, *, now: datetime, queue_is_empty: bool) -> Self:
        """
        Jobs whose message was never sent, or whose worker let the claim run out.

        Where the queue is empty, those too whose message was sent a while ago: it is lost. While messages still wait
        there, a queued job only waits for its turn.
        """
        waiting = Q(status=JobStatus.QUEUED, queued_at=None) | Q(status=JobStatus.RUNNING, lease_until__lt=now)
        if queue_is_empty:
            waiting |= Q(status=JobStatus.QUEUED, queued_at__lt=now - QUEUE_PATIENCE)
        return self.filter(waiting)


class Job(models.Model):
    """What every row shares that a worker works on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=8, choices=JobStatus.choices, default=JobStatus.QUEUED)
    progress = models.FloatField(default=0.0)
    error_code = models.CharField(max_length=40, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    claim_token = models.UUIDField(null=True, editable=False)
    claimed_by = models.CharField(max_length=200, blank=True, default="", editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    queued_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more by itself."""
        return self.status in {JobStatus.DONE, JobStatus.FAILED}
