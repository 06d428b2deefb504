"""Measurements: their states, the footprint that comes of them, and their pages."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from estimator.core.inputs import Hardware, InputProblems, Location, Workload
from estimator.core.measuring import MeasurementRequest
from estimator.models import Estimate, Measurement, MeasurementStatus, Worker
from estimator.services import measurements, reconciled, run_estimate, submit_estimate, workers
from estimator.services.standing import standing_of
from tests.estimator.measuring import START_S, Caller, ann, begin, desk, person, row, rows_of, send, token, worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
#: Fixtures that are used by their names.
__all__ = ["ann", "desk", "person", "row", "token", "worker"]


# --- from queued to done ----------------------------------------------------------------------------------------------


def test_a_measurement_goes_from_queued_to_a_footprint(worker: Caller, person: Caller, row: Measurement) -> None:
    run = uuid.uuid4()
    assert row.status == MeasurementStatus.QUEUED
    parts = [
        {"name": "cpu_package:0", "quality": "counter", "label": "CPU", "low": 0.9, "high": 1.1},
        {"name": "dram:0", "quality": "modelled", "counted": False},
    ]
    assert begin(worker, row.pk, run=run, parts=parts)[1]["status"] == "running"
    send(worker, row.pk, 1, rows_of(3_600), run)
    _, told = person("GET", f"/measurements/{row.pk}")
    assert told["status"] == "running"
    # What stands beside the others does not count: 100 W for an hour, and 5 W of ... none of dram's 10.
    assert told["energy_kwh"] == pytest.approx(0.1, rel=1e-12)
    assert told["facility_energy_kwh"] == pytest.approx(0.15, rel=1e-12)
    assert told["mean_power_w"] == pytest.approx(100.0, rel=1e-12)
    emitted = told["operational_location_based_kgco2e"]
    assert emitted["low"] < emitted["central"] < emitted["high"]
    status, told = person("POST", f"/measurements/{row.pk}/stop")
    assert (status, told["status"]) == (200, "stopping")
    assert send(worker, row.pk, 3_601, rows_of(1, from_s=START_S + 3_600), run)[1]["stop"] is True
    end = {"run": str(run), "samples_count": 3_602}
    assert worker("POST", f"/measurements/{row.pk}/finish", end)[0] == 409, "one sample is still missing"
    end["samples_count"] = 3_601
    assert worker("POST", f"/measurements/{row.pk}/finish", end)[1]["status"] == "done"
    assert worker("POST", f"/measurements/{row.pk}/finish", end)[0] == 200, "said twice"
    assert Estimate.objects.count() == 1
    estimate = Estimate.objects.get()
    workload = estimate.workload()
    assert workload.method == "measured"
    assert workload.it_energy_kwh == pytest.approx(100.0 * 3_601 / 3.6e6, rel=1e-12)
    assert workload.duration_h == pytest.approx(3_601 / 3_600, rel=1e-12)
    assert (workload.pue, workload.location.country) == (1.5, "FR")
    assert estimate.owner == row.owner
    row.refresh_from_db()
    assert row.result == estimate
    # The live CO2e is that of the footprint.
    from estimator.services import calculate

    central = calculate(workload=workload).result.operational_location_based_kgco2e.central
    kgco2e = standing_of(row).kgco2e
    assert kgco2e is not None and kgco2e.central == pytest.approx(central, rel=1e-9)
    status, told = send(worker, row.pk, 3_602, rows_of(1, from_s=START_S + 3_601), run)
    assert (status, told["error"]["code"]) == (409, "measurement_over")


def test_what_ends_without_energy_fails_with_a_reason(worker: Caller, row: Measurement) -> None:
    run = uuid.uuid4()
    begin(worker, row.pk, run=run)
    told = {"run": str(run), "samples_count": 0, "error_code": "no_such_process"}
    worker("POST", f"/measurements/{row.pk}/finish", told)
    row.refresh_from_db()
    assert (row.status, row.error_code) == (MeasurementStatus.FAILED, "no_such_process")
    assert not Estimate.objects.exists()


def test_a_queued_one_is_withdrawn_and_its_worker_told_when_it_begins(
    worker: Caller, person: Caller, row: Measurement
) -> None:
    assert person("POST", f"/measurements/{row.pk}/stop")[1]["status"] == "failed"
    status, told = begin(worker, row.pk, run=uuid.uuid4())
    assert (status, told["error"]["code"]) == (409, "measurement_over")


def test_one_that_falls_silent_is_lost_and_comes_back_with_its_samples(worker: Caller, row: Measurement) -> None:
    send(worker, row.pk, 1, rows_of(2))
    now = timezone.now()
    measurements.rescue(now=now + timedelta(seconds=20))
    row.refresh_from_db()
    assert row.status == MeasurementStatus.RUNNING
    measurements.rescue(now=now + timedelta(seconds=40))
    row.refresh_from_db()
    assert row.status == MeasurementStatus.LOST
    send(worker, row.pk, 3, rows_of(2, from_s=START_S + 2))
    row.refresh_from_db()
    assert row.status == MeasurementStatus.RUNNING


def test_of_a_lost_one_the_footprint_of_what_came_can_be_made(ann: User, worker: Caller, row: Measurement) -> None:
    send(worker, row.pk, 1, rows_of(60))
    Measurement.objects.update(status=MeasurementStatus.LOST)
    assert measurements.conclude_measurement(owner=ann, measurement_id=row.pk)
    assert not measurements.conclude_measurement(owner=ann, measurement_id=row.pk), "once"
    row.refresh_from_db()
    assert row.status == MeasurementStatus.DONE
    assert row.result is not None and row.result.workload().it_energy_kwh == pytest.approx(6_600 / 3.6e6, rel=1e-12)


def test_a_lost_message_is_sent_again_once_the_worker_is_online(
    desk: workers.Enrolled, row: Measurement, redis_url: str
) -> None:
    import redis

    from estimator.worker import protocol

    site = redis.Redis.from_url(redis_url)
    queue = protocol.key_prefix(desk.worker.pk.hex) + protocol.QUEUE
    now = timezone.now()
    assert measurements.rescue(now=now) == 0, "its worker is not there"
    Worker.objects.update(last_seen_at=now)
    assert measurements.rescue(now=now) == 1
    assert site.llen(queue) == 1
    assert measurements.rescue(now=now + timedelta(seconds=5)) == 0, "it was sent a moment ago"


def test_a_worker_takes_a_bounded_number_at_once(ann: User, desk: workers.Enrolled) -> None:
    asked = MeasurementRequest(worker=str(desk.worker.pk))
    for _ in range(4):
        measurements.request_measurement(owner=ann, asked=asked)
    with pytest.raises(InputProblems, match="as much at once"):
        measurements.request_measurement(owner=ann, asked=asked)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"interval_s": 0.05}, "interval_s"),
        ({"interval_s": 61}, "interval_s"),
        ({"target": "process"}, "pid"),
        ({"target": "machine", "pid": 4}, "pid"),
        ({"target": "workload", "workload": "train", "pid": 4}, "pid"),
        ({"workload": "train"}, "workload"),
        ({"target": "workload"}, "workload"),
        ({"target": "workload", "workload": "rm -rf /"}, "workload"),
        ({"command": ["sh"]}, "command"),
        ({"worker": "0" * 32}, "worker"),
        ({"location": {"country": "ZZ"}}, "location.country"),
        ({"pue": 0.5}, "pue"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_its_field(
    person: Caller, desk: workers.Enrolled, body: dict[str, Any], path: str
) -> None:
    status, told = person("POST", "/measurements", {"worker": str(desk.worker.pk)} | body)
    assert status == 422
    said = {field["path"]: field["message"] for field in told["error"]["fields"]}
    assert said[path].endswith((".", "?")), said
    assert said[path][0].isupper() or path.startswith("location"), said


def test_a_budget_warns_before_it_is_passed(ann: User, desk: workers.Enrolled, worker: Caller) -> None:
    asked = MeasurementRequest(worker=str(desk.worker.pk), budget_kwh=0.001, duration_s=7_200.0)
    row = measurements.request_measurement(owner=ann, asked=asked)
    told = []
    for first, count in ((1, 1), (2, 31), (33, 5)):
        # 110 W for two hours are 0.22 kWh: soon passed from the first second on.
        send(worker, row.pk, first, rows_of(count, from_s=START_S + first - 1))
        row.refresh_from_db()
        told.append(standing_of(row).budgets[0].state)
    assert told == ["soon", "soon", "passed"]
    assert standing_of(row).projected_kwh == pytest.approx(0.22, rel=1e-9)


# --- from a command line ----------------------------------------------------------------------------------------------


def recorded(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "finished",
        "client_id": str(uuid.uuid4()),
        "title": "python",
        "started_at_s": START_S,
        "duration_s": 3.0,
        "interval_s": 1.0,
        "inventory": {"host": {"name": "laptop"}, "meters": []},
        "components": [{"name": "cpu_package:0", "quality": "counter", "energy_j": 300.0, "mean_power_w": 100.0}],
        "samples": [[number + 1, START_S + number + 1, {"cpu_package:0": 100.0}] for number in range(3)],
        "command_name": "python",
    } | changes


def test_a_finished_measurement_is_stored_once_with_its_footprint(person: Caller) -> None:
    body = recorded()
    status, told = person("POST", "/measurements/finished", body)
    assert (status, told["status"], told["kind"], told["worker_name"]) == (201, "done", "command", "laptop")
    assert told["energy_kwh"] == pytest.approx(300 / 3.6e6, rel=1e-12)
    assert told["samples_count"] == 3
    # No place came with it: the world average, named as such, and never a zero.
    per_kwh = told["grid"]["grid_intensity_gco2e_per_kwh"]["central"]
    emitted = told["operational_location_based_kgco2e"]
    assert (told["grid"]["match"], told["grid"]["place"], told["location"]) == ("world", "World", {})
    assert emitted["central"] == pytest.approx(300 / 3.6e6 * per_kwh / 1e3, rel=1e-9) and emitted["low"] > 0.0
    again = person("POST", "/measurements/finished", body)
    assert again[0] == 200
    assert again[1]["id"] == told["id"]
    assert Measurement.objects.count() == Estimate.objects.count() == 1


def test_what_the_command_line_sends_is_taken(person: Caller) -> None:
    """The body as `wattprint measure` makes it."""
    from estimator.measure.figures import Question
    from estimator.measure.recorder import Recorder
    from tests.worker.meter import open_steady

    recorder = Recorder(open_steady(), interval_s=0.1)
    for sample in recorder.window.samples(lambda for_s: True):
        recorder.add(sample)
    finished = recorder.finished(title="t", command_name="python", question=Question(grid_intensity_gco2e_per_kwh=50.0))
    status, told = person("POST", "/measurements/finished", finished.body())
    assert status == 201
    assert told["energy_kwh"] == pytest.approx(finished.energy_j[1] / 3.6e6, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"kind": "other"}, "kind"),
        ({"components": []}, "components"),
        ({"duration_s": 0}, "duration_s"),
        ({"duration_s": 1e12}, "duration_s"),
        ({"client_id": "x"}, "client_id"),
        ({"samples": [[1, START_S - 5, {"cpu_package:0": 1.0}]]}, "samples.0"),
    ],
)
def test_a_finished_measurement_that_cannot_be_is_refused(person: Caller, changes: dict[str, Any], path: str) -> None:
    status, told = person("POST", "/measurements/finished", recorded(**changes))
    assert status == 422
    assert path in {field["path"] for field in told["error"]["fields"]}
    assert not Measurement.objects.exists()


# --- pages ------------------------------------------------------------------------------------------------------------


def test_every_state_has_a_page_that_says_what_can_be_done(
    client: Client, ann: User, worker: Caller, row: Measurement
) -> None:
    client.force_login(ann)
    path = f"/measurements/{row.pk}/"
    assert "Withdraw" in client.get(path).content.decode()
    send(worker, row.pk, 1, rows_of(700))
    said = {
        MeasurementStatus.RUNNING: ["Stop", "every 1s"],
        MeasurementStatus.STOPPING: ["Make the footprint of what came"],
        MeasurementStatus.LOST: ["Stop", "Make the footprint of what came"],
        MeasurementStatus.FAILED: ["Measure again"],
        MeasurementStatus.DONE: ["Measure again"],
    }
    for status, words in said.items():
        Measurement.objects.update(status=status, error_code="internal" if status == "failed" else "")
        for page in (client.get(path), client.get(f"{path}status/")):
            text = page.content.decode()
            assert page.status_code == 200
            assert all(word in text for word in words), status
    whole = client.get(path).content.decode()
    assert "<path d=" in whole, "without script there is a drawing"
    assert "every 1s" not in whole, "nothing is asked for any more"
    assert client.get(f"{path}series/?step_s=10&after=70").json()["points"] == []
    assert client.get("/measurements/").content.decode().count(f'href="/measurements/{row.pk}/"') == 1


def test_a_measurement_is_started_by_the_form(client: Client, ann: User, desk: workers.Enrolled) -> None:
    client.force_login(ann)
    assert "desk" in client.get("/measurements/new/").content.decode()
    form = {
        "worker": str(desk.worker.pk),
        "target": "machine",
        "interval_s": "0.5",
        "duration_min": "2",
        "place": "France",
    }
    answer = client.post("/measurements/new/", form)
    row = Measurement.objects.get()
    assert answer["Location"] == f"/measurements/{row.pk}/"
    assert (row.interval_s, row.duration_limit_s, row.location) == (0.5, 120.0, {"country": "FR"})
    for wrong, field in (({"target": "process"}, "pid"), ({"place": "Nowhereland"}, "place"), ({"pue": "0.2"}, "pue")):
        page = client.post("/measurements/new/", form | wrong)
        assert page.status_code == 422
        assert f'id="id_{field}_error"' in page.content.decode(), field
    assert Measurement.objects.count() == 1


def test_a_list_takes_as_many_queries_for_many_as_for_one(
    client: Client, ann: User, django_assert_max_num_queries: Any
) -> None:
    client.force_login(ann)
    for _ in range(35):
        Measurement.objects.create(owner=ann, created_at=timezone.now())
    with django_assert_max_num_queries(5):
        page = client.get("/measurements/").content.decode()
    assert page.count("<time") == 30
    assert "cursor=" in page


def test_a_measurement_is_set_against_an_estimate_and_gives_the_next_one_its_draw(
    client: Client, ann: User, worker: Caller, row: Measurement
) -> None:
    client.force_login(ann)
    send(worker, row.pk, 1, rows_of(3_600, energies={"cpu_package:0": 80.0, "dram:0": 20.0}))
    Measurement.objects.update(status=MeasurementStatus.LOST)
    measurements.conclude_measurement(owner=ann, measurement_id=row.pk)
    workload = Workload(
        title="thought", method="strubell_2019", hardware=Hardware(mean_system_power_w=200.0), duration_h=1.0, pue=1.5,
        location=Location(country="FR"),
    )  # fmt: skip
    thought = submit_estimate(workload=workload, owner=ann)
    run_estimate(estimate_id=thought.pk, worker="w")
    path = f"/measurements/{row.pk}/"
    assert "thought" in client.get(path).content.decode()
    assert client.post(f"{path}compare/", {"estimate": str(thought.pk)})["Location"] == f"{path}#compare"
    row.refresh_from_db()
    found = reconciled.compared(row=row)
    assert found is not None
    # 100 W against 200 W for an hour, both with a PUE of 1.5.
    assert found.reconciliation.measured_kwh == pytest.approx(0.15, rel=1e-9)
    assert found.reconciliation.estimated_kwh == pytest.approx(0.3, rel=1e-6)
    page = client.get(path).content.decode()
    assert "Use these for the next estimate" in page
    again = client.get(f"{path}use/")
    assert again.status_code == 200
    following = reconciled.next_workload(row=row)
    assert following is not None and following.hardware.mean_system_power_w == pytest.approx(100.0, rel=1e-9)
    # Somebody else's estimate cannot be taken.
    foreign = submit_estimate(workload=workload)
    assert client.post(f"{path}compare/", {"estimate": str(foreign.pk)}).status_code == 302
    row.refresh_from_db()
    assert row.estimate_id == thought.pk
