"""
carbontracker's two logs: the one for people, with a total, and the one of the epochs, with mean draws.

The total includes PUE and is in kWh and grams; of several blocks of one run the last "Actual" counts, and "Predicted"
is no measurement. The draws of the epochs are in watts, without PUE.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.cells import Moment, as_datetime, duration_s, moment_of, number
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_NAME_CHARS, MAX_NAMES, MAX_POWER_W, Component, ImportedMeasurement
from estimator.imports.totals import checked

_STAMP: Final = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})(?:,\d{3})? - (.*)\Z")
_ACTUAL: Final = re.compile(r"Actual consumption for (\d+) epoch")
_POWER: Final = re.compile(r"Average power usage \(W\) for (\w+): (.*)\Z")
#: The kinds of components of a run, each with its devices and a full stop.
_FOUND: Final = re.compile(r"components were found: (.*)")
_DEVICES: Final = re.compile(r"(\w+) with device\(s\) (.*?)\.?(?= \w+ with device\(s\) |\Z)")
_VERSION: Final = re.compile(r"carbontracker version (\S{1,40})")
_PUE: Final = re.compile(r"PUE coefficient of (\d+(?:\.\d+)?)")
_COMPONENTS: Final[dict[str, Component]] = {"gpu": "accelerator", "cpu": "cpu", "dram": "memory", "ram": "memory"}


def recognises(lines: list[str]) -> bool:
    """Whether one of the first lines is a stamped line of carbontracker."""
    head = lines[:200]
    return any(
        "CarbonTracker: " in line or "carbontracker version " in line for line in head if _STAMP.match(line)
    ) or (
        any(re.search(r" - (?:MainThread|CarbonIntensityThread) - (?:[A-Z]+) - ", line) for line in head[:5])
        or any(_ACTUAL.match(line) for line in head)
    )


def read(lines: list[str], notes: Notes) -> ImportedMeasurement:
    """The total of the log, or of its epochs."""
    if any(_ACTUAL.match(line) for line in lines):
        return _read_total(lines, notes)
    if any(_POWER.search(line) for line in lines):
        return _read_epochs(lines, notes)
    raise notes.no_total()


def _stamped(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number_of_line, line in enumerate(lines, 1):
        match = _STAMP.match(line)
        yield number_of_line, match[2] if match else line


def _first_moment(lines: list[str]) -> Moment | None:
    return next((moment_of(match[1]) for line in lines if (match := _STAMP.match(line))), None)


def _devices(lines: list[str]) -> dict[Component, list[str]]:
    """What was measured, the same in all runs of the log; empty where they differ, or it is not told."""
    told: set[str] = {match[1].strip() for line in lines if (match := _FOUND.search(line))}
    if len(told) != 1:
        return {}
    return {
        _COMPONENTS.get(kind.lower(), "other"): [name.strip()[:MAX_NAME_CHARS] for name in names.split(",")]
        for kind, names in _DEVICES.findall(told.pop())
    }


def _cards(devices: dict[Component, list[str]]) -> dict[str, Any]:
    """The cards among them, as fields of the result."""
    cards = devices.get("accelerator", [])
    return {"accelerator_names": tuple(sorted(set(cards))[:MAX_NAMES]), "accelerator_count": len(cards) or None}


def _read_total(lines: list[str], notes: Notes) -> ImportedMeasurement:
    last_of_run: dict[int, tuple[float, float | None, float | None]] = {}
    run = 0
    for index, line in enumerate(lines):
        if "components were found" in line:
            run += 1
        if not _ACTUAL.match(line):
            continue
        fields = _fields(lines[index + 1 : index + 4])
        notes.rows_count += 1
        energy_kwh = number(fields.get("Energy", "").removesuffix(" kWh"))
        grams = number(fields.get("CO2eq", "").removesuffix(" g"))
        if energy_kwh is None or energy_kwh < 0:
            notes.row_error(index + 1, _("This block has no energy in kWh; it may have been cut off."))
            continue
        seconds = duration_s(fields.get("Time", ""))
        last_of_run[run] = (energy_kwh, grams / 1000 if grams is not None else None, seconds)
    blocks = list(last_of_run.values())
    if not blocks:
        raise notes.no_total()
    notes.warn(
        "pue_inside",
        _("carbontracker has multiplied this energy by its own PUE, which this log does not state."),
    )
    moment = _first_moment(lines)
    emissions = [block[1] for block in blocks if block[1] is not None]
    times = [block[2] for block in blocks if block[2] is not None]
    devices = _devices(lines)
    energy_kwh = sum(block[0] for block in blocks)
    return checked(
        ImportedMeasurement(
            recognised_as="carbontracker",
            energy_kwh=energy_kwh,
            energy_by_component_kwh=dict.fromkeys(devices, energy_kwh) if len(devices) == 1 else {},
            includes_pue=True,
            emissions_kgco2e=sum(emissions) if emissions else None,
            duration_s=sum(times) if times else None,
            started_at=as_datetime(moment[0]) if moment else None,
            runs_count=len(blocks),
            undivided=tuple(devices),
            **_cards(devices),
            **notes.kept(),
        ),
        notes,
    )


def _fields(lines: list[str]) -> dict[str, str]:
    parts = (line.strip().partition(":") for line in lines)
    return {name: text.strip() for name, sign, text in parts if sign}


def _read_epochs(lines: list[str], notes: Notes) -> ImportedMeasurement:
    energy_by_component_j: dict[Component, float] = {}
    seconds: float | None = None
    total_s = 0.0
    version = ""
    pues: list[float] = []
    for line, text in _stamped(lines):
        if match := _VERSION.search(text):
            version = match[1]
        elif match := _PUE.search(text):
            pues.append(float(match[1]))
        elif text.startswith("Epoch "):
            notes.rows_count += 1
            seconds = None
        elif text.startswith("Duration:"):
            seconds = duration_s(text.removeprefix("Duration:"))
            if seconds is None:
                notes.row_error(line, _("This is no duration; give it as hours:minutes:seconds."))
            else:
                total_s += seconds
        elif (match := _POWER.search(text)) and seconds is not None:
            watts = [number(part) for part in match[2].strip("[] \t").split(",")]
            if any(w is None or not 0 <= w <= MAX_POWER_W for w in watts):
                notes.row_error(line, _("This is no power; give watts of at least 0."))
                continue
            component = _COMPONENTS.get(match[1].lower(), "other")
            energy_by_component_j[component] = (
                energy_by_component_j.get(component, 0.0) + sum(w for w in watts if w is not None) * seconds
            )
    if pues:
        notes.warn(
            "pue_outside",
            _("The draws of this log are those of the devices; the tool's PUE of %(pue)s is not inside."),
            {"pue": f"{pues[-1]:g}"},
        )
    moment = _first_moment(lines)
    energy_kwh = sum(energy_by_component_j.values()) / 3.6e6
    return checked(
        ImportedMeasurement(
            recognised_as="carbontracker",
            tool_version=version,
            energy_kwh=energy_kwh,
            it_energy_kwh=energy_kwh,
            includes_pue=False,
            duration_s=total_s,
            energy_by_component_kwh={part: joules / 3.6e6 for part, joules in energy_by_component_j.items()},
            started_at=as_datetime(moment[0]) if moment else None,
            **_cards(_devices(lines)),
            **notes.kept(),
        ),
        notes,
    )
