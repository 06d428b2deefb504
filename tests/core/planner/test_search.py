"""The search as a whole: constraints, the best, what each lever brings, and what excludes most."""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator.core.inputs import InputProblems, Workload
from estimator.core.levers.settings import BetterPue, Lever, OtherHardware, PowerCap, Region
from estimator.core.planner.axes import axes_of
from estimator.core.planner.request import AcceleratorLimit, Constraints, PlanRequest
from estimator.core.planner.result import Outcome, PlanResult
from estimator.core.planner.search import find_best
from estimator.core.planner.space import Space
from estimator.reference.plans import baseline, lookups, suggested_choices
from tests.core import levers_cases as cases


@cache
def _run(name: str) -> Workload:
    return baseline(Workload.model_validate({**getattr(cases, name), "uncertainty": {"draws_count": 200}}))


def _some_choices(run: Workload) -> tuple[Lever, ...]:
    """A few of each lever, so that a search takes a fraction of a second."""
    counts: dict[str, int] = {}
    chosen = []
    for lever in suggested_choices(run):
        counts[lever.lever] = counts.get(lever.lever, 0) + 1
        if counts[lever.lever] <= (3 if lever.lever != "region" else 200) and counts[lever.lever] % 20 in (1, 2, 3):
            chosen.append(lever)
    return tuple(chosen)


def _found(
    name: str, *, choices: tuple[Lever, ...] | None = None, rank_by: str = "total_kgco2e", **limits: Any
) -> PlanResult:
    run = _run(name)
    request = PlanRequest.model_validate({"constraints": Constraints(**limits), "rank_by": rank_by})
    choices = _some_choices(run) if choices is None else choices
    return find_best(run, request, choices=choices, lookups=lookups(run))


def _keeps(outcome: Outcome, limits: dict[str, float]) -> bool:
    measures = {
        "deadline_h": outcome.duration_h,
        "budget_usd": outcome.cost_usd,
        "quality_risk": outcome.quality_risk,
        "cap_kgco2e": outcome.total_kgco2e,
    }
    known = {name: math.inf if measure is None else measure for name, measure in measures.items()}
    return all(known[name] <= limit * (1 + 1e-9) for name, limit in limits.items())


@pytest.mark.parametrize("name", ["SERVED", "BY_DEVICES", "BY_OPERATIONS"])
def test_the_best_are_what_an_estimate_with_their_levers_says(name: str) -> None:
    result = _found(name)
    run = _run(name)
    assert 3 <= len(result.best) <= 10
    for plan in result.best:
        levers = Workload.model_validate({"levers": plan.levers}).levers
        footprint = lookups(run).footprint_of(run.model_copy(update={"levers": levers}))
        assert footprint.levers_together is not None
        after = footprint.levers_together.after_kgco2e
        assert plan.outcome.total_kgco2e == pytest.approx(after.central, rel=1e-9)
        assert plan.after_kgco2e == after
        # What each lever brings after those before it makes the whole difference.
        savings = [step.saving_kgco2e for step in plan.steps]
        assert None not in savings
        difference = result.as_it_is.total_kgco2e - plan.outcome.total_kgco2e
        assert sum(filter(None, savings)) == pytest.approx(difference, rel=1e-9, abs=1e-9)
        assert [step.lever["lever"] for step in plan.steps] == [lever["lever"] for lever in plan.levers]
        assert all(step.message % step.text_params for step in plan.steps)


def test_the_first_is_the_least_and_they_differ() -> None:
    result = _found("BY_OPERATIONS")
    totals = [plan.outcome.total_kgco2e for plan in result.best]
    assert totals == sorted(totals)
    assert totals[0] == min(point.outcome.total_kgco2e for point in result.front)
    assert "least_kgco2e" in result.best[0].roles
    places = [next((str(lever) for lever in plan.levers if lever["lever"] == "region"), "") for plan in result.best]
    assert len(set(places)) >= 3
    assert len({str(plan.levers) for plan in result.best}) == len(result.best)


def test_roles_are_true() -> None:
    result = _found("BY_OPERATIONS")
    roles = {role: plan for plan in result.best for role in plan.roles}
    assert roles["least_cost"].outcome.cost_usd == min(point.outcome.cost_usd or 0.0 for point in result.front)
    assert roles["least_time"].outcome.duration_h == min(point.outcome.duration_h or 0.0 for point in result.front)
    assert roles["no_quality_risk"].outcome.quality_risk == 0
    assert len(roles["one_lever"].levers) == 1
    assert "region" not in {lever["lever"] for lever in roles["same_place"].levers}
    assert "hardware" not in {lever["lever"] for lever in roles["same_hardware"].levers}


@settings(max_examples=15, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "deadline_h": st.floats(20.0, 400.0),
            "budget_usd": st.floats(500.0, 10_000.0),
            "quality_risk": st.integers(0, 3),
            "cap_kgco2e": st.floats(500.0, 30_000.0),
        },
    )
)
def test_every_plan_keeps_to_every_constraint(limits: dict[str, Any]) -> None:
    result = _found("BY_OPERATIONS", **limits)
    for point in (*result.front, *result.best):
        assert _keeps(point.outcome, limits)
    assert (result.nearest is None) == (result.feasible_count > 0)
    assert len(result.constraints) == len(limits)
    for one in result.constraints:
        assert 0 <= one.alone_excluded_count <= one.excluded_count <= result.combinations_count
    if result.feasible_count == 0:
        assert not result.best
        assert result.nearest is not None
        assert not _keeps(result.nearest.outcome, limits)


@settings(max_examples=10, deadline=None)
@given(st.floats(60.0, 300.0), st.integers(0, 3))
def test_what_is_not_on_the_front_is_beaten_by_it(deadline_h: float, quality_risk: int) -> None:
    run = _run("BY_OPERATIONS")
    choices = [lever for lever in _some_choices(run) if lever.lever not in ("region", "time_shift")]
    choices += [Region(lever="region", country=country) for country in ("FR", "PL", "SE")]
    result = _found("BY_OPERATIONS", choices=tuple(choices), deadline_h=deadline_h, quality_risk=quality_risk)
    space = Space(run, axes_of(choices), lookups(run))
    found = space.outcomes(np.arange(space.machines.count), np.arange(space.places.count))
    risk = space.machines.risk(np.arange(space.machines.count))
    columns = [found.total_kgco2e, found.cost_usd, found.duration_h[:, None], risk[:, None]]
    every = np.stack([np.broadcast_to(column, found.total_kgco2e.shape).ravel() for column in columns], axis=1)
    every = every[(every[:, 2] <= deadline_h) & (every[:, 3] <= quality_risk)]
    assert result.feasible_count == len(every)
    front = np.array(
        [
            (one.total_kgco2e, one.cost_usd, one.duration_h, one.quality_risk)
            for one in (point.outcome for point in result.front)
        ]
    ).reshape(-1, 4)
    on_front = {tuple(point) for point in front.tolist()}
    for point in every:
        beaten = (front <= point).all(axis=1) & (front < point).any(axis=1)
        assert beaten.any() != (tuple(point.tolist()) in on_front)


def test_a_looser_constraint_never_finds_less() -> None:
    counts = [_found("BY_OPERATIONS", deadline_h=hours).feasible_count for hours in (50.0, 100.0, 200.0, 400.0)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_what_cannot_be_kept_says_what_would_be() -> None:
    result = _found("BY_OPERATIONS", deadline_h=0.5, quality_risk=0)
    assert result.feasible_count == 0
    assert result.constraints[0].name == "deadline_h"
    needed = result.constraints[0].needed
    assert needed is not None
    assert needed > 0.5
    # With exactly that deadline there is something.
    assert _found("BY_OPERATIONS", deadline_h=needed, quality_risk=0).feasible_count > 0
    assert result.nearest is not None
    assert result.nearest.outcome.duration_h is not None


def test_accelerators_at_hand() -> None:
    run = _run("BY_OPERATIONS")
    assert run.hardware.accelerator is not None
    boards = [lever.accelerator for lever in _some_choices(run) if isinstance(lever, OtherHardware)]
    limits = [AcceleratorLimit(accelerator=name, accelerator_count=128) for name in [run.hardware.accelerator, *boards]]
    result = _found("BY_OPERATIONS", accelerator_limits=tuple(limits))
    assert result.feasible_count > 0
    assert all((plan.outcome.accelerator_count or 0.0) <= 128 for plan in result.best)


def test_a_required_lever_is_never_left() -> None:
    result = _found("BY_DEVICES", required_levers=("region",))
    assert all("region" in {lever["lever"] for lever in point.levers} for point in result.best)


def test_axes_that_change_nothing_change_nothing() -> None:
    run = _run("BY_OPERATIONS")
    choices: tuple[Lever, ...] = (
        Region(lever="region", country="FR"),
        Region(lever="region", country="PL"),
        PowerCap(lever="power_cap", power_cap_share=0.6),
    )
    few = _found("BY_OPERATIONS", choices=choices)
    same = OtherHardware(lever="hardware", accelerator=run.hardware.accelerator or "")
    more = _found("BY_OPERATIONS", choices=(*choices, same))
    assert more.combinations_count == 2 * few.combinations_count
    assert [plan.levers for plan in more.best] == [plan.levers for plan in few.best]
    assert {point.outcome for point in more.front} == {point.outcome for point in few.front}


def test_a_run_that_nothing_beats() -> None:
    result = _found("BY_DEVICES", choices=(BetterPue(lever="pue", pue=3.0),))
    assert result.best == ()
    assert result.feasible_count == 2
    assert len(result.front) == 1
    assert result.front[0].levers == ()


def test_renting_without_a_price_list_is_said() -> None:
    with pytest.raises(InputProblems) as raised:
        _found("SERVED", choices=(), budget_usd=10.0, cost_basis="cloud")
    assert raised.value.problems[0].path == "constraints.budget_usd"


@pytest.mark.parametrize(
    ("lever", "path"),
    [
        ({"lever": "renewable_contract"}, "choices.0.lever"),
        (
            {
                "lever": "federated", "clients_count": 10, "rounds_count": 2, "mean_device_power_w": 5.0,
                "local_time_s": 60.0,
            },
            "choices.0.lever",
        ),
    ],
)  # fmt: skip
def test_what_is_no_setting_of_the_run_is_refused(lever: dict[str, Any], path: str) -> None:
    choices = Workload.model_validate({"levers": [lever]}).levers
    with pytest.raises(InputProblems) as raised:
        _found("BY_OPERATIONS", choices=choices)
    assert raised.value.problems[0].path == path


def test_progress_only_rises_and_ends_at_one() -> None:
    run = _run("BY_DEVICES")
    told: list[float] = []
    find_best(run, PlanRequest(), choices=_some_choices(run), lookups=lookups(run), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_the_result_survives_being_stored() -> None:
    result = _found("BY_DEVICES")
    assert PlanResult.model_validate_json(result.model_dump_json()) == result
