"""Measurements: samples taken in once and in order, their sums, their states, and the footprint that comes of them."""

import csv
import io
import json
import random
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from estimator.core.inputs import InputProblems
from estimator.core.measuring import MeasurementRequest
from estimator.models import Estimate, Measurement, MeasurementStatus, SampleChunk, SampleSum, TokenScope, Worker
from estimator.services import measurements, workers
from estimator.services.samples import STEPS_S
from estimator.services.series import MOST_POINTS, series_of
from estimator.services.tokens import create_token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

START_S = 1_795_000_000.0
Rows = list[list[Any]]


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", "ann@example.org", None)


@pytest.fixture
def desk(ann: User) -> workers.Enrolled:
    token = workers.create_enrolment(owner=ann).token
    return workers.enrol(token=token, name="desk", installation="i", version="1", inventory={}, workloads=["train"])


@pytest.fixture
def token(ann: User) -> str:
    return create_token(owner=ann, name="x", scopes=[TokenScope.MEASUREMENTS], lifetime=None).token


class Caller:
    """Calls of the API by a bearer."""

    def __init__(self, bearer: str) -> None:
        self._headers = {"Authorization": f"Bearer {bearer}"}

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        content = "" if body is None else json.dumps(body)
        answer: Any = Client().generic(
            method, f"/api/v1{path}", content, content_type="application/json", headers=self._headers
        )
        if answer.streaming:
            return answer.status_code, b"".join(answer.streaming_content).decode()
        return answer.status_code, json.loads(answer.content) if answer.content else None


@pytest.fixture
def worker(desk: workers.Enrolled) -> Caller:
    return Caller(desk.secret)


@pytest.fixture
def person(token: str) -> Caller:
    return Caller(token)


@pytest.fixture
def row(ann: User, desk: workers.Enrolled) -> Measurement:
    asked = MeasurementRequest.model_validate(
        {"worker": str(desk.worker.pk), "location": {"country": "FR"}, "pue": 1.5, "title": "try"}
    )
    return measurements.request_measurement(owner=ann, asked=asked)


def rows_of(
    count: int, *, step_s: float = 1.0, from_s: float = START_S, energies: dict[str, float] | None = None
) -> Rows:
    """Samples of constant power."""
    drawn = energies or {"cpu_package:0": 100.0 * step_s, "dram:0": 10.0 * step_s}
    return [[from_s + (number + 1) * step_s, drawn, step_s] for number in range(count)]


def begin(worker: Caller, key: uuid.UUID, *, run: uuid.UUID, parts: Sequence[dict[str, Any]] = ()) -> Any:
    body = {"run": str(run), "started_at_s": START_S, "components": list(parts)}
    return worker("POST", f"/measurements/{key}/start", body)


def send(worker: Caller, key: uuid.UUID, first: int, samples: Rows, run: uuid.UUID | None = None) -> tuple[int, Any]:
    body = {"first_sequence": first, "samples": samples} | ({"run": str(run)} if run else {})
    return worker("POST", f"/measurements/{key}/samples", body)


# --- samples ----------------------------------------------------------------------------------------------------------


def test_batches_that_come_again_or_overlap_count_once(worker: Caller, row: Measurement) -> None:
    samples = rows_of(10)
    assert send(worker, row.pk, 1, samples[:4]) == (200, {"next_sequence": 5, "stop": False, "status": "running"})
    assert send(worker, row.pk, 1, samples[:4])[1]["next_sequence"] == 5
    assert send(worker, row.pk, 3, samples[2:8])[1]["next_sequence"] == 9
    assert send(worker, row.pk, 2, samples[1:3])[1]["next_sequence"] == 9
    status, told = send(worker, row.pk, 10, samples[9:])
    assert (status, told["error"]["code"]) == (409, "out_of_order")
    assert "number 9" in told["error"]["message"]
    assert send(worker, row.pk, 9, samples[8:])[1]["next_sequence"] == 11
    row.refresh_from_db()
    assert row.samples_count == 10
    assert row.energies_j == {"cpu_package:0": 1000.0, "dram:0": 100.0}
    assert row.covered_s == 10.0
    assert sum(SampleChunk.objects.values_list("samples_count", flat=True)) == 10


@pytest.mark.parametrize(
    ("samples", "index", "words"),
    [
        ([[START_S + 1, {"a": 1.0}, 1.0], [START_S + 1, {"a": 1.0}, 1.0]], 1, "goes back"),
        ([[START_S + 1, {"a": -1.0}, 1.0]], 0, "not negative"),
        ([[START_S + 1, {"a": 1e300}, 1.0]], 0, "joules"),
        ([[START_S + 1, {"a": 1.0}, 0.0]], 0, "above 0"),
        ([[START_S + 1, {"a": "x"}, 1.0]], 0, "write it as"),
        ([[START_S + 1]], 0, "write it as"),
        ([{"a": 1}], 0, "write it as"),
        ([[None, {"a": 1.0}, 1.0]], 0, "since 1970"),
        ([[START_S + 1, {"a" * 65: 1.0}, 1.0]], 0, "letters"),
        ([[START_S + 1, {f"c{i}": 1.0 for i in range(129)}, 1.0]], 0, "at most 128"),
    ],
)
def test_a_sample_that_cannot_be_is_refused_with_its_place(
    worker: Caller, row: Measurement, samples: Rows, index: int, words: str
) -> None:
    status, told = send(worker, row.pk, 1, samples)
    assert status == 422
    assert told["error"]["fields"][0]["path"] == f"samples.{index}"
    assert words.lower() in told["error"]["fields"][0]["message"].lower()
    row.refresh_from_db()
    assert row.samples_count == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"first_sequence": 0, "samples": []}, 422),
        ({"first_sequence": True, "samples": []}, 422),
        ({"first_sequence": 1, "samples": {}}, 422),
        ({"first_sequence": 1, "samples": [], "run": "x"}, 422),
        ([], 400),
        ("text", 400),
    ],
)
def test_a_body_that_is_none_is_refused(worker: Caller, row: Measurement, body: Any, status: int) -> None:
    assert worker("POST", f"/measurements/{row.pk}/samples", body)[0] == status


def test_a_body_that_is_too_large_is_refused(worker: Caller, row: Measurement) -> None:
    body = {"first_sequence": 1, "samples": [], "x": "x" * 2_100_000}
    assert worker("POST", f"/measurements/{row.pk}/samples", body)[0] == 413


def test_another_process_with_the_same_credentials_is_refused(worker: Caller, row: Measurement) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    assert begin(worker, row.pk, run=one)[0] == 200
    assert send(worker, row.pk, 1, rows_of(3), one)[0] == 200
    for status, told in (begin(worker, row.pk, run=other), send(worker, row.pk, 4, rows_of(3), other)):
        assert (status, told["error"]["code"]) == (409, "another_run")
    row.refresh_from_db()
    assert row.samples_count == 3


def test_the_sums_of_every_step_are_those_of_the_samples(worker: Caller, row: Measurement) -> None:
    """However they were cut into batches, and also where a component was not read."""
    dice = random.Random(7)
    samples: Rows = []
    at_s = START_S
    for number in range(400):
        took_s = dice.choice([0.5, 1.0, 3.0])
        at_s += took_s
        drawn = {"a": dice.uniform(1, 9)} | ({"b": dice.uniform(1, 9)} if number % 3 else {})
        samples.append([at_s, drawn, took_s])
    first = 1
    while first <= len(samples):
        count = dice.choice([1, 7, 60])
        assert send(worker, row.pk, first, samples[first - 1 : first - 1 + count])[0] == 200
        first += count
    row.refresh_from_db()
    for step_s in STEPS_S:
        found = list(SampleSum.objects.filter(step_s=step_s))
        for name in ("a", "b"):
            whole_j = sum(sample[1].get(name, 0.0) for sample in samples)
            assert sum(one.energies_j.get(name, 0.0) for one in found) == pytest.approx(whole_j, rel=1e-12)
            peak_w = max(sample[1].get(name, 0.0) / sample[2] for sample in samples)
            assert max(one.peaks_w.get(name, 0.0) for one in found) == pytest.approx(peak_w, rel=1e-12)
        assert sum(one.covered_s for one in found) == pytest.approx(at_s - START_S, rel=1e-12)
        for one in found:
            inside = [s for s in samples if one.bucket * step_s < s[0] - START_S <= (one.bucket + 1) * step_s]
            assert one.covered_s == pytest.approx(sum(sample[2] for sample in inside), rel=1e-9)


# --- what a chart and a spreadsheet get -------------------------------------------------------------------------------


def test_a_chart_gets_few_points_and_what_is_new(worker: Caller, person: Caller, row: Measurement) -> None:
    send(worker, row.pk, 1, rows_of(5))
    path = f"/measurements/{row.pk}/series"
    _, told = person("GET", path)
    assert told["step_s"] == 0
    assert told["points"][0] == [
        1.0,
        1.0,
        {"cpu_package:0": 100.0, "dram:0": 10.0},
        {"cpu_package:0": 100.0, "dram:0": 10.0},
    ]
    send(worker, row.pk, 6, rows_of(2, from_s=START_S + 5))
    _, new = person("GET", f"{path}?step_s=0&after={told['next_from']}")
    assert [point[0] for point in new["points"]] == [6.0, 7.0]
    assert person("GET", f"{path}?step_s=0&after={new['next_from']}")[1]["points"] == []
    # It grows: samples are summed up, and all points come anew.
    send(worker, row.pk, 8, rows_of(4_000, from_s=START_S + 7))
    _, summed = person("GET", f"{path}?step_s=0&after={new['next_from']}")
    assert summed["step_s"] == 10
    assert len(summed["points"]) == 401
    assert {point[2]["cpu_package:0"] for point in summed["points"]} == {100.0}
    # The last bucket comes again, as it may have grown.
    send(worker, row.pk, 4_008, rows_of(1, from_s=START_S + 4_007))
    _, last = person("GET", f"{path}?step_s=10&after={summed['next_from']}")
    assert [point[:2] for point in last["points"]] == [[4_010.0, 8.0]]


@pytest.mark.parametrize(("interval_s", "count"), [(0.1, 4_999), (1.0, 5_000), (60.0, 5_000), (600.0, 5_000)])
def test_however_long_it_is_a_chart_has_some_hundred_points(
    worker: Caller, row: Measurement, interval_s: float, count: int
) -> None:
    Measurement.objects.update(interval_s=interval_s)
    send(worker, row.pk, 1, rows_of(count, step_s=interval_s))
    row.refresh_from_db()
    points = series_of(row).points
    assert 40 <= len(points) <= MOST_POINTS
    assert points[5].powers_w["cpu_package:0"] == pytest.approx(100.0, rel=1e-9)


def test_all_samples_come_as_csv(worker: Caller, person: Caller, row: Measurement) -> None:
    samples = [
        [START_S + 1, {"a": 0.1}, 1.0],
        [START_S + 2, {"a": 0.2, "=b": 3.0}, 1.0],
        [START_S + 3, {"=b": 1.0}, 1.0],
    ]
    send(worker, row.pk, 1, samples[:2])
    send(worker, row.pk, 3, samples[2:])
    _, text = person("GET", f"/measurements/{row.pk}/samples.csv")
    table = list(csv.reader(io.StringIO(text)))
    assert table[0] == ["sequence", "time_s", "duration_s", "a.energy_j", "_b.energy_j"]
    assert [line[0] for line in table[1:]] == ["1", "2", "3"]
    assert [line[3:] for line in table[1:]] == [["0.1", ""], ["0.2", "3.0"], ["", "1.0"]]


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
    assert measurements.standing_of(row).kgco2e.central == pytest.approx(central, rel=1e-9)
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
    assert path in {field["path"] for field in told["error"]["fields"]}


def test_a_budget_warns_before_it_is_passed(ann: User, desk: workers.Enrolled, worker: Caller) -> None:
    asked = MeasurementRequest(worker=str(desk.worker.pk), budget_kwh=0.001, duration_s=7_200.0)
    row = measurements.request_measurement(owner=ann, asked=asked)
    told = []
    for first, count in ((1, 1), (2, 31), (33, 5)):
        # 110 W for two hours are 0.22 kWh: soon passed from the first second on.
        send(worker, row.pk, first, rows_of(count, from_s=START_S + first - 1))
        row.refresh_from_db()
        told.append(measurements.standing_of(row).budget_kwh)
    assert told == ["soon", "soon", "passed"]
    assert measurements.standing_of(row).projected_kwh == pytest.approx(0.22, rel=1e-9)


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
        MeasurementStatus.DONE: [],
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
    assert client.get("/measurements/").content.decode().count(str(row.pk)) == 1


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
