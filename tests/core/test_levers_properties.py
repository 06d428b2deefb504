"""What holds for every lever, whatever its settings: no negative energy, no double counting, one order."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from estimator.core.footprint import Footprint, LeverSaving, LeversTogether
from estimator.core.inputs import InputProblems
from tests.core.levers_cases import FEDERATED, RUNS, footprint

Lever = dict[str, Any]
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def lever(name: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Lever]:
    return st.fixed_dictionaries({"lever": st.just(name), **fields})


#: The first of each pair commutes with all others, as it acts on a quantity of its own.
LEVERS = st.one_of(
    lever(
        "pruning",
        sparsity=st.sampled_from([0.0, 0.3, 0.5, 0.9]),
        kind=st.sampled_from(["unstructured", "structured"]),
        sparse_kernels=st.booleans(),
    ),
    lever("pruning", kind=st.just("two_four")),
    lever("quantisation", precision=st.sampled_from(["fp32", "bf16", "fp8", "int8", "int4"])),
    lever("quantisation", bits=st.sampled_from([8, 4]), kind=st.sampled_from(["weights", "weights_and_activations"])),
    lever("hardware", accelerator=st.sampled_from(["h100", "b200", "a100 80gb", "google-tpu-v4"])),
    lever("distributed", accelerator_count=st.sampled_from([1, 4, 512])),
    lever("reuse", kind=st.sampled_from(["fine_tuning", "lora", "distillation"])),
    lever("region", country=st.sampled_from(["FR", "IN", "US"])),
    lever("time_shift", interruptible=st.booleans()),
    lever("renewable_contract", contracted_share=st.floats(0, 1)),
    lever("pue", pue=st.floats(1.0, 2.0)),
    lever("batch_size", batch_size=st.sampled_from([1, 64, 1024])),
    lever("power_cap", power_cap_share=st.floats(0.2, 1.0)),
    lever("early_stopping", stopped_share=st.floats(0, 0.99)),
    lever("output_length", output_tokens=st.integers(1, 5000), cached_share=st.floats(0, 0.9)),
    lever("mixture_of_experts", active_parameters_count=st.sampled_from([10**9, 7 * 10**9])),
    st.just(FEDERATED),
)


def computed(run: str, *levers: Lever) -> Footprint:
    """The footprint, for levers that apply to such a run."""
    try:
        return footprint(RUNS[run], *levers, draws_count=200)
    except InputProblems:
        assume(False)
        raise


@QUICK
@given(st.sampled_from(sorted(RUNS)), st.lists(LEVERS, min_size=1, max_size=4))
def test_nothing_is_negative_and_savings_are_before_minus_after(run: str, levers: list[Lever]) -> None:
    found = computed(run, *levers)
    total = found.result.total_kgco2e
    together = found.levers_together
    assert together is not None
    every: list[LeverSaving | LeversTogether] = [*found.levers, together]
    for one in every:
        assert 0.0 <= one.after_kgco2e.low <= one.after_kgco2e.central <= one.after_kgco2e.high
        assert one.saving_kgco2e.central == pytest.approx(
            total.central - one.after_kgco2e.central, rel=1e-12, abs=1e-9 * total.central
        )
        assert one.saving_share.low <= one.saving_share.central <= one.saving_share.high <= 1.0
        assert one.saving_share.central == pytest.approx(one.saving_kgco2e.central / total.central, rel=1e-9, abs=1e-12)


@QUICK
@given(st.sampled_from(sorted(RUNS)), st.lists(LEVERS, min_size=2, max_size=3))
def test_a_stack_is_the_same_in_any_order_of_the_list(run: str, levers: list[Lever]) -> None:
    assume(len({one["lever"] for one in levers}) == len(levers))
    stacks = {str(computed(run, *order).levers_together) for order in permutations(levers)}
    assert len(stacks) == 1


@QUICK
@given(st.sampled_from(sorted(RUNS)), LEVERS)
def test_a_lever_alone_is_a_stack_of_one(run: str, one: Lever) -> None:
    found = computed(run, one)
    assert found.levers_together is not None
    assert found.levers_together.after_kgco2e == found.levers[0].after_kgco2e


@QUICK
@given(
    st.sampled_from(sorted(RUNS)),
    st.floats(0.05, 1.0),
    st.floats(1.0, 1.9),
    st.sampled_from(["early_stopping", "time_shift", "power_cap"]),
)
def test_independent_levers_multiply(run: str, cleaner: float, pue: float, third: str) -> None:
    """Grid, facility and work are factors of one product: where devices are not counted, so are their savings."""
    body = RUNS[run] | {"embodied": {"include": False}, "grid_intensity_gco2e_per_kwh": 500.0, "pue": 2.0}
    thirds: dict[str, Lever] = {
        "early_stopping": {"lever": "early_stopping", "stopped_share": 0.4},
        "time_shift": {"lever": "time_shift"},
        "power_cap": {"lever": "power_cap", "power_cap_share": 0.7},
    }
    region = {"lever": "region", "grid_intensity_gco2e_per_kwh": 500.0 * cleaner}
    levers: list[Lever] = [region, {"lever": "pue", "pue": pue}, thirds[third]]
    try:
        found = footprint(body, *levers, draws_count=0)
    except InputProblems:
        assume(False)
        raise
    left = 1.0
    for one in found.levers:
        left *= 1.0 - one.saving_share.central
    assert found.levers_together is not None
    assert 1.0 - found.levers_together.saving_share.central == pytest.approx(left, rel=1e-9)


@QUICK
@given(st.sampled_from(sorted(RUNS)), st.floats(0, 1), st.lists(LEVERS, max_size=2))
def test_a_contract_leaves_the_total_as_it_is(run: str, share: float, others: list[Lever]) -> None:
    others = [one for one in others if one["lever"] != "renewable_contract"]
    contract = {"lever": "renewable_contract", "contracted_share": share}
    with_it = computed(run, *others, contract)
    assert with_it.levers[-1].saving_kgco2e.central == with_it.levers[-1].saving_kgco2e.high == 0.0
    if others:
        without = computed(run, *others)
        assert without.levers_together is not None and with_it.levers_together is not None
        assert with_it.levers_together.after_kgco2e == without.levers_together.after_kgco2e


@QUICK
@given(st.sampled_from(sorted(RUNS)), LEVERS)
def test_levers_leave_the_run_itself_as_it_is(run: str, one: Lever) -> None:
    with_it, without = computed(run, one), footprint(RUNS[run], draws_count=200)
    assert with_it.result == without.result
    assert with_it.steps == without.steps
    assert with_it.contributions == without.contributions
