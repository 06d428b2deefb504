"""Workers: enrolment, what they may at the broker and at the API, signs of life, what their owner does with them."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone
from redis.exceptions import NoPermissionError

from estimator.core.bounds import Location
from estimator.core.measuring import MeasurementRequest
from estimator.models import Enrolment, Measurement, MeasurementStatus, Worker
from estimator.services import measurements, workers
from estimator.worker import protocol

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", "ann@example.org", None)


@pytest.fixture
def page_of_ann(ann: User, client: Client) -> Client:
    client.force_login(ann)
    return client


def enrolled(owner: User, name: str = "desk") -> workers.Enrolled:
    token = workers.create_enrolment(owner=owner).token
    return workers.enrol(token=token, name=name, installation=name, version="1", inventory={}, workloads=["train"])


def post(client: Client, path: str, body: Any, secret: str = "") -> Any:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return client.post(f"/api/v1{path}", json.dumps(body), "application/json", headers=headers)


def at_broker(done: workers.Enrolled) -> redis.Redis:
    """Redis, as this worker."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        username=protocol.broker_user(done.worker.pk.hex),
        password=done.broker_password,
        decode_responses=True,
    )


# --- enrolment --------------------------------------------------------------------------------------------------------


def test_a_machine_enrols_by_a_token_that_the_page_shows_once(page_of_ann: Client, client: Client, ann: User) -> None:
    assert page_of_ann.post("/workers/")["Location"] == "/workers/"
    page = page_of_ann.get("/workers/").content.decode()
    token = page.split("--token ")[1].split("<")[0]
    assert token not in page_of_ann.get("/workers/").content.decode()
    assert Enrolment.objects.count() == 1, "whoever loads the page again makes no other"
    assert not Enrolment.objects.filter(digest=token).exists(), "only its digest is kept"
    answer = post(Client(), "/workers/enrol", {"token": token, "name": "desk", "inventory": {"cpu": {"model": "EPYC"}}})
    assert answer.status_code == 201
    told = answer.json()
    assert told["broker"]["global_keyprefix"] == f"wattprint:measure:{told['worker']['id'].replace('-', '')}:"
    assert "desk" in page_of_ann.get("/workers/").content.decode()
    row = Worker.objects.get()
    assert row.owner == ann
    assert told["secret"] not in (row.digest, row.prefix)
    again = post(Client(), "/workers/enrol", {"token": token, "name": "other", "installation": "elsewhere"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "token_used")


@pytest.mark.parametrize("https_here", [True, False])
def test_the_line_for_a_machine_says_how_to_trust_a_certificate_that_we_were_given(
    page_of_ann: Client, https_here: bool
) -> None:
    with override_settings(HTTPS_HERE=https_here):
        assert "--ca FILE" not in page_of_ann.get("/workers/").content.decode()
        page_of_ann.post("/workers/")
        assert ("--ca FILE" in page_of_ann.get("/workers/").content.decode()) == https_here


@pytest.mark.parametrize("change", ["expired", "revoked", "wrong"])
def test_a_token_that_ended_lets_nobody_in(ann: User, change: str) -> None:
    new = workers.create_enrolment(owner=ann)
    token = new.token
    if change == "expired":
        past = timezone.now() - timedelta(days=2)
        Enrolment.objects.update(created_at=past, expires_at=past + timedelta(days=1))
    elif change == "revoked":
        assert workers.revoke_enrolment(owner=ann, enrolment_id=new.row.pk)
    else:
        token += "x"
    answer = post(Client(), "/workers/enrol", {"token": token})
    assert answer.status_code == 401
    assert not Worker.objects.exists()


def test_a_machine_whose_answer_was_lost_asks_again_and_is_one_worker(ann: User) -> None:
    token = workers.create_enrolment(owner=ann).token
    first, second = (
        workers.enrol(token=token, name="desk", installation="i", version="", inventory={}, workloads=[])
        for _ in range(2)
    )
    assert list(Worker.objects.all()) == [second.worker]
    assert workers.worker_of(secret=first.secret) is None
    with pytest.raises(redis.AuthenticationError):
        at_broker(first).ping()
    assert at_broker(second).ping()


def test_without_redis_nobody_enrols_and_the_token_stays_good(ann: User, settings: Any) -> None:
    token = workers.create_enrolment(owner=ann).token
    url = settings.REDIS_URL
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    answer = post(Client(), "/workers/enrol", {"token": token})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "broker_refuses")
    settings.REDIS_URL = url
    assert post(Client(), "/workers/enrol", {"token": token}).status_code == 201


# --- what a worker may ------------------------------------------------------------------------------------------------

#: What each tries at a key that is not its own.
AT_KEYS: dict[str, Callable[[redis.Redis, str], Any]] = {
    "llen": lambda broker, key: broker.llen(key),
    "rpop": lambda broker, key: broker.rpop(key),
    "brpop": lambda broker, key: broker.brpop([key], timeout=1),
    "lpush": lambda broker, key: broker.lpush(key, "x"),
    "hget": lambda broker, key: broker.hget(key, "x"),
    "smembers": lambda broker, key: broker.smembers(key),
    "zrange": lambda broker, key: broker.zrange(key, 0, -1),
    "get": lambda broker, key: broker.get(key),
    "set": lambda broker, key: broker.set(key, "x"),
    "delete": lambda broker, key: broker.delete(key),
    "rename": lambda broker, key: broker.rename(key, "x"),
    "copy": lambda broker, key: broker.copy(key, "x"),
}
#: What it tries at the server as a whole.
AT_SERVER: dict[str, tuple[Any, ...]] = {
    "keys": ("KEYS", "*"),
    "scan": ("SCAN", 0),
    "flush": ("FLUSHALL",),
    "config": ("CONFIG", "GET", "*"),
    "users": ("ACL", "LIST"),
    "itself": ("ACL", "SETUSER", "default", "on", "nopass", "~*", "+@all"),
    "clients": ("CLIENT", "LIST"),
    "kill": ("CLIENT", "KILL", "TYPE", "normal"),
    "script": ("EVAL", "return redis.call('KEYS', '*')", 0),
    "monitor": ("MONITOR",),
    "publish": ("PUBLISH", "x", "y"),
    "save": ("SAVE",),
    "shutdown": ("SHUTDOWN",),
    "module": ("MODULE", "LIST"),
    "replica": ("REPLICAOF", "127.0.0.1", "1"),
    "other database": ("SWAPDB", 0, 1),
    "info": ("INFO",),
}


def test_at_the_broker_a_worker_reaches_its_own_keys_and_nothing_else(ann: User) -> None:
    one, other = enrolled(ann, "one"), enrolled(ann, "other")
    site = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    others = [
        protocol.key_prefix(other.worker.pk.hex) + protocol.QUEUE,  # its queue
        protocol.key_prefix(other.worker.pk.hex) + protocol.STOPS,
        protocol.QUEUE,
        "estimates",  # the site's own queues
        "reports",
        "unacked",
        "_kombu.binding.estimates",
        "wattprint:cache:1:x",
        "wattprint:worker:estimates@host",
        protocol.key_prefix(one.worker.pk.hex)[:-1],  # its own prefix, cut short
        protocol.key_prefix(one.worker.pk.hex) + "x",  # below it, and none that it needs
        protocol.key_prefix(one.worker.pk.hex) + "_kombu.binding.measure",
        "x",
    ]
    site.lpush(others[0], "secret of another")
    site.lpush("estimates", "message of the site")
    with at_broker(one) as broker:
        for key in others:
            for name, tried in AT_KEYS.items():
                with pytest.raises(NoPermissionError):
                    tried(broker, key)
                    pytest.fail(f"{name} {key} was let through")
        for name, words in AT_SERVER.items():
            with pytest.raises(NoPermissionError):
                broker.execute_command(*words)
                pytest.fail(f"{name} was let through")
        own = protocol.key_prefix(one.worker.pk.hex) + protocol.QUEUE
        assert broker.lpush(own, "x") == 1
        assert broker.brpop([own], timeout=1) == (own, "x")
    assert site.llen(others[0]) == site.llen("estimates") == 1
    # The name of another with one's own password.
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(
            settings.REDIS_URL, username=protocol.broker_user(other.worker.pk.hex), password=one.broker_password
        ).ping()


def test_at_the_api_a_worker_reaches_its_own_measurements_and_nothing_else(ann: User, client: Client) -> None:
    one, other = enrolled(ann, "one"), enrolled(ann, "other")
    mine, theirs = (
        Measurement.objects.create(owner=ann, worker=done.worker, created_at=timezone.now()) for done in (one, other)
    )
    bodies = {
        "start": {"run": str(uuid.uuid4())},
        "samples": {"first_sequence": 1, "samples": [[1.0, {"system": 1.0}, 1.0]]},
        "finish": {"run": str(uuid.uuid4()), "samples_count": 0},
    }
    for verb, body in bodies.items():
        path = f"/measurements/{theirs.pk}/{verb}"
        assert post(client, path, body, one.secret).status_code == 404, verb
        assert post(client, path, body).status_code == 401, verb
        assert post(client, path, body, one.secret[:-1]).status_code == 401, verb
    assert post(client, f"/measurements/{mine.pk}/samples", bodies["samples"], one.secret).status_code == 200
    for method, path in (
        ("GET", "/workers"),
        ("GET", f"/workers/{one.worker.pk}"),
        ("DELETE", f"/workers/{one.worker.pk}"),
        ("GET", "/measurements"),
        ("GET", f"/measurements/{mine.pk}"),
        ("GET", f"/measurements/{theirs.pk}/samples.csv"),
        ("POST", f"/measurements/{theirs.pk}/stop"),
        ("GET", "/estimates"),
    ):
        call = client.generic(method, f"/api/v1{path}", headers={"Authorization": f"Bearer {one.secret}"})
        assert call.status_code == 401, path
    theirs.refresh_from_db()
    assert (theirs.status, theirs.samples_count) == (MeasurementStatus.QUEUED, 0)


def test_redis_that_lost_its_users_gets_them_back_and_strangers_go(ann: User) -> None:
    done = enrolled(ann)
    workers.put_broker_right()  # users of other tests are gone, and Redis knew them still
    site: Any = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    site.execute_command("ACL DELUSER", protocol.broker_user(done.worker.pk.hex))
    stranger = protocol.broker_user(uuid.uuid4().hex)
    site.execute_command("ACL SETUSER", stranger, "on", "nopass", "~*", "+@all")
    assert workers.put_broker_right() == 2
    assert workers.put_broker_right() == 0
    assert at_broker(done).ping()
    assert stranger not in site.execute_command("ACL USERS")


# --- signs of life ----------------------------------------------------------------------------------------------------


def heard(client: Client, done: workers.Enrolled, **told: Any) -> Any:
    return post(client, "/workers/heartbeat", {"session": "s", "workloads": ["train"], **told}, done.secret)


def test_signs_of_life_tell_clock_version_and_what_is_to_stop(ann: User, client: Client) -> None:
    done = enrolled(ann)
    stopped = Measurement.objects.create(
        owner=ann, worker=done.worker, created_at=timezone.now(), status="stopping", stop_asked_at=timezone.now()
    )
    going = Measurement.objects.create(owner=ann, worker=done.worker, created_at=timezone.now(), status="running")
    asked = [str(stopped.pk), str(going.pk), str(uuid.uuid4())]
    answer = heard(client, done, version="9.9", clock_offset_s=-2.5, round_trip_s=0.01, measurements=asked)
    assert answer.status_code == 200
    told = answer.json()
    assert told["stop"] == [asked[0], asked[2]], "what it should not be at, too"
    assert told["received_at_s"] <= told["answered_at_s"]
    row = Worker.objects.get()
    assert (row.version, row.clock_offset_s, row.round_trip_s) == ("9.9", -2.5, 0.01)
    assert row.is_online(timezone.now())
    assert not row.is_online(timezone.now() + timedelta(seconds=16))


def test_one_process_at_a_time_speaks_for_a_worker(ann: User, client: Client) -> None:
    done = enrolled(ann)
    assert heard(client, done).status_code == 200
    copy = heard(client, done, session="copy")
    assert (copy.status_code, copy.json()["error"]["code"]) == (409, "worker_runs_elsewhere")
    Worker.objects.update(last_seen_at=timezone.now() - timedelta(minutes=1))
    assert heard(client, done, session="copy").status_code == 200, "the first is gone"


def test_a_disabled_worker_may_nothing_until_it_is_enabled(
    ann: User, page_of_ann: Client, django_capture_on_commit_callbacks: Any
) -> None:
    done = enrolled(ann)
    going = Measurement.objects.create(owner=ann, worker=done.worker, created_at=timezone.now(), status="running")
    with django_capture_on_commit_callbacks(execute=True):
        assert page_of_ann.post(f"/workers/{done.worker.pk}/switch/", {"enabled": "0"}).status_code == 302
    refused = heard(Client(), done)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "worker_disabled")
    with pytest.raises(redis.AuthenticationError):
        at_broker(done).ping()
    going.refresh_from_db()
    assert (going.status, going.error_code) == (MeasurementStatus.FAILED, "worker_disabled")
    assert "disabled" in page_of_ann.get("/workers/").content.decode()
    page_of_ann.post(f"/workers/{done.worker.pk}/switch/", {"enabled": "1"})
    assert heard(Client(), done).status_code == 200
    assert at_broker(done).ping()


def test_a_worker_is_renamed_and_deleted_and_its_measurements_stay(ann: User, page_of_ann: Client) -> None:
    done = enrolled(ann)
    going = Measurement.objects.create(
        owner=ann, worker=done.worker, worker_name="desk", created_at=timezone.now(), status="running"
    )
    page_of_ann.post(f"/workers/{done.worker.pk}/", {"name": "lab"})
    assert Worker.objects.get().name == "lab"
    assert page_of_ann.post(f"/workers/{done.worker.pk}/", {"name": " "}).status_code == 422
    assert page_of_ann.get(f"/workers/{done.worker.pk}/").status_code == 200
    page_of_ann.post(f"/workers/{done.worker.pk}/delete/")
    assert not Worker.objects.exists()
    assert heard(Client(), done).status_code == 401
    going.refresh_from_db()
    assert (going.worker, going.worker_name, going.status) == (None, "desk", MeasurementStatus.FAILED)


def test_a_list_of_workers_takes_as_many_queries_for_many_as_for_one(
    page_of_ann: Client, ann: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        enrolled(ann, f"worker {number}")
    with django_assert_max_num_queries(4):
        assert page_of_ann.get("/workers/list/").content.count(b"<li>") == 5


def test_a_measurement_is_asked_for_by_name_of_a_workload_and_never_by_command(ann: User) -> None:
    done = enrolled(ann)
    asked = MeasurementRequest(
        worker=str(done.worker.pk), target="workload", workload="train", location=Location(country="FR")
    )
    row = measurements.request_measurement(owner=ann, asked=asked)
    assert measurements.spec_of(row) == {
        "target": "workload",
        "pid": None,
        "workload": "train",
        "interval_s": 1.0,
        "duration_limit_s": None,
        "baseline_s": 0.0,
    }
