"""What the pages of scenarios show: `{% scenario_panel comparison %}` and `{% scenarios_compared … %}`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import template
from django.utils.translation import gettext, gettext_noop

from estimator.core.decomposition import Part
from estimator.core.footprint import Range
from estimator.core.scenarios import Comparison, Needs, Run, ScenarioResult, ScenarioStep, differences
from estimator.reference.lever_texts import LEVER_NAMES
from reports import quantities
from reports.charts.chart import Chart, Mark
from reports.charts.waterfall import AFTER, AS_IT_IS, difference_chart, negated, scenario_chart, scenarios_chart
from reports.wording import VOICE

register = template.Library()

#: A part that stands against the difference is named from this share of it on.
WORTH_NAMING: Final = 0.1

#: Quantities of the table: name in the result, label and unit.
QUANTITIES: Final = (
    ("facility_energy_kwh", gettext_noop("Energy of the data centre"), "kWh"),
    ("total_kgco2e", gettext_noop("Total emissions"), "kgCO2e"),
    ("operational_location_based_kgco2e", gettext_noop("of the electricity, by the grid"), "kgCO2e"),
    ("embodied_share_kgco2e", gettext_noop("of making the hardware"), "kgCO2e"),
    ("operational_market_based_kgco2e", gettext_noop("Electricity by contract (market-based)"), "kgCO2e"),
    ("water_l", gettext_noop("Water"), "L"),
    ("electricity_cost_usd", gettext_noop("Cost of the electricity"), "USD"),
    ("cloud_cost_usd", gettext_noop("Cost of renting the accelerators"), "USD"),
    ("accelerator_hours", gettext_noop("Time of the accelerators"), "h"),
)
NEEDS: Final = (
    ("duration_h", gettext_noop("Time by the clock"), "h"),
    ("accelerator_count", gettext_noop("Accelerators needed"), "1"),
    ("memory_needed_gb", gettext_noop("Memory needed"), "GB"),
    ("memory_available_gb", gettext_noop("Memory of these accelerators"), "GB"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the table."""

    text: str
    spread: str = ""
    name: str = ""  #: of what it counts
    change: str = ""  #: against the run that it is compared with
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity of the table, run by run."""

    label: str
    cells: tuple[Cell, ...]
    emphasised: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """One quantity that differs, in words."""

    label: str
    before: str
    after: str
    change: str


@dataclass(frozen=True, slots=True)
class Step:
    """One lever, in words."""

    lever: str
    name: str
    change: str
    spread: str
    market_change: str
    conditions: tuple[str, ...]
    caveats: tuple[str, ...]


# --- one scenario -----------------------------------------------------------------------------------------------------


@register.inclusion_tag("estimator/_scenario_panel.html")
def scenario_panel(comparison: Comparison) -> dict[str, Any]:
    """What one scenario makes of the run: headline, waterfall, table, why, conditions, sources."""
    scenario = comparison.scenarios[0]
    as_it_is = gettext("As it is")
    with_levers = gettext("With the levers")
    return {
        "before": comparison.baseline.result.total_kgco2e,
        "after": scenario.result.total_kgco2e,
        "verdict": verdict(scenario),
        "spread": quantities.change_spread(negated(scenario.saving_kgco2e), "kgCO2e"),
        "chart": scenario_chart(comparison, scenario, VOICE),
        "steps": [_step(step) for step in scenario.waterfall],
        "lines": _table((comparison.baseline, _run(scenario)), against=0),
        "runs": (as_it_is, with_levers),
        "why": _why(scenario.differences, scenario=with_levers, other=gettext("the run as it is")),
        "parts": [_explained(part) for part in scenario.differences],
        "sources": _sources(comparison),
    }


@register.simple_tag
def scenario_line(comparison: Comparison) -> str:
    """The result in one sentence."""
    return verdict(comparison.scenarios[0])


def verdict(scenario: ScenarioResult) -> str:
    """What a scenario saves or costs, and how sure that is."""
    saving, share = scenario.saving_kgco2e, scenario.saving_share
    amount = quantities.quantity(abs(saving.central), "kgCO2e")
    words = {"amount": amount, "share": quantities.percent(abs(share.central))}
    if saving.central == 0.0 and saving.low >= 0.0 and saving.high <= 0.0:
        return gettext("Changes nothing of the total.")
    if saving.central > 0.0:
        sure = gettext("Saves %(amount)s (%(share)s).") % words
        doubtful = gettext("Probably saves %(amount)s (%(share)s), but the range includes a loss.") % words
        return doubtful if saving.low < 0.0 else sure
    if saving.central < 0.0:
        sure = gettext("Costs %(amount)s more (%(share)s).") % words
        doubtful = gettext("Probably costs %(amount)s more (%(share)s), but the range includes a saving.") % words
        return doubtful if saving.high > 0.0 else sure
    return gettext("By the central value it changes nothing of the total; it may save or cost.")


def _step(step: ScenarioStep) -> Step:
    market = step.market_based_saving_kgco2e
    return Step(
        lever=step.lever,
        name=gettext(LEVER_NAMES[step.lever][0]),
        change=quantities.change(negated(step.saving_kgco2e), "kgCO2e"),
        spread=quantities.change_spread(negated(step.saving_kgco2e), "kgCO2e"),
        market_change=quantities.change(negated(market), "kgCO2e") if market is not None else "",
        conditions=_lines(step.conditions),
        caveats=_lines(step.quality_caveat),
    )


def _lines(templates: str) -> tuple[str, ...]:
    return tuple(gettext(line) for line in templates.split("\n") if line)


def _run(scenario: ScenarioResult) -> Run:
    return Run(result=scenario.result, needs=scenario.needs)


def _sources(comparison: Comparison) -> list[Any]:
    return sorted(comparison.sources.values(), key=lambda source: (source.publisher, source.title))


# --- the table --------------------------------------------------------------------------------------------------------


def _table(runs: Sequence[Run], *, against: int) -> list[Line]:
    lines = []
    for name, label, unit in QUANTITIES:
        ranges = [getattr(run.result, name) for run in runs]
        if any(one is not None for one in ranges):
            cells = tuple(_cell(one, ranges[against], unit) for one in ranges)
            lines.append(Line(gettext(label), cells, emphasised=name == "total_kgco2e"))
    for name, label, unit in NEEDS:
        amounts = [getattr(run.needs, name) for run in runs]
        if any(amount is not None for amount in amounts):
            cells = tuple(_need(run.needs, name, amount, unit) for run, amount in zip(runs, amounts, strict=True))
            lines.append(Line(gettext(label), cells))
    return lines


def _savings(comparison: Comparison) -> Line:
    """What each saves or costs, with the range that is left where all share their draws."""
    savings = [negated(one.saving_kgco2e) for one in comparison.scenarios]
    told = (Cell(quantities.change(one, "kgCO2e"), quantities.change_spread(one, "kgCO2e")) for one in savings)
    return Line(gettext("Difference to the run as it is"), (Cell("–"), *told), emphasised=True)


def _cell(amount: Range | None, reference: Range | None, unit: str) -> Cell:
    if amount is None:
        return Cell("–")
    difference = amount.central - reference.central if reference is not None else 0.0
    change = quantities.change(difference, unit) if difference != 0.0 else ""
    return Cell(
        quantities.quantity(amount, unit), quantities.spread(amount, unit), change=change, is_more=difference > 0.0
    )


def _need(needs: Needs, name: str, amount: float | None, unit: str) -> Cell:
    text = quantities.quantity(amount, unit)
    with_name = name == "accelerator_count" and amount is not None and needs.accelerator
    return Cell(text, name=needs.accelerator if with_name else "")


# --- why --------------------------------------------------------------------------------------------------------------


def _explained(part: Part) -> Explained:
    return Explained(
        label=gettext(part.label),
        before=quantities.quantity(part.before, part.unit),
        after=quantities.quantity(part.after, part.unit),
        change=quantities.change(part.difference_kgco2e, "kgCO2e"),
    )


def _why(parts: Sequence[Part], *, scenario: str, other: str) -> tuple[str, ...]:
    """Which of two runs causes less, and what makes most of the difference."""
    whole_kgco2e = sum(part.difference_kgco2e for part in parts)
    if not parts or whole_kgco2e == 0.0:
        return (gettext("%(scenario)s and %(other)s cause the same.") % {"scenario": scenario, "other": other},)
    words = {"scenario": scenario, "other": other, "amount": quantities.quantity(abs(whole_kgco2e), "kgCO2e")}
    if whole_kgco2e < 0.0:
        told = [gettext("%(scenario)s: %(amount)s less than %(other)s.") % words]
    else:
        told = [gettext("%(scenario)s: %(amount)s more than %(other)s.") % words]
    sign = 1.0 if whole_kgco2e > 0.0 else -1.0
    largest = max(parts, key=lambda part: sign * part.difference_kgco2e)
    told.append(gettext("What does most of it: %(part)s.") % {"part": _in_words(largest)})
    opposite = min(parts, key=lambda part: sign * part.difference_kgco2e)
    if -sign * opposite.difference_kgco2e > WORTH_NAMING * abs(whole_kgco2e):
        told.append(gettext("What works against it: %(part)s.") % {"part": _in_words(opposite)})
    return tuple(told)


def _in_words(part: Part) -> str:
    explained = _explained(part)
    return gettext("%(label)s, from %(before)s to %(after)s (%(change)s)") % {
        "label": explained.label,
        "before": explained.before,
        "after": explained.after,
        "change": explained.change,
    }


# --- side by side -----------------------------------------------------------------------------------------------------


@register.inclusion_tag("estimator/_scenarios_panel.html")
def scenarios_compared(comparison: Comparison, against: int | None) -> dict[str, Any]:
    """Several scenarios beside each other, and what explains how they differ from one of them."""
    names = [gettext("As it is"), *(one.name for one in comparison.scenarios)]
    runs = [comparison.baseline, *map(_run, comparison.scenarios)]
    reference = 0 if against is None else against + 1
    least = min(range(len(runs)), key=lambda place: runs[place].result.total_kgco2e.central)
    winner = {"name": names[least], "amount": quantities.quantity(runs[least].result.total_kgco2e, "kgCO2e")}
    return {
        "runs": names,
        "reference": names[reference],
        "winner": gettext("The least is caused by %(name)s, with %(amount)s.") % winner,
        "chart": scenarios_chart(comparison, VOICE),
        "lines": [_savings(comparison), *_table(runs, against=reference)],
        "caveats": [(), *(_caveats(one) for one in comparison.scenarios)],
        "has_caveats": any(_caveats(one) for one in comparison.scenarios),
        "explained": [_explanation(names, runs, place, reference) for place in range(len(runs)) if place != reference],
        "sources": _sources(comparison),
    }


def _caveats(scenario: ScenarioResult) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for step in scenario.waterfall for line in _lines(step.quality_caveat)))


def _explanation(names: Sequence[str], runs: Sequence[Run], place: int, reference: int) -> dict[str, Any]:
    parts = differences(runs[reference], runs[place])
    told_names = [gettext("the run as it is"), *names[1:]]
    chart: Chart | None = None
    if len(parts) > 1:
        ends = [
            Mark(
                label=names[end],
                amount=runs[end].result.total_kgco2e.central,
                text=quantities.quantity(runs[end].result.total_kgco2e, "kgCO2e"),
                colour=colour,
                emphasised=True,
            )
            for end, colour in ((reference, AS_IT_IS), (place, AFTER))
        ]
        told = [(gettext(part.label), part.difference_kgco2e) for part in parts]
        chart = difference_chart(told, before=ends[0], after=ends[1], voice=VOICE)
    return {
        "name": names[place],
        "why": _why(parts, scenario=names[place], other=told_names[reference]),
        "parts": [_explained(part) for part in parts],
        "chart": chart,
    }
