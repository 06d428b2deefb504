"""`./wattprint up` as a person meets it: it comes up, it says clearly why it does not, it loses nothing."""

import contextlib
import html
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from config.launch.certificate import read
from config.launch.processes import commands_of_group
from config.launch.reach import remarks
from config.launch.site import Site
from estimator.worker.credentials import read_credentials
from tests.harness.certificates import Pair, certified
from tests.harness.environment import ROOT
from tests.harness.not_run import not_run
from tests.harness.servers import LiveSite, Redis, by_tls, free_port, wait_until
from tests.worker.people import PASSWORD, Machine, Person
from tests.worker.site import HOST

pytestmark = pytest.mark.timeout(300)

RUN = {
    "title": "BERT base",
    "hardware": {"accelerator": "nvidia-v100-sxm2-16gb", "accelerator_count": 64, "mean_system_power_w": 12041.51},
    "duration_h": 79,
    "pue": 1.58,
    "grid_intensity_gco2e_per_kwh": 432.7,
}
BERT_BASE_KWH = 1.58 * 79 * 12_041.51 / 1000


def refused(site: LiveSite, *more: str, **environment: str) -> str:
    """Start it where it cannot start; what it says, which must be a sentence and no traceback."""
    done = subprocess.run(
        site.command(*more),
        env=site.environment() | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def mode(path: Path) -> int:
    """The permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def is_another(site: LiveSite, name: str, before: int) -> bool:
    """Whether a service runs as another process than before."""
    return site.children().get(name, before) != before


def answers(broker: redis.Redis) -> bool:
    """Whether a broker takes a word."""
    with contextlib.suppress(redis.RedisError):
        return bool(broker.ping())
    return False


def group_is_gone(group: int) -> bool:
    """Whether no process of a group is left."""
    return not commands_of_group(group)


def test_it_comes_up_keeps_what_it_was_told_and_stops(make_site: Callable[..., LiveSite], tmp_path: Path) -> None:
    # A folder as people name them: too long for a socket, and with letters that an address must quote.
    data = tmp_path / ("Wattprint of the second floor, 100 % & #1? " + "x" * 40) / "var"
    site = make_site(data)
    status, health = site.get_json("/api/v1/health")
    assert (status, health["status"], health["database"], health["broker"]) == (200, "ok", "ok", "ok")
    assert health["workers_count"] == 2

    status, made = site.post_json("/api/v1/estimates", RUN, Prefer="wait=10")
    assert status == 201, made
    assert made["footprint"]["result"]["facility_energy_kwh"]["central"] == pytest.approx(BERT_BASE_KWH, rel=1e-12)
    status, waiting = site.post_json("/api/v1/estimates", RUN)
    assert status == 202

    assert (mode(data), mode(data / "secret_key"), mode(data / "wattprint.sqlite3")) == (0o700, 0o600, 0o600)
    key = (data / "secret_key").read_text()
    link = re.search(r"Sign in as this machine's owner, .*?: (http://\S+)", site.told())
    assert link is not None
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    told = site.told()
    assert f"./wattprint up --owner-link --data {shlex.quote(str(data))}\n" in told
    with opener.open(link[1], timeout=10) as page:
        assert page.url == f"{site.url}/estimates/" and "owner@localhost" in page.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        opener.open(link[1], timeout=10)

    groups = list(site.children().values())
    assert set(site.children()) == {"redis", "worker-estimates", "worker-reports", "web", "beat"}

    assert site.stop() == 0
    assert all(group_is_gone(group) for group in groups)
    assert "Traceback" not in site.told()

    start = time.monotonic()
    site.start()
    assert time.monotonic() - start < 45
    assert "Preparing" not in site.told().split("Stopped;", 1)[1]
    assert (data / "secret_key").read_text() == key
    wait_until(lambda: site.get_json(f"/api/v1/estimates/{waiting['id']}")[1]["status"] == "done")
    assert site.get_json(f"/api/v1/estimates/{made['id']}")[1]["footprint"] == made["footprint"]


def test_a_forgotten_password_is_set_by_the_line_that_the_page_shows(live_site: LiveSite) -> None:
    person = Person(live_site.url, "forgetful@example.org")
    page = urllib.request.urlopen(f"{live_site.url}/account/password/reset/", timeout=10).read().decode()
    found = re.search(r"<pre><code>(.*?)</code></pre>", page)
    assert found is not None and "WATTPRINT_DATA" in page
    line = html.unescape(found[1]).replace(" address", f" {person.address}")
    assert line.startswith((".venv/bin/python manage.py ", "python manage.py "))
    own = {name: told for name, told in os.environ.items() if name in {"PATH", "HOME", "LANG", "LC_ALL"}}
    done = subprocess.run(
        [sys.executable, *line.split()[1:]],
        cwd=ROOT,
        env=own | {"WATTPRINT_DATA": str(live_site.data)},
        input="another-long-phrase-7\n" * 2,
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,  # without a terminal it reads what it is given
    )
    assert done.returncode == 0, done.stderr
    assert (person.signs_in("another-long-phrase-7"), person.signs_in(PASSWORD)) == (True, False)


def test_a_second_one_on_the_same_folder_is_told_where_the_first_is(live_site: LiveSite) -> None:
    second = LiveSite(live_site.data)
    told = refused(second)
    assert f"already runs on {live_site.data}" in told
    assert live_site.url in told
    assert live_site.is_well()
    assert live_site.children()


def test_a_taken_port_is_named(live_site: LiveSite, tmp_path: Path) -> None:
    told = refused(LiveSite(tmp_path / "data", port=live_site.port))
    assert told.startswith(f"Port {live_site.port} is taken")
    assert "--port" in told


def test_a_key_of_another_certificate_is_refused_before_anything_starts(tmp_path: Path) -> None:
    one, other = (certified(tmp_path / name, HOST) for name in ("one", "other"))
    told = refused(LiveSite(tmp_path / "data", host=HOST, pair=Pair(one.certificate, other.key)))
    assert "do not belong together" in told
    assert not (tmp_path / "data").exists()


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    assert "192.0.2.1" in refused(LiveSite(tmp_path / "data"), "--host", "192.0.2.1")


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "is a file, not a folder" in refused(LiveSite(tmp_path / "data"))


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small file system of its own."""
    folder.mkdir()
    if os.geteuid() != 0:
        not_run("only root can mount the small file system that this test fills")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True)
    if done.returncode:
        not_run(f"this machine mounts no file system for a test ({done.stderr.strip()})")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=1m"):
        assert "MB left" in refused(LiveSite(tmp_path / "small" / "var"))
        with contextlib.suppress(OSError), (tmp_path / "small" / "filler").open("wb") as file:
            file.write(b"x" * 2_000_000)
        assert "is full" in refused(LiveSite(tmp_path / "small" / "var"))


def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    with mounted(tmp_path / "sealed", "ro,size=1m"):
        assert "cannot be written to" in refused(LiveSite(tmp_path / "sealed" / "var"))


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    told = refused(LiveSite(tmp_path / "data"), DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    assert "could not be prepared" in told


def test_with_a_certificate_machines_enrol_by_tls_and_what_dies_is_told_and_started_again(
    make_site: Callable[..., LiveSite], tmp_path: Path
) -> None:
    pair = certified(tmp_path / "tls", HOST)
    site = make_site(host=HOST, pair=pair)
    assert "by TLS" in site.told() and "in the clear" not in site.told()
    ann = Person(site.url, "ann@example.org", authority=pair.certificate)
    assert {cookie["secure"] for cookie in ann.cookies} == {True}
    machine = Machine(tmp_path / "w", server=site.url, token=ann.enrolment(), name="desk", authority=pair.certificate)
    machine.start()
    try:
        machine.wait_until_ready()
        key = ann.measure(machine.key)
        wait_until(lambda: ann.measurement(key)["samples_count"] >= 5, what=f"samples\n{machine.told()[-3000:]}")
        ann.stop(key)
    finally:
        machine.stop()
    credentials = read_credentials(machine.folder)
    assert credentials.broker_address == f"rediss://{HOST}:{site.port + 1}"
    broker = redis.Redis.from_url(credentials.redis_url, **credentials.tls)
    assert broker.ping()
    in_the_clear = redis.Redis.from_url(credentials.redis_url.replace("rediss://", "redis://", 1), socket_timeout=5)
    with pytest.raises(redis.ConnectionError):
        in_the_clear.ping()

    before = site.children()
    for name in ("worker-estimates", "web", "redis-tls", "redis"):
        os.killpg(before[name], signal.SIGKILL)
        wait_until(partial(is_another, site, name, before[name]), what=f"{name} again")
        wait_until(site.is_well, timeout_s=40, what=f"well again after {name}")
        assert f"{name} was ended by signal 9. Its last lines:" in site.told()
    wait_until(partial(answers, broker), what="the worker is let in again")
    status, made = site.post_json("/api/v1/estimates", RUN, Prefer="wait=10")
    assert (status, made["status"]) == (201, "done")
    assert site.stop() == 0


def test_a_killed_launcher_leaves_nothing_that_stands_in_the_way(make_site: Callable[..., LiveSite]) -> None:
    site = make_site()
    groups = list(site.children().values())
    _, made = site.post_json("/api/v1/estimates", RUN, Prefer="wait=10")
    assert site.process is not None
    site.process.kill()
    site.process.wait()
    site.start()
    assert all(group_is_gone(group) for group in groups)
    assert site.get_json(f"/api/v1/estimates/{made['id']}")[1]["status"] == "done"
    assert site.stop() == 0


def test_asked_to_stop_while_it_starts_it_stops(tmp_path: Path) -> None:
    site = LiveSite(tmp_path / "data")
    for pause_s in (0.0, 3.0):
        process = subprocess.Popen(
            site.command(), env=site.environment(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        assert "Preparing" in process.stderr.readline()
        time.sleep(pause_s)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in told
        assert not (tmp_path / "data" / "run.json").exists()


def test_given_servers_are_used_and_none_are_started(
    make_site: Callable[..., LiveSite], postgresql_url: str, tmp_path: Path
) -> None:
    (tmp_path / "redis").mkdir()
    pair = certified(tmp_path / "tls", "127.0.0.1")
    server = Redis(tmp_path / "redis")
    server.start()
    try:
        with by_tls(server, read(pair.certificate, pair.key)) as port:
            url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={pair.certificate}"
            site = make_site(environment={"DATABASE_URL": postgresql_url, "REDIS_URL": url})
            assert not {"redis", "redis-tls"} & set(site.children())
            assert not (site.data / "wattprint.sqlite3").exists()
            status, made = site.post_json("/api/v1/estimates", RUN, Prefer="wait=10")
            assert (status, made["status"]) == (201, "done")
            assert site.stop() == 0
    finally:
        server.stop()


def test_opened_to_the_network_it_says_so_and_answers_by_the_name_of_the_machine(tmp_path: Path) -> None:
    port = free_port()
    site = Site(data=tmp_path / "data", host="0.0.0.0", port=port, given={"ALLOWED_HOSTS": "wattprint.example"})
    assert site.url == f"http://{socket.gethostname()}:{port}/"
    site.folder.prepare()
    hosts = site.environment()["ALLOWED_HOSTS"].split(",")
    assert {"wattprint.example", "localhost", "127.0.0.1", "[::1]", socket.gethostname()} <= set(hosts)
    assert not {"0.0.0.0", "*"} & set(hosts)
    assert site.owner_link() is None
    assert not site.folder.owner_link.exists()
    told = " ".join(remarks(host=site.host, name=site.name, opening=site.opening, certificate=None))
    assert "Passwords, tokens and samples travel in the clear" in told


def test_with_a_certificate_it_answers_by_the_names_of_that(tmp_path: Path) -> None:
    pair = certified(tmp_path / "tls", "wattprint.example", "*.wattprint.example", days=3)
    given = read(pair.certificate, pair.key)
    site = Site(data=tmp_path / "data", host="0.0.0.0", port=8443, given={}, certificate=given)
    assert site.url == "https://wattprint.example:8443/"
    site.folder.prepare()
    environment = site.environment()
    assert environment["WORKERS_BROKER_URL"] == "rediss://:8444"
    assert environment["HTTPS"] == "here"
    hosts = environment["ALLOWED_HOSTS"].split(",")
    assert {"wattprint.example", socket.gethostname()} <= set(hosts)
    assert not [name for name in hosts if "*" in name]
    told = (tmp_path / "data" / "redis" / "redis.conf").read_text().splitlines()
    assert "port 0" in told and not [line for line in told if line.startswith(("bind", "tls"))]
    said = remarks(host=site.host, name=site.name, opening=site.opening, certificate=given)
    assert any("signed the certificate" in line and "--ca FILE" in line for line in said)
    assert any("ends in 3 days" in line for line in said)
    assert not [line for line in said if "in the clear" in line or "not for" in line]
    local = Site(data=tmp_path / "data", host="127.0.0.1", port=8443, given={}, certificate=given)
    assert (local.url, local.opening) == ("https://127.0.0.1:8443/", None)
    said = remarks(host=local.host, name=local.name, opening=local.opening, certificate=given)
    assert any("wattprint.example, *.wattprint.example, and not for 127.0.0.1" in line for line in said)


def test_it_is_closed_to_other_users_of_the_machine(live_site: LiveSite) -> None:
    data = live_site.data
    assert mode(data) == 0o700
    assert mode(data / "redis" / "redis.sock") == 0o700
    open_to_others = [path for path in data.glob("*") if path.name != "static" and mode(path) & 0o077]
    assert not open_to_others
    told: Any = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=False).stdout
    pids = [f"pid={pid}," for name, pid in live_site.children().items() if name != "web"]
    assert not [line for line in told.splitlines() if any(pid in line for pid in pids)]
