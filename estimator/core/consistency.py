"""Warnings about quantities that contradict each other once they are computed, each with what to do about it."""

from collections.abc import Iterator
from typing import Final

from estimator.core.factors import Factors, accelerators_named, plain_count
from estimator.core.flops import LARGEST_BELIEVABLE_MFU
from estimator.core.footprint import Warning, gettext_noop
from estimator.core.inputs import TrainingKind, Workload
from estimator.core.sheet import Sheet

#: Whole-job utilisation of published trainings: the median, and how far hours may be from what it predicts.
TYPICAL_MFU: Final = 0.28
LARGEST_HOURS_FACTOR: Final = 5.0
#: Energy of an output token that has been measured on accelerators, small models in large batches to large ones alone.
MEASURED_J_PER_TOKEN: Final = (0.01, 100.0)
#: Bytes that one parameter needs at the least: weights, gradients and an optimiser's state of eight bits each moment.
SMALLEST_TRAINING_BYTES: Final[dict[TrainingKind, float]] = {"full": 6.0, "lora": 2.0, "qlora": 0.5}
#: Energy of CPUs, memory and network over that of accelerators, at the most that was published.
LARGEST_HOST_SHARE: Final = 0.45
#: How closely an energy must meet another one to be taken for it.
SAME_ENERGY: Final = 0.02


def consistency_warnings(*, sheet: Sheet, workload: Workload, factors: Factors) -> tuple[Warning, ...]:
    """
    Everything about the computed quantities that a reader should doubt.

    Parameters
    ----------
    sheet : Sheet
        The lines of the estimate.
    workload : Workload
        The run as its user describes it.
    factors : Factors
        The resolved inputs, with what is known of the board.

    Returns
    -------
    tuple of Warning
        Empty where all agrees. Nothing is changed: the estimate is computed as asked.
    """
    return (
        *_utilisation_warnings(sheet, workload, factors),
        *_memory_warnings(sheet, workload, factors),
        *_token_warnings(sheet),
        *_pue_warnings(workload, factors),
    )


def _hours_path(workload: Workload) -> str:
    return "duration_h" if workload.accelerator_hours is None else "accelerator_hours"


def _utilisation_warnings(sheet: Sheet, workload: Workload, factors: Factors) -> Iterator[Warning]:
    if "mfu" not in sheet:
        return
    mfu, by_flop = sheet.central("mfu"), factors.method == "training_flop"
    text_params = {"mfu_percent": round(100.0 * mfu, 1), "mfu": float(f"{mfu:.3g}")}
    if by_flop and mfu > LARGEST_BELIEVABLE_MFU:
        yield Warning(
            code="mfu_above_published",
            message=gettext_noop(
                "A model FLOP utilisation of %(mfu)s is above that of any published run. Give that of the whole job, "
                "pauses included: 0.2 to 0.5."
            ),
            field="hardware.mfu",
            text_params=text_params,
        )
    elif mfu > LARGEST_BELIEVABLE_MFU:
        yield Warning(
            code="mfu_above_published",
            message=gettext_noop(
                "In these hours the accelerators would have reached %(mfu_percent)s %% of their peak, more than any "
                "published run. Check the hours, the count, the tokens and the parameters; of a mixture of experts "
                "give the active ones."
            ),
            field=_hours_path(workload),
            text_params=text_params,
        )
    elif not by_flop and mfu < TYPICAL_MFU / LARGEST_HOURS_FACTOR:
        yield Warning(
            code="hours_far_from_flop",
            message=gettext_noop(
                "These hours are %(factor)s times what this many parameters and tokens usually take. Check both; if "
                "the hours hold other work too, leave the tokens out."
            ),
            field=_hours_path(workload),
            text_params=text_params | {"factor": float(f"{TYPICAL_MFU / mfu:.2g}")},
        )
    if by_flop:
        yield from _unused_hours(sheet, workload, factors)


def _unused_hours(sheet: Sheet, workload: Workload, factors: Factors) -> Iterator[Warning]:
    given_h, count = workload.accelerator_hours, accelerators_named(workload, factors)
    if given_h is None and workload.duration_h is not None and count is not None:
        given_h = workload.duration_h * count
    if given_h is None:
        return
    name = "final_run_accelerator_hours" if "final_run_accelerator_hours" in sheet else "accelerator_hours"
    predicted_h = sheet.central(name)
    factor = max(given_h, predicted_h) / min(given_h, predicted_h)
    text_params = {
        "given_h": float(f"{given_h:.4g}"),
        "predicted_h": float(f"{predicted_h:.4g}"),
        "factor": float(f"{factor:.2g}"),
    }
    if factor > LARGEST_HOURS_FACTOR:
        yield Warning(
            code="hours_far_from_flop",
            message=gettext_noop(
                "The operations take about %(predicted_h)s accelerator-hours, the %(given_h)s given differ by a factor "
                "of %(factor)s. Check hours, tokens and parameters; to count the hours given, choose device_hours."
            ),
            field=_hours_path(workload),
            text_params=text_params,
        )
    else:
        yield Warning(
            code="hours_predicted",
            message=gettext_noop(
                "This method predicts %(predicted_h)s accelerator-hours from the operations; the %(given_h)s given are "
                "not used. To count them, choose device_hours."
            ),
            field=_hours_path(workload),
            text_params=text_params,
        )


def _memory_warnings(sheet: Sheet, workload: Workload, factors: Factors) -> Iterator[Warning]:
    memory_gb, count = factors.accelerator_memory_gb, accelerators_named(workload, factors)
    if memory_gb is None or count is None:
        return
    if factors.method == "inference_tokens":
        if "weights_gb" not in sheet:
            return
        needed_gb = sheet.central("weights_gb") + sheet.central("batch_size") * sheet.central("kv_cache_gb")
        message = gettext_noop(
            "The weights and the cache of a batch take %(needed_gb)s GB, %(count)s × %(accelerator)s have "
            "%(memory_gb)s GB. Give more accelerators, a smaller batch or a lower precision."
        )
    elif workload.activity == "training" and workload.model.parameters_count is not None:
        bytes_per_parameter = SMALLEST_TRAINING_BYTES[workload.model.training_kind]
        needed_gb = workload.model.parameters_count * bytes_per_parameter / 1e9
        message = gettext_noop(
            "Training this many parameters takes at least %(needed_gb)s GB, %(count)s × %(accelerator)s have "
            "%(memory_gb)s GB. Check the parameters and the count; for LoRA or QLoRA choose that kind of training."
        )
    else:
        return
    if needed_gb > count * memory_gb:
        yield Warning(
            code="memory_too_small",
            message=message,
            field="hardware.accelerator_count",
            text_params={
                "needed_gb": float(f"{needed_gb:.3g}"),
                "memory_gb": float(f"{count * memory_gb:.4g}"),
                "count": plain_count(count),
                "accelerator": factors.accelerator_name,
            },
        )


def _token_warnings(sheet: Sheet) -> Iterator[Warning]:
    if "energy_j_per_output_token" not in sheet:
        return
    energy_j, (lowest_j, highest_j) = sheet.central("energy_j_per_output_token"), MEASURED_J_PER_TOKEN
    if lowest_j <= energy_j <= highest_j:
        return
    yield Warning(
        code="token_energy_unmeasured",
        message=gettext_noop(
            "%(energy_j)s J for an output token is outside of what has been measured, %(lowest_j)s to %(highest_j)s J. "
            "Check the parameters, the batch and the length of prompt and answer."
        ),
        field="inference.batch_size" if energy_j > highest_j else "model.parameters_count",
        text_params={"energy_j": float(f"{energy_j:.3g}"), "lowest_j": lowest_j, "highest_j": highest_j},
    )


def _pue_warnings(workload: Workload, factors: Factors) -> Iterator[Warning]:
    """Warn of an energy that is said to be of the servers, and is that of the facility by all that is known."""
    energy_kwh, pue, hardware = workload.it_energy_kwh, workload.pue, workload.hardware
    if factors.method != "measured" or energy_kwh is None or pue is None or pue <= 1.0 + SAME_ENERGY:
        return
    hours, count = workload.accelerator_hours, accelerators_named(workload, factors)
    if hours is None and count is not None and workload.duration_h is not None:
        hours = count * workload.duration_h
    servers_kwh = [
        power_w * time_h / 1000.0
        for power_w, time_h in (
            (hardware.mean_system_power_w, workload.duration_h),
            (hardware.mean_accelerator_power_w, hours),
            (factors.accelerator_tdp_w, hours),
        )
        if power_w is not None and time_h is not None
    ]
    matches = any(abs(energy_kwh - pue * server_kwh) <= SAME_ENERGY * energy_kwh for server_kwh in servers_kwh)
    most_kwh = (
        factors.accelerator_tdp_w * hours / 1000.0 * (1.0 + LARGEST_HOST_SHARE)
        if factors.accelerator_tdp_w is not None and hours is not None
        else None
    )
    if matches or (most_kwh is not None and energy_kwh / pue <= most_kwh < energy_kwh):
        yield Warning(
            code="pue_twice",
            message=gettext_noop(
                "%(energy_kwh)s kWh look like the energy of the facility, with the PUE in it already. If so, divide "
                "by %(pue)s or set the PUE to 1."
            ),
            field="pue",
            text_params={"energy_kwh": energy_kwh, "pue": pue},
        )
