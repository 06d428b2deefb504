"""Each contradiction between computed quantities where it belongs, with its remedy, and none where all agrees."""

from typing import Any

import pytest

from estimator.core.estimate import estimate
from estimator.core.inputs import Workload
from estimator.reference.resolve import factors_for

H100: dict[str, Any] = {"accelerator": "nvidia-h100-sxm5-80gb"}
SMALL: dict[str, Any] = {"parameters_count": 10**9, "training_tokens": 10**9}


def found(**fields: Any) -> dict[str, str | None]:
    """Code and field of each warning, the common ones about the place left out."""
    workload = Workload.model_validate(
        {"grid_intensity_gco2e_per_kwh": 400.0, "uncertainty": {"draws_count": 0}, **fields}
    )
    warnings = estimate(workload, factors_for(workload)).warnings
    for warning in warnings:
        text = warning.message % warning.text_params if warning.text_params else warning.message
        assert "%(" not in text and text.endswith("."), text
    return {
        warning.code: warning.field
        for warning in warnings
        if warning.code not in ("accelerator_assumed", "embodied_unknown")
    }


def hours(mfu: float) -> float:
    """Accelerator-hours in which a small training reaches a utilisation."""
    return 6e18 / (989.4e12 * 3600 * mfu)


@pytest.mark.parametrize(
    "fields",
    [
        {"model": SMALL, "hardware": H100, "accelerator_hours": hours(0.69)},
        {"model": SMALL, "hardware": H100, "accelerator_hours": hours(0.06)},
        {"model": SMALL, "hardware": {**H100, "mfu": 0.7}},
        {"model": {"parameters_count": 13 * 10**9}, "hardware": {**H100, "accelerator_count": 1}, "duration_h": 1.0},
        {
            "model": {"parameters_count": 70 * 10**9, "training_kind": "lora"},
            "hardware": {**H100, "accelerator_count": 2},
            "duration_h": 1.0,
        },
        {"it_energy_kwh": 100.0, "pue": 1.2, "hardware": {**H100, "accelerator_count": 8}, "duration_h": 24.0},
        {"it_energy_kwh": 100.0, "pue": 1.2},
        # A card has the PUE in its energy and says so by a PUE of 1.
        {"it_energy_kwh": 161.28, "pue": 1.0, "hardware": {**H100, "accelerator_count": 8}, "duration_h": 24.0},
        {"hardware": {"cpu": "amd-epyc-7742", "memory_gb": 1.0, "mean_cpu_power_w": 200.0}, "duration_h": 1.0},
        {"hardware": {"cpu_core_count": 12, "memory_gb": 1.0, "mean_cpu_power_w": 90.0}, "duration_h": 1.0},
    ],
)
def test_what_agrees_is_left_in_peace(fields: dict[str, Any]) -> None:
    assert found(**fields) == {}


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"model": SMALL, "hardware": {**H100, "mfu": 0.71}}, "mfu_above_published", "hardware.mfu"),
        (
            {"model": SMALL, "hardware": H100, "accelerator_hours": hours(0.71)},
            "mfu_above_published",
            "accelerator_hours",
        ),
        (
            {"model": SMALL, "hardware": {**H100, "accelerator_count": 2}, "duration_h": hours(0.71) / 2},
            "mfu_above_published",
            "duration_h",
        ),
        (
            {"model": SMALL, "hardware": H100, "accelerator_hours": hours(0.05)},
            "hours_far_from_flop",
            "accelerator_hours",
        ),
        (
            {"method": "training_flop", "model": SMALL, "hardware": H100, "accelerator_hours": 100.0},
            "hours_far_from_flop",
            "accelerator_hours",
        ),
        (
            {"method": "training_flop", "model": SMALL, "hardware": H100, "accelerator_hours": hours(0.3)},
            "hours_predicted",
            "accelerator_hours",
        ),
        (
            {
                "model": {"parameters_count": 14 * 10**9},
                "hardware": {**H100, "accelerator_count": 1},
                "duration_h": 1.0,
            },
            "memory_too_small",
            "hardware.accelerator_count",
        ),
        (
            {
                "activity": "inference",
                "model": {"parameters_count": 70 * 10**9},
                "hardware": {**H100, "accelerator_count": 1},
                "inference": {"requests_count": 10},
            },
            "memory_too_small",
            "hardware.accelerator_count",
        ),
        (
            {
                "activity": "inference",
                "model": {"parameters_count": 4 * 10**12},
                "inference": {"requests_count": 10, "batch_size": 1},
            },
            "token_energy_unmeasured",
            "inference.batch_size",
        ),
        (
            {
                "activity": "inference",
                "model": {"parameters_count": 10**6},
                "inference": {"requests_count": 10, "batch_size": 1000},
            },
            "token_energy_unmeasured",
            "model.parameters_count",
        ),
        # Eight boards of 700 W for a day, times the PUE.
        (
            {"it_energy_kwh": 161.28, "pue": 1.2, "hardware": {**H100, "accelerator_count": 8}, "duration_h": 24.0},
            "pue_twice",
            "pue",
        ),
        # More than such servers can draw, and less than that once the PUE is taken off.
        (
            {"it_energy_kwh": 200.0, "pue": 1.5, "hardware": {**H100, "accelerator_count": 8}, "duration_h": 24.0},
            "pue_twice",
            "pue",
        ),
        (
            {"it_energy_kwh": 15.0, "pue": 1.5, "hardware": {"mean_system_power_w": 1000.0}, "duration_h": 10.0},
            "pue_twice",
            "pue",
        ),
        (
            {"hardware": {"cpu": "amd-epyc-7742", "memory_gb": 1.0, "mean_cpu_power_w": 3.5}, "duration_h": 1.0},
            "cpu_power_of_one_core",
            "hardware.mean_cpu_power_w",
        ),
        # 225 W of the chip times its 64 cores.
        (
            {"hardware": {"cpu": "amd-epyc-7742", "memory_gb": 1.0, "mean_cpu_power_w": 14_400.0}, "duration_h": 1.0},
            "cpu_power_above_limit",
            "hardware.mean_cpu_power_w",
        ),
        (
            {"hardware": {"cpu": "amd-epyc-7742", "memory_gb": 1.0, "mean_cpu_power_w": 400.0}, "duration_h": 1.0},
            "cpu_power_above_limit",
            "hardware.mean_cpu_power_w",
        ),
    ],
)
def test_each_contradiction(fields: dict[str, Any], code: str, path: str) -> None:
    assert found(**fields) == {code: path}


def test_life_cycle_beside_direct() -> None:
    device: dict[str, Any] = {"hardware": {**H100, "accelerator_count": 8}, "duration_h": 24.0}
    half = {"contracted_share": 0.5, "contract_intensity_gco2e_per_kwh": 0.0}
    france = {"location": {"country": "FR"}, "grid_intensity_gco2e_per_kwh": None}
    assert found(**device, **france, market_based=half) == {
        "basis_mixed": "market_based.residual_intensity_gco2e_per_kwh"
    }
    # A zone whose factor is direct too, a residual mix of one's own, a life-cycle contract, all of it contracted.
    texas = {"location": {"zone": "US-TX"}, "grid_intensity_gco2e_per_kwh": None}
    assert "basis_mixed" not in found(**device, **texas, market_based=half)
    for market in (
        {**half, "residual_intensity_gco2e_per_kwh": 40.0},
        {**half, "contract_intensity_gco2e_per_kwh": 12.0},
        {**half, "contracted_share": 1.0},
        {**half, "certificates_share": 0.5},
    ):
        assert found(**device, **france, market_based=market) == {}


def test_a_count_that_an_instance_stands_for_is_judged_as_well() -> None:
    workload = Workload.model_validate(
        {
            "model": {"parameters_count": 175_000_000_000, "training_tokens": 10**9},
            "hardware": {"accelerator": "p4d.24xlarge", "mean_system_power_w": 90_000.0},
            "duration_h": 24.0,
        }
    )
    found = estimate(workload, factors_for(workload)).warnings
    params = {warning.code: warning.text_params for warning in found}
    assert params["memory_too_small"]["count"] == params["system_power_above_limit"]["count"] == 8
