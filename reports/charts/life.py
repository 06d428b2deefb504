"""A ledger drawn: what a model has caused after each month of its life, part upon part."""

import math
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from estimator.core.footprint import gettext_noop
from estimator.core.ledger import MONTHS_A_YEAR, PART_NAMES, LedgerResult, Part
from reports.charts.chart import Voice
from reports.charts.figure import plotly_layout

#: Part -> design token; neighbours differ in lightness, too.
COLOURS: Final[dict[Part, str]] = {
    "development": "chart-6",
    "training": "chart-1",
    "retraining": "chart-3",
    "evaluation": "chart-2",
    "inference": "chart-5",
    "embodied": "chart-4",
}
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 560, 320, 74, 22, 40, 12
_MOST_TICKS: Final = 6
_MONTH_STEPS: Final = (1, 2, 3, 6, 12, 24, 36, 48)


@dataclass(frozen=True, slots=True)
class Layer:
    """One part, month by month, without those below it."""

    part: Part
    label: str
    colour: str
    cumulative_kgco2e: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """The chart before it is drawn."""

    title: str
    alt: str
    layers: tuple[Layer, ...]  #: from below
    months: tuple[tuple[int, str], ...]  #: ticks
    amounts: tuple[tuple[float, str], ...]  #: ticks; the last is the top
    passing: tuple[int, str] | None
    month_label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    name: str = "life"


def life_chart(result: LedgerResult, voice: Voice) -> Life | None:
    """The life as stacked areas; None where it has no months, or nothing is caused."""
    life, total_kgco2e = result.service_life_months, result.total_kgco2e.central
    if life < 1 or total_kgco2e <= 0.0:
        return None
    layers = tuple(
        Layer(row.part, voice.translate(PART_NAMES[row.part]), COLOURS[row.part], row.cumulative_kgco2e)
        for row in result.rows
        if row.total_kgco2e.central > 0.0
    )
    month = voice.translate(gettext_noop("Month"))
    shown = sorted({*range(0, life + 1, 1 if life <= MONTHS_A_YEAR else MONTHS_A_YEAR), life})
    rows = tuple(
        (
            str(number),
            *(voice.quantity(layer.cumulative_kgco2e[number], "kgCO2e") for layer in layers),
            voice.quantity(result.cumulative_kgco2e[number], "kgCO2e"),
        )
        for number in shown
    )
    alt = voice.translate(gettext_noop("After %(months)s months %(total)s are caused: %(parts)s.")) % {
        "months": life,
        "total": voice.quantity(total_kgco2e, "kgCO2e"),
        "parts": voice.listed(f"{one.label} {voice.quantity(one.cumulative_kgco2e[-1], 'kgCO2e')}" for one in layers),
    }
    passing = None
    if result.passing_month:
        words = voice.translate(gettext_noop("use passes training"))
        passing = (result.passing_month, voice.labelled(f"{result.passing_month}", words))
    return Life(
        title=voice.translate(gettext_noop("What it has caused after each month")),
        alt=alt,
        layers=layers,
        months=tuple((number, str(number)) for number in _months(life)),
        amounts=tuple((value, voice.tick(value, "kgCO2e")) for value in _amounts(max(result.cumulative_kgco2e))),
        passing=passing,
        month_label=month,
        columns=(month, *(layer.label for layer in layers), voice.translate(gettext_noop("Total"))),
        rows=rows,
    )


def _months(life: int) -> list[int]:
    step = next((one for one in _MONTH_STEPS if life / one <= _MOST_TICKS), _MONTH_STEPS[-1])
    return list(range(0, life + 1, step))


def _amounts(most: float) -> list[float]:
    """Round amounts from zero to above the most."""
    power = 10.0 ** math.floor(math.log10(most))
    step = next(one * power for one in (0.2, 0.5, 1.0, 2.0, 5.0) if most / (one * power) <= _MOST_TICKS)
    return [place * step for place in range(math.ceil(most / step) + 1)]


def life_svg(chart: Life) -> str:
    """One `svg` element of presentation attributes alone; colours stay `var(--token)`."""
    life, most = len(chart.layers[0].cumulative_kgco2e) - 1, chart.amounts[-1][0]
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def across(month: float) -> float:
        return _LEFT + (right - _LEFT) * month / life

    def up(kgco2e: float) -> float:
        return bottom - (bottom - _TOP) * kgco2e / most

    body = []
    for value, text in chart.amounts:
        y = up(value)
        body.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="var(--line)"/>')
        body.append(_text(_LEFT - 8, y + 4, text, "end"))
    for number, text in chart.months:
        body.append(_text(across(number), bottom + 18, text, "middle"))
    body.append(_text(right, bottom + 35, chart.month_label, "end"))
    below = [0.0] * (life + 1)
    for layer in chart.layers:
        above = [low + own for low, own in zip(below, layer.cumulative_kgco2e, strict=True)]
        ends = [f"{across(month):.1f},{up(value):.1f}" for month, value in enumerate(above)]
        ends += [f"{across(month):.1f},{up(value):.1f}" for month, value in reversed(list(enumerate(below)))]
        body.append(f'<polygon points="{" ".join(ends)}" fill="var(--{layer.colour})"/>')
        below = above
    if chart.passing is not None:
        x = across(chart.passing[0])
        dashes = 'stroke="var(--ink)" stroke-width="1.5" stroke-dasharray="5 4"'
        body.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" {dashes}/>')
        anchor = "start" if x < _WIDTH / 2 else "end"
        body.append(_text(x, _TOP - 8, chart.passing[1], anchor))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" role="img" aria-label={quoteattr(chart.alt)} font-family="Source Sans Pro, sans-serif" '
        f'font-size="13">{"".join(body)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--ink-soft)">{escape(text)}</text>'


def life_figure(chart: Life, voice: Voice) -> dict[str, Any]:
    """Plain lists and dicts for JSON; each colour stands as `var(--token)` for the page to fill in."""
    months = list(range(len(chart.layers[0].cumulative_kgco2e)))
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "stackgroup": "parts",
            "x": months,
            "y": list(layer.cumulative_kgco2e),
            "line": {"width": 0, "color": f"var(--{layer.colour})"},
            "fillcolor": f"var(--{layer.colour})",
            "hovertext": [
                voice.labelled(f"{chart.month_label} {month} · {escape(layer.label)}", voice.quantity(value, "kgCO2e"))
                for month, value in enumerate(layer.cumulative_kgco2e)
            ],
            "hoverinfo": "text",
        }
        for layer in chart.layers
    ]
    shapes, notes = [], []
    if chart.passing is not None:
        month, words = chart.passing
        dashes = {"color": "var(--ink)", "width": 1.5, "dash": "dash"}
        shapes.append({"type": "line", "yref": "paper", "x0": month, "x1": month, "y0": 0, "y1": 1, "line": dashes})
        notes.append(
            {
                "x": month,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "xanchor": "left" if month < len(months) / 2 else "right",
                "text": escape(words),
                "showarrow": False,
                "font": {"size": 13},
            }
        )
    ticks = {"tickmode": "array", "tickfont": {"size": 13, "color": "var(--ink-soft)"}, "fixedrange": True}
    layout = plotly_layout(
        360,
        margin={"l": 76, "r": 12, "t": 26, "b": 44},
        shapes=shapes,
        annotations=notes,
        xaxis={
            **ticks,
            "tickvals": [month for month, _ in chart.months],
            "ticktext": [text for _, text in chart.months],
            "title": {"text": chart.month_label, "font": {"size": 13, "color": "var(--ink-soft)"}},
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={
            **ticks,
            "range": [0, chart.amounts[-1][0]],
            "tickvals": [value for value, _ in chart.amounts],
            "ticktext": [f"{text}\u00a0" for _, text in chart.amounts],  # off the axis
            "gridcolor": "var(--line)",
            "zeroline": False,
        },
    )
    return {"data": traces, "layout": layout}
