"""Levers: what each changes, what it leaves alone, and what it may cost."""

from typing import Any

import pytest
from pydantic import ValidationError

from estimator.core.footprint import Range
from estimator.core.inputs import Workload
from estimator.core.levers.place import best_start_factor
from estimator.core.levers.registry import LEVERS, in_order
from estimator.core.levers.settings import SETTINGS
from estimator.core.problems import problems_of
from tests.core.levers_cases import (
    BY_CORES,
    BY_DEVICES,
    BY_OPERATIONS,
    BY_SYSTEM,
    FEDERATED,
    ITEMS,
    MEASURED,
    RUNS,
    SERVED,
    footprint,
    problems,
    saving,
    with_fields,
)

NOTHING = Range(low=0.0, central=0.0, high=0.0)


# Settings


def mistakes(*levers: Any) -> dict[str, str]:
    try:
        Workload.model_validate({"levers": list(levers)})
    except ValidationError as error:
        return {problem.path: problem.message for problem in problems_of(error.errors())}
    return {}


@pytest.mark.parametrize(
    ("lever", "path"),
    [
        ({"lever": "quantisation", "bits": 7}, "levers.0.bits"),
        ({"lever": "quantisation", "bits": "8"}, "levers.0.bits"),
        ({"lever": "quantisation"}, "levers.0.bits"),
        ({"lever": "quantisation", "bits": 4, "precision": "fp8"}, "levers.0.bits"),
        ({"lever": "quantisation", "bitz": 8, "bits": 8}, "levers.0.bitz"),
        ({"lever": "magic"}, "levers.0.lever"),
        ({}, "levers.0.lever"),
        (5, "levers.0"),
        ({"lever": "pruning", "sparsity": 1.0}, "levers.0.sparsity"),
        ({"lever": "pruning", "kind": "two_four", "sparsity": 0.9}, "levers.0.sparsity"),
        ({"lever": "hardware"}, "levers.0.accelerator"),
        ({"lever": "distributed", "accelerator_count": 0}, "levers.0.accelerator_count"),
        ({"lever": "federated", "clients_count": 1}, "levers.0.rounds_count"),
        (FEDERATED | {"client_locations": ["FR", 5]}, "levers.0.client_locations.1"),
        (FEDERATED | {"client_locations": [{"place": "FR", "share": 0.7}] * 2}, "levers.0.client_locations"),
        ({"lever": "reuse", "base_model_share": "amortised"}, "levers.0.expected_reuses_count"),
        ({"lever": "region"}, "levers.0.location"),
        ({"lever": "region", "location": {"country": "France"}}, "levers.0.location.country"),
        ({"lever": "time_shift", "hourly_intensity_gco2e_per_kwh": [1.0]}, "levers.0.hourly_intensity_gco2e_per_kwh"),
        ({"lever": "renewable_contract", "contracted_share": 1.5}, "levers.0.contracted_share"),
        ({"lever": "pue"}, "levers.0.pue"),
        ({"lever": "batch_size", "batch_size": 0}, "levers.0.batch_size"),
        ({"lever": "power_cap"}, "levers.0.power_cap_share"),
        ({"lever": "early_stopping", "stopped_share": 1.0}, "levers.0.stopped_share"),
        ({"lever": "output_length"}, "levers.0.output_tokens"),
        ({"lever": "mixture_of_experts", "active_parameters_count": 0}, "levers.0.active_parameters_count"),
    ],
)
def test_a_wrong_setting_is_named_where_it_stands(lever: Any, path: str) -> None:
    assert path in mistakes(lever)


def test_a_misspelt_setting_is_guessed() -> None:
    assert "bits" in problems_of_one({"lever": "quantisation", "bitz": 8, "bits": 8})


def problems_of_one(lever: Any) -> tuple[str, ...]:
    with pytest.raises(ValidationError) as caught:
        Workload.model_validate({"levers": [lever]})
    return problems_of(caught.value.errors())[0].suggestions


def test_every_lever_has_settings_and_a_place_in_the_order() -> None:
    assert set(LEVERS) == set(SETTINGS)
    assert len(LEVERS) == 15


# Neutral settings change nothing, exactly


@pytest.mark.parametrize(
    ("run", "lever"),
    [
        ("served", {"lever": "quantisation", "bits": 16}),
        ("served", {"lever": "quantisation", "precision": "fp16"}),
        ("by_devices", {"lever": "quantisation", "bits": 16}),
        ("served", {"lever": "pruning", "sparsity": 0.0, "kind": "structured"}),
        ("served", {"lever": "hardware", "accelerator": "nvidia-h100-sxm5-80gb"}),
        ("by_devices", {"lever": "hardware", "accelerator": "v100", "accelerator_count": 64}),
        ("by_devices", {"lever": "distributed", "accelerator_count": 64}),
        ("by_operations", {"lever": "distributed", "accelerator_count": 256, "scaling_efficiency": 1.0}),
        ("by_system", {"lever": "region", "country": "US"}),
        ("by_system", {"lever": "region", "grid_intensity_gco2e_per_kwh": 432.7}),
        ("by_devices", {"lever": "region", "country": "USA"}),
        ("by_devices", {"lever": "time_shift", "window_h": 0.0}),
        ("by_devices", {"lever": "time_shift", "hourly_intensity_gco2e_per_kwh": [300.0] * 200}),
        ("by_system", {"lever": "pue", "pue": 1.58}),
        ("served", {"lever": "batch_size", "batch_size": 8}),
        ("served", {"lever": "output_length", "output_tokens": 400}),
        ("by_devices", {"lever": "power_cap", "power_cap_share": 1.0}),
        ("by_devices", {"lever": "power_cap", "power_cap_w": 300.0}),
        ("by_devices", {"lever": "early_stopping", "stopped_share": 0.0}),
        ("by_operations", {"lever": "early_stopping", "training_tokens": 10**12}),
        ("by_operations", {"lever": "mixture_of_experts", "active_parameters_count": 7 * 10**9}),
    ],
)
def test_a_neutral_setting_changes_nothing_exactly(run: str, lever: dict[str, Any]) -> None:
    found = saving(RUNS[run], lever)
    assert (found.saving_kgco2e, found.saving_share) == (NOTHING, NOTHING)


def test_a_precision_that_the_run_has_changes_nothing() -> None:
    served = with_fields(SERVED, inference={"precision": "int8"})
    assert saving(served, {"lever": "quantisation", "bits": 8}).saving_kgco2e == NOTHING


# What each lever is really worth


def test_four_bits_promise_nothing_on_a_small_model_and_much_on_a_large_one() -> None:
    lever = {"lever": "quantisation", "bits": 4}
    for batch_size in (None, 1, 8, 32):
        inference = {"batch_size": batch_size}
        small = saving(with_fields(SERVED, model={"parameters_count": 1_500_000_000}, inference=inference), lever)
        large = saving(with_fields(SERVED, inference=inference), lever)
        assert small.saving_share.low < 0.0 < small.saving_share.high
        assert large.saving_share.low > 0.0


def test_fewer_bytes_need_fewer_accelerators() -> None:
    served = with_fields(SERVED, inference={"precision": "int4"})
    counts = [
        next(step.value for step in footprint(body, draws_count=0).steps if step.name == "accelerator_count")
        for body in (SERVED, served)
    ]
    assert counts == [2.0, 1.0]


@pytest.mark.parametrize("batch_size", [None, 1, 8, 32, 256])
@pytest.mark.parametrize("parameters_count", [8_000_000_000, 70_000_000_000])
def test_fp8_on_h100_may_cost(batch_size: int | None, parameters_count: int) -> None:
    served = with_fields(SERVED, model={"parameters_count": parameters_count}, inference={"batch_size": batch_size})
    share = saving(served, {"lever": "quantisation", "precision": "fp8"}).saving_share
    assert share.low < 0.0 < share.high


def test_zeros_are_multiplied_unless_the_software_skips_them() -> None:
    for body in (SERVED, BY_DEVICES):
        found = saving(body, {"lever": "pruning", "sparsity": 0.9})
        assert found.saving_kgco2e == NOTHING
        assert "sparse_kernels" in found.conditions
    skipped = saving(SERVED, {"lever": "pruning", "sparsity": 0.9, "sparse_kernels": True}).saving_share
    assert skipped.low < 0.0 < skipped.central < skipped.high


def test_two_of_four_needs_units_that_skip() -> None:
    lever = {"lever": "pruning", "kind": "two_four"}
    assert saving(SERVED, lever).saving_share.low > 0.0
    assert saving(with_fields(SERVED, hardware={"accelerator": "v100"}), lever).saving_kgco2e == NOTHING


def test_retraining_a_pruned_model_is_added() -> None:
    lever = {"lever": "pruning", "kind": "structured", "sparsity": 0.5}
    without = saving(SERVED, {**lever, "retraining_tokens": 0}).saving_kgco2e.central
    with_it = saving(SERVED, {**lever, "retraining_tokens": 10**9}).saving_kgco2e.central
    # 6 operations for 35 billion parameters and 1 billion tokens, 0.3 of 989.4 TFLOPS, 0.8 of 700 W, 1.35 for the host.
    hours = 6 * 35e9 * 1e9 / (0.3 * 989.4e12 * 3600)
    kwh = hours * 0.7 * 0.8 * 1.35
    run = footprint(SERVED, draws_count=0)
    values = {one.name: one.value for one in run.assumptions}
    operational = kwh * values["pue"] * values["grid_intensity_gco2e_per_kwh"] / 1000
    per_hour = run.result.embodied_share_kgco2e.central / run.result.accelerator_hours.central  # type: ignore[union-attr]
    assert without - with_it == pytest.approx(operational + hours * per_hour, rel=1e-9)
    assert saving(SERVED, {**lever, "retraining_tokens": 10**11}).saving_kgco2e.central < 0.0 < with_it


def test_training_in_eight_bits_saves_nothing_where_no_units_are() -> None:
    lever = {"lever": "quantisation", "bits": 8}
    old, new = saving(BY_DEVICES, lever).saving_share, saving(BY_OPERATIONS, lever).saving_share
    assert (old.central, old.high) == (0.0, 0.0) and old.low < 0.0
    assert 0.2 < new.central < 0.4


def test_new_hardware_is_made_too() -> None:
    moved = footprint(BY_DEVICES, {"lever": "hardware", "accelerator": "h100"}, draws_count=0).levers[0]
    as_if = footprint(
        with_fields(BY_DEVICES, hardware={"accelerator": "h100"}, duration_h=79.0 * 125 / 989.4), draws_count=0
    )
    assert moved.after_kgco2e.central == pytest.approx(as_if.result.total_kgco2e.central, rel=1e-9)


def test_contracts_leave_the_grid_as_it_is() -> None:
    for run in RUNS.values():
        found = saving(run, {"lever": "renewable_contract", "contracted_share": 1.0})
        assert found.saving_kgco2e == NOTHING
        assert found.market_based_saving_kgco2e is not None
        assert found.market_based_saving_kgco2e.central > 0.0


def test_region_is_the_ratio_of_the_grids() -> None:
    body = with_fields(BY_SYSTEM, embodied={"include": False})
    found = saving(body, {"lever": "region", "grid_intensity_gco2e_per_kwh": 43.27})
    assert found.saving_share.central == pytest.approx(0.9, rel=1e-12)


@pytest.mark.parametrize(
    ("hours", "duration_h", "window_h", "interruptible", "factor"),
    [
        ([100.0] * 10, 3.0, 5.0, False, 1.0),
        ([400.0, 400.0, 100.0, 100.0], 2.0, 2.0, False, 0.4),
        ([400.0, 100.0, 400.0, 100.0], 2.0, 2.0, False, 1.0),
        ([400.0, 100.0, 400.0, 100.0], 2.0, 2.0, True, 0.4),
        ([400.0, 100.0], 5.0, 24.0, False, 1.0),
        ([0.0, 0.0], 1.0, 1.0, False, 1.0),
    ],
)
def test_best_start(hours: list[float], duration_h: float, window_h: float, interruptible: bool, factor: float) -> None:
    found = best_start_factor(
        hourly_intensity_gco2e_per_kwh=hours, duration_h=duration_h, window_h=window_h, interruptible=interruptible
    )
    assert found == pytest.approx(factor, rel=1e-12)


def test_scaling_efficiency_divides() -> None:
    body = with_fields(BY_DEVICES, embodied={"include": False})
    lever = {"lever": "distributed", "accelerator_count": 128, "scaling_efficiency": 0.8}
    assert saving(body, lever).saving_share.central == pytest.approx(-0.25, rel=1e-9)


def test_reuse_answers_for_its_share_of_the_base_model() -> None:
    lever: dict[str, Any] = {"lever": "reuse", "training_tokens": 10**10}
    shares = [
        saving(BY_OPERATIONS, lever | more).saving_share.central
        for more in (
            {"base_model_share": "cut_off"},
            {"base_model_share": "amortised", "expected_reuses_count": 100},
            {"base_model_share": "proportional"},
            {"base_model_share": "amortised", "expected_reuses_count": 1},
        )
    ]
    assert shares == pytest.approx([0.99, 0.98, 0.99 - 0.01 / 1.01, -0.01], rel=1e-9)


def test_federated_by_hand() -> None:
    """1,000 clients, 100 rounds: 50 kWh of devices, and 10,000 GB at 0.006 kWh."""
    found = footprint(BY_DEVICES, FEDERATED | {"client_locations": ["FR", "FR"]}, draws_count=0)
    values = {one.name: one.value for one in found.assumptions}
    client_kwh, network_kwh = 1000 * 100 * 3.0 * 600 / 3.6e6, 1000 * 100 * 0.1 * 0.006
    server_kwh = 0.015 * (client_kwh + network_kwh)
    france = next(
        one.value
        for one in footprint(with_fields(BY_DEVICES, location={"country": "FR"}), draws_count=0).assumptions
        if one.name == "grid_intensity_gco2e_per_kwh"
    )
    expected = (
        (client_kwh + network_kwh) * france + server_kwh * values["pue"] * values["grid_intensity_gco2e_per_kwh"]
    ) / 1000
    assert found.levers[0].after_kgco2e.central == pytest.approx(expected, rel=1e-12)


def test_federated_may_favour_either() -> None:
    """A central run on H100 in a clean grid, against phones on a dirty one, and the other way round."""
    central = {"hardware": {"accelerator": "h100", "accelerator_count": 8}, "duration_h": 24.0}
    many = FEDERATED | {"clients_count": 10_000, "rounds_count": 500, "client_locations": ["IN"]}
    few = FEDERATED | {"clients_count": 100, "rounds_count": 50, "client_locations": ["SE"]}
    assert saving(central | {"location": {"country": "SE"}}, many).saving_share.high < 0.0
    assert saving(central | {"location": {"country": "IN"}}, few).saving_share.low > 0.0


# Stacks


def test_a_stack_saves_before_minus_after_and_less_than_the_sum() -> None:
    levers = ({"lever": "hardware", "accelerator": "b200"}, {"lever": "quantisation", "bits": 4})
    found = footprint(SERVED, *levers)
    together = found.levers_together
    assert together is not None
    assert together.levers == ("hardware", "quantisation")
    total = found.result.total_kgco2e.central
    assert together.saving_kgco2e.central == pytest.approx(total - together.after_kgco2e.central, rel=1e-12)
    assert together.saving_kgco2e.central < sum(one.saving_kgco2e.central for one in found.levers)
    assert together.saving_share.central < 1.0


def test_the_order_is_that_of_the_registry_whatever_the_list() -> None:
    """FP8 is asked of the accelerator that was changed to: none on V100, some on H100."""
    levers = ({"lever": "quantisation", "bits": 8}, {"lever": "hardware", "accelerator": "h100"})
    first, second = (footprint(BY_DEVICES, *order) for order in (levers, levers[::-1]))
    assert first.levers_together == second.levers_together
    assert first.levers[0].saving_share.central == 0.0
    hardware = first.levers[1].after_kgco2e.central
    assert first.levers_together is not None
    assert first.levers_together.after_kgco2e.central < hardware


def test_of_two_levers_of_a_name_the_last_acts() -> None:
    levers = ({"lever": "quantisation", "bits": 4}, {"lever": "quantisation", "bits": 8})
    found = footprint(SERVED, *levers)
    assert len(found.levers) == 2 and found.levers_together is not None
    assert found.levers_together.after_kgco2e == found.levers[1].after_kgco2e
    assert [one.lever for one in in_order(Workload.model_validate({"levers": list(levers)}).levers)] == ["quantisation"]


def test_every_run_counts_also_where_levers_act() -> None:
    lever = {"lever": "early_stopping", "stopped_share": 0.25}
    for run in (BY_DEVICES, BY_SYSTEM, BY_OPERATIONS, MEASURED, BY_CORES):
        body = run | {"development_factor": 1.5, "repeat_count": 2}
        assert saving(body, lever).saving_share.central == pytest.approx(0.25, rel=1e-9)
        assert saving(run, lever).saving_share.central == pytest.approx(0.25, rel=1e-9)


def test_given_hours_of_accelerators_shrink_once() -> None:
    body = {"hardware": {"accelerator": "h100"}, "accelerator_hours": 1000.0, "location": {"country": "US"}}
    assert saving(body, {"lever": "early_stopping", "stopped_share": 0.25}).saving_share.central == pytest.approx(0.25)


# What cannot be expressed is said with the method that can


@pytest.mark.parametrize(
    ("run", "lever", "path", "method"),
    [
        (BY_DEVICES, {"lever": "batch_size", "batch_size": 8}, "levers.0.lever", "inference_tokens"),
        (BY_DEVICES, {"lever": "output_length", "output_tokens": 8}, "levers.0.lever", "inference_tokens"),
        (ITEMS, {"lever": "quantisation", "bits": 8}, "levers.0.lever", "inference_tokens"),
        (SERVED, {"lever": "reuse"}, "levers.0.lever", "training"),
        (SERVED, FEDERATED, "levers.0.lever", "training"),
        (SERVED, {"lever": "early_stopping"}, "levers.0.lever", "training"),
        (BY_DEVICES, {"lever": "early_stopping", "training_tokens": 5}, "levers.0.training_tokens", "training_flop"),
        (BY_OPERATIONS, {"lever": "early_stopping", "duration_h": 5.0}, "levers.0.duration_h", "device_hours"),
        (BY_CORES, {"lever": "hardware", "accelerator": "h100"}, "levers.0.lever", "hardware.accelerator"),
        (BY_DEVICES, {"lever": "hardware", "accelerator": "H1000"}, "levers.0.accelerator", "H100"),
        (BY_DEVICES, {"lever": "region", "provider": "aws", "region": "mars-north-1"}, "levers.0.region", ""),
        (BY_DEVICES, FEDERATED | {"client_locations": ["Atlantis"]}, "levers.0.client_locations.0", ""),
        (SERVED, {"lever": "mixture_of_experts"}, "levers.0.active_parameters_count", "active_parameters_count"),
        (BY_CORES, {"lever": "power_cap", "power_cap_w": 5.0}, "levers.0.power_cap_w", "power_cap_share"),
    ],
)
def test_a_lever_that_does_not_apply_says_what_would(
    run: dict[str, Any], lever: dict[str, Any], path: str, method: str
) -> None:
    found = problems(run, lever)
    assert set(found) == {path}
    assert method in found[path]


def test_all_levers_are_judged_at_once() -> None:
    found = problems(
        BY_DEVICES, {"lever": "batch_size", "batch_size": 8}, {"lever": "hardware", "accelerator": "H1000"}
    )
    assert set(found) == {"levers.0.lever", "levers.1.accelerator"}
    assert set(problems({}, {"lever": "hardware", "accelerator": "H1000"})) >= {
        "hardware.accelerator",
        "levers.0.accelerator",
    }


def test_hosts_go_with_their_accelerators() -> None:
    body = with_fields(BY_DEVICES, hardware={"mean_cpu_power_w": 500.0, "mean_memory_power_w": 100.0})
    lever = {"lever": "distributed", "accelerator_count": 128, "scaling_efficiency": 1.0}
    assert saving(body, lever).saving_share.central == pytest.approx(0.0, abs=1e-12)


def test_units_of_an_unknown_accelerator_are_in_doubt() -> None:
    found = saving({"it_energy_kwh": 5.0, "location": {"country": "US"}}, {"lever": "quantisation", "bits": 8})
    assert found.saving_share.low < 0.0 < found.saving_share.central
    assert "not known" in found.conditions
