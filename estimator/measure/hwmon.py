"""
What Linux shows of other sensors: power meters of the board or its BMC (ACPI), AMD cards, and a discharging battery.

All but the cards tell the whole machine, or a whole chip. So they stand beside the sum of the parts, and are never
added to it.

References
----------
.. [1] Linux kernel documentation, hwmon sysfs interface (power in microwatts, intervals in milliseconds).
.. [2] Linux kernel, drivers/gpu/drm/amd/pm/amdgpu_pm.c (which sensors a card has, and which a processor with graphics).
.. [3] Linux kernel documentation, power supply class (microwatts, microvolts and microamperes).
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from estimator.measure.samplers import Accelerator, Component, MeterProblem, Reading
from estimator.measure.words import words as _

SYS: Final = Path("/sys/class")
W_PER_MICROWATT: Final = 1e-6
#: Volts times amperes of a battery, each in millionths.
W_PER_MICROVOLT_MICROAMPERE: Final = 1e-12
SPREAD: Final = 0.1

#: Drivers that tell the power of the whole machine: the BMC's meter by ACPI, and supplies that measure.
SYSTEM_DRIVERS: Final = {"power_meter": _("Power meter of the board"), "corsairpsu": _("Power supply")}
CARD_DRIVER: Final = "amdgpu"


@dataclass(frozen=True, slots=True)
class _Sensor:
    component: Component
    files: tuple[Path, ...]  #: one in microwatts, or microvolts and microamperes
    status: Path | None = None  #: of a battery


class HwmonMeter:
    """Every sensor of a power that means something."""

    name = "hwmon"

    def __init__(self, sensors: tuple[_Sensor, ...]) -> None:
        self._sensors = sensors
        self.components = tuple(sensor.component for sensor in sensors)
        self.accelerators = tuple(
            Accelerator(name=part.label, component=part.name, vendor="AMD")
            for part in self.components
            if part.kind == "accelerator"
        )

    def read(self) -> Mapping[str, Reading]:
        """Every power."""
        return {
            sensor.component.name: Reading(power_w=power_w)
            for sensor in self._sensors
            if (power_w := _power_w(sensor)) is not None
        }

    def close(self) -> None:
        """Nothing is held."""


def open_meter(sys: Path = SYS, taken: frozenset[str] = frozenset()) -> HwmonMeter:
    """
    Find the sensors.

    Parameters
    ----------
    sys : Path
        Where the kernel shows its classes.
    taken : frozenset of str
        Components that a better meter measures already.

    Raises
    ------
    MeterProblem
        If none tells a power now.
    """
    # What the library of AMD left out is no other card: it numbers them in its own way.
    has_cards = any(name.startswith("accelerator:amd-") for name in taken)
    found = [
        sensor
        for sensor in (*_hwmon(sys), *_batteries(sys))
        if sensor.component.name not in taken and not (has_cards and sensor.component.kind == "accelerator")
    ]
    if told := tuple(sensor for sensor in found if _power_w(sensor) is not None):
        return HwmonMeter(told)
    if any(sensor.status is not None for sensor in found):
        raise MeterProblem(
            _("The battery is not in use."), _("Unplug the machine to measure the whole of it by its battery.")
        )
    raise MeterProblem(_("No sensor of this machine tells the power of all of it."))


def _hwmon(sys: Path) -> Iterator[_Sensor]:
    cards_count = 0
    names: dict[str, int] = {}
    for folder in sorted((sys / "hwmon").glob("hwmon*"), key=lambda path: (len(path.name), path.name)):
        driver = _text(folder / "name")
        file = next((path for name in ("power1_average", "power1_input") if (path := folder / name).exists()), None)
        if file is None:
            continue
        if driver == CARD_DRIVER and _is_card(folder):
            name, label, counted = f"accelerator:amd-{cards_count}", _("AMD card"), True
            cards_count += 1
        elif driver == CARD_DRIVER:
            # Its power is that of cores and graphics together, and the cores are counted by RAPL or the model.
            name, label, counted = "platform:amdgpu", _("Processor with its graphics"), False
        elif driver in SYSTEM_DRIVERS:
            name, label, counted = f"system:{driver}", SYSTEM_DRIVERS[driver], False
        else:
            continue
        # A machine may have several of a kind.
        names[name] = names.get(name, 0) + 1
        name += f"-{names[name]}" if names[name] > 1 else ""
        interval_ms = _text(folder / "power1_average_interval")
        yield _Sensor(
            Component(
                name=name,
                quality="sampled",
                label=label,
                update_period_s=int(interval_ms) / 1000 if interval_ms.isdigit() and int(interval_ms) else 1.0,
                counted=counted,
                low=1.0 - SPREAD,
                high=1.0 + SPREAD,
            ),
            (file,),
        )


def _is_card(folder: Path) -> bool:
    """Whether this is a board of its own: of processors with graphics only one has a cap, and that is called slow."""
    return (folder / "power1_cap").exists() and _text(folder / "power1_label") != "slowPPT"


def _batteries(sys: Path) -> Iterator[_Sensor]:
    for folder in sorted((sys / "power_supply").glob("*")):
        if _text(folder / "type") != "Battery" or _text(folder / "scope") == "Device":  # a mouse has one, too
            continue
        power, product = folder / "power_now", (folder / "voltage_now", folder / "current_now")
        yield _Sensor(
            Component(
                name=f"system:{folder.name.lower()}",
                quality="sampled",
                label=_("Battery, the whole machine"),
                update_period_s=5.0,
                counted=False,
                low=1.0 - SPREAD,
                high=1.0 + SPREAD,
            ),
            (power,) if power.exists() else product,
            status=folder / "status",
        )


def _power_w(sensor: _Sensor) -> float | None:
    """Watts now; None where the sensor fails, or the battery is not what feeds the machine."""
    if sensor.status is not None and _text(sensor.status) != "Discharging":
        return None
    try:
        numbers = [abs(int(_text(file))) for file in sensor.files]
    except ValueError:
        return None
    if len(numbers) == 2:
        return numbers[0] * numbers[1] * W_PER_MICROVOLT_MICROAMPERE
    return numbers[0] * W_PER_MICROWATT


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""
