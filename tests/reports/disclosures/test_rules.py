"""Every format beside its rule: units, roundings, names, and what may not be in it."""

import csv
import io
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from estimator.core.footprint import Footprint
from estimator.core.inputs import Workload
from reports.disclosures import FORMATS, QUESTIONS, DisclosureDetails, details_from, disclose
from reports.disclosures.codecarbon_csv import COLUMNS
from reports.disclosures.details import LARGEST_NUMBER
from reports.disclosures.eu_ai_act import training_time_range
from tests.reports.disclosures.golden_runs import RUNS, run


def written(name: str, format_name: str) -> str:
    one = run(name)
    return disclose(format_name, workload=one.workload, footprint=one.footprint, details=one.details).content


def cells(document: str, item: str) -> list[str]:
    """The cells of one line of a table of Markdown."""
    line = next(line for line in document.splitlines() if line.startswith(f"| {item}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


# --- all of them ------------------------------------------------------------------------------------------------------


def test_the_formats_are_those_of_the_contract() -> None:
    assert list(FORMATS) == [
        *("eu-ai-act", "ghg-protocol", "sci", "model-card", "boamps", "cyclonedx"),
        *("latex", "bibtex", "text", "checklist", "codecarbon-csv", "badge"),
    ]


@pytest.mark.parametrize("format_name", FORMATS)
def test_nothing_but_the_run_is_needed(format_name: str) -> None:
    one = run("bert_base")
    made = disclose(format_name, workload=one.workload, footprint=one.footprint)
    assert made.content.strip() and not re.search(r"\b(None|nan|inf)\b", made.content)


@pytest.mark.parametrize("format_name", sorted(set(FORMATS) - {"sci"}))
def test_the_method_of_the_electricity_is_named(format_name: str) -> None:
    assert "location-based" in written("training_70b", format_name)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("format_name", FORMATS)
def test_what_is_missing_can_be_asked_for_or_belongs_to_the_run(name: str, format_name: str) -> None:
    one = run(name)
    for missing in disclose(format_name, workload=one.workload, footprint=one.footprint).missing:
        assert missing.why and missing.rule
        if missing.field not in QUESTIONS:
            part: Any = Workload
            for step in missing.field.split("."):
                assert step in part.model_fields, missing.field
                part = part.model_fields[step].annotation


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_format_asks_for_what_it_takes_and_for_nothing_else(format_name: str) -> None:
    asks = FORMATS[format_name].asks
    assert set(asks) <= set(QUESTIONS) and len(asks) == len(set(asks))
    for name in ("training_70b", "fine_tune", "service"):
        one = run(name)
        bare = disclose(format_name, workload=one.workload, footprint=one.footprint)
        assert {missing.field for missing in bare.missing} & set(QUESTIONS) <= set(asks)
        values = {
            key: {
                "choice": question.choices[-1][0] if question.choices else "",
                "number": "7",
                "date": "2025-01-01",
            }.get(question.kind, "words")
            for key, question in QUESTIONS.items()
            if key not in asks
        }
        details, problems = details_from(values)
        assert not problems
        assert disclose(format_name, workload=one.workload, footprint=one.footprint, details=details) == bare


def test_only_the_final_run_is_what_formats_of_one_run_tell() -> None:
    one = run("training_70b")
    final_kwh = one.footprint.result.facility_energy_kwh.central / 1.4
    rows = list(csv.DictReader(io.StringIO(written("training_70b", "codecarbon-csv"))))
    assert float(rows[0]["energy_consumed"]) == pytest.approx(final_kwh)
    assert sum(float(row["energy_consumed"]) for row in rows) == pytest.approx(1.4 * final_kwh)
    assert cells(written("training_70b", "eu-ai-act"), "Energy used")[1].startswith("950 MWh")


# --- EU AI Act --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (3.95, "less than 1 month"),
        (30.4, "less than 1 month"),
        (31.0, "1 to 3 months"),
        (100.0, "3 to 6 months"),
        (200.0, "more than 6 months"),
    ],
)
def test_national_authorities_are_told_a_range(days: float, told: str) -> None:
    assert training_time_range(days) == told


def test_the_form_has_its_roundings() -> None:
    document = written("training_70b", "eu-ai-act")
    assert cells(document, "Training time (wall clock)")[1:] == ["1 to 3 months", "3.5x10^1 days"]
    assert cells(document, "Training time (hardware)")[1:] == ["not asked for", "7.2x10^4 NVIDIA A100 SXM4 80GB days"]
    assert cells(document, "Compute used")[1:] == ["10^23 FLOP", "8.4x10^23 FLOP"]
    # 2 operations x 70e9 parameters x 100,000 tokens
    assert cells(document, "Benchmarked compute")[1] == "1.4x10^16 FLOP"


def test_a_tuned_model_is_held_against_a_third_of_the_original() -> None:
    document = written("fine_tune", "eu-ai-act")
    assert "above 2.4x10^23 FLOP (a third of the original's compute): not above" in document
    one = run("fine_tune")
    unknown = DisclosureDetails(systemic_risk="yes")
    made = disclose("eu-ai-act", workload=one.workload, footprint=one.footprint, details=unknown).content
    assert "above 3.3x10^24 FLOP" in made and "is unknown and not in it" in made


def test_a_service_says_nothing_of_a_training() -> None:
    assert cells(written("service", "eu-ai-act"), "Energy used")[1:] == ["unknown", "unknown"]
    assert not written("service", "model-card").startswith("---")


# --- GHG Protocol and SCI ---------------------------------------------------------------------------------------------


def test_both_methods_take_the_same_energy_and_contracts_cover_a_part_of_it() -> None:
    document = written("training_70b", "ghg-protocol")
    assert cells(document, "Electricity of the facility")[1:] == ["1323 MWh", "1323 MWh"]
    assert cells(document, "of it under contract")[2] == "794.0 MWh (60 %) at 20 gCO2e/kWh"
    assert cells(document, "of it not covered")[2] == "529.3 MWh (40 %) at 400 gCO2e/kWh (residual mix)"
    # 1323.32 MWh x (0.6 x 20 + 0.4 x 400) g/kWh = 227.6 t
    assert cells(document, "**Emissions**")[1:] == ["**509 tCO2e**", "**228 tCO2e**"]
    assert cells(document, "Point of ESRS")[1:] == ["E1-6, 49(a)", "E1-6, 49(b)"]


def test_rented_machines_are_no_scope_2() -> None:
    document = written("service", "ghg-protocol")
    assert cells(document, "Point of ESRS")[1:] == ["E1-6, 51", "E1-6, 51"]
    assert cells(document, "rented machines")[1].startswith("Scope 3, category 1")
    assert cells(document, "**Emissions**")[2] == "**unknown**"


def test_the_score_is_recomputed_from_its_parts() -> None:
    result = run("training_70b").footprint.result
    assert result.embodied_share_kgco2e is not None
    grams = 1e3 * (result.operational_location_based_kgco2e.central + result.embodied_share_kgco2e.central)
    assert f"**{grams / 2e12 * 1e6:.0f} gCO2e per million training tokens**" in written("training_70b", "sci")


@pytest.mark.parametrize("name", RUNS)
def test_no_contract_is_in_the_score(name: str) -> None:
    document = written(name, "sci")
    assert "market" not in document.lower() and "228 t" not in document and "227,6" not in document


def test_there_is_no_score_without_the_hardware() -> None:
    one = run("bert_base")
    bare = one.footprint.model_copy(
        update={"result": one.footprint.result.model_copy(update={"embodied_share_kgco2e": None})}
    )
    made = disclose("sci", workload=one.workload, footprint=bare)
    assert "**Not stated**" in made.content and "embodied.include" in {missing.field for missing in made.missing}


def test_the_provider_chooses_a_unit() -> None:
    one = run("training_70b")
    for unit, told in (("parameter", "per billion parameters"), ("flop", "per 10^15 FLOP")):
        details = DisclosureDetails(provider_unit=unit)
        assert told in disclose("sci", workload=one.workload, footprint=one.footprint, details=details).content


# --- model card -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bert_base", "training_70b", "fine_tune"])
def test_the_card_loads_and_its_number_is_in_grams(name: str) -> None:
    document = written(name, "model-card")
    block = document.split("---\n")[1]
    emissions = yaml.safe_load(block)["co2_eq_emissions"]
    one = run(name).footprint
    kgco2e = one.result.operational_location_based_kgco2e.central / (1.4 if name == "training_70b" else 1.0)
    assert type(emissions["emissions"]) in {int, float}
    assert emissions["emissions"] == pytest.approx(kgco2e * 1000, rel=1e-3)
    # The Hub's client takes the first plain number that it finds.
    first = re.search(r"\d+\.\d+|\d+", block.split("co2_eq_emissions:")[1])
    assert first is not None and float(first[0]) == emissions["emissions"]
    assert set(emissions) <= {"emissions", "source", "training_type", "geographical_location", "hardware_used"}
    assert emissions.get("training_type", "pre-training") in {"pre-training", "fine-tuning"}


# --- CSV, BibTeX, badge -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_the_csv_has_the_columns_and_their_units(name: str) -> None:
    reader = csv.DictReader(io.StringIO(written(name, "codecarbon-csv")))
    rows = list(reader)
    assert tuple(reader.fieldnames or ()) == COLUMNS and len(COLUMNS) == 38
    for row in rows:
        energy, emitted = float(row["energy_consumed"]), float(row["emissions"])
        assert emitted / energy == pytest.approx(
            1e-3 * {"bert_base": 432.7, "training_70b": 384.4, "fine_tune": 41.44, "service": 329.65}[name], rel=1e-3
        )
        if row["duration"]:
            assert float(row["emissions_rate"]) == pytest.approx(emitted / float(row["duration"]))
        assert not row["codecarbon_version"] and not row["tracking_mode"]
    result = run(name).footprint.result
    assert float(rows[0]["pue"]) == pytest.approx(result.facility_energy_kwh.central / result.it_energy_kwh.central)


@pytest.mark.parametrize("name", RUNS)
def test_bibtex_is_balanced_its_keys_are_plain_and_those_of_the_text(name: str) -> None:
    entries = written(name, "bibtex")
    depth = 0
    for char in entries:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0
    keys = re.findall(r"^@\w+\{(.*),$", entries, flags=re.MULTILINE)
    assert len(keys) == len(set(keys)) and all(key.isalnum() for key in keys)
    cited = re.search(r"\\cite\{(.*)\}", written(name, "latex"))
    assert cited is not None and set(cited[1].split(",")) <= set(keys)


@pytest.mark.parametrize("name", RUNS)
def test_the_badge_is_a_picture_with_words(name: str) -> None:
    svg = ET.fromstring(written(name, "badge"))
    space = "{http://www.w3.org/2000/svg}"
    assert svg.tag == f"{space}svg" and svg.findtext(f"{space}title")
    assert "location-based" in (svg.findtext(f"{space}desc") or "")
    texts = [text.text for text in svg.iter(f"{space}text")]
    assert len(texts) == 2 and "hardware" in str(texts[1])


# --- details ----------------------------------------------------------------------------------------------------------


def test_details_are_read_and_what_cannot_be_is_said_all_at_once() -> None:
    typed = {
        "organisation": " Example Lab ",
        "role": "emperor",
        "base_model_flop": "-1",
        "benchmark_tokens": "nan",
        "period_start": "yesterday",
        "contact": "x" * 201,
        "unheard_of": "?",
        "reporting_year": "2025",
    }
    details, problems = details_from(typed, run_id="1")
    assert set(problems) == {"role", "base_model_flop", "benchmark_tokens", "period_start", "contact"}
    assert (details.organisation, details.reporting_year, details.run_id, details.role) == (
        "Example Lab",
        2025,
        "1",
        "",
    )
    assert details_from({"base_model_flop": str(LARGEST_NUMBER * 10)})[1]


def test_every_detail_is_asked_for() -> None:
    assert set(QUESTIONS) == set(DisclosureDetails.__dataclass_fields__) - {"run_id", "made_at"}


def test_a_footprint_made_by_hand_is_told_too(footprint: Footprint) -> None:
    """Without the parts of the boundary, as runs of earlier versions are stored."""
    for name in FORMATS:
        assert disclose(name, workload=Workload(), footprint=footprint).content
