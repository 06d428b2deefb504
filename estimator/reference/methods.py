"""Which method a workload allows, and what is missing for it."""

from collections.abc import Iterator
from typing import Final

from estimator.core.footprint import gettext_noop
from estimator.core.inputs import InputProblem, Method, Workload
from estimator.reference.sizes import ModelSize
from estimator.reference.tables import ModelRow

_DURATION: Final = gettext_noop("The hours by the clock are missing. Give duration_h.")
_DEVICE_DURATION: Final = gettext_noop(
    "The hours are missing. Give duration_h, or accelerators times hours in accelerator_hours."
)
_ACCELERATOR: Final = gettext_noop(
    "The hardware is missing. Choose an accelerator, or give its mean draw in mean_accelerator_power_w."
)
_ACCELERATOR_FOR_FLOP: Final = gettext_noop(
    "The hardware is missing: its peak rate tells the hours. Choose an accelerator."
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


_SIZE: Final = gettext_noop("The size of the model is missing. Give parameters_count, or a preset of the catalogue.")
_PRESET_WITHOUT_SIZE: Final = gettext_noop(
    "The size of this model is not published. Give parameters_count as you assume."
)
_TOKENS: Final = gettext_noop("The tokens seen in training are missing. Give training_tokens.")
_CPU: Final = gettext_noop("The processor is missing. Give cpu, or the mean draw of all of them in mean_cpu_power_w.")
_MEMORY: Final = gettext_noop("The memory available is missing. Give memory_gb.")
_REQUESTS: Final = gettext_noop("The number of requests is missing. Give requests_count.")
_NO_TOKENS: Final = gettext_noop("A request without any tokens costs nothing. Give input_tokens or output_tokens.")
_HOST_TWICE: Final = gettext_noop(
    "CPUs and memory are given by their draw already. Give host_overhead_share or the draws, not both."
)


def choose_method(workload: Workload, preset: ModelRow | None = None) -> Method:
    """
    The method of a workload: the one that it names, or the most direct that its fields allow.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    preset : ModelRow, optional
        The published model that it names, which may tell parameters and tokens.

    Returns
    -------
    str
        Measured energy before draws, draws before rated power, rated power before model size. Where the fields
        are not enough for any, the method that they come closest to.
    """
    if workload.method != "auto":
        return workload.method
    hardware = workload.hardware
    accelerator_known = hardware.accelerator is not None or hardware.mean_accelerator_power_w is not None
    if workload.it_energy_kwh is not None:
        return "measured"
    if workload.duration_h is not None and (
        hardware.mean_system_power_w is not None or _component_draws_given(workload)
    ):
        return "strubell_2019"
    if accelerator_known and accelerator_hours_known(workload):
        return "device_hours"
    is_served = any(value is not None for _, value in workload.inference)
    if _operations_known(workload, preset) and not (workload.activity == "inference" and is_served):
        return "training_flop"
    if (hardware.memory_gb is not None or hardware.mean_memory_power_w is not None) and (
        hardware.cpu is not None
        or hardware.cpu_count is not None
        or hardware.cpu_core_count is not None
        or hardware.mean_cpu_power_w is not None
    ):
        return "cores_and_memory"
    if is_served or (workload.activity == "inference" and workload.duration_h is None):
        return "inference_tokens"
    return "strubell_2019" if hardware.mean_system_power_w is not None else "device_hours"


def _operations_known(workload: Workload, preset: ModelRow | None) -> bool:
    model = workload.model
    if model.training_tokens is not None:
        sized = model.parameters_count is not None or model.active_parameters_count is not None
        return sized or model.preset is not None
    # A published model tells its own tokens; that is what was meant where it was named to be trained.
    return (
        preset is not None
        and workload.activity == "training"
        and workload.hardware.accelerator is not None
        and (preset.total_flop is not None or preset.training_tokens is not None)
    )


def accelerator_hours_known(workload: Workload) -> bool:
    """Whether accelerators times hours are given or follow from what is."""
    return workload.accelerator_hours is not None or (
        workload.hardware.accelerator_count is not None and workload.duration_h is not None
    )


def hours_by_clock_known(workload: Workload, method: Method) -> bool:
    """Whether the hours by the clock are given or follow: from operations and a count of accelerators."""
    return workload.duration_h is not None or (
        method == "training_flop" and workload.hardware.accelerator_count is not None
    )


def _component_draws_given(workload: Workload) -> bool:
    hardware = workload.hardware
    return (
        hardware.mean_cpu_power_w is not None
        and hardware.mean_memory_power_w is not None
        and hardware.mean_accelerator_power_w is not None
        and hardware.accelerator_count is not None
    )


def method_problems(
    workload: Workload, method: Method, size: ModelSize, preset: ModelRow | None = None
) -> Iterator[InputProblem]:
    """
    What a method lacks, each at the field that would give it.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    method : str
        The method chosen.
    size : ModelSize
        What is known of the model.
    preset : ModelRow, optional
        The published model that it names.

    Yields
    ------
    InputProblem
        Nothing where the method can be computed.
    """
    market = workload.market_based
    if market.contract_intensity_gco2e_per_kwh is not None and market.contracted_share is None:
        yield InputProblem(path="market_based.contracted_share", message=_CONTRACTED_SHARE)
    match method:
        case "strubell_2019":
            yield from _strubell_problems(workload)
        case "device_hours":
            yield from _device_problems(workload)
        case "training_flop":
            yield from _flop_problems(workload, size, preset)
        case "cores_and_memory":
            yield from _cores_problems(workload)
        case "inference_tokens":
            yield from _serving_problems(workload, size, preset)
        case "measured":
            if workload.it_energy_kwh is None:
                yield InputProblem(path="it_energy_kwh", message=_ENERGY)


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
    if workload.accelerator_hours is None and hardware.accelerator_count is None:
        yield InputProblem(path="hardware.accelerator_count", message=_COUNT)
    if workload.accelerator_hours is None and workload.duration_h is None:
        yield InputProblem(path="duration_h", message=_DEVICE_DURATION)
    yield from _host_problems(workload)


def _host_problems(workload: Workload) -> Iterator[InputProblem]:
    hardware = workload.hardware
    if hardware.host_overhead_share is not None and (
        hardware.mean_cpu_power_w is not None or hardware.mean_memory_power_w is not None
    ):
        yield InputProblem(path="hardware.host_overhead_share", message=_HOST_TWICE)


def _flop_problems(workload: Workload, size: ModelSize, preset: ModelRow | None) -> Iterator[InputProblem]:
    if workload.hardware.accelerator is None:
        yield InputProblem(path="hardware.accelerator", message=_ACCELERATOR_FOR_FLOP)
    yield from _host_problems(workload)
    if size.total_flop is not None:
        return
    if size.active is None:
        yield InputProblem(path="model.parameters_count", message=_SIZE if preset is None else _PRESET_WITHOUT_SIZE)
    if size.tokens is None:
        yield InputProblem(path="model.training_tokens", message=_TOKENS)


def _cores_problems(workload: Workload) -> Iterator[InputProblem]:
    hardware = workload.hardware
    if workload.duration_h is None:
        yield InputProblem(path="duration_h", message=_DURATION)
    if hardware.memory_gb is None and hardware.mean_memory_power_w is None:
        yield InputProblem(path="hardware.memory_gb", message=_MEMORY)
    if hardware.cpu is None and hardware.cpu_core_count is None and hardware.mean_cpu_power_w is None:
        yield InputProblem(path="hardware.cpu", message=_CPU)
    accelerator_given = hardware.accelerator is not None or hardware.mean_accelerator_power_w is not None
    if accelerator_given and workload.accelerator_hours is None and hardware.accelerator_count is None:
        yield InputProblem(path="hardware.accelerator_count", message=_COUNT)


def _serving_problems(workload: Workload, size: ModelSize, preset: ModelRow | None) -> Iterator[InputProblem]:
    asked = workload.inference
    if asked.requests_count is None:
        yield InputProblem(path="inference.requests_count", message=_REQUESTS)
    if asked.task is not None:
        return
    if size.active is None or size.parameters is None:
        yield InputProblem(path="model.parameters_count", message=_SIZE if preset is None else _PRESET_WITHOUT_SIZE)
    if asked.input_tokens == 0 and asked.output_tokens == 0:
        yield InputProblem(path="inference.output_tokens", message=_NO_TOKENS)
