"""Measurements that were made elsewhere and have ended, and all samples of one as CSV."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from estimator.core.inventory import MOST_COMPONENTS, InventoryTold, named_once
from estimator.models import Measurement, MeasurementKind, MeasurementStatus
from estimator.services import calibrations, estimates
from estimator.services.measurements import workload_of
from estimator.services.samples import chunks_of, counted_j, parse, take_in
from estimator.worker.protocol import MOST_SAMPLES

MOST_BYTES: Final = 8_000_000
MOST_SAMPLES_BROUGHT: Final = 20_000
_Positive = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
_Joules = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]


class RecordedComponent(BaseModel):
    """What one component drew in all."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    quality: Literal["counter", "sampled", "modelled"]
    energy_j: _Joules
    label: Annotated[str, Field(max_length=200)] = ""
    counted: bool | None = None


class Recorded(BaseModel):
    """One finished measurement, as `wattprint measure` sends it."""

    model_config = ConfigDict(extra="ignore")

    kind: Literal["finished"]
    client_id: uuid.UUID
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
    """
    earlier = Measurement.objects.owned_by(owner).filter(client_id=told.client_id).first()
    if earlier is not None:
        return earlier, False
    now = timezone.now()
    try:
        with transaction.atomic():
            row = _stored(owner=owner, told=told, now=now)
            if row.energy_j > 0.0:
                row.result = estimates.submit_estimate(workload=workload_of(row), owner=owner)
                row.save(update_fields=["result"])
                calibrations.note(row)
    except IntegrityError:
        return Measurement.objects.get(owner=owner, client_id=told.client_id), False
    return row, True


def _stored(*, owner: User, told: Recorded, now: datetime) -> Measurement:
    beside = {part.name for meter in told.inventory.meters for part in meter.components if not part.counted}
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
            part.model_dump() | {"counted": part.name not in beside if part.counted is None else part.counted}
            for part in told.components
        ],
        created_at=now,
        finished_at=now,
    )
    samples = [sample[1:] if isinstance(sample, list) else sample for sample in told.samples]
    for start in range(0, len(samples), MOST_SAMPLES):
        take_in(row, parse(samples[start : start + MOST_SAMPLES], before_s=row.last_time_s or told.started_at_s))
    # What was added up where it was measured is what counts.
    row.energies_j = {part.name: part.energy_j for part in told.components}
    row.energy_j = counted_j(row)
    row.covered_s = told.duration_s
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
