"""The API and the pages of imports: what the contract names, what is kept, what strangers see."""

import math
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from estimator import services
from estimator.core.inputs import Hardware, Location, Workload
from estimator.imports import MAX_BYTES, ImportedMeasurement
from estimator.imports.result import Component
from estimator.models import Estimate, ImportedFile, Measurement
from estimator.services import compared as comparing
from estimator.services import imports as service
from estimator.services.series import series_of_trace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]

SAMPLES = Path(__file__).parent / "samples"
API = "/api/v1/imports"
CONTRACT = {
    "recognised_as", "energy_kwh", "includes_pue", "duration_s", "emissions_kgco2e", "rows_count", "row_errors",
    "warnings",
}  # fmt: skip
#: 8 accelerators at 350 W for 10 h are 28 kWh.
LOG = "elapsed_s,gpu_w\n" + "".join(f"{hour * 3600},2800\n" for hour in range(11))
RUN = Workload(
    title="Ours",
    hardware=Hardware(accelerator="nvidia-a100-sxm4-80gb", accelerator_count=8, mean_accelerator_power_w=400.0),
    duration_h=8.0,
    location=Location(country="FR"),
    pue=1.2,
)


def upload(content: bytes | str, name: str = "log.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def sample(name: str) -> SimpleUploadedFile:
    return upload((SAMPLES / name).read_bytes(), Path(name).name)


def finished(workload: Workload = RUN) -> Estimate:
    row = services.submit_estimate(workload=workload)
    assert services.run_estimate(estimate_id=row.id, worker="a@host")
    row.refresh_from_db()
    return row


def text(response: Any) -> str:
    return str(response.content.decode())


def kept(content: str = LOG, owner: User | None = None) -> ImportedFile:
    return service.import_measurement(data=content.encode(), file_name="log.csv", owner=owner)[0]


# The API


def test_preview_has_the_names_of_the_contract_and_stores_nothing(client: Client) -> None:
    response = client.post(f"{API}?preview=true", {"file": sample("codecarbon/cc3.3.2_multi.csv")})
    assert response.status_code == 200, response.content
    body = response.json()
    assert set(body) >= CONTRACT
    assert (body["recognised_as"], body["includes_pue"], body["rows_count"]) == ("codecarbon", True, 8)
    assert body["energy_kwh"] == pytest.approx(0.000256721424455, rel=1e-9)
    assert not ImportedFile.objects.exists()


def test_without_preview_it_is_stored(client: Client) -> None:
    response = client.post(API, {"file": upload(LOG)})
    assert response.status_code == 201, response.content
    row = ImportedFile.objects.get(pk=response.json()["id"])
    assert row.energy_kwh == pytest.approx(28.0) and row.content is None and row.kept_at is not None
    measurement = row.measurement
    assert measurement is not None and (measurement.status, measurement.kind) == ("done", "imported")
    assert measurement.energy_j == pytest.approx(28.0 * 3.6e6) and measurement.covered_s == 36_000
    assert client.get(response["Location"]).status_code == 200


def test_row_errors_name_their_line(client: Client) -> None:
    response = client.post(f"{API}?preview=true", {"file": sample("nvidia_smi/query_truncated_last_line.csv")})
    assert [error["line"] for error in response.json()["row_errors"]] == [122]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nvidia_smi/query_mig_and_invalid_field.txt", "error_text"),
        ("plain/one_row.csv", "no_total"),
        ("nvidia_smi/query_no_timestamp.csv", "needs_answer"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_one_shape(client: Client, name: str, code: str) -> None:
    response = client.post(API, {"file": sample(name)})
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["code"] == code and error["fields"][0]["path"] == "file"
    assert not ImportedFile.objects.exists()


def test_answers_come_as_fields_beside_the_file(client: Client) -> None:
    body = {"file": sample("nvidia_smi/query_no_timestamp.csv"), "interval_s": "1"}
    response = client.post(f"{API}?preview=true", body)
    assert response.json()["energy_kwh"] * 3.6e6 == pytest.approx(28_875)


def test_too_large_a_file_is_413_and_no_file_is_422(client: Client) -> None:
    large = client.post(API, {"file": upload(b"1" * (MAX_BYTES + 1))})
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")
    none = client.post(API, {"other": "x"})
    assert (none.status_code, none.json()["error"]["fields"][0]["path"]) == (422, "file")
    assert client.post(API, data="{}", content_type="application/json").status_code in (400, 422)


# The pages


def test_a_file_is_previewed_then_kept(client: Client) -> None:
    assert client.get("/imports/").status_code == 200
    response = client.post("/imports/", {"file": upload(LOG)})
    assert response.status_code == 302
    row = ImportedFile.objects.get()
    assert row.kept_at is None and row.content is not None
    assert "28" in text(client.get(response["Location"]))
    client.post(f"{response['Location']}keep/")
    row = ImportedFile.objects.get()
    assert row.kept_at is not None and row.content is None
    assert row.measurement is not None and row.measurement.title == "log.csv"
    assert "log.csv" in text(client.get("/imports/"))


def test_a_held_file_is_read_again_with_the_answer(client: Client) -> None:
    response = client.post("/imports/", {"file": sample("nvidia_smi/query_no_timestamp.csv")})
    assert response.status_code == 422
    row = ImportedFile.objects.get()
    assert str(row.pk) in text(response)
    answered = client.post("/imports/", {"held": str(row.pk), "interval_s": "2"})
    assert answered.status_code == 302
    row.refresh_from_db()
    assert row.energy_kwh is not None and row.energy_kwh * 3.6e6 == pytest.approx(57_750)


def test_a_refused_file_is_told_with_its_rows_and_not_kept(client: Client) -> None:
    response = client.post("/imports/", {"file": sample("nvidia_smi/query_not_supported_only.csv")})
    assert response.status_code == 422 and "[Not Supported]" in text(response)
    assert not ImportedFile.objects.exists()


def test_no_file_and_too_large_a_file_are_told_at_the_field(client: Client) -> None:
    assert client.post("/imports/", {}).status_code == 422
    assert client.post("/imports/", {"file": upload(b"1" * (MAX_BYTES + 1))}).status_code == 413


def test_names_from_the_file_are_text_on_the_page(client: Client) -> None:
    hostile = (SAMPLES / "codecarbon/cc3.3.2_update.csv").read_bytes()
    response = client.post("/imports/", {"file": upload(hostile, "<script>alert(1)</script>.csv")})
    page = text(client.get(response["Location"]))
    assert "<script>alert(1)" not in page


def test_use_as_an_estimate_fills_the_form_in(client: Client) -> None:
    page = text(client.get(f"/imports/{kept().pk}/estimate/"))
    assert 'name="it_energy_kwh"' in page and "28" in page


def test_pue_of_unknown_size_is_not_counted_twice() -> None:
    name = "carbontracker/v2.4.7_sim/sim_20313.12073_2026-11-24T213532Z_carbontracker_output.log"
    found = service.preview_import(data=(SAMPLES / name).read_bytes())
    workload = service.measured_workload(found=found, title="x")
    footprint = services.calculate(workload=workload)
    assert footprint.method == "measured"
    assert footprint.result.facility_energy_kwh.central == pytest.approx(found.energy_kwh, rel=1e-12)


def test_known_pue_is_taken_out_and_put_back() -> None:
    found = service.preview_import(data=(SAMPLES / "codecarbon/cc3.3.2_multi.csv").read_bytes())
    footprint = services.calculate(workload=service.measured_workload(found=found, title="x"))
    assert footprint.result.facility_energy_kwh.central == pytest.approx(found.energy_kwh, rel=1e-9)


def test_measured_against_estimated_with_its_reasons(client: Client) -> None:
    estimate, row = finished(), kept()
    response = client.post(f"/imports/{row.pk}/compare/", {"link": f"http://testserver/estimates/{estimate.pk}/"})
    page = text(client.get(response["Location"].partition("#")[0]))
    assert page.count("<svg") >= 3 and "calibrated=1" in page
    found = service.found_in(row)
    assert found is not None
    compared = comparing.compare(found=found, estimate=estimate)
    assert compared is not None
    # Estimated: 8 x 400 W x 8 h = 25.6 kWh. Measured: 8 x 350 W x 10 h = 28 kWh. Both times 1.2.
    reconciled = compared.reconciliation
    assert reconciled.estimated_kwh == pytest.approx(30.72, rel=1e-9)
    assert reconciled.measured_kwh == pytest.approx(33.6, rel=1e-9)
    assert {part.reason for part in reconciled.parts} == {"utilisation", "hours"}
    assert compared.calibration is not None
    assert compared.calibration.mean_power_w == pytest.approx(350.0)
    used = text(client.get(f"/imports/{row.pk}/estimate/?calibrated=1"))
    assert "350" in used


def test_next_estimate_has_the_measured_draw() -> None:
    estimate, row = finished(), kept()
    found = service.found_in(row)
    assert found is not None
    compared = comparing.compare(found=found, estimate=estimate)
    assert compared is not None
    workload = comparing.next_workload(compared=compared, estimate=estimate)
    assert workload is not None
    # 8 x 350 W x 8 h x 1.2
    assert services.calculate(workload=workload).result.facility_energy_kwh.central == pytest.approx(26.88, rel=1e-9)


def test_comparing_with_nothing_is_told(client: Client) -> None:
    row = kept()
    for link in ("", "nonsense", str(uuid.uuid4())):
        response = client.post(f"/imports/{row.pk}/compare/", {"link": link})
        assert "problem=estimate" in response["Location"]


def test_what_belongs_to_an_account_is_its_own(client: Client) -> None:
    owner = User.objects.create_user("owner", "owner@example.org", "a-long-password-1")
    row = kept(owner=owner)
    for address in ("", "estimate/"):
        assert client.get(f"/imports/{row.pk}/{address}").status_code == 404
    assert client.post(f"/imports/{row.pk}/keep/").status_code == 404
    client.force_login(owner)
    assert client.get(f"/imports/{row.pk}/").status_code == 200


def test_held_files_are_forgotten(client: Client) -> None:
    old, _refusal = service.hold_import(data=LOG.encode(), file_name="old", owner=None)
    ImportedFile.objects.filter(pk=old.pk).update(created_at=timezone.now() - 2 * service.HELD)
    service.hold_import(data=LOG.encode(), file_name="new", owner=None)
    assert [row.file_name for row in ImportedFile.objects.all()] == ["new"]


def test_no_more_than_so_many_files_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_HELD", 3)
    for number in range(6):
        service.hold_import(data=LOG.encode(), file_name=str(number), owner=None)
    assert {row.file_name for row in ImportedFile.objects.all()} == {"3", "4", "5"}


# What was kept: its chart, its way back, its end


def test_what_was_kept_shows_its_power_and_leads_back(client: Client) -> None:
    owner = User.objects.create_user("ann", "ann@example.org", None)
    row = kept(owner=owner)
    assert client.get(f"/imports/{row.pk}/").status_code == 404
    client.force_login(owner)
    page = text(client.get(f"/imports/{row.pk}/"))
    found = service.found_in(row)
    assert found is not None and found.trace is not None
    series = series_of_trace(found.trace, name="x")
    energy_kwh = sum(point.powers_w["x"] * point.duration_s for point in series.points) / 3.6e6
    assert energy_kwh == pytest.approx(28.0, rel=1e-9)
    assert series.points[-1].end_s == pytest.approx(36_000.0, rel=1e-9)
    assert "<path d=" in page and "Power of all devices together over time" in page
    assert 'is_over": true' in page and "power.js" in page, "drawn anew at the width that there is"
    assert '<p class="small"><a href="/measurements/">Measurements</a></p>' in page


def test_its_owner_deletes_it_with_its_measurement_and_nobody_else_does(client: Client) -> None:
    owner = User.objects.create_user("ann", "ann@example.org", None)
    row, loose = kept(owner=owner), kept()
    assert client.post(f"/imports/{row.pk}/delete/").status_code == 404
    # Nobody's is seen by its link, and deleted by the browser that brought it.
    assert client.get(f"/imports/{loose.pk}/").status_code == 200
    assert "/delete/" not in text(client.get(f"/imports/{loose.pk}/"))
    assert client.post(f"/imports/{loose.pk}/delete/").status_code == 404
    held = client.post("/imports/", {"file": upload(LOG)})["Location"]
    client.post(f"{held}keep/")
    assert Measurement.objects.count() == 3
    assert f'action="{held}delete/"' in text(client.get(held))
    assert client.post(f"{held}delete/")["Location"] == "/imports/"
    client.force_login(owner)
    assert client.post(f"/imports/{row.pk}/delete/")["Location"] == "/measurements/"
    assert ImportedFile.objects.get() == loose
    assert Measurement.objects.get() == loose.measurement


def test_only_what_was_estimated_is_offered_to_compare_with(client: Client) -> None:
    owner = User.objects.create_user("ann", "ann@example.org", None)
    client.force_login(owner)
    row = kept(owner=owner)
    thought, typed, made = finished(), finished(Workload(title="Typed", it_energy_kwh=3.0)), finished()
    Estimate.objects.update(owner=owner)
    Measurement.objects.update(result=made)
    page = text(client.get(f"/imports/{row.pk}/"))
    offered = re.findall(r'<option value="([^"]+)"[^>]*>([^<]*)</option>', page)
    assert [key for key, _ in offered] == [str(thought.pk)], (typed.pk, made.pk)
    assert offered[0][1].startswith("Ours · 8 × ") and "A100" in offered[0][1]
    assert offered[0][1].endswith(thought.created_at.strftime("%Y-%m-%d %H:%M"))


def told_of(parts: dict[Component, float], **more: Any) -> ImportedMeasurement:
    """An hour of what was measured, by component, in kWh."""
    return ImportedMeasurement(
        recognised_as="plain", energy_kwh=sum(parts.values()), includes_pue=False, rows_count=1, duration_s=3_600.0,
        energy_by_component_kwh=parts, **more,
    )  # fmt: skip


def test_the_pue_of_a_measurement_is_one_of_the_reasons() -> None:
    found = service.found_in(kept())
    assert found is not None
    compared = comparing.compare(found=found, estimate=finished(), pue=1.1)
    assert compared is not None
    # Estimated: 25.6 kWh x 1.2. Measured: 28 kWh x 1.1.
    reconciled = compared.reconciliation
    assert (reconciled.estimated_kwh, reconciled.measured_kwh) == pytest.approx((30.72, 30.8))
    parts = {part.reason: part.energy_kwh for part in reconciled.parts}
    # L(30.8, 30.72) = 0.08 / ln(30.8 / 30.72), times ln(1.1 / 1.2).
    assert parts["pue"] == pytest.approx(0.08 / math.log(30.8 / 30.72) * math.log(1.1 / 1.2), rel=1e-9)
    assert sum(parts.values()) == pytest.approx(0.08, abs=1e-9)


def test_of_a_host_alone_only_its_draw_is_taken_over() -> None:
    run = Workload(hardware=Hardware(accelerator="nvidia-h100-sxm5-80gb", accelerator_count=1), duration_h=8.0, pue=1.2)
    thought = finished(run)
    compared = comparing.compare(found=told_of({"cpu": 0.02, "memory": 0.00455402989967149}), estimate=thought)
    assert compared is not None and compared.is_of_use and compared.is_host_alone
    workload = comparing.next_workload(compared=compared, estimate=thought)
    assert workload is not None
    told = workload.hardware
    assert (told.mean_cpu_power_w, told.mean_memory_power_w) == (20.0, 4.55403)
    assert (told.mean_system_power_w, told.accelerator, told.accelerator_count) == (None, "nvidia-h100-sxm5-80gb", 1)
    # The card as it was estimated, and 24.55403 W of host for 8 h.
    before = services.calculate(workload=run).result.it_energy_kwh.central
    after = services.calculate(workload=workload).result.it_energy_kwh.central
    assert after == pytest.approx(before + 24.55403 * 8.0 / 1000.0, rel=1e-9)


def test_cards_that_nobody_names_give_nothing_to_take_over() -> None:
    thought = finished(Workload(hardware=Hardware(mean_system_power_w=500.0), duration_h=8.0, pue=1.2))
    compared = comparing.compare(found=told_of({"accelerator": 0.2}), estimate=thought)
    assert compared is not None and not compared.is_of_use
    assert comparing.next_workload(compared=compared, estimate=thought) is None


@pytest.mark.parametrize(
    ("name", "covers", "quality", "accelerator", "country"),
    [
        ("codecarbon/cc3.3.2_update.csv", "processors", "modelled", None, "FR"),
        ("zeus/zeus0.16.0_1gpu.csv", "accelerators", "counter", None, None),
        ("zeus/zeus_power_log_mW_old.csv", "accelerators", "sampled", None, None),
        (
            "carbontracker/v2.4.7_sim/sim_20313.12073_2026-11-24T213532Z_carbontracker_output.log",
            "components",
            "modelled",
            "nvidia-a100-sxm4-40gb",
            None,
        ),
        ("eco2ai/emission_price.csv", "processors", "modelled", None, "FR"),
    ],
)
def test_an_estimate_of_a_file_takes_over_what_the_file_tells_and_no_more(
    name: str, covers: str, quality: str, accelerator: str | None, country: str | None
) -> None:
    found = service.preview_import(data=(SAMPLES / name).read_bytes())
    workload = service.measured_workload(found=found, title="x")
    assert (workload.it_energy_covers, workload.it_energy_quality) == (covers, quality)
    assert (workload.hardware.accelerator, workload.location.country) == (accelerator, country)


def test_of_codecarbon_cards_are_read_and_the_rest_is_modelled() -> None:
    head = "timestamp,run_id,duration,emissions,cpu_energy,gpu_energy,energy_consumed\n"
    most = service.preview_import(data=(head + "t,r,3600,0,0.001,0.999,1\n").encode())
    assert service.measured_workload(found=most, title="x").it_energy_quality == "sampled"
    half = service.preview_import(data=(head + "t,r,3600,0,0.5,0.5,1\n").encode())
    assert service.measured_workload(found=half, title="x").it_energy_quality == "modelled"


def test_a_log_of_cards_alone_names_them_and_its_estimate_counts_them_alone(client: Client) -> None:
    body = client.post(f"{API}?preview=true", {"file": sample("nvidia_smi/query_2gpu_units.csv")}).json()
    assert (body["accelerator_names"], body["accelerator_count"]) == (["NVIDIA A100-SXM4-40GB"], 2)
    assert body["covers"] == "accelerators"
    found = service.preview_import(data=(SAMPLES / "nvidia_smi/query_2gpu_units.csv").read_bytes())
    workload = service.measured_workload(found=found, title="two")
    assert (workload.hardware.accelerator, workload.hardware.accelerator_count) == ("nvidia-a100-sxm4-40gb", 2)
    assert workload.it_energy_quality == "sampled"
    footprint = services.calculate(workload=workload)
    assert footprint.boundary == "accelerators"
    assert "host" not in footprint.boundary_includes
    assert "measured_in_part" in {one.code for one in footprint.warnings}
    assert footprint.result.embodied_share_kgco2e is not None
    it_energy = next(one for one in footprint.assumptions if one.name == "it_energy_kwh")
    assert (it_energy.low, it_energy.high) == pytest.approx((0.9 * found.energy_kwh, 1.1 * found.energy_kwh))

    assert client.post("/imports/", {"file": sample("nvidia_smi/query_2gpu_units.csv")}).status_code == 302
    page = text(client.get(f"/imports/{ImportedFile.objects.get().pk}/"))
    assert "2 × NVIDIA A100-SXM4-40GB" in page
    assert "the accelerators alone" in page


@pytest.mark.parametrize(
    ("names", "cards", "expected"),
    [
        (("bert",), (), "bert"),
        (("bert", "gpt"), (), "log.csv"),
        (("A100",), ("A100",), "log.csv"),
        ((), (), "log.csv"),
    ],
)
def test_an_import_is_called_by_its_one_job_and_else_by_its_file(
    names: tuple[str, ...], cards: tuple[str, ...], expected: str
) -> None:
    found = ImportedMeasurement(
        recognised_as="codecarbon",
        energy_kwh=1.0,
        includes_pue=False,
        rows_count=1,
        names=names,
        accelerator_names=cards,
    )
    assert service.title_of(found, file_name="log.csv") == expected
