"""What a worker and its server agree on."""

from typing import Any, Final, TypedDict

#: The queue, the task and the list of stops, each below the worker's own prefix.
QUEUE: Final = "measure"
TASK: Final = "wattprint.measure"
STOPS: Final = "stops"

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
    """What all keys of a worker begin with, and the only ones that it may touch."""
    return f"wattprint:measure:{worker_hex}:"


def broker_user(worker_hex: str) -> str:
    """Its name at the broker."""
    return f"wattprint-measure-{worker_hex}"


def transport_options(worker_hex: str) -> dict[str, Any]:
    """How Celery reaches a worker's queue, on either side."""
    return {
        "global_keyprefix": key_prefix(worker_hex),
        "visibility_timeout": 3 * SLICE_S,
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
        "socket_keepalive": True,
    }
