"""What charts with two logarithmic axes share: marks, axes, the frame of the still drawing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

#: Size of the still drawing; text is 13 units high.
WIDTH: Final = 460
HEIGHT: Final = 400
LEFT: Final = 76
BOTTOM: Final = 48
TOP: Final = 8
RIGHT: Final = 14
RADIUS: Final = 5.0

#: Amounts, each with its label, or none.
Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind."""

    label: str
    colour: str  #: name of a design token
    symbol: str  #: of Plotly: circle, diamond, square, cross, each also -open


def symbol(series: Series, x: float, y: float, text: str = "", *, radius: float = RADIUS) -> str:
    """One mark as Plotly draws it."""
    paint = f"var(--{series.colour})"
    form, _, is_open = series.symbol.partition("-")
    look = f'fill="none" stroke="{paint}" stroke-width="2"' if is_open else f'fill="{paint}" fill-opacity="0.85"'
    title = f"<title>{escape(text)}</title>" if text else ""
    if form == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" {look}>{title}</circle>'
    if form == "square":
        corner = radius - 0.5
        ends = f'x="{x - corner:.1f}" y="{y - corner:.1f}" width="{2 * corner:g}" height="{2 * corner:g}"'
        return f"<rect {ends} {look}>{title}</rect>"
    if form == "cross":
        ends = f"M{x - 4:.1f} {y:.1f}h8M{x:.1f} {y - 4:.1f}v8"
        return f'<path d="{ends}" stroke="{paint}" stroke-width="3">{title}</path>'
    corner = radius + 1.0
    ends = f"M{x:.1f} {y - corner:.1f}l{corner:g} {corner:g} {-corner:g} {corner:g} {-corner:g} {-corner:g}z"
    return f'<path d="{ends}" {look}>{title}</path>'


def key(series: Series) -> str:
    """The symbol of a series alone, for the legend."""
    return f'<svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">{symbol(series, 7, 7)}</svg>'


# --- Plotly ----------------------------------------------------------------------------------------------------------


def plane_layout(*, x_ticks: Ticks, y_ticks: Ticks, x_label: str, y_label: str) -> dict[str, Any]:
    """Two logarithmic axes as Plotly takes them; each colour stands as `var(--token)` for the page to fill in."""
    title = {"font": {"size": 13, "color": "var(--ink-soft)"}, "standoff": 8}
    return {
        "height": HEIGHT,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "var(--font-text)", "size": 14, "color": "var(--ink)"},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": "var(--surface)",
            "bordercolor": "var(--line-strong)",
            "font": {"family": "var(--font-text)", "size": 14, "color": "var(--ink)"},
        },
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        # In the corner the first labels of the two axes would stand on each other.
        "xaxis": {**_axis(((x_ticks[0][0], ""), *x_ticks[1:])), "title": {**title, "text": escape(x_label)}},
        "yaxis": {**_axis(y_ticks), "title": {**title, "text": escape(y_label)}},
    }


def _axis(ticks: Ticks) -> dict[str, Any]:
    return {
        "type": "log",
        "range": [math.log10(ticks[0][0]), math.log10(ticks[-1][0])],
        "tickmode": "array",
        "tickvals": [value for value, _ in ticks],
        "ticktext": [text for _, text in ticks],
        "tickfont": {"size": 13, "color": "var(--ink-soft)"},
        "tickangle": 0,
        "gridcolor": "var(--line)",
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
    }


# --- SVG -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frame:
    """Two logarithmic axes of the still drawing."""

    x_ticks: Ticks
    y_ticks: Ticks

    def across(self, amount: float) -> float:
        """Where an amount lies from left to right."""
        return LEFT + (WIDTH - RIGHT - LEFT) * _share(amount, self.x_ticks)

    def up(self, amount: float) -> float:
        """Where an amount lies from the top."""
        bottom = HEIGHT - BOTTOM
        return bottom - (bottom - TOP) * _share(amount, self.y_ticks)

    def grid(self) -> list[str]:
        """Lines and labels of the ticks."""
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        body = []
        for place, (value, text) in enumerate(self.x_ticks):
            x = self.across(value)
            body.append(line(x, TOP, x, bottom, "line"))
            # In the corner the first labels of the two axes would stand on each other.
            if text and place:
                body.append(_text(x, bottom + 17, text, "end" if place == len(self.x_ticks) - 1 else "middle"))
        for value, text in self.y_ticks:
            y = self.up(value)
            body.append(line(LEFT, y, right, y, "line"))
            if text:
                body.append(_text(LEFT - 7, y + 5, text, "end"))
        return body

    def drawing(self, body: Sequence[str], *, alt: str, x_label: str, y_label: str) -> str:
        """The whole `svg` element, with the names of the axes."""
        middle = (TOP + HEIGHT - BOTTOM) / 2
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'role="img" aria-label={quoteattr(alt)} font-family="Source Sans Pro, sans-serif" font-size="14">'
            f"{''.join(body)}{_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_label, 'middle')}"
            f'<text x="14" y="{middle:g}" text-anchor="middle" fill="var(--ink-soft)" font-size="13" '
            f'transform="rotate(-90 14 {middle:g})">{escape(y_label)}</text></svg>'
        )


def _share(amount: float, ticks: Ticks) -> float:
    first, last = math.log10(ticks[0][0]), math.log10(ticks[-1][0])
    return (math.log10(amount) - first) / (last - first)


def line(x1: float, y1: float, x2: float, y2: float, token: str, *, thick: float = 1, dashed: bool = False) -> str:
    """A straight line."""
    dash = ' stroke-dasharray="2 4"' if dashed else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="var(--{token})" '
        f'stroke-width="{thick:g}"{dash}/>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--ink-soft)" font-size="13">'
        f"{escape(text)}</text>"
    )
