"""What differs between two footprints of the same run, quantity by quantity and input by input."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from estimator.core.footprint import Assumption, Footprint, Quantities, Range


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that differs; None where one side has it and the other has not."""

    kind: Literal["result", "assumption"]
    name: str
    unit: str  #: of an assumption; a quantity of the result carries its unit in its name
    before: Range | None
    after: Range | None

    @property
    def ratio(self) -> float | None:
        """After through before, by central values; None where there is nothing to divide by."""
        if self.before is None or self.after is None or self.before.central == 0.0:
            return None
        return self.after.central / self.before.central


def differences(before: Footprint, after: Footprint) -> tuple[Difference, ...]:
    """
    Every number of the result, and every input as it was used, that is not the same to the last digit.

    Parameters
    ----------
    before, after : Footprint
        Two footprints of the same inputs, by other tables or another version of the formulas.

    Returns
    -------
    tuple of Difference
        Quantities first, in the order of the result, then inputs by name. Empty where both are equal.
    """
    return (*_of_results(before.result, after.result), *_of_assumptions(before, after))


def _of_results(before: Quantities, after: Quantities) -> Iterator[Difference]:
    for name in Quantities.model_fields:
        if name == "functional_unit":
            continue
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            yield Difference(kind="result", name=name, unit="", before=was, after=now)
    was_unit, now_unit = before.functional_unit, after.functional_unit
    for name in ("kgco2e_per_unit", "kwh_per_unit"):
        was, now = (getattr(unit, name) if unit is not None else None for unit in (was_unit, now_unit))
        if was != now:
            yield Difference(kind="result", name=name, unit="", before=was, after=now)


def _of_assumptions(before: Footprint, after: Footprint) -> Iterator[Difference]:
    was = {one.name: one for one in before.assumptions}
    now = {one.name: one for one in after.assumptions}
    for name in sorted(was.keys() | now.keys()):
        first, second = _range(was.get(name)), _range(now.get(name))
        if first != second:
            unit = (was.get(name) or now[name]).unit
            yield Difference(kind="assumption", name=name, unit=unit, before=first, after=second)


def _range(assumption: Assumption | None) -> Range | None:
    return None if assumption is None else Range(low=assumption.low, central=assumption.value, high=assumption.high)
