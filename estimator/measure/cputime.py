"""CPU time: of the machine, of our container, and of a process with all its children."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from estimator.measure.limits import cpu_usage_file, limits
from estimator.measure.own import borrowed

PROC: Final = Path("/proc")
#: Ticks a second in the files of the kernel.
CLOCK_HZ: Final = os.sysconf("SC_CLK_TCK")
S_PER_MICROSECOND: Final = 1e-6
S_PER_NANOSECOND: Final = 1e-9


def machine_busy_s(proc: Path = PROC, cpus: frozenset[int] | None = None) -> float:
    """
    CPU time that all processes have used since the machine started.

    Parameters
    ----------
    proc : Path
        Where the kernel shows it.
    cpus : frozenset of int, optional
        Threads of the machine that count; all of them by default.

    Returns
    -------
    float
        Busy time over all threads; neither idle nor taken by the hypervisor for others. [s]
    """
    if sys.platform != "linux":
        psutil = borrowed("psutil")

        told = psutil.cpu_times()
        return float(told.user + told.system + told.nice)
    if cpus is None:  # the sum of all is the first line
        return _busy_ticks(_start_of(f"{proc}/stat", 512).split(b"\n", 1)[0]) / CLOCK_HZ
    lines = _start_of(f"{proc}/stat", 1 << 20).split(b"\n")
    own = (line for line in lines if line[:3] == b"cpu" and line[3:4].isdigit() and int(line[3:].split()[0]) in cpus)
    return sum(_busy_ticks(line) for line in own) / CLOCK_HZ


def _busy_ticks(line: bytes) -> int:
    """Neither idle, nor waiting for a disk, nor stolen by the hypervisor."""
    user, nice, system, _, _, irq, softirq = line.split(None, 8)[1:8]
    return int(user) + int(nice) + int(system) + int(irq) + int(softirq)


def _start_of(path: str, most_bytes: int) -> bytes:
    """The first bytes of a file of the kernel; once a second and without anything around it."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, most_bytes)
    finally:
        os.close(file)


def usable_busy_s() -> Callable[[], float]:
    """
    What tells the CPU time used of the cores that we may use.

    Returns
    -------
    callable
        Of our container where its time is limited, of our cores where we are bound to some, else of the machine. [s]
    """
    told = limits()
    if told.quota_cores is not None and (file := cpu_usage_file()) is not None:
        return lambda: _usage_s(file)
    if sys.platform == "linux":
        cpus = frozenset(os.sched_getaffinity(0))
        if len(cpus) < (os.cpu_count() or len(cpus)):
            return lambda: machine_busy_s(cpus=cpus)
    return machine_busy_s


def _usage_s(file: Path) -> float:
    text = file.read_text()
    if file.name == "cpuacct.usage":
        return int(text) * S_PER_NANOSECOND
    return int(text.partition("usage_usec ")[2].split()[0]) * S_PER_MICROSECOND


class Tree:
    """
    A process and everything that it started, also what outlives its own parent.

    Parameters
    ----------
    pid : int
        The process.
    proc : Path
        Where the kernel shows processes.
    """

    def __init__(self, pid: int, proc: Path = PROC) -> None:
        self.pid = pid
        self._proc = proc
        self._known: dict[int, tuple[float, int, int]] = {}  #: pid -> CPU time with dead children, parent, start
        self._gone_s = 0.0  #: of processes that nobody in the tree has waited for
        self._most_s = 0.0

    @property
    def pids(self) -> frozenset[int]:
        """Its processes, as of the last look."""
        return frozenset(self._known) | {self.pid}

    def cpu_s(self) -> float:
        """CPU time that they have used so far; never goes back."""
        if sys.platform != "linux":
            return self._by_psutil_s()
        seen: dict[int, tuple[float, int, int]] = {}
        # What was seen once still belongs to it when its parent has ended.
        waiting = [self.pid, *self._known]
        while waiting:
            pid = waiting.pop()
            if pid in seen:
                continue
            told = self._stat(pid)
            if told is None:
                continue
            parent, start, ticks = told
            known = self._known.get(pid)
            if known is not None and known[2] != start:  # the number was given to another process
                continue
            seen[pid] = (ticks / CLOCK_HZ, parent, start)
            waiting.extend(self._children(pid))
        for pid, (used_s, parent, _) in self._known.items():
            # Whoever waits for a child inherits its time; an orphan's time would be lost.
            if pid not in seen and parent not in self._known:
                self._gone_s += used_s
        self._known = seen
        self._most_s = max(self._most_s, self._gone_s + sum(used_s for used_s, _, _ in seen.values()))
        return self._most_s

    def _stat(self, pid: int) -> tuple[int, int, int] | None:
        """Parent, start, and CPU time in ticks, that of children that were waited for included."""
        try:
            text = _start_of(f"{self._proc}/{pid}/stat", 4096)
        except OSError:
            return None
        # The name may hold spaces and brackets; nothing after the last bracket does.
        fields = text[text.rindex(b")") + 2 :].split()
        return int(fields[1]), int(fields[19]), sum(int(ticks) for ticks in fields[11:15])

    def _children(self, pid: int) -> list[int]:
        found: list[int] = []
        with contextlib.suppress(OSError):
            # Paths as texts: a tree of a hundred threads is walked once a second.
            for task in os.listdir(f"{self._proc}/{pid}/task"):  # noqa: PTH208
                with contextlib.suppress(OSError):
                    text = _start_of(f"{self._proc}/{pid}/task/{task}/children", 1 << 16)
                    found.extend(map(int, text.split()))
        return found

    def _by_psutil_s(self) -> float:
        psutil = borrowed("psutil")

        total_s = 0.0
        seen: dict[int, tuple[float, int, int]] = {}
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(self.pid)
            for process in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    told = process.cpu_times()
                    used_s = told.user + told.system
                    total_s += used_s
                    seen[process.pid] = (used_s, 0, 0)
        # Without the kernel's sums of dead children, the last time seen is kept for those that ended.
        self._gone_s += sum(used_s for pid, (used_s, _, _) in self._known.items() if pid not in seen)
        self._known = seen
        self._most_s = max(self._most_s, total_s + self._gone_s)
        return self._most_s
