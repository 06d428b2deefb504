"""What the charts over several runs show."""

from typing import Final

from estimator.core.footprint import gettext_noop
from reports.charts.chart import Chart, Mark, Piece, Voice
from reports.collection import CollectionSummary, RunRow

#: More runs than these are drawn as one line.
MOST_RUNS: Final = 12
#: More months than these are for the table.
MOST_MONTHS: Final = 24


def runs_chart(summary: CollectionSummary, voice: Voice, *, unnamed: str) -> Chart | None:
    """
    The largest runs, each stacked of electricity and hardware, and all others together.

    Parameters
    ----------
    summary : CollectionSummary
        The runs.
    voice : Voice
        Language and rounding.
    unnamed : str
        What a run without a name is called.
    """
    if len(summary.runs) < 2 or summary.total.amount.central <= 0:
        return None
    largest = summary.largest
    drawn = largest if len(largest) <= MOST_RUNS + 1 else largest[:MOST_RUNS]
    marks = [_stacked(f"{run.number}. {run.title or unnamed}", (run,), voice) for run in drawn]
    if len(drawn) < len(largest):
        rest = largest[len(drawn) :]
        label = voice.translate(gettext_noop("%(count)s other runs")) % {"count": len(rest)}
        marks.append(_stacked(label, rest, voice))
    alt = voice.translate(gettext_noop("%(count)s runs cause %(total)s together. The largest: %(runs)s.")) % {
        "count": len(summary.runs),
        "total": voice.quantity(summary.total.amount, "kgCO2e"),
        "runs": voice.listed(f"{mark.label} {mark.text}" for mark in marks[:5]),
    }
    columns = (gettext_noop("Run"), gettext_noop("Total emissions"))
    keys = (("chart-1", gettext_noop("electricity")), ("chart-4", gettext_noop("making the hardware")))
    return Chart(
        name="runs",
        title=voice.translate(gettext_noop("Which runs weigh most")),
        alt=alt,
        form="lines",
        columns=tuple(voice.translate(column) for column in columns),
        marks=tuple(marks),
        keys=tuple((token, voice.translate(words)) for token, words in keys),
    )


def months_chart(summary: CollectionSummary, voice: Voice) -> Chart | None:
    """The total of each month, where there are several."""
    if not 2 <= len(summary.months) <= MOST_MONTHS or summary.total.amount.central <= 0:
        return None
    marks = tuple(
        Mark(
            label=f"{row.month:%Y-%m}",
            amount=row.total_kgco2e,
            text=voice.quantity(row.total_kgco2e, "kgCO2e"),
            colour="chart-3",
            cells=(str(row.runs_count),),
        )
        for row in summary.months
    )
    columns = (gettext_noop("Month"), gettext_noop("Total emissions"), gettext_noop("Runs"))
    return Chart(
        name="months",
        title=voice.translate(gettext_noop("By month")),
        alt=voice.translate(gettext_noop("The total of each month: %(months)s."))
        % {"months": voice.listed(f"{mark.label} {mark.text}" for mark in marks)},
        form="lines",
        columns=tuple(voice.translate(column) for column in columns),
        marks=marks,
    )


def _stacked(label: str, runs: tuple[RunRow, ...], voice: Voice) -> Mark:
    operational_kgco2e = sum(run.operational_kgco2e.central for run in runs)
    total_kgco2e = sum(run.total_kgco2e.central for run in runs)
    return Mark(
        label=label,
        amount=total_kgco2e,
        text=voice.quantity(total_kgco2e, "kgCO2e"),
        colour="chart-1",
        pieces=(
            Piece(0.0, operational_kgco2e, "chart-1"),
            *((Piece(operational_kgco2e, total_kgco2e, "chart-4"),) if total_kgco2e > operational_kgco2e else ()),
        ),
    )
