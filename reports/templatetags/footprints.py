"""`{% footprint_panel footprint %}`: the result of an estimate as a part of a page."""

from typing import Any, Final

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from estimator.core.footprint import Footprint
from reports import wording
from reports.charts import Chart, light_colours, plotly_figure, svg
from reports.summary import ReportSummary

register = template.Library()

#: Units of an equivalent that only count how often; any other is shown as a unit.
COUNTED_IN: Final = frozenset(
    {
        "charge",
        "home-year",
        "passenger",
        "person-year",
        "search",
        "seedling grown 10 years",
        "tree-month",
        "tree-year",
        "vehicle-year",
    }
)
#: Start of the key of an equivalent -> name of its picture.
PICTURES: Final = {
    "car": "car",
    "gasoline": "car",
    "flight": "plane",
    "train": "train",
    "tree": "tree",
    "smartphone": "phone",
    "home": "home",
    "streaming": "screen",
    "person": "person",
    "planetary": "person",
}
#: Width of a drawing on a page before Plotly has drawn, or without it: a phone shows it at about its own size.
STILL_WIDTH: Final = 460
#: Width of a drawing on A4, so that its text has the size of the text around it.
PAPER_WIDTH: Final = 720


@register.inclusion_tag("reports/_panel.html")
def footprint_panel(footprint: Footprint, advice_url: str = "") -> dict[str, Any]:
    """The whole result: headline, charts, steps, assumptions, sources; and advice, where an address gives one."""
    summary = wording.summary_of(footprint)
    return {
        "summary": summary,
        "charts": wording.charts_in_words(summary),
        "key": summary.input_digest[:8],
        "advice_url": advice_url,
    }


@register.filter
def figure_of(chart: Chart) -> dict[str, Any]:
    """A chart as Plotly takes it."""
    return plotly_figure(chart)


@register.simple_tag
def still_chart(chart: Chart, width: int = STILL_WIDTH) -> SafeString:
    """A chart as SVG in the colours of the page; as wide as a phone where no script draws it anew."""
    return mark_safe(svg(chart, width=width))  # noqa: S308  (every text in it is escaped where it is written)


@register.simple_tag
def paper_chart(chart: Chart, beside_count: int = 1) -> SafeString:
    """A chart as SVG in the colours of paper, as wide as so many beside each other leave it."""
    width = PAPER_WIDTH if beside_count == 1 else PAPER_WIDTH // 2 - 10
    return mark_safe(svg(chart, width=width, colours=light_colours()))  # noqa: S308  (every text in it is escaped where it is written)


@register.filter
def method_name(name: str) -> str:
    """A method for people."""
    return gettext(wording.METHODS[name]) if name in wording.METHODS else name


@register.filter
def what_counts(summary: ReportSummary) -> str:
    """What the numbers include, for people."""
    if not summary.boundary_includes:
        return gettext(wording.BOUNDARIES[summary.boundary])
    listed = ", ".join(gettext(wording.BOUNDARY_PARTS[part]) for part in summary.boundary_includes)
    return listed[:1].upper() + listed[1:]


@register.filter
def quality_name(name: str) -> str:
    """A quality tier for people."""
    return gettext(wording.QUALITIES[name][0])


@register.filter
def quality_meaning(name: str) -> str:
    """What a quality tier means."""
    return gettext(wording.QUALITIES[name][1])


@register.filter
def status_name(name: str) -> str:
    """Where a value came from."""
    return gettext(wording.STATUSES[name])


@register.filter
def match_name(name: str) -> str:
    """How a look-up matched."""
    return gettext(wording.MATCHES[name])


@register.filter
def is_counted_in(unit: str) -> bool:
    """Whether an equivalent of this unit is told as so many times."""
    return unit in COUNTED_IN


@register.filter
def bare_address(url: str) -> str:
    """An address as people write it: without scheme and without the slash at its end."""
    return url.partition("://")[2].rstrip("/") or url


@register.filter
def picture(key: str) -> str:
    """The picture that goes with an equivalent."""
    return PICTURES.get(key.split("_", 1)[0].split("-", 1)[0], "dot")
