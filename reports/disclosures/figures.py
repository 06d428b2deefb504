"""Numbers as the rules of the formats ask for them: English digits, so many significant ones, nothing stripped."""

import math
from decimal import Decimal
from typing import Final

from estimator.core.footprint import Range

#: Factors to the base unit, largest first, and what the units are called.
Ladder = tuple[tuple[float, str], ...]
MASS_LADDER: Final[Ladder] = ((1e9, "Mt CO2e"), (1e6, "kt CO2e"), (1e3, "t CO2e"), (1.0, "kg CO2e"), (1e-3, "g CO2e"))
#: Beyond it binary numbers are not exact to the unit.
LARGEST_WHOLE: Final = 2**53
ENERGY_LADDER: Final[Ladder] = ((1e9, "TWh"), (1e6, "GWh"), (1e3, "MWh"), (1.0, "kWh"), (1e-3, "Wh"))


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
    """Emissions with their range: `650 kg CO2e (558 to 747 kg CO2e)`."""
    return mass(amount.central) + _between(mass_span(amount))


def energy_range(amount: Range) -> str:
    """Energy with its range."""
    return energy(amount.central) + _between(energy_span(amount))


def mass_span(amount: Range) -> str:
    """
    The range of emissions in the unit of the central value, said once; empty where there is no range.

    Examples
    --------
    >>> mass_span(Range(low=0.292, central=0.581, high=1.05))
    '292 to 1,050 g CO2e'
    """
    return _span(amount, MASS_LADDER)


def energy_span(amount: Range) -> str:
    """The range of an energy in the unit of the central value."""
    return _span(amount, ENERGY_LADDER)


def exact(value: float) -> float | int:
    """Full precision without the dust of binary arithmetic: twelve digits, far beyond what any input has."""
    kept = float(f"{value:.12g}")
    return int(kept) if kept.is_integer() and abs(kept) < LARGEST_WHOLE else kept


def plain(value: float) -> str:
    """Full precision as a plain decimal: never an exponent, a separator or a unit."""
    text = f"{Decimal(f'{value:.12g}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _between(span: str) -> str:
    return f" ({span})" if span else ""


def _span(amount: Range, ladder: Ladder) -> str:
    if amount.high <= amount.low:
        return ""
    factor, unit = _rung(amount.central, ladder)
    return f"{number(amount.low / factor)} to {number(amount.high / factor)} {unit}"


def _laddered(value: float, ladder: Ladder) -> str:
    factor, unit = _rung(value, ladder)
    return f"{number(value / factor)} {unit}"


def _rung(value: float, ladder: Ladder) -> tuple[float, str]:
    # The larger unit takes over at ten thousand of the smaller one, as on the pages.
    fitting = (rung for rung in ladder if abs(value) >= (rung[0] if rung[0] <= 1.0 else 10 * rung[0]))
    return next(fitting, ladder[-1]) if value else next(rung for rung in ladder if rung[0] == 1.0)
