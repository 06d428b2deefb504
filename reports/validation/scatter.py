"""Published against computed on two logarithmic axes: for Plotly, and as SVG for pages without script."""

import math
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from estimator.core.footprint import Range
from reports.charts.plane import Frame, Series, line, plane_layout, symbol

#: Up to so many powers of ten each has its label.
FEW_POWERS: Final = 5


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
    layout = plane_layout(x_ticks=chart.ticks, y_ticks=chart.ticks, x_label=chart.x_label, y_label=chart.y_label)
    return {"data": traces, "layout": layout}


def svg(chart: Scatter) -> str:
    """One `svg` element of presentation attributes alone; colours stay `var(--token)`."""
    frame = Frame(chart.ticks, chart.ticks)
    least, most = chart.ticks[0][0], chart.ticks[-1][0]
    body = frame.grid()
    body.append(
        line(frame.across(least), frame.up(least), frame.across(most), frame.up(most), "line-strong", dashed=True)
    )
    for point in chart.points:
        if point.span is not None:
            x = frame.across(point.published)
            body.append(line(x, frame.up(point.span.low), x, frame.up(point.span.high), point.series.colour, thick=1.5))
    body += [
        symbol(point.series, frame.across(point.published), frame.up(point.computed), point.text)
        for point in chart.points
    ]
    return frame.drawing(body, alt=chart.alt, x_label=chart.x_label, y_label=chart.y_label)
