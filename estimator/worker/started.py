"""A process that is followed: somebody's own by its number, or a workload that we started by its name."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import Any, Final

from estimator.worker.config import Config

#: How long a workload may take to end in good order. [s]
GRACE_S: Final = 10.0


class NoProcess(Exception):
    """It is not there, or may not be started: a code for the server."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def birth(pid: int) -> float | None:
    """When a process was started, which tells it from a later one of the same number; None where it is gone."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


class Followed:
    """The process, across restarts of ours."""

    def __init__(self, pid: int, born_s: float, *, child: subprocess.Popen[bytes] | None = None, ours: bool) -> None:
        self.pid, self.born_s, self.ours = pid, born_s, ours
        self._child = child

    @classmethod
    def by_pid(cls, pid: int) -> "Followed":
        """One that runs already."""
        born_s = birth(pid)
        if born_s is None:
            raise NoProcess("no_such_process")
        return cls(pid, born_s, ours=False)

    @classmethod
    def by_name(cls, name: str, config: Config) -> "Followed":
        """A workload of the worker's own file, started now."""
        found = config.workloads.get(name)
        if found is None:
            raise NoProcess("unknown_workload")
        try:
            child = subprocess.Popen(
                found.command,
                cwd=found.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # it outlives us, and is measured on when we are back
            )
        except OSError:
            raise NoProcess("workload_does_not_start") from None
        return cls(child.pid, birth(child.pid) or time.time(), child=child, ours=True)

    @classmethod
    def again(cls, told: Mapping[str, Any]) -> "Followed":
        """The one that was followed before we were restarted."""
        return cls(int(told["pid"]), float(told["born_s"]), ours=bool(told["ours"]))

    def as_json(self) -> dict[str, Any]:
        """What `again` needs."""
        return {"pid": self.pid, "born_s": self.born_s, "ours": self.ours}

    def is_over(self) -> bool:
        """Whether it has ended."""
        if self._child is not None:
            return self._child.poll() is not None
        born_s = birth(self.pid)
        return born_s is None or abs(born_s - self.born_s) > 1.0

    def exit_code(self) -> int | None:
        """How it ended, where we are the one to know."""
        return None if self._child is None else self._child.poll()

    def end(self) -> None:
        """End a workload of ours, with its children; a process of somebody else runs on."""
        if not self.ours or self.is_over():
            return
        for how, wait_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 2.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, how)
            until_s = time.monotonic() + wait_s
            while time.monotonic() < until_s and not self.is_over():
                time.sleep(0.05)
            if self.is_over():
                return
