"""
A command that runs as if it had been called without us: its own input and output, signals, and exit code.

What the terminal sends to everybody reaches the command by itself; what is sent to us alone is passed on.
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

#: Passed on when they are sent to us.
PASSED_ON: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
)
#: Of those, what a terminal sends to all of its foreground.
OF_TERMINAL: Final = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
#: si_code of what the kernel sends, as for Ctrl-C; a process has its own number there.
FROM_KERNEL: Final = 0x80
#: Exit codes of a shell.
NOT_FOUND, NOT_EXECUTABLE, KILLED = 127, 126, 128


class Command:
    """
    One running command.

    Parameters
    ----------
    arguments : sequence of str
        The program and its arguments.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._signals = _WaitedFor() if hasattr(signal, "sigtimedwait") else _Woken()
        try:
            self.pid = os.posix_spawnp(
                arguments[0],
                list(arguments),
                os.environ,
                setsigmask=self._signals.mask_before,
                # Python ignores these two, and a command would inherit that.
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
            )
        except OSError:
            self._signals.close()
            raise

    def wait(self, for_s: float) -> bool:
        """Wait for so long, or until the command has ended; says whether it has."""
        until_s = time.monotonic() + for_s
        while not self.has_ended():
            left_s = until_s - time.monotonic()
            if left_s <= 0.0:
                return False
            self._signals.wait(left_s, self._pass_on)
        return True

    def has_ended(self) -> bool:
        """Whether it has; what the kernel knows of it stays until its exit code is taken."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def exit_code(self) -> int:
        """Wait for its end: its own code, or 128 and the number of the signal that ended it."""
        while not self.wait(3600.0):
            pass
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else KILLED - code

    def close(self) -> None:
        """Take signals as before."""
        self._signals.close()

    def _pass_on(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


class _WaitedFor:
    """Signals are held back, and taken one by one with who sent them (Linux)."""

    def __init__(self) -> None:
        self._taken = {signal.SIGCHLD, *PASSED_ON}
        self.mask_before: set[Any] = signal.pthread_sigmask(signal.SIG_BLOCK, self._taken)

    def wait(self, for_s: float, pass_on: Callable[[int], None]) -> None:
        told = signal.sigtimedwait(self._taken, for_s)
        if told is None or told.si_signo == signal.SIGCHLD:
            return
        if not (told.si_signo in OF_TERMINAL and told.si_code == FROM_KERNEL):
            pass_on(told.si_signo)

    def close(self) -> None:
        # What came after the end of the command was meant for it.
        while signal.sigtimedwait(self._taken, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask_before)


class _Woken:
    """Signals wake a pipe; who sent them is guessed from who owns the terminal (macOS)."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self.mask_before: set[Any] = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._before: dict[int, Any] = {}
        for number in (signal.SIGCHLD, *PASSED_ON):
            if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGCHLD:
                self._before[number] = signal.signal(number, lambda number, frame: None)
        self._fd_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def wait(self, for_s: float, pass_on: Callable[[int], None]) -> None:
        select.select([self._read], [], [], for_s)
        with contextlib.suppress(BlockingIOError):
            for number in os.read(self._read, 64):
                if number != signal.SIGCHLD and not (number in OF_TERMINAL and _in_foreground()):
                    pass_on(number)

    def close(self) -> None:
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)


def _in_foreground() -> bool:
    with contextlib.suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False
