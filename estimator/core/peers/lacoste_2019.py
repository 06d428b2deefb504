"""ML CO2 Impact: the accelerator's limit times hours times the grid, and nothing else."""

from dataclasses import replace

from estimator.core.energy import accelerator_energy_kwh
from estimator.core.peers.run import Answer, CannotSay, Run
from estimator.core.units import Quantity


def lacoste_energy_kwh(*, accelerator_hours: Quantity, tdp_w: Quantity) -> Quantity:
    r"""
    Energy of a run as the ML CO2 Impact calculator has it.

    Parameters
    ----------
    accelerator_hours : float or array
        Accelerators times hours. [h]
    tdp_w : float or array
        Limit of the board. [W]

    Returns
    -------
    float or array
        Energy of the accelerators, which is all that is counted. [kWh]

    Notes
    -----
    .. math:: E = \frac{T \, P_{TDP}}{1000}

    References
    ----------
    .. [1] Lacoste, Luccioni, Schmidt, Dandres, Quantifying the Carbon Emissions of Machine Learning, 2019,
       arXiv:1910.09700, and the code of its web page.

    Examples
    --------
    >>> lacoste_energy_kwh(accelerator_hours=100.0, tdp_w=250.0)
    25.0
    """
    return accelerator_energy_kwh(accelerator_hours=accelerator_hours, mean_accelerator_power_w=tdp_w)


def answer(run: Run) -> Answer | CannotSay:
    """What the calculator says of a run."""
    if run.accelerator_hours is None or run.accelerator_tdp_w is None:
        return CannotSay("needs_accelerator_hours")
    energy_kwh = lacoste_energy_kwh(accelerator_hours=run.accelerator_hours, tdp_w=run.accelerator_tdp_w)
    return Answer(
        parts=replace(
            run.own,
            accelerator_energy_kwh=float(energy_kwh),
            host_energy_kwh=0.0,
            pue=1.0,
            embodied_kgco2e=0.0,
            multiplier=1.0,
        ),
        because={
            "multiplier": "final_run_only",
            "accelerator": "limit_for_draw" if run.own_knows_accelerators else "limit_for_servers",
            "host": "no_host",
            "pue": "no_pue",
            "embodied": "no_embodied",
        },
        params={"tdp_w": run.accelerator_tdp_w},
        also=("same_grid",),
    )
