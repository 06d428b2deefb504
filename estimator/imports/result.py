"""What a reader gives back, and the one way in which it refuses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

#: What a file may hold; beyond it, it is refused before it is read.
MAX_BYTES: Final = 20_000_000
MAX_ROWS: Final = 500_000
MAX_LINE_CHARS: Final = 20_000
MAX_COLUMNS: Final = 400
#: Row errors that are kept; the others are only counted.
MAX_ROW_ERRORS: Final = 200
#: Names of projects and devices that are kept, and how much of each.
MAX_NAMES: Final = 20
MAX_NAME_CHARS: Final = 200
#: Points of the power trace that is kept for a chart.
MAX_TRACE_POINTS: Final = 600
#: Above it a reading is no draw of anything that computes. [W]
MAX_POWER_W: Final = 1e9
#: Above it an energy is no energy of a run. [kWh]
MAX_ENERGY_KWH: Final = 1e12

Tool = Literal[
    "codecarbon",
    "carbontracker",
    "zeus",
    "nvidia-smi",
    "nvidia-smi dmon",
    "sacct",
    "eco2ai",
    "green-algorithms",
    "ipmitool",
    "perf",
    "plain",
]
Component = Literal["accelerator", "cpu", "memory", "other"]


@dataclass(frozen=True, slots=True)
class RowError:
    """One row that was left out, and why. The message is an English template."""

    line: int  #: counted from 1, as editors do
    message: str
    text_params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.text_params if self.text_params else self.message


@dataclass(frozen=True, slots=True)
class ImportNotice:
    """Something to know before the number is believed. The message is an English template."""

    code: str
    message: str
    text_params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.text_params if self.text_params else self.message


@dataclass(frozen=True, slots=True)
class PowerTrace:
    """Mean draw of all devices together, in steps of equal length; every step keeps its energy."""

    time_s: tuple[float, ...]  #: middle of each step, since the first sample
    power_w: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ImportedMeasurement:
    """The energy that a file tells of, and how it tells."""

    recognised_as: Tool
    energy_kwh: float
    includes_pue: bool
    rows_count: int  #: rows of data, the refused ones too
    duration_s: float | None = None  #: as the tool counts it
    covered_s: float | None = None  #: without gaps: energy over it is the mean draw
    emissions_kgco2e: float | None = None  #: as the tool computed it; never mixed with Wattprint's own
    pue: float | None = None  #: known where the file states it
    it_energy_kwh: float | None = None  #: before PUE, where that is known
    energy_by_component_kwh: Mapping[Component, float] = field(default_factory=dict)
    undivided: tuple[Component, ...] = ()  #: what the energy is of, where it is known and not told apart
    place: str = ""  #: where all of it ran, as the file names it: a country's code, or a provider with its region
    started_at: datetime | None = None  #: always with a zone
    tool_version: str = ""
    accelerator_names: tuple[str, ...] = ()  #: kinds of cards, as plain text; empty where the file tells none
    accelerator_count: int | None = None  #: cards that were measured, where the file tells them apart
    names: tuple[str, ...] = ()  #: projects, jobs or devices, as plain text
    runs_count: int = 1
    gap_cut_kwh: float | None = None  #: power samples: gaps left out
    bridged_kwh: float | None = None  #: power samples: gaps filled by a straight line
    held_kwh: float | None = None  #: power samples: each held until the next
    row_errors: tuple[RowError, ...] = ()
    row_errors_count: int = 0
    warnings: tuple[ImportNotice, ...] = ()
    trace: PowerTrace | None = None

    @property
    def mean_power_w(self) -> float | None:
        """Mean draw over the time that was covered, in watts."""
        seconds = self.covered_s or self.duration_s
        return self.energy_kwh * 3.6e6 / seconds if seconds else None


class UnreadableFile(ValueError):
    """A file that gives no energy: one reason, where it stands, and what to do."""

    def __init__(
        self,
        code: str,
        message: str,
        text_params: Mapping[str, Any] | None = None,
        *,
        line: int | None = None,
        ask: Sequence[str] = (),
        rows_count: int = 0,
        row_errors: Iterable[RowError] = (),
        row_errors_count: int | None = None,
    ) -> None:
        self.code, self.message, self.text_params = code, message, dict(text_params or {})
        self.line = line
        self.ask = tuple(ask)  #: fields of `Answers` that would make it readable
        self.rows_count = rows_count
        self.row_errors = tuple(row_errors)
        self.row_errors_count = len(self.row_errors) if row_errors_count is None else row_errors_count
        super().__init__(message % self.text_params if self.text_params else message)
