"""The JSON API of reports."""

import time
import uuid
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from ninja import Query, Router, Schema
from pydantic import TypeAdapter

from estimator.api import ApiError, ErrorOut, invalid_input
from estimator.core.footprint import Footprint, readable
from estimator.core.inputs import InputProblem
from estimator.models import Estimate, JobStatus
from reports import services, wording
from reports.disclosures import FORMATS, QUESTIONS, DisclosureDetails
from reports.models import Report
from reports.summary import ReportSummary
from reports.views import disclosure_details, disclosure_of, disclosure_response, pdf_response

router = Router()

#: A report takes a second or two: most callers get it at once, the others come back.
WAIT_S: Final = 5.0
RETRY_AFTER_S: Final = 2

_SUMMARY: Final = TypeAdapter(ReportSummary)


class ReportOut(Schema):
    """A report that is not there yet."""

    id: uuid.UUID
    status: Literal["queued", "running", "done", "failed"]
    progress: float
    url: str


class ReportJsonOut(Schema):
    """The footprint, and the same put in the order of the page."""

    footprint: Footprint
    summary: dict[str, Any]


@router.get(
    "/estimates/{uuid:estimate_id}/report.pdf",
    response={200: bytes, 202: ReportOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut, 500: ErrorOut},
    url_name="report-pdf",
    summary="The report as PDF",
)
def report_pdf(
    request: HttpRequest, estimate_id: uuid.UUID, language: Annotated[str | None, Query(max_length=12)] = None
) -> HttpResponse:
    """Made on the first call and kept. Answers 202 with `Retry-After` where it takes longer than a few seconds."""
    try:
        row = services.request_report(estimate_id=estimate_id, language=_language(language))
    except Estimate.DoesNotExist:
        raise _no_estimate() from None
    except services.EstimateNotDone:
        raise _not_done() from None
    deadline_s = time.monotonic() + WAIT_S
    while not row.is_over and time.monotonic() < deadline_s:
        time.sleep(0.05)
        row.refresh_from_db(fields=["status", "progress"])
    if row.status == JobStatus.FAILED:
        raise ApiError(500, "report_failed", "The report could not be made; ask again, and tell the operator.")
    if row.status == JobStatus.DONE:
        return pdf_response(Report.objects.select_related("estimate").get(pk=row.id))
    url = request.build_absolute_uri(reverse("report", args=[row.id]))
    out = ReportOut(id=row.id, status=row.status, progress=row.progress, url=url)  # type: ignore[arg-type]
    return HttpResponse(
        out.model_dump_json(), status=202, content_type="application/json", headers={"Retry-After": str(RETRY_AFTER_S)}
    )


@router.get(
    "/estimates/{uuid:estimate_id}/report.json",
    response={200: ReportJsonOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut},
    url_name="report-json",
    summary="The report as JSON",
)
def report_json(
    request: HttpRequest, estimate_id: uuid.UUID, language: Annotated[str | None, Query(max_length=12)] = None
) -> HttpResponse:
    """The whole footprint, and its summary: parts, shares, numbered sources, the place among published runs."""
    estimate = Estimate.objects.filter(pk=estimate_id).first()
    if estimate is None:
        raise _no_estimate()
    footprint = estimate.result()
    if footprint is None:
        raise _not_done()
    with translation.override(_language(language)):
        told = readable(footprint, translation.gettext).model_dump_json()
        summary = _SUMMARY.dump_json(wording.summary_of(footprint)).decode()
    return HttpResponse(f'{{"footprint":{told},"summary":{summary}}}', content_type="application/json")


class MissingOut(Schema):
    """Something that a disclosure lacks: a parameter of it, or a field of the run."""

    field: str
    why: str
    rule: str


class DisclosureOut(Schema):
    """One form in which a run can be handed on."""

    format: str
    title: str
    summary: str
    media_type: str
    url: str
    asks: list[str]
    missing: list[MissingOut]


#: The details of a disclosure, as parameters of the address.
_DETAILS: Final[list[dict[str, Any]]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": question.label,
        "schema": {"type": "string", "enum": [value for value, _ in question.choices]}
        if question.choices
        else {"number": {"type": "number", "exclusiveMinimum": 0}, "date": {"type": "string", "format": "date"}}.get(
            question.kind, {"type": "string", "maxLength": 200}
        ),
    }
    for name, question in QUESTIONS.items()
]
_MEDIA_TYPES: Final = sorted({one.media_type for one in FORMATS.values()})


@router.get(
    "/estimates/{uuid:estimate_id}/disclosures",
    response={200: list[DisclosureOut], 404: ErrorOut, 409: ErrorOut, 422: ErrorOut},
    url_name="disclosures",
    summary="The forms in which a run can be handed on, and what each still lacks",
    openapi_extra={"parameters": _DETAILS},
)
def disclosures(request: HttpRequest, estimate_id: uuid.UUID) -> list[DisclosureOut]:
    """What only the user knows is given as parameters of the address; empty ones are unknown."""
    row = _estimate(estimate_id)
    details = _details(request, row)
    found = []
    for one in FORMATS.values():
        made = disclosure_of(row, one, details)
        if made is None:
            raise _not_done()
        url = request.build_absolute_uri(reverse("api:disclosure", args=[row.id, one.name]))
        missing = [MissingOut(field=lack.field, why=lack.why, rule=lack.rule) for lack in made.missing]
        found.append(
            DisclosureOut(
                format=one.name,
                title=one.title,
                summary=one.summary,
                media_type=one.media_type,
                url=url,
                asks=list(one.asks),
                missing=missing,
            )
        )
    return found


@router.get(
    "/estimates/{uuid:estimate_id}/disclosures/{format_name}",
    response={200: bytes, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut},
    url_name="disclosure",
    summary="A run in one of the forms in which it is handed on",
    openapi_extra={
        "parameters": _DETAILS,
        "responses": {200: {"content": {kind: {"schema": {"type": "string"}} for kind in _MEDIA_TYPES}}},
    },
)
def disclosure(request: HttpRequest, estimate_id: uuid.UUID, format_name: str) -> HttpResponse:
    """
    The document itself, in English.

    What only the user knows is given as parameters of the address; the list of forms says what each still lacks.
    """
    row = _estimate(estimate_id)
    chosen = FORMATS.get(format_name)
    if chosen is None:
        raise ApiError(404, "not_found", f"There is no such form; there are: {', '.join(FORMATS)}.")
    made = disclosure_of(row, chosen, _details(request, row))
    if made is None:
        raise _not_done()
    return disclosure_response(row, made)


def _estimate(estimate_id: uuid.UUID) -> Estimate:
    row = Estimate.objects.filter(pk=estimate_id).first()
    if row is None:
        raise _no_estimate()
    return row


def _details(request: HttpRequest, row: Estimate) -> DisclosureDetails:
    details, problems = disclosure_details(row, request.GET.dict())
    if problems:
        raise invalid_input([InputProblem(path=name, message=message) for name, message in problems.items()])
    return details


def _language(asked: str | None) -> str:
    """The language asked for, else that of the request; the nearest one that there is."""
    return translation.get_supported_language_variant(asked) if asked and _is_spoken(asked) else _requested(asked)


def _is_spoken(language: str) -> bool:
    try:
        translation.get_supported_language_variant(language)
    except LookupError:
        return False
    return True


def _requested(asked: str | None) -> str:
    if asked:
        raise ApiError(422, "invalid_input", f"There is no report in the language {asked!r}; try en or es.")
    return translation.get_language() or "en"


def _no_estimate() -> ApiError:
    return ApiError(404, "not_found", "There is no estimate with this id.")


def _not_done() -> ApiError:
    return ApiError(409, "not_done", "This estimate has no footprint yet; its own address says where it stands.")
