"""The arithmetic itself: one run, with and without the draws that give its range."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from estimator.core import embodied, emissions, energy
from estimator.core.estimate import estimate
from estimator.core.inputs import Location, Workload
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from tests.bench.conftest import Table
from tests.bench.workloads import BERT_BASE, CHAT


def with_draws(run: Workload, draws_count: int) -> Workload:
    """The run with this many draws."""
    return run.model_copy(update={"uncertainty": run.uncertainty.model_copy(update={"draws_count": draws_count})})


def test_factors(benchmark: Any, table: Table) -> None:
    """Look up every factor."""
    benchmark(factors_for, BERT_BASE)
    table.add("factors looked up", benchmark.stats.stats.data)


@pytest.mark.parametrize("q", ["n", "united states", "zzzz"])
def test_search(benchmark: Any, table: Table, q: str) -> None:
    """Find places as they are typed."""
    benchmark(catalogue.search_places, q)
    table.add(f"places that fit {q!r}", benchmark.stats.stats.data, against="factors looked up")


@pytest.mark.parametrize(("name", "run"), [("training", BERT_BASE), ("chat service", CHAT)])
@pytest.mark.parametrize("draws_count", [0, 10_000])
def test_core_call(benchmark: Any, table: Table, name: str, run: Workload, draws_count: int) -> None:
    """Compute with factors at hand, without a range and with the draws of a request that names none."""
    workload = with_draws(run, draws_count)
    benchmark(estimate, workload, factors_for(workload))
    with_range, against = ("10 000 draws", f"core call, {name}, no draws") if draws_count else ("no draws", None)
    table.add(f"core call, {name}, {with_range}", benchmark.stats.stats.data, against=against or "factors looked up")


def test_core_call_of_inputs_never_seen(table: Table) -> None:
    """Every input a little different each time: no column of draws is kept from the run before."""
    times_s = []
    for count in range(60):
        workload = with_draws(BERT_BASE, 10_000).model_copy(update={"duration_h": 79.0 + count})
        factors = factors_for(workload)
        factors = replace(
            factors,
            assumptions={
                name: one.model_copy(
                    update={part: getattr(one, part) * (1.0 + 1e-6 * count) for part in ("low", "value", "high")}
                )
                for name, one in factors.assumptions.items()
            },
        )
        began_s = time.perf_counter()
        estimate(workload, factors)
        times_s.append(time.perf_counter() - began_s)
    table.add("core call, training, draws of new inputs", times_s, against="core call, training, no draws")


def test_a_request_beside_ecologits(benchmark: Any, table: Table) -> None:
    """One request of a served model by EcoLogits' own computing, its look-ups included as they always are."""
    ecologits = pytest.importorskip("ecologits.tracers.utils")

    def by_ecologits() -> Any:
        return ecologits.llm_impacts("openai", "gpt-4o", 400, 10.0, electricity_mix_zone="FRA")

    assert by_ecologits().gwp is not None
    benchmark(by_ecologits)
    ours_s = _times_of_look_up_and_estimate(with_draws(CHAT, 0))
    table.add("one service: EcoLogits", benchmark.stats.stats.data)
    table.add("one service: factors and core call, no draws", ours_s, against="one service: EcoLogits")


@pytest.mark.parametrize("place", ["country", "cloud region"])
def test_a_run_beside_codecarbon(benchmark: Any, table: Table, place: str) -> None:
    """Energy to emissions by CodeCarbon's own computing, from its files: without a token it asks nobody."""
    codecarbon = pytest.importorskip("codecarbon.core.emissions")
    from codecarbon.core.units import Energy
    from codecarbon.external.geography import CloudMetadata, GeoMetadata
    from codecarbon.input import DataSource

    emissions_of = codecarbon.Emissions(DataSource())  # type: ignore[no-untyped-call]
    energy_used = Energy.from_energy(kWh=1503.0)
    country = GeoMetadata(country_iso_code="FRA", country_name="France")
    region = CloudMetadata(provider="gcp", region="europe-west9")

    def by_codecarbon() -> Any:
        if place == "country":
            return emissions_of.get_private_infra_emissions(energy_used, country)
        return emissions_of.get_cloud_emissions(energy_used, region, country)

    where = Location(country="FR") if place == "country" else Location(provider="gcp", region="europe-west9")
    workload = with_draws(Workload(it_energy_kwh=1503.0, location=where), 0)
    assert by_codecarbon() > 0.0
    benchmark(by_codecarbon)
    ours_s = _times_of_look_up_and_estimate(workload)
    table.add(f"energy in a {place}: CodeCarbon", benchmark.stats.stats.data)
    table.add(f"energy in a {place}: factors and core call", ours_s, against=f"energy in a {place}: CodeCarbon")


def _times_of_look_up_and_estimate(workload: Workload) -> list[float]:
    times_s = []
    for _ in range(500):
        began_s = time.perf_counter()
        estimate(workload, factors_for(workload))
        times_s.append(time.perf_counter() - began_s)
    return times_s


ROWS_COUNT = 1_000_000


def test_a_million_rows(benchmark: Any, table: Table) -> None:
    """The functions of core on columns of a million runs, beside bare NumPy that multiplies the same columns."""
    draw = np.random.default_rng(1)
    hours, power_w = draw.uniform(1, 1e4, ROWS_COUNT), draw.uniform(100, 700, ROWS_COUNT)
    pue, grid_g = draw.uniform(1.05, 1.6, ROWS_COUNT), draw.uniform(20, 800, ROWS_COUNT)

    def by_core() -> Any:
        it_energy_kwh = energy.accelerator_energy_kwh(
            accelerator_hours=hours, mean_accelerator_power_w=power_w, utilisation=0.8
        )
        facility_energy_kwh = energy.facility_energy_kwh(it_energy_kwh=it_energy_kwh, pue=pue)
        return emissions.total_kgco2e(
            operational_location_based_kgco2e=emissions.operational_kgco2e(
                facility_energy_kwh=facility_energy_kwh, grid_intensity_gco2e_per_kwh=grid_g
            ),
            embodied_share_kgco2e=embodied.embodied_share_kgco2e(
                device_embodied_kgco2e=164.0,
                device_count=1,
                reserved_h=hours,
                lifetime_years=4.0,
                lifetime_utilisation=0.7,
            ),
        )

    def bare() -> Any:
        return hours * power_w * 0.8 / 1000 * pue * grid_g / 1000 + 164.0 * hours / (8760 * 4.0 * 0.7)

    np.testing.assert_allclose(by_core(), bare(), rtol=1e-12)
    benchmark(by_core)
    times_s = []
    for _ in range(20):
        began_s = time.perf_counter()
        bare()
        times_s.append(time.perf_counter() - began_s)
    table.add("a million rows, bare NumPy", times_s)
    table.add("a million rows, functions of core", benchmark.stats.stats.data, against="a million rows, bare NumPy")
