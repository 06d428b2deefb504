"""The pages of reports: ask for one, hand a run on in other forms, see it as other tools do, and how right it is."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from estimator.core.inputs import InputProblems
from estimator.forms.workload import entry_at
from estimator.models import Estimate, JobStatus
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from estimator.services import site_health
from reports import quantities, services, wording
from reports.comparison import peer_rows
from reports.disclosures import (
    FORMATS,
    QUESTIONS,
    Disclosure,
    DisclosureDetails,
    Format,
    Question,
    details_from,
    disclose,
)
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
            "no_worker": health.broker and services.JOBS.name not in health.queues,
        }
    return state


# --- the forms in which a run is handed on ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the form of a disclosure."""

    name: str
    question: Question
    label: str
    choices: tuple[tuple[str, str], ...]
    value: str
    problem: str


@require_safe
@never_cache
def disclosures(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """A finished estimate in one of the forms, what it lacks, and the questions that fill it in."""
    row = Estimate.objects.filter(pk=estimate_id).first()
    chosen = FORMATS.get(request.GET.get("format", next(iter(FORMATS))))
    if row is None or chosen is None:
        raise Http404
    typed = {name: text for name in QUESTIONS if (text := request.GET.get(name, "").strip())}
    details, problems = disclosure_details(row, typed)
    made = disclosure_of(row, chosen, details)
    if made is None:
        return redirect("estimate", estimate_id)  # its page says where it stands
    lacking = {missing.field for missing in made.missing}
    asked = list(_asked(chosen, typed, problems))
    address = reverse("api:disclosure", args=[row.id, chosen.name])
    readable = {name: text for name, text in typed.items() if name not in problems}
    page = {
        "estimate": row,
        "formats": [
            (gettext(one.title), urlencode({"format": one.name} | typed), one is chosen) for one in FORMATS.values()
        ],
        "chosen": chosen,
        "title": gettext(chosen.title),
        "summary": gettext(chosen.summary),
        "content": made.content,
        "missing": [(_label(one.field), gettext(one.why), one) for one in made.missing],
        "is_missing_in_run": bool(lacking - set(QUESTIONS)),
        "first_asked": [one for one in asked if one.name in lacking or one.problem],
        "then_asked": [one for one in asked if one.name not in lacking and not one.problem],
        "kept": [(name, text) for name, text in typed.items() if name not in chosen.asks],
        "download": f"{address}?{urlencode(readable)}" if readable else address,
    }
    response = render(request, "reports/disclosures.html", page)
    response["X-Robots-Tag"] = "noindex"
    return response


def _label(field: str) -> str:
    """What people call a detail, or a field of the run; empty for one that is not on the form."""
    if field in QUESTIONS:
        return gettext(QUESTIONS[field].label)
    entry = entry_at(field)
    return str(entry.label) if entry else ""


def _asked(chosen: Format, typed: Mapping[str, str], problems: Mapping[str, str]) -> Iterator[Asked]:
    for name in chosen.asks:
        question = QUESTIONS[name]
        yield Asked(
            name=name,
            question=question,
            label=gettext(question.label),
            choices=tuple((value, gettext(label)) for value, label in question.choices),
            value=typed.get(name, ""),
            problem=gettext(problems[name]) if name in problems else "",
        )


def disclosure_details(row: Estimate, typed: Mapping[str, str]) -> tuple[DisclosureDetails, dict[str, str]]:
    """What was typed, and what the row knows: its id, and when its figures were made."""
    made_at = (row.finished_at or row.created_at).astimezone(UTC)
    return details_from(typed, run_id=str(row.id), made_at=f"{made_at:%Y-%m-%d %H:%M:%S}")


def disclosure_of(row: Estimate, chosen: Format, details: DisclosureDetails) -> Disclosure | None:
    """A stored run in one form; None while there is no footprint."""
    footprint = row.result()
    if footprint is None:
        return None
    return disclose(chosen.name, workload=row.workload(), footprint=footprint, details=details)


def disclosure_response(row: Estimate, made: Disclosure) -> HttpResponse:
    """A document as a file; a badge is shown where it stands."""
    one = made.format
    slug = slugify(row.title)[:60].strip("-") or "estimate"
    kind = "inline" if one.media_type == "image/svg+xml" else "attachment"
    is_text = one.media_type.startswith("text/")
    return HttpResponse(
        made.content.encode(),
        content_type=f"{one.media_type}; charset=utf-8" if is_text else one.media_type,
        headers={
            "Content-Disposition": f'{kind}; filename="wattprint-{slug}-{one.name}.{one.extension}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


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
