"""Compute a run, or store it and let a worker compute it."""

import uuid
from datetime import datetime
from typing import Annotated, Final, Literal, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Header, Query, Router, Schema

from estimator import services
from estimator.api.auth import SIGNED_IN_ERRORS, AccountToken, optional_user, require_user
from estimator.api.found import NOT_SEEN_ERRORS, stored_estimate
from estimator.api.shape import (
    ERRORS,
    ApiError,
    ErrorBody,
    ErrorOut,
    invalid_input,
    json_response,
    throttle,
    wait_until_over,
)
from estimator.core.footprint import Footprint, readable
from estimator.core.inputs import InputProblem, Workload
from estimator.models import Estimate
from estimator.services.cursor import cursor_of, place_of

router = Router()

State = Literal["queued", "running", "done", "failed"]


class EstimateListed(Schema):
    """One stored estimate in a list: its own address has all of it."""

    id: uuid.UUID
    title: str
    status: State
    method: str
    facility_energy_kwh: float | None
    total_kgco2e: float | None
    created_at: datetime
    finished_at: datetime | None
    url: str


class EstimatesOut(Schema):
    """Estimates of an account; `next_cursor` asks for the next ones, and is null at the end."""

    items: list[EstimateListed]
    next_cursor: str | None


class EstimateOut(Schema):
    """One stored estimate; `footprint` is there once `status` is done."""

    id: uuid.UUID
    title: str
    status: State
    progress: float
    url: str
    report_pdf_url: str
    report_json_url: str
    created_at: datetime
    finished_at: datetime | None
    inputs: Workload
    footprint: Footprint | None
    error: ErrorBody | None


#: What a person is told for each reason why an estimate failed; the log has the rest.
FAILURES: Final = {
    "inputs_unknown": "The inputs name something that the present catalogue does not know. Make the estimate anew.",
    "gave_up": "It was tried several times and did not end. Try again, and tell the operator if it fails again.",
    "internal": "Something went wrong on our side. Try again, and tell the operator if it fails again.",
}


@router.post("/calculate", response={200: Footprint, **ERRORS}, summary="Compute a footprint, store nothing")
def calculate(request: HttpRequest, payload: Workload) -> HttpResponse:
    """The footprint of one run, at once: every number with its steps, assumptions, sources and range."""
    throttle(request, "calculate", settings.THROTTLE_CALCULATE_PER_MINUTE)
    return json_response(readable(services.calculate(workload=payload)))


@router.post(
    "/estimates",
    response={201: EstimateOut, 202: EstimateOut, 409: ErrorOut, **ERRORS, **SIGNED_IN_ERRORS},
    summary="Store an estimate and let a worker compute it",
)
def create_estimate(
    request: HttpRequest,
    payload: Workload,
    prefer: Annotated[str | None, Header(max_length=100)] = None,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> HttpResponse:
    """
    Answer 202 at once; with `Prefer: wait=N` (at most 10 s) 201 and the finished estimate, if done in time.

    With a token of the scope `estimates` it belongs to its account; without one, to nobody.
    """
    owner = optional_user(request, "estimates")
    throttle(request, "estimates", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    try:
        row = services.submit_estimate(workload=payload, idempotency_key=idempotency_key, owner=owner)
    except services.IdempotencyConflict:
        raise ApiError(
            409, "idempotency_conflict", "This Idempotency-Key was used with other inputs; take a new key."
        ) from None
    wait_until_over(row, prefer)
    url = reverse("api:estimate", args=[row.id])
    return json_response(_estimate_out(row, request), status=201 if row.is_over else 202, headers={"Location": url})


def _estimate_out(row: Estimate, request: HttpRequest) -> EstimateOut:
    footprint = row.result()
    url = reverse("api:estimate", args=[row.id])
    return EstimateOut.model_construct(
        id=row.id,
        title=row.title,
        status=cast(State, row.status),
        progress=row.progress,
        url=request.build_absolute_uri(reverse("estimate", args=[row.id])),
        report_pdf_url=f"{url}/report.pdf",
        report_json_url=f"{url}/report.json",
        created_at=row.created_at,
        finished_at=row.finished_at,
        inputs=row.workload(),
        footprint=readable(footprint) if footprint else None,
        error=ErrorBody(code=row.error_code, message=FAILURES.get(row.error_code, FAILURES["internal"]))
        if row.error_code
        else None,
    )


@router.get(
    "/estimates",
    auth=AccountToken("estimates"),
    response={200: EstimatesOut, 422: ErrorOut, **SIGNED_IN_ERRORS},
    url_name="estimates",
    summary="The estimates of your account",
)
def list_estimates(
    request: HttpRequest,
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> HttpResponse:
    """Newest first, `limit` at a time; the next ones by `cursor`, as the answer gives it."""
    owner = require_user(request, "estimates")
    try:
        page = services.estimates_of(owner=owner, before=place_of(cursor), limit=limit)
    except ValueError:
        problem = InputProblem(path="cursor", message="Give next_cursor of the answer before, or none.")
        raise invalid_input([problem]) from None
    return json_response(
        EstimatesOut(
            items=[
                EstimateListed(
                    id=row.id,
                    title=row.title,
                    status=cast(State, row.status),
                    method=row.method,
                    facility_energy_kwh=row.facility_energy_kwh,
                    total_kgco2e=row.total_kgco2e,
                    created_at=row.created_at,
                    finished_at=row.finished_at,
                    url=request.build_absolute_uri(reverse("estimate", args=[row.id])),
                )
                for row in page.rows
            ],
            next_cursor=cursor_of(page.next_before),
        )
    )


@router.delete(
    "/estimates/{uuid:estimate_id}",
    auth=AccountToken("estimates"),
    response={204: None, 404: ErrorOut, **SIGNED_IN_ERRORS},
    summary="Delete an estimate of your account, with its reports",
)
def delete_estimate(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Its links lead nowhere from then on."""
    if not services.delete_estimate(owner=require_user(request, "estimates"), estimate_id=estimate_id):
        raise ApiError(404, "not_found", "Your account has no estimate with this id.")
    return HttpResponse(status=204)


@router.get(
    "/estimates/{uuid:estimate_id}",
    response={200: EstimateOut, **NOT_SEEN_ERRORS},
    url_name="estimate",
    summary="A stored estimate and where it stands",
)
def get_estimate(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Whoever has the link may read it, unless it is private or withdrawn; the id cannot be guessed."""
    return json_response(_estimate_out(stored_estimate(request, estimate_id), request))
