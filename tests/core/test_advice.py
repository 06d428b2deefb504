"""Advice: what is tried, what is told, and when nothing is."""

from typing import Any

import pytest

from estimator.core.factors import Factors
from estimator.core.inputs import Workload
from estimator.core.levers.advice import MOST_ADVICE, WORTHWHILE_SHARE, Candidate, readable_advice, screen
from estimator.reference import catalogue
from estimator.reference.advice import CONTINENTS, advice_candidates, cleanest_region
from estimator.reference.scenarios import present_run
from estimator.services.advice import advise
from tests.core.levers_cases import BY_CORES, BY_OPERATIONS, BY_SYSTEM, FEDERATED, ITEMS, RUNS, SERVED, Body, saving

runs = pytest.mark.parametrize("body", RUNS.values(), ids=RUNS)


def _run(body: Body) -> tuple[Workload, Factors]:
    return present_run(Workload.model_validate(body | {"uncertainty": {"draws_count": 0}}))


def _candidates(body: Body) -> tuple[Candidate, ...]:
    return advice_candidates(*_run(body))


def _tried(body: Body) -> list[dict[str, Any]]:
    return [one.lever.model_dump(exclude_unset=True) for one in _candidates(body)]


@runs
def test_what_is_told_is_what_the_lever_alone_saves_on_the_run(body: Body) -> None:
    advice = advise(workload=Workload.model_validate(body))
    assert 1 <= len(advice.items) <= MOST_ADVICE <= advice.tried_count
    for item in advice.items:
        alone = saving(body, dict(item.setting), draws_count=10_000)
        assert item.saving_kgco2e == alone.saving_kgco2e
        assert item.saving_share == alone.saving_share
        assert item.source_ids == alone.source_ids
        assert set(item.source_ids) <= set(advice.sources)
        assert item.may_cost == (alone.saving_kgco2e.low < 0.0)


@runs
def test_most_first_each_lever_once_and_all_of_it_worthwhile(body: Body) -> None:
    advice = advise(workload=Workload.model_validate(body))
    shares = [item.saving_share.central for item in advice.items]
    assert shares == sorted(shares, reverse=True) and shares[-1] >= WORTHWHILE_SHARE
    assert advice.best_saving_share == pytest.approx(shares[0])
    assert len({item.lever for item in advice.items}) == len(advice.items)
    assert sum(item.is_bold for item in advice.items) <= 1


@runs
def test_nothing_that_was_tried_and_left_out_saves_more(body: Body) -> None:
    told = {item.lever: item.saving_share.central for item in advise(workload=Workload.model_validate(body)).items}
    least = min(told.values())
    for candidate in _candidates(body):
        one = saving(body, candidate.lever.model_dump(exclude_unset=True), draws_count=0).saving_share.central
        lever = candidate.lever.lever
        assert one <= max(least, told.get(lever, 0.0)) + 1e-12 or candidate.is_bold, lever


def test_a_better_facility_saves_the_ratio_of_the_overheads() -> None:
    run, factors = _run(BY_SYSTEM)
    pue = next(one for one in _candidates(BY_SYSTEM) if one.lever.lever == "pue")
    assert screen(run, factors, [pue]).best_saving_share == pytest.approx(
        # 79 h x 12.04151 kW x 0.4327 kg/kWh x (1.58 - 1.1), over the total with the making of the hardware
        79
        * 12.04151
        * 0.4327
        * 0.48
        / saving(BY_SYSTEM, {"lever": "pue", "pue": 1.58}, draws_count=0).after_kgco2e.central
    )


def test_nothing_is_told_that_saves_too_little() -> None:
    body = BY_SYSTEM | {"pue": 1.1, "location": {"provider": "aws", "region": "ca-central-1"}}
    run, factors = _run(body)
    small = [one for one in _candidates(body) if one.lever.lever == "time_shift"]
    screening = screen(run, factors, small)
    assert (screening.told, screening.tried_count) == ((), 1)
    assert screening.best_saving_share is not None and 0.0 < screening.best_saving_share < WORTHWHILE_SHARE
    assert screen(run, factors, []).best_saving_share is None


def test_an_efficient_long_run_in_a_clean_place_is_told_that_nothing_is_worthwhile() -> None:
    body = {
        "hardware": {"cpu": "amd-epyc-7742", "cpu_core_count": 64, "memory_gb": 256.0},
        "model": {"training_kind": "lora"},
        "duration_h": 200.0,
        "location": {"provider": "aws", "region": "ca-central-1"},
        "pue": 1.1,
    }
    advice = advise(workload=Workload.model_validate(body))
    assert advice.items == () and advice.tried_count > 0
    assert advice.best_saving_share is not None and advice.best_saving_share < WORTHWHILE_SHARE


def test_what_is_tried_suits_the_run() -> None:
    tried = _tried(SERVED)
    assert {"lever": "quantisation", "bits": 4} in tried and {"lever": "batch_size", "batch_size": 32} in tried
    assert {"lever": "output_length", "output_tokens": 200} in tried
    assert {one["lever"] for one in _tried(ITEMS)} == {"region", "pue", "power_cap", "time_shift"}
    levers = {one["lever"] for body in RUNS.values() for one in _tried(body)}
    assert not levers & {FEDERATED["lever"], "renewable_contract", "mixture_of_experts"}
    assert "pue" not in {one["lever"] for one in _tried(BY_SYSTEM | {"pue": 1.12})}


def test_a_fine_tuning_is_not_told_to_reuse() -> None:
    reuse = {"lever": "reuse", "kind": "fine_tuning"}
    assert reuse in _tried(BY_OPERATIONS)
    few = BY_OPERATIONS | {"model": {"parameters_count": 7_000_000_000, "training_tokens": 1_000_000_000}}
    assert reuse not in _tried(few)
    assert reuse not in _tried(BY_CORES | {"model": {"training_kind": "lora"}})


def test_only_a_search_is_told_to_stop_early() -> None:
    stop = {"lever": "early_stopping"}
    assert stop not in _tried(BY_SYSTEM)
    assert stop in _tried(BY_SYSTEM | {"development_factor": 2.0})


def test_the_cleanest_region_is_of_the_same_provider_and_continent() -> None:
    def region(**location: str) -> str:
        found = cleanest_region(Workload(location=location, duration_h=1.0))  # type: ignore[arg-type]
        return found.id if found is not None else ""

    shelf = catalogue.shelf()
    near = {row.id: row for row in shelf.places.regions}
    german = near[region(country="DE")]
    assert german.iso2 in CONTINENTS["Europe"]
    in_ohio = near[region(provider="gcp", region="us-central1")]
    assert in_ohio.provider == "gcp" and in_ohio.iso2 in CONTINENTS["North America"]
    assert region(provider=in_ohio.provider, region=in_ohio.region) == ""
    assert region() != ""


def test_every_country_with_a_cloud_region_has_a_continent() -> None:
    known = [country for members in CONTINENTS.values() for country in members]
    assert len(known) == len(set(known))
    assert {row.iso2 for row in catalogue.shelf().places.regions} <= set(known)


def test_the_same_run_gives_the_same_advice() -> None:
    first, second = (advise(workload=Workload.model_validate(BY_OPERATIONS)) for _ in range(2))
    assert first.model_dump_json() == second.model_dump_json()


def test_it_is_told_in_the_language_of_its_reader() -> None:
    advice = advise(workload=Workload.model_validate(SERVED))
    told = readable_advice(advice, lambda text: f"¡{text}!")
    assert "¡Serve 32 requests at once!" in [item.what for item in told.items]
    assert all(item.what_params == {} for item in told.items)
    assert all(line.startswith("¡") for item in told.items for line in item.conditions.splitlines())


@pytest.mark.parametrize(("model", "tells"), [({}, False), ({"parameters_count": 1_000_000_000}, True)])
def test_nothing_that_was_measured_is_taken_for_a_training_that_nobody_told(model: Body, tells: bool) -> None:
    body = {"it_energy_kwh": 0.5, "duration_h": 1.0, "location": {"country": "FR"}, "model": model}
    assert any(one["lever"] == "reuse" for one in _tried(body)) is tells
    assert Workload.model_validate(body).is_only_measured("measured") is not tells
