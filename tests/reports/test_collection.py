"""Several runs as one: what is added, how far the sum may be off, and the report over them."""

import csv
import doctest
import io
import json
import uuid
from datetime import UTC, date, datetime
from typing import Any

import pikepdf
import pytest
from django.test import Client
from django.utils import translation

from estimator import services as estimates
from estimator.core.footprint import Range
from estimator.models import Estimate
from reports import collection, pdf, services, wording
from reports.api import reports as api
from reports.attachments import RunFiles
from reports.charts import months_chart, runs_chart
from reports.collection import CollectionSummary, added_ranges, collect, run_row
from reports.document import write_collection
from reports.exports import StoredRun
from reports.models import Report
from reports.options import ReportOptions
from tests.reports.conftest import make_footprint

MADE_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def summary_of(count: int, **changes: Any) -> CollectionSummary:
    runs = [
        run_row(
            make_footprint(title=f"Run {place}", input_digest=f"{place:064x}", **changes),
            number=place + 1,
            estimate_id=str(place),
            made_on=date(2026, 1 + place % 3, 1 + place % 28),
        )
        for place in range(count)
    ]
    return collect(runs, title="All")


def test_the_examples_hold() -> None:
    assert doctest.testmod(collection).failed == 0


def test_a_sum_is_as_wide_as_its_parts_together_or_as_their_squares() -> None:
    ten = [Range(low=9.0, central=10.0, high=12.0)] * 16
    together, apart = added_ranges(ten)
    assert (together.low, together.central, together.high) == (144.0, 160.0, 192.0)
    assert (apart.low, apart.central, apart.high) == (156.0, 160.0, 168.0)
    one, same = added_ranges(ten[:1])
    assert one == same == ten[0]


def test_totals_are_the_sums_of_central_values() -> None:
    three, one = summary_of(3), make_footprint().result
    assert three.total.amount.central == pytest.approx(3 * one.total_kgco2e.central, rel=1e-12)
    assert three.total.amount.high == pytest.approx(3 * one.total_kgco2e.high, rel=1e-12)
    assert three.total.independent.high < three.total.amount.high
    assert [month.runs_count for month in three.months] == [1, 1, 1]
    assert (three.alike_count, three.without_embodied_count) == (0, 0)
    with pytest.raises(ValueError):
        collect([], title="")


def test_what_some_runs_lack_is_said() -> None:
    result = make_footprint().result.model_copy(update={"embodied_share_kgco2e": None, "water_l": None})
    runs = [
        run_row(footprint, number=place, estimate_id=str(place), made_on=date(2026, 1, 1))
        for place, footprint in enumerate((make_footprint(), make_footprint(result=result)), start=1)
    ]
    both = collect(runs, title="")
    assert both.embodied is not None and both.embodied.runs_count == 1
    assert (both.without_embodied_count, both.alike_count) == (1, 1)


def test_the_charts_keep_to_what_can_be_read() -> None:
    many = summary_of(40)
    runs, months = runs_chart(many, wording.VOICE, unnamed="–"), months_chart(many, wording.VOICE)
    assert runs is not None and months is not None
    assert len(runs.marks) == 13 and runs.marks[-1].label == "28 other runs"
    assert sum(mark.amount for mark in runs.marks) == pytest.approx(many.total.amount.central, rel=1e-12)
    assert [mark.label for mark in months.marks] == ["2026-01", "2026-02", "2026-03"]
    assert runs_chart(summary_of(1), wording.VOICE, unnamed="–") is None
    assert months_chart(summary_of(1), wording.VOICE) is None


# --- the report over several, by its page and by the API -------------------------------------------------------------


@pytest.fixture
def runs(redis_url: str, transactional_db: None) -> list[Estimate]:
    """Three finished estimates, and one that waits."""
    rows = []
    for title in ("One", "=two()", "Three", "waits"):
        row = estimates.submit_estimate(workload=estimates.EXAMPLE.model_copy(update={"title": title}))
        if title != "waits":
            estimates.run_estimate(estimate_id=row.id, worker="test")
        row.refresh_from_db()
        rows.append(row)
    return rows


def of_this_browser(client: Client, rows: list[Estimate]) -> None:
    session = client.session
    session["estimates"] = [row.id.hex for row in rows]
    session.save()


CHOSEN = {"title": "Spring", "language": "en", "paper": "a4", "variant": "pdf-a-3a", "which": "chosen"}


def test_tick_runs_and_have_them_in_one_report(client: Client, runs: list[Estimate]) -> None:
    of_this_browser(client, runs)
    page = client.get("/reports/several/").content.decode()
    assert page.count('name="estimate"') == 3 and "waits" not in page
    asked = client.post("/reports/several/", {**CHOSEN, "estimate": [str(runs[0].id), str(runs[1].id)]})
    row = Report.objects.get()
    assert asked["Location"] == f"/reports/{row.id}/"
    assert row.estimate_id is None and set(row.estimate_ids) == {str(runs[0].id), str(runs[1].id)}
    assert "Spring" in client.get(asked["Location"]).content.decode()

    assert services.run_report(report_id=row.id, worker="test")
    file = client.get(f"/reports/{row.id}/report.pdf")
    assert file["Content-Disposition"] == 'attachment; filename="wattprint-spring.pdf"'
    with pikepdf.open(io.BytesIO(file.content)) as document:
        told = json.loads(document.attachments["runs.json"].get_file().read_bytes())
        table = document.attachments["runs.csv"].get_file().read_bytes().decode("utf-8-sig")
    assert [one["id"] for one in told["runs"]] == row.estimate_ids
    assert {one["footprint"]["title"] for one in told["runs"]} == {"One", "=two()"}
    assert {line["title"] for line in csv.DictReader(io.StringIO(table))} == {"One", "'=two()"}

    row.delete()
    again = services.request_collection(
        estimate_ids=[uuid.UUID(one["id"]) for one in told["runs"]],
        language="en",
        title="Spring",
        options=row.choices(),
    )
    services.run_report(report_id=again.id, worker="test")
    again.refresh_from_db()
    assert bytes(again.pdf or b"") == file.content


def test_others_runs_and_other_periods_are_not_in_it(client: Client, runs: list[Estimate]) -> None:
    of_this_browser(client, runs[:2])
    answer = client.post("/reports/several/", {**CHOSEN, "estimate": [str(runs[2].id)]})
    assert answer.status_code == 422 and "Tick at least one" in answer.content.decode()
    answer = client.post("/reports/several/", {**CHOSEN, "which": "all", "to": "2020-01-01"})
    assert answer.status_code == 422 and not Report.objects.exists()
    assert client.post("/reports/several/", {**CHOSEN, "which": "all"}).status_code == 302
    assert len(Report.objects.get().estimate_ids) == 2


def test_the_api_makes_one_report_over_several(
    client: Client, runs: list[Estimate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "WAIT_S", 0.0)

    def ask(**body: Any) -> Any:
        return client.post("/api/v1/reports", json.dumps(body), content_type="application/json")

    asked = {"estimates": [str(row.id) for row in runs], "title": "Spring", "paper": "letter"}
    first = ask(**asked)
    assert first.status_code == 202 and first.json()["status"] == "queued"
    assert ask(**asked).json()["id"] == first.json()["id"]
    row = Report.objects.get()
    assert row.estimate_ids == [str(one.id) for one in runs[:3]]
    assert client.get(f"/api/v1/reports/{row.id}.pdf").status_code == 202
    services.run_report(report_id=row.id, worker="test")
    assert client.get(f"/api/v1/reports/{row.id}.pdf").content.startswith(b"%PDF-")

    for body, status in (
        ({"estimates": []}, 422),
        ({"estimates": [str(uuid.uuid4()) for _ in range(501)]}, 422),
        ({"estimates": [str(uuid.uuid4())]}, 404),
        ({"estimates": [str(runs[3].id)]}, 409),
        ({"estimates": [str(runs[0].id)], "notes": "x" * 5000}, 422),
    ):
        answer = ask(**body)
        assert answer.status_code == status and set(answer.json()) == {"error"}


def test_a_run_that_is_deleted_meanwhile_is_left_out(runs: list[Estimate]) -> None:
    row = services.request_collection(estimate_ids=[one.id for one in runs], language="en")
    runs[0].delete()
    assert services.run_report(report_id=row.id, worker="test")
    row.refresh_from_db()
    with pikepdf.open(io.BytesIO(bytes(row.pdf or b""))) as document:
        told = json.loads(document.attachments["runs.json"].get_file().read_bytes())
    assert len(told["runs"]) == 2


def test_nothing_to_report_and_too_much_are_refused(runs: list[Estimate]) -> None:
    with pytest.raises(services.EstimateNotDone):
        services.request_collection(estimate_ids=[runs[3].id], language="en")
    with pytest.raises(services.TooManyRuns):
        services.request_collection(estimate_ids=[uuid.uuid4() for _ in range(501)], language="en")


def test_hostile_names_are_text_in_a_report_over_several(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(pdf, "refuse", asked.append)
    names = [
        '<img src="http://127.0.0.1:9/x.png"><script>alert(1)</script>',
        "</style><style>@import 'file:///etc/passwd'</style>",
        "تدريب نموذج \u202e 训练 🌍",
        "=1+1",
        "x" * 200,
    ]
    files, rows = RunFiles(), []
    for number, name in enumerate(names, start=1):
        footprint = make_footprint(title=name)
        files.add(StoredRun(str(number), MADE_AT, footprint))
        rows.append(run_row(footprint, number=number, estimate_id=str(number), made_on=MADE_AT.date()))
    seen: list[float] = []
    options = ReportOptions(notes=names[0], organisation=names[1])
    with translation.override("en"):
        made = [
            write_collection(rows, files=files, title=name, options=options, made_at=MADE_AT, advance=seen.append)
            for name in (names[2], names[2])
        ]
    assert asked == [] and made[0] == made[1]
    assert seen and max(seen) <= 1.0
    with pikepdf.open(io.BytesIO(made[0])) as document:
        assert document.Root.MarkInfo.Marked and str(document.Root.Lang) == "en"
        with document.open_outline() as outline:
            runs = next(item for item in outline.root if item.title == "Run by run")
        assert runs.children[0].title == f"1. {names[0]}"
