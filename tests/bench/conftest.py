"""A table of medians, each with its ratio to another row of the same run."""

import contextlib
import os
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from config.launch import redis as private_redis
from config.launch.site import ROOT, web_command

os.environ.update(
    DJANGO_SETTINGS_MODULE="config.settings", SECRET_KEY="of-the-benchmarks-" + "0123456789abcdef" * 4, DEBUG="1"
)
# pytest-django sets Django up for those who have read their settings by now.
assert settings.INSTALLED_APPS


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    median_s: float
    p95_s: float
    against: str | None


@dataclass(frozen=True)
class Amount:
    """One line of the table that is no time."""

    name: str
    amount: float
    unit: str
    against: str | None


class Table:
    """What was measured in this run."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.amounts: dict[str, Amount] = {}

    def note(self, name: str, amount: float, unit: str, *, against: str | None = None) -> None:
        """Add what is no time, and the amount that it is to be read against."""
        self.amounts[name] = Amount(name, amount, unit, against)

    def add(self, name: str, times_s: list[float], *, against: str | None = None) -> None:
        """Add the times of one path, and the row that it is to be read against."""
        p95_s = statistics.quantiles(times_s, n=20)[-1] if len(times_s) > 1 else times_s[0]
        self.rows[name] = Row(name, statistics.median(times_s), p95_s, against)


_TABLE = Table()


@pytest.fixture
def table() -> Table:
    """Collect rows for the table at the end."""
    return _TABLE


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table."""
    if not _TABLE.rows and not _TABLE.amounts:
        return
    terminalreporter.section("Wattprint bench: medians of this run on this machine; read the ratios")
    terminalreporter.write_line(f"{'path':52} {'median ms':>10} {'p95 ms':>10}   ratio")
    for row in _TABLE.rows.values():
        other = _TABLE.rows.get(row.against or "")
        ratio = f"{row.median_s / other.median_s:7.2f} x {other.name}" if other else ""
        terminalreporter.write_line(f"{row.name:52} {row.median_s * 1e3:10.3f} {row.p95_s * 1e3:10.3f}   {ratio}")
    for amount in _TABLE.amounts.values():
        base = _TABLE.amounts.get(amount.against or "")
        ratio = f"{amount.amount / base.amount:7.2f} x {base.name}" if base else ""
        terminalreporter.write_line(f"{amount.name:52} {amount.amount:10.4g} {amount.unit:10}   {ratio}")


@pytest.fixture(scope="session")
def server_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The web server as `./wattprint up` starts it, with the bare view mounted beside the site."""
    data = tmp_path_factory.mktemp("data")
    (data / "redis").mkdir()
    command, unix_socket = private_redis.command(data / "redis")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        "DEBUG": "0",
        "DATABASE_URL": f"sqlite:///{data / 'wattprint.sqlite3'}",
        "REDIS_URL": f"unix://{unix_socket}",
        "WATTPRINT_DATA": str(data),
        "THROTTLE_CALCULATE": "100000000/min",
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    started: list[subprocess.Popen[bytes]] = []
    with (data / "log").open("ab") as log:
        started.extend(
            subprocess.Popen(line, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
            for line in (command, web_command(host="127.0.0.1", port=port))
        )
        try:
            _wait_for(port, data / "log")
            yield port
        finally:
            for process in reversed(started):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=20)


def _wait_for(port: int, log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text()[-3000:])
