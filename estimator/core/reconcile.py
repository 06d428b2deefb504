"""
Measured against estimated: by how much they differ, and why.

The energy of a component is a product: draw x utilisation x hours x count x PUE. The gap between two products is split
by the logarithmic mean Divisia index, which is exact and does not depend on the order of the factors; what only one
side holds is a part of its own. So the parts always add up to the gap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from estimator.core.decomposition import product_parts
from estimator.core.footprint import Footprint, Step
from estimator.core.footprint import gettext_noop as _
from estimator.core.units import W_PER_KW

Component = Literal["accelerator", "cpu", "memory", "other", "host", "servers"]
Reason = Literal["draw", "utilisation", "hours", "count", "pue", "not_estimated", "not_measured"]

#: The factors of a component's energy, in the order in which they are told.
FACTORS: Final[tuple[Reason, ...]] = ("draw", "utilisation", "hours", "count", "pue")
REASONS: Final[tuple[Reason, ...]] = (*FACTORS, "not_estimated", "not_measured")
LABELS: Final[dict[Reason, str]] = {
    "draw": _("Draw of a device"),
    "utilisation": _("Utilisation"),
    "hours": _("Hours"),
    "count": _("Number of devices"),
    "pue": _("Overhead of the facility (PUE)"),
    "not_estimated": _("Only measured"),
    "not_measured": _("Only estimated"),
}
COMPONENT_LABELS: Final[dict[Component, str]] = {
    "accelerator": _("Accelerators"),
    "cpu": _("CPUs"),
    "memory": _("Memory"),
    "other": _("Everything else"),
    "host": _("Hosts: CPUs, memory and the rest"),
    "servers": _("Whole servers"),
}
_GAP: Final = _("Measured less estimated energy")


@dataclass(frozen=True, slots=True)
class Factors:
    """What the energy of one component is the product of."""

    draw_w: float  #: of one device; where the utilisation is known apart, the limit that it is a share of
    duration_h: float
    utilisation: float = 1.0
    count: float = 1.0

    @property
    def energy_kwh(self) -> float:
        """Energy before PUE."""
        return self.draw_w * self.utilisation * self.duration_h * self.count / W_PER_KW


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sides: its components and its PUE."""

    components: Mapping[Component, Factors]
    pue: float = 1.0

    @property
    def facility_energy_kwh(self) -> float:
        """Energy after PUE."""
        return self.pue * sum(factors.energy_kwh for factors in self.components.values())


@dataclass(frozen=True, slots=True)
class Compared:
    """One component on both sides, after PUE."""

    component: Component
    estimated_kwh: float
    measured_kwh: float

    @property
    def ratio(self) -> float | None:
        """Measured over estimated; None where nothing was estimated."""
        return self.measured_kwh / self.estimated_kwh if self.estimated_kwh else None


@dataclass(frozen=True, slots=True)
class Part:
    """How much of the gap one reason makes; negative where it makes the measured energy smaller."""

    reason: Reason
    energy_kwh: float


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Measured against estimated energy, after PUE, and the parts of the gap."""

    estimated_kwh: float
    measured_kwh: float
    components: tuple[Compared, ...]
    parts: tuple[Part, ...]
    steps: tuple[Step, ...]

    @property
    def gap_kwh(self) -> float:
        """Measured less estimated; the parts add up to it."""
        return self.measured_kwh - self.estimated_kwh

    @property
    def ratio(self) -> float | None:
        """Measured over estimated."""
        return self.measured_kwh / self.estimated_kwh if self.estimated_kwh else None


def reconcile(*, estimated: Side, measured: Side) -> Reconciliation:
    r"""
    Compare an estimate with a measurement of the same run, and split the gap.

    Parameters
    ----------
    estimated, measured : Side
        Their components are brought to the finest division that both have.

    Returns
    -------
    Reconciliation
        The parts add up to the gap; without a gap in any factor all of them are zero.

    Notes
    -----
    For each component with :math:`E = \prod_k x_k` on both sides, the part of factor :math:`k` is

    .. math:: \Delta_k = L(E^m, E^e) \, \ln \frac{x_k^m}{x_k^e}

    References
    ----------
    .. [1] Ang, The LMDI approach to decomposition analysis: a practical guide, Energy Policy 33 (2005) 867-871.

    Examples
    --------
    >>> estimated = Side({"accelerator": Factors(draw_w=400.0, duration_h=10.0)}, pue=1.0)
    >>> measured = Side({"accelerator": Factors(draw_w=400.0, duration_h=20.0)}, pue=1.0)
    >>> [(part.reason, round(part.energy_kwh, 9)) for part in reconcile(estimated=estimated, measured=measured).parts]
    [('hours', 4.0)]
    """
    estimated, measured = _aligned(estimated, measured)
    names = [name for name in COMPONENT_LABELS if name in estimated.components or name in measured.components]
    compared = []
    amounts: dict[Reason, float] = dict.fromkeys(REASONS, 0.0)
    for name in names:
        before, after = estimated.components.get(name), measured.components.get(name)
        estimated_kwh = before.energy_kwh * estimated.pue if before else 0.0
        measured_kwh = after.energy_kwh * measured.pue if after else 0.0
        compared.append(Compared(name, estimated_kwh, measured_kwh))
        if before is None or after is None or not estimated_kwh or not measured_kwh:
            amounts["not_estimated"] += measured_kwh if not estimated_kwh else 0.0
            amounts["not_measured"] -= estimated_kwh if not measured_kwh else 0.0
            continue
        parts_kwh = product_parts(_product(before, estimated.pue), _product(after, measured.pue))
        for reason in FACTORS:
            amounts[reason] += parts_kwh[reason]
    parts = tuple(Part(reason, amount) for reason, amount in amounts.items() if amount)
    estimated_kwh, measured_kwh = estimated.facility_energy_kwh, measured.facility_energy_kwh
    return Reconciliation(
        estimated_kwh, measured_kwh, tuple(compared), parts, _steps(estimated_kwh, measured_kwh, parts)
    )


def _product(factors: Factors, pue: float) -> dict[str, float]:
    """The factors of an energy after PUE, in kWh."""
    return {
        "draw": factors.draw_w / W_PER_KW,
        "utilisation": factors.utilisation,
        "hours": factors.duration_h,
        "count": factors.count,
        "pue": pue,
    }


def _steps(estimated_kwh: float, measured_kwh: float, parts: Sequence[Part]) -> tuple[Step, ...]:
    steps = [
        Step(
            name=f"gap_{part.reason}_kwh",
            label=LABELS[part.reason],
            formula="Σ L(measured_kwh, estimated_kwh) × ln(measured ÷ estimated)"
            if part.reason in FACTORS
            else ("measured_kwh" if part.reason == "not_estimated" else "− estimated_kwh"),
            substituted=f"{part.energy_kwh:.10g}",
            value=part.energy_kwh,
            unit="kWh",
        )
        for part in parts
    ]
    total = Step(
        name="gap_kwh",
        label=_GAP,
        formula="measured_kwh − estimated_kwh",
        substituted=f"{measured_kwh:.10g} − {estimated_kwh:.10g}",
        value=measured_kwh - estimated_kwh,
        unit="kWh",
    )
    return (*steps, total)


# The finest division that both sides have


def _aligned(estimated: Side, measured: Side) -> tuple[Side, Side]:
    sides = [_without_nothing(estimated), _without_nothing(measured)]
    if any("servers" in side.components or set(side.components) == {"other"} for side in sides):
        merged = [_merged(side, tuple(side.components), "servers") for side in sides]
    else:
        hosts = [set(side.components) - {"accelerator"} for side in sides]
        if hosts[0] and hosts[1] and hosts[0] != hosts[1]:
            merged = [_merged(side, tuple(sorted(host)), "host") for side, host in zip(sides, hosts, strict=True)]
        else:
            merged = sides
    return merged[0], merged[1]


def _without_nothing(side: Side) -> Side:
    return replace(side, components={name: f for name, f in side.components.items() if f.energy_kwh > 0})


def _merged(side: Side, names: tuple[Component, ...], into: Component) -> Side:
    """Several components as one: the draw of all of them over the longest time."""
    together = [side.components[name] for name in names]
    kept = {name: factors for name, factors in side.components.items() if name not in names}
    if together:
        duration_h = max(factors.duration_h for factors in together)
        energy_kwh = sum(factors.energy_kwh for factors in together)
        kept[into] = Factors(draw_w=energy_kwh * W_PER_KW / duration_h, duration_h=duration_h)
    return replace(side, components=kept)


# Where the sides come from


def estimated_side(footprint: Footprint) -> Side:
    """
    The factors of an estimate, as it was computed.

    Parameters
    ----------
    footprint : Footprint
        The finished estimate.

    Returns
    -------
    Side
        Accelerators apart where the estimate has them apart; what else it holds is `other`.
    """
    known = {item.name: item.value for item in footprint.assumptions}
    result = footprint.result
    it_energy_kwh = result.it_energy_kwh.central
    pue = result.facility_energy_kwh.central / it_energy_kwh if it_energy_kwh else known.get("pue", 1.0)
    accelerator_kwh = result.accelerator_energy_kwh.central if result.accelerator_energy_kwh else 0.0
    hours = result.accelerator_hours.central if result.accelerator_hours else None
    count = known.get("accelerator_count", 1.0)
    duration_h = known.get("duration_h") or (hours / count if hours else None) or 1.0
    components: dict[Component, Factors] = {}
    if accelerator_kwh > 0 and hours:
        draw_w = known.get("mean_accelerator_power_w") or accelerator_kwh * W_PER_KW / hours
        duration_h = hours / count
        components["accelerator"] = Factors(
            draw_w=draw_w,
            duration_h=duration_h,
            utilisation=accelerator_kwh * W_PER_KW / (hours * draw_w),
            count=count,
        )
    else:
        accelerator_kwh = 0.0
    rest_kwh = it_energy_kwh - accelerator_kwh
    if rest_kwh > 1e-9 * it_energy_kwh:
        components["other"] = Factors(draw_w=rest_kwh * W_PER_KW / duration_h, duration_h=duration_h)
    return Side(components, pue=pue)


def measured_side(
    *,
    energy_by_component_kwh: Mapping[Component, float],
    duration_h: float,
    estimated: Side,
    accelerator_count: float | None = None,
    pue: float | None = None,
) -> Side:
    """
    The factors of a measurement: what it does not know is as the estimate had it.

    Parameters
    ----------
    energy_by_component_kwh : mapping
        Measured energy of each component, before PUE. [kWh]
    duration_h : float
        Measured time. [h]
    estimated : Side
        Gives the limit of a device, the count and the PUE where the measurement does not.
    accelerator_count : float, optional
        Accelerators that were measured. [1]
    pue : float, optional
        Measured facility energy over IT energy. [1]

    Returns
    -------
    Side
        With the utilisation of the accelerators' draw that the measured energy means.

    Raises
    ------
    ValueError
        If the duration is not positive.
    """
    if not duration_h > 0:
        raise ValueError("duration_h must be above 0")
    components: dict[Component, Factors] = {}
    for name, energy_kwh in energy_by_component_kwh.items():
        if energy_kwh <= 0:
            continue
        mean_w = energy_kwh * W_PER_KW / duration_h
        like = estimated.components.get(name) if name == "accelerator" else None
        if like is None:
            components[name] = Factors(draw_w=mean_w, duration_h=duration_h)
        else:
            count = accelerator_count or like.count
            components[name] = Factors(
                draw_w=like.draw_w, duration_h=duration_h, utilisation=mean_w / count / like.draw_w, count=count
            )
    return Side(components, pue=pue or estimated.pue)


def without_pue(side: Side) -> Side:
    """The same energies where they already hold a PUE of unknown size: it counts as the side's own, once."""
    components = {name: replace(factors, draw_w=factors.draw_w / side.pue) for name, factors in side.components.items()}
    return replace(side, components=components)
