"""What pages read from a request and its session."""

import uuid
from typing import Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import ngettext

from estimator import broker
from estimator.models import Estimate

RECENT: Final = 50


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


def remember(request: HttpRequest, estimate_id: uuid.UUID) -> None:
    """Keep in the session that this browser made the estimate."""
    request.session["estimates"] = [estimate_id.hex, *request.session.get("estimates", [])][:RECENT]


def own_estimates(request: HttpRequest) -> QuerySet[Estimate]:
    """Estimates that this browser made."""
    mine = [known for known in map(as_uuid, request.session.get("estimates", [])) if known]
    return Estimate.objects.filter(pk__in=mine)


def as_uuid(text: str) -> uuid.UUID | None:
    """A text as an id; None where it is none."""
    try:
        return uuid.UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None
