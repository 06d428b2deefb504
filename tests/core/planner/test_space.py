"""Every combination agrees with the estimate of the same run with the same levers."""

import random
from functools import cache
from typing import Any

import numpy as np
import pytest

from estimator.core.inputs import InputProblems, Workload
from estimator.core.levers.settings import BetterPue, Lever, Region, TimeShift
from estimator.core.planner.axes import axes_of
from estimator.core.planner.space import Space
from estimator.reference.plans import baseline, bold_choices, lookups, suggested_choices
from tests.core import levers_cases as cases

RUNS = {
    "served": cases.SERVED,
    "by_devices": cases.BY_DEVICES,
    "by_system": cases.BY_SYSTEM,
    "by_operations": cases.BY_OPERATIONS,
    "measured": cases.MEASURED,
    "by_cores": cases.BY_CORES,
    "several_runs": {**cases.BY_OPERATIONS, "development_factor": 0.5, "repeat_count": 3},
    # A place with no provider of its own: whether the board stands on a desk then decides PUE and water.
    "desk": {
        "hardware": {"accelerator": "nvidia-rtx-4090", "accelerator_count": 2, "mean_cpu_power_w": 90.0},
        "duration_h": 10.0,
        "location": {"country": "DE"},
    },
    # Cleaner at noon: how long a run takes decides in which hours it falls.
    "hourly": {
        **cases.BY_DEVICES,
        "hourly_profile": {"hourly_intensity_gco2e_per_kwh": [400.0] * 9 + [150.0] * 6 + [400.0] * 9, "start_hour": 8},
    },
    "given_draw": {
        **cases.SERVED,
        "hardware": {"accelerator": "h100", "mean_accelerator_power_w": 400.0, "accelerator_count": 4},
        "inference": {"requests_count": 1000, "input_tokens": 200, "output_tokens": 400},
    },
}


def _choices(run: Workload) -> tuple[Lever, ...]:
    every = (*suggested_choices(run), *bold_choices(run))
    places = [one for one in every if one.lever == "region"][::23]
    return (
        *(one for one in every if one.lever != "region"),
        *places,
        Region(lever="region", country="FR"),
        Region(lever="region", country="PL", pue=1.3),
        BetterPue(lever="pue", pue=1.1),
        TimeShift(lever="time_shift", interruptible=True),
    )


@cache
def _space(name: str) -> tuple[Space, Workload]:
    run = baseline(Workload.model_validate({**RUNS[name], "uncertainty": {"draws_count": 0}}))
    return Space(run, axes_of(_choices(run)), lookups(run)), run


@pytest.mark.parametrize("name", RUNS)
def test_sampled_combinations_are_what_calculate_says(name: str) -> None:
    space, run = _space(name)
    chance = random.Random(name)
    compared = 0
    for _ in range(40):
        machine, place = chance.randrange(space.machines.count), chance.randrange(space.places.count)
        found = space.outcomes(np.array([machine]), np.array([place])).total_kgco2e[0, 0]
        levers = space.levers(machine, place)
        if not np.isfinite(found) or not levers:
            continue
        footprint = lookups(run).footprint_of(run.model_copy(update={"levers": levers}))
        assert footprint.levers_together is not None
        assert found == pytest.approx(footprint.levers_together.after_kgco2e.central, rel=1e-9)
        compared += 1
    assert compared >= 10


@pytest.mark.parametrize("name", ["served", "by_operations", "several_runs"])
def test_the_run_as_it_is_agrees_in_everything(name: str) -> None:
    space, run = _space(name)
    found = space.outcomes(np.array([0]), np.array([0]))
    result = lookups(run).footprint_of(run).result
    assert result.electricity_cost_usd is not None
    assert found.total_kgco2e[0, 0] == pytest.approx(result.total_kgco2e.central, rel=1e-12)
    assert found.facility_energy_kwh[0, 0] == pytest.approx(result.facility_energy_kwh.central, rel=1e-12)
    assert found.cost_usd[0, 0] == pytest.approx(result.electricity_cost_usd.central, rel=1e-12)


def test_many_at_once_are_each_one_alone() -> None:
    space, _ = _space("served")
    chance = np.random.default_rng(7)
    machines = chance.integers(0, space.machines.count, 25)
    places = chance.integers(0, space.places.count, 4)
    together = space.outcomes(machines, places)
    for row, machine in enumerate(machines):
        for column, place in enumerate(places):
            alone = space.outcomes(np.array([machine]), np.array([place]))
            assert together.total_kgco2e[row, column] == pytest.approx(alone.total_kgco2e[0, 0], rel=1e-12)
            assert together.cost_usd[row, column] == pytest.approx(alone.cost_usd[0, 0], rel=1e-12)
        assert together.duration_h[row] == pytest.approx(alone.duration_h[0], rel=1e-12)


def test_hours_by_the_clock() -> None:
    run = baseline(Workload.model_validate(cases.BY_DEVICES))
    levers: tuple[dict[str, Any], ...] = ({"lever": "distributed", "accelerator_count": 128},)
    parsed = Workload.model_validate({**cases.BY_DEVICES, "levers": levers}).levers
    space = Space(run, axes_of(parsed), lookups(run))
    found = space.outcomes(np.arange(2), np.arange(1))
    # Twice as many take half the hours, and what they lose in waiting for each other.
    assert found.duration_h[0] == pytest.approx(79.0)
    assert 0.5 < found.duration_h[1] / 79.0 < 0.6
    assert found.accelerator_count.tolist() == [64.0, 128.0]


def test_a_move_leaves_the_hours_of_the_old_place_behind() -> None:
    moved = Workload.model_validate({"levers": [{"lever": "region", "country": "FR"}]}).levers
    totals = []
    for body in (RUNS["hourly"], cases.BY_DEVICES):
        run = baseline(Workload.model_validate({**body, "uncertainty": {"draws_count": 0}}))
        space = Space(run, axes_of(moved), lookups(run))
        totals.append(space.outcomes(np.arange(1), np.arange(2)).total_kgco2e[0])
    assert totals[0][0] != totals[1][0]
    assert totals[0][1] == totals[1][1]


def test_neutral_settings_change_nothing() -> None:
    run = baseline(Workload.model_validate(cases.BY_OPERATIONS))
    neutral = Workload.model_validate(
        {
            **cases.BY_OPERATIONS,
            "levers": [
                {"lever": "power_cap", "power_cap_share": 1.0},
                {"lever": "pruning", "sparsity": 0.0},
                {"lever": "time_shift", "window_h": 0},
                {"lever": "early_stopping", "stopped_share": 0.0},
                {"lever": "hardware", "accelerator": run.hardware.accelerator},
            ],
        }
    ).levers
    space = Space(run, axes_of(neutral), lookups(run))
    found = space.outcomes(np.arange(space.machines.count), np.arange(space.places.count))
    for drawn in (found.total_kgco2e, found.cost_usd, found.duration_h, found.accelerator_count):
        assert (drawn == drawn.flat[0]).all()
    assert len(space.machines.states) == 1


def test_a_lever_is_applied_once_to_each_distinct_run() -> None:
    space, _ = _space("by_operations")
    # Hardware and counts make other runs; caps, bits, stopping and reuse only bring factors.
    axes = {axis.lever: len(axis.settings) for axis in space.machines.axes}
    assert len(space.machines.states) == axes["hardware"] * axes["distributed"]
    assert space.machines.count > 30 * len(space.machines.states)


def test_settings_that_can_never_be_computed_say_why() -> None:
    body = {**cases.ITEMS}
    run = baseline(Workload.model_validate(body))
    space = Space(run, axes_of(suggested_choices(run)), lookups(run))
    left_out = dict(space.left_out())
    assert {lever.lever for lever in left_out} >= {"hardware"}
    assert all(problem.message for problem in left_out.values())


def test_too_many_combinations_are_refused() -> None:
    run = baseline(Workload.model_validate(cases.BY_OPERATIONS))
    choices = [
        *(BetterPue(lever="pue", pue=1.0 + step / 1000) for step in range(300)),
        *(TimeShift(lever="time_shift", window_h=float(step)) for step in range(300)),
        *suggested_choices(run),
    ]
    with pytest.raises(InputProblems) as raised:
        Space(run, axes_of(choices), lookups(run))
    assert raised.value.problems[0].path == "choices"
