"""Which method a workload allows, and what is missing for it."""

from collections.abc import Iterator
from typing import Final

from estimator.core.footprint import gettext_noop
from estimator.core.inputs import AVAILABLE_METHODS, InputProblem, Method, Workload

_NOT_AVAILABLE: Final = gettext_noop(
    "The method %(method)s is not available in this version. Choose one of: %(methods)s."
)
_FITS_NOT_AVAILABLE: Final = gettext_noop(
    "What is given fits the method %(method)s, which is not available in this version. Give the accelerator, their "
    "count and the hours, or the mean draw of the servers and the hours, or the measured energy."
)
_LEVERS: Final = gettext_noop("Levers are not available in this version. Leave them out.")
_DURATION: Final = gettext_noop("The hours by the clock are missing. Give duration_h.")
_DEVICE_DURATION: Final = gettext_noop(
    "The hours are missing. Give duration_h, or accelerators times hours in accelerator_hours."
)
_ACCELERATOR: Final = gettext_noop(
    "The hardware is missing. Choose an accelerator, or give its mean draw in mean_accelerator_power_w."
)
_COUNT: Final = gettext_noop("The number of accelerators is missing. Give accelerator_count.")
_SYSTEM_POWER: Final = gettext_noop(
    "The draw of the servers is missing. Give mean_system_power_w, or the draws of CPUs, memory and accelerators."
)
_CPU_POWER: Final = gettext_noop(
    "The draw of the CPUs is missing. Give mean_cpu_power_w, or mean_system_power_w for all of it."
)
_MEMORY_POWER: Final = gettext_noop(
    "The draw of the memory is missing. Give mean_memory_power_w, or mean_system_power_w for all of it."
)
_ENERGY: Final = gettext_noop("The measured energy is missing. Give it_energy_kwh, or choose another method.")
_CONTRACTED_SHARE: Final = gettext_noop(
    "The share under contract is missing. Give contracted_share, 1 for all of the electricity."
)


def choose_method(workload: Workload) -> Method:
    """
    The method of a workload: the one that it names, or the most direct that its fields allow.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.

    Returns
    -------
    str
        Measured energy before draws, draws before rated power, rated power before model size. Where the fields
        are not enough for any, the method that they come closest to.
    """
    if workload.method != "auto":
        return workload.method
    hardware, model, inference = workload.hardware, workload.model, workload.inference
    accelerator_known = hardware.accelerator is not None or hardware.mean_accelerator_power_w is not None
    hours_known = accelerator_hours_known(workload)
    if workload.it_energy_kwh is not None:
        return "measured"
    if workload.duration_h is not None and (
        hardware.mean_system_power_w is not None or _component_draws_given(workload)
    ):
        return "strubell_2019"
    if accelerator_known and hours_known:
        return "device_hours"
    if model.training_tokens is not None and (model.parameters_count is not None or model.preset is not None):
        return "training_flop"
    if hardware.memory_gb is not None and (hardware.cpu is not None or hardware.cpu_count is not None):
        return "cores_and_memory"
    if any(value is not None for _, value in inference):
        return "inference_tokens"
    return "strubell_2019" if hardware.mean_system_power_w is not None else "device_hours"


def accelerator_hours_known(workload: Workload) -> bool:
    """Whether accelerators times hours are given or follow from what is."""
    return workload.accelerator_hours is not None or (
        workload.hardware.accelerator_count is not None and workload.duration_h is not None
    )


def _component_draws_given(workload: Workload) -> bool:
    hardware = workload.hardware
    return (
        hardware.mean_cpu_power_w is not None
        and hardware.mean_memory_power_w is not None
        and hardware.mean_accelerator_power_w is not None
        and hardware.accelerator_count is not None
    )


def method_problems(workload: Workload, method: Method) -> Iterator[InputProblem]:
    """
    What a method lacks, each at the field that would give it.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    method : str
        The method chosen.

    Yields
    ------
    InputProblem
        Nothing where the method can be computed.
    """
    if workload.levers:
        yield InputProblem(path="levers", message=_LEVERS)
    market = workload.market_based
    if market.contract_intensity_gco2e_per_kwh is not None and market.contracted_share is None:
        yield InputProblem(path="market_based.contracted_share", message=_CONTRACTED_SHARE)
    match method:
        case "strubell_2019":
            yield from _strubell_problems(workload)
        case "device_hours":
            yield from _device_problems(workload)
        case "measured":
            if workload.it_energy_kwh is None:
                yield InputProblem(path="it_energy_kwh", message=_ENERGY)
        case _:
            yield InputProblem(
                path="method",
                message=_FITS_NOT_AVAILABLE if workload.method == "auto" else _NOT_AVAILABLE,
                text_params={"method": method, "methods": ", ".join(AVAILABLE_METHODS)},
                suggestions=AVAILABLE_METHODS,
            )


def _strubell_problems(workload: Workload) -> Iterator[InputProblem]:
    hardware = workload.hardware
    if workload.duration_h is None:
        yield InputProblem(path="duration_h", message=_DURATION)
    if hardware.mean_system_power_w is not None:
        return
    accelerator_given = hardware.accelerator is not None or hardware.mean_accelerator_power_w is not None
    if hardware.mean_cpu_power_w is None and hardware.mean_memory_power_w is None:
        yield InputProblem(path="hardware.mean_system_power_w", message=_SYSTEM_POWER)
        return
    if hardware.mean_cpu_power_w is None:
        yield InputProblem(path="hardware.mean_cpu_power_w", message=_CPU_POWER)
    if hardware.mean_memory_power_w is None:
        yield InputProblem(path="hardware.mean_memory_power_w", message=_MEMORY_POWER)
    if not accelerator_given:
        yield InputProblem(path="hardware.accelerator", message=_ACCELERATOR)
    if hardware.accelerator_count is None:
        yield InputProblem(path="hardware.accelerator_count", message=_COUNT)


def _device_problems(workload: Workload) -> Iterator[InputProblem]:
    hardware = workload.hardware
    if hardware.accelerator is None and hardware.mean_accelerator_power_w is None:
        yield InputProblem(path="hardware.accelerator", message=_ACCELERATOR)
    if workload.accelerator_hours is not None:
        return
    if hardware.accelerator_count is None:
        yield InputProblem(path="hardware.accelerator_count", message=_COUNT)
    if workload.duration_h is None:
        yield InputProblem(path="duration_h", message=_DEVICE_DURATION)
