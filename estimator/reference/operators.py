"""
Values of an installation's operator: own hardware, own grid factor, own PUE, kept beside the shipped tables.

Files of the same names and columns lie in a folder of the operator's. A row with the key of a shipped one takes its
place, any other is added; each cites the source `operator`, so that nobody takes it for a published value.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from pydantic import BaseModel

from estimator.core.footprint import Assumption, gettext_noop
from estimator.reference.tables import Grid, Named, SourceRow, TableError, read_table, refuse_repeats

OPERATOR: Final = "operator"

#: Who stands behind a row without a source of its own; a `sources.csv` of the operator may say more.
OPERATOR_SOURCE: Final = SourceRow(
    id=OPERATOR,
    title="Values of this installation",
    publisher="The operator of this installation",
    licence="not published",
    note="Not a published value: whoever runs this installation put it beside the shipped tables",
)

#: The tables that an operator may add to; the others are results of fits and lists of codes.
LAYERED: Final = frozenset(
    {
        "accelerators.csv",
        "cloud_instances.csv",
        "cloud_prices.csv",
        "cloud_regions.csv",
        "cpus.csv",
        "defaults.csv",
        "equivalents.csv",
        "grids.csv",
        "models.csv",
        "pue.csv",
        "sources.csv",
        "zone_names.csv",
    }
)

#: Column with sources -> the column whose value they stand for.
_STANDS_FOR: Final[Mapping[str, str]] = MappingProxyType(
    {
        "embodied_source_ids": "embodied_kgco2e",
        "embodied_other_source_ids": "embodied_other_kgco2e",
        "grid_source_ids": "grid_intensity_gco2e_per_kwh",
        "carbon_free_source_ids": "carbon_free_share",
        "pue_source_ids": "pue",
        "wue_source_ids": "wue_l_per_kwh",
        "water_source_ids": "offsite_water_l_per_kwh",
    }
)
_OWN: Final = gettext_noop("A value of this installation’s operator, not a published one.")
_OWN_OF_PLACE: Final = gettext_noop(
    "A value of this installation’s operator for %(place)s in %(year)s, not a published one."
)

AnyRow = TypeVar("AnyRow", bound=BaseModel)


def operator_files(folder: Path | None) -> Mapping[str, Path]:
    """
    The operator's files, by the name of the table.

    Raises
    ------
    TableError
        If one has the name of no table, or of one that cannot be added to.
    """
    paths = sorted(folder.glob("*.csv")) if folder is not None and folder.is_dir() else []
    for path in paths:
        if path.name not in LAYERED:
            raise TableError(str(path), None, None, f"no such table; name it one of {', '.join(sorted(LAYERED))}")
    return MappingProxyType({path.name: path for path in paths})


def operator_rows(path: Path, row_type: type[AnyRow], key: Callable[[AnyRow], object]) -> tuple[AnyRow, ...]:
    """
    The operator's rows of one table, each citing the operator.

    Parameters
    ----------
    path : Path
        The file.
    row_type : type
        What its rows hold.
    key : callable
        What no two rows may share.

    Returns
    -------
    tuple of rows
        In the order of the file. Where it says nothing about sources, the operator is the source.

    Raises
    ------
    TableError
        With the file by its whole path, the line and the column.
    """
    blanks = {column: OPERATOR for column in ("source_ids",) if column in row_type.model_fields}
    if row_type is Grid:
        blanks["licence"] = OPERATOR_SOURCE.licence
    rows = tuple(map(_cited, read_table(path, row_type, called=str(path), blanks=blanks)))
    refuse_repeats(str(path), rows, key)
    return rows


def _cited(row: AnyRow) -> AnyRow:
    """The row, with the operator among its sources."""
    cited: dict[str, tuple[str, ...]] = {}
    for column in type(row).model_fields:
        if not column.endswith("source_ids"):
            continue
        value = getattr(row, _STANDS_FOR.get(column, column), None)
        if value is not None and value != ():
            cited[column] = (OPERATOR, *(id_ for id_ in getattr(row, column) if id_ != OPERATOR))
    return row.model_copy(update=cited) if cited else row


def layered(
    shipped: Sequence[AnyRow], own: Sequence[AnyRow], key: Callable[[AnyRow], object]
) -> tuple[tuple[AnyRow, ...], tuple[int | None, ...]]:
    """
    Both tables as one, and for each row which of the operator's it is; None for a shipped one.

    A grid row of the operator's that is preferred takes this mark from the shipped one, and its water if it has none;
    a row that takes the place of a shipped one keeps being called what that was, where it says nothing else.
    """
    places = {key(row): place for place, row in enumerate(own)}
    shipped_keys = {key(row) for row in shipped}
    rows = [_as_called(own[places[key(row)]], row) if key(row) in places else row for row in shipped]
    origins: list[int | None] = [places.get(key(row)) for row in shipped]
    for place, row in enumerate(own):
        if key(row) not in shipped_keys:
            rows.append(row)
            origins.append(place)
    return _one_preferred(rows, origins, shipped), tuple(origins)


def _as_called(row: AnyRow, shipped: AnyRow) -> AnyRow:
    if not isinstance(row, Named) or not isinstance(shipped, Named):
        return row
    names = {"aliases": shipped.aliases, "ambiguous_aliases": shipped.ambiguous_aliases}
    return row.model_copy(update={column: known for column, known in names.items() if not getattr(row, column)})


def _one_preferred(rows: list[AnyRow], origins: Sequence[int | None], shipped: Sequence[AnyRow]) -> tuple[AnyRow, ...]:
    before = {row.zone: row for row in shipped if isinstance(row, Grid) and row.preferred}
    taken = {
        row.zone for row, origin in zip(rows, origins, strict=True)
        if origin is not None and isinstance(row, Grid) and row.preferred
    }  # fmt: skip
    for place, row in enumerate(rows):
        if not isinstance(row, Grid) or row.zone not in taken or not row.preferred:
            continue
        known = before.get(row.zone)
        if origins[place] is None:
            rows[place] = row.model_copy(update={"preferred": False})
        elif row.offsite_water_l_per_kwh is None and known is not None:
            water = {name: getattr(known, name) for name in ("offsite_water_l_per_kwh", "water_source_ids")}
            rows[place] = row.model_copy(update=water)
    return tuple(rows)


def told_apart(assumption: Assumption) -> Assumption:
    """The assumption, with a note that says so where its value is the operator's."""
    if OPERATOR not in assumption.source_ids:
        return assumption
    of_place = {"place", "year"} <= assumption.text_params.keys()
    return assumption.model_copy(update={"note": _OWN_OF_PLACE if of_place else _OWN})
