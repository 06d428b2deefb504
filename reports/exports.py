"""
Stored runs as a table: CSV, JSON, Parquet and XLSX. Columns are declared once; every format is written row by row.

Text that a spreadsheet would execute is written as text. Numbers keep their full precision.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, Literal

from estimator.core.footprint import Footprint
from reports.disclosures import escapes
from reports.summary import QUANTITIES

Cell = str | float | datetime | None
Kind = Literal["text", "number", "time"]

ENDS: Final = ("low", "central", "high")
#: Rows of one group of Parquet, and rows between two pieces that are sent.
ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One finished run, as it is exported."""

    id: str
    made_at: datetime
    footprint: Footprint


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what it holds, and how it is read from a run."""

    name: str
    kind: Kind
    read: Callable[[StoredRun], Cell]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format of a file."""

    name: str
    media_type: str
    extension: str


FORMATS: Final[dict[str, ExportFormat]] = {
    one.name: one
    for one in (
        ExportFormat("csv", "text/csv; charset=utf-8", "csv"),
        ExportFormat("json", "application/json", "json"),
        ExportFormat("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ExportFormat("parquet", "application/vnd.apache.parquet", "parquet"),
    )
}


def _quantity(name: str, end: str) -> Callable[[StoredRun], Cell]:
    def read(run: StoredRun) -> Cell:
        amount = getattr(run.footprint.result, name)
        return None if amount is None else float(getattr(amount, end))

    return read


def _text(name: str) -> Callable[[StoredRun], Cell]:
    return lambda run: str(getattr(run.footprint, name))


#: Low, central and high of each quantity; the unit stands at the end of its name.
COLUMNS: Final[tuple[Column, ...]] = (
    Column("id", "text", lambda run: run.id),
    Column("made_at", "time", lambda run: run.made_at),
    *(
        Column(name, "text", _text(name))
        for name in (
            *("title", "activity", "method", "boundary", "quality", "energy_quality"),
            *("engine_version", "dataset_version", "input_digest"),
        )
    ),
    *(Column(f"{end}_{name}", "number", _quantity(name, end)) for name in QUANTITIES for end in ENDS),
)


class Digits(str):
    """A number of ours as text: a minus sign at its front is no formula."""

    __slots__ = ()


def csv_line(cells: Sequence[str]) -> str:
    """One line of CSV, with its end; no cell but a number of ours is taken for a formula."""
    return ",".join(cell if isinstance(cell, Digits) else escapes.csv(cell) for cell in cells) + "\r\n"


def digits(number: float) -> str:
    """A number in full precision, with a point as the decimal sign."""
    return Digits(repr(float(number)))


def write_csv(runs: Iterable[StoredRun]) -> Iterator[bytes]:
    """CSV with a header, piece by piece: UTF-8 with the mark that spreadsheets look for."""
    yield "\ufeff".encode() + csv_line([column.name for column in COLUMNS]).encode()
    for group in _grouped(runs):
        yield "".join(csv_line([_csv_cell(column.read(run)) for column in COLUMNS]) for run in group).encode()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat()
    return cell if isinstance(cell, str) else digits(cell)


def write_json(runs: Iterable[StoredRun]) -> Iterator[bytes]:
    """`{"runs": [{"id", "made_at", "footprint"}]}`, piece by piece; each footprint whole, as the API gives it."""
    yield b'{"runs":['
    for place, run in enumerate(runs):
        about = f'"id":{json.dumps(run.id)},"made_at":{json.dumps(run.made_at.isoformat())}'
        yield f'{"," if place else ""}\n{{{about},"footprint":{run.footprint.model_dump_json()}}}'.encode()
    yield b"\n]}\n"


def write_xlsx(runs: Iterable[StoredRun]) -> Iterator[bytes]:
    """One sheet, row by row through a file of the system; text stays text, whatever its first character is."""
    import xlsxwriter

    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(file.name, options | {"remove_timezone": True}) as book:
            sheet = book.add_worksheet("Wattprint")
            bold, time = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
            sheet.freeze_panes(1, 1)
            for place, column in enumerate(COLUMNS):
                sheet.write_string(0, place, column.name, bold)
                sheet.set_column(place, place, 22)
            for number, run in enumerate(runs, start=1):
                for place, column in enumerate(COLUMNS):
                    cell = column.read(run)
                    if isinstance(cell, datetime):
                        sheet.write_datetime(number, place, cell, time)
                    elif isinstance(cell, str):
                        sheet.write_string(number, place, escapes.clean(cell))
                    elif cell is not None:
                        sheet.write_number(number, place, cell)
        yield from _pieces(file)


def write_parquet(runs: Iterable[StoredRun]) -> Iterator[bytes]:
    """One table with a type a column, a group of rows at a time through a file of the system."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"text": pa.string(), "number": pa.float64(), "time": pa.timestamp("us", tz="UTC")}
    schema = pa.schema([(column.name, kinds[column.kind]) for column in COLUMNS])
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        with parquet.ParquetWriter(file.name, schema) as writer:
            for group in _grouped(runs):
                columns = [pa.array([column.read(run) for run in group], kinds[column.kind]) for column in COLUMNS]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))
        yield from _pieces(file)


WRITERS: Final[dict[str, Callable[[Iterable[StoredRun]], Iterator[bytes]]]] = {
    "csv": write_csv,
    "json": write_json,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
}


def _grouped(runs: Iterable[StoredRun]) -> Iterator[list[StoredRun]]:
    group: list[StoredRun] = []
    for run in runs:
        group.append(run)
        if len(group) == ROWS_AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def _pieces(file: IO[Any]) -> Iterator[bytes]:
    with Path(file.name).open("rb") as written:
        while piece := written.read(1 << 16):
            yield piece
