"""
All combinations of a search: what the machines do, times where they stand.

The formulas are those of any estimate: a `Sheet` is written once for many combinations, with their inputs as its draws.
Machines and places meet only where energy meets PUE and grid, so the one is a column, the other a row.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from estimator.core import cost
from estimator.core.energy_lines import write_energy
from estimator.core.factors import Adjustment, Factors
from estimator.core.footprint import Assumption
from estimator.core.inputs import InputProblem, InputProblems, Workload
from estimator.core.levers.registry import in_order
from estimator.core.levers.settings import Lever
from estimator.core.lines import write_emissions, write_water_and_cost
from estimator.core.planner.axes import DEAD, PLACE_LEVERS, Axis, Chain, Indices, Lookups
from estimator.core.planner.request import MOST_COMBINATIONS, CostBasis, too_many
from estimator.core.sheet import KnownDraws, Sheet
from estimator.core.uncertainty import Array, Draws
from estimator.core.units import Quantity

#: Combinations that are computed at once: with more, arrays no longer fit the processor's caches.
AT_ONCE: Final = 65_536
_PUE: Final = "pue"
_GRID: Final = "grid_intensity_gco2e_per_kwh"
_CLOUD_PRICE: Final = "cloud_price_usd_per_accelerator_h"
#: What the place says, and what no plan is judged by.
_NOT_OF_MACHINES: Final = frozenset(
    {_PUE, _GRID, _CLOUD_PRICE, "wue_l_per_kwh", "offsite_water_l_per_kwh"}
    | {"contracted_share", "certificates_share"}
    | {"contract_intensity_gco2e_per_kwh", "residual_intensity_gco2e_per_kwh"}
)
_PLACE_FIELDS: Final = ("location", _GRID, _PUE, "hourly_profile")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What combinations come to: one row a machine, one column a place; NaN where it is unknown."""

    total_kgco2e: Array
    facility_energy_kwh: Array
    cost_usd: Array
    duration_h: Array  #: by machine alone
    accelerator_count: Array  #: by machine alone


@dataclass(frozen=True, slots=True)
class _Group:
    """Runs whose sheets have the same lines, with one of them."""

    workload: Workload
    factors: Factors


@dataclass(slots=True)
class _Machines:
    """What is looked up of each distinct run; the last row stands for those that cannot be computed."""

    groups: list[_Group]
    group_of: Indices
    kind_of: Indices
    values: dict[str, Array]
    boards: list[str]
    kinds: dict[str, Workload] = field(default_factory=dict)
    problems: dict[int, InputProblem] = field(default_factory=dict)


class Space:
    """
    The combinations of a search.

    Parameters
    ----------
    workload : Workload
        The run as it is, its method chosen and without levers.
    axes : sequence of Axis
        Levers and their settings, in the order in which they act.
    lookups : Lookups
        The catalogue.
    cost_basis : str
        What cost means.

    Raises
    ------
    InputProblems
        If there are too many combinations, or the run itself cannot be computed.
    """

    def __init__(
        self, workload: Workload, axes: Sequence[Axis], lookups: Lookups, *, cost_basis: CostBasis = "electricity"
    ) -> None:
        count = math.prod(len(axis.settings) for axis in axes)
        if count > MOST_COMBINATIONS:
            raise too_many(count, MOST_COMBINATIONS)
        self.count = count
        self.places = Chain(workload, [axis for axis in axes if axis.lever in PLACE_LEVERS], lookups)
        # The hours of a grid are of its place, and tell what waiting brings: machines are looked at with each of them.
        profiles = list(dict.fromkeys(place.hourly_profile for place in self.places.states))
        self._profile_of = np.array([profiles.index(place.hourly_profile) for place in self.places.states])
        machine_axes = [axis for axis in axes if axis.lever not in PLACE_LEVERS]
        self._chains = tuple(
            Chain(workload.model_copy(update={"hourly_profile": profile}), machine_axes, lookups)
            for profile in profiles
        )
        #: The same axes in each of them, so that one tells of all.
        self.machines = self._chains[0]
        self._cost_basis = cost_basis
        self._by_profile = tuple(_look_up(chain, lookups) for chain in self._chains)
        self._looked_up = self._by_profile[0]
        self._place_values, self._place_problems = self._look_up_places(lookups)
        self._adjustments = tuple(
            (key, Adjustment(target=key[0], by=f"{key[1]}__{key[0]}", operation=key[2]))
            for key in dict.fromkeys(key for chain in self._chains for key in chain.factor_keys)
        )

    def _look_up_places(self, lookups: Lookups) -> tuple[dict[str, Array], dict[int, InputProblem]]:
        """PUE and grid of each place, for each kind of facility."""
        kinds = self._looked_up.kinds
        values = {name: np.full((len(kinds), len(self.places.states) + 1), np.nan) for name in (_PUE, _GRID)}
        problems = {}
        for state, place in enumerate(self.places.states):
            fields = {name: getattr(place, name) for name in _PLACE_FIELDS}
            for kind, machine in enumerate(kinds.values()):
                try:
                    factors = lookups.factors_of(machine.model_copy(update=fields))
                except InputProblems as error:
                    problems[state] = error.problems[0]
                    continue
                for name, of_name in values.items():
                    of_name[kind, state] = factors.assumptions[name].value
        return values, problems

    def boards(self, machines: Indices) -> npt.NDArray[np.str_]:
        """The accelerators of some combinations; empty where there is none."""
        return np.asarray(self._looked_up.boards)[self.machines.reached(machines)]

    def levers(self, machine: int, place: int) -> tuple[Lever, ...]:
        """The levers of one combination, in the order in which they act."""
        return in_order((*self.machines.settings(machine), *self.places.settings(place)))

    def left_out(self) -> Iterator[tuple[Lever, InputProblem]]:
        """Settings with which no combination can be computed, and why."""
        reached = self.machines.reached(np.arange(self.machines.count))
        alive = self._looked_up.group_of[reached] != DEAD
        yield from self.machines.without_hope(alive, self._looked_up.problems)
        alive = np.isfinite(self._place_values[_GRID][0][self.places.reached(np.arange(self.places.count))])
        yield from self.places.without_hope(alive, self._place_problems)

    def chunks(self) -> Iterator[Indices]:
        """The machines, in parts that are computed at once."""
        rows = max(AT_ONCE // self.places.count, 1)
        for first in range(0, self.machines.count, rows):
            yield np.arange(first, min(first + rows, self.machines.count))

    def outcomes(self, machines: Indices, places: Indices) -> Outcomes:
        """
        What combinations come to.

        Parameters
        ----------
        machines, places : array
            Numbers of combinations of machines, and of places: every one of the first is computed at every one of the
            second.

        Returns
        -------
        Outcomes
            NaN where it cannot be computed.
        """
        shape = (machines.size, places.size)
        total, energy, paid = (np.full(shape, np.nan) for _ in range(3))
        hours, boards = (np.full(machines.size, np.nan) for _ in range(2))
        profile_of = self._profile_of[self.places.reached(places)]
        for profile in np.unique(profile_of).tolist():
            columns = np.flatnonzero(profile_of == profile)
            chain, known = self._chains[profile], self._by_profile[profile]
            reached = chain.reached(machines)
            groups, kinds = known.group_of[reached], known.kind_of[reached]
            for group, kind in np.unique(np.stack((groups, kinds), axis=1), axis=0).tolist():
                rows = np.flatnonzero((groups == group) & (kinds == kind))
                if group == DEAD or not self._is_known(kind, places[columns]):
                    continue
                sheet = self._sheet(chain, known, known.groups[group], machines[rows], kind, places[columns])
                at = np.ix_(rows, columns)
                total[at] = sheet.drawn("total_kgco2e")
                energy[at] = sheet.drawn("facility_energy_kwh")
                hours[rows] = _column(_duration_h(sheet), rows.size)
                boards[rows] = _column(_drawn(sheet, "accelerator_count"), rows.size)
                paid[at] = self._cost_usd(sheet, known, reached[rows])
        return Outcomes(
            total_kgco2e=total, facility_energy_kwh=energy, cost_usd=paid, duration_h=hours, accelerator_count=boards
        )

    def _is_known(self, kind: int, places: Indices) -> bool:
        return bool(np.isfinite(self._place_values[_GRID][kind, self.places.reached(places)]).any())

    def _cost_usd(self, sheet: Sheet, known: _Machines, reached: Indices) -> Quantity:
        if self._cost_basis == "electricity":
            return _drawn(sheet, "electricity_cost_usd")
        price = known.values.get(_CLOUD_PRICE)
        if price is None or "accelerator_hours" not in sheet:
            return np.nan
        return cost.cloud_cost_usd(
            accelerator_hours=sheet.drawn("accelerator_hours"),
            cloud_price_usd_per_accelerator_h=price[reached][:, np.newaxis],
        )

    def _sheet(
        self, chain: Chain, known: _Machines, group: _Group, machines: Indices, kind: int, places: Indices
    ) -> Sheet:
        """The lines of an estimate for many combinations: what differs between them stands as the draws of an input."""
        assumptions: dict[str, Assumption] = {}
        draws: KnownDraws = {}

        def put(like: Assumption, drawn: Array) -> None:
            # Any of them that is known: what the sheet makes of it is not read.
            first = float(drawn[np.isfinite(drawn)][0])
            one = like.model_copy(update={"value": first, "low": first, "high": first})
            assumptions[one.name] = one
            same = bool((drawn == first).all())
            draws[one.name, first, first, first] = None if same else Draws(values=drawn, scores=drawn)

        reached = chain.reached(machines)
        for name, assumption in group.factors.assumptions.items():
            if name not in _NOT_OF_MACHINES:
                put(assumption, known.values[name][reached][:, np.newaxis])
        at = self.places.reached(places)
        for name, values in self._place_values.items():
            put(group.factors.assumptions[name], values[kind][at][np.newaxis, :])
        adjustments = []
        for key, adjustment in self._adjustments:
            if key not in chain.factor_keys:
                continue
            factor = chain.factor(key, machines)
            if (factor == (1.0 if adjustment.operation == "times" else 0.0)).all():
                continue
            put(assumptions[_PUE].model_copy(update={"name": adjustment.by}), factor[:, np.newaxis])
            adjustments.append(adjustment)
        # One draw, so that the sheet takes the arrays at all; their shape is their own.
        sheet = Sheet(
            assumptions=assumptions, sources={}, draws_count=1, seed=0, adjustments=adjustments, known_draws=draws
        )
        write_energy(sheet, group.workload, group.factors)
        write_emissions(sheet, group.workload)
        write_water_and_cost(sheet)
        return sheet


def _look_up(machines: Chain, lookups: Lookups) -> _Machines:
    """The inputs of every run that the levers lead to, sorted by the lines that they allow."""
    rows = len(machines.states) + 1
    found = _Machines(
        groups=[],
        group_of=np.full(rows, DEAD, dtype=np.intp),
        kind_of=np.zeros(rows, dtype=np.intp),
        values={},
        boards=[""] * rows,
    )
    numbers: dict[object, int] = {}
    kind_numbers: dict[str, int] = {}
    last = np.unique(machines.reached(np.arange(machines.count)))
    for state in last[last != DEAD].tolist():
        workload = machines.states[state]
        try:
            factors = lookups.factors_of(workload)
        except InputProblems as error:
            if state == 0:
                raise
            found.problems[state] = error.problems[0]
            continue
        share = factors.assumptions.get("host_overhead_share")
        lines = (factors.assumptions.keys() - _NOT_OF_MACHINES, share is not None and share.high > 0.0)
        group = numbers.setdefault((frozenset(lines[0]), lines[1]), len(found.groups))
        if group == len(found.groups):
            found.groups.append(_Group(workload, factors))
        kind = lookups.facility_kind(workload)
        found.kinds.setdefault(kind, workload)
        found.group_of[state], found.kind_of[state] = group, kind_numbers.setdefault(kind, len(kind_numbers))
        board = lookups.knowledge.facts(workload).board
        found.boards[state] = board.id if board is not None else ""
        for name, assumption in factors.assumptions.items():
            found.values.setdefault(name, np.full(rows, np.nan))[state] = assumption.value
    return found


def _drawn(sheet: Sheet, name: str) -> Quantity:
    return sheet.drawn(name) if name in sheet else np.nan


def _duration_h(sheet: Sheet) -> Quantity:
    """Hours by the clock of one run; of a service, those of one copy of the model that never waits."""
    if "duration_h" in sheet:
        return sheet.drawn("duration_h")
    hours = next((name for name in ("final_run_accelerator_hours", "accelerator_hours") if name in sheet), None)
    if hours is None or "accelerator_count" not in sheet:
        return np.nan
    return sheet.drawn(hours) / sheet.drawn("accelerator_count")


def _column(drawn: Quantity, rows: int) -> Array:
    column = np.empty((rows, 1))
    column[:] = drawn
    return column[:, 0]
