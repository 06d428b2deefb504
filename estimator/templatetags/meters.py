"""What the meters of a machine tell: `{{ meter|told:"reason" }}`, `{{ meter.name|meter_name }}`."""

from typing import Any

from django import template

from estimator.services import meters

register = template.Library()


@register.filter
def told(about: Any, name: str) -> str:
    """One text of a meter, a component or a card, in the active language."""
    return meters.text_of(about, name)


@register.filter
def meter_name(name: Any) -> str:
    """What people call a kind of meter."""
    return meters.meter_name(name)


@register.filter
def component_name(part: Any) -> str:
    """What people call a component."""
    return meters.component_name(part)
