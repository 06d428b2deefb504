"""
Tables of SLURM's sacct: parsable with bars, or of fixed width.

An allocation and its steps hold the same energy, so one row an allocation counts; where it is empty, the largest of its
steps. ConsumedEnergyRaw is in joules, ConsumedEnergy carries K, M or G. What TRES columns call energy may be watts and
is not read. A job that was queued again repeats its id and is a second run.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from estimator.core.footprint import gettext_noop as _
from estimator.imports.cells import as_datetime, duration_s, moment_of, number
from estimator.imports.notes import Notes
from estimator.imports.result import ImportedMeasurement
from estimator.imports.text import Row, rows_of
from estimator.imports.totals import checked

_IDS: Final = ("jobid", "jobidraw")
_ENERGIES: Final = ("consumedenergyraw", "consumedenergy")
_SUFFIXES: Final = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
#: Above it a node's counter has jumped or wrapped. [W]
MOST_NODE_W: Final = 100_000.0


@dataclass(slots=True)
class _Allocation:
    line: int
    elapsed_s: float
    energy_j: float | None
    nodes_count: float
    steps_j: list[float] = field(default_factory=list)


def recognises(lines: list[str]) -> bool:
    """Whether the header names a job's id and its energy."""
    names = {cell.strip().lower() for cell in re.split(r"[|\s]+", next(line for line in lines if line.strip()))}
    return bool(names.intersection(_IDS)) and bool(names.intersection(_ENERGIES) or {"elapsed", "state"} <= names)


def read(lines: list[str], notes: Notes) -> ImportedMeasurement:
    """The energy of all allocations."""
    header, rows = _table(lines, notes)
    names = [name.lower() for name in header]
    job = next(names.index(name) for name in _IDS if name in names)
    energy = next((names.index(name) for name in _ENERGIES if name in names), None)
    elapsed = next((names.index(name) for name in ("elapsedraw", "elapsed") if name in names), None)
    if energy is None or elapsed is None:
        raise notes.refuse(
            "columns_missing",
            _("The table lacks ConsumedEnergyRaw or Elapsed; ask sacct for JobID,Elapsed,NNodes,ConsumedEnergyRaw."),
        )
    allocations: list[_Allocation] = []
    latest: dict[str, _Allocation] = {}
    orphans: dict[str, _Allocation] = {}
    refused: set[str] = set()
    started: list[float] = []
    for row in rows:
        notes.rows_count += 1
        job_id, is_step, _step = (row.cells[job] if job < len(row.cells) else "").partition(".")
        if len(row.cells) != len(names):
            refused.add(job_id)
            notes.row_error(
                row.line,
                _("This row has %(found)s cells instead of %(expected)s; a name may hold the separator."),
                {"found": len(row.cells), "expected": len(names)},
            )
            continue
        cells = dict(zip(names, row.cells, strict=True))
        read_row = _allocation(cells, names[energy], names[elapsed], row, notes)
        if read_row is None:
            continue
        if not is_step:
            latest[job_id] = read_row
            allocations.append(read_row)
            notes.name(cells.get("jobname", ""))
            if read_row.energy_j is not None and (moment := moment_of(cells.get("start", ""))):
                started.append(moment[0])
        elif read_row.energy_j is not None:
            owner = latest.get(job_id) or orphans.setdefault(
                job_id, _Allocation(row.line, 0.0, None, read_row.nodes_count)
            )
            owner.steps_j.append(read_row.energy_j)
            if job_id in orphans:
                owner.elapsed_s = max(owner.elapsed_s, read_row.elapsed_s)
    if not notes.rows_count:
        raise notes.no_rows()
    if not latest and orphans and not refused:
        notes.warn("steps_only", _("The table holds steps without their jobs; of each job the largest step counts."))
        allocations = list(orphans.values())
    return _sum(allocations, started, notes)


def _table(lines: list[str], notes: Notes) -> tuple[list[str], list[Row]]:
    first = next(index for index, line in enumerate(lines) if line.strip())
    dashes = lines[first + 1] if first + 1 < len(lines) else ""
    if re.fullmatch(r"\s*-+(?: +-+)*\s*", dashes):
        spans = [match.span() for match in re.finditer(r"-+", dashes)]
        # sacct right-aligns: a cell may reach over the blank at its left, never over its right end.
        return (
            [lines[first][start:end].strip() for start, end in spans],
            [
                Row(number_of_line, [line[start:end].strip() for start, end in spans])
                for number_of_line, line in enumerate(lines[first + 2 :], first + 3)
                if line.strip()
            ],
        )
    rows = list(rows_of(lines, "|", notes))
    header = rows[0].cells
    if header[-1] == "":
        # With -p every line ends in a bar.
        header = header[:-1]
        rows = [rows[0]] + [Row(row.line, row.cells[:-1] if row.cells[-1] == "" else row.cells) for row in rows[1:]]
    return header, [row for row in rows[1:] if row.cells[: len(header)] != header]


def _allocation(cells: dict[str, str], energy: str, elapsed: str, row: Row, notes: Notes) -> _Allocation | None:
    text = cells[elapsed]
    seconds = number(text) if elapsed == "elapsedraw" else duration_s(text)
    if seconds is None or not 0 <= seconds <= 3.2e10:
        notes.row_error(row.line, _("Elapsed is no time such as 1-02:03:04."))
        return None
    energy_j = _joules(cells[energy])
    if energy_j is None and cells[energy]:
        notes.row_error(row.line, _("The energy “%(text)s” is no number of joules."), {"text": cells[energy][:40]})
        return None
    nodes = number(cells.get("nnodes", "")) or _nodes_in(cells.get("alloctres", "")) or 1.0
    if energy_j is not None and energy_j / max(seconds, 1.0) > MOST_NODE_W * nodes:
        notes.row_error(
            row.line,
            _("The energy means more than %(limit)s kW a node; the counter has wrapped or jumped."),
            {"limit": f"{MOST_NODE_W / 1000:g}"},
        )
        return None
    return _Allocation(row.line, seconds, energy_j, nodes)


def _joules(text: str) -> float | None:
    match = re.match(r"(.*?)([KMGT]?)\Z", text.strip())
    amount = number(match[1]) if match else None
    return amount * _SUFFIXES[match[2]] if match and amount is not None and amount >= 0 else None


def _nodes_in(tres: str) -> float | None:
    match = re.search(r"(?:\A|,)node=(\d{1,6})(?:,|\Z)", tres)
    return float(match[1]) if match else None


def _sum(allocations: list[_Allocation], started: list[float], notes: Notes) -> ImportedMeasurement:
    total_j, total_s, runs_count = 0.0, 0.0, 0
    for allocation in allocations:
        energy_j = allocation.energy_j if allocation.energy_j is not None else max(allocation.steps_j, default=None)
        if energy_j is None:
            notes.warn(
                "no_energy", _("Some jobs have no energy (they run, wait, or were not metered) and do not count.")
            )
            continue
        if energy_j == 0 and allocation.elapsed_s > 60:
            notes.warn(
                "zero_energy",
                _("Some jobs ran and show 0 J: their node has no energy meter for SLURM, so they are missing here."),
            )
        total_j += energy_j
        total_s += allocation.elapsed_s
        runs_count += 1
    return checked(
        ImportedMeasurement(
            recognised_as="sacct",
            energy_kwh=total_j / 3.6e6,
            it_energy_kwh=total_j / 3.6e6,
            includes_pue=False,
            duration_s=total_s,
            started_at=as_datetime(min(started)) if started else None,
            runs_count=runs_count,
            **notes.kept(),
        ),
        notes,
    )
