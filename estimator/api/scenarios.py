"""What a run would be if …: stacks of levers, tried on any run or kept with a stored one."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router, Schema
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from estimator import access
from estimator.api.auth import SIGNED_IN_ERRORS, optional_user
from estimator.api.found import NOT_SEEN_ERRORS, not_done, stored_estimate, visible
from estimator.api.shape import ERRORS, ApiError, ErrorOut, json_response, throttle
from estimator.core.bounds import Inputs
from estimator.core.footprint import Source
from estimator.core.inputs import InputProblem, InputProblems, Workload
from estimator.core.levers.settings import MOST_LEVERS, Lever
from estimator.core.scenarios import MOST_SCENARIOS, Comparison, Run, ScenarioResult, readable_comparison
from estimator.models import WHO_MAY_SEE, Estimate, JobStatus, Scenario
from estimator.models.scenario import LONGEST_NAME
from estimator.services import scenarios
from estimator.services.scenarios import MOST_KEPT, Named, TooManyScenarios

router = Router()

Name = Annotated[str, Field(max_length=LONGEST_NAME)]


def _some(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse an empty list, once its items are right: a wrong item is not a missing one."""
    if not items:
        raise PydanticCustomError("too_short", "Give at least {min_length} entries.", {"min_length": 1})
    return items


_AT_LEAST_ONE: Final = {"minItems": 1}
Stack = Annotated[
    tuple[Lever, ...],
    Field(strict=False, max_length=MOST_LEVERS, json_schema_extra=_AT_LEAST_ONE),
    AfterValidator(_some),
]
_ONE: Final = "scenarios.0."
_UNKNOWN: Final = "There is no scenario with this id."


class ScenarioIn(Inputs):
    """Levers under a name."""

    name: Name = Field("", description="Empty: its number.")
    levers: Stack


class ScenarioPatch(Inputs):
    """What is to be changed of a kept scenario."""

    name: Name | None = None
    levers: Stack | None = None


class ScenariosIn(Workload):
    """A run as in `/calculate`, and its scenarios. Levers of the run itself are left out."""

    scenarios: Annotated[
        tuple[ScenarioIn, ...],
        Field(strict=False, max_length=MOST_SCENARIOS, json_schema_extra=_AT_LEAST_ONE),
        AfterValidator(_some),
    ]


class ScenarioListed(Schema):
    """One kept scenario; its own address has what it makes of the run."""

    id: uuid.UUID
    name: str
    levers: list[dict[str, Any]]
    created_at: datetime
    url: str


class ScenariosOut(Schema):
    """The kept scenarios of an estimate, in their order."""

    count: int
    items: list[ScenarioListed]


class ScenarioOut(ScenarioListed):
    """One kept scenario, computed by today's tables beside the run as it is."""

    estimate: uuid.UUID
    baseline: Run
    scenario: ScenarioResult
    sources: dict[str, Source]
    engine_version: str
    dataset_version: str


@router.post("/scenarios", response={200: Comparison, **ERRORS}, summary="Set scenarios of a run side by side")
def compare(request: HttpRequest, payload: ScenariosIn) -> HttpResponse:
    """
    The run as it is, and each scenario: its result, each lever alone, the waterfall, and what explains the difference.

    Nothing is stored.
    """
    throttle(request, "calculate", settings.THROTTLE_CALCULATE_PER_MINUTE)
    run = Workload.model_construct(**{name: getattr(payload, name) for name in Workload.model_fields})
    named = [
        Named(one.name or f"Scenario {number}", one.levers) for number, one in enumerate(payload.scenarios, start=1)
    ]
    comparison = scenarios.compare_scenarios(workload=run, scenarios=named)
    return json_response(readable_comparison(comparison))


@router.post(
    "/estimates/{uuid:estimate_id}/scenarios",
    response={201: ScenarioOut, **NOT_SEEN_ERRORS, 409: ErrorOut, **ERRORS, **SIGNED_IN_ERRORS},
    summary="Keep a scenario with a stored estimate",
)
def create_scenario(request: HttpRequest, estimate_id: uuid.UUID, payload: ScenarioIn) -> HttpResponse:
    """Of an estimate that belongs to nobody, whoever has the link may; else its account alone."""
    user = optional_user(request, "estimates")
    throttle(request, "estimates", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    row = stored_estimate(request, estimate_id)
    if row.status != JobStatus.DONE:
        raise not_done()
    _refuse_others(user, row)
    try:
        kept = scenarios.save_scenario(estimate=row, name=payload.name, levers=payload.levers)
    except TooManyScenarios:
        message = f"An estimate keeps at most {MOST_KEPT} scenarios; delete one."
        raise ApiError(409, "too_many_scenarios", message) from None
    return json_response(_out(kept, request), status=201, headers={"Location": reverse("api:scenario", args=[kept.id])})


@router.get(
    "/estimates/{uuid:estimate_id}/scenarios",
    response={200: ScenariosOut, **NOT_SEEN_ERRORS},
    summary="The scenarios of a stored estimate",
)
def list_scenarios(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """All of them, at most fifty; what each makes of the run stands at its own address."""
    row = stored_estimate(request, estimate_id, Estimate.objects.only(*WHO_MAY_SEE))
    items = [ScenarioListed(**_listed(one, request)) for one in row.scenarios.all()]
    return json_response(ScenariosOut(count=len(items), items=items))


@router.get(
    "/scenarios/{uuid:scenario_id}",
    response={200: ScenarioOut, **NOT_SEEN_ERRORS, 422: ErrorOut, 429: ErrorOut},
    url_name="scenario",
    summary="A kept scenario, computed",
)
def get_scenario(request: HttpRequest, scenario_id: uuid.UUID) -> HttpResponse:
    """Whoever has the link may read it, as long as its estimate is shown; the id cannot be guessed."""
    throttle(request, "calculate", settings.THROTTLE_CALCULATE_PER_MINUTE)
    return json_response(_out(_scenario(request, scenario_id), request))


@router.patch(
    "/scenarios/{uuid:scenario_id}",
    response={200: ScenarioOut, **NOT_SEEN_ERRORS, **ERRORS, **SIGNED_IN_ERRORS},
    summary="Rename a kept scenario, or change its levers",
)
def change_scenario(request: HttpRequest, scenario_id: uuid.UUID, payload: ScenarioPatch) -> HttpResponse:
    """What is left out, or null, stays as it is."""
    user = optional_user(request, "estimates")
    throttle(request, "estimates", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    row = _scenario(request, scenario_id)
    _refuse_others(user, row.estimate)
    changed = scenarios.change_scenario(scenario=row, name=payload.name, levers=payload.levers)
    return json_response(_out(changed, request))


@router.delete(
    "/scenarios/{uuid:scenario_id}",
    response={204: None, **NOT_SEEN_ERRORS, **SIGNED_IN_ERRORS},
    summary="Delete a kept scenario",
)
def delete_scenario(request: HttpRequest, scenario_id: uuid.UUID) -> HttpResponse:
    """It is gone from then on; the estimate stays."""
    user = optional_user(request, "estimates")
    _refuse_others(user, _scenario(request, scenario_id).estimate)
    scenarios.delete_scenario(scenario_id=scenario_id)
    return HttpResponse(status=204)


def _scenario(request: HttpRequest, scenario_id: uuid.UUID) -> Scenario:
    row = Scenario.objects.select_related("estimate").filter(pk=scenario_id).first()
    if row is None:
        raise ApiError(404, "not_found", _UNKNOWN)
    visible(request, row.estimate)
    return row


def _refuse_others(user: access.Person | None, row: Estimate) -> None:
    if not access.may_change_scenarios(user, row):
        raise ApiError(403, "not_yours", "This estimate belongs to an account: only its owner can keep scenarios.")


def _listed(row: Scenario, request: HttpRequest) -> dict[str, Any]:
    page = request.build_absolute_uri(reverse("scenarios", args=[row.estimate_id]))
    return {
        "id": row.id,
        "name": row.name,
        "levers": row.levers,
        "created_at": row.created_at,
        "url": f"{page}?scenario={row.id}",
    }


def _out(row: Scenario, request: HttpRequest) -> ScenarioOut:
    workload = scenarios.run_of(estimate=row.estimate)
    try:
        comparison = scenarios.compare_scenarios(workload=workload, scenarios=[Named(row.name, row.stack())])
    except InputProblems as error:
        raise InputProblems(tuple(_plain(problem) for problem in error.problems)) from error
    told = readable_comparison(comparison)
    return ScenarioOut.model_construct(
        **_listed(row, request),
        estimate=row.estimate_id,
        baseline=told.baseline,
        scenario=told.scenarios[0],
        sources=dict(told.sources),
        engine_version=told.engine_version,
        dataset_version=told.dataset_version,
    )


def _plain(problem: InputProblem) -> InputProblem:
    return InputProblem(problem.path.removeprefix(_ONE), problem.message, problem.text_params, problem.suggestions)
