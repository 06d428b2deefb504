"""The lines of serving: from one request, or one item of a task, to the energy and time of the accelerators."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from estimator.core import flops, inference, serving
from estimator.core.footprint import gettext_noop
from estimator.core.sheet import Line, Sheet, by_name, names_in
from estimator.core.units import Quantity

#: Where the formulas were published; cited where the catalogue has the source.
SERVING_SOURCE_IDS: Final = ("pope-2022",)
ARCHITECTURE_SOURCE_IDS: Final = ("grattafiori-2024",)
SCALING_SOURCE_IDS: Final = ("kaplan-2020",)
COUNT_SOURCE_IDS: Final = ("ecologits-0-11-3",)
TASK_SOURCE_IDS: Final = ("luccioni-2024",)

_SIZE: Final = ("parameters_count", "active_parameters_count")
_TIMES: Final = ("memory_bound_s", "compute_bound_s", "step_overhead_s")
_DRAWS: Final = ("memory_bound_draw", "compute_bound_draw", "overhead_draw")


def write_serving(sheet: Sheet, run: str) -> None:
    """
    Write the energy and the time of the accelerators, or of the servers where that is what was measured.

    Parameters
    ----------
    sheet : Sheet
        With the inputs of the method.
    run : str
        What the names of the final run begin with.
    """
    if "energy_wh_per_item" in sheet or "server_energy_wh_per_item" in sheet:
        _write_items(sheet, run)
        return
    _write_memory(sheet)
    _write_times(sheet)
    _write_request(sheet, run)


def _write_items(sheet: Sheet, run: str) -> None:
    of_servers = "server_energy_wh_per_item" in sheet
    energy_wh = "server_energy_wh_per_item" if of_servers else "energy_wh_per_item"
    idle = "idle_share" in sheet
    sheet.line(
        f"{run}it_energy_kwh" if of_servers else f"{run}accelerator_energy_kwh",
        label=gettext_noop("Energy of the servers for all items")
        if of_servers
        else gettext_noop("Energy of the accelerators for all items"),
        formula=f"requests_count × {energy_wh} ÷ " + ("(1000 × (1 − idle_share))" if idle else "1000"),
        unit="kWh",
        quantity=inference.item_energy_kwh,
        source_ids=TASK_SOURCE_IDS,
        takes={
            "item_count": "requests_count",
            "energy_wh_per_item": energy_wh,
            **({"idle_energy_share": "idle_share"} if idle else {}),
        },
    )


def _write_memory(sheet: Sheet) -> None:
    """Write what one copy of the model and its batch take, and the accelerators that hold it."""
    takes = by_name(*_SIZE, "bytes_per_parameter", "batch_size")
    _line(
        sheet,
        "context_tokens",
        gettext_noop("Tokens before a new one, on average"),
        "input_tokens + output_tokens ÷ 2",
        "token",
        serving.mean_context_tokens,
    )
    _line(
        sheet,
        "weights_gb",
        gettext_noop("Memory of the weights"),
        "parameters_count × bytes_per_parameter ÷ 1000000000",
        "GB",
        serving.weights_gb,
    )
    _line(
        sheet,
        "kv_cache_gb",
        gettext_noop("Keys and values that one sequence keeps"),
        "0.000131072 × (active_parameters_count ÷ 8000000000) ^ 0.36 × context_tokens",
        "GB",
        serving.kv_cache_gb,
        source_ids=ARCHITECTURE_SOURCE_IDS,
    )
    if "accelerator_count" not in sheet:
        sheet.line(
            "accelerator_count",
            label=gettext_noop("Accelerators that hold one copy of the model"),
            formula="2 ^ ceil(log2(max(1, (weights_gb + batch_size × kv_cache_gb) ÷ (0.9 × accelerator_memory_gb))))",
            unit="1",
            quantity=serving.serving_accelerator_count,
            source_ids=COUNT_SOURCE_IDS,
            takes={**takes, "context_tokens": "context_tokens", "memory_gb": "accelerator_memory_gb"},
        )
    sheet.line(
        "weights_read_gb",
        label=gettext_noop("Weights that one step reads for the whole batch"),
        formula="weights_gb × (1 − (1 − active_parameters_count ÷ parameters_count) ^ batch_size)"
        if _is_mixture(sheet)
        else "weights_gb",
        unit="GB",
        quantity=serving.weights_read_gb,
        takes=takes,
    )


def _is_mixture(sheet: Sheet) -> bool:
    return sheet.central("active_parameters_count") < sheet.central("parameters_count")


def _write_times(sheet: Sheet) -> None:
    """Write the accelerator time of one request, by what it is bound by."""
    split = sheet.central("accelerator_count") > 1.0
    split_mixture = split and _is_mixture(sheet)
    _line(
        sheet,
        "layer_count",
        gettext_noop("Layers, estimated from the size"),
        "32 × (parameters_count ÷ 8000000000) ^ 0.38",
        "1",
        flops.layer_count_estimate,
        source_ids=ARCHITECTURE_SOURCE_IDS,
    )
    _line(
        sheet,
        "model_width",
        gettext_noop("Width, estimated from the size"),
        "(active_parameters_count ÷ (12 × layer_count)) ^ 0.5",
        "1",
        flops.model_width_estimate,
        source_ids=SCALING_SOURCE_IDS,
    )
    _line(
        sheet,
        "request_flop",
        gettext_noop("Operations of one request"),
        "2 × active_parameters_count × (input_tokens + output_tokens) "
        "+ 2 × layer_count × model_width × (input_tokens + output_tokens) ^ 2",
        "FLOP",
        flops.request_flop,
        source_ids=SCALING_SOURCE_IDS,
    )
    penalty = "(1 + split_penalty × log2(accelerator_count))"
    _line(
        sheet,
        "memory_bound_s",
        gettext_noop("Accelerator time for reading weights and cache"),
        "output_tokens × (weights_read_gb ÷ batch_size + kv_cache_gb) "
        f"÷ (memory_bandwidth_gb_per_s × memory_efficiency) × {penalty}",
        "s",
        inference.memory_bound_s,
    )
    _line(
        sheet,
        "compute_bound_s",
        gettext_noop("Accelerator time for multiplying"),
        f"request_flop ÷ (peak_flops × compute_efficiency) × {penalty}"
        + (" × split_mixture_factor" if split_mixture else ""),
        "s",
        inference.compute_bound_s,
        more=(*_SIZE, "accelerator_count", "split_mixture_factor"),
    )
    overheads = ["layer_overhead_s", *["split_layer_overhead_s"] * split]
    overheads += ["split_mixture_layer_overhead_s"] * split_mixture
    _line(
        sheet,
        "step_overhead_s",
        gettext_noop("Accelerator time for launching and exchanging steps"),
        f"output_tokens × accelerator_count × layer_count ÷ batch_size × ({' + '.join(overheads)})",
        "s",
        inference.step_overhead_s,
        more=(*_SIZE, "layer_overhead_s", "split_layer_overhead_s", "split_mixture_layer_overhead_s"),
    )
    _line(
        sheet,
        "request_accelerator_s",
        gettext_noop("Accelerator time of one request"),
        "(memory_bound_s + compute_bound_s + step_overhead_s) × model_error_factor",
        "s",
        inference.request_accelerator_s,
    )


def _write_request(sheet: Sheet, run: str) -> None:
    if "mean_accelerator_power_w" in sheet:
        _line(
            sheet,
            "request_energy_j",
            gettext_noop("Energy of the accelerators for one request"),
            "request_accelerator_s × mean_accelerator_power_w",
            "J",
            _energy_by_draw_j,
        )
    else:
        sheet.line(
            "request_energy_j",
            label=gettext_noop("Energy of the accelerators for one request"),
            formula="accelerator_tdp_w × (memory_bound_draw × memory_bound_s + compute_bound_draw × compute_bound_s "
            "+ overhead_draw × step_overhead_s) × model_error_factor",
            unit="J",
            quantity=inference.request_energy_j,
            source_ids=SERVING_SOURCE_IDS,
            takes={"tdp_w": "accelerator_tdp_w", **by_name(*_TIMES, *_DRAWS, "model_error_factor")},
        )
    if sheet.central("output_tokens") > 0.0:
        _line(
            sheet,
            "energy_j_per_output_token",
            gettext_noop("Energy of the accelerators for each output token, prompt included"),
            "request_energy_j ÷ output_tokens",
            "J",
            inference.energy_j_per_output_token,
        )
    idle = "idle_share" in sheet
    sheet.line(
        f"{run}accelerator_energy_kwh",
        label=gettext_noop("Energy of the accelerators for all requests"),
        formula=f"request_energy_j × requests_count ÷ {'(3600000 × (1 − idle_share))' if idle else '3600000'}",
        unit="kWh",
        quantity=inference.serving_energy_kwh,
        takes={
            **by_name("request_energy_j", "requests_count"),
            **({"idle_energy_share": "idle_share"} if idle else {}),
        },
    )
    _line(
        sheet,
        f"{run}accelerator_hours",
        gettext_noop("Time for which accelerators serve"),
        "request_accelerator_s × requests_count ÷ 3600",
        "h",
        inference.serving_accelerator_hours,
    )


def _energy_by_draw_j(*, request_accelerator_s: Quantity, mean_accelerator_power_w: Quantity) -> Quantity:
    return request_accelerator_s * mean_accelerator_power_w


def _line(
    sheet: Sheet,
    name: str,
    label: str,
    formula: str,
    unit: str,
    quantity: Callable[..., Quantity],
    *,
    source_ids: tuple[str, ...] = SERVING_SOURCE_IDS,
    more: tuple[str, ...] = (),
) -> None:
    """Write a line whose function takes its inputs under the names that the formula gives them, and perhaps more."""
    sheet.write(_declared(name, label, formula, unit, quantity, source_ids, more))


@lru_cache(maxsize=256)
def _declared(
    name: str,
    label: str,
    formula: str,
    unit: str,
    quantity: Callable[..., Quantity],
    source_ids: tuple[str, ...],
    more: tuple[str, ...],
) -> Line:
    takes = by_name(*dict.fromkeys((*names_in(formula), *more)))
    return Line(name, label, formula, unit, quantity, takes, source_ids)
