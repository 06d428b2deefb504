"""The ten best: the best in each respect, and beside them others that really differ."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from estimator.core.planner.axes import Chain, Indices
from estimator.core.planner.limits import Grid, Mask, machines_and_places
from estimator.core.planner.request import OBJECTIVES, Objective
from estimator.core.planner.result import Role
from estimator.core.planner.space import Space
from estimator.core.uncertainty import Array

MOST_PLANS: Final = 10
#: Among the ten, at most so many with the same place, and with the same accelerator.
MOST_OF_PLACE: Final = 2
MOST_OF_HARDWARE: Final = 4
#: Points of the front from which others are taken.
MOST_CANDIDATES: Final = 2_000
#: Figures closer than this are the same figure.
_SAME: Final = 1e-9

_LEAST: Final[dict[Objective, Role]] = {
    "total_kgco2e": "least_kgco2e",
    "cost_usd": "least_cost",
    "duration_h": "least_time",
}


class Chooser:
    """
    Chooses among combinations that keep to every constraint.

    Parameters
    ----------
    space : Space
        The combinations.
    grid : Grid
        What they come to.
    feasible : array of bool
        Which of them may be chosen.
    rank_by : str
        What counts first.
    """

    def __init__(self, space: Space, grid: Grid, feasible: Mask, rank_by: Objective) -> None:
        self._space = space
        self._shape = feasible.shape
        self._feasible = feasible
        self._measures: dict[Objective, Array] = {
            "total_kgco2e": grid.total_kgco2e,
            "cost_usd": grid.cost_usd,
            "duration_h": grid.duration_h,
            "quality_risk": grid.quality_risk,
        }
        #: The objective that counts, then the emissions, then everything else.
        self._order = tuple(dict.fromkeys((rank_by, *OBJECTIVES)))
        machines, places = np.arange(self._shape[0]), np.arange(self._shape[1])
        self._machine_levers = _levers_count(space.machines, machines)
        self._place_levers = _levers_count(space.places, places)
        self._hardware = _digits(space.machines, machines, "hardware")
        self._place = _digits(space.places, places, "region")

    def chosen(self, front: Indices) -> dict[int, tuple[Role, ...]]:
        """
        Combinations with what they are best at, in the order of what counts.

        One that does not beat the run as it is, where this may stay, is not worth showing.
        """
        roles: dict[int, list[Role]] = {}
        for role, mask, objective in self._respects():
            best = self._best(mask, objective)
            if best is not None and self._beats_present(best, objective):
                roles.setdefault(best, []).append(role)
        self._fill(roles, front)
        order = self._ranked(np.fromiter(roles, dtype=np.intp, count=len(roles)))
        return {number: tuple(roles[number]) for number in order.tolist()[:MOST_PLANS]}

    def _respects(self) -> Iterator[tuple[Role, Mask, Objective]]:
        first, feasible = self._order[0], self._feasible
        for objective, role in _LEAST.items():
            yield role, feasible, objective
        yield "no_quality_risk", feasible & (self._measures["quality_risk"] == 0.0), first
        yield "same_place", feasible & (self._place_levers == 0), first
        yield "same_hardware", feasible & (self._hardware == 0)[:, np.newaxis], first
        count = self._machine_levers[:, np.newaxis] + self._place_levers
        yield "one_lever", feasible & (count == 1), first

    def _beats_present(self, number: int, objective: Objective) -> bool:
        numbers = np.array([number, 0])
        measure, present = self._at(objective, numbers).tolist()
        return not (self._feasible[0, 0] and measure >= present * (1.0 - _SAME))

    def _best(self, mask: Mask, objective: Objective) -> int | None:
        """The least in one objective; of equals the least in what counts, then the one with the fewest levers."""
        numbers = np.flatnonzero(mask)
        for name in dict.fromkeys((objective, *self._order)):
            measure = self._at(name, numbers)
            if np.isnan(measure).all():
                if name == objective:
                    return None
                continue
            least = float(np.nanmin(measure)) if measure.size else 0.0
            numbers = numbers[measure <= least + abs(least) * _SAME]
        return int(numbers[np.argmin(self._levers_of(numbers))]) if numbers.size else None

    def _fill(self, roles: dict[int, list[Role]], front: Indices) -> None:
        """Add others that differ: from the front, and the best of each place and each accelerator."""
        step = max(len(front) // MOST_CANDIDATES, 1)
        pool = set(front[::step].tolist())
        for keys, column in ((self._place, False), (self._hardware, True)):
            for key in np.unique(keys).tolist():
                mask = (keys == key)[:, np.newaxis] if column else keys == key
                best = self._best(self._feasible & mask, self._order[0])
                if best is not None:
                    pool.add(best)
        places, boards = Counter[int](), Counter[int]()
        for number in roles:
            places[self._place_of(number)] += 1
            boards[self._hardware_of(number)] += 1
        taken = {self._figures(number) for number in roles}
        for number in self._ranked(np.fromiter(pool, dtype=np.intp, count=len(pool))).tolist():
            if len(roles) >= MOST_PLANS:
                break
            worse = not self._beats_present(number, self._order[0])
            crowded = (
                places[self._place_of(number)] >= MOST_OF_PLACE or boards[self._hardware_of(number)] >= MOST_OF_HARDWARE
            )
            if number in roles or worse or crowded or self._figures(number) in taken:
                continue
            roles[number] = ["another"]
            taken.add(self._figures(number))
            places[self._place_of(number)] += 1
            boards[self._hardware_of(number)] += 1

    def _ranked(self, numbers: Indices) -> Indices:
        keys = [self._levers_of(numbers), *(self._at(name, numbers) for name in reversed(self._order))]
        return numbers[np.lexsort(tuple(keys))]

    def _at(self, objective: Objective, numbers: Indices) -> Array:
        rows, columns = machines_and_places(self._space, numbers)
        measure = self._measures[objective]
        at: Array = measure[rows, columns if measure.shape[1] > 1 else 0]
        return at

    def _levers_of(self, numbers: Indices | int) -> npt.NDArray[np.int64]:
        rows, columns = machines_and_places(self._space, np.asarray(numbers, dtype=np.intp))
        count: npt.NDArray[np.int64] = self._machine_levers[rows] + self._place_levers[columns]
        return count

    def _figures(self, number: int) -> tuple[float, ...]:
        """What a plan comes to, so that the same is not shown twice."""
        figures = (float(self._at(name, np.array([number]))[0]) for name in OBJECTIVES)
        return tuple(float(f"{figure:.9g}") for figure in figures)

    def _place_of(self, number: int) -> int:
        return int(self._place[number % self._shape[1]])

    def _hardware_of(self, number: int) -> int:
        return int(self._hardware[number // self._shape[1]])


def _digits(chain: Chain, numbers: Indices, lever: str) -> Indices:
    """The number of the setting of a lever; 0 where the lever is left, or is none of the axes."""
    for place, axis in enumerate(chain.axes):
        if axis.lever == lever:
            return chain.digits(numbers, place)
    return np.zeros(numbers.shape, dtype=np.intp)


def _levers_count(chain: Chain, numbers: Indices) -> npt.NDArray[np.int64]:
    count = np.zeros(numbers.shape, dtype=np.int64)
    for place in range(len(chain.axes)):
        count += chain.digits(numbers, place) > 0
    return count
