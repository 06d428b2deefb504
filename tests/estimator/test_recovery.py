"""Nothing that was handed in is lost, and nothing is computed twice: real workers and a real Redis, killed for real."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from estimator import services
from estimator.models import Estimate, JobStatus
from estimator.services import workers
from estimator.worker import protocol
from tests.harness.servers import Redis, Worker, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def status_of(row: Estimate) -> str:
    row.refresh_from_db()
    return row.status


def test_a_worker_killed_in_the_middle_of_an_estimate_completes_it_once_after_its_restart(
    celery_worker_process: Callable[..., Worker], tmp_path: Path
) -> None:
    mark = tmp_path / "hung"
    worker = celery_worker_process(app="tests.estimator.slow_worker", environment={"HANG_ONCE": str(mark)})
    row = services.submit_estimate(workload=services.EXAMPLE)
    wait_until(mark.exists, what="the estimate is in the middle")
    assert status_of(row) == JobStatus.RUNNING
    worker.kill()
    assert status_of(row) == JobStatus.RUNNING, "the row still says what the dead worker left"
    worker.start()
    wait_until(lambda: status_of(row) == JobStatus.DONE, what="completed after the restart")
    assert row.attempts == 2
    finished_at = row.finished_at
    # The message that the dead worker never acknowledged comes again some day; it changes nothing.
    assert not services.run_estimate(estimate_id=row.id, worker="late@host")
    time.sleep(0.5)
    row.refresh_from_db()
    assert row.finished_at == finished_at
    assert row.result() == services.calculate(workload=services.EXAMPLE)


def test_without_redis_an_estimate_waits_and_is_computed_once_redis_is_back(
    client: Client, redis_server: Redis, celery_worker_process: Callable[..., Worker]
) -> None:
    celery_worker_process()
    redis_server.stop(signal.SIGKILL)
    try:
        started_s = time.monotonic()
        row = services.submit_estimate(workload=services.EXAMPLE)
        assert time.monotonic() - started_s < 10, "a page must not hang because Redis is away"
        health = client.get("/api/v1/health")
        assert (health.status_code, health.json()["broker"]) == (503, "unreachable")
        page = client.get(f"/estimates/{row.id}/")
        assert page.status_code == 200
        assert status_of(row) == JobStatus.QUEUED
        assert row.queued_at is None
        # Stateless calculation goes on: it needs no Redis.
        answer = client.post("/api/v1/calculate", services.EXAMPLE.model_dump(mode="json"), "application/json")
        assert answer.status_code == 200
    finally:
        redis_server.start()
    wait_until(lambda: services.site_health().ok, timeout_s=30, what="the worker is back at its queue")
    services.JOBS.rescue(now=timezone.now())
    wait_until(lambda: status_of(row) == JobStatus.DONE, timeout_s=30, what="computed after Redis came back")


def test_messages_survive_a_restart_of_redis(
    redis_server: Redis, redis_url: str, celery_worker_process: Callable[..., Worker]
) -> None:
    row = services.submit_estimate(workload=services.EXAMPLE)
    time.sleep(1.1)  # the append-only file is synchronised once a second
    redis_server.stop(signal.SIGKILL)
    redis_server.start()
    celery_worker_process()
    wait_until(lambda: status_of(row) == JobStatus.DONE, what="the message was still there")


def test_a_burst_is_computed_completely_and_each_once(celery_worker_process: Callable[..., Worker]) -> None:
    rows = [services.submit_estimate(workload=services.EXAMPLE) for _ in range(30)]
    for row in rows[:10]:
        services.JOBS.send(pk=row.id, now=timezone.now())  # delivered twice
    celery_worker_process(concurrency=2)
    wait_until(lambda: Estimate.objects.filter(status=JobStatus.DONE).count() == 30, timeout_s=40)
    assert set(Estimate.objects.values_list("attempts", flat=True)) == {1}


def test_a_redis_that_a_worker_has_filled_is_freed_though_it_takes_no_message(
    redis_url: str, celery_worker_process: Callable[..., Worker]
) -> None:
    ann = User.objects.create_user("ann", "ann@example.org", None)
    token = workers.create_enrolment(owner=ann).token
    done = workers.enrol(token=token, name="desk", installation="i", version="", inventory={}, workloads=[])
    queue, *_ = protocol.keys(done.worker.pk.hex)
    user, password = protocol.broker_user(done.worker.pk.hex), done.broker_password
    with (
        redis.Redis.from_url(redis_url) as site,
        redis.Redis.from_url(redis_url, username=user, password=password) as broker,
    ):
        site.config_set("maxmemory", int(site.info("memory")["used_memory"]) + 2_000_000)
        try:
            with pytest.raises(redis.OutOfMemoryError):
                while True:
                    broker.lpush(queue, "x" * 20_000)
            row = services.submit_estimate(workload=services.EXAMPLE)
            assert row.queued_at is None, "Redis takes nothing"
            celery_worker_process()
            done.worker.refresh_from_db()
            assert done.worker.disabled_reason == "overfull"
            services.JOBS.rescue(now=timezone.now())
            wait_until(lambda: status_of(row) == JobStatus.DONE, what="computed after all")
        finally:
            site.config_set("maxmemory", 0)
