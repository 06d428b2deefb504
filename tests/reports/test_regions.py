"""The same run elsewhere."""

import pytest

from estimator.core.inputs import Location
from reports.regions import MOST_ROWS, regions_of
from tests.reports.conftest import make_footprint


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        (Location(country="US"), "countries"),
        (Location(), "countries"),
        (Location(zone="US-CA"), "sisters"),
        (Location(provider="gcp", region="europe-west1"), "provider"),
    ],
)
def test_each_place_is_compared_with_its_like(location: Location, kind: str) -> None:
    found = regions_of(make_footprint(), location)
    assert found is not None and found.kind == kind
    assert len(found.rows) == MOST_ROWS and found.places_count > MOST_ROWS
    totals = [row.total_kgco2e for row in found.rows]
    assert totals == sorted(totals) and len({row.name for row in found.rows}) == MOST_ROWS


def test_only_the_grid_changes() -> None:
    footprint = make_footprint()
    found = regions_of(footprint, Location(country="US"))
    assert found is not None and footprint.result.embodied_share_kgco2e is not None
    for row in found.rows:
        electricity_kgco2e = footprint.result.facility_energy_kwh.central * row.grid_intensity_gco2e_per_kwh / 1000
        expected = electricity_kgco2e + footprint.result.embodied_share_kgco2e.central
        assert row.total_kgco2e == pytest.approx(expected, rel=1e-12)


def test_this_place_is_not_among_the_others() -> None:
    found = regions_of(make_footprint(), Location(country="NO"))
    assert found is not None and "Norway" not in {row.name for row in found.rows}


def test_a_place_that_the_catalogue_does_not_know_has_no_ranking() -> None:
    assert regions_of(make_footprint(), Location(zone="XX-NOWHERE")) is None
