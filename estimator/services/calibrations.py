"""What hardware really drew: an observation of each finished measurement, and calibrations over all of them."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max, Sum
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from estimator.core.calibration import Calibration, Device, Drawn, Kind, LeftOut, calibration, drawn
from estimator.core.calibration import Observation as Observed
from estimator.core.inputs import InputProblems
from estimator.core.units import J_PER_KWH, S_PER_H
from estimator.measure.figures import plain_cpu_name
from estimator.models import Estimate, Measurement, MeasurementKind, Observation
from estimator.reference import catalogue
from estimator.reference.tables import Accelerator, Cpu

#: Names of calibrations are made in it.
_NAMESPACE: Final = uuid.UUID("6f1e4f6a-3c0b-5d0e-9b1a-0d6f1d3c7a52")
_LONGEST_NAME: Final = 120
_LONGEST_WORDS: Final = 200
#: What a whole processor's component begins with; a process's share of one begins otherwise.
_PACKAGE: Final = "cpu_package"

Columns: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement, as far as one kind of hardware goes."""

    measurement: uuid.UUID
    title: str
    at: datetime
    observed: Observed
    left_out: LeftOut  #: why it does not count; empty where it does


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One kind of hardware on one machine."""

    id: uuid.UUID
    worker: uuid.UUID | None
    source: str  #: the machine, for people
    kind: Kind
    device: str  #: by the catalogue, or as its driver calls it
    hardware: str | None  #: id of the catalogue
    calibration: Calibration | None  #: None where no run counts
    runs: tuple[Run, ...]  #: those that count, newest first
    left_out: tuple[Run, ...]
    last_at: datetime

    @property
    def newest(self) -> list[Run]:
        """All of them, newest first."""
        return sorted((*self.runs, *self.left_out), key=lambda run: run.at, reverse=True)

    @property
    def left_out_counts(self) -> dict[LeftOut, int]:
        """How many runs do not count, by reason."""
        counts: dict[LeftOut, int] = {}
        for run in self.left_out:
            counts[run.left_out] = counts.get(run.left_out, 0) + 1
        return counts


@dataclass(frozen=True, slots=True)
class Offer:
    """A calibration as a form offers it: which one, and its mean."""

    id: uuid.UUID
    source: str
    device: str
    mean_power_w: float


# --- what one measurement tells ---------------------------------------------------------------------------------------


def note(row: Measurement) -> None:
    """Keep what a measurement that has ended tells of its hardware; said again, it is found out anew."""
    if row.owner_id is not None and row.covered_s > 0.0:
        _keep(row.pk, observations_of(row))


def note_import(*, measurement: Measurement, estimate: Estimate, energy_kwh: float, gap_s: float) -> None:
    """
    Keep what a file tells of the accelerators of a run. Which they were, and how many, its estimate says.

    Parameters
    ----------
    measurement : Measurement
        The row of the file.
    estimate : Estimate
        Of the same run.
    energy_kwh : float
        Of all accelerators, without PUE. [kWh]
    gap_s : float
        Time in which nothing was read. [s]
    """
    told = estimate.workload().hardware
    found: list[Columns] = []
    if told.accelerator is not None and energy_kwh > 0.0 and measurement.covered_s > 0.0 and measurement.owner_id:
        try:
            known = catalogue.find_hardware(told.accelerator)
        except InputProblems:
            known = None
        count = told.accelerator_count or (known.accelerator_count if known else None)
        if known is not None and count:
            part: Mapping[str, Any] = next((one for one in measurement.components if one["name"] == "accelerator"), {})
            one = Device(energy_kwh * J_PER_KWH / count, str(part.get("quality", "sampled")), known.accelerator.tdp_w)
            span_s = measurement.covered_s + gap_s
            seen = drawn(devices=[one], duration_s=measurement.covered_s, span_s=span_s)
            found = [_row("accelerator", known.accelerator.name, seen, measurement.covered_s, count=round(count))]
    _keep(measurement.pk, found)


def _keep(measurement_id: uuid.UUID, found: Iterable[Columns]) -> None:
    with transaction.atomic():
        Observation.objects.filter(measurement_id=measurement_id).delete()
        Observation.objects.bulk_create(Observation(measurement_id=measurement_id, **columns) for columns in found)


def observations_of(row: Any) -> list[Columns]:
    """
    What a measurement tells of the draw of its hardware.

    Whole devices only: the accelerators of its machine, or its processors where it has none. A migration asks too, so
    that nothing but the columns of a measurement is read.

    Parameters
    ----------
    row : Measurement
        One that has ended, and took time.

    Returns
    -------
    list of dict
        The columns of one `Observation` for each kind of device.
    """
    inventory = row.inventory if isinstance(row.inventory, dict) else {}
    cards = {
        str(card["component"]): card
        for card in _dicts(inventory.get("accelerators"))
        if isinstance(card.get("component"), str) and str(card.get("name", "")).strip()
    }
    if cards:
        named = {name: str(card["name"]).strip()[:_LONGEST_NAME] for name, card in cards.items()}
        limits_w = {
            name: _limit_w(card.get("limit_w"), _known("accelerator", named[name])) for name, card in cards.items()
        }
        return list(_observations(row, "accelerator", named, limits_w))
    processor = inventory.get("cpu")
    model = str(processor.get("model", "")).strip()[:_LONGEST_NAME] if isinstance(processor, dict) else ""
    packages = [part["name"] for part in row.components if str(part["name"]).partition(":")[0] == _PACKAGE]
    if not model or not packages:
        return []
    limit_w = _limit_w(None, _known("cpu", model))
    return list(_observations(row, "cpu", dict.fromkeys(packages, model), dict.fromkeys(packages, limit_w)))


def _observations(
    row: Any, kind: Kind, named: Mapping[str, str], limits_w: Mapping[str, float | None]
) -> Iterator[Columns]:
    groups: dict[str, list[Device]] = {}
    for part in row.components:
        name = part["name"]
        if name in named and name in row.energies_j:
            idle_w = row.baseline_power_w.get(name)
            device = Device(row.energies_j[name], str(part.get("quality", "modelled")), limits_w[name], idle_w)
            groups.setdefault(named[name], []).append(device)
    span_s = (row.last_time_s or 0.0) - (row.started_at_s or 0.0)
    for device_name, devices in groups.items():
        seen = drawn(
            devices=devices,
            duration_s=row.covered_s,
            span_s=span_s,
            bridged_s=row.gap_s,
            together=kind == "cpu",
        )
        yield _row(kind, device_name, seen, row.covered_s, count=seen.devices_count)


def _row(kind: Kind, device: str, seen: Drawn, duration_s: float, *, count: int) -> Columns:
    return {
        "kind": kind,
        "device": device[:_LONGEST_NAME],
        "devices_count": max(count, 1),
        "mean_power_w": seen.mean_power_w,
        "duration_s": duration_s,
        "left_out": seen.left_out,
    }


def _dicts(told: Any) -> list[dict[str, Any]]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _limit_w(told: Any, known: Accelerator | Cpu | None) -> float | None:
    """The limit that the driver tells, else that of the catalogue."""
    if isinstance(told, int | float) and not isinstance(told, bool) and told > 0:
        return float(told)
    return known.tdp_w if known is not None else None


def _known(kind: str, name: str) -> Accelerator | Cpu | None:
    """The row of the catalogue; None where it knows no such device."""
    shelf = catalogue.shelf()
    found = shelf.accelerator_names.get(name) if kind == "accelerator" else shelf.cpu_names.get(plain_cpu_name(name))
    return found.row if found else None


# --- over all of them -------------------------------------------------------------------------------------------------

#: What tells one kind of hardware on one machine from another.
_APART: Final = (
    "kind",
    "device",
    "measurement__kind",
    "measurement__worker_id",
    "measurement__worker__name",
    "measurement__worker_name",
)
_COLUMNS: Final = (
    *_APART,
    "devices_count",
    "mean_power_w",
    "duration_s",
    "left_out",
    "measurement_id",
    "measurement__title",
    "measurement__created_at",
)


def calibrations_of(
    *, owner: User, worker: uuid.UUID | None = None, measurement: uuid.UUID | None = None, elsewhere: bool = False
) -> list[Calibrated]:
    """
    What the hardware of an account really drew, over all its measurements, in one query.

    Parameters
    ----------
    owner : User
        Whose.
    worker : UUID, optional
        Only of this machine.
    measurement : UUID, optional
        Only what was measured in this one, though over all runs on the same hardware.
    elsewhere : bool, default False
        Only what no worker measured.

    Returns
    -------
    list of Calibrated
        The one that was measured last comes first.
    """
    rows = Observation.objects.owned_by(owner).order_by("-measurement__created_at", "-measurement_id", "device")
    if worker is not None:
        rows = rows.filter(measurement__worker_id=worker)
    if elsewhere:
        rows = rows.filter(measurement__worker=None)
    found = [
        _calibrated(key, group)
        for key, group in _grouped(owner, rows.values(*_COLUMNS).iterator(chunk_size=2_000))
        if measurement is None or any(row["measurement_id"] == measurement for row in group)
    ]
    return sorted(found, key=lambda one: (one.last_at, one.id), reverse=True)


def offers_of(*, owner: User, most_count: int) -> list[Offer]:
    """
    The calibrations of an account by their means alone: the database adds the runs up, as each form asks for them.

    Parameters
    ----------
    owner : User
        Whose.
    most_count : int
        As many at the most, those first that were measured last.
    """
    rows = Observation.objects.owned_by(owner).filter(left_out="").values(*_APART).order_by()
    sums = rows.annotate(
        energy_j=Sum(F("mean_power_w") * F("duration_s")), all_s=Sum("duration_s"), at=Max("measurement__created_at")
    )
    groups = _grouped(owner, sums.order_by("-at"))[:most_count]
    return [
        Offer(
            id=key,
            source=_source(group[0]),
            device=_name(group[0]),
            mean_power_w=sum(row["energy_j"] for row in group) / sum(row["all_s"] for row in group),
        )
        for key, group in groups
    ]


def _grouped(owner: User, rows: Iterable[dict[str, Any]]) -> list[tuple[uuid.UUID, list[dict[str, Any]]]]:
    """The rows of each calibration, under its name, in their order; each knows its row of the catalogue."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    devices: dict[tuple[str, str], Any] = {}
    for row in rows:
        named = row["kind"], row["device"]
        if named not in devices:
            devices[named] = _known(*named)
        known = row["known"] = devices[named]
        groups.setdefault((_source_key(row), row["kind"], known.id if known else row["device"]), []).append(row)
    return [(uuid.uuid5(_NAMESPACE, "/".join((str(owner.pk), *key))), group) for key, group in groups.items()]


def calibration_named(*, owner: User, calibration_id: uuid.UUID) -> Calibration | None:
    """One of them by its id; None where there is none, or no run of it counts."""
    for one in calibrations_of(owner=owner):
        if one.id == calibration_id:
            return one.calibration
    return None


def run_alone(row: Measurement) -> tuple[str | None, Observed] | None:
    """The accelerators of one measurement: their id, and what one of them drew; None where it tells of none."""
    for one in row.observations.all():
        if one.kind == "accelerator" and one.mean_power_w > 0.0:
            known = _known("accelerator", one.device)
            return (known.id if known else None), _observed(one.mean_power_w, one.duration_s, one.devices_count)
    return None


def _source_key(row: Mapping[str, Any]) -> str:
    if row["measurement__worker_id"] is not None:
        return str(row["measurement__worker_id"])
    if row["measurement__kind"] == MeasurementKind.IMPORTED:
        return "imported"
    return f"host:{row['measurement__worker_name']}"


def _source(row: Mapping[str, Any]) -> str:
    if row["measurement__worker_id"] is not None:
        return str(row["measurement__worker__name"])
    if row["measurement__kind"] == MeasurementKind.IMPORTED:
        return _("Imported files")
    return str(row["measurement__worker_name"]) or _("A machine without a name")


def _calibrated(key: uuid.UUID, rows: Sequence[Mapping[str, Any]]) -> Calibrated:
    first = rows[0]
    runs = [
        Run(
            measurement=row["measurement_id"],
            title=row["measurement__title"],
            at=row["measurement__created_at"],
            observed=_observed(row["mean_power_w"], row["duration_s"], row["devices_count"]),
            left_out=row["left_out"],
        )
        for row in rows
    ]
    counted = tuple(run for run in runs if not run.left_out)
    kind: Kind = first["kind"]
    return Calibrated(
        id=key,
        worker=first["measurement__worker_id"],
        source=_source(first),
        kind=kind,
        device=_name(first),
        hardware=first["known"].id if first["known"] else None,
        calibration=_over(counted, first, kind) if counted else None,
        runs=counted,
        left_out=tuple(run for run in runs if run.left_out),
        last_at=first["measurement__created_at"],
    )


def _over(runs: Sequence[Run], first: Mapping[str, Any], kind: Kind) -> Calibration:
    known = first["known"]
    found = calibration(
        kind=kind,
        hardware=known.id if known else None,
        observations=[run.observed for run in runs],
        limit_w=known.tdp_w if known else None,
    )
    return with_words(found, source=_source(first), device=_name(first))


def _name(row: Mapping[str, Any]) -> str:
    return str(row["known"].name if row["known"] else row["device"])


def with_words(found: Calibration, *, source: str, device: str) -> Calibration:
    """A calibration that says where it comes from: "NVIDIA H100 on desk, 510 W on average over 3 runs, 12.5 h"."""
    runs = ngettext("%(count)s run", "%(count)s runs", found.observations_count) % {"count": found.observations_count}
    text = _("%(device)s on %(source)s, %(draw)s W on average over %(runs)s, %(hours)s h") % {
        "source": source,
        "device": device,
        "draw": _short(found.mean_power_w),
        "runs": runs,
        "hours": _short(found.duration_h),
    }
    return replace(found, measured_on=text[:_LONGEST_WORDS])


def _short(value: float) -> str:
    return number_format(Decimal(f"{value:.3g}"))


def _observed(mean_power_w: float, duration_s: float, devices_count: int) -> Observed:
    return Observed(mean_power_w, duration_s / S_PER_H, devices_count=devices_count)
