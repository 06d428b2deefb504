"""
What explains the difference between two runs: one part for each quantity that changed, and nothing left over.

Emissions are products: work, time for it, draw, overhead and grid for the electricity; work, time and making for the
devices. The logarithmic mean Divisia index splits the change of a product among its factors without a remainder and
whatever their order, so that no factor is favoured for being named first.
"""

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeVar

from estimator.core.footprint import Quantities, Result, gettext_noop

PartName = Literal[
    "work", "accelerator_time", "mean_draw", "device_energy", "pue", "grid_intensity", "embodied_rate", "embodied"
]
#: Part -> what it is called, and the unit of its values.
PARTS: Final[dict[PartName, tuple[str, str]]] = {
    "work": (gettext_noop("Work: requests or operations"), "1"),
    "accelerator_time": (gettext_noop("Accelerator time for the work"), "h"),
    "mean_draw": (gettext_noop("Server draw per accelerator"), "W"),
    "device_energy": (gettext_noop("Energy of the devices"), "kWh"),
    "pue": (gettext_noop("Overhead of the facility (PUE)"), "1"),
    "grid_intensity": (gettext_noop("Carbon intensity of the grids"), "gCO2e/kWh"),
    "embodied_rate": (gettext_noop("Hardware making per hour"), "kgCO2e"),
    "embodied": (gettext_noop("Making of the hardware"), "kgCO2e"),
}

NameT = TypeVar("NameT", bound=str)


class Part(Result):
    """What one quantity adds to the difference between two runs; negative where it makes the second one smaller."""

    name: PartName
    label: str  #: English template for people
    before: float
    after: float
    unit: str  #: of before and after
    difference_kgco2e: float


#: Two numbers nearer than this differ by rounding.
DUST: Final = 1e-12


def log_mean(one: float, other: float) -> float:
    r"""
    Logarithmic mean of two positive numbers.

    Parameters
    ----------
    one, other : float
        Above zero, in the same unit.

    Returns
    -------
    float
        Between the geometric and the arithmetic mean.

    Notes
    -----
    .. math:: L(a, b) = \frac{a - b}{\ln a - \ln b}, \qquad L(a, a) = a

    Examples
    --------
    >>> round(log_mean(1.0, math.e), 6)
    1.718282
    >>> log_mean(3.0, 3.0)
    3.0
    """
    distance = math.log(one) - math.log(other)
    # Where both are nearly equal the quotient loses its digits, and the mean is their middle.
    return (one - other) / distance if abs(distance) > 1e-9 else (one + other) / 2.0


def product_parts(before: Mapping[NameT, float], after: Mapping[NameT, float]) -> dict[NameT, float]:
    r"""
    The change of a product, split among its factors.

    Parameters
    ----------
    before, after : mapping of str to float
        The factors by name; none negative.

    Returns
    -------
    dict
        What each factor adds. The parts sum to the product of `after` minus that of `before`.

    Notes
    -----
    .. math:: \Delta_x = L(P_1, P_0) \, \ln \frac{x_1}{x_0}

    A factor that comes from zero or goes there makes the whole change, which is the limit of the formula; several
    share it evenly.

    References
    ----------
    .. [1] Ang, The LMDI approach to decomposition analysis: a practical guide, Energy Policy 33(7), 2005, 867-871.

    Examples
    --------
    >>> parts = product_parts({"energy": 10.0, "intensity": 0.4}, {"energy": 5.0, "intensity": 0.1})
    >>> {name: round(part, 4) for name, part in parts.items()}, round(sum(parts.values()), 12)
    ({'energy': -1.1667, 'intensity': -2.3333}, -3.5)
    >>> product_parts({"energy": 10.0, "intensity": 0.4}, {"energy": 5.0, "intensity": 0.0})
    {'energy': 0.0, 'intensity': -4.0}
    """
    first, second = math.prod(before.values()), math.prod(after.values())
    whole = second - first
    if first == 0.0 or second == 0.0:
        vanishing = [name for name in before if (before[name] == 0.0) != (after[name] == 0.0)]
        # Numbers so small that their product is none: whatever changed has its share.
        moved = vanishing or [name for name in before if before[name] != after[name]] or list(before)
        return {name: whole / len(moved) if name in moved else 0.0 for name in before}
    mean = log_mean(second, first)
    parts = {name: mean * _log_ratio(after[name], before[name]) for name in before}
    # What rounding leaves goes to the largest part, so that the sum is exact.
    largest = max(parts, key=lambda name: abs(parts[name]))
    parts[largest] += whole - math.fsum(parts.values())
    return parts


def _log_ratio(one: float, other: float) -> float:
    """A factor that was itself divided out of others is the same up to the dust of that division."""
    return 0.0 if math.isclose(one, other, rel_tol=DUST) else math.log(one) - math.log(other)


def parts_of_difference(
    before: Quantities, after: Quantities, *, work_before: float | None = None, work_after: float | None = None
) -> tuple[Part, ...]:
    """
    What explains the difference between the totals of two runs, by central values.

    Parameters
    ----------
    before, after : Quantities
        The two results.
    work_before, work_after : float, optional
        Requests or operations of each, where both are counted in the same. [1]

    Returns
    -------
    tuple of Part
        Those that change anything, in the order of the calculation. They sum to the total after minus that before.
    """
    work = (work_before, work_after) if work_before and work_after else (1.0, 1.0)
    hours = _positive(before.accelerator_hours), _positive(after.accelerator_hours)
    by_hours = hours[0] is not None and hours[1] is not None
    pairs = tuple(zip((before, after), work, hours, strict=True))
    values = tuple(
        _values(result, work=done, accelerator_hours=taken if by_hours else None) for result, done, taken in pairs
    )
    if not all(map(math.isfinite, (number for one in values for number in one.values()))):
        # Energies over hours that are nothing to speak of: what an hour takes says nothing.
        by_hours = False
        values = tuple(_values(result, work=done, accelerator_hours=None) for result, done, _taken in pairs)
    found: dict[PartName, float] = {}
    for chain in _chains(by_hours=by_hours, is_made=all(one.get("embodied_rate", 0.0) > 0.0 for one in values)):
        first, second = ({name: one[name] for name in chain} for one in values)
        for name, part_kgco2e in product_parts(first, second).items():
            found[name] = found.get(name, 0.0) + part_kgco2e
    shown = [_shown(one, work=one_work) for one, one_work in zip(values, work, strict=True)]
    return tuple(
        Part(
            name=name,
            label=PARTS[name][0],
            before=shown[0][name],
            after=shown[1][name],
            unit=PARTS[name][1],
            difference_kgco2e=found[name],
        )
        for name in PARTS
        if found.get(name, 0.0) != 0.0
    )


def _positive(hours: object) -> float | None:
    central = getattr(hours, "central", None)
    return central if central else None


def _chains(*, by_hours: bool, is_made: bool) -> tuple[tuple[PartName, ...], ...]:
    """The two products: of the electricity and of the devices."""
    if not by_hours:
        return ("work", "device_energy", "pue", "grid_intensity"), ("embodied",)
    of_electricity: tuple[PartName, ...] = ("work", "accelerator_time", "mean_draw", "pue", "grid_intensity")
    return of_electricity, ("work", "accelerator_time", "embodied_rate") if is_made else ("embodied",)


def _values(result: Quantities, *, work: float, accelerator_hours: float | None) -> dict[PartName, float]:
    """Every factor, in units whose products are kilograms."""
    it_kwh, facility_kwh = result.it_energy_kwh.central, result.facility_energy_kwh.central
    operational = result.operational_location_based_kgco2e.central
    embodied = result.embodied_share_kgco2e.central if result.embodied_share_kgco2e is not None else 0.0
    values: dict[PartName, float] = {
        "work": work,
        "pue": facility_kwh / it_kwh if it_kwh else 0.0,
        "grid_intensity": operational / facility_kwh if facility_kwh else 0.0,
        "embodied": embodied,
    }
    if accelerator_hours is None:
        return values | {"device_energy": it_kwh / work}
    return values | {
        "accelerator_time": accelerator_hours / work,
        "mean_draw": it_kwh / accelerator_hours,
        "embodied_rate": embodied / accelerator_hours,
    }


def _shown(values: Mapping[PartName, float], *, work: float) -> dict[PartName, float]:
    """The same in the units that people read: hours and energies of all the work, watts and grams."""
    scales: dict[PartName, float] = {
        "accelerator_time": work, "device_energy": work, "mean_draw": 1000.0, "grid_intensity": 1000.0
    }  # fmt: skip
    return {name: value * scales.get(name, 1.0) for name, value in values.items()}
