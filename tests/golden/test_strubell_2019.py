"""Table 3 of Strubell et al. 2019: the arithmetic exactly, the printed figures within their rounding."""

import pytest

from estimator.core.estimate import estimate
from estimator.core.units import KG_PER_LB
from tests.golden.cases import StrubellCase, as_printed, strubell_cases

cases = pytest.mark.parametrize("case", strubell_cases(), ids=lambda case: case.id)


def test_the_five_runs_are_there_with_their_source() -> None:
    assert [case.id for case in strubell_cases()] == ["transformer_base", "transformer_big", "elmo", "bert_base", "nas"]
    assert all("1906.02243" in case.source for case in strubell_cases())


@cases
def test_arithmetic_is_exact(case: StrubellCase) -> None:
    result = estimate(case.workload(), case.factors()).result
    assert result.facility_energy_kwh.central == pytest.approx(case.facility_energy_kwh, rel=1e-12)
    assert result.operational_location_based_kgco2e.central / KG_PER_LB == pytest.approx(case.operational_lb, rel=1e-12)
    assert result.total_kgco2e == result.operational_location_based_kgco2e


@cases
def test_printed_figures(case: StrubellCase) -> None:
    result = estimate(case.workload(), case.factors()).result
    assert as_printed(result.facility_energy_kwh.central, case.published_facility_energy_kwh)
    assert as_printed(result.operational_location_based_kgco2e.central / KG_PER_LB, case.published_lb)
    assert result.cloud_cost_usd is not None
    assert as_printed(result.cloud_cost_usd.low, case.published_cloud_cost_low_usd)
    assert as_printed(result.cloud_cost_usd.high, case.published_cloud_cost_high_usd)


@cases
def test_printed_hours_give_the_printed_energy_within_half_a_percent(case: StrubellCase) -> None:
    printed = case.facility_energy_kwh * case.published_duration_h / case.duration_h
    assert as_printed(printed, case.published_facility_energy_kwh)


@cases
def test_draws_leave_the_centre_alone(case: StrubellCase) -> None:
    without, with_draws = (estimate(case.workload(draws_count=count), case.factors()) for count in (0, 1000))
    assert with_draws.result == without.result
    assert with_draws.steps == without.steps
    assert with_draws.contributions == ()


def test_as_printed_is_strict() -> None:
    assert as_printed(26.84, 27.0)
    assert not as_printed(26.4, 27.0)
    assert as_printed(1503.0, 1507.0)
    assert not as_printed(1499.0, 1507.0)
