"""What the next estimate takes over from measured runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from estimator.core.inputs import Hardware, Workload


@dataclass(frozen=True, slots=True)
class Observation:
    """One measured run on one kind of accelerator."""

    mean_accelerator_power_w: float  #: of one accelerator
    duration_h: float
    low_w: float | None = None  #: 5th percentile of the draw within the run
    high_w: float | None = None  #: 95th


@dataclass(frozen=True, slots=True)
class Calibration:
    """What an accelerator really drew, over all runs that were measured on it."""

    accelerator: str
    mean_accelerator_power_w: float
    low_w: float
    high_w: float
    observations_count: int
    utilisation: float | None = None  #: of the board's limit, where that is known
    low_utilisation: float | None = None
    high_utilisation: float | None = None

    def applied_to(self, workload: Workload) -> Workload:
        """
        The workload with the measured draw; its utilisation is inside the draw.

        Parameters
        ----------
        workload : Workload
            The estimate to come.

        Returns
        -------
        Workload
            The same one, with what was measured in its hardware.
        """
        hardware = workload.hardware.model_copy(
            update={
                "accelerator": self.accelerator,
                "mean_accelerator_power_w": self.mean_accelerator_power_w,
                "utilisation": None,
            }
        )
        return workload.model_copy(update={"hardware": Hardware.model_validate(hardware.model_dump())})


def calibration(*, accelerator: str, observations: Sequence[Observation], limit_w: float | None = None) -> Calibration:
    """
    Mean draw of an accelerator over measured runs, weighted by their time, with its range.

    Parameters
    ----------
    accelerator : str
        Id of the catalogue.
    observations : sequence of Observation
        At least one.
    limit_w : float, optional
        Power limit of the board. [W]

    Returns
    -------
    Calibration
        The range is that of the runs' means where there are several, else that within the one run.

    Raises
    ------
    ValueError
        If there is no observation, or one of no time or no power.

    Examples
    --------
    >>> found = calibration(
    ...     accelerator="x", observations=[Observation(300.0, 1.0), Observation(200.0, 3.0)], limit_w=450.0
    ... )
    >>> (found.mean_accelerator_power_w, found.low_w, found.high_w, found.utilisation)
    (225.0, 200.0, 300.0, 0.5)
    """
    if not observations or any(not (o.duration_h > 0 and o.mean_accelerator_power_w > 0) for o in observations):
        raise ValueError("every observation needs a time and a power above 0, and there must be one")
    total_h = math.fsum(o.duration_h for o in observations)
    mean_w = math.fsum(o.mean_accelerator_power_w * o.duration_h for o in observations) / total_h
    if len(observations) > 1:
        low_w = min(o.mean_accelerator_power_w for o in observations)
        high_w = max(o.mean_accelerator_power_w for o in observations)
    else:
        low_w = observations[0].low_w or mean_w
        high_w = observations[0].high_w or mean_w
    low_w, high_w = min(low_w, mean_w), max(high_w, mean_w)
    share = 1 / limit_w if limit_w else None
    return Calibration(
        accelerator=accelerator,
        mean_accelerator_power_w=mean_w,
        low_w=low_w,
        high_w=high_w,
        observations_count=len(observations),
        utilisation=mean_w * share if share else None,
        low_utilisation=low_w * share if share else None,
        high_utilisation=high_w * share if share else None,
    )
