"""Find a better plan for a stored run: ask, wait, read."""

import uuid
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from estimator import access, services
from estimator.core.inputs import InputProblems
from estimator.forms.plan import PlanForm
from estimator.models import Estimate, JobStatus, Plan
from estimator.reference.plans import baseline
from estimator.services import plans
from estimator.views.asked import estimate_for, seconds_to_wait, too_many, visible

PATIENCE: Final = timedelta(seconds=10)
#: Earlier searches of the same run that are linked.
EARLIER: Final = 5


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def plan_new(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """The form of a search, and what becomes of it."""
    row = estimate_for(request, estimate_id, Estimate.objects.filter(status=JobStatus.DONE))
    try:
        run = baseline(row.workload())
    except InputProblems:
        # The catalogue does not know any more what the run names.
        return render(request, "estimator/plan.html", {"estimate": row, "outdated": True}, status=422)
    form = PlanForm(request.POST if request.method == "POST" else None, run=run)
    status = 200
    if request.method == "POST":
        status = 422
        wait_s = seconds_to_wait(request, "plans", settings.THROTTLE_ESTIMATES_PER_MINUTE)
        if wait_s:
            form.add_error(None, too_many(wait_s))
            status = 429
        elif form.is_valid() and form.request is not None:
            try:
                found = plans.submit_plan(
                    workload=row.workload(), request=form.request, estimate=row, owner=access.account_of(request)
                )
            except InputProblems as error:
                form.add_problems(error.problems)
            else:
                return redirect("plan", found.id)
    page = {"estimate": row, "form": form, "earlier": row.plans.all()[:EARLIER]}
    response = render(request, "estimator/plan.html", page, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
@never_cache
def plan(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """One search: where it stands, or what it found."""
    response = render(request, "estimator/plan_found.html", _state(request, plan_id))
    response["X-Robots-Tag"] = "noindex"
    return response


@require_GET
@never_cache
def plan_status(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """The part of that page that changes."""
    return render(request, "estimator/plan_status.html", _state(request, plan_id))


@require_POST
def plan_retry(request: HttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    """Queue a failed search again."""
    _row(request, plan_id)
    plans.retry_plan(plan_id=plan_id)
    return redirect("plan", plan_id)


def _row(request: HttpRequest, plan_id: uuid.UUID) -> Plan:
    """The search, for whoever may see the run that it began with."""
    row = Plan.objects.select_related("estimate").filter(pk=plan_id).first()
    if row is None:
        raise Http404
    if row.estimate is not None:
        visible(request, row.estimate)
    return row


def _state(request: HttpRequest, plan_id: uuid.UUID) -> dict[str, Any]:
    row = _row(request, plan_id)
    state: dict[str, Any] = {"plan": row, "estimate": row.estimate}
    if row.status == JobStatus.DONE:
        state["result"] = row.found()
        if row.estimate is not None:
            state["form"] = PlanForm(run=row.workload(), asked=row.asked())
    elif row.status == JobStatus.FAILED:
        state["reason"] = _failure(row.error_code)
        state["problems"] = [
            _(one["message"]) % one["text_params"] if one["text_params"] else _(one["message"]) for one in row.problems
        ]
    else:
        health = services.site_health()
        state |= {
            "broker_away": not health.broker and row.status == JobStatus.QUEUED,
            "no_worker": health.broker and plans.JOBS.name not in health.queues,
            "progress_percent": round(100 * row.progress),
            # Ask often at first, and seldom once it evidently takes longer.
            "poll_every": "1s" if timezone.now() - row.created_at < PATIENCE else "3s",
        }
    return state


def _failure(error_code: str) -> str:
    reasons = {
        "inputs_refused": _("Something in it cannot be searched:"),
        "gave_up": _("It was tried several times and did not end. Let fewer settings vary."),
    }
    return reasons.get(error_code) or _("Something went wrong on our side.")
