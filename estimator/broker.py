"""
What estimator asks of Redis: queue a task, see which workers live, count requests.

Nothing here raises when Redis is away. The row in the database is the state; callers learn from the answer that the
broker did not take the message, and the rescue round queues it again.
"""

import logging
import time
from collections import Counter
from functools import cache
from typing import Final

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

SIGN_OF_LIFE_EVERY_S: Final = 4.0
SIGN_OF_LIFE_LASTS_S: Final = 13
_WORKER_KEY: Final = "wattprint:worker:"
_THROTTLE_KEY: Final = "wattprint:throttle:"


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, socket_connect_timeout=1, socket_timeout=2, retry=None
    )


def enqueue(*, task: str, args: list[str], queue: str) -> bool:
    """Hand one task to the workers; False when the broker did not take it."""
    try:
        current_app.send_task(task, args=args, queue=queue)
    except (OperationalError, redis.RedisError, OSError) as problem:
        logger.warning("The broker did not take %s: %s", task, problem)
        return False
    return True


def queue_length(*, queue: str) -> int | None:
    """How many messages wait in a queue; None when Redis does not answer."""
    try:
        return int(_client().llen(queue))
    except (redis.RedisError, OSError):
        return None


def sign_of_life(*, worker: str, queues: list[str]) -> None:
    """Say that `worker` lives and serves `queues`; forgotten by itself after a few seconds."""
    try:
        _client().set(_WORKER_KEY + worker, ",".join(sorted(queues)), ex=SIGN_OF_LIFE_LASTS_S)
    except (redis.RedisError, OSError) as problem:
        logger.warning("No sign of life given: %s", problem)


def withdraw_sign_of_life(*, worker: str) -> None:
    """Say that `worker` has stopped in good order."""
    try:
        _client().delete(_WORKER_KEY + worker)
    except (redis.RedisError, OSError) as problem:
        logger.warning("Sign of life not withdrawn: %s", problem)


def live_workers() -> Counter[str] | None:
    """How many workers live, by queue, all of them under ""; None when Redis does not answer."""
    try:
        client = _client()
        names = list(client.scan_iter(match=_WORKER_KEY + "*", count=1000))
        served = [str(queues or "") for queues in client.mget(names)] if names else []
    except (redis.RedisError, OSError):
        return None
    counts: Counter[str] = Counter()
    for queues in served:
        if queues:
            counts[""] += 1
            counts.update(queues.split(","))
    return counts


def seconds_until_allowed(*, scope: str, address: str, per_minute: int) -> int:
    """
    Count one request of `address`, and say for how long it must wait.

    Parameters
    ----------
    scope : str
        What is counted.
    address : str
        Who asks.
    per_minute : int
        Requests allowed within one clock minute.

    Returns
    -------
    int
        0 where the request may go on; else the seconds to the next minute. Without Redis nobody is held up.
    """
    now_s = time.time()
    minute, elapsed_s = divmod(int(now_s), 60)
    key = f"{_THROTTLE_KEY}{scope}:{address}:{minute}"
    try:
        with _client().pipeline(transaction=False) as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, 90)
            count, _ = pipeline.execute()
    except (redis.RedisError, OSError):
        return 0
    return 0 if count <= per_minute else 60 - elapsed_s
