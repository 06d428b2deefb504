"""Ledgers: choose the runs of a model's life, and read what it causes."""

import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from estimator import access
from estimator.core.inputs import InputProblems
from estimator.forms.ledger import LedgerForm
from estimator.models import Estimate, JobStatus, Ledger
from estimator.services import ledgers as services
from estimator.views.asked import RECENT, as_uuid, estimate_named, own_estimates, seconds_to_wait, too_many

#: Runs that can be chosen from, and ledgers that are listed.
MOST_LISTED: Final = 100
_REMEMBERED: Final = "ledgers"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ledgers(request: HttpRequest) -> HttpResponse:
    """The form of a ledger, and one's own ones."""
    own = list(
        own_estimates(request).filter(status=JobStatus.DONE).order_by("-created_at").defer("footprint")[:MOST_LISTED]
    )
    first = {name: request.GET.get(name, "") for name in ("training", "inference")}
    form = LedgerForm(request.POST if request.method == "POST" else None, own=own, initial_runs=first)
    status = 200
    if request.method == "POST":
        status = 422
        wait_s = seconds_to_wait(request, "ledgers", settings.THROTTLE_ESTIMATES_PER_MINUTE)
        if wait_s:
            form.add_error(None, too_many(wait_s))
            status = 429
        elif form.is_valid() and form.asked is not None:
            try:
                row = services.create_ledger(
                    asked=form.asked,
                    seen=_seen(request, (one.estimate for one in form.asked.entries)),
                    owner=access.account_of(request),
                )
            except InputProblems as found:
                form.add_problems(found.problems)
            else:
                if row.owner_id is None:
                    request.session[_REMEMBERED] = [row.id.hex, *request.session.get(_REMEMBERED, [])][:RECENT]
                return redirect("ledger", row.id)
    page = {"form": form, "own_count": len(own), "ledgers": _own(request)}
    return render(request, "estimator/ledgers.html", page, status=status)


@require_safe
@never_cache
def ledger(request: HttpRequest, ledger_id: uuid.UUID) -> HttpResponse:
    """One ledger; whoever has the link may read it, as far as he may see the runs in it."""
    row = Ledger.objects.filter(pk=ledger_id).first()
    if row is None:
        raise Http404
    asked = row.asked()
    seen = _seen(request, (one.estimate for one in asked.entries))
    page: dict[str, Any] = {
        "ledger": row,
        "asked": asked,
        "runs": seen,
        "may_delete": access.may_delete_ledger(request.user, row),
    }
    status = 200
    try:
        page["result"] = services.add_up(asked=asked, seen=seen)
    except InputProblems:
        # A run was deleted, or is not shown any more.
        page["outdated"], status = True, 422
    response = render(request, "estimator/ledger.html", page, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_POST
def ledger_delete(request: HttpRequest, ledger_id: uuid.UUID) -> HttpResponse:
    """Forget a ledger; its runs stay."""
    row = Ledger.objects.filter(pk=ledger_id).first()
    if row is None or not access.may_delete_ledger(request.user, row):
        raise Http404
    services.delete_ledger(ledger_id=row.id)
    messages.success(request, _("The ledger is deleted; its runs are still there."))
    return redirect("ledgers")


def _seen(request: HttpRequest, estimate_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Estimate]:
    found = ((one, estimate_named(request, str(one))) for one in dict.fromkeys(estimate_ids))
    return {one: row for one, row in found if row is not None}


def _own(request: HttpRequest) -> list[Ledger]:
    """Those of the account, or those that this browser made without one."""
    user = access.account_of(request)
    if user is not None:
        return services.ledgers_of(owner=user, before=None, limit=MOST_LISTED).rows
    known = [one for one in map(as_uuid, request.session.get(_REMEMBERED, [])) if one]
    return list(Ledger.objects.filter(pk__in=known, owner=None))
