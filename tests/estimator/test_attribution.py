"""The page of sources: complete, with licence, year and what is shipped of each; cloud instances in the form."""

import html
import re

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import translation

from estimator import attribution
from estimator.forms import lookups
from estimator.forms.workload import WorkloadForm
from estimator.reference import catalogue
from estimator.reference.published import PUBLISHED_TABLES
from estimator.reference.tables import TABLES


def page(client: Client) -> str:
    return html.unescape(client.get("/sources/").content.decode())


def test_every_source_stands_there_with_its_licence_and_use(client: Client) -> None:
    text = page(client)
    for id_, source in catalogue.sources().items():
        part = text[text.index(f'<li id="{id_}">') :].split("</li>", 1)[0]
        assert source.title in part and source.publisher in part
        assert attribution.LICENCES.get(source.licence, (source.licence, ""))[0] in part
        assert source.year is None or str(source.year) in part
        assert "Used in: " in re.sub(r"\s+", " ", part)


def test_what_is_shipped_of_a_source_is_counted() -> None:
    listed = {one.id: one for one in attribution.listed_sources()}
    ember = [row for row in catalogue.shelf().places.grids.rows if "ember-2026" in row.source_ids]
    assert f"grids: {len(ember):,} rows" in listed["ember-2026"].uses
    assert any(use.startswith("cloud instances: ") for use in listed["aws-ec2-instance-types"].uses)
    assert any(use.startswith("published cases: ") for one in listed.values() for use in one.uses)
    assert listed["electricity-maps"].uses == ()


def test_every_table_has_a_name_for_people() -> None:
    types = {row_type.__name__ for row_type in (*TABLES.values(), *PUBLISHED_TABLES.values())}
    assert types - {"SourceRow"} == set(attribution.TABLE_LABELS)


def test_every_licence_that_asks_for_a_name_is_linked(client: Client) -> None:
    text = page(client)
    groups = attribution.licence_groups(attribution.listed_sources())
    assert {group.licence for group in groups} >= {"CC BY 4.0", "MIT", "MPL-2.0", "Apache-2.0"}
    for group in groups:
        assert not group.url or f'href="{group.url}"' in text
        assert {one.licence for one in group.sources} == {group.licence}
    # Whatever is no plain fact has its licence told.
    others = {row.licence for row in catalogue.shelf().source_rows} - set(attribution.LICENCES)
    assert all("facts" in licence or "terms" in licence for licence in others), others


# --- cloud instances where hardware is typed --------------------------------------------------------------------------


def option_texts(q: str) -> list[str]:
    return [option.text for option in lookups.SEARCHES["accelerator"](q, 12)]


def test_instances_are_suggested_while_they_are_typed() -> None:
    assert option_texts("p4d")[:2] == ["p4d.24xlarge", "p4de.24xlarge"]
    assert option_texts("Standard_ND96asr")[0] == "Standard_ND96asr_v4"
    assert option_texts("nd96asr")[0] == "Standard_ND96asr_v4"
    assert option_texts("2 x p4d.")[0] == "2 × p4d.24xlarge"
    assert "a3-highgpu-8g" in option_texts("a3")
    (option, *_rest) = lookups.SEARCHES["accelerator"]("p4d.24", 12)
    assert option.detail == "8 × NVIDIA A100 SXM4 40GB · AWS"
    assert all(catalogue.find_hardware(text) for text in option_texts("a100"))


def test_accelerators_still_come_first_for_their_own_names() -> None:
    assert option_texts("h100")[0].startswith("NVIDIA H100")
    assert option_texts("") and all("×" not in text for text in option_texts(""))


@pytest.mark.parametrize(
    ("typed", "stored", "shown"),
    [
        ("p4d.24xlarge", "aws-p4d-24xlarge", "p4d.24xlarge"),
        ("2x P4D.24XLARGE", "2 x aws-p4d-24xlarge", "2 × p4d.24xlarge"),
        ("64 x v100", "64 x nvidia-v100-sxm2-16gb", "64 × NVIDIA Tesla V100 SXM2 16GB"),
        ("A100", "nvidia-a100-sxm4-40gb", "NVIDIA A100 SXM4 40GB"),
    ],
)
def test_the_form_takes_instances_and_shows_them_again(typed: str, stored: str, shown: str) -> None:
    data = QueryDict(mutable=True)
    data.update({"accelerator": typed, "duration_h": "10", "embodied_include": "on"})
    form = WorkloadForm(data)
    assert form.is_valid(), form.errors
    assert form.workload is not None and form.workload.hardware.accelerator == stored
    assert WorkloadForm(base=form.workload).initial["accelerator"] == shown


def test_an_instance_on_the_form_computes_without_a_count(client: Client) -> None:
    sent = {"accelerator": "2 x p4d.24xlarge", "duration_h": "10", "place": "France", "embodied_include": "on"}
    text = html.unescape(client.post("/preview/", sent).content.decode())
    assert "2 × p4d.24xlarge, with 8 × NVIDIA A100 SXM4 40GB in each." in text


def test_the_api_takes_instances(client: Client) -> None:
    body = {"hardware": {"accelerator": "Standard_ND96asr_v4"}, "duration_h": 10, "location": {"country": "DE"}}
    told = client.post("/api/v1/calculate", body, content_type="application/json").json()
    counts = [one for one in told["assumptions"] if one["name"] == "accelerator_count"]
    assert [one["value"] for one in counts] == [8.0]
    assert told["result"]["accelerator_hours"]["central"] == 80.0
    rows = client.get("/api/v1/catalogue/cloud-instances?q=a3-highgpu").json()["items"]
    assert {row["id"] for row in rows} >= {"gcp-a3-highgpu-8g"}
    wrong = {"hardware": {"accelerator": "p4d.24xlage"}, "duration_h": 10}
    fields = client.post("/api/v1/calculate", wrong, content_type="application/json").json()["error"]["fields"]
    assert "aws-p4d-24xlarge" in fields[0]["suggestions"]


def test_counts_are_written_as_the_reader_writes_numbers() -> None:
    with translation.override("fr"):
        assert any("\u202f" in use or "\xa0" in use for one in attribution.listed_sources() for use in one.uses)
        assert not any(re.search(r"\d,\d{3}", use) for one in attribution.listed_sources() for use in one.uses)
