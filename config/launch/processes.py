"""Children of the launcher: started in a group of their own, listened to, started again, stopped with patience."""

import collections
import contextlib
import ctypes
import io
import os
import platform
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: A child that dies this often within a minute will not get well by being started again.
DEATHS_PER_MINUTE = 5
#: A log is put aside at this size, and one older one is kept. [bytes]
LOG_BYTES = 5_000_000
_PR_SET_PDEATHSIG = 1
LINUX: bool = platform.system() == "Linux"
_libc = ctypes.CDLL(None) if LINUX else None


@dataclass(frozen=True)
class Service:
    """One program that the site consists of."""

    name: str
    command: Sequence[str]
    #: They stop from the top floor down, those of one floor together: nobody takes work that nobody would do.
    floor: int
    grace_s: float = 10.0
    #: Without it there is no site: when it keeps dying, everything ends.
    essential: bool = False
    #: Sent by the system if the launcher itself is killed; for Celery the one that does not wait for running tasks.
    orphan_signal: signal.Signals = signal.SIGTERM


def started_at(pid: int) -> str | None:
    """When a process began, as the system tells it: with the number, the name of one process for all time."""
    if LINUX:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        except (OSError, IndexError):
            return None
    told = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.stdout.strip() or None


def commands_of_group(group: int) -> list[str]:
    """The command lines of all processes of a group."""
    if not LINUX:
        told = subprocess.run(["ps", "-eo", "pgid=,args="], capture_output=True, text=True, check=False).stdout
        pairs = [line.split(None, 1) for line in told.splitlines()]
        return [pair[1] for pair in pairs if len(pair) == 2 and pair[0] == str(group)]
    commands = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            if folder.joinpath("stat").read_text().rpartition(")")[2].split()[2] == str(group):
                commands.append(folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return commands


def end_group(pid: int, first: signal.Signals = signal.SIGKILL) -> None:
    """Signal a child and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, first)


class BoundedLog:
    """A log file that never fills the disk, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()

    def _open(self) -> io.TextIOWrapper:
        return os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8")

    def write(self, line: str) -> None:
        """Add a line. Where the disk is full the line is lost: its writer must go on."""
        with contextlib.suppress(OSError, ValueError):
            if self._file.tell() > LOG_BYTES:
                self._file.close()
                self._path.replace(self._path.with_suffix(".log.1"))
                self._file = self._open()
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            self._file.close()


class Child:
    """A running service: its process, its log and its last lines."""

    def __init__(self, service: Service, environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self.service = service
        self.last_lines: collections.deque[str] = collections.deque(maxlen=15)
        self.deaths: collections.deque[float] = collections.deque(maxlen=DEATHS_PER_MINUTE)
        self.start_again_at: float | None = None
        self._environment = dict(environment)
        self._folder = folder
        self._log = BoundedLog(log)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, from the main thread: the system's "parent died" is said when the starting thread ends."""
        parent, orphan_signal = os.getpid(), self.service.orphan_signal

        def follow_the_parent() -> None:
            assert _libc is not None
            _libc.prctl(_PR_SET_PDEATHSIG, int(orphan_signal))
            if os.getppid() != parent:
                os._exit(1)

        self.start_again_at = None
        self.process = subprocess.Popen(
            self.service.command,
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=follow_the_parent if _libc else None,
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.rstrip("\n")
            self.last_lines.append(text)
            self._log.write(text)

    @property
    def pid(self) -> int | None:
        """Its process id while it lives."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    def tail(self) -> str:
        """Its last lines, for the terminal."""
        return "\n".join(f"    {line}" for line in self.last_lines) or "    (it said nothing)"

    def ask_to_stop(self) -> None:
        """Ask it to end in good order."""
        self.start_again_at = None
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def see_off(self, hurry: Callable[[], bool]) -> None:
        """Wait, then insist. Nothing of its group is left behind."""
        process = self.process
        if process is None:
            return
        for wait_s, insist in ((self.service.grace_s, signal.SIGQUIT), (3.0, signal.SIGKILL)):
            until = time.monotonic() + wait_s
            while process.poll() is None and time.monotonic() < until and not hurry():
                time.sleep(0.02)
            if process.poll() is None:
                process.send_signal(insist)
        end_group(process.pid)
        process.wait()

    def close(self) -> None:
        """Close its log."""
        self._log.close()
