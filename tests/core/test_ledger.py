"""The ledger of a life: sums by hand, and what holds for every ledger."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core.footprint import Range
from estimator.core.ledger import (
    LEVERS_OF_PART,
    MOST_MONTHS,
    PARTS,
    ROLES,
    Entry,
    LedgerResult,
    Occurrences,
    Role,
    ledger,
    occurrences_by_month,
    passing_month,
)
from estimator.core.levers.registry import LEVERS


def around(central: float) -> Range:
    return Range(low=central * 0.5, central=central, high=central * 2)


def entry(role: Role, kgco2e: float, *, embodied: float | None = None, **often: float) -> Entry:
    return Entry(
        role=role,
        title=role,
        operational_kgco2e=around(kgco2e),
        embodied_kgco2e=None if embodied is None else around(embodied),
        facility_energy_kwh=around(kgco2e * 2),
        occurrences=Occurrences(**often),
    )


def totals(result: LedgerResult) -> dict[str, float]:
    return {row.part: row.total_kgco2e.central for row in result.rows}


def test_a_life_by_hand() -> None:
    result = ledger(
        [
            entry("development", 100.0, times_before=3),
            entry("training", 1000.0, embodied=50.0, times_before=1),
            entry("retraining", 1000.0, embodied=50.0, times_per_year=2),
            entry("evaluation", 10.0, times_before=1, times_per_month=1),
            entry("inference", 60.0, embodied=5.0, times_per_month=4),
        ],
        service_life_months=24,
    )
    assert totals(result) == pytest.approx(
        {
            "development": 300.0,
            "training": 1000.0,
            "retraining": 4000.0,  # twice a year for two years
            "evaluation": 250.0,
            "inference": 5760.0,  # 24 x 4 x 60
            "embodied": 50.0 + 200.0 + 480.0,
        }
    )
    assert result.total_kgco2e.central == pytest.approx(12_040.0)
    assert (result.total_kgco2e.low, result.total_kgco2e.high) == pytest.approx((6020.0, 24_080.0))
    assert result.facility_energy_kwh.central == pytest.approx(2 * (300 + 1000 + 4000 + 250 + 5760))
    assert result.before_service_kgco2e == pytest.approx(300 + 1000 + 50 + 10)
    # 260 a month by use; 1,360 before it and 10 a month beside it, and 1,050 more in months 6, 12, 18 and 24:
    # after month 23 it is 5,980 against 4,740, after month 24 6,240 against 5,800; after 18 it was 4,680 against 4,690.
    assert result.passing_month == 19
    assert result.inference_ratio == pytest.approx(6240 / 5800)


def test_use_that_never_passes_training() -> None:
    result = ledger(
        [entry("training", 1000.0, times_before=1), entry("inference", 1.0, times_per_month=1)], service_life_months=36
    )
    assert result.passing_month is None
    assert result.inference_ratio == pytest.approx(0.036)


def test_use_that_is_overtaken_again_passes_only_where_it_stays_ahead() -> None:
    assert passing_month(np.array([0.0, 4.0, 5.0]), np.array([3.0, 3.0, 9.0])) is None
    assert passing_month(np.array([0.0, 4.0, 5.0, 12.0]), np.array([3.0, 3.0, 9.0, 9.0])) == 3
    assert passing_month(np.array([1.0, 2.0]), np.array([0.0, 0.0])) == 0


def test_without_a_life_there_is_no_use() -> None:
    result = ledger(
        [
            entry("training", 10.0, times_before=1),
            entry("retraining", 10.0, times_per_year=12),
            entry("inference", 5.0, times_per_month=1e6),
        ],
        service_life_months=0,
    )
    assert totals(result) == {"training": 10.0, "retraining": 0.0, "inference": 0.0}
    assert result.cumulative_kgco2e == (10.0,) and result.passing_month is None


@pytest.mark.parametrize(
    ("per_year", "months", "expected"),
    [
        (12.0, 3, [0, 1, 1, 1]),
        (1.0, 12, [0] * 12 + [1]),
        (24.0, 2, [0, 2, 2]),
        (1.0, 18, [0] * 12 + [1] + [0] * 5 + [0.5]),
    ],
)
def test_what_is_done_so_often_a_year_is_done_when_it_is_due(
    per_year: float, months: int, expected: list[float]
) -> None:
    assert occurrences_by_month(Occurrences(times_per_year=per_year), months).tolist() == pytest.approx(expected)


def test_bounds_are_kept() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ledger([], service_life_months=1)
    with pytest.raises(ValueError, match="0 to 240"):
        ledger([entry("training", 1.0)], service_life_months=MOST_MONTHS + 1)
    with pytest.raises(ValueError):
        Occurrences(times_per_month=-1.0)


@pytest.mark.parametrize("trained_kgco2e", [0.0, 5e-324])
def test_beside_a_training_of_nothing_use_has_no_ratio(trained_kgco2e: float) -> None:
    result = ledger([entry("training", trained_kgco2e), entry("inference", 10.0)], service_life_months=1)
    assert result.inference_ratio is None


def test_every_part_names_levers_that_there_are() -> None:
    assert set(LEVERS_OF_PART) == set(PARTS)
    assert {lever for levers in LEVERS_OF_PART.values() for lever in levers} <= set(LEVERS)


AMOUNT = st.floats(0.0, 1e9)
OFTEN = st.floats(0.0, 1e4)
ENTRIES = st.lists(
    st.builds(
        lambda role, kgco2e, made, before, year, month: entry(
            role, kgco2e, embodied=made, times_before=before, times_per_year=year, times_per_month=month
        ),
        st.sampled_from(ROLES),
        AMOUNT,
        st.none() | AMOUNT,
        OFTEN,
        OFTEN,
        OFTEN,
    ),
    min_size=1,
    max_size=6,
)


@given(ENTRIES, st.integers(0, 120))
def test_parts_sum_to_the_whole_in_each_month(entries: list[Entry], months: int) -> None:
    result = ledger(entries, service_life_months=months)
    parts = np.sum([row.cumulative_kgco2e for row in result.rows], axis=0)
    np.testing.assert_allclose(parts, result.cumulative_kgco2e, rtol=1e-9, atol=1e-9)
    assert sum(row.total_kgco2e.central for row in result.rows) == pytest.approx(result.total_kgco2e.central)
    assert result.cumulative_kgco2e[-1] == pytest.approx(result.total_kgco2e.central)
    assert len(result.cumulative_kgco2e) == months + 1
    assert np.all(np.diff(result.cumulative_kgco2e) >= -1e-6)
    if result.total_kgco2e.central > 0.0:
        assert sum(row.share for row in result.rows) == pytest.approx(1.0)


@given(ENTRIES, st.integers(0, 60))
def test_occurrences_are_as_many_as_were_said(entries: list[Entry], months: int) -> None:
    for one in entries:
        said = one.occurrences
        often = occurrences_by_month(said, months)
        due = said.times_before + months * (said.times_per_month + said.times_per_year / 12)
        assert often.sum() == pytest.approx(due, rel=1e-9, abs=1e-6)
        assert np.all(often >= -1e-6)
