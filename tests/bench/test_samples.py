"""Samples taken in by batches over HTTP, and the first chart of a million samples, on both databases."""

import http.client
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from config.launch.site import ROOT
from tests.bench.conftest import Table
from tests.harness.postgresql import binaries, running_postgresql
from tests.worker.site import SmallSite

POSTERS_COUNT = 2
EACH_COUNT = 200_000
MANY_COUNT = 1_000_000
ROUNDS_COUNT = 30


@contextmanager
def _site(folder: Path, database: str) -> Iterator[SmallSite]:
    """With two web processes, as `up` has them."""
    with running_postgresql() if database == "PostgreSQL" else _nothing() as url:
        site = SmallSite(folder, database_url=url, web_processes_count=2, debug="0")
        try:
            site.start()
            yield site
        finally:
            site.stop()


@contextmanager
def _nothing() -> Iterator[str]:
    yield ""


def _prepared(site: SmallSite, count: int) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.measured", str(count)],
        cwd=ROOT,
        env=site.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def _post(site: SmallSite, told: list[dict[str, str]], count: int) -> float:
    """Seconds from the first to the last batch, of all posters at once."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.poster", site.host, str(site.port), one["secret"], one["measurement"]]
            + [str(count)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for one in told
    ]
    for process in running:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    began_s = time.perf_counter()
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
    assert all(process.wait() == 0 for process in running)
    return time.perf_counter() - began_s


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_samples_over_http_and_the_first_chart(database: str, table: Table, tmp_path: Path) -> None:
    """The posters run on the same cores; their batches are made before the clock starts."""
    if database == "PostgreSQL" and binaries() is None:
        pytest.skip("PostgreSQL's programs are not on this machine")
    with _site(tmp_path / "s", database) as site:
        told = _prepared(site, POSTERS_COUNT + 1)
        _post(site, told["workers"][:POSTERS_COUNT], 5_000)
        took_s = _post(site, told["workers"][:POSTERS_COUNT], EACH_COUNT)
        table.note(f"samples taken in over HTTP, {database}", POSTERS_COUNT * EACH_COUNT / took_s, "samples/s")
        many = told["workers"][POSTERS_COUNT]
        _post(site, [many], MANY_COUNT)
        connection = http.client.HTTPConnection(site.host, site.port, timeout=60)
        headers = {"Authorization": f"Bearer {told['token']}"}
        times_s = []
        for _ in range(ROUNDS_COUNT):
            began_s = time.perf_counter()
            connection.request("GET", f"/api/v1/measurements/{many['measurement']}/series", headers=headers)
            answer = json.loads(connection.getresponse().read())
            times_s.append(time.perf_counter() - began_s)
        assert 100 < len(answer["points"]) <= 600
        table.add(f"first chart of a million samples, {database}", times_s)
    shutil.rmtree(tmp_path / "s", ignore_errors=True)
