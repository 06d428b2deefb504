"""
The two documents of JSON beside their schemas: names, kinds, enumerations, what is required, and that they add up.

Stated in our own words after the public schemas, which are not copied here: BoAmps, model/report_schema.json with those
of algorithm, dataset, measure and hardware (github.com/Boavizta/BoAmps, 2026); CycloneDX 1.7, bom-1.7.schema.json
(cyclonedx.org). Stricter than they are: no name is allowed that their readers would pass over.
"""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from reports.disclosures import disclose
from tests.reports.disclosures.golden_runs import RUNS, run
from tests.reports.disclosures.test_kinds_of_runs import KINDS, computed

BOAMPS: dict[str, Any] = {
    "header": {
        "formatVersion": str,
        "reportId": str,
        "reportDatetime*": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
        "reportStatus": r"draft|final|corrective|other",
        "publisher": {"name": str, "confidentialityLevel*": r"public|internal|confidential|secret"},
    },
    "task*": {
        "taskStage*": str,
        "taskFamily*": str,
        "nbRequest": float,
        "algorithms*": [
            {
                "algorithmName": str,
                "foundationModelName": str,
                "parametersNumber": float,
                "optimizer": str,
                "quantization": str,
            }
        ],
        "dataset*": [
            {
                "dataUsage*": r"input|output",
                "dataType*": r"tabular|audio|boolean|image|video|object|text|token|word|other",
                "dataQuantity": float,
            }
        ],
        "taskDescription": str,
    },
    "measures*": [
        {
            "measurementMethod*": str,
            "version": str,
            "powerConsumption*": float,
            "measurementDuration": float,
            "measurementDateTime": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
        }
    ],
    "infrastructure*": {
        "infraType*": r"publicCloud|privateCloud|onPremise|other",
        "cloudProvider": str,
        "components*": [{"componentName": str, "componentType*": str, "nbComponent*": int}],
    },
    "environment": {"country*": str, "location": str, "powerSourceCarbonIntensity": float},
    "quality": r"high|medium|low",
}
ENERGY = {"value*": float, "unit*": r"kWh"}
PROPERTY = {"name*": str, "value*": str}
#: CycloneDX 1.7, as far as it is written here.
CYCLONEDX: dict[str, Any] = {
    "$schema": str,
    "bomFormat*": r"CycloneDX",
    "specVersion*": r"1\.7",
    "serialNumber": r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "version": int,
    "metadata": {"timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"},
    "components": [
        {
            "type*": r"machine-learning-model",
            "name*": str,
            "version": str,
            "supplier": {"name": str},
            "modelCard": {
                "considerations": {
                    "environmentalConsiderations": {
                        "energyConsumptions": [
                            {
                                "activity*": r"design|data-collection|data-preparation|training|fine-tuning|validation"
                                r"|deployment|inference|other",
                                "energyProviders*": [
                                    {
                                        "organization*": {"name": str},
                                        "energySource*": r"coal|oil|natural-gas|nuclear|wind|solar|geothermal"
                                        r"|hydropower|biofuel|unknown|other",
                                        "energyProvided*": ENERGY,
                                    }
                                ],
                                "activityEnergyCost*": ENERGY,
                                "co2CostEquivalent": {"value*": float, "unit*": r"tCO2eq"},
                                "properties": [PROPERTY],
                            }
                        ],
                        "properties": [PROPERTY],
                    }
                }
            },
        }
    ],
}


def holds(value: Any, shape: Any, at: str = "") -> None:
    """Hold a document against names, kinds, patterns; nothing else may be in it."""
    if isinstance(shape, dict):
        known = {name.rstrip("*"): inner for name, inner in shape.items()}
        assert set(value) <= set(known), at
        assert {name[:-1] for name in shape if name.endswith("*")} <= set(value), at
        for name, inner in value.items():
            holds(inner, known[name], f"{at}/{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), at
        for item in value:
            holds(item, shape[0], f"{at}[]")
    elif isinstance(shape, str):
        assert isinstance(value, str) and re.fullmatch(shape, value), (at, value)
    elif shape is float:
        assert isinstance(value, int | float) and not isinstance(value, bool), (at, value)
    else:
        assert type(value) is shape, (at, value)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("is_asked", [True, False])
def test_boamps_has_its_names_and_the_energy_before_pue(name: str, is_asked: bool) -> None:
    one = run(name)
    details = one.details if is_asked else None
    report = json.loads(disclose("boamps", workload=one.workload, footprint=one.footprint, details=details).content)
    holds(report, BOAMPS)
    assert len(report["measures"]) >= 1 and len(report["infrastructure"]["components"]) >= 1
    runs = 1.4 if name == "training_70b" else 1.0
    kwh = sum(measure["powerConsumption"] for measure in report["measures"])
    assert kwh == pytest.approx(one.footprint.result.it_energy_kwh.central / runs)
    assert report["task"]["algorithms"][0].get("parametersNumber", 0.11) < 1000  # billions


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("is_asked", [True, False])
def test_cyclonedx_has_its_names_and_adds_up(name: str, is_asked: bool) -> None:
    one = run(name)
    details = one.details if is_asked else None
    bill = json.loads(disclose("cyclonedx", workload=one.workload, footprint=one.footprint, details=details).content)
    holds(bill, CYCLONEDX)
    considerations = bill["components"][0]["modelCard"]["considerations"]["environmentalConsiderations"]
    used = considerations["energyConsumptions"]
    result = one.footprint.result
    assert sum(one["activityEnergyCost"]["value"] for one in used) == pytest.approx(result.facility_energy_kwh.central)
    tonnes = sum(one["co2CostEquivalent"]["value"] for one in used)
    assert tonnes == pytest.approx(result.operational_location_based_kgco2e.central / 1000)
    for consumption in used:
        provided = sum(provider["energyProvided"]["value"] for provider in consumption["energyProviders"])
        assert not provided or provided == pytest.approx(consumption["activityEnergyCost"]["value"])


@pytest.mark.parametrize("kind", KINDS)
def test_runs_of_every_kind_have_the_names(kind: str) -> None:
    workload, footprint = computed(kind)
    for name, shape in (("boamps", BOAMPS), ("cyclonedx", CYCLONEDX)):
        holds(json.loads(disclose(name, workload=workload, footprint=footprint).content), shape)


def test_whole_numbers_are_written_as_such() -> None:
    one = run("service")
    report = disclose("boamps", workload=one.workload, footprint=one.footprint, details=one.details).content
    assert '"nbRequest": 1000000\n' in report and '"parametersNumber": 8\n' in report


def test_a_service_is_no_algorithm_of_its_own() -> None:
    one = run("service")
    bare = json.loads(disclose("boamps", workload=one.workload, footprint=one.footprint).content)
    assert bare["task"]["algorithms"] == [{"parametersNumber": 8}]
    named = replace(one.details, model_name="Example 8B")
    report = json.loads(disclose("boamps", workload=one.workload, footprint=one.footprint, details=named).content)
    assert report["task"]["algorithms"][0]["foundationModelName"] == "Example 8B"


def test_only_what_is_under_contract_has_the_source_of_the_supplier() -> None:
    one = run("training_70b")
    bill = json.loads(
        disclose("cyclonedx", workload=one.workload, footprint=one.footprint, details=one.details).content
    )
    considerations = bill["components"][0]["modelCard"]["considerations"]["environmentalConsiderations"]
    for used in considerations["energyConsumptions"]:
        assert [provider["energySource"] for provider in used["energyProviders"]] == ["wind", "unknown"]
        wind_kwh = used["energyProviders"][0]["energyProvided"]["value"]
        assert wind_kwh == pytest.approx(0.6 * used["activityEnergyCost"]["value"])
