"""Measurements: ask for one, follow it, stop it, and make a footprint of what was measured."""

import contextlib
import logging
import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from estimator import broker_access
from estimator.core.inputs import InputProblem, InputProblems
from estimator.core.measuring import MeasurementRequest
from estimator.models import Measurement, Worker
from estimator.models.measurement import OPEN, MeasurementKind, MeasurementStatus
from estimator.services import budgets, calibrations, estimates, storage, workers
from estimator.services.grid import grid_of
from estimator.services.measured_run import workload_of
from estimator.services.samples import AnotherRun, MeasurementOver, OutOfOrder, counted_j
from estimator.worker.protocol import MOST_AT_ONCE, PROCESS, Spec

logger = logging.getLogger(__name__)

#: A message that was sent this long ago, and not taken, is sent again; the worker knows one that comes twice.
PATIENCE: Final = timedelta(seconds=15)
#: More than this wait for the next round.
RESCUED_AT_ONCE: Final = 200
_ERRORS: Final = frozenset({"no_such_process", "unknown_workload", "workload_does_not_start", "no_meter", "internal"})
LEAST_J: Final = 1e-6


def request_measurement(*, owner: User, asked: MeasurementRequest, site: str = "", language: str = "") -> Measurement:
    """
    Ask a worker of one's own to measure.

    Parameters
    ----------
    owner : User
        Who asks.
    asked : MeasurementRequest
        What, for how long, and where the machine stands.
    site, language : str
        By which address and in which language its owner is told of a budget by mail; no mail without.

    Raises
    ------
    InputProblems
        If the worker cannot do it, the place is unknown, or the account is full.
    """
    now = timezone.now()
    worker = _worker(owner, asked)
    storage.room_for_another(owner=owner, path="worker")
    grid = grid_of(asked)
    with transaction.atomic():
        Worker.objects.select_for_update().get(pk=worker.pk)
        going_on = Measurement.objects.filter(worker=worker, status__in=OPEN).exclude(status=MeasurementStatus.LOST)
        if going_on.count() >= MOST_AT_ONCE:
            raise _problem("worker", "This worker measures as much at once as it can: stop another measurement first.")
        row = Measurement.objects.create(
            owner=owner,
            worker=worker,
            worker_name=worker.name,
            kind=MeasurementKind.LIVE,
            title=asked.title,
            project=asked.project,
            target=asked.target,
            pid=asked.pid if asked.target == "process" else None,
            workload_name=(asked.workload or "") if asked.target == "workload" else "",
            interval_s=asked.interval_s,
            duration_limit_s=asked.duration_s,
            baseline_s=asked.baseline_s,
            planned_h=asked.planned_h,
            location=asked.location.model_dump(exclude_none=True),
            grid_intensity_gco2e_per_kwh=asked.grid_intensity_gco2e_per_kwh,
            pue=asked.pue,
            budget_kwh=asked.budget_kwh,
            budget_kgco2e=asked.budget_kgco2e,
            grid=grid,
            inventory=worker.inventory,
            created_at=now,
        )
        budgets.prepare_mail(row, site=site, language=language)
        transaction.on_commit(lambda: send(row=row, now=now))
    return row


def _worker(owner: User, asked: MeasurementRequest) -> Worker:
    row = None
    with contextlib.suppress(ValueError):
        row = Worker.objects.owned_by(owner).filter(pk=uuid.UUID(asked.worker)).first()
    if row is None:
        raise _problem("worker", "You have no such worker: choose one of your own.")
    if row.disabled_at is not None:
        raise _problem("worker", "This worker is disabled: enable it on the page Workers.")
    if asked.target == "workload" and asked.workload not in row.workloads:
        raise InputProblems(
            (
                InputProblem(
                    "workload",
                    "The worker knows no workload of this name: write it into its worker.toml.",
                    suggestions=tuple(row.workloads[:5]),
                ),
            )
        )
    return row


def _problem(path: str, message: str) -> InputProblems:
    return InputProblems((InputProblem(path, message),))


def spec_of(row: Measurement) -> Spec:
    """What its worker is told. No command is among it."""
    return Spec(
        target=row.target,
        pid=row.pid,
        workload=row.workload_name,
        interval_s=row.interval_s,
        duration_limit_s=row.duration_limit_s,
        baseline_s=row.baseline_s,
    )


def send(*, row: Measurement, now: datetime) -> None:
    """Put it into its worker's queue; where the broker is away, the rescue round sends it later."""
    assert row.worker_id is not None
    if broker_access.send_slice(worker_id=row.worker_id, measurement_id=row.pk, spec=spec_of(row)):
        Measurement.objects.filter(pk=row.pk, status=MeasurementStatus.QUEUED).update(queued_at=now)


def rescue(*, now: datetime) -> int:
    """Send again what lost its message, note who fell silent, give Redis its users back."""
    workers.put_broker_right()
    Measurement.objects.mark_lost(now=now)
    online = Worker.objects.online(now)
    waiting = Measurement.objects.without_message(now=now, patience=PATIENCE).filter(worker__in=online)
    rows = list(waiting.order_by("created_at")[:RESCUED_AT_ONCE])
    for row in rows:
        send(row=row, now=now)
    return len(rows)


# --- what the worker says ---------------------------------------------------------------------------------------------


def start_measurement(
    *,
    worker: Worker,
    measurement_id: uuid.UUID,
    run: uuid.UUID,
    started_at_s: float | None,
    components: list[dict[str, Any]],
    qualities: dict[str, str],
    baseline_power_w: dict[str, float],
    inventory: dict[str, Any],
    now: datetime,
) -> Measurement:
    """
    Note what is measured, and that it has begun; may be said again.

    Raises
    ------
    Measurement.DoesNotExist
        If it is not this worker's.
    AnotherRun, MeasurementOver
        If it is measured elsewhere, or has ended.
    """
    with transaction.atomic():
        row = Measurement.objects.select_for_update().get(pk=measurement_id, worker=worker)
        if row.run is not None and row.run != run:
            raise AnotherRun
        if row.status not in OPEN:
            raise MeasurementOver
        row.run = run
        row.components = [
            {**part, "quality": qualities.get(_machine_part(part["name"]), part["quality"])} for part in components
        ]
        row.energy_j = counted_j(row)
        row.baseline_power_w = baseline_power_w
        row.inventory = inventory or row.inventory
        row.started_at_s = row.started_at_s if row.started_at_s is not None else started_at_s
        if row.status in {MeasurementStatus.QUEUED, MeasurementStatus.LOST}:
            row.status = MeasurementStatus.STOPPING if row.stop_asked_at else MeasurementStatus.RUNNING
        row.started_at = row.started_at or now
        row.heard_at = now
        row.save()
    return row


def _machine_part(name: str) -> str:
    """The component of the machine that a process's share is of."""
    return name.removeprefix(PROCESS)


def finish_measurement(
    *,
    worker: Worker,
    measurement_id: uuid.UUID,
    run: uuid.UUID,
    samples_count: int,
    error_code: str,
    exit_code: int | None,
    now: datetime,
) -> Measurement:
    """
    Note that nothing more will come, and make the footprint; may be said again.

    Raises
    ------
    Measurement.DoesNotExist
        If it is not this worker's.
    AnotherRun, OutOfOrder
        If it is measured elsewhere, or samples are missing.
    """
    with transaction.atomic():
        row = Measurement.objects.select_for_update().get(pk=measurement_id, worker=worker)
        if row.run is not None and row.run != run:
            raise AnotherRun
        if row.is_over:
            return row
        if samples_count > row.samples_count:
            raise OutOfOrder(row.next_sequence)
        row.exit_code = exit_code
        _conclude(row, now=now, error_code=error_code if error_code in _ERRORS else "internal" if error_code else "")
    return row


def end_full(*, worker: Worker, measurement_id: uuid.UUID, now: datetime) -> None:
    """End a measurement that may not grow any more, with the footprint of what came."""
    with transaction.atomic():
        row = Measurement.objects.select_for_update().get(pk=measurement_id, worker=worker)
        if row.status in OPEN:
            row.stop_asked_at = row.stop_asked_at or now
            _conclude(row, now=now, error_code="storage_full")


def _conclude(row: Measurement, *, now: datetime, error_code: str = "") -> None:
    """End a measurement whose row is held: a footprint where energy was measured, else a reason."""
    row.finished_at = row.heard_at = now
    if row.energy_j < LEAST_J or row.covered_s <= 0.0:
        row.status, row.error_code = MeasurementStatus.FAILED, error_code or "nothing_measured"
        row.save()
        return
    try:
        row.result = estimates.submit_estimate(workload=workload_of(row), owner=row.owner)
    except (InputProblems, ValidationError):  # what was told gives no run that could be
        logger.exception("Measurement %s gives no estimate", row.pk)
        error_code = error_code or "no_estimate"
    row.status, row.error_code = MeasurementStatus.DONE, error_code
    row.save()
    calibrations.note(row)


# --- what its owner says ----------------------------------------------------------------------------------------------


def stop_measurement(*, owner: User, measurement_id: uuid.UUID) -> bool:
    """Stop it, or withdraw it before it has begun; False if there is nothing to stop."""
    now = timezone.now()
    own = Measurement.objects.owned_by(owner)
    row = own.filter(pk=measurement_id).first()
    if row is None:
        return False
    if own.withdraw(pk=measurement_id, now=now):
        return True
    stopped = own.ask_to_stop(pk=measurement_id, now=now)
    if stopped and row.worker_id is not None:
        broker_access.tell_stop(worker_id=row.worker_id, measurement_id=measurement_id)
    return stopped


def conclude_measurement(*, owner: User, measurement_id: uuid.UUID) -> bool:
    """Make the footprint of what has come, without waiting for the rest."""
    with transaction.atomic():
        row = Measurement.objects.select_for_update().owned_by(owner).filter(pk=measurement_id).first()
        may = row is not None and (row.status in {MeasurementStatus.LOST, MeasurementStatus.STOPPING})
        if row is None or not (may or (row.status == MeasurementStatus.FAILED and row.result_id is None)):
            return False
        if row.energy_j < LEAST_J:
            return False
        row.stop_asked_at = row.stop_asked_at or timezone.now()
        _conclude(row, now=timezone.now())
    return True


def delete_measurement(*, owner: User, measurement_id: uuid.UUID) -> bool:
    """Delete it with its samples; the footprint that was made of it stays."""
    rows = Measurement.objects.owned_by(owner).filter(pk=measurement_id)
    row = rows.first()
    if row is None:
        return False
    if not row.is_over and row.worker_id is not None:
        broker_access.tell_stop(worker_id=row.worker_id, measurement_id=measurement_id)
    row.delete()
    return True
