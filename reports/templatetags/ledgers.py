"""`{% ledger_panel ledger_result %}`: what a model causes over its life, as a part of a page."""

from dataclasses import dataclass
from typing import Any, Final

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_noop, ngettext

from estimator.core.ledger import PART_NAMES, EntryAsked, LedgerResult
from estimator.reference.lever_texts import LEVER_NAMES
from reports import quantities
from reports.charts.life import COLOURS, Life, life_chart, life_figure, life_svg
from reports.wording import VOICE

register = template.Library()

#: Levers that are named for one part.
MOST_LEVERS: Final = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the ledger, in words."""

    name: str
    colour: str
    total: str
    spread: str
    share: str
    levers: tuple[tuple[str, str], ...]  #: key and name


@register.inclusion_tag("estimator/_ledger_panel.html")
def ledger_panel(result: LedgerResult) -> dict[str, Any]:
    """Headline, the life month by month, the parts and what acts on them."""
    lines = [
        Line(
            name=gettext(PART_NAMES[row.part]),
            colour=COLOURS[row.part],
            total=quantities.quantity(row.total_kgco2e, "kgCO2e"),
            spread=quantities.spread(row.total_kgco2e, "kgCO2e"),
            share=quantities.percent(row.share),
            levers=tuple((lever, gettext(LEVER_NAMES[lever][0])) for lever in row.levers[:MOST_LEVERS]),
        )
        for row in result.rows
        if row.total_kgco2e.central > 0.0
    ]
    return {"result": result, "told": ledger_in_words(result), "lines": lines, "chart": life_chart(result, VOICE)}


def ledger_in_words(result: LedgerResult) -> tuple[str, ...]:
    """The ledger in a few sentences: how much, when use passes training, and what weighs most."""
    words = {
        "months": result.service_life_months,
        "total": quantities.quantity(result.total_kgco2e, "kgCO2e"),
        "before": quantities.quantity(result.before_service_kgco2e, "kgCO2e"),
    }
    told = [
        ngettext(
            "In %(months)s month of service it causes %(total)s, of which %(before)s before the first request.",
            "In %(months)s months of service it causes %(total)s, of which %(before)s before the first request.",
            result.service_life_months,
        )
        % words
    ]
    told += _crossing(result)
    largest = max(result.rows, key=lambda row: row.total_kgco2e.central)
    if largest.total_kgco2e.central > 0.0:
        told.append(
            gettext("What weighs most is “%(part)s”, with %(share)s; there the first lever to look at is “%(lever)s”.")
            % {
                "part": gettext(PART_NAMES[largest.part]),
                "share": quantities.percent(largest.share),
                "lever": gettext(LEVER_NAMES[largest.levers[0]][0]),
            }
        )
    return tuple(told)


def _crossing(result: LedgerResult) -> list[str]:
    has_use = any(row.part == "inference" and row.total_kgco2e.central > 0.0 for row in result.rows)
    if not has_use or result.inference_ratio is None:
        return []
    ratio = {"ratio": quantities.factor(result.inference_ratio), "month": result.passing_month}
    if result.passing_month is None:
        return [
            gettext(
                "Use never passes training within this life: at its end it stands at %(ratio)s what training caused."
            )
            % ratio
        ]
    return [
        gettext(
            "After month %(month)s use has caused more than all training, and stays ahead; at the end it stands at "
            "%(ratio)s what training caused."
        )
        % ratio
    ]


@register.simple_tag
def still_life(chart: Life) -> SafeString:
    """The chart as SVG in the colours of the page."""
    return mark_safe(life_svg(chart))  # noqa: S308  (every text in it is escaped where it is written)


@register.filter
def life_figure_of(chart: Life) -> dict[str, Any]:
    """The chart as Plotly takes it."""
    return life_figure(chart, VOICE)


@register.filter
def role_name(role: str) -> str:
    """What a run stands for."""
    return gettext(PART_NAMES[role])  # type: ignore[index]


_OFTEN: Final = (
    ("times_before", gettext_noop("%(times)s × before the service")),
    ("times_per_year", gettext_noop("%(times)s × in a year")),
    ("times_per_month", gettext_noop("%(times)s × in a month")),
    ("requests_per_month", gettext_noop("%(times)s requests in a month")),
)


@register.filter
def how_often(entry: EntryAsked) -> str:
    """How often a run takes place, in words."""
    amounts = [(getattr(entry, name), words) for name, words in _OFTEN]
    return gettext("; ").join(
        gettext(words) % {"times": quantities.in_text(amount)} for amount, words in amounts if amount
    )


@register.filter
def run_in(runs: dict[Any, Any], entry: EntryAsked) -> Any:
    """The stored run of an entry; None where it is not there any more."""
    return runs.get(entry.estimate)
