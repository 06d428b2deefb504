"""What a search is asked: which settings may vary, within which constraints, and what counts first."""

from typing import Annotated, Final, Literal

from pydantic import Field

from estimator.core.bounds import CatalogueName, Hours, Inputs, PositiveCount
from estimator.core.footprint import gettext_noop
from estimator.core.inputs import InputProblem, InputProblems
from estimator.core.levers.settings import Lever

#: Combinations of one search, settings of all levers together, and runs whose inputs are looked up.
MOST_COMBINATIONS: Final = 2_000_000
MOST_CHOICES: Final = 600
MOST_STATES: Final = 20_000
MOST_RISK: Final = 30

Objective = Literal["total_kgco2e", "cost_usd", "duration_h", "quality_risk"]
CostBasis = Literal["electricity", "cloud"]
OBJECTIVES: Final[tuple[Objective, ...]] = ("total_kgco2e", "cost_usd", "duration_h", "quality_risk")

_TOO_MANY: Final = gettext_noop(
    "These settings make %(combinations)s combinations; at most %(most)s are searched. Let fewer settings vary."
)
_NOT_PLANNED: Final = {
    "federated": gettext_noop(
        "Federated training is another way to train, not a setting of this run. Compare it as a scenario instead."
    ),
    "renewable_contract": gettext_noop(
        "A contract changes the market-based figure alone; plans are judged by the location-based one. Leave it out."
    ),
}


class AcceleratorLimit(Inputs):
    """How many of an accelerator there are."""

    accelerator: CatalogueName
    accelerator_count: PositiveCount = Field(description="At most so many at once.")


class Constraints(Inputs):
    """What a plan must keep to; what is not said is free."""

    deadline_h: Hours | None = Field(None, description="Hours by the clock of one run, at most. [h]")
    budget_usd: Annotated[float, Field(ge=0, le=1e15)] | None = Field(None, description="Cost, at most. [USD]")
    cost_basis: CostBasis = Field(
        "electricity", description="What cost means: electricity, or renting the accelerators by list prices."
    )
    quality_risk: Annotated[int, Field(ge=0, le=MOST_RISK)] | None = Field(
        None, description="Points of risk to the quality of the model, at most: 0 none, 1 slight, 2 clear, 3 serious."
    )
    cap_kgco2e: Annotated[float, Field(ge=0, le=1e15)] | None = Field(
        None, description="Total emissions, at most. [kgCO2e]"
    )
    accelerator_limits: Annotated[tuple[AcceleratorLimit, ...], Field(strict=False, max_length=200)] = ()
    required_levers: Annotated[tuple[CatalogueName, ...], Field(strict=False, max_length=20)] = Field(
        (), description="Levers whose present setting is not allowed: region where the present place is none."
    )


class PlanRequest(Inputs):
    """Which settings may vary, within which constraints, and what counts first."""

    choices: Annotated[tuple[Lever, ...], Field(strict=False, max_length=MOST_CHOICES)] | None = Field(
        None,
        description="Settings to try, in the shape of `levers`; those of one lever are alternatives, and leaving the "
        "run as it is always is one. By default what the catalogue suggests for the run.",
    )
    constraints: Constraints = Constraints()
    rank_by: Objective = "total_kgco2e"


def refuse_unplannable(choices: tuple[Lever, ...]) -> None:
    """
    Refuse levers that are no setting of the run.

    Raises
    ------
    InputProblems
        All of them at once.
    """
    problems = tuple(
        InputProblem(f"choices.{number}.lever", _NOT_PLANNED[lever.lever])
        for number, lever in enumerate(choices)
        if lever.lever in _NOT_PLANNED
    )
    if problems:
        raise InputProblems(problems)


def too_many(combinations: int, most: int) -> InputProblems:
    """More combinations than a search may take."""
    return InputProblems((InputProblem("choices", _TOO_MANY, {"combinations": combinations, "most": most}),))
