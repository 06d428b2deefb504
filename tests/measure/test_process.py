"""What belongs to a process: its own CPU time and that of all that it started, by real processes and by hand."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from estimator.measure.cputime import Tree, machine_busy_s, usable_busy_s
from estimator.measure.process import Attribution
from estimator.measure.samplers import Component, Measure, Sample
from tests.measure.builders import Told

BURN = "import time\nwhile time.process_time() < {}: pass"


def until(ready: Callable[[], bool], within_s: float = 20.0) -> None:
    end_s = time.monotonic() + within_s
    while not ready():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def ended(process: subprocess.Popen[bytes]) -> bool:
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def test_a_process_and_its_children_are_counted_also_after_their_end() -> None:
    burn = BURN.format(0.15)
    code = f"import subprocess, sys\n{burn}\nfor _ in range(2): subprocess.run([sys.executable, '-c', {burn!r}])"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        tree = Tree(process.pid)
        until(lambda: ended(process))
        assert tree.cpu_s() == pytest.approx(0.45, abs=0.25)
        assert tree.cpu_s() >= 0.42


def test_what_outlives_its_parent_still_belongs_to_it() -> None:
    burn = BURN.format(0.4)
    code = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {burn!r}])\ntime.sleep(0.25)"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        tree = Tree(process.pid)
        until(lambda: len(tree.pids) > 1 or tree.cpu_s() < 0 or ended(process))
        tree.cpu_s()
        seen = [0.0]

        def look() -> bool:
            seen.append(tree.cpu_s())
            return seen[-1] > 0.35

        until(look)
        assert seen == sorted(seen)


def test_a_number_given_to_another_process_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path

    def stat(pid: int, parent: int, start: int, ticks: int) -> None:
        (folder / str(pid)).mkdir(exist_ok=True)
        fields = ["S", parent, *["0"] * 9, ticks, 0, 0, 0, "20", "0", "1", "0", start]
        (folder / str(pid) / "stat").write_text(f"{pid} (a name) with) {' '.join(map(str, fields))}\n")
        task = folder / str(pid) / "task" / str(pid)
        task.mkdir(parents=True, exist_ok=True)
        (task / "children").write_text("11 " if pid == 10 else "")

    hz = os.sysconf("SC_CLK_TCK")
    stat(10, 1, 100, 2 * hz)
    stat(11, 10, 101, 3 * hz)
    tree = Tree(10, proc=folder)
    assert tree.cpu_s() == pytest.approx(5.0)
    (folder / "10" / "task" / "10" / "children").write_text("")
    stat(11, 1, 999, 50 * hz)
    assert tree.cpu_s() == pytest.approx(5.0)
    assert tree.pids == {10}


def test_the_machine_is_busy_while_we_are() -> None:
    before_s, own_s = machine_busy_s(), time.process_time()
    while time.process_time() - own_s < 0.1:
        pass
    assert machine_busy_s() - before_s >= 0.08
    assert usable_busy_s()() > 0.0


def shared(tree_s: list[float], busy_s: list[float], *components: str) -> Attribution:
    class Fixed(Tree):
        def cpu_s(self) -> float:
            return tree_s.pop(0)

    attribution = Attribution(
        [Told(*(Component(name, "counter") for name in components))], busy_s=lambda: busy_s.pop(0)
    )
    attribution._tree = Fixed(1)
    return attribution


def test_energy_is_shared_out_by_cpu_time_by_hand() -> None:
    attribution = shared([1.0, 3.0, 3.0], [10.0, 14.0, 16.0, 17.0], "cpu_package:0")
    for number in (1, 2, 3):
        attribution.add(Sample(number, float(number), 1.0, {"cpu_package:0": Measure(100.0, 100.0, "counter")}))
    (row,) = attribution.rows()
    # A quarter, then all, then nothing.
    assert row.energy_j == pytest.approx(125.0)
    assert row.share == pytest.approx(125.0 / 300.0)
    assert attribution.cpu_s == 3.0


def test_nothing_is_shared_out_before_a_process_is_named() -> None:
    attribution = Attribution([Told(Component("cpu_package:0", "counter"))])
    attribution.add(Sample(1, 1.0, 1.0, {"cpu_package:0": Measure(100.0, 100.0, "counter")}))
    assert attribution.rows() == ()


def test_a_meter_of_the_whole_machine_is_not_shared_out() -> None:
    attribution = shared([1.0], [0.0, 1.0], "system:power_meter")
    attribution.add(Sample(1, 1.0, 1.0, {"system:power_meter": Measure(100.0, 100.0, "sampled")}))
    assert attribution.rows() == ()
