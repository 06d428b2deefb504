"""
The composer: from a workload and its resolved factors to the whole footprint, in the order in which a person would.

Every quantity is one line of a `Sheet`, and a line whose inputs are unknown is left out.
"""

from typing import Final

from estimator.core import ENGINE_VERSION, cost
from estimator.core.consistency import consistency_warnings
from estimator.core.energy_lines import FLOP_INPUTS, SYSTEM_COMPONENTS, write_energy
from estimator.core.factors import EquivalentFactor, Factors
from estimator.core.footprint import (
    BoundaryPart,
    Equivalent,
    Footprint,
    FunctionalUnitResult,
    Quality,
    Quantities,
    Range,
    Source,
    Warning,
    gettext_noop,
)
from estimator.core.inputs import AVAILABLE_METHODS, InputProblem, InputProblems, Method, Workload
from estimator.core.levers.savings import lever_savings
from estimator.core.lines import write_emissions, write_water_and_cost
from estimator.core.plausibility import plausibility_warnings
from estimator.core.sheet import KnownDraws, Line, Sheet, TooLarge, by_name
from estimator.core.units import Quantity

#: The inputs that a method cannot do without, beside PUE and the grid's intensity.
REQUIRED_NAMES: Final[dict[Method, tuple[str, ...]]] = {
    "strubell_2019": ("duration_h",),
    "device_hours": ("mean_accelerator_power_w",),
    "training_flop": ("mean_accelerator_power_w", "peak_flops", "mfu"),
    "cores_and_memory": ("duration_h",),
    "inference_tokens": ("requests_count",),
    "measured": ("it_energy_kwh",),
}
#: What one request is served with, where its energy is not published as a whole.
REQUEST_NAMES: Final = (
    *("input_tokens", "output_tokens", "batch_size", "parameters_count", "active_parameters_count"),
    *("bytes_per_parameter", "peak_flops", "memory_bandwidth_gb_per_s"),
)
#: Where an input stands that is not at the top of the workload.
PATHS: Final = {
    **dict.fromkeys((*SYSTEM_COMPONENTS, "mean_system_power_w", "utilisation", "mfu", "memory_gb"), "hardware"),
    **dict.fromkeys(("parameters_count", "active_parameters_count", "training_tokens"), "model"),
    **dict.fromkeys(("requests_count", "input_tokens", "output_tokens", "batch_size"), "inference"),
}

#: The input that must be wrong where a quantity is too large; elsewhere it is the hours.
TOO_LARGE_PATHS: Final = {
    "accelerator_embodied_share_kgco2e": "embodied.lifetime_years",
    "host_embodied_share_kgco2e": "embodied.lifetime_years",
    "machine_embodied_share_kgco2e": "embodied.lifetime_years",
    "kgco2e_per_unit": "functional_unit.count",
    "kwh_per_unit": "functional_unit.count",
}

#: A part of the total that is smaller than this does not decide how good the total is.
SMALLEST_DECISIVE_SHARE: Final = 0.05
#: Amounts that can be read, those that can be pictured, and the one that is pictured best.
READABLE_AMOUNTS: Final = (0.1, 10_000.0)
PICTURABLE_AMOUNTS: Final = (1.0, 1_000.0)
BEST_AMOUNT: Final = 30.0
MOST_EQUIVALENTS: Final = 4

_CLOUD_COST: Final = Line(
    "cloud_cost_usd",
    label=gettext_noop("Cost of renting the accelerators"),
    formula="accelerator_hours × cloud_price_usd_per_accelerator_h",
    unit="USD",
    quantity=cost.cloud_cost_usd,
    takes=by_name("accelerator_hours", "cloud_price_usd_per_accelerator_h"),
)


def estimate(workload: Workload, factors: Factors) -> Footprint:
    """
    Footprint of one run, with every step that leads to it.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    factors : Factors
        The value of every input, looked up or given, with its range and source.

    Returns
    -------
    Footprint
        Central values by exact arithmetic at the central inputs; ranges from the 5th to the 95th percentile of the
        draws; None for what the inputs cannot tell.

    Raises
    ------
    InputProblems
        If the method is not available, an input that it needs is absent, or a result is too large to be a number.
    """
    known_draws: KnownDraws = {}
    sheet, result = computed(workload, factors, known_draws)
    try:
        levers, levers_together = lever_savings(workload, factors, sheet, known_draws)
    except TooLarge as error:
        raise InputProblems((_too_large(error.name),)) from error
    equivalents = _equivalents(result.total_kgco2e.central, factors.equivalents)
    assumptions = tuple(factors.assumptions.values())
    cited = sheet.cited_source_ids().union(
        *[item.source_ids for items in (assumptions, equivalents, levers) for item in items]
    )
    return Footprint.trusted(
        title=workload.title,
        activity=workload.activity,
        method=factors.method,
        boundary=factors.boundary,
        boundary_includes=_boundary_includes(sheet, workload, factors),
        quality=_quality(sheet),
        energy_quality=sheet.quality("facility_energy_kwh"),
        result=result,
        steps=sheet.steps(),
        assumptions=assumptions,
        levers=levers,
        levers_together=levers_together,
        contributions=sheet.contributions("total_kgco2e"),
        equivalents=equivalents,
        warnings=(
            *factors.warnings,
            *plausibility_warnings(workload=workload, factors=factors),
            *consistency_warnings(sheet=sheet, workload=workload, factors=factors),
            *_gaps(sheet, workload, factors),
        ),
        sources=_cited_sources(factors, cited),
        engine_version=ENGINE_VERSION,
        dataset_version=factors.dataset_version,
        input_digest=workload.input_digest,
    )


def computed(workload: Workload, factors: Factors, known_draws: KnownDraws) -> tuple[Sheet, Quantities]:
    """
    Every line of one run, as levers leave it where its factors say so, and its quantities.

    Parameters
    ----------
    workload : Workload
        The run.
    factors : Factors
        The value of every input, and what levers change in the quantities computed.
    known_draws : mapping
        Draws of other runs with the same seed and number, to share what they have in common.

    Raises
    ------
    InputProblems
        If the method is not available, an input that it needs is absent, or a result is too large to be a number.
    """
    _refuse_incomplete(workload, factors)
    sheet = Sheet(
        assumptions=factors.assumptions,
        sources=factors.sources,
        draws_count=workload.uncertainty.draws_count,
        seed=workload.uncertainty.seed,
        adjustments=factors.adjustments,
        known_draws=known_draws,
    )
    try:
        write_energy(sheet, workload, factors)
        write_emissions(sheet, workload)
        write_water_and_cost(sheet)
        cloud_cost_usd = _cloud_cost_usd(sheet, factors)
        functional_unit = _functional_unit(sheet, workload)
    except TooLarge as error:
        raise InputProblems((_too_large(error.name),)) from error
    return sheet, _quantities(sheet, cloud_cost_usd=cloud_cost_usd, functional_unit=functional_unit)


def _refuse_incomplete(workload: Workload, factors: Factors) -> None:
    if factors.method not in AVAILABLE_METHODS:
        message = gettext_noop("The method %(method)s cannot be computed yet. Choose one of: %(methods)s.")
        text_params = {"method": factors.method, "methods": ", ".join(AVAILABLE_METHODS)}
        raise InputProblems((InputProblem(path="method", message=message, text_params=text_params),))
    known = factors.assumptions
    needed = ["pue", "grid_intensity_gco2e_per_kwh", *REQUIRED_NAMES[factors.method]]
    if factors.method == "strubell_2019" and "mean_system_power_w" not in known:
        needed += SYSTEM_COMPONENTS
    if factors.method == "device_hours" and "accelerator_hours" not in known:
        needed += ("accelerator_count", "duration_h")
    if factors.method == "training_flop" and "total_flop" not in known:
        needed += FLOP_INPUTS
    if factors.method == "cores_and_memory" and not {"mean_memory_power_w", "memory_gb"} & known.keys():
        needed.append("memory_gb")
    if factors.method == "cores_and_memory" and not {"mean_cpu_power_w", "cpu_utilisation"} & known.keys():
        needed.append("mean_cpu_power_w")
    if factors.method == "inference_tokens" and not {"energy_wh_per_item", "server_energy_wh_per_item"} & known.keys():
        needed += REQUEST_NAMES
    if workload.development_factor != 0.0:
        needed.append("development_factor")
    if workload.repeat_count != 1:
        needed.append("repeat_count")
    missing = [name for name in needed if name not in known]
    if missing:
        message = gettext_noop("The method %(method)s needs this value. Give it, or choose another method.")
        raise InputProblems(
            tuple(
                InputProblem(
                    path=f"{PATHS[name]}.{name}" if name in PATHS else name,
                    message=message,
                    text_params={"method": factors.method},
                )
                for name in missing
            )
        )


def _too_large(name: str) -> InputProblem:
    return InputProblem(
        path=TOO_LARGE_PATHS.get(name, "duration_h"),
        message=gettext_noop("With this value %(name)s is too large to be computed. Is the unit right?"),
        text_params={"name": name},
    )


def _cloud_cost_usd(sheet: Sheet, factors: Factors) -> Range | None:
    """Cost at the two list prices: bounds, not percentiles, as a price list is not a matter of chance."""
    price = factors.assumptions.get("cloud_price_usd_per_accelerator_h")
    if price is None or not sheet.write(_CLOUD_COST):
        return None
    low_usd, high_usd = (
        float(
            cost.cloud_cost_usd(
                accelerator_hours=sheet.central("accelerator_hours"), cloud_price_usd_per_accelerator_h=price_usd
            )
        )
        for price_usd in (price.low, price.high)
    )
    return Range(low_usd, sheet.central("cloud_cost_usd"), high_usd)


def _functional_unit(sheet: Sheet, workload: Workload) -> FunctionalUnitResult | None:
    count, name = workload.functional_unit.count, workload.functional_unit.name or gettext_noop("unit")
    requests_count = workload.inference.requests_count
    if count is None:
        if workload.functional_unit.name is not None or requests_count is None:
            return None
        # Who counts requests wants to know what one of them takes.
        is_task = workload.inference.task is not None
        count, name = float(requests_count), gettext_noop("item") if is_task else gettext_noop("request")
    sheet.put("functional_unit_count", count)
    for line in _PER_UNIT:
        sheet.write(line)
    return FunctionalUnitResult(
        name=name,
        count=count,
        kgco2e_per_unit=sheet.known_range("kgco2e_per_unit"),
        kwh_per_unit=sheet.known_range("kwh_per_unit"),
    )


def _per_unit(*, amount: Quantity, count: Quantity) -> Quantity:
    return amount / count


_PER_UNIT: Final = tuple(
    Line(
        name,
        label=label,
        formula=f"{quantity} ÷ functional_unit_count",
        unit=unit,
        quantity=_per_unit,
        takes={"amount": quantity, "count": "functional_unit_count"},
    )
    for name, quantity, label, unit in (
        ("kgco2e_per_unit", "total_kgco2e", gettext_noop("Total emissions of one unit"), "kgCO2e"),
        ("kwh_per_unit", "facility_energy_kwh", gettext_noop("Energy of one unit"), "kWh"),
    )
)


def _quantities(
    sheet: Sheet, *, cloud_cost_usd: Range | None, functional_unit: FunctionalUnitResult | None
) -> Quantities:
    return Quantities.trusted(
        accelerator_energy_kwh=sheet.range("accelerator_energy_kwh"),
        it_energy_kwh=sheet.known_range("it_energy_kwh"),
        facility_energy_kwh=sheet.known_range("facility_energy_kwh"),
        operational_location_based_kgco2e=sheet.known_range("operational_location_based_kgco2e"),
        operational_market_based_kgco2e=sheet.range("operational_market_based_kgco2e"),
        embodied_share_kgco2e=sheet.range("embodied_share_kgco2e"),
        total_kgco2e=sheet.known_range("total_kgco2e"),
        water_l=sheet.range("water_l"),
        electricity_cost_usd=sheet.range("electricity_cost_usd"),
        cloud_cost_usd=cloud_cost_usd,
        accelerator_hours=sheet.range("accelerator_hours"),
        total_flop=sheet.range("total_flop"),
        mfu=sheet.range("mfu"),
        functional_unit=functional_unit,
    )


def _boundary_includes(sheet: Sheet, workload: Workload, factors: Factors) -> tuple[BoundaryPart, ...]:
    """What is inside, said part by part: most of what published figures disagree about."""
    known = factors.assumptions

    def counts(name: str) -> bool:
        return name in known and known[name].high > 0.0

    of_cores_alone = factors.method == "cores_and_memory" and "accelerator_energy_kwh" not in sheet
    measured = workload.it_energy_covers if factors.method == "measured" else "servers"
    parts: dict[BoundaryPart, bool] = {
        "accelerators": not of_cores_alone and measured != "processors",
        "host": factors.boundary == "servers" and measured != "components",
        "processors": measured in ("components", "processors"),
        "facility": True,
        "idle": counts("idle_share"),
        "development": counts("development_factor"),
        "embodied": "embodied_share_kgco2e" in sheet,
    }
    return tuple(part for part, is_inside in parts.items() if is_inside)


def _quality(sheet: Sheet) -> Quality:
    """Worst tier among the inputs of those parts of the total that weigh enough to matter."""
    total_kgco2e = sheet.central("total_kgco2e")
    decisive = [
        part
        for part in ("facility_energy_kwh", "operational_location_based_kgco2e", "embodied_share_kgco2e")
        if part in sheet
        and (part == "facility_energy_kwh" or sheet.central(part) >= SMALLEST_DECISIVE_SHARE * total_kgco2e)
    ]
    return sheet.quality(*decisive)


def _equivalents(total_kgco2e: float, known: tuple[EquivalentFactor, ...]) -> tuple[Equivalent, ...]:
    """Few things of different kinds, in amounts that a person can picture; the catalogue's order is its preference."""
    least, most = READABLE_AMOUNTS
    best: dict[str, tuple[float, int, float]] = {}
    for place, factor in enumerate(known):
        amount = total_kgco2e / factor.kgco2e_per_unit
        if least <= amount <= most:
            distance = amount / BEST_AMOUNT if amount > BEST_AMOUNT else BEST_AMOUNT / amount
            nearest = best.get(factor.kind)
            if nearest is None or distance < nearest[0]:
                best[factor.kind] = (distance, place, amount)
    found = sorted([(place, amount) for _, place, amount in best.values()])
    if len(found) > MOST_EQUIVALENTS:
        least, most = PICTURABLE_AMOUNTS
        found = sorted(sorted(found, key=lambda one: not least <= one[1] <= most)[:MOST_EQUIVALENTS])
    return tuple(
        [
            Equivalent(factor.key, factor.label, amount, factor.unit, factor.source_ids)
            for factor, amount in [(known[place], amount) for place, amount in found]
        ]
    )


def _embodied_gap(factors: Factors) -> str:
    if factors.method == "cores_and_memory":
        return gettext_noop(
            "The total leaves out the making of the machine: name the processor or the number of cores, and the hours."
        )
    return gettext_noop(
        "The total leaves out the making of the devices: name the accelerator, their number and the hours, or the "
        "processor and the hours."
    )


_MEASURED_ALONE: Final = {
    "accelerators": gettext_noop(
        "Only the accelerators were measured: CPUs, memory and the rest of the servers are not counted. Published "
        "servers draw 0.20 to 0.45 times their accelerators on them."
    ),
    "processors": gettext_noop(
        "Only CPUs and memory were measured: accelerators, if there are any, and the rest of the servers are not "
        "counted."
    ),
}


def _gaps(sheet: Sheet, workload: Workload, factors: Factors) -> tuple[Warning, ...]:
    """What was asked for and could not be computed, with what is missing: never a silent omission."""
    gaps = []
    if factors.method == "measured" and factors.boundary in _MEASURED_ALONE:
        message = _MEASURED_ALONE[factors.boundary]
        gaps.append(Warning(code="measured_in_part", message=message, field="it_energy_covers"))
    if workload.embodied.include and "embodied_share_kgco2e" not in sheet:
        gaps.append(
            Warning(
                code="embodied_unknown",
                message=_embodied_gap(factors),
                field="hardware.accelerator",
            )
        )
    if workload.hourly_profile.hourly_intensity_gco2e_per_kwh is not None and "hours_ratio" not in sheet:
        gaps.append(
            Warning(
                code="hourly_profile_unused",
                message=gettext_noop(
                    "The hours of this run are not known, so that the average of the hourly profile counts. Give the "
                    "hours by the clock."
                ),
                field="duration_h",
            )
        )
    if workload.market_based.is_said and "operational_market_based_kgco2e" not in sheet:
        gaps.append(
            Warning(
                code="market_based_incomplete",
                message=gettext_noop(
                    "The figure by contract needs the contracted share and the intensity of the contract."
                ),
                field="market_based.contracted_share",
            )
        )
    if workload.functional_unit.name is not None and workload.functional_unit.count is None:
        gaps.append(
            Warning(
                code="functional_unit_without_count",
                message=gettext_noop("Say how many units of service this run gave, to have the footprint of one."),
                field="functional_unit.count",
            )
        )
    return tuple(gaps)


def _cited_sources(factors: Factors, source_ids: set[str]) -> dict[str, Source]:
    return {source_id: source for source_id, source in factors.sources.items() if source_id in source_ids}
