"""Disclosures as a browser and a program get them."""

import json
import uuid
from html.parser import HTMLParser

import pytest
from django.test import Client

from estimator import services as estimates
from estimator.core.inputs import Workload
from estimator.models import Estimate
from reports.disclosures import FORMATS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]

HOSTILE = '</pre></textarea><script>alert(1)</script>"\u202e=1+1'


def finished(workload: Workload) -> Estimate:
    row = estimates.submit_estimate(workload=workload)
    estimates.run_estimate(estimate_id=row.id, worker="test")
    row.refresh_from_db()
    return row


@pytest.fixture
def estimate() -> Estimate:
    return finished(estimates.EXAMPLE)


class Tags(HTMLParser):
    """Which elements a page has, and what is typed into its form."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


@pytest.mark.parametrize("name", FORMATS)
def test_the_api_gives_every_form_as_a_file(client: Client, estimate: Estimate, name: str) -> None:
    answer = client.get(f"/api/v1/estimates/{estimate.id}/disclosures/{name}")
    one = FORMATS[name]
    assert answer.status_code == 200 and answer["Content-Type"].split(";")[0] == one.media_type
    assert f'filename="wattprint-bert-base-{name}.{one.extension}"' in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content.decode().strip()


def test_details_fill_the_document_in(client: Client, estimate: Estimate) -> None:
    path = f"/api/v1/estimates/{estimate.id}/disclosures"
    before = {one["format"]: one for one in client.get(path).json()}
    assert list(before) == list(FORMATS)
    assert "confidentiality" in {lack["field"] for lack in before["boamps"]["missing"]}
    typed = {"confidentiality": "public", "organisation": "Example Lab"}
    after = {one["format"]: one for one in client.get(path, typed).json()}
    assert not {"confidentiality", "organisation"} & {lack["field"] for lack in after["boamps"]["missing"]}
    report = json.loads(client.get(f"{path}/boamps", typed).content)
    assert report["header"]["publisher"] == {"name": "Example Lab", "confidentialityLevel": "public"}
    assert report["header"]["reportId"] == str(estimate.id)


def test_errors_have_the_one_shape(client: Client, estimate: Estimate) -> None:
    waiting = estimates.submit_estimate(workload=Workload(title="waits", it_energy_kwh=1.0))
    for path, status in (
        (f"{uuid.uuid4()}/disclosures/sci", 404),
        (f"{estimate.id}/disclosures/haiku", 404),
        (f"{waiting.id}/disclosures/sci", 409),
        (f"{waiting.id}/disclosures", 409),
        (f"{estimate.id}/disclosures/sci?period_start=soon&provider_unit=cup", 422),
    ):
        answer = client.get(f"/api/v1/estimates/{path}")
        assert answer.status_code == status and set(answer.json()) == {"error"}
    assert [field["path"] for field in answer.json()["error"]["fields"]] == ["period_start", "provider_unit"]


def test_the_description_names_details_and_media_types(client: Client) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    described = paths["/api/v1/estimates/{estimate_id}/disclosures/{format_name}"]["get"]
    names = [parameter["name"] for parameter in described["parameters"]]
    assert {"estimate_id", "format_name", "organisation", "benchmark_tokens"} <= set(names)
    assert len(names) == len(set(names))
    assert "image/svg+xml" in described["responses"]["200"]["content"]


@pytest.mark.parametrize("name", FORMATS)
def test_the_page_shows_what_the_api_gives(client: Client, estimate: Estimate, name: str) -> None:
    page = client.get(f"/estimates/{estimate.id}/disclosures/", {"format": name})
    assert page.status_code == 200 and page["X-Robots-Tag"] == "noindex"
    tags = Tags(page.content)
    (copy,) = [button for button in tags.all("button") if "data-copy" in button]
    file = client.get(f"/api/v1/estimates/{estimate.id}/disclosures/{name}")
    assert str(copy["data-copy"]).split() == file.content.decode().split()
    assert not [attributes for _, attributes in tags.found if "style" in attributes]
    assert [link for link in tags.all("a") if link.get("class") == "chip" and link.get("aria-current")]


def test_what_is_typed_is_kept_from_form_to_form(client: Client, estimate: Estimate) -> None:
    page = client.get(
        f"/estimates/{estimate.id}/disclosures/",
        {"format": "boamps", "reporting_year": "2025", "organisation": "Example Lab", "confidentiality": "?"},
    )
    tags = Tags(page.content)
    typed = {field.get("name"): field.get("value") for field in tags.all("input")}
    assert typed["organisation"] == "Example Lab" and typed["reporting_year"] == "2025"
    assert b"Choose one of those listed." in page.content and b'aria-invalid="true"' in page.content
    links = [str(link.get("href")) for link in tags.all("a") if link.get("class") == "chip"]
    assert all("organisation=Example+Lab" in link and "reporting_year=2025" in link for link in links)
    (download,) = [str(link["href"]) for link in tags.all("a") if "download" in link]
    assert "confidentiality" not in download and client.get(download).status_code == 200


def test_the_page_leads_there_and_back(client: Client, estimate: Estimate) -> None:
    assert f'href="/estimates/{estimate.id}/disclosures/"'.encode() in client.get(f"/estimates/{estimate.id}/").content
    waiting = estimates.submit_estimate(workload=Workload(title="waits", it_energy_kwh=1.0))
    away = client.get(f"/estimates/{waiting.id}/disclosures/")
    assert (away.status_code, away["Location"]) == (302, f"/estimates/{waiting.id}/")
    assert client.get(f"/estimates/{uuid.uuid4()}/disclosures/").status_code == 404
    assert client.get(f"/estimates/{estimate.id}/disclosures/", {"format": "haiku"}).status_code == 404


@pytest.mark.parametrize("name", FORMATS)
def test_a_hostile_title_is_text_on_the_page(client: Client, name: str) -> None:
    row = finished(estimates.EXAMPLE.model_copy(update={"title": HOSTILE}))
    page = client.get(
        f"/estimates/{row.id}/disclosures/", {"format": name, "organisation": HOSTILE, "model_name": HOSTILE}
    )
    assert page.status_code == 200 and b"<script>alert" not in page.content
    file = client.get(f"/api/v1/estimates/{row.id}/disclosures/{name}", {"model_name": HOSTILE})
    assert file["Content-Disposition"].isascii() and '"wattprint-' in file["Content-Disposition"]
