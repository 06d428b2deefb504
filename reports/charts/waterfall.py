"""Scenarios drawn: from the run as it is, lever by lever, and several runs beside each other."""

from collections.abc import Sequence
from typing import Final

from estimator.core.footprint import Range, gettext_noop
from estimator.core.scenarios import Comparison, ScenarioResult
from estimator.reference.lever_texts import LEVER_NAMES
from reports.charts.chart import Chart, Mark, Piece, Voice

AS_IT_IS, AFTER, LESS, MORE = "chart-7", "chart-1", "chart-3", "chart-5"

_AS_IT_IS: Final = gettext_noop("As it is")


def scenario_chart(comparison: Comparison, scenario: ScenarioResult, voice: Voice) -> Chart:
    """From the run as it is, lever by lever in the order in which they act, to the scenario."""
    before, after = comparison.baseline.result.total_kgco2e, scenario.result.total_kgco2e
    marks = [_end(voice.translate(_AS_IT_IS), before, AS_IT_IS, voice)]
    reached_kgco2e = before.central
    for step in scenario.waterfall:
        left_kgco2e = step.after_kgco2e.central
        colour = LESS if left_kgco2e <= reached_kgco2e else MORE
        marks.append(
            Mark(
                label=voice.translate(LEVER_NAMES[step.lever][0]),
                amount=abs(step.saving_kgco2e.central),
                text=voice.change(negated(step.saving_kgco2e), "kgCO2e"),
                colour=colour,
                amounts=_left_of(reached_kgco2e, step.saving_share, left_kgco2e),
                cells=(voice.change_spread(negated(step.saving_kgco2e), "kgCO2e") or "–",),
                pieces=(Piece(reached_kgco2e, left_kgco2e, colour),),
            )
        )
        reached_kgco2e = left_kgco2e
    marks.append(_end(voice.translate(gettext_noop("With the levers")), after, AFTER, voice))
    alt = voice.translate(gettext_noop("From the run as it is to the scenario: %(parts)s.")) % {
        "parts": voice.listed(f"{mark.label} {mark.text}" for mark in marks)
    }
    columns = (
        gettext_noop("Lever"),
        gettext_noop("Emissions"),
        # xgettext:no-python-format
        gettext_noop("90 % range"),
    )
    return Chart(
        name="waterfall",
        title=voice.translate(gettext_noop("What each lever does")),
        alt=alt,
        form="lines",
        columns=tuple(voice.translate(column) for column in columns),
        marks=tuple(marks),
    )


def scenarios_chart(comparison: Comparison, voice: Voice) -> Chart:
    """The totals of all runs, each stacked of electricity and hardware, with their ranges."""
    runs = [(voice.translate(_AS_IT_IS), comparison.baseline.result)]
    runs += [(one.name, one.result) for one in comparison.scenarios]
    marks = []
    for label, result in runs:
        total, operational = result.total_kgco2e, result.operational_location_based_kgco2e.central
        made = (Piece(operational, total.central, "chart-4"),) if total.central > operational else ()
        marks.append(
            Mark(
                label=label,
                amount=total.central,
                text=voice.quantity(total, "kgCO2e"),
                colour="chart-1",
                amounts=total if total.high > total.low else None,
                cells=(voice.spread(total, "kgCO2e") or "–",),
                pieces=(Piece(0.0, operational, "chart-1"), *made),
            )
        )
    alt = voice.translate(gettext_noop("Total emissions: %(parts)s.")) % {
        "parts": voice.listed(f"{mark.label} {mark.text}" for mark in marks)
    }
    columns = (
        gettext_noop("Scenario"),
        gettext_noop("Total emissions"),
        # xgettext:no-python-format
        gettext_noop("90 % range"),
    )
    keys = (("chart-1", gettext_noop("electricity")), ("chart-4", gettext_noop("making the hardware")))
    return Chart(
        name="scenarios",
        title=voice.translate(gettext_noop("Total emissions")),
        alt=alt,
        form="lines",
        columns=tuple(voice.translate(column) for column in columns),
        marks=tuple(marks),
        keys=tuple((token, voice.translate(words)) for token, words in keys),
    )


def difference_chart(parts: Sequence[tuple[str, float]], *, before: Mark, after: Mark, voice: Voice) -> Chart:
    """From one run to another, quantity by quantity that differs."""
    marks, reached_kgco2e = [before], before.amount
    for label, difference_kgco2e in parts:
        colour = LESS if difference_kgco2e <= 0 else MORE
        marks.append(
            Mark(
                label=label,
                amount=abs(difference_kgco2e),
                text=voice.change(difference_kgco2e, "kgCO2e"),
                colour=colour,
                pieces=(Piece(reached_kgco2e, reached_kgco2e + difference_kgco2e, colour),),
            )
        )
        reached_kgco2e += difference_kgco2e
    marks.append(after)
    alt = voice.translate(gettext_noop("What explains the difference: %(parts)s.")) % {
        "parts": voice.listed(f"{mark.label} {mark.text}" for mark in marks)
    }
    columns = (gettext_noop("Quantity"), gettext_noop("Emissions"))
    return Chart(
        name="difference",
        title=voice.translate(gettext_noop("What explains the difference")),
        alt=alt,
        form="lines",
        columns=tuple(voice.translate(column) for column in columns),
        marks=tuple(marks),
        # Quantities that make it larger may come after those that make it smaller: on the way it may pass zero.
        centre=0.0,
    )


def negated(saving: Range) -> Range:
    """A saving as a change: what is saved is taken away."""
    return Range(low=-saving.high, central=-saving.central, high=-saving.low)


def _end(label: str, total: Range, colour: str, voice: Voice) -> Mark:
    return Mark(
        label=label,
        amount=total.central,
        text=voice.quantity(total, "kgCO2e"),
        colour=colour,
        amounts=total if total.high > total.low else None,
        cells=(voice.spread(total, "kgCO2e") or "–",),
        emphasised=True,
    )


def _left_of(reached_kgco2e: float, share: Range, left_kgco2e: float) -> Range | None:
    """Where a step may end, by what is uncertain about it alone: the doubt of the run itself stands at both ends."""
    if share.high <= share.low:
        return None
    low, high = (reached_kgco2e * (1.0 - end) for end in (share.high, share.low))
    return Range(low=max(min(low, left_kgco2e), 0.0), central=left_kgco2e, high=max(high, left_kgco2e))
