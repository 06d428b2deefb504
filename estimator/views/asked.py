"""What pages read from a request and its session."""

import uuid
from collections.abc import Callable
from functools import partial, wraps
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import ngettext

from estimator import access, broker
from estimator.models import Estimate
from estimator.models.estimate import EstimateQuerySet

RECENT: Final = 50
P = ParamSpec("P")


def site_of(request: HttpRequest) -> str:
    """The address under which somebody came, for links that are followed later."""
    return request.build_absolute_uri("/").rstrip("/")


def seconds_to_wait(request: HttpRequest, scope: str, per_minute: int) -> int:
    """For how long this address must wait; 0 where it may go on. The API counts for itself."""
    address = request.META.get("REMOTE_ADDR") or "local"
    return broker.seconds_until_allowed(scope=f"page-{scope}", address=address, per_minute=per_minute)


def too_many(wait_s: int) -> str:
    """What a person is told who sent too much."""
    return ngettext(
        "Too many requests came from your address. Try again in %(wait_s)s second; nothing that you typed is lost.",
        "Too many requests came from your address. Try again in %(wait_s)s seconds; nothing that you typed is lost.",
        wait_s,
    ) % {"wait_s": wait_s}


def signed_in(view: Callable[Concatenate[HttpRequest, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let accounts alone ask: others sign in first, and come back to a page, but not to something that was sent."""

    @wraps(view)
    def for_accounts(request: HttpRequest, *args: P.args, **named: P.kwargs) -> HttpResponseBase:
        if access.account_of(request) is not None:
            return view(request, *args, **named)
        if request.method in {"GET", "HEAD"}:
            return redirect_to_login(request.get_full_path())
        return redirect(settings.LOGIN_URL)

    return for_accounts


def asking_account(request: HttpRequest) -> User:
    """The account that asks for a page that is for accounts."""
    user = access.account_of(request)
    assert user is not None, "the page's view is to be marked with signed_in"
    return user


def remember(request: HttpRequest, estimate_id: uuid.UUID) -> None:
    """Keep in the session that this browser made the estimate."""
    request.session["estimates"] = [estimate_id.hex, *request.session.get("estimates", [])][:RECENT]


def is_theirs(request: HttpRequest, row: Estimate) -> bool:
    """Whether an estimate is the account's that is signed in or, where it is nobody's, was made in this browser."""
    if row.owner_id is None:
        return row.pk in _remembered(request)
    user = access.account_of(request)
    return user is not None and user.pk == row.owner_id


def visible(request: HttpRequest, row: Estimate | None) -> Estimate:
    """
    A row for the page that asks for it.

    Raises
    ------
    Http404
        If there is none, or none that concerns whoever asks.
    Withdrawn
        If it is not shown any more.
    """
    seen = access.visible_estimate(row, is_theirs=partial(is_theirs, request))
    if seen is None:
        raise Http404
    return seen


def estimate_for(request: HttpRequest, estimate_id: uuid.UUID, rows: QuerySet[Estimate] | None = None) -> Estimate:
    """The estimate of a page, as `visible` gives it; a queryset that leaves fields out keeps `WHO_MAY_SEE`."""
    found = Estimate.objects if rows is None else rows
    return visible(request, found.filter(pk=estimate_id).first())


def estimate_named(request: HttpRequest, text: str) -> Estimate | None:
    """The estimate that a field or an address names; None where there is none to be seen."""
    known = as_uuid(text)
    try:
        return estimate_for(request, known) if known else None
    except (Http404, access.Withdrawn):
        return None


def browser_estimates(request: HttpRequest) -> EstimateQuerySet:
    """Estimates that this browser made and that are nobody's."""
    return Estimate.objects.filter(pk__in=_remembered(request), owner=None)


def own_estimates(request: HttpRequest) -> QuerySet[Estimate]:
    """Those of the account that is signed in, and those that this browser made without one."""
    own = Q(pk__in=_remembered(request), owner=None)
    user = access.account_of(request)
    return Estimate.objects.filter(own if user is None else own | Q(owner=user))


def _remembered(request: HttpRequest) -> list[uuid.UUID]:
    return [known for known in map(as_uuid, request.session.get("estimates", [])) if known]


def as_uuid(text: str) -> uuid.UUID | None:
    """A text as an id; None where it is none."""
    try:
        return uuid.UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None
