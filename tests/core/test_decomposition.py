"""What explains a difference sums to it, favours no factor, and survives what begins or ends at nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core.decomposition import log_mean, product_parts

amounts = st.floats(1e-6, 1e6)
factors = st.lists(st.tuples(amounts, amounts), min_size=1, max_size=5)


@given(factors)
def test_the_parts_of_a_product_sum_to_its_change(pairs: list[tuple[float, float]]) -> None:
    before = {str(place): first for place, (first, _) in enumerate(pairs)}
    after = {str(place): second for place, (_, second) in enumerate(pairs)}
    first, second = math.prod(before.values()), math.prod(after.values())
    parts = product_parts(before, after)
    assert math.fsum(parts.values()) == pytest.approx(second - first, rel=1e-12, abs=1e-12 * max(first, second))
    # Each part has the sign of what its factor does.
    for name, part in parts.items():
        if abs(part) > 1e-9 * max(first, second):
            assert (part > 0) == (after[name] > before[name])


@given(factors)
def test_the_way_back_undoes_it_and_no_order_matters(pairs: list[tuple[float, float]]) -> None:
    before = {str(place): first for place, (first, _) in enumerate(pairs)}
    after = {str(place): second for place, (_, second) in enumerate(pairs)}
    there, back = product_parts(before, after), product_parts(after, before)
    turned = product_parts(dict(reversed(before.items())), after)
    size = max(math.prod(before.values()), math.prod(after.values()))
    for name in before:
        assert there[name] == pytest.approx(-back[name], rel=1e-6, abs=1e-9 * size)
        assert there[name] == pytest.approx(turned[name], rel=1e-6, abs=1e-9 * size)


def test_a_known_answer() -> None:
    # From 10 × 2 = 20 to 5 × 8 = 40: L = 20 / ln 2, times ln(1/2) and ln 4.
    parts = product_parts({"a": 10.0, "b": 2.0}, {"a": 5.0, "b": 8.0})
    assert parts == {"a": pytest.approx(-20.0), "b": pytest.approx(40.0)}


def test_what_vanishes_makes_the_whole_change() -> None:
    assert product_parts({"a": 3.0, "b": 2.0}, {"a": 0.0, "b": 5.0}) == {"a": -6.0, "b": 0.0}
    assert product_parts({"a": 0.0, "b": 2.0}, {"a": 3.0, "b": 5.0}) == {"a": 15.0, "b": 0.0}
    assert product_parts({"a": 4.0, "b": 2.0}, {"a": 0.0, "b": 0.0}) == {"a": -4.0, "b": -4.0}
    assert product_parts({"a": 0.0, "b": 2.0}, {"a": 0.0, "b": 5.0}) == {"a": 0.0, "b": 0.0}
    # Their product is less than the smallest number, and still nothing is lost or undefined.
    assert product_parts({"a": 1e-200, "b": 1e-200}, {"a": 1.0, "b": 1.0}) == {"a": 0.5, "b": 0.5}


@given(amounts, amounts)
def test_the_logarithmic_mean_lies_between(one: float, other: float) -> None:
    mean = log_mean(one, other)
    assert math.sqrt(one * other) * (1 - 1e-9) <= mean <= (one + other) / 2 * (1 + 1e-9)


def test_dust_of_a_division_is_no_change() -> None:
    pue = 1.54
    parts = product_parts({"device_energy": 3.0, "pue": pue}, {"device_energy": 2.0, "pue": pue * (1 + 2e-16 * 4)})
    assert parts["pue"] == 0.0
    assert parts["device_energy"] == pytest.approx(-pue, rel=1e-12)
