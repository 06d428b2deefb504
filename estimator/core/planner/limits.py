"""Which combinations keep to the constraints, which constraint excludes most, and what would come closest."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from estimator.core.footprint import gettext_noop
from estimator.core.inputs import InputProblem, InputProblems
from estimator.core.planner.axes import Indices
from estimator.core.planner.request import Constraints
from estimator.core.planner.result import ConstraintEffect, ConstraintName
from estimator.core.planner.space import Space
from estimator.core.uncertainty import Array

Mask = npt.NDArray[np.bool_]

_UNKNOWN: Final = {
    "deadline_h": gettext_noop(
        "How long this run takes by the clock is not known, so that no deadline can be kept. Give its hours and the "
        "number of accelerators, or leave the deadline out."
    ),
    "budget_usd": gettext_noop(
        "No price of renting any of these accelerators is known. Judge by the cost of electricity, or leave the budget "
        "out."
    ),
}
_NO_SETTING: Final = gettext_noop("None of the choices changes %(lever)s, so that it cannot be required.")


@dataclass(frozen=True, slots=True)
class Grid:
    """Every combination: a row a machine, a column a place."""

    total_kgco2e: Array
    facility_energy_kwh: Array
    cost_usd: Array
    duration_h: Array  #: a column, by machine alone
    accelerator_count: Array  #: a column
    quality_risk: Array  #: a column

    @property
    def computed(self) -> Mask:
        """Where there is anything at all."""
        return np.isfinite(self.total_kgco2e)


@dataclass(frozen=True, slots=True)
class _Judged:
    name: ConstraintName
    limit: float | None
    excess: Array  #: by how much it is missed, over the limit; not above 0 where it is kept
    measure: Array | None


def allowed(space: Space, constraints: Constraints) -> tuple[Mask, Mask]:
    """Machines and places whose present settings may stay where they do."""
    machines, places = np.ones(space.machines.count, dtype=bool), np.ones(space.places.count, dtype=bool)
    for number, name in enumerate(constraints.required_levers):
        for chain, mask in ((space.machines, machines), (space.places, places)):
            for place, axis in enumerate(chain.axes):
                if axis.lever == name:
                    mask &= chain.digits(np.arange(chain.count), place) > 0
                    break
            else:
                continue
            break
        else:
            path = f"constraints.required_levers.{number}"
            raise InputProblems((InputProblem(path, _NO_SETTING, {"lever": name}),))
    return machines, places


def judged(grid: Grid, space: Space, constraints: Constraints, limits: dict[str, int]) -> tuple[_Judged, ...]:
    """
    Each constraint that is set, on every combination.

    Raises
    ------
    InputProblems
        If a constraint is on what is not known of any combination.
    """
    found = []
    measures: tuple[tuple[ConstraintName, float | None, Array], ...] = (
        ("deadline_h", constraints.deadline_h, grid.duration_h),
        ("budget_usd", constraints.budget_usd, grid.cost_usd),
        ("quality_risk", constraints.quality_risk, grid.quality_risk),
        ("cap_kgco2e", constraints.cap_kgco2e, grid.total_kgco2e),
    )
    problems = []
    for name, limit, measure in measures:
        if limit is None:
            continue
        if not np.isfinite(measure).any():
            problems.append(InputProblem(f"constraints.{name}", _UNKNOWN[name]))
        found.append(_Judged(name, float(limit), _excess(measure, float(limit)), measure))
    if problems:
        raise InputProblems(tuple(problems))
    if limits:
        most = _most(space, limits)
        found.append(_Judged("accelerator_limits", None, _excess(grid.accelerator_count, most), None))
    return tuple(found)


def _most(space: Space, limits: dict[str, int]) -> Array:
    boards, every = np.unique(space.boards(np.arange(space.machines.count)), return_inverse=True)
    of_board = np.array([limits.get(str(board), np.inf) for board in boards])
    return of_board[every][:, np.newaxis]


def _excess(measure: Array, limit: float | Array) -> Array:
    """Over the limit, or over one unit where the limit is nothing. What is not known is not kept."""
    unit = np.where(np.asarray(limit) > 0.0, limit, 1.0)
    with np.errstate(invalid="ignore"):
        excess = (measure - limit) / unit
    # The last digits of a sum do not decide.
    return np.where(np.isnan(measure) & np.isfinite(limit), np.inf, np.where(np.abs(excess) < 1e-12, 0.0, excess))


def kept(constraints: tuple[_Judged, ...], within: Mask) -> Mask:
    """Combinations that keep to every constraint."""
    mask = within.copy()
    for one in constraints:
        mask &= one.excess <= 0.0
    return mask


def effects(constraints: tuple[_Judged, ...], within: Mask) -> tuple[ConstraintEffect, ...]:
    """What each constraint excludes, alone and beside others; those that exclude most first."""
    missed = np.zeros(within.shape, dtype=np.int8)
    for one in constraints:
        missed += one.excess > 0.0
    found = []
    for one in constraints:
        missing = within & (one.excess > 0.0)
        alone = missing & (missed == 1)
        others = within & (missed - (one.excess > 0.0) == 0)
        needed = None
        if one.measure is not None:
            measures = np.broadcast_to(one.measure, within.shape)[others]
            measures = measures[np.isfinite(measures)]
            needed = float(measures.min()) if measures.size else None
        found.append(
            ConstraintEffect(
                name=one.name,
                limit=one.limit,
                excluded_count=int(missing.sum()),
                alone_excluded_count=int(alone.sum()),
                needed=needed,
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.excluded_count, -one.alone_excluded_count)))


def nearest(constraints: tuple[_Judged, ...], within: Mask, total_kgco2e: Array) -> int | None:
    """
    The combination whose worst miss is the smallest; None where none can be computed.

    Of several, the one with the least emissions.
    """
    worst = np.full(within.shape, -np.inf)
    for one in constraints:
        worst = np.maximum(worst, one.excess)
    worst[~within] = np.inf
    least = float(worst.min())
    if not np.isfinite(least):
        return None
    return int(np.argmin(np.where(worst <= least + abs(least) * 1e-9, total_kgco2e, np.inf)))


def machines_and_places(space: Space, combinations: Indices) -> tuple[Indices, Indices]:
    """Rows and columns of combinations that are numbered through."""
    return combinations // space.places.count, combinations % space.places.count
