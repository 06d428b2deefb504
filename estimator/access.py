"""
Who may: one rule a place. Pages, the API and tasks ask here.

A stored estimate is found by its link, which nobody can guess: whoever has it may read it, unless its owner keeps it to
himself, or whoever it belongs to has withdrawn it. Its scenarios, plans and reports follow it. All else (tokens,
workers, measurements) is its owner's alone, and a stranger is told what he would be told of a row that is not there.
"""

import uuid
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.db import models

from estimator.models import Estimate, Ledger, Sharing

#: Whoever asks: an account, or somebody who is not signed in.
Person: TypeAlias = User | AnonymousUser

RowT = TypeVar("RowT", bound=models.Model)


class Withdrawn(Exception):
    """It is there, but whoever it belongs to does not show it any more."""


def visible_estimate(row: Estimate | None, *, is_theirs: Callable[[Estimate], bool]) -> Estimate | None:
    """
    The row, if whoever asks may see it; None for one that is private, as for one that does not exist.

    Parameters
    ----------
    row : Estimate or None
        What was found under the key.
    is_theirs : callable
        Whether a row belongs to whoever asks. It is asked only of rows that not everybody may see.

    Raises
    ------
    Withdrawn
        If it is withdrawn, and not theirs.
    """
    if row is None or is_open(row) or is_theirs(row):
        return row
    if row.sharing == Sharing.PRIVATE:
        return None
    raise Withdrawn


def is_open(row: Estimate) -> bool:
    """Whether whoever has the link may see it."""
    return row.withdrawn_at is None and row.sharing != Sharing.PRIVATE


def may_share_estimate(person: Person, row: Estimate) -> bool:
    """Its owner alone says who may see it."""
    return may_delete_estimate(person, row)


def may_claim_estimate(person: Person, row: Estimate) -> bool:
    """Whoever is signed in may take what belongs to nobody yet."""
    return person.is_authenticated and row.owner_id is None


def may_delete_estimate(person: Person, row: Estimate) -> bool:
    """Its owner alone may."""
    return person.is_authenticated and row.owner_id == person.pk


def may_change_scenarios(person: Person | None, row: Estimate) -> bool:
    """Of what belongs to nobody, whoever has the link may; else its owner alone, and everybody may try."""
    return row.owner_id is None or (person is not None and person.pk == row.owner_id)


def may_delete_ledger(person: Person, row: Ledger) -> bool:
    """Of what belongs to nobody, whoever has the link may; else its owner alone."""
    return row.owner_id is None or row.owner_id == person.pk


def own(rows: "models.QuerySet[RowT]", *, person: Person, pk: uuid.UUID | int | str) -> RowT | None:
    """The row of that key, if it is the person's own; None for anybody else's, as for one that does not exist."""
    return rows.filter(owner=person, pk=pk).first() if person.is_authenticated else None


def account_of(request: Any) -> User | None:
    """The account that a page is asked by; None for somebody who is not signed in."""
    person: Person = request.user
    return person if isinstance(person, User) and person.is_authenticated else None
