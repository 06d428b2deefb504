"""The doctor: what can be measured, how well, and what to do, for people and as JSON."""

import json
from dataclasses import replace

import pytest

from estimator.measure import doctor
from estimator.measure.inventory import Cpu, Host, Inventory, inventory
from estimator.measure.meters import open_meters
from estimator.measure.samplers import Accelerator, Component, MeterState

SERVER = Inventory(
    host=Host("node7", "Linux 6.1.0", "x86_64", virtual=False),
    cpu=Cpu("AMD EPYC 7763 64-Core Processor", 2, 128, 256, 256.0),
    memory_gb=1_080.0,
    memory_limit_gb=None,
    accelerators=(Accelerator("NVIDIA H100", "accelerator:0", "NVIDIA", 85.0, 700.0, has_counter=True),),
    meters=(
        MeterState(
            "nvml",
            works=True,
            components=(Component("accelerator:0", "counter", "NVIDIA H100", limit_w=700.0, low=0.95, high=1.05),),
        ),
        MeterState("rapl", works=False, reason="RAPL is there, and may not be read.", remedy="sudo chmod a+r …"),
        MeterState("model", works=True, components=(Component("cpu_package", "modelled", low=0.5, high=1.5),)),
    ),
)
POWERS_W: dict[str, float | None] = {"accelerator:0": 71.0, "cpu_package": 160.0}


def test_it_says_what_how_well_and_what_to_do() -> None:
    told = doctor.report(SERVER, POWERS_W)
    assert "node7" in told
    assert "limit 700 W" in told
    assert "71.0 W now" in told
    assert "-5 % to +5 %" in told
    assert "RAPL is there, and may not be read." in told
    assert doctor.findings(SERVER, POWERS_W) == ["sudo chmod a+r …"]
    assert max(map(len, told.splitlines())) <= 100


def test_a_virtual_machine_is_told_where_to_measure() -> None:
    guest = replace(SERVER, host=replace(SERVER.host, virtual=True, container="Docker"))
    advice = " ".join(doctor.findings(guest, POWERS_W))
    assert "virtual machine" in advice
    assert "container (Docker)" in advice
    assert "chmod" not in advice


def test_a_counter_that_stands_still_or_fails_is_told() -> None:
    advice = doctor.findings(SERVER, {"accelerator:0": 0.0, "cpu_package": None})
    assert "stands still" in advice[0]
    assert "not be read twice" in advice[1]


def test_a_card_in_slices_or_without_a_counter_is_told() -> None:
    card = replace(SERVER.accelerators[0], has_counter=False, note="MIG is on.")
    advice = " ".join(doctor.findings(replace(SERVER, accelerators=(card,)), POWERS_W))
    assert "MIG is on." in advice
    assert "no energy counter" in advice


def test_limits_are_told() -> None:
    bound = replace(SERVER, cpu=replace(SERVER.cpu, usable_cores=4.0), memory_limit_gb=16.0)
    told = doctor.report(bound, POWERS_W)
    assert "of which we may use 4" in told
    assert "of which we may use 16.0 GB" in told


@pytest.mark.parametrize("options", [["--doctor"], ["--doctor", "--json"]])
def test_this_machine(options: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "TRIAL_S", 0.1)
    assert doctor.main(options) == 0
    told = capsys.readouterr().out
    if "--json" in options:
        found = json.loads(told)
        assert found["inventory"]["cpu"]["threads_count"] >= 1
        assert {state["name"] for state in found["inventory"]["meters"]} >= {"nvml", "amd", "model"}
        assert found["mean_power_w"]
    else:
        assert "What can be measured" in told
        assert "What would make it better" in told


def test_an_inventory_is_json() -> None:
    opened = open_meters()
    try:
        told = json.loads(json.dumps(inventory(opened).as_json()))
    finally:
        opened.close()
    assert told["memory_gb"] > 0
    assert told["cpu"]["model"]
