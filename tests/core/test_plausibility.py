"""Each warning where it belongs, with its remedy, and none where all is plausible."""

from typing import Any

import pytest

from estimator.core.estimate import estimate
from estimator.core.footprint import Warning
from estimator.core.inputs import Hardware
from estimator.core.plausibility import plausibility_warnings
from tests.core.builders import EIGHT, EIGHT_RUN, factors, workload


def found(tdp_w: float | None = 400.0, **fields: Any) -> tuple[Warning, ...]:
    return plausibility_warnings(workload=workload(**fields), factors=factors(tdp_w=tdp_w, **EIGHT))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"pue": 1.0},
        {"pue": 1.58, "grid_intensity_gco2e_per_kwh": 432.7},
        {"grid_intensity_gco2e_per_kwh": 0.0},
        {"duration_h": 0.01},
        {"duration_h": 50_000.0},
        {"hardware": {"utilisation": 1.0, "mean_accelerator_power_w": 400.0}},
        {"hardware": {"mean_accelerator_power_w": 20.0}},
        {"hardware": {"accelerator_count": 8, "mean_system_power_w": 160.0}},
        {"hardware": {"accelerator_count": 8, "mean_system_power_w": 9600.0}},
        {"hardware": {"accelerator_count": 8}, "duration_h": 100.0, "accelerator_hours": 840.0},
        {"hardware": {"accelerator_count": 8}, "accelerator_hours": 1.0},
    ],
)
def test_plausible_inputs_are_left_in_peace(fields: dict[str, Any]) -> None:
    assert found(**fields) == ()


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"pue": 0.99}, "pue_below_1", "pue"),
        ({"pue": 3.01}, "pue_above_3", "pue"),
        ({"grid_intensity_gco2e_per_kwh": 0.4327}, "grid_intensity_in_kg", "grid_intensity_gco2e_per_kwh"),
        ({"duration_h": 50_001.0}, "duration_too_long", "duration_h"),
        ({"duration_h": 0.0099}, "duration_too_short", "duration_h"),
        ({"hardware": {"utilisation": 1.01}}, "utilisation_above_1", "hardware.utilisation"),
        (
            {"hardware": {"mean_accelerator_power_w": 401.0}},
            "power_above_limit",
            "hardware.mean_accelerator_power_w",
        ),
        ({"hardware": {"mean_accelerator_power_w": 0.4}}, "power_below_idle", "hardware.mean_accelerator_power_w"),
        (
            {"hardware": {"accelerator_count": 8, "mean_system_power_w": 159.0}},
            "system_power_below_idle",
            "hardware.mean_system_power_w",
        ),
        (
            {"hardware": {"accelerator_count": 8, "mean_system_power_w": 9601.0}},
            "system_power_above_limit",
            "hardware.mean_system_power_w",
        ),
        (
            {"hardware": {"accelerator_count": 8}, "duration_h": 100.0, "accelerator_hours": 841.0},
            "accelerator_hours_inconsistent",
            "accelerator_hours",
        ),
        (
            {"hardware": {"accelerator_count": 8}, "duration_h": 100.0, "accelerator_hours": 100.0},
            "accelerator_hours_inconsistent",
            "accelerator_hours",
        ),
    ],
)
def test_each_warning(fields: dict[str, Any], code: str, path: str) -> None:
    (warning,) = found(**fields)
    assert (warning.code, warning.field) == (code, path)
    # Every place of the template has its value, and the text ends in what to do.
    text = warning.message % warning.text_params
    assert "%(" not in text
    assert text.endswith(".")


def test_without_a_known_board_its_limit_is_not_judged() -> None:
    assert found(tdp_w=None, hardware={"mean_accelerator_power_w": 5000.0, "mean_system_power_w": 1.0}) == ()


def test_all_warnings_come_at_once_and_reach_the_footprint() -> None:
    hardware = Hardware(accelerator_count=8, utilisation=1.5, mean_accelerator_power_w=500.0)
    asked = workload(**{**EIGHT_RUN, "hardware": hardware, "pue": 0.5})
    codes = [warning.code for warning in estimate(asked, factors(tdp_w=400.0, **EIGHT)).warnings]
    assert codes == ["pue_below_1", "utilisation_above_1", "power_above_limit", "embodied_unknown"]
