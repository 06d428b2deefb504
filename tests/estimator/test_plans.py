"""Searches as rows, over the API and on the pages."""

import json
import re
import uuid
from typing import Any

import pytest
from django.test import Client

from estimator import broker, services
from estimator.core.inputs import InputProblems, Workload
from estimator.core.planner.request import PlanRequest
from estimator.models import Estimate, JobStatus, Plan
from estimator.services import plans
from tests.core import levers_cases as cases
from tests.estimator.test_api_bad_input import check_shape

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]

RUN = Workload.model_validate({**cases.BY_DEVICES, "title": "Ours", "uncertainty": {"draws_count": 100, "seed": 1}})
FEW: list[dict[str, Any]] = [
    {"lever": "hardware", "accelerator": "h100"},
    {"lever": "region", "country": "FR"},
    {"lever": "region", "country": "PL"},
    {"lever": "power_cap", "power_cap_share": 0.75},
]
#: More combinations than are searched while somebody waits.
MANY: list[dict[str, Any]] = [
    *FEW,
    *({"lever": "pue", "pue": 1.0 + step / 200} for step in range(60)),
    *({"lever": "early_stopping", "stopped_share": step / 200} for step in range(80)),
    *({"lever": "distributed", "accelerator_count": 64 + step} for step in (8, 16, 24)),
]


def request(choices: list[dict[str, Any]], **constraints: Any) -> PlanRequest:
    return PlanRequest.model_validate({"choices": choices, "constraints": constraints})


def done() -> Estimate:
    row = services.submit_estimate(workload=RUN)
    assert services.run_estimate(estimate_id=row.id, worker="a@host")
    row.refresh_from_db()
    return row


def post(client: Client, body: Any, **headers: str) -> Any:
    return client.post("/api/v1/plans", data=json.dumps(body), content_type="application/json", headers=headers)


# --- rows -------------------------------------------------------------------------------------------------------------


def test_a_small_search_is_done_at_once() -> None:
    row = plans.submit_plan(workload=RUN, request=request(FEW))
    row.refresh_from_db()
    assert (row.status, row.progress, row.combinations_count) == (JobStatus.DONE, 1.0, 12)
    found = row.found()
    assert found is not None
    assert found.combinations_count == 12
    assert broker.queue_length(queue=plans.JOBS.name) == 0


def test_a_large_search_is_queued_and_done_once() -> None:
    row = plans.submit_plan(workload=RUN, request=request(MANY))
    row.refresh_from_db()
    assert (row.status, row.result) == (JobStatus.QUEUED, None)
    assert row.combinations_count > plans.AT_ONCE
    assert broker.queue_length(queue=plans.JOBS.name) == 1
    assert plans.run_plan(plan_id=row.id, worker="a@host")
    assert not plans.run_plan(plan_id=row.id, worker="b@host")
    row.refresh_from_db()
    assert (row.status, row.progress) == (JobStatus.DONE, 1.0)
    found = row.found()
    assert found is not None
    assert found.feasible_count == row.combinations_count


def test_what_cannot_be_searched_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(InputProblems):
        plans.submit_plan(workload=RUN, request=request([{"lever": "renewable_contract"}]))
    with pytest.raises(InputProblems):
        plans.submit_plan(
            workload=Workload.model_validate({"hardware": {"accelerator": "none such"}}), request=request(FEW)
        )
    assert not Plan.objects.exists()


def test_a_search_that_turns_out_impossible_says_why() -> None:
    row = plans.submit_plan(workload=RUN, request=request(MANY))
    Plan.objects.filter(pk=row.id).update(request={**row.request, "constraints": {"required_levers": ["pruning"]}})
    assert plans.run_plan(plan_id=row.id, worker="a@host")
    row.refresh_from_db()
    assert (row.status, row.error_code) == (JobStatus.FAILED, "inputs_refused")
    assert row.problems[0]["path"] == "constraints.required_levers.0"


def test_a_failed_search_can_be_tried_again() -> None:
    row = plans.submit_plan(workload=RUN, request=request(MANY))
    Plan.objects.filter(pk=row.id).update(status=JobStatus.FAILED, error_code="internal")
    assert plans.retry_plan(plan_id=row.id)
    assert not plans.retry_plan(plan_id=row.id)


# --- API --------------------------------------------------------------------------------------------------------------


def test_a_search_over_the_api(client: Client) -> None:
    body = {"inputs": cases.BY_DEVICES, "choices": FEW, "constraints": {"deadline_h": 100}, "rank_by": "cost_usd"}
    response = post(client, body)
    assert response.status_code == 201, response.content
    answer = response.json()
    assert response["Location"] == f"/api/v1/plans/{answer['id']}"
    assert (answer["status"], answer["estimate"], answer["combinations_count"]) == ("done", None, 12)
    best = answer["result"]["best"]
    costs = [plan["outcome"]["cost_usd"] for plan in best]
    assert costs == sorted(costs)
    # Texts are filled: nothing of a template is left.
    messages = [step["message"] for plan in best for step in plan["steps"]]
    assert messages
    assert not any("%(" in message for message in messages)
    # What the API gives is what it takes: the levers of a plan go straight into an estimate.
    levers = best[0]["levers"]
    calculated = client.post(
        "/api/v1/calculate",
        data=json.dumps({**cases.BY_DEVICES, "levers": levers, "uncertainty": {"draws_count": 0}}),
        content_type="application/json",
    ).json()
    after = calculated.get("levers_together", {}).get("after_kgco2e")
    assert after["central"] == pytest.approx(best[0]["outcome"]["total_kgco2e"], rel=1e-9)
    assert client.get(response["Location"]).json() == answer


def test_a_search_of_a_stored_estimate_without_choices(client: Client) -> None:
    row = done()
    response = post(client, {"estimate": str(row.id)})
    assert response.status_code == 202, response.content
    answer = response.json()
    assert (answer["status"], answer["result"], answer["estimate"]) == ("queued", None, str(row.id))
    assert answer["combinations_count"] >= 100_000
    assert {one["lever"] for one in answer["request"]["choices"]} >= {"hardware", "region", "power_cap"}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "estimate"),
        ({"estimate": str(uuid.uuid4()), "inputs": cases.BY_DEVICES}, "estimate"),
        ({"inputs": cases.BY_DEVICES, "choices": [{"lever": "federated"}]}, "choices.0.clients_count"),
        ({"inputs": cases.BY_DEVICES, "choices": [{"lever": "renewable_contract"}]}, "choices.0.lever"),
        ({"inputs": cases.BY_DEVICES, "constraints": {"deadline_h": -1}}, "constraints.deadline_h"),
        ({"inputs": cases.BY_DEVICES, "constraints": {"quality_risk": 99}}, "constraints.quality_risk"),
        ({"inputs": cases.BY_DEVICES, "rank_by": "beauty"}, "rank_by"),
        (
            {
                "inputs": cases.BY_DEVICES,
                "constraints": {"accelerator_limits": [{"accelerator": "none such", "accelerator_count": 1}]},
            },
            "constraints.accelerator_limits.0.accelerator",
        ),
        (
            {
                "inputs": cases.BY_DEVICES,
                "choices": [
                    *({"lever": "pue", "pue": 1 + step / 500} for step in range(200)),
                    *({"lever": "early_stopping", "stopped_share": step / 500} for step in range(200)),
                    *({"lever": "time_shift", "window_h": step} for step in range(1, 101)),
                ],
            },
            "choices",
        ),
        ({"inputs": cases.BY_DEVICES, "choices": [{"lever": "pue", "pue": 1.1}] * 601}, "choices"),
    ],
)
def test_bad_searches_are_refused_at_their_field(client: Client, body: dict[str, Any], path: str) -> None:
    response = post(client, body)
    check_shape(response, 422)
    assert path in {field["path"] for field in response.json()["error"]["fields"]}
    assert not Plan.objects.exists()


def test_unknown_searches_and_estimates_are_not_found(client: Client) -> None:
    check_shape(client.get(f"/api/v1/plans/{uuid.uuid4()}"), 404)
    check_shape(post(client, {"estimate": str(uuid.uuid4())}), 404)


# --- pages ------------------------------------------------------------------------------------------------------------


def sent(**changes: Any) -> dict[str, Any]:
    return {
        "rank_by": "total_kgco2e", "cost_basis": "electricity", "quality_risk": "", "regions": "clouds",
        "countries": "FR, Germany", "hardware": ["nvidia-h100-sxm5-80gb"], "levers": ["power_cap", "time_shift"],
        **changes,
    }  # fmt: skip


def test_from_the_form_to_the_best(client: Client) -> None:
    row = done()
    address = f"/estimates/{row.id}/plan/"
    page = client.get(address)
    assert page.status_code == 200
    assert client.get(f"/estimates/{row.id}/").content.decode().count(address) == 1
    # Suggested settings are ticked already, those that change the task are not.
    text = page.content.decode()
    assert re.search(r'name="levers" value="power_cap"[^>]*checked', text)
    assert not re.search(r'name="levers" value="reuse"[^>]*checked', text)
    answer = client.post(address, sent(deadline_h="200", budget_usd="1k"))
    plan = Plan.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/plans/{plan.id}/")
    asked = plan.asked()
    assert (asked.constraints.deadline_h, asked.constraints.budget_usd) == (200.0, 1000.0)
    assert {getattr(lever, "region", None) for lever in asked.choices or () if lever.lever == "region"} > {
        "europe-west9"
    }
    result = client.get(f"/plans/{plan.id}/").content.decode()
    assert 'class="plan-list"' in result
    assert "NVIDIA H100 SXM5 80GB" in result
    assert result.count("<svg xmlns") == 2
    # The search can be changed from where it was.
    assert re.search(r'name="deadline_h" value="200"', result)
    assert re.search(r'name="countries" value="DE, FR"', result)
    assert client.get(address).content.decode().count(f"/plans/{plan.id}/") == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"countries": "Atlantis"}, "countries"),
        ({"deadline_h": "soon"}, "deadline_h"),
        ({"budget_usd": "-3"}, "budget_usd"),
        ({"budget_usd": "9e30"}, "budget_usd"),
        ({"accelerator_count": "9e30"}, "accelerator_count"),
        ({"accelerator_count": "1.5"}, "accelerator_count"),
        ({"cost_basis": "cloud", "budget_usd": "5", "hardware": [], "levers": []}, ""),
        ({"levers": ["magic"]}, "levers"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client: Client, changes: dict[str, Any], field: str) -> None:
    # On a board that no price list knows.
    hardware = {"accelerator": "a100", "accelerator_count": 8}
    row = services.submit_estimate(workload=Workload.model_validate({**cases.BY_DEVICES, "hardware": hardware}))
    assert services.run_estimate(estimate_id=row.id, worker="a@host")
    answer = client.post(f"/estimates/{row.id}/plan/", sent(**{"deadline_h": "77", **changes}))
    if not field:
        # A budget for renting, and no price list: said only by the search itself.
        field = "budget_usd"
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert str(changes.get("deadline_h", "77")) in answer.content.decode()
    assert not Plan.objects.exists()


def test_a_waiting_search_polls_and_a_failed_one_says_why(client: Client) -> None:
    row = done()
    plan = plans.submit_plan(workload=RUN, request=request(MANY), estimate=row)
    page = client.get(f"/plans/{plan.id}/").content.decode()
    assert f'hx-get="/plans/{plan.id}/status/"' in page
    assert "<progress" in page
    assert client.get(f"/plans/{plan.id}/status/").status_code == 200
    Plan.objects.filter(pk=plan.id).update(status=JobStatus.FAILED, error_code="internal")
    page = client.get(f"/plans/{plan.id}/status/").content.decode()
    assert f"/plans/{plan.id}/retry/" in page
    assert client.post(f"/plans/{plan.id}/retry/").status_code == 302
    plan.refresh_from_db()
    assert plan.status == JobStatus.QUEUED


def test_nothing_feasible_says_what_would_be(client: Client) -> None:
    row = done()
    answer = client.post(f"/estimates/{row.id}/plan/", sent(deadline_h="0.001", levers=[], countries="FR"))
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "No combination keeps to every constraint" in page
    assert "Deadline" in page


def test_pages_of_what_is_not_there(client: Client) -> None:
    waiting = services.submit_estimate(workload=RUN)
    for address in (f"/estimates/{uuid.uuid4()}/plan/", f"/estimates/{waiting.id}/plan/", f"/plans/{uuid.uuid4()}/"):
        assert client.get(address).status_code == 404
    assert client.post(f"/plans/{uuid.uuid4()}/retry/").status_code == 404
