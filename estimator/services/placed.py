"""Where a measurement stood, said afterwards, and of what its footprint is."""

import uuid
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction

from estimator.core.footprint import gettext_noop
from estimator.core.inputs import InputProblem, InputProblems
from estimator.core.measuring import FootprintRequest
from estimator.models import Estimate, Measurement, MeasurementKind, MeasurementStatus
from estimator.reference.resolve import factors_for
from estimator.services import estimates
from estimator.services.grid import grid_of
from estimator.services.measured_run import workload_of
from estimator.services.measurements import LEAST_J
from estimator.services.shares import shares_of

_NOTHING_ATTRIBUTED: Final = gettext_noop("Nothing is attributed to a command or process here. Take the whole machine.")


class NothingToMake(Exception):
    """The measurement has not ended, measured nothing, or is a file whose own page makes its estimate."""


def make_footprint(*, owner: User, measurement_id: uuid.UUID, asked: FootprintRequest) -> Measurement:
    """
    Say where a measurement that has ended stood, and make its footprint of that.

    An estimate that was made of it before stays among those of its owner, and is marked as replaced.

    Parameters
    ----------
    owner : User
        Who says so.
    measurement_id : UUID
        Of which measurement.
    asked : FootprintRequest
        The place, which takes that of the one that was said before, and of what the footprint is to be.

    Returns
    -------
    Measurement
        With the new footprint as its result; with the one that it has where nothing has changed.

    Raises
    ------
    Measurement.DoesNotExist
        If it is not the owner's.
    NothingToMake
        If it has not ended, measured nothing, or is a file that was imported.
    InputProblems
        If the place is unknown, or nothing was attributed to a process.
    """
    grid = grid_of(asked)
    with transaction.atomic():
        row = Measurement.objects.select_for_update().owned_by(owner).get(pk=measurement_id)
        if row.status != MeasurementStatus.DONE or row.kind == MeasurementKind.IMPORTED or row.energy_j < LEAST_J:
            raise NothingToMake
        shares = shares_of(row)
        if asked.of == "machine" and shares is not None and shares.machine_j < LEAST_J:
            raise NothingToMake
        if asked.of == "process" and (shares is None or shares.energy_j < LEAST_J):
            raise InputProblems((InputProblem("of", _NOTHING_ATTRIBUTED),))
        row.location = asked.location.model_dump(exclude_none=True)
        row.grid_intensity_gco2e_per_kwh = asked.grid_intensity_gco2e_per_kwh
        row.pue, row.grid, row.footprint_of = asked.pue, grid, asked.of or ""
        workload = workload_of(row)
        if row.result is None or row.result.input_digest != workload.input_digest:
            before, row.result = row.result, estimates.submit_estimate(workload=workload, owner=owner)
            if before is not None:
                Estimate.objects.filter(pk=before.pk).update(replaced_by=row.result)
        row.save()
    return row


def assumed_pue(row: Measurement) -> float | None:
    """The PUE that its footprint takes where none was given; None where one was."""
    if row.pue is not None:
        return None
    found = factors_for(workload_of(row)).assumptions["pue"]
    return None if found.status == "given" else found.value
