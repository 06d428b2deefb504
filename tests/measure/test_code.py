"""From Python: a block, a function, an exception on the way; and what an import costs."""

import subprocess
import sys
import time

import pytest

import estimator.measure
from estimator.measure import measure
from estimator.measure.history import History
from estimator.measure.samplers import Measure, Sample
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
