"""A run as every tool would be told of it: plain numbers, and the parts that its footprint is the product of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from estimator.core.energy import run_multiplier
from estimator.core.factors import Factors
from estimator.core.footprint import Footprint
from estimator.core.inputs import Workload
from estimator.core.units import G_PER_KG

#: The parts in which two tools can differ, in the order in which they are exchanged.
COMPONENTS: Final = ("multiplier", "accelerator", "host", "pue", "grid", "embodied")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a footprint is made of; every tool fills in the same six, some with nothing."""

    accelerator_energy_kwh: float  #: of the final run
    host_energy_kwh: float  #: CPUs, memory and all else in the servers, of the final run
    pue: float
    grid_intensity_gco2e_per_kwh: float
    embodied_kgco2e: float
    multiplier: float = 1.0  #: all runs over the final run

    @property
    def facility_energy_kwh(self) -> float:
        """Energy of all runs with the overhead of the facility, in kWh."""
        return (self.accelerator_energy_kwh + self.host_energy_kwh) * self.multiplier * self.pue

    @property
    def total_kgco2e(self) -> float:
        """Emissions of the electricity and of making the hardware, in kgCO2e."""
        return self.facility_energy_kwh * self.grid_intensity_gco2e_per_kwh / G_PER_KG + self.embodied_kgco2e


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a run. None is unknown; a tool that needs it cannot say anything."""

    own: Parts
    own_knows_accelerators: bool = True  #: whether their energy is known apart from that of the servers
    is_training: bool = True
    accelerator_count: float | None = None
    duration_h: float | None = None
    accelerator_hours: float | None = None  #: of the final run
    accelerator_name: str = ""
    accelerator_tdp_w: float | None = None
    utilisation: float | None = None  #: only where the user gave one
    core_count: float | None = None
    core_power_w: float | None = None
    mean_cpu_power_w: float | None = None
    memory_gb: float | None = None
    given_pue: float | None = None
    parameters_count: float | None = None
    active_parameters_count: float | None = None
    training_tokens: float | None = None
    peak_flops: float | None = None
    requests_count: float | None = None
    input_tokens: float | None = None
    output_tokens: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool says of a run, and the code of the reason for each part in which it differs."""

    parts: Parts
    because: Mapping[str, str]  #: component -> code
    params: Mapping[str, Any] = field(default_factory=dict)  #: for the texts of the reasons
    also: tuple[str, ...] = ()  #: codes of what is to be known beside, without a factor of its own


@dataclass(frozen=True, slots=True)
class CannotSay:
    """Why a tool has nothing to say of a run."""

    code: str


def run_of(workload: Workload, factors: Factors, footprint: Footprint) -> Run:
    """
    What the tools are told of a run: its inputs as they were resolved, and its own result in parts.

    Parameters
    ----------
    workload : Workload
        The run as its user described it.
    factors : Factors
        Its inputs, resolved.
    footprint : Footprint
        What was computed from them.

    Returns
    -------
    Run
        Central values; numbers of the final run, without development and repeats.
    """
    hardware, model, inference, result = workload.hardware, workload.model, workload.inference, footprint.result

    def used(name: str, given: float | None = None) -> float | None:
        assumption = factors.assumptions.get(name)
        return assumption.value if assumption is not None else given

    multiplier = float(
        run_multiplier(development_factor=used("development_factor") or 0.0, repeat_count=used("repeat_count") or 1.0)
    )
    it_kwh = result.it_energy_kwh.central / multiplier
    energy = result.accelerator_energy_kwh
    accelerator_kwh = min(energy.central / multiplier, it_kwh) if energy is not None else it_kwh
    facility_kwh = result.facility_energy_kwh.central
    operational_g = result.operational_location_based_kgco2e.central * G_PER_KG
    hours = result.accelerator_hours
    return Run(
        own=Parts(
            accelerator_energy_kwh=accelerator_kwh,
            host_energy_kwh=it_kwh - accelerator_kwh,
            pue=facility_kwh / (it_kwh * multiplier) if it_kwh else 1.0,
            grid_intensity_gco2e_per_kwh=operational_g / facility_kwh if facility_kwh else 0.0,
            embodied_kgco2e=result.embodied_share_kgco2e.central if result.embodied_share_kgco2e else 0.0,
            multiplier=multiplier,
        ),
        own_knows_accelerators=energy is not None,
        is_training=footprint.activity == "training",
        accelerator_count=used("accelerator_count", hardware.accelerator_count),
        duration_h=used("duration_h", workload.duration_h),
        accelerator_hours=hours.central / multiplier if hours is not None else None,
        accelerator_name=factors.accelerator_name,
        accelerator_tdp_w=factors.accelerator_tdp_w,
        utilisation=hardware.utilisation if hardware.mean_accelerator_power_w is None else None,
        core_count=used("core_count"),
        core_power_w=used("core_power_w"),
        mean_cpu_power_w=used("mean_cpu_power_w", hardware.mean_cpu_power_w),
        memory_gb=used("memory_gb", hardware.memory_gb),
        given_pue=workload.pue,
        parameters_count=used("parameters_count", model.parameters_count),
        active_parameters_count=used("active_parameters_count", model.active_parameters_count),
        training_tokens=used("training_tokens", model.training_tokens),
        peak_flops=used("peak_flops"),
        requests_count=used("requests_count", inference.requests_count),
        input_tokens=used("input_tokens", inference.input_tokens),
        output_tokens=used("output_tokens", inference.output_tokens),
    )
