"""The tables against tiny made-up packages: what moves is shown, what moves far is refused, little is written."""

import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from estimator.reference import catalogue
from estimator.reference.refresh import RefreshError, carried_values, compared, read_raw
from estimator.reference.shelf import Shelf

Member = dict[str, Any] | str

FRANCE = {"name": "FRA", "gwp": 0.04144, "wue": 1.0, "warnings": ["electricity-mix-wue-world"]}


def countries(*rows: dict[str, Any]) -> dict[str, Member]:
    return {"ecologits/data/electricity_mixes.json": {"electricity_mixes": list(rows)}}


def states(emissions: float, year: int = 2023) -> dict[str, Member]:
    return {
        f"codecarbon/data/private_infra/{year}/usa_emissions.json": {
            "_unit": {"emissions": "lbs/MWh"}, "_source": {"year": year},
            "alabama": {"emissions": emissions, "regionCode": "AL"}, "usa": {"emissions": 1, "regionCode": "usa"},
        }
    }  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    for path in catalogue.DATA_FOLDER.glob("*.csv"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def wheel(tmp_path: Path) -> Callable[..., Path]:
    def make(members: dict[str, Member], name: str = "ecologits-9.9.9-py3-none-any.whl") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as zipped:
            for member, content in members.items():
                zipped.writestr(member, content if isinstance(content, str) else json.dumps(content))
        return path

    return make


def run(*wheels: Path, data: Path, **options: Any) -> str:
    out = io.StringIO()
    call_command("refresh_reference", wheel=list(wheels), data=data, stdout=out, **options)
    return out.getvalue()


def grid(folder: Path, zone: str) -> list[dict[str, str]]:
    return [row for row in read_raw(folder / "grids.csv")[1] if row["zone"] == zone]


def preferred(folder: Path, zone: str) -> dict[str, str]:
    (row,) = [row for row in grid(folder, zone) if row["preferred"] == "1"]
    return row


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def test_what_is_as_it_was_changes_nothing(wheel: Callable[..., Path], tables: Path) -> None:
    before = bytes_of(tables)
    out = run(wheel(countries(FRANCE)), data=tables, write=True)
    assert "1 values are as they were, 0 would move." in out
    assert bytes_of(tables) == before


def test_a_move_is_shown_and_not_written_without_the_word(wheel: Callable[..., Path], tables: Path) -> None:
    before = bytes_of(tables)
    out = run(wheel(countries(FRANCE | {"gwp": 0.045}, {"name": "XXX", "gwp": 0.1})), data=tables)
    line = next(line for line in out.splitlines() if line.startswith("FR "))
    assert line.split()[:4] == ["FR", "41.44", "45", "+8.6"]
    assert "ecologits 9.9.9" in line and "LOOK" not in line
    assert "No row of ours: XXX." in out and "Nothing was written" in out
    assert bytes_of(tables) == before


def test_a_later_year_becomes_the_preferred_row(wheel: Callable[..., Path], tables: Path) -> None:
    package = wheel(countries(FRANCE | {"gwp": 0.045}))
    with pytest.raises(CommandError, match="does not say of which year"):
        run(package, data=tables, write=True)
    run(package, data=tables, write=True, year=2026)
    row = preferred(tables, "FR")
    assert (row["year"], row["grid_intensity_gco2e_per_kwh"]) == ("2026", "45")
    assert row["offsite_water_l_per_kwh"] == preferred(catalogue.DATA_FOLDER, "FR")["offsite_water_l_per_kwh"]
    assert len(grid(tables, "FR")) == len(grid(catalogue.DATA_FOLDER, "FR")) + 1
    shelf = Shelf(tables)
    shelf.verify()
    assert shelf.places.zones["FR"].grid_intensity_gco2e_per_kwh == 45.0
    # Nothing else moved: every other line is the same to the byte.
    old, new = ((folder / "grids.csv").read_text().splitlines() for folder in (catalogue.DATA_FOLDER, tables))
    assert len(set(new) - set(old)) == 2 and len(set(old) - set(new)) == 1


def test_the_same_year_takes_its_place_and_an_older_one_is_refused(wheel: Callable[..., Path], tables: Path) -> None:
    package = wheel(countries(FRANCE | {"gwp": 0.045}))
    with pytest.raises(CommandError, match="the table has 2025 already"):
        run(package, data=tables, write=True, year=2024)
    run(package, data=tables, write=True, year=2025)
    assert len(grid(tables, "FR")) == len(grid(catalogue.DATA_FOLDER, "FR"))
    assert preferred(tables, "FR")["grid_intensity_gco2e_per_kwh"] == "45"


def test_a_far_move_is_refused_until_its_zone_is_accepted(wheel: Callable[..., Path], tables: Path) -> None:
    package = wheel(countries(FRANCE | {"gwp": 0.060}, {"name": "DEU", "gwp": 0.9}))
    before = bytes_of(tables)
    assert run(package, data=tables).count("LOOK AT THIS") == 2
    with pytest.raises(CommandError, match="DE would move by more than 30%"):
        run(package, data=tables, write=True, year=2026, accept=["FR"])
    assert bytes_of(tables) == before
    run(package, data=tables, write=True, year=2026, accept=["FR", "DE"])
    assert preferred(tables, "DE")["grid_intensity_gco2e_per_kwh"] == "900"


def test_water_is_taken_but_not_that_of_the_world(wheel: Callable[..., Path], tables: Path) -> None:
    known = float(preferred(tables, "FR")["offsite_water_l_per_kwh"])
    package = wheel(countries(FRANCE | {"wue": known * 1.2, "warnings": []}))
    run(package, data=tables, write=True)
    assert float(preferred(tables, "FR")["offsite_water_l_per_kwh"]) == pytest.approx(known * 1.2, rel=1e-3)


def test_pounds_per_megawatt_hour_become_grams(wheel: Callable[..., Path], tables: Path) -> None:
    known = float(preferred(tables, "US-AL")["grid_intensity_gco2e_per_kwh"])
    package = wheel(states(700.0, 2024) | states(1.0, 2022), "codecarbon-9.0.0-py3-none-any.whl")
    out = run(package, data=tables, write=True)
    row = preferred(tables, "US-AL")
    # 700 lb/MWh x 0.45359237 kg/lb = 317.514659 g/kWh; of two years the later counts
    assert (row["year"], row["grid_intensity_gco2e_per_kwh"]) == ("2024", "317.51")
    assert "2023 > 2024" in out and f"{100 * (317.51 / known - 1):+.1f}" in out


def test_provinces_of_china_in_a_tar_file(tmp_path: Path, tables: Path) -> None:
    told = {"data": {"CN-BJ": {"emission_factor": 560.0, "unit": "gCO2/kWh", "year": 2024}}}
    path = tmp_path / "codecarbon-9.0.0.tar.gz"
    content = json.dumps(told).encode()
    with tarfile.open(path, "w:gz") as tarred:
        info = tarfile.TarInfo("codecarbon-9.0.0/codecarbon/data/private_infra/2024/china_provincial_emissions.json")
        info.size = len(content)
        tarred.addfile(info, io.BytesIO(content))
    run(path, data=tables, write=True)
    assert preferred(tables, "CN-BJ")["grid_intensity_gco2e_per_kwh"] == "560"


def test_regions_of_google_are_filled_where_they_are_blank_only(wheel: Callable[..., Path], tables: Path) -> None:
    text = (
        "provider,region,impact\ngcp,asia-southeast3,480\ngcp,europe-west1,999\naws,us-east-1,1\ngcp,me-cenrtal1,366\n"
    )
    package = wheel({"codecarbon/data/cloud/impact.csv": "\ufeff" + text}, "codecarbon-9.0.0-py3-none-any.whl")
    assert {value.zone for value in carried_values([package])} == {
        "gcp-asia-southeast3", "gcp-europe-west1", "gcp-me-central1",
    }  # fmt: skip
    (move,) = compared(carried_values([package]), tables).moves
    assert (move.zone, move.old, move.new, move.must_be_looked_at) == ("gcp-asia-southeast3", None, 480.0, True)
    run(package, data=tables, write=True, accept=["gcp-asia-southeast3"])
    (region,) = [row for row in Shelf(tables).places.regions if row.id == "gcp-asia-southeast3"]
    assert (region.grid_intensity_gco2e_per_kwh, region.grid_year) == (480.0, 2023)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"readme.txt": "nothing"}, "holds no data that is known"),
        ({"ecologits/data/electricity_mixes.json": "{not json"}, "not laid out as it used to be"),
        ({"ecologits/data/electricity_mixes.json": "[]"}, "not laid out as it used to be"),
        (countries({"name": "FRA", "gwp": "NaN"}), "no such quantity"),
        (countries({"name": "FRA", "gwp": -0.1}), "no such quantity"),
        (countries({"name": "FRA"}), "gwp"),
        ({"codecarbon/data/private_infra/2023/usa_emissions.json": {"_unit": {"emissions": "kg/MWh"}}}, "kg/MWh"),
    ],
)
def test_a_package_that_is_not_what_we_know_is_refused(
    wheel: Callable[..., Path], members: dict[str, Member], reason: str
) -> None:
    with pytest.raises(RefreshError, match=reason):
        carried_values([wheel(members)])


def test_files_that_are_no_archives_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_text("no archive")
    with pytest.raises(RefreshError, match="cannot be opened"):
        carried_values([tmp_path / "x.whl"])
    with pytest.raises(RefreshError, match="there is no file"):
        carried_values([tmp_path / "y.whl"])


def test_a_member_that_would_fill_the_memory_is_refused(
    wheel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("estimator.reference.refresh.MAX_MEMBER_BYTES", 10)
    with pytest.raises(RefreshError, match="larger than any such file"):
        carried_values([wheel(countries(FRANCE))])


def test_tables_that_would_not_hold_together_are_not_written(wheel: Callable[..., Path], tables: Path) -> None:
    before = bytes_of(tables)
    with pytest.raises(CommandError, match=r"year.*Nothing was written"):
        run(wheel(countries(FRANCE | {"gwp": 0.045})), data=tables, write=True, year=2077)
    assert bytes_of(tables) == before
