"""
The axes of a search: each lever with its settings, and what each setting makes of each run that it can meet.

A lever sees the run that those before it left, and nothing else of their settings. So it is applied once to each
distinct run, whatever number of combinations leads there; levers that only bring a factor leave the run the same.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from estimator.core.factors import Factors
from estimator.core.footprint import Footprint
from estimator.core.inputs import InputProblem, InputProblems, Workload
from estimator.core.levers.plan import Knowledge, LeverProblem, Plan, SizeClass
from estimator.core.levers.registry import LEVERS, applied
from estimator.core.levers.settings import Lever
from estimator.core.planner.request import MOST_STATES, too_many
from estimator.core.uncertainty import Array

Indices = npt.NDArray[np.intp]
#: What a factor acts on, which of its lever's numbers it is, and how.
FactorKey = tuple[str, str, Literal["times", "plus"]]
#: Levers that change the place of a run, and nothing of its machines.
PLACE_LEVERS: Final = ("region", "pue")
DEAD: Final = -1


@dataclass(frozen=True, slots=True)
class Lookups:
    """What a search asks of the catalogue."""

    knowledge: Knowledge
    factors_of: Callable[[Workload], Factors]
    #: What of its machines the facility of a run depends on, where its place says nothing: a desk, or none.
    facility_kind: Callable[[Workload], str]
    #: Points of risk of an effect on quality, for a size of model.
    risk_of: Callable[[str, SizeClass], int]
    #: What the accelerator or the place of a lever is called.
    name_of: Callable[[Lever], str]
    #: The run with its levers, as any other estimate.
    footprint_of: Callable[[Workload], Footprint]


@dataclass(frozen=True, slots=True)
class Axis:
    """One lever and its settings; the first is to leave it."""

    lever: str
    settings: tuple[Lever | None, ...]


def axes_of(choices: Sequence[Lever]) -> tuple[Axis, ...]:
    """
    Settings by lever, in the order in which levers act.

    Examples
    --------
    >>> from estimator.core.levers.settings import BetterPue, PowerCap
    >>> caps = [PowerCap(lever="power_cap", power_cap_share=share) for share in (0.8, 0.6, 0.8)]
    >>> [(axis.lever, len(axis.settings)) for axis in axes_of([BetterPue(lever="pue", pue=1.1), *caps])]
    [('power_cap', 3), ('pue', 2)]
    """
    settings: dict[str, dict[Lever, None]] = {}
    for choice in choices:
        settings.setdefault(choice.lever, {})[choice] = None
    return tuple(Axis(name, (None, *settings[name])) for name in LEVERS if name in settings)


@dataclass(slots=True)
class _Table:
    """What each setting of an axis makes of each run: the last row is for runs that cannot be computed."""

    state: Indices
    risk: npt.NDArray[np.int16]
    factors: dict[FactorKey, Array] = field(default_factory=dict)


class Chain:
    """
    Axes in their order, and the runs that their settings lead to.

    Parameters
    ----------
    workload : Workload
        The run as it is.
    axes : sequence of Axis
        In the order in which they act.
    lookups : Lookups
        The catalogue.

    Raises
    ------
    InputProblems
        If there are too many distinct runs.
    """

    def __init__(self, workload: Workload, axes: Sequence[Axis], lookups: Lookups) -> None:
        self.axes = tuple(axes)
        self.sizes = tuple(len(axis.settings) for axis in axes)
        self.count = math.prod(self.sizes)
        #: For each axis, how many combinations of the later ones there are.
        self.strides = tuple(math.prod(self.sizes[place + 1 :]) for place in range(len(axes)))
        self.states: list[Workload] = [workload]
        #: Why a setting could not be applied to some run.
        self.problems: dict[Lever, InputProblem] = {}
        self._numbers: dict[Workload, int] = {workload: 0}
        self._lookups = lookups
        self._before: list[Indices] = []
        self._tables: list[_Table] = []
        reached = np.zeros(1, dtype=np.intp)
        for axis in self.axes:
            self._before.append(reached)
            table = self._table(axis, np.unique(reached))
            self._tables.append(table)
            reached = table.state[reached].ravel()
        self._reached = reached

    def _table(self, axis: Axis, present: Indices) -> _Table:
        # States that come while the table is filled belong to later axes: rows are those that there are now.
        rows = len(self.states) + 1
        table = _Table(
            state=np.full((rows, len(axis.settings)), DEAD, dtype=np.intp),
            risk=np.zeros((rows, len(axis.settings)), dtype=np.int16),
        )
        for state in present[present != DEAD].tolist():
            for number, setting in enumerate(axis.settings):
                if setting is None:
                    table.state[state, number] = state
                else:
                    self._apply(table, state, number, setting)
        return table

    def _apply(self, table: _Table, state: int, number: int, setting: Lever) -> None:
        workload = self.states[state]
        try:
            plan = applied(Plan(workload), setting, self._lookups.knowledge)
        except LeverProblem as problem:
            self.problems.setdefault(setting, InputProblem(problem.setting, problem.message, problem.text_params))
            return
        except InputProblems as error:
            self.problems.setdefault(setting, error.problems[0])
            return
        table.state[state, number] = self._number(plan.workload)
        size_class = self._lookups.knowledge.facts(workload).size_class
        table.risk[state, number] = max(
            (self._lookups.risk_of(effect, size_class) for effect in plan.quality_effects), default=0
        )
        numbers = {factor.name: factor.value for factor in plan.factors}
        for one in plan.adjustments:
            neutral = 1.0 if one.operation == "times" else 0.0
            key = (one.target, one.by, one.operation)
            values = table.factors.setdefault(key, np.full(table.state.shape, neutral))
            if one.operation == "times":
                values[state, number] *= numbers[one.by]
            else:
                values[state, number] += numbers[one.by] * one.scale

    def _number(self, workload: Workload) -> int:
        number = self._numbers.setdefault(workload, len(self.states))
        if number == len(self.states):
            self.states.append(workload)
            if number >= MOST_STATES:
                raise too_many(self.count, MOST_STATES)
        return number

    @cached_property
    def factor_keys(self) -> tuple[FactorKey, ...]:
        """Every factor of any setting, in the order in which they act."""
        return tuple(dict.fromkeys(key for table in self._tables for key in table.factors))

    def digits(self, combinations: Indices, axis: int) -> Indices:
        """The number of the setting of one axis in some combinations."""
        return combinations // self.strides[axis] % self.sizes[axis]

    def reached(self, combinations: Indices) -> Indices:
        """The number of the run that combinations lead to; -1 where they cannot be computed."""
        return self._reached[combinations]

    def _looked_up(self, combinations: Indices, axis: int, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        before = self._before[axis][combinations // (self.strides[axis] * self.sizes[axis])]
        return values[before, self.digits(combinations, axis)]

    def risk(self, combinations: Indices) -> npt.NDArray[np.int64]:
        """Points of risk to quality of some combinations: those of their settings together."""
        points = np.zeros(combinations.shape, dtype=np.int64)
        for axis, table in enumerate(self._tables):
            if table.risk.any():
                points += self._looked_up(combinations, axis, table.risk).astype(np.int64)
        return points

    def factor(self, key: FactorKey, combinations: Indices) -> Array:
        """One factor in some combinations; neutral where no setting brings it."""
        for axis, table in enumerate(self._tables):
            if key in table.factors:
                return self._looked_up(combinations, axis, table.factors[key]).astype(np.float64)
        raise KeyError(key)

    def settings(self, combination: int) -> tuple[Lever, ...]:
        """The levers of one combination."""
        at = np.asarray(combination, dtype=np.intp)
        chosen = (axis.settings[int(self.digits(at, place))] for place, axis in enumerate(self.axes))
        return tuple(setting for setting in chosen if setting is not None)

    def without(self, combination: int, axis: int) -> int:
        """The same combination with one axis left as it is."""
        return combination - int(self.digits(np.asarray(combination, dtype=np.intp), axis)) * self.strides[axis]

    def without_hope(
        self, alive: npt.NDArray[np.bool_], of_states: Mapping[int, InputProblem]
    ) -> Iterator[tuple[Lever, InputProblem]]:
        """Settings with which no combination lives, and the reason."""
        every = np.arange(self.count)
        for place, axis in enumerate(self.axes):
            digits = self.digits(every, place)
            for number, setting in enumerate(axis.settings):
                if setting is None or alive[digits == number].any():
                    continue
                own = self.problems.get(setting)
                state = int(self._reached[int(np.argmax(digits == number))])
                problem = own or of_states.get(state)
                if problem is not None:
                    yield setting, problem
