"""What would save most, on the page of a run, on a page of its own, and for programs."""

import uuid

import pytest
from django.test import Client

from estimator import services
from estimator.core.inputs import Workload
from estimator.models import Estimate
from tests.core.levers_cases import BY_CORES, BY_OPERATIONS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def _stored(body: dict[str, object]) -> Estimate:
    row = services.submit_estimate(workload=Workload.model_validate(body))
    services.run_estimate(estimate_id=row.id, worker="test")
    row.refresh_from_db()
    return row


def test_the_page_of_a_run_fetches_its_advice_and_leads_to_it_without_script(client: Client) -> None:
    row = _stored(BY_OPERATIONS)
    page = client.get(f"/estimates/{row.id}/").content.decode()
    assert f'hx-get="/estimates/{row.id}/advice/"' in page and f'href="/estimates/{row.id}/advice/"' in page
    whole = client.get(f"/estimates/{row.id}/advice/").content.decode()
    part = client.get(f"/estimates/{row.id}/advice/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" in whole and "<html" not in part
    assert "Run it in Montreal (AWS ca-central-1)" in whole and "Run it in Montreal (AWS ca-central-1)" in part
    assert "The range includes a loss" in part


def test_each_advice_leads_to_its_scenario(client: Client) -> None:
    row = _stored(BY_OPERATIONS)
    part = client.get(f"/estimates/{row.id}/advice/").content.decode()
    links = [piece.partition('"')[0] for piece in part.split('href="')[1:] if "/scenarios/" in piece.partition('"')[0]]
    assert len(links) == 4  # three, and all of them together
    assert all(client.get(link).status_code == 200 for link in links)


def test_where_nothing_is_worthwhile_it_says_so(client: Client) -> None:
    row = _stored(
        BY_CORES
        | {
            "model": {"training_kind": "lora"},
            "duration_h": 200.0,
            "location": {"provider": "aws", "region": "ca-central-1"},
            "pue": 1.1,
        }
    )
    page = client.get(f"/estimates/{row.id}/advice/").content.decode()
    assert "Nothing worthwhile was found" in page and "2.0\u00a0%" in page
    assert client.get(f"/api/v1/estimates/{row.id}/report.json").json()["advice"]["items"] == []


def test_programs_get_it_with_the_report(client: Client) -> None:
    row = _stored(BY_OPERATIONS)
    advice = client.get(f"/api/v1/estimates/{row.id}/report.json").json()["advice"]
    assert [item["lever"] for item in advice["items"]] == ["reuse", "region", "hardware"]
    first = advice["items"][1]
    assert first["setting"] == {"lever": "region", "provider": "aws", "region": "ca-central-1"}
    assert first["what"] == "Run it in Montreal (AWS ca-central-1)"
    assert set(first["saving_kgco2e"]) == {"low", "central", "high"}


def test_what_is_not_done_has_no_advice(client: Client) -> None:
    row = services.submit_estimate(workload=Workload.model_validate(BY_CORES))
    assert client.get(f"/estimates/{row.id}/advice/").status_code == 404
    assert client.get(f"/estimates/{uuid.uuid4()}/advice/").status_code == 404
