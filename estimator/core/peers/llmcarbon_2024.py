"""LLMCarbon: hours from the operations at an efficiency of the hardware, and chips by their area."""

from dataclasses import replace
from typing import Final

from estimator.core.flops import flop_accelerator_hours
from estimator.core.peers.run import Answer, CannotSay, Run
from estimator.core.units import H_PER_YEAR, Quantity

#: Making of one chip, by its area and process. [kgCO2e]
CHIPS: Final = {"V100": 9.78, "H100": 14.652, "TPU v3": 7.0, "TPU v4": 6.4}
#: CPU, 256 GB of DRAM, 32 TB of SSD and the rest of a server of eight accelerators. [kgCO2e]
SERVER_KGCO2E: Final = 1.47 * 1.0 + 256.0 * 0.4 + 32_768.0 * 0.018 + 111.6 * 1.2
ACCELERATORS_PER_SERVER: Final = 8.0
LIFETIME_YEARS: Final = 5.0
#: Share of the peak rate: what its validation gives for V100 and TPU v3, and its throughput model for an A100.
EFFICIENCIES: Final = {"V100": 0.20, "TPU": 0.37}
EFFICIENCY: Final = 0.43

TRAINING_FLOP_PER_PARAMETER: Final = 6.0
INFERENCE_FLOP_PER_PARAMETER: Final = 2.0


def llmcarbon_accelerator_hours(
    *,
    active_parameters_count: Quantity,
    tokens: Quantity,
    peak_flops: Quantity,
    hardware_efficiency: Quantity,
    flop_per_parameter: Quantity = TRAINING_FLOP_PER_PARAMETER,
) -> Quantity:
    r"""
    Accelerator hours of a run as LLMCarbon has them.

    Parameters
    ----------
    active_parameters_count : float or array
        Parameters of a dense model, or of the base model of a mixture. [1]
    tokens : float or array
        Tokens trained on or served. [1]
    peak_flops : float or array
        Peak rate of one accelerator. [FLOP/s]
    hardware_efficiency : float or array
        Share of the peak that is reached. [1]
    flop_per_parameter : float or array, default 6
        6 in training, 2 in inference. [FLOP]

    Returns
    -------
    float or array
        Accelerators times hours. [h]

    Notes
    -----
    .. math:: T = \frac{6 \, P \, D}{3600 \, F \, e}

    References
    ----------
    .. [1] Faiz et al., LLMCarbon: Modeling the end-to-end Carbon Footprint of Large Language Models, ICLR 2024,
       arXiv:2309.14393, and its code.

    Examples
    --------
    >>> hours = llmcarbon_accelerator_hours(
    ...     active_parameters_count=175e9, tokens=300e9, peak_flops=125e12, hardware_efficiency=0.197
    ... )
    >>> round(hours / 10_000 / 24, 1)
    14.8
    """
    return flop_accelerator_hours(
        total_flop=flop_per_parameter * active_parameters_count * tokens,
        peak_flops=peak_flops,
        mfu=hardware_efficiency,
    )


def llmcarbon_embodied_kgco2e(*, accelerator_hours: Quantity, chip_kgco2e: Quantity) -> Quantity:
    r"""
    Share of making the hardware as LLMCarbon has it.

    Parameters
    ----------
    accelerator_hours : float or array
        Accelerators times hours. [h]
    chip_kgco2e : float or array
        Making of one accelerator's chip. [kgCO2e]

    Returns
    -------
    float or array
        Emissions, with an eighth of a server beside each accelerator and five years of life. [kgCO2e]

    Notes
    -----
    .. math:: M = \frac{T}{5 \cdot 8760} \left(m_c + \frac{m_s}{8}\right)

    References
    ----------
    .. [1] Faiz et al., LLMCarbon, ICLR 2024, arXiv:2309.14393, table 5, and its code.

    Examples
    --------
    >>> round(llmcarbon_embodied_kgco2e(accelerator_hours=512 * 20.4 * 24, chip_kgco2e=9.78))
    648
    """
    share = accelerator_hours / (LIFETIME_YEARS * H_PER_YEAR)
    return share * (chip_kgco2e + SERVER_KGCO2E / ACCELERATORS_PER_SERVER)


def answer(run: Run) -> Answer | CannotSay:
    """What the model says of a run; the draw of an accelerator and its server is that of this run."""
    active_parameters_count = run.active_parameters_count or run.parameters_count
    tokens = run.training_tokens
    if not run.is_training and run.requests_count is not None and run.output_tokens is not None:
        tokens = run.requests_count * (run.output_tokens + (run.input_tokens or 0.0))
    if active_parameters_count is None or tokens is None or run.peak_flops is None or not run.accelerator_hours:
        return CannotSay("needs_operations")
    efficiency = next((one for name, one in EFFICIENCIES.items() if name in run.accelerator_name), EFFICIENCY)
    hours = float(
        llmcarbon_accelerator_hours(
            active_parameters_count=active_parameters_count,
            tokens=tokens,
            peak_flops=run.peak_flops,
            hardware_efficiency=efficiency,
            flop_per_parameter=TRAINING_FLOP_PER_PARAMETER if run.is_training else INFERENCE_FLOP_PER_PARAMETER,
        )
    )
    chip_kgco2e = next((kg for name, kg in CHIPS.items() if name in run.accelerator_name), CHIPS["V100"])
    longer = hours / run.accelerator_hours
    return Answer(
        parts=replace(
            run.own,
            accelerator_energy_kwh=run.own.accelerator_energy_kwh * longer,
            host_energy_kwh=run.own.host_energy_kwh * longer,
            embodied_kgco2e=float(llmcarbon_embodied_kgco2e(accelerator_hours=hours, chip_kgco2e=chip_kgco2e)),
            multiplier=1.0,
        ),
        because={
            "multiplier": "final_run_only",
            "accelerator": "other_hours",
            "host": "other_hours_of_servers",
            "embodied": "chips_by_area",
        },
        params={"efficiency_percent": 100.0 * efficiency, "peer_hours": hours, "hours": run.accelerator_hours},
        also=("draws_of_this_run", "same_grid"),
    )
