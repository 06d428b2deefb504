"""Numbers as people read them, in two languages."""

import pytest
from django.utils import translation

from estimator.core.footprint import Range
from reports import quantities


def ends(low: float, central: float, high: float) -> Range:
    return Range(low=low, central=central, high=high)


def plain(text: str) -> str:
    """With ordinary spaces, to be read here."""
    return text.replace("\u00a0", " ").replace("\u202f", "_")


@pytest.mark.parametrize(
    ("value", "unit", "english", "spanish"),
    [
        (1503.0212, "kWh", "1,503 kWh", "1503 kWh"),
        (9999.4, "kWh", "9,999 kWh", "9999 kWh"),
        (12_345.0, "kWh", "12.3 MWh", "12,3 MWh"),
        (1_287_000.0, "kWh", "1,287 MWh", "1287 MWh"),
        (34_330_000.0, "kWh", "34.3 GWh", "34,3 GWh"),
        (0.5, "kWh", "500 Wh", "500 Wh"),
        (0.00004, "kWh", "40.0 mWh", "40,0 mWh"),
        (672.0, "kgCO2e", "672 kg CO₂e", "672 kg CO₂e"),
        (0.0123, "kgCO2e", "12.3 g CO₂e", "12,3 g CO₂e"),
        (552_100.0, "kgCO2e", "552 t CO₂e", "552 t CO₂e"),
        (5_600.0, "L", "5,600 L", "5600 L"),
        (0.25, "h", "15.0 min", "15,0 min"),
        (0.00417, "h", "15.0 s", "15,0 s"),
        (56_000.0, "L", "56.0 m³", "56,0 m³"),
        (0.0, "kWh", "0 kWh", "0 kWh"),
        (3.14e23, "FLOP", "3.14 × 10²³ FLOP", "3,14 × 10²³ FLOP"),
        (0.333, "1", "0.333", "0,333"),
        (9.996, "kWh", "10.0 kWh", "10,0 kWh"),
        (12_571.0, "USD", "12,571 USD", "12_571 USD"),
    ],
)
def test_a_quantity_has_a_fitting_unit_and_fitting_digits(value: float, unit: str, english: str, spanish: str) -> None:
    with translation.override("en"):
        assert plain(quantities.quantity(value, unit)) == english
    with translation.override("es"):
        assert plain(quantities.quantity(value, unit)) == spanish


def test_a_range_is_told_in_the_unit_of_its_central_value() -> None:
    with translation.override("en"):
        assert plain(quantities.spread(ends(1322.6, 1503.0, 1683.4), "kWh")) == "1,320–1,680 kWh"
        assert plain(quantities.spread(ends(900.0, 12_000.0, 30_000.0), "kWh")) == "0.900–30.0 MWh"
    with translation.override("es"):
        assert plain(quantities.spread(ends(0.53, 0.65, 0.767), "kgCO2e")) == "530–767 g CO₂e"


def test_no_range_where_there_is_none() -> None:
    assert quantities.spread(ends(5.0, 5.0, 5.0), "kWh") == ""
    assert quantities.spread(None, "kWh") == ""
    assert quantities.quantity(None, "kWh") == "–"


def test_the_arithmetic_keeps_its_digits() -> None:
    with translation.override("en"):
        assert plain(quantities.figure(1503.0212782, "kWh")) == "1,503.02 kWh"
        assert plain(quantities.as_used(12_041.51, "W")) == "12,041.51 W"
        assert plain(quantities.as_used(432.7, "gCO2e/kWh")) == "432.7 g CO₂e/kWh"
        assert quantities.in_figures("12041.51 × 79 / 1000") == "12,041.51 × 79 / 1,000"
        assert quantities.in_figures("2 × 7e+10 × 1.5e-05") == "2 × 7 × 10¹⁰ × 1.5 × 10⁻⁵"
        assert plain(quantities.figure(4.2e23, "FLOP")) == "4.2 × 10²³ FLOP"
    with translation.override("es"):
        assert plain(quantities.in_figures("12041.51 × 79 / 1000")) == "12_041,51 × 79 / 1000"
        assert plain(quantities.as_used(4.0, "year")).startswith("4 ")


@pytest.mark.parametrize(
    ("share", "text"), [(0.63, "63 %"), (0.042, "4.2 %"), (0.0004, "< 0.1 %"), (0.0, "0 %"), (1.0, "100 %")]
)
def test_shares_are_told_per_cent(share: float, text: str) -> None:
    with translation.override("en"):
        assert plain(quantities.percent(share)) == text


def test_the_value_for_programs_is_whole_and_in_no_language() -> None:
    with translation.override("es"):
        assert float(quantities.unlocalised(1503.0212782)) == 1503.0212782
