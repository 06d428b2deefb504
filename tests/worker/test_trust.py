"""A machine takes for its server only one whose certificate it trusts, and says why not, by HTTPS and at the broker."""

import http.server
import json
import re
import runpy
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from http.client import BadStatusLine, RemoteDisconnected
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from config.cache import RedisOrMemory
from config.launch.certificate import Certificate, server_context
from estimator import broker_access
from estimator.broker_access import BrokerRefuses
from estimator.measure import shell as measure_shell
from estimator.measure.outbox import Outbox
from estimator.measure.trust import read_authority, why_not
from estimator.worker import agent, shell
from estimator.worker.child import celery_app
from estimator.worker.client import Away, Client
from estimator.worker.config import Config
from estimator.worker.credentials import Credentials, keep_credentials, read_credentials
from estimator.worker.protocol import Spec
from tests.harness.certificates import Pair, certified
from tests.harness.environment import ROOT
from tests.harness.servers import Redis, by_tls

HOST = "127.0.0.2"
#: What is wrong, and what is said of it.
SAID = {
    "stranger": "signed by nobody whom this machine trusts.*--ca FILE",
    "other-name": f"not for {HOST}",
    "expired": "has expired",
    "early": "does not hold yet.*clock",
    "authority": "cannot be trusted: unsuitable certificate purpose",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """An authority, a good certificate of it, and others."""
    folder = tmp_path_factory.mktemp("trust")
    ca = certified(folder / "ca", "The authority of a test", is_authority=True)
    return {
        "ca": ca,
        "good": certified(folder / "good", HOST, by=ca),
        "self-made": certified(folder / "self-made", HOST),
        "stranger": certified(folder / "stranger", HOST),
        "other-name": certified(folder / "other-name", "elsewhere.example", by=ca),
        "expired": certified(folder / "expired", HOST, by=ca, days=-1),
        "early": certified(folder / "early", HOST, by=ca, from_days=2),
        "authority": ca,
    }


@pytest.fixture(scope="module")
def trusted(made: dict[str, Pair]) -> str:
    """What a machine is given."""
    return read_authority(made["ca"].certificate) + read_authority(made["self-made"].certificate)


class Answers(http.server.BaseHTTPRequestHandler):
    """Says yes to everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Yes."""
        self.rfile.read(int(self.headers["Content-Length"]))
        content = json.dumps({"url": "/x"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def serving(pair: Pair | None) -> Iterator[int]:
    """A web server with this certificate; its port."""
    server = http.server.ThreadingHTTPServer((HOST, 0), Answers)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if pair is not None:
        tls = server_context(pair.certificate, pair.key)
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def by_client(url: str, authority: str) -> str:
    """What a worker is told."""
    client = Client(url, secret="s", authority=authority, timeout_s=5)
    try:
        return str(client.post("/api", {}))
    except Away as problem:
        return str(problem)
    finally:
        client.close()


def by_outbox(url: str, authority: str, folder: Path) -> str:
    """What `measure --send` is told."""
    outbox = Outbox(folder)
    folder.mkdir(exist_ok=True)
    outbox.put({"started_at_s": 1.0, "client_id": "a", "title": "t"}, server=url)
    (told,) = outbox.send(server=url, token="t", authority=authority, timeout_s=5)
    assert (told.outcome == "kept") == bool(outbox.waiting())
    return told.message


@pytest.mark.parametrize("name", ["good", "self-made"])
def test_one_that_is_trusted_is_spoken_to(made: dict[str, Pair], trusted: str, name: str, tmp_path: Path) -> None:
    with serving(made[name]) as port:
        assert by_client(f"https://{HOST}:{port}", trusted) == "{'url': '/x'}"
        assert by_outbox(f"https://{HOST}:{port}", trusted, tmp_path / "out") == "/x"


@pytest.mark.parametrize("name", SAID)
def test_one_that_is_not_is_sent_nothing_and_the_reason_is_said(
    made: dict[str, Pair], trusted: str, name: str, tmp_path: Path
) -> None:
    with serving(made[name]) as port:
        for told in (
            by_client(f"https://{HOST}:{port}", trusted),
            by_outbox(f"https://{HOST}:{port}", trusted, tmp_path / "out"),
        ):
            assert re.search(SAID[name], told), told


def test_without_the_file_the_authorities_of_the_system_decide(made: dict[str, Pair]) -> None:
    with serving(made["good"]) as port:
        assert "signed by nobody whom this machine trusts" in by_client(f"https://{HOST}:{port}", "")


def test_http_and_https_that_were_mistaken_are_told(made: dict[str, Pair], trusted: str, tmp_path: Path) -> None:
    with serving(None) as port:
        assert "does not speak TLS" in by_client(f"https://{HOST}:{port}", trusted)
        assert "does not speak TLS" in by_outbox(f"https://{HOST}:{port}", trusted, tmp_path / "out")
    # What the alert of a server that speaks TLS looks like to one that reads HTTP.
    assert "is it https://there?" in str(why_not(BadStatusLine("\x15\x03\x01\x00\x02\x02"), host="there"))
    assert why_not(RemoteDisconnected("gone"), host="there") is None


# --- the broker -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis behind all of these doors."""
    folder = tmp_path_factory.mktemp("redis")
    made = Redis(folder)
    made.start()
    with redis.Redis.from_url(made.url) as client:
        client.execute_command("ACL SETUSER", f"wattprint-measure-{'0' * 32}", "on", ">p", "~*", "+@all")
    yield made
    made.stop()


def unchecked(pair: Pair) -> Certificate:
    """As `up` would not take it."""
    return Certificate(file=pair.certificate, key=pair.key, names=(), until_s=0.0)


def credentials(port: int, authority: str, *, query: str = "") -> Credentials:
    """Of a worker of that broker."""
    return Credentials("https://x", "0" * 32, "s", f"rediss://{HOST}:{port}{query}", "p", authority)


def reached(told: Credentials) -> list[BaseException | None]:
    """What Celery and the Redis client of a worker come to."""
    found: list[BaseException | None] = []
    with celery_app(told).connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0)
            found.append(None)
        except (OperationalError, redis.RedisError) as problem:
            found.append(problem)
    try:
        redis.Redis.from_url(told.redis_url, retry=None, socket_timeout=5, **told.tls).ping()
        found.append(None)
    except redis.RedisError as problem:
        found.append(problem)
    return found


#: An address that comes from elsewhere cannot switch the check off.
QUERIES = ("", "?ssl_cert_reqs=none&ssl_check_hostname=false")


@pytest.mark.parametrize("name", ["good", "self-made"])
def test_a_broker_that_is_trusted_is_reached(made: dict[str, Pair], trusted: str, name: str, server: Redis) -> None:
    with by_tls(server, unchecked(made[name]), host=HOST) as port:
        for query in QUERIES:
            assert reached(credentials(port, trusted, query=query)) == [None, None]
        assert None not in reached(credentials(port, ""))


@pytest.mark.parametrize("name", SAID)
def test_a_broker_that_is_not_is_told_no_password(made: dict[str, Pair], trusted: str, name: str) -> None:
    with serving(made[name]) as port:
        for query in QUERIES:
            for problem in reached(credentials(port, trusted, query=query)):
                assert problem is not None
                said = why_not(problem, host=HOST)
                assert said and re.search(SAID[name], said), problem


def test_a_site_checks_the_broker_that_it_was_given(
    made: dict[str, Pair], server: Redis, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Celery, by the cache, by what gives workers their rights and their orders."""
    key, spec = uuid.UUID(int=7), cast("Spec", {"target": "machine", "interval_s": 1.0})
    with by_tls(server, unchecked(made["good"]), host=HOST) as port:
        url = f"rediss://wattprint-measure-{'0' * 32}:p@{HOST}:{port}/0"
        for query, is_trusted in ((f"?ssl_ca_certs={made['ca'].certificate}", True), ("", False)):
            monkeypatch.setenv("REDIS_URL", url + query)
            told = runpy.run_path(str(ROOT / "config" / "settings.py"))
            site = Celery("site", set_as_current=False)
            site.config_from_object(
                {name: told[name] for name in told if name.startswith("CELERY")}, namespace="CELERY"
            )
            settings.REDIS_URL = told["REDIS_URL"]
            monkeypatch.setattr(broker_access, "current_app", site)
            cache = RedisOrMemory(settings.REDIS_URL, {"KEY_PREFIX": f"trusted-{is_trusted}"})
            cache.set("it", 1)
            grant = nullcontext() if is_trusted else pytest.raises(BrokerRefuses, match="CERTIFICATE_VERIFY_FAILED")
            with grant:
                broker_access.grant(worker_id=key, password_digest="0" * 64)
            if is_trusted:
                assert broker_access.send_slice(worker_id=key, measurement_id=key, spec=spec)
            reach = nullcontext() if is_trusted else pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED")
            with site.connection_for_write() as connection, reach:
                connection.ensure_connection(max_retries=1, interval_start=0)
    with redis.Redis.from_url(server.url) as client:
        assert client.keys("trusted-True*"), "the cache was in Redis"
        assert not client.keys("trusted-False*")


def test_workers_are_told_no_more_of_a_broker_than_where_it_is(settings: Any) -> None:
    settings.WORKERS_BROKER_URL = ""
    settings.REDIS_URL = "rediss://site:secret@broker.example:7000/2?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=none"
    assert broker_access.address_for(asked_host="x") == "rediss://broker.example:7000/2"
    settings.WORKERS_BROKER_URL = "rediss://:8001"
    assert broker_access.address_for(asked_host="site.example") == "rediss://site.example:8001"
    assert broker_access.address_for(asked_host="::1") == "rediss://[::1]:8001"


# --- the file ---------------------------------------------------------------------------------------------------------


def test_of_a_file_its_certificates_are_taken_and_nothing_else(made: dict[str, Pair], tmp_path: Path) -> None:
    file = tmp_path / "all.pem"
    key, certificate = made["ca"].key.read_text(), made["ca"].certificate.read_text()
    file.write_text(f"The authority of Zoë\n{certificate}{key}", encoding="utf-8")
    assert read_authority(file) == certificate


@pytest.mark.parametrize(
    "content", [None, b"", b"\x30\x82", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_file_without_one_is_refused_by_name(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "it.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"--ca {file}"):
        read_authority(file)
    assert shell.main(["--server", "https://x", "--token", "t", "--ca", str(file), "--folder", str(tmp_path)]) == 2
    assert f"--ca {file}" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        measure_shell.main(["--send", "--server", "https://x", "--token", "t", "--ca", str(file)])
    assert f"--ca {file}" in capsys.readouterr().err


def test_the_authority_is_kept_with_the_credentials(trusted: str, tmp_path: Path) -> None:
    known = Credentials("https://x", "0" * 32, "s", "rediss://x:1", "p")
    keep_credentials(tmp_path, known)
    asked: dict[str, Any] = {"server": "https://x", "token": None, "name": "", "config": Config()}
    assert agent._who(tmp_path, authority="", **asked) == known
    assert agent._who(tmp_path, authority=trusted, **asked) == replace(known, authority=trusted)
    assert read_credentials(tmp_path).authority == trusted
    assert agent._who(tmp_path, authority="", **asked) == replace(known, authority=trusted)
    # One that was kept before there was such a thing.
    (tmp_path / "credentials.json").write_text(
        '{"server": "https://x", "worker_hex": "0", "secret": "s", "broker_address": "redis://x:1", '
        '"broker_password": "p"}'
    )
    assert read_credentials(tmp_path).tls == {}
