"""Measured against estimated: the parts add up to the gap, whatever the two sides are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core.reconcile import (
    Component,
    Factors,
    Reason,
    Side,
    measured_side,
    reconcile,
)

SIZES = st.floats(1e-3, 1e4)
COMPONENTS = st.sampled_from(["accelerator", "cpu", "memory", "other", "servers"])
SIDES = st.builds(
    Side,
    st.dictionaries(COMPONENTS, st.builds(Factors, SIZES, SIZES, st.floats(0.01, 2.0), SIZES), min_size=1, max_size=4),
    st.floats(1.0, 3.0),
)


@given(SIDES, SIDES)
def test_parts_add_up_to_the_gap(estimated: Side, measured: Side) -> None:
    found = reconcile(estimated=estimated, measured=measured)
    scale = max(found.estimated_kwh, found.measured_kwh)
    assert math.fsum(part.energy_kwh for part in found.parts) == pytest.approx(
        found.gap_kwh, rel=1e-9, abs=1e-9 * scale
    )
    assert math.fsum(item.measured_kwh for item in found.components) == pytest.approx(found.measured_kwh, rel=1e-9)
    assert math.fsum(item.estimated_kwh for item in found.components) == pytest.approx(found.estimated_kwh, rel=1e-9)
    assert found.measured_kwh == pytest.approx(measured.facility_energy_kwh, rel=1e-9)


@given(SIDES)
def test_without_a_gap_there_is_no_part(side: Side) -> None:
    found = reconcile(estimated=side, measured=side)
    assert found.gap_kwh == 0 and found.parts == ()


@given(SIDES, SIDES)
def test_the_other_way_round_every_part_changes_its_sign(first: Side, second: Side) -> None:
    there = {part.reason: part.energy_kwh for part in reconcile(estimated=first, measured=second).parts}
    back = {part.reason: part.energy_kwh for part in reconcile(estimated=second, measured=first).parts}
    swapped: dict[Reason, Reason] = {"not_estimated": "not_measured", "not_measured": "not_estimated"}
    scale = max(first.facility_energy_kwh, second.facility_energy_kwh)
    for reason, energy_kwh in there.items():
        assert back[swapped.get(reason, reason)] == pytest.approx(-energy_kwh, rel=1e-6, abs=1e-9 * scale)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"draw_w": 800.0}, "draw"),
        ({"utilisation": 1.0}, "utilisation"),
        ({"duration_h": 20.0}, "hours"),
        ({"count": 16.0}, "count"),
    ],
)
def test_one_factor_that_doubles_is_the_whole_reason(changed: dict[str, float], reason: str) -> None:
    before = {"draw_w": 400.0, "duration_h": 10.0, "utilisation": 0.5, "count": 8.0}
    found = reconcile(
        estimated=Side({"accelerator": Factors(**before)}), measured=Side({"accelerator": Factors(**before | changed)})
    )
    assert [part.reason for part in found.parts] == [reason]
    # 400 W x 0.5 x 10 h x 8 = 16 kWh more.
    assert found.gap_kwh == pytest.approx(16.0, rel=1e-12)
    assert found.ratio == pytest.approx(2.0, rel=1e-12)


def test_two_factors_share_a_gap_by_their_logarithms() -> None:
    # Hours double and the draw grows fourfold: 1 kWh becomes 8, a third of the gap is by hours.
    found = reconcile(
        estimated=Side({"accelerator": Factors(100.0, 10.0)}), measured=Side({"accelerator": Factors(400.0, 20.0)})
    )
    assert {part.reason: round(part.energy_kwh, 9) for part in found.parts} == {
        "draw": round(7 * 2 / 3, 9),
        "hours": round(7 / 3, 9),
    }


def test_what_only_one_side_holds_is_a_part_of_its_own() -> None:
    found = reconcile(
        estimated=Side({"accelerator": Factors(100.0, 10.0)}, pue=1.5),
        measured=Side({"accelerator": Factors(100.0, 10.0), "cpu": Factors(50.0, 10.0)}, pue=1.5),
    )
    assert {part.reason: part.energy_kwh for part in found.parts} == {"not_estimated": pytest.approx(0.75)}


def test_hosts_are_compared_as_one_where_only_one_side_divides_them() -> None:
    found = reconcile(
        estimated=Side({"accelerator": Factors(100.0, 10.0), "other": Factors(60.0, 10.0)}),
        measured=Side({"accelerator": Factors(100.0, 10.0), "cpu": Factors(50.0, 10.0), "memory": Factors(10.0, 10.0)}),
    )
    assert [item.component for item in found.components] == ["accelerator", "host"]
    assert found.gap_kwh == pytest.approx(0.0, abs=1e-12)


def test_measured_side_takes_the_limit_from_the_estimate() -> None:
    estimated = Side({"accelerator": Factors(400.0, 10.0, 0.5, 8.0)}, pue=1.2)
    # 8 x 400 W x 0.7 x 10 h = 22.4 kWh
    energy: dict[Component, float] = {"accelerator": 22.4}
    measured = measured_side(energy_by_component_kwh=energy, duration_h=10.0, estimated=estimated)
    assert measured.components["accelerator"].utilisation == pytest.approx(0.7, rel=1e-12)
    found = reconcile(estimated=estimated, measured=measured)
    assert [part.reason for part in found.parts] == ["utilisation"]
    # 6.4 kWh more, times PUE.
    assert found.gap_kwh == pytest.approx(7.68, rel=1e-12)


def test_measured_side_needs_a_time() -> None:
    with pytest.raises(ValueError, match="duration_h"):
        measured_side(energy_by_component_kwh={}, duration_h=0.0, estimated=Side({}))


def test_steps_tell_every_part_and_the_gap() -> None:
    found = reconcile(
        estimated=Side({"accelerator": Factors(100.0, 10.0)}), measured=Side({"accelerator": Factors(200.0, 20.0)})
    )
    assert [step.name for step in found.steps] == ["gap_draw_kwh", "gap_hours_kwh", "gap_kwh"]
    assert math.fsum(step.value for step in found.steps[:-1]) == pytest.approx(found.steps[-1].value, rel=1e-12)
