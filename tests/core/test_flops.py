"""Operations of training and of serving, and the hours that they take."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core import flops

COUNTS = st.floats(min_value=1e6, max_value=1e13)


def test_six_operations_a_parameter_and_token() -> None:
    # 6 x 175e9 x 300e9, as Brown et al. 2020 count GPT-3 (3.14e23 with 174.6e9 parameters).
    assert flops.training_flop(active_parameters_count=175e9, training_tokens=300e9) == pytest.approx(3.15e23)


def test_full_recomputation_makes_eight() -> None:
    once = flops.training_flop(active_parameters_count=130e9, training_tokens=400e9)
    twice = flops.training_flop(active_parameters_count=130e9, training_tokens=400e9, recomputed_share=1.0)
    # GLM-130B states 43.3 % of the hardware's and 32.5 % of the model's operations.
    assert float(twice / once) == pytest.approx(43.3 / 32.5, rel=1e-3)


def test_attention_of_palm() -> None:
    # PaLM 540B: 118 layers, 48 heads of 256, context 2,048: 46.2 % with attention and 45.7 % without (table 3).
    without = flops.training_flop(active_parameters_count=540.35e9, training_tokens=780e9)
    attention = flops.training_flop(
        active_parameters_count=540.35e9,
        training_tokens=780e9,
        layer_count=118,
        model_width=48 * 256,
        context_tokens=2048,
    )
    assert float(attention / without) == pytest.approx(46.2 / 45.7, abs=0.002)


def test_frozen_weights_need_four() -> None:
    whole, frozen = (
        flops.training_flop(
            active_parameters_count=7e9,
            training_tokens=1e9,
            flop_per_parameter_token=flops.FLOP_PER_PARAMETER_TOKEN[kind],
        )
        for kind in ("full", "lora")
    )
    assert float(frozen / whole) == pytest.approx(2 / 3)


def test_hours_of_llama_2_70b() -> None:
    # 6 x 68.98e9 x 2e12 = 8.278e23; at 0.4284 of 312 TFLOPS the 1,720,320 h of the model card.
    flop = flops.training_flop(active_parameters_count=68.98e9, training_tokens=2e12)
    hours = flops.flop_accelerator_hours(total_flop=flop, peak_flops=312e12, mfu=0.42839)
    assert float(hours) == pytest.approx(1_720_320, rel=1e-4)


@given(flop=st.floats(1e15, 1e27), peak=st.floats(1e12, 1e16), mfu=st.floats(0.01, 1.0))
def test_utilisation_and_hours_are_inverse(flop: float, peak: float, mfu: float) -> None:
    hours = flops.flop_accelerator_hours(total_flop=flop, peak_flops=peak, mfu=mfu)
    implied = flops.whole_job_mfu(total_flop=flop, accelerator_hours=hours, peak_flops=peak)
    assert float(implied) == pytest.approx(mfu)


@given(hours=st.floats(1.0, 1e9), count=st.floats(1.0, 1e6))
def test_duration_and_count_are_inverse(hours: float, count: float) -> None:
    duration = flops.run_duration_h(accelerator_hours=hours, accelerator_count=count)
    assert float(flops.required_accelerator_count(accelerator_hours=hours, duration_h=duration)) == pytest.approx(count)


@given(parameters=COUNTS, tokens=COUNTS, factor=st.floats(0.1, 10.0))
def test_operations_are_linear(parameters: float, tokens: float, factor: float) -> None:
    one = flops.training_flop(active_parameters_count=parameters, training_tokens=tokens)
    more = flops.training_flop(active_parameters_count=parameters, training_tokens=tokens * factor)
    assert float(more) == pytest.approx(float(one) * factor)


def test_arrays_equal_numbers() -> None:
    parameters = np.array([1e9, 7e9, 70e9])
    array = flops.training_flop(active_parameters_count=parameters, training_tokens=1e12)
    numbers = [flops.training_flop(active_parameters_count=float(count), training_tokens=1e12) for count in parameters]
    assert np.asarray(array) == pytest.approx(np.asarray(numbers))


def test_prompt_and_answer_cost_the_same() -> None:
    prompt = flops.request_flop(active_parameters_count=8e9, input_tokens=100, output_tokens=0)
    answer = flops.request_flop(active_parameters_count=8e9, input_tokens=0, output_tokens=100)
    assert prompt == answer == 1.6e12


def test_attention_outgrows_the_weights_in_long_contexts() -> None:
    shape = {"layer_count": 32.0, "model_width": 4096.0}
    short, long = (
        flops.request_flop(active_parameters_count=8e9, input_tokens=tokens, output_tokens=0, **shape)
        / flops.request_flop(active_parameters_count=8e9, input_tokens=tokens, output_tokens=0)
        for tokens in (500.0, 100_000.0)
    )
    assert float(short) < 1.01
    assert float(long) > 2.0


@pytest.mark.parametrize(
    ("precision", "expected"),
    [(None, 312e12), ("bf16", 312e12), ("fp16", 312e12), ("fp8", 312e12), ("tf32", 156e12), ("fp32", 19.5e12)],
)
def test_peak_in_training(precision: str | None, expected: float) -> None:
    peak = flops.training_peak_flops(
        precision=precision,  # type: ignore[arg-type]
        peak_fp16_flops=312e12,
        peak_fp32_flops=19.5e12,
    )
    assert peak == expected


def test_peak_without_16_bits() -> None:
    assert flops.training_peak_flops(precision=None, peak_fp16_flops=None, peak_fp32_flops=11e12) == 11e12
    assert flops.training_peak_flops(precision=None, peak_fp16_flops=None, peak_fp32_flops=None) is None


@pytest.mark.parametrize(
    ("precision", "expected"), [(None, 989.4e12), ("fp8", 1979e12), ("int8", 1979e12), ("int4", 989.4e12)]
)
def test_peak_in_serving(precision: str | None, expected: float) -> None:
    peak = flops.serving_peak_flops(
        precision=precision,  # type: ignore[arg-type]
        peak_fp16_flops=989.4e12,
        peak_int8_flops=1979e12,
    )
    assert peak == expected


def test_board_without_8_bits_serves_at_16() -> None:
    assert flops.serving_peak_flops(precision="fp8", peak_fp16_flops=312e12, peak_int8_flops=None) == 312e12


@pytest.mark.parametrize(
    ("parameters", "active", "layers", "width"),
    [(8.03e9, 8.03e9, 32, 4096), (70.6e9, 70.6e9, 80, 8192), (405.9e9, 405.9e9, 126, 16384), (235e9, 22e9, 94, 4096)],
)
def test_shapes_of_published_models(parameters: float, active: float, layers: int, width: int) -> None:
    estimate = flops.layer_count_estimate(parameters_count=parameters)
    assert float(estimate) == pytest.approx(layers, rel=0.3)
    assert float(flops.model_width_estimate(active_parameters_count=active, layer_count=estimate)) == pytest.approx(
        width, rel=0.3
    )
