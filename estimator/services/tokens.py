"""Personal tokens of the API: make one, see whose one is, revoke one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from estimator.models import ApiToken, TokenScope
from estimator.models.token import is_token, new_token, token_digest, token_prefix

#: More live ones nobody can oversee.
MOST_TOKENS: Final = 50
#: Their use is noted this often: a program may call many times a second.
_NOTED_EVERY: Final = timedelta(minutes=1)
_LONGEST_TOKEN: Final = 200
_NOBODYS_DIGEST: Final = token_digest("")


class TooManyTokens(Exception):
    """The account has as many tokens as it may have."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A row, and its token: the only time that it is seen."""

    row: ApiToken
    token: str


def create_token(*, owner: User, name: str, scopes: Sequence[str], lifetime: timedelta | None) -> NewToken:
    """
    Make a token for an account.

    Parameters
    ----------
    owner : User
        Whose it is: it may do what the account may, within its scopes.
    name : str
        What its owner calls it.
    scopes : sequence of str
        What it may be used for.
    lifetime : timedelta or None
        For how long it works; None until it is revoked.

    Raises
    ------
    TooManyTokens
        If the account has too many already.
    """
    now = timezone.now()
    token, prefix = new_token()
    with transaction.atomic():
        # The account's row is held, so that two tabs cannot both make the last one.
        User.objects.select_for_update().get(pk=owner.pk)
        alive = Q(expires_at=None) | Q(expires_at__gt=now)
        if ApiToken.objects.owned_by(owner).filter(alive, revoked_at=None).count() >= MOST_TOKENS:
            raise TooManyTokens
        row = ApiToken.objects.create(
            owner=owner,
            name=name,
            prefix=prefix,
            digest=token_digest(token),
            scopes=[scope for scope in TokenScope.values if scope in scopes],
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
    return NewToken(row, token)


def new_token_of(*, owner: User, token: str) -> NewToken | None:
    """A token that was just made, with its row; None for what is not the owner's, or works no more."""
    row = ApiToken.objects.owned_by(owner).filter(prefix=token_prefix(token)).first() if token else None
    if row is None or not is_token(token, row.digest) or not row.works_at(timezone.now()):
        return None
    return NewToken(row, token)


def token_in_use(*, token: str, now: datetime) -> ApiToken | None:
    """The row of a token that works, with its owner; None for one that is wrong, expired, revoked or of nobody."""
    rows = ApiToken.objects.select_related("owner")
    row = rows.filter(prefix=token_prefix(token)).first() if 0 < len(token) <= _LONGEST_TOKEN else None
    if not is_token(token, row.digest if row else _NOBODYS_DIGEST):
        return None
    if row is None or not row.works_at(now) or not row.owner.is_active:
        return None
    long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - _NOTED_EVERY)
    if row.last_used_at is None or row.last_used_at < now - _NOTED_EVERY:
        ApiToken.objects.filter(long_ago, pk=row.pk).update(last_used_at=now)
    return row


def revoke_token(*, owner: User, token_id: int) -> bool:
    """End a token for good; False if it is not the owner's, or ended before."""
    rows = ApiToken.objects.owned_by(owner).filter(pk=token_id, revoked_at=None)
    return rows.update(revoked_at=timezone.now()) == 1
