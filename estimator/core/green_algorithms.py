"""Cores and memory by the hour: the method of Green Algorithms, for runs of which no accelerator or draw is known."""

from typing import Final

from estimator.core.units import W_PER_KW, Quantity

#: Draw of memory that is available, whether it is used or not. [W/GB]
MEMORY_POWER_W_PER_GB: Final = 0.3725


def cores_and_memory_power_w(
    *,
    core_count: Quantity,
    core_power_w: Quantity,
    memory_gb: Quantity,
    usage_factor: Quantity = 1.0,
    memory_power_w_per_gb: Quantity = MEMORY_POWER_W_PER_GB,
) -> Quantity:
    r"""
    Draw of the cores in use and of the memory available.

    Parameters
    ----------
    core_count : float or array
        CPU cores or GPUs that the run had. [1]
    core_power_w : float or array
        Draw of one of them at full use: the TDP of a GPU, or that of a CPU over its number of cores. [W]
    memory_gb : float or array
        Memory available, as memory draws power whether it is used or not. [GB]
    usage_factor : float or array, default 1.0
        Share of the cores that is really used. [1]
    memory_power_w_per_gb : float or array, default 0.3725
        Draw of one gigabyte. [W/GB]

    Returns
    -------
    float or array
        Draw before the facility's overhead. [W]

    Notes
    -----
    .. math:: p = n_c \, P_c \, u + n_m \, P_m

    References
    ----------
    .. [1] Lannelongue, Grealey, Inouye, Green Algorithms: Quantifying the Carbon Footprint of Computation, Advanced
       Science 8(12), 2021, doi:10.1002/advs.202100707.

    Examples
    --------
    >>> cores_and_memory_power_w(core_count=12, core_power_w=7.5, memory_gb=64)
    113.84
    """
    return core_count * core_power_w * usage_factor + memory_gb * memory_power_w_per_gb


def cores_and_memory_energy_kwh(
    *,
    duration_h: Quantity,
    core_count: Quantity,
    core_power_w: Quantity,
    memory_gb: Quantity,
    usage_factor: Quantity = 1.0,
    memory_power_w_per_gb: Quantity = MEMORY_POWER_W_PER_GB,
    pue: Quantity = 1.0,
    repeat_count: Quantity = 1.0,
) -> Quantity:
    r"""
    Energy of a run by its cores and memory, with PUE and repetitions where they are given.

    Parameters
    ----------
    duration_h : float or array
        Wall-clock time of one run. [h]
    core_count : float or array
        CPU cores or GPUs that the run had. [1]
    core_power_w : float or array
        Draw of one of them at full use. [W]
    memory_gb : float or array
        Memory available. [GB]
    usage_factor : float or array, default 1.0
        Share of the cores that is really used. [1]
    memory_power_w_per_gb : float or array, default 0.3725
        Draw of one gigabyte. [W/GB]
    pue : float or array, default 1.0
        Power usage effectiveness; with 1 the result is the IT energy. [1]
    repeat_count : float or array, default 1.0
        The method's pragmatic scaling factor: how often the run was made. [1]

    Returns
    -------
    float or array
        Energy. [kWh]

    Notes
    -----
    .. math:: E = \frac{t \, (n_c \, P_c \, u + n_m \, P_m) \, \mathrm{PUE} \, \mathrm{PSF}}{1000}

    References
    ----------
    .. [1] Lannelongue, Grealey, Inouye, Green Algorithms: Quantifying the Carbon Footprint of Computation, Advanced
       Science 8(12), 2021, doi:10.1002/advs.202100707.

    Examples
    --------
    >>> round(
    ...     cores_and_memory_energy_kwh(duration_h=12.0, core_count=12, core_power_w=7.5, memory_gb=64, pue=1.67), 4
    ... )
    2.2814
    """
    power_w = cores_and_memory_power_w(
        core_count=core_count,
        core_power_w=core_power_w,
        memory_gb=memory_gb,
        usage_factor=usage_factor,
        memory_power_w_per_gb=memory_power_w_per_gb,
    )
    return duration_h * power_w * pue * repeat_count / W_PER_KW
