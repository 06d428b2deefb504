"""
The same run elsewhere: its total on other grids, by central values and with everything else as it is.

A run in a provider's region is compared with the other regions of that provider, one in a state or province with its
sisters, any other with the countries in which cloud providers have regions: places where it could really run.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np

from estimator.core.footprint import Footprint
from estimator.core.inputs import InputProblems, Location
from estimator.reference import catalogue
from estimator.reference.places import Places
from estimator.reference.zones import WORLD, GridMatch, Spot
from reports.summary import RegionRow, Regions

#: Rows that a chart has room for, this run beside them.
MOST_ROWS: Final = 9
#: Of those, so many are the cleanest.
CLEANEST: Final = 4


def regions_of(footprint: Footprint, location: Location) -> Regions | None:
    """
    What the run would cause on other grids.

    Parameters
    ----------
    footprint : Footprint
        The run.
    location : Location
        Where it took place, as its user said.

    Returns
    -------
    Regions or None
        The cleanest few and others spread over the rest, cleanest first, with this run among them. None where the
        catalogue knows too few places to compare with, or does not know this one.
    """
    places = catalogue.shelf().places
    try:
        spot = places.locate(location)
    except InputProblems:
        return None
    kind, found = _elsewhere(places, spot)
    basis = Counter(match.basis for _, match in found).most_common(1)
    names = [name for name, match in found if match.basis == basis[0][0]]
    intensities = np.array([match.grid_intensity_gco2e_per_kwh for _, match in found if match.basis == basis[0][0]])
    if len(names) < 2:
        return None
    result = footprint.result
    embodied_kgco2e = result.embodied_share_kgco2e.central if result.embodied_share_kgco2e else 0.0
    totals_kgco2e = intensities * result.facility_energy_kwh.central / 1000 + embodied_kgco2e
    order = np.argsort(totals_kgco2e, kind="stable")
    rows = [
        RegionRow(
            name=names[place],
            grid_intensity_gco2e_per_kwh=float(intensities[place]),
            total_kgco2e=float(totals_kgco2e[place]),
        )
        for place in order[_spread(len(order))]
    ]
    return Regions(kind=kind, places_count=len(names), rows=tuple(rows))


def _spread(count: int) -> list[int]:
    """The first few places, and others evenly over the rest to the last."""
    if count <= MOST_ROWS:
        return list(range(count))
    rest = np.linspace(CLEANEST, count - 1, MOST_ROWS - CLEANEST).round().astype(int)
    return [*range(CLEANEST), *(int(place) for place in rest)]


def _elsewhere(places: Places, spot: Spot) -> tuple[str, list[tuple[str, GridMatch]]]:
    zones = places.grids
    if spot.region is not None:
        sisters = [one for one in places.regions if spot.region.provider == one.provider and one.id != spot.region.id]
        return "provider", _once(
            (f"{one.region} ({one.place})", zones.grid(Spot(region=one), year=None)) for one in sisters
        )
    own = zones.preferred.get(spot.zone or WORLD)
    if own is not None and own.parent not in {None, WORLD}:
        level = [row for row in zones.preferred.values() if row.level == own.level and row.parent == own.parent]
        return "sisters", _once((row.name, zones.grid(Spot(zone=row.zone), year=None)) for row in level if row != own)
    countries = {zones.enclosing(one.grid_zone)[:-1][-1] for one in places.regions if one.grid_zone != WORLD}
    others = sorted(countries - {spot.zone})
    return "countries", _once((zones.preferred[zone].name, zones.grid(Spot(zone=zone), year=None)) for zone in others)


def _once(found: Iterable[tuple[str, GridMatch]]) -> list[tuple[str, GridMatch]]:
    """Places with an average value that is no artefact of a tiny grid, one of each name."""
    return list({name: (name, match) for name, match in found if not match.doubtful}.values())
