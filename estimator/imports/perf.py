"""
`perf stat` of RAPL's energy events, with or without intervals: separated, as text, or as JSON lines.

energy-pkg holds energy-cores and energy-gpu; energy-ram stands beside it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.cells import as_datetime, ctime, number
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_ENERGY_KWH, Component, ImportedMeasurement
from estimator.imports.totals import check_mean_power, checked

_EVENT: Final = re.compile(r"\A(?:power/)?energy-(pkg|ram|cores|gpu|psys)/?\Z")
_COUNTED: Final[dict[str, Component]] = {"pkg": "cpu", "ram": "memory"}
_STARTED: Final = re.compile(r"# started on (.*?)\s*\Z")
_INTERVAL_ROW: Final = re.compile(r"\s*\d+[.,]\d{9}[,;]")
_ELAPSED: Final = re.compile(r"\s*(\d+[.,]\d+) seconds time elapsed")


@dataclass(frozen=True, slots=True)
class _Count:
    line: int
    event: str
    unit: str
    amount: float | None
    interval_s: float | None


def recognises(lines: list[str]) -> bool:
    """Whether an event of RAPL, or a counter's row as perf writes it, stands among the first lines."""
    head = [line for line in lines[:200] if line.strip()]
    return (
        any("energy-pkg" in line or "power/energy-" in line for line in head)
        or (bool(_STARTED.match(head[0])) and any(_INTERVAL_ROW.match(line) for line in head))
        or ('"counter-value"' in head[0] and '"event"' in head[0])
    )


def read(lines: list[str], notes: Notes) -> ImportedMeasurement:
    """The energy of packages and memory."""
    energy_by_component_j: dict[Component, float] = {}
    last_s = 0.0
    timed = False
    for count in _counts(lines):
        notes.rows_count += 1
        match = _EVENT.match(count.event)
        if match is None or count.unit != "Joules":
            continue
        if count.amount is None or not 0 <= count.amount <= MAX_ENERGY_KWH * 3.6e6:
            notes.row_error(count.line, _("The event was not counted here; run perf as root or with fewer events."))
            continue
        if count.interval_s is not None:
            last_s, timed = max(last_s, count.interval_s), True
        component = _COUNTED.get(match[1])
        if component is not None:
            energy_by_component_j[component] = energy_by_component_j.get(component, 0.0) + count.amount
    elapsed = next((number(match[1]) for line in lines if (match := _ELAPSED.match(line))), None)
    started = next((ctime(match[1]) for line in lines[:5] if (match := _STARTED.match(line))), None)
    seconds = last_s if timed else elapsed
    energy_kwh = sum(energy_by_component_j.values()) / 3.6e6
    check_mean_power(energy_kwh, seconds, notes)
    return checked(
        ImportedMeasurement(
            recognised_as="perf",
            energy_kwh=energy_kwh,
            it_energy_kwh=energy_kwh,
            includes_pue=False,
            duration_s=seconds,
            energy_by_component_kwh={part: joules / 3.6e6 for part, joules in energy_by_component_j.items()},
            started_at=as_datetime(started[0]) if started else None,
            **notes.kept(),
        ),
        notes,
    )


def _counts(lines: list[str]) -> Iterator[_Count]:
    for line, text in enumerate(lines, 1):
        stripped = text.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.startswith("{"):
            yield _from_json(line, stripped)
            continue
        separator = ";" if ";" in stripped else "," if "," in stripped else None
        # "<not counted>" is one cell, also where blanks part the cells.
        cells = [cell.strip() for cell in stripped.replace("<not ", "<not_").split(separator)]
        place = next((index for index, cell in enumerate(cells) if _EVENT.match(cell)), None)
        if place is None:
            if _INTERVAL_ROW.match(text):
                yield _Count(line, "", "", None, None)
            continue
        if place >= 2:
            interval_s = number(cells[0]) if place > 2 else None
            yield _Count(line, cells[place], cells[place - 1], number(cells[place - 2]), interval_s)


def _from_json(line: int, text: str) -> _Count:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return _Count(line, "energy-pkg", "Joules", None, None)
    interval = found.get("interval")
    return _Count(
        line,
        str(found.get("event", "")),
        str(found.get("unit", "")),
        number(str(found.get("counter-value", ""))),
        float(interval) if isinstance(interval, int | float) and 0 <= interval <= 3.2e10 else None,
    )
