"""Measured against estimated energy: bars by component, and a waterfall of the reasons."""

from estimator.core.footprint import gettext_noop
from estimator.core.reconcile import COMPONENT_LABELS, LABELS, Reconciliation
from reports.charts.chart import Chart, Mark, Piece, Voice

ESTIMATED, MEASURED, MORE, LESS = "chart-7", "chart-1", "chart-5", "chart-3"


def compared_chart(found: Reconciliation, voice: Voice) -> Chart:
    """Two bars a component."""
    estimated, measured = voice.translate(gettext_noop("estimated")), voice.translate(gettext_noop("measured"))
    marks = tuple(
        Mark(
            label=f"{voice.translate(COMPONENT_LABELS[item.component])} · {side}",
            amount=kwh,
            text=voice.quantity(kwh, "kWh"),
            colour=colour,
        )
        for item in found.components
        for side, kwh, colour in ((estimated, item.estimated_kwh, ESTIMATED), (measured, item.measured_kwh, MEASURED))
    )
    alt = voice.translate(gettext_noop("Energy by component, estimated and measured: %(parts)s.")) % {
        "parts": voice.listed(f"{mark.label} {mark.text}" for mark in marks)
    }
    columns = (gettext_noop("Component"), gettext_noop("Energy"))
    return Chart(
        name="compared",
        title=voice.translate(gettext_noop("Energy by component")),
        alt=alt,
        form="bars",
        columns=tuple(voice.translate(column) for column in columns),
        marks=marks,
    )


def waterfall_chart(found: Reconciliation, voice: Voice) -> Chart:
    """From the estimated energy, reason by reason, to the measured one."""
    marks = [
        Mark(
            label=voice.translate(gettext_noop("Estimated")),
            amount=found.estimated_kwh,
            text=voice.quantity(found.estimated_kwh, "kWh"),
            colour=ESTIMATED,
        )
    ]
    reached_kwh = found.estimated_kwh
    for part in found.parts:
        colour = MORE if part.energy_kwh > 0 else LESS
        sign = "+" if part.energy_kwh > 0 else "−"
        marks.append(
            Mark(
                label=voice.translate(LABELS[part.reason]),
                amount=abs(part.energy_kwh),
                text=f"{sign} {voice.quantity(abs(part.energy_kwh), 'kWh')}",
                colour=colour,
                pieces=(Piece(reached_kwh, reached_kwh + part.energy_kwh, colour),),
            )
        )
        reached_kwh += part.energy_kwh
    marks.append(
        Mark(
            label=voice.translate(gettext_noop("Measured")),
            amount=found.measured_kwh,
            text=voice.quantity(found.measured_kwh, "kWh"),
            colour=MEASURED,
        )
    )
    alt = voice.translate(gettext_noop("From the estimated to the measured energy: %(parts)s.")) % {
        "parts": voice.listed(f"{mark.label} {mark.text}" for mark in marks)
    }
    columns = (gettext_noop("Reason"), gettext_noop("Energy"))
    return Chart(
        name="waterfall",
        title=voice.translate(gettext_noop("Why they differ")),
        alt=alt,
        form="lines",
        columns=tuple(voice.translate(column) for column in columns),
        marks=tuple(marks),
    )
