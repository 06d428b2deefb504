"""
What a footprint says, put in the order in which a person reads it.

Page, PDF and JSON are all drawn from the one `ReportSummary` that is made here, so that they cannot disagree. Texts are
in the language of the `translate` that was handed in; numbers keep their full precision.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from estimator.core.footprint import (
    Assumption,
    Boundary,
    BoundaryPart,
    Footprint,
    FunctionalUnitResult,
    Match,
    Quality,
    Quantities,
    Range,
    Source,
    Status,
    Warning,
    gettext_noop,
    readable,
)
from estimator.reference.catalogue import PublishedRun
from reports.parts import DUST, Part, parts_of_total
from reports.swings import Swing, swings_of

#: What each quantity is called for people, and its unit, in the order of reading.
QUANTITIES: Final[dict[str, tuple[str, str]]] = {
    "accelerator_energy_kwh": (gettext_noop("Energy of the accelerators"), "kWh"),
    "it_energy_kwh": (gettext_noop("Energy of the servers"), "kWh"),
    "facility_energy_kwh": (gettext_noop("Energy of the data centre"), "kWh"),
    "operational_location_based_kgco2e": (gettext_noop("Emissions of the electricity, by the grid"), "kgCO2e"),
    "embodied_share_kgco2e": (gettext_noop("Share of making the hardware"), "kgCO2e"),
    "total_kgco2e": (gettext_noop("Total emissions"), "kgCO2e"),
    "operational_market_based_kgco2e": (gettext_noop("Emissions of the electricity, by contract"), "kgCO2e"),
    "accelerator_hours": (gettext_noop("Accelerator hours"), "h"),
    "water_l": (gettext_noop("Water"), "L"),
    "electricity_cost_usd": (gettext_noop("Cost of the electricity"), "USD"),
    "cloud_cost_usd": (gettext_noop("Cost in the cloud"), "USD"),
    "total_flop": (gettext_noop("Arithmetic done"), "FLOP"),
    "mfu": (gettext_noop("Model FLOP utilisation"), "1"),
}

#: Names that stand in formulas and are neither a quantity, a step nor an assumption.
OTHER_NAMES: Final = {"functional_unit_count": gettext_noop("Units of service")}


@dataclass(frozen=True, slots=True)
class QuantityRow:
    """One quantity of the result with its range."""

    name: str
    label: str
    amount: Range
    unit: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One numbered line of the calculation."""

    number: int
    name: str
    label: str
    formula: str  #: in names
    formula_words: str  #: in the labels of people
    substituted: str  #: in numbers
    value: float
    unit: str
    source_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AssumptionRow:
    """One input as it was used."""

    name: str
    label: str
    amount: Range
    unit: str
    status: Status
    match: Match | None
    quality: Quality
    source_numbers: tuple[int, ...]
    note: str


@dataclass(frozen=True, slots=True)
class ContributionRow:
    """How much of the width of the range one input causes."""

    name: str
    label: str
    share: float


@dataclass(frozen=True, slots=True)
class EquivalentRow:
    """The total in something that people know."""

    name: str
    label: str
    amount: float
    unit: str
    source_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One numbered source."""

    number: int
    id: str
    title: str
    publisher: str
    year: int | None
    url: str
    licence: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where this run stands among published ones, by the energy of the facility."""

    runs: tuple[PublishedRun, ...]  #: smallest first
    smaller_count: int
    nearest: PublishedRun
    ratio_to_nearest: float


@dataclass(frozen=True, slots=True)
class RegionRow:
    """The total on another grid."""

    name: str
    grid_intensity_gco2e_per_kwh: float
    total_kgco2e: float


@dataclass(frozen=True, slots=True)
class Regions:
    """The same run elsewhere."""

    kind: str  #: regions of the same `provider`, `sisters` of a state or province, or `countries` with cloud regions
    places_count: int  #: compared; `rows` are some of them
    rows: tuple[RegionRow, ...]  #: cleanest first


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """Everything that a report of one footprint shows."""

    title: str
    activity: Literal["training", "inference"]
    method: str
    boundary: Boundary
    boundary_includes: tuple[BoundaryPart, ...]
    quality: Quality
    energy_quality: Quality
    facility_energy_kwh: Range
    operational_kgco2e: Range
    market_based_kgco2e: Range | None
    embodied_kgco2e: Range | None
    total_kgco2e: Range
    parts: tuple[Part, ...]
    quantities: tuple[QuantityRow, ...]
    functional_unit: FunctionalUnitResult | None
    steps: tuple[StepRow, ...]
    assumptions: tuple[AssumptionRow, ...]
    contributions: tuple[ContributionRow, ...]
    swings: tuple[Swing, ...]
    equivalents: tuple[EquivalentRow, ...]
    warnings: tuple[Warning, ...]
    sources: tuple[SourceRow, ...]
    place: Place | None
    engine_version: str
    dataset_version: str
    input_digest: str
    regions: Regions | None = None

    @property
    def has_range(self) -> bool:
        """Whether draws were made; without them low, central and high are one number."""
        return self.total_kgco2e.high > self.total_kgco2e.low or (
            self.facility_energy_kwh.high > self.facility_energy_kwh.low
        )


def summarise(
    footprint: Footprint,
    *,
    published: Sequence[PublishedRun] = (),
    published_sources: Mapping[str, Source] | None = None,
    translate: Callable[[str], str] = str,
    regions: Regions | None = None,
) -> ReportSummary:
    """
    Put a footprint in reading order.

    Parameters
    ----------
    footprint : Footprint
        The result to report.
    published : sequence of PublishedRun
        Runs to compare with; they are left out where the footprint is not one of training.
    published_sources : dict of str to Source, optional
        The sources of `published`, which the footprint itself does not carry.
    translate : callable
        From an English template to the same template in another language; by default it stays English.
    regions : Regions, optional
        The same run elsewhere, where that was asked for.

    Returns
    -------
    ReportSummary
        Sources are numbered from 1 in the order in which steps, assumptions, equivalents and comparison use them.
    """
    footprint = readable(footprint, translate)
    result = footprint.result
    runs = tuple(published) if footprint.activity == "training" else ()
    known_sources = {**(published_sources or {}), **footprint.sources}
    numbers = _source_numbers(footprint, runs, known_sources)

    def numbered(source_ids: Iterable[str]) -> tuple[int, ...]:
        return tuple(sorted({numbers[source_id] for source_id in source_ids if source_id in numbers}))

    labels = {name: translate(label) for name, (label, _) in QUANTITIES.items()}
    labels |= {name: translate(label) for name, label in OTHER_NAMES.items()}
    labels |= {step.name: step.label for step in footprint.steps}
    labels |= {assumption.name: assumption.label for assumption in footprint.assumptions}
    return ReportSummary(
        title=footprint.title,
        activity=footprint.activity,
        method=footprint.method_told,
        boundary=footprint.boundary,
        boundary_includes=footprint.boundary_includes,
        quality=footprint.quality,
        energy_quality=footprint.energy_quality,
        facility_energy_kwh=result.facility_energy_kwh,
        operational_kgco2e=result.operational_location_based_kgco2e,
        market_based_kgco2e=result.operational_market_based_kgco2e,
        embodied_kgco2e=result.embodied_share_kgco2e,
        total_kgco2e=result.total_kgco2e,
        parts=tuple(replace(part, label=translate(part.label)) for part in parts_of_total(result)),
        quantities=tuple(_quantity_rows(result, labels)),
        functional_unit=_named_unit(result.functional_unit, translate),
        steps=tuple(
            StepRow(
                number=number,
                name=step.name,
                label=step.label,
                formula=step.formula,
                formula_words=_in_words(step.formula, labels),
                substituted=step.substituted,
                value=step.value,
                unit=step.unit,
                source_numbers=numbered(step.source_ids),
            )
            for number, step in enumerate(footprint.steps, start=1)
        ),
        assumptions=tuple(_assumption_row(one, numbered(one.source_ids)) for one in footprint.assumptions),
        contributions=tuple(
            ContributionRow(name=one.name, label=labels.get(one.name, one.name), share=one.share_of_variance)
            for one in sorted(footprint.contributions, key=lambda one: -one.share_of_variance)
            if one.share_of_variance > DUST
        ),
        swings=swings_of(footprint),
        equivalents=tuple(
            EquivalentRow(
                name=one.name,
                label=one.label,
                amount=one.amount,
                unit=one.unit,
                source_numbers=numbered(one.source_ids),
            )
            for one in footprint.equivalents
        ),
        warnings=footprint.warnings,
        sources=tuple(
            _source_row(number, source_id, known_sources[source_id]) for source_id, number in numbers.items()
        ),
        place=place_among(runs, result.facility_energy_kwh.central),
        engine_version=footprint.engine_version,
        dataset_version=footprint.dataset_version,
        input_digest=footprint.input_digest,
        regions=regions,
    )


def place_among(runs: Sequence[PublishedRun], facility_energy_kwh: float) -> Place | None:
    """
    Where an energy stands among published runs.

    Parameters
    ----------
    runs : sequence of PublishedRun
        Published runs, in any order.
    facility_energy_kwh : float
        Energy of the run to place. [kWh]

    Returns
    -------
    Place or None
        Nearest is meant by ratio, not by difference. None where there is nothing to compare.
    """
    if not runs or facility_energy_kwh <= 0:
        return None
    ordered = tuple(sorted(runs, key=lambda run: (run.facility_energy_kwh, run.id)))
    nearest = min(ordered, key=lambda run: abs(math.log(run.facility_energy_kwh / facility_energy_kwh)))
    return Place(
        runs=ordered,
        smaller_count=sum(run.facility_energy_kwh < facility_energy_kwh for run in ordered),
        nearest=nearest,
        ratio_to_nearest=facility_energy_kwh / nearest.facility_energy_kwh,
    )


def _named_unit(unit: FunctionalUnitResult | None, translate: Callable[[str], str]) -> FunctionalUnitResult | None:
    """The unit of service by its name in the reader's language, where it is one of ours; else as its user wrote it."""
    return None if unit is None else unit.model_copy(update={"name": translate(unit.name)})


def _in_words(formula: str, labels: Mapping[str, str]) -> str:
    """A formula with each name that has a label replaced by it."""
    return re.sub(r"[a-z]\w*_\w+|\b(?:pue|mfu|utilisation)\b", lambda name: labels.get(name[0], name[0]), formula)


def _quantity_rows(result: Quantities, labels: Mapping[str, str]) -> Iterable[QuantityRow]:
    for name, (_, unit) in QUANTITIES.items():
        amount = getattr(result, name)
        if amount is not None:
            yield QuantityRow(name=name, label=labels[name], amount=amount, unit=unit)


def _assumption_row(one: Assumption, source_numbers: tuple[int, ...]) -> AssumptionRow:
    return AssumptionRow(
        name=one.name,
        label=one.label,
        amount=Range(low=one.low, central=one.value, high=one.high),
        unit=one.unit,
        status=one.status,
        match=one.match,
        quality=one.quality,
        source_numbers=source_numbers,
        note=one.note,
    )


def _source_numbers(
    footprint: Footprint, runs: Sequence[PublishedRun], known_sources: Mapping[str, Source]
) -> dict[str, int]:
    numbers: dict[str, int] = {}
    uses = [
        *(step.source_ids for step in footprint.steps),
        *(assumption.source_ids for assumption in footprint.assumptions),
        *(equivalent.source_ids for equivalent in footprint.equivalents),
        *(run.source_ids for run in runs),
    ]
    for source_id in (source_id for source_ids in uses for source_id in source_ids):
        if source_id in known_sources:
            numbers.setdefault(source_id, len(numbers) + 1)
    for source_id in footprint.sources:  # whatever else the footprint leans on is listed too
        numbers.setdefault(source_id, len(numbers) + 1)
    return numbers


def _source_row(number: int, source_id: str, source: Source) -> SourceRow:
    return SourceRow(
        number=number,
        id=source_id,
        title=source.title,
        publisher=source.publisher,
        year=source.year,
        url=source.url,
        licence=source.licence,
    )
