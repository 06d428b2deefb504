"""A report as a document in the active language: its template, its drawings, the files inside it, its bytes."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import segno
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from estimator.core.footprint import Footprint
from estimator.core.inputs import Location
from estimator.core.levers.advice import Advice
from estimator.core.scenarios import Comparison, ScenarioResult
from reports import attachments, wording
from reports.abstract import abstract
from reports.charts import Chart, light_colours, months_chart, runs_chart
from reports.charts.power import PowerCurve, power_svg
from reports.charts.waterfall import scenario_chart
from reports.collection import RunRow, collect
from reports.notes import notes_html
from reports.options import ReportOptions
from reports.pdf import EPOCH, LOGO, Attachment, render_pdf

#: Which section shows which charts; all others are drawn where the template says.
CHARTS: Final[dict[str, str]] = {
    "parts": "breakdown",
    "range": "uncertainty",
    "tornado": "uncertainty",
    "regions": "regions",
    "published": "published",
}

#: Width of a drawing across the page, so that its text has the size of the text around it.
PAPER_WIDTH: Final = 720
#: Bars of the first page's charts.
MOST_BARS: Final = 4
#: Runs that one page of the long part takes, for the progress alone.
ROWS_A_PAGE: Final = 7


def write_report(
    footprint: Footprint,
    *,
    options: ReportOptions,
    made_at: datetime = EPOCH,
    location: Location | None = None,
    is_only_measured: bool = False,
    scenarios: Comparison | None = None,
    power: PowerCurve | None = None,
    advice: Advice | None = None,
    logo: bytes | None = None,
    advance: Callable[[float], None] | None = None,
) -> bytes:
    """
    The PDF of one footprint.

    Parameters
    ----------
    footprint : Footprint
        As it is stored.
    options : ReportOptions
        What the reader chose.
    made_at : datetime
        The date on the report: that of the estimate, so that the same estimate gives the same bytes.
    location : Location, optional
        Where the run took place, for its ranking among other places.
    is_only_measured : bool
        Whether nobody said that what was measured was a training.
    scenarios : Comparison, optional
        The scenarios that were kept for the run, computed.
    power : PowerCurve, optional
        The measurement that the footprint was made of.
    advice : Advice, optional
        What would save most on the run.
    logo : bytes, optional
        A PNG.
    advance : callable, optional
        Told the progress, from 0 to 1.

    Returns
    -------
    bytes
        A tagged PDF with the figures inside it as JSON and CSV.
    """
    tell = advance or _nobody
    over = [one.model_dump_json() for one in (scenarios, advice) if one is not None]
    key = options.digest(logo=logo, over="\n".join(over))
    summary = wording.summary_of(footprint, location=location)
    charts = {
        chart.name: chart
        for chart in wording.charts_in_words(summary)
        if CHARTS.get(chart.name, "") in options.sections
    }
    tell(0.3)
    html = render_to_string(
        "reports/pdf/report.html",
        {
            **_frame(options, made_at=made_at, logo=logo, digest=footprint.input_digest),
            "summary": summary,
            "abstract": abstract(summary, is_only_measured=is_only_measured),
            "is_only_measured": is_only_measured,
            "charts": charts,
            "waterfalls": _waterfalls(scenarios) if scenarios and "scenarios" in options.sections else [],
            "scenarios": scenarios,
            "advice": advice if "advice" in options.sections else None,
            "power": _power(power) if power and "power" in options.sections else "",
            "power_exceeds_footprint": power is not None and power.exceeds_footprint,
            "pair": [_short(charts[name]) for name in ("parts", "range") if name in charts],
            # Without the list of sources there is nothing for the small numbers to lead to.
            "key": summary.input_digest[:8] if "sources" in options.sections else "",
        },
    )
    tell(0.5)
    return render_pdf(
        html,
        identifier=f"{footprint.input_digest}-{footprint.dataset_version}-{get_language()}-{key}",
        variant=options.variant,
        made_at=made_at,
        logo=logo,
        on_page=lambda page: tell(min(0.5 + 0.05 * page, 0.9)),
        attachments=(
            Attachment(
                "footprint.json",
                attachments.footprint_json(footprint, gettext),
                gettext("The whole footprint: every quantity, step, input and source"),
            ),
            Attachment(
                "footprint.csv",
                attachments.footprint_csv(footprint, gettext),
                gettext("Quantities, steps and inputs as a table"),
            ),
        ),
    )


def write_collection(
    runs: Sequence[RunRow],
    *,
    files: attachments.RunFiles,
    title: str,
    options: ReportOptions,
    made_at: datetime = EPOCH,
    logo: bytes | None = None,
    advance: Callable[[float], None] | None = None,
) -> bytes:
    """
    The PDF over several runs.

    Parameters
    ----------
    runs : sequence of RunRow
        At least one, in order.
    files : RunFiles
        What goes inside as JSON and CSV.
    title : str
        What they are together.
    options : ReportOptions
        What the reader chose.
    made_at : datetime
        The date of the newest estimate.
    logo : bytes, optional
        A PNG.
    advance : callable, optional
        Told the progress, from 0 to 1.

    Returns
    -------
    bytes
        A tagged PDF.
    """
    tell = advance or _nobody
    summary = collect(runs, title=title)
    digest = hashlib.sha256("\n".join(run.input_digest for run in runs).encode()).hexdigest()
    drawn = (
        runs_chart(summary, wording.VOICE, unnamed=gettext("Without a name")),
        months_chart(summary, wording.VOICE),
    )
    html = render_to_string(
        "reports/pdf/collection.html",
        {
            **_frame(options, made_at=made_at, logo=logo, digest=digest, is_stored=False),
            "summary": summary,
            "charts": [chart for chart in drawn if chart is not None],
            "sums": [one for one in (summary.energy, summary.water) if one is not None],
        },
    )
    tell(0.3)
    pages_count = 3 + len(runs) / ROWS_A_PAGE
    return render_pdf(
        html,
        identifier=f"{digest}-{get_language()}-{options.digest(logo=logo, over=title)}",
        variant=options.variant,
        made_at=made_at,
        logo=logo,
        on_page=lambda page: tell(min(0.3 + 0.6 * page / pages_count, 0.9)),
        attachments=(
            Attachment("runs.json", files.json(), gettext("The whole footprint of each run")),
            Attachment("runs.csv", files.csv(), gettext("One row a run, with its ranges")),
        ),
    )


def _short(chart: Chart) -> Chart:
    """As many bars as the first page has room for; the table inside the file has all."""
    return replace(chart, marks=chart.marks[:MOST_BARS])


def _power(curve: PowerCurve) -> SafeString:
    drawn = power_svg(curve, wording.VOICE, width=PAPER_WIDTH, colours=light_colours())
    return mark_safe(drawn)  # noqa: S308  (every text in it is escaped where it is written)


def _waterfalls(comparison: Comparison) -> list[tuple[ScenarioResult, Chart]]:
    return [(one, scenario_chart(comparison, one, wording.VOICE)) for one in comparison.scenarios]


def _nobody(progress: float) -> None:
    """Nobody waits for news."""


def _frame(
    options: ReportOptions, *, made_at: datetime, logo: bytes | None, digest: str, is_stored: bool = True
) -> Mapping[str, Any]:
    """What every document shows around its content; one run is verified by its digest, a set run by run."""
    colours = light_colours()
    verification = f"{options.site}/verify/{digest}" if options.site and is_stored else ""
    return {
        "options": options,
        "made_at": made_at.replace(microsecond=0),
        "logo": LOGO if logo is not None else "",
        "notes": mark_safe(notes_html(options.notes)),  # noqa: S308  (cleaned there)
        "digest": digest,
        "verification": verification,
        "qr": _qr(verification, colours["ink"]) if verification else "",
        "tokens": ":root {" + "".join(f"--{name}: {value};" for name, value in colours.items()) + "}",
        # Drawings do not see the style sheet, so they are told.
        "picture_colour": colours["accent"],
        "cover_ink": colours["accent-ink"],
    }


def _qr(address: str, ink: str) -> str:
    """The address as a drawing."""
    alt = gettext("QR code of the address at which this report can be verified")
    drawn = segno.make(address, error="m").svg_inline(border=0, scale=4, dark=ink, title=alt)
    return mark_safe(drawn)  # noqa: S308  (squares and a text of ours)
