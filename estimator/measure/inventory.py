"""What this machine is, and what can be measured on it: as a worker tells its server, and `--doctor` a person."""

import contextlib
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from estimator.core import ENGINE_VERSION
from estimator.measure.limits import BYTES_PER_GB, limits
from estimator.measure.samplers import Accelerator, MeterState, Opened
from estimator.measure.words import plain

#: Part of the path of a container's cgroup -> what made it.
_CONTAINERS: Final = (("kubepods", "Kubernetes"), ("docker", "Docker"), ("libpod", "Podman"), ("lxc", "LXC"))


@dataclass(frozen=True, slots=True)
class Host:
    """The machine and its system."""

    name: str
    system: str  #: "Linux 6.1.0"
    machine: str  #: x86_64, arm64
    virtual: bool  #: runs under a hypervisor
    container: str = ""  #: what made the container that we are in; empty outside of one


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processors."""

    model: str
    sockets_count: int
    cores_count: int
    threads_count: int
    usable_cores: float  #: threads that we may keep busy, by cgroup and affinity


@dataclass(frozen=True, slots=True)
class Inventory:
    """All of it."""

    host: Host
    cpu: Cpu
    memory_gb: float
    memory_limit_gb: float | None  #: of the cgroup
    accelerators: tuple[Accelerator, ...]
    meters: tuple[MeterState, ...]
    version: str = ENGINE_VERSION

    def as_json(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return dict(plain(asdict(self)))


def machine(root: Path = Path("/")) -> tuple[Host, Cpu, float, float | None]:
    """Host, processors, memory and its limit [GB], without opening any meter."""
    told = limits(root)
    uname = os.uname()
    cpu, virtual = _linux_cpu(root, told.usable_cores) if sys.platform == "linux" else _other_cpu()
    host = Host(
        name=uname.nodename,
        system=f"{uname.sysname} {uname.release}",
        machine=uname.machine,
        virtual=virtual,
        container=_container(root),
    )
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / BYTES_PER_GB
    limit_gb = told.memory_gb if told.memory_gb is not None and told.memory_gb < memory_gb else None
    return host, cpu, memory_gb, limit_gb


def inventory(opened: Opened, root: Path = Path("/")) -> Inventory:
    """
    Describe this machine.

    Parameters
    ----------
    opened : Opened
        Its meters, as `open_meters()` gives them.
    root : Path
        Where `proc` and `sys` lie.

    Returns
    -------
    Inventory
        Everything that a reader needs in order to know what the numbers stand for.
    """
    host, cpu, memory_gb, memory_limit_gb = machine(root)
    now = {part.name: part for part in opened.components}
    parts = {meter.name: tuple(now[part.name] for part in meter.components) for meter in opened.meters}
    return Inventory(
        host=host,
        cpu=cpu,
        memory_gb=memory_gb,
        memory_limit_gb=memory_limit_gb,
        accelerators=opened.accelerators,
        # A model knows its range only when the catalogue has answered.
        meters=tuple(replace(state, components=parts.get(state.name, ())) for state in opened.states),
    )


def _linux_cpu(root: Path, usable_cores: Any) -> tuple[Cpu, bool]:
    model, virtual, threads_count = "", False, 0
    sockets: set[str] = set()
    cores: set[tuple[str, str]] = set()
    socket = ""
    for line in _text(root / "proc/cpuinfo").splitlines():
        key, _, told = (part.strip() for part in line.partition(":"))
        if key == "processor":
            threads_count += 1
        elif key == "physical id":
            socket = told
            sockets.add(told)
        elif key == "core id":
            cores.add((socket, told))
        elif key in {"model name", "Model"} and not model:
            model = told
        elif key == "flags" and not virtual:
            virtual = "hypervisor" in told.split()
    threads_count = threads_count or os.cpu_count() or 1
    return (
        Cpu(
            model=model or os.uname().machine,
            sockets_count=len(sockets) or 1,
            cores_count=len(cores) or threads_count,
            threads_count=threads_count,
            usable_cores=usable_cores(threads_count),
        ),
        virtual,
    )


def _other_cpu() -> tuple[Cpu, bool]:
    """On macOS only its own tool knows; it is fast, and takes no input from anyone."""
    import subprocess

    names = ("machdep.cpu.brand_string", "hw.packages", "hw.physicalcpu", "hw.logicalcpu", "kern.hv_vmm_present")
    told = {}
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        lines = subprocess.run(
            ["/usr/sbin/sysctl", *names], capture_output=True, text=True, timeout=5, check=False
        ).stdout
        told = {key: rest.strip() for key, _, rest in (line.partition(":") for line in lines.splitlines())}
    threads_count = int(told.get("hw.logicalcpu") or os.cpu_count() or 1)
    return (
        Cpu(
            model=told.get("machdep.cpu.brand_string") or os.uname().machine,
            sockets_count=int(told.get("hw.packages") or 1),
            cores_count=int(told.get("hw.physicalcpu") or threads_count),
            threads_count=threads_count,
            usable_cores=float(threads_count),
        ),
        told.get("kern.hv_vmm_present") == "1",
    )


def _container(root: Path) -> str:
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "Kubernetes"
    if (root / ".dockerenv").exists():
        return "Docker"
    if (root / "run/.containerenv").exists():
        return "Podman"
    path = _text(root / "proc/1/cgroup")
    return next((maker for part, maker in _CONTAINERS if part in path), "")


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(errors="replace")
    return ""
