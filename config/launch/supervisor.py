"""Keeps the children alive and says what happens to them."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from config.launch.processes import DEATHS_PER_MINUTE, Child, Service, end_group
from config.launch.trouble import Trouble

_BACK_OFF_S = (0.5, 1.0, 2.0, 4.0)
_PAUSE_S = 60.0
DEATHS_WHILE_COMING_UP = 3


def say(text: str) -> None:
    """Progress goes to standard error; standard output holds the address alone."""
    print(text, file=sys.stderr, flush=True)


class Supervisor:
    """The children, from the first one started to the last one stopped."""

    def __init__(self, environment: Mapping[str, str], root: Path, logs: Path, changed: Callable[[], None]) -> None:
        self.children: list[Child] = []
        self._environment = environment
        self._root = root
        self._logs = logs
        self._changed = changed
        self.hurry = False
        #: While it comes up, what keeps dying is a reason to say so and end, whatever it is.
        self.coming_up = True

    def start(self, service: Service) -> Child:
        """Start one more service."""
        child = Child(service, self._environment, self._root, self._logs / f"{service.name}.log")
        child.start()
        self.children.append(child)
        self._changed()
        return child

    def look_after(self) -> None:
        """One round: who died is told with its last lines and started again, later each time."""
        now = time.monotonic()
        for child in self.children:
            if child.start_again_at is not None:
                if now >= child.start_again_at:
                    child.last_lines.clear()
                    child.start()
                    self._changed()
            elif child.process is not None and child.process.poll() is not None:
                self._bury(child, now)

    def _bury(self, child: Child, now: float) -> None:
        assert child.process is not None
        end_group(child.process.pid)
        code = child.process.returncode
        how = f"was ended by signal {-code}" if code < 0 else f"ended by itself (exit {code})"
        child.deaths.append(now)
        recent = [moment for moment in child.deaths if now - moment < 60]
        name = child.service.name
        say(f"\n{name} {how}. Its last lines:\n{child.tail()}")
        if self.coming_up and len(recent) >= DEATHS_WHILE_COMING_UP:
            raise Trouble(f"{name} does not start, so Wattprint stops. Its log: {self._logs / name}.log")
        if len(recent) >= DEATHS_PER_MINUTE:
            log = self._logs / f"{name}.log"
            if child.service.essential:
                raise Trouble(
                    f"{name} ended {DEATHS_PER_MINUTE} times within a minute, so Wattprint stops. Its log: {log}"
                )
            say(
                f"{name} ended {DEATHS_PER_MINUTE} times within a minute: the site stays up without it, and it is "
                f"tried again in {_PAUSE_S:.0f} s. Its log: {log}"
            )
            child.deaths.clear()
            child.start_again_at = now + _PAUSE_S
            return
        delay_s = _BACK_OFF_S[min(len(recent), len(_BACK_OFF_S)) - 1]
        say(f"{name} is started again in {delay_s:g} s.")
        child.start_again_at = now + delay_s

    def stop(self) -> None:
        """Stop all, floor by floor; the lowest, Redis, hears everybody out."""
        for floor in sorted({child.service.floor for child in self.children}, reverse=True):
            together = [child for child in self.children if child.service.floor == floor]
            for child in together:
                child.ask_to_stop()
            for child in together:
                child.see_off(lambda: self.hurry)
                child.close()
        self.children.clear()
