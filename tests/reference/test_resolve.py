"""From a workload to its factors: which method, what is missing, and where each value came from."""

import math
import re
from typing import Any

import pytest

from estimator.core.factors import Factors
from estimator.core.footprint import Assumption
from estimator.core.inputs import InputProblem, InputProblems, Workload
from estimator.reference import catalogue
from estimator.reference.assume import QUANTITIES
from estimator.reference.facility import _about_detail
from estimator.reference.resolve import choose_method, factors_for

V100 = "nvidia-v100-sxm2-16gb"
BERT: dict[str, Any] = {
    "hardware": {"accelerator": V100, "accelerator_count": 64, "mean_system_power_w": 12041.51},
    "duration_h": 79.0,
    "location": {"country": "US"},
    "grid_intensity_gco2e_per_kwh": 432.7,
    "pue": 1.58,
}
DEVICE: dict[str, Any] = {"hardware": {"accelerator": "h100", "accelerator_count": 8}, "duration_h": 24.0}


def workload(*parts: dict[str, Any], **fields: Any) -> Workload:
    merged: dict[str, Any] = {}
    for part in (*parts, fields):
        for key, value in part.items():
            old = merged.get(key)
            merged[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return Workload.model_validate(merged)


def factors(*parts: dict[str, Any], **fields: Any) -> Factors:
    return factors_for(workload(*parts, **fields))


def assumed(name: str, *parts: dict[str, Any], **fields: Any) -> Assumption:
    return factors(*parts, **fields).assumptions[name]


def problems(*parts: dict[str, Any], **fields: Any) -> dict[str, InputProblem]:
    with pytest.raises(InputProblems) as caught:
        factors(*parts, **fields)
    found = {problem.path: problem for problem in caught.value.problems}
    assert len(found) == len(caught.value.problems), "one problem a field"
    return found


# --- the method ------------------------------------------------

ALL_DRAWS = {"mean_cpu_power_w": 100.0, "mean_memory_power_w": 50.0, "mean_accelerator_power_w": 250.0}


@pytest.mark.parametrize(
    ("fields", "method"),
    [
        ({"it_energy_kwh": 5.0}, "measured"),
        ({**BERT, "it_energy_kwh": 5.0}, "measured"),
        (BERT, "strubell_2019"),
        ({"hardware": {**ALL_DRAWS, "accelerator_count": 8}, "duration_h": 3.0}, "strubell_2019"),
        ({"hardware": {**ALL_DRAWS, "accelerator_count": 8}, "accelerator_hours": 24.0}, "device_hours"),
        (DEVICE, "device_hours"),
        ({"hardware": {"accelerator": V100}, "accelerator_hours": 100.0}, "device_hours"),
        ({"hardware": {"mean_accelerator_power_w": 300.0, "accelerator_count": 2}, "duration_h": 1.0}, "device_hours"),
        ({**DEVICE, "model": {"parameters_count": 10**9, "training_tokens": 10**10}}, "device_hours"),
        ({"model": {"parameters_count": 10**9, "training_tokens": 10**10}}, "training_flop"),
        ({"model": {"preset": "gpt-3", "training_tokens": 10**10}}, "training_flop"),
        ({"hardware": {"cpu": "amd-epyc-7742", "memory_gb": 64.0}, "duration_h": 12.0}, "cores_and_memory"),
        ({"activity": "inference", "inference": {"requests_count": 1000}}, "inference_tokens"),
        ({"hardware": {"mean_system_power_w": 900.0}}, "strubell_2019"),  # hours are asked for
        ({}, "device_hours"),  # hardware and hours are asked for
        ({**BERT, "method": "device_hours"}, "device_hours"),
        ({**DEVICE, "method": "inference_tokens"}, "inference_tokens"),
    ],
)
def test_the_most_direct_method_is_taken(fields: dict[str, Any], method: str) -> None:
    assert choose_method(workload(fields)) == method


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({}, {"hardware.accelerator", "hardware.accelerator_count", "duration_h"}),
        ({"hardware": {"accelerator": V100}}, {"hardware.accelerator_count", "duration_h"}),
        ({"hardware": {"accelerator": V100, "accelerator_count": 8}}, {"duration_h"}),
        ({"hardware": {"accelerator_count": 8}, "duration_h": 2.0}, {"hardware.accelerator"}),
        ({"accelerator_hours": 20.0}, {"hardware.accelerator"}),
        ({"hardware": {"mean_system_power_w": 100.0}}, {"duration_h"}),
        ({"method": "strubell_2019"}, {"duration_h", "hardware.mean_system_power_w"}),
        (
            {"method": "strubell_2019", "hardware": {"mean_cpu_power_w": 10.0}, "duration_h": 1.0},
            {"hardware.mean_memory_power_w", "hardware.accelerator", "hardware.accelerator_count"},
        ),
        ({"method": "measured"}, {"it_energy_kwh"}),
        ({**DEVICE, "method": "training_flop"}, {"model.parameters_count", "model.training_tokens"}),
        ({"model": {"parameters_count": 10**9, "training_tokens": 10**9}}, {"hardware.accelerator"}),
        (
            {"hardware": {"accelerator": "intel-gaudi"}, "model": {"parameters_count": 10**9, "training_tokens": 10}},
            {"hardware.accelerator"},
        ),
        ({"method": "training_flop", "hardware": {"accelerator": "h100"}, "model": {"preset": "claude-opus-4-5"}},
         {"model.training_tokens"}),
        ({"method": "cores_and_memory"}, {"duration_h", "hardware.memory_gb", "hardware.cpu"}),
        ({"hardware": {"cpu_count": 2, "memory_gb": 8.0}, "duration_h": 1.0}, {"hardware.cpu"}),
        ({"activity": "inference"}, {"inference.requests_count", "model.parameters_count"}),
        ({"inference": {"task": "image_generation"}}, {"inference.requests_count"}),
        (
            {"inference": {"requests_count": 1, "input_tokens": 0, "output_tokens": 0}, "model": {"preset": "gpt-4o"}},
            {"inference.output_tokens", "model.parameters_count"},
        ),
        ({**DEVICE, "hardware": {**DEVICE["hardware"], "mean_cpu_power_w": 9.0, "host_overhead_share": 0.1}},
         {"hardware.host_overhead_share"}),
        ({**DEVICE, "levers": [{"lever": "batch_size", "batch_size": 8}]}, {"levers.0.lever"}),
        ({**DEVICE, "market_based": {"contract_intensity_gco2e_per_kwh": 0.0}}, {"market_based.contracted_share"}),
        ({"hardware": {"accelerator": "aws-trainium", "accelerator_count": 4}, "duration_h": 1.0},
         {"hardware.mean_accelerator_power_w"}),
    ],
)  # fmt: skip
def test_what_is_missing_is_asked_for_at_its_field(fields: dict[str, Any], paths: set[str]) -> None:
    found = problems(fields)
    assert set(found) == paths
    for path, problem in found.items():
        assert re.search("Give|Choose|Leave", problem.message)
        named = path.rsplit(".", 1)[-1]
        assert path in ("method", "levers.0.lever", "hardware.accelerator") or named in problem.message


def test_everything_is_said_at_once() -> None:
    found = problems(
        hardware={"accelerator": "H1000", "cpu": "abacus"},
        model={"preset": "gtp-3"},
        location={"country": "XX", "provider": "aws", "region": "mars-north-1"},
        levers=[{"lever": "pruning"}, {"lever": "hardware", "accelerator": "H1000"}],
    )
    assert set(found) == {
        "hardware.accelerator", "hardware.accelerator_count", "hardware.cpu", "model.preset", "location.country",
        "location.region", "levers.1.accelerator", "duration_h",
    }  # fmt: skip
    assert "nvidia-h100-sxm5-80gb" in found["hardware.accelerator"].suggestions
    assert "gpt-3-175b" in found["model.preset"].suggestions


# --- values ------------------------------------------------


def test_bert_base_as_published() -> None:
    found = factors(BERT)
    values = {name: one.value for name, one in found.assumptions.items()}
    assert found.method == "strubell_2019" and found.boundary == "servers"
    assert values["mean_system_power_w"] == 12041.51 and values["duration_h"] == 79.0
    assert values["pue"] == 1.58 and values["grid_intensity_gco2e_per_kwh"] == 432.7
    assert {found.assumptions[name].status for name in ("pue", "grid_intensity_gco2e_per_kwh")} == {"given"}
    price = found.assumptions["cloud_price_usd_per_accelerator_h"]
    assert (price.low, price.value, price.high) == pytest.approx((0.74, 1.61, 2.48))
    assert "mean_accelerator_power_w" not in values
    assert found.accelerator_tdp_w == 300 and found.accelerator_name == "NVIDIA Tesla V100 SXM2 16GB"
    assert not found.warnings


@pytest.mark.parametrize(
    "fields",
    [
        BERT,
        DEVICE,
        {**DEVICE, "location": {"provider": "gcp", "region": "us-central1"}},
        {**DEVICE, "location": {"provider": "aws"}},
        {**DEVICE, "location": {"country": "UZ"}, "year": 2019},
        {"it_energy_kwh": 5.0, "market_based": {"contracted_share": 0.5}},
        {"hardware": {"accelerator": "tpu v5e", "accelerator_count": 4}, "duration_h": 2.0},
        {"hardware": {"accelerator": "apple m1", "accelerator_count": 1, "utilisation": 0.3}, "duration_h": 2.0},
    ],
)
def test_every_assumption_is_labelled_ordered_and_sourced(fields: dict[str, Any]) -> None:
    found = factors(fields)
    assert found.dataset_version == catalogue.dataset_version()
    for name, one in found.assumptions.items():
        assert one.name == name and (one.label, one.unit) == QUANTITIES[name]
        assert 0 <= one.low <= one.value <= one.high
        assert (one.match is not None) == (one.status == "looked_up") or one.match == "world", name
        assert one.source_ids or one.status != "looked_up", name
        assert set(one.source_ids) <= set(found.sources)
        assert not one.text_params or one.note % one.text_params
    for factor in found.equivalents:
        assert set(factor.source_ids) <= set(found.sources)
    for warning in found.warnings:
        assert warning.message % warning.text_params and warning.field


def test_the_limit_of_the_board_stands_in_for_a_draw() -> None:
    power = assumed("mean_accelerator_power_w", DEVICE)
    assert (power.low, power.value, power.high, power.status, power.quality) == (700, 700, 700, "looked_up", "rated")
    utilisation = assumed("utilisation", DEVICE)
    assert (utilisation.low, utilisation.value, utilisation.high) == (0.6, 0.8, 0.95)
    assert utilisation.status == "default"
    given = assumed("utilisation", DEVICE, hardware={"utilisation": 0.5})
    assert (given.value, given.status) == (0.5, "given")


def test_a_draw_beats_the_limit_and_holds_its_utilisation() -> None:
    found = factors(DEVICE, hardware={"mean_accelerator_power_w": 500.0})
    power, utilisation = (found.assumptions[name] for name in ("mean_accelerator_power_w", "utilisation"))
    assert [power.low, power.value, power.high] == pytest.approx([450.0, 500.0, 550.0])
    assert power.status == "given"
    assert (utilisation.low, utilisation.value, utilisation.high) == (1.0, 1.0, 1.0)


def test_an_estimated_draw_is_a_guess_and_is_warned_about() -> None:
    found = factors(hardware={"accelerator": "tpu v5e", "accelerator_count": 4}, duration_h=2.0)
    power = found.assumptions["mean_accelerator_power_w"]
    assert (power.value, power.quality, power.status) == (225.0, "guess", "looked_up")
    assert "power_estimated" in {warning.code for warning in found.warnings}


def test_hours_come_as_given_and_their_product_is_left_to_the_composer() -> None:
    assert assumed("accelerator_hours", hardware={"accelerator": V100}, accelerator_hours=100.0).value == 100.0
    found = factors(DEVICE).assumptions
    assert (found["accelerator_count"].value, found["duration_h"].value) == (8.0, 24.0)
    assert [found["duration_h"].low, found["duration_h"].high] == pytest.approx([23.76, 24.24])


def test_draws_of_the_host_widen_the_boundary() -> None:
    assert factors(DEVICE).boundary == "accelerators"
    hosted = factors(DEVICE, hardware={"mean_cpu_power_w": 400.0})
    assert hosted.boundary == "servers" and hosted.assumptions["mean_cpu_power_w"].value == 400.0


@pytest.mark.parametrize(
    ("fields", "value", "status", "match"),
    [
        ({"pue": 1.3}, 1.3, "given", None),
        ({"location": {"region": "us-east-1"}}, 1.15, "looked_up", "exact"),
        ({"location": {"provider": "gcp", "region": "europe-west9"}}, 1.09, "looked_up", "parent_zone"),
        ({"location": {"provider": "azure", "country": "FR"}}, 1.17, "looked_up", "parent_zone"),
        ({"location": {"provider": "ovh", "region": "eu-west-gra"}}, 1.28, "looked_up", "parent_zone"),
        ({"location": {"provider": "scaleway", "region": "fr-par"}}, 1.54, "default", None),
        ({"location": {"country": "FR"}}, 1.54, "default", None),
        ({}, 1.54, "default", None),
        ({"hardware": {"accelerator": "rtx4090"}}, 1.0, "default", None),
        ({"hardware": {"accelerator": "apple m2"}}, 1.0, "default", None),
    ],
)
def test_pue_is_given_or_of_the_region_the_fleet_or_the_kind(
    fields: dict[str, Any], value: float, status: str, match: str | None
) -> None:
    pue = assumed("pue", DEVICE, fields)
    assert (pue.value, pue.status, pue.match) == (value, status, match)
    assert pue.low >= 1.0 and pue.high > pue.value


def test_a_pue_below_one_is_computed_as_asked() -> None:
    pue = assumed("pue", DEVICE, pue=0.9)
    assert pue.value == 0.9 and pue.low <= 0.9


@pytest.mark.parametrize(
    ("fields", "value", "match", "codes"),
    [
        ({"location": {"country": "FR"}}, 41.44, "exact", set()),
        ({"location": {"country": "FR"}, "year": 2024}, 40.48, "exact", set()),
        ({"location": {"country": "FR"}, "year": 2018}, None, "nearest_year", set()),
        ({"location": {"country": "FR"}, "year": 2010}, None, "nearest_year", {"grid_other_year"}),
        ({"location": {"region": "us-east-1"}}, 270.5, "exact", {"grid_direct"}),
        ({"location": {"region": "eu-west-3"}}, 41.44, "parent_zone", set()),
        ({"location": {"zone": "CN-SH"}}, None, "exact", {"grid_direct", "grid_note"}),
        ({"location": {"country": "CF"}}, 0.0, "exact", {"grid_doubtful"}),
        ({"location": {"country": "MC"}}, 458.29, "world", {"grid_unknown"}),
        ({}, 458.29, "world", {"place_unknown"}),
    ],
)
def test_the_grid_says_how_it_matched_and_warns(
    fields: dict[str, Any], value: float | None, match: str, codes: set[str]
) -> None:
    found = factors(DEVICE, fields)
    intensity = found.assumptions["grid_intensity_gco2e_per_kwh"]
    assert value is None or intensity.value == value
    assert intensity.match == match
    assert {warning.code for warning in found.warnings} == codes
    text = intensity.note % intensity.text_params
    assert str(intensity.text_params["year"]) in text
    assert "life-cycle" in text or "direct" in text


def test_the_world_is_wide() -> None:
    world = assumed("grid_intensity_gco2e_per_kwh", DEVICE)
    assert (world.low, world.high, world.quality, world.status) == (20.0, 750.0, "guess", "default")
    france = assumed("grid_intensity_gco2e_per_kwh", DEVICE, location={"country": "FR"})
    assert [france.low, france.high] == pytest.approx([41.44 * 0.9, 41.44 * 1.1])


def test_a_given_intensity_beats_the_place_and_silences_its_warnings() -> None:
    found = factors(DEVICE, grid_intensity_gco2e_per_kwh=100.0, location={"zone": "US-TX"})
    assert found.assumptions["grid_intensity_gco2e_per_kwh"].status == "given"
    assert not found.warnings


def test_water_is_of_the_region_the_fleet_or_unknown() -> None:
    region = factors(DEVICE, location={"region": "us-east-1"}).assumptions
    assert (region["wue_l_per_kwh"].value, region["wue_l_per_kwh"].match) == (0.12, "exact")
    assert region["offsite_water_l_per_kwh"].match == "parent_zone"  # that of the country around the zone
    fleet = factors(DEVICE, location={"provider": "gcp", "region": "europe-west1"}).assumptions
    assert (fleet["wue_l_per_kwh"].value, fleet["wue_l_per_kwh"].match) == (0.999, "parent_zone")
    own = factors(DEVICE, location={"country": "US"}).assumptions
    assert (own["wue_l_per_kwh"].status, own["wue_l_per_kwh"].quality) == ("default", "guess")
    assert own["offsite_water_l_per_kwh"].match == "exact"
    desk = factors(
        {
            "hardware": {"accelerator": "RTX 4090", "accelerator_count": 1},
            "duration_h": 1.0,
            "location": {"country": "US"},
        }
    )
    assert desk.assumptions["wue_l_per_kwh"].value == 0.0
    nowhere = factors(DEVICE).assumptions
    assert "wue_l_per_kwh" not in nowhere and "offsite_water_l_per_kwh" not in nowhere


def test_embodied_spans_the_publications_that_disagree() -> None:
    h100 = assumed("device_embodied_kgco2e", DEVICE)
    assert h100.value == 164.0 and h100.low < 164.0 and h100.high == 575.1
    assert h100.source_ids == ("nvidia-pcf-h100", "boaviztapi-2-5-0")
    v100 = assumed("device_embodied_kgco2e", BERT)
    # Only the component model knows it: vendors' figures are about a third of such a model's, a fifth at the least.
    assert v100.value == pytest.approx(0.34 * 205.6) and v100.low == pytest.approx(0.2 * 205.6) and v100.high == 205.6
    tpu = assumed("device_embodied_kgco2e", hardware={"accelerator": "tpuv3", "accelerator_count": 1}, duration_h=1.0)
    assert (tpu.low, tpu.value, tpu.high, tpu.status, tpu.quality) == (113, 150, 463, "default", "guess")
    assert assumed("host_embodied_kgco2e", DEVICE).value == pytest.approx(5700 / 8)


@pytest.mark.parametrize(
    "fields",
    [
        {**DEVICE, "embodied": {"include": False}},
        {"hardware": {"mean_accelerator_power_w": 300.0, "accelerator_count": 1}, "duration_h": 1.0},
        {"hardware": {"accelerator": V100}, "it_energy_kwh": 5.0},
    ],
)
def test_embodied_needs_devices_and_hours(fields: dict[str, Any]) -> None:
    assert "device_embodied_kgco2e" not in factors(fields).assumptions


def test_lifetimes_are_given_or_assumed() -> None:
    found = factors(DEVICE, embodied={"lifetime_years": 5.0}).assumptions
    assert (found["lifetime_years"].value, found["lifetime_years"].status) == (5.0, "given")
    assert (found["lifetime_utilisation"].value, found["lifetime_utilisation"].status) == (0.7, "default")


def test_contracts_touch_nothing_else() -> None:
    plain = factors(BERT).assumptions
    assert "contracted_share" not in plain
    contracted = factors(BERT, market_based={"contracted_share": 0.6}).assumptions
    assert contracted["contracted_share"].value == 0.6
    assert contracted["contract_intensity_gco2e_per_kwh"].value == 0.0
    assert "residual_intensity_gco2e_per_kwh" not in contracted  # the composer takes the grid's average
    assert {name: contracted[name] for name in plain} == plain
    residual = factors(BERT, market_based={"residual_intensity_gco2e_per_kwh": 500.0}).assumptions
    assert residual["contracted_share"].value == 0.0 and residual["residual_intensity_gco2e_per_kwh"].value == 500.0


def test_prices() -> None:
    assert assumed("electricity_price_usd_per_kwh", DEVICE).value == 0.12
    assert assumed("electricity_price_usd_per_kwh", DEVICE, electricity_price_usd_per_kwh=0.3).status == "given"
    assert "cloud_price_usd_per_accelerator_h" not in factors(DEVICE).assumptions


def test_measured_energy_needs_nothing_else() -> None:
    found = factors(it_energy_kwh=12.5, location={"country": "SE"})
    energy = found.assumptions["it_energy_kwh"]
    assert (energy.value, energy.status, energy.quality) == (12.5, "measured", "counter")
    assert [energy.low, energy.high] == pytest.approx([12.5 * 0.95, 12.5 * 1.05])
    assert found.boundary == "servers" and "utilisation" not in found.assumptions


def test_aliases_and_ids_give_the_same_factors() -> None:
    by_alias = factors(DEVICE, hardware={"accelerator": "NVIDIA H100 80GB HBM3"}, location={"country": "fra"})
    by_id = factors(DEVICE, hardware={"accelerator": "nvidia-h100-sxm5-80gb"}, location={"country": "FR"})
    assert by_alias.assumptions == by_id.assumptions and by_alias.sources == by_id.sources


def test_the_share_of_the_component_model_is_that_of_the_devices_with_both_figures() -> None:
    both = [
        row.embodied_kgco2e / row.embodied_other_kgco2e
        for row in catalogue.shelf().accelerators
        if row.embodied_kgco2e and row.embodied_other_kgco2e
    ]
    share = catalogue.shelf().defaults["share_of_component_model"]
    assert len(both) == 4
    assert share.central == pytest.approx(math.prod(both) ** (1 / len(both)), abs=0.005)
    assert share.low == pytest.approx(min(both), abs=0.005)


def test_servers_of_earlier_accelerators_are_smaller() -> None:
    assert assumed("host_embodied_kgco2e", BERT).value == 312.5
    assert assumed("host_embodied_kgco2e", DEVICE).value == 712.5


def test_what_tables_say_about_their_rows_can_be_translated() -> None:
    """No English of a table is put into a sentence of another language."""
    for row in catalogue.shelf().places.grids.rows:
        if row.note:
            message, params = _about_detail(row.note)
            assert "detail" not in params, row.note
            assert "%(" not in message % {"place": "Here", **params}
