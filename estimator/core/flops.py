"""
Floating-point operations of training and of serving a model, and the accelerator time that training takes.

Operations are an amount (`flop`), their rate is `flops`. Model FLOP utilisation (MFU) is here that of the whole job:
the operations of the model over what the accelerators could have done in all hours that were billed, restarts and
waiting included. It is lower than the utilisation of one step, which authors like to quote.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from estimator.core.inputs import Precision
from estimator.core.units import S_PER_H, Quantity

#: Operations for one parameter and one token: two for the forward pass, two for the gradients of the activations, two
#: for those of the weights. Frozen weights need no gradients of their own; recomputation adds a forward pass.
FLOP_PER_PARAMETER_TOKEN: Final[Mapping[str, float]] = MappingProxyType({"full": 6.0, "lora": 4.0, "qlora": 4.0})
FORWARD_FLOP_PER_PARAMETER_TOKEN: Final = 2.0
#: Above this, a whole-job utilisation has never been published: hours, count, tokens or peak are wrong.
LARGEST_BELIEVABLE_MFU: Final = 0.7


def training_flop(
    *,
    active_parameters_count: Quantity,
    training_tokens: Quantity,
    flop_per_parameter_token: Quantity = 6.0,
    layer_count: Quantity = 0.0,
    model_width: Quantity = 0.0,
    context_tokens: Quantity = 0.0,
    recomputed_share: Quantity = 0.0,
) -> Quantity:
    r"""
    Operations of one training run of a transformer.

    Parameters
    ----------
    active_parameters_count : float or array
        Parameters that take part in one token; all of them in a dense model. [1]
    training_tokens : float or array
        Tokens seen in training, each as often as it was seen. [1]
    flop_per_parameter_token : float or array, default 6.0
        6 for training all parameters, 4 where the weights are frozen (`FLOP_PER_PARAMETER_TOKEN`). [1]
    layer_count, model_width, context_tokens : float or array, default 0.0
        Depth, width (heads times their dimension) and sequence length, for the term of attention; 0 leaves it out, as
        most published counts do. [1]
    recomputed_share : float or array, default 0.0
        Share of the forward pass that is computed twice to save memory. Leave it at 0 with an MFU, which counts the
        operations of the model only; give it with a hardware FLOP utilisation. [1]

    Returns
    -------
    float or array
        Operations. [FLOP]

    Notes
    -----
    .. math:: F = \left( k \, N + 12 \, l \, d \, s \right) D + 2 \, N \, D \, r

    with k operations for a parameter and a token, N active parameters, D tokens, l layers of width d, context s and the
    recomputed share r. Full recomputation makes 6ND into 8ND. An encoder-decoder sends each token through one half
    only, so that 6ND counts it double.

    References
    ----------
    .. [1] Kaplan et al., Scaling Laws for Neural Language Models, 2020, arXiv:2001.08361, section 2.1.
    .. [2] Chowdhery et al., PaLM, 2022, arXiv:2204.02311, appendix B (the term of attention).
    .. [3] Korthikanti et al., Reducing Activation Recomputation in Large Transformer Models, 2022, arXiv:2205.05198.

    Examples
    --------
    >>> training_flop(active_parameters_count=175e9, training_tokens=300e9)
    3.15e+23
    """
    attention_flop = 12.0 * layer_count * model_width * context_tokens
    recomputed_flop = FORWARD_FLOP_PER_PARAMETER_TOKEN * active_parameters_count * recomputed_share
    return (flop_per_parameter_token * active_parameters_count + attention_flop + recomputed_flop) * training_tokens


def request_flop(
    *,
    active_parameters_count: Quantity,
    input_tokens: Quantity,
    output_tokens: Quantity,
    layer_count: Quantity = 0.0,
    model_width: Quantity = 0.0,
) -> Quantity:
    r"""
    Operations of one request, prompt and answer.

    Parameters
    ----------
    active_parameters_count : float or array
        Parameters active for one token. [1]
    input_tokens : float or array
        Tokens of the prompt. [1]
    output_tokens : float or array
        Tokens of the answer, those that nobody sees (reasoning) included. [1]
    layer_count, model_width : float or array, default 0.0
        Depth and width, for the term of attention, which matters from some ten thousand tokens on; 0 leaves it out. [1]

    Returns
    -------
    float or array
        Operations. [FLOP]

    Notes
    -----
    .. math:: F = 2 \, N_a \, (I + O) + 2 \, l \, d \, (I + O)^2

    The second term is 4 l d for each pair of a token and one before it.

    References
    ----------
    .. [1] Kaplan et al., Scaling Laws for Neural Language Models, 2020, arXiv:2001.08361, section 2.1.

    Examples
    --------
    >>> request_flop(active_parameters_count=8e9, input_tokens=100, output_tokens=400)
    8000000000000.0
    """
    tokens = input_tokens + output_tokens
    return 2.0 * active_parameters_count * tokens + 2.0 * layer_count * model_width * tokens**2


def flop_accelerator_hours(*, total_flop: Quantity, peak_flops: Quantity, mfu: Quantity) -> Quantity:
    r"""
    Accelerator time that a number of operations takes.

    Parameters
    ----------
    total_flop : float or array
        Operations of the model. [FLOP]
    peak_flops : float or array
        Dense peak rate of one accelerator at the precision used. [FLOP/s]
    mfu : float or array
        Model FLOP utilisation of the whole job. [1]

    Returns
    -------
    float or array
        Accelerators times hours. [h]

    Notes
    -----
    .. math:: T = \frac{F}{3600 \, R \, \mathrm{MFU}}

    References
    ----------
    .. [1] Chowdhery et al., PaLM, 2022, arXiv:2204.02311, section 4.1 (MFU).

    Examples
    --------
    >>> flop_accelerator_hours(total_flop=3.15e23, peak_flops=125e12, mfu=0.2)
    3500000.0
    """
    return total_flop / (peak_flops * mfu * S_PER_H)


def run_duration_h(*, accelerator_hours: Quantity, accelerator_count: Quantity) -> Quantity:
    r"""
    Wall-clock time of a run on a number of accelerators.

    Parameters
    ----------
    accelerator_hours : float or array
        Accelerators times hours. [h]
    accelerator_count : float or array
        Accelerators used at once. [1]

    Returns
    -------
    float or array
        Wall-clock time. [h]

    Notes
    -----
    .. math:: t = \frac{T}{n}

    Examples
    --------
    >>> run_duration_h(accelerator_hours=3500000.0, accelerator_count=10000)
    350.0
    """
    return accelerator_hours / accelerator_count


def required_accelerator_count(*, accelerator_hours: Quantity, duration_h: Quantity) -> Quantity:
    r"""
    Accelerators that a run needed to end within a time.

    Parameters
    ----------
    accelerator_hours : float or array
        Accelerators times hours. [h]
    duration_h : float or array
        Wall-clock time. [h]

    Returns
    -------
    float or array
        Mean number of accelerators, not rounded: the energy must not depend on a rounding. [1]

    Notes
    -----
    .. math:: n = \frac{T}{t}

    Examples
    --------
    >>> required_accelerator_count(accelerator_hours=3500000.0, duration_h=350.0)
    10000.0
    """
    return accelerator_hours / duration_h


def whole_job_mfu(*, total_flop: Quantity, accelerator_hours: Quantity, peak_flops: Quantity) -> Quantity:
    r"""
    Model FLOP utilisation that a run's hours imply, to judge whether they can be true.

    Parameters
    ----------
    total_flop : float or array
        Operations of the model. [FLOP]
    accelerator_hours : float or array
        Accelerators times hours, as billed. [h]
    peak_flops : float or array
        Dense peak rate of one accelerator at the precision used. [FLOP/s]

    Returns
    -------
    float or array
        Utilisation. [1]

    Notes
    -----
    .. math:: \mathrm{MFU} = \frac{F}{3600 \, R \, T}

    References
    ----------
    .. [1] Chowdhery et al., PaLM, 2022, arXiv:2204.02311, section 4.1.

    Examples
    --------
    >>> round(whole_job_mfu(total_flop=3.15e23, accelerator_hours=3.552e6, peak_flops=125e12), 3)
    0.197
    """
    return total_flop / (peak_flops * accelerator_hours * S_PER_H)


def training_peak_flops(
    *, precision: Precision | None, peak_fp16_flops: float | None, peak_fp32_flops: float | None
) -> float | None:
    """
    Dense peak rate against which the utilisation of a training run is stated.

    Parameters
    ----------
    precision : str or None
        Precision of the matrix products; None for the usual 16 bits.
    peak_fp16_flops : float or None
        Dense 16-bit peak of the accelerator; None where it has none. [FLOP/s]
    peak_fp32_flops : float or None
        Peak at 32 bits, without tensor cores. [FLOP/s]

    Returns
    -------
    float or None
        Peak rate; None where it is unknown. [FLOP/s]

    Notes
    -----
    A TF32 peak is half the 16-bit peak. Training in 8 bits speeds up only some of the products, and the hours of such
    runs are published against the 16-bit peak [1]_, which is therefore taken here. An accelerator without a 16-bit peak
    trains at 32 bits.

    References
    ----------
    .. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, 2024, arXiv:2412.19437.

    Examples
    --------
    >>> training_peak_flops(precision="tf32", peak_fp16_flops=312e12, peak_fp32_flops=19.5e12)
    156000000000000.0
    """
    if precision == "fp32" or peak_fp16_flops is None:
        return peak_fp32_flops
    return peak_fp16_flops / 2.0 if precision == "tf32" else peak_fp16_flops


def serving_peak_flops(*, precision: Precision | None, peak_fp16_flops: float, peak_int8_flops: float | None) -> float:
    """
    Dense peak rate at which a model of a precision is served.

    Parameters
    ----------
    precision : str or None
        Precision of the weights; None for 16 bits.
    peak_fp16_flops : float
        Dense 16-bit peak. [FLOP/s]
    peak_int8_flops : float or None
        Dense 8-bit peak; None where the accelerator has none or it is unknown. [FLOP/s]

    Returns
    -------
    float
        Peak rate. Four-bit weights are widened and multiplied at 16 bits: only their reading is faster. [FLOP/s]

    Examples
    --------
    >>> serving_peak_flops(precision="fp8", peak_fp16_flops=989.4e12, peak_int8_flops=1979e12)
    1979000000000000.0
    """
    if precision in ("fp8", "int8") and peak_int8_flops is not None:
        # Some boards have a slow path for integers, and nobody would take it.
        return max(peak_int8_flops, peak_fp16_flops)
    return peak_fp16_flops / 2.0 if precision in ("fp32", "tf32") else peak_fp16_flops


def layer_count_estimate(*, parameters_count: Quantity) -> Quantity:
    r"""
    Layers of a language model of a size, where its architecture is not known.

    Parameters
    ----------
    parameters_count : float or array
        All parameters. [1]

    Returns
    -------
    float or array
        Layers, not rounded. [1]

    Notes
    -----
    .. math:: l = 32 \left( \frac{N}{8 \cdot 10^9} \right)^{0.38}

    A power law through the published configurations of Llama 3.1: 8B has 32 layers, 70B has 80, 405B has 126.

    References
    ----------
    .. [1] Grattafiori et al., The Llama 3 Herd of Models, 2024, arXiv:2407.21783, table 3.

    Examples
    --------
    >>> layer_count_estimate(parameters_count=8e9)
    32.0
    """
    return 32.0 * (parameters_count / 8e9) ** 0.38


def model_width_estimate(*, active_parameters_count: Quantity, layer_count: Quantity) -> Quantity:
    r"""
    Width of a language model, where its architecture is not known.

    Parameters
    ----------
    active_parameters_count : float or array
        Parameters active for one token. [1]
    layer_count : float or array
        Layers. [1]

    Returns
    -------
    float or array
        Width, not rounded. [1]

    Notes
    -----
    .. math:: d = \sqrt{\frac{N}{12 \, l}}

    as a layer of width d has about 12 d² parameters.

    References
    ----------
    .. [1] Kaplan et al., Scaling Laws for Neural Language Models, 2020, arXiv:2001.08361, section 2.1.

    Examples
    --------
    >>> round(float(model_width_estimate(active_parameters_count=70.6e9, layer_count=80)))
    8576
    """
    width: Quantity = np.sqrt(active_parameters_count / (12.0 * layer_count))
    return width
