"""A chart as a Plotly figure for the page."""

import math
from typing import Any, Final
from xml.sax.saxutils import escape

from reports.charts.chart import BAR_ROW, DOT_ROW, LINE_ROW, Chart

#: Bold is said by weight: Plotly writes a `<b>` as a style attribute, which the Content-Security-Policy forbids.
BOLD: Final = {"weight": 600}
#: Label and number of a line together have room for so many letters on a phone.
MOST_LETTERS: Final = 46


def plotly_figure(chart: Chart) -> dict[str, Any]:
    """Plain lists and dicts for JSON; each colour stands as `var(--token)` for the page to fill in."""
    return {"bars": _bars, "dots": _dots, "lines": _lines}[chart.form](chart)


def plotly_layout(height: int, **more: Any) -> dict[str, Any]:
    """What the charts of a footprint share, and what one of them has of its own."""
    return {
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "var(--font-text)", "size": 14, "color": "var(--ink)"},
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {
            "bgcolor": "var(--surface)",
            "bordercolor": "var(--line-strong)",
            "font": {"family": "var(--font-text)", "size": 14, "color": "var(--ink)"},
        },
        **more,
    }


def _bars(chart: Chart) -> dict[str, Any]:
    most = max(mark.amount for mark in chart.marks)
    places = list(range(len(chart.marks)))
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [mark.amount for mark in chart.marks],
        "y": places,
        "width": 0.3,
        "base": 0,
        "marker": {"color": [f"var(--{mark.colour})" for mark in chart.marks]},
        "hovertext": [f"{escape(mark.label)}: {mark.text}" for mark in chart.marks],
        "hoverinfo": "text",
    }
    annotations = []
    for place, mark in zip(places, chart.marks, strict=True):
        shared = {"xref": "paper", "yref": "y", "y": place, "yshift": 20, "showarrow": False}
        # A label is set 3 px into its box: shifted back, so that it stands flush with the bar.
        annotations.append({**shared, "x": 0, "xanchor": "left", "xshift": -3, "text": escape(mark.label)})
        annotations.append({**shared, "x": 1, "xanchor": "right", "xshift": 3, "text": mark.text, "font": BOLD})
    layout = plotly_layout(
        BAR_ROW * len(chart.marks) + 10,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        annotations=annotations,
        xaxis={"range": [0, most], "visible": False, "fixedrange": True},
        yaxis={"range": [len(chart.marks) - 0.6, -0.75], "visible": False, "fixedrange": True},
    )
    return {"data": [bars], "layout": layout}


def _dots(chart: Chart) -> dict[str, Any]:
    places = list(range(len(chart.marks)))
    first, last = math.log10(chart.ticks[0][0]), math.log10(chart.ticks[-1][0])
    traces = [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [mark.amount for _, mark in group],
            "y": [place for place, _ in group],
            "text": [mark.text for _, mark in group],
            "textposition": ["middle left" if chart.is_late(mark) else "middle right" for _, mark in group],
            "textfont": {**(BOLD if emphasised else {}), "size": 13},
            "cliponaxis": False,
            "marker": {
                "color": [f"var(--{mark.colour})" for _, mark in group],
                "size": 15 if emphasised else 10,
                "symbol": "diamond" if emphasised else "circle",
                "opacity": 1,
                "line": {"width": 0},
            },
            "hovertext": [f"{escape(mark.label)}<br>{' · '.join((mark.text, *mark.cells))}" for _, mark in group],
            "hoverinfo": "text",
        }
        for emphasised in (False, True)
        if (group := [(place, mark) for place, mark in enumerate(chart.marks) if mark.emphasised == emphasised])
    ]
    # Tick labels share one font; the emphasised ones stand as annotations where the axis leaves them room.
    names = [
        {
            "xref": "paper",
            "yref": "y",
            "x": 0,
            "y": place,
            "xanchor": "right",
            "text": escape(mark.label),
            "showarrow": False,
            "font": {**BOLD, "size": 13},
        }
        for place, mark in enumerate(chart.marks)
        if mark.emphasised
    ]
    spans = [
        {
            "type": "line",
            "x0": max(mark.amounts.low, 10.0**first),
            "x1": mark.amounts.high,
            "y0": place,
            "y1": place,
            "line": {"color": f"var(--{mark.colour})", "width": 4},
        }
        for place, mark in zip(places, chart.marks, strict=True)
        if mark.amounts is not None
    ]
    layout = plotly_layout(
        DOT_ROW * len(chart.marks) + 40,
        margin={"l": 0, "r": 8, "t": 4, "b": 30},
        shapes=spans,
        annotations=names,
        xaxis={
            "type": "log",
            "range": [first - 0.1, last + 0.1],
            "tickmode": "array",
            "tickvals": [value for value, _ in chart.ticks],
            "ticktext": [text for _, text in chart.ticks],
            "tickfont": {"size": 13, "color": "var(--ink-soft)"},
            "tickangle": 0,
            "gridcolor": "var(--line)",
            "zeroline": False,
            "fixedrange": True,
        },
        yaxis={
            "range": [len(chart.marks) - 0.4, -0.6],
            "tickmode": "array",
            "tickvals": places,
            "ticktext": ["" if mark.emphasised else escape(mark.label) for mark in chart.marks],
            "tickfont": {"size": 13},
            "ticks": "",
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
            "fixedrange": True,
        },
    )
    return {"data": traces, "layout": layout}


def shortened(text: str, letters: int) -> str:
    """A label that leaves its number the room that it needs on a phone; the table below has all of it."""
    return text if len(text) <= letters else text[: max(letters - 1, 1)].rstrip() + "…"


def _lines(chart: Chart) -> dict[str, Any]:
    """A row a mark: its label above the bar, so that there is room on a phone, and its number at the right."""
    least, most = chart.reach
    pieces = [(place, mark, piece) for place, mark in enumerate(chart.marks) for piece in mark.stretches]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [abs(piece.end - piece.start) for _, _, piece in pieces],
        "base": [min(piece.start, piece.end) for _, _, piece in pieces],
        "y": [place for place, _, _ in pieces],
        "width": 0.34,
        "marker": {"color": [f"var(--{piece.colour})" for _, _, piece in pieces]},
        "hovertext": [f"{escape(mark.label)}: {mark.text}" for _, mark, _ in pieces],
        "hoverinfo": "text",
    }
    annotations = []
    for place, mark in enumerate(chart.marks):
        shared = {"xref": "paper", "yref": "y", "y": place, "yshift": 15, "showarrow": False}
        weight = {"font": BOLD} if mark.emphasised else {}
        label = escape(shortened(mark.label, MOST_LETTERS - len(mark.text)))
        annotations.append({**shared, "x": 0, "xanchor": "left", "xshift": -3, "text": label, **weight})
        annotations.append({**shared, "x": 1, "xanchor": "right", "xshift": 3, "text": mark.text, "font": BOLD})
    for place, (token, words) in enumerate(chart.keys):
        shared = {"xref": "paper", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4, "showarrow": False}
        start = {**shared, "x": place / len(chart.keys), "xanchor": "left"}
        annotations.append({**start, "xshift": -3, "text": "■", "font": {"color": f"var(--{token})"}})
        annotations.append({**start, "xshift": 12, "text": escape(words), "font": {"size": 13}})
    above = 34 if chart.keys else 10
    spans = [(place, mark.amounts) for place, mark in enumerate(chart.marks) if mark.amounts is not None]
    ranges = {
        "type": "scatter",
        "mode": "markers",
        "x": [span.central for _, span in spans],
        "y": [place for place, _ in spans],
        "marker": {"size": 1, "color": "var(--ink)"},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [span.high - span.central for _, span in spans],
            "arrayminus": [span.central - span.low for _, span in spans],
            "color": "var(--ink)",
            "thickness": 1.5,
            "width": 4,
        },
        "hoverinfo": "skip",
    }
    # The upright line is drawn bar by bar, so that it crosses no label.
    upright = {"type": "line", "x0": chart.centre, "x1": chart.centre, "line": {"color": "var(--ink)", "width": 2}}
    places = range(len(chart.marks) if chart.centre is not None else 0)
    layout = plotly_layout(
        (LINE_ROW + 16) * len(chart.marks) + above,
        barmode="overlay",
        margin={"l": 0, "r": 0, "t": above, "b": 0},
        annotations=annotations,
        shapes=[{**upright, "y0": place - 0.19, "y1": place + 0.19} for place in places],
        xaxis={"range": [least, most], "visible": False, "fixedrange": True},
        yaxis={"range": [len(chart.marks) - 0.6, -0.75], "visible": False, "fixedrange": True},
    )
    return {"data": [bars, ranges] if spans else [bars], "layout": layout}
