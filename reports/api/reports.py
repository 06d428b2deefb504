"""The report as PDF and as JSON."""

import time
import uuid
from functools import partial
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from ninja import Query, Router, Schema
from pydantic import Field, TypeAdapter, field_validator

from estimator.api import ApiError, ErrorOut
from estimator.api.found import NOT_SEEN_ERRORS, is_callers, no_estimate, not_done, stored_estimate
from estimator.core.footprint import Footprint, readable
from estimator.core.inputs import InputProblems
from estimator.core.levers.advice import Advice, readable_advice
from estimator.models import WHO_MAY_SEE, Estimate, JobStatus
from estimator.services.advice import advise_on
from estimator.views.asked import site_of
from reports import services, wording
from reports.models import Report
from reports.options import LONGEST_NOTES, SECTIONS, Paper, ReportOptions, Section, Variant
from reports.services.visible import UNREAD, ReportHidden, check_report, seen_of
from reports.summary import ReportSummary
from reports.views.reports import pdf_response

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
    url: str  #: a page for people
    pdf_url: str  #: answers 202 until the file is there


class ChoicesIn(Schema):
    """How a report is made."""

    language: Annotated[str | None, Field(max_length=12)] = None
    paper: Paper = "a4"
    variant: Variant = "pdf-a-3a"


class ReportIn(ChoicesIn):
    """The choices of a report over one estimate, as parameters of its address."""

    sections: Annotated[str, Field(max_length=400, description="Names with commas between; all without it")] = ""

    @field_validator("sections")
    @classmethod
    def _are_known(cls, told: str) -> str:
        unknown = [name for name in _names(told) if name not in SECTIONS]
        if unknown:
            raise ValueError(f"There is no section {unknown[0]!r}; there are: {', '.join(SECTIONS)}.")
        return told

    def section_names(self) -> tuple[Section, ...]:
        """The sections that were asked for."""
        asked = set(_names(self.sections))
        return tuple(name for name in SECTIONS if name in asked) or SECTIONS


class SeveralIn(ChoicesIn):
    """What a report over several estimates is over, and how it is made."""

    estimates: Annotated[list[uuid.UUID], Field(min_length=1, max_length=services.MOST_RUNS)]
    title: Annotated[str, Field(max_length=120)] = ""
    organisation: Annotated[str, Field(max_length=120)] = ""
    notes: Annotated[str, Field(max_length=LONGEST_NOTES)] = ""


def _names(listed: str) -> list[str]:
    return [name for part in listed.split(",") if (name := part.strip())]


class ReportJsonOut(Schema):
    """The footprint, and the same put in the order of the page."""

    footprint: Footprint
    summary: dict[str, Any]
    advice: Advice | None  #: None where the catalogue does not know any more what the run names


@router.get(
    "/estimates/{uuid:estimate_id}/report.pdf",
    response={200: bytes, 202: ReportOut, **NOT_SEEN_ERRORS, 409: ErrorOut, 422: ErrorOut, 500: ErrorOut},
    url_name="report-pdf",
    summary="The report as PDF",
)
def report_pdf(request: HttpRequest, estimate_id: uuid.UUID, asked: Query[ReportIn]) -> HttpResponse:
    """
    Made on the first call and kept.

    Answers 202 with `Retry-After` where it takes longer than a few seconds. The same choices give the same file.
    """
    options = ReportOptions(
        sections=asked.section_names(), paper=asked.paper, variant=asked.variant, site=site_of(request)
    )
    stored_estimate(request, estimate_id, Estimate.objects.only(*WHO_MAY_SEE))
    try:
        row = services.request_report(estimate_id=estimate_id, language=_language(asked.language), options=options)
    except Estimate.DoesNotExist:
        raise no_estimate() from None
    except services.EstimateNotDone:
        raise not_done() from None
    return _answer(request, row)


@router.post(
    "/reports",
    response={200: bytes, 202: ReportOut, **NOT_SEEN_ERRORS, 409: ErrorOut, 422: ErrorOut, 500: ErrorOut},
    url_name="report-over-several",
    summary="One report over several estimates",
)
def report_over_several(request: HttpRequest, asked: SeveralIn) -> HttpResponse:
    """
    Totals with their range, which runs weigh most, and each run by itself.

    Low ends and high ends are added: that is the range where all runs are off in the same direction.
    """
    rows = Estimate.objects.filter(pk__in=asked.estimates).only(*WHO_MAY_SEE)
    unknown = set(asked.estimates) - set(seen_of(rows, is_theirs=partial(is_callers, request)))
    if unknown:
        listed = ", ".join(sorted(map(str, unknown))[:5])
        raise ApiError(404, "not_found", f"There are no estimates with these ids: {listed}.")
    options = ReportOptions(
        organisation=asked.organisation,
        notes=asked.notes,
        paper=asked.paper,
        variant=asked.variant,
        site=site_of(request),
    )
    try:
        row = services.request_collection(
            estimate_ids=asked.estimates, title=asked.title, language=_language(asked.language), options=options
        )
    except services.EstimateNotDone:
        raise ApiError(409, "not_done", "None of these estimates has a footprint yet.") from None
    return _answer(request, row)


@router.get(
    "/reports/{uuid:report_id}.pdf",
    response={200: bytes, 202: ReportOut, **NOT_SEEN_ERRORS, 500: ErrorOut},
    url_name="report-file",
    summary="A report that was asked for",
)
def report_file(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """The file, or 202 with its progress while it is made."""
    row = Report.objects.select_related("estimate").defer(*UNREAD).filter(pk=report_id).first()
    if row is None:
        raise ApiError(404, "not_found", "There is no report with this id.")
    try:
        check_report(row, is_theirs=partial(is_callers, request))
    except ReportHidden:
        raise ApiError(404, "not_found", "There is no report with this id.") from None
    return _answer(request, row)


def _answer(request: HttpRequest, row: Report) -> HttpResponse:
    """The file, where it is there within a few seconds; else where it stands."""
    deadline_s = time.monotonic() + WAIT_S
    while not row.is_over and time.monotonic() < deadline_s:
        time.sleep(0.05)
        row.refresh_from_db(fields=["status", "progress"])
    if row.status == JobStatus.FAILED:
        raise ApiError(500, "report_failed", "The report could not be made; ask again, and tell the operator.")
    if row.status == JobStatus.DONE:
        return pdf_response(Report.objects.select_related("estimate").defer("logo").get(pk=row.id))
    out = ReportOut(
        id=row.id,
        status=row.status,  # type: ignore[arg-type]
        progress=row.progress,
        url=request.build_absolute_uri(reverse("report", args=[row.id])),
        pdf_url=request.build_absolute_uri(reverse("api:report-file", args=[row.id])),
    )
    return HttpResponse(
        out.model_dump_json(), status=202, content_type="application/json", headers={"Retry-After": str(RETRY_AFTER_S)}
    )


@router.get(
    "/estimates/{uuid:estimate_id}/report.json",
    response={200: ReportJsonOut, **NOT_SEEN_ERRORS, 409: ErrorOut, 422: ErrorOut},
    url_name="report-json",
    summary="The report as JSON",
)
def report_json(
    request: HttpRequest, estimate_id: uuid.UUID, language: Annotated[str | None, Query(max_length=12)] = None
) -> HttpResponse:
    """
    The whole footprint, its summary, and advice.

    The summary has parts, shares, numbered sources and the place among published runs; the advice the levers that would
    save most, by the tables of now.
    """
    estimate = stored_estimate(request, estimate_id)
    footprint = estimate.result()
    if footprint is None:
        raise not_done()
    with translation.override(_language(language)):
        told = readable(footprint, translation.gettext).model_dump_json()
        summary = _SUMMARY.dump_json(wording.summary_of(footprint)).decode()
        advice = _advice(estimate)
    body = f'{{"footprint":{told},"summary":{summary},"advice":{advice}}}'
    return HttpResponse(body, content_type="application/json")


def _advice(estimate: Estimate) -> str:
    try:
        return readable_advice(advise_on(estimate=estimate), translation.gettext).model_dump_json()
    except InputProblems:
        return "null"


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
        raise ApiError(422, "invalid_input", f"There is no report in the language {asked!r}; try en, es or fr.")
    return translation.get_language() or "en"
