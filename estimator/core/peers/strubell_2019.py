"""Strubell et al. 2019: sampled draws, one PUE and one grid for all."""

from dataclasses import replace
from typing import Final

from estimator.core.peers.run import Answer, CannotSay, Run
from estimator.core.units import G_PER_KG, KG_PER_LB, W_PER_KW, Quantity

#: World average of 2018 as the paper takes it. [1]
PUE: Final = 1.58
#: United States of 2018 as the paper takes it. [gCO2e/kWh]
GRID_INTENSITY_GCO2E_PER_KWH: Final = 0.954 * KG_PER_LB * G_PER_KG


def strubell_energy_kwh(*, duration_h: Quantity, mean_system_power_w: Quantity) -> Quantity:
    r"""
    Energy of a run as the paper has it.

    Parameters
    ----------
    duration_h : float or array
        Hours by the clock. [h]
    mean_system_power_w : float or array
        Mean draw of CPUs, memory and accelerators together. [W]

    Returns
    -------
    float or array
        Energy with the overhead of an average data centre of 2018. [kWh]

    Notes
    -----
    .. math:: p_t = \frac{1.58 \, t \, (p_c + p_r + g \, p_g)}{1000}

    References
    ----------
    .. [1] Strubell, Ganesh, McCallum, Energy and Policy Considerations for Deep Learning in NLP, ACL 2019,
       arXiv:1906.02243, section 2.

    Examples
    --------
    >>> round(strubell_energy_kwh(duration_h=84.0, mean_system_power_w=1515.43), 1)
    201.1
    """
    return PUE * duration_h * mean_system_power_w / W_PER_KW


def answer(run: Run) -> Answer | CannotSay:
    """What the formula says of a run; the draws are those of this run, however it knows them."""
    if not run.own.accelerator_energy_kwh + run.own.host_energy_kwh > 0.0:
        return CannotSay("needs_energy")
    return Answer(
        parts=replace(
            run.own,
            pue=PUE,
            grid_intensity_gco2e_per_kwh=GRID_INTENSITY_GCO2E_PER_KWH,
            embodied_kgco2e=0.0,
            multiplier=1.0,
        ),
        because={
            "multiplier": "final_run_only",
            "pue": "fixed_pue",
            "grid": "fixed_grid",
            "embodied": "no_embodied",
        },
        params={"peer_pue": PUE, "peer_intensity": GRID_INTENSITY_GCO2E_PER_KWH},
        also=("draws_of_this_run",),
    )
