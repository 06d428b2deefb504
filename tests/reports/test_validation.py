"""The page of the validation: its numbers are those of the golden tests, its filters filter, no row is asked for."""

import re
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from estimator.reference import catalogue
from reports import quantities, wording
from reports.validation import Filters, ValidationPage, validation_page
from reports.validation.cases import case_rows
from reports.validation.scatter import plotly_figure, svg
from tests.golden import test_published_arithmetic as golden
from tests.golden.fit import fit_mfu, fit_serving


def page_of(filters: Filters | None = None) -> ValidationPage:
    return validation_page(
        filters or Filters(),
        voice=wording.VOICE,
        known_sources=catalogue.sources(),
        format_factor=quantities.factor,
    )


def text_of(client: Client, **query: str) -> str:
    answer = client.get("/validation/", query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def test_cases_are_computed_as_in_the_golden_tests() -> None:
    rows = {row.case.id: row for row in case_rows()}
    assert {row["id"] for row in golden.RECOMPUTABLE} <= set(rows)
    for raw in golden.RECOMPUTABLE:
        row = rows[raw["id"]]
        computed_kwh, computed_kg = golden.recomputed(raw)
        if row.energy_kwh is not None:
            assert row.energy_kwh.computed == computed_kwh
        if row.emissions_kgco2e is not None:
            assert row.emissions_kgco2e.computed == computed_kg
        assert (row.verdict == "exception") == (raw["id"] in golden.EXCEPTIONS)


def test_every_exception_has_its_reason_and_nothing_else_has() -> None:
    page = page_of()
    assert {shown.row.case.id for shown in page.exceptions} == set(golden.EXCEPTIONS)
    assert all(shown.reason for shown in page.exceptions)
    assert (page.agreeing_count, page.recomputable_count) == (66 - len(golden.EXCEPTIONS), 66)


def test_scores_are_those_of_the_fits() -> None:
    page, runs = page_of(), fit_mfu.read_runs("fit")
    assert page.training.score.count == len(runs)
    assert page.training.score.groups_count == len({run.publication for run in runs})
    assert page.training.score.median_factor == pytest.approx(
        fit_mfu.median_factor(fit_mfu.held_out_errors(runs)), rel=2e-3
    )
    assert page.training.score.coverage == fit_mfu.held_out_coverage(runs)
    others = fit_mfu.errors(fit_mfu.read_runs("holdout"), fit_mfu.fit(runs))
    assert page.training_held_out.score.median_factor == pytest.approx(fit_mfu.median_factor(others), rel=2e-3)
    rows = fit_serving.read(fit_serving.RUNS)
    assert page.serving.score.median_factor == pytest.approx(
        fit_serving.median_factor(fit_serving.held_out_errors(rows)), rel=2e-3
    )
    # Its coverage is compared with the fit's beside the golden tests, as that takes long.
    assert page.serving.score.count == len(rows)


def test_scores_keep_what_the_estimates_promise() -> None:
    page = page_of()
    assert page.training.score.median_factor <= 1.5 and 0.80 <= page.training.score.coverage <= 0.97
    assert page.training_held_out.score.median_factor <= 1.5 and 0.80 <= page.training_held_out.score.coverage <= 0.97
    assert page.serving.score.median_factor <= 1.6 and 0.80 <= page.serving.score.coverage <= 0.97


@pytest.mark.django_db
def test_the_page_tells_it_all_without_asking_for_a_row(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        text = text_of(client)
    page = page_of()
    assert f"{page.agreeing_count}/66" in text
    assert quantities.factor(page.training.score.median_factor).replace(quantities.JOIN, " ") in text
    assert quantities.percent(page.serving.score.coverage).replace(quantities.JOIN, " ") in text
    assert f"{page.circular_count}/{page.energies_count}" in text
    for shown in page.shown:
        assert shown.row.case.name in text
    for one in page.misleading:
        assert one.title in text and one.text in text


def test_what_is_circular_is_counted() -> None:
    with_energy = [
        row for row in golden.read() if row["published_energy_kwh"] and row["kind"] in ("training", "inference")
    ]
    circular = [row for row in with_energy if row["energy_basis"].endswith("_times_hours")]
    page = page_of()
    assert (page.circular_count, page.energies_count) == (len(circular), len(with_energy))
    assert sum(option.count for option in page.circular_sources) == len(circular)


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (Filters(source="touvron-2023-llama"), {"llama1_llama_7b", "llama1_opt_175b", "llama1_all"}),
        (Filters(kind="inference"), {"luccioni24_total", "bloom_inference_api"}),
        (Filters(basis="measured_accelerators"), {"olmo1_olmo_7b_lumi"}),
        (Filters(kind="inference", all_cases=True), {"mlenergy_h100_llama_31_8b", "disc_openai_altman"}),
    ],
)
def test_filters(filters: Filters, ids: set[str]) -> None:
    shown = page_of(filters).shown
    assert ids <= {one.row.case.id for one in shown}
    assert len(shown) < len(case_rows())
    assert all(filters.keep(one.row) for one in shown)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        {"kind": "nothing"},
        {"source": "' OR 1=1", "basis": "<script>"},
        {"basis": "none"},
        {"kind": "federated", "all": "1"},
        {"source": "groeneveld-2024", "basis": "measured_accelerators"},
    ],
)
def test_any_filter_gives_a_page(client: Client, query: dict[str, str]) -> None:
    assert "How right are the figures?" in text_of(client, **query)


@pytest.mark.django_db
def test_what_fits_no_filter_says_so(client: Client) -> None:
    assert "No case fits these filters" in text_of(client, kind="nothing")


def test_a_zero_has_no_place_on_a_logarithmic_axis_and_is_in_the_table() -> None:
    page = page_of(Filters(source="groeneveld-2024"))
    assert "olmo1_olmo_7b_lumi" in {shown.row.case.id for shown in page.shown}
    emissions = next(chart for chart in page.scatters if chart.name == "emissions")
    assert all(point.published > 0 and point.computed > 0 for point in emissions.points)


def test_drawings_need_no_style_and_escape_their_texts() -> None:
    for chart in (*page_of().scatters, page_of().training.scatter):
        drawing = svg(chart)
        assert "style=" not in drawing and "<style" not in drawing and "var(--" in drawing
        figure = plotly_figure(chart)
        assert sum(len(trace["x"]) for trace in figure["data"][1:]) == len(chart.points)


def test_errors_add_up() -> None:
    page = page_of()
    assert page.errors is not None
    figures = [figure for shown in page.shown for figure in shown.row.figures if figure.error is not None]
    assert sum(mark.amount for mark in page.errors.marks) == len(figures)
    for one in (page.training, page.training_held_out, page.serving):
        assert sum(mark.amount for mark in one.errors.marks) == one.score.count
