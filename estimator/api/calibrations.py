"""Calibrations: what the hardware of an account really drew, ready for the next estimate."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from estimator.api.auth import SIGNED_IN_ERRORS, AccountToken, require_user
from estimator.api.shape import ERRORS, invalid_input, json_response
from estimator.core.calibration import Kind, LeftOut
from estimator.core.footprint import Range
from estimator.core.inputs import InputProblem
from estimator.services.calibrations import Calibrated, calibrations_of
from estimator.services.cursor import cursor_of, place_of

router = Router()
SCOPE: Final = "measurements"
#: Measurements that are named in one answer, the newest.
MOST_NAMED: Final = 100


class CalibrationOut(Schema):
    """
    One kind of hardware on one machine.

    `mean_power_w` is that of one device, weighted by time, with the 5th and 95th percentile of the runs; it and
    `inputs` are null while no run counts. `inputs` goes as it is into the body of `/calculate`, beside hours and place.
    """

    id: uuid.UUID
    worker: uuid.UUID | None
    source: str
    kind: Kind
    device: str
    hardware: str | None
    mean_power_w: Range | None
    utilisation: Range | None
    limit_w: float | None
    devices_count: int | None
    runs_count: int
    duration_h: float
    left_out_counts: dict[LeftOut, int]
    measurements: list[uuid.UUID]
    last_measured_at: datetime
    inputs: dict[str, Any] | None


class CalibrationsOut(Schema):
    """Calibrations of an account; `next_cursor` asks for the next ones, and is null at the end."""

    items: list[CalibrationOut]
    next_cursor: str | None


@router.get(
    "/calibrations",
    auth=AccountToken(SCOPE),
    response={200: CalibrationsOut, **ERRORS, **SIGNED_IN_ERRORS},
    summary="What your hardware really drew, by machine",
)
def list_calibrations(
    request: HttpRequest,
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> HttpResponse:
    """
    Over all measurements that have ended, the hardware first that was measured last.

    A run is left out that was shorter than a minute (`short`), was modelled and not measured (`modelled`), was not read
    for more than a tenth of its time (`gaps`), or in which the hardware had hardly anything to do (`idle`).
    """
    try:
        before = place_of(cursor)
    except ValueError:
        raise invalid_input([InputProblem("cursor", "Give next_cursor of the answer before, or none.")]) from None
    found = calibrations_of(owner=require_user(request, SCOPE))
    rest = [one for one in found if before is None or (one.last_at, one.id) < before]
    last = (rest[limit - 1].last_at, rest[limit - 1].id) if len(rest) > limit else None
    return json_response(CalibrationsOut(items=[_out(one) for one in rest[:limit]], next_cursor=cursor_of(last)))


def _out(found: Calibrated) -> CalibrationOut:
    told = found.calibration
    limit_w = told.limit_w if told else None
    draw_w = Range(low=told.low_w, central=told.mean_power_w, high=told.high_w) if told else None
    return CalibrationOut(
        id=found.id,
        worker=found.worker,
        source=found.source,
        kind=found.kind,
        device=found.device,
        hardware=found.hardware,
        mean_power_w=draw_w,
        utilisation=Range(low=draw_w.low / limit_w, central=draw_w.central / limit_w, high=draw_w.high / limit_w)
        if draw_w and limit_w
        else None,
        limit_w=limit_w,
        devices_count=told.devices_count if told else None,
        runs_count=len(found.runs),
        duration_h=told.duration_h if told else 0.0,
        left_out_counts=found.left_out_counts,
        measurements=[run.measurement for run in found.runs[:MOST_NAMED]],
        last_measured_at=found.last_at,
        inputs={"hardware": {name: one for name, one in told.inputs.items() if one is not None}} if told else None,
    )
