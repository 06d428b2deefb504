"""Samples: taken in once and in order, summed up, drawn and given back."""

import csv
import io
import random
import uuid
from typing import Any

import pytest

from estimator.models import Measurement, SampleChunk, SampleSum
from estimator.services.samples import STEPS_S
from estimator.services.series import MOST_POINTS, series_of
from tests.estimator.measuring import START_S, Caller, Rows, ann, begin, desk, person, row, rows_of, send, token, worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
#: Fixtures that are used by their names.
__all__ = ["ann", "desk", "person", "row", "token", "worker"]


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
        ([[START_S + 1, {"a": 1, "b": None}], [START_S + 2, {"a": "1.5"}]], 1, "write it as"),
        ([[START_S + 1, {"a": 1}], [START_S + 2, {"a": True}]], 1, "write it as"),
        ([[str(START_S + 1), {"a": 1}, 1.0]], 0, "write it as"),
        ([[START_S + 1, {"a": 1}, "1"]], 0, "write it as"),
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
