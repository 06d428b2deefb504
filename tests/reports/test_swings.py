"""How far each input moves the total, against arithmetic by hand."""

import json
from pathlib import Path

import pytest

from estimator.core.footprint import Footprint
from reports.swings import swings_of
from tests.reports.conftest import make_footprint

GOLDEN = Path(__file__).parent / "disclosures" / "golden"


def with_inputs() -> Footprint:
    """The footprint made by hand, with every input that its formulas name."""
    footprint = make_footprint()
    known = {one.name for one in footprint.assumptions}
    more = {"duration_h": 79.0, "accelerator_count": 64.0, "device_embodied_kgco2e": 150.0, "lifetime_years": 4.0}
    like = footprint.assumptions[0]
    added = tuple(
        like.model_copy(update={"name": name, "label": name, "value": value, "low": value, "high": value})
        for name, value in more.items()
        if name not in known
    )
    return footprint.model_copy(update={"assumptions": footprint.assumptions + added})


def test_by_hand() -> None:
    swings = {swing.name: swing for swing in swings_of(with_inputs())}
    operational = 12_041.51 * 79 / 1000 * 0.4327
    embodied = 64 * 150.0 * 79 / (8760 * 4)
    assert swings["pue"].at_low_kgco2e == pytest.approx(operational * 1.3 + embodied, rel=1e-12)
    assert swings["pue"].at_high_kgco2e == pytest.approx(operational * 1.8 + embodied, rel=1e-12)
    grid = swings["grid_intensity_gco2e_per_kwh"]
    assert grid.at_high_kgco2e == pytest.approx(operational / 0.4327 * 0.4760 * 1.58 + embodied, rel=1e-12)
    assert swings_of(with_inputs())[0].name == "pue"
    assert set(swings) == {"pue", "grid_intensity_gco2e_per_kwh", "mean_system_power_w"}


def test_where_the_formulas_are_not_the_whole_calculation_nothing_is_drawn() -> None:
    whole = with_inputs()
    assert swings_of(make_footprint()) == ()  # inputs of the hardware's making are missing
    steps = tuple(
        step.model_copy(update={"formula": "it_energy_kwh × pue × 2"}) if step.name == "facility_energy_kwh" else step
        for step in whole.steps
    )
    assert swings_of(whole.model_copy(update={"steps": steps})) == ()


@pytest.mark.parametrize(
    "formula", ["__import__('os')", "pue.real", "(lambda: 1)()", "[pue][0]", "pue if pue else 1", "pue ×"]
)
def test_only_arithmetic_is_evaluated(formula: str) -> None:
    whole = with_inputs()
    steps = (whole.steps[0].model_copy(update={"formula": formula}), *whole.steps[1:])
    assert swings_of(whole.model_copy(update={"steps": steps})) == ()


@pytest.mark.parametrize("run", sorted(folder.name for folder in GOLDEN.iterdir() if folder.is_dir()))
def test_every_kind_of_run_prints_its_whole_calculation(run: str) -> None:
    stored = json.loads((GOLDEN / run / "run.json").read_text(encoding="utf-8"))
    assert swings_of(Footprint.model_validate(stored.get("footprint", stored)))
