"""A run in the hours of its grid: what they emit against the average of all hours."""

from collections.abc import Sequence

import numpy as np

from estimator.core.units import Quantity


def hours_ratio(
    *, duration_h: Quantity, start_hour: Quantity, hourly_intensity_gco2e_per_kwh: Sequence[float]
) -> Quantity:
    r"""
    Mean intensity over the hours of a run that draws evenly, against the average of all hours.

    Parameters
    ----------
    duration_h : float or array
        Hours by the clock. [h]
    start_hour : float or array
        Hour of the list in which the run starts. [h]
    hourly_intensity_gco2e_per_kwh : sequence of float
        The grid hour by hour; a longer run goes through it again. [gCO2e/kWh]

    Returns
    -------
    float or array
        1 where the grid is always the same, and for whole rounds of the list. [1]

    Notes
    -----
    .. math:: r = \frac{1}{d \, \bar I} \int_s^{s + d} I(t) \, dt

    Examples
    --------
    >>> float(hours_ratio(duration_h=1.5, start_hour=1.0, hourly_intensity_gco2e_per_kwh=[100.0, 400.0, 100.0, 200.0]))
    1.5
    """
    hours = np.asarray(hourly_intensity_gco2e_per_kwh, dtype=np.float64)
    until = np.concatenate(([0.0], np.cumsum(hours)))
    edges = np.arange(hours.size + 1.0)

    def up_to(moment: Quantity) -> Quantity:
        rounds = np.floor_divide(moment, hours.size)
        reached: Quantity = rounds * float(until[-1]) + np.interp(moment - rounds * hours.size, edges, until)
        return reached

    mean: Quantity = (up_to(start_hour + duration_h) - up_to(start_hour)) / duration_h
    average = float(until[-1]) / hours.size
    return mean / average if average > 0.0 else mean + 1.0
