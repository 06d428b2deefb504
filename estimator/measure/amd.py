"""
AMD cards through amdsmi, which comes with ROCm and is used where it can be imported.

Both counter and power are of the whole card. A card in partitions is shown as several, which all tell the same power,
so only the first of them is read; of a card with two dies (MI250) the first tells both, and the other zero.

References
----------
.. [1] AMD SMI library, amdsmi.h and its Python interface (microjoules a step, watts, microwatts of the cap, MiB).
.. [2] AMD SMI documentation, GPU partitioning (socket power is that of the whole card; partitions share a PCI slot).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from estimator.measure.samplers import Accelerator, Component, MeterProblem, Reading
from estimator.measure.words import words as _

J_PER_MICROJOULE: Final = 1e-6
GB_PER_MIB: Final = 2**20 / 1e9
W_PER_MICROWATT: Final = 1e-6
UPDATE_PERIOD_S: Final = 0.1
#: Of the part of the driver that computes.
DRIVER_FILE: Final = "dev/kfd"
SPREAD: Final = 0.05
SPREAD_SAMPLED: Final = 0.1
#: Fields of 16 and 32 bits that are all ones are not measured; no card comes near the smaller.
LEAST_NOT_MEASURED_W: Final = 0xFFFF
#: What this counter has where it counts nothing.
NOT_COUNTED: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class _Card:
    handle: Any
    component: str


class AmdMeter:
    """Every AMD card that the driver shows."""

    name = "amd"

    def __init__(self, library: Any) -> None:
        self._library = library
        self._cards: list[_Card] = []
        components: list[Component] = []
        accelerators: list[Accelerator] = []
        slots: set[str] = set()
        for index, handle in enumerate(self._call("amdsmi_get_processor_handles") or ()):
            # "0000:0c:00.3": a partition is a function of its card's slot. Where they are numbered, each card has a 0.
            slot = str(self._call("amdsmi_get_gpu_device_bdf", handle) or index).partition(".")[0]
            number = _number((self._call("amdsmi_get_gpu_kfd_info", handle) or {}).get("current_partition_id"))
            if slot in slots and number != 0:
                continue
            card = _Card(handle, f"accelerator:amd-{index}")
            reading = self._reading(card)
            if reading is None:
                continue
            slots.add(slot)
            has_counter = reading.energy_j is not None
            asic = self._call("amdsmi_get_gpu_asic_info", handle) or {}
            memory_mib = _number((self._call("amdsmi_get_gpu_vram_info", handle) or {}).get("vram_size"))
            limit_uw = _number((self._call("amdsmi_get_power_cap_info", handle) or {}).get("power_cap"))
            spread = SPREAD if has_counter else SPREAD_SAMPLED
            name = str(asic.get("market_name") or "") or _("AMD card")
            limit_w = limit_uw * W_PER_MICROWATT if limit_uw else None
            self._cards.append(card)
            components.append(
                Component(
                    name=card.component,
                    quality="counter" if has_counter else "sampled",
                    label=name,
                    limit_w=limit_w,
                    update_period_s=UPDATE_PERIOD_S,
                    low=1.0 - spread,
                    high=1.0 + spread,
                )
            )
            accelerators.append(
                Accelerator(
                    name=name,
                    component=card.component,
                    vendor="AMD",
                    memory_gb=memory_mib * GB_PER_MIB if memory_mib else None,
                    limit_w=limit_w,
                    has_counter=has_counter,
                )
            )
        self.components = tuple(components)
        self.accelerators = tuple(accelerators)

    def read(self) -> Mapping[str, Reading]:
        """Counter and power of each card."""
        return {card.component: told for card in self._cards if (told := self._reading(card)) is not None}

    def close(self) -> None:
        """Leave the library."""
        self._call("amdsmi_shut_down")

    def _reading(self, card: _Card) -> Reading | None:
        told = self._call("amdsmi_get_energy_count", card.handle) or {}
        # ROCm 5 called the counter "power".
        counted = _number(told.get("energy_accumulator", told.get("power")))
        step_uj = _number(told.get("counter_resolution"))
        power = self._call("amdsmi_get_power_info", card.handle) or {}
        # Cards of the MI300 tell the current power, earlier ones an average; what is missing is "N/A" or all ones.
        told_w = (_number(power.get(name)) for name in ("current_socket_power", "average_socket_power"))
        power_w = next((told for told in told_w if told is not None and told < LEAST_NOT_MEASURED_W), None)
        energy_j = None
        if counted is not None and counted < NOT_COUNTED and step_uj:
            energy_j = counted * step_uj * J_PER_MICROJOULE
        return None if energy_j is None and power_w is None else Reading(energy_j=energy_j, power_w=power_w)

    def _call(self, name: str, *arguments: Any) -> Any:
        function = getattr(self._library, name, None)
        if function is None:
            return None
        try:
            return function(*arguments)
        except self._library.AmdSmiException:
            return None


def open_meter(root: Path = Path("/")) -> AmdMeter:
    """
    Open the driver's library.

    Parameters
    ----------
    root : Path
        Where the driver shows its files.

    Raises
    ------
    MeterProblem
        If there is no library, no driver or no card.
    """
    if not (root / DRIVER_FILE).exists():
        raise MeterProblem(
            _("There is no AMD driver for computing here."), _("Load the driver amdgpu, and give it to the container.")
        )
    try:
        import amdsmi
    except (ImportError, OSError, KeyError) as problem:  # its own loader raises KeyError where ROCm is half there
        raise MeterProblem(
            _("The package amdsmi is not installed."),
            _("Install it from ROCm: apt install amd-smi-lib."),
            is_there=True,
        ) from problem
    try:
        amdsmi.amdsmi_init()
    except amdsmi.AmdSmiException as problem:
        raise MeterProblem(
            _("There is no AMD driver here (%(problem)s).", problem=str(problem)),
            _("Load the driver amdgpu."),
            is_there=True,
        ) from problem
    meter = AmdMeter(amdsmi)
    if not meter.components:
        meter.close()
        raise MeterProblem(
            _("The AMD driver shows no card that tells its power."),
            _("Give the container /dev/kfd and /dev/dri."),
            is_there=True,
        )
    return meter


def _number(told: Any) -> float | None:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None
