"""Tables of eco2AI and Green Algorithms: a total a row, or one total."""

import re
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.cells import as_datetime, moment_of, number
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_ENERGY_KWH, MAX_NAME_CHARS, Component, ImportedMeasurement
from estimator.imports.text import Row, rows_of, separator_of
from estimator.imports.totals import check_mean_power, checked

_CUT: Final = _("This row has %(found)s cells instead of %(expected)s; it may have been cut off.")
_NO_ENERGY: Final = _("The energy is no number of kWh of at least 0.")


def _first(lines: list[str]) -> str:
    return next(line for line in lines if line.strip())


def recognises_eco2ai(lines: list[str]) -> bool:
    """Whether the header is that of eco2AI."""
    return "power_consumption(kWh)" in _first(lines) and "duration(s)" in _first(lines)


def recognises_green_algorithms(lines: list[str]) -> bool:
    """Whether the header is that of an export of Green Algorithms."""
    head = _first(lines)
    return "coreType" in head and "energy_needed" in head and "arbonEmissions" in head


def _records(lines: list[str], notes: Notes) -> list[tuple[Row, dict[str, str]]]:
    rows = rows_of(lines, separator_of(_first(lines)) or ",", notes)
    header = next(rows).cells
    found = []
    for row in rows:
        if row.cells == header:
            continue
        notes.rows_count += 1
        if len(row.cells) != len(header):
            notes.row_error(row.line, _CUT, {"found": len(row.cells), "expected": len(header)})
            continue
        found.append((row, dict(zip(header, row.cells, strict=True))))
    if not notes.rows_count:
        raise notes.no_rows()
    return found


def _energy_kwh(text: str, line: int, notes: Notes) -> float | None:
    energy_kwh = number(text)
    if energy_kwh is None or not 0 <= energy_kwh <= MAX_ENERGY_KWH:
        notes.row_error(line, _NO_ENERGY)
        return None
    return energy_kwh


def read_eco2ai(lines: list[str], notes: Notes) -> ImportedMeasurement:
    """The sum of all rows: each is a run, or an epoch of one."""
    energy_kwh = total_s = emissions_kgco2e = 0.0
    began: list[float] = []
    cards: set[tuple[str, int]] = set()
    places: set[str] = set()
    for row, cells in _records(lines, notes):
        kwh = _energy_kwh(cells["power_consumption(kWh)"], row.line, notes)
        seconds = number(cells["duration(s)"])
        if kwh is None:
            continue
        if seconds is None or not 0 <= seconds <= 3.2e10:
            notes.row_error(row.line, _("duration is no time; give a number of seconds of at least 0."))
            continue
        energy_kwh, total_s = energy_kwh + kwh, total_s + seconds
        emissions_kgco2e += max(0.0, number(cells.get("CO2_emissions(kg)", "")) or 0.0)
        notes.name(cells.get("project_name", ""))
        cards.add(_eco2ai_cards(cells.get("GPU_name", "")))
        places.add(cells.get("region/country", "")[:80])
        if moment := moment_of(cells.get("start_time", "")):
            began.append(moment[0])
    # Of one kind and number in all rows; else nothing is said of them.
    card, cards_count = cards.pop() if len(cards) == 1 else ("", 0)
    hosts: tuple[Component, ...] = ("cpu", "memory")
    check_mean_power(energy_kwh, total_s, notes)
    return checked(
        ImportedMeasurement(
            recognised_as="eco2ai",
            energy_kwh=energy_kwh,
            it_energy_kwh=energy_kwh,
            includes_pue=False,
            duration_s=total_s,
            emissions_kgco2e=emissions_kgco2e,
            undivided=("accelerator", *hosts) if cards_count or cards else hosts,
            accelerator_names=(card,) if card and cards_count else (),
            accelerator_count=cards_count or None,
            place=places.pop() if len(places) == 1 else "",
            started_at=as_datetime(min(began)) if began else None,
            **notes.kept(),
        ),
        notes,
    )


def _eco2ai_cards(told: str) -> tuple[str, int]:
    """The cards of "NVIDIA A100 2 device(s)": of the first the name, and how many."""
    match = re.match(r"(.*?)[ /](\d{1,5}) device\(s\)", told)
    return (match[1].strip()[:MAX_NAME_CHARS], int(match[2])) if match else ("", 0)


def read_green_algorithms(lines: list[str], notes: Notes) -> ImportedMeasurement:
    """The total of each row: kWh with PUE inside, grams, hours."""
    energy_kwh = grams = it_energy_kwh = hours = 0.0
    pue_known = hours_known = True
    for row, cells in _records(lines, notes):
        prefix = "tot_" if "tot_energy_needed" in cells else ""
        kwh = _energy_kwh(cells.get(f"{prefix}energy_needed", ""), row.line, notes)
        if kwh is None:
            continue
        pue = number(cells.get("PUE", ""))
        pue_known &= pue is not None and 0 < pue <= 10
        energy_kwh += kwh
        it_energy_kwh += kwh / pue if pue else kwh
        grams += max(0.0, number(cells.get(f"{prefix}carbonEmissions", "")) or 0.0)
        run_hours = number(cells.get("runTime", ""))
        hours_known &= run_hours is not None
        hours += run_hours or 0.0
    notes.warn(
        "no_measurement",
        _("Green Algorithms calculates from rated powers: this is another estimate, and no measurement."),
    )
    return checked(
        ImportedMeasurement(
            recognised_as="green-algorithms",
            energy_kwh=energy_kwh,
            includes_pue=True,
            it_energy_kwh=it_energy_kwh if pue_known else None,
            pue=energy_kwh / it_energy_kwh if pue_known and it_energy_kwh else None,
            duration_s=hours * 3600 if hours_known and hours > 0 else None,
            emissions_kgco2e=grams / 1000,
            **notes.kept(),
        ),
        notes,
    )
