"""The pages without a browser: status codes, queries, what is stored, and that nothing typed is lost."""

import re
import uuid
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils.html import escape

from estimator import services
from estimator.core.inputs import Workload
from estimator.forms.workload import initial_of
from estimator.models import Estimate, JobStatus
from estimator.views.asked import RECENT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]

OWN_RUN = {
    "title": "Ours",
    "parameters_count": "7B",
    "accelerator": "NVIDIA A100 SXM4 80GB",
    "accelerator_count": "8",
    "duration_h": "1d 12h",
    "place": "France",
    "embodied_include": "on",
}
Queries = Callable[[int], Any]


def text(response: Any) -> str:
    return str(response.content.decode())


def sent(workload: Workload, **changes: str) -> dict[str, str]:
    data = {name: str(value) for name, value in initial_of(workload).items() if value is not False}
    return data | {"embodied_include": "on"} | changes


def stored(status: str = "queued") -> Estimate:
    row = services.submit_estimate(workload=services.EXAMPLE)
    if status == "done":
        assert services.run_estimate(estimate_id=row.id, worker="a@host")
    elif status != "queued":
        code = "gave_up" if status == "failed" else ""
        Estimate.objects.filter(pk=row.id).update(status=status, error_code=code, progress=0.3)
    row.refresh_from_db()
    return row


def remember(client: Client, ids: list[Any]) -> None:
    session = client.session
    session["estimates"] = ids
    session.save()
    client.cookies["sessionid"] = session.session_key or ""


# --- home -------------------------------------------------------------------------------------------------------------


def test_the_example_is_there_before_anything_is_typed(client: Client, django_assert_num_queries: Queries) -> None:
    with django_assert_num_queries(0):
        response = client.get("/")
    assert response.status_code == 200
    page = text(response)
    for value in ("BERT base", "110M", "NVIDIA Tesla V100 SXM2 16GB", "64", "79", "United States", "12041.51", "432.7"):
        assert f'value="{value}"' in page
    assert re.search(r'<span class="tag">Example</span>', page)
    assert "1,503" in page


@pytest.mark.parametrize(
    "query", ["?start=bloom", "?start=fine-tuning", "?start=transformer-big", "?blank=1", "?start=x", "?from=x"]
)
def test_other_runs_to_start_from(client: Client, query: str) -> None:
    assert client.get("/" + query).status_code == 200


def test_a_blank_form_claims_no_result(client: Client) -> None:
    page = text(client.get("/?blank=1"))
    assert 'class="footprint"' not in page
    assert 'value="12041.51"' not in page


def test_handing_in_stores_one_estimate_and_leads_to_its_page(client: Client) -> None:
    response = client.post("/", OWN_RUN)
    row = Estimate.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/estimates/{row.id}/"
    workload = row.workload()
    assert workload.duration_h == 36.0
    assert workload.model.parameters_count == 7_000_000_000
    assert workload.hardware.accelerator == "nvidia-a100-sxm4-80gb"
    assert workload.location.country == "FR"
    assert client.session["estimates"] == [row.id.hex]


def test_the_same_run_has_the_same_inputs_by_form_and_by_api(client: Client) -> None:
    client.post("/", sent(services.EXAMPLE))
    row = Estimate.objects.get()
    assert row.workload().model_copy(update={"model": services.EXAMPLE.model}) == services.EXAMPLE


def test_nothing_typed_is_lost_when_something_is_wrong(client: Client) -> None:
    hostile = '"><script>alert(1)</script>'
    typed = OWN_RUN | {"title": hostile, "duration_h": "-3", "pue": "eleven", "place": "Atlantis", "seed": "12"}
    response = client.post("/", typed)
    assert response.status_code == 422
    page = text(response)
    assert not Estimate.objects.exists()
    for value in typed.values():
        if value != "on":
            assert f'value="{escape(value)}"' in page
    assert "<script>alert" not in page
    assert 'id="error-summary"' in page
    for name in ("duration_h", "pue", "place"):
        assert f'href="#id_{name}"' in page
        assert re.search(rf'<input[^>]*name="{name}"[^>]*aria-invalid="true"', page)
        assert re.search(rf'<input[^>]*name="{name}"[^>]*aria-describedby="help-{name} msg-{name}"', page)
    assert re.search(r'<details class="expert[^"]*" open>', page)


def test_what_is_missing_is_said(client: Client) -> None:
    response = client.post("/", {"title": "Nothing else"})
    assert response.status_code == 422
    assert 'class="field-error"' in text(response)


def test_a_suggestion_works_as_a_plain_button(client: Client) -> None:
    response = client.post("/", OWN_RUN | {"accelerator": "A100 80G", "use": "accelerator=NVIDIA A100 SXM4 80GB"})
    assert response.status_code == 200
    assert not Estimate.objects.exists()
    page = text(response)
    assert 'value="NVIDIA A100 SXM4 80GB"' in page
    assert 'class="footprint"' in page


def test_only_names_can_be_filled_by_a_suggestion(client: Client) -> None:
    client.post("/", OWN_RUN | {"use": "duration_h=99999"})
    assert Estimate.objects.get().workload().duration_h == 36.0


def test_measured_values_of_the_example_do_not_slip_into_another_run(client: Client) -> None:
    data = sent(services.EXAMPLE, accelerator="A100 SXM4 80GB", accelerator_count="8", example="bert-base")
    response = client.post("/", data)
    assert response.status_code == 200
    assert not Estimate.objects.exists()
    page = text(response)
    assert 'value="12041.51"' not in page
    assert "was taken out" in page
    assert 'value="79"' in page


def test_too_many_are_told_to_wait_and_lose_nothing(client: Client, settings: Any) -> None:
    settings.THROTTLE_ESTIMATES_PER_MINUTE = 1
    assert client.post("/", OWN_RUN).status_code == 302
    response = client.post("/", OWN_RUN)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert f'value="{OWN_RUN["duration_h"]}"' in text(response)
    assert Estimate.objects.count() == 1
    settings.THROTTLE_CALCULATE_PER_MINUTE = 0
    response = client.post("/preview/", OWN_RUN)
    assert "Too many requests" in text(response)
    assert response["HX-Reswap"] == "none"


# --- preview ----------------------------------------------------------------------------------------------------------


def test_preview_computes_and_stores_nothing(client: Client, django_assert_num_queries: Queries) -> None:
    with django_assert_num_queries(0):
        response = client.post("/preview/", OWN_RUN)
    assert response.status_code == 200
    page = text(response)
    assert 'class="footprint"' in page
    assert "HX-Reswap" not in response
    assert not Estimate.objects.exists()
    assert "sessionid" not in response.cookies


def test_preview_keeps_the_result_and_says_what_is_wrong(client: Client) -> None:
    response = client.post("/preview/", OWN_RUN | {"duration_h": "x"})
    assert response.status_code == 200
    assert response["HX-Reswap"] == "none"
    page = text(response)
    assert 'class="footprint"' not in page
    assert re.search(r'<div id="msg-duration_h" hx-swap-oob="innerHTML"><p class="field-error">', page)
    assert re.search(r'<div id="msg-pue" hx-swap-oob="innerHTML">\s*</div>', page)
    assert 'name="duration_h"' not in page


def test_preview_says_what_it_took_out(client: Client) -> None:
    page = text(client.post("/preview/", sent(services.EXAMPLE, accelerator_count="8", example="bert-base")))
    for name in ("mean_system_power_w", "pue", "grid_intensity_gco2e_per_kwh"):
        assert re.search(rf'<input(?=[^>]*name="{name}")(?=[^>]*hx-swap-oob="true")(?![^>]*value=)[^>]*>', page), name
    assert "was taken out" in page


def test_preview_of_the_untouched_example_says_so(client: Client) -> None:
    page = text(client.post("/preview/", sent(services.EXAMPLE, example="bert-base")))
    assert '<span class="tag">Example</span>' in page
    page = text(client.post("/preview/", sent(services.EXAMPLE, example="bert-base", duration_h="80")))
    assert '<span class="tag">Your run</span>' in page


def test_preview_takes_a_form_only(client: Client) -> None:
    assert client.get("/preview/").status_code == 405


# --- suggestions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "query", "expected"),
    [
        ("accelerator", "h100", "NVIDIA H100 SXM5 80GB"),
        ("place", "fran", "France"),
        ("model", "llama 2 7", 'data-fill-parameters_count="6.74B"'),
    ],
)
def test_suggestions(client: Client, django_assert_num_queries: Queries, kind: str, query: str, expected: str) -> None:
    with django_assert_num_queries(0):
        response = client.get(f"/suggest/{kind}/", {"q": query})
    assert response.status_code == 200
    page = text(response)
    assert expected in page
    assert f'id="options-{kind}-0"' in page


@pytest.mark.parametrize("kind", ["accelerator", "place", "model"])
@pytest.mark.parametrize("query", ["", "zzzzzz", "<b>", "%", "\u0000", "a" * 5000, "ñ"])
def test_suggestions_for_anything(client: Client, kind: str, query: str) -> None:
    response = client.get(f"/suggest/{kind}/", {"q": query})
    assert response.status_code == 200
    assert "<b>" not in text(response)


def test_no_suggestions_of_an_unknown_kind(client: Client) -> None:
    assert client.get("/suggest/secrets/").status_code == 404


# --- stored estimates -------------------------------------------------------------------------------------------------


def test_a_queued_estimate_says_that_no_worker_is_there(client: Client, django_assert_num_queries: Queries) -> None:
    row = stored()
    with django_assert_num_queries(3):
        response = client.get(f"/estimates/{row.id}/")
    page = text(response)
    assert "No worker is running" in page
    assert f'hx-get="/estimates/{row.id}/status/"' in page
    assert '<meta http-equiv="refresh"' in page
    assert response["X-Robots-Tag"] == "noindex"
    assert "no-store" in response["Cache-Control"]


def test_a_queue_that_is_away_is_said(client: Client) -> None:
    row = stored()
    with patch("estimator.broker.live_workers", return_value=None):
        page = text(client.get(f"/estimates/{row.id}/"))
    assert "The queue does not answer" in page


def test_the_place_in_the_queue_is_said(client: Client) -> None:
    stored()
    stored()
    assert "2 estimates are before it" in text(client.get(f"/estimates/{stored().id}/status/"))


def test_a_finished_estimate_shows_its_result_and_asks_no_more(
    client: Client, django_assert_num_queries: Queries
) -> None:
    row = stored("done")
    with django_assert_num_queries(1):
        page = text(client.get(f"/estimates/{row.id}/"))
    assert 'class="footprint"' in page
    assert f'hx-get="/estimates/{row.id}/status/"' not in page
    assert f'action="/estimates/{row.id}/report/"' in page
    assert f'value="{row.id}"' in page
    assert '<meta http-equiv="refresh"' not in page
    fragment = text(client.get(f"/estimates/{row.id}/status/"))
    assert "<html" not in fragment
    assert "The estimate is done." in fragment
    assert 'class="footprint"' in fragment


def test_a_failed_estimate_says_why_and_can_be_tried_again(client: Client) -> None:
    row = stored("failed")
    page = text(client.get(f"/estimates/{row.id}/"))
    assert "It was tried several times" in page
    assert f'action="/estimates/{row.id}/retry/"' in page
    response = client.post(f"/estimates/{row.id}/retry/")
    assert response.status_code == 302
    row.refresh_from_db()
    assert row.status == JobStatus.QUEUED


def test_trying_again_changes_nothing_that_has_not_failed(client: Client) -> None:
    row = stored("done")
    assert client.post(f"/estimates/{row.id}/retry/").status_code == 302
    row.refresh_from_db()
    assert row.status == JobStatus.DONE
    assert client.get(f"/estimates/{row.id}/retry/").status_code == 405


def test_an_earlier_run_can_be_changed_and_keeps_what_the_form_does_not_show(client: Client) -> None:
    base = services.EXAMPLE.model_copy(
        update={"model": services.EXAMPLE.model.model_copy(update={"training_tokens": 10**9})}
    )
    row = services.submit_estimate(workload=base)
    page = text(client.get(f"/?from={row.id}"))
    assert f'name="based_on" value="{row.id}"' in page
    client.post("/", sent(base, duration_h="80", based_on=str(row.id)))
    later = Estimate.objects.order_by("created_at").last()
    assert later is not None
    assert later.workload().model.training_tokens == 10**9
    assert later.workload().duration_h == 80.0


@pytest.mark.parametrize("path", ["", "status/"])
def test_an_unknown_estimate_is_not_found(client: Client, path: str) -> None:
    response = client.get(f"/estimates/{uuid.uuid4()}/{path}")
    assert response.status_code == 404
    assert "There is nothing at this address" in text(response)


def test_recent_estimates_are_those_of_this_browser(client: Client, django_assert_num_queries: Queries) -> None:
    client.post("/", OWN_RUN)
    client.post("/", OWN_RUN | {"title": "Second"})
    with django_assert_num_queries(2):  # the session, and its estimates
        page = text(client.get("/estimates/"))
    assert page.index("Second") < page.index("Ours")
    assert "Nothing here yet" in text(Client().get("/estimates/"))


def test_only_so_many_are_remembered(client: Client) -> None:
    remember(client, [uuid.uuid4().hex for _ in range(RECENT)])
    client.post("/", OWN_RUN)
    assert len(client.session["estimates"]) == RECENT


def test_a_forged_session_is_no_way_in(client: Client) -> None:
    remember(client, ["x", 5, None])
    assert client.get("/estimates/").status_code == 200


# --- sources, language, errors ----------------------------------------------------------------------------------------


def test_sources_name_publisher_licence_and_tables(client: Client, django_assert_num_queries: Queries) -> None:
    with django_assert_num_queries(0):
        page = text(client.get("/sources/"))
    assert 'id="strubell-2019"' in page
    assert "Epoch AI" in page
    assert "published runs" in page


@pytest.mark.parametrize("language", ["en", "es", "fr"])
@pytest.mark.parametrize("path", ["/", "/?blank=1", "/estimates/", "/sources/", "/no-such-page"])
def test_every_page_in_every_language(client: Client, path: str, language: str) -> None:
    client.post("/language/", {"language": language, "next": "/"})
    response = client.get(path)
    assert response.status_code in {200, 404}
    assert f'<html lang="{language}"' in text(response)


def test_the_error_page_needs_no_database() -> None:
    client = Client(raise_request_exception=False)
    with patch("estimator.models.Estimate.objects.filter", side_effect=OperationalError("away")):
        response = client.get(f"/estimates/{uuid.uuid4()}/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in text(response)
    assert "away" not in text(response)


def test_a_form_without_its_token_is_refused_in_words() -> None:
    response = Client(enforce_csrf_checks=True).post("/", OWN_RUN)
    assert response.status_code == 403
    assert "Please send it again" in text(response)


def test_pages_have_no_inline_script_or_style(client: Client) -> None:
    for path in ("/", f"/estimates/{stored('done').id}/", "/sources/", "/estimates/"):
        page = text(client.get(path))
        assert not re.search(r"<script(?![^>]*(?:\ssrc=|application/json))", page), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page), path


def test_labels_headings_and_landmarks(client: Client) -> None:
    page = text(client.get("/"))
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for control in re.findall(r'<(?:input|select)(?![^>]*type="(?:hidden|submit)")[^>]*\sid="([^"]+)"', page):
        assert f'<label for="{control}"' in page
    for described in re.findall(r'aria-describedby="([^"]+)"', page):
        assert set(described.split()) <= set(ids)
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert page.count("<main") == 1
    assert 'href="#content"' in page
