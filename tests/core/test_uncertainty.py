"""Ranges: the percentiles of each input, streams of their own, shares of the variance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core.footprint import Range
from estimator.core.uncertainty import (
    Z95,
    assumption_draws,
    percentile_range,
    split_log_normal,
    standard_normal_draws,
    variance_contributions,
)
from estimator.core.units import Quantity
from tests.core.builders import assumption

MANY = 100_000


def test_z95_is_the_95th_percentile() -> None:
    assert 0.5 * (1.0 + math.erf(Z95 / math.sqrt(2.0))) == pytest.approx(0.95, rel=1e-14)


@pytest.mark.parametrize(
    ("low", "central", "high"),
    [
        (1.0, 2.0, 8.0),
        (350.0, 432.7, 500.0),
        (2.0, 2.0, 3.0),
        (1.0, 3.0, 3.0),
        (0.0, 1.0, 2.0),
        (0.0, 0.0, 0.5),
        (0.0, 0.5, 0.5),
        (0.0, 0.0, 0.0),
        (1e-300, 1.0, 1e300),
    ],
)
def test_percentiles_are_the_three_numbers_exactly(low: float, central: float, high: float) -> None:
    values = split_log_normal(low=low, central=central, high=high, deviates=np.array([-Z95, 0.0, Z95])).values
    assert values == pytest.approx([low, central, high], rel=1e-12, abs=0.0)


def test_drawn_percentiles_are_near_the_three_numbers() -> None:
    deviates = standard_normal_draws(1, "grid_intensity_gco2e_per_kwh", MANY)
    values = split_log_normal(low=350.0, central=430.0, high=800.0, deviates=deviates).values
    assert np.quantile(values, [0.05, 0.5, 0.95]) == pytest.approx([350.0, 430.0, 800.0], rel=0.02)


@pytest.mark.parametrize(
    ("low", "central", "high"), [(2.0, 1.0, 3.0), (1.0, 3.0, 2.0), (-1.0, 0.0, 1.0), (1.0, 2.0, math.inf)]
)
def test_a_range_out_of_order_is_refused(low: float, central: float, high: float) -> None:
    with pytest.raises(ValueError, match="a range needs"):
        split_log_normal(low=low, central=central, high=high, deviates=np.zeros(3))


def test_a_range_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="a range needs"):
        split_log_normal(low=math.nan, central=1.0, high=2.0, deviates=np.zeros(3))


@pytest.mark.parametrize(
    ("name", "triple", "lowest", "highest"),
    [
        ("utilisation", (0.6, 0.8, 0.95), 0.0, 1.0),
        ("contracted_share", (0.0, 0.7, 1.0), 0.0, 1.0),
        ("lifetime_utilisation", (0.5, 0.7, 0.9), 0.0, 1.0),
        ("pue", (1.02, 1.1, 1.2), 1.0, math.inf),
        # What the assumption itself says is kept, even where it is hard to believe.
        ("utilisation", (1.1, 1.2, 1.3), 0.0, 1.3),
        ("pue", (0.8, 0.9, 1.0), 0.8, math.inf),
    ],
)
def test_draws_keep_physical_bounds(
    name: str, triple: tuple[float, float, float], lowest: float, highest: float
) -> None:
    draws = assumption_draws(assumption=assumption(name, triple), draws_count=MANY, seed=1)
    assert draws is not None
    assert draws.values.min() >= lowest
    assert draws.values.max() <= highest


def test_what_is_certain_is_not_drawn() -> None:
    assert assumption_draws(assumption=assumption("pue", 1.58), draws_count=100, seed=1) is None
    assert assumption_draws(assumption=assumption("pue", 0.0), draws_count=100, seed=1) is None
    assert assumption_draws(assumption=assumption("pue", (1.0, 1.5, 2.0)), draws_count=0, seed=1) is None


def test_streams_are_reproducible_and_their_own() -> None:
    first = standard_normal_draws(7, "pue", 1000).copy()
    standard_normal_draws.cache_clear()
    np.testing.assert_array_equal(standard_normal_draws(7, "pue", 1000), first)
    assert abs(np.corrcoef(first, standard_normal_draws(7, "utilisation", 1000))[0, 1]) < 0.1
    assert abs(np.corrcoef(first, standard_normal_draws(8, "pue", 1000))[0, 1]) < 0.1


def test_draws_cannot_be_changed_by_whoever_holds_them() -> None:
    with pytest.raises(ValueError, match="read-only"):
        standard_normal_draws(1, "pue", 10)[0] = 0.0


# Percentiles


def test_percentiles_are_ranks() -> None:
    shuffled = np.random.default_rng(1).permutation(np.arange(1.0, 10_001.0))
    assert percentile_range(central=5000.0, drawn=shuffled) == Range(low=500.0, central=5000.0, high=9500.0)


@pytest.mark.parametrize("drawn", [np.array([3.0]), np.array([3.0, 4.0]), 2.0])
def test_a_range_holds_its_centre(drawn: Quantity) -> None:
    found = percentile_range(central=2.0, drawn=drawn)
    assert found.low <= found.central == 2.0 <= found.high


@given(st.lists(st.floats(min_value=0.0, max_value=1e12), min_size=1, max_size=50), st.floats(0.0, 1e12))
def test_a_range_is_ordered_and_among_the_draws(drawn: list[float], central: float) -> None:
    found = percentile_range(central=central, drawn=np.array(drawn))
    assert found.low <= central <= found.high
    assert {found.low, found.high} <= {*drawn, central}


# Shares of the variance


def test_shares_of_a_product_are_those_of_the_logarithms() -> None:
    x, y, z = (standard_normal_draws(1, name, MANY) for name in "xyz")
    shares = variance_contributions(total=np.exp(3.0 * x + 2.0 * y + z), scores={"z": z, "y": 2.0 * y, "x": 3.0 * x})
    assert [share.name for share in shares] == ["x", "y", "z"]
    assert [share.share_of_variance for share in shares] == pytest.approx([9 / 14, 4 / 14, 1 / 14], abs=0.01)
    assert sum(share.share_of_variance for share in shares) == pytest.approx(1.0, rel=1e-12)


def test_an_input_that_does_not_matter_is_left_out() -> None:
    x, noise = standard_normal_draws(1, "x", 200), standard_normal_draws(1, "noise", 200)
    assert [share.name for share in variance_contributions(total=np.exp(x), scores={"x": x, "noise": noise})] == ["x"]


def test_a_total_of_zeros_and_more_has_shares_too() -> None:
    x = standard_normal_draws(1, "x", 1000)
    total = np.maximum(x, 0.0)
    assert [share.name for share in variance_contributions(total=total, scores={"x": x})] == ["x"]


@pytest.mark.parametrize("total", [5.0, np.array([5.0]), np.full(10, 5.0), np.zeros(10)])
def test_a_total_without_width_has_no_shares(total: Quantity) -> None:
    assert variance_contributions(total=total, scores={"x": np.arange(float(np.size(total)))}) == ()
