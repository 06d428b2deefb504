"""Runs that levers are tried on, by everything that the catalogue knows."""

from typing import Any, Final

from estimator.core.estimate import estimate
from estimator.core.footprint import Footprint, LeverSaving
from estimator.core.inputs import InputProblems, Workload
from estimator.reference.resolve import factors_for

Body = dict[str, Any]

SERVED: Final[Body] = {
    "activity": "inference",
    "model": {"parameters_count": 70_000_000_000},
    "hardware": {"accelerator": "h100"},
    "location": {"country": "US"},
    "inference": {"requests_count": 1_000_000, "input_tokens": 200, "output_tokens": 400, "batch_size": 8},
}
BY_DEVICES: Final[Body] = {
    "hardware": {"accelerator": "nvidia-v100-sxm2-16gb", "accelerator_count": 64},
    "duration_h": 79.0,
    "location": {"country": "US"},
}
BY_SYSTEM: Final[Body] = {
    "hardware": {
        "accelerator": "nvidia-v100-sxm2-16gb", "accelerator_count": 64, "mean_system_power_w": 12_041.51
    },
    "duration_h": 79.0,
    "location": {"country": "US"},
    "pue": 1.58,
    "grid_intensity_gco2e_per_kwh": 432.7,
}  # fmt: skip
BY_OPERATIONS: Final[Body] = {
    "hardware": {"accelerator": "h100", "accelerator_count": 256},
    "model": {"parameters_count": 7_000_000_000, "training_tokens": 1_000_000_000_000},
    "location": {"country": "US"},
}
MEASURED: Final[Body] = {
    "it_energy_kwh": 1000.0,
    "hardware": {"accelerator": "a100 80gb", "accelerator_count": 8},
    "duration_h": 200.0,
    "location": {"country": "US"},
}
BY_CORES: Final[Body] = {
    "hardware": {"cpu": "amd-epyc-7742", "cpu_core_count": 64, "memory_gb": 256.0},
    "duration_h": 12.0,
    "location": {"country": "US"},
}
ITEMS: Final[Body] = {
    "activity": "inference",
    "inference": {"task": "image_generation", "requests_count": 1000},
    "location": {"country": "US"},
}
RUNS: Final[dict[str, Body]] = {
    "served": SERVED,
    "by_devices": BY_DEVICES,
    "by_system": BY_SYSTEM,
    "by_operations": BY_OPERATIONS,
    "measured": MEASURED,
    "by_cores": BY_CORES,
    "items": ITEMS,
}
FEDERATED: Final[Body] = {
    "lever": "federated",
    "clients_count": 1000,
    "rounds_count": 100,
    "mean_device_power_w": 3.0,
    "local_time_s": 600.0,
    "bytes_up_gb": 0.05,
    "bytes_down_gb": 0.05,
}


def footprint(body: Body, *levers: Body, draws_count: int = 2000, seed: int = 1) -> Footprint:
    """The footprint of a run with levers."""
    asked = Workload.model_validate(
        {**body, "levers": list(levers), "uncertainty": {"draws_count": draws_count, "seed": seed}}
    )
    return estimate(asked, factors_for(asked))


def saving(body: Body, lever: Body, *, draws_count: int = 2000) -> LeverSaving:
    """What one lever saves."""
    return footprint(body, lever, draws_count=draws_count).levers[0]


def problems(body: Body, *levers: Body) -> dict[str, str]:
    """What is wrong with a run and its levers, by path."""
    try:
        footprint(body, *levers, draws_count=0)
    except InputProblems as error:
        return {problem.path: str(problem) for problem in error.problems}
    return {}


def with_fields(body: Body, **groups: Any) -> Body:
    """A body with some fields changed within its groups."""
    return body | {
        name: {**body.get(name, {}), **value} if isinstance(value, dict) else value for name, value in groups.items()
    }
