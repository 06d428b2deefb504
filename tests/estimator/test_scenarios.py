"""Scenarios as rows, over the API and on the pages."""

import json
import math
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from estimator import services
from estimator.core.inputs import InputProblems, Workload
from estimator.core.levers.settings import SETTINGS
from estimator.core.scenarios import levers_of
from estimator.forms.lever_fields import BY_NAME, GROUPS, LEVER_CHOICES, NOTES, OF_LEVER, SHOWN_AS, SLIDERS
from estimator.forms.levers import LeversForm
from estimator.forms.stacks import as_json, from_json
from estimator.models import Estimate, Scenario
from estimator.reference.scenarios import present_run
from estimator.services import scenarios
from estimator.services.scenarios import MOST_KEPT, Named, TooManyScenarios
from tests.core import levers_cases as cases
from tests.estimator.test_api_bad_input import check_shape
from tests.harness.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

FEW = {"draws_count": 100, "seed": 1}
RUN = Workload.model_validate({**cases.SERVED, "title": "Ours", "uncertainty": FEW})
LEVERS: list[dict[str, Any]] = [
    {"lever": "quantisation", "bits": 4},
    {"lever": "region", "location": {"country": "SE"}},
]
STACK = levers_of(LEVERS)


def done(workload: Workload = RUN, **more: Any) -> Estimate:
    row = services.submit_estimate(workload=workload, **more)
    assert services.run_estimate(estimate_id=row.id, worker="a@host")
    row.refresh_from_db()
    return row


def sent(**values: str) -> dict[str, str]:
    """What a browser sends: names with __ for -."""
    return {name.replace("__", "-"): value for name, value in values.items()}


SWITCHED = sent(quantisation__on="on", quantisation__bits="4", region__on="on", region__location="Sweden")


# --- rows -------------------------------------------------------------------------------------------------------------


def test_scenarios_keep_their_order_their_levers_and_go_with_their_estimate() -> None:
    row = done()
    first = scenarios.save_scenario(estimate=row, name=" Lean ", levers=STACK)
    second = scenarios.save_scenario(estimate=row, name="", levers=STACK[:1])
    assert [one.name for one in row.scenarios.all()] == ["Lean", "Scenario 2"]
    assert Scenario.objects.get(pk=first.pk).stack() == STACK
    scenarios.change_scenario(scenario=second, name="Four bits", levers=STACK)
    second.refresh_from_db()
    assert (second.name, second.stack()) == ("Four bits", STACK)
    assert scenarios.delete_scenario(scenario_id=first.id)
    assert not scenarios.delete_scenario(scenario_id=first.id)
    # A number that was given is not given again.
    assert scenarios.save_scenario(estimate=row, name="", levers=STACK).name == "Scenario 3"
    row.delete()
    assert not Scenario.objects.exists()


def test_what_cannot_be_computed_is_not_kept() -> None:
    row = done()
    reuse = levers_of([{"lever": "pue", "pue": 1.1}, {"lever": "reuse"}])
    with pytest.raises(InputProblems) as caught:
        scenarios.save_scenario(estimate=row, name="x", levers=reuse)
    assert [problem.path for problem in caught.value.problems] == ["levers.1.lever"]
    assert not Scenario.objects.exists()


def test_an_estimate_keeps_so_many_and_no_more() -> None:
    row = done()
    kept = scenarios.save_scenario(estimate=row, name="x", levers=STACK)
    Scenario.objects.bulk_create(
        Scenario(estimate=row, name="x", levers=kept.levers, ordering=number, created_at=kept.created_at)
        for number in range(2, MOST_KEPT + 1)
    )
    with pytest.raises(TooManyScenarios):
        scenarios.save_scenario(estimate=row, name="x", levers=STACK)


def test_problems_of_several_come_at_once() -> None:
    named = [Named("a", levers_of([{"lever": "reuse"}])), Named("b", STACK), Named("c", levers_of([cases.FEDERATED]))]
    with pytest.raises(InputProblems) as caught:
        scenarios.compare_scenarios(workload=RUN, scenarios=named)
    assert [problem.path for problem in caught.value.problems] == [
        "scenarios.0.levers.0.lever",
        "scenarios.2.levers.0.lever",
    ]


def test_the_intensity_of_the_hour_stays_that_of_the_estimate() -> None:
    row = done(RUN.model_copy(update={"grid_signal": "live"}))
    run = scenarios.run_of(estimate=row)
    assert run.grid_signal == "annual"
    assert run.grid_intensity_gco2e_per_kwh == pytest.approx(384.4)


# --- form -------------------------------------------------------------------------------------------------------------


def form(
    data: dict[str, str] | None = None, *, base: list[dict[str, Any]] | None = None, run: Any = None
) -> LeversForm:
    run, factors = present_run(run or RUN)
    made = LeversForm(data, run=run, factors=factors, base=levers_of(base or []))
    made.is_valid()
    return made


def test_the_table_has_every_lever_and_only_settings_that_there_are() -> None:
    assert set(OF_LEVER) == set(NOTES) == set(SETTINGS) == {lever for _, _, levers in GROUPS for lever in levers}
    for lever, entries in OF_LEVER.items():
        assert {entry.path for entry in entries} <= set(SETTINGS[lever].model_fields)
        assert entries
    assert set(SLIDERS) | set(LEVER_CHOICES) | set(SHOWN_AS.values()) <= set(BY_NAME)


EVERY: list[dict[str, Any]] = [
    {"lever": "pruning", "kind": "two_four"},
    {"lever": "pruning", "kind": "structured", "sparsity": 0.25, "retraining_tokens": 1000},
    {"lever": "quantisation", "precision": "fp8"},
    {"lever": "quantisation", "bits": 8, "kind": "weights"},
    {"lever": "hardware", "accelerator": "nvidia-b200-hgx-180gb", "accelerator_count": 4},
    {"lever": "distributed", "accelerator_count": 4, "scaling_efficiency": 0.85},
    {"lever": "region", "provider": "aws", "region": "eu-north-1"},
    {"lever": "region", "location": {"country": "FR"}, "pue": 1.2},
    {"lever": "region", "grid_intensity_gco2e_per_kwh": 50.0},
    {"lever": "time_shift", "window_h": 6.0, "interruptible": True, "hourly_intensity_gco2e_per_kwh": [300.0, 120.5]},
    {"lever": "renewable_contract", "contracted_share": 0.5, "residual_intensity_gco2e_per_kwh": 400.0},
    {"lever": "pue", "pue": 1.07},
    {"lever": "batch_size", "batch_size": 64},
    {"lever": "power_cap", "power_cap_share": 0.65},
    {"lever": "power_cap", "power_cap_w": 400.0},
    {"lever": "output_length", "output_tokens": 120, "cached_share": 0.1},
    {"lever": "mixture_of_experts", "active_parameters_count": 12_000_000_000, "parameters_count": 100_000_000_000},
]
TRAINED: list[dict[str, Any]] = [
    {**cases.FEDERATED, "client_locations": ["IN", {"place": "PL", "share": 0.4}], "server_energy_kwh": 3.0},
    {"lever": "reuse", "kind": "lora", "base_model_share": "amortised", "expected_reuses_count": 10},
    {"lever": "early_stopping"},
    {"lever": "early_stopping", "stopped_share": 0.15},
]


@pytest.mark.parametrize("lever", [*EVERY, *TRAINED], ids=str)
def test_a_lever_comes_back_from_the_page_as_it_was(lever: dict[str, Any]) -> None:
    run = RUN if lever in EVERY else Workload.model_validate({**cases.BY_OPERATIONS, "uncertainty": FEW})
    shown = form(base=[lever], run=run)
    data = {
        field.html_name: "on" if field.value() is True else str(field.value())
        for field in shown
        if field.value() not in (None, "", False)
    }
    back = form(data, base=[lever], run=run)
    assert not back.is_wrong, back.errors
    assert back.levers == levers_of([lever])


def test_what_a_lever_is_set_to_at_first_can_be_computed() -> None:
    for body in (cases.SERVED, cases.BY_OPERATIONS, cases.BY_DEVICES, cases.BY_CORES):
        run = Workload.model_validate({**body, "uncertainty": {"draws_count": 0, "seed": 1}})
        for lever in OF_LEVER:
            first = form(run=run)
            if lever in first.refused:
                continue
            data = {field.html_name: str(field.value()) for field in first if field.value() not in (None, "", False)}
            back = form(data | {f"{lever}-on": "on"}, run=run)
            assert back.levers is not None, (lever, back.errors)
            scenarios.compare_scenarios(workload=run, scenarios=[Named("", back.levers)])


def test_what_stands_in_a_lever_that_is_off_does_not_matter() -> None:
    assert form(sent(pue__pue="nonsense", quantisation__on="on", quantisation__bits="8")).levers == levers_of(
        [{"lever": "quantisation", "bits": 8}]
    )
    # A switch that cannot act on this run is off, whatever is sent.
    assert form(sent(reuse__on="on", reuse__kind="lora")).levers == ()


def test_what_is_wrong_is_said_at_its_setting_in_its_unit() -> None:
    wrong = form(sent(pruning__on="on", pruning__sparsity="120", pue__on="on", pue__pue="x"))
    assert wrong.levers is None
    assert "number" in str(wrong.errors["pue-pue"])
    wrong = form(sent(pruning__on="on", pruning__sparsity="120"))
    assert "100" in str(wrong.errors["pruning-sparsity"])
    wrong = form(sent(hardware__on="on", hardware__accelerator="no such thing"))
    assert wrong.levers is not None
    wrong = form(sent(region__on="on", region__location="Nowhere at all"))
    assert "region-location" in wrong.errors
    wrong = form(sent(time_shift__on="on", time_shift__hourly_intensity_gco2e_per_kwh="100 clean"))
    assert "time_shift-hourly_intensity_gco2e_per_kwh" in wrong.errors


@pytest.mark.parametrize(
    "text", ["{", "[1]", '[{"lever":"magic"}]', "[" * 5000, "[]" * 20_000, '[{"lever":"pue","pue":0}]']
)
def test_an_address_that_holds_no_levers_is_refused(text: str) -> None:
    with pytest.raises(InputProblems):
        from_json(text)


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_finished_estimate_leads_to_its_levers(client: Client) -> None:
    row = done()
    address = f"/estimates/{row.id}/scenarios/"
    assert address in client.get(f"/estimates/{row.id}/").content.decode()
    page = client.get(address)
    told = page.content.decode()
    assert page.status_code == 200 and page["X-Robots-Tag"] == "noindex"
    assert told.count('role="switch"') == len(SETTINGS)
    assert told.count("Does not apply to this run.") == 3
    assert "/levers/quantisation/" in told
    assert client.get(f"/estimates/{uuid.uuid4()}/scenarios/").status_code == 404
    waiting = services.submit_estimate(workload=RUN)
    assert client.get(f"/estimates/{waiting.id}/scenarios/")["Location"] == f"/estimates/{waiting.id}/"


def test_the_fragment_has_the_result_and_clears_what_was_wrong(client: Client) -> None:
    row = done()
    address = f"/estimates/{row.id}/scenarios/preview/"
    told = client.post(address, SWITCHED).content.decode()
    assert "Saves" in told and 'data-chart="waterfall"' in told
    assert "Carbon intensity of the grids" in told
    assert 'id="msg-region-location" hx-swap-oob="innerHTML"' in told and "field-error" not in told
    wrong = client.post(address, SWITCHED | {"region-location": "Nowhere at all"})
    assert wrong["HX-Reswap"] == "none" and "field-error" in wrong.content.decode()
    refused = client.post(address, sent(power_cap__on="on", power_cap__power_cap_share="500")).content.decode()
    assert "field-error" in refused
    assert "No lever is switched on." in client.post(address, {}).content.decode()
    assert Scenario.objects.count() == 0


def test_a_scenario_is_kept_changed_renamed_and_deleted(client: Client) -> None:
    row = done()
    address = f"/estimates/{row.id}/scenarios/"
    shown = client.post(address, SWITCHED | {"action": "show"})
    assert shown.status_code == 200 and "Not saved yet" in shown.content.decode()
    assert client.post(address, {"action": "save", "name": "x"}).status_code == 422
    saved = client.post(address, SWITCHED | {"action": "save", "name": "Lean <b>"})
    kept = Scenario.objects.get()
    assert saved["Location"] == f"{address}?scenario={kept.id}"
    told = client.get(saved["Location"]).content.decode()
    assert "Lean &lt;b&gt;" in told and "Saves" in told and "Save the changes" in told
    data = sent(pue__on="on", pue__pue="1.1", action="change", name="Leaner", scenario=str(kept.id))
    assert client.post(address, data).status_code == 302
    kept.refresh_from_db()
    assert (kept.name, kept.levers) == ("Leaner", [{"lever": "pue", "pue": 1.1}])
    client.post(f"/scenarios/{kept.id}/", {"name": "Leanest"})
    kept.refresh_from_db()
    assert kept.name == "Leanest"
    assert client.post(f"/scenarios/{kept.id}/", {"delete": "1"})["Location"] == address
    assert not Scenario.objects.exists()


def test_what_is_handed_over_is_shown_unsaved(client: Client) -> None:
    """Another page opens a plan of its own: `?levers=` as the API writes them, and `?name=`."""
    row = done()
    address = f"/estimates/{row.id}/scenarios/?levers={quote(as_json(STACK))}&name={quote('Plan 3')}"
    told = client.get(address).content.decode()
    assert "Not saved yet" in told and "Saves" in told and 'value="Plan 3"' in told
    assert not Scenario.objects.exists()
    broken = client.get(f"/estimates/{row.id}/scenarios/?levers=%5B1%5D")
    assert broken.status_code == 422 and "notice danger" in broken.content.decode()
    refused = client.get(f"/estimates/{row.id}/scenarios/?levers={quote(json.dumps([{'lever': 'reuse'}]))}")
    assert "This lever acts on a training." in refused.content.decode()


def test_side_by_side_says_who_wins_and_why(client: Client, django_assert_max_num_queries: Any) -> None:
    row = done()
    address = f"/estimates/{row.id}/scenarios/compare/"
    assert "No scenario is kept yet." in client.get(address).content.decode()
    lean = scenarios.save_scenario(estimate=row, name="Lean", levers=STACK)
    dirty = scenarios.save_scenario(
        estimate=row, name="Dirty", levers=levers_of([{"lever": "region", "country": "PL"}])
    )
    for number in range(6):
        scenarios.save_scenario(estimate=row, name=f"More {number}", levers=STACK[:1])
    with django_assert_max_num_queries(12):
        told = client.get(address).content.decode()
    assert "The least is caused by Lean" in told
    assert "What does most of it: Carbon intensity of the grids" in told
    assert told.count("<article") == 6
    two = client.get(f"{address}?scenario={lean.id}&scenario={dirty.id}&against={dirty.id}&scenario=nonsense")
    told = two.content.decode()
    assert told.count("<article") == 2 and "less than Dirty" in told


def test_only_the_owner_keeps_scenarios_and_everybody_may_try(people: People) -> None:
    row = done(owner=people.owner.user)
    address = f"/estimates/{row.id}/scenarios/"
    assert "Save as a scenario" in people.owner.client.get(address).content.decode()
    for one in (people.nobody, people.stranger.client):
        assert "only its owner can keep" in one.get(address).content.decode()
        assert "Saves" in one.post(f"{address}preview/", SWITCHED).content.decode()
        assert one.post(address, SWITCHED | {"action": "save"}).status_code == 403
    assert not Scenario.objects.exists()
    kept = scenarios.save_scenario(estimate=row, name="Ours", levers=STACK)
    people.stranger.client.post(f"/scenarios/{kept.id}/", {"delete": "1"})
    assert Scenario.objects.exists()


# --- API --------------------------------------------------------------------------------------------------------------


def call(client: Client, method: str, address: str, body: Any = None) -> Any:
    data = "" if body is None else json.dumps(body)
    return client.generic(method, f"/api/v1{address}", data, content_type="application/json")


def test_a_run_and_its_scenarios_in_one_call(client: Client) -> None:
    body = {
        **cases.SERVED,
        "uncertainty": FEW,
        "scenarios": [{"name": "Lean", "levers": LEVERS}, {"levers": LEVERS[:1]}],
    }
    answer = call(client, "POST", "/scenarios", body)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    lean, other = told["scenarios"]
    assert (lean["name"], other["name"]) == ("Lean", "Scenario 2")
    before, after = (part["result"]["total_kgco2e"]["central"] for part in (told["baseline"], lean))
    alone = call(client, "POST", "/calculate", {**cases.SERVED, "uncertainty": FEW, "levers": LEVERS}).json()
    assert told["baseline"]["result"] == alone["result"]
    assert lean["levers"] == alone["levers"]
    assert [step["lever"] for step in lean["waterfall"]] == ["quantisation", "region"]
    saved = math.fsum(step["saving_kgco2e"]["central"] for step in lean["waterfall"])
    assert saved == pytest.approx(before - after, rel=1e-9)
    assert math.fsum(part["difference_kgco2e"] for part in lean["differences"]) == pytest.approx(
        after - before, rel=1e-9
    )
    cited = {source_id for step in lean["waterfall"] for source_id in step["source_ids"]}
    assert cited <= set(told["sources"])
    assert told["input_digest"] == alone["input_digest"] or told["dataset_version"] == alone["dataset_version"]


def test_scenarios_of_a_stored_estimate(client: Client) -> None:
    row = done()
    address = f"/estimates/{row.id}/scenarios"
    made = call(client, "POST", address, {"name": "Lean", "levers": LEVERS})
    assert made.status_code == 201, made.content
    told = made.json()
    assert told["levers"] == LEVERS
    assert told["scenario"]["saving_kgco2e"]["central"] > 0
    own = made["Location"].removeprefix("/api/v1")
    assert call(client, "GET", own).json() == told
    assert told["url"].endswith(f"/estimates/{row.id}/scenarios/?scenario={told['id']}")
    listed = call(client, "GET", address).json()
    assert (listed["count"], listed["items"][0]["name"]) == (1, "Lean")
    changed = call(client, "PATCH", own, {"levers": [{"lever": "pue", "pue": 1.1}]}).json()
    assert (changed["name"], changed["levers"]) == ("Lean", [{"lever": "pue", "pue": 1.1}])
    assert call(client, "DELETE", own).status_code == 204
    check_shape(call(client, "GET", own), 404)


def test_every_mistake_has_its_place(client: Client) -> None:
    row = done()
    run = {**cases.SERVED, "uncertainty": FEW}

    def paths(method: str, address: str, body: Any) -> set[str]:
        return {one["path"] for one in check_shape(call(client, method, address, body), 422)["error"]["fields"]}

    assert paths("POST", "/scenarios", run) == {"scenarios"}
    assert paths("POST", "/scenarios", run | {"scenarios": []}) == {"scenarios"}
    assert paths("POST", "/scenarios", run | {"scenarios": [{"levers": LEVERS}] * 7}) == {"scenarios"}
    wrong = [{"levers": LEVERS}, {"levers": [{"lever": "pue", "pue": 0}, {"lever": "magic"}]}]
    assert paths("POST", "/scenarios", run | {"scenarios": wrong}) == {
        "scenarios.1.levers.0.pue",
        "scenarios.1.levers.1.lever",
    }
    unknown = [{"levers": [{"lever": "hardware", "accelerator": "h1000"}]}]
    assert paths("POST", "/scenarios", run | {"scenarios": unknown}) == {"scenarios.0.levers.0.accelerator"}
    address = f"/estimates/{row.id}/scenarios"
    assert paths("POST", address, {"name": "x", "levers": [{"lever": "reuse"}]}) == {"levers.0.lever"}
    assert paths("POST", address, {"levers": []}) == {"levers"}
    assert paths("POST", address, {"name": "x" * 121, "levers": LEVERS}) == {"name"}
    check_shape(call(client, "POST", f"/estimates/{uuid.uuid4()}/scenarios", {"levers": LEVERS}), 404)
    waiting = services.submit_estimate(workload=RUN)
    check_shape(call(client, "POST", f"/estimates/{waiting.id}/scenarios", {"levers": LEVERS}), 409)
