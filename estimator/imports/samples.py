"""
Power readings into energy: clocks repaired, gaps left out, and the other ways of counting kept beside the answer.

The rule: trapezoids between neighbouring readings of a device. An interval of more than five times the usual one is a
gap, in which nobody knows what was drawn, and is left out; not so where the logger went on and only the reading failed,
or where the intervals are uneven throughout. A clock that steps back is repaired. Every choice is told.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from estimator.core.footprint import gettext_noop as _
from estimator.core.units import J_PER_KWH
from estimator.imports.cells import as_datetime
from estimator.imports.notes import Notes
from estimator.imports.result import MAX_TRACE_POINTS, Component, ImportedMeasurement, PowerTrace, Tool

Array = npt.NDArray[np.float64]

#: An interval longer than this many usual ones is a gap.
GAP_INTERVALS: Final = 5.0
#: With more gaps than this share of all intervals, the readings are uneven, and none of them is a gap.
UNEVEN_SHARE: Final = 0.1
#: More steps back than these are no clock at fault: the rows are out of order.
MOST_CLOCK_STEPS: Final = 3
#: A step back that the end of summer time explains; the manifest's rule allows for a logger that was slow. [s]
SUMMER_TIME_S: Final = (1_800.0, 5_400.0)


@dataclass(slots=True)
class _Device:
    time_s: list[float] = field(default_factory=list)
    power_w: list[float] = field(default_factory=list)
    after_failure: list[bool] = field(default_factory=list)
    failed: bool = False
    component: Component = "other"


@dataclass(frozen=True, slots=True)
class _Curve:
    """One device in time order."""

    time_s: Array
    power_w: Array
    counted: npt.NDArray[np.bool_]  #: intervals that are no gap
    component: Component
    energy_j: float
    bridged_j: float
    gap_cut_j: float
    held_j: float


class Samples:
    """Power readings of one file, in its order."""

    def __init__(self) -> None:
        self.devices: defaultdict[str, _Device] = defaultdict(_Device)
        self.zone_known = True
        self.since_epoch = False

    def add(self, device: str, time_s: float, power_w: float, component: Component = "other") -> None:
        """One reading, in seconds and watts."""
        series = self.devices[device]
        series.time_s.append(time_s)
        series.power_w.append(power_w)
        series.after_failure.append(series.failed)
        series.failed = False
        series.component = component

    def failure(self, device: str | None = None) -> None:
        """A reading that failed while the logger went on; of every device where it does not say of which."""
        for name, series in self.devices.items():
            if device is None or name == device:
                series.failed = True

    def measurement(self, tool: Tool, notes: Notes, *, tool_version: str = "") -> ImportedMeasurement:
        """
        The energy of all devices.

        Parameters
        ----------
        tool : str
            What wrote the file.
        notes : Notes
            What was noted so far; is told of clocks and gaps.
        tool_version : str, default ""
            Its version, where the file says so.

        Returns
        -------
        ImportedMeasurement
            With a bounded trace of the power.

        Raises
        ------
        UnreadableFile
            If no device has two readings at different times.
        """
        curves = [curve for series in self.devices.values() if (curve := self._curve(series, notes)) is not None]
        if not curves:
            raise notes.no_total()
        energy_j, bridged_j = sum(c.energy_j for c in curves), sum(c.bridged_j for c in curves)
        if abs(bridged_j - energy_j) > 1e-6 * max(bridged_j, energy_j):
            notes.warn(
                "gap",
                _(
                    "There are gaps without readings, which are left out: %(counted)s kWh are counted. Filled by a "
                    "straight line it would be %(bridged)s kWh."
                ),
                {"counted": f"{energy_j / J_PER_KWH:.6g}", "bridged": f"{bridged_j / J_PER_KWH:.6g}"},
            )
        if not self.zone_known:
            notes.warn("no_zone", _("The times name no zone; they are taken as UTC. The energy does not depend on it."))
        by_component: dict[Component, float] = {}
        for curve in curves:
            by_component[curve.component] = by_component.get(curve.component, 0.0) + curve.energy_j / J_PER_KWH
        first_s = min(float(curve.time_s[0]) for curve in curves)
        return ImportedMeasurement(
            recognised_as=tool,
            tool_version=tool_version,
            energy_kwh=energy_j / J_PER_KWH,
            it_energy_kwh=energy_j / J_PER_KWH,
            includes_pue=False,
            duration_s=max(float(curve.time_s[-1]) for curve in curves) - first_s,
            covered_s=max(float(np.diff(curve.time_s)[curve.counted].sum()) for curve in curves),
            started_at=as_datetime(first_s) if self.since_epoch else None,
            energy_by_component_kwh=by_component,
            gap_cut_kwh=sum(c.gap_cut_j for c in curves) / J_PER_KWH,
            bridged_kwh=bridged_j / J_PER_KWH,
            held_kwh=sum(c.held_j for c in curves) / J_PER_KWH,
            trace=_trace(curves, first_s),
            **notes.kept(),
        )

    def _curve(self, series: _Device, notes: Notes) -> _Curve | None:
        time_s, power_w = np.array(series.time_s), np.array(series.power_w)
        failed = np.array(series.after_failure, dtype=bool)
        time_s = self._repaired(time_s, notes)
        order = np.argsort(time_s, kind="stable")
        time_s, power_w, failed = time_s[order], power_w[order], failed[order]
        # Of equal times the last one wins.
        last = np.append(np.diff(time_s) > 0, True)
        if not last.all():
            notes.warn("equal_times", _("Some readings of one device bear the same time; the last of them counts."))
        time_s, power_w, failed = time_s[last], power_w[last], failed[last]
        if len(time_s) < 2:
            return None
        steps_s = np.diff(time_s)
        usual_s = float(np.median(steps_s))
        long = steps_s > GAP_INTERVALS * usual_s
        areas_j = (power_w[1:] + power_w[:-1]) / 2 * steps_s
        gap = long & ~failed[1:]
        if gap.mean() > UNEVEN_SHARE:
            gap = np.zeros_like(gap)
            notes.warn("uneven", _("The readings come at uneven times; a straight line is drawn between them."))
        return _Curve(
            time_s=time_s,
            power_w=power_w,
            counted=~gap,
            component=series.component,
            energy_j=float(areas_j[~gap].sum()),
            bridged_j=float(areas_j.sum()),
            gap_cut_j=float(areas_j[~long].sum()),
            held_j=float((power_w[:-1] * steps_s).sum() + power_w[-1] * usual_s),
        )

    def _repaired(self, time_s: Array, notes: Notes) -> Array:
        steps_s = np.diff(time_s)
        back = np.flatnonzero(steps_s < 0)
        if not len(back):
            return time_s
        if len(back) > MOST_CLOCK_STEPS or (steps_s[back] < -SUMMER_TIME_S[1]).any():
            notes.warn("out_of_order", _("The rows are not in the order of their times; they are sorted by time."))
            return time_s
        usual_s = float(np.median(steps_s[steps_s > 0])) if (steps_s > 0).any() else 0.0
        shift_s = np.zeros_like(time_s)
        for index in back:
            step_s = -float(steps_s[index])
            if step_s >= SUMMER_TIME_S[0]:
                shift_s[index + 1 :] += 3_600.0
                notes.warn(
                    "summer_time",
                    _("The clock steps back by an hour, as at the end of summer time; later rows move by an hour."),
                )
            else:
                shift_s[index + 1 :] += step_s + usual_s
                notes.warn("clock_back", _("The clock was set back during the run; one usual interval is put there."))
        return time_s + shift_s


def _trace(curves: list[_Curve], first_s: float) -> PowerTrace | None:
    """Steps of equal length, by differences of the cumulated energy: no peak is lost, no energy made."""
    last_s = max(float(curve.time_s[-1]) for curve in curves)
    steps_count = min(MAX_TRACE_POINTS, max(len(curve.time_s) - 1 for curve in curves))
    edges_s = np.linspace(first_s, last_s, steps_count + 1)
    width_s = (last_s - first_s) / steps_count
    if width_s <= 0:
        return None
    total_j = np.zeros(steps_count)
    for curve in curves:
        areas_j = (curve.power_w[1:] + curve.power_w[:-1]) / 2 * np.diff(curve.time_s)
        cumulated_j = np.concatenate([[0.0], np.cumsum(np.where(curve.counted, areas_j, 0.0))])
        total_j += np.diff(np.interp(edges_s, curve.time_s, cumulated_j))
    middles_s = edges_s[:-1] - first_s + width_s / 2
    return PowerTrace(tuple(middles_s.tolist()), tuple((total_j / width_s).tolist()))
