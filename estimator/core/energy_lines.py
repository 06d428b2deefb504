"""
The lines of the energy, method by method: which quantity is computed from which, by which published formula.

Where there was more than one run, the lines of the final run come first under names that begin with `final_run_`; what
bears the plain name is always the sum of all runs.
"""

from functools import cache
from typing import Final

from estimator.core import energy, flops
from estimator.core.factors import Factors
from estimator.core.footprint import gettext_noop
from estimator.core.inputs import Method, Workload
from estimator.core.levers.federated import is_federated, write_federated
from estimator.core.serving_lines import write_serving
from estimator.core.sheet import Line, Sheet, by_name, product, total, write_same
from estimator.core.units import Quantity

#: Where the formulas were published; cited where the catalogue has the source.
METHOD_SOURCE_IDS: Final[dict[Method, tuple[str, ...]]] = {
    "strubell_2019": ("strubell-2019",),
    "device_hours": ("patterson-2021",),
    "training_flop": ("kaplan-2020",),
    "cores_and_memory": ("green-algorithms-2021",),
    "inference_tokens": ("pope-2022",),
}
MFU_SOURCE_IDS: Final = ("chowdhery-2022",)
HOST_SOURCE_IDS: Final = ("dodge-2022",)
DEVELOPMENT_SOURCE_IDS: Final = ("green-algorithms-2021",)

#: What the draw of a system is the sum of.
SYSTEM_COMPONENTS: Final = (
    "mean_cpu_power_w",
    "mean_memory_power_w",
    "accelerator_count",
    "mean_accelerator_power_w",
)
FLOP_INPUTS: Final = ("flop_per_parameter_token", "active_parameters_count", "training_tokens")

_IT_ENERGY: Final = gettext_noop("Energy of the servers")
_IT_ENERGY_OF_FINAL_RUN: Final = gettext_noop("Energy of the servers, final run")
_ONLY_ACCELERATORS: Final = gettext_noop("Energy of the servers, of which only the accelerators are known")
_ACCELERATOR_ENERGY: Final = gettext_noop("Energy of the accelerators")
_ACCELERATOR_ENERGY_OF_FINAL_RUN: Final = gettext_noop("Energy of the accelerators, final run")
_ACCELERATOR_HOURS: Final = gettext_noop("Time of the accelerators")
_ACCELERATOR_HOURS_OF_FINAL_RUN: Final = gettext_noop("Time of the accelerators, final run")
_TOTAL_FLOP: Final = gettext_noop("Operations of the training")
_TOTAL_FLOP_OF_FINAL_RUN: Final = gettext_noop("Operations of the training, final run")


def write_energy(sheet: Sheet, workload: Workload, factors: Factors) -> None:
    """Write the energy of accelerators, servers and facility, for all runs."""
    if is_federated(sheet):
        write_federated(sheet)
        return
    run = "final_run_" if _has_several_runs(factors) else ""
    if factors.method == "training_flop":
        _write_hours_by_flop(sheet, run)
    elif factors.method == "inference_tokens":
        write_serving(sheet, run)
    else:
        _write_accelerator_hours(sheet, workload, run)
    match factors.method:
        case "strubell_2019":
            _write_system_energy(sheet, factors, run)
        case "device_hours" | "training_flop":
            _write_accelerator_energy(sheet, run)
            _write_server_energy(sheet, factors, run)
        case "cores_and_memory":
            _write_cores_energy(sheet, run)
        case "inference_tokens":
            if f"{run}it_energy_kwh" not in sheet:
                _write_server_energy(sheet, factors, run)
        case "measured":
            if run:
                write_same(sheet, f"{run}it_energy_kwh", "it_energy_kwh", label=_IT_ENERGY_OF_FINAL_RUN, unit="kWh")
    if factors.method != "training_flop":
        _write_implied_mfu(sheet, run)
    if run:
        _write_all_runs(sheet, run)
    sheet.write(_facility_energy(factors.method))


@cache
def _facility_energy(method: Method) -> Line:
    return Line(
        "facility_energy_kwh",
        label=gettext_noop("Energy of the facility"),
        formula="it_energy_kwh × pue",
        unit="kWh",
        quantity=energy.facility_energy_kwh,
        source_ids=METHOD_SOURCE_IDS.get(method, ()),
        takes=by_name("it_energy_kwh", "pue"),
    )


def _has_several_runs(factors: Factors) -> bool:
    development, repeat = (factors.assumptions.get(name) for name in ("development_factor", "repeat_count"))
    return (development is not None and development.high != 0.0) or (
        repeat is not None and not repeat.low == repeat.value == repeat.high == 1.0
    )


# Time and operations


def _write_accelerator_hours(sheet: Sheet, workload: Workload, run: str) -> None:
    if workload.accelerator_hours is None and "accelerator_count" in sheet and "duration_h" in sheet:
        sheet.write(_accelerator_hours(run))
    elif run:
        label = _ACCELERATOR_HOURS_OF_FINAL_RUN
        write_same(sheet, f"{run}accelerator_hours", "accelerator_hours", label=label, unit="h")


@cache
def _accelerator_hours(run: str) -> Line:
    return Line(
        f"{run}accelerator_hours",
        label=_ACCELERATOR_HOURS_OF_FINAL_RUN if run else _ACCELERATOR_HOURS,
        formula="accelerator_count × duration_h",
        unit="h",
        quantity=energy.accelerator_hours,
        takes=by_name("accelerator_count", "duration_h"),
    )


def _write_total_flop(sheet: Sheet, run: str) -> None:
    name, label = f"{run}total_flop", _TOTAL_FLOP_OF_FINAL_RUN if run else _TOTAL_FLOP
    if "total_flop" in sheet:
        if run:
            write_same(sheet, name, "total_flop", label=label, unit="FLOP")
        return
    sheet.line(
        name,
        label=label,
        formula=" × ".join(FLOP_INPUTS),
        unit="FLOP",
        quantity=flops.training_flop,
        source_ids=METHOD_SOURCE_IDS["training_flop"],
        takes=by_name(*FLOP_INPUTS),
    )


def _write_hours_by_flop(sheet: Sheet, run: str) -> None:
    _write_total_flop(sheet, run)
    hours = f"{run}accelerator_hours"
    sheet.line(
        hours,
        label=_ACCELERATOR_HOURS_OF_FINAL_RUN if run else _ACCELERATOR_HOURS,
        formula=f"{run}total_flop ÷ (peak_flops × mfu × 3600)",
        unit="h",
        quantity=flops.flop_accelerator_hours,
        source_ids=MFU_SOURCE_IDS,
        takes={"total_flop": f"{run}total_flop", **by_name("peak_flops", "mfu")},
    )
    if "accelerator_count" in sheet:
        sheet.line(
            "duration_h",
            label=gettext_noop("Hours by the clock"),
            formula=f"{hours} ÷ accelerator_count",
            unit="h",
            quantity=flops.run_duration_h,
            takes={"accelerator_hours": hours, **by_name("accelerator_count")},
        )
    else:
        sheet.line(
            "accelerator_count",
            label=gettext_noop("Accelerators used at once"),
            formula=f"{hours} ÷ duration_h",
            unit="1",
            quantity=flops.required_accelerator_count,
            takes={"accelerator_hours": hours, **by_name("duration_h")},
        )


def _write_implied_mfu(sheet: Sheet, run: str) -> None:
    """Write what the hours imply, where the operations are known as well: a test of both."""
    if "peak_flops" not in sheet or f"{run}accelerator_hours" not in sheet:
        return
    _write_total_flop(sheet, run)
    sheet.line(
        "mfu",
        label=gettext_noop("Model FLOP utilisation that the hours imply"),
        formula=f"{run}total_flop ÷ (peak_flops × {run}accelerator_hours × 3600)",
        unit="1",
        quantity=flops.whole_job_mfu,
        source_ids=MFU_SOURCE_IDS,
        takes={
            "total_flop": f"{run}total_flop",
            "accelerator_hours": f"{run}accelerator_hours",
            **by_name("peak_flops"),
        },
    )


# Accelerators, hosts, servers


def _write_accelerator_energy(sheet: Sheet, run: str, *, reserved: bool = True) -> None:
    utilisation = ("utilisation",) if "utilisation" in sheet else ()
    idle = ("idle_share",) if reserved and "idle_share" in sheet else ()
    sheet.write(_accelerator_energy(run, utilisation, idle))


@cache
def _accelerator_energy(run: str, utilisation: tuple[str, ...], idle: tuple[str, ...]) -> Line:
    return Line(
        f"{run}accelerator_energy_kwh",
        label=_ACCELERATOR_ENERGY_OF_FINAL_RUN if run else _ACCELERATOR_ENERGY,
        formula=f"{run}accelerator_hours × mean_accelerator_power_w{' × utilisation' if utilisation else ''} ÷ "
        + ("(1000 × (1 − idle_share))" if idle else "1000"),
        unit="kWh",
        quantity=energy.accelerator_energy_kwh,
        takes={
            "accelerator_hours": f"{run}accelerator_hours",
            **by_name("mean_accelerator_power_w", *utilisation, *idle),
        },
    )


def _write_system_energy(sheet: Sheet, factors: Factors, run: str) -> None:
    accelerator_power = factors.assumptions.get("mean_accelerator_power_w")
    by_components = "mean_system_power_w" not in sheet
    # Beside a measured draw of the system, the limit of a board says nothing about the accelerators' part of it.
    if by_components or (accelerator_power is not None and accelerator_power.status in ("given", "measured")):
        _write_accelerator_energy(sheet, run, reserved=False)
    if by_components:
        utilisation = ("utilisation",) if "utilisation" in sheet else ()
        sheet.line(
            "mean_system_power_w",
            label=gettext_noop("Mean draw of the servers"),
            formula="mean_cpu_power_w + mean_memory_power_w + accelerator_count × mean_accelerator_power_w"
            + (" × utilisation" if utilisation else ""),
            unit="W",
            quantity=energy.component_system_power_w,
            source_ids=METHOD_SOURCE_IDS["strubell_2019"],
            takes=by_name(*SYSTEM_COMPONENTS, *utilisation),
        )
    sheet.line(
        f"{run}it_energy_kwh",
        label=_IT_ENERGY_OF_FINAL_RUN if run else _IT_ENERGY,
        formula="mean_system_power_w × duration_h ÷ 1000",
        unit="kWh",
        quantity=energy.system_energy_kwh,
        source_ids=METHOD_SOURCE_IDS["strubell_2019"],
        takes=by_name("mean_system_power_w", "duration_h"),
    )


def _write_host_energy(sheet: Sheet, run: str) -> bool:
    hosts = [name for name in ("mean_cpu_power_w", "mean_memory_power_w") if name in sheet]
    return bool(hosts) and sheet.line(
        f"{run}host_energy_kwh",
        label=gettext_noop("Energy of processors and memory"),
        formula=f"({' + '.join(hosts)}) × duration_h ÷ 1000",
        unit="kWh",
        quantity=energy.host_energy_kwh,
        takes=by_name("duration_h", *hosts),
    )


def _write_parts(sheet: Sheet, run: str) -> None:
    sheet.line(
        f"{run}it_energy_kwh",
        label=_IT_ENERGY_OF_FINAL_RUN if run else _IT_ENERGY,
        formula=f"{run}accelerator_energy_kwh + {run}host_energy_kwh",
        unit="kWh",
        quantity=total,
        takes={
            "accelerator_energy_kwh": f"{run}accelerator_energy_kwh",
            "host_energy_kwh": f"{run}host_energy_kwh",
        },
    )


def _write_server_energy(sheet: Sheet, factors: Factors, run: str) -> None:
    """Write the servers around accelerators: by the draws of the rest, by its share, or not at all."""
    share = factors.assumptions.get("host_overhead_share")
    if factors.method != "inference_tokens" and _write_host_energy(sheet, run):
        _write_parts(sheet, run)
    elif share is not None and share.high > 0.0:
        sheet.write(_server_energy(run))
    else:
        write_same(sheet, f"{run}it_energy_kwh", f"{run}accelerator_energy_kwh", label=_ONLY_ACCELERATORS, unit="kWh")


@cache
def _server_energy(run: str) -> Line:
    return Line(
        f"{run}it_energy_kwh",
        label=_IT_ENERGY_OF_FINAL_RUN if run else _IT_ENERGY,
        formula=f"{run}accelerator_energy_kwh × (1 + host_overhead_share)",
        unit="kWh",
        quantity=energy.server_energy_kwh,
        source_ids=HOST_SOURCE_IDS,
        takes={"accelerator_energy_kwh": f"{run}accelerator_energy_kwh", **by_name("host_overhead_share")},
    )


def _write_cores_energy(sheet: Sheet, run: str) -> None:
    count, power = ("cpu_core_count", "cpu_core_power_w")
    if "cpu_core_count" not in sheet:
        count, power = ("cpu_count", "cpu_tdp_w")
    if "mean_cpu_power_w" not in sheet:
        sheet.line(
            "mean_cpu_power_w",
            label=gettext_noop("Mean draw of all CPUs"),
            formula=f"{count} × {power} × cpu_utilisation",
            unit="W",
            quantity=_cpu_power_w,
            source_ids=METHOD_SOURCE_IDS["cores_and_memory"],
            takes={"count": count, "power_w": power, "utilisation": "cpu_utilisation"},
        )
    if "mean_memory_power_w" not in sheet:
        sheet.line(
            "mean_memory_power_w",
            label=gettext_noop("Mean draw of all memory"),
            formula="memory_gb × memory_power_w_per_gb",
            unit="W",
            quantity=product,
            source_ids=METHOD_SOURCE_IDS["cores_and_memory"],
            takes={"amount": "memory_gb", "multiplier": "memory_power_w_per_gb"},
        )
    _write_host_energy(sheet, run)
    _write_accelerator_energy(sheet, run)
    if f"{run}accelerator_energy_kwh" in sheet:
        _write_parts(sheet, run)
    else:
        label = _IT_ENERGY_OF_FINAL_RUN if run else _IT_ENERGY
        write_same(sheet, f"{run}it_energy_kwh", f"{run}host_energy_kwh", label=label, unit="kWh")


def _cpu_power_w(*, count: Quantity, power_w: Quantity, utilisation: Quantity) -> Quantity:
    return count * power_w * utilisation


def _write_all_runs(sheet: Sheet, run: str) -> None:
    names = [name for name in ("development_factor", "repeat_count") if name in sheet]
    formulas = {"development_factor": "(1 + development_factor)", "repeat_count": "repeat_count"}
    sheet.line(
        "run_multiplier",
        label=gettext_noop("All runs as a multiple of the final run"),
        formula=" × ".join(formulas[name] for name in names),
        unit="1",
        quantity=energy.run_multiplier,
        source_ids=DEVELOPMENT_SOURCE_IDS,
        takes=by_name(*names),
    )
    for name, label, unit in (
        ("total_flop", _TOTAL_FLOP, "FLOP"),
        ("accelerator_hours", _ACCELERATOR_HOURS, "h"),
        ("accelerator_energy_kwh", _ACCELERATOR_ENERGY, "kWh"),
        ("it_energy_kwh", _IT_ENERGY, "kWh"),
    ):
        sheet.line(
            name,
            label=label,
            formula=f"{run}{name} × run_multiplier",
            unit=unit,
            quantity=product,
            takes={"amount": f"{run}{name}", "multiplier": "run_multiplier"},
        )
