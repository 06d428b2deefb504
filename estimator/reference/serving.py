"""What serving requests, or items of a task, takes: sizes, the board, and the fitted efficiencies."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from estimator.core.flops import serving_peak_flops
from estimator.core.footprint import Assumption, Warning, gettext_noop
from estimator.core.inputs import Precision, Workload
from estimator.core.serving import BYTES_PER_PARAMETER
from estimator.reference.assume import assumption, certain, default, given_draw
from estimator.reference.shelf import Shelf
from estimator.reference.sizes import ModelSize
from estimator.reference.tables import Accelerator

#: What most services ran on when their energies were measured, and what the efficiencies were fitted on.
USUAL_BOARD: Final = "nvidia-h100-sxm5-80gb"

_BATCH: Final = gettext_noop("Requests served at once: few publish theirs, and it moves the energy tenfold.")
_INPUT: Final = gettext_noop("A question in chat; documents and long conversations take far more.")
_OUTPUT: Final = gettext_noop("An answer in chat; hidden reasoning takes far more.")


def serving_board(workload: Workload, accelerator: Accelerator | None, shelf: Shelf) -> Accelerator | None:
    """The accelerator named, or the usual one where tokens are served and none is named."""
    if accelerator is not None or workload.inference.task is not None:
        return accelerator
    return shelf.accelerator_names.find(USUAL_BOARD, path="hardware.accelerator").row


def board_warnings(workload: Workload, accelerator: Accelerator | None) -> Iterator[Warning]:
    """Say so where the hardware was assumed."""
    if accelerator is not None and workload.hardware.accelerator is None:
        yield Warning(
            code="accelerator_assumed",
            message=gettext_noop("No hardware is named: %(accelerator)s is assumed. Name it if you know it."),
            field="hardware.accelerator",
            text_params={"accelerator": accelerator.name},
        )


def can_serve(accelerator: Accelerator) -> bool:
    """Whether enough is published of a board to say what serving on it takes."""
    power_w, peak = accelerator.tdp_w or accelerator.estimated_power_w, _peak_16_bit(accelerator)
    return None not in (power_w, peak, accelerator.memory_gb, accelerator.memory_bandwidth_gb_per_s)


def _peak_16_bit(accelerator: Accelerator) -> float | None:
    return accelerator.peak_fp16_flops or accelerator.peak_fp32_flops


def serving_assumptions(
    workload: Workload, accelerator: Accelerator | None, size: ModelSize, shelf: Shelf
) -> Iterator[Assumption]:
    """
    Everything that the energy of requests follows from.

    Parameters
    ----------
    workload : Workload
        The requests as their user describes them.
    accelerator : Accelerator or None
        The board; not needed for the items of a task.
    size : ModelSize
        The model; not needed for the items of a task.
    shelf : Shelf
        The reference data.

    Yields
    ------
    Assumption
        What is known.
    """
    asked, hardware = workload.inference, workload.hardware
    if asked.requests_count is not None:
        yield certain("requests_count", float(asked.requests_count))
    if hardware.idle_share is None:
        note = gettext_noop("Drawn while the service waits for requests.")
        yield default("idle_share", "idle_share_serving", shelf, note)
    if asked.task is not None:
        yield _item_energy(shelf, asked.task)
        return
    yield _given_or_default("input_tokens", asked.input_tokens, shelf, _INPUT)
    yield _given_or_default("output_tokens", asked.output_tokens, shelf, _OUTPUT)
    yield _given_or_default("batch_size", asked.batch_size, shelf, _BATCH)
    if size.parameters is not None and size.active is not None:
        yield size.parameters
        yield size.active
    yield _bytes_per_parameter(asked.precision)
    if hardware.accelerator_count is not None:
        yield certain("accelerator_count", float(hardware.accelerator_count))
    if hardware.mean_accelerator_power_w is not None:
        yield given_draw(hardware, "mean_accelerator_power_w", shelf)
    if accelerator is not None:
        yield from _of_board(shelf, accelerator.id, asked.precision, is_assumed=hardware.accelerator is None)
    yield from _efficiencies(shelf)


def _given_or_default(name: str, number: int | None, shelf: Shelf, note: str) -> Assumption:
    return certain(name, float(number)) if number is not None else default(name, name, shelf, note)


@lru_cache(maxsize=16)
def _bytes_per_parameter(precision: Precision | None) -> Assumption:
    if precision is not None:
        return certain("bytes_per_parameter", BYTES_PER_PARAMETER[precision])
    note = gettext_noop("Sixteen bits, as most models are published. Give the precision if it is another.")
    return certain("bytes_per_parameter", BYTES_PER_PARAMETER["bf16"], status="default", note=note)


@lru_cache(maxsize=512)
def _of_board(
    shelf: Shelf, accelerator_id: str, precision: Precision | None, *, is_assumed: bool
) -> tuple[Assumption, ...]:
    row = shelf.accelerator_names.find(accelerator_id, path="hardware.accelerator").row
    peak_16_bit = _peak_16_bit(row) or 0.0
    peak = serving_peak_flops(precision=precision, peak_fp16_flops=peak_16_bit, peak_int8_flops=row.peak_int8_flops)
    power_w = row.tdp_w or row.estimated_power_w or 0.0
    spread = shelf.defaults["estimated_power_spread"]
    limit_known = row.tdp_w is not None
    note = (
        gettext_noop("No hardware is named: that of %(accelerator)s is assumed.")
        if is_assumed
        else gettext_noop("That of %(accelerator)s.")
    )
    return tuple(
        assumption(
            name,
            value,
            low=low,
            high=high,
            status="default" if is_assumed else "looked_up",
            match=None if is_assumed else "exact",
            quality="guess" if is_assumed or not known else "rated",
            source_ids=row.source_ids,
            note=note,
            accelerator=row.name,
        )
        for name, value, low, high, known in (
            (
                "accelerator_tdp_w",
                power_w,
                power_w if limit_known else power_w * spread.low,
                power_w if limit_known else power_w * spread.high,
                limit_known,
            ),
            ("peak_flops", peak, peak, peak, True),
            *(
                (name, value or 0.0, value or 0.0, value or 0.0, True)
                for name, value in (
                    ("accelerator_memory_gb", row.memory_gb),
                    ("memory_bandwidth_gb_per_s", row.memory_bandwidth_gb_per_s),
                )
            ),
        )
    )


@lru_cache(maxsize=8)
def _efficiencies(shelf: Shelf) -> tuple[Assumption, ...]:
    return tuple(
        assumption(
            row.id,
            row.central,
            low=row.low,
            high=row.high,
            status="default",
            quality=row.quality,
            source_ids=row.source_ids,
            note=gettext_noop("What the formula is off by on models that it had not seen.")
            if row.id == "model_error_factor"
            else gettext_noop("Fitted on measured requests; its doubt is in the error of the formula."),
        )
        for row in shelf.calibration.values()
        if row.kind == "parameter"
    )


@lru_cache(maxsize=32)
def _item_energy(shelf: Shelf, task: str) -> Assumption:
    row = shelf.calibration[task]
    return assumption(
        "server_energy_wh_per_item" if row.boundary == "servers" else "energy_wh_per_item",
        row.central,
        low=row.low,
        high=row.high,
        status="looked_up",
        match="exact",
        quality=row.quality,
        source_ids=row.source_ids,
        note=gettext_noop("Measured for published models of this task; the range is that between them."),
    )
