"""How large a model is, which board serves it, and what is assumed where nothing is given."""

from typing import Any

import pytest

from estimator.core.factors import Factors
from estimator.core.inputs import Workload
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for


def factors(**fields: Any) -> Factors:
    return factors_for(Workload.model_validate(fields))


def values(**fields: Any) -> dict[str, float]:
    return {name: one.value for name, one in factors(**fields).assumptions.items()}


def chat(model: dict[str, Any], **fields: Any) -> dict[str, Any]:
    asked = {"requests_count": 1000, **fields.pop("inference", {})}
    return {"activity": "inference", "model": model, "inference": asked, **fields}


@pytest.mark.parametrize(
    ("model", "parameters", "active"),
    [
        ({"parameters_count": 7 * 10**9}, 7e9, 7e9),
        ({"active_parameters_count": 7 * 10**9}, 7e9, 7e9),
        ({"parameters_count": 100 * 10**9, "active_parameters_count": 7 * 10**9}, 100e9, 7e9),
        ({"preset": "mixtral-8x7b"}, 46.7e9, 12.9e9),
        # The size that the form fills in, rounded: still the same model.
        ({"preset": "mixtral-8x7b", "parameters_count": 47 * 10**9}, 47e9, 12.9e9),
        # Another size under the same name: all of it is active, for all that is known.
        ({"preset": "mixtral-8x7b", "parameters_count": 90 * 10**9}, 90e9, 90e9),
    ],
)
def test_given_sizes_beat_published_ones(model: dict[str, Any], parameters: float, active: float) -> None:
    found = values(**chat(model))
    assert (found["parameters_count"], found["active_parameters_count"]) == (parameters, active)


def test_published_sizes_say_where_they_come_from() -> None:
    found = factors(**chat({"preset": "llama-3-1-70b"})).assumptions["parameters_count"]
    assert (found.status, found.match, found.quality) == ("looked_up", "exact", "rated")
    assert "Llama 3.1" in found.note % found.text_params
    closed = factors(**chat({"preset": "gemini-2-5-pro"})).assumptions
    assert {closed[name].quality for name in ("parameters_count", "active_parameters_count")} == {"guess"}
    assert "no size" in closed["active_parameters_count"].note


def test_an_unnamed_board_is_assumed_and_said() -> None:
    found = factors(**chat({"parameters_count": 10**9}))
    assert found.accelerator_name == "NVIDIA H100 SXM5 80GB"
    assert "accelerator_assumed" in {warning.code for warning in found.warnings}
    board = found.assumptions["peak_flops"]
    assert (board.status, board.match, board.quality) == ("default", None, "guess")
    named = factors(**chat({"parameters_count": 10**9}, hardware={"accelerator": "l40s"}))
    assert (named.assumptions["peak_flops"].status, named.assumptions["accelerator_tdp_w"].value) == ("looked_up", 350)


def test_a_task_needs_neither_model_nor_board() -> None:
    found = factors(activity="inference", inference={"task": "object_detection", "requests_count": 5})
    assert found.assumptions["server_energy_wh_per_item"].source_ids == ("luccioni-2024",)
    assert found.accelerator_name == "" and "accelerator_tdp_w" not in found.assumptions


def test_what_is_assumed_of_a_service() -> None:
    found = factors(**chat({"parameters_count": 10**9})).assumptions
    ranges = {name: (found[name].low, found[name].value, found[name].high) for name in found}
    assert ranges["batch_size"] == (8.0, 64.0, 256.0)
    assert ranges["input_tokens"] == (50.0, 200.0, 2000.0)
    assert ranges["output_tokens"] == (100.0, 400.0, 1000.0)
    assert ranges["idle_share"] == (0.05, 0.10, 0.50)
    assert ranges["host_overhead_share"] == (0.20, 0.35, 0.45)
    assert ranges["model_error_factor"] == (0.58, 1.0, 1.72)
    assert found["bytes_per_parameter"].value == 2.0
    assert all(
        one.source_ids
        for name, one in found.items()
        if name in ranges and one.status == "default" and one.low < one.high
    )


@pytest.mark.parametrize(
    ("precision", "peak", "size"), [("fp8", 1979e12, 1.0), ("bf16", 989.4e12, 2.0), ("int4", 989.4e12, 0.53125)]
)
def test_precision_decides_peak_and_size(precision: str, peak: float, size: float) -> None:
    found = values(**chat({"parameters_count": 10**9}, inference={"precision": precision}))
    assert (found["peak_flops"], found["bytes_per_parameter"]) == (peak, size)


@pytest.mark.parametrize(
    ("accelerator", "model", "row"),
    [
        ("v100", {"parameters_count": 10**9}, "volta-dense"),
        ("a100", {"parameters_count": 10**9}, "ampere-dense"),
        ("b200", {"parameters_count": 10**10, "active_parameters_count": 10**9}, "hopper-mixture"),
        ("tpu v4", {"parameters_count": 10**9}, "tpu-dense"),
        ("mi300x", {"parameters_count": 10**10, "active_parameters_count": 10**9}, "other-mixture"),
    ],
)
def test_utilisation_is_that_of_the_family(accelerator: str, model: dict[str, Any], row: str) -> None:
    name = {"a100": "nvidia-a100-sxm4-80gb", "b200": "nvidia-b200-180gb", "mi300x": "amd-instinct-mi300x"}
    found = factors(
        model={**model, "training_tokens": 10**12}, hardware={"accelerator": name.get(accelerator, accelerator)}
    )
    mfu = found.assumptions["mfu"]
    expected = next(one for one in catalogue.shelf().mfu_rows.values() if one.id == row)
    assert (mfu.low, mfu.value, mfu.high) == (expected.low, expected.central, expected.high)
    assert mfu.source_ids == expected.source_ids and mfu.quality == "modelled"


def test_training_in_eight_bits_is_stated_against_sixteen() -> None:
    model = {"parameters_count": 10**9, "training_tokens": 10**12}
    peaks = [
        values(model={**model, "training_precision": precision}, hardware={"accelerator": "h100"})["peak_flops"]
        for precision in ("fp8", "bf16", "tf32", "fp32")
    ]
    assert peaks == [989.4e12, 989.4e12, 494.7e12, 66.9e12]


def test_every_task_can_be_asked_for() -> None:
    tasks = {row.id for row in catalogue.shelf().calibration.values() if row.kind == "task"}
    for task in tasks:
        assert factors(activity="inference", inference={"task": task, "requests_count": 1}).method == "inference_tokens"
    assert len(tasks) == 11


def test_every_published_model_that_has_a_size_can_be_served() -> None:
    for row in catalogue.shelf().models:
        if row.parameters_count is not None:
            found = values(**chat({"preset": row.id}))
            assert 0 < found["active_parameters_count"] <= found["parameters_count"]
