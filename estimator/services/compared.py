"""A measured energy against the estimate of the same run, why they differ, and what the next estimate takes over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from estimator.core import reconcile
from estimator.core.calibration import BEATEN_METHODS, Calibration, Observation, calibration
from estimator.core.inputs import Hardware, InputProblems, Workload
from estimator.core.ranged import significant, with_range
from estimator.core.units import S_PER_H, W_PER_KW
from estimator.imports import ImportedMeasurement
from estimator.models import Estimate
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from estimator.services import calibrations
from estimator.services.measured_run import covers_of


@dataclass(frozen=True, slots=True)
class Compared:
    """A measurement against an estimate, and what the next estimate takes over from it."""

    reconciliation: reconcile.Reconciliation
    calibration: Calibration | None
    #: Draws that the next estimate takes over where that of an accelerator is not known: of what was measured alone.
    draws_w: Mapping[str, float]

    @property
    def is_of_use(self) -> bool:
        """Whether anything of it can be taken over."""
        return self.calibration is not None or bool(self.draws_w)

    @property
    def is_host_alone(self) -> bool:
        """Whether the draw of accelerators stays as it was estimated."""
        return self.calibration is None and "mean_system_power_w" not in self.draws_w


def share_before_pue(found: ImportedMeasurement) -> float:
    """Energy before PUE over the one told, as far as the file knows it."""
    return (found.it_energy_kwh or found.energy_kwh) / found.energy_kwh


def compare(
    *,
    found: ImportedMeasurement,
    estimate: Estimate,
    source: str = "",
    accelerator_count: int | None = None,
    alone: tuple[str | None, Observation] | None = None,
    pue: float | None = None,
) -> Compared | None:
    """
    A measurement against the estimate of the same run, and why they differ.

    Parameters
    ----------
    found : ImportedMeasurement
        What was measured.
    estimate : Estimate
        The run as it was estimated.
    source : str, optional
        Where it was measured, for people.
    accelerator_count : int, optional
        Accelerators that were measured; by default as many as were estimated.
    alone : tuple, optional
        What is known of their draw: which they were, by the catalogue, and what one of them drew.
    pue : float, optional
        That was said of the measurement, where the energy is before it; else it is that of the estimate, unless the
        file knows it.

    Returns
    -------
    Compared or None
        None where the file states no time, or the estimate has no result.
    """
    footprint = estimate.result()
    seconds = found.covered_s or found.duration_s
    if footprint is None or not seconds:
        return None
    workload = estimate.workload()
    estimated = reconcile.estimated_side(footprint)
    scale = share_before_pue(found)
    parts: dict[reconcile.Component, float] = {
        name: kwh * scale for name, kwh in found.energy_by_component_kwh.items() if kwh > 0
    }
    parts = parts or {"servers": found.energy_kwh * scale}
    duration_h = seconds / S_PER_H
    measured = reconcile.measured_side(
        energy_by_component_kwh=parts,
        duration_h=duration_h,
        estimated=estimated,
        accelerator_count=accelerator_count,
        pue=found.pue if found.includes_pue else pue,
    )
    if found.includes_pue and found.it_energy_kwh is None:
        # A PUE of unknown size is inside: the estimate's is taken out, so that the totals stay what they are.
        measured = reconcile.without_pue(measured)
    return Compared(
        reconciliation=reconcile.reconcile(estimated=estimated, measured=measured),
        calibration=_calibration(
            workload, alone or (None, _observation(workload, parts, duration_h, found)), source=source
        ),
        draws_w=_draws_w(parts, duration_h, workload.hardware),
    )


def _draws_w(parts: Mapping[reconcile.Component, float], duration_h: float, hardware: Hardware) -> dict[str, float]:
    """Draws that were measured: of whole servers, or of CPUs and memory beside accelerators."""
    covers = covers_of(parts)
    told = (hardware.accelerator, hardware.accelerator_count, hardware.mean_accelerator_power_w)
    if covers == "servers" or (covers == "processors" and told == (None, None, None)):
        return {"mean_system_power_w": significant(sum(parts.values()) * W_PER_KW / duration_h)}
    known: dict[reconcile.Component, str] = {"cpu": "mean_cpu_power_w", "memory": "mean_memory_power_w"}
    return {field: significant(parts[name] * W_PER_KW / duration_h) for name, field in known.items() if parts.get(name)}


def _observation(
    workload: Workload,
    parts: dict[reconcile.Component, float],
    duration_h: float,
    found: ImportedMeasurement,
) -> Observation | None:
    energy_kwh = parts.get("accelerator", 0.0)
    if not energy_kwh:
        return None
    count = workload.hardware.accelerator_count or 1
    spread = None
    if found.trace and set(parts) == {"accelerator"}:
        ordered = sorted(found.trace.power_w)
        spread = (ordered[len(ordered) // 20] / count, ordered[-1 - len(ordered) // 20] / count)
    return Observation(
        energy_kwh * W_PER_KW / duration_h / count,
        duration_h,
        low_w=spread[0] if spread else None,
        high_w=spread[1] if spread else None,
        devices_count=count,
    )


def _calibration(
    workload: Workload, alone: tuple[str | None, Observation | None], *, source: str
) -> Calibration | None:
    """The draw of this run, as a share of the one that was estimated."""
    hardware, observed = alone
    hardware = hardware or workload.hardware.accelerator
    if hardware is None or observed is None:
        return None
    limit = factors_for(workload).assumptions.get("mean_accelerator_power_w")
    found = calibration(
        hardware=hardware,
        observations=[observed],
        limit_w=limit.value if limit is not None and limit.value > 0 else None,
    )
    return calibrations.with_words(found, source=source or _("A measured run"), device=_device(hardware))


def _device(hardware: str) -> str:
    try:
        return catalogue.find_hardware(hardware).label
    except InputProblems:
        return hardware


def next_workload(*, compared: Compared, estimate: Estimate) -> Workload | None:
    """
    The inputs of the estimate, with the draws that were measured in place of the assumed ones.

    Parameters
    ----------
    compared : Compared
        The measurement against the estimate.
    estimate : Estimate
        The estimate.

    Returns
    -------
    Workload or None
        What was not measured stays as it was estimated; None where nothing that was measured can be taken over.
    """
    workload = estimate.workload()
    if compared.calibration is not None:
        return compared.calibration.applied_to(workload)
    if not compared.draws_w:
        return None
    own = workload.hardware
    fields: dict[str, Any] = {"mean_system_power_w": None, **compared.draws_w}
    if not compared.is_host_alone:
        # A draw of the whole servers holds the utilisation of everything in them.
        fields["utilisation"] = None
    else:
        fields["host_overhead_share"] = None
    if "mean_cpu_power_w" in compared.draws_w:
        fields |= with_range("mean_cpu_power_w", compared.draws_w["mean_cpu_power_w"])
    return workload.model_copy(
        update={
            "hardware": Hardware.model_validate(own.model_copy(update=fields).model_dump()),
            "method": "auto" if workload.method in BEATEN_METHODS or not compared.is_host_alone else workload.method,
            **with_range("it_energy_kwh", None),
        }
    )
