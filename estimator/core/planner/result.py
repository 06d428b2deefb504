"""What a search finds: frozen, and ready to be stored as JSON."""

from collections.abc import Callable
from typing import Any, Literal

from estimator.core.footprint import Range, Result
from estimator.core.planner.request import CostBasis, Objective

#: Why a plan is among the best.
Role = Literal[
    "least_kgco2e", "least_cost", "least_time", "no_quality_risk", "same_place", "same_hardware", "one_lever", "another"
]
ConstraintName = Literal["deadline_h", "budget_usd", "quality_risk", "cap_kgco2e", "accelerator_limits"]


class Outcome(Result):
    """What one combination comes to, at the central inputs; None where it is unknown."""

    total_kgco2e: float
    facility_energy_kwh: float
    cost_usd: float | None
    duration_h: float | None
    accelerator_count: float | None
    quality_risk: int  #: points


class Point(Result):
    """One combination: its levers, in the shape of `levers` of a run, and what it comes to."""

    levers: tuple[dict[str, Any], ...]
    outcome: Outcome


class PlanStep(Result):
    """One lever of a plan: what to do, and what it brings after those before it."""

    lever: dict[str, Any]
    message: str  #: English template
    text_params: dict[str, Any] = {}
    saving_kgco2e: float | None  #: negative where it costs, None where it cannot be told apart
    conditions: str = ""  #: English templates, one a line
    quality_caveat: str = ""  #: English templates, one a line
    source_ids: tuple[str, ...] = ()


class BestPlan(Point):
    """One of the best, explained."""

    roles: tuple[Role, ...]
    steps: tuple[PlanStep, ...]
    after_kgco2e: Range
    saving_kgco2e: Range
    saving_share: Range


class ConstraintEffect(Result):
    """What one constraint does to the combinations."""

    name: ConstraintName
    limit: float | None
    excluded_count: int
    alone_excluded_count: int  #: excluded by this constraint and by no other
    needed: float | None  #: the limit at which a combination would keep to everything else


class LeftOut(Result):
    """A setting with which nothing can be computed."""

    lever: dict[str, Any]
    message: str  #: English template
    text_params: dict[str, Any] = {}


class PlanResult(Result):
    """Everything that a search found."""

    combinations_count: int
    feasible_count: int
    front_count: int
    rank_by: Objective
    cost_basis: CostBasis
    objectives: tuple[Objective, ...]  #: those that are known and differ between combinations
    as_it_is: Outcome
    as_it_is_range: Range
    front: tuple[Point, ...]
    best: tuple[BestPlan, ...]
    constraints: tuple[ConstraintEffect, ...]
    nearest: Point | None  #: what comes closest where nothing keeps to every constraint
    left_out: tuple[LeftOut, ...]
    engine_version: str
    dataset_version: str


def readable_plans(result: PlanResult, translate: Callable[[str], str] = str) -> PlanResult:
    """The result with every text translated and its places filled: what people and programs are given."""

    def lines(text: str) -> str:
        return " ".join(translate(line) for line in text.split("\n") if line)

    return result.model_copy(
        update={
            "best": tuple(
                plan.model_copy(
                    update={
                        "steps": tuple(
                            step.model_copy(
                                update={
                                    "message": translate(step.message) % step.text_params,
                                    "text_params": {},
                                    "conditions": lines(step.conditions),
                                    "quality_caveat": lines(step.quality_caveat),
                                }
                            )
                            for step in plan.steps
                        )
                    }
                )
                for plan in result.best
            ),
            "left_out": tuple(
                one.model_copy(
                    update={
                        "message": translate(one.message) % one.text_params
                        if one.text_params
                        else translate(one.message),
                        "text_params": {},
                    }
                )
                for one in result.left_out
            ),
        }
    )
