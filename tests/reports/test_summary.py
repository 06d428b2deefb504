"""The summary by numbers worked out by hand."""

import pytest

from estimator.core.footprint import Footprint, Range
from estimator.reference.catalogue import PublishedRun
from reports.abstract import abstract
from reports.parts import parts_of_total
from reports.summary import place_among, summarise
from tests.reports.conftest import make_footprint, ranged


def published(key: str, label: str, year: int, energy_kwh: float, kgco2e: float, source_id: str) -> PublishedRun:
    return PublishedRun(
        id=key,
        label=label,
        year=year,
        facility_energy_kwh=energy_kwh,
        operational_kgco2e=kgco2e,
        source_ids=(source_id,),
    )


RUNS = (
    published("big", "GPT-3", 2020, 1_287_000.0, 552_100.0, "patterson-2021"),
    published("small", "Transformer", 2017, 27.0, 11.8, "strubell-2019"),
    published("near", "BERT base", 2018, 1507.0, 652.3, "strubell-2019"),
)


def test_the_abstract_calls_no_training_what_was_only_measured(footprint: Footprint) -> None:
    summary = summarise(footprint)
    assert abstract(summary)[0].startswith("Training took 1,503")
    assert abstract(summary, is_only_measured=True)[0].startswith("The measured run took 1,503")


def test_parts_add_up_to_the_total_and_follow_the_energy(footprint: Footprint) -> None:
    summary = summarise(footprint)
    parts = {part.name: part for part in summary.parts}
    assert list(parts) == ["accelerators", "other_it", "overhead", "embodied"]
    assert sum(part.kgco2e for part in summary.parts) == pytest.approx(summary.total_kgco2e.central, rel=1e-12)
    assert sum(part.share for part in summary.parts) == pytest.approx(1.0, rel=1e-12)
    # 64 x 180 W x 79 h = 910.08 kWh, at 0.4327 kg/kWh
    assert parts["accelerators"].energy_kwh == pytest.approx(910.08, rel=1e-9)
    assert parts["accelerators"].kgco2e == pytest.approx(393.791616, rel=1e-9)
    # 951.27929 - 910.08 and 951.27929 x 0.58
    assert parts["other_it"].energy_kwh == pytest.approx(41.19929, rel=1e-9)
    assert parts["overhead"].energy_kwh == pytest.approx(551.7419882, rel=1e-9)


def test_without_accelerators_the_servers_are_one_slice(footprint: Footprint) -> None:
    result = footprint.result.model_copy(update={"accelerator_energy_kwh": None})
    assert [part.name for part in parts_of_total(result)] == ["servers", "overhead", "embodied"]


def test_accelerators_alone_leave_no_empty_slice(footprint: Footprint) -> None:
    result = footprint.result.model_copy(update={"accelerator_energy_kwh": footprint.result.it_energy_kwh})
    assert [part.name for part in parts_of_total(result)] == ["accelerators", "overhead", "embodied"]


def test_a_pue_below_one_is_not_shown_as_a_negative_slice(footprint: Footprint) -> None:
    result = footprint.result.model_copy(update={"facility_energy_kwh": ranged(900.0)})
    parts = parts_of_total(result)
    assert [part.name for part in parts] == ["electricity", "embodied"]
    assert parts[0].energy_kwh == 900.0


def test_a_grid_of_zero_divides_nothing(footprint: Footprint) -> None:
    nothing = Range(low=0.0, central=0.0, high=0.0)
    result = footprint.result.model_copy(
        update={
            "operational_location_based_kgco2e": nothing,
            "total_kgco2e": nothing,
            "embodied_share_kgco2e": None,
        }
    )
    assert {part.share for part in parts_of_total(result)} == {0.0}


def test_sources_are_numbered_in_the_order_of_use(footprint: Footprint) -> None:
    summary = summarise(footprint)
    assert [(row.number, row.id) for row in summary.sources] == [
        (1, "strubell-2019"),
        (2, "uptime-2018"),
        (3, "epa-egrid"),
        (4, "bloom-2022"),
        (5, "ga"),
    ]
    assert [step.source_numbers for step in summary.steps] == [(1,), (1, 2), (3,), (4,), ()]
    assert summary.assumptions[1].source_numbers == (2,)


def test_every_number_cited_is_listed(footprint: Footprint) -> None:
    summary = summarise(footprint, published=RUNS)
    listed = {row.number for row in summary.sources}
    cited = {number for step in summary.steps for number in step.source_numbers}
    cited |= {number for row in summary.assumptions for number in row.source_numbers}
    cited |= {number for row in summary.equivalents for number in row.source_numbers}
    assert cited <= listed == set(range(1, len(listed) + 1))


def test_contributions_are_named_as_the_assumptions_and_the_largest_comes_first(footprint: Footprint) -> None:
    rows = summarise(footprint).contributions
    assert [(row.label, row.share) for row in rows] == [
        ("Carbon intensity of the grid", 0.62),
        ("Power usage effectiveness (PUE)", 0.31),
        ("Mean draw of the servers", 0.07),
    ]


def test_place_among_published_runs(footprint: Footprint) -> None:
    place = summarise(footprint, published=RUNS).place
    assert place is not None
    assert [run.id for run in place.runs] == ["small", "near", "big"]
    assert place.smaller_count == 1
    assert place.nearest.id == "near"
    assert place.ratio_to_nearest == pytest.approx(1503.0212782 / 1507.0, rel=1e-9)


def test_nothing_to_compare_with() -> None:
    assert place_among((), 10.0) is None
    assert place_among(RUNS, 0.0) is None
    assert summarise(make_footprint(activity="inference"), published=RUNS).place is None


def test_texts_are_translated_before_their_places_are_filled(footprint: Footprint) -> None:
    words = {"World average of %(year)s.": "Media mundial de %(year)s.", "Making the hardware": "Fabricar los equipos"}
    summary = summarise(footprint, translate=lambda text: words.get(text, text))
    assert summary.assumptions[1].note == "Media mundial de 2018."
    assert summary.parts[-1].label == "Fabricar los equipos"


def test_no_draws_no_range(footprint: Footprint) -> None:
    flat = {
        name: Range(low=amount.central, central=amount.central, high=amount.central)
        for name, amount in footprint.result
        if amount is not None
    }
    still = footprint.model_copy(update={"result": footprint.result.model_copy(update=flat)})
    assert summarise(footprint).has_range
    assert not summarise(still).has_range
