"""Compute a run, at once or as a stored job."""

import hashlib
import logging
import uuid
from functools import cache
from typing import Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from estimator import live_grid
from estimator.core.estimate import estimate
from estimator.core.factors import Factors
from estimator.core.footprint import Footprint
from estimator.core.inputs import Hardware, InputProblems, Location, Model, Workload
from estimator.jobs import JobQueue
from estimator.models import Estimate
from estimator.reference.resolve import factors_for
from estimator.services.datasets import keep_dataset

logger = logging.getLogger(__name__)

JOBS: Final = JobQueue(model=Estimate, task="estimator.run_estimate", name="estimates")


class IdempotencyConflict(Exception):
    """The same Idempotency-Key came with other inputs."""


EXAMPLE = Workload(
    title="BERT base",
    model=Model(parameters_count=110_000_000),
    hardware=Hardware(accelerator="nvidia-v100-sxm2-16gb", accelerator_count=64, mean_system_power_w=12_041.51),
    duration_h=79.0,
    location=Location(country="US"),
    grid_intensity_gco2e_per_kwh=432.7,
    pue=1.58,
)
"""The finished example of the first page: BERT base as Strubell et al. 2019, Table 3, print it."""


def calculate(*, workload: Workload) -> Footprint:
    """
    The footprint of a workload, computed at once; nothing is stored.

    Raises
    ------
    InputProblems
        If a name is unknown, or the method lacks something that it needs; all problems at once.
    """
    return estimate(workload, _factors(workload))


def _factors(workload: Workload) -> Factors:
    """Every input of the estimate, with the intensity of this hour where the run asks for it."""
    return live_grid.with_live_grid(workload=workload, factors=factors_for(workload))


@cache
def example_footprint() -> Footprint:
    """The footprint of the first page's example, computed once a process."""
    return calculate(workload=EXAMPLE)


def submit_estimate(*, workload: Workload, idempotency_key: str | None = None, owner: User | None = None) -> Estimate:
    """
    Store a workload and queue its computation.

    Parameters
    ----------
    workload : Workload
        What to compute. It is checked against the catalogue first, so that a worker never fails for a wrong name.
    idempotency_key : str, optional
        The same key with the same inputs gives the same estimate again. Each account has keys of its own.
    owner : User, optional
        Whose it is; nobody's without.

    Raises
    ------
    InputProblems
        If it cannot be computed; then nothing is stored.
    IdempotencyConflict
        If the key was used with other inputs.
    """
    factors_for(workload)
    digest = workload.input_digest
    whose = "" if owner is None else f"{owner.pk}:"
    key = hashlib.sha256(f"{whose}{idempotency_key}".encode()).hexdigest() if idempotency_key else None
    now = timezone.now()
    try:
        with transaction.atomic():
            row = Estimate.objects.create(
                owner=owner,
                title=workload.title,
                inputs=workload.model_dump(mode="json"),
                input_digest=digest,
                idempotency_key=key,
                created_at=now,
            )
            transaction.on_commit(lambda: JOBS.send(pk=row.id, now=now))
    except IntegrityError:
        earlier = Estimate.objects.filter(idempotency_key=key).first() if key else None
        if earlier is None:
            raise
        if earlier.input_digest != digest:
            raise IdempotencyConflict from None
        return earlier
    return row


def run_estimate(*, estimate_id: uuid.UUID, worker: str) -> bool:
    """
    Compute one stored estimate; False when somebody else has it, or had it before.

    The claim is one conditional UPDATE, and so is storing the result: delivered twice, it is computed and stored once.
    """
    token = Estimate.objects.claim(pk=estimate_id, worker=worker, now=timezone.now())
    if token is None:
        return False
    row = Estimate.objects.get(pk=estimate_id)
    try:
        workload = row.workload()
        factors = _factors(workload)
        Estimate.objects.advance(pk=estimate_id, token=token, progress=0.3, now=timezone.now())
        keep_dataset()
        footprint = estimate(workload, factors)
    except InputProblems:
        logger.exception("Estimate %s has inputs that this dataset does not know", estimate_id)
        return Estimate.objects.fail(pk=estimate_id, token=token, now=timezone.now(), error_code="inputs_unknown")
    except Exception:
        # Whatever went wrong, the person who waits is told; the log has the details, the page never.
        logger.exception("Estimate %s failed", estimate_id)
        return Estimate.objects.fail(pk=estimate_id, token=token, now=timezone.now(), error_code="internal")
    return Estimate.objects.finish(
        pk=estimate_id,
        token=token,
        now=timezone.now(),
        footprint=footprint.model_dump(mode="json"),
        method=footprint.method,
        facility_energy_kwh=footprint.result.facility_energy_kwh.central,
        total_kgco2e=footprint.result.total_kgco2e.central,
        engine_version=footprint.engine_version,
        dataset_version=footprint.dataset_version,
    )


def retry_estimate(*, estimate_id: uuid.UUID) -> bool:
    """Queue a failed estimate again; False if it has not failed."""
    with transaction.atomic():
        now = timezone.now()
        changed = Estimate.objects.retry(pk=estimate_id, now=now)
        if changed:
            transaction.on_commit(lambda: JOBS.send(pk=estimate_id, now=now))
    return changed
