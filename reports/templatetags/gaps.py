"""`{% gap_charts reconciliation as charts %}`: measured against estimated energy, drawn."""

from django import template

from estimator.core.reconcile import Reconciliation
from reports.charts import Chart, compared_chart, waterfall_chart
from reports.wording import VOICE

register = template.Library()


@register.simple_tag
def gap_charts(found: Reconciliation) -> tuple[Chart, ...]:
    """Bars by component, and the waterfall of the reasons."""
    return compared_chart(found, VOICE), waterfall_chart(found, VOICE)
