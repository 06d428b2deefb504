"""
What each worker may at the broker: its own keys and nothing else; and what is put there for it.

A worker is a user of Redis, limited to the keys below its prefix and to the commands that a Celery consumer needs.
Redis keeps the SHA-256 of its password, and so do we: after Redis lost its users, they are made anew from the rows.
"""

import logging
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from estimator.worker import protocol
from estimator.worker.protocol import Spec

logger = logging.getLogger(__name__)

#: All that Celery's consumer says to Redis, with gossip, mingle and remote control off; a test listens to a real one.
#: No scripts, no channels, no other database, and nothing that lists, copies or deletes keys.
COMMANDS: Final = (
    "ping", "multi", "exec", "watch", "unwatch",
    "brpop", "rpush", "lpush", "hset", "hget", "hdel", "zadd", "zrem", "zrange",
)  # fmt: skip
#: How the words begin in which Redis tells what a user may: on, off, nopass, passwords, keys, channels, commands.
_TOLD: Final = "on#~%&+("
#: A client says its name and version where the server knows such a word; older ones refuse rules about it.
_GREETINGS: Final = ("client|setinfo", "client|setname")
#: Stops that nobody fetched are old news soon. [s]
_STOP_LASTS_S: Final = 300
#: Nor does an order to measure wait longer for a worker that is away; the row does, and is sent again. [s]
_SLICE_LASTS_S: Final = 3_600
#: More than a worker takes at once, with what is sent twice; no more are put into its queue.
MOST_WAITING: Final = 40


class BrokerRefuses(Exception):
    """Redis is away, or does not let us make users."""


def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, socket_connect_timeout=1, socket_timeout=2, retry=None
    )


def _rules(worker_id: uuid.UUID, password_digest: str) -> tuple[str, ...]:
    """What makes up a worker's user, in the words in which Redis tells it."""
    # Rules on keys hold in every database, so only the site's own can be chosen; the first needs no choosing.
    database = redis.Redis.from_url(settings.REDIS_URL).get_connection_kwargs().get("db") or 0
    return (
        f"#{password_digest}",
        *(f"~{key}" for key in protocol.keys(worker_id.hex)),
        *(f"+{command}" for command in COMMANDS),
        *([f"+select|{database}"] if database else []),
    )


def grant(*, worker_id: uuid.UUID, password_digest: str) -> None:
    """
    Let a worker in.

    Raises
    ------
    BrokerRefuses
        If Redis is away or does not let us.
    """
    user = protocol.broker_user(worker_id.hex)
    try:
        with _client() as client:
            if settings.WORKERS_BROKER_URL and "nopass" in str(client.execute_command("ACL GETUSER", "default")):
                raise BrokerRefuses("it lets anybody in without a password; switch its user `default` off")
            client.execute_command("ACL SETUSER", user, "reset", "on", "-@all", *_rules(worker_id, password_digest))
            for greeting in _GREETINGS:
                with suppress(redis.ResponseError):
                    client.execute_command("ACL SETUSER", user, f"+{greeting}")
    except (redis.RedisError, OSError) as problem:
        raise BrokerRefuses(str(problem)) from problem


def give_back(*, worker_id: uuid.UUID, password_digest: str) -> None:
    """Make a worker's user anew if Redis has lost it; a Redis that is away is left in peace."""
    try:
        with _client() as client:
            if client.execute_command("ACL GETUSER", protocol.broker_user(worker_id.hex)):
                return
        grant(worker_id=worker_id, password_digest=password_digest)
    except (BrokerRefuses, redis.RedisError, OSError) as problem:
        logger.warning("Worker %s has no place at the broker: %s", worker_id, problem)


def withdraw(*, worker_id: uuid.UUID) -> None:
    """Let a worker in no more, end its connections, and clear what lies there for it."""
    try:
        with _client() as client:
            _forget(client, worker_id.hex)
    except (redis.RedisError, OSError) as problem:
        logger.warning("Worker %s keeps its place at the broker for now: %s", worker_id, problem)


def _forget(client: Any, worker_hex: str) -> None:
    """Redis ends the connections of a user that it deletes; then nobody can fill the keys again."""
    client.execute_command("ACL DELUSER", protocol.broker_user(worker_hex))
    client.unlink(*protocol.keys(worker_hex))


def put_right(*, digests: Mapping[uuid.UUID, str]) -> int:
    """Make the users anew that Redis has lost or knows by other rules, and take away those of no row; how many."""
    own = protocol.broker_user("")
    try:
        with _client() as client:
            lines = [str(line).split() for line in client.execute_command("ACL LIST")]
            found = {words[1].removeprefix(own): set(words[2:]) for words in lines if words[1].startswith(own)}
            orphans = found.keys() - {key.hex for key in digests}
            for worker_hex in orphans:
                _forget(client, worker_hex)
    except (redis.RedisError, OSError) as problem:
        logger.warning("The users of the broker could not be looked through: %s", problem)
        return 0
    greetings = {f"+{greeting}" for greeting in _GREETINGS}
    wrong = [
        key
        for key, digest in digests.items()
        if {word for word in found.get(key.hex, ()) if word[0] in _TOLD} - greetings != {"on", *_rules(key, digest)}
    ]
    for key in wrong:
        try:
            grant(worker_id=key, password_digest=digests[key])
        except BrokerRefuses as problem:
            logger.warning("Worker %s has no place at the broker: %s", key, problem)
    return len(wrong) + len(orphans)


def address_for(*, asked_host: str) -> str:
    """
    How a worker reaches the broker, without name and password, and without what only concerns this machine.

    Parameters
    ----------
    asked_host : str
        The host by which the worker reached the site: it is taken where the operator named no other.
    """
    parts = urlsplit(settings.WORKERS_BROKER_URL or settings.REDIS_URL)
    if parts.scheme == "unix":
        return urlunsplit(parts._replace(netloc=""))
    parts = parts._replace(query="")  # whom to trust, and in which file of ours that stands
    host = parts.hostname or asked_host
    place = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{place}:{parts.port or 6379}"))


def send_slice(*, worker_id: uuid.UUID, measurement_id: uuid.UUID, spec: Spec) -> bool:
    """
    Put the first slice of a measurement into its worker's own queue; False when the broker did not take it.

    It waits for an hour at most, by the clock of Redis: that of the worker may be wrong.
    """
    queue, *_ = protocol.keys(worker_id.hex)
    options = protocol.transport_options(worker_id.hex)
    try:
        with _client() as client, current_app.connection_for_write(transport_options=options) as connection:
            if client.llen(queue) >= MOST_WAITING:
                logger.warning("Worker %s takes nothing out of its queue, which is full.", worker_id)
                return False
            current_app.send_task(
                protocol.TASK,
                args=[str(measurement_id), 1, spec],
                queue=protocol.queue(),  # type: ignore[arg-type]  # it takes a queue as well as its name
                connection=connection,
            )
            client.expire(queue, _SLICE_LASTS_S)
    except (OperationalError, redis.RedisError, OSError) as problem:
        logger.warning("The broker did not take measurement %s: %s", measurement_id, problem)
        return False
    return True


def tell_stop(*, worker_id: uuid.UUID, measurement_id: uuid.UUID) -> None:
    """Wake the worker at once; without Redis it learns with its next samples."""
    key = protocol.key_prefix(worker_id.hex) + protocol.STOPS
    try:
        with _client() as client, client.pipeline(transaction=False) as pipeline:
            pipeline.lpush(key, str(measurement_id))
            pipeline.ltrim(key, 0, MOST_WAITING - 1)
            pipeline.expire(key, _STOP_LASTS_S)
            pipeline.execute()
    except (redis.RedisError, OSError) as problem:
        logger.warning("The stop of %s was not told by the broker: %s", measurement_id, problem)
