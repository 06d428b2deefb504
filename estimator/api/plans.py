"""Find the best: search settings of levers, hardware and places for the plans that nothing else beats."""

import uuid
from datetime import datetime
from typing import Annotated, Final, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Header, Router, Schema
from pydantic import Field

from estimator.api.auth import SIGNED_IN_ERRORS, optional_user
from estimator.api.estimates import State
from estimator.api.found import NOT_SEEN_ERRORS, stored_estimate, visible
from estimator.api.shape import (
    ERRORS,
    ApiError,
    ErrorBody,
    FieldError,
    json_response,
    throttle,
    wait_until_over,
)
from estimator.core.inputs import InputProblem, InputProblems, Workload
from estimator.core.planner.request import PlanRequest
from estimator.core.planner.result import PlanResult, readable_plans
from estimator.models import Estimate, Plan
from estimator.services import plans

router = Router()

_ONE_OF_TWO: Final = "Give estimate, the id of a stored one, or inputs, the body of an estimate, and not both."


class PlanIn(PlanRequest):
    """A search: of a stored estimate, or of a run."""

    estimate: Annotated[uuid.UUID, Field(strict=False)] | None = Field(None, description="Id of a stored estimate.")
    inputs: Workload | None = Field(None, description="The run, as the body of an estimate. Its levers are left out.")


class PlanOut(Schema):
    """One search; `result` is there once `status` is done."""

    id: uuid.UUID
    title: str
    status: State
    progress: float
    url: str
    estimate: uuid.UUID | None
    created_at: datetime
    finished_at: datetime | None
    combinations_count: int
    inputs: Workload
    request: PlanRequest
    result: PlanResult | None
    error: ErrorBody | None


#: What a program is told for each reason why a search failed; the log has the rest.
FAILURES: Final = {
    "inputs_refused": "Something in it cannot be searched; fields say what.",
    "gave_up": "It was tried several times and did not end. Try again with fewer settings.",
    "internal": "Something went wrong on our side. Try again, and tell the operator if it fails again.",
}


@router.post(
    "/plans",
    response={201: PlanOut, 202: PlanOut, **NOT_SEEN_ERRORS, **ERRORS, **SIGNED_IN_ERRORS},
    summary="Search for the best plans of a run",
)
def create_plan(
    request: HttpRequest, payload: PlanIn, prefer: Annotated[str | None, Header(max_length=100)] = None
) -> HttpResponse:
    """
    Search every combination of the given settings, at most two million, within the constraints.

    A small search answers 201 with its result. A large one answers 202 at once; with `Prefer: wait=N` (at most 10 s)
    201, if it is done in time.
    """
    owner = optional_user(request, "estimates")
    throttle(request, "plans", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    estimate, workload = _run_of(request, payload)
    asked = PlanRequest(choices=payload.choices, constraints=payload.constraints, rank_by=payload.rank_by)
    row = plans.submit_plan(workload=workload, request=asked, estimate=estimate, owner=owner)
    wait_until_over(row, prefer)
    url = reverse("api:plan", args=[row.id])
    return json_response(_plan_out(row, request), status=201 if row.is_over else 202, headers={"Location": url})


@router.get(
    "/plans/{uuid:plan_id}",
    response={200: PlanOut, **NOT_SEEN_ERRORS},
    url_name="plan",
    summary="A search and what it found",
)
def get_plan(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """Whoever has the link may read it, as long as its estimate is shown; the id cannot be guessed."""
    row = Plan.objects.select_related("estimate").filter(pk=plan_id).first()
    if row is None:
        raise ApiError(404, "not_found", "There is no search with this id.")
    if row.estimate is not None:
        visible(request, row.estimate)
    return json_response(_plan_out(row, request))


def _run_of(request: HttpRequest, payload: PlanIn) -> tuple[Estimate | None, Workload]:
    if payload.inputs is not None and payload.estimate is None:
        return None, payload.inputs
    if payload.estimate is None or payload.inputs is not None:
        raise InputProblems((InputProblem("estimate", _ONE_OF_TWO),))
    estimate = stored_estimate(request, payload.estimate)
    return estimate, estimate.workload()


def _plan_out(row: Plan, request: HttpRequest) -> PlanOut:
    found = row.found()
    return PlanOut.model_construct(
        id=row.id,
        title=row.title,
        status=cast(State, row.status),
        progress=row.progress,
        url=request.build_absolute_uri(reverse("plan", args=[row.id])),
        estimate=row.estimate_id,
        created_at=row.created_at,
        finished_at=row.finished_at,
        combinations_count=row.combinations_count,
        inputs=row.workload(),
        request=row.asked(),
        result=readable_plans(found) if found else None,
        error=_error(row) if row.error_code else None,
    )


def _error(row: Plan) -> ErrorBody:
    return ErrorBody(
        code=row.error_code,
        message=FAILURES.get(row.error_code, FAILURES["internal"]),
        fields=[
            FieldError(
                path=one["path"], message=one["message"] % one["text_params"] if one["text_params"] else one["message"]
            )
            for one in row.problems
        ],
    )
