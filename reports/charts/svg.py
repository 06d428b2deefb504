"""A chart as SVG for paper, and for the page until Plotly has drawn or where it cannot."""

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from reports.charts.chart import BAR_ROW, DOT_ROW, LINE_ROW, RANGE_ROW, Chart

TOKENS: Final = Path(__file__).resolve().parents[2] / "estimator" / "static" / "estimator" / "tokens.css"


#: Mean width of a letter of the text font at 14 units, rounded up; good enough to keep texts apart.
LETTER: Final = 6.9


@cache
def light_colours() -> Mapping[str, str]:
    """The design tokens of the light scheme, name to value, as paper needs them."""
    light = TOKENS.read_text(encoding="utf-8").split("@media", 1)[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", light))


def svg(chart: Chart, *, width: int = 640, colours: Mapping[str, str] | None = None) -> str:
    """
    The chart as SVG: the same text for the same chart.

    Parameters
    ----------
    chart : Chart
        What to draw.
    width : int
        Width of the drawing; text is 14 units high.
    colours : mapping of str to str, optional
        Token to colour. By default colours stay `var(--token)`, so that a page's colour scheme decides.

    Returns
    -------
    str
        One `svg` element without style sheet, script or reference to anything outside.
    """
    return _Drawing(width, colours).draw(chart)


def _width(text: str) -> float:
    return len(text) * LETTER


class _Drawing:
    """SVG by hand: presentation attributes only, so that neither a style sheet nor a permission is needed."""

    def __init__(self, width: int, colours: Mapping[str, str] | None) -> None:
        self.width = width
        self.colours = colours

    def draw(self, chart: Chart) -> str:
        forms = {"bars": self._bars, "dots": self._dots, "lines": self._lines, "ranges": self._ranges}
        body, height = forms[chart.form](chart)
        # On a page the label above is read out and a title would only be a tooltip; in a PDF the title is the text.
        title = "" if self.colours is None else f"<title>{escape(chart.alt)}</title>"
        family = "Source Sans Pro, sans-serif"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {height}" width="{self.width}" '
            f'height="{height}" role="img" aria-label={quoteattr(chart.alt)} font-family="{family}" font-size="14">'
            f"{title}{''.join(body)}</svg>"
        )

    def _paint(self, token: str) -> str:
        return f"var(--{token})" if self.colours is None else self.colours[token]

    def _text(
        self, x: float, y: float, text: str, *, anchor: str = "start", bold: bool = False, soft: bool = False
    ) -> str:
        weight = ' font-weight="600"' if bold else ""
        colour = self._paint("ink-soft" if soft else "ink")
        size = ' font-size="12"' if soft else ""
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}{size}>{escape(text)}</text>'
        )

    def _line(self, x1: float, y1: float, x2: float, y2: float, token: str, thick: float = 1) -> str:
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        return f'<line {ends} stroke="{self._paint(token)}" stroke-width="{thick:g}"/>'

    def _bar(self, y: float, length: float, token: str) -> str:
        return f'<rect x="0" y="{y:g}" width="{length:.1f}" height="14" rx="2" fill="{self._paint(token)}"/>'

    def _clipped(self, text: str, room: float) -> str:
        return text if _width(text) <= room else text[: max(int(room / LETTER) - 1, 1)].rstrip() + "…"

    def _keys(self, chart: Chart) -> tuple[list[str], int]:
        body: list[str] = []
        x = 0.0
        for token, words in chart.keys:
            body.append(f'<rect x="{x:.1f}" y="3" width="12" height="12" rx="2" fill="{self._paint(token)}"/>')
            body.append(self._text(x + 18, 14, words, soft=True))
            x += 18 + _width(words) * 0.9 + 16
        return body, 26 if chart.keys else 0

    def _ranges(self, chart: Chart) -> tuple[list[str], int]:
        """A row a mark: its label above its range, on a logarithmic axis with an upright line at the centre."""
        body, top = self._keys(chart)
        first, last = math.log10(chart.ticks[0][0]), math.log10(chart.ticks[-1][0])
        bottom = top + RANGE_ROW * len(chart.marks)

        def at(amount: float) -> float:
            share = (math.log10(amount) - first) / (last - first)
            return 6 + (self.width - 12) * min(max(share, 0.0), 1.0)

        for value, text in chart.ticks:
            is_centre = value == chart.centre
            body.append(self._line(at(value), top, at(value), bottom, "ink-soft" if is_centre else "line", 1))
            anchor = {chart.ticks[0][0]: "start", chart.ticks[-1][0]: "end"}.get(value, "middle")
            body.append(self._text(at(value), bottom + 17, text, anchor=anchor, soft=True))
        for place, mark in enumerate(chart.marks):
            y = top + place * RANGE_ROW
            paper = self._paint("surface")
            # The label covers the lines of the axis behind it.
            body.append(f'<rect x="0" y="{y + 2}" width="{self.width}" height="20" fill="{paper}"/>')
            room = self.width - _width(mark.text) - 12
            body.append(self._text(0, y + 17, self._clipped(mark.label, room)))
            body.append(self._text(self.width, y + 17, mark.text, anchor="end", bold=True))
            middle = y + 31
            body += [
                self._line(at(piece.start), middle, at(piece.end), middle, piece.colour, 7) for piece in mark.stretches
            ]
            colour = self._paint(mark.colour)
            ring = f'stroke="{paper}" stroke-width="2"'
            body.append(f'<circle cx="{at(mark.amount):.1f}" cy="{middle}" r="6" fill="{colour}" {ring}/>')
        return body, bottom + 24

    def _lines(self, chart: Chart) -> tuple[list[str], int]:
        """A row a mark: label, bar, number; with keys above and an upright line where the bars stand around one."""
        body, top = self._keys(chart)
        left = min(max(_width(mark.label) for mark in chart.marks) + 12, self.width * 0.42)
        right = self.width - max(_width(mark.text) for mark in chart.marks) - 12
        least, most = chart.reach

        def at(amount: float) -> float:
            return left + (right - left) * (amount - least) / (most - least)

        bottom = top + LINE_ROW * len(chart.marks)
        for place, mark in enumerate(chart.marks):
            y = top + place * LINE_ROW
            body.append(self._text(0, y + 18, self._clipped(mark.label, left - 8), bold=mark.emphasised))
            body.append(self._text(self.width, y + 18, mark.text, anchor="end", bold=True))
            for piece in mark.stretches:
                start, end = sorted((at(piece.start), at(piece.end)))
                width, colour = max(end - start, 1.0), self._paint(piece.colour)
                body.append(f'<rect x="{start:.1f}" y="{y + 6}" width="{width:.1f}" height="14" fill="{colour}"/>')
            if mark.amounts is not None:
                low, high = at(mark.amounts.low), at(mark.amounts.high)
                body.append(self._line(low, y + 13, high, y + 13, "ink", 1.5))
                body += [self._line(end, y + 9, end, y + 17, "ink", 1.5) for end in (low, high)]
        if chart.centre is not None:
            body.append(self._line(at(chart.centre), top, at(chart.centre), bottom, "ink", 1.5))
        return body, bottom + 2

    def _bars(self, chart: Chart) -> tuple[list[str], int]:
        most = max(mark.amount for mark in chart.marks)
        body = []
        for place, mark in enumerate(chart.marks):
            top = place * BAR_ROW
            length = max(self.width * mark.amount / most, 2.0)
            room = self.width - _width(mark.text) - 12
            label = self._clipped(mark.label, room)
            body += [
                self._text(0, top + 17, label),
                self._text(self.width, top + 17, mark.text, anchor="end", bold=True),
                self._bar(top + 25, self.width, "surface-sunken"),
                self._bar(top + 25, length, mark.colour),
            ]
        return body, BAR_ROW * len(chart.marks) - 8

    def _dots(self, chart: Chart) -> tuple[list[str], int]:
        left = min(max(_width(mark.label) for mark in chart.marks) + 12, self.width * 0.42)
        right = self.width - 10.0
        first, last = math.log10(chart.ticks[0][0]), math.log10(chart.ticks[-1][0])
        bottom = DOT_ROW * len(chart.marks) + 4

        def at(amount: float) -> float:
            return left + 8 + (right - left - 8) * max(math.log10(amount) - first, 0.0) / (last - first)

        body = []
        for value, text in chart.ticks:
            body.append(self._line(at(value), 0, at(value), bottom, "line"))
            anchor = "end" if value == chart.ticks[-1][0] else "middle"
            body.append(self._text(at(value), bottom + 17, text, anchor=anchor, soft=True) if text else "")
        for place, mark in enumerate(chart.marks):
            middle = place * DOT_ROW + DOT_ROW / 2
            x = at(mark.amount)
            begin, end = x, x
            if mark.amounts is not None:
                begin, end = at(max(mark.amounts.low, chart.ticks[0][0])), at(mark.amounts.high)
                body.append(self._line(begin, middle, end, middle, mark.colour, 4))
            colour = self._paint(mark.colour)
            if mark.emphasised:
                corners = ((x - 8, middle), (x, middle - 8), (x + 8, middle), (x, middle + 8))
                points = " ".join(f"{right:.1f},{down:.1f}" for right, down in corners)
                body.append(f'<polygon points="{points}" fill="{colour}"/>')
            else:
                body.append(f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="5" fill="{colour}"/>')
            body.append(self._text(0, middle + 5, mark.label, bold=mark.emphasised))
            if chart.is_late(mark):
                body.append(
                    self._text(min(begin, x - 9) - 4, middle + 5, mark.text, anchor="end", bold=mark.emphasised)
                )
            else:
                body.append(self._text(max(end, x + 9) + 4, middle + 5, mark.text, bold=mark.emphasised))
        return body, int(bottom + 24)
