"""What the composer needs beside the workload: every value looked up, with its source, before any arithmetic starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from estimator.core.footprint import Assumption, Boundary, Source, Warning
from estimator.core.inputs import Method


@dataclass(frozen=True, slots=True)
class EquivalentFactor:
    """Emissions of one unit of something that people know."""

    key: str
    label: str
    unit: str
    kgco2e_per_unit: float
    source_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Factors:
    """
    Resolved inputs of one estimate.

    `assumptions` maps the name of each quantity of the method to the value used, with its range. The composer reads
    nothing else, so that an estimate can be recomputed from a stored workload and its stored assumptions.
    """

    method: Method
    boundary: Boundary
    assumptions: Mapping[str, Assumption]
    sources: Mapping[str, Source]
    dataset_version: str
    equivalents: tuple[EquivalentFactor, ...] = ()
    warnings: tuple[Warning, ...] = field(default=())
    #: The board's limit, to judge whether a draw can be true. [W]
    accelerator_tdp_w: float | None = None
    #: The board's name for people, for warnings.
    accelerator_name: str = ""
    #: Memory of one accelerator, to judge whether the model fits. [GB]
    accelerator_memory_gb: float | None = None
    #: Limit and cores of one CPU, to judge whether a draw can be true. [W, 1]
    cpu_tdp_w: float | None = None
    cpu_core_count: int | None = None
