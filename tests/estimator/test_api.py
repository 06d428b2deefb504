"""The contract of the API: names, numbers, codes."""

import json
from typing import Any

import pytest
from django.test import Client

from estimator import services
from estimator.models import Estimate
from tests.estimator.test_api_bad_input import GOOD, check_shape

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]

RESULT_NAMES = {
    "accelerator_energy_kwh", "it_energy_kwh", "facility_energy_kwh", "operational_location_based_kgco2e",
    "operational_market_based_kgco2e", "embodied_share_kgco2e", "total_kgco2e", "water_l", "electricity_cost_usd",
    "cloud_cost_usd", "accelerator_hours", "total_flop", "mfu", "functional_unit",
}  # fmt: skip
CONTRACT_BODY: dict[str, Any] = {
    "title": "BERT base",
    "activity": "training",
    "method": "auto",
    "model": {"preset": None, "parameters_count": 110000000, "active_parameters_count": None, "training_tokens": None},
    "hardware": {
        "accelerator": "nvidia-v100-sxm2-16gb", "accelerator_count": 64,
        "mean_accelerator_power_w": None, "utilisation": None, "mfu": None,
        "cpu": None, "cpu_count": None, "mean_cpu_power_w": None, "memory_gb": None, "mean_memory_power_w": None,
        "mean_system_power_w": 12041.51,
    },
    "duration_h": 79, "accelerator_hours": None, "it_energy_kwh": None,
    "location": {"country": "US", "zone": None, "provider": None, "region": None},
    "grid_intensity_gco2e_per_kwh": 432.7, "year": None, "pue": 1.58,
    "market_based": {
        "contracted_share": None, "contract_intensity_gco2e_per_kwh": None, "residual_intensity_gco2e_per_kwh": None
    },
    "development_factor": 0.0, "repeat_count": 1,
    "embodied": {"include": True, "lifetime_years": None, "lifetime_utilisation": None},
    "inference": {
        "requests_count": None, "input_tokens": None, "output_tokens": None, "batch_size": None, "precision": None
    },
    "functional_unit": {"name": None, "count": None},
    "levers": [],
    "uncertainty": {"draws_count": 10000, "seed": 1},
}  # fmt: skip


def post(client: Client, address: str, body: Any, **headers: str) -> Any:
    return client.post(address, data=json.dumps(body), content_type="application/json", headers=headers)


def test_levers_are_answered_alone_and_together(client: Client) -> None:
    levers = [{"lever": "quantisation", "bits": 8}, {"lever": "region", "location": {"country": "FR"}}]
    response = post(client, "/api/v1/calculate", {**CONTRACT_BODY, "levers": levers})
    assert response.status_code == 200, response.content
    body = response.json()
    assert [one["lever"] for one in body["levers"]] == ["quantisation", "region"]
    for one in body["levers"]:
        assert set(one["saving_kgco2e"]) == set(one["saving_share"]) == {"low", "central", "high"}
        assert one["after_kgco2e"]["central"] == pytest.approx(
            body["result"]["total_kgco2e"]["central"] - one["saving_kgco2e"]["central"], rel=1e-12
        )
        assert one["conditions"] and one["quality_caveat"]
        assert set(one["source_ids"]) <= set(body["sources"])
    assert body["levers_together"]["levers"] == ["quantisation", "region"]
    assert body["levers_together"]["saving_share"]["central"] > 0.7


def test_the_catalogue_lists_levers_with_their_evidence(client: Client) -> None:
    body = client.get("/api/v1/catalogue/levers").json()
    assert body["count"] == 15
    for lever in body["items"]:
        assert lever["evidence"] and lever["source_ids"] and lever["changes"]
        assert "lever" in lever["settings"]["properties"]
    assert [one["id"] for one in client.get("/api/v1/catalogue/levers?q=federated").json()["items"]] == ["federated"]


def test_the_body_of_the_contract_gives_the_answer_of_the_contract(client: Client) -> None:
    response = post(client, "/api/v1/calculate", CONTRACT_BODY)
    assert response.status_code == 200, response.content
    body = response.json()
    assert body["method"] == "strubell_2019"
    assert set(body["result"]) >= RESULT_NAMES
    facility = body["result"]["facility_energy_kwh"]
    assert set(facility) == {"low", "central", "high"}
    assert facility["central"] == pytest.approx(1.58 * 79 * 12041.51 / 1000, rel=1e-12)
    assert facility["low"] < facility["central"] < facility["high"]
    assert set(body["steps"][0]) >= {"name", "formula", "substituted", "value", "unit", "source_ids"}
    assert set(body["assumptions"][0]) >= {
        "name", "value", "unit", "status", "match", "quality", "source_ids", "note",
    }  # fmt: skip
    assert set(body["contributions"][0]) >= {"name", "share_of_variance"}
    assert set(body["equivalents"][0]) >= {"name", "amount", "unit", "source_ids"}
    assert body["engine_version"]
    assert body["dataset_version"]
    assert body["input_digest"]


def test_every_source_that_is_named_is_described_and_every_text_is_filled(client: Client) -> None:
    body = post(client, "/api/v1/calculate", GOOD | {"location": {"country": "FR"}}).json()
    named = {
        source
        for kind in ("steps", "assumptions", "equivalents")
        for item in body[kind]
        for source in item["source_ids"]
    }
    assert named == set(body["sources"])
    for source in body["sources"].values():
        assert set(source) == {"title", "publisher", "year", "url", "licence"}
    assert "%(" not in json.dumps(body)


def test_equal_inputs_give_equal_answers_to_the_last_digit(client: Client) -> None:
    first, second = (post(client, "/api/v1/calculate", GOOD).content for _ in range(2))
    assert first == second


def test_calculate_asks_the_database_nothing(client: Client, django_assert_num_queries: Any) -> None:
    post(client, "/api/v1/calculate", GOOD)
    with django_assert_num_queries(0):
        assert post(client, "/api/v1/calculate", GOOD).status_code == 200


def test_an_estimate_is_stored_run_and_read(client: Client) -> None:
    response = post(client, "/api/v1/estimates", GOOD)
    assert response.status_code == 202
    body = response.json()
    assert body["status"] == "queued"
    assert body["footprint"] is None
    assert response["Location"] == f"/api/v1/estimates/{body['id']}"
    row = Estimate.objects.get(pk=body["id"])
    assert services.run_estimate(estimate_id=row.id, worker="a@host")
    read = client.get(response["Location"]).json()
    assert (read["status"], read["progress"]) == ("done", 1.0)
    assert read["footprint"] == post(client, "/api/v1/calculate", GOOD).json()
    assert read["inputs"]["duration_h"] == 79
    assert post(client, "/api/v1/calculate", read["inputs"]).json() == read["footprint"]


def test_a_repeat_with_the_same_key_is_the_same_estimate(client: Client) -> None:
    first = post(client, "/api/v1/estimates", GOOD, **{"Idempotency-Key": "a"})
    again = post(client, "/api/v1/estimates", GOOD, **{"Idempotency-Key": "a"})
    assert first.json()["id"] == again.json()["id"]
    other = post(client, "/api/v1/estimates", GOOD | {"duration_h": 80}, **{"Idempotency-Key": "a"})
    assert check_shape(other, 409)["error"]["code"] == "idempotency_conflict"


def test_waiting_is_bounded_and_answers_with_what_there_is(client: Client) -> None:
    response = post(client, "/api/v1/estimates", GOOD, Prefer="wait=0")
    assert response.status_code == 202
    nonsense = post(client, "/api/v1/estimates", GOOD, Prefer="wait=forever, wait=-1")
    assert nonsense.status_code == 202


def test_a_failed_estimate_says_a_safe_reason(client: Client) -> None:
    row = services.submit_estimate(workload=services.EXAMPLE)
    Estimate.objects.filter(pk=row.pk).update(inputs=row.inputs | {"duration_h": None})
    services.run_estimate(estimate_id=row.id, worker="a@host")
    body = client.get(f"/api/v1/estimates/{row.id}").json()
    assert body["status"] == "failed"
    assert body["error"]["code"] == "inputs_unknown"
    assert body["error"]["message"]


@pytest.mark.parametrize(
    "table", ["accelerators", "cpus", "grids", "cloud-regions", "models", "equivalents", "sources"]
)
def test_the_catalogue_can_be_read_and_searched(client: Client, table: str) -> None:
    body = client.get(f"/api/v1/catalogue/{table}").json()
    assert body["count"] >= len(body["items"]) > 0
    assert all(item["id"] for item in body["items"])
    assert client.get(f"/api/v1/catalogue/{table}?q=zzzzzzzzzz").json()["count"] == 0


def test_the_catalogue_finds_what_people_type(client: Client) -> None:
    ids = [item["id"] for item in client.get("/api/v1/catalogue/accelerators?q=h100").json()["items"]]
    assert "nvidia-h100-sxm5-80gb" in ids


def test_health_without_workers_is_503_and_says_what_works(client: Client) -> None:
    response = client.get("/api/v1/health")
    assert response.status_code == 503
    assert response.json() == {
        "status": "degraded", "database": "ok", "broker": "ok", "workers_count": 0, "queues": [],
    }  # fmt: skip


def test_the_description_is_openapi_3_1_and_names_every_error(client: Client) -> None:
    description = client.get("/api/v1/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]["/api/v1/calculate"]["post"]["responses"]) == {
        "200", "400", "413", "415", "422", "429", "500",
    }  # fmt: skip


def test_the_documentation_page_needs_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "swagger-ui-bundle" in text
    assert 'src="http' not in text
    assert 'href="http' not in text
