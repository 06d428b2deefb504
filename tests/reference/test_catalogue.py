"""The door: rows for the API, nothing read before the first question."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from estimator.core.footprint import Source
from estimator.reference import catalogue

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", catalogue.KINDS)
def test_every_row_is_plain_data_with_id_name_aliases_and_sources(kind: str) -> None:
    rows = catalogue.rows(kind)
    assert rows
    json.dumps(rows, allow_nan=False)
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["id"] and row["name"] and isinstance(row["aliases"], list)
        assert row["source_ids"] and set(row["source_ids"]) <= set(catalogue.sources())


@pytest.mark.parametrize(
    ("kind", "q", "first"),
    [
        ("accelerators", "h100", "nvidia-h100-sxm5-80gb"),
        ("cpus", "7742", "amd-epyc-7742"),
        ("grids", "france", "FR"),
        ("grids", "ercot", "US-eGRID-ERCT"),
        ("cloud-regions", "us-east-1", "aws-us-east-1"),
        ("models", "bloom", "bloom-176b"),
        ("equivalents", "smartphone", "smartphone_charge"),
        ("sources", "strubell", "strubell-2019"),
    ],
)
def test_q_searches(kind: str, q: str, first: str) -> None:
    assert catalogue.rows(kind, q=q)[0]["id"] == first
    assert catalogue.rows(kind, q="zzzzzzzz") == []


def test_a_grid_comes_with_its_history() -> None:
    (france,) = [row for row in catalogue.rows("grids", q="france") if row["id"] == "FR"]
    assert france["grid_intensity_gco2e_per_kwh"] == 41.44
    assert {2019, 2024} <= {row["year"] for row in france["history"]}
    assert {row["basis"] for row in france["history"]} == {"life_cycle", "direct"}


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no table"):
        catalogue.rows("cats")


def test_what_is_handed_out_may_be_changed_without_harm() -> None:
    rows = catalogue.rows("accelerators", q="v100")
    rows[0]["tdp_w"] = 0
    rows[0]["aliases"].append("nonsense")
    assert catalogue.rows("accelerators", q="v100")[0]["tdp_w"] == 300
    assert "nonsense" not in catalogue.rows("accelerators", q="v100")[0]["aliases"]


def test_sources_are_those_of_the_core() -> None:
    source = catalogue.sources()["strubell-2019"]
    assert isinstance(source, Source) and source.year == 2019 and source.url.startswith("https://")


def test_nothing_is_read_at_import() -> None:
    script = """
import pathlib, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from estimator.reference import catalogue, resolve
read = [name for name in opened if name.endswith(".csv")]
assert not read, read
assert not any(name.split(".")[0] == "django" for name in sys.modules)
catalogue.find_accelerator("h100")
assert [pathlib.Path(name).name for name in opened if name.endswith(".csv")] == ["accelerators.csv", "sources.csv"]
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)


def test_the_version_is_that_of_the_bytes() -> None:
    assert catalogue.dataset_version() == catalogue.shelf().dataset_version
    assert len(catalogue.dataset_version()) == 12
