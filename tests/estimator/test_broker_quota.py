"""What a worker can do to the broker: a real Redis, attacked with its credentials; and how that ends."""

import contextlib
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.test import Client
from django.utils import timezone

from estimator import broker_access, broker_watch
from estimator.models import Measurement, MeasurementStatus, Worker
from estimator.services import measurements, workers
from estimator.worker import protocol
from tests.estimator.measuring import ann, desk, row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
#: Fixtures that are used by their names.
__all__ = ["ann", "desk", "row"]


@pytest.fixture
def site(redis_url: str) -> Iterator[Any]:
    """Redis, as the site; what a test sets there is set back."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client
        client.config_set("maxmemory", 0)


@pytest.fixture(autouse=True)
def _no_users_of_other_tests(redis_url: str, db: None) -> None:
    workers.put_broker_right()


@pytest.fixture
def broker(desk: workers.Enrolled) -> Iterator[Any]:
    """Redis, as the worker."""
    with as_worker(desk) as client:
        yield client


def as_worker(done: workers.Enrolled) -> Any:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        username=protocol.broker_user(done.worker.pk.hex),
        password=done.broker_password,
        decode_responses=True,
        retry=None,
    )


# --- what it may ------------------------------------------------------------------------------------------------------


def test_of_all_commands_of_the_server_a_worker_may_these(site: Any, desk: workers.Enrolled) -> None:
    user = protocol.broker_user(desk.worker.pk.hex)
    known = [
        (str(part[0]), abs(part[1]))
        for name, told in site.execute_command("COMMAND").items()
        for part in told.get("subcommands") or [(name, told["arity"])]
    ]
    assert len(known) > 200
    allowed = set()
    for name, words_count in known:
        words = name.split("|")
        more = ["1"] * (words_count - len(words))
        if "has no permissions to run" not in str(site.execute_command("ACL DRYRUN", user, *words, *more)):
            allowed.add(name)
    # The first four come before anybody is anybody, so no rule forbids them; they show and change nothing of others.
    greetings = {"auth", "hello", "quit", "reset", "client|setinfo", "client|setname"}
    assert allowed == greetings | set(broker_access.COMMANDS)


#: What is tried with a worker's credentials, at its own keys and at the server.
ATTACKS: tuple[tuple[Any, ...], ...] = (
    ("SELECT", 1),
    ("SELECT", 0),
    ("LPUSH", "{own}x", "x"),
    ("SADD", "{own}_kombu.binding.measure", "x"),
    ("SET", "{own}measure", "x"),
    ("GETRANGE", "{own}measure", 0, -1),
    ("BRPOP", "{own}measure", "estimates", 1),
    ("WATCH", "{own}measure", "estimates"),
    ("ZRANGESTORE", "{own}unacked_index", "{own}unacked_index", 0, -1),
    ("SORT", "{own}measure", "BY", "nosort", "GET", "*"),
    ("SORT_RO", "{own}measure", "BY", "nosort", "GET", "*"),
    ("COPY", "{own}measure", "{own}stops"),
    ("COPY", "{own}measure", "estimates", "DB", 1),
    ("MOVE", "{own}measure", 1),
    ("RENAME", "{own}measure", "estimates"),
    ("SMOVE", "{own}measure", "estimates", "x"),
    ("LMOVE", "{own}measure", "estimates", "LEFT", "LEFT"),
    ("BRPOPLPUSH", "estimates", "{own}measure", 1),
    ("RPOPLPUSH", "{own}measure", "estimates"),
    ("LMPOP", 1, "{own}measure", "LEFT"),
    ("DUMP", "{own}measure"),
    ("RESTORE", "{own}measure", 0, "x"),
    ("MIGRATE", "127.0.0.1", 1, "{own}measure", 0, 1),
    ("OBJECT", "ENCODING", "{own}measure"),
    ("MEMORY", "USAGE", "{own}measure"),
    ("TYPE", "{own}measure"),
    ("EXISTS", "estimates"),
    ("SCAN", 0),
    ("HSCAN", "{own}unacked", 0),
    ("RANDOMKEY",),
    ("DBSIZE",),
    ("XADD", "{own}x", "*", "a", "b"),
    ("XREAD", "STREAMS", "{own}x", 0),
    ("PFADD", "{own}x", "x"),
    ("SETRANGE", "{own}x", 500_000_000, "x"),
    ("SETBIT", "{own}x", 4_000_000_000, 1),
    ("WAIT", 1, 0),
    ("SUBSCRIBE", "x"),
    ("PSUBSCRIBE", "*"),
    ("SSUBSCRIBE", "x"),
    ("PUBLISH", "/0.celery.pidbox", "x"),
    ("PUBSUB", "CHANNELS"),
    ("CLIENT", "NO-EVICT", "on"),
    ("CLIENT", "NO-TOUCH", "on"),
    ("CLIENT", "PAUSE", 100),
    ("CLIENT", "KILL", "ID", 1),
    ("CLIENT", "UNBLOCK", 1),
    ("CLIENT", "TRACKING", "on", "BCAST"),
    ("CLIENT", "INFO"),
    ("CLIENT", "GETNAME"),
    ("CLIENT", "ID"),
    ("ACL", "WHOAMI"),
    ("ACL", "LOG"),
    ("ACL", "CAT"),
    ("ACL", "DELUSER", "default"),
    ("EVALSHA", "x", 0),
    ("SCRIPT", "LOAD", "return 1"),
    ("FUNCTION", "LIST"),
    ("FCALL", "x", 0),
    ("DEBUG", "SLEEP", 1),
    ("SLOWLOG", "GET"),
    ("LATENCY", "LATEST"),
    ("COMMAND", "COUNT"),
    ("LOLWUT",),
    ("TIME",),
    ("ECHO", "x"),
    ("BGREWRITEAOF",),
    ("PSYNC", "?", -1),
    ("FAILOVER",),
    ("CLUSTER", "INFO"),
)


def test_every_attack_with_the_credentials_is_refused(site: Any, broker: Any, desk: workers.Enrolled) -> None:
    own = protocol.key_prefix(desk.worker.pk.hex)
    broker.lpush(f"{own}measure", "1")
    site.lpush("estimates", "message of the site")
    before = site.info("keyspace")
    for words in ATTACKS:
        with pytest.raises(redis.ResponseError) as refused:
            broker.execute_command(*(word.format(own=own) if isinstance(word, str) else word for word in words))
            pytest.fail(f"{words} was let through")
        assert any(word in str(refused.value) for word in ("permission", "unknown command", "not allowed")), words
    assert site.info("keyspace") == before


def test_within_a_transaction_a_worker_may_no_more(broker: Any, desk: workers.Enrolled, site: Any) -> None:
    site.lpush("estimates", "message of the site")
    with broker.pipeline(transaction=True) as pipeline, pytest.raises(redis.ResponseError):
        pipeline.lpush(protocol.keys(desk.worker.pk.hex)[0], "x").rpush("estimates", "x").execute()
    assert site.llen("estimates") == 1
    assert not site.exists(*protocol.keys(desk.worker.pk.hex))


def test_who_has_ended_cannot_come_back_by_an_open_connection(broker: Any, desk: workers.Enrolled) -> None:
    assert broker.ping()
    broker_access.withdraw(worker_id=desk.worker.pk)
    with pytest.raises((redis.AuthenticationError, redis.ConnectionError)):
        broker.ping()


def test_rules_of_an_earlier_version_are_made_anew(site: Any, broker: Any, desk: workers.Enrolled) -> None:
    user = protocol.broker_user(desk.worker.pk.hex)
    workers.put_broker_right()
    assert workers.put_broker_right() == 0
    for wider in ("+select", "~wattprint:measure:*", "allchannels", "allkeys", "allcommands"):
        site.execute_command("ACL SETUSER", user, wider)
        assert workers.put_broker_right() == 1, wider
        assert workers.put_broker_right() == 0
    site.execute_command("ACL SETUSER", user, "off")
    assert workers.put_broker_right() == 1
    assert broker.ping()


def test_the_database_that_the_site_names_is_the_only_one(desk: workers.Enrolled, settings: Any, site: Any) -> None:
    plain = settings.REDIS_URL
    settings.REDIS_URL = plain + "?db=3"
    assert workers.put_broker_right() == 1
    with as_worker(desk) as broker:
        assert broker.lpush(protocol.keys(desk.worker.pk.hex)[0], "x") == 1
        for other in (0, 1):
            with pytest.raises(redis.ResponseError):
                broker.execute_command("SELECT", other)
    settings.REDIS_URL = plain
    assert workers.put_broker_right() == 1


# --- what it may hold -------------------------------------------------------------------------------------------------


def look() -> int:
    return workers.look_after_broker(now=timezone.now())


def many_messages(broker: Any, keys: tuple[str, ...]) -> None:
    broker.rpush(keys[0], *range(broker_watch.MOST_ENTRIES_COUNT + 1))


def large_entry(broker: Any, keys: tuple[str, ...]) -> None:
    # Beside small ones: what weighs by a few of them would not see it.
    broker.hset(keys[2], mapping={str(number): "x" for number in range(100)} | {"z": "x" * 600_000})


def large_stop(broker: Any, keys: tuple[str, ...]) -> None:
    broker.rpush(keys[1], *["x"] * 100, "x" * 600_000)


def large_tags(broker: Any, keys: tuple[str, ...]) -> None:
    broker.zadd(keys[3], {"x" * 600_000: 1.0})


def another_kind(broker: Any, keys: tuple[str, ...]) -> None:
    broker.hset(keys[0], "x", "x")


@pytest.mark.parametrize("attack", [many_messages, large_entry, large_stop, large_tags, another_kind])
def test_a_worker_that_fills_its_keys_is_switched_off(
    attack: Any,
    site: Any,
    broker: Any,
    desk: workers.Enrolled,
    row: Measurement,
    client: Client,
    django_capture_on_commit_callbacks: Any,
) -> None:
    keys = protocol.keys(desk.worker.pk.hex)
    assert look() == 0
    attack(broker, keys)
    assert look() == 1
    assert not site.exists(*keys)
    with pytest.raises((redis.AuthenticationError, redis.ConnectionError)):
        broker.ping()
    worker = Worker.objects.get()
    assert worker.disabled_at is not None
    assert worker.disabled_reason == broker_watch.OVERFULL
    row.refresh_from_db()
    assert (row.status, row.error_code) == (MeasurementStatus.FAILED, "worker_overfull")
    # It is not let in again by itself, and is told why.
    assert workers.put_broker_right() == 0
    assert look() == 0
    beat = client.post(
        "/api/v1/workers/heartbeat",
        {"session": "s"},
        "application/json",
        headers={"Authorization": f"Bearer {desk.secret}"},
    )
    assert beat.status_code == 403
    assert "switched off" in beat.json()["error"]["message"]
    # Its owner sees it, and what to do.
    client.force_login(worker.owner)
    assert "switched off" in client.get("/workers/").content.decode()
    page = client.get(f"/workers/{worker.pk}/").content.decode()
    assert "held far more in Redis than a worker needs" in page
    assert "enrol the machine with a new token" in page
    assert "held more in Redis than it may" in client.get(f"/measurements/{row.pk}/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/workers/{worker.pk}/switch/", {"enabled": "1"})
    assert Worker.objects.filter(disabled_at=None, disabled_reason="").exists()
    assert broker.ping()


def test_a_worker_with_too_many_connections_is_switched_off(site: Any, desk: workers.Enrolled) -> None:
    with contextlib.ExitStack() as opened:
        for _ in range(broker_watch.MOST_CONNECTIONS_COUNT + 1):
            opened.enter_context(as_worker(desk)).ping()
        assert look() == 1
        user = protocol.broker_user(desk.worker.pk.hex)
        assert all(client["user"] != user for client in site.client_list()), "all are closed"
    worker = Worker.objects.get()
    assert worker.disabled_reason == broker_watch.TOO_MANY_CONNECTIONS


@pytest.mark.parametrize("attack", ["transactions", "answers not fetched"])
def test_a_worker_that_fills_its_connections_is_switched_off(attack: str, broker: Any, desk: workers.Enrolled) -> None:
    queue, _, unacked, _ = protocol.keys(desk.worker.pk.hex)
    user, password = protocol.broker_user(desk.worker.pk.hex), desk.broker_password
    orders: tuple[tuple[bytes, bytes], ...]
    if attack == "transactions":  # in which nothing is carried out, and all is kept
        order = f"*3\r\n$5\r\nLPUSH\r\n${len(queue)}\r\n{queue}\r\n$6000000\r\n".encode() + b"x" * 6_000_000 + b"\r\n"
        orders = ((b"MULTI\r\n", b"+OK\r\n"), (order, b"+QUEUED\r\n"))
    else:
        broker.hset(unacked, "x", "x" * 400_000)
        orders = ((f"HGET {unacked} x\r\n".encode() * 20, b"$400000\r\n"),)
    with contextlib.ExitStack() as opened:
        for _ in range(3):  # Redis itself ends one that does it alone
            connection = opened.enter_context(socket.socket(socket.AF_UNIX))
            connection.settimeout(5)
            connection.connect(settings.REDIS_URL.removeprefix("unix://"))
            for words, answer in ((f"AUTH {user} {password}\r\n".encode(), b"+OK\r\n"), *orders):
                connection.sendall(words)
                assert connection.recv(len(answer)) == answer
        assert look() == 1
    assert Worker.objects.get().disabled_reason == broker_watch.OVERFULL


def test_of_many_workers_that_fill_redis_together_the_fullest_go(
    ann: Any, desk: workers.Enrolled, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = [desk]
    for name in ("b", "c"):
        token = workers.create_enrolment(owner=ann).token
        done.append(workers.enrol(token=token, name=name, installation=name, version="", inventory={}, workloads=[]))
    for size, one in zip((30_000, 20_000, 10_000), done, strict=True):
        with as_worker(one) as broker:
            broker.lpush(protocol.keys(one.worker.pk.hex)[0], "x" * size)
    monkeypatch.setattr(broker_watch, "MOST_TOGETHER_BYTES", 35_000)
    assert look() == 1
    assert set(Worker.objects.filter(disabled_at=None)) == {one.worker for one in done[1:]}


def test_a_full_redis_takes_nothing_until_the_one_who_fills_it_is_gone(
    site: Any, broker: Any, desk: workers.Enrolled
) -> None:
    queue, *_ = protocol.keys(desk.worker.pk.hex)
    look()  # its connection is open before
    site.config_set("maxmemory", site.info("memory")["used_memory"] + 3_000_000)
    for size in (200_000, 20_000, 1_000):  # to the brim
        with pytest.raises(redis.OutOfMemoryError):
            while True:
                broker.lpush(queue, "x" * size)
    message = "x" * 10_000
    with pytest.raises(redis.OutOfMemoryError):
        site.lpush("estimates", message)
    assert look() == 1
    assert site.lpush("estimates", message) == 1


def test_a_redis_that_is_away_is_no_offence(monkeypatch: pytest.MonkeyPatch, desk: workers.Enrolled) -> None:
    away = redis.Redis.from_url("unix:///nowhere/redis.sock", retry=None)
    monkeypatch.setattr(broker_watch, "_client", lambda: away)
    assert look() == 0
    assert Worker.objects.get().disabled_at is None


# --- what the site puts there -----------------------------------------------------------------------------------------


def test_what_waits_for_a_worker_that_takes_nothing_is_bounded(
    row: Measurement, desk: workers.Enrolled, site: Any
) -> None:
    queue, stops, *_ = protocol.keys(desk.worker.pk.hex)
    for _ in range(broker_access.MOST_WAITING + 3):
        measurements.send(row=row, now=timezone.now())
        broker_access.tell_stop(worker_id=desk.worker.pk, measurement_id=uuid.uuid4())
    assert site.llen(queue) == site.llen(stops) == broker_access.MOST_WAITING
    assert 0 < site.ttl(queue) <= 3_600
    assert 0 < site.ttl(stops) <= 300
    assert set(site.keys("*")) == {queue, stops}, "no other key is needed"
    assert look() == 0, "what the site itself put there is no offence"


def test_an_account_has_a_bounded_number_of_tokens_and_workers(
    ann: Any, desk: workers.Enrolled, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    client.force_login(ann)
    monkeypatch.setattr(workers, "MOST_WORKERS", 3)
    waiting = [workers.create_enrolment(owner=ann) for _ in range(2)]
    with pytest.raises(workers.TooMany, match="workers"):
        workers.create_enrolment(owner=ann)
    assert "as many workers as an account may have" in client.post("/workers/").content.decode()
    told = client.post("/api/v1/workers/enrolments", content_type="application/json")
    assert told.status_code == 409
    assert "at most 3 workers" in told.json()["error"]["message"]
    # Tokens that have ended are forgotten when the next one is made.
    for one in waiting:
        workers.revoke_enrolment(owner=ann, enrolment_id=one.row.pk)
    workers.create_enrolment(owner=ann)
    assert ann.enrolments.count() == 2
    monkeypatch.setattr(workers, "MOST_ENROLMENTS", 1)
    with pytest.raises(workers.TooMany, match="tokens"):
        workers.create_enrolment(owner=ann)
