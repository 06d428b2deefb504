"""The arithmetic itself: one run, with and without the draws that give its range."""

from typing import Any

from estimator.core.estimate import estimate
from estimator.core.inputs import Workload
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
