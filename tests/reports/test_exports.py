"""Stored runs as files: read back by the programs that people use."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import openpyxl
import pyarrow.parquet as pq
import pytest
from django.contrib.auth.models import User
from django.test import Client

from estimator import services
from estimator.core.inputs import Workload
from estimator.models import Estimate
from reports.exports import COLUMNS, FORMATS, WRITERS
from reports.services.exports import exported_runs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

HOSTILE = '=HYPERLINK("http://evil.example","x")'


def done(title: str) -> Estimate:
    workload = Workload.model_validate(
        {"title": title, "hardware": {"accelerator": "H100", "accelerator_count": 8}, "duration_h": 10}
    )
    row = services.submit_estimate(workload=workload)
    services.run_estimate(estimate_id=row.id, worker="a@host")
    return Estimate.objects.get(pk=row.id)


@pytest.fixture
def rows() -> list[Estimate]:
    return [done("First"), done(HOSTILE), done('-2+3, "quoted"\nand a second line')]


def written(name: str) -> bytes:
    return b"".join(WRITERS[name](exported_runs(rows=Estimate.objects.all())))


def test_csv_is_read_back_and_runs_nothing(rows: list[Estimate]) -> None:
    table = list(csv.DictReader(io.StringIO(written("csv").decode("utf-8-sig"))))
    assert [line["id"] for line in table] == [str(row.id) for row in reversed(rows)]
    for line, row in zip(table, reversed(rows), strict=True):
        assert float(line["central_total_kgco2e"]) == row.total_kgco2e
        assert not any(line["title"].startswith(sign) for sign in "=+-@")
    assert table[0]["central_total_flop"] == ""


def test_xlsx_holds_text_as_text_and_numbers_as_numbers(rows: list[Estimate]) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx"))).active
    assert sheet is not None
    header, *lines = sheet.iter_rows()
    names = [cell.value for cell in header]
    assert names == [column.name for column in COLUMNS]
    title = lines[1][names.index("title")]
    assert (title.value, title.data_type, title.hyperlink) == (HOSTILE, "s", None)
    assert lines[0][names.index("central_total_kgco2e")].value == pytest.approx(rows[2].total_kgco2e, rel=1e-15)


def test_parquet_has_types_and_units(rows: list[Estimate]) -> None:
    table = pq.read_table(io.BytesIO(written("parquet")))
    assert table.num_rows == len(rows)
    assert str(table.schema.field("central_total_kgco2e").type) == "double"
    assert str(table.schema.field("made_at").type).startswith("timestamp")
    assert table.column("central_facility_energy_kwh").to_pylist() == [
        row.facility_energy_kwh for row in reversed(rows)
    ]


def test_json_holds_each_footprint_whole_and_follows_the_schema(rows: list[Estimate], client: Client) -> None:
    told = json.loads(written("json"))
    assert [run["footprint"]["title"] for run in told["runs"]] == [row.title for row in reversed(rows)]
    schema = client.get("/api/v1/schemas/footprint.json").json()
    jsonschema.validate(told["runs"][0]["footprint"], schema)
    assert told["runs"][0]["footprint"] == rows[2].footprint


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_to_export_is_a_file_too(name: str) -> None:
    assert written(name)


def test_many_runs_take_few_queries(rows: list[Estimate], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert sum(1 for _ in exported_runs(rows=Estimate.objects.all())) == len(rows)


def sent(answer: Any) -> bytes:
    pieces: Iterator[bytes] = iter(answer.streaming_content)
    return b"".join(pieces)


def test_the_page_gives_what_this_browser_made(rows: list[Estimate], client: Client) -> None:
    answer = client.get("/estimates/export/csv/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="wattprint-runs.csv"'
    assert sent(answer).count(b"\n") == 1  # it made none: the header alone
    assert client.get("/estimates/export/exe/").status_code == 404


def test_the_api_gives_an_account_its_own(rows: list[Estimate], client: Client) -> None:
    assert client.get("/api/v1/exports/estimates.csv").status_code == 401
    owner = User.objects.create_user("owner@example.org", password="x")
    Estimate.objects.filter(pk=rows[0].pk).update(owner=owner)
    client.force_login(owner)
    table = list(csv.DictReader(io.StringIO(sent(client.get("/api/v1/exports/estimates.csv")).decode("utf-8-sig"))))
    assert [line["id"] for line in table] == [str(rows[0].id)]
    assert client.get("/api/v1/exports/estimates.exe").status_code == 422


def test_one_run_as_csv(rows: list[Estimate], client: Client) -> None:
    answer = client.get(f"/api/v1/estimates/{rows[1].id}/report.csv")
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    total = next(line for line in table if (line["kind"], line["name"]) == ("quantity", "total_kgco2e"))
    assert float(total["central"]) == rows[1].total_kgco2e
    assert {line["kind"] for line in table} == {"quantity", "step", "input"}
