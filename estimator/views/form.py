"""The first page: the form, its preview, and the names it suggests."""

from typing import Any, Final

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from estimator import access, services
from estimator.core.calibration import Calibration
from estimator.core.footprint import Footprint
from estimator.core.inputs import InputProblems, Workload
from estimator.forms import lookups
from estimator.forms.examples import EXAMPLES, FIRST, Example, is_untouched, left_behind
from estimator.forms.workload import WorkloadForm, put_in
from estimator.services.calibrations import calibration_named, offers_of
from estimator.views.asked import as_uuid, estimate_named, remember, seconds_to_wait, too_many

SUGGESTIONS: Final = 12
#: Calibrations that are offered on the form, those first that were measured last.
OFFERED: Final = 6


@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """The form beside a finished example; what is sent is stored and queued."""
    return _handed_in(request) if request.method == "POST" else _to_fill_in(request)


def _to_fill_in(request: HttpRequest) -> HttpResponse:
    earlier = estimate_named(request, request.GET.get("from", ""))
    if earlier is not None:
        form = WorkloadForm(base=earlier.workload())
        return _shown(request, _page(form, earlier.result(), based_on=earlier.id))
    if "calibration" in request.GET:
        return _calibrated(request)
    example = None if "blank" in request.GET else EXAMPLES.get(request.GET.get("start", FIRST))
    if example is None:
        return _shown(request, _page(WorkloadForm(), None, blank=True))
    first = example.key == FIRST
    footprint = services.example_footprint() if first else services.calculate(workload=example.workload)
    return _shown(request, _page(WorkloadForm(base=example.workload), footprint, example=example))


def _shown(request: HttpRequest, page: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The page of the form, with what was measured on the account's machines to choose from."""
    user = access.account_of(request)
    offered = [] if user is None else offers_of(owner=user, most_count=OFFERED)
    return render(request, "estimator/home.html", page | {"calibrations": offered}, status=status)


def _calibrated(request: HttpRequest) -> HttpResponse:
    """The form with what was measured on a machine, for its owner."""
    if access.account_of(request) is None:
        return redirect_to_login(request.get_full_path())
    found = _calibration(request, request.GET["calibration"])
    if found is None:
        raise Http404
    return filled_in(request, found.applied_to(Workload()), notice=_put_in_notice(found))


def _calibration(request: HttpRequest, text: str) -> Calibration | None:
    user, known = access.account_of(request), as_uuid(text)
    return None if user is None or known is None else calibration_named(owner=user, calibration_id=known)


def _put_in_notice(found: Calibration) -> str:
    told = {"measured_on": found.measured_on}
    return _("What was measured stands in the form: %(measured_on)s. Add what your run has beside it.") % told


def filled_in(request: HttpRequest, workload: Workload, *, notice: str) -> HttpResponse:
    """The form with a run that comes from somewhere else, such as a measurement."""
    try:
        footprint = services.calculate(workload=workload)
    except InputProblems:
        footprint = None  # something is still to be filled in
    return _shown(request, _page(WorkloadForm(base=workload), footprint, notice=notice))


def _handed_in(request: HttpRequest) -> HttpResponse:
    data = request.POST.copy()
    chosen, _equals, value = data.get("use", "").partition("=")
    suggested = chosen in lookups.SUGGESTED
    if suggested:
        data[chosen] = value
    measured = _calibration(request, value) if chosen == "calibration" else None
    if measured is not None:
        put_in(data, measured)
    form, cleared = _form(request, data)
    footprint = _footprint(form)
    if footprint is None or cleared or suggested or chosen == "calibration":
        told = (_put_in_notice(measured) if measured else "", _cleared_notice() if cleared else "")
        page = _page(form, footprint, example_key=data.get("example", ""), notice=" ".join(filter(None, told)))
        return _shown(request, page, status=422 if form.errors else 200)
    assert form.workload is not None
    wait_s = seconds_to_wait(request, "estimates", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    if wait_s:
        form.add_error(None, too_many(wait_s))
        page = _page(form, footprint, example_key=data.get("example", ""))
        response = _shown(request, page, status=429)
        response["Retry-After"] = str(wait_s)
        return response
    row = services.submit_estimate(workload=form.workload, owner=access.account_of(request))
    remember(request, row.id)
    return redirect("estimate", row.id)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The result of what stands in the form, with what is to be said at its fields; nothing is stored."""
    form, cleared = _form(request, request.POST.copy())
    wait_s = seconds_to_wait(request, "preview", settings.THROTTLE_CALCULATE_PER_MINUTE)
    if wait_s:
        form.add_error(None, too_many(wait_s))
    footprint = None if wait_s else _footprint(form)
    example = EXAMPLES.get(form.data.get("example", ""))
    untouched = example is not None and is_untouched(form, example)
    page = _page(
        form,
        footprint,
        example=example if untouched else None,
        notice=_cleared_notice() if cleared else "",
        cleared=cleared,
        live=True,
    )
    response = render(request, "estimator/preview.html", page)
    if footprint is None:
        # The result of the values before stays where it is; only what is said at the fields changes.
        response["HX-Reswap"] = "none"
    return response


def _form(request: HttpRequest, data: QueryDict) -> tuple[WorkloadForm, tuple[str, ...]]:
    """The bound form; measured values of an example are taken out of it once they belong to another machine."""
    row = estimate_named(request, data.get("based_on", ""))
    base = row.workload() if row else None
    form = WorkloadForm(data, base=base)
    form.is_valid()
    example = EXAMPLES.get(data.get("example", ""))
    cleared = left_behind(form, example) if example else ()
    if cleared:
        for name in cleared:
            data[name] = ""
        data["example"] = ""
        form = WorkloadForm(data, base=base)
        form.is_valid()
    return form, cleared


def _footprint(form: WorkloadForm) -> Footprint | None:
    if form.workload is None:
        return None
    try:
        footprint = services.calculate(workload=form.workload)
    except InputProblems as found:
        form.add_problems(found.problems)
        return None
    form.add_warnings(footprint)
    return footprint


def _page(
    form: WorkloadForm,
    footprint: Footprint | None,
    *,
    example: Example | None = None,
    example_key: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    key = example_key if example_key is not None else (example.key if example else "")
    return {
        "form": form,
        "footprint": footprint,
        "example": example,
        "example_key": key,
        "presets": EXAMPLES.values(),
        "first_key": FIRST,
        "error_count": sum(len(errors) for errors in form.errors.values()),
        "submit_label": _("Estimate"),
        "based_on": form.data.get("based_on", ""),
        **more,
    }


def _cleared_notice() -> str:
    return _(
        "You changed the hardware or the place, so what was measured for the example was taken out of the Expert part: "
        "it is looked up or assumed for your run now."
    )


@require_GET
@cache_control(max_age=300, private=True)
def suggest(request: HttpRequest, kind: str) -> HttpResponse:
    """Names of the catalogue that fit what is being typed."""
    if kind not in lookups.SEARCHES:
        raise Http404
    options = lookups.SEARCHES[kind](request.GET.get("q", "")[:120], SUGGESTIONS)
    return render(request, "estimator/suggestions.html", {"kind": kind, "options": options, "hint": lookups.hint(kind)})
