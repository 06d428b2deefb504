"""
What every meter gives: joules from a counter, or watts from a sensor, by component. Vendor units end in the meters.

Standard library only, so that a worker, a command line and a notebook import it in no time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from estimator.measure.words import words as _

#: How a number came about, best first: a counter of energy, a power read now and then, or a model without any sensor.
Quality = Literal["counter", "sampled", "modelled"]
QUALITY_ORDER: Final[tuple[Quality, ...]] = ("counter", "sampled", "modelled")

#: gap: no reading for a while; wrapped: the counter passed its end; reset: it began anew; frozen: it stopped moving;
#: clock_jump: the wall clock was set.
Flag = Literal["gap", "wrapped", "reset", "frozen", "clock_jump"]

#: What a component is, the part of its name before the colon.
Kind = Literal["accelerator", "cpu_package", "dram", "platform", "system"]
#: What people call them, where a component has no label.
KIND_NAMES: Final = {
    "accelerator": _("Accelerator"),
    "cpu_package": _("Processor"),
    "dram": _("Memory"),
    "platform": _("Platform"),
    "system": _("Whole machine"),
}


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that draws power, and how well its meter knows it."""

    name: str  #: accelerator:0, cpu_package:0, dram:0, system
    quality: Quality
    label: str = ""  #: what people call it: "NVIDIA H100 80GB HBM3"
    limit_w: float | None = None  #: what it may draw at most; a counter that tells far more was reset
    update_period_s: float | None = None  #: how often its sensor is renewed; reading it more often tells nothing new
    counted: bool = True  #: part of the machine's total; false where another component holds it already
    low: float = 1.0  #: 5th percentile of the true energy over the one told, a ratio
    high: float = 1.0  #: 95th percentile, a ratio
    note: str = ""  #: what to know before believing it: a shared card, a limit of a container

    @property
    def kind(self) -> str:
        """The part of the name before the colon."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One card, as its driver describes it."""

    name: str  #: "NVIDIA H100 80GB HBM3"
    component: str  #: accelerator:0
    vendor: str
    memory_gb: float | None = None
    limit_w: float | None = None
    has_counter: bool = False  #: of energy; without one its power is integrated
    note: str = ""  #: MIG, or other users: what the energy of the card holds beside this one's


@dataclass(frozen=True, slots=True)
class Reading:
    """What one component says at one moment. Either may be missing."""

    energy_j: float | None = None  #: since some zero of the counter's own
    power_w: float | None = None
    wraps_at_j: float | None = None  #: where the counter begins anew


@dataclass(frozen=True, slots=True)
class Measure:
    """One component between two moments."""

    energy_j: float
    power_w: float  #: mean over the time since the last sample
    quality: Quality  #: of this number; a counter that froze is sampled from then on
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """All components between two moments."""

    sequence: int  #: 1 is the first
    time_s: float  #: the end, in seconds since 1970; never goes back, whatever is done to the clock
    duration_s: float  #: since the last sample
    components: Mapping[str, Measure]
    flags: tuple[Flag, ...] = ()  #: of all components together
    clock_offset_s: float = 0.0  #: what the wall clock shows now, less `time_s`

    def row(self) -> list[object]:
        """As it is sent: sequence, time, joules by component."""
        return [self.sequence, self.time_s, {name: part.energy_j for name, part in self.components.items()}]


class MeterProblem(Exception):
    """A meter that does not work here: why, what to do about it, and whether what it would measure is there."""

    def __init__(self, reason: str, remedy: str = "", *, is_there: bool = False) -> None:
        super().__init__(f"{reason} {remedy}".strip())
        self.reason = reason
        self.remedy = remedy
        self.is_there = is_there


class Meter(Protocol):
    """One kind of meter, opened. Its module opens it with `open_meter()`, which raises `MeterProblem`."""

    @property
    def name(self) -> str:
        """Its kind: nvml, rapl, model."""

    @property
    def components(self) -> tuple[Component, ...]:
        """What it measures."""

    @property
    def accelerators(self) -> tuple[Accelerator, ...]:
        """The cards among them."""

    def read(self) -> Mapping[str, Reading]:
        """What its components say now; one that cannot be read is left out."""

    def close(self) -> None:
        """Give back what it holds."""


@dataclass(frozen=True, slots=True)
class MeterState:
    """Whether one kind of meter works here, and if not, why."""

    name: str
    works: bool
    components: tuple[Component, ...] = ()
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The meters that are to be read, and what became of each kind."""

    meters: tuple[Meter, ...]
    states: tuple[MeterState, ...] = ()
    missed: tuple[str, ...] = ()  #: kinds whose hardware is there and is not measured

    @property
    def components(self) -> tuple[Component, ...]:
        """Everything that is measured. Where no part is, the first that holds the whole, or most of it, counts."""
        told = [component for meter in self.meters for component in meter.components]
        if told and not any(component.counted for component in told):
            whole = next((place for place, component in enumerate(told) if component.kind == "system"), 0)
            told[whole] = replace(told[whole], counted=True)
        return tuple(told)

    @property
    def accelerators(self) -> tuple[Accelerator, ...]:
        """Every card that is measured."""
        return tuple(card for meter in self.meters for card in meter.accelerators)

    def close(self) -> None:
        """Close every meter."""
        for meter in self.meters:
            meter.close()
