"""Measurements: ask for one, follow it, stop it, take its samples; bring one that has ended."""

import uuid
from typing import Final

import orjson
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from ninja import Router
from pydantic import TypeAdapter, ValidationError

from estimator import access
from estimator.api.auth import SIGNED_IN_ERRORS, AccountToken, require_user
from estimator.api.measured import MeasurementOut, MeasurementsOut, SeriesOut, measurement_out
from estimator.api.samples import large_body, samples_refused, storage_full
from estimator.api.shape import ERRORS, ApiError, ErrorOut, invalid_input, json_response
from estimator.core.inputs import InputProblem
from estimator.core.measuring import FootprintRequest, MeasurementRequest
from estimator.core.problems import problems_of
from estimator.models import Measurement
from estimator.services import measurements, placed, recorded, series, standing
from estimator.services.cursor import cursor_of, place_of
from estimator.services.recorded import Recorded
from estimator.services.samples import SamplesRefused
from estimator.services.storage import Full
from estimator.views.asked import site_of

router = Router()
SCOPE: Final = "measurements"
ON_A_PAGE: Final = 50
_ERRORS: Final = ERRORS | SIGNED_IN_ERRORS
_NONE: Final = ApiError(404, "not_found", "You have no such measurement.")


def _own(request: HttpRequest, measurement_id: uuid.UUID) -> Measurement:
    row = access.own(Measurement.objects.all(), person=require_user(request, SCOPE), pk=measurement_id)
    if row is None:
        raise _NONE
    return row


# --- its owner --------------------------------------------------------------------------------------------------------


@router.post(
    "/measurements",
    auth=AccountToken(SCOPE),
    response={201: MeasurementOut, **_ERRORS},
    summary="Measure on one of your workers",
)
def create_measurement(request: HttpRequest, payload: MeasurementRequest) -> HttpResponse:
    """It begins within a second where the worker is online, else when it is back."""
    row = measurements.request_measurement(
        owner=require_user(request, SCOPE), asked=payload, site=site_of(request), language=get_language() or "en"
    )
    return json_response(
        measurement_out(request, row), status=201, headers={"Location": f"/api/v1/measurements/{row.pk}"}
    )


@router.get(
    "/measurements",
    auth=AccountToken(SCOPE),
    response={200: MeasurementsOut, **_ERRORS},
    summary="Your measurements, newest first",
)
def list_measurements(request: HttpRequest, cursor: str = "", project: str = "") -> HttpResponse:
    """A page at a time; with `project`, those of one project, by its whole name."""
    try:
        before = place_of(cursor)
    except ValueError:
        raise invalid_input([InputProblem("cursor", "Take the cursor of an answer as it is.")]) from None
    listed = Measurement.objects.owned_by(require_user(request, SCOPE)).of_project(project)
    rows = listed.newest_first(before=before)[: ON_A_PAGE + 1]
    shown = list(rows)[:ON_A_PAGE]
    last = (shown[-1].created_at, shown[-1].pk) if len(rows) > ON_A_PAGE else None
    out = MeasurementsOut(
        measurements=[measurement_out(request, row) for row in shown],
        next_cursor=cursor_of(last),
        all_energy_kwh=standing.in_kwh(listed.sum_energy_j()),
    )
    return json_response(out)


@router.post(
    "/measurements/finished",
    auth=AccountToken(SCOPE),
    response={200: MeasurementOut, 201: MeasurementOut, 409: ErrorOut, **_ERRORS},
    summary="Bring a measurement that has ended",
)
def bring_finished(request: HttpRequest) -> HttpResponse:
    """As `wattprint measure` writes it; sent twice, it is stored once."""
    owner = require_user(request, SCOPE)
    try:
        told = TypeAdapter(Recorded).validate_python(large_body(request, recorded.MOST_BYTES))
    except ValidationError as problems:
        raise invalid_input(problems_of([dict(item) for item in problems.errors()])) from None
    try:
        row, is_new = recorded.bring(owner=owner, told=told)
    except SamplesRefused as refused:
        raise samples_refused(refused) from None
    except Full as full:
        raise storage_full(full) from None
    return json_response(measurement_out(request, row), status=201 if is_new else 200)


@router.get(
    "/measurements/{measurement_id}",
    auth=AccountToken(SCOPE),
    response={200: MeasurementOut, 404: ErrorOut, **_ERRORS},
    summary="One measurement",
)
def get_measurement(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """How far it is, or what came out."""
    return json_response(measurement_out(request, _own(request, measurement_id)))


@router.delete(
    "/measurements/{measurement_id}",
    auth=AccountToken(SCOPE),
    response={204: None, 404: ErrorOut, **_ERRORS},
    summary="Delete a measurement with its samples",
)
def delete_measurement(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """The footprint that was made of it stays."""
    if not measurements.delete_measurement(owner=require_user(request, SCOPE), measurement_id=measurement_id):
        raise _NONE
    return HttpResponse(status=204)


@router.post(
    "/measurements/{measurement_id}/stop",
    auth=AccountToken(SCOPE),
    response={200: MeasurementOut, 404: ErrorOut, **_ERRORS},
    summary="Stop a measurement",
)
def stop_measurement(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """Its worker stops at once; said again, it changes nothing."""
    _own(request, measurement_id)
    measurements.stop_measurement(owner=require_user(request, SCOPE), measurement_id=measurement_id)
    return get_measurement(request, measurement_id)


@router.post(
    "/measurements/{measurement_id}/footprint",
    auth=AccountToken(SCOPE),
    response={200: MeasurementOut, 404: ErrorOut, 409: ErrorOut, **_ERRORS},
    summary="Say where it stood, and make its footprint of that",
)
def make_footprint(request: HttpRequest, measurement_id: uuid.UUID, payload: FootprintRequest) -> HttpResponse:
    """Of the whole machine, or of the share of the command; an estimate that was made before stays."""
    try:
        row = placed.make_footprint(owner=require_user(request, SCOPE), measurement_id=measurement_id, asked=payload)
    except Measurement.DoesNotExist:
        raise _NONE from None
    except placed.NothingToMake:
        raise ApiError(
            409,
            "nothing_to_make",
            "A footprint is made of what has ended and measured something; that of a file is made on its own page.",
        ) from None
    return json_response(measurement_out(request, row))


@router.get(
    "/measurements/{measurement_id}/series",
    auth=AccountToken(SCOPE),
    response={200: SeriesOut, 404: ErrorOut, **_ERRORS},
    summary="Power by component over time, for a chart",
)
def get_series(
    request: HttpRequest, measurement_id: uuid.UUID, step_s: int | None = None, after: int = 0
) -> HttpResponse:
    """Give back `step_s` and, as `after`, `next_from`, to get what is new."""
    row = _own(request, measurement_id)
    found = series.series_of(row, step_s=step_s, from_=max(after, 0))
    body = {
        "step_s": found.step_s,
        "next_from": found.next_from,
        "status": row.status,
        "points": [point.row() for point in found.points],
    }
    return HttpResponse(orjson.dumps(body), content_type="application/json")


@router.get(
    "/measurements/{measurement_id}/samples.csv",
    auth=AccountToken(SCOPE),
    response={200: str, 404: ErrorOut, **_ERRORS},
    summary="All samples as CSV",
)
def samples_csv(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponseBase:
    """Row by row, however many there are."""
    row = _own(request, measurement_id)
    response = StreamingHttpResponse(recorded.csv_lines(row), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="measurement-{row.pk}.csv"'
    return response
