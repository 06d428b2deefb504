"""A person at a running site: signs up, makes tokens, calls the API; and a worker of hers as a process."""

import contextlib
import csv
import http.cookiejar
import io
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.harness.environment import ROOT
from tests.harness.servers import wait_until

PASSWORD = "a-rather-long-phrase-9"


class Person:
    """Somebody with an account and a token for everything; trusts an authority where it is given."""

    def __init__(self, url: str, address: str, *, authority: Path | None = None) -> None:
        self.url, self.address = url.rstrip("/"), address
        jar = http.cookiejar.CookieJar()
        by_tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority))
        self._by_tls = by_tls
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), by_tls)
        self._caller = urllib.request.build_opener(by_tls)
        self._send_form("/account/signup/", {"email": address, "password1": PASSWORD})
        scopes = [("scopes", name) for name in ("estimates", "measurements", "workers")]
        page = self._send_form("/account/tokens/", [("name", "tests"), ("lifetime", "7"), *scopes])
        found = re.search(r"<code class=\"breakable\">(wp_[^<]+)</code>", page)
        assert found, page[:2000]
        self.token = found[1]
        self.cookies: list[Any] = [
            {"name": cookie.name, "value": cookie.value or "", "url": self.url, "secure": cookie.secure}
            for cookie in jar
        ]

    def signs_in(self, password: str) -> bool:
        """Whether a password signs in, from a browser of its own."""
        own, self._opener = (
            self._opener,
            urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), self._by_tls),
        )
        try:
            page = self._send_form("/account/login/", {"login": self.address, "password": password})
            return 'class="account-name"' in page
        finally:
            self._opener = own

    def _send_form(self, path: str, fields: Any) -> str:
        page = self._opener.open(self.url + path, timeout=20).read().decode()
        csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert csrf, page[:500]
        rows = [*(fields.items() if isinstance(fields, dict) else fields), ("csrfmiddlewaretoken", csrf[1])]
        request = urllib.request.Request(
            self.url + path, urllib.parse.urlencode(rows).encode(), headers={"Referer": self.url + path}
        )
        return str(self._opener.open(request, timeout=20).read().decode())

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of a call of the API."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with self._caller.open(request, timeout=20) as answer:
                content = answer.read()
                told = json.loads(content) if "json" in answer.headers.get("Content-Type", "") else content.decode()
                return answer.status, told
        except urllib.error.HTTPError as problem:
            return problem.code, json.loads(problem.read())

    def enrolment(self) -> str:
        """A token for one machine."""
        status, told = self.call("POST", "/workers/enrolments")
        assert status == 201, told
        return str(told["token"])

    def measure(self, worker: str, **asked: Any) -> str:
        """Start a measurement."""
        body = {"worker": worker, "interval_s": 0.1, "location": {"country": "FR"}, **asked}
        status, told = self.call("POST", "/measurements", body)
        assert status == 201, told
        return str(told["id"])

    def measurement(self, key: str) -> dict[str, Any]:
        """How far one is."""
        status, told = self.call("GET", f"/measurements/{key}")
        assert status == 200, told
        return dict(told)

    def stop(self, key: str) -> dict[str, Any]:
        """Stop one and wait for its end."""
        assert self.call("POST", f"/measurements/{key}/stop")[0] == 200
        wait_until(lambda: self.measurement(key)["status"] == "done", timeout_s=30, what=f"{key} done")
        return self.measurement(key)

    def samples(self, key: str) -> list[tuple[float, ...]]:
        """Sequence, end, duration, joules."""
        status, text = self.call("GET", f"/measurements/{key}/samples.csv")
        assert status == 200
        rows = list(csv.reader(io.StringIO(text)))
        return [tuple(float(cell) for cell in row) for row in rows[1:]]


class Machine:
    """A worker of the tests: a process with a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        server: str,
        token: str,
        name: str,
        before: Sequence[str] = (),
        authority: Path | None = None,
    ) -> None:
        self.folder, self.server, self._token, self._name = folder, server, token, name
        self._before, self._authority = list(before), authority
        self.log = folder.with_name(folder.name + ".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        environment = {name: told for name, told in os.environ.items() if not name.startswith(("DJANGO", "REDIS_URL"))}
        command = [sys.executable, "-m", "tests.worker.agent", str(self.folder), self.server, self._token, self._name]
        command.append(str(self._authority or ""))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._before, *command],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait until it takes work."""
        wait_until(lambda: b" ready." in self.log.read_bytes(), timeout_s=30, what=f"ready:\n{self.told()}")

    @property
    def key(self) -> str:
        """Its id at the server."""
        return str(json.loads((self.folder / "credentials.json").read_text())["worker_hex"])

    def told(self) -> str:
        """What it has said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def child_pid(self) -> int:
        """The process that measures."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def taken(self, key: str) -> list[list[float]]:
        """Every sample that it took of one measurement: end, joules, duration."""
        lines = (self.folder / "taken.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        return [[row[1], row[2], row[3]] for row in rows if row[0] == key]

    def kill(self) -> None:
        """SIGKILL all of it, as a power cut would."""
        if self.process is None:
            return
        pids = [self.process.pid]
        with contextlib.suppress(OSError, IndexError):
            pids.append(self.child_pid())
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """Ctrl-C."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None


class Wire:
    """A wire between a worker and its server, which can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._listener = socket.create_server((host, 0))
        self.port = int(self._listener.getsockname()[1])
        self._ends: list[socket.socket] = []
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                near.close()
                continue
            try:
                far = socket.create_connection(self._to, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._ends += [near, far]
            for source, drain in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, drain), daemon=True).start()

    def _pass_on(self, source: socket.socket, drain: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                drain.sendall(content)
        for end in (source, drain):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Nothing passes from now on."""
        self._is_cut = True
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def mend(self) -> None:
        """It passes again."""
        self._is_cut = False

    def close(self) -> None:
        """Take it away."""
        self.cut()
        self._listener.close()


def pause(for_s: float) -> None:
    """Let a measurement go on for a moment."""
    time.sleep(for_s)
