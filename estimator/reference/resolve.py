"""
From a workload to the value of every input of its estimate: given, looked up, or assumed, and never silently.

Everything that is wrong with the inputs is said at once. What is unknown and has no sensible default is left out, and
the composer then leaves out what would need it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final

from estimator.core.energy_lines import DEVELOPMENT_SOURCE_IDS, HOST_SOURCE_IDS, METHOD_SOURCE_IDS, MFU_SOURCE_IDS
from estimator.core.factors import MEASURED_BOUNDARIES, Factors
from estimator.core.footprint import Assumption, Boundary, Source, Warning, gettext_noop
from estimator.core.inputs import InputProblem, InputProblems, Method, Workload
from estimator.core.lines import EMBODIED_SOURCE_IDS, MARKET_BASED_SOURCE_IDS, WATER_SOURCE_IDS
from estimator.core.serving_lines import (
    ARCHITECTURE_SOURCE_IDS,
    COUNT_SOURCE_IDS,
    SCALING_SOURCE_IDS,
    SERVING_SOURCE_IDS,
    TASK_SOURCE_IDS,
)
from estimator.reference import catalogue
from estimator.reference.assume import certain, default, given
from estimator.reference.devices import cost_assumptions, embodied_assumptions
from estimator.reference.draws import draw_unknown, energy_assumptions, host_draws_given, power_warnings
from estimator.reference.facility import facility_assumptions, mixed_basis_warnings
from estimator.reference.hardware import expanded, find_hardware
from estimator.reference.levers import name_problems, with_levers
from estimator.reference.methods import choose_method, method_problems
from estimator.reference.operators import told_apart
from estimator.reference.serving import board_warnings, can_serve, serving_assumptions, serving_board
from estimator.reference.shelf import Shelf
from estimator.reference.sizes import ModelSize, model_size
from estimator.reference.tables import Accelerator, Cpu, ModelRow
from estimator.reference.training import FLOP_SOURCE_IDS, flop_assumptions, mfu_assumption, peak_flops
from estimator.reference.zones import Spot

__all__ = ["choose_method", "factors_for"]

#: Who published the formulas; the composer keeps those that it cites.
_FORMULA_SOURCE_IDS: Final = tuple(
    dict.fromkeys(
        (
            *(source_id for source_ids in METHOD_SOURCE_IDS.values() for source_id in source_ids),
            *(*MFU_SOURCE_IDS, *FLOP_SOURCE_IDS, *HOST_SOURCE_IDS, *DEVELOPMENT_SOURCE_IDS),
            *(*SERVING_SOURCE_IDS, *ARCHITECTURE_SOURCE_IDS, *SCALING_SOURCE_IDS, *COUNT_SOURCE_IDS, *TASK_SOURCE_IDS),
            *(*MARKET_BASED_SOURCE_IDS, *EMBODIED_SOURCE_IDS, *WATER_SOURCE_IDS),
        )
    )
)
_NO_LIMIT: Final = gettext_noop(
    "No power limit of %(accelerator)s is published. Give its mean draw in mean_accelerator_power_w."
)
_NO_PEAK: Final = gettext_noop(
    "No peak rate of %(accelerator)s is published, so that operations tell no hours. Give the hours, or choose another "
    "accelerator."
)
_NOT_FOR_SERVING: Final = gettext_noop(
    "Peak rate, memory or limit of %(accelerator)s are not published. Give accelerators and hours instead, or choose "
    "another accelerator."
)


@dataclass(slots=True)
class _Names:
    """What the names of a workload stand for, and which of them stand for nothing."""

    accelerator: Accelerator | None = None
    cpu: Cpu | None = None
    preset: ModelRow | None = None
    spot: Spot = field(default_factory=Spot)
    problems: list[InputProblem] = field(default_factory=list)


def factors_for(workload: Workload, *, shelf: Shelf | None = None) -> Factors:
    """
    Every input of an estimate, with its range, source and match.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    shelf : Shelf, optional
        The reference data; by default those that come with the package.

    Returns
    -------
    Factors
        All that the composer reads. Sources are those of these values and of the formulas.

    Raises
    ------
    InputProblems
        Everything that is unknown, ambiguous or missing, at once, each at its field and with its remedy.
    """
    shelf = shelf or catalogue.shelf()
    if not workload.levers:
        return _factors_of(workload, shelf)
    try:
        factors = _factors_of(workload, shelf)
    except InputProblems as error:
        raise InputProblems((*error.problems, *name_problems(workload, shelf))) from error
    spelt_out = expanded(workload, shelf).workload
    return with_levers(spelt_out, factors, shelf=shelf, factors_of=partial(_factors_of, shelf=shelf))


def _factors_of(workload: Workload, shelf: Shelf) -> Factors:
    """The factors of a run as it is, whatever its levers."""
    expansion = expanded(workload, shelf)
    workload = expansion.workload
    names = _look_up_names(workload, shelf)
    accelerator, problems = names.accelerator, names.problems
    method = choose_method(workload, names.preset)
    size = model_size(workload, names.preset, shelf)
    problems += method_problems(workload, method, size, names.preset)
    if method == "inference_tokens":
        accelerator = serving_board(workload, accelerator, shelf)
    if accelerator is not None:
        problems += _device_problems(workload, accelerator, method)
    if problems:
        raise InputProblems(tuple(problems))
    warnings: list[Warning] = [
        *expansion.warnings,
        *names.spot.warnings,
        *power_warnings(workload, accelerator, method),
    ]
    if method == "inference_tokens":
        warnings += board_warnings(workload, accelerator)
    warnings += mixed_basis_warnings(workload, names.spot, shelf)
    hours_follow = method == "training_flop" or (method == "inference_tokens" and workload.inference.task is None)
    found: tuple[Assumption, ...] = (
        *energy_assumptions(workload, method, accelerator, names.cpu, shelf),
        *_work_assumptions(workload, method, accelerator, size, shelf),
        *facility_assumptions(workload, names.spot, accelerator, shelf, warnings),
        *_run_assumptions(workload),
        *_market_assumptions(workload, shelf),
        *embodied_assumptions(workload, accelerator, names.cpu, shelf, hours_follow=hours_follow),
        *cost_assumptions(workload, accelerator, shelf),
    )
    found = tuple(told_apart(expansion.noted(one)) for one in found)
    return Factors(
        method=method,
        boundary=_boundary(workload, method, found),
        assumptions={one.name: one for one in found},
        sources=_sources(found, shelf),
        dataset_version=shelf.dataset_version,
        equivalents=shelf.equivalents,
        warnings=tuple(warnings),
        accelerator_tdp_w=accelerator.tdp_w if accelerator else None,
        accelerator_name=accelerator.name if accelerator else "",
        accelerator_memory_gb=accelerator.memory_gb if accelerator else None,
        cpu_tdp_w=names.cpu.tdp_w if names.cpu else None,
        cpu_core_count=names.cpu.core_count if names.cpu else None,
    )


def _look_up_names(workload: Workload, shelf: Shelf) -> _Names:
    """Resolve every name, also one that the method does not need: a wrong one is a mistake in any case."""
    names = _Names()
    hardware = workload.hardware
    if hardware.accelerator is not None:
        try:
            names.accelerator = find_hardware(shelf, hardware.accelerator).accelerator
        except InputProblems as error:
            names.problems += error.problems
    if hardware.cpu is not None:
        try:
            names.cpu = shelf.cpu_names.find(hardware.cpu, path="hardware.cpu").row
        except InputProblems as error:
            names.problems += error.problems
    if workload.model.preset is not None:
        try:
            names.preset = shelf.model_names.find(workload.model.preset, path="model.preset").row
        except InputProblems as error:
            names.problems += error.problems
    try:
        names.spot = shelf.places.locate(workload.location)
    except InputProblems as error:
        names.problems += error.problems
    return names


def _device_problems(workload: Workload, accelerator: Accelerator, method: Method) -> Iterator[InputProblem]:
    """What the catalogue lacks about a device that the method cannot do without."""
    text_params = {"accelerator": accelerator.name}
    if draw_unknown(workload, accelerator, method):
        yield InputProblem(path="hardware.mean_accelerator_power_w", message=_NO_LIMIT, text_params=text_params)
    if method == "training_flop" and peak_flops(workload, accelerator) is None:
        yield InputProblem(path="hardware.accelerator", message=_NO_PEAK, text_params=text_params)
    if method == "inference_tokens" and workload.inference.task is None and not can_serve(accelerator):
        yield InputProblem(path="hardware.accelerator", message=_NOT_FOR_SERVING, text_params=text_params)


def _work_assumptions(
    workload: Workload, method: Method, accelerator: Accelerator | None, size: ModelSize, shelf: Shelf
) -> Iterator[Assumption]:
    """What the work itself says: operations of a training, requests of a service."""
    if method == "inference_tokens":
        yield from serving_assumptions(workload, accelerator, size, shelf)
    elif method == "training_flop" and accelerator is not None:
        yield from flop_assumptions(workload, accelerator, size, shelf)
        yield mfu_assumption(workload, accelerator, size, shelf)
    elif workload.activity == "training" and workload.model.training_tokens is not None:
        # Beside hours that are given, operations only test them: those of a published model are not meant by its name.
        yield from flop_assumptions(workload, accelerator, size, shelf)


def _boundary(workload: Workload, method: Method, found: tuple[Assumption, ...]) -> Boundary:
    """Whether whole servers are counted, or a part of them alone."""
    names = {one.name: one for one in found}
    if method == "measured":
        return MEASURED_BOUNDARIES[workload.it_energy_covers]
    if method in ("strubell_2019", "cores_and_memory") or "server_energy_wh_per_item" in names:
        return "servers"
    if method != "inference_tokens" and host_draws_given(workload, method):
        return "servers"
    share = names.get("host_overhead_share")
    return "servers" if share is not None and share.value > 0.0 else "accelerators"


def _sources(found: tuple[Assumption, ...], shelf: Shelf) -> dict[str, Source]:
    known = shelf.sources
    used = {source_id: known[source_id] for one in found for source_id in one.source_ids}
    return used | _standing_sources(shelf)


@lru_cache(maxsize=4)
def _standing_sources(shelf: Shelf) -> dict[str, Source]:
    """Sources that any estimate may cite: of the formulas and of the equivalents."""
    of_equivalents = [source_id for factor in shelf.equivalents for source_id in factor.source_ids]
    return {source_id: shelf.sources[source_id] for source_id in (*_FORMULA_SOURCE_IDS, *of_equivalents)}


# --- runs, contracts -----------------------------------------------------------------------------------------------


def _run_assumptions(workload: Workload) -> Iterator[Assumption]:
    if workload.development_factor == 0.0:
        note = gettext_noop(
            "No development runs are counted. Published projects spent 0.5 to 2.4 times the energy of the final run "
            "on them, and searches far more."
        )
        yield certain("development_factor", 0.0, status="default", note=note)
    else:
        yield certain("development_factor", workload.development_factor)
    status = "default" if workload.repeat_count == 1 else "given"
    yield certain("repeat_count", float(workload.repeat_count), status=status)


def _market_assumptions(workload: Workload, shelf: Shelf) -> Iterator[Assumption]:
    market, spread = workload.market_based, shelf.defaults["spread_grid"]
    if all(value is None for _, value in market):
        return
    # What is not under contract counts the residual mix; where none is given, the composer takes the grid's average.
    note = gettext_noop("What is not under contract counts the average of the grid, unless a residual mix is given.")
    if market.contracted_share is not None:
        yield certain("contracted_share", market.contracted_share, note=note)
    else:
        yield certain("contracted_share", 0.0, status="default", note=note)
    if market.contract_intensity_gco2e_per_kwh is not None:
        yield given("contract_intensity_gco2e_per_kwh", market.contract_intensity_gco2e_per_kwh, spread)
    else:
        yield default(
            "contract_intensity_gco2e_per_kwh",
            "contract_intensity",
            shelf,
            gettext_noop("Contracts for renewable electricity count zero in the market-based method."),
        )
    if market.certificates_share is not None:
        yield certain("certificates_share", market.certificates_share)
    if market.residual_intensity_gco2e_per_kwh is not None:
        yield given("residual_intensity_gco2e_per_kwh", market.residual_intensity_gco2e_per_kwh, spread)
