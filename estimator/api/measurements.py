"""Measurements: ask for one, follow it, stop it, take its samples; bring one that has ended."""

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from ninja import Router, Schema
from pydantic import Field, TypeAdapter, ValidationError

from estimator import access
from estimator.api.auth import SIGNED_IN_ERRORS, AccountToken, require_user
from estimator.api.samples import large_body, samples_refused, storage_full
from estimator.api.shape import ERRORS, ApiError, ErrorOut, invalid_input, json_response
from estimator.core.footprint import Range
from estimator.core.inputs import InputProblem
from estimator.core.measuring import FootprintRequest, MeasurementRequest
from estimator.core.problems import problems_of
from estimator.models import FootprintOf, Measurement
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


class Triple(Schema):
    """A central value with its range."""

    low: float
    central: float
    high: float


class ShareOut(Schema):
    """What of one component falls to the process. An attribution, not a measurement."""

    name: str
    energy_j: float
    share: float
    basis: str


class AttributedOut(Schema):
    """What of the machine falls to the process. An attribution, not a measurement."""

    energy_kwh: float
    machine_energy_kwh: float
    share: float
    operational_location_based_kgco2e: Triple | None
    components: list[ShareOut]


class GridOut(Schema):
    """What the emissions were computed with, by the tables of this site."""

    #: What the intensity is of; null where it was given.
    place: str | None
    year: int | None
    status: str
    #: How the look-up matched: `world` where no place was given.
    match: str | None
    grid_intensity_gco2e_per_kwh: Triple
    #: Null where none was given; then no cooling and no other losses of the building are in the emissions.
    pue: float | None
    is_pue_given: bool
    note: str
    dataset_version: str


class MeasurementOut(Schema):
    """One measurement and how far it is."""

    id: uuid.UUID
    url: str
    title: str
    project: str
    kind: str
    status: str
    error_code: str
    worker: uuid.UUID | None
    worker_name: str
    target: str
    pid: int | None
    workload: str
    interval_s: float
    duration_limit_s: float | None
    started_at_s: float | None
    last_time_s: float | None
    covered_s: float
    samples_count: int
    components: list[dict[str, Any]]
    energies_j: dict[str, float]
    baseline_power_w: dict[str, float]
    flags: list[str]
    #: Of the machine, or of the share that counts, before PUE.
    energy_kwh: float
    energy_range_kwh: Triple
    #: After PUE; null where no PUE was given.
    facility_energy_kwh: float | None
    #: Energy before PUE, times the intensity of the grid, times the PUE where one was given. Null where a measurement
    #: was brought without a place; the estimate made of it says what it took instead.
    operational_location_based_kgco2e: Triple | None
    #: What of the whole machine falls to the command or process; null where nothing was attributed.
    attributed: AttributedOut | None
    location: dict[str, str]
    grid_intensity_gco2e_per_kwh: float | None
    pue: float | None
    grid: GridOut | None
    mean_power_w: float
    #: Of the whole run, if it goes on so; null where its end is not known, or reached. Before PUE.
    projected_energy_kwh: float | None
    projected_kgco2e: float | None
    #: `within`, `soon` or `passed`. That of energy counts it before PUE, that of emissions what is told here.
    budgets: dict[str, str]
    exit_code: int | None
    #: The whole machine, or the share of the command or process.
    footprint_of: str
    estimate: uuid.UUID | None
    created_at: datetime
    finished_at: datetime | None


class MeasurementsOut(Schema):
    """Some measurements, newest first."""

    measurements: list[MeasurementOut]
    next_cursor: str | None = Field(description="Give it as `cursor` to get the next ones; null at the end.")
    all_energy_kwh: float = Field(description="Sum of `energy_kwh` of all that match, on every page. [kWh]")


class SeriesOut(Schema):
    """Power over time: `[end_s, duration_s, {component: mean_power_w}, {component: peak_power_w}]`."""

    step_s: int
    next_from: int
    status: str
    points: list[list[Any]]


def measurement_out(request: HttpRequest, row: Measurement) -> MeasurementOut:
    """A measurement as it is told."""
    told = standing.standing_of(row)
    return MeasurementOut(
        id=row.pk,
        url=request.build_absolute_uri(f"/measurements/{row.pk}/"),
        title=row.title,
        project=row.project,
        kind=row.kind,
        status=row.status,
        error_code=row.error_code,
        worker=row.worker_id,
        worker_name=row.worker_name,
        target=row.target,
        pid=row.pid,
        workload=row.workload_name,
        interval_s=row.interval_s,
        duration_limit_s=row.duration_limit_s,
        started_at_s=row.started_at_s,
        last_time_s=row.last_time_s,
        covered_s=row.covered_s,
        samples_count=row.samples_count,
        components=row.components,
        energies_j=row.energies_j,
        baseline_power_w=row.baseline_power_w,
        flags=row.flags,
        energy_kwh=told.energy_kwh.central,
        energy_range_kwh=_triple(told.energy_kwh),
        facility_energy_kwh=told.facility_energy_kwh,
        operational_location_based_kgco2e=_triple(told.kgco2e) if told.kgco2e is not None else None,
        attributed=_attributed(told),
        location=row.location,
        grid_intensity_gco2e_per_kwh=row.grid_intensity_gco2e_per_kwh,
        pue=row.pue,
        grid=_grid(row) if row.grid else None,
        mean_power_w=told.mean_power_w,
        projected_energy_kwh=told.projected_kwh,
        projected_kgco2e=told.projected_kgco2e,
        budgets={one.name: one.state for one in told.budgets},
        exit_code=row.exit_code,
        footprint_of=FootprintOf.PROCESS if row.is_of_process else FootprintOf.MACHINE,
        estimate=row.result_id,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _triple(told: Range) -> Triple:
    return Triple(low=told.low, central=told.central, high=told.high)


def _attributed(told: standing.Standing) -> AttributedOut | None:
    shares, kgco2e = told.shares, told.attributed_kgco2e
    if shares is None:
        return None
    return AttributedOut(
        energy_kwh=standing.in_kwh(shares.energy_j),
        machine_energy_kwh=standing.in_kwh(shares.machine_j),
        share=shares.share,
        operational_location_based_kgco2e=_triple(kgco2e) if kgco2e is not None else None,
        components=[ShareOut(**asdict(part)) for part in shares.parts],
    )


def _grid(row: Measurement) -> GridOut:
    told = row.grid
    params = told["text_params"]
    return GridOut(
        place=params.get("place"),
        year=params.get("year"),
        status=told["status"],
        match=told["match"],
        grid_intensity_gco2e_per_kwh=Triple(**told["grid_intensity_gco2e_per_kwh"]),
        pue=row.pue,
        is_pue_given=row.pue is not None,
        note=told["note"] % params if params else told["note"],
        dataset_version=told["dataset_version"],
    )


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
