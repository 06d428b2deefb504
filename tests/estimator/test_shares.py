"""What of a measured machine is the command's, and where it ran: from the command line to page, JSON and footprint."""

import importlib
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from estimator.measure.figures import Question
from estimator.measure.finished import Finished
from estimator.measure.process import BY_CARD, BY_CPU_TIME, Attributed
from estimator.measure.samplers import Component
from estimator.measure.totals import Total
from estimator.models import Estimate, Measurement
from tests.estimator.measuring import START_S, Caller, ann, begin, desk, person, row, rows_of, send, token, worker
from tests.estimator.test_measurements import recorded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
#: Fixtures that are used by their names.
__all__ = ["ann", "desk", "person", "row", "token", "worker"]

KWH_J = 3_600_000.0
CPU, CARD = "cpu_package:0", "accelerator:0"


def finished(**changes: Any) -> dict[str, Any]:
    """One hour: 1 kWh of the CPU, a quarter of it the command's, 2 kWh of a card, half of it, and a battery beside."""
    totals = (
        Total(Component(CPU, "counter", low=0.9, high=1.1), "counter", KWH_J, 1_000.0),
        Total(Component(CARD, "sampled", label="A card", note="A note."), "sampled", 2 * KWH_J, 2_000.0),
        Total(Component("system:bat0", "sampled", counted=False), "sampled", 4 * KWH_J, 4_000.0),
    )
    attributed = (Attributed(CPU, 0.25 * KWH_J, 0.25, BY_CPU_TIME), Attributed(CARD, KWH_J, 0.5, BY_CARD))
    told = Finished(
        client_id=str(uuid.uuid4()),
        title="try",
        command_name="python",
        started_at_s=START_S,
        duration_s=3_600.0,
        interval_s=1.0,
        inventory={"accelerators": [{"name": "NVIDIA H100 80GB HBM3"}] * 2},
        totals=totals,
        attributed=attributed,
        samples=[],
        flags=("gap",),
        question=Question(grid_intensity_gco2e_per_kwh=100.0),
        pue=1.2,
        exit_code=3,
    )
    assert told.attributed_j[1] == 1.25 * KWH_J
    return told.body() | changes


def test_from_the_command_line_to_page_json_and_footprint(client: Client, ann: User, person: Caller) -> None:
    status, told = person("POST", "/measurements/finished", finished())
    assert status == 201
    # 3 kWh x 1.2 x 100 g; of them 1 x 0.25 + 2 x 0.5 = 1.25 kWh are the command's.
    assert (told["energy_kwh"], told["facility_energy_kwh"]) == (pytest.approx(3.0), pytest.approx(3.6))
    assert told["operational_location_based_kgco2e"]["central"] == pytest.approx(0.36, rel=1e-9)
    share = told["attributed"]
    assert (share["energy_kwh"], share["machine_energy_kwh"]) == (pytest.approx(1.25), pytest.approx(3.0))
    assert share["share"] == pytest.approx(1.25 / 3.0, rel=1e-12)
    assert share["operational_location_based_kgco2e"]["central"] == pytest.approx(0.15, rel=1e-9)
    assert share["operational_location_based_kgco2e"]["low"] < 0.15
    assert share["components"] == [
        {"name": CPU, "energy_j": 0.25 * KWH_J, "share": 0.25, "basis": BY_CPU_TIME},
        {"name": CARD, "energy_j": KWH_J, "share": 0.5, "basis": BY_CARD},
    ]
    assert (told["grid"]["pue"], told["grid"]["status"]) == (1.2, "given")
    assert (told["flags"], told["exit_code"], told["footprint_of"]) == (["gap"], 3, "machine")
    assert [part["name"] for part in told["components"]] == [CPU, CARD, "system:bat0"]

    client.force_login(ann)
    path = f"/measurements/{told['id']}/"
    page = " ".join(client.get(path).content.decode().split())
    said = "Of this, the command: 1.25 kWh (42 %) and 150 g CO₂e, attributed by CPU time and the work on the cards."
    assert said in page
    assert "An attribution, not a measurement" in page
    assert "A note." in page
    whole = Estimate.objects.get().workload()
    assert whole.it_energy_kwh == pytest.approx(3.0, rel=1e-12)
    assert (whole.title, whole.accelerator_hours) == ("try", None)
    assert (whole.hardware.accelerator_count, whole.pue) == (2, 1.2)

    asked = {"of": "process", "grid_intensity_gco2e_per_kwh": "100", "pue": "1.2"}
    for _ in range(2):  # said twice, it is made once
        assert client.post(f"{path}footprint/", asked).status_code == 302
    row = Measurement.objects.get()
    assert row.result is not None
    assert Estimate.objects.count() == 2, "the one of the whole machine stays"
    part = row.result.workload()
    # Half of one card for an hour, so that its making is shared out too.
    assert part.it_energy_kwh == pytest.approx(1.25, rel=1e-12)
    assert part.accelerator_hours == pytest.approx(0.5, rel=1e-12)
    assert part.title == "try, the share attributed to it"
    assert "It is made of the share that is attributed" in client.get(path).content.decode()
    assert person("GET", f"/measurements/{row.pk}")[1]["footprint_of"] == "process"


def test_its_place_is_found_in_our_tables_and_by_none_of_its_own_numbers(client: Client, person: Caller) -> None:
    body = finished(location={"country": "FR"}, grid_intensity_gco2e_per_kwh=None, pue=None, kgco2e=1e9)
    _, told = person("POST", "/measurements/finished", body)
    # What was measured is the machine's electricity: without a PUE that was given, none is put upon it.
    asked = {"it_energy_kwh": 3.0, "duration_h": 1.0, "location": {"country": "FR"}, "method": "measured", "pue": 1.0}
    _, computed = person("POST", "/calculate", asked)
    central = computed["result"]["operational_location_based_kgco2e"]["central"]
    assert told["operational_location_based_kgco2e"]["central"] == pytest.approx(central, rel=1e-9)
    assert told["location"] == {"country": "FR"}
    grid = told["grid"]
    assert (grid["pue"], told["facility_energy_kwh"]) == (None, None)
    assert (grid["place"], grid["match"]) == ("France", "exact")
    assert f"of France in {grid['year']}" in grid["note"]


@pytest.mark.parametrize(
    ("changes", "path", "word"),
    [
        ({"attributed": [{"name": CPU, "energy_j": 1.2 * KWH_J, "share": 1.2, "basis": BY_CPU_TIME}]},
         "attributed.0.share", "at most 1"),
        ({"attributed": [{"name": CPU, "energy_j": -1.0, "share": -0.1, "basis": BY_CPU_TIME}]},
         "attributed.0.share", "at least 0"),
        ({"attributed": [{"name": "dram:7", "energy_j": 1.0, "share": 0.1, "basis": BY_CPU_TIME}]},
         "attributed.0.name", "dram:7"),
        ({"attributed": [{"name": CPU, "energy_j": KWH_J, "share": 0.25, "basis": BY_CPU_TIME}]},
         "attributed.0.energy_j", "900000 J"),
        ({"attributed": [{"name": CPU, "energy_j": 0.0, "share": 0.0, "basis": BY_CPU_TIME}] * 2},
         "attributed", "name of its own"),
        ({"attributed": [{"name": CPU, "energy_j": 0.0, "share": 0.0, "basis": "a guess"}]},
         "attributed.0.basis", "share of the CPU time"),
        ({"attributed": [{"name": CPU, "energy_j": 0.0, "share": 0.0, "basis": BY_CPU_TIME}] * 129},
         "attributed", "at most 128"),
        ({"location": {"country": "DEX"}}, "location.country", "Did you mean"),
        ({"location": {"zone": "Germny"}}, "location.zone", "Did you mean"),
        ({"location": {"city": "Paris"}}, "location.city", "no such field"),
        ({"location": {"country": "France"}}, "location.country", "ISO 3166"),
        ({"grid_intensity_gco2e_per_kwh": 5_001}, "grid_intensity_gco2e_per_kwh", "5000"),
        ({"pue": "1.2"}, "pue", "number"),
        ({"pue": 11}, "pue", "10"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_as_an_estimate_refuses_it(
    person: Caller, changes: dict[str, Any], path: str, word: str
) -> None:
    status, told = person("POST", "/measurements/finished", finished(**changes))
    assert status == 422
    said = {field["path"]: field for field in told["error"]["fields"]}
    assert word in said[path]["message"]
    assert not Measurement.objects.exists()
    if "attributed" not in changes:
        _, estimate = person("POST", "/calculate", {"it_energy_kwh": 1.0, "duration_h": 1.0, **changes})
        assert {field["path"]: field for field in estimate["error"]["fields"]}[path] == said[path]


def test_what_an_older_version_left_waiting_is_taken_and_its_place_said_afterwards(
    client: Client, ann: User, person: Caller
) -> None:
    _, told = person("POST", "/measurements/finished", recorded())
    assert (told["attributed"], told["grid"]["match"]) == (None, "world")
    by_world = told["operational_location_based_kgco2e"]["central"]
    assert by_world > 0.0
    client.force_login(ann)
    path = f"/measurements/{told['id']}/"
    page = client.get(path).content.decode()
    assert "CO₂e by the world average of" in page and "as no place was given" in page
    listed = client.get("/measurements/").content.decode()
    assert '<span class="tag warn">world average</span>' in listed
    assert 'name="of"' not in page, "nothing was attributed"

    wrong = client.post(f"{path}footprint/", {"place": "Germny"})
    assert wrong.status_code == 422
    assert "Germany" in wrong.content.decode()
    assert 'id="id_place_error"' in wrong.content.decode()
    assert client.post(f"{path}footprint/", {"place": "FR", "pue": "1.5"}).status_code == 302
    row = Measurement.objects.get()
    assert row.result is not None
    workload = row.result.workload()
    assert (workload.location.country, workload.pue) == ("FR", 1.5)
    again = client.get(path).content.decode()
    assert "world average of" not in again and "world average" not in client.get("/measurements/").content.decode()
    assert 'value="France"' in again
    _, told = person("GET", f"/measurements/{row.pk}")
    assert 0.0 < told["operational_location_based_kgco2e"]["central"] < by_world
    # What an older version of the site stored had no grid.
    brought = Measurement.objects.create(owner=ann, kind="command", created_at=timezone.now())
    file = Measurement.objects.create(owner=ann, kind="imported", created_at=timezone.now())
    importlib.import_module("estimator.migrations.0019_world_average").take_world_average(apps, None)
    grids = dict(Measurement.objects.values_list("pk", "grid"))
    assert (grids[brought.pk]["match"], grids[file.pk]) == ("world", {})
    assert grids[row.pk]["match"] == "exact", "the others stay"


def test_by_the_api_a_footprint_is_made_of_what_has_ended(person: Caller, row: Measurement) -> None:
    _, told = person("POST", "/measurements/finished", finished())
    path = f"/measurements/{told['id']}/footprint"
    status, made = person("POST", path, {"of": "process", "location": {"country": "SE"}})
    assert (status, made["footprint_of"], made["location"]) == (200, "process", {"country": "SE"})
    assert made["estimate"] != told["estimate"]
    before = Estimate.objects.get(pk=told["estimate"])
    assert str(before.replaced_by_id) == made["estimate"], "a report over all runs counts the electricity once"
    Estimate.objects.filter(pk=made["estimate"]).delete()
    before.refresh_from_db()
    assert before.replaced_by_id is None
    assert made["energy_kwh"] == told["energy_kwh"], "the measurement stays what it is"
    status, told = person("POST", path, {"location": {"country": "DEX"}})
    assert (status, told["error"]["fields"][0]["path"]) == (422, "location.country")
    _, plain = person("POST", "/measurements/finished", recorded())
    status, told = person("POST", f"/measurements/{plain['id']}/footprint", {"of": "process"})
    assert (status, told["error"]["fields"][0]["path"]) == (422, "of")
    status, told = person("POST", f"/measurements/{row.pk}/footprint", {})
    assert (status, told["error"]["code"]) == (409, "nothing_to_make")


def test_a_process_that_is_followed_live_tells_its_share_in_the_same_way(
    client: Client, ann: User, worker: Caller, person: Caller, row: Measurement
) -> None:
    Measurement.objects.update(target="process", pid=7)
    run = uuid.uuid4()
    parts = [
        {"name": CPU, "quality": "counter", "label": "CPU", "counted": False},
        {"name": f"process:{CPU}", "quality": "counter", "label": "CPU", "counted": True},
    ]
    begin(worker, row.pk, run=run, parts=parts)
    send(worker, row.pk, 1, rows_of(10, energies={CPU: 100.0, f"process:{CPU}": 25.0}), run)
    worker("POST", f"/measurements/{row.pk}/finish", {"run": str(run), "samples_count": 10})
    _, told = person("GET", f"/measurements/{row.pk}")
    assert told["energy_kwh"] == pytest.approx(250 / KWH_J)
    assert told["attributed"]["components"] == [
        {"name": CPU, "energy_j": 250.0, "share": 0.25, "basis": BY_CPU_TIME}
    ]  # fmt: skip
    assert told["attributed"]["machine_energy_kwh"] == pytest.approx(1_000 / KWH_J)
    assert (told["attributed"]["share"], told["footprint_of"]) == (0.25, "process")
    emitted = told["operational_location_based_kgco2e"]
    assert told["attributed"]["operational_location_based_kgco2e"] == emitted
    client.force_login(ann)
    page = " ".join(client.get(f"/measurements/{row.pk}/").content.decode().split())
    assert "25 % of the machine's" in page
    assert "CPU, share of process 7" in page
    _, made = person("POST", f"/measurements/{row.pk}/footprint", {"of": "machine", "location": {"country": "FR"}})
    whole = Estimate.objects.get(pk=made["estimate"]).workload()
    assert whole.it_energy_kwh == pytest.approx(1_000 / KWH_J, rel=1e-12)
    assert whole.title == "try, the whole machine"
    _, placeless = person("POST", f"/measurements/{row.pk}/footprint", {"of": "machine", "pue": 1.0})
    assert (placeless["grid"]["match"], placeless["grid"]["pue"]) == ("world", 1.0), "its CO₂e does not go away"
    # A machine of which only the share was sent.
    Measurement.objects.update(energies_j={f"process:{CPU}": 250.0})
    status, told = person("POST", f"/measurements/{row.pk}/footprint", {"of": "machine"})
    assert (status, told["error"]["code"]) == (409, "nothing_to_make")
