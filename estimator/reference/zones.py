"""Grid zones: which value stands for a zone in a year, and how it was matched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from estimator.core.footprint import Match, Warning
from estimator.reference.providers import PROVIDER_NAMES
from estimator.reference.tables import Basis, CloudRegion, Grid, TableError

WORLD: Final = "WORLD"


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """What a location says about provider and grid. The most specific wins: region, then zone, then country."""

    provider: str | None = None
    region: CloudRegion | None = None
    zone: str | None = None
    country_without_factor: str | None = None
    warnings: tuple[Warning, ...] = ()


@dataclass(frozen=True, slots=True)
class GridMatch:
    """An intensity, and how it was found."""

    grid_intensity_gco2e_per_kwh: float
    name: str  #: of the zone or region whose value it is
    year: int
    basis: Basis
    match: Match
    source_ids: tuple[str, ...]
    doubtful: bool = False
    detail: str = ""  #: what the table says about the row


@dataclass(frozen=True, slots=True)
class _Series:
    """One zone: the row to take, and the years that may be compared with it."""

    preferred: Grid
    by_year: Mapping[int, Grid]


class Zones:
    """
    All grid zones, indexed once.

    Parameters
    ----------
    grids : sequence of Grid
        Every zone and year.

    Raises
    ------
    TableError
        If a zone has not exactly one preferred row, or its parent does not exist.
    """

    def __init__(self, grids: Sequence[Grid]) -> None:
        self.rows = tuple(grids)
        self._series = _series_by_zone(grids)
        self.preferred: Mapping[str, Grid] = MappingProxyType({zone: s.preferred for zone, s in self._series.items()})
        for row in self.preferred.values():
            if (row.parent is None) != (row.zone == WORLD) or (row.parent and row.parent not in self.preferred):
                raise TableError("grids.csv", None, "parent", f"{row.zone} lies in {row.parent}, which is no zone")
        self._own_rows: dict[str, list[Grid]] = {}
        for row in sorted(self.rows, key=lambda row: row.year):
            self._own_rows.setdefault(row.zone, []).append(row)

    def label(self, zone: str) -> str:
        """A zone with the country that it lies in."""
        row = self.preferred[zone]
        outer = self.preferred[row.parent] if row.parent and row.parent != WORLD else None
        return f"{row.name}, {outer.name}" if outer else row.name

    def enclosing(self, zone: str) -> tuple[str, ...]:
        """A zone and everything around it, inside out."""
        chain = [zone]
        while (parent := self.preferred[chain[-1]].parent) is not None:
            chain.append(parent)
        return tuple(chain)

    def grid(self, spot: Spot, *, year: int | None) -> GridMatch:
        """
        Intensity of a place in a year.

        Parameters
        ----------
        spot : Spot
            Where; an empty one is anywhere in the world.
        year : int or None
            When; None for the newest year that the sources prefer.

        Returns
        -------
        GridMatch
            With how it matched: a fallback is never silent.
        """
        region = spot.region
        if region is not None:
            own = _own_figure(region, year)
            if own is not None and own.match == "exact":
                return own
            of_zone = self._zone_match(region.grid_zone, year)
            if own is not None and of_zone.match == "nearest_year":
                return own
            fallback = self.preferred[region.grid_zone].level == "country" and of_zone.match == "exact"
            return of_zone if not fallback else replace(of_zone, match="parent_zone")
        if spot.zone is None:
            return self._zone_match(WORLD, year)
        return self._zone_match(spot.zone, year)

    def _zone_match(self, zone: str, year: int | None) -> GridMatch:
        series = self._series[zone]
        row = series.preferred
        if year is not None and year != row.year:
            nearest = min(series.by_year, key=lambda known: (abs(known - year), -known))
            row = series.by_year[nearest]
        match: Match = "exact" if year is None or row.year == year else "nearest_year"
        return GridMatch(
            grid_intensity_gco2e_per_kwh=row.grid_intensity_gco2e_per_kwh,
            name=self.label(zone),
            year=row.year,
            basis=row.basis,
            match="world" if zone == WORLD else match,
            source_ids=row.source_ids,
            doubtful=row.doubtful,
            detail=row.note or ("CO2 alone, without the other greenhouse gases" if row.gases == "co2" else ""),
        )

    def offsite_water(self, spot: Spot) -> tuple[Grid, Match] | None:
        """The row with the water of the zone's power plants, or of the country around it; None where unknown."""
        if spot.zone is None:
            return None
        for place, zone in enumerate(self.enclosing(spot.zone)):
            row = self.preferred[zone]
            if row.offsite_water_l_per_kwh is not None and (zone != WORLD or spot.zone == WORLD):
                return row, "world" if zone == WORLD else "exact" if place == 0 else "parent_zone"
        return None

    def series(self, zone: str) -> tuple[Grid, ...]:
        """Every row of a zone, whatever its basis, oldest first."""
        return tuple(self._own_rows[zone])


def _series_by_zone(grids: Iterable[Grid]) -> Mapping[str, _Series]:
    rows: dict[str, list[Grid]] = {}
    for row in grids:
        rows.setdefault(row.zone, []).append(row)
    series: dict[str, _Series] = {}
    for zone, own in rows.items():
        preferred = [row for row in own if row.preferred]
        if len(preferred) != 1:
            raise TableError("grids.csv", None, "preferred", f"{zone} has {len(preferred)} preferred rows, not one")
        like = preferred[0]
        by_year = {row.year: row for row in own if row.basis == like.basis and row.signal == like.signal == "average"}
        series[zone] = _Series(like, MappingProxyType(by_year | {like.year: like}))
    return MappingProxyType(series)


def _own_figure(region: CloudRegion, year: int | None) -> GridMatch | None:
    if region.grid_intensity_gco2e_per_kwh is None or region.grid_year is None or region.basis is None:
        return None
    return GridMatch(
        grid_intensity_gco2e_per_kwh=region.grid_intensity_gco2e_per_kwh,
        name=f"{PROVIDER_NAMES[region.provider]} {region.region}",
        year=region.grid_year,
        basis=region.basis,
        match="exact" if year is None or year == region.grid_year else "nearest_year",
        source_ids=region.grid_source_ids,
    )
