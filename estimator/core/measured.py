"""Energy from what meters say: counters that wrap, and powers read now and then."""

import math

from estimator.core.units import G_PER_KG


def counter_energy_j(*, before_j: float, after_j: float, wraps_at_j: float | None = None) -> float | None:
    r"""
    Energy between two readings of a counter.

    Parameters
    ----------
    before_j, after_j : float
        The two readings. [J]
    wraps_at_j : float, optional
        Where the counter begins anew; None if it never does. [J]

    Returns
    -------
    float or None
        Energy, never negative; None if the counter went back and does not wrap, because it was reset. [J]

    Notes
    -----
    .. math:: E = (c_2 - c_1) \bmod c_{max}

    At most one turn is counted: whoever reads has to read more often than the counter turns.

    Examples
    --------
    >>> counter_energy_j(before_j=100.0, after_j=130.0)
    30.0
    >>> counter_energy_j(before_j=990.0, after_j=15.0, wraps_at_j=1000.0)
    25.0
    """
    if after_j >= before_j:
        return after_j - before_j
    if wraps_at_j is None or before_j > wraps_at_j:
        return None
    return after_j + (wraps_at_j - before_j)


def trapezoid_energy_j(*, before_w: float, after_w: float, duration_s: float) -> float:
    r"""
    Energy between two readings of a power, which is taken to change evenly between them.

    Parameters
    ----------
    before_w, after_w : float
        The two readings. [W]
    duration_s : float
        Time between them. [s]

    Returns
    -------
    float
        Energy. [J]

    Notes
    -----
    .. math:: E = \frac{p_1 + p_2}{2} \, t

    Examples
    --------
    >>> trapezoid_energy_j(before_w=100.0, after_w=200.0, duration_s=2.0)
    300.0
    """
    return 0.5 * (before_w + after_w) * duration_s


def product_range(*ranges: tuple[float, float, float]) -> tuple[float, float, float]:
    r"""
    Range of a product whose factors are off independently of each other.

    Parameters
    ----------
    *ranges : tuple of float
        5th percentile, central value and 95th percentile of each factor.

    Returns
    -------
    tuple of float
        The same three of the product.

    Notes
    -----
    Exact for log-normal factors:

    .. math:: \ln\frac{h}{c} = \sqrt{\sum_i \ln^2\frac{h_i}{c_i}}

    and likewise below. A factor whose central value or lower bound is zero makes the lower bound zero.

    Examples
    --------
    >>> low, central, high = product_range((8.0, 10.0, 12.5), (4.0, 5.0, 6.25))
    >>> round(low, 2), central, round(high, 2)
    (36.47, 50.0, 68.55)
    """
    central = math.prod(middle for _, middle, _ in ranges)
    if central == 0.0:
        return 0.0, 0.0, math.prod(high for _, _, high in ranges)
    below = 0.0
    if all(low > 0.0 for low, _, _ in ranges):
        below = math.exp(-math.sqrt(sum(math.log(low / middle) ** 2 for low, middle, _ in ranges)))
    above = math.exp(math.sqrt(sum(math.log(high / middle) ** 2 for _, middle, high in ranges)))
    return central * below, central, central * above


def emitted_kgco2e(
    *,
    energy_kwh: tuple[float, float, float],
    grid_intensity_gco2e_per_kwh: tuple[float, float, float],
    pue: float | None,
) -> tuple[float, float, float]:
    r"""
    Emissions of measured electricity: the one rule of command line, page and API.

    Parameters
    ----------
    energy_kwh : tuple of float
        5th percentile, central value and 95th percentile of what the machine drew, before PUE. [kWh]
    grid_intensity_gco2e_per_kwh : tuple of float
        The same three of the grid that fed it. [gCO2e/kWh]
    pue : float or None
        Facility energy over IT energy, taken as exact; None, where it was not given, adds nothing. [1]

    Returns
    -------
    tuple of float
        The same three of the emissions. [kgCO2e]

    Notes
    -----
    .. math:: C = E \, I \, \mathrm{PUE}

    An estimate assumes a PUE where none is given; what was measured stays what it is.

    Examples
    --------
    >>> emitted_kgco2e(energy_kwh=(2.0, 2.0, 2.0), grid_intensity_gco2e_per_kwh=(50.0, 50.0, 50.0), pue=None)
    (0.1, 0.1, 0.1)
    >>> emitted_kgco2e(energy_kwh=(2.0, 2.0, 2.0), grid_intensity_gco2e_per_kwh=(50.0, 50.0, 50.0), pue=1.5)[1]
    0.15
    """
    factor = (1.0 if pue is None else pue) / G_PER_KG
    low, central, high = product_range(energy_kwh, grid_intensity_gco2e_per_kwh)
    return low * factor, central * factor, high * factor
