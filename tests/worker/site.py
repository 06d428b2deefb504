"""The least that workers need of a site, as processes that a test may kill: Redis that is open to them, and the web."""

import contextlib
import http.client
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from config.launch import forwarder
from config.launch import redis as private_redis
from config.launch.certificate import Certificate
from config.launch.reach import EVERYWHERE
from config.launch.site import web_command
from tests.harness.environment import ROOT
from tests.harness.servers import free_port, wait_until

#: On the machine itself, and yet not its loopback address: the site opens its broker as for workers elsewhere.
HOST = "127.0.0.2"


class SmallSite:
    """Redis and the web on a database of their own, by TLS where there is a certificate."""

    def __init__(
        self,
        folder: Path,
        *,
        host: str = HOST,
        database_url: str = "",
        web_processes_count: int = 1,
        debug: str = "1",
        certificate: Certificate | None = None,
    ) -> None:
        self.folder, self._listens_at = folder, host
        self.host = EVERYWHERE.get(host, host)
        self.port = free_port()
        self.url = f"http{'s' if certificate else ''}://{self.host}:{self.port}"
        self._certificate = certificate
        self._web_processes_count = web_processes_count
        self._is_migrated = False
        opening = private_redis.Opening(
            host=host, port=free_port(), password=secrets.token_hex(16), by_tls=certificate is not None
        )
        self._opening = opening
        (folder / "redis").mkdir(parents=True)
        self._redis_command, self._socket = private_redis.command(folder / "redis", opening)
        self.environment = os.environ | {
            "DATABASE_URL": database_url or f"sqlite:///{folder / 'site.sqlite3'}",
            "REDIS_URL": f"unix://{opening.in_address}{self._socket}",
            "WORKERS_BROKER_URL": f"redis{'s' if certificate else ''}://{'' if host in EVERYWHERE else host}"
            f":{opening.port}",
            "HTTPS": "here" if certificate else "0",
            "WATTPRINT_DATA": str(folder),
            "ALLOWED_HOSTS": "*" if host in EVERYWHERE else host,
            "DEBUG": debug,  # static files need not be collected
            "LOG_LEVEL": "ERROR",
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start what does not run, and wait until it is well."""
        if not self._is_migrated:
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"]
            subprocess.run(migrate, cwd=ROOT, env=self.environment, check=True)
            self._is_migrated = True
        commands = {
            "redis": self._redis_command,
            "web": web_command(host=self._listens_at, port=self.port, certificate=self._certificate),
        }
        commands["web"][commands["web"].index("--workers") + 1] = str(self._web_processes_count)
        if self._certificate is not None:
            commands["redis-tls"] = forwarder.command(
                host=self._listens_at,
                port=self._opening.port,
                unix_socket=self._socket,
                certificate=self._certificate,
            )
        for name, command in commands.items():
            if name in self.processes:
                continue
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        redis = self.processes["redis"]
        assert private_redis.wait_until_it_answers(
            self._socket, timeout_s=20, goes_on=lambda: redis.poll() is None, opening=self._opening
        )
        wait_until(self._answers, timeout_s=60, every_s=0.1, what="the web server answers")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        if self._certificate is not None:
            context = self._certificate.client_context()
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=20, context=context)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/api/v1/catalogue/levers")
            return connection.getresponse().status == 200
        return False

    def redis(self) -> redis.Redis:
        """Redis, as the site."""
        return redis.Redis.from_url(self.environment["REDIS_URL"], decode_responses=True)

    @contextmanager
    def monitor(self) -> Iterator[set[str]]:
        """Gather the names of all commands that come by TCP, over the deaths of Redis."""
        heard: set[str] = set()
        ending = threading.Event()

        def listen() -> None:
            while not ending.is_set():
                with contextlib.suppress(redis.RedisError, OSError), self.redis() as client, client.monitor() as told:
                    told.connection.socket_timeout = 0.5
                    for line in told.listen():
                        if line["client_type"] == "tcp":
                            heard.add(line["command"].split()[0].lower())
                        if ending.is_set():
                            return
                ending.wait(0.05)

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        yield heard
        ending.set()
        listener.join(5)

    def kill(self, name: str) -> None:
        """SIGKILL one of them with all its processes."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End all."""
        for name in list(self.processes):
            self.kill(name)


@contextmanager
def small_site(folder: Path, *, host: str = HOST, certificate: Certificate | None = None) -> Iterator[SmallSite]:
    """A site that is ended in any case."""
    site = SmallSite(folder, host=host, certificate=certificate)
    try:
        site.start()
        yield site
    finally:
        site.stop()
