"""Scenarios: waterfalls that add up, levers that change nothing, and what the evidence lets nobody promise."""

import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from estimator.core.estimate import estimate
from estimator.core.footprint import Footprint
from estimator.core.inputs import InputProblems, Workload
from estimator.core.levers.registry import LEVERS as KNOWN
from estimator.core.levers.registry import in_order
from estimator.core.scenarios import Comparison, Run, ScenarioResult, compare, differences, levers_of
from estimator.reference.resolve import factors_for
from estimator.reference.scenarios import TRIAL_LEVERS, present_run, stack_of, trial_refusals
from tests.core.levers_cases import BY_DEVICES, BY_OPERATIONS, FEDERATED, RUNS, SERVED, Body, with_fields
from tests.core.test_levers_properties import LEVERS, QUICK

FEW: dict[str, Any] = {"uncertainty": {"draws_count": 200, "seed": 1}}


def compared(body: Body, *stacks: list[Body], **more: Any) -> Comparison:
    run, factors = present_run(Workload.model_validate({**body, **FEW, **more}))
    return compare(
        run, factors, [stack_of(str(place), levers_of(stack), run, factors) for place, stack in enumerate(stacks)]
    )


def scenario(body: Body, *levers: Body, draws_count: int = 2000) -> ScenarioResult:
    return compared(body, list(levers), uncertainty={"draws_count": draws_count, "seed": 1}).scenarios[0]


def of_levers(body: Body, *levers: Body) -> Footprint:
    workload = Workload.model_validate({**body, **FEW, "levers": list(levers)})
    return estimate(workload, factors_for(workload))


@settings(QUICK, max_examples=30)
@given(st.sampled_from(sorted(RUNS)), st.lists(LEVERS, min_size=1, max_size=4, unique_by=lambda one: str(one["lever"])))
def test_waterfall_and_explanation_sum_to_what_calculate_says(run: str, levers: list[Body]) -> None:
    try:
        found, asked = compared(RUNS[run], levers), of_levers(RUNS[run], *levers)
    except InputProblems:
        assume(False)
        raise
    one = found.scenarios[0]
    before, after = found.baseline.result.total_kgco2e.central, one.result.total_kgco2e.central
    near = 1e-9 * max(before, after)
    assert math.fsum(step.saving_kgco2e.central for step in one.waterfall) == pytest.approx(
        before - after, rel=1e-9, abs=near
    )
    assert one.saving_kgco2e.central == pytest.approx(before - after, rel=1e-9, abs=near)
    assert math.fsum(part.difference_kgco2e for part in one.differences) == pytest.approx(
        after - before, rel=1e-9, abs=near
    )
    assert [step.lever for step in one.waterfall] == [lever.lever for lever in in_order(levers_of(levers))]
    assert all(step.after_kgco2e.low >= 0.0 for step in one.waterfall)
    assert asked.levers_together is not None
    assert one.result.total_kgco2e == asked.levers_together.after_kgco2e
    assert one.saving_kgco2e == asked.levers_together.saving_kgco2e
    assert one.saving_share == asked.levers_together.saving_share
    assert one.levers == asked.levers
    assert Comparison.model_validate_json(found.model_dump_json()) == found


def test_between_any_two_scenarios_the_explanation_adds_up() -> None:
    levers = [{"lever": "hardware", "accelerator": "b200"}], [{"lever": "region", "country": "FR"}], [FEDERATED]
    found = compared(BY_OPERATIONS, *levers)
    runs = [found.baseline, *(Run(result=one.result, needs=one.needs) for one in found.scenarios)]
    for before in runs:
        for after in runs:
            parts = differences(before, after)
            total = after.result.total_kgco2e.central - before.result.total_kgco2e.central
            assert math.fsum(part.difference_kgco2e for part in parts) == pytest.approx(total, rel=1e-9, abs=1e-6)


def test_only_what_changed_explains_anything() -> None:
    (grid,) = scenario(BY_OPERATIONS, {"lever": "region", "country": "FR", "pue": 1.5}).differences[-1:]
    assert grid.name == "grid_intensity"
    # A cap that is none, and a grid without any emission: nothing, and everything of the electricity.
    assert scenario(BY_OPERATIONS, {"lever": "power_cap", "power_cap_share": 1.0}).differences == ()
    clean = scenario(BY_OPERATIONS, {"lever": "region", "grid_intensity_gco2e_per_kwh": 0.0})
    (part,) = clean.differences
    assert part.name == "grid_intensity" and part.after == 0.0
    assert clean.result.operational_location_based_kgco2e.central == 0.0


def test_a_run_of_next_to_nothing_is_explained_too() -> None:
    least = {**BY_DEVICES, "accelerator_hours": 5e-324}
    one = scenario(least, {"lever": "region", "country": "SE"}, {"lever": "pue", "pue": 1.01})
    assert all(math.isfinite(part.difference_kgco2e) for part in one.differences)


def test_a_lever_beyond_all_numbers_is_refused() -> None:
    with pytest.raises(InputProblems, match="too large"):
        scenario(BY_DEVICES, {"lever": "distributed", "accelerator_count": 4, "scaling_efficiency": 5e-324})


def test_neutral_levers_have_steps_of_nothing() -> None:
    levers: list[Body] = [
        {"lever": "power_cap", "power_cap_share": 1.0},
        {"lever": "pruning", "sparsity": 0.0},
        {"lever": "early_stopping", "stopped_share": 0.0},
        {"lever": "time_shift", "window_h": 0.0},
    ]
    one = scenario(BY_OPERATIONS, *levers)
    assert {step.saving_kgco2e.low for step in one.waterfall} == {0.0}
    assert {step.saving_kgco2e.high for step in one.waterfall} == {0.0}
    assert one.differences == ()


def test_a_contract_leaves_the_electricity_by_the_grid_as_it_is() -> None:
    contract = {"lever": "renewable_contract", "contracted_share": 0.5}
    one = scenario(BY_OPERATIONS, {"lever": "region", "country": "FR"}, contract)
    *_, step = one.waterfall
    assert step.saving_kgco2e.central == step.saving_kgco2e.high == 0.0
    assert step.market_based_saving_kgco2e is not None and step.market_based_saving_kgco2e.central > 0.0
    location, market = one.result.operational_location_based_kgco2e, one.result.operational_market_based_kgco2e
    assert market is not None and market.central == pytest.approx(location.central / 2, rel=1e-9)
    without = scenario(BY_OPERATIONS, {"lever": "region", "country": "FR"})
    assert location == without.result.operational_location_based_kgco2e


def test_what_a_run_needs_follows_the_levers() -> None:
    found = compared(SERVED, [{"lever": "quantisation", "bits": 4}])
    before, after = found.baseline.needs, found.scenarios[0].needs
    assert (before.accelerator_count, after.accelerator_count) == (2.0, 1.0)
    # 70 billion weights of 16 and of 4.25 bits, scales included; the caches of eight sequences are the same.
    assert before.memory_needed_gb is not None and after.memory_needed_gb is not None
    assert before.memory_needed_gb - after.memory_needed_gb == pytest.approx(140.0 - 37.1875, rel=1e-9)
    assert (before.memory_available_gb, after.memory_available_gb) == (160.0, 80.0)
    assert scenario(BY_OPERATIONS, FEDERATED).needs.accelerator_count is None


def test_refusals_say_which_levers_cannot_act() -> None:
    assert {lever.lever for lever in TRIAL_LEVERS} == set(KNOWN)
    refused = {
        name: set(trial_refusals(*present_run(Workload.model_validate({**body, **FEW})))) for name, body in RUNS.items()
    }
    assert refused["served"] == {"federated", "reuse", "early_stopping"}
    assert refused["by_operations"] == {"batch_size", "output_length"}
    assert {"pruning", "quantisation", "hardware"} <= refused["items"]


# --- what nobody may promise ------------------------------------------------------------------------------------------


def test_four_bits_pay_on_a_large_model_and_not_on_a_small_one() -> None:
    four_bits = {"lever": "quantisation", "bits": 4}
    small = scenario(with_fields(SERVED, model={"parameters_count": 1_500_000_000}), four_bits)
    large = scenario(SERVED, four_bits)
    assert small.saving_kgco2e.central <= 0.0
    assert small.saving_kgco2e.low < 0.0
    assert large.saving_kgco2e.low > 0.0


def test_single_zeros_without_kernels_save_nothing() -> None:
    one = scenario(SERVED, {"lever": "pruning", "sparsity": 0.9})
    assert one.saving_kgco2e.low == one.saving_kgco2e.high == 0.0
    assert one.waterfall[0].conditions


def test_fp8_on_h100_may_be_a_loss() -> None:
    saving = scenario(SERVED, {"lever": "quantisation", "precision": "fp8"}).saving_kgco2e
    assert saving.low < 0.0 < saving.high


def test_a_central_run_on_a_clean_grid_against_phones_says_who_wins_and_why() -> None:
    central = with_fields(BY_OPERATIONS, location={"country": "SE"}, model={"training_tokens": 10**9})
    phones = FEDERATED | {"clients_count": 10_000, "rounds_count": 1000, "client_locations": ["IN", "PL"]}
    lost = scenario(central, phones)
    assert lost.saving_kgco2e.high < 0.0
    assert {part.name for part in lost.differences} == {"device_energy", "pue", "grid_intensity", "embodied"}
    grid = next(part for part in lost.differences if part.name == "grid_intensity")
    assert grid.difference_kgco2e > 0.0 and grid.after > grid.before
    # The other way round: few phones on a clean grid against a central run on a dirty one.
    dirty = with_fields(BY_OPERATIONS, location={"country": "PL"})
    assert scenario(dirty, FEDERATED | {"client_locations": ["SE"]}).saving_kgco2e.low > 0.0
