"""Searches for the best against the catalogue: what a run may change to, and how bold each change is."""

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from estimator.core.estimate import estimate
from estimator.core.footprint import Footprint
from estimator.core.inputs import Workload
from estimator.core.levers.plan import SizeClass
from estimator.core.levers.settings import (
    BatchSize,
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
from estimator.core.planner.axes import Lookups
from estimator.reference import catalogue
from estimator.reference.hardware import expanded, find_hardware
from estimator.reference.levers import CatalogueKnowledge
from estimator.reference.providers import PROVIDER_NAMES
from estimator.reference.resolve import factors_for
from estimator.reference.shelf import Shelf
from estimator.reference.tables import Accelerator

#: Accelerators that are suggested: those that clouds sell, the most operations a watt first.
SUGGESTED_BOARDS: Final = 10
#: Memory of an accelerator under which nothing of today is served from it. [GB]
LEAST_SERVING_GB: Final = 16.0
#: An effect on quality that nobody has judged, such as one of an operator's own table.
UNJUDGED_RISK: Final = 1

_ANY: Final = ("", "small", "medium", "large")


def _for_all(points: int) -> Mapping[str, int]:
    return dict.fromkeys(_ANY, points)


#: What evidence says of the quality -> points of risk, by the size of the model: 0 none that is measured, 1 slight
#: (about a hundredth of a score), 2 clear (several hundredths, or it depends on the task), 3 serious without more
#: training. Points of several levers add up, as nobody has measured their stacks.
RISKS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "None.",
                "None that is measured.",
                "None with a loss scale.",
                "None: the same operations elsewhere.",
                "None: the same operations later.",
                "None: the same operations on other machines.",
                "None: the same operations, later.",
                "None: the same operations, shared.",
                "Quality returns to that of the wider format.",
                "Each answer takes longer.",
            ),
            _for_all(0),
        ),
        **dict.fromkeys(
            (
                "8-bit floating point loses little: 99 % and more of the score of most tasks.",
                "99.75 % of the score is kept at 8 bits, large models above all.",
                "Perplexity rises by 0.3 %.",
                "Losses follow those of 16 bits in the published trainings; stability must be watched.",
                "Formats differ in rounding; none was measured for this setting.",
                "Larger batches may need other learning rates.",
                "A model that would have got better late is lost.",
                "Cached answers may be stale.",
                "Data stay with the clients; models often need more rounds.",
            ),
            _for_all(1),
        ),
        **dict.fromkeys(
            (
                "DistilBERT keeps 97 % of BERT's quality with 40 % fewer parameters; deeper cuts lose more.",
                "Quality falls unless parts stay wider.",
                "Needs more parameters for the same quality.",
                "Shorter answers may leave out steps of reasoning.",
                "Suits tasks near to what the base model knows.",
            ),
            _for_all(2),
        ),
        **dict.fromkeys(
            (
                "Perplexity doubles without retraining in LLaMA-7B (5.68 to 11.53); retraining recovers most of it.",
                "Quality falls more than with weights alone.",
            ),
            _for_all(3),
        ),
        "Half of the weights of large models can go almost without loss; small models lose more.": {
            **_for_all(1), "small": 2, "": 2,
        },
        "Perplexity 8.37 against 8.34 for OPT-175B; small models lose several points.": {
            "large": 1, "medium": 2, "small": 3, "": 3,
        },
    }
)  # fmt: skip


def quality_risk(effect: str, size_class: SizeClass) -> int:
    """
    Points of risk of an effect on quality.

    Examples
    --------
    >>> effect = "Perplexity 8.37 against 8.34 for OPT-175B; small models lose several points."
    >>> quality_risk(effect, "large"), quality_risk(effect, "small"), quality_risk("Something else.", "")
    (1, 3, 1)
    """
    points = RISKS.get(effect)
    return UNJUDGED_RISK if points is None else points[size_class]


def baseline(workload: Workload, *, shelf: Shelf | None = None) -> Workload:
    """
    The run as it is, ready for a search: names spelt out, method chosen, levers left out, the grid of the year.

    Raises
    ------
    InputProblems
        If it cannot be computed.
    """
    shelf = shelf or catalogue.shelf()
    bare = workload.model_copy(update={"levers": (), "grid_signal": "annual"})
    factors = factors_for(bare, shelf=shelf)
    return expanded(bare, shelf).workload.model_copy(update={"method": factors.method})


def lookups(run: Workload, *, shelf: Shelf | None = None) -> Lookups:
    """What a search of a run asks of the catalogue; the run is a `baseline`."""
    shelf = shelf or catalogue.shelf()
    assert run.method != "auto"
    return Lookups(
        knowledge=CatalogueKnowledge(shelf, run.method),
        factors_of=partial(factors_for, shelf=shelf),
        facility_kind=partial(_segment, shelf),
        risk_of=quality_risk,
        name_of=partial(name_of, shelf=shelf),
        footprint_of=partial(_footprint, shelf),
    )


def _segment(shelf: Shelf, workload: Workload) -> str:
    name = workload.hardware.accelerator
    return find_hardware(shelf, name).accelerator.segment if name is not None else ""


def name_of(lever: Lever, *, shelf: Shelf | None = None) -> str:
    """What the accelerator or the place of a lever is called; empty for a lever that names none."""
    shelf = shelf or catalogue.shelf()
    if isinstance(lever, OtherHardware):
        return find_hardware(shelf, lever.accelerator).label
    if isinstance(lever, Region):
        return _place_name(lever, shelf)
    return ""


def _place_name(lever: Region, shelf: Shelf) -> str:
    spot = shelf.places.locate(lever.place)
    if spot.region is not None:
        row = spot.region
        return f"{row.place} ({PROVIDER_NAMES[row.provider]} {row.region})"
    if spot.zone is not None:
        return shelf.places.grids.label(spot.zone)
    if lever.grid_intensity_gco2e_per_kwh is not None:
        return f"{lever.grid_intensity_gco2e_per_kwh:g} gCO2e/kWh"
    return lever.place.country or ""


def _footprint(shelf: Shelf, workload: Workload) -> Footprint:
    return estimate(workload, factors_for(workload, shelf=shelf))


# --- what a run may change to ------------------------------------------------------------------------------------


def other_boards(run: Workload, *, shelf: Shelf | None = None) -> tuple[Accelerator, ...]:
    """Accelerators that a run could move to: sold by clouds, with enough memory, the most operations a watt first."""
    shelf = shelf or catalogue.shelf()
    present = _present_board(run, shelf)
    least_gb = LEAST_SERVING_GB
    if present is not None and run.activity == "training" and present.memory_gb is not None:
        # What was trained on this much memory fits nothing smaller for sure.
        least_gb = present.memory_gb
    sold = {row.accelerator for row in shelf.cloud_instances}
    known = [
        row
        for row in shelf.accelerators
        if row.id in sold
        and row.peak_fp16_flops
        and row.tdp_w
        and row.memory_bandwidth_gb_per_s
        and (row.memory_gb or 0.0) >= least_gb
        and (present is None or row.id != present.id)
    ]
    known.sort(key=lambda row: (-(row.peak_fp16_flops or 0.0) / (row.tdp_w or 1.0), row.id))
    return tuple(known[:SUGGESTED_BOARDS])


def other_regions(run: Workload, *, shelf: Shelf | None = None) -> tuple[Lever, ...]:
    """Regions of the run's own provider, or of all clouds where it has none."""
    shelf = shelf or catalogue.shelf()
    spot = shelf.places.locate(run.location)
    return tuple(
        Region(lever="region", provider=row.provider, region=row.region)
        for row in shelf.places.regions
        if spot.provider in (None, row.provider) and row is not spot.region
    )


def suggested_choices(run: Workload, *, shelf: Shelf | None = None) -> tuple[Lever, ...]:
    """
    Settings worth trying that leave the task as it is.

    Parameters
    ----------
    run : Workload
        A `baseline`.
    shelf : Shelf, optional
        The reference data.

    Returns
    -------
    tuple of Lever
        Hardware, bits, draw, place and time. What changes the task itself, such as reuse, is in `bold_choices`.
    """
    shelf = shelf or catalogue.shelf()
    return (*_machines(run, shelf), *other_regions(run, shelf=shelf), TimeShift(lever="time_shift"))


def _machines(run: Workload, shelf: Shelf) -> Iterator[Lever]:
    if _present_board(run, shelf) is not None or run.method == "inference_tokens":
        for board in other_boards(run, shelf=shelf):
            yield OtherHardware(lever="hardware", accelerator=board.id)
        yield from (PowerCap(lever="power_cap", power_cap_share=share) for share in (0.9, 0.75, 0.6))
    count = run.hardware.accelerator_count
    if count is not None and run.method != "inference_tokens":
        counts = {max(round(count / 2), 1), count * 2, count * 4} - {count}
        yield from (Distributed(lever="distributed", accelerator_count=number) for number in sorted(counts))
    yield Quantisation(lever="quantisation", bits=8)
    if run.activity == "inference":
        yield Quantisation(lever="quantisation", bits=4)
    if run.method == "inference_tokens" and run.inference.task is None:
        batch = run.inference.batch_size or 1
        yield from (BatchSize(lever="batch_size", batch_size=batch * more) for more in (2, 4, 8))


def bold_choices(run: Workload) -> tuple[Lever, ...]:
    """Settings that ask for another training or other answers: a person must want them."""
    if run.activity == "training":
        return (
            *(EarlyStopping(lever="early_stopping", stopped_share=share) for share in (0.1, 0.25)),
            *(Reuse(lever="reuse", kind=kind) for kind in ("warm_start", "distillation", "fine_tuning", "lora")),
        )
    tokens = run.inference.output_tokens
    return (
        Pruning(lever="pruning", kind="two_four"),
        Pruning(lever="pruning", kind="structured", sparsity=0.25),
        *((OutputLength(lever="output_length", output_tokens=max(tokens // 2, 1)),) if tokens else ()),
        OutputLength(lever="output_length", cached_share=0.2),
    )


def _present_board(run: Workload, shelf: Shelf) -> Accelerator | None:
    name = run.hardware.accelerator
    return find_hardware(shelf, name).accelerator if name is not None else None
