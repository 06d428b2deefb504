"""One assumption each: value, range, unit, and where it came from."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from estimator.core.footprint import Assumption, Match, Quality, Status, gettext_noop
from estimator.core.inputs import Hardware, Workload
from estimator.core.ranged import RANGES, own_range
from estimator.reference.shelf import Shelf
from estimator.reference.tables import Default

#: Name -> label for people, unit.
QUANTITIES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "duration_h": (gettext_noop("Hours by the clock"), "h"),
        "accelerator_count": (gettext_noop("Accelerators used at once"), "1"),
        "accelerator_hours": (gettext_noop("Accelerators × hours"), "h"),
        "mean_accelerator_power_w": (gettext_noop("Draw of one accelerator"), "W"),
        "utilisation": (gettext_noop("Share of that draw that is used"), "1"),
        "mean_system_power_w": (gettext_noop("Mean draw of all servers"), "W"),
        "mean_cpu_power_w": (gettext_noop("Mean draw of all CPUs"), "W"),
        "mean_memory_power_w": (gettext_noop("Mean draw of all memory"), "W"),
        "it_energy_kwh": (gettext_noop("Energy of the servers"), "kWh"),
        "host_overhead_share": (gettext_noop("CPUs, memory and network, as a share of the accelerators"), "1"),
        "idle_share": (gettext_noop("Share of the energy that is drawn idle"), "1"),
        "flop_per_parameter_token": (gettext_noop("Operations for one parameter and token"), "FLOP"),
        "parameters_count": (gettext_noop("Parameters of the model"), "1"),
        "active_parameters_count": (gettext_noop("Parameters active for one token"), "1"),
        "training_tokens": (gettext_noop("Tokens seen in training"), "token"),
        "total_flop": (gettext_noop("Operations of the training"), "FLOP"),
        "peak_flops": (gettext_noop("Peak rate of one accelerator"), "FLOP/s"),
        "mfu": (gettext_noop("Model FLOP utilisation of the whole job (MFU)"), "1"),
        "cpu_count": (gettext_noop("CPU sockets"), "1"),
        "cpu_tdp_w": (gettext_noop("Power limit of one CPU"), "W"),
        "cpu_core_count": (gettext_noop("CPU cores"), "1"),
        "cpu_core_power_w": (gettext_noop("Power limit of one CPU core"), "W"),
        "cpu_utilisation": (gettext_noop("Share of the CPUs that is used"), "1"),
        "memory_gb": (gettext_noop("Memory available"), "GB"),
        "memory_power_w_per_gb": (gettext_noop("Draw of one gigabyte of memory"), "W/GB"),
        "requests_count": (gettext_noop("Requests"), "1"),
        "input_tokens": (gettext_noop("Tokens of one prompt"), "token"),
        "output_tokens": (gettext_noop("Tokens of one answer"), "token"),
        "batch_size": (gettext_noop("Requests served at once"), "1"),
        "bytes_per_parameter": (gettext_noop("Bytes of one parameter"), "1"),
        "accelerator_tdp_w": (gettext_noop("Power limit of one accelerator"), "W"),
        "accelerator_memory_gb": (gettext_noop("Memory of one accelerator"), "GB"),
        "memory_bandwidth_gb_per_s": (gettext_noop("Memory bandwidth of one accelerator"), "GB/s"),
        "memory_efficiency": (gettext_noop("Share of the bandwidth that is reached"), "1"),
        "compute_efficiency": (gettext_noop("Share of the peak rate that is reached"), "1"),
        "split_penalty": (gettext_noop("Time lost when the number of accelerators doubles"), "1"),
        "split_mixture_factor": (gettext_noop("Slowing of experts on several accelerators"), "1"),
        "layer_overhead_s": (gettext_noop("Time lost in each layer of a step"), "s"),
        "split_layer_overhead_s": (gettext_noop("More of it on several accelerators"), "s"),
        "split_mixture_layer_overhead_s": (gettext_noop("More of it with experts on several accelerators"), "s"),
        "memory_bound_draw": (gettext_noop("Share of the limit drawn while reading memory"), "1"),
        "compute_bound_draw": (gettext_noop("Share of the limit drawn while multiplying"), "1"),
        "overhead_draw": (gettext_noop("Share of the limit drawn while waiting for steps"), "1"),
        "model_error_factor": (gettext_noop("Error of the formula for serving"), "1"),
        "energy_wh_per_item": (gettext_noop("Energy of the accelerators for one item"), "Wh"),
        "server_energy_wh_per_item": (gettext_noop("Energy of the servers for one item"), "Wh"),
        "pue": (gettext_noop("Power usage effectiveness of the facility (PUE)"), "1"),
        "grid_intensity_gco2e_per_kwh": (gettext_noop("Carbon intensity of the grid"), "gCO2e/kWh"),
        "development_factor": (gettext_noop("Development runs, as a share of the final run"), "1"),
        "repeat_count": (gettext_noop("Repeats of the whole run"), "1"),
        "contracted_share": (gettext_noop("Share of the electricity under contract"), "1"),
        "contract_intensity_gco2e_per_kwh": (gettext_noop("Carbon intensity of the contract"), "gCO2e/kWh"),
        "certificates_share": (gettext_noop("Share of the electricity covered by certificates"), "1"),
        "residual_intensity_gco2e_per_kwh": (gettext_noop("Carbon intensity of the residual mix"), "gCO2e/kWh"),
        "device_embodied_kgco2e": (gettext_noop("Making of one accelerator"), "kgCO2e"),
        "host_embodied_kgco2e": (gettext_noop("Making of the server, per accelerator"), "kgCO2e"),
        "machine_embodied_kgco2e": (gettext_noop("Making of the machine"), "kgCO2e"),
        "machine_share": (gettext_noop("Machines that the run had, or its share of one"), "1"),
        "item_power_w": (gettext_noop("Draw of a server while it makes items, per accelerator"), "W"),
        "lifetime_years": (gettext_noop("Service life"), "year"),
        "lifetime_utilisation": (gettext_noop("Share of the service life in use"), "1"),
        "wue_l_per_kwh": (gettext_noop("Water used on site (WUE)"), "L/kWh"),
        "offsite_water_l_per_kwh": (gettext_noop("Water used by the power plants"), "L/kWh"),
        "electricity_price_usd_per_kwh": (gettext_noop("Price of electricity"), "USD/kWh"),
        "cloud_price_usd_per_accelerator_h": (gettext_noop("Price of renting one accelerator"), "USD/h"),
    }
)


def assumption(
    name: str,
    value: float,
    *,
    low: float,
    high: float,
    status: Status,
    quality: Quality,
    match: Match | None = None,
    source_ids: tuple[str, ...] = (),
    note: str = "",
    **text_params: Any,
) -> Assumption:
    """One assumption under its label and in its unit."""
    label, unit = QUANTITIES[name]
    return Assumption(
        name=name,
        label=label,
        value=value,
        low=low,
        high=high,
        unit=unit,
        status=status,
        match=match,
        quality=quality,
        source_ids=source_ids,
        note=note,
        text_params=text_params,
    )


@lru_cache(maxsize=256)
def certain(name: str, value: float, *, status: Status = "given", note: str = "") -> Assumption:
    """A value that is exact, such as a count."""
    return assumption(name, value, low=value, high=value, status=status, quality="counter", note=note)


def given(
    name: str,
    value: float,
    spread: Default,
    *,
    floor: float = 0.0,
    status: Status = "given",
    note: str = "",
    **text_params: Any,
) -> Assumption:
    """A value of the user, with the spread that such a value has."""
    return assumption(
        name,
        value,
        low=max(min(floor, value), value * spread.low),
        high=value * spread.high,
        status=status,
        quality=spread.quality,
        note=note,
        **text_params,
    )


#: What a run is given as measured, the part first that moves it most.
_MEASURED_DRAWS: Final = ("mean_accelerator_power_w", "mean_cpu_power_w", "mean_system_power_w")
_MEASURED_ON: Final = gettext_noop(
    "As it was measured: %(measured_on)s. No range came with it, so that the usual spread of a measured draw is taken."
)
_RANGED_ON: Final = gettext_noop("As it was measured: %(measured_on)s. The range came with it.")
_RANGED: Final = gettext_noop("The range was given with it.")


def given_draw(hardware: Hardware, name: str, shelf: Shelf) -> Assumption:
    """A mean draw of the user, with its range and where it was measured, if he says so."""
    spread, value = shelf.defaults["spread_given_power"], getattr(hardware, name)
    around = own_range(hardware, name) if name in RANGES else None
    first = next((draw for draw in _MEASURED_DRAWS if getattr(hardware, draw) is not None), "")
    told: dict[str, Any] = {"measured_on": hardware.measured_on} if hardware.measured_on and name == first else {}
    if around is None:
        return given(name, value, spread, note=_MEASURED_ON if told else "", **told)
    note = _RANGED_ON if told else _RANGED
    low, high = around
    return assumption(name, value, low=low, high=high, status="given", quality=spread.quality, note=note, **told)


#: Quality of an energy -> the spread that one has which brings no range.
ENERGY_SPREADS: Final[Mapping[str, str]] = MappingProxyType(
    {"counter": "spread_given_energy", "sampled": "spread_given_power", "modelled": "spread_modelled_energy"}
)
_MODELLED: Final = gettext_noop(
    "Told by a model of the machine, or as the share attributed to a process, and not by a meter."
)
_RANGED_BY_METERS: Final = gettext_noop("The range is that of its meters.")
_RANGED_BY_MODEL: Final = gettext_noop(
    "Told by a model of the machine, or as the share attributed to a process, and not by a meter. The range came with "
    "it."
)


def given_energy(workload: Workload, shelf: Shelf) -> Assumption:
    """The energy that was measured, or told by a model in place of a meter, with its own range where it brings one."""
    name, value = "it_energy_kwh", workload.it_energy_kwh or 0.0
    quality = workload.it_energy_quality or "counter"
    is_modelled = quality == "modelled"
    spread, around = shelf.defaults[ENERGY_SPREADS[quality]], own_range(workload, name)
    low, high = around or (value * spread.low, value * spread.high)
    note = _MODELLED if is_modelled else ""
    if around is not None:
        note = _RANGED_BY_MODEL if is_modelled else _RANGED_BY_METERS
    status: Status = "given" if is_modelled else "measured"
    return assumption(name, value, low=low, high=high, status=status, quality=quality, note=note)


def looked_up(
    name: str,
    value: float,
    spread: Default,
    *,
    match: Match = "exact",
    source_ids: tuple[str, ...],
    floor: float = 0.0,
    note: str = "",
    **text_params: Any,
) -> Assumption:
    """A published value, with the spread that such a value has."""
    return assumption(
        name,
        value,
        low=max(floor, value * spread.low),
        high=value * spread.high,
        status="looked_up",
        quality=spread.quality,
        match=match,
        source_ids=source_ids,
        note=note,
        **text_params,
    )


@lru_cache(maxsize=128)
def default(name: str, key: str, shelf: Shelf, note: str = "") -> Assumption:
    """What is assumed where nothing is known; the same object every time, as it is frozen."""
    row = shelf.defaults[key]
    return assumption(
        name,
        row.central,
        low=row.low,
        high=row.high,
        status="default",
        quality=row.quality,
        source_ids=row.source_ids,
        note=note,
    )
