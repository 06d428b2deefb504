"""What each chart shows."""

import math
from typing import Final

from estimator.core.footprint import Range, gettext_noop
from reports.charts.chart import Chart, Mark, Piece, Voice
from reports.summary import ReportSummary

PART_COLOURS: Final = {
    "accelerators": "chart-1",
    "servers": "chart-1",
    "electricity": "chart-1",
    "other_it": "chart-6",
    "overhead": "chart-2",
    "embodied": "chart-4",
}
MOST_CONTRIBUTIONS: Final = 6
MOST_SWINGS: Final = 8


def parts_chart(summary: ReportSummary, voice: Voice) -> Chart | None:
    """What makes up the total: one bar a part."""
    if not summary.parts or summary.total_kgco2e.central <= 0:
        return None
    marks = tuple(
        Mark(
            label=part.label,
            amount=part.kgco2e,
            text=f"{voice.quantity(part.kgco2e, 'kgCO2e')} · {voice.percent(part.share)}",
            colour=PART_COLOURS[part.name],
            cells=(voice.quantity(part.energy_kwh, "kWh") if part.energy_kwh is not None else "–",),
        )
        for part in summary.parts
    )
    alt = voice.translate(gettext_noop("The total of %(total)s is made up of: %(parts)s.")) % {
        "total": voice.quantity(summary.total_kgco2e, "kgCO2e"),
        "parts": voice.listed(f"{mark.label} {mark.text}" for mark in marks),
    }
    columns = (gettext_noop("Part"), gettext_noop("Emissions"), gettext_noop("Energy"))
    return Chart(
        name="parts",
        title=voice.translate(gettext_noop("What makes up the total")),
        alt=alt,
        form="bars",
        columns=tuple(voice.translate(column) for column in columns),
        marks=marks,
    )


def published_chart(summary: ReportSummary, voice: Voice) -> Chart | None:
    """This run among published ones, by the energy of the data centre, on a logarithmic axis."""
    place = summary.place
    if place is None:
        return None
    this_run = Mark(
        label=voice.translate(gettext_noop("This run")),
        amount=summary.facility_energy_kwh.central,
        text=voice.quantity(summary.facility_energy_kwh, "kWh"),
        colour="accent",
        amounts=summary.facility_energy_kwh if summary.has_range else None,
        cells=(voice.quantity(summary.operational_kgco2e, "kgCO2e"),),
        emphasised=True,
    )
    marks = [
        Mark(
            label=f"{run.label} ({run.year})",
            amount=run.facility_energy_kwh,
            text=voice.quantity(run.facility_energy_kwh, "kWh"),
            colour="chart-1",
            cells=(voice.quantity(run.operational_kgco2e, "kgCO2e"),),
        )
        for run in place.runs
    ]
    marks.insert(place.smaller_count, this_run)
    ends = [mark.amount for mark in marks]
    if this_run.amounts is not None:
        ends += [end for end in (this_run.amounts.low, this_run.amounts.high) if end > 0]
    first, last = math.floor(math.log10(min(ends))), math.ceil(math.log10(max(ends)))
    every = 1 if last - first <= 4 else 2
    alt = voice.translate(
        gettext_noop(
            "This run used %(energy)s; %(smaller)s of %(count)s published training runs used less. "
            "The nearest is %(nearest)s with %(nearest_energy)s."
        )
    ) % {
        "energy": this_run.text,
        "smaller": place.smaller_count,
        "count": len(place.runs),
        "nearest": place.nearest.label,
        "nearest_energy": voice.quantity(place.nearest.facility_energy_kwh, "kWh"),
    }
    columns = (gettext_noop("Training run"), gettext_noop("Energy"), gettext_noop("Emissions of the electricity"))
    return Chart(
        name="published",
        title=voice.translate(gettext_noop("Beside published training runs")),
        alt=alt,
        form="dots",
        columns=tuple(voice.translate(column) for column in columns),
        marks=tuple(marks),
        ticks=tuple(
            (10.0**power, voice.tick(10.0**power, "kWh") if (power - first) % every == 0 else "")
            for power in range(first, last + 1)
        ),
    )


def range_chart(summary: ReportSummary, voice: Voice) -> Chart | None:
    """What the width of the range is made of."""
    if not summary.contributions or not summary.has_range:
        return None
    marks = tuple(
        Mark(label=one.label, amount=one.share, text=voice.percent(one.share), colour="chart-3")
        for one in summary.contributions[:MOST_CONTRIBUTIONS]
    )
    alt = voice.translate(gettext_noop("The width of the range comes from: %(inputs)s.")) % {
        "inputs": voice.listed(f"{mark.label} {mark.text}" for mark in marks)
    }
    columns = (gettext_noop("Input"), gettext_noop("Share of the uncertainty"))
    return Chart(
        name="range",
        title=voice.translate(gettext_noop("What would narrow the range most")),
        alt=alt,
        form="bars",
        columns=tuple(voice.translate(column) for column in columns),
        marks=marks,
    )


def tornado_chart(summary: ReportSummary, voice: Voice) -> Chart | None:
    """How far each uncertain input alone would move the total: the widest on top."""
    if not summary.swings:
        return None
    central_kgco2e = summary.total_kgco2e.central
    marks = tuple(
        Mark(
            label=swing.label,
            amount=swing.width_kgco2e,
            text=voice.spread(_between(swing.at_low_kgco2e, central_kgco2e, swing.at_high_kgco2e), "kgCO2e"),
            colour="chart-3",
            pieces=(
                Piece(swing.at_low_kgco2e, central_kgco2e, "chart-6"),
                Piece(central_kgco2e, swing.at_high_kgco2e, "chart-5"),
            ),
        )
        for swing in summary.swings[:MOST_SWINGS]
    )
    alt = voice.translate(
        gettext_noop(
            "With each uncertain input alone at the ends of its range, the total of %(total)s would become: %(inputs)s."
        )
    ) % {
        "total": voice.quantity(summary.total_kgco2e, "kgCO2e"),
        "inputs": voice.listed(f"{mark.label} {mark.text}" for mark in marks),
    }
    columns = (gettext_noop("Input"), gettext_noop("Total at the ends of its range"))
    keys = (
        ("chart-6", gettext_noop("input at its low end")),
        ("chart-5", gettext_noop("input at its high end")),
    )
    return Chart(
        name="tornado",
        title=voice.translate(gettext_noop("How far each input moves the total")),
        alt=alt,
        form="lines",
        columns=tuple(voice.translate(column) for column in columns),
        marks=marks,
        centre=central_kgco2e,
        keys=tuple((token, voice.translate(words)) for token, words in keys),
    )


def _between(one: float, central: float, other: float) -> Range:
    return Range(low=min(one, other), central=central, high=max(one, other))


REGIONS_TITLES: Final = {
    "provider": gettext_noop("The same run in other regions of this provider"),
    "sisters": gettext_noop("The same run in neighbouring states or provinces"),
    "countries": gettext_noop("The same run in other countries"),
}


def regions_chart(summary: ReportSummary, voice: Voice) -> Chart | None:
    """The total of the same run on other grids, this one among them."""
    regions = summary.regions
    if regions is None or summary.total_kgco2e.central <= 0:
        return None
    this_run = Mark(
        label=voice.translate(gettext_noop("This run")),
        amount=summary.total_kgco2e.central,
        text=voice.quantity(summary.total_kgco2e, "kgCO2e"),
        colour="accent",
        emphasised=True,
    )
    marks = [
        Mark(
            label=row.name,
            amount=row.total_kgco2e,
            text=voice.quantity(row.total_kgco2e, "kgCO2e"),
            colour="chart-1",
            cells=(voice.quantity(row.grid_intensity_gco2e_per_kwh, "gCO2e/kWh"),),
        )
        for row in regions.rows
    ]
    marks.insert(sum(mark.amount <= this_run.amount for mark in marks), this_run)
    alt = voice.translate(
        gettext_noop(
            "With everything else as it is, the same run would cause %(least)s in %(cleanest)s and %(most)s in "
            "%(dirtiest)s; here it caused %(total)s."
        )
    ) % {
        "least": voice.quantity(regions.rows[0].total_kgco2e, "kgCO2e"),
        "cleanest": regions.rows[0].name,
        "most": voice.quantity(regions.rows[-1].total_kgco2e, "kgCO2e"),
        "dirtiest": regions.rows[-1].name,
        "total": this_run.text,
    }
    columns = (gettext_noop("Place"), gettext_noop("Total emissions"), gettext_noop("Carbon intensity of the grid"))
    return Chart(
        name="regions",
        title=voice.translate(REGIONS_TITLES[regions.kind]),
        alt=alt,
        form="lines",
        columns=tuple(voice.translate(column) for column in columns),
        marks=tuple(marks),
    )


def charts_of(summary: ReportSummary, voice: Voice) -> tuple[Chart, ...]:
    """Every chart that this summary has something to show in."""
    drawn = (make(summary, voice) for make in (parts_chart, published_chart, range_chart, tornado_chart, regions_chart))
    return tuple(chart for chart in drawn if chart is not None)
