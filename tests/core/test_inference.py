"""Energy of serving, from what a request makes the accelerators do."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core import flops, inference, serving
from estimator.core.units import Quantity

TABLE = Path(inference.__file__).parents[1] / "reference" / "data" / "inference_calibration.csv"
H100 = {"tdp_w": 700.0, "peak_flops": 989.4e12, "memory_bandwidth_gb_per_s": 3350.0}


def calibration() -> dict[str, float]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["id"]: float(row["central"]) for row in csv.DictReader(file) if row["kind"] == "parameter"}


PARAMETERS = calibration()


def pick(*names: str) -> dict[str, float]:
    return {name: PARAMETERS[name] for name in names}


def token_energy_j(
    *,
    parameters: Quantity,
    active: Quantity | None = None,
    batch: Quantity = 64.0,
    count: Quantity = 1.0,
    prompt: Quantity = 200.0,
    answer: Quantity = 400.0,
    bytes_per_parameter: Quantity = 2.0,
) -> Any:
    """Energy of a token on H100 boards: the whole chain, as the composer strings it together."""
    active = parameters if active is None else active
    size: dict[str, Any] = {"parameters_count": parameters, "active_parameters_count": active}
    layers = flops.layer_count_estimate(parameters_count=parameters)
    times: dict[str, Any] = {
        "memory_bound_s": inference.memory_bound_s(
            output_tokens=answer,
            weights_read_gb=serving.weights_read_gb(**size, batch_size=batch, bytes_per_parameter=bytes_per_parameter),
            kv_cache_gb=serving.kv_cache_gb(
                active_parameters_count=active,
                context_tokens=serving.mean_context_tokens(input_tokens=prompt, output_tokens=answer),
            ),
            batch_size=batch,
            accelerator_count=count,
            memory_bandwidth_gb_per_s=H100["memory_bandwidth_gb_per_s"],
            **pick("memory_efficiency", "split_penalty"),
        ),
        "compute_bound_s": inference.compute_bound_s(
            request_flop=flops.request_flop(active_parameters_count=active, input_tokens=prompt, output_tokens=answer),
            peak_flops=H100["peak_flops"],
            accelerator_count=count,
            **size,
            **pick("compute_efficiency", "split_penalty", "split_mixture_factor"),
        ),
        "step_overhead_s": inference.step_overhead_s(
            output_tokens=answer,
            batch_size=batch,
            layer_count=layers,
            accelerator_count=count,
            **size,
            **pick("layer_overhead_s", "split_layer_overhead_s", "split_mixture_layer_overhead_s"),
        ),
    }
    energy_j = inference.request_energy_j(
        **times,
        tdp_w=H100["tdp_w"],
        **pick("memory_bound_draw", "compute_bound_draw", "overhead_draw"),
    )
    return inference.energy_j_per_output_token(request_energy_j=energy_j, output_tokens=answer)


def test_reading_by_hand() -> None:
    # 16 GB of weights for two sequences and 1 GB of cache: 9 GB a token at half of 3,000 GB/s take 6 ms, ten 60 ms.
    seconds = inference.memory_bound_s(
        output_tokens=10,
        weights_read_gb=16.0,
        kv_cache_gb=1.0,
        batch_size=2,
        accelerator_count=1,
        memory_bandwidth_gb_per_s=3000.0,
        memory_efficiency=0.5,
        split_penalty=0.1,
    )
    assert float(seconds) == pytest.approx(0.060)


def test_multiplying_by_hand() -> None:
    # 1e15 operations at 0.4 of 1e15 a second are 2.5 s; on four boards 1.2 times, and thrice that with experts.
    arguments: dict[str, Any] = {
        "request_flop": 1e15,
        "peak_flops": 1e15,
        "compute_efficiency": 0.4,
        "parameters_count": 100e9,
        "split_penalty": 0.1,
        "split_mixture_factor": 3.0,
    }
    dense = inference.compute_bound_s(active_parameters_count=100e9, accelerator_count=4, **arguments)
    experts = inference.compute_bound_s(active_parameters_count=10e9, accelerator_count=4, **arguments)
    one = inference.compute_bound_s(active_parameters_count=10e9, accelerator_count=1, **arguments)
    assert [float(seconds) for seconds in (one, dense, experts)] == pytest.approx([2.5, 3.0, 9.0])


def test_overhead_by_hand() -> None:
    # Ten tokens, 50 layers, two boards and a batch of five: 200 layer-steps a sequence and board, at 1, 3 and 7 us.
    arguments: dict[str, Any] = {
        "output_tokens": 10,
        "batch_size": 5,
        "layer_count": 50,
        "parameters_count": 100e9,
        "layer_overhead_s": 1e-6,
        "split_layer_overhead_s": 2e-6,
        "split_mixture_layer_overhead_s": 4e-6,
    }
    one = inference.step_overhead_s(active_parameters_count=10e9, accelerator_count=1, **arguments)
    dense = inference.step_overhead_s(active_parameters_count=100e9, accelerator_count=2, **arguments)
    experts = inference.step_overhead_s(active_parameters_count=10e9, accelerator_count=2, **arguments)
    assert [float(seconds) for seconds in (one, dense, experts)] == pytest.approx([100e-6, 600e-6, 1400e-6])


def test_experts_touched_by_a_batch() -> None:
    size: dict[str, Any] = {"parameters_count": 100e9, "active_parameters_count": 10e9, "bytes_per_parameter": 1.0}
    read = [float(serving.weights_read_gb(batch_size=batch, **size)) for batch in (1, 2, 1000)]
    # One token reads its own tenth, two read 1 - 0.9 x 0.9, many read everything.
    assert read == pytest.approx([10.0, 19.0, 100.0])


def test_a_dense_model_reads_everything() -> None:
    read = serving.weights_read_gb(
        parameters_count=70e9, active_parameters_count=70e9, batch_size=1, bytes_per_parameter=2.0
    )
    assert float(read) == 140.0


@pytest.mark.parametrize(
    ("parameters", "active", "size", "expected"),
    [(8e9, 8e9, 2.0, 1), (70e9, 70e9, 2.0, 2), (405e9, 405e9, 2.0, 16), (671e9, 37e9, 1.0, 16), (70e9, 70e9, 0.53, 1)],
)
def test_boards_that_hold_a_model(parameters: float, active: float, size: float, expected: int) -> None:
    count = serving.serving_accelerator_count(
        parameters_count=parameters,
        active_parameters_count=active,
        bytes_per_parameter=size,
        batch_size=16,
        context_tokens=500,
        memory_gb=80.0,
    )
    assert count == expected


@pytest.mark.parametrize(("active", "kilobytes"), [(8.03e9, 131), (70.6e9, 328), (405.9e9, 516), (22e9, 193)])
def test_caches_of_published_models(active: float, kilobytes: float) -> None:
    cache_gb = serving.kv_cache_gb(active_parameters_count=active, context_tokens=1.0)
    assert float(cache_gb) * 1e6 == pytest.approx(kilobytes, rel=0.2)


@given(parameters=st.floats(1e9, 1e12), batch=st.floats(1.0, 512.0))
def test_a_larger_batch_never_costs_more(parameters: float, batch: float) -> None:
    assert token_energy_j(parameters=parameters, batch=2.0 * batch) <= token_energy_j(
        parameters=parameters, batch=batch
    )


@given(parameters=st.floats(1e9, 1e12), batch=st.floats(1.0, 4096.0), factor=st.floats(1.01, 10.0))
def test_a_larger_model_costs_more(parameters: float, batch: float, factor: float) -> None:
    assert token_energy_j(parameters=parameters * factor, batch=batch) > token_energy_j(
        parameters=parameters, batch=batch
    )


@given(prompt=st.floats(0.0, 1e5), batch=st.floats(1.0, 512.0))
def test_a_longer_prompt_costs_more(prompt: float, batch: float) -> None:
    longer = token_energy_j(parameters=8e9, prompt=prompt + 100.0, batch=batch)
    assert longer > token_energy_j(parameters=8e9, prompt=prompt, batch=batch)


def test_smaller_weights_cost_less() -> None:
    energies = [
        float(token_energy_j(parameters=70e9, batch=8.0, bytes_per_parameter=size)) for size in (2.0, 1.0, 0.53)
    ]
    assert energies == sorted(energies, reverse=True)


def test_experts_cost_less_than_a_dense_model_of_their_size_and_more_than_one_of_their_active_size() -> None:
    experts = token_energy_j(parameters=235e9, active=22e9, count=8.0)
    assert token_energy_j(parameters=22e9) < experts
    assert token_energy_j(parameters=235e9, active=22e9, batch=4.0) < token_energy_j(parameters=235e9, batch=4.0)


def test_a_prompt_without_an_answer_has_energy() -> None:
    flop = flops.request_flop(active_parameters_count=8e9, input_tokens=500, output_tokens=0)
    assert flop > 0.0
    overhead = inference.step_overhead_s(
        output_tokens=0,
        batch_size=8,
        layer_count=32,
        parameters_count=8e9,
        active_parameters_count=8e9,
        accelerator_count=1,
        **pick("layer_overhead_s", "split_layer_overhead_s", "split_mixture_layer_overhead_s"),
    )
    assert overhead == 0.0


def test_arrays_equal_numbers() -> None:
    parameters = np.array([8e9, 70e9, 235e9, 671e9])
    active = np.array([8e9, 70e9, 22e9, 37e9])
    count = np.array([1.0, 2.0, 8.0, 16.0])
    array = token_energy_j(parameters=parameters, active=active, count=count)
    numbers = [
        token_energy_j(parameters=float(p), active=float(a), count=float(n))
        for p, a, n in zip(parameters, active, count, strict=True)
    ]
    assert np.asarray(array) == pytest.approx(np.asarray(numbers))


def test_one_uncertain_input_may_be_an_array() -> None:
    batch = np.array([8.0, 64.0, 256.0])
    assert token_energy_j(parameters=70e9, count=4.0, batch=batch).shape == (3,)
    assert token_energy_j(parameters=235e9, active=22e9, count=np.array([4.0, 8.0])).shape == (2,)


def test_idle_share_and_hours() -> None:
    # 0.3 Wh a request, a million requests, a tenth of the energy drawn while waiting.
    energy_kwh = inference.serving_energy_kwh(request_energy_j=1080.0, requests_count=1e6, idle_energy_share=0.1)
    assert float(energy_kwh) == pytest.approx(300.0 / 0.9)
    hours = inference.serving_accelerator_hours(request_accelerator_s=1.8, requests_count=1e6, busy_share=0.5)
    assert float(hours) == pytest.approx(1000.0)


def test_thousand_images() -> None:
    # Luccioni et al. 2024, table 2: 2.907 kWh for a thousand images.
    assert inference.item_energy_kwh(item_count=1000, energy_wh_per_item=2.907) == pytest.approx(2.907)
