"""Published against computed on two logarithmic axes: for Plotly, and as SVG for pages without script."""

import math
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from estimator.core.footprint import Range

#: Size of the still drawing; text is 14 units high.
WIDTH: Final = 460
HEIGHT: Final = 400
LEFT: Final = 76
BOTTOM: Final = 48
TOP: Final = 8
RIGHT: Final = 14
RADIUS: Final = 5.0
#: Up to so many powers of ten each has its label.
FEW_POWERS: Final = 5


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind."""

    label: str
    colour: str  #: name of a design token
    symbol: str  #: of Plotly: circle, diamond, square, cross, each also -open


@dataclass(frozen=True, slots=True)
class Point:
    """One case."""

    series: Series
    text: str
    published: float
    computed: float
    span: Range | None = None  #: of the computed amount


@dataclass(frozen=True, slots=True)
class Scatter:
    """A chart before it is drawn; both axes show the same span, so that the diagonal is the truth."""

    name: str
    title: str
    alt: str
    x_label: str
    y_label: str
    diagonal_label: str
    points: tuple[Point, ...]
    ticks: tuple[tuple[float, str], ...]

    @property
    def series(self) -> tuple[Series, ...]:
        """The kinds of points that there are, in the order of their first point."""
        return tuple(dict.fromkeys(point.series for point in self.points))

    @property
    def ends(self) -> tuple[float, float]:
        """Logarithms of the ends of both axes."""
        return math.log10(self.ticks[0][0]), math.log10(self.ticks[-1][0])


def powers(points: tuple[Point, ...]) -> list[float]:
    """The powers of ten that hold every point and its span."""
    amounts = [amount for point in points for amount in (point.published, point.computed)]
    amounts += [end for point in points if point.span is not None for end in (point.span.low, point.span.high)]
    first, last = math.floor(math.log10(min(amounts))), math.ceil(math.log10(max(amounts)))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def is_labelled(place: int, count: int) -> bool:
    """Whether a tick bears its label: all where they are few, else every other."""
    return count <= FEW_POWERS or place % (2 if count <= 2 * FEW_POWERS else 3) == 0


def plotly_figure(chart: Scatter) -> dict[str, Any]:
    """Plain lists and dicts for JSON; each colour stands as `var(--token)` for the page to fill in."""
    first, last = chart.ends
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [10.0**first, 10.0**last],
            "y": [10.0**first, 10.0**last],
            "line": {"color": "var(--line-strong)", "width": 1, "dash": "dot"},
            "hoverinfo": "skip",
        }
    ]
    for series in chart.series:
        points = [point for point in chart.points if point.series == series]
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "markers",
            "x": [point.published for point in points],
            "y": [point.computed for point in points],
            "marker": {
                "color": f"var(--{series.colour})",
                "size": 10,
                "symbol": series.symbol,
                "opacity": 0.85,
                "line": {"width": 2 if series.symbol.endswith("open") else 0, "color": f"var(--{series.colour})"},
            },
            "hovertext": [escape(point.text) for point in points],
            "hoverinfo": "text",
        }
        if any(point.span is not None for point in points):
            spans = [point.span or Range(low=point.computed, central=0.0, high=point.computed) for point in points]
            pairs = list(zip(points, spans, strict=True))
            trace["error_y"] = {
                "type": "data",
                "symmetric": False,
                "array": [span.high - point.computed for point, span in pairs],
                "arrayminus": [point.computed - span.low for point, span in pairs],
                "color": f"var(--{series.colour})",
                "thickness": 1.5,
                "width": 0,
            }
        traces.append(trace)
    axis = {
        "type": "log",
        "range": [first, last],
        "tickmode": "array",
        "tickvals": [value for value, _ in chart.ticks],
        "ticktext": [text for _, text in chart.ticks],
        "tickfont": {"size": 13, "color": "var(--ink-soft)"},
        "tickangle": 0,
        "gridcolor": "var(--line)",
        "zeroline": False,
        "fixedrange": True,
    }
    # In the corner the first labels of the two axes would stand on each other.
    x_ticks = ["", *(text for _, text in chart.ticks[1:])]
    title = {"font": {"size": 13, "color": "var(--ink-soft)"}, "standoff": 8}
    layout = {
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
        "xaxis": {**axis, "ticktext": x_ticks, "automargin": True, "title": {**title, "text": escape(chart.x_label)}},
        "yaxis": {**axis, "automargin": True, "title": {**title, "text": escape(chart.y_label)}},
    }
    return {"data": traces, "layout": layout}


def svg(chart: Scatter) -> str:
    """One `svg` element of presentation attributes alone; colours stay `var(--token)`."""
    first, last = chart.ends
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def across(amount: float) -> float:
        return LEFT + (right - LEFT) * (math.log10(amount) - first) / (last - first)

    def up(amount: float) -> float:
        return bottom - (bottom - TOP) * (math.log10(amount) - first) / (last - first)

    body = []
    for value, text in chart.ticks:
        x, y = across(value), up(value)
        body.append(_line(x, TOP, x, bottom, "line"))
        body.append(_line(LEFT, y, right, y, "line"))
        if text:
            anchor = "end" if value == chart.ticks[-1][0] else "middle"
            body.append(_text(LEFT - 7, y + 5, text, "end"))
            # In the corner the first labels of the two axes would stand on each other.
            if value != chart.ticks[0][0]:
                body.append(_text(x, bottom + 17, text, anchor))
    body.append(_line(LEFT, bottom, right, TOP, "line-strong", dashed=True))
    for point in chart.points:
        if point.span is not None:
            x = across(point.published)
            body.append(_line(x, up(point.span.low), x, up(point.span.high), point.series.colour, thick=1.5))
    body += [symbol(point.series, across(point.published), up(point.computed), point.text) for point in chart.points]
    body.append(_text((LEFT + right) / 2, HEIGHT - 8, chart.x_label, "middle"))
    middle = (TOP + bottom) / 2
    body.append(
        f'<text x="14" y="{middle:g}" text-anchor="middle" fill="var(--ink-soft)" font-size="13" '
        f'transform="rotate(-90 14 {middle:g})">{escape(chart.y_label)}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label={quoteattr(chart.alt)} font-family="Source Sans Pro, sans-serif" font-size="14">'
        f"{''.join(body)}</svg>"
    )


def key(series: Series) -> str:
    """The symbol of a series alone, for the legend."""
    return f'<svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">{symbol(series, 7, 7)}</svg>'


def symbol(series: Series, x: float, y: float, text: str = "") -> str:
    """One mark as Plotly draws it."""
    paint = f"var(--{series.colour})"
    form, _, is_open = series.symbol.partition("-")
    look = f'fill="none" stroke="{paint}" stroke-width="2"' if is_open else f'fill="{paint}" fill-opacity="0.85"'
    title = f"<title>{escape(text)}</title>" if text else ""
    if form == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS:g}" {look}>{title}</circle>'
    if form == "square":
        corner = RADIUS - 0.5
        ends = f'x="{x - corner:.1f}" y="{y - corner:.1f}" width="{2 * corner:g}" height="{2 * corner:g}"'
        return f"<rect {ends} {look}>{title}</rect>"
    if form == "cross":
        ends = f"M{x - 4:.1f} {y:.1f}h8M{x:.1f} {y - 4:.1f}v8"
        return f'<path d="{ends}" stroke="{paint}" stroke-width="3">{title}</path>'
    corner = RADIUS + 1.0
    ends = f"M{x:.1f} {y - corner:.1f}l{corner:g} {corner:g} {-corner:g} {corner:g} {-corner:g} {-corner:g}z"
    return f'<path d="{ends}" {look}>{title}</path>'


def _line(x1: float, y1: float, x2: float, y2: float, token: str, *, thick: float = 1, dashed: bool = False) -> str:
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
