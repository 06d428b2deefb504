"""Where a run took place: grid zones, countries and cloud regions, by whatever they are called."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from estimator.core.footprint import Warning, gettext_noop
from estimator.core.inputs import InputProblem, InputProblems, Location
from estimator.reference.names import (
    MOST_SUGGESTIONS,
    NameIndex,
    Searchable,
    Wording,
    fold,
    problem,
    search,
    searchable,
    words,
)
from estimator.reference.providers import PROVIDER_ALIASES, PROVIDER_NAMES, split_provider
from estimator.reference.tables import CloudRegion, CountryWithoutFactor, Grid, Row, TableError, ZoneName
from estimator.reference.zones import WORLD, Spot, Zones

ZONE_WORDING: Final = Wording(
    unknown=gettext_noop(
        "The catalogue has no grid zone “%(text)s”. Give a country, a cloud region, or the intensity."
    ),
    near=gettext_noop("The catalogue has no grid zone “%(text)s”. Did you mean one of these: %(near)s?"),
    ambiguous=gettext_noop("“%(text)s” may be any of these: %(near)s. Choose one."),
)
_UNKNOWN_PLACE: Final = gettext_noop("The place “%(text)s” is unknown. Give a country, a cloud region or a grid zone.")
_NEAR_PLACE: Final = gettext_noop("The place “%(text)s” is unknown. Did you mean one of these: %(near)s?")
_CITY: Final = gettext_noop("“%(text)s” is not enough to know the grid. Choose one of these, or the country: %(near)s.")
_PROVIDER_ALONE: Final = gettext_noop("Add the region of %(text)s, for example %(near)s.")
_UNKNOWN_PROVIDER: Final = gettext_noop(
    "The catalogue has no provider “%(text)s”. Choose one of: %(near)s; or leave it out."
)
_UNKNOWN_REGION: Final = gettext_noop("The catalogue has no cloud region “%(text)s”. Give the country instead.")
_NEAR_REGION: Final = gettext_noop("The catalogue has no cloud region “%(text)s”. Did you mean one of these: %(near)s?")
_UNKNOWN_COUNTRY: Final = gettext_noop("“%(text)s” is not a country code of ISO 3166. Give one such as FR or FRA.")
_NEAR_COUNTRY: Final = gettext_noop(
    "“%(text)s” is not a country code of ISO 3166. Did you mean one of these: %(near)s?"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place as a person may choose it."""

    kind: Literal["world", "country", "zone", "region"]
    id: str  #: of the grid zone, the country or the cloud region
    label: str  #: for people; `find_place` understands it
    location: Location
    zone: Grid | None  #: the preferred row; None for a country of which no source gives an intensity
    region: CloudRegion | None = None


class Places:
    """
    All places of the catalogue, indexed once.

    Parameters
    ----------
    grids : sequence of Grid
        Every zone and year.
    zone_names : sequence of ZoneName
        What people call the zones.
    without_factor : sequence of CountryWithoutFactor
        The other countries of ISO 3166.
    regions : sequence of CloudRegion
        Every cloud region.

    Raises
    ------
    TableError
        If a zone has not exactly one preferred row, or a parent, a region's zone or a named zone does not exist.
    """

    def __init__(
        self,
        *,
        grids: Sequence[Grid],
        zone_names: Sequence[ZoneName],
        without_factor: Sequence[CountryWithoutFactor],
        regions: Sequence[CloudRegion],
    ) -> None:
        self.rows: tuple[Row, ...] = (*grids, *zone_names, *without_factor, *regions)
        self.grids = Zones(grids)
        self.zones = self.grids.preferred
        self.regions = tuple(regions)
        self._check(zone_names)
        names = {row.zone: row for row in zone_names}
        self.aliases: Mapping[str, tuple[str, ...]] = MappingProxyType({row.zone: row.aliases for row in zone_names})
        try:
            self._zone_names = NameIndex(
                (
                    (
                        row,
                        row.zone,
                        row.name,
                        (*([row.iso3] if row.iso3 else ()), *(names[zone].aliases if zone in names else ())),
                        names[zone].ambiguous_aliases if zone in names else (),
                    )
                    for zone, row in self.zones.items()
                ),
                wording=ZONE_WORDING,
            )
        except ValueError as error:
            raise TableError("zone_names.csv", None, "aliases", str(error)) from error
        self._without_factor = {fold(text): row for row in without_factor for text in (row.iso2, row.iso3, row.name)}
        self._codes = self._country_codes(without_factor)
        self._regions: dict[str, list[CloudRegion]] = {}
        for region in regions:
            for key in (region.region, fold(region.region), region.id, fold(region.id)):
                listed = self._regions.setdefault(key, [])
                if region not in listed:
                    listed.append(region)
        self._places = self._searchable_places(without_factor)
        self._located = lru_cache(maxsize=1024)(self._locate)  # the same places come again and again

    def _check(self, zone_names: Iterable[ZoneName]) -> None:
        for number, region in enumerate(self.regions, start=2):
            if region.grid_zone not in self.zones:
                raise TableError("cloud_regions.csv", number, "grid_zone", f"{region.grid_zone} is not in grids.csv")
            if region.provider not in PROVIDER_NAMES:
                raise TableError("cloud_regions.csv", number, "provider", f"{region.provider} is no known provider")
        for number, named in enumerate(zone_names, start=2):
            if named.zone not in self.zones:
                raise TableError("zone_names.csv", number, "zone", f"{named.zone} is not in grids.csv")

    def _country_codes(self, without_factor: Iterable[CountryWithoutFactor]) -> Mapping[str, str]:
        codes: dict[str, str] = {}
        for row in self.zones.values():
            if row.level == "country" and row.iso2 and row.iso3:
                codes |= {row.iso2: row.zone, row.iso3: row.zone}
        for gap in without_factor:
            codes |= {gap.iso2: gap.iso2, gap.iso3: gap.iso2}
        for zone, aliases in self.aliases.items():  # UK, EU: not of ISO 3166, but what people write
            if self.zones[zone].level in ("country", "region"):
                codes |= {alias: zone for alias in aliases if re.fullmatch("[A-Z]{2,3}", alias) and alias not in codes}
        return MappingProxyType(codes)

    # --- one box that takes any place -------------------------------------------------------------------------

    def find_place(self, text: str, *, path: str = "location") -> Place:
        """
        The place that a person means.

        Parameters
        ----------
        text : str
            A country by name or code, a grid zone, or a cloud region with or without its provider.
        path : str
            The input that it was typed into.

        Returns
        -------
        Place
            With the `Location` to compute with.

        Raises
        ------
        InputProblems
            If the place is unknown or may be several, with suggestions.
        """
        asked = re.split(r"\s·\s", text.strip())[0].strip()
        coded = re.fullmatch(r".+\(([A-Z]{2})\)", asked)  # "Georgia (GE)", as labels are written where names are shared
        if coded and coded[1] in self.zones:
            return self._zone_place(self.zones[coded[1]])
        provider, rest = split_provider(asked)
        if provider is not None:
            return self._place_of_provider(provider, rest, text=text, path=path)
        zone = self._zone_of(asked, path=path)
        if zone is not None:
            return self._zone_place(zone)
        gap = self._without_factor.get(fold(asked))
        if gap is not None:
            return _gap_place(gap)
        regions = self._regions_called(asked, provider=None)
        if len(regions) == 1:
            return self._region_place(regions[0])
        if regions:
            raise problem(path, ZONE_WORDING.ambiguous, text, [region.id for region in regions])
        in_country = self._zone_in_country(asked)
        if in_country is not None:
            return self._zone_place(in_country)
        near_by = self._regions_near_city(asked)
        if near_by:
            countries = dict.fromkeys(region.country for region in near_by)
            regions_and_countries = [*[region.id for region in near_by][: MOST_SUGGESTIONS + 1], *countries]
            raise problem(path, _CITY, text, regions_and_countries)
        near = self._near(asked)
        raise problem(path, _NEAR_PLACE if near else _UNKNOWN_PLACE, text, near)

    def _place_of_provider(self, provider: str, rest: str, *, text: str, path: str) -> Place:
        own = [region for region in self.regions if region.provider == provider]
        if not rest:
            raise problem(path, _PROVIDER_ALONE, text, [region.id for region in own[:MOST_SUGGESTIONS]])
        regions = self._regions_called(rest, provider=provider) or [
            region for region in self._regions_near_city(rest) if region.provider == provider
        ]
        if len(regions) == 1:
            return self._region_place(regions[0])
        if regions:
            raise problem(path, ZONE_WORDING.ambiguous, text, [region.id for region in regions])
        near = self._near_regions(rest, own)
        raise problem(path, _NEAR_REGION if near else _UNKNOWN_REGION, text, near)

    def _zone_of(self, text: str, *, path: str) -> Grid | None:
        found = self._zone_names.get(text)
        if found is not None:
            return found.row
        if ids := self._zone_names.meanings(text):
            raise problem(path, ZONE_WORDING.ambiguous, text, [self._zone_place(self.zones[id_]).label for id_ in ids])
        return None

    def _zone_in_country(self, text: str) -> Grid | None:
        """Make sense of "California, USA", "Georgia, US" and "Lyon, France"."""
        within_text, _, outer_text = text.rpartition(",")
        found = self._zone_names.get(outer_text)
        if found is None or not within_text.strip():
            return None
        outer = found.row
        candidates: list[Grid] = []
        for name in (within_text, within_text.split(",")[0]):
            inner = self._zone_names.get(name)
            candidates += [inner.row] if inner else [self.zones[id_] for id_ in self._zone_names.meanings(name)]
        return next((row for row in candidates if row.parent == outer.zone), outer)

    def _regions_called(self, text: str, *, provider: str | None) -> list[CloudRegion]:
        lowered = text.strip().lower()
        # "us-east-1a" and "us-central1-a" are buildings within a region.
        for name in (lowered, re.sub(r"(?<=\d)-?[a-f]$", "", lowered)):
            # Exact spelling first: us-east-1 and us-east1 are an ocean of hydropower apart.
            for key in (name, fold(name)):
                named = [
                    region for region in self._regions.get(key, ()) if provider is None or region.provider == provider
                ]
                if named:
                    return named
        return []

    def _regions_near_city(self, text: str) -> list[CloudRegion]:
        asked = set(words(text.split(",")[0]))
        return [region for region in self.regions if asked and asked <= set(words(region.place))]

    def _near(self, text: str) -> tuple[str, ...]:
        labels = tuple(self._zone_place(self.zones[zone]).label for zone in self._zone_names.near(text))
        regions = self._near_regions(text, self.regions)
        # Hardly a country has a number in its name.
        numbered = any(map(str.isdigit, text))
        return tuple(dict.fromkeys((*regions, *labels) if numbered else (*labels, *regions)))[:MOST_SUGGESTIONS]

    def _near_regions(self, text: str, regions: Iterable[CloudRegion]) -> tuple[str, ...]:
        asked = fold(text)[:40]
        by_name: dict[str, list[str]] = {}
        for region in regions:
            by_name.setdefault(fold(region.region), []).append(region.id)
        begins = [name for name in by_name if len(asked) >= 3 and (asked in name or name in asked)]
        close = get_close_matches(asked, by_name, n=MOST_SUGGESTIONS, cutoff=0.7)
        return tuple(dict.fromkeys(id_ for name in (*begins, *close) for id_ in by_name[name]))[:MOST_SUGGESTIONS]

    # --- a location as core knows it --------------------------------------------------------------------------

    def locate(self, location: Location) -> Spot:
        """
        Grid and provider of a location.

        Parameters
        ----------
        location : Location
            As given; each field is checked, also one that another field beats.

        Returns
        -------
        Spot
            Empty where nothing is given.

        Raises
        ------
        InputProblems
            Everything that is unknown or ambiguous, at once.
        """
        return self._located(location.country, location.zone, location.provider, location.region)

    def _locate(
        self, country_code: str | None, zone_name: str | None, provider_name: str | None, region_name: str | None
    ) -> Spot:
        problems: list[InputProblem] = []
        provider = region = zone = country = None
        if provider_name is not None:
            provider = PROVIDER_ALIASES.get(fold(provider_name))
            if provider is None:
                problems += problem(
                    "location.provider", _UNKNOWN_PROVIDER, provider_name, list(PROVIDER_NAMES)
                ).problems
        if region_name is not None and (provider is not None or provider_name is None):
            try:
                region = self._region_of(region_name, provider)
            except InputProblems as error:
                problems += error.problems
        if zone_name is not None:
            try:
                zone = self._zone_names.find(zone_name, path="location.zone").row
            except InputProblems as error:
                problems += error.problems
        if country_code is not None:
            country = self._codes.get(country_code.upper())
            if country is None:
                close = get_close_matches(country_code.upper(), self._codes, n=MOST_SUGGESTIONS, cutoff=0.6)
                message = _NEAR_COUNTRY if close else _UNKNOWN_COUNTRY
                problems += problem("location.country", message, country_code, close).problems
        if problems:
            raise InputProblems(tuple(problems))
        return Spot(
            provider=region.provider if region else provider,
            region=region,
            zone=region.grid_zone if region else zone.zone if zone else country if country in self.zones else None,
            country_without_factor=country if not (region or zone) and country not in self.zones else None,
            warnings=self._contradictions(region, zone, country),
        )

    def _region_of(self, text: str, provider: str | None) -> CloudRegion:
        if provider is None:
            provider, text = split_provider(text)
        regions = self._regions_called(text, provider=provider)
        if len(regions) == 1:
            return regions[0]
        if regions:
            raise problem("location.region", ZONE_WORDING.ambiguous, text, [region.id for region in regions])
        own = [region for region in self.regions if provider is None or region.provider == provider]
        near = self._near_regions(text, own)
        raise problem("location.region", _NEAR_REGION if near else _UNKNOWN_REGION, text, near)

    def _contradictions(
        self, region: CloudRegion | None, zone: Grid | None, country: str | None
    ) -> tuple[Warning, ...]:
        inside = region.grid_zone if region else zone.zone if zone else None
        beaten = [("location.country", country)] if country and inside else []
        if region and zone:
            beaten.append(("location.zone", zone.zone))
        return tuple(
            Warning(
                code="location_contradiction",
                message=gettext_noop(
                    "%(inside)s does not lie in %(outside)s. %(inside)s is used; leave the other out or correct it."
                ),
                field=field,
                text_params={"inside": region.region if region else inside, "outside": outside},
            )
            for field, outside in beaten
            if inside and outside not in self.grids.enclosing(inside) and (region is None or outside != region.iso2)
        )

    # --- search -------------------------------------------------------------------------------------------------

    def search(self, q: str, *, limit: int | None = None) -> tuple[Place, ...]:
        """Countries, zones and cloud regions whose names hold a text, best first."""
        return search(self._places, q, limit=limit, weight=_weight)

    def _searchable_places(self, gaps: Iterable[CountryWithoutFactor]) -> tuple[Searchable[Place], ...]:
        zones = (
            searchable(
                self._zone_place(row),
                (row.name, row.zone, row.iso2 or "", row.iso3 or "", *self.aliases.get(row.zone, ())),
            )
            for row in self.zones.values()
        )
        missing = (searchable(_gap_place(gap), (gap.name, gap.iso2, gap.iso3)) for gap in gaps)
        regions = (
            searchable(
                self._region_place(row),
                (row.region, row.id, f"{PROVIDER_NAMES[row.provider]} {row.region}", row.place, row.country),
            )
            for row in self.regions
        )
        return (*zones, *missing, *regions)

    def _zone_place(self, row: Grid) -> Place:
        row = self.zones[row.zone]
        if row.zone == WORLD:
            return Place("world", WORLD, row.name, Location(zone=WORLD), row)
        if row.level == "country":
            label = f"{row.name} ({row.zone})" if self._zone_names.meanings(row.name) else row.name
            return Place("country", row.zone, label, Location(country=row.iso2), row)
        return Place("zone", row.zone, self.grids.label(row.zone), Location(zone=row.zone), row)

    def _region_place(self, row: CloudRegion) -> Place:
        label = f"{PROVIDER_NAMES[row.provider]} {row.region} · {row.place}, {row.country}"
        location = Location(provider=row.provider, region=row.region)
        return Place("region", row.id, label, location, self.zones[row.grid_zone], row)


def _gap_place(gap: CountryWithoutFactor) -> Place:
    return Place("country", gap.iso2, gap.name, Location(country=gap.iso2), None)


def _weight(place: Place) -> int:
    if place.kind == "region":
        return 2
    if place.kind == "zone" and place.zone is not None:
        return 3 if place.zone.level == "us_egrid_subregion" else 1
    return 0
