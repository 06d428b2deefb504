"""What a chart is before it is drawn."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from estimator.core.footprint import Range

BAR_ROW: Final = 52  #: height of a bar with its label above it, in units of the drawing
DOT_ROW: Final = 24  #: height of a dot with its label beside it


@dataclass(frozen=True, slots=True)
class Voice:
    """How a chart speaks: its language and the only rounding there is, both handed in by the web layer."""

    translate: Callable[[str], str]
    quantity: Callable[[Range | float, str], str]
    spread: Callable[[Range, str], str]
    percent: Callable[[float], str]
    tick: Callable[[float, str], str]


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


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart before it is drawn."""

    name: str
    title: str
    alt: str
    form: Literal["bars", "dots"]
    columns: tuple[str, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...] = ()

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The same content as a table."""
        return tuple((mark.label, mark.text, *mark.cells) for mark in self.marks)

    def is_late(self, mark: Mark) -> bool:
        """Whether a mark on a logarithmic axis lies so far right that its number has to stand on its left."""
        first, last = math.log10(self.ticks[0][0]), math.log10(self.ticks[-1][0])
        return (math.log10(mark.amount) - first) / (last - first) > 0.6
