"""Ask for a report, follow it, download it."""

import uuid
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from estimator.models import WHO_MAY_SEE, Estimate, JobStatus
from estimator.services import site_health
from estimator.views.asked import estimate_for, is_theirs, site_of
from reports import services
from reports.forms import ReportForm
from reports.models import Report
from reports.options import ReportOptions
from reports.services.visible import UNREAD, ReportHidden, check_report


@require_http_methods(["GET", "HEAD", "POST"])
def report_create(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Choose how the report of an estimate is made; the bare button asks for it as it is made by default."""
    estimate = estimate_for(request, estimate_id, Estimate.objects.only("id", "title", "status", *WHO_MAY_SEE))
    language = get_language() or "en"
    form = ReportForm(initial={"language": language})
    if request.method == "POST":
        options, logo = ReportOptions(site=site_of(request)), None
        if "paper" in request.POST:
            form = ReportForm(request.POST, request.FILES)
            if not form.is_valid():
                return render(request, "reports/choices.html", {"estimate": estimate, "form": form}, status=422)
            options, logo = form.options(site=site_of(request)), form.cleaned_data["logo"]
            language = form.cleaned_data["language"]
        try:
            row = services.request_report(estimate_id=estimate_id, language=language, options=options, logo=logo)
        except services.EstimateNotDone:
            return redirect("estimate", estimate_id)  # its page says where it stands
        return redirect("report", row.id)
    if estimate.status != JobStatus.DONE:
        return redirect("estimate", estimate_id)
    return render(request, "reports/choices.html", {"estimate": estimate, "form": form})


@require_safe
@never_cache
def report(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """One report: where it stands, or its download."""
    response = render(request, "reports/report.html", _state(request, report_id))
    response["X-Robots-Tag"] = "noindex"
    return response


@require_GET
@never_cache
def report_status(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """The part of that page that changes."""
    return render(request, "reports/_report.html", _state(request, report_id))


@require_POST
def report_retry(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """Queue a failed report again, with the choices that it was asked for with."""
    _row(request, report_id)
    services.retry_report(report_id=report_id)
    return redirect("report", report_id)


@require_safe
@never_cache
def report_download(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """The file. While it is not there, the report's page says why."""
    row = _row(request, report_id, with_pdf=True)
    if row.status != JobStatus.DONE or row.pdf is None:
        return redirect("report", report_id)
    return pdf_response(row)


def pdf_response(row: Report) -> HttpResponse:
    """A finished report as a download."""
    name = services.file_name(title=row.name)
    return HttpResponse(
        bytes(row.pdf or b""),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )


def _row(request: HttpRequest, report_id: uuid.UUID, *, with_pdf: bool = False) -> Report:
    unread = [name for name in UNREAD if name != "pdf" or not with_pdf]
    row = Report.objects.select_related("estimate").defer(*unread).filter(pk=report_id).first()
    if row is None:
        raise Http404
    try:
        check_report(row, is_theirs=partial(is_theirs, request))
    except ReportHidden:
        raise Http404 from None
    return row


def _state(request: HttpRequest, report_id: uuid.UUID) -> dict[str, Any]:
    row = _row(request, report_id)
    state: dict[str, Any] = {"report": row, "progress_percent": round(100 * row.progress)}
    if not row.is_over:
        health = site_health()
        state |= {
            "broker_away": not health.broker,
            "no_worker": health.broker and services.JOBS.name not in health.queues,
        }
    return state
