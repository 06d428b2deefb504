"""
Published cases and what is predicted for them: the tables that the estimates are judged by.

They are read apart from the catalogue: no estimate ever looks anything up in them.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from pydantic import BaseModel

from estimator.reference import catalogue
from estimator.reference.tables import (
    Count,
    Key,
    NonNegative,
    Positive,
    Row,
    Share,
    Slug,
    TableError,
    Text,
    read_table,
    refuse_repeats,
)

AnyRow = TypeVar("AnyRow", "PublishedCase", "PredictedTraining", "PredictedServing")

Kind = Literal[
    "training", "fine_tuning", "inference", "federated", "training_and_use", "embodied", "water", "parity",
    "equivalence", "formula_test",
]  # fmt: skip
#: How an energy came about. `limit_times_hours` is circular: it says what the hours say, and no more.
EnergyBasis = Literal[
    "measured", "measured_accelerators", "limit_times_hours", "average_times_hours", "estimate", "disclosure",
    "formula", "none",
]  # fmt: skip
CIRCULAR: Final[tuple[EnergyBasis, ...]] = ("limit_times_hours", "average_times_hours")


class PublishedCase(Row):
    """One published run, energy or emission, with as many of its inputs as were published."""

    id: Key
    name: Text
    hardware: str = ""
    kind: Kind
    energy_basis: EnergyBasis
    published_in: Text  #: where in the source
    parameters_count: Count | None = None
    active_parameters_count: Count | None = None
    training_tokens: Count | None = None
    accelerator_count: Count | None = None
    duration_h: Positive | None = None
    accelerator_hours: Positive | None = None
    mean_accelerator_power_w: Positive | None = None
    mean_system_power_w: Positive | None = None
    pue: Positive | None = None
    grid_intensity_gco2e_per_kwh: NonNegative | None = None
    published_energy_kwh: Positive | None = None
    printed_step_kwh: Positive | None = None  #: the last digit that was printed
    energy_boundary: Literal["servers", "facility"] | None = None
    published_kgco2e: NonNegative | None = None
    printed_step_kgco2e: Positive | None = None
    embodied_kgco2e: Positive | None = None
    inputs_published: Literal["yes", "no"]  #: whether the published inputs suffice to recompute it
    exception: str = ""  #: why the printed figure does not follow from its inputs
    checked: Literal["primary", "secondary", "memory"]


class PredictedTraining(Row):
    """Utilisation of one training run, predicted by a fit that has not seen its publication."""

    id: Slug
    name: Text
    publication: Slug
    accelerator: Text
    use: Literal["fit", "holdout"]
    total_flop: Positive
    peak_flops: Positive
    published_accelerator_hours: Positive
    low: Share
    central: Share
    high: Share
    unit: Text


class PredictedServing(Row):
    """Energy of one output token, predicted by a fit that has not seen the model."""

    id: Text
    name: Text
    task: Text
    accelerator: Text
    accelerator_count: Count
    measured_j: Positive
    low: Positive
    central: Positive
    high: Positive
    unit: Text


#: File of `data/` -> the rows that it holds.
PUBLISHED_TABLES: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        "predicted_serving.csv": PredictedServing,
        "predicted_training.csv": PredictedTraining,
        "published_cases.csv": PublishedCase,
    }
)


def _table(file: str, row_type: type[AnyRow]) -> tuple[AnyRow, ...]:
    rows = read_table(catalogue.DATA_FOLDER / file, row_type)
    refuse_repeats(file, rows, lambda row: row.id)
    known = catalogue.sources()
    for number, row in enumerate(rows, start=2):
        for source_id in row.source_ids:
            if source_id not in known:
                raise TableError(file, number, "source_ids", f"{source_id} is not in sources.csv")
    return rows


@lru_cache(maxsize=1)
def published_cases() -> tuple[PublishedCase, ...]:
    """Every published case, in the order of the table."""
    return _table("published_cases.csv", PublishedCase)


@lru_cache(maxsize=1)
def predicted_training() -> tuple[PredictedTraining, ...]:
    """Every training run with its predicted utilisation."""
    return _table("predicted_training.csv", PredictedTraining)


@lru_cache(maxsize=1)
def predicted_serving() -> tuple[PredictedServing, ...]:
    """Every measured serving of a language model with its predicted energy of a token."""
    return _table("predicted_serving.csv", PredictedServing)
