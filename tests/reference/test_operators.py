"""The operator's own values: they come first, say that they are the operator's, and are checked like all others."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from estimator.core.factors import Factors
from estimator.core.inputs import Hardware, Location, Workload
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from estimator.reference.shelf import Shelf
from estimator.reference.tables import TableError

CARD = "id,name,vendor,family,segment,year,tdp_w,memory_gb,embodied_kgco2e,aliases\n"
GRID = (
    "zone,level,name,iso2,iso3,parent,year,grid_intensity_gco2e_per_kwh,basis,signal,method,gases,preferred,doubtful\n"
)
OWN_FRANCE = GRID + "FR,country,France,FR,FRA,WORLD,2026,12.5,life_cycle,average,consumption,co2e,1,0\n"
OWN_PUE = "id,central,low,high,unit,quality\npue_unknown,1.21,1.19,1.25,1,counter\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def own(folder: Path, **files: str) -> Shelf:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return Shelf(catalogue.DATA_FOLDER, operator_folder=folder)


def factors(shelf: Shelf, accelerator: str = "A100", country: str | None = "FR") -> Factors:
    hardware = Hardware(accelerator=accelerator, accelerator_count=4)
    return factors_for(Workload(hardware=hardware, duration_h=10.0, location=Location(country=country)), shelf=shelf)


def test_own_hardware_is_found_used_and_marked(folder: Path) -> None:
    shelf = own(folder, accelerators=CARD + "our-card,Our Card,We,Ours,datacentre,2025,123,48,99,The Card\n")
    shelf.verify()
    found = factors(shelf, "the card")
    power, making = found.assumptions["mean_accelerator_power_w"], found.assumptions["device_embodied_kgco2e"]
    assert (power.value, power.source_ids) == (123.0, ("operator",))
    assert (making.value, making.source_ids) == (99.0, ("operator",))
    assert "operator" in power.note and "not a published one" in power.note % power.text_params
    assert found.sources["operator"].publisher == "The operator of this installation"
    grid = found.assumptions["grid_intensity_gco2e_per_kwh"]
    assert "operator" not in grid.source_ids and "operator" not in grid.note


def test_own_hardware_takes_the_place_of_a_shipped_row(folder: Path) -> None:
    line = "nvidia-a100-sxm4-40gb,NVIDIA A100 SXM4 40GB,NVIDIA,Ampere,datacentre,2020,350,40,,\n"
    shelf = own(folder, accelerators=CARD + line)
    shelf.verify()
    assert len(shelf.accelerators) == len(catalogue.shelf().accelerators)
    for name in ("A100", "DGX A100 40GB"):  # it keeps the names of the row whose place it takes
        power = factors(shelf, name).assumptions["mean_accelerator_power_w"]
        assert (power.value, power.source_ids) == (350.0, ("operator",))


def test_own_grid_factor_is_preferred_and_keeps_the_water_of_the_shipped_one(folder: Path) -> None:
    shelf = own(folder, grids=OWN_FRANCE)
    shelf.verify()
    found = factors(shelf)
    grid = found.assumptions["grid_intensity_gco2e_per_kwh"]
    assert (grid.value, grid.source_ids, grid.match) == (12.5, ("operator",), "exact")
    assert grid.note % grid.text_params == (
        "A value of this installation’s operator for France in 2026, not a published one."
    )
    before = factors(catalogue.shelf()).assumptions["offsite_water_l_per_kwh"]
    assert found.assumptions["offsite_water_l_per_kwh"] == before
    # The shipped years are history, and still to be had.
    assert shelf.places.grids.grid(shelf.places.locate(Location(country="FR")), year=2023).source_ids[0] == "ember-2026"
    assert sum(row.preferred for row in shelf.places.grids.series("FR")) == 1


def test_own_zone_within_a_country(folder: Path) -> None:
    shelf = own(
        folder,
        grids=GRID + "DE-OWN,bidding_zone,Our roof,DE,,DE,2025,38,life_cycle,average,generation,co2e,1,0\n",
        zone_names="zone,aliases\nDE-OWN,the roof\n",
    )
    shelf.verify()
    workload = Workload(
        hardware=Hardware(accelerator="A100", accelerator_count=1), duration_h=1.0, location=Location(zone="the roof")
    )
    assert factors_for(workload, shelf=shelf).assumptions["grid_intensity_gco2e_per_kwh"].value == 38.0


def test_own_pue_is_used_where_none_is_known(folder: Path) -> None:
    shelf = own(folder, defaults=OWN_PUE)
    shelf.verify()
    pue = factors(shelf).assumptions["pue"]
    assert (pue.value, pue.low, pue.high, pue.source_ids) == (1.21, 1.19, 1.25, ("operator",))
    assert "operator" in pue.note


def test_own_sources_may_be_named_beside_the_operator(folder: Path) -> None:
    shelf = own(
        folder,
        sources="id,title,publisher,year,licence\nour-meter,Meter of our hall,We,2025,not published\n",
        defaults=OWN_PUE.replace("quality\n", "quality,source_ids\n").replace("counter\n", "counter,our-meter\n"),
    )
    shelf.verify()
    assert factors(shelf).assumptions["pue"].source_ids == ("operator", "our-meter")


def test_the_operator_may_introduce_itself(folder: Path) -> None:
    line = "id,title,publisher,licence\noperator,Values of our hall,University of the Test,not published\n"
    assert own(folder, sources=line).sources["operator"].publisher == "University of the Test"


def test_the_version_of_the_data_changes(folder: Path) -> None:
    shipped = catalogue.shelf().dataset_version
    assert Shelf(catalogue.DATA_FOLDER, operator_folder=folder / "nowhere").dataset_version == shipped
    with_pue = own(folder, defaults=OWN_PUE).dataset_version
    assert with_pue != shipped
    assert own(folder, defaults=OWN_PUE.replace("1.21", "1.22")).dataset_version not in (shipped, with_pue)


@pytest.mark.parametrize(
    ("file", "text", "line", "column", "reason"),
    [
        ("accelerators", CARD + "our-card,Our Card,We,Ours,datacentre,2025,-1,,,\n", 2, "tdp_w", "greater"),
        ("accelerators", CARD + "\nour-card,Our Card,We,Ours,attic,2025,1,,,\n", 3, "segment", "datacentre"),
        ("accelerators", CARD + "a,A,We,Ours,desktop,2025,9,,,\na,B,We,Ours,desktop,2025,9,,,\n", 3, None, "twice"),
        ("accelerators", CARD + "a,A,We,Ours,desktop,2025,9,,\n", 2, None, "9 cells for 10 columns"),
        ("accelerators", "id;name;vendor\nours;Ours;We\n", 1, "family", "missing"),
        ("accelerators", CARD + "a,A,We,Ours,desktop,2025,9,,,H100\n", None, "aliases", "means both"),
        ("accelerators", CARD + '"a,A,We\n', None, None, "cannot be read"),
        ("defaults", "id,central,low,high,unit,quality\npue_unknown,1.1,1.2,1.3,1,counter\n", 2, "central", "between"),
        ("defaults", OWN_PUE.replace("quality\n", "quality,source_ids\n").replace("counter", "counter,nobody-2020"),
         2, "source_ids", "nobody-2020 is not in sources.csv"),
        ("grids", OWN_FRANCE.replace("WORLD", "MARS"), None, "parent", "no zone"),
        ("grids", OWN_FRANCE.replace("12.5", "12500"), 2, "grid_intensity_gco2e_per_kwh", "1500"),
        ("cloud_regions", "id,provider,region,place,country,iso2,grid_zone\naws-x,aws,x,X,France,FR,FR-X\n",
         2, "grid_zone", "FR-X is not in grids.csv"),
        ("cloud_instances", "id,name,provider,family,accelerator,accelerator_count\naws-x,x.large,aws,x,a-card,1\n",
         2, "accelerator", "a-card is not in accelerators.csv"),
        ("mfu", "id\n", None, None, "no such table"),
        ("my_notes", "id\n", None, None, "no such table"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_the_operators_file_line_and_column(
    folder: Path, file: str, text: str, line: int | None, column: str | None, reason: str
) -> None:
    with pytest.raises(TableError, match=reason) as caught:
        own(folder, **{file: text}).verify()
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(folder / f"{file}.csv") in str(caught.value)


def test_a_file_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "pue.csv").write_bytes(b"id,name\n\xff\xfe,x\n")
    with pytest.raises(TableError, match=r"pue\.csv: the file is not in UTF-8"):
        own(folder).verify()


def test_a_byte_order_mark_of_a_spreadsheet_does_no_harm(folder: Path) -> None:
    own(folder, defaults="\ufeff" + OWN_PUE).verify()


@pytest.fixture
def used(folder: Path) -> Iterator[Path]:
    catalogue.use_operator_folder(folder)
    yield folder
    from django.conf import settings

    catalogue.use_operator_folder(settings.DATA_DIR / "reference")


def test_the_catalogue_takes_them_from_the_folder_that_is_named(used: Path) -> None:
    before = catalogue.dataset_version()
    (used / "defaults.csv").write_text(OWN_PUE)
    assert catalogue.dataset_version() == before  # what was read is kept
    catalogue.use_operator_folder(used)
    assert catalogue.dataset_version() != before
    assert catalogue.sources()["operator"].title == "Values of this installation"


def test_the_shipped_tables_know_no_operator() -> None:
    assert "operator" not in Shelf(catalogue.DATA_FOLDER).sources


def test_the_examples_of_the_readme_hold(folder: Path) -> None:
    text = (catalogue.DATA_FOLDER / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"`reference/(\w+)\.csv`[^`]*?(?:`[^`]*`[^`]*?)*?\n\n((?:    .+\n)+)", text)
    named = {name: re.sub(r"(?m)^    ", "", block) for name, block in examples}
    assert {"accelerators", "grids"} <= set(named)
    own(folder, **named).verify()
