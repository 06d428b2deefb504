"""`./wattprint worker`: enrols, gives signs of life, delivers samples, and keeps the process alive that measures."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from estimator.core import ENGINE_VERSION
from estimator.measure.inventory import inventory
from estimator.measure.meters import open_meters
from estimator.worker import credentials, protocol
from estimator.worker.client import Away, Client, Refused
from estimator.worker.config import FILE_NAME, Config, ConfigFile
from estimator.worker.credentials import Credentials, NotEnrolled
from estimator.worker.deliver import Delivery
from estimator.worker.store import Store

logger = logging.getLogger(__name__)

ROOT: Final = Path(__file__).resolve().parents[2]
#: What measures, in a process of its own: it may be killed, and the samples go on to be delivered.
CHILD: Final = ("-m", "estimator.worker.child")
GRACE_S: Final = 8.0
#: A child that ends by itself is started again, later each time. [s]
_PAUSES_S: Final = (0.2, 1.0, 3.0, 10.0)
_OFFSETS_KEPT: Final = 8


class Ended(Exception):
    """The server wants this worker no more: a sentence for the person who started it."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One exchange of times with the server."""

    offset_s: float  #: our clock less the server's
    round_trip_s: float


def beat(*, sent_at_s: float, received_at_s: float, answered_at_s: float, got_at_s: float) -> Beat:
    r"""
    Offset between two clocks from one exchange.

    Parameters
    ----------
    sent_at_s, got_at_s : float
        When we asked and had the answer, by our clock. [s]
    received_at_s, answered_at_s : float
        When the server was asked and answered, by its clock. [s]

    Returns
    -------
    Beat
        The offset is wrong by at most half of the round trip.

    Notes
    -----
    As in NTP: .. math:: o = \frac{(t_0 - t_1) + (t_3 - t_2)}{2}

    Examples
    --------
    >>> beat(sent_at_s=12.0, received_at_s=10.1, answered_at_s=10.2, got_at_s=12.3)
    Beat(offset_s=2.0, round_trip_s=0.2)
    """
    offset_s = ((sent_at_s - received_at_s) + (got_at_s - answered_at_s)) / 2
    round_trip_s = (got_at_s - sent_at_s) - (answered_at_s - received_at_s)
    return Beat(round(offset_s, 6), round(max(round_trip_s, 0.0), 6))


def enrol(folder: Path, *, server: str, token: str, name: str, config: Config, authority: str = "") -> Credentials:
    """
    Become a worker of a server.

    Raises
    ------
    Away, Refused
        If the server cannot be reached, or does not take the token.
    """
    opened = open_meters(config.meters)
    try:
        found = inventory(opened).as_json()
    finally:
        opened.close()
    client = Client(server, authority=authority, timeout_s=30.0)
    try:
        told = client.post(
            protocol.ENROL_PATH,
            {
                "token": token,
                "name": name or found["host"]["name"],
                "installation": credentials.installation(folder),
                "version": ENGINE_VERSION,
                "inventory": found | {"config_path": str(folder / FILE_NAME)},
                "workloads": sorted(config.workloads),
            },
        )
    finally:
        client.close()
    given = credentials.from_answer(told, server=server, authority=authority)
    credentials.keep_credentials(folder, given)
    return given


class Agent:
    """
    The process that a person starts.

    Parameters
    ----------
    folder : Path
        Where this worker keeps what it must not lose.
    told : Credentials
        Who it is.
    file : ConfigFile
        The worker's own file.
    child : sequence of str
        What measures, as arguments of Python.
    """

    def __init__(self, folder: Path, told: Credentials, file: ConfigFile, child: Sequence[str] = CHILD) -> None:
        self._folder, self._told, self._file = folder, told, file
        self._child_arguments = child
        self._child: subprocess.Popen[bytes] | None = None
        self._deaths: list[float] = []
        self._start_at_s = 0.0
        self._stopping = threading.Event()
        self._store = Store(folder / "samples.sqlite3")
        self._client = Client(told.server, secret=told.secret, authority=told.authority, timeout_s=5.0)
        self._session = credentials.session(folder)
        self._beats: list[Beat] = []
        self._was_away = False
        self._inventory_told = False

    def stop(self) -> None:
        """End in good order."""
        self._stopping.set()

    def run(self) -> int:
        """Work until told to stop."""
        told = self._told
        delivery = Delivery(self._store, server=told.server, secret=told.secret, authority=told.authority)
        delivery.start()
        next_beat_s = 0.0
        try:
            while not self._stopping.is_set():
                if time.monotonic() >= next_beat_s:
                    self._give_a_sign()
                    next_beat_s = time.monotonic() + protocol.HEARTBEAT_EVERY_S
                self._look_after_the_child()
                self._stopping.wait(0.1)
        except Ended as reason:
            say(f"wattprint: {reason}")
            return 1
        finally:
            self._end_the_child()
            delivery.end(within_s=5.0)
        return 0

    # --- signs of life ------------------------------------------------------------------------------------------------

    def _give_a_sign(self) -> None:
        if self._file.look():
            say(
                f"wattprint: {self._file.problem} What it said before holds on."
                if self._file.problem
                else _named(self._file)
            )
        sent_at_s = time.time()
        best = min(self._beats, key=lambda known: known.round_trip_s, default=None)
        body: dict[str, Any] = {
            "session": self._session,
            "version": ENGINE_VERSION,
            "sent_at_s": sent_at_s,
            "clock_offset_s": best.offset_s if best else None,
            "round_trip_s": best.round_trip_s if best else None,
            "measurements": [kept.id for kept in self._store.unfinished()],
            "workloads": sorted(self._file.config.workloads),
        }
        try:
            told = self._client.post(protocol.HEARTBEAT_PATH, body)
        except Away as problem:
            if not self._was_away:
                say(f"wattprint: the server is away ({problem}); what is measured is kept and sent later.")
            self._was_away = True
            return
        except Refused as problem:
            self._on_refusal(problem)
            return
        if self._was_away:
            say("wattprint: the server is back.")
        self._was_away = False
        self._note(told, sent_at_s=sent_at_s, got_at_s=time.time())

    def _note(self, told: dict[str, Any], *, sent_at_s: float, got_at_s: float) -> None:
        self._beats = [
            *self._beats[1 - _OFFSETS_KEPT :],
            beat(
                sent_at_s=sent_at_s,
                received_at_s=float(told["received_at_s"]),
                answered_at_s=float(told["answered_at_s"]),
                got_at_s=got_at_s,
            ),
        ]
        for key in told.get("stop", []):
            self._store.ask_to_stop(str(key))
        address = str(told.get("broker_url") or self._told.broker_address)
        if address != self._told.broker_address:  # the broker has moved
            self._told = replace(self._told, broker_address=address)
            credentials.keep_credentials(self._folder, self._told)
            self._end_the_child()
        if self._child is None and self._start_at_s == 0.0:
            self._start_the_child()

    def _on_refusal(self, problem: Refused) -> None:
        if problem.status == 401:
            raise Ended(f"the server knows this worker no more. {problem}")
        say(f"wattprint: {problem}")
        if self._child is not None:
            self._end_the_child()
        self._start_at_s = 0.0

    # --- what measures ------------------------------------------------------------------------------------------------

    def _start_the_child(self) -> None:
        environment = {
            name: told for name, told in os.environ.items() if name not in {"DJANGO_SETTINGS_MODULE", "REDIS_URL"}
        } | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
        self._child = subprocess.Popen(
            [sys.executable, *self._child_arguments, str(self._folder)],
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # a Ctrl-C is for us; we tell it in our own time
        )

    def _look_after_the_child(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            now_s = time.monotonic()
            self._deaths = [at_s for at_s in self._deaths if now_s - at_s < 60.0] + [now_s]
            pause_s = _PAUSES_S[min(len(self._deaths), len(_PAUSES_S)) - 1]
            say(f"wattprint: what measures ended ({self._child.returncode}) and is started again in {pause_s:g} s.")
            self._child, self._start_at_s = None, now_s + pause_s
        if self._child is None and self._start_at_s and time.monotonic() >= self._start_at_s:
            self._start_at_s = 0.0
            self._start_the_child()

    def _end_the_child(self) -> None:
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None


def say(words: str) -> None:
    """One line to standard error, with the time."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stderr.flush()


def _named(file: ConfigFile) -> str:
    names = ", ".join(sorted(file.config.workloads)) or "none so far"
    return f"wattprint: workloads that may be started by name stand in {file.path}: {names}."


def work(
    folder: Path,
    *,
    server: str | None,
    token: str | None,
    name: str = "",
    authority: str = "",
    child: Sequence[str] = CHILD,
) -> int:
    """Enrol where that is still to be done, and work."""
    file = ConfigFile(folder / FILE_NAME)
    try:
        lock = credentials.hold(folder)
    except credentials.AlreadyRuns:
        say(f"wattprint: a worker already runs on {folder}. Stop that one, or name another folder with --folder.")
        return 1
    try:
        told = _who(folder, server=server, token=token, name=name, authority=authority, config=file.config)
        if told is None:
            return 1
        agent = Agent(folder, told, file, child)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: agent.stop())
        say(f"wattprint: this worker serves {told.server}. Ctrl-C stops it.")
        say(_named(file))
        return agent.run()
    finally:
        os.close(lock)


def _who(
    folder: Path, *, server: str | None, token: str | None, name: str, authority: str, config: Config
) -> Credentials | None:
    try:
        known = credentials.read_credentials(folder)
    except NotEnrolled:
        known = None
    if known is not None and server in {None, known.server}:
        if authority and authority != known.authority:
            known = replace(known, authority=authority)
            credentials.keep_credentials(folder, known)
        return known
    if known is not None:
        say(f"wattprint: this folder belongs to a worker of {known.server}. Name another one with --folder.")
        return None
    if not server or not token:
        say(
            "wattprint: this machine is no worker yet: make a token on the page Workers, and give --server and --token."
        )
        return None
    try:
        return enrol(folder, server=server, token=token, name=name, authority=authority, config=config)
    except Away as problem:
        say(f"wattprint: {server} cannot be reached: {problem}")
    except Refused as problem:
        say(f"wattprint: {problem}")
    return None
