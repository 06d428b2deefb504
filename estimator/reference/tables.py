"""
The tables of `data/`: what a row of each holds, and how a file becomes rows.

A row is frozen and validated as a whole; one that is wrong names its file, line and column.
"""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from estimator.core.footprint import Quality

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=60)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:_[a-z0-9]+)*$", max_length=60)]
ZoneId = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,5}(?:-[A-Za-z0-9]{1,5}){0,2}$")]
Text = Annotated[str, Field(min_length=1, max_length=400)]
Iso2 = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Iso3 = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Year = Annotated[int, Field(ge=1990, le=2030)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
GridIntensity = Annotated[float, Field(ge=0, le=1500)]
Pue = Annotated[float, Field(ge=1, le=3)]
Wue = Annotated[float, Field(ge=0, le=10)]
TdpW = Annotated[float, Field(ge=5, le=25_000)]
Count = Annotated[int, Field(ge=1)]
EmbodiedKg = Annotated[float, Field(ge=10, le=10_000)]


def _several(cell: object) -> object:
    return tuple(part for part in cell.split(";") if part) if isinstance(cell, str) else cell


Several = Annotated[tuple[Text, ...], BeforeValidator(_several)]
SourceIds = Annotated[tuple[Slug, ...], BeforeValidator(_several)]
Cited = Annotated[tuple[Slug, ...], BeforeValidator(_several), Field(min_length=1)]


class Row(BaseModel):
    """One line of a table. A blank cell takes the default of its field: unknown, never zero."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note: str = ""
    source_ids: Cited


class SourceRow(BaseModel):
    """Who published what, under which licence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    title: Text
    publisher: Text
    year: Year | None = None
    url: Annotated[str, Field(pattern=r"^(?:https://\S+)?$")] = ""
    licence: Text
    note: str = ""


class Named(Row):
    """A row that people look up by what they call it."""

    id: Slug
    name: Text
    aliases: Several = ()
    ambiguous_aliases: Several = ()  #: names that mean several rows: whoever types one is asked


Check = Literal["agrees", "differs", "unchecked"]


class Accelerator(Named):
    """A GPU, TPU or the like: one board, as it is counted in `accelerator_count`."""

    vendor: Text
    family: Text
    segment: Literal["datacentre", "workstation", "desktop", "embedded", "system_on_chip"]
    year: Year
    tdp_w: TdpW | None = None
    estimated_power_w: TdpW | None = None  #: of a third party, where the vendor publishes no limit
    peak_fp32_flops: Positive | None = None
    peak_fp16_flops: Positive | None = None  #: fp16 or bf16, dense
    peak_int8_flops: Positive | None = None  #: dense
    memory_gb: Positive | None = None
    memory_bandwidth_gb_per_s: Positive | None = None
    die_area_mm2: Positive | None = None
    process_nm: Positive | None = None
    embodied_kgco2e: EmbodiedKg | None = None
    embodied_source_ids: SourceIds = ()
    embodied_other_kgco2e: EmbodiedKg | None = None  #: a second publication that disagrees
    embodied_other_source_ids: SourceIds = ()
    tdp_check: Check | None = None  #: against Epoch AI
    peak_fp16_check: Check | None = None
    reference_url: str = ""


class Cpu(Named):
    """A CPU: one socket."""

    vendor: Text
    core_count: Count
    tdp_w: TdpW
    year: Year


Basis = Literal["life_cycle", "direct"]


class Grid(Row):
    """Intensity of one grid zone in one year, by one method."""

    zone: ZoneId
    level: Literal[
        "world", "region", "country", "us_state", "us_egrid_subregion", "ca_province", "au_state", "cn_province",
        "bidding_zone",
    ]  # fmt: skip
    name: Text
    iso2: Iso2 | None = None
    iso3: Iso3 | None = None
    parent: ZoneId | None = None
    year: Year
    grid_intensity_gco2e_per_kwh: GridIntensity
    basis: Basis
    signal: Literal["average", "marginal"]
    method: Literal["generation", "consumption", "consumption_with_losses", "non_baseload"]
    gases: Literal["co2e", "co2"]
    preferred: bool  #: the row that a look-up without a year takes
    doubtful: bool  #: published, but an artefact of a tiny grid
    offsite_water_l_per_kwh: Annotated[float, Field(ge=0, le=100)] | None = None  #: hydropower evaporates much
    water_source_ids: SourceIds = ()
    licence: Text


class ZoneName(Row):
    """What people call a grid zone, beside its name and its codes."""

    zone: ZoneId
    aliases: Several = ()
    ambiguous_aliases: Several = ()


class CountryWithoutFactor(Row):
    """A country of ISO 3166 for which no source gives an intensity."""

    iso2: Iso2
    iso3: Iso3
    name: Text


class CloudRegion(Row):
    """A region of a cloud provider: what the provider says about it, and the grid that it stands on."""

    id: Slug
    provider: Slug
    region: Slug
    place: Text
    country: Text
    iso2: Iso2
    grid_zone: ZoneId
    grid_intensity_gco2e_per_kwh: GridIntensity | None = None  #: the provider's own figure
    grid_year: Year | None = None
    basis: Basis | None = None
    method: Literal["consumption_hourly_weighted"] | None = None
    grid_source_ids: SourceIds = ()
    carbon_free_share: Share | None = None
    carbon_free_matching: Literal["hourly", "annual"] | None = None
    carbon_free_source_ids: SourceIds = ()
    pue: Pue | None = None
    pue_year: Year | None = None
    pue_source_ids: SourceIds = ()
    wue_l_per_kwh: Wue | None = None
    wue_year: Year | None = None
    wue_source_ids: SourceIds = ()
    electricity_maps_zone: str = ""


class PueRow(Row):
    """PUE and WUE of a provider's fleet, a site, a survey, or a tool."""

    id: Slug
    name: Text
    kind: Literal[
        "industry_average", "hyperscaler", "colocation", "on_premise", "hpc", "paper_constant", "tool_default"
    ]
    provider: Slug | None = None
    is_fleet_pue: bool  #: what stands for a region of the provider that has no figure of its own
    is_fleet_wue: bool
    year: Year | None = None
    pue: Pue | None = None
    wue_l_per_kwh: Wue | None = None
    checked: bool  #: whether the publication was opened


class ModelRow(Named):
    """A published model: its size and what training it took."""

    organisation: str = ""
    domain: Text
    year: Year
    parameters_count: Count | None = None
    active_parameters_count: Count | None = None
    active_parameters_low_count: Count | None = None
    active_parameters_high_count: Count | None = None
    training_tokens: Count | None = None
    total_flop: Positive | None = None
    accelerator: Slug | None = None
    hardware: str = ""  #: what it was trained on, where that is not in the catalogue
    accelerator_count: Count | None = None
    accelerator_hours: Positive | None = None
    accelerator_hours_basis: Literal["published", "epoch", "epoch_count_times_time"] | None = None
    size_basis: Literal["published", "assumed"] | None = None
    confidence: str = ""
    reference_url: str = ""


class EquivalentRow(Row):
    """Emissions of one unit of something that people know."""

    id: Key
    label: Text
    kind: Literal["emission", "uptake", "energy"]
    kgco2e_per_unit: Positive | None = None
    unit_energy_kwh: Positive | None = None
    unit: Text
    year: Year
    preferred: bool  #: False: never show
    checked: bool


class CloudPrice(Row):
    """Price of renting one accelerator for an hour."""

    accelerator: Slug
    year: Year
    preemptible_usd_per_h: Positive
    on_demand_usd_per_h: Positive


class CloudInstance(Named):
    """A machine that a cloud sells by name, or a slice of TPUs, and the accelerators in it."""

    provider: Slug
    family: Text
    accelerator: Slug
    accelerator_count: Positive  #: whole boards or chips, as accelerators.csv counts them; 0.5 is one GPU of two
    vcpu_count: Count | None = None
    memory_gb: Positive | None = None  #: as the provider states it


class Default(Row):
    """What is assumed where nothing is given; a spread is a factor on a value that is."""

    id: Key
    central: NonNegative
    low: NonNegative
    high: NonNegative
    unit: Text
    quality: Quality


class PublishedRun(Row):
    """A training run whose energy was published."""

    id: Slug
    label: Text
    year: Year
    facility_energy_kwh: Positive
    operational_kgco2e: Positive


class MfuRow(Row):
    """Whole-job model FLOP utilisation of training, fitted on published runs."""

    id: Slug
    accelerator_families: Several = ()  #: none: any other
    mixture: bool  #: whether it is of mixtures of experts
    low: Share
    central: Share
    high: Share
    unit: Text
    runs_count: Annotated[int, Field(ge=0)]
    publications_count: Annotated[int, Field(ge=0)]
    quality: Quality


class CalibrationRow(Row):
    """One fitted parameter of serving language models, or a factor between two ways to serve."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[_-][a-z0-9]+)*$", max_length=80)]
    kind: Text
    low: NonNegative
    central: NonNegative
    high: NonNegative
    unit: Text
    boundary: Text
    quality: Quality


class LeverRow(Row):
    """What was found for one setting of a lever: a factor on the quantity that it really changes."""

    id: Slug
    lever: Key
    setting: str = ""  #: blank: any
    model_class: Literal["", "small", "medium", "large"] = ""  #: below 3, up to 30, from 30 billion parameters
    regime: Literal["", "batch_1", "batch_8", "batch_17", "batch_65", "unknown"] = ""  #: from so many at once
    hardware: Literal["", "fp8", "no_fp8"] = ""
    quantity: Key
    low: Annotated[float, Field(ge=-1, le=1000)]
    central: NonNegative
    high: NonNegative
    unit: Text
    quality: Quality
    quality_effect: str = ""  #: on the answers of the model, not on the number
    conditions: Text


#: File of `data/` -> the rows that it holds.
TABLES: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        "accelerators.csv": Accelerator,
        "cloud_instances.csv": CloudInstance,
        "cloud_prices.csv": CloudPrice,
        "cloud_regions.csv": CloudRegion,
        "countries_without_factor.csv": CountryWithoutFactor,
        "cpus.csv": Cpu,
        "defaults.csv": Default,
        "equivalents.csv": EquivalentRow,
        "grids.csv": Grid,
        "inference_calibration.csv": CalibrationRow,
        "levers.csv": LeverRow,
        "mfu.csv": MfuRow,
        "models.csv": ModelRow,
        "published_runs.csv": PublishedRun,
        "pue.csv": PueRow,
        "sources.csv": SourceRow,
        "zone_names.csv": ZoneName,
    }
)


class TableError(ValueError):
    """A table that cannot be believed: which file, line and column, and why."""

    def __init__(self, file: str, line: int | None, column: str | None, reason: str) -> None:
        place = file if line is None else f"{file}, line {line}"
        super().__init__(f"{place}, column {column}: {reason}" if column else f"{place}: {reason}")
        self.file, self.line, self.column, self.reason = file, line, column, reason


AnyRow = TypeVar("AnyRow", bound=BaseModel)


def read_table(
    path: Path, row_type: type[AnyRow], *, called: str | None = None, blanks: Mapping[str, str] = MappingProxyType({})
) -> tuple[AnyRow, ...]:
    """
    Every row of one file.

    Parameters
    ----------
    path : Path
        A CSV file with a header line.
    row_type : type
        What its rows hold; each column is a field of this type.
    called : str, optional
        What an error calls the file; its name by default.
    blanks : mapping
        Column -> what a blank cell of it means; such a column may be missing.

    Returns
    -------
    tuple of rows
        In the order of the file.

    Raises
    ------
    TableError
        If a column is missing or unknown, or a cell is not what its field takes.
    """
    called = called or path.name
    try:
        return _read(path, row_type, called, blanks)
    except UnicodeDecodeError as error:
        raise TableError(called, None, None, "the file is not in UTF-8") from error
    except (OSError, csv.Error) as error:
        raise TableError(called, None, None, f"the file cannot be read: {error}") from error


def _read(path: Path, row_type: type[AnyRow], called: str, blanks: Mapping[str, str]) -> tuple[AnyRow, ...]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        required = {name for name, field in row_type.model_fields.items() if field.is_required()}
        if missing := required - set(header) - set(blanks):
            raise TableError(called, 1, sorted(missing)[0], "this column is missing")
        if len(set(header)) != len(header):
            raise TableError(called, 1, None, "a column appears twice")
        rows: list[AnyRow] = []
        for cells in filter(None, reader):
            # The reader counts lines as an editor does, also where a cell holds a line break.
            if len(cells) != len(header):
                raise TableError(called, reader.line_num, None, f"{len(cells)} cells for {len(header)} columns")
            given = {column: cell for column, cell in zip(header, cells, strict=True) if cell != ""}
            rows.append(_row(called, reader.line_num, {**blanks, **given}, row_type))
        return tuple(rows)


def _row(file: str, line: int, cells: dict[str, str], row_type: type[AnyRow]) -> AnyRow:
    try:
        return row_type.model_validate(cells)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        column = str(first["loc"][0]) if first["loc"] else None
        raise TableError(file, line, column, first["msg"]) from error


def refuse_repeats(file: str, rows: tuple[AnyRow, ...], key: Callable[[AnyRow], object]) -> None:
    """Raise `TableError` where two rows have the same key."""
    seen: set[object] = set()
    for number, row in enumerate(rows, start=2):
        if key(row) in seen:
            raise TableError(file, number, None, f"{key(row)} appears twice")
        seen.add(key(row))
