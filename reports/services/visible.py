"""Who may see a report: whoever may see all that it is over."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from django.db.models import Q

from estimator import access
from estimator.models import WHO_MAY_SEE, Estimate, Sharing
from reports.models import Report

#: What no page of a report needs of its row and of its estimate, besides the file itself.
UNREAD: Final = ("logo", "pdf", "estimate__footprint", "estimate__inputs")


class ReportHidden(Exception):
    """To whoever asks, it is as if there were no such report."""


def seen_of(rows: Iterable[Estimate], *, is_theirs: Callable[[Estimate], bool]) -> Iterator[uuid.UUID]:
    """The keys of those that whoever asks may see; raises `Withdrawn` where one is not shown any more."""
    for row in rows:
        if access.visible_estimate(row, is_theirs=is_theirs) is not None:
            yield row.pk


def check_report(row: Report, *, is_theirs: Callable[[Estimate], bool]) -> None:
    """
    Let whoever asks go on, if nothing that the report is over is kept from him.

    Parameters
    ----------
    row : Report
        With its estimate, if it has one.
    is_theirs : callable
        Whether an estimate belongs to whoever asks.

    Raises
    ------
    ReportHidden
        If one of its estimates is private, and not theirs.
    Withdrawn
        If one is withdrawn, and not theirs.
    """
    if row.estimate is not None:
        over = [row.estimate]
    else:
        kept_back = Q(sharing=Sharing.PRIVATE) | Q(withdrawn_at__isnull=False)
        over = list(Estimate.objects.filter(kept_back, pk__in=row.estimate_ids).only(*WHO_MAY_SEE))
    for one in sorted(over, key=lambda one: one.sharing != Sharing.PRIVATE):
        if access.visible_estimate(one, is_theirs=is_theirs) is None:
            raise ReportHidden
