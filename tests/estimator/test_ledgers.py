"""Ledgers as pages, for programs, and kept: who may, what is refused, and what they come to."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from estimator import services
from estimator.core.inputs import InputProblems, Workload
from estimator.core.ledger import LedgerAsked
from estimator.models import Estimate, Ledger, Sharing
from estimator.services.ledgers import add_up, create_ledger, ledgers_of
from tests.core.levers_cases import BY_DEVICES, MEASURED, SERVED
from tests.harness.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def _stored(body: dict[str, Any], **values: Any) -> Estimate:
    row = services.submit_estimate(workload=Workload.model_validate(body), **values)
    services.run_estimate(estimate_id=row.id, worker="test")
    row.refresh_from_db()
    return row


@pytest.fixture
def trained() -> Estimate:
    """A run of training."""
    return _stored(BY_DEVICES | {"title": "Trained"})


@pytest.fixture
def used() -> Estimate:
    """A run of use: a million requests."""
    return _stored(SERVED | {"title": "Used"})


def _remember(client: Client, *rows: Estimate) -> None:
    session = client.session
    session["estimates"] = [row.id.hex for row in rows]
    session.save()


def _body(trained: Estimate, used: Estimate) -> dict[str, Any]:
    return {
        "name": "A life",
        "service_life_months": 24,
        "entries": [
            {"role": "training", "estimate": str(trained.id), "times_before": 1},
            {"role": "retraining", "estimate": str(trained.id), "times_per_year": 2},
            {"role": "inference", "estimate": str(used.id), "requests_per_month": 500_000},
        ],
    }


def _total(row: Estimate) -> float:
    assert row.total_kgco2e is not None
    return row.total_kgco2e


# --- programs ---------------------------------------------------------------------------------------------------------


def test_a_program_adds_a_life_up(client: Client, trained: Estimate, used: Estimate) -> None:
    answer = client.post("/api/v1/ledgers", _body(trained, used), content_type="application/json")
    assert answer.status_code == 201
    told = answer.json()
    # One training, four more in two years, and half a million requests in each of 24 months, of a run with one million.
    expected = 5 * _total(trained) + 12 * _total(used)
    assert told["result"]["total_kgco2e"]["central"] == pytest.approx(expected)
    assert len(told["result"]["cumulative_kgco2e"]) == 25
    assert [row["part"] for row in told["result"]["rows"]] == ["training", "retraining", "inference", "embodied"]
    assert client.get(answer["Location"]).json() == told
    assert client.get(f"/ledgers/{told['id']}/").status_code == 200


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"entries": []}, "entries"),
        ({"service_life_months": 1000}, "service_life_months"),
        ({"entries": [{"role": "magic", "estimate": str(uuid.uuid4())}]}, "entries.0.role"),
        ({"entries": [{"role": "training", "estimate": "x"}]}, "entries.0.estimate"),
        ({"entries": [{"role": "training", "estimate": str(uuid.uuid4())}]}, "entries.0.estimate"),
    ],
)
def test_what_is_wrong_is_named(
    client: Client, trained: Estimate, used: Estimate, changes: dict[str, Any], path: str
) -> None:
    answer = client.post("/api/v1/ledgers", _body(trained, used) | changes, content_type="application/json")
    assert answer.status_code == 422
    assert path in [field["path"] for field in answer.json()["error"]["fields"]]
    assert not Ledger.objects.exists()


def test_all_problems_come_at_once() -> None:
    waiting = services.submit_estimate(workload=Workload.model_validate(BY_DEVICES))
    measured = _stored(MEASURED)
    entries = [
        {"role": "training", "estimate": waiting.id},
        {"role": "inference", "estimate": measured.id, "requests_per_month": 1.0},
    ]
    asked = LedgerAsked.model_validate({"entries": entries, "service_life_months": 1})
    with pytest.raises(InputProblems) as found:
        add_up(asked=asked, seen={waiting.id: waiting, measured.id: measured})
    assert [one.path for one in found.value.problems] == ["entries.0.estimate", "entries.1.requests_per_month"]


def test_an_account_has_a_list_of_its_own(people: People, trained: Estimate, used: Estimate) -> None:
    client, body = Client(), _body(trained, used)
    for _ in range(3):
        client.post("/api/v1/ledgers", body, content_type="application/json", headers=people.owner.bearer())
    first = client.get("/api/v1/ledgers?limit=2", headers=people.owner.bearer()).json()
    rest = client.get(f"/api/v1/ledgers?limit=2&cursor={first['next_cursor']}", headers=people.owner.bearer()).json()
    assert [len(first["items"]), len(rest["items"]), rest["next_cursor"]] == [2, 1, None]
    assert client.get("/api/v1/ledgers", headers=people.stranger.bearer()).json()["items"] == []
    assert client.get("/api/v1/ledgers?cursor=x", headers=people.owner.bearer()).status_code == 422
    assert len(ledgers_of(owner=people.owner.user, before=None, limit=10).rows) == 3


# --- who may see ------------------------------------------------------------------------------------------------------


def test_a_ledger_shows_nothing_of_runs_that_are_private(people: People, used: Estimate) -> None:
    secret = _stored(BY_DEVICES | {"title": "Secret run"}, owner=people.owner.user)
    asked = LedgerAsked.model_validate(_body(secret, used))
    row = create_ledger(asked=asked, seen={secret.id: secret, used.id: used}, owner=people.owner.user)
    Estimate.objects.filter(pk=secret.pk).update(sharing=Sharing.PRIVATE)
    seen = people.owner.client.get(f"/ledgers/{row.id}/")
    assert seen.status_code == 200 and b"Secret run" in seen.content
    for client in (people.stranger.client, people.staff.client, people.nobody):
        page = client.get(f"/ledgers/{row.id}/")
        assert page.status_code == 422 and b"Secret run" not in page.content
        assert client.get(f"/api/v1/ledgers/{row.id}").status_code == 422
    body = _body(secret, used)
    assert Client().post("/api/v1/ledgers", body, content_type="application/json").status_code == 422


def test_a_ledger_whose_run_was_deleted_says_so(client: Client, trained: Estimate, used: Estimate) -> None:
    asked = LedgerAsked.model_validate(_body(trained, used))
    row = create_ledger(asked=asked, seen={trained.id: trained, used.id: used})
    trained.delete()
    page = client.get(f"/ledgers/{row.id}/")
    assert page.status_code == 422 and "a run that is not there" in page.content.decode()


def test_only_its_owner_deletes_a_ledger(people: People, trained: Estimate, used: Estimate) -> None:
    asked, seen = LedgerAsked.model_validate(_body(trained, used)), {trained.id: trained, used.id: used}
    row, loose = create_ledger(asked=asked, seen=seen, owner=people.owner.user), create_ledger(asked=asked, seen=seen)
    assert people.stranger.client.post(f"/ledgers/{row.id}/delete/").status_code == 404
    assert people.owner.client.post(f"/ledgers/{row.id}/delete/").status_code == 302
    assert people.nobody.post(f"/ledgers/{loose.id}/delete/").status_code == 302
    assert not Ledger.objects.exists() and Estimate.objects.count() == 2


# --- pages ------------------------------------------------------------------------------------------------------------


def _form(trained: Estimate, used: Estimate, **changes: str) -> dict[str, str]:
    return {
        "name": "Mine",
        "training": str(trained.id),
        "inference": str(used.id),
        "development_times": "0.5",
        "retrainings_per_year": "1",
        "evaluation_share": "10",
        "service_life_months": "12",
        "requests_per_month": "2M",
        **changes,
    }


def test_a_person_adds_a_life_up(client: Client, trained: Estimate, used: Estimate) -> None:
    _remember(client, trained, used)
    page = client.get("/ledgers/").content.decode()
    assert f'<option value="{trained.id}">Trained' in page and f'<option value="{used.id}">Used' in page
    made = client.post("/ledgers/", _form(trained, used))
    assert made.status_code == 302
    row = Ledger.objects.get()
    result = add_up(asked=row.asked(), seen={trained.id: trained, used.id: used})
    # Half a training before it, it, one more in the year, a tenth of each of these two, and 24 million requests.
    assert result.total_kgco2e.central == pytest.approx((0.5 + 1 + 1 + 0.2) * _total(trained) + 24 * _total(used))
    shown = client.get(made["Location"]).content.decode()
    assert "Which lever acts on which part" in shown and "<svg" in shown and "Plotly" not in shown
    assert 'href="/levers/quantisation/"' in shown and "2,000,000 requests in a month" in shown
    assert "Mine" in client.get("/ledgers/").content.decode()
    assert "Mine" not in Client().get("/ledgers/").content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"training": "", "inference": ""}, "training"),
        ({"requests_per_month": ""}, "requests_per_month"),
        ({"requests_per_month": "many"}, "requests_per_month"),
        ({"service_life_months": "1000"}, "service_life_months"),
        ({"retrainings_per_year": "-1"}, "retrainings_per_year"),
        ({"training": str(uuid.uuid4())}, "training"),
    ],
)
def test_what_a_person_got_wrong_stands_at_its_field(
    client: Client, trained: Estimate, used: Estimate, changes: dict[str, str], field: str
) -> None:
    _remember(client, trained, used)
    answer = client.post("/ledgers/", _form(trained, used, **changes))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert not Ledger.objects.exists()


def test_use_without_requests_is_told_by_how_often(client: Client, trained: Estimate) -> None:
    measured = _stored(MEASURED | {"activity": "inference"})
    _remember(client, trained, measured)
    wrong = client.post("/ledgers/", _form(trained, measured))
    assert wrong.status_code == 422 and set(wrong.context["form"].errors) == {"requests_per_month"}
    right = client.post("/ledgers/", _form(trained, measured, requests_per_month="", times_per_month="2"))
    assert right.status_code == 302


def test_a_browser_without_runs_is_told_to_make_one(client: Client) -> None:
    Estimate.objects.create(inputs={}, input_digest="x", created_at=timezone.now())
    assert "A ledger needs a finished run of yours." in client.get("/ledgers/").content.decode()
