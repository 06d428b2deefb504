"""`{% lever_evidence name %}` and `{% lever_example name %}`: what was found about a lever, and one run with it."""

from dataclasses import dataclass
from typing import Any, Final

from django import template
from django.utils.translation import gettext, gettext_noop

from estimator.core.footprint import Source
from estimator.reference import catalogue
from reports import quantities
from reports.charts.waterfall import negated
from reports.levers import EvidenceRow, evidence_tables, example_of
from reports.levers.chart import case_in_words, evidence_chart
from reports.templatetags.scenarios import verdict
from reports.wording import VOICE

register = template.Library()

#: Kind of the factors -> heading and how to read them.
_KINDS: Final = {
    "whole": (
        gettext_noop("Factors on the whole"),
        gettext_noop("What is left of the quantity: 0.8 saves a fifth, 1 changes nothing, 1.2 costs a fifth more."),
    ),
    "beside": (
        gettext_noop("Factors beside the formula"),
        gettext_noop(
            "What the lever changes is computed by a formula from bytes, operations and places. This factor says how "
            "far measurements keep what the formula promises: 1 exactly, 1.2 a fifth worse."
        ),
    ),
    "amount": (gettext_noop("Amounts"), gettext_noop("Numbers that go into the formula as they are.")),
}


@dataclass(frozen=True, slots=True)
class _Line:
    quantity: str
    case: str
    central: str
    spread: str
    quality: str
    conditions: str
    quality_effect: str
    sources: tuple[tuple[str, Source], ...]


@register.inclusion_tag("reports/_lever_evidence.html")
def lever_evidence(name: str) -> dict[str, Any]:
    """The table of levers for one of them, with a chart for each kind of factors."""
    shelf = catalogue.shelf()
    return {
        "tables": [
            {
                "kind": table.kind,
                "heading": gettext(_KINDS[table.kind][0]),
                "note": gettext(_KINDS[table.kind][1]),
                "chart": evidence_chart(table, VOICE),
                "lines": [_line(row) for row in table.rows],
            }
            for table in evidence_tables(name, shelf.lever_rows, dict(shelf.sources))
        ]
    }


def _line(row: EvidenceRow) -> _Line:
    return _Line(
        quantity=gettext(row.quantity),
        case=case_in_words(row, VOICE),
        central=quantities.quantity(row.factor.central, row.unit),
        spread=quantities.spread(row.factor, row.unit),
        quality=row.quality,
        conditions=gettext(row.conditions),
        quality_effect=gettext(row.quality_effect) if row.quality_effect else "",
        sources=row.sources,
    )


@register.inclusion_tag("reports/_lever_example.html")
def lever_example(name: str) -> dict[str, Any]:
    """One run as it is and with the lever, computed with the tables of now."""
    comparison = example_of(name)
    scenario = comparison.scenarios[0]
    step = scenario.waterfall[0]
    market = step.market_based_saving_kgco2e
    return {
        "before": comparison.baseline.result.total_kgco2e,
        "after": scenario.result.total_kgco2e,
        "verdict": verdict(scenario),
        "spread": quantities.change_spread(negated(scenario.saving_kgco2e), "kgCO2e"),
        "market_change": quantities.change(negated(market), "kgCO2e") if market is not None else "",
    }
