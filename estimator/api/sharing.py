"""Who may see a stored estimate."""

import uuid
from typing import Annotated, Literal, cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from estimator import access
from estimator.api.auth import SIGNED_IN_ERRORS, AccountToken, require_user
from estimator.api.found import no_estimate
from estimator.api.shape import ERRORS, ErrorOut, json_response
from estimator.core.bounds import Inputs
from estimator.models import WHO_MAY_SEE, Estimate, Sharing
from estimator.services import sharing

router = Router()

Level = Literal["private", "link", "public"]


class SharingIn(Inputs):
    """What is to be changed; what is left out, or null, stays as it is."""

    sharing: Level | None = Field(None, description="Who may see it; public ones are listed in the gallery.")
    shown_as: Annotated[str, Field(max_length=120)] | None = Field(None, description="Whom the gallery names.")
    is_withdrawn: bool | None = Field(None, description="Whether its addresses answer 410 to everybody else.")


class SharingOut(Schema):
    """Who may see an estimate."""

    id: uuid.UUID
    sharing: Level
    shown_as: str
    is_withdrawn: bool


@router.patch(
    "/estimates/{uuid:estimate_id}/sharing",
    auth=AccountToken("estimates"),
    response={200: SharingOut, 404: ErrorOut, **ERRORS, **SIGNED_IN_ERRORS},
    summary="Say who may see an estimate of your account, or withdraw it",
)
def change_sharing(request: HttpRequest, estimate_id: uuid.UUID, payload: SharingIn) -> HttpResponse:
    """Its scenarios, plans, reports, disclosures and badge follow it."""
    user = require_user(request, "estimates")
    rows = Estimate.objects.only("shown_as", *WHO_MAY_SEE)
    with transaction.atomic():
        row = access.own(rows, person=user, pk=estimate_id)
        if row is None:
            raise no_estimate()
        level = Sharing(payload.sharing or row.sharing)
        sharing.share_estimate(owner=user, estimate_id=row.pk, sharing=level, shown_as=payload.shown_as)
        if payload.is_withdrawn:
            sharing.withdraw_estimate(estimate_id=row.pk, owner=user, now=timezone.now())
        elif payload.is_withdrawn is False:
            sharing.show_estimate(estimate_id=row.pk, owner=user)
        row.refresh_from_db(fields=["shown_as", *WHO_MAY_SEE])
    out = SharingOut(
        id=row.pk, sharing=cast("Level", level.value), shown_as=row.shown_as, is_withdrawn=row.withdrawn_at is not None
    )
    return json_response(out)
