"""Bring a file of another energy tracker: look at it, keep it, set it against an estimate, use it for the next one."""

import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from estimator.core import reconcile
from estimator.core.calibration import Calibration, Observation, calibration
from estimator.core.footprint import Quality
from estimator.core.inputs import Hardware, InputProblems, Workload
from estimator.core.units import J_PER_KWH
from estimator.imports import Answers, ImportedMeasurement, UnreadableFile, read_import
from estimator.models import Estimate, ImportedFile, Measurement
from estimator.models.measurement import MeasurementKind, MeasurementStatus
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from estimator.services import calibrations

#: For how long a file waits for its owner's word, and how many may wait at once.
HELD: Final = timedelta(hours=2)
MOST_HELD: Final = 40
#: Shorter than this, a run gives no hours that a form could take. [s]
_LEAST_S: Final = 1e-3
#: How well a tool knows what it tells, at worst; the others read a sensor's power.
_QUALITIES: Final[dict[str, Quality]] = {
    "zeus": "counter",
    "perf": "counter",
    "codecarbon": "modelled",
    "eco2ai": "modelled",
    "green-algorithms": "modelled",
}
_FOUND: Final = TypeAdapter(ImportedMeasurement)


@dataclass(frozen=True, slots=True)
class Compared:
    """A measurement against an estimate, and what the next estimate takes over from it."""

    reconciliation: reconcile.Reconciliation
    calibration: Calibration | None
    mean_system_power_w: float


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
    quality = _QUALITIES.get(found.recognised_as, "sampled")
    began = found.started_at or now
    seconds = found.duration_s or 0.0
    return Measurement.objects.create(
        owner=row.owner,
        kind=MeasurementKind.IMPORTED,
        title=(found.names[0] if found.names else row.file_name)[:200],
        status=MeasurementStatus.DONE,
        components=[{"name": name, "quality": quality, "energy_j": kwh * J_PER_KWH} for name, kwh in parts.items()],
        energies_j={name: kwh * J_PER_KWH for name, kwh in parts.items()},
        energy_j=found.energy_kwh * J_PER_KWH,
        covered_s=found.covered_s or seconds,
        pue=found.pue if found.includes_pue else None,
        started_at_s=began.timestamp(),
        last_time_s=began.timestamp() + seconds,
        started_at=began,
        created_at=now,
        finished_at=now,
    )


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
    row = ImportedFile.objects.select_related("measurement").filter(pk=import_id).first()
    if estimate is None or row is None:
        return False
    with transaction.atomic():
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
    energy_kwh = found.energy_by_component_kwh.get("accelerator", 0.0) * _without_pue(found)
    gap_s = max((found.duration_s or 0.0) - row.covered_s, 0.0)
    calibrations.note_import(measurement=row, estimate=estimate, energy_kwh=energy_kwh, gap_s=gap_s)


def _without_pue(found: ImportedMeasurement) -> float:
    """Energy before PUE over the one told, as far as the file knows it."""
    return (found.it_energy_kwh or found.energy_kwh) / found.energy_kwh


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
        With the measured energy before PUE; where a PUE of unknown size is inside, the PUE is 1, so that it is not
        counted twice.
    """
    energy_kwh = found.it_energy_kwh if found.it_energy_kwh is not None else found.energy_kwh
    pue = found.pue if found.includes_pue and found.it_energy_kwh is not None else 1.0 if found.includes_pue else None
    seconds = found.duration_s or 0.0
    return Workload(
        title=title[:200],
        method="measured",
        it_energy_kwh=energy_kwh,
        duration_h=seconds / 3600 if seconds > _LEAST_S else None,
        pue=pue,
    )


def compare(
    *,
    found: ImportedMeasurement,
    estimate: Estimate,
    source: str = "",
    accelerator_count: int | None = None,
    alone: tuple[str | None, Observation] | None = None,
) -> Compared | None:
    """
    A measurement against the estimate of the same run, and why they differ.

    Parameters
    ----------
    found : ImportedMeasurement
        What was measured.
    estimate : Estimate
        The run as it was estimated.
    source : str, optional
        Where it was measured, for people.
    accelerator_count : int, optional
        Accelerators that were measured; by default as many as were estimated.
    alone : tuple, optional
        What is known of their draw: which they were, by the catalogue, and what one of them drew.

    Returns
    -------
    Compared or None
        None where the file states no time, or the estimate has no result.
    """
    footprint = estimate.result()
    seconds = found.covered_s or found.duration_s
    if footprint is None or not seconds:
        return None
    workload = estimate.workload()
    estimated = reconcile.estimated_side(footprint)
    scale = _without_pue(found)
    parts: dict[reconcile.Component, float] = {
        name: kwh * scale for name, kwh in found.energy_by_component_kwh.items() if kwh > 0
    }
    parts = parts or {"servers": found.energy_kwh * scale}
    duration_h = seconds / 3600
    measured = reconcile.measured_side(
        energy_by_component_kwh=parts,
        duration_h=duration_h,
        estimated=estimated,
        accelerator_count=accelerator_count,
        pue=found.pue if found.includes_pue else None,
    )
    if found.includes_pue and found.it_energy_kwh is None:
        # A PUE of unknown size is inside: the estimate's is taken out, so that the totals stay what they are.
        measured = reconcile.without_pue(measured)
    return Compared(
        reconciliation=reconcile.reconcile(estimated=estimated, measured=measured),
        calibration=_calibration(
            workload, alone or (None, _observation(workload, parts, duration_h, found)), source=source
        ),
        mean_system_power_w=sum(parts.values()) * 1000 / duration_h,
    )


def _observation(
    workload: Workload,
    parts: dict[reconcile.Component, float],
    duration_h: float,
    found: ImportedMeasurement,
) -> Observation | None:
    energy_kwh = parts.get("accelerator", 0.0)
    if not energy_kwh:
        return None
    count = workload.hardware.accelerator_count or 1
    spread = None
    if found.trace and set(parts) == {"accelerator"}:
        ordered = sorted(found.trace.power_w)
        spread = (ordered[len(ordered) // 20] / count, ordered[-1 - len(ordered) // 20] / count)
    return Observation(
        energy_kwh * 1000 / duration_h / count,
        duration_h,
        low_w=spread[0] if spread else None,
        high_w=spread[1] if spread else None,
        devices_count=count,
    )


def _calibration(
    workload: Workload, alone: tuple[str | None, Observation | None], *, source: str
) -> Calibration | None:
    """The draw of this run, as a share of the one that was estimated."""
    hardware, observed = alone
    hardware = hardware or workload.hardware.accelerator
    if hardware is None or observed is None:
        return None
    limit = factors_for(workload).assumptions.get("mean_accelerator_power_w")
    found = calibration(
        hardware=hardware,
        observations=[observed],
        limit_w=limit.value if limit is not None and limit.value > 0 else None,
    )
    return calibrations.with_words(found, source=source or _("A measured run"), device=_device(hardware))


def _device(hardware: str) -> str:
    try:
        return catalogue.find_hardware(hardware).label
    except InputProblems:
        return hardware


def next_workload(*, compared: Compared, estimate: Estimate) -> Workload:
    """The inputs of the estimate, with the draw that was measured in place of the assumed one."""
    workload = estimate.workload()
    if compared.calibration is not None:
        return compared.calibration.applied_to(workload)
    hardware = workload.hardware.model_copy(
        update={"mean_system_power_w": compared.mean_system_power_w, "utilisation": None}
    )
    return workload.model_copy(
        update={"hardware": Hardware.model_validate(hardware.model_dump()), "method": "auto", "it_energy_kwh": None}
    )
