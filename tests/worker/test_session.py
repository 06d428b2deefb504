"""What a worker does on its own machine: sessions, its store, its file, its clock; no server and no broker."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest

from estimator.worker import session
from estimator.worker.agent import Beat, beat
from estimator.worker.config import EXAMPLE, BadConfig, Config, ConfigFile, Workload, read_config
from estimator.worker.protocol import PROCESS, Spec
from estimator.worker.session import Sessions
from estimator.worker.shell import main
from estimator.worker.started import Followed, NoProcess
from estimator.worker.store import Store
from tests.worker.meter import POWERS_W, open_steady


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "samples.sqlite3")


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "open_meters", open_steady)


def spec(**changes: Any) -> Spec:
    base: dict[str, Any] = {
        "target": "machine", "pid": None, "workload": "", "interval_s": 0.1, "duration_limit_s": None,
        "baseline_s": 0.0,
    }  # fmt: skip
    return cast("Spec", base | changes)


def measured(store: Store, told: Spec, config: Config | None = None, *, slice_s: float = 30.0) -> list[list[Any]]:
    """Run one to its end, over slices in one thread, and take its samples out of the store."""
    sessions = Sessions(store, config or Config())
    waiting = [1]

    def again(number: int) -> bool:
        waiting.append(number)
        return True

    while waiting:
        sessions.slice("m", waiting.pop(0), told, slice_s=slice_s, again=again)
    return samples(store)


def samples(store: Store) -> list[list[Any]]:
    _, contents = store.waiting("m", most_count=10_000, most_bytes=10_000_000)
    return [json.loads(content) for content in contents]


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_limited_measurement_covers_its_time_over_several_slices(store: Store) -> None:
    rows = measured(store, spec(duration_limit_s=0.55), slice_s=0.15)
    kept = store.get("m")
    assert kept is not None and kept.state == "ended"
    assert kept.slice > 2
    assert sum(row[2] for row in rows) == pytest.approx(0.55, abs=0.15)
    for name, power_w in POWERS_W.items():
        assert sum(row[1][name] for row in rows) == pytest.approx(power_w * sum(row[2] for row in rows), rel=0.02)
    ends_s = [row[0] for row in rows]
    assert ends_s == sorted(set(ends_s))
    assert [part["quality"] for part in kept.about["components"]] == ["counter", "counter"]


def test_the_idle_machine_is_measured_first_and_does_not_count(store: Store) -> None:
    rows = measured(store, spec(baseline_s=0.25, duration_limit_s=0.2))
    kept = store.get("m")
    assert kept is not None and kept.started_at_s is not None
    assert kept.about["baseline_power_w"] == pytest.approx(POWERS_W, rel=0.05)
    assert sum(row[2] for row in rows) == pytest.approx(0.2, abs=0.15)
    assert kept.started_at_s == pytest.approx(rows[0][0] - rows[0][2], abs=0.01)


def test_a_stop_is_heard_within_an_interval(store: Store) -> None:
    sessions = Sessions(store, Config())
    run = threading.Thread(
        target=lambda: sessions.slice("m", 1, spec(interval_s=60.0), slice_s=60.0, again=lambda number: True)
    )
    run.start()
    deadline_s = time.monotonic() + 5
    while not sessions._open and time.monotonic() < deadline_s:
        time.sleep(0.01)
    time.sleep(0.2)
    began_s = time.monotonic()
    sessions.stop("m")
    run.join(5)
    assert time.monotonic() - began_s < 1.0
    rows = samples(store)
    assert len(rows) == 1, "the last, cut short sample is kept"
    assert rows[0][1]["cpu_package:0"] == pytest.approx(100.0 * rows[0][2], rel=0.02)


def test_a_worker_that_stops_takes_its_measurement_up_again(store: Store) -> None:
    first = Sessions(store, Config())
    run = threading.Thread(target=lambda: first.slice("m", 1, spec(), slice_s=60.0, again=lambda number: True))
    run.start()
    time.sleep(0.45)
    first.quit()
    run.join(5)
    kept = store.get("m")
    assert kept is not None and kept.state == "running"
    before = len(samples(store))
    assert before >= 3
    second = Sessions(store, Config())
    store.ask_to_stop("m")
    second.slice("m", kept.slice + 1, None, slice_s=60.0, again=lambda number: True)
    rows = samples(store)
    assert len(rows) == before + 1
    assert "restarted" in rows[-1][3]
    ended = store.get("m")
    assert ended is not None and (ended.state, ended.run) == ("ended", kept.run)


def test_of_a_process_its_share_counts_and_it_ends_with_it(store: Store) -> None:
    busy = subprocess.Popen(
        [sys.executable, "-c", "import time\nend = time.time() + 0.8\nwhile time.time() < end: pass"]
    )
    threading.Thread(target=busy.wait, daemon=True).start()
    rows = measured(store, spec(target="process", pid=busy.pid))
    kept = store.get("m")
    assert kept is not None
    counted = {part["name"]: part["counted"] for part in kept.about["components"]}
    assert counted == {
        "cpu_package:0": False,
        "dram:0": False,
        f"{PROCESS}cpu_package:0": True,
        f"{PROCESS}dram:0": True,
    }
    share = kept.about["components"][-1]
    assert share["words"]["note"] == [{"text": share["note"], "params": {}}]
    whole_j = sum(row[1]["cpu_package:0"] for row in rows)
    share_j = sum(row[1].get(f"{PROCESS}cpu_package:0", 0.0) for row in rows)
    assert 0.05 * whole_j < share_j <= whole_j * (1 + 1e-9)


def test_a_process_that_is_not_there_is_told(store: Store) -> None:
    assert measured(store, spec(target="process", pid=4_194_303)) == []
    kept = store.get("m")
    assert kept is not None and kept.outcome == {"error_code": "no_such_process"}


def test_a_workload_runs_by_its_name_and_tells_its_exit_code(store: Store, tmp_path: Path) -> None:
    command = (
        sys.executable,
        "-c",
        "import pathlib, time; time.sleep(0.3); pathlib.Path('made').touch(); raise SystemExit(3)",
    )
    config = Config(workloads={"train": Workload(command=command, folder=str(tmp_path))})
    assert measured(store, spec(target="workload", workload="train"), config)
    kept = store.get("m")
    assert kept is not None and kept.outcome == {"exit_code": 3}
    assert (tmp_path / "made").exists()


def test_a_stopped_workload_is_ended_and_a_process_of_somebody_else_runs_on(tmp_path: Path) -> None:
    config = Config(workloads={"sleep": Workload(command=(sys.executable, "-c", "import time; time.sleep(60)"))})
    ours = Followed.by_name("sleep", config)
    ours.end()
    assert ours.is_over()
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    followed = Followed.by_pid(other.pid)
    followed.end()
    assert other.poll() is None
    assert not Followed.again(followed.as_json()).is_over()
    other.kill()
    other.wait()
    assert Followed.again(followed.as_json()).is_over()
    for name in ("unknown", "python -c pass"):
        with pytest.raises(NoProcess, match="unknown_workload"):
            Followed.by_name(name, config)
    with pytest.raises(NoProcess, match="does_not_start"):
        Followed.by_name("x", Config(workloads={"x": Workload(command=("/nowhere/at/all",))}))


# --- the store --------------------------------------------------------------------------------------------------------


def test_a_slice_is_taken_once_and_never_an_earlier_one(store: Store) -> None:
    assert store.begin_slice("m", 1, spec=spec(), run="r", now_s=0.0)
    assert not store.begin_slice("m", 1, spec=spec(), run="other", now_s=0.0)
    assert store.begin_slice("m", 3, spec=None, run="other", now_s=0.0)
    assert not store.begin_slice("m", 2, spec=None, run="r", now_s=0.0)
    kept = store.get("m")
    assert kept is not None and (kept.run, kept.slice) == ("r", 3)
    assert not store.begin_slice("unknown", 2, spec=None, run="r", now_s=0.0)
    store.end("m", {}, now_s=1.0)
    assert not store.begin_slice("m", 4, spec=spec(), run="r", now_s=1.0)
    store.close_measurement("m", now_s=1.0)
    assert not store.begin_slice("m", 5, spec=spec(), run="r", now_s=2.0), "remembered after its end"
    assert store.unfinished() == []


def test_samples_leave_in_order_and_only_when_they_are_confirmed(store: Store) -> None:
    store.begin_slice("m", 1, spec=spec(), run="r", now_s=0.0)
    for number in range(5):
        store.add("m", [number])
    assert store.waiting("m", most_count=2, most_bytes=1_000) == (1, ["[0]", "[1]"])
    assert store.waiting("m", most_count=9, most_bytes=8) == (1, ["[0]", "[1]"])
    store.confirm("m", 3)
    assert store.waiting("m", most_count=9, most_bytes=1_000) == (3, ["[2]", "[3]", "[4]"])
    store.confirm("m", 3)
    store.add("m", [5])
    kept = store.get("m")
    assert kept is not None and kept.next_sequence == 7


def test_a_full_store_costs_detail_and_no_energy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "JOINED_S", 0.3)
    small = Store(tmp_path / "small.sqlite3", most_samples=3)
    rows = measured(small, spec(duration_limit_s=1.2))
    assert len(rows) < 8
    assert max(row[2] for row in rows) > 0.25
    covered_s = sum(row[2] for row in rows)
    assert covered_s == pytest.approx(1.2, abs=0.2)
    assert sum(row[1]["cpu_package:0"] for row in rows) == pytest.approx(100.0 * covered_s, rel=0.02)


# --- its file and its clock -------------------------------------------------------------------------------------------


def test_the_workers_file_names_workloads(tmp_path: Path) -> None:
    path = tmp_path / "worker.toml"
    assert read_config(path) == Config()
    path.write_text('meters = ["rapl"]\n[workloads.train]\ncommand = ["python", "t.py"]\nfolder = "/tmp"\n')
    assert read_config(path) == Config({"train": Workload(("python", "t.py"), "/tmp")}, ("rapl",))


def test_the_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "worker.toml"
    file = ConfigFile(path)
    assert (file.config, file.look()) == (Config(), False)
    path.write_text(EXAMPLE)
    assert file.look() and not file.look()
    assert file.config.workloads == {"train": Workload(("python", "train.py"), "/data/project")}
    path.write_text("[workloads")
    assert file.look() and "cannot be read" in file.problem
    assert list(file.config.workloads) == ["train"], "what it said before holds on"
    path.unlink()
    assert file.look() and (file.config, file.problem) == (Config(), "")
    path.write_text("meters = 1")
    with pytest.raises(BadConfig):
        ConfigFile(path)


def test_its_help_says_where_the_file_is_and_what_stands_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATTPRINT_DATA", str(tmp_path / "50 % off"))
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    told = capsys.readouterr().out
    assert str(tmp_path / "50 % off" / "measure" / "worker" / "worker.toml") in told
    assert "--doctor " in told and 'command = ["python", "train.py"]' in told
    assert not list(tmp_path.iterdir()), "who asks for help makes no folder"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[workloads", "cannot be read"),
        ('workloads = "x"', "table"),
        ('[workloads.train]\ncommand = "python t.py"', "needs a command as a list"),
        ("[workloads.train]\ncommand = []", "needs a command as a list"),
        ('[workloads.train]\ncommand = ["a"]\nfolder = 1', "folder"),
        ("meters = 1", "list of names"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "worker.toml"
    path.write_text(text)
    with pytest.raises(BadConfig, match=words) as refused:
        read_config(path)
    assert str(path) in str(refused.value)


def test_the_offset_of_two_clocks_is_known_to_half_of_the_way() -> None:
    """Our clock is 5 s ahead; 0.1 s there, 0.3 s back, 1 s in between: the true offset lies within half of 0.4 s."""
    found = beat(sent_at_s=1005.0, received_at_s=1000.1, answered_at_s=1001.1, got_at_s=1006.4)
    assert found == Beat(offset_s=5.1, round_trip_s=0.4)
    assert abs(found.offset_s - 5.0) <= found.round_trip_s / 2
