"""CPU and memory without a sensor: by hand, within the limits of a container, and with the range of the catalogue."""

import json
from pathlib import Path

import pytest

from estimator.measure import figures as asked
from estimator.measure.figures import Lookup, Question, UnknownFigure, figures
from estimator.measure.limits import Limits, cpu_usage_file, limits
from estimator.measure.model import IDLE_SHARE, ModelMeter, core_power_w
from estimator.measure.samplers import MeterProblem
from tests.measure.builders import tree

EPYC = "AMD EPYC 7763 64-Core Processor"


def meter(busy_s: list[float], now_s: list[float], **more: object) -> ModelMeter:
    options: dict[str, object] = {
        "kinds": {"cpu_package", "dram"},
        "lookup": Lookup(Question(cpu=EPYC)),
        "cores_count": 8.0,
        "threads_count": 16.0,
        "memory_gb": 100.0,
        "busy_s": lambda: busy_s.pop(0),
        "now_s": lambda: now_s.pop(0),
    }
    return ModelMeter(**(options | more))  # type: ignore[arg-type]


def test_idle_half_busy_and_busy_by_hand() -> None:
    model = meter([0.0, 0.0, 80.0, 240.0], [0.0, 10.0, 20.0, 30.0])
    assert model.read()["cpu_package"].energy_j == 0.0
    # 280 W over 64 cores is 4.375 W for each of our 8.
    assert model.read()["cpu_package"].energy_j == pytest.approx(10 * 8 * 4.375 * IDLE_SHARE)
    assert model.read()["cpu_package"].energy_j == pytest.approx(10 * 8 * 4.375 * (IDLE_SHARE + (1 + IDLE_SHARE) / 2))
    read = model.read()
    assert read["cpu_package"].energy_j == pytest.approx(10 * 8 * 4.375 * (IDLE_SHARE + (1 + IDLE_SHARE) / 2 + 1))
    assert read["dram"].energy_j == pytest.approx(30 * 100 * 0.3725)


def test_the_limit_is_reached_and_never_passed() -> None:
    assert core_power_w(limit_w=5.0, utilisation=1.0) == 5.0
    assert core_power_w(limit_w=5.0, utilisation=0.0) == pytest.approx(1.5)


def test_it_is_labelled_and_has_a_range() -> None:
    model = meter([0.0, 1.0], [0.0, 1.0])
    model.read()
    model.read()
    cpu, dram = model.components
    assert cpu.quality == dram.quality == "modelled"
    assert cpu.low < 0.7 and cpu.high > 1.3
    assert dram.low == pytest.approx(0.2 / 0.3725)
    assert "AMD EPYC 7763" in cpu.label


def test_only_what_no_sensor_tells_is_modelled() -> None:
    model = meter([0.0, 1.0], [0.0, 1.0], kinds={"dram"})
    assert [part.name for part in model.components] == ["dram"]
    assert set(model.read()) == {"dram"}


def test_an_unknown_processor_gets_the_usual_limit_with_its_width() -> None:
    found = figures(Question(cpu="Hypothetical 9000"))
    assert found.cpu_name == ""
    assert found.core_power_w.status == "default"
    assert found.core_power_w.high / found.core_power_w.low > 4


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz", "Intel Xeon Gold 6226R"),
        ("AMD Ryzen 9 7950X 16-Core Processor", "AMD Ryzen 9 7950X"),
        ("13th Gen Intel(R) Core(TM) i9-13900K", "Intel Core i9-13900K"),
        ("Apple M2 Pro", "Apple M2 Pro"),
    ],
)
def test_processors_are_found_as_systems_name_them(told: str, meant: str) -> None:
    assert figures(Question(cpu=told)).cpu_name == meant


def test_a_place_has_a_source_and_a_range_and_an_unknown_one_suggestions() -> None:
    grid = figures(Question(place="France")).grid_intensity_gco2e_per_kwh
    assert grid.low < grid.central < grid.high < 60
    assert grid.match == "exact"
    assert any("Ember" in source for source in grid.sources)
    with pytest.raises(UnknownFigure, match="Germany"):
        figures(Question(place="Germny"))
    assert figures(Question()).grid_intensity_gco2e_per_kwh.match == "world"
    assert figures(Question(grid_intensity_gco2e_per_kwh=50.0)).grid_intensity_gco2e_per_kwh.status == "given"


@pytest.mark.parametrize("is_other", [True, False])
def test_a_process_of_its_own_answers_once_and_its_answer_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_other: bool
) -> None:
    monkeypatch.setenv("WATTPRINT_DATA", str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "estimator.reference.catalogue")
    question = Question(cpu=EPYC, place="FR")
    told = Lookup(question).result()
    (kept,) = (tmp_path / "measure" / "figures").glob("*.json")
    assert json.loads(kept.read_text())["answer"]["place"] == "France"
    monkeypatch.setattr(asked, "_ask", lambda question: pytest.fail("it was known already"))
    assert Lookup(question).result() == told
    other = json.loads(kept.read_text()) | {"key": "of another question"}
    kept.write_text(json.dumps(other) if is_other else "{broken")
    monkeypatch.setattr(asked, "_ask", lambda question: None)
    monkeypatch.setattr(asked, "_told_by", lambda process: {"problem": "asked again"})
    with pytest.raises(UnknownFigure, match="asked again"):
        Lookup(question).result()


def test_a_catalogue_that_cannot_be_read_is_a_gap() -> None:
    class Broken:
        def result(self) -> None:
            raise UnknownFigure("no tables")

        def drop(self) -> None:
            pass

    model = meter([0.0, 1.0], [0.0, 1.0], lookup=Broken())
    model.read()
    with pytest.raises(MeterProblem, match="no tables"):
        model.read()
    model.close()


V2 = {
    "proc/self/cgroup": "0::/job/step",
    "sys/fs/cgroup/job/cpu.max": "400000 100000",
    "sys/fs/cgroup/job/memory.max": 8_000_000_000,
    "sys/fs/cgroup/job/step/cpu.max": "max 100000",
    "sys/fs/cgroup/job/step/memory.max": "max",
    "sys/fs/cgroup/job/step/cpu.stat": "usage_usec 2500000\nuser_usec 2000000",
}
V1 = {
    "proc/self/cgroup": "4:memory:/docker/abc\n2:cpuacct:/docker/abc\n1:cpu:/docker/abc",
    "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": 150_000,
    "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": 100_000,
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": -1,
    "sys/fs/cgroup/cpuacct/docker/abc/cpuacct.usage": 7_000_000_000,
    "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": 4_000_000_000,
    "sys/fs/cgroup/memory/memory.limit_in_bytes": 9_223_372_036_854_771_712,
}


@pytest.mark.parametrize(("files", "cores", "memory_gb"), [(V2, 4.0, 8.0), (V1, 1.5, 4.0)])
def test_limits_of_a_container(tmp_path: Path, files: dict[str, object], cores: float, memory_gb: float) -> None:
    told = limits(tree(tmp_path, files))
    assert (told.quota_cores, told.memory_gb) == (cores, memory_gb)
    assert told.usable_cores(64) <= cores
    file = cpu_usage_file(tmp_path)
    assert file is not None
    assert str(file).startswith(str(tmp_path / "sys/fs/cgroup"))


def test_inside_a_container_the_top_is_ours(tmp_path: Path) -> None:
    told = limits(tree(tmp_path, {"proc/self/cgroup": "0::/../../abc", "sys/fs/cgroup/cpu.max": "50000 100000"}))
    assert told.quota_cores == 0.5


def test_without_limits_all_may_be_used(tmp_path: Path) -> None:
    told = limits(tmp_path)
    assert (told.quota_cores, told.memory_gb) == (None, None)
    assert Limits().usable_cores(8) == 8.0
    assert Limits(affinity_cores=2).usable_cores(8) == 2.0
