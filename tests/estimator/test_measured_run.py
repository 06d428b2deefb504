"""A measurement as the run of an estimate, by hand: range, quality, what it is of, hardware charged, idle."""

from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import timezone

from estimator.api.measured import measurement_out
from estimator.core.estimate import estimate
from estimator.models import Measurement
from estimator.models.measurement import FootprintOf
from estimator.reference.resolve import factors_for
from estimator.services.measured_run import (
    charged_of,
    covers_of,
    idle_of,
    notices_of,
    parts_of,
    quality_of,
    workload_of,
)
from estimator.services.standing import standing_of
from estimator.worker.protocol import PROCESS

CPU = {"name": "cpu_package", "quality": "modelled", "low": 0.5, "high": 1.5}
CARD = {"name": "accelerator:0", "quality": "counter", "low": 0.95, "high": 1.05}
OTHER = CARD | {"name": "accelerator:1"}
KWH_J = 3.6e6
H100 = "NVIDIA H100 80GB HBM3"
CARDS = [{"name": H100, "component": f"accelerator:{number}"} for number in range(8)]


def measured(*components: dict[str, Any], energies_j: dict[str, float], **more: Any) -> Measurement:
    """An hour of a machine; what counts is summed up as samples sum it up."""
    counted_j = sum(energies_j.get(part["name"], 0.0) for part in components if part.get("counted", True))
    columns: dict[str, Any] = {
        "title": "try", "components": list(components), "energies_j": energies_j, "energy_j": counted_j,
        "covered_s": 3_600.0, "grid_intensity_gco2e_per_kwh": 100.0, "pue": 1.5,
    }  # fmt: skip
    return Measurement(**columns | more)


def test_range_and_quality_of_the_meters_are_those_of_the_footprint() -> None:
    row = measured(CPU, CARD, energies_j={"cpu_package": 0.1 * KWH_J, "accelerator:0": 0.9 * KWH_J})
    told = workload_of(row)
    # 0.1 x 0.5 + 0.9 x 0.95 and 0.1 x 1.5 + 0.9 x 1.05.
    assert told.it_energy_kwh == pytest.approx(1.0, rel=1e-12)
    assert (told.it_energy_low_kwh, told.it_energy_high_kwh) == pytest.approx((0.905, 1.095))
    # A tenth of it is modelled, and that is enough to matter.
    assert (told.it_energy_quality, told.it_energy_covers) == ("modelled", "components")
    live = standing_of(row).energy_kwh
    assert (live.low, live.high) == pytest.approx((0.905, 1.095))
    footprint = estimate(told, factors_for(told))
    assert footprint.energy_quality == "modelled"
    assert footprint.result.it_energy_kwh.low == pytest.approx(0.905, rel=0.01)
    assert footprint.result.it_energy_kwh.high == pytest.approx(1.095, rel=0.01)
    assert footprint.result.facility_energy_kwh.central == pytest.approx(1.5, rel=1e-12)


def test_a_modelled_part_that_hardly_weighs_does_not_decide() -> None:
    row = measured(CPU, CARD, energies_j={"cpu_package": 0.04 * KWH_J, "accelerator:0": 0.96 * KWH_J})
    assert quality_of(parts_of(row)) == "counter"
    assert quality_of(()) == "sampled"


@pytest.mark.parametrize(
    ("quality", "low", "high"), [("counter", 0.95, 1.05), ("sampled", 0.9, 1.1), ("modelled", 0.6, 1.4)]
)
def test_a_meter_that_tells_no_range_has_the_usual_one_on_page_and_footprint(
    quality: str, low: float, high: float
) -> None:
    row = measured({"name": "system:bmc", "quality": quality}, energies_j={"system:bmc": KWH_J})
    told, live = workload_of(row), standing_of(row).energy_kwh
    assert (told.it_energy_low_kwh, told.it_energy_high_kwh) == pytest.approx((low, high))
    assert (live.low, live.high) == pytest.approx((low, high))
    assert (told.it_energy_quality, told.it_energy_covers) == (quality, "servers")


@pytest.mark.parametrize(
    ("names", "covers"),
    [
        (("accelerator:0",), "accelerators"),
        (("cpu_package:0", "dram:0"), "processors"),
        (("cpu_package:0", "accelerator:0"), "components"),
        (("cpu_package:0", "system:bmc"), "servers"),
        ((PROCESS + "cpu_package:0",), "processors"),
        (("something",), "servers"),
        ((), "servers"),
    ],
)
def test_what_an_energy_is_of(names: tuple[str, ...], covers: str) -> None:
    assert covers_of(names) == covers


def test_cards_alone_are_counted_and_said_to_be_alone() -> None:
    row = measured(
        CARD,
        OTHER,
        energies_j={"accelerator:0": KWH_J, "accelerator:1": KWH_J},
        inventory={"accelerators": CARDS[:2]},
    )
    told = workload_of(row)
    assert (told.hardware.accelerator, told.hardware.accelerator_count) == ("nvidia-h100-sxm5-80gb", 2)
    footprint = estimate(told, factors_for(told))
    assert footprint.boundary_includes[:1] == ("accelerators",)
    assert "host" not in footprint.boundary_includes
    assert "measured_in_part" in {one.code for one in footprint.warnings}
    assert footprint.result.embodied_share_kgco2e is not None
    assert "alone" in notices_of(row)[0]


def test_a_process_is_charged_the_making_of_the_cards_that_it_used() -> None:
    share = {"basis": "cards"}
    parts = [{"name": f"accelerator:{n}", "quality": "counter", "low": 0.95, "high": 1.05, **share} for n in range(8)]
    energies_j = {f"accelerator:{n}": KWH_J for n in range(8)} | {PROCESS + "accelerator:0": KWH_J}
    energies_j[PROCESS + "accelerator:1"] = 0.25 * KWH_J
    row = measured(*parts, energies_j=energies_j, inventory={"accelerators": CARDS}, footprint_of=FootprintOf.PROCESS)
    told = workload_of(row)
    # All of one card and a quarter of another, for an hour: 1.25 of 8.
    assert told.it_energy_kwh == pytest.approx(1.25, rel=1e-12)
    assert told.accelerator_hours == pytest.approx(1.25, rel=1e-12)
    assert (told.hardware.accelerator, told.hardware.accelerator_count) == ("nvidia-h100-sxm5-80gb", None)
    # A quarter of a card is an attribution, and more than a twentieth of the whole.
    assert told.it_energy_quality == "modelled"
    assert "as much as 1.25 of them" in charged_of(row).notices[0]
    footprint = estimate(told, factors_for(told))
    assert "accelerator_hours_inconsistent" not in {one.code for one in footprint.warnings}
    whole = workload_of(measured(*parts, energies_j=energies_j, inventory={"accelerators": CARDS}))
    of_all = estimate(whole, factors_for(whole)).result.embodied_share_kgco2e
    assert footprint.result.embodied_share_kgco2e is not None and of_all is not None
    assert footprint.result.embodied_share_kgco2e.central == pytest.approx(of_all.central * 1.25 / 8, rel=1e-9)


def test_two_kinds_of_card_and_names_that_nobody_knows_are_said() -> None:
    mixed = {"accelerators": [CARDS[0], CARDS[1] | {"name": "Tesla V100-SXM2-16GB"}]}
    charged = charged_of(measured(CARD, OTHER, energies_j={"accelerator:0": KWH_J}, inventory=mixed))
    assert charged.hardware.accelerator is None
    assert "several kinds, NVIDIA H100 80GB HBM3, Tesla V100-SXM2-16GB" in charged.notices[0]
    unknown: dict[str, Any] = {"accelerators": [CARDS[0] | {"name": "Nobody's card"}]}
    charged = charged_of(measured(CARD, energies_j={"accelerator:0": KWH_J}, inventory=unknown))
    assert "does not know the card Nobody's card" in charged.notices[0]
    unknown = {"cpu": {"model": "Nobody's processor"}}
    charged = charged_of(measured(CPU, energies_j={"cpu_package": KWH_J}, inventory=unknown))
    assert charged.hardware.cpu is None
    assert "does not know the processor Nobody's processor" in charged.notices[0]


def test_a_machine_without_cards_is_charged_by_its_processors() -> None:
    cpu = {"model": "AMD EPYC 7742 64-Core Processor", "sockets_count": 2, "cores_count": 128, "threads_count": 256}
    meter = {"name": "cpu_package:0", "quality": "counter", "low": 0.95, "high": 1.05}
    row = measured(meter, energies_j={"cpu_package:0": KWH_J}, inventory={"cpu": cpu})
    told = workload_of(row)
    assert (told.hardware.cpu, told.hardware.cpu_count) == ("amd-epyc-7742", 2)
    footprint = estimate(told, factors_for(told))
    assert footprint.result.embodied_share_kgco2e is not None
    assert "embodied_unknown" not in {one.code for one in footprint.warnings}
    share = next(one for one in footprint.assumptions if one.name == "machine_share")
    assert share.value == 1.0

    # A quarter of their energy falls to the process: 32 of 128 cores.
    shared = measured(
        meter | {"basis": "cpu_time"},
        energies_j={"cpu_package:0": KWH_J, PROCESS + "cpu_package:0": 0.25 * KWH_J},
        inventory={"cpu": cpu},
        footprint_of=FootprintOf.PROCESS,
    )
    told = workload_of(shared)
    assert (told.hardware.cpu_core_count, told.hardware.cpu_count) == (32, None)
    assert "32 of its 128 cores" in charged_of(shared).notices[0]
    # A container of 64 of 256 threads that a model told of.
    inside = measured(CPU, energies_j={"cpu_package": KWH_J}, inventory={"cpu": cpu | {"usable_cores": 64.0}})
    assert workload_of(inside).hardware.cpu_core_count == 32


def test_what_no_machine_has_is_not_believed_and_breaks_no_page() -> None:
    for sockets_count in (10**6, 10**13, -1, True, "2"):
        cpu = {"model": "AMD EPYC 7742 64-Core Processor", "sockets_count": sockets_count}
        row = measured(CPU, energies_j={"cpu_package": KWH_J}, inventory={"cpu": cpu})
        assert charged_of(row).hardware.cpu_count == 1, sockets_count
    # A share that is larger than the whole.
    energies_j = {"cpu_package": 1e-9, f"{PROCESS}cpu_package": KWH_J}
    row = measured(CPU, energies_j=energies_j, inventory={"cpu": cpu}, footprint_of=FootprintOf.PROCESS)
    assert charged_of(row).hardware.cpu_count == 1


def test_energy_above_idle_by_hand() -> None:
    row = measured(
        CPU, CARD, energies_j={"cpu_package": 360_000.0, "accelerator:0": 1_080_000.0},
        baseline_power_w={"cpu_package": 40.0, "accelerator:0": 60.0},
    )  # fmt: skip
    idle = idle_of(row)
    assert idle is not None and idle.was_idle
    # 400 W for an hour, 100 W before: 300 Wh above idle.
    assert (idle.idle_power_w, idle.running_power_w) == pytest.approx((100.0, 400.0))
    assert idle.above_idle_kwh == pytest.approx(0.3, rel=1e-12)
    row.baseline_power_w = {"cpu_package": 500.0}
    idle = idle_of(row)
    # Only the processor was measured before, with 500 W against its 100 W in the run.
    assert idle is not None and not idle.was_idle
    assert idle.above_idle_kwh == pytest.approx(-0.4, rel=1e-12)
    assert any("it was not idle" in said for said in notices_of(row))
    row.baseline_power_w = {}
    assert idle_of(row) is None


def test_the_api_tells_coverage_idle_and_notices(rf: RequestFactory) -> None:
    row = measured(
        CPU, energies_j={"cpu_package": KWH_J}, baseline_power_w={"cpu_package": 1_200.0}, created_at=timezone.now(),
        started_at_s=1.0,
    )  # fmt: skip
    told = measurement_out(rf.get("/"), row)
    assert told.covers == "processors"
    # A kilowatt for an hour, after 1.2 kW of an "idle" machine.
    assert told.idle is not None and told.idle.above_idle_kwh == pytest.approx(-0.2, rel=1e-12)
    assert (told.idle.idle_power_w, told.idle.running_power_w) == pytest.approx((1_200.0, 1_000.0))
    assert "CPUs and memory alone" in told.notices[0]
    assert "it was not idle" in told.notices[1]
