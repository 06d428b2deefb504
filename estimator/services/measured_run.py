"""A measurement as the run of an estimate: its energy with range and quality, what it is of, and on which hardware."""

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.utils.translation import gettext as _
from pydantic import ValidationError

from estimator.core.bounds import EnergyCovers, EnergyQuality
from estimator.core.estimate import SMALLEST_DECISIVE_SHARE
from estimator.core.footprint import QUALITY_ORDER
from estimator.core.inputs import Hardware, InputProblems, Location, Workload
from estimator.core.ranged import significant, with_range
from estimator.core.units import J_PER_KWH, S_PER_H
from estimator.measure.figures import plain_cpu_name
from estimator.models import Measurement
from estimator.models.measurement import FootprintOf, Target
from estimator.reference import catalogue
from estimator.services.shares import Shares, machine_parts, ratios_of, shares_of
from estimator.worker.protocol import PROCESS

#: Of a title that more is said after.
_TITLE_LENGTH: Final = 150
#: What falls to a process by this share and more is as good as metered.
_ALL_OF_IT: Final = 0.99
#: More sockets, or threads, than any machine has: what tells more is not believed.
_MOST_COUNT: Final = 10_000
#: Kinds of components that are a part of a machine; everything else is taken as the whole of it.
_PARTS: Final[Mapping[str, Literal["accelerator", "processor"]]] = {
    "accelerator": "accelerator",
    "cpu_package": "processor",
    "cpu": "processor",
    "dram": "processor",
    "memory": "processor",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one component adds to the energy of a footprint."""

    name: str  #: of the machine's component
    energy_j: float
    low_j: float
    high_j: float
    quality: EnergyQuality


_NONE: Final = Hardware()


@dataclass(frozen=True, slots=True)
class Charged:
    """The hardware whose making is charged, for how long, and what is to be said of that."""

    hardware: Hardware = _NONE
    accelerator_hours: float | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Idle:
    """The machine before the run and while it ran, where both were measured."""

    idle_power_w: float
    running_power_w: float
    above_idle_kwh: float  #: of the run; negative where the machine was not idle before it

    @property
    def was_idle(self) -> bool:
        """Whether less was drawn before the run than in it."""
        return self.idle_power_w < self.running_power_w


def covers_of(names: Iterable[str]) -> EnergyCovers:
    """
    What an energy is of, by the components that were measured together.

    Examples
    --------
    >>> covers_of(["accelerator:0", "accelerator:1"]), covers_of(["cpu_package:0", "dram"]), covers_of(["system:bmc"])
    ('accelerators', 'processors', 'servers')
    """
    kinds = {_PARTS.get(name.removeprefix(PROCESS).partition(":")[0], "machine") for name in names}
    if "machine" in kinds or not kinds:
        return "servers"
    return "components" if len(kinds) > 1 else "accelerators" if "accelerator" in kinds else "processors"


def parts_of(row: Measurement) -> tuple[Part, ...]:
    """The components whose energy its footprint adds up: of the machine, or what of them falls to a process."""
    return tuple(_parts(row, shares_of(row)))


def _parts(row: Measurement, shares: Shares | None) -> Iterator[Part]:
    if shares is None:
        for part in row.components:
            if part.get("counted", True):
                yield _part(part, row.energies_j.get(part["name"], 0.0))
        return
    shared = {one.name: one for one in shares.parts}
    for part in machine_parts(row):
        if not row.is_of_process:
            yield _part(part, row.energies_j.get(part["name"], 0.0))
            continue
        one = shared.get(part["name"])
        is_all = one is not None and one.share >= _ALL_OF_IT
        yield _part(part, one.energy_j if one is not None else 0.0, quality=None if is_all else "modelled")


def _part(part: Mapping[str, Any], energy_j: float, *, quality: EnergyQuality | None = None) -> Part:
    low, high = ratios_of(part)
    return Part(part["name"], energy_j, energy_j * low, energy_j * high, quality or _quality(part))


def _quality(part: Mapping[str, Any]) -> EnergyQuality:
    told = part.get("quality")
    return "counter" if told == "counter" else "modelled" if told == "modelled" else "sampled"


def quality_of(parts: Sequence[Part]) -> EnergyQuality:
    """The worst quality among the components that weigh enough to matter."""
    energy_j = math.fsum(part.energy_j for part in parts)
    decisive = [part.quality for part in parts if part.energy_j >= SMALLEST_DECISIVE_SHARE * energy_j > 0.0]
    return max(decisive, key=QUALITY_ORDER.index, default="sampled")


def energy_inputs(energy_kwh: float, parts: Sequence[Part]) -> dict[str, Any]:
    """What an estimate is told of a measured energy: value, range, quality, and what it is of."""
    summed_j = math.fsum(part.energy_j for part in parts)
    around = None
    if summed_j > 0.0:
        low, high = (math.fsum(getattr(part, side) for part in parts) / summed_j for side in ("low_j", "high_j"))
        around = min(significant(energy_kwh * low), energy_kwh), max(significant(energy_kwh * high), energy_kwh)
    return with_range("it_energy_kwh", energy_kwh, around) | {
        "it_energy_quality": quality_of(parts),
        "it_energy_covers": covers_of(part.name for part in parts),
    }


def workload_of(row: Measurement) -> Workload:
    """The run as an estimate takes it: measured energy before PUE, hours, place, and the hardware that is known."""
    duration_h = _duration_h(row)
    shares = shares_of(row)
    title, energy_j = row.title or row.worker_name, row.energy_j
    if shares is not None and row.footprint_of == FootprintOf.PROCESS and row.target == Target.MACHINE:
        energy_j = shares.energy_j
        title = _("%(title)s, the share attributed to it") % {"title": title[:_TITLE_LENGTH]}
    elif shares is not None and row.footprint_of == FootprintOf.MACHINE and row.target != Target.MACHINE:
        energy_j = shares.machine_j
        title = _("%(title)s, the whole machine") % {"title": title[:_TITLE_LENGTH]}
    charged = charged_of(row)
    return Workload(
        title=title,
        method="measured",
        **energy_inputs(energy_j / J_PER_KWH, tuple(_parts(row, shares))),
        duration_h=duration_h,
        accelerator_hours=charged.accelerator_hours,
        location=Location.model_validate(row.location),
        grid_intensity_gco2e_per_kwh=row.grid_intensity_gco2e_per_kwh,
        pue=row.pue,
        hardware=charged.hardware,
    )


def _duration_h(row: Measurement) -> float:
    return max(row.covered_s / S_PER_H, 1e-9)


# --- the hardware whose making is charged -----------------------------------------------------------------------------


def charged_of(row: Measurement) -> Charged:
    """
    The hardware of a measurement, as far as the catalogue knows it, and what of it is charged.

    Parameters
    ----------
    row : Measurement
        Live, or of a command.

    Returns
    -------
    Charged
        All cards of a machine; of a process, card-hours by what of the cards' energy falls to it. Without cards the
        processors, of a process as many cores as its share of their energy is, at least one.
    """
    shares = shares_of(row) if row.is_of_process else None
    told = row.inventory.get("accelerators")
    cards = [card for card in (told if isinstance(told, list) else []) if isinstance(card, dict) and card.get("name")]
    if not cards:
        return _processors(row, shares)
    cards_count = float(len(cards))
    if row.is_of_process:
        used = {} if shares is None else {part.name: part.share for part in shares.parts if _is_card(part.name)}
        if not used:
            return Charged(notices=(_("Who used the cards is not told, so that none of their making is charged."),))
        if all(card.get("component") for card in cards):
            cards = [card for card in cards if used.get(str(card["component"]), 0.0) > 0.0]
        cards_count = math.fsum(used.values())
        if not cards or not cards_count > 0.0:
            return _processors(row, shares)
    names = sorted({str(card["name"]) for card in cards})
    if len(names) > 1:
        text = _("These are cards of several kinds, %(names)s, and an estimate takes one: their making is not counted.")
        return Charged(notices=(text % {"names": ", ".join(names)},))
    with contextlib.suppress(InputProblems, ValidationError):
        accelerator = catalogue.find_accelerator(names[0]).row.id
        if not row.is_of_process:
            return Charged(Hardware(accelerator=accelerator, accelerator_count=len(cards)))
        text = _("Of the making of the cards it is charged what it used of them: as much as %(count)s of them.")
        notice = text % {"count": f"{significant(cards_count, 3):g}"}
        return Charged(Hardware(accelerator=accelerator), cards_count * _duration_h(row), (notice,))
    text = _("The catalogue does not know the card %(name)s: its making is not counted.")
    return Charged(notices=(text % {"name": names[0]},))


def _is_card(name: str) -> bool:
    return _PARTS.get(name.partition(":")[0]) == "accelerator"


def _processors(row: Measurement, shares: Shares | None) -> Charged:
    told = row.inventory.get("cpu")
    cpu: Mapping[str, Any] = told if isinstance(told, dict) else {}
    model = str(cpu.get("model") or "").strip()
    if not model:
        return Charged()
    try:
        known = catalogue.find_cpu(plain_cpu_name(model)).row
    except InputProblems:
        text = _("The catalogue does not know the processor %(name)s: the making of the machine is not counted.")
        return Charged(notices=(text % {"name": model[:100]},))
    sockets_count = _count(cpu.get("sockets_count")) or 1
    cores_count = _cores_count(row, cpu, float(known.core_count * sockets_count))
    share = 1.0
    if shares is not None:
        own = [part for part in shares.parts if _PARTS.get(part.name.partition(":")[0]) == "processor"]
        whole_j = math.fsum(row.energies_j.get(part.name, 0.0) for part in own)
        share = min(math.fsum(part.energy_j for part in own) / whole_j, 1.0) if whole_j else 0.0
    charged = max(round(share * cores_count), 1)
    if share == 1.0 and charged == known.core_count * sockets_count:
        return Charged(Hardware(cpu=known.id, cpu_count=sockets_count))
    text = _("Of the making of the machine, %(count)s of its %(cores)s cores are charged.")
    notice = text % {"count": charged, "cores": known.core_count * sockets_count}
    return Charged(Hardware(cpu=known.id, cpu_core_count=charged), notices=(notice,))


def _cores_count(row: Measurement, cpu: Mapping[str, Any], all_cores: float) -> float:
    """Cores that were measured: a model knows those of its container alone, a meter the whole of the processors."""
    is_modelled = any(_quality(part) == "modelled" for part in row.components if "cpu_package" in part["name"])
    usable, threads = cpu.get("usable_cores"), _count(cpu.get("threads_count"))
    if is_modelled and isinstance(usable, int | float) and threads and 0.0 < usable < threads:
        return all_cores * usable / threads
    return all_cores


def _count(told: Any) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 < told <= _MOST_COUNT else None


# --- what is said of it -----------------------------------------------------------------------------------------------


def idle_of(row: Measurement) -> Idle | None:
    """
    What the machine drew before the run and in it.

    Parameters
    ----------
    row : Measurement
        With the mean draws before it, by component.

    Returns
    -------
    Idle or None
        Over the components of the machine that were measured before as well; None where none was, or nothing since.
    """
    parts = [part["name"] for part in machine_parts(row) if part["name"] in row.baseline_power_w]
    if not parts or row.covered_s <= 0.0:
        return None
    idle_power_w = math.fsum(row.baseline_power_w[name] for name in parts)
    energy_j = math.fsum(row.energies_j.get(name, 0.0) for name in parts)
    if energy_j <= 0.0:
        return None
    return Idle(idle_power_w, energy_j / row.covered_s, (energy_j - idle_power_w * row.covered_s) / J_PER_KWH)


def covers_told(covers: EnergyCovers) -> str:
    """What an energy is of, as a sentence."""
    return {
        "servers": _("Measured is the whole machine."),
        "components": _("Measured are accelerators, CPUs and memory; disks, network and fans are not."),
        "accelerators": _("Measured are the accelerators alone: CPUs, memory and the rest of the machine are missing."),
        "processors": _("Measured are CPUs and memory alone: accelerators, if any, and the rest are missing."),
    }[covers]


def notices_of(row: Measurement) -> tuple[str, ...]:
    """What a reader should know before believing the numbers of a measurement, in the active language."""
    idle, said = idle_of(row), list(charged_of(row).notices)
    if idle is not None and not idle.was_idle:
        said.insert(0, _("Before the run the machine drew as much as in it, or more: it was not idle."))
    if row.components:
        said.insert(0, covers_told(covers_of(part.name for part in parts_of(row))))
    return tuple(said)
