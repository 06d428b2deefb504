"""What the shell sends is what the site takes: stored once, with the same energy."""

import json

import pytest
from django.contrib.auth.models import User

from estimator.measure.figures import Question
from estimator.measure.history import MOST_CELLS_COUNT, MOST_ROWS_COUNT
from estimator.measure.recorder import Recorder
from estimator.measure.replay import ReplayMeter
from estimator.measure.samplers import MeterState, Opened
from estimator.services import recorded
from tests.measure.builders import trace


@pytest.mark.django_db
def test_a_finished_measurement_is_taken_once_with_its_energy() -> None:
    replay = ReplayMeter(trace("rapl-wrap"))
    opened = Opened((replay,), (MeterState("replay", works=True, components=replay.components),))
    recorder = Recorder(opened, interval_s=1.0, clock=replay.clock)
    for sample in recorder.window.samples(replay.wait):
        recorder.add(sample)
    finished = recorder.finished(title="A trace", command_name="replay", question=Question(place="FR"))
    told = recorded.Recorded.model_validate(json.loads(json.dumps(finished.body())))
    owner = User.objects.create_user("owner")
    row, is_new = recorded.bring(owner=owner, told=told)
    assert is_new
    assert row.energy_j == pytest.approx(sum(trace("rapl-wrap").expected_j.values()), rel=1e-3)
    assert recorded.bring(owner=owner, told=told) == (row, False)


def test_the_longest_measurement_fits_into_one_request() -> None:
    assert MOST_ROWS_COUNT < recorded.MOST_SAMPLES_BROUGHT
    name, joules = "accelerator:amd-17", 123.45678901234567
    cell_bytes = len(json.dumps({name: joules}))
    assert cell_bytes * MOST_CELLS_COUNT < 0.8 * recorded.MOST_BYTES
