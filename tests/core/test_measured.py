"""Energy of meters, by hand and by draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core.measured import counter_energy_j, product_range, trapezoid_energy_j


@given(st.floats(0, 1e5), st.floats(0, 9e4))
def test_a_counter_that_turns_once_counts_the_same(start_j: float, used_j: float) -> None:
    shown_j = (start_j + used_j) % 1e5
    energy_j = counter_energy_j(before_j=start_j % 1e5, after_j=shown_j, wraps_at_j=1e5)
    assert energy_j == pytest.approx(used_j, abs=1e-6)


def test_a_counter_without_a_range_that_goes_back_was_reset() -> None:
    assert counter_energy_j(before_j=10.0, after_j=9.0) is None
    assert counter_energy_j(before_j=200.0, after_j=9.0, wraps_at_j=100.0) is None


def test_a_constant_power_is_power_times_time() -> None:
    assert trapezoid_energy_j(before_w=50.0, after_w=50.0, duration_s=3.0) == 150.0


def test_the_range_of_a_product_is_that_of_its_draws() -> None:
    draw = np.random.default_rng(1)
    half_width = np.log(1.25) / 1.6448536269514722
    product = 10.0 * 5.0 * np.exp(draw.normal(0, half_width, (2, 400_000)).sum(axis=0))
    low, central, high = product_range((8.0, 10.0, 12.5), (4.0, 5.0, 6.25))
    assert (low, central, high) == pytest.approx(tuple(np.percentile(product, (5, 50, 95))), rel=5e-3)


def test_a_product_with_nothing_in_it() -> None:
    assert product_range((0.0, 0.0, 0.0), (4.0, 5.0, 6.0)) == (0.0, 0.0, 0.0)
    assert product_range((0.0, 1.0, 2.0), (1.0, 1.0, 1.0))[0] == 0.0
