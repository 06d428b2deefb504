"""Personal tokens: made on a page, shown once, stored as a digest; and what the API does with them."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from estimator import services
from estimator.models import ApiToken, Estimate
from estimator.models.token import is_token, new_token, token_digest
from estimator.services.tokens import MOST_TOKENS, TooManyTokens, create_token, revoke_token, token_in_use
from tests.estimator.test_api_bad_input import GOOD, check_shape
from tests.harness.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

Queries = Callable[[int], Any]


def post(client: Client, address: str, body: object, headers: dict[str, str] | None = None) -> Any:
    return client.post(address, data=json.dumps(body), content_type="application/json", headers=headers or {})


# --- tokens as such ---------------------------------------------------------------------------------------------------


def test_a_token_has_256_random_bits_and_a_prefix_that_is_no_secret() -> None:
    token, prefix = new_token()
    assert token.startswith(prefix + "_") and len(token) - len(prefix) - 1 == 43
    assert len({new_token()[1] for _ in range(200)}) == 200
    assert is_token(token, token_digest(token)) and not is_token(token + "x", token_digest(token))


def test_the_database_never_holds_the_token(people: People) -> None:
    token = people.owner.token("estimates")
    row = ApiToken.objects.get()
    assert token not in json.dumps({field.name: str(getattr(row, field.name)) for field in row._meta.fields})
    assert row.digest == token_digest(token)


@pytest.mark.parametrize("wrong", ["", "x", "wp_", "wp__", "wp_abc_def", "wp_\x00_y", "é" * 30, "x" * 100_000])
def test_a_wrong_token_is_nobodys(wrong: str, people: People) -> None:
    people.owner.token()
    assert token_in_use(token=wrong, now=timezone.now()) is None


def test_the_right_prefix_alone_opens_nothing(people: People) -> None:
    people.owner.token()
    prefix = ApiToken.objects.get().prefix
    assert token_in_use(token=prefix, now=timezone.now()) is None
    assert token_in_use(token=f"{prefix}_{'A' * 43}", now=timezone.now()) is None


def test_a_token_ends_when_it_expires_is_revoked_or_its_account_is_closed(people: People) -> None:
    made = create_token(owner=people.owner.user, name="x", scopes=["estimates"], lifetime=timedelta(days=1))
    now = timezone.now()
    assert token_in_use(token=made.token, now=now) == made.row
    assert token_in_use(token=made.token, now=now + timedelta(days=1, seconds=1)) is None
    people.owner.user.is_active = False
    people.owner.user.save()
    assert token_in_use(token=made.token, now=now) is None
    people.owner.user.is_active = True
    people.owner.user.save()
    assert not revoke_token(owner=people.stranger.user, token_id=made.row.pk)
    assert revoke_token(owner=people.owner.user, token_id=made.row.pk)
    assert not revoke_token(owner=people.owner.user, token_id=made.row.pk)
    assert token_in_use(token=made.token, now=now) is None


def test_its_use_is_noted_once_a_minute(people: People, django_assert_num_queries: Queries) -> None:
    token, now = people.owner.token(), timezone.now()
    with django_assert_num_queries(2):
        token_in_use(token=token, now=now)
    with django_assert_num_queries(1):
        token_in_use(token=token, now=now + timedelta(seconds=59))
    assert ApiToken.objects.get().last_used_at == now
    token_in_use(token=token, now=now + timedelta(seconds=61))
    assert ApiToken.objects.get().last_used_at == now + timedelta(seconds=61)


def test_an_account_has_only_so_many(people: People) -> None:
    for _ in range(MOST_TOKENS):
        people.owner.token()
    with pytest.raises(TooManyTokens):
        people.owner.token()
    people.stranger.token()
    ApiToken.objects.filter(owner=people.owner.user).first().delete()  # type: ignore[union-attr]
    people.owner.token()


# --- the page ---------------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_works_until_it_is_revoked_on_the_page(people: People) -> None:
    client = people.owner.client
    sent = client.post("/account/tokens/", {"name": "train box", "scopes": ["estimates"], "lifetime": "30"})
    assert (sent.status_code, sent["Location"]) == (302, "/account/tokens/")
    cookie = sent.cookies["shown-once"]
    assert (cookie["httponly"], cookie["path"], cookie["samesite"]) == (True, "/account/tokens/", "Strict")
    made = client.get("/account/tokens/")
    assert made.status_code == 200 and "no-store" in made["Cache-Control"]
    found = re.search(r"wp_[a-z0-9]+_[\w-]{43}", made.content.decode())
    assert found is not None
    assert client.get("/api/v1/estimates", headers={"Authorization": f"Bearer {found[0]}"}).status_code == 200
    again = client.get("/account/tokens/").content.decode()
    assert "train box" in again and found[0] not in again
    # Nobody else is shown it, and nothing that is not a token of theirs.
    other = people.stranger.client
    other.cookies["shown-once"] = cookie.value
    assert found[0] not in other.get("/account/tokens/").content.decode()
    other.cookies["shown-once"] = "forged:x:y"
    assert other.get("/account/tokens/").status_code == 200
    row = ApiToken.objects.get()
    assert row.expires_at is not None and row.expires_at - row.created_at == timedelta(days=30)
    assert client.post(f"/account/tokens/{row.pk}/revoke/").status_code == 302
    assert Client().get("/api/v1/estimates", headers={"Authorization": f"Bearer {found[0]}"}).status_code == 401


def test_who_comes_from_the_measurements_finds_their_scope_chosen(people: People) -> None:
    client = people.owner.client
    assert "tokens/?scope=measurements" in client.get("/measurements/").content.decode()
    chosen = re.compile(r'value="(\w+)"[^>]*\schecked')
    assert chosen.findall(client.get("/account/tokens/?scope=measurements&scope=x").content.decode()) == [
        "measurements"
    ]
    page = client.get("/account/tokens/").content.decode()
    assert chosen.findall(page) == ["estimates"]
    assert "needed by ./wattprint measure to send them here" in page


def test_a_token_of_a_scope_that_is_offered_no_more_goes_on_without_it(people: People) -> None:
    made = create_token(owner=people.owner.user, name="old", scopes=["estimates"], lifetime=None)
    ApiToken.objects.filter(pk=made.row.pk).update(scopes=["estimates", "reports"])
    page = people.owner.client.get("/account/tokens/").content.decode()
    assert 'value="reports"' not in page and ">reports</span>" in page
    assert Client().get("/api/v1/estimates", headers={"Authorization": f"Bearer {made.token}"}).status_code == 200


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "a\x07b"}, "Use letters"),
        ({"name": "x" * 81}, "at most 80"),
        ({"scopes": []}, "Choose at least one"),
        ({"scopes": ["everything"]}, "Select a valid choice"),
        ({"lifetime": "100000"}, "Select a valid choice"),
    ],
)
def test_the_form_says_what_is_wrong(changes: dict[str, Any], said: str, people: People) -> None:
    body = {"name": "x", "scopes": ["estimates"], "lifetime": "7"} | changes
    response = people.owner.client.post("/account/tokens/", body)
    assert response.status_code == 422 and said in response.content.decode()
    assert not ApiToken.objects.exists()


def test_the_list_asks_the_database_as_often_for_many_as_for_one(
    people: People, django_assert_num_queries: Queries
) -> None:
    people.owner.token()
    client = people.owner.client
    with django_assert_num_queries(3):  # session, account, tokens
        client.get("/account/tokens/")
    for _ in range(10):
        people.owner.token()
    with django_assert_num_queries(3):
        client.get("/account/tokens/")


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/api/v1/estimates", "/api/v1/health", "/api/v1/catalogue/grids"])
def test_a_token_that_does_not_work_is_refused_on_every_call(address: str, client: Client) -> None:
    for header in ("Bearer wp_abc_def", "Bearer ", "bearer x"):
        response = client.get(address, headers={"Authorization": header})
        assert check_shape(response, 401)["error"]["code"] == "invalid_token"
        assert response["WWW-Authenticate"].startswith("Bearer ")


def test_another_way_to_say_who_one_is_is_no_token(client: Client) -> None:
    assert client.get("/api/v1/catalogue/grids", headers={"Authorization": "Basic YTpi"}).status_code == 200


def test_the_scope_is_asked_for(people: People) -> None:
    headers = people.owner.bearer("measurements")
    for response in (
        Client().get("/api/v1/estimates", headers=headers),
        post(Client(), "/api/v1/estimates", GOOD, headers),
    ):
        assert check_shape(response, 403)["error"]["code"] == "missing_scope"
        assert 'scope="estimates"' in response["WWW-Authenticate"]
    assert post(Client(), "/api/v1/calculate", GOOD, headers).status_code == 200
    assert not Estimate.objects.exists()


def test_what_a_token_stores_belongs_to_its_account(people: People) -> None:
    headers = people.owner.bearer("estimates")
    made = post(Client(), "/api/v1/estimates", GOOD, headers).json()
    assert Estimate.objects.get(pk=made["id"]).owner == people.owner.user
    told = Client().get("/api/v1/estimates", headers=headers).json()
    assert [item["id"] for item in told["items"]] == [made["id"]] and told["next_cursor"] is None
    assert Client().get(f"/api/v1/estimates/{made['id']}").status_code == 200  # by its link
    assert Client().get("/api/v1/estimates", headers=people.stranger.bearer()).json()["items"] == []


def test_keys_of_idempotency_are_each_accounts_own(people: People) -> None:
    ids = set()
    for headers in ({}, people.owner.bearer(), people.stranger.bearer()):
        for _ in range(2):
            answer = post(Client(), "/api/v1/estimates", GOOD, headers | {"Idempotency-Key": "k"})
            ids.add(answer.json()["id"])
    assert len(ids) == 3


def test_nobody_has_no_list(client: Client) -> None:
    response = client.get("/api/v1/estimates")
    check_shape(response, 401)
    assert response["WWW-Authenticate"] == 'Bearer realm="wattprint"'


def test_the_list_goes_on_from_page_to_page(people: People, django_assert_num_queries: Queries) -> None:
    now = timezone.now()
    for number in range(7):
        row = services.submit_estimate(workload=services.EXAMPLE, owner=people.owner.user)
        # Two at a time share their moment: the key decides then.
        Estimate.objects.filter(pk=row.pk).update(created_at=now - timedelta(seconds=number // 2))
    headers, seen = people.owner.bearer(), list[str]()
    cursor, pages, more = "", 0, True
    token_in_use(token=headers["Authorization"].split()[1], now=timezone.now())
    while more:
        with django_assert_num_queries(2):  # the token, and the page
            told = Client().get(f"/api/v1/estimates?limit=3&cursor={cursor}", headers=headers).json()
        seen += [item["id"] for item in told["items"]]
        cursor, pages, more = told["next_cursor"], pages + 1, told["next_cursor"] is not None
    assert pages == 3 and len(seen) == len(set(seen)) == 7
    moments = [Estimate.objects.get(pk=pk).created_at for pk in seen]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize("query", ["cursor=nonsense", "cursor=%C3%A9", "cursor=MjAyNg", "limit=0", "limit=201"])
def test_a_wrong_place_in_the_list_names_its_field(query: str, people: People) -> None:
    response = Client().get(f"/api/v1/estimates?{query}", headers=people.owner.bearer())
    assert response.status_code == 422
    assert response.json()["error"]["fields"][0]["path"] == query.split("=")[0]


def test_an_account_deletes_its_own_alone(people: People) -> None:
    row = services.submit_estimate(workload=services.EXAMPLE, owner=people.owner.user)
    address = f"/api/v1/estimates/{row.pk}"
    assert Client().delete(address).status_code == 401
    assert Client().delete(address, headers=people.stranger.bearer()).status_code == 404
    assert Client().delete(address, headers=people.owner.bearer("measurements")).status_code == 403
    assert Client().delete(address, headers=people.owner.bearer("estimates")).status_code == 204
    assert Client().get(address).status_code == 404


def test_a_session_reads_and_writes_only_with_the_pages_csrf_token(people: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.owner.user)
    row = services.submit_estimate(workload=services.EXAMPLE, owner=people.owner.user)
    assert len(client.get("/api/v1/estimates").json()["items"]) == 1
    refused = client.delete(f"/api/v1/estimates/{row.pk}")
    assert refused.status_code == 403 and refused.json()["error"]["code"] == "csrf_failed"
    # Where nobody need sign in, such a call is taken for nobody's.
    made = post(client, "/api/v1/estimates", GOOD)
    assert made.status_code == 202 and Estimate.objects.get(pk=made.json()["id"]).owner is None
    client.get("/account/tokens/")
    proof = {"X-CSRFToken": client.cookies["csrftoken"].value}
    made = post(client, "/api/v1/estimates", GOOD, proof)
    assert Estimate.objects.get(pk=made.json()["id"]).owner == people.owner.user
    assert client.delete(f"/api/v1/estimates/{row.pk}", headers=proof).status_code == 204


def test_the_documentation_says_which_calls_need_a_token(client: Client) -> None:
    told = client.get("/api/v1/openapi.json").json()
    assert told["components"]["securitySchemes"]["AccountToken"]["scheme"] == "bearer"
    assert told["security"] == [{}, {"AccountToken": []}]
    assert told["paths"]["/api/v1/estimates"]["get"]["security"] == [{"AccountToken": []}]
    assert "security" not in told["paths"]["/api/v1/calculate"]["post"]
