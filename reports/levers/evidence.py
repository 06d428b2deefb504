"""
The rows of evidence of a lever, for people: what each factor acts on, for which case, and how wide it is.

Three kinds must not be mixed up. A factor on the whole says by itself whether a lever saves: below 1 it does. A factor
beside the formula says how far what was measured keeps what the formula promises: above 1 it keeps less. Anything else
is an amount in a unit of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from estimator.core.footprint import Quality, Range, Source, gettext_noop
from estimator.reference.tables import LeverRow

Kind = Literal["whole", "beside", "amount"]

#: What a factor acts on.
QUANTITY_NAMES: Final = {
    "draw": gettext_noop("Draw"),
    "grid_intensity": gettext_noop("Intensity of the grid"),
    "market_based": gettext_noop("Market-based figure"),
    "network": gettext_noop("Energy of the network"),
    "operations": gettext_noop("Operations of a token"),
    "products": gettext_noop("Time of the products"),
    "pue": gettext_noop("PUE"),
    "request_time": gettext_noop("Time of a request"),
    "request_time_per_tenfold": gettext_noop("Time of a request, for each tenfold change"),
    "requests": gettext_noop("Requests that are computed"),
    "retraining_tokens_per_parameter": gettext_noop("Tokens of the training after it, for each parameter"),
    "server_share": gettext_noop("Energy of the server, over that of clients and network"),
    "time": gettext_noop("Time of the run"),
    "time_of_pruned": gettext_noop("Share of the pruned work whose time is saved"),
    "time_per_doubling": gettext_noop("Accelerator hours, for each doubling"),
    "total": gettext_noop("Total, against the central run"),
    "training_time": gettext_noop("Time of the training"),
}
#: For which case.
SETTING_NAMES: Final = {
    "": "",
    "active_known": gettext_noop("active parameters known"),
    "bf16": "BF16",
    "bits_4": gettext_noop("4 bits"),
    "bits_8": gettext_noop("8 bits"),
    "cached": gettext_noop("from a cache"),
    "day": gettext_noop("up to a day"),
    "days": gettext_noop("several days"),
    "distillation": gettext_noop("distillation"),
    "fine_tuning": gettext_noop("fine-tuning"),
    "fp16": "FP16",
    "fp8": "FP8",
    "given": gettext_noop("share given"),
    "int4": gettext_noop("4 bits in weights"),
    "int4_both": gettext_noop("4 bits in weights and activations"),
    "int8": gettext_noop("8 bits in weights and activations"),
    "int8_weights": gettext_noop("8 bits in weights alone"),
    "interruptible": gettext_noop("may pause"),
    "lora": "LoRA",
    "qlora": "QLoRA",
    "short": gettext_noop("up to half an hour"),
    "sparse_kernels": gettext_noop("single weights, software that skips zeros"),
    "structured": gettext_noop("heads, channels or layers"),
    "two_four": gettext_noop("two of every four"),
    "unstructured": gettext_noop("single weights"),
    "warm_start": gettext_noop("warm start"),
    "weights": gettext_noop("weights alone"),
    "wider": gettext_noop("more bits than before"),
}
CLASS_NAMES: Final = {
    "": "",
    "small": gettext_noop("below 3 billion parameters"),
    "medium": gettext_noop("3 to 30 billion parameters"),
    "large": gettext_noop("from 30 billion parameters"),
}
REGIME_NAMES: Final = {
    "": "",
    "batch_1": gettext_noop("up to 7 requests at once"),
    "batch_8": gettext_noop("8 to 16 requests at once"),
    "batch_17": gettext_noop("17 to 64 requests at once"),
    "batch_65": gettext_noop("from 65 requests at once"),
    "unknown": gettext_noop("requests at once not known"),
}
HARDWARE_NAMES: Final = {
    "": "",
    "fp8": gettext_noop("accelerators with FP8"),
    "no_fp8": gettext_noop("accelerators without FP8"),
}

#: Factors beside what a formula computes from the settings.
BESIDE: Final = frozenset(
    {
        *(("batch_size", "request_time_per_tenfold"), ("output_length", "request_time_per_tenfold")),
        *(("output_length", "requests"), ("early_stopping", "given"), ("distributed", "request_time")),
        *(("hardware", "request_time"), ("hardware", "training_time"), ("hardware", "time")),
        *(("mixture_of_experts", "request_time"), ("mixture_of_experts", "active_known")),
        *(("pruning", "request_time"), ("quantisation", "request_time"), ("reuse", "operations")),
        *(("region", "grid_intensity"), ("pue", "pue"), ("renewable_contract", "market_based")),
    }
)
#: Numbers without a unit that are no factors all the same.
_SHARES: Final = frozenset({"time_of_pruned", "server_share"})


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One row of the table of levers, with its cells as English templates."""

    id: str
    kind: Kind
    quantity: str
    case: tuple[str, ...]  #: setting, size of the model, requests at once, hardware; those that are said
    factor: Range
    unit: str
    quality: Quality
    conditions: str
    quality_effect: str
    sources: tuple[tuple[str, Source], ...]


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """The rows of one kind."""

    kind: Kind
    rows: tuple[EvidenceRow, ...]


def evidence_tables(lever: str, rows: Sequence[LeverRow], sources: dict[str, Source]) -> tuple[EvidenceTable, ...]:
    """
    What was found about a lever, kind by kind.

    Parameters
    ----------
    lever : str
        Its name.
    rows : sequence of LeverRow
        The table of levers.
    sources : mapping
        The sources by id.

    Returns
    -------
    tuple of EvidenceTable
        Those kinds that the lever has, in the order of the table.
    """
    found = [_row(row, sources) for row in rows if row.lever == lever]
    kinds: tuple[Kind, ...] = ("whole", "beside", "amount")
    tables = (EvidenceTable(kind, tuple(row for row in found if row.kind == kind)) for kind in kinds)
    return tuple(table for table in tables if table.rows)


def _row(row: LeverRow, sources: dict[str, Source]) -> EvidenceRow:
    case = (
        SETTING_NAMES[row.setting],
        CLASS_NAMES[row.model_class],
        REGIME_NAMES[row.regime],
        HARDWARE_NAMES[row.hardware],
    )
    return EvidenceRow(
        id=row.id,
        kind=_kind(row),
        quantity=QUANTITY_NAMES[row.quantity],
        case=tuple(filter(None, case)),
        factor=Range(low=row.low, central=row.central, high=row.high),
        unit=row.unit,
        quality=row.quality,
        conditions=row.conditions,
        quality_effect=row.quality_effect,
        sources=tuple((source_id, sources[source_id]) for source_id in row.source_ids),
    )


def _kind(row: LeverRow) -> Kind:
    if row.unit != "1" or row.quantity in _SHARES:
        return "amount"
    beside = {(row.lever, row.quantity), (row.lever, row.setting)} & BESIDE
    return "beside" if beside else "whole"
