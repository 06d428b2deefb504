"""How a measurement is told by the API: its fields with their units, and what they are made of."""

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from ninja import Schema
from pydantic import ConfigDict, Field

from estimator.core.bounds import EnergyCovers
from estimator.core.footprint import Range
from estimator.models import FootprintOf, Measurement
from estimator.services import measured_run, standing

#: One that ended, to be read beside the descriptions: an hour at a hundred watts.
_EXAMPLE: Final[dict[str, Any]] = {
    "id": "6f1c2f0e-5a0b-4a3c-9c52-2d6a1f5f8a10",
    "url": "https://wattprint.example.org/measurements/6f1c2f0e-5a0b-4a3c-9c52-2d6a1f5f8a10/",
    "title": "fine-tuning",
    "project": "thesis",
    "kind": "live",
    "status": "done",
    "error_code": "",
    "worker": "0d9f3a44-1f0a-4a3e-8f43-0b0f4f8d6c21",
    "worker_name": "desk",
    "target": "machine",
    "pid": None,
    "workload": "",
    "interval_s": 1.0,
    "duration_limit_s": 3600.0,
    "started_at_s": 1795000000.0,
    "last_time_s": 1795003600.0,
    "covered_s": 3600.0,
    "samples_count": 3600,
    "components": [
        {"name": "cpu_package:0", "label": "CPU", "quality": "counter", "counted": True, "low": 0.95, "high": 1.05}
    ],
    "energies_j": {"cpu_package:0": 360000.0},
    "baseline_power_w": {"cpu_package:0": 22.5},
    "flags": [],
    "energy_kwh": 0.1,
    "includes_pue": False,
    "energy_range_kwh": {"low": 0.095, "central": 0.1, "high": 0.105},
    "facility_energy_kwh": 0.12,
    "operational_location_based_kgco2e": {"low": 0.004412, "central": 0.004968, "high": 0.005569},
    "attributed": None,
    "location": {"country": "FR"},
    "grid_intensity_gco2e_per_kwh": None,
    "pue": 1.2,
    "grid": {
        "place": "France",
        "year": 2025,
        "status": "looked_up",
        "match": "exact",
        "grid_intensity_gco2e_per_kwh": {"low": 37.2, "central": 41.4, "high": 45.9},
        "pue": 1.2,
        "note": "",
        "dataset_version": "4aef4d0813b7",
    },
    "mean_power_w": 100.0,
    "projected_energy_kwh": None,
    "projected_kgco2e": None,
    "budgets": {"budget_kwh": "within"},
    "covers": "processors",
    "idle": None,
    "notices": ["Measured are CPUs and memory alone: accelerators, if any, and the rest are missing."],
    "exit_code": None,
    "footprint_of": "machine",
    "estimate": "b6f8b1de-2c61-4d6b-a6f2-3c4f0c9f8b77",
    "created_at": "2026-11-18T09:06:38Z",
    "finished_at": "2026-11-18T10:06:41Z",
}


class Triple(Schema):
    """A central value with its range."""

    low: float = Field(description="5th percentile.")
    central: float = Field(description="Best value.")
    high: float = Field(description="95th percentile.")


class ShareOut(Schema):
    """What of one component falls to the process. An attribution, not a measurement."""

    name: str = Field(description="The component.")
    energy_j: float = Field(description="Its part that falls to the process. [J]")
    share: float = Field(description="That part over all of the component. [1]")
    basis: str = Field(description="What it was shared by.")


class AttributedOut(Schema):
    """What of the machine falls to the process. An attribution, not a measurement."""

    energy_kwh: float = Field(description="What falls to the process, before PUE. [kWh]")
    machine_energy_kwh: float = Field(description="Of the whole machine. [kWh]")
    share: float = Field(description="The one over the other. [1]")
    operational_location_based_kgco2e: Triple | None = Field(
        description="Emissions of that electricity, by the grid of the measurement. [kgCO2e]"
    )
    components: list[ShareOut] = Field(description="Each of those that were shared out.")


class GridOut(Schema):
    """What the emissions were computed with, by the tables of this site."""

    place: str | None = Field(description="What the intensity is of; null where it was given.")
    year: int | None = Field(description="Of the table that it was found in.")
    status: str = Field(description="Where it comes from: `given`, `looked_up` or `default`.")
    match: str | None = Field(description="How the look-up matched: `world` where no place was given.")
    grid_intensity_gco2e_per_kwh: Triple = Field(description="Emissions of one kilowatt-hour. [gCO2e/kWh]")
    pue: float | None = Field(
        description="Null where none was given; then no cooling and no other losses of the building are in the "
        "emissions. [1]"
    )
    note: str = Field(description="In words, where it comes from.")
    dataset_version: str = Field(description="Version of the tables.")


class IdleOut(Schema):
    """What the machine drew before the run and in it, over the components that were read before as well."""

    idle_power_w: float = Field(description="Mean draw before the run. [W]")
    running_power_w: float = Field(description="Mean draw in it. [W]")
    above_idle_kwh: float = Field(
        description="Energy of the run above that of as long an idle time; 0 or less where the machine was not idle. "
        "[kWh]"
    )


class MeasurementOut(Schema):
    """One measurement and how far it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: uuid.UUID = Field(description="Of the measurement.")
    url: str = Field(description="Its page.")
    title: str = Field(description="Its name.")
    project: str = Field(description="The project that it belongs to; `?project=` lists those of one.")
    kind: str = Field(description="`live` from a worker, `command` from `wattprint measure`, or `imported`.")
    status: str = Field(
        description="`queued`, `running`, `stopping`, `lost` (no sample for a while; it may come back), `done` or "
        "`failed`."
    )
    error_code: str = Field(description="Why it failed, or why there is no footprint; else empty.")
    worker: uuid.UUID | None = Field(description="Id of its worker; null where there is none, or none any more.")
    worker_name: str = Field(description="What the machine was called.")
    target: str = Field(description="`machine`, `process` or `workload`.")
    pid: int | None = Field(description="The process that is measured, with its children.")
    workload: str = Field(description="The workload's name in the worker's own file.")
    interval_s: float = Field(description="Time between two samples. [s]")
    duration_limit_s: float | None = Field(description="How long it goes; null until somebody stops it. [s]")
    started_at_s: float | None = Field(description="Seconds since 1970, by the clock of the machine. [s]")
    last_time_s: float | None = Field(description="The end of its last sample, likewise. [s]")
    covered_s: float = Field(description="Time that its samples cover. [s]")
    samples_count: int = Field(description="Samples that have come.")
    components: list[dict[str, Any]] = Field(
        description="What is measured: `name`, `label`, `quality` (`counter`, `sampled` or `modelled`), whether it is "
        "`counted` or stands beside the sum, and `low` and `high`, the 5th and 95th percentile of its true "
        "energy over the one told."
    )
    energies_j: dict[str, float] = Field(description="Energy of each component. [J]")
    baseline_power_w: dict[str, float] = Field(
        description="Mean draw of each on the idle machine, where that was measured first. [W]"
    )
    flags: list[str] = Field(
        description="What happened in between: `gap`, `restarted`, `wrapped`, `reset`, `frozen`, `clock_jump`."
    )
    energy_kwh: float = Field(
        description="Of the machine, or of the share that counts, before PUE; of an imported file as it tells it. [kWh]"
    )
    includes_pue: bool = Field(description="Whether `energy_kwh` is of a file that tells it with its PUE inside.")
    energy_range_kwh: Triple = Field(description="The same with its range. [kWh]")
    facility_energy_kwh: float | None = Field(description="After PUE; null where no PUE is known. [kWh]")
    operational_location_based_kgco2e: Triple | None = Field(
        description="Energy before PUE, times the intensity of the grid, times the PUE where one was given; by the "
        "world average where no place was. Null of an imported file. [kgCO2e]"
    )
    attributed: AttributedOut | None = Field(
        description="What of the whole machine falls to the command or process; null where nothing was attributed."
    )
    location: dict[str, str] = Field(description="Where the machine stands, as it was told.")
    grid_intensity_gco2e_per_kwh: float | None = Field(
        description="As it was given; null where it is looked up. [gCO2e/kWh]"
    )
    pue: float | None = Field(description="As it was given. [1]")
    grid: GridOut | None = Field(description="What the emissions were computed with; null of an imported file.")
    mean_power_w: float = Field(description="Energy over the time that is covered. [W]")
    projected_energy_kwh: float | None = Field(
        description="Of the whole run, if it goes on so; null where its end is not known, or reached. Before PUE. [kWh]"
    )
    projected_kgco2e: float | None = Field(description="Emissions of that. [kgCO2e]")
    budgets: dict[str, str] = Field(
        description="`within`, `soon` or `passed`, of each that was given. That of energy counts it before PUE, that "
        "of emissions what is told here."
    )
    covers: EnergyCovers = Field(
        description="What was measured: `servers` is all of them; `components` is accelerators, CPUs and memory; "
        "`accelerators`, and `processors` (CPUs and memory), are these alone."
    )
    idle: IdleOut | None = Field(description="The idle machine beside the running one; null where it was not measured.")
    notices: list[str] = Field(description="What to know before the numbers are believed.")
    exit_code: int | None = Field(description="How the workload or command ended.")
    footprint_of: str = Field(description="`machine`, or `process` for the share of the command or process.")
    estimate: uuid.UUID | None = Field(description="Id of the footprint that was made of it, an estimate.")
    created_at: datetime = Field(description="When it was asked for, or came.")
    finished_at: datetime | None = Field(description="When it was over.")


class MeasurementsOut(Schema):
    """Some measurements, newest first."""

    measurements: list[MeasurementOut] = Field(description="At most fifty.")
    next_cursor: str | None = Field(description="Give it as `cursor` to get the next ones; null at the end.")
    all_energy_kwh: float = Field(description="Sum of `energy_kwh` of all that match, on every page. [kWh]")


class SeriesOut(Schema):
    """Power by component over time."""

    step_s: int = Field(description="Length of the stretches; 0 where each is one sample. [s]")
    next_from: int = Field(description="Give it as `after` to get what is new.")
    status: str = Field(description="Of the measurement.")
    points: list[list[Any]] = Field(
        description="`[end_s, duration_s, {component: mean_power_w}, {component: peak_power_w}]`, seconds since its "
        "start, in order."
    )


def measurement_out(request: HttpRequest, row: Measurement) -> MeasurementOut:
    """A measurement as it is told."""
    told = standing.standing_of(row)
    return MeasurementOut(
        id=row.pk,
        url=request.build_absolute_uri(f"/measurements/{row.pk}/"),
        title=row.title,
        project=row.project,
        kind=row.kind,
        status=row.status,
        error_code=row.error_code,
        worker=row.worker_id,
        worker_name=row.worker_name,
        target=row.target,
        pid=row.pid,
        workload=row.workload_name,
        interval_s=row.interval_s,
        duration_limit_s=row.duration_limit_s,
        started_at_s=row.started_at_s,
        last_time_s=row.last_time_s,
        covered_s=row.covered_s,
        samples_count=row.samples_count,
        components=row.components,
        energies_j=row.energies_j,
        baseline_power_w=row.baseline_power_w,
        flags=row.flags,
        energy_kwh=told.energy_kwh.central,
        includes_pue=row.includes_pue,
        energy_range_kwh=_triple(told.energy_kwh),
        facility_energy_kwh=told.facility_energy_kwh,
        operational_location_based_kgco2e=_triple(told.kgco2e) if told.kgco2e is not None else None,
        attributed=_attributed(told),
        location=row.location,
        grid_intensity_gco2e_per_kwh=row.grid_intensity_gco2e_per_kwh,
        pue=row.pue,
        grid=_grid(row) if row.grid else None,
        mean_power_w=told.mean_power_w,
        projected_energy_kwh=told.projected_kwh,
        projected_kgco2e=told.projected_kgco2e,
        budgets={one.name: one.state for one in told.budgets},
        covers=measured_run.covers_of(part.name for part in measured_run.parts_of(row)),
        idle=_idle(row),
        notices=list(measured_run.notices_of(row)),
        exit_code=row.exit_code,
        footprint_of=FootprintOf.PROCESS if row.is_of_process else FootprintOf.MACHINE,
        estimate=row.result_id,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _idle(row: Measurement) -> IdleOut | None:
    found = measured_run.idle_of(row)
    return None if found is None else IdleOut(**asdict(found))


def _triple(told: Range) -> Triple:
    return Triple(low=told.low, central=told.central, high=told.high)


def _attributed(told: standing.Standing) -> AttributedOut | None:
    shares, kgco2e = told.shares, told.attributed_kgco2e
    if shares is None:
        return None
    return AttributedOut(
        energy_kwh=standing.in_kwh(shares.energy_j),
        machine_energy_kwh=standing.in_kwh(shares.machine_j),
        share=shares.share,
        operational_location_based_kgco2e=_triple(kgco2e) if kgco2e is not None else None,
        components=[ShareOut(**asdict(part)) for part in shares.parts],
    )


def _grid(row: Measurement) -> GridOut:
    told = row.grid
    params = told["text_params"]
    return GridOut(
        place=params.get("place"),
        year=params.get("year"),
        status=told["status"],
        match=told["match"],
        grid_intensity_gco2e_per_kwh=Triple(**told["grid_intensity_gco2e_per_kwh"]),
        pue=row.pue,
        note=told["note"] % params if params else told["note"],
        dataset_version=told["dataset_version"],
    )
