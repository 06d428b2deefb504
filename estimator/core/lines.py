"""
The lines of a footprint that follow the energy: emissions, the making of the devices, water and cost.

What bears a plain name is the sum of all runs; see `energy_lines`.
"""

from functools import cache, partial
from typing import Final

from estimator.core import cost, embodied, emissions, energy, flops, water
from estimator.core.footprint import gettext_noop
from estimator.core.hours import hours_ratio
from estimator.core.inputs import Workload
from estimator.core.sheet import Line, Sheet, by_name, product, product_of_all, total, write_same

MARKET_BASED_SOURCE_IDS: Final = ("ghg-protocol-scope-2-2015",)
EMBODIED_SOURCE_IDS: Final = ("sci-iso-21031-2024",)
WATER_SOURCE_IDS: Final = ("li-2023",)


_OPERATIONAL: Final = Line(
    "operational_location_based_kgco2e",
    label=gettext_noop("Emissions of the electricity, by the grid"),
    formula="facility_energy_kwh × grid_intensity_gco2e_per_kwh ÷ 1000",
    unit="kgCO2e",
    quantity=emissions.operational_kgco2e,
    takes=by_name("facility_energy_kwh", "grid_intensity_gco2e_per_kwh"),
)
_TOTAL: Final = Line(
    "total_kgco2e",
    label=gettext_noop("Total emissions"),
    formula="operational_location_based_kgco2e + embodied_share_kgco2e",
    unit="kgCO2e",
    quantity=emissions.total_kgco2e,
    takes=by_name("operational_location_based_kgco2e", "embodied_share_kgco2e"),
)
_WITHOUT_DEVICES: Final = gettext_noop("Total emissions, without making the devices")
#: The share of making something -> what making one of it emits, and the label of the share.
_MAKING: Final = {
    "accelerator_embodied_share_kgco2e": ("device_embodied_kgco2e", gettext_noop("Making of the accelerators")),
    "host_embodied_share_kgco2e": ("host_embodied_kgco2e", gettext_noop("Making of the servers around them")),
    "machine_embodied_share_kgco2e": ("machine_embodied_kgco2e", gettext_noop("Making of the machine")),
}
_ITEM_HOURS: Final = Line(
    "item_accelerator_hours",
    label=gettext_noop("Time for which accelerators make items"),
    formula="it_energy_kwh × 1000 ÷ item_power_w",
    unit="h",
    quantity=energy.hours_of_draw,
    takes={"energy_kwh": "it_energy_kwh", "mean_power_w": "item_power_w"},
)
_WATER: Final = Line(
    "water_l",
    label=gettext_noop("Water consumed"),
    formula="it_energy_kwh × (wue_l_per_kwh + pue × offsite_water_l_per_kwh)",
    unit="L",
    quantity=water.water_l,
    source_ids=WATER_SOURCE_IDS,
    takes=by_name("it_energy_kwh", "wue_l_per_kwh", "pue", "offsite_water_l_per_kwh"),
)
_COST: Final = Line(
    "electricity_cost_usd",
    label=gettext_noop("Cost of the electricity"),
    formula="facility_energy_kwh × electricity_price_usd_per_kwh",
    unit="USD",
    quantity=cost.electricity_cost_usd,
    takes=by_name("facility_energy_kwh", "electricity_price_usd_per_kwh"),
)


def write_emissions(sheet: Sheet, workload: Workload) -> None:
    """Write the emissions of the electricity and of the devices, their total, and the figure by contract."""
    # A federated training draws from several grids, and is written already.
    if "operational_location_based_kgco2e" not in sheet:
        _write_grid_of_hours(sheet, workload)
        sheet.write(_OPERATIONAL)
    if workload.embodied.include:
        _write_embodied_share(sheet)
    if "embodied_share_kgco2e" in sheet:
        sheet.write(_TOTAL)
    else:
        write_same(sheet, "total_kgco2e", "operational_location_based_kgco2e", label=_WITHOUT_DEVICES, unit="kgCO2e")
    if workload.market_based.is_said:
        _write_market_based(sheet)


def _write_grid_of_hours(sheet: Sheet, workload: Workload) -> None:
    """Write the grid's intensity once more, as it is in the hours of the run, where these are known."""
    profile = workload.hourly_profile
    hours_gco2e_per_kwh, mean_gco2e_per_kwh = profile.hourly_intensity_gco2e_per_kwh, profile.mean_gco2e_per_kwh
    if hours_gco2e_per_kwh is None or mean_gco2e_per_kwh is None:
        return
    if "duration_h" not in sheet and workload.accelerator_hours is not None:
        hours = "final_run_accelerator_hours" if "final_run_accelerator_hours" in sheet else "accelerator_hours"
        sheet.line(
            "duration_h",
            label=gettext_noop("Hours by the clock"),
            formula=f"{hours} ÷ accelerator_count",
            unit="h",
            quantity=flops.run_duration_h,
            takes={"accelerator_hours": hours, **by_name("accelerator_count")},
        )
    if "duration_h" not in sheet:
        return
    sheet.put("start_hour", float(profile.start_hour))
    sheet.put("profile_mean_gco2e_per_kwh", mean_gco2e_per_kwh)
    sheet.line(
        "hours_ratio",
        label=gettext_noop("Grid in the hours of the run, over its average"),
        formula="hourly_mean(start_hour, start_hour + duration_h) ÷ profile_mean_gco2e_per_kwh",
        unit="1",
        quantity=partial(hours_ratio, hourly_intensity_gco2e_per_kwh=hours_gco2e_per_kwh),
        takes=by_name("duration_h", "start_hour"),
    )
    sheet.line(
        "grid_intensity_gco2e_per_kwh",
        label=gettext_noop("Carbon intensity of the grid in the hours of the run"),
        formula="grid_intensity_gco2e_per_kwh × hours_ratio",
        unit="gCO2e/kWh",
        quantity=product,
        takes={"amount": "grid_intensity_gco2e_per_kwh", "multiplier": "hours_ratio"},
    )


def _write_embodied_share(sheet: Sheet) -> None:
    has_idle_life = "lifetime_utilisation" in sheet
    if "machine_share" in sheet:
        sheet.write(_machine_hours(several="run_multiplier" in sheet))
        hours = "machine_hours"
    else:
        hours = "item_accelerator_hours" if sheet.write(_ITEM_HOURS) else "accelerator_hours"
    parts = tuple([name for name in _MAKING if sheet.write(_making(name, hours, has_idle_life=has_idle_life))])
    if parts:
        sheet.write(_embodied_share(parts))


@cache
def _machine_hours(*, several: bool) -> Line:
    runs = ("run_multiplier",) if several else ()
    return Line(
        "machine_hours",
        label=gettext_noop("Time of the machine"),
        formula=" × ".join(("machine_share", "duration_h", *runs)),
        unit="h",
        quantity=product_of_all,
        takes=by_name("machine_share", "duration_h", *runs),
    )


@cache
def _making(name: str, hours: str, *, has_idle_life: bool) -> Line:
    embodied_name, label = _MAKING[name]
    lifetime = ("lifetime_years", *["lifetime_utilisation"] * has_idle_life)
    return Line(
        name,
        label=label,
        formula=f"{embodied_name} × {hours} ÷ (8760 × {' × '.join(lifetime)})",
        unit="kgCO2e",
        # Devices times hours: they are counted in the hours already.
        quantity=partial(embodied.embodied_share_kgco2e, device_count=1),
        source_ids=EMBODIED_SOURCE_IDS,
        takes={"device_embodied_kgco2e": embodied_name, "reserved_h": hours, **by_name(*lifetime)},
    )


@cache
def _embodied_share(parts: tuple[str, ...]) -> Line:
    return Line(
        "embodied_share_kgco2e",
        label=gettext_noop("Share of the emissions of making the devices"),
        formula=" + ".join(parts),
        unit="kgCO2e",
        quantity=total,
        takes=by_name(*parts),
    )


def _write_market_based(sheet: Sheet) -> None:
    # Where no residual mix is published, the Scope 2 Guidance falls back on the grid's average.
    residual = "residual_intensity_gco2e_per_kwh"
    rest = residual if residual in sheet else "grid_intensity_gco2e_per_kwh"
    certificates = ("certificates_share",) if "certificates_share" in sheet else ()
    sheet.line(
        "operational_market_based_kgco2e",
        label=gettext_noop("Emissions of the electricity, by contract"),
        formula="facility_energy_kwh × (contracted_share × contract_intensity_gco2e_per_kwh "
        f"+ (1 − contracted_share{' − certificates_share' if certificates else ''}) × {rest}) ÷ 1000",
        unit="kgCO2e",
        quantity=emissions.market_based_kgco2e,
        source_ids=MARKET_BASED_SOURCE_IDS,
        takes={
            "residual_intensity_gco2e_per_kwh": rest,
            **by_name("facility_energy_kwh", "contracted_share", "contract_intensity_gco2e_per_kwh", *certificates),
        },
    )


def write_water_and_cost(sheet: Sheet) -> None:
    """Write the water and the cost of the electricity."""
    sheet.write(_WATER)
    sheet.write(_COST)
