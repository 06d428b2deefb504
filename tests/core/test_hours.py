"""The grid hour by hour: a flat one changes nothing, whole days are the average, and known answers by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from estimator.core.footprint import Footprint
from estimator.core.hours import hours_ratio
from estimator.core.inputs import Workload
from tests.core.levers_cases import BY_DEVICES, BY_OPERATIONS, SERVED, footprint, saving

#: Sixteen hours of 500 g and, from eight in the morning, eight of 200 g: 400 g on average.
DAY = [500.0] * 8 + [200.0] * 8 + [500.0] * 8


def with_hours(start_hour: int = 0, *, hours: Any = DAY, **fields: Any) -> Footprint:
    profile = {"hourly_intensity_gco2e_per_kwh": hours, "start_hour": start_hour}
    return footprint({**BY_DEVICES, "hourly_profile": profile, **fields}, draws_count=0)


def operational_kgco2e(found: Footprint) -> float:
    return found.result.operational_location_based_kgco2e.central


def test_the_run_counts_the_hours_that_it_covers() -> None:
    night, noon, both = (with_hours(start, duration_h=4.0) for start in (0, 8, 6))
    facility_kwh = night.result.facility_energy_kwh.central
    assert operational_kgco2e(night) == pytest.approx(facility_kwh * 0.5, rel=1e-12)
    assert operational_kgco2e(noon) == pytest.approx(facility_kwh * 0.2, rel=1e-12)
    assert operational_kgco2e(both) == pytest.approx(facility_kwh * 0.35, rel=1e-12)
    ratio = next(step for step in both.steps if step.name == "hours_ratio")
    assert ratio.substituted == "hourly_mean(6, 6 + 4) ÷ 400" and ratio.value == pytest.approx(0.875)


def test_a_given_intensity_is_shaped_by_the_hours() -> None:
    found = with_hours(8, duration_h=8.0, grid_intensity_gco2e_per_kwh=100.0)
    assert operational_kgco2e(found) == pytest.approx(found.result.facility_energy_kwh.central * 0.05, rel=1e-12)


def test_hours_that_follow_from_the_operations_count() -> None:
    profile = {"hourly_intensity_gco2e_per_kwh": DAY}
    found = footprint({**BY_OPERATIONS, "hourly_profile": profile}, draws_count=200)
    assert "hours_ratio" in {step.name for step in found.steps}


def test_accelerator_hours_tell_the_hours_by_the_clock() -> None:
    hardware = {"accelerator": "a100", "accelerator_count": 4}
    found = with_hours(8, hardware=hardware, accelerator_hours=32.0, duration_h=None)
    assert operational_kgco2e(found) == pytest.approx(found.result.facility_energy_kwh.central * 0.2, rel=1e-12)


def test_a_service_without_hours_counts_the_average_and_says_so() -> None:
    found = footprint({**SERVED, "hourly_profile": {"hourly_intensity_gco2e_per_kwh": DAY}}, draws_count=0)
    assert operational_kgco2e(found) == pytest.approx(found.result.facility_energy_kwh.central * 0.4, rel=1e-12)
    assert "hourly_profile_unused" in {warning.code for warning in found.warnings}


@given(st.integers(0, 8783), st.floats(0.01, 1e5), st.floats(1.0, 2000.0))
def test_a_flat_grid_changes_nothing(start_hour: int, duration_h: float, intensity: float) -> None:
    ratio = hours_ratio(
        duration_h=duration_h, start_hour=float(start_hour), hourly_intensity_gco2e_per_kwh=[intensity] * 24
    )
    assert ratio == pytest.approx(1.0, rel=1e-7)


@given(st.integers(0, 23), st.integers(1, 400), st.lists(st.floats(0.0, 2000.0), min_size=24, max_size=24))
def test_whole_days_are_the_average(start_hour: int, days_count: int, hours: list[float]) -> None:
    ratio = hours_ratio(
        duration_h=24.0 * days_count, start_hour=float(start_hour), hourly_intensity_gco2e_per_kwh=hours
    )
    assert ratio == pytest.approx(1.0, rel=1e-7)


def test_arrays_are_as_their_numbers() -> None:
    durations_h = np.array([0.5, 7.25, 30.0])
    together = hours_ratio(duration_h=durations_h, start_hour=5.0, hourly_intensity_gco2e_per_kwh=DAY)
    alone = [
        hours_ratio(duration_h=float(one), start_hour=5.0, hourly_intensity_gco2e_per_kwh=DAY) for one in durations_h
    ]
    assert np.asarray(together).tolist() == pytest.approx(alone, rel=1e-14)


def test_the_lever_moves_the_run_within_its_own_hours() -> None:
    profile = {"hourly_intensity_gco2e_per_kwh": DAY, "start_hour": 4}
    body = {**BY_DEVICES, "duration_h": 4.0, "hourly_profile": profile, "embodied": {"include": False}}
    saved = saving(body, {"lever": "time_shift", "window_h": 12.0}, draws_count=0)
    assert saved.saving_share.central == pytest.approx(0.6, rel=1e-12)


@pytest.mark.parametrize(
    "profile",
    [
        {"hourly_intensity_gco2e_per_kwh": [1.0] * 23},
        {"hourly_intensity_gco2e_per_kwh": [-1.0] * 24},
        {"hourly_intensity_gco2e_per_kwh": [1.0] * 8785},
        {"hourly_intensity_gco2e_per_kwh": DAY, "start_hour": -1},
        {"hourly_intensity_gco2e_per_kwh": DAY, "start_hour": 1.5},
    ],
)
def test_bounds(profile: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Workload.model_validate({"hourly_profile": profile})
