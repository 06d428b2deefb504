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
from kombu import Connection
from kombu.exceptions import OperationalError

from estimator.worker import protocol
from estimator.worker.protocol import Spec

logger = logging.getLogger(__name__)

#: All that Celery's consumer says to Redis, with gossip, mingle and remote control off. No scripts, no channels.
COMMANDS: Final = (
    "ping", "select", "multi", "exec", "discard", "watch", "unwatch",
    "brpop", "rpop", "rpush", "lpush", "llen", "hset", "hget", "hdel", "hlen", "zadd", "zrem", "zrange", "sadd", "srem",
    "smembers", "pexpire",
)  # fmt: skip
#: A client says its name and version where the server knows such a word; older ones refuse rules about it.
_GREETINGS: Final = ("client|setinfo", "client|setname")
#: Stops that nobody fetched are old news soon. [s]
_STOP_LASTS_S: Final = 300


class BrokerRefuses(Exception):
    """Redis is away, or does not let us make users."""


def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, socket_connect_timeout=1, socket_timeout=2, retry=None
    )


def grant(*, worker_id: uuid.UUID, password_digest: str) -> None:
    """
    Let a worker in.

    Raises
    ------
    BrokerRefuses
        If Redis is away or does not let us.
    """
    rules = [
        "reset",
        "on",
        f"#{password_digest}",
        f"~{protocol.key_prefix(worker_id.hex)}*",
        "-@all",
        *(f"+{command}" for command in COMMANDS),
    ]
    user = protocol.broker_user(worker_id.hex)
    try:
        with _client() as client:
            client.execute_command("ACL SETUSER", user, *rules)
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


def withdraw(*, worker_id: uuid.UUID, with_keys: bool = True) -> None:
    """Let a worker in no more, end its connections, and clear what was put there for it."""
    user = protocol.broker_user(worker_id.hex)
    try:
        with _client() as client:
            client.execute_command("ACL DELUSER", user)
            if with_keys:
                for key in client.scan_iter(match=protocol.key_prefix(worker_id.hex) + "*", count=1000):
                    client.delete(key)
    except (redis.RedisError, OSError) as problem:
        logger.warning("Worker %s keeps its place at the broker for now: %s", worker_id, problem)


def put_right(*, digests: Mapping[uuid.UUID, str]) -> int:
    """Make the users anew that Redis has lost, and take away those that no row stands for; says how many."""
    wanted = {protocol.broker_user(key.hex): key for key in digests}
    try:
        with _client() as client:
            found = {str(name) for name in client.execute_command("ACL USERS")}
            orphans = [name for name in found - wanted.keys() if name.startswith(protocol.broker_user(""))]
            if orphans:
                client.execute_command("ACL DELUSER", *orphans)
    except (redis.RedisError, OSError) as problem:
        logger.warning("The users of the broker could not be looked through: %s", problem)
        return 0
    missing = [key for name, key in wanted.items() if name not in found]
    for key in missing:
        try:
            grant(worker_id=key, password_digest=digests[key])
        except BrokerRefuses as problem:
            logger.warning("Worker %s has no place at the broker: %s", key, problem)
    return len(missing) + len(orphans)


def address_for(*, asked_host: str) -> str:
    """
    How a worker reaches the broker, without name and password.

    Parameters
    ----------
    asked_host : str
        The host by which the worker reached the site: it is taken where the operator named no other.
    """
    parts = urlsplit(settings.WORKERS_BROKER_URL or settings.REDIS_URL)
    if parts.scheme == "unix":
        return urlunsplit(parts._replace(netloc=""))
    host = parts.hostname or asked_host
    place = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{place}:{parts.port or 6379}"))


def send_slice(*, worker_id: uuid.UUID, measurement_id: uuid.UUID, spec: Spec) -> bool:
    """Put the first slice of a measurement into its worker's own queue; False when the broker did not take it."""
    options: dict[str, Any] = {**current_app.conf.broker_transport_options} | protocol.transport_options(worker_id.hex)
    try:
        with Connection(settings.CELERY_BROKER_URL, transport_options=options) as connection:
            current_app.send_task(
                protocol.TASK, args=[str(measurement_id), 1, spec], queue=protocol.QUEUE, connection=connection
            )
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
            pipeline.expire(key, _STOP_LASTS_S)
            pipeline.execute()
    except (redis.RedisError, OSError) as problem:
        logger.warning("The stop of %s was not told by the broker: %s", measurement_id, problem)
