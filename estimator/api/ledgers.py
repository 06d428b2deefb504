"""Ledgers: what a model causes over its life, from runs that are stored."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router, Schema

from estimator.access import Withdrawn
from estimator.api.auth import SIGNED_IN_ERRORS, AccountToken, optional_user, require_user
from estimator.api.found import stored_estimate
from estimator.api.shape import ERRORS, ApiError, ErrorOut, invalid_input, json_response, throttle
from estimator.core.inputs import InputProblem
from estimator.core.ledger import LedgerAsked, LedgerResult
from estimator.models import Estimate, Ledger
from estimator.services import ledgers
from estimator.services.cursor import cursor_of, place_of

router = Router()


class LedgerListed(Schema):
    """One ledger in a list: its own address has what it comes to."""

    id: uuid.UUID
    name: str
    service_life_months: int
    created_at: datetime
    url: str


class LedgersOut(Schema):
    """Ledgers of an account; `next_cursor` asks for the next ones, and is null at the end."""

    items: list[LedgerListed]
    next_cursor: str | None


class LedgerOut(Schema):
    """One ledger, added up."""

    id: uuid.UUID
    created_at: datetime
    url: str
    asked: LedgerAsked
    result: LedgerResult


@router.post(
    "/ledgers",
    response={201: LedgerOut, **ERRORS, **SIGNED_IN_ERRORS},
    summary="Add up what a model causes over its life",
)
def create_ledger(request: HttpRequest, payload: LedgerAsked) -> HttpResponse:
    """
    Each entry is a finished estimate and how often it takes place: before the service, in a year, in a month.

    For a run that serves requests, `requests_per_month` may say how many come in.
    """
    owner = optional_user(request, "estimates")
    throttle(request, "ledgers", settings.THROTTLE_ESTIMATES_PER_MINUTE)
    seen = _seen(request, (one.estimate for one in payload.entries))
    row = ledgers.create_ledger(asked=payload, seen=seen, owner=owner)
    url = reverse("api:ledger", args=[row.id])
    return json_response(_out(request, row, seen), status=201, headers={"Location": url})


@router.get(
    "/ledgers",
    auth=AccountToken("estimates"),
    response={200: LedgersOut, 422: ErrorOut, **SIGNED_IN_ERRORS},
    summary="The ledgers of your account",
)
def list_ledgers(
    request: HttpRequest,
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> HttpResponse:
    """Newest first, `limit` at a time; the next ones by `cursor`, as the answer gives it."""
    owner = require_user(request, "estimates")
    try:
        page = ledgers.ledgers_of(owner=owner, before=place_of(cursor), limit=limit)
    except ValueError:
        raise invalid_input([InputProblem("cursor", "Give next_cursor of the answer before, or none.")]) from None
    items = [
        LedgerListed(
            id=row.id,
            name=row.name,
            service_life_months=row.service_life_months,
            created_at=row.created_at,
            url=_url(request, row),
        )
        for row in page.rows
    ]
    return json_response(LedgersOut(items=items, next_cursor=cursor_of(page.next_before)))


@router.get(
    "/ledgers/{uuid:ledger_id}",
    response={200: LedgerOut, 404: ErrorOut, 422: ErrorOut},
    url_name="ledger",
    summary="A ledger and what it comes to",
)
def get_ledger(request: HttpRequest, ledger_id: uuid.UUID) -> HttpResponse:
    """Whoever has the link may read it, as far as he may see the estimates in it; where he may not, 422 says which."""
    row = Ledger.objects.filter(pk=ledger_id).first()
    if row is None:
        raise ApiError(404, "not_found", "There is no ledger with this id.")
    return json_response(_out(request, row, _seen(request, (one.estimate for one in row.asked().entries))))


def _out(request: HttpRequest, row: Ledger, seen: ledgers.Seen) -> LedgerOut:
    asked = row.asked()
    return LedgerOut.model_construct(
        id=row.id,
        created_at=row.created_at,
        url=_url(request, row),
        asked=asked,
        result=ledgers.add_up(asked=asked, seen=seen),
    )


def _url(request: HttpRequest, row: Ledger) -> str:
    return request.build_absolute_uri(reverse("ledger", args=[row.id]))


def _seen(request: HttpRequest, estimate_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Estimate]:
    found = {}
    for one in dict.fromkeys(estimate_ids):
        try:
            found[one] = stored_estimate(request, one)
        except (ApiError, Withdrawn):
            continue
    return found
