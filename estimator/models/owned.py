"""Rows that belong to somebody."""

import uuid
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.models import Q

OwnedT = TypeVar("OwnedT", bound=models.Model)
RowsT = TypeVar("RowsT", bound="models.QuerySet[Any]")


class OwnedRows:
    """For querysets of rows with an `owner` and a `created_at`."""

    def owned_by(self: RowsT, user: User | AnonymousUser) -> RowsT:  # type: ignore[misc]
        """Those of one account; none for somebody who is not signed in."""
        return self.filter(owner=user) if user.is_authenticated else self.none()

    def newest_first(  # type: ignore[misc]
        self: RowsT, *, before: tuple[datetime, uuid.UUID] | None = None
    ) -> RowsT:
        """In order, from the one after `before` on: the time and the key of the last row that was seen."""
        rows = self.order_by("-created_at", "-pk")
        if before is None:
            return rows
        moment, key = before
        return rows.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=key))


class OwnedQuerySet(OwnedRows, models.QuerySet[OwnedT]):
    """Rows with an `owner` and a `created_at`, and nothing else of their own."""
