"""What a run costs: the electricity, or the same accelerators rented."""

from estimator.core.units import Quantity


def electricity_cost_usd(*, facility_energy_kwh: Quantity, electricity_price_usd_per_kwh: Quantity) -> Quantity:
    r"""
    Cost of the electricity that the facility drew.

    Parameters
    ----------
    facility_energy_kwh : float or array
        Energy of the facility. [kWh]
    electricity_price_usd_per_kwh : float or array
        Price of one kilowatt-hour. [USD/kWh]

    Returns
    -------
    float or array
        Cost. [USD]

    Notes
    -----
    .. math:: K_e = E \, k_e

    Examples
    --------
    >>> electricity_cost_usd(facility_energy_kwh=1500.0, electricity_price_usd_per_kwh=0.12)
    180.0
    """
    return facility_energy_kwh * electricity_price_usd_per_kwh


def cloud_cost_usd(*, accelerator_hours: Quantity, cloud_price_usd_per_accelerator_h: Quantity) -> Quantity:
    r"""
    Cost of renting the accelerators for the time that they were occupied.

    Parameters
    ----------
    accelerator_hours : float or array
        Accelerators times hours. [h]
    cloud_price_usd_per_accelerator_h : float or array
        Price of one accelerator for one hour. [USD/h]

    Returns
    -------
    float or array
        Cost. [USD]

    Notes
    -----
    .. math:: K_c = T \, k_c

    References
    ----------
    .. [1] Strubell, Ganesh, McCallum, Energy and Policy Considerations for Deep Learning in NLP, ACL 2019, table 3.

    Examples
    --------
    >>> cloud_cost_usd(accelerator_hours=96.0, cloud_price_usd_per_accelerator_h=1.5)
    144.0
    """
    return accelerator_hours * cloud_price_usd_per_accelerator_h
