"""The evidence of a lever drawn: the range of each factor around one."""

from typing import Final

from estimator.core.footprint import gettext_noop
from reports.charts import Chart, Mark, Piece, Voice
from reports.charts.waterfall import LESS, MORE
from reports.levers.evidence import EvidenceRow, EvidenceTable, Kind

#: Ticks that are tried, from fine to coarse: the first that are few enough are taken.
_TICKS: Final = (
    (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0),
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
    tuple(10.0**power for power in range(-6, 4)),
)
_MOST_TICKS: Final = 8
#: What the colours mean, by the kind of the factors.
_KEYS: Final[dict[Kind, tuple[str, str]]] = {
    "whole": (gettext_noop("saves"), gettext_noop("costs")),
    "beside": (gettext_noop("better than the formula says"), gettext_noop("worse than the formula says")),
}
_TITLES: Final[dict[Kind, str]] = {
    "whole": gettext_noop("What was found: a factor on the whole"),
    "beside": gettext_noop("What was found: a factor beside the formula"),
}


def evidence_chart(table: EvidenceTable, voice: Voice) -> Chart | None:
    """The ranges of one kind of factors; None where they are amounts, or all of them exactly one."""
    spans = [row.factor for row in table.rows]
    if table.kind == "amount" or all(span.low == span.high == 1.0 for span in spans):
        return None
    least, most = min(1.0, *(span.low for span in spans)), max(1.0, *(span.high for span in spans))
    better, worse = (voice.translate(words) for words in _KEYS[table.kind])
    several = len({row.quantity for row in table.rows}) > 1
    marks = tuple(_mark(row, voice, with_quantity=several) for row in table.rows)
    columns = (gettext_noop("Case"), gettext_noop("Factor"), gettext_noop("Range"))
    alt = voice.translate(gettext_noop("Ranges around 1, below which it is less: %(parts)s.")) % {
        "parts": voice.listed(f"{mark.label} {mark.cells[0]}" for mark in marks)
    }
    return Chart(
        name="evidence",
        title=voice.translate(_TITLES[table.kind]),
        alt=alt,
        form="ranges",
        columns=tuple(voice.translate(column) for column in columns),
        marks=marks,
        ticks=tuple((value, voice.tick(value, "1")) for value in _ticks(least, most)),
        centre=1.0,
        keys=((LESS, better), (MORE, worse)),
    )


def case_in_words(row: EvidenceRow, voice: Voice) -> str:
    """For which case a row holds."""
    return ", ".join(voice.translate(part) for part in row.case)


def _mark(row: EvidenceRow, voice: Voice, *, with_quantity: bool) -> Mark:
    span = row.factor
    case, quantity = case_in_words(row, voice), voice.translate(row.quantity)
    pieces = [Piece(span.low, min(span.high, 1.0), LESS)] if span.low < 1.0 else []
    if span.high > 1.0:
        pieces.append(Piece(max(span.low, 1.0), span.high, MORE))
    return Mark(
        label=f"{case} · {quantity}" if case and with_quantity else case or quantity,
        amount=span.central,
        text=voice.quantity(span.central, "1"),
        colour="ink",
        amounts=span,
        cells=(voice.spread(span, "1") or "–",),
        pieces=tuple(pieces) or (Piece(span.central, span.central, "ink"),),
    )


def _ticks(least: float, most: float) -> list[float]:
    """Few ticks that enclose the range, one of them at one."""
    chosen: list[float] = []
    for ladder in _TICKS:
        below = [tick for tick in ladder if tick <= least] or [ladder[0]]
        above = [tick for tick in ladder if tick >= most] or [ladder[-1]]
        chosen = [tick for tick in ladder if below[-1] <= tick <= above[0]]
        if below[-1] <= least and above[0] >= most and len(chosen) <= _MOST_TICKS:
            break
    return chosen
