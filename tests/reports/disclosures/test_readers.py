"""What the programs that a document is written for read out of it."""

import csv
import io
import json
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest
from codecarbon.output_methods.boamps.models import BoAmpsReport
from codecarbon.output_methods.emissions_data import EmissionsData
from huggingface_hub import ModelCard
from huggingface_hub.utils.endpoint_helpers import _is_emission_within_threshold as within

from estimator.core.inputs import Location
from estimator.imports.recognise import read_import
from reports.disclosures import DisclosureDetails, disclose
from reports.disclosures.codecarbon_csv import COLUMNS
from tests.reports.disclosures.golden_runs import RUNS, run
from tests.reports.disclosures.test_hostile import HOSTILE, hostile
from tests.reports.disclosures.test_kinds_of_runs import KINDS, computed

TRAININGS = ("bert_base", "training_70b", "fine_tune")
#: The subfields of the Hub's documentation, "Displaying carbon emissions for your model", and what it calls trainings.
SUBFIELDS = {"emissions", "source", "training_type", "geographical_location", "hardware_used"}
TRAINING_TYPES = {"pre-training", "fine-tuning"}


def card(document: str) -> ModelCard:
    return ModelCard(document, ignore_metadata_errors=False)


def data_of(read: ModelCard) -> dict[str, Any]:
    data: dict[str, Any] = read.data.to_dict()  # type: ignore[no-untyped-call]
    return data


def emissions_of(read: ModelCard) -> dict[str, Any]:
    emissions = data_of(read)["co2_eq_emissions"]
    assert isinstance(emissions, dict)
    return emissions


@pytest.mark.parametrize("name", TRAININGS)
def test_the_hub_s_client_reads_the_card(name: str) -> None:
    one = run(name)
    read = card(disclose("model-card", workload=one.workload, footprint=one.footprint, details=one.details).content)
    emissions = emissions_of(read)
    assert set(emissions) <= SUBFIELDS and emissions.get("training_type", "pre-training") in TRAINING_TYPES
    grams = 1e3 * one.footprint.result.operational_location_based_kgco2e.central
    grams /= 1.4 if name == "training_70b" else 1.0  # its final run
    assert emissions["emissions"] == pytest.approx(grams, rel=1e-3)
    # The filter of the Hub takes the first plain number of the field.
    found = SimpleNamespace(card_data=read.data)
    assert within(found, grams * 0.99, grams * 1.01) and not within(found, grams * 1.01, None)  # type: ignore[arg-type]
    assert read.text.lstrip().startswith("## Environmental Impact")
    assert data_of(card(str(read))) == data_of(read)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "items of a task"])
def test_the_number_is_read_however_small_or_large(kind: str) -> None:
    workload, footprint = computed(kind)
    document = disclose("model-card", workload=workload, footprint=footprint).content
    kgco2e = footprint.result.operational_location_based_kgco2e.central / (3 if kind == "repeated in a cloud" else 1)
    if kgco2e == 0:
        assert not document.startswith("---")  # the client takes zero for missing
        return
    read = card(document)
    assert emissions_of(read)["emissions"] == pytest.approx(1e3 * kgco2e, rel=1e-3)
    assert within(SimpleNamespace(card_data=read.data), 999 * kgco2e, 1001 * kgco2e)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_hub_s_client_reads_nothing_but_the_emissions(text: str) -> None:
    assert set(data_of(card(hostile("model-card", text).content))) == {"co2_eq_emissions"}


def test_the_columns_are_those_of_the_installed_codecarbon() -> None:
    assert tuple(field.name for field in fields(EmissionsData)) == COLUMNS


@pytest.mark.parametrize("name", RUNS)
def test_codecarbon_s_classes_of_boamps_take_every_name(name: str) -> None:
    """They refuse a name that is not one of the format's."""
    one = run(name)
    for details in (one.details, None):
        made = disclose("boamps", workload=one.workload, footprint=one.footprint, details=details)
        report = json.loads(made.content)
        assert BoAmpsReport.from_dict(report).to_dict() == report


@pytest.mark.parametrize("name", TRAININGS)
def test_our_own_reader_of_codecarbon_takes_the_csv(name: str) -> None:
    """Energies of CodeCarbon hold PUE; read back, the servers took what they took."""
    one = run(name)
    made = disclose("codecarbon-csv", workload=one.workload, footprint=one.footprint, details=one.details)
    read = read_import(made.content.encode())
    assert read.recognised_as == "codecarbon" and not read.row_errors
    # Of several cards a row of CodeCarbon does not tell which were measured.
    of_several = any(
        float(row["gpu_energy"] or 0.0) > 0.0 and float(row["gpu_count"] or 0.0) > 1.0
        for row in csv.DictReader(io.StringIO(made.content))
    )
    assert [warning.code for warning in read.warnings] == (["cards_uncounted"] if of_several else [])
    assert read.it_energy_kwh == pytest.approx(one.footprint.result.it_energy_kwh.central)
    assert read.duration_s and "duration_h" not in {missing.field for missing in made.missing}


def test_a_service_lacks_the_duration_that_readers_of_codecarbon_want() -> None:
    one = run("service")
    made = disclose("codecarbon-csv", workload=one.workload, footprint=one.footprint, details=one.details)
    assert "duration_h" in {missing.field for missing in made.missing}


def test_a_row_of_a_cloud_has_its_country_too() -> None:
    workload, footprint = computed("repeated in a cloud")
    rows = list(csv.DictReader(io.StringIO(disclose("codecarbon-csv", workload=workload, footprint=footprint).content)))
    assert {(row["country_name"], row["country_iso_code"], row["cloud_region"]) for row in rows} == {
        ("United States", "USA", "us-east-1")
    }
    assert {row["gpu_model"] for row in rows} == {"64 x NVIDIA H100 SXM5 80GB"}


def test_a_zone_is_the_region_of_its_country() -> None:
    one = run("bert_base")
    workload = one.workload.model_copy(update={"location": Location(zone="US-eGRID-CAMX")})
    made = disclose("codecarbon-csv", workload=workload, footprint=one.footprint, details=DisclosureDetails())
    (row,) = csv.DictReader(io.StringIO(made.content))
    assert (row["country_name"], row["country_iso_code"]) == ("United States", "USA")
    assert row["region"].endswith(", United States")
