"""CodeCarbon: a meter. It reads accelerators and CPUs, and works memory out from the number of its modules."""

import math
from dataclasses import replace
from typing import Final

from estimator.core.peers.run import Answer, CannotSay, Run
from estimator.core.units import W_PER_KW

VERSION: Final = "3.3.2"

#: Draw of one memory module. [W]
MODULE_POWER_W: Final = 5.0
#: Share of that draw for the modules from each place on: the first four, up to eight, up to sixteen, beyond.
MODULE_SHARES: Final = ((4, 1.0), (8, 0.9), (16, 0.8), (math.inf, 0.7))
MODULE_SIZES_GB: Final = (128.0, 64.0, 32.0, 16.0, 8.0, 4.0)
#: Up to so much memory there are so many modules.
FEW_MODULES: Final = ((2.0, 1), (16.0, 2), (64.0, 4), (128.0, 8))
MOST_MODULES: Final = 32


def codecarbon_memory_power_w(*, memory_gb: float) -> float:
    """
    Draw of the memory of one machine as CodeCarbon has it.

    Parameters
    ----------
    memory_gb : float
        Memory of the machine. [GB]

    Returns
    -------
    float
        Draw, at least that of two modules. [W]

    References
    ----------
    .. [1] CodeCarbon 3.3.2, methodology (memory), and its code.

    Examples
    --------
    >>> codecarbon_memory_power_w(memory_gb=16.0), codecarbon_memory_power_w(memory_gb=512.0)
    (10.0, 38.0)
    """
    modules = float(_modules_count(memory_gb))
    power_w, first = 0.0, 0.0
    for last, share in MODULE_SHARES:
        power_w += MODULE_POWER_W * share * max(min(modules, last) - first, 0.0)
        first = last
    return max(power_w, 2.0 * MODULE_POWER_W)


def _modules_count(memory_gb: float) -> int:
    for most_gb, count in FEW_MODULES:
        if memory_gb <= most_gb:
            return count
    size_gb = next(size for size in MODULE_SIZES_GB if size <= memory_gb / 8.0)
    return min(math.ceil(memory_gb / size_gb), MOST_MODULES)


def answer(run: Run) -> Answer | CannotSay:
    """What the meter would read of a run whose accelerators draw what this run assumes."""
    if not run.own.accelerator_energy_kwh > 0.0:
        return CannotSay("needs_energy")
    host_kwh, host_reason = run.own.host_energy_kwh, ""
    duration_h = run.duration_h
    if run.own_knows_accelerators and duration_h is not None:
        memory_w = codecarbon_memory_power_w(memory_gb=run.memory_gb) if run.memory_gb is not None else 0.0
        host_kwh = ((run.mean_cpu_power_w or 0.0) + memory_w) * duration_h / W_PER_KW
        host_reason = "no_host" if host_kwh == 0.0 else "memory_by_module"
    return Answer(
        parts=replace(run.own, host_energy_kwh=host_kwh, pue=1.0, embodied_kgco2e=0.0, multiplier=1.0),
        because={
            "multiplier": "final_run_only",
            "host": host_reason,
            "pue": "no_pue",
            "embodied": "no_embodied",
        },
        params={"memory_gb": run.memory_gb},
        also=("meter", "same_grid"),
    )
