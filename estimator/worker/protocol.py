"""What a worker and its server agree on."""

from typing import TYPE_CHECKING, Any, Final, TypedDict

if TYPE_CHECKING:
    from kombu import Queue

#: The queue, the task and the list of stops, each below the worker's own prefix.
QUEUE: Final = "measure"
TASK: Final = "wattprint.measure"
STOPS: Final = "stops"
#: Where Celery notes what was handed out and is not confirmed yet.
UNACKED: Final = "unacked"
UNACKED_INDEX: Final = "unacked_index"

#: A slice ends after this long and queues the next one: Redis hands out anew what nobody confirms. [s]
SLICE_S: Final = 60.0
HEARTBEAT_EVERY_S: Final = 4.0
#: Each is a thread of the worker.
MOST_AT_ONCE: Final = 4
#: What stands before the name of a component where only a process's share of it is meant.
PROCESS: Final = "process:"

ENROL_PATH: Final = "/api/v1/workers/enrol"
HEARTBEAT_PATH: Final = "/api/v1/workers/heartbeat"
MEASUREMENTS_PATH: Final = "/api/v1/measurements"

#: What a worker may send at once.
MOST_SAMPLES: Final = 5_000
MOST_SAMPLES_BYTES: Final = 2_000_000


class Spec(TypedDict):
    """What is to be measured. It names a workload and never a command."""

    target: str
    pid: int | None
    workload: str
    interval_s: float
    duration_limit_s: float | None
    baseline_s: float


def key_prefix(worker_hex: str) -> str:
    """What all keys of a worker begin with."""
    return f"wattprint:measure:{worker_hex}:"


def keys(worker_hex: str) -> tuple[str, ...]:
    """All keys that a worker needs, and the only ones that it may touch: each is named, so it cannot make others."""
    return tuple(key_prefix(worker_hex) + name for name in (QUEUE, STOPS, UNACKED, UNACKED_INDEX))


def broker_user(worker_hex: str) -> str:
    """Its name at the broker."""
    return f"wattprint-measure-{worker_hex}"


def queue() -> "Queue":
    """A worker's queue, by its name alone: declared, it would need tables of bindings, which a worker could fill."""
    from kombu import Queue

    return Queue(QUEUE, no_declare=True)


def transport_options(worker_hex: str) -> dict[str, Any]:
    """How Celery reaches a worker's queue, on either side."""
    return {
        "global_keyprefix": key_prefix(worker_hex),
        "unacked_key": UNACKED,
        "unacked_index_key": UNACKED_INDEX,
        "priority_steps": [0],  # one list a queue
        "visibility_timeout": 3 * SLICE_S,
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
        "socket_keepalive": True,
    }
