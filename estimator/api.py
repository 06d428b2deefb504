"""The JSON API of estimates: parse into the core's inputs, call one service, answer."""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Header, Query, Router, Schema

from estimator import broker, services
from estimator.core.footprint import Footprint, readable
from estimator.core.inputs import InputProblem, Workload
from estimator.models import Estimate
from estimator.reference import catalogue

router = Router()

MAX_WAIT_S: Final = 10.0
Table = Literal[
    "accelerators", "cpus", "grids", "cloud-regions", "cloud-instances", "models", "levers", "equivalents", "sources"
]


State = Literal["queued", "running", "done", "failed"]


class FieldError(Schema):
    """One field and what is wrong with it."""

    path: str
    message: str
    suggestions: list[str] = []


class ErrorBody(Schema):
    """What went wrong, for programs (code) and people (message)."""

    code: str
    message: str
    fields: list[FieldError] = []


class ErrorOut(Schema):
    """The one shape of every error."""

    error: ErrorBody


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


class HealthOut(Schema):
    """What works at this moment."""

    status: Literal["ok", "degraded"]
    database: Literal["ok", "unreachable"]
    broker: Literal["ok", "unreachable"]
    workers_count: int
    queues: list[str]


class CatalogueOut(Schema):
    """Rows of one table of the catalogue, best match first."""

    dataset_version: str
    count: int
    items: list[dict[str, Any]]


#: What a person is told for each reason why an estimate failed; the log has the rest.
FAILURES: Final = {
    "inputs_unknown": "The inputs name something that the present catalogue does not know. Make the estimate anew.",
    "gave_up": "It was tried several times and did not end. Try again, and tell the operator if it fails again.",
    "internal": "Something went wrong on our side. Try again, and tell the operator if it fails again.",
}


class ApiError(Exception):
    """An error with its place in the one shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: Sequence[InputProblem] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.fields, self.headers = status, code, message, fields, headers

    def response(self) -> HttpResponse:
        """The error as it is sent."""
        body = ErrorOut(
            error=ErrorBody(
                code=self.code,
                message=self.message,
                fields=[
                    FieldError(
                        path=problem.path,
                        message=problem.message % problem.text_params if problem.text_params else problem.message,
                        suggestions=list(problem.suggestions),
                    )
                    for problem in self.fields
                ],
            )
        )
        return _json(body, status=self.status, headers=self.headers)


def invalid_input(problems: Sequence[InputProblem]) -> ApiError:
    """All that is wrong with the inputs, as 422."""
    count = len(problems)
    message = "One field needs another value." if count == 1 else f"{count} fields need another value."
    return ApiError(422, "invalid_input", message, problems)


def _json(body: Schema | Footprint, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        body.model_dump_json().encode(), status=status, content_type="application/json", headers=headers
    )


def _throttle(request: HttpRequest, scope: str, per_minute: int) -> None:
    address = request.META.get("REMOTE_ADDR") or "local"
    wait_s = broker.seconds_until_allowed(scope=scope, address=address, per_minute=per_minute)
    if wait_s:
        raise ApiError(
            429,
            "too_many_requests",
            f"More than {per_minute} requests in a minute from this address; try again in {wait_s} s.",
            headers={"Retry-After": str(wait_s)},
        )


ERRORS: Final = dict.fromkeys((400, 413, 415, 422, 429, 500), ErrorOut)


@router.post("/calculate", response={200: Footprint, **ERRORS}, summary="Compute a footprint, store nothing")
def calculate(request: HttpRequest, payload: Workload) -> HttpResponse:
    """The footprint of one run, at once: every number with its steps, assumptions, sources and range."""
    _throttle(request, "calculate", settings.THROTTLE_CALCULATE_PER_MINUTE)
    return _json(readable(services.calculate(workload=payload)))


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
    _throttle(request, "estimates", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    try:
        row = services.submit_estimate(workload=payload, idempotency_key=idempotency_key)
    except services.IdempotencyConflict:
        raise ApiError(
            409, "idempotency_conflict", "This Idempotency-Key was used with other inputs; take a new key."
        ) from None
    deadline_s = time.monotonic() + _wait_s(prefer)
    while not row.is_over and time.monotonic() < deadline_s:
        time.sleep(0.03)
        row.refresh_from_db()
    url = reverse("api:estimate", args=[row.id])
    return _json(_estimate_out(row, request), status=201 if row.is_over else 202, headers={"Location": url})


def _wait_s(prefer: str | None) -> float:
    for preference in (prefer or "").split(","):
        name, _, value = preference.strip().partition("=")
        if name == "wait" and value.isdigit():
            return min(float(value), MAX_WAIT_S)
    return 0.0


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
    return _json(_estimate_out(row, request))


@router.get(
    "/catalogue/{table}",
    response={200: CatalogueOut, 404: ErrorOut, 422: ErrorOut},
    summary="What we know, with sources",
)
def get_catalogue(
    request: HttpRequest,
    table: Table,
    q: Annotated[str, Query(max_length=120)] = "",
    limit: Annotated[int, Query(ge=1, le=2000)] = 500,
) -> HttpResponse:
    """Rows of one table; `q` searches names and aliases."""
    items = catalogue.rows(table, q=q)
    out = CatalogueOut(dataset_version=catalogue.dataset_version(), count=len(items), items=items[:limit])
    return _json(out)


@router.get("/health", response={200: HealthOut, 503: HealthOut}, summary="What works at this moment")
def get_health(request: HttpRequest) -> HttpResponse:
    """200 when database, broker and at least one worker answer; 503 when one does not."""
    health = services.site_health()
    out = HealthOut(
        status="ok" if health.ok else "degraded",
        database="ok" if health.database else "unreachable",
        broker="ok" if health.broker else "unreachable",
        workers_count=health.workers_count,
        queues=sorted(health.queues),
    )
    return _json(out, status=200 if health.ok else 503, headers={"Cache-Control": "no-store"})
