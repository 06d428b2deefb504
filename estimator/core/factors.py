"""What the composer needs beside the workload: every value looked up, with its source, before any arithmetic starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from estimator.core.bounds import EnergyCovers
from estimator.core.footprint import Assumption, Boundary, Source, Warning
from estimator.core.inputs import Method, Workload

#: What a measured energy is of -> what is counted then.
MEASURED_BOUNDARIES: Final[Mapping[EnergyCovers, Boundary]] = MappingProxyType(
    {
        "servers": "servers",
        "components": "servers",
        "accelerators": "accelerators",
        "processors": "processors",
    }
)


@dataclass(frozen=True, slots=True)
class EquivalentFactor:
    """Emissions of one unit of something that people know."""

    key: str
    label: str
    unit: str
    kgco2e_per_unit: float
    source_ids: tuple[str, ...]
    kind: str = field(init=False)  #: the first word of the key: few amounts of one kind help

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", self.key.partition("_")[0])


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A quantity of the sheet that a lever changes, by an assumption."""

    target: str
    by: str  #: name of the assumption
    operation: Literal["times", "plus"] = "times"
    scale: float = 1.0  #: of what is added: one uncertain number may add hours here and kilowatt-hours there


@dataclass(frozen=True, slots=True)
class LeverCase:
    """The run as one lever, or all of them, would make it."""

    levers: tuple[str, ...]
    workload: Workload
    factors: "Factors | None"  #: None where nothing changes
    conditions: tuple[str, ...] = ()  #: English templates
    quality_caveats: tuple[str, ...] = ()
    source_ids: tuple[str, ...] = ()


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
    #: What levers change in the quantities computed; only in the factors of a `LeverCase`.
    adjustments: tuple[Adjustment, ...] = ()
    #: Each lever of the workload alone, in the order of the workload.
    levers: tuple[LeverCase, ...] = ()
    levers_together: LeverCase | None = None


def accelerators_named(workload: Workload, factors: Factors) -> float | None:
    """How many accelerators the run had, by its count or by the name of a cloud instance; None where neither says."""
    known = factors.assumptions.get("accelerator_count")
    return workload.hardware.accelerator_count if known is None else known.value


def plain_count(count: float) -> float:
    """A count as people write it: 8 rather than 8.0, and half a board as 0.5."""
    return int(count) if count == int(count) else count
