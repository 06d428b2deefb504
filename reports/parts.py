"""The slices that a total is made of."""

from dataclasses import dataclass
from typing import Final, Literal

from estimator.core.footprint import Quantities, gettext_noop

PartKind = Literal["operational", "embodied"]
#: Below this share of the total a part is arithmetic dust (a difference of two equal floats), not a part.
DUST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Part:
    """One slice of the total; the slices add up to it."""

    name: str
    label: str
    kind: PartKind
    kgco2e: float
    energy_kwh: float | None
    share: float


def parts_of_total(result: Quantities) -> tuple[Part, ...]:
    r"""
    Slices of the total that add up to it, by central values.

    Parameters
    ----------
    result : Quantities
        The quantities of one footprint.

    Returns
    -------
    tuple of Part
        Accelerators, the rest of the servers, the overhead of the facility, making the hardware; empty slices left out.

    Notes
    -----
    The electricity is shared out by energy: a slice of :math:`e` kWh out of :math:`E` takes :math:`C\,e/E`. A PUE
    below 1 leaves no overhead to show, so the electricity is then one slice.
    """
    energy_kwh = result.facility_energy_kwh.central
    it_kwh = result.it_energy_kwh.central
    accelerator_kwh = result.accelerator_energy_kwh.central if result.accelerator_energy_kwh else None
    slices: list[tuple[str, str, float]]
    if it_kwh > energy_kwh * (1 + DUST):
        slices = [("electricity", gettext_noop("Electricity"), energy_kwh)]
    elif accelerator_kwh is None or accelerator_kwh > it_kwh * (1 + DUST):
        slices = [("servers", gettext_noop("Servers"), it_kwh)]
    else:
        slices = [
            ("accelerators", gettext_noop("Accelerators"), accelerator_kwh),
            ("other_it", gettext_noop("Rest of the servers"), it_kwh - accelerator_kwh),
        ]
    overhead_kwh = energy_kwh - sum(kwh for _, _, kwh in slices)
    slices.append(("overhead", gettext_noop("Cooling and losses"), overhead_kwh))

    operational_kgco2e = result.operational_location_based_kgco2e.central
    total_kgco2e = result.total_kgco2e.central
    parts = [
        Part(
            name=name,
            label=label,
            kind="operational",
            kgco2e=operational_kgco2e * kwh / energy_kwh,
            energy_kwh=kwh,
            share=_share(operational_kgco2e * kwh / energy_kwh, total_kgco2e),
        )
        for name, label, kwh in slices
        if energy_kwh > 0 and kwh > energy_kwh * DUST
    ]
    if result.embodied_share_kgco2e is not None and result.embodied_share_kgco2e.central > 0:
        kgco2e = result.embodied_share_kgco2e.central
        label = gettext_noop("Making the hardware")
        parts.append(Part("embodied", label, "embodied", kgco2e, None, _share(kgco2e, total_kgco2e)))
    return tuple(parts)


def _share(kgco2e: float, total_kgco2e: float) -> float:
    return kgco2e / total_kgco2e if total_kgco2e > 0 else 0.0
