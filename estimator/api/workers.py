"""Workers: the tokens by which machines enrol, what a worker says of itself, and what its owner does with it."""

import time
import uuid
from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from estimator import access, broker_access
from estimator.api.auth import SIGNED_IN_ERRORS, AccountToken, require_user
from estimator.api.shape import ERRORS, ApiError, ErrorOut, json_response, throttle
from estimator.broker_access import BrokerRefuses
from estimator.core.inventory import InventoryTold
from estimator.models import Worker
from estimator.services import workers
from estimator.worker import protocol

router = Router()
SCOPE: Final = "workers"
_ENROLS_PER_MINUTE: Final = 30
_ERRORS: Final = ERRORS | SIGNED_IN_ERRORS
_NO_WORKER: Final = ApiError(404, "not_found", "You have no such worker.")

Name = Annotated[str, Field(min_length=1, max_length=80)]
Names = Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=100)]


class WorkerOut(Schema):
    """One worker."""

    id: uuid.UUID = Field(description="Of the worker; a measurement names it by this.")
    name: str = Field(description="What its owner calls it.")
    online: bool = Field(description="Whether it was heard of a moment ago.")
    enabled: bool = Field(description="Whether it may measure.")
    disabled_reason: str = Field(
        description="Why it was switched off without its owner's word: `overfull`, `too_many_connections`; else empty."
    )
    version: str = Field(description="Of its program.")
    created_at: datetime = Field(description="When it enrolled.")
    last_seen_at: datetime | None = Field(description="When it was last heard of.")
    clock_offset_s: float | None = Field(description="Its clock less ours. [s]")
    round_trip_s: float | None = Field(description="How long a call takes there and back; it bounds the offset. [s]")
    workloads: list[str] = Field(description="Names of what may be started there, by its own worker.toml.")
    inventory: dict[str, Any] = Field(
        description="`host`, `cpu`, `memory_gb`, `accelerators`, `meters` and why others do not work, `config_path`."
    )


class WorkersOut(Schema):
    """All workers of an account."""

    workers: list[WorkerOut]


class EnrolmentOut(Schema):
    """A token by which one machine may enrol; it is shown this once."""

    token: str
    expires_at: datetime
    command: str


class EnrolIn(Schema):
    """What a machine says when it enrols."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    name: Name = "worker"
    installation: Annotated[str, Field(max_length=64)] = ""
    version: Annotated[str, Field(max_length=40)] = ""
    inventory: InventoryTold = InventoryTold()
    workloads: Names = []


class BrokerOut(Schema):
    """Where the worker's queue is, and who it is there."""

    url: str
    user: str
    password: str
    global_keyprefix: str
    queue: str


class EnrolledOut(Schema):
    """What a worker is told once."""

    worker: WorkerOut
    secret: str
    broker: BrokerOut


class HeartbeatIn(Schema):
    """A sign of life."""

    session: Annotated[str, Field(min_length=1, max_length=64)]
    version: Annotated[str, Field(max_length=40)] = ""
    sent_at_s: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    clock_offset_s: Annotated[float, Field(ge=-1e11, le=1e11, allow_inf_nan=False)] | None = None
    round_trip_s: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | None = None
    measurements: Annotated[list[uuid.UUID], Field(max_length=1_000)] = []
    workloads: Names = []


class HeartbeatOut(Schema):
    """What the worker has to know."""

    received_at_s: float
    answered_at_s: float
    stop: list[uuid.UUID]
    broker_url: str


class WorkerChange(Schema):
    """What may be changed."""

    name: Name | None = None
    enabled: bool | None = None


class WorkerSecret:
    """Given as `auth` of a call: only a worker may call, by the secret that it got when it enrolled."""

    openapi_security_schema: Final = {"type": "http", "scheme": "bearer", "description": "The secret of a worker."}

    def __call__(self, request: HttpRequest) -> Worker:
        """Say which worker calls."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        row = workers.worker_of(secret=secret.strip()) if kind.lower() == "bearer" else None
        if row is None:
            raise ApiError(
                401,
                "unknown_worker",
                "This call is for workers, and this is no secret of one: let the machine enrol again.",
                headers={"WWW-Authenticate": 'Bearer realm="wattprint-worker"'},
            )
        if row.disabled_at is not None:
            held_too_much = "was switched off, as it held more in Redis than it may"
            why = held_too_much if row.disabled_reason else "is disabled"
            raise ApiError(403, "worker_disabled", f"This worker {why}: its owner can enable it again.")
        return row


def calling_worker(request: HttpRequest) -> Worker:
    """The worker that calls."""
    found: Worker = request.auth  # type: ignore[attr-defined]
    return found


def worker_out(row: Worker, now: datetime) -> WorkerOut:
    """A worker as it is told."""
    return WorkerOut(
        id=row.pk,
        name=row.name,
        online=row.is_online(now) and row.disabled_at is None,
        enabled=row.disabled_at is None,
        disabled_reason=row.disabled_reason,
        version=row.version,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        clock_offset_s=row.clock_offset_s,
        round_trip_s=row.round_trip_s,
        workloads=row.workloads,
        inventory=row.inventory,
    )


@router.post(
    "/workers/enrolments",
    auth=AccountToken(SCOPE),
    response={201: EnrolmentOut, 409: ErrorOut, **_ERRORS},
    summary="Make a token by which one machine may enrol",
)
def create_enrolment(request: HttpRequest) -> HttpResponse:
    """It works once, within a day."""
    try:
        new = workers.create_enrolment(owner=require_user(request, SCOPE))
    except workers.TooMany as problem:
        remedies = {
            "tokens": "Too many tokens wait for their machine: revoke one on the page Workers.",
            "workers": f"An account has at most {workers.MOST_WORKERS} workers: delete one that is no longer needed.",
        }
        raise ApiError(409, "too_many", remedies[problem.what]) from None
    server = request.build_absolute_uri("/").rstrip("/")
    command = f"./wattprint worker --server {server} --token {new.token}"
    return json_response(EnrolmentOut(token=new.token, expires_at=new.row.expires_at, command=command), status=201)


@router.post(
    "/workers/enrol",
    auth=None,
    response={201: EnrolledOut, 401: ErrorOut, 409: ErrorOut, 503: ErrorOut, **ERRORS},
    summary="Enrol this machine",
)
def enrol(request: HttpRequest, payload: EnrolIn) -> HttpResponse:
    """Called by the machine itself, once."""
    throttle(request, "enrol", _ENROLS_PER_MINUTE)
    try:
        done = workers.enrol(
            token=payload.token,
            name=payload.name,
            installation=payload.installation,
            version=payload.version,
            inventory=payload.inventory.as_json(),
            workloads=payload.workloads,
        )
    except workers.EnrolmentRefused as refused:
        status = 409 if refused.code == "token_used" else 401
        raise ApiError(status, refused.code, refused.message) from None
    except BrokerRefuses as problem:
        raise ApiError(
            503, "broker_refuses", f"Redis is away, or makes no user for this worker; try again. It says: {problem}."
        ) from None
    key = done.worker.pk
    broker = BrokerOut(
        url=_broker_url(request),
        user=protocol.broker_user(key.hex),
        password=done.broker_password,
        global_keyprefix=protocol.key_prefix(key.hex),
        queue=protocol.QUEUE,
    )
    out = EnrolledOut(worker=worker_out(done.worker, timezone.now()), secret=done.secret, broker=broker)
    return json_response(out, status=201)


def _broker_url(request: HttpRequest) -> str:
    host = request.get_host()
    name = host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]
    return broker_access.address_for(asked_host=name)


@router.post(
    "/workers/heartbeat",
    auth=WorkerSecret(),
    response={200: HeartbeatOut, 401: ErrorOut, 403: ErrorOut, 409: ErrorOut, **ERRORS},
    summary="A worker's sign of life",
)
def heartbeat(request: HttpRequest, payload: HeartbeatIn) -> HttpResponse:
    """Every few seconds; from the times of four of them the offset of its clock is known."""
    received_at_s = time.time()
    try:
        stop = workers.hear(
            worker=calling_worker(request),
            session=payload.session,
            version=payload.version,
            clock_offset_s=payload.clock_offset_s,
            round_trip_s=payload.round_trip_s,
            workloads=payload.workloads,
            measurement_ids=payload.measurements,
            now=timezone.now(),
        )
    except workers.SpokenFor:
        raise ApiError(
            409,
            "worker_runs_elsewhere",
            "Another machine or folder works with this worker's credentials: stop it, or let this one enrol anew.",
        ) from None
    out = HeartbeatOut(
        received_at_s=received_at_s, answered_at_s=time.time(), stop=stop, broker_url=_broker_url(request)
    )
    return json_response(out)


@router.get("/workers", auth=AccountToken(SCOPE), response={200: WorkersOut, **_ERRORS}, summary="Your workers")
def list_workers(request: HttpRequest) -> HttpResponse:
    """All of them; an account has at most some hundred."""
    now = timezone.now()
    rows = Worker.objects.owned_by(require_user(request, SCOPE))
    return json_response(WorkersOut(workers=[worker_out(row, now) for row in rows]))


@router.get(
    "/workers/{worker_id}",
    auth=AccountToken(SCOPE),
    response={200: WorkerOut, 404: ErrorOut, **_ERRORS},
    summary="One worker",
)
def get_worker(request: HttpRequest, worker_id: uuid.UUID) -> HttpResponse:
    """What it is and when it was heard of."""
    row = access.own(Worker.objects.all(), person=require_user(request, SCOPE), pk=worker_id)
    if row is None:
        raise _NO_WORKER
    return json_response(worker_out(row, timezone.now()))


@router.patch(
    "/workers/{worker_id}",
    auth=AccountToken(SCOPE),
    response={200: WorkerOut, 404: ErrorOut, **_ERRORS},
    summary="Rename, disable or enable a worker",
)
def change_worker(request: HttpRequest, worker_id: uuid.UUID, payload: WorkerChange) -> HttpResponse:
    """What is not given stays."""
    owner = require_user(request, SCOPE)
    if payload.name is not None:
        workers.rename_worker(owner=owner, worker_id=worker_id, name=payload.name)
    if payload.enabled is True:
        workers.enable_worker(owner=owner, worker_id=worker_id)
    elif payload.enabled is False:
        workers.disable_worker(owner=owner, worker_id=worker_id)
    return get_worker(request, worker_id)


@router.delete(
    "/workers/{worker_id}",
    auth=AccountToken(SCOPE),
    response={204: None, 404: ErrorOut, **_ERRORS},
    summary="Forget a worker",
)
def delete_worker(request: HttpRequest, worker_id: uuid.UUID) -> HttpResponse:
    """Its measurements stay."""
    if not workers.delete_worker(owner=require_user(request, SCOPE), worker_id=worker_id):
        raise _NO_WORKER
    return HttpResponse(status=204)
