"""
The search: every combination computed, those that keep to the constraints, their front, and the best explained.

A plan's figures are those of any estimate with the same levers: the arrays go through the very formulas.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from estimator.core import ENGINE_VERSION
from estimator.core.footprint import Footprint, Range
from estimator.core.inputs import InputProblem, InputProblems, Uncertainty, Workload
from estimator.core.levers.settings import Lever
from estimator.core.planner.axes import Indices, Lookups, axes_of
from estimator.core.planner.choose import Chooser
from estimator.core.planner.front import pareto_front
from estimator.core.planner.limits import Grid, Mask, allowed, effects, judged, kept, nearest
from estimator.core.planner.request import (
    MOST_COMBINATIONS,
    OBJECTIVES,
    Objective,
    PlanRequest,
    refuse_unplannable,
    too_many,
)
from estimator.core.planner.result import BestPlan, LeftOut, Outcome, PlanResult, PlanStep, Point, Role
from estimator.core.planner.space import Space
from estimator.core.planner.words import in_words
from estimator.core.uncertainty import Array

#: Points of the front that are handed on: more cannot be told apart in a chart.
MOST_POINTS: Final = 200
#: Draws behind the ranges of the best, where the run itself asks for more.
MOST_DRAWS: Final = 2_000
#: The share of the work that is computing the combinations; the rest is choosing and explaining.
_COMPUTING: Final = 0.6


def find_best(
    workload: Workload,
    request: PlanRequest,
    *,
    choices: Sequence[Lever],
    lookups: Lookups,
    progress: Callable[[float], None] = lambda share: None,
) -> PlanResult:
    """
    Search every combination of some settings for the best.

    Parameters
    ----------
    workload : Workload
        The run as it is: names spelt out, its method chosen, without levers.
    request : PlanRequest
        Constraints, and what counts first.
    choices : sequence of Lever
        The settings to try; leaving a lever is always one more.
    lookups : Lookups
        The catalogue.
    progress : callable
        Told now and then which share of the work is done.

    Returns
    -------
    PlanResult
        With the front, up to ten plans explained, and what each constraint excludes.

    Raises
    ------
    InputProblems
        If there are too many combinations, a constraint is on what is not known, or the run cannot be computed.
    """
    check_request(request, choices=choices, lookups=lookups)
    constraints = request.constraints
    limits = _limits(request, lookups)
    space, left_out = _space(workload, choices, lookups, request)
    grid = _computed(space, lambda share: progress(share * _COMPUTING))
    machines, places = allowed(space, constraints)
    within = grid.computed & machines[:, np.newaxis] & places
    rules = judged(grid, space, constraints, limits)
    feasible = kept(rules, within)
    numbers = np.flatnonzero(feasible)
    objectives = _known_objectives(grid, feasible)
    front = numbers[pareto_front([_finite(_flat(grid, name, numbers)) for name in objectives])]
    progress(0.75)
    chooser = Chooser(space, grid, feasible, request.rank_by)
    chosen = chooser.chosen(front)
    explainer = _Explainer(space, grid, workload, lookups)
    best = []
    for done, (number, roles) in enumerate(chosen.items(), start=1):
        best.append(explainer.plan(number, roles))
        progress(0.75 + 0.25 * done / len(chosen))
    as_it_is = explainer.footprint(())
    return PlanResult(
        combinations_count=int(within.sum()),
        feasible_count=int(numbers.size),
        front_count=int(front.size),
        rank_by=request.rank_by,
        cost_basis=constraints.cost_basis,
        objectives=objectives,
        as_it_is=explainer.outcome(0),
        as_it_is_range=as_it_is.result.total_kgco2e,
        front=tuple(explainer.point(number) for number in _spread_out(front).tolist()),
        best=tuple(best),
        constraints=effects(rules, within),
        nearest=None if numbers.size else explainer.maybe_point(nearest(rules, within, grid.total_kgco2e)),
        left_out=tuple(
            LeftOut(lever=_plain(lever), message=problem.message, text_params=problem.text_params)
            for lever, problem in left_out
        ),
        engine_version=ENGINE_VERSION,
        dataset_version=as_it_is.dataset_version,
    )


def check_request(request: PlanRequest, *, choices: Sequence[Lever], lookups: Lookups) -> int:
    """
    How many combinations a search has, once what can be said without computing any is in order.

    Raises
    ------
    InputProblems
        If there are too many, or a lever or an accelerator is none that can be searched.
    """
    refuse_unplannable(tuple(choices))
    _limits(request, lookups)
    count = math.prod(len(axis.settings) for axis in axes_of(choices))
    if count > MOST_COMBINATIONS:
        raise too_many(count, MOST_COMBINATIONS)
    return count


def _limits(request: PlanRequest, lookups: Lookups) -> dict[str, int]:
    limits = {}
    problems: list[InputProblem] = []
    for number, one in enumerate(request.constraints.accelerator_limits):
        try:
            limits[lookups.knowledge.board(one.accelerator)[0].id] = one.accelerator_count
        except InputProblems as error:
            path = f"constraints.accelerator_limits.{number}.accelerator"
            problems += (InputProblem(path, each.message, each.text_params) for each in error.problems)
    if problems:
        raise InputProblems(tuple(problems))
    return limits


def _space(
    workload: Workload, choices: Sequence[Lever], lookups: Lookups, request: PlanRequest
) -> tuple[Space, tuple[tuple[Lever, InputProblem], ...]]:
    """The combinations, without settings that can never be computed."""
    basis = request.constraints.cost_basis
    space = Space(workload, axes_of(choices), lookups, cost_basis=basis)
    left_out = tuple(space.left_out())
    if left_out:
        gone = {lever for lever, _ in left_out}
        space = Space(workload, axes_of([one for one in choices if one not in gone]), lookups, cost_basis=basis)
    return space, left_out


def _computed(space: Space, progress: Callable[[float], None]) -> Grid:
    shape = (space.machines.count, space.places.count)
    total, energy, paid = np.empty(shape), np.empty(shape), np.empty(shape)
    hours, boards = np.empty((shape[0], 1)), np.empty((shape[0], 1))
    places = np.arange(shape[1])
    for machines in space.chunks():
        outcomes = space.outcomes(machines, places)
        total[machines], energy[machines] = outcomes.total_kgco2e, outcomes.facility_energy_kwh
        paid[machines] = outcomes.cost_usd
        hours[machines, 0], boards[machines, 0] = outcomes.duration_h, outcomes.accelerator_count
        progress((int(machines[-1]) + 1) / shape[0])
    risk = space.machines.risk(np.arange(shape[0]))[:, np.newaxis].astype(np.float64)
    return Grid(
        total_kgco2e=total,
        facility_energy_kwh=energy,
        cost_usd=paid,
        duration_h=hours,
        accelerator_count=boards,
        quality_risk=risk,
    )


def _measure(grid: Grid, objective: Objective) -> Array:
    measure: Array = getattr(grid, objective)
    return measure


def _flat(grid: Grid, objective: Objective, numbers: Indices) -> Array:
    measure = _measure(grid, objective)
    places = grid.total_kgco2e.shape[1]
    return measure.ravel()[numbers if measure.shape[1] == places else numbers // places]


def _known_objectives(grid: Grid, feasible: Mask) -> tuple[Objective, ...]:
    numbers = np.flatnonzero(feasible)
    return tuple(name for name in OBJECTIVES if np.isfinite(_flat(grid, name, numbers)).any())


def _finite(measure: Array) -> Array:
    """What is not known is worse than anything that is."""
    unknown = np.isnan(measure)
    return np.where(unknown, np.nanmax(measure) * 2.0 + 1.0, measure) if unknown.any() else measure


def _spread_out(front: Indices) -> Indices:
    """The front, or so many of its points as a chart can show, both ends included."""
    if front.size <= MOST_POINTS:
        return front
    return front[np.linspace(0, front.size - 1, MOST_POINTS).round().astype(np.intp)]


def _plain(lever: Lever) -> dict[str, Any]:
    return lever.model_dump(mode="json", exclude_defaults=True) | {"lever": lever.lever}


class _Explainer:
    """Says what combinations are and what each of their levers brings."""

    def __init__(self, space: Space, grid: Grid, workload: Workload, lookups: Lookups) -> None:
        self._space, self._grid, self._lookups = space, grid, lookups
        asked = workload.uncertainty
        draws_count = min(asked.draws_count, MOST_DRAWS)
        self._workload = workload.model_copy(
            update={"uncertainty": Uncertainty(draws_count=draws_count, seed=asked.seed)}
        )

    def footprint(self, levers: tuple[Lever, ...]) -> Footprint:
        """The run with some levers, as any other estimate."""
        return self._lookups.footprint_of(self._workload.model_copy(update={"levers": levers}))

    def outcome(self, number: int) -> Outcome:
        """What a combination comes to."""
        grid = self._grid
        machine, place = divmod(number, self._space.places.count)
        return Outcome(
            total_kgco2e=float(grid.total_kgco2e[machine, place]),
            facility_energy_kwh=float(grid.facility_energy_kwh[machine, place]),
            cost_usd=_known(grid.cost_usd[machine, place]),
            duration_h=_known(grid.duration_h[machine, 0]),
            accelerator_count=_known(grid.accelerator_count[machine, 0]),
            quality_risk=int(grid.quality_risk[machine, 0]),
        )

    def levers(self, number: int) -> tuple[Lever, ...]:
        """The levers of a combination, in the order in which they act."""
        return self._space.levers(*divmod(number, self._space.places.count))

    def point(self, number: int) -> Point:
        """A combination with what it comes to."""
        return Point(levers=tuple(_plain(lever) for lever in self.levers(number)), outcome=self.outcome(number))

    def maybe_point(self, number: int | None) -> Point | None:
        """A combination, where there is one."""
        return None if number is None else self.point(number)

    def plan(self, number: int, roles: tuple[Role, ...]) -> BestPlan:
        """One of the best, with what each of its levers brings after those before it."""
        levers = self.levers(number)
        footprint = self.footprint(levers)
        together = footprint.levers_together
        nothing = Range(low=0.0, central=0.0, high=0.0)
        point = self.point(number)
        return BestPlan(
            levers=point.levers,
            outcome=point.outcome,
            roles=roles,
            steps=self._steps(number, levers, footprint),
            after_kgco2e=together.after_kgco2e if together is not None else footprint.result.total_kgco2e,
            saving_kgco2e=together.saving_kgco2e if together is not None else nothing,
            saving_share=together.saving_share if together is not None else nothing,
        )

    def _steps(self, number: int, levers: tuple[Lever, ...], footprint: Footprint) -> tuple[PlanStep, ...]:
        totals = self._totals(number, levers)
        steps = []
        for place, (lever, alone) in enumerate(zip(levers, footprint.levers, strict=True)):
            message, text_params = in_words(lever, self._lookups.name_of)
            saved = totals[place] - totals[place + 1]
            steps.append(
                PlanStep(
                    lever=_plain(lever),
                    message=message,
                    text_params=text_params,
                    saving_kgco2e=saved if math.isfinite(saved) else None,
                    conditions=alone.conditions,
                    quality_caveat=alone.quality_caveat,
                    source_ids=alone.source_ids,
                )
            )
        return tuple(steps)

    def _totals(self, number: int, levers: tuple[Lever, ...]) -> list[float]:
        """Totals with none of the levers, the first, the first two and so on, in the order in which they act."""
        machine, place = divmod(number, self._space.places.count)
        machines, places = self._space.machines, self._space.places
        at = [(machine, place)]
        for lever in reversed(levers):
            for chain in (machines, places):
                names = [axis.lever for axis in chain.axes]
                if lever.lever in names:
                    axis = names.index(lever.lever)
                    machine = machines.without(machine, axis) if chain is machines else machine
                    place = places.without(place, axis) if chain is places else place
            at.append((machine, place))
        at.reverse()
        rows, columns = (np.array(numbers) for numbers in zip(*at, strict=True))
        found = self._space.outcomes(rows, columns).total_kgco2e
        return [float(found[step, step]) for step in range(len(at))]


def _known(figure: float) -> float | None:
    return float(figure) if math.isfinite(figure) else None
