"""How far a measurement is, and what that means: energy, emissions, what they will be at the end, and budgets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from estimator.core.footprint import Range
from estimator.core.measured import emitted_kgco2e
from estimator.core.measuring import budget_used, projected
from estimator.core.units import J_PER_KWH, S_PER_H
from estimator.models import Measurement
from estimator.services.shares import Shares, ratios_of, shares_of


@dataclass(frozen=True, slots=True)
class Budget:
    """How an amount stands to what it must not pass."""

    name: Literal["budget_kwh", "budget_kgco2e"]
    unit: str
    budget: float
    reached: float
    at_end: float | None  #: if it goes on so; None where the end is not known
    state: Literal["within", "soon", "passed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a measurement is, in the units that people ask in."""

    energy_kwh: Range  #: of the machine or of the share that counts, before PUE unless a file has it inside
    facility_energy_kwh: float | None  #: after PUE; None where no PUE is known
    kgco2e: Range | None  #: None where nothing is known of a grid
    shares: Shares | None  #: what of the machine falls to the process that was followed
    attributed_kgco2e: Range | None
    mean_power_w: float
    projected_kwh: float | None  #: before PUE; None where the end is not known, or reached
    projected_kgco2e: float | None
    budgets: tuple[Budget, ...]  #: those that were given


def standing_of(row: Measurement) -> Standing:
    """How far it is."""
    energy_kwh = _in_kwh(*_spread(row))
    shares = shares_of(row)
    at_end_kwh = _at_end_of_run(row) if row.planned_h else _at_limit(row)
    kgco2e = _emitted(row, energy_kwh)
    of_process = None if shares is None else _in_kwh(shares.low_j, shares.energy_j, shares.high_j)
    at_end = None if at_end_kwh is None else _emitted(row, Range(at_end_kwh, at_end_kwh, at_end_kwh))
    return Standing(
        energy_kwh=energy_kwh,
        facility_energy_kwh=_after_pue(row, energy_kwh.central),
        kgco2e=kgco2e,
        shares=shares,
        attributed_kgco2e=None if of_process is None else _emitted(row, of_process),
        mean_power_w=row.energy_j / row.covered_s if row.covered_s else 0.0,
        projected_kwh=at_end_kwh,
        projected_kgco2e=None if at_end is None else at_end.central,
        budgets=budgets_of(row),
    )


def budgets_of(row: Measurement) -> tuple[Budget, ...]:
    """How it stands to each budget that was given; asks the database for nothing."""
    return tuple(_budgets(row))


def _budgets(row: Measurement) -> Iterator[Budget]:
    # It is a budget of this measurement, which ends at its limit, whatever the whole run takes.
    energy_kwh, at_end_kwh = in_kwh(row.energy_j), _at_limit(row) if row.duration_limit_s else _at_end_of_run(row)
    if row.budget_kwh:
        state = budget_used(reached=energy_kwh, at_end=at_end_kwh, budget=row.budget_kwh)
        yield Budget("budget_kwh", "kWh", row.budget_kwh, energy_kwh, at_end_kwh, state)
    per_kwh = _emitted(row, Range(1.0, 1.0, 1.0))
    if row.budget_kgco2e and per_kwh is not None:
        reached_kg = energy_kwh * per_kwh.central
        at_end_kg = None if at_end_kwh is None else at_end_kwh * per_kwh.central
        state = budget_used(reached=reached_kg, at_end=at_end_kg, budget=row.budget_kgco2e)
        yield Budget("budget_kgco2e", "kgCO2e", row.budget_kgco2e, reached_kg, at_end_kg, state)


def central_kgco2e(row: Measurement) -> float | None:
    """Emissions of its electricity, without their range; None of an imported file."""
    told = _emitted(row, _in_kwh(row.energy_j, row.energy_j, row.energy_j))
    return None if told is None else told.central


def in_kwh(energy_j: float) -> float:
    """Joules in kilowatt-hours."""
    return energy_j / J_PER_KWH


def range_j(part: dict[str, Any], energy_j: float) -> tuple[float, float, float]:
    """Energy of one component, with the 5th and 95th percentile of the true one, in joules."""
    low, high = ratios_of(part)
    return energy_j * low, energy_j, energy_j * high


def _at_limit(row: Measurement) -> float | None:
    """Energy in kWh at the end of the measurement, if it goes on so; None where that is not known, or over."""
    return None if row.is_over or not row.duration_limit_s else _after(row, row.duration_limit_s)


def _at_end_of_run(row: Measurement) -> float | None:
    """The same of the whole run that it is a part of, and that may go on without it."""
    planned_s = (row.planned_h or 0.0) * S_PER_H
    return None if not planned_s or (row.is_over and planned_s <= row.covered_s) else _after(row, planned_s)


def _after(row: Measurement, planned_s: float) -> float | None:
    return projected(reached=in_kwh(row.energy_j), passed_s=row.covered_s, planned_s=planned_s)


def _after_pue(row: Measurement, energy_kwh: float) -> float | None:
    if row.includes_pue:
        return energy_kwh
    return None if row.pue is None else energy_kwh * row.pue


def _in_kwh(low_j: float, energy_j: float, high_j: float) -> Range:
    return Range(in_kwh(low_j), in_kwh(energy_j), in_kwh(high_j))


def _emitted(row: Measurement, energy_kwh: Range) -> Range | None:
    intensity = row.grid.get("grid_intensity_gco2e_per_kwh")
    if intensity is None:
        return None
    return Range(
        *emitted_kgco2e(
            energy_kwh=(energy_kwh.low, energy_kwh.central, energy_kwh.high),
            grid_intensity_gco2e_per_kwh=(intensity["low"], intensity["central"], intensity["high"]),
            pue=row.pue,
        )
    )


def _spread(row: Measurement) -> tuple[float, float, float]:
    """Energy of all that counts, with the 5th and 95th percentile of the true one, in joules."""
    low_j = high_j = 0.0
    for part in row.components:
        if part.get("counted", True):
            low, _, high = range_j(part, row.energies_j.get(part["name"], 0.0))
            low_j, high_j = low_j + low, high_j + high
    return low_j, row.energy_j, high_j
