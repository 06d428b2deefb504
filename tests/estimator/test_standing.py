"""How far a measurement is: one rule of emissions for all doors, and what its page says while it runs and after."""

import importlib
import re
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from estimator.core.measuring import MeasurementRequest
from estimator.measure.figures import Lookup, Question
from estimator.measure.finished import Finished, carbon, text
from estimator.measure.samplers import Component
from estimator.measure.totals import Total
from estimator.models import Estimate, Measurement, MeasurementStatus, Worker
from estimator.services import measurements, run_estimate, workers
from reports import quantities
from tests.estimator.measuring import START_S, Caller, ann, begin, desk, person, row, rows_of, send, token, worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
#: Fixtures that are used by their names.
__all__ = ["ann", "desk", "person", "row", "token", "worker"]

KWH_J = 3_600_000.0
CPU = "cpu_package:0"


@pytest.fixture
def page(client: Client, ann: User) -> Client:
    client.force_login(ann)
    return client


def words(answer: Any) -> str:
    """What is read, without marks, in plain spaces."""
    text = re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("\xa0", " ").replace("\u202f", " ")
    return re.sub(r"\s+([.,)])", r"\1", " ".join(text.split()))


# --- one rule for all doors -------------------------------------------------------------------------------------------


def finished(question: Question, pue: float | None) -> Finished:
    """One kilowatt-hour in an hour, as a command line tells it."""
    part = Component(CPU, "counter", low=0.8, high=1.2)
    total = Total(part, "counter", KWH_J, 1_000.0)
    told, problem = carbon((0.8 * KWH_J, KWH_J, 1.2 * KWH_J), None, lookup=Lookup(question), pue=pue)
    assert not problem
    return Finished(
        client_id=str(uuid.uuid4()), title="try", command_name="python", started_at_s=START_S, duration_s=3_600.0,
        interval_s=1.0, inventory={"host": {"name": "vm"}}, totals=(total,), attributed=(), samples=[], flags=(),
        question=question, pue=pue, carbon=told,
    )  # fmt: skip


@pytest.mark.parametrize(("pue", "name"), [(None, "France"), (1.25, "France"), (None, "")])
def test_command_line_api_and_page_tell_the_same_of_one_measurement(
    page: Client,
    ann: User,
    desk: workers.Enrolled,
    worker: Caller,
    person: Caller,
    pue: float | None,
    name: str,
) -> None:
    said = finished(Question(place=name), pue)
    assert said.carbon is not None
    low, central, high = said.carbon.kgco2e
    intensity = said.carbon.figures.grid_intensity_gco2e_per_kwh
    assert central == pytest.approx(intensity.central / 1_000.0 * (pue or 1.0), rel=1e-12)
    told = person("POST", "/measurements/finished", said.body())[1]
    # The same machine, measured live.
    place: dict[str, Any] = ({"location": {"country": "FR"}} if name else {}) | ({"pue": pue} if pue else {})
    asked = MeasurementRequest.model_validate({"worker": str(desk.worker.pk)} | place)
    live = measurements.request_measurement(owner=ann, asked=asked)
    begin(worker, live.pk, run=uuid.uuid4(), parts=[{"name": CPU, "quality": "counter", "low": 0.8, "high": 1.2}])
    send(worker, live.pk, 1, rows_of(1, step_s=3_600.0, energies={CPU: KWH_J}))
    for one in (told, person("GET", f"/measurements/{live.pk}")[1]):
        emitted = one["operational_location_based_kgco2e"]
        assert [emitted[end] for end in ("low", "central", "high")] == pytest.approx([low, central, high], rel=1e-9)
        assert one["grid"]["pue"] == pue
        assert one["facility_energy_kwh"] == (None if pue is None else pytest.approx(1.25))
        assert one["energy_range_kwh"] == {"low": pytest.approx(0.8), "central": 1.0, "high": pytest.approx(1.2)}
        shown = words(page.get(f"/measurements/{one['id']}/"))
        assert ("desk · the whole machine ·" if one["kind"] == "live" else "vm · command line ·") in shown
        assert quantities.quantity(central, "kgCO2e").replace("\xa0", " ").replace("\u202f", " ") in shown
        grid = quantities.quantity(intensity.central, "gCO2e/kWh").replace("\xa0", " ").replace("\u202f", " ")
        year = one["grid"]["year"]
        by_place = f"France {year}, {grid} (exact match)"
        by_world = f"the world average of {year}, {grid}, as no place was given"
        assert f"CO₂e by {by_place if name else by_world}" in shown
        none_given = "Without cooling and other losses of the building: no PUE was given."
        assert ("PUE 1.25." in shown, none_given in shown, none_given in text(said)) == (
            pue is not None, pue is None, pue is None,
        )  # fmt: skip
    # The estimate that is made of it assumes one, and its form says which.
    estimate = Estimate.objects.get(pk=told["estimate"])
    run_estimate(estimate_id=estimate.pk, worker="w")
    estimate.refresh_from_db()
    assert estimate.footprint is not None
    assumed = next(one for one in estimate.footprint["assumptions"] if one["name"] == "pue")["value"]
    shown = words(page.get(f"/measurements/{told['id']}/"))
    if pue is None:
        assert f"The footprint assumes a PUE of {assumed} where you give none; for a laptop or a desk give 1." in shown
    else:
        assert assumed == pue and "The footprint takes the PUE of 1.25 that was given." in shown


def test_without_a_place_the_world_average_is_named_as_such(
    page: Client, ann: User, desk: workers.Enrolled, worker: Caller, person: Caller
) -> None:
    asked = MeasurementRequest(worker=str(desk.worker.pk))
    row = measurements.request_measurement(owner=ann, asked=asked)
    send(worker, row.pk, 1, rows_of(10))
    grid = person("GET", f"/measurements/{row.pk}")[1]["grid"]
    assert (grid["match"], grid["place"]) == ("world", "World")
    assert re.search(r"by the world average of \d{4}, [\d,]+ g CO₂e/kWh, as no place was given, no PUE given\.", words(
        page.get(f"/measurements/{row.pk}/")
    ))  # fmt: skip


def test_what_was_kept_with_an_assumed_pue_is_kept_without(row: Measurement, person: Caller, page: Client) -> None:
    keep_intensity = importlib.import_module("estimator.migrations.0016_measured_grid").keep_intensity
    now, path = row.grid, f"/measurements/{row.pk}/"
    drawn: dict[str, Any] = {
        "components": [{"name": CPU}], "energies_j": {CPU: KWH_J}, "energy_j": KWH_J, "covered_s": 3_600.0,
        "status": "running", "started_at_s": START_S, "next_sequence": 3_601,
    }  # fmt: skip

    def kept_as(intensity_gco2e_per_kwh: float, **more: Any) -> dict[str, Any]:
        per_kwh = {
            end: intensity_gco2e_per_kwh * 1.54e-3 * by for end, by in (("low", 0.8), ("central", 1), ("high", 1.3))
        }
        old = {
            "kgco2e_per_kwh": per_kwh,
            "grid_intensity_gco2e_per_kwh": intensity_gco2e_per_kwh,
            "match": "exact",
            "pue": 1.54,
            "dataset_version": "v",
        }
        Measurement.objects.update(**({"grid": old, "pue": None} | drawn | more))
        keep_intensity(apps, None)
        assert page.get(path).status_code == 200
        return dict(Measurement.objects.get().grid)

    # Other tables since then: the range is that of the emissions, in which the PUE's was too.
    kept = kept_as(40.0)
    assert kept["grid_intensity_gco2e_per_kwh"] == pytest.approx({"low": 32.0, "central": 40.0, "high": 52.0})
    assert (kept["text_params"], kept["dataset_version"]) == ({"place": "France"}, "v")
    told = person("GET", f"/measurements/{row.pk}")[1]
    assert told["operational_location_based_kgco2e"]["central"] == pytest.approx(0.04, rel=1e-12)
    # The same tables.
    assert kept_as(now["grid_intensity_gco2e_per_kwh"]["central"]) == now
    keep_intensity(apps, None)
    assert Measurement.objects.get().grid == now, "once"
    # It was given, and by no table.
    kept = kept_as(50.0, grid_intensity_gco2e_per_kwh=50.0, location={})
    assert (kept["status"], kept["match"]) == ("given", None)
    assert re.search(r"CO₂e by 50[.0]*\sg\sCO₂e/kWh, as it was given, no PUE given", words(page.get(path)))


# --- what the page says -----------------------------------------------------------------------------------------------


def test_what_has_no_samples_shows_no_numbers_and_says_what_is_awaited(
    page: Client, worker: Caller, row: Measurement
) -> None:
    path = f"/measurements/{row.pk}/"

    def numbers(answer: Any) -> list[bool]:
        html = answer.content.decode()
        return ["data-energy" in html, 'aria-labelledby="power-title" hidden' in html, "Power over time" in html]

    queued = page.get(path)
    assert numbers(queued) == [False, True, True]
    assert "The worker is offline" in words(queued) and "until it is stopped" in words(queued)
    begin(worker, row.pk, run=uuid.uuid4())
    Worker.objects.update(last_seen_at=timezone.now())
    assert "The first sample is awaited." in words(page.get(path))
    Measurement.objects.update(status=MeasurementStatus.FAILED, error_code="nothing_measured")
    failed = page.get(path)
    assert numbers(failed) == [False, False, False]
    assert "It ended before any energy was measured." in words(failed)


def test_facts_say_how_long_how_often_where_and_from_when_to_when(
    page: Client, worker: Caller, row: Measurement
) -> None:
    Measurement.objects.update(duration_limit_s=3_600.0, interval_s=0.5)
    send(worker, row.pk, 1, rows_of(150))
    path = f"/measurements/{row.pk}/"
    live = words(page.get(path))
    assert "Measured for 2 min 30 s of 60 min" in live and "Read every 0.5 s" in live
    assert "From 2026-11-18" in live and "Last sample 2026-11-18" in live and "Where desk, France" in live
    assert "At the end, if it goes on so" in live
    Measurement.objects.update(status=MeasurementStatus.DONE)
    done = words(page.get(path))
    assert "Measured for 2 min 30 s Read every" in done and " To 2026-11-18" in done
    assert "if it goes on so" not in done
    Measurement.objects.update(planned_h=10.0)
    assert "In 10 h, if it goes on so" in words(page.get(path)), "the whole run is longer than what was measured"
    Measurement.objects.update(status=MeasurementStatus.LOST)
    lost = page.get(path)
    assert "The last sample is of 2026-11-18" in words(lost)
    assert '<button class="button" id="conclude-button">' in lost.content.decode()
    assert '<button class="button secondary" id="stop-button">' in lost.content.decode()


def test_what_failed_by_itself_is_told_of_at_the_top(page: Client, person: Caller, worker: Caller) -> None:
    body = finished(Question(grid_intensity_gco2e_per_kwh=50.0), None).body() | {"exit_code": 3}
    told = person("POST", "/measurements/finished", body)[1]
    path = f"/measurements/{told['id']}/"
    html = page.get(path).content.decode()
    assert html.index("The command ended with code 3: it failed.") < html.index("data-energy")
    at_top: dict[str, dict[str, Any]] = {
        "Signal 9 ended the workload.": {"kind": "live", "exit_code": -9},
        "The workload ended with code 1: it failed.": {"kind": "live", "exit_code": 1},
    }
    for words_of_it, changes in at_top.items():
        Measurement.objects.update(**changes)
        assert words_of_it in words(page.get(path))
    # What was ended with its measurement has not failed.
    ended_with_it: list[dict[str, Any]] = [{"exit_code": 0}, {"exit_code": -15, "stop_asked_at": timezone.now()}]
    for changes in ended_with_it:
        Measurement.objects.update(**changes)
        assert "notice danger" not in page.get(path).content.decode()
        assert f"ended with exit code {changes['exit_code']}" in words(page.get(path))


def test_the_estimate_leads_its_owner_back_and_nobody_else(page: Client, person: Caller) -> None:
    told = person("POST", "/measurements/finished", finished(Question(place="France"), None).body())[1]
    run_estimate(estimate_id=uuid.UUID(told["estimate"]), worker="w")
    back = f'href="/measurements/{told["id"]}/"'
    assert back in page.get(f"/estimates/{told['estimate']}/").content.decode()
    Estimate.objects.update(sharing="public")
    assert back not in Client().get(f"/estimates/{told['estimate']}/").content.decode()


def test_a_share_has_a_name_of_its_own_from_the_first_moment(page: Client, worker: Caller, row: Measurement) -> None:
    Measurement.objects.update(target="workload", workload_name="train")
    run = uuid.uuid4()
    parts: list[dict[str, Any]] = [
        {"name": CPU, "label": "CPU", "counted": False},
        {"name": f"process:{CPU}", "label": "CPU"},
    ]
    begin(worker, row.pk, run=run, parts=parts)
    path = f"/measurements/{row.pk}/"
    for energies in ({CPU: 100.0}, {CPU: 100.0, f"process:{CPU}": 40.0}):
        row.refresh_from_db()
        send(worker, row.pk, row.next_sequence, rows_of(1, from_s=row.last_time_s or START_S, energies=energies), run)
        html = page.get(path).content.decode()
        assert html.count('<th scope="row">CPU') <= 1, "each component stands in one row"
    assert "CPU, share of the workload train" in html
    assert "Share of the workload train attributed" in words(page.get(path))


def test_only_what_changed_is_sent_to_a_page_that_watches(page: Client, worker: Caller, row: Measurement) -> None:
    path = f"/measurements/{row.pk}/status/"
    send(worker, row.pk, 1, rows_of(5))
    by_htmx = {"HX-Request": "true"}
    html = page.get(f"/measurements/{row.pk}/").content.decode()
    found = re.search(r'hx-get="[^"]*\?seen=([^"]+)"', html)
    assert found is not None and html.count('role="status"') == 1 and 'role="alert"' not in html
    same = page.get(f"{path}?seen={found[1]}", headers=by_htmx)
    assert (same["HX-Retarget"], same["HX-Reswap"]) == ("#measurement-numbers", "innerHTML")
    assert "stop-button" not in same.content.decode() and "data-energy" in same.content.decode()
    assert "measurement-told" not in same.content.decode(), "nothing is told twice"
    Measurement.objects.update(status=MeasurementStatus.LOST)
    other = page.get(f"{path}?seen={found[1]}", headers=by_htmx)
    assert "HX-Retarget" not in other
    assert "stop-button" in other.content.decode()
    assert "lost. The last sample is of" in other.content.decode().partition('id="measurement-told"')[2]
    Measurement.objects.update(status=MeasurementStatus.DONE)
    over = page.get(f"{path}?seen={found[1]}", headers=by_htmx)
    assert over["HX-Refresh"] == "true"
    assert "hx-get" not in page.get(f"/measurements/{row.pk}/").content.decode().partition("measurement-state")[2]
    assert "hx-trigger" not in page.get(path).content.decode(), "without htmx it is no page that asks again"


def test_what_was_drawn_above_the_idle_machine_stands_beside_what_was_drawn(
    page: Client, worker: Caller, row: Measurement
) -> None:
    send(worker, row.pk, 1, rows_of(3_600, energies={CPU: 100.0}))
    Measurement.objects.update(baseline_power_w={CPU: 40.0})
    shown = words(page.get(f"/measurements/{row.pk}/"))
    assert "Above the idle machine +60.0 Wh 40.0 W before, 100 W since" in shown
    assert "Measured are CPUs and memory alone" in shown
