"""
Charts of a report: what they show, and two ways to draw it.

One function a chart turns a `ReportSummary` into a `Chart`: marks with their labels, a sentence for those who do not
see it, and a table. `plotly_figure` draws it for the page, `svg` for paper and for pages without script. Colours are
names of design tokens; a number is put into words by the `Voice` that the caller hands in.
"""

from reports.charts.chart import Chart, Mark, Piece, Voice
from reports.charts.contents import charts_of, parts_chart, published_chart, range_chart, regions_chart, tornado_chart
from reports.charts.figure import plotly_figure
from reports.charts.gap import compared_chart, waterfall_chart
from reports.charts.several import months_chart, runs_chart
from reports.charts.svg import light_colours, svg

__all__ = [
    "Chart",
    "Mark",
    "Piece",
    "Voice",
    "charts_of",
    "compared_chart",
    "light_colours",
    "months_chart",
    "parts_chart",
    "plotly_figure",
    "published_chart",
    "range_chart",
    "regions_chart",
    "runs_chart",
    "svg",
    "tornado_chart",
    "waterfall_chart",
]
