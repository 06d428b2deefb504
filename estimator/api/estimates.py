"""Compute a run, or store it and let a worker compute it."""

import uuid
from datetime import datetime
from typing import Annotated, Final, Literal, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Header, Router, Schema

from estimator import services
from estimator.api.shape import ERRORS, ApiError, ErrorBody, ErrorOut, json_response, throttle, wait_until_over
from estimator.core.footprint import Footprint, readable
from estimator.core.inputs import Workload
from estimator.models import Estimate

router = Router()

State = Literal["queued", "running", "done", "failed"]


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
    response={201: EstimateOut, 202: EstimateOut, 409: ErrorOut, **ERRORS},
    summary="Store an estimate and let a worker compute it",
)
def create_estimate(
    request: HttpRequest,
    payload: Workload,
    prefer: Annotated[str | None, Header(max_length=100)] = None,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> HttpResponse:
    """Answer 202 at once; with `Prefer: wait=N` (at most 10 s) 201 and the finished estimate, if done in time."""
    throttle(request, "estimates", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    try:
        row = services.submit_estimate(workload=payload, idempotency_key=idempotency_key)
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
    "/estimates/{uuid:estimate_id}",
    response={200: EstimateOut, 404: ErrorOut},
    url_name="estimate",
    summary="A stored estimate and where it stands",
)
def get_estimate(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Whoever has the link may read it; the id cannot be guessed."""
    row = Estimate.objects.filter(pk=estimate_id).first()
    if row is None:
        raise ApiError(404, "not_found", "There is no estimate with this id.")
    return json_response(_estimate_out(row, request))
