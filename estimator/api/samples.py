"""What a worker says about a measurement: what it measures, its samples, and that it has ended."""

import uuid
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import AfterValidator, Field

from estimator.api.shape import ERRORS, NOT_JSON, ApiError, ErrorOut, invalid_input, json_of, json_response
from estimator.api.workers import WorkerSecret, calling_worker
from estimator.core.inputs import InputProblem
from estimator.core.inventory import MOST_COMPONENTS, InventoryTold, Sentences, named_once
from estimator.models import Measurement
from estimator.services import measurements
from estimator.services.samples import (
    LATEST_S,
    MOST_POWER_W,
    AnotherRun,
    MeasurementOver,
    OutOfOrder,
    SamplesRefused,
    take_samples,
)
from estimator.services.storage import Full
from estimator.worker.protocol import MOST_SAMPLES, MOST_SAMPLES_BYTES

router = Router()
_OF_WORKERS: Final = ERRORS | dict.fromkeys((401, 403, 404, 409), ErrorOut)
_Quality = Annotated[str, Field(pattern="^(counter|sampled|modelled)$")]
_Name = Annotated[str, Field(min_length=1, max_length=64)]
_Watts = Annotated[float, Field(ge=0, le=MOST_POWER_W, allow_inf_nan=False)]


class TakenOut(Schema):
    """Where the worker goes on, and whether it is to stop."""

    next_sequence: int
    stop: bool
    status: str


class ComponentIn(Schema):
    """One component, and how well its meter knows it."""

    name: _Name
    label: Annotated[str, Field(max_length=200)] = ""
    quality: _Quality = "sampled"
    counted: bool = True
    low: Annotated[float, Field(ge=0, le=1)] = 1.0
    high: Annotated[float, Field(ge=1, le=100)] = 1.0
    note: Annotated[str, Field(max_length=2_000)] = ""
    words: Sentences = {}


class StartIn(Schema):
    """What a worker says when it begins."""

    run: uuid.UUID
    started_at_s: Annotated[float, Field(gt=0, lt=LATEST_S, allow_inf_nan=False)] | None = None
    components: Annotated[list[ComponentIn], Field(max_length=MOST_COMPONENTS), AfterValidator(named_once)] = []
    qualities: Annotated[dict[_Name, _Quality], Field(max_length=MOST_COMPONENTS)] = {}
    baseline_power_w: Annotated[dict[_Name, _Watts], Field(max_length=MOST_COMPONENTS)] = {}
    inventory: InventoryTold = InventoryTold()


class FinishIn(Schema):
    """What a worker says at the end."""

    run: uuid.UUID
    samples_count: Annotated[int, Field(ge=0)]
    error_code: Annotated[str, Field(max_length=40)] = ""
    exit_code: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None


@router.post(
    "/measurements/{measurement_id}/start",
    auth=WorkerSecret(),
    response={200: TakenOut, **_OF_WORKERS},
    summary="A worker says what it measures",
)
def start(request: HttpRequest, measurement_id: uuid.UUID, payload: StartIn) -> HttpResponse:
    """Before its first sample, and again when it knows more."""
    with _WorkerErrors():
        row = measurements.start_measurement(
            worker=calling_worker(request),
            measurement_id=measurement_id,
            run=payload.run,
            started_at_s=payload.started_at_s,
            components=[part.model_dump() for part in payload.components],
            qualities=payload.qualities,
            baseline_power_w=payload.baseline_power_w,
            inventory=payload.inventory.as_json(),
            now=timezone.now(),
        )
    return json_response(TakenOut(next_sequence=row.next_sequence, stop=row.is_stopped, status=row.status))


@router.post(
    "/measurements/{measurement_id}/samples",
    auth=WorkerSecret(),
    response={200: TakenOut, **_OF_WORKERS},
    summary="Samples of a worker",
)
def post_samples(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """
    `{"first_sequence": 1, "samples": [[time_s, {component: energy_j}, duration_s, [flags]]]}`, the last two optional.

    Samples are numbered from 1 without gaps; what was sent before is left out, so that a batch may be sent again.
    """
    body = large_body(request, MOST_SAMPLES_BYTES)
    first, samples, run = body.get("first_sequence"), body.get("samples"), body.get("run")
    problems = []
    if not isinstance(first, int) or isinstance(first, bool) or first < 1:
        problems.append(InputProblem("first_sequence", "Give the number of the first sample; the very first is 1."))
    if not isinstance(samples, list) or len(samples) > MOST_SAMPLES:
        problems.append(InputProblem("samples", "Give a list of at most %(most)s samples.", {"most": MOST_SAMPLES}))
    try:
        run = None if run is None else uuid.UUID(str(run))
    except ValueError:
        problems.append(InputProblem("run", "Give the UUID that was given when it began, or leave it out."))
    if problems or not isinstance(first, int) or not isinstance(samples, list):
        raise invalid_input(problems)
    with _WorkerErrors():
        worker, now = calling_worker(request), timezone.now()
        try:
            taken = take_samples(
                worker=worker,
                measurement_id=measurement_id,
                first_sequence=first,
                samples=samples,
                run=run,
                now=now,
            )
        except Full:
            measurements.end_full(worker=worker, measurement_id=measurement_id, now=now)
            raise
    return json_response(TakenOut(next_sequence=taken.next_sequence, stop=taken.stop, status=taken.status))


@router.post(
    "/measurements/{measurement_id}/finish",
    auth=WorkerSecret(),
    response={200: TakenOut, **_OF_WORKERS},
    summary="A worker says that nothing more will come",
)
def finish(request: HttpRequest, measurement_id: uuid.UUID, payload: FinishIn) -> HttpResponse:
    """After its last sample; from then on the footprint is computed."""
    with _WorkerErrors():
        row = measurements.finish_measurement(
            worker=calling_worker(request),
            measurement_id=measurement_id,
            run=payload.run,
            samples_count=payload.samples_count,
            error_code=payload.error_code,
            exit_code=payload.exit_code,
            now=timezone.now(),
        )
    return json_response(TakenOut(next_sequence=row.next_sequence, stop=True, status=row.status))


class _WorkerErrors:
    """What goes wrong with a worker's word, in the one shape."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        match problem:
            case Measurement.DoesNotExist():
                raise ApiError(404, "not_found", "This worker has no such measurement.") from None
            case AnotherRun():
                raise ApiError(409, "another_run", "Another process measures this.") from None
            case MeasurementOver():
                raise ApiError(
                    409, "measurement_over", "This measurement has ended and takes in nothing more."
                ) from None
            case OutOfOrder():
                raise ApiError(
                    409, "out_of_order", f"Samples are missing: go on with number {problem.next_sequence}."
                ) from None
            case SamplesRefused():
                raise samples_refused(problem) from None
            case Full():
                raise storage_full(problem) from None


def storage_full(problem: Full) -> ApiError:
    """That nothing more is kept, and what to do."""
    return ApiError(409, "storage_full", problem.message)


def samples_refused(problem: SamplesRefused) -> ApiError:
    """Which sample, and why."""
    return invalid_input([InputProblem(f"samples.{problem.index}", problem.message[:1].upper() + problem.message[1:])])


def large_body(request: HttpRequest, most_bytes: int) -> dict[str, Any]:
    """A body that may be larger than others."""
    content = request.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ApiError(413, "too_large", f"The body is larger than {most_bytes} bytes: send it in parts.")
    try:
        told = json_of(content)
    except ValueError:
        raise ApiError(400, "not_json", NOT_JSON) from None
    if not isinstance(told, dict):
        raise ApiError(400, "not_json", "The body is not a JSON object.")
    return told
