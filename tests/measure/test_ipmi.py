"""A BMC as the kernel shows it: its watts, its silence, its refusals, and that nothing is counted twice beside it."""

import ctypes
import errno
import os
import platform
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from estimator.measure import doctor, hwmon, ipmi, nvml, rapl
from estimator.measure.figures import Question
from estimator.measure.inventory import inventory
from estimator.measure.ipmi import IpmiMeter, KernelDevice, open_meter, request_number
from estimator.measure.meters import open_meters
from estimator.measure.nvml import NvmlMeter
from estimator.measure.recorder import Recorder
from estimator.measure.samplers import Component, MeterProblem, Opened, Reading
from estimator.measure.totals import Totals, machine_total
from estimator.measure.window import Window
from tests.measure.bmc import (
    RECORDED,
    Address,
    AnyAddress,
    FakeKernel,
    Received,
    Request,
    answer,
    opened,
    steady,
)
from tests.measure.builders import tree
from tests.measure.test_nvml import Library, card
from tests.measure.traces.make import wave


def test_the_structures_are_those_of_the_kernel() -> None:
    assert ipmi._ADDRESS.size == ctypes.sizeof(Address)
    assert ipmi._REQUEST.size == ctypes.sizeof(Request)
    assert ipmi._RECEIVED.size == ctypes.sizeof(Received)
    assert ctypes.sizeof(AnyAddress) == ipmi._LONGEST_ADDRESS_BYTES
    assert ipmi._ANSWER.size == len(answer(1)) == len(RECORDED) == 19


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="other numbers where a pointer has 32 bits")
def test_the_requests_have_the_numbers_of_the_kernels_macros() -> None:
    if not platform.machine().startswith("ppc"):
        assert ipmi.SEND_COMMAND == 0x8028_690D
        assert ipmi.RECEIVE_TRUNCATED == 0xC030_690B
    # _IOC of POWER: three bits of direction, of which 2 reads and 4 writes.
    assert request_number(writes=False, number=13, size_bytes=40, machine="ppc64le") == 0x4028_690D
    assert request_number(writes=True, number=11, size_bytes=48, machine="ppc64le") == 0xC030_690B


def test_watts_of_the_whole_machine_stand_beside_the_sum() -> None:
    meter = opened(FakeKernel(lambda at_s: RECORDED))
    assert meter.read() == {"system:bmc": Reading(power_w=212.0)}
    (part,) = meter.components
    assert (part.kind, part.quality, part.counted, part.update_period_s) == ("system", "sampled", False, 1.0)


@pytest.mark.parametrize("interval_s", [0.1, 1.0, 10.0, 60.0])
@pytest.mark.parametrize("delay_s", [0.001, 0.1, 0.7])
def test_a_trace_comes_out_at_its_energy(interval_s: float, delay_s: float) -> None:
    power_w, energy_j = wave(1_400.0, 600.0, 240.0)
    kernel = FakeKernel(lambda at_s: answer(round(power_w(at_s // 1.0 - 100.0))), delay_s=delay_s)
    if delay_s > ipmi.FIRST_WAIT_S:
        kernel.delay_s = 0.01
    meter = opened(kernel)
    kernel.delay_s = delay_s
    window = Window([meter], interval_s=interval_s, clock=kernel.clock())
    window.start()
    first_s = kernel.now_s
    sums = Totals()
    for sample in window.samples(lambda for_s: kernel.sleep(for_s) or kernel.now_s >= first_s + 1_200.0 - 1e-6):
        sums.add(sample)
    (total,) = sums.rows(meter.components)
    assert total.energy_j == pytest.approx(energy_j(kernel.now_s - 100.0) - energy_j(first_s - 100.0), rel=1e-2)
    assert (total.quality, total.flags) == ("sampled", ())
    # Not asked more often than the BMC has news.
    assert min(b - a for a, b in zip(kernel.asked_s[1:], kernel.asked_s[2:], strict=False)) >= ipmi.PERIOD_S - 1e-6


def test_a_slow_bmc_does_not_hold_up_the_loop() -> None:
    kernel = FakeKernel(steady(300))
    meter = opened(kernel)
    kernel.delay_s = 1.3
    kernel.says = steady(350)
    longest_s, told_w = 0.0, set[float | None]()
    for _ in range(200):
        kernel.now_s += 0.1
        before_s = kernel.now_s
        told = meter.read()
        longest_s = max(longest_s, kernel.now_s - before_s)
        told_w.add(told["system:bmc"].power_w)
    assert longest_s <= 0.02
    assert told_w == {300.0, 350.0}


def test_a_bmc_that_falls_silent_is_a_gap_and_is_asked_again() -> None:
    kernel = FakeKernel(steady(300))
    meter = opened(kernel)
    kernel.says = lambda at_s: None
    asked = len(kernel.asked_s)
    for _ in range(60):
        kernel.now_s += 0.5
        told = meter.read()
    assert told == {}
    assert len(kernel.asked_s) - asked == 3  # within 30 s
    kernel.says = steady(310)
    for _ in range(30):
        kernel.now_s += 0.5
        told = meter.read()
    assert told == {"system:bmc": Reading(power_w=310.0)}


def test_an_answer_to_another_question_is_not_taken() -> None:
    kernel = FakeKernel(steady(300))
    meter = opened(kernel)
    kernel.says = lambda at_s: None
    kernel.now_s += 1.5
    meter.read()
    number = len(kernel.asked_s)
    for stray in (
        (1, number - 1, 0x2D, 0x02),  # of a question that was given up
        (2, number, 0x2D, 0x02),  # an event
        (1, number, 0x07, 0x02),  # of another function
        (1, number, 0x2D, 0x01),  # of another command
    ):
        kernel.queue.append((kernel.now_s, *stray, answer(999)))
    assert meter.read() == {"system:bmc": Reading(power_w=300.0)}
    assert not kernel.queue
    kernel.queue.append((kernel.now_s, 1, number, 0x2D, 0x02, answer(305)))
    assert meter.read() == {"system:bmc": Reading(power_w=305.0)}


def test_strays_do_not_hold_it_for_ever() -> None:
    kernel = FakeKernel(steady(300))
    meter = opened(kernel)
    kernel.queue.extend([(0.0, 2, 0, 0, 0, b"\x00")] * 1_000)
    kernel.now_s += 2.0
    meter.read()
    assert len(kernel.queue) >= 1_000 - ipmi.MOST_STRAYS_COUNT


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (answer(1, code=0xC1)[:1], "no power reading by DCMI (completion code C1h)"),
        (answer(1, code=0xCC)[:2], "no power reading by DCMI (completion code CCh)"),
        (answer(1, code=0xD4)[:1], "may not be asked"),
        (answer(1, code=0xD5)[:1], "completion code D5h"),
        (answer(1, code=0xC0)[:1], "could not answer now (completion code C0h)"),
        (b"", "could not answer now"),
        (answer(300)[:12], "not as DCMI lays it down"),
        (answer(300, group=0x00), "not as DCMI lays it down"),
        (answer(300, state=0x00), "does not measure power now"),
        (answer(300, state=0x3F), "does not measure power now"),
        (answer(0), "cannot be"),
        (None, "did not answer within 0.5 s"),
    ],
)
def test_a_bmc_without_a_reading_says_why(content: bytes | None, reason: str) -> None:
    kernel = FakeKernel(lambda at_s: content)
    started_s = kernel.now_s
    with pytest.raises(MeterProblem) as caught:
        opened(kernel)
    assert reason in caught.value.reason
    assert caught.value.remedy
    assert not kernel.is_open
    assert len(kernel.asked_s) <= ipmi.MOST_TRIES_COUNT
    assert kernel.now_s - started_s <= 0.6


@pytest.mark.parametrize("content", [answer(1, code=0xC3)[:1], answer(300, state=0x00), answer(0), None])
def test_what_is_lost_on_the_way_comes_back(content: bytes | None) -> None:
    kernel = FakeKernel(steady(300))
    meter = opened(kernel)
    kernel.says = lambda at_s: content
    for _ in range(4):
        kernel.now_s += 1.0
        told = meter.read()
    assert told == {}
    kernel.says = steady(320)
    for _ in range(12):
        kernel.now_s += 1.0
        told = meter.read()
    assert told == {"system:bmc": Reading(power_w=320.0)}


def test_a_busy_bmc_is_asked_again_when_it_is_opened() -> None:
    answers = deque([answer(1, code=0xC0)[:1], answer(1, code=0xC3)[:1], answer(440)])
    assert opened(FakeKernel(lambda at_s: answers.popleft())).read() == {"system:bmc": Reading(power_w=440.0)}


def test_a_driver_that_goes_away_is_a_gap() -> None:
    kernel = FakeKernel(steady(300))
    meter = opened(kernel)
    kernel.fails = OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    kernel.now_s += 1.0
    assert meter.read() == {}
    meter.close()
    assert not kernel.is_open


def test_without_a_device_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(MeterProblem, match="shows no BMC") as caught:
        open_meter(tmp_path / "ipmi0", firmware=tmp_path / "devices")
    assert not caught.value.remedy
    for name in ("dmi-ipmi-si.0", "IPI0001:00"):
        folder = tmp_path / name
        (folder / name).mkdir(parents=True)
        with pytest.raises(MeterProblem, match="driver is not loaded") as caught:
            open_meter(tmp_path / "ipmi0", firmware=folder)
        assert "modprobe" in caught.value.remedy


def test_missing_rights_are_explained_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, flags: int) -> int:  # the tests may run as root, who may open everything
        assert flags & os.O_RDWR
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(MeterProblem, match="reading and writing") as caught:
        open_meter()
    assert 'KERNEL=="ipmi*"' in caught.value.remedy
    assert "switch the machine off" in caught.value.remedy


def test_a_file_that_is_no_device_is_told(tmp_path: Path) -> None:
    (tmp_path / "ipmi0").write_text("")
    with pytest.raises(MeterProblem, match="cannot be reached"):
        open_meter(tmp_path / "ipmi0")


def test_the_device_waits_and_hands_on_the_kernels_answers(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ipmi0")
    device = KernelDevice(tmp_path / "ipmi0")
    assert not device.wait(0.0)
    with pytest.raises(OSError, match=os.strerror(errno.ENOTTY)):
        device.ioctl(ipmi.SEND_COMMAND, bytearray(ipmi._REQUEST.size))
    writer = os.open(tmp_path / "ipmi0", os.O_WRONLY)
    os.write(writer, b"x")
    assert device.wait(0.0)
    os.close(writer)
    device.close()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    """A server with a card, RAPL, the kernel's own power meter and a BMC: 300, 100 and 20 W in parts, 520 W in all."""
    kernel = FakeKernel(steady(520), delay_s=0.0)
    powercap = tree(
        tmp_path / "powercap",
        {
            "intel-rapl:0/name": "package-0",
            "intel-rapl:0/energy_uj": 0,
            "intel-rapl:0:0/name": "dram",
            "intel-rapl:0:0/energy_uj": 0,
            "intel-rapl:1/name": "psys",
            "intel-rapl:1/energy_uj": 0,
        },
    )
    sensors = tree(tmp_path / "sys", {"hwmon/hwmon0/name": "power_meter", "hwmon/hwmon0/power1_average": 515_000_000})
    device = card(TotalEnergyConsumption=0, PowerUsage=300_000)
    counters_w = {"intel-rapl:0": 100, "intel-rapl:0:0": 20, "intel-rapl:1": 130}

    def advance(for_s: float) -> bool:
        kernel.now_s += for_s
        device["TotalEnergyConsumption"] += round(300_000 * for_s)
        for zone, counted_w in counters_w.items():
            file = powercap / zone / "energy_uj"
            file.write_text(f"{int(file.read_text()) + round(counted_w * 1e6 * for_s)}\n")
        return False

    monkeypatch.setattr(kernel, "sleep", advance)
    rapl_opened, hwmon_opened = rapl.open_meter, hwmon.open_meter
    monkeypatch.setattr(nvml, "open_meter", lambda: NvmlMeter(Library(device)))
    monkeypatch.setattr(rapl, "open_meter", lambda: rapl_opened(powercap))
    monkeypatch.setattr(hwmon, "open_meter", lambda taken: hwmon_opened(sensors, taken))
    monkeypatch.setattr(ipmi, "open_meter", lambda: opened(kernel))
    return kernel


def test_nothing_is_counted_twice_beside_other_meters(server: FakeKernel) -> None:
    found = open_meters()
    names = [part.name for part in found.components]
    assert len(names) == len(set(names))
    assert {"accelerator:0", "cpu_package:0", "dram:0", "platform", "system:power_meter", "system:bmc"} == set(names)
    recorder = Recorder(found, interval_s=1.0, clock=server.clock())
    until_s = server.now_s + 60.0
    for sample in recorder.window.samples(lambda for_s: server.sleep(for_s) or server.now_s >= until_s):
        recorder.add(sample)
    told = recorder.finished(title="", command_name="", question=Question(grid_intensity_gco2e_per_kwh=50.0))
    found.close()
    whole = {total.component.name: total.energy_j / told.duration_s for total in told.totals}
    assert whole["system:bmc"] == pytest.approx(520.0)
    assert whole["system:power_meter"] == pytest.approx(515.0)
    # The card, the processor and the memory: neither the platform nor the whole is added to them.
    assert told.energy_j[1] / told.duration_s == pytest.approx(420.0, rel=1e-3)
    assert machine_total(told.totals)[1] == told.energy_j[1]
    assert {row["name"] for total in told.totals if not (row := total.row())["counted"]} == {
        "platform",
        "system:power_meter",
        "system:bmc",
    }


@pytest.mark.parametrize(
    ("asked", "counted"),
    [
        (["ipmi"], "system:bmc"),
        (["hwmon", "ipmi"], "system:power_meter"),  # the same machine twice is counted once
        (["ipmi", "nvml"], "accelerator:0"),
    ],
)
def test_where_no_part_is_measured_the_whole_is_what_counts(server: FakeKernel, asked: list[str], counted: str) -> None:
    found = open_meters(asked)
    assert [part.name for part in found.components if part.counted] == [counted]
    told = inventory(found).as_json()["meters"]
    assert [part["name"] for state in told for part in state["components"] if part["counted"]] == [counted]
    found.close()


def test_the_whole_machine_counts_rather_than_one_chip_of_it() -> None:
    chip = Component("platform:amdgpu", "sampled", "Processor with its graphics", counted=False)
    battery = Component("system:bat0", "sampled", "Battery, the whole machine", counted=False)
    meter: Any = SimpleNamespace(components=(chip, battery), accelerators=())
    assert [part.name for part in Opened(meters=(meter,)).components if part.counted] == ["system:bat0"]


def test_the_whole_machine_alone_is_the_total(server: FakeKernel) -> None:
    recorder = Recorder(open_meters(["ipmi"]), interval_s=1.0, clock=server.clock())
    until_s = server.now_s + 10.0
    for sample in recorder.window.samples(lambda for_s: server.sleep(for_s) or server.now_s >= until_s):
        recorder.add(sample)
    told = recorder.finished(title="", command_name="", question=Question(grid_intensity_gco2e_per_kwh=50.0))
    assert told.energy_j[1] / told.duration_s == pytest.approx(520.0)


def test_doctor_and_inventory_tell_of_it(server: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    found = open_meters()
    described = inventory(found)
    assert {"name": "system:bmc", "quality": "sampled"}.items() <= next(
        part for state in described.as_json()["meters"] if state["name"] == "ipmi" for part in state["components"]
    ).items()
    told = doctor.report(described, {"system:bmc": 520.0})
    assert "520.0 W now" in told
    assert "Whole machine, by its BMC" in told
    found.close()

    def refused() -> IpmiMeter:
        raise MeterProblem("There is a BMC, and /dev/ipmi0 may not be opened.", "Run it as root.")

    monkeypatch.setattr(ipmi, "open_meter", refused)
    found = open_meters()
    described = inventory(found)
    assert "There is a BMC, and /dev/ipmi0 may not be opened." in doctor.report(described, {})
    assert any("whole machine" in told and "Run it as root." in told for told in doctor.findings(described, {}))
    found.close()
