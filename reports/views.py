"""The pages of reports: ask for one and fetch it, a run in the eyes of other tools, and how right the figures are."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from estimator.core.inputs import InputProblems
from estimator.models import Estimate, JobStatus
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from estimator.services import site_health
from reports import quantities, services, wording
from reports.comparison import peer_rows
from reports.models import Report
from reports.validation import Filters, validation_page


@require_POST
def report_create(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Ask for the report of an estimate in the language of the page."""
    try:
        row = services.request_report(estimate_id=estimate_id, language=get_language() or "en")
    except Estimate.DoesNotExist:
        raise Http404 from None
    except services.EstimateNotDone:
        return redirect("estimate", estimate_id)  # its page says where it stands
    return redirect("report", row.id)


@require_safe
@never_cache
def report(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """One report: where it stands, or its download."""
    response = render(request, "reports/report.html", _state(report_id))
    response["X-Robots-Tag"] = "noindex"
    return response


@require_GET
@never_cache
def report_status(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """The part of that page that changes."""
    return render(request, "reports/_report.html", _state(report_id))


@require_safe
@never_cache
def report_download(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """The file. While it is not there, the report's page says why."""
    row = _row(report_id, with_pdf=True)
    if row.status != JobStatus.DONE or row.pdf is None:
        return redirect("report", report_id)
    return pdf_response(row)


def pdf_response(row: Report) -> HttpResponse:
    """A finished report as a download."""
    name = services.file_name(title=row.estimate.title)
    return HttpResponse(
        bytes(row.pdf or b""),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )


def _row(report_id: uuid.UUID, *, with_pdf: bool = False) -> Report:
    rows = Report.objects.select_related("estimate").defer("estimate__footprint", "estimate__inputs")
    row = (
        (rows if with_pdf else rows.defer("pdf", "estimate__footprint", "estimate__inputs"))
        .filter(pk=report_id)
        .first()
    )
    if row is None:
        raise Http404
    return row


def _state(report_id: uuid.UUID) -> dict[str, Any]:
    row = _row(report_id)
    state: dict[str, Any] = {"report": row, "progress_percent": round(100 * row.progress)}
    if not row.is_over:
        health = site_health()
        state |= {
            "broker_away": not health.broker,
            "no_worker": health.broker and services.QUEUE not in health.queues,
        }
    return state


# --- other tools, and published runs ----------------------------------------------------------------------------------


@require_safe
@never_cache
def comparison(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """A finished estimate through the formulas of other tools."""
    row = Estimate.objects.filter(pk=estimate_id).first()
    if row is None:
        raise Http404
    footprint = row.result()
    if footprint is None:
        return redirect("estimate", estimate_id)  # its page says where it stands
    try:
        peers = peer_rows(
            row.workload(),
            factors_for(row.workload()),
            footprint,
            known_sources=catalogue.sources(),
            translate=gettext,
            format_number=quantities.in_text,
        )
    except InputProblems:
        peers = ()  # the catalogue does not know its names any more
    page = {"estimate": row, "footprint": footprint, "peers": peers, "method": footprint.method}
    response = render(request, "reports/comparison.html", page)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
def validation(request: HttpRequest) -> HttpResponse:
    """Published runs beside what is computed for them; a filter that is unknown shows nothing."""
    filters = Filters(
        source=request.GET.get("source", ""),
        kind=request.GET.get("kind", ""),
        basis=request.GET.get("basis", ""),
        all_cases="all" in request.GET,
    )
    page = validation_page(
        filters, voice=wording.VOICE, known_sources=catalogue.sources(), format_factor=quantities.factor
    )
    return render(request, "reports/validation.html", {"validation": page})
