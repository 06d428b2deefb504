"""
CodeCarbon's emissions.csv and its files of single tasks.

A run appends a row at every flush, each with its totals so far: the last readable row of a run counts. Rows of tasks
are differences: all of them count. Energies are in kWh with PUE inside, emissions in kg, durations in seconds.
gpu_model counts the cards of the machine; of which of them the energy is, by gpu_ids, no column tells.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.cells import as_datetime, moment_of, number
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_ENERGY_KWH, MAX_NAME_CHARS, Component, ImportedMeasurement
from estimator.imports.text import rows_of, separator_of
from estimator.imports.totals import check_against_power, check_mean_power, checked

_SIGNS: Final = frozenset({"run_id", "emissions", "duration"})
_PARTS: Final[tuple[tuple[Component, str, str], ...]] = (
    ("cpu", "cpu_energy", "cpu_power"),
    ("accelerator", "gpu_energy", "gpu_power"),
    ("memory", "ram_energy", "ram_power"),
)


@dataclass(frozen=True, slots=True)
class _Run:
    energy_kwh: float
    duration_s: float
    emissions_kgco2e: float | None
    pue: float
    parts_kwh: Mapping[Component, float]
    version: str
    began_s: float | None
    card: str  #: the kind of its cards; empty where there are several, or none drew anything
    cards_count: int | None
    place: str


def recognises(lines: list[str]) -> bool:
    """Whether the first line that is not blank names the columns of CodeCarbon."""
    first = next((line for line in lines if line.strip()), "")
    return _is_header([cell.strip().strip('"') for cell in first.split(separator_of(first) or ",")])


def _is_header(cells: list[str]) -> bool:
    return set(cells) >= _SIGNS and ("energy_consumed" in cells or "cpu_energy" in cells)


def read(lines: list[str], notes: Notes) -> ImportedMeasurement:
    """The energy of all runs of the file."""
    separator = separator_of(next(line for line in lines if line.strip())) or ","
    header: list[str] = []
    runs: dict[str, _Run] = {}
    for row in rows_of(lines, separator, notes):
        if _is_header(row.cells):
            if header and header != row.cells:
                notes.warn("second_header", _("A second header stands inside the file; it is read by its own columns."))
            header = row.cells
            continue
        notes.rows_count += 1
        if len(row.cells) != len(header):
            notes.row_error(
                row.line,
                _("This row has %(found)s cells instead of %(expected)s; it may have been cut off."),
                {"found": len(row.cells), "expected": len(header)},
            )
            continue
        cells = dict(zip(header, row.cells, strict=True))
        run = _run(cells, row.line, notes)
        if run is None:
            continue
        notes.name(cells.get("project_name", ""))
        # A task's row is a difference; a run's row is its total so far.
        key = f"line {row.line}" if "task_name" in cells else cells["run_id"] or f"line {row.line}"
        if (before := runs.get(key)) and run.energy_kwh < before.energy_kwh:
            notes.warn(
                "run_shrinks", _("A later row of a run holds less energy than an earlier one; the later counts.")
            )
        runs[key] = run
    if not notes.rows_count:
        raise notes.no_rows()
    if not runs:
        raise notes.no_total()
    return _sum(runs, notes)


def _run(cells: dict[str, str], line: int, notes: Notes) -> _Run | None:
    parts = {part: number(cells.get(energy, "")) for part, energy, _power in _PARTS}
    parts_kwh = {part: kwh for part, kwh in parts.items() if kwh is not None and 0 < kwh <= MAX_ENERGY_KWH}
    if "energy_consumed" in cells:
        energy_kwh = number(cells["energy_consumed"])
    else:
        energy_kwh = sum(parts_kwh.values()) if parts_kwh else None
        notes.warn(
            "energy_rebuilt",
            _("The column energy_consumed is missing; the energy is the sum of CPU, GPU and memory."),
        )
    if energy_kwh is None or not 0 <= energy_kwh <= MAX_ENERGY_KWH:
        notes.row_error(line, _("energy_consumed is no energy; give a number of kWh of at least 0."))
        return None
    duration_s = number(cells["duration"])
    if duration_s is None or not 0 <= duration_s <= 3.2e10:
        notes.row_error(line, _("duration is no time; give a number of seconds of at least 0."))
        return None
    emissions = number(cells["emissions"])
    pue = number(cells.get("pue", "")) or 1.0
    power_w = sum(number(cells.get(power, "")) or 0.0 for _part, _energy, power in _PARTS)
    check_against_power(energy_kwh, power_w, duration_s, notes, line=line)
    stamp = moment_of(cells.get("timestamp", ""))
    if cells.get("tracking_mode", "") == "process":
        notes.warn(
            "process_only",
            _("CodeCarbon counted CPU and memory of its own process alone, by its model, and cards as a whole."),
        )
    card, cards_count = _cards(cells.get("gpu_model", "")) if parts_kwh.get("accelerator") else ("", 0)
    return _Run(
        energy_kwh=energy_kwh,
        duration_s=duration_s,
        emissions_kgco2e=emissions if emissions is not None and 0 <= emissions <= 1e15 else None,
        pue=pue if 0 < pue <= 10 else 1.0,
        parts_kwh=parts_kwh,
        version=cells.get("codecarbon_version", "")[:40],
        began_s=stamp[0] - duration_s if stamp else None,
        card=card,
        cards_count=cards_count,
        place=_place(cells),
    )


def _cards(told: str) -> tuple[str, int | None]:
    """The kind of "4 x NVIDIA A100", and how many were measured where that is known: of one card, all."""
    told = told.strip()[:MAX_NAME_CHARS]
    if len(re.findall(r"\d+ x ", told)) > 1:  # of several kinds, put together without a sign between them
        return "", None
    match = re.fullmatch(r"(\d{1,5}) x (.+)", told)
    if match is None:
        return told, None
    return match[2].strip(), 1 if int(match[1]) == 1 else None


def _place(cells: Mapping[str, str]) -> str:
    provider, region = cells.get("cloud_provider", ""), cells.get("cloud_region", "")
    return f"{provider} {region}"[:80] if provider and region else cells.get("country_iso_code", "")[:80]


def _one(told: set[str]) -> str:
    """What all runs say."""
    return told.pop() if len(told) == 1 else ""


def _sum(runs: dict[str, _Run], notes: Notes) -> ImportedMeasurement:
    each = list(runs.values())
    energy_kwh = sum(run.energy_kwh for run in each)
    it_energy_kwh = sum(run.energy_kwh / run.pue for run in each)
    duration_s = sum(run.duration_s for run in each)
    emissions = [run.emissions_kgco2e for run in each if run.emissions_kgco2e is not None]
    by_component: dict[Component, float] = {}
    for run in each:
        for part, kwh in run.parts_kwh.items():
            by_component[part] = by_component.get(part, 0.0) + kwh
    versions = dict.fromkeys(run.version for run in each if run.version)
    if len(versions) > 1:
        notes.warn(
            "versions",
            _("The file holds rows of several versions (%(versions)s), which measure in different ways."),
            {"versions": ", ".join(list(versions)[:6])},
        )
    if len({run.pue for run in each}) > 1:
        notes.warn("mixed_pue", _("The runs have different PUE; each is taken out of its own run."))
    check_mean_power(energy_kwh, duration_s, notes)
    began = [run.began_s for run in each if run.began_s is not None]
    with_cards = [run for run in each if run.cards_count != 0]
    names = {run.card for run in with_cards if run.card}
    all_named = bool(with_cards) and all(run.card for run in with_cards)
    # Cards of some runs alone are no cards of all hours.
    counts = {run.cards_count for run in each} if all_named and len(names) == 1 else {None}
    if all_named and None in counts:
        notes.warn(
            "cards_uncounted",
            _("How many cards were measured is not told: CodeCarbon names those of the machine, measured or not."),
        )
    return checked(
        ImportedMeasurement(
            recognised_as="codecarbon",
            energy_kwh=energy_kwh,
            includes_pue=any(run.pue != 1.0 for run in each),
            pue=energy_kwh / it_energy_kwh if it_energy_kwh else None,
            it_energy_kwh=it_energy_kwh,
            duration_s=duration_s,
            emissions_kgco2e=sum(emissions) if emissions else None,
            energy_by_component_kwh=by_component,
            accelerator_names=tuple(sorted(names)) if all_named else (),
            accelerator_count=counts.pop() if len(counts) == 1 else None,
            place=_one({run.place for run in each}),
            started_at=as_datetime(min(began)) if began else None,
            tool_version=", ".join(list(versions)[:6]),
            runs_count=len(each),
            **notes.kept(),
        ),
        notes,
    )
