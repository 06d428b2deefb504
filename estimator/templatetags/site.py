"""What every page says about itself: which data and which version it computes with."""

from django import template

from estimator.core import ENGINE_VERSION
from estimator.reference import catalogue

register = template.Library()


@register.simple_tag
def dataset_version() -> str:
    """Version of the reference data."""
    return catalogue.dataset_version()


@register.simple_tag
def engine_version() -> str:
    """Version of the formulas."""
    return ENGINE_VERSION
