"""What a chart is before it is drawn."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from estimator.core.footprint import Range, gettext_noop

BAR_ROW: Final = 52  #: height of a bar with its label above it, in units of the drawing
DOT_ROW: Final = 24  #: height of a dot with its label beside it
LINE_ROW: Final = 26  #: height of a bar with its label on the left and its number on the right
RANGE_ROW: Final = 44  #: height of a range with its label above it


@dataclass(frozen=True, slots=True)
class Voice:
    """How a chart speaks: its language and the only rounding there is, both handed in by the web layer."""

    translate: Callable[[str], str]
    quantity: Callable[[Range | float, str], str]
    spread: Callable[[Range, str], str]
    percent: Callable[[float], str]
    tick: Callable[[float, str], str]
    change: Callable[[Range | float, str], str]
    change_spread: Callable[[Range, str], str]

    def listed(self, texts: Iterable[str]) -> str:
        """Texts one after the other, as its language divides them."""
        return self.translate(gettext_noop("; ")).join(texts)

    def labelled(self, label: str, text: str) -> str:
        """A label and what it says, as its language divides them."""
        return f"{label}{self.translate(gettext_noop(': '))}{text}"


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of a bar, from one amount to another."""

    start: float
    end: float
    colour: str  #: name of a design token


@dataclass(frozen=True, slots=True)
class Mark:
    """One bar or dot."""

    label: str
    amount: float
    text: str  #: the number beside it
    colour: str  #: name of a design token
    amounts: Range | None = None  #: drawn as a line through the mark
    cells: tuple[str, ...] = ()  #: further columns of the table
    emphasised: bool = False
    pieces: tuple[Piece, ...] = ()  #: what a line is drawn of; empty for one bar from zero

    @property
    def stretches(self) -> tuple[Piece, ...]:
        """The pieces of a line."""
        return self.pieces or (Piece(0.0, self.amount, self.colour),)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart before it is drawn."""

    name: str
    title: str
    alt: str
    form: Literal["bars", "dots", "lines", "ranges"]  #: ranges are drawn still alone
    columns: tuple[str, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    centre: float | None = None  #: where an upright line stands, among lines
    keys: tuple[tuple[str, str], ...] = ()  #: what the colours mean: token and words

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The same content as a table."""
        return tuple((mark.label, mark.text, *mark.cells) for mark in self.marks)

    @property
    def reach(self) -> tuple[float, float]:
        """The ends of the axis of lines: zero, or all that is drawn where the lines stand around a centre."""
        pieces = [piece for mark in self.marks for piece in mark.stretches]
        spans = [mark.amounts for mark in self.marks if mark.amounts is not None]
        most = max([max(piece.start, piece.end) for piece in pieces] + [span.high for span in spans])
        least = min([min(piece.start, piece.end) for piece in pieces] + [span.low for span in spans])
        least = least if self.centre is not None else 0.0
        return least, most if most > least else least + 1.0

    def is_late(self, mark: Mark) -> bool:
        """Whether a mark on a logarithmic axis lies so far right that its number has to stand on its left."""
        first, last = math.log10(self.ticks[0][0]), math.log10(self.ticks[-1][0])
        return (math.log10(mark.amount) - first) / (last - first) > 0.6
