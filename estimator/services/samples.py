"""Samples: take them in once and in order, sum them in buckets of time, give them back."""

import math
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from estimator.core.inventory import MOST_COMPONENTS
from estimator.measure.limits import BYTES_PER_GB
from estimator.models import Measurement, SampleChunk, SampleSum, Worker
from estimator.models.measurement import OPEN, MeasurementStatus
from estimator.services import storage
from estimator.services.budgets import ask_for_mail, in_danger
from estimator.worker.protocol import MOST_SAMPLES

#: Buckets of time that are kept; shorter stretches are drawn from the samples themselves. [s]
STEPS_S: Final = (10, 60, 600, 3_600, 21_600)
#: In the year 5138: a clock that shows more is out of order. [s since 1970]
LATEST_S: Final = 1e11
#: A machine that sleeps for longer begins a new measurement. [s]
LONGEST_SAMPLE_S: Final = 366 * 86_400.0
#: More than any one machine draws: beyond it the unit is wrong. [W]
MOST_POWER_W: Final = 1e7
_FLAGS: Final = frozenset({"gap", "wrapped", "reset", "frozen", "clock_jump", "restarted"})
#: Columns of a chunk before those of the components.
_TIME, _DURATION, _FIRST_COMPONENT = 0, 1, 2
_LONGEST_NAME: Final = 64
#: What a number in JSON becomes, and what is not known.
_NUMBERS: Final = frozenset({float, int, type(None)})
#: What one sum takes in the database, about, and each component of it. [bytes]
_SUM_BYTES, _CELL_BYTES = 120, 60
_KEY: Final = ["measurement", "step_s", "bucket"]

Rows = NDArray[np.float64]


class SamplesRefused(ValueError):
    """One sample that cannot be: which, and why."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index, self.message = index, message


class OutOfOrder(Exception):
    """Samples are missing before these."""

    def __init__(self, next_sequence: int) -> None:
        super().__init__(next_sequence)
        self.next_sequence = next_sequence


class AnotherRun(Exception):
    """Another process measures this."""


class MeasurementOver(Exception):
    """It has ended, and takes nothing in any more."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the worker is told."""

    next_sequence: int
    stop: bool
    status: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples as arrays: end, duration and the energy of each component; NaN where it was not read."""

    names: tuple[str, ...]
    rows: Rows
    flags: frozenset[str]
    gap_s: float = 0.0  #: time in which nothing was read

    @property
    def times_s(self) -> Rows:
        """Ends."""
        return self.rows[:, _TIME]

    @property
    def durations_s(self) -> Rows:
        """How long each took."""
        return self.rows[:, _DURATION]

    @property
    def energies_j(self) -> Rows:
        """One column a component."""
        return self.rows[:, _FIRST_COMPONENT:]


def parse(samples: Sequence[Any], *, before_s: float | None) -> Batch:
    """
    Samples out of their JSON.

    Parameters
    ----------
    samples : sequence
        Each `[time_s, {component: energy_j}]`, if known with its `duration_s` and its flags.
    before_s : float or None
        End of the sample before, by which the duration of the first is known. [s]

    Raises
    ------
    SamplesRefused
        If one cannot be.
    """
    names = _names(samples)
    try:
        if any(type(sample[1]) is not dict for sample in samples):
            raise TypeError
        rows: Rows = np.column_stack(
            [
                _column([sample[0] for sample in samples]),
                _column([sample[2] if len(sample) > 2 else None for sample in samples]),
                *(_column([sample[1].get(name, math.nan) for sample in samples]) for name in names),
            ]
        )
        flags = frozenset(flag for sample in samples if len(sample) > 3 for flag in sample[3])
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        raise SamplesRefused(
            _first_wrong(samples), "write it as [time_s, {component: energy_j}, duration_s, flags]"
        ) from None
    times_s = rows[:, _TIME]
    earlier_s = np.concatenate(([np.nan if before_s is None else before_s], times_s[:-1]))
    durations_s = np.where(np.isnan(rows[:, _DURATION]), times_s - earlier_s, rows[:, _DURATION])
    rows[:, _DURATION] = durations_s
    with np.errstate(invalid="ignore", divide="ignore"):
        _refuse(~np.isfinite(times_s) | (np.abs(times_s) > LATEST_S), "time_s is seconds since 1970")
        _refuse(times_s <= earlier_s, "time_s goes back; send samples in order")
        _refuse(~(durations_s > 0.0), "duration_s must be above 0; the first sample has to say its own")
        _refuse(durations_s > LONGEST_SAMPLE_S, "duration_s is the seconds of this sample alone, at most a year")
        energies_j = rows[:, _FIRST_COMPONENT:]
        wrong = (energies_j < 0.0) | np.isinf(energies_j) | (energies_j > MOST_POWER_W * durations_s[:, None])
        _refuse(np.any(wrong, axis=1), "energy_j is joules since the sample before, not negative")
    in_gaps = [len(sample) > 3 and "gap" in sample[3] for sample in samples] if "gap" in flags else []
    return Batch(names, rows, flags & _FLAGS, gap_s=float(durations_s[in_gaps].sum()) if in_gaps else 0.0)


def _names(samples: Sequence[Any]) -> tuple[str, ...]:
    """The components of all samples, in the order in which they come up."""
    seen: dict[str, None] = {}
    last: Any = None
    for sample in samples:
        if isinstance(sample, list) and len(sample) > 1 and isinstance(sample[1], dict) and sample[1].keys() != last:
            last = sample[1].keys()
            seen.update(dict.fromkeys(last))
    if len(seen) > MOST_COMPONENTS:
        raise SamplesRefused(0, f"name at most {MOST_COMPONENTS} components")
    if any(not name or len(name) > _LONGEST_NAME for name in seen):
        raise SamplesRefused(0, f"name a component with 1 to {_LONGEST_NAME} letters")
    return tuple(seen)


def _column(told: list[Any]) -> Rows:
    # NumPy would take "1.5" and true for numbers, too.
    if not _NUMBERS.issuperset(map(type, told)):
        raise TypeError
    return np.array(told, dtype=np.float64)


def _first_wrong(samples: Sequence[Any]) -> int:
    """The first sample that is not written as one."""
    for index, sample in enumerate(samples):
        try:
            _column([sample[0], *sample[1].values(), *sample[2:3]])
            if len(sample) > 3:
                frozenset(sample[3])
        except (TypeError, ValueError, KeyError, IndexError, AttributeError):
            return index
    return 0


def _refuse(wrong: NDArray[np.bool_], message: str) -> None:
    if wrong.any():
        raise SamplesRefused(int(np.argmax(wrong)), message)


def take_samples(
    *,
    worker: Worker,
    measurement_id: uuid.UUID,
    first_sequence: int,
    samples: Sequence[Any],
    run: uuid.UUID | None,
    now: datetime,
) -> Taken:
    """
    Take in what is new of a batch; sent twice, it counts once.

    Parameters
    ----------
    worker : Worker
        Who sends it.
    measurement_id : UUID
        What it belongs to.
    first_sequence : int
        Number of the first sample; the very first is 1.
    samples : sequence
        As `parse` takes them.
    run : UUID, optional
        The process that measures.
    now : datetime
        When they came.

    Raises
    ------
    Measurement.DoesNotExist
        If it is not this worker's.
    AnotherRun, MeasurementOver, OutOfOrder, SamplesRefused, Full
        If they cannot be taken.
    """
    with transaction.atomic():
        row = Measurement.objects.select_for_update().get(pk=measurement_id, worker=worker)
        if row.run is not None and run is not None and row.run != run:
            raise AnotherRun
        new = samples[max(row.next_sequence - first_sequence, 0) :]
        if row.status not in OPEN:
            if new:
                raise MeasurementOver
            return Taken(row.next_sequence, stop=True, status=row.status)
        if first_sequence > row.next_sequence:
            raise OutOfOrder(row.next_sequence)
        if new:
            before = in_danger(row)
            take_in(row, parse(new, before_s=row.last_time_s or row.started_at_s))
            ask_for_mail(row, in_danger(row) - before, now=now)
        row.run = row.run or run
        if row.status in {MeasurementStatus.QUEUED, MeasurementStatus.LOST}:
            row.status = MeasurementStatus.STOPPING if row.stop_asked_at else MeasurementStatus.RUNNING
        row.heard_at = now
        row.started_at = row.started_at or now
        row.save()
    return Taken(row.next_sequence, stop=row.is_stopped, status=row.status)


def take_in(row: Measurement, batch: Batch) -> None:
    """Store a batch of a measurement whose row is held; the row itself is saved by the caller."""
    if row.started_at_s is None:
        row.started_at_s = float(batch.times_s[0] - batch.durations_s[0])
    known = {part["name"] for part in row.components}
    if len(known.union(batch.names)) > MOST_COMPONENTS:
        raise SamplesRefused(0, f"name at most {MOST_COMPONENTS} components, over all samples of a measurement")
    row.components = row.components + [
        {"name": name, "label": "", "quality": "sampled", "counted": True} for name in batch.names if name not in known
    ]
    before_gb = row.stored_gb
    content = batch.rows.astype("<f8").tobytes()
    SampleChunk.objects.create(
        measurement=row,
        first_sequence=row.next_sequence,
        samples_count=len(batch.rows),
        names=list(batch.names),
        content=content,
    )
    sums_bytes = _sum_up(row, batch) * (_SUM_BYTES + _CELL_BYTES * len(batch.names))
    row.stored_gb += (len(content) + sums_bytes) / BYTES_PER_GB
    sums_j = np.nansum(batch.energies_j, axis=0)
    energies_j = dict(row.energies_j)
    for name, energy_j in zip(batch.names, sums_j, strict=True):
        energies_j[name] = energies_j.get(name, 0.0) + float(energy_j)
    row.energies_j = energies_j
    row.energy_j = counted_j(row)
    row.covered_s += float(batch.durations_s.sum())
    row.gap_s += batch.gap_s
    row.last_time_s = float(batch.times_s[-1])
    row.next_sequence += len(batch.rows)
    row.flags = sorted({*row.flags, *batch.flags})
    storage.check(row, before_gb=before_gb)


def counted_j(row: Measurement) -> float:
    """Energy of the components that count together."""
    counted = {part["name"] for part in row.components if part.get("counted", True)}
    return float(sum(energy_j for name, energy_j in row.energies_j.items() if name in counted))


def _sum_up(row: Measurement, batch: Batch) -> int:
    """Add a batch to the sums of each step; how many are new. Only the first bucket of each can be there already."""
    assert row.started_at_s is not None
    passed_s = batch.times_s - row.started_at_s
    powers_w = batch.energies_j / batch.durations_s[:, None]
    filled_j, filled_w = np.nan_to_num(batch.energies_j), np.nan_to_num(powers_w)
    fresh: list[SampleSum] = []
    for step_s in STEPS_S:
        # A sample that ends where a bucket ends belongs to that bucket.
        buckets = np.maximum(np.ceil(np.round(passed_s / step_s, 9)).astype(np.int64) - 1, 0)
        found, starts = np.unique(buckets, return_index=True)
        covered_s = np.add.reduceat(batch.durations_s, starts)
        sums_j = np.add.reduceat(filled_j, starts, axis=0)
        peaks_w = np.maximum.reduceat(filled_w, starts, axis=0)
        fresh += [
            SampleSum(
                measurement=row,
                step_s=step_s,
                bucket=int(bucket),
                covered_s=float(covered_s[at]),
                energies_j=dict(zip(batch.names, sums_j[at].tolist(), strict=True)),
                peaks_w=dict(zip(batch.names, peaks_w[at].tolist(), strict=True)),
            )
            for at, bucket in enumerate(found)
        ]
    known_count = _add_to_earlier(row, fresh)
    SampleSum.objects.bulk_create(
        fresh,
        batch_size=500,
        update_conflicts=True,
        unique_fields=_KEY,
        update_fields=["covered_s", "energies_j", "peaks_w"],
    )
    return len(fresh) - known_count


def _add_to_earlier(row: Measurement, fresh: Collection[SampleSum]) -> int:
    """Add what is known of the first buckets; of how many something was."""
    if row.next_sequence == 1:
        return 0
    first: dict[int, SampleSum] = {}
    for part in fresh:
        first.setdefault(part.step_s, part)
    wanted = {(part.step_s, part.bucket): part for part in first.values()}
    earlier = SampleSum.objects.filter(measurement=row, bucket__in={bucket for _, bucket in wanted})
    found = [known for known in earlier if (known.step_s, known.bucket) in wanted]
    for known in found:
        part = wanted[known.step_s, known.bucket]
        part.covered_s += known.covered_s
        for name, energy_j in known.energies_j.items():
            part.energies_j[name] = part.energies_j.get(name, 0.0) + energy_j
        for name, power_w in known.peaks_w.items():
            part.peaks_w[name] = max(part.peaks_w.get(name, 0.0), power_w)
    return len(found)


def chunks_of(row: Measurement, *, from_sequence: int = 1) -> Iterator[tuple[int, Batch]]:
    """All samples of a measurement, in order, a chunk at a time: the number of the first, and the batch."""
    after = from_sequence - MOST_SAMPLES
    kept = SampleChunk.objects.filter(measurement=row, first_sequence__gt=after).order_by("first_sequence")
    fields = ("first_sequence", "samples_count", "names", "content")
    for first, count, names, content in kept.values_list(*fields).iterator(chunk_size=200):
        if first + count <= from_sequence:
            continue
        rows = np.frombuffer(bytes(content), "<f8").reshape(count, _FIRST_COMPONENT + len(names))
        yield first, Batch(tuple(names), rows, frozenset())
