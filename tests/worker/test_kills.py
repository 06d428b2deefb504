"""Whatever is killed during a measurement, no sample is lost and none counts twice: real processes, a real Redis."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estimator.broker_access import COMMANDS
from estimator.worker import protocol
from estimator.worker.child import celery_app
from estimator.worker.credentials import read_credentials
from estimator.worker.store import Store
from tests.harness.servers import wait_until
from tests.worker.meter import POWERS_W
from tests.worker.people import Machine, Person, Wire, pause
from tests.worker.site import HOST, SmallSite, small_site

pytestmark = pytest.mark.timeout(180)

TOTAL_W = sum(POWERS_W.values())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    """One site for all of them."""
    with small_site(tmp_path_factory.mktemp("kills") / "site") as made:
        yield made


@pytest.fixture(scope="module")
def overheard(site: SmallSite) -> Iterator[set[str]]:
    """The commands that Redis hears by TCP, which are those of the worker, while the tests below kill things."""
    with site.monitor() as commands:
        yield commands


@pytest.fixture(scope="module")
def ann(site: SmallSite) -> Person:
    """Its only account."""
    return Person(site.url, "ann@example.org")


@pytest.fixture(scope="module")
def wire(site: SmallSite) -> Iterator[Wire]:
    """Between the machine and the site."""
    made = Wire(HOST, site.port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def machine(
    ann: Person, wire: Wire, overheard: set[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """One worker for all of them."""
    made = Machine(
        tmp_path_factory.mktemp("kills-worker") / "w",
        server=f"http://{HOST}:{wire.port}",
        token=ann.enrolment(),
        name="desk",
    )
    made.start()
    made.wait_until_ready()
    yield made
    made.stop()


def begun(ann: Person, machine: Machine, *, samples_count: int = 4) -> str:
    """A measurement that has some samples."""
    key = ann.measure(machine.key)
    wait_until(
        lambda: ann.measurement(key)["samples_count"] >= samples_count,
        timeout_s=25,
        what=f"begun\n{machine.told()[-3000:]}",
    )
    return key


def more(ann: Person, key: str, machine: Machine, count: int = 4) -> None:
    """Wait for so many samples more."""
    before = ann.measurement(key)["samples_count"]
    wait_until(
        lambda: ann.measurement(key)["samples_count"] >= before + count,
        timeout_s=30,
        what=f"more samples\n{machine.told()[-3000:]}",
    )


def nothing_lost(ann: Person, machine: Machine, key: str) -> dict[str, Any]:
    """Stop it; every sample that was taken is there once, with its energy, and the sums are theirs."""
    told = ann.stop(key)
    rows = ann.samples(key)
    taken = machine.taken(key)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    # A kill may fall between writing a sample and noting it for us; then the server has one more than our notes.
    by_end = {row[1]: row for row in rows}
    assert len(by_end) == len(rows), "no sample twice"
    for end_s, energies_j, duration_s in taken:
        row = by_end[round(end_s, 6)]
        assert row[2] == pytest.approx(duration_s, abs=1e-6)
        assert row[3:] == pytest.approx([energies_j[name] for name in POWERS_W], rel=1e-9)  # type: ignore[index]
    assert len(rows) - len(taken) in {0, 1}
    covered_s = sum(row[2] for row in rows)
    assert told["covered_s"] == pytest.approx(covered_s, rel=1e-9)
    # The meter draws 110 W: so the energy is known from the time that the samples cover.
    assert told["energy_kwh"] * 3.6e6 == pytest.approx(TOTAL_W * covered_s, rel=2e-3)
    assert told["samples_count"] == len(rows)
    assert told["estimate"] is not None
    return told


def test_undisturbed_over_several_slices_nothing_is_lost(ann: Person, machine: Machine) -> None:
    key = begun(ann, machine, samples_count=20)
    told = nothing_lost(ann, machine, key)
    assert told["flags"] == []
    # From the first sample to the last without a gap, over slices of 0.7 s.
    assert told["covered_s"] == pytest.approx(told["last_time_s"] - told["started_at_s"], abs=1e-3)
    status, estimate = ann.call("GET", f"/estimates/{told['estimate']}")
    assert status == 200
    assert estimate["inputs"]["it_energy_kwh"] == pytest.approx(told["energy_kwh"], rel=1e-9)
    assert {part["quality"] for part in told["components"]} == {"counter"}


def test_the_measuring_process_is_killed(ann: Person, machine: Machine) -> None:
    key = begun(ann, machine)
    os.kill(machine.child_pid(), signal.SIGKILL)
    more(ann, key, machine)
    told = nothing_lost(ann, machine, key)
    assert "restarted" in told["flags"]


def test_the_whole_worker_is_killed_and_started_again(ann: Person, machine: Machine, site: SmallSite) -> None:
    key = begun(ann, machine)
    machine.kill()
    # The message of its slice was handed out and never confirmed: it is handed out anew.
    *_, unacked, unacked_index = protocol.keys(machine.key)
    with site.redis() as broker:
        tags = set(broker.hkeys(unacked))
        broker.zadd(unacked_index, dict.fromkeys(tags, 1.0))
    machine.start()
    more(ann, key, machine)
    with site.redis() as broker:
        assert tags and not tags & set(broker.hkeys(unacked))
    nothing_lost(ann, machine, key)


def test_redis_is_killed(ann: Person, machine: Machine, site: SmallSite) -> None:
    key = begun(ann, machine)
    site.kill("redis")
    # It measures on, over the end of its slice, and its samples come by HTTP.
    more(ann, key, machine, 10)
    site.start()
    more(ann, key, machine)
    nothing_lost(ann, machine, key)


def test_the_web_server_is_killed(ann: Person, machine: Machine, site: SmallSite) -> None:
    key = begun(ann, machine)
    site.kill("web")
    site.start()
    more(ann, key, machine)
    told = nothing_lost(ann, machine, key)
    assert told["flags"] == []


def test_the_network_is_cut(ann: Person, machine: Machine, wire: Wire) -> None:
    key = begun(ann, machine)
    wire.cut()
    pause(1.5)
    assert ann.measurement(key)["samples_count"] < len(machine.taken(key)) - 8, "samples wait on the worker's disk"
    wire.mend()
    more(ann, key, machine, 10)
    told = nothing_lost(ann, machine, key)
    assert told["flags"] == []
    assert told["covered_s"] == pytest.approx(told["last_time_s"] - told["started_at_s"], abs=1e-3)


def test_a_message_that_comes_again_changes_nothing(ann: Person, machine: Machine) -> None:
    key = begun(ann, machine)
    spec = {
        "target": "machine", "pid": None, "workload": "", "interval_s": 0.1, "duration_limit_s": None,
        "baseline_s": 0.0,
    }  # fmt: skip
    app = celery_app(read_credentials(machine.folder))
    for number in (1, 1, 2):
        app.send_task(protocol.TASK, args=[key, number, spec], queue=protocol.QUEUE)
    more(ann, key, machine, 6)
    told = nothing_lost(ann, machine, key)
    assert told["flags"] == []
    # And once more after the end.
    app.send_task(protocol.TASK, args=[key, 1, spec], queue=protocol.QUEUE)
    pause(0.5)
    assert ann.measurement(key) == told


def test_one_that_is_deleted_or_withdrawn_ends_on_its_worker_too(ann: Person, machine: Machine) -> None:
    key = begun(ann, machine)
    assert ann.call("DELETE", f"/measurements/{key}")[0] == 204
    other = ann.measure(machine.key)
    ann.call("POST", f"/measurements/{other}/stop")  # before it has begun, or just after
    store = Store(machine.folder / "samples.sqlite3")
    wait_until(lambda: not store.unfinished(), what="nothing is left to measure or to send")
    assert ann.call("GET", f"/measurements/{key}")[0] == 404
    assert ann.measurement(other)["status"] in {"failed", "done"}


def test_a_token_and_credentials_are_good_for_one_machine(
    ann: Person, machine: Machine, site: SmallSite, tmp_path: Path
) -> None:
    key = begun(ann, machine)
    # The same enrolment token again.
    other = Machine(tmp_path / "other", server=site.url, token=machine._token, name="other")
    other.start()
    wait_until(lambda: "used by another machine" in other.told(), what="refused")
    # A copy of the whole folder, with its credentials and the running measurement.
    shutil.copytree(machine.folder, tmp_path / "copy")
    copy = Machine(tmp_path / "copy", server=machine.server, token="", name="copy")
    (tmp_path / "copy" / "taken.jsonl").unlink()
    copy.start()
    try:
        wait_until(lambda: "works with this worker's credentials" in copy.told(), what="told that it is not wanted")
        more(ann, key, machine, 6)
        assert not (tmp_path / "copy" / "taken.jsonl").exists(), "the copy measures nothing"
        nothing_lost(ann, machine, key)
    finally:
        copy.kill()
        other.kill()
    _, told = ann.call("GET", "/workers")
    assert [row["name"] for row in told["workers"]] == ["desk"]


def test_the_broker_lets_a_worker_say_what_it_says_and_nothing_else(
    site: SmallSite, overheard: set[str], machine: Machine
) -> None:
    machine.stop()
    with site.redis() as broker:
        refused = broker.acl_log()
    # Where Redis has lost its users, the worker is a stranger until its next sign of life.
    assert {entry["reason"] for entry in refused} <= {"auth"}, refused
    greetings, after_errors = {"hello", "client"}, {"unwatch"}
    assert overheard - greetings | after_errors == set(COMMANDS)
