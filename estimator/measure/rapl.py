"""
Processors and memory by the counters of Intel and AMD (RAPL), as Linux shows them under powercap.

References
----------
.. [1] Linux kernel documentation, Power Capping Framework (energy_uj, max_energy_range_uj).
.. [2] Intel, Software Developer's Manual, volume 3, Platform-Specific RAPL (the platform holds package and memory).
.. [3] Khan et al., RAPL in Action, ACM TOMPECS 3(2), 2018 (accuracy of packages and memory).
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from estimator.measure.samplers import Component, MeterProblem, Reading
from estimator.measure.words import words as _

POWERCAP: Final = Path("/sys/class/powercap")
J_PER_MICROJOULE: Final = 1e-6
W_PER_MICROWATT: Final = 1e-6
UPDATE_PERIOD_S: Final = 0.001
SPREAD: Final = 0.05

_REMEDY_RIGHTS: Final = _(
    "Let everybody read it until the next start: sudo chmod a+r /sys/class/powercap/*/energy_uj. On a machine shared "
    "with people you do not trust give it to one group instead, for it can leak what others compute (CVE-2020-8694)."
)


@dataclass(frozen=True, slots=True)
class _Zone:
    component: Component
    file: int
    wraps_at_j: float | None


class RaplMeter:
    """The zones of one machine. Each counter is kept open, so that a reading is one system call."""

    name = "rapl"

    def __init__(self, zones: tuple[_Zone, ...]) -> None:
        self._zones = zones
        self.components = tuple(zone.component for zone in zones)
        self.accelerators = ()

    def read(self) -> Mapping[str, Reading]:
        """Every counter."""
        readings = {}
        for zone in self._zones:
            with contextlib.suppress(OSError, ValueError):
                energy_j = int(os.pread(zone.file, 32, 0)) * J_PER_MICROJOULE
                readings[zone.component.name] = Reading(energy_j=energy_j, wraps_at_j=zone.wraps_at_j)
        return readings

    def close(self) -> None:
        """Close the files."""
        for zone in self._zones:
            os.close(zone.file)


def open_meter(powercap: Path = POWERCAP) -> RaplMeter:
    """
    Open every counter that may be read.

    Parameters
    ----------
    powercap : Path
        Where the kernel shows them.

    Raises
    ------
    MeterProblem
        If there is none, or not all may be read, with what to do.
    """
    zones: list[_Zone] = []
    hidden: set[str] = set()
    forbidden: list[str] = []  #: as the kernel calls them
    for folder, component in _found(powercap):
        try:
            file = os.open(folder / "energy_uj", os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError:
            hidden.add(component.kind)
            forbidden.append(_text(folder / "name"))
        except OSError:
            continue
        else:
            range_uj = _text(folder / "max_energy_range_uj")
            wraps_at_j = int(range_uj) * J_PER_MICROJOULE if range_uj.isdigit() else None
            zones.append(_Zone(component, file, wraps_at_j))
    # One socket of two is not the processors, nor its memory all memory: a model of the whole says more than a part.
    told = tuple(zone for zone in zones if "cpu_package" not in hidden and zone.component.kind not in hidden)
    for zone in zones:
        if zone not in told:
            os.close(zone.file)
    if told:
        return RaplMeter(told)
    if forbidden:
        parts = ", ".join(forbidden)
        raise MeterProblem(_("RAPL is there, and may not be read (%(parts)s).", parts=parts), _REMEDY_RIGHTS)
    if not powercap.is_dir():
        raise MeterProblem(
            _("The kernel shows no RAPL counters (no powercap)."),
            _(
                "A virtual machine has none: measure on its host, or take a bare-metal instance. On a machine of your "
                "own load the driver: sudo modprobe intel_rapl_msr."
            ),
        )
    raise MeterProblem(
        _("The kernel has powercap, and no RAPL counters in it."),
        _("On a machine of your own load the driver: sudo modprobe intel_rapl_msr. A virtual machine has none."),
    )


def _found(powercap: Path) -> Iterator[tuple[Path, Component]]:
    """Packages, their memory and the platform; cores and graphics lie within their package."""
    if not powercap.is_dir():
        return
    sockets: dict[str, str] = {}
    platforms_count = 0
    # intel-rapl:0 comes before intel-rapl:0:1. The same counters through MMIO would count twice.
    for folder in sorted(
        powercap.glob("intel-rapl:*"), key=lambda path: [part.zfill(4) for part in path.name.split(":")]
    ):
        name = _text(folder / "name")
        zone = folder.name.split(":")
        if name.startswith("package-"):
            sockets[zone[1]] = name.partition("-")[2]
            socket = sockets[zone[1]]
            yield folder, _component(folder, f"cpu_package:{socket}", _("Processor, socket %(socket)s", socket=socket))
        elif name == "dram":
            socket = sockets.get(zone[1], zone[1])
            yield folder, _component(folder, f"dram:{socket}", _("Memory, socket %(socket)s", socket=socket))
        elif name == "psys":
            # Package and memory are in it, and what else the board feeds.
            platforms_count += 1
            name = f"platform:{platforms_count}" if platforms_count > 1 else "platform"
            yield folder, _component(folder, name, _("Platform, as its board measures it"), counted=False)


def _component(folder: Path, name: str, label: str, *, counted: bool = True) -> Component:
    limits = [
        int(told)
        for kind in ("max_power_uw", "power_limit_uw")
        for path in folder.glob(f"constraint_*_{kind}")
        if (told := _text(path)).isdigit()
    ]
    limit_w = max(limits, default=0) * W_PER_MICROWATT
    return Component(
        name=name,
        quality="counter",
        label=label,
        limit_w=limit_w or None,
        update_period_s=UPDATE_PERIOD_S,
        counted=counted,
        low=1.0 - SPREAD,
        high=1.0 + SPREAD,
    )


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""
