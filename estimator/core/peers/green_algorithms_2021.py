"""Green Algorithms: cores at their limit and memory by the gigabyte, with a PUE of its own unless one is given."""

from dataclasses import replace
from typing import Final

from estimator.core.green_algorithms import MEMORY_POWER_W_PER_GB, cores_and_memory_energy_kwh
from estimator.core.peers.run import Answer, CannotSay, Run

#: What its form holds before anyone has typed.
DEFAULT_PUE: Final = 1.67
DEFAULT_MEMORY_GB: Final = 64.0


def answer(run: Run) -> Answer | CannotSay:
    """What the calculator says of a run: its formula is `core.green_algorithms`."""
    if run.core_count is not None and run.core_power_w is not None:
        count, power_w = run.core_count, run.core_power_w
    elif run.accelerator_tdp_w is not None and run.accelerator_hours is not None:
        # One who knows only the accelerator hours would type them in as the hours of one accelerator.
        count = run.accelerator_count or 1.0
        power_w = run.accelerator_tdp_w
    else:
        return CannotSay("needs_accelerator_hours")
    duration_h = run.accelerator_hours / count if run.accelerator_hours is not None else run.duration_h
    if duration_h is None:
        return CannotSay("needs_accelerator_hours")
    memory_gb = DEFAULT_MEMORY_GB if run.memory_gb is None else run.memory_gb
    usage = 1.0 if run.utilisation is None else run.utilisation
    cores_kwh = cores_and_memory_energy_kwh(
        duration_h=duration_h, core_count=count, core_power_w=power_w, memory_gb=0.0, usage_factor=usage
    )
    memory_kwh = cores_and_memory_energy_kwh(
        duration_h=duration_h, core_count=0.0, core_power_w=0.0, memory_gb=memory_gb
    )
    cpu_kwh = (run.mean_cpu_power_w or 0.0) * duration_h / 1000.0 if run.core_count is None else 0.0
    return Answer(
        # Repeats and development are its "pragmatic scaling factor": the multiplier stays.
        parts=replace(
            run.own,
            accelerator_energy_kwh=float(cores_kwh),
            host_energy_kwh=float(memory_kwh) + cpu_kwh,
            pue=DEFAULT_PUE if run.given_pue is None else run.given_pue,
            embodied_kgco2e=0.0,
        ),
        because={
            "accelerator": "limit_for_draw" if run.own_knows_accelerators else "limit_for_servers",
            "host": "memory_by_gb_assumed" if run.memory_gb is None else "memory_by_gb",
            "pue": "default_pue",
            "embodied": "no_embodied",
        },
        params={
            "tdp_w": power_w,
            "memory_gb": memory_gb,
            "memory_power_w_per_gb": MEMORY_POWER_W_PER_GB,
            "peer_pue": DEFAULT_PUE,
        },
        also=("same_grid",),
    )
