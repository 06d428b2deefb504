"""
A plain table: a column of times, and columns of power or of energy.

The words of the header say which column is what and in which unit; a unit in a cell beats the header. Where neither
says it, the owner is asked, or a guess is made that is told. The power log of old Zeus versions is such a table in
milliwatts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final, Literal

from estimator.core.footprint import gettext_noop as _
from estimator.imports.answers import POWER_UNITS, TIME_UNITS, Answers
from estimator.imports.cells import ENERGY_J, POWER_W, duration_s, number, number_and_unit, time_form, unit_of
from estimator.imports.meters import Meter
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_POWER_W, Component, ImportedMeasurement
from estimator.imports.samples import Samples
from estimator.imports.text import Row, rows_of, separator_of

Role = Literal["time", "power", "energy", "device", "none"]

_TIME_WORDS: Final = frozenset(
    "time timestamp date datetime zeit datum uhrzeit heure horodatage fecha hora tiempo epoch elapsed seconds "
    "sec secs t ts unix unixtime".split()
)
_POWER_WORDS: Final = frozenset("power watt watts leistung puissance potencia draw consumption_w".split())
_ENERGY_WORDS: Final = frozenset("energy energie energia énergie energía joule joules".split())
_DEVICE_WORDS: Final = frozenset("device gpu host hostname node sensor index id socket outlet".split())
_WHOLE_WORDS: Final = frozenset("total system sum all wall node gesamt whole".split())
_COMPONENT_WORDS: Final[dict[str, Component]] = {
    "gpu": "accelerator",
    "gpus": "accelerator",
    "accelerator": "accelerator",
    "cpu": "cpu",
    "package": "cpu",
    "pkg": "cpu",
    "ram": "memory",
    "dram": "memory",
    "memory": "memory",
    "mem": "memory",
}
_TIME_UNITS: Final = {
    "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0, "second": 1.0,
    "min": 60.0, "minutes": 60.0, "h": 3600.0, "hours": 3600.0,
}  # fmt: skip
_SAMPLED_TIMES: Final = 500
#: A usual step of plain numbers from which on they may be milliseconds.
_MOST_PLAIN_STEP: Final = 500.0
#: A usual draw above it, in no named unit, may be milliwatts. [W]
_MOST_UNNAMED_W: Final = 20_000.0
_LEAST_ZEUS_MW: Final = 2_000.0

_WHICH_COLUMNS: Final = _(
    "It is not clear which column holds the power, and in which unit. Name the columns, such as time,power_w, or say "
    "the unit."
)
_CUT: Final = _("This row has %(found)s cells instead of %(expected)s; it may have been cut off.")
_BAD_TIME: Final = _("The time “%(text)s” is none that can be read.")
_BAD_POWER: Final = _("The power “%(text)s” is no number of watts of at least 0.")
_BAD_ENERGY: Final = _("The energy “%(text)s” is no number of at least 0.")


@dataclass(frozen=True, slots=True)
class _Column:
    index: int
    role: Role
    unit: str | None
    words: tuple[str, ...]

    @property
    def component(self) -> Component:
        return next((_COMPONENT_WORDS[word] for word in self.words if word in _COMPONENT_WORDS), "other")


@dataclass(slots=True)
class _Table:
    columns: list[_Column]
    rows: list[Row]
    headed: bool
    zeus_mw: bool = False

    def of(self, role: Role) -> list[_Column]:
        return [column for column in self.columns if column.role == role]


def recognises(lines: list[str]) -> bool:
    """Whether the lines are a table with numbers in it."""
    body = [line for line in lines[:40] if line.strip() and not line.startswith("#")]
    if not body or separator_of(body[0]) is None:
        return False
    separator = separator_of(body[0]) or ","
    if len(body) == 1:
        return any(column.role in ("power", "energy") for column in _columns(body[0].split(separator)))
    return any(number_and_unit(cell)[0] is not None for line in body[1:] for cell in line.split(separator))


def read(lines: list[str], notes: Notes, answers: Answers) -> ImportedMeasurement:
    """The energy of the table."""
    table = _table(lines, notes, answers)
    _whole_instead_of_parts(table, notes)
    power, energy = table.of("power"), table.of("energy")
    clock = _clock(table, notes, answers)
    if power:
        return _read_power(table, power, clock, notes, answers)
    return _read_energy(table, energy, clock, notes)


# Which column is what


def _columns(cells: list[str]) -> list[_Column]:
    found = []
    for index, cell in enumerate(cells):
        words = re.findall(r"[^\W\d_]+", cell)
        lower = tuple(word.lower() for word in words)
        unit = next((u for word in reversed(words) if (u := unit_of(word)) is not None), None)
        role: Role = "none"
        if _TIME_WORDS.intersection(lower):
            role = "time"
            unit = next((word for word in reversed(lower) if word in _TIME_UNITS), None)
        elif unit in ENERGY_J or _ENERGY_WORDS.intersection(lower):
            role, unit = "energy", unit if unit in ENERGY_J else None
        elif unit in POWER_W or _POWER_WORDS.intersection(lower):
            role = "power"
        elif _DEVICE_WORDS.intersection(lower):
            role = "device"
        found.append(_Column(index, role, unit, lower))
    return found


def _table(lines: list[str], notes: Notes, answers: Answers) -> _Table:
    comments = next((index for index, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    separator = separator_of(lines[comments]) or ","
    rows = [
        row
        for row in rows_of(lines[comments:], separator, notes, first_line=comments + 1)
        if not row.cells[0].startswith("#")
    ]
    first = rows[0].cells
    headed = not any(number_and_unit(cell)[0] is not None for cell in first)
    if not headed:
        notes.rows_count = len(rows)
        if len(first) != 2 and not (len(first) == 3 and not first[2]):
            raise notes.refuse("needs_header", _WHICH_COLUMNS, ask=(), line=rows[0].line)
        columns = [_Column(0, "time", None, ()), _Column(1, "power", answers.power_unit, ())]
        if answers.power_unit is None:
            notes.warn(
                "columns_guessed",
                _("The table has no header: the first column is taken as the time, the second as watts."),
            )
        return _Table(columns, rows, headed=False)
    columns = _columns(first)
    body = [row for row in rows[1:] if row.cells != first]
    notes.rows_count = len(body)
    if not any(column.role in ("power", "energy") for column in columns):
        if answers.power_unit is None or len(columns) != 2:
            raise notes.refuse("needs_answer", _WHICH_COLUMNS, ask=("power_unit", "time_unit"), line=rows[0].line)
        columns = [_Column(0, "time", None, ()), _Column(1, "power", answers.power_unit, ())]
    if not body:
        raise notes.no_rows()
    if len(body) < len(rows) - 1:
        notes.warn("restarted", _("A second header stands inside the file: the logger was started again."))
    table = _Table(columns, body, headed=True)
    table.zeus_mw = first == ["Time", "Power"] and _are_milliwatts(body)
    return table


def _are_milliwatts(rows: list[Row]) -> bool:
    """Old Zeus monitors wrote whole milliwatts under the plain word Power."""
    texts = [row.cells[1] for row in rows if len(row.cells) > 1]
    whole = [int(text) for text in texts if re.fullmatch(r"\d{1,9}", text)]
    return len(whole) * 10 >= len(texts) * 9 and bool(whole) and median(whole) >= _LEAST_ZEUS_MW


def _whole_instead_of_parts(table: _Table, notes: Notes) -> None:
    for role in ("power", "energy"):
        columns = [column for column in table.columns if column.role == role]
        if len(columns) < 2:
            continue
        whole = next((column for column in columns if _WHOLE_WORDS.intersection(column.words)), None)
        if whole is None:
            notes.warn(
                "columns_added",
                _(
                    "The table has %(count)s columns of power or energy, which are added; "
                    "check that none is inside another."
                ),
                {"count": len(columns)},
            )
            continue
        notes.warn("whole_taken", _("The column of the whole is taken, and those of its parts are left out."))
        table.columns = [column for column in table.columns if column.role != role or column is whole]


# When

_Clock = Callable[[Row], tuple[float, bool] | None]


def _clock(table: _Table, notes: Notes, answers: Answers) -> _Clock:
    times = table.of("time")[:2]
    if not times:
        if answers.interval_s is None:
            raise notes.refuse(
                "needs_answer",
                _("The rows bear no time: say how many seconds lie between two rows, or log with timestamp."),
                ask=("interval_s",),
            )
        interval_s = answers.interval_s
        # Rows that could not be read took their time as well.
        place = {row.line: index for index, row in enumerate(table.rows)}
        return lambda row: (place[row.line] * interval_s, True)
    joined = len(times) == 2 and "date" in times[0].words
    indices = [column.index for column in (times if joined else times[:1])]

    def text_of(row: Row) -> str:
        return " ".join(row.cells[index] for index in indices if index < len(row.cells))

    step = max(1, len(table.rows) // _SAMPLED_TIMES)
    texts = [text_of(row) for row in table.rows[::step]]
    form = time_form(texts)
    if form is not None:
        return lambda row: form(text_of(row))
    if sum(number(text) is not None for text in texts) * 2 >= len(texts):
        return _elapsed(table, times[0], notes, answers)
    if sum(duration_s(text) is not None for text in texts) * 2 >= len(texts):
        return _TimeOfDay(text_of)
    return lambda row: None


def _elapsed(table: _Table, column: _Column, notes: Notes, answers: Answers) -> _Clock:
    """Plain numbers since a start: in the unit of the header, else of the owner, else in seconds."""
    scale = _TIME_UNITS.get(column.unit or "")
    if scale is None and answers.time_unit is not None:
        scale = TIME_UNITS[answers.time_unit]
    if scale is None:
        found = [number(row.cells[column.index]) for row in table.rows if column.index < len(row.cells)]
        known = [item for item in found if item is not None]
        steps = [later - earlier for earlier, later in pairwise(known) if later > earlier]
        if steps and median(steps) >= _MOST_PLAIN_STEP:
            raise notes.refuse(
                "needs_answer",
                _("The times are plain numbers with steps of %(step)s: say whether they are ms or s."),
                {"step": f"{median(steps):g}"},
                ask=("time_unit",),
            )
        scale = 1.0
        notes.warn("seconds_assumed", _("The times are plain numbers without a unit; they are taken as seconds."))
    factor = scale

    def clock(row: Row) -> tuple[float, bool] | None:
        found = number(row.cells[column.index])
        return (found * factor, True) if found is not None and abs(found * factor) < 3.2e10 else None

    return clock


class _TimeOfDay:
    """Times without a date: the day changes where they fall by more than half a day."""

    def __init__(self, text_of: Callable[[Row], str]) -> None:
        self.text_of = text_of
        self.day_s, self.before_s = 0.0, 0.0

    def __call__(self, row: Row) -> tuple[float, bool] | None:
        seconds = duration_s(self.text_of(row))
        if seconds is None:
            return None
        if seconds < self.before_s - 43_200:
            self.day_s += 86_400
        self.before_s = seconds
        return self.day_s + seconds, True


# How much


def _fits(table: _Table, row: Row, notes: Notes) -> bool:
    width = len(table.columns) if not table.headed else max(column.index for column in table.columns) + 1
    cells = row.cells[:-1] if len(row.cells) == width + 1 and row.cells[-1] == "" else row.cells
    if len(cells) == width:
        return True
    notes.row_error(row.line, _CUT, {"found": len(row.cells), "expected": width})
    return False


def _read_power(
    table: _Table, columns: list[_Column], clock: _Clock, notes: Notes, answers: Answers
) -> ImportedMeasurement:
    samples = Samples()
    samples.since_epoch = True
    devices = table.of("device")
    units = {column.index: _power_scale(table, column, answers) for column in columns}
    unnamed: list[float] = []
    all_watts: list[float] = []
    width_table = table
    for row in table.rows:
        if not _fits(width_table, row, notes):
            samples.failure()
            continue
        device = " ".join(row.cells[column.index] for column in devices)
        moment = clock(row)
        if moment is None:
            notes.row_error(row.line, _BAD_TIME, {"text": row.cells[0][:40] or "—"})
            samples.failure(None if len(columns) > 1 or not devices else device)
            continue
        readings: list[tuple[_Column, float]] = []
        for column in columns:
            amount, unit = number_and_unit(row.cells[column.index])
            scale = POWER_W.get(unit, 0.0) if unit else units[column.index] or 1.0
            watts = amount * scale if amount is not None and scale else None
            if watts is None or not 0 <= watts <= MAX_POWER_W:
                notes.row_error(row.line, _BAD_POWER, {"text": row.cells[column.index][:40] or "—"})
                samples.failure()
                readings = []
                break
            if unit is None and units[column.index] is None:
                unnamed.append(watts)
            all_watts.append(watts)
            readings.append((column, watts))
        samples.since_epoch &= moment[0] > 6.3e8
        samples.zone_known &= moment[1]
        for column, watts in readings:
            samples.add(f"{device}\x1f{column.index}", moment[0], watts, column.component)
    _check_units(unnamed, all_watts, notes, guessed=table.headed)
    if notes.errors_count == notes.rows_count and notes.errors:
        raise notes.refuse(
            "no_row_fits",
            _("No row could be read; the first says: %(first)s"),
            {"first": str(notes.errors[0])},
            line=notes.errors[0].line,
        )
    for name in {
        row.cells[column.index] for row in table.rows[:200] for column in devices if column.index < len(row.cells)
    }:
        notes.name(name)
    found = samples.measurement("zeus" if table.zeus_mw else "plain", notes)
    # Its old monitor logs one card.
    return replace(found, energy_by_component_kwh={"accelerator": found.energy_kwh}) if table.zeus_mw else found


def _power_scale(table: _Table, column: _Column, answers: Answers) -> float | None:
    """Watts a unit of the column; None where nobody says it."""
    if table.zeus_mw:
        return 1e-3
    if column.unit in POWER_W:
        return POWER_W[column.unit]
    return POWER_UNITS[answers.power_unit] if answers.power_unit else None


def _check_units(unnamed: list[float], all_watts: list[float], notes: Notes, *, guessed: bool) -> None:
    if unnamed and median(unnamed) > _MOST_UNNAMED_W:
        raise notes.refuse(
            "needs_answer",
            _("The usual power is %(watts)s in no named unit: say whether these are mW or W."),
            {"watts": f"{median(unnamed):g}"},
            ask=("power_unit",),
        )
    if unnamed and guessed:
        notes.warn("watts_assumed", _("No unit stands beside the power; it is taken as watts."))
    usual = median(all_watts) if all_watts else 0.0
    if not unnamed and usual > 100_000:
        notes.warn(
            "unit_doubtful",
            _("The usual power is %(watts)s W, as of a whole data centre; check that these are no milliwatts."),
            {"watts": f"{usual:.0f}"},
        )
    if 0 < usual < 0.5:
        notes.warn(
            "unit_doubtful",
            _("The usual power is only %(watts)s W, which no computer reaches; check that these are no kilowatts."),
            {"watts": f"{usual:.2g}"},
        )


def _read_energy(table: _Table, columns: list[_Column], clock: _Clock, notes: Notes) -> ImportedMeasurement:
    meters = {column.index: Meter(column.component) for column in columns}
    since_epoch, zone_known = True, True
    for row in table.rows:
        if not _fits(table, row, notes):
            continue
        moment = clock(row)
        if moment is None:
            notes.row_error(row.line, _BAD_TIME, {"text": row.cells[0][:40] or "—"})
            continue
        readings: list[tuple[int, float]] = []
        for column in columns:
            amount, unit = number_and_unit(row.cells[column.index])
            named = unit or column.unit
            if named is None:
                raise notes.refuse(
                    "needs_unit",
                    _("No unit stands beside the energy; name the column energy_kwh, energy_wh or energy_j."),
                    line=row.line,
                )
            scale = ENERGY_J.get(named, 0.0)
            if amount is None or not scale or not 0 <= amount * scale <= 3.6e18:
                notes.row_error(row.line, _BAD_ENERGY, {"text": row.cells[column.index][:40] or "—"})
                readings = []
                break
            readings.append((column.index, amount * scale))
        since_epoch &= moment[0] > 6.3e8
        zone_known &= moment[1]
        for index, energy_j in readings:
            meters[index].add(moment[0], energy_j)
    return Meter.measurement(list(meters.values()), notes, since_epoch=since_epoch, zone_known=zone_known)
