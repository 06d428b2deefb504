"""Compute a stored estimate anew, by the tables of then or of now, and say what differs."""

import uuid
from dataclasses import dataclass, replace
from typing import Final

from estimator import live_grid
from estimator.core.difference import Difference, differences
from estimator.core.estimate import estimate
from estimator.core.factors import Factors, LeverCase
from estimator.core.footprint import Assumption, Footprint
from estimator.core.inputs import Workload
from estimator.models import Estimate
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from estimator.services.datasets import shelf_of

_GRID: Final = "grid_intensity_gco2e_per_kwh"


class NothingStored(Exception):
    """The estimate has no footprint yet, or failed."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A stored footprint, the same run computed anew, and every number that is not the same to the last digit."""

    before: Footprint
    after: Footprint
    differences: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether all numbers are the same to the last digit."""
        return not self.differences


def recompute_estimate(*, estimate_id: uuid.UUID, dataset_version: str | None = None) -> Recomputed:
    """
    Compute a stored run again; nothing is changed.

    Parameters
    ----------
    estimate_id : UUID
        A finished estimate.
    dataset_version : str, optional
        By the tables of which version; by default those of now. The formulas are those of now in any case.

    Raises
    ------
    Estimate.DoesNotExist
        If there is no such estimate.
    NothingStored
        If it has no footprint.
    DatasetUnknown
        If the tables of the version are not kept here.
    InputProblems
        If these tables do not know a name of the run.
    """
    row = Estimate.objects.get(pk=estimate_id)
    before = row.result()
    if before is None:
        raise NothingStored(estimate_id)
    workload = row.workload()
    shelf = shelf_of(version=dataset_version or catalogue.dataset_version())
    factors = _at_the_hour_of(before, workload, factors_for(workload, shelf=shelf))
    after = estimate(workload, factors)
    return Recomputed(before=before, after=after, differences=differences(before, after))


def _at_the_hour_of(before: Footprint, workload: Workload, factors: Factors) -> Factors:
    """The intensity of that hour is in no table: where the run asked for it, it is taken from what is stored."""
    if workload.grid_signal != "live":
        return factors
    stored = next((one for one in before.assumptions if one.name == _GRID), None)
    if stored is None or live_grid.SOURCE_ID not in stored.source_ids:
        return factors
    return _with_grid(factors, workload, stored, before)


def _with_grid(factors: Factors, workload: Workload, grid: Assumption, before: Footprint) -> Factors:
    def in_case(case: LeverCase) -> LeverCase:
        if case.factors is None or case.workload.location != workload.location:
            return case
        return replace(case, factors=_with_grid(case.factors, workload, grid, before))

    return replace(
        factors,
        assumptions={**factors.assumptions, grid.name: grid},
        sources={**factors.sources, live_grid.SOURCE_ID: before.sources[live_grid.SOURCE_ID]},
        warnings=tuple(one for one in factors.warnings if one.code not in live_grid.OF_YEARLY),
        levers=tuple(map(in_case, factors.levers)),
        levers_together=in_case(factors.levers_together) if factors.levers_together is not None else None,
    )
