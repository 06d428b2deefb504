"""The pages that explain levers: their texts, their evidence with its chart, an example, and where to try them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone, translation

from estimator.core.levers.registry import LEVERS
from estimator.forms.lever_fields import LEVER_PAGE
from estimator.models import Estimate, JobStatus
from estimator.reference import catalogue
from estimator.reference.lever_evidence import LEVER_EVIDENCE_TEXTS
from reports.charts import Chart, svg
from reports.levers import EXAMPLES, TEXTS, EvidenceTable, evidence_tables, example_of
from reports.levers.chart import evidence_chart
from reports.wording import VOICE

levers = pytest.mark.parametrize("lever", LEVERS)


def _tables(lever: str) -> dict[str, EvidenceTable]:
    shelf = catalogue.shelf()
    return {table.kind: table for table in evidence_tables(lever, shelf.lever_rows, dict(shelf.sources))}


def _charts() -> Iterator[tuple[str, Chart]]:
    for lever in LEVERS:
        for table in _tables(lever).values():
            chart = evidence_chart(table, VOICE)
            if chart is not None:
                yield lever, chart


def test_every_lever_is_told_and_has_an_example() -> None:
    assert set(TEXTS) == set(EXAMPLES) == set(LEVERS)


def test_what_the_table_says_is_marked_for_translation() -> None:
    rows = catalogue.shelf().lever_rows
    said = {text for row in rows for text in (row.conditions, row.quality_effect) if text}
    assert said == LEVER_EVIDENCE_TEXTS


def test_no_row_of_evidence_is_left_out() -> None:
    found = [row.id for lever in LEVERS for table in _tables(lever).values() for row in table.rows]
    assert sorted(found) == sorted(row.id for row in catalogue.shelf().lever_rows)
    assert all(row.sources for lever in LEVERS for table in _tables(lever).values() for row in table.rows)


def test_factors_on_the_whole_beside_the_formula_and_amounts_are_kept_apart() -> None:
    quantisation = _tables("quantisation")
    beside = {row.id for row in quantisation["beside"].rows}
    assert "quantisation-fp8-batch-8" in beside and "quantisation-int4-large" in beside
    assert "quantisation-time-fp8" in {row.id for row in quantisation["whole"].rows}
    federated = _tables("federated")
    assert [row.id for row in federated["whole"].rows] == ["federated-total"]
    assert {row.id for row in federated["amount"].rows} == {"federated-network", "federated-server"}


def test_a_range_is_split_where_saving_becomes_cost() -> None:
    chart = evidence_chart(_tables("quantisation")["whole"], VOICE)
    assert chart is not None
    mark = chart.marks[0]  # FP8 where hours are given: 0.68 to 1.56, in the middle 0.95
    assert mark.amount == 0.95
    assert [(piece.start, piece.end, piece.colour) for piece in mark.pieces] == [
        (0.68, 1.0, "chart-3"),
        (1.0, 1.56, "chart-5"),
    ]


def test_nothing_is_drawn_of_exact_ratios_and_amounts() -> None:
    assert evidence_chart(_tables("region")["beside"], VOICE) is None
    assert evidence_chart(_tables("federated")["amount"], VOICE) is None


def test_every_chart_is_drawn_within_its_axis() -> None:
    drawn = dict(_charts())
    assert {"pruning", "quantisation", "reuse", "time_shift", "power_cap", "federated"} <= set(drawn)
    for _lever, chart in _charts():
        values = [value for value, _text in chart.ticks]
        assert 1.0 in values and 2 <= len(values) <= 10
        for mark in chart.marks:
            assert mark.amounts is not None
            assert values[0] <= mark.amounts.low <= mark.amounts.high <= values[-1]
        ET.fromstring(svg(chart).replace("var(--", "").replace(")", ""))


def test_examples_show_savings_losses_and_nothing() -> None:
    shares = {lever: example_of(lever).scenarios[0].saving_share for lever in LEVERS}
    assert shares["region"].low > 0.5
    assert shares["distributed"].central < 0.0 and shares["federated"].high < 0.0
    assert shares["renewable_contract"].central == 0.0
    assert shares["power_cap"].low < 0.0 < shares["power_cap"].central


@levers
def test_a_page_tells_everything(lever: str, client: Client, db: None) -> None:
    address = LEVER_PAGE.format(lever=lever)
    assert resolve(address).url_name == "lever"
    page = client.get(address).content.decode()
    for text in (*TEXTS[lever].helps, *TEXTS[lever].hurts, TEXTS[lever].quality, EXAMPLES[lever].run):
        assert text.replace("'", "&#x27;") in page
    for table in _tables(lever).values():
        for row in table.rows:
            assert row.sources[0][1].publisher.replace("&", "&amp;").replace("'", "&#x27;") in page
    assert 'href="/"' in page


def test_the_list_leads_to_every_page(client: Client) -> None:
    page = client.get("/levers/").content.decode()
    assert all(LEVER_PAGE.format(lever=lever) in page for lever in LEVERS)
    assert client.get("/levers/magic/").status_code == 404


def test_a_lever_is_tried_on_the_newest_finished_run(client: Client, db: None) -> None:
    def stored(status: str, **values: Any) -> Estimate:
        return Estimate.objects.create(inputs={}, input_digest="x", created_at=timezone.now(), status=status, **values)

    done = stored(JobStatus.DONE, footprint={}, facility_energy_kwh=1.0, total_kgco2e=1.0)
    session = client.session
    session["estimates"] = [stored(JobStatus.QUEUED).id.hex, done.id.hex]
    session.save()
    page = unquote_plus(client.get("/levers/pue/").content.decode()).replace("&quot;", '"')
    assert f'/estimates/{done.id}/scenarios/?levers=[{{"lever": "pue", "pue": 1.1}}]#lever-pue' in page
    # Twenty thousand accelerators suit one run alone: the switch is shown, and the number left to the visitor.
    assert f'/estimates/{done.id}/scenarios/#lever-distributed"' in client.get("/levers/distributed/").content.decode()


def test_a_page_speaks_the_language_of_its_reader(client: Client, db: None) -> None:
    with translation.override("es"):
        expected = translation.gettext("Levers")
    page = client.get("/levers/", headers={"accept-language": "es"}).content.decode()
    assert expected in page and '<html lang="es"' in page
