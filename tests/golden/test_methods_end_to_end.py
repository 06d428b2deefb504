"""What the site computes is what was fitted: the resolver and the composer string the same functions together."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator.core.estimate import estimate
from estimator.core.flops import flop_accelerator_hours, training_flop
from estimator.core.footprint import Footprint
from estimator.core.green_algorithms import cores_and_memory_energy_kwh
from estimator.core.inputs import Workload
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from tests.core.test_estimate import evaluated
from tests.golden.fit import fit_mfu, fit_serving

COUNTS = st.integers(1, 10**6)


def footprint(*, draws_count: int = 0, **fields: Any) -> Footprint:
    workload = Workload.model_validate({**fields, "uncertainty": {"draws_count": draws_count, "seed": 1}})
    return estimate(workload, factors_for(workload))


def step(found: Footprint, name: str) -> float:
    return next(step.value for step in found.steps if step.name == name)


def known(found: Footprint, name: str) -> float:
    return next(one.value for one in found.assumptions if one.name == name)


# Training

TRAININGS = {run.id: run for run in (*fit_mfu.read_runs("fit"), *fit_mfu.read_runs("holdout"))}


@pytest.mark.parametrize(
    ("fields", "family", "is_mixture", "peak_flops"),
    [
        # Llama 2 70B, dense, and DeepSeek-V3, of which 37 of 671 billion parameters work on a token.
        (
            {
                "model": {"parameters_count": 68_980_000_000, "training_tokens": 2 * 10**12},
                "hardware": {"accelerator": "nvidia-a100-sxm4-80gb"},
            },
            "ampere",
            False,
            312e12,
        ),
        (
            {
                "model": {
                    "parameters_count": 671 * 10**9,
                    "active_parameters_count": 37 * 10**9,
                    "training_tokens": 148 * 10**11,
                },
                "hardware": {"accelerator": "nvidia-h800-sxm5-80gb"},
            },
            "hopper",
            True,
            989.4e12,
        ),
    ],
    ids=["dense", "mixture"],
)
def test_a_training_takes_the_hours_that_the_fit_predicts(
    fields: dict[str, Any], family: str, is_mixture: bool, peak_flops: float
) -> None:
    found = footprint(method="training_flop", **fields)
    model = fields["model"]
    active = model.get("active_parameters_count", model["parameters_count"])
    flop = training_flop(active_parameters_count=active, training_tokens=model["training_tokens"])
    like_it = next(run for run in TRAININGS.values() if run.family == family)
    run = type(like_it)(
        **{name: getattr(like_it, name) for name in like_it.__slots__}
        | {"family": family, "mixture": is_mixture, "peak_flops": peak_flops, "total_flop": float(flop)}
    )
    predicted_h = fit_mfu.predicted_hours(run, fit_mfu.fit(fit_mfu.read_runs("fit")))
    assert found.result.accelerator_hours is not None and found.result.total_flop is not None
    assert found.result.total_flop.central == pytest.approx(float(flop), rel=1e-12)
    # The table holds three digits of the utilisation.
    assert found.result.accelerator_hours.central == pytest.approx(predicted_h, rel=3e-3)
    assert found.result.accelerator_hours.central == pytest.approx(
        float(flop_accelerator_hours(total_flop=flop, peak_flops=peak_flops, mfu=known(found, "mfu"))), rel=1e-12
    )


def test_a_published_model_tells_what_its_training_took() -> None:
    by_name = footprint(model={"preset": "llama-2-70b"}, hardware={"accelerator": "a100-sxm4-80gb"})
    by_hand = footprint(
        model={"parameters_count": 68_980_000_000, "training_tokens": 2 * 10**12},
        hardware={"accelerator": "a100-sxm4-80gb"},
    )
    assert by_name.method == by_hand.method == "training_flop"
    assert by_name.result == by_hand.result
    assert {one.status for one in by_name.assumptions if one.name == "training_tokens"} == {"looked_up"}


@pytest.mark.parametrize("known_one", [{"hardware": {"accelerator_count": 2000}}, {"duration_h": 860.0}])
def test_count_and_hours_are_solved_for_each_other(known_one: dict[str, Any]) -> None:
    model = {"parameters_count": 68_980_000_000, "training_tokens": 2 * 10**12}
    hardware = {"accelerator": "nvidia-a100-sxm4-80gb", "mfu": 0.42839} | known_one.pop("hardware", {})
    found = footprint(method="training_flop", model=model, hardware=hardware, **known_one)
    # 1,720,320 accelerator-hours on 2,000 of them are 860 hours.
    if "accelerator_count" in hardware:
        assert step(found, "duration_h") == pytest.approx(860.16, rel=1e-4)
    else:
        assert step(found, "accelerator_count") == pytest.approx(2000.4, rel=1e-3)
    assert found.result.accelerator_hours is not None
    assert found.result.accelerator_hours.central == pytest.approx(1_720_320, rel=1e-4)
    assert {one.status for one in found.assumptions if one.name == "mfu"} == {"given"}


def test_frozen_weights_take_two_thirds() -> None:
    hardware = {"accelerator": "h100", "accelerator_count": 8}
    full, lora = (
        footprint(
            model={"parameters_count": 8 * 10**9, "training_tokens": 10**9, "training_kind": kind}, hardware=hardware
        ).result.facility_energy_kwh.central
        for kind in ("full", "qlora")
    )
    assert lora / full == pytest.approx(2 / 3)


def test_hours_and_operations_imply_a_utilisation() -> None:
    found = footprint(
        model={"parameters_count": 68_980_000_000, "training_tokens": 2 * 10**12},
        hardware={"accelerator": "nvidia-a100-sxm4-80gb"},
        accelerator_hours=1_720_320.0,
    )
    assert found.method == "device_hours"
    assert found.result.mfu is not None and found.result.total_flop is not None
    assert found.result.mfu.central == pytest.approx(0.42839, rel=1e-4)
    assert found.result.total_flop.central == pytest.approx(8.2776e23)


# Serving

BOARD = catalogue.find_accelerator("nvidia-h100-sxm5-80gb").row


def chain(row: dict[str, str]) -> tuple[float, float]:
    """Energy of an output token, and accelerator time of a request, by the chain that the fit went through."""
    runs = fit_serving.Runs([row])
    table = {key: fitted.central for key, fitted in catalogue.shelf().calibration.items()}
    times = np.array([table[name] for name, *_ in fit_serving.TIMES])
    draws = np.array([table[name] for name, *_ in fit_serving.DRAWS])
    seconds = fit_serving.accelerator_s_per_output_token(runs, times) * runs.output_tokens
    return float(fit_serving.energy_j_per_output_token(runs, times, draws)[0]), float(seconds[0])


def serving(row: dict[str, str], requests_count: int = 1000, **hardware: Any) -> Footprint:
    return footprint(
        activity="inference",
        model={
            "parameters_count": int(float(row["parameters_count"])),
            "active_parameters_count": int(float(row["active_parameters_count"])),
        },
        hardware={"accelerator": BOARD.id, "accelerator_count": int(row["accelerator_count"]), **hardware},
        inference={
            "requests_count": requests_count,
            "input_tokens": int(float(row["input_tokens"])),
            "output_tokens": int(float(row["output_tokens"])),
            "batch_size": int(float(row["batch_size"])),
            "precision": row["precision"],
        },
    )


@pytest.mark.parametrize("row", fit_serving.read(fit_serving.RUNS), ids=lambda row: f"{row['model']}-{row['task']}")
def test_a_request_takes_what_the_fit_predicts(row: dict[str, str]) -> None:
    # Lengths were measured as means; the form takes whole tokens.
    row = row | {name: str(round(float(row[name]))) for name in ("batch_size", "input_tokens", "output_tokens")}
    energy_j, request_s = chain(row)
    found = serving(row, idle_share=0.0)
    output_tokens = int(float(row["output_tokens"]))
    assert step(found, "energy_j_per_output_token") == pytest.approx(energy_j, rel=1e-9)
    assert step(found, "request_accelerator_s") == pytest.approx(request_s, rel=1e-9)
    assert found.result.accelerator_energy_kwh is not None and found.result.accelerator_hours is not None
    assert found.result.accelerator_energy_kwh.central == pytest.approx(energy_j * output_tokens / 3600, rel=1e-9)
    assert found.result.accelerator_hours.central == pytest.approx(request_s * 1000 / 3600, rel=1e-9)


def chat(**fields: Any) -> Footprint:
    asked = {"requests_count": 10**6, "input_tokens": 200, "output_tokens": 400, "batch_size": 64}
    return footprint(
        activity="inference",
        model={"preset": "llama-3-1-70b"},
        hardware={"accelerator": BOARD.id, **fields.pop("hardware", {})},
        inference=asked | fields.pop("inference", {}),
        **fields,
    )


def test_a_chat_service_by_the_chain() -> None:
    row = {
        "model": "llama-3-1-70b",
        "task": "chat",
        "accelerator": "H100",
        "precision": "bf16",
        "parameters_count": "70.55e9",
        "active_parameters_count": "70.55e9",
        "accelerator_count": "4",
        "batch_size": "64",
        "input_tokens": "200",
        "output_tokens": "400",
        "energy_j_per_output_token": "1",
        "power_w": "1",
    }
    energy_j, _ = chain(row)
    found = chat()
    # Four boards of 80 GB hold 141 GB of weights and 7 GB of caches; 10 % idle, 35 % around the boards, PUE 1.54.
    assert step(found, "accelerator_count") == 4.0
    it_kwh = energy_j * 400 * 1e6 / 3.6e6 / 0.9 * 1.35
    assert found.result.it_energy_kwh.central == pytest.approx(it_kwh, rel=1e-6)
    assert found.result.facility_energy_kwh.central == pytest.approx(it_kwh * 1.54, rel=1e-6)
    unit = found.result.functional_unit
    assert unit is not None and (unit.name, unit.count) == ("request", 1e6)
    assert unit.kwh_per_unit.central == pytest.approx(it_kwh * 1.54 / 1e6, rel=1e-6)


def headline(found: Footprint) -> float:
    return found.result.facility_energy_kwh.central


@given(requests=COUNTS, factor=st.integers(1, 1000))
@settings(max_examples=20, deadline=None)
def test_energy_is_linear_in_requests(requests: int, factor: int) -> None:
    one = headline(chat(inference={"requests_count": requests}))
    assert headline(chat(inference={"requests_count": requests * factor})) == pytest.approx(factor * one, rel=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        lambda tokens: {"input_tokens": tokens},
        lambda tokens: {"output_tokens": tokens},
        lambda tokens: {"input_tokens": tokens, "output_tokens": tokens},
    ],
)
@given(tokens=st.integers(1, 100_000), more=st.integers(1, 10_000))
@settings(max_examples=15, deadline=None)
def test_more_tokens_never_cost_less(change: Callable[[int], dict[str, int]], tokens: int, more: int) -> None:
    few, many = (chat(hardware={"accelerator_count": 8}, inference=change(count)) for count in (tokens, tokens + more))
    assert headline(many) > headline(few)


def test_a_prompt_without_an_answer_is_not_free() -> None:
    found = chat(inference={"output_tokens": 0})
    assert 0.0 < headline(found) < headline(chat())
    assert step(found, "memory_bound_s") == step(found, "step_overhead_s") == 0.0
    assert "energy_j_per_output_token" not in {one.name for one in found.steps}


def test_draws_go_through_the_same_formulas() -> None:
    exact, drawn = chat(), chat(draws_count=2000)
    for name, value in drawn.result:
        if hasattr(value, "central"):
            assert value.central == getattr(exact.result, name).central
            assert value.low <= value.central <= value.high and math.isfinite(value.high)
    # What is off in the formula is off in the hours alike.
    hours = drawn.result.accelerator_hours
    assert hours is not None
    assert hours.high / hours.central == pytest.approx(1.72, rel=0.05)
    assert hours.low / hours.central == pytest.approx(0.58, rel=0.05)


def test_a_closed_model_is_wider_than_an_open_one() -> None:
    found = footprint(
        draws_count=2000,
        activity="inference",
        model={"preset": "claude-opus-4-5"},
        inference={"requests_count": 1000},
    )
    active = next(one for one in found.assumptions if one.name == "active_parameters_count")
    assert (active.low, active.high, active.quality) == (67e9, 200e9, "guess")
    assert active.value == pytest.approx(math.sqrt(67e9 * 200e9))
    assert {"accelerator_assumed"} <= {warning.code for warning in found.warnings}
    assert math.isfinite(found.result.total_kgco2e.high)


@pytest.mark.parametrize(("task", "wh"), [("image_generation", 0.999), ("text_classification", 0.00179)])
def test_items_of_a_task_by_their_published_energy(task: str, wh: float) -> None:
    found = footprint(
        activity="inference",
        inference={"task": task, "requests_count": 1000},
        hardware={"idle_share": 0.0},
    )
    assert found.result.it_energy_kwh.central == pytest.approx(wh)
    assert found.boundary == "servers"
    assert found.result.functional_unit is not None and found.result.functional_unit.name == "item"


def test_videos_were_measured_at_the_accelerators() -> None:
    found = footprint(
        activity="inference",
        inference={"task": "video_generation", "requests_count": 100},
        hardware={"idle_share": 0.0, "host_overhead_share": 0.25},
    )
    assert found.result.accelerator_energy_kwh is not None
    assert found.result.accelerator_energy_kwh.central == pytest.approx(5.86)
    assert found.result.it_energy_kwh.central == pytest.approx(5.86 * 1.25)


# Cores and memory


def test_default_form_of_green_algorithms() -> None:
    found = footprint(duration_h=12.0, hardware={"mean_cpu_power_w": 90.0, "memory_gb": 64.0}, pue=1.67)
    assert found.method == "cores_and_memory"
    assert headline(found) == pytest.approx(2.2813536)
    assert found.boundary_includes == ("host", "facility")


def test_cores_of_a_named_cpu_with_an_accelerator() -> None:
    cpu = catalogue.find_cpu("amd-epyc-7742").row
    found = footprint(
        method="cores_and_memory",
        duration_h=10.0,
        hardware={
            "cpu": cpu.id,
            "cpu_core_count": 16,
            "memory_gb": 128.0,
            "accelerator": "v100",
            "accelerator_count": 2,
            "utilisation": 1.0,
        },
        pue=1.5,
        repeat_count=3,
    )
    by_method_kwh = cores_and_memory_energy_kwh(
        duration_h=10.0,
        core_count=16,
        core_power_w=cpu.tdp_w / cpu.core_count,
        memory_gb=128.0,
        pue=1.5,
        repeat_count=3,
    )
    assert headline(found) == pytest.approx(by_method_kwh + 3 * 1.5 * 2 * 300 * 10 / 1000)


# What is around the accelerators

DEVICE: dict[str, Any] = {"hardware": {"accelerator": "h100", "accelerator_count": 8}, "duration_h": 24.0}


def test_host_and_idle_are_counted_where_they_are_given() -> None:
    bare = footprint(**DEVICE)
    whole = footprint(**{**DEVICE, "hardware": DEVICE["hardware"] | {"host_overhead_share": 0.3, "idle_share": 0.2}})
    assert bare.result.it_energy_kwh.central == pytest.approx(8 * 24 * 700 * 0.8 / 1000)
    assert whole.result.it_energy_kwh.central == pytest.approx(bare.result.it_energy_kwh.central * 1.3 / 0.8)
    assert (bare.boundary, whole.boundary) == ("accelerators", "servers")
    assert set(whole.boundary_includes) - set(bare.boundary_includes) == {"host", "idle"}
    note = next(one.note for one in bare.assumptions if one.name == "host_overhead_share")
    assert "not counted" in note


def test_development_is_inside_where_it_is_given() -> None:
    assert "development" in footprint(**DEVICE, development_factor=0.5).boundary_includes
    assert "embodied" not in footprint(**DEVICE, embodied={"include": False}).boundary_includes


def test_certificates_lower_the_figure_by_contract_and_nothing_else() -> None:
    place: dict[str, Any] = {"grid_intensity_gco2e_per_kwh": 400.0}
    plain = footprint(**DEVICE, **place).result
    market = {"contracted_share": 0.5, "contract_intensity_gco2e_per_kwh": 20.0, "certificates_share": 0.3}
    found = footprint(**DEVICE, **place, market_based=market).result
    assert found.total_kgco2e == plain.total_kgco2e
    assert found.operational_market_based_kgco2e is not None
    expected_kg = plain.facility_energy_kwh.central * (0.5 * 20.0 + 0.2 * 400.0) / 1000
    assert found.operational_market_based_kgco2e.central == pytest.approx(expected_kg)
    all_covered = {"contracted_share": 0.7, "contract_intensity_gco2e_per_kwh": 0.0, "certificates_share": 0.3}
    nothing = footprint(**DEVICE, **place, market_based=all_covered).result.operational_market_based_kgco2e
    assert nothing is not None and nothing.central == pytest.approx(0.0, abs=1e-9)


# Steps

EVERY_METHOD: dict[str, dict[str, Any]] = {
    "dense": {"model": {"preset": "llama-2-70b"}, "hardware": {"accelerator": "a100-sxm4-80gb"}},
    "operations": {"model": {"preset": "gpt-4"}, "hardware": {"accelerator": "h100", "accelerator_count": 9}},
    "implied": {**DEVICE, "model": {"parameters_count": 10**9, "training_tokens": 10**11}},
    "cores": {"duration_h": 5.0, "hardware": {"cpu": "amd-epyc-7742", "cpu_count": 2, "memory_gb": 64.0}},
    "chat": {"model": {"preset": "llama-3-1-8b"}, "inference": {"requests_count": 77}},
    "experts": {"model": {"preset": "deepseek-v3-671b"}, "inference": {"requests_count": 77, "batch_size": 3}},
    "by draw": {
        "model": {"preset": "llama-3-1-8b"},
        "hardware": {"accelerator": "l4", "mean_accelerator_power_w": 60.0},
        "inference": {"requests_count": 77},
    },
    "images": {"inference": {"task": "image_generation", "requests_count": 3}},
}


@pytest.mark.parametrize("several", [{}, {"development_factor": 0.7, "repeat_count": 2}], ids=["once", "several"])
@pytest.mark.parametrize("fields", EVERY_METHOD.values(), ids=EVERY_METHOD.keys())
def test_each_step_says_what_was_computed(fields: dict[str, Any], several: dict[str, Any]) -> None:
    once, found = footprint(**fields), footprint(**fields, **several)
    values = {one.name: one.value for one in found.assumptions}
    values["functional_unit_count"] = float(fields.get("inference", {}).get("requests_count", 1))
    for one in found.steps:
        assert evaluated(one.formula, values) == pytest.approx(one.value, rel=1e-12), one
        assert evaluated(one.substituted, {}) == pytest.approx(one.value, rel=1e-7), one
        values[one.name] = one.value
    assert {source_id for one in found.steps for source_id in one.source_ids} <= set(found.sources)
    times = 3.4 if several else 1.0
    assert found.result.total_kgco2e.central == pytest.approx(times * once.result.total_kgco2e.central)
    if found.result.total_flop is not None and once.result.total_flop is not None:
        assert found.result.total_flop.central == pytest.approx(times * once.result.total_flop.central)
        assert found.result.mfu == once.result.mfu
