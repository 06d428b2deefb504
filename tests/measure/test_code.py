"""From Python: a block, a function, an exception on the way; and what an import costs."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import estimator.measure
from estimator.measure import measure, meters
from estimator.measure.history import History
from estimator.measure.recorder import Recorder
from estimator.measure.samplers import Measure, MeterProblem, Sample
from tests.harness.environment import ROOT


def burn(cpu_s: float) -> int:
    end_s = time.process_time() + cpu_s
    while time.process_time() < end_s:
        pass
    return 5


def test_a_block_is_measured_with_its_share() -> None:
    with measure(country="FR", interval_s=0.1, title="A block") as m:
        with pytest.raises(RuntimeError, match="ended"):
            _ = m.result
        burn(0.3)
    told = m.result
    assert told.duration_s >= 0.3
    assert told.title == "A block"
    low_j, central_j, high_j = told.energy_j
    assert 0.0 < low_j < central_j < high_j
    assert 0.0 < told.attributed_j[1] <= central_j
    assert told.carbon is not None
    assert told.carbon.kgco2e[1] == pytest.approx(
        central_j / 3.6e6 * told.carbon.figures.grid_intensity_gco2e_per_kwh.central / 1e3
    )
    assert len(told.samples) >= 2  # a busy machine may delay one


def test_a_function_is_measured_at_each_call() -> None:
    measured = measure(interval_s=0.1, grid_intensity_gco2e_per_kwh=50.0)
    called = measured(burn)
    assert [called(0.02), called(0.02)] == [5, 5]
    assert len(measured.results) == 2


def test_an_exception_of_the_block_is_passed_on() -> None:
    m = measure(interval_s=0.1)
    with pytest.raises(KeyError), m:
        raise KeyError("of the block")
    assert m.result.duration_s >= 0.0


def test_one_measurement_does_not_run_twice_at_once() -> None:
    with measure(interval_s=0.1) as m, pytest.raises(RuntimeError, match="twice"), m:
        pass


GUEST = """
import multiprocessing, os, sys, time
sys.path.insert(0, sys.argv[1])
from estimator.measure import measure

def burn():
    while time.process_time() < 0.3: pass

with measure(country="FR", interval_s=0.1) as m:
    # It holds everything that is open now, and must not hold what the catalogue waits for.
    holder = os.fork()
    if not holder:
        time.sleep(30.0)
        os._exit(0)
    child = multiprocessing.get_context("fork").Process(target=burn)
    child.start()
    child.join()
    copy = os.fork()
    if not copy:
        sys.exit(7)  # runs out of the block
    code = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
os.kill(holder, 9)
print(code, m.result.carbon.figures.place, m.result.attributed_j[1] > 0.0, str(m) == str(m.result))
print(*sorted({"numpy", "pydantic"} & set(sys.modules)))
"""


def test_a_program_in_another_environment_is_measured_with_its_forks(tmp_path: Path) -> None:
    done = subprocess.run(
        # Without any package, as in an environment of somebody's own. Newer Pythons warn of any fork beside a thread.
        [
            sys.executable,
            "-I",
            "-S",
            "-W",
            "ignore:This process:DeprecationWarning",
            "-c",
            GUEST,
            ROOT / ".venv" / "python",
        ],
        env=os.environ | {"WATTPRINT_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "7 France True True\n\n"
    assert not done.stderr


def test_a_driver_that_nobody_knows_costs_its_meter_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known = meters._opener

    def opener(name: str) -> Any:
        def fail(taken: frozenset[str]) -> None:
            raise OSError("no such symbol")

        return fail if name == "nvml" else known(name)

    monkeypatch.setattr(meters, "_opener", opener)
    with measure(interval_s=0.1, grid_intensity_gco2e_per_kwh=50.0) as m:
        burn(0.01)
    assert m.result.energy_j[1] > 0.0
    assert "Not measured: NVIDIA cards: It failed to open (OSError: no such symbol)." in str(m)
    with pytest.raises(MeterProblem, match="no such symbol"), measure(meters=("nvml",)):
        pytest.fail("it was asked for, and does not work")


@pytest.mark.parametrize("broken", ["__init__", "add", "finished"])
def test_the_block_goes_on_whatever_becomes_of_its_measurement(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(Recorder, broken, fail)
    with measure(interval_s=0.1, grid_intensity_gco2e_per_kwh=50.0) as m:
        done = burn(0.01)
    assert done == 5
    assert "out of order" in m.problem
    assert "out of order" in str(m)
    assert "out of order" in caplog.text
    if broken == "add":
        assert "Nothing was measured" in str(m)
        assert m.result.as_json()["machine_energy_j"] is None
    else:
        with pytest.raises(RuntimeError, match="out of order"):
            _ = m.result
    monkeypatch.undo()
    with m:
        pass
    assert not m.problem
    assert m.result


def test_an_unknown_place_is_told_while_the_block_runs(caplog: pytest.LogCaptureFixture) -> None:
    with measure(country="Germny", interval_s=0.1) as m:
        until_s = time.monotonic() + 30.0
        while "Germany" not in caplog.text and time.monotonic() < until_s:
            time.sleep(0.02)
        assert "Germany" in caplog.text
    assert "No CO₂e" in str(m)


def test_an_interval_out_of_bounds_is_refused_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="60"):
        measure(interval_s=61.0)


def test_there_is_nothing_else_in_the_package() -> None:
    with pytest.raises(AttributeError, match="measures"):
        _ = estimator.measure.measures


HEAVY = "numpy pydantic django celery redis psutil pynvml amdsmi urllib.request asyncio".split()


def test_a_measured_command_waits_for_nothing_heavy() -> None:
    code = (
        "import sys, estimator.measure.shell\n"
        "from estimator.measure.meters import open_meters\n"
        "from estimator.measure.recorder import Recorder\n"
        "opened = open_meters()\n"
        "Recorder(opened, interval_s=1.0)\n"
        "opened.close()\n"
        # Nor does its end: the summary, and the arithmetic of its emissions.
        "import estimator.measure.finished\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_a_long_measurement_is_kept_more_coarsely_and_whole() -> None:
    history = History(most_rows_count=10)
    for number in range(1, 101):
        history.add(Sample(number, float(number), 1.0, {"dram": Measure(2.0, 2.0, "modelled")}))
    rows = history.rows()
    assert len(rows) <= 11
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row[2]["dram"] for row in rows) == 200.0  # type: ignore[index]
    assert rows[-1][1] == 100.0
    assert history.merged_count == 16
