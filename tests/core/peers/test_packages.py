"""
The tools' own numbers, recorded once from their packages and their published tables, and computed again here.

The packages are no dependency of the tests. Each value was taken in a fresh environment with the call beside it.
"""

from typing import Any

import pytest

from estimator.core import emissions, energy
from estimator.core.peers import green_algorithms_2021, strubell_2019
from estimator.core.peers.codecarbon import VERSION as CODECARBON_VERSION
from estimator.core.peers.codecarbon import codecarbon_memory_power_w
from estimator.core.peers.ecologits import VERSION as ECOLOGITS_VERSION
from estimator.core.peers.ecologits import ecologits_request
from estimator.core.peers.lacoste_2019 import lacoste_energy_kwh
from estimator.core.peers.llmcarbon_2024 import llmcarbon_accelerator_hours, llmcarbon_embodied_kgco2e
from estimator.core.peers.strubell_2019 import strubell_energy_kwh
from tests.golden.cases import StrubellCase, as_printed, strubell_cases

#: ecologits 0.11.3: `ecologits.impacts.llm.compute_llm_impacts_dag(model_active_parameter_count=...,
#: model_total_parameter_count=..., output_token_count=..., request_latency=math.inf, datacenter_pue=...,
#: datacenter_wue=0.5, if_electricity_mix_gwp=..., if_electricity_mix_wue=3.0, if_electricity_mix_adpe=0,
#: if_electricity_mix_pe=0)`; billions of parameters, kWh and kgCO2eq.
ECOLOGITS = [
    # active, all, tokens, PUE, kg/kWh: accelerators; request_it_energy, request_energy, usage and embodied GWP, latency
    (8.03, 8.03, 400, 1.2, 0.3844, 1, 2.9729662001081502e-05, 3.56755944012978e-05, 1.3713698487858875e-05,
     2.9222480022164216e-06, 17.954291725617693),
    (70.55, 70.55, 400, 1.2, 0.3844, 4, 0.00022006614417053179, 0.00026407937300463815, 0.00010151211098298291,
     2.2735963562485242e-05, 34.92244003197733),
    (405.0, 405.0, 400, 1.09, 0.04144, 16, 0.0030446139108335998, 0.003318629162808624, 0.00013752399250678936,
     0.000327326428537085, 125.69334855824064),
    (22.0, 235.0, 874, 1.16, 0.45829, 8, 0.0006184419802418139, 0.0007173926970805041, 0.0003287738991450242,
     6.186793061424793e-05, 47.514570711742415),
    (0.5, 0.5, 1, 1.0, 0.475, 1, 6.671018501178557e-08, 6.671018501178557e-08, 3.168733788059814e-08,
     6.474049150227202e-09, 0.03977655797899593),
    (37.0, 671.0, 15000, 1.2, 0.45829, 32, 0.049736261214805386, 0.05968351345776646, 0.027352357382559787,
     0.005042353869014593, 968.1319428508019),
]  # fmt: skip


@pytest.mark.parametrize("recorded", ECOLOGITS, ids=lambda recorded: f"{recorded[0]}B")
def test_ecologits(recorded: tuple[float, ...]) -> None:
    active, total, tokens, pue, kg_per_kwh, count, it_kwh, facility_kwh, usage_kg, embodied_kg, latency_s = recorded
    request = ecologits_request(
        parameters_count=total * 1e9, active_parameters_count=active * 1e9, output_tokens=tokens
    )
    own_it_kwh = request.accelerator_energy_kwh + request.host_energy_kwh
    own_facility_kwh = energy.facility_energy_kwh(it_energy_kwh=own_it_kwh, pue=pue)
    assert ECOLOGITS_VERSION == "0.11.3"
    assert request.accelerator_count == count
    assert request.latency_s == pytest.approx(latency_s, rel=1e-12)
    assert own_it_kwh == pytest.approx(it_kwh, rel=1e-12)
    assert own_facility_kwh == pytest.approx(facility_kwh, rel=1e-12)
    assert request.embodied_kgco2e == pytest.approx(embodied_kg, rel=1e-12)
    assert emissions.operational_kgco2e(
        facility_energy_kwh=own_facility_kwh, grid_intensity_gco2e_per_kwh=1000.0 * kg_per_kwh
    ) == pytest.approx(usage_kg, rel=1e-12)


#: codecarbon 3.3.2 on x86_64: `codecarbon.external.ram.RAM()._calculate_ram_power(gigabytes)`, W.
CODECARBON_MEMORY = {
    1: 10, 4: 10, 8: 10, 16: 10, 32: 20, 64: 20, 128: 38, 256: 38, 512: 38, 1024: 38, 2048: 70,
}  # fmt: skip


@pytest.mark.parametrize(("memory_gb", "power_w"), CODECARBON_MEMORY.items())
def test_codecarbon_memory(memory_gb: float, power_w: float) -> None:
    assert CODECARBON_VERSION == "3.3.2"
    assert codecarbon_memory_power_w(memory_gb=memory_gb) == pytest.approx(power_w, rel=1e-12)


def test_codecarbon_energy_and_emissions() -> None:
    # codecarbon 3.3.2: Energy.from_power_and_time(power=Power.from_watts(8 * 250.0 + 120.0 +
    # ram._calculate_ram_power(512)), time=Time.from_seconds(36.0 * 3600)).kWh; then
    # Emissions(DataSource(), force_carbon_intensity_g_co2e_kwh=432.7).get_private_infra_emissions(
    # energy, GeoMetadata(country_iso_code="USA", country_name="United States")).
    power_w = 8 * 250.0 + 120.0 + codecarbon_memory_power_w(memory_gb=512.0)
    energy_kwh = energy.system_energy_kwh(mean_system_power_w=power_w, duration_h=36.0)
    assert energy_kwh == pytest.approx(77.688, rel=1e-12)
    kg = emissions.operational_kgco2e(facility_energy_kwh=energy_kwh, grid_intensity_gco2e_per_kwh=432.7)
    assert kg == pytest.approx(33.6155976, rel=1e-12)


@pytest.mark.parametrize("case", strubell_cases(), ids=lambda case: case.id)
def test_strubell_table_3(case: StrubellCase) -> None:
    energy_kwh = strubell_energy_kwh(duration_h=case.duration_h, mean_system_power_w=case.mean_system_power_w)
    assert as_printed(float(energy_kwh), case.published_facility_energy_kwh)
    assert abs(strubell_2019.GRID_INTENSITY_GCO2E_PER_KWH - 432.727) < 5e-4


#: The code of LLMCarbon (github.com/SotaroKaneda/MLCarbon, llmcarbon_tutorial.py with data/database.csv): billions of
#: parameters and tokens, TFLOP/s, efficiency, devices, W, PUE, kg/kWh, published t; its printed relative error.
LLMCARBON = [
    ("T5", 11, 600, 123, 0.37, 512, 310, 1.12, 0.545, 46.7, -0.021),
    ("GPT3", 175, 300, 125, 0.197, 10_000, 330, 1.1, 0.429, 552.1, 0.002),
    ("Gshard", 2.3, 1000, 123, 0.39, 1000, 288, 1.09, 0.177, 4.3, 0.033),
    ("Switch", 7.41, 2000, 123, 0.28, 1000, 245, 1.1, 0.33, 59.1, 0.079),
    ("XLM", 0.55, 7000, 125, 0.212, 512, 342, 1.1, 0.413, 39.0, -0.035),
]


@pytest.mark.parametrize("recorded", LLMCARBON, ids=lambda recorded: recorded[0])
def test_llmcarbon_operational(recorded: tuple[Any, ...]) -> None:
    _, parameters_b, tokens_b, peak, efficiency, _devices, power_w, pue, kg_per_kwh, published_t, delta = recorded
    hours = llmcarbon_accelerator_hours(
        active_parameters_count=parameters_b * 1e9,
        tokens=tokens_b * 1e9,
        peak_flops=peak * 1e12,
        hardware_efficiency=efficiency,
    )
    tonnes = hours * power_w / 1000.0 * pue * kg_per_kwh / 1000.0
    assert tonnes / published_t - 1.0 == pytest.approx(delta, abs=6e-4)


def test_llmcarbon_embodied_of_xlm() -> None:
    # Its embodied.py prints 0.648 / 0.66 - 1 for 512 V100 over 20.4 days.
    hours = 512 * 20.4 * 24.0
    assert llmcarbon_embodied_kgco2e(accelerator_hours=hours, chip_kgco2e=9.78) == pytest.approx(648.0, abs=0.5)


def test_lacoste_as_its_page_computes() -> None:
    # js/grayscale.js: watt * hours / 1000, then times kg/kWh; its table has 250 W for a Tesla V100-SXM2-16GB.
    energy_kwh = lacoste_energy_kwh(accelerator_hours=100.0, tdp_w=250.0)
    assert energy_kwh == 25.0
    # DistilGPT2's card used it: 8 x 168 h x 300 W x 0.37 kg/kWh.
    energy_kwh = lacoste_energy_kwh(accelerator_hours=8 * 168.0, tdp_w=300.0)
    assert energy_kwh * 0.37 == pytest.approx(149.2, abs=0.05)


def test_green_algorithms_form() -> None:
    # The form as it opens: 12 cores of 7.5 W and 64 GB for 12 h at 1.67 give 2.28135 kWh.
    assert (green_algorithms_2021.DEFAULT_PUE, green_algorithms_2021.DEFAULT_MEMORY_GB) == (1.67, 64.0)
