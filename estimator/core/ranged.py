"""Values that may bring a range of their own, as a measurement does, and what becomes of it when the value changes."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

#: Field of a value -> fields of its 5th and 95th percentile, in its unit.
RANGES: Final[Mapping[str, tuple[str, str]]] = {
    "it_energy_kwh": ("it_energy_low_kwh", "it_energy_high_kwh"),
    "mean_accelerator_power_w": ("mean_accelerator_power_low_w", "mean_accelerator_power_high_w"),
    "mean_cpu_power_w": ("mean_cpu_power_low_w", "mean_cpu_power_high_w"),
}
#: What else is said of a value, and falls with it.
_SAID: Final[Mapping[str, Mapping[str, Any]]] = {
    "it_energy_kwh": {"it_energy_quality": None, "it_energy_covers": "servers"},
}
_DIGITS: Final = 6


def own_range(part: BaseModel, name: str) -> tuple[float, float] | None:
    """The 5th and 95th percentile that were given with a value; None where none were."""
    low, high = (getattr(part, side) for side in RANGES[name])
    return None if low is None or high is None else (low, high)


def check_ranges(part: BaseModel, *names: str) -> None:
    """
    Refuse a range that is half given, that lacks its value, or that does not hold it.

    Parameters
    ----------
    part : BaseModel
        What holds values and ranges.
    *names : str
        Fields of the values.

    Raises
    ------
    PydanticCustomError
        Which names the field and the remedy.
    """
    for name in names:
        sides = RANGES[name]
        value, low, high = (getattr(part, field) for field in (name, *sides))
        if low is None and high is None:
            continue
        if value is None or low is None or high is None:
            missing = next(field for field in (name, *sides) if getattr(part, field) is None)
            raise PydanticCustomError(
                "range_incomplete",
                "a range needs both of its ends and the value itself; give all three, or leave the range empty",
                {"field": missing},
            )
        if not low <= value <= high:
            raise PydanticCustomError(
                "range_beside_value",
                "the value must lie within its range; correct the range, or leave both of its ends empty",
                {"field": sides[0] if low > value else sides[1]},
            )


def with_range(name: str, value: float | None, around: tuple[float, float] | None = None) -> dict[str, Any]:
    """Another value, and its range in place of the one before; without a value also without what was said of it."""
    low, high = (None, None) if value is None or around is None else around
    told: dict[str, Any] = dict(zip((name, *RANGES[name]), (value, low, high), strict=True))
    return told if value is not None else told | dict(_SAID.get(name, {}))


def scaled(part: BaseModel, name: str, by: float) -> dict[str, Any]:
    """The value times a number, and its range with it; nothing where there is no value."""
    value = getattr(part, name)
    if value is None:
        return {}
    if name not in RANGES:
        return {name: value * by}
    around = own_range(part, name)
    return with_range(name, value * by, around and (around[0] * by, around[1] * by))


def significant(value: float, digits: int = _DIGITS) -> float:
    """
    A measured value with as many digits as it is worth.

    Examples
    --------
    >>> significant(24.55402989967149)
    24.554
    """
    return float(f"{value:.{digits}g}")
