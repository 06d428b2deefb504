"""
NVIDIA cards through the driver's own library (NVML).

The counter of energy is read where the card has one (Volta and later), else its power. Both are of the whole card: the
slices of a MIG card and everybody who shares it are in them.

In a container with process numbers of its own, older drivers tell the numbers of the host [2]_. Newer ones tell ours in
our numbers; of others they tell the work in numbers of the host, and not the memory [3]_.

References
----------
.. [1] NVIDIA, NVML API Reference (millijoules since the driver was loaded, milliwatts, microseconds, percent).
.. [2] NVIDIA/nvidia-docker, issue 1483.
.. [3] NVIDIA, open-gpu-kernel-modules: `os_find_ns_pid`, `gpuGetProcWithObject_IMPL`,
   `subdeviceCtrlCmdPerfGetGpumonPerfmonUtilSamplesV2_KERNEL`.
.. [4] Linux, include/uapi/linux/nsfs.h: `PID_NS_INIT_INO`.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from estimator.measure.own import borrowed
from estimator.measure.samplers import Accelerator, Component, MeterProblem, Reading
from estimator.measure.words import Words, joined
from estimator.measure.words import words as _

J_PER_MILLIJOULE: Final = 1e-3
W_PER_MILLIWATT: Final = 1e-3
BYTES_PER_GB: Final = 1e9
#: The driver renews power and energy about this often. [s]
UPDATE_PERIOD_S: Final = 0.1
#: The vendor states 5 W, about 5 % of a card at work.
SPREAD: Final = 0.05
#: A power averaged or sampled by the driver misses short peaks.
SPREAD_SAMPLED: Final = 0.1

#: Of Linux, of its Windows subsystem, and of Jetson boards.
DRIVER_FILES: Final = ("dev/nvidiactl", "proc/driver/nvidia", "dev/dxg", "dev/nvgpu")
#: Inode of the first namespace of process numbers, that of the machine itself [4]_.
FIRST_PID_NAMESPACE: Final = 0xEFFFFFFC
_NO_DRIVER: Final = _("Install NVIDIA's driver, or start the container with --gpus all.")


@dataclass(slots=True)
class _Card:
    handle: Any
    component: str
    has_counter: bool
    has_power: bool
    seen_us: int = 0  #: of its utilisation samples, those up to here were counted


class NvmlMeter:
    """
    Every NVIDIA card that the driver shows.

    Parameters
    ----------
    library : module
        The driver's, as `pynvml` has it.
    root : Path
        Where `proc` lies.
    """

    name = "nvml"

    def __init__(self, library: Any, root: Path = Path("/")) -> None:
        self._library = library
        self._proc = root / "proc"
        self._numbers_differ = has_own_numbers(root)
        self._knows_ours = not self._numbers_differ  #: whether the driver tells our processes by our numbers
        self._cards: list[_Card] = []
        components: list[Component] = []
        accelerators: list[Accelerator] = []
        for index in range(int(self._call("nvmlDeviceGetCount") or 0)):
            handle = self._call("nvmlDeviceGetHandleByIndex", index)
            if handle is None:
                continue
            has_counter = self._call("nvmlDeviceGetTotalEnergyConsumption", handle) is not None
            has_power = self._call("nvmlDeviceGetPowerUsage", handle) is not None
            if not (has_counter or has_power):
                continue  # a slice given to a virtual machine tells neither
            name = f"accelerator:{index}"
            accelerator = self._accelerator(handle, name, has_counter=has_counter)
            spread = SPREAD if has_counter else SPREAD_SAMPLED
            components.append(
                Component(
                    name=name,
                    quality="counter" if has_counter else "sampled",
                    label=accelerator.name,
                    limit_w=accelerator.limit_w,
                    update_period_s=UPDATE_PERIOD_S,
                    low=1.0 - spread,
                    high=1.0 + spread,
                    note=accelerator.note,
                )
            )
            accelerators.append(accelerator)
            self._cards.append(_Card(handle, name, has_counter, has_power))
        self.components = tuple(components)
        self.accelerators = tuple(accelerators)

    def read(self) -> Mapping[str, Reading]:
        """Counter and power of each card."""
        readings = {}
        for card in self._cards:
            energy = self._call("nvmlDeviceGetTotalEnergyConsumption", card.handle) if card.has_counter else None
            power = self._call("nvmlDeviceGetPowerUsage", card.handle) if card.has_power else None
            if energy is None and power is None:
                continue
            readings[card.component] = Reading(
                energy_j=None if energy is None else energy * J_PER_MILLIJOULE,
                power_w=None if power is None else power * W_PER_MILLIWATT,
            )
        return readings

    def shares(self) -> Mapping[str, Mapping[int, float]]:
        """
        Share of each card's work that each process did since the last call, by the driver's samples.

        Where the driver tells no utilisation, the memory that each process holds on the card stands in for it. A card
        whose driver tells neither, as in slices without the rights of root, is left out; and one whose driver is not
        seen to know our processes by our numbers, as in a container.
        """
        told: dict[str, Mapping[int, float]] = {}
        for card in self._cards:
            used: dict[int, float] = {}
            for sample in self._call("nvmlDeviceGetProcessUtilization", card.handle, card.seen_us) or ():
                card.seen_us = max(card.seen_us, int(sample.timeStamp))
                used[int(sample.pid)] = used.get(int(sample.pid), 0.0) + float(sample.smUtil)
            self._knows_ours = self._knows_ours or any(map(self._uses_a_card, used))
            is_told = sum(used.values()) > 0.0
            if self._numbers_differ and not (is_told and self._knows_ours):
                continue  # in these numbers nobody's share is known, and the memory of others is not told
            if not is_told:
                processes = self._call("nvmlDeviceGetComputeRunningProcesses", card.handle)
                if processes is None:
                    continue
                used = {int(process.pid): float(process.usedGpuMemory or 0) for process in processes}
            whole = sum(used.values())
            told[card.component] = {pid: part / whole for pid, part in used.items()} if whole else {}
        return told

    def close(self) -> None:
        """Leave the library."""
        self._call("nvmlShutdown")

    def _accelerator(self, handle: Any, component: str, *, has_counter: bool) -> Accelerator:
        name = self._call("nvmlDeviceGetName", handle) or _("NVIDIA card")
        memory = self._call("nvmlDeviceGetMemoryInfo", handle)
        limit = self._call("nvmlDeviceGetEnforcedPowerLimit", handle)
        mig = self._call("nvmlDeviceGetMigMode", handle)
        notes: list[Words] = []
        if mig and mig[0]:
            notes.append(_("MIG is on: its energy is that of the whole card, all slices together."))
        if self._numbers_differ:
            notes.append(
                _(
                    "In a container the driver may number processes as the host does: what of this card falls to one "
                    "of them is told only while it is seen to know ours. With --pid=host it always does."
                )
            )
        return Accelerator(
            name=name.decode() if isinstance(name, bytes) else name,
            component=component,
            vendor="NVIDIA",
            memory_gb=memory.total / BYTES_PER_GB if memory else None,
            limit_w=limit * W_PER_MILLIWATT if limit else None,
            has_counter=has_counter,
            note=joined(notes),
        )

    def _uses_a_card(self, pid: int) -> bool:
        """Whether a process of this number is here, and has a card open: then the number is one of ours."""
        with contextlib.suppress(OSError):
            for file in (self._proc / str(pid) / "fd").iterdir():
                with contextlib.suppress(OSError):  # closed meanwhile
                    if str(file.readlink()).startswith("/dev/nvidia"):
                        return True
        return False

    def _call(self, name: str, *arguments: Any) -> Any:
        """What a function of the library returns; None where this card or driver does not offer it."""
        function = getattr(self._library, name, None)
        if function is None:
            return None
        try:
            return function(*arguments)
        except self._library.NVMLError:
            return None


def has_own_numbers(root: Path = Path("/")) -> bool:
    """Whether our processes have other numbers than the machine gives them, as in a container."""
    try:
        return (root / "proc/self/ns/pid").stat().st_ino != FIRST_PID_NAMESPACE
    except OSError:
        return False


def open_meter(root: Path = Path("/")) -> NvmlMeter:
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
    # The library takes long to load, and most machines have no driver.
    if not any((root / file).exists() for file in DRIVER_FILES):
        raise MeterProblem(_("There is no NVIDIA driver here."), _NO_DRIVER)
    try:
        pynvml = borrowed("pynvml")
    except ImportError as problem:
        raise MeterProblem(
            _("The package nvidia-ml-py is not installed."),
            _("Install it: pip install nvidia-ml-py."),
            is_there=True,
        ) from problem
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as problem:
        raise MeterProblem(
            _("There is no NVIDIA driver here (%(problem)s).", problem=str(problem)), _NO_DRIVER, is_there=True
        ) from problem
    meter = NvmlMeter(pynvml, root)
    if not meter.components:
        meter.close()
        raise MeterProblem(
            _("The NVIDIA driver shows no card that tells its power."),
            _("In a virtual machine with a shared card only the host can measure it; ask for the whole card."),
            is_there=True,
        )
    return meter
