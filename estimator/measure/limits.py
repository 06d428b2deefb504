"""What a container or a scheduler lets us use of the machine: cores and memory, by cgroup v2, v1 and CPU affinity."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: A limit of memory above this is cgroup v1's way to say "none". [byte]
NO_LIMIT_BYTES: Final = 1 << 60
BYTES_PER_GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be used; None where nothing limits it."""

    quota_cores: float | None = None  #: CPU time a second that the cgroup allows
    memory_gb: float | None = None
    affinity_cores: int | None = None  #: threads that the process may run on

    def usable_cores(self, threads_count: int) -> float:
        """Threads of the machine that can be kept busy at once."""
        return min(
            float(threads_count),
            self.quota_cores if self.quota_cores is not None else float(threads_count),
            float(self.affinity_cores or threads_count),
        )


def limits(root: Path = Path("/")) -> Limits:
    """
    The limits of this process.

    Parameters
    ----------
    root : Path
        Where `proc` and `sys` lie.

    Returns
    -------
    Limits
        The tightest along the way from its cgroup to the root.
    """
    quotas: list[float] = []
    memories_gb: list[float] = []
    for folder in _folders(root):
        if (quota_cores := _quota_cores(folder)) is not None:
            quotas.append(quota_cores)
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = _read(folder / name)
            if limit.isdigit() and int(limit) < NO_LIMIT_BYTES:
                memories_gb.append(int(limit) / BYTES_PER_GB)
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return Limits(
        quota_cores=min(quotas, default=None), memory_gb=min(memories_gb, default=None), affinity_cores=affinity
    )


def cpu_usage_file(root: Path = Path("/")) -> Path | None:
    """The file in which our cgroup counts the CPU time that it has used; None where there is none."""
    for folder in _folders(root):
        if "usage_usec " in _read(folder / "cpu.stat"):
            return folder / "cpu.stat"
        for file in (folder / "cpuacct.usage", *(top / "cpuacct.usage" for top in _siblings(root, folder))):
            if _read(file).isdigit():
                return file
    return None


def _siblings(root: Path, folder: Path) -> Iterator[Path]:
    """The same cgroup in the hierarchy that counts time, where that is mounted apart from the one that limits it."""
    top = root / "sys/fs/cgroup"
    if folder.is_relative_to(top / "cpu"):
        yield top / "cpuacct" / folder.relative_to(top / "cpu")


def _folders(root: Path) -> Iterator[Path]:
    """The folders of our cgroups, in each hierarchy that is mounted, with those around them."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and not {"cpu", "memory"} & set(controllers.split(",")):
            continue
        for base in [""] if not controllers else [controllers, *controllers.split(",")]:
            top = root / "sys/fs/cgroup" / base
            # Inside a container the path is that of the host, and only the top is to be seen.
            inner = top / path.lstrip("/") if ".." not in path else top
            folder = inner if inner.is_dir() else top
            while folder.is_dir():
                yield folder
                if folder == top:
                    break
                folder = folder.parent


def _quota_cores(folder: Path) -> float | None:
    quota, _, period = _read(folder / "cpu.max").partition(" ")
    if not quota:
        quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
    if quota.isdigit() and period.isdigit() and int(period):
        return int(quota) / int(period)
    return None


def _read(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text().strip()
    return ""
