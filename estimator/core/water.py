"""Water consumed for cooling on the site and for making the electricity elsewhere."""

from estimator.core.units import Quantity


def water_l(
    *, it_energy_kwh: Quantity, wue_l_per_kwh: Quantity, pue: Quantity, offsite_water_l_per_kwh: Quantity
) -> Quantity:
    r"""
    Water consumed by a run, on the site and at the power stations.

    Parameters
    ----------
    it_energy_kwh : float or array
        Energy of the servers, before PUE: the site's WUE is defined on it. [kWh]
    wue_l_per_kwh : float or array
        Water usage effectiveness of the site, litres a kWh of IT energy. [L/kWh]
    pue : float or array
        Power usage effectiveness, which brings IT energy to the electricity taken from the grid. [1]
    offsite_water_l_per_kwh : float or array
        Water consumed to generate one kilowatt-hour of electricity. [L/kWh]

    Returns
    -------
    float or array
        Water consumed. [L]

    Notes
    -----
    .. math:: W = E_{IT} \, (\mathrm{WUE} + \mathrm{PUE} \, w)

    References
    ----------
    .. [1] Li, Yang, Islam, Ren, Making AI Less "Thirsty", 2023, arXiv:2304.03271.

    Examples
    --------
    >>> round(water_l(it_energy_kwh=1000.0, wue_l_per_kwh=0.55, pue=1.17, offsite_water_l_per_kwh=3.142), 2)
    4226.14
    """
    return it_energy_kwh * (wue_l_per_kwh + pue * offsite_water_l_per_kwh)
