"""Energy of one run and of the whole project, before and after the overhead of the facility."""

from estimator.core.units import W_PER_KW, Quantity


def component_system_power_w(
    *,
    mean_cpu_power_w: Quantity,
    mean_memory_power_w: Quantity,
    accelerator_count: Quantity,
    mean_accelerator_power_w: Quantity,
    utilisation: Quantity = 1.0,
) -> Quantity:
    r"""
    Mean draw of all servers of a run, as the sum of their components.

    Parameters
    ----------
    mean_cpu_power_w : float or array
        Mean draw of all CPU sockets together. [W]
    mean_memory_power_w : float or array
        Mean draw of all memory together. [W]
    accelerator_count : float or array
        Accelerators used at once. [1]
    mean_accelerator_power_w : float or array
        Mean draw of one accelerator. [W]
    utilisation : float or array, default 1.0
        Share of that draw that is really used. [1]

    Returns
    -------
    float or array
        Mean draw of the system. [W]

    Notes
    -----
    .. math:: p = p_c + p_r + g \, p_g \, u

    References
    ----------
    .. [1] Strubell, Ganesh, McCallum, Energy and Policy Considerations for Deep Learning in NLP, ACL 2019, section 2.

    Examples
    --------
    >>> component_system_power_w(
    ...     mean_cpu_power_w=100.0, mean_memory_power_w=20.0, accelerator_count=8, mean_accelerator_power_w=200.0
    ... )
    1720.0
    """
    return mean_cpu_power_w + mean_memory_power_w + accelerator_count * mean_accelerator_power_w * utilisation


def system_energy_kwh(*, mean_system_power_w: Quantity, duration_h: Quantity) -> Quantity:
    r"""
    Energy of the servers of one run, before the overhead of the facility.

    Parameters
    ----------
    mean_system_power_w : float or array
        Mean draw of all servers together. [W]
    duration_h : float or array
        Wall-clock time of the run. [h]

    Returns
    -------
    float or array
        IT energy. [kWh]

    Notes
    -----
    .. math:: E_{IT} = \frac{p \, t}{1000}

    References
    ----------
    .. [1] Strubell, Ganesh, McCallum, Energy and Policy Considerations for Deep Learning in NLP, ACL 2019, section 2.

    Examples
    --------
    >>> system_energy_kwh(mean_system_power_w=1500.0, duration_h=10.0)
    15.0
    """
    return mean_system_power_w * duration_h / W_PER_KW


def host_energy_kwh(
    *, duration_h: Quantity, mean_cpu_power_w: Quantity = 0.0, mean_memory_power_w: Quantity = 0.0
) -> Quantity:
    r"""
    Energy of the CPUs and the memory of one run, before the overhead of the facility.

    Parameters
    ----------
    duration_h : float or array
        Wall-clock time of the run. [h]
    mean_cpu_power_w : float or array, default 0.0
        Mean draw of all CPU sockets together. [W]
    mean_memory_power_w : float or array, default 0.0
        Mean draw of all memory together. [W]

    Returns
    -------
    float or array
        Energy of the hosts without their accelerators. [kWh]

    Notes
    -----
    .. math:: E_h = \frac{(p_c + p_r) \, t}{1000}

    Examples
    --------
    >>> host_energy_kwh(duration_h=10.0, mean_cpu_power_w=150.0, mean_memory_power_w=50.0)
    2.0
    """
    return (mean_cpu_power_w + mean_memory_power_w) * duration_h / W_PER_KW


def accelerator_hours(*, accelerator_count: Quantity, duration_h: Quantity) -> Quantity:
    r"""
    Time for which accelerators were occupied.

    Parameters
    ----------
    accelerator_count : float or array
        Accelerators used at once. [1]
    duration_h : float or array
        Wall-clock time of the run. [h]

    Returns
    -------
    float or array
        Accelerators times hours. [h]

    Notes
    -----
    .. math:: T = n \, t

    Examples
    --------
    >>> accelerator_hours(accelerator_count=8, duration_h=12.0)
    96.0
    """
    return accelerator_count * duration_h


def accelerator_energy_kwh(
    *,
    accelerator_hours: Quantity,
    mean_accelerator_power_w: Quantity,
    utilisation: Quantity = 1.0,
    idle_share: Quantity = 0.0,
) -> Quantity:
    r"""
    Energy of the accelerators alone, before the overhead of the facility.

    Parameters
    ----------
    accelerator_hours : float or array
        Accelerators times hours. [h]
    mean_accelerator_power_w : float or array
        Mean draw of one accelerator, or the limit of its board. [W]
    utilisation : float or array, default 1.0
        Share of that draw that is really used. [1]
    idle_share : float or array, default 0.0
        Share of all energy that they drew reserved and idle, outside these hours; below 1. [1]

    Returns
    -------
    float or array
        Energy of the accelerators. [kWh]

    Notes
    -----
    .. math:: E_a = \frac{T \, p_g \, u}{1000 \, (1 - i)}

    References
    ----------
    .. [1] Patterson et al., Carbon Emissions and Large Neural Network Training, 2021, arXiv:2104.10350, section 2.

    Examples
    --------
    >>> accelerator_energy_kwh(accelerator_hours=100.0, mean_accelerator_power_w=400.0, utilisation=0.75)
    30.0
    """
    return accelerator_hours * mean_accelerator_power_w * utilisation / (W_PER_KW * (1.0 - idle_share))


def server_energy_kwh(*, accelerator_energy_kwh: Quantity, host_overhead_share: Quantity) -> Quantity:
    r"""
    Energy of whole servers, where only that of their accelerators is known.

    Parameters
    ----------
    accelerator_energy_kwh : float or array
        Energy of the accelerators. [kWh]
    host_overhead_share : float or array
        Energy of CPUs, memory, fans and network over that of the accelerators. [1]

    Returns
    -------
    float or array
        IT energy. [kWh]

    Notes
    -----
    .. math:: E_{IT} = E_a \, (1 + h)

    References
    ----------
    .. [1] Dodge et al., Measuring the Carbon Intensity of AI in Cloud Instances, FAccT 2022, arXiv:2206.05229 (the
       accelerator draws 74 % of its server).

    Examples
    --------
    >>> server_energy_kwh(accelerator_energy_kwh=100.0, host_overhead_share=0.25)
    125.0
    """
    return accelerator_energy_kwh * (1.0 + host_overhead_share)


def run_multiplier(*, development_factor: Quantity = 0.0, repeat_count: Quantity = 1.0) -> Quantity:
    r"""
    Everything that was run, as a multiple of the final run.

    Parameters
    ----------
    development_factor : float or array, default 0.0
        Development runs over the final run: tuning, failed and abandoned runs. [1]
    repeat_count : float or array, default 1.0
        How often the whole was run. [1]

    Returns
    -------
    float or array
        Multiple of the final run, by which energy and occupied time grow alike. [1]

    Notes
    -----
    .. math:: k = (1 + d) \, r

    References
    ----------
    .. [1] Lannelongue, Grealey, Inouye, Green Algorithms: Quantifying the Carbon Footprint of Computation, 2021
       (the pragmatic scaling factor).

    Examples
    --------
    >>> run_multiplier(development_factor=0.5, repeat_count=3)
    4.5
    """
    return (1.0 + development_factor) * repeat_count


def facility_energy_kwh(*, it_energy_kwh: Quantity, pue: Quantity) -> Quantity:
    r"""
    Energy that the data centre draws for the IT energy of a run.

    Parameters
    ----------
    it_energy_kwh : float or array
        Energy of the servers. [kWh]
    pue : float or array
        Power usage effectiveness, facility over IT energy. [1]

    Returns
    -------
    float or array
        Energy of the facility. [kWh]

    Notes
    -----
    .. math:: E = E_{IT} \, \mathrm{PUE}

    References
    ----------
    .. [1] ISO/IEC 30134-2:2016, Power usage effectiveness.

    Examples
    --------
    >>> facility_energy_kwh(it_energy_kwh=100.0, pue=1.58)
    158.0
    """
    return it_energy_kwh * pue


def hours_of_draw(*, energy_kwh: Quantity, mean_power_w: Quantity) -> Quantity:
    r"""
    Time for which a draw makes up an energy.

    Parameters
    ----------
    energy_kwh : float or array
        Energy. [kWh]
    mean_power_w : float or array
        Mean draw. [W]

    Returns
    -------
    float or array
        Hours. [h]

    Notes
    -----
    .. math:: t = \frac{1000 \, E}{P}

    Examples
    --------
    >>> hours_of_draw(energy_kwh=3.0, mean_power_w=300.0)
    10.0
    """
    return energy_kwh * W_PER_KW / mean_power_w
