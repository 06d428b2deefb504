"""A person, her worker and a measurement, for the tests of samples and of states."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from estimator.core.measuring import MeasurementRequest
from estimator.models import Measurement, TokenScope
from estimator.services import measurements, workers
from estimator.services.tokens import create_token

START_S = 1_795_000_000.0
Rows = list[list[Any]]


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", "ann@example.org", None)


@pytest.fixture
def desk(ann: User) -> workers.Enrolled:
    token = workers.create_enrolment(owner=ann).token
    return workers.enrol(token=token, name="desk", installation="i", version="1", inventory={}, workloads=["train"])


@pytest.fixture
def token(ann: User) -> str:
    return create_token(owner=ann, name="x", scopes=[TokenScope.MEASUREMENTS], lifetime=None).token


class Caller:
    """Calls of the API by a bearer."""

    def __init__(self, bearer: str) -> None:
        self._headers = {"Authorization": f"Bearer {bearer}"}

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        content = "" if body is None else json.dumps(body)
        answer: Any = Client().generic(
            method, f"/api/v1{path}", content, content_type="application/json", headers=self._headers
        )
        if answer.streaming:
            return answer.status_code, b"".join(answer.streaming_content).decode()
        return answer.status_code, json.loads(answer.content) if answer.content else None


@pytest.fixture
def worker(desk: workers.Enrolled) -> Caller:
    return Caller(desk.secret)


@pytest.fixture
def person(token: str) -> Caller:
    return Caller(token)


@pytest.fixture
def row(ann: User, desk: workers.Enrolled) -> Measurement:
    asked = MeasurementRequest.model_validate(
        {"worker": str(desk.worker.pk), "location": {"country": "FR"}, "pue": 1.5, "title": "try"}
    )
    return measurements.request_measurement(owner=ann, asked=asked)


def rows_of(
    count: int, *, step_s: float = 1.0, from_s: float = START_S, energies: dict[str, float] | None = None
) -> Rows:
    """Samples of constant power."""
    drawn = energies or {"cpu_package:0": 100.0 * step_s, "dram:0": 10.0 * step_s}
    return [[from_s + (number + 1) * step_s, drawn, step_s] for number in range(count)]


def begin(worker: Caller, key: uuid.UUID, *, run: uuid.UUID, parts: Sequence[dict[str, Any]] = ()) -> Any:
    body = {"run": str(run), "started_at_s": START_S, "components": list(parts)}
    return worker("POST", f"/measurements/{key}/start", body)


def send(worker: Caller, key: uuid.UUID, first: int, samples: Rows, run: uuid.UUID | None = None) -> tuple[int, Any]:
    body = {"first_sequence": first, "samples": samples} | ({"run": str(run)} if run else {})
    return worker("POST", f"/measurements/{key}/samples", body)
