"""The chart of a measurement: `{% watts_chart series components %}`."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reports import quantities
from reports.charts.watts import TOTAL, style_of, watts_svg

register = template.Library()


@register.inclusion_tag("reports/_watts.html")
def watts_chart(series: Any, components: Sequence[Mapping[str, Any]], alt: str = "") -> dict[str, Any]:
    """What each line is, and the drawing; `alt` where no table of its components stands below."""
    counted = [part for part in components if part.get("counted", True)]
    keys = [(SafeString(style_of(place, part["name"])), part["label"]) for place, part in enumerate(components)]
    if len(counted) > 1:
        keys.append((SafeString(style_of(len(components), TOTAL)), _("all that counts")))
    drawing = watts_svg(
        series.points,
        components,
        alt=alt or _("Power of each component over time, in watts; the table of components has its energy and mean."),
        number=lambda amount: quantities.tick(amount, ""),
        unit_names={"seconds": _("seconds"), "minutes": _("minutes"), "hours": _("hours")},
    )
    return {"keys": keys, "drawing": SafeString(drawing)}
