"""
The lines of a footprint, family by family: which quantity is computed from which, by which published formula.

Where there was more than one run, the lines of the final run come first under names that begin with `final_run_`; what
bears the plain name is always the sum of all runs.
"""

from functools import partial
from typing import Final

from estimator.core import cost, embodied, emissions, energy, water
from estimator.core.factors import Factors
from estimator.core.footprint import gettext_noop
from estimator.core.inputs import Method, Workload
from estimator.core.sheet import Sheet, by_name
from estimator.core.units import Quantity

#: Where the formulas were published; cited where the catalogue has the source.
METHOD_SOURCE_IDS: Final[dict[Method, tuple[str, ...]]] = {
    "strubell_2019": ("strubell-2019",),
    "device_hours": ("patterson-2021",),
}
DEVELOPMENT_SOURCE_IDS: Final = ("green-algorithms-2021",)
MARKET_BASED_SOURCE_IDS: Final = ("ghg-protocol-scope-2-2015",)
EMBODIED_SOURCE_IDS: Final = ("sci-iso-21031-2024",)
WATER_SOURCE_IDS: Final = ("li-2023",)

#: What the draw of a system is the sum of.
SYSTEM_COMPONENTS: Final = (
    "mean_cpu_power_w",
    "mean_memory_power_w",
    "accelerator_count",
    "mean_accelerator_power_w",
)

_IT_ENERGY: Final = gettext_noop("Energy of the servers")
_IT_ENERGY_OF_FINAL_RUN: Final = gettext_noop("Energy of the servers, final run")
_ACCELERATOR_ENERGY: Final = gettext_noop("Energy of the accelerators")
_ACCELERATOR_ENERGY_OF_FINAL_RUN: Final = gettext_noop("Energy of the accelerators, final run")
_ACCELERATOR_HOURS: Final = gettext_noop("Time of the accelerators")
_ACCELERATOR_HOURS_OF_FINAL_RUN: Final = gettext_noop("Time of the accelerators, final run")


def _same(*, amount: Quantity) -> Quantity:
    return amount


def _product(*, amount: Quantity, multiplier: Quantity) -> Quantity:
    return amount * multiplier


def _sum(**parts: Quantity) -> Quantity:
    return sum(parts.values())


def _write_same(sheet: Sheet, name: str, of: str, *, label: str, unit: str) -> None:
    sheet.line(name, label=label, formula=of, unit=unit, quantity=_same, takes={"amount": of})


def write_energy(sheet: Sheet, workload: Workload, factors: Factors) -> None:
    """Write the energy of accelerators, servers and facility, for all runs."""
    run = "final_run_" if _has_several_runs(factors) else ""
    _write_accelerator_hours(sheet, workload, run)
    match factors.method:
        case "strubell_2019":
            _write_system_energy(sheet, factors, run)
        case "device_hours":
            _write_device_energy(sheet, run)
        case _:
            if run:
                _write_same(sheet, f"{run}it_energy_kwh", "it_energy_kwh", label=_IT_ENERGY_OF_FINAL_RUN, unit="kWh")
    if run:
        _write_all_runs(sheet, run)
    sheet.line(
        "facility_energy_kwh",
        label=gettext_noop("Energy of the facility"),
        formula="it_energy_kwh × pue",
        unit="kWh",
        quantity=energy.facility_energy_kwh,
        source_ids=METHOD_SOURCE_IDS.get(factors.method, ()),
        takes=by_name("it_energy_kwh", "pue"),
    )


def _has_several_runs(factors: Factors) -> bool:
    development, repeat = (factors.assumptions.get(name) for name in ("development_factor", "repeat_count"))
    return (development is not None and development.high != 0.0) or (
        repeat is not None and not repeat.low == repeat.value == repeat.high == 1.0
    )


def _write_accelerator_hours(sheet: Sheet, workload: Workload, run: str) -> None:
    name = f"{run}accelerator_hours"
    label = _ACCELERATOR_HOURS_OF_FINAL_RUN if run else _ACCELERATOR_HOURS
    if workload.accelerator_hours is None and "accelerator_count" in sheet and "duration_h" in sheet:
        sheet.line(
            name,
            label=label,
            formula="accelerator_count × duration_h",
            unit="h",
            quantity=energy.accelerator_hours,
            takes=by_name("accelerator_count", "duration_h"),
        )
    elif run:
        _write_same(sheet, name, "accelerator_hours", label=label, unit="h")


def _write_accelerator_energy(sheet: Sheet, run: str) -> None:
    utilisation = ("utilisation",) if "utilisation" in sheet else ()
    sheet.line(
        f"{run}accelerator_energy_kwh",
        label=_ACCELERATOR_ENERGY_OF_FINAL_RUN if run else _ACCELERATOR_ENERGY,
        formula=f"{run}accelerator_hours × mean_accelerator_power_w{' × utilisation' if utilisation else ''} ÷ 1000",
        unit="kWh",
        quantity=energy.accelerator_energy_kwh,
        takes={"accelerator_hours": f"{run}accelerator_hours", **by_name("mean_accelerator_power_w", *utilisation)},
    )


def _write_system_energy(sheet: Sheet, factors: Factors, run: str) -> None:
    accelerator_power = factors.assumptions.get("mean_accelerator_power_w")
    by_components = "mean_system_power_w" not in sheet
    # Beside a measured draw of the system, the limit of a board says nothing about the accelerators' part of it.
    if by_components or (accelerator_power is not None and accelerator_power.status in ("given", "measured")):
        _write_accelerator_energy(sheet, run)
    if by_components:
        utilisation = ("utilisation",) if "utilisation" in sheet else ()
        sheet.line(
            "mean_system_power_w",
            label=gettext_noop("Mean draw of the servers"),
            formula="mean_cpu_power_w + mean_memory_power_w + accelerator_count × mean_accelerator_power_w"
            + (" × utilisation" if utilisation else ""),
            unit="W",
            quantity=energy.component_system_power_w,
            source_ids=METHOD_SOURCE_IDS["strubell_2019"],
            takes=by_name(*SYSTEM_COMPONENTS, *utilisation),
        )
    sheet.line(
        f"{run}it_energy_kwh",
        label=_IT_ENERGY_OF_FINAL_RUN if run else _IT_ENERGY,
        formula="mean_system_power_w × duration_h ÷ 1000",
        unit="kWh",
        quantity=energy.system_energy_kwh,
        source_ids=METHOD_SOURCE_IDS["strubell_2019"],
        takes=by_name("mean_system_power_w", "duration_h"),
    )


def _write_device_energy(sheet: Sheet, run: str) -> None:
    _write_accelerator_energy(sheet, run)
    hosts = [name for name in ("mean_cpu_power_w", "mean_memory_power_w") if name in sheet]
    if hosts and sheet.line(
        f"{run}host_energy_kwh",
        label=gettext_noop("Energy of processors and memory"),
        formula=f"({' + '.join(hosts)}) × duration_h ÷ 1000",
        unit="kWh",
        quantity=energy.host_energy_kwh,
        takes=by_name("duration_h", *hosts),
    ):
        sheet.line(
            f"{run}it_energy_kwh",
            label=_IT_ENERGY_OF_FINAL_RUN if run else _IT_ENERGY,
            formula=f"{run}accelerator_energy_kwh + {run}host_energy_kwh",
            unit="kWh",
            quantity=_sum,
            takes={
                "accelerator_energy_kwh": f"{run}accelerator_energy_kwh",
                "host_energy_kwh": f"{run}host_energy_kwh",
            },
        )
    else:
        label = gettext_noop("Energy of the servers, of which only the accelerators are known")
        _write_same(sheet, f"{run}it_energy_kwh", f"{run}accelerator_energy_kwh", label=label, unit="kWh")


def _write_all_runs(sheet: Sheet, run: str) -> None:
    names = [name for name in ("development_factor", "repeat_count") if name in sheet]
    formulas = {"development_factor": "(1 + development_factor)", "repeat_count": "repeat_count"}
    sheet.line(
        "run_multiplier",
        label=gettext_noop("All runs as a multiple of the final run"),
        formula=" × ".join(formulas[name] for name in names),
        unit="1",
        quantity=energy.run_multiplier,
        source_ids=DEVELOPMENT_SOURCE_IDS,
        takes=by_name(*names),
    )
    for name, label, unit in (
        ("accelerator_hours", _ACCELERATOR_HOURS, "h"),
        ("accelerator_energy_kwh", _ACCELERATOR_ENERGY, "kWh"),
        ("it_energy_kwh", _IT_ENERGY, "kWh"),
    ):
        sheet.line(
            name,
            label=label,
            formula=f"{run}{name} × run_multiplier",
            unit=unit,
            quantity=_product,
            takes={"amount": f"{run}{name}", "multiplier": "run_multiplier"},
        )


def write_emissions(sheet: Sheet, workload: Workload) -> None:
    """Write the emissions of the electricity and of the devices, their total, and the figure by contract."""
    sheet.line(
        "operational_location_based_kgco2e",
        label=gettext_noop("Emissions of the electricity, by the grid"),
        formula="facility_energy_kwh × grid_intensity_gco2e_per_kwh ÷ 1000",
        unit="kgCO2e",
        quantity=emissions.operational_kgco2e,
        takes=by_name("facility_energy_kwh", "grid_intensity_gco2e_per_kwh"),
    )
    if workload.embodied.include:
        _write_embodied_share(sheet)
    if "embodied_share_kgco2e" in sheet:
        sheet.line(
            "total_kgco2e",
            label=gettext_noop("Total emissions"),
            formula="operational_location_based_kgco2e + embodied_share_kgco2e",
            unit="kgCO2e",
            quantity=emissions.total_kgco2e,
            takes=by_name("operational_location_based_kgco2e", "embodied_share_kgco2e"),
        )
    else:
        label = gettext_noop("Total emissions, without making the devices")
        _write_same(sheet, "total_kgco2e", "operational_location_based_kgco2e", label=label, unit="kgCO2e")
    _write_market_based(sheet, workload)


def _write_embodied_share(sheet: Sheet) -> None:
    lifetime = [
        name for name in ("lifetime_years", "lifetime_utilisation") if name in sheet or name == "lifetime_years"
    ]
    parts = []
    for name, embodied_name, label in (
        ("accelerator_embodied_share_kgco2e", "device_embodied_kgco2e", gettext_noop("Making of the accelerators")),
        ("host_embodied_share_kgco2e", "host_embodied_kgco2e", gettext_noop("Making of the servers around them")),
    ):
        written = sheet.line(
            name,
            label=label,
            formula=f"{embodied_name} × accelerator_hours ÷ (8760 × {' × '.join(lifetime)})",
            unit="kgCO2e",
            # Accelerators times hours: the devices are counted in the hours already.
            quantity=partial(embodied.embodied_share_kgco2e, device_count=1),
            source_ids=EMBODIED_SOURCE_IDS,
            takes={"device_embodied_kgco2e": embodied_name, "reserved_h": "accelerator_hours", **by_name(*lifetime)},
        )
        if written:
            parts.append(name)
    if parts:
        sheet.line(
            "embodied_share_kgco2e",
            label=gettext_noop("Share of the emissions of making the devices"),
            formula=" + ".join(parts),
            unit="kgCO2e",
            quantity=_sum,
            takes=by_name(*parts),
        )


def _write_market_based(sheet: Sheet, workload: Workload) -> None:
    if not any(value is not None for _, value in workload.market_based):
        return
    # Where no residual mix is published, the Scope 2 Guidance falls back on the grid's average.
    residual = "residual_intensity_gco2e_per_kwh"
    rest = residual if residual in sheet else "grid_intensity_gco2e_per_kwh"
    sheet.line(
        "operational_market_based_kgco2e",
        label=gettext_noop("Emissions of the electricity, by contract"),
        formula="facility_energy_kwh × (contracted_share × contract_intensity_gco2e_per_kwh "
        f"+ (1 − contracted_share) × {rest}) ÷ 1000",
        unit="kgCO2e",
        quantity=emissions.market_based_kgco2e,
        source_ids=MARKET_BASED_SOURCE_IDS,
        takes={
            "residual_intensity_gco2e_per_kwh": rest,
            **by_name("facility_energy_kwh", "contracted_share", "contract_intensity_gco2e_per_kwh"),
        },
    )


def write_water_and_cost(sheet: Sheet) -> None:
    """Write the water and the cost of the electricity."""
    sheet.line(
        "water_l",
        label=gettext_noop("Water consumed"),
        formula="it_energy_kwh × (wue_l_per_kwh + pue × offsite_water_l_per_kwh)",
        unit="L",
        quantity=water.water_l,
        source_ids=WATER_SOURCE_IDS,
        takes=by_name("it_energy_kwh", "wue_l_per_kwh", "pue", "offsite_water_l_per_kwh"),
    )
    sheet.line(
        "electricity_cost_usd",
        label=gettext_noop("Cost of the electricity"),
        formula="facility_energy_kwh × electricity_price_usd_per_kwh",
        unit="USD",
        quantity=cost.electricity_cost_usd,
        takes=by_name("facility_energy_kwh", "electricity_price_usd_per_kwh"),
    )
