"""Levers on where and when electricity is drawn, with what overhead, and how it is bought."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from estimator.core.bounds import HourlyProfile, Location
from estimator.core.footprint import gettext_noop
from estimator.core.levers.plan import Knowledge, Plan, RunFacts, certain
from estimator.core.levers.settings import BetterPue, Region, RenewableContract, TimeShift

#: Hours of a run up to which evidence counts it as short, and as one of a day. [h]
SHORT_H: Final = 0.5
DAY_H: Final = 24.0

_SITE: Final = gettext_noop("A PUE that was given is kept: give that of the new site as well if it is known.")
_OWN_PROFILE: Final = gettext_noop(
    "By the hourly profile given: the best start against the average over all starts within the window."
)
_ON_PAPER: Final = gettext_noop(
    "Contracts change the market-based figure only. The grid delivers the same electricity, so the total stays."
)


def move(plan: Plan, lever: Region, knowledge: Knowledge) -> Plan:
    """Run the same elsewhere: grid, PUE and water are those of the new place."""
    present = plan.workload
    same_place = lever.place in (present.location, Location())
    same_grid = lever.grid_intensity_gco2e_per_kwh in (None, present.grid_intensity_gco2e_per_kwh)
    if same_place and same_grid and lever.pue in (None, present.pue):
        return plan
    row = knowledge.evidence("region", "grid_intensity")
    plan = plan.cited(row)
    if present.pue is not None and lever.pue is None:
        plan = plan.said(_SITE)
    if not same_place:
        # The hours that were given are those of the old place.
        plan = plan.with_fields(
            location=lever.place,
            grid_intensity_gco2e_per_kwh=lever.grid_intensity_gco2e_per_kwh,
            hourly_profile=HourlyProfile(),
        )
    elif not same_grid:
        plan = plan.with_fields(grid_intensity_gco2e_per_kwh=lever.grid_intensity_gco2e_per_kwh)
    return plan if lever.pue is None else plan.with_fields(pue=lever.pue)


def shift(plan: Plan, lever: TimeShift, knowledge: Knowledge) -> Plan:
    """Run the same when the grid is cleaner: by the user's own hourly profile, or by evidence."""
    if lever.window_h == 0.0 and not lever.interruptible:
        return plan
    duration_h = lever.duration_h or _duration_h(plan, knowledge.facts(plan.workload))
    row = knowledge.evidence(
        "time_shift", "grid_intensity", setting=_kind(duration_h, interruptible=lever.interruptible)
    )
    target = ("grid_intensity_gco2e_per_kwh",)
    profile: Sequence[float] | None = lever.hourly_intensity_gco2e_per_kwh
    if profile is None and duration_h is not None:
        profile = _from_start(plan.workload.hourly_profile, duration_h + lever.window_h)
    if profile is None:
        return plan.changed("time_shift", "grid_intensity", row.triple, target, row=row)
    factor = best_start_factor(
        hourly_intensity_gco2e_per_kwh=profile,
        duration_h=duration_h or 1.0,
        window_h=lever.window_h,
        interruptible=lever.interruptible,
        against_first=lever.hourly_intensity_gco2e_per_kwh is None,
    )
    return plan.cited(row).said(_OWN_PROFILE).changed("time_shift", "grid_intensity", certain(factor), target)


def _from_start(profile: HourlyProfile, length_h: float) -> Sequence[float] | None:
    """The hours of the run's own profile from its start on, as many as it could reach into."""
    hours = profile.hourly_intensity_gco2e_per_kwh
    return None if hours is None else np.resize(np.roll(hours, -profile.start_hour), math.ceil(length_h)).tolist()


def _duration_h(plan: Plan, facts: RunFacts) -> float | None:
    workload = plan.workload
    if workload.duration_h is not None and facts.method != "training_flop":
        return workload.duration_h
    if workload.accelerator_hours is not None and workload.hardware.accelerator_count:
        return workload.accelerator_hours / workload.hardware.accelerator_count
    return None


def _kind(duration_h: float | None, *, interruptible: bool) -> str:
    if interruptible:
        return "interruptible"
    if duration_h is None or duration_h > DAY_H:
        return "days"
    return "short" if duration_h <= SHORT_H else "day"


def best_start_factor(
    *,
    hourly_intensity_gco2e_per_kwh: Sequence[float],
    duration_h: float,
    window_h: float,
    interruptible: bool,
    against_first: bool = False,
) -> float:
    r"""
    Mean intensity of a run at its best hours over that at any hours of the window.

    Parameters
    ----------
    hourly_intensity_gco2e_per_kwh : sequence of float
        The grid hour by hour, from the first possible start. [gCO2e/kWh]
    duration_h : float
        Hours of the run, rounded up to whole ones. [h]
    window_h : float
        How long the start can wait. [h]
    interruptible : bool
        Whether it may pause: it then takes the cleanest hours until the latest end.
    against_first : bool
        Whether the run is known to start in the first hour; else it may start anywhere in the window.

    Returns
    -------
    float
        At most 1. [1]

    Notes
    -----
    .. math:: f = \min_s \bar I_{s, s + t} \, / \, \overline{\bar I_{s, s + t}}, \qquad 0 \le s \le w

    Examples
    --------
    >>> best_start_factor(
    ...     hourly_intensity_gco2e_per_kwh=[400.0, 400.0, 100.0, 100.0], duration_h=2.0, window_h=2.0,
    ...     interruptible=False
    ... )
    0.4
    """
    hours = np.asarray(hourly_intensity_gco2e_per_kwh, dtype=np.float64)
    length = min(max(math.ceil(duration_h), 1), hours.size)
    starts = min(int(window_h), hours.size - length) + 1
    sums = np.concatenate(([0.0], np.cumsum(hours)))
    means = (sums[length : length + starts] - sums[:starts]) / length
    usual = float(means[0] if against_first else means.mean())
    if usual == 0.0:
        return 1.0
    best = float(np.sort(hours[: length + starts - 1])[:length].mean()) if interruptible else float(means.min())
    return min(best / usual, 1.0)


def lower_pue(plan: Plan, lever: BetterPue, knowledge: Knowledge) -> Plan:
    """Run the same in a facility with another overhead."""
    if lever.pue == plan.workload.pue:
        return plan
    return plan.cited(knowledge.evidence("pue", "pue")).with_fields(pue=lever.pue)


def contract(plan: Plan, lever: RenewableContract, knowledge: Knowledge) -> Plan:
    """Buy other electricity on paper: the market-based figure changes, and nothing else."""
    if lever.contracts == plan.workload.market_based:
        return plan
    row = knowledge.evidence("renewable_contract", "market_based")
    return plan.cited(row).said(_ON_PAPER).with_fields(market_based=lever.contracts)
