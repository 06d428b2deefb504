"""Signing up, in and out, with mail and without; estimates in an account; the link of this machine's owner."""

import json
import re
import smtplib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from estimator import services
from estimator.models import Estimate
from estimator.models.token import token_digest
from estimator.services.accounts import OWNER_LINK_FILE, OWNER_NAME, RUN_FILE, forget_sessions
from tests.estimator.test_views import OWN_RUN
from tests.harness.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url", "quick_passwords")]

Queries = Callable[[int], Any]

ADDRESS, PASSWORD = "ann@example.org", "a-rather-long-phrase-9"
SIGN_UP = {"email": ADDRESS, "password1": PASSWORD}
SIGN_IN = {"login": ADDRESS, "password": PASSWORD}


@pytest.fixture
def quick_passwords(settings: Any) -> Iterator[None]:
    """Hashing as slowly as for people would take up most of the tests' time; no limit counts from test to test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def with_mail(settings: Any) -> None:
    """A site with a mail server."""
    settings.MAIL_IS_SET, settings.ACCOUNT_EMAIL_VERIFICATION = True, "optional"


def page(response: Any) -> str:
    text: str = response.content.decode()
    return text


def signed_up() -> Client:
    client = Client()
    assert client.post("/account/signup/", SIGN_UP).status_code == 302
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


# --- up, in and out ---------------------------------------------------------------------------------------------------


def test_signing_up_signs_in_and_leads_to_the_estimates() -> None:
    client = Client()
    response = client.post("/account/signup/", SIGN_UP)
    assert response.status_code == 302 and response["Location"] == "/estimates/"
    user = User.objects.get()
    assert (user.email, user.username, user.is_staff) == (ADDRESS, ADDRESS, False)
    assert ADDRESS in page(client.get("/estimates/"))
    assert not mail.outbox


@pytest.mark.parametrize(
    "body",
    [
        {"email": "no address", "password1": PASSWORD},
        {"email": "", "password1": PASSWORD},
        {"email": "owner@localhost", "password1": PASSWORD},
        {"email": "x@LOCALHOST", "password1": PASSWORD},
        {"email": ADDRESS, "password1": "short-9"},
        {"email": ADDRESS, "password1": "1234567890"},
        {"email": ADDRESS, "password1": "password123"},
        {"email": ADDRESS, "password1": ADDRESS},
    ],
)
def test_what_is_no_address_or_no_good_password_is_refused(body: dict[str, str]) -> None:
    response = Client().post("/account/signup/", body)
    assert response.status_code == 200 and 'class="field-error"' in page(response)
    assert not User.objects.exists()


def test_an_address_has_one_account() -> None:
    signed_up()
    Client().post("/account/signup/", {"email": ADDRESS.upper(), "password1": "another-long-phrase-9"})
    assert User.objects.count() == 1


def test_the_operator_may_close_the_site_to_new_accounts(settings: Any) -> None:
    settings.SIGN_UP_IS_OPEN = False
    response = Client().post("/account/signup/", SIGN_UP)
    assert not User.objects.exists()
    assert "closed" in page(response).lower()


def test_signing_out_ends_the_session_on_the_server_too() -> None:
    client = signed_up()
    copied = Client()
    copied.cookies["sessionid"] = client.cookies["sessionid"].value
    assert is_signed_in(copied)
    assert client.get("/account/logout/").status_code == 200 and is_signed_in(client)  # only a form signs out
    client.post("/account/logout/")
    assert not is_signed_in(client) and not is_signed_in(copied)


def test_signing_in_gives_the_session_a_new_key_and_keeps_what_it_holds() -> None:
    signed_up()
    client = Client()
    client.post("/", OWN_RUN)
    before = client.cookies["sessionid"].value
    client.post("/account/login/", SIGN_IN)
    assert is_signed_in(client) and client.cookies["sessionid"].value != before
    assert not Session.objects.filter(session_key=before).exists()
    assert client.session["estimates"]


def test_a_session_key_of_somebodys_making_is_not_taken_over() -> None:
    signed_up()
    client = Client()
    client.cookies["sessionid"] = "a" * 32
    client.post("/account/login/", SIGN_IN)
    assert is_signed_in(client) and client.cookies["sessionid"].value != "a" * 32


def test_changing_the_password_signs_every_other_browser_out() -> None:
    client = signed_up()
    other = Client()
    other.post("/account/login/", SIGN_IN)
    assert is_signed_in(other)
    fresh = "quite-another-phrase-7"
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh})
    assert is_signed_in(client) and not is_signed_in(other)


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:evil.example"],
)
def test_signing_in_leads_to_no_other_site(address: str) -> None:
    signed_up()
    response = Client().post("/account/login/", SIGN_IN | {"next": address})
    assert response.status_code == 302 and response["Location"] == "/estimates/"


def test_signing_in_leads_back_to_where_one_came_from() -> None:
    signed_up()
    client = Client()
    led = client.get("/account/tokens/")
    assert led["Location"] == "/account/login/?next=/account/tokens/"
    assert client.post("/account/login/", SIGN_IN | {"next": "/account/tokens/"})["Location"] == "/account/tokens/"


def test_something_that_was_sent_is_not_come_back_to() -> None:
    assert Client().post(f"/estimates/{uuid.uuid4()}/delete/")["Location"] == "/account/login/"


def test_a_wrong_password_and_an_unknown_address_are_told_apart_by_nobody() -> None:
    signed_up()
    wrong = page(Client().post("/account/login/", SIGN_IN | {"password": "wrong-but-long-1"}))
    unknown = page(Client().post("/account/login/", {"login": "eve@example.org", "password": "wrong-but-long-1"}))
    said = r'<div class="notice danger".*?</div>'
    first, second = re.search(said, wrong, re.DOTALL), re.search(said, unknown, re.DOTALL)
    assert first and second and first[0] == second[0]


def test_guesses_at_a_password_are_counted() -> None:
    signed_up()
    for _ in range(5):
        Client().post("/account/login/", SIGN_IN | {"password": "wrong-but-long-1"})
    client = Client()
    client.post("/account/login/", SIGN_IN)
    assert not is_signed_in(client)  # not even the right one, for a while


def test_guesses_are_counted_while_redis_is_away() -> None:
    signed_up()
    with patch("django.core.cache.backends.redis.RedisCacheClient.get_client", side_effect=OSError("away")):
        for _ in range(5):
            Client().post("/account/login/", SIGN_IN | {"password": "wrong-but-long-1"})
        client = Client()
        client.post("/account/login/", SIGN_IN)
        assert not is_signed_in(client)


def test_forms_of_accounts_ask_for_their_csrf_token(people: People) -> None:
    client = Client(enforce_csrf_checks=True)
    for address in ("/account/login/", "/account/signup/", "/account/logout/", "/account/tokens/", "/estimates/claim/"):
        assert client.post(address, SIGN_IN).status_code == 403


def test_sessions_that_ran_out_are_forgotten() -> None:
    signed_up()
    Session.objects.update(expire_date=timezone.now())
    forget_sessions()
    assert not Session.objects.exists()


def test_the_pages_speak_the_readers_language() -> None:
    for language, word in (("es", "Iniciar sesión"), ("fr", "Connexion")):
        assert word in page(Client().get("/account/login/", headers={"Accept-Language": language}))


def test_no_page_of_an_account_needs_what_the_policy_forbids(people: People) -> None:
    for address in ("/account/", "/account/tokens/", "/account/password/reset/", "/account/password/change/"):
        found = re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son\w+=", page(people.owner.client.get(address)))
        assert found is None, address


# --- mail -------------------------------------------------------------------------------------------------------------


def test_without_mail_a_page_says_who_sets_a_new_password(people: People) -> None:
    for response in (
        Client().get("/account/password/reset/"),
        Client().post("/account/password/reset/", {"email": "x"}),
    ):
        assert "manage.py changepassword" in page(response) and "WATTPRINT_DATA" in page(response)
    shown = people.owner.client.post("/account/email/", {"action_add": "", "email": "new@example.org"})
    assert "sends no mail" in page(shown)
    assert not mail.outbox


@pytest.mark.usefixtures("with_mail")
def test_with_mail_an_address_is_confirmed_and_a_password_reset() -> None:
    client = signed_up()
    assert [message.to for message in mail.outbox] == [[ADDRESS]]
    link = re.search(r"http://testserver(/account/confirm-email/\S+)", str(mail.outbox[0].body))
    assert link and client.get(link[1]).status_code == 200
    client.post(link[1])
    assert User.objects.get().emailaddress_set.get().verified  # type: ignore[attr-defined]

    other = Client()
    other.post("/account/password/reset/", {"email": ADDRESS})
    link = re.search(r"http://testserver(/account/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert link
    form = other.get(link[1], follow=True)
    fresh = "quite-another-phrase-7"
    other.post(form.request["PATH_INFO"], {"password1": fresh, "password2": fresh})
    other.post("/account/login/", SIGN_IN | {"password": fresh})
    assert is_signed_in(other) and not is_signed_in(client)


@pytest.mark.usefixtures("with_mail")
def test_an_address_is_changed_once_the_new_one_is_confirmed() -> None:
    client = signed_up()
    User.objects.get().emailaddress_set.update(verified=True)  # type: ignore[attr-defined]
    client.post("/account/email/", {"action_add": "", "email": "new@example.org"})
    assert User.objects.get().email == ADDRESS
    shown = page(client.get("/account/email/"))
    assert "new@example.org" in shown and "style=" not in shown
    link = re.search(r"http://testserver(/account/confirm-email/\S+)", str(mail.outbox[-1].body))
    assert link
    client.post(link[1])
    assert User.objects.get().email == "new@example.org"


@pytest.mark.usefixtures("with_mail")
def test_a_mail_server_that_is_away_keeps_nobody_out() -> None:
    with patch("django.core.mail.message.EmailMessage.send", side_effect=smtplib.SMTPServerDisconnected):
        client = signed_up()
    assert is_signed_in(client)


# --- estimates in an account ------------------------------------------------------------------------------------------


def test_what_somebody_makes_while_signed_in_is_kept_in_the_account(people: People) -> None:
    client = people.owner.client
    client.post("/", OWN_RUN)
    row = Estimate.objects.get()
    assert row.owner == people.owner.user
    assert "Ours" in page(client.get("/estimates/"))
    assert "Ours" not in page(people.stranger.client.get("/estimates/"))
    assert people.nobody.get(f"/estimates/{row.pk}/").status_code == 200  # whoever has the link


def test_what_this_browser_made_before_is_kept_when_asked_for() -> None:
    signed_up()
    client = Client()
    client.post("/", OWN_RUN)
    client.post("/account/login/", SIGN_IN)
    assert Estimate.objects.get(owner=None)
    assert "Keep these in my account" in page(client.get("/estimates/"))
    client.post("/estimates/claim/")
    assert Estimate.objects.get().owner == User.objects.get()
    assert "Keep these in my account" not in page(client.get("/estimates/"))


def test_an_estimate_is_claimed_by_its_link_by_the_first_who_asks(people: People) -> None:
    row = services.submit_estimate(workload=services.EXAMPLE)
    services.run_estimate(estimate_id=row.pk, worker="w")
    address = f"/estimates/{row.pk}/"
    assert "Keep this in my account" not in page(people.nobody.get(address))
    assert "Keep this in my account" in page(people.owner.client.get(address))
    assert people.owner.client.post(f"{address}claim/")["Location"] == address
    assert people.owner.client.post(f"{address}claim/").status_code == 302
    assert people.stranger.client.post(f"{address}claim/").status_code == 404
    row.refresh_from_db()
    assert row.owner == people.owner.user
    assert "Delete this estimate" in page(people.owner.client.get(address))
    assert "Delete this estimate" not in page(people.stranger.client.get(address))


def test_its_owner_deletes_an_estimate_and_its_link_leads_nowhere(people: People) -> None:
    row = services.submit_estimate(workload=services.EXAMPLE, owner=people.owner.user)
    address = f"/estimates/{row.pk}/"
    assert people.stranger.client.post(f"{address}delete/").status_code == 404
    assert people.staff.client.post(f"{address}delete/").status_code == 404
    assert people.owner.client.get(f"{address}delete/").status_code == 405
    assert people.owner.client.post(f"{address}delete/")["Location"] == "/estimates/"
    assert people.nobody.get(address).status_code == 404


def test_nobodys_estimate_is_deleted_by_nobody(people: People) -> None:
    row = services.submit_estimate(workload=services.EXAMPLE)
    assert people.owner.client.post(f"/estimates/{row.pk}/delete/").status_code == 404


def test_the_list_of_an_account_has_pages(people: People, django_assert_num_queries: Queries) -> None:
    client = people.owner.client
    for number in range(53):
        Estimate.objects.create(
            owner=people.owner.user, title=f"Run {number:02}", inputs={}, input_digest="x", created_at=timezone.now()
        )
    with django_assert_num_queries(3):  # session, account, page
        first = page(client.get("/estimates/"))
    assert first.count("<time") == 50 and "Run 52" in first
    older = re.search(r"\?cursor=([\w-]+)", first)
    assert older
    second = page(client.get(f"/estimates/?cursor={older[1]}"))
    assert second.count("<time") == 3 and "Run 00" in second and "Older" not in second
    assert client.get("/estimates/?cursor=nonsense").status_code == 404


# --- this machine's owner ---------------------------------------------------------------------------------------------


@pytest.fixture
def owner_link(settings: Any, tmp_path: Path) -> Callable[..., str]:
    """Leave a link beside the data, as the launcher does."""
    settings.DATA_DIR = tmp_path

    def leave(token: str = "t" * 43, *, lasts_s: float = 60.0) -> str:
        told = {"digest": token_digest(token), "expires_s": timezone.now().timestamp() + lasts_s}
        (tmp_path / OWNER_LINK_FILE).write_text(json.dumps(told))
        return f"/owner/{token}/"

    return leave


def test_the_launchers_link_signs_the_owner_in_once(owner_link: Callable[..., str]) -> None:
    client, link = Client(), owner_link()
    client.head(link)  # looks, and uses nothing up
    response = client.get(link)
    assert response.status_code == 302 and "no-store" in response["Cache-Control"]
    owner = User.objects.get()
    assert owner.username == OWNER_NAME and owner.is_superuser and not owner.has_usable_password()
    assert is_signed_in(client)
    again = Client()
    assert again.get(link).status_code == 404 and not is_signed_in(again)
    fresh = Client()
    fresh.get("/account/login/?next=/workers/")
    opened = fresh.get(owner_link("u" * 43))
    assert (response["Location"], opened["Location"]) == ("/estimates/", "/measurements/"), (
        "on to what it was asked for"
    )
    assert is_signed_in(fresh) and User.objects.count() == 1


def test_no_other_link_signs_in(owner_link: Callable[..., str], settings: Any) -> None:
    link = owner_link()
    assert Client().get("/owner/" + "x" * 43 + "/").status_code == 404
    assert Client().get(link, REMOTE_ADDR="192.0.2.7").status_code == 404
    assert (settings.DATA_DIR / OWNER_LINK_FILE).exists()  # neither used it up
    assert Client().get(owner_link(lasts_s=-1)).status_code == 404
    (settings.DATA_DIR / OWNER_LINK_FILE).write_text("{}")
    assert Client().get(link).status_code == 404
    assert not User.objects.exists()


def test_the_page_to_sign_in_says_why_and_tells_of_the_owners_link(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path

    def shown(path: str, **asked: str) -> list[bool]:
        told = page(Client().get(path, **asked))  # type: ignore[arg-type]
        return [words in told for words in ("Measuring needs an account", "./wattprint up --owner-link")]

    led = Client().get("/measurements/?project=x")["Location"]
    assert shown(led) == [True, False], "the launcher does not run here"
    (tmp_path / RUN_FILE).write_text(json.dumps({"url": "http://127.0.0.1:1/", "owner_link": True}))
    at_home = {"HTTP_HOST": "127.0.0.1:8000"}
    assert shown(led, **at_home) == [True, True]
    assert shown("/account/login/?next=/account/tokens/", **at_home) == [False, True]
    settings.ALLOWED_HOSTS = ["*"]
    assert shown(led, HTTP_HOST="wattprint.example.org") == [True, False], "a proxy asks for others"
    assert shown(led, REMOTE_ADDR="192.0.2.7", **at_home) == [True, False]
    (tmp_path / RUN_FILE).write_text("[]")
    assert shown("/account/login/?next=/workers/", **at_home) == [True, False]


def test_nobody_takes_the_owners_name_before_the_owner(owner_link: Callable[..., str]) -> None:
    Client().post("/account/signup/", {"email": OWNER_NAME, "password1": PASSWORD})
    Client().post("/account/signup/", {"email": "owner@example.org", "password1": PASSWORD})
    client = Client()
    client.get(owner_link())
    assert OWNER_NAME in page(client.get("/account/"))
    assert User.objects.get(username=OWNER_NAME).is_superuser
    assert User.objects.filter(is_superuser=True).count() == 1
