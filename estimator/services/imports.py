"""Bring a file of another energy tracker: look at it, keep it, set it against an estimate, use it for the next one."""

import contextlib
import uuid
import zlib
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from pydantic import TypeAdapter

from estimator.core.bounds import EnergyCovers, EnergyQuality
from estimator.core.inputs import Hardware, InputProblems, Location, Workload
from estimator.core.units import J_PER_KWH, S_PER_H
from estimator.imports import Answers, ImportedMeasurement, UnreadableFile, read_import
from estimator.models import Estimate, ImportedFile, Measurement
from estimator.models.measurement import MeasurementKind, MeasurementStatus
from estimator.reference import catalogue
from estimator.services import calibrations
from estimator.services.compared import share_before_pue
from estimator.services.measured_run import Part, covers_of, quality_of

#: For how long a file waits for its owner's word, and how many may wait at once.
HELD: Final = timedelta(hours=2)
MOST_HELD: Final = 40
#: Shorter than this, a run gives no hours that a form could take. [s]
_LEAST_S: Final = 1e-3
#: How well a tool knows what it tells, at worst; the others read a sensor's power.
_QUALITIES: Final[dict[str, EnergyQuality]] = {
    "zeus": "counter",
    "perf": "counter",
    "codecarbon": "modelled",
    "eco2ai": "modelled",
    "green-algorithms": "modelled",
}
#: Of some parts a tool knows better, or worse, than of the others: CodeCarbon reads cards by their driver, and
#: carbontracker takes a CPU without a meter by its rated power.
_QUALITIES_OF_PARTS: Final[dict[tuple[str, str], EnergyQuality]] = {
    ("codecarbon", "accelerator"): "sampled",
    ("carbontracker", "cpu"): "modelled",
    ("carbontracker", "system"): "modelled",
}
_FOUND: Final = TypeAdapter(ImportedMeasurement)


def preview_import(*, data: bytes, answers: Answers | None = None) -> ImportedMeasurement:
    """
    What a file holds; nothing is stored.

    Raises
    ------
    UnreadableFile
        If it gives no energy.
    """
    return read_import(data, answers)


def hold_import(
    *, data: bytes, file_name: str, owner: User | None, answers: Answers | None = None
) -> tuple[ImportedFile, UnreadableFile | None]:
    """
    Read a file and hold it until its owner has seen the preview.

    Parameters
    ----------
    data : bytes
        The file, at most `MAX_BYTES` long.
    file_name : str
        As it was called; for the eye only.
    owner : User, optional
        Nobody's can be found by its link alone.
    answers : Answers, optional
        What the file does not say.

    Returns
    -------
    tuple
        The row, and the refusal where an answer would make it readable.

    Raises
    ------
    UnreadableFile
        If no answer helps; then nothing is stored.
    """
    found, refusal = _read(data, answers)
    now = timezone.now()
    with transaction.atomic():
        _forget(keep=MOST_HELD - 1)
        row = ImportedFile.objects.create(
            owner=owner,
            file_name=file_name[:200],
            content=zlib.compress(data, 6),
            created_at=now,
            **_columns(found),
        )
    return row, refusal


def answer_import(*, row: ImportedFile, answers: Answers) -> UnreadableFile | None:
    """Read a held file again with its owner's answers; the refusal, where it still needs another."""
    found, refusal = _read(zlib.decompress(bytes(row.content or b"")), answers)
    for name, value in _columns(found).items():
        setattr(row, name, value)
    row.save(update_fields=["found", "tool", "energy_kwh"])
    return refusal


def _read(data: bytes, answers: Answers | None) -> tuple[ImportedMeasurement | None, UnreadableFile | None]:
    try:
        return read_import(data, answers), None
    except UnreadableFile as refusal:
        if not refusal.ask:
            raise
        return None, refusal


def _columns(found: ImportedMeasurement | None) -> dict[str, object]:
    if found is None:
        return {"found": None, "tool": "", "energy_kwh": None}
    return {
        "found": _FOUND.dump_python(found, mode="json"),
        "tool": found.recognised_as,
        "energy_kwh": found.energy_kwh,
    }


def _forget(*, keep: int) -> None:
    """Delete what waited too long, and the oldest of what is more than may wait."""
    held = ImportedFile.objects.filter(kept_at=None)
    held.filter(created_at__lt=timezone.now() - HELD).delete()
    too_many = list(held.order_by("-created_at").values_list("pk", flat=True)[keep:])
    ImportedFile.objects.filter(pk__in=too_many).delete()


def keep_import(*, import_id: uuid.UUID) -> bool:
    """Keep what a held file measured, and let its bytes go; False if there is nothing to keep."""
    now = timezone.now()
    with transaction.atomic():
        held = ImportedFile.objects.filter(pk=import_id, kept_at=None, found__isnull=False)
        if held.update(kept_at=now, content=None) != 1:
            return False
        row = ImportedFile.objects.get(pk=import_id)
        found = found_in(row)
        assert found is not None
        row.measurement = _measurement(found, row=row, now=now)
        row.save(update_fields=["measurement"])
    return True


def _measurement(found: ImportedMeasurement, *, row: ImportedFile, now: datetime) -> Measurement:
    """The row among the measurements: its energy by component; its samples stay in the file that was read."""
    parts = {str(name): kwh for name, kwh in found.energy_by_component_kwh.items()} or {"system": found.energy_kwh}
    began = found.started_at or now
    seconds = found.duration_s or 0.0
    return Measurement.objects.create(
        owner=row.owner,
        kind=MeasurementKind.IMPORTED,
        title=title_of(found, file_name=row.file_name),
        status=MeasurementStatus.DONE,
        components=[
            {"name": name, "quality": _quality_of(found, name), "energy_j": kwh * J_PER_KWH}
            for name, kwh in parts.items()
        ],
        energies_j={name: kwh * J_PER_KWH for name, kwh in parts.items()},
        energy_j=found.energy_kwh * J_PER_KWH,
        covered_s=found.covered_s or seconds,
        pue=found.pue if found.includes_pue else None,
        includes_pue=found.includes_pue,
        started_at_s=began.timestamp(),
        last_time_s=began.timestamp() + seconds,
        started_at=began,
        created_at=now,
        finished_at=now,
    )


def title_of(found: ImportedMeasurement, *, file_name: str) -> str:
    """The one project or job that it names; a file of several, or one that names only its cards, has its own name."""
    names = [name for name in found.names if name not in found.accelerator_names]
    return (names[0] if len(names) == 1 else file_name)[:200]


def delete_import(*, import_id: uuid.UUID) -> bool:
    """Delete a file with what was kept of it among the measurements; estimates stay."""
    with transaction.atomic():
        row = ImportedFile.objects.select_for_update().filter(pk=import_id).first()
        if row is None:
            return False
        Measurement.objects.filter(imported_file=row).delete()
        row.delete()
    return True


def import_measurement(
    *, data: bytes, file_name: str, owner: User | None, answers: Answers | None = None
) -> tuple[ImportedFile, ImportedMeasurement]:
    """
    Read a file and keep what it measured, without a preview.

    Raises
    ------
    UnreadableFile
        If it gives no energy; then nothing is stored.
    """
    found = read_import(data, answers)
    now = timezone.now()
    with transaction.atomic():
        row = ImportedFile(owner=owner, file_name=file_name[:200], created_at=now, kept_at=now, **_columns(found))
        row.measurement = _measurement(found, row=row, now=now)
        row.save(force_insert=True)
    return row, found


def found_in(row: ImportedFile) -> ImportedMeasurement | None:
    """What a stored file measured."""
    return None if row.found is None else _FOUND.validate_python(row.found)


def link_import(*, import_id: uuid.UUID, estimate_id: uuid.UUID) -> bool:
    """Set a measurement against a finished estimate; False if there is no such estimate."""
    estimate = Estimate.objects.filter(pk=estimate_id, footprint__isnull=False).first()
    with transaction.atomic():
        held = ImportedFile.objects.select_for_update(of=("self",)).select_related("measurement")
        row = held.filter(pk=import_id).first()
        if estimate is None or row is None:
            return False
        row.estimate = estimate
        row.save(update_fields=["estimate"])
        if row.measurement is not None:
            row.measurement.estimate = estimate
            row.measurement.save(update_fields=["estimate"])
            _observe(row.measurement, found_in(row), estimate)
    return True


def _observe(row: Measurement, found: ImportedMeasurement | None, estimate: Estimate) -> None:
    """What the file tells of the accelerators that its estimate names."""
    if found is None:
        return
    energy_kwh = found.energy_by_component_kwh.get("accelerator", 0.0) * share_before_pue(found)
    gap_s = max((found.duration_s or 0.0) - row.covered_s, 0.0)
    calibrations.note_import(measurement=row, estimate=estimate, energy_kwh=energy_kwh, gap_s=gap_s)


def measured_workload(*, found: ImportedMeasurement, title: str) -> Workload:
    """
    An estimate to fill in further, from what was measured.

    Parameters
    ----------
    found : ImportedMeasurement
        What the file holds.
    title : str
        Name of the run.

    Returns
    -------
    Workload
        With the measured energy before PUE, what it is of, and the cards and the place that the file names; where a PUE
        of unknown size is inside, the PUE is 1, so that it is not counted twice.
    """
    energy_kwh = found.it_energy_kwh if found.it_energy_kwh is not None else found.energy_kwh
    pue = found.pue if found.includes_pue and found.it_energy_kwh is not None else 1.0 if found.includes_pue else None
    seconds = found.duration_s or 0.0
    return Workload(
        title=title[:200],
        method="measured",
        it_energy_kwh=energy_kwh,
        it_energy_quality=_quality(found),
        it_energy_covers=covers_of_file(found),
        duration_h=seconds / S_PER_H if seconds > _LEAST_S else None,
        pue=pue,
        hardware=_cards(found),
        location=_location(found),
    )


def covers_of_file(found: ImportedMeasurement) -> EnergyCovers:
    """What the energy of a file is of, by the components that it tells apart, or names."""
    return covers_of([name for name, kwh in found.energy_by_component_kwh.items() if kwh > 0.0] or found.undivided)


def _quality_of(found: ImportedMeasurement, name: str) -> EnergyQuality:
    if found.trace is not None:  # readings of a power, whoever wrote them
        return "sampled"
    return _QUALITIES_OF_PARTS.get((found.recognised_as, name)) or _QUALITIES.get(found.recognised_as, "sampled")


def _quality(found: ImportedMeasurement) -> EnergyQuality:
    """The worst of the parts that weigh enough to matter, and of what is not told apart."""
    parts = found.energy_by_component_kwh
    if not parts:
        return _quality_of(found, "system")
    return quality_of([Part(str(name), kwh, kwh, kwh, _quality_of(found, str(name))) for name, kwh in parts.items()])


def _location(found: ImportedMeasurement) -> Location:
    """Where it ran, if we know the place that the file names."""
    with contextlib.suppress(InputProblems):
        return catalogue.find_place(found.place).location if found.place else Location()
    return Location()


def _cards(found: ImportedMeasurement) -> Hardware:
    """The accelerators that a file names, where they are of one kind that the catalogue knows."""
    if len(found.accelerator_names) != 1:
        return Hardware()
    try:
        accelerator = catalogue.find_accelerator(found.accelerator_names[0]).row.id
    except InputProblems:
        return Hardware()
    return Hardware(accelerator=accelerator, accelerator_count=found.accelerator_count or None)
