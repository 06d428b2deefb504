"""The figures of a report as files inside it, so that nobody has to retype them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from estimator.core.footprint import Footprint, Range, readable
from reports.exports import ENDS, StoredRun, csv_line, digits, write_csv
from reports.summary import QUANTITIES

COLUMNS: Final = (
    "kind",
    "name",
    "label",
    "low",
    "central",
    "high",
    "unit",
    "formula",
    "substituted",
    "status",
    "match",
    "quality",
    "source_ids",
    "note",
)


def footprint_json(footprint: Footprint, translate: Callable[[str], str] = str) -> bytes:
    """The footprint as the API gives it in `report.json`, under `footprint`."""
    return readable(footprint, translate).model_dump_json().encode()


def footprint_csv(footprint: Footprint, translate: Callable[[str], str] = str) -> bytes:
    """
    One row a quantity, a step and an input, with full precision and a point as the decimal sign.

    Parameters
    ----------
    footprint : Footprint
        The run.
    translate : callable
        Puts labels into another language.

    Returns
    -------
    bytes
        UTF-8 with the mark that spreadsheets look for; no cell is taken for a formula.
    """
    footprint = readable(footprint, translate)
    return _csv(COLUMNS, [*_quantities(footprint, translate), *_steps(footprint), *_inputs(footprint)])


class RunFiles:
    """The files of a report over several runs, written run by run, so that no footprint has to be kept."""

    def __init__(self, translate: Callable[[str], str] = str) -> None:
        self._translate = translate
        self._told: list[bytes] = []
        self._lines: list[bytes] = []

    def add(self, run: StoredRun) -> None:
        """Write one run down."""
        told = footprint_json(run.footprint, self._translate)
        about = f'{{"id":"{run.id}","made_at":"{run.made_at.isoformat()}","footprint":'
        self._told.append(about.encode() + told + b"}")
        self._lines.extend(list(write_csv([run]))[1:])

    def json(self) -> bytes:
        """Every footprint, under the id of its estimate."""
        return b'{"runs":[' + b",".join(self._told) + b"]}"

    def csv(self) -> bytes:
        """One row a run, with the columns of the export."""
        return b"".join([*write_csv([]), *self._lines])


def _quantities(footprint: Footprint, translate: Callable[[str], str]) -> Iterable[tuple[str, ...]]:
    for name, (label, unit) in QUANTITIES.items():
        amount = getattr(footprint.result, name)
        if amount is not None:
            yield _row("quantity", name, translate(label), amount, unit)


def _steps(footprint: Footprint) -> Iterable[tuple[str, ...]]:
    for step in footprint.steps:
        yield _row(
            *("step", step.name, step.label, step.value, step.unit),
            formula=step.formula,
            substituted=step.substituted,
            source_ids=" ".join(step.source_ids),
        )


def _inputs(footprint: Footprint) -> Iterable[tuple[str, ...]]:
    for one in footprint.assumptions:
        yield _row(
            *("input", one.name, one.label, Range(low=one.low, central=one.value, high=one.high), one.unit),
            status=one.status,
            match=one.match or "",
            quality=one.quality,
            source_ids=" ".join(one.source_ids),
            note=one.note,
        )


def _row(kind: str, name: str, label: str, amount: Range | float, unit: str, **more: str) -> tuple[str, ...]:
    ends = {end: digits(getattr(amount, end)) for end in ENDS} if isinstance(amount, Range) else {}
    central = {} if isinstance(amount, Range) else {"central": digits(amount)}
    cells = {"kind": kind, "name": name, "label": label, "unit": unit, **ends, **central, **more}
    return tuple(cells.get(column, "") for column in COLUMNS)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    return ("\ufeff" + "".join(map(csv_line, (columns, *rows)))).encode()
