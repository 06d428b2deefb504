"""Measure a block of Python code, or each call of a function."""

import os
import threading
from contextlib import ContextDecorator
from types import TracebackType
from typing import Self

from estimator.measure.figures import Question
from estimator.measure.finished import Finished
from estimator.measure.meters import open_meters
from estimator.measure.recorder import Recorder


class measure(ContextDecorator):  # noqa: N801  (it is read as a verb: `with measure() as m`)
    """
    Measure what a block of code draws. As a decorator it measures each call.

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
    MeterProblem
        If a meter was asked for that does not work here.
    RuntimeError
        If `result` is asked for before the block has ended.

    Examples
    --------
    >>> with measure(country="FR") as m:  # doctest: +SKIP
    ...     train()
    >>> m.result.energy_j, m.result.carbon.kgco2e  # doctest: +SKIP
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
        self._interval_s = interval_s
        self._question = Question(place=country, grid_intensity_gco2e_per_kwh=grid_intensity_gco2e_per_kwh)
        self._pue = pue
        self._title = title
        self._meters = meters
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._problem: BaseException | None = None
        self._result: Finished | None = None
        self.results: list[Finished] = []  #: of each block or call so far

    @property
    def result(self) -> Finished:
        """The measurement; its emissions are in `carbon`."""
        if self._result is None:
            raise RuntimeError("the result is there when the block has ended")
        return self._result

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError("one measurement cannot run twice at once: make another with measure()")
        self._stop.clear()
        self._problem = self._result = None
        self._opened = open_meters(self._meters)
        try:
            self._recorder = Recorder(self._opened, interval_s=self._interval_s)
            self._recorder.attribution.follow(os.getpid(), is_new=False)
        except BaseException:
            self._opened.close()
            raise
        self._thread = threading.Thread(target=self._run, name="wattprint-measure", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._stop.set()
        self._thread.join()
        self._thread = None
        try:
            if self._problem is None:
                self._result = self._recorder.finished(
                    title=self._title, command_name="python", question=self._question, pue=self._pue
                )
                self.results.append(self._result)
        finally:
            self._opened.close()
        if self._problem is not None and error is None:
            raise self._problem

    def _run(self) -> None:
        try:
            for sample in self._recorder.window.samples(self._stop.wait):
                self._recorder.add(sample)
        except BaseException as problem:  # told where the block ends
            self._problem = problem
