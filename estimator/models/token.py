"""Personal tokens of the API: kept as a digest, so that whoever reads the database cannot use them."""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from estimator.models.owned import OwnedQuerySet

#: How a token begins, so that people and secret scanners know one when they see it.
TOKEN_MARK: Final = "wp"
_PREFIX_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_PREFIX_LETTERS_COUNT: Final = 10
#: 256 random bits: nobody guesses one, so its digest needs no salt and no slow hash.
_SECRET_BYTES_COUNT: Final = 32


class TokenScope(models.TextChoices):
    """What a token may be used for."""

    ESTIMATES = "estimates", _("Estimates")
    MEASUREMENTS = "measurements", _("Measurements")
    WORKERS = "workers", _("Workers")


def new_token(mark: str = TOKEN_MARK) -> tuple[str, str]:
    """A new token, to be shown once, and the prefix by which its row is found."""
    letters = (secrets.choice(_PREFIX_LETTERS) for _ in range(_PREFIX_LETTERS_COUNT))
    prefix = f"{mark}_{''.join(letters)}"
    return f"{prefix}_{secrets.token_urlsafe(_SECRET_BYTES_COUNT)}", prefix


def token_digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_prefix(token: str) -> str:
    """The part of a token that is no secret; empty for what cannot be a token, nor be asked of a database."""
    return "_".join(token.split("_", 2)[:2])[:40] if token.isascii() and token.isprintable() else ""


def is_token(token: str, digest: str) -> bool:
    """Whether a digest is that of the token, in the same time whether it is or not."""
    return hmac.compare_digest(token_digest(token), digest)


class ApiToken(models.Model):
    """One token of one account."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=40, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = OwnedQuerySet["ApiToken"].as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="token_expires_after_it_was_made",
                condition=Q(expires_at=None) | Q(expires_at__gt=models.F("created_at")),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_names(self) -> list[str]:
        """What it may be used for, for people."""
        names = dict(TokenScope.choices)
        return [str(names.get(scope, scope)) for scope in self.scopes]

    def works_at(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
