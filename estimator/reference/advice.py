"""
What is tried on a run when advice is asked for: each lever with a setting or two that anybody could choose.

Left out are levers that need numbers which nobody gave (clients and rounds), that ask for a model of another kind
(experts), or that cannot change the total (contracts).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from estimator.core.factors import Factors, LeverCase
from estimator.core.inputs import InputProblems, Workload
from estimator.core.levers.advice import Candidate
from estimator.core.levers.settings import (
    BatchSize,
    BetterPue,
    Distributed,
    EarlyStopping,
    Lever,
    OtherHardware,
    OutputLength,
    PowerCap,
    Pruning,
    Quantisation,
    Region,
    Reuse,
    TimeShift,
)
from estimator.reference import catalogue
from estimator.reference.levers import stacked
from estimator.reference.plans import name_of, other_boards
from estimator.reference.resolve import factors_for
from estimator.reference.shelf import Shelf
from estimator.reference.tables import CloudRegion
from estimator.reference.zones import Spot

#: Of the accelerators with the most operations a watt, so many are tried.
BOARDS: Final = 3
#: A facility as large clouds run it, and the overhead from which moving there is worth a look. [1]
GOOD_PUE, POOR_PUE = 1.1, 1.15
#: Countries with cloud regions, by continent (United Nations M49, with North America down to Mexico).
CONTINENTS: Final[dict[str, tuple[str, ...]]] = {
    "Africa": ("ZA",),
    "Asia": ("AE", "BH", "CN", "HK", "ID", "IL", "IN", "JP", "KR", "MY", "QA", "SA", "SG", "TH", "TW"),
    "Europe": ("AT", "BE", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "NL", "NO", "PL", "SE"),
    "North America": ("CA", "MX", "US"),
    "Oceania": ("AU", "NZ"),
    "South America": ("BR", "CL"),
}


def advice_candidates(run: Workload, factors: Factors, *, shelf: Shelf | None = None) -> tuple[Candidate, ...]:
    """
    Every setting that is tried and that can act on the run, as the run that it makes.

    Parameters
    ----------
    run, factors : Workload, Factors
        The run as it is, as `present_run` gives it.
    shelf : Shelf, optional
        The reference data.
    """
    shelf = shelf or catalogue.shelf()
    tried = [(lever, False) for lever in _same_task(run, factors, shelf)]
    tried += [(lever, True) for lever in _other_task(run, factors)]
    found = []
    for lever, is_bold in tried:
        case = _case(lever, run, factors, shelf)
        if case is not None:
            found.append(Candidate(lever=lever, case=case, name=name_of(lever, shelf=shelf), is_bold=is_bold))
    return tuple(found)


def on_run(
    candidates: Sequence[Candidate], run: Workload, factors: Factors, *, shelf: Shelf | None = None
) -> tuple[Candidate, ...]:
    """The same candidates on the same run with other draws."""
    shelf = shelf or catalogue.shelf()
    cases = [(candidate, _case(candidate.lever, run, factors, shelf)) for candidate in candidates]
    return tuple(replace(candidate, case=case) for candidate, case in cases if case is not None)


def _case(lever: Lever, run: Workload, factors: Factors, shelf: Shelf) -> LeverCase | None:
    try:
        (case,) = stacked(run, factors, (lever,), shelf=shelf, factors_of=partial(factors_for, shelf=shelf))
    except InputProblems:
        return None
    return case


def _same_task(run: Workload, factors: Factors, shelf: Shelf) -> Iterator[Lever]:
    """What leaves the task as it is."""
    known = {name: one.value for name, one in factors.assumptions.items()}
    for board in other_boards(run, shelf=shelf)[:BOARDS]:
        yield OtherHardware(lever="hardware", accelerator=board.id)
    region = cleanest_region(run, shelf=shelf)
    if region is not None:
        yield Region(lever="region", provider=region.provider, region=region.region)
    if known.get("pue", 1.0) > POOR_PUE:
        yield BetterPue(lever="pue", pue=GOOD_PUE)
    yield from (PowerCap(lever="power_cap", power_cap_share=share) for share in (0.75, 0.6))
    yield TimeShift(lever="time_shift", window_h=24.0)
    count = known.get("accelerator_count")
    if count is not None and count >= 2 and factors.method != "inference_tokens":
        yield Distributed(lever="distributed", accelerator_count=round(count / 2))
    if run.hardware.accelerator is not None or factors.method == "inference_tokens":
        yield Quantisation(lever="quantisation", bits=8)
    if run.activity == "inference":
        yield Quantisation(lever="quantisation", bits=4)
        batch = known.get("batch_size")
        if batch is not None:
            yield from (BatchSize(lever="batch_size", batch_size=round(batch * more)) for more in (2, 4))


def _other_task(run: Workload, factors: Factors) -> Iterator[Lever]:
    """What asks for another training, or for other answers; nothing whose share nobody but the user can know."""
    known = {name: one.value for name, one in factors.assumptions.items()}
    if run.activity == "training":
        if not _is_fine_tuning(run, known) and not run.is_only_measured(factors.method):
            yield Reuse(lever="reuse", kind="fine_tuning")
        if run.development_factor > 0.0 or run.repeat_count > 1:
            yield EarlyStopping(lever="early_stopping")
        return
    tokens = known.get("output_tokens", 0.0)
    if tokens >= 2.0:
        yield OutputLength(lever="output_length", output_tokens=round(tokens / 2))
    yield Pruning(lever="pruning", kind="structured", sparsity=0.25)


def _is_fine_tuning(run: Workload, known: Mapping[str, float]) -> bool:
    """Whether it reuses a model already: with frozen weights, or with fewer tokens than the model has parameters."""
    tokens, parameters = known.get("training_tokens"), known.get("active_parameters_count")
    few = tokens is not None and parameters is not None and tokens < parameters
    return few or run.model.training_kind != "full"


def cleanest_region(run: Workload, *, shelf: Shelf | None = None) -> CloudRegion | None:
    """
    The cloud region with the cleanest grid that the run could move to.

    Of the run's own provider and continent, where these are known; None where it is there already.
    """
    shelf = shelf or catalogue.shelf()
    places = shelf.places
    spot = places.locate(run.location)
    country = spot.region.iso2 if spot.region is not None else _country(spot, shelf)
    near = next((members for members in CONTINENTS.values() if country in members), None)
    found = [
        (match.grid_intensity_gco2e_per_kwh, row.id, row)
        for row in places.regions
        if spot.provider in (None, row.provider) and (near is None or row.iso2 in near)
        for match in (places.grids.grid(Spot(region=row), year=run.year),)
        if not match.doubtful
    ]
    if not found:
        return None
    _intensity, _id, cleanest = min(found)
    return None if cleanest is spot.region else cleanest


def _country(spot: Spot, shelf: Shelf) -> str:
    zone = shelf.places.grids.preferred.get(spot.zone or "")
    return "" if zone is None else zone.iso2 or zone.zone.partition("-")[0]
