"""Measurements that were made elsewhere and have ended, and all samples of one as CSV."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from estimator.core.bounds import MAX_HOURS
from estimator.core.footprint import gettext_noop as _
from estimator.core.inputs import InputProblem, InputProblems
from estimator.core.inventory import MOST_COMPONENTS, InventoryTold, Sentences, named_once
from estimator.core.measuring import Placed
from estimator.core.units import S_PER_H
from estimator.measure.process import Basis
from estimator.measure.samplers import Flag
from estimator.models import Measurement, MeasurementKind, MeasurementStatus
from estimator.services import calibrations, estimates, storage
from estimator.services.grid import grid_of
from estimator.services.measured_run import workload_of
from estimator.services.measurements import LEAST_J
from estimator.services.samples import chunks_of, counted_j, parse, take_in
from estimator.services.shares import not_counted
from estimator.worker.protocol import MOST_SAMPLES, PROCESS

MOST_BYTES: Final = 8_000_000
MOST_SAMPLES_BROUGHT: Final = 20_000
#: How far an energy may be from its share, as rounding leaves it.
_CLOSE: Final = 1e-3
_Positive = Annotated[float, Field(gt=0, le=MAX_HOURS * S_PER_H, allow_inf_nan=False)]
_Joules = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]


class RecordedComponent(BaseModel):
    """What one component drew in all."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    quality: Literal["counter", "sampled", "modelled"]
    energy_j: _Joules
    label: Annotated[str, Field(max_length=200)] = ""
    counted: bool | None = None
    low: Annotated[float, Field(ge=0, le=1)] = 1.0
    high: Annotated[float, Field(ge=1, le=100)] = 1.0
    note: Annotated[str, Field(max_length=2_000)] = ""
    words: Sentences = {}


class RecordedShare(BaseModel):
    """What of one component falls to the command."""

    name: Annotated[str, Field(max_length=64)]
    energy_j: _Joules
    share: Annotated[float, Field(ge=0, le=1)]
    basis: Basis


class Recorded(Placed):
    """One finished measurement, as `wattprint measure` sends it; older versions say nothing of share and place."""

    model_config = ConfigDict(extra="ignore")

    kind: Literal["finished"]
    client_id: Annotated[uuid.UUID, Field(strict=False)]
    title: Annotated[str, Field(max_length=200)] = ""
    started_at_s: Annotated[float, Field(gt=0, lt=1e11, allow_inf_nan=False)]
    duration_s: _Positive
    interval_s: Annotated[float, Field(ge=0.01, le=1e9, allow_inf_nan=False)] = 1.0
    inventory: InventoryTold = InventoryTold()
    components: Annotated[
        list[RecordedComponent], Field(min_length=1, max_length=MOST_COMPONENTS), AfterValidator(named_once)
    ]
    samples: Annotated[list[Any], Field(max_length=MOST_SAMPLES_BROUGHT)] = []
    command_name: Annotated[str, Field(max_length=200)] = ""
    attributed: Annotated[list[RecordedShare], Field(max_length=MOST_COMPONENTS), AfterValidator(named_once)] = []
    flags: Annotated[list[Flag], Field(max_length=16)] = []
    exit_code: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None


def bring(*, owner: User, told: Recorded) -> tuple[Measurement, bool]:
    """
    Store a measurement that has ended, with its footprint.

    Parameters
    ----------
    owner : User
        Whose it is.
    told : Recorded
        What was measured; the sums of its components count, its samples are for the chart.

    Returns
    -------
    tuple
        The row, and whether it is new: sent twice, it is stored once.

    Raises
    ------
    SamplesRefused
        If a sample cannot be.
    InputProblems
        If the place is unknown, a share is of no component or more than its energy, or the account is full.
    Full
        If its samples are more than there is room for.
    """
    earlier = Measurement.objects.owned_by(owner).filter(client_id=told.client_id).first()
    if earlier is not None:
        return earlier, False
    _check_shares(told)
    grid = grid_of(told)
    storage.room_for_another(owner=owner, path="client_id")
    now = timezone.now()
    try:
        with transaction.atomic():
            row = _stored(owner=owner, told=told, grid=grid, now=now)
            if row.energy_j >= LEAST_J:
                row.result = estimates.submit_estimate(workload=workload_of(row), owner=owner)
                row.save(update_fields=["result"])
                calibrations.note(row)
    except IntegrityError:
        return Measurement.objects.get(owner=owner, client_id=told.client_id), False
    return row, True


def _check_shares(told: Recorded) -> None:
    """Refuse shares of what was not measured, and energies that are not what they say."""
    energies_j = {part.name: part.energy_j for part in told.components}
    problems = []
    for place, part in enumerate(told.attributed):
        if part.name not in energies_j:
            message = _("Name one of the components; there is no “%(name)s” among them.")
            params, near = {"name": part.name}, tuple(energies_j)[:5]
            problems.append(InputProblem(f"attributed.{place}.name", message, params, suggestions=near))
        elif abs(part.energy_j - part.share * energies_j[part.name]) > _CLOSE * energies_j[part.name] + LEAST_J:
            message = _("Give the share times the energy of the component, which is %(energy_j)s J.")
            params = {"energy_j": f"{part.share * energies_j[part.name]:.6g}"}
            problems.append(InputProblem(f"attributed.{place}.energy_j", message, params))
    if problems:
        raise InputProblems(tuple(problems))


def _stored(*, owner: User, told: Recorded, grid: dict[str, Any], now: datetime) -> Measurement:
    beside = not_counted(told.inventory.as_json())
    bases = {part.name: {"basis": part.basis} for part in told.attributed}
    row = Measurement.objects.create(
        owner=owner,
        kind=MeasurementKind.COMMAND,
        title=told.title or told.command_name,
        worker_name=told.inventory.host.name[:80],
        interval_s=told.interval_s,
        status=MeasurementStatus.DONE,
        inventory=told.inventory.as_json(),
        client_id=told.client_id,
        started_at_s=told.started_at_s,
        started_at=datetime.fromtimestamp(told.started_at_s, tz=UTC),
        components=[
            part.model_dump()
            | {"counted": part.name not in beside if part.counted is None else part.counted}
            | bases.get(part.name, {})
            for part in told.components
        ],
        location=told.location.model_dump(exclude_none=True),
        grid_intensity_gco2e_per_kwh=told.grid_intensity_gco2e_per_kwh,
        pue=told.pue,
        grid=grid,
        exit_code=told.exit_code,
        created_at=now,
        finished_at=now,
    )
    samples = [sample[1:] if isinstance(sample, list) else sample for sample in told.samples]
    for start in range(0, len(samples), MOST_SAMPLES):
        take_in(row, parse(samples[start : start + MOST_SAMPLES], before_s=row.last_time_s or told.started_at_s))
    # What was added up where it was measured is what counts.
    row.energies_j = {part.name: part.energy_j for part in told.components}
    row.energies_j |= {PROCESS + part.name: part.energy_j for part in told.attributed}
    row.energy_j = counted_j(row)
    row.covered_s = told.duration_s
    row.flags = sorted({*row.flags, *told.flags})
    row.last_time_s = row.last_time_s or told.started_at_s + told.duration_s
    row.save()
    return row


def csv_lines(row: Measurement) -> Iterator[bytes]:
    """All samples: number, end, duration, joules of each component."""
    names = [part["name"] for part in row.components]
    columns = ["sequence", "time_s", "duration_s", *(f"{_cell(name)}.energy_j" for name in names)]
    yield (",".join(columns) + "\n").encode()
    for first, batch in chunks_of(row):
        at = [batch.names.index(name) if name in batch.names else None for name in names]
        lines = []
        for offset, (time_s, duration_s, energies_j) in enumerate(
            zip(batch.times_s.tolist(), batch.durations_s.tolist(), batch.energies_j.tolist(), strict=True)
        ):
            cells = ["" if i is None or energies_j[i] != energies_j[i] else repr(energies_j[i]) for i in at]
            lines.append(f"{first + offset},{time_s!r},{duration_s!r},{','.join(cells)}\n")
        yield "".join(lines).encode()


def _cell(name: str) -> str:
    """A name that a spreadsheet takes for a text and nothing else."""
    plain = "".join(letter if letter.isalnum() or letter in " :._-" else "_" for letter in name)
    return f"'{plain}" if plain[:1] in "-" else plain
