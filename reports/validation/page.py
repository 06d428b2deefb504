"""The validation in the order in which a person reads it, in one language."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from estimator.core.footprint import Source, gettext_noop
from estimator.reference.published import CIRCULAR
from reports.charts import Chart, Mark, Voice
from reports.charts.plane import Series
from reports.validation import cases, predictions, texts
from reports.validation.cases import CaseRow, Figure
from reports.validation.predictions import Prediction, Score
from reports.validation.scatter import Point, Scatter, is_labelled, powers

#: Ends of the classes of the errors of the arithmetic, and of the factors of the predictions.
ERROR_CLASSES: Final = (0.001, 0.01, 0.05, math.inf)
FACTOR_CLASSES: Final = (1.1, 1.25, 1.5, 2.0, math.inf)

LONGEST_TITLE: Final = 60
SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

INSIDE: Final = (gettext_noop("Published amount within the range"), "chart-1", "circle")
OUTSIDE: Final = (gettext_noop("Published amount outside the range"), "chart-5", "diamond-open")


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the published cases is shown; empty is everything."""

    source: str = ""
    kind: str = ""
    basis: str = ""
    all_cases: bool = False  #: also those without the inputs to recompute them

    def keep(self, row: CaseRow) -> bool:
        """Whether a case is shown."""
        return (
            (not self.source or self.source in row.case.source_ids)
            and (not self.kind or self.kind == row.case.kind)
            and (not self.basis or self.basis == row.case.energy_basis)
            and (self.all_cases or row.verdict != "not_recomputable")
        )


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a filter."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One row of the table."""

    row: CaseRow
    kind: str
    basis: str
    is_circular: bool
    verdict: str
    reason: str
    source: Source


@dataclass(frozen=True, slots=True)
class PredictionSet:
    """One kind of prediction: how good, how it looks, and every case."""

    name: str
    title: str
    unit: str
    score: Score
    rows: tuple[Prediction, ...]
    scatter: Scatter
    errors: Chart


@dataclass(frozen=True, slots=True)
class ShownMisleading:
    """A published number that misleads, in the language of the page."""

    title: str
    text: str
    sources: tuple[tuple[str, Source], ...]


@dataclass(frozen=True, slots=True)
class ValidationPage:
    """Everything that the page shows."""

    filters: Filters
    sources: tuple[Option, ...]
    kinds: tuple[Option, ...]
    bases: tuple[Option, ...]
    recomputable_count: int
    agreeing_count: int
    exceptions: tuple[ShownCase, ...]
    shown: tuple[ShownCase, ...]
    scatters: tuple[Scatter, ...]
    errors: Chart | None
    training: PredictionSet
    training_held_out: PredictionSet
    serving: PredictionSet
    energies_count: int
    circular_count: int
    circular_sources: tuple[Option, ...]
    misleading: tuple[ShownMisleading, ...]


def validation_page(
    filters: Filters, *, voice: Voice, known_sources: Mapping[str, Source], format_factor: Callable[[float], str]
) -> ValidationPage:
    """
    Put the validation in reading order.

    Parameters
    ----------
    filters : Filters
        What of the published cases to show. The scores do not depend on it.
    voice : Voice
        The language and the rounding.
    known_sources : mapping of str to Source
        The sources of the cases.
    format_factor : callable
        From a ratio to text.

    Returns
    -------
    ValidationPage
        All in one language; numbers keep their full precision.
    """
    say = voice.translate
    every = cases.case_rows()
    recomputable = [row for row in every if row.verdict != "not_recomputable"]
    kept = [row for row in every if filters.keep(row)]

    def shown(row: CaseRow) -> ShownCase:
        case = row.case
        return ShownCase(
            row=row,
            kind=say(texts.KINDS[case.kind]),
            basis=say(texts.BASES[case.energy_basis][0]),
            is_circular=case.energy_basis in CIRCULAR,
            verdict=say(texts.VERDICTS[row.verdict]),
            reason=say(texts.EXCEPTIONS[case.exception]) if case.exception else "",
            source=known_sources[case.source_ids[0]],
        )

    with_energy = [row for row in every if row.energy_kwh is not None]
    circular = [row for row in with_energy if row.case.energy_basis in CIRCULAR]

    def predicted(name: str, unit: str, rows: tuple[Prediction, ...], title: str) -> PredictionSet:
        return PredictionSet(
            name=name,
            title=say(title),
            unit=unit,
            score=predictions.score(rows),
            rows=rows,
            scatter=_prediction_scatter(name, unit, rows, voice),
            errors=_factors_chart(name, rows, voice, format_factor),
        )

    return ValidationPage(
        filters=filters,
        sources=_options(every, lambda row: row.case.source_ids[0], lambda value: _cite(known_sources[value])),
        kinds=_options(every, lambda row: row.case.kind, lambda value: say(texts.KINDS[value])),
        bases=_options(every, lambda row: row.case.energy_basis, lambda value: say(texts.BASES[value][0])),
        recomputable_count=len(recomputable),
        agreeing_count=sum(row.verdict == "agrees" for row in recomputable),
        exceptions=tuple(shown(row) for row in recomputable if row.verdict == "exception"),
        shown=tuple(shown(row) for row in kept),
        scatters=tuple(_case_scatters(kept, voice)),
        errors=_errors_chart(kept, voice),
        training=predicted(
            "training",
            "h",
            predictions.training_predictions(),
            gettext_noop("Accelerator hours of training, its publication unseen"),
        ),
        training_held_out=predicted(
            "held-out",
            "h",
            predictions.training_predictions_held_out(),
            gettext_noop("Accelerator hours of training, runs never fitted"),
        ),
        serving=predicted(
            "serving",
            "J",
            predictions.serving_predictions(),
            gettext_noop("Energy of one output token, its model unseen"),
        ),
        energies_count=len(with_energy),
        circular_count=len(circular),
        circular_sources=_options(
            circular, lambda row: row.case.source_ids[0], lambda value: known_sources[value].title
        ),
        misleading=tuple(
            ShownMisleading(
                say(one.title),
                say(one.text),
                tuple((source_id, known_sources[source_id]) for source_id in one.source_ids),
            )
            for one in texts.MISLEADING
        ),
    )


def _cite(source: Source) -> str:
    first = source.publisher.split(",")[0]
    title = source.title if len(source.title) <= LONGEST_TITLE else f"{source.title[: LONGEST_TITLE - 1].rstrip()}…"
    return f"{first} {source.year}: {title}" if source.year else f"{first}: {title}"


def _options(
    rows: Iterable[CaseRow], value_of: Callable[[CaseRow], str], label_of: Callable[[str], str]
) -> tuple[Option, ...]:
    values = [value_of(row) for row in rows]
    return tuple(Option(value, label_of(value), values.count(value)) for value in dict.fromkeys(values))


def _case_scatters(rows: Sequence[CaseRow], voice: Voice) -> Iterable[Scatter]:
    say = voice.translate
    for name, title, unit in (
        ("energy", gettext_noop("Energy"), "kWh"),
        ("emissions", gettext_noop("Emissions of the electricity"), "kgCO2e"),
    ):
        points = []
        for row in rows:
            figure = row.energy_kwh if name == "energy" else row.emissions_kgco2e
            # A logarithmic axis has no place for a zero.
            if figure is None or not figure.computed or not figure.published:
                continue
            label, colour, symbol = texts.BASES[row.case.energy_basis]
            points.append(
                Point(
                    series=Series(say(label), colour, symbol),
                    text=_pair(row.case.name, figure.published, figure.computed, unit, voice),
                    published=figure.published,
                    computed=figure.computed,
                )
            )
        if points:
            yield _scatter(name, say(title), unit, tuple(points), voice)


def _prediction_scatter(name: str, unit: str, rows: Sequence[Prediction], voice: Voice) -> Scatter:
    inside, outside = (Series(voice.translate(label), colour, symbol) for label, colour, symbol in (INSIDE, OUTSIDE))
    points = tuple(
        Point(
            series=inside if row.is_inside else outside,
            text=_pair(row.name, row.published, row.predicted.central, unit, voice),
            published=row.published,
            computed=row.predicted.central,
            span=row.predicted,
        )
        for row in rows
    )
    title = voice.translate(gettext_noop("Predicted against published"))
    return _scatter(name, title, unit, points, voice, y_label=gettext_noop("predicted"))


def _pair(name: str, published: float, computed: float, unit: str, voice: Voice) -> str:
    text = gettext_noop("%(name)s: published %(published)s, computed %(computed)s")
    return voice.translate(text) % {
        "name": name,
        "published": voice.quantity(published, unit),
        "computed": voice.quantity(computed, unit),
    }


def _scatter(
    name: str,
    title: str,
    unit: str,
    points: tuple[Point, ...],
    voice: Voice,
    *,
    y_label: str = gettext_noop("computed"),
) -> Scatter:
    say = voice.translate
    ticks = powers(points)
    alt = say(
        gettext_noop(
            "%(title)s: %(count)s cases, published against computed, from %(least)s to %(most)s; the table has all."
        )
    ) % {
        "title": title,
        "count": len(points),
        "least": voice.quantity(min(point.published for point in points), unit),
        "most": voice.quantity(max(point.published for point in points), unit),
    }
    return Scatter(
        name=name,
        title=title,
        alt=alt,
        x_label=say(gettext_noop("published")),
        y_label=say(y_label),
        diagonal_label=say(gettext_noop("on the dotted line both are equal")),
        points=points,
        ticks=tuple(
            (value, _tick(value, unit, voice) if is_labelled(place, len(ticks)) else "")
            for place, value in enumerate(ticks)
        ),
    )


def _tick(value: float, unit: str, voice: Voice) -> str:
    """A power of ten by its power where its unit has no larger one."""
    if unit == "h" and value >= 1e5:
        return f"10{str(round(math.log10(value))).translate(SUPERSCRIPTS)} h"
    return voice.tick(value, unit)


def _errors_chart(rows: Sequence[CaseRow], voice: Voice) -> Chart | None:
    figures: list[Figure] = [figure for row in rows for figure in row.figures if figure.error is not None]
    if not figures:
        return None
    errors = [abs(figure.error or 0.0) for figure in figures]
    names = [
        voice.translate(gettext_noop("up to %(end)s off")) % {"end": voice.percent(end)} for end in ERROR_CLASSES[:-1]
    ]
    names.append(voice.translate(gettext_noop("more than %(end)s off")) % {"end": voice.percent(ERROR_CLASSES[-2])})
    return _classes_chart("errors", gettext_noop("How far the arithmetic is off"), errors, ERROR_CLASSES, names, voice)


def _factors_chart(name: str, rows: Sequence[Prediction], voice: Voice, format_factor: Callable[[float], str]) -> Chart:
    names = [
        voice.translate(gettext_noop("off by up to %(end)s")) % {"end": format_factor(end)}
        for end in FACTOR_CLASSES[:-1]
    ]
    names.append(voice.translate(gettext_noop("off by more than %(end)s")) % {"end": format_factor(FACTOR_CLASSES[-2])})
    factors = [row.factor for row in rows]
    title = gettext_noop("How far the predictions are off")
    return _classes_chart(f"{name}-errors", title, factors, FACTOR_CLASSES, names, voice)


def _classes_chart(
    name: str, title: str, amounts: Sequence[float], ends: Sequence[float], labels: Sequence[str], voice: Voice
) -> Chart:
    """Bars: how many amounts lie in each class, by its upper end."""
    counts = [0] * len(ends)
    for amount in amounts:
        # Rounding of the arithmetic must not push an amount over the end that it lies on.
        counts[next(place for place, end in enumerate(ends) if amount <= end * (1 + 1e-9))] += 1
    marks = tuple(
        Mark(label=label, amount=float(count), text=f"{count}", colour="chart-3")
        for label, count in zip(labels, counts, strict=True)
    )
    title = voice.translate(title)
    return Chart(
        name=name,
        title=title,
        alt=f"{voice.labelled(title, voice.listed(voice.labelled(mark.label, mark.text) for mark in marks))}.",
        form="bars",
        columns=(voice.translate(gettext_noop("Error")), voice.translate(gettext_noop("Figures"))),
        marks=marks,
    )
