"""The verbs of the estimator, with a real Redis and without a worker: what is stored, queued, and rescued."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from estimator import broker, services
from estimator.core.inputs import Hardware, InputProblems, Workload
from estimator.models import QUEUE_PATIENCE, Estimate, JobStatus

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]


def submitted() -> Estimate:
    return services.submit_estimate(workload=services.EXAMPLE)


def test_the_example_is_what_its_paper_prints() -> None:
    result = services.example_footprint().result
    assert result.facility_energy_kwh.central == pytest.approx(1.58 * 79 * 12_041.51 / 1000, rel=1e-12)
    assert result.facility_energy_kwh.central == pytest.approx(1507, rel=0.005)
    assert result.operational_location_based_kgco2e.central == pytest.approx(0.652266e3, rel=0.005)


def test_submitting_stores_the_row_and_queues_one_message() -> None:
    before = broker.queue_length(queue=services.JOBS.name)
    row = submitted()
    row.refresh_from_db()
    assert (row.status, row.progress, row.footprint) == (JobStatus.QUEUED, 0.0, None)
    assert row.queued_at is not None
    assert row.workload() == services.EXAMPLE
    assert before is not None
    assert broker.queue_length(queue=services.JOBS.name) == before + 1


def test_what_cannot_be_computed_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(InputProblems) as caught:
        services.submit_estimate(workload=Workload(hardware=Hardware(accelerator="no-such-thing", accelerator_count=1)))
    assert {problem.path for problem in caught.value.problems} >= {"hardware.accelerator"}
    assert not Estimate.objects.exists()


def test_running_stores_the_footprint_that_calculate_gives() -> None:
    row = submitted()
    assert services.run_estimate(estimate_id=row.id, worker="a@host")
    row.refresh_from_db()
    assert row.status == JobStatus.DONE
    assert row.result() == services.calculate(workload=services.EXAMPLE)
    assert row.facility_energy_kwh == services.example_footprint().result.facility_energy_kwh.central


def test_a_message_that_comes_twice_computes_once() -> None:
    row = submitted()
    assert services.run_estimate(estimate_id=row.id, worker="a@host")
    finished_at = Estimate.objects.get().finished_at
    assert not services.run_estimate(estimate_id=row.id, worker="b@host")
    assert Estimate.objects.get().finished_at == finished_at


def test_a_message_without_a_row_does_nothing() -> None:
    assert not services.run_estimate(estimate_id=uuid.uuid4(), worker="a@host")


def test_a_failure_tells_a_safe_reason_and_can_be_retried() -> None:
    row = submitted()
    Estimate.objects.update(inputs=row.inputs | {"hardware": row.inputs["hardware"] | {"accelerator": "withdrawn"}})
    services.run_estimate(estimate_id=row.id, worker="a@host")
    row.refresh_from_db()
    assert (row.status, row.error_code) == (JobStatus.FAILED, "inputs_unknown")
    assert services.retry_estimate(estimate_id=row.id)
    assert not services.retry_estimate(estimate_id=row.id)
    row.refresh_from_db()
    assert row.status == JobStatus.QUEUED


def test_the_same_key_gives_the_same_estimate_and_other_inputs_are_refused() -> None:
    first = services.submit_estimate(workload=services.EXAMPLE, idempotency_key="k")
    assert services.submit_estimate(workload=services.EXAMPLE, idempotency_key="k").id == first.id
    with pytest.raises(services.IdempotencyConflict):
        services.submit_estimate(workload=services.EXAMPLE.model_copy(update={"title": "other"}), idempotency_key="k")
    assert Estimate.objects.count() == 1


def test_rescue_queues_what_lost_its_message_and_nothing_else() -> None:
    lost, waiting = submitted(), submitted()
    now = timezone.now()
    Estimate.objects.filter(pk=lost.pk).update(queued_at=None)
    assert services.JOBS.rescue(now=now) == 1
    assert services.JOBS.rescue(now=now + QUEUE_PATIENCE + timedelta(seconds=1)) == 0, "messages still wait"
    lost.refresh_from_db()
    assert lost.queued_at == now
    assert waiting.status == JobStatus.QUEUED


def test_without_a_broker_the_row_waits_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "enqueue", lambda **kwargs: False)
    row = submitted()
    row.refresh_from_db()
    assert (row.status, row.queued_at) == (JobStatus.QUEUED, None)


def test_health_without_a_worker_says_so() -> None:
    health = services.site_health()
    assert (health.database, health.broker, health.workers_count, health.ok) == (True, True, 0, False)


def test_a_worker_that_gives_signs_of_life_is_counted_until_it_withdraws() -> None:
    broker.sign_of_life(worker="test@host", queues=["estimates", "reports"])
    try:
        health = services.site_health()
        assert (health.workers_count, health.queues, health.ok) == (1, frozenset({"estimates", "reports"}), True)
    finally:
        broker.withdraw_sign_of_life(worker="test@host")
    assert services.site_health().workers_count == 0


def test_the_throttle_lets_so_many_through_and_then_says_for_how_long() -> None:
    address = str(uuid.uuid4())
    answers = [broker.seconds_until_allowed(scope="test", address=address, per_minute=5) for _ in range(6)]
    # The clock minute may turn in between; then the count starts anew.
    assert answers[:5] == [0] * 5
    assert 0 <= answers[5] <= 60
