"""Try stacks of levers on a run, and keep those that somebody names."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext

from estimator import live_grid
from estimator.core.inputs import InputProblem, InputProblems, Workload
from estimator.core.levers.settings import Lever
from estimator.core.scenarios import MOST_SCENARIOS, Comparison, compare
from estimator.models import Estimate, Scenario
from estimator.reference.scenarios import present_run, stack_of

#: Scenarios that one estimate keeps.
MOST_KEPT: Final = 50
_GRID: Final = "grid_intensity_gco2e_per_kwh"


class TooManyScenarios(Exception):
    """The estimate keeps as many as it may."""


@dataclass(frozen=True, slots=True)
class Named:
    """A stack of levers under a name."""

    name: str
    levers: tuple[Lever, ...]


def compare_scenarios(*, workload: Workload, scenarios: Sequence[Named], alone: bool = True) -> Comparison:
    """
    A run beside its scenarios; nothing is stored.

    Parameters
    ----------
    workload : Workload
        The run. Levers of its own are left out: they belong into a scenario.
    scenarios : sequence of Named
        At most `MOST_SCENARIOS`.
    alone : bool, default True
        Whether each lever is also computed alone, which pages do not show.

    Raises
    ------
    InputProblems
        If the run, or one of the scenarios, cannot be computed; all problems at once.
    """
    if len(scenarios) > MOST_SCENARIOS:
        raise ValueError(f"at most {MOST_SCENARIOS} scenarios side by side, not {len(scenarios)}")
    run, factors = present_run(workload)
    if workload.grid_signal == "live":
        factors = live_grid.with_live_grid(workload=run, factors=factors)
        run = _with_grid(run, factors.assumptions[_GRID].value)
        run, factors = present_run(run)
    problems: list[InputProblem] = []
    stacks = []
    for number, one in enumerate(scenarios):
        try:
            stacks.append(stack_of(one.name, one.levers, run, factors, alone=alone))
        except InputProblems as error:
            problems += [replace(problem, path=f"scenarios.{number}.{problem.path}") for problem in error.problems]
    if problems:
        raise InputProblems(tuple(problems))
    return compare(run, factors, stacks)


def _with_grid(workload: Workload, intensity_gco2e_per_kwh: float) -> Workload:
    return workload.model_copy(update={_GRID: intensity_gco2e_per_kwh, "grid_signal": "annual"})


def run_of(*, estimate: Estimate) -> Workload:
    """The stored run as scenarios take it: the intensity of its hour is in no table, and stays as it was."""
    workload, footprint = estimate.workload(), estimate.result()
    if workload.grid_signal != "live" or footprint is None:
        return workload
    stored = next((one for one in footprint.assumptions if one.name == _GRID), None)
    return workload if stored is None else _with_grid(workload, stored.value)


# --- kept under a name ------------------------------------------------------------------------------------------------


def save_scenario(*, estimate: Estimate, name: str, levers: tuple[Lever, ...]) -> Scenario:
    """
    Keep a stack of levers; without a name it is given its number.

    Raises
    ------
    InputProblems
        If it cannot be computed; then nothing is stored. Paths begin with `levers`.
    TooManyScenarios
        If the estimate keeps as many as it may.
    """
    _check(estimate, levers)
    with transaction.atomic():
        # Two that come at once are counted one after the other.
        Estimate.objects.select_for_update().only("pk").get(pk=estimate.pk)
        kept = Scenario.objects.filter(estimate=estimate)
        if kept.count() >= MOST_KEPT:
            raise TooManyScenarios
        number = (kept.aggregate(last=Max("ordering"))["last"] or 0) + 1
        return Scenario.objects.create(
            estimate=estimate,
            name=name.strip() or gettext("Scenario %(number)s") % {"number": number},
            levers=Scenario.stored(levers),
            ordering=number,
            created_at=timezone.now(),
        )


def change_scenario(
    *, scenario: Scenario, name: str | None = None, levers: tuple[Lever, ...] | None = None
) -> Scenario:
    """
    Give a scenario another name, or other levers.

    Raises
    ------
    InputProblems
        If it cannot be computed; then nothing is changed.
    """
    changes: list[str] = []
    if levers is not None:
        _check(scenario.estimate, levers)
        scenario.levers = Scenario.stored(levers)
        changes.append("levers")
    if name is not None and name.strip():
        scenario.name = name.strip()
        changes.append("name")
    if changes:
        scenario.save(update_fields=changes)
    return scenario


def delete_scenario(*, scenario_id: uuid.UUID) -> bool:
    """Forget a scenario; False if there is none."""
    deleted, _ = Scenario.objects.filter(pk=scenario_id).delete()
    return deleted > 0


def _check(estimate: Estimate, levers: tuple[Lever, ...]) -> None:
    stack_of("", levers, *present_run(run_of(estimate=estimate)), alone=False)
