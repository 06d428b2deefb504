"""
Zeus: the CSV of its measurement windows, and a Measurement written out as JSON.

Windows nest, so only those that lie in no other count. Names are not quoted, so the cells are counted from both ends.
Energies are in joules.
"""

import json
import re
from typing import Any, Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.cells import as_datetime, number
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_ENERGY_KWH, Component, ImportedMeasurement
from estimator.imports.totals import check_mean_power, checked

_HEADER: Final = ["start_time", "window_name", "elapsed_time"]
_DEVICE: Final = re.compile(r"(gpu|cpu|dram|soc)\d*_energy\Z")
_COMPONENTS: Final[dict[str, Component]] = {"gpu": "accelerator", "cpu": "cpu", "dram": "memory", "soc": "other"}
#: Windows are stamped one after the other: an inner one may end this much later. [s]
_SLACK_S: Final = 1e-3


def recognises_windows(lines: list[str]) -> bool:
    """Whether the header is that of Zeus' windows."""
    return [cell.strip() for cell in lines[0].split(",")][:3] == _HEADER


def recognises_json(lines: list[str]) -> bool:
    """Whether the first characters are those of a Measurement as JSON, one, a list, or one a line."""
    head = "".join(lines[:40]).lstrip()[:2000]
    return head[:1] in ("{", "[") and '"gpu_energy"' in head


def read_windows(lines: list[str], notes: Notes) -> ImportedMeasurement:
    """The energy of all outermost windows."""
    header = [cell.strip() for cell in lines[0].split(",")]
    devices = header[3:]
    windows: list[tuple[float, float, int, dict[Component, float]]] = []
    for line, text in enumerate(lines[1:], 2):
        if not text.strip():
            continue
        if text.startswith("start_time,window_name"):
            notes.warn("second_header", _("A second header stands inside the file; it is read by its own columns."))
            continue
        notes.rows_count += 1
        cells = text.split(",")
        tail = cells[-len(devices) - 1 :]
        if len(cells) < len(header):
            notes.row_error(
                line,
                _("This row has %(found)s cells instead of %(expected)s; it may have been cut off."),
                {"found": len(cells), "expected": len(header)},
            )
            continue
        start_s, elapsed_s = number(cells[0]), number(tail[0])
        joules = [number(cell) for cell in tail[1:]]
        if start_s is None or elapsed_s is None or elapsed_s < 0:
            notes.row_error(line, _("The start or the length of this window is no number of seconds."))
            continue
        if any(j is None or not 0 <= j <= MAX_ENERGY_KWH * 3.6e6 for j in joules):
            notes.row_error(line, _("An energy is missing or is no number of joules."))
            continue
        parts: dict[Component, float] = {}
        for device, energy_j in zip(devices, joules, strict=True):
            match = _DEVICE.match(device)
            component: Component = _COMPONENTS[match[1]] if match else "other"
            parts[component] = parts.get(component, 0.0) + (energy_j or 0.0)
        windows.append((start_s, elapsed_s, line, parts))
    if not notes.rows_count:
        raise notes.no_rows()
    cards_count = sum(device.startswith("gpu") for device in devices)
    return _outermost(windows, cards_count, notes)


def _outermost(
    windows: list[tuple[float, float, int, dict[Component, float]]], cards_count: int, notes: Notes
) -> ImportedMeasurement:
    # At one start the longest comes first: it holds the others.
    windows.sort(key=lambda window: (window[0], -window[1]))
    energy_by_component_j: dict[Component, float] = {}
    total_s, end_s, nested = 0.0, float("-inf"), 0
    for start_s, elapsed_s, _line, parts in windows:
        if start_s + elapsed_s <= end_s + _SLACK_S:
            nested += 1
            continue
        if start_s < end_s - _SLACK_S:
            notes.warn("windows_overlap", _("Two windows overlap in part; the time that they share is counted twice."))
        end_s = start_s + elapsed_s
        total_s += elapsed_s
        for part, joules in parts.items():
            energy_by_component_j[part] = energy_by_component_j.get(part, 0.0) + joules
    if nested:
        notes.warn(
            "windows_nest",
            _("%(count)s windows lie inside others and are not counted again."),
            {"count": nested},
        )
    started_s = windows[0][0] if windows else None
    return _made(energy_by_component_j, total_s, notes, started_s=started_s, cards_count=cards_count)


def read_json(lines: list[str], notes: Notes) -> ImportedMeasurement:
    """The energy of one Measurement, or the sum of several."""
    text = "\n".join(lines)
    found: list[tuple[int, Any]] = []
    try:
        whole = json.loads(text)
        found = [(1, item) for item in (whole if isinstance(whole, list) else [whole])]
    except (ValueError, RecursionError):
        for line, one in enumerate(lines, 1):
            if one.strip():
                try:
                    found.append((line, json.loads(one)))
                except (ValueError, RecursionError):
                    found.append((line, None))
    energy_by_component_j: dict[Component, float] = {}
    cards: set[frozenset[str]] = set()
    total_s = 0.0
    for line, item in found:
        notes.rows_count += 1
        seconds = _seconds(item)
        if seconds is None:
            notes.row_error(line, _("This is no measurement of Zeus: it needs time and gpu_energy."))
            continue
        parts = {name: _joules(item.get(f"{name}_energy")) for name in _COMPONENTS}
        if any(joules is None for joules in parts.values()):
            notes.row_error(line, _("An energy is missing or is no number of joules."))
            continue
        total_s += seconds
        cards.add(frozenset(item["gpu_energy"]))
        for name, joules in parts.items():
            if joules:
                component = _COMPONENTS[name]
                energy_by_component_j[component] = energy_by_component_j.get(component, 0.0) + joules
    cards_count = len(cards.pop()) if len(cards) == 1 else 0
    return _made(energy_by_component_j, total_s, notes, started_s=None, cards_count=cards_count)


def _seconds(item: Any) -> float | None:
    seconds: Any = item.get("time") if isinstance(item, dict) and isinstance(item.get("gpu_energy"), dict) else None
    return float(seconds) if _is_number(seconds) and 0 <= seconds <= 3.2e10 else None


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _joules(found: Any) -> float | None:
    """Joules of all devices; 0 for none; None for what is no energy."""
    amounts = list(found.values()) if isinstance(found, dict) else [] if found is None else [found]
    if all(_is_number(amount) and 0 <= amount <= MAX_ENERGY_KWH * 3.6e6 for amount in amounts):
        return float(sum(amounts))
    return None


def _made(
    energy_by_component_j: dict[Component, float],
    total_s: float,
    notes: Notes,
    *,
    started_s: float | None,
    cards_count: int,
) -> ImportedMeasurement:
    energy_kwh = sum(energy_by_component_j.values()) / 3.6e6
    check_mean_power(energy_kwh, total_s, notes)
    return checked(
        ImportedMeasurement(
            recognised_as="zeus",
            energy_kwh=energy_kwh,
            it_energy_kwh=energy_kwh,
            includes_pue=False,
            duration_s=total_s,
            energy_by_component_kwh={part: joules / 3.6e6 for part, joules in energy_by_component_j.items() if joules},
            accelerator_count=(cards_count or None) if energy_by_component_j.get("accelerator") else None,
            started_at=as_datetime(started_s) if started_s is not None and started_s > 6.3e8 else None,
            **notes.kept(),
        ),
        notes,
    )
