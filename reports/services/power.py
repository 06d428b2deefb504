"""The measurement behind a run, as a curve."""

import math
from typing import Final
from uuid import UUID

from estimator.core.units import S_PER_H
from estimator.models import Measurement, SampleSum
from estimator.models.measurement import FootprintOf, Target
from estimator.services.shares import machine_parts
from reports.charts.power import PowerCurve, PowerPoint

#: Stretches that a drawing on paper can show apart.
MOST_STRETCHES: Final = 400


def power_curve(*, estimate_id: UUID) -> PowerCurve | None:
    """
    Power over time of the measurement that an estimate was made of; None where there is none.

    Parameters
    ----------
    estimate_id : UUID
        The footprint that was made of a measurement.

    Returns
    -------
    PowerCurve or None
        From the finest sums that are not too many; only the components that the footprint counts together. The samples
        of a command hold no share of it, so that its curve is of the whole machine.
    """
    row = Measurement.objects.filter(result_id=estimate_id).order_by("created_at").first()
    if row is None:
        return None
    sums = SampleSum.objects.filter(measurement=row)
    for step_s in sums.order_by("step_s").values_list("step_s", flat=True).distinct():
        kept = list(sums.filter(step_s=step_s, covered_s__gt=0).order_by("bucket")[: MOST_STRETCHES + 1])
        if len(kept) <= MOST_STRETCHES:
            break
    else:
        return None
    of_machine = row.footprint_of == FootprintOf.MACHINE
    parts = machine_parts(row) if of_machine else [part for part in row.components if part.get("counted", True)]
    counted = {part["name"] for part in parts}
    points = tuple(_point(one, counted, passed_s=_passed_s(row)) for one in kept)
    exceeds = row.footprint_of == FootprintOf.PROCESS and row.target == Target.MACHINE
    return PowerCurve(points, exceeds_footprint=exceeds) if points else None


def _passed_s(row: Measurement) -> float:
    """When its last sample ended; the last stretch may be cut there."""
    return row.last_time_s - row.started_at_s if row.last_time_s and row.started_at_s else math.inf


def _point(one: SampleSum, counted: set[str], *, passed_s: float) -> PowerPoint:
    """One stretch: the mean over what it covers. Its peak is that of all parts together, as if they had it at once."""
    start_s = one.bucket * one.step_s
    energy_j = sum(joules for name, joules in one.energies_j.items() if name in counted)
    return PowerPoint(
        start_h=start_s / S_PER_H,
        end_h=(start_s + min(one.step_s, max(passed_s - start_s, one.covered_s))) / S_PER_H,
        mean_w=energy_j / one.covered_s,
        peak_w=sum(power_w for name, power_w in one.peaks_w.items() if name in counted),
    )
