"""Numbers as the rules of the formats ask for them: English digits, so many significant ones, nothing stripped."""

import math
from decimal import Decimal
from typing import Final

from estimator.core.footprint import Range

MASS_LADDER: Final = ((1e9, "Mt CO2e"), (1e6, "kt CO2e"), (1e3, "t CO2e"), (1.0, "kg CO2e"), (0.0, "g CO2e"))
ENERGY_LADDER: Final = ((1e9, "TWh"), (1e6, "GWh"), (1e3, "MWh"), (1.0, "kWh"), (0.0, "Wh"))


def significant(value: float, digits: int) -> str:
    """
    A plain decimal with so many significant digits, zeros at its end kept.

    Examples
    --------
    >>> significant(1.966, 2), significant(1638.0, 2), significant(0.00996, 2)
    ('2.0', '1600', '0.010')
    """
    if value == 0:
        return "0"
    rounded = Decimal(f"{value:.{digits - 1}e}")
    return f"{rounded:.{max(digits - 1 - rounded.adjusted(), 0)}f}"


def scientific(value: float, digits: int = 2) -> str:
    """
    A power of ten as the Model Documentation Form writes it.

    Examples
    --------
    >>> scientific(2.16e21), scientific(9.96e23), scientific(4.0)
    ('2.2x10^21', '1.0x10^24', '4.0x10^0')
    """
    if value == 0:
        return "0"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa}x10^{int(power)}"


def order_of_magnitude(value: float) -> str:
    """The exponent of the normalised value, `10^21` of 2.2x10^21."""
    return f"10^{math.floor(math.log10(value))}" if value > 0 else "0"


def number(value: float, digits: int = 3) -> str:
    """
    A number for people: thousands set off, no digit before the decimal point rounded away.

    Examples
    --------
    >>> number(1503.02), number(0.43271), number(70.0), number(8.4e23)
    ('1,503', '0.433', '70', '8.40x10^23')
    """
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e12:
        return scientific(value, digits)
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    text = significant(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: float, digits: int = 3) -> str:
    """
    A number for people that is rounded before the decimal point too.

    Examples
    --------
    >>> rounded(6_628_936.0), rounded(52.06)
    ('6,630,000', '52.1')
    """
    return number(float(f"{value:.{digits - 1}e}"), digits)


def mass(kgco2e: float) -> str:
    """Emissions in the unit that fits: `650 kg CO2e`."""
    return _laddered(kgco2e, MASS_LADDER)


def energy(kwh: float) -> str:
    """Energy in the unit that fits: `1,503 kWh`."""
    return _laddered(kwh, ENERGY_LADDER)


def mass_range(amount: Range) -> str:
    """Emissions with their range: `650 kg CO2e (558 kg CO2e to 747 kg CO2e)`."""
    return mass(amount.central) + _between(amount, mass(amount.low), mass(amount.high))


def energy_range(amount: Range) -> str:
    """Energy with its range."""
    return energy(amount.central) + _between(amount, energy(amount.low), energy(amount.high))


def exact(value: float) -> float:
    """Full precision without the dust of binary arithmetic: twelve digits, far beyond what any input has."""
    return float(f"{value:.12g}")


def plain(value: float) -> str:
    """Full precision as a plain decimal: never an exponent, a separator or a unit."""
    text = f"{Decimal(f'{value:.12g}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _between(amount: Range, low: str, high: str) -> str:
    return f" ({low} to {high})" if amount.high > amount.low else ""


def _laddered(value: float, ladder: tuple[tuple[float, str], ...]) -> str:
    # The larger unit takes over at ten thousand of the smaller one, as on the pages.
    for factor, unit in ladder:
        if factor == 0.0:
            return f"{number(value * 1e3)} {unit}"
        if abs(value) >= (factor if factor == 1.0 else 10 * factor) or (value == 0 and factor == 1.0):
            return f"{number(value / factor)} {unit}"
    raise AssertionError
