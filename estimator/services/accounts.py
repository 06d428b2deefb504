"""What an account has: its estimates, those that it takes over, and the account of this machine's owner."""

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from estimator.models import Estimate
from estimator.models.token import is_token

#: The name and the address of the owner's account. Nobody signs up under the name of this machine.
OWNER_NAME: Final = "owner@localhost"
#: What the launcher leaves beside the data: the digest of the link that it printed, and until when it is good.
OWNER_LINK_FILE: Final = "owner-link.json"
#: What it writes there about itself while it runs.
RUN_FILE: Final = "run.json"


@dataclass(frozen=True, slots=True)
class EstimatesPage:
    """Some estimates of an account, newest first, and where the next ones begin."""

    rows: list[Estimate]
    next_before: tuple[datetime, uuid.UUID] | None


def estimates_of(*, owner: User, before: tuple[datetime, uuid.UUID] | None, limit: int) -> EstimatesPage:
    """An account's own estimates, newest first, from the one after `before` on."""
    rows = list(Estimate.objects.owned_by(owner).newest_first(before=before).defer("inputs", "footprint")[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    return EstimatesPage(rows, (rows[-1].created_at, rows[-1].id) if more else None)


def claim_estimates(*, owner: User, estimate_ids: Collection[uuid.UUID]) -> int:
    """Take estimates that belong to nobody, and say how many; the first who asks has them."""
    return Estimate.objects.filter(pk__in=estimate_ids, owner=None).update(owner=owner)


def delete_estimate(*, owner: User, estimate_id: uuid.UUID) -> bool:
    """Delete an estimate with its reports; False if it is not the owner's."""
    with transaction.atomic():
        _, deleted = Estimate.objects.owned_by(owner).filter(pk=estimate_id).delete()
    return Estimate._meta.label in deleted


def forget_sessions() -> None:
    """Delete the sessions that have run out."""
    SessionStore.clear_expired()


def offers_owner_link(*, folder: Path) -> bool:
    """Whether the launcher runs here and prints such links: it does where it listens for this machine alone."""
    try:
        return json.loads((folder / RUN_FILE).read_text()).get("owner_link") is True
    except (OSError, ValueError, AttributeError):
        return False


def redeem_owner_link(*, folder: Path, token: str, now: datetime) -> User | None:
    """
    The account of this machine's owner, for the link that the launcher printed; None where it is not good.

    The link is good once: whoever takes the file away has used it.
    """
    file = folder / OWNER_LINK_FILE
    try:
        told = json.loads(file.read_text())
        digest, expires_s = str(told["digest"]), float(told["expires_s"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not is_token(token, digest):
        return None
    try:
        file.unlink()
    except OSError:
        return None
    return _owners_account() if now.timestamp() < expires_s else None


def _owners_account() -> User:
    row, is_new = User.objects.get_or_create(
        username=OWNER_NAME, defaults={"email": OWNER_NAME, "is_staff": True, "is_superuser": True}
    )
    if is_new:
        row.set_unusable_password()
        row.save(update_fields=["password"])
    return row
