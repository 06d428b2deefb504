"""What the grid of a measured machine emits, before its footprint is made."""

from typing import Any

from estimator.core.footprint import Assumption
from estimator.core.inputs import Uncertainty, Workload
from estimator.core.measuring import Placed
from estimator.services import estimates


def grid_of(placed: Placed) -> dict[str, Any]:
    """
    Emissions of one kilowatt-hour of a machine, by our own tables.

    Parameters
    ----------
    placed : Placed
        Where it stands; without a place the world average is taken.

    Returns
    -------
    dict
        Emissions with their range, the intensity and the PUE with how they were found, and the version of the tables.

    Raises
    ------
    InputProblems
        If the place is unknown.
    """
    workload = Workload(
        method="measured",
        it_energy_kwh=1.0,
        duration_h=1.0,
        location=placed.location,
        grid_intensity_gco2e_per_kwh=placed.grid_intensity_gco2e_per_kwh,
        pue=placed.pue,
        uncertainty=Uncertainty(draws_count=2_000),
    )
    footprint = estimates.calculate(workload=workload)
    emitted = footprint.result.operational_location_based_kgco2e
    known = {part.name: part for part in footprint.assumptions}
    grid, pue = known["grid_intensity_gco2e_per_kwh"], known["pue"]
    return {
        "kgco2e_per_kwh": {"low": emitted.low, "central": emitted.central, "high": emitted.high},
        "grid_intensity_gco2e_per_kwh": grid.value,
        "match": grid.match,
        "pue": pue.value,
        "found": {part.name: _found(part) for part in (grid, pue)},
        "dataset_version": footprint.dataset_version,
    }


def _found(part: Assumption) -> dict[str, Any]:
    """Where a value comes from, as it is said to people."""
    return {"status": part.status, "match": part.match, "note": part.note, "text_params": part.text_params}
