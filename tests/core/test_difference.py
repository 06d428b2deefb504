"""What differs between two footprints."""

import pytest

from estimator.core.difference import differences
from estimator.core.footprint import Footprint
from estimator.core.inputs import Workload
from estimator.services import calculate


def footprint_of(**changes: object) -> Footprint:
    body = {
        "hardware": {"accelerator": "nvidia-a100-sxm4-80gb", "accelerator_count": 8},
        "duration_h": 10,
        "location": {"country": "FR"},
        "uncertainty": {"draws_count": 0},
    }
    return calculate(workload=Workload.model_validate(body | changes))


def test_equal_footprints_differ_in_nothing() -> None:
    assert differences(footprint_of(), footprint_of()) == ()


def test_each_number_that_moved_is_named_with_its_ratio() -> None:
    found = {one.name: one for one in differences(footprint_of(pue=1.2), footprint_of(pue=1.5))}
    assert found["facility_energy_kwh"].ratio == pytest.approx(1.25, rel=1e-12)
    assert found["pue"].kind == "assumption"
    assert found["pue"].ratio == pytest.approx(1.25, rel=1e-12)
    assert "it_energy_kwh" not in found


def test_what_one_side_lacks_has_no_ratio() -> None:
    without = footprint_of(embodied={"include": False})
    found = {one.name: one for one in differences(footprint_of(), without)}
    assert found["embodied_share_kgco2e"].after is None
    assert found["embodied_share_kgco2e"].ratio is None
