"""NVIDIA cards by a library like the driver's: fake at its edge, the meter itself is the real one."""

import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from estimator.measure import nvml
from estimator.measure.nvml import NvmlMeter
from estimator.measure.process import Attribution
from estimator.measure.replay import ReplayMeter
from estimator.measure.samplers import Measure, MeterProblem, Reading, Sample
from tests.measure.builders import Driven, replayed, totals, trace, tree


class NVMLError(Exception):
    """What the library raises."""


class Library(types.ModuleType):
    """One or more cards, in the units of the vendor. What is None is not supported."""

    NVMLError = NVMLError

    def __init__(self, *cards: dict[str, Any]) -> None:
        super().__init__("pynvml")
        self.cards = cards
        self.is_open = True

    def nvmlInit(self) -> None:  # noqa: N802  (the vendor's name, as below)
        self.is_open = True

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.is_open = False

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> dict[str, Any]:  # noqa: N802
        return self.cards[index]

    def __getattr__(self, name: str) -> Any:
        key = name.removeprefix("nvmlDeviceGet")
        if key == name:
            raise AttributeError(name)

        def told(card: dict[str, Any], *arguments: Any) -> Any:
            if card.get(key) is None:
                raise NVMLError("Not Supported")
            return card[key](*arguments) if callable(card[key]) else card[key]

        return told


def card(**more: Any) -> dict[str, Any]:
    return {
        "Name": "NVIDIA H100 80GB HBM3",
        "TotalEnergyConsumption": 5_000_000,
        "PowerUsage": 312_000,
        "EnforcedPowerLimit": 700_000,
        "MemoryInfo": types.SimpleNamespace(total=85_899_345_920),
        "MigMode": [0, 0],
    } | more


def test_units_of_the_vendor_end_in_the_meter() -> None:
    meter = NvmlMeter(Library(card()))
    assert meter.read() == {"accelerator:0": Reading(energy_j=5_000.0, power_w=312.0)}
    (part,) = meter.components
    assert (part.quality, part.limit_w, part.label) == ("counter", 700.0, "NVIDIA H100 80GB HBM3")
    (accelerator,) = meter.accelerators
    assert accelerator.has_counter
    assert accelerator.memory_gb == pytest.approx(85.9, rel=1e-3)


def test_a_card_without_a_counter_is_sampled_and_a_slice_of_a_host_is_left_out() -> None:
    meter = NvmlMeter(
        Library(
            card(TotalEnergyConsumption=None, Name=b"Tesla P100"), card(TotalEnergyConsumption=None, PowerUsage=None)
        )
    )
    (part,) = meter.components
    assert (part.name, part.quality, part.label) == ("accelerator:0", "sampled", "Tesla P100")
    assert meter.read() == {"accelerator:0": Reading(energy_j=None, power_w=312.0)}


def test_a_card_in_slices_is_said_to_be_measured_whole() -> None:
    meter = NvmlMeter(Library(card(MigMode=[1, 1])))
    assert "MIG is on" in meter.components[0].note
    assert "MIG is on" in meter.accelerators[0].note


@pytest.mark.parametrize(
    ("name", "most"),
    [("nvml-counter", 1e-3), ("nvml-power-often", 1e-2), ("frozen-counter", 1e-2)],
)
def test_traces_through_the_library(name: str, most: float) -> None:
    told = trace(name)
    device = card()
    replay = ReplayMeter(told)

    def show(readings: Mapping[str, Reading]) -> None:
        reading = readings["accelerator:0"]
        device["TotalEnergyConsumption"] = None if reading.energy_j is None else round(reading.energy_j * 1e3)
        device["PowerUsage"] = None if reading.power_w is None else round(reading.power_w * 1e3)

    show(replay.read())
    meter = Driven(NvmlMeter(Library(device)), replay, show)
    rows = totals(replayed(replay, meter), *meter.components)
    assert rows["accelerator:0"].energy_j == pytest.approx(told.expected_j["accelerator:0"], rel=most)


def used(pid: int, at_us: int, share: int) -> types.SimpleNamespace:
    return types.SimpleNamespace(pid=pid, timeStamp=at_us, smUtil=share)


def test_work_on_a_card_is_shared_out_by_process(tmp_path: Path) -> None:
    samples = [used(7, 100, 60), used(8, 110, 20)]
    device = card(ProcessUtilization=lambda since: [sample for sample in samples if sample.timeStamp > since])
    meter = NvmlMeter(Library(device), tmp_path)
    assert meter.shares() == {"accelerator:0": {7: 0.75, 8: 0.25}}
    samples.append(used(8, 120, 40))
    assert meter.shares() == {"accelerator:0": {8: 1.0}}


def test_memory_stands_in_where_no_utilisation_is_told(tmp_path: Path) -> None:
    processes = [types.SimpleNamespace(pid=7, usedGpuMemory=30), types.SimpleNamespace(pid=8, usedGpuMemory=10)]
    meter = NvmlMeter(Library(card(ProcessUtilization=None, ComputeRunningProcesses=processes)), tmp_path)
    assert meter.shares() == {"accelerator:0": {7: 0.75, 8: 0.25}}
    empty = NvmlMeter(Library(card(ComputeRunningProcesses=[])), tmp_path)
    assert empty.shares() == {"accelerator:0": {}}
    # In slices, and without the rights of root: not known is not none.
    assert NvmlMeter(Library(card(MigMode=[1, 1], ComputeRunningProcesses=None)), tmp_path).shares() == {}


def in_a_container(tmp_path: Path, *, uses_a_card: int) -> Path:
    """Its own numbers of processes, one of which has a card open."""
    root = tree(tmp_path, {"proc/self/ns/pid": "", f"proc/{uses_a_card}/fd/x": "", "proc/8/fd/x": ""})
    (root / f"proc/{uses_a_card}/fd/3").symlink_to("/dev/nvidia0")
    return root


def test_in_a_container_numbers_of_the_host_give_nobody_a_share(tmp_path: Path) -> None:
    # As drivers tell it that know no container: nobody here has these numbers, or who has one uses no card.
    told = [used(90_007, 100, 60), used(8, 110, 20)]
    holding = [types.SimpleNamespace(pid=90_007, usedGpuMemory=30)]
    root = in_a_container(tmp_path, uses_a_card=7)
    meter = NvmlMeter(Library(card(ProcessUtilization=lambda since: told, ComputeRunningProcesses=holding)), root)
    assert meter.shares() == {}
    assert "--pid=host" in meter.components[0].note and "--pid=host" in meter.accelerators[0].note
    attribution = Attribution([meter], busy_s=lambda: 0.0)
    attribution.follow(7, is_new=False)
    attribution.add(Sample(1, 1.0, 1.0, {"accelerator:0": Measure(400.0, 400.0, "counter")}))
    assert attribution.rows() == (), "unknown is not 0 %"
    # No work at all, and none of the memory of others, says nothing of who shares the card.
    idle = NvmlMeter(Library(card(ProcessUtilization=None, ComputeRunningProcesses=[])), root)
    assert idle.shares() == {}


def test_in_a_container_a_driver_that_knows_our_numbers_is_believed(tmp_path: Path) -> None:
    # Ours by our number, another's by that of the host.
    told = [used(90_007, 100, 20)]
    device = card(
        ProcessUtilization=lambda since: [sample for sample in told if sample.timeStamp > since],
        ComputeRunningProcesses=[types.SimpleNamespace(pid=7, usedGpuMemory=30)],
    )
    meter = NvmlMeter(Library(device), in_a_container(tmp_path, uses_a_card=7))
    assert meter.shares() == {}, "not seen yet"
    told += [used(7, 110, 60), used(90_007, 110, 20)]
    assert meter.shares() == {"accelerator:0": {7: 0.75, 90_007: 0.25}}
    told.append(used(90_007, 120, 20))
    assert meter.shares() == {"accelerator:0": {90_007: 1.0}}
    assert meter.shares() == {}, "its memory alone is told, and not that of others"


def test_the_numbers_are_those_of_the_machine_in_its_first_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path("/proc/self/ns/pid")
    if not real.exists():
        pytest.skip("no Linux")
    monkeypatch.setattr(nvml, "FIRST_PID_NAMESPACE", real.stat().st_ino)
    assert not nvml.has_own_numbers()
    assert int(str(real.readlink())[5:-1]) == nvml.FIRST_PID_NAMESPACE, "as the kernel writes it: pid:[4026531836]"
    monkeypatch.setattr(nvml, "FIRST_PID_NAMESPACE", 1)
    assert nvml.has_own_numbers()


def test_a_process_is_given_its_share_of_the_card(tmp_path: Path) -> None:
    import os

    device = card(ProcessUtilization=lambda since: [used(os.getpid(), since + 1, 30), used(1, since + 1, 10)])
    attribution = Attribution([NvmlMeter(Library(device), tmp_path)], busy_s=lambda: 0.0)
    attribution.follow(os.getpid(), is_new=False)
    attribution.add(Sample(1, 1.0, 1.0, {"accelerator:0": Measure(400.0, 400.0, "counter")}))
    (row,) = attribution.rows()
    assert row.energy_j == pytest.approx(300.0)
    assert "card" in row.basis


def test_the_library_is_opened_where_there_is_a_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(tmp_path, {"dev/nvidiactl": ""})
    library = Library(card())
    monkeypatch.setitem(sys.modules, "pynvml", library)
    meter = nvml.open_meter(root)
    assert meter.components
    meter.close()
    assert not library.is_open
    monkeypatch.setitem(sys.modules, "pynvml", Library())
    with pytest.raises(MeterProblem, match="no card"):
        nvml.open_meter(root)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setattr("estimator.measure.own.ROOT", tmp_path)
    with pytest.raises(MeterProblem, match="nvidia-ml-py"):
        nvml.open_meter(root)


def test_without_a_driver_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(MeterProblem) as caught:
        nvml.open_meter(tmp_path)
    assert "driver" in caught.value.remedy
