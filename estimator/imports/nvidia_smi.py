"""
Logs of nvidia-smi: `--query-gpu=… --format=csv` with or without header and units, and `dmon`.

Times are local and name no zone. A reading that the card does not give stands there as [N/A], [Not Supported],
[Unknown Error] or "-". The columns of dmon differ by driver, so their places are read from its header.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.answers import Answers
from estimator.imports.cells import POWER_W, Moment, number_and_unit, year_first
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_NAME_CHARS, MAX_NAMES, MAX_POWER_W, ImportedMeasurement, Tool
from estimator.imports.samples import Samples
from estimator.imports.text import Row, rows_of

_STAMP: Final = re.compile(r"\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}\.\d{3}\Z")
_DRAWS: Final = ("power.draw", "power.draw.average", "power.draw.instant", "gpu_power_draw")
_DEVICES: Final = ("index", "uuid", "gpu_uuid", "pci.bus_id", "gpu_bus_id", "serial", "name", "gpu_name")
#: A median above it is no draw of one board in watts. [W]
_MOST_BOARD_W: Final = 5_000.0
_BAD_POWER: Final = _("The power “%(text)s” is no number of watts of at least 0.")
_BAD_TIME: Final = _("The time “%(text)s” is none that can be read.")


def recognises_query(lines: list[str]) -> bool:
    """Whether a header asks for the draw, or rows begin with the stamp that nvidia-smi writes."""
    first = next(line for line in lines if line.strip())
    cells = [cell.strip() for cell in first.split(",")]
    return any(_column(cell) in _DRAWS for cell in cells) or (len(cells) > 1 and bool(_STAMP.match(cells[0])))


def recognises_dmon(lines: list[str]) -> bool:
    """Whether the header of dmon stands at the top."""
    first = next(line for line in lines if line.strip())
    return first.lstrip().startswith("#") and {"gpu", "pwr"} <= set(first.lstrip("# ").split())


def _column(cell: str) -> str:
    return re.sub(r"\s*\[.*\]\Z", "", cell.strip()).lower()


class _Board:
    """Takes the readings of all boards, and watches for milliwatts under a header that says watts."""

    def __init__(self, notes: Notes) -> None:
        self.samples, self.notes = Samples(), notes
        self.samples.since_epoch, self.samples.zone_known = True, False
        self.watts: list[float] = []
        self.are_told_apart = True
        self.names: set[str] = set()

    def named(self, name: str) -> None:
        """A kind of card."""
        self.notes.name(name)
        if name.strip() and len(self.names) < MAX_NAMES:
            self.names.add(name.strip()[:MAX_NAME_CHARS])

    def take(self, row: Row, device: str, time_text: str, power_text: str, header_w: float, clock: "_Clock") -> None:
        moment = clock(time_text, device)
        if moment is None:
            self.notes.row_error(row.line, _BAD_TIME, {"text": time_text[:40] or "—"})
            self.samples.failure(device)
            return
        amount, unit = number_and_unit(power_text)
        scale = POWER_W.get(unit, 0.0) if unit else header_w
        watts = amount * scale if amount is not None and scale else None
        if watts is None or not 0 <= watts <= MAX_POWER_W:
            self.notes.row_error(row.line, _BAD_POWER, {"text": power_text[:40] or "—"})
            self.samples.failure(device)
            return
        self.watts.append(watts)
        self.samples.add(device, moment, watts, "accelerator")

    def measurement(self, tool: Tool) -> ImportedMeasurement:
        if not self.notes.rows_count:
            raise self.notes.no_rows()
        if self.watts and median(self.watts) > _MOST_BOARD_W:
            self.notes.warn(
                "unit_doubtful",
                _("The usual draw is %(watts)s W a board, which no board takes; these may be milliwatts."),
                {"watts": f"{median(self.watts):.0f}"},
            )
        found = self.samples.measurement(tool, self.notes)
        cards_count = len(self.samples.devices) if self.are_told_apart else None
        return replace(found, accelerator_names=tuple(sorted(self.names)), accelerator_count=cards_count)


_Clock = Callable[[str, str], float | None]


def _stamps(text: str, _device: str) -> float | None:
    moment: Moment | None = year_first(text)
    return moment[0] if moment else None


class _Counted:
    """Times of rows that bear none: the interval that the owner named."""

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self.seen: Counter[str] = Counter()

    def __call__(self, _text: str, device: str) -> float:
        self.seen[device] += 1
        return (self.seen[device] - 1) * self.interval_s


def read_query(lines: list[str], notes: Notes, answers: Answers) -> ImportedMeasurement:
    """The energy of all boards of a query log."""
    rows = rows_of(lines, ",", notes)
    first = next(rows)
    columns = [_column(cell) for cell in first.cells]
    if any(column in _DRAWS for column in columns):
        pending: list[Row] = []
    else:
        columns, pending = _guessed_columns(lines, first, notes), [first]
    power = next(columns.index(name) for name in _DRAWS if name in columns)
    device_column = next((columns.index(name) for name in _DEVICES if name in columns), None)
    time_column = columns.index("timestamp") if "timestamp" in columns else None
    board = _Board(notes)
    clock: _Clock = _stamps
    if time_column is None:
        notes.rows_count = sum(1 for line in lines if line.strip()) - 1
        if answers.interval_s is None:
            raise notes.refuse(
                "needs_answer",
                _("The rows bear no time: say how many seconds lie between two rows, or log with timestamp."),
                ask=("interval_s",),
            )
        notes.rows_count = 0
        clock = _Counted(answers.interval_s)
        board.samples.since_epoch, board.samples.zone_known = False, True
    # Cards of one name are not told apart by it.
    board.are_told_apart = device_column is not None and columns[device_column] not in ("name", "gpu_name")
    if device_column is None:
        notes.warn("no_device", _("The log names no board; all rows are taken as one board."))
    for row in (*pending, *rows):
        if not row.cells[0][:1].isdigit() and _column(row.cells[0]) == columns[0]:
            notes.warn("restarted", _("A second header stands inside the file: the logger was started again."))
            continue
        notes.rows_count += 1
        if len(row.cells) != len(columns):
            notes.row_error(
                row.line,
                _("This row has %(found)s cells instead of %(expected)s; it may have been cut off."),
                {"found": len(row.cells), "expected": len(columns)},
            )
            board.samples.failure()
            continue
        device = row.cells[device_column] if device_column is not None else ""
        for name in ("name", "gpu_name"):
            if name in columns:
                board.named(row.cells[columns.index(name)])
        time_text = row.cells[time_column] if time_column is not None else ""
        board.take(row, device, time_text, row.cells[power], 1.0, clock)
    return board.measurement("nvidia-smi")


def _guessed_columns(lines: list[str], first: Row, notes: Notes) -> list[str]:
    """Which cell is what, where no header says so: the draw has a W behind it or two decimals."""
    cells = first.cells
    draws = [index for index, cell in enumerate(cells) if re.match(r"\d+\.\d\d( W)?\Z", cell)]
    with_unit = [index for index in draws if cells[index].endswith(" W")]
    if len(with_unit or draws) != 1:
        notes.rows_count = len(lines)
        raise notes.refuse(
            "needs_header",
            _("No header says which column is the power; log without noheader, or put the header above the rows."),
            line=first.line,
        )
    columns = [f"column {index}" for index in range(len(cells))]
    columns[0] = "timestamp"
    columns[(with_unit or draws)[0]] = "power.draw"
    for index in range(1, len(cells)):
        if columns[index] != "power.draw" and re.match(r"\d{1,3}\Z|GPU-", cells[index]):
            columns[index] = "index"
            break
    notes.warn(
        "columns_guessed",
        _("The log has no header: column %(power)s is taken as the power in watts."),
        {"power": (with_unit or draws)[0] + 1},
    )
    return columns


def read_dmon(lines: list[str], notes: Notes, answers: Answers) -> ImportedMeasurement:
    """The energy of all boards of a dmon log."""
    board = _Board(notes)
    columns: list[str] = []
    clock: _Clock = _stamps
    counted = _Counted(answers.interval_s or 1.0)
    for line, text in enumerate(lines, 1):
        cells = text.split()
        if not cells:
            continue
        if cells[0].startswith("#"):
            names = [cell.lstrip("#").lower() for cell in cells if cell != "#"]
            if "pwr" in names:
                columns = names
                if "time" not in columns:
                    clock = counted
            continue
        notes.rows_count += 1
        row = Row(line, cells)
        if len(cells) != len(columns):
            notes.row_error(
                line,
                _("This row has %(found)s cells instead of %(expected)s; it may have been cut off."),
                {"found": len(cells), "expected": len(columns)},
            )
            board.samples.failure()
            continue
        board.take(
            row, _cell(cells, columns, "gpu"), _time_text(cells, columns), _cell(cells, columns, "pwr"), 1.0, clock
        )
    if clock is counted:
        board.samples.since_epoch, board.samples.zone_known = False, True
        if answers.interval_s is None:
            notes.warn("interval_assumed", _("The rows bear no time; one second between them is assumed."))
    return board.measurement("nvidia-smi dmon")


def _cell(cells: Sequence[str], columns: Sequence[str], name: str) -> str:
    return cells[columns.index(name)] if name in columns else ""


def _time_text(cells: Sequence[str], columns: Sequence[str]) -> str:
    date, time = _cell(cells, columns, "date"), _cell(cells, columns, "time")
    return f"{date or '1970-01-01'} {time}"
