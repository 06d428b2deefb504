"""Emissions of making the devices, attributed to one job by the time that it kept them busy."""

import numpy as np

from estimator.core.units import H_PER_YEAR, Quantity


def embodied_share_kgco2e(
    *,
    device_embodied_kgco2e: Quantity,
    device_count: Quantity,
    reserved_h: Quantity,
    lifetime_years: Quantity,
    lifetime_utilisation: Quantity = 1.0,
) -> Quantity:
    r"""
    Embodied emissions attributed to one job, by the time it reserved the devices.

    Parameters
    ----------
    device_embodied_kgco2e : float or array
        Cradle-to-gate emissions of one device. [kgCO2e]
    device_count : int or array
        Identical devices reserved at once. [1]
    reserved_h : float or array
        Wall-clock time of the reservation. [h]
    lifetime_years : float or array
        Expected service life. [year]
    lifetime_utilisation : float or array, default 1.0
        Fraction of the service life reserved by anyone. [1]

    Returns
    -------
    float or array
        Embodied emissions of the job. [kgCO2e]

    Raises
    ------
    ValueError
        If ``lifetime_years`` or ``lifetime_utilisation`` is not positive.

    Notes
    -----
    .. math:: M = n \, E_d \, \frac{t}{8760 \, L \, u}

    References
    ----------
    .. [1] Green Software Foundation, Software Carbon Intensity Specification (ISO/IEC 21031:2024),
       M = TE x (TiR/EL) x (RR/ToR).

    Examples
    --------
    >>> share_kgco2e = embodied_share_kgco2e(
    ...     device_embodied_kgco2e=150.0, device_count=8, reserved_h=100.0, lifetime_years=4.0
    ... )
    >>> round(share_kgco2e, 3)
    3.425
    """
    if not (_all_positive(lifetime_years) and _all_positive(lifetime_utilisation)):
        raise ValueError("lifetime_years and lifetime_utilisation must be positive")
    return device_count * device_embodied_kgco2e * reserved_h / (H_PER_YEAR * lifetime_years * lifetime_utilisation)


def _all_positive(quantity: Quantity) -> bool:
    return bool((quantity > 0).all()) if isinstance(quantity, np.ndarray) else quantity > 0
