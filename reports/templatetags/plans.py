"""What the page of a search draws with."""

import json
from typing import Any, Final

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_noop

from estimator.core.levers.settings import SETTINGS
from estimator.core.planner.result import BestPlan, PlanResult, Point, readable_plans
from estimator.core.planner.words import in_words
from estimator.reference.lever_texts import LEVER_NAMES
from estimator.reference.plans import name_of
from reports import wording
from reports.charts.pareto import Pareto, pareto_charts, pareto_figure, pareto_svg

register = template.Library()

ROLES: Final = {
    "least_kgco2e": gettext_noop("Least emissions"),
    "least_cost": gettext_noop("Least cost"),
    "least_time": gettext_noop("Least time"),
    "no_quality_risk": gettext_noop("Best without risk to quality"),
    "same_place": gettext_noop("Best where it runs now"),
    "same_hardware": gettext_noop("Best on the present accelerator"),
    "one_lever": gettext_noop("Best single change"),
    "another": gettext_noop("Another good one"),
}
RISKS: Final = (
    gettext_noop("none measured"),
    gettext_noop("slight"),
    gettext_noop("clear"),
    gettext_noop("serious"),
)
CONSTRAINTS: Final = {
    "deadline_h": (gettext_noop("Deadline"), "h"),
    "budget_usd": (gettext_noop("Budget"), "USD"),
    "quality_risk": (gettext_noop("Risk to quality"), "1"),
    "cap_kgco2e": (gettext_noop("Cap on emissions"), "kgCO2e"),
    "accelerator_limits": (gettext_noop("Accelerators at hand"), ""),
}


@register.filter
def in_reading(result: PlanResult) -> PlanResult:
    """The result in the active language."""
    return readable_plans(result, gettext)


@register.filter
def front_charts(result: PlanResult) -> tuple[Pareto, ...]:
    """The charts of the front, in the active language."""
    return pareto_charts(result, wording.VOICE)


@register.filter
def front_figure(chart: Pareto) -> dict[str, Any]:
    """A chart as Plotly takes it."""
    return pareto_figure(chart)


@register.simple_tag
def still_front(chart: Pareto) -> SafeString:
    """A chart as SVG in the colours of the page."""
    return mark_safe(pareto_svg(chart))  # noqa: S308  (every text in it is escaped where it is written)


@register.filter
def role_names(plan: BestPlan) -> list[str]:
    """Why a plan is among the best, for people."""
    return [gettext(ROLES[role]) for role in plan.roles]


@register.filter
def risk_name(points: int | float) -> str:
    """Points of risk to quality in a word."""
    return gettext(RISKS[min(int(points), len(RISKS) - 1)])


@register.filter
def constraint_name(name: str) -> str:
    """A constraint for people."""
    return gettext(CONSTRAINTS[name][0])


@register.filter
def constraint_unit(name: str) -> str:
    """The unit of a constraint."""
    return CONSTRAINTS[name][1]


@register.filter
def lever_words(lever: dict[str, Any]) -> str:
    """What a setting says to do, in the active language."""
    message, params = in_words(SETTINGS[lever["lever"]].model_validate(lever), name_of)  # type: ignore[arg-type]
    return gettext(message) % params


@register.filter
def lever_title(lever: dict[str, Any]) -> str:
    """A lever by its name for people."""
    return gettext(LEVER_NAMES[lever["lever"]][0])


@register.filter
def levers_json(point: Point) -> str:
    """The levers of a plan as a run or a scenario takes them."""
    return json.dumps(point.levers, separators=(",", ":"))


@register.filter
def opposite(amount: float) -> float:
    """A loss as a gain, and a gain as a loss."""
    return -amount


@register.filter
def what_is_left(saved_share: float) -> float:
    """What a saving leaves of the whole; more than the whole where it costs."""
    return 1.0 - saved_share
