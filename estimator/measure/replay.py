"""
Recorded traces through the same interface as live meters: what was read, when, and by which clock.

A trace is CSV. Lines that begin with `#` come first: how it was made, and one `# component: {...}` for each component
as JSON. Then the columns `steady_s` and `epoch_s`, and for each component `NAME.energy_j`, `NAME.power_w` or both; an
empty cell is a reading that failed.
"""

import csv
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from estimator.measure.samplers import Accelerator, Component, Reading
from estimator.measure.window import Clock

MOST_ROWS_COUNT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Trace:
    """What was recorded."""

    components: tuple[Component, ...]
    wraps_at_j: Mapping[str, float]
    steady_s: tuple[float, ...]
    epoch_s: tuple[float, ...]
    readings: tuple[Mapping[str, Reading], ...]
    expected_j: Mapping[str, float]  #: true energy, where the maker of the trace knew it

    @property
    def end_s(self) -> float:
        """Its last moment."""
        return self.steady_s[-1]


class TraceError(ValueError):
    """A trace that cannot be read: the line, and what is wrong with it."""


def read_trace(path: Path) -> Trace:
    """
    Read a trace.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    TraceError
        If it is no trace, with the line.
    """
    with path.open(newline="") as lines:
        return parse_trace(lines)


def parse_trace(lines: Iterable[str]) -> Trace:
    """Read the lines of a trace; raises as `read_trace` does."""
    components: list[Component] = []
    wraps_at_j: dict[str, float] = {}
    expected_j: dict[str, float] = {}
    steady_s: list[float] = []
    epoch_s: list[float] = []
    readings: list[Mapping[str, Reading]] = []
    columns: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            if line.startswith("#"):
                key, _, told = line[1:].partition(":")
                if key.strip() == "component":
                    fields = json.loads(told)
                    wrap_j, true_j = fields.pop("wraps_at_j", None), fields.pop("expected_j", None)
                    components.append(Component(**fields))
                    if wrap_j is not None:
                        wraps_at_j[components[-1].name] = wrap_j
                    if true_j is not None:
                        expected_j[components[-1].name] = true_j
                continue
            cells = next(csv.reader([line]))
            if not columns:
                columns = cells
                continue
            row = dict(zip(columns, cells, strict=True))
            steady_s.append(float(row["steady_s"]))
            epoch_s.append(float(row["epoch_s"]))
            readings.append({part.name: found for part in components if (found := _reading(part, row, wraps_at_j))})
        except (ValueError, KeyError, TypeError, StopIteration) as problem:
            raise TraceError(f"line {number}: {problem or type(problem).__name__}") from problem
        if len(readings) > MOST_ROWS_COUNT:
            raise TraceError(f"line {number}: a trace has at most {MOST_ROWS_COUNT} rows; split it")
    if not readings:
        raise TraceError("there is no reading in it")
    return Trace(
        components=tuple(components),
        wraps_at_j=wraps_at_j,
        steady_s=tuple(steady_s),
        epoch_s=tuple(epoch_s),
        readings=tuple(readings),
        expected_j=expected_j,
    )


def _reading(component: Component, row: Mapping[str, str], wraps_at_j: Mapping[str, float]) -> Reading | None:
    energy, power = row.get(f"{component.name}.energy_j", ""), row.get(f"{component.name}.power_w", "")
    if not energy and not power:
        return None
    return Reading(
        energy_j=float(energy) if energy else None,
        power_w=float(power) if power else None,
        wraps_at_j=wraps_at_j.get(component.name),
    )


class ReplayMeter:
    """
    A trace as a meter, with clocks that run through it and a wait that takes no time.

    Parameters
    ----------
    trace : Trace
        What was recorded.
    """

    name = "replay"
    accelerators: tuple[Accelerator, ...] = ()

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.components = trace.components
        self.now_s = trace.steady_s[0]
        self.clock = Clock(steady_s=lambda: self.now_s, epoch_s=self._epoch_s)

    def read(self) -> Mapping[str, Reading]:
        """What was read last at this moment."""
        return self._trace.readings[self._row()]

    def wait(self, for_s: float) -> bool:
        """Go on in the trace; true at its end."""
        self.now_s = min(self.now_s + for_s, self._trace.end_s)
        return self.now_s >= self._trace.end_s

    def close(self) -> None:
        """Nothing is held."""

    def _row(self) -> int:
        # A moment that rounding put a hair before its row is that row's.
        return max(bisect_right(self._trace.steady_s, self.now_s + 1e-6) - 1, 0)

    def _epoch_s(self) -> float:
        row = self._row()
        return self._trace.epoch_s[row] + (self.now_s - self._trace.steady_s[row])
