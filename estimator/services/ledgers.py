"""Keep ledgers, and add them up."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.utils import timezone

from estimator.core.footprint import gettext_noop
from estimator.core.inputs import InputProblem, InputProblems
from estimator.core.ledger import Entry, EntryAsked, LedgerAsked, LedgerResult, Occurrences, ledger
from estimator.models import Estimate, JobStatus, Ledger

_NO_ESTIMATE: Final = gettext_noop("There is no estimate with this id, or not for you. Choose another one.")
_NOT_DONE: Final = gettext_noop("This estimate has no footprint yet. Wait until it is done, or choose another one.")
_NO_REQUESTS: Final = gettext_noop(
    "This run does not say how many requests it serves. Say how often it takes place instead."
)

#: The estimates that whoever asks may see, of those that were named.
Seen = Mapping[uuid.UUID, Estimate]


@dataclass(frozen=True, slots=True)
class LedgersPage:
    """Some ledgers of an account, newest first, and where the next ones begin."""

    rows: list[Ledger]
    next_before: tuple[datetime, uuid.UUID] | None


def create_ledger(*, asked: LedgerAsked, seen: Seen, owner: User | None = None) -> Ledger:
    """
    Keep a ledger.

    Parameters
    ----------
    asked : LedgerAsked
        What it adds up.
    seen : mapping
        The estimates that whoever asks may see.
    owner : User, optional
        Whose it is; nobody's without.

    Raises
    ------
    InputProblems
        If it cannot be added up; then nothing is stored. Paths begin with `entries`.
    """
    add_up(asked=asked, seen=seen)
    return Ledger.objects.create(
        owner=owner,
        name=asked.name.strip(),
        entries=[entry.model_dump(mode="json", exclude_defaults=True) for entry in asked.entries],
        service_life_months=asked.service_life_months,
        created_at=timezone.now(),
    )


def add_up(*, asked: LedgerAsked, seen: Seen) -> LedgerResult:
    """
    What a ledger comes to.

    Raises
    ------
    InputProblems
        If a run is not there, not done, or does not say what it serves; all problems at once.
    """
    problems: list[InputProblem] = []
    entries: list[Entry] = []
    for number, one in enumerate(asked.entries):
        try:
            entries.append(_entry(one, seen.get(one.estimate), f"entries.{number}"))
        except InputProblems as found:
            problems += found.problems
    if problems:
        raise InputProblems(tuple(problems))
    return ledger(entries, service_life_months=asked.service_life_months)


def _entry(asked: EntryAsked, row: Estimate | None, path: str) -> Entry:
    footprint = row.result() if row is not None and row.status == JobStatus.DONE else None
    if row is None or footprint is None:
        raise InputProblems((InputProblem(f"{path}.estimate", _NO_ESTIMATE if row is None else _NOT_DONE),))
    times_per_month = asked.times_per_month
    if asked.requests_per_month is not None:
        served = row.workload().inference.requests_count
        if not served:
            raise InputProblems((InputProblem(f"{path}.requests_per_month", _NO_REQUESTS),))
        times_per_month = asked.requests_per_month / served
    result = footprint.result
    return Entry(
        role=asked.role,
        title=row.title,
        operational_kgco2e=result.operational_location_based_kgco2e,
        embodied_kgco2e=result.embodied_share_kgco2e,
        facility_energy_kwh=result.facility_energy_kwh,
        occurrences=Occurrences(
            times_before=asked.times_before, times_per_year=asked.times_per_year, times_per_month=times_per_month
        ),
    )


def ledgers_of(*, owner: User, before: tuple[datetime, uuid.UUID] | None, limit: int) -> LedgersPage:
    """An account's own ledgers, newest first, from the one after `before` on."""
    rows = list(Ledger.objects.owned_by(owner).newest_first(before=before)[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    return LedgersPage(rows, (rows[-1].created_at, rows[-1].id) if more else None)


def delete_ledger(*, ledger_id: uuid.UUID) -> bool:
    """Forget a ledger; its estimates stay. False if there is none."""
    deleted, _ = Ledger.objects.filter(pk=ledger_id).delete()
    return deleted > 0
