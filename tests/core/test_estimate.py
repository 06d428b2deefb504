"""The composer: known answers by hand, what is unknown, ranges, warnings about gaps."""

import math
import pickle
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator.core import ENGINE_VERSION
from estimator.core.estimate import estimate
from estimator.core.footprint import Footprint, Range
from estimator.core.inputs import Embodied, FunctionalUnit, Hardware, InputProblems, MarketBased
from tests.core.builders import EIGHT, EIGHT_RUN, EVERYTHING, UNCERTAIN, assumption, factors, workload
from tests.core.levers_cases import RUNS
from tests.core.levers_cases import footprint as run_footprint


def certain(value: float) -> Range:
    return Range(low=value, central=value, high=value)


def quantities(footprint: Footprint) -> dict[str, Range]:
    found = {name: value for name, value in footprint.result if isinstance(value, Range)}
    if footprint.result.functional_unit is not None:
        found |= {name: value for name, value in footprint.result.functional_unit if isinstance(value, Range)}
    return found


def names(footprint: Footprint) -> list[str]:
    return [step.name for step in footprint.steps]


def evaluated(expression: str, values: dict[str, float]) -> float:
    """What a formula says, taken at its word."""
    python = expression.replace("×", "*").replace("÷", "/").replace("−", "-").replace("^", "**")
    assert re.fullmatch(r"[a-z0-9_ ,.+\-*/()]+", python), expression
    functions = {"log2": math.log2, "ceil": math.ceil, "max": max}
    return float(eval(python, {"__builtins__": {}, **functions}, values))


# Known answers


def test_device_hours_by_hand() -> None:
    footprint = estimate(workload(**EIGHT_RUN), factors(**EVERYTHING))
    result = footprint.result
    assert result.accelerator_hours == certain(800.0)
    assert result.accelerator_energy_kwh == certain(160.0)
    assert result.it_energy_kwh == certain(160.0)
    assert result.facility_energy_kwh == certain(200.0)
    assert result.operational_location_based_kgco2e == certain(100.0)
    # 800 h of 10,000 h of use: eight hundredths of 150 + 300 kg.
    assert result.embodied_share_kgco2e is not None
    assert result.embodied_share_kgco2e.central == pytest.approx(36.0, rel=1e-12)
    assert result.total_kgco2e.central == pytest.approx(136.0, rel=1e-12)
    # 160 kWh x (2 + 1.25 x 4) L/kWh.
    assert result.water_l == certain(1120.0)
    assert result.electricity_cost_usd == certain(20.0)
    assert result.cloud_cost_usd == Range(low=400.0, central=800.0, high=2400.0)
    assert result.operational_market_based_kgco2e is None
    assert result.functional_unit is None
    assert (result.total_flop, result.mfu) == (None, None)
    assert footprint.warnings == ()
    assert footprint.engine_version == ENGINE_VERSION
    assert footprint.dataset_version == "by hand"
    assert footprint.input_digest == workload(**EIGHT_RUN).input_digest


def test_given_accelerator_hours_beat_count_and_hours() -> None:
    triples = {**EIGHT, "accelerator_hours": 1000.0}
    footprint = estimate(workload(accelerator_hours=1000.0, **EIGHT_RUN), factors(**triples))
    assert footprint.result.accelerator_hours == certain(1000.0)
    assert footprint.result.it_energy_kwh == certain(200.0)
    assert "accelerator_hours" not in names(footprint)


def test_accelerator_hours_alone_are_enough() -> None:
    triples = {name: triple for name, triple in EIGHT.items() if name not in ("accelerator_count", "duration_h")}
    footprint = estimate(workload(accelerator_hours=800.0), factors(**triples))
    assert footprint.result.facility_energy_kwh == certain(200.0)


def test_hosts_are_added_where_their_draw_is_known() -> None:
    both = estimate(workload(**EIGHT_RUN), factors(**EIGHT, mean_cpu_power_w=300.0, mean_memory_power_w=100.0))
    assert both.result.accelerator_energy_kwh == certain(160.0)
    assert both.result.it_energy_kwh == certain(200.0)
    one = estimate(workload(**EIGHT_RUN), factors(**EIGHT, mean_memory_power_w=100.0))
    assert one.result.it_energy_kwh == certain(170.0)


def test_strubell_by_the_draw_of_the_system() -> None:
    triples = {**EVERYTHING, "mean_system_power_w": 2000.0}
    # The limit of a board, looked up, must not stand as the accelerators' part of a measured system.
    looked_up = assumption("mean_accelerator_power_w", 400.0, status="looked_up")
    result = estimate(workload(**EIGHT_RUN), factors("strubell_2019", others=(looked_up,), **triples)).result
    assert result.it_energy_kwh == certain(200.0)
    assert result.accelerator_energy_kwh is None
    assert result.accelerator_hours == certain(800.0)
    given_draw = estimate(workload(**EIGHT_RUN), factors("strubell_2019", **triples)).result
    assert given_draw.it_energy_kwh == certain(200.0)
    assert given_draw.accelerator_energy_kwh == certain(160.0)


def test_strubell_by_components() -> None:
    triples = {**EIGHT, "mean_cpu_power_w": 300.0, "mean_memory_power_w": 100.0}
    footprint = estimate(workload(**EIGHT_RUN), factors("strubell_2019", **triples))
    # (300 + 100 + 8 x 400 x 0.5) W = 2 kW for 100 h.
    assert footprint.result.it_energy_kwh == certain(200.0)
    assert footprint.result.accelerator_energy_kwh == certain(160.0)
    without = {name: triple for name, triple in triples.items() if name != "utilisation"}
    assert estimate(workload(**EIGHT_RUN), factors("strubell_2019", **without)).result.it_energy_kwh == certain(360.0)


def test_components_make_what_their_sum_makes() -> None:
    components = {**EIGHT, "mean_cpu_power_w": 300.0, "mean_memory_power_w": 100.0}
    by_components = estimate(workload(**EIGHT_RUN), factors("strubell_2019", **components)).result
    by_devices = estimate(workload(**EIGHT_RUN), factors("device_hours", **components)).result
    assert by_components == by_devices


def test_measured_energy_is_taken_as_it_is() -> None:
    triples = {**EVERYTHING, "it_energy_kwh": 123.0}
    result = estimate(workload(it_energy_kwh=123.0, **EIGHT_RUN), factors("measured", **triples)).result
    assert result.it_energy_kwh == certain(123.0)
    assert result.facility_energy_kwh == certain(153.75)
    assert result.accelerator_energy_kwh is None
    assert result.accelerator_hours == certain(800.0)


def test_measured_energy_needs_no_hardware() -> None:
    few = {name: EVERYTHING[name] for name in ("pue", "grid_intensity_gco2e_per_kwh")}
    result = estimate(workload(it_energy_kwh=100.0), factors("measured", it_energy_kwh=100.0, **few)).result
    assert result.total_kgco2e == certain(62.5)
    known = {"it_energy_kwh", "facility_energy_kwh", "operational_location_based_kgco2e", "total_kgco2e"}
    assert {name for name, value in result if value is not None} == known


@pytest.mark.parametrize(
    ("method", "more"),
    [("device_hours", {}), ("strubell_2019", {"mean_system_power_w": 1600.0}), ("measured", {"it_energy_kwh": 160.0})],
)
def test_everything_grows_with_the_number_of_runs(method: Any, more: dict[str, Any]) -> None:
    once = estimate(workload(**EIGHT_RUN), factors(method, **EVERYTHING, **more))
    triples = {**EVERYTHING, **more, "development_factor": 1.5, "repeat_count": 4.0}
    often = estimate(workload(development_factor=1.5, repeat_count=4, **EIGHT_RUN), factors(method, **triples))
    assert once.result.total_kgco2e.central == pytest.approx(136.0, rel=1e-12)
    for name, value in quantities(often).items():
        # (1 + 1.5) x 4 runs.
        for end in ("low", "central", "high"):
            assert getattr(value, end) == pytest.approx(10.0 * getattr(quantities(once)[name], end), rel=1e-12), name
    assert quantities(often).keys() == quantities(once).keys()
    assert "run_multiplier" in names(often)
    assert "run_multiplier" not in names(once)


def test_market_based_stands_beside_the_total() -> None:
    contract = MarketBased(contracted_share=0.75, contract_intensity_gco2e_per_kwh=20.0)
    shares: dict[str, Any] = {"contracted_share": 0.75, "contract_intensity_gco2e_per_kwh": 20.0}
    without = estimate(workload(**EIGHT_RUN), factors(**EVERYTHING, **shares)).result
    assert without.operational_market_based_kgco2e is None
    asked = workload(market_based=contract, **EIGHT_RUN)
    # 200 kWh x (0.75 x 20 + 0.25 x 600) g/kWh.
    residual = estimate(asked, factors(**EVERYTHING, **shares, residual_intensity_gco2e_per_kwh=600.0)).result
    assert residual.operational_market_based_kgco2e == certain(33.0)
    # Without a residual mix the rest counts as the grid's average, 500 g/kWh.
    grid = estimate(asked, factors(**EVERYTHING, **shares)).result
    assert grid.operational_market_based_kgco2e == certain(28.0)
    assert grid.total_kgco2e == residual.total_kgco2e == without.total_kgco2e


def test_embodied_can_be_left_out() -> None:
    footprint = estimate(workload(embodied=Embodied(include=False), **EIGHT_RUN), factors(**EVERYTHING))
    assert footprint.result.embodied_share_kgco2e is None
    assert footprint.result.total_kgco2e == certain(100.0)
    assert footprint.warnings == ()


def test_embodied_of_the_accelerators_alone() -> None:
    triples = {name: triple for name, triple in EVERYTHING.items() if name != "host_embodied_kgco2e"}
    share = estimate(workload(**EIGHT_RUN), factors(**triples)).result.embodied_share_kgco2e
    assert share is not None
    assert share.central == pytest.approx(12.0, rel=1e-12)


def test_functional_unit() -> None:
    unit = FunctionalUnit(name="1000 requests", count=50.0)
    result = estimate(workload(functional_unit=unit, **EIGHT_RUN), factors(**EVERYTHING)).result.functional_unit
    assert result is not None
    assert (result.name, result.count) == ("1000 requests", 50.0)
    assert result.kgco2e_per_unit.central == pytest.approx(136.0 / 50.0, rel=1e-12)
    assert result.kwh_per_unit == certain(4.0)


def test_a_clean_grid_without_embodied_gives_zero_and_no_nan() -> None:
    triples = {**EIGHT, "grid_intensity_gco2e_per_kwh": 0.0, "utilisation": (0.4, 0.5, 0.6)}
    footprint = estimate(workload(draws_count=100, **EIGHT_RUN), factors(**triples))
    assert footprint.result.total_kgco2e == certain(0.0)
    assert footprint.equivalents == ()
    assert footprint.contributions == ()


# Steps


@pytest.mark.parametrize("method", ["device_hours", "strubell_2019", "measured"])
@pytest.mark.parametrize("several", [False, True])
def test_each_step_says_what_was_computed(method: Any, several: bool) -> None:
    triples = {**UNCERTAIN, "it_energy_kwh": 160.0, "mean_cpu_power_w": 301.7, "mean_memory_power_w": 99.1}
    triples |= {"contracted_share": 0.4, "contract_intensity_gco2e_per_kwh": 30.0}
    if several:
        triples |= {"development_factor": 0.37, "repeat_count": 3.0}
    asked = workload(
        market_based=MarketBased(contracted_share=0.4),
        functional_unit=FunctionalUnit(count=7.0),
        draws_count=50,
        **EIGHT_RUN,
    )
    chosen = factors(method, **triples)
    footprint = estimate(asked, chosen)
    known = {name: used.value for name, used in chosen.assumptions.items()} | {"functional_unit_count": 7.0}
    for step in footprint.steps:
        assert evaluated(step.formula, known) == pytest.approx(step.value, rel=1e-12), step
        assert evaluated(step.substituted, {}) == pytest.approx(step.value, rel=1e-8), step
        assert step.label
        known[step.name] = step.value
    for name, value in quantities(footprint).items():
        assert value.central == known[name], name


def test_steps_cite_their_formula_and_their_inputs() -> None:
    footprint = estimate(workload(**EIGHT_RUN), factors(**EVERYTHING))
    facility = next(step for step in footprint.steps if step.name == "facility_energy_kwh")
    assert facility.source_ids == ("patterson-2021", "table")
    assert set(footprint.sources) == {"table", "patterson-2021", "li-2023", "sci-iso-21031-2024"}


# Ranges


def test_ranges_and_contributions() -> None:
    footprint = estimate(workload(draws_count=10_000, **EIGHT_RUN), factors(**UNCERTAIN))
    exact = estimate(workload(**EIGHT_RUN), factors(**EVERYTHING))
    for name, value in quantities(footprint).items():
        assert value.low <= value.central <= value.high, name
        assert value.central == pytest.approx(quantities(exact)[name].central, rel=1e-12), name
    result = footprint.result
    # One uncertain factor: its own percentiles, times what is certain.
    assert result.it_energy_kwh.low == pytest.approx(128.0, rel=0.02)
    assert result.it_energy_kwh.high == pytest.approx(256.0, rel=0.02)
    assert result.accelerator_hours == certain(800.0)
    assert result.cloud_cost_usd == Range(low=400.0, central=800.0, high=2400.0)
    shares = {item.name: item.share_of_variance for item in footprint.contributions}
    assert list(shares) == sorted(shares, key=lambda name: -shares[name])
    assert next(iter(shares)) == "utilisation"
    assert sum(shares.values()) == pytest.approx(1.0, abs=0.02)
    assert not {"wue_l_per_kwh", "electricity_price_usd_per_kwh", "cloud_price_usd_per_accelerator_h"} & set(shares)


@pytest.mark.parametrize("run", RUNS)
def test_what_was_computed_can_be_read_back_and_checked(run: str) -> None:
    """The composer trusts itself: each field is there, of its type and finite."""
    levers = {"lever": "pue", "pue": 1.05}, {"lever": "region", "country": "SE"}
    found = run_footprint(RUNS[run], *levers, draws_count=50)
    assert found.__dict__.keys() == Footprint.model_fields.keys()
    assert found.result.__dict__.keys() == type(found.result).model_fields.keys()
    stored = Footprint.model_validate_json(found.model_dump_json())
    assert stored == found
    assert stored.steps == tuple(found.steps) == pickle.loads(pickle.dumps(found.steps))
    assert hash(found.steps) == hash(stored.steps)


def test_without_draws_there_is_no_range() -> None:
    footprint = estimate(workload(draws_count=0, **EIGHT_RUN), factors(**UNCERTAIN))
    for name, value in quantities(footprint).items():
        if name != "cloud_cost_usd":
            assert value.low == value.central == value.high
    assert footprint.contributions == ()


def test_the_same_seed_gives_the_same_answer() -> None:
    first, again, other = (
        estimate(workload(draws_count=500, seed=seed, **EIGHT_RUN), factors(**UNCERTAIN)) for seed in (3, 3, 4)
    )
    assert first == again
    assert first.result.total_kgco2e.low != other.result.total_kgco2e.low
    assert first.result.total_kgco2e.central == other.result.total_kgco2e.central


def test_another_uncertain_factor_leaves_the_others_as_they_were() -> None:
    fewer = {**UNCERTAIN, "wue_l_per_kwh": 2.0, "lifetime_years": 4.0}
    few = estimate(workload(draws_count=500, **EIGHT_RUN), factors(**fewer)).result
    more = estimate(workload(draws_count=500, **EIGHT_RUN), factors(**UNCERTAIN)).result
    assert few.operational_location_based_kgco2e == more.operational_location_based_kgco2e
    assert few.total_kgco2e != more.total_kgco2e


@given(
    duration_h=st.floats(0.001, 1e5),
    factor=st.floats(1.0, 50.0),
    power_w=st.floats(0.1, 2e3),
    pue=st.floats(0.5, 3.0),
    intensity=st.floats(0.0, 2e3),
    spread=st.floats(1.0, 5.0),
)
@settings(max_examples=60)
def test_linear_monotone_ordered_and_finite(
    duration_h: float, factor: float, power_w: float, pue: float, intensity: float, spread: float
) -> None:
    def footprint(hours: float) -> Footprint:
        triples: dict[str, Any] = {
            **{name: triple for name, triple in UNCERTAIN.items() if name != "accelerator_hours"},
            "duration_h": hours,
            "mean_accelerator_power_w": (power_w / spread, power_w, power_w * spread),
            "pue": (pue / spread, pue, pue * spread),
            "grid_intensity_gco2e_per_kwh": (0.0, intensity, intensity * spread),
        }
        asked = workload(hardware=Hardware(accelerator_count=8), duration_h=hours, draws_count=64)
        return estimate(asked, factors(**triples))

    short, long = quantities(footprint(duration_h)), quantities(footprint(duration_h * factor))
    assert short.keys() == long.keys()
    for name, value in short.items():
        assert 0.0 <= value.low <= value.central <= value.high < math.inf
        for end in ("low", "central", "high"):
            assert getattr(long[name], end) == pytest.approx(factor * getattr(value, end), rel=1e-9), name


# Refusals, gaps, quality, equivalents


@pytest.mark.parametrize(
    ("method", "paths"),
    [
        (
            "training_flop",
            ["hardware.mfu", "model.training_tokens", "model.active_parameters_count", "peak_flops"],
        ),
        ("cores_and_memory", ["hardware.memory_gb", "hardware.mean_cpu_power_w"]),
        (
            "inference_tokens",
            ["inference.requests_count", "inference.output_tokens", "model.parameters_count", "bytes_per_parameter"],
        ),
    ],
)
def test_what_a_method_lacks_is_refused_where_it_stands(method: Any, paths: list[str]) -> None:
    with pytest.raises(InputProblems) as refused:
        estimate(workload(), factors(method, **EIGHT))
    assert set(paths) <= {problem.path for problem in refused.value.problems}


def test_all_missing_inputs_are_named_at_once() -> None:
    with pytest.raises(InputProblems) as refused:
        estimate(workload(repeat_count=2), factors("strubell_2019", mean_cpu_power_w=100.0))
    assert [problem.path for problem in refused.value.problems] == [
        "pue",
        "grid_intensity_gco2e_per_kwh",
        "duration_h",
        "hardware.mean_memory_power_w",
        "hardware.accelerator_count",
        "hardware.mean_accelerator_power_w",
        "repeat_count",
    ]


@pytest.mark.parametrize(
    ("triples", "fields", "path"),
    [
        ({"accelerator_hours": 1e200, "mean_accelerator_power_w": 1e200}, {"accelerator_hours": 1e12}, "duration_h"),
        ({"lifetime_years": 1e-300}, {}, "embodied.lifetime_years"),
        ({"lifetime_years": 1e-200, "lifetime_utilisation": 1e-200}, {}, "embodied.lifetime_years"),
        ({}, {"functional_unit": FunctionalUnit(count=1e-300)}, "functional_unit.count"),
        ({}, {"functional_unit": FunctionalUnit(count=5e-324)}, "functional_unit.count"),
    ],
)
def test_a_result_beyond_numbers_is_refused(triples: dict[str, Any], fields: dict[str, Any], path: str) -> None:
    with pytest.raises(InputProblems, match="too large") as refused:
        estimate(workload(draws_count=100, **{**EIGHT_RUN, **fields}), factors(**{**EVERYTHING, **triples}))
    assert [problem.path for problem in refused.value.problems] == [path]


def test_the_largest_inputs_that_are_allowed_can_be_computed_with() -> None:
    triples = {
        **UNCERTAIN,
        "accelerator_hours": 1e12,
        "mean_accelerator_power_w": (5e8, 1e9, 2e9),
        "pue": (5.0, 10.0, 20.0),
        "grid_intensity_gco2e_per_kwh": (2.5e3, 5e3, 1e4),
        "development_factor": 1e4,
        "repeat_count": 1e7,
    }
    asked = workload(accelerator_hours=1e12, development_factor=1e4, repeat_count=10_000_000, draws_count=1000)
    assert math.isfinite(estimate(asked, factors(**triples)).result.total_kgco2e.high)


def test_what_was_asked_for_and_could_not_be_computed_is_said() -> None:
    asked = workload(
        market_based=MarketBased(contracted_share=1.0),
        functional_unit=FunctionalUnit(name="query"),
        **EIGHT_RUN,
    )
    codes = [warning.code for warning in estimate(asked, factors(**EIGHT)).warnings]
    assert codes == [
        "embodied_unknown",
        "market_based_incomplete",
        "functional_unit_without_count",
    ]


def test_the_worst_input_that_matters_sets_the_quality() -> None:
    guess = assumption("device_embodied_kgco2e", 1.0, quality="guess")
    small = factors(quality="sampled", others=(guess,), **{**EVERYTHING, "host_embodied_kgco2e": 0.0})
    assert estimate(workload(**EIGHT_RUN), small).quality == "sampled"
    big = factors(
        quality="sampled", others=(assumption("device_embodied_kgco2e", 150.0, quality="guess"),), **EVERYTHING
    )
    assert estimate(workload(**EIGHT_RUN), big).quality == "guess"
    grid = assumption("grid_intensity_gco2e_per_kwh", 500.0, quality="modelled")
    assert estimate(workload(**EIGHT_RUN), factors(quality="counter", others=(grid,), **EIGHT)).quality == "modelled"


def test_equivalents_are_few_readable_and_of_different_kinds() -> None:
    equivalents = estimate(workload(**EIGHT_RUN), factors(**EVERYTHING)).equivalents
    amounts = {equivalent.name: equivalent.amount for equivalent in equivalents}
    # 136 kg: 777 km by car and 795 km by air, 12.4 tree-years; 10,968 charges are too many, 0.017 homes too few.
    expected = {"car_km": 136 / 0.175, "flight_km": 136 / 0.171, "tree_year": 136 / 11.0}
    assert amounts == pytest.approx(expected, rel=1e-12)
    assert len({name.split("_")[0] for name in amounts}) == len(amounts) <= 4


def test_nothing_in_the_answer_depends_on_the_order_of_the_factors() -> None:
    backwards = dict(reversed(list(UNCERTAIN.items())))
    first = estimate(workload(draws_count=200, **EIGHT_RUN), factors(**UNCERTAIN))
    second = estimate(workload(draws_count=200, **EIGHT_RUN), factors(**backwards))
    assert first.result == second.result
    assert first.contributions == second.contributions
