"""
Measure a block of Python code, or each call of a function.

It is a guest in the program: whatever goes wrong with it, the program runs on. One thread reads the meters and takes no
signals. What a fork copies of it does nothing; children are counted, forked or spawned.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from estimator.measure.figures import LONGEST_LOOKUP_S, Lookup, Question
from estimator.measure.finished import Finished
from estimator.measure.meters import open_meters
from estimator.measure.recorder import Recorder
from estimator.measure.samplers import MeterProblem, Opened
from estimator.measure.window import check_interval

if TYPE_CHECKING:
    from estimator.measure.outbox import Sending

#: A driver that hangs must not hang the program: after this, the thread is left alone. [s]
LONGEST_END_S: Final = LONGEST_LOOKUP_S + 30.0
#: Signals are the program's; but for these, which tell of a fault in the thread itself.
_FAULTS: Final = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}

_log = logging.getLogger("wattprint")


class measure(ContextDecorator):  # noqa: N801  (it is read as a verb: `with measure() as m`)
    """
    Measure what a block of code draws. As a decorator it measures each call.

    Once the block has begun, nothing that goes wrong with the measurement is raised there: it is logged to `wattprint`,
    which goes to standard error, and told by `problem`. To print it, `print(m)`, and `send` never raise either.

    Parameters
    ----------
    interval_s : float, default 1.0
        Time between two samples, 0.1 to 60. [s]
    country : str, optional
        A country, a grid zone or a cloud region; without it the world average is taken.
    grid_intensity_gco2e_per_kwh : float, optional
        Beats the country. [gCO2e/kWh]
    pue : float, optional
        Facility energy over IT energy. [1]
    title : str, default "Python"
        What it is.
    meters : sequence of str
        Kinds that must work; by default all are tried.

    Raises
    ------
    ValueError
        If the interval is out of bounds.
    MeterProblem
        Where the block begins, if a meter was asked for that does not work here.
    RuntimeError
        If `result` is asked for before the block has ended, or there is none.

    Notes
    -----
    A fork within the block makes Python 3.12 and later warn of threads in the process, as any thread does.

    Examples
    --------
    >>> with measure(country="FR") as m:  # doctest: +SKIP
    ...     train()
    >>> print(m)  # doctest: +SKIP
    >>> m.result.energy_j, m.result.carbon.kgco2e  # doctest: +SKIP
    >>> m.send(server="https://wattprint.example", token=token)  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        interval_s: float = 1.0,
        country: str = "",
        grid_intensity_gco2e_per_kwh: float | None = None,
        pue: float | None = None,
        title: str = "Python",
        meters: tuple[str, ...] = (),
    ) -> None:
        check_interval(interval_s)
        self._interval_s = interval_s
        self._question = Question(place=country, grid_intensity_gco2e_per_kwh=grid_intensity_gco2e_per_kwh)
        self._pue = pue
        self._title = title
        self._meters = meters
        self._running_in: int | None = None  # the process
        self._run: _Run | None = None
        self._result: Finished | None = None
        self._unsent: list[Finished] = []
        self.results: list[Finished] = []  #: of each block or call so far
        self.problem = ""  #: what went wrong with the last one; empty where nothing did

    def __str__(self) -> str:
        if self._result is None:
            return f"Wattprint has no measurement: {self.problem or 'the block has not ended.'}"
        return f"{self._result}\n\n  {self.problem}" if self.problem else str(self._result)

    @property
    def result(self) -> Finished:
        """The measurement; its emissions are in `carbon`."""
        if self._result is None:
            raise RuntimeError(self.problem or "the result is there when the block has ended")
        return self._result

    def send(self, *, server: str, token: str = "", ca: str = "") -> "list[Sending]":
        """
        Send what was measured to a Wattprint, and what waits on this disk for the same one.

        What cannot be sent is kept there, and `wattprint measure --send` sends it.

        Parameters
        ----------
        server : str
            Its address.
        token : str
            Your token of that server; by default $WATTPRINT_TOKEN.
        ca : str
            A file with the authority, or the self-made certificate, that is trusted for that server.

        Returns
        -------
        list of Sending
            What became of each.
        """
        from estimator.measure.outbox import NO_SERVER, Outbox, check_server
        from estimator.measure.state import TOKEN_NAME
        from estimator.measure.trust import read_authority

        known, authority, sent = NO_SERVER, "", []
        try:
            outbox = Outbox()
            try:
                known = check_server(server)
                authority = read_authority(Path(ca)) if ca else ""
            finally:  # a slip in the address costs no measurement
                while self._unsent:
                    outbox.put(self._unsent[0].body(), server=known)
                    del self._unsent[0]
            if not (token := token or os.environ.get(TOKEN_NAME, "")):
                raise ValueError(f"send() needs a token, or {TOKEN_NAME} in the environment")
            for one in outbox.send(server=known, token=token, authority=authority):
                sent.append(one)
                if one.outcome != "sent":
                    _log.warning("Wattprint: %s: %s. %s", one.title, one.outcome, one.message)
        except Exception as problem:  # what comes after it in the program is worth more
            self._warn(f"It was not sent ({problem}).")
        return sent

    def __enter__(self) -> Self:
        if self._running_in == os.getpid():
            raise RuntimeError("one measurement cannot run twice at once: make another with measure()")
        self._running_in, self._run, self._result, self.problem = os.getpid(), None, None, ""
        try:
            self._run = _Run(self._meters, interval_s=self._interval_s, question=self._question, warn=self._warn)
        except MeterProblem:  # it was asked for
            self._running_in = None
            raise
        except Exception as problem:  # a driver may fail in ways that nobody knows
            self._warn(f"Nothing is measured ({type(problem).__name__}: {problem}).")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running_in != os.getpid():  # a copy made by a fork: it is its parent's measurement
            return
        run, self._run, self._running_in = self._run, None, None
        if run is None:
            return
        try:
            self._result = run.end(title=self._title, pue=self._pue)
            self.results.append(self._result)
            if self._result.totals:
                self._unsent.append(self._result)
        except Exception as problem:
            self._warn(f"It could not be measured ({type(problem).__name__}: {problem}).")

    def _warn(self, told: str) -> None:
        self.problem = " ".join(filter(None, (self.problem, told)))
        _log.warning("Wattprint: %s", told)


class _Run:
    """One block that is being measured."""

    def __init__(
        self, meters: tuple[str, ...], *, interval_s: float, question: Question, warn: Callable[[str], None]
    ) -> None:
        self._warn = warn
        self._opened: Opened = open_meters(meters)
        try:
            self._recorder = Recorder(self._opened, interval_s=interval_s)
            self._recorder.attribution.follow(os.getpid(), is_new=False)
            self._place = Lookup(question)
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._measure, name="wattprint-measure", daemon=True)
            self._thread.start()
        except BaseException:
            self._opened.close()
            raise

    def end(self, *, title: str, pue: float | None) -> Finished:
        self._stop.set()
        self._thread.join(LONGEST_END_S)
        if self._thread.is_alive():
            raise TimeoutError("the meters do not answer any more")
        try:
            return self._recorder.finished(
                title=title, command_name="python", question=self._place.question, lookup=self._place, pue=pue
            )
        finally:
            self._place.drop()
            self._opened.close()

    def _measure(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - _FAULTS)
        told = False
        try:
            for sample in self._recorder.window.samples(self._stop.wait):
                self._recorder.add(sample)
                if not told and (problem := self._place.problem()):
                    told = True
                    _log.warning("Wattprint: there will be no CO₂e: %s", problem)
        except BaseException as problem:  # the program is worth more than its measurement
            self._warn(f"The measurement stopped before the block ended ({type(problem).__name__}: {problem}).")
