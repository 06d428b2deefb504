"""EcoLogits: a regression on H100 measurements for the accelerators, a fixed server around them."""

import math
from dataclasses import dataclass, replace
from typing import Final

from estimator.core.peers.run import Answer, CannotSay, Run
from estimator.core.units import H_PER_YEAR, S_PER_H

VERSION: Final = "0.11.3"

#: Energy of one accelerator for one output token, [Wh] by billions of active parameters, at so many requests at once.
ENERGY_ALPHA: Final = 1.1665273170451914e-06
ENERGY_BETA: Final = -0.011205921025579175
ENERGY_GAMMA: Final = 4.052928146734005e-05
#: Seconds for one output token, by billions of active parameters and requests at once.
LATENCY_ALPHA: Final = 0.0006785088094353663
LATENCY_BETA: Final = 0.0003119310311688259
LATENCY_GAMMA: Final = 0.019473717579473387

BATCH_SIZE: Final = 64
BITS_PER_PARAMETER: Final = 16
ACCELERATOR_MEMORY_GB: Final = 80.0
MEMORY_OVERHEAD: Final = 1.2
ACCELERATORS_PER_SERVER: Final = 8
#: Draw of a server without its accelerators. [kW]
SERVER_POWER_KW: Final = 1.2
ACCELERATOR_KGCO2E: Final = 273.0
SERVER_KGCO2E: Final = 5_700.0
LIFETIME_YEARS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request as EcoLogits has it."""

    accelerator_count: int
    latency_s: float
    accelerator_energy_kwh: float  #: of all accelerators together
    host_energy_kwh: float
    embodied_kgco2e: float


def ecologits_request(
    *, parameters_count: float, active_parameters_count: float, output_tokens: float, batch_size: float = BATCH_SIZE
) -> Request:
    r"""
    Energy and making of the hardware for one request, as EcoLogits has them.

    Parameters
    ----------
    parameters_count : float
        All parameters, which decide how many accelerators hold the model. [1]
    active_parameters_count : float
        Parameters active for one token. [1]
    output_tokens : float
        Tokens of the answer; those of the question are not counted. [1]
    batch_size : float, default 64
        Requests served at once. [1]

    Returns
    -------
    Request
        Before the overhead of the facility.

    Notes
    -----
    .. math::
        e &= \alpha \, e^{\beta B} P + \gamma \\
        n &= 2^{\lceil \log_2 \lceil 1.2 \cdot 2 P_{all} / 80 \rceil \rceil} \\
        E &= n \, T e + \Delta t \, \frac{1.2 \, n}{8 B}

    References
    ----------
    .. [1] EcoLogits 0.11.3, the methodology of LLM inference, and its code.

    Examples
    --------
    >>> request = ecologits_request(parameters_count=70.55e9, active_parameters_count=70.55e9, output_tokens=400)
    >>> request.accelerator_count, round(1000 * (request.accelerator_energy_kwh + request.host_energy_kwh), 4)
    (4, 0.2201)
    """
    billions = active_parameters_count / 1e9
    wh_per_token = ENERGY_ALPHA * math.exp(ENERGY_BETA * batch_size) * billions + ENERGY_GAMMA
    latency_s = output_tokens * (LATENCY_ALPHA * billions + LATENCY_BETA * batch_size + LATENCY_GAMMA)
    memory_gb = MEMORY_OVERHEAD * parameters_count / 1e9 * BITS_PER_PARAMETER / 8
    count = 2 ** math.ceil(math.log2(math.ceil(memory_gb / ACCELERATOR_MEMORY_GB)))
    servers = count / ACCELERATORS_PER_SERVER
    making_kg = servers * SERVER_KGCO2E + count * ACCELERATOR_KGCO2E
    return Request(
        accelerator_count=count,
        latency_s=latency_s,
        accelerator_energy_kwh=count * output_tokens * wh_per_token / 1000.0,
        host_energy_kwh=latency_s / S_PER_H * SERVER_POWER_KW * servers / batch_size,
        embodied_kgco2e=latency_s * making_kg / (LIFETIME_YEARS * H_PER_YEAR * S_PER_H * batch_size),
    )


def answer(run: Run) -> Answer | CannotSay:
    """What the package says of a service."""
    if run.is_training:
        return CannotSay("inference_only")
    parameters_count = run.parameters_count or run.active_parameters_count
    if parameters_count is None or run.output_tokens is None or run.requests_count is None or not run.output_tokens:
        return CannotSay("needs_requests")
    request = ecologits_request(
        parameters_count=parameters_count,
        active_parameters_count=run.active_parameters_count or parameters_count,
        output_tokens=run.output_tokens,
    )
    return Answer(
        parts=replace(
            run.own,
            accelerator_energy_kwh=run.requests_count * request.accelerator_energy_kwh,
            host_energy_kwh=run.requests_count * request.host_energy_kwh,
            embodied_kgco2e=run.requests_count * request.embodied_kgco2e,
            multiplier=1.0,
        ),
        because={
            "multiplier": "final_run_only",
            "accelerator": "regression_of_tokens",
            "host": "fixed_server",
            "embodied": "servers_of_three_years",
        },
        params={"batch_size": BATCH_SIZE, "peer_accelerators": request.accelerator_count},
        also=("output_tokens_only", "same_pue", "same_grid"),
    )
