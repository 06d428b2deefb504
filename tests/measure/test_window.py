"""Traces come out at the energy that their powers have by calculus, and what went wrong on the way is told."""

import itertools
import sys
from pathlib import Path

import pytest

from estimator.measure.meters import open_meters
from estimator.measure.replay import ReplayMeter
from estimator.measure.samplers import Component, MeterProblem, Reading, Sample
from estimator.measure.window import Clock, Window
from tests.measure.builders import TRACES, Told, replayed, totals, trace
from tests.measure.traces import make

COUNTER, SAMPLED = 1e-3, 1e-2


@pytest.mark.parametrize("interval_s", [0.1, 1.0])
@pytest.mark.parametrize(
    ("name", "most", "quality", "flags"),
    [
        ("rapl-wrap", COUNTER, "counter", {"wrapped"}),
        ("nvml-counter", COUNTER, "counter", set()),
        ("nvml-power", SAMPLED, "sampled", set()),
        ("nvml-power-often", SAMPLED, "sampled", set()),
        ("frozen-counter", SAMPLED, "sampled", {"frozen"}),
        ("slow-counter", COUNTER, "counter", set()),
        ("clock-jump", COUNTER, "counter", {"clock_jump"}),
    ],
)
def test_traces_come_out_at_their_energy(
    name: str, most: float, quality: str, flags: set[str], interval_s: float
) -> None:
    told = trace(name)
    samples = replayed(ReplayMeter(told), interval_s=interval_s)
    rows = totals(samples, *told.components)
    assert rows.keys() == told.expected_j.keys()
    for component, expected_j in told.expected_j.items():
        assert rows[component].energy_j == pytest.approx(expected_j, rel=most)
        assert rows[component].quality == quality
    assert {flag for sample in samples for flag in sample.flags} == flags


@pytest.mark.parametrize("interval_s", [0.1, 1.0, 7.0])
def test_gaps_lose_nothing_of_a_counter_and_are_told(interval_s: float) -> None:
    told = trace("gaps")
    samples = replayed(ReplayMeter(told), interval_s=interval_s)
    rows = totals(samples, *told.components)
    assert rows["cpu_package:0"].energy_j == pytest.approx(told.expected_j["cpu_package:0"], rel=COUNTER)
    assert rows["accelerator:0"].energy_j == pytest.approx(told.expected_j["accelerator:0"], rel=SAMPLED)
    empty = [sample for sample in samples if not sample.components]
    assert all("gap" in sample.flags for sample in empty)
    assert any("gap" in measure.flags for sample in samples for measure in sample.components.values())


def test_the_traces_are_those_that_make_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "FOLDER", tmp_path)
    make.rapl()
    make.nvml()
    make.gaps()
    assert {path.name for path in tmp_path.glob("*.csv")} == {path.name for path in TRACES.glob("*.csv")}
    for path in tmp_path.glob("*.csv"):
        assert path.read_text() == (TRACES / path.name).read_text(), path.name


def test_samples_are_numbered_and_their_time_never_goes_back() -> None:
    samples = replayed(ReplayMeter(trace("clock-jump")))
    assert [sample.sequence for sample in samples] == list(range(1, len(samples) + 1))
    times_s = [sample.time_s for sample in samples]
    assert all(after - before == pytest.approx(1.0) for before, after in itertools.pairwise(times_s))
    jumps = [sample for sample in samples if "clock_jump" in sample.flags]
    assert [sample.sequence for sample in jumps] == [30, 75]
    assert [sample.clock_offset_s for sample in jumps] == pytest.approx([-3_600.0, 3_600.0])


def test_a_frozen_counter_is_found_within_a_few_samples() -> None:
    samples = replayed(ReplayMeter(trace("frozen-counter")))
    first = next(sample for sample in samples if "frozen" in sample.flags)
    assert 42 <= first.sequence <= 44
    assert samples[-1].components["accelerator:0"].quality == "sampled"
    assert all(sample.components["accelerator:0"].energy_j > 0 for sample in samples)


def clocked(readings: list[tuple[float, Reading]], component: Component, *, interval_s: float = 1.0) -> list[Sample]:
    """Samples at given moments."""
    meter = Told(component)
    now_s = readings[0][0]
    window = Window([meter], interval_s=interval_s, clock=Clock(steady_s=lambda: now_s, epoch_s=lambda: now_s))
    meter.readings = {component.name: readings[0][1]}
    window.start()
    samples = []
    for at_s, reading in readings[1:]:
        now_s, meter.readings = at_s, {component.name: reading}
        samples.append(window.sample())
    return samples


def test_a_reset_counter_is_not_taken_for_a_wrap() -> None:
    component = Component("cpu_package:0", "counter", limit_w=200.0)
    wraps = {"wraps_at_j": 262_143.0}
    samples = clocked(
        [(0.0, Reading(100_000.0, **wraps)), (1.0, Reading(100_150.0, **wraps)), (2.0, Reading(20.0, **wraps))],
        component,
    )
    assert samples[0].components["cpu_package:0"].energy_j == 150.0
    assert samples[1].components["cpu_package:0"].energy_j == 0.0
    assert samples[1].flags == ("reset",)


def test_a_reset_counter_without_a_range_is_bridged_by_its_power() -> None:
    component = Component("accelerator:0", "counter")
    samples = clocked(
        [(0.0, Reading(5_000.0, 300.0)), (1.0, Reading(5_300.0, 300.0)), (2.0, Reading(12.0, 320.0))], component
    )
    assert samples[1].components["accelerator:0"].energy_j == 310.0
    assert "reset" in samples[1].flags


def test_a_sleeping_card_is_not_frozen() -> None:
    component = Component("accelerator:0", "counter", update_period_s=0.1)
    samples = clocked([(float(at), Reading(77.0, 0.0)) for at in range(30)], component)
    assert not any(sample.flags for sample in samples)
    assert samples[-1].components["accelerator:0"].quality == "counter"


def test_a_frozen_counter_without_power_is_told() -> None:
    component = Component("cpu_package:0", "counter")
    samples = clocked([(float(at), Reading(500.0)) for at in range(10)], component)
    assert samples[-1].flags == ("frozen",)
    assert samples[-1].components["cpu_package:0"].quality == "counter"


def test_a_delay_makes_one_long_sample() -> None:
    meter = Told(Component("cpu_package:0", "counter"))
    now_s = 0.0
    window = Window([meter], interval_s=1.0, clock=Clock(steady_s=lambda: now_s, epoch_s=lambda: 100.0 + now_s))

    def wait(for_s: float) -> bool:
        nonlocal now_s
        now_s += for_s if now_s != 2.0 else 5.4  # the machine was busy with something else
        meter.readings = {"cpu_package:0": Reading(50.0 * now_s)}
        return now_s >= 9.5

    meter.readings = {"cpu_package:0": Reading(0.0)}
    samples = list(window.samples(wait))
    assert [round(sample.duration_s, 6) for sample in samples] == [1.0, 1.0, 5.4, 0.6, 1.0, 1.0]
    assert [sample.components["cpu_package:0"].power_w for sample in samples] == pytest.approx([50.0] * 6)
    assert [sample.flags for sample in samples] == [(), (), ("gap",), (), (), ()]


def test_a_meter_that_is_slow_to_answer_once_shows_no_other_power() -> None:
    now_s = 0.0
    slow_s = iter([0.0, 2.9])  # the second time it waits for the catalogue, as a model does

    class Slow(Told):
        def read(self) -> dict[str, Reading]:
            nonlocal now_s
            asked_s = now_s
            now_s += next(slow_s, 0.0)
            return {"cpu_package:0": Reading(100.0 * asked_s)}

    clock = Clock(steady_s=lambda: now_s, epoch_s=lambda: 100.0 + now_s)
    window = Window([Slow(Component("cpu_package:0", "modelled"))], interval_s=1.0, clock=clock)

    def wait(for_s: float) -> bool:
        nonlocal now_s
        now_s += for_s
        return now_s >= 5.5

    samples = list(window.samples(wait))
    assert [round(sample.duration_s, 6) for sample in samples] == [1.0, 3.0, 1.0, 1.0]
    powers_w = [sample.components["cpu_package:0"].energy_j / sample.duration_s for sample in samples]
    assert powers_w == pytest.approx([100.0] * 4)
    assert not any("clock_jump" in sample.flags for sample in samples)


def test_a_meter_that_fails_leaves_a_gap_and_no_exception() -> None:
    class Failing(Told):
        def read(self) -> dict[str, Reading]:
            raise MeterProblem("gone")

    window = Window([Failing(Component("accelerator:0", "counter"))], interval_s=1.0)
    window.start()
    assert window.sample().flags == ("gap",)


@pytest.mark.parametrize("interval_s", [0.0, 0.09, 60.1, float("nan"), -1.0])
def test_an_interval_out_of_bounds_is_refused(interval_s: float) -> None:
    with pytest.raises(ValueError, match=r"0\.1 to 60 s"):
        Window([], interval_s=interval_s)


def test_a_meter_that_was_asked_for_and_is_missing_is_an_error() -> None:
    with pytest.raises(MeterProblem, match="choose|Choose"):
        open_meters(["geiger"])
    with pytest.raises(MeterProblem, match="no Mac"):
        open_meters(["apple"])


def test_a_meter_that_nobody_asked_for_is_skipped_with_its_reason() -> None:
    opened = open_meters()
    try:
        states = {state.name: state for state in opened.states}
        assert "apple" not in states or sys.platform == "darwin"
        assert all(state.works or state.reason for state in states.values())
        kinds = {component.kind for component in opened.components}
        assert {"cpu_package", "dram"} <= kinds
    finally:
        opened.close()
