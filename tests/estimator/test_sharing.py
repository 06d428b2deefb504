"""Who may see a run: private, by link, in the gallery, withdrawn; its page and all that follows it."""

import json
import re
import uuid
from copy import copy
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from estimator.models import Estimate, Measurement, Plan, Scenario
from reports.models import Report
from tests.estimator.routes import World
from tests.harness.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

Queries = Any

#: Everything that is read of an estimate; {names} are rows of `World`.
PAGES = """
/estimates/{estimate}/
/estimates/{estimate}/status/
/estimates/{estimate}/methods/
/estimates/{estimate}/disclosures/
/estimates/{estimate}/report/
/estimates/{estimate}/plan/
/estimates/{estimate}/scenarios/
/estimates/{estimate}/scenarios/compare/
/plans/{plan}/
/plans/{plan}/status/
/reports/{report}/
/reports/{report}/status/
/reports/{several}/
""".split()
POSTS = """
/estimates/{estimate}/retry/
/estimates/{estimate}/report/
/estimates/{estimate}/scenarios/preview/
/plans/{plan}/retry/
/reports/{report}/retry/
/reports/{several}/retry/
/scenarios/{scenario}/
""".split()
CALLS = """
/api/v1/estimates/{estimate}
/api/v1/estimates/{estimate}/scenarios
/api/v1/scenarios/{scenario}
/api/v1/estimates/{estimate}/report.json
/api/v1/estimates/{estimate}/report.csv
/api/v1/estimates/{estimate}/report.pdf
/api/v1/estimates/{estimate}/disclosures
/api/v1/estimates/{estimate}/disclosures/badge
/api/v1/plans/{plan}
/api/v1/reports/{report}.pdf
/api/v1/reports/{several}.pdf
""".split()


class SharedWorld(World):
    """With a report over several."""

    @property
    def several(self) -> Any:
        row, _ = Report.objects.get_or_create(
            estimate=None,
            estimate_ids=[str(self.estimate)],
            language="en",
            engine_version="x",
            status="running",
            defaults={"created_at": timezone.now()},
        )
        return row.pk


@pytest.fixture
def world(people: People, settings: Any, monkeypatch: pytest.MonkeyPatch) -> SharedWorld:
    import importlib

    monkeypatch.setattr(importlib.import_module("reports.api.reports"), "WAIT_S", 0.0)
    settings.ALLOWED_HOSTS = ["testserver"]
    return SharedWorld(people.owner.user)


def set_to(world: World, **values: Any) -> None:
    assert Estimate.objects.filter(pk=world.estimate).update(**values) == 1


def statuses(client: Client, world: World, addresses: list[str], **how: Any) -> dict[str, int]:
    return {one: client.get(world.fill(one), **how).status_code for one in addresses}


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"sharing": "private"}, 404, "not_found"),
        ({"withdrawn_at": timezone.now()}, 410, "withdrawn"),
        # Whoever may not even know of it is not told that it was withdrawn.
        ({"sharing": "private", "withdrawn_at": timezone.now()}, 404, "not_found"),
        ({"sharing": "public", "withdrawn_at": timezone.now()}, 410, "withdrawn"),
    ],
)
def test_what_is_hidden_is_hidden_everywhere(
    people: People, world: SharedWorld, values: dict[str, Any], status: int, code: str
) -> None:
    set_to(world, **values)
    for client in (people.nobody, people.stranger.client, people.staff.client):
        assert statuses(client, world, PAGES) == dict.fromkeys(PAGES, status)
    posted = {one: people.stranger.client.post(world.fill(one)).status_code for one in POSTS}
    assert posted == dict.fromkeys(POSTS, status)
    for client, headers in ((people.nobody, {}), (Client(), people.stranger.bearer())):
        assert statuses(client, world, CALLS, headers=headers) == dict.fromkeys(CALLS, status)
    answer = people.nobody.get(f"/api/v1/estimates/{world.estimate}").json()
    assert answer["error"]["code"] == code


@pytest.mark.parametrize("values", [{"sharing": "private"}, {"withdrawn_at": timezone.now()}, {"sharing": "public"}])
def test_the_owner_sees_it_all_the_same(people: People, world: SharedWorld, values: dict[str, Any]) -> None:
    set_to(world, **values)
    assert set(statuses(people.owner.client, world, PAGES).values()) == {200}
    for client, headers in ((people.owner.client, {}), (Client(), people.owner.bearer())):
        assert set(statuses(client, world, CALLS, headers=headers).values()) <= {200, 202}


def test_calls_that_change_or_compute(people: People, world: SharedWorld) -> None:
    set_to(world, sharing="private")
    estimate = str(world.estimate)
    asked = {
        f"/api/v1/estimates/{estimate}/recompute": {},
        f"/api/v1/estimates/{estimate}/scenarios": {"levers": [{"lever": "pue", "pue": 1.1}]},
        "/api/v1/plans": {"estimate": estimate, "choices": [{"lever": "region", "country": "FR"}]},
        "/api/v1/reports": {"estimates": [estimate]},
    }

    def sent(headers: dict[str, str]) -> set[int]:
        return {
            Client().post(path, json.dumps(body), content_type="application/json", headers=headers).status_code
            for path, body in asked.items()
        }

    assert sent({}) == sent(people.stranger.bearer()) == {404}
    set_to(world, sharing="link", withdrawn_at=timezone.now())
    assert sent({}) == sent(people.stranger.bearer()) == {410}


def test_a_token_needs_the_scope_and_a_doubtful_session_is_nobody(people: People, world: SharedWorld) -> None:
    set_to(world, sharing="private")
    path = f"/api/v1/estimates/{world.estimate}"
    assert Client().get(path, headers=people.owner.bearer("workers")).status_code == 403
    assert Client().get(path, headers=people.stranger.bearer("workers")).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.owner.user)
    assert strict.get(path).status_code == 200
    assert strict.post(f"{path}/recompute", "{}", content_type="application/json").status_code == 404


def test_the_form_takes_nothing_from_what_is_hidden(people: People, world: SharedWorld) -> None:
    set_to(world, sharing="private", title="A secret", inputs={**_inputs(world), "title": "A secret"})
    shown = people.stranger.client.get("/", {"from": str(world.estimate)}).content.decode()
    assert "A secret" not in shown
    assert "A secret" in people.owner.client.get("/", {"from": str(world.estimate)}).content.decode()
    sent = people.stranger.client.post("/preview/", {"based_on": str(world.estimate), "title": "x"})
    assert sent.status_code == 200 and "A secret" not in sent.content.decode()


def _inputs(world: World) -> dict[str, Any]:
    found: dict[str, Any] = Estimate.objects.get(pk=world.estimate).inputs
    return found


def test_what_is_brought_is_not_set_against_what_is_hidden(people: People, world: SharedWorld) -> None:
    of_others = SharedWorld(people.stranger.user)
    brought = f"/imports/{of_others.imported}/"
    client = people.stranger.client
    client.post(f"{brought}keep/")
    assert "problem" not in client.post(f"{brought}compare/", {"link": str(world.estimate)})["Location"]
    before = client.get(brought).content.decode()
    set_to(world, withdrawn_at=timezone.now())
    after = client.get(brought).content.decode()
    assert len(after) < len(before)
    assert "problem=estimate" in client.post(f"{brought}compare/", {"link": str(world.estimate)})["Location"]


def test_a_measurement_takes_nothing_over_from_what_is_hidden(people: People, world: SharedWorld) -> None:
    of_others = SharedWorld(people.stranger.user)
    measured = Measurement.objects.filter(pk=of_others.measurement)
    measured.update(estimate_id=world.estimate, energy_j=3.6e9, covered_s=3600.0, status="done")
    use = f"/measurements/{of_others.measurement}/use/"
    assert people.stranger.client.get(use).status_code == 200
    set_to(world, sharing="private")
    assert people.stranger.client.get(use).status_code == 404
    set_to(world, sharing="link", withdrawn_at=timezone.now())
    assert people.stranger.client.get(use).status_code == 410


# --- who says so ------------------------------------------------------------------------------------------------------


def test_an_owner_shares_withdraws_and_shows_again(people: People, world: SharedWorld) -> None:
    page, owner = f"/estimates/{world.estimate}/", people.owner.client
    assert "Save who may see it" in owner.get(page).content.decode()
    assert owner.post(f"{page}sharing/", {"sharing": "public", "shown_as": "ACME Labs"}).status_code == 302
    assert "listed in the gallery now" in owner.get(page).content.decode()
    assert "ACME Labs" in people.nobody.get("/gallery/").content.decode()
    assert "Withdraw this estimate?" in owner.get(f"{page}withdraw/").content.decode()
    assert owner.post(f"{page}withdraw/").status_code == 302
    gone = people.nobody.get(page)
    assert (gone.status_code, gone["X-Robots-Tag"]) == (410, "noindex")
    assert "was withdrawn" in gone.content.decode()
    assert "only you see this page" in owner.get(page).content.decode()
    assert "ACME Labs" not in people.nobody.get("/gallery/").content.decode()
    assert owner.post(f"{page}show/").status_code == 302
    assert people.nobody.get(page).status_code == 200


def test_a_browser_withdraws_what_it_made_and_no_other_can(client: Client, people: People, world: SharedWorld) -> None:
    page = f"/estimates/{world.loose}/"
    session = client.session
    session["estimates"] = [world.loose.hex]
    session.save()
    for other in (people.nobody, people.stranger.client):
        assert other.post(f"{page}withdraw/").status_code == 404
    told = client.get(page).content.decode()
    assert "Keep it in an account to make it private" in told and "Save who may see it" not in told
    assert client.post(f"{page}withdraw/").status_code == 302
    assert client.get(page).status_code == 200 and people.nobody.get(page).status_code == 410
    assert client.get(f"/api/v1{page.rstrip('/')}").status_code == 200
    assert people.stranger.client.post(f"{page}claim/").status_code == 410
    assert people.nobody.post(f"{page}show/").status_code == 410
    # Whoever is not signed in can neither keep it private nor list it.
    assert client.post(f"{page}sharing/", {"sharing": "private"})["Location"].startswith("/account/login/")
    assert client.post(f"{page}show/").status_code == 302
    assert people.nobody.get(page).status_code == 200


def test_nobodys_estimate_is_found_by_its_link(world: SharedWorld) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Estimate.objects.filter(pk=world.loose).update(sharing="private")
    with pytest.raises(IntegrityError), transaction.atomic():
        Estimate.objects.filter(pk=world.estimate).update(sharing="secret")


def test_a_wrong_choice_says_so_and_changes_nothing(people: People, world: SharedWorld) -> None:
    answer = people.owner.client.post(f"/estimates/{world.estimate}/sharing/", {"sharing": "all", "shown_as": "x"})
    assert answer.status_code == 422 and "Nothing was changed" in answer.content.decode()
    long = {"sharing": "public", "shown_as": "x" * 121}
    assert people.owner.client.post(f"/estimates/{world.estimate}/sharing/", long).status_code == 422
    assert Estimate.objects.get(pk=world.estimate).sharing == "link"


def test_programs_share_and_withdraw(people: People, world: SharedWorld) -> None:
    path = f"/api/v1/estimates/{world.estimate}/sharing"

    def changed(**body: Any) -> dict[str, Any]:
        answer = Client().patch(path, json.dumps(body), content_type="application/json", headers=people.owner.bearer())
        assert answer.status_code == 200, answer.content
        told: dict[str, Any] = answer.json()
        return told

    assert changed(sharing="public", shown_as="ACME")["shown_as"] == "ACME"
    assert changed(is_withdrawn=True) == {
        "id": str(world.estimate),
        "sharing": "public",
        "shown_as": "ACME",
        "is_withdrawn": True,
    }
    assert people.nobody.get(f"/api/v1/estimates/{world.estimate}").status_code == 410
    assert changed(is_withdrawn=False)["is_withdrawn"] is False
    bad = (
        Client()
        .patch(path, '{"sharing": "all"}', content_type="application/json", headers=people.owner.bearer())
        .json()
    )
    assert bad["error"]["fields"][0]["path"] == "sharing"


def test_asking_who_may_costs_no_query_more(
    people: People, world: SharedWorld, django_assert_num_queries: Queries
) -> None:
    page = f"/estimates/{world.estimate}/"
    nobody, stranger = people.nobody, people.stranger.client
    with django_assert_num_queries(1):
        nobody.get(page)
    with django_assert_num_queries(3):  # session, account, row
        stranger.get(page)
    with django_assert_num_queries(1):
        nobody.get(f"/api/v1/estimates/{world.estimate}")


def test_an_owner_who_made_it_without_an_account_has_no_more_than_his_account(people: People) -> None:
    """A browser that made it and lost it to an account sees it as strangers do."""
    row = Estimate.objects.get(pk=World(people.owner.user).estimate)
    Estimate.objects.filter(pk=row.pk).update(sharing="private")
    client = Client()
    session = client.session
    session["estimates"] = [row.pk.hex]
    session.save()
    assert client.get(f"/estimates/{row.pk}/").status_code == 404


# --- gallery ----------------------------------------------------------------------------------------------------------


def test_search_engines_are_asked_to_keep_out_of_all_but_the_gallery(people: People, world: SharedWorld) -> None:
    page = f"/estimates/{world.estimate}/"

    def is_kept_out() -> bool:
        answer = people.nobody.get(page)
        tag = '<meta name="robots" content="noindex">' in answer.content.decode()
        assert tag == ("X-Robots-Tag" in answer)
        return tag

    assert is_kept_out()
    set_to(world, sharing="public")
    assert not is_kept_out()
    assert "noindex" not in people.nobody.get("/gallery/").content.decode()


def listed(people: People, count: int, title: str) -> list[Estimate]:
    first = Estimate.objects.get(pk=World(people.owner.user).estimate)
    now = timezone.now()
    rows = []
    for number in range(count):
        row = copy(first)
        row.pk = uuid.uuid4()
        row.title, row.sharing, row.created_at = f"{title} {number}", "public", now - timedelta(minutes=number)
        rows.append(row)
    return Estimate.objects.bulk_create(rows)


def titles(page: str) -> list[str]:
    return re.findall(r"<h2><a [^>]*><bdi>(.*?)</bdi>", page)


def test_the_gallery_goes_on_from_page_to_page(people: People, django_assert_num_queries: Queries) -> None:
    listed(people, 30, "Run")
    with django_assert_num_queries(1):
        first = people.nobody.get("/gallery/").content.decode()
    assert titles(first) == [f"Run {number}" for number in range(24)]
    assert "@example.org" not in first
    cursor = re.search(r"cursor=([\w-]+)", first)
    assert cursor is not None
    second = people.nobody.get("/gallery/", {"cursor": cursor[1]}).content.decode()
    assert titles(second) == [f"Run {number}" for number in range(24, 30)]
    assert people.nobody.get("/gallery/", {"cursor": "none"}).status_code == 404


def test_titles_are_searched(people: People) -> None:
    listed(people, 2, "Llama <b>")
    listed(people, 1, "100 %")
    found = people.nobody.get("/gallery/", {"title": " llama  <B> "}).content.decode()
    assert titles(found) == ["Llama &lt;b&gt; 0", "Llama &lt;b&gt; 1"]
    assert titles(people.nobody.get("/gallery/", {"title": "%"}).content.decode()) == ["100 % 0"]
    none = people.nobody.get("/gallery/", {"title": "x\x00" * 500})
    assert none.status_code == 200 and "No title has this in it" in none.content.decode()


def test_only_what_is_listed_and_done_is_there(people: People, world: SharedWorld) -> None:
    for values in (
        {"sharing": "link"},
        {"sharing": "private"},
        {"sharing": "public", "withdrawn_at": timezone.now()},
    ):
        set_to(world, **{"withdrawn_at": None} | values)
        assert titles(people.nobody.get("/gallery/").content.decode()) == []


# --- badge ------------------------------------------------------------------------------------------------------------


def test_the_badge_stands_on_other_sites(people: People, world: SharedWorld) -> None:
    page = people.nobody.get(f"/estimates/{world.estimate}/").content.decode()
    badge = f"/api/v1/estimates/{world.estimate}/disclosures/badge"
    assert f"&lt;img src=&quot;http://testserver{badge}&quot;" in page
    answer = people.nobody.get(badge)
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer["Cache-Control"] == "public, max-age=300"
    set_to(world, sharing="private")
    assert "disclosures/badge" not in people.owner.client.get(f"/estimates/{world.estimate}/").content.decode()
    assert people.owner.client.get(badge)["Cache-Control"] == "private, no-store"


def test_a_hostile_title_is_text_in_the_snippet(people: People, world: SharedWorld) -> None:
    set_to(world, title='"><script>alert(1)</script>')
    page = people.nobody.get(f"/estimates/{world.estimate}/").content.decode()
    assert "<script>alert" not in page
    # Escaped once in the snippet, and once more as it is shown.
    assert "&amp;quot;&amp;gt;&amp;lt;script&amp;gt;" in page


def test_rows_that_follow_are_kept(people: People, world: SharedWorld) -> None:
    world.plan, world.scenario, world.report  # noqa: B018
    people.owner.client.post(f"/estimates/{world.estimate}/withdraw/")
    assert Plan.objects.count() == Scenario.objects.count() == Report.objects.count() == 1
