"""A hundred thousand combinations: the whole search, the arithmetic alone, and bare NumPy on the same columns."""

from typing import Any

import numpy as np

from estimator.core.inputs import Workload
from estimator.core.planner.axes import axes_of
from estimator.core.planner.front import pareto_front
from estimator.core.planner.request import PlanRequest
from estimator.core.planner.search import find_best
from estimator.core.planner.space import Space
from estimator.reference.plans import baseline, lookups, suggested_choices
from tests.bench.conftest import Table

RUN = Workload.model_validate(
    {
        "model": {"parameters_count": 7_000_000_000, "training_tokens": 2_000_000_000_000},
        "hardware": {"accelerator": "nvidia-a100-sxm4-80gb", "accelerator_count": 256},
        "location": {"country": "US"},
    }
)
_BARE = "100 000 combinations, bare NumPy"


def test_the_whole_search(benchmark: Any, table: Table) -> None:
    """Levers applied, everything looked up, all combinations computed, the front found, ten plans explained."""
    run = baseline(RUN)
    choices = suggested_choices(run)

    def search() -> Any:
        return find_best(run, PlanRequest(), choices=choices, lookups=lookups(run))

    result = benchmark.pedantic(search, rounds=3, warmup_rounds=1)
    assert result.combinations_count >= 100_000
    assert len(result.best) == 10
    table.add("100 000 combinations, whole search", benchmark.stats.stats.data, against=_BARE)


def test_the_arithmetic_alone(benchmark: Any, table: Table) -> None:
    """The formulas of an estimate on every combination, beside bare NumPy on columns of the same length."""
    run = baseline(RUN)
    space = Space(run, axes_of(suggested_choices(run)), lookups(run))
    places = np.arange(space.places.count)

    def by_core() -> Any:
        return [space.outcomes(machines, places) for machines in space.chunks()]

    benchmark.pedantic(by_core, rounds=5, warmup_rounds=1)
    table.add("100 000 combinations, arithmetic alone", benchmark.stats.stats.data, against=_BARE)


def test_bare_numpy(benchmark: Any, table: Table) -> None:
    """The same products and sums by hand: operations to hours, hours to energy, energy to emissions and money."""
    run = baseline(RUN)
    count = Space(run, axes_of(suggested_choices(run)), lookups(run)).count
    draw = np.random.default_rng(1)

    def column(low: float, high: float) -> Any:
        return draw.uniform(low, high, count)

    peak, mfu, power_w, pue, grid_g = (
        column(3e14, 2e15), column(0.2, 0.4), column(300.0, 1200.0), column(1.05, 1.6), column(20.0, 800.0)
    )  # fmt: skip
    boards, device_kg = column(64.0, 1024.0), column(100.0, 300.0)
    bits, spread, slower, drawn, shift = (column(0.7, 1.1) for _ in range(5))

    def bare() -> Any:
        hours = 6.0 * 7e9 * 2e12 / (peak * mfu * 3600.0) * bits * spread * slower
        energy_kwh = hours * power_w * drawn * 0.8 / 1000.0 * 1.3 * pue
        total = energy_kwh * grid_g * shift / 1000.0 + (device_kg + 1000.0) * hours / (8760.0 * 4.0 * 0.7)
        return total, energy_kwh * 0.12, hours / boards

    benchmark.pedantic(bare, rounds=20, warmup_rounds=2)
    table.add(_BARE, benchmark.stats.stats.data)


def test_the_front_of_a_million(benchmark: Any, table: Table) -> None:
    """The Pareto front of four objectives at random."""
    draw = np.random.default_rng(1)
    objectives = [draw.random(1_000_000) for _ in range(3)]
    objectives.append(draw.integers(0, 6, 1_000_000).astype(np.float64))
    front = benchmark.pedantic(pareto_front, args=[objectives], rounds=3)
    assert front.size
    table.add("Pareto front of 1 000 000 points", benchmark.stats.stats.data)
