"""The report as PDF and as JSON."""

import time
import uuid
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from ninja import Query, Router, Schema
from pydantic import TypeAdapter

from estimator.api import ApiError, ErrorOut
from estimator.core.footprint import Footprint, readable
from estimator.models import Estimate, JobStatus
from reports import services, wording
from reports.api.found import no_estimate, not_done
from reports.models import Report
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
        raise no_estimate() from None
    except services.EstimateNotDone:
        raise not_done() from None
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
        raise no_estimate()
    footprint = estimate.result()
    if footprint is None:
        raise not_done()
    with translation.override(_language(language)):
        told = readable(footprint, translation.gettext).model_dump_json()
        summary = _SUMMARY.dump_json(wording.summary_of(footprint)).decode()
    return HttpResponse(f'{{"footprint":{told},"summary":{summary}}}', content_type="application/json")


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
