"""The rounding of `reports.quantities` as template filters: `{{ total|quantity:"kgCO2e" }}`."""

from django import template

from reports import quantities

register = template.Library()

for _filter in (
    quantities.quantity,
    quantities.spread,
    quantities.change,
    quantities.change_spread,
    quantities.figure,
    quantities.as_used,
    quantities.figure_spread,
    quantities.percent,
    quantities.times,
    quantities.in_figures,
    quantities.unlocalised,
):
    register.filter(_filter.__name__, _filter)
