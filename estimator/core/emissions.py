"""Emissions of the electricity that a run used, and the total with what making the devices emitted."""

from typing import cast

from estimator.core.units import G_PER_KG, Quantity


def operational_kgco2e(*, facility_energy_kwh: Quantity, grid_intensity_gco2e_per_kwh: Quantity) -> Quantity:
    r"""
    Emissions of the electricity, by the average of the grid that delivered it (location-based).

    Parameters
    ----------
    facility_energy_kwh : float or array
        Energy of the facility. [kWh]
    grid_intensity_gco2e_per_kwh : float or array
        Emissions of one kilowatt-hour of that grid. [gCO2e/kWh]

    Returns
    -------
    float or array
        Operational emissions. [kgCO2e]

    Notes
    -----
    .. math:: C = \frac{E \, I}{1000}

    References
    ----------
    .. [1] GHG Protocol, Scope 2 Guidance, 2015, location-based method.

    Examples
    --------
    >>> operational_kgco2e(facility_energy_kwh=1000.0, grid_intensity_gco2e_per_kwh=400.0)
    400.0
    """
    return facility_energy_kwh * grid_intensity_gco2e_per_kwh / G_PER_KG


def market_based_kgco2e(
    *,
    facility_energy_kwh: Quantity,
    contracted_share: Quantity,
    contract_intensity_gco2e_per_kwh: Quantity,
    residual_intensity_gco2e_per_kwh: Quantity,
    certificates_share: Quantity = 0.0,
) -> Quantity:
    r"""
    Emissions of the electricity, by the contracts under which it was bought (market-based).

    Parameters
    ----------
    facility_energy_kwh : float or array
        Energy of the facility. [kWh]
    contracted_share : float or array
        Share of the energy under contract. [1]
    contract_intensity_gco2e_per_kwh : float or array
        Emissions of one contracted kilowatt-hour. [gCO2e/kWh]
    residual_intensity_gco2e_per_kwh : float or array
        Emissions of one kilowatt-hour of what nobody has contracted. [gCO2e/kWh]
    certificates_share : float or array, default 0.0
        Share of the energy covered by certificates of renewable electricity, which count zero. [1]

    Returns
    -------
    float or array
        Operational emissions, never netted into the location-based figure. [kgCO2e]

    Notes
    -----
    .. math:: C_m = \frac{E \, (s \, I_c + (1 - s - z) \, I_r)}{1000}

    with z the share of the certificates.

    References
    ----------
    .. [1] GHG Protocol, Scope 2 Guidance, 2015, market-based method.

    Examples
    --------
    >>> market_based_kgco2e(
    ...     facility_energy_kwh=1000.0,
    ...     contracted_share=0.75,
    ...     contract_intensity_gco2e_per_kwh=20.0,
    ...     residual_intensity_gco2e_per_kwh=500.0,
    ... )
    140.0
    """
    residual_share = 1.0 - contracted_share - certificates_share
    # Shares that make up the whole leave a hair of rounding, which must not become negative emissions.
    residual_share = cast("Quantity", residual_share * (residual_share > 0.0))
    mixed_gco2e_per_kwh = (
        contracted_share * contract_intensity_gco2e_per_kwh + residual_share * residual_intensity_gco2e_per_kwh
    )
    return facility_energy_kwh * mixed_gco2e_per_kwh / G_PER_KG


def total_kgco2e(*, operational_location_based_kgco2e: Quantity, embodied_share_kgco2e: Quantity = 0.0) -> Quantity:
    r"""
    Headline total: operational, location-based, plus the embodied share.

    Parameters
    ----------
    operational_location_based_kgco2e : float or array
        Emissions of the electricity. [kgCO2e]
    embodied_share_kgco2e : float or array, default 0.0
        Share of the emissions of making the devices. [kgCO2e]

    Returns
    -------
    float or array
        Total emissions. [kgCO2e]

    Notes
    -----
    .. math:: C_{total} = C + M

    References
    ----------
    .. [1] Green Software Foundation, Software Carbon Intensity Specification (ISO/IEC 21031:2024), O + M.

    Examples
    --------
    >>> total_kgco2e(operational_location_based_kgco2e=400.0, embodied_share_kgco2e=25.0)
    425.0
    """
    return operational_location_based_kgco2e + embodied_share_kgco2e
