"""Published cases, recomputed from the inputs that were published with them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from estimator.core import emissions, energy
from estimator.reference.published import PublishedCase, published_cases

#: A figure agrees within this share of what was printed, or within its last digit.
TOLERANCE: Final = 0.01

Verdict = Literal["agrees", "exception", "not_recomputable"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One printed figure and the same one computed, in one unit."""

    published: float
    computed: float | None
    half_step: float  #: half of the last digit that was printed

    @property
    def agrees(self) -> bool:
        """Whether the computed figure is the printed one, within 1 % or the rounding of the print."""
        if self.computed is None:
            return True
        rounding = self.half_step * (1.0 + 1e-9)
        return abs(self.computed - self.published) <= max(TOLERANCE * self.published, rounding)

    @property
    def error(self) -> float | None:
        """The computed figure over the printed one, less one; None where there is nothing to compare."""
        if self.computed is None or not self.published:
            return None
        return self.computed / self.published - 1.0


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One published case with its figures; one that was not published is None."""

    case: PublishedCase
    energy_kwh: Figure | None
    emissions_kgco2e: Figure | None

    @property
    def verdict(self) -> Verdict:
        """Whether the case follows from its own inputs."""
        if self.case.inputs_published == "no":
            return "not_recomputable"
        return "agrees" if all(figure.agrees for figure in self.figures) else "exception"

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Those figures that were both published and computed."""
        return tuple(
            figure for figure in (self.energy_kwh, self.emissions_kgco2e) if figure and figure.computed is not None
        )


@lru_cache(maxsize=1)
def case_rows() -> tuple[CaseRow, ...]:
    """Every case that published an energy or an emission of a run; computed once a process."""
    shown = ("training", "fine_tuning", "inference", "federated", "training_and_use")
    return tuple(
        recomputed(case)
        for case in published_cases()
        if case.kind in shown and (case.published_energy_kwh is not None or case.published_kgco2e is not None)
    )


def recomputed(case: PublishedCase) -> CaseRow:
    """
    A case with its energy and emissions computed from its other inputs.

    Parameters
    ----------
    case : PublishedCase
        The case. One without sufficient inputs is not computed.

    Returns
    -------
    CaseRow
        Where no hours or draws were published, the emissions follow from the published energy.
    """
    computed_kwh = computed_kg = None
    if case.inputs_published == "yes":
        computed_kwh, computed_kg = _computed(case)
    return CaseRow(
        case=case,
        energy_kwh=_figure(case.published_energy_kwh, computed_kwh, case.printed_step_kwh),
        emissions_kgco2e=_figure(case.published_kgco2e, computed_kg, case.printed_step_kgco2e),
    )


def _figure(published: float | None, computed: float | None, step: float | None) -> Figure | None:
    if published is None:
        return None
    return Figure(published=published, computed=computed, half_step=(step or 0.0) / 2.0)


def _computed(case: PublishedCase) -> tuple[float | None, float | None]:
    pue = case.pue or 1.0
    of_servers = case.energy_boundary == "servers"
    it_kwh, computed_kwh = _it_energy_kwh(case), None
    if it_kwh is not None:
        facility_kwh = float(energy.facility_energy_kwh(it_energy_kwh=it_kwh, pue=pue))
        computed_kwh = it_kwh if of_servers else facility_kwh
    elif case.published_energy_kwh is not None:
        given_kwh = case.published_energy_kwh
        facility_kwh = float(energy.facility_energy_kwh(it_energy_kwh=given_kwh, pue=pue)) if of_servers else given_kwh
    else:
        return None, None
    if case.grid_intensity_gco2e_per_kwh is None:
        return computed_kwh, None
    return computed_kwh, float(
        emissions.operational_kgco2e(
            facility_energy_kwh=facility_kwh, grid_intensity_gco2e_per_kwh=case.grid_intensity_gco2e_per_kwh
        )
    )


def _it_energy_kwh(case: PublishedCase) -> float | None:
    if case.duration_h is not None and case.mean_system_power_w is not None:
        return float(energy.system_energy_kwh(mean_system_power_w=case.mean_system_power_w, duration_h=case.duration_h))
    if case.accelerator_hours is not None and case.mean_accelerator_power_w is not None:
        return float(
            energy.accelerator_energy_kwh(
                accelerator_hours=case.accelerator_hours, mean_accelerator_power_w=case.mean_accelerator_power_w
            )
        )
    return None
