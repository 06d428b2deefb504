"""A footprint made by hand: BERT base on 64 V100 for 79 h, with round ranges so that every number can be checked."""

import pytest

from estimator.core.footprint import (
    Assumption,
    Contribution,
    Equivalent,
    Footprint,
    Quantities,
    Range,
    Source,
    Step,
    Warning,
)


def ranged(central: float, spread: float = 0.1) -> Range:
    """A range that reaches `spread` of the central value to both sides."""
    return Range(low=central * (1 - spread), central=central, high=central * (1 + spread))


def make_footprint(**changes: object) -> Footprint:
    """The footprint, with some fields changed."""
    it_kwh = 12_041.51 * 79 / 1000
    facility_kwh = it_kwh * 1.58
    operational = facility_kwh * 0.4327
    embodied = 64 * 150.0 * 79 / (8760 * 4)
    accelerator_kwh = 64 * 180.0 * 79 / 1000
    total = operational + embodied
    values: dict[str, object] = {
        "title": "BERT base",
        "activity": "training",
        "method": "strubell_2019",
        "boundary": "servers",
        "quality": "modelled",
        "energy_quality": "sampled",
        "result": Quantities(
            accelerator_energy_kwh=ranged(accelerator_kwh, 0.05),
            it_energy_kwh=ranged(it_kwh, 0.05),
            facility_energy_kwh=ranged(facility_kwh, 0.12),
            operational_location_based_kgco2e=ranged(operational, 0.18),
            operational_market_based_kgco2e=None,
            embodied_share_kgco2e=ranged(embodied, 0.5),
            total_kgco2e=ranged(total, 0.19),
            water_l=ranged(5_600.0, 0.4),
            electricity_cost_usd=ranged(180.36, 0.3),
            cloud_cost_usd=Range(low=3751.0, central=8161.0, high=12571.0),
            accelerator_hours=Range(low=5056.0, central=5056.0, high=5056.0),
        ),
        "steps": (
            Step(
                name="it_energy_kwh",
                label="Energy of the servers",
                formula="mean_system_power_w × duration_h / 1000",
                substituted="12041.51 × 79 / 1000",
                value=it_kwh,
                unit="kWh",
                source_ids=("strubell-2019",),
            ),
            Step(
                name="facility_energy_kwh",
                label="Energy of the data centre",
                formula="it_energy_kwh × pue",
                substituted="951.279 × 1.58",
                value=facility_kwh,
                unit="kWh",
                source_ids=("uptime-2018", "strubell-2019"),
            ),
            Step(
                name="operational_location_based_kgco2e",
                label="Emissions of the electricity",
                formula="facility_energy_kwh × grid_intensity_gco2e_per_kwh / 1000",
                substituted="1503.02 × 432.7 / 1000",
                value=operational,
                unit="kgCO2e",
                source_ids=("epa-egrid",),
            ),
            Step(
                name="embodied_share_kgco2e",
                label="Share of making the hardware",
                formula="accelerator_count × device_embodied_kgco2e × duration_h / (8760 × lifetime_years)",
                substituted="64 × 150 × 79 / (8760 × 4)",
                value=embodied,
                unit="kgCO2e",
                source_ids=("bloom-2022",),
            ),
            Step(
                name="total_kgco2e",
                label="Total emissions",
                formula="operational_location_based_kgco2e + embodied_share_kgco2e",
                substituted="650.358 + 21.6438",
                value=total,
                unit="kgCO2e",
            ),
        ),
        "assumptions": (
            Assumption(
                name="mean_system_power_w",
                label="Mean draw of the servers",
                value=12_041.51,
                low=11_439.4,
                high=12_643.6,
                unit="W",
                status="given",
                quality="sampled",
            ),
            Assumption(
                name="pue",
                label="Power usage effectiveness (PUE)",
                value=1.58,
                low=1.3,
                high=1.8,
                unit="1",
                status="default",
                match="world",
                quality="modelled",
                source_ids=("uptime-2018",),
                note="World average of %(year)s.",
                text_params={"year": 2018},
            ),
            Assumption(
                name="grid_intensity_gco2e_per_kwh",
                label="Carbon intensity of the grid",
                value=432.7,
                low=389.4,
                high=476.0,
                unit="gCO2e/kWh",
                status="looked_up",
                match="nearest_year",
                quality="modelled",
                source_ids=("epa-egrid",),
                note="United States, direct, average.",
            ),
        ),
        "contributions": (
            Contribution(name="pue", share_of_variance=0.31),
            Contribution(name="grid_intensity_gco2e_per_kwh", share_of_variance=0.62),
            Contribution(name="mean_system_power_w", share_of_variance=0.07),
        ),
        "equivalents": (
            Equivalent(
                name="car_km_eu", label="Driving an average car in Europe", amount=3840.0, unit="km", source_ids=("ga",)
            ),
            Equivalent(
                name="flight_ny_sf",
                label="Flight from New York to San Francisco, one passenger",
                amount=1.179,
                unit="passenger",
                source_ids=("ga",),
            ),
            Equivalent(
                name="tree_year",
                label="Carbon taken up by a tree in a year",
                amount=61.1,
                unit="tree-year",
                source_ids=("ga",),
            ),
        ),
        "warnings": (
            Warning(
                code="grid_year_far",
                message="The grid factor is of %(year)s; give the year of the run for a closer one.",
                field="year",
                text_params={"year": 2018},
            ),
        ),
        "sources": {
            "strubell-2019": Source(
                title="Energy and Policy Considerations for Deep Learning in NLP",
                publisher="Strubell, Ganesh, McCallum; ACL",
                year=2019,
                url="https://aclanthology.org/P19-1355/",
                licence="CC-BY-4.0",
            ),
            "uptime-2018": Source(
                title="Data Center Survey 2018", publisher="Uptime Institute", year=2018, url="", licence="facts"
            ),
            "epa-egrid": Source(
                title="eGRID",
                publisher="US EPA",
                year=2018,
                url="https://www.epa.gov/egrid",
                licence="public domain",
            ),
            "bloom-2022": Source(
                title="Estimating the Carbon Footprint of BLOOM",
                publisher="Luccioni, Viguier, Ligozat; JMLR",
                year=2022,
                url="https://arxiv.org/abs/2211.02001",
                licence="CC-BY-4.0",
            ),
            "ga": Source(
                title="Green Algorithms reference values",
                publisher="Lannelongue, Grealey, Inouye",
                year=2021,
                url="https://github.com/GreenAlgorithms/green-algorithms-tool",
                licence="CC-BY-4.0",
            ),
        },
        "engine_version": "0.1.0",
        "dataset_version": "3f9a1c20d4e7",
        "input_digest": "9f2c4e7a" * 8,
    }
    return Footprint.model_validate(values | changes)


@pytest.fixture
def footprint() -> Footprint:
    return make_footprint()
