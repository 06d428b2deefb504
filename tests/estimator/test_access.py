"""Who may: every address, asked by nobody, a stranger, a member of staff and the owner."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone

from config.api import PREFIX, api
from estimator import access
from estimator.models import Estimate
from tests.estimator.routes import Request, World, requests
from tests.harness.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def _routes(patterns: Any, before: str = "") -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _routes(one.url_patterns, before + str(one.pattern))
        elif isinstance(one, URLPattern):
            yield before + str(one.pattern).removeprefix("^")


def _calls() -> Iterator[tuple[str, str]]:
    """(method, route) of each call of the API."""
    for bound in api._get_bound_routers():
        for path, view in bound.path_operations.items():
            route = (PREFIX + path.lstrip("/")).lstrip("/").replace("{", "<").replace("}", ">")
            for operation in view.operations:
                for method in operation.methods:
                    yield method, route


def test_every_address_has_a_row(people: People) -> None:
    world = World(people.owner.user)
    asked = [(request.method, resolve(world.fill(request.address)).route) for request in requests()]
    routes = {route for _, route in asked}
    lacking = set(_routes(get_resolver().url_patterns)) - routes
    calls = {f"{method} {route}" for method, route in set(_calls()) - set(asked)}
    assert not lacking | calls, "give these a row in tests/estimator/routes.py:\n" + "\n".join(sorted(lacking | calls))


@pytest.mark.parametrize("request_", requests(), ids=str)
def test_everybody_gets_what_the_table_says(
    request_: Request, people: People, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    # Nobody makes reports here, so nobody waits for one.
    monkeypatch.setattr(importlib.import_module("reports.api.reports"), "WAIT_S", 0.0)
    address = World(people.owner.user).fill(request_.address)
    is_call = address.startswith(PREFIX)
    bearers = [{}, people.stranger.bearer(), people.staff.bearer(), people.owner.bearer()] if is_call else [{}] * 4
    pages = [people.nobody, people.stranger.client, people.staff.client, people.owner.client]
    for client, headers, expected in zip([Client()] * 4 if is_call else pages, bearers, request_.expected, strict=True):
        kind = "application/json" if request_.body else "application/octet-stream"
        response = client.generic(request_.method, address, request_.body, content_type=kind, headers=headers)
        if expected == "in":
            assert response.status_code == 302, response.status_code
            assert response["Location"].startswith("/account/login/")
        elif expected == "ready":
            assert response.status_code in {200, 202, 409}
        else:
            assert response.status_code == int(expected), response.content[:300]


def test_a_call_by_session_sees_what_its_page_sees(people: People) -> None:
    Estimate.objects.create(owner=people.owner.user, inputs={}, input_digest="x", created_at=timezone.now())
    assert len(people.owner.client.get("/api/v1/estimates").json()["items"]) == 1
    assert people.stranger.client.get("/api/v1/estimates").json()["items"] == []
    assert people.staff.client.get("/api/v1/estimates").json()["items"] == []
    assert people.nobody.get("/api/v1/estimates").status_code == 401


def test_a_row_is_its_owners(people: People) -> None:
    rows = Estimate.objects.all()
    row = Estimate.objects.create(owner=people.owner.user, inputs={}, input_digest="x", created_at=timezone.now())
    loose = Estimate.objects.create(inputs={}, input_digest="x", created_at=timezone.now())
    owner, stranger, staff = people.owner.user, people.stranger.user, people.staff.user
    assert access.own(rows, person=owner, pk=row.pk) == row
    assert [access.own(rows, person=person, pk=row.pk) for person in (stranger, staff)] == [None, None]
    assert access.own(rows, person=owner, pk=loose.pk) is None
    assert [access.may_claim_estimate(person, loose) for person in (owner, stranger)] == [True, True]
    assert not access.may_claim_estimate(stranger, row) and not access.may_claim_estimate(owner, row)
    assert access.may_delete_estimate(owner, row) and not access.may_delete_estimate(staff, row)
    assert list(Estimate.objects.owned_by(owner)) == [row]
