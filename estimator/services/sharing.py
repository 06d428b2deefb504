"""Who may see a run, and the gallery of those that everybody may."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import F

from estimator.core.footprint import Range
from estimator.models import Estimate, Sharing
from estimator.services.cursor import Place

#: A search reads no more of what was typed.
LONGEST_SEARCH: Final = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """One run of the gallery, with its headline."""

    row: Estimate
    total_kgco2e: Range
    facility_energy_kwh: Range


@dataclass(frozen=True, slots=True)
class GalleryPage:
    """Some runs of the gallery, newest first, and where the next ones begin."""

    shown: list[Shown]
    next_before: Place | None


def share_estimate(*, owner: User, estimate_id: uuid.UUID, sharing: Sharing, shown_as: str | None = None) -> bool:
    """
    Say who may see an estimate; False if it is not the owner's.

    Parameters
    ----------
    owner : User
        Whose it is.
    estimate_id : UUID
        Which one.
    sharing : Sharing
        Who may see it.
    shown_as : str, optional
        Whom the gallery names; without it, that stays as it is.
    """
    values: dict[str, Any] = {} if shown_as is None else {"shown_as": shown_as}
    return Estimate.objects.owned_by(owner).filter(pk=estimate_id).update(sharing=sharing, **values) == 1


def withdraw_estimate(*, estimate_id: uuid.UUID, owner: User | None, now: datetime) -> bool:
    """Show an estimate no more, with all that follows it; False if it is withdrawn, or not the owner's or nobody's."""
    return Estimate.objects.filter(pk=estimate_id, owner=owner, withdrawn_at=None).update(withdrawn_at=now) == 1


def show_estimate(*, estimate_id: uuid.UUID, owner: User | None) -> bool:
    """Show a withdrawn estimate again, to those who saw it before; False if it is none of the owner's, or nobody's."""
    gone = Estimate.objects.filter(pk=estimate_id, owner=owner, withdrawn_at__isnull=False)
    return gone.update(withdrawn_at=None) == 1


def last_shown_as(*, owner: User) -> str:
    """Whom the gallery names on the newest estimate that the owner put there."""
    names = Estimate.objects.owned_by(owner).exclude(shown_as="").newest_first()
    return names.values_list("shown_as", flat=True).first() or ""


def gallery_page(*, title: str, before: Place | None, limit: int) -> GalleryPage:
    """
    Runs that everybody may see, newest first, from the one after `before` on.

    Parameters
    ----------
    title : str
        A part of their titles; all without.
    before : tuple of datetime and UUID, optional
        The last one that was seen.
    limit : int
        How many.
    """
    rows = Estimate.objects.in_gallery().newest_first(before=before).defer("inputs", "footprint")
    if title:
        rows = rows.filter(title__icontains=title[:LONGEST_SEARCH])
    result = "footprint__result__"
    found: Any = rows.annotate(total=F(f"{result}total_kgco2e"), energy=F(f"{result}facility_energy_kwh"))
    shown = [Shown(row, Range(**row.total), Range(**row.energy)) for row in found[: limit + 1]]
    more, shown = len(shown) > limit, shown[:limit]
    return GalleryPage(shown, (shown[-1].row.created_at, shown[-1].row.pk) if more else None)
