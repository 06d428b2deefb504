"""RAPL by a tree like that of the kernel: zones, ranges, rights."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from estimator.measure import rapl
from estimator.measure.replay import ReplayMeter
from estimator.measure.samplers import MeterProblem, Reading
from tests.measure.builders import Driven, replayed, totals, trace, tree

#: Two sockets; the names of the zones are those that kernels show.
TWO_SOCKETS = {
    "intel-rapl:0/name": "package-0",
    "intel-rapl:0/energy_uj": 262_143_000_000,
    "intel-rapl:0/max_energy_range_uj": 262_143_328_850,
    "intel-rapl:0/constraint_0_power_limit_uw": 205_000_000,
    "intel-rapl:0/constraint_1_power_limit_uw": 246_000_000,
    "intel-rapl:0:0/name": "dram",
    "intel-rapl:0:0/energy_uj": 1_000_000,
    "intel-rapl:0:0/max_energy_range_uj": 65_712_999_613,
    "intel-rapl:0:1/name": "core",
    "intel-rapl:0:1/energy_uj": 5,
    "intel-rapl:1/name": "package-1",
    "intel-rapl:1/energy_uj": 7_000_000,
    "intel-rapl:1/max_energy_range_uj": 262_143_328_850,
    "intel-rapl:2/name": "psys",
    "intel-rapl:2/energy_uj": 9_000_000,
    "intel-rapl-mmio:0/name": "package-0",
    "intel-rapl-mmio:0/energy_uj": 262_143_000_000,
}


def test_packages_and_memory_are_counted_once(tmp_path: Path) -> None:
    meter = rapl.open_meter(tree(tmp_path, TWO_SOCKETS))
    parts = {part.name: part for part in meter.components}
    assert list(parts) == ["cpu_package:0", "dram:0", "cpu_package:1", "platform"]
    assert parts["cpu_package:0"].limit_w == 246.0
    assert [name for name, part in parts.items() if not part.counted] == ["platform"]
    reading = meter.read()["cpu_package:0"]
    assert (reading.energy_j, reading.wraps_at_j) == pytest.approx((262_143.0, 262_143.32885))
    meter.close()


def test_a_trace_through_the_files_of_the_kernel(tmp_path: Path) -> None:
    folder = tree(tmp_path, TWO_SOCKETS)
    told = trace("rapl-wrap")
    files = {"cpu_package:0": folder / "intel-rapl:0/energy_uj", "dram:0": folder / "intel-rapl:0:0/energy_uj"}

    def show(readings: Mapping[str, Reading]) -> None:
        for name, reading in readings.items():
            assert reading.energy_j is not None
            files[name].write_text(f"{round(reading.energy_j * 1e6)}\n")

    replay = ReplayMeter(told)
    show(replay.read())
    meter = Driven(rapl.open_meter(folder), replay, show)
    samples = replayed(replay, meter)
    rows = totals(samples, *meter.components)
    for name, expected_j in told.expected_j.items():
        assert rows[name].energy_j == pytest.approx(expected_j, rel=1e-3)
        assert rows[name].flags == ("wrapped",)
    meter.close()


def test_missing_rights_are_explained_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tree(tmp_path, TWO_SOCKETS)

    def refuse(path: object, flags: int) -> int:  # the tests may run as root, who may read everything
        raise PermissionError(path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(MeterProblem) as caught:
        rapl.open_meter(folder)
    assert "(package-0, dram, package-1, " in caught.value.reason  # as the kernel calls them
    assert "sudo chmod a+r /sys/class/powercap/*/energy_uj" in caught.value.remedy


@pytest.mark.parametrize(
    ("hidden", "left"),
    [
        ("intel-rapl:1/", None),  # the other socket alone would pass for the machine
        ("intel-rapl:0:0/", ["cpu_package:0", "cpu_package:1", "platform"]),
        ("intel-rapl:2/", ["cpu_package:0", "dram:0", "cpu_package:1"]),
    ],
)
def test_a_kind_is_read_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: str, left: list[str] | None
) -> None:
    folder = tree(tmp_path, TWO_SOCKETS)
    opened: list[int] = []
    real_open = os.open

    def refuse(path: Path, flags: int) -> int:
        if hidden in str(path):
            raise PermissionError(path)
        opened.append(real_open(path, flags))
        return opened[-1]

    monkeypatch.setattr(os, "open", refuse)
    if left is None:
        with pytest.raises(MeterProblem, match=r"may not be read \(package-1\)"):
            rapl.open_meter(folder)
    else:
        meter = rapl.open_meter(folder)
        assert [part.name for part in meter.components] == left
        meter.close()
    for file in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(file)


def test_two_platforms_have_names_of_their_own(tmp_path: Path) -> None:
    files = TWO_SOCKETS | {"intel-rapl:3/name": "psys", "intel-rapl:3/energy_uj": 1}
    meter = rapl.open_meter(tree(tmp_path, files))
    assert [(part.name, part.counted) for part in meter.components if part.kind == "platform"] == [
        ("platform", False),
        ("platform:2", False),
    ]
    meter.close()


def test_a_machine_without_counters_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MeterProblem, match="no powercap"):
        rapl.open_meter(tmp_path / "powercap")
    with pytest.raises(MeterProblem, match="modprobe"):
        rapl.open_meter(tmp_path)


def test_a_zone_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    folder = tree(tmp_path, TWO_SOCKETS)
    meter = rapl.open_meter(folder)
    (folder / "intel-rapl:1/energy_uj").write_text("")
    assert "cpu_package:1" not in meter.read()
    assert "cpu_package:0" in meter.read()
    meter.close()
