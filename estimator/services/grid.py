"""The grid that feeds a measured machine, before its footprint is made."""

from typing import Any

from estimator.core.inputs import Workload
from estimator.core.measuring import Placed
from estimator.reference.resolve import factors_for


def grid_of(placed: Placed) -> dict[str, Any]:
    """
    Intensity of the grid of a machine, by our own tables.

    Parameters
    ----------
    placed : Placed
        Where it stands; without a place the world average is taken.

    Returns
    -------
    dict
        The intensity with its range, how it was found and in which words that is said, and the version of the tables.

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
    )
    factors = factors_for(workload)
    found = factors.assumptions["grid_intensity_gco2e_per_kwh"]
    return {
        "grid_intensity_gco2e_per_kwh": {"low": found.low, "central": found.value, "high": found.high},
        "status": found.status,
        "match": found.match,
        "note": found.note,
        "text_params": found.text_params,
        "dataset_version": factors.dataset_version,
    }
