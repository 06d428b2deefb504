"""CPU time: of the machine, of our container, and of a process with all its children."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from estimator.measure.limits import cpu_usage_file, limits

PROC: Final = Path("/proc")
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
        import psutil

        told = psutil.cpu_times()
        return float(told.user + told.system + told.nice)
    hz = os.sysconf("SC_CLK_TCK")
    ticks = 0
    with (proc / "stat").open("rb") as lines:
        for line in lines:
            name, *numbers = line.split()
            if not name.startswith(b"cpu"):
                break
            if (name == b"cpu") if cpus is None else (name != b"cpu" and int(name[3:]) in cpus):
                user, nice, system, _, _, irq, softirq = (int(number) for number in numbers[:7])
                ticks += user + nice + system + irq + softirq
                if cpus is None:
                    break
    return ticks / hz


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
        hz = os.sysconf("SC_CLK_TCK")
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
            seen[pid] = (ticks / hz, parent, start)
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
            text = (self._proc / str(pid) / "stat").read_bytes()
        except OSError:
            return None
        # The name may hold spaces and brackets; nothing after the last bracket does.
        fields = text[text.rindex(b")") + 2 :].split()
        return int(fields[1]), int(fields[19]), sum(int(ticks) for ticks in fields[11:15])

    def _children(self, pid: int) -> list[int]:
        found: list[int] = []
        with contextlib.suppress(OSError):
            for task in (self._proc / str(pid) / "task").iterdir():
                with contextlib.suppress(OSError):
                    text = (task / "children").read_bytes()
                    found.extend(int(child) for child in text.split())
        return found

    def _by_psutil_s(self) -> float:
        import psutil

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
