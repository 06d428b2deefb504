"""What a run may change to, and how risky each published effect on quality is taken to be."""

import pytest

from estimator.core.inputs import Workload
from estimator.core.levers.settings import OtherHardware, Region
from estimator.reference import catalogue
from estimator.reference.plans import RISKS, baseline, name_of, other_boards, other_regions, suggested_choices
from tests.core import levers_cases as cases


def test_every_effect_on_quality_of_the_evidence_is_judged() -> None:
    effects = {row.quality_effect for row in catalogue.shelf().lever_rows if row.quality_effect}
    assert effects == set(RISKS)
    assert all(set(points) == {"", "small", "medium", "large"} for points in RISKS.values())
    assert {point for points in RISKS.values() for point in points.values()} <= {0, 1, 2, 3}


def test_what_says_none_has_no_risk() -> None:
    for effect, points in RISKS.items():
        if effect.startswith("None"):
            assert set(points.values()) == {0}


def test_boards_are_sold_and_hold_what_the_present_one_holds() -> None:
    run = baseline(Workload.model_validate(cases.BY_OPERATIONS))
    boards = other_boards(run)
    present = catalogue.shelf().accelerator_names.find(run.hardware.accelerator or "", path="").row
    assert 0 < len(boards) <= 10
    assert present.id not in {board.id for board in boards}
    assert all((board.memory_gb or 0.0) >= (present.memory_gb or 0.0) for board in boards)


def test_regions_are_those_of_the_provider_where_there_is_one() -> None:
    body = {**cases.BY_DEVICES, "location": {"provider": "aws", "region": "us-east-1"}}
    regions = [lever for lever in other_regions(baseline(Workload.model_validate(body))) if isinstance(lever, Region)]
    assert {lever.provider for lever in regions} == {"aws"}
    assert "us-east-1" not in {lever.region for lever in regions}
    anywhere = other_regions(baseline(Workload.model_validate(cases.BY_DEVICES)))
    assert len(anywhere) > 3 * len(regions)


def test_the_run_of_a_search_has_its_method_and_no_levers() -> None:
    body = {**cases.BY_DEVICES, "levers": [{"lever": "pue", "pue": 1.1}]}
    run = baseline(Workload.model_validate(body))
    assert (run.method, run.levers) == ("device_hours", ())


@pytest.mark.parametrize(
    ("lever", "name"),
    [
        (OtherHardware(lever="hardware", accelerator="h100"), "NVIDIA H100"),
        (Region(lever="region", provider="aws", region="eu-north-1"), "eu-north-1"),
        (Region(lever="region", country="FR"), "France"),
    ],
)
def test_names(lever: OtherHardware | Region, name: str) -> None:
    assert name in name_of(lever)


@pytest.mark.parametrize(
    "name", ["SERVED", "BY_DEVICES", "BY_SYSTEM", "BY_OPERATIONS", "MEASURED", "BY_CORES", "ITEMS"]
)
def test_every_kind_of_run_has_something_to_try(name: str) -> None:
    run = baseline(Workload.model_validate(getattr(cases, name)))
    assert {lever.lever for lever in suggested_choices(run)} >= {"region", "time_shift"}
