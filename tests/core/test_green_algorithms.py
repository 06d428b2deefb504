"""The method of cores and memory, against the vectors of its own tool."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core.green_algorithms import cores_and_memory_energy_kwh, cores_and_memory_power_w

POSITIVE = st.floats(min_value=0.1, max_value=1e4)


def test_default_form() -> None:
    # 12 h x (12 x 7.5 W + 64 GB x 0.3725 W) x 1.67 = 2.28135 kWh.
    energy_kwh = cores_and_memory_energy_kwh(duration_h=12, core_count=12, core_power_w=7.5, memory_gb=64, pue=1.67)
    assert energy_kwh == pytest.approx(2.2813536)


def test_one_v100_for_a_day() -> None:
    # 24 h x (300 W + 23.84 W) x 1.67 = 12.9795 kWh.
    energy_kwh = cores_and_memory_energy_kwh(duration_h=24, core_count=1, core_power_w=300, memory_gb=64, pue=1.67)
    assert energy_kwh == pytest.approx(12.9795072)


def test_usage_lowers_the_cores_and_not_the_memory() -> None:
    assert cores_and_memory_power_w(core_count=10, core_power_w=10, memory_gb=100, usage_factor=0.0) == 37.25
    assert cores_and_memory_power_w(core_count=10, core_power_w=10, memory_gb=100, usage_factor=0.5) == 87.25


@given(hours=POSITIVE, cores=POSITIVE, watts=POSITIVE, memory=POSITIVE, repeats=st.integers(1, 100))
def test_repeats_multiply(hours: float, cores: float, watts: float, memory: float, repeats: int) -> None:
    one = cores_and_memory_energy_kwh(duration_h=hours, core_count=cores, core_power_w=watts, memory_gb=memory)
    all_runs = cores_and_memory_energy_kwh(
        duration_h=hours, core_count=cores, core_power_w=watts, memory_gb=memory, repeat_count=repeats
    )
    assert all_runs == pytest.approx(one * repeats)


def test_arrays_equal_numbers() -> None:
    hours = np.array([1.0, 2.0, 30.0])
    array = cores_and_memory_energy_kwh(duration_h=hours, core_count=4, core_power_w=10.0, memory_gb=16.0)
    numbers = [
        cores_and_memory_energy_kwh(duration_h=float(hour), core_count=4, core_power_w=10.0, memory_gb=16.0)
        for hour in hours
    ]
    assert np.asarray(array) == pytest.approx(np.asarray(numbers))
