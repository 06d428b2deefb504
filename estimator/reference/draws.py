"""What a run draws: hours, accelerators, processors, memory and what is around them."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from estimator.core.footprint import Assumption, Warning, gettext_noop
from estimator.core.inputs import Method, Workload
from estimator.reference.assume import assumption, certain, default, given, given_draw, given_energy
from estimator.reference.devices import rated_draw
from estimator.reference.methods import hours_by_clock_known
from estimator.reference.shelf import Shelf
from estimator.reference.tables import Accelerator, Cpu

_ACCELERATORS_ALONE: Final = gettext_noop(
    "CPUs, memory and network are not counted. Published servers draw 0.20 to 0.45 times their accelerators on them."
)


def needs_accelerator_draw(workload: Workload, method: Method) -> bool:
    """Whether the energy follows from the draw of one accelerator."""
    hardware = workload.hardware
    match method:
        case "device_hours" | "training_flop":
            return True
        case "strubell_2019":
            return hardware.mean_system_power_w is None
        case "cores_and_memory":
            return hardware.accelerator is not None or hardware.mean_accelerator_power_w is not None
        case _:
            return False


def draw_unknown(workload: Workload, accelerator: Accelerator, method: Method) -> bool:
    """Whether a draw is needed that neither the user nor the catalogue knows."""
    return (
        needs_accelerator_draw(workload, method)
        and workload.hardware.mean_accelerator_power_w is None
        and accelerator.tdp_w is None
        and accelerator.estimated_power_w is None
    )


def power_warnings(workload: Workload, accelerator: Accelerator | None, method: Method) -> Iterator[Warning]:
    """Say so where the draw of a board is the estimate of a third party."""
    if (
        accelerator is not None
        and accelerator.tdp_w is None
        and accelerator.estimated_power_w is not None
        and workload.hardware.mean_accelerator_power_w is None
        and (needs_accelerator_draw(workload, method) or method == "inference_tokens")
    ):
        yield Warning(
            code="power_estimated",
            message=gettext_noop(
                "The vendor publishes no power limit of %(accelerator)s: %(power_w)s W is the estimate of a third "
                "party. Give a measured draw for a better figure."
            ),
            field="hardware.mean_accelerator_power_w",
            text_params={"accelerator": accelerator.name, "power_w": accelerator.estimated_power_w},
        )


def host_draws_given(workload: Workload, method: Method) -> bool:
    """Whether the draw of CPUs or memory is given, and the hours to go with it."""
    hardware = workload.hardware
    given_draw = hardware.mean_cpu_power_w is not None or hardware.mean_memory_power_w is not None
    return given_draw and hours_by_clock_known(workload, method)


def energy_assumptions(
    workload: Workload, method: Method, accelerator: Accelerator | None, cpu: Cpu | None, shelf: Shelf
) -> Iterator[Assumption]:
    """
    Hours and draws of a run, as its method takes them.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    method : str
        How its energy is computed.
    accelerator, cpu : row or None
        What it ran on.
    shelf : Shelf
        The reference data.

    Yields
    ------
    Assumption
        What is known.
    """
    hardware, defaults = workload.hardware, shelf.defaults
    hours = defaults["spread_given_hours"]
    by_flop = method == "training_flop"
    if method == "measured" and workload.it_energy_kwh is not None:
        yield given_energy(workload, shelf)
    if hardware.idle_share is not None and method in ("device_hours", "training_flop", "inference_tokens"):
        yield certain("idle_share", hardware.idle_share)
    yield from _overhead(workload, method, shelf)
    if method == "inference_tokens":
        return
    # Where operations tell the hours, those given only tell what is missing: the hours of a known count, or the count.
    if workload.duration_h is not None and not (by_flop and hardware.accelerator_count is not None):
        yield given("duration_h", workload.duration_h, hours)
    if hardware.accelerator_count is not None:
        yield certain("accelerator_count", float(hardware.accelerator_count))
    if workload.accelerator_hours is not None and not by_flop:
        # Not where the composer has count and duration: it writes their product as a step of its own.
        yield given("accelerator_hours", workload.accelerator_hours, hours)
    if method == "strubell_2019" and hardware.mean_system_power_w is not None:
        yield given_draw(hardware, "mean_system_power_w", shelf)
    elif method != "measured":
        if hardware.mean_cpu_power_w is not None:
            yield given_draw(hardware, "mean_cpu_power_w", shelf)
        if hardware.mean_memory_power_w is not None:
            yield given_draw(hardware, "mean_memory_power_w", shelf)
    if method == "cores_and_memory":
        yield from _cores_and_memory(workload, cpu, shelf)
    if needs_accelerator_draw(workload, method) or (
        method == "strubell_2019" and hardware.mean_accelerator_power_w is not None
    ):
        yield from _accelerator_draw(workload, accelerator, shelf)


def _overhead(workload: Workload, method: Method, shelf: Shelf) -> Iterator[Assumption]:
    if method not in ("device_hours", "training_flop", "inference_tokens") or host_draws_given(workload, method):
        return
    share = workload.hardware.host_overhead_share
    if share is not None:
        yield certain("host_overhead_share", share)
    elif method == "device_hours":
        yield certain("host_overhead_share", 0.0, status="default", note=_ACCELERATORS_ALONE)
    else:
        note = gettext_noop("CPUs, memory and network around the accelerators, as measured for servers of others.")
        yield default("host_overhead_share", "host_overhead_share", shelf, note)


def _accelerator_draw(workload: Workload, accelerator: Accelerator | None, shelf: Shelf) -> Iterator[Assumption]:
    hardware, defaults = workload.hardware, shelf.defaults
    if hardware.mean_accelerator_power_w is not None:
        yield given_draw(hardware, "mean_accelerator_power_w", shelf)
        if hardware.utilisation is not None:
            yield certain("utilisation", hardware.utilisation)
        else:
            note = gettext_noop("A mean draw holds the utilisation already.")
            yield certain("utilisation", 1.0, status="default", note=note)
        return
    if accelerator is None:
        return
    yield rated_draw(shelf, accelerator.id)
    if hardware.utilisation is not None:
        yield given("utilisation", hardware.utilisation, defaults["spread_given_power"])
    else:
        yield default(
            "utilisation",
            "utilisation",
            shelf,
            gettext_noop("Accelerators in training draw 0.60 to 0.95 of their limit."),
        )


# --- processors and memory -----------------------------------------------------------------------------------------


def _cores_and_memory(workload: Workload, cpu: Cpu | None, shelf: Shelf) -> Iterator[Assumption]:
    hardware = workload.hardware
    if hardware.mean_cpu_power_w is None:
        yield from _processors(workload, cpu, shelf)
    if hardware.mean_memory_power_w is None and hardware.memory_gb is not None:
        yield certain("memory_gb", hardware.memory_gb)
        note = gettext_noop("Of memory that is there, whether it is used or not.")
        yield default("memory_power_w_per_gb", "memory_power", shelf, note)


def _processors(workload: Workload, cpu: Cpu | None, shelf: Shelf) -> Iterator[Assumption]:
    hardware = workload.hardware
    no_accelerator = hardware.accelerator is None and hardware.mean_accelerator_power_w is None
    if hardware.cpu_core_count is not None:
        yield certain("cpu_core_count", float(hardware.cpu_core_count))
        if cpu is not None:
            yield _rated_cpu(shelf, cpu.id, "cpu_core_power_w")
        else:
            note = gettext_noop("The CPU is not named: a usual limit over its number of cores.")
            yield default("cpu_core_power_w", "cpu_core_power", shelf, note)
    else:
        if hardware.cpu_count is not None:
            yield certain("cpu_count", float(hardware.cpu_count))
        else:
            yield certain("cpu_count", 1.0, status="default", note=gettext_noop("One CPU, as no number is given."))
        if cpu is not None:
            yield _rated_cpu(shelf, cpu.id, "cpu_tdp_w")
    if hardware.utilisation is not None and no_accelerator:
        yield certain("cpu_utilisation", hardware.utilisation)
    else:
        note = gettext_noop("All cores at their limit, as the method takes it; they seldom are.")
        yield default("cpu_utilisation", "cpu_utilisation", shelf, note)


@lru_cache(maxsize=256)
def _rated_cpu(shelf: Shelf, cpu_id: str, name: str) -> Assumption:
    cpu = shelf.cpu_names.find(cpu_id, path="hardware.cpu").row
    of_core = name == "cpu_core_power_w"
    power_w = cpu.tdp_w / cpu.core_count if of_core else cpu.tdp_w
    spread = shelf.defaults["spread_cpu_tdp"]
    return assumption(
        name,
        power_w,
        low=power_w * spread.low,
        high=power_w * spread.high,
        status="looked_up",
        match="exact",
        quality=spread.quality,
        source_ids=cpu.source_ids,
        note=gettext_noop("The limit of %(cpu)s, %(tdp_w)s W for the whole chip, over its %(cores)s cores.")
        if of_core
        else gettext_noop("The limit of %(cpu)s, for the whole chip and not for a core."),
        cpu=cpu.name,
        tdp_w=cpu.tdp_w,
        cores=cpu.core_count,
    )
