"""Memory of serving a language model: its weights, the cache of each sequence, and the accelerators that hold both."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from estimator.core.inputs import Precision
from estimator.core.units import Quantity

BYTES_PER_GB: Final = 1e9
#: Bytes of one weight. Four-bit formats carry a scale for every block of 32 weights.
BYTES_PER_PARAMETER: Final[Mapping[Precision, float]] = MappingProxyType(
    {"fp32": 4.0, "tf32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "int4": 0.53125}
)


def weights_gb(*, parameters_count: Quantity, bytes_per_parameter: Quantity) -> Quantity:
    r"""
    Memory that the weights of a model take.

    Parameters
    ----------
    parameters_count : float or array
        All parameters. [1]
    bytes_per_parameter : float or array
        Bytes of one weight (`BYTES_PER_PARAMETER`). [1]

    Returns
    -------
    float or array
        Memory. [GB]

    Notes
    -----
    .. math:: W = \frac{N \, b}{10^9}

    Examples
    --------
    >>> weights_gb(parameters_count=70e9, bytes_per_parameter=2.0)
    140.0
    """
    return parameters_count * bytes_per_parameter / BYTES_PER_GB


def weights_read_gb(
    *,
    parameters_count: Quantity,
    active_parameters_count: Quantity,
    batch_size: Quantity,
    bytes_per_parameter: Quantity,
) -> Quantity:
    r"""
    Weights that one step reads from memory for a whole batch.

    Parameters
    ----------
    parameters_count : float or array
        All parameters. [1]
    active_parameters_count : float or array
        Parameters active for one token; all of them in a dense model. [1]
    batch_size : float or array
        Sequences that are served at once. [1]
    bytes_per_parameter : float or array
        Bytes of one weight. [1]

    Returns
    -------
    float or array
        Weights read in one step. [GB]

    Notes
    -----
    .. math:: W_B = \frac{N \, b}{10^9} \left( 1 - (1 - N_a / N)^B \right)

    Each token of a batch B picks its own experts, so that a large batch touches nearly all of them. A dense model reads
    everything.

    Examples
    --------
    >>> round(weights_read_gb(
    ...     parameters_count=235e9, active_parameters_count=22e9, batch_size=8, bytes_per_parameter=2.0
    ... ), 1)
    255.9
    """
    weights = weights_gb(parameters_count=parameters_count, bytes_per_parameter=bytes_per_parameter)
    idle_share = 1.0 - active_parameters_count / parameters_count
    # Sizes that are drawn from ranges may cross: no more can be active than there is.
    if isinstance(idle_share, np.ndarray):
        idle_share = np.maximum(idle_share, 0.0)
    elif idle_share <= 0.0:
        return weights
    return weights * (1.0 - idle_share**batch_size)


def kv_cache_gb(*, active_parameters_count: Quantity, context_tokens: Quantity) -> Quantity:
    r"""
    Keys and values that one sequence keeps in memory, and reads for each new token.

    Parameters
    ----------
    active_parameters_count : float or array
        Parameters active for one token. [1]
    context_tokens : float or array
        Tokens before the new one, on average. [1]

    Returns
    -------
    float or array
        Cache of one sequence, at 16 bits. [GB]

    Notes
    -----
    .. math:: K = \frac{131\,072}{10^9} \left( \frac{N_a}{8 \cdot 10^9} \right)^{0.36} s

    A power law through the published configurations with grouped queries: Llama 3.1 8B keeps 131 kB a token, 70B 328 kB
    and 405B 516 kB, Qwen3-235B-A22B 193 kB. Models without grouped queries keep several times more, those with
    compressed or sliding caches less.

    References
    ----------
    .. [1] Grattafiori et al., The Llama 3 Herd of Models, 2024, arXiv:2407.21783, table 3.

    Examples
    --------
    >>> round(kv_cache_gb(active_parameters_count=8e9, context_tokens=1000), 3)
    0.131
    """
    return 131_072.0 / BYTES_PER_GB * (active_parameters_count / 8e9) ** 0.36 * context_tokens


def mean_context_tokens(*, input_tokens: Quantity, output_tokens: Quantity) -> Quantity:
    r"""
    Tokens that stand before a new one, on average over an answer.

    Parameters
    ----------
    input_tokens : float or array
        Tokens of the prompt. [1]
    output_tokens : float or array
        Tokens of the answer. [1]

    Returns
    -------
    float or array
        Tokens. [1]

    Notes
    -----
    .. math:: s = I + O / 2

    Examples
    --------
    >>> mean_context_tokens(input_tokens=200, output_tokens=400)
    400.0
    """
    return input_tokens + output_tokens / 2.0


def serving_accelerator_count(
    *,
    parameters_count: Quantity,
    active_parameters_count: Quantity,
    bytes_per_parameter: Quantity,
    batch_size: Quantity,
    context_tokens: Quantity,
    memory_gb: Quantity,
    usable_memory_share: Quantity = 0.9,
) -> Quantity:
    r"""
    Accelerators that hold one copy of a model with the caches of its batch.

    Parameters
    ----------
    parameters_count : float or array
        All parameters. [1]
    active_parameters_count : float or array
        Parameters active for one token. [1]
    bytes_per_parameter : float or array
        Bytes of one weight. [1]
    batch_size : float or array
        Sequences that are served at once. [1]
    context_tokens : float or array
        Tokens of a sequence, on average. [1]
    memory_gb : float or array
        Memory of one accelerator. [GB]
    usable_memory_share : float or array, default 0.9
        Share of it that serving software uses. [1]

    Returns
    -------
    float or array
        The next power of two, as tensors are split in halves. [1]

    Notes
    -----
    .. math:: n = 2^{\lceil \log_2 \max(1, (W + B \, K) / (0.9 \, m)) \rceil}

    References
    ----------
    .. [1] EcoLogits 0.11.3, methodology for language models (the power of two).

    Examples
    --------
    >>> serving_accelerator_count(
    ...     parameters_count=70e9, active_parameters_count=70e9, bytes_per_parameter=2.0, batch_size=32,
    ...     context_tokens=400, memory_gb=80.0
    ... )
    2.0
    """
    weights = weights_gb(parameters_count=parameters_count, bytes_per_parameter=bytes_per_parameter)
    cache = kv_cache_gb(active_parameters_count=active_parameters_count, context_tokens=context_tokens)
    needed = (weights + batch_size * cache) / (memory_gb * usable_memory_share)
    if isinstance(needed, np.ndarray):
        return np.exp2(np.ceil(np.log2(np.maximum(needed, 1.0))))
    return 2.0 ** math.ceil(math.log2(max(needed, 1.0)))
