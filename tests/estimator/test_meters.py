"""What meters tell, on pages in other languages: by the catalogue where it knows it, else as it was sent."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from estimator.core.inventory import InventoryTold
from estimator.measure.inventory import Cpu, Host, Inventory
from estimator.measure.samplers import Accelerator, Component, MeterState
from estimator.measure.words import joined
from estimator.measure.words import words as _
from estimator.models import Measurement, Worker
from estimator.services import meters, workers
from tests.estimator.measuring import START_S, Caller, ann, begin, desk, row, send, worker

__all__ = ["ann", "desk", "row", "worker"]
pytestmark = pytest.mark.usefixtures("redis_url")

SPANISH = {
    "Processor, as %(processor)s of %(cores_count)s cores": "Procesador, como %(processor)s de %(cores_count)s núcleos",
    "Memory, %(memory_gb)s GB": "Memoria, %(memory_gb)s GB",
    "Of %(threads_count)s threads %(usable_count)s may be used.": "De %(threads_count)s hilos, %(usable_count)s.",
    "This is a virtual machine.": "Es una máquina virtual.",
    "RAPL may not be read (%(parts)s).": "No se puede leer RAPL (%(parts)s).",
    "Let everybody read it: sudo chmod a+r /sys/*": "Permita leerlo: sudo chmod a+r /sys/*",
    "Graphics": "Gráficos",
    "A <b>%(name)s</b>": "Un <b>%(name)s</b>",
    "%(energy_kwh)d kWh": "%(energy_kwh)d kWh en todo",
    "%s in all": "%s en total",
    "One %(place)s": "Uno",
    "Processor and memory (RAPL)": "Procesador y memoria (RAPL)",
    "Processor": "Procesador",
    "Accelerator": "Acelerador",
}
NOTE = joined(
    [
        _("Of %(threads_count)s threads %(usable_count)s may be used.", threads_count=4, usable_count=2.5),
        _("This is a virtual machine."),
    ]
)
PARTS = (
    Component(
        "cpu_package",
        "modelled",
        _("Processor, as %(processor)s of %(cores_count)s cores", processor="EPYC 7763", cores_count=2.0),
        note=NOTE,
    ),
    Component("dram", "modelled", _("Memory, %(memory_gb)s GB", memory_gb=25.3), note=NOTE),
)
TOLD = Inventory(
    host=Host("node7", "Linux 6.1.0", "x86_64", virtual=True),
    cpu=Cpu("AMD EPYC 7763", 1, 2, 4, 2.5),
    memory_gb=25.3,
    memory_limit_gb=None,
    accelerators=(Accelerator(_("Graphics"), "accelerator:0", "Apple"),),
    meters=(
        MeterState(
            "rapl",
            works=False,
            reason=_("RAPL may not be read (%(parts)s).", parts="package-0"),
            remedy=_("Let everybody read it: sudo chmod a+r /sys/*"),
        ),
        MeterState("model", works=True, components=PARTS),
        MeterState("new_in_2031", works=True, components=(Component("accelerator:0", "counter"),)),
    ),
).as_json()


@pytest.fixture
def spanish(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue with the texts above, whatever language is active."""
    monkeypatch.setattr(meters, "gettext", lambda text: SPANISH.get(text, text))


def older(told: Any) -> Any:
    """The same from a worker that says English alone."""
    if isinstance(told, Mapping):
        return {name: older(part) for name, part in told.items() if name != "words"}
    return [older(part) for part in told] if isinstance(told, list) else told


def enrolled(owner: User, inventory: Any) -> tuple[Caller, Worker]:
    """A worker with this inventory, by the call that machines make."""
    token = workers.create_enrolment(owner=owner).token
    status, told = Caller("")("POST", "/workers/enrol", {"token": token, "inventory": inventory})
    assert status == 201, told
    return Caller(told["secret"]), Worker.objects.get(pk=told["worker"]["id"])


def page(owner: User, path: str) -> str:
    client = Client(headers={"Accept-Language": "es"})
    client.force_login(owner)
    with translation.override("en"):  # what the page has made active ends with it
        answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


# --- one text ---------------------------------------------------------------------------------------------------------


def test_the_catalogue_of_the_site_is_asked() -> None:
    with translation.override("es"):
        assert meters.text_of({"label": "Memory", "words": {"label": [{"text": "Memory", "params": {}}]}}, "label") == (
            "Memoria"
        )
        assert meters.component_name({"name": "dram:1"}) == "Memoria 1"
    with translation.override("en"):
        assert meters.text_of(TOLD["meters"][1]["components"][1], "label") == "Memory, 25.3 GB"


def test_numbers_are_written_as_the_language_writes_them(spanish: None) -> None:
    cpu, memory = TOLD["meters"][1]["components"]
    with translation.override("es"):
        assert meters.text_of(cpu, "label") == "Procesador, como EPYC 7763 de 2 núcleos"
        assert meters.text_of(memory, "label") == "Memoria, 25,3 GB"
        assert meters.text_of(cpu, "note") == "De 4 hilos, 2,5. Es una máquina virtual."


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("Not in the catalogue", {}),
        ("", {}),  # the head of a catalogue
        ("RAPL may not be read (%(parts)s).", {}),
        ("RAPL may not be read (%(parts)s).", {"parts": "x", "more": "y"}),
        ("RAPL may not be read (%(parts)s).", {"parts": ["x"]}),
        ("RAPL may not be read (%(parts)s).", {"parts": True}),
        ("RAPL may not be read (%(parts)s).", {"parts": None}),
        ("RAPL may not be read (%(parts)s).", {"parts": float("nan")}),
        ("RAPL may not be read (%(parts)s).", {"parts": 10**400}),
        ("RAPL may not be read (%(parts)s).", {"parts": "x" * 501}),
        ("RAPL may not be read (%(parts)s).", {"parts": "x", "__class__": "y"}),
        ("RAPL may not be read (%(parts)s).", "parts"),
        ("%(energy_kwh)d kWh", {"energy_kwh": 1e15}),
        ("%(energy_kwh)999999999d", {"energy_kwh": 1}),
        ("{0.__class__} {parts}", {"parts": "x"}),
        ("%s in all", {}),
        ("One %(place)s", {"place": "x"}),  # the catalogue has lost a place
        (["RAPL"], {}),
        (None, {}),
    ],
)
def test_what_is_no_text_of_ours_is_shown_as_it_was_sent(spanish: None, text: Any, params: Any) -> None:
    told = {"reason": "As sent.", "words": {"reason": [{"text": text, "params": params}]}}
    expected = "%s en total" if text == "%s in all" else "As sent."  # without places nothing is filled in
    assert meters.text_of(told, "reason") == expected


@pytest.mark.parametrize("words", [None, 5, "x", [], [[]], {"reason": None}, {"reason": []}, {"reason": "x"}, {1: 2}])
def test_words_of_another_form_are_left_out(words: Any) -> None:
    told = {"name": "rapl", "reason": "As sent.", "words": words}
    assert meters.text_of(told, "reason") == "As sent."
    accepted = InventoryTold.model_validate({"meters": [told]}).as_json()["meters"][0]
    assert accepted == {"name": "rapl", "reason": "As sent.", "words": {}}


def test_too_many_words_are_left_out() -> None:
    sentence = {"text": "Memory", "params": {}}
    for words in ({"label": [sentence] * 9}, {f"label_{letter}": [sentence] for letter in "abcdefghi"}):
        accepted = InventoryTold.model_validate({"meters": [{"words": words}]}).as_json()
        assert accepted == {"meters": [{"words": {}}]}


@pytest.mark.parametrize("about", [None, 5, "x", [], {}, {"name": 5, "label": {}}, {"name": ["x"]}])
def test_what_is_no_meter_has_no_text(about: Any) -> None:
    assert meters.text_of(about, "label") == ""
    assert meters.component_name(about) == ""


def test_kinds_are_called_as_the_doctor_calls_them() -> None:
    with translation.override("en"):
        assert meters.meter_name("ipmi") == "Whole machine (BMC)"
        assert meters.meter_name("steady") == "steady"
        assert meters.component_name({"name": "cpu_package:0"}) == "Processor 0"
        assert meters.component_name({"name": "process:dram"}) == "Memory"
        assert meters.component_name({"name": "odd:0"}) == "odd:0"


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_worker_tells_its_meters_in_the_language_of_the_page(spanish: None, ann: User) -> None:
    _caller, row = enrolled(ann, TOLD)
    told = page(ann, f"/workers/{row.pk}/")
    assert "No se puede leer RAPL (package-0). Permita leerlo: sudo chmod a+r /sys/*" in told
    assert "Procesador, como EPYC 7763 de 2 núcleos" in told
    assert "Procesador y memoria (RAPL)" in told
    assert "Gráficos" in told and "Gráficos" in page(ann, "/workers/")
    assert "Acelerador 0" in told  # of a meter that we do not know, without a label
    for jargon in ('<th scope="row">rapl', "cpu_package", "dram", "accelerator:0"):
        assert jargon not in told


def test_an_older_worker_is_shown_in_its_english(spanish: None, ann: User) -> None:
    _caller, row = enrolled(ann, older(TOLD))
    assert "words" not in json.dumps(row.inventory)
    told = page(ann, f"/workers/{row.pk}/")
    assert "RAPL may not be read (package-0). Let everybody read it: sudo chmod a+r /sys/*" in told
    assert "Processor, as EPYC 7763 of 2 cores" in told
    assert "Procesador y memoria (RAPL)" in told


def test_a_lying_worker_runs_nothing(spanish: None, ann: User) -> None:
    script = "<script>alert(1)</script>"
    part = {"name": "x", "quality": "counter", "label": script, "words": {"label": [
        {"text": "A <b>%(name)s</b>", "params": {"name": script + "%(name)s%n{0}"}}
    ]}}  # fmt: skip
    meter = {"name": script, "works": True, "components": [part, part | {"words": script}]}
    card = {"name": "card", "words": {"name": [{"text": "A <b>%(name)s</b>", "params": {"name": script}}]}}
    _caller, row = enrolled(ann, {"meters": [meter], "accelerators": [card]})
    for path in (f"/workers/{row.pk}/", "/workers/"):
        told = page(ann, path)
        assert script not in told
        assert "Un &lt;b&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in told


@pytest.mark.parametrize("is_older", [False, True])
def test_a_measurement_tells_its_parts(
    spanish: None, ann: User, worker: Caller, row: Measurement, is_older: bool
) -> None:
    parts = [part | {"counted": True} for part in TOLD["meters"][1]["components"]]
    parts[0]["words"] = parts[0]["words"] | {"label": [{"text": "A <b>%(name)s</b>", "params": {"name": "</script>"}}]}
    parts = [
        {name: told for name, told in part.items() if name not in {"limit_w", "update_period_s"}} for part in parts
    ]
    run = uuid.uuid4()
    assert begin(worker, row.pk, run=run, parts=older(parts) if is_older else parts)[0] == 200
    assert send(worker, row.pk, 1, [[START_S + 1, {"cpu_package": 9.0, "dram": 1.0}]], run)[0] == 200
    told = page(ann, f"/measurements/{row.pk}/")
    series = json.loads(page(ann, f"/measurements/{row.pk}/series/"))
    memory = "Memory, 25.3 GB" if is_older else "Memoria, 25,3 GB"
    note = "threads 2.5 may be used. This is a virtual" if is_older else "De 4 hilos, 2,5. Es una máquina virtual."
    assert memory in told and note in told
    assert series["components"][1]["label"] == memory
    assert "cpu_package</" not in told and "<b></script>" not in told
    if not is_older:
        assert "Un &lt;b&gt;&lt;/script&gt;&lt;/b&gt;" in told
    row.refresh_from_db()
    assert row.components[1]["label"] == "Memory, 25.3 GB"  # what programs read stays English
