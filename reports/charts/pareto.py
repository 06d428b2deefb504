"""The front of a search: what more speed or less money costs in emissions, on two logarithmic axes."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from estimator.core.footprint import gettext_noop
from estimator.core.planner.result import Outcome, PlanResult
from reports.charts.chart import Voice
from reports.charts.plane import Frame, Series, Ticks, plane_layout, symbol

#: Within so many powers of ten an axis has ticks at 2 and 5 as well.
_FEW_POWERS: Final = 2
_FRONT_RADIUS: Final = 3.5
_BEST_RADIUS: Final = 9.0

_FRONT: Final = gettext_noop("Nothing beats it in everything")
_BEST: Final = gettext_noop("The best, by their number below")
_AS_IT_IS: Final = gettext_noop("The run as it is")


@dataclass(frozen=True, slots=True)
class Spot:
    """One combination on the plane."""

    series: Series
    text: str
    x: float
    y: float
    number: str = ""  #: of one of the best


@dataclass(frozen=True, slots=True)
class Pareto:
    """A chart before it is drawn."""

    name: str
    title: str
    alt: str
    x_label: str
    y_label: str
    spots: tuple[Spot, ...]
    x_ticks: Ticks
    y_ticks: Ticks

    @property
    def series(self) -> tuple[Series, ...]:
        """The kinds of points that there are, in the order of their first point."""
        return tuple(dict.fromkeys(spot.series for spot in self.spots))


def pareto_charts(result: PlanResult, voice: Voice) -> tuple[Pareto, ...]:
    """Emissions against cost and against time, where these are known and differ."""
    cost = voice.translate(
        gettext_noop("Cost of electricity") if result.cost_basis == "electricity" else gettext_noop("Cost of renting")
    )
    charts = (
        _chart(
            result,
            voice,
            name="pareto-cost",
            title=voice.translate(gettext_noop("Emissions against cost")),
            x_label=cost,
            unit="USD",
            across=lambda outcome: outcome.cost_usd,
        ),
        _chart(
            result,
            voice,
            name="pareto-time",
            title=voice.translate(gettext_noop("Emissions against time")),
            x_label=voice.translate(gettext_noop("Hours by the clock")),
            unit="h",
            across=lambda outcome: outcome.duration_h,
        ),
    )
    return tuple(chart for chart in charts if chart is not None)


def _chart(
    result: PlanResult,
    voice: Voice,
    *,
    name: str,
    title: str,
    x_label: str,
    unit: str,
    across: Callable[[Outcome], float | None],
) -> Pareto | None:
    front, best, as_it_is = (
        Series(voice.translate(_FRONT), "chart-6", "circle"),
        Series(voice.translate(_BEST), "accent", "diamond"),
        Series(voice.translate(_AS_IT_IS), "chart-5", "square"),
    )

    def spots(series: Series, outcomes: Sequence[Outcome], *, numbered: bool = False) -> Iterator[Spot]:
        for number, outcome in enumerate(outcomes, start=1):
            x, y = across(outcome), outcome.total_kgco2e
            if x is not None and x > 0.0 and y > 0.0:
                figures = f"{voice.quantity(y, 'kgCO2e')} · {voice.quantity(x, unit)}"
                text = voice.labelled(str(number) if numbered else series.label, figures)
                yield Spot(series, text, x, y, str(number) if numbered else "")

    found = (
        *spots(front, [point.outcome for point in result.front]),
        *spots(as_it_is, [result.as_it_is]),
        *spots(best, [plan.outcome for plan in result.best], numbered=True),
    )
    xs, ys = [spot.x for spot in found], [spot.y for spot in found]
    if len(found) < 2 or min(xs) == max(xs):
        return None
    least = min(found, key=lambda spot: (spot.y, spot.x))
    fastest = min(found, key=lambda spot: (spot.x, spot.y))
    alt = voice.translate(
        gettext_noop(
            "Least emissions: %(least)s for %(least_x)s. Least of the other: %(other_x)s, for %(other)s. The run as it "
            "is: %(now)s."
        )
    ) % {
        "least": voice.quantity(least.y, "kgCO2e"),
        "least_x": voice.quantity(least.x, unit),
        "other": voice.quantity(fastest.y, "kgCO2e"),
        "other_x": voice.quantity(fastest.x, unit),
        "now": voice.quantity(result.as_it_is.total_kgco2e, "kgCO2e"),
    }
    return Pareto(
        name=name,
        title=title,
        alt=alt,
        x_label=f"{x_label} [{unit}]",
        y_label=voice.translate(gettext_noop("Total emissions")),
        spots=found,
        x_ticks=_ticks(xs, lambda value: voice.tick(value, "1")),
        y_ticks=_ticks(ys, lambda value: voice.tick(value, "kgCO2e")),
    )


def _ticks(amounts: Sequence[float], label: Callable[[float], str]) -> Ticks:
    """Round amounts from below the least to above the most."""
    # A little room, so that no mark lies on the edge.
    least, most = min(amounts) / 1.08, max(amounts) * 1.08
    powers = math.log10(most / least)
    steps = (1.0, 2.0, 5.0) if powers <= _FEW_POWERS else (1.0,)
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
    rounds = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    start = max(place for place, value in enumerate(rounds) if value <= least)
    end = min(place for place, value in enumerate(rounds) if value >= most)
    shown = rounds[start : end + 1]
    every = 1 if len(shown) <= 6 else 2
    return tuple((value, label(value) if place % every == 0 else "") for place, value in enumerate(shown))


def pareto_figure(chart: Pareto) -> dict[str, Any]:
    """Plain lists and dicts for JSON; each colour stands as `var(--token)` for the page to fill in."""
    traces = []
    for series in chart.series:
        spots = [spot for spot in chart.spots if spot.series == series]
        numbered = any(spot.number for spot in spots)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers+text" if numbered else "markers",
                "x": [spot.x for spot in spots],
                "y": [spot.y for spot in spots],
                "text": [spot.number for spot in spots],
                "textposition": "middle center",
                "textfont": {"size": 11, "color": "var(--accent-ink)", "weight": 600},
                "marker": {
                    "color": f"var(--{series.colour})",
                    "size": 22 if numbered else 2 * _FRONT_RADIUS if series.symbol == "circle" else 13,
                    "symbol": series.symbol,
                    "opacity": 1,
                    "line": {"width": 1 if numbered else 0, "color": "var(--surface)"},
                },
                "cliponaxis": False,
                "hovertext": [escape(spot.text) for spot in spots],
                "hoverinfo": "text",
            }
        )
    layout = plane_layout(x_ticks=chart.x_ticks, y_ticks=chart.y_ticks, x_label=chart.x_label, y_label=chart.y_label)
    return {"data": traces, "layout": layout}


def pareto_svg(chart: Pareto) -> str:
    """One `svg` element of presentation attributes alone; colours stay `var(--token)`."""
    frame = Frame(chart.x_ticks, chart.y_ticks)
    body = frame.grid()
    for spot in chart.spots:
        x, y = frame.across(spot.x), frame.up(spot.y)
        radius = _BEST_RADIUS if spot.number else _FRONT_RADIUS if spot.series.symbol == "circle" else 6.0
        body.append(symbol(spot.series, x, y, spot.text, radius=radius))
        if spot.number:
            body.append(
                f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" fill="var(--accent-ink)" font-size="11" '
                f'font-weight="600">{escape(spot.number)}</text>'
            )
    return frame.drawing(body, alt=chart.alt, x_label=chart.x_label, y_label=chart.y_label)
