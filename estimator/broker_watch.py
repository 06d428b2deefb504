"""
A look at what each worker holds at the broker, and the end of it where that is more than any worker needs.

Rules let a worker reach its own few keys alone, but Redis bounds neither their size nor a user's connections. A broken
or stolen worker could fill its memory, so it is looked every few seconds, without a message: a full Redis takes none.
"""

import logging
import uuid
from collections import defaultdict
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings

from estimator.worker import protocol

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 4.0
#: Messages, or entries of a table: an honest worker has a few at once, and fifty if it never empties its queue.
MOST_ENTRIES_COUNT: Final = 400
#: Of all keys of a worker; one message takes one to two thousand.
MOST_KEY_BYTES: Final = 512 * 1024
#: Of all workers: above, the fullest go until the rest fits.
MOST_TOGETHER_BYTES: Final = 128 * 1024 * 1024
#: An honest worker has about ten, and while it is started anew twice that.
MOST_CONNECTIONS_COUNT: Final = 50
#: What Redis holds for them: what was sent and not carried out, or answered and not fetched.
MOST_CONNECTION_BYTES: Final = 16 * 1024 * 1024

#: Why a worker was switched off, as its row keeps it.
OVERFULL: Final = "overfull"
TOO_MANY_CONNECTIONS: Final = "too_many_connections"


@cache
def _client() -> redis.Redis:
    """One connection, kept: where a worker takes all that Redis gives, a new one would not be let in."""
    return redis.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, socket_connect_timeout=1, socket_timeout=2, retry=None
    )


def overstepping() -> dict[uuid.UUID, str]:
    """
    The workers that hold more than they may at the broker, and what they have too much of.

    Returns
    -------
    dict of UUID to str
        `OVERFULL` or `TOO_MANY_CONNECTIONS`; empty where Redis is away.
    """
    own = protocol.broker_user("")
    try:
        client: Any = _client()
        users = [str(name) for name in client.execute_command("ACL USERS")]
        workers = [name.removeprefix(own) for name in users if name.startswith(own)]
        if not workers:
            return {}
        found = _connected(client.client_list(), own) | _filled(client, workers)
    except (redis.RedisError, OSError) as problem:
        logger.warning("Nobody looks at what workers hold at the broker: %s", problem)
        return {}
    return {uuid.UUID(key): reason for key, reason in found.items()}


def _connected(clients: list[dict[str, Any]], own: str) -> dict[str, str]:
    """Workers with too many connections, or too much on them."""
    counts: dict[str, int] = defaultdict(int)
    held_bytes: dict[str, int] = defaultdict(int)
    for client in clients:
        user = str(client.get("user", ""))
        if user.startswith(own):
            key = user.removeprefix(own)
            counts[key] += 1
            # The sum of all is told from Redis 6.2 on.
            held_bytes[key] += int(client.get("tot-mem") or int(client.get("qbuf", 0)) + int(client.get("omem", 0)))
    found = {key: OVERFULL for key, size_bytes in held_bytes.items() if size_bytes > MOST_CONNECTION_BYTES}
    return found | {key: TOO_MANY_CONNECTIONS for key, count in counts.items() if count > MOST_CONNECTIONS_COUNT}


def _filled(client: Any, workers: list[str]) -> dict[str, str]:
    """Workers whose keys are too long or too large. Only what is short is weighed, so a look takes no time."""
    asked = [(worker, key) for worker in workers for key in protocol.keys(worker)]
    with client.pipeline(transaction=False) as pipeline:
        for worker in workers:
            queue, stops, unacked, unacked_index = protocol.keys(worker)
            pipeline.llen(queue).llen(stops).hlen(unacked).zcard(unacked_index)
        lengths = pipeline.execute(raise_on_error=False)
    # A key of another kind than Celery makes is no honest worker's: Redis answers with an error then.
    found = {
        worker: OVERFULL
        for (worker, _), length in zip(asked, lengths, strict=True)
        if not isinstance(length, int) or length > MOST_ENTRIES_COUNT
    }
    short = [pair for pair, length in zip(asked, lengths, strict=True) if length and pair[0] not in found]
    with client.pipeline(transaction=False) as pipeline:
        for _, key in short:
            pipeline.memory_usage(key, samples=0)
        sizes_bytes = pipeline.execute()
    held_bytes: dict[str, int] = defaultdict(int)
    for (worker, _), size_bytes in zip(short, sizes_bytes, strict=True):
        held_bytes[worker] += size_bytes or 0
    together_bytes = sum(held_bytes.values())
    for worker in sorted(held_bytes, key=held_bytes.__getitem__, reverse=True):
        if held_bytes[worker] <= MOST_KEY_BYTES and together_bytes <= MOST_TOGETHER_BYTES:
            break
        found[worker] = OVERFULL
        together_bytes -= held_bytes[worker]
    return found
