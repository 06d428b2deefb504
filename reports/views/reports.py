"""Ask for a report, follow it, download it."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from estimator.models import Estimate, JobStatus
from estimator.services import site_health
from reports import services
from reports.models import Report


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
            "no_worker": health.broker and services.JOBS.name not in health.queues,
        }
    return state
