"""The pages: translate what was sent, call one service, answer."""

import uuid
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from estimator import attribution, broker, services
from estimator.core.footprint import Footprint
from estimator.core.inputs import InputProblems
from estimator.forms import lookups
from estimator.forms.examples import EXAMPLES, FIRST, Example, is_untouched, left_behind
from estimator.forms.workload import WorkloadForm
from estimator.models import Estimate, JobStatus
from estimator.reference import catalogue

RECENT: Final = 50
SUGGESTIONS: Final = 12
PATIENCE: Final = timedelta(seconds=10)

#: Tables of the catalogue as the API has them, for people.
TABLES: Final = {
    "accelerators": gettext_noop("Accelerators"),
    "cpus": gettext_noop("CPUs"),
    "grids": gettext_noop("Grids"),
    "cloud-regions": gettext_noop("Cloud regions"),
    "cloud-instances": gettext_noop("Cloud instances"),
    "models": gettext_noop("Models"),
    "equivalents": gettext_noop("Equivalents"),
    "sources": gettext_noop("Sources"),
}


# --- The form and its preview -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """The form beside a finished example; what is sent is stored and queued."""
    return _handed_in(request) if request.method == "POST" else _to_fill_in(request)


def _to_fill_in(request: HttpRequest) -> HttpResponse:
    earlier_id = _uuid(request.GET.get("from", ""))
    earlier = Estimate.objects.filter(pk=earlier_id).first() if earlier_id else None
    if earlier is not None:
        form = WorkloadForm(base=earlier.workload())
        return render(request, "estimator/home.html", _page(form, earlier.result(), based_on=earlier.id))
    example = None if "blank" in request.GET else EXAMPLES.get(request.GET.get("start", FIRST))
    if example is None:
        return render(request, "estimator/home.html", _page(WorkloadForm(), None, blank=True))
    first = example.key == FIRST
    footprint = services.example_footprint() if first else services.calculate(workload=example.workload)
    return render(
        request, "estimator/home.html", _page(WorkloadForm(base=example.workload), footprint, example=example)
    )


def _handed_in(request: HttpRequest) -> HttpResponse:
    data = request.POST.copy()
    chosen, _equals, value = data.get("use", "").partition("=")
    suggested = chosen in lookups.SUGGESTED
    if suggested:
        data[chosen] = value
    form, cleared = _form(data)
    footprint = _footprint(form)
    if footprint is None or cleared or suggested:
        notice = _cleared_notice() if cleared else ""
        page = _page(form, footprint, example_key=data.get("example", ""), notice=notice)
        return render(request, "estimator/home.html", page, status=422 if form.errors else 200)
    assert form.workload is not None
    wait_s = _wait_s(request, "estimates", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    if wait_s:
        form.add_error(None, _too_many(wait_s))
        page = _page(form, footprint, example_key=data.get("example", ""))
        response = render(request, "estimator/home.html", page, status=429)
        response["Retry-After"] = str(wait_s)
        return response
    row = services.submit_estimate(workload=form.workload)
    _remember(request, row.id)
    return redirect("estimate", row.id)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The result of what stands in the form, with what is to be said at its fields; nothing is stored."""
    form, cleared = _form(request.POST.copy())
    wait_s = _wait_s(request, "preview", settings.THROTTLE_CALCULATE_PER_MINUTE)
    if wait_s:
        form.add_error(None, _too_many(wait_s))
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


def _form(data: QueryDict) -> tuple[WorkloadForm, tuple[str, ...]]:
    """The bound form; measured values of an example are taken out of it once they belong to another machine."""
    base = None
    based_on = _uuid(data.get("based_on", ""))
    if based_on is not None:
        row = Estimate.objects.filter(pk=based_on).only("inputs").first()
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


def _wait_s(request: HttpRequest, scope: str, per_minute: int) -> int:
    """For how long this address must wait; 0 where it may go on. The API counts for itself."""
    address = request.META.get("REMOTE_ADDR") or "local"
    return broker.seconds_until_allowed(scope=f"page-{scope}", address=address, per_minute=per_minute)


def _too_many(wait_s: int) -> str:
    return ngettext(
        "Too many requests came from your address. Try again in %(wait_s)s second; nothing that you typed is lost.",
        "Too many requests came from your address. Try again in %(wait_s)s seconds; nothing that you typed is lost.",
        wait_s,
    ) % {"wait_s": wait_s}


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


# --- Stored estimates -------------------------------------------------------------------------------------------------


@require_safe
@never_cache
def estimate(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """One stored estimate: where it stands, or its result."""
    response = render(request, "estimator/estimate.html", _state(request, estimate_id))
    response["X-Robots-Tag"] = "noindex"
    return response


@require_GET
@never_cache
def estimate_status(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """The part of that page that changes."""
    return render(request, "estimator/estimate_status.html", _state(request, estimate_id))


def _state(request: HttpRequest, estimate_id: uuid.UUID) -> dict[str, Any]:
    row = Estimate.objects.filter(pk=estimate_id).first()
    if row is None:
        raise Http404
    state: dict[str, Any] = {
        "estimate": row,
        "link": request.build_absolute_uri(reverse("estimate", args=[row.id])),
        "footprint": row.result(),
    }
    if row.status == JobStatus.DONE:
        form = WorkloadForm(base=row.workload())
        if state["footprint"]:
            form.add_warnings(state["footprint"])
        state |= {"form": form, "based_on": row.id, "submit_label": _("Save as a new estimate"), "example_key": ""}
    elif row.status == JobStatus.FAILED:
        state["reason"] = _failure(row.error_code)
    else:
        health = services.site_health()
        state |= {
            "broker_away": not health.broker and row.status == JobStatus.QUEUED,
            "no_worker": health.broker and services.JOBS.name not in health.queues,
            "before_count": Estimate.objects.filter(
                status__in=[JobStatus.QUEUED, JobStatus.RUNNING], created_at__lt=row.created_at
            ).count(),
            "progress_percent": round(100 * row.progress),
            # Ask often at first, and seldom once it evidently takes longer.
            "poll_every": "1s" if timezone.now() - row.created_at < PATIENCE else "3s",
        }
    return state


def _failure(error_code: str) -> str:
    reasons = {
        "inputs_unknown": _("The run names something that the catalogue does not know any more. Make it anew."),
        "gave_up": _("It was tried several times and did not end."),
    }
    return reasons.get(error_code) or _("Something went wrong on our side.")


@require_POST
def estimate_retry(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """Queue a failed estimate again."""
    if not Estimate.objects.filter(pk=estimate_id).exists():
        raise Http404
    services.retry_estimate(estimate_id=estimate_id)
    return redirect("estimate", estimate_id)


@require_safe
@never_cache
def estimates(request: HttpRequest) -> HttpResponse:
    """Estimates that this browser made, newest first."""
    mine = [known for known in map(_uuid, request.session.get("estimates", [])) if known]
    rows = Estimate.objects.filter(pk__in=mine).defer("inputs", "footprint").order_by("-created_at")
    return render(request, "estimator/estimates.html", {"estimates": rows})


def _remember(request: HttpRequest, estimate_id: uuid.UUID) -> None:
    request.session["estimates"] = [estimate_id.hex, *request.session.get("estimates", [])][:RECENT]


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None


# --- What it stands on ------------------------------------------------------------------------------------------------


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """Every source of the catalogue, and which tables use it."""
    listed = attribution.listed_sources()
    page = {
        "sources": listed,
        "dataset": catalogue.dataset_version(),
        "tables": [(kind, _(label), lookups.rows_count(kind)) for kind, label in TABLES.items()],
        "groups": attribution.licence_groups(listed),
    }
    return render(request, "estimator/sources.html", page)
