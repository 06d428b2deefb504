"""The Celery worker of one machine: its own queue under its own prefix, one thread a measurement."""

import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import worker_ready, worker_shutting_down
from kombu.exceptions import OperationalError

from estimator.measure import trust
from estimator.measure.meters import open_meters
from estimator.measure.samplers import MeterProblem
from estimator.worker import protocol
from estimator.worker.config import FILE_NAME, ConfigFile
from estimator.worker.credentials import Credentials, read_credentials
from estimator.worker.protocol import Spec
from estimator.worker.session import Sessions
from estimator.worker.store import Store

logger = logging.getLogger(__name__)

#: Stops come by the queue's side list at once; those that the server told by HTTP are looked for this often. [s]
LOOK_EVERY_S: Final = 1


def celery_app(told: Credentials) -> Celery:
    """The app: everything that a worker needs no right for is off."""
    app = Celery("wattprint-worker", broker=told.broker_url, fixups=[], set_as_current=False)
    app.conf.update(
        broker_transport_options=protocol.transport_options(told.worker_hex),
        broker_use_ssl=told.tls or False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_default_queue=protocol.QUEUE,
        task_create_missing_queues=False,
        task_queues=[protocol.queue()],
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_redirect_stdouts=False,
        enable_utc=True,
    )
    return app


def serve(folder: Path, *, slice_s: float = protocol.SLICE_S) -> int:
    """Serve the queue until told to stop."""
    # Celery warns root of messages that are code; this one takes JSON alone, and counters often need root.
    warnings.simplefilter("ignore", SecurityWarning)
    _only_consumer()
    told = read_credentials(folder)
    file = ConfigFile(folder / FILE_NAME)
    sessions = Sessions(Store(folder / "samples.sqlite3"), file.config)
    app = celery_app(told)
    app.set_current()

    @app.task(name=protocol.TASK)
    def measure(key: str, number: int, spec: Spec | None = None) -> None:
        def again(next_number: int) -> bool:
            try:
                app.send_task(protocol.TASK, args=[key, next_number], queue=protocol.QUEUE)
            except (OperationalError, OSError):
                return False  # the broker is away: this slice goes on
            return True

        if file.look():  # what is wrong with it, the process says that started us
            sessions.config = file.config
        sessions.slice(key, number, spec, slice_s=slice_s, again=again)

    @worker_ready.connect(weak=False)
    def take_up(**kwargs: Any) -> None:
        """What was measured when the predecessor ended goes on at once."""
        for kept in sessions.store.running():
            app.send_task(protocol.TASK, args=[kept.id, kept.slice + 1], queue=protocol.QUEUE)

    @worker_shutting_down.connect(weak=False)
    def leave(**kwargs: Any) -> None:
        threading.Thread(target=sessions.quit, daemon=True).start()

    threading.Thread(target=_warm_up, args=(sessions,), daemon=True).start()
    threading.Thread(target=_listen, args=(told, sessions), name="stops", daemon=True).start()
    threading.Thread(target=_look, args=(sessions, os.getppid()), name="look", daemon=True).start()
    app.Worker(
        pool="threads",
        concurrency=protocol.MOST_AT_ONCE,
        hostname=f"measure@{told.worker_hex}",
        queues=[protocol.QUEUE],
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="INFO",
        quiet=True,
    ).start()
    return 0


def _only_consumer() -> None:
    """Nobody else consumes this queue, so the lock around what is handed out anew, which needs scripts, can go."""
    from kombu.transport import redis as transport

    @contextmanager
    def alone(*arguments: Any) -> Iterator[None]:
        yield

    transport.Mutex = alone  # type: ignore[assignment]


def _warm_up(sessions: Sessions) -> None:
    """Read each meter once: what a model has to look up is known then, and no first sample waits for it."""
    with suppress(MeterProblem, OSError):
        opened = open_meters(sessions.config.meters)
        for meter in opened.meters:
            with suppress(MeterProblem):
                meter.read()
        opened.close()


def _listen(told: Credentials, sessions: Sessions) -> None:
    """Wait for stops at the broker, so that they are there within no time."""
    import redis

    key = protocol.key_prefix(told.worker_hex) + protocol.STOPS
    client = redis.Redis.from_url(
        told.redis_url, decode_responses=True, socket_connect_timeout=2, socket_timeout=30, retry=None, **told.tls
    )
    host, said = urlsplit(told.broker_address).hostname or "", None
    while not sessions.quitting.is_set():
        try:
            found = client.brpop([key], timeout=10)
        except (redis.RedisError, OSError) as problem:
            reason = trust.why_not(problem, host=host)
            if reason and reason != said:
                logger.warning("No work can be taken from the queue: %s.", reason)
            said = reason
            time.sleep(0.5)
            continue
        if found is not None:
            sessions.stop(str(found[1]))


def _look(sessions: Sessions, parent: int) -> None:
    """Stops that came by HTTP; and without the process that started us we do not stay."""
    import signal

    while not sessions.quitting.wait(LOOK_EVERY_S):
        with suppress(Exception):  # a full disk or a busy file: the next look may succeed
            sessions.look_for_stops()
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return


def main() -> int:
    """Serve from the folder that is named."""
    logging.basicConfig(level=logging.INFO, format="{asctime} {levelname} {name}: {message}", style="{")
    return serve(Path(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())
