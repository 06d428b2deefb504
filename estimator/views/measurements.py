"""Measurements: start one, follow it live, stop it, download its samples."""

import uuid
from collections.abc import Iterable
from typing import Any, Final

import orjson
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh, reswap, retarget

from estimator import access
from estimator.core.inputs import InputProblems
from estimator.forms.measurement import FootprintForm, MeasurementForm, same_again
from estimator.models import Estimate, Measurement, MeasurementKind, MeasurementStatus, Worker
from estimator.services import measurements as service
from estimator.services import placed, reconciled
from estimator.services.compared import Compared
from estimator.services.cursor import cursor_of, place_of
from estimator.services.recorded import csv_lines
from estimator.services.series import series_of
from estimator.services.shares import shares_of
from estimator.services.standing import central_kgco2e, in_kwh
from estimator.views.asked import as_uuid, asking_account, signed_in, site_of, visible
from estimator.views.comparable import comparable
from estimator.views.form import filled_in
from estimator.views.standing import points_of, state_of

ON_A_PAGE: Final = 30


@require_safe
@signed_in
@never_cache
def measurements(request: HttpRequest) -> HttpResponse:
    """Those of the account, newest first."""
    try:
        before = place_of(request.GET.get("cursor", ""))
    except ValueError:
        raise Http404 from None
    user = asking_account(request)
    project = request.GET.get("project", "")
    own = Measurement.objects.owned_by(user)
    listed = own.of_project(project)
    heavy = ("inventory", "components", "energies_j")
    found = list(listed.newest_first(before=before).defer(*heavy)[: ON_A_PAGE + 1])
    rows = found[:ON_A_PAGE]
    last = (rows[-1].created_at, rows[-1].pk) if len(found) > ON_A_PAGE else None
    page = {
        "measurements": as_listed(rows),
        "goes_on": any(not row.is_over for row in rows),
        "older": cursor_of(last),
        "is_first": before is None,
        "may_measure": Worker.objects.owned_by(user).filter(disabled_at=None).exists(),
        "project": project,
        "projects": own.projects(),
        "sum_kwh": in_kwh(listed.sum_energy_j()) if project else None,
    }
    return render(request, "estimator/measurements.html", page)


def as_listed(rows: Iterable[Measurement]) -> list[tuple[Measurement, float, float | None]]:
    """Measurements as a list shows them, with their energy and emissions."""
    return [(row, in_kwh(row.energy_j), central_kgco2e(row)) for row in rows]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@never_cache
def measurement_new(request: HttpRequest) -> HttpResponse:
    """The form, and what is sent with it."""
    user = asking_account(request)
    workers = list(Worker.objects.owned_by(user).filter(disabled_at=None))
    if not workers:
        messages.warning(request, _no_machine(user))
        return redirect("workers")
    if request.method == "POST":
        form = MeasurementForm(request.POST, workers=workers)
        if form.is_valid() and form.request is not None:
            try:
                row = service.request_measurement(
                    owner=user, asked=form.request, site=site_of(request), language=get_language() or "en"
                )
            except InputProblems as found:
                form.add_problems(found.problems)
            else:
                return redirect("measurement", row.pk)
    else:
        form = MeasurementForm(workers=workers, initial=_begin_with(request))
    now = timezone.now()
    page = {
        "form": form,
        "online": any(row.is_online(now) for row in workers),
        "error_count": sum(len(errors) for errors in form.errors.values()),
    }
    return render(request, "estimator/measurement_new.html", page, status=422 if form.errors else 200)


def _no_machine(user: User) -> str:
    if Worker.objects.owned_by(user).exists():
        return _("A measurement needs a worker, and each of yours is disabled. Enable one, or add another machine.")
    return _("A measurement needs a worker. Add the machine first; then you can measure on it.")


def _begin_with(request: HttpRequest) -> dict[str, Any]:
    """A measurement that is made again, or the worker whose page asks."""
    again = as_uuid(request.GET.get("again", ""))
    if again is None:
        return {"worker": request.GET.get("worker", "")}
    return same_again(_own(request, again))


@require_safe
@signed_in
@never_cache
def measurement(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """One measurement, live while it runs."""
    row = _own(request, measurement_id)
    if row.kind == MeasurementKind.IMPORTED and hasattr(row, "imported_file"):
        return redirect("import", row.imported_file.pk)
    return _page(request, row)


def _page(request: HttpRequest, row: Measurement, form: FootprintForm | None = None) -> HttpResponse:
    found, state = series_of(row), state_of(row)
    page = state | {"series": found, "data": points_of(row, found)}
    if row.is_over and row.energy_j > 0.0:
        compared = _compared(row)
        over = None
        if compared is not None:
            over = reconciled.over_all_runs(owner=asking_account(request), measurement_id=row.pk)
        page |= {
            "compared": compared,
            "over": over,
            "estimates": comparable(Estimate.objects.owned_by(asking_account(request))),
        }
    if row.status == MeasurementStatus.DONE and row.energy_j > 0.0:
        page["form"] = form or FootprintForm(row=row, has_shares=state["shares"] is not None)
        page["assumed_pue"] = placed.assumed_pue(row)
    return render(request, "estimator/measurement.html", page, status=422 if form is not None else 200)


@require_POST
@signed_in
def measurement_footprint(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """Say where it stood, and make its footprint of that."""
    row = _own(request, measurement_id)
    form = FootprintForm(request.POST, row=row, has_shares=shares_of(row) is not None)
    if form.is_valid() and form.request is not None:
        try:
            placed.make_footprint(owner=asking_account(request), measurement_id=row.pk, asked=form.request)
        except InputProblems as found:
            form.add_problems(found.problems)
        except placed.NothingToMake:
            messages.error(request, _("A footprint is made of what has ended and measured something."))
            return redirect("measurement", row.pk)
        else:
            messages.success(request, _("The footprint is made. One that was made before stays among your estimates."))
            return redirect("measurement", row.pk)
    return _page(request, row, form)


def _compared(row: Measurement) -> Compared | None:
    try:
        return reconciled.compared(row=row)
    except InputProblems:
        return None  # the catalogue does not know its names any more


@require_POST
@signed_in
def measurement_compare(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """Set it against an estimate of one's own."""
    row = _own(request, measurement_id)
    key = as_uuid(request.POST.get("estimate", ""))
    if key is None or not reconciled.set_against(owner=asking_account(request), measurement_id=row.pk, estimate_id=key):
        messages.error(request, _("Choose a finished estimate of yours."))
    response = redirect("measurement", row.pk)
    response["Location"] += "#compare"
    return response


@require_safe
@signed_in
@never_cache
def measurement_use(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """The form of a new estimate with the draw that was measured."""
    row = _own(request, measurement_id)
    if row.estimate is not None:
        visible(request, row.estimate)
    over = None
    if request.GET.get("runs") == "all":
        over = reconciled.over_all_runs(owner=asking_account(request), measurement_id=row.pk)
        if over is None:
            raise Http404
    workload = reconciled.next_workload(row=row, over=over)
    if workload is None:
        raise Http404
    notice = _("The draw that was measured stands in the form. Change what will be different next time.")
    return filled_in(request, workload, notice=notice)


@require_safe
@signed_in
@never_cache
def measurement_status(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """
    What has changed on that page.

    The numbers alone where its state is the one that the page shows, so that buttons keep the focus and nothing is told
    twice; all of it where the state is another one; and once it is over, the page is to be loaded again.
    """
    row = _own(request, measurement_id)
    state = state_of(row)
    if "HX-Request" not in request.headers:
        return render(request, "estimator/_measurement.html", state)
    if row.is_over:
        return HttpResponseClientRefresh()
    if request.GET.get("seen") != state["seen"]:
        return render(request, "estimator/_measurement.html", state | {"is_news": True})
    numbers = render(request, "estimator/_measurement_numbers.html", state)
    return retarget(reswap(numbers, "innerHTML"), "#measurement-numbers")


@require_safe
@signed_in
@never_cache
def measurement_series(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """What is new for the chart."""
    row = _own(request, measurement_id)
    told = [request.GET.get(name, "") for name in ("step_s", "after")]
    step_s, after = (int(text) if text.isdigit() and len(text) < 16 else 0 for text in told)
    found = series_of(row, step_s=step_s, from_=after)
    return HttpResponse(orjson.dumps(points_of(row, found)), content_type="application/json")


@require_POST
@signed_in
def measurement_stop(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """Stop it."""
    _own(request, measurement_id)
    service.stop_measurement(owner=asking_account(request), measurement_id=measurement_id)
    return redirect("measurement", measurement_id)


@require_POST
@signed_in
def measurement_conclude(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """Make the footprint of what has come."""
    _own(request, measurement_id)
    service.conclude_measurement(owner=asking_account(request), measurement_id=measurement_id)
    return redirect("measurement", measurement_id)


@require_POST
@signed_in
def measurement_delete(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponse:
    """Delete it with its samples."""
    _own(request, measurement_id)
    service.delete_measurement(owner=asking_account(request), measurement_id=measurement_id)
    messages.success(request, _("The measurement and its samples are deleted."))
    return redirect("measurements")


@require_safe
@signed_in
@never_cache
def measurement_csv(request: HttpRequest, measurement_id: uuid.UUID) -> HttpResponseBase:
    """All samples, row by row."""
    row = _own(request, measurement_id)
    response = StreamingHttpResponse(csv_lines(row), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="measurement-{row.pk}.csv"'
    return response


def _own(request: HttpRequest, measurement_id: uuid.UUID) -> Measurement:
    rows = Measurement.objects.select_related("worker", "result", "estimate")
    row = access.own(rows, person=request.user, pk=measurement_id)
    if row is None:
        raise Http404
    return row
