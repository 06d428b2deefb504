"""How much of what was measured an account may keep here: bounds that no honest measurement meets by accident."""

from typing import Final

from django.contrib.auth.models import User
from django.db.models import Sum

from estimator.core.footprint import gettext_noop as _
from estimator.core.inputs import InputProblem, InputProblems
from estimator.core.measuring import LONGEST_MEASUREMENT_S, SHORTEST_INTERVAL_S
from estimator.models import Measurement

#: Of an account; each has some kB beside its samples.
MOST_MEASUREMENTS: Final = 20_000
#: Of all its measurements together.
MOST_STORED_GB: Final = 20.0
#: Of one measurement: the longest at the shortest interval, and a tenth more.
MOST_SAMPLES_COUNT: Final = int(1.1 * LONGEST_MEASUREMENT_S / SHORTEST_INTERVAL_S)
#: An account is added up whenever one of its measurements has grown by this much: not at each of many batches.
ADDED_UP_EVERY_GB: Final = 0.004


class Full(Exception):
    """No more samples are taken in: of this measurement, or of this account."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def room_for_another(*, owner: User, path: str) -> None:
    """
    See that an account may have another measurement.

    Parameters
    ----------
    owner : User
        Whose.
    path : str
        The field that a refusal names.

    Raises
    ------
    InputProblems
        If it has as many, or as much of them, as it may.
    """
    own = Measurement.objects.owned_by(owner)
    if own.count() >= MOST_MEASUREMENTS:
        problem = InputProblem(
            path,
            _("You have %(most)s measurements, and an account can have no more: delete some that you need no longer."),
            {"most": MOST_MEASUREMENTS},
        )
    elif _stored_gb(owner_id=owner.pk) >= MOST_STORED_GB:
        problem = InputProblem(
            path,
            _("Your measurements take %(most)s GB, and an account can have no more: delete some you need no longer."),
            {"most": f"{MOST_STORED_GB:g}"},
        )
    else:
        return
    raise InputProblems((problem,))


def check(row: Measurement, *, before_gb: float) -> None:
    """
    See that a measurement may grow as it just has.

    Parameters
    ----------
    row : Measurement
        With its new samples, not saved yet.
    before_gb : float
        What was stored of it before these. [GB]

    Raises
    ------
    Full
        If it may not.
    """
    if row.samples_count > MOST_SAMPLES_COUNT:
        raise Full(f"A measurement takes at most {MOST_SAMPLES_COUNT} samples: begin a new one.")
    is_new = before_gb == 0.0 or before_gb // ADDED_UP_EVERY_GB != row.stored_gb // ADDED_UP_EVERY_GB
    if row.owner_id is None or not is_new:
        return
    others_gb = _stored_gb(owner_id=row.owner_id, but=row)
    if others_gb + row.stored_gb > MOST_STORED_GB:
        raise Full(
            f"The measurements of this account take the {MOST_STORED_GB:g} GB that an account may have: "
            "its owner can delete some."
        )


def _stored_gb(*, owner_id: int, but: Measurement | None = None) -> float:
    own = Measurement.objects.filter(owner_id=owner_id)
    if but is not None:
        own = own.exclude(pk=but.pk)
    return own.aggregate(all=Sum("stored_gb"))["all"] or 0.0
