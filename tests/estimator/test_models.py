"""The moves of a job: each takes place once, and only for whoever holds the claim."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from estimator.models import LEASE, MAX_ATTEMPTS, QUEUE_PATIENCE, Estimate, JobStatus

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
RESULT: dict[str, Any] = {"footprint": {"a": 1}, "facility_energy_kwh": 1.0, "total_kgco2e": 2.0}


@pytest.fixture
def row() -> Estimate:
    return Estimate.objects.create(inputs={}, input_digest="d", created_at=NOW)


def claim(row: Estimate, now: datetime = NOW, worker: str = "a@host") -> uuid.UUID | None:
    return Estimate.objects.claim(pk=row.pk, worker=worker, now=now)


def test_a_job_is_claimed_once(row: Estimate) -> None:
    assert claim(row) is not None
    assert claim(row) is None


def test_a_claim_that_ran_out_can_be_taken_over_and_the_first_holder_can_store_nothing(row: Estimate) -> None:
    first = claim(row)
    assert first is not None
    later = NOW + LEASE + timedelta(seconds=1)
    second = claim(row, later)
    assert second is not None
    assert not Estimate.objects.finish(pk=row.pk, token=first, now=later, **RESULT)
    assert not Estimate.objects.advance(pk=row.pk, token=first, progress=0.5, now=later)
    assert not Estimate.objects.fail(pk=row.pk, token=first, now=later, error_code="internal")
    assert Estimate.objects.finish(pk=row.pk, token=second, now=later, **RESULT)
    row.refresh_from_db()
    assert (row.status, row.progress, row.attempts) == (JobStatus.DONE, 1.0, 2)


def test_a_finished_job_cannot_be_claimed_or_finished_again(row: Estimate) -> None:
    token = claim(row)
    assert token is not None
    assert Estimate.objects.finish(pk=row.pk, token=token, now=NOW, **RESULT)
    assert not Estimate.objects.finish(pk=row.pk, token=token, now=NOW, **RESULT)
    assert claim(row, NOW + 2 * LEASE) is None


def test_progress_renews_the_claim(row: Estimate) -> None:
    token = claim(row)
    assert token is not None
    late = NOW + LEASE - timedelta(seconds=1)
    assert Estimate.objects.advance(pk=row.pk, token=token, progress=0.5, now=late)
    assert claim(row, NOW + LEASE + timedelta(seconds=1)) is None


def test_a_failed_job_can_be_retried_with_all_its_attempts(row: Estimate) -> None:
    token = claim(row)
    assert token is not None
    assert not Estimate.objects.retry(pk=row.pk, now=NOW)
    assert Estimate.objects.fail(pk=row.pk, token=token, now=NOW, error_code="internal")
    assert Estimate.objects.retry(pk=row.pk, now=NOW)
    row.refresh_from_db()
    assert (row.status, row.attempts, row.error_code, row.finished_at) == (JobStatus.QUEUED, 0, "", None)


def test_what_brings_workers_down_is_given_up(row: Estimate) -> None:
    now = NOW
    for _ in range(MAX_ATTEMPTS):
        assert claim(row, now) is not None
        now += LEASE + timedelta(seconds=1)
    assert claim(row, now) is None
    assert Estimate.objects.give_up(now=now) == 1
    row.refresh_from_db()
    assert (row.status, row.error_code) == (JobStatus.FAILED, "gave_up")


def test_release_frees_only_what_was_claimed_before_the_worker_started(row: Estimate) -> None:
    assert claim(row) is not None
    assert Estimate.objects.release(worker="b@host", started=NOW + timedelta(seconds=1)) == 0
    assert Estimate.objects.release(worker="a@host", started=NOW - timedelta(seconds=1)) == 0
    assert Estimate.objects.release(worker="a@host", started=NOW + timedelta(seconds=1)) == 1
    row.refresh_from_db()
    assert (row.status, row.claim_token, row.queued_at) == (JobStatus.QUEUED, None, None)


def test_which_jobs_wait_for_a_message(row: Estimate) -> None:
    def waiting(now: datetime, queue_is_empty: bool) -> bool:
        return Estimate.objects.waiting_for_a_message(now=now, queue_is_empty=queue_is_empty).exists()

    assert waiting(NOW, queue_is_empty=False)
    Estimate.objects.update(queued_at=NOW)
    assert not waiting(NOW, queue_is_empty=True)
    late = NOW + QUEUE_PATIENCE + timedelta(seconds=1)
    assert not waiting(late, queue_is_empty=False)
    assert waiting(late, queue_is_empty=True)
    assert claim(row, late) is not None
    assert not waiting(late, queue_is_empty=True)
    assert waiting(late + LEASE + timedelta(seconds=1), queue_is_empty=False)


@pytest.mark.parametrize(
    "values",
    [
        {"status": "lost"},
        {"progress": 1.5},
        {"progress": -0.1},
        {"status": "done"},
        {"status": "failed", "error_code": ""},
    ],
)
def test_the_database_refuses_what_cannot_be(row: Estimate, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Estimate.objects.filter(pk=row.pk).update(**values)
