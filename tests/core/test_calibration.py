"""What measured runs hand on to the next estimate."""

import pytest

from estimator.core.calibration import Device, Observation, calibration, drawn
from estimator.core.inputs import Hardware, Workload


def test_calibration_of_one_run_has_the_range_within_it() -> None:
    found = calibration(hardware="x", observations=[Observation(250.0, 2.0, low_w=100.0, high_w=300.0)])
    assert (found.mean_power_w, found.low_w, found.high_w, found.utilisation) == (250.0, 100.0, 300.0, None)


def test_calibration_becomes_inputs_of_the_next_estimate() -> None:
    found = calibration(hardware="x", observations=[Observation(250.0, 2.0)], limit_w=400.0)
    workload = found.applied_to(Workload(hardware=Hardware(accelerator="x", utilisation=0.9), duration_h=3.0))
    assert workload.hardware.mean_accelerator_power_w == 250.0
    assert workload.hardware.utilisation is None and workload.duration_h == 3.0


def test_calibration_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="observation"):
        calibration(hardware="x", observations=[])


def test_range_over_many_runs_leaves_out_their_ends() -> None:
    # 40 runs of 1 to 40 W: two of each end lie beyond the 5th and 95th percentile.
    found = calibration(hardware="x", observations=[Observation(float(watts), 1.0) for watts in range(1, 41)])
    assert (found.low_w, found.mean_power_w, found.high_w, found.duration_h) == (3.0, 20.5, 38.0, 40.0)


def test_what_would_beat_the_draw_is_taken_out() -> None:
    found = calibration(hardware="x", observations=[Observation(250.0, 2.0, devices_count=4)], measured_on="desk")
    before = Workload(
        method="measured", it_energy_kwh=3.0, hardware=Hardware(mean_system_power_w=900.0, accelerator_count=8)
    )
    after = found.applied_to(before)
    assert (after.method, after.it_energy_kwh, after.hardware.mean_system_power_w) == ("auto", None, None)
    assert (after.hardware.accelerator_count, after.hardware.measured_on) == (8, "desk")
    assert found.applied_to(Workload()).hardware.accelerator_count == 4


def test_processors_draw_together() -> None:
    found = calibration(kind="cpu", hardware="x", observations=[Observation(100.0, 2.0, devices_count=2)])
    hardware = found.applied_to(Workload(hardware=Hardware(accelerator="a", accelerator_count=1))).hardware
    assert (hardware.cpu, hardware.cpu_count, hardware.mean_cpu_power_w) == ("x", 2, 200.0)
    assert hardware.accelerator is None


HOUR = {"duration_s": 3_600.0, "span_s": 3_600.0}


@pytest.mark.parametrize(
    ("device", "times", "left_out"),
    [
        (Device(720_000.0, "counter", 700.0), HOUR, ""),
        (Device(720_000.0, "sampled", 700.0), HOUR, ""),
        (Device(720_000.0, "modelled", 700.0), HOUR, "modelled"),
        # 200 W over a minute, and over a second less.
        (Device(12_000.0, "counter", 700.0), {"duration_s": 60.0, "span_s": 60.0}, ""),
        (Device(11_800.0, "counter", 700.0), {"duration_s": 59.0, "span_s": 59.0}, "short"),
        # A tenth unmeasured, and more.
        (Device(720_000.0, "counter", 700.0), {"duration_s": 3_600.0, "span_s": 4_000.0}, ""),
        (Device(720_000.0, "counter", 700.0), {"duration_s": 3_600.0, "span_s": 4_001.0}, "gaps"),
        # A counter goes on counting in a gap, a power is not read in it.
        (Device(720_000.0, "counter", 700.0), HOUR | {"bridged_s": 400.0}, ""),
        (Device(720_000.0, "sampled", 700.0), HOUR | {"bridged_s": 400.0}, "gaps"),
        # 139 W are less than a fifth of 700 W; 200 W are 1.1 times what was drawn before the run.
        (Device(139.0 * 3_600.0, "counter", 700.0), HOUR, "idle"),
        (Device(139.0 * 3_600.0, "counter"), HOUR, ""),
        (Device(720_000.0, "counter", 700.0, idle_power_w=180.0), HOUR, "idle"),
        (Device(139.0 * 3_600.0, "counter", 700.0, idle_power_w=60.0), HOUR, ""),
        (Device(0.0, "counter"), HOUR, "idle"),
    ],
)
def test_what_counts_and_why_not(device: Device, times: dict[str, float], left_out: str) -> None:
    assert drawn(devices=[device], **times).left_out == left_out  # type: ignore[arg-type]


def test_cards_that_had_nothing_to_do_are_not_counted_and_sockets_are() -> None:
    busy, idle = Device(1_080_000.0, "counter", 700.0), Device(216_000.0, "counter", 700.0)
    found = drawn(devices=[busy, idle], **HOUR)  # type: ignore[arg-type]
    assert (found.mean_power_w, found.devices_count, found.left_out) == (300.0, 1, "")
    found = drawn(devices=[busy, idle], together=True, **HOUR)
    assert (found.mean_power_w, found.devices_count, found.left_out) == (180.0, 2, "")


def test_draw_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="device"):
        drawn(devices=[], **HOUR)  # type: ignore[arg-type]
