"""What each tool says of one run, why it differs, and that the reasons are the whole difference."""

import doctest
import importlib
import math
import pkgutil
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.core import peers
from estimator.core.estimate import estimate
from estimator.core.inputs import Workload
from estimator.core.peers import PEERS, Comparison, Parts, Run, compare, run_of
from estimator.core.peers.reasons import CANNOT_SAY, FORMULAS, REASONS
from estimator.reference.catalogue import sources
from estimator.reference.resolve import factors_for

#: Eight V100 for 100 hours: 240 W each, servers around them draw 480 W more.
V100 = Run(
    own=Parts(
        accelerator_energy_kwh=192.0,
        host_energy_kwh=48.0,
        pue=1.2,
        grid_intensity_gco2e_per_kwh=400.0,
        embodied_kgco2e=20.0,
        multiplier=1.5,
    ),
    accelerator_count=8.0,
    duration_h=100.0,
    accelerator_hours=800.0,
    accelerator_name="NVIDIA Tesla V100 SXM2 16GB",
    accelerator_tdp_w=300.0,
    memory_gb=512.0,
    mean_cpu_power_w=200.0,
    parameters_count=1e9,
    training_tokens=2e9,
    peak_flops=125e12,
)
CHAT = Run(
    own=Parts(0.7, 0.2, 1.2, 400.0, 0.1),
    is_training=False,
    accelerator_hours=2.0,
    accelerator_tdp_w=700.0,
    parameters_count=70.55e9,
    requests_count=1000.0,
    input_tokens=200.0,
    output_tokens=400.0,
    peak_flops=989e12,
)


def by_id(run: Run) -> dict[str, Comparison]:
    return {one.peer.id: one for one in compare(run)}


@pytest.mark.parametrize("name", [f"{peers.__name__}.{module.name}" for module in pkgutil.iter_modules(peers.__path__)])
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_known_answers_by_hand() -> None:
    said = by_id(V100)
    # 800 h x 300 W, and the grid.
    assert said["lacoste"].facility_energy_kwh == pytest.approx(240.0)
    assert said["lacoste"].total_kgco2e == pytest.approx(96.0)
    # 1.58 x 240 kWh of servers; 0.954 lb for each.
    assert said["strubell"].facility_energy_kwh == pytest.approx(379.2)
    assert said["strubell"].total_kgco2e == pytest.approx(379.2 * 0.954 * 0.45359237)
    # (8 x 300 W + 512 GB x 0.3725 W + 200 W) x 100 h x 1.67 x 1.5
    assert said["green_algorithms"].facility_energy_kwh == pytest.approx((2400 + 190.72 + 200) * 0.1 * 1.67 * 1.5)
    # The accelerators as metered, 200 W of CPUs and 38 W of memory for 100 h.
    assert said["codecarbon"].facility_energy_kwh == pytest.approx(192.0 + 23.8)
    # 6 x 1e9 x 2e9 FLOP at a fifth of 125 TFLOP/s are 133.3 h instead of 800.
    llmcarbon = said["llmcarbon"]
    assert llmcarbon.facility_energy_kwh == pytest.approx(240.0 * 1.2 * (12e18 / 25e12 / 3600) / 800.0)
    assert said["ecologits"].parts is None and said["ecologits"].reasons[0].code == "inference_only"


def test_a_service_by_ecologits_is_so_many_requests() -> None:
    parts = by_id(CHAT)["ecologits"].parts
    assert parts is not None
    assert parts.accelerator_energy_kwh + parts.host_energy_kwh == pytest.approx(0.22006614417053179)
    assert parts.facility_energy_kwh == pytest.approx(1.2 * 0.22006614417053179)


def test_reasons_of_lacoste_are_told_one_by_one() -> None:
    reasons = {reason.code: reason.factor for reason in by_id(V100)["lacoste"].reasons}
    assert list(reasons) == ["final_run_only", "limit_for_draw", "no_host", "no_pue", "no_embodied", "same_grid"]
    # 172.8 + 20 kg; one run alone 115.2 + 20; 300 W 138.24 + 20; accelerators alone 115.2 + 20; PUE 1: 96 + 20; 96.
    assert reasons["final_run_only"] == pytest.approx(135.2 / 192.8)
    assert reasons["limit_for_draw"] == pytest.approx(158.24 / 135.2)
    assert reasons["no_host"] == pytest.approx(135.2 / 158.24)
    assert reasons["no_pue"] == pytest.approx(116.0 / 135.2)
    assert reasons["no_embodied"] == pytest.approx(96.0 / 116.0)
    assert reasons["same_grid"] is None


amounts = st.floats(0.01, 1e6)


@given(
    own=st.builds(
        Parts,
        accelerator_energy_kwh=amounts,
        host_energy_kwh=amounts,
        pue=st.floats(1.0, 3.0),
        grid_intensity_gco2e_per_kwh=st.floats(1.0, 1000.0),
        embodied_kgco2e=st.floats(0.0, 1e5),
        multiplier=st.floats(1.0, 100.0),
    ),
    memory_gb=st.none() | st.floats(1.0, 4096.0),
    is_training=st.booleans(),
    knows=st.booleans(),
)
def test_all_factors_multiplied_are_the_difference(
    own: Parts, memory_gb: float | None, is_training: bool, knows: bool
) -> None:
    run = Run(
        own=own,
        own_knows_accelerators=knows,
        is_training=is_training,
        accelerator_count=8.0,
        duration_h=100.0,
        accelerator_hours=800.0,
        accelerator_tdp_w=400.0,
        memory_gb=memory_gb,
        parameters_count=7e9,
        training_tokens=1e12,
        peak_flops=312e12,
        requests_count=1e6,
        input_tokens=100.0,
        output_tokens=100.0,
    )
    for comparison in compare(run):
        if comparison.parts is None or comparison.total_kgco2e is None:
            continue
        product = math.prod(reason.factor for reason in comparison.reasons if reason.factor is not None)
        assert product == pytest.approx(comparison.total_kgco2e / own.total_kgco2e, rel=1e-9)
        assert math.isfinite(comparison.total_kgco2e)


def test_every_text_can_be_filled() -> None:
    assert {reason.code for run in (V100, CHAT) for one in compare(run) for reason in one.reasons} <= {
        *REASONS,
        *CANNOT_SAY,
    }
    for run in (V100, CHAT):
        for one in compare(run):
            for reason in one.reasons:
                assert "%(" not in (reason.text % reason.text_params if reason.text_params else reason.text)
                named = set(re.findall(r"%\((\w+)\)s", reason.text))
                assert all(reason.text_params[name] is not None for name in named), reason.code


def test_every_tool_has_a_formula_and_a_source() -> None:
    assert [peer.id for peer in PEERS] == [*FORMULAS]
    assert {source for peer in PEERS for source in peer.source_ids} <= set(sources())


def test_a_workload_is_told_as_it_was_resolved() -> None:
    workload = Workload.model_validate(
        {
            "hardware": {"accelerator": "nvidia-v100-sxm2-16gb", "accelerator_count": 8},
            "duration_h": 100.0,
            "grid_intensity_gco2e_per_kwh": 400.0,
            "pue": 1.2,
            "development_factor": 0.5,
            "uncertainty": {"draws_count": 0},
        }
    )
    factors = factors_for(workload)
    footprint = estimate(workload, factors)
    run = run_of(workload, factors, footprint)
    assert (run.accelerator_hours, run.accelerator_tdp_w, run.given_pue) == (800.0, 300.0, 1.2)
    assert run.own.multiplier == 1.5
    assert run.own.facility_energy_kwh == pytest.approx(footprint.result.facility_energy_kwh.central)
    assert run.own.total_kgco2e == pytest.approx(footprint.result.total_kgco2e.central)
    assert by_id(run)["lacoste"].facility_energy_kwh == pytest.approx(240.0)


def test_nothing_known_is_said_and_not_guessed() -> None:
    run = Run(own=Parts(1.0, 0.0, 1.2, 400.0, 0.0), own_knows_accelerators=False)
    said = by_id(run)
    assert said["lacoste"].reasons[0].code == "needs_accelerator_hours"
    assert said["llmcarbon"].reasons[0].code == "needs_operations"
    assert said["codecarbon"].facility_energy_kwh == pytest.approx(1.0)
    silent = by_id(Run(own=Parts(0.0, 0.0, 1.2, 400.0, 0.0)))
    assert silent["strubell"].reasons[0].code == "needs_energy"
