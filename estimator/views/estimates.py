"""Stored estimates: one of them, and those of this browser."""

import uuid
from datetime import timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from estimator import access, services
from estimator.forms.workload import WorkloadForm
from estimator.models import WHO_MAY_SEE, Estimate, JobStatus, Measurement
from estimator.services.cursor import cursor_of, place_of
from estimator.views.asked import browser_estimates, estimate_for
from estimator.views.sharing import sharing_of

PATIENCE: Final = timedelta(seconds=10)
ON_A_PAGE: Final = 50


@require_safe
@never_cache
def estimate(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """One stored estimate: where it stands, or its result."""
    state = _state(request, estimate_id)
    response = render(request, "estimator/estimate.html", state)
    if not state["is_listed"]:
        response["X-Robots-Tag"] = "noindex"
    return response


@require_GET
@never_cache
def estimate_status(request: HttpRequest, estimate_id: uuid.UUID) -> HttpResponse:
    """The part of that page that changes."""
    return render(request, "estimator/estimate_status.html", _state(request, estimate_id))


def _measured_by(request: HttpRequest, row: Estimate) -> Measurement | None:
    """The measurement that it was made of, for its owner alone."""
    if row.inputs.get("method") != "measured":
        return None
    return Measurement.objects.owned_by(request.user).filter(result=row).only("title", "worker_name").first()


def _state(request: HttpRequest, estimate_id: uuid.UUID) -> dict[str, Any]:
    row = estimate_for(request, estimate_id)
    state: dict[str, Any] = {
        "estimate": row,
        "link": request.build_absolute_uri(reverse("estimate", args=[row.id])),
        "footprint": row.result(),
        "may_claim": access.may_claim_estimate(request.user, row),
        "may_delete": access.may_delete_estimate(request.user, row),
        "measured_by": _measured_by(request, row),
        **sharing_of(request, row),
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
    estimate_for(request, estimate_id, Estimate.objects.only(*WHO_MAY_SEE))
    services.retry_estimate(estimate_id=estimate_id)
    return redirect("estimate", estimate_id)


@require_safe
@never_cache
def estimates(request: HttpRequest) -> HttpResponse:
    """Those of the account, newest first, and those that this browser made without one."""
    user = access.account_of(request)
    of_browser = browser_estimates(request).newest_first().defer("inputs", "footprint")
    if user is None:
        return render(request, "estimator/estimates.html", {"of_browser": of_browser})
    try:
        before = place_of(request.GET.get("cursor", ""))
    except ValueError:
        raise Http404 from None
    page = services.estimates_of(owner=user, before=before, limit=ON_A_PAGE)
    own = {"of_account": page.rows, "older": cursor_of(page.next_before), "is_first": before is None}
    return render(request, "estimator/estimates.html", {"of_browser": of_browser, **own})
