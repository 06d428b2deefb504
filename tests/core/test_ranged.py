"""A value with a range of its own: what is refused, what the estimate makes of it, and what levers leave of it."""

import hashlib
from typing import Any

import pytest
from pydantic import ValidationError

from estimator.core.calibration import Observation, calibration
from estimator.core.estimate import estimate
from estimator.core.footprint import Assumption, Footprint
from estimator.core.inputs import Hardware, InputProblem, Workload
from estimator.core.measured import product_range
from estimator.core.problems import problems_of
from estimator.core.ranged import scaled, with_range
from estimator.reference.resolve import factors_for

MEASURED: dict[str, Any] = {
    "method": "measured",
    "it_energy_kwh": 10.0,
    "pue": 1.5,
    "grid_intensity_gco2e_per_kwh": 100.0,
    "duration_h": 0.001,
    "embodied": {"include": False},
}
RANGED = MEASURED | {"it_energy_low_kwh": 4.0, "it_energy_high_kwh": 20.0, "it_energy_quality": "modelled"}


def footprint_of(inputs: dict[str, Any]) -> Footprint:
    workload = Workload.model_validate(inputs)
    return estimate(workload, factors_for(workload))


def known(footprint: Footprint, name: str = "it_energy_kwh") -> Assumption:
    return next(one for one in footprint.assumptions if one.name == name)


def problem_of(inputs: dict[str, Any]) -> InputProblem:
    with pytest.raises(ValidationError) as error:
        Workload.model_validate(inputs)
    (problem,) = problems_of(error.value.errors(include_url=False))
    return problem


def test_nothing_said_changes_no_digest() -> None:
    assert Workload(it_energy_kwh=1.0).input_digest == hashlib.sha256(b'{"it_energy_kwh":1.0}').hexdigest()


@pytest.mark.parametrize(
    ("inputs", "path", "said"),
    [
        ({"it_energy_kwh": 1.0, "it_energy_low_kwh": 0.5}, "it_energy_high_kwh", "both of its ends"),
        ({"it_energy_low_kwh": 0.5, "it_energy_high_kwh": 2.0}, "it_energy_kwh", "the value itself"),
        (
            {"it_energy_kwh": 1.0, "it_energy_low_kwh": 1.5, "it_energy_high_kwh": 2.0},
            "it_energy_low_kwh",
            "within its range",
        ),
        (
            {"it_energy_kwh": 3.0, "it_energy_low_kwh": 1.5, "it_energy_high_kwh": 2.0},
            "it_energy_high_kwh",
            "within its range",
        ),
        (
            {"hardware": {"mean_accelerator_power_w": 300.0, "mean_accelerator_power_low_w": 200.0}},
            "hardware.mean_accelerator_power_high_w",
            "both of its ends",
        ),
    ],
)
def test_half_a_range_and_one_beside_its_value_are_refused(inputs: dict[str, Any], path: str, said: str) -> None:
    problem = problem_of(inputs)
    assert problem.path == path
    assert said in problem.message


def test_the_range_and_quality_of_a_measured_energy_reach_its_footprint() -> None:
    footprint = footprint_of(RANGED)
    told = known(footprint)
    assert (told.low, told.value, told.high) == (4.0, 10.0, 20.0)
    assert (told.status, told.quality) == ("given", "modelled")
    assert "not by a meter" in told.note
    assert (footprint.quality, footprint.energy_quality, footprint.method_told) == ("modelled", "modelled", "modelled")
    # 10 kWh x 1.5 x 0.1 kg; a PUE that is given is off by 3 %, an intensity as its assumption says.
    grid = known(footprint, "grid_intensity_gco2e_per_kwh")
    low, central, high = product_range((4.0, 10.0, 20.0), (1.455, 1.5, 1.545), (grid.low, grid.value, grid.high))
    assert footprint.result.total_kgco2e.central == pytest.approx(1.5, rel=1e-12)
    assert central == pytest.approx(1_500.0)
    assert footprint.result.total_kgco2e.low == pytest.approx(low / 1000, rel=0.04)
    assert footprint.result.total_kgco2e.high == pytest.approx(high / 1000, rel=0.04)


@pytest.mark.parametrize(
    ("quality", "low", "high", "status"),
    [
        (None, 9.5, 10.5, "measured"),
        ("counter", 9.5, 10.5, "measured"),
        ("sampled", 9.0, 11.0, "measured"),
        ("modelled", 6.0, 14.0, "given"),
    ],
)
def test_without_a_range_the_spread_is_that_of_the_quality(
    quality: str | None, low: float, high: float, status: str
) -> None:
    footprint = footprint_of(MEASURED | {"it_energy_quality": quality})
    told = known(footprint)
    assert (told.low, told.high, told.status) == pytest.approx((low, high, status))
    assert told.quality == (quality or "counter")
    assert footprint.is_metered == (status == "measured")


@pytest.mark.parametrize(
    ("covers", "boundary", "includes", "warns"),
    [
        ("servers", "servers", ("accelerators", "host", "facility"), False),
        ("components", "servers", ("accelerators", "processors", "facility"), False),
        ("accelerators", "accelerators", ("accelerators", "facility"), True),
        ("processors", "processors", ("processors", "facility"), True),
    ],
)
def test_what_a_measured_energy_is_of_is_what_is_counted(
    covers: str, boundary: str, includes: tuple[str, ...], warns: bool
) -> None:
    footprint = footprint_of(MEASURED | {"it_energy_covers": covers})
    assert footprint.boundary == boundary
    assert footprint.boundary_includes == includes
    assert ("measured_in_part" in {one.code for one in footprint.warnings}) == warns


def test_a_short_measured_run_is_no_wrong_unit_and_a_short_estimate_is_one_in_round_numbers() -> None:
    assert "duration_too_short" not in {one.code for one in footprint_of(MEASURED).warnings}
    estimated = footprint_of(
        {
            "hardware": {"accelerator": "nvidia-h100-sxm5-80gb", "accelerator_count": 1},
            "duration_h": 0.001677178498888894,
        }
    )
    (warning,) = [one for one in estimated.warnings if one.code == "duration_too_short"]
    assert warning.text_params == {"duration_h": 0.00168, "seconds": 6.04}


def test_a_range_is_scaled_with_its_value_and_falls_with_it() -> None:
    workload = Workload.model_validate(RANGED)
    assert scaled(workload, "it_energy_kwh", 0.5) == {
        "it_energy_kwh": 5.0,
        "it_energy_low_kwh": 2.0,
        "it_energy_high_kwh": 10.0,
    }
    bare = workload.model_copy(update=with_range("it_energy_kwh", None))
    assert bare == Workload.model_validate({name: value for name, value in MEASURED.items() if name != "it_energy_kwh"})


@pytest.mark.parametrize("lever", [{"lever": "hardware", "accelerator": "nvidia-h100-sxm5-80gb"}])
def test_other_hardware_scales_the_range_of_an_energy_and_of_a_draw(lever: dict[str, Any]) -> None:
    hardware = {"accelerator": "nvidia-a100-sxm4-80gb", "accelerator_count": 8}
    drawn = hardware | {
        "mean_accelerator_power_w": 300.0,
        "mean_accelerator_power_low_w": 270.0,
        "mean_accelerator_power_high_w": 360.0,
    }
    factors = factors_for(
        Workload.model_validate(RANGED | {"duration_h": 10.0, "hardware": hardware, "levers": [lever]})
    )
    after = factors.levers[0].workload
    assert after.it_energy_kwh is not None and after.it_energy_kwh != 10.0
    assert after.it_energy_low_kwh == pytest.approx(0.4 * after.it_energy_kwh, rel=1e-12)
    assert after.it_energy_high_kwh == pytest.approx(2.0 * after.it_energy_kwh, rel=1e-12)
    factors = factors_for(Workload.model_validate({"hardware": drawn, "duration_h": 10.0, "levers": [lever]}))
    one = factors.levers[0].workload.hardware
    # The limits are 400 and 700 W.
    assert one.mean_accelerator_power_w == pytest.approx(525.0)
    assert (one.mean_accelerator_power_low_w, one.mean_accelerator_power_high_w) == pytest.approx((472.5, 630.0))


def test_runs_give_the_next_estimate_their_range_and_one_run_gives_none() -> None:
    name = "nvidia-h100-sxm5-80gb"
    several = calibration(
        hardware=name,
        observations=[Observation(24.55402989967149 + w, 1.0) for w in (0.0, 10.0, 30.0)],
        measured_on="desk",
    )
    told = several.applied_to(Workload(duration_h=1.0)).hardware
    # The mean of 24.554, 34.554 and 54.554 W.
    assert told.mean_accelerator_power_w == 37.8874
    assert (told.mean_accelerator_power_low_w, told.mean_accelerator_power_high_w) == (24.554, 54.554)
    draw = known(footprint_of({"hardware": told.model_dump(), "duration_h": 1.0}), "mean_accelerator_power_w")
    assert (draw.low, draw.value, draw.high) == (24.554, 37.8874, 54.554)
    assert draw.note.endswith("The range came with it.")

    alone = calibration(hardware=name, observations=[Observation(300.0, 1.0, low_w=100.0, high_w=600.0)])
    assert alone.range_w is None
    inputs = alone.applied_to(Workload(duration_h=1.0)).hardware.model_copy(update={"measured_on": "desk"})
    draw = known(footprint_of({"hardware": inputs.model_dump(), "duration_h": 1.0}), "mean_accelerator_power_w")
    assert (draw.low, draw.high) == pytest.approx((270.0, 330.0))
    assert "No range came with it" in draw.note


def test_runs_that_agree_better_than_a_meter_can_tell_have_the_range_of_the_meter() -> None:
    runs = [Observation(power_w, 1.0) for power_w in (299.0, 300.0, 301.0)]
    assert calibration(hardware="x", observations=runs).range_w == pytest.approx((285.0, 315.0))
    apart = [Observation(power_w, 1.0) for power_w in (200.0, 300.0, 301.0)]
    mean_w = 801.0 / 3.0
    assert calibration(hardware="x", observations=apart).range_w == pytest.approx((200.0, max(301.0, mean_w * 1.05)))


def test_a_device_that_the_catalogue_does_not_know_keeps_the_name_that_the_estimate_gives() -> None:
    runs = [Observation(90.0, 1.0)]
    named = Workload(duration_h=1.0, hardware=Hardware(cpu="amd-epyc-7742", accelerator="nvidia-v100-sxm2-16gb"))
    of_cpu = calibration(hardware=None, observations=runs, kind="cpu").applied_to(named).hardware
    assert (of_cpu.cpu, of_cpu.mean_cpu_power_w, of_cpu.accelerator) == ("amd-epyc-7742", 90.0, None)
    of_card = calibration(hardware=None, observations=runs).applied_to(named).hardware
    assert (of_card.accelerator, of_card.mean_accelerator_power_w) == ("nvidia-v100-sxm2-16gb", 90.0)


def test_the_range_of_processors_is_that_of_all_of_them() -> None:
    found = calibration(
        hardware="amd-epyc-7742",
        kind="cpu",
        observations=[Observation(100.0, 1.0, devices_count=2), Observation(120.0, 1.0)],
    )
    told = found.applied_to(Workload()).hardware
    assert (told.cpu_count, told.mean_cpu_power_w) == (2, 220.0)
    assert (told.mean_cpu_power_low_w, told.mean_cpu_power_high_w) == (200.0, 240.0)
    assert Hardware.model_validate(told.model_dump()) == told
