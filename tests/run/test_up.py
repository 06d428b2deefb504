"""`./wattprint up` as a person meets it: it comes up, it says clearly why it does not, it loses nothing."""

import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from config.launch.processes import commands_of_group
from config.launch.site import Site
from tests.harness.environment import ROOT
from tests.harness.not_run import not_run
from tests.harness.servers import LiveSite, Redis, free_port, wait_until

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


def test_what_dies_is_told_and_started_again(make_site: Callable[..., LiveSite]) -> None:
    site = make_site()
    before = site.children()
    for name in ("worker-estimates", "web", "redis"):
        os.killpg(before[name], signal.SIGKILL)
        wait_until(partial(is_another, site, name, before[name]), what=f"{name} again")
        wait_until(site.is_well, timeout_s=40, what=f"well again after {name}")
        assert f"{name} was ended by signal 9. Its last lines:" in site.told()
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
    redis = Redis(tmp_path / "redis")
    redis.start()
    try:
        site = make_site(environment={"DATABASE_URL": postgresql_url, "REDIS_URL": redis.url})
        assert "redis" not in site.children()
        assert not (site.data / "wattprint.sqlite3").exists()
        status, made = site.post_json("/api/v1/estimates", RUN, Prefer="wait=10")
        assert (status, made["status"]) == (201, "done")
        assert site.stop() == 0
    finally:
        redis.stop()


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


def test_it_is_closed_to_other_users_of_the_machine(live_site: LiveSite) -> None:
    data = live_site.data
    assert mode(data) == 0o700
    assert mode(data / "redis" / "redis.sock") == 0o700
    open_to_others = [path for path in data.glob("*") if path.name != "static" and mode(path) & 0o077]
    assert not open_to_others
    told: Any = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=False).stdout
    pids = [f"pid={pid}," for name, pid in live_site.children().items() if name != "web"]
    assert not [line for line in told.splitlines() if any(pid in line for pid in pids)]
