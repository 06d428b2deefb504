"""The tables of one folder: read when first asked for, checked against each other, and kept."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel

from estimator.core.factors import EquivalentFactor
from estimator.core.footprint import Source
from estimator.core.levers.registry import LEVERS
from estimator.reference.names import (
    ACCELERATOR_WORDING,
    CPU_WORDING,
    INSTANCE_WORDING,
    MODEL_WORDING,
    Found,
    NameIndex,
    Searchable,
    Wording,
    searchable,
)
from estimator.reference.operators import OPERATOR_SOURCE, layered, operator_files, operator_rows
from estimator.reference.places import Places
from estimator.reference.providers import PROVIDER_NAMES
from estimator.reference.tables import (
    TABLES,
    Accelerator,
    CalibrationRow,
    CloudInstance,
    CloudPrice,
    CloudRegion,
    CountryWithoutFactor,
    Cpu,
    Default,
    EquivalentRow,
    Grid,
    LeverRow,
    MfuRow,
    ModelRow,
    Named,
    PublishedRun,
    PueRow,
    Row,
    SourceRow,
    TableError,
    ZoneName,
    read_table,
    refuse_repeats,
)

AnyRow = TypeVar("AnyRow", bound=BaseModel)
AnyNamed = TypeVar("AnyNamed", bound=Named)


class Shelf:
    """
    The reference data of one folder.

    Nothing is read before it is asked for; what was read is frozen and kept. Each table is checked on its own and
    against the sources, so that no value without a publisher can be used.

    Parameters
    ----------
    folder : Path
        Where the CSV files lie.
    operator_folder : Path, optional
        Where files of the same names lie with the operator's own values; they come first.
    """

    def __init__(self, folder: Path, *, operator_folder: Path | None = None) -> None:
        self.folder = folder
        self.operator_folder = operator_folder
        self._own: dict[str, tuple[int | None, ...]] = {}  #: file -> which of the operator's rows each row is

    @cached_property
    def operator_files(self) -> Mapping[str, Path]:
        """The operator's own files, by the name of the table."""
        return operator_files(self.operator_folder)

    @cached_property
    def dataset_version(self) -> str:
        """First twelve digits of the SHA-256 of all files: another byte, another version."""
        digest = hashlib.sha256()
        own = [(f"operator/{name}", path) for name, path in self.operator_files.items()]
        for name, path in [*((path.name, path) for path in sorted(self.folder.glob("*.csv"))), *own]:
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:12]

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Every source, by id."""
        return MappingProxyType(
            {
                row.id: Source(
                    title=row.title, publisher=row.publisher, year=row.year, url=row.url, licence=row.licence
                )
                for row in self.source_rows
            }
        )

    @cached_property
    def source_rows(self) -> tuple[SourceRow, ...]:
        """Every source, with what is to be known about it."""
        rows = read_table(self.folder / "sources.csv", SourceRow)
        refuse_repeats("sources.csv", rows, _id_of)
        if not self.operator_files:
            return rows
        path = self.operator_files.get("sources.csv")
        own = operator_rows(path, SourceRow, _id_of) if path else ()
        return layered((*rows, OPERATOR_SOURCE), own, _id_of)[0]

    def _table(
        self,
        file: str,
        row_type: type[AnyRow],
        key: Callable[[AnyRow], object],
        wrong: Callable[[AnyRow], tuple[str, str] | None] = lambda row: None,
    ) -> tuple[AnyRow, ...]:
        """All rows of one table, the operator's among them; `wrong` may name a column and what is wrong with it."""
        rows = read_table(self.folder / file, row_type)
        refuse_repeats(file, rows, key)
        self._check(file, rows, wrong)
        path = self.operator_files.get(file)
        if path is None:
            return rows
        own = operator_rows(path, row_type, key)
        self._check(str(path), own, wrong)
        merged, self._own[file] = layered(rows, own, key)
        return merged

    def _check(self, file: str, rows: tuple[AnyRow, ...], wrong: Callable[[AnyRow], tuple[str, str] | None]) -> None:
        for number, row in enumerate(rows, start=2):
            for column in type(row).model_fields:
                if column.endswith("source_ids"):
                    for source_id in getattr(row, column):
                        if source_id not in self.sources:
                            raise TableError(file, number, column, f"{source_id} is not in sources.csv")
            if found := wrong(row):
                raise TableError(file, number, *found)

    @cached_property
    def accelerators(self) -> tuple[Accelerator, ...]:
        """Every accelerator."""
        return self._table("accelerators.csv", Accelerator, lambda row: row.id)

    @cached_property
    def cpus(self) -> tuple[Cpu, ...]:
        """Every CPU."""
        return self._table("cpus.csv", Cpu, lambda row: row.id)

    @cached_property
    def models(self) -> tuple[ModelRow, ...]:
        """Every model."""
        return self._table("models.csv", ModelRow, lambda row: row.id)

    @cached_property
    def pue_rows(self) -> tuple[PueRow, ...]:
        """Every published PUE and WUE that is not of one cloud region."""
        return self._table("pue.csv", PueRow, lambda row: row.id)

    @cached_property
    def equivalent_rows(self) -> tuple[EquivalentRow, ...]:
        """Every equivalent, also those that are not to be shown."""
        return self._table("equivalents.csv", EquivalentRow, lambda row: row.id)

    @cached_property
    def published_runs(self) -> tuple[PublishedRun, ...]:
        """Training runs whose energy was published."""
        return self._table("published_runs.csv", PublishedRun, lambda row: row.id)

    @cached_property
    def defaults(self) -> Mapping[str, Default]:
        """What is assumed where nothing is given, by name."""

        def wrong(row: Default) -> tuple[str, str] | None:
            return None if row.low <= row.central <= row.high else ("central", "not between low and high")

        return MappingProxyType({row.id: row for row in self._table("defaults.csv", Default, _id_of, wrong)})

    @cached_property
    def cloud_instances(self) -> tuple[CloudInstance, ...]:
        """Every cloud instance with accelerators."""
        known = {row.id for row in self.accelerators}

        def wrong(row: CloudInstance) -> tuple[str, str] | None:
            if row.accelerator not in known:
                return "accelerator", f"{row.accelerator} is not in accelerators.csv"
            return None if row.provider in PROVIDER_NAMES else ("provider", f"{row.provider} is no known provider")

        return self._table("cloud_instances.csv", CloudInstance, _id_of, wrong)

    @cached_property
    def mfu_rows(self) -> Mapping[tuple[str, bool], MfuRow]:
        """Whole-job utilisation of training, by family of the accelerator and whether experts are mixed."""
        rows = self._table("mfu.csv", MfuRow, lambda row: row.id)
        return MappingProxyType(
            {(family, row.mixture): row for row in rows for family in (row.accelerator_families or ("",))}
        )

    def mfu_row(self, family: str, *, is_mixture: bool) -> MfuRow:
        """The row of a family, or that of all that have none of their own."""
        return self.mfu_rows.get((family, is_mixture)) or self.mfu_rows[("", is_mixture)]

    @cached_property
    def calibration(self) -> Mapping[str, CalibrationRow]:
        """Fitted efficiencies of serving, and energies of one item of a task, by name."""
        rows = self._table("inference_calibration.csv", CalibrationRow, lambda row: row.id)
        return MappingProxyType({row.id: row for row in rows})

    @cached_property
    def lever_rows(self) -> tuple[LeverRow, ...]:
        """Evidence of levers."""

        def wrong(row: LeverRow) -> tuple[str, str] | None:
            if row.lever not in LEVERS:
                return "lever", f"{row.lever} is no lever"
            return None if row.low <= row.central <= row.high else ("central", "not between low and high")

        return self._table("levers.csv", LeverRow, _id_of, wrong)

    @cached_property
    def levers(self) -> Mapping[tuple[str, str], tuple[LeverRow, ...]]:
        """The same by lever and quantity."""
        found: dict[tuple[str, str], tuple[LeverRow, ...]] = {}
        for row in self.lever_rows:
            found[row.lever, row.quantity] = (*found.get((row.lever, row.quantity), ()), row)
        return MappingProxyType(found)

    @cached_property
    def cloud_prices(self) -> Mapping[str, CloudPrice]:
        """Prices, by accelerator."""
        rows = self._table("cloud_prices.csv", CloudPrice, lambda row: row.accelerator)
        return MappingProxyType({row.accelerator: row for row in rows})

    @cached_property
    def places(self) -> Places:
        """Grid zones, countries and cloud regions."""
        try:
            return Places(
                grids=self._table("grids.csv", Grid, _kind_of),
                zone_names=self._table("zone_names.csv", ZoneName, lambda row: row.zone),
                without_factor=self._table("countries_without_factor.csv", CountryWithoutFactor, lambda row: row.iso2),
                regions=self._table("cloud_regions.csv", CloudRegion, lambda row: (row.provider, row.region)),
            )
        except TableError as error:
            raise self._where_it_stands(error) from error

    def _called(self, file: str) -> str:
        """A table with the operator's file beside it, where two rows may clash."""
        own = self.operator_files.get(file)
        return f"{own} beside {file}" if own else file

    def _where_it_stands(self, error: TableError) -> TableError:
        """The same error with the operator's file, where the row is the operator's."""
        origins = self._own.get(error.file)
        if origins is None:
            return error
        path = str(self.operator_files[error.file])
        if error.line is None:
            return TableError(path, None, error.column, error.reason)
        origin = origins[error.line - 2]
        return error if origin is None else TableError(path, origin + 2, error.column, error.reason)

    @cached_property
    def fleet_pue(self) -> Mapping[str, PueRow]:
        """The row that stands for a provider's regions that have no PUE of their own."""
        return MappingProxyType({row.provider: row for row in self.pue_rows if row.provider and row.is_fleet_pue})

    @cached_property
    def fleet_wue(self) -> Mapping[str, PueRow]:
        """The row that stands for a provider's regions that have no WUE of their own."""
        return MappingProxyType({row.provider: row for row in self.pue_rows if row.provider and row.is_fleet_wue})

    @cached_property
    def equivalents(self) -> tuple[EquivalentFactor, ...]:
        """The equivalents that may be shown, in the order of the table."""
        return tuple(
            EquivalentFactor(
                key=row.id,
                label=row.label,
                unit=row.unit,
                kgco2e_per_unit=row.kgco2e_per_unit,
                source_ids=row.source_ids,
            )
            for row in self.equivalent_rows
            if row.preferred and row.kgco2e_per_unit is not None
        )

    @cached_property
    def accelerator_names(self) -> NameIndex[Accelerator]:
        """Accelerators, by everything that they are called."""
        return _named(self._called("accelerators.csv"), self.accelerators, ACCELERATOR_WORDING)

    @cached_property
    def instance_names(self) -> NameIndex[CloudInstance]:
        """Cloud instances, by everything that they are called; a family with several sizes is asked about."""
        sizes = Counter(row.family for row in self.cloud_instances)
        return _index(
            self._called("cloud_instances.csv"),
            (
                (
                    row,
                    row.id,
                    row.name,
                    (*row.aliases, *_also_called(row), *([row.family] if sizes[row.family] == 1 else ())),
                    (*row.ambiguous_aliases, *([row.family] if sizes[row.family] > 1 else ())),
                )
                for row in self.cloud_instances
            ),
            INSTANCE_WORDING,
        )

    @cached_property
    def cpu_names(self) -> NameIndex[Cpu]:
        """CPUs, by everything that they are called."""
        return _named(self._called("cpus.csv"), self.cpus, CPU_WORDING)

    @cached_property
    def model_names(self) -> NameIndex[ModelRow]:
        """Models, by everything that they are called."""
        return _named(self._called("models.csv"), self.models, MODEL_WORDING)

    @cached_property
    def searchable(self) -> Mapping[str, tuple[Searchable[Any], ...]]:
        """Rows of the simple tables with their names folded, by the name of the table."""
        named: Mapping[str, tuple[Named, ...]] = {
            "accelerators": self.accelerators,
            "cpus": self.cpus,
            "models": self.models,
            "cloud-instances": self.cloud_instances,
        }
        return MappingProxyType(
            {
                **{
                    table: tuple(
                        searchable(row, (row.name, row.id, *row.aliases, *row.ambiguous_aliases)) for row in rows
                    )
                    for table, rows in named.items()
                },
                "levers": tuple(searchable(row, (row.lever, row.id, row.setting)) for row in self.lever_rows),
                "equivalents": tuple(searchable(row, (row.label, row.id)) for row in self.equivalent_rows),
                "sources": tuple(searchable(row, (row.title, row.id, row.publisher)) for row in self.source_rows),
            }
        )

    def read_all(self) -> tuple[Row, ...]:
        """Every row of every table that cites a source, each table checked."""
        return (
            *self.accelerators,
            *self.cpus,
            *self.models,
            *self.pue_rows,
            *self.equivalent_rows,
            *self.published_runs,
            *self.defaults.values(),
            *self.cloud_prices.values(),
            *dict.fromkeys(self.mfu_rows.values()),
            *self.calibration.values(),
            *self.lever_rows,
            *self.cloud_instances,
            *self.places.rows,
        )

    def verify(self) -> None:
        """Read everything and build every index; raise `TableError` at the first thing that is wrong."""
        self.read_all()
        _ = (self.accelerator_names, self.instance_names, self.cpu_names, self.model_names, self.fleet_pue)


def _id_of(row: Any) -> object:
    return row.id


def _kind_of(row: Grid) -> object:
    return row.zone, row.year, row.basis, row.signal, row.method


def _also_called(row: CloudInstance) -> tuple[str, ...]:
    """A name as it stands in a notebook of SageMaker, or behind that of its provider."""
    provider = PROVIDER_NAMES.get(row.provider, row.provider)
    names = (f"{row.provider} {row.name}", f"{provider} {row.name}")
    return (*names, f"ml.{row.name}") if row.provider == "aws" else names


def _named(file: str, rows: tuple[AnyNamed, ...], wording: Wording) -> NameIndex[AnyNamed]:
    return _index(file, ((row, row.id, row.name, row.aliases, row.ambiguous_aliases) for row in rows), wording)


def _index(
    file: str, entries: Iterable[tuple[AnyNamed, str, str, Sequence[str], Sequence[str]]], wording: Wording
) -> NameIndex[AnyNamed]:
    try:
        return NameIndex(entries, wording=wording)
    except ValueError as error:
        raise TableError(file, None, "aliases", str(error)) from error


__all__ = ["TABLES", "Found", "Shelf"]
