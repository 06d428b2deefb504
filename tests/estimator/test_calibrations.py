"""Calibrations: what the hardware of an account really drew, where it is shown, and what the next estimate takes."""

import importlib
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from estimator import services
from estimator.core.inputs import Hardware, Location, Workload
from estimator.models import Estimate, ImportedFile, Measurement, MeasurementStatus, Observation, Worker
from estimator.reference import catalogue
from estimator.services import calibrations, imports, measurements, submit_estimate
from estimator.services.calibrations import Calibrated, calibrations_of
from tests.estimator.measuring import START_S, Caller, ann, begin, desk, person, row, rows_of, send, token, worker
from tests.estimator.test_measurements import recorded
from tests.harness.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
#: Fixtures that are used by their names.
__all__ = ["ann", "desk", "person", "row", "token", "worker"]

H100 = "NVIDIA H100 80GB HBM3"
XEON = "Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz"


def cards(*names: str) -> dict[str, Any]:
    told = [{"name": name, "component": f"accelerator:{at}", "limit_w": 700.0} for at, name in enumerate(names)]
    return {"accelerators": told, "cpu": {"model": XEON}}


def run(
    owner: User, machine: Worker | None, *watts: float, hours: float, names: tuple[str, ...] = (H100, H100), **more: Any
) -> Measurement:
    """A finished measurement in which each card drew so many watts."""
    seconds = hours * 3_600
    joules = {f"accelerator:{at}": power * seconds for at, power in enumerate(watts)}
    columns = {
        "owner": owner,
        "worker": machine,
        "worker_name": machine.name if machine else "",
        "status": MeasurementStatus.DONE,
        "inventory": cards(*names),
        "components": [{"name": name, "quality": "counter", "counted": True} for name in joules],
        "energies_j": joules,
        "energy_j": sum(joules.values()),
        "covered_s": seconds,
        "started_at_s": START_S,
        "last_time_s": START_S + seconds,
        "created_at": timezone.now(),
    } | more
    found = Measurement.objects.create(**columns)
    calibrations.note(found)
    return found


def three_runs(owner: User, machine: Worker) -> list[Measurement]:
    """An hour at 300 W on both cards; three at 200 W on one of them, the other idle; half a minute, which is short."""
    return [
        run(owner, machine, 300.0, 300.0, hours=1.0, title="first"),
        run(owner, machine, 200.0, 60.0, hours=3.0, title="second"),
        run(owner, machine, 650.0, 650.0, hours=30 / 3_600, title="third"),
    ]


def machine_of(owner: User, name: str = "rack") -> Worker:
    inventory = cards(H100, H100)
    key = uuid.uuid4().hex
    return Worker.objects.create(
        owner=owner, name=name, prefix=key[:20], digest=key, inventory=inventory, created_at=timezone.now()
    )


def only(owner: User, **asked: Any) -> Calibrated:
    (found,) = calibrations_of(owner=owner, **asked)
    return found


# --- arithmetic -------------------------------------------------------------------------------------------------------


def test_all_runs_of_a_worker_are_weighted_by_their_time(ann: User) -> None:
    rack = machine_of(ann)
    three_runs(ann, rack)
    found = only(ann)
    assert found.calibration is not None
    told = found.calibration
    # (300 W x 1 h + 200 W x 3 h) / 4 h, of the busy cards; the limit is that of the catalogue.
    assert told.mean_power_w == pytest.approx(225.0, rel=1e-12)
    assert told.low_w == pytest.approx(200.0) and told.high_w == pytest.approx(300.0)
    assert told.observations_count == 2 and told.duration_h == pytest.approx(4.0)
    assert told.utilisation == pytest.approx(225.0 / 700.0, rel=1e-12)
    assert found.hardware == catalogue.find_accelerator(H100).row.id
    assert found.left_out_counts == {"short": 1}
    assert (found.source, found.worker) == ("rack", rack.pk)
    assert [run.title for run in found.newest] == ["third", "second", "first"]


def test_it_becomes_an_estimate_that_says_where_its_draw_comes_from(person: Caller, ann: User) -> None:
    three_runs(ann, machine_of(ann))
    status, told = person("GET", "/calibrations")
    assert (status, told["next_cursor"]) == (200, None)
    (item,) = told["items"]
    assert item["mean_power_w"] == pytest.approx({"low": 200.0, "central": 225.0, "high": 300.0})
    assert (item["runs_count"], item["duration_h"], item["left_out_counts"]) == (2, pytest.approx(4.0), {"short": 1})
    assert item["inputs"]["hardware"]["accelerator_count"] == 1, "as many as were busy in the newest run that counts"
    body = {"hardware": item["inputs"]["hardware"] | {"accelerator_count": 8}, "duration_h": 10.0, "pue": 1.0}
    status, footprint = person("POST", "/calculate", body)
    # 8 x 225 W x 10 h
    assert status == 200, footprint
    assert footprint["result"]["accelerator_energy_kwh"]["central"] == pytest.approx(18.0, rel=1e-12)
    draw = next(one for one in footprint["assumptions"] if one["name"] == "mean_accelerator_power_w")
    assert draw["status"] == "given"
    for part in ("rack", "225 W", "2 runs", "4 h"):
        assert part in draw["note"]


def test_machines_and_hardware_are_kept_apart(ann: User, person: Caller) -> None:
    rack, tower = machine_of(ann), machine_of(ann, "tower")
    run(ann, rack, 300.0, 100.0, hours=1.0, names=(H100, "Tesla T4"))
    run(ann, tower, 400.0, hours=1.0)
    run(ann, tower, 500.0, hours=1.0, names=("A card nobody knows",))
    found = {(one.source, one.device): one for one in calibrations_of(owner=ann)}
    known = catalogue.find_accelerator(H100).row.name
    t4 = catalogue.find_accelerator("Tesla T4").row.name
    assert set(found) == {("rack", known), ("rack", t4), ("tower", known), ("tower", "A card nobody knows")}
    unknown = found["tower", "A card nobody knows"]
    assert unknown.hardware is None and unknown.calibration is not None and unknown.calibration.utilisation is None
    assert calibrations_of(owner=ann, worker=tower.pk)[0].source == "tower"
    assert len(calibrations_of(owner=ann, worker=rack.pk)) == 2
    # A page at a time, each once.
    seen: list[str] = []
    cursor = ""
    while True:
        _, told = person("GET", f"/calibrations?limit=1&cursor={cursor}")
        seen += [item["id"] for item in told["items"]]
        cursor = told["next_cursor"] or ""
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 4
    assert person("GET", "/calibrations?cursor=none")[0] == 422


def test_a_machine_without_cards_is_calibrated_by_its_processors(ann: User) -> None:
    joules = {"cpu_package:0": 90.0 * 3_600, "cpu_package:1": 30.0 * 3_600, "dram:0": 1.0}
    parts = [{"name": name, "quality": "counter", "counted": True} for name in joules]
    run(ann, machine_of(ann), hours=1.0, inventory=cards(), energies_j=joules, components=parts)
    found = only(ann)
    assert (found.kind, found.hardware) == ("cpu", catalogue.find_cpu(XEON).row.id)
    assert found.calibration is not None
    hardware = found.calibration.applied_to(Workload()).hardware
    assert hardware.cpu_count == 2 and hardware.mean_cpu_power_w == pytest.approx(120.0)


def test_shares_of_a_process_are_no_draw_of_a_card(ann: User) -> None:
    joules = {"process:accelerator:0": 3e5, "accelerator:0": 1_080_000.0}
    parts = [{"name": name, "quality": "counter", "counted": name != "accelerator:0"} for name in joules]
    run(ann, machine_of(ann), hours=1.0, energies_j=joules, components=parts)
    assert only(ann).calibration.mean_power_w == pytest.approx(300.0)  # type: ignore[union-attr]


# --- never stale ------------------------------------------------------------------------------------------------------


def test_it_follows_what_is_finished_deleted_renamed(ann: User) -> None:
    rack = machine_of(ann)
    first, second, _third = three_runs(ann, rack)
    measurements.delete_measurement(owner=ann, measurement_id=first.pk)
    assert only(ann).calibration.mean_power_w == pytest.approx(200.0)  # type: ignore[union-attr]
    measurements.delete_measurement(owner=ann, measurement_id=second.pk)
    found = only(ann)
    assert found.calibration is None and found.left_out_counts == {"short": 1}
    run(ann, rack, 400.0, hours=1.0)
    Worker.objects.update(name="rack 2")
    assert only(ann).source == "rack 2"
    rack.delete()
    assert only(ann).source == "rack", "as it was called when it measured"
    Measurement.objects.all().delete()
    assert not calibrations_of(owner=ann) and not Observation.objects.exists()


def test_a_live_measurement_is_observed_when_it_ends(ann: User, worker: Caller, row: Measurement) -> None:
    run_id = uuid.uuid4()
    part = {"name": "accelerator:0", "quality": "sampled", "label": H100}
    begin(worker, row.pk, run=run_id, parts=[part])
    Measurement.objects.update(inventory=cards(H100))
    send(worker, row.pk, 1, rows_of(110, energies={"accelerator:0": 250.0}), run_id)
    # Ten seconds of a gap: 8.3 % of the whole.
    gap = [START_S + 120, {"accelerator:0": 2_500.0}, 10.0, ["gap"]]
    send(worker, row.pk, 111, [gap], run_id)
    assert not calibrations_of(owner=ann)
    worker("POST", f"/measurements/{row.pk}/finish", {"run": str(run_id), "samples_count": 111})
    row.refresh_from_db()
    assert (row.status, row.gap_s, row.covered_s) == ("done", 10.0, 120.0)
    assert only(ann).calibration.mean_power_w == pytest.approx(250.0)  # type: ignore[union-attr]
    Measurement.objects.update(gap_s=13.0)
    row.refresh_from_db()
    calibrations.note(row)
    assert only(ann).left_out_counts == {"gaps": 1}


def test_what_the_command_line_brings_counts_under_its_host(person: Caller, ann: User) -> None:
    body = recorded(
        duration_s=120.0,
        inventory={"host": {"name": "laptop"}, "meters": []} | cards(H100),
        components=[{"name": "accelerator:0", "quality": "counter", "energy_j": 36_000.0, "mean_power_w": 300.0}],
        samples=[],
    )
    assert person("POST", "/measurements/finished", body)[0] == 201
    found = only(ann)
    assert (found.source, found.worker) == ("laptop", None)
    assert found.calibration is not None and found.calibration.mean_power_w == pytest.approx(300.0)


def test_a_file_counts_by_the_hardware_of_the_estimate_it_is_set_against(ann: User) -> None:
    log = "timestamp, index, power.draw [W]\n" + "".join(
        f"2026/01/01 {at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}.000, {card}, 350.00 W\n"
        for at in range(0, 3_660, 60)
        for card in (0, 1)
    )
    held, refusal = imports.hold_import(data=log.encode(), file_name="log.csv", owner=ann)
    assert refusal is None and imports.keep_import(import_id=held.pk)
    assert not calibrations_of(owner=ann), "it says neither what drew, nor how many"
    hardware = Hardware(accelerator="a100", accelerator_count=2)
    estimate = estimated(ann, Workload(hardware=hardware, duration_h=1.0, location=Location(country="FR")))
    assert imports.link_import(import_id=held.pk, estimate_id=estimate.pk)
    found = only(ann)
    assert found.calibration is not None and found.hardware is not None and "a100" in found.hardware
    assert found.calibration.mean_power_w == pytest.approx(350.0)
    assert ImportedFile.objects.get().estimate == estimate


def test_what_was_measured_before_is_observed_by_the_migration(ann: User) -> None:
    three_runs(ann, machine_of(ann))
    before = only(ann)
    Observation.objects.all().delete()
    importlib.import_module("estimator.migrations.0013_observation").observe(apps, None)
    assert only(ann) == before


def test_one_query_for_one_run_and_for_many(people: People, django_assert_num_queries: Any) -> None:
    owner = people.owner.user
    rack = machine_of(owner)
    for number in range(30):
        run(owner, rack, 300.0 + number, hours=1.0)
    with django_assert_num_queries(1):
        assert len(only(owner).runs) == 30
    asked = people.owner.bearer()
    Client().get("/api/v1/calibrations", headers=asked)  # the use of the token is noted once a minute
    with django_assert_num_queries(2):  # token, observations
        assert Client().get("/api/v1/calibrations", headers=asked).status_code == 200
    browser = people.owner.client
    with django_assert_num_queries(6):  # session, account, worker, its measurements, those that go on, observations
        assert browser.get(f"/workers/{rack.pk}/").status_code == 200


# --- rights -----------------------------------------------------------------------------------------------------------


def test_everything_is_its_owners(people: People) -> None:
    owner = people.owner.user
    three_runs(owner, machine_of(owner))
    key = only(owner).id
    assert len(Client().get("/api/v1/calibrations", headers=people.owner.bearer("measurements")).json()["items"]) == 1
    assert Client().get("/api/v1/calibrations", headers=people.owner.bearer("estimates")).status_code == 403
    for other in (people.stranger, people.staff):
        assert Client().get("/api/v1/calibrations", headers=other.bearer()).json()["items"] == []
        assert other.client.get(f"/?calibration={key}").status_code == 404
        assert str(key) not in other.client.get("/").content.decode()
        page = other.client.post("/", {"use": f"calibration={key}"}).content.decode()
        assert "rack" not in page
    assert str(key) not in people.nobody.get("/").content.decode()
    assert people.nobody.get(f"/?calibration={key}")["Location"].startswith("/account/login/")
    for wrong in ("", "x", str(uuid.uuid4())):
        assert people.owner.client.get(f"/?calibration={wrong}").status_code == 404
    assert people.owner.client.get(f"/?calibration={key}").status_code == 200


# --- pages ------------------------------------------------------------------------------------------------------------


def estimated(owner: User, workload: Workload) -> Estimate:
    found = submit_estimate(workload=workload, owner=owner)
    services.run_estimate(estimate_id=found.pk, worker="w")
    found.refresh_from_db()
    return found


def test_the_page_of_a_worker_says_what_it_really_draws(client: Client, ann: User) -> None:
    client.force_login(ann)
    rack = machine_of(ann)
    assert "What it really draws" not in client.get(f"/workers/{rack.pk}/").content.decode()
    rows = three_runs(ann, rack)
    page = client.get(f"/workers/{rack.pk}/").content.decode()
    assert "What it really draws" in page
    assert "225\u00a0W" in page and "32\u00a0%" in page and "shorter than a minute" in page
    assert all(f"/measurements/{one.pk}/" in page for one in rows)
    assert f"/?calibration={only(ann).id}" in page
    run(ann, None, 300.0, hours=1.0, worker_name="laptop")
    assert "laptop" in client.get("/workers/").content.decode()


def test_the_form_takes_it_by_a_link_and_by_a_button(client: Client, ann: User) -> None:
    client.force_login(ann)
    three_runs(ann, machine_of(ann))
    key = only(ann).id
    by_link = client.get(f"/?calibration={key}")
    form = by_link.context["form"]
    assert form["mean_accelerator_power_w"].value() == "225"
    assert (
        "rack" in form["measured_on"].value()
        and form["accelerator"].value() == catalogue.find_accelerator(H100).row.name
    )
    assert "Measured on your machines" in by_link.content.decode()
    typed = {"duration_h": "10", "accelerator_count": "8", "place": "France", "mean_system_power_w": "9999", "pue": "1"}
    by_button = client.post("/", typed | {"use": f"calibration={key}"})
    form = by_button.context["form"]
    assert not Estimate.objects.exists(), "a button fills in and stores nothing"
    values = {name: form[name].value() for name in form.fields}
    assert (values["duration_h"], values["accelerator_count"], values["mean_system_power_w"]) == ("10", "8", "")
    # 8 x 225 W x 10 h
    footprint = by_button.context["footprint"]
    assert footprint.result.accelerator_energy_kwh.central == pytest.approx(18.0, rel=1e-12)
    sent = client.post("/", {name: value for name, value in values.items() if isinstance(value, str)})
    assert sent.status_code == 302, sent.context["form"].errors
    stored = Estimate.objects.get()
    services.run_estimate(estimate_id=stored.pk, worker="w")
    page = client.get(sent["Location"]).content.decode()
    assert f"As it was measured: {catalogue.find_accelerator(H100).row.name} on rack" in page


def test_the_next_estimate_takes_one_run_or_all(client: Client, ann: User) -> None:
    client.force_login(ann)
    rows = three_runs(ann, machine_of(ann))
    workload = Workload(
        hardware=Hardware(accelerator="h100-sxm", accelerator_count=2), duration_h=1.0, location=Location(country="FR")
    )
    estimate = estimated(ann, workload)
    Measurement.objects.filter(pk=rows[0].pk).update(estimate=estimate)
    path = f"/measurements/{rows[0].pk}/"
    page = client.get(path).content.decode()
    assert "This run alone" in page and "All 2 runs" in page and "from <span" in page
    alone = client.get(f"{path}use/").context["form"]
    assert float(alone["mean_accelerator_power_w"].value()) == pytest.approx(300.0)
    assert "1 run," in alone["measured_on"].value()
    over = client.get(f"{path}use/?runs=all").context["form"]
    assert float(over["mean_accelerator_power_w"].value()) == pytest.approx(225.0)
    assert over["accelerator_count"].value() == "2", "as it was estimated"


def test_the_number_of_cards_is_that_of_the_measurement(ann: User) -> None:
    """Two cards were measured where eight were estimated: each drew what it drew, and their number is a reason."""
    from estimator.services import reconciled

    row = run(ann, machine_of(ann), 350.0, 350.0, hours=1.0)
    hardware = Hardware(accelerator="h100-sxm", accelerator_count=8, mean_accelerator_power_w=350.0)
    row.estimate = estimated(ann, Workload(hardware=hardware, duration_h=1.0, location=Location(country="FR"), pue=1.0))
    found = reconciled.compared(row=row)
    assert found is not None and found.calibration is not None
    assert found.calibration.mean_power_w == pytest.approx(350.0)
    assert {part.reason: part.energy_kwh for part in found.reconciliation.parts} == {"count": pytest.approx(-2.1)}


def test_the_newest_is_offered_first(client: Client, ann: User) -> None:
    client.force_login(ann)
    now = timezone.now()
    for number in range(8):
        run(ann, machine_of(ann, f"m{number}"), 300.0, hours=1.0, created_at=now - timedelta(hours=number))
    offered = client.get("/").context["calibrations"]
    assert [one.source for one in offered] == ["m0", "m1", "m2", "m3", "m4", "m5"]


def test_what_is_offered_is_what_all_runs_tell(ann: User, django_assert_num_queries: Any) -> None:
    rack = machine_of(ann)
    three_runs(ann, rack)
    # By another name of the same card, on the same machine.
    run(ann, rack, 400.0, hours=2.0, names=("NVIDIA H100 SXM5 80GB",))
    found = only(ann)
    with django_assert_num_queries(1):
        (offer,) = calibrations.offers_of(owner=ann, most_count=6)
    assert found.calibration is not None
    assert (offer.id, offer.source, offer.device) == (found.id, found.source, found.device)
    # (300 W x 1 h + 200 W x 3 h + 400 W x 2 h) / 6 h
    assert offer.mean_power_w == pytest.approx(found.calibration.mean_power_w) == pytest.approx(1_700.0 / 6.0)
    run(ann, machine_of(ann, "short"), 300.0, hours=0.01)
    assert len(calibrations.offers_of(owner=ann, most_count=6)) == 1, "no run on it counts"


def test_a_processor_is_known_by_the_name_that_its_system_has_for_it(ann: User) -> None:
    name = "AMD EPYC 7742 64-Core Processor"
    parts, joules = [{"name": "cpu_package:0", "quality": "counter"}], {"cpu_package:0": 120.0 * 3_600}
    run(ann, machine_of(ann), hours=1.0, inventory={"cpu": {"model": name}}, components=parts, energies_j=joules)
    found = only(ann)
    assert found.hardware == catalogue.find_cpu("AMD EPYC 7742").row.id
    assert found.calibration is not None and found.calibration.utilisation == pytest.approx(120.0 / 225.0)
