"""A measurement against the estimate of the same run, and what the next estimate takes over from it."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import User

from estimator.core.calibration import Calibration
from estimator.core.inputs import Workload
from estimator.core.units import J_PER_KWH
from estimator.imports import ImportedMeasurement
from estimator.imports.result import Component
from estimator.models import Estimate, Measurement
from estimator.services import calibrations
from estimator.services import compared as comparing
from estimator.services.compared import Compared
from estimator.worker.protocol import PROCESS

#: The first part of a component's name -> what an estimate calls it.
_KINDS: Final[dict[str, Component]] = {"accelerator": "accelerator", "cpu_package": "cpu", "dram": "memory"}


def set_against(*, owner: User, measurement_id: uuid.UUID, estimate_id: uuid.UUID) -> bool:
    """Set a measurement against a finished estimate of the same account; False if there is none."""
    estimates = Estimate.objects.owned_by(owner).filter(pk=estimate_id, footprint__isnull=False)
    if not estimates.exists():
        return False
    return Measurement.objects.owned_by(owner).filter(pk=measurement_id).update(estimate_id=estimate_id) == 1


def compared(*, row: Measurement) -> Compared | None:
    """
    Measured against estimated, by component, and why they differ.

    Parameters
    ----------
    row : Measurement
        With the estimate that it is set against.

    Returns
    -------
    Compared or None
        None where there is no estimate, or nothing was measured.

    Raises
    ------
    InputProblems
        If the catalogue does not know the estimate's names any more.
    """
    if row.estimate is None or row.energy_j <= 0.0 or row.covered_s <= 0.0:
        return None
    cards = [part["name"] for part in row.components if _kind(part) == "accelerator" and part.get("counted", True)]
    return comparing.compare(
        found=_as_found(row),
        estimate=row.estimate,
        source=row.worker.name if row.worker is not None else row.worker_name,
        accelerator_count=sum(row.energies_j.get(name, 0.0) > 0.0 for name in cards) or None,
        alone=calibrations.run_alone(row),
        pue=row.pue,
    )


def over_all_runs(*, owner: User, measurement_id: uuid.UUID) -> Calibration | None:
    """What the accelerators of a measurement drew over all runs on the same machine; None where no run counts."""
    found = calibrations.calibrations_of(owner=owner, measurement=measurement_id)
    return next((one.calibration for one in found if one.kind == "accelerator" and one.calibration), None)


def next_workload(*, row: Measurement, over: Calibration | None = None) -> Workload | None:
    """
    The inputs of that estimate with the draw that was measured.

    Parameters
    ----------
    row : Measurement
        With the estimate that it is set against.
    over : Calibration, optional
        The draw over several runs, in place of that of this one alone.
    """
    if over is not None:
        return None if row.estimate is None else over.applied_to(row.estimate.workload())
    found = compared(row=row)
    if found is None or row.estimate is None:
        return None
    return comparing.next_workload(compared=found, estimate=row.estimate)


def _as_found(row: Measurement) -> ImportedMeasurement:
    """As the reader of a file would tell it."""
    parts: dict[Component, float] = {}
    for part in row.components:
        kind = _kind(part)
        if part.get("counted", True):
            parts[kind] = parts.get(kind, 0.0) + row.energies_j.get(part["name"], 0.0) / J_PER_KWH
    return ImportedMeasurement(
        recognised_as="plain",
        energy_kwh=row.energy_j / J_PER_KWH,
        includes_pue=False,
        rows_count=row.samples_count,
        duration_s=row.covered_s,
        energy_by_component_kwh=parts,
    )


def _kind(part: Mapping[str, Any]) -> Component:
    """What an estimate calls a component."""
    return _KINDS.get(str(part["name"]).removeprefix(PROCESS).partition(":")[0], "other")
