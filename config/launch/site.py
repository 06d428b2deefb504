"""One running Wattprint: what it consists of, how it comes up, how it goes down."""

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from config.launch import forwarder, redis
from config.launch.certificate import Certificate
from config.launch.folder import DataFolder, why
from config.launch.prepared import Stamp
from config.launch.processes import Service, commands_of_group, end_group, started_at
from config.launch.reach import EVERYWHERE, LOOPBACK, free_of_others, in_address, own_names, printed_name
from config.launch.supervisor import Supervisor, say
from config.launch.trouble import Stopped, Trouble

ROOT = Path(__file__).resolve().parents[2]
#: Everything must be up by then; a first start on a slow machine compiles Python's modules. [s]
UP_WITHIN_S = 100.0
WEB_PROCESSES_COUNT = 2
WORKERS = ("worker-estimates", "worker-reports")
#: What stands before Redis for workers on other machines, where there is a certificate.
TLS = "redis-tls"


class Site:
    """The site on one data folder."""

    def __init__(
        self,
        *,
        data: Path,
        host: str,
        port: int,
        given: Mapping[str, str],
        broker_port: int | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        self.folder = DataFolder(data)
        self.host, self.port = host, port
        self.certificate = certificate
        self.name = printed_name(host, certificate)
        self.url = f"http{'s' if certificate else ''}://{in_address(self.name)}:{port}/"
        self._given = given
        #: Where Redis listens for workers elsewhere; on this machine alone it stays closed to others.
        self.opening: redis.Opening | None = None
        if host not in LOOPBACK and not given.get("REDIS_URL"):
            self.opening = redis.Opening(
                host=host,
                port=broker_port or port + 1,
                password=secrets.token_hex(32),
                by_tls=certificate is not None,
            )
        self._redis_socket: Path | None = None
        self.supervisor: Supervisor | None = None
        self.stopping = False
        self.well = False

    # --- up -----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bring everything up; returns when the site says that it is well."""
        self.folder.prepare()
        self.folder.hold()
        self._clear_up_after_a_crash()
        free_of_others(self.host, self.port)
        if self.opening is not None:
            free_of_others(self.host, self.opening.port, option="--broker-port")
        self._tell()
        environment = self.environment()
        self.supervisor = Supervisor(environment, ROOT, self.folder.logs, self._tell)
        if self._redis_socket is not None:
            self._start_redis()
        self._prepare_database(environment)
        for service in self.services():
            self.supervisor.start(service)
        self._wait_until_well()
        schedule = str(self.folder.path / "beat-schedule")
        beat = [sys.executable, "-m", "celery", "-A", "config.celery", "beat", "-s", schedule, "--pidfile="]
        self.supervisor.start(Service("beat", [*beat, "--loglevel", "WARNING"], floor=2))

    def environment(self) -> dict[str, str]:
        """What the children are told: what was given, and what of it was missing."""
        environment = dict(self._given)
        hosts = [name for name in environment.get("ALLOWED_HOSTS", "").split(",") if name.strip()]
        own = ["localhost", "127.0.0.1", "[::1]"]
        if self.host not in LOOPBACK:
            names = [self.host, *own_names(), *(self.certificate.hosts if self.certificate else [])]
            own += [in_address(name) for name in names if name not in EVERYWHERE]
        environment["ALLOWED_HOSTS"] = ",".join(dict.fromkeys([*hosts, *own]))
        environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
        environment["WATTPRINT_DATA"] = str(self.folder.path)
        environment["PYTHONUNBUFFERED"] = "1"
        # Django's checks of the whole site belong to the tests; in each worker they would only lengthen the start.
        environment["CELERY_SKIP_CHECKS"] = "1"
        environment.setdefault("DEBUG", "0")
        if self.certificate is not None:
            environment["HTTPS"] = "here"
        if not environment.get("SECRET_KEY"):
            environment["SECRET_KEY"] = self.folder.secret_key()
        if not environment.get("DATABASE_URL"):
            environment["DATABASE_URL"] = f"sqlite:///{quote(str(self.folder.database))}"
        if not environment.get("REDIS_URL"):
            self._redis_command, self._redis_socket = redis.command(self.folder.redis, self.opening)
            who = self.opening.in_address if self.opening else ""
            environment["REDIS_URL"] = f"unix://{who}{self._redis_socket}"
            if self.opening is not None:
                # Without a host: the one by which a worker reached the site; so a certificate that was good for it
                # there is good for it here.
                named = "" if self.opening.by_tls or self.host in EVERYWHERE else in_address(self.host)
                scheme = "rediss" if self.opening.by_tls else "redis"
                environment.setdefault("WORKERS_BROKER_URL", f"{scheme}://{named}:{self.opening.port}")
        return environment

    def _start_redis(self) -> None:
        assert self.supervisor is not None and self._redis_socket is not None
        child = self.supervisor.start(Service("redis", self._redis_command, floor=0, grace_s=20, essential=True))
        well = redis.wait_until_it_answers(
            self._redis_socket,
            timeout_s=30,
            goes_on=lambda: child.pid is not None and not self.stopping,
            opening=self.opening,
        )
        if self.stopping:
            raise Stopped
        if not well:
            raise Trouble(f"Redis did not start. Its last lines:\n{child.tail()}")

    def _prepare_database(self, environment: Mapping[str, str]) -> None:
        """Tables and static files, in one process; what has not changed is left as it is."""
        own = None if self._given.get("DATABASE_URL") else self.folder.database
        stamp = Stamp(self.folder.path, own)
        arguments = [] if stamp.static_is_fresh else ["--static"]
        if not arguments and stamp.tables_are_fresh:
            return
        say("Preparing the database and the static files ..." if arguments else "Bringing the database up to date ...")
        process = subprocess.Popen(
            [sys.executable, "-m", "config.launch.prepare", *arguments],
            env=dict(environment),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        told = ""
        while process.poll() is None:
            try:
                told, _ = process.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                if self.stopping:
                    end_group(process.pid, signal.SIGTERM)
        if self.stopping:
            raise Stopped
        (self.folder.logs / "prepare.log").write_text(told)
        if process.returncode:
            last = "\n".join(f"    {line}" for line in told.strip().splitlines()[-3:])
            raise Trouble(
                f"The database or the static files could not be prepared:\n{last}\n"
                f"The whole story: {self.folder.logs / 'prepare.log'}"
            )
        stamp.write()

    def services(self) -> list[Service]:
        """The programs beside Redis and beat."""
        celery = [sys.executable, "-m", "celery", "-A", "config.celery"]
        calm = ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        by_tls = []
        if self.opening is not None and self.certificate is not None and self._redis_socket is not None:
            line = forwarder.command(
                host=self.host,
                port=self.opening.port,
                unix_socket=self._redis_socket,
                certificate=self.certificate,
            )
            by_tls.append(Service(TLS, line, floor=1, grace_s=5))
        return [
            *by_tls,
            Service(
                "worker-estimates",
                [*celery, "worker", "-Q", "estimates", "-c", "2", "-n", "estimates@%h", *calm],
                floor=1,
                grace_s=20,
                orphan_signal=signal.SIGQUIT,
            ),
            Service(
                "worker-reports",
                [*celery, "worker", "-Q", "reports", "-c", "1", "-n", "reports@%h", *calm],
                floor=1,
                grace_s=20,
                orphan_signal=signal.SIGQUIT,
            ),
            Service(
                "web",
                web_command(host=self.host, port=self.port, certificate=self.certificate),
                floor=2,
                grace_s=15,
                essential=True,
            ),
        ]

    def _wait_until_well(self) -> None:
        assert self.supervisor is not None
        until = time.monotonic() + UP_WITHIN_S
        answer: dict[str, Any] | None = None
        while time.monotonic() < until:
            if self.stopping:
                raise Stopped
            self.supervisor.look_after()
            answer = self.health()
            if answer is not None and answer.get("status") == "ok" and self._all_listen():
                self.well = True
                self.supervisor.coming_up = False
                return
            time.sleep(0.1)
        raise Trouble(self._what_is_not_well(answer))

    def _all_listen(self) -> bool:
        """Whether each process has said so: one that is asked to stop before that does not hear it."""
        assert self.supervisor is not None
        said = {child.service.name: list(child.last_lines) for child in self.supervisor.children}
        web_is_there = sum("Started worker" in line for line in said["web"]) >= WEB_PROCESSES_COUNT
        return web_is_there and all(forwarder.LISTENS in " ".join(said[name]) for name in said.keys() & {TLS})

    def health(self) -> dict[str, Any] | None:
        """What the site says about itself; None where it does not answer."""
        host = EVERYWHERE.get(self.host, self.host)
        connection = http.client.HTTPConnection(host, self.port, timeout=5)
        if self.certificate is not None:
            context = self.certificate.client_context()
            connection = http.client.HTTPSConnection(host, self.port, timeout=5, context=context)
        try:
            connection.request("GET", "/api/v1/health", headers={"Host": f"localhost:{self.port}"})
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        return answer if isinstance(answer, dict) else None

    def _what_is_not_well(self, answer: dict[str, Any] | None) -> str:
        assert self.supervisor is not None
        names: tuple[str, ...] = ("web",)
        if answer is None:
            failing = "the web server does not answer"
        elif answer.get("database") != "ok":
            failing = "the database does not answer"
        elif answer.get("broker") != "ok":
            failing, names = "Redis does not answer", ("redis", "web")
        elif not self._all_listen():
            failing, names = "not every process listens", ("web", TLS)
        else:
            failing, names = "no worker reports for work", WORKERS
        tails = [
            f"{child.service.name}:\n{child.tail()}"
            for child in self.supervisor.children
            if child.service.name in names
        ]
        return f"Wattprint did not come up within {UP_WITHIN_S:.0f} s: {failing}. Last lines of\n" + "\n".join(tails)

    def owner_link(self) -> str | None:
        """The address that signs this machine's owner in, once; None where others can reach the site."""
        if self.host not in LOOPBACK:
            return None
        try:
            return f"{self.url}owner/{self.folder.write_owner_link()}/"
        except OSError as problem:
            raise why(problem, self.folder.path) from None

    # --- running ------------------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Look after the children until asked to stop."""
        assert self.supervisor is not None
        while not self.stopping:
            self.supervisor.look_after()
            time.sleep(0.2)

    def ask_to_stop(self) -> None:
        """Stop soon; asked twice, stop without patience."""
        if self.stopping and self.supervisor is not None:
            self.supervisor.hurry = True
        self.stopping = True

    def stop(self) -> None:
        """Take everything down in order and give the folder free."""
        if self.supervisor is not None:
            for child in self.supervisor.children:
                if child.service.name == "web" and child.pid is not None and not self.well:
                    # It serves nobody yet, and its processes may not hear a polite word.
                    end_group(child.pid)
            self.supervisor.stop()
        if self._redis_socket is not None:
            self._redis_socket.unlink(missing_ok=True)
            if self._redis_socket.parent != self.folder.redis:
                self._redis_socket.parent.rmdir()
        self.folder.release()

    # --- what it writes about itself ----------------------------------------------------------------------------------

    def _tell(self) -> None:
        children = self.supervisor.children if self.supervisor is not None else []
        pids = {child.service.name: child.pid for child in children if child.pid is not None}
        started = {name: started_at(pid) for name, pid in pids.items()}
        try:
            self.folder.tell_run(
                {
                    "pid": os.getpid(),
                    "url": self.url,
                    "owner_link": self.host in LOOPBACK,
                    "children": pids,
                    "started": started,
                }
            )
        except OSError as problem:
            if not self.supervisor or not self.supervisor.children:
                raise why(problem, self.folder.path) from None

    def _clear_up_after_a_crash(self) -> None:
        """End what a run left behind that was itself killed: it would hold the port and the socket."""
        self.folder.owner_link.unlink(missing_ok=True)
        told = self.folder.last_run()
        children, started = told.get("children", {}), told.get("started", {})
        left = [(name, pid) for name, pid in children.items() if started.get(name) and started_at(pid) == started[name]]
        for _, pid in left:
            end_group(pid, signal.SIGTERM)
        until = time.monotonic() + 5
        while time.monotonic() < until and any(started_at(pid) == started[name] for name, pid in left):
            time.sleep(0.05)
        for pid in children.values():
            # The group outlives its leader: the processes of a pool carry no name in the file, but they are in it.
            if any(str(Path(sys.executable).parent) in command for command in commands_of_group(pid)):
                end_group(pid)


def web_command(*, host: str, port: int, certificate: Certificate | None = None) -> list[str]:
    """The web server: two processes, with enough threads that a request that waits for a worker holds up no other."""
    by_tls = []
    if certificate is not None:
        by_tls = ["--ssl-certificate", str(certificate.file), "--ssl-keyfile", str(certificate.key)]
        by_tls += ["--ssl-protocol-min", "tls1.2"]
    return [
        *[sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port), *by_tls],
        *[
            "--workers",
            str(WEB_PROCESSES_COUNT),
            "--blocking-threads",
            "24",
            "--backpressure",
            "128",
            "--http",
            "1",
            "--no-ws",
        ],
        *["--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "12"],
        *["--no-access-log", "--log-level", "info", "--working-dir", str(ROOT), "config.wsgi:application"],
    ]
