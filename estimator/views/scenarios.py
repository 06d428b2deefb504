"""What would it cost if …: switches beside their result, scenarios kept under a name, and several side by side."""

import uuid
from dataclasses import replace
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from estimator import access
from estimator.core.factors import Factors
from estimator.core.inputs import InputProblem, InputProblems, Workload
from estimator.core.scenarios import MOST_SCENARIOS, Comparison
from estimator.forms.levers import LeversForm
from estimator.forms.stacks import from_json
from estimator.models import Estimate, JobStatus, Scenario
from estimator.reference.scenarios import present_run
from estimator.services import scenarios
from estimator.services.scenarios import MOST_KEPT, Named, TooManyScenarios
from estimator.views.asked import as_uuid, estimate_for, seconds_to_wait, too_many, visible

_PREFIX: Final = "scenarios.0."


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def scenario_page(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """The switches and what they make of the run; what is sent is shown, or kept under its name."""
    row, run, factors = _run(request, estimate_id)
    if row.status != JobStatus.DONE:
        return redirect("estimate", row.id)
    if run is None or factors is None:
        # The catalogue does not know any more what the run names.
        return render(request, "estimator/scenarios.html", {"estimate": row, "outdated": True}, status=422)
    response = _sent(request, row, run, factors) if request.method == "POST" else _asked(request, row, run, factors)
    response["X-Robots-Tag"] = "noindex"
    return response


def _run(request: HttpRequest, estimate_id: uuid.UUID) -> tuple[Estimate, Workload | None, Factors | None]:
    row = estimate_for(request, estimate_id)
    if row.status != JobStatus.DONE:
        return row, None, None
    try:
        return row, *present_run(scenarios.run_of(estimate=row))
    except InputProblems:
        return row, None, None


def _kept(row: Estimate, text: str) -> Scenario | None:
    known = as_uuid(text)
    return row.scenarios.filter(pk=known).first() if known else None


def _asked(request: HttpRequest, row: Estimate, run: Workload, factors: Factors) -> HttpResponse:
    """A page to begin with: nothing switched on, a kept scenario, or what an address hands over."""
    kept = _kept(row, request.GET.get("scenario", ""))
    name, levers, problem = request.GET.get("name", ""), kept.stack() if kept is not None else (), ""
    if kept is None and "levers" in request.GET:
        try:
            levers = from_json(request.GET["levers"])
        except InputProblems as found:
            problem = " ".join(_told(one) for one in found.problems[:3])
    form = LeversForm(run=run, factors=factors, base=levers, name=kept.name if kept is not None else name[:120])
    comparison = None
    if levers:
        comparison = _computed(form, run, levers)
    page = _page(request, row, form, comparison, kept=kept)
    unsaved = comparison is not None and kept is None
    return render(
        request,
        "estimator/scenarios.html",
        page | {"problem": problem, "unsaved": unsaved},
        status=422 if problem else 200,
    )


def _sent(request: HttpRequest, row: Estimate, run: Workload, factors: Factors) -> HttpResponse:
    data = request.POST.copy()
    form = _bound(data, run, factors)
    kept = _kept(row, data.get("scenario", ""))
    action = data.get("action", "")
    status, comparison = 200, None
    wait_s = seconds_to_wait(request, "calculate", settings.THROTTLE_CALCULATE_PER_MINUTE)
    if wait_s:
        form.add_error(None, too_many(wait_s))
        status = 429
    elif form.levers:
        comparison = _computed(form, run, form.levers)
    if form.is_wrong:
        status = max(status, 422)
    elif action in ("save", "change") and not form.levers:
        form.add_error(None, _("Switch at least one lever on before you save."))
        status = 422
    elif action in ("save", "change") and not access.may_change_scenarios(request.user, row):
        form.add_error(None, _("This estimate belongs to an account: only its owner can keep scenarios here."))
        status = 403
    elif action in ("save", "change") and form.levers:
        try:
            name = form.cleaned_data["name"]
            if action == "change" and kept is not None:
                saved = scenarios.change_scenario(scenario=kept, name=name, levers=form.levers)
            else:
                saved = scenarios.save_scenario(estimate=row, name=name, levers=form.levers)
        except TooManyScenarios:
            form.add_error(None, _("An estimate keeps at most %(count)s scenarios. Delete one.") % {"count": MOST_KEPT})
            status = 409
        else:
            messages.success(request, _("The scenario %(name)s is kept.") % {"name": saved.name})
            return redirect(f"{reverse('scenarios', args=[row.id])}?scenario={saved.id}")
    return render(
        request,
        "estimator/scenarios.html",
        _page(request, row, form, comparison, kept=kept) | {"unsaved": comparison is not None},
        status=status,
    )


@require_POST
def scenario_preview(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """The result of what is switched on, with what is to be said at the settings; nothing is stored."""
    row, run, factors = _run(request, estimate_id)
    if run is None or factors is None:
        raise Http404
    form = _bound(request.POST.copy(), run, factors)
    wait_s = seconds_to_wait(request, "preview", settings.THROTTLE_CALCULATE_PER_MINUTE)
    comparison = None
    if wait_s:
        form.add_error(None, too_many(wait_s))
    elif form.levers:
        comparison = _computed(form, run, form.levers)
    response = render(
        request,
        "estimator/scenario_preview.html",
        {"estimate": row, "form": form, "comparison": comparison, "live": True},
    )
    if form.is_wrong:
        # The result of the settings before stays where it is; only what is said at them changes.
        response["HX-Reswap"] = "none"
    return response


def _bound(data: QueryDict, run: Workload, factors: Factors) -> LeversForm:
    chosen, _equals, value = data.get("use", "").partition("=")
    if chosen in ("hardware-accelerator", "region-location"):
        data[chosen] = value
    try:
        base = from_json(data.get("base", ""))
    except InputProblems:
        base = ()
    form = LeversForm(data, run=run, factors=factors, base=base)
    form.is_valid()
    return form


def _computed(form: LeversForm, run: Workload, levers: Any) -> Comparison | None:
    try:
        return scenarios.compare_scenarios(workload=run, scenarios=[Named("", levers)], alone=False)
    except InputProblems as found:
        form.add_problems(replace(one, path=one.path.removeprefix(_PREFIX)) for one in found.problems)
        return None


def _told(problem: InputProblem) -> str:
    text = _(problem.message)
    return text % problem.text_params if problem.text_params else text


def _page(
    request: HttpRequest, row: Estimate, form: LeversForm, comparison: Comparison | None, *, kept: Scenario | None
) -> dict[str, Any]:
    return {
        "estimate": row,
        "form": form,
        "comparison": comparison,
        "kept": kept,
        "scenarios": row.scenarios.all(),
        "may_change": access.may_change_scenarios(request.user, row),
        "most": MOST_SCENARIOS,
    }


# --- kept ones --------------------------------------------------------------------------------------------------------


@require_POST
def scenario_change(request: HttpRequest, scenario_id: uuid.UUID) -> HttpResponse:
    """Give a scenario another name, or delete it."""
    row = Scenario.objects.select_related("estimate").filter(pk=scenario_id).first()
    if row is None:
        raise Http404
    visible(request, row.estimate)
    if not access.may_change_scenarios(request.user, row.estimate):
        messages.error(request, _("This estimate belongs to an account: only its owner can keep scenarios here."))
    elif "delete" in request.POST:
        scenarios.delete_scenario(scenario_id=row.id)
        messages.success(request, _("The scenario %(name)s is deleted.") % {"name": row.name})
    else:
        scenarios.change_scenario(scenario=row, name=request.POST.get("name", "")[:120])
    return redirect("scenarios", row.estimate_id)


@require_safe
@never_cache
def scenario_compare(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """The run beside its scenarios, and what explains the differences."""
    row, run, _factors = _run(request, estimate_id)
    if row.status != JobStatus.DONE:
        return redirect("estimate", row.id)
    wanted = [known for known in map(as_uuid, request.GET.getlist("scenario")) if known]
    every = list(row.scenarios.all())
    chosen = [one for one in every if one.id in wanted][:MOST_SCENARIOS] if wanted else every[:MOST_SCENARIOS]
    page: dict[str, Any] = {
        "estimate": row,
        "every": every,
        "chosen": {one.id for one in chosen},
        "most": MOST_SCENARIOS,
        "too_many": len(set(wanted)) > MOST_SCENARIOS,
    }
    status = 200
    try:
        if run is None:
            raise InputProblems(())
        if chosen:
            named = [Named(one.name, one.stack()) for one in chosen]
            page["comparison"] = scenarios.compare_scenarios(workload=run, scenarios=named, alone=False)
            against = as_uuid(request.GET.get("against", ""))
            page["against"] = next((place for place, one in enumerate(chosen) if one.id == against), None)
            page["named"] = list(enumerate(chosen))
    except InputProblems:
        page["outdated"], status = True, 422
    response = render(request, "estimator/scenarios_compared.html", page, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response
