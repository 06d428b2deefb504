"""What every answer of the API shares: JSON, the one shape of errors, the throttle."""

import re
import time
from collections.abc import Sequence
from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Schema
from pydantic import BaseModel

from estimator import broker
from estimator.core.inputs import InputProblem
from estimator.models import Job

NOT_JSON: Final = (
    "The body is not JSON, or a text in it holds the character U+0000; NaN and infinity are no JSON either."
)
#: That character, as JSON writes it; a database cannot store it.
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
#: What `Prefer: wait` may ask for at most.
MAX_WAIT_S: Final = 10.0


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
        return json_response(body, status=self.status, headers=self.headers)


def invalid_input(problems: Sequence[InputProblem]) -> ApiError:
    """All that is wrong with the inputs, as 422."""
    count = len(problems)
    message = "One field needs another value." if count == 1 else f"{count} fields need another value."
    return ApiError(422, "invalid_input", message, problems)


def json_response(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """A schema, or a result of the core, as it is sent."""
    return HttpResponse(
        body.model_dump_json().encode(), status=status, content_type="application/json", headers=headers
    )


def json_of(content: bytes) -> Any:
    """
    A body as Python values, by orjson: faster than the standard library, and it refuses NaN and infinity.

    Raises
    ------
    ValueError
        If it is not JSON, or holds what no database stores.
    """
    if b"u0000" in content and _NUL.search(content):
        raise ValueError("U+0000 cannot be stored")
    return orjson.loads(content)


def throttle(request: HttpRequest, scope: str, per_minute: int) -> None:
    """Refuse what comes too often from one address, with 429."""
    address = request.META.get("REMOTE_ADDR") or "local"
    wait_s = broker.seconds_until_allowed(scope=scope, address=address, per_minute=per_minute)
    if wait_s:
        raise ApiError(
            429,
            "too_many_requests",
            f"More than {per_minute} requests in a minute from this address; try again in {wait_s} s.",
            headers={"Retry-After": str(wait_s)},
        )


def wait_until_over(row: Job, prefer: str | None) -> None:
    """Wait for a job as long as `Prefer: wait=N` says; not at all where it says nothing."""
    deadline_s = time.monotonic() + _wait_s(prefer)
    while not row.is_over and time.monotonic() < deadline_s:
        time.sleep(0.03)
        row.refresh_from_db()


def _wait_s(prefer: str | None) -> float:
    for preference in (prefer or "").split(","):
        name, _, value = preference.strip().partition("=")
        if name == "wait" and value.isdigit():
            return min(float(value), MAX_WAIT_S)
    return 0.0


ERRORS: Final = dict.fromkeys((400, 413, 415, 422, 429, 500), ErrorOut)
