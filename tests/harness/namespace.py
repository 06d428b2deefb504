"""A network namespace of its own, joined to this machine by one wire, where we may make one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Namespace:
    """Where a process may run as if on another machine."""

    name: str
    wire: str
    host: str  #: this machine's address on the wire

    @property
    def before(self) -> list[str]:
        """What stands before a command that is to run there."""
        return ["ip", "netns", "exec", self.name]

    def cut(self) -> None:
        """Take the wire down."""
        _ip("link", "set", self.wire, "down")

    def mend(self) -> None:
        """Bring it up again."""
        _ip("link", "set", self.wire, "up")


def _ip(*words: str, check: bool = True) -> bool:
    return subprocess.run(["ip", *words], capture_output=True, check=check).returncode == 0


@contextmanager
def network_namespace() -> Iterator[Namespace | None]:
    """Make one and take it away again; None where that is not allowed."""
    number = os.getpid() % 250 + 1
    name, wire = f"wp{os.getpid()}", f"wpa{number}"
    host, guest = f"10.213.{number}.1", f"10.213.{number}.2"
    if os.geteuid() != 0 or shutil.which("ip") is None or not _ip("netns", "add", name, check=False):
        yield None
        return
    try:
        far = f"wpb{number}"
        made = _ip("link", "add", wire, "type", "veth", "peer", "name", far, check=False)
        if not made:
            yield None
            return
        _ip("link", "set", far, "netns", name)
        _ip("addr", "add", f"{host}/24", "dev", wire)
        _ip("link", "set", wire, "up")
        _ip("netns", "exec", name, "ip", "addr", "add", f"{guest}/24", "dev", far)
        _ip("netns", "exec", name, "ip", "link", "set", far, "up")
        yield Namespace(name, wire, host)
    finally:
        _ip("link", "del", wire, check=False)
        _ip("netns", "del", name, check=False)
