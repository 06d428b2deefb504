"""What the place of a run decides: PUE, carbon intensity and water."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from estimator.core.footprint import Assumption, Match, Warning, gettext_noop
from estimator.core.inputs import Workload
from estimator.reference.assume import assumption, default, given, looked_up
from estimator.reference.providers import PROVIDER_NAMES
from estimator.reference.shelf import Shelf
from estimator.reference.tables import Accelerator, Basis
from estimator.reference.zones import GridMatch, Spot

#: Years between the one asked for and the one found from which a reader is warned.
FAR_YEARS: Final = 3

#: Hardware that stands on a desk where no provider is named.
_DESK: Final = ("desktop", "embedded", "system_on_chip")
_GRID_NOTES: Final[dict[tuple[Basis, Match], str]] = {
    ("life_cycle", "exact"): gettext_noop("Average of %(place)s in %(year)s; life-cycle, with plants and fuel supply."),
    ("life_cycle", "nearest_year"): gettext_noop(
        "Average of %(place)s in %(year)s, the nearest to %(asked_year)s; life-cycle, with plants and fuel supply."
    ),
    ("life_cycle", "parent_zone"): gettext_noop(
        "Average of %(place)s in %(year)s, as no figure of the region itself is known; life-cycle, with plants and "
        "fuel supply."
    ),
    ("life_cycle", "world"): gettext_noop("World average in %(year)s; life-cycle, with plants and fuel supply."),
    ("direct", "exact"): gettext_noop("Average of %(place)s in %(year)s; direct: only what leaves the power plants."),
    ("direct", "nearest_year"): gettext_noop(
        "Average of %(place)s in %(year)s, the nearest to %(asked_year)s; direct: only what leaves the power plants."
    ),
    ("direct", "parent_zone"): gettext_noop(
        "Average of %(place)s in %(year)s, as no figure of the region itself is known; direct: only what leaves the "
        "power plants."
    ),
}

#: What the tables say about a row -> the sentence that says so.
_DETAILS: Final = tuple(
    (re.compile(pattern), message)
    for pattern, message in (
        (
            r"artefact of a single-fuel grid",
            gettext_noop(
                "The intensity of %(place)s is an artefact of a grid with a single fuel. Give another value if you "
                "know it."
            ),
        ),
        (
            r"zero is an artefact of a tiny grid",
            gettext_noop(
                "That the intensity of %(place)s is zero is an artefact of a tiny grid. Give another value if you know "
                "it."
            ),
        ),
        (
            r"looks too high: Electricity Maps gives (?P<other>[\d.]+)",
            gettext_noop(
                "The intensity of %(place)s looks too high: Electricity Maps gives %(other)s gCO2e/kWh. Give another "
                "value if you know it."
            ),
        ),
        (
            r"lower bound: (?P<percent>[\d.]+) % of the mix is covered",
            gettext_noop(
                "The intensity of %(place)s is a lower bound: it covers %(percent)s %% of the mix. Give another value "
                "if you know it."
            ),
        ),
        (
            r"CO2 alone, without the other greenhouse gases",
            gettext_noop(
                "The intensity of %(place)s counts CO2 alone, without the other greenhouse gases. Give another value "
                "if you know it."
            ),
        ),
    )
)
_OTHER_DETAIL: Final = gettext_noop("About the intensity of %(place)s: %(detail)s. Give another value if you know it.")


def facility_assumptions(
    workload: Workload, spot: Spot, accelerator: Accelerator | None, shelf: Shelf, warnings: list[Warning]
) -> Iterator[Assumption]:
    """
    PUE, grid and water of a run.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    spot : Spot
        Its place.
    accelerator : Accelerator or None
        The hardware, which tells a desk from a data centre where no place does.
    shelf : Shelf
        The reference data.
    warnings : list of Warning
        Takes what a reader should know about the fallbacks.

    Yields
    ------
    Assumption
        What is known.
    """
    if workload.pue is not None:
        yield given("pue", workload.pue, shelf.defaults["spread_given_pue"], floor=1.0)
    else:
        yield _pue(shelf, spot, accelerator.segment if accelerator is not None else None)
    given_gco2e_per_kwh = workload.grid_intensity_gco2e_per_kwh
    if given_gco2e_per_kwh is None:
        given_gco2e_per_kwh = workload.hourly_profile.mean_gco2e_per_kwh
    if given_gco2e_per_kwh is not None:
        yield given("grid_intensity_gco2e_per_kwh", given_gco2e_per_kwh, shelf.defaults["spread_grid"])
    else:
        grid, fallbacks = _grid(shelf, spot, workload.year)
        warnings.extend(fallbacks)
        yield grid
    on_desk = accelerator is not None and accelerator.segment in _DESK and spot.provider is None
    yield from _water(shelf, spot, on_desk)


# Frozen answers to the same few questions: what depends on the place alone is put together once.


@lru_cache(maxsize=1024)
def _pue(shelf: Shelf, spot: Spot, segment: str | None) -> Assumption:
    defaults = shelf.defaults
    region, provider = spot.region, spot.provider
    if region is not None and region.pue is not None:
        return looked_up(
            "pue",
            region.pue,
            defaults["spread_published_pue"],
            source_ids=region.pue_source_ids,
            floor=1.0,
            note=gettext_noop("Published for %(region)s, %(year)s."),
            region=f"{PROVIDER_NAMES[region.provider]} {region.region}",
            year=region.pue_year,
        )
    fleet = shelf.fleet_pue.get(provider) if provider else None
    if provider and fleet is not None and fleet.pue is not None:
        return looked_up(
            "pue",
            fleet.pue,
            defaults["pue_fleet_spread"],
            match="parent_zone",
            source_ids=fleet.source_ids,
            floor=1.0,
            note=gettext_noop("Average of all sites of %(provider)s in %(year)s: none is published for this one."),
            provider=PROVIDER_NAMES[provider],
            year=fleet.year,
        )
    if provider:
        return default("pue", "pue_colocation", shelf, gettext_noop("This provider publishes no PUE of the region."))
    if segment in _DESK:
        note = gettext_noop("Hardware for a desk, with no cooling plant around it. In a server room, give the PUE.")
        return default("pue", "pue_desk", shelf, note)
    return default("pue", "pue_unknown", shelf, gettext_noop("Average of a survey of data centres; theirs is unknown."))


@lru_cache(maxsize=1024)
def _grid(shelf: Shelf, spot: Spot, year: int | None) -> tuple[Assumption, tuple[Warning, ...]]:
    found = shelf.places.grids.grid(spot, year=year)
    return _grid_assumption(shelf, found, year), tuple(_grid_warnings(spot, found, year))


def _grid_assumption(shelf: Shelf, found: GridMatch, year: int | None) -> Assumption:
    value, defaults = found.grid_intensity_gco2e_per_kwh, shelf.defaults
    note = _GRID_NOTES[(found.basis, found.match)]
    text_params: dict[str, Any] = {"place": found.name, "year": found.year, "asked_year": year}
    if found.match == "world":
        world = defaults["grid_world"]
        return assumption(
            "grid_intensity_gco2e_per_kwh",
            value,
            low=world.low,
            high=world.high,
            status="default",
            quality=world.quality,
            match="world",
            source_ids=(*found.source_ids, *(id_ for id_ in world.source_ids if id_ not in found.source_ids)),
            note=note,
            **text_params,
        )
    if found.doubtful:
        spread = defaults["grid_doubtful_spread"]
    elif _years_apart(found, year) >= FAR_YEARS:
        spread = defaults["spread_grid_other_year"]
    else:
        spread = defaults["spread_grid"]
    return looked_up(
        "grid_intensity_gco2e_per_kwh",
        value,
        spread,
        match=found.match,
        source_ids=found.source_ids,
        note=note,
        **text_params,
    )


def _years_apart(found: GridMatch, year: int | None) -> int:
    return abs(year - found.year) if year is not None else 0


def _grid_warnings(spot: Spot, found: GridMatch, year: int | None) -> Iterator[Warning]:
    text_params = {
        "place": found.name,
        "year": found.year,
        "asked_year": year,
        "intensity": found.grid_intensity_gco2e_per_kwh,
    }
    if spot.country_without_factor is not None:
        yield Warning(
            code="grid_unknown",
            message=gettext_noop(
                "No source gives the carbon intensity of %(country)s: the world average is used. Give the intensity of "
                "its grid if you know it."
            ),
            field="grid_intensity_gco2e_per_kwh",
            text_params=text_params | {"country": spot.country_without_factor},
        )
    elif found.match == "world":
        yield Warning(
            code="place_unknown",
            message=gettext_noop(
                "Where it ran is not known: the world average of %(intensity)s gCO2e/kWh is used, and grids differ "
                "thirtyfold. Give the country or the cloud region."
            ),
            field="location",
            text_params=text_params,
        )
    if found.match == "nearest_year" and _years_apart(found, year) >= FAR_YEARS:
        yield Warning(
            code="grid_other_year",
            message=gettext_noop(
                "The grid of %(place)s in %(asked_year)s is not known: that of %(year)s is used. Give the intensity of "
                "that year if you know it."
            ),
            field="year",
            text_params=text_params,
        )
    if found.basis == "direct":
        yield Warning(
            code="grid_direct",
            message=gettext_noop(
                "The intensity of %(place)s counts only what leaves the power plants; those of countries count plants "
                "and fuel supply too. Do not compare the two: on a clean grid the difference is most of the figure."
            ),
            field="location",
            text_params=text_params,
        )
    if found.doubtful or found.detail:
        message, params = _about_detail(found.detail)
        yield Warning(
            code="grid_doubtful" if found.doubtful else "grid_note",
            message=message,
            field="grid_intensity_gco2e_per_kwh",
            text_params=text_params | params,
        )


def _about_detail(detail: str) -> tuple[str, dict[str, str]]:
    """What a table says about its row, as a text that can be translated; an operator's own words stay as they are."""
    for pattern, message in _DETAILS:
        if (match := pattern.fullmatch(detail)) is not None:
            return message, match.groupdict()
    return _OTHER_DETAIL, {"detail": detail}


def mixed_basis_warnings(workload: Workload, spot: Spot, shelf: Shelf) -> Iterator[Warning]:
    """Say so where the figure by contract adds what counts plants and fuel supply to what does not."""
    market = workload.market_based
    if (
        all(value is None for _, value in market)
        or workload.grid_intensity_gco2e_per_kwh is not None
        or market.residual_intensity_gco2e_per_kwh is not None
        or (market.contracted_share or 0.0) + (market.certificates_share or 0.0) >= 1.0
    ):
        return
    found = shelf.places.grids.grid(spot, year=workload.year)
    contract_g_per_kwh = market.contract_intensity_gco2e_per_kwh or 0.0
    if found.basis == "life_cycle" and contract_g_per_kwh == 0.0:
        yield Warning(
            code="basis_mixed",
            message=gettext_noop(
                "The contract counts only what leaves the power plants, and the rest, the average of %(place)s, its "
                "life cycle. Give the residual mix of the same basis, or the life-cycle intensity of the contract: 11 "
                "to 41 gCO2e/kWh for wind and sun."
            ),
            field="market_based.residual_intensity_gco2e_per_kwh",
            text_params={"place": found.name},
        )


@lru_cache(maxsize=1024)
def _water(shelf: Shelf, spot: Spot, on_desk: bool) -> tuple[Assumption, ...]:
    return tuple(_water_assumptions(shelf, spot, on_desk=on_desk))


def _water_assumptions(shelf: Shelf, spot: Spot, *, on_desk: bool) -> Iterator[Assumption]:
    region, provider, defaults = spot.region, spot.provider, shelf.defaults
    fleet = shelf.fleet_wue.get(provider) if provider else None
    known = False
    if region is not None and region.wue_l_per_kwh is not None:
        known = True
        yield looked_up(
            "wue_l_per_kwh",
            region.wue_l_per_kwh,
            defaults["wue_spread"],
            source_ids=region.wue_source_ids,
            note=gettext_noop("Published for %(region)s, %(year)s."),
            region=f"{PROVIDER_NAMES[region.provider]} {region.region}",
            year=region.wue_year,
        )
    elif provider and fleet is not None and fleet.wue_l_per_kwh is not None:
        known = True
        yield looked_up(
            "wue_l_per_kwh",
            fleet.wue_l_per_kwh,
            defaults["wue_fleet_spread"],
            match="parent_zone",
            source_ids=fleet.source_ids,
            note=gettext_noop("Average of all sites of %(provider)s in %(year)s: none is published for this one."),
            provider=PROVIDER_NAMES[provider],
            year=fleet.year,
        )
    offsite = shelf.places.grids.offsite_water(spot)
    if offsite is None:
        return
    row, match = offsite
    if row.offsite_water_l_per_kwh is not None:
        if not known and on_desk:
            yield default(
                "wue_l_per_kwh", "wue_desk", shelf, gettext_noop("A machine on a desk is not cooled with water.")
            )
        elif not known:
            yield default(
                "wue_l_per_kwh",
                "wue_unknown",
                shelf,
                gettext_noop("No figure of this site is known. Sites without evaporative cooling use almost none."),
            )
        yield looked_up(
            "offsite_water_l_per_kwh",
            row.offsite_water_l_per_kwh,
            defaults["offsite_water_spread"],
            match=match,
            source_ids=row.water_source_ids,
            note=gettext_noop("Water of the power plants of %(place)s."),
            place=row.name,
        )
