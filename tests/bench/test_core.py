"""The arithmetic itself: one run, with and without the draws that give its range."""

import time
from typing import Any

import numpy as np
import pytest

from estimator.core import embodied, emissions, energy
from estimator.core.estimate import estimate
from estimator.core.inputs import Workload
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from tests.bench.conftest import Table
from tests.bench.workloads import BERT_BASE


def with_draws(draws_count: int) -> Workload:
    """The published run with this many draws."""
    uncertainty = BERT_BASE.uncertainty.model_copy(update={"draws_count": draws_count})
    return BERT_BASE.model_copy(update={"uncertainty": uncertainty})


def test_factors(benchmark: Any, table: Table) -> None:
    """Look up every factor."""
    benchmark(factors_for, BERT_BASE)
    table.add("factors looked up", benchmark.stats.stats.data)


@pytest.mark.parametrize("q", ["n", "united states", "zzzz"])
def test_search(benchmark: Any, table: Table, q: str) -> None:
    """Find places as they are typed."""
    benchmark(catalogue.search_places, q)
    table.add(f"places that fit {q!r}", benchmark.stats.stats.data, against="factors looked up")


def test_no_draws(benchmark: Any, table: Table) -> None:
    """Compute without a range."""
    workload = with_draws(0)
    benchmark(estimate, workload, factors_for(workload))
    table.add("core call, no draws", benchmark.stats.stats.data, against="factors looked up")


def test_all_draws(benchmark: Any, table: Table) -> None:
    """Compute with the draws of a request that names none."""
    workload = with_draws(10_000)
    benchmark(estimate, workload, factors_for(workload))
    table.add("core call, 10 000 draws", benchmark.stats.stats.data, against="core call, no draws")


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
