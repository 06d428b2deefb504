"""What the page of the validation draws with."""

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from reports import quantities
from reports.charts.plane import Series, key
from reports.validation import scatter
from reports.validation.scatter import Scatter

register = template.Library()


@register.filter
def scatter_figure(chart: Scatter) -> dict[str, Any]:
    """A chart as Plotly takes it."""
    return scatter.plotly_figure(chart)


@register.simple_tag
def still_scatter(chart: Scatter) -> SafeString:
    """A chart as SVG in the colours of the page."""
    return mark_safe(scatter.svg(chart))  # noqa: S308  (every text in it is escaped where it is written)


@register.simple_tag
def series_key(series: Series) -> SafeString:
    """The symbol of a series."""
    return mark_safe(key(series))  # noqa: S308  (it holds no text)


register.filter("factor", quantities.factor)
