"""Pages around measurements: lists by project, the same again, what is asked before it is done, and where one is."""

import importlib
import re
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from estimator.api.measured import MeasurementOut
from estimator.core.measuring import MeasurementRequest
from estimator.models import Measurement, Worker
from estimator.services import imports, measurements, workers
from estimator.services.standing import central_kgco2e, standing_of
from tests.estimator.measuring import Caller, ann, desk, person, row, rows_of, send, token, worker
from tests.imports.test_web import SAMPLES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
#: Fixtures that are used by their names.
__all__ = ["ann", "desk", "person", "row", "token", "worker"]


@pytest.fixture
def page(client: Client, ann: User) -> Client:
    client.force_login(ann)
    return client


def text(client: Client, path: str, **named: Any) -> str:
    return client.get(path, **named).content.decode()


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def measured(owner: User, project: str, energy_kwh: float, **named: Any) -> Measurement:
    return Measurement.objects.create(
        owner=owner,
        project=project,
        energy_j=energy_kwh * 3.6e6,
        status="done",
        created_at=timezone.now(),
        **named,
    )


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_project_is_listed_alone_with_its_sum(
    page: Client, ann: User, person: Caller, django_assert_num_queries: Any
) -> None:
    stranger = User.objects.create_user("ben", "ben@example.org", None)
    for number in range(33):
        measured(ann, "Ä & b", 1.5, title=f"run {number}")
    measured(ann, "other", 100.0)
    measured(stranger, "Ä & b", 1_000.0)
    measured(stranger, "secret", 1.0)
    with django_assert_num_queries(6):  # session, account, list, workers, projects, sum
        listed = text(page, "/measurements/", query_params={"project": "Ä & b"})
    assert listed.count("<time") == 30 and "other" in listed and "secret" not in listed
    assert "All measurements of this project together: 49.5 kWh" in words(listed)
    assert "project=%C3%84%20%26%20b" in listed, "the next page is of the same project"
    with django_assert_num_queries(5):
        whole = text(page, "/measurements/")
    assert "together" not in whole and "?project=other" in whole
    status, told = person("GET", "/measurements?project=other")
    assert (status, told["all_energy_kwh"]) == (200, pytest.approx(100.0, rel=1e-12))
    assert [one["project"] for one in told["measurements"]] == ["other"]
    assert person("GET", "/measurements?project=%00")[1]["measurements"] == []
    assert person("GET", "/measurements")[1]["all_energy_kwh"] == pytest.approx(149.5, rel=1e-12)


def test_a_list_tells_emissions_as_the_page_of_each_does(page: Client, worker: Caller, row: Measurement) -> None:
    send(worker, row.pk, 1, rows_of(3_600))
    row.refresh_from_db()
    central, kgco2e = central_kgco2e(row), standing_of(row).kgco2e
    assert kgco2e is not None and central == pytest.approx(kgco2e.central, rel=1e-12)
    told = re.search(r"[\d.]+ g(?: |&nbsp;|\u202f|\xa0)?CO₂e|[\d.]+\s\w+\s?CO₂e", text(page, "/measurements/"))
    assert told is not None and told[0] in text(page, f"/measurements/{row.pk}/")
    Measurement.objects.update(grid={})
    assert "CO₂e" not in words(text(page, "/measurements/")).partition("Measurements ")[2].partition("Wattprint is")[0]


def test_a_list_tells_which_energy_has_its_pue_inside(page: Client, ann: User, person: Caller) -> None:
    def kept(name: str) -> tuple[str, float]:
        data = (SAMPLES / name).read_bytes()
        file, found = imports.import_measurement(data=data, file_name=name, owner=ann)
        return str(file.measurement_id), found.energy_kwh

    # Of known size, and of unknown; and none.
    inside = [kept("codecarbon/cc3.3.2_multi.csv"), kept("green_algorithms/GreenAlgorithms_results_AI_v3.0.csv")]
    without, _ = kept("zeus/zeus0.16.0_measurement_g1.json")
    for is_migrated in (False, True):
        if is_migrated:  # what was kept by an older version of the site
            Measurement.objects.update(includes_pue=False)
            importlib.import_module("estimator.migrations.0020_includes_pue").tell_of_files(apps, None)
        told = {one["id"]: one for one in person("GET", "/measurements")[1]["measurements"]}
        for pk, energy_kwh in inside:
            assert told[pk]["includes_pue"]
            assert told[pk]["facility_energy_kwh"] == told[pk]["energy_kwh"] == pytest.approx(energy_kwh, rel=1e-9)
        assert (told[without]["includes_pue"], told[without]["facility_energy_kwh"]) == (False, None)
        assert text(page, "/measurements/").count('<span class="tag wait">with its PUE</span>') == len(inside)


def test_a_list_asks_again_while_something_runs(page: Client, worker: Caller, row: Measurement) -> None:
    paths = ("/measurements/?project=", f"/workers/{row.worker_id}/")
    send(worker, row.pk, 1, rows_of(2))
    for path in paths:
        assert f'hx-get="{path}" hx-select="#measurements-list"' in text(page, path)
    Measurement.objects.update(status="done")
    for path in paths:
        assert "hx-select" not in text(page, path)


# --- a new one --------------------------------------------------------------------------------------------------------


def test_the_same_is_measured_again_with_all_that_was_said(page: Client, ann: User, desk: workers.Enrolled) -> None:
    said: dict[str, Any] = {
        "worker": str(desk.worker.pk),
        "target": "workload",
        "workload": "train",
        "interval_s": 0.25,
        "duration_s": 90.0,
        "baseline_s": 5.0,
        "title": "try <1>",
        "project": "thesis",
        "location": {"provider": "aws", "region": "eu-west-3"},
        "pue": 1.25,
        "planned_h": 10.0,
        "budget_kwh": 2.0,
        "budget_kgco2e": 0.5,
    }
    row = measurements.request_measurement(owner=ann, asked=MeasurementRequest.model_validate(said))
    for status, code in (("done", ""), ("failed", "internal")):
        Measurement.objects.update(status=status, error_code=code)
        assert f"/measurements/new/?again={row.pk}" in text(page, f"/measurements/{row.pk}/")
    form = page.get(f"/measurements/new/?again={row.pk}").context["form"]
    sent = {name: form[name].value() for name in form.fields}
    answer = page.post("/measurements/new/", {name: told for name, told in sent.items() if told is not None})
    assert answer.status_code == 302, answer.context["form"].errors
    again = Measurement.objects.exclude(pk=row.pk).get()
    kept = ["worker_id", "target", "workload_name", "interval_s", "duration_limit_s", "baseline_s", "title", "project"]
    kept += ["location", "grid_intensity_gco2e_per_kwh", "pue", "planned_h", "budget_kwh", "budget_kgco2e"]
    assert {name: getattr(again, name) for name in kept} == {name: getattr(row, name) for name in kept}


def test_the_number_of_a_process_is_not_taken_over(page: Client, ann: User, desk: workers.Enrolled) -> None:
    asked = MeasurementRequest(worker=str(desk.worker.pk), target="process", pid=4711)
    row = measurements.request_measurement(owner=ann, asked=asked)
    form = page.get(f"/measurements/new/?again={row.pk}").context["form"]
    assert (form["target"].value(), form["pid"].value()) == ("process", None)


def test_nobody_elses_is_measured_again(page: Client, desk: workers.Enrolled) -> None:
    stranger = User.objects.create_user("ben", "ben@example.org", None)
    row = measured(stranger, "", 1.0)
    assert page.get(f"/measurements/new/?again={row.pk}").status_code == 404
    assert page.get(f"/measurements/new/?again={uuid.uuid4()}").status_code == 404
    assert page.get("/measurements/new/?again=x").status_code == 200


def test_without_a_worker_it_is_said_what_is_missing(page: Client, ann: User) -> None:
    for path in ("/measurements/", "/workers/"):
        assert "/measurements/new/" not in text(page, path)
    shown = page.get("/measurements/new/", follow=True)
    assert shown.redirect_chain == [("/workers/", 302)]
    assert "Add the machine first" in shown.content.decode()
    now = timezone.now()
    Worker.objects.create(owner=ann, name="x", prefix="x", digest="x", created_at=now, disabled_at=now)
    assert "each of yours is disabled" in page.get("/measurements/new/", follow=True).content.decode()
    assert "/measurements/new/" not in text(page, "/workers/")


def test_what_is_wrong_is_summed_up_where_the_focus_goes(page: Client, desk: workers.Enrolled) -> None:
    form = {"worker": str(desk.worker.pk), "target": "process", "interval_s": "1", "pue": "0.2"}
    told = page.post("/measurements/new/", form).content.decode()
    summary = told.partition('id="error-summary"')[2].partition("</div>")[0]
    assert told.count("data-focus") == 1 and 'href="#id_pue"' in summary
    told = page.post("/measurements/new/", form | {"pue": ""}).content.decode()
    assert 'href="#id_pid"' in told.partition('id="error-summary"')[2].partition("</div>")[0]
    assert 'id="error-summary"' not in text(page, "/measurements/new/")


# --- asked before it is done ------------------------------------------------------------------------------------------


def test_what_loses_something_is_asked_first_and_says_what(page: Client, row: Measurement) -> None:
    inside = re.compile(r"<details class=\"asked-first\">(.*?)</details>", re.S)
    shown = text(page, f"/measurements/{row.pk}/")
    assert [f"/measurements/{row.pk}/delete/" in part for part in inside.findall(shown)] == [True]
    assert "with all its samples" in shown and "stopped" in inside.findall(shown)[0]
    path = f"/workers/{row.worker_id}/"
    disable, delete = inside.findall(text(page, path))
    assert f"{path}switch/" in disable and "1 measurement that waits or runs on it ends now as failed" in disable
    assert f"{path}delete/" in delete and "1 measurement that waits" in delete
    Measurement.objects.update(status="done")
    assert "ends now as failed" not in text(page, path)


def test_the_page_of_a_worker_says_where_its_file_is_and_what_to_write(page: Client, desk: workers.Enrolled) -> None:
    path = f"/workers/{desk.worker.pk}/"
    shown = text(page, path)
    assert "the worker says where that is when it starts" in shown and "command = [&quot;python&quot;" in shown
    Worker.objects.update(inventory={"config_path": "/home/<i>/worker.toml"})
    assert '<code class="breakable">/home/&lt;i&gt;/worker.toml</code>' in text(page, path)


def test_the_api_describes_each_number_of_a_measurement_with_its_unit_and_an_example(client: Client) -> None:
    known = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    told = ("MeasurementOut", "MeasurementsOut", "SeriesOut", "AttributedOut", "ShareOut", "GridOut", "Triple")
    for name in (*told, "WorkerOut", "MeasurementRequest"):
        for field, about in known[name]["properties"].items():
            assert about.get("description") or "$ref" in about or field == "location", (name, field)
            if field.endswith(("_kwh", "_w", "_s", "_kgco2e", "_j")):
                assert about["description"].endswith("]"), (name, field)
    (example,) = known["MeasurementOut"]["examples"]
    shown = MeasurementOut.model_validate(example)
    assert set(example) == set(MeasurementOut.model_fields)
    assert shown.energy_kwh == pytest.approx(shown.energies_j["cpu_package:0"] / 3.6e6)
    assert shown.grid is not None and shown.facility_energy_kwh is not None
    per_kwh = shown.grid.grid_intensity_gco2e_per_kwh.central
    assert shown.operational_location_based_kgco2e is not None
    assert shown.operational_location_based_kgco2e.central == pytest.approx(shown.facility_energy_kwh * per_kwh / 1e3)
    MeasurementRequest.model_validate(known["MeasurementRequest"]["examples"][0])


# --- where one is -----------------------------------------------------------------------------------------------------


def test_every_page_around_measurements_is_marked_in_the_navigation(page: Client, row: Measurement) -> None:
    paths = ["/measurements/", "/measurements/new/", f"/measurements/{row.pk}/", "/workers/", "/imports/"]
    for path in [*paths, f"/workers/{row.worker_id}/"]:
        shown = text(page, path)
        said = "page" if path == "/measurements/" else "true"
        assert f'href="/measurements/" aria-current="{said}">Measure</a>' in shown, path
        assert "Estimates are ranges, not measurements." not in shown
    for path in ("/", "/no-such-page/"):
        shown = text(page, path)
        assert 'href="/measurements/" aria-current' not in shown
        assert "Estimates are ranges, not measurements." in shown


def test_signing_up_is_called_what_its_heading_says(client: Client) -> None:
    shown = text(client, "/account/signup/")
    title = re.search(r"<title>\s*(.*?)\s*·", shown, re.S)
    assert title is not None and title[1] in re.findall(r"<h1[^>]*>\s*(.*?)\s*</h1>", shown, re.S)
