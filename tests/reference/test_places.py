"""Places: any name of a country, zone or cloud region, and the grid that it stands for."""

import pytest

from estimator.core.inputs import InputProblem, InputProblems, Location
from estimator.reference import catalogue


def refused(text: str) -> InputProblem:
    with pytest.raises(InputProblems) as caught:
        catalogue.find_place(text)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("France", Location(country="FR")),
        ("FR", Location(country="FR")),
        ("fra", Location(country="FR")),
        ("Francia", Location(country="FR")),
        ("UK", Location(country="GB")),
        ("Estados Unidos", Location(country="US")),
        ("u.s.a.", Location(country="US")),
        ("España", Location(country="ES")),
        ("espana", Location(country="ES")),
        ("Czech Republic", Location(country="CZ")),
        ("Türkiye", Location(country="TR")),
        ("Monaco", Location(country="MC")),
        ("California", Location(zone="US-CA")),
        ("US-CA", Location(zone="US-CA")),
        ("California, USA", Location(zone="US-CA")),
        ("Georgia, USA", Location(zone="US-GA")),
        ("Georgia (GE)", Location(country="GE")),
        ("Québec", Location(zone="CA-QC")),
        ("New South Wales", Location(zone="AU-NSW")),
        ("ERCOT", Location(zone="US-eGRID-ERCT")),
        ("SRVC", Location(zone="US-eGRID-SRVC")),
        ("SE3", Location(zone="SE-SE3")),
        ("Lyon, France", Location(country="FR")),
        ("us-east-1", Location(provider="aws", region="us-east-1")),
        ("US-EAST-1", Location(provider="aws", region="us-east-1")),
        ("us-east-1a", Location(provider="aws", region="us-east-1")),
        ("aws:us-east-1", Location(provider="aws", region="us-east-1")),
        ("aws-us-east-1", Location(provider="aws", region="us-east-1")),
        ("us-east1", Location(provider="gcp", region="us-east1")),
        ("us-central1-a", Location(provider="gcp", region="us-central1")),
        ("gcp europe-west1", Location(provider="gcp", region="europe-west1")),
        ("Google Cloud europe-west1", Location(provider="gcp", region="europe-west1")),
        ("europe-west1 (GCP)", Location(provider="gcp", region="europe-west1")),
        ("Amazon Web Services eu-west-3", Location(provider="aws", region="eu-west-3")),
        ("aws frankfurt", Location(provider="aws", region="eu-central-1")),
        ("West Europe", Location(provider="azure", region="westeurope")),
        ("azure East US 2", Location(provider="azure", region="eastus2")),
        ("ovh gra", None),
        ("fr-par", Location(provider="scaleway", region="fr-par")),
        ("World", Location(zone="WORLD")),
        ("EU", Location(zone="EU27")),
    ],
)
def test_spellings_of_places(text: str, location: Location | None) -> None:
    if location is None:
        assert any("ovhcloud" in suggestion for suggestion in refused(text).suggestions)
    else:
        assert catalogue.find_place(text).location == location


def test_every_place_is_found_by_its_own_label_and_by_its_id() -> None:
    for place in catalogue.search_places("", limit=2000):
        assert catalogue.find_place(place.label).id == place.id, place.label
        assert catalogue.find_place(place.id).id == place.id, place.id


@pytest.mark.parametrize(
    ("text", "suggestions"),
    [
        ("Georgia", {"Georgia (GE)", "Georgia, United States"}),
        ("Korea", {"South Korea", "North Korea"}),
        ("Congo", {"Congo (CG)", "Democratic Republic of Congo"}),
        ("useast1", {"aws-us-east-1", "gcp-us-east1"}),
    ],
)
def test_what_may_be_several_places_is_asked(text: str, suggestions: set[str]) -> None:
    problem = refused(text)
    assert set(problem.suggestions) == suggestions
    for suggestion in problem.suggestions:  # each answer settles the question
        catalogue.find_place(suggestion)


def test_a_city_alone_is_asked_for_its_cloud_or_country() -> None:
    suggestions = refused("Frankfurt").suggestions
    assert {"aws-eu-central-1", "gcp-europe-west3", "azure-germanywestcentral", "Germany"} == set(suggestions)


def test_a_provider_alone_is_asked_for_its_region() -> None:
    problem = refused("aws")
    assert "aws-us-east-1" in problem.suggestions and "region" in problem.message


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Frnace", "France"),
        ("Germny", "Germany"),
        ("us-east-11", "aws-us-east-1"),
        ("aws us-eats-1", "aws-us-east-1"),
        ("europe-west99", "gcp-europe-west9"),
        ("Califrnia", "California, United States"),
    ],
)
def test_unknown_places_are_refused_with_the_nearest(text: str, near: str) -> None:
    assert near in refused(text).suggestions


def grid(location: Location, year: int | None = None) -> tuple[str, int, str, str, float]:
    found = catalogue.find_grid(location, year=year)
    assert found.source_ids
    return found.match, found.year, found.basis, found.name, found.grid_intensity_gco2e_per_kwh


def test_a_country_matches_exactly_by_either_code() -> None:
    expected = ("exact", 2025, "life_cycle", "France", 41.44)
    for code in ("FR", "fr", "FRA", "fra"):
        assert grid(Location(country=code)) == expected


def test_a_year_is_exact_or_the_nearest() -> None:
    assert grid(Location(country="US"), 2019) == ("exact", 2019, "life_cycle", "United States", 439.45)
    assert grid(Location(country="US"), 2016)[:3] == ("nearest_year", 2019, "life_cycle")
    assert grid(Location(country="US"), 2040)[:2] == ("nearest_year", 2025)
    assert grid(Location(zone="US-TX"), 2020)[:3] == ("nearest_year", 2023, "direct")


def test_a_country_is_never_answered_with_another_basis_or_a_marginal_signal() -> None:
    for year in range(2017, 2028):
        assert grid(Location(country="GB"), year)[2] == "life_cycle"
        assert grid(Location(country="US"), year)[4] < 500


def test_a_region_has_its_own_figure_or_that_of_its_grid() -> None:
    assert grid(Location(provider="gcp", region="us-central1"))[0::4] == ("exact", 412.72)
    assert grid(Location(provider="aws", region="us-east-1"))[0::3] == (
        "exact",
        "SERC Virginia/Carolina (SRVC), United States",
    )
    assert grid(Location(provider="aws", region="eu-west-3")) == ("parent_zone", 2025, "life_cycle", "France", 41.44)


def test_another_year_than_a_regions_own_comes_from_its_country_where_that_is_known() -> None:
    assert grid(Location(provider="gcp", region="asia-east1"), 2020)[:3] == ("parent_zone", 2020, "life_cycle")
    assert grid(Location(provider="gcp", region="asia-east1"), 2005)[:2] == ("nearest_year", 2024)


def test_region_beats_zone_beats_country() -> None:
    everything = Location(country="FR", zone="US-CA", provider="gcp", region="europe-west1")
    assert grid(everything)[3] == "Google Cloud europe-west1"
    assert grid(Location(country="FR", zone="US-CA"))[3] == "California, United States"


def test_what_contradicts_itself_is_warned_about() -> None:
    places = catalogue.shelf().places
    warnings = places.locate(Location(country="FR", provider="aws", region="us-east-1")).warnings
    assert [(warning.code, warning.field) for warning in warnings] == [("location_contradiction", "location.country")]
    assert not places.locate(Location(country="US", provider="aws", region="us-east-1")).warnings
    assert not places.locate(Location(country="USA", zone="US-CA")).warnings
    assert not places.locate(Location(country="BE", provider="gcp", region="europe-west1")).warnings


def test_the_provider_is_inferred_where_only_one_has_the_region() -> None:
    spot = catalogue.shelf().places.locate(Location(region="us-east-1"))
    assert spot.provider == "aws"
    with pytest.raises(InputProblems, match="us-east1"):
        catalogue.shelf().places.locate(Location(region="useast1"))


def test_nowhere_is_the_world_and_so_is_a_country_without_factor() -> None:
    assert grid(Location())[0::4] == ("world", 458.29)
    assert grid(Location(country="MC"))[0] == "world"
    assert grid(Location(zone="World"))[0] == "world"


def test_everything_wrong_with_a_location_is_said_at_once() -> None:
    with pytest.raises(InputProblems) as caught:
        catalogue.shelf().places.locate(Location(country="XX", zone="Narnia", provider="skynet"))
    assert [problem.path for problem in caught.value.problems] == [
        "location.provider",
        "location.zone",
        "location.country",
    ]
    assert "aws" in caught.value.problems[0].suggestions


def test_a_region_of_another_provider_is_refused_with_its_own() -> None:
    with pytest.raises(InputProblems) as caught:
        catalogue.shelf().places.locate(Location(provider="azure", region="us-east-1"))
    (problem,) = caught.value.problems
    assert problem.path == "location.region"
    assert all(suggestion.startswith("azure-") for suggestion in problem.suggestions)


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("fr", "France"),
        ("united k", "United Kingdom"),
        ("us-east-1", "AWS us-east-1 · N. Virginia, United States"),
        ("virginia", "Virginia, United States"),
        ("aws us-w", "AWS us-west-1 · N. California, United States"),
        ("bras", "Brazil"),
        ("europe-west4", "Google Cloud europe-west4 · Eemshaven, Netherlands"),
    ],
)
def test_search_puts_what_is_meant_first(q: str, first: str) -> None:
    assert catalogue.search_places(q)[0].label == first
