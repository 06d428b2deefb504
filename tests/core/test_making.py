"""Making of what has no accelerator, or no published time: machines of processors, and items of a task."""

from typing import Any

import pytest

from estimator.core.footprint import Footprint
from tests.core.levers_cases import BY_CORES, ITEMS, footprint

LIFE_H = 8760 * 4 * 0.7


def embodied_kgco2e(body: dict[str, Any]) -> float:
    share = footprint(body, draws_count=0).result.embodied_share_kgco2e
    assert share is not None
    return share.central


def note_of(found: Footprint, name: str) -> str:
    return next(one.note for one in found.assumptions if one.name == name)


@pytest.mark.parametrize(
    ("hardware", "machines", "machine_kgco2e"),
    [
        ({"cpu": "amd-epyc-7742", "cpu_core_count": 64, "memory_gb": 256.0}, 0.5, 1000.0),
        ({"cpu": "amd-epyc-7742", "cpu_core_count": 8, "memory_gb": 32.0}, 8 / 128, 1000.0),
        ({"cpu": "amd-epyc-7742", "cpu_count": 4, "memory_gb": 256.0}, 2.0, 1000.0),
        ({"cpu": "amd-epyc-7742", "memory_gb": 256.0}, 0.5, 1000.0),
        ({"cpu": "AMD Ryzen 9 5950X", "memory_gb": 64.0}, 1.0, 250.0),
        ({"cpu_core_count": 16, "memory_gb": 64.0}, 0.25, 1000.0),
    ],
)
def test_a_run_answers_for_its_part_of_the_machine(
    hardware: dict[str, Any], machines: float, machine_kgco2e: float
) -> None:
    body = {"hardware": hardware, "duration_h": 12.0, "method": "cores_and_memory"}
    assert embodied_kgco2e(body) == pytest.approx(machines * 12.0 * machine_kgco2e / LIFE_H, rel=1e-12)


def test_every_run_counts() -> None:
    several = {**BY_CORES, "repeat_count": 3, "development_factor": 1.0}
    assert embodied_kgco2e(several) == pytest.approx(6.0 * embodied_kgco2e(BY_CORES), rel=1e-12)


def test_strubell_and_measured_runs_on_processors_have_a_machine_too() -> None:
    hardware = {"cpu": "amd-epyc-7742", "cpu_count": 2}
    for body in (
        {"hardware": {**hardware, "mean_system_power_w": 500.0}, "duration_h": 24.0},
        {"hardware": hardware, "it_energy_kwh": 12.0, "duration_h": 24.0},
    ):
        assert embodied_kgco2e(body) == pytest.approx(24.0 * 1000.0 / LIFE_H, rel=1e-12)


def test_items_take_the_time_that_their_energy_says() -> None:
    found = footprint(ITEMS, draws_count=0)
    hours = found.result.it_energy_kwh.central / 0.3
    assert embodied_kgco2e(ITEMS) == pytest.approx(hours * (150.0 + 312.5) / LIFE_H, rel=1e-12)
    assert "guess" in note_of(found, "item_power_w")
    assert found.result.accelerator_hours is None
    assert "embodied_unknown" not in {warning.code for warning in found.warnings}


def test_what_is_unknown_is_said() -> None:
    found = footprint({"hardware": {"mean_system_power_w": 500.0}, "duration_h": 24.0}, draws_count=0)
    assert found.result.embodied_share_kgco2e is None
    assert "embodied_unknown" in {warning.code for warning in found.warnings}
