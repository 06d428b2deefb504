"""
Energy of serving a language model, from what one request makes the accelerators do.

A request keeps accelerators busy in three ways: reading weights and cache from memory, multiplying, and waiting for the
steps to be launched and exchanged. Each is a time of one accelerator ("device-seconds"), so that the number of
accelerators cancels where work divides among them, and each goes with a draw of its own.
"""

import math

import numpy as np
import numpy.typing as npt

from estimator.core.units import J_PER_KWH, S_PER_H, Quantity


def _parallel_penalty(accelerator_count: Quantity, split_penalty: Quantity) -> Quantity:
    if isinstance(accelerator_count, np.ndarray):
        return 1.0 + split_penalty * np.log2(accelerator_count, dtype=np.float64)
    return 1.0 + split_penalty * math.log2(accelerator_count)


def _is_above(quantity: Quantity, bound: Quantity) -> Quantity:
    # 1 or 0, so that one line of arithmetic serves numbers and arrays.
    above: bool | npt.NDArray[np.bool_] = quantity > bound
    return above.astype(np.float64) if isinstance(above, np.ndarray) else float(above)


def _is_split_mixture(
    parameters_count: Quantity, active_parameters_count: Quantity, accelerator_count: Quantity
) -> Quantity:
    # Experts lie on several accelerators, and every token travels to its own.
    return _is_above(parameters_count, active_parameters_count) * _is_above(accelerator_count, 1.0)


def memory_bound_s(
    *,
    output_tokens: Quantity,
    weights_read_gb: Quantity,
    kv_cache_gb: Quantity,
    batch_size: Quantity,
    accelerator_count: Quantity,
    memory_bandwidth_gb_per_s: Quantity,
    memory_efficiency: Quantity,
    split_penalty: Quantity,
) -> Quantity:
    r"""
    Accelerator time of one request for reading weights and cache.

    Parameters
    ----------
    output_tokens : float or array
        Tokens of the answer; each needs a step, the prompt needs none of its own. [1]
    weights_read_gb : float or array
        Weights that one step reads for the whole batch. [GB]
    kv_cache_gb : float or array
        Cache of one sequence. [GB]
    batch_size : float or array
        Sequences that share the reading of the weights. [1]
    accelerator_count : float or array
        Accelerators that hold one copy of the model. [1]
    memory_bandwidth_gb_per_s : float or array
        Memory bandwidth of one accelerator. [GB/s]
    memory_efficiency : float or array
        Share of it that is reached. [1]
    split_penalty : float or array
        Time lost each time that the number of accelerators doubles. [1]

    Returns
    -------
    float or array
        Seconds of one accelerator. [s]

    Notes
    -----
    .. math:: t_m = O \, \frac{W_B / B + K}{\beta \, \eta_m} \, (1 + \varepsilon \log_2 n)

    References
    ----------
    .. [1] Pope et al., Efficiently Scaling Transformer Inference, 2022, arXiv:2211.05102, section 2.

    Examples
    --------
    >>> round(memory_bound_s(
    ...     output_tokens=100, weights_read_gb=16.0, kv_cache_gb=0.0, batch_size=1, accelerator_count=1,
    ...     memory_bandwidth_gb_per_s=3350.0, memory_efficiency=0.8, split_penalty=0.05
    ... ), 4)
    0.597
    """
    read_gb = weights_read_gb / batch_size + kv_cache_gb
    read_s = output_tokens * read_gb / (memory_bandwidth_gb_per_s * memory_efficiency)
    return read_s * _parallel_penalty(accelerator_count, split_penalty)


def compute_bound_s(
    *,
    request_flop: Quantity,
    peak_flops: Quantity,
    compute_efficiency: Quantity,
    parameters_count: Quantity,
    active_parameters_count: Quantity,
    accelerator_count: Quantity,
    split_penalty: Quantity,
    split_mixture_factor: Quantity,
) -> Quantity:
    r"""
    Accelerator time of one request for multiplying.

    Parameters
    ----------
    request_flop : float or array
        Operations of the request. [FLOP]
    peak_flops : float or array
        Dense peak rate of one accelerator at the precision served. [FLOP/s]
    compute_efficiency : float or array
        Share of it that is reached. [1]
    parameters_count, active_parameters_count : float or array
        All parameters, and those active for one token: a mixture of experts has fewer active ones. [1]
    accelerator_count : float or array
        Accelerators that hold one copy of the model. [1]
    split_penalty : float or array
        Time lost each time that the number of accelerators doubles. [1]
    split_mixture_factor : float or array
        How many times longer tokens take that travel between accelerators to their experts. [1]

    Returns
    -------
    float or array
        Seconds of one accelerator. [s]

    Notes
    -----
    .. math:: t_c = \frac{F}{R \, \eta_c} \, (1 + \varepsilon \log_2 n) \, \mu

    with :math:`\mu` = 1 for dense models and for one accelerator.

    References
    ----------
    .. [1] Pope et al., Efficiently Scaling Transformer Inference, 2022, arXiv:2211.05102, section 2.

    Examples
    --------
    >>> compute_bound_s(
    ...     request_flop=8e12, peak_flops=1e15, compute_efficiency=0.4, parameters_count=8e9,
    ...     active_parameters_count=8e9, accelerator_count=1, split_penalty=0.05, split_mixture_factor=3.0
    ... )
    0.02
    """
    split = _is_split_mixture(parameters_count, active_parameters_count, accelerator_count)
    mixture = 1.0 + split * (split_mixture_factor - 1.0)
    return (
        request_flop / (peak_flops * compute_efficiency) * _parallel_penalty(accelerator_count, split_penalty) * mixture
    )


def step_overhead_s(
    *,
    output_tokens: Quantity,
    batch_size: Quantity,
    layer_count: Quantity,
    parameters_count: Quantity,
    active_parameters_count: Quantity,
    accelerator_count: Quantity,
    layer_overhead_s: Quantity,
    split_layer_overhead_s: Quantity,
    split_mixture_layer_overhead_s: Quantity,
) -> Quantity:
    r"""
    Accelerator time of one request in which steps are launched and exchanged, and nothing is read or multiplied.

    Parameters
    ----------
    output_tokens : float or array
        Tokens of the answer; each needs a step. [1]
    batch_size : float or array
        Sequences that share the step. [1]
    layer_count : float or array
        Layers of the model. [1]
    parameters_count, active_parameters_count : float or array
        All parameters, and those active for one token. [1]
    accelerator_count : float or array
        Accelerators that hold one copy of the model, and all wait. [1]
    layer_overhead_s : float or array
        Time lost in each layer of each step. [s]
    split_layer_overhead_s : float or array
        More of it where the model lies on several accelerators. [s]
    split_mixture_layer_overhead_s : float or array
        Still more where its experts do. [s]

    Returns
    -------
    float or array
        Seconds of one accelerator. [s]

    Notes
    -----
    .. math:: t_o = O \, \frac{n \, l}{B} \, (\tau + [n > 1] \, (\tau_n + [N_a < N] \, \tau_e))

    Examples
    --------
    >>> round(step_overhead_s(
    ...     output_tokens=100, batch_size=8, layer_count=80, parameters_count=70e9, active_parameters_count=70e9,
    ...     accelerator_count=4, layer_overhead_s=3e-5, split_layer_overhead_s=3e-5,
    ...     split_mixture_layer_overhead_s=8e-5
    ... ), 3)
    0.24
    """
    is_split = _is_above(accelerator_count, 1.0)
    split_mixture = _is_split_mixture(parameters_count, active_parameters_count, accelerator_count)
    lost_s = layer_overhead_s + is_split * split_layer_overhead_s + split_mixture * split_mixture_layer_overhead_s
    return output_tokens * accelerator_count * layer_count / batch_size * lost_s


def request_accelerator_s(
    *,
    memory_bound_s: Quantity,
    compute_bound_s: Quantity,
    step_overhead_s: Quantity,
    model_error_factor: Quantity = 1.0,
) -> Quantity:
    r"""
    Accelerator time of one request.

    Parameters
    ----------
    memory_bound_s, compute_bound_s, step_overhead_s : float or array
        Its three parts. [s]
    model_error_factor : float or array, default 1.0
        What the formula is off by on models that it was not fitted on: 1 with a range. [1]

    Returns
    -------
    float or array
        Seconds of one accelerator. [s]

    Notes
    -----
    .. math:: t = (t_m + t_c + t_o) \, \delta

    The parts are added: within a step, layers that read and layers that multiply take turns.

    Examples
    --------
    >>> request_accelerator_s(memory_bound_s=0.5, compute_bound_s=0.25, step_overhead_s=0.25)
    1.0
    """
    return (memory_bound_s + compute_bound_s + step_overhead_s) * model_error_factor


def request_energy_j(
    *,
    memory_bound_s: Quantity,
    compute_bound_s: Quantity,
    step_overhead_s: Quantity,
    tdp_w: Quantity,
    memory_bound_draw: Quantity,
    compute_bound_draw: Quantity,
    overhead_draw: Quantity,
    model_error_factor: Quantity = 1.0,
) -> Quantity:
    r"""
    Energy of the accelerators for one request.

    Parameters
    ----------
    memory_bound_s, compute_bound_s, step_overhead_s : float or array
        Accelerator time of the request, by what it is bound by. [s]
    tdp_w : float or array
        Limit of one accelerator. [W]
    memory_bound_draw, compute_bound_draw, overhead_draw : float or array
        Share of the limit that is drawn meanwhile. [1]
    model_error_factor : float or array, default 1.0
        What the formula is off by on models that it was not fitted on: 1 with a range. [1]

    Returns
    -------
    float or array
        Energy of the accelerators alone. [J]

    Notes
    -----
    .. math:: E = P \, (u_m \, t_m + u_c \, t_c + u_o \, t_o) \, \delta

    Examples
    --------
    >>> request_energy_j(
    ...     memory_bound_s=1.0, compute_bound_s=0.5, step_overhead_s=0.5, tdp_w=700.0, memory_bound_draw=0.8,
    ...     compute_bound_draw=1.0, overhead_draw=0.5
    ... )
    1085.0
    """
    full_s = memory_bound_draw * memory_bound_s + compute_bound_draw * compute_bound_s + overhead_draw * step_overhead_s
    return tdp_w * full_s * model_error_factor


def energy_j_per_output_token(*, request_energy_j: Quantity, output_tokens: Quantity) -> Quantity:
    r"""
    Energy of a request for each token of its answer, its share of the prompt included.

    Parameters
    ----------
    request_energy_j : float or array
        Energy of one request. [J]
    output_tokens : float or array
        Tokens of the answer, at least one. [1]

    Returns
    -------
    float or array
        Energy for each output token. [J]

    Notes
    -----
    .. math:: e = E / O

    Examples
    --------
    >>> energy_j_per_output_token(request_energy_j=100.0, output_tokens=400)
    0.25
    """
    return request_energy_j / output_tokens


def serving_energy_kwh(
    *, request_energy_j: Quantity, requests_count: Quantity, idle_energy_share: Quantity = 0.0
) -> Quantity:
    r"""
    Energy of the accelerators for all requests, with that of waiting for them.

    Parameters
    ----------
    request_energy_j : float or array
        Energy of one request. [J]
    requests_count : float or array
        Requests served. [1]
    idle_energy_share : float or array, default 0.0
        Share of all energy that was drawn while no request was served, below 1. [1]

    Returns
    -------
    float or array
        Energy of the accelerators. [kWh]

    Notes
    -----
    .. math:: E = \frac{R \, E_r}{3.6 \cdot 10^6 \, (1 - i)}

    Examples
    --------
    >>> serving_energy_kwh(request_energy_j=3600.0, requests_count=1000, idle_energy_share=0.5)
    2.0
    """
    return request_energy_j * requests_count / (J_PER_KWH * (1.0 - idle_energy_share))


def serving_accelerator_hours(
    *, request_accelerator_s: Quantity, requests_count: Quantity, busy_share: Quantity = 1.0
) -> Quantity:
    r"""
    Time for which accelerators are kept for all requests.

    Parameters
    ----------
    request_accelerator_s : float or array
        Accelerator time of one request. [s]
    requests_count : float or array
        Requests served. [1]
    busy_share : float or array, default 1.0
        Share of the time in which the accelerators serve. [1]

    Returns
    -------
    float or array
        Accelerators times hours. [h]

    Notes
    -----
    .. math:: T = \frac{R \, t}{3600 \, b}

    Examples
    --------
    >>> serving_accelerator_hours(request_accelerator_s=0.36, requests_count=10000, busy_share=0.5)
    2.0
    """
    return request_accelerator_s * requests_count / (S_PER_H * busy_share)


def item_energy_kwh(
    *, item_count: Quantity, energy_wh_per_item: Quantity, idle_energy_share: Quantity = 0.0
) -> Quantity:
    r"""
    Energy of a number of images, videos or classifications, by what was measured for one.

    Parameters
    ----------
    item_count : float or array
        Images, videos or queries. [1]
    energy_wh_per_item : float or array
        Energy of one. [Wh]
    idle_energy_share : float or array, default 0.0
        Share of all energy that was drawn while nothing was asked, below 1. [1]

    Returns
    -------
    float or array
        Energy, of accelerators or servers as it was measured. [kWh]

    Notes
    -----
    .. math:: E = \frac{k \, e}{1000 \, (1 - i)}

    References
    ----------
    .. [1] Luccioni, Jernite, Strubell, Power Hungry Processing, FAccT 2024, arXiv:2311.16863, table 2.

    Examples
    --------
    >>> item_energy_kwh(item_count=1000, energy_wh_per_item=2.907)
    2.907
    """
    return item_count * energy_wh_per_item / (1000.0 * (1.0 - idle_energy_share))
