"""
The loop that measures: reads the meters, and yields one sample an interval.

Time is the monotonic clock's, so that setting the wall clock neither loses nor invents energy. Gaps, wrap-arounds,
counters that stand still and jumps of the clock are noted in the samples, never hidden.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from estimator.measure.samplers import Flag, Measure, Meter, MeterProblem, Reading, Sample
from estimator.measure.tracks import Track

SHORTEST_INTERVAL_S: Final = 0.1
LONGEST_INTERVAL_S: Final = 60.0
#: Powers are not read more often than this, however fast their sensor is. [s]
SHORTEST_POLL_S: Final = 0.05
MOST_POLLS_COUNT: Final = 10  #: in one interval
#: A clock that is slewed drifts by less between two samples. [s]
JUMP_S: Final = 0.5


def steady_s() -> float:
    """Seconds that pass while a machine sleeps, too, where the system can tell."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def check_interval(interval_s: float) -> None:
    """
    See that an interval can be measured.

    Raises
    ------
    ValueError
        If it is out of bounds.
    """
    if not SHORTEST_INTERVAL_S <= interval_s <= LONGEST_INTERVAL_S:
        raise ValueError(
            f"an interval of {interval_s:g} s cannot be measured: "
            f"give {SHORTEST_INTERVAL_S:g} to {LONGEST_INTERVAL_S:g} s"
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks that are read."""

    steady_s: Callable[[], float] = steady_s  #: never set, never goes back
    epoch_s: Callable[[], float] = time.time  #: seconds since 1970; may be set at any time


class Window:
    """
    One measurement, from its first reading to its last.

    Parameters
    ----------
    meters : sequence of Meter
        What is read. Closing them is the caller's.
    interval_s : float
        Time between two samples, 0.1 to 60. [s]
    clock : Clock
        The clocks.

    Raises
    ------
    ValueError
        If the interval is out of bounds.
    """

    def __init__(self, meters: Sequence[Meter], *, interval_s: float = 1.0, clock: Clock | None = None) -> None:
        check_interval(interval_s)
        self._meters = tuple(meters)
        self.interval_s = interval_s
        self._clock = clock or Clock()
        # What they measure does not change; how well a model does may.
        self._components = {meter: meter.components for meter in meters}
        self._tracks = {
            component.name: Track(component, interval_s=interval_s)
            for components in self._components.values()
            for component in components
        }
        self._sequence = 0
        self._started_steady_s: float | None = None
        self.started_at_s = 0.0  #: seconds since 1970, by the wall clock at the start
        self._last_s = 0.0
        self._offset_s = 0.0

    def start(self) -> None:
        """Read everything for the first time."""
        self._last_s = self._started_steady_s = self._clock.steady_s()
        self.started_at_s = self._clock.epoch_s()
        self._read(self._meters)

    def sample(self) -> Sample:
        """Read everything, and tell what was drawn since the last sample."""
        if self._started_steady_s is None:
            raise RuntimeError("start() comes before the first sample")
        # The moment before, as at the start: a meter that is slow to answer tells what was drawn until it was asked.
        now_s, epoch_s = self._clock.steady_s(), self._clock.epoch_s()
        self._read(self._meters)
        duration_s, self._last_s = now_s - self._last_s, now_s
        time_s = self.started_at_s + (now_s - self._started_steady_s)
        offset_s = epoch_s - time_s
        taken = {name: measure for name, track in self._tracks.items() if (measure := track.take()) is not None}
        flags: set[Flag] = {flag for measure in taken.values() for flag in measure.flags}
        if abs(offset_s - self._offset_s) > JUMP_S:
            flags.add("clock_jump")
        if self._missing(taken):
            flags.add("gap")
        self._offset_s = offset_s
        self._sequence += 1
        return Sample(
            sequence=self._sequence,
            time_s=time_s,
            duration_s=duration_s,
            components=taken,
            flags=tuple(sorted(flags)),
            clock_offset_s=offset_s,
        )

    def samples(self, wait: Callable[[float], bool]) -> Iterator[Sample]:
        """
        One sample an interval until told to stop, and a last one then.

        Parameters
        ----------
        wait : callable
            Waits for so many seconds and says whether to stop: `threading.Event().wait`.

        Yields
        ------
        Sample
            Numbered from 1 without gaps; a delay makes one long sample, not many.
        """
        if self._started_steady_s is None:
            self.start()
        assert self._started_steady_s is not None
        turns_count = 0
        stopped = False
        while not stopped:
            passed_s = self._clock.steady_s() - self._started_steady_s
            # What was missed is not caught up with.
            turns_count = max(turns_count + 1, int(passed_s / self.interval_s + 1e-9) + 1)
            stopped = self._wait_until(self._started_steady_s + turns_count * self.interval_s, wait)
            yield self.sample()

    def _wait_until(self, until_s: float, wait: Callable[[float], bool]) -> bool:
        while (left_s := until_s - self._clock.steady_s()) > 0.0:
            often, poll_s = self._polled()
            if not often or left_s <= 1.5 * poll_s:
                return wait(left_s)
            if wait(poll_s):
                return True
            self._read(often)
        return wait(0.0)

    def _polled(self) -> tuple[tuple[Meter, ...], float]:
        """The meters whose power must be read within an interval, and how often: twice as often as it is renewed."""
        periods_s = []
        often = []
        for meter in self._meters:
            own = [
                component.update_period_s
                for component in self._components[meter]
                if component.update_period_s and self._tracks[component.name].needs_power
            ]
            if own:
                often.append(meter)
                periods_s.append(min(own))
        if not often:
            return (), self.interval_s
        return tuple(often), max(min(periods_s) / 2, self.interval_s / MOST_POLLS_COUNT, SHORTEST_POLL_S)

    def _read(self, meters: Sequence[Meter]) -> None:
        for meter in meters:
            at_s = self._clock.steady_s()
            readings: dict[str, Reading] = {}
            try:
                readings.update(meter.read())
            except MeterProblem:
                continue  # the sample will say that there is a gap
            for component in self._components[meter]:
                self._tracks[component.name].feed(at_s, readings.get(component.name))

    def _missing(self, taken: dict[str, Measure]) -> bool:
        return len(taken) < len(self._tracks)
