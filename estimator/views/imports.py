"""Bring a file of another energy tracker: send it, look at the preview, keep it, compare it, use it."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from estimator import access
from estimator.core.calibration import Calibration
from estimator.core.inputs import InputProblems
from estimator.core.reconcile import COMPONENT_LABELS
from estimator.core.units import S_PER_H
from estimator.forms.imports import ImportForm
from estimator.imports import ImportedMeasurement, UnreadableFile
from estimator.models import Estimate, ImportedFile
from estimator.services import compared as comparing
from estimator.services import imports as service
from estimator.services.measured_run import covers_told
from estimator.services.reconciled import over_all_runs
from estimator.services.series import series_of_trace
from estimator.views.asked import RECENT, as_uuid, estimate_named, own_estimates, seconds_to_wait, too_many, visible
from estimator.views.comparable import comparable
from estimator.views.form import filled_in

_SESSION: Final = "imports"
_ROWS_SHOWN: Final = 50
_DEVICES: Final = "devices"
_PLAIN: Final = gettext_lazy("a table of times and watts")


def said(message: str, text_params: Mapping[str, Any]) -> str:
    """A message of a reader in the active language."""
    return _(message) % text_params if text_params else _(message)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def imports(request: HttpRequest) -> HttpResponse:
    """The form that brings a file, and what was brought before."""
    if request.method != "POST":
        return _form_page(request, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    wait_s = seconds_to_wait(request, "estimates", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    if wait_s:
        form.add_error(None, too_many(wait_s))
        return _form_page(request, form, status=429)
    if not form.is_valid():
        too_large = bool(request.FILES) and "file" in form.errors
        return _form_page(request, form, status=413 if too_large else 422)
    try:
        row, refusal = _read(request, form)
    except UnreadableFile as refused:
        return _form_page(request, form, refusal=refused, status=422)
    if refusal is not None:
        return _form_page(request, form, refusal=refusal, held=row, status=422)
    return redirect("import", row.pk)


def _read(request: HttpRequest, form: ImportForm) -> tuple[ImportedFile, UnreadableFile | None]:
    file = form.cleaned_data.get("file")
    if file is None:
        row = _own(request, form.held_id)
        if row.kept_at is not None:
            return row, None
        return row, service.answer_import(row=row, answers=form.answers)
    row, refusal = service.hold_import(
        data=file.read(), file_name=file.name or "", owner=access.account_of(request), answers=form.answers
    )
    request.session[_SESSION] = [row.pk.hex, *request.session.get(_SESSION, [])][:RECENT]
    return row, refusal


def _form_page(
    request: HttpRequest,
    form: ImportForm,
    *,
    refusal: UnreadableFile | None = None,
    held: ImportedFile | None = None,
    status: int = 200,
) -> HttpResponse:
    known = [key for key in map(as_uuid, request.session.get(_SESSION, [])) if key]
    account = access.account_of(request)
    mine = Q(pk__in=known, owner=None) | (Q(owner=account) if account else Q(pk=None))
    rows = ImportedFile.objects.filter(mine, kept_at__isnull=False).defer("content", "found")[:RECENT]
    page = {
        "form": form,
        "rows": rows,
        "held": held,
        "refusal": said(refusal.message, refusal.text_params) if refusal else "",
        "ask": refusal.ask if refusal else (),
        "row_errors": _row_errors(refusal.row_errors) if refusal else (),
        "row_errors_count": refusal.row_errors_count if refusal else 0,
    }
    return render(request, "estimator/imports.html", page, status=status)


def _row_errors(errors: Any) -> list[tuple[int, str]]:
    return [(error.line, said(error.message, error.text_params)) for error in errors[:_ROWS_SHOWN]]


def _own(request: HttpRequest, import_id: uuid.UUID | None) -> ImportedFile:
    """The row, for whoever may see it: its owner, or for nobody's whoever has the link."""
    row = ImportedFile.objects.filter(pk=import_id).select_related("estimate").first() if import_id else None
    account = access.account_of(request)
    if row is None or (row.owner_id is not None and (account is None or row.owner_id != account.pk)):
        raise Http404
    return row


@require_safe
@never_cache
def imported(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """What a file holds: the preview, or what was kept, and how it compares with an estimate."""
    row = _own(request, import_id)
    found = service.found_in(row)
    if found is None:
        return redirect("imports")
    compared = None
    against = _against(request, row)
    if against is not None:
        try:
            compared = comparing.compare(found=found, estimate=against, source=row.file_name)
        except InputProblems:
            compared = None  # the catalogue does not know its names any more
    page = {
        "row": row,
        "found": found,
        "tool": _PLAIN if found.recognised_as == "plain" else found.recognised_as,
        "duration_h": found.duration_s / S_PER_H if found.duration_s and found.duration_s >= S_PER_H else None,
        "parts": [(_(COMPONENT_LABELS[name]), kwh) for name, kwh in found.energy_by_component_kwh.items() if kwh],
        "row_errors": _row_errors(found.row_errors),
        "notices": _notices(found),
        "accelerators": _accelerators(found),
        "against": against,
        "compared": compared,
        "over": _over_all_runs(request, row) if compared is not None else None,
        "estimates": comparable(own_estimates(request)) if row.kept_at else (),
        "may_delete": _is_theirs(request, row),
        **_chart(found),
        "problem": request.GET.get("problem") == "estimate",
    }
    response = render(request, "estimator/imported.html", page)
    response["X-Robots-Tag"] = "noindex"
    return response


def _notices(found: ImportedMeasurement) -> list[str]:
    """What to know before the energy is believed: what it is of first, where that is not the whole machine."""
    covers = service.covers_of_file(found)
    told = [] if covers == "servers" else [covers_told(covers)]
    return told + [said(notice.message, notice.text_params) for notice in found.warnings]


def _accelerators(found: ImportedMeasurement) -> str:
    """The cards that a file tells of: "2 × NVIDIA A100-SXM4-40GB"."""
    names = ", ".join(found.accelerator_names)
    if found.accelerator_count and names:
        return f"{found.accelerator_count} × {names}"
    return names or str(found.accelerator_count or "")


def _chart(found: ImportedMeasurement) -> dict[str, Any]:
    """The power that is kept of it, as the chart of a measurement takes it."""
    if found.trace is None or not found.trace.time_s:
        return {}
    series = series_of_trace(found.trace, name=_DEVICES)
    return {
        "series": series,
        "data": {
            "step_s": series.step_s,
            "next_from": series.next_from,
            "is_over": True,
            "components": [{"name": _DEVICES, "label": _("all devices together"), "counted": True}],
            "points": [[point.end_s, point.duration_s, point.powers_w] for point in series.points],
        },
        "drawing_alt": _("Power of all devices together over time, in watts; its energy and mean stand above."),
    }


def _over_all_runs(request: HttpRequest, row: ImportedFile) -> Calibration | None:
    account = access.account_of(request)
    if account is None or row.measurement_id is None:
        return None
    return over_all_runs(owner=account, measurement_id=row.measurement_id)


def _against(request: HttpRequest, row: ImportedFile) -> Estimate | None:
    """The estimate that a file is set against, as long as it is shown."""
    try:
        return visible(request, row.estimate)
    except (Http404, access.Withdrawn):
        return None


def _is_theirs(request: HttpRequest, row: ImportedFile) -> bool:
    """Whether it is the account's or, where it is nobody's, was brought by this browser."""
    if row.owner_id is not None:
        return True  # nobody else has seen it
    return row.pk.hex in request.session.get(_SESSION, [])


@require_POST
def delete(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """Delete what was brought, with what was kept of it."""
    row = _own(request, import_id)
    if not _is_theirs(request, row):
        raise Http404
    was_kept = row.kept_at is not None
    service.delete_import(import_id=row.pk)
    messages.success(request, _("The measurement is deleted.") if was_kept else _("The file is forgotten."))
    return redirect("imports" if access.account_of(request) is None else "measurements")


@require_POST
def keep(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """Keep what was previewed."""
    row = _own(request, import_id)
    service.keep_import(import_id=row.pk)
    return redirect("import", row.pk)


@require_POST
def compare(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """Set it against an estimate, named by its link or chosen from the list."""
    row = _own(request, import_id)
    typed = request.POST.get("link", "").strip() or request.POST.get("estimate", "")
    key = next((found for part in reversed(typed[:500].split("/")) if (found := as_uuid(part))), None)
    seen = estimate_named(request, str(key)) if key else None
    if key is None or seen is None or not service.link_import(import_id=row.pk, estimate_id=key):
        response = redirect("import", row.pk)
        response["Location"] += "?problem=estimate#compare"
        return response
    response = redirect("import", row.pk)
    response["Location"] += "#compare"
    return response


@require_safe
@never_cache
def use(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """The form of a new estimate, filled in with what was measured."""
    row = _own(request, import_id)
    found = service.found_in(row)
    if found is None:
        raise Http404
    against = _against(request, row)
    if "calibrated" in request.GET and against is not None:
        over = _over_all_runs(request, row) if request.GET.get("runs") == "all" else None
        compared = comparing.compare(found=found, estimate=against, source=row.file_name)
        if compared is not None:
            workload = (
                over.applied_to(against.workload())
                if over is not None
                else comparing.next_workload(compared=compared, estimate=against)
            )
            if workload is None:
                raise Http404
            notice = _("The draw that was measured stands in the form. Change what will be different next time.")
            return filled_in(request, workload, notice=notice)
    title = service.title_of(found, file_name=row.file_name)
    notice = _("The measured energy stands in the form. Say where it ran, and on what.")
    return filled_in(request, service.measured_workload(found=found, title=title), notice=notice)
