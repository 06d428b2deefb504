"""Redis, Celery workers and the whole site as processes that a test may start, kill and start again."""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.launch import forwarder
from config.launch import redis as private_redis
from config.launch.certificate import Certificate
from tests.harness.environment import ROOT

if TYPE_CHECKING:
    from tests.harness.certificates import Pair


def wait_until(true: Callable[[], object], *, timeout_s: float = 20, every_s: float = 0.05, what: str = "") -> None:
    """Wait for something to become true, or fail with what it was."""
    until = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"not within {timeout_s:g} s: {what or getattr(true, '__name__', true)}")
        time.sleep(every_s)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Redis:
    """A private Redis, with the launcher's own settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.socket = private_redis.socket_path(folder)
        self.url = f"unix://{self.socket}"

    def start(self) -> None:
        """Start it and wait for its first answer."""
        command, unix_socket = private_redis.command(self.folder)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process = self.process
        assert private_redis.wait_until_it_answers(unix_socket, timeout_s=20, goes_on=lambda: process.poll() is None), (
            self.folder / "log"
        ).read_text()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it; what it was told is on disk."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=20)
            self.process = None


@contextlib.contextmanager
def by_tls(redis: Redis, certificate: Certificate, *, host: str = "127.0.0.1") -> Iterator[int]:
    """The launcher's own door before a Redis; its port."""
    port = free_port()
    line = forwarder.command(host=host, port=port, unix_socket=redis.socket, certificate=certificate)
    path = redis.folder / f"tls-{port}.log"
    with path.open("ab") as log:
        process = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: forwarder.LISTENS.encode() in path.read_bytes(), what="it takes TLS connections")
        yield port
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0, path.read_text()


class Worker:
    """A Celery worker process on the database of the test."""

    def __init__(
        self, environment: Mapping[str, str], log: Path, *, queues: Sequence[str], concurrency: int, app: str
    ) -> None:
        self.name = f"tests-{time.monotonic_ns()}@tests"
        self._environment = dict(environment)
        self.log = log
        self._command = [
            *[sys.executable, "-m", "celery", "-A", app, "worker", "-Q", ",".join(queues)],
            *["-c", str(concurrency), "-n", self.name, "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes work."""
        seen = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = self.process
        wait_until(
            lambda: process.poll() is not None or b" ready." in self.log.read_bytes()[seen:],
            timeout_s=30,
            what="worker ready",
        )
        assert process.poll() is None, self.log.read_text()[-3000:]

    def kill(self) -> None:
        """SIGKILL it with its pool, as a power cut would."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """Stop it in good order."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def restart(self) -> None:
        """Stop in good order and start again under the same name."""
        self.stop()
        self.start()


class LiveSite:
    """`./wattprint up` as a person runs it, on a data folder and a port of its own."""

    def __init__(
        self,
        data: Path,
        *,
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
        host: str = "127.0.0.1",
        pair: "Pair | None" = None,
    ) -> None:
        self.data = data
        self.port = port or free_port()
        self.url = f"http{'s' if pair else ''}://{host}:{self.port}"
        self._host, self._pair = host, pair
        self._tls = ssl.create_default_context(cafile=pair.certificate if pair else None)
        self._environment = dict(environment or {})
        self.process: subprocess.Popen[str] | None = None
        self.error_log = data.with_name(data.name + ".stderr")

    def command(self, *more: str) -> list[str]:
        """The command line, as the script hands it over to the Python of .venv."""
        by_tls = ["--certificate", str(self._pair.certificate), "--key", str(self._pair.key)] if self._pair else []
        where = ["--host", self._host, "--port", str(self.port), *by_tls]
        return [sys.executable, "-m", "config.launch", *where, "--data", str(self.data), *more]

    def environment(self) -> dict[str, str]:
        """The environment of a person, without what this test session has set for itself."""
        own = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DEBUG", "WATTPRINT_DATA", "DJANGO_SETTINGS_MODULE")
        return {k: v for k, v in os.environ.items() if k not in own} | self._environment

    def start(self) -> None:
        """Start it and wait for its address."""
        self.error_log.parent.mkdir(parents=True, exist_ok=True)
        with self.error_log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env=self.environment(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.strip() == f"{self.url}/", f"{line!r}\n{self.told()[-4000:]}"

    def told(self) -> str:
        """What it has said on standard error."""
        return self.error_log.read_text() if self.error_log.exists() else ""

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, and its exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None
        return code

    def children(self) -> dict[str, int]:
        """Name and process id of its services."""
        told: dict[str, int] = json.loads((self.data / "run.json").read_text())["children"]
        return told

    def get_json(self, path: str, *, timeout_s: float = 10) -> tuple[int, Any]:
        """Status and body of a GET."""
        return self.send(urllib.request.Request(self.url + path), timeout_s=timeout_s)

    def post_json(self, path: str, body: object, *, timeout_s: float = 30, **headers: str) -> tuple[int, Any]:
        """Status and body of a POST of JSON; header names with _ for -."""
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()},
        )
        return self.send(request, timeout_s=timeout_s)

    def send(self, request: urllib.request.Request, *, timeout_s: float) -> tuple[int, Any]:
        """Send a request; an error status is an answer too."""
        try:
            with urllib.request.urlopen(request, timeout=timeout_s, context=self._tls) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as problem:
            return problem.code, json.loads(problem.read())

    def is_well(self) -> bool:
        """Whether its health is ok now."""
        with contextlib.suppress(OSError, ValueError):
            return self.get_json("/api/v1/health", timeout_s=5)[0] == 200
        return False


@contextlib.contextmanager
def running_site(data: Path, **options: Any) -> Iterator[LiveSite]:
    """A site that is stopped in any case."""
    site = LiveSite(data, **options)
    try:
        site.start()
        yield site
    finally:
        if site.process is not None and site.process.poll() is None:
            site.stop()
