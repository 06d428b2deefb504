"""What the operations of a training and the accelerator decide: peak rate and utilisation."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from estimator.core.flops import FLOP_PER_PARAMETER_TOKEN, training_peak_flops
from estimator.core.footprint import Assumption, gettext_noop
from estimator.core.inputs import Precision, TrainingKind, Workload
from estimator.reference.assume import assumption, certain
from estimator.reference.shelf import Shelf
from estimator.reference.sizes import ModelSize
from estimator.reference.tables import Accelerator

#: Who counted the operations of a parameter and a token.
FLOP_SOURCE_IDS: Final = ("kaplan-2020", "hu-2021")

_FLOP_NOTES: Final[dict[TrainingKind, str]] = {
    "full": gettext_noop("Two for the forward pass, four for the gradients of activations and weights."),
    "lora": gettext_noop("The weights are frozen and need no gradients of their own (LoRA)."),
    "qlora": gettext_noop("The weights are frozen and need no gradients of their own (QLoRA)."),
}


def peak_flops(workload: Workload, accelerator: Accelerator) -> float | None:
    """Dense peak against which the utilisation of this training is stated; None where none is published."""
    return training_peak_flops(
        precision=workload.model.training_precision,
        peak_fp16_flops=accelerator.peak_fp16_flops,
        peak_fp32_flops=accelerator.peak_fp32_flops,
    )


def flop_assumptions(
    workload: Workload, accelerator: Accelerator | None, size: ModelSize, shelf: Shelf
) -> Iterator[Assumption]:
    """Operations of the training and the peak of the accelerator, where both are known."""
    peak = peak_flops(workload, accelerator) if accelerator is not None else None
    if accelerator is None or peak is None:
        return
    if size.tokens is not None and size.active is not None:
        yield _flop_per_parameter_token(workload.model.training_kind)
        yield size.active
        yield size.tokens
    elif size.total_flop is not None:
        yield size.total_flop
    else:
        return
    yield _peak(shelf, accelerator.id, peak, workload.model.training_precision)


@lru_cache(maxsize=8)
def _flop_per_parameter_token(kind: TrainingKind) -> Assumption:
    number = FLOP_PER_PARAMETER_TOKEN[kind]
    return assumption(
        "flop_per_parameter_token",
        number,
        low=number,
        high=number,
        status="default" if kind == "full" else "given",
        quality="modelled",
        source_ids=FLOP_SOURCE_IDS[:1] if kind == "full" else FLOP_SOURCE_IDS,
        note=_FLOP_NOTES[kind],
    )


@lru_cache(maxsize=512)
def _peak(shelf: Shelf, accelerator_id: str, peak: float, precision: Precision | None) -> Assumption:
    accelerator = shelf.accelerator_names.find(accelerator_id, path="hardware.accelerator").row
    return assumption(
        "peak_flops",
        peak,
        low=peak,
        high=peak,
        status="looked_up",
        match="exact",
        quality="rated",
        source_ids=accelerator.source_ids,
        note=gettext_noop("Dense peak of %(accelerator)s at %(precision)s; that of 16 bits stands for 8 bits too."),
        accelerator=accelerator.name,
        precision=precision or ("fp16" if accelerator.peak_fp16_flops is not None else "fp32"),
    )


def mfu_assumption(workload: Workload, accelerator: Accelerator, size: ModelSize, shelf: Shelf) -> Assumption:
    """Utilisation of the whole job: given, or that of published runs on such hardware."""
    if workload.hardware.mfu is not None:
        return certain("mfu", workload.hardware.mfu)
    return _typical_mfu(shelf, accelerator.family, size.is_mixture)


@lru_cache(maxsize=128)
def _typical_mfu(shelf: Shelf, family: str, is_mixture: bool) -> Assumption:
    row = shelf.mfu_row(family, is_mixture=is_mixture)
    return assumption(
        "mfu",
        row.central,
        low=row.low,
        high=row.high,
        status="default",
        quality=row.quality,
        source_ids=row.source_ids,
        note=gettext_noop("Of the whole job, pauses and restarts included: fitted on published hours.")
        if row.runs_count
        else gettext_noop(
            "Of the whole job; no run on such hardware is published: that of its nearest kin, and wider."
        ),
    )
