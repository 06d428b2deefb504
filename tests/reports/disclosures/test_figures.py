"""Roundings, by hand."""

import doctest

import pytest

from estimator.core.footprint import Range
from reports.disclosures import figures


def test_examples_hold() -> None:
    assert doctest.testmod(figures).failed == 0


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1.638, 2, "1.6"),
        (2.0, 2, "2.0"),
        (945.23, 2, "950"),
        (0.0140085, 2, "0.014"),
        (99.96, 3, "100"),
        (0.99996, 2, "1.0"),
        (0.0, 2, "0"),
    ],
)
def test_significant_digits_are_kept(value: float, digits: int, text: str) -> None:
    assert figures.significant(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(409_505.0, "409505"), (24.7e6, "24700000"), (1e-7, "0.0000001"), (0.125, "0.125"), (1e21, "1" + "0" * 21)],
)
def test_plain_decimals_have_no_exponent(value: float, text: str) -> None:
    assert figures.plain(value) == text


def test_units_fit() -> None:
    assert [figures.mass(value) for value in (0.0421, 650.36, 9_999.0, 508_684.9, 0.0)] == [
        *("42.1 g CO2e", "650 kg CO2e", "9,999 kg CO2e", "509 t CO2e", "0 kg CO2e"),
    ]
    assert [figures.energy(value) for value in (1.1e-4, 1503.02, 1.32e6)] == ["0.11 Wh", "1,503 kWh", "1,320 MWh"]
    assert figures.mass_range(Range(low=1.0, central=1.0, high=1.0)) == "1 kg CO2e"
    assert figures.order_of_magnitude(9.96e22) == "10^22"
