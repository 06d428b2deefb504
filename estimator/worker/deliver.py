"""Hands on what the store holds: what is measured, its samples in order, how it ended. Each call may be repeated."""

import logging
import threading
import time
from typing import Any, Final

from estimator.worker import protocol
from estimator.worker.client import Away, Client, Refused
from estimator.worker.store import Kept, Store

logger = logging.getLogger(__name__)

#: The store is looked at this often for something new. [s]
LOOK_EVERY_S: Final = 0.1
#: After the server was away, tried again this soon, then later each time. [s]
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0


class _Disabled(Away):
    """The server is there, and takes nothing of this worker until its owner enables it."""


class Delivery(threading.Thread):
    """
    A thread that delivers until it is told to end.

    Parameters
    ----------
    store : Store
        What is to be delivered.
    server, secret, authority : str
        To whom, who we are, and whom we trust to be it, as for `Client`.
    """

    def __init__(self, store: Store, *, server: str, secret: str, authority: str = "") -> None:
        super().__init__(name="delivery", daemon=True)
        self._store = store
        self._client = Client(server, secret=secret, authority=authority)
        self._ending = threading.Event()

    def end(self, within_s: float) -> None:
        """Deliver what is there, then end."""
        self._ending.set()
        self.join(within_s)

    def run(self) -> None:
        """Deliver."""
        pause_s, seen = FIRST_PAUSE_S, -1
        while True:
            ending = self._ending.is_set()
            version = self._store.version()
            try:
                if version != seen or ending:
                    seen = version
                    for kept in self._store.unfinished():
                        self.deliver(kept)
                pause_s = FIRST_PAUSE_S
            except Away as problem:
                seen = -1
                if ending:
                    return
                if isinstance(problem, _Disabled):
                    logger.warning("%s What was measured waits, and is tried again in %g s.", problem, pause_s)
                else:
                    logger.warning("The server is away, and is tried again in %g s: %s", pause_s, problem)
                self._ending.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            if ending:
                return
            self._ending.wait(LOOK_EVERY_S)

    def deliver(self, kept: Kept) -> None:
        """
        Everything of one measurement that the server does not have.

        Raises
        ------
        Away
            If it has to wait.
        """
        try:
            if not kept.announced:
                self._announce(kept)
            while self._samples(kept):
                pass
            if kept.state == "ended":
                self._finish(kept)
        except Refused as problem:
            if problem.code == "worker_disabled":
                raise _Disabled(str(problem)) from problem
            logger.warning("The server does not take measurement %s: %s", kept.id, problem)
            if kept.state == "ended":
                self._store.close_measurement(kept.id, now_s=time.time())
            else:  # what measures ends it first
                self._store.ask_to_stop(kept.id)

    def _announce(self, kept: Kept) -> None:
        about = {name: told for name, told in kept.about.items() if name != "process"}
        self._call(kept, "start", {"run": kept.run, "started_at_s": kept.started_at_s, **about})
        self._store.note_announced(kept.id)

    def _samples(self, kept: Kept) -> bool:
        """One batch; whether there is more."""
        first, contents = self._store.waiting(
            kept.id, most_count=protocol.MOST_SAMPLES, most_bytes=protocol.MOST_SAMPLES_BYTES - 1_000
        )
        if not contents:
            return False
        body = f'{{"first_sequence":{first},"run":"{kept.run}","samples":[{",".join(contents)}]}}'
        told = self._call(kept, "samples", body.encode())
        self._store.confirm(kept.id, int(told["next_sequence"]))
        return len(contents) >= protocol.MOST_SAMPLES

    def _finish(self, kept: Kept) -> None:
        body = {"run": kept.run, "samples_count": kept.next_sequence - 1, **kept.outcome}
        self._call(kept, "finish", body)
        self._store.close_measurement(kept.id, now_s=time.time())

    def _call(self, kept: Kept, verb: str, body: bytes | dict[str, Any]) -> dict[str, Any]:
        told = self._client.post(f"{protocol.MEASUREMENTS_PATH}/{kept.id}/{verb}", body)
        if told.get("stop") and kept.state == "running":
            self._store.ask_to_stop(kept.id)
        return told
