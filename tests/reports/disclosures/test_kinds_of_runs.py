"""Runs of every kind through every format: nothing is invented, nothing breaks."""

import json
import re
from typing import Any

import pytest

from estimator.core.estimate import estimate
from estimator.core.footprint import Footprint
from estimator.core.inputs import Workload
from estimator.reference.resolve import factors_for
from reports.disclosures import FORMATS, QUESTIONS, details_from, disclose
from reports.disclosures.facts import Facts

NO_DRAWS = {"draws_count": 0, "seed": 1}
KINDS: dict[str, dict[str, Any]] = {
    "no emissions": {"it_energy_kwh": 12.5, "grid_intensity_gco2e_per_kwh": 0.0},
    "tiny, odd PUE": {"it_energy_kwh": 1e-6, "pue": 0.9},
    "huge, all under contract": {
        "it_energy_kwh": 1e11,
        "market_based": {"contracted_share": 0.5, "contract_intensity_gco2e_per_kwh": 0.0, "certificates_share": 0.5},
    },
    "repeated in a cloud": {
        "model": {"parameters_count": 8_000_000_000, "training_tokens": 10**12},
        "hardware": {"accelerator": "nvidia-h100-sxm5-80gb", "accelerator_count": 64},
        "location": {"provider": "aws", "region": "us-east-1"},
        "repeat_count": 3,
    },
    "processors alone": {
        "hardware": {"cpu_core_count": 16, "memory_gb": 64.0, "mean_cpu_power_w": 100.0},
        "duration_h": 10.0,
        "method": "cores_and_memory",
    },
    "accelerators alone": {
        "hardware": {"accelerator": "nvidia-v100-sxm2-16gb", "accelerator_count": 8},
        "duration_h": 3.0,
        "embodied": {"include": False},
    },
    "items of a task": {"activity": "inference", "inference": {"task": "image_generation", "requests_count": 1000}},
}


def computed(kind: str) -> tuple[Workload, Footprint]:
    workload = Workload.model_validate(KINDS[kind] | {"uncertainty": NO_DRAWS})
    return workload, estimate(workload, factors_for(workload))


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_tells_every_run(kind: str) -> None:
    workload, footprint = computed(kind)
    answers = {
        name: question.choices[0][0]
        if question.choices
        else {"number": "1e24", "date": "2025-01-02"}.get(question.kind, "a")
        for name, question in QUESTIONS.items()
    }
    answered, problems = details_from(answers)
    assert not problems
    for name in FORMATS:
        for details in (None, answered):
            content = disclose(name, workload=workload, footprint=footprint, details=details).content
            assert not re.search(r"\b(None|nan|inf)\b", content), name
            if name in {"boamps", "cyclonedx"}:
                json.loads(content)


def test_a_meter_reads_servers_and_pue_is_said_to_be_added() -> None:
    assert "measured at the servers" in Facts.of(*computed("no emissions")).energy_quality


def test_nothing_that_was_measured_is_called_a_training_that_nobody_told() -> None:
    workload, footprint = computed("no emissions")
    for name in ("text", "latex", "badge"):
        told = disclose(name, workload=workload, footprint=footprint).content
        assert "measured run" in told.lower() and "train" not in told.lower(), name


def test_repetitions_are_told_and_taken_off_the_final_run() -> None:
    facts = Facts.of(*computed("repeated in a cloud"))
    assert facts.runs == "The final training run, 3 times over; together 3 times the final run."
    assert facts.final_facility_kwh == pytest.approx(facts.result.facility_energy_kwh.central / 3)
    assert facts.place == "aws us-east-1 (N. Virginia, United States)" and facts.iso3 == "USA"


def test_what_is_left_out_is_said() -> None:
    facts = Facts.of(*computed("accelerators alone"))
    assert facts.boundary.endswith("not counted: the rest of the servers (CPUs, memory, network)")
    assert facts.embodied == "not included"
    assert facts.hardware == "8 NVIDIA Tesla V100 SXM2 16GB"


def test_processors_are_hardware_too() -> None:
    facts = Facts.of(*computed("processors alone"))
    assert facts.hardware == "16 CPU cores, 64 GB of memory"
    assert facts.boundary.startswith("the servers (CPUs, memory, network)")


def test_certificates_count_zero_and_cover_their_part() -> None:
    workload, footprint = computed("huge, all under contract")
    document = disclose("ghg-protocol", workload=workload, footprint=footprint).content
    assert "MWh (50 %) at 0 gCO2e/kWh |" in document
    assert "**0 tCO2e**" in document


def test_an_item_says_whether_its_hardware_is_in_it() -> None:
    assert "with the embodied share" in Facts.of(*computed("items of a task")).per_unit
    workload = Workload.model_validate(
        KINDS["items of a task"] | {"embodied": {"include": False}, "uncertainty": NO_DRAWS}
    )
    alone = Facts.of(workload, estimate(workload, factors_for(workload)))
    assert "without the embodied share" in alone.per_unit
