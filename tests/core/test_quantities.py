"""Quantities: limiting cases worked out by hand, arrays against scalars, units against pint."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core import cost, embodied, emissions, energy, units, water

UREG: Any = pint.UnitRegistry()
UREG.define("gCO2e = gram")
UREG.define("USD = [currency]")

#: Each function with arguments in their units, and the unit of what it returns. Numbers are of no importance here.
QUANTITIES: tuple[tuple[Callable[..., Any], Mapping[str, tuple[float, str]], str], ...] = (
    (
        energy.component_system_power_w,
        {
            "mean_cpu_power_w": (110.0, "W"),
            "mean_memory_power_w": (20.0, "W"),
            "accelerator_count": (8.0, ""),
            "mean_accelerator_power_w": (250.0, "W"),
            "utilisation": (0.9, ""),
        },
        "W",
    ),
    (energy.system_energy_kwh, {"mean_system_power_w": (1415.78, "W"), "duration_h": (12.0, "h")}, "kWh"),
    (
        energy.host_energy_kwh,
        {"duration_h": (12.0, "h"), "mean_cpu_power_w": (110.0, "W"), "mean_memory_power_w": (20.0, "W")},
        "kWh",
    ),
    (energy.accelerator_hours, {"accelerator_count": (8.0, ""), "duration_h": (12.0, "h")}, "h"),
    (
        energy.accelerator_energy_kwh,
        {"accelerator_hours": (96.0, "h"), "mean_accelerator_power_w": (250.0, "W"), "utilisation": (0.7, "")},
        "kWh",
    ),
    (energy.run_multiplier, {"development_factor": (0.5, ""), "repeat_count": (3.0, "")}, ""),
    (energy.facility_energy_kwh, {"it_energy_kwh": (17.0, "kWh"), "pue": (1.58, "")}, "kWh"),
    (
        emissions.operational_kgco2e,
        {"facility_energy_kwh": (27.0, "kWh"), "grid_intensity_gco2e_per_kwh": (432.7, "gCO2e/kWh")},
        "kg",
    ),
    (
        emissions.market_based_kgco2e,
        {
            "facility_energy_kwh": (27.0, "kWh"),
            "contracted_share": (0.3, ""),
            "contract_intensity_gco2e_per_kwh": (12.0, "gCO2e/kWh"),
            "residual_intensity_gco2e_per_kwh": (600.0, "gCO2e/kWh"),
        },
        "kg",
    ),
    (
        emissions.total_kgco2e,
        {"operational_location_based_kgco2e": (11.0, "kg"), "embodied_share_kgco2e": (2.0, "kg")},
        "kg",
    ),
    (
        embodied.embodied_share_kgco2e,
        {
            "device_embodied_kgco2e": (150.0, "kg"),
            "device_count": (8.0, ""),
            "reserved_h": (12.0, "h"),
            "lifetime_years": (4.0, "365 * day"),
            "lifetime_utilisation": (0.7, ""),
        },
        "kg",
    ),
    (
        water.water_l,
        {
            "it_energy_kwh": (17.0, "kWh"),
            "wue_l_per_kwh": (1.8, "l/kWh"),
            "pue": (1.2, ""),
            "offsite_water_l_per_kwh": (3.1, "l/kWh"),
        },
        "l",
    ),
    (
        cost.electricity_cost_usd,
        {"facility_energy_kwh": (27.0, "kWh"), "electricity_price_usd_per_kwh": (0.12, "USD/kWh")},
        "USD",
    ),
    (
        cost.cloud_cost_usd,
        {"accelerator_hours": (96.0, "h"), "cloud_price_usd_per_accelerator_h": (1.46, "USD/h")},
        "USD",
    ),
)
each_quantity = pytest.mark.parametrize(
    ("quantity", "arguments", "unit"), QUANTITIES, ids=[quantity.__name__ for quantity, _, _ in QUANTITIES]
)


def formula_in_pint(quantity: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """The same formulas with units attached, so that no conversion factor is needed."""
    a = arguments
    formulas: dict[str, Callable[[], Any]] = {
        "component_system_power_w": lambda: (
            a["mean_cpu_power_w"]
            + a["mean_memory_power_w"]
            + a["accelerator_count"] * a["mean_accelerator_power_w"] * a["utilisation"]
        ),
        "system_energy_kwh": lambda: a["mean_system_power_w"] * a["duration_h"],
        "host_energy_kwh": lambda: (a["mean_cpu_power_w"] + a["mean_memory_power_w"]) * a["duration_h"],
        "accelerator_hours": lambda: a["accelerator_count"] * a["duration_h"],
        "accelerator_energy_kwh": lambda: a["accelerator_hours"] * a["mean_accelerator_power_w"] * a["utilisation"],
        "run_multiplier": lambda: (1 + a["development_factor"]) * a["repeat_count"],
        "facility_energy_kwh": lambda: a["it_energy_kwh"] * a["pue"],
        "operational_kgco2e": lambda: a["facility_energy_kwh"] * a["grid_intensity_gco2e_per_kwh"],
        "market_based_kgco2e": lambda: (
            a["facility_energy_kwh"] * a["contracted_share"] * a["contract_intensity_gco2e_per_kwh"]
            + a["facility_energy_kwh"] * (1 - a["contracted_share"]) * a["residual_intensity_gco2e_per_kwh"]
        ),
        "total_kgco2e": lambda: a["operational_location_based_kgco2e"] + a["embodied_share_kgco2e"],
        "embodied_share_kgco2e": lambda: (
            a["device_embodied_kgco2e"]
            * a["device_count"]
            * (a["reserved_h"] / (a["lifetime_years"] * a["lifetime_utilisation"]))
        ),
        "water_l": lambda: (
            a["it_energy_kwh"] * a["wue_l_per_kwh"] + a["it_energy_kwh"] * a["pue"] * a["offsite_water_l_per_kwh"]
        ),
        "electricity_cost_usd": lambda: a["facility_energy_kwh"] * a["electricity_price_usd_per_kwh"],
        "cloud_cost_usd": lambda: a["accelerator_hours"] * a["cloud_price_usd_per_accelerator_h"],
    }
    return formulas[quantity.__name__]()


@each_quantity
def test_units_agree_with_pint(
    quantity: Callable[..., Any], arguments: Mapping[str, tuple[float, str]], unit: str
) -> None:
    with_units = {
        name: number * (365 * UREG.day if unit_in == "365 * day" else UREG(unit_in or "dimensionless").units)
        for name, (number, unit_in) in arguments.items()
    }
    expected = formula_in_pint(quantity, with_units).to(unit or "dimensionless").magnitude
    assert quantity(**{name: number for name, (number, _) in arguments.items()}) == pytest.approx(expected, rel=1e-12)


@each_quantity
def test_array_equals_scalar(
    quantity: Callable[..., Any], arguments: Mapping[str, tuple[float, str]], unit: str
) -> None:
    steps = np.array([0.5, 1.0, 1.7])
    as_arrays = quantity(**{name: number * steps for name, (number, _) in arguments.items()})
    one_by_one = [quantity(**{name: number * step for name, (number, _) in arguments.items()}) for step in steps]
    assert as_arrays.shape == (3,)
    np.testing.assert_array_equal(as_arrays, one_by_one)


def test_conversion_factors_agree_with_pint() -> None:
    assert pytest.approx(UREG("1 kWh").to("J").magnitude, rel=1e-15) == units.J_PER_KWH
    assert pytest.approx(UREG("1 kW").to("W").magnitude, rel=1e-15) == units.W_PER_KW
    assert pytest.approx(UREG("1 kg").to("g").magnitude, rel=1e-15) == units.G_PER_KG
    assert pytest.approx(UREG("1 lb").to("kg").magnitude, rel=1e-15) == units.KG_PER_LB
    assert pytest.approx(UREG("1 h").to("s").magnitude, rel=1e-15) == units.S_PER_H
    assert pytest.approx(UREG("365 day").to("h").magnitude, rel=1e-15) == units.H_PER_YEAR


# Limiting cases, by hand


def test_no_load_uses_no_energy() -> None:
    assert energy.system_energy_kwh(mean_system_power_w=0.0, duration_h=100.0) == 0.0
    assert energy.accelerator_energy_kwh(accelerator_hours=100.0, mean_accelerator_power_w=400.0, utilisation=0.0) == 0


def test_full_load_is_the_rated_draw() -> None:
    assert energy.accelerator_energy_kwh(accelerator_hours=10.0, mean_accelerator_power_w=700.0) == 7.0


def test_without_accelerators_a_system_draws_what_its_hosts_draw() -> None:
    power_w = energy.component_system_power_w(
        mean_cpu_power_w=100.0, mean_memory_power_w=20.0, accelerator_count=0, mean_accelerator_power_w=300.0
    )
    assert power_w == 120.0


def test_a_perfect_facility_adds_nothing() -> None:
    assert energy.facility_energy_kwh(it_energy_kwh=12.5, pue=1.0) == 12.5


def test_one_run_without_development_is_one_run() -> None:
    assert energy.run_multiplier() == 1.0
    assert energy.run_multiplier(development_factor=2000.0, repeat_count=1) == 2001.0


def test_a_clean_grid_emits_nothing() -> None:
    assert emissions.operational_kgco2e(facility_energy_kwh=1e6, grid_intensity_gco2e_per_kwh=0.0) == 0.0


@pytest.mark.parametrize(("share", "expected_kgco2e"), [(0.0, 500.0), (1.0, 20.0), (0.5, 260.0)])
def test_market_based_goes_from_residual_to_contract(share: float, expected_kgco2e: float) -> None:
    kgco2e = emissions.market_based_kgco2e(
        facility_energy_kwh=1000.0,
        contracted_share=share,
        contract_intensity_gco2e_per_kwh=20.0,
        residual_intensity_gco2e_per_kwh=500.0,
    )
    assert kgco2e == pytest.approx(expected_kgco2e, rel=1e-15)


def test_a_job_of_the_whole_service_life_bears_the_whole_device() -> None:
    share_kgco2e = embodied.embodied_share_kgco2e(
        device_embodied_kgco2e=164.0, device_count=1, reserved_h=4 * 8760.0, lifetime_years=4.0
    )
    assert share_kgco2e == 164.0


@pytest.mark.parametrize("lifetime", [{"lifetime_years": 0.0}, {"lifetime_years": 4.0, "lifetime_utilisation": -0.1}])
@pytest.mark.parametrize("wrap", [float, lambda number: np.array([1.0, number])], ids=["scalar", "array"])
def test_a_service_life_of_nothing_is_refused(lifetime: dict[str, float], wrap: Callable[[float], Any]) -> None:
    wrapped = {name: wrap(number) for name, number in lifetime.items()}
    with pytest.raises(ValueError, match="must be positive"):
        embodied.embodied_share_kgco2e(device_embodied_kgco2e=1.0, device_count=1, reserved_h=1.0, **wrapped)


def test_water_of_the_united_states_in_li_2023() -> None:
    # Li et al. 2023: 1,287 MWh, PUE 1.17, WUE 0.55 and 3.142 L/kWh: 0.708 + 4.731 = 5.439 million litres.
    litres = water.water_l(it_energy_kwh=1_287_000.0, wue_l_per_kwh=0.55, pue=1.17, offsite_water_l_per_kwh=3.142)
    assert litres == pytest.approx(5.439e6, rel=1e-4)


amounts = st.floats(min_value=0.0, max_value=1e9)


@given(hours=amounts, power_w=amounts, factor=st.floats(min_value=0.0, max_value=1e3))
def test_energy_is_linear_in_hours(hours: float, power_w: float, factor: float) -> None:
    once = energy.system_energy_kwh(mean_system_power_w=power_w, duration_h=hours)
    scaled = energy.system_energy_kwh(mean_system_power_w=power_w, duration_h=hours * factor)
    assert scaled == pytest.approx(once * factor, rel=1e-12)


@given(first_h=amounts, second_h=amounts, embodied_kgco2e=amounts)
def test_two_jobs_bear_what_one_of_both_lengths_bears(first_h: float, second_h: float, embodied_kgco2e: float) -> None:
    def share_kgco2e(reserved_h: float) -> Any:
        return embodied.embodied_share_kgco2e(
            device_embodied_kgco2e=embodied_kgco2e, device_count=2, reserved_h=reserved_h, lifetime_years=4.0
        )

    assert share_kgco2e(first_h) + share_kgco2e(second_h) == pytest.approx(share_kgco2e(first_h + second_h), rel=1e-9)
