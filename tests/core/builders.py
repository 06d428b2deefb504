"""Workloads and resolved factors by hand, so that the tests of core need no catalogue."""

from typing import Any

from estimator.core.factors import EquivalentFactor, Factors
from estimator.core.footprint import Assumption, Boundary, Quality, Source, Status
from estimator.core.inputs import Hardware, Method, Uncertainty, Workload

PAPER = Source(title="A paper", publisher="A publisher", year=2019, url="https://example.org/", licence="facts")
SOURCES = dict.fromkeys(
    ("table", "strubell-2019", "patterson-2021", "li-2023", "sci-iso-21031-2024", "never-cited"), PAPER
)
EQUIVALENTS = tuple(
    EquivalentFactor(key=key, label=key, unit=unit, kgco2e_per_unit=kgco2e, source_ids=("table",))
    for key, unit, kgco2e in (
        ("car_km", "km", 0.175),
        ("car_year", "vehicle-year", 4290.0),
        ("flight_km", "passenger-km", 0.171),
        ("flight_ny_sf", "passenger", 570.0),
        ("tree_year", "tree-year", 11.0),
        ("smartphone_charge", "charge", 0.0124),
        ("home_year", "home-year", 7940.0),
    )
)

#: A range as (low, central, high), or one number that is certain.
Triple = float | tuple[float, float, float]


def assumption(
    name: str,
    triple: Triple,
    *,
    unit: str = "1",
    status: Status = "given",
    quality: Quality = "rated",
    source_ids: tuple[str, ...] = ("table",),
) -> Assumption:
    low, central, high = triple if isinstance(triple, tuple) else (triple, triple, triple)
    return Assumption(
        name=name,
        label=name,
        value=central,
        low=low,
        high=high,
        unit=unit,
        status=status,
        quality=quality,
        source_ids=source_ids,
    )


def factors(
    method: Method = "device_hours",
    *,
    boundary: Boundary = "servers",
    quality: Quality = "rated",
    others: tuple[Assumption, ...] = (),
    tdp_w: float | None = None,
    **triples: Any,
) -> Factors:
    assumptions = {name: assumption(name, triple, quality=quality) for name, triple in triples.items()}
    assumptions |= {other.name: other for other in others}
    return Factors(
        method=method,
        boundary=boundary,
        assumptions=assumptions,
        sources=SOURCES,
        dataset_version="by hand",
        equivalents=EQUIVALENTS,
        accelerator_tdp_w=tdp_w,
        accelerator_name="A board" if tdp_w else "",
    )


def workload(*, draws_count: int = 0, seed: int = 1, **fields: Any) -> Workload:
    return Workload.model_validate({**fields, "uncertainty": Uncertainty(draws_count=draws_count, seed=seed)})


#: Eight accelerators of 400 W at half use for 100 hours: 160 kWh, and 200 kWh with a PUE of 1.25.
EIGHT: dict[str, Any] = {
    "accelerator_count": 8.0,
    "duration_h": 100.0,
    "accelerator_hours": 800.0,
    "mean_accelerator_power_w": 400.0,
    "utilisation": 0.5,
    "pue": 1.25,
    "grid_intensity_gco2e_per_kwh": 500.0,
    "development_factor": 0.0,
    "repeat_count": 1.0,
}
EIGHT_RUN: dict[str, Any] = {"hardware": Hardware(accelerator="a-board", accelerator_count=8), "duration_h": 100.0}

#: What makes everything else known: 150 kg a board and 300 kg of host over 10,000 h of use, water and money.
EVERYTHING: dict[str, Any] = {
    **EIGHT,
    "device_embodied_kgco2e": 150.0,
    "host_embodied_kgco2e": 300.0,
    "lifetime_years": 4.0,
    "lifetime_utilisation": 10_000.0 / (4.0 * 8760.0),
    "wue_l_per_kwh": 2.0,
    "offsite_water_l_per_kwh": 4.0,
    "electricity_price_usd_per_kwh": 0.1,
    "cloud_price_usd_per_accelerator_h": (0.5, 1.0, 3.0),
}

#: The same, with ranges.
UNCERTAIN: dict[str, Any] = {
    **EVERYTHING,
    "utilisation": (0.4, 0.5, 0.8),
    "pue": (1.1, 1.25, 1.6),
    "grid_intensity_gco2e_per_kwh": (450.0, 500.0, 550.0),
    "device_embodied_kgco2e": (75.0, 150.0, 300.0),
    "lifetime_years": (3.0, 4.0, 6.0),
    "wue_l_per_kwh": (1.0, 2.0, 2.5),
    "electricity_price_usd_per_kwh": (0.05, 0.1, 0.3),
}
