"""
From a workload to the value of every input of its estimate: given, looked up, or assumed, and never silently.

Everything that is wrong with the inputs is said at once. What is unknown and has no sensible default is left out, and
the composer then leaves out what would need it.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from estimator.core.factors import Factors
from estimator.core.footprint import Assumption, Boundary, Source, Warning, gettext_noop
from estimator.core.inputs import InputProblem, InputProblems, Method, Workload
from estimator.core.lines import (
    DEVELOPMENT_SOURCE_IDS,
    EMBODIED_SOURCE_IDS,
    MARKET_BASED_SOURCE_IDS,
    METHOD_SOURCE_IDS,
    WATER_SOURCE_IDS,
)
from estimator.reference import catalogue
from estimator.reference.assume import certain, default, given
from estimator.reference.devices import cost_assumptions, embodied_assumptions, rated_draw
from estimator.reference.facility import facility_assumptions
from estimator.reference.hardware import expanded, find_hardware
from estimator.reference.methods import choose_method, method_problems
from estimator.reference.operators import told_apart
from estimator.reference.shelf import Shelf
from estimator.reference.tables import Accelerator
from estimator.reference.zones import Spot

__all__ = ["choose_method", "factors_for"]

#: Who published the formulas; the composer keeps those that it cites.
_FORMULA_SOURCE_IDS: Final = (
    *(source_id for source_ids in METHOD_SOURCE_IDS.values() for source_id in source_ids),
    *DEVELOPMENT_SOURCE_IDS,
    *MARKET_BASED_SOURCE_IDS,
    *EMBODIED_SOURCE_IDS,
    *WATER_SOURCE_IDS,
)
_NO_LIMIT: Final = gettext_noop(
    "No power limit of %(accelerator)s is published. Give its mean draw in mean_accelerator_power_w."
)


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
    expansion = expanded(workload, shelf)
    workload = expansion.workload
    method = choose_method(workload)
    accelerator, spot, problems = _look_up_names(workload, shelf)
    problems += method_problems(workload, method)
    if accelerator is not None and _draw_unknown(workload, accelerator, method):
        problems.append(
            InputProblem(
                path="hardware.mean_accelerator_power_w",
                message=_NO_LIMIT,
                text_params={"accelerator": accelerator.name},
            )
        )
    if problems:
        raise InputProblems(tuple(problems))
    warnings: list[Warning] = [*expansion.warnings, *spot.warnings, *_power_warnings(workload, accelerator, method)]
    found: tuple[Assumption, ...] = (
        *_energy_assumptions(workload, method, accelerator, shelf),
        *facility_assumptions(workload, spot, accelerator, shelf, warnings),
        *_run_assumptions(workload),
        *_market_assumptions(workload, shelf),
        *embodied_assumptions(workload, accelerator, shelf),
        *cost_assumptions(workload, accelerator, shelf),
    )
    found = tuple(told_apart(expansion.noted(one)) for one in found)
    return Factors(
        method=method,
        boundary=_boundary(workload, method),
        assumptions={one.name: one for one in found},
        sources=_sources(found, shelf),
        dataset_version=shelf.dataset_version,
        equivalents=shelf.equivalents,
        warnings=tuple(warnings),
        accelerator_tdp_w=accelerator.tdp_w if accelerator else None,
        accelerator_name=accelerator.name if accelerator else "",
    )


def _look_up_names(workload: Workload, shelf: Shelf) -> tuple[Accelerator | None, Spot, list[InputProblem]]:
    """Resolve every name, also one that the method does not need: a wrong one is a mistake in any case."""
    problems: list[InputProblem] = []
    accelerator, spot = None, Spot()
    hardware = workload.hardware
    if hardware.accelerator is not None:
        try:
            accelerator = find_hardware(shelf, hardware.accelerator).accelerator
        except InputProblems as error:
            problems += error.problems
    if hardware.cpu is not None:
        try:
            shelf.cpu_names.find(hardware.cpu, path="hardware.cpu")
        except InputProblems as error:
            problems += error.problems
    if workload.model.preset is not None:
        try:
            shelf.model_names.find(workload.model.preset, path="model.preset")
        except InputProblems as error:
            problems += error.problems
    try:
        spot = shelf.places.locate(workload.location)
    except InputProblems as error:
        problems += error.problems
    return accelerator, spot, problems


def _boundary(workload: Workload, method: Method) -> Boundary:
    hardware = workload.hardware
    host_given = hardware.mean_cpu_power_w is not None and workload.duration_h is not None
    return "accelerators" if method == "device_hours" and not host_given else "servers"


def _sources(found: tuple[Assumption, ...], shelf: Shelf) -> dict[str, Source]:
    known = shelf.sources
    used = {source_id: known[source_id] for one in found for source_id in one.source_ids}
    return used | _standing_sources(shelf)


@lru_cache(maxsize=4)
def _standing_sources(shelf: Shelf) -> dict[str, Source]:
    """Sources that any estimate may cite: of the formulas and of the equivalents."""
    of_equivalents = [source_id for factor in shelf.equivalents for source_id in factor.source_ids]
    return {source_id: shelf.sources[source_id] for source_id in (*_FORMULA_SOURCE_IDS, *of_equivalents)}


# --- energy ------------------------------------------------------------------------------------------------------


def _needs_accelerator_draw(workload: Workload, method: Method) -> bool:
    return method == "device_hours" or (method == "strubell_2019" and workload.hardware.mean_system_power_w is None)


def _draw_unknown(workload: Workload, accelerator: Accelerator, method: Method) -> bool:
    return (
        _needs_accelerator_draw(workload, method)
        and workload.hardware.mean_accelerator_power_w is None
        and accelerator.tdp_w is None
        and accelerator.estimated_power_w is None
    )


def _power_warnings(workload: Workload, accelerator: Accelerator | None, method: Method) -> Iterator[Warning]:
    if (
        accelerator is not None
        and accelerator.tdp_w is None
        and accelerator.estimated_power_w is not None
        and workload.hardware.mean_accelerator_power_w is None
        and _needs_accelerator_draw(workload, method)
    ):
        yield Warning(
            code="power_estimated",
            message=gettext_noop(
                "The vendor publishes no power limit of %(accelerator)s: %(power_w)s W is the estimate of a third "
                "party. Give a measured draw for a better figure."
            ),
            field="hardware.mean_accelerator_power_w",
            text_params={"accelerator": accelerator.name, "power_w": accelerator.estimated_power_w},
        )


def _energy_assumptions(
    workload: Workload, method: Method, accelerator: Accelerator | None, shelf: Shelf
) -> Iterator[Assumption]:
    hardware, defaults = workload.hardware, shelf.defaults
    power, hours = defaults["spread_given_power"], defaults["spread_given_hours"]
    if method == "measured" and workload.it_energy_kwh is not None:
        yield given("it_energy_kwh", workload.it_energy_kwh, defaults["spread_given_energy"], status="measured")
    if workload.duration_h is not None:
        yield given("duration_h", workload.duration_h, hours)
    if hardware.accelerator_count is not None:
        yield certain("accelerator_count", float(hardware.accelerator_count))
    if workload.accelerator_hours is not None:
        # Not where the composer has count and duration: it writes their product as a step of its own.
        yield given("accelerator_hours", workload.accelerator_hours, hours)
    if method == "strubell_2019" and hardware.mean_system_power_w is not None:
        yield given("mean_system_power_w", hardware.mean_system_power_w, power)
    elif method != "measured":
        if hardware.mean_cpu_power_w is not None:
            yield given("mean_cpu_power_w", hardware.mean_cpu_power_w, power)
        if hardware.mean_memory_power_w is not None:
            yield given("mean_memory_power_w", hardware.mean_memory_power_w, power)
    if _needs_accelerator_draw(workload, method) or (
        method == "strubell_2019" and hardware.mean_accelerator_power_w is not None
    ):
        yield from _accelerator_draw(workload, accelerator, shelf)


def _accelerator_draw(workload: Workload, accelerator: Accelerator | None, shelf: Shelf) -> Iterator[Assumption]:
    hardware, defaults = workload.hardware, shelf.defaults
    if hardware.mean_accelerator_power_w is not None:
        yield given("mean_accelerator_power_w", hardware.mean_accelerator_power_w, defaults["spread_given_power"])
        if hardware.utilisation is not None:
            yield certain("utilisation", hardware.utilisation)
        else:
            note = gettext_noop("A mean draw holds the utilisation already.")
            yield certain("utilisation", 1.0, status="default", note=note)
        return
    if accelerator is None:
        return
    yield rated_draw(shelf, accelerator.id)
    if hardware.utilisation is not None:
        yield given("utilisation", hardware.utilisation, defaults["spread_given_power"])
    else:
        yield default(
            "utilisation",
            "utilisation",
            shelf,
            gettext_noop("Accelerators in training draw 0.60 to 0.95 of their limit."),
        )


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
    if market.residual_intensity_gco2e_per_kwh is not None:
        yield given("residual_intensity_gco2e_per_kwh", market.residual_intensity_gco2e_per_kwh, spread)
