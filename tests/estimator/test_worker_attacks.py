"""A worker that lies: whatever it says with its secret, it is refused in plain words and breaks nobody's page."""

import gzip
import json
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from estimator.models import Enrolment, Measurement, MeasurementStatus, Worker
from estimator.services import samples, storage, workers
from tests.estimator.measuring import START_S, Caller, ann, begin, desk, person, row, rows_of, send, token, worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
#: Fixtures that are used by their names.
__all__ = ["ann", "desk", "person", "row", "token", "worker"]

RUN = str(uuid.uuid4())


def test_an_honest_inventory_is_kept_as_it_was_told(ann: User) -> None:
    told = {
        "host": {"name": "desk", "system": "Linux", "machine": "x86_64", "virtual": False, "newer": [1]},
        "cpu": {"model": "EPYC", "sockets_count": 1, "cores_count": 8, "threads_count": 16, "usable_cores": 15.5},
        "memory_gb": 64.0,
        "memory_limit_gb": None,
        "accelerators": [{"name": "NVIDIA H100", "component": "accelerator:0", "limit_w": 700.0}],
        "meters": [{"name": "nvml", "works": True, "components": [{"name": "accelerator:0", "quality": "counter"}]}],
        "version": "1",
        "newer": {"x": None},
    }
    new = workers.create_enrolment(owner=ann)
    answer = Client().post("/api/v1/workers/enrol", {"token": new.token, "inventory": told}, "application/json")
    assert answer.status_code == 201
    assert Worker.objects.get().inventory == told


@pytest.mark.parametrize(
    ("inventory", "path"),
    [
        ({"accelerators": 5}, "accelerators"),
        ({"accelerators": [5]}, "accelerators.0"),
        ({"accelerators": [{"limit_w": "x"}]}, "accelerators.0.limit_w"),
        ({"accelerators": [{"name": "H100"}] * 65}, "accelerators"),
        ({"meters": 7}, "meters"),
        ({"meters": [{"components": 3}]}, "meters.0.components"),
        ({"meters": [{"components": [{}] * 129}]}, "meters.0.components"),
        ({"cpu": {"cores_count": "x"}}, "cpu.cores_count"),
        ({"cpu": 3}, "cpu"),
        ({"cpu": {"model": "x" * 301}}, "cpu.model"),
        ({"memory_gb": -1}, "memory_gb"),
        ({"host": []}, "host"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_an_inventory_that_no_page_could_show_is_refused_at_its_field(
    ann: User, worker: Caller, person: Caller, row: Measurement, inventory: Any, path: str
) -> None:
    token = workers.create_enrolment(owner=ann).token
    finished = {
        "kind": "finished", "client_id": RUN, "started_at_s": START_S, "duration_s": 1.0,
        "components": [{"name": "a", "quality": "counter", "energy_j": 1.0}],
    }  # fmt: skip
    for status, told in (
        worker("POST", f"/measurements/{row.pk}/start", {"run": RUN, "inventory": inventory}),
        worker("POST", "/workers/enrol", {"token": token, "inventory": inventory}),
        person("POST", "/measurements/finished", finished | {"inventory": inventory}),
    ):
        assert status == 422
        assert [field["path"] for field in told["error"]["fields"]] == [f"inventory.{path}"]
    assert Enrolment.objects.filter(used_at=None).exists(), "the token is still good"


def test_what_a_worker_calls_itself_is_text_and_no_markup(ann: User, client: Client) -> None:
    evil = "<script>alert(1)</script>{{ x }}{% x %}"
    told = {
        "host": {"name": evil, "system": evil},
        "cpu": {"model": evil},
        "accelerators": [{"name": evil}],
        "meters": [{"name": evil, "reason": evil, "remedy": evil}],
    }
    token = workers.create_enrolment(owner=ann).token
    workers.enrol(token=token, name=evil[:80], installation="i", version=evil[:40], inventory=told, workloads=[evil])
    client.force_login(ann)
    for path in ("/workers/", f"/workers/{Worker.objects.get().pk}/", "/measurements/new/"):
        page = client.get(path).content.decode()
        assert "alert(1)" in page
        assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("verb", "body", "status", "words"),
    [
        ("start", {"started_at_s": -1e308}, 422, "above 0"),
        ("start", {"started_at_s": 1e12}, 422, "below"),
        ("start", {"baseline_power_w": {"a": -1.0}}, 422, "at least 0"),
        ("start", {"baseline_power_w": {"a" * 65: 1.0}}, 422, "at most 64"),
        ("start", {"components": [{"name": "a"}, {"name": "a"}]}, 422, "a name of its own"),
        ("start", {"components": [{"name": "a\0"}]}, 400, "U+0000"),
        ("start", {"components": [{"name": "a", "low": -1.0}]}, 422, "at least 0"),
        ("start", {"inventory": {"x": "x" * 300_000}}, 413, "256 kB"),
        ("samples", {"first_sequence": 2, "samples": [[START_S, {"a": 1.0}, 1.0]]}, 409, "number 1"),
        ("samples", {"first_sequence": 1, "samples": [[START_S, {"a\0": 1.0}, 1.0]]}, 400, "U+0000"),
        ("samples", {"first_sequence": 1, "samples": [[START_S, {"a": 1.0}, 1e300]]}, 422, "at most a year"),
        ("samples", {"first_sequence": 1, "samples": [[START_S, {"a": 1e300}, 1.0]]}, 422, "joules"),
        ("samples", {"first_sequence": 1, "samples": [[START_S, {"a": -1e-9}, 1.0]]}, 422, "not negative"),
        ("samples", {"first_sequence": 1, "samples": [["inf", {"a": 1.0}, 1.0]]}, 422, "Write it as [time_s"),
        ("samples", {"first_sequence": 1, "samples": [[START_S, {"a": "inf"}, 1.0]]}, 422, "Write it as [time_s"),
        ("samples", {"first_sequence": 1, "samples": [[START_S, {"a": 1.0}, 1.0]] * 5_001}, 422, "at most 5000"),
        ("samples", {"first_sequence": 1, "samples": [], "x": "x" * 2_000_000}, 413, "in parts"),
        ("finish", {"samples_count": 2**70}, 422, "too large"),
        ("finish", {"samples_count": 0, "exit_code": 2**31}, 422, "below"),
        ("finish", {"samples_count": 1}, 409, "number 1"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    worker: Caller, row: Measurement, verb: str, body: dict[str, Any], status: int, words: str
) -> None:
    found, told = worker("POST", f"/measurements/{row.pk}/{verb}", {"run": RUN} | body)
    assert found == status
    assert words in json.dumps(told)
    row.refresh_from_db()
    assert (row.status, row.samples_count, row.run) == (MeasurementStatus.QUEUED, 0, None)


@pytest.mark.parametrize(
    "content",
    [b'{"samples": [[1, {"a": NaN}, 1]]}', b"[" * 100_000, gzip.compress(b"[" * 1_000_000), b"\xff"],
    ids=["nan", "deep", "gzip", "no text"],
)
@pytest.mark.parametrize("path", ["/workers/heartbeat", "/measurements/{key}/samples"])
def test_a_body_that_is_no_json_is_refused(desk: workers.Enrolled, row: Measurement, path: str, content: bytes) -> None:
    answer = Client().post(
        f"/api/v1{path.format(key=row.pk)}",
        content,
        content_type="application/json",
        headers={"Authorization": f"Bearer {desk.secret}", "Content-Encoding": "gzip"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_json")


def test_components_are_bounded_over_all_batches(worker: Caller, row: Measurement) -> None:
    def named(first: int, count: int) -> dict[str, float]:
        return {f"c{number}": 1.0 for number in range(first, first + count)}

    assert send(worker, row.pk, 1, rows_of(1, energies=named(0, 100)))[0] == 200
    status, told = send(worker, row.pk, 2, rows_of(1, from_s=START_S + 1, energies=named(100, 29)))
    assert status == 422
    assert "over all samples" in told["error"]["fields"][0]["message"]
    assert send(worker, row.pk, 2, rows_of(1, from_s=START_S + 1, energies=named(100, 28)))[0] == 200
    row.refresh_from_db()
    assert len(row.components) == len(row.energies_j) == 128


def test_another_run_and_the_past_change_nothing(worker: Caller, row: Measurement) -> None:
    run = uuid.uuid4()
    begin(worker, row.pk, run=run)
    assert send(worker, row.pk, 1, rows_of(3), run)[0] == 200
    for verb, body in (
        ("start", {"run": RUN}),
        ("samples", {"run": RUN, "first_sequence": 4, "samples": rows_of(1, from_s=START_S + 3)}),
        ("finish", {"run": RUN, "samples_count": 0}),
    ):
        status, told = worker("POST", f"/measurements/{row.pk}/{verb}", body)
        assert (status, told["error"]["code"]) == (409, "another_run")
    # Sent again with other figures, what is known stays.
    assert send(worker, row.pk, 1, rows_of(3, energies={"cpu_package:0": 9e6}), run)[0] == 200
    row.refresh_from_db()
    assert row.energies_j == {"cpu_package:0": 300.0, "dram:0": 30.0}
    assert worker("POST", f"/measurements/{row.pk}/finish", {"run": str(run), "samples_count": 3})[0] == 200
    row.refresh_from_db()
    done = (row.status, row.result_id, row.energy_j)
    assert send(worker, row.pk, 4, rows_of(1, from_s=START_S + 3), run)[1]["error"]["code"] == "measurement_over"
    assert worker("POST", f"/measurements/{row.pk}/finish", {"run": str(run), "samples_count": 0})[0] == 200
    row.refresh_from_db()
    assert (row.status, row.result_id, row.energy_j) == done


def test_figures_of_which_no_run_could_be_made_end_with_a_reason(worker: Caller, row: Measurement) -> None:
    year_s = samples.LONGEST_SAMPLE_S
    most_j = {f"c{number}": samples.MOST_POWER_W * year_s for number in range(128)}
    told = [[START_S + (number + 1) * year_s, most_j, year_s] for number in range(300)]
    assert send(worker, row.pk, 1, told, uuid.UUID(RUN))[0] == 200
    assert worker("POST", f"/measurements/{row.pk}/finish", {"run": RUN, "samples_count": 300})[0] == 200
    row.refresh_from_db()
    assert (row.status, row.error_code, row.result) == (MeasurementStatus.DONE, "no_estimate", None)


# --- how much it may send ---------------------------------------------------------------------------------------------


def test_what_is_stored_is_counted(worker: Caller, row: Measurement) -> None:
    assert send(worker, row.pk, 1, rows_of(100))[0] == 200
    row.refresh_from_db()
    first_gb = row.stored_gb
    # A hundred rows of four numbers, and ten, two, one, one and one sums of two components.
    assert first_gb == pytest.approx((100 * 4 * 8 + 15 * (120 + 2 * 60)) / 1e9)
    assert send(worker, row.pk, 1, rows_of(100))[0] == 200
    assert send(worker, row.pk, 101, rows_of(1, from_s=START_S + 100))[0] == 200
    row.refresh_from_db()
    more_gb = (4 * 8 + (120 + 2 * 60)) / 1e9
    assert row.stored_gb == pytest.approx(first_gb + more_gb), "one sum is new, four were there"


@pytest.mark.parametrize("bound", ["MOST_SAMPLES_COUNT", "MOST_STORED_GB"])
def test_a_measurement_that_may_grow_no_more_ends_with_what_came(
    worker: Caller,
    person: Caller,
    row: Measurement,
    ann: User,
    client: Client,
    bound: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "ADDED_UP_EVERY_GB", 1e-9)
    run = uuid.uuid4()
    begin(worker, row.pk, run=run)
    assert send(worker, row.pk, 1, rows_of(10), run)[0] == 200
    row.refresh_from_db()
    monkeypatch.setattr(storage, bound, 10 if bound == "MOST_SAMPLES_COUNT" else row.stored_gb)
    status, told = send(worker, row.pk, 11, rows_of(10, from_s=START_S + 10), run)
    assert (status, told["error"]["code"]) == (409, "storage_full")
    row.refresh_from_db()
    assert (row.status, row.error_code, row.samples_count) == (MeasurementStatus.DONE, "storage_full", 10)
    assert row.result is not None
    assert row.energy_j == 1_100.0
    client.force_login(ann)
    assert "No more samples could be kept" in client.get(f"/measurements/{row.pk}/").content.decode()
    # The worker hears that it is over, and its last word changes nothing.
    assert send(worker, row.pk, 11, rows_of(1, from_s=START_S + 10), run)[1]["error"]["code"] == "measurement_over"
    assert worker("POST", f"/measurements/{row.pk}/finish", {"run": str(run), "samples_count": 20})[1]["stop"] is True


@pytest.mark.parametrize(
    ("bound", "most", "words"), [("MOST_MEASUREMENTS", 1, "have 1 "), ("MOST_STORED_GB", 0, "0 GB")]
)
def test_an_account_that_is_full_gets_no_other_measurement(
    person: Caller,
    row: Measurement,
    ann: User,
    client: Client,
    bound: str,
    most: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, bound, most)
    asked = {"worker": str(row.worker_id), "location": {"country": "FR"}}
    finished = {
        "kind": "finished", "client_id": RUN, "started_at_s": START_S, "duration_s": 1.0,
        "components": [{"name": "a", "quality": "counter", "energy_j": 1.0}],
    }  # fmt: skip
    for path, body in (("/measurements", asked), ("/measurements/finished", finished)):
        status, told = person("POST", path, body)
        assert status == 422
        assert words in told["error"]["fields"][0]["message"]
    client.force_login(ann)
    form = {"worker": str(row.worker_id), "target": "machine", "interval_s": "1", "place": "France"}
    page = client.post("/measurements/new/", form)
    assert page.status_code == 422
    assert "delete some" in page.content.decode()
    assert Measurement.objects.count() == 1
