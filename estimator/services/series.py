"""Power over time, as a chart takes it: few enough points, from the sums or from the samples themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from estimator.imports import PowerTrace
from estimator.models import Measurement, SampleSum
from estimator.services.samples import STEPS_S, chunks_of

#: As many as a chart can show; more are summed up.
MOST_POINTS: Final = 600


@dataclass(frozen=True, slots=True)
class Point:
    """Mean power of each component over one stretch, and the greatest of a sample within it."""

    end_s: float  #: since the measurement started
    duration_s: float
    powers_w: dict[str, float]
    peaks_w: dict[str, float]

    def row(self) -> list[Any]:
        """As it is sent."""
        return [self.end_s, self.duration_s, self.powers_w, self.peaks_w]


@dataclass(frozen=True, slots=True)
class Series:
    """The points of a chart."""

    step_s: int  #: 0: the samples themselves
    points: tuple[Point, ...]
    next_from: int  #: where the next call goes on: a bucket, or a sequence


def step_for(row: Measurement) -> int:
    """The finest step that gives few enough points; 0 for the samples themselves."""
    if row.samples_count <= MOST_POINTS:
        return 0
    passed_s = (row.last_time_s or 0.0) - (row.started_at_s or 0.0)
    fitting = (step_s for step_s in STEPS_S if passed_s / step_s <= MOST_POINTS and step_s > row.interval_s)
    return next(fitting, STEPS_S[-1])


def series_of(row: Measurement, *, step_s: int | None = None, from_: int = 0) -> Series:
    """
    Power by component over time.

    Parameters
    ----------
    row : Measurement
        Of which measurement.
    step_s : int, optional
        That of the points that are known already; where they have become too many, another one is taken and all points
        are given. [s]
    from_ : int
        What the last call said that comes next.

    Returns
    -------
    Series
        At most some hundred points.
    """
    step = step_for(row)
    start = from_ if step == step_s else 0
    if step == 0:
        return Series(0, tuple(_points(row, start)), row.next_sequence)
    found = SampleSum.objects.filter(measurement=row, step_s=step, bucket__gte=start).order_by("bucket")
    points = tuple(
        Point(
            end_s=float((bucket + 1) * step),
            duration_s=covered_s,
            powers_w={name: energy_j / covered_s for name, energy_j in energies_j.items()},
            peaks_w=peaks_w,
        )
        for bucket, covered_s, energies_j, peaks_w in found.values_list("bucket", "covered_s", "energies_j", "peaks_w")
    )
    # The last bucket may still grow: it comes again with the next call.
    return Series(step, points, round(points[-1].end_s / step) - 1 if points else start)


def series_of_trace(trace: PowerTrace, *, name: str) -> Series:
    """The power that is kept of a file that was brought, as one component."""
    times_s = trace.time_s
    step_s = times_s[1] - times_s[0] if len(times_s) > 1 else 2.0 * times_s[0]
    points = (
        Point(middle_s + step_s / 2.0, step_s, {name: power_w}, {name: power_w})
        for middle_s, power_w in zip(times_s, trace.power_w, strict=True)
    )
    return Series(0, tuple(points), 0)


def _points(row: Measurement, start: int) -> Iterator[Point]:
    began_s = row.started_at_s or 0.0
    for first, batch in chunks_of(row, from_sequence=start):
        for offset, (time_s, duration_s) in enumerate(zip(batch.times_s, batch.durations_s, strict=True)):
            if first + offset < start:
                continue
            powers_w = {
                name: float(energy_j / duration_s)
                for name, energy_j in zip(batch.names, batch.energies_j[offset], strict=True)
                if energy_j == energy_j
            }
            yield Point(float(time_s - began_s), float(duration_s), powers_w, powers_w)
