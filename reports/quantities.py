"""
Numbers as people read them: fitting digits, a unit that fits, the decimal sign of the language.

This is the only place where anything is rounded. Every function takes full precision and gives text.
"""

import math
import re
from typing import Final

from django.utils.formats import get_format
from django.utils.translation import gettext, ngettext

from estimator.core.footprint import Range

#: No-break space, between a number and its unit.
JOIN: Final = "\u00a0"
#: Narrow no-break space, between groups of digits where a comma is the decimal sign.
THIN: Final = "\u202f"
SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: A bigger unit takes over when the number in the smaller one would need this many.
TOO_MANY: Final = 10_000.0

#: Canonical unit -> (factor to the shown unit, shown unit), largest first.
LADDERS: Final[dict[str, tuple[tuple[float, str], ...]]] = {
    "kWh": ((1e9, "TWh"), (1e6, "GWh"), (1e3, "MWh"), (1.0, "kWh"), (1e-3, "Wh"), (1e-6, "mWh")),
    "kgCO2e": (
        (1e9, "Mt CO₂e"),
        (1e6, "kt CO₂e"),
        (1e3, "t CO₂e"),
        (1.0, "kg CO₂e"),
        (1e-3, "g CO₂e"),
        (1e-6, "mg CO₂e"),
    ),
    "L": ((1e3, "m³"), (1.0, "L"), (1e-3, "mL")),
    "W": ((1e6, "MW"), (1e3, "kW"), (1.0, "W")),
    "h": ((1.0, "h"), (1 / 60, "min"), (1 / 3600, "s")),
}
#: Canonical units that are only written better.
WRITTEN: Final = {
    "kgCO2e": "kg CO₂e",
    "gCO2e/kWh": "g CO₂e/kWh",
    "kgCO2e/kWh": "kg CO₂e/kWh",
    "1": "",
    "L/kWh": "L/kWh",
}


def number(value: float, *, digits: int = 3, keep_units: bool = False, strip: bool = False) -> str:
    """
    A number with so many significant digits.

    Parameters
    ----------
    value : float
        Any finite number.
    digits : int
        Significant digits.
    keep_units : bool
        Never round away digits before the decimal sign: 1,503 stays 1,503.
    strip : bool
        Leave out zeros at the end of the decimals.

    Returns
    -------
    str
        In the active language; powers of ten for what is very large or very small.
    """
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent >= 12 or exponent < -4:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        if strip and "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{_localised(mantissa)} × {_power_of_ten(int(power))}"
    rounded = value if keep_units and exponent >= digits else float(f"{value:.{digits - 1}e}")
    # 9.996 becomes 10.0, not 10.00
    exponent = math.floor(math.log10(abs(rounded)))
    text = f"{rounded:.{max(digits - 1 - exponent, 0)}f}"
    if strip and "." in text:
        text = text.rstrip("0").rstrip(".")
    return _localised(text)


def shown_unit(value: float, unit: str, *, too_many: float = TOO_MANY) -> tuple[float, str]:
    """The factor and the name of the unit that fits a value given in a canonical unit."""
    ladder = LADDERS.get(unit)
    if ladder is None:
        return 1.0, _written(unit, value)
    for factor, name in ladder:
        # The base unit and those below it take over at 1, those above only where the smaller one gets too long.
        if abs(value) >= (factor if factor <= 1.0 else factor * too_many / 1e3):
            return factor, name
    return (1.0, next(name for factor, name in ladder if factor == 1.0)) if value == 0 else ladder[-1]


def quantity(value: Range | float | None, unit: str) -> str:
    """The central value in a unit that fits: `1,503 kWh`."""
    if value is None:
        return "–"
    central = value.central if isinstance(value, Range) else value
    factor, name = shown_unit(central, unit)
    return _with_unit(number(central / factor, keep_units=True, strip=name == ""), name)


def spread(value: Range | None, unit: str) -> str:
    """The range in the unit of the central value: `1,320–1,690 kWh`; empty where there is none."""
    if value is None or value.high <= value.low:
        return ""
    factor, name = shown_unit(value.central, unit)
    return _with_unit(f"{number(value.low / factor)}–{number(value.high / factor)}", name)


def change(value: Range | float | None, unit: str) -> str:
    """How much is added, or taken away: `+12.0 kg CO₂e`, `−395 kg CO₂e`."""
    if value is None:
        return "–"
    central = value.central if isinstance(value, Range) else value
    return f"+{quantity(central, unit)}" if central > 0 else quantity(central, unit)


def change_spread(value: Range | None, unit: str) -> str:
    """The range of what is added, in the unit of its larger end: `−931 to +12.0 kg CO₂e`; empty where there is none."""
    if value is None or value.high <= value.low:
        return ""
    factor, name = shown_unit(max(abs(value.low), abs(value.high)), unit)
    low, high = (("+" if end > 0 else "") + number(end / factor) for end in (value.low, value.high))
    return _with_unit(gettext("%(low)s to %(high)s") % {"low": low, "high": high}, name)


def figure(value: float | None, unit: str = "1") -> str:
    """What a step of the arithmetic gives, in its own unit: `1,503.02 kWh`."""
    if value is None:
        return "–"
    return _with_unit(number(value, digits=6, strip=True), _written(unit, value))


def as_used(value: float, unit: str = "1") -> str:
    """An input as it goes into the arithmetic, in its own unit: `12,041.51 W`."""
    return _with_unit(number(value, digits=8, strip=True), _written(unit, value))


def figure_spread(value: Range, unit: str = "1") -> str:
    """The range of an input, in its own unit; empty where there is none."""
    if value.high <= value.low:
        return ""
    ends = (number(end, digits=4, strip=True) for end in (value.low, value.high))
    return _with_unit("–".join(ends), _written(unit, value.high))


def percent(share: float) -> str:
    """A share as per cent: `63 %`, `4.2 %`, `< 0.1 %`."""
    if 0 < share < 0.001:
        return f"<{JOIN}{_localised('0.1')}{JOIN}%"
    points = share * 100
    return f"{_localised(f'{points:.1f}' if 0 < points < 9.95 else f'{points:.0f}')}{JOIN}%"


def times(ratio: float) -> str:
    """A ratio: `1.2 ×`."""
    return f"{number(ratio, digits=2, keep_units=True, strip=True)}{JOIN}×"


def factor(ratio: float) -> str:
    """A factor between two figures, with the digits that tell 1.17 from 1.2: `1.17 ×`."""
    return f"{number(ratio, strip=True)}{JOIN}×"


def in_text(value: float) -> str:
    """A number within a sentence: `0.3725`, `64`, `6,400,000`."""
    return number(value, digits=4, strip=True)


def in_figures(arithmetic: str) -> str:
    """Arithmetic written with plain numbers, with those numbers in the active language."""
    return re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)(?:e([+-]?\d+))?(?![\w.])", _in_figures, arithmetic)


def _in_figures(match: re.Match[str]) -> str:
    mantissa, power = match.groups()
    return _localised(mantissa) if power is None else f"{_localised(mantissa)} × {_power_of_ten(int(power))}"


def _power_of_ten(power: int) -> str:
    return f"10{str(power).translate(SUPERSCRIPTS)}"


def unlocalised(value: float) -> str:
    """Full precision for programs, whatever the language."""
    return repr(float(value))


def tick(value: float, unit: str) -> str:
    """The label of an axis: short, without zeros at the end."""
    factor, name = shown_unit(value, unit, too_many=1e3)
    return _with_unit(number(value / factor, strip=True), name)


def _with_unit(text: str, name: str) -> str:
    return f"{text}{JOIN}{name}" if name else text


def _written(unit: str, value: float) -> str:
    if unit == "year":
        return ngettext("year", "years", 1 if value == 1 else 2)
    return WRITTEN[unit] if unit in WRITTEN else gettext(unit).replace("CO2e", "CO₂e")


def _localised(text: str) -> str:
    """Plain digits with the decimal sign and the groups of the active language."""
    decimal = str(get_format("DECIMAL_SEPARATOR"))
    whole, _, decimals = text.partition(".")
    sign, whole = ("−", whole[1:]) if whole.startswith("-") else ("", whole)
    # Where the comma is the decimal sign, groups are set off by a thin space, and only from five digits on.
    separator, shortest = (",", 4) if decimal == "." else (THIN, 5)
    if len(whole) >= shortest:
        whole = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", separator, whole)
    return sign + (whole + decimal + decimals if decimals else whole)
