"""One measurement on this machine, over as many slices as it takes; its samples go into the store as they are taken."""

import logging
import math
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from estimator.measure.inventory import inventory
from estimator.measure.meters import open_meters
from estimator.measure.process import Attribution
from estimator.measure.samplers import Component, MeterProblem, Sample
from estimator.measure.totals import worst
from estimator.measure.window import Window, steady_s
from estimator.measure.words import plain
from estimator.measure.words import words as _
from estimator.worker.config import Config
from estimator.worker.protocol import PROCESS, Spec
from estimator.worker.started import Followed, NoProcess
from estimator.worker.store import Kept, Store

logger = logging.getLogger(__name__)

#: A process that is followed is looked for this often. [s]
LOOK_EVERY_S: Final = 0.5
#: Where the store is full, this much time becomes one sample. [s]
JOINED_S: Final = 60.0


class Session:
    """
    Meters that are open, and where their samples go.

    Parameters
    ----------
    kept : Kept
        The measurement, new or taken up again.
    store : Store
        Where its samples go.
    config : Config
        The worker's own file.

    Raises
    ------
    NoProcess
        If what is to be followed is not there.
    MeterProblem
        If a meter that must work does not.
    """

    def __init__(self, kept: Kept, store: Store, config: Config) -> None:
        self.key, self.spec = kept.id, kept.spec
        self.lock = threading.Lock()  #: one slice at a time
        self.over = False
        self._store, self._config, self._about = store, config, dict(kept.about)
        self._wake = threading.Event()
        self._stop_asked = kept.stop
        self._quitting = False
        self._started_at_s = kept.started_at_s
        self._resumed = kept.started_at_s is not None
        self._qualities: dict[str, Any] = self._about.get("qualities", {})
        self._carry: list[Any] | None = None
        self._ends_s: float | None = None
        self._followed: Followed | None = None
        self._attributed_j: dict[str, float] = {}
        self._baseline_j: dict[str, float] = {}
        self._baseline_passed_s = 0.0
        self._opened = open_meters(config.meters)
        try:
            self._attribution = Attribution(self._opened.meters)
            self._window = Window(self._opened.meters, interval_s=kept.spec["interval_s"])
            self._window.start()
            if self._resumed or not self.spec["baseline_s"]:
                self._begin(self._window.started_at_s)
        except BaseException:
            self._opened.close()
            raise
        self._samples: Iterator[Sample] = self._window.samples(self._wait)
        if not self._resumed:
            self._describe()

    # --- from outside -------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop now: somebody asked for it."""
        self._stop_asked = True
        self._wake.set()

    def quit(self) -> None:
        """End this slice now: the worker stops, and takes the measurement up again when it is back."""
        self._quitting = True
        self._wake.set()

    def run(self, slice_s: float, may_end: Callable[[], bool]) -> bool:
        """
        Measure for one slice.

        Parameters
        ----------
        slice_s : float
            After this long the slice ends. [s]
        may_end : callable
            Queues the next slice, and says whether that was done; else this one goes on.

        Returns
        -------
        bool
            Whether the measurement has ended.
        """
        ends_s = time.monotonic() + slice_s
        for sample in self._samples:
            self._take(sample)
            if time.monotonic() >= ends_s:
                if may_end():
                    return False
                ends_s = time.monotonic() + min(slice_s, 5.0)
        if self._quitting and not self._is_done():
            self._flush()
            self._opened.close()
            self.over = True
            return False
        self._finish()
        return True

    # --- within a slice -----------------------------------------------------------------------------------------------

    def _begin(self, started_at_s: float) -> None:
        """The baseline is over: from now on it counts."""
        if self.spec["target"] != "machine":
            before = self._about.get("process")
            if before is not None:
                self._followed = Followed.again(before)
            elif self.spec["target"] == "process":
                self._followed = Followed.by_pid(self.spec["pid"] or 0)
            else:
                self._followed = Followed.by_name(self.spec["workload"], self._config)
            self._about["process"] = self._followed.as_json()
            is_new = self._followed.ours and not self._resumed
            self._attribution.follow(self._followed.pid, is_new=is_new)
        limit_s = self.spec["duration_limit_s"]
        # What was measured before a restart counts too.
        passed_s = 0.0 if self._started_at_s is None else max(time.time() - self._started_at_s, 0.0)
        self._ends_s = None if limit_s is None else steady_s() + limit_s - passed_s
        if self._started_at_s is None:
            self._started_at_s = started_at_s

    def _describe(self) -> None:
        own = self.spec["target"] == "machine"
        about = self._about | {
            "components": [_described(part, counted=own and part.counted) for part in self._opened.components],
            "inventory": inventory(self._opened).as_json(),
            "qualities": self._qualities,
        }
        if not own:
            about["components"] += [
                _described(replace(part, name=PROCESS + part.name, note=_SHARE), counted=part.counted)
                for part in self._opened.components
                if part.kind in {"accelerator", "cpu_package", "dram"}
            ]
        if self._baseline_passed_s:
            about["baseline_power_w"] = {
                name: energy_j / self._baseline_passed_s for name, energy_j in self._baseline_j.items()
            }
        self._about = about
        self._store.describe(self.key, about, started_at_s=self._started_at_s)

    def _wait(self, for_s: float) -> bool:
        """Until the next reading; true when the measurement, or this worker, is to end."""
        until_s = time.monotonic() + for_s
        while True:
            if self._wake.is_set() or self._is_done():
                return True
            left_s = min(until_s - time.monotonic(), self._left_s())
            if left_s <= 0.0:
                return self._is_done()
            self._wake.wait(min(left_s, LOOK_EVERY_S) if self._followed is not None else left_s)

    def _left_s(self) -> float:
        return math.inf if self._ends_s is None else self._ends_s - steady_s()

    def _is_done(self) -> bool:
        over = self._followed is not None and self._followed.is_over()
        return self._stop_asked or over or self._left_s() <= 0.0

    def _take(self, sample: Sample) -> None:
        if self._started_at_s is None:
            self._take_baseline(sample)
            return
        energies_j = {name: part.energy_j for name, part in sample.components.items()}
        changed = False
        for name, part in sample.components.items():
            quality = worst((self._qualities.get(name, "counter"), part.quality))
            changed |= self._qualities.get(name) != quality
            self._qualities[name] = quality
        if self._followed is not None:
            self._attribution.add(sample)
            for row in self._attribution.rows():
                energies_j[PROCESS + row.name] = row.energy_j - self._attributed_j.get(row.name, 0.0)
                self._attributed_j[row.name] = row.energy_j
        if changed:
            self._describe()
        flags: list[str] = list(sample.flags)
        if self._resumed:
            flags, self._resumed = [*flags, "restarted"], False
        self._keep([sample.time_s, energies_j, sample.duration_s, flags])

    def _take_baseline(self, sample: Sample) -> None:
        for name, part in sample.components.items():
            self._baseline_j[name] = self._baseline_j.get(name, 0.0) + part.energy_j
        self._baseline_passed_s += sample.duration_s
        if self._baseline_passed_s >= self.spec["baseline_s"]:
            self._begin(sample.time_s)
            self._describe()

    def _keep(self, content: list[Any]) -> None:
        """Into the store; joined with what follows while it is full."""
        if self._carry is not None:
            content = _joined(self._carry, content)
        self._carry = content
        try:
            if content[2] < JOINED_S and self._store.is_full():
                return
            self._store.add(self.key, [round(content[0], 6), content[1], round(content[2], 6), *content[3:]])
        except sqlite3.Error as problem:  # a full disk, say: it goes with the next sample
            logger.warning("A sample waits to be written: %s", problem)
            return
        self._carry = None

    def _flush(self) -> None:
        if self._carry is not None:
            self._store.add(self.key, self._carry)
            self._carry = None

    def _finish(self) -> None:
        self._flush()
        exit_code = None
        if self._followed is not None:
            self._followed.end()
            exit_code = self._followed.exit_code()
        self._describe()
        self._store.end(self.key, {"exit_code": exit_code}, now_s=time.time())
        self._opened.close()
        self.over = True


_SHARE: Final = _("A share by CPU time, or by the work on the card: an attribution, not a measurement.")


def _described(part: Component, *, counted: bool) -> dict[str, Any]:
    told = {
        "name": part.name,
        "label": part.label,
        "quality": part.quality,
        "counted": counted,
        "low": part.low,
        "high": part.high,
        "note": part.note,
    }
    return dict(plain(told))


def _joined(earlier: list[Any], later: list[Any]) -> list[Any]:
    names = earlier[1].keys() | later[1].keys()
    energies_j = {name: earlier[1].get(name, 0.0) + later[1].get(name, 0.0) for name in sorted(names)}
    return [later[0], energies_j, earlier[2] + later[2], sorted({*earlier[3], *later[3]})]


class Sessions:
    """Those of this process."""

    def __init__(self, store: Store, config: Config) -> None:
        self.store, self.config = store, config
        self.quitting = threading.Event()
        self._open: dict[str, Session] = {}
        self._lock = threading.Lock()

    def slice(self, key: str, number: int, spec: Spec | None, *, slice_s: float, again: Callable[[int], bool]) -> None:
        """
        One slice of one measurement.

        Parameters
        ----------
        key : str
            Which.
        number : int
            Of the slice; one that was taken before is left alone.
        spec : Spec, optional
            What is measured, with the first slice.
        slice_s : float
            How long it goes. [s]
        again : callable
            Queues the slice of a number, and says whether the broker took it.
        """
        if self.quitting.is_set():
            return
        if not self.store.begin_slice(key, number, spec=spec, run=str(uuid.uuid4()), now_s=time.time()):
            return
        session = self._session(key)
        if session is None:
            return
        with session.lock:
            if session.over:
                return
            try:
                session.run(slice_s, lambda: again(number + 1))
            except Exception:
                logger.exception("Measurement %s failed", key)
                session.over = True
                self.store.end(key, {"error_code": "internal"}, now_s=time.time())
            if session.over:
                with self._lock:
                    self._open.pop(key, None)

    def _session(self, key: str) -> Session | None:
        with self._lock:
            if key not in self._open:
                kept = self.store.get(key)
                if kept is None:
                    return None
                try:
                    self._open[key] = Session(kept, self.store, self.config)
                except NoProcess as problem:
                    self.store.end(key, {"error_code": problem.code}, now_s=time.time())
                    return None
                except (MeterProblem, OSError):
                    self.store.end(key, {"error_code": "no_meter"}, now_s=time.time())
                    return None
            return self._open[key]

    def stop(self, key: str) -> None:
        """Stop one, whichever thread measures it."""
        self.store.ask_to_stop(key)
        with self._lock:
            if key in self._open:
                self._open[key].stop()

    def look_for_stops(self) -> None:
        """Stop those that the server told the delivering process of."""
        for key in self.store.stops():
            self.stop(key)

    def quit(self) -> None:
        """End all slices."""
        self.quitting.set()
        with self._lock:
            for session in self._open.values():
                session.quit()
