"""AMD and Apple by what their own tools tell, and the sensors that Linux shows; each fake at its edge alone."""

import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from estimator.measure import amd, hwmon
from estimator.measure.amd import AmdMeter
from estimator.measure.apple import AppleMeter, PowermetricsLog
from estimator.measure.samplers import MeterProblem, Reading
from tests.measure.builders import tree


class AmdSmiException(Exception):
    """What the library raises."""


def library(**told: Any) -> types.ModuleType:
    """AMD's library with one card; what is left out is not supported."""
    module = types.ModuleType("amdsmi")

    def refuse(*arguments: object) -> None:
        raise AmdSmiException

    def saying(content: Any) -> Callable[..., Any]:
        return lambda *arguments: content

    module.AmdSmiException = AmdSmiException  # type: ignore[attr-defined]
    for name in ("amdsmi_init", "amdsmi_shut_down"):
        setattr(module, name, saying(None))
    for name in ("energy_count", "power_info", "gpu_asic_info", "gpu_vram_info", "power_cap_info"):
        setattr(module, f"amdsmi_get_{name}", saying(told[name]) if name in told else refuse)
    module.amdsmi_get_processor_handles = saying(told.get("handles", ["card"]))  # type: ignore[attr-defined]
    return module


def test_a_card_of_amd_with_its_counter() -> None:
    meter = AmdMeter(
        library(
            energy_count={"energy_accumulator": 2_000_000, "counter_resolution": 15.259, "timestamp": 1},
            power_info={"current_socket_power": 410, "average_socket_power": "N/A"},
            gpu_asic_info={"market_name": "AMD Instinct MI300X"},
            gpu_vram_info={"vram_size": 196_592},
            power_cap_info={"power_cap": 750_000_000},
        )
    )
    reading = meter.read()["accelerator:amd-0"]
    assert (reading.energy_j, reading.power_w) == pytest.approx((30.518, 410.0))
    (card,) = meter.accelerators
    assert (card.name, card.limit_w, card.has_counter) == ("AMD Instinct MI300X", 750.0, True)
    assert card.memory_gb == pytest.approx(196_592 * 2**20 / 1e9)  # in MiB, whatever the library calls it


def test_an_older_library_calls_the_counter_power() -> None:
    meter = AmdMeter(library(energy_count={"power": 1_000_000, "counter_resolution": 15.3, "timestamp": 1}))
    assert meter.read()["accelerator:amd-0"].energy_j == pytest.approx(15.3)


def test_a_card_of_amd_that_tells_only_its_power_is_sampled() -> None:
    meter = AmdMeter(library(power_info={"average_socket_power": 95}))
    assert meter.components[0].quality == "sampled"
    assert meter.read() == {"accelerator:amd-0": Reading(power_w=95.0)}


@pytest.mark.parametrize(
    ("power", "expected_w"),
    [
        ({"current_socket_power": 0xFFFF, "average_socket_power": 94}, 94.0),
        ({"current_socket_power": 2**32 - 1, "average_socket_power": 94}, 94.0),
        ({"current_socket_power": 0, "average_socket_power": "N/A"}, 0.0),  # the second die of an MI250
        ({"current_socket_power": "N/A", "average_socket_power": 0xFFFF}, None),
    ],
)
def test_all_ones_are_no_watts(power: dict[str, Any], expected_w: float | None) -> None:
    meter = AmdMeter(library(energy_count={"energy_accumulator": 5, "counter_resolution": 15.3}, power_info=power))
    assert meter.read()["accelerator:amd-0"].power_w == expected_w


def test_a_counter_of_all_ones_counts_nothing() -> None:
    counted = {"energy_accumulator": 2**64 - 1, "counter_resolution": 15.3}
    meter = AmdMeter(library(energy_count=counted, power_info={"average_socket_power": 95}))
    assert meter.read() == {"accelerator:amd-0": Reading(power_w=95.0)}


def test_partitions_of_a_card_are_counted_once() -> None:
    slots = {f"{card}-{part}": f"0000:{card}:00.{part}" for card in ("0c", "22") for part in range(8)}
    module = library(power_info={"current_socket_power": 136}, handles=list(slots))
    module.amdsmi_get_gpu_device_bdf = slots.__getitem__  # type: ignore[attr-defined]
    meter = AmdMeter(module)
    assert [card.component for card in meter.accelerators] == ["accelerator:amd-0", "accelerator:amd-8"]
    assert sum(reading.power_w or 0.0 for reading in meter.read().values()) == 2 * 136.0
    module.amdsmi_get_gpu_kfd_info = lambda handle: {"current_partition_id": int(handle[-1])}  # type: ignore[attr-defined]
    assert len(AmdMeter(module).components) == 2
    # A hypervisor may put whole cards into one slot.
    module.amdsmi_get_gpu_kfd_info = lambda handle: {"current_partition_id": 0}  # type: ignore[attr-defined]
    assert len(AmdMeter(module).components) == 16


def test_amd_is_opened_where_it_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MeterProblem, match="no AMD driver"):
        amd.open_meter(tmp_path)
    root = tree(tmp_path, {"dev/kfd": ""})
    monkeypatch.setitem(sys.modules, "amdsmi", library(power_info={"average_socket_power": 95}))
    amd.open_meter(root).close()
    monkeypatch.setitem(sys.modules, "amdsmi", library(handles=[]))
    with pytest.raises(MeterProblem, match="no card"):
        amd.open_meter(root)
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    with pytest.raises(MeterProblem, match="not installed"):
        amd.open_meter(root)


def test_powermetrics_is_added_up() -> None:
    log = PowermetricsLog()
    for elapsed_ms, cpu_mw, gpu_mw in ((1_002.5, 4_200, 800), (1_000.0, 5_000, 0)):
        for line in (
            f"*** Sampled system activity (Tue Nov 24 10:00:00 2026 +0000) ({elapsed_ms}ms elapsed) ***",
            "**** Processor usage ****",
            "E-Cluster Power: 120 mW",
            f"CPU Power: {cpu_mw} mW",
            f"GPU Power: {gpu_mw} mW",
            "ANE Power: 0 mW",
            f"Combined Power (CPU + GPU + ANE): {cpu_mw + gpu_mw} mW",
            "**** GPU usage ****",
            "GPU HW active frequency: 338 MHz",
            f"GPU Power: {gpu_mw} mW",  # said again, and counted once
        ):
            log.feed(line)
    assert log.energies_j() == {
        "cpu_package:0": pytest.approx(4.2 * 1.0025 + 5.0),
        "accelerator:0": pytest.approx(0.8 * 1.0025),
        "accelerator:ane": 0.0,
    }


@pytest.mark.parametrize(
    "powers",
    [
        ["CPU Power: 4200 mW", "GPU Power: 800 mW", "ANE Power: 5 mW", "Combined Power (CPU + GPU + ANE): 5005 mW"],
        ["ANE Power: 5 mW", "DRAM Power: 90 mW", "CPU Power: 4200 mW", "GPU Power: 800 mW", "Package Power: 5 mW"],
    ],
)
def test_every_part_is_known_before_the_tool_is_believed(powers: list[str]) -> None:
    first = ["*** Sampled system activity (Tue Nov 24 10:00:00 2026 +0000) (1000.0ms elapsed) ***", *powers]
    script = f"import time; print({chr(10).join(first)!r}, flush=True); time.sleep(30)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        meter = AppleMeter(process)
        meter.close()
    names = {"CPU": "cpu_package:0", "GPU": "accelerator:0", "ANE": "accelerator:ane", "DRAM": "dram:0"}
    assert {part.name for part in meter.components} == {
        names[power.split()[0]] for power in powers if power.split()[0] in names
    }
    assert meter.read()["accelerator:0"].energy_j == pytest.approx(0.8)


def test_the_meter_of_the_board_stands_beside_the_sum(tmp_path: Path) -> None:
    folder = tree(
        tmp_path,
        {
            "hwmon/hwmon0/name": "power_meter",
            "hwmon/hwmon0/power1_average": 412_000_000,
            "hwmon/hwmon0/power1_average_interval": 1_000,
            "hwmon/hwmon1/name": "coretemp",
            "hwmon/hwmon2/name": "amdgpu",
            "hwmon/hwmon2/power1_average": 88_000_000,
            "hwmon/hwmon2/power1_label": "PPT",
            "hwmon/hwmon2/power1_cap": 300_000_000,
        },
    )
    meter = hwmon.open_meter(folder)
    assert meter.read() == {"system:power_meter": Reading(power_w=412.0), "accelerator:amd-0": Reading(power_w=88.0)}
    assert [part.counted for part in meter.components] == [False, True]
    # The library of AMD may give the only card another number: it is the same card.
    for name in ("accelerator:amd-0", "accelerator:amd-8"):
        without = hwmon.open_meter(folder, taken=frozenset([name]))
        assert [part.name for part in without.components] == ["system:power_meter"]
    with_nvidia = hwmon.open_meter(folder, taken=frozenset(["accelerator:0"]))
    assert [part.name for part in with_nvidia.components] == ["system:power_meter", "accelerator:amd-0"]


def test_a_processor_with_graphics_is_not_counted_beside_its_cores(tmp_path: Path) -> None:
    """Linux has no cap for it but on one chip, whose label says which of its two limits that is."""
    folder = tree(
        tmp_path,
        {
            "hwmon/hwmon0/name": "amdgpu",
            "hwmon/hwmon0/power1_average": 21_000_000,
            "hwmon/hwmon0/power1_label": "PPT",
            "hwmon/hwmon1/name": "amdgpu",
            "hwmon/hwmon1/power1_input": 9_000_000,
            "hwmon/hwmon1/power1_label": "slowPPT",
            "hwmon/hwmon1/power1_cap": 15_000_000,
        },
    )
    meter = hwmon.open_meter(folder)
    assert [(part.name, part.counted) for part in meter.components] == [
        ("platform:amdgpu", False),
        ("platform:amdgpu-2", False),
    ]
    assert not meter.accelerators


def test_several_of_a_kind_have_names_of_their_own(tmp_path: Path) -> None:
    sensors: dict[str, object] = {f"hwmon/hwmon{number}/name": "power_meter" for number in (2, 10)}
    sensors |= {f"hwmon/hwmon{number}/power1_average": number * 1_000_000 for number in (2, 10)}
    meter = hwmon.open_meter(tree(tmp_path, sensors))
    assert meter.read() == {"system:power_meter": Reading(power_w=2.0), "system:power_meter-2": Reading(power_w=10.0)}


def test_a_battery_counts_while_it_is_what_feeds_the_machine(tmp_path: Path) -> None:
    battery = {
        "power_supply/BAT0/type": "Battery",
        "power_supply/BAT0/status": "Discharging",
        "power_supply/BAT0/voltage_now": 11_400_000,
        "power_supply/BAT0/current_now": 1_500_000,
        "power_supply/mouse/type": "Battery",
        "power_supply/mouse/scope": "Device",
    }
    meter = hwmon.open_meter(tree(tmp_path, battery))
    assert meter.read()["system:bat0"].power_w == pytest.approx(17.1)
    tree(tmp_path, {"power_supply/BAT0/status": "Charging"})
    assert meter.read() == {}
    with pytest.raises(MeterProblem, match="Unplug"):
        hwmon.open_meter(tmp_path)


def test_without_a_sensor_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(MeterProblem, match="No sensor"):
        hwmon.open_meter(tmp_path)
