"""
From a workload to the value of every input of its estimate: given, looked up, or assumed, and never silently.

Everything that is wrong with the inputs is said at once. What is unknown and has no sensible default is left out, and
the composer then leaves out what would need it.
"""

from collections.abc import Iterator
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
from estimator.reference.assume import assumption, certain, default, given, looked_up
from estimator.reference.facility import facility_assumptions
from estimator.reference.methods import accelerator_hours_known, choose_method, method_problems
from estimator.reference.places import Spot
from estimator.reference.shelf import Shelf
from estimator.reference.tables import Accelerator

__all__ = ["choose_method", "factors_for"]

#: Who published the formulas; the composer keeps those that it cites.
_FORMULA_SOURCE_IDS: Final = (
    *(source_id for source_ids in METHOD_SOURCE_IDS.values() for source_id in source_ids),
    *DEVELOPMENT_SOURCE_IDS,
    *MARKET_BASED_SOURCE_IDS,
    *EMBODIED_SOURCE_IDS,
    *WATER_SOURCE_IDS,
)
_HOST_DEFAULTS: Final = {
    "datacentre": "host_embodied_server",
    "workstation": "host_embodied_desktop",
    "desktop": "host_embodied_desktop",
    "embedded": "host_embodied_board",
    "system_on_chip": "host_embodied_board",
}
_COMPONENT_MODEL: Final = "boaviztapi-2-5-0"

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
    warnings: list[Warning] = [*spot.warnings, *_power_warnings(workload, accelerator, method)]
    found = (
        *_energy_assumptions(workload, method, accelerator, shelf),
        *facility_assumptions(workload, spot, accelerator, shelf, warnings),
        *_run_assumptions(workload),
        *_market_assumptions(workload, shelf),
        *_embodied_assumptions(workload, accelerator, shelf),
        *_cost_assumptions(workload, accelerator, shelf),
    )
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
            accelerator = shelf.accelerator_names.find(hardware.accelerator, path="hardware.accelerator").row
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
    used = dict.fromkeys(source_id for one in found for source_id in one.source_ids)
    used |= dict.fromkeys(source_id for factor in shelf.equivalents for source_id in factor.source_ids)
    used |= dict.fromkeys(_FORMULA_SOURCE_IDS)
    return {source_id: known[source_id] for source_id in used}


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
    if accelerator.tdp_w is not None:
        yield assumption(
            "mean_accelerator_power_w",
            accelerator.tdp_w,
            low=accelerator.tdp_w,
            high=accelerator.tdp_w,
            status="looked_up",
            quality="rated",
            match="exact",
            source_ids=accelerator.source_ids,
            note=gettext_noop("The power limit of %(accelerator)s; the utilisation says how much of it is used."),
            accelerator=accelerator.name,
        )
    elif accelerator.estimated_power_w is not None:
        yield looked_up(
            "mean_accelerator_power_w",
            accelerator.estimated_power_w,
            defaults["estimated_power_spread"],
            source_ids=accelerator.source_ids,
            note=gettext_noop("The vendor publishes no power limit of %(accelerator)s; this is an estimate."),
            accelerator=accelerator.name,
        )
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


# --- making of the devices, prices -------------------------------------------------------------------------------------


def _embodied_assumptions(workload: Workload, accelerator: Accelerator | None, shelf: Shelf) -> Iterator[Assumption]:
    embodied = workload.embodied
    if not embodied.include or accelerator is None or not accelerator_hours_known(workload):
        return
    yield _device_embodied(accelerator, shelf)
    yield default(
        "host_embodied_kgco2e",
        _HOST_DEFAULTS[accelerator.segment],
        shelf,
        gettext_noop("A typical machine around the accelerator: nobody publishes that of this run."),
    )
    if embodied.lifetime_years is not None:
        yield certain("lifetime_years", embodied.lifetime_years)
    else:
        yield default(
            "lifetime_years",
            "lifetime_years",
            shelf,
            gettext_noop("Published assessments take three to six years."),
        )
    if embodied.lifetime_utilisation is not None:
        yield certain("lifetime_utilisation", embodied.lifetime_utilisation)
    else:
        yield default(
            "lifetime_utilisation",
            "lifetime_utilisation",
            shelf,
            gettext_noop("Idle hours are shared among those who use the devices."),
        )


def _device_embodied(accelerator: Accelerator, shelf: Shelf) -> Assumption:
    central, other = accelerator.embodied_kgco2e, accelerator.embodied_other_kgco2e
    if central is None:
        return default(
            "device_embodied_kgco2e",
            "device_embodied_unknown",
            shelf,
            gettext_noop("No figure of this accelerator is published; this is what others took for one like it."),
        )
    modelled = _COMPONENT_MODEL in accelerator.embodied_source_ids
    spread = shelf.defaults["spread_device_embodied_model" if modelled else "spread_device_embodied"]
    low, high = central * spread.low, central * spread.high
    if other is not None:
        low, high = min(low, other), max(high, other)
        note = gettext_noop(
            "Publications on %(accelerator)s disagree: another gives %(other)s kgCO2e. The range spans both."
        )
    elif modelled:
        note = gettext_noop(
            "From a model of the components of %(accelerator)s. For other devices it gives two to five times the "
            "figures of vendors, so the range goes far down."
        )
    else:
        note = gettext_noop("Making of %(accelerator)s, from raw material to the factory gate.")
    return assumption(
        "device_embodied_kgco2e",
        central,
        low=low,
        high=high,
        status="looked_up",
        match="exact",
        quality="modelled",
        source_ids=(*accelerator.embodied_source_ids, *accelerator.embodied_other_source_ids),
        note=note,
        accelerator=accelerator.name,
        other=other,
    )


def _cost_assumptions(workload: Workload, accelerator: Accelerator | None, shelf: Shelf) -> Iterator[Assumption]:
    price_usd_per_kwh = workload.electricity_price_usd_per_kwh
    if price_usd_per_kwh is not None:
        yield given("electricity_price_usd_per_kwh", price_usd_per_kwh, shelf.defaults["spread_given_price"])
    else:
        yield default(
            "electricity_price_usd_per_kwh",
            "electricity_price",
            shelf,
            gettext_noop("The price that Strubell et al. took; prices differ by country and customer."),
        )
    price = shelf.cloud_prices.get(accelerator.id) if accelerator is not None else None
    if price is not None:
        yield assumption(
            "cloud_price_usd_per_accelerator_h",
            (price.preemptible_usd_per_h + price.on_demand_usd_per_h) / 2.0,
            low=price.preemptible_usd_per_h,
            high=price.on_demand_usd_per_h,
            status="looked_up",
            match="exact",
            quality="rated",
            source_ids=price.source_ids,
            note=gettext_noop("Price list of %(year)s, from pre-emptible to on demand."),
            year=price.year,
        )
