"""Bring a file of another energy tracker."""

import uuid
from datetime import datetime
from typing import Annotated, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import File, Form, Query, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from estimator.api.auth import optional_user
from estimator.api.shape import ERRORS, ApiError, json_response, throttle
from estimator.core.inputs import InputProblem
from estimator.imports import MAX_BYTES, Answers, ImportedMeasurement, UnreadableFile
from estimator.imports.answers import PowerUnit, TimeUnit
from estimator.models import TokenScope
from estimator.services import imports

router = Router()

_TOO_LARGE: Final = f"The file is larger than {MAX_BYTES // 1_000_000} MB; take a longer interval, or cut it in parts."


class RowErrorOut(Schema):
    """One row that was left out, and why."""

    line: int
    message: str


class NoticeOut(Schema):
    """Something to know before the number is believed."""

    code: str
    message: str


class ImportOut(Schema):
    """What a file holds; `id` and `url` once it is stored."""

    id: uuid.UUID | None = None
    url: str | None = None
    recognised_as: str
    tool_version: str
    energy_kwh: float
    it_energy_kwh: float | None
    includes_pue: bool
    pue: float | None
    duration_s: float | None
    covered_s: float | None
    started_at: datetime | None
    emissions_kgco2e: float | None
    energy_by_component_kwh: dict[str, float]
    #: servers (all of them), components (accelerators, CPUs and memory), accelerators, or processors (CPUs and memory).
    covers: str
    accelerator_names: list[str]
    accelerator_count: int | None
    runs_count: int
    rows_count: int
    row_errors_count: int
    row_errors: list[RowErrorOut]
    warnings: list[NoticeOut]


class AnswersIn(Schema):
    """What the file does not say."""

    interval_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    power_unit: PowerUnit | None = None
    time_unit: TimeUnit | None = None


@router.post(
    "/imports",
    response={200: ImportOut, 201: ImportOut, **ERRORS},
    summary="Read a file of CodeCarbon, carbontracker, Zeus, nvidia-smi, sacct or a table of times and watts",
)
def create_import(
    request: HttpRequest,
    file: Annotated[UploadedFile, File()],
    answers: Annotated[AnswersIn, Form()],
    preview: Annotated[bool, Query()] = False,
) -> HttpResponse:
    """With `preview` it is only read (200); without, what it measured is stored (201)."""
    user = optional_user(request, TokenScope.MEASUREMENTS)
    throttle(request, "estimates", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    if (file.size or 0) > MAX_BYTES:
        raise ApiError(413, "too_large", _TOO_LARGE)
    data, known = file.read(), Answers(**answers.model_dump())
    try:
        if preview:
            return json_response(_out(imports.preview_import(data=data, answers=known)))
        row, found = imports.import_measurement(data=data, file_name=file.name or "", owner=user, answers=known)
    except UnreadableFile as refusal:
        raise _refused(refusal) from None
    url = request.build_absolute_uri(reverse("import", args=[row.id]))
    body = _out(found).model_copy(update={"id": row.id, "url": url})
    return json_response(body, status=201, headers={"Location": reverse("import", args=[row.id])})


def _refused(refusal: UnreadableFile) -> ApiError:
    fields = [InputProblem("file", refusal.message, refusal.text_params)]
    fields += [InputProblem(name, "Say this beside the file, as another field of the form.") for name in refusal.ask]
    fields += [
        InputProblem(f"file.line_{error.line}", error.message, dict(error.text_params)) for error in refusal.row_errors
    ]
    return ApiError(422, refusal.code, str(refusal), fields)


def _out(found: ImportedMeasurement) -> ImportOut:
    return ImportOut(
        recognised_as=found.recognised_as,
        tool_version=found.tool_version,
        energy_kwh=found.energy_kwh,
        it_energy_kwh=found.it_energy_kwh,
        includes_pue=found.includes_pue,
        pue=found.pue,
        duration_s=found.duration_s,
        covered_s=found.covered_s,
        started_at=found.started_at,
        emissions_kgco2e=found.emissions_kgco2e,
        energy_by_component_kwh={str(part): kwh for part, kwh in found.energy_by_component_kwh.items()},
        covers=imports.covers_of_file(found),
        accelerator_names=list(found.accelerator_names),
        accelerator_count=found.accelerator_count,
        runs_count=found.runs_count,
        rows_count=found.rows_count,
        row_errors_count=found.row_errors_count,
        row_errors=[RowErrorOut(line=error.line, message=str(error)) for error in found.row_errors],
        warnings=[NoticeOut(code=notice.code, message=str(notice)) for notice in found.warnings],
    )
