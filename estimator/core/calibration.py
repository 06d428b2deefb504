"""What the next estimate takes over from measured runs: what a kind of hardware really drew, and over which runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from estimator.core.inputs import Hardware, Workload
from estimator.core.ranged import significant, with_range

Kind = Literal["accelerator", "cpu"]
#: Why a run does not count; empty where it does.
LeftOut = Literal["", "short", "modelled", "gaps", "idle"]

#: Methods that would not look at the draw of one device, or ask for more than that.
BEATEN_METHODS: Final = ("strubell_2019", "measured")
#: Shorter than this, a run is mostly its own beginning. [s]
LEAST_S: Final = 60.0
#: Of the time, at most so much may be unmeasured, or bridged where no counter went on counting.
MOST_GAPS_SHARE: Final = 0.1
#: A device that draws less than this, times what it drew before the run, had nothing to do.
LEAST_OVER_IDLE: Final = 1.2
#: The same where nothing was measured before the run: a share of its limit.
LEAST_UTILISATION: Final = 0.2
#: Runs that agree better than this agree by chance: the accuracy of board meters, as of an energy that is given.
METER_ACCURACY: Final = 0.05


@dataclass(frozen=True, slots=True)
class Device:
    """One device in one run."""

    energy_j: float
    quality: str  #: counter, sampled or modelled
    limit_w: float | None = None
    idle_power_w: float | None = None  #: before the run began


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one device drew on average in one run, and whether that counts."""

    mean_power_w: float
    devices_count: int  #: that had something to do
    left_out: LeftOut


def drawn(
    *, devices: Sequence[Device], duration_s: float, span_s: float, bridged_s: float = 0.0, together: bool = False
) -> Drawn:
    """
    Mean draw of one device in one run.

    Parameters
    ----------
    devices : sequence of Device
        All of one kind; at least one.
    duration_s : float
        Time that was measured. [s]
    span_s : float
        Time from the beginning to the end. [s]
    bridged_s : float, default 0.0
        Part of the measured time in which nothing was read. [s]
    together : bool, default False
        Whether they work as one, as the sockets of a machine do; else those that had nothing to do are not counted.

    Returns
    -------
    Drawn
        Of the devices that had something to do; of all where none had. What is left out is left out for the first
        of these reasons: a part is modelled and not measured; the run is shorter than `LEAST_S`; more than
        `MOST_GAPS_SHARE` of it is unmeasured, or bridged without a counter; no device had anything to do.

    Raises
    ------
    ValueError
        If there is no device, or no time.

    Examples
    --------
    >>> one, two = Device(energy_j=36_000.0, quality="counter", limit_w=400.0), Device(7_200.0, "counter", 400.0)
    >>> drawn(devices=[one, two], duration_s=120.0, span_s=120.0)
    Drawn(mean_power_w=300.0, devices_count=1, left_out='')
    """
    if not devices or not duration_s > 0.0:
        raise ValueError("give at least one device, and a time above 0")
    working = [device for device in devices if not _is_idle(device, duration_s)]
    counted = list(devices) if together or not working else working
    left_out: LeftOut = "" if working else "idle"
    if _gaps_share(counted, duration_s, span_s, bridged_s) > MOST_GAPS_SHARE:
        left_out = "gaps"
    if duration_s < LEAST_S:
        left_out = "short"
    if any(device.quality == "modelled" for device in counted):
        left_out = "modelled"
    mean_power_w = math.fsum(device.energy_j for device in counted) / duration_s / len(counted)
    return Drawn(mean_power_w, len(counted), left_out)


def _is_idle(device: Device, duration_s: float) -> bool:
    power_w = device.energy_j / duration_s
    if device.idle_power_w:
        return power_w < LEAST_OVER_IDLE * device.idle_power_w
    return power_w <= 0.0 or (device.limit_w is not None and power_w < LEAST_UTILISATION * device.limit_w)


def _gaps_share(devices: Sequence[Device], duration_s: float, span_s: float, bridged_s: float) -> float:
    unmeasured_s = max(span_s - duration_s, 0.0)
    if any(device.quality != "counter" for device in devices):
        unmeasured_s += bridged_s
    return unmeasured_s / max(span_s, duration_s)


@dataclass(frozen=True, slots=True)
class Observation:
    """One measured run on one kind of hardware."""

    mean_power_w: float  #: of one device
    duration_h: float
    low_w: float | None = None  #: 5th percentile of the draw within the run
    high_w: float | None = None  #: 95th
    devices_count: int = 1


@dataclass(frozen=True, slots=True)
class Calibration:
    """What one device of a kind of hardware really drew, over all runs that were measured on it."""

    kind: Kind
    hardware: str | None  #: id of the catalogue; None where it knows no such device
    mean_power_w: float
    low_w: float
    high_w: float
    observations_count: int
    duration_h: float  #: of all runs together
    devices_count: int  #: in the newest run
    limit_w: float | None = None
    measured_on: str = ""  #: for people: the machine, the runs, their hours

    @property
    def utilisation(self) -> float | None:
        """Of the limit, where that is known."""
        return self.mean_power_w / self.limit_w if self.limit_w else None

    @property
    def inputs(self) -> dict[str, Any]:
        """What an estimate is told of its hardware; the draw of processors is that of all of them together."""
        return self._told(self.devices_count)

    @property
    def range_w(self) -> tuple[float, float] | None:
        """Over the runs, of one device, and never less than its meter allows; None where a single run tells of none."""
        if self.observations_count < 2:
            return None
        below_w, above_w = (self.mean_power_w * (1.0 + sign * METER_ACCURACY) for sign in (-1.0, 1.0))
        return min(self.low_w, below_w), max(self.high_w, above_w)

    def _told(self, devices_count: int) -> dict[str, Any]:
        told: dict[str, Any] = {"measured_on": self.measured_on}
        if self.kind == "cpu":
            told |= {"cpu": self.hardware, "cpu_count": devices_count}
            return told | self._drawn("mean_cpu_power_w", devices_count)
        told |= {"accelerator": self.hardware, "accelerator_count": devices_count}
        return told | self._drawn("mean_accelerator_power_w", 1)

    def _drawn(self, name: str, devices_count: int) -> dict[str, Any]:
        """The draw and its range, with the digits that a measurement is worth."""
        value, *around = (
            significant(power_w * devices_count) for power_w in (self.mean_power_w, *(self.range_w or ()))
        )
        return with_range(name, value, (around[0], around[1]) if around else None)

    def applied_to(self, workload: Workload) -> Workload:
        """
        The workload with the measured draw; its utilisation is inside the draw.

        Parameters
        ----------
        workload : Workload
            The estimate to come. A number of devices that it gives stays.

        Returns
        -------
        Workload
            The same one, with what was measured in its hardware, and without what would beat it: a draw of the whole
            machine, an energy.
        """
        own = workload.hardware
        count = "cpu_count" if self.kind == "cpu" else "accelerator_count"
        told = self._told(getattr(own, count) or self.devices_count)
        if self.hardware is None:  # the catalogue knows no such device; what the estimate calls it stays
            told[self.kind] = getattr(own, self.kind)
        if self.kind == "cpu":
            told |= {"accelerator": None, "accelerator_count": None, **with_range("mean_accelerator_power_w", None)}
        hardware = own.model_copy(update=told | {"utilisation": None, "mean_system_power_w": None})
        return workload.model_copy(
            update={
                "hardware": Hardware.model_validate(hardware.model_dump()),
                "method": "auto" if workload.method in BEATEN_METHODS else workload.method,
                **with_range("it_energy_kwh", None),
            }
        )


def calibration(
    *,
    hardware: str | None,
    observations: Sequence[Observation],
    kind: Kind = "accelerator",
    limit_w: float | None = None,
    measured_on: str = "",
) -> Calibration:
    r"""
    Mean draw of one device over measured runs, weighted by their time, with its range.

    Parameters
    ----------
    hardware : str or None
        Id of the catalogue.
    observations : sequence of Observation
        At least one, the newest first.
    kind : str, default "accelerator"
        What it is.
    limit_w : float, optional
        Power limit of one device. [W]
    measured_on : str, optional
        The machine, for people.

    Returns
    -------
    Calibration
        The range runs from the 5th to the 95th percentile of the runs' means where there are several, so with fewer
        than 20 runs from the least to the greatest; else it is that within the one run, which says nothing of the
        mean of the next: `range_w` is None then.

    Raises
    ------
    ValueError
        If there is no observation, or one of no time or no power.

    Notes
    -----
    .. math:: \bar{p} = \frac{\sum_i p_i \, t_i}{\sum_i t_i}

    Examples
    --------
    >>> two = [Observation(300.0, 1.0), Observation(200.0, 3.0)]
    >>> found = calibration(hardware="x", observations=two, limit_w=450.0)
    >>> (found.mean_power_w, found.low_w, found.high_w, found.utilisation)
    (225.0, 200.0, 300.0, 0.5)
    """
    if not observations or any(not (o.duration_h > 0 and o.mean_power_w > 0) for o in observations):
        raise ValueError("every observation needs a time and a power above 0, and there must be one")
    total_h = math.fsum(o.duration_h for o in observations)
    mean_w = math.fsum(o.mean_power_w * o.duration_h for o in observations) / total_h
    if len(observations) > 1:
        ordered = sorted(o.mean_power_w for o in observations)
        low_w, high_w = ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
    else:
        low_w = observations[0].low_w or mean_w
        high_w = observations[0].high_w or mean_w
    return Calibration(
        kind=kind,
        hardware=hardware,
        mean_power_w=mean_w,
        low_w=min(low_w, mean_w),
        high_w=max(high_w, mean_w),
        observations_count=len(observations),
        duration_h=total_h,
        devices_count=observations[0].devices_count,
        limit_w=limit_w or None,
        measured_on=measured_on,
    )
