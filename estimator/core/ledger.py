r"""
The ledger of a life: everything that a model causes, from the first trial to the last answer, month by month.

An entry is one finished run and how often it takes place: once before the service begins, so many times a year, so many
times a month. Month 0 is all that comes before the service.

Ranges are added end to end, from :math:`\sum l_i` to :math:`\sum h_i`: all runs are off to the same side, as it is with
a grid or a draw that they share.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from estimator.core.bounds import Inputs
from estimator.core.footprint import Range, Result, gettext_noop

Role = Literal["development", "training", "retraining", "evaluation", "inference"]
#: The parts of a ledger in the order of a life; making the hardware is told apart from the electricity of all.
Part = Literal["development", "training", "retraining", "evaluation", "inference", "embodied"]
Months = NDArray[np.float64]

ROLES: Final[tuple[Role, ...]] = ("development", "training", "retraining", "evaluation", "inference")
PARTS: Final[tuple[Part, ...]] = (*ROLES, "embodied")
PART_NAMES: Final[dict[Part, str]] = {
    "development": gettext_noop("Development"),
    "training": gettext_noop("Training"),
    "retraining": gettext_noop("Retraining"),
    "evaluation": gettext_noop("Evaluation"),
    "inference": gettext_noop("Use"),
    "embodied": gettext_noop("Making the hardware"),
}
#: Which lever acts on which part, those that matter most there first.
LEVERS_OF_PART: Final[Mapping[Part, tuple[str, ...]]] = {
    "development": ("early_stopping", "reuse", "region", "time_shift", "power_cap"),
    "training": ("reuse", "region", "hardware", "quantisation", "mixture_of_experts", "time_shift", "power_cap", "pue"),
    "retraining": ("reuse", "early_stopping", "region", "time_shift"),
    "evaluation": ("early_stopping", "region", "quantisation"),
    "inference": ("quantisation", "batch_size", "output_length", "pruning", "hardware", "region", "power_cap", "pue"),
    "embodied": ("hardware", "distributed", "quantisation"),
}
MOST_ENTRIES: Final = 20
MOST_MONTHS: Final = 240
MONTHS_A_YEAR: Final = 12

Times = Annotated[float, Field(ge=0, le=1e12)]


class Occurrences(Inputs):
    """How often a run takes place."""

    times_before: Times = Field(0.0, description="Before the service begins.")
    times_per_year: Times = Field(0.0, description="In each year of service, evenly spread over its months.")
    times_per_month: Times = Field(0.0, description="In each month of service.")


class EntryAsked(Occurrences):
    """One stored run of a ledger, and how often it takes place."""

    role: Role
    estimate: Annotated[UUID, Field(strict=False)] = Field(description="Id of a finished estimate.")
    requests_per_month: Times | None = Field(
        None, description="For a run that serves requests: how many come in each month; beats times_per_month."
    )


class LedgerAsked(Inputs):
    """What a ledger is asked to add up."""

    name: Annotated[str, Field(max_length=120)] = ""
    entries: Annotated[tuple[EntryAsked, ...], Field(strict=False, min_length=1, max_length=MOST_ENTRIES)]
    service_life_months: Annotated[int, Field(ge=0, le=MOST_MONTHS)]


class Entry(Result):
    """One finished run, and how often it takes place."""

    role: Role
    title: str
    operational_kgco2e: Range
    embodied_kgco2e: Range | None = None
    facility_energy_kwh: Range
    occurrences: Occurrences


class LedgerRow(Result):
    """One part of the ledger."""

    part: Part
    total_kgco2e: Range
    share: float
    cumulative_kgco2e: tuple[float, ...]  #: after each month, from month 0; central
    levers: tuple[str, ...]


class LedgerResult(Result):
    """What a model causes over its life."""

    service_life_months: int
    rows: tuple[LedgerRow, ...]  #: the parts that are there; their totals sum to the whole
    total_kgco2e: Range
    facility_energy_kwh: Range
    cumulative_kgco2e: tuple[float, ...]
    before_service_kgco2e: float
    #: First month after which use has caused more than all training so far, each with its hardware; None for never.
    passing_month: int | None
    #: Use over everything else, at the end of the life; None where there is nothing else.
    inference_ratio: float | None


def occurrences_by_month(occurrences: Occurrences, service_life_months: int) -> Months:
    r"""
    How often a run has taken place in each month, month 0 being all before the service.

    Parameters
    ----------
    occurrences : Occurrences
        How often it takes place.
    service_life_months : int
        Months of service. [1]

    Returns
    -------
    array
        One number a month, from month 0 to the last. [1]

    Notes
    -----
    What takes place :math:`n` times a year is done whenever another whole one is due: after month :math:`m` it has been
    done :math:`\lfloor n m / 12 \rfloor` times. Where :math:`n m / 12` is no whole number at the end, the rest is
    counted as a part of one, so that the sum is exactly :math:`n` times the years.

    Examples
    --------
    >>> occurrences_by_month(Occurrences(times_before=1, times_per_year=4), 6).tolist()
    [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    """
    months = np.arange(service_life_months + 1, dtype=np.float64)
    due = occurrences.times_per_year * months / MONTHS_A_YEAR
    done = np.floor(due + 1e-9)
    done[-1] = due[-1]
    found = np.diff(done, prepend=0.0) + occurrences.times_per_month
    found[0] = occurrences.times_before
    return found


def ledger(entries: Sequence[Entry], *, service_life_months: int) -> LedgerResult:
    """
    Add the entries up, month by month.

    Parameters
    ----------
    entries : sequence of Entry
        Finished runs and how often they take place; at least one.
    service_life_months : int
        Months of service; 0 for a model that is never used. [1]

    Returns
    -------
    LedgerResult
        Its rows sum to its total, in each month and at the end.

    Raises
    ------
    ValueError
        If there are no entries, or the life is no number of months.
    """
    if not entries:
        raise ValueError("a ledger needs at least one entry")
    if not 0 <= service_life_months <= MOST_MONTHS:
        raise ValueError(f"a service life is 0 to {MOST_MONTHS} months, not {service_life_months}")
    times = [occurrences_by_month(entry.occurrences, service_life_months) for entry in entries]
    monthly: dict[Part, Months] = {}
    ranges: dict[Part, list[Range]] = {}
    by_use = np.zeros(service_life_months + 1)
    otherwise = np.zeros(service_life_months + 1)
    for entry, often in zip(entries, times, strict=True):
        parts: tuple[tuple[Part, Range | None], ...] = (
            (entry.role, entry.operational_kgco2e),
            ("embodied", entry.embodied_kgco2e),
        )
        for part, amount in parts:
            if amount is None:
                continue
            monthly[part] = monthly.get(part, np.zeros(service_life_months + 1)) + often * amount.central
            ranges.setdefault(part, []).append(_times(amount, float(often.sum())))
            side = by_use if entry.role == "inference" else otherwise
            side += often * amount.central
    total = _sum([one for found in ranges.values() for one in found])
    rows = tuple(_row(part, monthly[part], _sum(ranges[part]), total) for part in PARTS if part in monthly)
    cumulative = np.cumsum(by_use + otherwise)
    return LedgerResult(
        service_life_months=service_life_months,
        rows=rows,
        total_kgco2e=total,
        facility_energy_kwh=_sum(
            [_times(entry.facility_energy_kwh, float(often.sum())) for entry, often in zip(entries, times, strict=True)]
        ),
        cumulative_kgco2e=tuple(cumulative.tolist()),
        before_service_kgco2e=float(cumulative[0]),
        passing_month=passing_month(np.cumsum(by_use), np.cumsum(otherwise)),
        inference_ratio=_ratio(float(by_use.sum()), float(otherwise.sum())),
    )


def _ratio(amount: float, other: float) -> float | None:
    """One over the other; None where the other is nothing, or so little that no number tells how often it fits."""
    ratio = amount / other if other > 0.0 else math.inf
    return ratio if math.isfinite(ratio) else None


def passing_month(by_use: Months, otherwise: Months) -> int | None:
    """
    The first month after which the one sum is larger than the other for good.

    Parameters
    ----------
    by_use, otherwise : array
        What has been caused until each month, from month 0.

    Returns
    -------
    int or None
        None where it is not larger in the end: a retraining may overtake it again.

    Examples
    --------
    >>> passing_month(np.array([0.0, 4.0, 8.0, 12.0]), np.array([7.0, 7.0, 7.0, 7.0]))
    2
    """
    ahead = by_use > otherwise
    if not ahead[-1]:
        return None
    behind = np.flatnonzero(~ahead)
    return int(behind[-1]) + 1 if behind.size else 0


def _row(part: Part, monthly: Months, amount: Range, total: Range) -> LedgerRow:
    return LedgerRow(
        part=part,
        total_kgco2e=amount,
        share=amount.central / total.central if total.central > 0.0 else 0.0,
        cumulative_kgco2e=tuple(np.cumsum(monthly).tolist()),
        levers=LEVERS_OF_PART[part],
    )


def _times(amount: Range, times: float) -> Range:
    return Range(low=amount.low * times, central=amount.central * times, high=amount.high * times)


def _sum(amounts: Sequence[Range]) -> Range:
    return Range(
        low=math.fsum(one.low for one in amounts),
        central=math.fsum(one.central for one in amounts),
        high=math.fsum(one.high for one in amounts),
    )
